
/*
 * wxapp_session_key: whether the session_key kept of a user is still WeChat's,
 * or a new one in its place.
 */


#include "base/ngx_wxapp_wxdata.h"
#include "http/ngx_http_wxapp_access_token.h"
#include "http/ngx_http_wxapp_session_key.h"
#include "http/ngx_http_wxapp_user.h"


#define NGX_HTTP_WXAPP_KEY_LEN    64

/* errcodes */

#define NGX_HTTP_WXAPP_KEY_GONE   87007
#define NGX_HTTP_WXAPP_KEY_WRONG  87009


typedef struct {
    ngx_http_wxapp_place_t    place;
    ngx_uint_t                reset;          /* unsigned  reset:1; */
} ngx_http_wxapp_key_conf_t;


typedef struct {
    ngx_http_wxapp_key_conf_t  *conf;
    ngx_http_wxapp_user_t     user;
    ngx_http_wxapp_wechat_t   call;
} ngx_http_wxapp_key_t;


static ngx_int_t ngx_http_wxapp_key_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_key_body(ngx_http_request_t *r);
static void ngx_http_wxapp_key_loaded(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *data);
static ngx_int_t ngx_http_wxapp_key_ask(ngx_http_request_t *r,
    ngx_http_wxapp_key_t *ctx, ngx_str_t *key);
static void ngx_http_wxapp_key_told(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);
static void ngx_http_wxapp_key_reset(ngx_http_request_t *r,
    ngx_http_wxapp_key_t *ctx);
static void ngx_http_wxapp_key_kept(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *data);
static void ngx_http_wxapp_key_valid(ngx_http_request_t *r,
    ngx_uint_t valid);
static char *ngx_http_wxapp_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_key_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_key_create_main_conf(ngx_conf_t *cf);


static ngx_command_t  ngx_http_wxapp_key_commands[] = {

    { ngx_string("wxapp_session_key"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_wxapp_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_key_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_key_postconfiguration,  /* postconfiguration */

    ngx_http_wxapp_key_create_main_conf,   /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_session_key_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_key_module_ctx,        /* module context */
    ngx_http_wxapp_key_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_wxapp_key_handler(ngx_http_request_t *r)
{
    return ngx_http_wxapp_user_post(r, ngx_http_wxapp_key_body);
}


static void
ngx_http_wxapp_key_body(ngx_http_request_t *r)
{
    ngx_http_wxapp_key_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_key_t));
    if (ctx == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (ngx_http_wxapp_user(r, &ctx->user, 1) != NGX_OK) {
        return;
    }

    ctx->conf = ngx_http_wxapp_content_data(r);

    if (ngx_http_wxapp_session_key_load(r, &ctx->user.uid,
                                        ngx_http_wxapp_key_loaded,
                                        ctx)
        == NGX_ERROR)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static void
ngx_http_wxapp_key_loaded(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *data)
{
    ngx_http_wxapp_key_t *ctx = data;

    if (rc != NGX_OK) {
        ngx_http_wxapp_user_unavailable(r);
        return;
    }

    if (keys->n == 0) {

        if (ctx->conf->reset) {
            ngx_http_wxapp_user_expired(r);

        } else {
            ngx_http_wxapp_key_valid(r, 0);
        }

        return;
    }

    if (ngx_http_wxapp_key_ask(r, ctx, &keys->keys[0]) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static ngx_int_t
ngx_http_wxapp_key_ask(ngx_http_request_t *r,
    ngx_http_wxapp_key_t *ctx, ngx_str_t *key)
{
    u_char     *p;
    uintptr_t   escape;
    ngx_str_t   nothing, *openid;

    ngx_str_null(&nothing);

    if (ctx->conf->reset) {
        ngx_str_set(&ctx->call.path, "wxa/resetusersessionkey");

    } else {
        ngx_str_set(&ctx->call.path, "wxa/checksession");
    }

    ctx->call.app = ctx->user.app;
    ctx->call.handler = ngx_http_wxapp_key_told;
    ctx->call.data = ctx;

    openid = &ctx->user.openid;

    escape = ngx_escape_uri(NULL, openid->data, openid->len,
                            NGX_ESCAPE_URI_COMPONENT);

    p = ngx_pnalloc(r->pool, sizeof("openid=&signature=&sig_method="
                                    "hmac_sha256") - 1
                             + openid->len + 2 * escape
                             + NGX_WXAPP_WXDATA_SHA256);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->call.args.data = p;

    p = ngx_cpymem(p, "openid=", sizeof("openid=") - 1);
    p = (u_char *) ngx_escape_uri(p, openid->data, openid->len,
                                  NGX_ESCAPE_URI_COMPONENT);
    p = ngx_cpymem(p, "&signature=", sizeof("&signature=") - 1);

    if (ngx_wxapp_wxdata_hmac(key, &nothing, p) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(p + NGX_WXAPP_WXDATA_SHA256, "&sig_method=hmac_sha256",
                   sizeof("&sig_method=hmac_sha256") - 1);

    ctx->call.args.len = p - ctx->call.args.data;

    return ngx_http_wxapp_access_token_call(r, &ctx->call);
}


static void
ngx_http_wxapp_key_told(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    ngx_http_wxapp_key_t *ctx = call->data;

    int32_t  number;

    if (call->result == NGX_HTTP_WXAPP_WECHAT_OK) {

        if (ctx->conf->reset) {
            ngx_http_wxapp_key_reset(r, ctx);

        } else {
            ngx_http_wxapp_key_valid(r, 1);
        }

        return;
    }

    number = ngx_http_wxapp_wechat_number(call);

    if (number != NGX_HTTP_WXAPP_KEY_GONE
        && number != NGX_HTTP_WXAPP_KEY_WRONG)
    {
        ngx_http_wxapp_user_refuse(r, "session key", call, number);
        return;
    }

    if (ctx->conf->reset) {
        ngx_http_wxapp_user_expired(r);

    } else {
        ngx_http_wxapp_key_valid(r, 0);
    }
}


static void
ngx_http_wxapp_key_reset(ngx_http_request_t *r,
    ngx_http_wxapp_key_t *ctx)
{
    ngx_int_t   rc;
    ngx_str_t   key, bytes;

    rc = ngx_http_wxapp_user_member(ctx->call.reply, "session_key",
                                    NGX_HTTP_WXAPP_KEY_LEN, &key);

    if (rc == NGX_OK) {
        rc = ngx_wxapp_wxdata_base64(r->pool, &key, &bytes);
    }

    if (rc == NGX_DECLINED
        || (rc == NGX_OK && bytes.len != NGX_WXAPP_WXDATA_BLOCK))
    {
        ngx_http_wxapp_user_refuse(r, "session key", &ctx->call,
                                   NGX_HTTP_WXAPP_WECHAT_NO_REPLY);
        return;
    }

    if (rc != NGX_OK
        || ngx_http_wxapp_session_key_keep(r, &ctx->user.uid, &key,
                                           ngx_http_wxapp_key_kept,
                                           ctx)
           == NGX_ERROR)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_explicit_memzero(bytes.data, bytes.len);
    ngx_explicit_memzero(key.data, key.len);
}


static void
ngx_http_wxapp_key_kept(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *data)
{
    if (rc != NGX_OK) {
        ngx_http_wxapp_user_unavailable(r);
        return;
    }

    ngx_http_wxapp_user_reply(r, NGX_HTTP_NO_CONTENT, NULL);
}


static void
ngx_http_wxapp_key_valid(ngx_http_request_t *r, ngx_uint_t valid)
{
    ngx_str_t  *body;

    static ngx_str_t  yes = ngx_string("{\"valid\":true}");
    static ngx_str_t  no = ngx_string("{\"valid\":false}");

    body = valid ? &yes : &no;

    ngx_http_wxapp_user_reply(r, NGX_HTTP_OK, body);
}


static char *
ngx_http_wxapp_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_array_t *confs = conf;

    ngx_str_t                   *value;
    ngx_http_wxapp_key_conf_t   *kcf, **slot;

    kcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_key_conf_t));
    slot = ngx_array_push(confs);

    if (kcf == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = kcf;

    ngx_http_wxapp_conf_place(cf, &kcf->place);

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "reset") == 0) {
        kcf->reset = 1;

    } else if (ngx_strcmp(value[1].data, "check") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", it must be \"check\" or "
                           "\"reset\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_key_handler, kcf);
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_key_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_array_t                 *confs;
    ngx_http_wxapp_key_conf_t  **kcf;

    confs = ngx_http_conf_get_module_main_conf(cf,
                                            ngx_http_wxapp_session_key_module);
    kcf = confs->elts;

    for (i = 0; i < confs->nelts; i++) {

        if (ngx_http_wxapp_user_needs(cf, &kcf[i]->place, "wxapp_session_key",
                                      1)
            != NGX_OK
            || ngx_http_wxapp_access_token_init(cf) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_key_create_main_conf(ngx_conf_t *cf)
{
    return ngx_array_create(cf->pool, 4, sizeof(ngx_http_wxapp_key_conf_t *));
}
