
/*
 * What wxapp_require demands of a token: expressions on its claims.
 */


#ifndef _NGX_HTTP_WXAPP_REQUIRE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_REQUIRE_H_INCLUDED_


#include "http/ngx_http_wxapp_identity.h"


/*
 * Adds the expressions in the arguments of a directive, of which one must
 * hold; the array is created by the first directive.
 */
char *ngx_http_wxapp_require_add(ngx_conf_t *cf, ngx_array_t **require);

/*
 * Whether each directive holds: NGX_OK; NGX_DECLINED, with "max_age" the age
 * in seconds that a new login would have to be under, or -1 if none would
 * do; NGX_ERROR without memory.  "require" may be NULL: nothing is demanded.
 */
ngx_int_t ngx_http_wxapp_require_check(ngx_http_request_t *r,
    ngx_array_t *require, time_t *max_age);


#endif /* _NGX_HTTP_WXAPP_REQUIRE_H_INCLUDED_ */
