
/*
 * wxapp_token {}: the access tokens that this service issues and accepts.
 */


#include "http/ngx_http_wxapp.h"
#include "base/ngx_wxapp_token_cache.h"
#include "http/ngx_http_wxapp_conf.h"


#define NGX_HTTP_WXAPP_TOKEN_TTL     315360000    /* seconds, ten years */
#define NGX_HTTP_WXAPP_TOKEN_LEEWAY  86400
#define NGX_HTTP_WXAPP_TOKEN_GRACE   600


static char *ngx_http_wxapp_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_token_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_time(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_refresh(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_seconds(ngx_conf_t *cf, ngx_str_t *s,
    ngx_int_t min, ngx_int_t max, time_t *field);
static void ngx_http_wxapp_token_exit_process(ngx_cycle_t *cycle);


static ngx_str_t  ngx_http_wxapp_token_algorithms[] = {
    ngx_string("HS256")
};


static ngx_http_wxapp_directive_t  ngx_http_wxapp_token_directives[] = {

    { ngx_string("key"), 3|NGX_HTTP_WXAPP_MANY, 3,
      ngx_http_wxapp_token_key, 0 },

    { ngx_string("issuer"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_wxapp_token_t, issuer) },

    { ngx_string("audience"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_wxapp_token_t, audience) },

    { ngx_string("ttl"), 1, 1, ngx_http_wxapp_token_time,
      offsetof(ngx_wxapp_token_t, ttl) },

    { ngx_string("leeway"), 1, 1, ngx_http_wxapp_token_time,
      offsetof(ngx_wxapp_token_t, leeway) },

    { ngx_string("refresh"), 1, 2, ngx_http_wxapp_token_refresh, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_command_t  ngx_http_wxapp_token_commands[] = {

    { ngx_string("wxapp_token"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_token,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_token_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_token_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_token_module_ctx,      /* module context */
    ngx_http_wxapp_token_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_wxapp_token_exit_process,     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_http_wxapp_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_wxapp_token_t           *token;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->token) {
        return "is duplicate";
    }

    token = ngx_pcalloc(cf->pool, sizeof(ngx_wxapp_token_t));
    if (token == NULL) {
        return NGX_CONF_ERROR;
    }

    token->keys = ngx_array_create(cf->pool, 2, sizeof(ngx_wxapp_token_key_t));
    if (token->keys == NULL) {
        return NGX_CONF_ERROR;
    }

    token->ttl = 3600;
    token->leeway = 30;
    token->grace = 30;

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_token_directives, token);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (token->keys->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wxapp_token\" needs a \"key\"");
        return NGX_CONF_ERROR;
    }

    wmcf->token = token;
    wmcf->used = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_token_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_token_t *token = data;

    ngx_str_t              *value;
    ngx_uint_t              i;
    ngx_wxapp_token_key_t  *key;

    value = cf->args->elts;

    if (value[2].len != ngx_http_wxapp_token_algorithms[0].len
        || ngx_strcmp(value[2].data, ngx_http_wxapp_token_algorithms[0].data)
           != 0)
    {
        return ngx_http_wxapp_conf_unknown(cf, "algorithm", &value[2],
                                           ngx_http_wxapp_token_algorithms, 1,
                                           sizeof(ngx_str_t));
    }

    if (value[1].len == 0
        || ngx_wxapp_utf8(value[1].data, value[1].len, NULL) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid key id \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    key = token->keys->elts;

    for (i = 0; i < token->keys->nelts; i++) {
        if (key[i].kid.len == value[1].len
            && ngx_strcmp(key[i].kid.data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate key \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    key = ngx_array_push(token->keys);
    if (key == NULL) {
        return NGX_CONF_ERROR;
    }

    key->kid = value[1];

    if (ngx_http_wxapp_conf_file(cf, &value[3], &key->secret) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (key->secret.len < NGX_WXAPP_TOKEN_KEY_LEN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key in \"%V\" has %uz bytes, HS256 needs "
                           "%d at least", &value[3], key->secret.len,
                           NGX_WXAPP_TOKEN_KEY_LEN);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_token_time(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    time_t     *field;
    ngx_str_t  *value;

    value = cf->args->elts;
    field = (time_t *) ((u_char *) data + directive->offset);

    if (directive->offset == offsetof(ngx_wxapp_token_t, ttl)) {
        return ngx_http_wxapp_token_seconds(cf, &value[1], 1,
                                            NGX_HTTP_WXAPP_TOKEN_TTL, field);
    }

    return ngx_http_wxapp_token_seconds(cf, &value[1], 0,
                                        NGX_HTTP_WXAPP_TOKEN_LEEWAY, field);
}


static char *
ngx_http_wxapp_token_refresh(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_token_t *token = data;

    char       *rv;
    ngx_str_t  *value, grace;

    static ngx_http_wxapp_param_t  params[] = {
        { ngx_string("grace"), NGX_HTTP_WXAPP_PARAM_STR, 0, 0, 0 },
          ngx_http_wxapp_null_param
    };

    value = cf->args->elts;
    grace.len = 0;

    rv = ngx_http_wxapp_conf_params(cf, params, 2, &grace);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (grace.len) {
        rv = ngx_http_wxapp_token_seconds(cf, &grace, 0,
                                          NGX_HTTP_WXAPP_TOKEN_GRACE,
                                          &token->grace);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_wxapp_token_seconds(cf, &value[1], 60,
                                        NGX_HTTP_WXAPP_TOKEN_TTL,
                                        &token->refresh);
}


static char *
ngx_http_wxapp_token_seconds(ngx_conf_t *cf, ngx_str_t *s, ngx_int_t min,
    ngx_int_t max, time_t *field)
{
    ngx_int_t   n;
    ngx_str_t  *value;

    n = ngx_parse_time(s, 1);

    if (n == NGX_ERROR || n < min || n > max) {
        value = cf->args->elts;

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"%V\", it must be "
                           "between %is and %is", s, &value[0], min, max);
        return NGX_CONF_ERROR;
    }

    *field = n;

    return NGX_CONF_OK;
}


static void
ngx_http_wxapp_token_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_cycle_main(cycle);

    if (wmcf && wmcf->token) {
        ngx_wxapp_token_cache_free(wmcf->token);
    }
}
