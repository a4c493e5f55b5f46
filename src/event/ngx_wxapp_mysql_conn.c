
#include "event/ngx_wxapp_mysql_conn.h"

#include <errmsg.h>
#include <mysqld_error.h>


/* 4 to 11 KB were measured in use, TLS and plugins included */

#define NGX_WXAPP_MYSQL_STACK     65536

#define NGX_WXAPP_MYSQL_COLUMN    4096     /* longer ones are fetched apart */
#define NGX_WXAPP_MYSQL_VALIDATE  30000    /* ms of rest, then ping first */
#define NGX_WXAPP_MYSQL_UNWIND    1000

/* MySQL 8 says so before it closes a connection at rest; MariaDB does not */

#define NGX_WXAPP_ER_CLIENT_INACTIVE  4031

#define ngx_wxapp_mysql_stmt(q)                                               \
    ngx_queue_data(q, ngx_wxapp_mysql_stmt_t, queue)


static void ngx_wxapp_mysql_conn_thread(void *data, ngx_log_t *log);
static ngx_int_t ngx_wxapp_mysql_conn_setup(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_conn_connected(ngx_event_t *ev);
static ngx_int_t ngx_wxapp_mysql_conn_register(ngx_wxapp_mysql_conn_t *conn);
static void ngx_wxapp_mysql_conn_read_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_conn_write_handler(ngx_event_t *ev);
static void ngx_wxapp_mysql_conn_timeout_handler(ngx_event_t *ev);
static ngx_int_t ngx_wxapp_mysql_conn_begin(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_query_t *query);
static void ngx_wxapp_mysql_conn_go(ngx_wxapp_mysql_conn_t *conn, int ready);
static ngx_int_t ngx_wxapp_mysql_conn_step(ngx_wxapp_mysql_conn_t *conn,
    int ready, ngx_wxapp_op_status_e *status);
static int ngx_wxapp_mysql_conn_call(ngx_wxapp_mysql_conn_t *conn, int ready,
    int *failed);
static ngx_int_t ngx_wxapp_mysql_conn_error(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_op_status_e *status);
static ngx_int_t ngx_wxapp_mysql_conn_bind(ngx_wxapp_mysql_conn_t *conn);
static ngx_int_t ngx_wxapp_mysql_conn_rows(ngx_wxapp_mysql_conn_t *conn);
static ngx_int_t ngx_wxapp_mysql_conn_column(ngx_wxapp_mysql_conn_t *conn,
    ngx_uint_t i);
static void ngx_wxapp_mysql_conn_unwind(ngx_wxapp_mysql_conn_t *conn);
static ngx_wxapp_mysql_stmt_t *ngx_wxapp_mysql_stmt_get(
    ngx_wxapp_mysql_conn_t *conn, ngx_str_t *sql);
static ngx_int_t ngx_wxapp_mysql_stmt_columns(ngx_wxapp_mysql_stmt_t *stmt);
static void ngx_wxapp_mysql_stmt_free(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_stmt_t *stmt);


ngx_wxapp_mysql_conn_t *
ngx_wxapp_mysql_conn_create(ngx_wxapp_mysql_t *mysql)
{
    ngx_wxapp_mysql_conn_t  *conn;

    conn = ngx_calloc(sizeof(ngx_wxapp_mysql_conn_t)
                      + sizeof(ngx_thread_task_t), ngx_cycle->log);
    if (conn == NULL) {
        return NULL;
    }

    conn->mysql = mysql;
    conn->state = NGX_WXAPP_MYSQL_CONNECTING;

    ngx_queue_init(&conn->stmts);
    ngx_rbtree_init(&conn->tree, &conn->sentinel, ngx_str_rbtree_insert_value);

    ngx_wxapp_event_init(&conn->timer, &conn->timer_ident, conn,
                         ngx_wxapp_mysql_conn_timeout_handler);

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
 * In a thread, with the blocking API: no pool, no event, no log of nginx is
 * touched here, only the connection's own memory and strings that do not
 * change.  Exit waits for threads, so both outlive this.
 */

static void
ngx_wxapp_mysql_conn_thread(void *data, ngx_log_t *log)
{
    ngx_wxapp_mysql_conn_t *conn = data;

    char               *socket;
    my_bool             off, tls, verify;
    MYSQL              *handle;
    size_t              stack;
    unsigned int        timeout, infile, protocol;
    ngx_wxapp_mysql_t  *mysql;

    mysql = conn->mysql;

    handle = mysql_init(NULL);
    if (handle == NULL) {
        conn->error = CR_OUT_OF_MEMORY;
        ngx_cpystrn(conn->message, (u_char *) "no memory",
                    sizeof(conn->message));
        return;
    }

    off = 0;
    tls = (mysql->tls != NGX_WXAPP_MYSQL_TLS_OFF);
    verify = (mysql->tls == NGX_WXAPP_MYSQL_TLS_VERIFY);
    infile = 0;
    protocol = MYSQL_PROTOCOL_TCP;
    stack = NGX_WXAPP_MYSQL_STACK;
    timeout = (mysql->connect_timeout + 999) / 1000;
    socket = mysql->socket.len ? (char *) mysql->socket.data : NULL;

    /* else "localhost" would be a socket of the library's own choice */

    if (socket == NULL) {
        mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
    }

    mysql_options(handle, MYSQL_OPT_NONBLOCK, &stack);
    mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
    mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &timeout);
    mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &timeout);
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(handle, MYSQL_OPT_RECONNECT, &off);
    mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &infile);
    mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &tls);
    mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    mysql_options4(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
                   "nginx wxapp");

    if (mysql->tls_ca.len) {
        mysql_options(handle, MYSQL_OPT_SSL_CA, (char *) mysql->tls_ca.data);
    }

    conn->handle = handle;

    /* affected rows are those found, so that an equal UPDATE is no 404 */

    if (mysql_real_connect(handle, socket ? NULL : (char *) mysql->host.data,
                           (char *) mysql->user.data,
                           (char *) mysql->password.data,
                           (char *) mysql->database.data, mysql->port, socket,
                           CLIENT_FOUND_ROWS)
        == NULL
        || ngx_wxapp_mysql_conn_setup(conn) != NGX_OK)
    {
        conn->error = mysql_errno(handle);
        ngx_cpystrn(conn->message, (u_char *) mysql_error(handle),
                    sizeof(conn->message));
        mysql_close(handle);
        conn->handle = NULL;
        return;
    }

    /* "enforce" is content with a server that has no TLS at all */

    if (tls && mysql_get_ssl_cipher(handle) == NULL) {
        conn->error = CR_SSL_CONNECTION_ERROR;
        ngx_cpystrn(conn->message, (u_char *) "the server has no TLS",
                    sizeof(conn->message));
        mysql_close(handle);
        conn->handle = NULL;
        return;
    }

    /* TLS reads and writes by the flag of the socket, whatever the API */

    (void) ngx_nonblocking(mysql_get_socket(handle));
}


static ngx_int_t
ngx_wxapp_mysql_conn_setup(ngx_wxapp_mysql_conn_t *conn)
{
    u_char      *p, sql[512];
    ngx_msec_t   limit;

    /* the server gives up a little after us */

    limit = conn->mysql->query_timeout + conn->mysql->query_timeout / 10;

    p = ngx_sprintf(sql, "SET NAMES utf8mb4, SESSION autocommit = 1, "
                    "SESSION time_zone = '+00:00', "
                    "SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,"
                    "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                    "NO_ENGINE_SUBSTITUTION', ");

    if (mariadb_connection(conn->handle)) {
        p = ngx_sprintf(p, "SESSION max_statement_time = %M.%03M", limit / 1000,
                        limit % 1000);

    } else {
        p = ngx_sprintf(p, "SESSION max_execution_time = %M", limit);
    }

    return mysql_real_query(conn->handle, (char *) sql, p - sql) ? NGX_ERROR
                                                                 : NGX_OK;
}


static void
ngx_wxapp_mysql_conn_connected(ngx_event_t *ev)
{
    ngx_wxapp_mysql_conn_t  *conn = ev->data;

    if (conn->handle && ngx_wxapp_mysql_conn_register(conn) != NGX_OK) {
        conn->error = CR_UNKNOWN_ERROR;
        ngx_cpystrn(conn->message, (u_char *) "no free worker_connections",
                    sizeof(conn->message));
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

    conn->mysql->stats->timeouts++;

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
    conn->again = 0;

    query->rows = 0;

    ngx_add_timer(&conn->timer, conn->mysql->query_timeout);

    conn->stmt = ngx_wxapp_mysql_stmt_get(conn, &query->sql);

    if (conn->stmt == NULL) {
        return NGX_ERROR;
    }

    if (conn->was_idle
        && ngx_current_msec - conn->used > NGX_WXAPP_MYSQL_VALIDATE)
    {
        conn->step = NGX_WXAPP_MYSQL_PING;

    } else if (conn->fresh) {
        conn->step = NGX_WXAPP_MYSQL_PREPARE;

    } else {
        conn->step = NGX_WXAPP_MYSQL_EXECUTE;
        return ngx_wxapp_mysql_conn_bind(conn);
    }

    return NGX_OK;
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
    int                       failed;
    MYSQL_STMT               *stmt;
    ngx_wxapp_mysql_query_t  *query;

    *status = NGX_WXAPP_OP_OK;

    conn->waits = ngx_wxapp_mysql_conn_call(conn, ready, &failed);

    if (conn->waits) {
        return NGX_AGAIN;
    }

    if (failed) {
        return ngx_wxapp_mysql_conn_error(conn, status);
    }

    query = conn->query;
    stmt = conn->stmt->stmt;

    switch (conn->step) {

    case NGX_WXAPP_MYSQL_PING:
        conn->step = conn->fresh ? NGX_WXAPP_MYSQL_PREPARE
                                 : NGX_WXAPP_MYSQL_EXECUTE;

        if (conn->fresh) {
            return NGX_OK;
        }

        break;

    case NGX_WXAPP_MYSQL_PREPARE:
        conn->step = NGX_WXAPP_MYSQL_EXECUTE;
        conn->fresh = 0;
        break;

    case NGX_WXAPP_MYSQL_EXECUTE:
        if (mysql_stmt_field_count(stmt)) {
            conn->step = NGX_WXAPP_MYSQL_STORE;
            return NGX_OK;
        }

        query->affected = mysql_stmt_affected_rows(stmt);
        query->insert_id = mysql_stmt_insert_id(stmt);

        return NGX_DONE;

    case NGX_WXAPP_MYSQL_STORE:
        if (ngx_wxapp_mysql_conn_rows(conn) != NGX_OK) {
            *status = NGX_WXAPP_OP_FAILED;
            return NGX_ERROR;
        }

        conn->step = NGX_WXAPP_MYSQL_FREE;
        return NGX_OK;

    default: /* NGX_WXAPP_MYSQL_FREE */
        return NGX_DONE;
    }

    if (ngx_wxapp_mysql_conn_bind(conn) != NGX_OK) {
        *status = NGX_WXAPP_OP_FAILED;
        return NGX_ERROR;
    }

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

    stmt = conn->stmt->stmt;

    switch (conn->step) {

    case NGX_WXAPP_MYSQL_PING:
        return ready ? mysql_ping_cont(failed, conn->handle, ready)
                     : mysql_ping_start(failed, conn->handle);

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

    if (conn->step == NGX_WXAPP_MYSQL_PING) {
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

        /* the table changed under a statement: once more with a new one */

        if (!conn->again && conn->step == NGX_WXAPP_MYSQL_EXECUTE) {
            conn->again = 1;

            ngx_wxapp_mysql_stmt_free(conn, conn->stmt);
            conn->stmt = ngx_wxapp_mysql_stmt_get(conn, &query->sql);

            if (conn->stmt) {
                conn->step = NGX_WXAPP_MYSQL_PREPARE;
                return NGX_OK;
            }
        }

        *status = NGX_WXAPP_OP_FAILED;
        return NGX_ERROR;

    case ER_MAX_PREPARED_STMT_COUNT_REACHED:

        /* the server is full of statements: one of ours goes for this one */

        if (!conn->again && conn->nstmts > 1) {
            conn->again = 1;

            ngx_wxapp_mysql_stmt_free(conn,
                         ngx_wxapp_mysql_stmt(ngx_queue_last(&conn->stmts)));
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

    conn->mysql->stats->errors++;

    /* a statement that failed to prepare is not worth keeping */

    if (conn->fresh) {
        ngx_wxapp_mysql_stmt_free(conn, conn->stmt);
        conn->stmt = NULL;
    }

    *status = NGX_WXAPP_OP_ERROR;

    return NGX_DONE;
}


static ngx_int_t
ngx_wxapp_mysql_conn_bind(ngx_wxapp_mysql_conn_t *conn)
{
    MYSQL_BIND               *bind;
    ngx_uint_t                i;
    ngx_wxapp_value_t        *value;
    ngx_wxapp_mysql_query_t  *query;

    query = conn->query;

    if (mysql_stmt_param_count(conn->stmt->stmt) != query->nparams) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "mysql statement with %ui parameters got %ui",
                      (ngx_uint_t) mysql_stmt_param_count(conn->stmt->stmt),
                      query->nparams);
        return NGX_ERROR;
    }

    if (query->nparams == 0) {
        return NGX_OK;
    }

    bind = ngx_pcalloc(query->pool, query->nparams * sizeof(MYSQL_BIND));
    if (bind == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < query->nparams; i++) {
        value = &query->params[i];

        switch (value->type) {

        case NGX_WXAPP_VALUE_INTEGER:
            bind[i].buffer_type = MYSQL_TYPE_LONGLONG;
            bind[i].buffer = &value->integer;
            break;

        case NGX_WXAPP_VALUE_DECIMAL:
            bind[i].buffer_type = MYSQL_TYPE_NEWDECIMAL;
            bind[i].buffer = value->text.data;
            bind[i].buffer_length = value->text.len;
            break;

        case NGX_WXAPP_VALUE_TEXT:
            bind[i].buffer_type = MYSQL_TYPE_STRING;
            bind[i].buffer = value->text.data;
            bind[i].buffer_length = value->text.len;
            break;

        default:
            bind[i].buffer_type = MYSQL_TYPE_NULL;
        }
    }

    return mysql_stmt_bind_param(conn->stmt->stmt, bind) ? NGX_ERROR : NGX_OK;
}


/* all rows are in memory by now: nothing here waits */

static ngx_int_t
ngx_wxapp_mysql_conn_rows(ngx_wxapp_mysql_conn_t *conn)
{
    int                       rc;
    ngx_uint_t                i;
    ngx_wxapp_mysql_stmt_t   *stmt;
    ngx_wxapp_mysql_query_t  *query;

    stmt = conn->stmt;
    query = conn->query;

    if (stmt->ncolumns != mysql_stmt_field_count(stmt->stmt)
        && ngx_wxapp_mysql_stmt_columns(stmt) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for ( ;; ) {

        if (query->op.owner == NULL || query->row == NULL) {
            return NGX_OK;
        }

        rc = mysql_stmt_fetch(stmt->stmt);

        if (rc == MYSQL_NO_DATA) {
            return NGX_OK;
        }

        if (rc != 0 && rc != MYSQL_DATA_TRUNCATED) {
            return NGX_ERROR;
        }

        for (i = 0; i < stmt->ncolumns; i++) {
            if (stmt->nulls[i]) {
                ngx_str_null(&stmt->columns[i]);
                continue;
            }

            stmt->columns[i].data = stmt->binds[i].buffer;
            stmt->columns[i].len = stmt->lengths[i];

            if (stmt->lengths[i] > stmt->binds[i].buffer_length
                && ngx_wxapp_mysql_conn_column(conn, i) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        query->rows++;

        if (query->row(query, stmt->columns, stmt->ncolumns) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_wxapp_mysql_conn_column(ngx_wxapp_mysql_conn_t *conn, ngx_uint_t i)
{
    my_bool                  null;
    MYSQL_BIND               bind;
    unsigned long            len;
    ngx_wxapp_mysql_stmt_t  *stmt;

    stmt = conn->stmt;

    ngx_memzero(&bind, sizeof(MYSQL_BIND));

    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer_length = stmt->lengths[i];
    bind.length = &len;
    bind.is_null = &null;
    bind.buffer = ngx_pnalloc(conn->query->pool, stmt->lengths[i]);

    if (bind.buffer == NULL
        || mysql_stmt_fetch_column(stmt->stmt, &bind, i, 0) != 0)
    {
        return NGX_ERROR;
    }

    stmt->columns[i].data = bind.buffer;

    return NGX_OK;
}


void
ngx_wxapp_mysql_conn_close(ngx_wxapp_mysql_conn_t *conn)
{
    ngx_queue_t  *q;

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->handle) {

        if (conn->state == NGX_WXAPP_MYSQL_BUSY) {
            ngx_wxapp_mysql_conn_unwind(conn);
        }

        while (!ngx_queue_empty(&conn->stmts)) {
            q = ngx_queue_head(&conn->stmts);
            ngx_wxapp_mysql_stmt_free(conn, ngx_wxapp_mysql_stmt(q));
        }

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


static ngx_wxapp_mysql_stmt_t *
ngx_wxapp_mysql_stmt_get(ngx_wxapp_mysql_conn_t *conn, ngx_str_t *sql)
{
    uint32_t                 hash;
    ngx_pool_t              *pool;
    ngx_queue_t             *q;
    ngx_wxapp_mysql_stmt_t  *stmt;

    hash = ngx_murmur_hash2(sql->data, sql->len);

    stmt = (ngx_wxapp_mysql_stmt_t *) ngx_str_rbtree_lookup(&conn->tree, sql,
                                                            hash);
    conn->fresh = (stmt == NULL);

    if (stmt) {
        ngx_queue_remove(&stmt->queue);
        ngx_queue_insert_head(&conn->stmts, &stmt->queue);
        return stmt;
    }

    if (conn->nstmts >= conn->mysql->statements) {
        q = ngx_queue_last(&conn->stmts);
        ngx_wxapp_mysql_stmt_free(conn, ngx_wxapp_mysql_stmt(q));
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    stmt = ngx_pcalloc(pool, sizeof(ngx_wxapp_mysql_stmt_t));
    if (stmt == NULL) {
        goto failed;
    }

    stmt->pool = pool;

    stmt->sn.node.key = hash;
    stmt->sn.str.len = sql->len;
    stmt->sn.str.data = ngx_pstrdup(pool, sql);

    if (stmt->sn.str.data == NULL) {
        goto failed;
    }

    stmt->stmt = mysql_stmt_init(conn->handle);
    if (stmt->stmt == NULL) {
        goto failed;
    }

    ngx_rbtree_insert(&conn->tree, &stmt->sn.node);
    ngx_queue_insert_head(&conn->stmts, &stmt->queue);
    conn->nstmts++;

    return stmt;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


/* every column comes as text, exact whatever its type */

static ngx_int_t
ngx_wxapp_mysql_stmt_columns(ngx_wxapp_mysql_stmt_t *stmt)
{
    size_t        size;
    ngx_uint_t    i, n;
    MYSQL_RES    *meta;
    MYSQL_FIELD  *field;

    n = mysql_stmt_field_count(stmt->stmt);

    stmt->binds = ngx_pcalloc(stmt->pool, n * sizeof(MYSQL_BIND));
    stmt->lengths = ngx_pcalloc(stmt->pool, n * sizeof(unsigned long));
    stmt->nulls = ngx_pcalloc(stmt->pool, n * sizeof(my_bool));
    stmt->cut = ngx_pcalloc(stmt->pool, n * sizeof(my_bool));
    stmt->columns = ngx_pcalloc(stmt->pool, n * sizeof(ngx_str_t));

    if (stmt->binds == NULL || stmt->lengths == NULL || stmt->nulls == NULL
        || stmt->cut == NULL || stmt->columns == NULL)
    {
        return NGX_ERROR;
    }

    meta = mysql_stmt_result_metadata(stmt->stmt);
    if (meta == NULL) {
        return NGX_ERROR;
    }

    field = mysql_fetch_fields(meta);

    for (i = 0; i < n; i++) {

        /* the length of text is in bytes; 32 hold any number or time */

        size = ngx_min(field[i].length + 1, NGX_WXAPP_MYSQL_COLUMN);
        size = ngx_max(size, 32);

        stmt->binds[i].buffer = ngx_pnalloc(stmt->pool, size);
        if (stmt->binds[i].buffer == NULL) {
            mysql_free_result(meta);
            return NGX_ERROR;
        }

        stmt->binds[i].buffer_type = MYSQL_TYPE_STRING;
        stmt->binds[i].buffer_length = size;
        stmt->binds[i].length = &stmt->lengths[i];
        stmt->binds[i].is_null = &stmt->nulls[i];
        stmt->binds[i].error = &stmt->cut[i];
    }

    mysql_free_result(meta);

    stmt->ncolumns = n;

    return mysql_stmt_bind_result(stmt->stmt, stmt->binds) ? NGX_ERROR
                                                           : NGX_OK;
}


static void
ngx_wxapp_mysql_stmt_free(ngx_wxapp_mysql_conn_t *conn,
    ngx_wxapp_mysql_stmt_t *stmt)
{
    ngx_queue_remove(&stmt->queue);
    ngx_rbtree_delete(&conn->tree, &stmt->sn.node);
    conn->nstmts--;

    mysql_stmt_close(stmt->stmt);

    ngx_destroy_pool(stmt->pool);
}
