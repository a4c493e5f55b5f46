
/*
 * MySQL: a primary and any number of replicas.  Each worker keeps a pool of
 * connections to each of them; a query takes an idle one, or waits in the
 * bounded line of the pool.  A session keeps its connection for several
 * queries, which is what a transaction needs.
 */


#ifndef _NGX_WXAPP_MYSQL_H_INCLUDED_
#define _NGX_WXAPP_MYSQL_H_INCLUDED_


#include "event/ngx_wxapp_op.h"
#include "base/ngx_wxapp_field.h"

#include <ngx_thread_pool.h>


/* gauges and counters of one worker; may lie in shared memory */

typedef struct {
    ngx_atomic_t              up;             /* gauges: connections */
    ngx_atomic_t              busy;
    ngx_atomic_t              idle;
    ngx_atomic_t              connecting;
    ngx_atomic_t              waiting;        /* gauge: queries in the line */
    ngx_atomic_t              queries;
    ngx_atomic_t              errors;         /* error replies */
    ngx_atomic_t              timeouts;       /* of queries */
    ngx_atomic_t              expired;        /* waited too long */
    ngx_atomic_t              refused;        /* the line full, or down */
    ngx_atomic_t              connects;
    ngx_atomic_t              failures;       /* of connecting */
    ngx_atomic_t              disconnects;
    ngx_atomic_t              kills;          /* KILL QUERY after a timeout */
} ngx_wxapp_mysql_stats_t;


#define NGX_WXAPP_MYSQL_TLS_OFF     0
#define NGX_WXAPP_MYSQL_TLS_ON      1     /* encrypted, to whomever */
#define NGX_WXAPP_MYSQL_TLS_VERIFY  2     /* and the certificate is checked */


/* strings of the configuration end with a zero */

typedef struct {
    ngx_str_t                 name;           /* for the log */
    ngx_str_t                 host;
    ngx_uint_t                port;
    ngx_str_t                 socket;         /* instead of host and port */
} ngx_wxapp_mysql_server_t;


typedef struct {
    ngx_wxapp_mysql_server_t  server;
    ngx_uint_t                weight;
    ngx_msec_t                max_lag;        /* 0: not looked at */
} ngx_wxapp_mysql_replica_t;


typedef struct ngx_wxapp_mysql_pool_s  ngx_wxapp_mysql_pool_t;

typedef struct {

    /* configuration */

    ngx_array_t               primaries;      /* ngx_wxapp_mysql_server_t:
                                                 the first that is up and
                                                 takes writes is it */
    ngx_array_t               replicas;       /* ngx_wxapp_mysql_replica_t */
    ngx_str_t                 database;
    ngx_str_t                 user;
    ngx_str_t                 password;
    ngx_uint_t                tls;            /* NGX_WXAPP_MYSQL_TLS_* */
    ngx_str_t                 tls_ca;         /* file; empty: the system's */
    ngx_uint_t                min;            /* connections, each server */
    ngx_uint_t                max;
    ngx_msec_t                idle;           /* above min, kept that long */
    ngx_msec_t                lifetime;       /* of a connection, about */
    ngx_uint_t                queue;          /* queries in the line */
    ngx_msec_t                wait_timeout;
    ngx_msec_t                connect_timeout;
    ngx_msec_t                query_timeout;
    ngx_msec_t                read_after_write;
    ngx_uint_t                statements;     /* prepared, each connection */
    ngx_thread_pool_t        *threads;

    /* of this worker */

    ngx_wxapp_mysql_stats_t  *stats;          /* of the primary */
    ngx_wxapp_mysql_stats_t  *replica_stats;  /* of all replicas */
    ngx_wxapp_mysql_pool_t   *pools;          /* NULL before the start; the
                                                 primary's, the replicas' */
} ngx_wxapp_mysql_t;


/* a column of a result, as the server describes it */

typedef struct {
    ngx_str_t                 name;
    ngx_wxapp_field_t         field;          /* how its text is written */
    ngx_uint_t                unordered;      /* its text is not its place in
                                                 an order: ENUM, FLOAT */
} ngx_wxapp_mysql_column_t;


typedef struct ngx_wxapp_mysql_query_s  ngx_wxapp_mysql_query_t;
typedef struct ngx_wxapp_mysql_session_s  ngx_wxapp_mysql_session_t;

/*
 * Takes one row: "n" columns as text, data NULL for NULL; query->columns
 * describes them, query->result says of which result set.  Runs on the event
 * loop while the owner is there; the row is good until it returns.  Anything
 * but NGX_OK ends the query as FAILED.
 */
typedef ngx_int_t (*ngx_wxapp_mysql_row_pt)(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *row, ngx_uint_t n);

struct ngx_wxapp_mysql_query_s {
    ngx_wxapp_op_t              op;

    /* the caller's, before sending */

    ngx_pool_t                 *pool;         /* the query's own */
    ngx_wxapp_mysql_session_t  *session;      /* NULL: any connection */
    ngx_str_t                   sql;
    ngx_wxapp_value_t          *params;
    ngx_uint_t                  nparams;
    ngx_uint_t                  room;         /* the caller's, for params */
    ngx_wxapp_mysql_row_pt      row;          /* NULL: no rows are wanted */
    unsigned                    read_only:1;  /* may be sent a second time */
    unsigned                    primary:1;    /* reads what was just written */
    unsigned                    replica:1;    /* may go to a replica */
    unsigned                    command:1;    /* BEGIN, COMMIT: no parameters
                                                 and rows, not prepared */

    /* of the result set being read, while a row is taken */

    ngx_wxapp_mysql_column_t   *columns;
    ngx_uint_t                  ncolumns;

    /* results */

    ngx_uint_t                  result;       /* the last result set, from 0 */
    ngx_uint_t                  rows;         /* of all result sets */
    uint64_t                    affected;     /* rows found, changed or not */
    uint64_t                    insert_id;
    ngx_uint_t                  error;        /* number, status ERROR */
    u_char                      message[256]; /* for the log, never a reply */

    /* the pool's */

    ngx_wxapp_mysql_t          *mysql;
    ngx_wxapp_mysql_pool_t     *line;         /* that it waits in */
    unsigned                    retried:1;
    unsigned                    sent:1;       /* when LOST: it may be done */
};


/*
 * Starts the pools of this worker and their first connections.  Once in each
 * worker, before any query; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_mysql_start(ngx_wxapp_mysql_t *mysql);

/* Closes all connections; queries still running end unheard. */
void ngx_wxapp_mysql_stop(ngx_wxapp_mysql_t *mysql);

/* Whether a query sent now has a chance: the primary up or just starting. */
ngx_uint_t ngx_wxapp_mysql_ready(ngx_wxapp_mysql_t *mysql);

/*
 * Makes a query with room for "nparams" parameters, all NULL; NULL without
 * memory.  The caller fills it from query->pool or memory that lives as
 * long, sets owner and handler, and sends it.
 */
ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_query(ngx_wxapp_mysql_t *mysql,
    ngx_uint_t nparams);

/*
 * Sets parameter "i" to a copy of the value, as the query may outlive the
 * memory of its owner.  NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_mysql_param(ngx_wxapp_mysql_query_t *query, ngx_uint_t i,
    ngx_wxapp_value_t *value);

/* Frees a query that was not sent. */
void ngx_wxapp_mysql_free(ngx_wxapp_mysql_query_t *query);

/*
 * Sends the query.  It ends OK; ERROR with query->error; FAILED; TIMEOUT
 * after the query timeout; LOST; UNAVAILABLE when there is no connection and
 * the server does not answer; OVERLOADED when the line is full; EXPIRED
 * after the wait timeout.  A read that a replica could not answer for being
 * away is sent to the primary before any of this.
 */
void ngx_wxapp_mysql_send(ngx_wxapp_mysql_query_t *query);


/*
 * Makes a session, to be set in the queries that it is for: they run on one
 * connection, which the first of them waits for as any query does, and must
 * be sent one after the other, the next from the handler of the last.  With
 * "replica" the connection may be to a replica.  NULL without memory.
 *
 * A connection lost between two queries is told by the next one, as LOST;
 * after LOST, TIMEOUT, UNAVAILABLE, OVERLOADED, EXPIRED or FAILED the session
 * is only good to be ended.
 */
ngx_wxapp_mysql_session_t *ngx_wxapp_mysql_session(ngx_wxapp_mysql_t *mysql,
    ngx_uint_t replica);

/*
 * Ends the session from a handler of its queries, or before any was sent: a
 * transaction left open is rolled back, the connection goes back.  When the
 * owner of a running query leaves, the session ends by itself in the same
 * way once that query is done.
 */
void ngx_wxapp_mysql_session_end(ngx_wxapp_mysql_session_t *session);


#endif /* _NGX_WXAPP_MYSQL_H_INCLUDED_ */
