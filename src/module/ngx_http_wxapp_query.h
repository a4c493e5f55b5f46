
/*
 * Statements of the configuration and transactions of them: what the module
 * reads and the handler runs.  A query is a transaction of one step that
 * needs no BEGIN.
 */


#ifndef _NGX_HTTP_WXAPP_QUERY_H_INCLUDED_
#define _NGX_HTTP_WXAPP_QUERY_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"
#include "base/ngx_wxapp_field.h"
#include "base/ngx_wxapp_statement.h"


typedef enum {
    NGX_HTTP_WXAPP_SHAPE_LIST = 0,            /* all rows, objects */
    NGX_HTTP_WXAPP_SHAPE_ONE,                 /* the first row */
    NGX_HTTP_WXAPP_SHAPE_VALUE,               /* its first column */
    NGX_HTTP_WXAPP_SHAPE_NONE,
    NGX_HTTP_WXAPP_SHAPE_SETS                 /* a list of lists */
} ngx_http_wxapp_shape_e;


typedef enum {
    NGX_HTTP_WXAPP_SOURCE_TEXT = 0,
    NGX_HTTP_WXAPP_SOURCE_VARIABLE,           /* one: NULL when not found */
    NGX_HTTP_WXAPP_SOURCE_INPUT,              /* these with their types */
    NGX_HTTP_WXAPP_SOURCE_ROW,
    NGX_HTTP_WXAPP_SOURCE_INSERT_ID
} ngx_http_wxapp_source_e;


typedef struct {
    ngx_http_wxapp_source_e   source;
    ngx_str_t                 name;           /* of the input, the column */
    ngx_int_t                 index;          /* of the variable */
    ngx_http_complex_value_t  text;
} ngx_http_wxapp_query_value_t;


typedef struct {
    ngx_wxapp_statement_t     statement;
    ngx_array_t               values;         /* ngx_http_wxapp_query_value_t,
                                                 one each placeholder */
    ngx_http_wxapp_shape_e    shape;
    ngx_str_t                 as;
    ngx_str_t                 label;          /* "as": */

    ngx_uint_t                rows;
    ngx_uint_t                status;         /* if there are others */
    const char               *code;

    ngx_http_wxapp_place_t    place;

    unsigned                  exec:1;         /* its rows are not read */
    unsigned                  told:1;         /* its result is replied */
    unsigned                  guarded:1;
    unsigned                  more:1;         /* than "rows" are good, too */
} ngx_http_wxapp_step_t;


typedef struct {
    ngx_array_t               steps;          /* ngx_http_wxapp_step_t */
    ngx_uint_t                status;         /* 0: 200, or 204 */
    ngx_uint_t                retry;
    ngx_uint_t                methods;
    const char               *allow;          /* the same */
    const char               *isolate;        /* NULL: as the server is set */
    const char               *begin;          /* NULL: no transaction */
    unsigned                  read_only:1;
    unsigned                  labelled:1;     /* an object of results */
} ngx_http_wxapp_query_conf_t;


/* The content handler; its data is a ngx_http_wxapp_query_conf_t. */
ngx_int_t ngx_http_wxapp_query_handler(ngx_http_request_t *r);

/*
 * $wxapp_insert_id, and $wxapp_row_NAME, whose name "data" is: of what the
 * request has run so far.
 */
ngx_int_t ngx_http_wxapp_query_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


extern ngx_module_t  ngx_http_wxapp_query_module;


#endif /* _NGX_HTTP_WXAPP_QUERY_H_INCLUDED_ */
