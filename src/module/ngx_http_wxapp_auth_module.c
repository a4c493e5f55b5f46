
/*
 * wxapp_auth: the token is checked in the access phase, then the claims that
 * the location requires.
 */


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_reply.h"


#define NGX_HTTP_WXAPP_AUTH_OFF       0
#define NGX_HTTP_WXAPP_AUTH_ON        1
#define NGX_HTTP_WXAPP_AUTH_OPTIONAL  2


typedef struct {
    ngx_str_t                 claim;
    ngx_array_t              *values;         /* ngx_str_t, any of them */
} ngx_http_wxapp_require_t;


typedef struct {
    ngx_uint_t                mode;           /* as configured, or unset */
    ngx_uint_t                check;          /* as it comes out */
    ngx_uint_t                invalid;        /* status of a bad token */
    ngx_array_t              *require;        /* ngx_http_wxapp_require_t */
    ngx_http_wxapp_place_t    place;          /* of the last of them here */
} ngx_http_wxapp_auth_conf_t;


static ngx_int_t ngx_http_wxapp_auth_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_auth_deny(ngx_http_request_t *r,
    ngx_http_wxapp_auth_conf_t *conf, ngx_http_wxapp_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_auth_require(ngx_http_request_t *r,
    ngx_http_wxapp_auth_conf_t *conf);
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


static ngx_conf_enum_t  ngx_http_wxapp_auth_modes[] = {
    { ngx_string("off"), NGX_HTTP_WXAPP_AUTH_OFF },
    { ngx_string("on"), NGX_HTTP_WXAPP_AUTH_ON },
    { ngx_string("optional"), NGX_HTTP_WXAPP_AUTH_OPTIONAL },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_wxapp_auth_commands[] = {

    { ngx_string("wxapp_auth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_wxapp_auth,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_auth_conf_t, mode),
      &ngx_http_wxapp_auth_modes },

    { ngx_string("wxapp_auth_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_wxapp_auth_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_require"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
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


static ngx_int_t
ngx_http_wxapp_auth_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
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

    if (ctx->identity != NGX_HTTP_WXAPP_IDENTITY_VALID
        && (conf->check != NGX_HTTP_WXAPP_AUTH_OPTIONAL
            || ctx->identity != NGX_HTTP_WXAPP_IDENTITY_NONE))
    {
        return ngx_http_wxapp_auth_deny(r, conf, ctx);
    }

    rc = ngx_http_wxapp_auth_require(r, conf);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {

        /* nobody at all can still log in; somebody else cannot */

        if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_NONE) {
            return ngx_http_wxapp_auth_deny(r, conf, ctx);
        }

        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_FORBIDDEN);

        if (ngx_http_wxapp_challenge(r, "insufficient_scope",
                                          "the token lacks what is required")
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_wxapp_refuse(r, NGX_HTTP_FORBIDDEN,
                                     "insufficient_scope",
                                     "the token lacks what is required");
    }

    if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_NONE) {

        /* optional: nothing was shown, and nothing vouches for the caller */

        return NGX_DECLINED;
    }

    ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_PASSED);

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_auth_deny(ngx_http_request_t *r,
    ngx_http_wxapp_auth_conf_t *conf, ngx_http_wxapp_ctx_t *ctx)
{
    ngx_int_t  rc;

    switch (ctx->identity) {

    case NGX_HTTP_WXAPP_IDENTITY_NONE:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_MISSING);

        rc = ngx_http_wxapp_challenge(r, NULL, NULL);

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_wxapp_refuse(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                     "an access token is required");

    case NGX_HTTP_WXAPP_IDENTITY_MALFORMED:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_INVALID);

        rc = ngx_http_wxapp_challenge(r, "invalid_request",
                                           "more than one token");

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_wxapp_refuse(r, NGX_HTTP_BAD_REQUEST,
                                     "invalid_request",
                                     "more than one Authorization header");

    default:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_INVALID);

        rc = ngx_http_wxapp_challenge(r, "invalid_token", ctx->reason);

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_wxapp_refuse(r, conf->invalid, "invalid_token",
                                     ctx->reason);
    }
}


/* all directives must hold, of each any value */

static ngx_int_t
ngx_http_wxapp_auth_require(ngx_http_request_t *r,
    ngx_http_wxapp_auth_conf_t *conf)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_http_wxapp_require_t  *require;

    if (conf->require == NULL) {
        return NGX_OK;
    }

    require = conf->require->elts;

    for (i = 0; i < conf->require->nelts; i++) {

        rc = ngx_http_wxapp_claim_in(r, &require[i].claim, require[i].values);
        if (rc != NGX_OK) {
            return rc;
        }
    }

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

    } else {
        claim = *name;
    }

    rc = ngx_http_wxapp_claim(r, &claim, &value);

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

    ngx_http_wxapp_conf_place(cf, &acf->place);

    return ngx_conf_set_enum_slot(cf, cmd, conf);
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

    u_char                    *p, *last;
    ngx_str_t                 *value, words;
    ngx_http_wxapp_require_t  *require;

    ngx_http_wxapp_conf_place(cf, &acf->place);

    value = cf->args->elts;

    p = (u_char *) ngx_strchr(value[1].data, '=');
    last = value[1].data + value[1].len;

    if (p == NULL || p == value[1].data || p + 1 == last) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid requirement \"%V\", it must be "
                           "claim=value|value", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (acf->require == NULL) {
        acf->require = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_http_wxapp_require_t));
        if (acf->require == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    require = ngx_array_push(acf->require);
    if (require == NULL) {
        return NGX_CONF_ERROR;
    }

    require->claim.data = value[1].data;
    require->claim.len = p - value[1].data;

    words.data = p + 1;
    words.len = last - words.data;

    require->values = ngx_http_wxapp_conf_words(cf, &words);

    return require->values ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_wxapp_auth_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_auth_vars);
}


static ngx_int_t
ngx_http_wxapp_auth_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt         *h;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->token == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_wxapp_auth_handler;

    return NGX_OK;
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
     *     conf->require = NULL;
     */

    conf->mode = NGX_CONF_UNSET_UINT;
    conf->invalid = NGX_CONF_UNSET_UINT;

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

    if (conf->mode == NGX_CONF_UNSET_UINT) {
        conf->mode = prev->mode;
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

    return NGX_CONF_OK;
}
