
#include "base/ngx_wxapp_text.h"


#define NGX_WXAPP_NEAREST_LEN  64


static ngx_uint_t ngx_wxapp_distance(ngx_str_t *a, ngx_str_t *b);


void
ngx_wxapp_text_init(ngx_wxapp_text_t *text, ngx_pool_t *pool, size_t size)
{
    text->pool = pool;
    text->start = ngx_pnalloc(pool, size);
    text->pos = text->start;
    text->end = text->start + (text->start ? size : 0);
    text->failed = (text->start == NULL);
}


ngx_int_t
ngx_wxapp_text_grow(ngx_wxapp_text_t *text, size_t size)
{
    u_char  *p;
    size_t   used, room;

    if (text->failed) {
        return NGX_ERROR;
    }

    if ((size_t) (text->end - text->pos) >= size) {
        return NGX_OK;
    }

    used = text->pos - text->start;
    room = 2 * (text->end - text->start);

    if (room < used + size) {
        room = used + size;
    }

    p = ngx_pnalloc(text->pool, room);
    if (p == NULL) {
        text->failed = 1;
        return NGX_ERROR;
    }

    ngx_memcpy(p, text->start, used);

    /* large blocks go back at once, small ones with the pool */
    (void) ngx_pfree(text->pool, text->start);

    text->start = p;
    text->pos = p + used;
    text->end = p + room;

    return NGX_OK;
}


void
ngx_wxapp_text_str(ngx_wxapp_text_t *text, ngx_str_t *s)
{
    ngx_wxapp_text_put(text, s->data, s->len);
}


void
ngx_wxapp_text_cstr(ngx_wxapp_text_t *text, const char *s)
{
    ngx_wxapp_text_put(text, s, ngx_strlen(s));
}


void
ngx_wxapp_text_int(ngx_wxapp_text_t *text, int64_t n)
{
    if (ngx_wxapp_text_reserve(text, NGX_INT64_LEN) == NGX_OK) {
        text->pos = ngx_sprintf(text->pos, "%L", n);
    }
}


ngx_int_t
ngx_wxapp_text_done(ngx_wxapp_text_t *text, ngx_str_t *s)
{
    if (text->failed) {
        return NGX_ERROR;
    }

    s->data = text->start;
    s->len = text->pos - text->start;

    return NGX_OK;
}


ngx_int_t
ngx_wxapp_utf8(const u_char *p, size_t len, size_t *chars)
{
    size_t         n;
    u_char         c, low, high;
    ngx_uint_t     more;
    const u_char  *last;

    n = 0;
    last = p + len;

    while (p < last) {
        c = *p++;
        n++;

        if (c < 0x80) {
            if (c == '\0') {
                return NGX_ERROR;
            }

            continue;
        }

        low = 0x80;
        high = 0xbf;

        if (c >= 0xc2 && c <= 0xdf) {
            more = 1;

        } else if (c >= 0xe0 && c <= 0xef) {
            more = 2;

            if (c == 0xe0) {
                low = 0xa0;

            } else if (c == 0xed) {
                high = 0x9f;
            }

        } else if (c >= 0xf0 && c <= 0xf4) {
            more = 3;

            if (c == 0xf0) {
                low = 0x90;

            } else if (c == 0xf4) {
                high = 0x8f;
            }

        } else {
            return NGX_ERROR;
        }

        if ((size_t) (last - p) < more) {
            return NGX_ERROR;
        }

        /* only the first continuation byte has a narrower range */

        while (more--) {
            c = *p++;

            if (c < low || c > high) {
                return NGX_ERROR;
            }

            low = 0x80;
            high = 0xbf;
        }
    }

    if (chars) {
        *chars = n;
    }

    return NGX_OK;
}


ngx_str_t *
ngx_wxapp_nearest(ngx_str_t *s, void *names, ngx_uint_t n, size_t stride)
{
    ngx_str_t   *name, *best;
    ngx_uint_t   i, d, min;

    best = NULL;
    min = s->len / 3 + 1;

    for (i = 0; i < n; i++) {
        name = (ngx_str_t *) ((u_char *) names + i * stride);

        d = ngx_wxapp_distance(s, name);

        if (d <= min && d < ngx_max(s->len, name->len)) {
            best = name;
            min = d ? d - 1 : 0;
        }
    }

    return best;
}


static ngx_uint_t
ngx_wxapp_distance(ngx_str_t *a, ngx_str_t *b)
{
    ngx_uint_t  i, j, row[NGX_WXAPP_NEAREST_LEN + 1], diagonal, above;

    if (a->len > NGX_WXAPP_NEAREST_LEN || b->len > NGX_WXAPP_NEAREST_LEN) {
        return NGX_MAX_INT32_VALUE;
    }

    for (j = 0; j <= b->len; j++) {
        row[j] = j;
    }

    for (i = 1; i <= a->len; i++) {
        diagonal = row[0];
        row[0] = i;

        for (j = 1; j <= b->len; j++) {
            above = row[j];

            row[j] = ngx_min(above, row[j - 1]) + 1;
            row[j] = ngx_min(row[j], diagonal
                                     + (a->data[i - 1] != b->data[j - 1]));

            diagonal = above;
        }
    }

    return row[b->len];
}
