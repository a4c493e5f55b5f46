
/*
 * Secrets at rest: keys from files, sealing, and all that is not opened.
 */


#include "base/ngx_wxapp_seal.h"
#include "unit.h"


static ngx_array_t  *keys;


static void
key(const char *id, u_char byte)
{
    ngx_wxapp_seal_key_t  *k;

    k = ngx_array_push(keys);

    k->id = str(id);
    memset(k->key, byte, sizeof(k->key));
}


static ngx_uint_t
opens(ngx_str_t place, ngx_str_t sealed, const char *expected)
{
    ngx_str_t  plain;

    return ngx_wxapp_unseal(keys, pool, &place, &sealed, &plain) == NGX_OK
           && equals(&plain, expected);
}


static ngx_uint_t
closed(ngx_str_t place, ngx_str_t sealed)
{
    ngx_str_t  plain;

    return ngx_wxapp_unseal(keys, pool, &place, &sealed, &plain)
           == NGX_DECLINED;
}


static void
files(void)
{
    u_char                raw[32], hex[64], base64[45];
    ngx_str_t             s, text;
    ngx_uint_t            i;
    ngx_wxapp_seal_key_t  k;

    for (i = 0; i < 32; i++) {
        raw[i] = (u_char) (i * 9 + 3);
    }

    memset(&k, 0, sizeof(k));
    s = bytes(raw, 32);
    ok(ngx_wxapp_seal_key(&k, &s) == NGX_OK && memcmp(k.key, raw, 32) == 0,
       "32 bytes are a key");

    memset(&k, 0, sizeof(k));
    ngx_hex_dump(hex, raw, 32);
    s = bytes(hex, 64);
    ok(ngx_wxapp_seal_key(&k, &s) == NGX_OK && memcmp(k.key, raw, 32) == 0,
       "64 hex digits are a key");

    s.data[63] = 'g';
    ok(ngx_wxapp_seal_key(&k, &s) == NGX_DECLINED, "63 and a letter are not");

    memset(&k, 0, sizeof(k));
    text.data = base64;
    s = bytes(raw, 32);
    ngx_encode_base64(&text, &s);
    s = bytes(base64, text.len);
    ok(s.len == 44
       && ngx_wxapp_seal_key(&k, &s) == NGX_OK && memcmp(k.key, raw, 32) == 0,
       "44 characters of base64 are a key");

    s.data[5] = ' ';
    ok(ngx_wxapp_seal_key(&k, &s) == NGX_DECLINED, "with a space they are not");

    memset(s.data, 'A', 44);
    ok(ngx_wxapp_seal_key(&k, &s) == NGX_DECLINED, "nor base64 of 33 bytes");

    s.data[42] = s.data[43] = '=';
    ok(ngx_wxapp_seal_key(&k, &s) == NGX_DECLINED, "nor base64 of 31 bytes");

    for (i = 0; i <= 100; i++) {
        if (i == 32 || i == 64) {
            continue;
        }

        s = bytes("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i);

        if (ngx_wxapp_seal_key(&k, &s) != NGX_DECLINED) {
            break;
        }
    }

    ok(i == 101, "nor any other length");
}


int
main(void)
{
    size_t      i, n;
    u_char      c;
    ngx_str_t   a, b, plain, sealed, again;
    ngx_uint_t  bad;

    unit_pool();

    files();

    keys = ngx_array_create(pool, 4, sizeof(ngx_wxapp_seal_key_t));
    key("2026", 1);

    a = str("session_key:7");
    b = str("session_key:8");
    plain = str("tiihtNczf5v6AKRyjwEUhQ==");

    ok(ngx_wxapp_seal(keys, pool, &a, &plain, &sealed) == NGX_OK, "sealed");
    ok(sealed.len > 8 && memcmp(sealed.data, "v1.2026.", 8) == 0,
       "under the name of its key");
    ok(sealed.len == 8 + (12 + 24 + 16) * 4 / 3 + 1,
       "with nonce and tag, and no padding");
    ok(opens(a, sealed, "tiihtNczf5v6AKRyjwEUhQ=="), "opened");

    ok(ngx_wxapp_seal(keys, pool, &a, &plain, &again) == NGX_OK
       && (again.len != sealed.len
           || memcmp(again.data, sealed.data, sealed.len) != 0),
       "the same twice is not the same text");

    ok(closed(b, sealed), "not opened in another place");
    ok(closed(str(""), sealed), "nor in none");

    /* each byte of the text counts; the last holds bits of no byte */

    for (bad = 0, i = 0; i < sealed.len; i++) {
        c = sealed.data[i];
        sealed.data[i] = (c == 'Q') ? 'g' : 'Q';
        bad += !closed(a, sealed);
        sealed.data[i] = c;
    }

    ok(bad == 0, "not opened with any byte changed");

    for (bad = 0, n = 0; n < sealed.len; n++) {
        bad += !closed(a, bytes(sealed.data, n));
    }

    ok(bad == 0, "not opened when cut short anywhere");

    again.len = sealed.len + 4;
    again.data = ngx_pnalloc(pool, again.len);
    memcpy(again.data, sealed.data, sealed.len);
    memcpy(again.data + sealed.len, "AAAA", 4);
    ok(closed(a, again), "nor with more behind it");

    ok(closed(a, str("tiihtNczf5v6AKRyjwEUhQ==")), "a plain key is not opened");
    ok(closed(a, str("v1.2026.")), "nor nothing");
    ok(closed(a, str("v1.2026.!!!!")), "nor what is no base64");
    ok(closed(a, str("v2.2026.AAAA")), "nor another version");
    ok(closed(a, str("")), "nor an empty text");

    plain = str("");
    ok(ngx_wxapp_seal(keys, pool, &a, &plain, &again) == NGX_OK
       && opens(a, again, ""),
       "an empty secret is a secret");

    /* a new key stands before the old one, then the old one goes */

    keys->nelts = 0;
    key("2027", 2);
    key("2026", 1);

    ok(opens(a, sealed, "tiihtNczf5v6AKRyjwEUhQ=="),
       "the key before is still opened");

    plain = str("new");
    ok(ngx_wxapp_seal(keys, pool, &a, &plain, &again) == NGX_OK
       && memcmp(again.data, "v1.2027.", 8) == 0 && opens(a, again, "new"),
       "the first key seals");

    keys->nelts = 1;
    ok(closed(a, sealed), "a key that is gone opens no more");
    ok(opens(a, again, "new"), "the new one does");

    /* the name of a key is not enough */

    keys->nelts = 0;
    key("2026", 3);
    ok(closed(a, sealed), "another key of the same name does not open");

    keys->nelts = 0;
    key("202", 1);
    ok(closed(a, sealed), "nor the same key of another name");

    return unit_done();
}
