
/*
 * wxapp_token {}: the access tokens that this service issues and accepts; and
 * wxapp_jwks, which tells others our public keys.
 */


#include "http/ngx_http_wxapp.h"
#include "base/ngx_wxapp_token_cache.h"
#include "http/ngx_http_wxapp_reply.h"


#define NGX_HTTP_WXAPP_TOKEN_TTL     315360000    /* seconds, ten years */
#define NGX_HTTP_WXAPP_TOKEN_LEEWAY  86400
#define NGX_HTTP_WXAPP_TOKEN_GRACE   600


typedef struct {
    ngx_wxapp_token_t         token;
    ngx_str_t                 jwks;           /* our public keys */
    ngx_http_wxapp_place_t    refresh;
} ngx_http_wxapp_token_main_conf_t;


typedef struct {
    ngx_http_wxapp_place_t    jwks;           /* line 0: none here */
} ngx_http_wxapp_token_loc_conf_t;


typedef struct {
    ngx_str_t                 jwks;
    ngx_str_t                 audience;
} ngx_http_wxapp_trust_t;


static ngx_int_t ngx_http_wxapp_jwks_handler(ngx_http_request_t *r);
static char *ngx_http_wxapp_jwks(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_token_done(ngx_conf_t *cf,
    ngx_http_wxapp_token_main_conf_t *tmcf);
static char *ngx_http_wxapp_token_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_trust(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_time(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_refresh(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_token_seconds(ngx_conf_t *cf, ngx_str_t *s,
    ngx_int_t min, ngx_int_t max, time_t *field);
static void *ngx_http_wxapp_token_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_token_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_wxapp_token_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_token_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_wxapp_token_exit_process(ngx_cycle_t *cycle);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_token_directives[] = {

    { ngx_string("key"), 3|NGX_HTTP_WXAPP_MANY, 3,
      ngx_http_wxapp_token_key, 0 },

    { ngx_string("issuer"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_token_main_conf_t, token.own.name) },

    { ngx_string("audience"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_token_main_conf_t, token.own.audience) },

    { ngx_string("ttl"), 1, 1, ngx_http_wxapp_token_time,
      offsetof(ngx_http_wxapp_token_main_conf_t, token.ttl) },

    { ngx_string("leeway"), 1, 1, ngx_http_wxapp_token_time,
      offsetof(ngx_http_wxapp_token_main_conf_t, token.leeway) },

    { ngx_string("refresh"), 1, 2, ngx_http_wxapp_token_refresh, 0 },

    { ngx_string("trust"), 2|NGX_HTTP_WXAPP_MANY, 3,
      ngx_http_wxapp_token_trust, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_command_t  ngx_http_wxapp_token_commands[] = {

    { ngx_string("wxapp_token"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_token,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_jwks"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_jwks,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_token_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_wxapp_token_create_main_conf, /* create main configuration */
    ngx_http_wxapp_token_init_main_conf,   /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_token_create_loc_conf,  /* create location configuration */
    ngx_http_wxapp_token_merge_loc_conf    /* merge location configuration */
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


static ngx_int_t
ngx_http_wxapp_jwks_handler(ngx_http_request_t *r)
{
    ngx_str_t                          cache;
    ngx_http_wxapp_token_main_conf_t  *tmcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_wxapp_not_allowed(r, "GET, HEAD");
    }

    ngx_str_set(&cache, "public, max-age=300");

    if (ngx_http_wxapp_header(r, "Cache-Control", &cache) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_wxapp_token_module);

    return ngx_http_wxapp_reply(r, NGX_HTTP_OK, &tmcf->jwks);
}


static char *
ngx_http_wxapp_jwks(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_token_loc_conf_t *tlcf = conf;

    ngx_http_wxapp_conf_place(cf, &tlcf->jwks);

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_jwks_handler, NULL);
}


static char *
ngx_http_wxapp_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_token_main_conf_t *tmcf = conf;

    char                        *rv;
    ngx_wxapp_token_t           *token;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->token) {
        return "is duplicate";
    }

    token = &tmcf->token;

    token->own.keys = ngx_array_create(cf->pool, 2, sizeof(ngx_wxapp_jwk_t));
    if (token->own.keys == NULL) {
        return NGX_CONF_ERROR;
    }

    token->ttl = 3600;
    token->leeway = 30;
    token->grace = 30;

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_token_directives, tmcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    wmcf->token = token;
    wmcf->used = 1;

    return ngx_http_wxapp_token_done(cf, tmcf);
}


/* what shows when the block is read */

static char *
ngx_http_wxapp_token_done(ngx_conf_t *cf,
    ngx_http_wxapp_token_main_conf_t *tmcf)
{
    ngx_uint_t                 i;
    ngx_wxapp_jwk_t           *key;
    ngx_wxapp_text_t           text;
    ngx_wxapp_token_t         *token;
    ngx_wxapp_token_issuer_t  *trust;

    token = &tmcf->token;

    if (token->own.keys->nelts == 0 && token->trust == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wxapp_token\" needs a \"key\"");
        return NGX_CONF_ERROR;
    }

    key = token->own.keys->elts;

    for (i = 0; i < token->own.keys->nelts; i++) {
        if (key[i].secret.len) {
            token->signer = &key[i];
            break;
        }
    }

    if (token->refresh && token->signer == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"refresh\" needs a \"key\" that signs");
        return NGX_CONF_ERROR;
    }

    if (token->trust) {

        /* without a name, ours would be of any issuer */

        if (token->own.keys->nelts && token->own.name.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"trust\" needs an \"issuer\" of the keys");
            return NGX_CONF_ERROR;
        }

        trust = token->trust->elts;

        for (i = 0; i < token->trust->nelts; i++) {
            if (trust[i].name.len == token->own.name.len
                && ngx_memcmp(trust[i].name.data, token->own.name.data,
                              trust[i].name.len)
                   == 0)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"trust\" of \"%V\", which is the "
                                   "\"issuer\" itself", &trust[i].name);
                return NGX_CONF_ERROR;
            }

            if (trust[i].audience.len == 0) {
                trust[i].audience = token->own.audience;
            }
        }
    }

    ngx_wxapp_text_init(&text, cf->pool, 256);
    ngx_wxapp_jwks_write(&text, token->own.keys);

    return (ngx_wxapp_text_done(&text, &tmcf->jwks) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_token_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_token_main_conf_t *tmcf = data;

    ngx_int_t         rc;
    ngx_str_t        *value, path, text;
    ngx_uint_t        i, exposed;
    const char       *error;
    ngx_array_t      *keys;
    ngx_wxapp_jwa_t  *alg;
    ngx_wxapp_jwk_t  *key;

    value = cf->args->elts;
    keys = tmcf->token.own.keys;

    alg = ngx_wxapp_jwa_find(&value[2]);

    if (alg == NULL) {
        return ngx_http_wxapp_conf_unknown(cf, "algorithm", &value[2],
                                           ngx_wxapp_jwa, NGX_WXAPP_JWA,
                                           sizeof(ngx_wxapp_jwa_t));
    }

    if (value[1].len == 0
        || ngx_wxapp_utf8(value[1].data, value[1].len, NULL) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid key id \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    key = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        if (key[i].kid.len == value[1].len
            && ngx_strcmp(key[i].kid.data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate key \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    key = ngx_array_push(keys);
    if (key == NULL) {
        return NGX_CONF_ERROR;
    }

    key->kid = value[1];
    key->alg = alg;

    path = value[3];

    if (ngx_http_wxapp_conf_text(cf, &path, &text, &exposed) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_wxapp_jwk_parse(key, cf->pool, &text, &error);

    if (rc == NGX_DECLINED && alg->type == EVP_PKEY_HMAC
        && text.len < alg->size)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key in \"%V\" has %uz bytes, %V needs "
                           "%uz at least", &value[3], text.len, &alg->name,
                           alg->size);

    } else if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key in \"%V\" %s, for %V",
                           &value[3], error, &alg->name);
    }

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (exposed && key->secret.len) {
        ngx_http_wxapp_conf_exposed(cf, &path);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_token_trust(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_token_main_conf_t *tmcf = data;

    char                      *rv;
    ngx_int_t                  rc;
    ngx_str_t                 *value, path, text;
    ngx_uint_t                 i, n, exposed;
    const char                *error;
    ngx_wxapp_token_t         *token;
    ngx_http_wxapp_trust_t     given;
    ngx_wxapp_token_issuer_t  *trust;

    static ngx_http_wxapp_param_t  params[] = {
        { ngx_string("jwks"), NGX_HTTP_WXAPP_PARAM_STR,
          offsetof(ngx_http_wxapp_trust_t, jwks), 0, 0 },
        { ngx_string("audience"), NGX_HTTP_WXAPP_PARAM_STR,
          offsetof(ngx_http_wxapp_trust_t, audience), 0, 0 },
          ngx_http_wxapp_null_param
    };

    value = cf->args->elts;
    token = &tmcf->token;

    ngx_memzero(&given, sizeof(ngx_http_wxapp_trust_t));

    rv = ngx_http_wxapp_conf_params(cf, params, 2, &given);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (value[1].len == 0 || given.jwks.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"trust\" needs an issuer and \"jwks\"");
        return NGX_CONF_ERROR;
    }

    if (token->trust == NULL) {
        token->trust = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_wxapp_token_issuer_t));
        if (token->trust == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    trust = token->trust->elts;

    for (i = 0; i < token->trust->nelts; i++) {
        if (trust[i].name.len == value[1].len
            && ngx_strcmp(trust[i].name.data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate issuer \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    trust = ngx_array_push(token->trust);
    if (trust == NULL) {
        return NGX_CONF_ERROR;
    }

    trust->name = value[1];
    trust->audience = given.audience;

    trust->keys = ngx_array_create(cf->pool, 4, sizeof(ngx_wxapp_jwk_t));
    if (trust->keys == NULL) {
        return NGX_CONF_ERROR;
    }

    path = given.jwks;

    if (ngx_http_wxapp_conf_text(cf, &path, &text, &exposed) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_wxapp_jwks_read(trust->keys, cf->pool, &text, &n, &error);

    if (rc == NGX_DECLINED && n) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "key %ui in \"%V\" %s",
                           n, &given.jwks, error);

    } else if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid JWKS in \"%V\": %s",
                           &given.jwks, error);
    }

    return (rc == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_token_time(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    time_t     *field;
    ngx_str_t  *value;

    value = cf->args->elts;
    field = (time_t *) ((u_char *) data + directive->offset);

    if (directive->offset
        == offsetof(ngx_http_wxapp_token_main_conf_t, token.ttl))
    {
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
    ngx_http_wxapp_token_main_conf_t *tmcf = data;

    char       *rv;
    ngx_str_t  *value, grace;

    static ngx_http_wxapp_param_t  params[] = {
        { ngx_string("grace"), NGX_HTTP_WXAPP_PARAM_STR, 0, 0, 0 },
          ngx_http_wxapp_null_param
    };

    ngx_http_wxapp_conf_place(cf, &tmcf->refresh);

    value = cf->args->elts;
    grace.len = 0;

    rv = ngx_http_wxapp_conf_params(cf, params, 2, &grace);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (grace.len) {
        rv = ngx_http_wxapp_token_seconds(cf, &grace, 0,
                                          NGX_HTTP_WXAPP_TOKEN_GRACE,
                                          &tmcf->token.grace);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_wxapp_token_seconds(cf, &value[1], 60,
                                        NGX_HTTP_WXAPP_TOKEN_TTL,
                                        &tmcf->token.refresh);
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


static void *
ngx_http_wxapp_token_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_token_main_conf_t));
}


static char *
ngx_http_wxapp_token_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_wxapp_token_main_conf_t *tmcf = conf;

    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (tmcf->token.refresh && wmcf->redis == NULL) {
        return ngx_http_wxapp_conf_needs(cf, &tmcf->refresh, "refresh",
                                         "wxapp_redis");
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_wxapp_token_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_token_loc_conf_t));
}


static char *
ngx_http_wxapp_token_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wxapp_token_loc_conf_t *tlcf = child;

    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (tlcf->jwks.line && wmcf->token == NULL) {
        return ngx_http_wxapp_conf_needs(cf, &tlcf->jwks, "wxapp_jwks",
                                         "wxapp_token");
    }

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
