
/*
 * A Redis client: one connection a worker, all commands pipelined on it,
 * what is sent in one turn of the event loop goes out in one write.
 */


#ifndef _NGX_WXAPP_REDIS_H_INCLUDED_
#define _NGX_WXAPP_REDIS_H_INCLUDED_


#include "event/ngx_wxapp_op.h"

#include <hiredis/hiredis.h>


/* gauges and counters of one worker; may lie in shared memory */

typedef struct {
    ngx_atomic_t              up;             /* gauge, 0 or 1 */
    ngx_atomic_t              pending;        /* gauge */
    ngx_atomic_t              commands;
    ngx_atomic_t              errors;         /* error replies */
    ngx_atomic_t              timeouts;
    ngx_atomic_t              refused;        /* down or the queue full */
    ngx_atomic_t              connects;
    ngx_atomic_t              disconnects;
} ngx_wxapp_redis_stats_t;


typedef struct ngx_wxapp_redis_conn_s  ngx_wxapp_redis_conn_t;

typedef struct {

    /* configuration */

    ngx_url_t                 server;         /* host:port or unix:path */
    ngx_str_t                 user;
    ngx_str_t                 password;
    ngx_str_t                 prefix;         /* of our keys */
    ngx_uint_t                database;
    ngx_uint_t                queue;          /* commands in flight at most */
    ngx_msec_t                connect_timeout;
    ngx_msec_t                command_timeout;

    /* of this worker */

    ngx_wxapp_redis_stats_t  *stats;
    ngx_wxapp_redis_conn_t   *conn;
} ngx_wxapp_redis_t;


/* A script, called by its SHA-1 and sent whole when Redis lacks it. */

typedef struct {
    ngx_str_t                 source;
    u_char                    sha[40];
} ngx_wxapp_redis_script_t;


typedef struct {
    ngx_wxapp_op_t            op;
    redisReply               *reply;          /* in the handler, status OK or
                                                 ERROR; freed after it */

    /* the client's */

    ngx_wxapp_redis_t        *redis;
    ngx_wxapp_redis_script_t *script;         /* still to be tried whole */
    char                     *command;
    ngx_str_t                *argv;
    ngx_uint_t                argc;
    ngx_pool_t               *pool;
    size_t                    len;
} ngx_wxapp_redis_op_t;


/*
 * Starts connecting.  Called once in each worker before any command;
 * NGX_ERROR without memory.  A server that is down is no error.
 */
ngx_int_t ngx_wxapp_redis_start(ngx_wxapp_redis_t *redis);

/* Closes the connection; commands still pending end unheard. */
void ngx_wxapp_redis_stop(ngx_wxapp_redis_t *redis);

/* Whether a command sent now has a chance: connected, or just starting. */
ngx_uint_t ngx_wxapp_redis_ready(ngx_wxapp_redis_t *redis);

/*
 * Makes a command of "argc" binary-safe arguments, which are copied; NULL
 * without memory.  The caller sets owner and handler and sends it.
 */
ngx_wxapp_redis_op_t *ngx_wxapp_redis_command(ngx_wxapp_redis_t *redis,
    ngx_str_t *argv, ngx_uint_t argc);

/*
 * Makes a call of the script: "argc" arguments of which the first "keys" are
 * keys.  A script unknown to Redis is sent whole within the same deadline.
 */
ngx_wxapp_redis_op_t *ngx_wxapp_redis_eval(ngx_wxapp_redis_t *redis,
    ngx_wxapp_redis_script_t *script, ngx_uint_t keys, ngx_str_t *argv,
    ngx_uint_t argc);

/*
 * Sends the command.  It ends OK, ERROR (see reply->str), TIMEOUT, LOST,
 * UNAVAILABLE or OVERLOADED within the command timeout.
 */
void ngx_wxapp_redis_send(ngx_wxapp_redis_op_t *op);

/* Fills script->sha; at configuration. */
ngx_int_t ngx_wxapp_redis_script(ngx_wxapp_redis_script_t *script);


#endif /* _NGX_WXAPP_REDIS_H_INCLUDED_ */
