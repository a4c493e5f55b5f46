
#include "http/ngx_http_wxapp_user.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_session.h"


static ngx_int_t ngx_http_wxapp_user_claims(ngx_http_request_t *r,
    ngx_http_wxapp_user_t *user);


ngx_int_t
ngx_http_wxapp_user_post(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    /* a call of WeChat is a subrequest of the main one */

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_body_read(r, handler);
}


ngx_int_t
ngx_http_wxapp_user(ngx_http_request_t *r, ngx_http_wxapp_user_t *user,
    ngx_uint_t wechat)
{
    ngx_int_t  rc;

    rc = ngx_http_wxapp_user_claims(r, user);

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return NGX_DONE;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                 "an access token is required");
        return NGX_DONE;
    }

    if (user->app == NULL) {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_BAD_REQUEST, "unknown_app",
                                 "the token is of an app that is not here");
        return NGX_DONE;
    }

    if (wechat && user->openid.len == 0) {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_FORBIDDEN, "insufficient_scope",
                                 "the token is of no user of WeChat's");
        return NGX_DONE;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_user_claims(ngx_http_request_t *r, ngx_http_wxapp_user_t *user)
{
    ngx_int_t                    rc;
    ngx_str_t                    name;
    ngx_http_wxapp_main_conf_t  *wmcf;

    static ngx_str_t  sub = ngx_string("sub");
    static ngx_str_t  openid = ngx_string("openid");
    static ngx_str_t  app = ngx_string("app");

    wmcf = ngx_http_wxapp_main(r);

    ngx_memzero(user, sizeof(ngx_http_wxapp_user_t));

    rc = ngx_http_wxapp_claim(r, &sub, &user->uid);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_wxapp_claim(r, &openid, &user->openid) == NGX_ERROR) {
        return NGX_ERROR;
    }

    rc = ngx_http_wxapp_claim(r, &app, &name);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    user->app = (rc == NGX_OK) ? ngx_http_wxapp_app_named(wmcf, &name)
                               : wmcf->app;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_user_member(ngx_wxapp_json_node_t *object, const char *name,
    size_t max, ngx_str_t *value)
{
    ngx_str_t               s;
    ngx_wxapp_json_node_t  *node;

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    node = ngx_wxapp_json_member(object, &s);

    if (node == NULL || node->type != NGX_WXAPP_JSON_STRING
        || node->value.len == 0 || node->value.len > max)
    {
        return NGX_DECLINED;
    }

    *value = node->value;

    return NGX_OK;
}


void
ngx_http_wxapp_user_fail(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message)
{
    ngx_http_wxapp_count(status < NGX_HTTP_INTERNAL_SERVER_ERROR
                         ? NGX_HTTP_WXAPP_DATA_REFUSED
                         : NGX_HTTP_WXAPP_DATA_FAILED);

    ngx_http_finalize_request(r, ngx_http_wxapp_problem(r, status, code,
                                                        message));
}


void
ngx_http_wxapp_user_refuse(ngx_http_request_t *r, const char *what,
    ngx_http_wxapp_wechat_t *call, int32_t number)
{
    ngx_http_wxapp_wechat_problem_t  *problem;

    problem = ngx_http_wxapp_wechat_problem(number, NULL);

    ngx_http_wxapp_count(problem->status < NGX_HTTP_INTERNAL_SERVER_ERROR
                         ? NGX_HTTP_WXAPP_DATA_REFUSED
                         : NGX_HTTP_WXAPP_DATA_FAILED);

    ngx_http_finalize_request(r,
                     ngx_http_wxapp_wechat_refuse(r, what, call, problem));
}


void
ngx_http_wxapp_user_expired(ngx_http_request_t *r)
{
    ngx_http_wxapp_user_fail(r, NGX_HTTP_UNAUTHORIZED, "session_key_expired",
                             "the session key is not the one it was made "
                             "with, log in again");
}


void
ngx_http_wxapp_user_unavailable(ngx_http_request_t *r)
{
    ngx_http_wxapp_user_fail(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "session_unavailable",
                             "sessions cannot be read now, try again later");
}


void
ngx_http_wxapp_user_reply(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    ngx_http_wxapp_count(NGX_HTTP_WXAPP_DATA_OK);

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, status, body));
}


ngx_int_t
ngx_http_wxapp_user_needs(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    const char *directive, ngx_uint_t keys)
{
    const char                  *missing;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    missing = (wmcf->app == NULL) ? "wxapp_app"
              : (wmcf->token == NULL) ? "wxapp_token"
              : !keys ? NULL
              : (wmcf->redis == NULL) ? "wxapp_redis"
              : (wmcf->session == NULL || wmcf->session->keys == NULL)
                ? "key\" of \"wxapp_session" : NULL;

    if (missing) {
        (void) ngx_http_wxapp_conf_needs(cf, place, directive, missing);
        return NGX_ERROR;
    }

    return NGX_OK;
}
