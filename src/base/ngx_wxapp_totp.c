
#include "base/ngx_wxapp_totp.h"
#include "base/ngx_wxapp_crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>


ngx_int_t
ngx_wxapp_base32(ngx_str_t *text, u_char secret[NGX_WXAPP_TOTP_SECRET],
    size_t *len)
{
    u_char      *p, *last, c;
    size_t       n;
    uint32_t     bits;
    ngx_uint_t   nbits;

    p = text->data;
    last = p + text->len;

    while (last > p && last[-1] == '=') {
        last--;
    }

    n = 0;
    bits = 0;
    nbits = 0;

    for ( /* void */ ; p < last; p++) {

        if (*p == ' ' || *p == '-') {
            continue;
        }

        c = ngx_tolower(*p);

        if (c >= 'a' && c <= 'z') {
            c -= 'a';

        } else if (c >= '2' && c <= '7') {
            c -= '2' - 26;

        } else {
            return NGX_DECLINED;
        }

        bits = (bits << 5) | c;
        nbits += 5;

        if (nbits >= 8) {
            if (n == NGX_WXAPP_TOTP_SECRET) {
                return NGX_DECLINED;
            }

            nbits -= 8;
            secret[n++] = (u_char) (bits >> nbits);
        }
    }

    *len = n;

    return n ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_wxapp_totp(ngx_str_t *secret, uint64_t step,
    u_char code[NGX_WXAPP_TOTP_DIGITS])
{
    u_char       counter[8], digest[EVP_MAX_MD_SIZE], *p;
    uint32_t     n;
    ngx_int_t    i;

    for (i = 7; i >= 0; i--) {
        counter[i] = (u_char) step;
        step >>= 8;
    }

    if (HMAC(EVP_sha1(), secret->data, secret->len, counter, sizeof(counter),
             digest, NULL)
        == NULL)
    {
        return NGX_ERROR;
    }

    p = digest + (digest[19] & 15);

    n = ((uint32_t) (p[0] & 127) << 24) | (p[1] << 16) | (p[2] << 8) | p[3];

    for (i = NGX_WXAPP_TOTP_DIGITS - 1; i >= 0; i--) {
        code[i] = '0' + n % 10;
        n /= 10;
    }

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_totp_verify(ngx_str_t *base32, ngx_str_t *code, time_t now,
    ngx_uint_t skew, uint64_t *step)
{
    u_char      secret[NGX_WXAPP_TOTP_SECRET], own[NGX_WXAPP_TOTP_DIGITS];
    uint64_t    n, last;
    ngx_int_t   rc;
    ngx_str_t   s;

    s.data = secret;

    if (ngx_wxapp_base32(base32, secret, &s.len) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_DECLINED;

    n = (uint64_t) now / NGX_WXAPP_TOTP_STEP;
    last = n + skew;

    /* all of them in any case, so that the time does not tell which one */

    for (n -= skew; n <= last; n++) {

        if (ngx_wxapp_totp(&s, n, own) != NGX_OK) {
            rc = NGX_ERROR;
            break;
        }

        if (code->len == sizeof(own)
            && ngx_wxapp_memcmp_const(own, code->data, sizeof(own)) == 0)
        {
            *step = n;
            rc = NGX_OK;
        }
    }

    ngx_explicit_memzero(secret, sizeof(secret));
    ngx_explicit_memzero(own, sizeof(own));

    return rc;
}
