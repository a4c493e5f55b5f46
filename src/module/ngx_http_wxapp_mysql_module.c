
/*
 * wxapp_mysql {}: the database and its pool.
 */


#include "http/ngx_http_wxapp.h"
#include "http/ngx_http_wxapp_conf.h"


static char *ngx_http_wxapp_mysql(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_mysql_primary(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_replica(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_after_write(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_server(ngx_conf_t *cf,
    ngx_wxapp_mysql_server_t *server);
static char *ngx_http_wxapp_mysql_tls(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_pool(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_wait(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_timeout(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_mysql_statements(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static ngx_int_t ngx_http_wxapp_mysql_string(ngx_conf_t *cf, ngx_str_t *s);
static ngx_int_t ngx_http_wxapp_mysql_init_process(ngx_cycle_t *cycle);
static void ngx_http_wxapp_mysql_exit_process(ngx_cycle_t *cycle);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_mysql_directives[] = {

    { ngx_string("primary"), 1|NGX_HTTP_WXAPP_MANY, 1,
      ngx_http_wxapp_mysql_primary, 0 },

    { ngx_string("replica"), 1|NGX_HTTP_WXAPP_MANY, 3,
      ngx_http_wxapp_mysql_replica, 0 },

    { ngx_string("read_after_write"), 1, 1, ngx_http_wxapp_mysql_after_write,
      0 },

    { ngx_string("database"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_wxapp_mysql_t, database) },

    { ngx_string("user"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_wxapp_mysql_t, user) },

    { ngx_string("password_file"), 1, 1, ngx_http_wxapp_conf_secret,
      offsetof(ngx_wxapp_mysql_t, password) },

    { ngx_string("tls"), 1, 2, ngx_http_wxapp_mysql_tls, 0 },

    { ngx_string("pool"), 1, 4, ngx_http_wxapp_mysql_pool, 0 },

    { ngx_string("wait"), 1, 2, ngx_http_wxapp_mysql_wait, 0 },

    { ngx_string("timeout"), 1, 2, ngx_http_wxapp_mysql_timeout, 0 },

    { ngx_string("statements"), 1, 1, ngx_http_wxapp_mysql_statements, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_mysql_tls_params[] = {

    { ngx_string("ca"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_wxapp_mysql_t, tls_ca), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_mysql_pool_params[] = {

    { ngx_string("min"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_wxapp_mysql_t, min), 0, 1000 },

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_wxapp_mysql_t, max), 1, 1000 },

    { ngx_string("idle"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_mysql_t, idle), 1000, 86400000 },

    { ngx_string("lifetime"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_mysql_t, lifetime), 1000, 604800000 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_mysql_replica_params[] = {

    { ngx_string("weight"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_wxapp_mysql_replica_t, weight), 1, 1000 },

    { ngx_string("max_lag"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_mysql_replica_t, max_lag), 1000, 86400000 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_mysql_wait_params[] = {

    { ngx_string("queue"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_wxapp_mysql_t, queue), 0, 1000000 },

    { ngx_string("timeout"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_mysql_t, wait_timeout), 1, 3600000 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_mysql_timeout_params[] = {

    { ngx_string("connect"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_mysql_t, connect_timeout), 1, 60000 },

    { ngx_string("query"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_wxapp_mysql_t, query_timeout), 1, 3600000 },

      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_mysql_commands[] = {

    { ngx_string("wxapp_mysql"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_mysql,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_mysql_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_mysql_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_mysql_module_ctx,      /* module context */
    ngx_http_wxapp_mysql_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_wxapp_mysql_init_process,     /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_wxapp_mysql_exit_process,     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_http_wxapp_mysql(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_str_t                    name;
    ngx_wxapp_mysql_t           *mysql;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->mysql) {
        return "is duplicate";
    }

    mysql = ngx_pcalloc(cf->pool, sizeof(ngx_wxapp_mysql_t));
    if (mysql == NULL) {
        return NGX_CONF_ERROR;
    }

    /* until a worker has its own; one that is not told to start has none */

    mysql->stats = ngx_pcalloc(cf->pool, 2 * sizeof(ngx_wxapp_mysql_stats_t));

    if (mysql->stats == NULL
        || ngx_array_init(&mysql->primaries, cf->pool, 1,
                          sizeof(ngx_wxapp_mysql_server_t))
           != NGX_OK
        || ngx_array_init(&mysql->replicas, cf->pool, 1,
                          sizeof(ngx_wxapp_mysql_replica_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    mysql->replica_stats = &mysql->stats[1];

    mysql->min = 2;
    mysql->max = 16;
    mysql->idle = 600000;
    mysql->lifetime = 1800000;
    mysql->queue = 1024;
    mysql->wait_timeout = 3000;
    mysql->connect_timeout = 3000;
    mysql->query_timeout = 5000;
    mysql->read_after_write = 5000;
    mysql->statements = 64;

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_mysql_directives, mysql);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (mysql->primaries.nelts == 0 || mysql->database.len == 0
        || mysql->user.len == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wxapp_mysql\" needs \"primary\", "
                           "\"database\" and \"user\"");
        return NGX_CONF_ERROR;
    }

    if (mysql->min > mysql->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pool\" has min=%ui above max=%ui",
                           mysql->min, mysql->max);
        return NGX_CONF_ERROR;
    }

    if (mysql->password.data == NULL) {
        ngx_str_set(&mysql->password, "");
    }

    /* its own threads if there are any: connecting may take seconds */

    ngx_str_set(&name, "wxapp");

    mysql->threads = ngx_thread_pool_get(cf->cycle, &name)
                     ? ngx_thread_pool_add(cf, &name)
                     : ngx_thread_pool_add(cf, NULL);

    if (mysql->threads == NULL) {
        return NGX_CONF_ERROR;
    }

    wmcf->mysql = mysql;
    wmcf->used = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_mysql_primary(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_mysql_t *mysql = data;

    ngx_wxapp_mysql_server_t  *server;

    server = ngx_array_push(&mysql->primaries);
    if (server == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_mysql_server(cf, server);
}


static char *
ngx_http_wxapp_mysql_replica(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_mysql_t *mysql = data;

    char                       *rv;
    ngx_wxapp_mysql_replica_t  *replica;

    replica = ngx_array_push(&mysql->replicas);
    if (replica == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(replica, sizeof(ngx_wxapp_mysql_replica_t));
    replica->weight = 1;

    rv = ngx_http_wxapp_mysql_server(cf, &replica->server);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_mysql_replica_params,
                                      2, replica);
}


static char *
ngx_http_wxapp_mysql_after_write(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_mysql_t *mysql = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_parse_time(&value[1], 0);

    if (n == NGX_ERROR || n > 86400000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"read_after_write\" must be a time of at most "
                           "one day");
        return NGX_CONF_ERROR;
    }

    mysql->read_after_write = n;

    return NGX_CONF_OK;
}


/* the address that the directive names first */

static char *
ngx_http_wxapp_mysql_server(ngx_conf_t *cf, ngx_wxapp_mysql_server_t *server)
{
    ngx_str_t  *value;
    ngx_url_t   u;

    value = cf->args->elts;

    ngx_memzero(server, sizeof(ngx_wxapp_mysql_server_t));
    server->name = value[1];

    if (value[1].len > 5 && ngx_strncmp(value[1].data, "unix:", 5) == 0) {
        server->socket.data = value[1].data + 5;
        server->socket.len = value[1].len - 5;
        return NGX_CONF_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = 3306;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V %V\"",
                           u.err ? u.err : "invalid address", &value[0],
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    server->host = u.host;
    server->port = u.port;

    /* an IPv6 address goes to the library without its brackets */

    if (server->host.len > 2 && server->host.data[0] == '[') {
        server->host.data++;
        server->host.len -= 2;
    }

    return ngx_http_wxapp_mysql_string(cf, &server->host) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_mysql_tls(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_mysql_t *mysql = data;

    char       *rv;
    ngx_fd_t    fd;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        mysql->tls = NGX_WXAPP_MYSQL_TLS_OFF;

    } else if (ngx_strcmp(value[1].data, "on") == 0) {
        mysql->tls = NGX_WXAPP_MYSQL_TLS_ON;

    } else if (ngx_strcmp(value[1].data, "verify") == 0) {
        mysql->tls = NGX_WXAPP_MYSQL_TLS_VERIFY;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"tls\", it must be "
                           "\"off\", \"on\" or \"verify\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_mysql_tls_params, 2,
                                    mysql);

    if (rv != NGX_CONF_OK || mysql->tls_ca.len == 0) {
        return rv;
    }

    if (mysql->tls != NGX_WXAPP_MYSQL_TLS_VERIFY) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ca\" is of use in \"tls verify\" only");
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &mysql->tls_ca, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* workers read it again each time they connect */

    fd = ngx_open_file(mysql->tls_ca.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &mysql->tls_ca);
        return NGX_CONF_ERROR;
    }

    (void) ngx_close_file(fd);

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_mysql_pool(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    return ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_mysql_pool_params, 1,
                                      data);
}


static char *
ngx_http_wxapp_mysql_wait(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    return ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_mysql_wait_params, 1,
                                      data);
}


static char *
ngx_http_wxapp_mysql_timeout(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    return ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_mysql_timeout_params,
                                      1, data);
}


static char *
ngx_http_wxapp_mysql_statements(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_wxapp_mysql_t *mysql = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > 10000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"statements\" must be between 1 and 10000");
        return NGX_CONF_ERROR;
    }

    mysql->statements = n;

    return NGX_CONF_OK;
}


/* the library reads C strings */

static ngx_int_t
ngx_http_wxapp_mysql_string(ngx_conf_t *cf, ngx_str_t *s)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, s->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(p, s->data, s->len + 1);
    s->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_mysql_init_process(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_cycle_main(cycle);

    if (wmcf == NULL || wmcf->mysql == NULL) {
        return NGX_OK;
    }

    wmcf->mysql->stats = &ngx_http_wxapp_worker->mysql;
    wmcf->mysql->replica_stats = &ngx_http_wxapp_worker->replica;

    return ngx_wxapp_mysql_start(wmcf->mysql);
}


static void
ngx_http_wxapp_mysql_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_cycle_main(cycle);

    if (wmcf && wmcf->mysql) {
        ngx_wxapp_mysql_stop(wmcf->mysql);
    }
}
