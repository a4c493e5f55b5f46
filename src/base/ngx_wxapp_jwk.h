
/*
 * Keys of signatures: algorithms of RFC 7518 and 8037, keys from secrets and
 * PEM files, and sets of public keys (JWKS, RFC 7517) read and written.
 */


#ifndef _NGX_WXAPP_JWK_H_INCLUDED_
#define _NGX_WXAPP_JWK_H_INCLUDED_


#include "base/ngx_wxapp_json.h"

#include <openssl/evp.h>


#define NGX_WXAPP_JWA        13       /* algorithms */
#define NGX_WXAPP_JWK_RSA    2048     /* bits at least, RFC 7518 section 3.3 */
#define NGX_WXAPP_JWK_BITS   8192     /* and at most */


typedef struct {
    ngx_str_t                 name;
    int                       type;       /* EVP_PKEY_HMAC, RSA, EC, ED25519 */
    const EVP_MD           *(*md)(void);
    size_t                    size;       /* bytes: HMAC the least secret,
                                             EC a coordinate */
    const char               *curve;      /* of a JWK, or NULL */
    const char               *group;      /* the same, as OpenSSL says */
    int                       padding;    /* of RSA */
} ngx_wxapp_jwa_t;


/* a key is for one algorithm only: RFC 8725 section 3.1 */

typedef struct {
    ngx_str_t                 kid;
    ngx_wxapp_jwa_t          *alg;
    ngx_str_t                 secret;     /* the text of what signs, or
                                             empty */
    EVP_PKEY                 *pkey;       /* NULL: HMAC */
} ngx_wxapp_jwk_t;


extern ngx_wxapp_jwa_t  ngx_wxapp_jwa[NGX_WXAPP_JWA];


/* The algorithm of that name, or NULL. */
ngx_wxapp_jwa_t *ngx_wxapp_jwa_find(ngx_str_t *name);

/*
 * Makes the key of key->alg from the text of its file, which ends with a zero
 * and stays: a secret, a PEM private key, or a PEM public one that verifies
 * only.  The key lives as long as "pool".  NGX_DECLINED, with words that may
 * follow "the key", for any other text; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_jwk_parse(ngx_wxapp_jwk_t *key, ngx_pool_t *pool,
    ngx_str_t *text, const char **error);

/*
 * Adds the keys of a JWKS to the array; they live as long as "pool".  Those
 * that are not for signatures or of an algorithm that is not known are left
 * out; RSA without "alg" is RS256.  NGX_DECLINED, for what is no set, has
 * secrets, or has no key left: with words that may follow "key n", or with
 * the reason and "n" 0; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_jwks_read(ngx_array_t *keys, ngx_pool_t *pool,
    ngx_str_t *text, ngx_uint_t *n, const char **error);

/* Writes the public keys as a JWKS; never a secret. */
void ngx_wxapp_jwks_write(ngx_wxapp_text_t *text, ngx_array_t *keys);


#endif /* _NGX_WXAPP_JWK_H_INCLUDED_ */
