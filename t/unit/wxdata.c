
/*
 * What WeChat encrypts and signs: base64, padding, watermarks, signatures.
 * The vectors of WeChat are in t/check/vectors.json.
 */


#include "base/ngx_wxapp_wxdata.h"
#include "unit.h"

#include <openssl/evp.h>


static u_char     iv[16] = "0123456789abcdef";
static ngx_str_t  keys[2];


static ngx_str_t
encrypt(const char *key, const char *plain, size_t len)
{
    int              n;
    ngx_str_t        s, text, raw;
    EVP_CIPHER_CTX  *ctx;

    text = str(key);
    ngx_wxapp_wxdata_base64(pool, &text, &raw);

    s.len = len;
    s.data = ngx_pnalloc(pool, len);

    ctx = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, raw.data, iv);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    EVP_EncryptUpdate(ctx, s.data, &n, (u_char *) plain, len);
    EVP_CIPHER_CTX_free(ctx);

    return s;
}


/* the text, its length a multiple of 16 with what is to be its padding */

static ngx_int_t
decrypt(ngx_uint_t n, const char *plain, size_t len, ngx_str_t *result)
{
    ngx_str_t               data;
    ngx_wxapp_json_node_t  *root;

    data = encrypt("EBESExQVFhcYGRobHB0eHw==", plain, len);

    return ngx_wxapp_wxdata_decrypt(pool, keys, n, iv, &data, result, &root);
}


static ngx_int_t
base64(const char *text, ngx_str_t *result)
{
    ngx_str_t  s;

    s = str(text);

    return ngx_wxapp_wxdata_base64(pool, &s, result);
}


static void
test_base64(void)
{
    ngx_str_t    s;
    ngx_uint_t   i;

    static const char  *bad[] = {
        "YQ", "YQ=", "YQ===", "Y", "YWI", "=", "==", "====", "YQ==YQ==",
        "Y Q=", "YQ==\n", " YQ==", "YR==", "YWJ=", "-_==", "+ ==", "YW=I",
        "YQ==YQ", "Y\xc3\xa4==", "YWJj YWJj", "YWJjYWJj=", "Y\tQ=",
        "YWJjZA==\r\n", NULL
    };

    ok(base64("YQ==", &s) == NGX_OK && equals(&s, "a"), "one byte");
    ok(base64("YWI=", &s) == NGX_OK && equals(&s, "ab"), "two");
    ok(base64("YWJj", &s) == NGX_OK && equals(&s, "abc"), "three");
    ok(base64("+/+/", &s) == NGX_OK && s.len == 3, "both signs");
    ok(base64("", &s) == NGX_OK && s.len == 0, "none");

    for (i = 0; bad[i]; i++) {
        ok(base64(bad[i], &s) == NGX_DECLINED, "not \"%s\"", bad[i]);
    }
}


static void
test_padding(void)
{
    char         block[48];
    ngx_str_t    s;
    ngx_uint_t   i, n, bad, good;

    /* a text whose last block ends in n bytes n */

    for (good = 0, n = 1; n <= 16; n++) {
        memset(block, ' ', sizeof(block));
        memcpy(block, "{}", 2);
        memset(block + 48 - n, n, n);

        good += (decrypt(1, block, 48, &s) == NGX_OK && s.len == 48 - n);
    }

    ok(good == 16, "1 to 16 bytes of padding are taken off");

    for (bad = 0, n = 2; n <= 16; n++) {

        for (i = 2; i <= n; i++) {
            memset(block, ' ', sizeof(block));
            memcpy(block, "{}", 2);
            memset(block + 48 - n, n, n);
            block[48 - i] = ' ';

            bad += (decrypt(1, block, 48, &s) != NGX_DECLINED);
        }
    }

    ok(bad == 0, "any other byte in it is none");

    for (bad = 0, n = 0; n < 256; n++) {

        if (n >= 1 && n <= 16) {
            continue;
        }

        memset(block, ' ', sizeof(block));
        memcpy(block, "{}", 2);
        memset(block + 32, (int) n, 16);

        bad += (decrypt(1, block, 48, &s) != NGX_DECLINED);
    }

    ok(bad == 0, "0 and more than 16 are none");

    memset(block, 16, 16);
    ok(decrypt(1, block, 16, &s) == NGX_DECLINED, "nothing but padding");
}


static void
test_keys(void)
{
    ngx_str_t    s;
    const char  *plain = "{\"a\":1}         \20\20\20\20\20\20\20\20"
                         "\20\20\20\20\20\20\20\20";

    ok(decrypt(1, plain, 32, &s) == NGX_OK && equals(&s, "{\"a\":1}         "),
       "decrypted");

    keys[1] = keys[0];
    keys[0] = str("ICEiIyQlJicoKSorLC0uLw==");
    ok(decrypt(1, plain, 32, &s) == NGX_DECLINED, "not by another key");
    ok(decrypt(2, plain, 32, &s) == NGX_OK, "by the second key");
    ok(decrypt(0, plain, 32, &s) == NGX_DECLINED, "by none");

    keys[0] = str("not base64!");
    ok(decrypt(2, plain, 32, &s) == NGX_OK, "a key that is none is skipped");

    keys[0] = str("AAAA");
    ok(decrypt(2, plain, 32, &s) == NGX_OK, "so is one of another length");
    ok(decrypt(1, plain, 32, &s) == NGX_DECLINED, "alone it does nothing");

    keys[0] = keys[1];

    ok(decrypt(1, "[]\16\16\16\16\16\16\16\16\16\16\16\16\16\16", 16, &s)
       == NGX_DECLINED, "a list is no data");
    ok(decrypt(1, "{]\16\16\16\16\16\16\16\16\16\16\16\16\16\16", 16, &s)
       == NGX_DECLINED, "what is no JSON neither");
    ok(decrypt(1, "{\"\xff\":\"\"}\10\10\10\10\10\10\10\10", 16, &s)
       == NGX_DECLINED, "nor what is no UTF-8");
}


static ngx_int_t
watermark(const char *text, ngx_str_t *appid, time_t *made)
{
    ngx_str_t               s;
    const char             *error;
    ngx_wxapp_json_node_t  *root;

    s = str(text);

    if (ngx_wxapp_json_parse(pool, &s, &root, &error) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_wxapp_wxdata_watermark(root, appid, made);
}


static void
test_watermark(void)
{
    time_t       made;
    ngx_str_t    appid;
    ngx_uint_t   i;

    static const char  *bad[] = {
        "{}",
        "{\"watermark\":null}",
        "{\"watermark\":[]}",
        "{\"watermark\":\"wx1\"}",
        "{\"watermark\":{\"appid\":\"wx1\"}}",
        "{\"watermark\":{\"timestamp\":1}}",
        "{\"watermark\":{\"appid\":1,\"timestamp\":1}}",
        "{\"watermark\":{\"appid\":\"wx1\",\"timestamp\":\"1\"}}",
        "{\"watermark\":{\"appid\":\"wx1\",\"timestamp\":1.5}}",
        "{\"watermark\":{\"appid\":\"wx1\",\"timestamp\":9223372036854775808}}",
        "{\"appid\":\"wx1\",\"timestamp\":1}",
        NULL
    };

    ok(watermark("{\"watermark\":{\"timestamp\":1477314187,\"appid\":\"wx1\"}}",
                 &appid, &made)
       == NGX_OK && made == 1477314187 && equals(&appid, "wx1"),
       "a watermark");

    for (i = 0; bad[i]; i++) {
        ok(watermark(bad[i], &appid, &made) == NGX_DECLINED, "none: %s",
           bad[i]);
    }
}


static void
test_signatures(void)
{
    u_char      sha1[40], sha256[64];
    ngx_str_t   key, s;

    key = str("o0q0otL8aEzpcZL/FT9WsQ==");
    s = str("{\"foo\":\"bar\"}");

    ok(ngx_wxapp_wxdata_hmac(&key, &s, sha256) == NGX_OK
       && memcmp(sha256, "654571f79995b2ce1e149e53c0a33dc3"
                         "9c0a74090db514261454e8dbe432aa0b", 64) == 0,
       "the login state of a body");

    s = str("");

    ok(ngx_wxapp_wxdata_hmac(&key, &s, sha256) == NGX_OK
       && memcmp(sha256, "46e043c5525c2d817c44be603d30837a"
                         "808a1d930d038f6fdc3e62a201fed128", 64) == 0,
       "of nothing");

    s = str("a");
    key = str("bc");
    ngx_wxapp_wxdata_sha1(&key, &s, sha1);
    ok(memcmp(sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", 40) == 0,
       "raw data come before the key");
}


static void
test_memory(void)
{
    int         n;
    ngx_int_t   rc;
    ngx_str_t   s, data;
    ngx_wxapp_json_node_t  *root;

    for (n = 0; n < 100; n++) {
        unit_pool();
        keys[0] = str("EBESExQVFhcYGRobHB0eHw==");
        data = encrypt("EBESExQVFhcYGRobHB0eHw==",
                       "{\"a\":[1,2,3,4]}\1", 16);

        unit_mallocs = n;
        rc = ngx_wxapp_wxdata_decrypt(pool, keys, 1, iv, &data, &s, &root);
        unit_mallocs = -1;

        if (rc != NGX_ERROR) {
            break;
        }
    }

    ok(n > 2 && rc == NGX_OK, "no memory is an error, at each of %d places", n);
}


int
main(void)
{
    unit_pool();

    keys[0] = str("EBESExQVFhcYGRobHB0eHw==");

    test_base64();
    test_padding();
    test_keys();
    test_watermark();
    test_signatures();
    test_memory();

    return unit_done();
}
