
/*
 * Verified tokens: a worker that has checked a signature need not do it
 * again for the same token.
 */


#ifndef _NGX_WXAPP_TOKEN_CACHE_H_INCLUDED_
#define _NGX_WXAPP_TOKEN_CACHE_H_INCLUDED_


#include "base/ngx_wxapp_token.h"


#define NGX_WXAPP_TOKEN_CACHE  4096       /* tokens, 1 to 2 KB each */


/*
 * As ngx_wxapp_token_verify(), by the whole token from the cache if it was
 * verified before; what time and configuration say of it is checked each
 * time.  The claims are shared: they are good until "pool" is destroyed, and
 * not to be changed.
 */
ngx_int_t ngx_wxapp_token_cached(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_str_t *value, time_t now, ngx_wxapp_json_node_t **claims,
    const char **reason);

/* Frees the cache, when no request is left. */
void ngx_wxapp_token_cache_free(ngx_wxapp_token_t *token);


#endif /* _NGX_WXAPP_TOKEN_CACHE_H_INCLUDED_ */
