
/*
 * What WeChat encrypts and signs with a user's session_key for the client to
 * hand on.
 */


#ifndef _NGX_WXAPP_WXDATA_H_INCLUDED_
#define _NGX_WXAPP_WXDATA_H_INCLUDED_


#include "base/ngx_wxapp_json.h"


#define NGX_WXAPP_WXDATA_BLOCK   16           /* of AES, its key and its iv */
#define NGX_WXAPP_WXDATA_SHA1    40           /* hex digits */
#define NGX_WXAPP_WXDATA_SHA256  64


/*
 * Decodes base64 that is exactly what an encoder writes: with its padding, no
 * other character, no bit that belongs to no byte.  The bytes are in memory
 * of the pool.  NGX_DECLINED for any other text; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_wxdata_base64(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *bytes);

/*
 * Decrypts "data", a multiple of the block and not empty, with the first of
 * the "n" session keys, base64 as WeChat gave them, that gives a JSON object:
 * its text and its tree live in the pool.  NGX_DECLINED when none does,
 * whatever the reason: padding and JSON are looked at together and in the
 * same time, so that nobody learns anything about another plain text.
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_wxdata_decrypt(ngx_pool_t *pool, ngx_str_t *keys,
    ngx_uint_t n, u_char iv[NGX_WXAPP_WXDATA_BLOCK], ngx_str_t *data,
    ngx_str_t *plain, ngx_wxapp_json_node_t **root);

/*
 * The watermark of decrypted data, or of a reply of WeChat's: NGX_OK with the
 * app and the time that it names, NGX_DECLINED without a whole one.
 */
ngx_int_t ngx_wxapp_wxdata_watermark(ngx_wxapp_json_node_t *root,
    ngx_str_t *appid, time_t *made);

/* The signature of rawData: SHA-1 of it and the key's text. */
void ngx_wxapp_wxdata_sha1(ngx_str_t *key, ngx_str_t *raw,
    u_char hex[NGX_WXAPP_WXDATA_SHA1]);

/*
 * The signature of a login state: HMAC-SHA-256 of a body, or of nothing, by
 * the key's text, which is not decoded.  NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_wxdata_hmac(ngx_str_t *key, ngx_str_t *body,
    u_char hex[NGX_WXAPP_WXDATA_SHA256]);


#endif /* _NGX_WXAPP_WXDATA_H_INCLUDED_ */
