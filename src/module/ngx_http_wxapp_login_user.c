
#include "module/ngx_http_wxapp_login.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_schema.h"


#define NGX_HTTP_WXAPP_LOGIN_TRIES   3        /* after a deadlock */


static void ngx_http_wxapp_login_upserted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_login_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_wxapp_login_loaded(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


static ngx_str_t  ngx_http_wxapp_login_upsert_sql = ngx_string(
    "INSERT INTO users (openid, unionid, last_login_at)"
    " VALUES (?, ?, UTC_TIMESTAMP())"
    " ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id),"
    " unionid = COALESCE(VALUES(unionid), unionid),"
    " last_login_at = VALUES(last_login_at)");

static ngx_str_t  ngx_http_wxapp_login_load_sql = ngx_string(
    "SELECT id, role, nickname, avatar_url, openid, unionid,"
    " deleted_at IS NOT NULL FROM users WHERE id = ?");

static ngx_str_t  ngx_http_wxapp_login_users = ngx_string("users");
static ngx_str_t  ngx_http_wxapp_login_openid = ngx_string("openid");


ngx_int_t
ngx_http_wxapp_login_expect(ngx_conf_t *cf, ngx_http_wxapp_place_t *place)
{
    ngx_str_t  *openid;

    openid = &ngx_http_wxapp_login_openid;

    if (ngx_http_wxapp_schema_statement(cf, place,
                                        &ngx_http_wxapp_login_upsert_sql, 2)
        != NGX_OK
        || ngx_http_wxapp_schema_statement(cf, place,
                                           &ngx_http_wxapp_login_load_sql, 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_schema_index(cf, place, &ngx_http_wxapp_login_users,
                                       &openid, 1,
                                       NGX_HTTP_WXAPP_INDEX_UNIQUE);
}


void
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
    value.text = login->grant.session.openid;

    rc = ngx_wxapp_mysql_param(query, 0, &value);

    if (rc == NGX_OK && login->grant.session.unionid.len) {
        value.text = login->grant.session.unionid;
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

    ngx_http_wxapp_login_uid(login, query->insert_id);

    ngx_http_wxapp_db_wrote(r, &login->grant.session.uid);

    ngx_http_wxapp_login_load(login);
}


void
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
    ngx_uint_t                 i;
    ngx_pool_t                *pool;
    ngx_wxapp_text_t           text;
    ngx_http_wxapp_login_t    *login;
    ngx_http_wxapp_session_t  *session;

    /* the reply tells those with names */

    static const char  *names[] = { "id", "role", "nickname", "avatar_url" };

    login = query->op.data;
    session = &login->grant.session;
    pool = login->request->pool;

    if (columns[1].data == NULL || columns[4].data == NULL) {
        return NGX_ERROR;
    }

    login->found = 1;
    login->disabled = (columns[6].len == 1 && columns[6].data[0] == '1');

    /* of a joined login the openid is in the row alone */

    session->role.len = columns[1].len;
    session->role.data = ngx_pstrdup(pool, &columns[1]);

    session->openid.len = columns[4].len;
    session->openid.data = ngx_pstrdup(pool, &columns[4]);

    session->unionid.len = columns[5].len;
    session->unionid.data = ngx_pstrdup(pool, &columns[5]);

    if (session->role.data == NULL || session->openid.data == NULL
        || session->unionid.data == NULL)
    {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&text, pool, 256);
    ngx_wxapp_json_open(&text, '{');

    for (i = 0; i < 4; i++) {
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

    return ngx_wxapp_text_done(&text, &login->grant.user);
}


static void
ngx_http_wxapp_login_loaded(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_login_t *login = op->data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_login_db(login, op);
        return;
    }

    if (!login->found || login->disabled) {
        ngx_http_wxapp_login_fail(login, NGX_HTTP_WXAPP_LOGIN_DISABLED);
        return;
    }

    ngx_http_wxapp_login_known(login);
}
