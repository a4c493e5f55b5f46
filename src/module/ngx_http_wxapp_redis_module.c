
/*
 * wxapp_redis {}: sessions, limits and whatever else nodes share.
 */


#include "http/ngx_http_wxapp.h"
#include "http/ngx_http_wxapp_conf.h"


static char *ngx_http_wxapp_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_redis_server(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_redis_database(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_redis_timeout(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_redis_queue(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static ngx_int_t ngx_http_wxapp_redis_init_process(ngx_cycle_t *cycle);
static void ngx_http_wxapp_redis_exit_process(ngx_cycle_t *cycle);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_redis_directives[] = {

    { ngx_string("server"), 1, 1, ngx_http_wxapp_redis_server, 0 },

    { ngx_string("user"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_wxapp_redis_t, user) },

    { ngx_string("password_file"), 1, 1, ngx_http_wxapp_conf_secret,
      offsetof(ngx_wxapp_redis_t, password) },

    { ngx_string("database"), 1, 1, ngx_http_wxapp_redis_database, 0 },

    { ngx_string("prefix"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_wxapp_redis_t, prefix) },

    { ngx_string("timeout"), 1, 2, ngx_http_wxapp_redis_timeout, 0 },

    { ngx_string("queue"), 1, 1, ngx_http_wxapp_redis_queue, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_redis_timeout_params[] = {

    { ngx_string("connect"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_redis_t, connect_timeout), 1, 60000 },

    { ngx_string("command"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_redis_t, command_timeout), 1, 60000 },

      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_redis_commands[] = {

    { ngx_string("wxapp_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_redis_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_redis_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_redis_module_ctx,      /* module context */
    ngx_http_wxapp_redis_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_wxapp_redis_init_process,     /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_wxapp_redis_exit_process,     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_http_wxapp_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_wxapp_redis_t           *redis;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->redis) {
        return "is duplicate";
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_wxapp_redis_t));
    if (redis == NULL) {
        return NGX_CONF_ERROR;
    }

    /* until a worker has its own; one that is not told to start has none */

    redis->stats = ngx_pcalloc(cf->pool, sizeof(ngx_wxapp_redis_stats_t));
    if (redis->stats == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->connect_timeout = 1000;
    redis->command_timeout = 200;
    redis->queue = 4096;

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_redis_directives, redis);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (redis->server.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wxapp_redis\" needs \"server\"");
        return NGX_CONF_ERROR;
    }

    if (redis->user.len && redis->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"user\" in \"wxapp_redis\" needs "
                           "\"password_file\"");
        return NGX_CONF_ERROR;
    }

    if (redis->prefix.data == NULL) {
        ngx_str_set(&redis->prefix, "wxapp:");
    }

    wmcf->redis = redis;
    wmcf->used = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_redis_server(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_redis_t *redis = data;

    ngx_str_t  *value;

    value = cf->args->elts;

    redis->server.url = value[1];
    redis->server.default_port = 6379;

    if (ngx_parse_url(cf->pool, &redis->server) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"server %V\"",
                           redis->server.err ? redis->server.err
                                             : "invalid address", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_redis_database(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_redis_t *redis = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n > 65535) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number \"%V\" of a Redis database",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    redis->database = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_redis_timeout(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    return ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_redis_timeout_params,
                                      1, data);
}


static char *
ngx_http_wxapp_redis_queue(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_redis_t *redis = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > 1000000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"queue\" must be between 1 and 1000000");
        return NGX_CONF_ERROR;
    }

    redis->queue = n;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_wxapp_redis_init_process(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_cycle_main(cycle);

    if (wmcf == NULL || wmcf->redis == NULL) {
        return NGX_OK;
    }

    wmcf->redis->stats = &ngx_http_wxapp_worker->redis;

    return ngx_wxapp_redis_start(wmcf->redis);
}


static void
ngx_http_wxapp_redis_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_cycle_main(cycle);

    if (wmcf && wmcf->redis) {
        ngx_wxapp_redis_stop(wmcf->redis);
    }
}
