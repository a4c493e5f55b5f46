
/*
 * bcrypt: settings, hashes, what is refused.
 */


#include "base/ngx_wxapp_password.h"
#include "unit.h"


/* passwords and hashes of other implementations */

static struct {
    const char  *password;
    const char  *hash;
} vectors[] = {
    { "a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe" },
    { "abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i" },
    { "abcdefghijklmnopqrstuvwxyz",
      "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC" },
    { "~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
      "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO" },
    { "U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" }
};


static ngx_int_t
verify(const char *password, const char *hash)
{
    ngx_str_t  p, h;

    p = str(password);
    h = str(hash);

    return ngx_wxapp_password_cost(&h)
           ? ngx_wxapp_password_verify(&p, h.data, 0) : NGX_ABORT;
}


static ngx_uint_t
cost(const char *hash)
{
    ngx_str_t  h;

    h = str(hash);

    return ngx_wxapp_password_cost(&h);
}


int
main(void)
{
    char         text[128];
    u_char       setting[2][NGX_WXAPP_PASSWORD_SETTING + 1];
    u_char       hash[NGX_WXAPP_PASSWORD_HASH], again[NGX_WXAPP_PASSWORD_HASH];
    ngx_str_t    s;
    ngx_uint_t   i;

    unit_pool();

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        ok(verify(vectors[i].password, vectors[i].hash) == NGX_OK,
           "\"%s\"", vectors[i].password);
        snprintf(text, sizeof(text), "%sx", vectors[i].password);
        ok(verify(text, vectors[i].hash) == NGX_DECLINED, "and no other");
    }

    memset(text, 0, sizeof(text));
    ok(ngx_wxapp_password_setting(4, setting[0]) == NGX_OK
       && ngx_wxapp_password_setting(4, setting[1]) == NGX_OK, "a setting");
    ok(strlen((char *) setting[0]) == NGX_WXAPP_PASSWORD_SETTING
       && strncmp((char *) setting[0], "$2b$04$", 7) == 0, "its form");
    ok(strcmp((char *) setting[0], (char *) setting[1]) != 0,
       "never the same twice");
    ngx_wxapp_password_setting(12, setting[1]);
    ok(strncmp((char *) setting[1], "$2b$12$", 7) == 0, "of two digits");

    s = str("correct horse");
    ok(ngx_wxapp_password_hash(&s, setting[0], hash) == NGX_OK, "a hash");
    ok(memcmp(hash, setting[0], NGX_WXAPP_PASSWORD_SETTING) == 0,
       "begins with its setting");
    ok(ngx_wxapp_password_verify(&s, hash, 0) == NGX_OK, "is verified");

    memcpy(text, hash, NGX_WXAPP_PASSWORD_HASH);
    ok(cost(text) == 4, "has its cost");
    ok(ngx_wxapp_password_hash(&s, (u_char *) text, again) == NGX_OK
       && memcmp(hash, again, sizeof(hash)) == 0, "is a setting itself");

    text[2] = 'a';
    ok(cost(text) == 4 && verify("correct horse", text) == NGX_OK, "$2a$");
    text[2] = 'y';
    ok(cost(text) == 4 && verify("correct horse", text) == NGX_OK, "$2y$");
    text[2] = 'x';
    ok(cost(text) == 0, "not $2x$");
    text[2] = 'b';

    text[30] ^= 1;
    ok(verify("correct horse", text) != NGX_OK, "a changed digest");
    text[30] ^= 1;

    text[60] = 'x';
    ok(cost(text) == 0, "too long");
    text[60] = '\0';
    text[59] = '\0';
    ok(cost(text) == 0, "too short");
    ok(cost("") == 0, "nothing");
    text[59] = '!';
    ok(cost(text) == 0, "of wrong characters");
    text[59] = 'a';
    ok(cost(text) == 4, "of right ones");

    memcpy(text, "$2b$03$", 7);
    ok(cost(text) == 0, "too little work");
    memcpy(text, "$2b$16$", 7);
    ok(cost(text) == 16, "the most work");
    memcpy(text, "$2b$17$", 7);
    ok(cost(text) == 0, "too much work");
    memcpy(text, "$2b$1x$", 7);
    ok(cost(text) == 0, "no number");
    memcpy(text, "$6$rou$", 7);
    ok(cost(text) == 0, "another method");

    s = bytes("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
              "xxxxxxxxx", 73);
    ok(ngx_wxapp_password_hash(&s, setting[0], hash) == NGX_DECLINED,
       "over 72 bytes");
    s.len = 72;
    ok(ngx_wxapp_password_hash(&s, setting[0], hash) == NGX_OK, "72 bytes");
    s.len = 71;
    ok(ngx_wxapp_password_verify(&s, hash, 0) == NGX_DECLINED,
       "of which all count");
    s = bytes("a\0b", 3);
    ok(ngx_wxapp_password_hash(&s, setting[0], hash) == NGX_DECLINED,
       "with a NUL");
    s = str("");
    ok(ngx_wxapp_password_hash(&s, setting[0], hash) == NGX_OK
       && ngx_wxapp_password_verify(&s, hash, 0) == NGX_OK, "an empty one");
    ok(ngx_wxapp_password_hash(&s, (u_char *) "*0", hash) == NGX_ERROR,
       "a bad setting");

    unit_mallocs = 0;
    ok(ngx_wxapp_password_hash(&s, setting[0], hash) == NGX_ERROR,
       "no memory");
    unit_mallocs = -1;

    return unit_done();
}
