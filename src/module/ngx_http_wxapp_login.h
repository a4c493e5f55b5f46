
/*
 * A login by a code of wx.login(): the exchange with WeChat, then the user's
 * row, then the grant.
 */


#ifndef _NGX_HTTP_WXAPP_LOGIN_H_INCLUDED_
#define _NGX_HTTP_WXAPP_LOGIN_H_INCLUDED_


#include "http/ngx_http_wxapp_grant.h"
#include "http/ngx_http_wxapp_wechat_problem.h"


/* failures that are not WeChat's */

#define NGX_HTTP_WXAPP_LOGIN_USED      (NGX_HTTP_WXAPP_WECHAT_OURS + 0)
#define NGX_HTTP_WXAPP_LOGIN_DISABLED  (NGX_HTTP_WXAPP_WECHAT_OURS + 1)
#define NGX_HTTP_WXAPP_LOGIN_NO_DB     (NGX_HTTP_WXAPP_WECHAT_OURS + 2)
#define NGX_HTTP_WXAPP_LOGIN_NO_REDIS  (NGX_HTTP_WXAPP_WECHAT_OURS + 3)
#define NGX_HTTP_WXAPP_LOGIN_LOST      (NGX_HTTP_WXAPP_WECHAT_OURS + 4)


typedef struct {
    ngx_http_request_t       *request;
    ngx_shm_zone_t           *zone;
    ngx_http_wxapp_app_t     *app;

    ngx_http_wxapp_flight_t   flight;
    ngx_uint_t                flying;
    ngx_event_t               poll;
    ngx_wxapp_event_data_t    poll_ident;
    ngx_msec_t                started;

    ngx_http_wxapp_wechat_t   call;
    ngx_str_t                 session_key;    /* of who made the exchange */

    uint64_t                  uid;            /* 0: not known yet */
    u_char                    text[NGX_INT64_LEN];
    ngx_uint_t                tries;
    ngx_uint_t                found;
    ngx_uint_t                disabled;

    ngx_http_wxapp_grant_t    grant;          /* what is known so far */
} ngx_http_wxapp_login_t;


/*
 * The code of the body: letters, digits, "-" and "_", so that nothing of it
 * reaches into a URI.  NGX_ERROR for none, with code->data NULL, or for one
 * that WeChat did not make.
 */
ngx_int_t ngx_http_wxapp_login_code(ngx_wxapp_json_node_t *object,
    ngx_str_t *code);

/*
 * Asks WeChat about the code of login->app; goes on with upsert() or fail().
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_login_exchange(ngx_http_wxapp_login_t *login,
    ngx_str_t *code);

/* Notes who it is, also as the text that the grant has. */

static ngx_inline void
ngx_http_wxapp_login_uid(ngx_http_wxapp_login_t *login, uint64_t uid)
{
    login->uid = uid;

    login->grant.session.uid.data = login->text;
    login->grant.session.uid.len = ngx_sprintf(login->text, "%uL", uid)
                                   - login->text;
}

/* Notes what the tables must have for the directive at the place. */
ngx_int_t ngx_http_wxapp_login_expect(ngx_conf_t *cf,
    ngx_http_wxapp_place_t *place);

/*
 * Writes the row of the user of the grant's openid and reads it, or reads
 * that of login->uid; goes on with known(), fail() or error().
 */
void ngx_http_wxapp_login_upsert(ngx_http_wxapp_login_t *login);
void ngx_http_wxapp_login_load(ngx_http_wxapp_login_t *login);

/* The user may log in: keeps the session_key, grants, replies. */
void ngx_http_wxapp_login_known(ngx_http_wxapp_login_t *login);

/* Ends the request: by the number of a problem, for MySQL's, with 500. */
void ngx_http_wxapp_login_fail(ngx_http_wxapp_login_t *login, int32_t number);
void ngx_http_wxapp_login_db(ngx_http_wxapp_login_t *login,
    ngx_wxapp_op_t *op);
void ngx_http_wxapp_login_error(ngx_http_wxapp_login_t *login);


#endif /* _NGX_HTTP_WXAPP_LOGIN_H_INCLUDED_ */
