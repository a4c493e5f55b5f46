
/*
 * One MySQL connection: what the pool knows of it.
 */


#ifndef _NGX_WXAPP_MYSQL_CONN_H_INCLUDED_
#define _NGX_WXAPP_MYSQL_CONN_H_INCLUDED_


#include "event/ngx_wxapp_mysql_connect.h"
#include "event/ngx_wxapp_mysql_pool.h"
#include "event/ngx_wxapp_mysql_stmt.h"


typedef enum {
    NGX_WXAPP_MYSQL_CONNECTING = 0,
    NGX_WXAPP_MYSQL_IDLE,
    NGX_WXAPP_MYSQL_BUSY,
    NGX_WXAPP_MYSQL_HELD                      /* by a session, between two
                                                 of its queries */
} ngx_wxapp_mysql_state_e;


typedef enum {
    NGX_WXAPP_MYSQL_PING = 0,
    NGX_WXAPP_MYSQL_PREPARE,
    NGX_WXAPP_MYSQL_EXECUTE,
    NGX_WXAPP_MYSQL_STORE,
    NGX_WXAPP_MYSQL_FREE,
    NGX_WXAPP_MYSQL_NEXT,                     /* result set of a procedure */
    NGX_WXAPP_MYSQL_COMMAND
} ngx_wxapp_mysql_step_e;


struct ngx_wxapp_mysql_conn_s {
    ngx_queue_t                  queue;       /* of all */
    ngx_queue_t                  free;        /* of idle ones */
    ngx_wxapp_mysql_pool_t      *pool;
    ngx_wxapp_mysql_state_e      state;
    MYSQL                       *handle;
    ngx_connection_t            *connection;  /* on a dup of the socket */
    ngx_uint_t                   generation;  /* the pool's */
    ngx_msec_t                   used;
    ngx_msec_t                   born;
    ngx_msec_t                   lifetime;

    ngx_wxapp_mysql_session_t   *session;     /* that holds it */
    ngx_wxapp_mysql_query_t     *query;
    ngx_wxapp_mysql_step_e       step;
    int                          waits;       /* MYSQL_WAIT_*, 0: not inside */
    ngx_event_t                  timer;
    ngx_wxapp_event_data_t       timer_ident;

    ngx_wxapp_mysql_stmt_t      *stmt;        /* of the query; NULL of a
                                                 command */
    ngx_wxapp_mysql_stmts_t      stmts;

    unsigned                     was_idle:1;  /* before this query */
    unsigned                     sent:1;      /* to be executed */
    unsigned                     again:1;     /* prepared a second time */
    unsigned                     tainted:1;   /* by a session */

    /* the thread's while connecting */

    ngx_thread_task_t           *task;
    ngx_wxapp_mysql_server_t    *server;
    ngx_uint_t                   writable;
    ngx_wxapp_mysql_fault_t      fault;
};


/*
 * Makes a connection to the pool's server and starts connecting in a thread;
 * NULL when that is impossible.  ngx_wxapp_mysql_connected() is told the end.
 */
ngx_wxapp_mysql_conn_t *ngx_wxapp_mysql_conn_create(
    ngx_wxapp_mysql_pool_t *pool);

/*
 * Runs the query on an idle or held connection, and those that the pool has
 * for it after that.  ngx_wxapp_mysql_released() or ngx_wxapp_mysql_broken()
 * is told the end of each; the connection may be gone when this returns.
 */
void ngx_wxapp_mysql_conn_run(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query);

/*
 * Closes the connection without blocking, whatever it is doing, and frees
 * it.  A query on it is the caller's to end.  Not while it is CONNECTING,
 * but when the threads have ended.
 */
void ngx_wxapp_mysql_conn_close(ngx_wxapp_mysql_conn_t *conn);


/* The pool's side. */

/* The thread is done: conn->handle, or conn->fault. */
void ngx_wxapp_mysql_connected(ngx_wxapp_mysql_conn_t *conn);

/*
 * The query ended and the connection can run another; returns the next query
 * to run, or NULL when the connection went to rest, to its session, or was
 * closed.
 */
ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_released(
    ngx_wxapp_mysql_conn_t *conn, ngx_wxapp_op_status_e status);

/* The connection is of no more use; query, if any, ends with the status. */
void ngx_wxapp_mysql_broken(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status);


#endif /* _NGX_WXAPP_MYSQL_CONN_H_INCLUDED_ */
