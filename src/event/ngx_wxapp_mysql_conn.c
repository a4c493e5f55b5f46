
#include "event/ngx_wxapp_mysql_conn.h"

#include <errmsg.h>
#include <mysqld_error.h>


#define NGX_WXAPP_MYSQL_VALIDATE  30000    /* ms of rest, then ping first */
#define NGX_WXAPP_MYSQL_UNWIND    1000

/* MySQL 8 says so before it closes a connection at rest; MariaDB does not */

#define NGX_WXAPP_ER_CLIENT_INACTIVE  4031


static void ngx_wxapp_mysql_conn_thread(void *data, ngx_log_t *log);
static void ngx_wxapp_mysql_conn_connected(ngx_event_t *ev);
static ngx_int_t ngx_wxapp_mysql_conn_register(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_conn_read_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_conn_write_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_conn_timeout_handler(ngx_event_t *ev);
static ngx_int_t ngx_wxapp_mysql_conn_begin(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query);
static void ngx_wxapp_mysql_conn_first(ngx_wxapp_mysql_conn_t *conn);
static ngx_uint_t ngx_wxapp_mysql_conn_repeatable(
    ngx_wxapp_mysql_query_t *query);
static ngx_int_t ngx_wxapp_mysql_conn_bind(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_conn_go(ngx_wxapp_mysql_conn_t *conn, int ready);
static ngx_int_t ngx_wxapp_mysql_conn_step(ngx_wxapp_mysql_conn_t *conn,
    int ready, ngx_wxapp_op_status_e *status);
static ngx_int_t ngx_wxapp_mysql_conn_next(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status);
static ngx_int_t ngx_wxapp_mysql_conn_result(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status);
static int ngx_wxapp_mysql_conn_call(ngx_wxapp_mysql_conn_t *conn, int ready,
    int *failed);
static ngx_int_t ngx_wxapp_mysql_conn_error(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status);
static ngx_int_t ngx_wxapp_mysql_conn_rows(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_conn_unwind(ngx_wxapp_mysql_conn_t *conn);


ngx_wxapp_mysql_conn_t *
ngx_wxapp_mysql_conn_create(ngx_wxapp_mysql_pool_t *pool)
{
    ngx_wxapp_mysql_t       *mysql;
    ngx_wxapp_mysql_conn_t  *conn;

    conn = ngx_calloc(sizeof(ngx_wxapp_mysql_conn_t)
                      + sizeof(ngx_thread_task_t), ngx_cycle->log);
    if (conn == NULL) {
        return NULL;
    }

    mysql = pool->mysql;

    conn->pool = pool;
    conn->state = NGX_WXAPP_MYSQL_CONNECTING;
    conn->generation = pool->generation;
    conn->server = pool->server;

    /* with one primary a read-only one still answers reads */

    conn->writable = (pool->replica == NULL && mysql->primaries.nelts > 1);

    ngx_wxapp_event_init(&conn->timer, &conn->timer_ident, conn,
                         ngx_wxapp_mysql_conn_timeout_handler);

    /* a worker may exit when the thread is done, and nobody was told yet */

    ngx_wxapp_mysql_stmts_init(&conn->stmts, mysql->statements);

    conn->task = (ngx_thread_task_t *) &conn[1];
    conn->task->ctx = conn;
    conn->task->handler = ngx_wxapp_mysql_conn_thread;
    conn->task->event.data = conn;
    conn->task->event.handler = ngx_wxapp_mysql_conn_connected;

    if (ngx_thread_task_post(mysql->threads, conn->task) != NGX_OK) {
        ngx_free(conn);
        return NULL;
    }

    return conn;
}


/*
 * In a thread: only the connection's own memory and strings that do not
 * change are touched.  Exit waits for threads, so both outlive this.
 */

static void
ngx_wxapp_mysql_conn_thread(void *data, ngx_log_t *log)
{
    ngx_wxapp_mysql_conn_t *conn = data;

    conn->handle = ngx_wxapp_mysql_connect(conn->pool->mysql, conn->server,
                                           conn->writable, &conn->fault);

    /* TLS reads and writes by the flag of the socket, whatever the API */

    if (conn->handle) {
        (void) ngx_nonblocking(mysql_get_socket(conn->handle));
    }
}


static void
ngx_wxapp_mysql_conn_connected(ngx_event_t *ev)
{
    ngx_wxapp_mysql_conn_t  *conn = ev->data;

    if (conn->handle && ngx_wxapp_mysql_conn_register(conn) != NGX_OK) {
        conn->fault.error = CR_UNKNOWN_ERROR;
        ngx_cpystrn(conn->fault.message,
                    (u_char *) "no free worker_connections",
                    sizeof(conn->fault.message));
        mysql_close(conn->handle);
        conn->handle = NULL;
    }

    ngx_wxapp_mysql_connected(conn);
}


/*
 * The library closes its socket by itself when the connection is lost; a
 * duplicate keeps the registration ours until we say so.
 */

static ngx_int_t
ngx_wxapp_mysql_conn_register(ngx_wxapp_mysql_conn_t *conn)
{
    int                fd;
    ngx_int_t          rc;
    ngx_connection_t  *c;

    fd = fcntl(mysql_get_socket(conn->handle), F_DUPFD_CLOEXEC, 0);
    if (fd == -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        (void) ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->data = conn;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_wxapp_mysql_conn_read_handler;
    c->write->handler = ngx_wxapp_mysql_conn_write_handler;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    /* edge-triggered: the library tries the socket before it asks to wait */

    if (ngx_add_conn) {
        rc = ngx_add_conn(c);

    } else {
        rc = ngx_add_event(c->read, NGX_READ_EVENT, NGX_CLEAR_EVENT);

        if (rc == NGX_OK) {
            rc = ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_CLEAR_EVENT);
        }
    }

    if (rc != NGX_OK) {
        ngx_close_connection(c);
        return NGX_ERROR;
    }

    conn->connection = c;

    return NGX_OK;
}


static void
ngx_wxapp_mysql_conn_read_handler(ngx_event_t *ev)
{
    char                     buf[1];
    ssize_t                  n;
    ngx_connection_t        *c = ev->data;
    ngx_wxapp_mysql_conn_t  *conn = c->data;

    if (conn->state == NGX_WXAPP_MYSQL_BUSY && !c->close) {

        if (conn->waits & MYSQL_WAIT_READ) {
            ngx_wxapp_mysql_conn_go(conn, MYSQL_WAIT_READ);
        }

        return;
    }

    if (!c->close) {

        /* at rest the server has nothing to say but good-bye */

        n = recv(c->fd, buf, 1, MSG_PEEK|MSG_DONTWAIT);

        if (n == -1 && ngx_socket_errno == NGX_EAGAIN) {
            return;
        }
    }

    ngx_wxapp_mysql_broken(conn, NGX_WXAPP_OP_LOST);
}


static void
ngx_wxapp_mysql_conn_write_handler(ngx_event_t *ev)
{
    ngx_connection_t        *c = ev->data;
    ngx_wxapp_mysql_conn_t  *conn = c->data;

    if (conn->state == NGX_WXAPP_MYSQL_BUSY
        && (conn->waits & MYSQL_WAIT_WRITE))
    {
        ngx_wxapp_mysql_conn_go(conn, MYSQL_WAIT_WRITE);
    }
}


static void
ngx_wxapp_mysql_conn_timeout_handler(ngx_event_t *ev)
{
    ngx_wxapp_mysql_conn_t  *conn = ((ngx_wxapp_event_data_t *) ev->data)->data;

    conn->pool->stats->timeouts++;

    ngx_wxapp_mysql_broken(conn, NGX_WXAPP_OP_TIMEOUT);
}


void
ngx_wxapp_mysql_conn_run(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query)
{
    if (ngx_wxapp_mysql_conn_begin(conn, query) != NGX_OK) {
        ngx_wxapp_mysql_broken(conn, NGX_WXAPP_OP_FAILED);
        return;
    }

    ngx_wxapp_mysql_conn_go(conn, 0);
}


static ngx_int_t
ngx_wxapp_mysql_conn_begin(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query)
{
    conn->was_idle = (conn->state == NGX_WXAPP_MYSQL_IDLE);
    conn->state = NGX_WXAPP_MYSQL_BUSY;
    conn->connection->idle = 0;
    conn->query = query;
    conn->stmt = NULL;
    conn->again = 0;
    conn->sent = 0;

    query->rows = 0;
    query->result = 0;

    ngx_add_timer(&conn->timer, conn->pool->mysql->query_timeout);

    if (!query->command) {
        conn->stmt = ngx_wxapp_mysql_stmt_get(&conn->stmts, conn->handle,
                                              &query->sql);

        /* one that writes and tells rows must not run twice, see below */

        if (conn->stmt && conn->stmt->result
            && !ngx_wxapp_mysql_conn_repeatable(query))
        {
            ngx_wxapp_mysql_stmt_free(&conn->stmts, conn->stmt);
            conn->stmt = ngx_wxapp_mysql_stmt_get(&conn->stmts, conn->handle,
                                                  &query->sql);
        }

        if (conn->stmt == NULL) {
            return NGX_ERROR;
        }
    }

    if (conn->was_idle
        && ngx_current_msec - conn->used > NGX_WXAPP_MYSQL_VALIDATE)
    {
        conn->step = NGX_WXAPP_MYSQL_PING;
        return NGX_OK;
    }

    ngx_wxapp_mysql_conn_first(conn);

    return ngx_wxapp_mysql_conn_bind(conn);
}


/* whether it may run once more after it ran */

static ngx_uint_t
ngx_wxapp_mysql_conn_repeatable(ngx_wxapp_mysql_query_t *query)
{
    return query->read_only
           || (query->sql.len > 6
               && ngx_strncmp(query->sql.data, "SELECT", 6) == 0);
}


/* the step that a query on a sound connection begins with */

static void
ngx_wxapp_mysql_conn_first(ngx_wxapp_mysql_conn_t *conn)
{
    if (conn->stmt == NULL) {
        conn->step = NGX_WXAPP_MYSQL_COMMAND;
        conn->sent = 1;

    } else if (conn->stmt->fresh) {
        conn->step = NGX_WXAPP_MYSQL_PREPARE;

    } else {
        conn->step = NGX_WXAPP_MYSQL_EXECUTE;
    }
}


static ngx_int_t
ngx_wxapp_mysql_conn_bind(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_wxapp_mysql_query_t  *query;

    if (conn->step != NGX_WXAPP_MYSQL_EXECUTE) {
        return NGX_OK;
    }

    query = conn->query;
    conn->sent = 1;

    return ngx_wxapp_mysql_stmt_bind(conn->stmt, query->pool, query->params,
                                     query->nparams);
}


/* runs until the server must be waited for, or nothing is left to run */

static void
ngx_wxapp_mysql_conn_go(ngx_wxapp_mysql_conn_t *conn, int ready)
{
    ngx_int_t                 rc;
    ngx_wxapp_op_status_e     status;
    ngx_wxapp_mysql_query_t  *query;

    for ( ;; ) {
        rc = ngx_wxapp_mysql_conn_step(conn, ready, &status);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_OK) {
            ready = 0;
            continue;
        }

        if (rc == NGX_ERROR) {
            ngx_wxapp_mysql_broken(conn, status);
            return;
        }

        /* NGX_DONE */

        ngx_del_timer(&conn->timer);

        conn->stmt = NULL;
        conn->used = ngx_current_msec;

        query = ngx_wxapp_mysql_released(conn, status);

        if (query == NULL) {
            return;
        }

        if (ngx_wxapp_mysql_conn_begin(conn, query) != NGX_OK) {
            ngx_wxapp_mysql_broken(conn, NGX_WXAPP_OP_FAILED);
            return;
        }

        ready = 0;
    }
}


/*
 * One call of the library.  NGX_AGAIN: it waits; NGX_OK: go on with the next
 * step; NGX_DONE: the query ended; NGX_ERROR: so did the connection.
 */

static ngx_int_t
ngx_wxapp_mysql_conn_step(ngx_wxapp_mysql_conn_t *conn, int ready,
    ngx_wxapp_op_status_e *status)
{
    int  failed;

    *status = NGX_WXAPP_OP_OK;

    conn->waits = ngx_wxapp_mysql_conn_call(conn, ready, &failed);

    if (conn->waits) {
        return NGX_AGAIN;
    }

    if (failed > 0 || (failed && conn->step != NGX_WXAPP_MYSQL_NEXT)) {
        return ngx_wxapp_mysql_conn_error(conn, status);
    }

    switch (conn->step) {

    case NGX_WXAPP_MYSQL_PING:
        ngx_wxapp_mysql_conn_first(conn);
        break;

    case NGX_WXAPP_MYSQL_PREPARE:
        conn->stmt->fresh = 0;
        conn->step = NGX_WXAPP_MYSQL_EXECUTE;
        break;

    case NGX_WXAPP_MYSQL_COMMAND:

        if (mysql_field_count(conn->handle)) {
            *status = NGX_WXAPP_OP_FAILED;
            return NGX_ERROR;
        }

        return NGX_DONE;

    case NGX_WXAPP_MYSQL_EXECUTE:
        return ngx_wxapp_mysql_conn_result(conn, status);

    case NGX_WXAPP_MYSQL_STORE:
        if (ngx_wxapp_mysql_conn_rows(conn) != NGX_OK) {
            *status = NGX_WXAPP_OP_FAILED;
            return NGX_ERROR;
        }

        conn->step = NGX_WXAPP_MYSQL_FREE;
        return NGX_OK;

    case NGX_WXAPP_MYSQL_FREE:
        return ngx_wxapp_mysql_conn_next(conn, status);

    default: /* NGX_WXAPP_MYSQL_NEXT */
        if (failed) {
            return NGX_DONE;
        }

        conn->query->result++;

        return ngx_wxapp_mysql_conn_result(conn, status);
    }

    if (ngx_wxapp_mysql_conn_bind(conn) != NGX_OK) {
        *status = NGX_WXAPP_OP_FAILED;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a result set is announced, or there is none */

static ngx_int_t
ngx_wxapp_mysql_conn_result(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status)
{
    MYSQL_STMT               *stmt;
    ngx_wxapp_mysql_query_t  *query;

    query = conn->query;
    stmt = conn->stmt->stmt;

    if (mysql_stmt_field_count(stmt)) {

        if (ngx_wxapp_mysql_stmt_columns(conn->stmt) != NGX_OK) {
            *status = NGX_WXAPP_OP_FAILED;
            return NGX_ERROR;
        }

        query->columns = conn->stmt->columns;
        query->ncolumns = conn->stmt->ncolumns;

        conn->step = NGX_WXAPP_MYSQL_STORE;
        return NGX_OK;
    }

    query->affected = mysql_stmt_affected_rows(stmt);
    query->insert_id = mysql_stmt_insert_id(stmt);

    return ngx_wxapp_mysql_conn_next(conn, status);
}


static ngx_int_t
ngx_wxapp_mysql_conn_next(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status)
{
    if (!(conn->handle->server_status & SERVER_MORE_RESULTS_EXIST)) {
        return NGX_DONE;
    }

    conn->step = NGX_WXAPP_MYSQL_NEXT;

    return NGX_OK;
}


static int
ngx_wxapp_mysql_conn_call(ngx_wxapp_mysql_conn_t *conn, int ready,
    int *failed)
{
    int          waits;
    my_bool      bad;
    ngx_str_t   *sql;
    MYSQL_STMT  *stmt;

    stmt = conn->stmt ? conn->stmt->stmt : NULL;

    switch (conn->step) {

    case NGX_WXAPP_MYSQL_PING:
        return ready ? mysql_ping_cont(failed, conn->handle, ready)
                     : mysql_ping_start(failed, conn->handle);

    case NGX_WXAPP_MYSQL_COMMAND:
        sql = &conn->query->sql;

        return ready ? mysql_real_query_cont(failed, conn->handle, ready)
                     : mysql_real_query_start(failed, conn->handle,
                                              (char *) sql->data, sql->len);

    case NGX_WXAPP_MYSQL_PREPARE:
        sql = &conn->stmt->sn.str;

        return ready ? mysql_stmt_prepare_cont(failed, stmt, ready)
                     : mysql_stmt_prepare_start(failed, stmt,
                                                (char *) sql->data, sql->len);

    case NGX_WXAPP_MYSQL_EXECUTE:
        return ready ? mysql_stmt_execute_cont(failed, stmt, ready)
                     : mysql_stmt_execute_start(failed, stmt);

    case NGX_WXAPP_MYSQL_STORE:
        return ready ? mysql_stmt_store_result_cont(failed, stmt, ready)
                     : mysql_stmt_store_result_start(failed, stmt);

    case NGX_WXAPP_MYSQL_NEXT:
        return ready ? mysql_stmt_next_result_cont(failed, stmt, ready)
                     : mysql_stmt_next_result_start(failed, stmt);

    default: /* NGX_WXAPP_MYSQL_FREE */
        bad = 0;
        waits = ready ? mysql_stmt_free_result_cont(&bad, stmt, ready)
                      : mysql_stmt_free_result_start(&bad, stmt);
        *failed = bad;

        return waits;
    }
}


static ngx_int_t
ngx_wxapp_mysql_conn_error(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status)
{
    const char               *message;
    ngx_uint_t                error;
    ngx_wxapp_mysql_query_t  *query;

    query = conn->query;

    if (conn->step == NGX_WXAPP_MYSQL_PING || conn->stmt == NULL) {
        error = mysql_errno(conn->handle);
        message = mysql_error(conn->handle);

    } else {
        error = mysql_stmt_errno(conn->stmt->stmt);
        message = mysql_stmt_error(conn->stmt->stmt);
    }

    query->error = error;
    ngx_cpystrn(query->message, (u_char *) message, sizeof(query->message));

    switch (error) {

    case ER_UNKNOWN_STMT_HANDLER:
    case ER_NEED_REPREPARE:
    case CR_NO_PREPARE_STMT:
    case CR_NEW_STMT_METADATA:

        /*
         * The table changed under a statement: once more with a new one.
         * The server tells before it runs it, the library only after.
         */

        if (!conn->again && conn->step == NGX_WXAPP_MYSQL_EXECUTE
            && (error != CR_NEW_STMT_METADATA
                || ngx_wxapp_mysql_conn_repeatable(query)))
        {
            conn->again = 1;

            ngx_wxapp_mysql_stmt_free(&conn->stmts, conn->stmt);
            conn->stmt = ngx_wxapp_mysql_stmt_get(&conn->stmts, conn->handle,
                                                  &query->sql);

            if (conn->stmt) {
                conn->step = NGX_WXAPP_MYSQL_PREPARE;
                return NGX_OK;
            }
        }

        *status = NGX_WXAPP_OP_FAILED;
        return NGX_ERROR;

    case ER_MAX_PREPARED_STMT_COUNT_REACHED:

        /* the server is full of statements: one of ours goes for this one */

        if (!conn->again && ngx_wxapp_mysql_stmts_evict(&conn->stmts) == NGX_OK)
        {
            conn->again = 1;
            return NGX_OK;
        }

        break;

    case ER_NET_PACKET_TOO_LARGE:

        /* the server closes its side after that */

        *status = NGX_WXAPP_OP_ERROR;
        return NGX_ERROR;

    case 0:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case NGX_WXAPP_ER_CLIENT_INACTIVE:
        *status = NGX_WXAPP_OP_LOST;
        return NGX_ERROR;
    }

    /* the client library's own, and the server's of a broken connection */

    if ((error >= CR_MIN_ERROR && error < CR_MIN_ERROR + 1000)
        || (error >= ER_ABORTING_CONNECTION
            && error <= ER_NET_WRITE_INTERRUPTED))
    {
        *status = NGX_WXAPP_OP_LOST;
        return NGX_ERROR;
    }

    conn->pool->stats->errors++;

    /* a statement that failed to prepare is not worth keeping */

    if (conn->stmt && conn->stmt->fresh) {
        ngx_wxapp_mysql_stmt_free(&conn->stmts, conn->stmt);
    }

    *status = NGX_WXAPP_OP_ERROR;

    return NGX_DONE;
}


/* all rows are in memory by now: nothing here waits */

static ngx_int_t
ngx_wxapp_mysql_conn_rows(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_int_t                 rc;
    ngx_wxapp_mysql_stmt_t   *stmt;
    ngx_wxapp_mysql_query_t  *query;

    stmt = conn->stmt;
    query = conn->query;

    for ( ;; ) {

        if (query->op.owner == NULL || query->row == NULL) {
            return NGX_OK;
        }

        rc = ngx_wxapp_mysql_stmt_fetch(stmt, query->pool);

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : NGX_ERROR;
        }

        query->rows++;

        if (query->row(query, stmt->row, stmt->ncolumns) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


void
ngx_wxapp_mysql_conn_close(ngx_wxapp_mysql_conn_t *conn)
{
    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->handle) {

        if (conn->state == NGX_WXAPP_MYSQL_BUSY) {
            ngx_wxapp_mysql_conn_unwind(conn);
        }

        ngx_wxapp_mysql_stmts_free(&conn->stmts);

        mysql_close(conn->handle);
    }

    if (conn->connection) {
        ngx_close_connection(conn->connection);
    }

    ngx_free(conn);
}


/*
 * An operation dropped in the middle would leak what it holds, and its stack
 * refers to our buffers: shut the socket down and let it run to its end.
 */

static void
ngx_wxapp_mysql_conn_unwind(ngx_wxapp_mysql_conn_t *conn)
{
    int         failed, ready;
    ngx_uint_t  n;

    mariadb_cancel(conn->handle);

    for (n = 0; conn->waits && n < NGX_WXAPP_MYSQL_UNWIND; n++) {
        ready = conn->waits & (MYSQL_WAIT_READ|MYSQL_WAIT_WRITE);
        conn->waits = ngx_wxapp_mysql_conn_call(conn, ready, &failed);
    }

    if (conn->waits) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "mysql operation does not end");
    }
}
