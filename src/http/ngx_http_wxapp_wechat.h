
/*
 * Calls of WeChat's API: a subrequest in memory to an internal location that
 * proxies there.  While one runs, no log line of the request may hold its
 * URI, as that carries secrets.
 */


#ifndef _NGX_HTTP_WXAPP_WECHAT_H_INCLUDED_
#define _NGX_HTTP_WXAPP_WECHAT_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


typedef enum {
    NGX_HTTP_WXAPP_WECHAT_OK = 0,         /* success: no errcode, or 0 */
    NGX_HTTP_WXAPP_WECHAT_ERROR,          /* see errcode */
    NGX_HTTP_WXAPP_WECHAT_TIMEOUT,
    NGX_HTTP_WXAPP_WECHAT_BROKEN          /* no reply that makes sense */
} ngx_http_wxapp_wechat_e;


typedef struct ngx_http_wxapp_wechat_s  ngx_http_wxapp_wechat_t;

typedef void (*ngx_http_wxapp_wechat_pt)(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);

struct ngx_http_wxapp_wechat_s {

    /* the caller's */

    ngx_http_wxapp_app_t     *app;        /* whose "api" is called */
    ngx_str_t                 path;       /* "sns/jscode2session" */
    ngx_str_t                 args;       /* escaped; wiped afterwards */
    ngx_str_t                 body;       /* JSON of a POST; wiped, too */
    ngx_http_wxapp_wechat_pt  handler;
    void                     *data;

    /* results */

    ngx_http_wxapp_wechat_e   result;
    ngx_wxapp_json_node_t    *reply;      /* an object, when OK or ERROR */
    int64_t                   errcode;
    ngx_str_t                 rid;        /* WeChat's id of a failed call */

    /* the exchange's */

    ngx_http_log_handler_pt   log_handler;
    ngx_uint_t                log_level;
    size_t                    received;
    ngx_msec_t                started;
    unsigned                  masked:1;
    unsigned                  done:1;
};


/*
 * Starts a GET from a content handler that raised r->main->count; "call"
 * lives in the request's pool.  The handler runs when the reply is complete,
 * and may start the next one; it does not run when the client goes away.
 * NGX_ERROR if it could not be started.
 */
ngx_int_t ngx_http_wxapp_wechat_get(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);

/* The same as a POST of call->body, with its Content-Length. */
ngx_int_t ngx_http_wxapp_wechat_post(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);

/*
 * Looks where a subrequest came to, in the rewrite phase: a call goes only to
 * an internal location, never with its secret to one that happens to match.
 * NGX_DECLINED, or NGX_HTTP_FORBIDDEN.
 */
ngx_int_t ngx_http_wxapp_wechat_guard(ngx_http_request_t *sr);

/*
 * Looks at the header of a subrequest's reply: NGX_HTTP_BAD_GATEWAY for one
 * that is longer than the location may buffer, which nginx itself would
 * answer by closing the client's connection.  Otherwise NGX_OK.
 */
ngx_int_t ngx_http_wxapp_wechat_header(ngx_http_request_t *sr);

/*
 * Looks at a piece of a subrequest's reply: NGX_OK, or NGX_DECLINED for one
 * that makes the reply longer than may be buffered.  It has been consumed
 * then; the call will be told as BROKEN.
 */
ngx_int_t ngx_http_wxapp_wechat_body(ngx_http_request_t *sr, ngx_chain_t *in);


#endif /* _NGX_HTTP_WXAPP_WECHAT_H_INCLUDED_ */
