
/*
 * The session_key that WeChat gave for a user: sealed, in Redis, with the one
 * before it, as data is often made before a login and shown after it.
 */


#ifndef _NGX_HTTP_WXAPP_SESSION_KEY_H_INCLUDED_
#define _NGX_HTTP_WXAPP_SESSION_KEY_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


#define NGX_HTTP_WXAPP_SESSION_KEYS  2


typedef struct {
    ngx_uint_t                n;              /* newest first */
    ngx_str_t                 keys[NGX_HTTP_WXAPP_SESSION_KEYS];
                                              /* base64, as WeChat gave it;
                                                 wiped with the request */
} ngx_http_wxapp_session_keys_t;

/* NGX_OK, or NGX_ERROR when Redis did not answer; keys of load, else NULL */

typedef void (*ngx_http_wxapp_session_key_pt)(ngx_http_request_t *r,
    ngx_int_t rc, ngx_http_wxapp_session_keys_t *keys, void *data);


/* Whether keys can be kept: there is Redis, and a key to seal them with. */
ngx_uint_t ngx_http_wxapp_session_key_kept(ngx_http_request_t *r);

/*
 * Keeps the key as the user's newest, for 30 days.  The handler runs once,
 * later, unless the client goes away.  NGX_AGAIN, or NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_session_key_keep(ngx_http_request_t *r,
    ngx_str_t *uid, ngx_str_t *key, ngx_http_wxapp_session_key_pt handler,
    void *data);

/* Loads what there is of the user's; otherwise as above. */
ngx_int_t ngx_http_wxapp_session_key_load(ngx_http_request_t *r,
    ngx_str_t *uid, ngx_http_wxapp_session_key_pt handler, void *data);


#endif /* _NGX_HTTP_WXAPP_SESSION_KEY_H_INCLUDED_ */
