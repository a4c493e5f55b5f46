
#include "http/ngx_http_wxapp_wechat.h"


#define NGX_HTTP_WXAPP_WECHAT_RID  64


static ngx_int_t ngx_http_wxapp_wechat_start(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call, ngx_uint_t post);
static ngx_http_wxapp_wechat_t *ngx_http_wxapp_wechat_call(
    ngx_http_request_t *sr);
static ngx_int_t ngx_http_wxapp_wechat_isolate(ngx_http_request_t *sr);
static ngx_int_t ngx_http_wxapp_wechat_send(ngx_http_request_t *sr,
    ngx_str_t *body);
static ngx_table_elt_t *ngx_http_wxapp_wechat_add(ngx_http_request_t *sr,
    const char *key, u_char *value, size_t len);
static ngx_int_t ngx_http_wxapp_wechat_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_wxapp_wechat_resume(ngx_http_request_t *r);
static void ngx_http_wxapp_wechat_wipe(ngx_http_wxapp_wechat_t *call);
static void ngx_http_wxapp_wechat_reply(ngx_http_request_t *sr,
    ngx_http_wxapp_wechat_t *call, ngx_int_t rc);
static ngx_uint_t ngx_http_wxapp_wechat_complete(ngx_http_upstream_t *u);
static void ngx_http_wxapp_wechat_rid(ngx_http_wxapp_wechat_t *call);
static void ngx_http_wxapp_wechat_mask(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);
static void ngx_http_wxapp_wechat_unmask(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);
static u_char *ngx_http_wxapp_wechat_log(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


static ngx_str_t  ngx_http_wxapp_wechat_method = ngx_string("POST");
static ngx_str_t  ngx_http_wxapp_wechat_errcode = ngx_string("errcode");
static ngx_str_t  ngx_http_wxapp_wechat_errmsg = ngx_string("errmsg");


ngx_int_t
ngx_http_wxapp_wechat_get(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    return ngx_http_wxapp_wechat_start(r, call, 0);
}


ngx_int_t
ngx_http_wxapp_wechat_post(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    return ngx_http_wxapp_wechat_start(r, call, 1);
}


static ngx_int_t
ngx_http_wxapp_wechat_start(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call, ngx_uint_t post)
{
    u_char                      *p;
    ngx_str_t                    uri;
    ngx_http_request_t          *sr;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_post_subrequest_t  *ps;

    ctx = ngx_http_wxapp_ctx(r);

    uri.len = call->app->api.len + call->path.len;

    p = ngx_pnalloc(r->pool, uri.len);
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (p == NULL || ps == NULL) {
        return NGX_ERROR;
    }

    uri.data = p;
    p = ngx_cpymem(p, call->app->api.data, call->app->api.len);
    ngx_memcpy(p, call->path.data, call->path.len);

    ps->handler = ngx_http_wxapp_wechat_done;
    ps->data = call;

    call->started = ngx_current_msec;
    call->received = 0;
    call->done = 0;
    call->reply = NULL;
    call->errcode = 0;
    ngx_str_null(&call->rid);
    ctx->wechat_used = 1;

    ngx_http_wxapp_wechat_mask(r, call);

    if (ngx_http_subrequest(r, &uri, &call->args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_IN_MEMORY
                            |NGX_HTTP_SUBREQUEST_WAITED)
        != NGX_OK
        || ngx_http_wxapp_wechat_isolate(sr) != NGX_OK
        || (post && ngx_http_wxapp_wechat_send(sr, &call->body) != NGX_OK))
    {
        /* one that was made already runs, but has nothing to tell */

        ngx_http_wxapp_wechat_wipe(call);
        ngx_http_wxapp_wechat_unmask(r, call);
        return NGX_ERROR;
    }

    r->write_event_handler = ngx_http_wxapp_wechat_resume;

    return NGX_OK;
}


/*
 * A subrequest starts as a copy of its parent.  The client's headers, body
 * and cached variables are no business of WeChat's.
 */

static ngx_int_t
ngx_http_wxapp_wechat_isolate(ngx_http_request_t *sr)
{
    ngx_http_wxapp_ctx_t       *ctx;
    ngx_http_core_main_conf_t  *cmcf;

    sr->request_body = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* all that goes out, unless the location sets more */

    ctx = ngx_http_wxapp_ctx(sr);

    if (ngx_http_wxapp_wechat_add(sr, "traceparent", ctx->trace.parent,
                                  NGX_WXAPP_TRACEPARENT_LEN)
        == NULL)
    {
        return NGX_ERROR;
    }

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    sr->variables = ngx_pcalloc(sr->pool, cmcf->variables.nelts
                                          * sizeof(ngx_http_variable_value_t));

    return sr->variables ? NGX_OK : NGX_ERROR;
}


/* chunks WeChat answers with 412: the body has a length */

static ngx_int_t
ngx_http_wxapp_wechat_send(ngx_http_request_t *sr, ngx_str_t *body)
{
    ngx_buf_t  *b;

    sr->method = NGX_HTTP_POST;
    sr->method_name = ngx_http_wxapp_wechat_method;

    sr->headers_in.content_length_n = body->len;
    sr->headers_in.content_type = ngx_http_wxapp_wechat_add(sr, "content-type",
                                          (u_char *) "application/json",
                                          sizeof("application/json") - 1);

    b = ngx_calloc_buf(sr->pool);
    sr->request_body->bufs = ngx_alloc_chain_link(sr->pool);

    if (sr->headers_in.content_type == NULL || b == NULL
        || sr->request_body->bufs == NULL)
    {
        return NGX_ERROR;
    }

    b->start = body->data;
    b->pos = body->data;
    b->last = body->data + body->len;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    sr->request_body->buf = b;
    sr->request_body->bufs->buf = b;
    sr->request_body->bufs->next = NULL;

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_wxapp_wechat_add(ngx_http_request_t *sr, const char *key,
    u_char *value, size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->lowcase_key = h->key.data;

    /* by which proxy_set_header finds what it replaces */

    h->hash = ngx_hash_key(h->key.data, h->key.len);
    h->value.data = value;
    h->value.len = len;
    ngx_http_wxapp_header_end(h);

    return h;
}


ngx_int_t
ngx_http_wxapp_wechat_guard(ngx_http_request_t *sr)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_http_wxapp_wechat_call(sr) == NULL) {
        return NGX_DECLINED;
    }

    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    if (clcf->internal) {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "WeChat is not called: the location of \"api\" in "
                  "\"wxapp_app\" is missing or not \"internal\"");

    return NGX_HTTP_FORBIDDEN;
}


ngx_int_t
ngx_http_wxapp_wechat_header(ngx_http_request_t *sr)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_http_wxapp_wechat_call(sr) == NULL) {
        return NGX_OK;
    }

    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    if (sr->headers_out.content_length_n
        > (off_t) clcf->subrequest_output_buffer_size)
    {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "the reply of WeChat has %O bytes, "
                      "\"subrequest_output_buffer_size\" allows %uz",
                      sr->headers_out.content_length_n,
                      clcf->subrequest_output_buffer_size);
        return NGX_HTTP_BAD_GATEWAY;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_wechat_body(ngx_http_request_t *sr, ngx_chain_t *in)
{
    ngx_chain_t               *cl;
    ngx_http_wxapp_wechat_t   *call;
    ngx_http_core_loc_conf_t  *clcf;

    call = ngx_http_wxapp_wechat_call(sr);

    if (call == NULL) {
        return NGX_OK;
    }

    for (cl = in; cl; cl = cl->next) {
        call->received += ngx_buf_size(cl->buf);
    }

    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    if (call->received <= clcf->subrequest_output_buffer_size) {
        return NGX_OK;
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    return NGX_DECLINED;
}


static ngx_http_wxapp_wechat_t *
ngx_http_wxapp_wechat_call(ngx_http_request_t *sr)
{
    ngx_http_wxapp_ctx_t  *ctx;

    if (!sr->subrequest_in_memory) {
        return NULL;
    }

    ctx = ngx_http_wxapp_ctx(sr);

    return ctx ? ctx->call : NULL;
}


/* runs before the parent is woken; a second time for nginx's error page */

static ngx_int_t
ngx_http_wxapp_wechat_done(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_http_wxapp_wechat_t *call = data;

    if (rc == NGX_HTTP_CLIENT_CLOSED_REQUEST || sr->connection->error) {
        return rc;
    }

    if (!call->done) {
        call->done = 1;
        ngx_http_wxapp_wechat_reply(sr, call, rc);
        ngx_http_wxapp_wechat_wipe(call);
    }

    return NGX_OK;
}


static void
ngx_http_wxapp_wechat_wipe(ngx_http_wxapp_wechat_t *call)
{
    if (call->args.len) {
        ngx_explicit_memzero(call->args.data, call->args.len);
    }

    if (call->body.len) {
        ngx_explicit_memzero(call->body.data, call->body.len);
    }
}


static void
ngx_http_wxapp_wechat_resume(ngx_http_request_t *r)
{
    ngx_http_wxapp_ctx_t     *ctx;
    ngx_http_wxapp_wechat_t  *call;

    ctx = ngx_http_wxapp_ctx(r);
    call = ctx->call;

    /* any write event of the client comes here, too */

    if (!call->done) {
        return;
    }

    ngx_http_wxapp_wechat_unmask(r, call);

    ctx->wechat += ngx_current_msec - call->started;

    r->write_event_handler = ngx_http_request_empty_handler;
    r->connection->log->action = NULL;

    call->handler(r, call);
}


static void
ngx_http_wxapp_wechat_reply(ngx_http_request_t *sr,
    ngx_http_wxapp_wechat_t *call, ngx_int_t rc)
{
    ngx_str_t                  body;
    const char                *error;
    ngx_wxapp_json_node_t     *node;
    ngx_http_core_loc_conf_t  *clcf;

    call->result = (rc == NGX_HTTP_GATEWAY_TIME_OUT)
                   ? NGX_HTTP_WXAPP_WECHAT_TIMEOUT
                   : NGX_HTTP_WXAPP_WECHAT_BROKEN;

    if (sr->method == NGX_HTTP_POST && sr->upstream
        && !sr->upstream->conf->pass_request_body)
    {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "WeChat got no body: \"proxy_pass_request_body\" is off "
                      "in the location of \"api\" in \"wxapp_app\"");
    }

    if (rc != NGX_OK || sr->headers_out.status != NGX_HTTP_OK
        || sr->out == NULL || sr->upstream == NULL)
    {
        return;
    }

    if (!ngx_http_wxapp_wechat_complete(sr->upstream)) {
        return;
    }

    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    if (call->received > clcf->subrequest_output_buffer_size) {
        return;
    }

    body.data = sr->out->buf->pos;
    body.len = sr->out->buf->last - sr->out->buf->pos;

    if (ngx_wxapp_json_parse(sr->pool, &body, &call->reply, &error) != NGX_OK
        || call->reply->type != NGX_WXAPP_JSON_OBJECT)
    {
        return;
    }

    node = ngx_wxapp_json_member(call->reply, &ngx_http_wxapp_wechat_errcode);

    if (node == NULL) {
        call->errcode = 0;

    } else if (ngx_wxapp_json_integer(node, &call->errcode) != NGX_OK) {
        return;
    }

    if (call->errcode == 0) {
        call->result = NGX_HTTP_WXAPP_WECHAT_OK;
        return;
    }

    call->result = NGX_HTTP_WXAPP_WECHAT_ERROR;

    ngx_http_wxapp_wechat_rid(call);
}


/* a reply cut short still comes as 200 */

static ngx_uint_t
ngx_http_wxapp_wechat_complete(ngx_http_upstream_t *u)
{
    ngx_event_pipe_t  *pipe;

    if (!u->buffering) {

        /* what is still to come; -1: until the connection closes */

        return u->length == 0 || u->length == -1;
    }

    pipe = u->pipe;

    return pipe && (pipe->upstream_done
                    || (pipe->upstream_eof && pipe->length == -1));
}


/* of the message only its id is for the log: the rest is free text */

static void
ngx_http_wxapp_wechat_rid(ngx_http_wxapp_wechat_t *call)
{
    u_char                 *p, *last;
    ngx_wxapp_json_node_t  *node;

    node = ngx_wxapp_json_member(call->reply, &ngx_http_wxapp_wechat_errmsg);

    if (node == NULL || node->type != NGX_WXAPP_JSON_STRING) {
        return;
    }

    p = ngx_strlcasestrn(node->value.data, node->value.data + node->value.len,
                         (u_char *) "rid: ", sizeof("rid: ") - 2);
    if (p == NULL) {
        return;
    }

    p += sizeof("rid: ") - 1;
    last = ngx_min(node->value.data + node->value.len,
                   p + NGX_HTTP_WXAPP_WECHAT_RID);

    call->rid.data = p;

    while (p < last && ((*p >= 'a' && *p <= 'f') || (*p >= '0' && *p <= '9')
                        || *p == '-'))
    {
        p++;
    }

    call->rid.len = p - call->rid.data;
}


/*
 * The upstream's URI stands in every error line of the request, and in many
 * lines of lower levels: another log handler leaves it out of the former, and
 * for the time of the exchange this connection logs warnings and worse only.
 * A request that ends in between takes its connection, or its stream's copy
 * of the log, with it.
 */

static void
ngx_http_wxapp_wechat_mask(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    ngx_log_t             *log;
    ngx_http_wxapp_ctx_t  *ctx;

    log = r->connection->log;

    call->log_handler = r->main->log_handler;
    call->log_level = log->log_level;
    call->masked = 1;

    r->main->log_handler = ngx_http_wxapp_wechat_log;

    /* debug bits lie above the levels; rewrite_log tells URIs at notice */

    log->log_level = ngx_min(log->log_level, NGX_LOG_WARN);

    ctx = ngx_http_wxapp_ctx(r);
    ctx->call = call;
}


static void
ngx_http_wxapp_wechat_unmask(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    if (call->masked) {
        r->main->log_handler = call->log_handler;
        r->connection->log->log_level = call->log_level;
        call->masked = 0;
        ngx_http_wxapp_ctx(r)->call = NULL;
    }
}


static u_char *
ngx_http_wxapp_wechat_log(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char     *p;
    ngx_str_t   id;

    /* not even the client's own request line: a code may stand there */

    p = ngx_snprintf(buf, len, ", server: %V, calling WeChat",
                     &((ngx_http_core_srv_conf_t *)
                       ngx_http_get_module_srv_conf(r, ngx_http_core_module))
                       ->server_name);
    len -= p - buf;
    buf = p;

    ngx_wxapp_trace_id(&ngx_http_wxapp_ctx(r)->trace, &id);

    return ngx_snprintf(buf, len, ", trace: %V", &id);
}
