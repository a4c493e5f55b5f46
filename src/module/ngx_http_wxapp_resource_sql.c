
/*
 * Statements of a resource.  Names come from the configuration only, where
 * they were checked to be letters, digits and underscores; every value of a
 * request is a parameter.
 */


#include "module/ngx_http_wxapp_resource.h"


#define NGX_HTTP_WXAPP_SQL_VALUES  8      /* parameters at first */


static ngx_int_t ngx_http_wxapp_sql_filter(ngx_http_wxapp_sql_t *sql,
    ngx_wxapp_filter_t *filter, ngx_uint_t depth);
static ngx_int_t ngx_http_wxapp_sql_comparison(ngx_http_wxapp_sql_t *sql,
    ngx_wxapp_filter_t *filter, ngx_uint_t depth);
static ngx_int_t ngx_http_wxapp_sql_operand(ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_column_t *column, ngx_wxapp_filter_t *filter,
    ngx_uint_t i);
static ngx_int_t ngx_http_wxapp_sql_fault(ngx_http_wxapp_sql_t *sql,
    const char *message);


ngx_int_t
ngx_http_wxapp_sql_init(ngx_http_wxapp_sql_t *sql, ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_memzero(sql, sizeof(ngx_http_wxapp_sql_t));

    sql->request = r;
    sql->ctx = ctx;

    sql->query = ngx_http_wxapp_db_query(r, NGX_HTTP_WXAPP_SQL_VALUES, ctx);
    if (sql->query == NULL) {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&sql->text, sql->query->pool, 512);

    return NGX_OK;
}


void
ngx_http_wxapp_sql_put(ngx_http_wxapp_sql_t *sql, const char *s)
{
    ngx_wxapp_text_cstr(&sql->text, s);
}


void
ngx_http_wxapp_sql_name(ngx_http_wxapp_sql_t *sql, ngx_str_t *name)
{
    ngx_wxapp_text_put(&sql->text, "`", 1);
    ngx_wxapp_text_str(&sql->text, name);
    ngx_wxapp_text_put(&sql->text, "`", 1);
}


void
ngx_http_wxapp_sql_value(ngx_http_wxapp_sql_t *sql, ngx_wxapp_value_t *value)
{
    ngx_wxapp_text_put(&sql->text, "?", 1);

    if (ngx_http_wxapp_db_bind(sql->query, value) != NGX_OK) {
        sql->failed = 1;
    }
}


void
ngx_http_wxapp_sql_select(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                      i, n;
    ngx_http_wxapp_output_t        *output;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = sql->ctx;

    ngx_http_wxapp_sql_put(sql, "SELECT ");

    output = ctx->outputs->elts;
    n = 0;

    for (i = 0; i < ctx->outputs->nelts; i++) {
        if (output[i].column) {
            ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
            ngx_http_wxapp_sql_name(sql, &output[i].column->field.name);
        }
    }

    for (i = 0; i < ctx->nextra; i++) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &ctx->extra[i]->field.name);
    }

    ngx_http_wxapp_sql_put(sql, n ? " FROM " : "1 FROM ");
    ngx_http_wxapp_sql_name(sql, &ctx->conf->table);
    ngx_http_wxapp_sql_put(sql, " WHERE ");
}


void
ngx_http_wxapp_sql_scope(ngx_http_wxapp_sql_t *sql)
{
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_http_wxapp_resource_conf_t  *conf;

    ctx = sql->ctx;
    conf = ctx->conf;

    if (ctx->scoped) {
        ngx_http_wxapp_sql_name(sql, &conf->owner_name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_value(sql, &ctx->owner);
    }

    if (conf->soft_delete.len && ctx->deleted != NGX_HTTP_WXAPP_DELETED_WITH) {
        ngx_http_wxapp_sql_put(sql, ctx->scoped ? " AND " : "");
        ngx_http_wxapp_sql_name(sql, &conf->soft_delete);
        ngx_http_wxapp_sql_put(sql,
                               ctx->deleted == NGX_HTTP_WXAPP_DELETED_ONLY
                               ? " IS NOT NULL" : " IS NULL");

    } else if (!ctx->scoped) {
        ngx_http_wxapp_sql_put(sql, "TRUE");
    }
}


void
ngx_http_wxapp_sql_item(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;

    for (i = 0; i < conf->nkeys; i++) {
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->keys[i]->field.name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_value(sql, &sql->ctx->keys[i]);
    }
}


ngx_int_t
ngx_http_wxapp_sql_filters(ngx_http_wxapp_sql_t *sql)
{
    ngx_int_t                       rc;
    ngx_wxapp_value_t               value;
    ngx_wxapp_filter_t             *filter;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = sql->ctx;

    if (ctx->query.filter) {
        for (filter = ctx->query.filter->first; filter; filter = filter->next)
        {
            ngx_http_wxapp_sql_put(sql, " AND ");

            rc = ngx_http_wxapp_sql_filter(sql, filter, 0);
            if (rc != NGX_DECLINED) {
                return rc;
            }
        }
    }

    if (ctx->query.search.len) {
        value.type = NGX_WXAPP_VALUE_TEXT;
        value.text = ctx->query.search;

        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_wxapp_text_str(&sql->text, &ctx->conf->match);
        ngx_http_wxapp_sql_put(sql, " AGAINST (");
        ngx_http_wxapp_sql_value(sql, &value);
        ngx_http_wxapp_sql_put(sql, " IN NATURAL LANGUAGE MODE)");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_sql_filter(ngx_http_wxapp_sql_t *sql,
    ngx_wxapp_filter_t *filter, ngx_uint_t depth)
{
    ngx_int_t            rc;
    ngx_wxapp_filter_t  *child;

    if (filter->negate) {
        ngx_http_wxapp_sql_put(sql, "NOT ");
    }

    ngx_http_wxapp_sql_put(sql, "(");

    if (filter->op > NGX_WXAPP_FILTER_OR) {

        rc = ngx_http_wxapp_sql_comparison(sql, filter, depth);
        if (rc != NGX_DECLINED) {
            return rc;
        }

    } else {

        for (child = filter->first; child; child = child->next) {

            if (child != filter->first) {
                ngx_http_wxapp_sql_put(sql,
                                       filter->op == NGX_WXAPP_FILTER_OR
                                       ? " OR " : " AND ");
            }

            rc = ngx_http_wxapp_sql_filter(sql, child, depth + 1);
            if (rc != NGX_DECLINED) {
                return rc;
            }
        }
    }

    ngx_http_wxapp_sql_put(sql, ")");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_sql_comparison(ngx_http_wxapp_sql_t *sql,
    ngx_wxapp_filter_t *filter, ngx_uint_t depth)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    const char                      *op;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_http_wxapp_resource_conf_t  *conf;

    /* by ngx_wxapp_filter_op_e */

    static const char  *ops[] = {
        NULL, NULL, " = ", " <> ", " > ", " >= ", " < ", " <= ", " LIKE ",
        " LIKE ", " IN (", " IS NULL", " IS TRUE", " IS FALSE"
    };

    ctx = sql->ctx;
    conf = ctx->conf;

    column = ngx_http_wxapp_resource_find(conf, &filter->column);

    if (column == NULL
        || !(ctx->readable & ngx_http_wxapp_resource_bit(conf, column)))
    {
        if (depth) {
            return ngx_http_wxapp_sql_fault(sql,
                                    "a filter names a column that is not "
                                    "known");
        }

        return ngx_http_wxapp_problem(sql->request, NGX_HTTP_BAD_REQUEST,
                               "unknown_parameter",
                               "the query has a parameter that is not known");
    }

    if (!column->filter) {
        return ngx_http_wxapp_sql_fault(sql, "a filter names a column that "
                                        "cannot be filtered by");
    }

    op = ops[filter->op];

    switch (filter->op) {

    case NGX_WXAPP_FILTER_IS_TRUE:
    case NGX_WXAPP_FILTER_IS_FALSE:

        if (column->field.type != NGX_WXAPP_FIELD_BOOL) {
            return ngx_http_wxapp_sql_fault(sql, "only a bool column is true "
                                            "or false");
        }

        break;

    case NGX_WXAPP_FILTER_LIKE:
    case NGX_WXAPP_FILTER_ILIKE:

        if (column->field.type != NGX_WXAPP_FIELD_STRING
            && column->field.type != NGX_WXAPP_FIELD_TEXT)
        {
            return ngx_http_wxapp_sql_fault(sql, "only a string column can "
                                            "be like a pattern");
        }

        break;

    case NGX_WXAPP_FILTER_IS_NULL:
        break;

    default:

        if (column->field.type == NGX_WXAPP_FIELD_JSON
            || column->field.type == NGX_WXAPP_FIELD_BINARY)
        {
            return ngx_http_wxapp_sql_fault(sql, "a json or binary column "
                                            "cannot be compared");
        }
    }

    if (filter->op == NGX_WXAPP_FILTER_IN && filter->nvalues == 0) {
        ngx_http_wxapp_sql_put(sql, "FALSE");
        return NGX_DECLINED;
    }

    ngx_http_wxapp_sql_name(sql, &column->field.name);
    ngx_http_wxapp_sql_put(sql, op);

    for (i = 0; i < filter->nvalues; i++) {
        ngx_http_wxapp_sql_put(sql, i ? ", " : "");

        rc = ngx_http_wxapp_sql_operand(sql, column, filter, i);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    switch (filter->op) {

    case NGX_WXAPP_FILTER_IN:
        ngx_http_wxapp_sql_put(sql, ")");
        break;

    /* whatever the column's own collation */

    case NGX_WXAPP_FILTER_LIKE:
        ngx_http_wxapp_sql_put(sql, " COLLATE utf8mb4_bin");
        break;

    case NGX_WXAPP_FILTER_ILIKE:
        ngx_http_wxapp_sql_put(sql, " COLLATE utf8mb4_unicode_520_ci");
        break;

    default:
        break;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_sql_operand(ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_column_t *column, ngx_wxapp_filter_t *filter, ngx_uint_t i)
{
    ngx_int_t          rc;
    ngx_wxapp_fault_t  fault;
    ngx_wxapp_value_t  value;

    rc = ngx_wxapp_field_text(&column->plain, sql->query->pool,
                              &filter->values[i], &value, &fault);

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_sql_fault(sql, "a filter has a value that its "
                                        "column cannot have");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_value(sql, &value);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_sql_fault(ngx_http_wxapp_sql_t *sql, const char *message)
{
    return ngx_http_wxapp_problem(sql->request, NGX_HTTP_BAD_REQUEST,
                                  "invalid_filter", message);
}


/*
 * Behind the row of the cursor in the order (a, b, ...) are the rows with a
 * behind, or a equal and b behind, and so on.  NULL comes before all values.
 */

ngx_int_t
ngx_http_wxapp_sql_after(ngx_http_wxapp_sql_t *sql)
{
    ngx_int_t                       rc;
    ngx_str_t                      *values;
    ngx_uint_t                      i, j;
    ngx_wxapp_fault_t               fault;
    ngx_wxapp_value_t               value;
    ngx_wxapp_order_t              *order;
    ngx_http_wxapp_column_t        *column;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = sql->ctx;
    values = ctx->after;

    if (values == NULL) {
        return NGX_OK;
    }

    ngx_http_wxapp_sql_put(sql, " AND (");

    for (i = 0; i < ctx->norders; i++) {

        ngx_http_wxapp_sql_put(sql, i ? " OR (" : "(");

        for (j = 0; j <= i; j++) {
            order = &ctx->orders[j];

            ngx_http_wxapp_sql_put(sql, j ? " AND (" : "(");

            if (values[j].data == NULL) {

                if (j == i && order->desc) {
                    ngx_http_wxapp_sql_put(sql, "FALSE)");
                    continue;
                }

                ngx_http_wxapp_sql_name(sql, &order->column);
                ngx_http_wxapp_sql_put(sql, j < i ? " IS NULL)"
                                                  : " IS NOT NULL)");
                continue;
            }

            column = ngx_http_wxapp_resource_find(ctx->conf, &order->column);

            rc = ngx_wxapp_field_text(&column->plain, sql->query->pool,
                                      &values[j], &value, &fault);

            if (rc != NGX_OK) {
                value.type = NGX_WXAPP_VALUE_TEXT;
                value.text = values[j];
            }

            ngx_http_wxapp_sql_name(sql, &order->column);
            ngx_http_wxapp_sql_put(sql, j < i ? " = "
                                              : order->desc ? " < " : " > ");
            ngx_http_wxapp_sql_value(sql, &value);

            if (j == i && order->desc) {
                ngx_http_wxapp_sql_put(sql, " OR ");
                ngx_http_wxapp_sql_name(sql, &order->column);
                ngx_http_wxapp_sql_put(sql, " IS NULL");
            }

            ngx_http_wxapp_sql_put(sql, ")");
        }

        ngx_http_wxapp_sql_put(sql, ")");
    }

    ngx_http_wxapp_sql_put(sql, ")");

    return NGX_OK;
}


void
ngx_http_wxapp_sql_order(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                      i;
    ngx_wxapp_order_t              *order;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = sql->ctx;

    for (i = 0; i < ctx->norders; i++) {
        order = &ctx->orders[i];

        ngx_http_wxapp_sql_put(sql, i ? ", " : " ORDER BY ");

        /* by itself MySQL has NULL first, and last when descending */

        if (order->nulls != NGX_WXAPP_NULLS_DEFAULT
            && (order->nulls == NGX_WXAPP_NULLS_FIRST) == order->desc)
        {
            ngx_http_wxapp_sql_name(sql, &order->column);
            ngx_http_wxapp_sql_put(sql,
                                   order->nulls == NGX_WXAPP_NULLS_FIRST
                                   ? " IS NOT NULL, " : " IS NULL, ");
        }

        ngx_http_wxapp_sql_name(sql, &order->column);
        ngx_http_wxapp_sql_put(sql, order->desc ? " DESC" : "");
    }
}


void
ngx_http_wxapp_sql_order_keys(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;

    for (i = 0; i < conf->nkeys; i++) {
        ngx_http_wxapp_sql_put(sql, i ? ", " : " ORDER BY ");
        ngx_http_wxapp_sql_name(sql, &conf->keys[i]->field.name);
    }
}


ngx_int_t
ngx_http_wxapp_sql_send(ngx_http_request_t *r, ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_done_pt done)
{
    if (ngx_wxapp_text_done(&sql->text, &sql->query->sql) != NGX_OK
        || sql->failed)
    {
        ngx_http_wxapp_sql_free(sql);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sql->query->session = sql->ctx->session;

    return ngx_http_wxapp_db_send(r, sql->query, done);
}


void
ngx_http_wxapp_sql_free(ngx_http_wxapp_sql_t *sql)
{
    ngx_wxapp_mysql_free(sql->query);
}
