
/*
 * What every login ends with: a session where there are such, the tokens, and
 * the reply of RFC 6749 section 5.1.
 */


#ifndef _NGX_HTTP_WXAPP_GRANT_H_INCLUDED_
#define _NGX_HTTP_WXAPP_GRANT_H_INCLUDED_


#include "http/ngx_http_wxapp_session.h"


typedef struct ngx_http_wxapp_grant_s  ngx_http_wxapp_grant_t;

typedef void (*ngx_http_wxapp_grant_pt)(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant, ngx_http_wxapp_session_e result);

struct ngx_http_wxapp_grant_s {

    /* the caller's, in memory of the request */

    ngx_http_wxapp_session_t  session;        /* uid to mfa_time */
    ngx_str_t                 user;           /* JSON, told as "user"; or
                                                 empty */
    ngx_http_wxapp_grant_pt   handler;
    void                     *data;

    /* results */

    ngx_str_t                 token;
};


/*
 * Makes the session, if there are such, and signs the token.  The handler
 * runs once, later, with OK or LOST; without sessions it runs at once.
 * NGX_AGAIN, NGX_OK when it has run, or NGX_ERROR.
 */
ngx_int_t ngx_http_wxapp_grant(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant);

/*
 * Signs the token of a session that is there: after a refresh.  NGX_ERROR
 * without memory or randomness.
 */
ngx_int_t ngx_http_wxapp_grant_token(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant);

/* Tells the tokens; the result is for ngx_http_finalize_request(). */
ngx_int_t ngx_http_wxapp_grant_reply(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant);


#endif /* _NGX_HTTP_WXAPP_GRANT_H_INCLUDED_ */
