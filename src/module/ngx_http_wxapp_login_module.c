
/*
 * wxapp_login: the code of wx.login() becomes an access token.
 */


#include "base/ngx_wxapp_crypto.h"
#include "http/ngx_http_wxapp_app.h"
#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_session_key.h"
#include "module/ngx_http_wxapp_login.h"


#define NGX_HTTP_WXAPP_LOGIN_FLIGHT  30000    /* ms, an exchange at most */
#define NGX_HTTP_WXAPP_LOGIN_POLL    10       /* ms */
#define NGX_HTTP_WXAPP_LOGIN_WAIT    15000    /* ms, for another's exchange */
#define NGX_HTTP_WXAPP_LOGIN_LATE    3000     /* ms, a used code is known */

/* an outcome in flight: a user's id, or the number of a problem */

#define NGX_HTTP_WXAPP_LOGIN_PROBLEM  0x8000000000000000ULL


/* of a location */

typedef struct {
    ngx_http_wxapp_place_t       place;
    ngx_http_wxapp_app_choice_t  app;
} ngx_http_wxapp_login_conf_t;


static ngx_int_t ngx_http_wxapp_login_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_login_body(ngx_http_request_t *r);
static ngx_http_wxapp_app_t *ngx_http_wxapp_login_app(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_login_key(ngx_http_wxapp_login_t *login,
    ngx_str_t *code);
static void ngx_http_wxapp_login_cleanup(void *data);
static void ngx_http_wxapp_login_wait(ngx_event_t *ev);
static void ngx_http_wxapp_login_kept(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *data);
static void ngx_http_wxapp_login_grant(ngx_http_wxapp_login_t *login);
static void ngx_http_wxapp_login_granted(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant, ngx_http_wxapp_session_e result);
static ngx_uint_t ngx_http_wxapp_login_spent(ngx_http_wxapp_login_t *login,
    ngx_uint_t status);
static void ngx_http_wxapp_login_land(ngx_http_wxapp_login_t *login,
    uint64_t outcome, ngx_msec_t keep);
static void ngx_http_wxapp_login_audit(ngx_http_wxapp_login_t *login,
    ngx_http_wxapp_counter_e counter);
static ngx_int_t ngx_http_wxapp_login_app_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static char *ngx_http_wxapp_login(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_login_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_login_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_login_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_wechat_problem_t  ngx_http_wxapp_login_problems[] = {

    { NGX_HTTP_WXAPP_LOGIN_USED, 401, "code_used", "the code has been used",
      NGX_HTTP_WXAPP_LOGIN_REFUSED, 0, NGX_LOG_INFO },
    { NGX_HTTP_WXAPP_LOGIN_DISABLED, 403, "account_disabled",
      "the account is disabled",
      NGX_HTTP_WXAPP_LOGIN_BLOCKED, 0, NGX_LOG_INFO },
    { NGX_HTTP_WXAPP_LOGIN_NO_DB, 503, "database_unavailable",
      "the database is unavailable, try again later",
      NGX_HTTP_WXAPP_LOGIN_FAILED, 1, NGX_LOG_INFO },
    { NGX_HTTP_WXAPP_LOGIN_NO_REDIS, 503, "session_unavailable",
      "sessions cannot be kept now, try again later",
      NGX_HTTP_WXAPP_LOGIN_FAILED, 1, NGX_LOG_INFO },
    { NGX_HTTP_WXAPP_LOGIN_LOST, 503, "login_interrupted",
      "the login was interrupted, try again",
      NGX_HTTP_WXAPP_LOGIN_FAILED, 1, NGX_LOG_INFO },

    { 0, 0, NULL, NULL, 0, 0, 0 }
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_login_params[] = {

    { ngx_string("app"), NGX_HTTP_WXAPP_PARAM_STR, 0, 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_login_commands[] = {

    { ngx_string("wxapp_login"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_wxapp_login,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_login_module_ctx = {
    ngx_http_wxapp_login_preconfiguration, /* preconfiguration */
    ngx_http_wxapp_login_postconfiguration,/* postconfiguration */

    ngx_http_wxapp_login_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_login_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_login_module_ctx,      /* module context */
    ngx_http_wxapp_login_commands,         /* module directives */
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


static ngx_http_variable_t  ngx_http_wxapp_login_vars[] = {

    { ngx_string("wxapp_app"), NULL, ngx_http_wxapp_login_app_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_wxapp_login_handler(ngx_http_request_t *r)
{
    ngx_http_wxapp_ctx_t  *ctx;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    /* the exchange is a subrequest itself, and there is one a request */

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->oauth = 1;

    return ngx_http_wxapp_body_read(r, ngx_http_wxapp_login_body);
}


static void
ngx_http_wxapp_login_body(ngx_http_request_t *r)
{
    ngx_str_t                    code;
    ngx_http_cleanup_t          *cln;
    ngx_http_wxapp_app_t        *app;
    ngx_wxapp_json_node_t       *object;
    ngx_http_wxapp_login_t      *login;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
        return;
    }

    if (ngx_http_wxapp_login_code(object, &code) != NGX_OK) {
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_LOGIN_REFUSED, NULL);

        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                     NGX_HTTP_BAD_REQUEST,
                     code.data ? "code_malformed" : "code_missing",
                     "\"code\" must be the string that wx.login() gave"));
        return;
    }

    app = ngx_http_wxapp_login_app(r);
    if (app == NULL) {
        return;
    }

    wmcf = ngx_http_wxapp_main(r);

    login = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_login_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (login == NULL || cln == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    login->request = r;
    login->zone = wmcf->zone;
    login->app = app;
    login->started = ngx_current_msec;

    cln->handler = ngx_http_wxapp_login_cleanup;
    cln->data = login;

    /* a code is not spent on a login that cannot succeed */

    if (!ngx_wxapp_mysql_ready(wmcf->mysql)) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_DB);
        return;
    }

    if (wmcf->session && !ngx_wxapp_redis_ready(wmcf->redis)) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_REDIS);
        return;
    }

    if (ngx_http_wxapp_login_key(login, &code) != NGX_OK) {
        ngx_http_wxapp_login_error(login);
        return;
    }

    switch (ngx_http_wxapp_flight_join(login->zone, &login->flight,
                                       NGX_HTTP_WXAPP_LOGIN_FLIGHT))
    {
    case NGX_HTTP_WXAPP_FLIGHT_FLY:
        login->flying = 1;

        if (ngx_http_wxapp_login_exchange(login, &code) != NGX_OK) {
            ngx_http_wxapp_login_error(login);
        }

        return;

    case NGX_HTTP_WXAPP_FLIGHT_WAIT:

        /* the same code twice at once: a double tap, and one answer */

        ngx_wxapp_event_init(&login->poll, &login->poll_ident, login,
                             ngx_http_wxapp_login_wait);
        login->poll.log = r->connection->log;

        ngx_http_wxapp_watch(r);

        ngx_add_timer(&login->poll, NGX_HTTP_WXAPP_LOGIN_POLL);
        return;

    default:
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_USED);
    }
}


/* the request has been finalized when there is none */

static ngx_http_wxapp_app_t *
ngx_http_wxapp_login_app(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_wxapp_ctx_t         *ctx;
    ngx_http_wxapp_login_conf_t  *lcf;

    ctx = ngx_http_wxapp_ctx(r);
    lcf = ngx_http_wxapp_content_data(r);

    rc = ngx_http_wxapp_app_choose(r, &lcf->app, &ctx->app);

    if (rc == NGX_OK) {
        return ctx->app;
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return NULL;
    }

    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_LOGIN_REFUSED, NULL);

    ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                     NGX_HTTP_BAD_REQUEST, "unknown_app",
                                     "no mini program of this service"));
    return NULL;
}


/* codes of different apps have nothing to do with each other */

static ngx_int_t
ngx_http_wxapp_login_key(ngx_http_wxapp_login_t *login, ngx_str_t *code)
{
    u_char    *p;
    ngx_str_t  s;

    s.len = login->app->appid.len + 1 + code->len;

    p = ngx_pnalloc(login->request->pool, s.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    s.data = p;
    ngx_sprintf(p, "%V:%V", &login->app->appid, code);

    return ngx_wxapp_sha256(&s, login->flight.key);
}


static void
ngx_http_wxapp_login_cleanup(void *data)
{
    ngx_http_wxapp_login_t *login = data;

    if (login->poll.timer_set) {
        ngx_del_timer(&login->poll);
    }

    /* the client went away in the middle */

    ngx_http_wxapp_login_land(login, NGX_HTTP_WXAPP_LOGIN_PROBLEM
                                     | NGX_HTTP_WXAPP_LOGIN_LOST, 0);

    if (login->session_key.len) {
        ngx_explicit_memzero(login->session_key.data, login->session_key.len);
    }
}


static void
ngx_http_wxapp_login_wait(ngx_event_t *ev)
{
    ngx_wxapp_event_data_t *ident = ev->data;

    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_wxapp_login_t   *login;
    ngx_http_wxapp_flight_e   state;

    login = ident->data;
    r = login->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    state = ngx_http_wxapp_flight_join(login->zone, &login->flight,
                                       NGX_HTTP_WXAPP_LOGIN_FLIGHT);

    if (state == NGX_HTTP_WXAPP_FLIGHT_WAIT
        && ngx_current_msec - login->started < NGX_HTTP_WXAPP_LOGIN_WAIT)
    {
        ngx_add_timer(&login->poll, NGX_HTTP_WXAPP_LOGIN_POLL);
        return;
    }

    switch (state) {

    case NGX_HTTP_WXAPP_FLIGHT_LANDED:

        if (login->flight.outcome & NGX_HTTP_WXAPP_LOGIN_PROBLEM) {
            ngx_http_wxapp_login_fail(login,
                                      (int32_t) (login->flight.outcome
                                                 & 0xffffffff));

        } else {
            ngx_http_wxapp_login_uid(login, login->flight.outcome);
            ngx_http_wxapp_login_load(login);
        }

        break;

    case NGX_HTTP_WXAPP_FLIGHT_WAIT:
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_WECHAT_TOO_SLOW);
        break;

    case NGX_HTTP_WXAPP_FLIGHT_FLY:

        /* the one who flew is gone; the code may be spent: not a second try */

        login->flying = 1;
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_LOST);
        break;

    default:
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_USED);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_http_wxapp_login_known(ngx_http_wxapp_login_t *login)
{
    ngx_http_request_t  *r;

    r = login->request;

    if (login->session_key.len == 0 || !ngx_http_wxapp_session_key_kept(r)) {
        ngx_http_wxapp_login_grant(login);
        return;
    }

    if (ngx_http_wxapp_session_key_keep(r, &login->grant.session.uid,
                                        &login->session_key,
                                        ngx_http_wxapp_login_kept, login)
        == NGX_ERROR)
    {
        ngx_http_wxapp_login_error(login);
    }
}


static void
ngx_http_wxapp_login_kept(ngx_http_request_t *r, ngx_int_t rc,
    ngx_http_wxapp_session_keys_t *keys, void *data)
{
    ngx_http_wxapp_login_t *login = data;

    if (rc != NGX_OK) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_REDIS);
        return;
    }

    ngx_http_wxapp_login_grant(login);
}


static void
ngx_http_wxapp_login_grant(ngx_http_wxapp_login_t *login)
{
    ngx_http_wxapp_grant_t  *grant;

    grant = &login->grant;

    grant->session.app = login->app->name;
    ngx_str_set(&grant->session.amr, "wx");

    grant->handler = ngx_http_wxapp_login_granted;
    grant->data = login;

    if (ngx_http_wxapp_grant(login->request, grant) == NGX_ERROR) {
        ngx_http_wxapp_login_error(login);
    }
}


static void
ngx_http_wxapp_login_granted(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant, ngx_http_wxapp_session_e result)
{
    ngx_http_wxapp_login_t *login = grant->data;

    if (result != NGX_HTTP_WXAPP_SESSION_OK) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_REDIS);
        return;
    }

    ngx_http_wxapp_login_audit(login, NGX_HTTP_WXAPP_LOGIN_OK);

    ngx_http_wxapp_login_land(login, login->uid, NGX_HTTP_WXAPP_LOGIN_LATE);

    ngx_http_finalize_request(r, ngx_http_wxapp_grant_reply(r, grant));
}


void
ngx_http_wxapp_login_fail(ngx_http_wxapp_login_t *login, int32_t number)
{
    ngx_http_request_t               *r;
    ngx_http_wxapp_wechat_problem_t  *problem;

    r = login->request;

    problem = ngx_http_wxapp_wechat_problem(number,
                                            ngx_http_wxapp_login_problems);

    ngx_http_wxapp_login_audit(login, problem->login);

    /* a code that WeChat has taken or refused is not shown to it again */

    ngx_http_wxapp_login_land(login, NGX_HTTP_WXAPP_LOGIN_PROBLEM
                                     | (uint32_t) number,
                              ngx_http_wxapp_login_spent(login,
                                                         problem->status)
                              ? NGX_HTTP_WXAPP_LOGIN_LATE : 0);

    ngx_http_finalize_request(r, ngx_http_wxapp_wechat_refuse(r, "login",
                                                 &login->call, problem));
}


static ngx_uint_t
ngx_http_wxapp_login_spent(ngx_http_wxapp_login_t *login, ngx_uint_t status)
{
    return login->session_key.len || status == NGX_HTTP_UNAUTHORIZED;
}


void
ngx_http_wxapp_login_db(ngx_http_wxapp_login_t *login, ngx_wxapp_op_t *op)
{
    ngx_http_request_t  *r;

    r = login->request;

    ngx_http_wxapp_login_audit(login, NGX_HTTP_WXAPP_LOGIN_FAILED);

    ngx_http_wxapp_login_land(login, NGX_HTTP_WXAPP_LOGIN_PROBLEM
                                     | NGX_HTTP_WXAPP_LOGIN_NO_DB,
                              NGX_HTTP_WXAPP_LOGIN_LATE);

    ngx_http_finalize_request(r,
          ngx_http_wxapp_db_problem(r, (ngx_wxapp_mysql_query_t *) op));
}


void
ngx_http_wxapp_login_error(ngx_http_wxapp_login_t *login)
{
    ngx_http_wxapp_login_audit(login, NGX_HTTP_WXAPP_LOGIN_FAILED);

    /* the cleanup lands */

    ngx_http_finalize_request(login->request, NGX_HTTP_INTERNAL_SERVER_ERROR);
}


static void
ngx_http_wxapp_login_land(ngx_http_wxapp_login_t *login, uint64_t outcome,
    ngx_msec_t keep)
{
    if (login->flying) {
        login->flying = 0;
        ngx_http_wxapp_flight_land(login->zone, &login->flight, outcome, keep);
    }
}


static void
ngx_http_wxapp_login_audit(ngx_http_wxapp_login_t *login,
    ngx_http_wxapp_counter_e counter)
{
    ngx_http_wxapp_audit(login->request, counter, &login->grant.session.uid);
}


/* of the login that runs, or of the token */

static ngx_int_t
ngx_http_wxapp_login_app_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t              rc;
    ngx_str_t              app;
    ngx_http_wxapp_ctx_t  *ctx;

    static ngx_str_t  name = ngx_string("app");

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->app) {
        ngx_http_wxapp_variable(v, &ctx->app->name);
        return NGX_OK;
    }

    rc = ngx_http_wxapp_claim(r, &name, &app);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_http_wxapp_variable(v, &app);

    } else {
        v->not_found = 1;
    }

    return NGX_OK;
}


static char *
ngx_http_wxapp_login(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_array_t *locations = conf;

    char                          *rv;
    ngx_str_t                      app;
    ngx_http_wxapp_login_conf_t   *lcf, **next;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_login_conf_t));
    next = ngx_array_push(locations);

    if (lcf == NULL || next == NULL) {
        return NGX_CONF_ERROR;
    }

    *next = lcf;

    ngx_http_wxapp_conf_place(cf, &lcf->place);

    ngx_str_null(&app);

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_login_params, 1, &app);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (app.len) {
        rv = ngx_http_wxapp_app_compile(cf, &lcf->app, &app);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (ngx_http_wxapp_login_expect(cf, &lcf->place) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_login_handler, lcf);
}


static ngx_int_t
ngx_http_wxapp_login_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_login_vars);
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_login_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    const char                    *missing;
    ngx_array_t                   *locations;
    ngx_http_wxapp_main_conf_t    *wmcf;
    ngx_http_wxapp_login_conf_t  **lcf;

    locations = ngx_http_conf_get_module_main_conf(cf,
                                                  ngx_http_wxapp_login_module);
    lcf = locations->elts;

    wmcf = ngx_http_wxapp_conf_main(cf);

    missing = (wmcf->app == NULL) ? "wxapp_app"
              : (wmcf->mysql == NULL) ? "wxapp_mysql"
              : (wmcf->token == NULL) ? "wxapp_token"
              : (wmcf->token->signer == NULL)
                ? "key\" that signs in \"wxapp_token" : NULL;

    for (i = 0; i < locations->nelts; i++) {

        if (missing) {
            (void) ngx_http_wxapp_conf_needs(cf, &lcf[i]->place, "wxapp_login",
                                             missing);
            return NGX_ERROR;
        }

        if (ngx_http_wxapp_app_resolve(cf, &lcf[i]->app) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_login_create_main_conf(ngx_conf_t *cf)
{
    /* the locations */

    return ngx_array_create(cf->pool, 1,
                            sizeof(ngx_http_wxapp_login_conf_t *));
}
