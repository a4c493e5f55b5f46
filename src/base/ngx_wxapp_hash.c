
#include "base/ngx_wxapp_hash.h"


#define ngx_wxapp_hash_rotate(n, bits)                                        \
    ((n) << (bits) | (n) >> (64 - (bits)))


static void ngx_wxapp_hash_word(uint64_t v[4], uint64_t word);
static void ngx_wxapp_hash_rounds(uint64_t v[4], ngx_uint_t n);


uint64_t
ngx_wxapp_hash(const uint64_t key[2], const u_char *p, size_t len)
{
    size_t    left;
    uint64_t  word, v[4];

    v[0] = key[0] ^ 0x736f6d6570736575;
    v[1] = key[1] ^ 0x646f72616e646f6d;
    v[2] = key[0] ^ 0x6c7967656e657261;
    v[3] = key[1] ^ 0x7465646279746573;

    for (left = len; left >= 8; left -= 8, p += 8) {
        ngx_memcpy(&word, p, 8);
        ngx_wxapp_hash_word(v, word);
    }

    word = 0;
    ngx_memcpy(&word, p, left);
    ngx_wxapp_hash_word(v, word | (uint64_t) len << 56);

    v[2] ^= 0xff;
    ngx_wxapp_hash_rounds(v, 4);

    return v[0] ^ v[1] ^ v[2] ^ v[3];
}


static void
ngx_wxapp_hash_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    ngx_wxapp_hash_rounds(v, 2);
    v[0] ^= word;
}


static void
ngx_wxapp_hash_rounds(uint64_t v[4], ngx_uint_t n)
{
    while (n--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = ngx_wxapp_hash_rotate(v[1], 13) ^ v[0];
        v[3] = ngx_wxapp_hash_rotate(v[3], 16) ^ v[2];
        v[0] = ngx_wxapp_hash_rotate(v[0], 32);

        v[2] += v[1];
        v[0] += v[3];
        v[1] = ngx_wxapp_hash_rotate(v[1], 17) ^ v[2];
        v[3] = ngx_wxapp_hash_rotate(v[3], 21) ^ v[0];
        v[2] = ngx_wxapp_hash_rotate(v[2], 32);
    }
}
