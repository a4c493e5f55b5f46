
/*
 * Calls of WeChat's API that carry the app's access_token.  The token is the
 * machine's: it lies in shared memory, is fetched by one request for all and
 * anew before it expires, and never in a log.
 */


#ifndef _NGX_HTTP_WXAPP_ACCESS_TOKEN_H_INCLUDED_
#define _NGX_HTTP_WXAPP_ACCESS_TOKEN_H_INCLUDED_


#include "http/ngx_http_wxapp_wechat.h"


/*
 * Adds the memory for tokens; at postconfiguration of whoever calls, more
 * than once is well.  NGX_ERROR is logged.
 */
ngx_int_t ngx_http_wxapp_access_token_init(ngx_conf_t *cf);

/*
 * As ngx_http_wxapp_wechat_get(), or with a body _post(), with the token of
 * call->app added to the arguments.  A token that WeChat refuses is fetched
 * anew and the call done again, once.  Without a token the handler is told
 * why it could not be fetched, and call->reply is NULL; it may run before
 * this returns.
 */
ngx_int_t ngx_http_wxapp_access_token_call(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);


#endif /* _NGX_HTTP_WXAPP_ACCESS_TOKEN_H_INCLUDED_ */
