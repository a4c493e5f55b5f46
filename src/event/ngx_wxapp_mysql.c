
#include "event/ngx_wxapp_mysql_pool.h"

#include <mysql.h>


static ngx_wxapp_mysql_pool_t *ngx_wxapp_mysql_route(ngx_wxapp_mysql_t *mysql,
    ngx_uint_t replica);


ngx_int_t
ngx_wxapp_mysql_start(ngx_wxapp_mysql_t *mysql)
{
    ngx_uint_t                  i, n;
    ngx_wxapp_mysql_pool_t     *pool;
    ngx_wxapp_mysql_replica_t  *replica;

    if (mysql_library_init(0, NULL, NULL) != 0) {
        return NGX_ERROR;
    }

    replica = mysql->replicas.elts;
    n = mysql->replicas.nelts;

    pool = ngx_calloc((n + 1) * sizeof(ngx_wxapp_mysql_pool_t),
                      ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    mysql->pools = pool;

    for (i = 0; i <= n; i++) {
        pool[i].mysql = mysql;

        if (i == 0) {
            pool[i].server = mysql->primaries.elts;
            pool[i].stats = mysql->stats;

        } else {
            pool[i].replica = &replica[i - 1];
            pool[i].server = &replica[i - 1].server;
            pool[i].stats = mysql->replica_stats;
        }

        ngx_wxapp_mysql_pool_start(&pool[i]);
    }

    return NGX_OK;
}


void
ngx_wxapp_mysql_stop(ngx_wxapp_mysql_t *mysql)
{
    ngx_uint_t  i;

    if (mysql->pools == NULL) {
        return;
    }

    for (i = 0; i <= mysql->replicas.nelts; i++) {
        ngx_wxapp_mysql_pool_stop(&mysql->pools[i]);
    }

    ngx_free(mysql->pools);
    mysql->pools = NULL;

    mysql_library_end();
}


ngx_uint_t
ngx_wxapp_mysql_ready(ngx_wxapp_mysql_t *mysql)
{
    return mysql->pools && ngx_wxapp_mysql_pool_ready(mysql->pools);
}


void
ngx_wxapp_mysql_send(ngx_wxapp_mysql_query_t *query)
{
    ngx_wxapp_mysql_t          *mysql;
    ngx_wxapp_mysql_session_t  *session;

    mysql = query->mysql;
    session = query->session;

    query->op.started = ngx_current_msec;

    if (session) {
        session->busy = 1;
        query->replica = session->replica;

        if (session->conn) {
            ngx_wxapp_mysql_pool_resume(query);
            return;
        }

        if (session->begun) {
            ngx_wxapp_mysql_failed(query, NGX_WXAPP_OP_LOST);
            return;
        }
    }

    if (mysql->pools == NULL) {
        ngx_wxapp_mysql_failed(query, NGX_WXAPP_OP_FAILED);
        return;
    }

    ngx_wxapp_mysql_pool_send(ngx_wxapp_mysql_route(mysql, query->replica),
                              query);
}


/* replicas take turns by their weights, smoothly */

static ngx_wxapp_mysql_pool_t *
ngx_wxapp_mysql_route(ngx_wxapp_mysql_t *mysql, ngx_uint_t replica)
{
    ngx_int_t                total;
    ngx_uint_t               i;
    ngx_wxapp_mysql_pool_t  *pool, *best;

    best = NULL;
    total = 0;

    for (i = 1; replica && i <= mysql->replicas.nelts; i++) {
        pool = &mysql->pools[i];

        if (pool->lagging || !ngx_wxapp_mysql_pool_ready(pool)) {
            continue;
        }

        pool->turn += pool->replica->weight;
        total += pool->replica->weight;

        if (best == NULL || pool->turn > best->turn) {
            best = pool;
        }
    }

    if (best == NULL) {
        return mysql->pools;
    }

    best->turn -= total;

    return best;
}


void
ngx_wxapp_mysql_failed(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_op_status_e status)
{
    ngx_wxapp_mysql_session_t  *session;

    session = query->session;

    /* what a replica cannot answer the primary may */

    if (query->replica && query->op.owner
        && (session == NULL || !session->begun)
        && (status == NGX_WXAPP_OP_UNAVAILABLE
            || (status == NGX_WXAPP_OP_LOST && query->read_only)))
    {
        query->replica = 0;

        if (session) {
            session->replica = 0;
        }

        ngx_wxapp_mysql_pool_send(query->mysql->pools, query);
        return;
    }

    if (session) {
        session->busy = 0;
        query->op.leave = ngx_wxapp_mysql_left;
    }

    ngx_wxapp_op_post(&query->op, status);
}


ngx_wxapp_mysql_session_t *
ngx_wxapp_mysql_session(ngx_wxapp_mysql_t *mysql, ngx_uint_t replica)
{
    ngx_wxapp_mysql_session_t  *session;

    session = ngx_calloc(sizeof(ngx_wxapp_mysql_session_t), ngx_cycle->log);

    if (session) {
        session->mysql = mysql;
        session->replica = replica;
    }

    return session;
}


void
ngx_wxapp_mysql_session_end(ngx_wxapp_mysql_session_t *session)
{
    ngx_wxapp_mysql_pool_release(session);
}


void
ngx_wxapp_mysql_left(ngx_wxapp_op_t *op)
{
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    ngx_wxapp_mysql_session_t  *session;

    session = query->session;

    if (session->busy) {
        session->ended = 1;
        return;
    }

    /* the query has ended, but its owner was not told yet */

    query->session = NULL;
    ngx_wxapp_mysql_pool_release(session);
}
