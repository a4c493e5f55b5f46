
/*
 * Signatures of RFC 7515, 7518 and 8037, by OpenSSL.
 */


#ifndef _NGX_WXAPP_JWS_H_INCLUDED_
#define _NGX_WXAPP_JWS_H_INCLUDED_


#include "base/ngx_wxapp_jwk.h"


#define NGX_WXAPP_JWS_LEN  (NGX_WXAPP_JWK_BITS / 8)   /* bytes, the longest */


/*
 * Signs the input with the key, which has a secret.  NGX_ERROR without memory
 * or randomness.
 */
ngx_int_t ngx_wxapp_jws_sign(ngx_wxapp_jwk_t *key, ngx_str_t *input,
    u_char signature[NGX_WXAPP_JWS_LEN], size_t *len);

/*
 * Whether it is the key's signature of the input: NGX_OK or NGX_DECLINED;
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_jws_verify(ngx_wxapp_jwk_t *key, ngx_str_t *input,
    ngx_str_t *signature);


#endif /* _NGX_WXAPP_JWS_H_INCLUDED_ */
