
/*
 * The prepared statements of one MySQL connection, the last used of them.
 */


#ifndef _NGX_WXAPP_MYSQL_STMT_H_INCLUDED_
#define _NGX_WXAPP_MYSQL_STMT_H_INCLUDED_


#include "event/ngx_wxapp_mysql.h"

#include <mysql.h>


typedef struct {
    ngx_str_node_t             sn;            /* by the text */
    ngx_queue_t                queue;         /* last used first */
    ngx_pool_t                *pool;
    MYSQL_STMT                *stmt;
    ngx_uint_t                 fresh;         /* not prepared yet */

    /* of the columns of the result set, all bound as text */

    ngx_pool_t                *result;        /* where they live */
    ngx_uint_t                 ncolumns;
    ngx_wxapp_mysql_column_t  *columns;
    MYSQL_BIND                *binds;
    unsigned long             *lengths;
    my_bool                   *nulls;
    my_bool                   *cut;
    ngx_str_t                 *row;
} ngx_wxapp_mysql_stmt_t;


typedef struct {
    ngx_uint_t                 max;
    ngx_uint_t                 n;
    ngx_queue_t                queue;
    ngx_rbtree_t               tree;
    ngx_rbtree_node_t          sentinel;
} ngx_wxapp_mysql_stmts_t;


/* Starts an empty cache of at most "max" statements. */
void ngx_wxapp_mysql_stmts_init(ngx_wxapp_mysql_stmts_t *stmts,
    ngx_uint_t max);

/*
 * The statement of that text, one that was used last making room if need
 * be; a "fresh" one is to be prepared.  NULL without memory.
 */
ngx_wxapp_mysql_stmt_t *ngx_wxapp_mysql_stmt_get(
    ngx_wxapp_mysql_stmts_t *stmts, MYSQL *handle, ngx_str_t *sql);

/* Closes the statement; sends at most one packet and waits for none. */
void ngx_wxapp_mysql_stmt_free(ngx_wxapp_mysql_stmts_t *stmts,
    ngx_wxapp_mysql_stmt_t *stmt);

/* Closes the one not used for the longest time; NGX_DECLINED if it is last. */
ngx_int_t ngx_wxapp_mysql_stmts_evict(ngx_wxapp_mysql_stmts_t *stmts);

/* Closes all. */
void ngx_wxapp_mysql_stmts_free(ngx_wxapp_mysql_stmts_t *stmts);

/*
 * Binds the parameters, which must stay until the statement was executed;
 * the binds live in "pool".  NGX_ERROR without memory or when their number
 * is wrong, which is logged.
 */
ngx_int_t ngx_wxapp_mysql_stmt_bind(ngx_wxapp_mysql_stmt_t *stmt,
    ngx_pool_t *pool, ngx_wxapp_value_t *params, ngx_uint_t n);

/*
 * Learns the columns of a result set that has just been announced, and binds
 * them, unless they are those of the last one.  NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_mysql_stmt_columns(ngx_wxapp_mysql_stmt_t *stmt);

/*
 * Fetches the next row of a stored result into stmt->row, long columns into
 * memory of "pool"; waits for nothing.  NGX_DONE after the last one.
 */
ngx_int_t ngx_wxapp_mysql_stmt_fetch(ngx_wxapp_mysql_stmt_t *stmt,
    ngx_pool_t *pool);


#endif /* _NGX_WXAPP_MYSQL_STMT_H_INCLUDED_ */
