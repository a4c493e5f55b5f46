
#include "module/ngx_http_wxapp_password.h"
#include "base/ngx_wxapp_field.h"
#include "http/ngx_http_wxapp_identity.h"


static void ngx_http_wxapp_password_set_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_password_set_caller(ngx_http_request_t *r,
    ngx_str_t *uid);
static void ngx_http_wxapp_password_set_checked(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_set_updated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_set_ended(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static void ngx_http_wxapp_password_unlock_body(ngx_http_request_t *r);
static void ngx_http_wxapp_password_unlocked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


static ngx_wxapp_field_t  ngx_http_wxapp_password_set_fields[] = {
    { .name = ngx_string("password"), .type = NGX_WXAPP_FIELD_TEXT,
      .required = 1, .min = ngx_string("1") },
    { .name = ngx_string("new_password"), .type = NGX_WXAPP_FIELD_TEXT,
      .required = 1, .min = ngx_string("1") }
};

static ngx_wxapp_field_t  ngx_http_wxapp_password_unlock_fields[] = {
    { .name = ngx_string("username"), .type = NGX_WXAPP_FIELD_STRING,
      .required = 1, .min = ngx_string("1"), .max = ngx_string("255") }
};


ngx_int_t
ngx_http_wxapp_password_set_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  uid;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_wxapp_password_set_caller(r, &uid);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                      "an access token is required");
    }

    return ngx_http_wxapp_body_read(r, ngx_http_wxapp_password_set_body);
}


static ngx_int_t
ngx_http_wxapp_password_set_caller(ngx_http_request_t *r, ngx_str_t *uid)
{
    static ngx_str_t  sub = ngx_string("sub");

    return ngx_http_wxapp_claim(r, &sub, uid);
}


static void
ngx_http_wxapp_password_set_body(ngx_http_request_t *r)
{
    ngx_str_t                  *strings[2];
    ngx_http_wxapp_password_t  *attempt;

    attempt = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_password_t));

    if (attempt == NULL
        || ngx_http_wxapp_password_set_caller(r, &attempt->uid) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    attempt->request = r;
    attempt->conf = ngx_http_wxapp_content_data(r);

    strings[0] = &attempt->password;
    strings[1] = &attempt->new_password;

    if (ngx_http_wxapp_password_input(r, ngx_http_wxapp_password_set_fields, 2,
                                      strings)
        != NGX_OK)
    {
        return;
    }

    if (attempt->password.len > NGX_WXAPP_PASSWORD_MAX
        || attempt->new_password.len > NGX_WXAPP_PASSWORD_MAX)
    {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_TOO_LONG);
        return;
    }

    /* before the old one is tried: nothing of it is learnt */

    if (ngx_http_wxapp_password_policy(attempt) != NGX_OK) {
        return;
    }

    ngx_http_wxapp_password_check(attempt, &attempt->uid,
                                  ngx_http_wxapp_password_set_checked);
}


static void
ngx_http_wxapp_password_set_checked(ngx_http_wxapp_password_t *attempt)
{
    if (!attempt->verified) {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_WRONG);
        return;
    }

    ngx_http_wxapp_password_clear(attempt);

    /* the name is known now */

    if (ngx_http_wxapp_password_policy(attempt) != NGX_OK) {
        return;
    }

    if (ngx_http_wxapp_password_update(attempt,
                                       ngx_http_wxapp_password_set_updated)
        != NGX_OK)
    {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
        return;
    }

    /* the sessions end with the old password, though the client goes away */

    attempt->request->read_event_handler = ngx_http_block_reading;
}


static void
ngx_http_wxapp_password_set_updated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op)
{
    ngx_str_t                    uid, sid;
    ngx_wxapp_mysql_query_t     *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_password_t   *attempt = op->data;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_password_db(attempt, op);
        return;
    }

    if (query->affected != 1) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_CONFLICT);
        return;
    }

    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_PASSWORD_CHANGED, &attempt->uid);

    wmcf = ngx_http_wxapp_main(r);

    if (wmcf->session == NULL) {
        ngx_http_wxapp_password_set_ended(r, NGX_HTTP_WXAPP_SESSION_OK, NULL,
                                          attempt);
        return;
    }

    /* who knew the old one is out, on all devices */

    (void) ngx_http_wxapp_sid(r, &uid, &sid);

    if (ngx_http_wxapp_session_end(r, &attempt->uid, &sid,
                                   sid.len ? NGX_HTTP_WXAPP_SESSION_OTHERS
                                           : NGX_HTTP_WXAPP_SESSION_ALL,
                                   ngx_http_wxapp_password_set_ended, attempt)
        == NGX_ERROR)
    {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
    }
}


static void
ngx_http_wxapp_password_set_ended(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    if (result == NGX_HTTP_WXAPP_SESSION_LOST) {
        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                           NGX_HTTP_SERVICE_UNAVAILABLE, "session_unavailable",
                           "the password was changed, but other sessions "
                           "could not be ended"));
        return;
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT,
                                                      NULL));
}


ngx_int_t
ngx_http_wxapp_password_unlock_handler(ngx_http_request_t *r)
{
    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    if (ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_body_read(r, ngx_http_wxapp_password_unlock_body);
}


static void
ngx_http_wxapp_password_unlock_body(ngx_http_request_t *r)
{
    ngx_str_t                    argv[2], username, *string;
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    string = &username;

    if (ngx_http_wxapp_password_input(r, ngx_http_wxapp_password_unlock_fields,
                                      1, &string)
        != NGX_OK)
    {
        return;
    }

    wmcf = ngx_http_wxapp_main(r);

    ngx_str_set(&argv[0], "DEL");

    if (ngx_http_wxapp_password_key(r, "account", &username, &argv[1])
        != NGX_OK)
    {
        goto failed;
    }

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 2);

    if (op == NULL
        || ngx_http_wxapp_wait_redis(r, &op->op,
                                     ngx_http_wxapp_password_unlocked)
           != NGX_OK)
    {
        goto failed;
    }

    ngx_wxapp_redis_send(op);
    return;

failed:

    ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
}


static void
ngx_http_wxapp_password_unlocked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_str_t  uid;

    if (ngx_http_wxapp_password_set_caller(r, &uid) != NGX_OK) {
        ngx_str_null(&uid);
    }

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_PASSWORD_FAILED, &uid);

        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                           NGX_HTTP_SERVICE_UNAVAILABLE, "lockout_unavailable",
                           "failures cannot be counted now, try again later"));
        return;
    }

    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_PASSWORD_UNLOCKED, &uid);

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT,
                                                      NULL));
}
