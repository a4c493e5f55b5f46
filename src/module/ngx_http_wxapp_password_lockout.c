
#include "module/ngx_http_wxapp_password.h"
#include "base/ngx_wxapp_crypto.h"


static ngx_int_t ngx_http_wxapp_password_keys(
    ngx_http_wxapp_password_t *attempt);
static ngx_int_t ngx_http_wxapp_password_address(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_http_wxapp_password_count(
    ngx_http_wxapp_password_count_t *count,
    ngx_http_wxapp_lockout_t *lockout);
static void ngx_http_wxapp_password_counted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_undo(
    ngx_http_wxapp_password_count_t *count);


/*
 * A count that ends by itself: a window after its first try, and after the
 * one that filled it.  Arguments: 1, the limit, the window in ms; reply: how
 * long it is still locked in ms, or 0 when the try was counted.  Or -1: a try
 * is taken back, of a count that may have ended by then.
 */

static ngx_wxapp_redis_script_t  ngx_http_wxapp_password_script = {
    ngx_string(
        "local n = tonumber(redis.call('GET', KEYS[1]) or 0)\n"
        "if ARGV[1] == '-1' then\n"
        "    if n > 0 then redis.call('DECR', KEYS[1]) end\n"
        "    return 0\n"
        "end\n"
        "local max = tonumber(ARGV[2])\n"
        "if n >= max then\n"
        "    return math.max(redis.call('PTTL', KEYS[1]), 1)\n"
        "end\n"
        "n = redis.call('INCR', KEYS[1])\n"
        "if n == 1 or n == max then\n"
        "    redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
        "end\n"
        "return 0\n"),
    { 0 }
};


ngx_int_t
ngx_http_wxapp_password_lockouts(void)
{
    return ngx_wxapp_redis_script(&ngx_http_wxapp_password_script);
}


ngx_int_t
ngx_http_wxapp_password_reserve(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_pt handler)
{
    ngx_uint_t                        i;
    ngx_http_wxapp_lockout_t         *lockout;
    ngx_http_wxapp_password_count_t  *count;

    attempt->handler = handler;

    if (ngx_http_wxapp_password_keys(attempt) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_WXAPP_PASSWORD_COUNTS; i++) {
        count = &attempt->counts[i];

        if (count->key.len == 0) {
            continue;
        }

        count->attempt = attempt;

        lockout = (i == NGX_HTTP_WXAPP_PASSWORD_ADDRESS)
                  ? &attempt->conf->address : &attempt->conf->account;

        if (ngx_http_wxapp_password_count(count, lockout) != NGX_OK) {
            attempt->lost = 1;
            break;
        }

        attempt->asked++;
    }

    /* the handler runs when all that were sent have been answered */

    return attempt->asked ? NGX_OK : NGX_ERROR;
}


/*
 * Failures are counted by the name as the row has it, or by its id: collations
 * take many writings of a name for the same.
 */

static ngx_int_t
ngx_http_wxapp_password_keys(ngx_http_wxapp_password_t *attempt)
{
    ngx_int_t                         rc;
    ngx_str_t                        *account, *writing;
    ngx_http_request_t               *r;
    ngx_http_wxapp_password_count_t  *counts;

    r = attempt->request;
    counts = attempt->counts;

    account = &counts[NGX_HTTP_WXAPP_PASSWORD_ACCOUNT].key;
    writing = &counts[NGX_HTTP_WXAPP_PASSWORD_WRITING].key;

    if (attempt->name.len) {
        rc = ngx_http_wxapp_password_key(r, "account", &attempt->name,
                                         account);

    } else if (attempt->uid.len) {
        rc = ngx_http_wxapp_password_key(r, "id", &attempt->uid, account);

    } else {
        rc = ngx_http_wxapp_password_key(r, "account", &attempt->username,
                                         account);
    }

    if (rc == NGX_OK && attempt->username.len) {
        rc = ngx_http_wxapp_password_key(r, "account", &attempt->username,
                                         writing);

        if (writing->len == account->len
            && ngx_memcmp(writing->data, account->data, account->len) == 0)
        {
            writing->len = 0;
        }
    }

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_password_address(r,
                                 &counts[NGX_HTTP_WXAPP_PASSWORD_ADDRESS].key);
    }

    return rc;
}


/* names in any case, with spaces behind them, are one for the database */

ngx_int_t
ngx_http_wxapp_password_key(ngx_http_request_t *r, const char *of,
    ngx_str_t *name, ngx_str_t *key)
{
    u_char                      *p, digest[NGX_WXAPP_SHA256_LEN];
    ngx_str_t                    s;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    s.len = name->len;

    while (s.len && name->data[s.len - 1] == ' ') {
        s.len--;
    }

    s.data = ngx_pnalloc(r->pool, s.len + 1);
    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len
                             + sizeof("password:account:") - 1
                             + 2 * NGX_WXAPP_SHA256_LEN);

    if (s.data == NULL || p == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(s.data, name->data, s.len);

    if (ngx_wxapp_sha256(&s, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_sprintf(p, "%Vpassword:%s:", &wmcf->redis->prefix, of);
    p = ngx_hex_dump(p, digest, sizeof(digest));

    key->len = p - key->data;

    return NGX_OK;
}


/* in hex; of IPv6 the network, as a client has all of one */

static ngx_int_t
ngx_http_wxapp_password_address(ngx_http_request_t *r, ngx_str_t *key)
{
    u_char                      *p, *address;
    size_t                       len;
    struct sockaddr_in          *sin;
    ngx_http_wxapp_main_conf_t  *wmcf;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6         *sin6;
#endif

    switch (r->connection->sockaddr->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) r->connection->sockaddr;
        address = sin6->sin6_addr.s6_addr;
        len = 8;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            address += 12;
            len = 4;
        }

        break;
#endif

    case AF_INET:
        sin = (struct sockaddr_in *) r->connection->sockaddr;
        address = (u_char *) &sin->sin_addr;
        len = 4;
        break;

    default: /* AF_UNIX */
        address = NULL;
        len = 0;
    }

    wmcf = ngx_http_wxapp_main(r);

    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len
                             + sizeof("password:address:") - 1 + 2 * len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_sprintf(p, "%Vpassword:address:", &wmcf->redis->prefix);
    p = ngx_hex_dump(p, address, len);

    key->len = p - key->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_password_count(ngx_http_wxapp_password_count_t *count,
    ngx_http_wxapp_lockout_t *lockout)
{
    u_char                       max[NGX_INT_T_LEN];
    u_char                       window[NGX_INT_T_LEN + 3];
    ngx_str_t                    argv[4];
    ngx_http_request_t          *r;
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    r = count->attempt->request;
    wmcf = ngx_http_wxapp_main(r);

    argv[0] = count->key;
    ngx_str_set(&argv[1], "1");

    argv[2].data = max;
    argv[2].len = ngx_sprintf(max, "%ui", lockout->max) - max;

    argv[3].data = window;
    argv[3].len = ngx_sprintf(window, "%ui000", lockout->window) - window;

    op = ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_password_script, 1,
                              argv, 4);
    if (op == NULL) {
        return NGX_ERROR;
    }

    op->op.data = count;

    if (ngx_http_wxapp_wait_redis(r, &op->op, ngx_http_wxapp_password_counted)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_wxapp_redis_send(op);

    return NGX_OK;
}


static void
ngx_http_wxapp_password_counted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_password_count_t *count = op->data;

    redisReply                       *reply;
    ngx_http_wxapp_password_t        *attempt;
    ngx_http_wxapp_password_count_t  *counts;

    attempt = count->attempt;
    counts = attempt->counts;
    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    if (op->status != NGX_WXAPP_OP_OK || reply->type != REDIS_REPLY_INTEGER) {
        attempt->lost = 1;

    } else if (reply->integer == 0) {
        count->counted = 1;

    } else if (count == &counts[NGX_HTTP_WXAPP_PASSWORD_ACCOUNT]
               && counts[NGX_HTTP_WXAPP_PASSWORD_WRITING].key.len)
    {
        attempt->disabled = 1;

    } else {
        attempt->locked = ngx_max(attempt->locked, reply->integer);
    }

    if (--attempt->asked) {
        return;
    }

    /* where an address may not try, no account is tried */

    if (attempt->lost || !counts[NGX_HTTP_WXAPP_PASSWORD_ADDRESS].counted) {
        ngx_http_wxapp_password_release(attempt);

    } else if (attempt->locked) {
        ngx_http_wxapp_password_undo(&counts[NGX_HTTP_WXAPP_PASSWORD_ACCOUNT]);
    }

    attempt->handler(attempt);
}


void
ngx_http_wxapp_password_release(ngx_http_wxapp_password_t *attempt)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_WXAPP_PASSWORD_COUNTS; i++) {
        ngx_http_wxapp_password_undo(&attempt->counts[i]);
    }
}


void
ngx_http_wxapp_password_clear(ngx_http_wxapp_password_t *attempt)
{
    ngx_str_t                    argv[2];
    ngx_uint_t                   i;
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(attempt->request);

    ngx_str_set(&argv[0], "DEL");

    for (i = 0; i < NGX_HTTP_WXAPP_PASSWORD_COUNTS; i++) {

        if (i == NGX_HTTP_WXAPP_PASSWORD_ADDRESS) {
            ngx_http_wxapp_password_undo(&attempt->counts[i]);
            continue;
        }

        if (!attempt->counts[i].counted) {
            continue;
        }

        attempt->counts[i].counted = 0;
        argv[1] = attempt->counts[i].key;

        op = ngx_wxapp_redis_command(wmcf->redis, argv, 2);
        if (op) {
            ngx_wxapp_redis_send(op);
        }
    }
}


static void
ngx_http_wxapp_password_undo(ngx_http_wxapp_password_count_t *count)
{
    ngx_str_t                    argv[2];
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (!count->counted) {
        return;
    }

    count->counted = 0;

    wmcf = ngx_http_wxapp_main(count->attempt->request);

    argv[0] = count->key;
    ngx_str_set(&argv[1], "-1");

    op = ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_password_script, 1,
                              argv, 2);
    if (op) {
        ngx_wxapp_redis_send(op);
    }
}
