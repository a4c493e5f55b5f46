
/*
 * Tokens: made, verified, and every way of not being one.
 */


#include "base/ngx_wxapp_token.h"
#include "base/ngx_wxapp_crypto.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>


#define NOW     1795251600
#define HEADER  "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":\"JWT\"}"

#define NEW     "0123456789abcdef0123456789abcdef"
#define OLD     "an older key of more bytes than thirty-two"


static ngx_wxapp_token_t       token;
static ngx_wxapp_json_node_t  *claims;
static const char             *reason;


static ngx_wxapp_jwk_t *
add(ngx_array_t *keys, const char *kid, const char *alg, const char *text)
{
    ngx_str_t         name, file;
    const char       *error;
    ngx_wxapp_jwk_t  *key;

    name = str(alg);
    file = bytes(text, strlen(text) + 1);
    file.len--;

    key = ngx_array_push(keys);
    key->kid = str(kid);
    key->alg = ngx_wxapp_jwa_find(&name);

    if (ngx_wxapp_jwk_parse(key, pool, &file, &error) != NGX_OK) {
        printf("# %s: %s\n", kid, error);
        abort();
    }

    return key;
}


static void
configure(void)
{
    unit_pool();
    memset(&token, 0, sizeof(token));

    token.own.keys = ngx_array_create(pool, 2, sizeof(ngx_wxapp_jwk_t));

    add(token.own.keys, "new", "HS256", NEW);
    add(token.own.keys, "old", "HS256", OLD);

    token.signer = token.own.keys->elts;
    token.own.name = str("shop");
    token.ttl = 3600;
    token.leeway = 30;
}


static size_t
base64url(char *to, const void *data, size_t len)
{
    ngx_str_t  from, into;

    from.data = (u_char *) data;
    from.len = len;
    into.data = (u_char *) to;

    ngx_encode_base64url(&into, &from);

    return into.len;
}


/* a token of any header and payload; alg NULL: no signature, "" an empty one */

static ngx_str_t
make(const char *header, const char *payload, size_t len, const char *secret,
    const EVP_MD *md)
{
    char          *s;
    u_char         mac[EVP_MAX_MD_SIZE];
    size_t         n;
    unsigned int   size;
    ngx_str_t      out;

    s = malloc(20000 + 2 * len);

    n = base64url(s, header, strlen(header));
    s[n++] = '.';
    n += base64url(s + n, payload, len);

    if (md) {
        HMAC(md, secret, strlen(secret), (u_char *) s, n, mac, &size);
        s[n++] = '.';
        n += base64url(s + n, mac, size);

    } else {
        s[n++] = '.';
    }

    out = bytes(s, n);
    free(s);

    return out;
}


static ngx_str_t
signed_by(const char *header, const char *payload, const char *secret)
{
    return make(header, payload, strlen(payload), secret, EVP_sha256());
}


static ngx_int_t
verify(ngx_str_t *s)
{
    claims = NULL;
    reason = NULL;

    return ngx_wxapp_token_verify(&token, pool, s, NOW, &claims, &reason);
}


static ngx_int_t
payload(const char *json)
{
    ngx_str_t  s = signed_by(HEADER, json, NEW);

    return verify(&s);
}


static ngx_uint_t
refused(ngx_int_t rc, const char *why)
{
    if (rc == NGX_DECLINED && reason && strstr(reason, why)) {
        return 1;
    }

    printf("# rc %d, %s\n", (int) rc, reason ? reason : "no reason");

    return 0;
}


static void
made(void)
{
    size_t                    i, wrong;
    int64_t                   n;
    ngx_str_t                 s, again, cut, name;
    ngx_wxapp_json_node_t    *node;
    ngx_wxapp_token_claim_t   given[] = {
        { "sub", ngx_string("7"), 0 },
        { "role", ngx_string("a\"d\\m\nin \xe8\x8c\xb6"), 0 },
        { "empty", ngx_null_string, 0 }
    };

    configure();

    ok(ngx_wxapp_token_sign(&token, pool, given, 3, NOW, &s) == NGX_OK,
       "signed");
    ok(verify(&s) == NGX_OK, "verified");

    name = str("sub");
    node = ngx_wxapp_json_member(claims, &name);
    ok(node && node->type == NGX_WXAPP_JSON_STRING
       && equals(&node->value, "7"), "sub");
    name = str("role");
    node = ngx_wxapp_json_member(claims, &name);
    ok(node && equals(&node->value, "a\"d\\m\nin \xe8\x8c\xb6"),
       "a claim that needs escapes");
    name = str("empty");
    ok(ngx_wxapp_json_member(claims, &name) == NULL, "an empty one is left out");
    name = str("iss");
    node = ngx_wxapp_json_member(claims, &name);
    ok(node && equals(&node->value, "shop"), "iss");
    name = str("aud");
    ok(ngx_wxapp_json_member(claims, &name) == NULL, "no aud");
    name = str("exp");
    ok(ngx_wxapp_json_integer(ngx_wxapp_json_member(claims, &name), &n)
       == NGX_OK && n == NOW + 3600, "exp");
    name = str("iat");
    ok(ngx_wxapp_json_integer(ngx_wxapp_json_member(claims, &name), &n)
       == NGX_OK && n == NOW, "iat");
    name = str("nbf");
    ok(ngx_wxapp_json_integer(ngx_wxapp_json_member(claims, &name), &n)
       == NGX_OK && n == NOW, "nbf");
    name = str("jti");
    node = ngx_wxapp_json_member(claims, &name);
    ok(node && node->value.len == 32, "jti");

    ok(ngx_wxapp_token_sign(&token, pool, given, 3, NOW, &again) == NGX_OK
       && !(again.len == s.len && memcmp(again.data, s.data, s.len) == 0),
       "no two are the same");

    ok(ngx_wxapp_token_verify(&token, pool, &s, NOW + 3629, &claims, &reason)
       == NGX_OK, "until exp and the leeway");
    ok(refused(ngx_wxapp_token_verify(&token, pool, &s, NOW + 3630, &claims,
                                      &reason), "expired"), "then no more");
    ok(ngx_wxapp_token_verify(&token, pool, &s, NOW - 30, &claims, &reason)
       == NGX_OK, "from nbf less the leeway");
    ok(refused(ngx_wxapp_token_verify(&token, pool, &s, NOW - 31, &claims,
                                      &reason), "not valid yet"), "not before");

    for (wrong = 0, i = 0; i < s.len; i++) {
        if (i % 64 == 0) {
            again = bytes(s.data, s.len);
        }

        u_char  c = again.data[i];

        again.data[i] = (c == 'A') ? 'B' : 'A';
        wrong += (verify(&again) != NGX_DECLINED);
        again.data[i] = c;
    }

    ok(wrong == 0, "a character changed");

    for (wrong = 0, i = 0; i < s.len; i++) {
        cut = bytes(s.data, i);
        wrong += (verify(&cut) != NGX_DECLINED);
    }

    ok(wrong == 0, "cut anywhere");

    for (wrong = 0, i = 0; i <= s.len; i++) {
        u_char  *p = ngx_pnalloc(pool, s.len + 1);

        memcpy(p, s.data, i);
        p[i] = ".= \0+/"[i % 6];
        memcpy(p + i + 1, s.data + i, s.len - i);

        again.data = p;
        again.len = s.len + 1;
        wrong += (verify(&again) != NGX_DECLINED);
    }

    ok(wrong == 0, "a character more");
}


static void
headers(void)
{
    char        text[8192];
    ngx_str_t   s;
    ngx_uint_t  i;

    static const char  good[] = "{\"iss\":\"shop\",\"exp\":1795255200}";

    static struct {
        const char  *header, *secret, *why;
    } cases[] = {
        { "{\"alg\":\"HS256\"}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":\"\"}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":\"NEW\"}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":\"ne\"}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\\u0000\"}", NEW, "malformed" },
        { "{\"alg\":\"HS256\",\"kid\":7}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":null}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":[\"new\"]}", NEW, "key is unknown" },
        { "{\"alg\":\"HS256\",\"kid\":\"old\"}", NEW, "signature" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\"}", OLD, "signature" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\"}", "", "signature" },
        { "{\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"none\",\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"hs256\",\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"HS384\",\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"RS256\",\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"\",\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":null,\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"HS256\\u0000\",\"kid\":\"new\"}", NEW, "malformed" },
        { "{\"alg\":[\"HS256\"],\"kid\":\"new\"}", NEW, "algorithm" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"crit\":[\"exp\"]}", NEW, "critical" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"crit\":null}", NEW, "critical" },
        { "{\"alg\":\"HS256\",\"kid\":\"old\",\"kid\":\"new\"}", NEW, "malformed" },
        { "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"new\"}", NEW, "malformed" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"b64\":false}", NEW, "critical" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"b64\":false,\"crit\":[\"b64\"]}", NEW, "critical" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":\"rt+jwt\"}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":\"dpop+jwt\"}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":\"\"}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":\"JOSE\"}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":\"application/\"}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":7}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"typ\":null}", NEW, "type" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\",\"x\":{\"a\":1,\"a\":2}}", NEW, "malformed" },
        { "[]", NEW, "malformed" },
        { "\"HS256\"", NEW, "malformed" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\"", NEW, "malformed" },
        { "{\"alg\":\"HS256\",\"kid\":\"new\"}}", NEW, "malformed" },
        { "", NEW, "malformed" },
        { NULL, NULL, NULL }
    };

    configure();

    s = signed_by(HEADER, good, NEW);
    ok(verify(&s) == NGX_OK, "a token made elsewhere");

    s = signed_by("{\"alg\":\"HS256\",\"kid\":\"old\"}", good, OLD);
    ok(verify(&s) == NGX_OK, "of the second key");

    for (i = 0; cases[i].header; i++) {
        s = signed_by(cases[i].header, good, cases[i].secret);
        ok(refused(verify(&s), cases[i].why), "header %s", cases[i].header);
    }

    s = make("{\"alg\":\"HS384\",\"kid\":\"new\"}", good, sizeof(good) - 1, NEW,
             EVP_sha384());
    ok(refused(verify(&s), "algorithm"), "HS384 signed so");
    s = make(HEADER, good, sizeof(good) - 1, NEW, EVP_sha512());
    ok(refused(verify(&s), "signature"), "HS256 signed by HS512");
    s = make("{\"alg\":\"none\",\"kid\":\"new\"}", good, sizeof(good) - 1, NEW, NULL);
    ok(verify(&s) == NGX_DECLINED, "none and no signature");
    s = make(HEADER, good, sizeof(good) - 1, NEW, NULL);
    ok(refused(verify(&s), "malformed"), "HS256 and no signature");

    /* very long ones */

    memset(text, ' ', sizeof(text));
    memcpy(text, good, sizeof(good) - 1);

    for (i = 2900; i < 3040; i++) {
        s = make(HEADER, text, i, NEW, EVP_sha256());

        if ((verify(&s) == NGX_OK) != (s.len <= NGX_WXAPP_TOKEN_LEN)) {
            break;
        }
    }

    ok(i == 3040, "around the longest token");

    s = make(HEADER, text, 8000, NEW, EVP_sha256());
    ok(refused(verify(&s), "too long"), "far too long");

    memset(text, ' ', sizeof(text));
    memcpy(text, HEADER, sizeof(HEADER) - 1);

    text[300] = '\0';
    s = signed_by(text, good, NEW);
    ok(verify(&s) == NGX_OK, "a long header");

    text[300] = ' ';
    text[2000] = '\0';
    s = signed_by(text, good, NEW);
    ok(verify(&s) == NGX_DECLINED, "a header too long to be read unsigned");
}


static void
payloads(void)
{
    ngx_str_t   s;
    ngx_uint_t  i;

    static struct {
        const char  *payload, *why;
    } cases[] = {
        { "{\"iss\":\"shop\",\"exp\":1795255200}", NULL },
        { "{\"iss\":\"shop\",\"exp\":1795251571}", NULL },
        { "{\"iss\":\"shop\",\"exp\":1795251570}", "expired" },
        { "{\"iss\":\"shop\",\"exp\":0}", "expired" },
        { "{\"iss\":\"shop\",\"exp\":-1}", "expired" },
        { "{\"iss\":\"shop\",\"exp\":-9223372036854775808}", "expired" },
        { "{\"iss\":\"shop\",\"exp\":9223372036854775807}", NULL },
        /* libjwt refuses this one itself */
        { "{\"iss\":\"shop\",\"exp\":9223372036854775808}", "" },
        { "{\"iss\":\"shop\",\"exp\":1795255200.5}", "wrong type" },
        { "{\"iss\":\"shop\",\"exp\":1e20}", "wrong type" },
        { "{\"iss\":\"shop\",\"exp\":\"1795255200\"}", "wrong type" },
        { "{\"iss\":\"shop\",\"exp\":null}", "wrong type" },
        { "{\"iss\":\"shop\"}", "wrong type" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"nbf\":1795251630}", NULL },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"nbf\":1795251631}", "not valid yet" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"nbf\":\"0\"}", "wrong type" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"nbf\":null}", "wrong type" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"iat\":1795251630}", NULL },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"iat\":1795251631}", "future" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"iat\":[]}", "wrong type" },
        { "{\"iss\":\"Shop\",\"exp\":1795255200}", "issuer" },
        { "{\"iss\":\"shops\",\"exp\":1795255200}", "issuer" },
        { "{\"iss\":\"\",\"exp\":1795255200}", "issuer" },
        { "{\"iss\":[\"shop\"],\"exp\":1795255200}", "issuer" },
        { "{\"exp\":1795255200}", "issuer" },
        { "{\"iss\":\"shop\",\"exp\":1,\"exp\":1795255200}", "malformed" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"sub\":\"1\",\"sub\":\"2\"}", "malformed" },
        { "{\"iss\":\"shop\",\"exp\":1795255200,\"aud\":\"anyone\"}", "audience" },
        { "[1]", "malformed" }, { "null", "malformed" }, { "7", "malformed" },
        { NULL, NULL }
    };

    configure();

    for (i = 0; cases[i].payload; i++) {
        if (cases[i].why == NULL) {
            ok(payload(cases[i].payload) == NGX_OK, "payload %s",
               cases[i].payload);

        } else if (strcmp(cases[i].why, "malformed") == 0) {
            /* libjwt may be the first to refuse it */
            ok(payload(cases[i].payload) == NGX_DECLINED, "payload %s",
               cases[i].payload);

        } else {
            ok(refused(payload(cases[i].payload), cases[i].why), "payload %s",
               cases[i].payload);
        }
    }

    ok(payload("{\"iss\":\"shop\",\"exp\":1795255200,") == NGX_DECLINED,
       "broken JSON");
    ok(payload("{\"iss\":\"shop\",\"exp\":1795255200,\"a\":\"\xff\"}")
       == NGX_DECLINED, "no UTF-8");

    s = make(HEADER, "", 0, NEW, EVP_sha256());
    ok(refused(verify(&s), "malformed"), "no payload");

    token.own.audience = str("miniprogram");

    ok(payload("{\"iss\":\"shop\",\"exp\":1795255200,\"aud\":\"miniprogram\"}")
       == NGX_OK, "the audience");
    ok(payload("{\"iss\":\"shop\",\"exp\":1795255200,"
               "\"aud\":[1,\"x\",\"miniprogram\"]}") == NGX_OK, "one of them");

    for (const char *const *aud = (const char *[]) { "\"miniprograms\"", "[]",
         "null", "{\"miniprogram\":1}", "[[\"miniprogram\"]]", "\"\"", NULL };
         *aud; aud++)
    {
        char  text[200];

        snprintf(text, sizeof(text),
                 "{\"iss\":\"shop\",\"exp\":1795255200,\"aud\":%s}", *aud);
        ok(refused(payload(text), "audience"), "aud %s", *aud);
    }

    ok(refused(payload("{\"iss\":\"shop\",\"exp\":1795255200}"), "audience"),
       "no aud");
}


static void
no_memory(void)
{
    ngx_int_t                n, rc;
    ngx_str_t                s;
    ngx_wxapp_token_claim_t  given[] = { { "sub", ngx_string("7"), 0 } };

    for (n = 0; n < 200; n++) {
        configure();
        s = signed_by(HEADER, "{\"iss\":\"shop\",\"exp\":1795255200}", NEW);

        unit_mallocs = n;
        rc = verify(&s);
        unit_mallocs = -1;

        if (rc == NGX_OK) {
            break;
        }

        if (rc != NGX_ERROR) {
            n = 1000;
        }
    }

    ok(n > 3 && n < 200, "out of memory in verifying is no verdict");

    for (n = 0; n < 200; n++) {
        configure();

        unit_mallocs = n;
        rc = ngx_wxapp_token_sign(&token, pool, given, 1, NOW, &s);
        unit_mallocs = -1;

        if (rc != NGX_ERROR) {
            break;
        }
    }

    ok(n > 0 && n < 200 && rc == NGX_OK, "out of memory in signing is told");
}


int
main(void)
{
    made();
    headers();
    payloads();
    no_memory();

    return unit_done();
}
