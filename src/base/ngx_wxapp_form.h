
/*
 * Forms: application/x-www-form-urlencoded, of a query or a body.
 */


#ifndef _NGX_WXAPP_FORM_H_INCLUDED_
#define _NGX_WXAPP_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_FORM_PAIRS  10000


typedef struct {
    ngx_str_t                 name;
    ngx_str_t                 value;
    ngx_uint_t                malformed;  /* unsigned  malformed:1; */
} ngx_wxapp_pair_t;


/*
 * Splits "a=1&b=2" into an array of ngx_wxapp_pair_t, decoded, in memory of
 * the pool; "text" is left as it is.  What stands without "=" is a name with
 * an empty value, nothing between two "&" is no pair.  A "%" that is not
 * followed by two hexadecimal digits stays, and marks its pair as malformed.
 * NGX_DECLINED for more than NGX_WXAPP_FORM_PAIRS; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_form_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_array_t *pairs);


#endif /* _NGX_WXAPP_FORM_H_INCLUDED_ */
