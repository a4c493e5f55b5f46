
#include "http/ngx_http_wxapp_session_key.h"


ngx_uint_t
ngx_http_wxapp_session_key_kept(ngx_http_request_t *r)
{
    return 0;
}


ngx_int_t
ngx_http_wxapp_session_key_keep(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *key, ngx_http_wxapp_session_key_pt handler, void *data)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_http_wxapp_session_key_load(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_http_wxapp_session_key_pt handler, void *data)
{
    return NGX_ERROR;
}
