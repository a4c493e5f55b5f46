
#include "http/ngx_http_wxapp_reply.h"


typedef struct {
    ngx_uint_t   status;
    const char  *title;
} ngx_http_wxapp_title_t;


static ngx_int_t ngx_http_wxapp_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body);
static ngx_int_t ngx_http_wxapp_problem_send(ngx_http_request_t *r,
    ngx_http_wxapp_problem_t *problem);


static ngx_http_wxapp_title_t  ngx_http_wxapp_titles[] = {
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Range Not Satisfiable" },
    { 422, "Unprocessable Content" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 0, "Unknown" }
};


ngx_int_t
ngx_http_wxapp_reply(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    return ngx_http_wxapp_send(r, status, "application/json", body);
}


ngx_int_t
ngx_http_wxapp_problem(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message)
{
    ngx_str_t  text, none;

    ngx_str_null(&none);

    text.data = (u_char *) message;
    text.len = ngx_strlen(message);

    return ngx_http_wxapp_problem_details(r, status, code, &text, &none);
}


ngx_int_t
ngx_http_wxapp_problem_details(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, ngx_str_t *message, ngx_str_t *details)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->problem.status = status;
    ctx->problem.code = code;
    ctx->problem.message = *message;
    ctx->problem.details = *details;

    return ngx_http_wxapp_problem_send(r, &ctx->problem);
}


static ngx_int_t
ngx_http_wxapp_problem_send(ngx_http_request_t *r,
    ngx_http_wxapp_problem_t *problem)
{
    ngx_str_t              body, id;
    ngx_wxapp_text_t       text;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);

    ngx_wxapp_trace_id(&ctx->trace, &id);

    ngx_wxapp_text_init(&text, r->pool, 512 + problem->details.len);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "type");
    ngx_wxapp_json_cstr(&text, "about:blank");
    ngx_wxapp_json_name(&text, "title");
    ngx_wxapp_json_cstr(&text, ngx_http_wxapp_title(problem->status));
    ngx_wxapp_json_name(&text, "status");
    ngx_wxapp_json_int(&text, problem->status);
    ngx_wxapp_json_name(&text, "error");
    ngx_wxapp_json_cstr(&text, problem->code);
    ngx_wxapp_json_name(&text, "code");
    ngx_wxapp_json_cstr(&text, problem->code);
    ngx_wxapp_json_name(&text, "message");
    ngx_wxapp_json_str(&text, &problem->message);

    if (ctx->oauth) {
        ngx_wxapp_json_name(&text, "error_description");
        ngx_wxapp_json_str(&text, &problem->message);
    }

    if (problem->details.len) {
        ngx_wxapp_json_name(&text, "details");
        ngx_wxapp_json_raw(&text, problem->details.data,
                           problem->details.len);
    }

    ngx_wxapp_json_name(&text, "trace_id");
    ngx_wxapp_json_str(&text, &id);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* behind error_page the status line would still tell the first error */

    if (r->err_status) {
        r->err_status = problem->status;
    }

    switch (problem->status) {

    case NGX_HTTP_UNAUTHORIZED:
        if (r->headers_out.www_authenticate == NULL
            && ngx_http_wxapp_challenge(r, NULL, NULL) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_BAD_GATEWAY:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
    case NGX_HTTP_GATEWAY_TIME_OUT:
        if (ngx_http_wxapp_retry_after(r, 1) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_wxapp_send(r, problem->status, "application/problem+json",
                               &body);
}


ngx_int_t
ngx_http_wxapp_not_allowed(ngx_http_request_t *r, const char *methods)
{
    ngx_str_t  allow;

    allow.data = (u_char *) methods;
    allow.len = ngx_strlen(methods);

    if (ngx_http_wxapp_header(r, "Allow", &allow) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_ALLOWED,
                                  "method_not_allowed",
                                  "the method is not allowed here");
}


ngx_int_t
ngx_http_wxapp_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message)
{
    ngx_http_wxapp_ctx_t      *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY
        && (status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_FORBIDDEN))
    {
        /* what is told if nothing else lets the request in: wxapp_problem */

        ctx = ngx_http_wxapp_ctx(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->problem.status = status;
        ctx->problem.code = code;
        ctx->problem.message.data = (u_char *) message;
        ctx->problem.message.len = ngx_strlen(message);

        return status;
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_problem(r, status, code,
                                                        message));
    return NGX_DONE;
}


static ngx_int_t
ngx_http_wxapp_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body)
{
    ngx_int_t              rc;
    ngx_buf_t             *b;
    ngx_str_t              no_store, no_cache;
    ngx_chain_t            out;
    ngx_http_wxapp_ctx_t  *ctx;

    /* a client that asked before it sends is told at once not to */

    if (status >= NGX_HTTP_BAD_REQUEST) {
        r->expect_tested = 1;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_str_set(&no_store, "no-store");

    if (ngx_http_wxapp_header_find(&r->headers_out.headers, "Cache-Control",
                                   NULL)
        == NULL
        && ngx_http_wxapp_header(r, "Cache-Control", &no_store) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_wxapp_ctx(r);

    ngx_str_set(&no_cache, "no-cache");

    if (ctx && ctx->oauth
        && ngx_http_wxapp_header(r, "Pragma", &no_cache) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_length_n = body ? body->len : 0;

    /* a write that was done must not be answered 412 by a filter */

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        r->disable_not_modified = 1;
    }

    if (body && body->len) {
        r->headers_out.content_type.data = (u_char *) type;
        r->headers_out.content_type.len = ngx_strlen(type);
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        r->headers_out.content_type_lowcase = NULL;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return (rc == NGX_AGAIN) ? NGX_OK : rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    if (body && body->len) {
        b->memory = 1;
        b->pos = body->data;
        b->last = body->data + body->len;
    }

    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    /* finalized the same, while our callers wait for a query on NGX_AGAIN */

    rc = ngx_http_output_filter(r, &out);

    return (rc == NGX_AGAIN) ? NGX_OK : rc;
}


ngx_table_elt_t *
ngx_http_wxapp_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value = *value;
    h->lowcase_key = NULL;
    ngx_http_wxapp_header_end(h);

    return h;
}


ngx_int_t
ngx_http_wxapp_challenge(ngx_http_request_t *r, const char *error,
    const char *description)
{
    u_char           *p;
    size_t            len;
    ngx_str_t         value;
    ngx_table_elt_t  *h;

    ngx_str_set(&value, "Bearer");

    if (error) {
        len = sizeof("Bearer error=\"\", error_description=\"\"")
              + ngx_strlen(error) + ngx_strlen(description);

        p = ngx_pnalloc(r->pool, len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "Bearer error=\"%s\", "
                                "error_description=\"%s\"",
                                error, description)
                    - p;
    }

    h = ngx_http_wxapp_header(r, "WWW-Authenticate", &value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    /* where "satisfy any" takes it back */

    r->headers_out.www_authenticate = h;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_retry_after(ngx_http_request_t *r, ngx_uint_t seconds)
{
    ngx_str_t  value;

    if (ngx_http_wxapp_header_find(&r->headers_out.headers, "Retry-After",
                                   NULL))
    {
        return NGX_OK;
    }

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%ui", ngx_max(seconds, 1))
                - value.data;

    return ngx_http_wxapp_header(r, "Retry-After", &value) ? NGX_OK
                                                           : NGX_ERROR;
}


const char *
ngx_http_wxapp_title(ngx_uint_t status)
{
    ngx_http_wxapp_title_t  *t;

    for (t = ngx_http_wxapp_titles; t->status; t++) {
        if (t->status == status) {
            break;
        }
    }

    return t->title;
}
