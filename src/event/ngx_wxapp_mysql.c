
#include "event/ngx_wxapp_mysql_conn.h"


#define NGX_WXAPP_MYSQL_UPKEEP       1000      /* ms */
#define NGX_WXAPP_MYSQL_BACKOFF      100       /* ms, doubled to */
#define NGX_WXAPP_MYSQL_BACKOFF_MAX  2000

#define ngx_wxapp_mysql_conn_of(q)                                            \
    ngx_queue_data(q, ngx_wxapp_mysql_conn_t, queue)
#define ngx_wxapp_mysql_free_of(q)                                            \
    ngx_queue_data(q, ngx_wxapp_mysql_conn_t, free)
#define ngx_wxapp_mysql_query_of(q)                                           \
    (ngx_wxapp_mysql_query_t *) ngx_queue_data(q, ngx_wxapp_op_t, queue)


static void ngx_wxapp_mysql_grow(ngx_wxapp_mysql_t *mysql, ngx_uint_t n);
static void ngx_wxapp_mysql_back_off(ngx_wxapp_mysql_t *mysql);
static void ngx_wxapp_mysql_remove(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_rest(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_enqueue(ngx_wxapp_mysql_query_t *query);
static void ngx_wxapp_mysql_dequeue(ngx_wxapp_mysql_query_t *query);
static void ngx_wxapp_mysql_leave(ngx_wxapp_op_t *op);
static ngx_wxapp_mysql_conn_t *ngx_wxapp_mysql_idle(ngx_wxapp_mysql_t *mysql);
static ngx_wxapp_mysql_query_t *ngx_wxapp_mysql_next(
    ngx_wxapp_mysql_t *mysql);
static void ngx_wxapp_mysql_refuse(ngx_wxapp_mysql_t *mysql);
static void ngx_wxapp_mysql_watch(ngx_wxapp_mysql_t *mysql);
static void ngx_wxapp_mysql_gauges(ngx_wxapp_mysql_t *mysql);
static void ngx_wxapp_mysql_expire_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_retry_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_upkeep_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_query_free(ngx_wxapp_op_t *op);


ngx_int_t
ngx_wxapp_mysql_start(ngx_wxapp_mysql_t *mysql)
{
    if (mysql_library_init(0, NULL, NULL) != 0) {
        return NGX_ERROR;
    }

    ngx_queue_init(&mysql->conns);
    ngx_queue_init(&mysql->free);
    ngx_queue_init(&mysql->line);

    ngx_wxapp_event_init(&mysql->expire, &mysql->expire_ident, mysql,
                         ngx_wxapp_mysql_expire_handler);
    ngx_wxapp_event_init(&mysql->retry, &mysql->retry_ident, mysql,
                         ngx_wxapp_mysql_retry_handler);
    ngx_wxapp_event_init(&mysql->upkeep, &mysql->upkeep_ident, mysql,
                         ngx_wxapp_mysql_upkeep_handler);

    /* queries have timers of their own; these must not hold up an exit */

    mysql->retry.cancelable = 1;
    mysql->upkeep.cancelable = 1;

    mysql->started = 1;

    ngx_wxapp_mysql_grow(mysql, mysql->min);

    ngx_add_timer(&mysql->upkeep, ngx_wxapp_jitter(NGX_WXAPP_MYSQL_UPKEEP));

    return NGX_OK;
}


void
ngx_wxapp_mysql_stop(ngx_wxapp_mysql_t *mysql)
{
    ngx_queue_t              *q;
    ngx_wxapp_mysql_conn_t   *conn;
    ngx_wxapp_mysql_query_t  *query;

    if (!mysql->started) {
        return;
    }

    mysql->started = 0;

    while (!ngx_queue_empty(&mysql->conns)) {
        q = ngx_queue_head(&mysql->conns);
        conn = ngx_wxapp_mysql_conn_of(q);
        query = conn->query;

        ngx_wxapp_mysql_remove(conn);
        ngx_wxapp_mysql_conn_close(conn);

        if (query) {
            ngx_wxapp_mysql_query_free(&query->op);
        }
    }

    while ((query = ngx_wxapp_mysql_next(mysql)) != NULL) {
        ngx_wxapp_mysql_query_free(&query->op);
    }

    if (mysql->expire.timer_set) {
        ngx_del_timer(&mysql->expire);
    }

    if (mysql->retry.timer_set) {
        ngx_del_timer(&mysql->retry);
    }

    if (mysql->upkeep.timer_set) {
        ngx_del_timer(&mysql->upkeep);
    }

    mysql_library_end();
}


ngx_uint_t
ngx_wxapp_mysql_ready(ngx_wxapp_mysql_t *mysql)
{
    return mysql->started && (mysql->nup || !mysql->failed);
}


ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_query(ngx_wxapp_mysql_t *mysql, ngx_uint_t nparams)
{
    ngx_pool_t               *pool;
    ngx_wxapp_mysql_query_t  *query;

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    query = ngx_pcalloc(pool, sizeof(ngx_wxapp_mysql_query_t));
    if (query == NULL) {
        goto failed;
    }

    query->params = ngx_pcalloc(pool, nparams * sizeof(ngx_wxapp_value_t) + 1);
    if (query->params == NULL) {
        goto failed;
    }

    query->op.free = ngx_wxapp_mysql_query_free;
    query->pool = pool;
    query->nparams = nparams;
    query->mysql = mysql;

    return query;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


ngx_int_t
ngx_wxapp_mysql_param(ngx_wxapp_mysql_query_t *query, ngx_uint_t i,
    ngx_wxapp_value_t *value)
{
    ngx_wxapp_value_t  *param;

    param = &query->params[i];
    *param = *value;

    if (value->type != NGX_WXAPP_VALUE_TEXT
        && value->type != NGX_WXAPP_VALUE_DECIMAL)
    {
        return NGX_OK;
    }

    param->text.data = ngx_pnalloc(query->pool, value->text.len + 1);
    if (param->text.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(param->text.data, value->text.data, value->text.len);

    return NGX_OK;
}


void
ngx_wxapp_mysql_free(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_query_free(&query->op);
}


void
ngx_wxapp_mysql_send(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_t       *mysql;
    ngx_wxapp_mysql_conn_t  *conn;

    mysql = query->mysql;

    query->op.started = ngx_current_msec;
    query->op.deadline = ngx_current_msec + mysql->wait_timeout;

    conn = ngx_wxapp_mysql_idle(mysql);

    if (conn) {
        ngx_wxapp_mysql_conn_run(conn, query);
        ngx_wxapp_mysql_gauges(mysql);
        return;
    }

    if (!ngx_wxapp_mysql_ready(mysql)) {
        mysql->stats->refused++;
        ngx_wxapp_op_post(&query->op, NGX_WXAPP_OP_UNAVAILABLE);
        return;
    }

    if (mysql->nline >= mysql->queue) {

        /* with no line to wait in, the next query may find a connection */

        if (mysql->nconns == mysql->nup) {
            ngx_wxapp_mysql_grow(mysql, 1);
        }

        mysql->stats->refused++;
        ngx_wxapp_op_post(&query->op, NGX_WXAPP_OP_OVERLOADED);
        return;
    }

    ngx_wxapp_mysql_enqueue(query);

    if (mysql->nline > mysql->nconns - mysql->nup) {
        ngx_wxapp_mysql_grow(mysql, 1);
    }

    ngx_wxapp_mysql_gauges(mysql);
}


/* a connection at rest, to run a query on, or NULL */

static ngx_wxapp_mysql_conn_t *
ngx_wxapp_mysql_idle(ngx_wxapp_mysql_t *mysql)
{
    ngx_queue_t  *q;

    if (!mysql->started || ngx_queue_empty(&mysql->free)) {
        return NULL;
    }

    q = ngx_queue_head(&mysql->free);

    ngx_queue_remove(q);
    mysql->nfree--;
    mysql->stats->queries++;

    return ngx_wxapp_mysql_free_of(q);
}


static void
ngx_wxapp_mysql_enqueue(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_t  *mysql;

    mysql = query->mysql;

    query->op.leave = ngx_wxapp_mysql_leave;

    ngx_queue_insert_tail(&mysql->line, &query->op.queue);
    mysql->nline++;

    ngx_wxapp_mysql_watch(mysql);
}


static void
ngx_wxapp_mysql_dequeue(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_t  *mysql;

    mysql = query->mysql;

    query->op.leave = NULL;

    ngx_queue_remove(&query->op.queue);

    if (--mysql->nline == 0 && mysql->expire.timer_set) {
        ngx_del_timer(&mysql->expire);
    }
}


/* its request is gone, and it was never sent */

static void
ngx_wxapp_mysql_leave(ngx_wxapp_op_t *op)
{
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    ngx_wxapp_mysql_dequeue(query);
    ngx_wxapp_mysql_gauges(query->mysql);

    ngx_wxapp_mysql_query_free(op);
}


/* opens up to "n" more connections */

static void
ngx_wxapp_mysql_grow(ngx_wxapp_mysql_t *mysql, ngx_uint_t n)
{
    ngx_wxapp_mysql_conn_t  *conn;

    /* a server that refused is asked by the retry timer alone */

    while (n-- && mysql->nconns < mysql->max && !mysql->retry.timer_set) {

        conn = ngx_wxapp_mysql_conn_create(mysql);

        if (conn == NULL) {
            ngx_add_timer(&mysql->retry, NGX_WXAPP_MYSQL_BACKOFF_MAX);
            break;
        }

        ngx_queue_insert_tail(&mysql->conns, &conn->queue);
        mysql->nconns++;
    }

    ngx_wxapp_mysql_gauges(mysql);
}


void
ngx_wxapp_mysql_connected(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_uint_t                wanted;
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_mysql_query_t  *query;

    mysql = conn->mysql;

    if (conn->handle == NULL) {

        mysql->stats->failures++;

        ngx_log_error((mysql->failed ? NGX_LOG_INFO : NGX_LOG_ERR),
                      ngx_cycle->log, 0, "mysql %V: cannot connect: %ui \"%s\"",
                      &mysql->name, conn->error, conn->message);

        ngx_wxapp_mysql_remove(conn);
        ngx_wxapp_mysql_conn_close(conn);

        mysql->failed = 1;

        ngx_wxapp_mysql_back_off(mysql);

        if (mysql->nup == 0) {
            ngx_wxapp_mysql_refuse(mysql);
        }

        ngx_wxapp_mysql_gauges(mysql);
        return;
    }

    if (mysql->failed) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "mysql %V is back",
                      &mysql->name);
    }

    mysql->failed = 0;
    mysql->nup++;
    mysql->stats->connects++;

    conn->used = ngx_current_msec;
    conn->born = ngx_current_msec;

    /* back after a failure: the others may come too */

    wanted = mysql->nline ? mysql->nconns + mysql->nline - 1 : 0;
    wanted = ngx_max(mysql->min, ngx_min(wanted, mysql->max));

    if (mysql->nconns < wanted && !ngx_exiting) {
        ngx_wxapp_mysql_grow(mysql, wanted - mysql->nconns);
    }

    query = ngx_wxapp_mysql_next(mysql);

    if (query) {
        mysql->stats->queries++;
        ngx_wxapp_mysql_conn_run(conn, query);

    } else {
        ngx_wxapp_mysql_rest(conn);
    }

    ngx_wxapp_mysql_gauges(mysql);
}


ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_released(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status)
{
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_mysql_query_t  *query;

    mysql = conn->mysql;

    /* nothing of one query may reach the next; what is open rolls back */

    if (conn->handle->server_status
        & (SERVER_STATUS_IN_TRANS|SERVER_MORE_RESULTS_EXIST))
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "mysql %V: a query left its connection in a "
                      "transaction or with results", &mysql->name);
        ngx_wxapp_mysql_broken(conn, NGX_WXAPP_OP_FAILED);
        return NULL;
    }

    query = conn->query;
    conn->query = NULL;

    ngx_wxapp_op_post(&query->op, status);

    query = ngx_wxapp_mysql_next(mysql);

    if (query) {
        mysql->stats->queries++;

    } else {
        ngx_wxapp_mysql_rest(conn);
    }

    ngx_wxapp_mysql_gauges(mysql);

    return query;
}


void
ngx_wxapp_mysql_broken(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e status)
{
    ngx_uint_t                again;
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_mysql_conn_t   *other;
    ngx_wxapp_mysql_query_t  *query;

    mysql = conn->mysql;
    query = conn->query;

    /* a statement that changes data is sent twice only if it never left */

    again = (query && status == NGX_WXAPP_OP_LOST && !query->retried
             && conn->was_idle
             && (query->read_only || conn->step < NGX_WXAPP_MYSQL_EXECUTE));

    /* a connection closed at rest is everyday life */

    ngx_log_error(((query && !again) ? NGX_LOG_ERR : NGX_LOG_INFO),
                  ngx_cycle->log, 0, "mysql %V: connection closed%s%s",
                  &mysql->name,
                  status == NGX_WXAPP_OP_TIMEOUT ? " on timeout" : "",
                  query ? " in a query" : "");

    mysql->stats->disconnects++;

    /* a server that hangs up on us again and again is asked less often */

    if (ngx_current_msec - conn->born > NGX_WXAPP_MYSQL_BACKOFF_MAX) {
        mysql->backoff = 0;

    } else if (status == NGX_WXAPP_OP_LOST) {
        ngx_wxapp_mysql_back_off(mysql);
    }

    ngx_wxapp_mysql_remove(conn);
    ngx_wxapp_mysql_conn_close(conn);

    if (again) {

        /* the server may have closed it while it was at rest: ask anew */

        query->retried = 1;
        query->op.deadline = ngx_current_msec + mysql->wait_timeout;

        other = ngx_wxapp_mysql_idle(mysql);

        if (other) {
            ngx_wxapp_mysql_conn_run(other, query);

        } else if (query->op.owner) {
            ngx_wxapp_mysql_enqueue(query);

        } else {
            ngx_wxapp_mysql_query_free(&query->op);
        }

    } else if (query) {
        ngx_wxapp_op_post(&query->op, status);
    }

    if (mysql->nup == 0 && mysql->failed) {
        ngx_wxapp_mysql_refuse(mysql);

    } else if (!ngx_exiting || mysql->nline) {

        if (mysql->nline > mysql->nconns - mysql->nup
            || mysql->nconns < mysql->min)
        {
            ngx_wxapp_mysql_grow(mysql, 1);
        }
    }

    ngx_wxapp_mysql_gauges(mysql);
}


static void
ngx_wxapp_mysql_back_off(ngx_wxapp_mysql_t *mysql)
{
    if (mysql->retry.timer_set) {
        return;
    }

    mysql->backoff = mysql->backoff ? ngx_min(mysql->backoff * 2,
                                              NGX_WXAPP_MYSQL_BACKOFF_MAX)
                                    : NGX_WXAPP_MYSQL_BACKOFF;

    ngx_add_timer(&mysql->retry, ngx_wxapp_jitter(mysql->backoff));
}


static void
ngx_wxapp_mysql_remove(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_t  *mysql;

    mysql = conn->mysql;

    ngx_queue_remove(&conn->queue);
    mysql->nconns--;

    if (conn->state != NGX_WXAPP_MYSQL_CONNECTING || conn->connection) {
        mysql->nup--;
    }

    if (conn->state == NGX_WXAPP_MYSQL_IDLE) {
        ngx_queue_remove(&conn->free);
        mysql->nfree--;
    }
}


static void
ngx_wxapp_mysql_rest(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_t  *mysql;

    mysql = conn->mysql;

    conn->state = NGX_WXAPP_MYSQL_IDLE;

    /* the last used first: caches are warm, the others can age and go */

    ngx_queue_insert_head(&mysql->free, &conn->free);
    mysql->nfree++;

    /* lets a worker that is shutting down close it */

    conn->connection->idle = 1;

    if (ngx_exiting) {
        ngx_wxapp_mysql_remove(conn);
        ngx_wxapp_mysql_conn_close(conn);
    }
}


static ngx_wxapp_mysql_query_t *
ngx_wxapp_mysql_next(ngx_wxapp_mysql_t *mysql)
{
    ngx_wxapp_mysql_query_t  *query;

    if (ngx_queue_empty(&mysql->line)) {
        return NULL;
    }

    query = ngx_wxapp_mysql_query_of(ngx_queue_head(&mysql->line));

    ngx_wxapp_mysql_dequeue(query);

    return query;
}


static void
ngx_wxapp_mysql_refuse(ngx_wxapp_mysql_t *mysql)
{
    ngx_wxapp_mysql_query_t  *query;

    while ((query = ngx_wxapp_mysql_next(mysql)) != NULL) {
        mysql->stats->refused++;
        ngx_wxapp_op_post(&query->op, NGX_WXAPP_OP_UNAVAILABLE);
    }
}


/* one timer, on the head of the line: all wait equally long */

static void
ngx_wxapp_mysql_watch(ngx_wxapp_mysql_t *mysql)
{
    ngx_msec_int_t            left;
    ngx_wxapp_mysql_query_t  *query;

    if (mysql->expire.timer_set || ngx_queue_empty(&mysql->line)) {
        return;
    }

    query = ngx_wxapp_mysql_query_of(ngx_queue_head(&mysql->line));
    left = (ngx_msec_int_t) (query->op.deadline - ngx_current_msec);

    ngx_add_timer(&mysql->expire, (ngx_msec_t) ngx_max(left, 1));
}


static void
ngx_wxapp_mysql_gauges(ngx_wxapp_mysql_t *mysql)
{
    mysql->stats->up = mysql->nup;
    mysql->stats->idle = mysql->nfree;
    mysql->stats->busy = mysql->nup - mysql->nfree;
    mysql->stats->connecting = mysql->nconns - mysql->nup;
    mysql->stats->waiting = mysql->nline;
}


static void
ngx_wxapp_mysql_expire_handler(ngx_event_t *ev)
{
    ngx_wxapp_mysql_query_t  *query;
    ngx_wxapp_mysql_t        *mysql = ((ngx_wxapp_event_data_t *)
                                                             ev->data)->data;

    while (!ngx_queue_empty(&mysql->line)) {
        query = ngx_wxapp_mysql_query_of(ngx_queue_head(&mysql->line));

        if ((ngx_msec_int_t) (query->op.deadline - ngx_current_msec) > 0) {
            break;
        }

        ngx_wxapp_mysql_dequeue(query);

        mysql->stats->expired++;
        ngx_wxapp_op_post(&query->op, NGX_WXAPP_OP_EXPIRED);
    }

    ngx_wxapp_mysql_watch(mysql);
    ngx_wxapp_mysql_gauges(mysql);
}


static void
ngx_wxapp_mysql_retry_handler(ngx_event_t *ev)
{
    ngx_wxapp_mysql_t  *mysql = ((ngx_wxapp_event_data_t *) ev->data)->data;

    /* one probe; its success brings the rest */

    if (mysql->nconns == mysql->nup
        && (mysql->nup < mysql->min || mysql->nline || mysql->nup == 0))
    {
        ngx_wxapp_mysql_grow(mysql, 1);
        return;
    }

    /* nothing to probe for: the next query may find out */

    mysql->failed = 0;
}


static void
ngx_wxapp_mysql_upkeep_handler(ngx_event_t *ev)
{
    ngx_queue_t             *q;
    ngx_wxapp_mysql_conn_t  *conn;
    ngx_wxapp_mysql_t       *mysql = ((ngx_wxapp_event_data_t *)
                                                             ev->data)->data;

    while (mysql->nup > mysql->min && !ngx_queue_empty(&mysql->free)) {
        q = ngx_queue_last(&mysql->free);
        conn = ngx_wxapp_mysql_free_of(q);

        if (ngx_current_msec - conn->used < mysql->idle) {
            break;
        }

        ngx_wxapp_mysql_remove(conn);
        ngx_wxapp_mysql_conn_close(conn);
    }

    if (mysql->nconns < mysql->min && !ngx_exiting) {
        ngx_wxapp_mysql_grow(mysql, mysql->min - mysql->nconns);
    }

    ngx_wxapp_mysql_gauges(mysql);

    ngx_add_timer(&mysql->upkeep, NGX_WXAPP_MYSQL_UPKEEP);
}


static void
ngx_wxapp_mysql_query_free(ngx_wxapp_op_t *op)
{
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    ngx_destroy_pool(query->pool);
}
