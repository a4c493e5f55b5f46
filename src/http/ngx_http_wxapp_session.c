
#include "http/ngx_http_wxapp_session.h"


ngx_int_t
ngx_http_wxapp_session_create(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_http_wxapp_session_refresh(ngx_http_request_t *r, ngx_str_t *token,
    ngx_http_wxapp_session_pt handler, void *data)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_http_wxapp_session_end(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *id, ngx_http_wxapp_session_scope_e scope,
    ngx_http_wxapp_session_pt handler, void *data)
{
    return NGX_ERROR;
}


ngx_http_wxapp_session_e
ngx_http_wxapp_session_alive(ngx_http_request_t *r, ngx_uint_t wait)
{
    return NGX_HTTP_WXAPP_SESSION_LOST;
}
