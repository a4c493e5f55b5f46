
/*
 * wxapp_session {}: how long sessions live, and the keys of what is sealed;
 * wxapp_sessions and wxapp_logout: users see and end their own.
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
    ngx_http_wxapp_place_t    used;           /* of what needs sessions */
    const char               *user;           /* its name, or NULL */
} ngx_http_wxapp_session_main_conf_t;


/* who asks, by the token */

typedef struct {
    ngx_str_t                       uid;
    ngx_str_t                       id;       /* of the session, or empty */
    ngx_http_wxapp_session_scope_e  scope;
} ngx_http_wxapp_session_caller_t;


static ngx_int_t ngx_http_wxapp_logout_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_logout_done(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static ngx_int_t ngx_http_wxapp_sessions_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_sessions_id(ngx_http_request_t *r,
    ngx_str_t *id);
static void ngx_http_wxapp_sessions_listed(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_array_t *sessions, void *data);
static void ngx_http_wxapp_sessions_time(ngx_wxapp_text_t *text,
    const char *name, time_t t);
static void ngx_http_wxapp_sessions_text(ngx_wxapp_text_t *text,
    const char *name, ngx_str_t *s);
static void ngx_http_wxapp_sessions_ended(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static ngx_int_t ngx_http_wxapp_session_caller(ngx_http_request_t *r,
    ngx_http_wxapp_session_caller_t **caller);
static ngx_int_t ngx_http_wxapp_session_lost(ngx_http_request_t *r,
    ngx_http_wxapp_session_caller_t *caller);
static ngx_int_t ngx_http_wxapp_session_wait(ngx_http_request_t *r,
    ngx_int_t rc);
static char *ngx_http_wxapp_session(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_session_ttl(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_session_max(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_session_key(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_logout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_sessions(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_session_postconfiguration(ngx_conf_t *cf);
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

    { ngx_string("wxapp_logout"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_wxapp_logout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_sessions"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_sessions,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_session_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_session_postconfiguration,
                                           /* postconfiguration */

    ngx_http_wxapp_session_create_main_conf,
                                           /* create main configuration */
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


static ngx_conf_enum_t  ngx_http_wxapp_logout_scopes[] = {
    { ngx_string("this"), NGX_HTTP_WXAPP_SESSION_THIS },
    { ngx_string("others"), NGX_HTTP_WXAPP_SESSION_OTHERS },
    { ngx_string("all"), NGX_HTTP_WXAPP_SESSION_ALL },
    { ngx_null_string, 0 }
};


static ngx_int_t
ngx_http_wxapp_logout_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_conf_enum_t                  *scope;
    ngx_http_wxapp_session_caller_t  *caller;

    if (!(r->method & (NGX_HTTP_POST|NGX_HTTP_DELETE))) {
        return ngx_http_wxapp_not_allowed(r, "POST, DELETE");
    }

    rc = ngx_http_wxapp_session_caller(r, &caller);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    scope = ngx_http_wxapp_content_data(r);
    caller->scope = scope->value;

    /* such a token is good until it expires: to say else would be a lie */

    if (caller->id.len == 0 && caller->scope == NGX_HTTP_WXAPP_SESSION_THIS) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_CONFLICT, "session_missing",
                                      "the token belongs to no session");
    }

    return ngx_http_wxapp_session_wait(r,
                 ngx_http_wxapp_session_end(r, &caller->uid, &caller->id,
                                            caller->scope,
                                            ngx_http_wxapp_logout_done,
                                            caller));
}


static void
ngx_http_wxapp_logout_done(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    ngx_http_wxapp_session_caller_t *caller = data;

    if (result == NGX_HTTP_WXAPP_SESSION_LOST) {
        ngx_http_finalize_request(r, ngx_http_wxapp_session_lost(r, caller));
        return;
    }

    ngx_http_wxapp_audit(r, (caller->scope == NGX_HTTP_WXAPP_SESSION_THIS)
                            ? NGX_HTTP_WXAPP_SESSION_LOGOUT
                            : NGX_HTTP_WXAPP_SESSION_LOGOUT_ALL,
                         &caller->uid);

    /* a session that is over already is what was asked for */

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT,
                                                      NULL));
}


static ngx_int_t
ngx_http_wxapp_sessions_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         id;
    ngx_http_wxapp_session_caller_t  *caller;

    if (ngx_http_wxapp_sessions_id(r, &id) != NGX_OK) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                      "there is nothing here");
    }

    if (id.len && r->method != NGX_HTTP_DELETE) {
        return ngx_http_wxapp_not_allowed(r, "DELETE");
    }

    if (id.len == 0 && !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_wxapp_not_allowed(r, "GET, HEAD");
    }

    rc = ngx_http_wxapp_session_caller(r, &caller);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (id.len) {
        rc = ngx_http_wxapp_session_end(r, &caller->uid, &id,
                                        NGX_HTTP_WXAPP_SESSION_THIS,
                                        ngx_http_wxapp_sessions_ended, caller);

    } else {
        rc = ngx_http_wxapp_session_list(r, &caller->uid,
                                         ngx_http_wxapp_sessions_listed,
                                         caller);
    }

    return ngx_http_wxapp_session_wait(r, rc);
}


/* what follows the location's own path: nothing, or an id */

static ngx_int_t
ngx_http_wxapp_sessions_id(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_str_t                  path;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    path = clcf->name;

    if (path.len && path.data[path.len - 1] == '/') {
        path.len--;
    }

    ngx_str_null(id);

    if (r->uri.len < path.len
        || ngx_memcmp(r->uri.data, path.data, path.len) != 0)
    {
        return NGX_DECLINED;
    }

    if (r->uri.len == path.len) {
        return NGX_OK;
    }

    if (r->uri.data[path.len] != '/') {
        return NGX_DECLINED;
    }

    id->data = r->uri.data + path.len + 1;
    id->len = r->uri.len - path.len - 1;

    return NGX_OK;
}


static void
ngx_http_wxapp_sessions_listed(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_array_t *sessions, void *data)
{
    ngx_http_wxapp_session_caller_t *caller = data;

    ngx_int_t                  rc;
    ngx_str_t                  body;
    ngx_uint_t                 i, current;
    ngx_wxapp_text_t           text;
    ngx_http_wxapp_session_t  *session;

    if (result != NGX_HTTP_WXAPP_SESSION_OK) {
        ngx_http_finalize_request(r, ngx_http_wxapp_session_lost(r, caller));
        return;
    }

    ngx_wxapp_text_init(&text, r->pool, 16 + sessions->nelts * 512);
    ngx_wxapp_json_open(&text, '[');

    session = sessions->elts;

    for (i = 0; i < sessions->nelts; i++) {

        current = (session[i].id.len == caller->id.len
                   && ngx_memcmp(session[i].id.data, caller->id.data,
                                 caller->id.len) == 0);

        ngx_wxapp_json_open(&text, '{');
        ngx_http_wxapp_sessions_text(&text, "id", &session[i].id);
        ngx_wxapp_json_name(&text, "current");
        ngx_wxapp_json_raw(&text, current ? "true" : "false", current ? 4 : 5);
        ngx_http_wxapp_sessions_time(&text, "created_at", session[i].created);
        ngx_http_wxapp_sessions_time(&text, "last_seen_at", session[i].seen);
        ngx_http_wxapp_sessions_time(&text, "expires_at", session[i].expires);
        ngx_http_wxapp_sessions_text(&text, "device", &session[i].device);
        ngx_http_wxapp_sessions_text(&text, "ip", &session[i].address);
        ngx_http_wxapp_sessions_text(&text, "app", &session[i].app);
        ngx_wxapp_json_close(&text, '}');
    }

    ngx_wxapp_json_close(&text, ']');

    rc = ngx_wxapp_text_done(&text, &body);

    ngx_http_finalize_request(r, (rc == NGX_OK)
                                 ? ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body)
                                 : NGX_HTTP_INTERNAL_SERVER_ERROR);
}


static void
ngx_http_wxapp_sessions_time(ngx_wxapp_text_t *text, const char *name,
    time_t t)
{
    u_char     buf[sizeof("2026-11-22T08:30:00Z")];
    ngx_tm_t   tm;
    ngx_str_t  s;

    ngx_gmtime(t, &tm);

    s.data = buf;
    s.len = ngx_snprintf(buf, sizeof(buf), "%4d-%02d-%02dT%02d:%02d:%02dZ",
                         tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                         tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec)
            - buf;

    ngx_http_wxapp_sessions_text(text, name, &s);
}


static void
ngx_http_wxapp_sessions_text(ngx_wxapp_text_t *text, const char *name,
    ngx_str_t *s)
{
    ngx_wxapp_json_name(text, name);

    if (s->len) {
        ngx_wxapp_json_str(text, s);

    } else {
        ngx_wxapp_json_raw(text, "null", 4);
    }
}


static void
ngx_http_wxapp_sessions_ended(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    ngx_int_t                         rc;
    ngx_http_wxapp_session_caller_t  *caller = data;

    switch (result) {

    case NGX_HTTP_WXAPP_SESSION_OK:
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_LOGOUT, &caller->uid);
        rc = ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT, NULL);
        break;

    case NGX_HTTP_WXAPP_SESSION_NONE:
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such session");
        break;

    default:
        rc = ngx_http_wxapp_session_lost(r, caller);
    }

    ngx_http_finalize_request(r, rc);
}


/* NGX_DECLINED with who asks, or the result of having refused */

static ngx_int_t
ngx_http_wxapp_session_caller(ngx_http_request_t *r,
    ngx_http_wxapp_session_caller_t **caller)
{
    ngx_http_wxapp_ctx_t             *ctx;
    ngx_http_wxapp_session_caller_t  *c;

    ctx = ngx_http_wxapp_ctx(r);
    c = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_session_caller_t));

    if (ctx == NULL || c == NULL
        || ngx_http_wxapp_identity(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_http_wxapp_sid(r, &c->uid, &c->id);

    if (c->uid.len == 0) {

        if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_VALID) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN,
                                          "insufficient_scope",
                                          "the token is of no user of ours");
        }

        return ngx_http_wxapp_problem(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                      "an access token is required");
    }

    *caller = c;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_session_lost(ngx_http_request_t *r,
    ngx_http_wxapp_session_caller_t *caller)
{
    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_FAILED, &caller->uid);

    return ngx_http_wxapp_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                  "session_unavailable",
                                  "sessions cannot be reached now, "
                                  "try again later");
}


static ngx_int_t
ngx_http_wxapp_session_wait(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc != NGX_AGAIN) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    return NGX_DONE;
}


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


static char *
ngx_http_wxapp_logout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_session_main_conf_t *smcf = conf;

    char             *rv;
    ngx_str_t         word;
    ngx_conf_enum_t  *scope;

    static ngx_http_wxapp_param_t  params[] = {
        { ngx_string("scope"), NGX_HTTP_WXAPP_PARAM_STR, 0, 0, 0 },
          ngx_http_wxapp_null_param
    };

    ngx_str_set(&word, "this");

    rv = ngx_http_wxapp_conf_params(cf, params, 1, &word);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    for (scope = ngx_http_wxapp_logout_scopes; scope->name.len; scope++) {
        if (scope->name.len == word.len
            && ngx_strncmp(scope->name.data, word.data, word.len) == 0)
        {
            break;
        }
    }

    if (scope->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid scope \"%V\", it must be \"this\", "
                           "\"others\" or \"all\"", &word);
        return NGX_CONF_ERROR;
    }

    smcf->user = "wxapp_logout";
    ngx_http_wxapp_conf_place(cf, &smcf->used);

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_logout_handler, scope);
}


static char *
ngx_http_wxapp_sessions(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_session_main_conf_t *smcf = conf;

    smcf->user = "wxapp_sessions";
    ngx_http_wxapp_conf_place(cf, &smcf->used);

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_sessions_handler, NULL);
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_session_postconfiguration(ngx_conf_t *cf)
{
    const char                          *missing;
    ngx_http_wxapp_main_conf_t          *wmcf;
    ngx_http_wxapp_session_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_wxapp_session_module);
    wmcf = ngx_http_wxapp_conf_main(cf);

    missing = (wmcf->session == NULL) ? "wxapp_session"
              : (wmcf->token == NULL) ? "wxapp_token" : NULL;

    if (smcf->user && missing) {
        (void) ngx_http_wxapp_conf_needs(cf, &smcf->used, smcf->user, missing);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_session_create_main_conf(ngx_conf_t *cf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->place.line = 0;
     *     conf->user = NULL;
     */

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
