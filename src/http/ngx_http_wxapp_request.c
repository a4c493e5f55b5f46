
#include "http/ngx_http_wxapp_request.h"


/* one wait: a request and its subrequests may each have one */

typedef struct {
    ngx_queue_t               queue;
    ngx_http_request_t       *request;
    ngx_wxapp_op_t           *op;
    ngx_http_wxapp_done_pt    done;
    ngx_msec_t               *spent;      /* NULL: not logged */
} ngx_http_wxapp_wait_t;


static ngx_http_wxapp_ctx_t *ngx_http_wxapp_ctx_find(ngx_http_request_t *r);
static void ngx_http_wxapp_ctx_cleanup(void *data);
static void ngx_http_wxapp_gone(void *data);
static ngx_int_t ngx_http_wxapp_wait(ngx_http_request_t *r,
    ngx_http_wxapp_ctx_t *ctx, ngx_wxapp_op_t *op,
    ngx_http_wxapp_done_pt done, ngx_msec_t *spent);
static void ngx_http_wxapp_op_handler(ngx_wxapp_op_t *op);


ngx_http_wxapp_ctx_t *
ngx_http_wxapp_ctx(ngx_http_request_t *r)
{
    ngx_uint_t             n;
    ngx_table_elt_t       *h;
    ngx_pool_cleanup_t    *cln;
    ngx_http_cleanup_t    *gone;
    ngx_http_wxapp_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_module);

    if (ctx) {
        return ctx;
    }

    ctx = ngx_http_wxapp_ctx_find(r);

    if (ctx) {
        ngx_http_set_ctx(r, ctx, ngx_http_wxapp_module);
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_wxapp_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_wxapp_ctx_t));
    ngx_queue_init(&ctx->waits);

    h = ngx_http_wxapp_header_find(&r->headers_in.headers, "traceparent", &n);

    if (ngx_wxapp_trace_init(&ctx->trace, n == 1 ? &h->value : NULL)
        != NGX_OK)
    {
        return NULL;
    }

    gone = ngx_http_cleanup_add(r, 0);
    if (gone == NULL) {
        return NULL;
    }

    gone->handler = ngx_http_wxapp_gone;
    gone->data = ctx;

    /* the handler marks the context for ngx_http_wxapp_ctx_find() */

    cln->handler = ngx_http_wxapp_ctx_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_wxapp_module);

    return ctx;
}


/* an internal redirect clears r->ctx, but not the pool: realip's way */

static ngx_http_wxapp_ctx_t *
ngx_http_wxapp_ctx_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    if (!r->internal && !r->filter_finalize) {
        return NULL;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_wxapp_ctx_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_http_wxapp_ctx_cleanup(void *data)
{
    /* nothing to free: this is a mark */
}


/* the request ends or is torn down: nobody waits for its operations now */

static void
ngx_http_wxapp_gone(void *data)
{
    ngx_http_wxapp_ctx_t *ctx = data;

    ngx_queue_t            *q;
    ngx_http_wxapp_wait_t  *wait;

    while (!ngx_queue_empty(&ctx->waits)) {
        q = ngx_queue_head(&ctx->waits);
        ngx_queue_remove(q);

        wait = ngx_queue_data(q, ngx_http_wxapp_wait_t, queue);
        ngx_wxapp_op_detach(wait->op);
    }
}


ngx_int_t
ngx_http_wxapp_wait_redis(ngx_http_request_t *r, ngx_wxapp_op_t *op,
    ngx_http_wxapp_done_pt done)
{
    ngx_http_wxapp_ctx_t  *ctx;

    /* there is one: guards and handlers start with it */

    ctx = ngx_http_wxapp_ctx(r);
    ctx->redis_used = 1;

    return ngx_http_wxapp_wait(r, ctx, op, done, &ctx->redis);
}


ngx_int_t
ngx_http_wxapp_wait_mysql(ngx_http_request_t *r, ngx_wxapp_op_t *op,
    ngx_http_wxapp_done_pt done)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    ctx->mysql_used = 1;

    return ngx_http_wxapp_wait(r, ctx, op, done, &ctx->mysql);
}


ngx_int_t
ngx_http_wxapp_wait_job(ngx_http_request_t *r, ngx_wxapp_op_t *op,
    ngx_http_wxapp_done_pt done)
{
    return ngx_http_wxapp_wait(r, ngx_http_wxapp_ctx(r), op, done, NULL);
}


static ngx_int_t
ngx_http_wxapp_wait(ngx_http_request_t *r, ngx_http_wxapp_ctx_t *ctx,
    ngx_wxapp_op_t *op, ngx_http_wxapp_done_pt done, ngx_msec_t *spent)
{
    ngx_http_wxapp_wait_t  *wait;

    wait = ngx_palloc(r->pool, sizeof(ngx_http_wxapp_wait_t));
    if (wait == NULL) {
        op->free(op);
        return NGX_ERROR;
    }

    wait->request = r;
    wait->op = op;
    wait->done = done;
    wait->spent = spent;

    ngx_queue_insert_tail(&ctx->waits, &wait->queue);

    op->owner = wait;
    op->handler = ngx_http_wxapp_op_handler;

    ngx_http_wxapp_watch(r);

    return NGX_OK;
}


void
ngx_http_wxapp_audit(ngx_http_request_t *r, ngx_http_wxapp_counter_e counter,
    ngx_str_t *uid)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ngx_http_wxapp_count(counter);

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return;
    }

    ctx->audit = &ngx_http_wxapp_counters[counter];
    ngx_str_null(&ctx->audit_user);

    if (uid && uid->len) {
        ctx->audit_user.data = ngx_pstrdup(r->main->pool, uid);
        ctx->audit_user.len = ctx->audit_user.data ? uid->len : 0;
    }
}


void
ngx_http_wxapp_watch(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    r->read_event_handler = ngx_http_test_reading;

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else {

        /* on an error only the abort goes unseen */

        (void) ngx_handle_read_event(rev, 0);
    }
}


static void
ngx_http_wxapp_op_handler(ngx_wxapp_op_t *op)
{
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_wxapp_wait_t  *wait;

    wait = op->owner;
    r = wait->request;
    c = r->connection;

    ngx_queue_remove(&wait->queue);

    ngx_http_set_log_request(c->log, r);

    if (wait->spent) {
        *wait->spent += ngx_current_msec - op->started;
    }

    wait->done(r, op);

    ngx_http_run_posted_requests(c);
}


ngx_table_elt_t *
ngx_http_wxapp_header_find(ngx_list_t *headers, const char *name,
    ngx_uint_t *n)
{
    size_t            len;
    ngx_uint_t        i, found;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *first;

    len = ngx_strlen(name);
    first = NULL;
    found = 0;

    part = &headers->part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        /* a header with no hash was taken back */

        if (h[i].hash && h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            if (found++ == 0) {
                first = &h[i];
            }
        }
    }

    if (n) {
        *n = found;
    }

    return first;
}
