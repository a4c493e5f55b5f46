
/*
 * What WeChat encrypts, by the first byte: 0 a client's base64, 1 its cipher
 * text, 2 a plain text that is encrypted before, 3 a secret at rest.
 */


#include "base/ngx_wxapp_seal.h"
#include "base/ngx_wxapp_wxdata.h"
#include "../fuzz/fuzz.h"

#include <openssl/evp.h>


static ngx_str_t  key = ngx_string("EBESExQVFhcYGRobHB0eHw==");
static u_char     raw[] = { 16, 17, 18, 19, 20, 21, 22, 23,
                            24, 25, 26, 27, 28, 29, 30, 31 };
static u_char     iv[] = "0123456789abcdef";


static void
fuzz_base64(ngx_str_t *text)
{
    ngx_str_t  s, again;

    if (ngx_wxapp_wxdata_base64(pool, text, &s) != NGX_OK) {
        return;
    }

    must(text->len % 4 == 0);
    must(s.len <= text->len / 4 * 3);

    again.data = ngx_pnalloc(pool, ngx_base64_encoded_length(s.len) + 1);
    ngx_encode_base64(&again, &s);

    must(again.len == text->len
         && memcmp(again.data, text->data, text->len) == 0);
}


/* whether it is data; then it must be what the JSON parser takes */

static ngx_int_t
fuzz_decrypt(ngx_str_t *data, ngx_str_t *plain)
{
    time_t                  made;
    ngx_int_t               rc;
    ngx_str_t               appid, keys[2];
    ngx_wxapp_json_node_t  *root;

    keys[0] = bytes("AAAAAAAAAAAAAAAAAAAAAA==", 24);
    keys[1] = bytes(key.data, key.len);

    rc = ngx_wxapp_wxdata_decrypt(pool, keys, 2, iv, data, plain, &root);
    must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        must(plain->len < data->len && plain->len + 16 >= data->len);
        must(root->type == NGX_WXAPP_JSON_OBJECT);
        must(ngx_wxapp_json_valid(plain));

        rc = ngx_wxapp_wxdata_watermark(root, &appid, &made);
        must(rc == NGX_OK || rc == NGX_DECLINED);
        rc = NGX_OK;
    }

    return rc;
}


static void
fuzz_encrypt(ngx_str_t *text)
{
    int                     n, last;
    ngx_int_t               rc;
    ngx_str_t               data, plain;
    const char             *error;
    EVP_CIPHER_CTX         *ctx;
    ngx_wxapp_json_node_t  *root;

    data.data = ngx_pnalloc(pool, text->len + 16);

    ctx = EVP_CIPHER_CTX_new();
    must(EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, raw, iv) == 1);
    must(EVP_EncryptUpdate(ctx, data.data, &n, text->data, text->len) == 1);
    must(EVP_EncryptFinal_ex(ctx, data.data + n, &last) == 1);
    EVP_CIPHER_CTX_free(ctx);

    data = bytes(data.data, n + last);

    rc = ngx_wxapp_json_parse(pool, text, &root, &error);

    if (rc == NGX_OK && root->type == NGX_WXAPP_JSON_OBJECT) {
        must(fuzz_decrypt(&data, &plain) == NGX_OK);
        must(plain.len == text->len
             && memcmp(plain.data, text->data, text->len) == 0);

    } else {
        must(fuzz_decrypt(&data, &plain) == NGX_DECLINED);
    }
}


static void
fuzz_seal(ngx_str_t *text)
{
    ngx_str_t              place, sealed, plain;
    ngx_array_t            keys;
    ngx_wxapp_seal_key_t   k[2];

    memset(k, 0, sizeof(k));
    ngx_str_set(&k[0].id, "k1");
    ngx_str_set(&k[1].id, "k2");
    k[1].key[0] = 1;

    keys.elts = k;
    keys.nelts = 2;

    ngx_str_set(&place, "place");

    /* nobody forges one */

    must(ngx_wxapp_unseal(&keys, pool, &place, text, &plain)
         == NGX_DECLINED);

    must(ngx_wxapp_seal(&keys, pool, &place, text, &sealed) == NGX_OK);
    sealed = bytes(sealed.data, sealed.len);
    must(ngx_wxapp_unseal(&keys, pool, &place, &sealed, &plain) == NGX_OK);
    must(plain.len == text->len
         && memcmp(plain.data, text->data, text->len) == 0);

    (void) ngx_wxapp_seal_key(&k[0], text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t  s, plain;

    fuzz_pool();

    if (size == 0) {
        return 0;
    }

    s = bytes(data + 1, size - 1);

    switch (data[0] & 3) {

    case 0:
        fuzz_base64(&s);
        break;

    case 1:
        s = bytes(s.data, s.len / 16 * 16);

        if (s.len) {
            (void) fuzz_decrypt(&s, &plain);
        }

        break;

    case 2:
        fuzz_encrypt(&s);
        break;

    default:
        fuzz_seal(&s);
    }

    return 0;
}
