
/*
 * The body of a request, as one piece and as JSON.
 */


#ifndef _NGX_HTTP_WXAPP_BODY_H_INCLUDED_
#define _NGX_HTTP_WXAPP_BODY_H_INCLUDED_


#include "http/ngx_http_wxapp_reply.h"


/*
 * Reads the body in a content handler and returns what the handler returns.
 * "handler" runs when it is there; it ends the request by
 * ngx_http_finalize_request(), as the request's count has been raised.
 */
ngx_int_t ngx_http_wxapp_body_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

/*
 * The body that was read as a JSON object, nodes in the request's pool.
 * NGX_OK, or NGX_DONE when the request was finalized with a problem.
 */
ngx_int_t ngx_http_wxapp_body_object(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **object);


#endif /* _NGX_HTTP_WXAPP_BODY_H_INCLUDED_ */
