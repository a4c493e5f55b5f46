
#include "http/ngx_http_wxapp_grant.h"


ngx_int_t
ngx_http_wxapp_grant(ngx_http_request_t *r, ngx_http_wxapp_grant_t *grant)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_http_wxapp_grant_token(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_http_wxapp_grant_reply(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant)
{
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}
