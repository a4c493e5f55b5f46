
/*
 * Writes that are one statement: rows are made by one, and one row is changed
 * or removed by one, without a transaction.
 */


#include "module/ngx_http_wxapp_resource_write.h"


static void ngx_http_wxapp_write_inserted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_tell_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, uint64_t id);
static void ngx_http_wxapp_write_updated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_write_deleted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


/* all rows by one statement: all are made, or none */

ngx_int_t
ngx_http_wxapp_write_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t     sql;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    ctx->created = 1;

    if (write->n == 0) {
        ngx_http_wxapp_resource_rows(r, ctx);

        return ngx_http_wxapp_write_tells(ctx)
               ? ngx_http_wxapp_resource_tell(r, ctx)
               : ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                   0);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_values(&sql, 0, write->n);

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_inserted);
}


static void
ngx_http_wxapp_write_inserted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (write->n > 1) {
        rc = ngx_http_wxapp_write_tell_made(r, ctx, query->insert_id);

    } else {

        rc = ngx_http_wxapp_write_made(r, ctx, 0, query->insert_id,
                                       ctx->keys);

        if (rc == NGX_DECLINED) {

            /* a key that the table made and nobody told */

            ctx->one = 0;
            rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                   1);

        } else if (rc != NGX_OK) {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

        } else if (ngx_http_wxapp_write_tells(ctx)) {
            rc = ngx_http_wxapp_resource_get(r, ctx);

        } else {
            rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                   1);
        }
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* several rows: those of AUTO_INCREMENT stand in a row of their own */

static ngx_int_t
ngx_http_wxapp_write_tell_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, uint64_t id)
{
    ngx_int_t                rc;
    ngx_uint_t               i, k;
    ngx_wxapp_value_t       *keys;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;
    k = ctx->conf->keys[0]
        - (ngx_http_wxapp_column_t *) ctx->conf->columns.elts;

    if (!ngx_http_wxapp_write_tells(ctx)) {
        return ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                 write->n);
    }

    write->keys = ngx_array_create(r->pool, write->n * ctx->conf->nkeys,
                                   sizeof(ngx_wxapp_value_t));
    if (write->keys == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < write->n; i++) {
        keys = ngx_array_push_n(write->keys, ctx->conf->nkeys);
        if (keys == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_wxapp_write_made(r, ctx, i,
                                       ctx->conf->nkeys == 1 ? id : 0, keys);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_DECLINED) {
            goto untold;
        }

        /* of keys that were made the first is known */

        write->affected += (ctx->conf->nkeys == 1
                            && write->values[k].type == NGX_WXAPP_VALUE_NULL);
        k += ctx->conf->columns.nelts;
    }

    if (write->affected == 0 || write->affected == write->n) {
        return ngx_http_wxapp_write_read(r, ctx);
    }

untold:

    /* some keys are known, some are not */

    return ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                             write->n);
}


/* PUT, where what is not given returns to its default, and PATCH */

ngx_int_t
ngx_http_wxapp_write_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t  sql;

    if (!ctx->item || ctx->if_match) {
        return ngx_http_wxapp_write_begin(r, ctx, ngx_http_wxapp_write_lock);
    }

    if (ngx_http_wxapp_write_nothing(ctx)) {
        return ngx_http_wxapp_resource_get(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_put(&sql, "UPDATE ");
    ngx_http_wxapp_sql_name(&sql, &ctx->conf->table);
    ngx_http_wxapp_sql_put(&sql, " SET ");
    ngx_http_wxapp_write_set(&sql);
    ngx_http_wxapp_sql_put(&sql, " WHERE ");
    ngx_http_wxapp_sql_scope(&sql);
    ngx_http_wxapp_sql_item(&sql);
    ctx->refused = ngx_http_wxapp_write_bounds(&sql);
    ngx_http_wxapp_sql_put(&sql, " LIMIT 1");

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_updated);
}


/* the row as it is now is the answer */

static void
ngx_http_wxapp_write_updated(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (query->affected) {
        ctx->refused = 0;
    }

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0 && !ctx->refused) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else if (ctx->refused || ngx_http_wxapp_write_tells(ctx)) {

        /* a row that was restored or removed is told, too */

        ctx->deleted = ctx->refused ? ctx->deleted
                                    : NGX_HTTP_WXAPP_DELETED_WITH;

        rc = ngx_http_wxapp_resource_get(r, ctx);

    } else {
        rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_NO_CONTENT, 1);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


ngx_int_t
ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t  sql;

    ctx->write = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_write_t));
    if (ctx->write == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->item || ctx->if_match || ngx_http_wxapp_write_tells(ctx)) {
        return ngx_http_wxapp_write_begin(r, ctx, ngx_http_wxapp_write_lock);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_removed(&sql);
    ngx_http_wxapp_sql_scope(&sql);
    ngx_http_wxapp_sql_item(&sql);
    ngx_http_wxapp_sql_put(&sql, " LIMIT 1");

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_deleted);
}


static void
ngx_http_wxapp_write_deleted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
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
        rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_NO_CONTENT, 1);
    }

    ngx_http_finalize_request(r, rc);
}
