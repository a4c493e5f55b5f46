
#include "event/ngx_wxapp_mysql.h"


static void ngx_wxapp_mysql_query_free(ngx_wxapp_op_t *op);


ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_query(ngx_wxapp_mysql_t *mysql, ngx_uint_t nparams)
{
    ngx_pool_t               *pool;
    ngx_wxapp_mysql_query_t  *query;

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    query = ngx_pcalloc(pool, sizeof(ngx_wxapp_mysql_query_t));
    if (query == NULL) {
        goto failed;
    }

    query->params = ngx_pcalloc(pool, nparams * sizeof(ngx_wxapp_value_t) + 1);
    if (query->params == NULL) {
        goto failed;
    }

    query->op.free = ngx_wxapp_mysql_query_free;
    query->op.started = ngx_current_msec;
    query->pool = pool;
    query->nparams = nparams;
    query->mysql = mysql;

    return query;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


ngx_int_t
ngx_wxapp_mysql_param(ngx_wxapp_mysql_query_t *query, ngx_uint_t i,
    ngx_wxapp_value_t *value)
{
    ngx_wxapp_value_t  *param;

    param = &query->params[i];
    *param = *value;

    if (value->type == NGX_WXAPP_VALUE_NULL
        || value->type == NGX_WXAPP_VALUE_INTEGER)
    {
        return NGX_OK;
    }

    param->text.data = ngx_pnalloc(query->pool, value->text.len + 1);
    if (param->text.data == NULL) {
        return NGX_ERROR;
    }

    if (value->text.len) {
        ngx_memcpy(param->text.data, value->text.data, value->text.len);
    }

    return NGX_OK;
}


void
ngx_wxapp_mysql_free(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_query_free(&query->op);
}


static void
ngx_wxapp_mysql_query_free(ngx_wxapp_op_t *op)
{
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    ngx_destroy_pool(query->pool);
}
