
/*
 * One input, one pool; what must hold and does not, ends the run.
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define must(good)                                                            \
    do {                                                                      \
        if (!(good)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #good);\
            abort();                                                          \
        }                                                                     \
    } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ngx_log_t    fuzz_log;
static ngx_pool_t  *pool;


static inline void
fuzz_pool(void)
{
    ngx_pagesize = 4096;

    if (pool) {
        ngx_destroy_pool(pool);
    }

    pool = ngx_create_pool(512, &fuzz_log);
}


/* in memory of exactly its size */

static inline ngx_str_t
bytes(const void *data, size_t len)
{
    ngx_str_t  s;

    s.len = len;
    s.data = ngx_pnalloc(pool, len ? len : 1);

    memcpy(s.data, data, len);

    return s;
}


#endif /* _FUZZ_H_INCLUDED_ */
