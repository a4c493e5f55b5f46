
#include "http/ngx_http_wxapp_sign_key.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_seal.h"


ngx_int_t
ngx_http_wxapp_sign_key(ngx_http_request_t *r, ngx_str_t *id, ngx_uint_t n,
    u_char key[NGX_HTTP_WXAPP_SIGN_KEY])
{
    u_char                      *p;
    ngx_str_t                    seal, text;
    ngx_array_t                 *keys;
    ngx_wxapp_seal_key_t        *k;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);
    keys = wmcf->session ? wmcf->session->keys : NULL;

    if (keys == NULL || n >= keys->nelts) {
        return NGX_DECLINED;
    }

    k = keys->elts;

    seal.data = k[n].key;
    seal.len = NGX_WXAPP_SEAL_KEY;

    p = ngx_pnalloc(r->pool, sizeof("sign ") - 1 + id->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text.data = p;
    text.len = ngx_sprintf(p, "sign %V", id) - p;

    return ngx_wxapp_hmac_sha256(&seal, &text, key);
}
