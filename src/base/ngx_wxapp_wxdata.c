
#include "base/ngx_wxapp_wxdata.h"
#include "base/ngx_wxapp_crypto.h"

#include <ngx_sha1.h>
#include <openssl/evp.h>


static ngx_int_t ngx_wxapp_wxdata_cbc(ngx_str_t *key, u_char *iv,
    ngx_str_t *data, u_char *plain);
static ngx_uint_t ngx_wxapp_wxdata_pad(ngx_str_t *plain);


ngx_int_t
ngx_wxapp_wxdata_base64(ngx_pool_t *pool, ngx_str_t *text, ngx_str_t *bytes)
{
    u_char     *p;
    ngx_str_t   again;

    p = ngx_pnalloc(pool, ngx_base64_decoded_length(text->len) + text->len
                          + 3);
    if (p == NULL) {
        return NGX_ERROR;
    }

    bytes->data = p;

    if (text->len % 4 || ngx_decode_base64(bytes, text) != NGX_OK) {
        return NGX_DECLINED;
    }

    again.data = p + bytes->len;
    ngx_encode_base64(&again, bytes);

    if (again.len != text->len
        || ngx_memcmp(again.data, text->data, text->len) != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_wxdata_decrypt(ngx_pool_t *pool, ngx_str_t *keys, ngx_uint_t n,
    u_char iv[NGX_WXAPP_WXDATA_BLOCK], ngx_str_t *data, ngx_str_t *plain,
    ngx_wxapp_json_node_t **root)
{
    ngx_int_t    rc;
    ngx_str_t    key;
    ngx_uint_t   i, good;
    const char  *error;

    plain->data = ngx_pnalloc(pool, data->len);
    if (plain->data == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        rc = ngx_wxapp_wxdata_base64(pool, &keys[i], &key);

        if (rc == NGX_OK && key.len == NGX_WXAPP_WXDATA_BLOCK) {
            rc = ngx_wxapp_wxdata_cbc(&key, iv, data, plain->data);
            ngx_explicit_memzero(key.data, key.len + keys[i].len);

        } else if (rc == NGX_OK) {
            rc = NGX_DECLINED;
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        plain->len = data->len;
        good = ngx_wxapp_wxdata_pad(plain);

        rc = ngx_wxapp_json_parse(pool, plain, root, &error);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && good && (*root)->type == NGX_WXAPP_JSON_OBJECT) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_wxapp_wxdata_cbc(ngx_str_t *key, u_char *iv, ngx_str_t *data,
    u_char *plain)
{
    int              n, end;
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_DecryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key->data, iv) == 1
        && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1
        && EVP_DecryptUpdate(ctx, plain, &n, data->data, data->len) == 1
        && EVP_DecryptFinal_ex(ctx, plain + n, &end) == 1)
    {
        rc = NGX_OK;
    }

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


/*
 * Takes the padding of PKCS #7 off; 0 when it is none, and nothing is off
 * then.  No branch and no place in memory depends on what was decrypted.
 */

static ngx_uint_t
ngx_wxapp_wxdata_pad(ngx_str_t *plain)
{
    u_char      *last;
    uint32_t     i, pad, bad, in;

    last = plain->data + plain->len - 1;
    pad = *last;

    /* the top bit: set where a difference is below zero */

    bad = (pad - 1) | (NGX_WXAPP_WXDATA_BLOCK - pad);

    for (i = 0; i < NGX_WXAPP_WXDATA_BLOCK; i++) {
        in = i - pad;
        bad |= in & (0 - (uint32_t) (last[-(ngx_int_t) i] ^ pad));
    }

    bad >>= 31;

    plain->len -= pad & (bad - 1);

    return bad ^ 1;
}


ngx_int_t
ngx_wxapp_wxdata_watermark(ngx_wxapp_json_node_t *root, ngx_str_t *appid,
    time_t *made)
{
    int64_t                 n;
    ngx_wxapp_json_node_t  *mark, *node;

    static ngx_str_t  mark_name = ngx_string("watermark");
    static ngx_str_t  appid_name = ngx_string("appid");
    static ngx_str_t  made_name = ngx_string("timestamp");

    mark = ngx_wxapp_json_member(root, &mark_name);

    if (mark == NULL || mark->type != NGX_WXAPP_JSON_OBJECT) {
        return NGX_DECLINED;
    }

    node = ngx_wxapp_json_member(mark, &appid_name);

    if (node == NULL || node->type != NGX_WXAPP_JSON_STRING) {
        return NGX_DECLINED;
    }

    *appid = node->value;

    node = ngx_wxapp_json_member(mark, &made_name);

    if (ngx_wxapp_json_integer(node, &n) != NGX_OK) {
        return NGX_DECLINED;
    }

    *made = n;

    return NGX_OK;
}


void
ngx_wxapp_wxdata_sha1(ngx_str_t *key, ngx_str_t *raw,
    u_char hex[NGX_WXAPP_WXDATA_SHA1])
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, raw->data, raw->len);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_final(digest, &sha1);

    ngx_hex_dump(hex, digest, sizeof(digest));
}


ngx_int_t
ngx_wxapp_wxdata_hmac(ngx_str_t *key, ngx_str_t *body,
    u_char hex[NGX_WXAPP_WXDATA_SHA256])
{
    u_char  digest[NGX_WXAPP_SHA256_LEN];

    if (ngx_wxapp_hmac_sha256(key, body, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_hex_dump(hex, digest, sizeof(digest));

    return NGX_OK;
}
