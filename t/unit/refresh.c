
/*
 * Refresh tokens: what is written is read again, whatever the user is called,
 * and what is none is declined.
 */


#include "base/ngx_wxapp_refresh.h"
#include "unit.h"


static ngx_wxapp_refresh_t  made, seen;


static ngx_int_t
parse(const char *text, size_t len)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = len;

    return ngx_wxapp_refresh_parse(&seen, pool, &s);
}


static void
again(const char *uid, size_t len, const char *what)
{
    ngx_str_t  token;

    unit_pool();

    made.uid.data = (u_char *) uid;
    made.uid.len = len;

    ok(ngx_wxapp_refresh_write(&made, pool, &token) == NGX_OK, "%s: written",
       what);
    ok(ngx_wxapp_refresh_parse(&seen, pool, &token) == NGX_OK, "%s: read",
       what);
    ok(seen.uid.len == len && memcmp(seen.uid.data, uid, len) == 0,
       "%s: the same user", what);
    ok(memcmp(&seen.bytes, &made.bytes, sizeof(seen.bytes)) == 0,
       "%s: the same bytes", what);
}


static void
hashes(void)
{
    u_char     family[NGX_WXAPP_REFRESH_HASH], was[NGX_WXAPP_REFRESH_HASH];
    u_char     secret[NGX_WXAPP_REFRESH_HASH], next[NGX_WXAPP_REFRESH_HASH];
    ngx_str_t  nonce = ngx_string("nonce"), other = ngx_string("other");

    unit_pool();

    ok(ngx_wxapp_refresh_hash(&made, was, secret) == NGX_OK, "hashed");

    seen = made;

    ok(ngx_wxapp_refresh_next(&seen, &nonce) == NGX_OK, "the next one");
    ok(ngx_wxapp_refresh_hash(&seen, family, next) == NGX_OK, "hashed again");
    ok(memcmp(family, was, sizeof(was)) == 0, "the family stays");
    ok(memcmp(secret, next, sizeof(next)) != 0, "the secret does not");

    (void) ngx_wxapp_refresh_next(&made, &nonce);
    ok(memcmp(&seen.bytes, &made.bytes, sizeof(seen.bytes)) == 0,
       "whoever has the secret and the nonce makes the same");

    (void) ngx_wxapp_refresh_next(&seen, &other);
    (void) ngx_wxapp_refresh_next(&made, &nonce);
    ok(memcmp(&seen.bytes, &made.bytes, sizeof(seen.bytes)) != 0,
       "another nonce makes another");
}


static void
wrong(void)
{
    char       text[NGX_WXAPP_REFRESH_UID * 2 + 200];
    ngx_str_t  token;
    ngx_uint_t i;

    unit_pool();

    made.uid.data = (u_char *) "7";
    made.uid.len = 1;

    (void) ngx_wxapp_refresh_write(&made, pool, &token);

    ok(parse("", 0) == NGX_DECLINED, "nothing");
    ok(parse((char *) token.data, token.len) == NGX_OK, "a good one");
    ok(parse((char *) token.data + 1, token.len - 1) == NGX_DECLINED,
       "no user");
    ok(parse((char *) token.data, token.len - 1) == NGX_DECLINED, "shorter");

    for (i = 0; i < token.len; i++) {
        memcpy(text, token.data, token.len);
        text[i] = '\0';

        ok(parse(text, token.len) == NGX_DECLINED, "a zero at %u",
           (unsigned) i);
    }

    memcpy(text, token.data, token.len);
    text[0] = '~';
    ok(parse(text, token.len) == NGX_DECLINED, "an empty encoded user");

    memset(text, 'a', 256);
    memcpy(text + 256, token.data + 1, token.len - 1);
    ok(parse(text, 256 + token.len - 1) == NGX_DECLINED, "a long user");
    ok(parse(text + 1, 255 + token.len - 1) == NGX_OK, "not so long");

    memset(text, 'a', sizeof(text));
    ok(parse(text, sizeof(text)) == NGX_DECLINED, "far too long");
}


static void
no_memory(void)
{
    ngx_str_t  token;

    unit_pool();

    made.uid.data = (u_char *) "a b";
    made.uid.len = 3;

    unit_mallocs = 0;
    ok(ngx_wxapp_refresh_write(&made, pool, &token) == NGX_ERROR, "write");
    unit_mallocs = -1;

    (void) ngx_wxapp_refresh_write(&made, pool, &token);

    unit_mallocs = 0;
    ok(ngx_wxapp_refresh_parse(&seen, pool, &token) == NGX_ERROR, "parse");
    unit_mallocs = -1;
}


int
main(void)
{
    memset(&made.bytes, 0xa5, sizeof(made.bytes));

    again("7", 1, "a number");
    again("user_1-A", 8, "a word");
    again("~7", 2, "a tilde");
    again("a.b c\0d", 7, "any bytes");
    again("\xe8\x8c\xb6", 3, "not ASCII");

    hashes();
    wrong();
    no_memory();

    return unit_done();
}
