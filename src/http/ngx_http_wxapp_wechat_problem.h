
/*
 * What a call of WeChat that failed means to our client.
 */


#ifndef _NGX_HTTP_WXAPP_WECHAT_PROBLEM_H_INCLUDED_
#define _NGX_HTTP_WXAPP_WECHAT_PROBLEM_H_INCLUDED_


#include "http/ngx_http_wxapp_wechat.h"


/* failures that have no errcode; WeChat's are lower */

#define NGX_HTTP_WXAPP_WECHAT_NO_REPLY   1000001
#define NGX_HTTP_WXAPP_WECHAT_TOO_SLOW   1000002
#define NGX_HTTP_WXAPP_WECHAT_OURS       1000003  /* the first of others */


typedef struct {
    int32_t                   number;         /* errcode, or the above */
    ngx_uint_t                status;
    const char               *code;
    const char               *message;
    ngx_http_wxapp_counter_e  login;          /* how a login counts it */
    ngx_uint_t                retry;          /* seconds; 0: not told */
    ngx_uint_t                level;          /* of the log line */
} ngx_http_wxapp_wechat_problem_t;


/*
 * The number of how the call failed; 0 for an errcode that nothing is known
 * of, which is no more than that WeChat refuses.
 */
int32_t ngx_http_wxapp_wechat_number(ngx_http_wxapp_wechat_t *call);

/*
 * The problem of a number: of "more", which ends with code NULL and may be
 * NULL itself, or of WeChat's own; never NULL.
 */
ngx_http_wxapp_wechat_problem_t *ngx_http_wxapp_wechat_problem(
    int32_t number, ngx_http_wxapp_wechat_problem_t *more);

/*
 * Logs 'WHAT failed: WORD, errcode N, rid "..."' and sends the problem; the
 * result is for ngx_http_finalize_request().
 */
ngx_int_t ngx_http_wxapp_wechat_refuse(ngx_http_request_t *r,
    const char *what, ngx_http_wxapp_wechat_t *call,
    ngx_http_wxapp_wechat_problem_t *problem);


#endif /* _NGX_HTTP_WXAPP_WECHAT_PROBLEM_H_INCLUDED_ */
