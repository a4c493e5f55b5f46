
/*
 * Any traceparent: what we send on is well formed, and of the trace of the
 * caller only if that was.
 */


#include "base/ngx_wxapp_trace.h"
#include "../fuzz/fuzz.h"


static ngx_uint_t
well_formed(const u_char *p)
{
    size_t  i;

    for (i = 0; i < NGX_WXAPP_TRACEPARENT_LEN; i++) {
        if ((i == 2 || i == 35 || i == 52)
            ? p[i] != '-'
            : !((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
        {
            return 0;
        }
    }

    return memcmp(p + 3, "00000000000000000000000000000000", 32) != 0
           && memcmp(p + 36, "0000000000000000", 16) != 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t          s, id;
    ngx_uint_t         valid;
    ngx_wxapp_trace_t  trace;

    fuzz_pool();

    s = bytes(data, size);

    memset(&trace, 0xee, sizeof(trace));
    must(ngx_wxapp_trace_init(&trace, &s) == NGX_OK);
    ngx_wxapp_trace_id(&trace, &id);

    must(well_formed(trace.parent));
    must(memcmp(trace.parent, "00-", 3) == 0);

    /* the white space of a header is not its value's */

    while (size && (*data == ' ' || *data == '\t')) {
        data++;
        size--;
    }

    while (size && (data[size - 1] == ' ' || data[size - 1] == '\t')) {
        size--;
    }

    valid = (size >= NGX_WXAPP_TRACEPARENT_LEN && well_formed(data)
             && memcmp(data, "ff", 2) != 0
             && (size == NGX_WXAPP_TRACEPARENT_LEN
                 || (memcmp(data, "00", 2) != 0
                     && data[NGX_WXAPP_TRACEPARENT_LEN] == '-')));

    must(trace.inherited == valid);

    if (valid) {
        must(memcmp(id.data, data + 3, 32) == 0);
        must(memcmp(trace.parent + 36, data + 36, 16) != 0);
        must(trace.parent[53] == '0' && trace.parent[54] <= '3');
        must((trace.parent[54] & 1)
             == ((data[54] <= '9' ? data[54] : data[54] - 'a') & 1));
    }

    return 0;
}
