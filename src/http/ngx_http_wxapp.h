
/*
 * What all wxapp modules share: the configuration's services, the content
 * of a location, and the context of a request.
 */


#ifndef _NGX_HTTP_WXAPP_H_INCLUDED_
#define _NGX_HTTP_WXAPP_H_INCLUDED_


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_zone.h"
#include "base/ngx_wxapp_token.h"
#include "base/ngx_wxapp_trace.h"


#define NGX_HTTP_WXAPP_VERSION  "0.1.0"


typedef struct {
    ngx_str_t                 appid;
    ngx_str_t                 secret;
    ngx_str_t                 api;            /* prefix of the location */
} ngx_http_wxapp_app_t;


/* services, each set by the module whose block declares it, or NULL */

typedef struct {
    ngx_shm_zone_t           *zone;
    ngx_http_wxapp_app_t     *app;
    ngx_wxapp_token_t        *token;
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_redis_t        *redis;
    ngx_flag_t                used;           /* any directive of ours */
} ngx_http_wxapp_main_conf_t;


typedef struct {
    ngx_str_t                *directive;      /* NULL: no content of ours */
    ngx_http_handler_pt       handler;
    void                     *data;
    ngx_http_wxapp_place_t    place;
    ngx_flag_t                trace;
} ngx_http_wxapp_loc_conf_t;


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

    ngx_http_wxapp_identity_e   identity;
    ngx_wxapp_json_node_t      *claims;
    const char                 *reason;       /* why it is invalid */

    ngx_http_wxapp_problem_t    problem;      /* the last one told */

    ngx_uint_t                  limit;        /* the limit module's */

    /* the operation that the request waits for */

    ngx_wxapp_op_t             *op;
    ngx_http_wxapp_done_pt      done;
    ngx_msec_t                 *spent;

    void                       *call;         /* of WeChat, running */

    /* milliseconds spent waiting, for the log */

    ngx_msec_t                  redis;
    ngx_msec_t                  mysql;
    ngx_msec_t                  wechat;
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
 * Makes "handler" the content of the location being configured, for the
 * directive cf->args; "data" is found again at run time.  An error string
 * when the location has a content already.
 */
char *ngx_http_wxapp_content(ngx_conf_t *cf, ngx_http_handler_pt handler,
    void *data);

/* The data of the location's content. */
void *ngx_http_wxapp_content_data(ngx_http_request_t *r);


/*
 * Lets the request wait for the operation: sets owner and handler; a client
 * that goes away detaches it.  "done" runs with the request's log, and may
 * finalize.  The caller then sends the operation and returns: NGX_AGAIN from
 * a phase handler; from a content handler, NGX_DONE with r->main->count
 * raised once for the whole stay.
 */
void ngx_http_wxapp_wait_redis(ngx_http_request_t *r, ngx_wxapp_op_t *op,
    ngx_http_wxapp_done_pt done);
void ngx_http_wxapp_wait_mysql(ngx_http_request_t *r, ngx_wxapp_op_t *op,
    ngx_http_wxapp_done_pt done);


/* The registry of services; never NULL inside http {}. */
#define ngx_http_wxapp_conf_main(cf)                                          \
    (ngx_http_wxapp_main_conf_t *)                                            \
        ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_module)

#define ngx_http_wxapp_main(r)                                                \
    (ngx_http_wxapp_main_conf_t *)                                            \
        ngx_http_get_module_main_conf(r, ngx_http_wxapp_module)

/* In init_process: NULL when there is no http {} or no directive of ours. */
ngx_http_wxapp_main_conf_t *ngx_http_wxapp_cycle_main(ngx_cycle_t *cycle);


extern ngx_module_t  ngx_http_wxapp_module;


#endif /* _NGX_HTTP_WXAPP_H_INCLUDED_ */
