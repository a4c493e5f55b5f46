
#include "http/ngx_http_wxapp_session.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_refresh.h"
#include "http/ngx_http_wxapp_identity.h"


#define NGX_HTTP_WXAPP_SESSION_DEVICE  128

/* seconds in which a session is seen once */

#define NGX_HTTP_WXAPP_SESSION_SEEN    60


/* the words of a field */

enum {
    NGX_HTTP_WXAPP_SESSION_WORD_EXPIRES = 0,
    NGX_HTTP_WXAPP_SESSION_WORD_SEEN,
    NGX_HTTP_WXAPP_SESSION_WORD_UNTIL,
    NGX_HTTP_WXAPP_SESSION_WORD_FAMILY,
    NGX_HTTP_WXAPP_SESSION_WORD_SECRET,
    NGX_HTTP_WXAPP_SESSION_WORD_GRACE,
    NGX_HTTP_WXAPP_SESSION_WORD_JSON,
    NGX_HTTP_WXAPP_SESSION_WORDS
};


typedef struct {
    ngx_http_wxapp_session_t   *session;
    ngx_http_wxapp_session_pt   handler;
    ngx_http_wxapp_sessions_pt  list;
    void                       *data;
} ngx_http_wxapp_session_call_t;


/* ctx->session */

typedef struct {
    ngx_http_wxapp_session_e    result;
    ngx_uint_t                  wait;       /* unsigned  wait:1; */
    ngx_str_t                   key;
    ngx_str_t                   id;
} ngx_http_wxapp_session_check_t;


static ngx_int_t ngx_http_wxapp_session_text(ngx_http_request_t *r,
    u_char *bytes, ngx_str_t *id);
static ngx_int_t ngx_http_wxapp_session_token(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, u_char *hashes);
static void ngx_http_wxapp_session_created(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_session_found(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_session_rotated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_session_listed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_session_newer(const void *one,
    const void *two);
static void ngx_http_wxapp_session_ended(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_http_wxapp_session_e
    ngx_http_wxapp_session_ask(ngx_http_request_t *r,
    ngx_http_wxapp_session_check_t *check);
static void ngx_http_wxapp_session_checked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_session_touch(ngx_http_request_t *r,
    ngx_http_wxapp_session_check_t *check, ngx_str_t *words);
static ngx_int_t ngx_http_wxapp_session_key(ngx_http_request_t *r,
    ngx_str_t *uid, ngx_str_t *key);
static ngx_http_wxapp_session_call_t
    *ngx_http_wxapp_session_call(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data);
static ngx_int_t ngx_http_wxapp_session_send(ngx_http_request_t *r,
    ngx_wxapp_redis_op_t *op, void *data, ngx_http_wxapp_done_pt done);
static u_char *ngx_http_wxapp_session_int(u_char *p, ngx_str_t *s, int64_t n);
static void ngx_http_wxapp_session_device(ngx_http_request_t *r,
    ngx_str_t *device);
static ngx_int_t ngx_http_wxapp_session_json(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_str_t *json);
static ngx_int_t ngx_http_wxapp_session_read(ngx_http_request_t *r,
    ngx_str_t *words, ngx_http_wxapp_session_t *session);
static ngx_int_t ngx_http_wxapp_session_words(redisReply *reply,
    ngx_str_t *words);
static ngx_uint_t ngx_http_wxapp_session_living(ngx_str_t *words);


/*
 * A field is "EXPIRES SEEN UNTIL FAMILY SECRET GRACE JSON": when the session
 * and its refresh token end and when it was last seen, in milliseconds of
 * Redis' clock; the hashes of what stays and of what changes in a refresh
 * token; tokens exchanged lately, newest first, "HASH:NONCE:UNTIL,..."; "-"
 * for none.  The key ends with the last of its sessions.
 */

#define NGX_HTTP_WXAPP_SESSION_NOW                                            \
        "local t = redis.call('TIME')\n"                                      \
        "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

#define NGX_HTTP_WXAPP_SESSION_KEEP                                           \
        "local function keep(last)\n"                                         \
        "    if redis.call('PTTL', KEYS[1]) < last - now then\n"              \
        "        redis.call('PEXPIREAT', KEYS[1], ('%.0f'):format(last))\n"   \
        "    end\n"                                                           \
        "end\n"


/* arguments: id, ttl, life of the refresh token, how many, hashes, JSON */

static ngx_wxapp_redis_script_t  ngx_http_wxapp_session_create_script = {
    ngx_string(
        NGX_HTTP_WXAPP_SESSION_NOW
        NGX_HTTP_WXAPP_SESSION_KEEP
        "local all, alive = redis.call('HGETALL', KEYS[1]), {}\n"
        "for i = 1, #all, 2 do\n"
        "    local expires, seen = all[i + 1]:match('^(%d+) (%d+) ')\n"
        "    if expires and tonumber(expires) > now then\n"
        "        alive[#alive + 1] = { all[i], tonumber(seen) }\n"
        "    else\n"
        "        redis.call('HDEL', KEYS[1], all[i])\n"
        "    end\n"
        "end\n"
        "table.sort(alive, function (a, b) return a[2] < b[2] end)\n"
        "for i = 1, #alive + 1 - ARGV[4] do\n"
        "    redis.call('HDEL', KEYS[1], alive[i][1])\n"
        "end\n"
        "redis.call('HSET', KEYS[1], ARGV[1],\n"
        "           ('%.0f %.0f %.0f '):format(now + ARGV[2], now,\n"
        "                                      now + ARGV[3])\n"
        "           .. ARGV[5] .. ' - ' .. ARGV[6])\n"
        "keep(now + ARGV[2])\n"
        "return 1\n"),
    { 0 }
};


/*
 * Arguments: id, family, secret, next secret, nonce, ttl or 0, life of the
 * refresh token, grace, JSON.  Reply: the nonce that makes the next secret;
 * 0: no such session, or too late; 1: it has been ended.
 */

static ngx_wxapp_redis_script_t  ngx_http_wxapp_session_rotate_script = {
    ngx_string(
        NGX_HTTP_WXAPP_SESSION_NOW
        NGX_HTTP_WXAPP_SESSION_KEEP
        "local v = redis.call('HGET', KEYS[1], ARGV[1]) or ''\n"
        "local expires, till, family, secret, grace\n"
        "    = v:match('^(%d+) %d+ (%d+) (%S+) (%S+) (%S+) ')\n"
        "expires = tonumber(expires)\n"
        "if not expires or expires <= now or family ~= ARGV[2] then\n"
        "    return 0\n"
        "end\n"
        "local kept = {}\n"
        "for hash, nonce, last in grace:gmatch('([^:,]+):([^:,]+):(%d+)') do\n"
        "    if tonumber(last) > now then\n"
        "        if hash == ARGV[3] then return nonce end\n"
        "        kept[#kept + 1] = hash .. ':' .. nonce .. ':' .. last\n"
        "    end\n"
        "end\n"
        "if secret ~= ARGV[3] then\n"
        "    redis.call('HDEL', KEYS[1], ARGV[1])\n"
        "    return 1\n"
        "end\n"
        "if tonumber(till) <= now then return 0 end\n"
        "table.insert(kept, 1, ('%s:%s:%.0f'):format(ARGV[3], ARGV[5],\n"
        "                                            now + ARGV[8]))\n"
        "kept[9] = nil\n"
        "if ARGV[6] ~= '0' then expires = now + ARGV[6] end\n"
        "redis.call('HSET', KEYS[1], ARGV[1],\n"
        "           ('%.0f %.0f %.0f '):format(expires, now, now + ARGV[7])\n"
        "           .. table.concat({ family, ARGV[4],\n"
        "                             table.concat(kept, ','), ARGV[9] },\n"
        "                           ' '))\n"
        "keep(expires)\n"
        "return ARGV[5]\n"),
    { 0 }
};


/*
 * These two are sent whole: without an owner, nobody would do so when Redis
 * lacks them.  Arguments: id, ttl or 0; id.
 */

static ngx_str_t  ngx_http_wxapp_session_touch_script = ngx_string(
        NGX_HTTP_WXAPP_SESSION_NOW
        NGX_HTTP_WXAPP_SESSION_KEEP
        "local v = redis.call('HGET', KEYS[1], ARGV[1]) or ''\n"
        "local expires, rest = v:match('^(%d+) %d+ (.*)$')\n"
        "expires = tonumber(expires)\n"
        "if not expires or expires <= now then return 0 end\n"
        "if ARGV[2] ~= '0' then expires = now + ARGV[2] end\n"
        "redis.call('HSET', KEYS[1], ARGV[1],\n"
        "           ('%.0f %.0f '):format(expires, now) .. rest)\n"
        "keep(expires)\n"
        "return 1\n");

static ngx_str_t  ngx_http_wxapp_session_others_script = ngx_string(
        "local n = 0\n"
        "for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do\n"
        "    if id ~= ARGV[1] then\n"
        "        n = n + redis.call('HDEL', KEYS[1], id)\n"
        "    end\n"
        "end\n"
        "return n\n");


ngx_int_t
ngx_http_wxapp_session_scripts(void)
{
    if (ngx_wxapp_redis_script(&ngx_http_wxapp_session_create_script) != NGX_OK
        || ngx_wxapp_redis_script(&ngx_http_wxapp_session_rotate_script)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_session_id(ngx_http_request_t *r, ngx_str_t *id)
{
    u_char  random[NGX_WXAPP_REFRESH_ID];

    if (ngx_wxapp_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_session_text(r, random, id);
}


static ngx_int_t
ngx_http_wxapp_session_text(ngx_http_request_t *r, u_char *bytes,
    ngx_str_t *id)
{
    ngx_str_t  src;

    id->data = ngx_pnalloc(r->pool,
                           ngx_base64_encoded_length(NGX_WXAPP_REFRESH_ID));
    if (id->data == NULL) {
        return NGX_ERROR;
    }

    src.data = bytes;
    src.len = NGX_WXAPP_REFRESH_ID;

    ngx_encode_base64url(id, &src);

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_session_create(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data)
{
    u_char                         *p, buf[3 * NGX_INT64_LEN];
    u_char                          hashes[2 * NGX_WXAPP_REFRESH_HASH + 1];
    ngx_str_t                       argv[7];
    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_conf_t  *conf;

    wmcf = ngx_http_wxapp_main(r);
    conf = wmcf->session;

    if (session->uid.len == 0
        || session->uid.len > NGX_WXAPP_REFRESH_UID)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "a user id of %uz bytes can have no session",
                      session->uid.len);
        return NGX_ERROR;
    }

    session->created = ngx_time();
    session->seen = session->created;
    session->expires = session->created + conf->ttl;
    session->address = r->connection->addr_text;

    ngx_http_wxapp_session_device(r, &session->device);

    ngx_str_null(&session->refresh);
    ngx_str_set(&argv[5], "- -");

    if (conf->refresh) {

        if (ngx_http_wxapp_session_token(r, session, hashes) != NGX_OK) {
            return NGX_ERROR;
        }

        argv[5].data = hashes;
        argv[5].len = sizeof(hashes);
    }

    if (ngx_http_wxapp_session_key(r, &session->uid, &argv[0]) != NGX_OK
        || ngx_http_wxapp_session_json(r, session, &argv[6]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[1] = session->id;

    p = buf;
    p = ngx_http_wxapp_session_int(p, &argv[2], (int64_t) conf->ttl * 1000);
    p = ngx_http_wxapp_session_int(p, &argv[3],
                                   (int64_t) conf->refresh * 1000);
    (void) ngx_http_wxapp_session_int(p, &argv[4], conf->max);

    return ngx_http_wxapp_session_send(r,
                ngx_wxapp_redis_eval(wmcf->redis,
                                     &ngx_http_wxapp_session_create_script, 1,
                                     argv, 7),
                ngx_http_wxapp_session_call(r, session, handler, data),
                ngx_http_wxapp_session_created);
}


/* the first token of a session, and "FAMILY SECRET" for Redis */

static ngx_int_t
ngx_http_wxapp_session_token(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, u_char *hashes)
{
    ngx_int_t            rc;
    ngx_str_t            id;
    ngx_wxapp_refresh_t  refresh;

    refresh.uid = session->uid;

    if (ngx_wxapp_random((u_char *) &refresh.bytes, sizeof(refresh.bytes))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    id.data = refresh.bytes.id;

    rc = ngx_decode_base64url(&id, &session->id);

    if (rc == NGX_OK) {
        rc = ngx_wxapp_refresh_write(&refresh, r->pool, &session->refresh);
    }

    if (rc == NGX_OK) {
        hashes[NGX_WXAPP_REFRESH_HASH] = ' ';
        rc = ngx_wxapp_refresh_hash(&refresh, hashes,
                                    hashes + NGX_WXAPP_REFRESH_HASH + 1);
    }

    ngx_explicit_memzero(&refresh.bytes, sizeof(refresh.bytes));

    return rc;
}


static void
ngx_http_wxapp_session_created(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_session_call_t *call = op->data;

    call->handler(r, (op->status == NGX_WXAPP_OP_OK)
                     ? NGX_HTTP_WXAPP_SESSION_OK : NGX_HTTP_WXAPP_SESSION_LOST,
                  call->session, call->data);
}


ngx_int_t
ngx_http_wxapp_session_find(ngx_http_request_t *r, ngx_str_t *token,
    ngx_http_wxapp_session_pt handler, void *data)
{
    ngx_int_t                    rc;
    ngx_str_t                    argv[3];
    ngx_wxapp_refresh_t          refresh;
    ngx_http_wxapp_session_t    *session;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    session = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_session_t));
    if (session == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_wxapp_refresh_parse(&refresh, r->pool, token);

    if (rc == NGX_OK) {
        session->uid = refresh.uid;
        session->refresh = *token;

        rc = ngx_http_wxapp_session_text(r, refresh.bytes.id, &session->id);
    }

    ngx_explicit_memzero(&refresh.bytes, sizeof(refresh.bytes));

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_str_set(&argv[0], "HGET");

    if (ngx_http_wxapp_session_key(r, &session->uid, &argv[1]) != NGX_OK) {
        return NGX_ERROR;
    }

    argv[2] = session->id;

    return ngx_http_wxapp_session_send(r,
                ngx_wxapp_redis_command(wmcf->redis, argv, 3),
                ngx_http_wxapp_session_call(r, session, handler, data),
                ngx_http_wxapp_session_found);
}


static void
ngx_http_wxapp_session_found(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    u_char                          family[NGX_WXAPP_REFRESH_HASH];
    u_char                          secret[NGX_WXAPP_REFRESH_HASH];
    ngx_str_t                       words[NGX_HTTP_WXAPP_SESSION_WORDS];
    ngx_wxapp_refresh_t             refresh;
    ngx_wxapp_redis_op_t           *rop = (ngx_wxapp_redis_op_t *) op;
    ngx_http_wxapp_session_e        result;
    ngx_http_wxapp_session_call_t  *call = op->data;

    result = NGX_HTTP_WXAPP_SESSION_LOST;

    if (op->status != NGX_WXAPP_OP_OK) {
        goto done;
    }

    if (ngx_wxapp_refresh_parse(&refresh, r->pool, &call->session->refresh)
        != NGX_OK
        || ngx_wxapp_refresh_hash(&refresh, family, secret) != NGX_OK)
    {
        goto done;
    }

    /* whether it is the newest token, and in time, the exchange will show */

    result = NGX_HTTP_WXAPP_SESSION_NONE;

    if (ngx_http_wxapp_session_words(rop->reply, words) == NGX_OK
        && words[NGX_HTTP_WXAPP_SESSION_WORD_FAMILY].len == sizeof(family)
        && ngx_wxapp_memcmp_const(
                              words[NGX_HTTP_WXAPP_SESSION_WORD_FAMILY].data,
                              family, sizeof(family))
           == 0)
    {
        result = (ngx_http_wxapp_session_read(r, words, call->session)
                  == NGX_OK)
                 ? NGX_HTTP_WXAPP_SESSION_OK : NGX_HTTP_WXAPP_SESSION_LOST;
    }

done:

    ngx_explicit_memzero(&refresh.bytes, sizeof(refresh.bytes));

    call->handler(r, result, call->session, call->data);
}


ngx_int_t
ngx_http_wxapp_session_rotate(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data)
{
    u_char                         *p, buf[3 * NGX_INT64_LEN];
    u_char                          family[NGX_WXAPP_REFRESH_HASH];
    u_char                          secret[NGX_WXAPP_REFRESH_HASH];
    u_char                          next[NGX_WXAPP_REFRESH_HASH];
    ngx_str_t                       argv[10];
    ngx_wxapp_refresh_t             refresh;
    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_conf_t  *conf;

    wmcf = ngx_http_wxapp_main(r);
    conf = wmcf->session;

    if (ngx_wxapp_refresh_parse(&refresh, r->pool, &session->refresh)
        != NGX_OK
        || ngx_wxapp_refresh_hash(&refresh, family, secret) != NGX_OK
        || ngx_http_wxapp_session_id(r, &argv[5]) != NGX_OK
        || ngx_wxapp_refresh_next(&refresh, &argv[5]) != NGX_OK
        || ngx_wxapp_refresh_hash(&refresh, family, next) != NGX_OK
        || ngx_http_wxapp_session_key(r, &session->uid, &argv[0]) != NGX_OK
        || ngx_http_wxapp_session_json(r, session, &argv[9]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[1] = session->id;

    argv[2].data = family;
    argv[3].data = secret;
    argv[4].data = next;

    argv[2].len = argv[3].len = argv[4].len = NGX_WXAPP_REFRESH_HASH;

    p = buf;
    p = ngx_http_wxapp_session_int(p, &argv[6],
                              conf->fixed ? 0 : (int64_t) conf->ttl * 1000);
    p = ngx_http_wxapp_session_int(p, &argv[7],
                                   (int64_t) conf->refresh * 1000);
    (void) ngx_http_wxapp_session_int(p, &argv[8],
                                      (int64_t) conf->grace * 1000);

    ngx_explicit_memzero(&refresh.bytes, sizeof(refresh.bytes));

    return ngx_http_wxapp_session_send(r,
                ngx_wxapp_redis_eval(wmcf->redis,
                                     &ngx_http_wxapp_session_rotate_script, 1,
                                     argv, 10),
                ngx_http_wxapp_session_call(r, session, handler, data),
                ngx_http_wxapp_session_rotated);
}


static void
ngx_http_wxapp_session_rotated(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_str_t                       nonce, *token;
    redisReply                     *reply;
    ngx_wxapp_refresh_t             refresh;
    ngx_http_wxapp_session_e        result;
    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_call_t  *call = op->data;

    wmcf = ngx_http_wxapp_main(r);

    reply = ((ngx_wxapp_redis_op_t *) op)->reply;
    result = NGX_HTTP_WXAPP_SESSION_LOST;

    if (op->status != NGX_WXAPP_OP_OK) {
        goto done;
    }

    if (reply->type == REDIS_REPLY_INTEGER) {
        result = reply->integer ? NGX_HTTP_WXAPP_SESSION_OLD
                                : NGX_HTTP_WXAPP_SESSION_NONE;
        goto done;
    }

    nonce.data = (u_char *) reply->str;
    nonce.len = reply->len;

    token = &call->session->refresh;

    if (reply->type == REDIS_REPLY_STRING
        && ngx_wxapp_refresh_parse(&refresh, r->pool, token) == NGX_OK
        && ngx_wxapp_refresh_next(&refresh, &nonce) == NGX_OK
        && ngx_wxapp_refresh_write(&refresh, r->pool, token) == NGX_OK)
    {
        call->session->seen = ngx_time();

        if (!wmcf->session->fixed) {
            call->session->expires = ngx_time() + wmcf->session->ttl;
        }

        result = NGX_HTTP_WXAPP_SESSION_OK;
    }

done:

    ngx_explicit_memzero(&refresh.bytes, sizeof(refresh.bytes));

    call->handler(r, result, call->session, call->data);
}


ngx_int_t
ngx_http_wxapp_session_list(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_http_wxapp_sessions_pt handler, void *data)
{
    ngx_str_t                       argv[2];
    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_call_t  *call;

    wmcf = ngx_http_wxapp_main(r);

    ngx_str_set(&argv[0], "HGETALL");

    if (ngx_http_wxapp_session_key(r, uid, &argv[1]) != NGX_OK) {
        return NGX_ERROR;
    }

    call = ngx_http_wxapp_session_call(r, NULL, NULL, data);

    if (call) {
        call->list = handler;
    }

    return ngx_http_wxapp_session_send(r,
                ngx_wxapp_redis_command(wmcf->redis, argv, 2), call,
                ngx_http_wxapp_session_listed);
}


static void
ngx_http_wxapp_session_listed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_str_t                       words[NGX_HTTP_WXAPP_SESSION_WORDS];
    ngx_str_t                       id;
    redisReply                     *reply;
    ngx_uint_t                      i;
    ngx_array_t                    *sessions;
    ngx_http_wxapp_session_t       *session;
    ngx_http_wxapp_session_call_t  *call = op->data;

    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    if (op->status != NGX_WXAPP_OP_OK || reply->type != REDIS_REPLY_ARRAY) {
        goto lost;
    }

    sessions = ngx_array_create(r->pool, reply->elements / 2 + 1,
                                sizeof(ngx_http_wxapp_session_t));
    if (sessions == NULL) {
        goto lost;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {

        if (ngx_http_wxapp_session_words(reply->element[i + 1], words)
            != NGX_OK
            || !ngx_http_wxapp_session_living(words))
        {
            continue;
        }

        session = ngx_array_push(sessions);

        ngx_memzero(session, sizeof(ngx_http_wxapp_session_t));

        id.data = (u_char *) reply->element[i]->str;
        id.len = reply->element[i]->len;

        session->id.len = id.len;
        session->id.data = ngx_pstrdup(r->pool, &id);

        if (session->id.data == NULL
            || ngx_http_wxapp_session_read(r, words, session) != NGX_OK)
        {
            goto lost;
        }
    }

    ngx_sort(sessions->elts, sessions->nelts, sizeof(ngx_http_wxapp_session_t),
             ngx_http_wxapp_session_newer);

    call->list(r, NGX_HTTP_WXAPP_SESSION_OK, sessions, call->data);

    return;

lost:

    call->list(r, NGX_HTTP_WXAPP_SESSION_LOST, NULL, call->data);
}


static ngx_int_t
ngx_http_wxapp_session_newer(const void *one, const void *two)
{
    const ngx_http_wxapp_session_t *a = one;
    const ngx_http_wxapp_session_t *b = two;

    return (a->created < b->created) - (a->created > b->created);
}


ngx_int_t
ngx_http_wxapp_session_end(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *id, ngx_http_wxapp_session_scope_e scope,
    ngx_http_wxapp_session_pt handler, void *data)
{
    ngx_str_t                    argv[5];
    ngx_uint_t                   n;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    switch (scope) {

    case NGX_HTTP_WXAPP_SESSION_THIS:
        ngx_str_set(&argv[0], "HDEL");
        n = 1;
        break;

    case NGX_HTTP_WXAPP_SESSION_OTHERS:
        ngx_str_set(&argv[0], "EVAL");
        argv[1] = ngx_http_wxapp_session_others_script;
        ngx_str_set(&argv[2], "1");
        n = 3;
        break;

    default: /* NGX_HTTP_WXAPP_SESSION_ALL */
        ngx_str_set(&argv[0], "DEL");
        n = 1;
    }

    if (ngx_http_wxapp_session_key(r, uid, &argv[n++]) != NGX_OK) {
        return NGX_ERROR;
    }

    if (scope != NGX_HTTP_WXAPP_SESSION_ALL) {
        argv[n++] = *id;
    }

    return ngx_http_wxapp_session_send(r,
                ngx_wxapp_redis_command(wmcf->redis, argv, n),
                ngx_http_wxapp_session_call(r, NULL, handler, data),
                ngx_http_wxapp_session_ended);
}


static void
ngx_http_wxapp_session_ended(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    redisReply                     *reply;
    ngx_http_wxapp_session_e        result;
    ngx_http_wxapp_session_call_t  *call = op->data;

    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    if (op->status != NGX_WXAPP_OP_OK || reply->type != REDIS_REPLY_INTEGER) {
        result = NGX_HTTP_WXAPP_SESSION_LOST;

    } else {
        result = reply->integer ? NGX_HTTP_WXAPP_SESSION_OK
                                : NGX_HTTP_WXAPP_SESSION_NONE;
    }

    call->handler(r, result, NULL, call->data);
}


ngx_http_wxapp_session_e
ngx_http_wxapp_session_alive(ngx_http_request_t *r, ngx_uint_t wait)
{
    ngx_http_wxapp_ctx_t            *ctx;
    ngx_http_wxapp_session_check_t  *check;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_WXAPP_SESSION_LOST;
    }

    if (ctx->session == NULL) {
        check = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_session_check_t));
        if (check == NULL) {
            return NGX_HTTP_WXAPP_SESSION_LOST;
        }

        check->result = ngx_http_wxapp_session_ask(r, check);
        ctx->session = check;
    }

    check = ctx->session;

    if (wait && !check->wait) {
        check->wait = 1;

        /* what the request waited for meanwhile has stopped to watch */

        if (check->result == NGX_HTTP_WXAPP_SESSION_PENDING) {
            ngx_http_wxapp_watch(r);
        }
    }

    return check->result;
}


static ngx_http_wxapp_session_e
ngx_http_wxapp_session_ask(ngx_http_request_t *r,
    ngx_http_wxapp_session_check_t *check)
{
    ngx_int_t                    rc;
    ngx_str_t                    argv[3], uid;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    rc = ngx_http_wxapp_sid(r, &uid, &check->id);

    if (rc == NGX_OK && wmcf->session) {
        rc = ngx_http_wxapp_session_key(r, &uid, &check->key);

        ngx_str_set(&argv[0], "HGET");
        argv[1] = check->key;
        argv[2] = check->id;

        if (rc == NGX_OK
            && ngx_http_wxapp_session_send(r,
                            ngx_wxapp_redis_command(wmcf->redis, argv, 3),
                            check, ngx_http_wxapp_session_checked)
               == NGX_AGAIN)
        {
            return NGX_HTTP_WXAPP_SESSION_PENDING;
        }

        rc = NGX_ERROR;
    }

    return (rc == NGX_ERROR) ? NGX_HTTP_WXAPP_SESSION_LOST
                             : NGX_HTTP_WXAPP_SESSION_NONE;
}


static void
ngx_http_wxapp_session_checked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_str_t                        words[NGX_HTTP_WXAPP_SESSION_WORDS];
    redisReply                      *reply;
    ngx_uint_t                       ok;
    ngx_http_wxapp_session_check_t  *check = op->data;

    static ngx_uint_t  checked = 1;       /* in this worker */

    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    ok = (op->status == NGX_WXAPP_OP_OK);

    /* of each change one line, not one of each request */

    if (ok != checked) {
        checked = ok;

        ngx_log_error((ok ? NGX_LOG_NOTICE : NGX_LOG_ERR), r->connection->log,
                      0, "Redis %s, sessions are %s",
                      ok ? "answers again" : "does not answer",
                      ok ? "checked" : "not checked");
    }

    if (!ok) {
        check->result = NGX_HTTP_WXAPP_SESSION_LOST;

    } else if (ngx_http_wxapp_session_words(reply, words) == NGX_OK
               && ngx_http_wxapp_session_living(words))
    {
        check->result = NGX_HTTP_WXAPP_SESSION_OK;
        ngx_http_wxapp_session_touch(r, check, words);

    } else {
        check->result = NGX_HTTP_WXAPP_SESSION_NONE;
    }

    if (check->wait) {
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler(r);
    }
}


/* a session that is used is seen, and moved on, by who does not wait for it */

static void
ngx_http_wxapp_session_touch(ngx_http_request_t *r,
    ngx_http_wxapp_session_check_t *check, ngx_str_t *words)
{
    u_char                          buf[NGX_INT64_LEN];
    time_t                          interval;
    ngx_str_t                       argv[6], *seen;
    ngx_wxapp_redis_op_t           *op;
    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_conf_t  *conf;

    wmcf = ngx_http_wxapp_main(r);
    conf = wmcf->session;

    seen = &words[NGX_HTTP_WXAPP_SESSION_WORD_SEEN];
    interval = ngx_min(NGX_HTTP_WXAPP_SESSION_SEEN, conf->ttl / 10);

    if (ngx_time() - ngx_atoi(seen->data, seen->len) / 1000 < interval) {
        return;
    }

    ngx_str_set(&argv[0], "EVAL");
    argv[1] = ngx_http_wxapp_session_touch_script;
    ngx_str_set(&argv[2], "1");
    argv[3] = check->key;
    argv[4] = check->id;

    (void) ngx_http_wxapp_session_int(buf, &argv[5],
                               conf->fixed ? 0 : (int64_t) conf->ttl * 1000);

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 6);

    if (op) {
        ngx_wxapp_redis_send(op);
    }
}


static ngx_int_t
ngx_http_wxapp_session_key(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *key)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    key->data = ngx_pnalloc(r->pool, wmcf->redis->prefix.len
                                     + sizeof("session:{}") - 1 + uid->len);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    key->len = ngx_sprintf(key->data, "%Vsession:{%V}", &wmcf->redis->prefix,
                           uid)
               - key->data;

    return NGX_OK;
}


static ngx_http_wxapp_session_call_t *
ngx_http_wxapp_session_call(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data)
{
    ngx_http_wxapp_session_call_t  *call;

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_session_call_t));

    if (call) {
        call->session = session;
        call->handler = handler;
        call->data = data;
    }

    return call;
}


static ngx_int_t
ngx_http_wxapp_session_send(ngx_http_request_t *r, ngx_wxapp_redis_op_t *op,
    void *data, ngx_http_wxapp_done_pt done)
{
    if (op == NULL) {
        return NGX_ERROR;
    }

    if (data == NULL) {
        op->op.free(&op->op);
        return NGX_ERROR;
    }

    op->op.data = data;

    if (ngx_http_wxapp_wait_redis(r, &op->op, done) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_wxapp_redis_send(op);

    return NGX_AGAIN;
}


static u_char *
ngx_http_wxapp_session_int(u_char *p, ngx_str_t *s, int64_t n)
{
    s->data = p;
    p = ngx_sprintf(p, "%L", n);
    s->len = p - s->data;

    return p;
}


static void
ngx_http_wxapp_session_device(ngx_http_request_t *r, ngx_str_t *device)
{
    if (r->headers_in.user_agent == NULL) {
        return;
    }

    *device = r->headers_in.user_agent->value;

    if (device->len > NGX_HTTP_WXAPP_SESSION_DEVICE) {
        device->len = NGX_HTTP_WXAPP_SESSION_DEVICE;

        /* not in the middle of a character */

        while (device->len && (device->data[device->len] & 0xc0) == 0x80) {
            device->len--;
        }
    }
}


/* the members in the order of the structure */

typedef struct {
    ngx_str_t                 name;
    size_t                    offset;
    ngx_uint_t                number;         /* unsigned  number:1; */
} ngx_http_wxapp_session_member_t;

#define ngx_http_wxapp_session_member(name, field, number)                    \
    { ngx_string(name), offsetof(ngx_http_wxapp_session_t, field), number }

static ngx_http_wxapp_session_member_t  ngx_http_wxapp_session_members[] = {
    ngx_http_wxapp_session_member("openid", openid, 0),
    ngx_http_wxapp_session_member("unionid", unionid, 0),
    ngx_http_wxapp_session_member("app", app, 0),
    ngx_http_wxapp_session_member("role", role, 0),
    ngx_http_wxapp_session_member("amr", amr, 0),
    ngx_http_wxapp_session_member("claims", claims, 0),
    ngx_http_wxapp_session_member("device", device, 0),
    ngx_http_wxapp_session_member("ip", address, 0),
    ngx_http_wxapp_session_member("created", created, 1),
    ngx_http_wxapp_session_member("auth_time", auth_time, 1),
    ngx_http_wxapp_session_member("mfa_time", mfa_time, 1),
    { ngx_null_string, 0, 0 }
};


static ngx_int_t
ngx_http_wxapp_session_json(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_str_t *json)
{
    u_char                           *field;
    ngx_wxapp_text_t                  text;
    ngx_http_wxapp_session_member_t  *m;

    ngx_wxapp_text_init(&text, r->pool, 512);
    ngx_wxapp_json_open(&text, '{');

    for (m = ngx_http_wxapp_session_members; m->name.len; m++) {
        field = (u_char *) session + m->offset;

        if (m->number) {
            if (*(time_t *) field) {
                ngx_wxapp_json_name_str(&text, &m->name);
                ngx_wxapp_json_int(&text, *(time_t *) field);
            }

        } else if (((ngx_str_t *) field)->len) {
            ngx_wxapp_json_name_str(&text, &m->name);
            ngx_wxapp_json_str(&text, (ngx_str_t *) field);
        }
    }

    ngx_wxapp_json_close(&text, '}');

    return ngx_wxapp_text_done(&text, json);
}


/* what a field says of its session, in memory of the request */

static ngx_int_t
ngx_http_wxapp_session_read(ngx_http_request_t *r, ngx_str_t *words,
    ngx_http_wxapp_session_t *session)
{
    u_char                           *field;
    int64_t                           n;
    ngx_str_t                        *word;
    const char                       *error;
    ngx_wxapp_json_node_t            *object, *node;
    ngx_http_wxapp_session_member_t  *m;

    word = &words[NGX_HTTP_WXAPP_SESSION_WORD_EXPIRES];
    session->expires = ngx_atoi(word->data, word->len) / 1000;

    word = &words[NGX_HTTP_WXAPP_SESSION_WORD_SEEN];
    session->seen = ngx_atoi(word->data, word->len) / 1000;

    if (ngx_wxapp_json_parse(r->pool, &words[NGX_HTTP_WXAPP_SESSION_WORD_JSON],
                             &object, &error)
        != NGX_OK
        || object->type != NGX_WXAPP_JSON_OBJECT)
    {
        return NGX_ERROR;
    }

    for (m = ngx_http_wxapp_session_members; m->name.len; m++) {
        field = (u_char *) session + m->offset;
        node = ngx_wxapp_json_member(object, &m->name);

        if (node == NULL) {
            continue;
        }

        if (!m->number) {
            *(ngx_str_t *) field = node->value;

        } else if (ngx_wxapp_json_integer(node, &n) == NGX_OK) {
            *(time_t *) field = n;
        }
    }

    return NGX_OK;
}


/* NGX_DECLINED for a reply that is none, or no field of ours */

static ngx_int_t
ngx_http_wxapp_session_words(redisReply *reply, ngx_str_t *words)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    if (reply->type != REDIS_REPLY_STRING) {
        return NGX_DECLINED;
    }

    p = (u_char *) reply->str;
    last = p + reply->len;

    for (i = 0; i < NGX_HTTP_WXAPP_SESSION_WORD_JSON; i++) {
        words[i].data = p;

        p = ngx_strlchr(p, last, ' ');
        if (p == NULL) {
            return NGX_DECLINED;
        }

        words[i].len = p++ - words[i].data;
    }

    words[i].data = p;
    words[i].len = last - p;

    return NGX_OK;
}


/* by our clock: seconds are of no account in the life of a session */

static ngx_uint_t
ngx_http_wxapp_session_living(ngx_str_t *words)
{
    ngx_str_t   *word;
    ngx_time_t  *now;

    now = ngx_timeofday();
    word = &words[NGX_HTTP_WXAPP_SESSION_WORD_EXPIRES];

    return ngx_atoi(word->data, word->len)
           > (ngx_int_t) now->sec * 1000 + (ngx_int_t) now->msec;
}
