
#include "module/ngx_http_wxapp_password.h"
#include "base/ngx_wxapp_crypto.h"


#define NGX_HTTP_WXAPP_PASSWORD_ACCOUNT  0
#define NGX_HTTP_WXAPP_PASSWORD_ADDRESS  1


static ngx_int_t ngx_http_wxapp_password_address(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_wxapp_redis_op_t *ngx_http_wxapp_password_count(
    ngx_http_wxapp_password_t *attempt, ngx_str_t *key,
    ngx_http_wxapp_lockout_t *lockout);
static void ngx_http_wxapp_password_account_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_address_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_counted(
    ngx_http_wxapp_password_t *attempt, ngx_wxapp_op_t *op, ngx_uint_t which);
static void ngx_http_wxapp_password_undo(ngx_http_wxapp_password_t *attempt,
    ngx_uint_t which);


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
    ngx_str_t *name, ngx_http_wxapp_password_pt handler)
{
    ngx_http_request_t    *r;
    ngx_wxapp_redis_op_t  *account, *address;

    r = attempt->request;

    attempt->handler = handler;
    attempt->counted = 0;
    attempt->locked = 0;
    attempt->lost = 0;

    if (ngx_http_wxapp_password_key(r, name, &attempt->keys[0]) != NGX_OK
        || ngx_http_wxapp_password_address(r, &attempt->keys[1]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    account = ngx_http_wxapp_password_count(attempt, &attempt->keys[0],
                                            &attempt->conf->account);
    if (account == NULL) {
        return NGX_ERROR;
    }

    address = ngx_http_wxapp_password_count(attempt, &attempt->keys[1],
                                            &attempt->conf->address);
    if (address == NULL) {
        account->op.free(&account->op);
        return NGX_ERROR;
    }

    if (ngx_http_wxapp_wait_redis(r, &account->op,
                                  ngx_http_wxapp_password_account_done)
        != NGX_OK)
    {
        address->op.free(&address->op);
        return NGX_ERROR;
    }

    /* who waits for one at least has it sent */

    ngx_wxapp_redis_send(account);
    attempt->asked = 1;

    if (ngx_http_wxapp_wait_redis(r, &address->op,
                                  ngx_http_wxapp_password_address_done)
        != NGX_OK)
    {
        attempt->lost = 1;
        return NGX_OK;
    }

    ngx_wxapp_redis_send(address);
    attempt->asked = 2;

    return NGX_OK;
}


/* names in any case, with spaces behind them, are one for the database */

ngx_int_t
ngx_http_wxapp_password_key(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *key)
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

    p = ngx_sprintf(p, "%Vpassword:account:", &wmcf->redis->prefix);
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


static ngx_wxapp_redis_op_t *
ngx_http_wxapp_password_count(ngx_http_wxapp_password_t *attempt,
    ngx_str_t *key, ngx_http_wxapp_lockout_t *lockout)
{
    u_char                       max[NGX_INT_T_LEN];
    u_char                       window[NGX_INT_T_LEN + 3];
    ngx_str_t                    argv[4];
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(attempt->request);

    argv[0] = *key;
    ngx_str_set(&argv[1], "1");

    argv[2].data = max;
    argv[2].len = ngx_sprintf(max, "%ui", lockout->max) - max;

    argv[3].data = window;
    argv[3].len = ngx_sprintf(window, "%ui000", lockout->window) - window;

    op = ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_password_script, 1,
                              argv, 4);
    if (op) {
        op->op.data = attempt;
    }

    return op;
}


static void
ngx_http_wxapp_password_account_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_password_counted(op->data, op,
                                    NGX_HTTP_WXAPP_PASSWORD_ACCOUNT);
}


static void
ngx_http_wxapp_password_address_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_password_counted(op->data, op,
                                    NGX_HTTP_WXAPP_PASSWORD_ADDRESS);
}


static void
ngx_http_wxapp_password_counted(ngx_http_wxapp_password_t *attempt,
    ngx_wxapp_op_t *op, ngx_uint_t which)
{
    redisReply  *reply;

    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    if (op->status != NGX_WXAPP_OP_OK || reply->type != REDIS_REPLY_INTEGER) {
        attempt->lost = 1;

    } else if (reply->integer == 0) {
        attempt->counted |= 1 << which;

    } else {
        attempt->locked = ngx_max(attempt->locked, reply->integer);
    }

    if (--attempt->asked) {
        return;
    }

    /* where an address may not try, no account is tried */

    if (attempt->lost
        || (attempt->counted & (1 << NGX_HTTP_WXAPP_PASSWORD_ADDRESS)) == 0)
    {
        ngx_http_wxapp_password_release(attempt);
    }

    attempt->handler(attempt);
}


void
ngx_http_wxapp_password_release(ngx_http_wxapp_password_t *attempt)
{
    ngx_http_wxapp_password_undo(attempt, NGX_HTTP_WXAPP_PASSWORD_ACCOUNT);
    ngx_http_wxapp_password_undo(attempt, NGX_HTTP_WXAPP_PASSWORD_ADDRESS);
}


void
ngx_http_wxapp_password_clear(ngx_http_wxapp_password_t *attempt)
{
    ngx_str_t                    argv[2];
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(attempt->request);

    ngx_str_set(&argv[0], "DEL");
    argv[1] = attempt->keys[NGX_HTTP_WXAPP_PASSWORD_ACCOUNT];

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 2);
    if (op) {
        ngx_wxapp_redis_send(op);
    }

    ngx_http_wxapp_password_undo(attempt, NGX_HTTP_WXAPP_PASSWORD_ADDRESS);

    attempt->counted = 0;
}


static void
ngx_http_wxapp_password_undo(ngx_http_wxapp_password_t *attempt,
    ngx_uint_t which)
{
    ngx_str_t                    argv[2];
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if ((attempt->counted & (1 << which)) == 0) {
        return;
    }

    attempt->counted &= ~(1 << which);

    wmcf = ngx_http_wxapp_main(attempt->request);

    argv[0] = attempt->keys[which];
    ngx_str_set(&argv[1], "-1");

    op = ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_password_script, 1,
                              argv, 2);
    if (op) {
        ngx_wxapp_redis_send(op);
    }
}
