
/*
 * wxapp_login: the code of wx.login() becomes an access token.
 */


#include "base/ngx_wxapp_crypto.h"
#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_schema.h"
#include "http/ngx_http_wxapp_wechat_problem.h"


#define NGX_HTTP_WXAPP_CODE_LEN      128
#define NGX_HTTP_WXAPP_OPENID_LEN    64
#define NGX_HTTP_WXAPP_KEY_LEN       64

#define NGX_HTTP_WXAPP_LOGIN_FLIGHT  30000      /* ms, an exchange at most */
#define NGX_HTTP_WXAPP_LOGIN_POLL    10         /* ms */
#define NGX_HTTP_WXAPP_LOGIN_WAIT    15000      /* ms, for another's exchange */
#define NGX_HTTP_WXAPP_LOGIN_LATE    3000       /* ms, a used code is known */
#define NGX_HTTP_WXAPP_LOGIN_TRIES   3          /* after a deadlock */

/* an outcome in flight: a user's id, or the number of a problem */

#define NGX_HTTP_WXAPP_LOGIN_PROBLEM  0x8000000000000000ULL


typedef struct {
    ngx_http_wxapp_place_t    place;          /* line 0: not used */
} ngx_http_wxapp_login_conf_t;


typedef struct {
    ngx_http_request_t       *request;
    ngx_shm_zone_t           *zone;

    ngx_http_wxapp_flight_t   flight;
    ngx_uint_t                flying;
    ngx_event_t               poll;
    ngx_wxapp_event_data_t    poll_ident;
    ngx_msec_t                started;

    ngx_http_wxapp_wechat_t   call;
    ngx_str_t                 openid;
    ngx_str_t                 unionid;
    ngx_str_t                 session_key;

    uint64_t                  uid;
    ngx_uint_t                tries;
    ngx_uint_t                found;
    ngx_uint_t                disabled;
    ngx_str_t                 role;
    ngx_str_t                 user;           /* JSON */
} ngx_http_wxapp_login_t;


static ngx_int_t ngx_http_wxapp_login_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_login_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_login_code(ngx_wxapp_json_node_t *object,
    ngx_str_t *code);
static void ngx_http_wxapp_login_cleanup(void *data);
static void ngx_http_wxapp_login_wait(ngx_event_t *ev);
static ngx_int_t ngx_http_wxapp_login_exchange(ngx_http_wxapp_login_t *login,
    ngx_str_t *code);
static void ngx_http_wxapp_login_exchanged(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);
static ngx_int_t ngx_http_wxapp_login_session(ngx_http_wxapp_login_t *login,
    ngx_wxapp_json_node_t *reply);
static ngx_int_t ngx_http_wxapp_login_member(ngx_wxapp_json_node_t *reply,
    const char *name, size_t max, ngx_str_t *value);
static void ngx_http_wxapp_login_upsert(ngx_http_wxapp_login_t *login);
static void ngx_http_wxapp_login_upserted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_login_load(ngx_http_wxapp_login_t *login);
static ngx_int_t ngx_http_wxapp_login_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_wxapp_login_loaded(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_login_keep(ngx_http_wxapp_login_t *login);
static void ngx_http_wxapp_login_kept(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_login_reply(ngx_http_wxapp_login_t *login);
static void ngx_http_wxapp_login_fail(ngx_http_wxapp_login_t *login,
    int32_t number);
static ngx_uint_t ngx_http_wxapp_login_spent(ngx_http_wxapp_login_t *login,
    ngx_uint_t status);
static void ngx_http_wxapp_login_db(ngx_http_wxapp_login_t *login,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_login_error(ngx_http_wxapp_login_t *login);
static void ngx_http_wxapp_login_land(ngx_http_wxapp_login_t *login,
    uint64_t outcome, ngx_msec_t keep);
static char *ngx_http_wxapp_login(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_login_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_login_create_main_conf(ngx_conf_t *cf);


/* failures that are not WeChat's */

#define NGX_HTTP_WXAPP_LOGIN_USED      (NGX_HTTP_WXAPP_WECHAT_OURS + 0)
#define NGX_HTTP_WXAPP_LOGIN_DISABLED  (NGX_HTTP_WXAPP_WECHAT_OURS + 1)
#define NGX_HTTP_WXAPP_LOGIN_NO_DB     (NGX_HTTP_WXAPP_WECHAT_OURS + 2)
#define NGX_HTTP_WXAPP_LOGIN_NO_REDIS  (NGX_HTTP_WXAPP_WECHAT_OURS + 3)
#define NGX_HTTP_WXAPP_LOGIN_LOST      (NGX_HTTP_WXAPP_WECHAT_OURS + 4)


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


static ngx_str_t  ngx_http_wxapp_login_upsert_sql = ngx_string(
    "INSERT INTO users (openid, unionid, last_login_at)"
    " VALUES (?, ?, UTC_TIMESTAMP())"
    " ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id),"
    " unionid = COALESCE(VALUES(unionid), unionid),"
    " last_login_at = VALUES(last_login_at)");

static ngx_str_t  ngx_http_wxapp_login_load_sql = ngx_string(
    "SELECT id, openid, role, nickname, avatar_url, deleted_at IS NOT NULL"
    " FROM users WHERE id = ?");

static ngx_str_t  ngx_http_wxapp_login_users = ngx_string("users");
static ngx_str_t  ngx_http_wxapp_login_openid = ngx_string("openid");

static ngx_str_t  ngx_http_wxapp_login_code_name = ngx_string("code");


static ngx_command_t  ngx_http_wxapp_login_commands[] = {

    { ngx_string("wxapp_login"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_wxapp_login,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_login_module_ctx = {
    NULL,                                  /* preconfiguration */
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


static ngx_int_t
ngx_http_wxapp_login_handler(ngx_http_request_t *r)
{
    if (r->method != NGX_HTTP_POST) {
        return ngx_http_wxapp_not_allowed(r, "POST");
    }

    /* the exchange is a subrequest itself, and there is one a request */

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_body_read(r, ngx_http_wxapp_login_body);
}


static void
ngx_http_wxapp_login_body(ngx_http_request_t *r)
{
    ngx_str_t                    code;
    ngx_http_cleanup_t          *cln;
    ngx_wxapp_json_node_t       *object;
    ngx_http_wxapp_login_t      *login;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
        return;
    }

    if (ngx_http_wxapp_login_code(object, &code) != NGX_OK) {
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LOGIN_REFUSED);

        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                     NGX_HTTP_BAD_REQUEST,
                     code.data ? "code_malformed" : "code_missing",
                     "\"code\" must be the string that wx.login() gave"));
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
    login->started = ngx_current_msec;

    cln->handler = ngx_http_wxapp_login_cleanup;
    cln->data = login;

    /* a code is not spent on a login that cannot succeed */

    if (!ngx_wxapp_mysql_ready(wmcf->mysql)) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_DB);
        return;
    }

    if (wmcf->redis && !ngx_wxapp_redis_ready(wmcf->redis)) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_REDIS);
        return;
    }

    if (ngx_wxapp_sha256(&code, login->flight.key) != NGX_OK) {
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


/* what WeChat gives out is shorter; nothing here may reach into the URI */

static ngx_int_t
ngx_http_wxapp_login_code(ngx_wxapp_json_node_t *object, ngx_str_t *code)
{
    u_char                 *p, *last;
    ngx_wxapp_json_node_t  *node;

    ngx_str_null(code);

    node = ngx_wxapp_json_member(object, &ngx_http_wxapp_login_code_name);

    if (node == NULL || node->type == NGX_WXAPP_JSON_NULL) {
        return NGX_ERROR;
    }

    *code = node->value;

    if (node->type != NGX_WXAPP_JSON_STRING || code->len == 0
        || code->len > NGX_HTTP_WXAPP_CODE_LEN)
    {
        return NGX_ERROR;
    }

    last = code->data + code->len;

    for (p = code->data; p < last; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
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
    ngx_http_wxapp_login_t *login = ((ngx_wxapp_event_data_t *) ev->data)->data;

    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_wxapp_flight_e   state;

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
            login->uid = login->flight.outcome;
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


static ngx_int_t
ngx_http_wxapp_login_exchange(ngx_http_wxapp_login_t *login, ngx_str_t *code)
{
    u_char                      *p;
    ngx_http_wxapp_app_t        *app;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(login->request);
    app = wmcf->app;

    login->call.app = app;
    ngx_str_set(&login->call.path, "sns/jscode2session");

    /* nothing of it needs escaping: all were checked */

    p = ngx_pnalloc(login->request->pool,
                    sizeof("appid=&secret=&js_code="
                           "&grant_type=authorization_code") - 1
                    + app->appid.len + app->secret.len + code->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    login->call.args.data = p;
    login->call.args.len = ngx_sprintf(p, "appid=%V&secret=%V&js_code=%V"
                                       "&grant_type=authorization_code",
                                       &app->appid, &app->secret, code)
                           - p;

    login->call.handler = ngx_http_wxapp_login_exchanged;
    login->call.data = login;

    return ngx_http_wxapp_wechat_get(login->request, &login->call);
}


static void
ngx_http_wxapp_login_exchanged(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    ngx_http_wxapp_login_t *login = call->data;

    if (call->result != NGX_HTTP_WXAPP_WECHAT_OK) {
        ngx_http_wxapp_login_fail(login, ngx_http_wxapp_wechat_number(call));
        return;
    }

    if (ngx_http_wxapp_login_session(login, call->reply) != NGX_OK) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_WECHAT_NO_REPLY);
        return;
    }

    ngx_http_wxapp_login_upsert(login);
}


static ngx_int_t
ngx_http_wxapp_login_session(ngx_http_wxapp_login_t *login,
    ngx_wxapp_json_node_t *reply)
{
    if (ngx_http_wxapp_login_member(reply, "openid",
                                    NGX_HTTP_WXAPP_OPENID_LEN, &login->openid)
        != NGX_OK
        || ngx_http_wxapp_login_member(reply, "session_key",
                                       NGX_HTTP_WXAPP_KEY_LEN,
                                       &login->session_key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* absent for a mini program that is bound to nothing */

    if (ngx_http_wxapp_login_member(reply, "unionid",
                                    NGX_HTTP_WXAPP_OPENID_LEN,
                                    &login->unionid)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* NGX_DECLINED when absent, NGX_ERROR when it is not what WeChat sends */

static ngx_int_t
ngx_http_wxapp_login_member(ngx_wxapp_json_node_t *reply, const char *name,
    size_t max, ngx_str_t *value)
{
    u_char                 *p, *last;
    ngx_str_t               s;
    ngx_wxapp_json_node_t  *node;

    ngx_str_null(value);

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    node = ngx_wxapp_json_member(reply, &s);

    if (node == NULL || node->type == NGX_WXAPP_JSON_NULL) {
        return NGX_DECLINED;
    }

    if (node->type != NGX_WXAPP_JSON_STRING || node->value.len == 0
        || node->value.len > max)
    {
        return NGX_ERROR;
    }

    last = node->value.data + node->value.len;

    for (p = node->value.data; p < last; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            return NGX_ERROR;
        }
    }

    *value = node->value;

    return NGX_OK;
}


static void
ngx_http_wxapp_login_upsert(ngx_http_wxapp_login_t *login)
{
    ngx_int_t                    rc;
    ngx_wxapp_value_t            value;
    ngx_wxapp_mysql_query_t     *query;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(login->request);

    query = ngx_wxapp_mysql_query(wmcf->mysql, 2);
    if (query == NULL) {
        ngx_http_wxapp_login_error(login);
        return;
    }

    query->sql = ngx_http_wxapp_login_upsert_sql;
    query->op.data = login;

    /* a second time it does no more than once */

    query->read_only = 1;

    value.type = NGX_WXAPP_VALUE_TEXT;
    value.text = login->openid;

    rc = ngx_wxapp_mysql_param(query, 0, &value);

    if (rc == NGX_OK && login->unionid.len) {
        value.text = login->unionid;
        rc = ngx_wxapp_mysql_param(query, 1, &value);
    }

    if (rc != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        ngx_http_wxapp_login_error(login);
        return;
    }

    login->tries++;

    if (ngx_http_wxapp_wait_mysql(login->request, &query->op,
                                  ngx_http_wxapp_login_upserted)
        != NGX_OK)
    {
        ngx_http_wxapp_login_error(login);
        return;
    }

    ngx_wxapp_mysql_send(query);
}


static void
ngx_http_wxapp_login_upserted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    u_char                    buf[NGX_INT64_LEN];
    ngx_str_t                 uid;
    ngx_http_wxapp_login_t   *login;
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    login = query->op.data;

    if (ngx_http_wxapp_db_again(query)
        && login->tries < NGX_HTTP_WXAPP_LOGIN_TRIES)
    {
        ngx_http_wxapp_login_upsert(login);
        return;
    }

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_login_db(login, op);
        return;
    }

    login->uid = query->insert_id;

    uid.data = buf;
    uid.len = ngx_sprintf(buf, "%uL", login->uid) - buf;

    ngx_http_wxapp_db_wrote(r, &uid);

    ngx_http_wxapp_login_load(login);
}


static void
ngx_http_wxapp_login_load(ngx_http_wxapp_login_t *login)
{
    ngx_wxapp_mysql_query_t     *query;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(login->request);

    query = ngx_wxapp_mysql_query(wmcf->mysql, 1);
    if (query == NULL) {
        ngx_http_wxapp_login_error(login);
        return;
    }

    query->sql = ngx_http_wxapp_login_load_sql;
    query->op.data = login;
    query->row = ngx_http_wxapp_login_row;
    query->read_only = 1;

    query->params[0].type = NGX_WXAPP_VALUE_INTEGER;
    query->params[0].integer = login->uid;

    if (ngx_http_wxapp_wait_mysql(login->request, &query->op,
                                  ngx_http_wxapp_login_loaded)
        != NGX_OK)
    {
        ngx_http_wxapp_login_error(login);
        return;
    }

    ngx_wxapp_mysql_send(query);
}


static ngx_int_t
ngx_http_wxapp_login_row(ngx_wxapp_mysql_query_t *query, ngx_str_t *columns,
    ngx_uint_t n)
{
    ngx_uint_t               i;
    ngx_pool_t              *pool;
    ngx_wxapp_text_t         text;
    ngx_http_wxapp_login_t  *login;

    static const char  *names[] = { "id", NULL, "role", "nickname",
                                    "avatar_url" };

    login = query->op.data;
    pool = login->request->pool;

    if (columns[1].data == NULL || columns[2].data == NULL) {
        return NGX_ERROR;
    }

    login->found = 1;
    login->disabled = (columns[5].len == 1 && columns[5].data[0] == '1');

    /* of a joined login the openid is in the row alone */

    login->openid.len = columns[1].len;
    login->openid.data = ngx_pstrdup(pool, &columns[1]);

    login->role.len = columns[2].len;
    login->role.data = ngx_pstrdup(pool, &columns[2]);

    if (login->openid.data == NULL || login->role.data == NULL) {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&text, pool, 256);
    ngx_wxapp_json_open(&text, '{');

    for (i = 0; i < 5; i++) {

        if (names[i] == NULL) {
            continue;
        }

        ngx_wxapp_json_name(&text, names[i]);

        if (columns[i].data == NULL) {
            ngx_wxapp_json_raw(&text, "null", 4);

        } else if (i == 0) {
            ngx_wxapp_json_raw(&text, columns[i].data, columns[i].len);

        } else {
            ngx_wxapp_json_str(&text, &columns[i]);
        }
    }

    ngx_wxapp_json_close(&text, '}');

    return ngx_wxapp_text_done(&text, &login->user);
}


static void
ngx_http_wxapp_login_loaded(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_login_t      *login;
    ngx_wxapp_mysql_query_t     *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    login = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_login_db(login, op);
        return;
    }

    if (!login->found || login->disabled) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_DISABLED);
        return;
    }

    wmcf = ngx_http_wxapp_main(r);

    /* only who made the exchange has a key to keep */

    if (login->session_key.len && wmcf->redis) {
        ngx_http_wxapp_login_keep(login);
        return;
    }

    ngx_http_wxapp_login_reply(login);
}


static void
ngx_http_wxapp_login_keep(ngx_http_wxapp_login_t *login)
{
    u_char                      *p;
    ngx_str_t                    argv[5];
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(login->request);

    p = ngx_pnalloc(login->request->pool, wmcf->redis->prefix.len
                                          + sizeof("session_key:")
                                          + NGX_INT64_LEN);
    if (p == NULL) {
        ngx_http_wxapp_login_error(login);
        return;
    }

    ngx_str_set(&argv[0], "SET");

    argv[1].data = p;
    argv[1].len = ngx_sprintf(p, "%Vsession_key:%uL", &wmcf->redis->prefix,
                              login->uid)
                  - p;

    argv[2] = login->session_key;

    /* WeChat tells no lifetime; who is away for a month logs in anew */

    ngx_str_set(&argv[3], "EX");
    ngx_str_set(&argv[4], "2592000");

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 5);
    if (op == NULL) {
        ngx_http_wxapp_login_error(login);
        return;
    }

    op->op.data = login;

    if (ngx_http_wxapp_wait_redis(login->request, &op->op,
                                  ngx_http_wxapp_login_kept)
        != NGX_OK)
    {
        ngx_http_wxapp_login_error(login);
        return;
    }

    ngx_wxapp_redis_send(op);
}


static void
ngx_http_wxapp_login_kept(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_login_t *login = op->data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_NO_REDIS);
        return;
    }

    ngx_http_wxapp_login_reply(login);
}


static void
ngx_http_wxapp_login_reply(ngx_http_wxapp_login_t *login)
{
    u_char                       uid[NGX_INT64_LEN];
    ngx_str_t                    token, body;
    ngx_wxapp_text_t             text;
    ngx_http_request_t          *r;
    ngx_wxapp_token_claim_t      claims[3];
    ngx_http_wxapp_main_conf_t  *wmcf;

    r = login->request;
    wmcf = ngx_http_wxapp_main(r);

    ngx_memzero(claims, sizeof(claims));

    claims[0].name = "sub";
    claims[0].value.data = uid;
    claims[0].value.len = ngx_sprintf(uid, "%uL", login->uid) - uid;

    claims[1].name = "openid";
    claims[1].value = login->openid;

    claims[2].name = "role";
    claims[2].value = login->role;

    if (ngx_wxapp_token_sign(wmcf->token, r->pool, claims, 3, ngx_time(),
                             &token)
        != NGX_OK)
    {
        ngx_http_wxapp_login_error(login);
        return;
    }

    /* RFC 6749 section 5.1, and the same token under the name peers use */

    ngx_wxapp_text_init(&text, r->pool, 2 * token.len + login->user.len + 256);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "access_token");
    ngx_wxapp_json_str(&text, &token);
    ngx_wxapp_json_name(&text, "token_type");
    ngx_wxapp_json_cstr(&text, "Bearer");
    ngx_wxapp_json_name(&text, "expires_in");
    ngx_wxapp_json_int(&text, wmcf->token->ttl);
    ngx_wxapp_json_name(&text, "token");
    ngx_wxapp_json_str(&text, &token);
    ngx_wxapp_json_name(&text, "user");
    ngx_wxapp_json_raw(&text, login->user.data, login->user.len);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &body) != NGX_OK) {
        ngx_http_wxapp_login_error(login);
        return;
    }

    ngx_http_wxapp_count(NGX_HTTP_WXAPP_LOGIN_OK);

    ngx_http_wxapp_login_land(login, login->uid, NGX_HTTP_WXAPP_LOGIN_LATE);

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body));
}


static void
ngx_http_wxapp_login_fail(ngx_http_wxapp_login_t *login, int32_t number)
{
    ngx_http_request_t               *r;
    ngx_http_wxapp_wechat_problem_t  *problem;

    r = login->request;

    problem = ngx_http_wxapp_wechat_problem(number,
                                            ngx_http_wxapp_login_problems);

    ngx_http_wxapp_count(problem->login);

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


static void
ngx_http_wxapp_login_db(ngx_http_wxapp_login_t *login, ngx_wxapp_op_t *op)
{
    ngx_http_request_t  *r;

    r = login->request;

    ngx_http_wxapp_count(NGX_HTTP_WXAPP_LOGIN_FAILED);

    ngx_http_wxapp_login_land(login, NGX_HTTP_WXAPP_LOGIN_PROBLEM
                                     | NGX_HTTP_WXAPP_LOGIN_NO_DB,
                              NGX_HTTP_WXAPP_LOGIN_LATE);

    ngx_http_finalize_request(r,
          ngx_http_wxapp_db_problem(r, (ngx_wxapp_mysql_query_t *) op));
}


static void
ngx_http_wxapp_login_error(ngx_http_wxapp_login_t *login)
{
    ngx_http_wxapp_count(NGX_HTTP_WXAPP_LOGIN_FAILED);

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


static char *
ngx_http_wxapp_login(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_login_conf_t *lcf = conf;

    ngx_str_t  *openid;

    ngx_http_wxapp_conf_place(cf, &lcf->place);

    openid = &ngx_http_wxapp_login_openid;

    if (ngx_http_wxapp_schema_statement(cf, &lcf->place,
                                        &ngx_http_wxapp_login_upsert_sql, 2)
        != NGX_OK
        || ngx_http_wxapp_schema_statement(cf, &lcf->place,
                                           &ngx_http_wxapp_login_load_sql, 1)
           != NGX_OK
        || ngx_http_wxapp_schema_index(cf, &lcf->place,
                                       &ngx_http_wxapp_login_users, &openid, 1,
                                       NGX_HTTP_WXAPP_INDEX_UNIQUE)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_login_handler, NULL);
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_login_postconfiguration(ngx_conf_t *cf)
{
    const char                   *missing;
    ngx_http_wxapp_main_conf_t   *wmcf;
    ngx_http_wxapp_login_conf_t  *lcf;

    lcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_login_module);

    if (lcf->place.line == 0) {
        return NGX_OK;
    }

    wmcf = ngx_http_wxapp_conf_main(cf);

    missing = (wmcf->app == NULL) ? "wxapp_app"
              : (wmcf->mysql == NULL) ? "wxapp_mysql"
              : (wmcf->token == NULL) ? "wxapp_token" : NULL;

    if (missing) {
        (void) ngx_http_wxapp_conf_needs(cf, &lcf->place, "wxapp_login",
                                         missing);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_login_create_main_conf(ngx_conf_t *cf)
{
    /* set by ngx_pcalloc(): conf->place.line = 0 */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_login_conf_t));
}
