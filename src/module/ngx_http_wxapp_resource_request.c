
/*
 * What a request asks of a resource: its query in PostgREST's dialect, and
 * the headers Prefer, Accept, Range and If-Match.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "base/ngx_wxapp_cursor.h"


typedef ngx_int_t (*ngx_http_wxapp_prefer_pt)(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *value);

typedef struct {
    ngx_str_t                 name;
    ngx_http_wxapp_prefer_pt  set;
} ngx_http_wxapp_prefer_t;


static ngx_int_t ngx_http_wxapp_resource_fits(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_page(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_resource_range(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_orders(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_after(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_see_deleted(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_select(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_outputs(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, uint64_t readable,
    ngx_wxapp_select_t *select, ngx_array_t *outputs);
static ngx_int_t ngx_http_wxapp_resource_output(ngx_http_request_t *r,
    ngx_http_wxapp_column_t *column, ngx_str_t *alias, ngx_array_t *outputs);
static ngx_int_t ngx_http_wxapp_resource_relation(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_select_t *select);
static ngx_int_t ngx_http_wxapp_resource_prefer(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_preference(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_wxapp_resource_accept(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_media(ngx_str_t *type);
static void ngx_http_wxapp_resource_trim(ngx_str_t *s);
static ngx_uint_t ngx_http_wxapp_resource_is(ngx_str_t *s, const char *word);
static ngx_int_t ngx_http_wxapp_resource_invalid(ngx_http_request_t *r,
    const char *code, const char *message);


ngx_int_t
ngx_http_wxapp_resource_request(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_table_elt_t     *h;
    ngx_wxapp_dialect_t *query;

    query = &ctx->query;

    rc = ngx_http_wxapp_resource_accept(r, ctx);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_prefer(r, ctx);
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    h = r->headers_in.if_match;

    if (h) {
        ctx->if_match = &h->value;
    }

    rc = ngx_wxapp_dialect_parse(query, r->pool, &r->args);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {

        /* what is no filter of ours may be a parameter that we do not know */

        if (ngx_strcmp(query->code, "invalid_filter") == 0
            && query->name.len
            && ngx_http_wxapp_resource_find(ctx->conf, &query->name) == NULL
            && !ngx_http_wxapp_resource_is(&query->name, "and")
            && !ngx_http_wxapp_resource_is(&query->name, "or")
            && !ngx_http_wxapp_resource_is(&query->name, "not.and")
            && !ngx_http_wxapp_resource_is(&query->name, "not.or"))
        {
            return ngx_http_wxapp_resource_invalid(r, "unknown_parameter",
                               "the query has a parameter that is not known");
        }

        return ngx_http_wxapp_resource_invalid(r, query->code,
                                               query->message);
    }

    rc = ngx_http_wxapp_resource_fits(r, ctx);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_see_deleted(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_select(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_orders(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_page(r, ctx);
    }

    return rc;
}


/* not every parameter makes sense with every method */

static ngx_int_t
ngx_http_wxapp_resource_fits(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t            get, post;
    ngx_wxapp_dialect_t  *query;

    query = &ctx->query;
    get = (ctx->method == NGX_HTTP_GET);
    post = (ctx->method == NGX_HTTP_POST);

    if ((ctx->item || post) && (query->filter || query->search.len)) {
        return ngx_http_wxapp_resource_invalid(r, "unknown_parameter",
                               "the query has a parameter that is not known");
    }

    if ((ctx->item || !get)
        && (query->orders || query->limit >= 0 || query->offset >= 0
            || query->page >= 0 || query->after.len))
    {
        return ngx_http_wxapp_resource_invalid(r,
                               ctx->item ? "unknown_parameter"
                                         : "invalid_parameter",
                               "\"order\", \"limit\", \"offset\", \"page\" "
                               "and \"after\" are for lists");
    }

    if (!post && (query->columns || query->conflict)) {
        return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                               "\"columns\" and \"on_conflict\" are for POST");
    }

    if (query->search.len && ctx->conf->search == NULL) {
        return ngx_http_wxapp_resource_invalid(r, "unknown_parameter",
                               "the query has a parameter that is not known");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_page(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_wxapp_dialect_t             *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    query = &ctx->query;

    ctx->limit = conf->page_default;
    ctx->offset = 0;

    if (ctx->item || ctx->method != NGX_HTTP_GET) {
        return NGX_DECLINED;
    }

    if (query->limit < 0 && query->offset < 0 && query->page < 0) {
        ngx_http_wxapp_resource_range(r, ctx);
    }

    if (ctx->status == NGX_HTTP_RANGE_NOT_SATISFIABLE) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_RANGE_NOT_SATISFIABLE,
                                      "range_not_satisfiable",
                                      "the range ends before it begins");
    }

    if (query->limit >= 0) {
        ctx->limit = query->limit;
    }

    /* more than a page is a page: the reply's Content-Range tells */

    ctx->limit = ngx_min(ctx->limit, (int64_t) conf->page_max);

    if (query->offset >= 0) {
        ctx->offset = query->offset;

    } else if (query->page > 0) {
        ctx->offset = (query->page - 1) * ctx->limit;
    }

    if (ctx->offset > (int64_t) conf->offset_max) {
        return ngx_http_wxapp_resource_invalid(r, "offset_too_large",
                               conf->cursor
                               ? "the offset is too large, go on by the link "
                                 "to the next page"
                               : "the offset is too large, filter instead");
    }

    return ngx_http_wxapp_resource_after(r, ctx);
}


/* Range: 0-24 of items; any other is for somebody else */

static void
ngx_http_wxapp_resource_range(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char           *p, *last, *dash;
    ngx_int_t         from, to;
    ngx_table_elt_t  *h, *unit;

    h = r->headers_in.range;

    if (h == NULL) {
        return;
    }

    unit = ngx_http_wxapp_header_find(&r->headers_in.headers, "Range-Unit",
                                      NULL);

    if (unit && !ngx_http_wxapp_resource_is(&unit->value, "items")) {
        return;
    }

    p = h->value.data;
    last = p + h->value.len;

    if (h->value.len > 6 && ngx_strncmp(p, "items=", 6) == 0) {
        p += 6;
    }

    dash = ngx_strlchr(p, last, '-');

    if (dash == NULL) {
        return;
    }

    from = ngx_atoi(p, dash - p);
    to = (dash + 1 == last) ? NGX_MAX_INT32_VALUE
                            : ngx_atoi(dash + 1, last - dash - 1);

    if (from == NGX_ERROR || to == NGX_ERROR
        || from > NGX_MAX_INT32_VALUE || to > NGX_MAX_INT32_VALUE)
    {
        return;
    }

    if (to < from) {
        ctx->status = NGX_HTTP_RANGE_NOT_SATISFIABLE;
        return;
    }

    ctx->query.offset = from;

    if (dash + 1 < last) {
        ctx->query.limit = to - from + 1;
    }
}


/* what is asked for, then the key, so that pages do not overlap */

static ngx_int_t
ngx_http_wxapp_resource_orders(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                       i, n, desc;
    ngx_wxapp_order_t               *order;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    order = ctx->query.orders;
    n = ctx->query.norders;
    desc = 0;

    for (i = 0; i < n; i++) {
        column = ngx_http_wxapp_resource_find(conf, &order[i].column);

        if (column == NULL || !column->order
            || !(ctx->readable & ngx_http_wxapp_resource_bit(conf, column)))
        {
            return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                  "\"order\" must name columns that can be "
                                  "ordered by, each with .asc or .desc");
        }

        ctx->orders[ctx->norders++] = order[i];
        desc = order[i].desc;
    }

    for (i = 0; i < conf->nkeys; i++) {

        for (n = 0; n < ctx->norders; n++) {
            if (ngx_http_wxapp_resource_find(conf, &ctx->orders[n].column)
                == conf->keys[i])
            {
                break;
            }
        }

        if (n < ctx->norders) {
            continue;
        }

        order = &ctx->orders[ctx->norders++];

        ngx_memzero(order, sizeof(ngx_wxapp_order_t));
        order->column = conf->keys[i]->field.name;

        /* in the same direction one index serves both */

        order->desc = desc;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_after(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                        context;
    ngx_uint_t                       i;
    ngx_wxapp_text_t                 text;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    if (!conf->cursor) {

        if (ctx->query.after.len == 0) {
            return NGX_DECLINED;
        }

        return ngx_http_wxapp_resource_invalid(r, "unknown_parameter",
                               "the query has a parameter that is not known");
    }

    ngx_wxapp_text_init(&text, r->pool, 128);
    ngx_wxapp_text_str(&text, &conf->table);

    for (i = 0; i < ctx->norders; i++) {

        if (ctx->orders[i].nulls != NGX_WXAPP_NULLS_DEFAULT) {

            if (ctx->query.after.len == 0) {
                return NGX_DECLINED;
            }

            return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                       "\"after\" does not go with "
                                       ".nullsfirst and .nullslast");
        }

        ngx_wxapp_text_cstr(&text, ctx->orders[i].desc ? "-" : "+");
        ngx_wxapp_text_str(&text, &ctx->orders[i].column);
    }

    ctx->cursor = 1;
    ctx->last = ngx_pcalloc(r->pool, ctx->norders * sizeof(ngx_str_t));

    if (ctx->last == NULL
        || ngx_wxapp_text_done(&text, &ctx->context) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->query.after.len == 0) {
        return NGX_DECLINED;
    }

    if (ctx->offset) {
        return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                       "\"after\" and \"offset\" exclude "
                                       "each other");
    }

    context = ctx->context;

    ctx->after = ngx_pcalloc(r->pool, ctx->norders * sizeof(ngx_str_t));
    if (ctx->after == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_wxapp_cursor_read(r->pool, &conf->cursor_key, &context,
                               &ctx->query.after, ctx->after, ctx->norders);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                       "\"after\" is not a cursor of this "
                                       "list and order");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_see_deleted(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    if (ctx->query.deleted.len == 0) {
        return NGX_DECLINED;
    }

    if (conf->deleted_roles == NULL) {
        return ngx_http_wxapp_resource_invalid(r, "unknown_parameter",
                               "the query has a parameter that is not known");
    }

    if (ngx_http_wxapp_resource_is(&ctx->query.deleted, "only")) {
        ctx->deleted = NGX_HTTP_WXAPP_DELETED_ONLY;

    } else if (ngx_http_wxapp_resource_is(&ctx->query.deleted, "with")) {
        ctx->deleted = NGX_HTTP_WXAPP_DELETED_WITH;

    } else {
        return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                        "\"deleted\" is \"only\" or \"with\"");
    }

    rc = ngx_http_wxapp_resource_role(r, conf->deleted_roles);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return (rc == NGX_OK) ? NGX_DECLINED
                          : ngx_http_wxapp_resource_forbidden(r);
}


static ngx_int_t
ngx_http_wxapp_resource_select(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_wxapp_select_t  *select;

    ctx->outputs = ngx_array_create(r->pool, ctx->conf->columns.nelts,
                                    sizeof(ngx_http_wxapp_output_t));
    if (ctx->outputs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_wxapp_resource_outputs(r, ctx->conf, ctx->readable,
                                         ctx->query.select, ctx->outputs);

    for (select = ctx->query.select;
         select && rc == NGX_DECLINED;
         select = select->next)
    {
        if (select->relation) {
            rc = ngx_http_wxapp_resource_relation(r, ctx, select);
        }
    }

    return rc;
}


/* the columns of the list, or all that may be read */

static ngx_int_t
ngx_http_wxapp_resource_outputs(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, uint64_t readable,
    ngx_wxapp_select_t *select, ngx_array_t *outputs)
{
    ngx_uint_t                i, all;
    ngx_wxapp_select_t       *s;
    ngx_http_wxapp_column_t  *column, *other;

    column = conf->columns.elts;
    all = (select == NULL);

    for (s = select; s; s = s->next) {
        all |= (s->name.len == 1 && s->name.data[0] == '*');
    }

    for (i = 0; i < conf->columns.nelts && all; i++) {

        if ((readable & ((uint64_t) 1 << i))
            && ngx_http_wxapp_resource_output(r, &column[i], NULL, outputs)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    for (s = select; s; s = s->next) {

        if (s->relation || (s->name.len == 1 && s->name.data[0] == '*')) {
            continue;
        }

        column = ngx_http_wxapp_resource_find(conf, &s->name);

        if (column == NULL
            || !(readable & ngx_http_wxapp_resource_bit(conf, column)))
        {
            return ngx_http_wxapp_resource_invalid(r, "invalid_select",
                               "\"select\" names a column that is not known");
        }

        /* "*" has it already */

        if (all && s->alias.data == s->name.data) {
            continue;
        }

        other = all ? ngx_http_wxapp_resource_find(conf, &s->alias) : NULL;

        if (other
            && (readable & ngx_http_wxapp_resource_bit(conf, other)))
        {
            return ngx_http_wxapp_resource_invalid(r, "invalid_select",
                               "\"select\" has a name twice");
        }

        if (ngx_http_wxapp_resource_output(r, column, &s->alias, outputs)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_output(ngx_http_request_t *r,
    ngx_http_wxapp_column_t *column, ngx_str_t *alias, ngx_array_t *outputs)
{
    ngx_wxapp_text_t          text;
    ngx_http_wxapp_output_t  *output;

    output = ngx_array_push(outputs);
    if (output == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(output, sizeof(ngx_http_wxapp_output_t));
    output->column = column;

    if (column && (alias == NULL || alias->data == NULL)) {
        output->label = column->label;
        return NGX_OK;
    }

    ngx_wxapp_text_init(&text, r->pool, alias->len + 4);
    ngx_wxapp_json_str(&text, alias);
    ngx_wxapp_text_put(&text, ":", 1);

    return ngx_wxapp_text_done(&text, &output->label);
}


/* its rows are those that the caller could read by themselves */

static ngx_int_t
ngx_http_wxapp_resource_relation(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_select_t *select)
{
    uint64_t                          readable;
    ngx_int_t                         rc;
    ngx_uint_t                        i;
    ngx_http_wxapp_output_t          *output;
    ngx_http_wxapp_relation_t        *relation;
    ngx_http_wxapp_resource_conf_t   *child;

    relation = ctx->conf->relations.elts;

    for (i = 0; i < ctx->conf->relations.nelts; i++) {
        if (relation[i].name.len == select->name.len
            && ngx_strncmp(relation[i].name.data, select->name.data,
                           select->name.len)
               == 0)
        {
            break;
        }
    }

    if (i == ctx->conf->relations.nelts
        || !(ctx->readable & ngx_http_wxapp_resource_bit(ctx->conf,
                                                         relation[i].ours)))
    {
        return ngx_http_wxapp_resource_invalid(r, "invalid_select",
                             "\"select\" names a relation that is not known");
    }

    if (ctx->method != NGX_HTTP_GET
        || ctx->nrelations == NGX_HTTP_WXAPP_RELATIONS)
    {
        return ngx_http_wxapp_resource_invalid(r, "invalid_select",
                             "relations are told by GET, 8 at most");
    }

    relation = &relation[i];
    child = relation->child;

    rc = ngx_http_wxapp_resource_allowed(r, child, NGX_HTTP_GET);

    if (rc == NGX_ABORT) {
        return ngx_http_wxapp_resource_invalid(r, "invalid_select",
                             "\"select\" names a relation that is not told");
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_wxapp_resource_output(r, NULL, &select->alias, ctx->outputs)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    output = ctx->outputs->elts;
    output += ctx->outputs->nelts - 1;

    output->relation = relation;

    output->outputs = ngx_array_create(r->pool, child->columns.nelts,
                                       sizeof(ngx_http_wxapp_output_t));
    if (output->outputs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_wxapp_resource_scope(r, child, 0, &output->scoped,
                                       &output->owner);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_readable(r, child, &readable);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_wxapp_resource_outputs(r, child, readable,
                                             select->first, output->outputs);
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    /* what rows are joined by comes with them */

    output->extra = ctx->nextra;
    ctx->extra[ctx->nextra++] = relation->ours;
    ctx->nrelations++;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_wxapp_resource_conflict(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                       *name;
    ngx_uint_t                       i, j, k, n;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_upsert_t         *upsert;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    name = ctx->query.conflict;
    n = ctx->query.nconflict;
    upsert = conf->upserts.elts;

    for (i = 0; i < conf->upserts.nelts; i++) {

        if (upsert[i].n != (n ? n : conf->nkeys)) {
            continue;
        }

        for (j = 0; j < upsert[i].n; j++) {
            column = n ? ngx_http_wxapp_resource_find(conf, &name[j])
                       : conf->keys[j];

            for (k = 0; k < upsert[i].n; k++) {
                if (upsert[i].columns[k] == column) {
                    break;
                }
            }

            if (k == upsert[i].n) {
                break;
            }
        }

        if (j == upsert[i].n) {
            break;
        }
    }

    if (i < conf->upserts.nelts) {
        ctx->upsert = &upsert[i];

        if (ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_IGNORE) {
            return NGX_DECLINED;
        }

        /* rows that are there are changed */

        rc = ngx_http_wxapp_resource_allowed(r, conf, NGX_HTTP_PATCH);

        if (rc == NGX_ABORT) {
            rc = ngx_http_wxapp_resource_allowed(r, conf, NGX_HTTP_PUT);
        }

        if (rc == NGX_ABORT || (rc == NGX_DECLINED && conf->require_if_match))
        {
            return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                "rows are not changed by POST here");
        }

        return rc;
    }

    return ngx_http_wxapp_resource_invalid(r, "invalid_parameter",
                                "\"on_conflict\" must name a unique key that "
                                "upserts may go by");
}


static ngx_int_t
ngx_http_wxapp_prefer_count(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ngx_http_wxapp_resource_is(value, "exact")) {
        ctx->count = NGX_HTTP_WXAPP_COUNT_EXACT;

    } else if (ngx_http_wxapp_resource_is(value, "planned")) {
        ctx->count = NGX_HTTP_WXAPP_COUNT_PLANNED;

    } else if (ngx_http_wxapp_resource_is(value, "estimated")) {
        ctx->count = NGX_HTTP_WXAPP_COUNT_ESTIMATED;

    } else {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_prefer_return(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ngx_http_wxapp_resource_is(value, "minimal")) {
        ctx->returns = NGX_HTTP_WXAPP_RETURN_MINIMAL;

    } else if (ngx_http_wxapp_resource_is(value, "headers-only")) {
        ctx->returns = NGX_HTTP_WXAPP_RETURN_HEADERS;

    } else if (ngx_http_wxapp_resource_is(value, "representation")) {
        ctx->returns = NGX_HTTP_WXAPP_RETURN_ROWS;

    } else {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_prefer_resolution(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ngx_http_wxapp_resource_is(value, "merge-duplicates")) {
        ctx->resolution = NGX_HTTP_WXAPP_RESOLUTION_MERGE;

    } else if (ngx_http_wxapp_resource_is(value, "ignore-duplicates")) {
        ctx->resolution = NGX_HTTP_WXAPP_RESOLUTION_IGNORE;

    } else {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_prefer_missing(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *value)
{
    ctx->missing = ngx_http_wxapp_resource_is(value, "default");

    return (ctx->missing || ngx_http_wxapp_resource_is(value, "null"))
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_prefer_handling(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *value)
{
    ctx->strict = ngx_http_wxapp_resource_is(value, "strict");
    ctx->lenient = ngx_http_wxapp_resource_is(value, "lenient");

    return (ctx->strict || ctx->lenient) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_prefer_max_affected(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    ctx->max_asked = n;
    ctx->max_given = 1;

    return NGX_OK;
}


static ngx_http_wxapp_prefer_t  ngx_http_wxapp_preferences[] = {
    { ngx_string("count"), ngx_http_wxapp_prefer_count },
    { ngx_string("return"), ngx_http_wxapp_prefer_return },
    { ngx_string("resolution"), ngx_http_wxapp_prefer_resolution },
    { ngx_string("missing"), ngx_http_wxapp_prefer_missing },
    { ngx_string("handling"), ngx_http_wxapp_prefer_handling },
    { ngx_string("max-affected"), ngx_http_wxapp_prefer_max_affected },
    { ngx_null_string, NULL }
};


/* the first of a name counts; handling is known when all were read */

static ngx_int_t
ngx_http_wxapp_resource_prefer(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char           *p, *last, *end, *eq;
    ngx_int_t         rc;
    ngx_str_t         name, value;
    ngx_uint_t        i, wrong;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    wrong = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len != 6
            || ngx_strncasecmp(h[i].key.data, (u_char *) "Prefer", 6) != 0)
        {
            continue;
        }

        p = h[i].value.data;
        last = p + h[i].value.len;

        for ( /* void */ ; p < last; p = end + 1) {

            end = ngx_strlchr(p, last, ',');

            if (end == NULL) {
                end = last;
            }

            eq = ngx_strlchr(p, end, '=');

            name.data = p;
            name.len = (eq ? eq : end) - p;
            ngx_http_wxapp_resource_trim(&name);

            value.data = eq ? eq + 1 : end;
            value.len = end - value.data;
            ngx_http_wxapp_resource_trim(&value);

            if (name.len == 0) {
                continue;
            }

            rc = ngx_http_wxapp_resource_preference(ctx, &name, &value);

            if (rc == NGX_ABORT) {
                return ngx_http_wxapp_resource_invalid(r,
                               "unsupported_preference",
                               "a write is not rolled back on request");
            }

            wrong |= (rc != NGX_OK);
        }
    }

    if (wrong && ctx->strict) {
        return ngx_http_wxapp_resource_invalid(r, "unsupported_preference",
                                     "a preference is not known or invalid");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_preference(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_uint_t                bit;
    ngx_http_wxapp_prefer_t  *p;

    if (ngx_http_wxapp_resource_is(name, "tx")
        && ngx_http_wxapp_resource_is(value, "rollback"))
    {
        return NGX_ABORT;
    }

    for (p = ngx_http_wxapp_preferences; p->name.len; p++) {

        if (p->name.len != name->len
            || ngx_strncmp(p->name.data, name->data, name->len) != 0)
        {
            continue;
        }

        bit = (ngx_uint_t) 1 << (p - ngx_http_wxapp_preferences);

        if (ctx->preferred & bit) {
            return NGX_OK;
        }

        ctx->preferred |= bit;

        return p->set(ctx, value);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_accept(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char           *p, *last, *end;
    ngx_int_t         rc;
    ngx_str_t         type;
    ngx_table_elt_t  *h;

    h = ngx_http_wxapp_header_find(&r->headers_in.headers, "Accept", NULL);

    if (h == NULL || h->value.len == 0) {
        return NGX_DECLINED;
    }

    p = h->value.data;
    last = p + h->value.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        type.data = p;
        type.len = end - p;

        rc = ngx_http_wxapp_resource_media(&type);

        if (rc != NGX_DECLINED) {
            ctx->object = (rc == NGX_DONE);
            return NGX_DECLINED;
        }
    }

    return ngx_http_wxapp_problem(r, 406,
                                  "not_acceptable",
                                  "the reply is application/json");
}


/* NGX_OK: JSON will do; NGX_DONE: one object is wanted; NGX_DECLINED: no */

static ngx_int_t
ngx_http_wxapp_resource_media(ngx_str_t *media)
{
    u_char     *p, *last, *end;
    ngx_str_t   type, param;

    p = media->data;
    last = p + media->len;

    end = ngx_strlchr(p, last, ';');

    type.data = p;
    type.len = (end ? end : last) - p;
    ngx_http_wxapp_resource_trim(&type);

    for (p = end ? end + 1 : last; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ';');

        if (end == NULL) {
            end = last;
        }

        param.data = p;
        param.len = end - p;
        ngx_http_wxapp_resource_trim(&param);

        if (ngx_http_wxapp_resource_is(&param, "q=0")
            || ngx_http_wxapp_resource_is(&param, "q=0.0")
            || ngx_http_wxapp_resource_is(&param, "q=0.00")
            || ngx_http_wxapp_resource_is(&param, "q=0.000")
            || ngx_http_wxapp_resource_is(&param, "nulls=stripped"))
        {
            return NGX_DECLINED;
        }
    }

    if (ngx_http_wxapp_resource_is(&type, "*/*")
        || ngx_http_wxapp_resource_is(&type, "application/*")
        || ngx_http_wxapp_resource_is(&type, "application/json")
        || ngx_http_wxapp_resource_is(&type,
                                      "application/vnd.pgrst.array+json"))
    {
        return NGX_OK;
    }

    return ngx_http_wxapp_resource_is(&type,
                                      "application/vnd.pgrst.object+json")
           ? NGX_DONE : NGX_DECLINED;
}


ngx_uint_t
ngx_http_wxapp_resource_match(ngx_str_t *if_match, ngx_str_t *etag)
{
    u_char     *p, *last, *end;
    ngx_str_t   tag;

    p = if_match->data;
    last = p + if_match->len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        tag.data = p;
        tag.len = end - p;
        ngx_http_wxapp_resource_trim(&tag);

        if ((tag.len == 1 && tag.data[0] == '*')
            || (tag.len == etag->len
                && ngx_strncmp(tag.data, etag->data, tag.len) == 0))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_wxapp_resource_trim(ngx_str_t *s)
{
    while (s->len && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }

    while (s->len
           && (s->data[s->len - 1] == ' ' || s->data[s->len - 1] == '\t'))
    {
        s->len--;
    }
}


static ngx_uint_t
ngx_http_wxapp_resource_is(ngx_str_t *s, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    return s->len == len
           && ngx_strncasecmp(s->data, (u_char *) word, len) == 0;
}


static ngx_int_t
ngx_http_wxapp_resource_invalid(ngx_http_request_t *r, const char *code,
    const char *message)
{
    return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST, code, message);
}
