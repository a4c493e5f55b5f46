
/*
 * Writes that must look before they write, or take back what they wrote: a
 * transaction that locks the rows, changes them by their keys, and tells
 * them as they are in the end.
 */


#include "module/ngx_http_wxapp_resource_write.h"


#define NGX_HTTP_WXAPP_WRITE_TRIES  3


static void ngx_http_wxapp_write_begun(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_write_locked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_check(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_write_change(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_changed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_write_read_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_commit(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_committed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


ngx_int_t
ngx_http_wxapp_write_begin(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_write_pt first)
{
    ngx_int_t                rc;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    /* it may be the second time */

    if (write->first == NULL) {
        write->first = first;
        write->outputs = ctx->outputs;
    }

    ctx->outputs = write->outputs;
    ctx->nextra = 0;
    ctx->version = 0;
    ctx->keyed = 0;
    ctx->locked = NULL;
    write->row = 0;
    write->keys = NULL;
    write->affected = 0;

    ctx->session = ngx_http_wxapp_db_session(r, 0);
    if (ctx->session == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_wxapp_db_command(r, ctx->session, "START TRANSACTION", ctx,
                                   ngx_http_wxapp_write_begun);

    if (rc != NGX_AGAIN) {
        ngx_wxapp_mysql_session_end(ctx->session);
        ctx->session = NULL;
    }

    return rc;
}


static void
ngx_http_wxapp_write_begun(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_write_t         *write;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = op->data;
    write = ctx->write;

    ngx_http_wxapp_write_next(r, ctx, op->status == NGX_WXAPP_OP_OK
                              ? write->first(r, ctx)
                              : ngx_http_wxapp_write_failed(r, ctx,
                                             (ngx_wxapp_mysql_query_t *) op));
}


/* a step has ended: NGX_AGAIN when another was sent, else all has */

void
ngx_http_wxapp_write_next(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_int_t rc)
{
    if (rc == NGX_AGAIN) {
        return;
    }

    if (ctx->session) {
        ngx_wxapp_mysql_session_end(ctx->session);
        ctx->session = NULL;
    }

    ngx_http_finalize_request(r, rc);
}


ngx_int_t
ngx_http_wxapp_write_failed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_mysql_query_t *query)
{
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    if (!ngx_http_wxapp_db_again(query)
        || ctx->tries++ == NGX_HTTP_WXAPP_WRITE_TRIES)
    {
        return ngx_http_wxapp_resource_failed(r, ctx, query);
    }

    ngx_wxapp_mysql_session_end(ctx->session);
    ctx->session = NULL;

    return ngx_http_wxapp_write_begin(r, ctx, write->first);
}


/* the rows to change, by their keys, one more than there may be */

ngx_int_t
ngx_http_wxapp_write_lock(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    ngx_wxapp_value_t                value;
    ngx_http_wxapp_sql_t             sql;
    ngx_http_wxapp_output_t         *output;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    ctx->locked = ngx_array_create(r->pool, 16, sizeof(ngx_str_t));
    ctx->outputs = ngx_array_create(r->pool, conf->columns.nelts,
                                    sizeof(ngx_http_wxapp_output_t));

    if (ctx->locked == NULL || ctx->outputs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->method == NGX_HTTP_DELETE && ngx_http_wxapp_write_tells(ctx)) {

        /* the last look at them */

        ctx->outputs = ((ngx_http_wxapp_write_t *) ctx->write)->outputs;

    } else if (ctx->if_match && conf->version == NULL) {

        /* the ETag is that of the whole row */

        for (i = 0; i < conf->columns.nelts; i++) {

            if (!(ctx->readable & ((uint64_t) 1 << i))) {
                continue;
            }

            output = ngx_array_push(ctx->outputs);
            if (output == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            ngx_memzero(output, sizeof(ngx_http_wxapp_output_t));
            output->column = (ngx_http_wxapp_column_t *) conf->columns.elts
                             + i;
            output->label = output->column->label;
        }
    }

    if (conf->version) {
        ctx->extra[ctx->nextra++] = conf->version;
        ctx->version = ctx->nextra;
    }

    ctx->keyed = ctx->nextra + 1;

    for (i = 0; i < conf->nkeys; i++) {
        ctx->extra[ctx->nextra++] = conf->keys[i];
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_select(&sql);
    ngx_http_wxapp_sql_scope(&sql);

    if (ctx->item) {
        ngx_http_wxapp_sql_item(&sql);

    } else {
        rc = ngx_http_wxapp_sql_filters(&sql);

        if (rc != NGX_DECLINED) {
            ngx_http_wxapp_sql_free(&sql);
            return rc;
        }
    }

    /* in the order of the keys, so that two such writes meet in one way */

    ngx_http_wxapp_sql_order_keys(&sql);

    value.type = NGX_WXAPP_VALUE_INTEGER;
    value.integer = (ctx->item ? 1 : ctx->max_affected + 1);

    ngx_http_wxapp_sql_put(&sql, " LIMIT ");
    ngx_http_wxapp_sql_value(&sql, &value);
    ngx_http_wxapp_sql_put(&sql, " FOR UPDATE");

    sql.query->row = ngx_http_wxapp_resource_row;

    ngx_http_wxapp_resource_rows(r, ctx);

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_locked);
}


static void
ngx_http_wxapp_write_locked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else {
        rc = ngx_http_wxapp_write_check(r, ctx);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_wxapp_write_change(r, ctx);
        }
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


static ngx_int_t
ngx_http_wxapp_write_check(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_str_t                        body;
    ngx_uint_t                       n;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;

    n = ctx->nrows;
    write->affected = n;

    if (ctx->item && n == 0) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                      "there is no such row");
    }

    if (ctx->item && ctx->if_match) {

        if (conf->version == NULL
            && (ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK
                || ngx_http_wxapp_resource_etag(r->pool, &body, &ctx->etag)
                   != NGX_OK))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (!ngx_http_wxapp_resource_match(ctx->if_match, &ctx->etag)) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_PRECONDITION_FAILED,
                                          "precondition_failed",
                                          "the row is another by now");
        }
    }

    /* of a change it would be the old one */

    ngx_str_null(&ctx->etag);

    if (!ctx->item && n > ctx->max_affected) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                      "too_many_rows",
                                      "the filter finds more rows than may "
                                      "be changed at once");
    }

    if (!ctx->item && ctx->object && n != 1) {
        return ngx_http_wxapp_resource_not_one(r, ctx, n);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_write_change(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_str_t                       *s;
    ngx_uint_t                       i, nkeys;
    ngx_wxapp_value_t               *key;
    ngx_wxapp_fault_t                fault;
    ngx_http_wxapp_sql_t             sql;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;
    nkeys = conf->nkeys;

    write->keys = ngx_array_create(r->pool, ctx->locked->nelts + 1,
                                   sizeof(ngx_wxapp_value_t));
    if (write->keys == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s = ctx->locked->elts;

    for (i = 0; i < ctx->locked->nelts; i++) {
        key = ngx_array_push(write->keys);

        if (ngx_wxapp_field_text(&conf->keys[i % nkeys]->plain, r->pool,
                                 &s[i], key, &fault)
            != NGX_OK)
        {
            ngx_memzero(key, sizeof(ngx_wxapp_value_t));
            key->type = NGX_WXAPP_VALUE_TEXT;
            key->text = s[i];
        }
    }

    if (write->affected == 0
        || (ctx->method != NGX_HTTP_DELETE
            && ngx_http_wxapp_write_nothing(ctx)))
    {
        return ngx_http_wxapp_write_read(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->method == NGX_HTTP_DELETE) {
        ngx_http_wxapp_write_removed(&sql);

    } else {
        ngx_http_wxapp_sql_put(&sql, "UPDATE ");
        ngx_http_wxapp_sql_name(&sql, &conf->table);
        ngx_http_wxapp_sql_put(&sql, " SET ");
        ngx_http_wxapp_write_set(&sql);
        ngx_http_wxapp_sql_put(&sql, " WHERE ");
    }

    ngx_http_wxapp_write_by_keys(&sql);

    if (ctx->method != NGX_HTTP_DELETE) {
        ctx->refused = ngx_http_wxapp_write_bounds(&sql);
    }

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_changed);
}


static void
ngx_http_wxapp_write_changed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (ctx->refused && query->affected < write->affected) {
        rc = ngx_http_wxapp_resource_out_of_bounds(r, ctx);

    } else {
        rc = ngx_http_wxapp_write_read(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/*
 * The key of row "i": given, or made by AUTO_INCREMENT, which above 2^63 is
 * exact as a decimal.  NGX_DECLINED when it is not known.
 */

ngx_int_t
ngx_http_wxapp_write_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i, uint64_t id,
    ngx_wxapp_value_t *keys)
{
    ngx_str_t                       *s;
    ngx_uint_t                       k, n;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;

    for (k = 0; k < conf->nkeys; k++) {

        n = conf->keys[k] - (ngx_http_wxapp_column_t *) conf->columns.elts;
        n += i * conf->columns.nelts;

        if (write->given[n]
            && write->values[n].type != NGX_WXAPP_VALUE_NULL)
        {
            keys[k] = write->values[n];
            continue;
        }

        /* of a table that makes its key otherwise it would be another's */

        if (id == 0 || conf->keys[k]->field.type > NGX_WXAPP_FIELD_BIGINT) {
            return NGX_DECLINED;
        }

        ngx_memzero(&keys[k], sizeof(ngx_wxapp_value_t));

        if (id <= INT64_MAX) {
            keys[k].type = NGX_WXAPP_VALUE_INTEGER;
            keys[k].integer = id;

        } else {
            s = &keys[k].text;

            s->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
            if (s->data == NULL) {
                return NGX_ERROR;
            }

            s->len = ngx_sprintf(s->data, "%uL", id) - s->data;
            keys[k].type = NGX_WXAPP_VALUE_DECIMAL;
        }

        /* there is one such column in a table */

        id = 0;
    }

    return NGX_OK;
}


/* the rows as they are now, if they are told, or must be looked at */

ngx_int_t
ngx_http_wxapp_write_read(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t      sql;
    ngx_http_wxapp_write_t   *write;
    ngx_wxapp_mysql_query_t  *query;

    write = ctx->write;

    if (ctx->upsert == NULL
        && (!ngx_http_wxapp_write_tells(ctx)
            || ctx->method == NGX_HTTP_DELETE))
    {
        return ngx_http_wxapp_write_commit(r, ctx);
    }

    if (write->outputs) {
        ctx->outputs = write->outputs;
    }

    ctx->nextra = 0;
    ctx->keyed = 0;
    ctx->version = 0;

    if (ctx->conf->version && ctx->item) {
        ctx->extra[ctx->nextra++] = ctx->conf->version;
        ctx->version = ctx->nextra;
    }

    ngx_http_wxapp_resource_rows(r, ctx);

    if (write->find == NULL && write->keys->nelts == 0) {
        return ngx_http_wxapp_write_commit(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_select(&sql);

    if (write->find) {
        ngx_http_wxapp_sql_scope(&sql);
        ngx_http_wxapp_sql_put(&sql, " AND ");
        write->find(&sql);

    } else {
        ngx_http_wxapp_write_by_keys(&sql);
    }

    ngx_http_wxapp_sql_order_keys(&sql);

    query = sql.query;
    query->row = ngx_http_wxapp_resource_row;
    query->read_only = (ctx->session == NULL);
    query->primary = 1;

    return ngx_http_wxapp_sql_send(r, &sql, ngx_http_wxapp_write_read_done);
}


static void
ngx_http_wxapp_write_read_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ctx->session ? ngx_http_wxapp_write_failed(r, ctx, query)
                          : ngx_http_wxapp_resource_failed(r, ctx, query);

    } else if (write->find && ctx->nrows < write->n) {
        rc = ngx_http_wxapp_write_duplicate(r);

    } else {
        rc = ngx_http_wxapp_write_commit(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


static ngx_int_t
ngx_http_wxapp_write_commit(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    if (ctx->session) {
        return ngx_http_wxapp_db_command(r, ctx->session, "COMMIT", ctx,
                                         ngx_http_wxapp_write_committed);
    }

    return ngx_http_wxapp_resource_tell(r, ctx);
}


static void
ngx_http_wxapp_write_committed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_uint_t                      status;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status == NGX_WXAPP_OP_ERROR) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_unknown(r, query);

    } else if (ngx_http_wxapp_write_tells(ctx)) {
        rc = ngx_http_wxapp_resource_tell(r, ctx);

    } else {
        status = (ctx->method == NGX_HTTP_POST)
                 ? (ctx->created ? NGX_HTTP_CREATED : NGX_HTTP_OK)
                 : NGX_HTTP_NO_CONTENT;

        rc = ngx_http_wxapp_resource_tell_none(r, ctx, status,
                                               write->affected);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


ngx_int_t
ngx_http_wxapp_write_duplicate(ngx_http_request_t *r)
{
    return ngx_http_wxapp_problem(r, NGX_HTTP_CONFLICT, "duplicate",
                                  "there is a row with the same unique value "
                                  "already");
}


ngx_int_t
ngx_http_wxapp_resource_out_of_bounds(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                   i;
    ngx_wxapp_field_t           *field;
    ngx_http_wxapp_write_t      *write;
    ngx_http_wxapp_input_t      *input;
    ngx_http_wxapp_increment_t  *increment;

    write = ctx->write;
    increment = write->increments->elts;

    input = ngx_http_wxapp_input_create(r, ctx->conf->columns.elts,
                                        ctx->conf->columns.nelts,
                                        sizeof(ngx_http_wxapp_column_t));
    if (input == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* which of several it was is not known */

    for (i = 0; i < write->increments->nelts; i++) {
        field = &increment[i].column->field;

        if ((field->min.len || field->max.len)
            && ngx_http_wxapp_input_fault(input, &field->name,
                                          increment[i].minus ? "min" : "max",
                                          "would pass its bounds")
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_wxapp_input_end(input);
}
