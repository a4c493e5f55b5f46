
/*
 * A form, as it is, and encoded again.
 */


#include "base/ngx_wxapp_form.h"
#include "../fuzz/fuzz.h"


static u_char *
encode(u_char *p, ngx_str_t *s)
{
    size_t  i;

    static u_char  hex[] = "0123456789abcdef";

    for (i = 0; i < s->len; i++) {
        *p++ = '%';
        *p++ = hex[s->data[i] >> 4];
        *p++ = hex[s->data[i] & 0xf];
    }

    return p;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char            *p;
    size_t             i, n, len;
    ngx_int_t          rc;
    ngx_str_t          s;
    ngx_array_t        pairs, again;
    ngx_wxapp_pair_t  *a, *b;

    fuzz_pool();

    s = bytes(data, size);
    rc = ngx_wxapp_form_parse(pool, &s, &pairs);
    must(rc == NGX_OK);
    must(memcmp(s.data, data, size) == 0);

    for (i = 0, n = 1; i < size; i++) {
        n += (data[i] == '&');
    }

    must(pairs.nelts <= n);

    a = pairs.elts;

    for (i = 0, len = 0; i < pairs.nelts; i++) {
        len += a[i].name.len + a[i].value.len;
    }

    must(len <= size);

    s.data = ngx_pnalloc(pool, 3 * len + 2 * n + 1);
    p = s.data;

    for (i = 0; i < pairs.nelts; i++) {
        p = encode(p, &a[i].name);
        *p++ = '=';
        p = encode(p, &a[i].value);
        *p++ = '&';
    }

    s = bytes(s.data, p - s.data);
    must(ngx_wxapp_form_parse(pool, &s, &again) == NGX_OK);
    must(again.nelts == pairs.nelts);

    b = again.elts;

    for (i = 0; i < pairs.nelts; i++) {
        must(!b[i].malformed);
        must(a[i].name.len == b[i].name.len
             && memcmp(a[i].name.data, b[i].name.data, a[i].name.len) == 0);
        must(a[i].value.len == b[i].value.len
             && memcmp(a[i].value.data, b[i].value.data, a[i].value.len) == 0);
    }

    return 0;
}
