
/*
 * wxapp_auth: the token is checked in the access phase, then its session,
 * then the claims that the location requires.
 */


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_reply.h"
#include "http/ngx_http_wxapp_session.h"
#include "module/ngx_http_wxapp_auth.h"
#include "module/ngx_http_wxapp_require.h"


#define NGX_HTTP_WXAPP_AUTH_OFF       0
#define NGX_HTTP_WXAPP_AUTH_ON        1
#define NGX_HTTP_WXAPP_AUTH_OPTIONAL  2
#define NGX_HTTP_WXAPP_AUTH_SESSION   3


typedef struct {
    ngx_uint_t                mode;           /* as configured, or unset */
    ngx_uint_t                check;          /* as it comes out */
    ngx_uint_t                allow;          /* unsigned  allow:1; without
                                                 Redis; goes with mode */
    ngx_uint_t                invalid;        /* status of a bad token */
    ngx_flag_t                dry_run;
    ngx_array_t              *require;        /* of wxapp_require */
    ngx_http_wxapp_place_t    place;          /* of the last of them here */
} ngx_http_wxapp_auth_conf_t;


/* why a request is refused */

typedef struct {
    ngx_http_wxapp_counter_e  counter;
    ngx_uint_t                status;         /* 0: as configured */
    const char               *code;
    const char               *message;        /* NULL: by the token */
} ngx_http_wxapp_refusal_t;


static ngx_int_t ngx_http_wxapp_auth_ask_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_auth_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_auth_refuse(ngx_http_request_t *r,
    ngx_http_wxapp_refusal_t *refusal, time_t max_age);
static void ngx_http_wxapp_auth_audit(ngx_http_request_t *r,
    ngx_http_wxapp_counter_e counter);
static ngx_int_t ngx_http_wxapp_auth_challenge(ngx_http_request_t *r,
    ngx_http_wxapp_refusal_t *refusal, const char *message, time_t max_age);
static ngx_int_t ngx_http_wxapp_auth_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static char *ngx_http_wxapp_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_auth_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_require(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_auth_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_auth_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_auth_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_auth_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/* in the order of their numbers */

static ngx_str_t  ngx_http_wxapp_auth_modes[] = {
    ngx_string("off"),
    ngx_string("on"),
    ngx_string("optional"),
    ngx_string("session")
};

#define NGX_HTTP_WXAPP_AUTH_MODES                                             \
    (sizeof(ngx_http_wxapp_auth_modes) / sizeof(ngx_str_t))


static ngx_command_t  ngx_http_wxapp_auth_commands[] = {

    { ngx_string("wxapp_auth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_wxapp_auth,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_auth_dry_run"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_auth_conf_t, dry_run),
      NULL },

    { ngx_string("wxapp_auth_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_wxapp_auth_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_require"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_wxapp_require,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_auth_module_ctx = {
    ngx_http_wxapp_auth_preconfiguration,  /* preconfiguration */
    ngx_http_wxapp_auth_postconfiguration, /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_auth_create_loc_conf,   /* create location configuration */
    ngx_http_wxapp_auth_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_auth_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_auth_module_ctx,       /* module context */
    ngx_http_wxapp_auth_commands,          /* module directives */
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


static ngx_str_t  ngx_http_wxapp_claim_sub = ngx_string("sub");
static ngx_str_t  ngx_http_wxapp_claim_openid = ngx_string("openid");
static ngx_str_t  ngx_http_wxapp_claim_role = ngx_string("role");


/* the claim is in "data"; for $wxapp_claim_NAME it is in the name */

static ngx_http_variable_t  ngx_http_wxapp_auth_vars[] = {

    { ngx_string("wxapp_auth_status"), NULL, ngx_http_wxapp_auth_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_uid"), NULL, ngx_http_wxapp_claim_variable,
      (uintptr_t) &ngx_http_wxapp_claim_sub, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_openid"), NULL, ngx_http_wxapp_claim_variable,
      (uintptr_t) &ngx_http_wxapp_claim_openid, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_role"), NULL, ngx_http_wxapp_claim_variable,
      (uintptr_t) &ngx_http_wxapp_claim_role, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_claim_"), NULL, ngx_http_wxapp_claim_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_missing = {
    NGX_HTTP_WXAPP_AUTH_MISSING, NGX_HTTP_UNAUTHORIZED,
    "unauthorized", "an access token is required"
};

static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_malformed = {
    NGX_HTTP_WXAPP_AUTH_INVALID, NGX_HTTP_BAD_REQUEST,
    "invalid_request", "more than one Authorization header"
};

static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_invalid = {
    NGX_HTTP_WXAPP_AUTH_INVALID, 0,
    "invalid_token", NULL
};

static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_ended = {
    NGX_HTTP_WXAPP_AUTH_ENDED, 0,
    "invalid_token", "the session has ended"
};

static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_unavailable = {
    NGX_HTTP_WXAPP_AUTH_ERROR, NGX_HTTP_SERVICE_UNAVAILABLE,
    "session_unavailable",
    "the session cannot be checked, try again later"
};

static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_forbidden = {
    NGX_HTTP_WXAPP_AUTH_FORBIDDEN, NGX_HTTP_FORBIDDEN,
    "insufficient_scope", "the token lacks what is required"
};

static ngx_http_wxapp_refusal_t  ngx_http_wxapp_auth_step_up = {
    NGX_HTTP_WXAPP_AUTH_STEP_UP, NGX_HTTP_UNAUTHORIZED,
    "insufficient_user_authentication", "a more recent login is required"
};


/* ahead of the limit, whose question then goes out in the same write */

static ngx_int_t
ngx_http_wxapp_auth_ask_handler(ngx_http_request_t *r)
{
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_auth_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_auth_module);

    if (conf->check != NGX_HTTP_WXAPP_AUTH_SESSION || r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);

    if (ctx == NULL || ngx_http_wxapp_identity(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_VALID) {
        (void) ngx_http_wxapp_session_alive(r, 0);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_auth_handler(ngx_http_request_t *r)
{
    time_t                       max_age;
    ngx_int_t                    rc;
    ngx_uint_t                   bypassed;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_auth_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_auth_module);

    if (conf->check == NGX_HTTP_WXAPP_AUTH_OFF) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);

    if (ctx == NULL || ngx_http_wxapp_identity(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->identity) {

    case NGX_HTTP_WXAPP_IDENTITY_VALID:
        break;

    case NGX_HTTP_WXAPP_IDENTITY_NONE:
        if (conf->check == NGX_HTTP_WXAPP_AUTH_OPTIONAL) {
            break;
        }

        return ngx_http_wxapp_auth_refuse(r, &ngx_http_wxapp_auth_missing, -1);

    case NGX_HTTP_WXAPP_IDENTITY_MALFORMED:
        return ngx_http_wxapp_auth_refuse(r, &ngx_http_wxapp_auth_malformed,
                                          -1);

    default:
        return ngx_http_wxapp_auth_refuse(r, &ngx_http_wxapp_auth_invalid, -1);
    }

    bypassed = 0;

    if (conf->check == NGX_HTTP_WXAPP_AUTH_SESSION) {

        switch (ngx_http_wxapp_session_alive(r, 1)) {

        case NGX_HTTP_WXAPP_SESSION_OK:
            break;

        case NGX_HTTP_WXAPP_SESSION_PENDING:
            return NGX_AGAIN;

        case NGX_HTTP_WXAPP_SESSION_LOST:
            if (!conf->allow) {
                return ngx_http_wxapp_auth_refuse(r,
                                         &ngx_http_wxapp_auth_unavailable, -1);
            }

            bypassed = 1;
            break;

        default:
            return ngx_http_wxapp_auth_refuse(r, &ngx_http_wxapp_auth_ended,
                                              -1);
        }
    }

    rc = ngx_http_wxapp_require_check(r, conf->require, &max_age);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {

        /* nobody at all can still log in; somebody else cannot */

        if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_NONE) {
            return ngx_http_wxapp_auth_refuse(r, &ngx_http_wxapp_auth_missing,
                                              -1);
        }

        return ngx_http_wxapp_auth_refuse(r,
                                          (max_age == -1)
                                              ? &ngx_http_wxapp_auth_forbidden
                                              : &ngx_http_wxapp_auth_step_up,
                                          max_age);
    }

    if (bypassed) {
        ctx->auth = "bypassed";
        ngx_http_wxapp_auth_audit(r, NGX_HTTP_WXAPP_AUTH_BYPASSED);
        return NGX_OK;
    }

    ctx->auth = "passed";

    if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_NONE) {

        /* optional: nothing was shown, and nothing vouches for the caller */

        return NGX_DECLINED;
    }

    ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_PASSED);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_auth_refuse(ngx_http_request_t *r,
    ngx_http_wxapp_refusal_t *refusal, time_t max_age)
{
    const char                  *message;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_auth_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_auth_module);
    ctx = ngx_http_wxapp_ctx(r);

    message = refusal->message ? refusal->message : ctx->reason;

    /* then as if there were no guard: it lets nobody in either */

    if (conf->dry_run) {
        ctx->auth = "rejected_dry_run";
        ngx_http_wxapp_auth_audit(r, NGX_HTTP_WXAPP_AUTH_DRY_RUN);

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "access would be refused: %s", message);

        return NGX_DECLINED;
    }

    ctx->auth = (refusal->counter == NGX_HTTP_WXAPP_AUTH_ERROR) ? "error"
                                                                : "rejected";
    ngx_http_wxapp_auth_audit(r, refusal->counter);

    if (ngx_http_wxapp_auth_challenge(r, refusal, message, max_age) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_refuse(r, refusal->status ? refusal->status
                                                    : conf->invalid,
                                 refusal->code, message);
}


static void
ngx_http_wxapp_auth_audit(ngx_http_request_t *r,
    ngx_http_wxapp_counter_e counter)
{
    ngx_str_t  uid;

    if (ngx_http_wxapp_claim(r, &ngx_http_wxapp_claim_sub, &uid) != NGX_OK) {
        ngx_str_null(&uid);
    }

    ngx_http_wxapp_audit(r, counter, &uid);
}


/* RFC 6750 section 3, RFC 9470 section 3 */

static ngx_int_t
ngx_http_wxapp_auth_challenge(ngx_http_request_t *r,
    ngx_http_wxapp_refusal_t *refusal, const char *message, time_t max_age)
{
    u_char     *p;
    ngx_str_t  *value;

    switch (refusal->counter) {

    case NGX_HTTP_WXAPP_AUTH_ERROR:
        return NGX_OK;

    case NGX_HTTP_WXAPP_AUTH_MISSING:
        return ngx_http_wxapp_challenge(r, NULL, NULL);

    default:
        break;
    }

    if (ngx_http_wxapp_challenge(r, refusal->code, message) != NGX_OK) {
        return NGX_ERROR;
    }

    if (max_age == -1) {
        return NGX_OK;
    }

    value = &r->headers_out.www_authenticate->value;

    p = ngx_pnalloc(r->pool, value->len + sizeof(", max_age=\"\"") - 1
                             + NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(p, "%V, max_age=\"%T\"", value, max_age) - p;
    value->data = p;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_auth_vouched(ngx_http_request_t *r)
{
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_auth_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_auth_module);

    ctx = ngx_http_wxapp_ctx(r);

    if (ctx == NULL || ngx_http_wxapp_identity(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->identity != NGX_HTTP_WXAPP_IDENTITY_VALID) {
        return NGX_DECLINED;
    }

    if (conf->check != NGX_HTTP_WXAPP_AUTH_SESSION) {
        return NGX_OK;
    }

    switch (ngx_http_wxapp_session_alive(r, 0)) {

    case NGX_HTTP_WXAPP_SESSION_OK:
        return NGX_OK;

    case NGX_HTTP_WXAPP_SESSION_LOST:
        return conf->allow ? NGX_OK : NGX_DECLINED;

    default:
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_http_wxapp_auth_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->auth == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.data = (u_char *) ctx->auth;
    s.len = ngx_strlen(ctx->auth);

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t   rc;
    ngx_str_t  *name, claim, value;

    name = (ngx_str_t *) data;

    if (name->len > sizeof("wxapp_claim_") - 1
        && ngx_strncmp(name->data, "wxapp_claim_", sizeof("wxapp_claim_") - 1)
           == 0)
    {
        claim.data = name->data + sizeof("wxapp_claim_") - 1;
        claim.len = name->len - (sizeof("wxapp_claim_") - 1);

        rc = ngx_http_wxapp_claim_text(r, &claim, &value);

    } else {
        rc = ngx_http_wxapp_claim(r, name, &value);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_wxapp_variable(v, &value);

    return NGX_OK;
}


static char *
ngx_http_wxapp_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_auth_conf_t *acf = conf;

    ngx_str_t   *value;
    ngx_uint_t   mode;

    if (acf->mode != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (mode = 0; mode < NGX_HTTP_WXAPP_AUTH_MODES; mode++) {
        if (ngx_strcmp(value[1].data, ngx_http_wxapp_auth_modes[mode].data)
            == 0)
        {
            break;
        }
    }

    if (mode == NGX_HTTP_WXAPP_AUTH_MODES) {
        return ngx_http_wxapp_conf_unknown(cf, "mode", &value[1],
                                           ngx_http_wxapp_auth_modes,
                                           NGX_HTTP_WXAPP_AUTH_MODES,
                                           sizeof(ngx_str_t));
    }

    acf->mode = mode;

    ngx_http_wxapp_conf_place(cf, &acf->place);

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (mode != NGX_HTTP_WXAPP_AUTH_SESSION) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" goes with \"session\" only", &value[2]);
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[2].data, "on_error=allow") == 0) {
        acf->allow = 1;

    } else if (ngx_strcmp(value[2].data, "on_error=deny") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", it must be "
                           "\"on_error=deny\" or \"on_error=allow\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_auth_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_auth_conf_t *acf = conf;

    ngx_str_t  *value;

    if (acf->invalid != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "invalid=401") == 0) {
        acf->invalid = NGX_HTTP_UNAUTHORIZED;

    } else if (ngx_strcmp(value[1].data, "invalid=403") == 0) {
        acf->invalid = NGX_HTTP_FORBIDDEN;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", it must be \"invalid=401\" "
                           "or \"invalid=403\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_auth_conf_t *acf = conf;

    ngx_http_wxapp_conf_place(cf, &acf->place);

    return ngx_http_wxapp_require_add(cf, &acf->require);
}


static ngx_int_t
ngx_http_wxapp_auth_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_auth_vars);
}


static ngx_int_t
ngx_http_wxapp_auth_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->token == NULL) {
        return NGX_OK;
    }

    if (ngx_http_wxapp_phase(cf, NGX_HTTP_ACCESS_PHASE,
                             ngx_http_wxapp_auth_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (wmcf->session == NULL) {
        return NGX_OK;
    }

    return ngx_http_wxapp_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                                ngx_http_wxapp_auth_ask_handler);
}


static void *
ngx_http_wxapp_auth_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_auth_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_auth_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->check = NGX_HTTP_WXAPP_AUTH_OFF;
     *     conf->allow = 0;
     *     conf->require = NULL;
     */

    conf->mode = NGX_CONF_UNSET_UINT;
    conf->invalid = NGX_CONF_UNSET_UINT;
    conf->dry_run = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_wxapp_auth_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wxapp_auth_conf_t *prev = parent;
    ngx_http_wxapp_auth_conf_t *conf = child;

    ngx_http_wxapp_main_conf_t  *wmcf;

    if (conf->require && conf->mode == NGX_HTTP_WXAPP_AUTH_OFF) {
        return ngx_http_wxapp_conf_needs(cf, &conf->place, "wxapp_require",
                                         "wxapp_auth on");
    }

    ngx_conf_merge_uint_value(conf->invalid, prev->invalid,
                              NGX_HTTP_FORBIDDEN);
    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);

    if (conf->mode == NGX_CONF_UNSET_UINT) {
        conf->mode = prev->mode;
        conf->allow = prev->allow;
    }

    if (conf->require == NULL) {
        conf->require = prev->require;
    }

    if (conf->place.line == 0) {
        conf->place = prev->place;
    }

    /* who requires a claim must not get it by forgetting to ask for tokens */

    if (conf->mode != NGX_CONF_UNSET_UINT) {
        conf->check = conf->mode;

    } else {
        conf->check = conf->require ? NGX_HTTP_WXAPP_AUTH_ON
                                    : NGX_HTTP_WXAPP_AUTH_OFF;
    }

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (conf->check != NGX_HTTP_WXAPP_AUTH_OFF && wmcf->token == NULL) {
        return ngx_http_wxapp_conf_needs(cf, &conf->place, "wxapp_auth",
                                         "wxapp_token");
    }

    /* refresh tokens make sessions, too */

    if (conf->check == NGX_HTTP_WXAPP_AUTH_SESSION
        && wmcf->session == NULL && wmcf->token->refresh == 0)
    {
        return ngx_http_wxapp_conf_needs(cf, &conf->place,
                                         "wxapp_auth session",
                                         "wxapp_session");
    }

    return NGX_CONF_OK;
}
