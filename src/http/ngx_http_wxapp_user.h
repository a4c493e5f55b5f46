
/*
 * The mini program's user who calls, for what WeChat knows of users.
 */


#ifndef _NGX_HTTP_WXAPP_USER_H_INCLUDED_
#define _NGX_HTTP_WXAPP_USER_H_INCLUDED_


#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_wechat_problem.h"


typedef struct {
    ngx_str_t                 uid;
    ngx_str_t                 openid;         /* empty: not by WeChat */
    ngx_http_wxapp_app_t     *app;            /* of the token, or the default
                                                 one */
} ngx_http_wxapp_user_t;


/*
 * In a content handler: takes a POST of a main request only, and reads its
 * body for "handler", see ngx_http_wxapp_body_read().
 */
ngx_int_t ngx_http_wxapp_user_post(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

/*
 * The user of the access token; with "wechat" only one who has an openid.
 * NGX_OK, or NGX_DONE when the request was finalized with a problem.
 */
ngx_int_t ngx_http_wxapp_user(ngx_http_request_t *r,
    ngx_http_wxapp_user_t *user, ngx_uint_t wechat);

/*
 * The member of that name if it is a string of 1 to "max" bytes; otherwise
 * NGX_DECLINED.
 */
ngx_int_t ngx_http_wxapp_user_member(ngx_wxapp_json_node_t *object,
    const char *name, size_t max, ngx_str_t *value);

/* Counts, and finalizes the request with the problem. */
void ngx_http_wxapp_user_fail(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message);

/* The same for a call of WeChat that failed; "what" is for the log. */
void ngx_http_wxapp_user_refuse(ngx_http_request_t *r, const char *what,
    ngx_http_wxapp_wechat_t *call, int32_t number);

/* The same for a session_key that is old, unknown, or cannot be had. */
void ngx_http_wxapp_user_expired(ngx_http_request_t *r);
void ngx_http_wxapp_user_unavailable(ngx_http_request_t *r);

/* Counts a success, and finalizes the request with the reply. */
void ngx_http_wxapp_user_reply(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body);

/*
 * At postconfiguration: whether there are an app and tokens, and with "keys"
 * what session keys are kept with; otherwise logs what the directive at
 * "place" needs.
 */
ngx_int_t ngx_http_wxapp_user_needs(ngx_conf_t *cf,
    ngx_http_wxapp_place_t *place, const char *directive, ngx_uint_t keys);


#endif /* _NGX_HTTP_WXAPP_USER_H_INCLUDED_ */
