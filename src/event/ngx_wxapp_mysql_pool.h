
/*
 * The pool of connections of a worker to one server, and sessions on them.
 */


#ifndef _NGX_WXAPP_MYSQL_POOL_H_INCLUDED_
#define _NGX_WXAPP_MYSQL_POOL_H_INCLUDED_


#include "event/ngx_wxapp_mysql.h"


typedef struct ngx_wxapp_mysql_conn_s  ngx_wxapp_mysql_conn_t;


struct ngx_wxapp_mysql_pool_s {
    ngx_wxapp_mysql_t          *mysql;
    ngx_wxapp_mysql_server_t   *server;
    ngx_wxapp_mysql_replica_t  *replica;      /* NULL: the primary's */
    ngx_wxapp_mysql_stats_t    *stats;
    ngx_queue_t                 conns;        /* all */
    ngx_queue_t                 free;         /* idle, last used first */
    ngx_queue_t                 line;         /* queries waiting */
    ngx_uint_t                  nconns;
    ngx_uint_t                  nup;
    ngx_uint_t                  nfree;
    ngx_uint_t                  nline;
    ngx_uint_t                  generation;   /* of the server's choice */
    ngx_uint_t                  tried;        /* primaries, since one was up */
    ngx_msec_t                  backoff;
    ngx_int_t                   turn;         /* weighted round robin */
    ngx_event_t                 expire;       /* the head of the line */
    ngx_event_t                 retry;        /* connecting */
    ngx_event_t                 upkeep;
    ngx_wxapp_event_data_t      expire_ident;
    ngx_wxapp_event_data_t      retry_ident;
    ngx_wxapp_event_data_t      upkeep_ident;
    unsigned                    started:1;
    unsigned                    failed:1;     /* the last connect */
    unsigned                    lagging:1;    /* behind, or not known */
    unsigned                    told:1;       /* that it is, or not */
    unsigned                    asking:1;     /* how far it is behind */
};


struct ngx_wxapp_mysql_session_s {
    ngx_wxapp_mysql_t          *mysql;
    ngx_wxapp_mysql_conn_t     *conn;         /* NULL: not yet, or lost */
    unsigned                    replica:1;
    unsigned                    begun:1;      /* had a connection */
    unsigned                    set:1;        /* SET for what comes next */
    unsigned                    busy:1;       /* a query runs or waits */
    unsigned                    ended:1;      /* by its owner, while busy */
};


/* Starts the pool, zeroed but for "mysql", "server", "replica", "stats". */
void ngx_wxapp_mysql_pool_start(ngx_wxapp_mysql_pool_t *pool);

/* Closes its connections and frees its queries. */
void ngx_wxapp_mysql_pool_stop(ngx_wxapp_mysql_pool_t *pool);

/* Whether a query has a chance here. */
ngx_uint_t ngx_wxapp_mysql_pool_ready(ngx_wxapp_mysql_pool_t *pool);

/*
 * Runs the query on a connection of the pool, or lets it wait for one.  One
 * that cannot be run is given to ngx_wxapp_mysql_failed().
 */
void ngx_wxapp_mysql_pool_send(ngx_wxapp_mysql_pool_t *pool,
    ngx_wxapp_mysql_query_t *query);

/* Runs the query on the connection that its session holds. */
void ngx_wxapp_mysql_pool_resume(ngx_wxapp_mysql_query_t *query);

/* Frees the session and takes its connection back, if it has one. */
void ngx_wxapp_mysql_pool_release(ngx_wxapp_mysql_session_t *session);


/* The service's side. */

/*
 * The query could not be answered: ends it with the status, or sends it to
 * another pool.
 */
void ngx_wxapp_mysql_failed(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_op_status_e status);

/* The owner of a query that is not in a line went away. */
void ngx_wxapp_mysql_left(ngx_wxapp_op_t *op);


#endif /* _NGX_WXAPP_MYSQL_POOL_H_INCLUDED_ */
