
#include "event/ngx_wxapp_op.h"


static void ngx_wxapp_op_posted_handler(ngx_event_t *ev);


static ngx_queue_t             ngx_wxapp_op_posted;
static ngx_event_t             ngx_wxapp_op_event;
static ngx_wxapp_event_data_t  ngx_wxapp_op_ident;


void
ngx_wxapp_event_init(ngx_event_t *ev, ngx_wxapp_event_data_t *ident,
    void *data, ngx_event_handler_pt handler)
{
    ngx_memzero(ev, sizeof(ngx_event_t));

    ident->data = data;
    ident->ident = -1;

    ev->data = ident;
    ev->handler = handler;
    ev->log = ngx_cycle->log;
}


void
ngx_wxapp_op_finish(ngx_wxapp_op_t *op, ngx_wxapp_op_status_e status)
{
    op->status = status;

    if (op->owner) {
        op->handler(op);
    }

    op->free(op);
}


void
ngx_wxapp_op_post(ngx_wxapp_op_t *op, ngx_wxapp_op_status_e status)
{
    if (ngx_wxapp_op_event.handler == NULL) {
        ngx_queue_init(&ngx_wxapp_op_posted);
        ngx_wxapp_event_init(&ngx_wxapp_op_event, &ngx_wxapp_op_ident, NULL,
                             ngx_wxapp_op_posted_handler);
    }

    op->status = status;

    ngx_queue_insert_tail(&ngx_wxapp_op_posted, &op->queue);

    ngx_post_event(&ngx_wxapp_op_event, &ngx_posted_events);
}


static void
ngx_wxapp_op_posted_handler(ngx_event_t *ev)
{
    ngx_queue_t     *q, posted;
    ngx_wxapp_op_t  *op;

    /* handlers may post again; those run in the next round */

    ngx_queue_init(&posted);

    if (!ngx_queue_empty(&ngx_wxapp_op_posted)) {
        ngx_queue_add(&posted, &ngx_wxapp_op_posted);
        ngx_queue_init(&ngx_wxapp_op_posted);
    }

    while (!ngx_queue_empty(&posted)) {
        q = ngx_queue_head(&posted);
        ngx_queue_remove(q);

        op = ngx_queue_data(q, ngx_wxapp_op_t, queue);

        ngx_wxapp_op_finish(op, op->status);
    }
}


void
ngx_wxapp_op_detach(ngx_wxapp_op_t *op)
{
    op->owner = NULL;

    if (op->leave) {
        op->leave(op);
    }
}


void
ngx_wxapp_op_exit(void)
{
    ngx_queue_t     *q;
    ngx_wxapp_op_t  *op;

    if (ngx_wxapp_op_event.handler == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_wxapp_op_posted)) {
        q = ngx_queue_head(&ngx_wxapp_op_posted);
        ngx_queue_remove(q);

        op = ngx_queue_data(q, ngx_wxapp_op_t, queue);
        op->free(op);
    }
}


ngx_msec_t
ngx_wxapp_jitter(ngx_msec_t ms)
{
    return ms - ms / 4 + (ngx_msec_t) ngx_random() % (ms / 2 + 1);
}
