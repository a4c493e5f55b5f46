
/*
 * MySQL: each worker keeps its own connections.  A query takes an idle one,
 * or waits in a bounded line.  Connecting happens in a pool of threads, as
 * the client library blocks in name resolution, TLS and authentication;
 * everything after runs on the event loop by its non-blocking API.
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
} ngx_wxapp_mysql_stats_t;


#define NGX_WXAPP_MYSQL_TLS_OFF     0
#define NGX_WXAPP_MYSQL_TLS_ON      1     /* encrypted, to whomever */
#define NGX_WXAPP_MYSQL_TLS_VERIFY  2     /* and the certificate is checked */


typedef struct {

    /* configuration; strings end with a zero */

    ngx_str_t                 host;
    ngx_uint_t                port;
    ngx_str_t                 socket;         /* instead of host and port */
    ngx_str_t                 name;           /* of the server, for the log */
    ngx_str_t                 database;
    ngx_str_t                 user;
    ngx_str_t                 password;
    ngx_uint_t                tls;            /* NGX_WXAPP_MYSQL_TLS_* */
    ngx_str_t                 tls_ca;         /* file; empty: the system's */
    ngx_uint_t                min;            /* connections */
    ngx_uint_t                max;
    ngx_msec_t                idle;           /* above min, kept that long */
    ngx_uint_t                queue;          /* queries in the line */
    ngx_msec_t                wait_timeout;
    ngx_msec_t                connect_timeout;
    ngx_msec_t                query_timeout;
    ngx_uint_t                statements;     /* prepared, each connection */
    ngx_thread_pool_t        *threads;

    /* of this worker */

    ngx_wxapp_mysql_stats_t  *stats;
    ngx_queue_t               conns;          /* all */
    ngx_queue_t               free;           /* idle, last used first */
    ngx_queue_t               line;           /* queries waiting */
    ngx_uint_t                nconns;
    ngx_uint_t                nup;
    ngx_uint_t                nfree;
    ngx_uint_t                nline;
    ngx_msec_t                backoff;
    ngx_uint_t                failed;         /* the last connect */
    ngx_uint_t                started;
    ngx_event_t               expire;         /* the head of the line */
    ngx_event_t               retry;          /* connecting */
    ngx_event_t               upkeep;
    ngx_wxapp_event_data_t    expire_ident;
    ngx_wxapp_event_data_t    retry_ident;
    ngx_wxapp_event_data_t    upkeep_ident;
} ngx_wxapp_mysql_t;


typedef struct ngx_wxapp_mysql_query_s  ngx_wxapp_mysql_query_t;

/*
 * Takes one row: "n" columns as text, data NULL for NULL.  Runs on the event
 * loop while the owner is there; the columns are good until it returns.
 * Anything but NGX_OK ends the query as FAILED.
 */
typedef ngx_int_t (*ngx_wxapp_mysql_row_pt)(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);

struct ngx_wxapp_mysql_query_s {
    ngx_wxapp_op_t            op;

    /* the caller's, before sending */

    ngx_pool_t               *pool;           /* the query's own */
    ngx_str_t                 sql;
    ngx_wxapp_value_t        *params;
    ngx_uint_t                nparams;
    ngx_wxapp_mysql_row_pt    row;            /* NULL: no rows are wanted */
    unsigned                  read_only:1;    /* may be sent a second time */

    /* results, in the handler */

    ngx_uint_t                rows;
    uint64_t                  affected;       /* rows found, changed or not */
    uint64_t                  insert_id;
    ngx_uint_t                error;          /* number, status ERROR */
    u_char                    message[256];   /* for the log, never a reply */

    /* the pool's */

    ngx_wxapp_mysql_t        *mysql;
    unsigned                  retried:1;
};


/*
 * Starts the pool of this worker and its first connections.  Once in each
 * worker, before any query; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_mysql_start(ngx_wxapp_mysql_t *mysql);

/* Closes all connections; queries still running end unheard. */
void ngx_wxapp_mysql_stop(ngx_wxapp_mysql_t *mysql);

/* Whether a query sent now has a chance: up, or just starting. */
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
 * after the wait timeout.
 */
void ngx_wxapp_mysql_send(ngx_wxapp_mysql_query_t *query);


#endif /* _NGX_WXAPP_MYSQL_H_INCLUDED_ */
