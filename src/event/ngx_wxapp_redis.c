
#include "event/ngx_wxapp_redis.h"
#include "base/ngx_wxapp_crypto.h"

#include <ngx_event_connect.h>


#define NGX_WXAPP_REDIS_BUFFER       16384
#define NGX_WXAPP_REDIS_OUTPUT_MAX   (16 * 1024 * 1024)
#define NGX_WXAPP_REDIS_BACKOFF      50         /* ms, doubled to */
#define NGX_WXAPP_REDIS_BACKOFF_MAX  2000

/* a head of the line this much older than its deadline: nobody is there */

#define NGX_WXAPP_REDIS_DEAD         5

/* seconds between error replies in the log */

#define NGX_WXAPP_REDIS_TELL         60


typedef enum {
    NGX_WXAPP_REDIS_DOWN = 0,
    NGX_WXAPP_REDIS_CONNECTING,
    NGX_WXAPP_REDIS_GREETING,                   /* AUTH and SELECT sent */
    NGX_WXAPP_REDIS_READY
} ngx_wxapp_redis_state_e;


struct ngx_wxapp_redis_conn_s {
    ngx_wxapp_redis_t        *redis;
    ngx_wxapp_redis_state_e   state;
    ngx_peer_connection_t     peer;
    ngx_log_t                 quiet;            /* for retries of connect() */
    ngx_connection_t         *connection;
    redisReader              *reader;

    ngx_queue_t               pending;          /* sent, in order */
    ngx_queue_t               early;            /* before we are ready */
    ngx_uint_t                npending;
    ngx_uint_t                nearly;
    ngx_uint_t                greetings;        /* replies still to come */

    /* commands not yet written */

    u_char                   *out;
    size_t                    out_sent;
    size_t                    out_len;
    size_t                    out_size;

    ngx_msec_t                backoff;
    ngx_msec_t                born;             /* when it was ready */
    ngx_uint_t                served;           /* commands since then */
    ngx_uint_t                failed;           /* last connect; logged once */
    time_t                    told;             /* of an error reply */

    ngx_event_t               flush;            /* posted */
    ngx_event_t               deadline;         /* of the oldest command */
    ngx_event_t               connect;          /* timeout or back-off */
    ngx_wxapp_event_data_t    flush_ident;
    ngx_wxapp_event_data_t    deadline_ident;
    ngx_wxapp_event_data_t    connect_ident;
};


static void ngx_wxapp_redis_connect(ngx_wxapp_redis_conn_t *conn);
static void ngx_wxapp_redis_connected(ngx_wxapp_redis_conn_t *conn);
static void ngx_wxapp_redis_greet(ngx_wxapp_redis_conn_t *conn);
static void ngx_wxapp_redis_ready_now(ngx_wxapp_redis_conn_t *conn);
static void ngx_wxapp_redis_close(ngx_wxapp_redis_conn_t *conn,
    ngx_err_t err, const char *reason);
static void ngx_wxapp_redis_unsent(ngx_wxapp_redis_conn_t *conn);
static void ngx_wxapp_redis_drop(ngx_wxapp_redis_conn_t *conn);
static void ngx_wxapp_redis_connect_handler(ngx_event_t *ev);
static void ngx_wxapp_redis_read_handler(ngx_event_t *ev);
static void ngx_wxapp_redis_write_handler(ngx_event_t *ev);
static void ngx_wxapp_redis_flush_handler(ngx_event_t *ev);
static void ngx_wxapp_redis_deadline_handler(ngx_event_t *ev);
static ngx_int_t ngx_wxapp_redis_replies(ngx_wxapp_redis_conn_t *conn);
static ngx_int_t ngx_wxapp_redis_greeting(ngx_wxapp_redis_conn_t *conn,
    redisReply *reply);
static void ngx_wxapp_redis_reply(ngx_wxapp_redis_conn_t *conn,
    redisReply *reply);
static size_t ngx_wxapp_redis_words(redisReply *reply);
static ngx_int_t ngx_wxapp_redis_reload(ngx_wxapp_redis_conn_t *conn,
    ngx_wxapp_redis_op_t *op, redisReply *reply);
static void ngx_wxapp_redis_flush(ngx_wxapp_redis_conn_t *conn);
static ngx_int_t ngx_wxapp_redis_output(ngx_wxapp_redis_conn_t *conn,
    const char *data, size_t len);
static void ngx_wxapp_redis_watch(ngx_wxapp_redis_conn_t *conn);
static ngx_int_t ngx_wxapp_redis_format(ngx_wxapp_redis_op_t *op,
    ngx_str_t *argv, ngx_uint_t argc);
static ngx_wxapp_redis_op_t *ngx_wxapp_redis_op(ngx_wxapp_redis_t *redis);
static void ngx_wxapp_redis_free(ngx_wxapp_op_t *op);


ngx_int_t
ngx_wxapp_redis_start(ngx_wxapp_redis_t *redis)
{
    ngx_wxapp_redis_conn_t  *conn;

    conn = ngx_calloc(sizeof(ngx_wxapp_redis_conn_t), ngx_cycle->log);
    if (conn == NULL) {
        return NGX_ERROR;
    }

    conn->redis = redis;
    redis->conn = conn;

    /* nginx would log every failed try; we log when the state changes */

    conn->quiet = *ngx_cycle->log;
    conn->quiet.log_level = NGX_LOG_EMERG;
    conn->quiet.next = NULL;

    ngx_queue_init(&conn->pending);
    ngx_queue_init(&conn->early);

    ngx_wxapp_event_init(&conn->flush, &conn->flush_ident, conn,
                         ngx_wxapp_redis_flush_handler);
    ngx_wxapp_event_init(&conn->deadline, &conn->deadline_ident, conn,
                         ngx_wxapp_redis_deadline_handler);
    ngx_wxapp_event_init(&conn->connect, &conn->connect_ident, conn,
                         ngx_wxapp_redis_connect_handler);

    /* no request waits for these: commands have a timer of their own */

    conn->connect.cancelable = 1;

    ngx_wxapp_redis_connect(conn);

    return NGX_OK;
}


void
ngx_wxapp_redis_stop(ngx_wxapp_redis_t *redis)
{
    ngx_queue_t             *q;
    ngx_wxapp_op_t          *op;
    ngx_wxapp_redis_conn_t  *conn;

    conn = redis->conn;

    if (conn == NULL) {
        return;
    }

    ngx_wxapp_redis_drop(conn);

    ngx_queue_add(&conn->pending, &conn->early);

    while (!ngx_queue_empty(&conn->pending)) {
        q = ngx_queue_head(&conn->pending);
        ngx_queue_remove(q);

        op = ngx_queue_data(q, ngx_wxapp_op_t, queue);
        op->free(op);
    }

    if (conn->deadline.timer_set) {
        ngx_del_timer(&conn->deadline);
    }

    if (conn->connect.timer_set) {
        ngx_del_timer(&conn->connect);
    }

    ngx_free(conn);
    redis->conn = NULL;
}


ngx_uint_t
ngx_wxapp_redis_ready(ngx_wxapp_redis_t *redis)
{
    return redis->conn
           && (redis->conn->state == NGX_WXAPP_REDIS_READY
               || !redis->conn->failed);
}


ngx_wxapp_redis_op_t *
ngx_wxapp_redis_command(ngx_wxapp_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc)
{
    ngx_wxapp_redis_op_t  *op;

    op = ngx_wxapp_redis_op(redis);
    if (op == NULL) {
        return NULL;
    }

    if (ngx_wxapp_redis_format(op, argv, argc) != NGX_OK) {
        ngx_wxapp_redis_free(&op->op);
        return NULL;
    }

    return op;
}


ngx_wxapp_redis_op_t *
ngx_wxapp_redis_eval(ngx_wxapp_redis_t *redis,
    ngx_wxapp_redis_script_t *script, ngx_uint_t keys, ngx_str_t *argv,
    ngx_uint_t argc)
{
    u_char                *p;
    size_t                 len;
    ngx_str_t             *args;
    ngx_uint_t             i;
    ngx_wxapp_redis_op_t  *op;

    op = ngx_wxapp_redis_op(redis);
    if (op == NULL) {
        return NULL;
    }

    /* kept until the reply: NOSCRIPT makes us send them again */

    len = NGX_INT_T_LEN;

    for (i = 0; i < argc; i++) {
        len += argv[i].len;
    }

    args = ngx_palloc(op->pool, (argc + 3) * sizeof(ngx_str_t));
    p = ngx_pnalloc(op->pool, len);

    if (args == NULL || p == NULL) {
        goto failed;
    }

    ngx_str_set(&args[0], "EVALSHA");

    args[1].len = sizeof(script->sha);
    args[1].data = script->sha;

    args[2].data = p;
    p = ngx_sprintf(p, "%ui", keys);
    args[2].len = p - args[2].data;

    for (i = 0; i < argc; i++) {
        args[i + 3].data = p;
        args[i + 3].len = argv[i].len;
        p = ngx_cpymem(p, argv[i].data, argv[i].len);
    }

    op->script = script;
    op->argv = args;
    op->argc = argc + 3;

    if (ngx_wxapp_redis_format(op, op->argv, op->argc) != NGX_OK) {
        goto failed;
    }

    return op;

failed:

    ngx_wxapp_redis_free(&op->op);

    return NULL;
}


void
ngx_wxapp_redis_send(ngx_wxapp_redis_op_t *op)
{
    ngx_wxapp_redis_t       *redis;
    ngx_wxapp_redis_conn_t  *conn;

    redis = op->redis;
    conn = redis->conn;

    op->op.started = ngx_current_msec;
    op->op.deadline = ngx_current_msec + redis->command_timeout;

    if (conn == NULL
        || (conn->state != NGX_WXAPP_REDIS_READY && conn->failed))
    {
        redis->stats->refused++;
        ngx_wxapp_op_post(&op->op, NGX_WXAPP_OP_UNAVAILABLE);
        return;
    }

    if (conn->npending + conn->nearly >= redis->queue) {
        redis->stats->refused++;
        ngx_wxapp_op_post(&op->op, NGX_WXAPP_OP_OVERLOADED);
        return;
    }

    redis->stats->commands++;

    if (conn->state != NGX_WXAPP_REDIS_READY) {
        ngx_queue_insert_tail(&conn->early, &op->op.queue);
        conn->nearly++;

        if (conn->state == NGX_WXAPP_REDIS_DOWN && !conn->connect.timer_set) {
            ngx_add_timer(&conn->connect, 1);
        }

    } else {
        if (ngx_wxapp_redis_output(conn, op->command, op->len) != NGX_OK) {
            redis->stats->refused++;
            ngx_wxapp_op_post(&op->op, NGX_WXAPP_OP_OVERLOADED);
            return;
        }

        ngx_queue_insert_tail(&conn->pending, &op->op.queue);
        conn->npending++;
    }

    ngx_wxapp_redis_watch(conn);
}


ngx_int_t
ngx_wxapp_redis_script(ngx_wxapp_redis_script_t *script)
{
    return ngx_wxapp_sha1_hex(&script->source, script->sha);
}


static void
ngx_wxapp_redis_connect(ngx_wxapp_redis_conn_t *conn)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_peer_connection_t  *pc;

    pc = &conn->peer;
    ngx_memzero(pc, sizeof(ngx_peer_connection_t));

    addr = &conn->redis->server.addrs[0];

    pc->sockaddr = addr->sockaddr;
    pc->socklen = addr->socklen;
    pc->name = &addr->name;
    pc->get = ngx_event_get_peer;
    pc->log = &conn->quiet;
    pc->log_error = NGX_ERROR_INFO;

    conn->reader = redisReaderCreate();
    if (conn->reader == NULL) {
        ngx_wxapp_redis_close(conn, 0, "no memory");
        return;
    }

    rc = ngx_event_connect_peer(pc);

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        ngx_wxapp_redis_close(conn, ngx_socket_errno, "cannot connect");
        return;
    }

    c = pc->connection;
    conn->connection = c;

    c->data = conn;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_wxapp_redis_read_handler;
    c->write->handler = ngx_wxapp_redis_write_handler;

    conn->state = NGX_WXAPP_REDIS_CONNECTING;

    ngx_add_timer(&conn->connect, conn->redis->connect_timeout);

    if (rc == NGX_OK) {
        ngx_wxapp_redis_connected(conn);
    }
}


static void
ngx_wxapp_redis_connected(ngx_wxapp_redis_conn_t *conn)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(conn->connection->fd, SOL_SOCKET, SO_ERROR, &err, &len)
        == -1)
    {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_wxapp_redis_close(conn, err, "cannot connect");
        return;
    }

    if (conn->peer.sockaddr->sa_family != AF_UNIX) {
        (void) ngx_tcp_nodelay(conn->connection);
    }

    conn->state = NGX_WXAPP_REDIS_GREETING;

    ngx_wxapp_redis_greet(conn);
}


static void
ngx_wxapp_redis_greet(ngx_wxapp_redis_conn_t *conn)
{
    int                 n;
    char               *command;
    size_t              arglen[3];
    const char         *argv[3];
    u_char              number[NGX_INT_T_LEN];
    ngx_wxapp_redis_t  *redis;

    redis = conn->redis;

    if (redis->password.len) {
        n = 0;
        argv[n] = "AUTH";
        arglen[n++] = 4;

        if (redis->user.len) {
            argv[n] = (char *) redis->user.data;
            arglen[n++] = redis->user.len;
        }

        argv[n] = (char *) redis->password.data;
        arglen[n++] = redis->password.len;

        n = redisFormatCommandArgv(&command, n, argv, arglen);

        if (n < 0) {
            goto failed;
        }

        if (ngx_wxapp_redis_output(conn, command, n) != NGX_OK) {
            redisFreeCommand(command);
            goto failed;
        }

        ngx_explicit_memzero(command, n);
        redisFreeCommand(command);
        conn->greetings++;
    }

    if (redis->database) {
        argv[0] = "SELECT";
        arglen[0] = 6;
        argv[1] = (char *) number;
        arglen[1] = ngx_sprintf(number, "%ui", redis->database) - number;

        n = redisFormatCommandArgv(&command, 2, argv, arglen);

        if (n < 0) {
            goto failed;
        }

        if (ngx_wxapp_redis_output(conn, command, n) != NGX_OK) {
            redisFreeCommand(command);
            goto failed;
        }

        redisFreeCommand(command);
        conn->greetings++;
    }

    /* a server that answers nothing, or is loading its data, is not ready */

    if (ngx_wxapp_redis_output(conn, "*1\r\n$4\r\nPING\r\n", 14) != NGX_OK) {
        goto failed;
    }

    conn->greetings++;

    return;

failed:

    ngx_wxapp_redis_close(conn, 0, "no memory");
}


static void
ngx_wxapp_redis_ready_now(ngx_wxapp_redis_conn_t *conn)
{
    ngx_queue_t           *q;
    ngx_wxapp_redis_op_t  *op;

    ngx_del_timer(&conn->connect);

    if (conn->failed) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "redis %V is back", conn->peer.name);
    }

    conn->state = NGX_WXAPP_REDIS_READY;
    conn->failed = 0;
    conn->born = ngx_current_msec;
    conn->served = 0;
    conn->redis->stats->up = 1;
    conn->redis->stats->connects++;

    while (!ngx_queue_empty(&conn->early)) {
        q = ngx_queue_head(&conn->early);
        ngx_queue_remove(q);
        conn->nearly--;

        op = (ngx_wxapp_redis_op_t *) ngx_queue_data(q, ngx_wxapp_op_t, queue);

        if (ngx_wxapp_redis_output(conn, op->command, op->len) != NGX_OK) {
            ngx_wxapp_op_post(&op->op, NGX_WXAPP_OP_OVERLOADED);
            continue;
        }

        ngx_queue_insert_tail(&conn->pending, q);
        conn->npending++;
    }
}


/* the connection is of no use: end what hangs on it, come back later */

static void
ngx_wxapp_redis_close(ngx_wxapp_redis_conn_t *conn, ngx_err_t err,
    const char *reason)
{
    ngx_queue_t     *q;
    ngx_uint_t       lost;
    ngx_wxapp_op_t  *op;

    /* lost is what was good for something; else it is another failure */

    lost = (conn->state == NGX_WXAPP_REDIS_READY
            && (conn->served
                || ngx_current_msec - conn->born
                   > NGX_WXAPP_REDIS_BACKOFF_MAX));

    if (lost) {
        ngx_wxapp_redis_unsent(conn);
    }

    if (conn->state == NGX_WXAPP_REDIS_READY) {
        conn->redis->stats->disconnects++;
    }

    ngx_log_error((conn->failed ? NGX_LOG_INFO : NGX_LOG_ERR),
                  ngx_cycle->log, err, "redis %V: %s, %ui commands pending",
                  conn->peer.name, reason, conn->npending + conn->nearly);

    ngx_wxapp_redis_drop(conn);

    /* a server that was there is asked again at once, and waited for */

    conn->failed = !lost;

    if (lost) {
        conn->backoff = 0;
        ngx_add_timer(&conn->connect, 1);

    } else {
        conn->backoff = conn->backoff ? ngx_min(conn->backoff * 2,
                                                NGX_WXAPP_REDIS_BACKOFF_MAX)
                                      : NGX_WXAPP_REDIS_BACKOFF;

        ngx_add_timer(&conn->connect, ngx_wxapp_jitter(conn->backoff));
    }

    if (conn->deadline.timer_set) {
        ngx_del_timer(&conn->deadline);
    }

    /* handlers run posted: they may send again, and must find us settled */

    while (!ngx_queue_empty(&conn->pending)) {
        q = ngx_queue_head(&conn->pending);
        ngx_queue_remove(q);
        op = ngx_queue_data(q, ngx_wxapp_op_t, queue);
        ngx_wxapp_op_post(op, NGX_WXAPP_OP_LOST);
    }

    conn->npending = 0;

    if (!lost) {
        while (!ngx_queue_empty(&conn->early)) {
            q = ngx_queue_head(&conn->early);
            ngx_queue_remove(q);
            op = ngx_queue_data(q, ngx_wxapp_op_t, queue);
            ngx_wxapp_op_post(op, NGX_WXAPP_OP_UNAVAILABLE);
        }

        conn->nearly = 0;
    }

    ngx_wxapp_redis_watch(conn);
}


/* commands of which no byte has left yet can go on the next connection */

static void
ngx_wxapp_redis_unsent(ngx_wxapp_redis_conn_t *conn)
{
    size_t                 left;
    ngx_queue_t           *q;
    ngx_wxapp_redis_op_t  *op;

    left = conn->out_len - conn->out_sent;

    while (!ngx_queue_empty(&conn->pending)) {
        q = ngx_queue_last(&conn->pending);
        op = (ngx_wxapp_redis_op_t *) ngx_queue_data(q, ngx_wxapp_op_t, queue);

        if (op->len > left) {
            break;
        }

        left -= op->len;

        ngx_queue_remove(q);
        conn->npending--;

        ngx_queue_insert_head(&conn->early, q);
        conn->nearly++;
    }
}


static void
ngx_wxapp_redis_drop(ngx_wxapp_redis_conn_t *conn)
{
    if (conn->connection) {
        ngx_close_connection(conn->connection);
        conn->connection = NULL;
    }

    if (conn->reader) {
        redisReaderFree(conn->reader);
        conn->reader = NULL;
    }

    if (conn->flush.posted) {
        ngx_delete_posted_event(&conn->flush);
    }

    if (conn->connect.timer_set) {
        ngx_del_timer(&conn->connect);
    }

    conn->state = NGX_WXAPP_REDIS_DOWN;
    conn->greetings = 0;
    conn->out_sent = 0;
    conn->out_len = 0;
    conn->out_size = 0;

    if (conn->out) {
        ngx_free(conn->out);
        conn->out = NULL;
    }

    conn->redis->stats->up = 0;
}


static void
ngx_wxapp_redis_connect_handler(ngx_event_t *ev)
{
    ngx_wxapp_redis_conn_t  *conn = ((ngx_wxapp_event_data_t *) ev->data)->data;

    if (conn->state == NGX_WXAPP_REDIS_DOWN) {
        ngx_wxapp_redis_connect(conn);
        return;
    }

    ngx_wxapp_redis_close(conn, 0, "connecting timed out");
}


static void
ngx_wxapp_redis_write_handler(ngx_event_t *ev)
{
    ngx_connection_t        *c = ev->data;
    ngx_wxapp_redis_conn_t  *conn = c->data;

    if (c->close) {
        ngx_wxapp_redis_close(conn, 0, "closed by the worker's shutdown");
        return;
    }

    if (conn->state == NGX_WXAPP_REDIS_CONNECTING) {
        ngx_wxapp_redis_connected(conn);
        return;
    }

    if (conn->out_len > conn->out_sent) {
        ngx_wxapp_redis_flush(conn);
    }
}


static void
ngx_wxapp_redis_read_handler(ngx_event_t *ev)
{
    ssize_t                  n;
    ngx_uint_t               got;
    ngx_connection_t        *c = ev->data;
    ngx_wxapp_redis_conn_t  *conn = c->data;

    static u_char  buf[NGX_WXAPP_REDIS_BUFFER];

    if (c->close) {
        ngx_wxapp_redis_close(conn, 0, "closed by the worker's shutdown");
        return;
    }

    if (conn->state == NGX_WXAPP_REDIS_CONNECTING) {
        ngx_wxapp_redis_connected(conn);

        if (conn->connection != c) {
            return;
        }
    }

    do {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_wxapp_redis_close(conn, 0, "the connection is lost");
            return;
        }

        got = redisReaderFeed(conn->reader, (char *) buf, n);

        if (got != REDIS_OK || ngx_wxapp_redis_replies(conn) != NGX_OK) {

            /* a handler may have come back to us and closed already */

            if (conn->connection == c) {
                ngx_wxapp_redis_close(conn, 0, "protocol error");
            }

            return;
        }

        if (conn->connection != c) {
            return;
        }

    } while (c->read->ready);

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_wxapp_redis_close(conn, 0, "cannot wait for replies");
        return;
    }

    ngx_wxapp_redis_watch(conn);
}


static ngx_int_t
ngx_wxapp_redis_replies(ngx_wxapp_redis_conn_t *conn)
{
    void              *reply;
    ngx_connection_t  *c;

    c = conn->connection;

    for ( ;; ) {
        reply = NULL;

        if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK) {
            return NGX_ERROR;
        }

        if (reply == NULL) {
            return NGX_OK;
        }

        if (conn->greetings) {
            if (ngx_wxapp_redis_greeting(conn, reply) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        /* nobody asked: a push, or a server about to refuse us */

        if (ngx_queue_empty(&conn->pending)) {
            freeReplyObject(reply);
            return NGX_ERROR;
        }

        ngx_wxapp_redis_reply(conn, reply);

        if (conn->connection != c) {
            return NGX_OK;
        }
    }
}


static ngx_int_t
ngx_wxapp_redis_greeting(ngx_wxapp_redis_conn_t *conn, redisReply *reply)
{
    ngx_int_t  rc;

    rc = NGX_OK;

    if (reply->type == REDIS_REPLY_ERROR) {

        ngx_log_error((conn->failed ? NGX_LOG_INFO : NGX_LOG_ERR),
                      ngx_cycle->log, 0, "redis %V refuses us: \"%*s\"",
                      conn->peer.name, ngx_wxapp_redis_words(reply),
                      reply->str);
        rc = NGX_ERROR;
    }

    freeReplyObject(reply);

    if (rc == NGX_OK && --conn->greetings == 0) {
        ngx_wxapp_redis_ready_now(conn);
    }

    return rc;
}


static void
ngx_wxapp_redis_reply(ngx_wxapp_redis_conn_t *conn, redisReply *reply)
{
    ngx_uint_t             level;
    ngx_queue_t           *q;
    ngx_wxapp_redis_op_t  *op;

    q = ngx_queue_head(&conn->pending);
    ngx_queue_remove(q);
    conn->npending--;
    conn->served++;

    op = (ngx_wxapp_redis_op_t *) ngx_queue_data(q, ngx_wxapp_op_t, queue);

    if (reply->type != REDIS_REPLY_ERROR) {
        op->reply = reply;
        ngx_wxapp_op_finish(&op->op, NGX_WXAPP_OP_OK);
        return;
    }

    if (op->script && op->op.owner
        && ngx_wxapp_redis_reload(conn, op, reply) == NGX_OK)
    {
        return;
    }

    conn->redis->stats->errors++;

    /* a server out of memory says so to each command; once a minute will do */

    level = NGX_LOG_INFO;

    if (ngx_time() - conn->told >= NGX_WXAPP_REDIS_TELL) {
        conn->told = ngx_time();
        level = NGX_LOG_ERR;
    }

    ngx_log_error(level, ngx_cycle->log, 0, "redis %V: \"%*s\"",
                  conn->peer.name, ngx_wxapp_redis_words(reply), reply->str);

    op->reply = reply;
    ngx_wxapp_op_finish(&op->op, NGX_WXAPP_OP_ERROR);
}


/*
 * How much of an error is for the log.  Redis quotes the arguments of a
 * command that it does not know, be they passwords.
 */

static size_t
ngx_wxapp_redis_words(redisReply *reply)
{
    size_t  n;

    for (n = 0; n < (size_t) reply->len && n < 128; n++) {
        if (reply->str[n] == '\'' || reply->str[n] == '`') {
            break;
        }
    }

    return n;
}


/* EVAL runs the script and loads it, so the next EVALSHA finds it */

static ngx_int_t
ngx_wxapp_redis_reload(ngx_wxapp_redis_conn_t *conn, ngx_wxapp_redis_op_t *op,
    redisReply *reply)
{
    if (reply->len < 8 || ngx_strncmp(reply->str, "NOSCRIPT", 8) != 0) {
        return NGX_DECLINED;
    }

    ngx_str_set(&op->argv[0], "EVAL");
    op->argv[1] = op->script->source;

    op->script = NULL;

    if (ngx_wxapp_redis_format(op, op->argv, op->argc) != NGX_OK
        || ngx_wxapp_redis_output(conn, op->command, op->len) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    freeReplyObject(reply);

    ngx_queue_insert_tail(&conn->pending, &op->op.queue);
    conn->npending++;

    return NGX_OK;
}


static void
ngx_wxapp_redis_flush_handler(ngx_event_t *ev)
{
    ngx_wxapp_redis_conn_t  *conn = ((ngx_wxapp_event_data_t *) ev->data)->data;

    if (conn->connection && conn->state > NGX_WXAPP_REDIS_CONNECTING) {
        ngx_wxapp_redis_flush(conn);
    }
}


static void
ngx_wxapp_redis_flush(ngx_wxapp_redis_conn_t *conn)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = conn->connection;

    while (conn->out_sent < conn->out_len) {

        if (!c->write->ready) {
            break;
        }

        n = c->send(c, conn->out + conn->out_sent,
                    conn->out_len - conn->out_sent);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_wxapp_redis_close(conn, 0, "the connection is lost");
            return;
        }

        conn->out_sent += n;
    }

    if (conn->out_sent == conn->out_len) {
        conn->out_sent = 0;
        conn->out_len = 0;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_wxapp_redis_close(conn, 0, "cannot wait to write");
    }
}


/* what all requests of this turn of the loop want goes out in one write */

static ngx_int_t
ngx_wxapp_redis_output(ngx_wxapp_redis_conn_t *conn, const char *data,
    size_t len)
{
    u_char  *p;
    size_t   size;

    if (conn->out_len + len > conn->out_size) {

        size = ngx_max(conn->out_size * 2, conn->out_len + len);
        size = ngx_max(size, NGX_WXAPP_REDIS_BUFFER);

        if (size > NGX_WXAPP_REDIS_OUTPUT_MAX) {
            return NGX_ERROR;
        }

        p = ngx_alloc(size, ngx_cycle->log);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (conn->out) {
            ngx_memcpy(p, conn->out, conn->out_len);
            ngx_free(conn->out);
        }

        conn->out = p;
        conn->out_size = size;
    }

    ngx_memcpy(conn->out + conn->out_len, data, len);
    conn->out_len += len;

    ngx_post_event(&conn->flush, &ngx_posted_events);

    return NGX_OK;
}


/* one timer, on the oldest command: all have the same time to live */

static void
ngx_wxapp_redis_watch(ngx_wxapp_redis_conn_t *conn)
{
    ngx_queue_t     *q;
    ngx_msec_int_t   left;
    ngx_wxapp_op_t  *op;

    conn->redis->stats->pending = conn->npending + conn->nearly;

    if (!ngx_queue_empty(&conn->pending)) {
        q = ngx_queue_head(&conn->pending);

    } else if (!ngx_queue_empty(&conn->early)) {
        q = ngx_queue_head(&conn->early);

    } else {
        if (conn->deadline.timer_set) {
            ngx_del_timer(&conn->deadline);
        }

        return;
    }

    conn->deadline.cancelable = 0;

    /* a timer that is too early only looks again: cheaper than moving it */

    if (conn->deadline.timer_set) {
        return;
    }

    op = ngx_queue_data(q, ngx_wxapp_op_t, queue);
    left = (ngx_msec_int_t) (op->deadline - ngx_current_msec);

    ngx_add_timer(&conn->deadline, (ngx_msec_t) ngx_max(left, 1));
}


static void
ngx_wxapp_redis_deadline_handler(ngx_event_t *ev)
{
    ngx_uint_t               n, awaited;
    ngx_queue_t             *q, *next, *queue;
    ngx_msec_int_t           late, wait;
    ngx_wxapp_op_t          *op, *ended;
    ngx_wxapp_redis_conn_t  *conn = ((ngx_wxapp_event_data_t *) ev->data)->data;

    awaited = 0;
    wait = conn->redis->command_timeout;

    for (n = 0; n < 2; n++) {

        queue = n ? &conn->early : &conn->pending;

        for (q = ngx_queue_head(queue);
             q != ngx_queue_sentinel(queue);
             q = next)
        {
            next = ngx_queue_next(q);
            op = ngx_queue_data(q, ngx_wxapp_op_t, queue);

            late = (ngx_msec_int_t) (ngx_current_msec - op->deadline);

            if (late < 0) {
                wait = ngx_min(wait, -late);
                awaited = 1;
                break;
            }

            if (n == 0 && late > (ngx_msec_int_t)
                                 (NGX_WXAPP_REDIS_DEAD
                                  * conn->redis->command_timeout))
            {
                ngx_wxapp_redis_close(conn, 0, "no answer");
                return;
            }

            if (op->owner == NULL) {
                continue;
            }

            conn->redis->stats->timeouts++;

            if (n) {
                ngx_queue_remove(q);
                conn->nearly--;
                ngx_wxapp_op_post(op, NGX_WXAPP_OP_TIMEOUT);
                continue;
            }

            /*
             * The reply may still come and must find its place in the line:
             * the owner hears of the timeout by a stand-in, the operation
             * itself stays without an owner.
             */

            ended = ngx_calloc(sizeof(ngx_wxapp_redis_op_t), ngx_cycle->log);
            if (ended == NULL) {
                ngx_wxapp_redis_close(conn, 0, "no memory");
                return;
            }

            ended->owner = op->owner;
            ended->data = op->data;
            ended->handler = op->handler;
            ended->free = ngx_wxapp_redis_free;
            ended->started = op->started;

            ngx_wxapp_op_detach(op);
            ngx_wxapp_op_finish(ended, NGX_WXAPP_OP_TIMEOUT);

            if (conn->connection == NULL) {
                return;
            }
        }
    }

    if (conn->npending + conn->nearly) {

        /* late replies that nobody waits for must not hold up an exit */

        conn->deadline.cancelable = !awaited;

        ngx_add_timer(&conn->deadline, (ngx_msec_t) ngx_max(wait, 1));
    }
}


static ngx_int_t
ngx_wxapp_redis_format(ngx_wxapp_redis_op_t *op, ngx_str_t *argv,
    ngx_uint_t argc)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    len = sizeof("*" CRLF) - 1 + NGX_INT_T_LEN;

    for (i = 0; i < argc; i++) {
        len += sizeof("$" CRLF CRLF) - 1 + NGX_INT_T_LEN + argv[i].len;
    }

    p = ngx_pnalloc(op->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    op->command = (char *) p;

    p = ngx_sprintf(p, "*%ui" CRLF, argc);

    for (i = 0; i < argc; i++) {
        p = ngx_sprintf(p, "$%uz" CRLF, argv[i].len);

        if (argv[i].len) {
            p = ngx_cpymem(p, argv[i].data, argv[i].len);
        }

        *p++ = CR;
        *p++ = LF;
    }

    op->len = p - (u_char *) op->command;

    return NGX_OK;
}


static ngx_wxapp_redis_op_t *
ngx_wxapp_redis_op(ngx_wxapp_redis_t *redis)
{
    ngx_pool_t            *pool;
    ngx_wxapp_redis_op_t  *op;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    op = ngx_pcalloc(pool, sizeof(ngx_wxapp_redis_op_t));
    if (op == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    op->pool = pool;
    op->redis = redis;
    op->op.free = ngx_wxapp_redis_free;

    return op;
}


static void
ngx_wxapp_redis_free(ngx_wxapp_op_t *op)
{
    ngx_wxapp_redis_op_t  *rop = (ngx_wxapp_redis_op_t *) op;

    if (rop->reply) {
        freeReplyObject(rop->reply);
    }

    if (rop->pool) {
        ngx_destroy_pool(rop->pool);

    } else {
        ngx_free(rop);
    }
}
