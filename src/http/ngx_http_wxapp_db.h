
/*
 * MySQL for requests: how a query that failed is told.
 */


#ifndef _NGX_HTTP_WXAPP_DB_H_INCLUDED_
#define _NGX_HTTP_WXAPP_DB_H_INCLUDED_


#include "http/ngx_http_wxapp_reply.h"


/*
 * Sends the problem of a query that did not end OK, and logs what is the
 * server's fault; never the statement, the server's words or a value go to
 * the client.  The result is for ngx_http_finalize_request().
 */
ngx_int_t ngx_http_wxapp_db_problem(ngx_http_request_t *r,
    ngx_wxapp_mysql_query_t *query);

/* Whether the same statement may well succeed at once: a deadlock. */
ngx_uint_t ngx_http_wxapp_db_again(ngx_wxapp_mysql_query_t *query);


#endif /* _NGX_HTTP_WXAPP_DB_H_INCLUDED_ */
