
/*
 * wxapp_status: what this nginx does, as JSON, for people on the machine.
 */


#include "http/ngx_http_wxapp_reply.h"


#define NGX_HTTP_WXAPP_STATUS_LOOPBACK  0
#define NGX_HTTP_WXAPP_STATUS_ANY       1


static ngx_int_t ngx_http_wxapp_status_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_wxapp_status_loopback(ngx_http_request_t *r);
static void ngx_http_wxapp_status_numbers(ngx_wxapp_text_t *text,
    const char **names, void *numbers);
static char *ngx_http_wxapp_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_wxapp_status_exit_process(ngx_cycle_t *cycle);


/* in the order of the structures' members */

static const char  *ngx_http_wxapp_status_mysql[] = {
    "up", "busy", "idle", "connecting", "waiting", "queries", "errors",
    "timeouts", "expired", "refused", "connects", "failures", "disconnects",
    "kills", NULL
};

static const char  *ngx_http_wxapp_status_redis[] = {
    "up", "pending", "commands", "errors", "timeouts", "refused", "connects",
    "disconnects", NULL
};


static ngx_command_t  ngx_http_wxapp_status_commands[] = {

    { ngx_string("wxapp_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_wxapp_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_status_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_status_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_status_module_ctx,     /* module context */
    ngx_http_wxapp_status_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_wxapp_status_exit_process,    /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_wxapp_status_handler(ngx_http_request_t *r)
{
    ngx_str_t                    body;
    ngx_uint_t                   i, workers, *who;
    const char                  *group;
    ngx_wxapp_text_t             text;
    ngx_http_wxapp_worker_t      sum;
    ngx_http_wxapp_counter_t    *counter;
    ngx_http_wxapp_main_conf_t  *wmcf;

    who = ngx_http_wxapp_content_data(r);

    if (*who == NGX_HTTP_WXAPP_STATUS_LOOPBACK
        && !ngx_http_wxapp_status_loopback(r))
    {
        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN, "forbidden",
                                      "access is denied");
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_wxapp_not_allowed(r, "GET, HEAD");
    }

    wmcf = ngx_http_wxapp_main(r);

    workers = ngx_http_wxapp_zone_sum(wmcf->zone, &sum);

    ngx_wxapp_text_init(&text, r->pool, 2048);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "version");
    ngx_wxapp_json_cstr(&text, NGX_HTTP_WXAPP_VERSION);
    ngx_wxapp_json_name(&text, "nginx");
    ngx_wxapp_json_cstr(&text, NGINX_VERSION);
    ngx_wxapp_json_name(&text, "pid");
    ngx_wxapp_json_int(&text, ngx_pid);
    ngx_wxapp_json_name(&text, "workers");
    ngx_wxapp_json_int(&text, workers);

    if (wmcf->mysql) {
        ngx_wxapp_json_name(&text, "mysql");
        ngx_http_wxapp_status_numbers(&text, ngx_http_wxapp_status_mysql,
                                      &sum.mysql);
    }

    if (wmcf->mysql && wmcf->mysql->replicas.nelts) {
        ngx_wxapp_json_name(&text, "mysql_replica");
        ngx_http_wxapp_status_numbers(&text, ngx_http_wxapp_status_mysql,
                                      &sum.replica);
    }

    if (wmcf->redis) {
        ngx_wxapp_json_name(&text, "redis");
        ngx_http_wxapp_status_numbers(&text, ngx_http_wxapp_status_redis,
                                      &sum.redis);
    }

    group = NULL;

    for (i = 0; i < NGX_HTTP_WXAPP_COUNTERS; i++) {
        counter = &ngx_http_wxapp_counters[i];

        if (group == NULL || ngx_strcmp(group, counter->group) != 0) {

            if (group) {
                ngx_wxapp_json_close(&text, '}');
            }

            group = counter->group;
            ngx_wxapp_json_name(&text, group);
            ngx_wxapp_json_open(&text, '{');
        }

        ngx_wxapp_json_name(&text, counter->name);
        ngx_wxapp_json_int(&text, sum.counters[i]);
    }

    ngx_wxapp_json_close(&text, '}');
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body);
}


static ngx_uint_t
ngx_http_wxapp_status_loopback(ngx_http_request_t *r)
{
    struct sockaddr      *sa;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct in6_addr      *addr;
#endif

    sa = r->connection->sockaddr;

    switch (sa->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        addr = &((struct sockaddr_in6 *) sa)->sin6_addr;

        return IN6_IS_ADDR_LOOPBACK(addr)
               || (IN6_IS_ADDR_V4MAPPED(addr) && addr->s6_addr[12] == 127);
#endif

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

    default: /* AF_INET */
        sin = (struct sockaddr_in *) sa;

        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;
    }
}


static void
ngx_http_wxapp_status_numbers(ngx_wxapp_text_t *text, const char **names,
    void *numbers)
{
    ngx_uint_t     i;
    ngx_atomic_t  *n;

    n = numbers;

    ngx_wxapp_json_open(text, '{');

    for (i = 0; names[i]; i++) {
        ngx_wxapp_json_name(text, names[i]);
        ngx_wxapp_json_int(text, n[i]);
    }

    ngx_wxapp_json_close(text, '}');
}


static char *
ngx_http_wxapp_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t   *value;
    ngx_uint_t  *who;

    who = ngx_palloc(cf->pool, sizeof(ngx_uint_t));
    if (who == NULL) {
        return NGX_CONF_ERROR;
    }

    *who = NGX_HTTP_WXAPP_STATUS_LOOPBACK;

    if (cf->args->nelts == 2) {
        value = cf->args->elts;

        if (ngx_strcmp(value[1].data, "any") == 0) {
            *who = NGX_HTTP_WXAPP_STATUS_ANY;

        } else if (ngx_strcmp(value[1].data, "loopback") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", it must be "
                               "\"loopback\" or \"any\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_status_handler, who);
}


static void
ngx_http_wxapp_status_exit_process(ngx_cycle_t *cycle)
{
    /* this module stands last: the others have written their last numbers */

    if (ngx_http_wxapp_cycle_main(cycle)) {
        ngx_http_wxapp_zone_leave();
    }
}
