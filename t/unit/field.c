
/*
 * Typed fields: what comes in, its bounds, what goes out.
 */


#include "base/ngx_wxapp_field.h"
#include "unit.h"

#include <time.h>


static ngx_wxapp_field_t  field;
static ngx_wxapp_value_t  value;
static ngx_wxapp_fault_t  fault;


static void
of(ngx_wxapp_field_type_e type, const char *min, const char *max)
{
    memset(&field, 0, sizeof(field));

    field.name = str("f");
    field.type = type;

    if (min) {
        field.min = str(min);
    }

    if (max) {
        field.max = str(max);
    }
}


/* from the text of a path or an argument */

static ngx_int_t
text(const char *s)
{
    ngx_int_t  rc;
    ngx_str_t  in = str(s);

    memset(&value, 0xee, sizeof(value));
    memset(&fault, 0xee, sizeof(fault));

    rc = ngx_wxapp_field_text(&field, pool, &in, &value, &fault);

    if (rc == NGX_DECLINED
        && (!equals(&fault.field, "f") || fault.rule == NULL
            || ngx_wxapp_utf8(fault.message.data, fault.message.len, NULL)
               != NGX_OK))
    {
        return NGX_ABORT;
    }

    return rc;
}


/* from JSON */

static ngx_int_t
json(const char *s)
{
    ngx_str_t               in = str(s);
    const char             *error;
    ngx_wxapp_json_node_t  *node;

    memset(&value, 0xee, sizeof(value));
    memset(&fault, 0xee, sizeof(fault));

    if (ngx_wxapp_json_parse(pool, &in, &node, &error) != NGX_OK) {
        return NGX_ABORT;
    }

    return ngx_wxapp_field_json(&field, pool, node, &value, &fault);
}


static ngx_uint_t
refused(ngx_int_t rc, const char *rule)
{
    return rc == NGX_DECLINED && strcmp(fault.rule, rule) == 0;
}


static void
types(void)
{
    ngx_str_t   s;
    ngx_uint_t  i;

    unit_pool();

    for (i = 0; i < NGX_WXAPP_FIELD_TYPES; i++) {
        s = bytes(ngx_wxapp_field_types[i].data, ngx_wxapp_field_types[i].len);
        ok(ngx_wxapp_field_type(&s) == (ngx_int_t) i, "type %.*s",
           (int) s.len, s.data);
    }

    s = str("");
    ok(ngx_wxapp_field_type(&s) == NGX_ERROR, "no type");
    s = str("in");
    ok(ngx_wxapp_field_type(&s) == NGX_ERROR, "a part of a type");
    s = str("INT");
    ok(ngx_wxapp_field_type(&s) == NGX_ERROR, "upper case");
}


static void
bounds(void)
{
    ngx_uint_t  i;

    static struct {
        ngx_wxapp_field_type_e  type;
        const char             *min, *max;
        ngx_int_t               rc;
    } cases[] = {
        { NGX_WXAPP_FIELD_INT, "-5", "5", NGX_OK },
        { NGX_WXAPP_FIELD_INT, "5", "5", NGX_OK },
        { NGX_WXAPP_FIELD_INT, NULL, NULL, NGX_OK },
        { NGX_WXAPP_FIELD_INT, "5", "4", NGX_DECLINED },
        { NGX_WXAPP_FIELD_INT, "-4", "-5", NGX_DECLINED },
        { NGX_WXAPP_FIELD_INT, "10", "9", NGX_DECLINED },
        { NGX_WXAPP_FIELD_INT, "1.5", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_INT, NULL, "x", NGX_ERROR },
        { NGX_WXAPP_FIELD_INT, NULL, "-", NGX_ERROR },
        { NGX_WXAPP_FIELD_BIGINT, "-9223372036854775808",
          "9223372036854775807", NGX_OK },
        { NGX_WXAPP_FIELD_BIGINT, "-9223372036854775809", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_DECIMAL, "-0.5", "0.25", NGX_OK },
        { NGX_WXAPP_FIELD_DECIMAL, "0.3", "0.25", NGX_DECLINED },
        { NGX_WXAPP_FIELD_DECIMAL, "-0.00", "0", NGX_OK },
        { NGX_WXAPP_FIELD_DECIMAL, "1e5", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_DECIMAL, NULL, ".5", NGX_ERROR },
        { NGX_WXAPP_FIELD_STRING, "0", "10", NGX_OK },
        { NGX_WXAPP_FIELD_STRING, "11", "10", NGX_DECLINED },
        { NGX_WXAPP_FIELD_STRING, "-1", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_TEXT, NULL, "9", NGX_OK },
        { NGX_WXAPP_FIELD_TEXT, NULL, "9.5", NGX_ERROR },
        { NGX_WXAPP_FIELD_BOOL, "0", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_DATETIME, NULL, "1", NGX_ERROR },
        { NGX_WXAPP_FIELD_DATE, "1", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_JSON, NULL, "1", NGX_ERROR },
        { NGX_WXAPP_FIELD_JSON, NULL, NULL, NGX_OK },
        { NGX_WXAPP_FIELD_BINARY, "1", "9", NGX_OK },
        { NGX_WXAPP_FIELD_BINARY, "-1", NULL, NGX_ERROR },
        { NGX_WXAPP_FIELD_TYPES, NULL, NULL, 0 }
    };

    unit_pool();

    for (i = 0; cases[i].type != NGX_WXAPP_FIELD_TYPES; i++) {
        of(cases[i].type, cases[i].min, cases[i].max);
        ok(ngx_wxapp_field_bounds(&field) == cases[i].rc,
           "%.*s min=%s max=%s", (int) ngx_wxapp_field_types[cases[i].type].len,
           ngx_wxapp_field_types[cases[i].type].data,
           cases[i].min ? cases[i].min : "", cases[i].max ? cases[i].max : "");
    }
}


static void
integers(void)
{
    unit_pool();

    of(NGX_WXAPP_FIELD_INT, NULL, NULL);
    ok(text("2147483647") == NGX_OK && value.type == NGX_WXAPP_VALUE_INTEGER
       && value.integer == 2147483647, "the largest int");
    ok(text("-2147483648") == NGX_OK && value.integer == -2147483648LL,
       "the smallest int");
    ok(refused(text("2147483648"), "type"), "too large an int");
    ok(refused(text("-2147483649"), "type"), "too small an int");
    ok(text("0") == NGX_OK && value.integer == 0, "0");
    ok(text("-0") == NGX_OK && value.integer == 0, "-0");

    for (const char *const *bad = (const char *[]) { "", "-", "+1", "--1", "1-",
         "1.0", "1e1", " 1", "1 ", "0x1", "a", "1a", "\xd9\xa1",
         "18446744073709551617", NULL }; *bad; bad++)
    {
        ok(refused(text(*bad), "type"), "no int: \"%s\"", *bad);
    }

    of(NGX_WXAPP_FIELD_BIGINT, NULL, NULL);
    ok(text("9223372036854775807") == NGX_OK && value.integer == INT64_MAX,
       "the largest bigint");
    ok(text("-9223372036854775808") == NGX_OK && value.integer == INT64_MIN,
       "the smallest bigint");
    ok(refused(text("-9223372036854775809"), "type"), "too small a bigint");
    ok(refused(text("18446744073709551616"), "type"), "2^64");
    ok(refused(text("99999999999999999999999999"), "type"), "far too large");

    of(NGX_WXAPP_FIELD_INT, "-5", "10");
    ok(refused(text("-6"), "min") && equals(&fault.message,
       "must be at least -5"), "below the min");
    ok(refused(text("11"), "max") && equals(&fault.message,
       "must be at most 10"), "above the max");
    ok(text("-5") == NGX_OK && text("10") == NGX_OK && text("9") == NGX_OK
       && text("0") == NGX_OK && text("-0") == NGX_OK, "within");

    ok(json("7") == NGX_OK && value.integer == 7, "JSON number");
    ok(refused(json("\"7\""), "type"), "JSON string");
    ok(refused(json("true"), "type"), "JSON bool");
    ok(refused(json("7.0"), "type"), "JSON fraction");
    ok(refused(json("7e0"), "type"), "JSON exponent");
    ok(refused(json("[7]"), "type"), "JSON array");
    ok(json("null") == NGX_OK && value.type == NGX_WXAPP_VALUE_NULL, "null");

    field.required = 1;
    ok(refused(json("null"), "required"), "null where required");
}


/* decimals of up to 18 digits, against integers of 128 bits */

static __int128
scaled(const char *s)
{
    __int128  n = 0;
    int       places = -1, negative = (*s == '-');

    for (s += negative; *s; s++) {
        if (*s == '.') {
            places = 0;
            continue;
        }

        n = n * 10 + (*s - '0');
        places += (places >= 0);
    }

    for (places = places < 0 ? 0 : places; places < 9; places++) {
        n *= 10;
    }

    return negative ? -n : n;
}


static void
random_decimal(char *s)
{
    int  i, whole, places;

    whole = unit_random(10);
    places = unit_random(10);

    if (unit_random(2)) {
        *s++ = '-';
    }

    if (whole == 0) {
        *s++ = '0';
    }

    for (i = 0; i < whole; i++) {
        *s++ = i == 0 ? "123456789"[unit_random(9)] : "0019"[unit_random(4)];
    }

    if (places) {
        *s++ = '.';

        for (i = 0; i < places; i++) {
            *s++ = "0019"[unit_random(4)];
        }
    }

    *s = '\0';
}


static void
decimals(void)
{
    char        a[32], b[32], digits[80];
    __int128    x, y;
    ngx_int_t   low, high;
    ngx_uint_t  n, wrong;

    unit_pool();

    of(NGX_WXAPP_FIELD_DECIMAL, NULL, NULL);

    for (const char *const *good = (const char *[]) { "0", "-0", "0.0", "-0.00",
         "1", "-1.5", "0.1", "123456789.987654321", "10", "100.00", NULL };
         *good; good++)
    {
        ok(text(*good) == NGX_OK && value.type == NGX_WXAPP_VALUE_DECIMAL
           && equals(&value.text, *good), "decimal %s", *good);
    }

    for (const char *const *bad = (const char *[]) { "", "-", ".", "-.", ".5",
         "5.", "-.5", "+1", "00", "01", "-01", "1.2.3", "1..2", "1e5", "1E5",
         "0x1", "1,5", " 1", "1 ", "--1", "1-", "NaN", "Inf", "1_0", "\xd9\xa1",
         NULL }; *bad; bad++)
    {
        ok(refused(text(*bad), "type"), "no decimal: \"%s\"", *bad);
    }

    memset(digits, '9', sizeof(digits));
    digits[0] = '-';
    digits[36] = '.';
    digits[67] = '\0';
    ok(text(digits) == NGX_OK, "65 digits, sign and point");
    digits[67] = '9';
    digits[79] = '\0';
    ok(refused(text(digits), "type"), "more digits than any column");

    ok(json("1.50") == NGX_OK && equals(&value.text, "1.50"), "JSON number");
    ok(json("\"1.50\"") == NGX_OK && equals(&value.text, "1.50"),
       "JSON string");
    ok(refused(json("\"\""), "type"), "JSON empty string");
    ok(refused(json("\"\\u0000\""), "type"), "JSON NUL");
    ok(refused(json("1e2"), "type"), "JSON exponent");
    ok(refused(json("false"), "type"), "JSON bool");

    for (wrong = 0, n = 0; n < 30000; n++) {
        if (n % 256 == 0) {
            unit_pool();
        }

        random_decimal(a);
        random_decimal(b);

        if (unit_random(3) == 0) {
            strcpy(b, a);

            if (strchr(b, '.')) {
                strcat(b, "0");
            }
        }

        x = scaled(a);
        y = scaled(b);

        if (strlen(strchr(b, '.') ? strchr(b, '.') : "") > 10) {
            y = x;                              /* a and a zero more */
        }

        of(NGX_WXAPP_FIELD_DECIMAL, b, NULL);
        low = text(a);
        of(NGX_WXAPP_FIELD_DECIMAL, NULL, b);
        high = text(a);

        if ((low == NGX_OK) != (x >= y) || (high == NGX_OK) != (x <= y)) {
            if (wrong++ == 0) {
                printf("# %s and %s\n", a, b);
            }
        }
    }

    ok(wrong == 0, "30000 comparisons");
}


static void
strings(void)
{
    char  *s;

    unit_pool();

    of(NGX_WXAPP_FIELD_STRING, "2", "4");
    ok(text("ab") == NGX_OK && value.type == NGX_WXAPP_VALUE_TEXT
       && equals(&value.text, "ab"), "a string");
    ok(text("\xe8\x8c\xb6\xf0\x9f\x8d\xac") == NGX_OK, "two characters");
    ok(refused(text("\xf0\x9f\x8d\xac"), "min")
       && equals(&fault.message, "must have at least 2 characters"),
       "one character of four bytes");
    ok(text("\xe8\x8c\xb6\xe8\x8c\xb6\xe8\x8c\xb6\xe8\x8c\xb6") == NGX_OK,
       "four characters");
    ok(refused(text("abcde"), "max")
       && equals(&fault.message, "must have at most 4 characters"), "five");
    ok(refused(text("a\xff"), "encoding"), "no UTF-8");
    ok(refused(json("\"a\\u0000\""), "encoding"), "NUL");
    ok(refused(json("7"), "type"), "a number");

    of(NGX_WXAPP_FIELD_STRING, NULL, NULL);
    ok(text("") == NGX_OK && value.text.len == 0, "empty");

    s = (char *) ngx_pcalloc(pool, 70000);
    memset(s, 'x', 256);
    ok(refused(text(s), "max"), "256 characters without a bound");
    s[255] = '\0';
    ok(text(s) == NGX_OK, "255 characters");

    of(NGX_WXAPP_FIELD_STRING, NULL, "300");
    memset(s, 'x', 300);
    ok(text(s) == NGX_OK, "300 characters with a bound");

    of(NGX_WXAPP_FIELD_TEXT, NULL, NULL);
    memset(s, 'x', 65536);
    ok(refused(text(s), "max"), "65536 bytes of text");
    s[65535] = '\0';
    ok(text(s) == NGX_OK, "65535 bytes");

    of(NGX_WXAPP_FIELD_BOOL, NULL, NULL);
    ok(text("true") == NGX_OK && value.integer == 1, "true");
    ok(text("false") == NGX_OK && value.integer == 0
       && value.type == NGX_WXAPP_VALUE_INTEGER, "false");
    ok(refused(text(""), "type") && refused(text("True"), "type")
       && refused(text("1"), "type") && refused(text("truex"), "type"),
       "no bool");
    ok(json("true") == NGX_OK && value.integer == 1, "JSON true");
    ok(json("false") == NGX_OK && value.integer == 0, "JSON false");
    ok(refused(json("\"true\""), "type"), "JSON string");

    of(NGX_WXAPP_FIELD_JSON, NULL, NULL);
    ok(json(" { \"a\" : [ 1.50 , \"x\" ] } ") == NGX_OK
       && equals(&value.text, "{\"a\":[1.50,\"x\"]}"), "json");
    ok(json("\"s\"") == NGX_OK && equals(&value.text, "\"s\""), "a JSON text");
}


static void
times(void)
{
    char        s[64], expected[64];
    time_t      t;
    struct tm   tm;
    ngx_uint_t  wrong;

    static const char  *good[][2] = {
        { "2026-11-21T08:30:00Z", "2026-11-21 08:30:00" },
        { "2026-11-21t08:30:00z", "2026-11-21 08:30:00" },
        { "2026-11-21 08:30:00", "2026-11-21 08:30:00" },
        { "2026-11-21T08:30:00+08:00", "2026-11-21 00:30:00" },
        { "2026-11-21T08:30:00-23:59", "2026-11-22 08:29:00" },
        { "2026-11-21T08:30:00+23:59", "2026-11-20 08:31:00" },
        { "2026-11-21T08:30:00-00:00", "2026-11-21 08:30:00" },
        { "2026-11-21T08:30:00.1Z", "2026-11-21 08:30:00.1" },
        { "2026-11-21T08:30:00.123456+01:00", "2026-11-21 07:30:00.123456" },
        { "2026-11-21T08:30:00.000", "2026-11-21 08:30:00.000" },
        { "2024-02-29T23:59:59-00:01", "2024-03-01 00:00:59" },
        { "2000-02-29T00:00:00Z", "2000-02-29 00:00:00" },
        { "1970-01-01T00:00:00Z", "1970-01-01 00:00:00" },
        { "1970-01-01T00:00:00+00:01", "1969-12-31 23:59:00" },
        { "1969-12-31T23:59:59Z", "1969-12-31 23:59:59" },
        { "1900-03-01T00:00:00+00:01", "1900-02-28 23:59:00" },
        { "1000-01-01T00:00:00Z", "1000-01-01 00:00:00" },
        { "0001-01-01T00:00:00Z", "0001-01-01 00:00:00" },
        { "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999" },
        { "9999-12-31T23:59:59+01:00", "9999-12-31 22:59:59" },
        { NULL, NULL }
    };

    static const char  *bad[] = {
        "", "2026", "2026-11-21", "2026-11-21T", "2026-11-21T08:30",
        "2026-11-21T08:30Z", "2026-11-21T08:30:0Z", "2026-11-21T8:30:00Z",
        "2026-11-21T08:30:00ZZ", "2026-11-21T08:30:00Z ",
        " 2026-11-21T08:30:00Z", "2026-11-21T08:30:00+", "2026-11-21T08:30:00+8",
        "2026-11-21T08:30:00+0800", "2026-11-21T08:30:00+08:0",
        "2026-11-21T08:30:00+24:00", "2026-11-21T08:30:00+08:60",
        "2026-11-21T08:30:00+08-00", "2026-11-21T08:30:00+-8:00",
        "2026-11-21T08:30:00.Z", "2026-11-21T08:30:00.1234567Z",
        "2026-11-21T08:30:00,5Z", "2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z",
        "2026-11-21T23:59:60Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-00T00:00:00Z",
        "2026-11-31T00:00:00Z", "0000-01-01T00:00:00Z", "2026/11/21T00:00:00Z",
        "2026-11-21_00:00:00Z", "2026-11-21T-1:00:00Z", "+026-11-21T00:00:00Z",
        "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01",
        "2026-11-21T08:30:00Z.5", "2026-11-21T08.30.00Z", NULL
    };

    ngx_uint_t  i;

    unit_pool();
    of(NGX_WXAPP_FIELD_DATETIME, NULL, NULL);

    for (i = 0; good[i][0]; i++) {
        ok(text(good[i][0]) == NGX_OK && value.type == NGX_WXAPP_VALUE_TEXT
           && equals(&value.text, good[i][1]), "time %s", good[i][0]);
    }

    for (i = 0; bad[i]; i++) {
        ok(refused(text(bad[i]), "type"), "no time: \"%s\"", bad[i]);
    }

    /*
     * Each day from 1896 to 2104 and each 61st of 9999 years, at random times
     * and in random zones
     */

    for (i = 0, wrong = 0, t = -62135596800LL;
         t < 253402300800LL;
         t += (t > -2335219200LL && t < 4260211200LL) ? 86400 : 61 * 86400)
    {
        time_t  at, shown;
        int     minutes;

        if (i++ % 512 == 0) {
            unit_pool();
            of(NGX_WXAPP_FIELD_DATETIME, NULL, NULL);
        }

        at = t + unit_random(86400);
        minutes = (int) unit_random(2879) - 1439;
        shown = at + minutes * 60;

        if (shown < -62135596800LL || shown >= 253402300800LL) {
            continue;
        }

        gmtime_r(&shown, &tm);
        snprintf(s, sizeof(s), "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min, tm.tm_sec, minutes < 0 ? '-' : '+',
                 abs(minutes) / 60, abs(minutes) % 60);

        gmtime_r(&at, &tm);
        snprintf(expected, sizeof(expected), "%04d-%02d-%02d %02d:%02d:%02d",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min, tm.tm_sec);

        if (text(s) != NGX_OK || value.text.len != strlen(expected)
            || memcmp(value.text.data, expected, value.text.len) != 0)
        {
            if (wrong++ == 0) {
                printf("# %s should be %s\n", s, expected);
            }
        }
    }

    ok(wrong == 0, "the days of 9999 years in some zone, as gmtime() has it");

    /* dates: valid or not as timegm() sees it */

    unit_pool();
    of(NGX_WXAPP_FIELD_DATE, NULL, NULL);

    for (wrong = 0, i = 0; i < 30000; i++) {
        int         y, m, d;
        ngx_uint_t  valid;

        if (i % 512 == 0) {
            unit_pool();
            of(NGX_WXAPP_FIELD_DATE, NULL, NULL);
        }

        y = unit_random(10000);
        m = unit_random(14);
        d = unit_random(4) ? 27 + unit_random(6) : unit_random(100);

        memset(&tm, 0, sizeof(tm));
        tm.tm_year = y - 1900;
        tm.tm_mon = m - 1;
        tm.tm_mday = d;
        timegm(&tm);
        valid = (y >= 1 && tm.tm_year == y - 1900 && tm.tm_mon == m - 1
                 && tm.tm_mday == d);

        snprintf(s, sizeof(s), "%04d-%02d-%02d", y, m, d);

        if ((text(s) == NGX_OK) != valid
            || (valid && !equals(&value.text, s)))
        {
            if (wrong++ == 0) {
                printf("# %s\n", s);
            }
        }
    }

    ok(wrong == 0, "30000 dates, as timegm() has it");

    for (const char *const *no = (const char *[]) { "", "2026-11-2",
         "2026-11-21T00:00:00Z", "2026-11-21 ", "20261121", "2026-1-21",
         "2026-11-2x", "-026-11-21", NULL }; *no; no++)
    {
        ok(refused(text(*no), "type"), "no date: \"%s\"", *no);
    }
}


static void
binaries(void)
{
    char        *s;
    u_char       raw[40];
    size_t       len, i;
    ngx_str_t    in, b64;
    ngx_uint_t   n, wrong;

    unit_pool();
    of(NGX_WXAPP_FIELD_BINARY, NULL, NULL);

    ok(text("aGVsbG8=") == NGX_OK && value.type == NGX_WXAPP_VALUE_TEXT
       && equals(&value.text, "hello"), "base64");
    ok(text("") == NGX_OK && value.text.len == 0, "nothing");
    ok(text("AA==") == NGX_OK && value.text.len == 1
       && value.text.data[0] == 0, "a zero");
    ok(json("\"AA==\"") == NGX_OK && value.text.len == 1, "JSON string");
    ok(refused(json("7"), "type"), "JSON number");

    for (const char *const *bad = (const char *[]) { "a", "aG", "aGV", "aGVs=",
         "=", "==", "===", "====", "a===", "aG=s", "aG==aGVs", "aGVsbG8",
         "aGVs bG8", "aGV\n", "aG_-", "aGV\xff", " AA=", "AA= ", NULL };
         *bad; bad++)
    {
        ok(refused(text(*bad), "type"), "no base64: \"%s\"", *bad);
    }

    of(NGX_WXAPP_FIELD_BINARY, "2", "3");
    ok(refused(text("AA=="), "min")
       && equals(&fault.message, "must have at least 2 bytes"), "one byte");
    ok(text("AAA=") == NGX_OK && text("AAAA") == NGX_OK, "two and three");
    ok(refused(text("AAAAAA=="), "max")
       && equals(&fault.message, "must have at most 3 bytes"), "four");

    of(NGX_WXAPP_FIELD_BINARY, NULL, NULL);
    s = ngx_pnalloc(pool, 87384 + 5);
    memset(s, 'A', 87384);
    strcpy(s + 87380, "");
    ok(text(s) == NGX_OK && value.text.len == 65535, "65535 bytes");
    strcpy(s + 87380, "AA==");
    ok(refused(text(s), "max"), "65536 bytes");

    for (wrong = 0, n = 0; n < 3000; n++) {
        unit_pool();
        of(NGX_WXAPP_FIELD_BINARY, NULL, NULL);

        len = unit_random(sizeof(raw));

        for (i = 0; i < len; i++) {
            raw[i] = unit_random(256);
        }

        in = bytes(raw, len);
        b64.data = ngx_pnalloc(pool, ngx_base64_encoded_length(len) + 1);
        ngx_encode_base64(&b64, &in);
        b64 = bytes(b64.data, b64.len);

        wrong += ngx_wxapp_field_text(&field, pool, &b64, &value, &fault)
                 != NGX_OK
                 || value.text.len != len
                 || memcmp(value.text.data, raw, len) != 0;
    }

    ok(wrong == 0, "any bytes there and back");
}


/* "a|b|c" */

static ngx_array_t *
words(const char *s)
{
    const char   *end;
    ngx_str_t    *word;
    ngx_array_t  *array;

    array = ngx_array_create(pool, 4, sizeof(ngx_str_t));

    for ( ;; s = end + 1) {
        end = strchrnul(s, '|');
        word = ngx_array_push(array);
        *word = bytes(s, end - s);

        if (*end == '\0') {
            return array;
        }
    }
}


static void
regex(const char *s, ngx_wxapp_pattern_t *pattern)
{
    u_char               err[256];
    ngx_regex_compile_t  rc;

    memset(&rc, 0, sizeof(rc));

    rc.pattern = str(s);
    rc.pool = pool;
    rc.err.data = err;
    rc.err.len = sizeof(err);

    ok(ngx_regex_compile(&rc) == NGX_OK, "%s compiles", s);

    field.regex = rc.regex;
    field.pattern = pattern;
}


static void
rules(void)
{
    static ngx_wxapp_pattern_t  pattern = { ngx_string("regex"), NULL, "told" };

    unit_pool();

    of(NGX_WXAPP_FIELD_STRING, NULL, NULL);
    field.words = words("a|bc|\xe8\x8c\xb6");
    ok(text("a") == NGX_OK && text("bc") == NGX_OK
       && text("\xe8\x8c\xb6") == NGX_OK, "the words");
    ok(refused(text("b"), "enum") && refused(text(""), "enum")
       && refused(text("a|bc"), "enum") && refused(text("A"), "enum"),
       "no words");
    ok(equals(&fault.message, "must be one of a, bc, \xe8\x8c\xb6"),
       "they are told");

    of(NGX_WXAPP_FIELD_INT, NULL, NULL);
    field.words = words("1|-2");
    ok(text("1") == NGX_OK && text("-2") == NGX_OK && text("01") == NGX_OK
       && json("-2") == NGX_OK, "numbers");
    ok(refused(text("2"), "enum") && refused(text("11"), "enum")
       && refused(text("-1"), "enum"), "no such numbers");

    of(NGX_WXAPP_FIELD_DECIMAL, NULL, NULL);
    field.words = words("0|1.5");
    ok(text("1.500") == NGX_OK && text("-0.0") == NGX_OK, "equal decimals");
    ok(refused(text("1.51"), "enum"), "another decimal");

    of(NGX_WXAPP_FIELD_STRING, "3", "3");
    field.length = 1;
    ok(text("\xe8\x8c\xb6xx") == NGX_OK, "exactly");
    ok(refused(text("xx"), "length") && refused(text("xxxx"), "length")
       && equals(&fault.message, "must have exactly 3 characters"),
       "not exactly");

    of(NGX_WXAPP_FIELD_STRING, NULL, "3");
    regex("(*UTF)^[a-z]+\\z", &pattern);
    ok(text("abc") == NGX_OK, "a match");
    ok(refused(text("ABC"), "regex") && equals(&fault.message, "told"),
       "no match");
    ok(refused(text("ab\n"), "regex"), "a line end");
    ok(refused(text("abcd"), "max"), "the bounds come first");
    ok(refused(text("\xff"), "encoding"), "and UTF-8");
    ok(refused(text(""), "regex"), "an empty one");

    of(NGX_WXAPP_FIELD_STRING, NULL, NULL);
    regex("^(a+)+\\z", &pattern);
    ok(refused(text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), "regex"),
       "too many steps");

    of(NGX_WXAPP_FIELD_BIGINT, NULL, NULL);
    field.as_string = 1;
    ok(json("\"7\"") == NGX_OK && value.type == NGX_WXAPP_VALUE_INTEGER
       && value.integer == 7, "a string as a number");
    ok(json("7") == NGX_OK && value.integer == 7, "and a number");
    ok(refused(json("\"\""), "type") && refused(json("\"7 \""), "type")
       && refused(json("true"), "type"), "neither");

    of(NGX_WXAPP_FIELD_JSON, NULL, NULL);
    ok(text(" {\"a\": 1} ") == NGX_OK && equals(&value.text, "{\"a\":1}"),
       "JSON of a text");
    ok(refused(text("{"), "type") && refused(text(""), "type")
       && refused(text("\xff"), "type"), "none");
}


static ngx_int_t
texts(ngx_uint_t n, ...)
{
    va_list     args;
    ngx_str_t   s[8];
    ngx_uint_t  i;

    va_start(args, n);

    for (i = 0; i < n; i++) {
        s[i] = str(va_arg(args, const char *));
    }

    va_end(args);

    memset(&value, 0xee, sizeof(value));
    memset(&fault, 0xee, sizeof(fault));

    return ngx_wxapp_field_texts(&field, pool, s, n, &value, &fault);
}


static void
list(ngx_wxapp_field_type_e type)
{
    of(type, NULL, NULL);
    field.list = 1;
    field.max_items = 3;
}


static void
lists(void)
{
    unit_pool();

    list(NGX_WXAPP_FIELD_INT);
    ok(json("[1,-2]") == NGX_OK && value.type == NGX_WXAPP_VALUE_LIST
       && value.nitems == 2 && value.items[0].integer == 1
       && value.items[1].integer == -2 && equals(&value.text, "[1,-2]"),
       "a list");
    ok(json("[]") == NGX_OK && value.nitems == 0 && value.items
       && equals(&value.text, "[]"), "an empty one");
    ok(json("null") == NGX_OK && value.type == NGX_WXAPP_VALUE_NULL, "null");
    ok(refused(json("1"), "type") && refused(json("\"1\""), "type")
       && refused(json("{}"), "type")
       && equals(&fault.message, "must be an array"), "no list");
    ok(refused(json("[1,null]"), "type")
       && equals(&fault.message, "item 2 must be an integer of 32 bits")
       && equals(&fault.field, "f"), "null in it");
    ok(refused(json("[[1]]"), "type"), "a list in it");
    ok(refused(json("[1,2,3,4]"), "max_items")
       && equals(&fault.message, "must have at most 3 items"), "too long");
    ok(texts(2, "1", "2") == NGX_OK && value.nitems == 2
       && equals(&value.text, "[1,2]"), "of texts");
    ok(texts(0) == NGX_OK && value.nitems == 0, "of none");
    ok(refused(texts(3, "1", "2", "x"), "type")
       && equals(&fault.message, "item 3 must be an integer of 32 bits"),
       "a wrong text");
    ok(refused(texts(4, "x", "x", "x", "x"), "max_items"), "too many texts");

    field.min_items = 2;
    ok(refused(json("[1]"), "min_items") && refused(texts(1, "1"), "min_items")
       && equals(&fault.message, "must have at least 2 items"), "too short");

    field.required = 1;
    ok(refused(json("null"), "required"), "null where required");

    list(NGX_WXAPP_FIELD_STRING);
    field.max = str("2");
    field.words = words("a|b\"");
    ok(json("[\"a\",\"b\\\"\"]") == NGX_OK
       && equals(&value.text, "[\"a\",\"b\\\"\"]")
       && equals(&value.items[1].text, "b\""), "strings");
    ok(refused(json("[\"a\",\"c\"]"), "enum")
       && equals(&fault.message, "item 2 must be one of a, b\""), "enum");
    ok(refused(json("[\"abc\"]"), "max")
       && equals(&fault.message, "item 1 must have at most 2 characters"),
       "max");

    list(NGX_WXAPP_FIELD_DATETIME);
    ok(json("[\"2026-11-21T08:30:00+08:00\"]") == NGX_OK
       && equals(&value.text, "[\"2026-11-21T00:30:00Z\"]")
       && equals(&value.items[0].text, "2026-11-21 00:30:00"), "times");

    list(NGX_WXAPP_FIELD_BOOL);
    ok(json("[true,false]") == NGX_OK && equals(&value.text, "[true,false]")
       && value.items[0].integer == 1 && value.items[1].integer == 0,
       "bools");

    list(NGX_WXAPP_FIELD_BINARY);
    ok(texts(2, "AA==", "") == NGX_OK && equals(&value.text, "[\"AA==\",\"\"]")
       && value.items[0].text.len == 1, "bytes");

    list(NGX_WXAPP_FIELD_BIGINT);
    field.as_string = 1;
    ok(json("[\"1\",2]") == NGX_OK && equals(&value.text, "[\"1\",\"2\"]"),
       "numbers as strings");
}


static ngx_str_t
written(ngx_wxapp_field_type_e type, ngx_str_t s)
{
    static ngx_str_t  out;
    ngx_wxapp_text_t  t;

    of(type, NULL, NULL);
    ngx_wxapp_text_init(&t, pool, 1);
    ngx_wxapp_json_open(&t, '[');
    ngx_wxapp_field_write(&field, &t, &s);
    ngx_wxapp_field_write(&field, &t, &s);
    ngx_wxapp_json_close(&t, ']');

    if (ngx_wxapp_text_done(&t, &out) != NGX_OK) {
        ngx_str_null(&out);
    }

    return out;
}


static void
writing(void)
{
    size_t                  len, i;
    u_char                  buf[40];
    ngx_str_t               s, out, null = ngx_null_string;
    ngx_uint_t              n, type, wrong;
    const char             *error;
    ngx_wxapp_text_t        t;
    ngx_wxapp_json_node_t  *root;

    static struct {
        ngx_wxapp_field_type_e  type;
        const char             *in, *out;
    } cases[] = {
        { NGX_WXAPP_FIELD_INT, "-5", "[-5,-5]" },
        { NGX_WXAPP_FIELD_BIGINT, "18446744073709551615",
          "[18446744073709551615,18446744073709551615]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1.50", "[1.50,1.50]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1e300", "[1e300,1e300]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1.2345e-7", "[1.2345e-7,1.2345e-7]" },
        { NGX_WXAPP_FIELD_DECIMAL, "-1.5E+10", "[-1.5E+10,-1.5E+10]" },
        { NGX_WXAPP_FIELD_DECIMAL, "-0", "[-0,-0]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1e", "[\"1e\",\"1e\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1e+", "[\"1e+\",\"1e+\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "e5", "[\"e5\",\"e5\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1e5.5", "[\"1e5.5\",\"1e5.5\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "01e5", "[\"01e5\",\"01e5\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "1.e5", "[\"1.e5\",\"1.e5\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "inf", "[\"inf\",\"inf\"]" },
        { NGX_WXAPP_FIELD_BINARY, "hello", "[\"aGVsbG8=\",\"aGVsbG8=\"]" },
        { NGX_WXAPP_FIELD_BINARY, "", "[\"\",\"\"]" },
        { NGX_WXAPP_FIELD_INT, "007", "[\"007\",\"007\"]" },
        { NGX_WXAPP_FIELD_INT, "", "[\"\",\"\"]" },
        { NGX_WXAPP_FIELD_INT, "-", "[\"-\",\"-\"]" },
        { NGX_WXAPP_FIELD_DECIMAL, "5.", "[\"5.\",\"5.\"]" },
        { NGX_WXAPP_FIELD_STRING, "a\"b", "[\"a\\\"b\",\"a\\\"b\"]" },
        { NGX_WXAPP_FIELD_BOOL, "0", "[false,false]" },
        { NGX_WXAPP_FIELD_BOOL, "1", "[true,true]" },
        { NGX_WXAPP_FIELD_BOOL, "2", "[true,true]" },
        { NGX_WXAPP_FIELD_DATETIME, "2026-11-21 08:30:00",
          "[\"2026-11-21T08:30:00Z\",\"2026-11-21T08:30:00Z\"]" },
        { NGX_WXAPP_FIELD_DATETIME, "2026-11-21 08:30:00.123456",
          "[\"2026-11-21T08:30:00.123456Z\",\"2026-11-21T08:30:00.123456Z\"]" },
        { NGX_WXAPP_FIELD_DATETIME, "2026-11-21 08:30:00.1234567",
          "[\"2026-11-21 08:30:00.1234567\",\"2026-11-21 08:30:00.1234567\"]" },
        { NGX_WXAPP_FIELD_DATETIME, "2026-11-21", "[\"2026-11-21\",\"2026-11-21\"]" },
        { NGX_WXAPP_FIELD_DATETIME, "0000-00-00 00:00:00", "[null,null]" },
        { NGX_WXAPP_FIELD_DATE, "2026-11-21", "[\"2026-11-21\",\"2026-11-21\"]" },
        { NGX_WXAPP_FIELD_DATE, "0000-00-00", "[null,null]" },
        { NGX_WXAPP_FIELD_JSON, "{\"a\":[1]}", "[{\"a\":[1]},{\"a\":[1]}]" },
        { NGX_WXAPP_FIELD_JSON, "{broken", "[\"{broken\",\"{broken\"]" },
        { NGX_WXAPP_FIELD_JSON, "", "[\"\",\"\"]" },
        { NGX_WXAPP_FIELD_JSON, "1],[2", "[\"1],[2\",\"1],[2\"]" },
        { NGX_WXAPP_FIELD_JSON, "1,2", "[\"1,2\",\"1,2\"]" },
        { NGX_WXAPP_FIELD_TYPES, NULL, NULL }
    };

    unit_pool();

    for (n = 0; cases[n].in; n++) {
        out = written(cases[n].type, str(cases[n].in));
        ok(equals(&out, cases[n].out), "%.*s of \"%s\"",
           (int) ngx_wxapp_field_types[cases[n].type].len,
           ngx_wxapp_field_types[cases[n].type].data, cases[n].in);
    }

    out = written(NGX_WXAPP_FIELD_BOOL, bytes("\0", 1));
    ok(equals(&out, "[false,false]"), "bool of BIT(1) 0");
    out = written(NGX_WXAPP_FIELD_BOOL, bytes("\1", 1));
    ok(equals(&out, "[true,true]"), "bool of BIT(1) 1");

    for (type = 0; type < NGX_WXAPP_FIELD_TYPES; type++) {
        out = written(type, null);
        ok(equals(&out, "[null,null]"), "NULL of %.*s",
           (int) ngx_wxapp_field_types[type].len, ngx_wxapp_field_types[type].data);
    }

    of(NGX_WXAPP_FIELD_BIGINT, NULL, NULL);
    field.as_string = 1;
    s = str("9007199254740993");
    ngx_wxapp_text_init(&t, pool, 1);
    ngx_wxapp_field_write(&field, &t, &s);
    ok(ngx_wxapp_text_done(&t, &out) == NGX_OK
       && equals(&out, "\"9007199254740993\""), "a number as a string");

    list(NGX_WXAPP_FIELD_BIGINT);
    s = str("[1,2]");
    ngx_wxapp_text_init(&t, pool, 1);
    ngx_wxapp_field_write(&field, &t, &s);
    ok(ngx_wxapp_text_done(&t, &out) == NGX_OK && equals(&out, "[1,2]"),
       "a column of a list");

    /* whatever a column holds, it goes out as two JSON values */

    for (type = 0; type < NGX_WXAPP_FIELD_TYPES; type++) {
        for (wrong = 0, n = 0; n < 3000; n++) {
            if (n % 64 == 0) {
                unit_pool();
            }

            len = unit_random(sizeof(buf));

            for (i = 0; i < len; i++) {
                buf[i] = unit_random(3)
                         ? (u_char) "0123456789-.:, T[]{}\"\\eEtrufalsn"[unit_random(33)]
                         : (u_char) unit_random(256);
            }

            s = bytes(buf, len);
            out = written(type, s);
            out = bytes(out.data, out.len);

            if (ngx_wxapp_json_parse(pool, &out, &root, &error) != NGX_OK
                || root->type != NGX_WXAPP_JSON_ARRAY || root->first == NULL
                || root->first->next == NULL || root->first->next->next)
            {
                if (wrong++ == 0) {
                    printf("# %.*s\n", (int) out.len, out.data);
                }
            }
        }

        ok(wrong == 0, "any bytes as %.*s", (int) ngx_wxapp_field_types[type].len,
           ngx_wxapp_field_types[type].data);
    }
}


static void
no_memory(void)
{
    ngx_int_t               n, rc;
    ngx_str_t               s;
    ngx_uint_t              i;
    const char             *error;
    ngx_wxapp_json_node_t  *node;

    static struct {
        ngx_wxapp_field_type_e  type;
        const char             *text;
        ngx_int_t               rc;
    } cases[] = {
        { NGX_WXAPP_FIELD_DATETIME, "2026-11-21T08:30:00Z", NGX_OK },
        { NGX_WXAPP_FIELD_INT, "99", NGX_DECLINED },
        { NGX_WXAPP_FIELD_DECIMAL, "99.5", NGX_DECLINED },
        { NGX_WXAPP_FIELD_STRING, "too long for it", NGX_DECLINED },
        { NGX_WXAPP_FIELD_BINARY, "AAAA", NGX_OK },
        { NGX_WXAPP_FIELD_BINARY, "AAAAAAAAAAAAAAAA", NGX_DECLINED },
        { NGX_WXAPP_FIELD_JSON, "{\"a\":[1]}", NGX_OK },
        { NGX_WXAPP_FIELD_TYPES, NULL, 0 }
    };

    for (i = 0; cases[i].text; i++) {
        for (n = 0; n < 20; n++) {
            unit_pool();
            of(cases[i].type, NULL,
               cases[i].rc == NGX_DECLINED ? "9" : NULL);
            s = str(cases[i].text);

            unit_mallocs = n;
            rc = ngx_wxapp_field_text(&field, pool, &s, &value, &fault);
            unit_mallocs = -1;

            if (rc != NGX_ERROR) {
                break;
            }
        }

        ok(rc == cases[i].rc && n > 0 && n < 20, "out of memory with %s",
           cases[i].text);
    }

    /* lists, good and with a fault in an item */

    for (i = 0; i < 3; i++) {
        for (n = 0; n < 40; n++) {
            unit_pool();
            list(NGX_WXAPP_FIELD_STRING);
            field.words = words("a|b");
            field.max_items = (i == 2) ? 1 : 3;
            s = str(i ? "[\"a\",\"c\"]" : "[\"a\",\"b\"]");
            ok(ngx_wxapp_json_parse(pool, &s, &node, &error) == NGX_OK,
               "parsed");

            unit_mallocs = n;
            rc = ngx_wxapp_field_json(&field, pool, node, &value, &fault);
            unit_mallocs = -1;

            if (rc != NGX_ERROR) {
                break;
            }
        }

        ok(rc == (i ? NGX_DECLINED : NGX_OK) && n > 0 && n < 40,
           "out of memory with a list, %d", (int) i);
    }
}


int
main(void)
{
    types();
    bounds();
    integers();
    decimals();
    strings();
    times();
    binaries();
    rules();
    lists();
    writing();
    no_memory();

    return unit_done();
}
