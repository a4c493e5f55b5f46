
/*
 * JSON in and out.
 */


#include "base/ngx_wxapp_json.h"
#include "unit.h"


static ngx_int_t
parse(ngx_str_t *s, ngx_wxapp_json_node_t **root, const char **error)
{
    *root = NULL;
    *error = NULL;

    return ngx_wxapp_json_parse(pool, s, root, error);
}


/* the text that the parsed text is written as; NULL if it is none */

static ngx_str_t *
again(ngx_str_t *s)
{
    static ngx_str_t        out;
    const char             *error;
    ngx_wxapp_text_t        text;
    ngx_wxapp_json_node_t  *root;

    if (parse(s, &root, &error) != NGX_OK) {
        return NULL;
    }

    ngx_wxapp_text_init(&text, pool, 1);
    ngx_wxapp_json_node(&text, root);

    return ngx_wxapp_text_done(&text, &out) == NGX_OK ? &out : NULL;
}


static void
texts(void)
{
    ngx_str_t               s, *out;
    ngx_uint_t              i;
    const char             *error;
    ngx_wxapp_json_node_t  *root;

    static const char  *good[][2] = {
        { "null", "null" }, { "true", "true" }, { "false", "false" },
        { "0", "0" }, { "-0", "-0" }, { "1.50", "1.50" }, { "-1e5", "-1e5" },
        { "1E+400", "1E+400" },
        { "123456789012345678901234567890", "123456789012345678901234567890" },
        { "\"\"", "\"\"" }, { "[]", "[]" }, { "{}", "{}" },
        { " [ 1 , 2 ] \r\n\t", "[1,2]" },
        { "{\"a\":{},\"b\":[[],{}]}", "{\"a\":{},\"b\":[[],{}]}" },
        { "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}" },
        { "{\"\":\"\"}", "{\"\":\"\"}" },
        { "[\"[\",\"{\",\":\",\",\",1]", "[\"[\",\"{\",\":\",\",\",1]" },
        { "\"\\u0041\\/\\b\\f\\n\\r\\t\\\\\\\"\"", "\"A/\\u0008\\u000c\\n\\r\\t\\\\\\\"\"" },
        { "\"\\ud83c\\udf6c\"", "\"\xf0\x9f\x8d\xac\"" },
        { "\"\xe8\x8c\xb6\"", "\"\xe8\x8c\xb6\"" },
        { "\"\\u0000\"", "\"\\u0000\"" },
        { NULL, NULL }
    };

    static const char  *bad[] = {
        "", " ", "nul", "nulll", "tru", "True", "NaN", "Infinity", "-", "+1",
        "01", "-01", "1.", ".5", "1e", "1e+", "0x10", "1 2", "\"", "\"a",
        "'a'", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\t\"",
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{1:2}",
        "{\"a\":1 \"b\":2}", "{}{}", "[][]", "[1]x", "{}\"", "{}\"x",
        "1\"", "\"a\"\"b", "[] \"\\n", "\f1", "1\v", "[1,\f2]", "{\v}", "1\x1f", "1\b",
        "{} t", "{}-", "//c\n1", "/*c*/1",
        "\"\xff\"", "\"\xe8\x8c\"", "\xef\xbb\xbf" "1", NULL
    };

    unit_pool();

    for (i = 0; good[i][0]; i++) {
        s = str(good[i][0]);
        out = again(&s);
        ok(out && equals(out, good[i][1]), "good: %s", good[i][0]);
    }

    for (i = 0; bad[i]; i++) {
        s = str(bad[i]);
        ok(parse(&s, &root, &error) == NGX_DECLINED && error && error[0],
           "bad: %s", bad[i]);
    }

    s = bytes("1\0", 2);
    ok(parse(&s, &root, &error) == NGX_DECLINED, "NUL behind a value");
    s = bytes("\0", 1);
    ok(parse(&s, &root, &error) == NGX_DECLINED, "NUL alone");
    s = bytes("\"a\0b\"", 5);
    ok(parse(&s, &root, &error) == NGX_DECLINED, "NUL in a string");
}


/* a string either comes back as what was written, or is refused */

static void
surrogates(void)
{
    ngx_str_t               s;
    ngx_uint_t              i;
    const char             *error;
    ngx_wxapp_json_node_t  *root;

    static const char  *lone[] = {
        "\"\\ud83d\"", "\"\\ud83dx\"", "\"\\ud83d\\u0041\"",
        "\"\\ud83d\\ud83d\"", "\"\\ud83d\\n\"", "\"\\uD83D\\u\"", NULL
    };

    unit_pool();

    for (i = 0; lone[i]; i++) {
        s = str(lone[i]);

        ok(parse(&s, &root, &error) != NGX_OK
           || ngx_wxapp_utf8(root->value.data, root->value.len, NULL) != NGX_OK,
           "a lone high surrogate is no character: %s", lone[i]);
    }

    s = str("\"\\udf6c\"");
    ok(parse(&s, &root, &error) != NGX_OK
       || ngx_wxapp_utf8(root->value.data, root->value.len, NULL) != NGX_OK,
       "a lone low surrogate is no character");
}


static void
bounds(void)
{
    u_char                 *p;
    ngx_str_t               s;
    ngx_uint_t              n, object;
    const char             *error;
    ngx_wxapp_json_node_t  *root;

    for (object = 0; object < 2; object++) {
        for (n = 31; n < 36; n++) {
            unit_pool();

            s.len = object ? n * 6 + 1 : n * 2;
            s.data = ngx_pnalloc(pool, s.len);
            p = s.data;

            if (object) {
                for (n = n, p = s.data; p < s.data + n * 5; p += 5) {
                    memcpy(p, "{\"a\":", 5);
                }

                *p++ = '1';
                memset(p, '}', n);

            } else {
                memset(p, '[', n);
                memset(p + n, ']', n);
            }

            ok(parse(&s, &root, &error)
               == (n <= NGX_WXAPP_JSON_DEPTH ? NGX_OK : NGX_DECLINED),
               "%s %d deep", object ? "objects" : "arrays", (int) n);
        }
    }

    unit_pool();
    s.len = 100000;
    s.data = ngx_pnalloc(pool, s.len);
    memset(s.data, '[', s.len);
    ok(parse(&s, &root, &error) == NGX_DECLINED
       && strstr(error, "deep"), "very deep, told so");

    for (n = NGX_WXAPP_JSON_NODES - 1; n < NGX_WXAPP_JSON_NODES + 2; n++) {
        unit_pool();

        /* the array counts as one */

        s.len = 2 * (n - 1) + 1;
        s.data = ngx_pnalloc(pool, s.len);
        s.data[0] = '[';

        for (p = s.data + 1; p < s.data + s.len; p += 2) {
            p[0] = '1';
            p[1] = ',';
        }

        s.data[s.len - 1] = ']';

        ok(parse(&s, &root, &error)
           == (n <= NGX_WXAPP_JSON_NODES ? NGX_OK : NGX_DECLINED),
           "%d values", (int) n);
    }

    ok(error && strstr(error, "too many"), "told so");
}


static void
integers(void)
{
    int64_t                n;
    ngx_uint_t             i;
    ngx_wxapp_json_node_t  node;

    static struct {
        const char  *text;
        int64_t      n;
    } good[] = {
        { "0", 0 }, { "-0", 0 }, { "1", 1 }, { "-1", -1 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
        { "9223372036854775799", INT64_MAX - 8 },
        { "-9223372036854775807", INT64_MIN + 1 }, { NULL, 0 }
    };

    static const char  *bad[] = {
        "9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "18446744073709551617", "92233720368547758070",
        "99999999999999999999999999", "1.0", "1e0", "1E5", "-1.5", NULL
    };

    unit_pool();

    memset(&node, 0, sizeof(node));
    node.type = NGX_WXAPP_JSON_NUMBER;

    for (i = 0; good[i].text; i++) {
        node.value = str(good[i].text);
        n = 42;
        ok(ngx_wxapp_json_integer(&node, &n) == NGX_OK && n == good[i].n,
           "integer %s", good[i].text);
    }

    for (i = 0; bad[i]; i++) {
        node.value = str(bad[i]);
        ok(ngx_wxapp_json_integer(&node, &n) == NGX_ERROR, "no integer %s",
           bad[i]);
    }

    ok(ngx_wxapp_json_integer(NULL, &n) == NGX_ERROR, "no node");

    node.type = NGX_WXAPP_JSON_STRING;
    node.value = str("1");
    ok(ngx_wxapp_json_integer(&node, &n) == NGX_ERROR, "a string");
}


static void
members(void)
{
    ngx_str_t               s, name;
    const char             *error;
    ngx_wxapp_json_node_t  *root, *node;

    unit_pool();

    s = str("{\"a\":1,\"ab\":{\"c\":2},\"a\":3,\"\":4,\"x\\u0000y\":5,\"z\":[{\"q\":6}]}");
    ok(parse(&s, &root, &error) == NGX_OK, "an object");

    name = str("a");
    node = ngx_wxapp_json_member(root, &name);
    ok(node && equals(&node->value, "1"), "the first of that name");
    name = str("ab");
    node = ngx_wxapp_json_member(root, &name);
    ok(node && node->type == NGX_WXAPP_JSON_OBJECT
       && equals(&node->first->name, "c"), "nested");
    ok(equals(&node->next->name, "a"), "the name behind a nested object");
    name = str("");
    node = ngx_wxapp_json_member(root, &name);
    ok(node && equals(&node->value, "4"), "the empty name");
    name = bytes("x\0y", 3);
    node = ngx_wxapp_json_member(root, &name);
    ok(node && equals(&node->value, "5"), "a name with NUL");
    name = str("x");
    ok(ngx_wxapp_json_member(root, &name) == NULL, "a part of a name");
    name = str("c");
    ok(ngx_wxapp_json_member(root, &name) == NULL, "not those below");
    name = str("z");
    node = ngx_wxapp_json_member(root, &name);
    ok(ngx_wxapp_json_member(node, &name) == NULL, "an array has none");
    ok(node->first->name.len == 0, "no name in an array");
}


static void
strings(void)
{
    size_t                  len, i, chars;
    u_char                  buf[64];
    ngx_str_t               s, out;
    ngx_uint_t              n, wrong, utf8;
    const char             *error;
    ngx_wxapp_text_t        text;
    ngx_wxapp_json_node_t  *root;

    /* any bytes make a JSON string; those of UTF-8 make the same string */

    for (wrong = 0, n = 0; n < 20000; n++) {
        if (n % 64 == 0) {
            unit_pool();
        }

        len = unit_random(24);

        for (i = 0; i < len; i++) {
            buf[i] = unit_random(4) ? unit_random(256) : unit_random(40);

            if (unit_random(6) == 0 && i + 4 < len) {
                memcpy(buf + i, "\xf0\x9f\x8d\xac", 4);
                i += 3;
            }
        }

        s = bytes(buf, len);

        for (utf8 = 1, i = 0; i < len; i++) {
            if (buf[i] == 0) {
                buf[i] = 1;                     /* NUL is fine in JSON */
            }
        }

        utf8 = (ngx_wxapp_utf8(buf, len, &chars) == NGX_OK);

        ngx_wxapp_text_init(&text, pool, unit_random(8));
        ngx_wxapp_json_str(&text, &s);

        if (ngx_wxapp_text_done(&text, &out) != NGX_OK
            || ngx_wxapp_utf8(out.data, out.len, NULL) != NGX_OK)
        {
            wrong++;
            continue;
        }

        out = bytes(out.data, out.len);

        if (parse(&out, &root, &error) != NGX_OK
            || root->type != NGX_WXAPP_JSON_STRING
            || (utf8 && (root->value.len != s.len
                         || memcmp(root->value.data, s.data, s.len) != 0)))
        {
            wrong++;
        }
    }

    ok(wrong == 0, "20000 strings of any bytes");

    unit_pool();
    s = bytes("\x00\x1f\x7f\x80\xc3\xa9\xed\xa0\x80\xf4\x90\x80\x80\xe8\x8c", 15);
    ngx_wxapp_text_init(&text, pool, 1);
    ngx_wxapp_json_str(&text, &s);
    ngx_wxapp_text_done(&text, &out);
    ok(equals(&out, "\"\\u0000\\u001f\x7f\xef\xbf\xbd\xc3\xa9"
              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
              "\xef\xbf\xbd\xef\xbf\xbd\""), "bad bytes, one by one");
}


static void
writing(void)
{
    ngx_str_t         s;
    ngx_wxapp_text_t  text;

    unit_pool();
    ngx_wxapp_text_init(&text, pool, 1);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "a");
    ngx_wxapp_json_int(&text, -7);
    ngx_wxapp_json_name(&text, "b");
    ngx_wxapp_json_open(&text, '[');
    ngx_wxapp_json_cstr(&text, "[");
    ngx_wxapp_json_cstr(&text, ":");
    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_close(&text, '}');
    ngx_wxapp_json_open(&text, '[');
    ngx_wxapp_json_close(&text, ']');
    ngx_wxapp_json_raw(&text, "null", 4);
    ngx_wxapp_json_close(&text, ']');
    s = str("c\"");
    ngx_wxapp_json_name_str(&text, &s);
    s = str("");
    ngx_wxapp_json_str(&text, &s);
    ngx_wxapp_json_close(&text, '}');
    ngx_wxapp_json_int(&text, 0);

    ok(ngx_wxapp_text_done(&text, &s) == NGX_OK
       && equals(&s, "{\"a\":-7,\"b\":[\"[\",\":\",{},[],null],\"c\\\"\":\"\"},0"),
       "commas where they belong");
}


/* a random tree comes back as it is, however often */

static void
tree(ngx_wxapp_text_t *text, ngx_uint_t depth)
{
    size_t      i, len;
    u_char      buf[16];
    ngx_str_t   s;
    ngx_uint_t  n, object;

    switch (unit_random(depth ? 8 : 5)) {

    case 0:
        ngx_wxapp_json_raw(text, "null", 4);
        return;

    case 1:
        ngx_wxapp_json_raw(text, unit_random(2) ? "true" : "false",
                           4);
        if (text->pos[-1] == 's') {
            ngx_wxapp_text_put(text, "e", 1);
        }
        return;

    case 2:
        ngx_wxapp_json_int(text, (int64_t) unit_random(1U << 31) - (1 << 30));
        return;

    case 3:
        ngx_wxapp_json_raw(text, "-0.50e-3", 8);
        return;

    case 4:
        len = unit_random(16);

        for (i = 0; i < len; i++) {
            buf[i] = unit_random(128);
        }

        s = bytes(buf, len);
        ngx_wxapp_json_str(text, &s);
        return;

    default:
        object = unit_random(2);
        ngx_wxapp_json_open(text, object ? '{' : '[');

        for (n = unit_random(5); n; n--) {
            if (object) {
                ngx_wxapp_json_name(text, unit_random(2) ? "n" : "{:");
            }

            tree(text, depth - 1);
        }

        ngx_wxapp_json_close(text, object ? '}' : ']');
    }
}


static void
round_trip(void)
{
    ngx_str_t         s, *out;
    ngx_uint_t        n;
    ngx_wxapp_text_t  text;

    for (n = 0; n < 5000; n++) {
        unit_pool();
        ngx_wxapp_text_init(&text, pool, 8);
        tree(&text, 8);

        if (ngx_wxapp_text_done(&text, &s) != NGX_OK) {
            break;
        }

        s = bytes(s.data, s.len);
        out = again(&s);

        if (out == NULL || out->len != s.len
            || memcmp(out->data, s.data, s.len) != 0)
        {
            printf("# %.*s\n# %.*s\n", (int) s.len, s.data,
                   out ? (int) out->len : 0, out ? out->data : s.data);
            break;
        }
    }

    ok(n == 5000, "5000 random trees come back as they are");
}


static void
no_memory(void)
{
    ngx_int_t               n, rc;
    ngx_str_t               s;
    const char             *error;
    ngx_wxapp_json_node_t  *root;

    for (n = 0; n < 100; n++) {
        unit_pool();
        s = str("{\"a\":[1,\"two\",{\"b\":null}],\"c\":true,\"\":\"\"}");

        unit_mallocs = n;
        rc = parse(&s, &root, &error);
        unit_mallocs = -1;

        if (rc != NGX_ERROR) {
            break;
        }
    }

    ok(n > 5 && rc == NGX_OK, "out of memory at any point is told");
}


int
main(void)
{
    texts();
    surrogates();
    bounds();
    integers();
    members();
    strings();
    writing();
    round_trip();
    no_memory();

    return unit_done();
}
