
/*
 * Requests to a resource: a path and a method become one or two statements.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_input.h"


#define NGX_HTTP_WXAPP_ORDERS      4      /* columns to order by, a request */
#define NGX_HTTP_WXAPP_RESULT_MAX  (16 * 1024 * 1024)


typedef struct {
    ngx_http_wxapp_resource_conf_t  *conf;
    ngx_wxapp_value_t                key;
    ngx_wxapp_value_t                owner;
    ngx_str_t                        path;    /* of the collection */
    ngx_wxapp_text_t                 text;
    ngx_uint_t                       status;  /* of the row's reply */
    int64_t                          limit;
    int64_t                          offset;
    unsigned                         item:1;
    unsigned                         created:1;
    unsigned                         too_large:1;
} ngx_http_wxapp_resource_ctx_t;


/* arguments of a list, in the order of their names */

typedef enum {
    NGX_HTTP_WXAPP_ARG_LIMIT = 0,
    NGX_HTTP_WXAPP_ARG_OFFSET,
    NGX_HTTP_WXAPP_ARG_PAGE,
    NGX_HTTP_WXAPP_ARG_ORDER,
    NGX_HTTP_WXAPP_ARG_UNKNOWN,
    NGX_HTTP_WXAPP_ARG_TWICE
} ngx_http_wxapp_arg_e;


typedef struct {
    ngx_http_wxapp_column_t  *column;
    ngx_uint_t                desc;
} ngx_http_wxapp_order_t;


static ngx_int_t ngx_http_wxapp_resource_path(ngx_http_request_t *r,
    ngx_str_t *path, ngx_str_t *key);
static ngx_int_t ngx_http_wxapp_resource_allow(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_not_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_owner(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_list(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_args(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_order_t *orders,
    ngx_uint_t *norders);
static ngx_int_t ngx_http_wxapp_resource_arg(ngx_http_request_t *r,
    u_char *p, u_char *end, ngx_uint_t *seen, ngx_str_t *value);
static ngx_int_t ngx_http_wxapp_resource_number(ngx_http_request_t *r,
    ngx_str_t *s, int64_t min, int64_t *n);
static ngx_int_t ngx_http_wxapp_resource_order(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *s,
    ngx_http_wxapp_order_t *orders, ngx_uint_t *norders);
static ngx_int_t ngx_http_wxapp_resource_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_wxapp_resource_listed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_get(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_resource_got(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_location(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_resource_deleted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_resource_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_resource_key(ngx_http_wxapp_input_t *input,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given);
static ngx_int_t ngx_http_wxapp_resource_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given);
static ngx_int_t ngx_http_wxapp_resource_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given);
static void ngx_http_wxapp_resource_written(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, uint64_t id);
static ngx_wxapp_mysql_query_t *ngx_http_wxapp_resource_query(
    ngx_http_request_t *r, ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_uint_t nparams);
static ngx_int_t ngx_http_wxapp_resource_send(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query, ngx_http_wxapp_done_pt done);
static ngx_int_t ngx_http_wxapp_resource_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value);
static ngx_int_t ngx_http_wxapp_resource_bind_where(
    ngx_wxapp_mysql_query_t *query, ngx_http_wxapp_resource_ctx_t *ctx);


static ngx_str_t  ngx_http_wxapp_resource_role = ngx_string("role");


ngx_int_t
ngx_http_wxapp_resource_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       key;
    ngx_wxapp_fault_t               fault;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_resource_ctx_t));

    if (ctx == NULL || ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->conf = ngx_http_wxapp_content_data(r);
    ctx->status = NGX_HTTP_OK;

    if (ngx_http_wxapp_resource_path(r, &ctx->path, &key) != NGX_OK) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                      "there is nothing here");
    }

    ctx->item = (key.len != 0);

    rc = ngx_http_wxapp_resource_allow(r, ctx);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ctx->item) {
        rc = ngx_wxapp_field_text(&ctx->conf->key->field, r->pool, &key,
                                  &ctx->key, &fault);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_OK) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_key",
                                          "the key in the path is invalid");
        }
    }

    rc = ngx_http_wxapp_resource_owner(r, ctx);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_wxapp_resource_module);

    if (r->method & (NGX_HTTP_POST|NGX_HTTP_PUT)) {
        return ngx_http_wxapp_body_read(r, ngx_http_wxapp_resource_body);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_DELETE) {
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


/* what follows the location's own path: nothing, or one segment */

static ngx_int_t
ngx_http_wxapp_resource_path(ngx_http_request_t *r, ngx_str_t *path,
    ngx_str_t *key)
{
    u_char                    *p, *last;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    *path = clcf->name;

    if (path->len && path->data[path->len - 1] == '/') {
        path->len--;
    }

    /* a rewrite may have led here from elsewhere */

    if (r->uri.len < path->len
        || ngx_memcmp(r->uri.data, path->data, path->len) != 0)
    {
        return NGX_ERROR;
    }

    p = r->uri.data + path->len;
    last = r->uri.data + r->uri.len;

    ngx_str_null(key);

    if (p == last) {
        return NGX_OK;
    }

    if (*p != '/') {
        return NGX_ERROR;
    }

    if (++p == last) {
        return NGX_OK;
    }

    key->data = p;
    key->len = last - p;

    return ngx_strlchr(p, last, '/') ? NGX_ERROR : NGX_OK;
}


/* NGX_DECLINED: it is; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_resource_allow(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_uint_t               i, method;
    ngx_http_wxapp_ctx_t    *wctx;
    ngx_http_wxapp_allow_t  *allow;

    method = (r->method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : r->method;

    allow = ctx->conf->allows.elts;

    for (i = 0; i < ctx->conf->allows.nelts; i++) {
        if (allow[i].method == method) {
            break;
        }
    }

    /* rows are made in a collection, and changed one by one */

    if (i == ctx->conf->allows.nelts
        || (ctx->item && method == NGX_HTTP_POST)
        || (!ctx->item && (method & (NGX_HTTP_PUT|NGX_HTTP_DELETE))))
    {
        return ngx_http_wxapp_resource_not_allowed(r, ctx);
    }

    if (allow[i].roles == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_wxapp_claim_in(r, &ngx_http_wxapp_resource_role,
                                 allow[i].roles);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    wctx = ngx_http_wxapp_ctx(r);

    if (wctx->identity == NGX_HTTP_WXAPP_IDENTITY_INVALID) {
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_INVALID);

        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN, "invalid_token",
                                      wctx->reason);
    }

    if (wctx->identity == NGX_HTTP_WXAPP_IDENTITY_VALID) {
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_FORBIDDEN);

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

    p = ngx_pnalloc(r->pool, sizeof("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
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
                             : method == NGX_HTTP_POST)
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


static ngx_int_t
ngx_http_wxapp_resource_owner(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                        value;
    ngx_wxapp_fault_t                fault;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    if (conf->owner == NULL) {
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

    rc = ngx_wxapp_field_text(&conf->owner->field, r->pool, &value,
                              &ctx->owner, &fault);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN,
                                      "insufficient_scope",
                                      "the caller cannot own rows here");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_list(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n, keyed;
    ngx_wxapp_text_t                 sql;
    ngx_wxapp_value_t                value;
    ngx_http_wxapp_order_t           orders[NGX_HTTP_WXAPP_ORDERS];
    ngx_wxapp_mysql_query_t         *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    ctx->limit = conf->page_default;
    ctx->offset = 0;
    n = 0;

    rc = ngx_http_wxapp_resource_args(r, ctx, orders, &n);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    query = ngx_http_wxapp_resource_query(r, ctx, 3);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&sql, query->pool, conf->select.len + 256);

    ngx_wxapp_text_str(&sql, &conf->select);
    ngx_wxapp_text_str(&sql, &conf->where);
    ngx_wxapp_text_cstr(&sql, " ORDER BY ");

    keyed = 0;

    for (i = 0; i < n; i++) {
        ngx_http_wxapp_resource_name(&sql, &orders[i].column->field.name);
        ngx_wxapp_text_cstr(&sql, orders[i].desc ? " DESC, " : ", ");

        keyed |= (orders[i].column == conf->key);
    }

    /* equal rows must not change places between two pages */

    if (keyed) {
        sql.pos -= 2;

    } else {
        ngx_http_wxapp_resource_name(&sql, &conf->key->field.name);
    }

    ngx_wxapp_text_cstr(&sql, " LIMIT ? OFFSET ?");

    rc = ngx_http_wxapp_resource_bind_where(query, ctx);

    value.type = NGX_WXAPP_VALUE_INTEGER;
    value.integer = ctx->limit;
    rc |= ngx_http_wxapp_resource_bind(query, &value);

    value.integer = ctx->offset;
    rc |= ngx_http_wxapp_resource_bind(query, &value);

    if (rc != NGX_OK || ngx_wxapp_text_done(&sql, &query->sql) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->row = ngx_http_wxapp_resource_row;
    query->read_only = 1;

    ngx_wxapp_text_init(&ctx->text, r->pool, 2048);
    ngx_wxapp_json_open(&ctx->text, '[');

    return ngx_http_wxapp_resource_send(r, query,
                                        ngx_http_wxapp_resource_listed);
}


/* NGX_DECLINED: all understood; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_resource_args(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_order_t *orders,
    ngx_uint_t *norders)
{
    u_char      *p, *last, *end;
    int64_t      page;
    ngx_int_t    rc;
    ngx_str_t    value;
    ngx_uint_t   seen;

    page = 0;
    seen = 0;

    p = r->args.data;
    last = p + r->args.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        if (end == p) {
            continue;
        }

        rc = ngx_http_wxapp_resource_arg(r, p, end, &seen, &value);

        switch (rc) {

        case NGX_HTTP_WXAPP_ARG_LIMIT:
            rc = ngx_http_wxapp_resource_number(r, &value, 0, &ctx->limit);
            break;

        case NGX_HTTP_WXAPP_ARG_OFFSET:
            rc = ngx_http_wxapp_resource_number(r, &value, 0, &ctx->offset);
            break;

        case NGX_HTTP_WXAPP_ARG_PAGE:
            rc = ngx_http_wxapp_resource_number(r, &value, 1, &page);
            break;

        case NGX_HTTP_WXAPP_ARG_ORDER:
            rc = ngx_http_wxapp_resource_order(r, ctx, &value, orders,
                                               norders);
            break;

        case NGX_HTTP_WXAPP_ARG_TWICE:
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "duplicate_parameter",
                             "the query has a parameter twice");

        case NGX_HTTP_WXAPP_ARG_UNKNOWN:
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "unknown_parameter",
                             "the query has a parameter that is not known");

        default:
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    /* more than a page is a page: the reply's Content-Range tells */

    ctx->limit = ngx_min(ctx->limit, (int64_t) ctx->conf->page_max);

    if (page) {
        if (ctx->offset) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_parameter",
                                          "\"page\" and \"offset\" exclude "
                                          "each other");
        }

        ctx->offset = (page - 1) * ctx->limit;
    }

    return NGX_DECLINED;
}


/* which argument stands from "p" to "end", and its decoded value */

static ngx_int_t
ngx_http_wxapp_resource_arg(ngx_http_request_t *r, u_char *p, u_char *end,
    ngx_uint_t *seen, ngx_str_t *value)
{
    u_char      *dst, *src;
    size_t       len;
    ngx_uint_t   i;

    static ngx_str_t  names[] = {
        ngx_string("limit"),
        ngx_string("offset"),
        ngx_string("page"),
        ngx_string("order")
    };

    src = ngx_strlchr(p, end, '=');
    len = (src ? src : end) - p;

    for (i = 0; i < NGX_HTTP_WXAPP_ARG_UNKNOWN; i++) {
        if (names[i].len == len && ngx_strncmp(names[i].data, p, len) == 0) {
            break;
        }
    }

    if (i == NGX_HTTP_WXAPP_ARG_UNKNOWN) {
        return NGX_HTTP_WXAPP_ARG_UNKNOWN;
    }

    if (*seen & (1 << i)) {
        return NGX_HTTP_WXAPP_ARG_TWICE;
    }

    *seen |= 1 << i;

    src = src ? src + 1 : end;

    dst = ngx_pnalloc(r->pool, end - src + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    value->data = dst;

    ngx_unescape_uri(&dst, &src, end - src, 0);

    value->len = dst - value->data;

    return i;
}


static ngx_int_t
ngx_http_wxapp_resource_number(ngx_http_request_t *r, ngx_str_t *s,
    int64_t min, int64_t *n)
{
    ngx_wxapp_field_t  field;
    ngx_wxapp_fault_t  fault;
    ngx_wxapp_value_t  value;

    ngx_memzero(&field, sizeof(ngx_wxapp_field_t));
    field.type = NGX_WXAPP_FIELD_INT;

    if (ngx_wxapp_field_text(&field, r->pool, s, &value, &fault) != NGX_OK
        || value.integer < min)
    {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "invalid_parameter",
                             "\"limit\", \"offset\" and \"page\" must be "
                             "whole numbers in range");
    }

    *n = value.integer;

    return NGX_DECLINED;
}


/* price.desc,name */

static ngx_int_t
ngx_http_wxapp_resource_order(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *s,
    ngx_http_wxapp_order_t *orders, ngx_uint_t *norders)
{
    u_char                   *p, *last, *end, *dot;
    ngx_str_t                 name, dir;
    ngx_uint_t                i, n;
    ngx_http_wxapp_column_t  *column;

    n = 0;
    p = s->data;
    last = p + s->len;

    for ( ;; ) {
        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        dot = ngx_strlchr(p, end, '.');

        name.data = p;
        name.len = (dot ? dot : end) - p;

        dir.data = dot ? dot + 1 : end;
        dir.len = end - dir.data;

        column = ngx_http_wxapp_resource_find(ctx->conf, &name);

        if (column == NULL || !column->order || n == NGX_HTTP_WXAPP_ORDERS) {
            goto invalid;
        }

        for (i = 0; i < n; i++) {
            if (orders[i].column == column) {
                goto invalid;
            }
        }

        orders[n].column = column;
        orders[n].desc = (dir.len == 4
                          && ngx_strncmp(dir.data, "desc", 4) == 0);

        if (dot && !orders[n].desc
            && (dir.len != 3 || ngx_strncmp(dir.data, "asc", 3) != 0))
        {
            goto invalid;
        }

        n++;

        if (end == last) {
            break;
        }

        p = end + 1;
    }

    *norders = n;

    return NGX_DECLINED;

invalid:

    return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                  "invalid_parameter",
                                  "\"order\" must name columns that can be "
                                  "ordered by, each with .asc or .desc");
}


static ngx_int_t
ngx_http_wxapp_resource_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_uint_t                      i;
    ngx_http_wxapp_column_t        *column;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    column = ctx->conf->columns.elts;

    ngx_wxapp_json_open(&ctx->text, '{');

    for (i = 0; i < n; i++) {
        ngx_wxapp_json_raw(&ctx->text, column[i].label.data,
                           column[i].label.len);
        ngx_wxapp_field_write(&column[i].field, &ctx->text, &columns[i]);
    }

    ngx_wxapp_json_close(&ctx->text, '}');

    if (ctx->text.pos - ctx->text.start > NGX_HTTP_WXAPP_RESULT_MAX) {
        ctx->too_large = 1;
        return NGX_ERROR;
    }

    return ctx->text.failed ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_wxapp_resource_listed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    u_char                         *p;
    ngx_str_t                       body, range;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (ctx->too_large) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the rows of resource \"%V\" take more than %d bytes",
                      &ctx->conf->table, NGX_HTTP_WXAPP_RESULT_MAX);

        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                         NGX_HTTP_INTERNAL_SERVER_ERROR,
                                         "result_too_large",
                                         "the rows are too large together, "
                                         "ask for fewer"));
        return;
    }

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_finalize_request(r, ngx_http_wxapp_db_problem(r, query));
        return;
    }

    ngx_wxapp_json_close(&ctx->text, ']');

    p = ngx_pnalloc(r->pool, 2 * NGX_INT64_LEN + sizeof("-/*"));

    if (p == NULL || ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    range.data = p;

    if (query->rows) {
        p = ngx_sprintf(p, "%L-%L/*", ctx->offset,
                        ctx->offset + (int64_t) query->rows - 1);
    } else {
        p = ngx_sprintf(p, "*/*");
    }

    range.len = p - range.data;

    if (ngx_http_wxapp_header(r, "Content-Range", &range) == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body));
}


/* the row of ctx->key: NGX_AGAIN, or what to finalize with */

static ngx_int_t
ngx_http_wxapp_resource_get(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_wxapp_mysql_query_t  *query;

    if (r->args.len && r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "unknown_parameter",
                             "the query has a parameter that is not known");
    }

    query = ngx_http_wxapp_resource_query(r, ctx, 2);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->sql = ctx->conf->item;
    query->row = ngx_http_wxapp_resource_row;
    query->read_only = 1;

    if (ngx_http_wxapp_resource_bind(query, &ctx->key) != NGX_OK
        || ngx_http_wxapp_resource_bind_where(query, ctx) != NGX_OK)
    {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&ctx->text, r->pool, 1024);

    return ngx_http_wxapp_resource_send(r, query,
                                        ngx_http_wxapp_resource_got);
}


static void
ngx_http_wxapp_resource_got(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_str_t                       body;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_finalize_request(r, ngx_http_wxapp_db_problem(r, query));
        return;
    }

    if (query->rows == 0 && !ctx->created) {
        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                         NGX_HTTP_NOT_FOUND, "not_found",
                                         "there is no such row"));
        return;
    }

    if (ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK
        || (ctx->created && ngx_http_wxapp_resource_location(r, ctx)
                            != NGX_OK))
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, ctx->status, &body));
}


static ngx_int_t
ngx_http_wxapp_resource_location(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   value, *key;

    key = &ctx->key.text;

    len = (ctx->key.type == NGX_WXAPP_VALUE_INTEGER) ? NGX_INT64_LEN
                                                     : 3 * key->len;

    p = ngx_pnalloc(r->pool, 3 * ctx->path.len + 1 + len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    p = (u_char *) ngx_escape_uri(p, ctx->path.data, ctx->path.len,
                                  NGX_ESCAPE_URI);
    *p++ = '/';

    if (ctx->key.type == NGX_WXAPP_VALUE_INTEGER) {
        p = ngx_sprintf(p, "%L", ctx->key.integer);

    } else {
        p = (u_char *) ngx_escape_uri(p, key->data, key->len,
                                      NGX_ESCAPE_URI_COMPONENT);
    }

    value.len = p - value.data;

    return ngx_http_wxapp_header(r, "Location", &value) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_wxapp_mysql_query_t  *query;

    query = ngx_http_wxapp_resource_query(r, ctx, 2);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->sql = ctx->conf->remove;

    if (ngx_http_wxapp_resource_bind(query, &ctx->key) != NGX_OK
        || ngx_http_wxapp_resource_bind_where(query, ctx) != NGX_OK)
    {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_resource_send(r, query,
                                        ngx_http_wxapp_resource_deleted);
}


static void
ngx_http_wxapp_resource_deleted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                 rc;
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else {
        rc = ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT, NULL);
    }

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_wxapp_resource_body(ngx_http_request_t *r)
{
    u_char                          given[NGX_HTTP_WXAPP_COLUMNS];
    ngx_int_t                       rc;
    ngx_wxapp_value_t               values[NGX_HTTP_WXAPP_COLUMNS];
    ngx_wxapp_json_node_t          *object;
    ngx_http_wxapp_input_t         *input;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_resource_module);

    input = ngx_http_wxapp_input_create(r, ctx->conf->columns.elts,
                                        ctx->conf->columns.nelts,
                                        sizeof(ngx_http_wxapp_column_t));

    if (input == NULL
        || ngx_http_wxapp_input_take(input, object, values, given) != NGX_OK
        || ngx_http_wxapp_resource_key(input, ctx, values, given) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    rc = ngx_http_wxapp_input_end(input);

    if (rc == NGX_DECLINED) {
        rc = (r->method == NGX_HTTP_POST)
             ? ngx_http_wxapp_resource_insert(r, ctx, values, given)
             : ngx_http_wxapp_resource_update(r, ctx, values, given);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* a key from the body: in POST one that a path can name, in PUT the path's */

static ngx_int_t
ngx_http_wxapp_resource_key(ngx_http_wxapp_input_t *input,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given)
{
    ngx_str_t                *s;
    ngx_uint_t                i, same;
    ngx_wxapp_value_t        *key;
    ngx_http_wxapp_column_t  *column;

    column = ctx->conf->key;
    i = column - (ngx_http_wxapp_column_t *) ctx->conf->columns.elts;
    key = &values[i];

    if (!given[i] || input->nfaults) {
        return NGX_OK;
    }

    s = &key->text;

    if (input->request->method == NGX_HTTP_PUT) {

        same = (key->type == ctx->key.type);

        if (same && key->type == NGX_WXAPP_VALUE_INTEGER) {
            same = (key->integer == ctx->key.integer);

        } else if (same) {
            same = (s->len == ctx->key.text.len
                    && ngx_memcmp(s->data, ctx->key.text.data, s->len) == 0);
        }

        if (same) {
            return NGX_OK;
        }

        return ngx_http_wxapp_input_fault(input, &column->field.name, "key",
                                          "must be the key in the path");
    }

    if (key->type != NGX_WXAPP_VALUE_TEXT) {
        return NGX_OK;
    }

    if (s->len == 0 || ngx_strlchr(s->data, s->data + s->len, '/')
        || (s->data[0] == '.'
            && (s->len == 1 || (s->len == 2 && s->data[1] == '.'))))
    {
        return ngx_http_wxapp_input_fault(input, &column->field.name, "key",
                                          "must be what a path can name");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_resource_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n;
    ngx_wxapp_text_t                 sql;
    ngx_http_wxapp_column_t         *column;
    ngx_wxapp_mysql_query_t         *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    column = conf->columns.elts;

    query = ngx_http_wxapp_resource_query(r, ctx, conf->columns.nelts);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (conf->owner) {
        i = conf->owner - column;
        given[i] = 1;
        values[i] = ctx->owner;
    }

    ngx_wxapp_text_init(&sql, query->pool, 512);
    ngx_wxapp_text_cstr(&sql, "INSERT INTO ");
    ngx_http_wxapp_resource_name(&sql, &conf->table);
    ngx_wxapp_text_cstr(&sql, " (");

    rc = NGX_OK;

    for (i = 0; i < conf->columns.nelts; i++) {
        if (given[i]) {
            if (query->nparams) {
                ngx_wxapp_text_cstr(&sql, ", ");
            }

            ngx_http_wxapp_resource_name(&sql, &column[i].field.name);
            rc |= ngx_http_wxapp_resource_bind(query, &values[i]);
        }
    }

    ngx_wxapp_text_cstr(&sql, ") VALUES (");

    for (n = 0; n < query->nparams; n++) {
        ngx_wxapp_text_cstr(&sql, n ? ", ?" : "?");
    }

    ngx_wxapp_text_cstr(&sql, ")");

    if (rc != NGX_OK || ngx_wxapp_text_done(&sql, &query->sql) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->created = 1;
    ctx->status = NGX_HTTP_CREATED;

    i = conf->key - column;

    if (given[i]) {
        ctx->key = values[i];
    }

    return ngx_http_wxapp_resource_send(r, query,
                                        ngx_http_wxapp_resource_written);
}


/* PUT: what is not given returns to its default */

static ngx_int_t
ngx_http_wxapp_resource_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n;
    ngx_wxapp_text_t                 sql;
    ngx_http_wxapp_column_t         *column;
    ngx_wxapp_mysql_query_t         *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    column = conf->columns.elts;

    query = ngx_http_wxapp_resource_query(r, ctx, conf->columns.nelts + 2);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&sql, query->pool, 512);
    ngx_wxapp_text_cstr(&sql, "UPDATE ");
    ngx_http_wxapp_resource_name(&sql, &conf->table);
    ngx_wxapp_text_cstr(&sql, " SET ");

    rc = NGX_OK;
    n = 0;

    for (i = 0; i < conf->columns.nelts; i++) {

        if (!column[i].field.write || &column[i] == conf->key) {
            continue;
        }

        if (n++) {
            ngx_wxapp_text_cstr(&sql, ", ");
        }

        ngx_http_wxapp_resource_name(&sql, &column[i].field.name);
        ngx_wxapp_text_cstr(&sql, given[i] ? " = ?" : " = DEFAULT");

        if (given[i]) {
            rc |= ngx_http_wxapp_resource_bind(query, &values[i]);
        }
    }

    ngx_wxapp_text_cstr(&sql, " WHERE ");
    ngx_http_wxapp_resource_name(&sql, &conf->key->field.name);
    ngx_wxapp_text_cstr(&sql, " = ? AND ");
    ngx_wxapp_text_str(&sql, &conf->where);
    ngx_wxapp_text_cstr(&sql, " LIMIT 1");

    rc |= ngx_http_wxapp_resource_bind(query, &ctx->key);
    rc |= ngx_http_wxapp_resource_bind_where(query, ctx);

    if (rc != NGX_OK || ngx_wxapp_text_done(&sql, &query->sql) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_resource_send(r, query,
                                        ngx_http_wxapp_resource_written);
}


/* the row as it is now is the answer */

static void
ngx_http_wxapp_resource_written(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else {

        rc = NGX_OK;

        if (ctx->created && ctx->key.type == NGX_WXAPP_VALUE_NULL) {
            rc = ngx_http_wxapp_resource_made(r, ctx, query->insert_id);
        }

        /* a key that the table made and nobody told: the row stays untold */

        rc = (rc == NGX_DECLINED)
             ? ngx_http_wxapp_reply(r, NGX_HTTP_CREATED, NULL)
             : (rc == NGX_OK) ? ngx_http_wxapp_resource_get(r, ctx) : rc;
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* the key of AUTO_INCREMENT; above 2^63 it is exact as a decimal */

static ngx_int_t
ngx_http_wxapp_resource_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, uint64_t id)
{
    ngx_str_t  *s;

    /* of a table that makes its key otherwise it would be another's */

    if (id == 0 || ctx->conf->key->field.type > NGX_WXAPP_FIELD_BIGINT) {
        return NGX_DECLINED;
    }

    if (id <= INT64_MAX) {
        ctx->key.type = NGX_WXAPP_VALUE_INTEGER;
        ctx->key.integer = id;
        return NGX_OK;
    }

    s = &ctx->key.text;

    s->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (s->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->len = ngx_sprintf(s->data, "%uL", id) - s->data;
    ctx->key.type = NGX_WXAPP_VALUE_DECIMAL;

    return NGX_OK;
}


/* parameters are counted as they are bound */

static ngx_wxapp_mysql_query_t *
ngx_http_wxapp_resource_query(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t nparams)
{
    ngx_wxapp_mysql_query_t     *query;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    query = ngx_wxapp_mysql_query(wmcf->mysql, nparams);

    if (query) {
        query->op.data = ctx;
        query->nparams = 0;
    }

    return query;
}


static ngx_int_t
ngx_http_wxapp_resource_send(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query, ngx_http_wxapp_done_pt done)
{
    if (ngx_http_wxapp_wait_mysql(r, &query->op, done) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_wxapp_resource_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value)
{
    return ngx_wxapp_mysql_param(query, query->nparams++, value);
}


static ngx_int_t
ngx_http_wxapp_resource_bind_where(ngx_wxapp_mysql_query_t *query,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    return ctx->conf->owner ? ngx_http_wxapp_resource_bind(query, &ctx->owner)
                            : NGX_OK;
}


ngx_http_wxapp_column_t *
ngx_http_wxapp_resource_find(ngx_http_wxapp_resource_conf_t *conf,
    ngx_str_t *name)
{
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    column = conf->columns.elts;

    for (i = 0; i < conf->columns.nelts; i++) {
        if (column[i].field.name.len == name->len
            && ngx_memcmp(column[i].field.name.data, name->data, name->len)
               == 0)
        {
            return &column[i];
        }
    }

    return NULL;
}


void
ngx_http_wxapp_resource_name(ngx_wxapp_text_t *text, ngx_str_t *name)
{
    ngx_wxapp_text_put(text, "`", 1);
    ngx_wxapp_text_str(text, name);
    ngx_wxapp_text_put(text, "`", 1);
}
