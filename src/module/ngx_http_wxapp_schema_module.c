
/*
 * wxapp_schema_check: what the configuration expects of the database is
 * compared with what the server has, when the configuration is read.
 */


#include "module/ngx_http_wxapp_check.h"


typedef struct {
    ngx_flag_t                on;
    ngx_http_wxapp_place_t    place;
} ngx_http_wxapp_schema_conf_t;


static char *ngx_http_wxapp_schema_check(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_schema_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_schema_create_main_conf(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_schema_compare(ngx_http_wxapp_check_t *check);
static void ngx_http_wxapp_schema_budget(ngx_http_wxapp_check_t *check,
    ngx_wxapp_mysql_t *mysql, ngx_int_t workers);


static ngx_command_t  ngx_http_wxapp_schema_commands[] = {

    { ngx_string("wxapp_schema_check"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_http_wxapp_schema_check,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_wxapp_schema_conf_t, on),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_schema_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_schema_postconfiguration,
                                           /* postconfiguration */

    ngx_http_wxapp_schema_create_main_conf,/* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_schema_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_schema_module_ctx,     /* module context */
    ngx_http_wxapp_schema_commands,        /* module directives */
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


static char *
ngx_http_wxapp_schema_check(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_schema_conf_t *scf = conf;

    ngx_http_wxapp_conf_place(cf, &scf->place);

    return ngx_conf_set_flag_slot(cf, cmd, conf);
}


/* the last of our modules: by now all have said what they expect */

static ngx_int_t
ngx_http_wxapp_schema_postconfiguration(ngx_conf_t *cf)
{
    ngx_int_t                      rc;
    ngx_pool_t                    *pool;
    ngx_core_conf_t               *ccf;
    ngx_http_wxapp_check_t         check;
    ngx_http_wxapp_main_conf_t    *wmcf;
    ngx_http_wxapp_schema_conf_t  *scf;

    scf = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_schema_module);

    /* "nginx -s stop" reads the configuration, and must not need a server */

    if (scf->on != 1 || ngx_process == NGX_PROCESS_SIGNALLER) {
        return NGX_OK;
    }

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->mysql == NULL) {
        (void) ngx_http_wxapp_conf_needs(cf, &scf->place, "wxapp_schema_check",
                                         "wxapp_mysql");
        return NGX_ERROR;
    }


    ngx_memzero(&check, sizeof(ngx_http_wxapp_check_t));

    check.log = cf->log;
    check.place = &scf->place;
    check.expects = ngx_http_wxapp_schema(cf);

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, cf->log);

    if (pool == NULL || check.expects == NULL
        || ngx_array_init(&check.told, pool, 8, sizeof(ngx_str_t)) != NGX_OK)
    {
        rc = NGX_ERROR;
        goto done;
    }

    rc = ngx_http_wxapp_live_open(&check.live, wmcf->mysql, pool);

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_schema_compare(&check);
    }

    if (rc != NGX_OK) {
        ngx_http_wxapp_check_tell(&check, NGX_LOG_EMERG, &scf->place,
                                  "\"wxapp_schema_check\" cannot ask mysql "
                                  "%V: %ui %s", &check.live.server,
                                  check.live.error, check.live.message);
        goto done;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    ngx_http_wxapp_schema_budget(&check, wmcf->mysql, ccf->worker_processes);

    ngx_log_error(NGX_LOG_NOTICE, cf->log, 0,
                  "wxapp_schema_check: %ui expectations, %ui errors, "
                  "%ui warnings", check.expects->nelts, check.errors,
                  check.warnings);

    if (check.errors) {
        rc = NGX_ERROR;
    }

done:

    if (pool) {
        ngx_destroy_pool(pool);
    }

    return rc;
}


static void *
ngx_http_wxapp_schema_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_schema_conf_t  *scf;

    scf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_schema_conf_t));
    if (scf == NULL) {
        return NULL;
    }

    scf->on = NGX_CONF_UNSET;

    return scf;
}


/* NGX_ERROR when the server is gone; what it has wrong is told and counted */

static ngx_int_t
ngx_http_wxapp_schema_compare(ngx_http_wxapp_check_t *check)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_wxapp_expect_t  *e;

    e = check->expects->elts;

    for (i = 0; i < check->expects->nelts; i++) {

        switch (e[i].kind) {

        case NGX_HTTP_WXAPP_EXPECT_TABLE:
            rc = ngx_http_wxapp_check_table(check, &e[i]);
            break;

        case NGX_HTTP_WXAPP_EXPECT_COLUMN:
            rc = ngx_http_wxapp_check_column(check, &e[i]);
            break;

        case NGX_HTTP_WXAPP_EXPECT_INDEX:
            rc = ngx_http_wxapp_check_index(check, &e[i]);
            break;

        default: /* NGX_HTTP_WXAPP_EXPECT_STATEMENT */
            rc = ngx_http_wxapp_check_statement(check, &e[i]);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_wxapp_check_account(check);
}


/* twice: at a reload old workers finish beside the new ones */

static void
ngx_http_wxapp_schema_budget(ngx_http_wxapp_check_t *check,
    ngx_wxapp_mysql_t *mysql, ngx_int_t workers)
{
    ngx_uint_t  connections, statements;

    connections = 2 * ngx_max(workers, 1) * mysql->max;
    statements = connections * mysql->statements;

    if (connections > check->live.connections) {
        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, check->place,
                                  "the pools may have %ui connections at a "
                                  "reload, and max_connections is %ui",
                                  connections, check->live.connections);
    }

    if (statements > check->live.statements) {
        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, check->place,
                                  "the pools may have %ui statements at a "
                                  "reload, and max_prepared_stmt_count is "
                                  "%ui", statements, check->live.statements);
    }
}
