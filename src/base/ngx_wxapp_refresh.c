
#include "base/ngx_wxapp_refresh.h"
#include "base/ngx_wxapp_crypto.h"


#define NGX_WXAPP_REFRESH_TEXT  86            /* the bytes in base64url */
#define NGX_WXAPP_REFRESH_LEN   512           /* of a token at most */


static ngx_uint_t ngx_wxapp_refresh_word(ngx_str_t *s);
static ngx_int_t ngx_wxapp_refresh_digest(u_char *data, size_t len,
    u_char *hash);


ngx_int_t
ngx_wxapp_refresh_parse(ngx_wxapp_refresh_t *refresh, ngx_pool_t *pool,
    ngx_str_t *token)
{
    u_char     *p;
    ngx_str_t   uid, text, dst;

    uid = *token;

    if (uid.len < sizeof("1.") - 1 + NGX_WXAPP_REFRESH_TEXT
        || uid.len > NGX_WXAPP_REFRESH_LEN)
    {
        return NGX_DECLINED;
    }

    uid.len -= sizeof(".") - 1 + NGX_WXAPP_REFRESH_TEXT;

    p = uid.data + uid.len;

    text.data = p + 1;
    text.len = NGX_WXAPP_REFRESH_TEXT;

    dst.data = (u_char *) &refresh->bytes;

    if (*p != '.' || !ngx_wxapp_refresh_word(&text)
        || ngx_decode_base64url(&dst, &text) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    refresh->uid = uid;

    /* other ids than words go in base64url, too */

    if (uid.data[0] == '~') {
        uid.data++;
        uid.len--;

        p = ngx_pnalloc(pool, ngx_base64_decoded_length(uid.len));
        if (p == NULL) {
            return NGX_ERROR;
        }

        refresh->uid.data = p;

        if (ngx_decode_base64url(&refresh->uid, &uid) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return (ngx_wxapp_refresh_word(&uid)
            && refresh->uid.len
            && refresh->uid.len <= NGX_WXAPP_REFRESH_UID)
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_wxapp_refresh_write(ngx_wxapp_refresh_t *refresh, ngx_pool_t *pool,
    ngx_str_t *token)
{
    u_char     *p;
    ngx_str_t   src, dst;

    p = ngx_pnalloc(pool, sizeof("~.") - 1 + NGX_WXAPP_REFRESH_TEXT + 2
                          + ngx_base64_encoded_length(refresh->uid.len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    token->data = p;

    if (ngx_wxapp_refresh_word(&refresh->uid)) {
        p = ngx_cpymem(p, refresh->uid.data, refresh->uid.len);

    } else {
        *p++ = '~';

        dst.data = p;
        ngx_encode_base64url(&dst, &refresh->uid);
        p += dst.len;
    }

    *p++ = '.';

    src.data = (u_char *) &refresh->bytes;
    src.len = sizeof(refresh->bytes);

    dst.data = p;
    ngx_encode_base64url(&dst, &src);

    token->len = p + dst.len - token->data;

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_refresh_hash(ngx_wxapp_refresh_t *refresh,
    u_char family[NGX_WXAPP_REFRESH_HASH],
    u_char secret[NGX_WXAPP_REFRESH_HASH])
{
    if (ngx_wxapp_refresh_digest(refresh->bytes.family,
                                 NGX_WXAPP_REFRESH_FAMILY, family)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_wxapp_refresh_digest(refresh->bytes.secret,
                                    NGX_WXAPP_REFRESH_SECRET, secret);
}


static ngx_int_t
ngx_wxapp_refresh_digest(u_char *data, size_t len, u_char *hash)
{
    u_char     digest[NGX_WXAPP_SHA256_LEN];
    ngx_str_t  src, dst;

    src.data = data;
    src.len = len;

    if (ngx_wxapp_sha256(&src, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    src.data = digest;
    src.len = sizeof(digest);

    dst.data = hash;
    ngx_encode_base64url(&dst, &src);

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_refresh_next(ngx_wxapp_refresh_t *refresh, ngx_str_t *nonce)
{
    u_char     digest[NGX_WXAPP_SHA256_LEN];
    ngx_str_t  key;

    key.data = refresh->bytes.secret;
    key.len = NGX_WXAPP_REFRESH_SECRET;

    if (ngx_wxapp_hmac_sha256(&key, nonce, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(key.data, digest, sizeof(digest));

    return NGX_OK;
}


static ngx_uint_t
ngx_wxapp_refresh_word(ngx_str_t *s)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < s->len; i++) {
        c = s->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    return 1;
}
