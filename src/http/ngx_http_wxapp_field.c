
#include "http/ngx_http_wxapp_field.h"


#define NGX_HTTP_WXAPP_ITEMS_MAX  10000


/* in the order of their names */

typedef enum {
    NGX_HTTP_WXAPP_RULE_REQUIRED = 0,
    NGX_HTTP_WXAPP_RULE_DEFAULT,
    NGX_HTTP_WXAPP_RULE_MIN,
    NGX_HTTP_WXAPP_RULE_MAX,
    NGX_HTTP_WXAPP_RULE_LENGTH,
    NGX_HTTP_WXAPP_RULE_ENUM,
    NGX_HTTP_WXAPP_RULE_REGEX,
    NGX_HTTP_WXAPP_RULE_EMAIL,
    NGX_HTTP_WXAPP_RULE_PHONE,
    NGX_HTTP_WXAPP_RULE_MIN_ITEMS,
    NGX_HTTP_WXAPP_RULE_MAX_ITEMS,
    NGX_HTTP_WXAPP_RULE_AS,
    NGX_HTTP_WXAPP_RULES
} ngx_http_wxapp_rule_e;


typedef struct {
    ngx_str_t                 name;
    ngx_uint_t                types;          /* bits, what it applies to */
    ngx_uint_t                value;          /* NAME=VALUE */
} ngx_http_wxapp_rule_t;


static char *ngx_http_wxapp_field_set(ngx_conf_t *cf,
    ngx_wxapp_field_t *field, ngx_http_wxapp_rule_e rule, ngx_str_t *value);
static char *ngx_http_wxapp_field_items(ngx_conf_t *cf, ngx_str_t *value,
    ngx_uint_t *n);
static char *ngx_http_wxapp_field_regex(ngx_conf_t *cf,
    ngx_wxapp_field_t *field, ngx_http_wxapp_rule_e rule, ngx_str_t *regex);
static char *ngx_http_wxapp_field_applies(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field);
static char *ngx_http_wxapp_field_default(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field);
static char *ngx_http_wxapp_field_words(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field);
static char *ngx_http_wxapp_field_invalid(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field, ngx_http_wxapp_rule_e rule, ngx_str_t *value,
    ngx_int_t rc, ngx_wxapp_fault_t *fault);


#define ngx_http_wxapp_of(type)  (1 << NGX_WXAPP_FIELD_##type)

#define NGX_HTTP_WXAPP_OF_ALL      0xffff
#define NGX_HTTP_WXAPP_OF_LISTS    0x10000
#define NGX_HTTP_WXAPP_OF_NUMBERS                                             \
    (ngx_http_wxapp_of(INT)|ngx_http_wxapp_of(BIGINT)                         \
     |ngx_http_wxapp_of(DECIMAL))
#define NGX_HTTP_WXAPP_OF_STRINGS                                             \
    (ngx_http_wxapp_of(STRING)|ngx_http_wxapp_of(TEXT))


static ngx_http_wxapp_rule_t  ngx_http_wxapp_rules[] = {

    { ngx_string("required"), NGX_HTTP_WXAPP_OF_ALL, 0 },
    { ngx_string("default"), NGX_HTTP_WXAPP_OF_ALL, 1 },

      /* the types of bounds are looked at with the bounds */

    { ngx_string("min"), NGX_HTTP_WXAPP_OF_ALL, 1 },
    { ngx_string("max"), NGX_HTTP_WXAPP_OF_ALL, 1 },

    { ngx_string("length"),
      NGX_HTTP_WXAPP_OF_STRINGS|ngx_http_wxapp_of(BINARY), 1 },
    { ngx_string("enum"),
      NGX_HTTP_WXAPP_OF_STRINGS|NGX_HTTP_WXAPP_OF_NUMBERS, 1 },
    { ngx_string("regex"), NGX_HTTP_WXAPP_OF_STRINGS, 1 },
    { ngx_string("email"), NGX_HTTP_WXAPP_OF_STRINGS, 0 },
    { ngx_string("phone"), NGX_HTTP_WXAPP_OF_STRINGS, 0 },
    { ngx_string("min_items"), NGX_HTTP_WXAPP_OF_LISTS, 1 },
    { ngx_string("max_items"), NGX_HTTP_WXAPP_OF_LISTS, 1 },
    { ngx_string("as"), NGX_HTTP_WXAPP_OF_NUMBERS, 1 }
};


static ngx_wxapp_pattern_t  ngx_http_wxapp_patterns[] = {

    { ngx_string("regex"), NULL, "must match the pattern" },

    { ngx_string("email"),
      "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,255}\\z)"
      "(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+"
      "[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]\\z",
      "must be an e-mail address" },

    { ngx_string("phone"), "^1[3-9][0-9]{9}\\z",
      "must be a mobile number of mainland China" }
};


char *
ngx_http_wxapp_field_name(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char  *p, *last;

    last = name->data + name->len;

    for (p = name->data; p < last; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_'))
        {
            break;
        }
    }

    if (p == last && name->len && name->len <= 64) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid name \"%V\": letters, digits and "
                       "underscores, 64 at most", name);
    return NGX_CONF_ERROR;
}


char *
ngx_http_wxapp_field_type(ngx_conf_t *cf, ngx_wxapp_field_t *field,
    ngx_str_t *word)
{
    ngx_int_t  type;
    ngx_str_t  name;

    name = *word;

    if (name.len > 2 && ngx_strcmp(name.data + name.len - 2, "[]") == 0) {
        name.len -= 2;

        field->list = 1;
        field->max_items = NGX_HTTP_WXAPP_ITEMS;
    }

    type = ngx_wxapp_field_type(&name);

    if (type == NGX_ERROR) {
        return ngx_http_wxapp_conf_unknown(cf, "type", &name,
                                           ngx_wxapp_field_types,
                                           NGX_WXAPP_FIELD_TYPES,
                                           sizeof(ngx_str_t));
    }

    if (field->list && type == NGX_WXAPP_FIELD_JSON) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "there is no type \"%V\", \"json\" takes arrays",
                           word);
        return NGX_CONF_ERROR;
    }

    field->type = type;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_wxapp_field_rule(ngx_conf_t *cf, ngx_wxapp_field_t *field,
    ngx_str_t *word)
{
    ngx_str_t               name, value;
    ngx_uint_t              i;
    ngx_http_wxapp_rule_t  *rule;

    name = *word;
    value.data = ngx_strlchr(word->data, word->data + word->len, '=');

    if (value.data) {
        name.len = value.data - name.data;
        value.data++;
        value.len = word->len - name.len - 1;
    }

    rule = ngx_http_wxapp_rules;

    for (i = 0; i < NGX_HTTP_WXAPP_RULES; i++) {
        if (rule[i].name.len == name.len
            && ngx_strncmp(rule[i].name.data, name.data, name.len) == 0)
        {
            break;
        }
    }

    if (i == NGX_HTTP_WXAPP_RULES) {
        return NGX_DECLINED;
    }

    if (rule[i].value != (value.data != NULL)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           rule[i].value ? "\"%V\" needs a value: \"%V=\""
                                         : "\"%V\" takes no value",
                           &name, &name);
        return NGX_ERROR;
    }

    if (field->rules & ((ngx_uint_t) 1 << i)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\"", &name);
        return NGX_ERROR;
    }

    field->rules |= (ngx_uint_t) 1 << i;

    if (value.data && value.len == 0 && i != NGX_HTTP_WXAPP_RULE_DEFAULT) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value in \"%V\"",
                           word);
        return NGX_ERROR;
    }

    return (ngx_http_wxapp_field_set(cf, field, i, &value) == NGX_CONF_OK)
           ? NGX_OK : NGX_ERROR;
}


static char *
ngx_http_wxapp_field_set(ngx_conf_t *cf, ngx_wxapp_field_t *field,
    ngx_http_wxapp_rule_e rule, ngx_str_t *value)
{
    switch (rule) {

    case NGX_HTTP_WXAPP_RULE_REQUIRED:
        field->required = 1;
        break;

    case NGX_HTTP_WXAPP_RULE_DEFAULT:

        /* as it is written: the type may tell only later what it is */

        field->has_default = 1;
        field->value.text = *value;
        break;

    case NGX_HTTP_WXAPP_RULE_LENGTH:
        if (field->min.len || field->max.len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"length\" and \"min\" or \"max\" exclude "
                               "each other");
            return NGX_CONF_ERROR;
        }

        field->length = 1;
        field->min = *value;
        field->max = *value;
        break;

    case NGX_HTTP_WXAPP_RULE_MIN:
    case NGX_HTTP_WXAPP_RULE_MAX:
        if (field->length) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"length\" and \"min\" or \"max\" exclude "
                               "each other");
            return NGX_CONF_ERROR;
        }

        if (rule == NGX_HTTP_WXAPP_RULE_MIN) {
            field->min = *value;

        } else {
            field->max = *value;
        }

        break;

    case NGX_HTTP_WXAPP_RULE_ENUM:
        field->words = ngx_http_wxapp_conf_words(cf, value);
        return field->words ? NGX_CONF_OK : NGX_CONF_ERROR;

    case NGX_HTTP_WXAPP_RULE_REGEX:
    case NGX_HTTP_WXAPP_RULE_EMAIL:
    case NGX_HTTP_WXAPP_RULE_PHONE:
        return ngx_http_wxapp_field_regex(cf, field, rule, value);

    case NGX_HTTP_WXAPP_RULE_MIN_ITEMS:
        return ngx_http_wxapp_field_items(cf, value, &field->min_items);

    case NGX_HTTP_WXAPP_RULE_MAX_ITEMS:
        return ngx_http_wxapp_field_items(cf, value, &field->max_items);

    default: /* NGX_HTTP_WXAPP_RULE_AS */

        if (value->len != 6 || ngx_strncmp(value->data, "string", 6) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value in \"as=%V\", it must be "
                               "\"string\"", value);
            return NGX_CONF_ERROR;
        }

        field->as_string = 1;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_field_items(ngx_conf_t *cf, ngx_str_t *value, ngx_uint_t *n)
{
    ngx_int_t  items;

    items = ngx_atoi(value->data, value->len);

    if (items < 1 || items > NGX_HTTP_WXAPP_ITEMS_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of items \"%V\", it must be "
                           "between 1 and %d", value,
                           NGX_HTTP_WXAPP_ITEMS_MAX);
        return NGX_CONF_ERROR;
    }

    *n = items;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_field_regex(ngx_conf_t *cf, ngx_wxapp_field_t *field,
    ngx_http_wxapp_rule_e rule, ngx_str_t *regex)
{
#if (NGX_PCRE)

    u_char               *p, *last;
    ngx_uint_t            escaped;
    ngx_wxapp_pattern_t  *pattern;
    ngx_regex_compile_t   rc;
    u_char                errstr[NGX_MAX_CONF_ERRSTR];

    if (field->pattern) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" and \"%V\" exclude each other",
                           &field->pattern->rule,
                           &ngx_http_wxapp_rules[rule].name);
        return NGX_CONF_ERROR;
    }

    pattern = &ngx_http_wxapp_patterns[rule - NGX_HTTP_WXAPP_RULE_REGEX];

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    if (pattern->regex) {
        rc.pattern.data = (u_char *) pattern->regex;
        rc.pattern.len = ngx_strlen(pattern->regex);

    } else {

        /* strings are UTF-8, so a dot is a character */

        p = ngx_pnalloc(cf->pool, sizeof("(*UTF)\\z") + regex->len);
        if (p == NULL) {
            return NGX_CONF_ERROR;
        }

        rc.pattern.data = p;

        p = ngx_cpymem(p, "(*UTF)", sizeof("(*UTF)") - 1);
        p = ngx_cpymem(p, regex->data, regex->len);

        /* a last "$" would let a line end pass: here it means the end */

        last = p - 1;

        for (escaped = 0; last[-1 - (ngx_int_t) escaped] == '\\'; ) {
            escaped++;
        }

        if (*last == '$' && escaped % 2 == 0) {
            p = ngx_cpymem(last, "\\z", 2);
        }

        *p = '\0';

        rc.pattern.len = p - rc.pattern.data;
    }

    rc.pool = cf->pool;
    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (ngx_regex_compile(&rc) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &rc.err);
        return NGX_CONF_ERROR;
    }

    field->pattern = pattern;
    field->regex = rc.regex;

    return NGX_CONF_OK;

#else

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" requires PCRE library",
                       &ngx_http_wxapp_rules[rule].name);
    return NGX_CONF_ERROR;

#endif
}


char *
ngx_http_wxapp_field_unknown(ngx_conf_t *cf, ngx_str_t *word, ngx_str_t *own)
{
    u_char      *p;
    ngx_str_t    names[NGX_HTTP_WXAPP_RULES + 8], name;
    ngx_uint_t   n;

    name = *word;
    p = ngx_strlchr(name.data, name.data + name.len, '=');

    if (p) {
        name.len = p - name.data;
    }

    for (n = 0; n < NGX_HTTP_WXAPP_RULES; n++) {
        names[n] = ngx_http_wxapp_rules[n].name;
    }

    while (own && own->len && n < NGX_HTTP_WXAPP_RULES + 8) {
        names[n++] = *own++;
    }

    return ngx_http_wxapp_conf_unknown(cf, "parameter", &name, names, n,
                                       sizeof(ngx_str_t));
}


char *
ngx_http_wxapp_field_complete(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field)
{
    char  *rv;

    switch (ngx_wxapp_field_bounds(field)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s \"%V\" has min=%V above max=%V", kind,
                           &field->name, &field->min, &field->max);
        return NGX_CONF_ERROR;

    default:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid bound of %s \"%V\" for type \"%V\"", kind,
                           &field->name, &ngx_wxapp_field_types[field->type]);
        return NGX_CONF_ERROR;
    }

    if (field->list && field->min_items > field->max_items) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s \"%V\" has min_items=%ui above max_items=%ui",
                           kind, &field->name, field->min_items,
                           field->max_items);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_field_applies(cf, kind, field);

    if (rv == NGX_CONF_OK && field->words) {
        rv = ngx_http_wxapp_field_words(cf, kind, field);
    }

    if (rv == NGX_CONF_OK && field->has_default) {
        rv = ngx_http_wxapp_field_default(cf, kind, field);
    }

    return rv;
}


static char *
ngx_http_wxapp_field_applies(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field)
{
    ngx_uint_t              i, types;
    ngx_http_wxapp_rule_t  *rule;

    rule = ngx_http_wxapp_rules;

    types = (ngx_uint_t) 1 << field->type;

    if (field->list) {
        types |= NGX_HTTP_WXAPP_OF_LISTS;
    }

    for (i = 0; i < NGX_HTTP_WXAPP_RULES; i++) {

        if ((field->rules & ((ngx_uint_t) 1 << i))
            && (rule[i].types & types) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of %s \"%V\" does not apply to type "
                               "\"%V%s\"", &rule[i].name, kind, &field->name,
                               &ngx_wxapp_field_types[field->type],
                               field->list ? "[]" : "");
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* each of the words is a value that the other rules take */

static char *
ngx_http_wxapp_field_words(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field)
{
    ngx_int_t           rc;
    ngx_str_t          *word;
    ngx_uint_t          i;
    ngx_wxapp_fault_t   fault;
    ngx_wxapp_value_t   value;

    word = field->words->elts;

    for (i = 0; i < field->words->nelts; i++) {
        rc = ngx_wxapp_field_text(field, cf->pool, &word[i], &value, &fault);

        if (rc != NGX_OK) {
            return ngx_http_wxapp_field_invalid(cf, kind, field,
                                                NGX_HTTP_WXAPP_RULE_ENUM,
                                                &word[i], rc, &fault);
        }
    }

    return NGX_CONF_OK;
}


/* of a list it is a JSON array */

static char *
ngx_http_wxapp_field_default(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field)
{
    ngx_int_t               rc;
    ngx_str_t               text;
    const char             *error;
    ngx_wxapp_fault_t       fault;
    ngx_wxapp_value_t       value;
    ngx_wxapp_json_node_t  *node;

    if (field->required) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s \"%V\" is \"required\" and has a \"default\"",
                           kind, &field->name);
        return NGX_CONF_ERROR;
    }

    text = field->value.text;

    ngx_memzero(&value, sizeof(ngx_wxapp_value_t));

    if (field->list) {
        rc = ngx_wxapp_json_parse(cf->pool, &text, &node, &error);

        if (rc == NGX_OK) {
            rc = ngx_wxapp_field_json(field, cf->pool, node, &value, &fault);

        } else if (rc == NGX_DECLINED) {
            ngx_str_set(&fault.message, "must be an array in JSON");
        }

    } else {
        rc = ngx_wxapp_field_text(field, cf->pool, &text, &value, &fault);
    }

    if (rc != NGX_OK) {
        return ngx_http_wxapp_field_invalid(cf, kind, field,
                                            NGX_HTTP_WXAPP_RULE_DEFAULT,
                                            &text, rc, &fault);
    }

    field->value = value;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_field_invalid(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field, ngx_http_wxapp_rule_e rule, ngx_str_t *value,
    ngx_int_t rc, ngx_wxapp_fault_t *fault)
{
    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\" of %s \"%V\": \"%V\" %V",
                           &ngx_http_wxapp_rules[rule].name, kind,
                           &field->name, value, &fault->message);
    }

    return NGX_CONF_ERROR;
}
