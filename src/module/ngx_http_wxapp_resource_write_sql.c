
/*
 * What the statements of writes are made of.
 */


#include "module/ngx_http_wxapp_resource_write.h"


static ngx_uint_t ngx_http_wxapp_write_sets(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i);
static void ngx_http_wxapp_write_bound(ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_increment_t *increment, ngx_str_t *bound, const char *op);


/* whether rows are told in the end */

ngx_uint_t
ngx_http_wxapp_write_tells(ngx_http_wxapp_resource_ctx_t *ctx)
{
    if (ctx->returns == NGX_HTTP_WXAPP_RETURN_DEFAULT) {
        return ctx->method == NGX_HTTP_POST
               || (ctx->item && ctx->method != NGX_HTTP_DELETE);
    }

    return ctx->returns == NGX_HTTP_WXAPP_RETURN_ROWS;
}


void
ngx_http_wxapp_write_values(ngx_http_wxapp_sql_t *sql, ngx_uint_t from,
    ngx_uint_t n)
{
    uint64_t                         used;
    ngx_uint_t                       i, k, m, all;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;
    write = sql->ctx->write;
    column = conf->columns.elts;
    all = conf->columns.nelts;

    used = 0;

    for (i = from; i < from + n; i++) {
        for (k = 0; k < all; k++) {
            used |= (uint64_t) (write->given[i * all + k] != 0) << k;
        }
    }

    ngx_http_wxapp_sql_put(sql, "INSERT INTO ");
    ngx_http_wxapp_sql_name(sql, &conf->table);
    ngx_http_wxapp_sql_put(sql, " (");

    for (k = 0, m = 0; k < all; k++) {
        if (used & ((uint64_t) 1 << k)) {
            ngx_http_wxapp_sql_put(sql, m++ ? ", " : "");
            ngx_http_wxapp_sql_name(sql, &column[k].field.name);
        }
    }

    ngx_http_wxapp_sql_put(sql, ") VALUES ");

    for (i = from; i < from + n; i++) {
        ngx_http_wxapp_sql_put(sql, i > from ? ", (" : "(");

        for (k = 0, m = 0; k < all; k++) {

            if (!(used & ((uint64_t) 1 << k))) {
                continue;
            }

            ngx_http_wxapp_sql_put(sql, m++ ? ", " : "");

            if (write->given[i * all + k]) {
                ngx_http_wxapp_sql_value(sql, &write->values[i * all + k]);

            } else {
                ngx_http_wxapp_sql_put(sql, "DEFAULT");
            }
        }

        ngx_http_wxapp_sql_put(sql, ")");
    }
}


/* whether the column is set */

static ngx_uint_t
ngx_http_wxapp_write_sets(ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i)
{
    ngx_http_wxapp_write_t   *write;
    ngx_http_wxapp_column_t  *column;

    write = ctx->write;
    column = ctx->conf->columns.elts;
    column += i;

    return !column->key && column != ctx->conf->version
           && (ctx->writable & ((uint64_t) 1 << i))
           && (ctx->method != NGX_HTTP_PATCH || write->given[i]);
}


ngx_uint_t
ngx_http_wxapp_write_nothing(ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t               i;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    for (i = 0; i < ctx->conf->columns.nelts; i++) {
        if (ngx_http_wxapp_write_sets(ctx, i)) {
            return 0;
        }
    }

    return write->increments == NULL || write->increments->nelts == 0;
}


void
ngx_http_wxapp_write_set(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i, n;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_increment_t      *increment;
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_http_wxapp_resource_conf_t  *conf;

    ctx = sql->ctx;
    conf = ctx->conf;
    write = ctx->write;
    column = conf->columns.elts;

    n = 0;

    for (i = 0; i < conf->columns.nelts; i++) {

        if (!ngx_http_wxapp_write_sets(ctx, i)) {
            continue;
        }

        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &column[i].field.name);
        ngx_http_wxapp_sql_put(sql, " = ");

        if (write->given[i]) {
            ngx_http_wxapp_sql_value(sql, &write->values[i]);

        } else {
            ngx_http_wxapp_sql_put(sql, "DEFAULT");
        }
    }

    increment = write->increments ? write->increments->elts : NULL;

    for (i = 0; increment && i < write->increments->nelts; i++) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &increment[i].column->field.name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_name(sql, &increment[i].column->field.name);
        ngx_http_wxapp_sql_put(sql, increment[i].minus ? " - " : " + ");
        ngx_http_wxapp_sql_value(sql, &increment[i].value);
    }

    if (conf->version) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, " + 1");
    }
}


/* an increment keeps to the rules of its column; whether there is one */

ngx_uint_t
ngx_http_wxapp_write_bounds(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                   i, bounded;
    ngx_wxapp_field_t           *field;
    ngx_http_wxapp_write_t      *write;
    ngx_http_wxapp_increment_t  *increment;

    write = sql->ctx->write;
    bounded = 0;

    if (write->increments == NULL) {
        return 0;
    }

    increment = write->increments->elts;

    for (i = 0; i < write->increments->nelts; i++) {
        field = &increment[i].column->field;

        if (field->min.len) {
            ngx_http_wxapp_write_bound(sql, &increment[i], &field->min,
                                       " >= ");
            bounded = 1;
        }

        if (field->max.len) {
            ngx_http_wxapp_write_bound(sql, &increment[i], &field->max,
                                       " <= ");
            bounded = 1;
        }
    }

    return bounded;
}


static void
ngx_http_wxapp_write_bound(ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_increment_t *increment, ngx_str_t *bound, const char *op)
{
    ngx_wxapp_value_t  value;

    value.type = NGX_WXAPP_VALUE_DECIMAL;
    value.text = *bound;

    /* as decimals: an unsigned column would not go below zero */

    ngx_http_wxapp_sql_put(sql, " AND CAST(");
    ngx_http_wxapp_sql_name(sql, &increment->column->field.name);
    ngx_http_wxapp_sql_put(sql, " AS DECIMAL(65,10))");
    ngx_http_wxapp_sql_put(sql, increment->minus ? " - " : " + ");
    ngx_http_wxapp_sql_value(sql, &increment->value);
    ngx_http_wxapp_sql_put(sql, op);
    ngx_http_wxapp_sql_value(sql, &value);
}


/* up to the conditions */

void
ngx_http_wxapp_write_removed(ngx_http_wxapp_sql_t *sql)
{
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;

    if (conf->soft_delete.len == 0) {
        ngx_http_wxapp_sql_put(sql, "DELETE FROM ");
        ngx_http_wxapp_sql_name(sql, &conf->table);

    } else {
        ngx_http_wxapp_sql_put(sql, "UPDATE ");
        ngx_http_wxapp_sql_name(sql, &conf->table);
        ngx_http_wxapp_sql_put(sql, " SET ");
        ngx_http_wxapp_sql_name(sql, &conf->soft_delete);
        ngx_http_wxapp_sql_put(sql, " = UTC_TIMESTAMP()");
    }

    ngx_http_wxapp_sql_put(sql, " WHERE ");
}


/* those of write->keys, or of AUTO_INCREMENT by the first of them */

void
ngx_http_wxapp_write_by_keys(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i, k, nkeys;
    ngx_wxapp_value_t               *key, value;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;
    write = sql->ctx->write;
    nkeys = conf->nkeys;
    key = write->keys->elts;

    if (sql->ctx->session == NULL && write->affected == write->n) {

        /* the server's step is 1 but in a cluster */

        value.type = NGX_WXAPP_VALUE_INTEGER;
        value.integer = write->n;

        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " >= ");
        ngx_http_wxapp_sql_value(sql, &key[0]);
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " < ");
        ngx_http_wxapp_sql_value(sql, &key[0]);
        ngx_http_wxapp_sql_put(sql, " + @@auto_increment_increment * ");
        ngx_http_wxapp_sql_value(sql, &value);
        ngx_http_wxapp_sql_put(sql, " AND MOD(");
        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " - ");
        ngx_http_wxapp_sql_value(sql, &key[0]);
        ngx_http_wxapp_sql_put(sql, ", @@auto_increment_increment) = 0");
        return;
    }

    if (nkeys == 1) {
        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " IN (");

        for (i = 0; i < write->keys->nelts; i++) {
            ngx_http_wxapp_sql_put(sql, i ? ", " : "");
            ngx_http_wxapp_sql_value(sql, &key[i]);
        }

        ngx_http_wxapp_sql_put(sql, ")");
        return;
    }

    for (i = 0; i < write->keys->nelts; i += nkeys) {
        ngx_http_wxapp_sql_put(sql, i ? " OR (" : "((");

        for (k = 0; k < nkeys; k++) {
            ngx_http_wxapp_sql_put(sql, k ? " AND " : "");
            ngx_http_wxapp_sql_name(sql, &conf->keys[k]->field.name);
            ngx_http_wxapp_sql_put(sql, " = ");
            ngx_http_wxapp_sql_value(sql, &key[i + k]);
        }

        ngx_http_wxapp_sql_put(sql, ")");
    }

    ngx_http_wxapp_sql_put(sql, ")");
}
