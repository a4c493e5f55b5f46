
#include "base/ngx_wxapp_jws.h"
#include "base/ngx_wxapp_crypto.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>


/* two numbers of 66 bytes, a sign and a head each, and the head of all */

#define NGX_WXAPP_JWS_DER  (2 * (66 + 1 + 2) + 3)


static ngx_int_t ngx_wxapp_jws_padding(ngx_wxapp_jwk_t *key,
    EVP_PKEY_CTX *ctx);
static ngx_int_t ngx_wxapp_jws_raw(size_t size, u_char *signature,
    size_t *len);
static ngx_int_t ngx_wxapp_jws_der(size_t size, ngx_str_t *signature,
    u_char der[NGX_WXAPP_JWS_DER], ngx_str_t *s);


ngx_int_t
ngx_wxapp_jws_sign(ngx_wxapp_jwk_t *key, ngx_str_t *input,
    u_char signature[NGX_WXAPP_JWS_LEN], size_t *len)
{
    ngx_int_t      rc;
    EVP_MD_CTX    *ctx;
    unsigned int   n;
    EVP_PKEY_CTX  *pctx;

    if (key->pkey == NULL) {
        if (HMAC(key->alg->md(), key->secret.data, key->secret.len,
                 input->data, input->len, signature, &n)
            == NULL)
        {
            return NGX_ERROR;
        }

        *len = n;

        return NGX_OK;
    }

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    *len = NGX_WXAPP_JWS_LEN;

    if (EVP_DigestSignInit(ctx, &pctx, key->alg->md ? key->alg->md() : NULL,
                           NULL, key->pkey) == 1
        && ngx_wxapp_jws_padding(key, pctx) == NGX_OK
        && EVP_DigestSign(ctx, signature, len, input->data, input->len) == 1)
    {
        rc = (key->alg->type == EVP_PKEY_EC)
             ? ngx_wxapp_jws_raw(key->alg->size, signature, len) : NGX_OK;
    }

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();

    return rc;
}


ngx_int_t
ngx_wxapp_jws_verify(ngx_wxapp_jwk_t *key, ngx_str_t *input,
    ngx_str_t *signature)
{
    u_char         buf[NGX_WXAPP_JWS_DER];
    ngx_int_t      rc;
    ngx_str_t      s;
    EVP_MD_CTX    *ctx;
    unsigned int   n;
    EVP_PKEY_CTX  *pctx;

    if (key->pkey == NULL) {
        if (HMAC(key->alg->md(), key->secret.data, key->secret.len,
                 input->data, input->len, buf, &n)
            == NULL)
        {
            return NGX_ERROR;
        }

        return (signature->len == n
                && ngx_wxapp_memcmp_const(signature->data, buf, n) == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    s = *signature;

    if (key->alg->type == EVP_PKEY_EC) {
        rc = ngx_wxapp_jws_der(key->alg->size, signature, buf, &s);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_DigestVerifyInit(ctx, &pctx, key->alg->md ? key->alg->md() : NULL,
                             NULL, key->pkey) == 1
        && ngx_wxapp_jws_padding(key, pctx) == NGX_OK)
    {
        rc = (EVP_DigestVerify(ctx, s.data, s.len, input->data, input->len)
              == 1) ? NGX_OK : NGX_DECLINED;
    }

    EVP_MD_CTX_free(ctx);

    /* or the next TLS connection would be told of it */

    ERR_clear_error();

    return rc;
}


static ngx_int_t
ngx_wxapp_jws_padding(ngx_wxapp_jwk_t *key, EVP_PKEY_CTX *ctx)
{
    if (key->alg->type != EVP_PKEY_RSA) {
        return NGX_OK;
    }

    if (EVP_PKEY_CTX_set_rsa_padding(ctx, key->alg->padding) != 1) {
        return NGX_ERROR;
    }

    if (key->alg->padding == RSA_PKCS1_PSS_PADDING
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the two numbers of ECDSA side by side, RFC 7518 section 3.4 */

static ngx_int_t
ngx_wxapp_jws_raw(size_t size, u_char *signature, size_t *len)
{
    ngx_int_t      rc;
    ECDSA_SIG     *sig;
    const u_char  *p;

    p = signature;

    sig = d2i_ECDSA_SIG(NULL, &p, *len);
    if (sig == NULL) {
        return NGX_ERROR;
    }

    rc = (BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, size) == (int) size
          && BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + size, size)
             == (int) size)
         ? NGX_OK : NGX_ERROR;

    ECDSA_SIG_free(sig);

    *len = 2 * size;

    return rc;
}


static ngx_int_t
ngx_wxapp_jws_der(size_t size, ngx_str_t *signature,
    u_char der[NGX_WXAPP_JWS_DER], ngx_str_t *s)
{
    u_char     *p;
    BIGNUM     *r, *n;
    ECDSA_SIG  *sig;

    if (signature->len != 2 * size) {
        return NGX_DECLINED;
    }

    sig = ECDSA_SIG_new();
    r = BN_bin2bn(signature->data, size, NULL);
    n = BN_bin2bn(signature->data + size, size, NULL);

    if (sig == NULL || r == NULL || n == NULL
        || ECDSA_SIG_set0(sig, r, n) != 1)
    {
        ECDSA_SIG_free(sig);
        BN_free(r);
        BN_free(n);
        return NGX_ERROR;
    }

    p = der;
    s->data = der;
    s->len = i2d_ECDSA_SIG(sig, &p);

    ECDSA_SIG_free(sig);

    return NGX_OK;
}
