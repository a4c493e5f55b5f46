
#include "base/ngx_wxapp_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>


ngx_int_t
ngx_wxapp_random(u_char *p, size_t len)
{
    static u_char     pool[512];
    static size_t     left;
    static ngx_pid_t  pid;

    /* a forked worker must not hand out its master's bytes */

    if (pid != ngx_pid) {
        pid = ngx_pid;
        left = 0;
    }

    if (len > sizeof(pool)) {
        return NGX_ERROR;
    }

    if (left < len) {
        if (RAND_bytes(pool, sizeof(pool)) != 1) {
            return NGX_ERROR;
        }

        left = sizeof(pool);
    }

    left -= len;

    ngx_memcpy(p, pool + left, len);
    ngx_explicit_memzero(pool + left, len);

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_sha256(ngx_str_t *s, u_char digest[NGX_WXAPP_SHA256_LEN])
{
    if (EVP_Digest(s->data, s->len, digest, NULL, EVP_sha256(), NULL) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_hmac_sha256(ngx_str_t *key, ngx_str_t *s,
    u_char digest[NGX_WXAPP_SHA256_LEN])
{
    return HMAC(EVP_sha256(), key->data, key->len, s->data, s->len, digest,
                NULL)
           ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_wxapp_memcmp_const(const u_char *a, const u_char *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len);
}


ngx_int_t
ngx_wxapp_sha1_hex(ngx_str_t *s, u_char hex[40])
{
    u_char  digest[20];

    if (EVP_Digest(s->data, s->len, digest, NULL, EVP_sha1(), NULL) != 1) {
        return NGX_ERROR;
    }

    ngx_hex_dump(hex, digest, 20);

    return NGX_OK;
}
