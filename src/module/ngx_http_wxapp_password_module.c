
/*
 * wxapp_password_login, wxapp_password_set, wxapp_password_unlock: consoles,
 * whose users have a name and a password.
 */


#include "module/ngx_http_wxapp_password.h"
#include "http/ngx_http_wxapp_schema.h"


/* where the last of each stands, for what they need */

typedef struct {
    ngx_http_wxapp_place_t    login;          /* line 0: not used */
    ngx_http_wxapp_place_t    set;
    ngx_http_wxapp_place_t    unlock;
} ngx_http_wxapp_password_main_conf_t;


typedef struct {
    ngx_str_t                 account;
    ngx_str_t                 address;
} ngx_http_wxapp_password_lockout_args_t;


static char *ngx_http_wxapp_password_login(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_password_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_password_unlock(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_wxapp_password_block(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directives, ngx_http_handler_pt handler,
    ngx_http_wxapp_password_conf_t **password);
static char *ngx_http_wxapp_password_statement(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_password_uri(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_password_set_totp(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_password_lockout(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_password_times(ngx_conf_t *cf, const char *name,
    ngx_str_t *value, ngx_http_wxapp_lockout_t *lockout);
static char *ngx_http_wxapp_password_set_cost(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_password_threads(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static ngx_int_t ngx_http_wxapp_password_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_password_create_main_conf(ngx_conf_t *cf);


static ngx_command_t  ngx_http_wxapp_password_commands[] = {

    { ngx_string("wxapp_password_login"),
      NGX_HTTP_LOC_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_password_login,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_password_set"),
      NGX_HTTP_LOC_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_password_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_password_unlock"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_password_unlock,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_password_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_password_postconfiguration,  /* postconfiguration */

    ngx_http_wxapp_password_create_main_conf,   /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_password_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_password_module_ctx,   /* module context */
    ngx_http_wxapp_password_commands,      /* module directives */
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


static ngx_http_wxapp_directive_t  ngx_http_wxapp_password_login_directives[] =
{
    { ngx_string("user"), 1, 1, ngx_http_wxapp_password_statement,
      offsetof(ngx_http_wxapp_password_conf_t, user) },

    { ngx_string("update"), 1, 1, ngx_http_wxapp_password_statement,
      offsetof(ngx_http_wxapp_password_conf_t, update) },

    { ngx_string("recovery"), 1, 1, ngx_http_wxapp_password_statement,
      offsetof(ngx_http_wxapp_password_conf_t, recovery) },

    { ngx_string("captcha"), 1, 1, ngx_http_wxapp_password_uri, 0 },

    { ngx_string("totp"), 1, 2, ngx_http_wxapp_password_set_totp, 0 },

    { ngx_string("lockout"), 1, 2, ngx_http_wxapp_password_lockout, 0 },

    { ngx_string("cost"), 1, 1, ngx_http_wxapp_password_set_cost, 0 },

    { ngx_string("threads"), 1, 1, ngx_http_wxapp_password_threads, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_directive_t  ngx_http_wxapp_password_set_directives[] =
{
    { ngx_string("user"), 1, 1, ngx_http_wxapp_password_statement,
      offsetof(ngx_http_wxapp_password_conf_t, user) },

    { ngx_string("update"), 1, 1, ngx_http_wxapp_password_statement,
      offsetof(ngx_http_wxapp_password_conf_t, update) },

    { ngx_string("policy"), 1, 2, ngx_http_wxapp_password_set_policy, 0 },

    { ngx_string("lockout"), 1, 2, ngx_http_wxapp_password_lockout, 0 },

    { ngx_string("cost"), 1, 1, ngx_http_wxapp_password_set_cost, 0 },

    { ngx_string("threads"), 1, 1, ngx_http_wxapp_password_threads, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_password_login_totp_params[] = {

    { ngx_string("skew"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_password_conf_t, skew), 0, 1 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_password_login_lockout_params[] =
{
    { ngx_string("account"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_password_lockout_args_t, account), 0, 0 },

    { ngx_string("address"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_password_lockout_args_t, address), 0, 0 },

      ngx_http_wxapp_null_param
};


/* by NGX_HTTP_WXAPP_TOTP_* */

static ngx_str_t  ngx_http_wxapp_password_totps[] = {
    ngx_string("off"),
    ngx_string("optional"),
    ngx_string("required")
};


/* of threads, where none is told */

static ngx_str_t  ngx_http_wxapp_password_pools[] = {
    ngx_string("wxapp_password"),
    ngx_string("wxapp"),
    ngx_null_string
};


static char *
ngx_http_wxapp_password_login(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_password_main_conf_t *pmcf = conf;

    ngx_http_wxapp_password_conf_t  *password;

    ngx_http_wxapp_conf_place(cf, &pmcf->login);

    return ngx_http_wxapp_password_block(cf,
                                      ngx_http_wxapp_password_login_directives,
                                      ngx_http_wxapp_password_login_handler,
                                      &password);
}


static char *
ngx_http_wxapp_password_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_password_main_conf_t *pmcf = conf;

    char                            *rv;
    ngx_http_wxapp_password_conf_t  *password;

    ngx_http_wxapp_conf_place(cf, &pmcf->set);

    rv = ngx_http_wxapp_password_block(cf,
                                       ngx_http_wxapp_password_set_directives,
                                       ngx_http_wxapp_password_set_handler,
                                       &password);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return password->update.text.len
           ? NGX_CONF_OK
           : ngx_http_wxapp_conf_needs(cf, &password->place,
                                       "wxapp_password_set", "update");
}


static char *
ngx_http_wxapp_password_unlock(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_password_main_conf_t *pmcf = conf;

    ngx_http_wxapp_conf_place(cf, &pmcf->unlock);

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_password_unlock_handler,
                                  NULL);
}


static char *
ngx_http_wxapp_password_block(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directives, ngx_http_handler_pt handler,
    ngx_http_wxapp_password_conf_t **password)
{
    char                            *rv;
    ngx_str_t                       *value, *name;
    const char                      *directive;
    ngx_uint_t                       i;
    ngx_http_wxapp_password_conf_t  *pcf;

    pcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_password_conf_t));
    if (pcf == NULL) {
        return NGX_CONF_ERROR;
    }

    *password = pcf;

    value = cf->args->elts;
    directive = (char *) value[0].data;
    ngx_http_wxapp_conf_place(cf, &pcf->place);

    pcf->totp = NGX_HTTP_WXAPP_TOTP_OPTIONAL;
    pcf->skew = 1;
    pcf->account.max = 5;
    pcf->account.window = 900;
    pcf->address.max = 50;
    pcf->address.window = 900;
    pcf->cost = 12;
    pcf->min = 12;

    rv = ngx_http_wxapp_content(cf, handler, pcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_wxapp_conf_block(cf, directives, pcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (pcf->user.text.len == 0) {
        return ngx_http_wxapp_conf_needs(cf, &pcf->place, directive, "user");
    }

    if (pcf->threads) {
        return NGX_CONF_OK;
    }

    /* of its own, if there are any: others' work would wait behind hashes */

    for (i = 0; ngx_http_wxapp_password_pools[i].len; i++) {
        if (ngx_thread_pool_get(cf->cycle, &ngx_http_wxapp_password_pools[i]))
        {
            break;
        }
    }

    name = &ngx_http_wxapp_password_pools[i];

    pcf->threads = ngx_thread_pool_add(cf, name->len ? name : NULL);

    return pcf->threads ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_password_statement(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_str_t               *value;
    ngx_int_t                rc;
    ngx_uint_t               n, max, reads;
    const char              *error;
    ngx_wxapp_statement_t   *st;
    ngx_http_wxapp_place_t   place;

    value = cf->args->elts;
    st = (ngx_wxapp_statement_t *) ((u_char *) data + directive->offset);

    error = NULL;
    rc = ngx_wxapp_statement_parse(st, cf->pool, &value[1], &error);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the SQL \"%V\" %s",
                           &value[1], error);
    }

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    reads = (directive->offset
             == offsetof(ngx_http_wxapp_password_conf_t, user));

    if (st->reads != reads) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" must %s",
                           &value[0], reads ? "only read" : "write");
        return NGX_CONF_ERROR;
    }

    /* user: who; recovery: who, code; update: hash, who, and the old hash */

    n = reads ? 1 : 2;
    max = (directive->offset
           == offsetof(ngx_http_wxapp_password_conf_t, update)) ? 3 : n;

    if (st->placeholders.nelts < n || st->placeholders.nelts > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has %ui \"?\", it must have %ui%s",
                           &value[0], st->placeholders.nelts, n,
                           max > n ? " or 3" : "");
        return NGX_CONF_ERROR;
    }

    ngx_http_wxapp_conf_place(cf, &place);

    return (ngx_http_wxapp_schema_statement(cf, &place, &st->text,
                                            st->placeholders.nelts)
            == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_password_uri(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_password_conf_t *pcf = data;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"captcha\" must be a URI that begins with \"/\"");
        return NGX_CONF_ERROR;
    }

    pcf->captcha = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_password_set_totp(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_password_conf_t *pcf = data;

    ngx_str_t  *value;

    value = cf->args->elts;

    for (pcf->totp = 0; pcf->totp < 3; pcf->totp++) {
        if (ngx_strcmp(ngx_http_wxapp_password_totps[pcf->totp].data,
                       value[1].data)
            == 0)
        {
            return ngx_http_wxapp_conf_params(cf,
                                     ngx_http_wxapp_password_login_totp_params,
                                     2, pcf);
        }
    }

    return ngx_http_wxapp_conf_unknown(cf, "word", &value[1],
                                       ngx_http_wxapp_password_totps, 3,
                                       sizeof(ngx_str_t));
}


static char *
ngx_http_wxapp_password_lockout(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_password_conf_t *pcf = data;

    char                                    *rv;
    ngx_http_wxapp_password_lockout_args_t   args;

    ngx_memzero(&args, sizeof(ngx_http_wxapp_password_lockout_args_t));

    rv = ngx_http_wxapp_conf_params(cf,
                       ngx_http_wxapp_password_login_lockout_params, 1, &args);

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_wxapp_password_times(cf, "account", &args.account,
                                           &pcf->account);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_wxapp_password_times(cf, "address", &args.address,
                                           &pcf->address);
    }

    return rv;
}


/* N/TIME */

static char *
ngx_http_wxapp_password_times(ngx_conf_t *cf, const char *name,
    ngx_str_t *value, ngx_http_wxapp_lockout_t *lockout)
{
    u_char     *slash;
    ngx_int_t   max, window;
    ngx_str_t   time;

    if (value->len == 0) {
        return NGX_CONF_OK;
    }

    max = NGX_ERROR;
    window = NGX_ERROR;

    slash = ngx_strlchr(value->data, value->data + value->len, '/');

    if (slash) {
        time.data = slash + 1;
        time.len = value->data + value->len - time.data;

        max = ngx_atoi(value->data, slash - value->data);
        window = ngx_parse_time(&time, 1);
    }

    if (max < 1 || max > 1000000 || window < 1 || window > 86400) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s=%V\" must be a number of failures from 1 to "
                           "1000000 and a time from 1s to 1d, like \"5/15m\"",
                           name, value);
        return NGX_CONF_ERROR;
    }

    lockout->max = max;
    lockout->window = window;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_password_set_cost(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_password_conf_t *pcf = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < NGX_WXAPP_PASSWORD_COST_MIN || n > NGX_WXAPP_PASSWORD_COST_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cost\" must be between %d and %d",
                           NGX_WXAPP_PASSWORD_COST_MIN,
                           NGX_WXAPP_PASSWORD_COST_MAX);
        return NGX_CONF_ERROR;
    }

    pcf->cost = n;

    return NGX_CONF_OK;
}


/* a name that there is no pool of is refused by nginx, with file and line */

static char *
ngx_http_wxapp_password_threads(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_password_conf_t *pcf = data;

    ngx_str_t  *value;

    value = cf->args->elts;

    pcf->threads = ngx_thread_pool_add(cf, &value[1]);

    return pcf->threads ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_password_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                            i;
    const char                           *missing;
    ngx_http_wxapp_main_conf_t           *wmcf;
    ngx_http_wxapp_password_main_conf_t  *pmcf;

    struct {
        const char              *name;
        ngx_http_wxapp_place_t  *place;
    } used[3];

    pmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_wxapp_password_module);
    wmcf = ngx_http_wxapp_conf_main(cf);

    used[0].name = "wxapp_password_login";
    used[0].place = &pmcf->login;
    used[1].name = "wxapp_password_set";
    used[1].place = &pmcf->set;
    used[2].name = "wxapp_password_unlock";
    used[2].place = &pmcf->unlock;

    for (i = 0; i < 3; i++) {

        if (used[i].place->line == 0) {
            continue;
        }

        missing = (wmcf->redis == NULL) ? "wxapp_redis"
                  : (i == 2) ? NULL
                  : (wmcf->mysql == NULL) ? "wxapp_mysql"
                  : (wmcf->token == NULL) ? "wxapp_token"
                  : (i == 0 && wmcf->token->signer == NULL)
                    ? "key\" that signs in \"wxapp_token" : NULL;

        if (missing) {
            (void) ngx_http_wxapp_conf_needs(cf, used[i].place, used[i].name,
                                             missing);
            return NGX_ERROR;
        }
    }

    return ngx_http_wxapp_password_lockouts();
}


static void *
ngx_http_wxapp_password_create_main_conf(ngx_conf_t *cf)
{
    /* set by ngx_pcalloc(): all lines = 0 */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_password_main_conf_t));
}
