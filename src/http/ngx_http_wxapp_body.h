
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
 * The body that was read, 1 MB at most: as any JSON, as a JSON object, or as
 * one text, which is empty when there is none.  Nodes and text live as long
 * as the request.  NGX_OK, or NGX_DONE when the request was finalized with a
 * problem.
 */
ngx_int_t ngx_http_wxapp_body_json(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **root);
ngx_int_t ngx_http_wxapp_body_object(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **object);
ngx_int_t ngx_http_wxapp_body_form(ngx_http_request_t *r, ngx_str_t *text);

/*
 * The same text for others to tell what is wrong: NGX_DECLINED when it is
 * larger, NGX_ERROR without memory or file.
 */
ngx_int_t ngx_http_wxapp_body_text(ngx_http_request_t *r, ngx_str_t *text);

/* Whether the body that was read has no bytes. */
ngx_uint_t ngx_http_wxapp_body_empty(ngx_http_request_t *r);

/* What the Content-Type says that a body is; parameters do not count. */

typedef enum {
    NGX_HTTP_WXAPP_BODY_UNTYPED = 0,
    NGX_HTTP_WXAPP_BODY_JSON,                 /* application/json, or +json */
    NGX_HTTP_WXAPP_BODY_FORM,                 /* urlencoded */
    NGX_HTTP_WXAPP_BODY_OTHER
} ngx_http_wxapp_body_type_e;

ngx_http_wxapp_body_type_e ngx_http_wxapp_body_type(ngx_http_request_t *r);


#endif /* _NGX_HTTP_WXAPP_BODY_H_INCLUDED_ */
