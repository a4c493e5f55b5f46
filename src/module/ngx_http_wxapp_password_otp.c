
#include "module/ngx_http_wxapp_password.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_seal.h"
#include "base/ngx_wxapp_totp.h"


static void ngx_http_wxapp_password_totp(ngx_http_wxapp_password_t *attempt);
static ngx_int_t ngx_http_wxapp_password_secret(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_use(ngx_http_wxapp_password_t *attempt,
    uint64_t step);
static void ngx_http_wxapp_password_used(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_recover(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_recovered(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


void
ngx_http_wxapp_password_otp(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_pt handler)
{
    attempt->handler = handler;

    if (attempt->conf->totp == NGX_HTTP_WXAPP_TOTP_OFF
        || (attempt->conf->totp == NGX_HTTP_WXAPP_TOTP_OPTIONAL
            && attempt->secret.len == 0))
    {
        handler(attempt);
        return;
    }

    if (attempt->otp.len && attempt->secret.len) {
        ngx_http_wxapp_password_totp(attempt);
        return;
    }

    if (attempt->recovery_code.len) {
        ngx_http_wxapp_password_recover(attempt);
        return;
    }

    /* the password was right, and nothing was guessed */

    ngx_http_wxapp_password_release(attempt);
    ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_OTP_MISSING);
}


static void
ngx_http_wxapp_password_totp(ngx_http_wxapp_password_t *attempt)
{
    uint64_t   step;
    ngx_int_t  rc;

    rc = ngx_http_wxapp_password_secret(attempt);

    if (rc == NGX_OK) {
        rc = ngx_wxapp_totp_verify(&attempt->secret, &attempt->otp, ngx_time(),
                                   attempt->conf->skew, &step);
    }

    switch (rc) {

    case NGX_OK:
        ngx_http_wxapp_password_use(attempt, step);
        return;

    case NGX_DECLINED:
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_OTP_INVALID);
        return;

    default:
        ngx_log_error(NGX_LOG_ERR, attempt->request->connection->log, 0,
                      "the TOTP secret of user \"%V\" is of no use",
                      &attempt->uid);

        ngx_http_wxapp_password_release(attempt);
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
    }
}


/* opens it if it is sealed; NGX_ERROR if it cannot be opened */

static ngx_int_t
ngx_http_wxapp_password_secret(ngx_http_wxapp_password_t *attempt)
{
    u_char                      *p;
    ngx_int_t                    rc;
    ngx_str_t                    place, plain;
    ngx_http_request_t          *r;
    ngx_http_wxapp_main_conf_t  *wmcf;

    r = attempt->request;

    if (attempt->secret.len < 3
        || ngx_strncmp(attempt->secret.data, "v1.", 3) != 0)
    {
        return NGX_OK;
    }

    wmcf = ngx_http_wxapp_main(r);

    p = ngx_pnalloc(r->pool, sizeof("totp_secret:") - 1 + attempt->uid.len);

    if (p == NULL || wmcf->session == NULL || wmcf->session->keys == NULL) {
        return NGX_ERROR;
    }

    place.data = p;
    place.len = ngx_sprintf(p, "totp_secret:%V", &attempt->uid) - p;

    rc = ngx_wxapp_unseal(wmcf->session->keys, r->pool, &place,
                          &attempt->secret, &plain);

    attempt->secret = plain;

    return (rc == NGX_OK) ? NGX_OK : NGX_ERROR;
}


/* a code that was seen is of no use to who saw it */

static void
ngx_http_wxapp_password_use(ngx_http_wxapp_password_t *attempt, uint64_t step)
{
    u_char                      *p, seconds[NGX_INT_T_LEN];
    ngx_str_t                    argv[6];
    ngx_http_request_t          *r;
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    r = attempt->request;
    wmcf = ngx_http_wxapp_main(r);

    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len + attempt->uid.len
                             + sizeof("password:otp::") - 1 + NGX_INT64_LEN);
    if (p == NULL) {
        goto failed;
    }

    ngx_str_set(&argv[0], "SET");

    argv[1].data = p;
    argv[1].len = ngx_sprintf(p, "%Vpassword:otp:%V:%uL", &wmcf->redis->prefix,
                              &attempt->uid, step)
                  - p;

    ngx_str_set(&argv[2], "1");
    ngx_str_set(&argv[3], "NX");
    ngx_str_set(&argv[4], "EX");

    /* as long as it could be shown again, and one step for clocks */

    argv[5].data = seconds;
    argv[5].len = ngx_sprintf(seconds, "%ui",
                              NGX_WXAPP_TOTP_STEP
                              * (2 * attempt->conf->skew + 2))
                  - seconds;

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 6);
    if (op == NULL) {
        goto failed;
    }

    op->op.data = attempt;

    if (ngx_http_wxapp_wait_redis(r, &op->op, ngx_http_wxapp_password_used)
        != NGX_OK)
    {
        goto failed;
    }

    ngx_wxapp_redis_send(op);
    return;

failed:

    ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
}


static void
ngx_http_wxapp_password_used(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    redisReply                 *reply;
    ngx_http_wxapp_password_t  *attempt;

    attempt = op->data;
    reply = ((ngx_wxapp_redis_op_t *) op)->reply;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_NO_REDIS);
        return;
    }

    if (reply->type != REDIS_REPLY_STATUS) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_OTP_INVALID);
        return;
    }

    attempt->mfa = 1;
    attempt->handler(attempt);
}


static void
ngx_http_wxapp_password_recover(ngx_http_wxapp_password_t *attempt)
{
    u_char                    c, digest[NGX_WXAPP_SHA256_LEN];
    u_char                    hex[2 * NGX_WXAPP_SHA256_LEN];
    ngx_str_t                 code;
    ngx_uint_t                i;
    ngx_wxapp_value_t         value;
    ngx_http_request_t       *r;
    ngx_wxapp_mysql_query_t  *query;

    r = attempt->request;

    if (attempt->conf->recovery.text.len == 0) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_OTP_INVALID);
        return;
    }

    /* however it was written down */

    code.data = attempt->recovery_code.data;
    code.len = 0;

    for (i = 0; i < attempt->recovery_code.len; i++) {
        c = attempt->recovery_code.data[i];

        if (c != ' ' && c != '-') {
            code.data[code.len++] = ngx_tolower(c);
        }
    }

    query = ngx_http_wxapp_db_query(r, 2, attempt);

    if (query == NULL || ngx_wxapp_sha256(&code, digest) != NGX_OK) {
        goto failed;
    }

    query->sql = attempt->conf->recovery.text;

    value.type = NGX_WXAPP_VALUE_TEXT;
    value.text = attempt->uid;

    if (ngx_http_wxapp_db_bind(query, &value) != NGX_OK) {
        goto failed;
    }

    (void) ngx_hex_dump(hex, digest, sizeof(digest));

    value.text.data = hex;
    value.text.len = sizeof(hex);

    if (ngx_http_wxapp_db_bind(query, &value) != NGX_OK) {
        goto failed;
    }

    if (ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_password_recovered)
        == NGX_AGAIN)
    {
        return;
    }

    query = NULL;

failed:

    if (query) {
        ngx_wxapp_mysql_free(query);
    }

    ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
}


static void
ngx_http_wxapp_password_recovered(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_wxapp_mysql_query_t    *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_password_t  *attempt = op->data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_password_db(attempt, op);
        return;
    }

    if (query->affected != 1) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_OTP_INVALID);
        return;
    }

    attempt->mfa = 1;
    attempt->handler(attempt);
}
