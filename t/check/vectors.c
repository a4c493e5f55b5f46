
/*
 * vectors hmac KEY MESSAGE | sha256 DATA, in hex: the digest that src/base
 * makes of them, for t/check/vectors.
 */


#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_wxdata.h"


static ngx_str_t
unhex(const char *hex)
{
    size_t     i;
    ngx_str_t  s;

    s.len = strlen(hex) / 2;
    s.data = malloc(s.len + 1);

    for (i = 0; i < s.len; i++) {
        s.data[i] = (u_char) ngx_hextoi((u_char *) hex + 2 * i, 2);
    }

    return s;
}


int
main(int argc, char **argv)
{
    u_char     digest[NGX_WXAPP_SHA256_LEN], hex[NGX_WXAPP_WXDATA_SHA256];
    ngx_str_t  key, s;

    if (argc == 4 && strcmp(argv[1], "hmac") == 0) {
        key = unhex(argv[2]);
        s = unhex(argv[3]);

        if (ngx_wxapp_wxdata_hmac(&key, &s, hex) != NGX_OK) {
            return 1;
        }

        free(key.data);

    } else if (argc == 3 && strcmp(argv[1], "sha256") == 0) {
        s = unhex(argv[2]);

        if (ngx_wxapp_sha256(&s, digest) != NGX_OK) {
            return 1;
        }

        ngx_hex_dump(hex, digest, sizeof(digest));

    } else {
        return 2;
    }

    free(s.data);

    printf("%.*s\n", (int) sizeof(hex), hex);

    return 0;
}
