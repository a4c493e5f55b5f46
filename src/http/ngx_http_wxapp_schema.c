
#include "http/ngx_http_wxapp.h"
#include "http/ngx_http_wxapp_schema.h"


static ngx_http_wxapp_expect_t *ngx_http_wxapp_schema_add(ngx_conf_t *cf,
    ngx_http_wxapp_expect_e kind, ngx_http_wxapp_place_t *place);


ngx_int_t
ngx_http_wxapp_schema_table(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    ngx_str_t *table, ngx_uint_t rights)
{
    ngx_http_wxapp_expect_t  *e;

    e = ngx_http_wxapp_schema_add(cf, NGX_HTTP_WXAPP_EXPECT_TABLE, place);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->table = *table;
    e->rights = rights;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_schema_column(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    ngx_str_t *table, ngx_str_t *column, ngx_wxapp_field_t *field,
    ngx_uint_t rights)
{
    ngx_http_wxapp_expect_t  *e;

    e = ngx_http_wxapp_schema_add(cf, NGX_HTTP_WXAPP_EXPECT_COLUMN, place);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->table = *table;
    e->rights = rights;
    e->n = 1;

    e->columns = ngx_palloc(cf->pool, sizeof(ngx_str_t));
    if (e->columns == NULL) {
        return NGX_ERROR;
    }

    e->columns[0] = *column;

    if (field == NULL) {
        return NGX_OK;
    }

    /* the caller's may move, it is in an array that grows */

    e->field = ngx_palloc(cf->pool, sizeof(ngx_wxapp_field_t));
    if (e->field == NULL) {
        return NGX_ERROR;
    }

    *e->field = *field;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_schema_index(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    ngx_str_t *table, ngx_str_t **columns, ngx_uint_t n,
    ngx_http_wxapp_index_e kind)
{
    ngx_uint_t                i;
    ngx_http_wxapp_expect_t  *e;

    e = ngx_http_wxapp_schema_add(cf, NGX_HTTP_WXAPP_EXPECT_INDEX, place);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->table = *table;
    e->index = kind;
    e->n = n;

    e->columns = ngx_palloc(cf->pool, n * sizeof(ngx_str_t));
    if (e->columns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        e->columns[i] = *columns[i];
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_schema_statement(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    ngx_str_t *sql, ngx_uint_t nparams)
{
    ngx_http_wxapp_expect_t  *e;

    e = ngx_http_wxapp_schema_add(cf, NGX_HTTP_WXAPP_EXPECT_STATEMENT, place);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->sql = *sql;
    e->n = nparams;

    return NGX_OK;
}


ngx_array_t *
ngx_http_wxapp_schema(ngx_conf_t *cf)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->schema == NULL) {
        wmcf->schema = ngx_array_create(cf->pool, 64,
                                        sizeof(ngx_http_wxapp_expect_t));
    }

    return wmcf->schema;
}


/* noted whether the check is on or not: that may be said later */

static ngx_http_wxapp_expect_t *
ngx_http_wxapp_schema_add(ngx_conf_t *cf, ngx_http_wxapp_expect_e kind,
    ngx_http_wxapp_place_t *place)
{
    ngx_array_t              *schema;
    ngx_http_wxapp_expect_t  *e;

    schema = ngx_http_wxapp_schema(cf);
    if (schema == NULL) {
        return NULL;
    }

    e = ngx_array_push(schema);
    if (e == NULL) {
        return NULL;
    }

    ngx_memzero(e, sizeof(ngx_http_wxapp_expect_t));

    e->kind = kind;
    e->place = *place;

    return e;
}
