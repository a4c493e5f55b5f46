
/*
 * What all wxapp modules share of the configuration: the services, and the
 * content of a location.
 */


#ifndef _NGX_HTTP_WXAPP_H_INCLUDED_
#define _NGX_HTTP_WXAPP_H_INCLUDED_


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_zone.h"
#include "base/ngx_wxapp_token.h"


#define NGX_HTTP_WXAPP_VERSION  "0.3.0"


typedef struct {
    ngx_str_t                 name;           /* the appid, unless told */
    ngx_str_t                 appid;
    ngx_str_t                 secret;
    ngx_str_t                 api;            /* prefix of the location */
} ngx_http_wxapp_app_t;


typedef struct ngx_http_wxapp_session_conf_s  ngx_http_wxapp_session_conf_t;


/* services, each set by the module whose block declares it, or NULL */

typedef struct {
    ngx_shm_zone_t           *zone;
    ngx_shm_zone_t           *access_tokens;  /* of the apps */
    ngx_http_wxapp_app_t     *app;            /* the first of them */
    ngx_array_t              *apps;           /* ngx_http_wxapp_app_t * */
    ngx_http_wxapp_session_conf_t  *session;
    ngx_wxapp_token_t        *token;
    ngx_wxapp_mysql_t        *mysql;
    ngx_wxapp_redis_t        *redis;
    ngx_array_t              *schema;         /* ngx_http_wxapp_expect_t */
    ngx_flag_t                used;           /* any directive of ours */
} ngx_http_wxapp_main_conf_t;


typedef struct ngx_http_wxapp_input_conf_s  ngx_http_wxapp_input_conf_t;

typedef struct {
    ngx_str_t                    *directive;  /* NULL: no content of ours */
    ngx_http_handler_pt           handler;
    void                         *data;
    ngx_http_wxapp_place_t        place;
    ngx_http_wxapp_input_conf_t  *input;      /* of wxapp_input, or NULL */
    ngx_flag_t                    trace;
} ngx_http_wxapp_loc_conf_t;


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
 * Lets locations have the input of the one around them, and those without a
 * name of their own its content; refuses a foreign handler set after ours.
 */
char *ngx_http_wxapp_content_merge(ngx_conf_t *cf,
    ngx_http_wxapp_loc_conf_t *prev, ngx_http_wxapp_loc_conf_t *conf);

/* The app of that name, or with that appid; NULL if there is none. */
ngx_http_wxapp_app_t *ngx_http_wxapp_app_named(
    ngx_http_wxapp_main_conf_t *wmcf, ngx_str_t *name);
ngx_http_wxapp_app_t *ngx_http_wxapp_app_appid(
    ngx_http_wxapp_main_conf_t *wmcf, ngx_str_t *appid);

/* Adds a handler to a phase; at postconfiguration.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_wxapp_phase(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler);

/* Adds variables, up to ngx_http_null_variable; at preconfiguration. */
ngx_int_t ngx_http_wxapp_variables(ngx_conf_t *cf, ngx_http_variable_t *vars);

/* Sets the value of a variable that may be another the next time. */
void ngx_http_wxapp_variable(ngx_http_variable_value_t *v, ngx_str_t *s);


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
