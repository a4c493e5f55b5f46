
#include "base/ngx_wxapp_trace.h"
#include "base/ngx_wxapp_crypto.h"


/* 00-<trace id, 32>-<span id, 16>-<flags, 2> */

#define NGX_WXAPP_TRACE_ID     3
#define NGX_WXAPP_TRACE_SPAN   36
#define NGX_WXAPP_TRACE_FLAGS  53


static ngx_uint_t ngx_wxapp_trace_valid(ngx_str_t *s);
static ngx_uint_t ngx_wxapp_trace_hex(u_char *p, size_t len);


ngx_int_t
ngx_wxapp_trace_init(ngx_wxapp_trace_t *trace, ngx_str_t *traceparent)
{
    u_char     *p, random[24];
    ngx_str_t   value;

    p = trace->parent;

    if (ngx_wxapp_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_null(&value);

    if (traceparent) {
        value = *traceparent;

        while (value.len && (*value.data == ' ' || *value.data == '\t')) {
            value.data++;
            value.len--;
        }

        while (value.len && (value.data[value.len - 1] == ' '
                             || value.data[value.len - 1] == '\t'))
        {
            value.len--;
        }
    }

    trace->inherited = ngx_wxapp_trace_valid(&value);

    if (trace->inherited) {
        ngx_memcpy(p, value.data, NGX_WXAPP_TRACEPARENT_LEN);

        /* flags of level 2: sampled and random; others are not ours to pass */

        p[NGX_WXAPP_TRACE_FLAGS] = '0';
        p[NGX_WXAPP_TRACE_FLAGS + 1] = '0'
                            + (ngx_hextoi(&p[NGX_WXAPP_TRACE_FLAGS + 1], 1)
                               & 3);

    } else {
        ngx_hex_dump(p + NGX_WXAPP_TRACE_ID, random + 8, 16);
        ngx_memcpy(p + NGX_WXAPP_TRACE_FLAGS, "01", 2);
    }

    p[0] = '0';
    p[1] = '0';
    p[2] = '-';
    p[NGX_WXAPP_TRACE_SPAN - 1] = '-';
    ngx_hex_dump(p + NGX_WXAPP_TRACE_SPAN, random, 8);
    p[NGX_WXAPP_TRACE_FLAGS - 1] = '-';

    return NGX_OK;
}


void
ngx_wxapp_trace_id(ngx_wxapp_trace_t *trace, ngx_str_t *id)
{
    id->data = trace->parent + NGX_WXAPP_TRACE_ID;
    id->len = NGX_WXAPP_TRACE_ID_LEN;
}


static ngx_uint_t
ngx_wxapp_trace_valid(ngx_str_t *s)
{
    u_char  *p;

    static u_char  zeros[] = "00000000000000000000000000000000";

    p = s->data;

    /* a later version may append fields to those of version 00 */

    if (s->len < NGX_WXAPP_TRACEPARENT_LEN
        || (s->len > NGX_WXAPP_TRACEPARENT_LEN
            && (ngx_strncmp(p, "00", 2) == 0
                || p[NGX_WXAPP_TRACEPARENT_LEN] != '-')))
    {
        return 0;
    }

    return ngx_wxapp_trace_hex(p, 2)
           && ngx_strncmp(p, "ff", 2) != 0
           && p[2] == '-'
           && ngx_wxapp_trace_hex(p + NGX_WXAPP_TRACE_ID, 32)
           && ngx_memcmp(p + NGX_WXAPP_TRACE_ID, zeros, 32) != 0
           && p[NGX_WXAPP_TRACE_SPAN - 1] == '-'
           && ngx_wxapp_trace_hex(p + NGX_WXAPP_TRACE_SPAN, 16)
           && ngx_memcmp(p + NGX_WXAPP_TRACE_SPAN, zeros, 16) != 0
           && p[NGX_WXAPP_TRACE_FLAGS - 1] == '-'
           && ngx_wxapp_trace_hex(p + NGX_WXAPP_TRACE_FLAGS, 2);
}


static ngx_uint_t
ngx_wxapp_trace_hex(u_char *p, size_t len)
{
    for ( /* void */ ; len; len--, p++) {
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'))) {
            return 0;
        }
    }

    return 1;
}
