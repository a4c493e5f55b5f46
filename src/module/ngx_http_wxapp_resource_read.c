
/*
 * Reading a resource: lists with their count, items, and the relations of
 * the rows, which take one query each however many rows there are.
 */


#include "module/ngx_http_wxapp_resource.h"


#define NGX_HTTP_WXAPP_ESTIMATED  1000     /* counted exactly up to that */


/* the rows of one relation that belong to one row */

typedef struct {
    ngx_str_node_t            sn;         /* by the value they are joined by */
    ngx_wxapp_text_t          text;
} ngx_http_wxapp_children_t;


static void ngx_http_wxapp_resource_listed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_count(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_count_e count);
static ngx_int_t ngx_http_wxapp_resource_count_row(
    ngx_wxapp_mysql_query_t *query, ngx_str_t *row, ngx_uint_t n);
static void ngx_http_wxapp_resource_counted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_resource_got(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_children(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_output_t *output);
static ngx_uint_t ngx_http_wxapp_resource_parents(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_output_t *output,
    ngx_str_t *keys);
static ngx_int_t ngx_http_wxapp_resource_child(
    ngx_wxapp_mysql_query_t *query, ngx_str_t *row, ngx_uint_t n);
static void ngx_http_wxapp_resource_related(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_join(
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_resource_join_row(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_parent_t *parent,
    ngx_wxapp_text_t *text);


ngx_int_t
ngx_http_wxapp_resource_list(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t             rc;
    ngx_uint_t            i;
    ngx_wxapp_value_t     value;
    ngx_http_wxapp_sql_t  sql;

    if (ctx->limit == 0) {
        ctx->cursor = 0;
    }

    if (ctx->cursor) {
        ctx->ordered = ctx->nextra + 1;

        for (i = 0; i < ctx->norders; i++) {
            ctx->extra[ctx->nextra++] = ngx_http_wxapp_resource_find(ctx->conf,
                                                   &ctx->orders[i].column);
        }
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_select(&sql);
    ngx_http_wxapp_sql_scope(&sql);

    rc = ngx_http_wxapp_sql_filters(&sql);

    if (rc != NGX_DECLINED) {
        ngx_http_wxapp_sql_free(&sql);
        return rc;
    }

    ngx_http_wxapp_sql_after(&sql);
    ngx_http_wxapp_sql_order(&sql);

    value.type = NGX_WXAPP_VALUE_INTEGER;
    value.integer = ctx->limit + ctx->cursor;

    ngx_http_wxapp_sql_put(&sql, " LIMIT ");
    ngx_http_wxapp_sql_value(&sql, &value);

    if (ctx->offset) {
        value.integer = ctx->offset;

        ngx_http_wxapp_sql_put(&sql, " OFFSET ");
        ngx_http_wxapp_sql_value(&sql, &value);
    }

    sql.query->row = ngx_http_wxapp_resource_row;
    sql.query->read_only = 1;

    ngx_http_wxapp_resource_rows(r, ctx);

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_resource_listed);
}


static void
ngx_http_wxapp_resource_listed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_resource_failed(r, ctx, query);

    } else if (ctx->count == NGX_HTTP_WXAPP_COUNT_NONE) {
        rc = ngx_http_wxapp_resource_relate(r, ctx);

    } else if (ctx->after == NULL && !ctx->more
               && (int64_t) ctx->nrows < ctx->limit
               && (ctx->nrows || ctx->offset == 0))
    {
        /* the page has the last row */

        ctx->total = ctx->offset + ctx->nrows;
        rc = ngx_http_wxapp_resource_relate(r, ctx);

    } else {
        rc = ngx_http_wxapp_resource_count(r, ctx, ctx->count);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_wxapp_resource_count(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_count_e count)
{
    ngx_int_t             rc;
    ngx_wxapp_value_t     value;
    ngx_http_wxapp_sql_t  sql;

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (count) {

    case NGX_HTTP_WXAPP_COUNT_PLANNED:
        ngx_http_wxapp_sql_put(&sql, "EXPLAIN SELECT 1 FROM ");
        break;

    case NGX_HTTP_WXAPP_COUNT_ESTIMATED:
        ngx_http_wxapp_sql_put(&sql, "SELECT COUNT(*) FROM (SELECT 1 FROM ");
        break;

    default:
        ngx_http_wxapp_sql_put(&sql, "SELECT COUNT(*) FROM ");
    }

    ngx_http_wxapp_sql_name(&sql, &ctx->conf->table);
    ngx_http_wxapp_sql_put(&sql, " WHERE ");
    ngx_http_wxapp_sql_scope(&sql);

    rc = ngx_http_wxapp_sql_filters(&sql);

    if (rc != NGX_DECLINED) {
        ngx_http_wxapp_sql_free(&sql);
        return rc;
    }

    if (count == NGX_HTTP_WXAPP_COUNT_ESTIMATED) {
        value.type = NGX_WXAPP_VALUE_INTEGER;
        value.integer = NGX_HTTP_WXAPP_ESTIMATED + 1;

        ngx_http_wxapp_sql_put(&sql, " LIMIT ");
        ngx_http_wxapp_sql_value(&sql, &value);
        ngx_http_wxapp_sql_put(&sql, ") AS `rows`");
    }

    sql.query->row = ngx_http_wxapp_resource_count_row;
    sql.query->read_only = 1;

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_resource_counted);
}


/* the one number, or of a plan the column "rows" of its first step */

static ngx_int_t
ngx_http_wxapp_resource_count_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *row, ngx_uint_t n)
{
    ngx_str_t                      *name;
    ngx_uint_t                      i;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (ctx->total >= 0) {
        return NGX_OK;
    }

    for (i = 0; i < n; i++) {
        name = &query->columns[i].name;

        if (n == 1 || (name->len == 4
                       && ngx_strncasecmp(name->data, (u_char *) "rows", 4)
                          == 0))
        {
            ctx->total = ngx_max(ngx_atoi(row[i].data, row[i].len), 0);
        }
    }

    return NGX_OK;
}


static void
ngx_http_wxapp_resource_counted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_resource_failed(r, ctx, query);

    } else if (ctx->count == NGX_HTTP_WXAPP_COUNT_ESTIMATED
               && ctx->total > NGX_HTTP_WXAPP_ESTIMATED)
    {
        /* the plan it is, from now on */

        ctx->count = NGX_HTTP_WXAPP_COUNT_PLANNED;
        ctx->total = -1;
        rc = ngx_http_wxapp_resource_count(r, ctx, ctx->count);

    } else {

        /* a plan may say less than is there to see */

        if (ctx->count == NGX_HTTP_WXAPP_COUNT_PLANNED && ctx->nrows) {
            ctx->total = ngx_max(ctx->total,
                                 ctx->offset + (int64_t) ctx->nrows);
        }

        rc = ngx_http_wxapp_resource_relate(r, ctx);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* the row of ctx->keys */

ngx_int_t
ngx_http_wxapp_resource_get(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t  sql;

    if (ctx->conf->version && ctx->version == 0) {
        ctx->extra[ctx->nextra++] = ctx->conf->version;
        ctx->version = ctx->nextra;
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_select(&sql);
    ngx_http_wxapp_sql_scope(&sql);
    ngx_http_wxapp_sql_item(&sql);
    ngx_http_wxapp_sql_put(&sql, " LIMIT 1");

    sql.query->row = ngx_http_wxapp_resource_row;
    sql.query->read_only = 1;
    sql.query->primary = (ctx->method != NGX_HTTP_GET);

    ngx_http_wxapp_resource_rows(r, ctx);

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_resource_got);
}


static void
ngx_http_wxapp_resource_got(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_resource_failed(r, ctx, query);

    } else if (ctx->nrows == 0 && ctx->created) {

        /* made, and out of the caller's sight already */

        rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED, 1);

    } else if (ctx->nrows == 0) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else if (ctx->refused) {
        rc = ngx_http_wxapp_resource_out_of_bounds(r, ctx);

    } else {
        rc = ngx_http_wxapp_resource_relate(r, ctx);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


ngx_int_t
ngx_http_wxapp_resource_relate(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_wxapp_output_t  *output;

    output = ctx->outputs->elts;

    while (ctx->nrelations && ctx->relation < ctx->outputs->nelts) {

        if (output[ctx->relation].relation) {
            rc = ngx_http_wxapp_resource_children(r, ctx,
                                                  &output[ctx->relation]);
            if (rc != NGX_DECLINED) {
                return rc;
            }
        }

        ctx->relation++;
    }

    if (ctx->nrelations && ngx_http_wxapp_resource_join(ctx) != NGX_OK) {
        return ngx_http_wxapp_resource_failed(r, ctx, NULL);
    }

    return ngx_http_wxapp_resource_tell(r, ctx);
}


/* NGX_DECLINED: there is no row to look for */

static ngx_int_t
ngx_http_wxapp_resource_children(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_output_t *output)
{
    ngx_str_t                       *keys;
    ngx_uint_t                       i, n, all;
    ngx_wxapp_value_t                value;
    ngx_wxapp_fault_t                fault;
    ngx_http_wxapp_sql_t             sql;
    ngx_http_wxapp_output_t         *column;
    ngx_http_wxapp_relation_t       *relation;
    ngx_http_wxapp_resource_conf_t  *child;

    relation = output->relation;
    child = relation->child;

    ngx_rbtree_init(&output->tree, &output->sentinel,
                    ngx_str_rbtree_insert_value);

    keys = ngx_palloc(r->pool, ctx->parents->nelts * sizeof(ngx_str_t) + 1);
    if (keys == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = ngx_http_wxapp_resource_parents(ctx, output, keys);

    if (n == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the best "max" of each row are numbered in the table itself */

    column = output->outputs->elts;
    all = output->outputs->nelts;

    ngx_http_wxapp_sql_put(&sql, "SELECT ");

    for (i = 0; i <= all && !relation->one; i++) {
        ngx_http_wxapp_sql_put(&sql, i ? ", `c" : "`c");
        ngx_wxapp_text_int(&sql.text, i);
        ngx_http_wxapp_sql_put(&sql, "`");
    }

    ngx_http_wxapp_sql_put(&sql, relation->one ? "" : " FROM (SELECT ");

    for (i = 0; i <= all; i++) {
        ngx_http_wxapp_sql_name(&sql, i < all ? &column[i].column->field.name
                                              : &relation->theirs_name);
        ngx_http_wxapp_sql_put(&sql, " AS `c");
        ngx_wxapp_text_int(&sql.text, i);
        ngx_http_wxapp_sql_put(&sql, i < all ? "`, " : "`");
    }

    if (!relation->one) {
        ngx_http_wxapp_sql_put(&sql, ", ROW_NUMBER() OVER (PARTITION BY ");
        ngx_http_wxapp_sql_name(&sql, &relation->theirs_name);
        ngx_http_wxapp_sql_put(&sql, " ORDER BY ");

        for (i = 0; i < child->nkeys; i++) {
            ngx_http_wxapp_sql_put(&sql, i ? ", " : "");
            ngx_http_wxapp_sql_name(&sql, &child->keys[i]->field.name);
        }

        ngx_http_wxapp_sql_put(&sql, ") AS `n`");
    }

    ngx_http_wxapp_sql_put(&sql, " FROM ");
    ngx_http_wxapp_sql_name(&sql, &child->table);
    ngx_http_wxapp_sql_put(&sql, " WHERE ");
    ngx_http_wxapp_sql_name(&sql, &relation->theirs_name);
    ngx_http_wxapp_sql_put(&sql, " IN (");

    /* to a power of two, so that there are few statements */

    for (i = 0; i < n || (i & (i - 1)); i++) {

        if (ngx_wxapp_field_text(&relation->theirs->plain, r->pool,
                                 &keys[ngx_min(i, n - 1)], &value, &fault)
            != NGX_OK)
        {
            value.type = NGX_WXAPP_VALUE_TEXT;
            value.text = keys[ngx_min(i, n - 1)];
        }

        ngx_http_wxapp_sql_put(&sql, i ? ", " : "");
        ngx_http_wxapp_sql_value(&sql, &value);
    }

    ngx_http_wxapp_sql_put(&sql, ")");

    if (output->scoped) {
        ngx_http_wxapp_sql_put(&sql, " AND ");
        ngx_http_wxapp_sql_name(&sql, &child->owner_name);
        ngx_http_wxapp_sql_put(&sql, " = ");
        ngx_http_wxapp_sql_value(&sql, &output->owner);
    }

    if (child->soft_delete.len) {
        ngx_http_wxapp_sql_put(&sql, " AND ");
        ngx_http_wxapp_sql_name(&sql, &child->soft_delete);
        ngx_http_wxapp_sql_put(&sql, " IS NULL");
    }

    if (!relation->one) {
        ngx_http_wxapp_sql_put(&sql, ") AS `t` WHERE `n` <= ");

        value.type = NGX_WXAPP_VALUE_INTEGER;
        value.integer = relation->max;

        ngx_http_wxapp_sql_value(&sql, &value);
        ngx_http_wxapp_sql_put(&sql, " ORDER BY `n`");
    }

    sql.query->row = ngx_http_wxapp_resource_child;
    sql.query->read_only = 1;

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_resource_related);
}


/* the different values that rows are joined by, each with its place */

static ngx_uint_t
ngx_http_wxapp_resource_parents(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_http_wxapp_output_t *output, ngx_str_t *keys)
{
    uint32_t                    hash;
    ngx_str_t                  *key;
    ngx_uint_t                  i, n;
    ngx_http_wxapp_parent_t    *parent;
    ngx_http_wxapp_children_t  *children;

    parent = ctx->parents->elts;
    n = 0;

    for (i = 0; i < ctx->parents->nelts; i++) {

        key = &parent[i].keys[output->extra];

        if (key->data == NULL) {
            continue;
        }

        hash = ngx_crc32_short(key->data, key->len);

        if (ngx_str_rbtree_lookup(&output->tree, key, hash)) {
            continue;
        }

        children = ngx_pcalloc(ctx->text.pool,
                               sizeof(ngx_http_wxapp_children_t));
        if (children == NULL) {
            return 0;
        }

        children->sn.node.key = hash;
        children->sn.str = *key;

        ngx_rbtree_insert(&output->tree, &children->sn.node);

        keys[n++] = *key;
    }

    return n;
}


static ngx_int_t
ngx_http_wxapp_resource_child(ngx_wxapp_mysql_query_t *query, ngx_str_t *row,
    ngx_uint_t n)
{
    size_t                          size;
    ngx_str_t                      *key;
    ngx_http_wxapp_output_t        *output;
    ngx_http_wxapp_children_t      *children;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    output = ctx->outputs->elts;
    output += ctx->relation;

    key = &row[n - 1];

    children = (ngx_http_wxapp_children_t *)
                   ngx_str_rbtree_lookup(&output->tree, key,
                                         ngx_crc32_short(key->data, key->len));

    /* found by a looser rule than ours, as of case */

    if (children == NULL) {
        return NGX_OK;
    }

    if (children->text.pool == NULL) {
        ngx_wxapp_text_init(&children->text, ctx->text.pool, 256);
    }

    size = children->text.pos - children->text.start;

    ngx_wxapp_json_open(&children->text, '{');
    ngx_http_wxapp_resource_members(&children->text, output->outputs, row);
    ngx_wxapp_json_close(&children->text, '}');

    ctx->size += children->text.pos - children->text.start - size;

    if (ctx->size > NGX_HTTP_WXAPP_RESULT_MAX) {
        ctx->too_large = 1;
        return NGX_ERROR;
    }

    return children->text.failed ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_wxapp_resource_related(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_resource_failed(r, ctx, query);

    } else {
        ctx->relation++;
        rc = ngx_http_wxapp_resource_relate(r, ctx);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* writes the rows anew, each with its relations; NGX_ERROR: too large */

static ngx_int_t
ngx_http_wxapp_resource_join(ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char                   *p;
    ngx_uint_t                i;
    ngx_wxapp_text_t          text;
    ngx_http_wxapp_parent_t  *parent;

    ngx_wxapp_text_init(&text, ctx->text.pool,
                        2 * (ctx->text.pos - ctx->text.start));

    parent = ctx->parents->elts;
    p = ctx->text.start;

    for (i = 0; i < ctx->parents->nelts; i++) {

        ngx_wxapp_text_put(&text, p, ctx->text.start + parent[i].end - p);
        ngx_http_wxapp_resource_join_row(ctx, &parent[i], &text);

        p = ctx->text.start + parent[i].end;

        if (text.pos - text.start > NGX_HTTP_WXAPP_RESULT_MAX) {
            ctx->too_large = 1;
            return NGX_ERROR;
        }
    }

    ngx_wxapp_text_put(&text, p, ctx->text.pos - p);

    ctx->text = text;

    return NGX_OK;
}


static void
ngx_http_wxapp_resource_join_row(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_http_wxapp_parent_t *parent, ngx_wxapp_text_t *text)
{
    ngx_str_t                  *key;
    ngx_uint_t                  i, one, found;
    ngx_http_wxapp_output_t    *output;
    ngx_http_wxapp_children_t  *children;

    output = ctx->outputs->elts;

    for (i = 0; i < ctx->outputs->nelts; i++) {

        if (output[i].relation == NULL) {
            continue;
        }

        key = &parent->keys[output[i].extra];
        children = NULL;

        if (key->data) {
            children = (ngx_http_wxapp_children_t *)
                           ngx_str_rbtree_lookup(&output[i].tree, key,
                                    ngx_crc32_short(key->data, key->len));
        }

        one = output[i].relation->one;
        found = (children && children->text.pool);

        ngx_wxapp_json_raw(text, output[i].label.data, output[i].label.len);

        if (one && !found) {
            ngx_wxapp_json_raw(text, "null", 4);
            continue;
        }

        ngx_wxapp_text_cstr(text, one ? "" : "[");

        if (found) {
            ngx_wxapp_text_put(text, children->text.start,
                               children->text.pos - children->text.start);
        }

        ngx_wxapp_text_cstr(text, one ? "" : "]");
    }
}
