
#include "module/ngx_http_wxapp_login.h"


#define NGX_HTTP_WXAPP_CODE_LEN      128      /* WeChat's are shorter */
#define NGX_HTTP_WXAPP_OPENID_LEN    64
#define NGX_HTTP_WXAPP_KEY_LEN       64


static void ngx_http_wxapp_login_exchanged(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);
static ngx_int_t ngx_http_wxapp_login_session(ngx_http_wxapp_login_t *login,
    ngx_wxapp_json_node_t *reply);
static ngx_int_t ngx_http_wxapp_login_member(ngx_wxapp_json_node_t *reply,
    const char *name, size_t max, ngx_str_t *value);


static ngx_str_t  ngx_http_wxapp_login_code_name = ngx_string("code");


ngx_int_t
ngx_http_wxapp_login_code(ngx_wxapp_json_node_t *object, ngx_str_t *code)
{
    u_char                 *p, *last;
    ngx_wxapp_json_node_t  *node;

    ngx_str_null(code);

    node = ngx_wxapp_json_member(object, &ngx_http_wxapp_login_code_name);

    if (node == NULL || node->type == NGX_WXAPP_JSON_NULL) {
        return NGX_ERROR;
    }

    *code = node->value;

    if (node->type != NGX_WXAPP_JSON_STRING || code->len == 0
        || code->len > NGX_HTTP_WXAPP_CODE_LEN)
    {
        return NGX_ERROR;
    }

    last = code->data + code->len;

    for (p = code->data; p < last; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_login_exchange(ngx_http_wxapp_login_t *login, ngx_str_t *code)
{
    u_char                *p;
    ngx_http_wxapp_app_t  *app;

    app = login->app;

    login->call.app = app;
    ngx_str_set(&login->call.path, "sns/jscode2session");

    /* nothing of it needs escaping: all were checked */

    p = ngx_pnalloc(login->request->pool,
                    sizeof("appid=&secret=&js_code="
                           "&grant_type=authorization_code") - 1
                    + app->appid.len + app->secret.len + code->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    login->call.args.data = p;
    login->call.args.len = ngx_sprintf(p, "appid=%V&secret=%V&js_code=%V"
                                       "&grant_type=authorization_code",
                                       &app->appid, &app->secret, code)
                           - p;

    login->call.handler = ngx_http_wxapp_login_exchanged;
    login->call.data = login;

    return ngx_http_wxapp_wechat_get(login->request, &login->call);
}


static void
ngx_http_wxapp_login_exchanged(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    ngx_http_wxapp_login_t *login = call->data;

    if (call->result != NGX_HTTP_WXAPP_WECHAT_OK) {
        ngx_http_wxapp_login_fail(login, ngx_http_wxapp_wechat_number(call));
        return;
    }

    if (ngx_http_wxapp_login_session(login, call->reply) != NGX_OK) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_WECHAT_NO_REPLY);
        return;
    }

    ngx_http_wxapp_login_upsert(login);
}


static ngx_int_t
ngx_http_wxapp_login_session(ngx_http_wxapp_login_t *login,
    ngx_wxapp_json_node_t *reply)
{
    ngx_http_wxapp_session_t  *session;

    session = &login->grant.session;

    if (ngx_http_wxapp_login_member(reply, "openid",
                                    NGX_HTTP_WXAPP_OPENID_LEN,
                                    &session->openid)
        != NGX_OK
        || ngx_http_wxapp_login_member(reply, "session_key",
                                       NGX_HTTP_WXAPP_KEY_LEN,
                                       &login->session_key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* absent for a mini program that is bound to nothing */

    if (ngx_http_wxapp_login_member(reply, "unionid",
                                    NGX_HTTP_WXAPP_OPENID_LEN,
                                    &session->unionid)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* NGX_DECLINED when absent, NGX_ERROR when it is not what WeChat sends */

static ngx_int_t
ngx_http_wxapp_login_member(ngx_wxapp_json_node_t *reply, const char *name,
    size_t max, ngx_str_t *value)
{
    u_char                 *p, *last;
    ngx_str_t               s;
    ngx_wxapp_json_node_t  *node;

    ngx_str_null(value);

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    node = ngx_wxapp_json_member(reply, &s);

    if (node == NULL || node->type == NGX_WXAPP_JSON_NULL) {
        return NGX_DECLINED;
    }

    if (node->type != NGX_WXAPP_JSON_STRING || node->value.len == 0
        || node->value.len > max)
    {
        return NGX_ERROR;
    }

    last = node->value.data + node->value.len;

    for (p = node->value.data; p < last; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            return NGX_ERROR;
        }
    }

    *value = node->value;

    return NGX_OK;
}
