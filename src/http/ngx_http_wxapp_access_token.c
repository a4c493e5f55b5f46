
#include "http/ngx_http_wxapp_access_token.h"
#include "base/ngx_wxapp_crypto.h"


#define NGX_HTTP_WXAPP_ACCESS_TOKEN_LEN     1024    /* WeChat: 512 at least */
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_APPS    64
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_ZONE    (256 * 1024)

#define NGX_HTTP_WXAPP_ACCESS_TOKEN_AHEAD   300     /* s, before it expires */
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_MAX     86400   /* s: not more is meant */
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_FORCE   4320    /* s: 20 a day allowed */
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_FAILED  1000    /* ms a failure counts */

#define NGX_HTTP_WXAPP_ACCESS_TOKEN_FLIGHT  30000   /* ms, a fetch at most */
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_POLL    10      /* ms */
#define NGX_HTTP_WXAPP_ACCESS_TOKEN_WAIT    10000   /* ms, for others */


/* of one app, in shared memory; all zero: free */

typedef struct {
    u_char                    app[NGX_WXAPP_SHA256_LEN];
    time_t                    expires;        /* 0: no token */
    time_t                    due;            /* to be fetched anew */
    time_t                    forced;
    ngx_msec_t                failed;         /* when, if "result" is not OK */
    ngx_http_wxapp_wechat_e   result;
    int64_t                   errcode;
    size_t                    len;
    u_char                    data[NGX_HTTP_WXAPP_ACCESS_TOKEN_LEN];
} ngx_http_wxapp_access_token_t;


typedef enum {
    NGX_HTTP_WXAPP_ACCESS_TOKEN_GOOD = 0,
    NGX_HTTP_WXAPP_ACCESS_TOKEN_DUE,          /* good, but not for long */
    NGX_HTTP_WXAPP_ACCESS_TOKEN_LOST,         /* just could not be fetched */
    NGX_HTTP_WXAPP_ACCESS_TOKEN_NONE
} ngx_http_wxapp_access_token_e;


/* one call */

typedef struct {
    ngx_http_request_t       *request;
    ngx_shm_zone_t           *zone;           /* of flights */
    ngx_shm_zone_t           *tokens;

    ngx_http_wxapp_wechat_t  *call;           /* the caller's */
    ngx_http_wxapp_wechat_t   made;           /* it, with a token; or that of
                                                 the token itself */
    ngx_http_wxapp_flight_t   flight;
    ngx_event_t               poll;
    ngx_wxapp_event_data_t    poll_ident;
    ngx_msec_t                started;

    ngx_str_t                 token;
    ngx_str_t                 refused;        /* by WeChat; empty: none yet */

    unsigned                  flying:1;
    unsigned                  forced:1;
} ngx_http_wxapp_access_token_ctx_t;


static ngx_int_t ngx_http_wxapp_access_token_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_wxapp_access_token_get(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_poll(ngx_event_t *ev);
static ngx_int_t ngx_http_wxapp_access_token_fetch(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_fetched(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *made);
static ngx_int_t ngx_http_wxapp_access_token_parse(
    ngx_http_wxapp_access_token_ctx_t *at, time_t *life);
static ngx_int_t ngx_http_wxapp_access_token_use(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_used(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *made);
static void ngx_http_wxapp_access_token_end(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_error(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_land(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_cleanup(void *data);
static ngx_http_wxapp_access_token_t *ngx_http_wxapp_access_token_lock(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_unlock(
    ngx_http_wxapp_access_token_ctx_t *at);
static ngx_http_wxapp_access_token_e ngx_http_wxapp_access_token_load(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_store(
    ngx_http_wxapp_access_token_ctx_t *at, time_t life);
static void ngx_http_wxapp_access_token_failed(
    ngx_http_wxapp_access_token_ctx_t *at);
static void ngx_http_wxapp_access_token_drop(
    ngx_http_wxapp_access_token_ctx_t *at);
static ngx_uint_t ngx_http_wxapp_access_token_force(
    ngx_http_wxapp_access_token_ctx_t *at);


ngx_int_t
ngx_http_wxapp_access_token_init(ngx_conf_t *cf)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    static ngx_str_t  name = ngx_string("wxapp access tokens");

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->access_tokens) {
        return NGX_OK;
    }

    wmcf->access_tokens = ngx_shared_memory_add(cf, &name,
                                              NGX_HTTP_WXAPP_ACCESS_TOKEN_ZONE,
                                              &ngx_http_wxapp_module);
    if (wmcf->access_tokens == NULL) {
        return NGX_ERROR;
    }

    wmcf->access_tokens->init = ngx_http_wxapp_access_token_zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_access_token_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t  *shpool;

    if (data) {
        shm_zone->data = data;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        shm_zone->data = shpool->data;
        return NGX_OK;
    }

    shpool->data = ngx_slab_calloc(shpool, NGX_HTTP_WXAPP_ACCESS_TOKEN_APPS
                                   * sizeof(ngx_http_wxapp_access_token_t));

    shm_zone->data = shpool->data;

    return shpool->data ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_wxapp_access_token_call(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    ngx_http_cleanup_t                 *cln;
    ngx_http_wxapp_main_conf_t         *wmcf;
    ngx_http_wxapp_access_token_ctx_t  *at;

    wmcf = ngx_http_wxapp_main(r);

    at = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_access_token_ctx_t));
    if (at == NULL) {
        return NGX_ERROR;
    }

    at->request = r;
    at->zone = wmcf->zone;
    at->tokens = wmcf->access_tokens;

    at->call = call;
    at->made.app = call->app;
    at->made.data = at;
    at->started = ngx_current_msec;

    ngx_wxapp_event_init(&at->poll, &at->poll_ident, at,
                         ngx_http_wxapp_access_token_poll);
    at->poll.log = r->connection->log;

    at->token.data = ngx_pnalloc(r->pool, NGX_HTTP_WXAPP_ACCESS_TOKEN_LEN);
    cln = ngx_http_cleanup_add(r, 0);

    if (at->token.data == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_wxapp_access_token_cleanup;
    cln->data = at;

    /* another secret is another app */

    if (ngx_wxapp_hmac_sha256(&call->app->secret, &call->app->appid,
                              at->flight.key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_access_token_get(at);
}


static ngx_int_t
ngx_http_wxapp_access_token_get(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_http_request_t             *r;
    ngx_http_wxapp_flight_e         state;
    ngx_http_wxapp_access_token_e   have;

    r = at->request;

    for ( ;; ) {
        have = ngx_http_wxapp_access_token_load(at);

        switch (have) {

        case NGX_HTTP_WXAPP_ACCESS_TOKEN_GOOD:
            return ngx_http_wxapp_access_token_use(at);

        case NGX_HTTP_WXAPP_ACCESS_TOKEN_LOST:
            ngx_http_wxapp_access_token_end(at);
            return NGX_OK;

        default:
            break;
        }

        state = ngx_http_wxapp_flight_join(at->zone, &at->flight,
                                           NGX_HTTP_WXAPP_ACCESS_TOKEN_FLIGHT);

        if (state == NGX_HTTP_WXAPP_FLIGHT_FLY) {
            at->flying = 1;

            if (ngx_http_wxapp_access_token_load(at) != have) {

                /* one landed just now */

                ngx_http_wxapp_access_token_land(at);
                continue;
            }

            return ngx_http_wxapp_access_token_fetch(at);
        }

        if (have == NGX_HTTP_WXAPP_ACCESS_TOKEN_DUE) {
            return ngx_http_wxapp_access_token_use(at);
        }

        if (state == NGX_HTTP_WXAPP_FLIGHT_WAIT) {
            break;
        }

        /* it landed: with a token, or its client went away */

        at->flight.number = 0;
    }

    if (ngx_current_msec - at->started >= NGX_HTTP_WXAPP_ACCESS_TOKEN_WAIT) {
        at->made.result = NGX_HTTP_WXAPP_WECHAT_TIMEOUT;
        ngx_http_wxapp_access_token_end(at);
        return NGX_OK;
    }

    ngx_http_wxapp_watch(r);

    ngx_add_timer(&at->poll, NGX_HTTP_WXAPP_ACCESS_TOKEN_POLL);

    return NGX_OK;
}


static void
ngx_http_wxapp_access_token_poll(ngx_event_t *ev)
{
    ngx_http_wxapp_access_token_ctx_t *at =
                                   ((ngx_wxapp_event_data_t *) ev->data)->data;

    ngx_connection_t  *c;

    c = at->request->connection;

    ngx_http_set_log_request(c->log, at->request);

    if (ngx_http_wxapp_access_token_get(at) != NGX_OK) {
        ngx_http_wxapp_access_token_error(at);
    }

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_wxapp_access_token_fetch(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_wxapp_text_t       text;
    ngx_http_wxapp_app_t  *app;

    app = at->call->app;

    ngx_str_set(&at->made.path, "cgi-bin/stable_token");
    ngx_str_null(&at->made.args);
    at->made.handler = ngx_http_wxapp_access_token_fetched;

    /* with room for all of it: a text that grows leaves copies of a secret */

    ngx_wxapp_text_init(&text, at->request->pool,
                        128 + 6 * (app->appid.len + app->secret.len));

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "grant_type");
    ngx_wxapp_json_cstr(&text, "client_credential");
    ngx_wxapp_json_name(&text, "appid");
    ngx_wxapp_json_str(&text, &app->appid);
    ngx_wxapp_json_name(&text, "secret");
    ngx_wxapp_json_str(&text, &app->secret);
    ngx_wxapp_json_name(&text, "force_refresh");

    if (at->forced) {
        ngx_wxapp_json_raw(&text, "true", 4);

    } else {
        ngx_wxapp_json_raw(&text, "false", 5);
    }

    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &at->made.body) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_wechat_post(at->request, &at->made);
}


static void
ngx_http_wxapp_access_token_fetched(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *made)
{
    ngx_http_wxapp_access_token_ctx_t *at = made->data;

    time_t     life;
    ngx_int_t  rc;

    if (made->result == NGX_HTTP_WXAPP_WECHAT_OK
        && ngx_http_wxapp_access_token_parse(at, &life) != NGX_OK)
    {
        made->result = NGX_HTTP_WXAPP_WECHAT_BROKEN;
    }

    if (made->result == NGX_HTTP_WXAPP_WECHAT_OK) {

        /* dead, and still what WeChat gives out: only force helps */

        if (at->refused.len == at->token.len && !at->forced
            && ngx_memcmp(at->refused.data, at->token.data, at->token.len)
               == 0
            && ngx_http_wxapp_access_token_force(at))
        {
            at->forced = 1;
            rc = ngx_http_wxapp_access_token_fetch(at);

        } else {
            ngx_http_wxapp_access_token_store(at, life);
            ngx_http_wxapp_access_token_land(at);
            rc = ngx_http_wxapp_access_token_use(at);
        }

    } else {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no access token for the app \"%V\": errcode %L, "
                      "rid \"%V\"",
                      &at->call->app->name, made->errcode, &made->rid);

        /* one that is good for a while yet, or the reason for all */

        ngx_http_wxapp_access_token_failed(at);
        ngx_http_wxapp_access_token_land(at);
        rc = ngx_http_wxapp_access_token_get(at);
    }

    if (rc != NGX_OK) {
        ngx_http_wxapp_access_token_error(at);
    }
}


static ngx_int_t
ngx_http_wxapp_access_token_parse(ngx_http_wxapp_access_token_ctx_t *at,
    time_t *life)
{
    int64_t                 n;
    ngx_wxapp_json_node_t  *token, *expires;

    static ngx_str_t  token_name = ngx_string("access_token");
    static ngx_str_t  expires_name = ngx_string("expires_in");

    token = ngx_wxapp_json_member(at->made.reply, &token_name);
    expires = ngx_wxapp_json_member(at->made.reply, &expires_name);

    if (token == NULL || token->type != NGX_WXAPP_JSON_STRING
        || token->value.len == 0
        || token->value.len > NGX_HTTP_WXAPP_ACCESS_TOKEN_LEN
        || ngx_wxapp_json_integer(expires, &n) != NGX_OK
        || n <= 0 || n > NGX_HTTP_WXAPP_ACCESS_TOKEN_MAX)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(at->token.data, token->value.data, token->value.len);
    at->token.len = token->value.len;

    *life = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_access_token_use(ngx_http_wxapp_access_token_ctx_t *at)
{
    u_char                   *p;
    uintptr_t                 escape;
    ngx_http_request_t       *r;
    ngx_http_wxapp_wechat_t  *made, *call;

    r = at->request;
    call = at->call;
    made = &at->made;

    /* what was sent is wiped, and may be sent again */

    escape = ngx_escape_uri(NULL, at->token.data, at->token.len,
                            NGX_ESCAPE_URI_COMPONENT);

    p = ngx_pnalloc(r->pool, call->args.len + sizeof("&access_token=") - 1
                             + at->token.len + 2 * escape);
    if (p == NULL) {
        return NGX_ERROR;
    }

    made->path = call->path;
    made->args.data = p;

    if (call->args.len) {
        p = ngx_cpymem(p, call->args.data, call->args.len);
        *p++ = '&';
    }

    p = ngx_cpymem(p, "access_token=", sizeof("access_token=") - 1);
    p = (u_char *) ngx_escape_uri(p, at->token.data, at->token.len,
                                  NGX_ESCAPE_URI_COMPONENT);

    made->args.len = p - made->args.data;
    made->handler = ngx_http_wxapp_access_token_used;

    if (call->body.len == 0) {
        return ngx_http_wxapp_wechat_get(r, made);
    }

    made->body.len = call->body.len;
    made->body.data = ngx_pstrdup(r->pool, &call->body);

    if (made->body.data == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_wechat_post(r, made);
}


static void
ngx_http_wxapp_access_token_used(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *made)
{
    ngx_http_wxapp_access_token_ctx_t *at = made->data;

    if (made->result != NGX_HTTP_WXAPP_WECHAT_ERROR || at->refused.len
        || (made->errcode != 40001 && made->errcode != 40014
            && made->errcode != 42001))
    {
        ngx_http_wxapp_access_token_end(at);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "WeChat refused the access token of the app \"%V\": "
                  "errcode %L, rid \"%V\"",
                  &at->call->app->name, made->errcode, &made->rid);

    at->refused.len = at->token.len;
    at->refused.data = ngx_pstrdup(r->pool, &at->token);

    if (at->refused.data == NULL) {
        ngx_http_wxapp_access_token_error(at);
        return;
    }

    ngx_http_wxapp_access_token_drop(at);

    at->flight.number = 0;
    at->started = ngx_current_msec;

    if (ngx_http_wxapp_access_token_get(at) != NGX_OK) {
        ngx_http_wxapp_access_token_error(at);
    }
}


static void
ngx_http_wxapp_access_token_end(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_http_wxapp_wechat_t  *call;

    call = at->call;

    call->result = at->made.result;
    call->reply = at->made.reply;
    call->errcode = at->made.errcode;
    call->rid = at->made.rid;

    call->handler(at->request, call);
}


static void
ngx_http_wxapp_access_token_error(ngx_http_wxapp_access_token_ctx_t *at)
{
    /* the cleanup lands */

    ngx_http_finalize_request(at->request, NGX_HTTP_INTERNAL_SERVER_ERROR);
}


static void
ngx_http_wxapp_access_token_land(ngx_http_wxapp_access_token_ctx_t *at)
{
    if (at->flying) {
        at->flying = 0;
        ngx_http_wxapp_flight_land(at->zone, &at->flight, 0, 0);
        at->flight.number = 0;
    }
}


static void
ngx_http_wxapp_access_token_cleanup(void *data)
{
    ngx_http_wxapp_access_token_ctx_t *at = data;

    ngx_http_wxapp_wechat_t  *call;

    if (at->poll.timer_set) {
        ngx_del_timer(&at->poll);
    }

    ngx_http_wxapp_access_token_land(at);

    ngx_explicit_memzero(at->token.data, NGX_HTTP_WXAPP_ACCESS_TOKEN_LEN);

    if (at->refused.len) {
        ngx_explicit_memzero(at->refused.data, at->refused.len);
    }

    call = at->call;

    if (call->args.len) {
        ngx_explicit_memzero(call->args.data, call->args.len);
    }

    if (call->body.len) {
        ngx_explicit_memzero(call->body.data, call->body.len);
    }
}


/* finds the app, or takes the place that is needed least */

static ngx_http_wxapp_access_token_t *
ngx_http_wxapp_access_token_lock(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_uint_t                      i;
    ngx_slab_pool_t                *shpool;
    ngx_http_wxapp_access_token_t  *token, *least;

    shpool = (ngx_slab_pool_t *) at->tokens->shm.addr;
    token = at->tokens->data;
    least = token;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_HTTP_WXAPP_ACCESS_TOKEN_APPS; i++) {

        if (ngx_memcmp(token[i].app, at->flight.key, sizeof(token[i].app))
            == 0)
        {
            return &token[i];
        }

        if (token[i].expires < least->expires) {
            least = &token[i];
        }
    }

    ngx_memzero(least, sizeof(ngx_http_wxapp_access_token_t));
    ngx_memcpy(least->app, at->flight.key, sizeof(least->app));

    return least;
}


static void
ngx_http_wxapp_access_token_unlock(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) at->tokens->shm.addr;

    ngx_shmtx_unlock(&shpool->mutex);
}


static ngx_http_wxapp_access_token_e
ngx_http_wxapp_access_token_load(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_uint_t                      failed;
    ngx_http_wxapp_access_token_t  *token;
    ngx_http_wxapp_access_token_e   have;

    token = ngx_http_wxapp_access_token_lock(at);

    failed = token->result != NGX_HTTP_WXAPP_WECHAT_OK
             && (ngx_msec_int_t) (ngx_current_msec - token->failed)
                < NGX_HTTP_WXAPP_ACCESS_TOKEN_FAILED;

    if (token->expires > ngx_time()) {
        ngx_memcpy(at->token.data, token->data, token->len);
        at->token.len = token->len;

        have = (token->due > ngx_time() || failed)
               ? NGX_HTTP_WXAPP_ACCESS_TOKEN_GOOD
               : NGX_HTTP_WXAPP_ACCESS_TOKEN_DUE;

    } else if (failed) {
        at->made.result = token->result;
        at->made.errcode = token->errcode;
        at->made.reply = NULL;

        have = NGX_HTTP_WXAPP_ACCESS_TOKEN_LOST;

    } else {
        have = NGX_HTTP_WXAPP_ACCESS_TOKEN_NONE;
    }

    ngx_http_wxapp_access_token_unlock(at);

    return have;
}


static void
ngx_http_wxapp_access_token_store(ngx_http_wxapp_access_token_ctx_t *at,
    time_t life)
{
    time_t                          ahead;
    ngx_http_wxapp_access_token_t  *token;

    /* what another node made WeChat give out may be half way through */

    ahead = ngx_min(NGX_HTTP_WXAPP_ACCESS_TOKEN_AHEAD, life / 2);

    token = ngx_http_wxapp_access_token_lock(at);

    token->expires = ngx_time() + life;
    token->due = token->expires - ahead;
    token->result = NGX_HTTP_WXAPP_WECHAT_OK;

    ngx_memcpy(token->data, at->token.data, at->token.len);
    token->len = at->token.len;

    ngx_http_wxapp_access_token_unlock(at);
}


static void
ngx_http_wxapp_access_token_failed(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_http_wxapp_access_token_t  *token;

    token = ngx_http_wxapp_access_token_lock(at);

    token->failed = ngx_current_msec;
    token->result = at->made.result;
    token->errcode = at->made.errcode;

    ngx_http_wxapp_access_token_unlock(at);
}


/* another request may have a new one already: that is kept */

static void
ngx_http_wxapp_access_token_drop(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_http_wxapp_access_token_t  *token;

    token = ngx_http_wxapp_access_token_lock(at);

    if (token->len == at->refused.len
        && ngx_memcmp(token->data, at->refused.data, token->len) == 0)
    {
        token->expires = 0;
    }

    ngx_http_wxapp_access_token_unlock(at);
}


static ngx_uint_t
ngx_http_wxapp_access_token_force(ngx_http_wxapp_access_token_ctx_t *at)
{
    ngx_uint_t                      may;
    ngx_http_wxapp_access_token_t  *token;

    token = ngx_http_wxapp_access_token_lock(at);

    may = (token->forced == 0
           || ngx_time() - token->forced
              >= NGX_HTTP_WXAPP_ACCESS_TOKEN_FORCE);

    if (may) {
        token->forced = ngx_time();
    }

    ngx_http_wxapp_access_token_unlock(at);

    return may;
}
