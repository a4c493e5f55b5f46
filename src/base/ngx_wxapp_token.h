
/*
 * Access tokens: JWT signed and verified by libjwt with keys chosen by kid.
 */


#ifndef _NGX_WXAPP_TOKEN_H_INCLUDED_
#define _NGX_WXAPP_TOKEN_H_INCLUDED_


#include "base/ngx_wxapp_json.h"


#define NGX_WXAPP_TOKEN_LEN      4096
#define NGX_WXAPP_TOKEN_KEY_LEN  32       /* least, RFC 7518 section 3.2 */


typedef struct {
    ngx_str_t                 kid;        /* with a terminating zero */
    ngx_str_t                 secret;
} ngx_wxapp_token_key_t;


typedef struct ngx_wxapp_token_cache_s  ngx_wxapp_token_cache_t;

typedef struct {
    ngx_array_t              *keys;       /* ngx_wxapp_token_key_t */
    ngx_str_t                 issuer;
    ngx_str_t                 audience;
    time_t                    ttl;
    time_t                    leeway;
    time_t                    refresh;    /* life of refresh tokens, 0: none */
    time_t                    grace;      /* of one that was exchanged */

    ngx_wxapp_token_cache_t  *cache;      /* of this worker */
} ngx_wxapp_token_t;


typedef struct {
    const char               *name;
    ngx_str_t                 value;      /* left out when empty */
    ngx_uint_t                json;       /* unsigned  json:1; written as
                                             it is, not as a string */
} ngx_wxapp_token_claim_t;


/*
 * Signs a token with the first key: the "n" claims, and iss, aud,
 * iat, nbf, exp, jti by the configuration and "now".  The token lives in
 * "pool".  NGX_ERROR without memory or randomness, or for a claim with NUL.
 */
ngx_int_t ngx_wxapp_token_sign(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_wxapp_token_claim_t *claims, ngx_uint_t n, time_t now,
    ngx_str_t *value);

/*
 * Verifies the signature by the key that kid names, and exp, nbf, iat, iss,
 * aud at "now".  NGX_OK with the claims, an object in "pool"; NGX_DECLINED
 * with the reason for an invalid token; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_token_verify(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_str_t *value, time_t now, ngx_wxapp_json_node_t **claims,
    const char **reason);

/*
 * Checks the claims of a token whose signature is known to be good; results
 * as above, without NGX_ERROR.
 */
ngx_int_t ngx_wxapp_token_check(ngx_wxapp_token_t *token,
    ngx_wxapp_json_node_t *claims, time_t now, const char **reason);


#endif /* _NGX_WXAPP_TOKEN_H_INCLUDED_ */
