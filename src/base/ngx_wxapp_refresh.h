
/*
 * Refresh tokens: "UID.BYTES", the bytes in base64url.  They name a session
 * and carry two secrets, one that stays as long as the session does and one
 * that changes with each exchange.
 */


#ifndef _NGX_WXAPP_REFRESH_H_INCLUDED_
#define _NGX_WXAPP_REFRESH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_REFRESH_ID      16
#define NGX_WXAPP_REFRESH_FAMILY  16
#define NGX_WXAPP_REFRESH_SECRET  32
#define NGX_WXAPP_REFRESH_UID     255         /* bytes at most */

#define NGX_WXAPP_REFRESH_HASH    43          /* characters of base64url */


typedef struct {
    ngx_str_t                 uid;
    struct {
        u_char                id[NGX_WXAPP_REFRESH_ID];   /* of the session */
        u_char                family[NGX_WXAPP_REFRESH_FAMILY];
        u_char                secret[NGX_WXAPP_REFRESH_SECRET];
    } bytes;                                  /* to be wiped after use */
} ngx_wxapp_refresh_t;


/*
 * Takes a token apart; a uid that was encoded lives in the pool.  NGX_DECLINED
 * for what is none, NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_refresh_parse(ngx_wxapp_refresh_t *refresh,
    ngx_pool_t *pool, ngx_str_t *token);

/* Writes it as text in the pool; NGX_ERROR without memory. */
ngx_int_t ngx_wxapp_refresh_write(ngx_wxapp_refresh_t *refresh,
    ngx_pool_t *pool, ngx_str_t *token);

/*
 * All that a store has of a token: the hashes of family and secret, in
 * base64url; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_refresh_hash(ngx_wxapp_refresh_t *refresh,
    u_char family[NGX_WXAPP_REFRESH_HASH],
    u_char secret[NGX_WXAPP_REFRESH_HASH]);

/*
 * Makes the secret the next one by a nonce: whoever has the secret and is
 * told the nonce can, and nobody else.  NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_refresh_next(ngx_wxapp_refresh_t *refresh,
    ngx_str_t *nonce);


#endif /* _NGX_WXAPP_REFRESH_H_INCLUDED_ */
