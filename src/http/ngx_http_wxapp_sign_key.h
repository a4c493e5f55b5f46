
/*
 * The key that a session signs its requests with: made of the session's id
 * and a seal key, so that nothing of it is stored.
 */


#ifndef _NGX_HTTP_WXAPP_SIGN_KEY_H_INCLUDED_
#define _NGX_HTTP_WXAPP_SIGN_KEY_H_INCLUDED_


#include "http/ngx_http_wxapp_session.h"


#define NGX_HTTP_WXAPP_SIGN_KEY  32


/*
 * Makes the session's key by the n-th seal key: 0 for the one to be told, and
 * on until NGX_DECLINED for those that a signature may be made with.
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_sign_key(ngx_http_request_t *r, ngx_str_t *id,
    ngx_uint_t n, u_char key[NGX_HTTP_WXAPP_SIGN_KEY]);


#endif /* _NGX_HTTP_WXAPP_SIGN_KEY_H_INCLUDED_ */
