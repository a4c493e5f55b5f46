
/*
 * Which of the mini programs a request is of.
 */


#ifndef _NGX_HTTP_WXAPP_APP_H_INCLUDED_
#define _NGX_HTTP_WXAPP_APP_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


/* "app=" of a location */

typedef struct {
    ngx_http_complex_value_t  name;           /* may have variables */
    ngx_http_wxapp_app_t     *app;            /* of a name that has none */
    ngx_http_wxapp_place_t    place;
    ngx_uint_t                given;          /* unsigned  given:1; */
} ngx_http_wxapp_app_choice_t;


/* Takes the value of "app=" from the current directive. */
char *ngx_http_wxapp_app_compile(ngx_conf_t *cf,
    ngx_http_wxapp_app_choice_t *choice, ngx_str_t *value);

/*
 * Finds the app of a name without variables, when all apps have been read;
 * NGX_ERROR, and an error with the place, for one that is not there.
 */
ngx_int_t ngx_http_wxapp_app_resolve(ngx_conf_t *cf,
    ngx_http_wxapp_app_choice_t *choice);

/*
 * The app of the request: that of "app=", or the only one, or of several the
 * one whose appid stands in the Referer as WeChat sends it.  NGX_DECLINED
 * when it is none of those configured; NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_app_choose(ngx_http_request_t *r,
    ngx_http_wxapp_app_choice_t *choice, ngx_http_wxapp_app_t **app);


#endif /* _NGX_HTTP_WXAPP_APP_H_INCLUDED_ */
