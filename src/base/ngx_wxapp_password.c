
#include "base/ngx_wxapp_password.h"
#include "base/ngx_wxapp_crypto.h"

#include <crypt.h>


#define NGX_WXAPP_PASSWORD_SALT   16          /* bytes */
#define NGX_WXAPP_PASSWORD_SALT0  7           /* its place in a setting */


/* base64 of bcrypt */

static u_char  ngx_wxapp_password_digits[] =
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";


ngx_int_t
ngx_wxapp_password_setting(ngx_uint_t cost,
    u_char setting[NGX_WXAPP_PASSWORD_SETTING + 1])
{
    u_char      *p, salt[NGX_WXAPP_PASSWORD_SALT];
    uint32_t     bits;
    ngx_uint_t   i, n;

    if (ngx_wxapp_random(salt, sizeof(salt)) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(setting, "$2b$%02ui$", cost);
    bits = 0;
    n = 0;

    for (i = 0; i < sizeof(salt); i++) {
        bits = (bits << 8) | salt[i];

        for (n += 8; n >= 6; n -= 6) {
            *p++ = ngx_wxapp_password_digits[(bits >> (n - 6)) & 63];
        }
    }

    *p++ = ngx_wxapp_password_digits[(bits << (6 - n)) & 63];
    *p = '\0';

    return NGX_OK;
}


ngx_uint_t
ngx_wxapp_password_cost(ngx_str_t *hash)
{
    u_char      *p;
    ngx_int_t    cost;
    ngx_uint_t   i;

    p = hash->data;

    if (hash->len != NGX_WXAPP_PASSWORD_HASH
        || p[0] != '$' || p[1] != '2'
        || (p[2] != 'a' && p[2] != 'b' && p[2] != 'y')
        || p[3] != '$' || p[6] != '$')
    {
        return 0;
    }

    for (i = NGX_WXAPP_PASSWORD_SALT0; i < NGX_WXAPP_PASSWORD_HASH; i++) {
        if (p[i] == '\0'
            || ngx_strchr(ngx_wxapp_password_digits, p[i]) == NULL)
        {
            return 0;
        }
    }

    cost = ngx_atoi(p + 4, 2);

    return (cost < NGX_WXAPP_PASSWORD_COST_MIN
            || cost > NGX_WXAPP_PASSWORD_COST_MAX) ? 0 : cost;
}


ngx_int_t
ngx_wxapp_password_hash(ngx_str_t *password, const u_char *setting,
    u_char hash[NGX_WXAPP_PASSWORD_HASH])
{
    char                *out, phrase[NGX_WXAPP_PASSWORD_MAX + 1];
    ngx_int_t            rc;
    struct crypt_data   *data;

    if (password->len > NGX_WXAPP_PASSWORD_MAX
        || memchr(password->data, '\0', password->len))
    {
        return NGX_DECLINED;
    }

    /* 32 KB, and no log of nginx, which a thread must not write to */

    data = malloc(sizeof(struct crypt_data));
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(data, sizeof(struct crypt_data));

    *ngx_cpymem(phrase, password->data, password->len) = '\0';

    rc = NGX_ERROR;
    out = crypt_rn(phrase, (const char *) setting, data,
                   sizeof(struct crypt_data));

    if (out && ngx_strlen(out) == NGX_WXAPP_PASSWORD_HASH) {
        ngx_memcpy(hash, out, NGX_WXAPP_PASSWORD_HASH);
        rc = NGX_OK;
    }

    ngx_explicit_memzero(phrase, sizeof(phrase));
    ngx_explicit_memzero(data, sizeof(struct crypt_data));

    free(data);

    return rc;
}


ngx_int_t
ngx_wxapp_password_verify(ngx_str_t *password,
    const u_char hash[NGX_WXAPP_PASSWORD_HASH], ngx_uint_t cost)
{
    u_char      setting[NGX_WXAPP_PASSWORD_SETTING + 1];
    u_char      own[NGX_WXAPP_PASSWORD_HASH];
    ngx_int_t   rc;
    ngx_str_t   s;
    ngx_uint_t  n;

    ngx_memcpy(setting, hash, NGX_WXAPP_PASSWORD_SETTING);
    setting[NGX_WXAPP_PASSWORD_SETTING] = '\0';

    rc = ngx_wxapp_password_hash(password, setting, own);

    if (rc == NGX_OK
        && ngx_wxapp_memcmp_const(own, hash, sizeof(own)) != 0)
    {
        rc = NGX_DECLINED;

        /* 2^n and 2^n + 2^(n+1) + ... + 2^(cost-1) are 2^cost rounds */

        s.data = (u_char *) hash;
        s.len = NGX_WXAPP_PASSWORD_HASH;

        for (n = ngx_wxapp_password_cost(&s); n < cost; n++) {
            setting[4] = '0' + n / 10;
            setting[5] = '0' + n % 10;

            if (ngx_wxapp_password_hash(password, setting, own) != NGX_OK) {
                rc = NGX_ERROR;
                break;
            }
        }
    }

    ngx_explicit_memzero(own, sizeof(own));

    return rc;
}
