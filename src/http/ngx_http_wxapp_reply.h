
/*
 * The one way a reply of ours leaves: status, headers, JSON.
 */


#ifndef _NGX_HTTP_WXAPP_REPLY_H_INCLUDED_
#define _NGX_HTTP_WXAPP_REPLY_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


/*
 * Sends a reply whose body lives in the request's pool; NULL or empty for
 * none.  Works for HEAD, and before the request's body was read.  The
 * result is for ngx_http_finalize_request() or to be returned from a content
 * handler.
 */
ngx_int_t ngx_http_wxapp_reply(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body);

/*
 * Sends the error shape of RFC 9457 with our machine word; result as above.
 */
ngx_int_t ngx_http_wxapp_problem(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message);

/*
 * The same with "details", a JSON value, which may be empty, and a message
 * that lives as long as the request.
 */
ngx_int_t ngx_http_wxapp_problem_details(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, ngx_str_t *message,
    ngx_str_t *details);

/* Sends 405 with the methods that are allowed; result as above. */
ngx_int_t ngx_http_wxapp_not_allowed(ngx_http_request_t *r,
    const char *methods);

/*
 * Refuses the request in the access or preaccess phase.  The result is
 * returned to the phase: NGX_DONE with the problem sent, or, where "satisfy
 * any" may still let the request in, the status.
 */
ngx_int_t ngx_http_wxapp_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message);

/*
 * Adds a response header; the value lives as long as the request, the key is
 * a literal.  NULL without memory.
 */
ngx_table_elt_t *ngx_http_wxapp_header(ngx_http_request_t *r,
    const char *key, ngx_str_t *value);

/*
 * Adds WWW-Authenticate: Bearer, with an error of RFC 6750 unless it is NULL.
 * A problem with status 401 has a plain one by itself.
 */
ngx_int_t ngx_http_wxapp_challenge(ngx_http_request_t *r, const char *error,
    const char *description);

/* Adds Retry-After in seconds, at least 1, unless there is one. */
ngx_int_t ngx_http_wxapp_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);

/* The reason phrase of a status, "Unknown" for one that we do not send. */
const char *ngx_http_wxapp_title(ngx_uint_t status);


#endif /* _NGX_HTTP_WXAPP_REPLY_H_INCLUDED_ */
