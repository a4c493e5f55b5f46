
/*
 * A request to a resource comes in: which row or list it names by its path,
 * by which method, and whether the caller may.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "http/ngx_http_wxapp_body.h"


static ngx_int_t ngx_http_wxapp_resource_path(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_keys(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_uint_t ngx_http_wxapp_resource_method(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_resource_may(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_not_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_rights(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_guarded(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


static ngx_str_t  ngx_http_wxapp_resource_role_claim = ngx_string("role");


ngx_int_t
ngx_http_wxapp_resource_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_resource_ctx_t));

    if (ctx == NULL || ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->conf = ngx_http_wxapp_content_data(r);
    ctx->method = ngx_http_wxapp_resource_method(r);
    ctx->total = -1;

    rc = ngx_http_wxapp_resource_path(r, ctx);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_may(r, ctx);
    }

    if (rc == NGX_DECLINED && ctx->item) {
        rc = ngx_http_wxapp_resource_keys(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_rights(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_request(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_guarded(r, ctx);
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ctx->nrelations) {
        ctx->parents = ngx_array_create(r->pool, 20,
                                        sizeof(ngx_http_wxapp_parent_t));
        if (ctx->parents == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_set_ctx(r, ctx, ngx_http_wxapp_resource_module);

    if (ctx->method & (NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH)) {
        return ngx_http_wxapp_body_read(r, ngx_http_wxapp_resource_body);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->method == NGX_HTTP_DELETE) {
        rc = ngx_http_wxapp_resource_delete(r, ctx);

    } else if (ctx->item) {
        rc = ngx_http_wxapp_resource_get(r, ctx);

    } else {
        rc = ngx_http_wxapp_resource_list(r, ctx);
    }

    if (rc == NGX_AGAIN) {
        r->main->count++;
        return NGX_DONE;
    }

    return rc;
}


/* what follows the location's own path: nothing, or the key */

static ngx_int_t
ngx_http_wxapp_resource_path(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char                    *p, *last;
    ngx_uint_t                 n;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ctx->path = clcf->name;

    if (ctx->path.len && ctx->path.data[ctx->path.len - 1] == '/') {
        ctx->path.len--;
    }

    /* a rewrite may have led here from elsewhere */

    if (r->uri.len < ctx->path.len
        || ngx_memcmp(r->uri.data, ctx->path.data, ctx->path.len) != 0)
    {
        goto nothing;
    }

    p = r->uri.data + ctx->path.len;
    last = r->uri.data + r->uri.len;

    if (p == last || (*p == '/' && p + 1 == last)) {
        return NGX_DECLINED;
    }

    if (*p != '/') {
        goto nothing;
    }

    /* a segment for each column of the key */

    for (n = 0; p < last; n++) {

        if (n == ctx->conf->nkeys) {
            goto nothing;
        }

        ctx->keys[n].text.data = ++p;

        while (p < last && *p != '/') {
            p++;
        }

        ctx->keys[n].text.len = p - ctx->keys[n].text.data;
    }

    for (p = last; n; n--) {
        if (ctx->keys[n - 1].text.len == 0) {
            goto nothing;
        }
    }

    if (ctx->keys[ctx->conf->nkeys - 1].text.len == 0) {
        goto nothing;
    }

    ctx->item = 1;
    ctx->single = 1;

    return NGX_DECLINED;

nothing:

    return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                  "there is nothing here");
}


static ngx_int_t
ngx_http_wxapp_resource_keys(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t          rc;
    ngx_str_t          text;
    ngx_uint_t         i;
    ngx_wxapp_fault_t  fault;

    for (i = 0; i < ctx->conf->nkeys; i++) {

        text = ctx->keys[i].text;

        rc = ngx_wxapp_field_text(&ctx->conf->keys[i]->field, r->pool, &text,
                                  &ctx->keys[i], &fault);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_OK) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_key",
                                          "the key in the path is invalid");
        }
    }

    return NGX_DECLINED;
}


/* wx.request has no PATCH, some proxies let only POST pass */

static ngx_uint_t
ngx_http_wxapp_resource_method(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    if (r->method == NGX_HTTP_HEAD) {
        return NGX_HTTP_GET;
    }

    if (r->method != NGX_HTTP_POST) {
        return r->method;
    }

    h = ngx_http_wxapp_header_find(&r->headers_in.headers,
                                   "X-HTTP-Method-Override", NULL);

    if (h == NULL) {
        return NGX_HTTP_POST;
    }

    if (h->value.len == 5 && ngx_strncmp(h->value.data, "PATCH", 5) == 0) {
        return NGX_HTTP_PATCH;
    }

    if (h->value.len == 3 && ngx_strncmp(h->value.data, "PUT", 3) == 0) {
        return NGX_HTTP_PUT;
    }

    if (h->value.len == 6 && ngx_strncmp(h->value.data, "DELETE", 6) == 0) {
        return NGX_HTTP_DELETE;
    }

    if (h->value.len == 4 && ngx_strncmp(h->value.data, "POST", 4) == 0) {
        return NGX_HTTP_POST;
    }

    /* what is not known is not allowed */

    return NGX_HTTP_UNKNOWN;
}


static ngx_int_t
ngx_http_wxapp_resource_may(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t  rc;

    /* rows are made in a collection, and replaced one by one */

    if ((ctx->item && ctx->method == NGX_HTTP_POST)
        || (!ctx->item && ctx->method == NGX_HTTP_PUT))
    {
        return ngx_http_wxapp_resource_not_allowed(r, ctx);
    }

    rc = ngx_http_wxapp_resource_allowed(r, ctx->conf, ctx->method);

    return (rc == NGX_ABORT) ? ngx_http_wxapp_resource_not_allowed(r, ctx)
                             : rc;
}


ngx_int_t
ngx_http_wxapp_resource_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, ngx_uint_t method)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_http_wxapp_allow_t  *allow;

    allow = conf->allows.elts;

    for (i = 0; i < conf->allows.nelts; i++) {
        if (allow[i].method == method) {
            break;
        }
    }

    if (i == conf->allows.nelts) {
        return NGX_ABORT;
    }

    rc = ngx_http_wxapp_resource_role(r, allow[i].roles);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return (rc == NGX_OK) ? NGX_DECLINED
                          : ngx_http_wxapp_resource_forbidden(r);
}


ngx_int_t
ngx_http_wxapp_resource_forbidden(ngx_http_request_t *r)
{
    ngx_str_t              uid;
    ngx_http_wxapp_ctx_t  *wctx;

    static ngx_str_t  sub = ngx_string("sub");

    wctx = ngx_http_wxapp_ctx(r);

    if (wctx->identity == NGX_HTTP_WXAPP_IDENTITY_INVALID) {
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_AUTH_INVALID, NULL);

        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN, "invalid_token",
                                      wctx->reason);
    }

    if (wctx->identity == NGX_HTTP_WXAPP_IDENTITY_VALID) {
        if (ngx_http_wxapp_claim(r, &sub, &uid) != NGX_OK) {
            ngx_str_null(&uid);
        }

        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_AUTH_FORBIDDEN, &uid);

        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN,
                                      "insufficient_scope",
                                      "the role may not do this");
    }

    return ngx_http_wxapp_problem(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                  "an access token is required");
}


static ngx_int_t
ngx_http_wxapp_resource_not_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char                  *p;
    ngx_str_t                value;
    ngx_uint_t               i, method;
    ngx_http_wxapp_allow_t  *allow;

    p = ngx_pnalloc(r->pool,
                    sizeof("GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.data = p;
    allow = ctx->conf->allows.elts;

    for (i = 0; i < ctx->conf->allows.nelts; i++) {
        method = allow[i].method;

        if (method == NGX_HTTP_GET) {
            p = ngx_sprintf(p, "GET, HEAD, ");

        } else if (ctx->item ? method != NGX_HTTP_POST
                             : method != NGX_HTTP_PUT)
        {
            p = ngx_sprintf(p, "%V, ", &allow[i].name);
        }
    }

    p = ngx_sprintf(p, "OPTIONS%Z");

    if (r->method != NGX_HTTP_OPTIONS) {
        return ngx_http_wxapp_not_allowed(r, (char *) value.data);
    }

    value.len = p - value.data - 1;

    return ngx_http_wxapp_header(r, "Allow", &value)
           ? ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT, NULL)
           : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_wxapp_resource_role(ngx_http_request_t *r, ngx_array_t *roles)
{
    return roles ? ngx_http_wxapp_claim_in(r,
                                           &ngx_http_wxapp_resource_role_claim,
                                           roles)
                 : NGX_OK;
}


/* whose rows, and which of their columns */

static ngx_int_t
ngx_http_wxapp_resource_rights(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, scoped;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    rc = ngx_http_wxapp_resource_scope(r, conf, ctx->method != NGX_HTTP_GET,
                                       &scoped, &ctx->owner);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_readable(r, conf, &ctx->readable);
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ctx->scoped = scoped;

    if (ctx->method & (NGX_HTTP_GET|NGX_HTTP_DELETE)) {
        return NGX_DECLINED;
    }

    column = conf->columns.elts;

    for (i = 0; i < conf->columns.nelts; i++) {

        if (!column[i].field.write) {
            continue;
        }

        rc = ngx_http_wxapp_resource_role(r, column[i].write);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_OK) {
            ctx->writable |= (uint64_t) 1 << i;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_wxapp_resource_readable(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, uint64_t *columns)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    *columns = ~(uint64_t) 0;

    if (!conf->roles) {
        return NGX_DECLINED;
    }

    column = conf->columns.elts;

    for (i = 0; i < conf->columns.nelts; i++) {

        rc = ngx_http_wxapp_resource_role(r, column[i].read);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_OK) {
            *columns &= ~((uint64_t) 1 << i);
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_wxapp_resource_scope(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, ngx_uint_t write,
    ngx_uint_t *scoped, ngx_wxapp_value_t *owner)
{
    ngx_int_t          rc;
    ngx_str_t          value;
    ngx_wxapp_fault_t  fault;

    *scoped = (conf->owner && (write || conf->owner_reads));

    if (!*scoped) {
        return NGX_DECLINED;
    }

    if (ngx_http_complex_value(r, &conf->owner_value, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nobody owns nothing: never fall back to all rows */

    if (value.len == 0) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_UNAUTHORIZED,
                                      "unauthorized",
                                      "the rows belong to their owner");
    }

    rc = ngx_wxapp_field_text(&conf->owner->plain, r->pool, &value, owner,
                              &fault);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN,
                                      "insufficient_scope",
                                      "the caller cannot own rows here");
    }

    if (conf->owner_admins) {
        rc = ngx_http_wxapp_resource_role(r, conf->owner_admins);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        *scoped = (rc != NGX_OK);
    }

    return NGX_DECLINED;
}


/* what a write must come with */

static ngx_int_t
ngx_http_wxapp_resource_guarded(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    if (!(ctx->method & (NGX_HTTP_PUT|NGX_HTTP_PATCH|NGX_HTTP_DELETE))) {
        return NGX_DECLINED;
    }

    ctx->max_affected = ctx->conf->max_affected;

    if (ctx->max_given) {
        ctx->max_affected = ngx_min(ctx->max_affected, ctx->max_asked);
    }

    if (ctx->conf->require_if_match && (ctx->if_match == NULL || !ctx->item)) {
        return ngx_http_wxapp_problem(r, 428, "precondition_required",
                                      "a change needs If-Match with the ETag "
                                      "of the row");
    }

    if (!ctx->item && ctx->query.nfilters == 0 && ctx->query.search.len == 0) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                      "filter_required",
                                      "a change of several rows needs a "
                                      "filter");
    }

    return NGX_DECLINED;
}
