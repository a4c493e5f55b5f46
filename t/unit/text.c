
/*
 * Growing texts, UTF-8, the nearest name.
 */


#include "base/ngx_wxapp_text.h"
#include "unit.h"


static void
growing(void)
{
    size_t            i, size;
    ngx_str_t         s;
    ngx_wxapp_text_t  t;

    for (size = 0; size < 20; size++) {
        unit_pool();
        ngx_wxapp_text_init(&t, pool, size);

        for (i = 0; i < 300; i++) {
            ngx_wxapp_text_put(&t, "abcdefghij", i % 11);
        }

        if (ngx_wxapp_text_done(&t, &s) != NGX_OK) {
            break;
        }

        for (i = 0; i < s.len; i++) {
            if (s.data[i] < 'a' || s.data[i] > 'j') {
                break;
            }
        }

        if (s.len != 1488 || i != s.len) {
            break;
        }
    }

    ok(size == 20, "texts of any first size grow");

    unit_pool();
    ngx_wxapp_text_init(&t, pool, 4);
    ngx_wxapp_text_put(&t, NULL, 0);
    ok(ngx_wxapp_text_done(&t, &s) == NGX_OK && s.len == 0, "nothing put");

    ngx_wxapp_text_put(&t, "abcd", 4);
    ok(t.pos == t.end, "full to the byte");
    ngx_wxapp_text_cstr(&t, "");
    ok(t.pos == t.end, "an empty C string needs no room");
    ngx_wxapp_text_int(&t, INT64_MIN);
    ngx_wxapp_text_put(&t, " ", 1);
    ngx_wxapp_text_int(&t, INT64_MAX);
    ngx_wxapp_text_put(&t, " ", 1);
    ngx_wxapp_text_int(&t, 0);
    ok(ngx_wxapp_text_done(&t, &s) == NGX_OK
       && equals(&s, "abcd-9223372036854775808 9223372036854775807 0"),
       "numbers");

    ok(ngx_wxapp_text_reserve(&t, 100000) == NGX_OK
       && (size_t) (t.end - t.pos) >= 100000
       && ngx_wxapp_text_done(&t, &s) == NGX_OK && s.len == 46,
       "room for more than twice the size, with what was there");
}


static void
no_memory(void)
{
    ngx_int_t         n;
    ngx_str_t         s;
    ngx_wxapp_text_t  t;

    for (n = 0; n < 40; n++) {
        unit_pool();
        unit_mallocs = n;

        ngx_wxapp_text_init(&t, pool, 1);
        ngx_wxapp_text_cstr(&t, "some text that grows");
        ngx_wxapp_text_int(&t, 42);
        ngx_wxapp_text_str(&t, &(ngx_str_t) ngx_string(", and more, and more"));

        if (ngx_wxapp_text_done(&t, &s) == NGX_OK) {
            break;
        }

        ngx_wxapp_text_put(&t, "x", 1);

        if (ngx_wxapp_text_reserve(&t, 1) != NGX_ERROR || !t.failed) {
            n = 1000;
        }
    }

    unit_mallocs = -1;
    ok(n > 0 && n < 40, "out of memory at any point is told at the end");
}


/* by the definition: what the encoder makes is valid, all else is not */

static size_t
encode(u_char *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = 0xc0 | (c >> 6);
        p[1] = 0x80 | (c & 0x3f);
        return 2;
    }

    if (c < 0x10000) {
        p[0] = 0xe0 | (c >> 12);
        p[1] = 0x80 | ((c >> 6) & 0x3f);
        p[2] = 0x80 | (c & 0x3f);
        return 3;
    }

    p[0] = 0xf0 | (c >> 18);
    p[1] = 0x80 | ((c >> 12) & 0x3f);
    p[2] = 0x80 | ((c >> 6) & 0x3f);
    p[3] = 0x80 | (c & 0x3f);
    return 4;
}


static void
utf8(void)
{
    u_char        *p;
    size_t         n, chars;
    uint32_t       c, wrong, valid;
    ngx_uint_t     good;
    ngx_str_t      s;

    unit_pool();
    p = ngx_pnalloc(pool, 4);

    for (wrong = 0, c = 0; c < 0x200000; c++) {
        n = encode(p, c);
        good = (c != 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));

        if ((ngx_wxapp_utf8(p, n, &chars) == NGX_OK) != good
            || (good && chars != 1))
        {
            wrong++;
        }
    }

    ok(wrong == 0, "every code point, the surrogates and above the last");

    /* two bytes: 127 + 127^2 - ... counted by the definition */

    for (valid = 0, c = 0; c < 0x10000; c++) {
        p[0] = c >> 8;
        p[1] = c;
        valid += (ngx_wxapp_utf8(p, 2, NULL) == NGX_OK);
    }

    ok(valid == 127 * 127 + (0x800 - 0x80), "all pairs of bytes");

    for (valid = 0, c = 0; c < 0x1000000; c += 1) {
        p[0] = c >> 16;
        p[1] = c >> 8;
        p[2] = c;

        if (p[0] >= 0xe0 || (p[0] & 0xc0) == 0x80) {
            valid += (ngx_wxapp_utf8(p, 3, NULL) == NGX_OK);

        } else {
            c |= 0xffff;
        }
    }

    ok(valid == 0x10000 - 0x800 - 0x800, "all triples behind a long lead");

    s = str("a\xe8\x8c\xb6\xf0\x9f\x8d\xac" "b");
    ok(ngx_wxapp_utf8(s.data, s.len, &chars) == NGX_OK && chars == 4, "mixed");

    for (n = 1; n < s.len; n++) {
        ngx_str_t  cut = bytes(s.data, n);

        good = (n == 1 || n == 4 || n == 8);
        if ((ngx_wxapp_utf8(cut.data, cut.len, NULL) == NGX_OK) != good) {
            break;
        }
    }

    ok(n == s.len, "cut anywhere");

    s = bytes("a\0b", 3);
    ok(ngx_wxapp_utf8(s.data, s.len, NULL) == NGX_ERROR, "NUL");

    chars = 7;
    ok(ngx_wxapp_utf8(s.data, 0, &chars) == NGX_OK && chars == 0, "nothing");
}


static void
nearest(void)
{
    u_char      a[300];
    ngx_str_t   s, *found;

    struct {
        ngx_uint_t  before;
        ngx_str_t   name;
    } names[] = {
        { 1, ngx_string("secret_file") },
        { 2, ngx_string("appid") },
        { 3, ngx_string("api") },
        { 4, ngx_string("price") },
        { 5, ngx_string("") }
    };

#define near(word)                                                            \
    (s = str(word), found = ngx_wxapp_nearest(&s, &names[0].name, 5,          \
                                              sizeof(names[0])))

    ok(near("secret_fil") && equals(found, "secret_file"), "a letter missing");
    ok(near("apid") && equals(found, "appid"), "the nearer of two");
    ok(near("appid") && equals(found, "appid"), "the same");
    ok(near("prise") && equals(found, "price"), "another letter");
    ok(near("PRICE") == NULL, "all letters other");
    ok(near("banana") == NULL, "nothing near");
    ok(near("") == NULL, "nothing is near nothing");
    ok(near("x") == NULL, "one letter");

    memset(a, 'a', sizeof(a));
    s = bytes(a, 64);
    found = ngx_wxapp_nearest(&s, &s, 1, sizeof(s));
    ok(found == &s, "64 letters");

    s = bytes(a, 65);
    ok(ngx_wxapp_nearest(&s, &names[0].name, 5, sizeof(names[0])) == NULL,
       "a word too long to compare");

    s = bytes(a, 300);
    ok(ngx_wxapp_nearest(&names[0].name, &s, 1, sizeof(s)) == NULL,
       "a name too long to compare");
    ok(ngx_wxapp_nearest(&s, NULL, 0, 1) == NULL, "no names");
}


int
main(void)
{
    growing();
    no_memory();
    utf8();
    nearest();

    return unit_done();
}
