
/*
 * wxapp_session {}: how long sessions live, and the keys of what is sealed.
 */


#include "base/ngx_wxapp_seal.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_reply.h"
#include "http/ngx_http_wxapp_session.h"


#define NGX_HTTP_WXAPP_SESSION_TTL   2592000      /* seconds, thirty days */
#define NGX_HTTP_WXAPP_SESSION_LONG  315360000    /* ten years */
#define NGX_HTTP_WXAPP_SESSION_MAX   1000


typedef struct {
    ngx_http_wxapp_place_t    place;          /* of the block; line 0: none */
    ngx_http_wxapp_place_t    used;           /* of a directive that needs
                                                 sessions */
    ngx_str_t                *directive;
} ngx_http_wxapp_session_main_conf_t;


static char *ngx_http_wxapp_session(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_session_ttl(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_session_max(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_session_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static void *ngx_http_wxapp_session_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_session_init_main_conf(ngx_conf_t *cf,
    void *conf);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_session_directives[] = {

    { ngx_string("ttl"), 1, 2, ngx_http_wxapp_session_ttl, 0 },

    { ngx_string("max"), 1, 1, ngx_http_wxapp_session_max, 0 },

    { ngx_string("key"), 2|NGX_HTTP_WXAPP_MANY, 2,
      ngx_http_wxapp_session_key, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_command_t  ngx_http_wxapp_session_commands[] = {

    { ngx_string("wxapp_session"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_wxapp_session,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_session_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_wxapp_session_create_main_conf,/* create main configuration */
    ngx_http_wxapp_session_init_main_conf, /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_session_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_session_module_ctx,    /* module context */
    ngx_http_wxapp_session_commands,       /* module directives */
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
ngx_http_wxapp_session(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_session_main_conf_t *smcf = conf;

    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_conf_t  *session;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->session) {
        return "is duplicate";
    }

    session = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_session_conf_t));
    if (session == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_http_wxapp_conf_place(cf, &smcf->place);

    wmcf->session = session;
    wmcf->used = 1;

    return ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_session_directives,
                                     session);
}


static char *
ngx_http_wxapp_session_ttl(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_session_conf_t *session = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_parse_time(&value[1], 1);

    if (n == NGX_ERROR || n < 1 || n > NGX_HTTP_WXAPP_SESSION_LONG) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"%V\", it must be "
                           "between 1s and %ds", &value[1], &value[0],
                           NGX_HTTP_WXAPP_SESSION_LONG);
        return NGX_CONF_ERROR;
    }

    session->ttl = n;

    if (cf->args->nelts == 3) {

        if (ngx_strcmp(value[2].data, "fixed") == 0) {
            session->fixed = 1;

        } else if (ngx_strcmp(value[2].data, "sliding") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\", it must be \"sliding\" "
                               "or \"fixed\"", &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_session_max(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_session_conf_t *session = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > NGX_HTTP_WXAPP_SESSION_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"max\" must be between 1 and %d",
                           NGX_HTTP_WXAPP_SESSION_MAX);
        return NGX_CONF_ERROR;
    }

    session->max = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_session_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_session_conf_t *session = data;

    u_char                *p;
    ngx_str_t             *value, text;
    ngx_uint_t             i;
    ngx_wxapp_seal_key_t  *key;

    value = cf->args->elts;

    for (p = value[1].data; *p; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_'))
        {
            break;
        }
    }

    if (value[1].len == 0 || p != value[1].data + value[1].len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid key id \"%V\", it must be of letters, "
                           "digits, \"-\" and \"_\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (session->keys == NULL) {
        session->keys = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_wxapp_seal_key_t));
        if (session->keys == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    key = session->keys->elts;

    for (i = 0; i < session->keys->nelts; i++) {
        if (key[i].id.len == value[1].len
            && ngx_strcmp(key[i].id.data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate key \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    key = ngx_array_push(session->keys);
    if (key == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_wxapp_conf_file(cf, &value[2], &text) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_wxapp_seal_key(key, &text) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key in \"%V\" must be 32 bytes, as they are, "
                           "as hex or as base64", &value[2]);
        return NGX_CONF_ERROR;
    }

    key->id = value[1];

    ngx_explicit_memzero(text.data, text.len);

    return NGX_CONF_OK;
}


static void *
ngx_http_wxapp_session_create_main_conf(ngx_conf_t *cf)
{
    /* set by ngx_pcalloc(): conf->place.line = 0 */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_session_main_conf_t));
}


/* before other modules merge what they have of sessions */

static char *
ngx_http_wxapp_session_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_wxapp_session_main_conf_t *smcf = conf;

    time_t                          refresh;
    ngx_http_wxapp_main_conf_t     *wmcf;
    ngx_http_wxapp_session_conf_t  *session;

    wmcf = ngx_http_wxapp_conf_main(cf);

    refresh = wmcf->token ? wmcf->token->refresh : 0;
    session = wmcf->session;

    if (session == NULL) {

        if (refresh == 0) {
            return NGX_CONF_OK;
        }

        session = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_session_conf_t));
        if (session == NULL) {
            return NGX_CONF_ERROR;
        }

        wmcf->session = session;
    }

    if (wmcf->redis == NULL) {

        if (smcf->place.line == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"refresh\" in \"wxapp_token\" needs "
                          "\"wxapp_redis\"");
            return NGX_CONF_ERROR;
        }

        return ngx_http_wxapp_conf_needs(cf, &smcf->place, "wxapp_session",
                                         "wxapp_redis");
    }

    if (session->ttl == 0) {
        session->ttl = refresh ? refresh : NGX_HTTP_WXAPP_SESSION_TTL;
    }

    if (session->max == 0) {
        session->max = 20;
    }

    if (refresh) {
        session->refresh = refresh;
        session->grace = wmcf->token->grace;
    }

    return (ngx_http_wxapp_session_scripts() == NGX_OK) ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
}
