/*
 * How long a row of four columns takes to become JSON: by yajl_gen, and by the writer that the resource
 * module uses (base/ngx_wxapp_field.c, json.c, text.c).  bench/json builds and runs it.
 *
 *     json ROUNDS REPLIES ROWS
 *
 * A reply is ROWS rows in an array, made from the text columns of a result; memory is new for each reply, as
 * it is for a request.  Both must write the same bytes.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <yajl/yajl_gen.h>

#include "base/ngx_wxapp_field.h"
#include "base/ngx_wxapp_json.h"
#include "base/ngx_wxapp_text.h"


/* what the objects of nginx that are linked want, and nothing of it runs */

volatile ngx_cycle_t  *ngx_cycle;
ngx_pid_t              ngx_pid;

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    abort();
}


static ngx_wxapp_field_t  columns[] = {
    { ngx_string("id"), NGX_WXAPP_FIELD_BIGINT, ngx_null_string, ngx_null_string, 0, 0 },
    { ngx_string("name"), NGX_WXAPP_FIELD_STRING, ngx_null_string, ngx_null_string, 0, 0 },
    { ngx_string("price"), NGX_WXAPP_FIELD_DECIMAL, ngx_null_string, ngx_null_string, 0, 0 },
    { ngx_string("stock"), NGX_WXAPP_FIELD_INT, ngx_null_string, ngx_null_string, 0, 0 }
};

#define NCOLUMNS  (sizeof(columns) / sizeof(columns[0]))

static ngx_str_t  rows[][NCOLUMNS] = {
    { ngx_string("1"), ngx_string("\xe8\xa5\xbf\xe6\xb9\x96\xe9\xbe\x99\xe4\xba\x95"), ngx_string("168.00"), ngx_string("50") },
    { ngx_string("1234567"), ngx_string("Oolong tea, 250 g"), ngx_string("98.00"), ngx_string("120") },
    { ngx_string("90071992547"), ngx_string("a \"quoted\" name\n"), ngx_string("0.00"), ngx_string("0") },
    { ngx_string("77"), ngx_string("Jingdezhen porcelain cup with lid"), ngx_string("139.00"), ngx_string("35") }
};

#define NROWS  (sizeof(rows) / sizeof(rows[0]))

static u_char  reply[1 << 20];


static size_t
ours(ngx_log_t *log, ngx_uint_t n)
{
    size_t             len;
    ngx_str_t          s;
    ngx_uint_t         i, c;
    ngx_pool_t        *pool;
    ngx_wxapp_text_t   text;

    pool = ngx_create_pool(4096, log);

    ngx_wxapp_text_init(&text, pool, 2048);
    ngx_wxapp_json_open(&text, '[');

    for (i = 0; i < n; i++) {
        ngx_wxapp_json_open(&text, '{');

        for (c = 0; c < NCOLUMNS; c++) {
            ngx_wxapp_json_name_str(&text, &columns[c].name);
            ngx_wxapp_field_write(&columns[c], &text, &rows[i % NROWS][c]);
        }

        ngx_wxapp_json_close(&text, '}');
    }

    ngx_wxapp_json_close(&text, ']');

    len = 0;

    if (ngx_wxapp_text_done(&text, &s) == NGX_OK && s.len <= sizeof(reply)) {
        ngx_memcpy(reply, s.data, s.len);
        len = s.len;
    }

    ngx_destroy_pool(pool);

    return len;
}


static size_t
yajl(ngx_log_t *log, ngx_uint_t n)
{
    size_t                len;
    yajl_gen              gen;
    ngx_str_t            *s;
    ngx_uint_t            i, c;
    const unsigned char  *data;

    gen = yajl_gen_alloc(NULL);
    yajl_gen_config(gen, yajl_gen_validate_utf8, 1);

    yajl_gen_array_open(gen);

    for (i = 0; i < n; i++) {
        yajl_gen_map_open(gen);

        for (c = 0; c < NCOLUMNS; c++) {
            yajl_gen_string(gen, columns[c].name.data, columns[c].name.len);

            s = &rows[i % NROWS][c];

            if (columns[c].type == NGX_WXAPP_FIELD_STRING) {
                yajl_gen_string(gen, s->data, s->len);

            } else {
                yajl_gen_number(gen, (char *) s->data, s->len);
            }
        }

        yajl_gen_map_close(gen);
    }

    yajl_gen_array_close(gen);

    yajl_gen_get_buf(gen, &data, &len);
    ngx_memcpy(reply, data, len);

    yajl_gen_free(gen);

    return len;
}


static double
run(size_t (*writer)(ngx_log_t *log, ngx_uint_t n), ngx_log_t *log,
    ngx_uint_t replies, ngx_uint_t n)
{
    ngx_uint_t       i;
    struct timespec  from, to;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);

    for (i = 0; i < replies; i++) {
        if (writer(log, n) == 0) {
            abort();
        }
    }

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);

    return ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec))
           / 1e3 / (double) replies / (double) n;
}


static int
compare(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


int
main(int argc, char **argv)
{
    u_char      *copy;
    size_t       len;
    double       t[2][64];
    ngx_log_t    log;
    ngx_uint_t   i, rounds, replies, n;

    if (argc != 4) {
        return 2;
    }

    rounds = ngx_min((ngx_uint_t) atoi(argv[1]), 63);
    replies = atoi(argv[2]);
    n = atoi(argv[3]);

    ngx_memzero(&log, sizeof(ngx_log_t));
    ngx_pagesize = 4096;
    ngx_cacheline_size = 64;

    len = ours(&log, n);
    copy = malloc(len);
    ngx_memcpy(copy, reply, len);

    if (yajl(&log, n) != len || ngx_memcmp(copy, reply, len) != 0) {
        fprintf(stderr, "the writers disagree:\n%.300s\n%.300s\n", copy,
                reply);
        return 1;
    }

    for (i = 0; i < rounds; i++) {
        t[0][i] = run(yajl, &log, replies, n);
        t[1][i] = run(ours, &log, replies, n);
    }

    qsort(t[0], rounds, sizeof(double), compare);
    qsort(t[1], rounds, sizeof(double), compare);

    printf("rows=%d bytes_per_row=%.0f yajl_us=%.3f ours_us=%.3f "
           "ratio=%.2f\n", (int) n, (double) len / n, t[0][rounds / 2],
           t[1][rounds / 2], t[0][rounds / 2] / t[1][rounds / 2]);

    return 0;
}
