
/*
 * What other modules ask of the guard of a location.
 */


#ifndef _NGX_HTTP_WXAPP_AUTH_H_INCLUDED_
#define _NGX_HTTP_WXAPP_AUTH_H_INCLUDED_


#include "http/ngx_http_wxapp_identity.h"


/*
 * Whether the caller is known here, after the access phase: a valid token,
 * and with "wxapp_auth session" its session alive, or allowed without Redis.
 * NGX_OK, NGX_DECLINED if not, NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_auth_vouched(ngx_http_request_t *r);


#endif /* _NGX_HTTP_WXAPP_AUTH_H_INCLUDED_ */
