
#include "module/ngx_http_wxapp_password.h"


static ngx_int_t ngx_http_wxapp_password_ticket(ngx_http_request_t *sr,
    ngx_str_t *ticket);
static ngx_int_t ngx_http_wxapp_password_captcha_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_wxapp_password_captcha_resume(ngx_http_request_t *r);


typedef struct {
    ngx_http_wxapp_password_t   *attempt;
    ngx_uint_t                   status;
    ngx_uint_t                   done;        /* unsigned  done:1; */
} ngx_http_wxapp_captcha_ctx_t;


void
ngx_http_wxapp_password_captcha(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_pt handler)
{
    u_char                        *p, *last;
    ngx_http_request_t            *r, *sr;
    ngx_http_post_subrequest_t    *ps;
    ngx_http_wxapp_captcha_ctx_t  *ctx;

    r = attempt->request;
    attempt->handler = handler;

    /* it goes into a header */

    p = attempt->ticket.data;
    last = p + attempt->ticket.len;

    while (p < last && *p > ' ' && *p < 0x7f) {
        p++;
    }

    if (p < last || attempt->ticket.len == 0) {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_CAPTCHA);
        return;
    }

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_captcha_ctx_t));

    if (ps == NULL || ctx == NULL) {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
        return;
    }

    ctx->attempt = attempt;

    ps->handler = ngx_http_wxapp_password_captcha_done;
    ps->data = ctx;

    if (ngx_http_subrequest(r, &attempt->conf->captcha, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_WAITED)
        != NGX_OK
        || ngx_http_wxapp_password_ticket(sr, &attempt->ticket) != NGX_OK)
    {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
        return;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_wxapp_password_module);

    r->write_event_handler = ngx_http_wxapp_password_captcha_resume;
}


/* it sees the ticket, and neither the body nor other headers */

static ngx_int_t
ngx_http_wxapp_password_ticket(ngx_http_request_t *sr, ngx_str_t *ticket)
{
    ngx_table_elt_t            *h;
    ngx_http_core_main_conf_t  *cmcf;

    sr->header_only = 1;

    sr->request_body = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 1,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&h->key, "X-Wxapp-Ticket");
    h->lowcase_key = (u_char *) "x-wxapp-ticket";
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    h->value = *ticket;
    ngx_http_wxapp_header_end(h);

    /* variables of the parent's headers are none of its own */

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    sr->variables = ngx_pcalloc(sr->pool, cmcf->variables.nelts
                                          * sizeof(ngx_http_variable_value_t));

    return sr->variables ? NGX_OK : NGX_ERROR;
}


/* runs before the parent is woken; a second time for nginx's error page */

static ngx_int_t
ngx_http_wxapp_password_captcha_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_wxapp_captcha_ctx_t *ctx = data;

    ctx->done = 1;
    ctx->status = sr->headers_out.status;

    return rc;
}


static void
ngx_http_wxapp_password_captcha_resume(ngx_http_request_t *r)
{
    ngx_http_wxapp_password_t     *attempt;
    ngx_http_wxapp_captcha_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_password_module);

    /* any write event of the client comes here, too */

    if (!ctx->done) {
        return;
    }

    attempt = ctx->attempt;

    r->write_event_handler = ngx_http_request_empty_handler;

    if (ctx->status >= NGX_HTTP_OK
        && ctx->status < NGX_HTTP_SPECIAL_RESPONSE)
    {
        attempt->handler(attempt);
        return;
    }

    ngx_http_wxapp_password_fail(attempt,
                                 (ctx->status == NGX_HTTP_UNAUTHORIZED
                                  || ctx->status == NGX_HTTP_FORBIDDEN)
                                 ? NGX_HTTP_WXAPP_PASSWORD_CAPTCHA
                                 : NGX_HTTP_WXAPP_PASSWORD_NO_CAPTCHA);
}
