
#include "base/ngx_wxapp_field.h"


#define NGX_WXAPP_DECIMAL_LEN  66      /* 65 digits and a sign */
#define NGX_WXAPP_STRING_MAX   255
#define NGX_WXAPP_TEXT_MAX     65535


static ngx_int_t ngx_wxapp_field_bound(ngx_wxapp_field_type_e type,
    ngx_str_t *bound);
static ngx_int_t ngx_wxapp_field_scalar(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_wxapp_json_node_t *node, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_list(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_wxapp_json_node_t *node, ngx_str_t *s, ngx_uint_t n,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_document(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_str_t *s, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_number(ngx_wxapp_field_t *field,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_string(ngx_wxapp_field_t *field,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_binary(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_str_t *s, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_check(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_str_t *s, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_time(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_str_t *s, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_fault(ngx_wxapp_field_t *field,
    ngx_wxapp_fault_t *fault, const char *rule, const char *message);
static ngx_int_t ngx_wxapp_field_wrong_type(ngx_wxapp_field_t *field,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_bound_fault(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_wxapp_fault_t *fault, ngx_uint_t max);
static ngx_int_t ngx_wxapp_field_words_fault(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_items_fault(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_wxapp_fault_t *fault, ngx_uint_t max);
static ngx_int_t ngx_wxapp_field_text_fault(ngx_wxapp_fault_t *fault,
    ngx_wxapp_text_t *text);
static void ngx_wxapp_field_base64(ngx_wxapp_text_t *text, ngx_str_t *s);
static ngx_int_t ngx_wxapp_integer(ngx_str_t *s, int64_t *n);
static size_t ngx_wxapp_decimal_len(ngx_str_t *s);
static ngx_uint_t ngx_wxapp_decimal_valid(ngx_str_t *s);
static ngx_uint_t ngx_wxapp_number_valid(ngx_str_t *s);
static ngx_int_t ngx_wxapp_decimal_compare(ngx_str_t *a, ngx_str_t *b);
static void ngx_wxapp_decimal_parts(ngx_str_t *s, ngx_str_t *whole,
    ngx_str_t *fraction, ngx_uint_t *negative);
static ngx_int_t ngx_wxapp_digits(u_char *p, ngx_uint_t n, ngx_uint_t low,
    ngx_uint_t high);
static ngx_int_t ngx_wxapp_date(u_char *p, ngx_int_t *year, ngx_int_t *month,
    ngx_int_t *day);
static int64_t ngx_wxapp_days(ngx_int_t year, ngx_int_t month, ngx_int_t day);
static void ngx_wxapp_civil(int64_t days, ngx_int_t *year, ngx_int_t *month,
    ngx_int_t *day);
static int64_t ngx_wxapp_div(int64_t a, int64_t b);


ngx_str_t  ngx_wxapp_field_types[] = {
    ngx_string("int"),
    ngx_string("bigint"),
    ngx_string("decimal"),
    ngx_string("string"),
    ngx_string("text"),
    ngx_string("bool"),
    ngx_string("datetime"),
    ngx_string("date"),
    ngx_string("json"),
    ngx_string("binary"),
    ngx_null_string
};


/* what a value of the wrong type is told, in the order of the types */

static const char  *ngx_wxapp_field_wrong[] = {
    "must be an integer of 32 bits",
    "must be an integer of 64 bits",
    "must be a decimal number",
    "must be a string",
    "must be a string",
    "must be true or false",
    "must be a time like 2026-11-21T08:30:00Z",
    "must be a date like 2026-11-21",
    "must be JSON",
    "must be base64"
};


ngx_int_t
ngx_wxapp_field_type(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_WXAPP_FIELD_TYPES; i++) {
        if (ngx_wxapp_field_types[i].len == name->len
            && ngx_strncmp(ngx_wxapp_field_types[i].data, name->data,
                           name->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_wxapp_field_bounds(ngx_wxapp_field_t *field)
{
    if ((field->min.len && ngx_wxapp_field_bound(field->type, &field->min)
                           != NGX_OK)
        || (field->max.len && ngx_wxapp_field_bound(field->type, &field->max)
                              != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (field->min.len && field->max.len
        && ngx_wxapp_decimal_compare(&field->min, &field->max) > 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_field_bound(ngx_wxapp_field_type_e type, ngx_str_t *bound)
{
    int64_t  n;

    switch (type) {

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
        return ngx_wxapp_integer(bound, &n);

    case NGX_WXAPP_FIELD_DECIMAL:
        return ngx_wxapp_decimal_valid(bound) ? NGX_OK : NGX_ERROR;

    case NGX_WXAPP_FIELD_STRING:
    case NGX_WXAPP_FIELD_TEXT:
    case NGX_WXAPP_FIELD_BINARY:
        return (ngx_wxapp_integer(bound, &n) == NGX_OK && n >= 0) ? NGX_OK
                                                                 : NGX_ERROR;

    default:
        return NGX_ERROR;
    }
}


ngx_int_t
ngx_wxapp_field_json(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault)
{
    ngx_uint_t              n;
    ngx_wxapp_json_node_t  *item;

    if (node->type == NGX_WXAPP_JSON_NULL) {
        if (field->required) {
            return ngx_wxapp_field_fault(field, fault, "required",
                                         "must not be null");
        }

        value->type = NGX_WXAPP_VALUE_NULL;
        return NGX_OK;
    }

    if (!field->list) {
        return ngx_wxapp_field_scalar(field, pool, node, value, fault);
    }

    if (node->type != NGX_WXAPP_JSON_ARRAY) {
        return ngx_wxapp_field_fault(field, fault, "type",
                                     "must be an array");
    }

    n = 0;

    for (item = node->first; item; item = item->next) {
        n++;
    }

    return ngx_wxapp_field_list(field, pool, node->first, NULL, n, value,
                                fault);
}


static ngx_int_t
ngx_wxapp_field_scalar(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault)
{
    ngx_uint_t        taken;
    ngx_wxapp_text_t  text;

    switch (field->type) {

    case NGX_WXAPP_FIELD_JSON:
        ngx_wxapp_text_init(&text, pool, 256);
        ngx_wxapp_json_node(&text, node);

        value->type = NGX_WXAPP_VALUE_TEXT;

        return ngx_wxapp_text_done(&text, &value->text);

    case NGX_WXAPP_FIELD_BOOL:
        taken = (node->type == NGX_WXAPP_JSON_BOOL);
        break;

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
        taken = (node->type == NGX_WXAPP_JSON_NUMBER
                 || (field->as_string
                     && node->type == NGX_WXAPP_JSON_STRING));
        break;

    case NGX_WXAPP_FIELD_DECIMAL:

        /* a string too: its digits survive a client that thinks in doubles */

        taken = (node->type == NGX_WXAPP_JSON_NUMBER
                 || node->type == NGX_WXAPP_JSON_STRING);
        break;

    default:
        taken = (node->type == NGX_WXAPP_JSON_STRING);
    }

    if (!taken) {
        return ngx_wxapp_field_wrong_type(field, fault);
    }

    return ngx_wxapp_field_text(field, pool, &node->value, value, fault);
}


ngx_int_t
ngx_wxapp_field_texts(ngx_wxapp_field_t *field, ngx_pool_t *pool, ngx_str_t *s,
    ngx_uint_t n, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    return ngx_wxapp_field_list(field, pool, NULL, s, n, value, fault);
}


/* "n" items, from the node on or, if it is NULL, from texts */

static ngx_int_t
ngx_wxapp_field_list(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, ngx_str_t *s, ngx_uint_t n,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_wxapp_text_t    text;
    ngx_wxapp_value_t  *item;

    if (n < field->min_items) {
        return ngx_wxapp_field_items_fault(field, pool, fault, 0);
    }

    if (n > field->max_items) {
        return ngx_wxapp_field_items_fault(field, pool, fault, 1);
    }

    item = ngx_pcalloc(pool, (n ? n : 1) * sizeof(ngx_wxapp_value_t));
    if (item == NULL) {
        return NGX_ERROR;
    }

    value->type = NGX_WXAPP_VALUE_LIST;
    value->items = item;
    value->nitems = n;

    ngx_wxapp_text_init(&text, pool, 16 * n + 2);
    ngx_wxapp_json_open(&text, '[');

    for (i = 0; i < n; i++) {

        if (node) {
            rc = ngx_wxapp_field_scalar(field, pool, node, &item[i], fault);
            node = node->next;

        } else {
            rc = ngx_wxapp_field_text(field, pool, &s[i], &item[i], fault);
        }

        if (rc == NGX_DECLINED) {
            ngx_wxapp_text_init(&text, pool, fault->message.len + 32);
            ngx_wxapp_text_cstr(&text, "item ");
            ngx_wxapp_text_int(&text, i + 1);
            ngx_wxapp_text_cstr(&text, " ");
            ngx_wxapp_text_str(&text, &fault->message);

            return ngx_wxapp_field_text_fault(fault, &text);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_wxapp_field_value(field, &text, &item[i]);
    }

    ngx_wxapp_json_close(&text, ']');

    return ngx_wxapp_text_done(&text, &value->text);
}


ngx_int_t
ngx_wxapp_field_text(ngx_wxapp_field_t *field, ngx_pool_t *pool, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    ngx_int_t  rc;

    switch (field->type) {

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
    case NGX_WXAPP_FIELD_DECIMAL:
        rc = ngx_wxapp_field_number(field, s, value, fault);
        break;

    case NGX_WXAPP_FIELD_BOOL:
        value->type = NGX_WXAPP_VALUE_INTEGER;
        value->integer = (s->len == 4 && ngx_strncmp(s->data, "true", 4) == 0);

        if (value->integer
            || (s->len == 5 && ngx_strncmp(s->data, "false", 5) == 0))
        {
            return NGX_OK;
        }

        return ngx_wxapp_field_wrong_type(field, fault);

    case NGX_WXAPP_FIELD_DATETIME:
    case NGX_WXAPP_FIELD_DATE:
        return ngx_wxapp_field_time(field, pool, s, value, fault);

    case NGX_WXAPP_FIELD_JSON:
        return ngx_wxapp_field_document(field, pool, s, value, fault);

    case NGX_WXAPP_FIELD_BINARY:
        rc = ngx_wxapp_field_binary(field, pool, s, value, fault);
        break;

    default:
        rc = ngx_wxapp_field_string(field, s, value, fault);
    }

    /* most fields have none of the rules that follow */

    if (rc != NGX_OK
        || (field->min.len == 0 && field->max.len == 0
            && field->words == NULL && field->pattern == NULL))
    {
        return rc;
    }

    return ngx_wxapp_field_check(field, pool, s, value, fault);
}


static ngx_int_t
ngx_wxapp_field_check(ngx_wxapp_field_t *field, ngx_pool_t *pool, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    size_t       len;
    ngx_str_t    n, *word;
    ngx_uint_t   i, number;
    u_char       buf[NGX_SIZE_T_LEN];

    number = (field->type <= NGX_WXAPP_FIELD_DECIMAL);

    if (number) {
        n = *s;

    } else {
        len = value->text.len;

        if (field->type != NGX_WXAPP_FIELD_BINARY) {
            (void) ngx_wxapp_utf8(s->data, s->len, &len);
        }

        n.data = buf;
        n.len = ngx_sprintf(buf, "%uz", len) - buf;
    }

    if (field->min.len && ngx_wxapp_decimal_compare(&n, &field->min) < 0) {
        return ngx_wxapp_field_bound_fault(field, pool, fault, 0);
    }

    if (field->max.len && ngx_wxapp_decimal_compare(&n, &field->max) > 0) {
        return ngx_wxapp_field_bound_fault(field, pool, fault, 1);
    }

    if (field->words) {
        word = field->words->elts;

        for (i = 0; i < field->words->nelts; i++) {
            if (number ? ngx_wxapp_decimal_compare(s, &word[i]) == 0
                       : ngx_memn2cmp(s->data, word[i].data, s->len,
                                      word[i].len)
                         == 0)
            {
                break;
            }
        }

        if (i == field->words->nelts) {
            return ngx_wxapp_field_words_fault(field, pool, fault);
        }
    }

#if (NGX_PCRE)

    /* one that takes too many steps to tell does not match either */

    if (field->pattern && ngx_regex_exec(field->regex, s, NULL, 0) < 0) {
        return ngx_wxapp_field_fault(field, fault,
                                     (char *) field->pattern->rule.data,
                                     field->pattern->message);
    }

#endif

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_field_document(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    ngx_int_t               rc;
    const char             *error;
    ngx_wxapp_json_node_t  *node;

    rc = ngx_wxapp_json_parse(pool, s, &node, &error);

    if (rc == NGX_DECLINED) {
        return ngx_wxapp_field_wrong_type(field, fault);
    }

    if (rc == NGX_OK) {
        rc = ngx_wxapp_field_scalar(field, pool, node, value, fault);
    }

    return rc;
}


static ngx_int_t
ngx_wxapp_field_number(ngx_wxapp_field_t *field, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    if (field->type == NGX_WXAPP_FIELD_DECIMAL) {

        if (!ngx_wxapp_decimal_valid(s)) {
            return ngx_wxapp_field_wrong_type(field, fault);
        }

        value->type = NGX_WXAPP_VALUE_DECIMAL;
        value->text = *s;

        return NGX_OK;
    }

    value->type = NGX_WXAPP_VALUE_INTEGER;

    if (ngx_wxapp_integer(s, &value->integer) != NGX_OK
        || (field->type == NGX_WXAPP_FIELD_INT
            && (value->integer > NGX_MAX_INT32_VALUE
                || value->integer < -(int64_t) NGX_MAX_INT32_VALUE - 1)))
    {
        return ngx_wxapp_field_wrong_type(field, fault);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_field_string(ngx_wxapp_field_t *field, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    size_t  chars;

    if (ngx_wxapp_utf8(s->data, s->len, &chars) != NGX_OK) {
        return ngx_wxapp_field_fault(field, fault, "encoding",
                                     "must be UTF-8 without NUL");
    }

    if (field->type == NGX_WXAPP_FIELD_STRING) {
        if (field->max.len == 0 && chars > NGX_WXAPP_STRING_MAX) {
            return ngx_wxapp_field_fault(field, fault, "max",
                                 "must have at most 255 characters");
        }

    } else if (s->len > NGX_WXAPP_TEXT_MAX) {
        return ngx_wxapp_field_fault(field, fault, "max",
                                     "must have at most 65535 bytes");
    }

    value->type = NGX_WXAPP_VALUE_TEXT;
    value->text = *s;

    return NGX_OK;
}


/* RFC 4648 with its padding: nginx's decoder stops at the first "=" */

static ngx_int_t
ngx_wxapp_field_binary(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    u_char     *p;
    ngx_str_t   src;

    src = *s;

    if (src.len % 4) {
        return ngx_wxapp_field_wrong_type(field, fault);
    }

    if (src.len && src.data[src.len - 1] == '=') {
        src.len -= (src.data[src.len - 2] == '=') ? 2 : 1;
    }

    p = ngx_strlchr(src.data, src.data + src.len, '=');

    if (p) {
        return ngx_wxapp_field_wrong_type(field, fault);
    }

    value->type = NGX_WXAPP_VALUE_TEXT;

    value->text.data = ngx_pnalloc(pool, ngx_base64_decoded_length(src.len));
    if (value->text.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64(&value->text, &src) != NGX_OK) {
        return ngx_wxapp_field_wrong_type(field, fault);
    }

    if (value->text.len > NGX_WXAPP_TEXT_MAX) {
        return ngx_wxapp_field_fault(field, fault, "max",
                                     "must have at most 65535 bytes");
    }

    return NGX_OK;
}


/*
 * RFC 3339 goes to MySQL's form in UTC.  A datetime may leave out the zone,
 * then it is UTC already, and may carry up to six digits of a fraction.
 */

static ngx_int_t
ngx_wxapp_field_time(ngx_wxapp_field_t *field, ngx_pool_t *pool, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    u_char     *p, *last, *fraction;
    size_t      digits;
    int64_t     days, seconds;
    ngx_int_t   year, month, day, h, m, sec, zh, zm, sign;

    value->type = NGX_WXAPP_VALUE_TEXT;

    p = s->data;
    last = p + s->len;

    if (s->len < 10 || ngx_wxapp_date(p, &year, &month, &day) != NGX_OK) {
        goto wrong;
    }

    if (field->type == NGX_WXAPP_FIELD_DATE) {
        if (s->len != 10) {
            goto wrong;
        }

        value->text = *s;
        return NGX_OK;
    }

    if (s->len < 19 || (p[10] != 'T' && p[10] != 't' && p[10] != ' ')
        || p[13] != ':' || p[16] != ':')
    {
        goto wrong;
    }

    h = ngx_wxapp_digits(p + 11, 2, 0, 23);
    m = ngx_wxapp_digits(p + 14, 2, 0, 59);
    sec = ngx_wxapp_digits(p + 17, 2, 0, 59);

    if (h == NGX_ERROR || m == NGX_ERROR || sec == NGX_ERROR) {
        goto wrong;
    }

    p += 19;
    fraction = p;
    digits = 0;

    if (p < last && *p == '.') {
        for (p++; p < last && *p >= '0' && *p <= '9'; p++) {
            digits++;
        }

        if (digits == 0 || digits > 6) {
            goto wrong;
        }
    }

    zh = 0;
    zm = 0;
    sign = 1;

    if (p < last && (*p == 'Z' || *p == 'z')) {
        p++;

    } else if (p < last && (*p == '+' || *p == '-')) {

        if (last - p != 6 || p[3] != ':') {
            goto wrong;
        }

        sign = (*p == '-') ? -1 : 1;
        zh = ngx_wxapp_digits(p + 1, 2, 0, 23);
        zm = ngx_wxapp_digits(p + 4, 2, 0, 59);

        if (zh == NGX_ERROR || zm == NGX_ERROR) {
            goto wrong;
        }

        p += 6;
    }

    if (p != last) {
        goto wrong;
    }

    days = ngx_wxapp_days(year, month, day);
    seconds = days * 86400 + h * 3600 + m * 60 + sec
              - sign * (zh * 3600 + zm * 60);

    days = ngx_wxapp_div(seconds, 86400);
    seconds -= days * 86400;

    ngx_wxapp_civil(days, &year, &month, &day);

    if (year < 1 || year > 9999) {
        goto wrong;
    }

    value->text.data = ngx_pnalloc(pool, sizeof("2026-11-21 08:30:00.123456"));
    if (value->text.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(value->text.data, "%04i-%02i-%02i %02L:%02L:%02L",
                    year, month, day, seconds / 3600, seconds / 60 % 60,
                    seconds % 60);

    if (digits) {
        p = ngx_cpymem(p, fraction, digits + 1);
    }

    value->text.len = p - value->text.data;

    return NGX_OK;

wrong:

    return ngx_wxapp_field_wrong_type(field, fault);
}


static ngx_int_t
ngx_wxapp_field_fault(ngx_wxapp_field_t *field, ngx_wxapp_fault_t *fault,
    const char *rule, const char *message)
{
    fault->field = field->name;
    fault->rule = rule;
    fault->message.data = (u_char *) message;
    fault->message.len = ngx_strlen(message);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_wxapp_field_wrong_type(ngx_wxapp_field_t *field, ngx_wxapp_fault_t *fault)
{
    return ngx_wxapp_field_fault(field, fault, "type",
                                 ngx_wxapp_field_wrong[field->type]);
}


static ngx_int_t
ngx_wxapp_field_bound_fault(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_fault_t *fault, ngx_uint_t max)
{
    ngx_wxapp_text_t  text;

    fault->field = field->name;
    fault->rule = field->length ? "length" : max ? "max" : "min";

    ngx_wxapp_text_init(&text, pool, 48);

    ngx_wxapp_text_cstr(&text, field->type <= NGX_WXAPP_FIELD_DECIMAL
                               ? "must be " : "must have ");
    ngx_wxapp_text_cstr(&text, field->length ? "exactly "
                               : max ? "at most " : "at least ");
    ngx_wxapp_text_str(&text, max ? &field->max : &field->min);

    if (field->type > NGX_WXAPP_FIELD_DECIMAL) {
        ngx_wxapp_text_cstr(&text, field->type == NGX_WXAPP_FIELD_BINARY
                                   ? " bytes" : " characters");
    }

    return ngx_wxapp_field_text_fault(fault, &text);
}


static ngx_int_t
ngx_wxapp_field_words_fault(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_fault_t *fault)
{
    ngx_str_t         *word;
    ngx_uint_t         i;
    ngx_wxapp_text_t   text;

    fault->field = field->name;
    fault->rule = "enum";

    ngx_wxapp_text_init(&text, pool, 128);
    ngx_wxapp_text_cstr(&text, "must be one of ");

    word = field->words->elts;

    for (i = 0; i < field->words->nelts; i++) {
        ngx_wxapp_text_cstr(&text, i ? ", " : "");
        ngx_wxapp_text_str(&text, &word[i]);
    }

    return ngx_wxapp_field_text_fault(fault, &text);
}


static ngx_int_t
ngx_wxapp_field_items_fault(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_fault_t *fault, ngx_uint_t max)
{
    ngx_wxapp_text_t  text;

    fault->field = field->name;
    fault->rule = max ? "max_items" : "min_items";

    ngx_wxapp_text_init(&text, pool, 48);
    ngx_wxapp_text_cstr(&text, max ? "must have at most "
                                   : "must have at least ");
    ngx_wxapp_text_int(&text, max ? field->max_items : field->min_items);
    ngx_wxapp_text_cstr(&text, " items");

    return ngx_wxapp_field_text_fault(fault, &text);
}


static ngx_int_t
ngx_wxapp_field_text_fault(ngx_wxapp_fault_t *fault, ngx_wxapp_text_t *text)
{
    return (ngx_wxapp_text_done(text, &fault->message) == NGX_OK)
           ? NGX_DECLINED : NGX_ERROR;
}


void
ngx_wxapp_field_write(ngx_wxapp_field_t *field, ngx_wxapp_text_t *text,
    ngx_str_t *s)
{
    u_char     buf[sizeof("2026-11-21T08:30:00.123456Z")];
    ngx_str_t  time;

    if (s->data == NULL) {
        ngx_wxapp_json_raw(text, "null", 4);
        return;
    }

    /* a list is kept as JSON */

    switch (field->list ? NGX_WXAPP_FIELD_JSON : field->type) {

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
    case NGX_WXAPP_FIELD_DECIMAL:

        /* a column that is not what the configuration says stays JSON */

        if (!field->as_string && ngx_wxapp_number_valid(s)) {
            ngx_wxapp_json_raw(text, s->data, s->len);
            return;
        }

        break;

    case NGX_WXAPP_FIELD_BOOL:

        /* TINYINT comes as a digit, BIT as a byte */

        if (s->len == 1 && (s->data[0] == '0' || s->data[0] == '\0')) {
            ngx_wxapp_json_raw(text, "false", 5);

        } else {
            ngx_wxapp_json_raw(text, "true", 4);
        }

        return;

    case NGX_WXAPP_FIELD_DATETIME:
        if (s->len < 19 || s->len > sizeof(buf) - 2) {
            break;
        }

        if (ngx_strncmp(s->data, "0000-00-00", 10) == 0) {
            ngx_wxapp_json_raw(text, "null", 4);
            return;
        }

        time.data = buf;
        time.len = s->len + 1;

        ngx_memcpy(buf, s->data, s->len);
        buf[10] = 'T';
        buf[s->len] = 'Z';

        ngx_wxapp_json_str(text, &time);
        return;

    case NGX_WXAPP_FIELD_DATE:
        if (s->len == 10 && ngx_strncmp(s->data, "0000-00-00", 10) == 0) {
            ngx_wxapp_json_raw(text, "null", 4);
            return;
        }

        break;

    case NGX_WXAPP_FIELD_JSON:

        /* the column may be of another type than the configuration says */

        if (ngx_wxapp_json_valid(s)) {
            ngx_wxapp_json_raw(text, s->data, s->len);
            return;
        }

        break;

    case NGX_WXAPP_FIELD_BINARY:
        ngx_wxapp_field_base64(text, s);
        return;

    default:
        break;
    }

    ngx_wxapp_json_str(text, s);
}


void
ngx_wxapp_field_value(ngx_wxapp_field_t *field, ngx_wxapp_text_t *text,
    ngx_wxapp_value_t *value)
{
    u_char             buf[NGX_INT64_LEN];
    ngx_str_t          s;
    ngx_wxapp_field_t  scalar;

    switch (value->type) {

    case NGX_WXAPP_VALUE_NULL:
        ngx_str_null(&s);
        break;

    case NGX_WXAPP_VALUE_INTEGER:
        s.data = buf;
        s.len = ngx_sprintf(buf, "%L", value->integer) - buf;
        break;

    case NGX_WXAPP_VALUE_LIST:
        ngx_wxapp_json_raw(text, value->text.data, value->text.len);
        return;

    default:
        s = value->text;
    }

    scalar.type = field->type;
    scalar.as_string = field->as_string;
    scalar.list = 0;

    ngx_wxapp_field_write(&scalar, text, &s);
}


static void
ngx_wxapp_field_base64(ngx_wxapp_text_t *text, ngx_str_t *s)
{
    ngx_str_t  dst;

    ngx_wxapp_json_raw(text, "\"", 1);

    if (ngx_wxapp_text_reserve(text, ngx_base64_encoded_length(s->len) + 1)
        != NGX_OK)
    {
        return;
    }

    dst.data = text->pos;
    ngx_encode_base64(&dst, s);

    text->pos += dst.len;
    *text->pos++ = '"';
}


static ngx_int_t
ngx_wxapp_integer(ngx_str_t *s, int64_t *n)
{
    u_char                 *p;
    ngx_wxapp_json_node_t   node;

    if (s->len == 0) {
        return NGX_ERROR;
    }

    p = s->data;

    if (*p == '-' && s->len == 1) {
        return NGX_ERROR;
    }

    node.type = NGX_WXAPP_JSON_NUMBER;
    node.value = *s;

    return ngx_wxapp_json_integer(&node, n);
}


/*
 * How many bytes are an optional minus, digits and an optional fraction, what
 * JSON and SQL share; 0 if none are
 */

static size_t
ngx_wxapp_decimal_len(ngx_str_t *s)
{
    size_t  i, start;

    i = (s->len && s->data[0] == '-');
    start = i;

    while (i < s->len && s->data[i] >= '0' && s->data[i] <= '9') {
        i++;
    }

    /* no leading zeros in JSON */

    if (i == start || (s->data[start] == '0' && i - start > 1)) {
        return 0;
    }

    if (i == s->len || s->data[i] != '.') {
        return i;
    }

    start = ++i;

    while (i < s->len && s->data[i] >= '0' && s->data[i] <= '9') {
        i++;
    }

    return (i == start) ? 0 : i;
}


static ngx_uint_t
ngx_wxapp_decimal_valid(ngx_str_t *s)
{
    return s->len && s->len <= NGX_WXAPP_DECIMAL_LEN + 1
           && ngx_wxapp_decimal_len(s) == s->len;
}


/* what JSON takes as a number: MySQL writes doubles like 1e300 and 1.5e-7 */

static ngx_uint_t
ngx_wxapp_number_valid(ngx_str_t *s)
{
    size_t  i, start;

    i = ngx_wxapp_decimal_len(s);

    if (i == 0 || i == s->len) {
        return i != 0;
    }

    if (s->data[i] != 'e' && s->data[i] != 'E') {
        return 0;
    }

    i++;

    if (i < s->len && (s->data[i] == '-' || s->data[i] == '+')) {
        i++;
    }

    start = i;

    while (i < s->len && s->data[i] >= '0' && s->data[i] <= '9') {
        i++;
    }

    return i > start && i == s->len;
}


static ngx_int_t
ngx_wxapp_decimal_compare(ngx_str_t *a, ngx_str_t *b)
{
    ngx_int_t   rc;
    ngx_str_t   aw, af, bw, bf;
    ngx_uint_t  an, bn;

    ngx_wxapp_decimal_parts(a, &aw, &af, &an);
    ngx_wxapp_decimal_parts(b, &bw, &bf, &bn);

    if (an != bn) {
        return an ? -1 : 1;
    }

    if (aw.len != bw.len) {
        rc = (aw.len < bw.len) ? -1 : 1;

    } else {
        rc = ngx_memcmp(aw.data, bw.data, aw.len);

        if (rc == 0) {
            rc = ngx_memn2cmp(af.data, bf.data, af.len, bf.len);
        }
    }

    return an ? -rc : rc;
}


/* without the zeros that carry no value, so "-0.00" is 0 */

static void
ngx_wxapp_decimal_parts(ngx_str_t *s, ngx_str_t *whole, ngx_str_t *fraction,
    ngx_uint_t *negative)
{
    u_char  *p, *last;

    p = s->data;
    last = p + s->len;

    *negative = (*p == '-');
    p += *negative;

    while (p < last && *p == '0') {
        p++;
    }

    whole->data = p;

    while (p < last && *p != '.') {
        p++;
    }

    whole->len = p - whole->data;

    fraction->data = p;

    if (p < last) {
        fraction->data = p + 1;

        while (last[-1] == '0') {
            last--;
        }
    }

    fraction->len = (last > fraction->data) ? last - fraction->data : 0;

    if (whole->len == 0 && fraction->len == 0) {
        *negative = 0;
    }
}


static ngx_int_t
ngx_wxapp_digits(u_char *p, ngx_uint_t n, ngx_uint_t low, ngx_uint_t high)
{
    ngx_int_t  value;

    value = ngx_atoi(p, n);

    if (value == NGX_ERROR || (ngx_uint_t) value < low
        || (ngx_uint_t) value > high)
    {
        return NGX_ERROR;
    }

    return value;
}


static ngx_int_t
ngx_wxapp_date(u_char *p, ngx_int_t *year, ngx_int_t *month, ngx_int_t *day)
{
    ngx_uint_t  leap;

    static ngx_int_t  days[] = { 31, 28, 31, 30, 31, 30,
                                 31, 31, 30, 31, 30, 31 };

    if (p[4] != '-' || p[7] != '-') {
        return NGX_ERROR;
    }

    *year = ngx_wxapp_digits(p, 4, 1, 9999);
    *month = ngx_wxapp_digits(p + 5, 2, 1, 12);
    *day = ngx_wxapp_digits(p + 8, 2, 1, 31);

    if (*year == NGX_ERROR || *month == NGX_ERROR || *day == NGX_ERROR) {
        return NGX_ERROR;
    }

    leap = (*year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0));

    if (*day > days[*month - 1] + (*month == 2 && leap)) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* days since 1970-01-01 in the Gregorian calendar, years from March */

static int64_t
ngx_wxapp_days(ngx_int_t year, ngx_int_t month, ngx_int_t day)
{
    if (month <= 2) {
        month += 12;
        year--;
    }

    return (int64_t) 365 * year + year / 4 - year / 100 + year / 400
           + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}


/* the other way round, by eras of 400 years, which are all alike */

static void
ngx_wxapp_civil(int64_t days, ngx_int_t *year, ngx_int_t *month,
    ngx_int_t *day)
{
    int64_t  era, n, y;

    days += 719468;

    era = ngx_wxapp_div(days, 146097);
    days -= era * 146097;

    y = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    n = days - (365 * y + y / 4 - y / 100);

    *month = (5 * n + 2) / 153;
    *day = n - (153 * *month + 2) / 5 + 1;
    *month += (*month < 10) ? 3 : -9;
    *year = y + era * 400 + (*month <= 2);
}


/* rounds down, also below zero */

static int64_t
ngx_wxapp_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}
