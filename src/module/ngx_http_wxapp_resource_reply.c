
/*
 * Rows of a resource as JSON, and the headers about them.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_cursor.h"

#include <mysqld_error.h>


static ngx_int_t ngx_http_wxapp_resource_extras(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *extra,
    ngx_wxapp_mysql_column_t *columns);
static ngx_int_t ngx_http_wxapp_resource_send(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t status, ngx_str_t *body,
    ngx_uint_t n);
static ngx_int_t ngx_http_wxapp_resource_validator(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_wxapp_resource_content_range(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t n);
static ngx_int_t ngx_http_wxapp_resource_location(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_link(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_applied(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


void
ngx_http_wxapp_resource_rows(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_wxapp_text_init(&ctx->text, r->pool, ctx->item ? 1024 : 4096);

    ctx->nrows = 0;

    if (!ctx->single && !ctx->object) {
        ngx_wxapp_json_open(&ctx->text, '[');
    }
}


ngx_int_t
ngx_http_wxapp_resource_row(ngx_wxapp_mysql_query_t *query, ngx_str_t *row,
    ngx_uint_t n)
{
    ngx_wxapp_text_t               *text;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    text = &ctx->text;

    /* one row more than the page says that there is another page */

    if (ctx->cursor && ctx->nrows == (ngx_uint_t) ctx->limit) {
        ctx->more = 1;
        return NGX_OK;
    }

    ngx_wxapp_json_open(text, '{');
    ngx_http_wxapp_resource_members(text, ctx->outputs, row);

    if (ctx->nextra
        && ngx_http_wxapp_resource_extras(ctx, &row[n - ctx->nextra],
                                          &query->columns[n - ctx->nextra])
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_wxapp_json_close(text, '}');

    ctx->nrows++;

    if (text->pos - text->start > NGX_HTTP_WXAPP_RESULT_MAX) {
        ctx->too_large = 1;
        return NGX_ERROR;
    }

    return text->failed ? NGX_ERROR : NGX_OK;
}


void
ngx_http_wxapp_resource_members(ngx_wxapp_text_t *text, ngx_array_t *outputs,
    ngx_str_t *row)
{
    ngx_uint_t                i;
    ngx_http_wxapp_output_t  *output;

    output = outputs->elts;

    for (i = 0; i < outputs->nelts; i++) {

        if (output[i].column) {
            ngx_wxapp_json_raw(text, output[i].label.data,
                               output[i].label.len);
            ngx_wxapp_field_write(&output[i].column->field, text, row++);
        }
    }
}


/* columns that are not told: the relations', the cursor's, the version */

static ngx_int_t
ngx_http_wxapp_resource_extras(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *extra, ngx_wxapp_mysql_column_t *columns)
{
    u_char                   *p;
    ngx_str_t                *s;
    ngx_uint_t                i;
    ngx_pool_t               *pool;
    ngx_http_wxapp_parent_t  *parent;

    pool = ctx->text.pool;

    if (ctx->nrelations) {
        parent = ngx_array_push(ctx->parents);
        if (parent == NULL) {
            return NGX_ERROR;
        }

        parent->end = ctx->text.pos - ctx->text.start;

        parent->keys = ngx_pcalloc(pool, ctx->nrelations * sizeof(ngx_str_t));
        if (parent->keys == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < ctx->nrelations; i++) {
            if (extra[i].data) {
                s = &parent->keys[i];
                s->len = extra[i].len;
                s->data = ngx_pstrdup(pool, &extra[i]);

                if (s->data == NULL) {
                    return NGX_ERROR;
                }
            }
        }
    }

    if (ctx->ordered && ctx->nrows + 1 == (ngx_uint_t) ctx->limit) {

        for (i = 0; i < ctx->norders; i++) {

            /* comparing with such a value would not find the next row */

            ctx->unordered |= columns[ctx->ordered - 1 + i].unordered;

            s = &extra[ctx->ordered - 1 + i];

            ctx->last[i].len = s->len;
            ctx->last[i].data = s->data ? ngx_pstrdup(pool, s) : NULL;

            if (s->data && ctx->last[i].data == NULL) {
                return NGX_ERROR;
            }
        }
    }

    for (i = 0; ctx->keyed && i < ctx->conf->nkeys; i++) {
        s = ngx_array_push(ctx->locked);
        if (s == NULL) {
            return NGX_ERROR;
        }

        s->len = extra[ctx->keyed - 1 + i].len;
        s->data = ngx_pstrdup(pool, &extra[ctx->keyed - 1 + i]);

        if (s->data == NULL) {
            return NGX_ERROR;
        }
    }

    if (ctx->version) {
        s = &extra[ctx->version - 1];

        p = ngx_pnalloc(pool, s->len + 2);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ctx->etag.data = p;
        ctx->etag.len = ngx_sprintf(p, "\"%V\"", s) - p;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_resource_tell(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_str_t   body;
    ngx_uint_t  status;

    if (ctx->object && ctx->nrows != 1) {
        return ngx_http_wxapp_resource_not_one(r, ctx, ctx->nrows);
    }

    /* the one row was a duplicate to ignore */

    if (ctx->single && ctx->nrows == 0) {
        return ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_OK, 0);
    }

    if (!ctx->single && !ctx->object) {
        ngx_wxapp_json_close(&ctx->text, ']');
    }

    if (ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = ctx->created ? NGX_HTTP_CREATED : NGX_HTTP_OK;

    if (ctx->method == NGX_HTTP_GET && !ctx->item && ctx->total >= 0) {

        if (ctx->offset > ctx->total) {

            if (ngx_http_wxapp_resource_content_range(r, ctx, 0) != NGX_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            return ngx_http_wxapp_problem(r, NGX_HTTP_RANGE_NOT_SATISFIABLE,
                                          "range_not_satisfiable",
                                          "the rows end before the offset");
        }

        if (ctx->offset || (int64_t) ctx->nrows < ctx->total) {
            status = NGX_HTTP_PARTIAL_CONTENT;
        }
    }

    return ngx_http_wxapp_resource_send(r, ctx, status, &body, ctx->nrows);
}


ngx_int_t
ngx_http_wxapp_resource_tell_none(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t status, ngx_uint_t n)
{
    return ngx_http_wxapp_resource_send(r, ctx, status, NULL, n);
}


static ngx_int_t
ngx_http_wxapp_resource_send(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t status, ngx_str_t *body,
    ngx_uint_t n)
{
    ngx_int_t  rc;

    if (body) {
        rc = ngx_http_wxapp_resource_validator(r, ctx, body);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_http_wxapp_resource_content_range(r, ctx, n) != NGX_OK
        || ngx_http_wxapp_resource_location(r, ctx) != NGX_OK
        || ngx_http_wxapp_resource_link(r, ctx) != NGX_OK
        || ngx_http_wxapp_resource_applied(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_reply(r, status, body);
}


/* ETag; nginx itself turns a reply to If-None-Match into 304 */

static ngx_int_t
ngx_http_wxapp_resource_validator(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *body)
{
    ngx_str_t         cache;
    ngx_table_elt_t  *h;

    if (ctx->etag.len == 0) {

        if (!ctx->conf->etag || ctx->method != NGX_HTTP_GET) {
            return NGX_DECLINED;
        }

        if (ngx_http_wxapp_resource_etag(r->pool, body, &ctx->etag) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else if (!ctx->single) {
        return NGX_DECLINED;
    }

    if (ctx->method == NGX_HTTP_GET && ctx->if_match
        && !ngx_http_wxapp_resource_match(ctx->if_match, &ctx->etag))
    {
        return ngx_http_wxapp_problem(r, NGX_HTTP_PRECONDITION_FAILED,
                                      "precondition_failed",
                                      "the row is another by now");
    }

    ngx_str_set(&cache, "private, no-cache");

    h = ngx_http_wxapp_header(r, "ETag", &ctx->etag);

    if (h == NULL || ngx_http_wxapp_header(r, "Cache-Control", &cache) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.etag = h;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_wxapp_resource_etag(ngx_pool_t *pool, ngx_str_t *body,
    ngx_str_t *etag)
{
    u_char  *p;

    p = ngx_pnalloc(pool, 42);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ngx_wxapp_sha1_hex(body, p + 1) != NGX_OK) {
        return NGX_ERROR;
    }

    p[0] = '"';
    p[41] = '"';

    etag->data = p;
    etag->len = 42;

    return NGX_OK;
}


/* of a list the place of its rows, of a write how many when it was asked */

static ngx_int_t
ngx_http_wxapp_resource_content_range(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t n)
{
    u_char     *p;
    ngx_str_t   value;
    ngx_uint_t  list;

    list = (ctx->method == NGX_HTTP_GET);

    if (list ? ctx->item : ctx->count == NGX_HTTP_WXAPP_COUNT_NONE) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, 3 * NGX_INT64_LEN + sizeof("-/"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    if (n && ctx->after == NULL
        && (list || ctx->method == NGX_HTTP_PATCH))
    {
        p = ngx_sprintf(p, "%L-%L/", ctx->offset,
                        ctx->offset + (int64_t) n - 1);
    } else {
        p = ngx_sprintf(p, "*/");
    }

    if (!list) {
        p = ngx_sprintf(p, "%ui", n);

    } else if (ctx->total >= 0) {
        p = ngx_sprintf(p, "%L", ctx->total);

    } else {
        *p++ = '*';
    }

    value.len = p - value.data;

    return ngx_http_wxapp_header(r, "Content-Range", &value) ? NGX_OK
                                                             : NGX_ERROR;
}


/* of the one row that was made, if its key is known */

static ngx_int_t
ngx_http_wxapp_resource_location(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   value, *key;
    ngx_uint_t  i;

    if (!ctx->created || !ctx->one) {
        return NGX_OK;
    }

    len = 3 * ctx->path.len;

    for (i = 0; i < ctx->conf->nkeys; i++) {
        len += 1 + NGX_INT64_LEN + 3 * ctx->keys[i].text.len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    p = (u_char *) ngx_escape_uri(p, ctx->path.data, ctx->path.len,
                                  NGX_ESCAPE_URI);

    for (i = 0; i < ctx->conf->nkeys; i++) {

        *p++ = '/';

        if (ctx->keys[i].type == NGX_WXAPP_VALUE_INTEGER) {
            p = ngx_sprintf(p, "%L", ctx->keys[i].integer);
            continue;
        }

        key = &ctx->keys[i].text;
        p = (u_char *) ngx_escape_uri(p, key->data, key->len,
                                      NGX_ESCAPE_URI_COMPONENT);
    }

    value.len = p - value.data;

    return ngx_http_wxapp_header(r, "Location", &value) ? NGX_OK : NGX_ERROR;
}


/* the query as it came, with the cursor in place of the old one */

static ngx_int_t
ngx_http_wxapp_resource_link(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char            *p, *last, *end;
    ngx_int_t          rc;
    ngx_str_t          cursor, value;
    ngx_wxapp_text_t   text;

    if (!ctx->more || ctx->unordered) {
        return NGX_OK;
    }

    rc = ngx_wxapp_cursor_make(r->pool, &ctx->conf->cursor_key, &ctx->context,
                               ctx->last, ctx->norders, &cursor);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    p = r->unparsed_uri.data;
    last = p + r->unparsed_uri.len;
    end = ngx_strlchr(p, last, '?');

    ngx_wxapp_text_init(&text, r->pool, r->unparsed_uri.len + cursor.len + 32);
    ngx_wxapp_text_put(&text, "<", 1);
    ngx_wxapp_text_put(&text, p, (end ? end : last) - p);
    ngx_wxapp_text_put(&text, "?", 1);

    p = r->args.data;
    last = p + r->args.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        if (end == p
            || ngx_strncmp(p, "after=", ngx_min(end - p, 6)) == 0
            || ngx_strncmp(p, "page=", ngx_min(end - p, 5)) == 0
            || ngx_strncmp(p, "offset=", ngx_min(end - p, 7)) == 0)
        {
            continue;
        }

        ngx_wxapp_text_put(&text, p, end - p);
        ngx_wxapp_text_put(&text, "&", 1);
    }

    ngx_wxapp_text_cstr(&text, "after=");
    ngx_wxapp_text_str(&text, &cursor);
    ngx_wxapp_text_cstr(&text, ">; rel=\"next\"");

    if (ngx_wxapp_text_done(&text, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_header(r, "Link", &value) ? NGX_OK : NGX_ERROR;
}


/* the preferences that had a meaning here */

static ngx_int_t
ngx_http_wxapp_resource_applied(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_str_t          value;
    ngx_uint_t         post, write;
    const char        *comma;
    ngx_wxapp_text_t   text;

    static const char  *counts[] = { NULL, "exact", "planned", "estimated" };
    static const char  *returns[] = { NULL, "minimal", "headers-only",
                                      "representation" };

    if (ctx->preferred == 0) {
        return NGX_OK;
    }

    write = (ctx->method != NGX_HTTP_GET);
    post = (ctx->method == NGX_HTTP_POST);
    comma = "";

    ngx_wxapp_text_init(&text, r->pool, 128);

#define ngx_http_wxapp_applied(when, name, word)                              \
    if (when) {                                                               \
        ngx_wxapp_text_cstr(&text, comma);                                    \
        ngx_wxapp_text_cstr(&text, name "=");                                 \
        ngx_wxapp_text_cstr(&text, word);                                     \
        comma = ", ";                                                         \
    }

    ngx_http_wxapp_applied(post && ctx->upsert, "resolution",
                           ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_MERGE
                           ? "merge-duplicates" : "ignore-duplicates")
    ngx_http_wxapp_applied(post && ctx->missing, "missing", "default")
    ngx_http_wxapp_applied(write && ctx->returns, "return",
                           returns[ctx->returns])
    ngx_http_wxapp_applied(ctx->count && !(ctx->item && !write), "count",
                           counts[ctx->count])
    ngx_http_wxapp_applied(ctx->strict, "handling", "strict")
    ngx_http_wxapp_applied(ctx->lenient, "handling", "lenient")

    if (ctx->max_given && !ctx->item
        && (ctx->method & (NGX_HTTP_PATCH|NGX_HTTP_DELETE)))
    {
        ngx_wxapp_text_cstr(&text, comma);
        ngx_wxapp_text_cstr(&text, "max-affected=");
        ngx_wxapp_text_int(&text, ctx->max_asked);
    }

    if (ngx_wxapp_text_done(&text, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    return ngx_http_wxapp_header(r, "Preference-Applied", &value)
           ? NGX_OK : NGX_ERROR;
}


/* the code is the one that PostgREST's clients know */

ngx_int_t
ngx_http_wxapp_resource_not_one(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t n)
{
    u_char     *p;
    ngx_str_t   message, details;

    p = ngx_pnalloc(r->pool, sizeof("\"The result contains  rows\"")
                             + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    details.data = p;
    details.len = ngx_sprintf(p, "\"The result contains %ui rows\"", n) - p;

    ngx_str_set(&message, "JSON object requested, multiple (or no) rows "
                          "returned");

    return ngx_http_wxapp_problem_details(r, 406,
                                          "PGRST116", &message, &details);
}


ngx_int_t
ngx_http_wxapp_resource_failed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_mysql_query_t *query)
{
    /* the words of a search have a syntax of their own */

    if (ctx->query.search.len && query
        && query->op.status == NGX_WXAPP_OP_ERROR
        && query->error == ER_PARSE_ERROR)
    {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                      "invalid_parameter",
                                      "\"search\" has no word to look for");
    }

    if (!ctx->too_large) {
        return ngx_http_wxapp_db_problem(r, query);
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "the rows of resource \"%V\" take more than %d bytes",
                  &ctx->conf->name, NGX_HTTP_WXAPP_RESULT_MAX);

    return ngx_http_wxapp_problem(r, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  "result_too_large",
                                  "the rows are too large together, "
                                  "ask for fewer");
}
