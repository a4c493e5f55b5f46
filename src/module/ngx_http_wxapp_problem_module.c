
/*
 * wxapp_problem: the error shape for the errors of nginx itself, behind
 * error_page; and wxapp_ping, the smallest reply there is.
 */


#include "http/ngx_http_wxapp_reply.h"


typedef struct {
    ngx_uint_t   status;
    const char  *code;
    const char  *message;
} ngx_http_wxapp_core_problem_t;


static ngx_int_t ngx_http_wxapp_problem_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_ping_handler(ngx_http_request_t *r);
static char *ngx_http_wxapp_problem_directive(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_wxapp_ping(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_http_wxapp_core_problem_t  ngx_http_wxapp_core_problems[] = {
    { 400, "bad_request", "the request is malformed" },
    { 401, "unauthorized", "credentials are required" },
    { 403, "forbidden", "access is denied" },
    { 404, "not_found", "there is nothing here" },
    { 405, "method_not_allowed", "the method is not allowed here" },
    { 408, "request_timeout", "the request took too long to arrive" },
    { 411, "length_required", "the length of the body is required" },
    { 413, "body_too_large", "the body is too large" },
    { 414, "uri_too_long", "the URI is too long" },
    { 415, "unsupported_media_type", "the media type is not supported" },
    { 416, "range_not_satisfiable", "the range is outside" },
    { 429, "rate_limited", "too many requests, try again later" },
    { 431, "headers_too_large", "the headers are too large" },
    { 500, "internal_error", "the server failed" },
    { 501, "not_implemented", "the server does not support this" },
    { 502, "bad_gateway", "the upstream failed" },
    { 503, "unavailable", "the service is unavailable, try again later" },
    { 504, "gateway_timeout", "the upstream did not answer in time" },
    { 0, "error", "the request failed" }
};


static ngx_command_t  ngx_http_wxapp_problem_commands[] = {

    { ngx_string("wxapp_problem"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_problem_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_ping"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_ping,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_problem_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_problem_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_problem_module_ctx,    /* module context */
    ngx_http_wxapp_problem_commands,       /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_wxapp_problem_handler(ngx_http_request_t *r)
{
    ngx_uint_t                      status;
    ngx_http_wxapp_ctx_t           *ctx;
    ngx_http_wxapp_core_problem_t  *p;

    status = r->err_status ? r->err_status : NGX_HTTP_NOT_FOUND;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* one of ours that was left to nginx to tell */

    if (ctx->problem.code && ctx->problem.status == status) {
        return ngx_http_wxapp_problem_details(r, status, ctx->problem.code,
                                              &ctx->problem.message,
                                              &ctx->problem.details);
    }

    for (p = ngx_http_wxapp_core_problems; p->status; p++) {
        if (p->status == status) {
            break;
        }
    }

    return ngx_http_wxapp_problem(r, status, p->code, p->message);
}


static ngx_int_t
ngx_http_wxapp_ping_handler(ngx_http_request_t *r)
{
    ngx_str_t  body;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_wxapp_not_allowed(r, "GET, HEAD");
    }

    ngx_str_set(&body, "{\"message\":\"pong\"}");

    return ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body);
}


static char *
ngx_http_wxapp_problem_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    return ngx_http_wxapp_content(cf, ngx_http_wxapp_problem_handler, NULL);
}


static char *
ngx_http_wxapp_ping(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_wxapp_content(cf, ngx_http_wxapp_ping_handler, NULL);
}
