
#include "base/ngx_wxapp_form.h"


static u_char *ngx_wxapp_form_decode(u_char *dst, u_char *p, u_char *last,
    ngx_uint_t *malformed);


ngx_int_t
ngx_wxapp_form_parse(ngx_pool_t *pool, ngx_str_t *text, ngx_array_t *pairs)
{
    u_char            *p, *dst, *last, *end, *eq;
    ngx_wxapp_pair_t  *pair;

    if (ngx_array_init(pairs, pool, 8, sizeof(ngx_wxapp_pair_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    if (text->len == 0) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(pool, text->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    last = text->data + text->len;

    for (p = text->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        if (end == p) {
            continue;
        }

        if (pairs->nelts == NGX_WXAPP_FORM_PAIRS) {
            return NGX_DECLINED;
        }

        pair = ngx_array_push(pairs);
        if (pair == NULL) {
            return NGX_ERROR;
        }

        pair->malformed = 0;

        eq = ngx_strlchr(p, end, '=');

        if (eq == NULL) {
            eq = end;
        }

        pair->name.data = dst;
        dst = ngx_wxapp_form_decode(dst, p, eq, &pair->malformed);
        pair->name.len = dst - pair->name.data;

        pair->value.data = dst;
        dst = ngx_wxapp_form_decode(dst, (eq < end) ? eq + 1 : end, end,
                                    &pair->malformed);
        pair->value.len = dst - pair->value.data;
    }

    return NGX_OK;
}


static u_char *
ngx_wxapp_form_decode(u_char *dst, u_char *p, u_char *last,
    ngx_uint_t *malformed)
{
    ngx_int_t  n;

    while (p < last) {

        if (*p == '+') {
            *dst++ = ' ';
            p++;
            continue;
        }

        if (*p != '%') {
            *dst++ = *p++;
            continue;
        }

        n = (last - p < 3) ? NGX_ERROR : ngx_hextoi(p + 1, 2);

        if (n == NGX_ERROR) {
            *malformed = 1;
            *dst++ = *p++;
            continue;
        }

        *dst++ = (u_char) n;
        p += 3;
    }

    return dst;
}
