
#include "base/ngx_wxapp_field.h"


#define NGX_WXAPP_DECIMAL_LEN  66      /* 65 digits and a sign */
#define NGX_WXAPP_STRING_MAX   255
#define NGX_WXAPP_TEXT_MAX     65535


static ngx_int_t ngx_wxapp_field_bound(ngx_wxapp_field_type_e type,
    ngx_str_t *bound);
static ngx_int_t ngx_wxapp_field_number(ngx_wxapp_field_t *field,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_string(ngx_wxapp_field_t *field,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_time(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_str_t *s, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_wxapp_field_fault(ngx_wxapp_field_t *field,
    ngx_wxapp_fault_t *fault, const char *rule, const char *message);
static ngx_int_t ngx_wxapp_field_bound_fault(ngx_wxapp_field_t *field,
    ngx_pool_t *pool, ngx_wxapp_fault_t *fault, ngx_uint_t max);
static ngx_int_t ngx_wxapp_integer(ngx_str_t *s, int64_t *n);
static ngx_uint_t ngx_wxapp_decimal_valid(ngx_str_t *s);
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
    "must be a string"
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
    ngx_wxapp_text_t  text;

    if (node->type == NGX_WXAPP_JSON_NULL) {
        if (field->required) {
            return ngx_wxapp_field_fault(field, fault, "required",
                                         "must not be null");
        }

        value->type = NGX_WXAPP_VALUE_NULL;
        return NGX_OK;
    }

    switch (field->type) {

    case NGX_WXAPP_FIELD_JSON:
        ngx_wxapp_text_init(&text, pool, 256);
        ngx_wxapp_json_node(&text, node);

        value->type = NGX_WXAPP_VALUE_TEXT;

        return ngx_wxapp_text_done(&text, &value->text);

    case NGX_WXAPP_FIELD_BOOL:
        if (node->type != NGX_WXAPP_JSON_BOOL) {
            break;
        }

        value->type = NGX_WXAPP_VALUE_INTEGER;
        value->integer = (node->value.len == 4);

        return NGX_OK;

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
        if (node->type != NGX_WXAPP_JSON_NUMBER) {
            break;
        }

        return ngx_wxapp_field_text(field, pool, &node->value, value, fault);

    case NGX_WXAPP_FIELD_DECIMAL:

        /* a string too: its digits survive a client that thinks in doubles */

        if (node->type != NGX_WXAPP_JSON_NUMBER
            && node->type != NGX_WXAPP_JSON_STRING)
        {
            break;
        }

        return ngx_wxapp_field_text(field, pool, &node->value, value, fault);

    default:
        if (node->type != NGX_WXAPP_JSON_STRING) {
            break;
        }

        return ngx_wxapp_field_text(field, pool, &node->value, value, fault);
    }

    return ngx_wxapp_field_fault(field, fault, "type",
                                 ngx_wxapp_field_wrong[field->type]);
}


ngx_int_t
ngx_wxapp_field_text(ngx_wxapp_field_t *field, ngx_pool_t *pool, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    size_t       len;
    ngx_int_t    rc;
    ngx_str_t    n;
    u_char       buf[NGX_SIZE_T_LEN];

    switch (field->type) {

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
    case NGX_WXAPP_FIELD_DECIMAL:
        rc = ngx_wxapp_field_number(field, s, value, fault);
        n = *s;
        break;

    case NGX_WXAPP_FIELD_BOOL:
        value->type = NGX_WXAPP_VALUE_INTEGER;
        value->integer = (s->len == 4 && ngx_strncmp(s->data, "true", 4) == 0);

        if (value->integer
            || (s->len == 5 && ngx_strncmp(s->data, "false", 5) == 0))
        {
            return NGX_OK;
        }

        return ngx_wxapp_field_fault(field, fault, "type",
                                     ngx_wxapp_field_wrong[field->type]);

    case NGX_WXAPP_FIELD_DATETIME:
    case NGX_WXAPP_FIELD_DATE:
        return ngx_wxapp_field_time(field, pool, s, value, fault);

    default:
        rc = ngx_wxapp_field_string(field, s, value, fault);

        if (rc == NGX_OK) {
            (void) ngx_wxapp_utf8(s->data, s->len, &len);
            n.data = buf;
            n.len = ngx_sprintf(buf, "%uz", len) - buf;

        } else {
            ngx_str_null(&n);
        }
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (field->min.len && ngx_wxapp_decimal_compare(&n, &field->min) < 0) {
        return ngx_wxapp_field_bound_fault(field, pool, fault, 0);
    }

    if (field->max.len && ngx_wxapp_decimal_compare(&n, &field->max) > 0) {
        return ngx_wxapp_field_bound_fault(field, pool, fault, 1);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_field_number(ngx_wxapp_field_t *field, ngx_str_t *s,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    if (field->type == NGX_WXAPP_FIELD_DECIMAL) {

        if (!ngx_wxapp_decimal_valid(s)) {
            goto wrong;
        }

        value->type = NGX_WXAPP_VALUE_DECIMAL;
        value->text = *s;

        return NGX_OK;
    }

    value->type = NGX_WXAPP_VALUE_INTEGER;

    if (ngx_wxapp_integer(s, &value->integer) != NGX_OK) {
        goto wrong;
    }

    if (field->type == NGX_WXAPP_FIELD_INT
        && (value->integer > NGX_MAX_INT32_VALUE
            || value->integer < -(int64_t) NGX_MAX_INT32_VALUE - 1))
    {
        goto wrong;
    }

    return NGX_OK;

wrong:

    return ngx_wxapp_field_fault(field, fault, "type",
                                 ngx_wxapp_field_wrong[field->type]);
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

    return ngx_wxapp_field_fault(field, fault, "type",
                                 ngx_wxapp_field_wrong[field->type]);
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
ngx_wxapp_field_bound_fault(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_fault_t *fault, ngx_uint_t max)
{
    u_char      *p;
    ngx_str_t   *bound;
    const char  *verb, *noun;

    bound = max ? &field->max : &field->min;

    if (field->type == NGX_WXAPP_FIELD_STRING
        || field->type == NGX_WXAPP_FIELD_TEXT)
    {
        verb = "have";
        noun = " characters";

    } else {
        verb = "be";
        noun = "";
    }

    p = ngx_pnalloc(pool, bound->len
                          + sizeof("must have at least  characters"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    fault->field = field->name;
    fault->rule = max ? "max" : "min";
    fault->message.data = p;
    fault->message.len = ngx_sprintf(p, "must %s at %s %V%s", verb,
                                     max ? "most" : "least", bound, noun)
                         - p;

    return NGX_DECLINED;
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

    switch (field->type) {

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
    case NGX_WXAPP_FIELD_DECIMAL:

        /* a column that is not what the configuration says stays JSON */

        if (ngx_wxapp_decimal_valid(s)) {
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

    default:
        break;
    }

    ngx_wxapp_json_str(text, s);
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


/* an optional minus, digits, an optional fraction: what JSON and SQL share */

static ngx_uint_t
ngx_wxapp_decimal_valid(ngx_str_t *s)
{
    size_t      i, digits, point;

    if (s->len == 0 || s->len > NGX_WXAPP_DECIMAL_LEN + 1) {
        return 0;
    }

    digits = 0;
    point = 0;

    for (i = (s->data[0] == '-'); i < s->len; i++) {

        if (s->data[i] == '.') {
            if (point || digits == 0) {
                return 0;
            }

            point = 1;
            digits = 0;
            continue;
        }

        if (s->data[i] < '0' || s->data[i] > '9') {
            return 0;
        }

        digits++;
    }

    if (digits == 0) {
        return 0;
    }

    /* no leading zeros in JSON */

    i = (s->data[0] == '-');

    return !(s->data[i] == '0' && i + 1 < s->len && s->data[i + 1] != '.');
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
