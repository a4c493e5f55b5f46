
/*
 * A table as a REST resource: what the module reads from the configuration
 * and the handler serves.
 */


#ifndef _NGX_HTTP_WXAPP_RESOURCE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_RESOURCE_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


#define NGX_HTTP_WXAPP_COLUMNS  64


typedef struct {
    ngx_wxapp_field_t         field;          /* first: its name is ours */
    ngx_str_t                 label;          /* "name": */
    unsigned                  order:1;
} ngx_http_wxapp_column_t;


typedef struct {
    ngx_uint_t                method;
    ngx_str_t                 name;
    ngx_array_t              *roles;          /* ngx_str_t; NULL: anyone */
} ngx_http_wxapp_allow_t;


typedef struct {
    ngx_str_t                 table;
    ngx_array_t               columns;        /* ngx_http_wxapp_column_t */
    ngx_str_t                 key_name;
    ngx_http_wxapp_column_t  *key;
    ngx_str_t                 owner_name;
    ngx_http_wxapp_column_t  *owner;
    ngx_http_complex_value_t  owner_value;
    ngx_str_t                 soft_delete;
    ngx_array_t               orders;         /* ngx_str_t, names */
    ngx_array_t               allows;         /* ngx_http_wxapp_allow_t */
    ngx_uint_t                page_default;
    ngx_uint_t                page_max;

    /* SQL */

    ngx_str_t                 select;         /* up to the conditions */
    ngx_str_t                 item;           /* a row by its key */
    ngx_str_t                 remove;
    ngx_str_t                 where;          /* the conditions of all */
} ngx_http_wxapp_resource_conf_t;


/* The content handler; its data is a ngx_http_wxapp_resource_conf_t. */
ngx_int_t ngx_http_wxapp_resource_handler(ngx_http_request_t *r);

/* The column of that name, or NULL. */
ngx_http_wxapp_column_t *ngx_http_wxapp_resource_find(
    ngx_http_wxapp_resource_conf_t *conf, ngx_str_t *name);

/*
 * Writes a name quoted into SQL.  Names come from the configuration only,
 * and were checked there to be letters, digits and underscores.
 */
void ngx_http_wxapp_resource_name(ngx_wxapp_text_t *text, ngx_str_t *name);


extern ngx_module_t  ngx_http_wxapp_resource_module;


#endif /* _NGX_HTTP_WXAPP_RESOURCE_H_INCLUDED_ */
