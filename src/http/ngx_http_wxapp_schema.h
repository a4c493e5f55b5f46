
/*
 * What the configuration expects of the database: modules say it while they
 * read their directives, wxapp_schema_check compares it with the server.
 */


#ifndef _NGX_HTTP_WXAPP_SCHEMA_H_INCLUDED_
#define _NGX_HTTP_WXAPP_SCHEMA_H_INCLUDED_


#include "http/ngx_http_wxapp_conf.h"
#include "base/ngx_wxapp_field.h"


#define NGX_HTTP_WXAPP_RIGHT_SELECT  1
#define NGX_HTTP_WXAPP_RIGHT_INSERT  2
#define NGX_HTTP_WXAPP_RIGHT_UPDATE  4
#define NGX_HTTP_WXAPP_RIGHT_DELETE  8


/*
 * Each of these notes an expectation of the directive at "place"; strings
 * live as long as the configuration.  NGX_ERROR without memory.
 */

/* The table exists, and the account has these rights on it. */
ngx_int_t ngx_http_wxapp_schema_table(ngx_conf_t *cf,
    ngx_http_wxapp_place_t *place, ngx_str_t *table, ngx_uint_t rights);

/*
 * The table has the column, of a type that the field can hold; "field" may
 * be NULL: any type.  Rights are those used on it.
 */
ngx_int_t ngx_http_wxapp_schema_column(ngx_conf_t *cf,
    ngx_http_wxapp_place_t *place, ngx_str_t *table, ngx_str_t *column,
    ngx_wxapp_field_t *field, ngx_uint_t rights);

typedef enum {
    NGX_HTTP_WXAPP_INDEX_LEADING = 0,     /* an index begins with it: filters,
                                             orders; a warning when missing */
    NGX_HTTP_WXAPP_INDEX_UNIQUE,          /* these are a unique key: upserts,
                                             keys; an error when missing */
    NGX_HTTP_WXAPP_INDEX_FULLTEXT         /* exactly these, for MATCH */
} ngx_http_wxapp_index_e;

ngx_int_t ngx_http_wxapp_schema_index(ngx_conf_t *cf,
    ngx_http_wxapp_place_t *place, ngx_str_t *table, ngx_str_t **columns,
    ngx_uint_t n, ngx_http_wxapp_index_e kind);

/* The server can prepare the statement, with that many parameters. */
ngx_int_t ngx_http_wxapp_schema_statement(ngx_conf_t *cf,
    ngx_http_wxapp_place_t *place, ngx_str_t *sql, ngx_uint_t nparams);


/* what was noted; its kind says what of it counts */

typedef enum {
    NGX_HTTP_WXAPP_EXPECT_TABLE = 0,
    NGX_HTTP_WXAPP_EXPECT_COLUMN,
    NGX_HTTP_WXAPP_EXPECT_INDEX,
    NGX_HTTP_WXAPP_EXPECT_STATEMENT
} ngx_http_wxapp_expect_e;

typedef struct {
    ngx_http_wxapp_expect_e   kind;
    ngx_http_wxapp_place_t    place;
    ngx_str_t                 table;
    ngx_uint_t                rights;         /* NGX_HTTP_WXAPP_RIGHT_* */
    ngx_str_t                *columns;
    ngx_uint_t                n;              /* columns, or parameters */
    ngx_wxapp_field_t        *field;          /* NULL: any type */
    ngx_http_wxapp_index_e    index;
    ngx_str_t                 sql;
} ngx_http_wxapp_expect_t;

/* All of them, in the order of the configuration; NULL without memory. */
ngx_array_t *ngx_http_wxapp_schema(ngx_conf_t *cf);


#endif /* _NGX_HTTP_WXAPP_SCHEMA_H_INCLUDED_ */
