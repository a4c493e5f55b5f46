
/*
 * Base32, and one-time passwords by the vectors of RFC 6238 and RFC 4226.
 */


#include "base/ngx_wxapp_totp.h"
#include "unit.h"


/* RFC 6238, appendix B: eight digits there, of which six are ours */

static struct {
    uint64_t     time;
    const char  *code;
} vectors[] = {
    { 59, "94287082" },
    { 1111111109, "07081804" },
    { 1111111111, "14050471" },
    { 1234567890, "89005924" },
    { 2000000000, "69279037" },
    { 20000000000, "65353130" }
};


/* RFC 4226, appendix D: by the counter */

static const char  *counters[] = {
    "755224", "287082", "359152", "969429", "338314",
    "254676", "287922", "162583", "399871", "520489"
};


static const char  *secret32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";


static const char *
base32(const char *text)
{
    static char  hex[2 * NGX_WXAPP_TOTP_SECRET + 1];

    u_char     *p, secret[NGX_WXAPP_TOTP_SECRET];
    size_t      len;
    ngx_str_t   s;

    s = str(text);

    if (ngx_wxapp_base32(&s, secret, &len) != NGX_OK) {
        return "declined";
    }

    p = ngx_hex_dump((u_char *) hex, secret, len);
    *p = '\0';

    return hex;
}


static ngx_int_t
verify(const char *secret, const char *code, uint64_t now, ngx_uint_t skew,
    uint64_t *step)
{
    ngx_str_t  s, c;

    s = str(secret);
    c = str(code);
    *step = 0;

    return ngx_wxapp_totp_verify(&s, &c, now, skew, step);
}


int
main(void)
{
    char         text[256];
    u_char       code[NGX_WXAPP_TOTP_DIGITS];
    uint64_t     step;
    ngx_str_t    secret;
    ngx_uint_t   i;

    unit_pool();

    /* RFC 4648, section 10 */

    ok(strcmp(base32("MY======"), "66") == 0, "f");
    ok(strcmp(base32("MZXQ===="), "666f") == 0, "fo");
    ok(strcmp(base32("MZXW6==="), "666f6f") == 0, "foo");
    ok(strcmp(base32("MZXW6YQ="), "666f6f62") == 0, "foob");
    ok(strcmp(base32("MZXW6YTB"), "666f6f6261") == 0, "fooba");
    ok(strcmp(base32("MZXW6YTBOI======"), "666f6f626172") == 0, "foobar");
    ok(strcmp(base32("mzxw 6ytb-oi"), "666f6f626172") == 0,
       "lower case, groups, no padding");
    ok(strcmp(base32(""), "declined") == 0, "nothing");
    ok(strcmp(base32("===="), "declined") == 0, "padding alone");
    ok(strcmp(base32("A"), "declined") == 0, "less than a byte");
    ok(strcmp(base32("MZXW1"), "declined") == 0, "a digit that is none");
    ok(strcmp(base32("MZ=XW"), "declined") == 0, "padding inside");
    ok(strcmp(base32("MZX\xc3\x89"), "declined") == 0, "not ASCII");

    memset(text, 'A', sizeof(text));
    text[205] = '\0';
    ok(strlen(base32(text)) == 2 * 128, "128 bytes");
    text[205] = 'A';
    text[207] = '\0';
    ok(strcmp(base32(text), "declined") == 0, "129 bytes");

    secret = str("12345678901234567890");

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        ok(ngx_wxapp_totp(&secret, vectors[i].time / 30, code) == NGX_OK
           && memcmp(code, vectors[i].code + 2, 6) == 0,
           "at %lu", (unsigned long) vectors[i].time);
        ok(verify(secret32, vectors[i].code + 2, vectors[i].time, 0, &step)
           == NGX_OK && step == vectors[i].time / 30, "is verified");
    }

    for (i = 0; i < 10; i++) {
        ok(ngx_wxapp_totp(&secret, i, code) == NGX_OK
           && memcmp(code, counters[i], 6) == 0, "counter %d", (int) i);
    }

    /* steps 0 to 9 are the counters */

    ok(verify(secret32, "338314", 4 * 30, 0, &step) == NGX_OK && step == 4,
       "at its first second");
    ok(verify(secret32, "338314", 5 * 30 - 1, 0, &step) == NGX_OK,
       "at its last second");
    ok(verify(secret32, "338314", 5 * 30, 0, &step) == NGX_DECLINED,
       "a second later");
    ok(verify(secret32, "338314", 5 * 30, 1, &step) == NGX_OK && step == 4,
       "one step late, with a skew");
    ok(verify(secret32, "338314", 3 * 30, 1, &step) == NGX_OK && step == 4,
       "one step early, with a skew");
    ok(verify(secret32, "338314", 6 * 30, 1, &step) == NGX_DECLINED,
       "two steps late");
    ok(verify(secret32, "338314", 2 * 30, 1, &step) == NGX_DECLINED,
       "two steps early");
    ok(verify(secret32, "33831", 4 * 30, 1, &step) == NGX_DECLINED,
       "five digits");
    ok(verify(secret32, "3383140", 4 * 30, 1, &step) == NGX_DECLINED,
       "seven digits");
    ok(verify(secret32, "", 4 * 30, 1, &step) == NGX_DECLINED, "none");
    ok(verify("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", "338314", 4 * 30, 0,
              &step) == NGX_OK, "a secret in groups");
    ok(verify("GEZDGNBVGY3TQOJR", "338314", 4 * 30, 1, &step)
       == NGX_DECLINED, "of another secret");
    ok(verify("not base32!", "338314", 4 * 30, 1, &step) == NGX_ERROR,
       "a secret that is none");

    return unit_done();
}
