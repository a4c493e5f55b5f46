
#include "event/ngx_wxapp_mysql_conn.h"

#include <mysqld_error.h>


#define NGX_WXAPP_MYSQL_UPKEEP       1000      /* ms */
#define NGX_WXAPP_MYSQL_BACKOFF      100       /* ms, doubled to */
#define NGX_WXAPP_MYSQL_BACKOFF_MAX  2000

#define NGX_WXAPP_MYSQL_ER_READ_ONLY_MODE  1836

#define ngx_wxapp_mysql_conn_of(q)                                            \
    ngx_queue_data(q, ngx_wxapp_mysql_conn_t, queue)
#define ngx_wxapp_mysql_free_of(q)                                            \
    ngx_queue_data(q, ngx_wxapp_mysql_conn_t, free)
#define ngx_wxapp_mysql_query_of(q)                                           \
    (ngx_wxapp_mysql_query_t *) ngx_queue_data(q, ngx_wxapp_op_t, queue)


static void ngx_wxapp_mysql_grow(ngx_wxapp_mysql_pool_t *pool, ngx_uint_t n);
static void ngx_wxapp_mysql_refill(ngx_wxapp_mysql_pool_t *pool);
static void ngx_wxapp_mysql_back_off(ngx_wxapp_mysql_pool_t *pool);
static ngx_uint_t ngx_wxapp_mysql_fail_over(ngx_wxapp_mysql_pool_t *pool,
    ngx_uint_t generation);
static void ngx_wxapp_mysql_remove(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_drop(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_rest(ngx_wxapp_mysql_conn_t *conn);
static ngx_uint_t ngx_wxapp_mysql_worn(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_take(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query);
static ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_part(
    ngx_wxapp_mysql_conn_t *conn);
static ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_reuse(
    ngx_wxapp_mysql_conn_t *conn, ngx_uint_t rollback);
static ngx_uint_t ngx_wxapp_mysql_read_only(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status);
static ngx_uint_t ngx_wxapp_mysql_writes_once(ngx_wxapp_mysql_query_t *query);
static void ngx_wxapp_mysql_enqueue(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_mysql_pool_t *pool);
static void ngx_wxapp_mysql_dequeue(ngx_wxapp_mysql_pool_t *pool,
    ngx_wxapp_mysql_query_t *query);
static void ngx_wxapp_mysql_leave(ngx_wxapp_op_t *op);
static void ngx_wxapp_mysql_again(ngx_wxapp_mysql_pool_t *pool,
    ngx_wxapp_mysql_query_t *query);
static ngx_wxapp_mysql_conn_t *ngx_wxapp_mysql_idle(
    ngx_wxapp_mysql_pool_t *pool);
static ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_next(
    ngx_wxapp_mysql_pool_t *pool);
static void ngx_wxapp_mysql_refuse(ngx_wxapp_mysql_pool_t *pool);
static ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_command(
    ngx_wxapp_mysql_pool_t *pool, const char *sql, unsigned long id);
static void ngx_wxapp_mysql_kill(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_watch(ngx_wxapp_mysql_pool_t *pool);
static void ngx_wxapp_mysql_gauges(ngx_wxapp_mysql_pool_t *pool);
static void ngx_wxapp_mysql_expire_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_retry_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_upkeep_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_lag(ngx_wxapp_mysql_pool_t *pool);
static ngx_int_t ngx_wxapp_mysql_lag_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *row, ngx_uint_t n);
static void ngx_wxapp_mysql_lag_handler(ngx_wxapp_op_t *op);


void
ngx_wxapp_mysql_pool_start(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_queue_init(&pool->conns);
    ngx_queue_init(&pool->free);
    ngx_queue_init(&pool->line);

    ngx_wxapp_event_init(&pool->expire, &pool->expire_ident, pool,
                         ngx_wxapp_mysql_expire_handler);
    ngx_wxapp_event_init(&pool->retry, &pool->retry_ident, pool,
                         ngx_wxapp_mysql_retry_handler);
    ngx_wxapp_event_init(&pool->upkeep, &pool->upkeep_ident, pool,
                         ngx_wxapp_mysql_upkeep_handler);

    /* queries have timers of their own; these must not hold up an exit */

    pool->retry.cancelable = 1;
    pool->upkeep.cancelable = 1;

    pool->started = 1;
    pool->lagging = (pool->replica && pool->replica->max_lag);

    ngx_wxapp_mysql_grow(pool, pool->mysql->min);

    ngx_add_timer(&pool->upkeep, ngx_wxapp_jitter(NGX_WXAPP_MYSQL_UPKEEP));
}


void
ngx_wxapp_mysql_pool_stop(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_queue_t              *q;
    ngx_wxapp_mysql_conn_t   *conn;
    ngx_wxapp_mysql_query_t  *query;

    pool->started = 0;

    while (!ngx_queue_empty(&pool->conns)) {
        q = ngx_queue_head(&pool->conns);
        conn = ngx_wxapp_mysql_conn_of(q);
        query = conn->query;

        if (conn->session) {
            ngx_free(conn->session);
        }

        ngx_wxapp_mysql_drop(conn);

        if (query) {
            query->op.free(&query->op);
        }
    }

    while ((query = ngx_wxapp_mysql_next(pool)) != NULL) {
        query->op.free(&query->op);
    }

    if (pool->expire.timer_set) {
        ngx_del_timer(&pool->expire);
    }

    if (pool->retry.timer_set) {
        ngx_del_timer(&pool->retry);
    }

    if (pool->upkeep.timer_set) {
        ngx_del_timer(&pool->upkeep);
    }
}


ngx_uint_t
ngx_wxapp_mysql_pool_ready(ngx_wxapp_mysql_pool_t *pool)
{
    return pool->started && (pool->nup || !pool->failed);
}


void
ngx_wxapp_mysql_pool_send(ngx_wxapp_mysql_pool_t *pool,
    ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_conn_t  *conn;

    query->op.deadline = ngx_current_msec + pool->mysql->wait_timeout;

    conn = ngx_wxapp_mysql_idle(pool);

    if (conn) {
        ngx_wxapp_mysql_take(conn, query);
        ngx_wxapp_mysql_conn_run(conn, query);
        ngx_wxapp_mysql_gauges(pool);
        return;
    }

    if (!ngx_wxapp_mysql_pool_ready(pool)) {
        pool->stats->refused++;
        ngx_wxapp_mysql_failed(query, NGX_WXAPP_OP_UNAVAILABLE);
        return;
    }

    if (pool->nline >= pool->mysql->queue) {

        /* with no line to wait in, the next query may find a connection */

        if (pool->nconns == pool->nup) {
            ngx_wxapp_mysql_grow(pool, 1);
        }

        pool->stats->refused++;
        ngx_wxapp_mysql_failed(query, NGX_WXAPP_OP_OVERLOADED);
        return;
    }

    ngx_wxapp_mysql_enqueue(query, pool);

    if (pool->nline > pool->nconns - pool->nup) {
        ngx_wxapp_mysql_grow(pool, 1);
    }

    ngx_wxapp_mysql_gauges(pool);
}


void
ngx_wxapp_mysql_pool_resume(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_conn_t  *conn;

    conn = query->session->conn;

    ngx_wxapp_mysql_take(conn, query);
    ngx_wxapp_mysql_conn_run(conn, query);
}


void
ngx_wxapp_mysql_pool_release(ngx_wxapp_mysql_session_t *session)
{
    ngx_wxapp_mysql_conn_t   *conn;
    ngx_wxapp_mysql_query_t  *query;

    conn = session->conn;

    if (conn == NULL) {
        ngx_free(session);
        return;
    }

    query = ngx_wxapp_mysql_part(conn);
    if (query) {
        ngx_wxapp_mysql_conn_run(conn, query);
    }
}


/* the session of a connection has ended */

static ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_part(ngx_wxapp_mysql_conn_t *conn)
{
    /* what was set for a transaction that did not come is for nobody */

    conn->tainted = conn->session->set;

    ngx_free(conn->session);
    conn->session = NULL;

    return ngx_wxapp_mysql_reuse(conn, conn->handle->server_status
                                       & SERVER_STATUS_IN_TRANS);
}


/*
 * A connection has no query and no session any more: the next query to run
 * on it, or NULL when it went to rest or was closed.
 */

static ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_reuse(ngx_wxapp_mysql_conn_t *conn, ngx_uint_t rollback)
{
    ngx_wxapp_mysql_pool_t   *pool;
    ngx_wxapp_mysql_query_t  *query;

    pool = conn->pool;
    query = NULL;

    if (rollback) {
        query = ngx_wxapp_mysql_command(pool, "ROLLBACK", 0);

    } else if (!ngx_wxapp_mysql_worn(conn)) {
        query = ngx_wxapp_mysql_next(pool);

        if (query == NULL) {
            ngx_wxapp_mysql_rest(conn);
            ngx_wxapp_mysql_gauges(pool);
            return NULL;
        }
    }

    if (query) {
        ngx_wxapp_mysql_take(conn, query);

    } else {
        ngx_wxapp_mysql_drop(conn);
        ngx_wxapp_mysql_refill(pool);
    }

    ngx_wxapp_mysql_gauges(pool);

    return query;
}


/* a connection at rest, to run a query on, or NULL */

static ngx_wxapp_mysql_conn_t *
ngx_wxapp_mysql_idle(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_queue_t  *q;

    if (!pool->started || ngx_queue_empty(&pool->free)) {
        return NULL;
    }

    q = ngx_queue_head(&pool->free);

    ngx_queue_remove(q);
    pool->nfree--;

    return ngx_wxapp_mysql_free_of(q);
}


/* the query is about to run on the connection */

static void
ngx_wxapp_mysql_take(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query)
{
    conn->pool->stats->queries++;

    if (query->session == NULL) {
        return;
    }

    query->op.leave = ngx_wxapp_mysql_left;

    query->session->conn = conn;
    query->session->begun = 1;
    query->session->set = (query->command && query->sql.len > 3
                           && ngx_strncmp(query->sql.data, "SET", 3) == 0);
    conn->session = query->session;
}


static void
ngx_wxapp_mysql_enqueue(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_mysql_pool_t *pool)
{
    query->line = pool;
    query->op.leave = ngx_wxapp_mysql_leave;

    ngx_queue_insert_tail(&pool->line, &query->op.queue);
    pool->nline++;

    ngx_wxapp_mysql_watch(pool);
}


static void
ngx_wxapp_mysql_dequeue(ngx_wxapp_mysql_pool_t *pool,
    ngx_wxapp_mysql_query_t *query)
{
    query->op.leave = query->session ? ngx_wxapp_mysql_left : NULL;

    ngx_queue_remove(&query->op.queue);

    if (--pool->nline == 0 && pool->expire.timer_set) {
        ngx_del_timer(&pool->expire);
    }
}


/* its request is gone, and it was never sent */

static void
ngx_wxapp_mysql_leave(ngx_wxapp_op_t *op)
{
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    ngx_wxapp_mysql_pool_t  *pool;

    pool = query->line;

    ngx_wxapp_mysql_dequeue(pool, query);
    ngx_wxapp_mysql_gauges(pool);

    if (query->session) {
        ngx_free(query->session);
    }

    op->free(op);
}


/* opens up to "n" more connections */

static void
ngx_wxapp_mysql_grow(ngx_wxapp_mysql_pool_t *pool, ngx_uint_t n)
{
    ngx_wxapp_mysql_conn_t  *conn;

    /* a server that refused is asked by the retry timer alone */

    while (n-- && pool->nconns < pool->mysql->max && !pool->retry.timer_set) {

        conn = ngx_wxapp_mysql_conn_create(pool);

        if (conn == NULL) {
            ngx_add_timer(&pool->retry, NGX_WXAPP_MYSQL_BACKOFF_MAX);
            break;
        }

        ngx_queue_insert_tail(&pool->conns, &conn->queue);
        pool->nconns++;
    }

    ngx_wxapp_mysql_gauges(pool);
}


/* a connection is gone: opens another if one is wanted */

static void
ngx_wxapp_mysql_refill(ngx_wxapp_mysql_pool_t *pool)
{
    if (ngx_exiting && pool->nline == 0) {
        return;
    }

    if (pool->nline > pool->nconns - pool->nup
        || pool->nconns < pool->mysql->min)
    {
        ngx_wxapp_mysql_grow(pool, 1);
    }
}


void
ngx_wxapp_mysql_connected(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_uint_t                wanted;
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_mysql_pool_t   *pool;
    ngx_wxapp_mysql_query_t  *query;

    pool = conn->pool;
    mysql = pool->mysql;

    if (conn->handle == NULL) {

        pool->stats->failures++;

        ngx_log_error((pool->failed ? NGX_LOG_INFO : NGX_LOG_ERR),
                      ngx_cycle->log, 0, "mysql %V: cannot connect: %ui \"%s\"",
                      &conn->server->name, conn->fault.error,
                      conn->fault.message);

        /* of a server that is not asked any more */

        if (conn->generation != pool->generation) {
            ngx_wxapp_mysql_drop(conn);
            ngx_wxapp_mysql_refill(pool);
            return;
        }

        pool->failed = 1;

        if (pool->nup == 0
            || conn->fault.error == ER_OPTION_PREVENTS_STATEMENT)
        {
            (void) ngx_wxapp_mysql_fail_over(pool, conn->generation);
        }

        ngx_wxapp_mysql_drop(conn);

        if (!pool->failed) {

            /* there is another primary, not tried yet */

            ngx_wxapp_mysql_refill(pool);

        } else {

            ngx_wxapp_mysql_back_off(pool);

            if (pool->nup == 0) {
                ngx_wxapp_mysql_refuse(pool);
            }
        }

        ngx_wxapp_mysql_gauges(pool);
        return;
    }

    if (pool->failed) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "mysql %V is back",
                      &conn->server->name);
    }

    pool->failed = 0;
    pool->tried = 0;
    pool->nup++;
    pool->stats->connects++;

    conn->used = ngx_current_msec;
    conn->born = ngx_current_msec;
    conn->lifetime = ngx_wxapp_jitter(mysql->lifetime);

    /* back after a failure: the others may come too */

    wanted = pool->nline ? pool->nconns + pool->nline - 1 : 0;
    wanted = ngx_max(mysql->min, ngx_min(wanted, mysql->max));

    if (pool->nconns < wanted && !ngx_exiting) {
        ngx_wxapp_mysql_grow(pool, wanted - pool->nconns);
    }

    if (ngx_wxapp_mysql_worn(conn)) {
        ngx_wxapp_mysql_drop(conn);
        ngx_wxapp_mysql_refill(pool);
        return;
    }

    query = ngx_wxapp_mysql_next(pool);

    if (query) {
        ngx_wxapp_mysql_take(conn, query);
        ngx_wxapp_mysql_conn_run(conn, query);

    } else {
        ngx_wxapp_mysql_rest(conn);
    }

    ngx_wxapp_mysql_gauges(pool);
}


ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_released(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status)
{
    ngx_uint_t                  rollback, left;
    ngx_wxapp_mysql_query_t    *query;
    ngx_wxapp_mysql_session_t  *session;

    query = conn->query;
    session = conn->session;

    /* nothing of one query may reach the next; what is open rolls back */

    left = session ? SERVER_MORE_RESULTS_EXIST
                   : SERVER_STATUS_IN_TRANS|SERVER_MORE_RESULTS_EXIST;

    if (conn->handle->server_status & left) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "mysql %V: a query left its connection in a "
                      "transaction or with results", &conn->server->name);
        ngx_wxapp_mysql_broken(conn, NGX_WXAPP_OP_FAILED);
        return NULL;
    }

    if (ngx_wxapp_mysql_read_only(conn, status)) {
        return NULL;
    }

    /* a procedure that failed does not tell what it left open */

    rollback = (status == NGX_WXAPP_OP_ERROR && session == NULL
                && !query->read_only && !query->command
                && !ngx_wxapp_mysql_writes_once(query));

    conn->query = NULL;
    conn->state = NGX_WXAPP_MYSQL_HELD;

    query->columns = NULL;

    ngx_wxapp_op_post(&query->op, status);

    if (session) {
        session->busy = 0;

        return session->ended ? ngx_wxapp_mysql_part(conn) : NULL;
    }

    return ngx_wxapp_mysql_reuse(conn, rollback);
}


/*
 * Whether the server turned read-only and there is another to turn to; the
 * query did nothing and is sent again.
 */

static ngx_uint_t
ngx_wxapp_mysql_read_only(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status)
{
    ngx_wxapp_mysql_pool_t   *pool;
    ngx_wxapp_mysql_query_t  *query;

    pool = conn->pool;
    query = conn->query;

    if (status != NGX_WXAPP_OP_ERROR
        || (query->error != ER_OPTION_PREVENTS_STATEMENT
            && query->error != NGX_WXAPP_MYSQL_ER_READ_ONLY_MODE)
        || query->retried
        || !ngx_wxapp_mysql_fail_over(pool, conn->generation))
    {
        return 0;
    }

    if (query->session || !ngx_wxapp_mysql_writes_once(query)) {
        return 0;
    }

    conn->query = NULL;
    conn->state = NGX_WXAPP_MYSQL_HELD;

    ngx_wxapp_mysql_drop(conn);
    ngx_wxapp_mysql_again(pool, query);
    ngx_wxapp_mysql_refill(pool);

    return 1;
}


/* one change of rows, which is done or not; a procedure may be half done */

static ngx_uint_t
ngx_wxapp_mysql_writes_once(ngx_wxapp_mysql_query_t *query)
{
    ngx_uint_t   i;

    static ngx_str_t  verbs[] = {
        ngx_string("INSERT "),
        ngx_string("UPDATE "),
        ngx_string("DELETE "),
        ngx_string("REPLACE ")
    };

    for (i = 0; i < 4; i++) {
        if (query->sql.len > verbs[i].len
            && ngx_strncasecmp(query->sql.data, verbs[i].data, verbs[i].len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_wxapp_mysql_broken(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status)
{
    ngx_uint_t                  again, sent;
    ngx_wxapp_mysql_pool_t     *pool;
    ngx_wxapp_mysql_query_t    *query;
    ngx_wxapp_mysql_session_t  *session;

    pool = conn->pool;
    query = conn->query;
    session = conn->session;

    /* a statement that changes data is sent twice only if it never left */

    again = (query && status == NGX_WXAPP_OP_LOST && !query->retried
             && conn->was_idle && (query->read_only || !conn->sent));

    /* a connection closed at rest is everyday life */

    ngx_log_error(((query && !again) ? NGX_LOG_ERR : NGX_LOG_INFO),
                  ngx_cycle->log, 0, "mysql %V: connection closed%s%s",
                  &conn->server->name,
                  status == NGX_WXAPP_OP_TIMEOUT ? " on timeout" : "",
                  query ? " in a query" : "");

    pool->stats->disconnects++;

    /* a server that hangs up on us again and again is asked less often */

    if (ngx_current_msec - conn->born > NGX_WXAPP_MYSQL_BACKOFF_MAX) {
        pool->backoff = 0;

    } else if (status == NGX_WXAPP_OP_LOST) {
        ngx_wxapp_mysql_back_off(pool);
    }

    /* the number says nothing to another server */

    if (status == NGX_WXAPP_OP_TIMEOUT
        && conn->step != NGX_WXAPP_MYSQL_PING
        && conn->generation == pool->generation)
    {
        ngx_wxapp_mysql_kill(conn);
    }

    if (session) {
        session->conn = NULL;
        session->busy = again;
        session->begun = !again;

        if (session->ended) {
            ngx_free(session);
            query->session = NULL;
        }
    }

    sent = conn->sent;

    ngx_wxapp_mysql_drop(conn);

    if (again) {

        /* the server may have closed it while it was at rest: ask anew */

        ngx_wxapp_mysql_again(pool, query);

    } else if (query) {
        query->sent = sent;
        ngx_wxapp_mysql_failed(query, status);
    }

    if (pool->nup == 0 && pool->failed) {
        ngx_wxapp_mysql_refuse(pool);

    } else {
        ngx_wxapp_mysql_refill(pool);
    }

    ngx_wxapp_mysql_gauges(pool);
}


/* the query runs a second time, on whatever connection there is */

static void
ngx_wxapp_mysql_again(ngx_wxapp_mysql_pool_t *pool,
    ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_conn_t  *conn;

    query->retried = 1;
    query->op.deadline = ngx_current_msec + pool->mysql->wait_timeout;

    if (query->op.owner == NULL) {
        query->op.free(&query->op);
        return;
    }

    conn = ngx_wxapp_mysql_idle(pool);

    if (conn) {
        ngx_wxapp_mysql_take(conn, query);
        ngx_wxapp_mysql_conn_run(conn, query);

    } else {
        ngx_wxapp_mysql_enqueue(query, pool);
    }
}


static void
ngx_wxapp_mysql_back_off(ngx_wxapp_mysql_pool_t *pool)
{
    if (pool->retry.timer_set) {
        return;
    }

    pool->backoff = pool->backoff ? ngx_min(pool->backoff * 2,
                                            NGX_WXAPP_MYSQL_BACKOFF_MAX)
                                  : NGX_WXAPP_MYSQL_BACKOFF;

    ngx_add_timer(&pool->retry, ngx_wxapp_jitter(pool->backoff));
}


/*
 * Turns to the next primary, unless that happened already since the
 * generation; whether there is another one.
 */

static ngx_uint_t
ngx_wxapp_mysql_fail_over(ngx_wxapp_mysql_pool_t *pool, ngx_uint_t generation)
{
    ngx_array_t              *servers;
    ngx_queue_t              *q, *next;
    ngx_wxapp_mysql_conn_t   *conn;
    ngx_wxapp_mysql_query_t  *query;

    servers = &pool->mysql->primaries;

    if (pool->replica || servers->nelts < 2) {
        return 0;
    }

    if (generation != pool->generation) {
        return 1;
    }

    pool->generation++;
    pool->server = (ngx_wxapp_mysql_server_t *) servers->elts
                   + pool->generation % servers->nelts;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "mysql turns to %V", &pool->server->name);

    while (!ngx_queue_empty(&pool->free)) {
        q = ngx_queue_head(&pool->free);
        conn = ngx_wxapp_mysql_free_of(q);
        ngx_wxapp_mysql_drop(conn);
    }

    /* commands in the line are to kill what runs on the old one */

    for (q = ngx_queue_head(&pool->line);
         q != ngx_queue_sentinel(&pool->line);
         q = next)
    {
        next = ngx_queue_next(q);
        query = ngx_wxapp_mysql_query_of(q);

        if (query->command && query->op.owner == NULL) {
            ngx_wxapp_mysql_dequeue(pool, query);
            query->op.free(&query->op);
        }
    }

    /* a server that was not tried yet is as good as new */

    if (++pool->tried < servers->nelts) {
        pool->failed = 0;
        pool->backoff = 0;

        if (pool->retry.timer_set) {
            ngx_del_timer(&pool->retry);
        }
    }

    return 1;
}


static void
ngx_wxapp_mysql_remove(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_pool_t  *pool;

    pool = conn->pool;

    ngx_queue_remove(&conn->queue);
    pool->nconns--;

    if (conn->state != NGX_WXAPP_MYSQL_CONNECTING || conn->connection) {
        pool->nup--;
    }

    if (conn->state == NGX_WXAPP_MYSQL_IDLE) {
        ngx_queue_remove(&conn->free);
        pool->nfree--;
    }
}


static void
ngx_wxapp_mysql_drop(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_remove(conn);
    ngx_wxapp_mysql_conn_close(conn);
}


/* of no more use: set for another, of another server, or old */

static ngx_uint_t
ngx_wxapp_mysql_worn(ngx_wxapp_mysql_conn_t *conn)
{
    return conn->tainted || conn->generation != conn->pool->generation
           || ngx_current_msec - conn->born > conn->lifetime;
}


static void
ngx_wxapp_mysql_rest(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_pool_t  *pool;

    pool = conn->pool;

    conn->state = NGX_WXAPP_MYSQL_IDLE;

    /* the last used first: caches are warm, the others can age and go */

    ngx_queue_insert_head(&pool->free, &conn->free);
    pool->nfree++;

    /* lets a worker that is shutting down close it */

    conn->connection->idle = 1;

    if (ngx_exiting) {
        ngx_wxapp_mysql_drop(conn);
    }
}


static ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_next(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_wxapp_mysql_query_t  *query;

    if (ngx_queue_empty(&pool->line)) {
        return NULL;
    }

    query = ngx_wxapp_mysql_query_of(ngx_queue_head(&pool->line));

    ngx_wxapp_mysql_dequeue(pool, query);

    return query;
}


static void
ngx_wxapp_mysql_refuse(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_wxapp_mysql_query_t  *query;

    while ((query = ngx_wxapp_mysql_next(pool)) != NULL) {
        pool->stats->refused++;
        ngx_wxapp_mysql_failed(query, NGX_WXAPP_OP_UNAVAILABLE);
    }
}


/* a command that nobody waits for; NULL without memory */

static ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_command(ngx_wxapp_mysql_pool_t *pool, const char *sql,
    unsigned long id)
{
    ngx_wxapp_mysql_query_t  *query;

    query = ngx_wxapp_mysql_query(pool->mysql, 0);
    if (query == NULL) {
        return NULL;
    }

    query->command = 1;

    query->sql.data = ngx_pnalloc(query->pool,
                                  ngx_strlen(sql) + NGX_INT64_LEN + 1);
    if (query->sql.data == NULL) {
        ngx_wxapp_mysql_free(query);
        return NULL;
    }

    query->sql.len = ngx_sprintf(query->sql.data, (id ? "%s %ul" : "%s"), sql,
                                 id)
                     - query->sql.data;

    return query;
}


/* the server goes on with a statement whose client has left, unless told */

static void
ngx_wxapp_mysql_kill(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_pool_t   *pool;
    ngx_wxapp_mysql_conn_t   *other;
    ngx_wxapp_mysql_query_t  *query, *head;

    pool = conn->pool;

    query = ngx_wxapp_mysql_command(pool, "KILL QUERY",
                                    mysql_thread_id(conn->handle));
    if (query == NULL) {
        return;
    }

    pool->stats->kills++;

    other = ngx_wxapp_mysql_idle(pool);

    if (other) {
        ngx_wxapp_mysql_take(other, query);
        ngx_wxapp_mysql_conn_run(other, query);
        return;
    }

    /* before all others, but the line stays sorted by deadline */

    query->op.deadline = ngx_current_msec + pool->mysql->wait_timeout;

    if (!ngx_queue_empty(&pool->line)) {
        head = ngx_wxapp_mysql_query_of(ngx_queue_head(&pool->line));
        query->op.deadline = head->op.deadline;
    }

    ngx_queue_insert_head(&pool->line, &query->op.queue);
    pool->nline++;

    ngx_wxapp_mysql_watch(pool);
}


/* one timer, on the head of the line: all wait equally long */

static void
ngx_wxapp_mysql_watch(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_msec_int_t            left;
    ngx_wxapp_mysql_query_t  *query;

    if (pool->expire.timer_set || ngx_queue_empty(&pool->line)) {
        return;
    }

    query = ngx_wxapp_mysql_query_of(ngx_queue_head(&pool->line));
    left = (ngx_msec_int_t) (query->op.deadline - ngx_current_msec);

    ngx_add_timer(&pool->expire, (ngx_msec_t) ngx_max(left, 1));
}


/* the replicas have their gauges together */

static void
ngx_wxapp_mysql_gauges(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_uint_t                i, n;
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_mysql_pool_t   *p;
    ngx_wxapp_mysql_stats_t  *stats;

    mysql = pool->mysql;
    stats = pool->stats;
    p = pool;
    n = 1;

    if (pool->replica) {
        p = &mysql->pools[1];
        n = mysql->replicas.nelts;
    }

    stats->up = 0;
    stats->idle = 0;
    stats->connecting = 0;
    stats->waiting = 0;

    for (i = 0; i < n; i++) {
        stats->up += p[i].nup;
        stats->idle += p[i].nfree;
        stats->connecting += p[i].nconns - p[i].nup;
        stats->waiting += p[i].nline;
    }

    stats->busy = stats->up - stats->idle;
}


static void
ngx_wxapp_mysql_expire_handler(ngx_event_t *ev)
{
    ngx_wxapp_mysql_query_t  *query;
    ngx_wxapp_mysql_pool_t   *pool = ((ngx_wxapp_event_data_t *)
                                                             ev->data)->data;

    while (!ngx_queue_empty(&pool->line)) {
        query = ngx_wxapp_mysql_query_of(ngx_queue_head(&pool->line));

        if ((ngx_msec_int_t) (query->op.deadline - ngx_current_msec) > 0) {
            break;
        }

        ngx_wxapp_mysql_dequeue(pool, query);

        pool->stats->expired++;
        ngx_wxapp_mysql_failed(query, NGX_WXAPP_OP_EXPIRED);
    }

    ngx_wxapp_mysql_watch(pool);
    ngx_wxapp_mysql_gauges(pool);
}


static void
ngx_wxapp_mysql_retry_handler(ngx_event_t *ev)
{
    ngx_wxapp_mysql_pool_t  *pool = ((ngx_wxapp_event_data_t *) ev->data)->data;

    /* one probe; its success brings the rest */

    if (pool->nconns == pool->nup
        && (pool->nup < pool->mysql->min || pool->nline || pool->nup == 0))
    {
        ngx_wxapp_mysql_grow(pool, 1);
        return;
    }

    /* nothing to probe for: the next query may find out */

    pool->failed = 0;
}


static void
ngx_wxapp_mysql_upkeep_handler(ngx_event_t *ev)
{
    ngx_queue_t             *q, *prev;
    ngx_wxapp_mysql_t       *mysql;
    ngx_wxapp_mysql_conn_t  *conn;
    ngx_wxapp_mysql_pool_t  *pool = ((ngx_wxapp_event_data_t *)
                                                             ev->data)->data;

    mysql = pool->mysql;

    for (q = ngx_queue_last(&pool->free);
         q != ngx_queue_sentinel(&pool->free);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        conn = ngx_wxapp_mysql_free_of(q);

        if (ngx_wxapp_mysql_worn(conn)
            || (pool->nup > mysql->min
                && ngx_current_msec - conn->used >= mysql->idle))
        {
            ngx_wxapp_mysql_drop(conn);
        }
    }

    if (pool->nconns < mysql->min && !ngx_exiting) {
        ngx_wxapp_mysql_grow(pool, mysql->min - pool->nconns);
    }

    if (pool->replica && pool->replica->max_lag && !ngx_exiting) {
        ngx_wxapp_mysql_lag(pool);
    }

    ngx_wxapp_mysql_gauges(pool);

    ngx_add_timer(&pool->upkeep, NGX_WXAPP_MYSQL_UPKEEP);
}


/* asks a replica how far it is behind; one that does not say is not used */

static void
ngx_wxapp_mysql_lag(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_wxapp_mysql_query_t  *query;

    if (pool->asking) {
        return;
    }

    query = ngx_wxapp_mysql_query(pool->mysql, 0);
    if (query == NULL) {
        return;
    }

    ngx_str_set(&query->sql, "SHOW REPLICA STATUS");
    query->row = ngx_wxapp_mysql_lag_row;
    query->read_only = 1;
    query->op.owner = pool;
    query->op.handler = ngx_wxapp_mysql_lag_handler;

    pool->asking = 1;

    ngx_wxapp_mysql_pool_send(pool, query);
}


/* op.data is not NULL then: it lags by no more than it may */

static ngx_int_t
ngx_wxapp_mysql_lag_row(ngx_wxapp_mysql_query_t *query, ngx_str_t *row,
    ngx_uint_t n)
{
    time_t                   lag;
    ngx_str_t               *name;
    ngx_uint_t               i;
    ngx_wxapp_mysql_pool_t  *pool;

    pool = query->op.owner;

    for (i = 0; i < n; i++) {
        name = &query->columns[i].name;

        if (name->len > 15
            && ngx_strncmp(name->data, "Seconds_Behind_", 15) == 0)
        {
            lag = ngx_atotm(row[i].data, row[i].len);

            if (row[i].len && lag != NGX_ERROR
                && (ngx_msec_t) lag * 1000 <= pool->replica->max_lag)
            {
                query->op.data = pool;
            }
        }
    }

    return NGX_OK;
}


static void
ngx_wxapp_mysql_lag_handler(ngx_wxapp_op_t *op)
{
    ngx_uint_t                lagging;
    ngx_wxapp_mysql_pool_t   *pool;
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    pool = op->owner;
    pool->asking = 0;

    lagging = (op->status != NGX_WXAPP_OP_OK || op->data == NULL);

    if (pool->told && lagging == pool->lagging) {
        return;
    }

    pool->told = 1;
    pool->lagging = lagging;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "mysql replica %V %s%s%s", &pool->server->name,
                  lagging ? "lags or does not tell, reads go elsewhere"
                          : "keeps up, reads go to it",
                  op->status == NGX_WXAPP_OP_ERROR ? ": " : "",
                  op->status == NGX_WXAPP_OP_ERROR ? query->message
                                                   : (u_char *) "");
}
