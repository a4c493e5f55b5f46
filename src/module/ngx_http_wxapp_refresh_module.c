
/*
 * wxapp_refresh: a refresh token becomes an access token and the next refresh
 * token, RFC 6749 section 6.
 */


#include "base/ngx_wxapp_form.h"
#include "base/ngx_wxapp_statement.h"
#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_grant.h"
#include "http/ngx_http_wxapp_schema.h"


/* of a location: its content's data */

typedef struct {
    ngx_str_t                 sql;
    ngx_uint_t                given;          /* unsigned  given:1; */
    ngx_http_wxapp_place_t    place;
} ngx_http_wxapp_refresh_conf_t;


typedef struct {
    ngx_array_t               confs;          /* of all locations */
} ngx_http_wxapp_refresh_main_conf_t;


typedef struct {
    ngx_http_request_t       *request;
    ngx_http_wxapp_grant_t    grant;
    ngx_str_t                 role;
    unsigned                  found:1;
    unsigned                  disabled:1;
} ngx_http_wxapp_refresh_t;


typedef struct {
    ngx_str_t                 grant_type;
    ngx_str_t                 refresh_token;
    ngx_uint_t                twice;          /* unsigned  twice:1; */
} ngx_http_wxapp_refresh_args_t;


static ngx_int_t ngx_http_wxapp_refresh_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_refresh_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_refresh_form(ngx_http_request_t *r,
    ngx_str_t *body, ngx_http_wxapp_refresh_args_t *args);
static ngx_int_t ngx_http_wxapp_refresh_json(ngx_http_request_t *r,
    ngx_str_t *body, ngx_http_wxapp_refresh_args_t *args);
static void ngx_http_wxapp_refresh_arg(ngx_http_wxapp_refresh_args_t *args,
    ngx_str_t *name, ngx_str_t *value);
static void ngx_http_wxapp_refresh_found(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static void ngx_http_wxapp_refresh_load(ngx_http_wxapp_refresh_t *refresh);
static ngx_int_t ngx_http_wxapp_refresh_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_wxapp_refresh_loaded(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_refresh_ended(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static void ngx_http_wxapp_refresh_exchange(ngx_http_wxapp_refresh_t *refresh);
static void ngx_http_wxapp_refresh_exchanged(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static void ngx_http_wxapp_refresh_end(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_str_t *uid);
static void ngx_http_wxapp_refresh_error(ngx_http_request_t *r);
static char *ngx_http_wxapp_refresh(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_refresh_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_refresh_create_main_conf(ngx_conf_t *cf);


static ngx_str_t  ngx_http_wxapp_refresh_sql = ngx_string(
    "SELECT role, deleted_at IS NOT NULL FROM users WHERE id = ?");


static ngx_command_t  ngx_http_wxapp_refresh_commands[] = {

    { ngx_string("wxapp_refresh"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_wxapp_refresh,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_refresh_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_refresh_postconfiguration,
                                           /* postconfiguration */

    ngx_http_wxapp_refresh_create_main_conf,
                                           /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_refresh_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_refresh_module_ctx,    /* module context */
    ngx_http_wxapp_refresh_commands,       /* module directives */
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


static ngx_int_t
ngx_http_wxapp_refresh_handler(ngx_http_request_t *r)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->oauth = 1;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    return ngx_http_wxapp_body_read(r, ngx_http_wxapp_refresh_body);
}


static void
ngx_http_wxapp_refresh_body(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       body;
    const char                     *code, *message;
    ngx_http_wxapp_refresh_t       *refresh;
    ngx_http_wxapp_refresh_args_t   args;

    if (ngx_http_wxapp_body_form(r, &body) != NGX_OK) {
        return;
    }

    ngx_memzero(&args, sizeof(ngx_http_wxapp_refresh_args_t));

    switch (ngx_http_wxapp_body_type(r)) {

    case NGX_HTTP_WXAPP_BODY_FORM:
        rc = ngx_http_wxapp_refresh_form(r, &body, &args);
        break;

    case NGX_HTTP_WXAPP_BODY_OTHER:
        rc = NGX_DECLINED;
        break;

    default:
        rc = ngx_http_wxapp_refresh_json(r, &body, &args);
    }

    if (rc == NGX_ERROR) {
        ngx_http_wxapp_refresh_error(r);
        return;
    }

    code = "invalid_request";

    if (rc == NGX_DECLINED) {
        message = "the body must be a form, or a JSON object of strings";

    } else if (args.twice) {
        message = "a parameter is given twice";

    } else if (args.grant_type.len == 0) {
        message = "grant_type is missing";

    } else if (args.grant_type.len != sizeof("refresh_token") - 1
               || ngx_strncmp(args.grant_type.data, "refresh_token",
                              sizeof("refresh_token") - 1)
                  != 0)
    {
        code = "unsupported_grant_type";
        message = "grant_type must be refresh_token";

    } else if (args.refresh_token.len == 0) {
        message = "refresh_token is missing";

    } else {
        message = NULL;
    }

    if (message) {
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_REFUSED, NULL);

        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                     NGX_HTTP_BAD_REQUEST, code, message));
        return;
    }

    refresh = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_refresh_t));
    if (refresh == NULL) {
        ngx_http_wxapp_refresh_error(r);
        return;
    }

    refresh->request = r;

    rc = ngx_http_wxapp_session_find(r, &args.refresh_token,
                                     ngx_http_wxapp_refresh_found, refresh);

    if (rc == NGX_DECLINED) {
        ngx_http_wxapp_refresh_end(r, NGX_HTTP_WXAPP_SESSION_NONE, NULL);

    } else if (rc == NGX_ERROR) {
        ngx_http_wxapp_refresh_error(r);
    }
}


static ngx_int_t
ngx_http_wxapp_refresh_form(ngx_http_request_t *r, ngx_str_t *body,
    ngx_http_wxapp_refresh_args_t *args)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_array_t        pairs;
    ngx_wxapp_pair_t  *pair;

    rc = ngx_wxapp_form_parse(r->pool, body, &pairs);

    if (rc != NGX_OK) {
        return rc;
    }

    pair = pairs.elts;

    for (i = 0; i < pairs.nelts; i++) {

        if (pair[i].malformed) {
            return NGX_DECLINED;
        }

        ngx_http_wxapp_refresh_arg(args, &pair[i].name, &pair[i].value);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_refresh_json(ngx_http_request_t *r, ngx_str_t *body,
    ngx_http_wxapp_refresh_args_t *args)
{
    ngx_int_t               rc;
    const char             *error;
    ngx_wxapp_json_node_t  *root, *node;

    rc = ngx_wxapp_json_parse(r->pool, body, &root, &error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (root->type != NGX_WXAPP_JSON_OBJECT) {
        return NGX_DECLINED;
    }

    for (node = root->first; node; node = node->next) {

        if (node->type != NGX_WXAPP_JSON_STRING) {
            return NGX_DECLINED;
        }

        ngx_http_wxapp_refresh_arg(args, &node->name, &node->value);
    }

    return NGX_OK;
}


/* others are ignored, empty ones are not there: RFC 6749 section 3.2 */

static void
ngx_http_wxapp_refresh_arg(ngx_http_wxapp_refresh_args_t *args,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t  *arg;

    if (name->len == sizeof("grant_type") - 1
        && ngx_strncmp(name->data, "grant_type", name->len) == 0)
    {
        arg = &args->grant_type;

    } else if (name->len == sizeof("refresh_token") - 1
               && ngx_strncmp(name->data, "refresh_token", name->len) == 0)
    {
        arg = &args->refresh_token;

    } else {
        return;
    }

    if (arg->data) {
        args->twice = 1;
    }

    *arg = *value;
}


static void
ngx_http_wxapp_refresh_found(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    ngx_http_wxapp_refresh_t *refresh = data;

    ngx_http_wxapp_main_conf_t  *wmcf;

    if (result != NGX_HTTP_WXAPP_SESSION_OK) {
        ngx_http_wxapp_refresh_end(r, result, NULL);
        return;
    }

    refresh->grant.session = *session;

    wmcf = ngx_http_wxapp_main(r);

    if (wmcf->mysql) {
        ngx_http_wxapp_refresh_load(refresh);

    } else {
        ngx_http_wxapp_refresh_exchange(refresh);
    }
}


/* who is disabled, or has another role, must not wait for the next login */

static void
ngx_http_wxapp_refresh_load(ngx_http_wxapp_refresh_t *refresh)
{
    ngx_http_request_t             *r;
    ngx_wxapp_value_t               value;
    ngx_wxapp_mysql_query_t        *query;
    ngx_http_wxapp_refresh_conf_t  *conf;

    r = refresh->request;
    conf = ngx_http_wxapp_content_data(r);

    query = ngx_http_wxapp_db_query(r, 1, refresh);
    if (query == NULL) {
        ngx_http_wxapp_refresh_error(r);
        return;
    }

    query->sql = conf->sql;
    query->row = ngx_http_wxapp_refresh_row;
    query->read_only = 1;
    query->primary = 1;

    value.type = NGX_WXAPP_VALUE_TEXT;
    value.text = refresh->grant.session.uid;

    if (ngx_http_wxapp_db_bind(query, &value) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        ngx_http_wxapp_refresh_error(r);
        return;
    }

    if (ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_refresh_loaded)
        != NGX_AGAIN)
    {
        ngx_http_wxapp_refresh_error(r);
    }
}


static ngx_int_t
ngx_http_wxapp_refresh_row(ngx_wxapp_mysql_query_t *query, ngx_str_t *columns,
    ngx_uint_t n)
{
    ngx_http_wxapp_refresh_t *refresh = query->op.data;

    refresh->found = 1;

    if (columns[0].data) {
        refresh->role.len = columns[0].len;
        refresh->role.data = ngx_pstrdup(refresh->request->pool, &columns[0]);

        if (refresh->role.data == NULL) {
            return NGX_ERROR;
        }
    }

    /* NULL, as 0, is false */

    refresh->disabled = (n > 1 && columns[1].data
                         && !(columns[1].len == 1
                              && columns[1].data[0] == '0'));

    return NGX_OK;
}


static void
ngx_http_wxapp_refresh_loaded(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_refresh_t *refresh = op->data;

    ngx_http_wxapp_session_t  *session;

    session = &refresh->grant.session;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_FAILED, &session->uid);

        ngx_http_finalize_request(r,
              ngx_http_wxapp_db_problem(r, (ngx_wxapp_mysql_query_t *) op));
        return;
    }

    if (refresh->found && !refresh->disabled) {
        session->role = refresh->role;
        ngx_http_wxapp_refresh_exchange(refresh);
        return;
    }

    if (ngx_http_wxapp_session_end(r, &session->uid, &session->id,
                                   NGX_HTTP_WXAPP_SESSION_THIS,
                                   ngx_http_wxapp_refresh_ended, refresh)
        == NGX_ERROR)
    {
        ngx_http_wxapp_refresh_error(r);
    }
}


static void
ngx_http_wxapp_refresh_ended(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    ngx_http_wxapp_refresh_t *refresh = data;

    ngx_http_wxapp_refresh_end(r, (result == NGX_HTTP_WXAPP_SESSION_LOST)
                                  ? result : NGX_HTTP_WXAPP_SESSION_NONE,
                               &refresh->grant.session.uid);
}


static void
ngx_http_wxapp_refresh_exchange(ngx_http_wxapp_refresh_t *refresh)
{
    ngx_http_request_t  *r;

    r = refresh->request;

    /* the token first: what fails here must not cost the refresh token */

    if (ngx_http_wxapp_grant_token(r, &refresh->grant) != NGX_OK
        || ngx_http_wxapp_session_rotate(r, &refresh->grant.session,
                                         ngx_http_wxapp_refresh_exchanged,
                                         refresh)
           != NGX_AGAIN)
    {
        ngx_http_wxapp_refresh_error(r);
    }
}


static void
ngx_http_wxapp_refresh_exchanged(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    ngx_http_wxapp_refresh_t *refresh = data;

    if (result != NGX_HTTP_WXAPP_SESSION_OK) {
        ngx_http_wxapp_refresh_end(r, result, &session->uid);
        return;
    }

    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_REFRESHED, &session->uid);

    ngx_http_finalize_request(r,
                              ngx_http_wxapp_grant_reply(r, &refresh->grant));
}


static void
ngx_http_wxapp_refresh_end(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_str_t *uid)
{
    ngx_http_wxapp_counter_e  counter;

    if (result == NGX_HTTP_WXAPP_SESSION_LOST) {
        ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_FAILED, uid);

        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                     NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "session_unavailable",
                                     "sessions cannot be reached now, "
                                     "try again later"));
        return;
    }

    counter = NGX_HTTP_WXAPP_SESSION_REFUSED;

    if (result == NGX_HTTP_WXAPP_SESSION_OLD) {
        counter = NGX_HTTP_WXAPP_SESSION_REUSED;

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "an old refresh token of user \"%V\" was used again, "
                      "the session has ended", uid);
    }

    ngx_http_wxapp_audit(r, counter, uid);

    ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                 NGX_HTTP_BAD_REQUEST, "invalid_grant",
                                 "the refresh token is invalid, expired or "
                                 "of a session that has ended"));
}


static void
ngx_http_wxapp_refresh_error(ngx_http_request_t *r)
{
    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_SESSION_FAILED, NULL);

    ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
}


static char *
ngx_http_wxapp_refresh(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_refresh_main_conf_t *rmcf = conf;

    ngx_str_t                       *value;
    const char                      *error;
    ngx_wxapp_statement_t            statement;
    ngx_http_wxapp_refresh_conf_t   *rcf, **p;

    rcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_refresh_conf_t));
    p = ngx_array_push(&rmcf->confs);

    if (rcf == NULL || p == NULL) {
        return NGX_CONF_ERROR;
    }

    *p = rcf;

    value = cf->args->elts;

    rcf->given = (cf->args->nelts == 2);
    rcf->sql = rcf->given ? value[1] : ngx_http_wxapp_refresh_sql;

    ngx_http_wxapp_conf_place(cf, &rcf->place);

    switch (ngx_wxapp_statement_parse(&statement, cf->pool, &rcf->sql,
                                      &error))
    {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\"", error,
                           &rcf->sql);
        return NGX_CONF_ERROR;

    default:
        return NGX_CONF_ERROR;
    }

    if (!statement.reads || statement.placeholders.nelts != 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must read by one \"?\", the user's id",
                           &rcf->sql);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_wxapp_schema_statement(cf, &rcf->place, &rcf->sql, 1)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_refresh_handler, rcf);
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_refresh_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                            i;
    const char                           *missing;
    ngx_http_wxapp_main_conf_t           *wmcf;
    ngx_http_wxapp_refresh_conf_t       **rcf;
    ngx_http_wxapp_refresh_main_conf_t   *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_wxapp_refresh_module);
    wmcf = ngx_http_wxapp_conf_main(cf);
    rcf = rmcf->confs.elts;

    for (i = 0; i < rmcf->confs.nelts; i++) {

        missing = (wmcf->token == NULL) ? "wxapp_token"
                  : (wmcf->token->refresh == 0) ? "refresh in wxapp_token"
                  : (rcf[i]->given && wmcf->mysql == NULL) ? "wxapp_mysql"
                  : NULL;

        if (missing) {
            (void) ngx_http_wxapp_conf_needs(cf, &rcf[i]->place,
                                             "wxapp_refresh", missing);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_refresh_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_refresh_main_conf_t  *rmcf;

    rmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_refresh_main_conf_t));

    if (rmcf == NULL
        || ngx_array_init(&rmcf->confs, cf->pool, 2, sizeof(void *)) != NGX_OK)
    {
        return NULL;
    }

    return rmcf;
}
