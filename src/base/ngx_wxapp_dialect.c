
#include "base/ngx_wxapp_dialect.h"


typedef struct ngx_wxapp_dialect_arg_s  ngx_wxapp_dialect_arg_t;

typedef struct {
    ngx_wxapp_dialect_t        *dialect;
    ngx_pool_t                 *pool;
    u_char                     *free;     /* for arguments yet to decode */
    u_char                     *pos;      /* of what is read, decoded */
    u_char                     *last;
    const char                 *code;     /* of its faults */
    ngx_wxapp_dialect_arg_t    *arg;
    ngx_wxapp_filter_t        **next;     /* where the next filter goes */
    ngx_uint_t                  nselected;
    ngx_uint_t                  seen;     /* bits of reserved names */
} ngx_wxapp_dialect_parser_t;


struct ngx_wxapp_dialect_arg_s {
    ngx_str_t                   name;
    ngx_int_t                 (*parse)(ngx_wxapp_dialect_parser_t *p);
    size_t                      offset;   /* of a number or text */
};


typedef struct {
    ngx_str_t                   name;
    ngx_wxapp_filter_op_e       op;
} ngx_wxapp_dialect_op_t;


static ngx_int_t ngx_wxapp_dialect_argument(ngx_wxapp_dialect_parser_t *p,
    u_char *src, u_char *last);
static ngx_int_t ngx_wxapp_dialect_decode(ngx_wxapp_dialect_parser_t *p,
    u_char *src, u_char *last, ngx_str_t *s);
static ngx_int_t ngx_wxapp_dialect_filter(ngx_wxapp_dialect_parser_t *p,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_wxapp_dialect_logic(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_condition(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t **filter, ngx_uint_t depth);
static ngx_int_t ngx_wxapp_dialect_group(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *group, ngx_str_t *name, ngx_uint_t depth);
static ngx_int_t ngx_wxapp_dialect_compare(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *filter, ngx_uint_t nested);
static ngx_int_t ngx_wxapp_dialect_is(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *filter);
static ngx_int_t ngx_wxapp_dialect_in(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *filter);
static ngx_int_t ngx_wxapp_dialect_value(ngx_wxapp_dialect_parser_t *p,
    ngx_str_t *value);
static ngx_int_t ngx_wxapp_dialect_select(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_items(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_select_t **first, ngx_uint_t nested);
static ngx_int_t ngx_wxapp_dialect_item(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_select_t *item, ngx_uint_t nested);
static ngx_int_t ngx_wxapp_dialect_order(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_columns(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_conflict(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_names(ngx_wxapp_dialect_parser_t *p,
    ngx_str_t **names, ngx_uint_t *n);
static ngx_int_t ngx_wxapp_dialect_push(ngx_wxapp_dialect_parser_t *p,
    ngx_array_t *array);
static ngx_int_t ngx_wxapp_dialect_number(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_text(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_name(ngx_wxapp_dialect_parser_t *p,
    ngx_str_t *name);
static u_char *ngx_wxapp_dialect_quote(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_unquote(ngx_wxapp_dialect_parser_t *p,
    u_char *end, ngx_str_t *s);
static u_char ngx_wxapp_dialect_peek(ngx_wxapp_dialect_parser_t *p);
static ngx_uint_t ngx_wxapp_dialect_word(ngx_wxapp_dialect_parser_t *p,
    const char *word, size_t len);
static ngx_uint_t ngx_wxapp_dialect_same(ngx_str_t *a, ngx_str_t *b);
static ngx_int_t ngx_wxapp_dialect_unexpected(ngx_wxapp_dialect_parser_t *p);
static ngx_int_t ngx_wxapp_dialect_fault(ngx_wxapp_dialect_parser_t *p,
    const char *message);


static ngx_wxapp_dialect_arg_t  ngx_wxapp_dialect_args[] = {
    { ngx_string("select"), ngx_wxapp_dialect_select, 0 },
    { ngx_string("order"), ngx_wxapp_dialect_order, 0 },
    { ngx_string("limit"), ngx_wxapp_dialect_number,
      offsetof(ngx_wxapp_dialect_t, limit) },
    { ngx_string("offset"), ngx_wxapp_dialect_number,
      offsetof(ngx_wxapp_dialect_t, offset) },
    { ngx_string("page"), ngx_wxapp_dialect_number,
      offsetof(ngx_wxapp_dialect_t, page) },
    { ngx_string("after"), ngx_wxapp_dialect_text,
      offsetof(ngx_wxapp_dialect_t, after) },
    { ngx_string("search"), ngx_wxapp_dialect_text,
      offsetof(ngx_wxapp_dialect_t, search) },
    { ngx_string("deleted"), ngx_wxapp_dialect_text,
      offsetof(ngx_wxapp_dialect_t, deleted) },
    { ngx_string("columns"), ngx_wxapp_dialect_columns, 0 },
    { ngx_string("on_conflict"), ngx_wxapp_dialect_conflict, 0 },
    { ngx_string("and"), ngx_wxapp_dialect_logic, 0 },
    { ngx_string("or"), ngx_wxapp_dialect_logic, 0 },
    { ngx_string("not.and"), ngx_wxapp_dialect_logic, 0 },
    { ngx_string("not.or"), ngx_wxapp_dialect_logic, 0 },
    { ngx_null_string, NULL, 0 }
};


static ngx_wxapp_dialect_op_t  ngx_wxapp_dialect_ops[] = {
    { ngx_string("eq"), NGX_WXAPP_FILTER_EQ },
    { ngx_string("neq"), NGX_WXAPP_FILTER_NEQ },
    { ngx_string("gt"), NGX_WXAPP_FILTER_GT },
    { ngx_string("gte"), NGX_WXAPP_FILTER_GTE },
    { ngx_string("lt"), NGX_WXAPP_FILTER_LT },
    { ngx_string("lte"), NGX_WXAPP_FILTER_LTE },
    { ngx_string("like"), NGX_WXAPP_FILTER_LIKE },
    { ngx_string("ilike"), NGX_WXAPP_FILTER_ILIKE },
    { ngx_string("in"), NGX_WXAPP_FILTER_IN },
    { ngx_string("is"), NGX_WXAPP_FILTER_IS_NULL },
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_wxapp_dialect_parse(ngx_wxapp_dialect_t *dialect, ngx_pool_t *pool,
    ngx_str_t *args)
{
    u_char                      *src, *last, *end;
    ngx_int_t                    rc;
    ngx_wxapp_filter_t          *filters;
    ngx_wxapp_dialect_parser_t   p;

    ngx_memzero(dialect, sizeof(ngx_wxapp_dialect_t));

    dialect->limit = -1;
    dialect->offset = -1;
    dialect->page = -1;

    if (args->len == 0) {
        return NGX_OK;
    }

    ngx_memzero(&p, sizeof(ngx_wxapp_dialect_parser_t));

    filters = NULL;

    p.dialect = dialect;
    p.pool = pool;
    p.next = &filters;

    /* decoding makes nothing longer */

    p.free = ngx_pnalloc(pool, args->len);
    if (p.free == NULL) {
        return NGX_ERROR;
    }

    src = args->data;
    last = src + args->len;

    while (src < last) {

        if (*src == '&') {
            src++;
            continue;
        }

        end = ngx_strlchr(src, last, '&');

        if (end == NULL) {
            end = last;
        }

        rc = ngx_wxapp_dialect_argument(&p, src, end);

        if (rc != NGX_OK) {
            return rc;
        }

        src = end;
    }

    if (dialect->page != -1 && dialect->offset != -1) {
        p.code = "invalid_parameter";
        ngx_str_set(&dialect->name, "page");

        return ngx_wxapp_dialect_fault(&p, "page and offset exclude each "
                                           "other");
    }

    ngx_str_null(&dialect->name);

    if (filters) {
        dialect->filter = ngx_pcalloc(pool, sizeof(ngx_wxapp_filter_t));
        if (dialect->filter == NULL) {
            return NGX_ERROR;
        }

        dialect->filter->op = NGX_WXAPP_FILTER_AND;
        dialect->filter->first = filters;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_argument(ngx_wxapp_dialect_parser_t *p, u_char *src,
    u_char *last)
{
    u_char                   *end;
    ngx_str_t                 name, value;
    ngx_uint_t                bit;
    ngx_wxapp_dialect_arg_t  *arg;

    p->code = "invalid_parameter";

    end = ngx_strlchr(src, last, '=');

    p->dialect->name.data = src;
    p->dialect->name.len = (end ? end : last) - src;

    if (end == NULL || end == src) {
        return ngx_wxapp_dialect_fault(p, "must be NAME=VALUE");
    }

    if (ngx_wxapp_dialect_decode(p, src, end, &name) != NGX_OK) {
        return ngx_wxapp_dialect_fault(p, "the name is not percent-encoded "
                                          "UTF-8");
    }

    p->dialect->name = name;

    if (ngx_wxapp_dialect_decode(p, end + 1, last, &value) != NGX_OK) {
        return ngx_wxapp_dialect_fault(p, "the value is not percent-encoded "
                                          "UTF-8");
    }

    for (arg = ngx_wxapp_dialect_args; arg->parse; arg++) {
        if (ngx_wxapp_dialect_same(&arg->name, &name)) {
            break;
        }
    }

    if (arg->parse == NULL) {
        return ngx_wxapp_dialect_filter(p, &name, &value);
    }

    bit = 1 << (arg - ngx_wxapp_dialect_args);

    if ((p->seen & bit) && arg->parse != ngx_wxapp_dialect_logic) {
        p->code = "duplicate_parameter";
        return ngx_wxapp_dialect_fault(p, "is given more than once");
    }

    p->seen |= bit;
    p->arg = arg;
    p->pos = value.data;
    p->last = value.data + value.len;

    return arg->parse(p);
}


static ngx_int_t
ngx_wxapp_dialect_decode(ngx_wxapp_dialect_parser_t *p, u_char *src,
    u_char *last, ngx_str_t *s)
{
    u_char     *dst;
    ngx_int_t   c;

    dst = p->free;
    s->data = dst;

    while (src < last) {
        c = *src++;

        if (c == '+') {
            c = ' ';

        } else if (c == '%') {
            c = (last - src < 2) ? NGX_ERROR : ngx_hextoi(src, 2);

            if (c == NGX_ERROR) {
                return NGX_ERROR;
            }

            src += 2;
        }

        *dst++ = (u_char) c;
    }

    s->len = dst - s->data;
    p->free = dst;

    return ngx_wxapp_utf8(s->data, s->len, NULL);
}


static ngx_int_t
ngx_wxapp_dialect_filter(ngx_wxapp_dialect_parser_t *p, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_int_t            rc;
    ngx_wxapp_filter_t  *filter;

    filter = ngx_pcalloc(p->pool, sizeof(ngx_wxapp_filter_t));
    if (filter == NULL) {
        return NGX_ERROR;
    }

    p->pos = name->data;
    p->last = name->data + name->len;

    rc = ngx_wxapp_dialect_name(p, &filter->column);

    if (rc != NGX_OK) {
        return rc;
    }

    switch (ngx_wxapp_dialect_peek(p)) {

    case '\0':
        break;

    case '.':
        return ngx_wxapp_dialect_fault(p, "arguments for a relation are not "
                                          "served");

    default:
        return ngx_wxapp_dialect_unexpected(p);
    }

    p->code = "invalid_filter";
    p->pos = value->data;
    p->last = value->data + value->len;

    rc = ngx_wxapp_dialect_compare(p, filter, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    if (p->pos != p->last) {
        return ngx_wxapp_dialect_fault(p, "has more behind the value");
    }

    *p->next = filter;
    p->next = &filter->next;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_logic(ngx_wxapp_dialect_parser_t *p)
{
    ngx_int_t            rc;
    ngx_wxapp_filter_t  *filter;

    p->code = "invalid_filter";

    if (ngx_wxapp_dialect_peek(p) != '(') {
        return ngx_wxapp_dialect_fault(p, "must be a list in parentheses");
    }

    /* the name stands right before its value: a condition as nested ones */

    p->pos = p->dialect->name.data;

    rc = ngx_wxapp_dialect_condition(p, &filter, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_wxapp_dialect_peek(p)) {
        return ngx_wxapp_dialect_fault(p, "has more behind the last "
                                          "parenthesis");
    }

    *p->next = filter;
    p->next = &filter->next;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_condition(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t **result, ngx_uint_t depth)
{
    u_char              *start;
    ngx_int_t            rc;
    ngx_str_t            name;
    ngx_wxapp_filter_t  *filter;

    filter = ngx_pcalloc(p->pool, sizeof(ngx_wxapp_filter_t));
    if (filter == NULL) {
        return NGX_ERROR;
    }

    *result = filter;

    ngx_wxapp_dialect_peek(p);

    start = p->pos;
    filter->negate = ngx_wxapp_dialect_word(p, "not.", 4);

    rc = ngx_wxapp_dialect_name(p, &name);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_wxapp_dialect_peek(p) == '(') {
        return ngx_wxapp_dialect_group(p, filter, &name, depth);
    }

    if (filter->negate) {

        /* a column of that name */

        filter->negate = 0;

        ngx_str_set(&name, "not");
        p->pos = start + 3;
    }

    if (ngx_wxapp_dialect_peek(p) != '.') {
        return ngx_wxapp_dialect_unexpected(p);
    }

    p->pos++;
    filter->column = name;

    return ngx_wxapp_dialect_compare(p, filter, 1);
}


static ngx_int_t
ngx_wxapp_dialect_group(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *group, ngx_str_t *name, ngx_uint_t depth)
{
    u_char                c;
    ngx_int_t             rc;
    ngx_wxapp_filter_t  **next;

    static ngx_str_t  and = ngx_string("and");
    static ngx_str_t  or = ngx_string("or");

    if (ngx_wxapp_dialect_same(name, &and)) {
        group->op = NGX_WXAPP_FILTER_AND;

    } else if (ngx_wxapp_dialect_same(name, &or)) {
        group->op = NGX_WXAPP_FILTER_OR;

    } else {
        return ngx_wxapp_dialect_fault(p, "only and, or, not.and and not.or "
                                          "take a list of filters");
    }

    if (depth == NGX_WXAPP_DIALECT_DEPTH) {
        return ngx_wxapp_dialect_fault(p, "at most "
                              ngx_value(NGX_WXAPP_DIALECT_DEPTH)
                              " levels of and() and or() are served");
    }

    next = &group->first;

    do {
        /* the parenthesis or a comma */

        p->pos++;

        rc = ngx_wxapp_dialect_condition(p, next, depth + 1);

        if (rc != NGX_OK) {
            return rc;
        }

        next = &(*next)->next;
        c = ngx_wxapp_dialect_peek(p);

    } while (c == ',');

    if (c != ')') {
        return ngx_wxapp_dialect_unexpected(p);
    }

    p->pos++;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_compare(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *filter, ngx_uint_t nested)
{
    u_char                   c, *s;
    ngx_int_t                rc;
    ngx_str_t                word, *value;
    ngx_wxapp_dialect_op_t  *op;

    if (p->dialect->nfilters == NGX_WXAPP_DIALECT_FILTERS) {
        return ngx_wxapp_dialect_fault(p, "at most "
                              ngx_value(NGX_WXAPP_DIALECT_FILTERS)
                              " filters in a request are served");
    }

    p->dialect->nfilters++;

    filter->negate = ngx_wxapp_dialect_word(p, "not.", 4);

    word.data = p->pos;

    while (p->pos < p->last && *p->pos >= 'a' && *p->pos <= 'z') {
        p->pos++;
    }

    word.len = p->pos - word.data;

    for (op = ngx_wxapp_dialect_ops; op->name.len; op++) {
        if (ngx_wxapp_dialect_same(&op->name, &word)) {
            break;
        }
    }

    c = (p->pos < p->last) ? *p->pos : '\0';

    if (word.len == 0 || (c != '.' && c != '(')) {
        return ngx_wxapp_dialect_fault(p, "must be OPERATOR.VALUE or "
                                          "not.OPERATOR.VALUE");
    }

    if (op->name.len == 0) {
        return ngx_wxapp_dialect_fault(p, "the operator is not served, only "
                              "eq, neq, gt, gte, lt, lte, like, ilike, in "
                              "and is");
    }

    if (c == '(') {
        return ngx_wxapp_dialect_fault(p, "the modifiers (any) and (all) are "
                                          "not served");
    }

    p->pos++;
    filter->op = op->op;

    if (op->op == NGX_WXAPP_FILTER_IS_NULL) {
        return ngx_wxapp_dialect_is(p, filter);
    }

    if (op->op == NGX_WXAPP_FILTER_IN) {
        return ngx_wxapp_dialect_in(p, filter);
    }

    value = ngx_palloc(p->pool, sizeof(ngx_str_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    if (nested) {
        rc = ngx_wxapp_dialect_value(p, value);

        if (rc != NGX_OK) {
            return rc;
        }

    } else {
        value->data = p->pos;
        value->len = p->last - p->pos;
        p->pos = p->last;
    }

    filter->values = value;
    filter->nvalues = 1;

    if (op->op == NGX_WXAPP_FILTER_LIKE || op->op == NGX_WXAPP_FILTER_ILIKE) {

        /* "%" would have to be escaped in a URL */

        for (s = value->data; s < value->data + value->len; s++) {
            if (*s == '*') {
                *s = '%';
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_is(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *filter)
{
    ngx_str_t  word;

    word.data = p->pos;

    while (p->pos < p->last && *p->pos != ',' && *p->pos != ')') {
        p->pos++;
    }

    word.len = p->pos - word.data;

    while (word.len && word.data[word.len - 1] == ' ') {
        word.len--;
    }

#define is(s)                                                                 \
    (word.len == sizeof(s) - 1                                                \
     && ngx_strncasecmp(word.data, (u_char *) s, sizeof(s) - 1) == 0)

    if (is("null")) {
        return NGX_OK;
    }

    if (is("not_null")) {
        filter->negate = !filter->negate;
        return NGX_OK;
    }

    if (is("true")) {
        filter->op = NGX_WXAPP_FILTER_IS_TRUE;
        return NGX_OK;
    }

    if (is("false")) {
        filter->op = NGX_WXAPP_FILTER_IS_FALSE;
        return NGX_OK;
    }

#undef is

    return ngx_wxapp_dialect_fault(p, "only is.null, is.not_null, is.true and "
                                      "is.false are served");
}


static ngx_int_t
ngx_wxapp_dialect_in(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_filter_t *filter)
{
    ngx_int_t     rc;
    ngx_str_t    *value;
    ngx_array_t   values;

    if (ngx_wxapp_dialect_peek(p) != '(') {
        return ngx_wxapp_dialect_fault(p, "in. takes a list like (1,2,3)");
    }

    p->pos++;

    if (ngx_wxapp_dialect_peek(p) == ')') {
        p->pos++;
        return NGX_OK;
    }

    if (ngx_array_init(&values, p->pool, 8, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    for ( ;; ) {

        if (values.nelts == NGX_WXAPP_DIALECT_VALUES) {
            return ngx_wxapp_dialect_fault(p, "at most "
                              ngx_value(NGX_WXAPP_DIALECT_VALUES)
                              " values in in.() are served");
        }

        value = ngx_array_push(&values);
        if (value == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_wxapp_dialect_value(p, value);

        if (rc != NGX_OK) {
            return rc;
        }

        if (p->pos == p->last) {
            return ngx_wxapp_dialect_unexpected(p);
        }

        if (*p->pos++ == ')') {
            break;
        }
    }

    /* spaces behind the list */

    ngx_wxapp_dialect_peek(p);

    filter->values = values.elts;
    filter->nvalues = values.nelts;

    return NGX_OK;
}


/* up to a comma, a parenthesis or the end */

static ngx_int_t
ngx_wxapp_dialect_value(ngx_wxapp_dialect_parser_t *p, ngx_str_t *value)
{
    u_char  *end;

    end = ngx_wxapp_dialect_quote(p);

    /* as in PostgREST, quotes that do not enclose all are characters */

    if (end && (end + 1 == p->last || end[1] == ',' || end[1] == ')')) {
        return ngx_wxapp_dialect_unquote(p, end, value);
    }

    value->data = p->pos;

    while (p->pos < p->last && *p->pos != ',' && *p->pos != ')') {
        p->pos++;
    }

    value->len = p->pos - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_select(ngx_wxapp_dialect_parser_t *p)
{
    ngx_int_t  rc;

    p->code = "invalid_select";

    rc = ngx_wxapp_dialect_items(p, &p->dialect->select, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    return p->pos == p->last ? NGX_OK : ngx_wxapp_dialect_unexpected(p);
}


static ngx_int_t
ngx_wxapp_dialect_items(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_select_t **first, ngx_uint_t nested)
{
    ngx_int_t            rc;
    ngx_wxapp_select_t  *item, *other, **next;

    next = first;

    for ( ;; ) {

        if (p->nselected++ == NGX_WXAPP_DIALECT_COLUMNS) {
            return ngx_wxapp_dialect_fault(p, "at most "
                              ngx_value(NGX_WXAPP_DIALECT_COLUMNS)
                              " columns are served");
        }

        item = ngx_pcalloc(p->pool, sizeof(ngx_wxapp_select_t));
        if (item == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_wxapp_dialect_item(p, item, nested);

        if (rc != NGX_OK) {
            return rc;
        }

        for (other = *first; other; other = other->next) {
            if (ngx_wxapp_dialect_same(&other->alias, &item->alias)) {
                return ngx_wxapp_dialect_fault(p, "has two of one name, "
                                                  "rename one: ALIAS:NAME");
            }
        }

        *next = item;
        next = &item->next;

        if (ngx_wxapp_dialect_peek(p) != ',') {
            return NGX_OK;
        }

        p->pos++;
    }
}


static ngx_int_t
ngx_wxapp_dialect_item(ngx_wxapp_dialect_parser_t *p,
    ngx_wxapp_select_t *item, ngx_uint_t nested)
{
    ngx_int_t  rc;

    static ngx_str_t  count = ngx_string("count");

    switch (ngx_wxapp_dialect_peek(p)) {

    case '*':
        ngx_str_set(&item->name, "*");
        item->alias = item->name;
        p->pos++;

        return NGX_OK;

    case '.':
        return ngx_wxapp_dialect_fault(p, "spread relations (...) are not "
                                          "served");
    }

    rc = ngx_wxapp_dialect_name(p, &item->name);

    if (rc != NGX_OK) {
        return rc;
    }

    item->alias = item->name;

    if (ngx_wxapp_dialect_peek(p) == ':'
        && (p->last - p->pos < 2 || p->pos[1] != ':'))
    {
        p->pos++;

        rc = ngx_wxapp_dialect_name(p, &item->name);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    switch (ngx_wxapp_dialect_peek(p)) {

    case '.':
        return ngx_wxapp_dialect_fault(p, "aggregates are not served");

    case '(':
        break;

    default:
        return NGX_OK;
    }

    if (ngx_wxapp_dialect_same(&item->name, &count)) {
        return ngx_wxapp_dialect_fault(p, "aggregates are not served");
    }

    if (nested) {
        return ngx_wxapp_dialect_fault(p, "relations are served one level "
                                          "deep");
    }

    p->pos++;
    item->relation = 1;

    rc = ngx_wxapp_dialect_items(p, &item->first, 1);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_wxapp_dialect_peek(p) != ')') {
        return ngx_wxapp_dialect_unexpected(p);
    }

    p->pos++;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_order(ngx_wxapp_dialect_parser_t *p)
{
    u_char              c;
    ngx_int_t           rc;
    ngx_array_t         orders;
    ngx_wxapp_order_t  *order;

    if (ngx_array_init(&orders, p->pool, 2, sizeof(ngx_wxapp_order_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for ( ;; ) {

        if (orders.nelts == NGX_WXAPP_DIALECT_ORDERS) {
            return ngx_wxapp_dialect_fault(p, "at most "
                              ngx_value(NGX_WXAPP_DIALECT_ORDERS)
                              " columns to order by are served");
        }

        rc = ngx_wxapp_dialect_push(p, &orders);

        if (rc != NGX_OK) {
            return rc;
        }

        order = (ngx_wxapp_order_t *) orders.elts + orders.nelts - 1;

        order->desc = ngx_wxapp_dialect_word(p, ".desc", 5);

        if (!order->desc) {
            (void) ngx_wxapp_dialect_word(p, ".asc", 4);
        }

        order->nulls = NGX_WXAPP_NULLS_DEFAULT;

        if (ngx_wxapp_dialect_word(p, ".nullsfirst", 11)) {
            order->nulls = NGX_WXAPP_NULLS_FIRST;

        } else if (ngx_wxapp_dialect_word(p, ".nullslast", 10)) {
            order->nulls = NGX_WXAPP_NULLS_LAST;
        }

        c = ngx_wxapp_dialect_peek(p);

        if (c == '\0') {
            break;
        }

        if (c == '(') {
            return ngx_wxapp_dialect_fault(p, "ordering by columns of a "
                                              "relation is not served");
        }

        if (c == '-') {
            return ngx_wxapp_dialect_unexpected(p);
        }

        if (c != ',') {
            return ngx_wxapp_dialect_fault(p, "must be COLUMN[.asc|.desc]"
                                              "[.nullsfirst|.nullslast]");
        }

        p->pos++;
    }

    p->dialect->orders = orders.elts;
    p->dialect->norders = orders.nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_columns(ngx_wxapp_dialect_parser_t *p)
{
    return ngx_wxapp_dialect_names(p, &p->dialect->columns,
                                   &p->dialect->ncolumns);
}


static ngx_int_t
ngx_wxapp_dialect_conflict(ngx_wxapp_dialect_parser_t *p)
{
    return ngx_wxapp_dialect_names(p, &p->dialect->conflict,
                                   &p->dialect->nconflict);
}


static ngx_int_t
ngx_wxapp_dialect_names(ngx_wxapp_dialect_parser_t *p, ngx_str_t **names,
    ngx_uint_t *n)
{
    u_char       c;
    ngx_int_t    rc;
    ngx_array_t  array;

    if (ngx_array_init(&array, p->pool, 4, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    for ( ;; ) {

        if (array.nelts == NGX_WXAPP_DIALECT_COLUMNS) {
            return ngx_wxapp_dialect_fault(p, "at most "
                              ngx_value(NGX_WXAPP_DIALECT_COLUMNS)
                              " columns are served");
        }

        rc = ngx_wxapp_dialect_push(p, &array);

        if (rc != NGX_OK) {
            return rc;
        }

        c = ngx_wxapp_dialect_peek(p);

        if (c == '\0') {
            break;
        }

        if (c != ',') {
            return ngx_wxapp_dialect_unexpected(p);
        }

        p->pos++;
    }

    *names = array.elts;
    *n = array.nelts;

    return NGX_OK;
}


/* an element that begins with its name, which no other has */

static ngx_int_t
ngx_wxapp_dialect_push(ngx_wxapp_dialect_parser_t *p, ngx_array_t *array)
{
    u_char     *other;
    ngx_int_t   rc;
    ngx_str_t  *name;

    name = ngx_array_push(array);
    if (name == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_wxapp_dialect_name(p, name);

    if (rc != NGX_OK) {
        return rc;
    }

    for (other = array->elts; other != (u_char *) name; other += array->size) {
        if (ngx_wxapp_dialect_same((ngx_str_t *) other, name)) {
            return ngx_wxapp_dialect_fault(p, "names a column twice");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_number(ngx_wxapp_dialect_parser_t *p)
{
    ngx_int_t   n;
    ngx_uint_t  page;

    n = ngx_atoi(p->pos, p->last - p->pos);
    page = (p->arg->offset == offsetof(ngx_wxapp_dialect_t, page));

    if (n < (ngx_int_t) page || n > NGX_MAX_INT32_VALUE) {
        return ngx_wxapp_dialect_fault(p, page ? "must be a whole number "
                                                 "from 1 to 2147483647"
                                               : "must be a whole number "
                                                 "from 0 to 2147483647");
    }

    *(int64_t *) ((u_char *) p->dialect + p->arg->offset) = n;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_text(ngx_wxapp_dialect_parser_t *p)
{
    ngx_str_t  *s;

    if (p->pos == p->last) {
        return ngx_wxapp_dialect_fault(p, "must not be empty");
    }

    s = (ngx_str_t *) ((u_char *) p->dialect + p->arg->offset);

    s->data = p->pos;
    s->len = p->last - p->pos;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_dialect_name(ngx_wxapp_dialect_parser_t *p, ngx_str_t *name)
{
    u_char     c, *end;
    ngx_int_t  rc;

    c = ngx_wxapp_dialect_peek(p);

    if (c == '"') {
        end = ngx_wxapp_dialect_quote(p);

        if (end == NULL) {
            return ngx_wxapp_dialect_fault(p, "a quote is not closed");
        }

        rc = ngx_wxapp_dialect_unquote(p, end, name);

        if (rc != NGX_OK) {
            return rc;
        }

    } else {
        name->data = p->pos;

        while (p->pos < p->last) {
            c = *p->pos;

            if (!((c >= 'a' && c <= 'z') || c == '_'
                  || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                  || c >= 0x80 || c == ' ' || c == '$'
                  || (c == '-' && (p->last - p->pos < 2
                                   || p->pos[1] != '>'))))
            {
                break;
            }

            p->pos++;
        }

        name->len = p->pos - name->data;

        while (name->len && name->data[name->len - 1] == ' ') {
            name->len--;
        }
    }

    /* a quoted asterisk must not become all columns */

    if (name->len == 0 || (name->len == 1 && name->data[0] == '*')) {
        return ngx_wxapp_dialect_fault(p, "a name is missing");
    }

    return NGX_OK;
}


/* the closing quote, if a quoted text begins here */

static u_char *
ngx_wxapp_dialect_quote(ngx_wxapp_dialect_parser_t *p)
{
    u_char  *s;

    if (p->pos == p->last || *p->pos != '"') {
        return NULL;
    }

    for (s = p->pos + 1; s < p->last; s++) {

        if (*s == '"') {
            return s;
        }

        if (*s == '\\' && s + 1 < p->last) {
            s++;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_wxapp_dialect_unquote(ngx_wxapp_dialect_parser_t *p, u_char *end,
    ngx_str_t *s)
{
    u_char  *src, *dst;

    src = p->pos + 1;
    p->pos = end + 1;

    s->data = src;
    s->len = end - src;

    if (ngx_strlchr(src, end, '\\') == NULL) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(p->pool, s->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    s->data = dst;

    while (src < end) {
        if (*src == '\\') {
            src++;
        }

        *dst++ = *src++;
    }

    s->len = dst - s->data;

    return NGX_OK;
}


/* what follows the spaces here, zero at the end */

static u_char
ngx_wxapp_dialect_peek(ngx_wxapp_dialect_parser_t *p)
{
    while (p->pos < p->last && (*p->pos == ' ' || *p->pos == '\t')) {
        p->pos++;
    }

    return p->pos < p->last ? *p->pos : '\0';
}


/* steps over the word if it is the next */

static ngx_uint_t
ngx_wxapp_dialect_word(ngx_wxapp_dialect_parser_t *p, const char *word,
    size_t len)
{
    if ((size_t) (p->last - p->pos) < len
        || ngx_memcmp(p->pos, word, len) != 0)
    {
        return 0;
    }

    p->pos += len;

    return 1;
}


static ngx_uint_t
ngx_wxapp_dialect_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}


static ngx_int_t
ngx_wxapp_dialect_unexpected(ngx_wxapp_dialect_parser_t *p)
{
    if (p->pos == p->last) {
        return ngx_wxapp_dialect_fault(p, "ends too early");
    }

    if (ngx_wxapp_dialect_word(p, "->", 2)) {
        return ngx_wxapp_dialect_fault(p, "JSON paths (->) are not served");
    }

    if (ngx_wxapp_dialect_word(p, "::", 2)) {
        return ngx_wxapp_dialect_fault(p, "casts (::) are not served");
    }

    if (ngx_wxapp_dialect_word(p, "!", 1)) {
        return ngx_wxapp_dialect_fault(p, "hints and joins (!) are not "
                                          "served");
    }

    return ngx_wxapp_dialect_fault(p, "has an unexpected character");
}


static ngx_int_t
ngx_wxapp_dialect_fault(ngx_wxapp_dialect_parser_t *p, const char *message)
{
    p->dialect->code = p->code;
    p->dialect->message = message;

    return NGX_DECLINED;
}
