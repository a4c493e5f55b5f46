
/*
 * A request: its context, and waiting for operations.
 */


#ifndef _NGX_HTTP_WXAPP_REQUEST_H_INCLUDED_
#define _NGX_HTTP_WXAPP_REQUEST_H_INCLUDED_


#include "http/ngx_http_wxapp.h"
#include "base/ngx_wxapp_trace.h"


typedef struct {
    ngx_uint_t                status;
    const char               *code;           /* machine word */
    ngx_str_t                 message;
    ngx_str_t                 details;        /* JSON, may be empty */
} ngx_http_wxapp_problem_t;


typedef enum {
    NGX_HTTP_WXAPP_IDENTITY_UNKNOWN = 0,      /* not looked yet */
    NGX_HTTP_WXAPP_IDENTITY_NONE,
    NGX_HTTP_WXAPP_IDENTITY_INVALID,
    NGX_HTTP_WXAPP_IDENTITY_MALFORMED,        /* more than one */
    NGX_HTTP_WXAPP_IDENTITY_VALID
} ngx_http_wxapp_identity_e;


typedef void (*ngx_http_wxapp_done_pt)(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


/* of a main request; survives internal redirects */

typedef struct {
    ngx_wxapp_trace_t           trace;
    ngx_str_t                   route;        /* location it came to */

    ngx_http_wxapp_identity_e   identity;
    ngx_wxapp_json_node_t      *claims;
    const char                 *reason;       /* why it is invalid */

    ngx_http_wxapp_problem_t    problem;      /* the last one told */

    ngx_http_wxapp_app_t       *app;          /* of a login, or NULL */

    ngx_uint_t                  limit;        /* the limit module's */
    const char                 *auth;         /* how wxapp_auth ended */
    ngx_uint_t                  sign;         /* the sign module's */
    void                       *session;      /* the check of it, or NULL */

    const ngx_http_wxapp_counter_t  *audit;   /* the last that was told */
    ngx_str_t                   audit_user;

    ngx_queue_t                 waits;        /* for operations, of the
                                                 request and its subrequests */
    void                       *call;         /* of WeChat, running */
    void                       *input;        /* what was given, or NULL */

    /* milliseconds spent waiting, for the log */

    ngx_msec_t                  redis;
    ngx_msec_t                  mysql;
    ngx_msec_t                  wechat;
    unsigned                    oauth:1;      /* replies are as RFC 6749 wants
                                                 of a token endpoint */
    unsigned                    redis_used:1;
    unsigned                    mysql_used:1;
    unsigned                    wechat_used:1;
} ngx_http_wxapp_ctx_t;


/*
 * The context of the request, or of its main request; made on first use.
 * NULL without memory.
 */
ngx_http_wxapp_ctx_t *ngx_http_wxapp_ctx(ngx_http_request_t *r);


/*
 * Lets the request wait for the operation: sets owner and handler; a client
 * that goes away detaches it.  "done" runs with the request's log, and may
 * finalize.  The caller then sends the operation and returns: NGX_AGAIN from
 * a phase handler; from a content handler, NGX_DONE with r->main->count
 * raised once for the whole stay.  NGX_ERROR without memory; the operation
 * has been freed then.
 */
ngx_int_t ngx_http_wxapp_wait_redis(ngx_http_request_t *r,
    ngx_wxapp_op_t *op, ngx_http_wxapp_done_pt done);
ngx_int_t ngx_http_wxapp_wait_mysql(ngx_http_request_t *r,
    ngx_wxapp_op_t *op, ngx_http_wxapp_done_pt done);
ngx_int_t ngx_http_wxapp_wait_job(ngx_http_request_t *r,
    ngx_wxapp_op_t *op, ngx_http_wxapp_done_pt done);

/*
 * Counts an event of identity and notes it, with the user it is about, for
 * the access log; "uid" may be NULL and is copied.  Without memory the user
 * is not noted.
 */
void ngx_http_wxapp_audit(ngx_http_request_t *r,
    ngx_http_wxapp_counter_e counter, ngx_str_t *uid);

/* Ends the request when its client goes away while it waits. */
void ngx_http_wxapp_watch(ngx_http_request_t *r);

/*
 * The first header of that name in a list of headers, or NULL; "n" gets the
 * number of them and may be NULL.
 */
ngx_table_elt_t *ngx_http_wxapp_header_find(ngx_list_t *headers,
    const char *name, ngx_uint_t *n);


#endif /* _NGX_HTTP_WXAPP_REQUEST_H_INCLUDED_ */
