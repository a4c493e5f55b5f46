
/*
 * Access tokens: JWT of ours and of issuers that we trust, each verified by
 * the keys of its issuer only.
 */


#ifndef _NGX_WXAPP_TOKEN_H_INCLUDED_
#define _NGX_WXAPP_TOKEN_H_INCLUDED_


#include "base/ngx_wxapp_jwk.h"


#define NGX_WXAPP_TOKEN_LEN  4096


typedef struct {
    ngx_str_t                 name;       /* iss; empty: any, of ours */
    ngx_str_t                 audience;   /* aud; empty: none */
    ngx_array_t              *keys;       /* ngx_wxapp_jwk_t */
} ngx_wxapp_token_issuer_t;


typedef struct ngx_wxapp_token_cache_s  ngx_wxapp_token_cache_t;

typedef struct {
    ngx_wxapp_token_issuer_t  own;
    ngx_array_t              *trust;      /* ngx_wxapp_token_issuer_t, or
                                             NULL */
    ngx_wxapp_jwk_t          *signer;     /* of our keys, or NULL */
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
 * Signs a token with token->signer: the "n" claims, and iss, aud, iat, nbf,
 * exp, jti by the configuration and "now".  The token lives in "pool".
 * NGX_ERROR without memory, randomness or a signer, or for a claim with NUL.
 */
ngx_int_t ngx_wxapp_token_sign(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_wxapp_token_claim_t *claims, ngx_uint_t n, time_t now,
    ngx_str_t *value);

/*
 * Verifies the signature by the key of the issuer that kid names, and exp,
 * nbf, iat, iss, aud at "now".  NGX_OK with the claims, an object in "pool";
 * NGX_DECLINED with the reason for an invalid token; NGX_ERROR without
 * memory.
 */
ngx_int_t ngx_wxapp_token_verify(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_str_t *value, time_t now, ngx_wxapp_json_node_t **claims,
    const char **reason);

/* Whether the claims are those of a token of ours, not of a trusted issuer. */
ngx_uint_t ngx_wxapp_token_own(ngx_wxapp_token_t *token,
    ngx_wxapp_json_node_t *claims);

/*
 * Checks the claims of a token whose signature is known to be good; results
 * as above, without NGX_ERROR.
 */
ngx_int_t ngx_wxapp_token_check(ngx_wxapp_token_t *token,
    ngx_wxapp_json_node_t *claims, time_t now, const char **reason);


#endif /* _NGX_WXAPP_TOKEN_H_INCLUDED_ */
