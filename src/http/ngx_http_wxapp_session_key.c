
#include "http/ngx_http_wxapp_session_key.h"
#include "http/ngx_http_wxapp_session.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_seal.h"


#define NGX_HTTP_WXAPP_SESSION_KEY_PRINT  16  /* hex digits */


typedef struct {
    ngx_str_t                      place;     /* "session_key:UID" */
    ngx_str_t                      name;      /* the same with the prefix */
    ngx_http_wxapp_session_keys_t  keys;
    ngx_http_wxapp_session_key_pt  handler;
    void                          *data;
} ngx_http_wxapp_session_key_t;


static ngx_http_wxapp_session_key_t *ngx_http_wxapp_session_key_create(
    ngx_http_request_t *r, ngx_str_t *uid,
    ngx_http_wxapp_session_key_pt handler, void *data);
static ngx_int_t ngx_http_wxapp_session_key_seal(ngx_http_request_t *r,
    ngx_str_t *place, ngx_str_t *key, ngx_str_t *value, ngx_str_t *print);
static ngx_int_t ngx_http_wxapp_session_key_send(ngx_http_request_t *r,
    ngx_wxapp_redis_op_t *op, ngx_http_wxapp_session_key_t *sk,
    ngx_http_wxapp_done_pt done);
static void ngx_http_wxapp_session_key_sent(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_session_key_loaded(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_session_key_open(ngx_http_request_t *r,
    ngx_http_wxapp_session_key_t *sk, ngx_str_t *value);
static void ngx_http_wxapp_session_key_cleanup(void *data);


/*
 * A string of one or two words "PRINT:SEALED", newest first.  Texts sealed
 * from the same key differ, its print does not: a key that was given again,
 * as most logins do, does not push out the one before it.  What a version
 * before 0.3 left there, a plain key, has no colon and is forgotten.
 */

static ngx_wxapp_redis_script_t  ngx_http_wxapp_session_key_script = {
    ngx_string(
        "local old = redis.call('GET', KEYS[1]) or ''\n"
        "local a, b = old:match('^(%x+:%S+) ?(%S*)$')\n"
        "if a and a:sub(1, #ARGV[2]) == ARGV[2] then a = b end\n"
        "local new = ARGV[1]\n"
        "if a and a ~= '' then new = new .. ' ' .. a end\n"
        "return redis.call('SET', KEYS[1], new, 'EX', ARGV[3])\n"),
    { 0 }
};


ngx_uint_t
ngx_http_wxapp_session_key_kept(ngx_http_request_t *r)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    return wmcf->redis && wmcf->session && wmcf->session->keys;
}


ngx_int_t
ngx_http_wxapp_session_key_keep(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *key, ngx_http_wxapp_session_key_pt handler, void *data)
{
    ngx_str_t                      argv[4];
    ngx_wxapp_redis_op_t          *op;
    ngx_http_wxapp_main_conf_t    *wmcf;
    ngx_http_wxapp_session_key_t  *sk;

    wmcf = ngx_http_wxapp_main(r);

    sk = ngx_http_wxapp_session_key_create(r, uid, handler, data);

    if (sk == NULL
        || ngx_http_wxapp_session_key_seal(r, &sk->place, key, &argv[1],
                                           &argv[2])
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[0] = sk->name;

    /* WeChat tells no lifetime; who is away for a month logs in anew */

    ngx_str_set(&argv[3], "2592000");

    if (ngx_http_wxapp_session_key_script.sha[0] == '\0'
        && ngx_wxapp_redis_script(&ngx_http_wxapp_session_key_script)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    op = ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_session_key_script,
                              1, argv, 4);

    return ngx_http_wxapp_session_key_send(r, op, sk,
                                           ngx_http_wxapp_session_key_sent);
}


ngx_int_t
ngx_http_wxapp_session_key_load(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_http_wxapp_session_key_pt handler, void *data)
{
    ngx_str_t                      argv[2];
    ngx_wxapp_redis_op_t          *op;
    ngx_pool_cleanup_t            *cln;
    ngx_http_wxapp_main_conf_t    *wmcf;
    ngx_http_wxapp_session_key_t  *sk;

    wmcf = ngx_http_wxapp_main(r);

    sk = ngx_http_wxapp_session_key_create(r, uid, handler, data);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (sk == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_wxapp_session_key_cleanup;
    cln->data = &sk->keys;

    ngx_str_set(&argv[0], "GET");
    argv[1] = sk->name;

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 2);

    return ngx_http_wxapp_session_key_send(r, op, sk,
                                           ngx_http_wxapp_session_key_loaded);
}


static ngx_http_wxapp_session_key_t *
ngx_http_wxapp_session_key_create(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_http_wxapp_session_key_pt handler, void *data)
{
    u_char                        *p;
    ngx_http_wxapp_main_conf_t    *wmcf;
    ngx_http_wxapp_session_key_t  *sk;

    wmcf = ngx_http_wxapp_main(r);

    sk = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_session_key_t));
    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len + sizeof("session_key:")
                             + uid->len);

    if (sk == NULL || p == NULL) {
        return NULL;
    }

    sk->name.data = p;
    sk->name.len = ngx_sprintf(p, "%Vsession_key:%V", &wmcf->redis->prefix,
                               uid)
                   - p;

    sk->place.data = p + wmcf->redis->prefix.len;
    sk->place.len = sk->name.len - wmcf->redis->prefix.len;

    sk->handler = handler;
    sk->data = data;

    return sk;
}


/*
 * The print is an HMAC of the place under the key, which it tells as little
 * of as the key has many bits: 128.
 */

static ngx_int_t
ngx_http_wxapp_session_key_seal(ngx_http_request_t *r, ngx_str_t *place,
    ngx_str_t *key, ngx_str_t *value, ngx_str_t *print)
{
    u_char                      *p, digest[NGX_WXAPP_SHA256_LEN];
    ngx_str_t                    sealed;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    if (ngx_wxapp_hmac_sha256(key, place, digest) != NGX_OK
        || ngx_wxapp_seal(wmcf->session->keys, r->pool, place, key, &sealed)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, NGX_HTTP_WXAPP_SESSION_KEY_PRINT + 1
                             + sealed.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    print->data = p;
    p = ngx_hex_dump(p, digest, NGX_HTTP_WXAPP_SESSION_KEY_PRINT / 2);
    *p++ = ':';
    print->len = p - print->data;

    value->data = print->data;
    value->len = ngx_cpymem(p, sealed.data, sealed.len) - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_session_key_send(ngx_http_request_t *r,
    ngx_wxapp_redis_op_t *op, ngx_http_wxapp_session_key_t *sk,
    ngx_http_wxapp_done_pt done)
{
    if (op == NULL) {
        return NGX_ERROR;
    }

    op->op.data = sk;

    if (ngx_http_wxapp_wait_redis(r, &op->op, done) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_wxapp_redis_send(op);

    return NGX_AGAIN;
}


static void
ngx_http_wxapp_session_key_sent(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_session_key_t *sk = op->data;

    sk->handler(r, op->status == NGX_WXAPP_OP_OK ? NGX_OK : NGX_ERROR, NULL,
                sk->data);
}


static void
ngx_http_wxapp_session_key_loaded(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_session_key_t *sk = op->data;

    ngx_int_t    rc;
    ngx_str_t    value;
    redisReply  *reply;

    rc = NGX_ERROR;
    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    if (op->status == NGX_WXAPP_OP_OK) {
        ngx_str_null(&value);

        if (reply->type == REDIS_REPLY_STRING) {
            value.data = (u_char *) reply->str;
            value.len = reply->len;
        }

        rc = ngx_http_wxapp_session_key_open(r, sk, &value);
    }

    sk->handler(r, rc, rc == NGX_OK ? &sk->keys : NULL, sk->data);
}


/* what does not open is as good as not there: its key may have been retired */

static ngx_int_t
ngx_http_wxapp_session_key_open(ngx_http_request_t *r,
    ngx_http_wxapp_session_key_t *sk, ngx_str_t *value)
{
    u_char                      *p, *end, *last;
    ngx_str_t                    sealed;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    last = value->data + value->len;

    for (p = value->data; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, ' ');

        if (end == NULL) {
            end = last;
        }

        p = ngx_strlchr(p, end, ':');

        if (p == NULL || sk->keys.n == NGX_HTTP_WXAPP_SESSION_KEYS) {
            continue;
        }

        sealed.data = p + 1;
        sealed.len = end - sealed.data;

        switch (ngx_wxapp_unseal(wmcf->session->keys, r->pool, &sk->place,
                                 &sealed, &sk->keys.keys[sk->keys.n]))
        {
        case NGX_OK:
            sk->keys.n++;
            break;

        case NGX_DECLINED:
            ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                          "a kept session key cannot be opened: changed, or "
                          "its \"key\" is gone from \"wxapp_session\"");
            break;

        default:
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_wxapp_session_key_cleanup(void *data)
{
    ngx_http_wxapp_session_keys_t *keys = data;

    ngx_uint_t  i;

    for (i = 0; i < keys->n; i++) {
        ngx_explicit_memzero(keys->keys[i].data, keys->keys[i].len);
    }
}
