
/*
 * Writing to a resource, among its files; calls go down only:
 *
 *   resource_body       takes the body
 *   resource_write      one statement
 *   resource_upsert     merged and ignored duplicates
 *   resource_change     transactions
 *   resource_write_sql  parts of statements
 */


#ifndef _NGX_HTTP_WXAPP_RESOURCE_WRITE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_RESOURCE_WRITE_H_INCLUDED_


#include "module/ngx_http_wxapp_resource.h"


typedef ngx_int_t (*ngx_http_wxapp_write_pt)(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


/* writes the conditions that find the rows that were written */

typedef void (*ngx_http_wxapp_find_pt)(ngx_http_wxapp_sql_t *sql);


typedef struct {
    ngx_http_wxapp_column_t  *column;
    ngx_wxapp_value_t         value;
    ngx_uint_t                minus;
} ngx_http_wxapp_increment_t;


typedef struct {

    /* what the body gave: "n" rows of all columns */

    ngx_uint_t                n;
    ngx_wxapp_value_t        *values;
    u_char                   *given;
    ngx_array_t              *increments;
    uint64_t                  incremented;    /* bits of their columns */

    /* the transaction */

    ngx_http_wxapp_write_pt   first;      /* its first step */
    ngx_array_t              *outputs;    /* to be told in the end */
    ngx_uint_t                row;        /* of rows made one by one */
    ngx_array_t              *keys;       /* of rows made, locked */
    ngx_uint_t                affected;
    ngx_http_wxapp_find_pt    find;       /* the rows; NULL: by the keys */
} ngx_http_wxapp_write_t;


/*
 * Functions return NGX_AGAIN when a query was sent, or what to finalize
 * with, unless said else.
 */

/* resource_write: POST without duplicates; PUT and PATCH. */
ngx_int_t ngx_http_wxapp_write_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
ngx_int_t ngx_http_wxapp_write_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* resource_upsert: first steps of a transaction. */
ngx_int_t ngx_http_wxapp_write_merge(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
ngx_int_t ngx_http_wxapp_write_one(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/*
 * resource_change: begins a transaction with its first step, which may be
 * run again after a deadlock.
 */
ngx_int_t ngx_http_wxapp_write_begin(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_write_pt first);

/* The first step of changes: locks the rows that are meant. */
ngx_int_t ngx_http_wxapp_write_lock(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* A step has ended with "rc": ends the transaction unless NGX_AGAIN. */
void ngx_http_wxapp_write_next(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_int_t rc);

/* A step failed: begins again, or tells. */
ngx_int_t ngx_http_wxapp_write_failed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_mysql_query_t *query);

/* The last step: reads the rows if they are told, and commits. */
ngx_int_t ngx_http_wxapp_write_read(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/*
 * The key of row "i" of the body: given, or made by AUTO_INCREMENT.  NGX_OK,
 * NGX_DECLINED when it is not known, NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_write_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i, uint64_t id,
    ngx_wxapp_value_t *keys);

/* Tells a duplicate. */
ngx_int_t ngx_http_wxapp_write_duplicate(ngx_http_request_t *r);

/* resource_write_sql: whether rows are told in the end. */
ngx_uint_t ngx_http_wxapp_write_tells(
    ngx_http_wxapp_resource_ctx_t *ctx);

/* Whether nothing would be set. */
ngx_uint_t ngx_http_wxapp_write_nothing(
    ngx_http_wxapp_resource_ctx_t *ctx);

/* Appends "INSERT INTO ..." for "n" rows; "column = ?, ..." of a change. */
void ngx_http_wxapp_write_values(ngx_http_wxapp_sql_t *sql,
    ngx_uint_t from, ngx_uint_t n);
void ngx_http_wxapp_write_set(ngx_http_wxapp_sql_t *sql);

/* Appends conditions that keep increments in bounds; whether any. */
ngx_uint_t ngx_http_wxapp_write_bounds(ngx_http_wxapp_sql_t *sql);

/* Appends "DELETE FROM ... WHERE ", or the same softly. */
void ngx_http_wxapp_write_removed(ngx_http_wxapp_sql_t *sql);

/* Appends the condition that finds the rows of write->keys. */
void ngx_http_wxapp_write_by_keys(ngx_http_wxapp_sql_t *sql);


#endif /* _NGX_HTTP_WXAPP_RESOURCE_WRITE_H_INCLUDED_ */
