
/*
 * Forms: pairs of names and values, decoded.
 */


#include "base/ngx_wxapp_form.h"
#include "unit.h"


static ngx_array_t  pairs;


static ngx_int_t
parse(const char *s)
{
    ngx_str_t  in = str(s);

    return ngx_wxapp_form_parse(pool, &in, &pairs);
}


/* all pairs as "name=value," with a "!" before one that is malformed */

static ngx_uint_t
is(const char *in, const char *expected)
{
    char               out[512], *p;
    ngx_str_t          s;
    ngx_uint_t         i;
    ngx_wxapp_pair_t  *pair;

    if (parse(in) != NGX_OK) {
        return 0;
    }

    p = out;
    pair = pairs.elts;

    for (i = 0; i < pairs.nelts; i++) {
        p += sprintf(p, "%s%.*s=%.*s,", pair[i].malformed ? "!" : "",
                     (int) pair[i].name.len, pair[i].name.data,
                     (int) pair[i].value.len, pair[i].value.data);
    }

    *p = '\0';
    s.data = (u_char *) out;
    s.len = p - out;

    return equals(&s, expected);
}


static void
forms(void)
{
    ngx_uint_t         i;
    ngx_wxapp_pair_t  *pair;

    static const char  *cases[][2] = {
        { "", "" },
        { "a=1", "a=1," },
        { "a=1&b=2", "a=1,b=2," },
        { "a", "a=," },
        { "a=", "a=," },
        { "=1", "=1," },
        { "=", "=," },
        { "&", "" },
        { "&&a=1&&b&", "a=1,b=," },
        { "a=b=c", "a=b=c," },
        { "a==", "a==," },
        { "a=1;b=2", "a=1;b=2," },
        { "a+b=c+d", "a b=c d," },
        { "a%20b=%2B", "a b=+," },
        { "%61=%e8%8c%B6", "a=\xe8\x8c\xb6," },
        { "a=%26%3D%25", "a=&=%," },
        { "a=%", "!a=%," },
        { "a=%4", "!a=%4," },
        { "a=%4&b=1", "!a=%4,b=1," },
        { "a=%zz", "!a=%zz," },
        { "a=%%34", "!a=%4," },
        { "%=1", "!%=1," },
        { "%4=1&b", "!%4=1,b=," },
        { "a=%-1", "!a=%-1," },
        { "a=%+1", "!a=% 1," },
        { "a=\xff", "a=\xff," },
        { NULL, NULL }
    };

    unit_pool();

    for (i = 0; cases[i][0]; i++) {
        ok(is(cases[i][0], cases[i][1]), "\"%s\"", cases[i][0]);
    }

    ok(parse("a%00b=%00") == NGX_OK && pairs.nelts == 1, "NUL");
    pair = pairs.elts;
    ok(pair->name.len == 3 && memcmp(pair->name.data, "a\0b", 3) == 0
       && pair->value.len == 1 && pair->value.data[0] == 0
       && !pair->malformed, "NUL stays");
}


static void
many(void)
{
    u_char      *text;
    ngx_str_t    s;
    ngx_uint_t   i;

    unit_pool();

    text = ngx_pnalloc(pool, 2 * (NGX_WXAPP_FORM_PAIRS + 1));

    for (i = 0; i <= NGX_WXAPP_FORM_PAIRS; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = '&';
    }

    s = bytes(text, 2 * NGX_WXAPP_FORM_PAIRS);
    ok(ngx_wxapp_form_parse(pool, &s, &pairs) == NGX_OK
       && pairs.nelts == NGX_WXAPP_FORM_PAIRS, "as many as may be");

    s = bytes(text, 2 * NGX_WXAPP_FORM_PAIRS + 1);
    ok(ngx_wxapp_form_parse(pool, &s, &pairs) == NGX_DECLINED
       && pairs.nelts == NGX_WXAPP_FORM_PAIRS, "one more");
}


/* what is encoded comes back, whatever the bytes */

static void
there_and_back(void)
{
    u_char             raw[2][16], *p;
    size_t             len[2], i, k;
    ngx_str_t          s;
    ngx_uint_t         n, wrong;
    ngx_wxapp_pair_t  *pair;

    for (wrong = 0, n = 0; n < 5000; n++) {
        unit_pool();

        s.data = ngx_pnalloc(pool, 128);
        p = s.data;

        for (k = 0; k < 2; k++) {
            len[k] = unit_random(sizeof(raw[k]));

            for (i = 0; i < len[k]; i++) {
                raw[k][i] = unit_random(256);
                p += sprintf((char *) p, unit_random(2) ? "%%%02x" : "%%%02X",
                             raw[k][i]);
            }

            *p++ = k ? '&' : '=';
        }

        s = bytes(s.data, p - s.data);

        if (ngx_wxapp_form_parse(pool, &s, &pairs) != NGX_OK
            || pairs.nelts != 1)
        {
            wrong++;
            continue;
        }

        pair = pairs.elts;

        wrong += pair->malformed || pair->name.len != len[0]
                 || memcmp(pair->name.data, raw[0], len[0]) != 0
                 || pair->value.len != len[1]
                 || memcmp(pair->value.data, raw[1], len[1]) != 0;
    }

    ok(wrong == 0, "5000 pairs there and back");
}


static void
no_memory(void)
{
    ngx_int_t  n, rc;
    ngx_str_t  s;

    for (n = 0; n < 20; n++) {
        unit_pool();
        s = str("a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10");

        unit_mallocs = n;
        rc = ngx_wxapp_form_parse(pool, &s, &pairs);
        unit_mallocs = -1;

        if (rc != NGX_ERROR) {
            break;
        }
    }

    ok(rc == NGX_OK && n > 0 && n < 20 && pairs.nelts == 10, "out of memory");
}


int
main(void)
{
    forms();
    many();
    there_and_back();
    no_memory();

    return unit_done();
}
