
/*
 * Random bytes and digests.
 */


#include "base/ngx_wxapp_crypto.h"
#include "unit.h"


int
main(void)
{
    u_char      digest[NGX_WXAPP_SHA256_LEN], hex[64], sha1[40], *p, all[64][16];
    ngx_str_t   s;
    ngx_uint_t  i, j, same;
    uint32_t    seen[8];

    unit_pool();

    s = str("abc");
    ok(ngx_wxapp_sha256(&s, digest) == NGX_OK, "sha256");
    ngx_hex_dump(hex, digest, sizeof(digest));
    ok(memcmp(hex, "ba7816bf8f01cfea414140de5dae2223"
                   "b00361a396177a9cb410ff61f20015ad", 64) == 0, "of abc");

    s = str("");
    ok(ngx_wxapp_sha256(&s, digest) == NGX_OK, "sha256 of nothing");
    ngx_hex_dump(hex, digest, sizeof(digest));
    ok(memcmp(hex, "e3b0c44298fc1c149afbf4c8996fb924"
                   "27ae41e4649b934ca495991b7852b855", 64) == 0, "is known");

    s = str("abc");
    ok(ngx_wxapp_sha1_hex(&s, sha1) == NGX_OK
       && memcmp(sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", 40) == 0,
       "sha1 of abc");

    for (i = 0; i < 64; i++) {
        if (ngx_wxapp_random(all[i], 16) != NGX_OK) {
            break;
        }
    }

    ok(i == 64, "random, over more than one piece");

    for (same = 0, i = 0; i < 64; i++) {
        for (j = 0; j < i; j++) {
            same += (memcmp(all[i], all[j], 16) == 0);
        }
    }

    ok(same == 0, "never the same twice");

    p = ngx_pnalloc(pool, 512);
    ok(ngx_wxapp_random(p, 512) == NGX_OK, "the whole piece");
    ok(ngx_wxapp_random(p, 513) == NGX_ERROR, "more than a piece");

    memset(seen, 0, sizeof(seen));

    for (i = 0; i < 512; i++) {
        seen[p[i] >> 5] |= 1U << (p[i] & 31);
    }

    for (j = 0, i = 0; i < 8; i++) {
        j += __builtin_popcount(seen[i]);
    }

    ok(j > 150, "of many values");

    memset(p, 'x', 8);
    ok(ngx_wxapp_random(p, 0) == NGX_OK && memcmp(p, "xxxxxxxx", 8) == 0,
       "no bytes");

    /* a worker forked from a master that has drawn already */

    ngx_wxapp_random(all[0], 16);
    ngx_pid = 2;
    ngx_wxapp_random(all[1], 16);
    ngx_pid = 1;
    ngx_wxapp_random(all[2], 16);
    ok(memcmp(all[0], all[1], 16) != 0 && memcmp(all[1], all[2], 16) != 0,
       "another process draws anew");

    return unit_done();
}
