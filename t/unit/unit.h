
/*
 * Checks that print TAP, and memory that runs out when told.
 */


#ifndef _UNIT_H_INCLUDED_
#define _UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


static ngx_log_t    unit_log;
static ngx_pool_t  *pool;             /* a fresh one by unit_pool() */
static ngx_uint_t   unit_n, unit_failed;

static ngx_int_t    unit_mallocs = -1;  /* as many succeed; -1: all */


#define ok(good, ...)  unit_ok((good) != 0, __LINE__, __VA_ARGS__)


/* linked with -Wl,--wrap=malloc */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
    if (unit_mallocs == 0) {
        return NULL;
    }

    if (unit_mallocs > 0) {
        unit_mallocs--;
    }

    return __real_malloc(size);
}


static inline ngx_uint_t
unit_ok(ngx_uint_t good, int line, const char *fmt, ...)
{
    char     name[512], *p;
    va_list  args;

    va_start(args, fmt);
    vsnprintf(name, sizeof(name), fmt, args);
    va_end(args);

    for (p = name; *p; p++) {
        if (*p == '#' || (u_char) *p < ' ') {
            *p = '_';
        }
    }

    printf("%sok %d - %s\n", good ? "" : "not ", (int) ++unit_n, name);

    if (!good) {
        unit_failed++;
        printf("# line %d\n", line);
    }

    return good;
}


static inline void
unit_pool(void)
{
    unit_mallocs = -1;
    ngx_pagesize = 4096;

    if (pool) {
        ngx_destroy_pool(pool);
    }

    pool = ngx_create_pool(1024, &unit_log);
}


/* a string in memory of exactly its size */

static inline ngx_str_t
bytes(const void *data, size_t len)
{
    ngx_str_t  s;

    s.len = len;
    s.data = ngx_pnalloc(pool, len ? len : 1);

    memcpy(s.data, data, len);

    return s;
}


static inline ngx_str_t
str(const char *s)
{
    return bytes(s, strlen(s));
}


static inline ngx_uint_t
equals(ngx_str_t *s, const char *expected)
{
    ngx_uint_t  same;

    same = (s->len == strlen(expected)
            && memcmp(s->data, expected, s->len) == 0);

    if (!same) {
        printf("# got \"%.*s\", expected \"%s\"\n", (int) s->len, s->data,
               expected);
    }

    return same;
}


/* the same numbers in each run */

static inline uint32_t
unit_random(uint32_t n)
{
    static uint64_t  seed = 88172645463325252ULL;

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (uint32_t) (seed >> 11) % n;
}


static inline int
unit_done(void)
{
    ngx_destroy_pool(pool);

    printf("1..%d\n", (int) unit_n);

    return unit_failed ? 1 : 0;
}


#endif /* _UNIT_H_INCLUDED_ */
