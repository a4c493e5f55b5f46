
/*
 * Keys, in four ways by the first byte: a set of keys, which written and read
 * again is the same; a file of a key for each algorithm; a signature by keys
 * that nobody has; a token of a trusted issuer, which nobody can have signed.
 */


#include "base/ngx_wxapp_jws.h"
#include "base/ngx_wxapp_token.h"
#include "../fuzz/fuzz.h"


#define SET                                                                   \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\","             \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                  \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"                 \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"b\","                     \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"                 \
    "{\"kty\":\"EC\",\"crv\":\"P-521\","                                      \
    "\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_"        \
    "NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\","                                     \
    "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDl"        \
    "y79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"},"                                    \
    "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""                                \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"        \
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"        \
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"        \
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"        \
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"        \
    "PAcDTW9gb54h4FRWyuXpoQ\"}]}"


static ngx_array_t *
read_set(ngx_str_t *text, ngx_int_t *rc)
{
    ngx_uint_t    n;
    ngx_array_t  *keys;
    const char   *error;

    error = NULL;
    keys = ngx_array_create(pool, 4, sizeof(ngx_wxapp_jwk_t));

    *rc = ngx_wxapp_jwks_read(keys, pool, text, &n, &error);
    must(*rc == NGX_OK || (*rc == NGX_DECLINED && error));
    must(*rc != NGX_OK || keys->nelts);

    return keys;
}


/* made once, in a pool that stays */

static ngx_array_t *
fixed(void)
{
    ngx_int_t            rc;
    ngx_str_t            text = ngx_string(SET);
    ngx_pool_t          *saved;
    static ngx_array_t  *keys;

    if (keys == NULL) {
        saved = pool;
        pool = ngx_create_pool(4096, &fuzz_log);
        keys = read_set(&text, &rc);
        pool = saved;
        must(rc == NGX_OK && keys->nelts == 4);
    }

    return keys;
}


static void
set(ngx_str_t *text)
{
    ngx_int_t         rc;
    ngx_str_t         again;
    ngx_uint_t        i;
    ngx_array_t      *keys, *copy;
    ngx_wxapp_jwk_t  *a, *b;
    ngx_wxapp_text_t  out;

    keys = read_set(text, &rc);

    if (rc != NGX_OK) {
        return;
    }

    ngx_wxapp_text_init(&out, pool, 64);
    ngx_wxapp_jwks_write(&out, keys);
    must(ngx_wxapp_text_done(&out, &again) == NGX_OK);

    a = keys->elts;
    copy = read_set(&again, &rc);

    /* of a modulus that is no product of primes OpenSSL thinks by chance */

    for (i = 0; rc != NGX_OK && i < keys->nelts; i++) {
        if (EVP_PKEY_get_base_id(a[i].pkey) == EVP_PKEY_RSA) {
            return;
        }
    }

    must(rc == NGX_OK && copy->nelts == keys->nelts);

    b = copy->elts;

    for (i = 0; i < keys->nelts; i++) {
        must(a[i].alg == b[i].alg && a[i].secret.len == 0
             && EVP_PKEY_eq(a[i].pkey, b[i].pkey) == 1);
    }
}


static void
file(uint8_t alg, ngx_str_t *text)
{
    ngx_str_t         zero;
    const char       *error;
    ngx_wxapp_jwk_t   key;

    zero.len = text->len;
    zero.data = ngx_pnalloc(pool, text->len + 1);
    memcpy(zero.data, text->data, text->len);
    zero.data[zero.len] = '\0';

    memset(&key, 0, sizeof(key));
    key.alg = &ngx_wxapp_jwa[alg % NGX_WXAPP_JWA];
    error = NULL;

    must(ngx_wxapp_jwk_parse(&key, pool, &zero, &error) == NGX_OK || error);
}


static void
signature(uint8_t n, ngx_str_t *s)
{
    ngx_str_t         input = ngx_string("a.b");
    ngx_wxapp_jwk_t  *key;

    key = fixed()->elts;

    must(ngx_wxapp_jws_verify(&key[n % 4], &input, s) == NGX_DECLINED);
}


static void
trusted(ngx_str_t *s)
{
    ngx_int_t                  rc;
    const char                *reason;
    ngx_wxapp_token_t          token;
    ngx_wxapp_json_node_t     *claims;
    ngx_wxapp_token_issuer_t  *issuer;

    memset(&token, 0, sizeof(token));
    token.own.keys = ngx_array_create(pool, 1, sizeof(ngx_wxapp_jwk_t));
    token.trust = ngx_array_create(pool, 1, sizeof(ngx_wxapp_token_issuer_t));
    issuer = ngx_array_push(token.trust);
    memset(issuer, 0, sizeof(ngx_wxapp_token_issuer_t));
    issuer->name = bytes("i", 1);
    issuer->keys = fixed();

    reason = NULL;
    rc = ngx_wxapp_token_verify(&token, pool, s, 1795251600, &claims, &reason);
    must(rc == NGX_DECLINED && reason);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t  s;

    if (size < 2) {
        return 0;
    }

    fuzz_pool();
    s = bytes(data + 2, size - 2);

    switch (data[0] % 4) {

    case 0:
        set(&s);
        break;

    case 1:
        file(data[1], &s);
        break;

    case 2:
        signature(data[1], &s);
        break;

    default:
        trusted(&s);
    }

    return 0;
}
