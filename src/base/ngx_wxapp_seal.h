
/*
 * Secrets at rest: AES-256-GCM under keys that have names, so that a new key
 * can be added while what the old one sealed is still read.
 */


#ifndef _NGX_WXAPP_SEAL_H_INCLUDED_
#define _NGX_WXAPP_SEAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_SEAL_KEY  32


typedef struct {
    ngx_str_t                 id;             /* letters, digits, "-", "_" */
    u_char                    key[NGX_WXAPP_SEAL_KEY];
} ngx_wxapp_seal_key_t;


/*
 * Takes a key from the text of its file: 32 bytes as they are, 64 hex digits
 * or base64 of 32 bytes.  NGX_DECLINED for any other text.
 */
ngx_int_t ngx_wxapp_seal_key(ngx_wxapp_seal_key_t *key, ngx_str_t *text);

/*
 * Seals under the first of the keys, an array of ngx_wxapp_seal_key_t, as the
 * text "v1.ID.BASE64URL" in memory of the pool.  "place" tells where the text
 * is kept, as a name of a row: one that was moved elsewhere is not opened.
 * NGX_ERROR without memory or randomness.
 */
ngx_int_t ngx_wxapp_seal(ngx_array_t *keys, ngx_pool_t *pool, ngx_str_t *place,
    ngx_str_t *plain, ngx_str_t *sealed);

/*
 * Opens it; the plain text lives in the pool.  NGX_DECLINED for a text that
 * is none of ours, was changed or moved, or whose key is gone; NGX_ERROR
 * without memory.
 */
ngx_int_t ngx_wxapp_unseal(ngx_array_t *keys, ngx_pool_t *pool,
    ngx_str_t *place, ngx_str_t *sealed, ngx_str_t *plain);


#endif /* _NGX_WXAPP_SEAL_H_INCLUDED_ */
