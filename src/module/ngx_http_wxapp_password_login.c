
#include "module/ngx_http_wxapp_password.h"
#include "base/ngx_wxapp_field.h"


static void ngx_http_wxapp_password_login_body(ngx_http_request_t *r);
static void ngx_http_wxapp_password_login_user(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_login_checked(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_login_done(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_login_updated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_login_grant(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_login_granted(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant, ngx_http_wxapp_session_e result);


static ngx_wxapp_field_t  ngx_http_wxapp_password_login_fields[] = {
    { .name = ngx_string("username"), .type = NGX_WXAPP_FIELD_STRING,
      .required = 1, .min = ngx_string("1"), .max = ngx_string("255") },
    { .name = ngx_string("password"), .type = NGX_WXAPP_FIELD_TEXT,
      .required = 1, .min = ngx_string("1") },
    { .name = ngx_string("otp"), .type = NGX_WXAPP_FIELD_STRING },
    { .name = ngx_string("recovery_code"), .type = NGX_WXAPP_FIELD_STRING,
      .max = ngx_string("255") },
    { .name = ngx_string("ticket"), .type = NGX_WXAPP_FIELD_STRING,
      .max = ngx_string("1024") }
};


ngx_int_t
ngx_http_wxapp_password_login_handler(ngx_http_request_t *r)
{
    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_body_read(r, ngx_http_wxapp_password_login_body);
}


static void
ngx_http_wxapp_password_login_body(ngx_http_request_t *r)
{
    ngx_str_t                  *strings[5];
    ngx_http_wxapp_password_t  *attempt;

    attempt = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_password_t));
    if (attempt == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    attempt->request = r;
    attempt->conf = ngx_http_wxapp_content_data(r);

    strings[0] = &attempt->username;
    strings[1] = &attempt->password;
    strings[2] = &attempt->otp;
    strings[3] = &attempt->recovery_code;
    strings[4] = &attempt->ticket;

    if (ngx_http_wxapp_password_input(r, ngx_http_wxapp_password_login_fields,
                                      5, strings)
        != NGX_OK)
    {
        return;
    }

    /* never cut short, as bcrypt does by itself */

    if (attempt->password.len > NGX_WXAPP_PASSWORD_MAX) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_TOO_LONG);
        return;
    }

    if (attempt->conf->captcha.len) {
        ngx_http_wxapp_password_captcha(attempt,
                                        ngx_http_wxapp_password_login_user);
        return;
    }

    ngx_http_wxapp_password_login_user(attempt);
}


static void
ngx_http_wxapp_password_login_user(ngx_http_wxapp_password_t *attempt)
{
    ngx_http_wxapp_password_check(attempt, &attempt->username,
                                  ngx_http_wxapp_password_login_checked);
}


static void
ngx_http_wxapp_password_login_checked(ngx_http_wxapp_password_t *attempt)
{
    if (!attempt->verified) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_CREDENTIALS);
        return;
    }

    ngx_http_wxapp_password_otp(attempt, ngx_http_wxapp_password_login_done);
}


static void
ngx_http_wxapp_password_login_done(ngx_http_wxapp_password_t *attempt)
{
    ngx_http_wxapp_password_clear(attempt);

    if (attempt->hashed
        && ngx_http_wxapp_password_update(attempt,
                                        ngx_http_wxapp_password_login_updated)
           == NGX_OK)
    {
        return;
    }

    ngx_http_wxapp_password_login_grant(attempt);
}


/* an old hash is as good as it was, and the next login tries again */

static void
ngx_http_wxapp_password_login_updated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_password_t  *attempt = op->data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "the password of user \"%V\" was not hashed anew",
                      &attempt->uid);
    }

    ngx_http_wxapp_password_login_grant(attempt);
}


static void
ngx_http_wxapp_password_login_grant(ngx_http_wxapp_password_t *attempt)
{
    ngx_http_wxapp_session_t  *session;

    session = &attempt->grant.session;

    session->uid = attempt->uid;
    session->openid = attempt->openid;
    session->unionid = attempt->unionid;
    session->role = attempt->role;
    session->claims = attempt->claims;
    session->auth_time = ngx_time();

    if (attempt->mfa) {
        ngx_str_set(&session->amr, "pwd otp");
        session->mfa_time = ngx_time();

    } else {
        ngx_str_set(&session->amr, "pwd");
    }

    attempt->grant.user = attempt->user;
    attempt->grant.data = attempt;
    attempt->grant.handler = ngx_http_wxapp_password_login_granted;

    if (ngx_http_wxapp_grant(attempt->request, &attempt->grant) == NGX_ERROR) {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
    }
}


static void
ngx_http_wxapp_password_login_granted(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant, ngx_http_wxapp_session_e result)
{
    ngx_http_wxapp_password_t *attempt = grant->data;

    if (result != NGX_HTTP_WXAPP_SESSION_OK) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_NO_SESSION);
        return;
    }

    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_PASSWORD_OK, &attempt->uid);

    ngx_http_finalize_request(r, ngx_http_wxapp_grant_reply(r, grant));
}
