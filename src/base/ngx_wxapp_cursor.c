
#include "base/ngx_wxapp_cursor.h"
#include "base/ngx_wxapp_crypto.h"


/*
 * The signature, then each value as its length in four bytes, the highest
 * for NULL, and its bytes.
 */

#define NGX_WXAPP_CURSOR_SIGNATURE  16
#define NGX_WXAPP_CURSOR_NULL       0xffffffff


static ngx_int_t ngx_wxapp_cursor_sign(ngx_str_t *key, ngx_str_t *context,
    ngx_str_t *payload, u_char *signature);


ngx_int_t
ngx_wxapp_cursor_make(ngx_pool_t *pool, ngx_str_t *key, ngx_str_t *context,
    ngx_str_t *values, ngx_uint_t n, ngx_str_t *cursor)
{
    u_char      *p;
    size_t       len;
    uint32_t     l;
    ngx_str_t    payload, raw;
    ngx_uint_t   i;
    u_char       buf[NGX_WXAPP_CURSOR_MAX];

    len = NGX_WXAPP_CURSOR_SIGNATURE;

    for (i = 0; i < n; i++) {
        len += sizeof(uint32_t) + values[i].len;

        if (len > sizeof(buf)) {
            return NGX_DECLINED;
        }
    }

    payload.data = buf + NGX_WXAPP_CURSOR_SIGNATURE;
    p = payload.data;

    for (i = 0; i < n; i++) {
        l = values[i].data ? (uint32_t) values[i].len : NGX_WXAPP_CURSOR_NULL;

        p = ngx_cpymem(p, &l, sizeof(uint32_t));

        if (values[i].len) {
            p = ngx_cpymem(p, values[i].data, values[i].len);
        }
    }

    payload.len = p - payload.data;

    if (ngx_wxapp_cursor_sign(key, context, &payload, buf) != NGX_OK) {
        return NGX_ERROR;
    }

    raw.data = buf;
    raw.len = p - buf;

    cursor->data = ngx_pnalloc(pool, ngx_base64_encoded_length(raw.len));
    if (cursor->data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64url(cursor, &raw);

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_cursor_read(ngx_pool_t *pool, ngx_str_t *key, ngx_str_t *context,
    ngx_str_t *cursor, ngx_str_t *values, ngx_uint_t n)
{
    u_char      *p, *last;
    uint32_t     l;
    ngx_str_t    payload, raw;
    ngx_uint_t   i;
    u_char       signature[NGX_WXAPP_SHA256_LEN];

    if (cursor->len > ngx_base64_encoded_length(NGX_WXAPP_CURSOR_MAX)) {
        return NGX_DECLINED;
    }

    raw.data = ngx_pnalloc(pool, ngx_base64_decoded_length(cursor->len) + 1);
    if (raw.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64url(&raw, cursor) != NGX_OK
        || raw.len < NGX_WXAPP_CURSOR_SIGNATURE)
    {
        return NGX_DECLINED;
    }

    payload.data = raw.data + NGX_WXAPP_CURSOR_SIGNATURE;
    payload.len = raw.len - NGX_WXAPP_CURSOR_SIGNATURE;

    if (ngx_wxapp_cursor_sign(key, context, &payload, signature) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_wxapp_memcmp_const(signature, raw.data,
                               NGX_WXAPP_CURSOR_SIGNATURE)
        != 0)
    {
        return NGX_DECLINED;
    }

    /* it is ours, but made by another release it may have another form */

    p = payload.data;
    last = p + payload.len;

    for (i = 0; i < n; i++) {

        if ((size_t) (last - p) < sizeof(uint32_t)) {
            return NGX_DECLINED;
        }

        ngx_memcpy(&l, p, sizeof(uint32_t));
        p += sizeof(uint32_t);

        ngx_str_null(&values[i]);

        if (l == NGX_WXAPP_CURSOR_NULL) {
            continue;
        }

        if ((size_t) (last - p) < l) {
            return NGX_DECLINED;
        }

        values[i].data = p;
        values[i].len = l;
        p += l;
    }

    return (p == last) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_wxapp_cursor_sign(ngx_str_t *key, ngx_str_t *context, ngx_str_t *payload,
    u_char *signature)
{
    ngx_str_t  text;
    u_char     buf[NGX_WXAPP_SHA256_LEN + NGX_WXAPP_CURSOR_MAX];
    u_char     digest[NGX_WXAPP_SHA256_LEN];

    /* the context by its digest: no two pairs make the same text */

    if (ngx_wxapp_sha256(context, buf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(buf + NGX_WXAPP_SHA256_LEN, payload->data, payload->len);

    text.data = buf;
    text.len = NGX_WXAPP_SHA256_LEN + payload->len;

    if (ngx_wxapp_hmac_sha256(key, &text, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(signature, digest, NGX_WXAPP_CURSOR_SIGNATURE);

    return NGX_OK;
}
