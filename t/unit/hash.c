
/*
 * SipHash-2-4: the vectors of its authors.
 */


#include "base/ngx_wxapp_hash.h"
#include "unit.h"


int
main(void)
{
    u_char      text[64];
    uint64_t    key[2];
    ngx_uint_t  i;

    static const uint64_t  known[] = {
        0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
        0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
        0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462
    };

    unit_pool();

    for (i = 0; i < sizeof(text); i++) {
        text[i] = i;
    }

    memcpy(key, text, sizeof(key));

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        ok(ngx_wxapp_hash(key, text, i) == known[i], "%lu bytes", i);
    }

    ok(ngx_wxapp_hash(key, text, 15) == 0xa129ca6149be45e5, "15 bytes");

    key[0]++;
    ok(ngx_wxapp_hash(key, text, 8) != known[8], "another key");

    return unit_done();
}
