
/*
 * The live schema: what the database server says of the tables, their
 * columns and indexes, and of the account.  It blocks: for the time when the
 * configuration is read.
 */


#ifndef _NGX_HTTP_WXAPP_LIVE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_LIVE_H_INCLUDED_


#include "http/ngx_http_wxapp.h"
#include "http/ngx_http_wxapp_schema.h"

#include <mysql.h>


typedef struct {
    ngx_str_t                 name;
    ngx_str_t                 type;           /* decimal */
    ngx_str_t                 full;           /* decimal(10,2) unsigned */
    ngx_str_t                 charset;        /* empty: has none */
    ngx_int_t                 length;         /* of a text; -1: none */
    ngx_uint_t                rights;         /* all but DELETE */
    unsigned                  null:1;
    unsigned                  filled:1;       /* if an INSERT leaves it out */
    unsigned                  json:1;         /* a text checked to be JSON */
} ngx_http_wxapp_live_column_t;


typedef struct {
    ngx_str_t                 name;
    ngx_array_t               columns;        /* ngx_str_t */
    unsigned                  unique:1;
    unsigned                  fulltext:1;
    unsigned                  plain:1;        /* can be searched and sorted */
    unsigned                  part:1;         /* of a column's text only */
} ngx_http_wxapp_live_index_t;


typedef struct {
    ngx_str_t                 name;
    ngx_array_t               columns;        /* when loaded */
    ngx_array_t               indexes;
    ngx_uint_t                rights;         /* on any column */
    unsigned                  view:1;
    unsigned                  loaded:1;
} ngx_http_wxapp_live_table_t;


typedef struct {
    ngx_pool_t               *pool;
    MYSQL                    *handle;
    ngx_str_t                 server;         /* that is asked */
    ngx_str_t                 account;        /* that we are to the server */
    ngx_uint_t                connections;    /* that it takes */
    ngx_uint_t                statements;     /* that it keeps */
    ngx_uint_t                nocase;         /* of names of tables */
    ngx_array_t               tables;         /* that the account sees */
    ngx_uint_t                error;          /* of the last call, as told */
    u_char                    message[512];
} ngx_http_wxapp_live_t;


/*
 * Connects and reads what there is.  Everything lives in the pool and ends
 * with it, the connection too.  NGX_ERROR with live->message.
 */
ngx_int_t ngx_http_wxapp_live_open(ngx_http_wxapp_live_t *live,
    ngx_wxapp_mysql_t *mysql, ngx_pool_t *pool);

/*
 * Finds a table and loads its columns and indexes.  NGX_DECLINED when the
 * account sees none of that name; NGX_ERROR with live->message.
 */
ngx_int_t ngx_http_wxapp_live_table(ngx_http_wxapp_live_t *live,
    ngx_str_t *name, ngx_http_wxapp_live_table_t **table);

/* The column of that name, or NULL. */
ngx_http_wxapp_live_column_t *ngx_http_wxapp_live_column(
    ngx_http_wxapp_live_table_t *table, ngx_str_t *name);

/*
 * Lets the server prepare a statement and says how many parameters it found.
 * NGX_DECLINED when it refuses, NGX_ERROR when it is gone; both with
 * live->error and live->message.
 */
ngx_int_t ngx_http_wxapp_live_prepare(ngx_http_wxapp_live_t *live,
    ngx_str_t *sql, ngx_uint_t *nparams);

/* Whether rows of the table can be deleted; results as above. */
ngx_int_t ngx_http_wxapp_live_delete(ngx_http_wxapp_live_t *live,
    ngx_str_t *table);

/*
 * The first column of all rows of a query, an array of ngx_str_t; NULL with
 * live->message.
 */
ngx_array_t *ngx_http_wxapp_live_list(ngx_http_wxapp_live_t *live,
    const char *sql);

/* Writes a name quoted into SQL. */
void ngx_http_wxapp_live_name(ngx_wxapp_text_t *text, ngx_str_t *name);


#endif /* _NGX_HTTP_WXAPP_LIVE_H_INCLUDED_ */
