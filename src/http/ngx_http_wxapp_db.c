
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_identity.h"

#include <mysqld_error.h>


/* of MariaDB and of MySQL alone: no header has all of them */

#define NGX_HTTP_WXAPP_ER_STATEMENT_TIMEOUT  1969
#define NGX_HTTP_WXAPP_ER_QUERY_TIMEOUT      3024
#define NGX_HTTP_WXAPP_ER_INVALID_JSON       3140
#define NGX_HTTP_WXAPP_ER_LOCK_NOWAIT        3572
#define NGX_HTTP_WXAPP_ER_CANNOT_CONVERT     1977
#define NGX_HTTP_WXAPP_ER_CHECK_VIOLATED     3819
#define NGX_HTTP_WXAPP_ER_CANNOT_CONVERT_STRING  3854
#define NGX_HTTP_WXAPP_ER_CONSTRAINT_FAILED  4025


typedef struct {
    ngx_uint_t   error;
    ngx_uint_t   status;
    const char  *code;
    const char  *message;
} ngx_http_wxapp_db_error_t;


/* by ngx_wxapp_op_status_e */

static ngx_http_wxapp_db_error_t  ngx_http_wxapp_db_ends[] = {
    { NGX_WXAPP_OP_FAILED, 500, "internal_error", "the server failed" },
    { NGX_WXAPP_OP_TIMEOUT, 504, "database_timeout",
      "the database did not answer in time" },
    { NGX_WXAPP_OP_LOST, 503, "database_unavailable",
      "the database is unavailable, try again later" },
    { NGX_WXAPP_OP_UNAVAILABLE, 503, "database_unavailable",
      "the database is unavailable, try again later" },
    { NGX_WXAPP_OP_OVERLOADED, 503, "overloaded",
      "the service is overloaded, try again later" },
    { NGX_WXAPP_OP_EXPIRED, 503, "overloaded",
      "the service is overloaded, try again later" },
    { 0, 500, "internal_error", "the server failed" }
};


/* by the server's number; the last is for all others */

static ngx_http_wxapp_db_error_t  ngx_http_wxapp_db_errors[] = {
    { ER_DUP_ENTRY, 409, "duplicate",
      "there is a row with the same unique value already" },
    { ER_DUP_ENTRY_WITH_KEY_NAME, 409, "duplicate",
      "there is a row with the same unique value already" },
    { ER_ROW_IS_REFERENCED_2, 409, "referenced",
      "other rows refer to this one" },
    { ER_NO_REFERENCED_ROW_2, 409, "reference_missing",
      "the row that this one refers to does not exist" },
    { ER_ROW_IS_REFERENCED, 409, "referenced",
      "other rows refer to this one" },
    { ER_NO_REFERENCED_ROW, 409, "reference_missing",
      "the row that this one refers to does not exist" },
    { ER_SIGNAL_EXCEPTION, 409, "conflict", "the database refuses this" },
    { NGX_HTTP_WXAPP_ER_INVALID_JSON, 422, "invalid_value",
      "a value does not fit its column" },
    { ER_DATA_TOO_LONG, 422, "invalid_value",
      "a value is too long for its column" },
    { ER_WARN_DATA_OUT_OF_RANGE, 422, "invalid_value",
      "a value is out of the range of its column" },
    { ER_DATA_OUT_OF_RANGE, 422, "invalid_value",
      "a result is out of range" },
    { ER_DIVISION_BY_ZERO, 422, "invalid_value", "a value divides by zero" },
    { ER_WRONG_VALUE_FOR_TYPE, 422, "invalid_value",
      "a value does not fit its use" },
    { ER_INVALID_CHARACTER_STRING, 422, "invalid_value",
      "a value is not UTF-8" },
    { ER_NO_PARTITION_FOR_GIVEN_VALUE, 422, "invalid_value",
      "a value is out of the range of the table" },
    { ER_TRUNCATED_WRONG_VALUE, 422, "invalid_value",
      "a value does not fit its column" },
    { ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, 422, "invalid_value",
      "a value does not fit its column" },
    { WARN_DATA_TRUNCATED, 422, "invalid_value",
      "a value does not fit its column" },
    { ER_BAD_NULL_ERROR, 422, "invalid_value",
      "a column must not be null" },
    { ER_CANT_AGGREGATE_2COLLATIONS, 422, "invalid_value",
      "a value does not fit its column" },
    { ER_CANT_AGGREGATE_3COLLATIONS, 422, "invalid_value",
      "a value does not fit its column" },
    { ER_CANT_AGGREGATE_NCOLLATIONS, 422, "invalid_value",
      "a value does not fit its column" },
    { NGX_HTTP_WXAPP_ER_CANNOT_CONVERT, 422, "invalid_value",
      "a value does not fit its column" },
    { NGX_HTTP_WXAPP_ER_CANNOT_CONVERT_STRING, 422, "invalid_value",
      "a value does not fit its column" },
    { ER_NO_DEFAULT_FOR_FIELD, 422, "invalid_value",
      "a column without a default got no value" },
    { NGX_HTTP_WXAPP_ER_CHECK_VIOLATED, 422, "invalid_value",
      "a value breaks a rule of the table" },
    { NGX_HTTP_WXAPP_ER_CONSTRAINT_FAILED, 422, "invalid_value",
      "a value breaks a rule of the table" },
    { ER_VIEW_CHECK_FAILED, 422, "invalid_value",
      "a value breaks a rule of the table" },
    { ER_LOCK_DEADLOCK, 503, "busy", "the row is busy, try again" },
    { ER_LOCK_WAIT_TIMEOUT, 503, "busy", "the row is busy, try again" },
    { ER_CHECKREAD, 503, "busy", "the row is busy, try again" },
    { NGX_HTTP_WXAPP_ER_LOCK_NOWAIT, 503, "busy",
      "the row is busy, try again" },
    { ER_QUERY_INTERRUPTED, 504, "database_timeout",
      "the database did not answer in time" },
    { NGX_HTTP_WXAPP_ER_STATEMENT_TIMEOUT, 504, "database_timeout",
      "the database did not answer in time" },
    { NGX_HTTP_WXAPP_ER_QUERY_TIMEOUT, 504, "database_timeout",
      "the database did not answer in time" },
    { ER_NET_PACKET_TOO_LARGE, 413, "body_too_large",
      "a value is larger than the database takes" },
    { ER_MAX_PREPARED_STMT_COUNT_REACHED, 503, "overloaded",
      "the service is overloaded, try again later" },
    { ER_LOCK_TABLE_FULL, 503, "overloaded",
      "the service is overloaded, try again later" },
    { ER_TOO_MANY_CONCURRENT_TRXS, 503, "overloaded",
      "the service is overloaded, try again later" },
    { ER_CON_COUNT_ERROR, 503, "overloaded",
      "the service is overloaded, try again later" },
    { ER_TOO_MANY_USER_CONNECTIONS, 503, "overloaded",
      "the service is overloaded, try again later" },
    { ER_OPTION_PREVENTS_STATEMENT, 503, "read_only",
      "the database takes no changes now, try again later" },
    { ER_READ_ONLY_MODE, 503, "read_only",
      "the database takes no changes now, try again later" },
    { ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, 503, "read_only",
      "the database takes no changes now, try again later" },
    { 0, 500, "internal_error", "the server failed" }
};


static uint32_t ngx_http_wxapp_db_caller(ngx_http_request_t *r);
static ngx_uint_t ngx_http_wxapp_db_fresh(ngx_http_request_t *r);


ngx_wxapp_mysql_query_t *
ngx_http_wxapp_db_query(ngx_http_request_t *r, ngx_uint_t nparams, void *data)
{
    ngx_wxapp_mysql_query_t     *query;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    query = ngx_wxapp_mysql_query(wmcf->mysql, nparams);

    if (query) {
        query->op.data = data;
        query->room = nparams;
        query->nparams = 0;
    }

    return query;
}


ngx_int_t
ngx_http_wxapp_db_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value)
{
    ngx_uint_t          room;
    ngx_wxapp_value_t  *params;

    if (query->nparams == query->room) {
        room = ngx_max(8, 2 * query->room);

        params = ngx_palloc(query->pool, room * sizeof(ngx_wxapp_value_t));
        if (params == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(params, query->params,
                   query->nparams * sizeof(ngx_wxapp_value_t));

        query->params = params;
        query->room = room;
    }

    return ngx_wxapp_mysql_param(query, query->nparams++, value);
}


ngx_int_t
ngx_http_wxapp_db_send(ngx_http_request_t *r, ngx_wxapp_mysql_query_t *query,
    ngx_http_wxapp_done_pt done)
{
    if (!query->read_only) {

        /* what a session wrote is there when it commits */

        if (!query->command) {
            ngx_http_wxapp_db_wrote(r, NULL);
        }

    } else if (query->session == NULL && !query->primary) {
        query->replica = ngx_http_wxapp_db_fresh(r);
    }

    if (ngx_http_wxapp_wait_mysql(r, &query->op, done) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


ngx_wxapp_mysql_session_t *
ngx_http_wxapp_db_session(ngx_http_request_t *r, ngx_uint_t read_only)
{
    ngx_uint_t                   replica;
    ngx_http_wxapp_main_conf_t  *wmcf;

    replica = read_only && ngx_http_wxapp_db_fresh(r);

    wmcf = ngx_http_wxapp_main(r);

    return ngx_wxapp_mysql_session(wmcf->mysql, replica);
}


ngx_int_t
ngx_http_wxapp_db_command(ngx_http_request_t *r,
    ngx_wxapp_mysql_session_t *session, const char *sql, void *data,
    ngx_http_wxapp_done_pt done)
{
    ngx_wxapp_mysql_query_t  *query;

    query = ngx_http_wxapp_db_query(r, 0, data);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->sql.data = (u_char *) sql;
    query->sql.len = ngx_strlen(sql);
    query->session = session;
    query->command = 1;

    /* a transaction that did not begin may begin elsewhere */

    query->read_only = (ngx_strncmp(sql, "START", 5) == 0
                        || ngx_strncmp(sql, "SET", 3) == 0);

    return ngx_http_wxapp_db_send(r, query, done);
}


/*
 * Writers are remembered by a hash: two callers with the same one only make
 * the primary answer a little more.
 */

static uint32_t
ngx_http_wxapp_db_caller(ngx_http_request_t *r)
{
    ngx_str_t         *s, uid;

    static ngx_str_t  sub = ngx_string("sub");

    s = &uid;

    if (ngx_http_wxapp_claim(r, &sub, &uid) != NGX_OK) {
        s = &r->connection->addr_text;
    }

    return ngx_murmur_hash2(s->data, s->len);
}


/* whether a replica's data are fresh enough for the caller */

static ngx_uint_t
ngx_http_wxapp_db_fresh(ngx_http_request_t *r)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    return wmcf->mysql->replicas.nelts
           && !ngx_http_wxapp_zone_wrote(wmcf->zone,
                                         ngx_http_wxapp_db_caller(r));
}


void
ngx_http_wxapp_db_wrote(ngx_http_request_t *r, ngx_str_t *uid)
{
    ngx_msec_t                   until;
    ngx_wxapp_mysql_t           *mysql;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);
    mysql = wmcf->mysql;

    if (mysql->replicas.nelts == 0 || mysql->read_after_write == 0) {
        return;
    }

    /* from now on, as the end of a write, or the COMMIT of a transaction,
       may be seen by nobody here */

    until = ngx_current_msec + mysql->read_after_write + mysql->wait_timeout
            + 2 * mysql->query_timeout;

    ngx_http_wxapp_zone_write(wmcf->zone,
                              uid ? ngx_murmur_hash2(uid->data, uid->len)
                                  : ngx_http_wxapp_db_caller(r),
                              until);
}


ngx_int_t
ngx_http_wxapp_db_problem(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query)
{
    ngx_str_t                   message, none;
    ngx_uint_t                  n;
    ngx_http_wxapp_db_error_t  *e;

    if (query->op.status == NGX_WXAPP_OP_ERROR) {
        e = ngx_http_wxapp_db_errors;
        n = query->error;

    } else {
        e = ngx_http_wxapp_db_ends;
        n = query->op.status;
    }

    /* a statement by itself is its own COMMIT */

    if (query->op.status == NGX_WXAPP_OP_LOST && query->sent
        && !query->read_only && query->session == NULL)
    {
        return ngx_http_wxapp_db_unknown(r, query);
    }

    while (e->error && e->error != n) {
        e++;
    }

    if (query->op.status == NGX_WXAPP_OP_ERROR) {
        ngx_log_error((e->status < 500 ? NGX_LOG_INFO : NGX_LOG_ERR),
                      r->connection->log, 0, "mysql error %ui: %s",
                      query->error,
                      e->status < 500 ? (u_char *) e->message
                                      : query->message);
    }

    ngx_str_null(&none);

    message.data = (u_char *) e->message;
    message.len = ngx_strlen(e->message);

    /* the words of SIGNAL in a procedure are its author's, for the client */

    if (e->error == ER_SIGNAL_EXCEPTION) {
        message.data = query->message;
        message.len = ngx_strlen(query->message);
        message.data = ngx_pstrdup(r->pool, &message);

        if (message.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_wxapp_problem_details(r, e->status, e->code, &message,
                                          &none);
}


ngx_int_t
ngx_http_wxapp_db_unknown(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "mysql did not say what became of a write");

    return ngx_http_wxapp_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                  "outcome_unknown",
                                  "it may have been done or not, look before "
                                  "trying again");
}


ngx_uint_t
ngx_http_wxapp_db_again(ngx_wxapp_mysql_query_t *query)
{
    switch (query->op.status) {

    case NGX_WXAPP_OP_LOST:
        return query->session != NULL;

    case NGX_WXAPP_OP_ERROR:
        return query->error == ER_LOCK_DEADLOCK
               || query->error == ER_LOCK_WAIT_TIMEOUT
               || query->error == ER_CHECKREAD;

    default:
        return 0;
    }
}
