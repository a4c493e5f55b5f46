
/*
 * Upserts, in a transaction: rows are merged into those that are there, or
 * ignored where there is one.
 */


#include "module/ngx_http_wxapp_resource_write.h"

#include <mysqld_error.h>


static void ngx_http_wxapp_write_merge_set(ngx_http_wxapp_sql_t *sql,
    u_char *given);
static void ngx_http_wxapp_write_merged(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_write_one_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_look(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_write_seen(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *row, ngx_uint_t n);
static void ngx_http_wxapp_write_looked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_write_by_conflict(ngx_http_wxapp_sql_t *sql);


/*
 * A row that is there already by the key of the upsert gets the new values.
 * Any other unique key might have found it, or it is not the caller's: then
 * it stays as it is, and is missing when the rows are read.
 */

ngx_int_t
ngx_http_wxapp_write_merge(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t               n, all;
    ngx_http_wxapp_sql_t     sql;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;
    all = ctx->conf->columns.nelts;

    ctx->created = 1;
    ctx->one = 0;

    write->find = ngx_http_wxapp_write_by_conflict;

    /* rows of the same columns together: only what is given is merged */

    for (n = 1; write->row + n < write->n; n++) {
        if (ngx_memcmp(&write->given[write->row * all],
                       &write->given[(write->row + n) * all], all)
            != 0)
        {
            break;
        }
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_values(&sql, write->row, n);
    ngx_http_wxapp_write_merge_set(&sql, &write->given[write->row * all]);

    write->row += n;

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_merged);
}


static void
ngx_http_wxapp_write_merge_set(ngx_http_wxapp_sql_t *sql, u_char *given)
{
    ngx_str_t                        guard, *name;
    ngx_uint_t                       i, k, n, used;
    ngx_wxapp_text_t                 text, saved;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_upsert_t         *upsert;
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_http_wxapp_resource_conf_t  *conf;

    ctx = sql->ctx;
    conf = ctx->conf;
    upsert = ctx->upsert;
    column = conf->columns.elts;

    /* the condition, which each column repeats */

    saved = sql->text;
    ngx_wxapp_text_init(&sql->text, sql->query->pool, 256);

    for (i = 0; i < upsert->n; i++) {
        name = &upsert->columns[i]->field.name;

        ngx_http_wxapp_sql_put(sql, i ? " AND " : " = IF(");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, " <=> VALUES(");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (ctx->scoped) {
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->owner_name);
        ngx_http_wxapp_sql_put(sql, " <=> VALUES(");
        ngx_http_wxapp_sql_name(sql, &conf->owner_name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (conf->soft_delete.len) {
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->soft_delete);
        ngx_http_wxapp_sql_put(sql, " IS NULL");
    }

    ngx_http_wxapp_sql_put(sql, ", ");

    text = sql->text;
    sql->text = saved;

    if (ngx_wxapp_text_done(&text, &guard) != NGX_OK) {
        sql->failed = 1;
        return;
    }

    ngx_http_wxapp_sql_put(sql, " ON DUPLICATE KEY UPDATE ");

    n = 0;

    for (k = 0; k < conf->columns.nelts; k++) {

        used = (given[k] == NGX_HTTP_WXAPP_GIVEN);

        for (i = 0; i < upsert->n; i++) {
            if (upsert->columns[i] == &column[k]) {
                used = 0;
            }
        }

        if (!used || column[k].key || &column[k] == conf->owner
            || &column[k] == conf->version)
        {
            continue;
        }

        name = &column[k].field.name;

        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_wxapp_text_str(&sql->text, &guard);
        ngx_http_wxapp_sql_put(sql, "VALUES(");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, "), ");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (conf->version) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_wxapp_text_str(&sql->text, &guard);
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, " + 1, ");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (n == 0) {
        name = &upsert->columns[0]->field.name;

        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_name(sql, name);
    }
}


static void
ngx_http_wxapp_write_merged(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (write->row < write->n) {
        rc = ngx_http_wxapp_write_merge(r, ctx);

    } else {
        write->affected = write->n;
        rc = ngx_http_wxapp_write_read(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/* row by row: a duplicate is known for each of them */

ngx_int_t
ngx_http_wxapp_write_one(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t     sql;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    if (write->keys == NULL) {
        write->keys = ngx_array_create(r->pool, write->n * ctx->conf->nkeys,
                                       sizeof(ngx_wxapp_value_t));
        if (write->keys == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (write->row == write->n) {
        ctx->created = (write->affected != 0);

        return ngx_http_wxapp_write_read(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_values(&sql, write->row, 1);

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_one_done);
}


static void
ngx_http_wxapp_write_one_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_value_t              *keys;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status == NGX_WXAPP_OP_OK) {

        keys = ngx_array_push_n(write->keys, ctx->conf->nkeys);

        rc = keys ? ngx_http_wxapp_write_made(r, ctx, write->row,
                                              query->insert_id, keys)
                  : NGX_ERROR;

        if (rc == NGX_DECLINED) {
            write->keys->nelts -= ctx->conf->nkeys;
            ctx->one = 0;

        } else if (rc == NGX_OK && ctx->one) {
            ngx_memcpy(ctx->keys, keys,
                       ctx->conf->nkeys * sizeof(ngx_wxapp_value_t));
        }

        write->affected++;
        write->row++;

        rc = (rc == NGX_ERROR) ? NGX_HTTP_INTERNAL_SERVER_ERROR
                               : ngx_http_wxapp_write_one(r, ctx);

    } else if (op->status == NGX_WXAPP_OP_ERROR
               && query->error == ER_DUP_ENTRY)
    {
        rc = ngx_http_wxapp_write_look(r, ctx);

    } else {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/* a duplicate to ignore is one of the key that was named, of no other */

static ngx_int_t
ngx_http_wxapp_write_look(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                i, n;
    ngx_http_wxapp_sql_t      sql;
    ngx_http_wxapp_write_t   *write;
    ngx_http_wxapp_column_t  *column;

    write = ctx->write;

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_put(&sql, "SELECT 1 FROM ");
    ngx_http_wxapp_sql_name(&sql, &ctx->conf->table);

    for (i = 0; i < ctx->upsert->n; i++) {
        column = ctx->upsert->columns[i];
        n = column - (ngx_http_wxapp_column_t *) ctx->conf->columns.elts;
        n += write->row * ctx->conf->columns.nelts;

        ngx_http_wxapp_sql_put(&sql, i ? " AND " : " WHERE ");
        ngx_http_wxapp_sql_name(&sql, &column->field.name);
        ngx_http_wxapp_sql_put(&sql, " = ");
        ngx_http_wxapp_sql_value(&sql, &write->values[n]);
    }

    /* as it is now, not as it was when the transaction began */

    ngx_http_wxapp_sql_put(&sql, " LIMIT 1 LOCK IN SHARE MODE");

    sql.query->row = ngx_http_wxapp_write_seen;

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_looked);
}


static ngx_int_t
ngx_http_wxapp_write_seen(ngx_wxapp_mysql_query_t *query, ngx_str_t *row,
    ngx_uint_t n)
{
    return NGX_OK;
}


static void
ngx_http_wxapp_write_looked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (query->rows == 0) {
        rc = ngx_http_wxapp_write_duplicate(r);

    } else {
        write->row++;
        rc = ngx_http_wxapp_write_one(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/*
 * Also by the other unique values that were given: another row that has one
 * of them was found in place of the one to be changed.
 */

static void
ngx_http_wxapp_write_by_conflict(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i, k, n, all;
    ngx_wxapp_value_t               *value;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;
    write = sql->ctx->write;
    column = conf->columns.elts;
    all = conf->columns.nelts;

    for (i = 0; i < write->n; i++) {
        ngx_http_wxapp_sql_put(sql, i ? " OR (" : "((");

        for (k = 0, n = 0; k < all; k++) {
            value = &write->values[i * all + k];

            if ((!column[k].key && !column[k].upsert)
                || !write->given[i * all + k]
                || value->type == NGX_WXAPP_VALUE_NULL)
            {
                continue;
            }

            ngx_http_wxapp_sql_put(sql, n++ ? " AND " : "");
            ngx_http_wxapp_sql_name(sql, &column[k].field.name);
            ngx_http_wxapp_sql_put(sql, " = ");
            ngx_http_wxapp_sql_value(sql, value);
        }

        ngx_http_wxapp_sql_put(sql, n ? ")" : "FALSE)");
    }

    ngx_http_wxapp_sql_put(sql, ")");
}
