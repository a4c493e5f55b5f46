
/*
 * wxapp_decrypt, wxapp_signature: what WeChat encrypted or signed for the
 * client to hand on.
 */


#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_wxdata.h"
#include "http/ngx_http_wxapp_session_key.h"
#include "http/ngx_http_wxapp_user.h"


#define NGX_HTTP_WXAPP_DATA_MAX_AGE  300      /* seconds */


typedef struct {
    ngx_str_t                 max_age;
    ngx_str_t                 app;
} ngx_http_wxapp_data_args_t;


typedef struct {
    const char               *directive;
    ngx_http_wxapp_place_t    place;
    time_t                    max_age;        /* 0: of any age */
    ngx_str_t                 name;           /* of the app, or empty */
    ngx_http_wxapp_app_t     *app;            /* NULL: that of the token */
} ngx_http_wxapp_data_conf_t;


typedef struct {
    ngx_http_wxapp_data_conf_t  *conf;
    ngx_http_wxapp_user_t     user;

    ngx_str_t                 data;           /* encrypted, or signed */
    ngx_str_t                 mark;           /* its iv, or its signature */
} ngx_http_wxapp_data_t;


static ngx_int_t ngx_http_wxapp_decrypt_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_decrypt_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_decrypt_decode(ngx_http_request_t *r,
    ngx_http_wxapp_data_t *data, ngx_wxapp_json_node_t *object);
static void ngx_http_wxapp_decrypt_loaded(ngx_http_request_t *r,
    ngx_int_t rc, ngx_http_wxapp_session_keys_t *keys, void *data);
static void ngx_http_wxapp_decrypt_told(ngx_http_request_t *r,
    ngx_http_wxapp_data_t *data, ngx_str_t *plain,
    ngx_wxapp_json_node_t *root);
static ngx_int_t ngx_http_wxapp_signature_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_signature_body(ngx_http_request_t *r);
static void ngx_http_wxapp_signature_loaded(ngx_http_request_t *r,
    ngx_int_t rc, ngx_http_wxapp_session_keys_t *keys, void *data);
static ngx_http_wxapp_data_t *ngx_http_wxapp_data_begin(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **object);
static void ngx_http_wxapp_data_load(ngx_http_request_t *r,
    ngx_http_wxapp_data_t *data, ngx_http_wxapp_session_key_pt handler);
static char *ngx_http_wxapp_decrypt(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_signature(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_http_wxapp_data_conf_t *ngx_http_wxapp_data_add(ngx_conf_t *cf,
    ngx_array_t *confs);
static ngx_int_t ngx_http_wxapp_data_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_data_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_param_t  ngx_http_wxapp_decrypt_params[] = {

    { ngx_string("max_age"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_data_args_t, max_age), 0, 0 },

    { ngx_string("app"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_data_args_t, app), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_data_commands[] = {

    { ngx_string("wxapp_decrypt"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_http_wxapp_decrypt,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_signature"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_signature,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_data_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_data_postconfiguration, /* postconfiguration */

    ngx_http_wxapp_data_create_main_conf,  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_data_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_data_module_ctx,       /* module context */
    ngx_http_wxapp_data_commands,          /* module directives */
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
ngx_http_wxapp_decrypt_handler(ngx_http_request_t *r)
{
    return ngx_http_wxapp_user_post(r, ngx_http_wxapp_decrypt_body);
}


static void
ngx_http_wxapp_decrypt_body(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_wxapp_data_t  *data;
    ngx_wxapp_json_node_t  *object;

    data = ngx_http_wxapp_data_begin(r, &object);
    if (data == NULL) {
        return;
    }

    rc = ngx_http_wxapp_decrypt_decode(r, data, object);

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_BAD_REQUEST, "data_malformed",
                                 "\"encryptedData\" and \"iv\" must be the "
                                 "base64 that WeChat gave, \"+\" and all");
        return;
    }

    ngx_http_wxapp_data_load(r, data, ngx_http_wxapp_decrypt_loaded);
}


static ngx_int_t
ngx_http_wxapp_decrypt_decode(ngx_http_request_t *r,
    ngx_http_wxapp_data_t *data, ngx_wxapp_json_node_t *object)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    if (ngx_http_wxapp_user_member(object, "iv", NGX_MAX_SIZE_T_VALUE, &text)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_wxapp_wxdata_base64(r->pool, &text, &data->mark);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_wxapp_user_member(object, "encryptedData",
                                   NGX_MAX_SIZE_T_VALUE, &text)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_wxapp_wxdata_base64(r->pool, &text, &data->data);
    if (rc != NGX_OK) {
        return rc;
    }

    return (data->mark.len == NGX_WXAPP_WXDATA_BLOCK
            && data->data.len % NGX_WXAPP_WXDATA_BLOCK == 0)
           ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_wxapp_decrypt_loaded(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *ctx)
{
    ngx_http_wxapp_data_t *data = ctx;

    ngx_str_t               plain;
    ngx_wxapp_json_node_t  *root;

    if (rc != NGX_OK) {
        ngx_http_wxapp_user_unavailable(r);
        return;
    }

    switch (ngx_wxapp_wxdata_decrypt(r->pool, keys->keys, keys->n,
                                     data->mark.data, &data->data, &plain,
                                     &root))
    {
    case NGX_OK:
        ngx_http_wxapp_decrypt_told(r, data, &plain, root);
        return;

    case NGX_DECLINED:
        ngx_http_wxapp_user_expired(r);
        return;

    default:
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static void
ngx_http_wxapp_decrypt_told(ngx_http_request_t *r,
    ngx_http_wxapp_data_t *data, ngx_str_t *plain,
    ngx_wxapp_json_node_t *root)
{
    time_t                 made, age;
    ngx_str_t              appid;
    ngx_http_wxapp_app_t  *app;

    app = data->conf->app ? data->conf->app : data->user.app;

    if (ngx_wxapp_wxdata_watermark(root, &appid, &made) != NGX_OK
        || appid.len != app->appid.len
        || ngx_memcmp(appid.data, app->appid.data, appid.len) != 0)
    {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_FORBIDDEN, "watermark_mismatch",
                                 "the data are of another app");
        return;
    }

    /* clocks differ: a little of the future is as good as of the past */

    age = data->conf->max_age;

    if (age && (made < ngx_time() - age || made > ngx_time() + age)) {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_FORBIDDEN, "data_expired",
                                 "the data are too old, get them again");
        return;
    }

    ngx_http_wxapp_user_reply(r, NGX_HTTP_OK, plain);
}


static ngx_int_t
ngx_http_wxapp_signature_handler(ngx_http_request_t *r)
{
    return ngx_http_wxapp_user_post(r, ngx_http_wxapp_signature_body);
}


static void
ngx_http_wxapp_signature_body(ngx_http_request_t *r)
{
    ngx_http_wxapp_data_t  *data;
    ngx_wxapp_json_node_t  *object;

    data = ngx_http_wxapp_data_begin(r, &object);
    if (data == NULL) {
        return;
    }

    if (ngx_http_wxapp_user_member(object, "rawData", NGX_MAX_SIZE_T_VALUE,
                                   &data->data)
        != NGX_OK
        || ngx_http_wxapp_user_member(object, "signature",
                                      NGX_WXAPP_WXDATA_SHA1, &data->mark)
           != NGX_OK
        || data->mark.len != NGX_WXAPP_WXDATA_SHA1
        || !ngx_wxapp_json_valid(&data->data))
    {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_BAD_REQUEST, "data_malformed",
                                 "\"rawData\" must be the JSON text, and "
                                 "\"signature\" the 40 hex digits that "
                                 "WeChat gave");
        return;
    }

    ngx_http_wxapp_data_load(r, data, ngx_http_wxapp_signature_loaded);
}


static void
ngx_http_wxapp_signature_loaded(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *ctx)
{
    ngx_http_wxapp_data_t *data = ctx;

    u_char      hex[NGX_WXAPP_WXDATA_SHA1];
    ngx_uint_t  i;

    if (rc != NGX_OK) {
        ngx_http_wxapp_user_unavailable(r);
        return;
    }

    if (keys->n == 0) {
        ngx_http_wxapp_user_expired(r);
        return;
    }

    for (i = 0; i < keys->n; i++) {
        ngx_wxapp_wxdata_sha1(&keys->keys[i], &data->data, hex);

        if (ngx_wxapp_memcmp_const(hex, data->mark.data, sizeof(hex)) == 0) {
            ngx_http_wxapp_user_reply(r, NGX_HTTP_OK, &data->data);
            return;
        }
    }

    ngx_http_wxapp_user_fail(r, NGX_HTTP_FORBIDDEN, "signature_invalid",
                             "the signature is not that of the data");
}


static ngx_http_wxapp_data_t *
ngx_http_wxapp_data_begin(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **object)
{
    ngx_http_wxapp_data_t  *data;

    if (ngx_http_wxapp_body_object(r, object) != NGX_OK) {
        return NULL;
    }

    data = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_data_t));
    if (data == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return NULL;
    }

    data->conf = ngx_http_wxapp_content_data(r);

    return (ngx_http_wxapp_user(r, &data->user, 0) == NGX_OK) ? data : NULL;
}


static void
ngx_http_wxapp_data_load(ngx_http_request_t *r, ngx_http_wxapp_data_t *data,
    ngx_http_wxapp_session_key_pt handler)
{
    if (ngx_http_wxapp_session_key_load(r, &data->user.uid, handler, data)
        == NGX_ERROR)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static char *
ngx_http_wxapp_decrypt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_http_wxapp_data_conf_t  *dcf;
    ngx_http_wxapp_data_args_t   args;

    dcf = ngx_http_wxapp_data_add(cf, conf);
    if (dcf == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&args, sizeof(ngx_http_wxapp_data_args_t));

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_decrypt_params, 1,
                                    &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    dcf->directive = "wxapp_decrypt";
    dcf->name = args.app;
    dcf->max_age = NGX_HTTP_WXAPP_DATA_MAX_AGE;

    if (args.max_age.len == 3
        && ngx_strncmp(args.max_age.data, "off", 3) == 0)
    {
        dcf->max_age = 0;

    } else if (args.max_age.len) {
        dcf->max_age = ngx_parse_time(&args.max_age, 1);

        if (dcf->max_age == (time_t) NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid time \"%V\" in \"max_age\", it must "
                               "be a time or \"off\"", &args.max_age);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_decrypt_handler, dcf);
}


static char *
ngx_http_wxapp_signature(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_data_conf_t  *dcf;

    dcf = ngx_http_wxapp_data_add(cf, conf);
    if (dcf == NULL) {
        return NGX_CONF_ERROR;
    }

    dcf->directive = "wxapp_signature";

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_signature_handler, dcf);
}


static ngx_http_wxapp_data_conf_t *
ngx_http_wxapp_data_add(ngx_conf_t *cf, ngx_array_t *confs)
{
    ngx_http_wxapp_data_conf_t  *dcf, **slot;

    dcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_data_conf_t));
    slot = ngx_array_push(confs);

    if (dcf == NULL || slot == NULL) {
        return NULL;
    }

    *slot = dcf;

    ngx_http_wxapp_conf_place(cf, &dcf->place);

    return dcf;
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_data_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                    i;
    ngx_array_t                  *confs;
    ngx_http_wxapp_main_conf_t   *wmcf;
    ngx_http_wxapp_data_conf_t  **dcf;

    wmcf = ngx_http_wxapp_conf_main(cf);
    confs = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_data_module);
    dcf = confs->elts;

    for (i = 0; i < confs->nelts; i++) {

        if (ngx_http_wxapp_user_needs(cf, &dcf[i]->place, dcf[i]->directive,
                                      1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (dcf[i]->name.len == 0) {
            continue;
        }

        dcf[i]->app = ngx_http_wxapp_app_named(wmcf, &dcf[i]->name);

        if (dcf[i]->app == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown app \"%V\" in %V:%ui", &dcf[i]->name,
                          &dcf[i]->place.file, dcf[i]->place.line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_data_create_main_conf(ngx_conf_t *cf)
{
    return ngx_array_create(cf->pool, 4,
                            sizeof(ngx_http_wxapp_data_conf_t *));
}
