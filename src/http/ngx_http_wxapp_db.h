
/*
 * MySQL for requests: where its queries go, and how one that failed is told.
 */


#ifndef _NGX_HTTP_WXAPP_DB_H_INCLUDED_
#define _NGX_HTTP_WXAPP_DB_H_INCLUDED_


#include "http/ngx_http_wxapp_reply.h"


/*
 * Makes a query for the request; parameters are counted, and may become more
 * than "nparams", as ngx_http_wxapp_db_bind() sets them.  "data" becomes
 * op.data.  NULL without memory.
 */
ngx_wxapp_mysql_query_t *ngx_http_wxapp_db_query(ngx_http_request_t *r,
    ngx_uint_t nparams, void *data);

/* Adds a copy of the value as the next parameter; NGX_ERROR without memory. */
ngx_int_t ngx_http_wxapp_db_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value);

/*
 * Sends the query; "done" runs when it ended, unless the client goes away
 * before.  A query that is read_only may be answered by a replica, unless
 * it asks for the primary, or the same caller wrote a short while ago; any
 * other one counts as a write
 * of the caller.  NGX_AGAIN, or NGX_HTTP_INTERNAL_SERVER_ERROR without
 * memory, the query freed and its session, if any, still to be ended.
 */
ngx_int_t ngx_http_wxapp_db_send(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query, ngx_http_wxapp_done_pt done);

/*
 * Makes a session for the request, see ngx_wxapp_mysql_session(); its
 * queries are sent by ngx_http_wxapp_db_send() with "session" set.  With
 * "read_only" it may be on a replica, as above.  NULL without memory.
 */
ngx_wxapp_mysql_session_t *ngx_http_wxapp_db_session(ngx_http_request_t *r,
    ngx_uint_t read_only);

/*
 * Sends a command without parameters and rows, as BEGIN, in the session, or
 * in none if it is NULL; the text lives as long as the worker.  Result as of
 * ngx_http_wxapp_db_send().
 */
ngx_int_t ngx_http_wxapp_db_command(ngx_http_request_t *r,
    ngx_wxapp_mysql_session_t *session, const char *sql, void *data,
    ngx_http_wxapp_done_pt done);

/*
 * Notes a write of the user "uid", or of the caller if it is NULL, so that
 * their reads find it; only for writes that do not go by the above.
 */
void ngx_http_wxapp_db_wrote(ngx_http_request_t *r, ngx_str_t *uid);

/*
 * Sends the problem of a query that did not end OK, and logs what is the
 * server's fault; never the statement, the server's words or a value go to
 * the client.  The result is for ngx_http_finalize_request().
 */
ngx_int_t ngx_http_wxapp_db_problem(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query);

/* The same of a COMMIT that was not answered. */
ngx_int_t ngx_http_wxapp_db_unknown(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query);

/*
 * Whether all that was done since BEGIN is undone and may well succeed when
 * done again at once: a deadlock, a lock not had in time, or a connection
 * lost before COMMIT was sent.
 */
ngx_uint_t ngx_http_wxapp_db_again(ngx_wxapp_mysql_query_t *query);


#endif /* _NGX_HTTP_WXAPP_DB_H_INCLUDED_ */
