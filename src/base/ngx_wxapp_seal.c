
#include "base/ngx_wxapp_seal.h"
#include "base/ngx_wxapp_crypto.h"

#include <openssl/evp.h>


/* "v1.ID." | base64url: nonce, cipher text, tag */

#define NGX_WXAPP_SEAL_VERSION  "v1."
#define NGX_WXAPP_SEAL_NONCE    12
#define NGX_WXAPP_SEAL_TAG      16


static ngx_wxapp_seal_key_t *ngx_wxapp_seal_find(ngx_array_t *keys,
    ngx_str_t *sealed, ngx_str_t *head);
static ngx_int_t ngx_wxapp_seal_gcm(ngx_wxapp_seal_key_t *key,
    ngx_str_t *head, ngx_str_t *place, u_char *nonce, u_char *in, u_char *out,
    size_t len, u_char *tag, int seal);


ngx_int_t
ngx_wxapp_seal_key(ngx_wxapp_seal_key_t *key, ngx_str_t *text)
{
    u_char      buf[NGX_WXAPP_SEAL_KEY + 1];
    ngx_int_t   n, rc;
    ngx_str_t   s;
    ngx_uint_t  i;

    rc = NGX_DECLINED;

    switch (text->len) {

    case NGX_WXAPP_SEAL_KEY:
        ngx_memcpy(key->key, text->data, NGX_WXAPP_SEAL_KEY);
        return NGX_OK;

    case NGX_WXAPP_SEAL_KEY * 2:

        for (i = 0; i < NGX_WXAPP_SEAL_KEY; i++) {
            n = ngx_hextoi(text->data + 2 * i, 2);

            if (n == NGX_ERROR) {
                return NGX_DECLINED;
            }

            key->key[i] = (u_char) n;
        }

        return NGX_OK;

    case ngx_base64_encoded_length(NGX_WXAPP_SEAL_KEY):
        s.data = buf;

        if (ngx_decode_base64(&s, text) == NGX_OK
            && s.len == NGX_WXAPP_SEAL_KEY)
        {
            ngx_memcpy(key->key, s.data, NGX_WXAPP_SEAL_KEY);
            rc = NGX_OK;
        }

        ngx_explicit_memzero(buf, sizeof(buf));
    }

    return rc;
}


ngx_int_t
ngx_wxapp_seal(ngx_array_t *keys, ngx_pool_t *pool, ngx_str_t *place,
    ngx_str_t *plain, ngx_str_t *sealed)
{
    u_char                *p;
    ngx_str_t              raw, head, text;
    ngx_wxapp_seal_key_t  *key;

    key = keys->elts;

    raw.len = NGX_WXAPP_SEAL_NONCE + plain->len + NGX_WXAPP_SEAL_TAG;
    raw.data = ngx_pnalloc(pool, raw.len);

    p = ngx_pnalloc(pool, sizeof(NGX_WXAPP_SEAL_VERSION) + key->id.len
                          + ngx_base64_encoded_length(raw.len));

    if (raw.data == NULL || p == NULL) {
        return NGX_ERROR;
    }

    head.data = p;
    head.len = ngx_sprintf(p, NGX_WXAPP_SEAL_VERSION "%V.", &key->id) - p;

    if (ngx_wxapp_random(raw.data, NGX_WXAPP_SEAL_NONCE) != NGX_OK
        || ngx_wxapp_seal_gcm(key, &head, place, raw.data, plain->data,
                              raw.data + NGX_WXAPP_SEAL_NONCE, plain->len,
                              raw.data + raw.len - NGX_WXAPP_SEAL_TAG, 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    text.data = p + head.len;
    ngx_encode_base64url(&text, &raw);

    sealed->data = p;
    sealed->len = head.len + text.len;

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_unseal(ngx_array_t *keys, ngx_pool_t *pool, ngx_str_t *place,
    ngx_str_t *sealed, ngx_str_t *plain)
{
    ngx_int_t              rc;
    ngx_str_t              head, text, raw;
    ngx_wxapp_seal_key_t  *key;

    key = ngx_wxapp_seal_find(keys, sealed, &head);
    if (key == NULL) {
        return NGX_DECLINED;
    }

    text.data = sealed->data + head.len;
    text.len = sealed->len - head.len;

    raw.data = ngx_pnalloc(pool, ngx_base64_decoded_length(text.len));
    if (raw.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64url(&raw, &text) != NGX_OK
        || raw.len < NGX_WXAPP_SEAL_NONCE + NGX_WXAPP_SEAL_TAG)
    {
        return NGX_DECLINED;
    }

    plain->len = raw.len - NGX_WXAPP_SEAL_NONCE - NGX_WXAPP_SEAL_TAG;
    plain->data = raw.data + NGX_WXAPP_SEAL_NONCE;

    rc = ngx_wxapp_seal_gcm(key, &head, place, raw.data, plain->data,
                            plain->data, plain->len, plain->data + plain->len,
                            0);

    if (rc != NGX_OK) {
        ngx_explicit_memzero(raw.data, raw.len);
        ngx_str_null(plain);
    }

    return rc;
}


static ngx_wxapp_seal_key_t *
ngx_wxapp_seal_find(ngx_array_t *keys, ngx_str_t *sealed, ngx_str_t *head)
{
    u_char                *p, *last;
    ngx_str_t              id;
    ngx_uint_t             i;
    ngx_wxapp_seal_key_t  *key;

    if (sealed->len < sizeof(NGX_WXAPP_SEAL_VERSION) - 1
        || ngx_memcmp(sealed->data, NGX_WXAPP_SEAL_VERSION,
                      sizeof(NGX_WXAPP_SEAL_VERSION) - 1)
           != 0)
    {
        return NULL;
    }

    id.data = sealed->data + sizeof(NGX_WXAPP_SEAL_VERSION) - 1;
    last = sealed->data + sealed->len;

    p = ngx_strlchr(id.data, last, '.');
    if (p == NULL) {
        return NULL;
    }

    id.len = p - id.data;

    head->data = sealed->data;
    head->len = p + 1 - sealed->data;

    key = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        if (key[i].id.len == id.len
            && ngx_memcmp(key[i].id.data, id.data, id.len) == 0)
        {
            return &key[i];
        }
    }

    return NULL;
}


/* what the text begins with and where it is kept are authenticated, too */

static ngx_int_t
ngx_wxapp_seal_gcm(ngx_wxapp_seal_key_t *key, ngx_str_t *head,
    ngx_str_t *place, u_char *nonce, u_char *in, u_char *out, size_t len,
    u_char *tag, int seal)
{
    int              n;
    u_char           end[NGX_WXAPP_SEAL_TAG];
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, nonce, seal)
        != 1
        || EVP_CipherUpdate(ctx, NULL, &n, head->data, head->len) != 1
        || EVP_CipherUpdate(ctx, NULL, &n, place->data, place->len) != 1
        || EVP_CipherUpdate(ctx, out, &n, in, len) != 1
        || (!seal && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG,
                                         NGX_WXAPP_SEAL_TAG, tag)
                     != 1))
    {
        goto done;
    }

    if (EVP_CipherFinal_ex(ctx, end, &n) != 1) {
        rc = seal ? NGX_ERROR : NGX_DECLINED;
        goto done;
    }

    if (seal && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG,
                                    NGX_WXAPP_SEAL_TAG, tag)
                != 1)
    {
        goto done;
    }

    rc = NGX_OK;

done:

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}
