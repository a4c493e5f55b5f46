
#include "base/ngx_wxapp_seal.h"


ngx_int_t
ngx_wxapp_seal_key(ngx_wxapp_seal_key_t *key, ngx_str_t *text)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_wxapp_seal(ngx_array_t *keys, ngx_pool_t *pool, ngx_str_t *place,
    ngx_str_t *plain, ngx_str_t *sealed)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_wxapp_unseal(ngx_array_t *keys, ngx_pool_t *pool, ngx_str_t *place,
    ngx_str_t *sealed, ngx_str_t *plain)
{
    return NGX_DECLINED;
}
