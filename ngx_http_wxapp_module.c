
/*
 * The root module: the zone, the mini program, the context of requests with
 * its variables.  It knows no feature; those are modules of their own.
 */


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_reply.h"
#include "http/ngx_http_wxapp_wechat.h"


#define NGX_HTTP_WXAPP_ZONE_SIZE  (1024 * 1024)


static ngx_int_t ngx_http_wxapp_rewrite_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_wxapp_trace_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static char *ngx_http_wxapp_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_app(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_trace(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_trace_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_route_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_audit_user_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_time_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_wxapp_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_wxapp_init_process(ngx_cycle_t *cycle);
static void ngx_http_wxapp_exit_process(ngx_cycle_t *cycle);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_app_directives[] = {

    { ngx_string("appid"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_app_t, appid) },

    { ngx_string("secret_file"), 1, 1, ngx_http_wxapp_conf_secret,
      offsetof(ngx_http_wxapp_app_t, secret) },

    { ngx_string("api"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_app_t, api) },

      ngx_http_wxapp_null_directive
};


static ngx_command_t  ngx_http_wxapp_commands[] = {

    { ngx_string("wxapp_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_wxapp_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_app"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_wxapp_app,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_trace"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_wxapp_trace,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_loc_conf_t, trace),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_module_ctx = {
    ngx_http_wxapp_preconfiguration,       /* preconfiguration */
    ngx_http_wxapp_postconfiguration,      /* postconfiguration */

    ngx_http_wxapp_create_main_conf,       /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_create_loc_conf,        /* create location configuration */
    ngx_http_wxapp_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_module_ctx,            /* module context */
    ngx_http_wxapp_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_wxapp_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_wxapp_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_http_wxapp_vars[] = {

    { ngx_string("wxapp_trace_id"), NULL, ngx_http_wxapp_trace_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_traceparent"), NULL, ngx_http_wxapp_trace_variable,
      1, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_route"), NULL, ngx_http_wxapp_route_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_error"), NULL, ngx_http_wxapp_error_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_audit"), NULL, ngx_http_wxapp_audit_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_audit_user"), NULL,
      ngx_http_wxapp_audit_user_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_redis_time"), NULL, ngx_http_wxapp_time_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_mysql_time"), NULL, ngx_http_wxapp_time_variable,
      1, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_wechat_time"), NULL, ngx_http_wxapp_time_variable,
      2, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/* the first to see a request in its location, before "return" and others */

static ngx_int_t
ngx_http_wxapp_rewrite_handler(ngx_http_request_t *r)
{
    ngx_http_wxapp_ctx_t       *ctx;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_wxapp_loc_conf_t  *wlcf;

    if (r != r->main) {
        return ngx_http_wxapp_wechat_guard(r);
    }

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_module);

    if (!wlcf->trace || r->error_page) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ctx->route = clcf->name;

    return NGX_DECLINED;
}


/* every reply tells its trace, whoever made it */

static ngx_int_t
ngx_http_wxapp_header_filter(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   id, parent;
    ngx_http_wxapp_ctx_t       *ctx;
    ngx_http_wxapp_loc_conf_t  *wlcf;

    if (r != r->main) {
        rc = ngx_http_wxapp_wechat_header(r);

        return (rc == NGX_OK) ? ngx_http_next_header_filter(r) : rc;
    }

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_module);

    if (!wlcf->trace) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_wxapp_trace_id(&ctx->trace, &id);

    parent.data = ctx->trace.parent;
    parent.len = NGX_WXAPP_TRACEPARENT_LEN;

    if (ngx_http_wxapp_trace_header(r, "X-Request-Id", &id) != NGX_OK
        || ngx_http_wxapp_trace_header(r, "traceparent", &parent) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_wxapp_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    if (r != r->main && ngx_http_wxapp_wechat_body(r, in) != NGX_OK) {
        return NGX_OK;
    }

    return ngx_http_next_body_filter(r, in);
}


/* an upstream may have sent one of its own */

static ngx_int_t
ngx_http_wxapp_trace_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_http_wxapp_header_find(&r->headers_out.headers, name, NULL);

    if (h) {
        h->value = *value;
        return NGX_OK;
    }

    return ngx_http_wxapp_header(r, name, value) ? NGX_OK : NGX_ERROR;
}


static char *
ngx_http_wxapp_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_main_conf_t *wmcf = conf;

    u_char     *p;
    ssize_t     size;
    ngx_str_t  *value, name, s;

    if (wmcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    p = (u_char *) ngx_strchr(value[1].data, ':');

    if (p == NULL || p == value[1].data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone \"%V\", it must be name:size",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data;
    name.len = p - name.data;

    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;

    size = ngx_parse_size(&s);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid zone size \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if ((size_t) size < ngx_http_wxapp_zone_min()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small, it needs %uzk",
                           &value[1], ngx_http_wxapp_zone_min() / 1024 + 1);
        return NGX_CONF_ERROR;
    }

    wmcf->used = 1;
    wmcf->zone = ngx_http_wxapp_zone_add(cf, &name, size,
                                         &ngx_http_wxapp_module);

    return wmcf->zone ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_app(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_main_conf_t *wmcf = conf;

    char                   *rv;
    u_char                 *p;
    ngx_str_t              *value, *same;
    ngx_uint_t              i;
    ngx_http_wxapp_app_t   *app, **next;

    app = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_app_t));
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        value = cf->args->elts;
        app->name = value[1];

        if (app->name.len == 0) {
            return "has an empty name";
        }
    }

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_app_directives, app);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (app->appid.len == 0 || app->secret.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wxapp_app\" needs \"appid\" and "
                           "\"secret_file\"");
        return NGX_CONF_ERROR;
    }

    /* both go into the arguments of a URI as they are */

    for (i = 0; i < app->appid.len + app->secret.len; i++) {
        p = (i < app->appid.len) ? &app->appid.data[i]
                                 : &app->secret.data[i - app->appid.len];

        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "%s holds characters other than letters "
                               "and digits",
                               i < app->appid.len ? "\"appid\""
                                                  : "the file of "
                                                    "\"secret_file\"");
            return NGX_CONF_ERROR;
        }
    }

    if (app->api.len == 0) {
        ngx_str_set(&app->api, "/_wx/");
    }

    if (app->api.data[0] != '/' || app->api.data[app->api.len - 1] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"api\" must be the prefix of a location like "
                           "\"/_wx/\", not \"%V\"", &app->api);
        return NGX_CONF_ERROR;
    }

    if (app->name.len == 0) {
        app->name = app->appid;
    }

    same = ngx_http_wxapp_app_named(wmcf, &app->name) ? &app->name
           : ngx_http_wxapp_app_appid(wmcf, &app->appid) ? &app->appid : NULL;

    if (same) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate \"wxapp_app\" \"%V\"", same);
        return NGX_CONF_ERROR;
    }

    if (wmcf->apps == NULL) {
        wmcf->apps = ngx_array_create(cf->pool, 2,
                                      sizeof(ngx_http_wxapp_app_t *));
        if (wmcf->apps == NULL) {
            return NGX_CONF_ERROR;
        }

        wmcf->app = app;
    }

    next = ngx_array_push(wmcf->apps);
    if (next == NULL) {
        return NGX_CONF_ERROR;
    }

    *next = app;

    wmcf->used = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_trace(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);
    wmcf->used = 1;

    return ngx_conf_set_flag_slot(cf, cmd, conf);
}


static ngx_int_t
ngx_http_wxapp_trace_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (data) {
        s.data = ctx->trace.parent;
        s.len = NGX_WXAPP_TRACEPARENT_LEN;

    } else {
        ngx_wxapp_trace_id(&ctx->trace, &s);
    }

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    /* a problem that "satisfy any" or a later step made good is none */

    if (ctx->problem.code == NULL
        || ctx->problem.status != r->headers_out.status)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    s.data = (u_char *) ctx->problem.code;
    s.len = ngx_strlen(ctx->problem.code);

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


/* what the configuration calls the place, never the client's own path */

static ngx_int_t
ngx_http_wxapp_route_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_wxapp_ctx_t      *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* an error is told elsewhere, but happened where the request went */

    ngx_http_wxapp_variable(v, r->error_page ? &ctx->route : &clcf->name);

    v->not_found = (v->len == 0);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->audit == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.len = ngx_strlen(ctx->audit->group) + 1 + ngx_strlen(ctx->audit->name);

    s.data = ngx_pnalloc(r->pool, s.len);
    if (s.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(s.data, "%s_%s", ctx->audit->group, ctx->audit->name);

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_audit_user_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_http_wxapp_variable(v, &ctx->audit_user);

    v->not_found = (v->len == 0);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_time_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    ngx_msec_t             ms;
    ngx_uint_t             used;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    switch (data) {

    case 0:
        used = ctx->redis_used;
        ms = ctx->redis;
        break;

    case 1:
        used = ctx->mysql_used;
        ms = ctx->mysql;
        break;

    default:
        used = ctx->wechat_used;
        ms = ctx->wechat;
    }

    if (!used) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (s.data == NULL) {
        return NGX_ERROR;
    }

    s.len = ngx_sprintf(s.data, "%M.%03M", ms / 1000, ms % 1000) - s.data;

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_vars);
}


static ngx_int_t
ngx_http_wxapp_postconfiguration(ngx_conf_t *cf)
{
    ngx_str_t                    name;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    /* loaded and not used: nginx stays as it was */

    if (!wmcf->used) {
        return NGX_OK;
    }

    if (wmcf->zone == NULL) {
        ngx_str_set(&name, "wxapp");

        wmcf->zone = ngx_http_wxapp_zone_add(cf, &name,
                                             NGX_HTTP_WXAPP_ZONE_SIZE,
                                             &ngx_http_wxapp_module);
        if (wmcf->zone == NULL) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_wxapp_phase(cf, NGX_HTTP_REWRITE_PHASE,
                             ngx_http_wxapp_rewrite_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_wxapp_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_wxapp_body_filter;

    return NGX_OK;
}


static void *
ngx_http_wxapp_create_main_conf(ngx_conf_t *cf)
{
    /* set by ngx_pcalloc(): all NULL and 0 */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_main_conf_t));
}


static void *
ngx_http_wxapp_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->directive = NULL;
     *     conf->handler = NULL;
     *     conf->data = NULL;
     *     conf->input = NULL;
     */

    conf->trace = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_wxapp_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wxapp_loc_conf_t *prev = parent;
    ngx_http_wxapp_loc_conf_t *conf = child;

    ngx_conf_merge_value(conf->trace, prev->trace, 1);

    return ngx_http_wxapp_content_merge(cf, prev, conf);
}


static ngx_int_t
ngx_http_wxapp_init_process(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_cycle_main(cycle);

    if (wmcf) {
        ngx_http_wxapp_zone_enter(wmcf->zone);
    }

    return NGX_OK;
}


static void
ngx_http_wxapp_exit_process(ngx_cycle_t *cycle)
{
    /* requests are gone by now; what was to be told them is not */

    ngx_wxapp_op_exit();
}
