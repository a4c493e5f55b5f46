
/*
 * An operation on the worker's event loop: the one shape of Redis commands,
 * MySQL queries and whatever else a request may wait for.
 *
 * An operation belongs to its client from start to end.  Its owner is only a
 * pointer: an owner that goes away detaches, and the operation ends by
 * itself without it.  The handler runs exactly once for an owner that stayed,
 * always from the event loop and never from inside the call that started the
 * operation; when it returns, what it was given is freed.
 */


#ifndef _NGX_WXAPP_OP_H_INCLUDED_
#define _NGX_WXAPP_OP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef enum {
    NGX_WXAPP_OP_OK = 0,
    NGX_WXAPP_OP_ERROR,               /* the server answered with an error */
    NGX_WXAPP_OP_FAILED,              /* we could not do it: memory, a bug */
    NGX_WXAPP_OP_TIMEOUT,             /* no answer in time */
    NGX_WXAPP_OP_LOST,                /* the connection broke underway */
    NGX_WXAPP_OP_UNAVAILABLE,         /* no connection to the server */
    NGX_WXAPP_OP_OVERLOADED,          /* the queue is full */
    NGX_WXAPP_OP_EXPIRED              /* waited too long in the queue */
} ngx_wxapp_op_status_e;


typedef struct ngx_wxapp_op_s  ngx_wxapp_op_t;

typedef void (*ngx_wxapp_op_handler_pt)(ngx_wxapp_op_t *op);

struct ngx_wxapp_op_s {
    ngx_queue_t               queue;      /* the client's */
    void                     *owner;      /* NULL: nobody waits any more */
    void                     *data;       /* the owner's */
    ngx_wxapp_op_handler_pt   handler;
    ngx_wxapp_op_handler_pt   free;       /* the client's */
    ngx_wxapp_op_handler_pt   leave;      /* the client's: the owner is gone;
                                             NULL while it must run on */
    ngx_wxapp_op_status_e     status;
    ngx_msec_t                started;
    ngx_msec_t                deadline;
};


/*
 * A timer or posted event of ours that belongs to no connection: debug lines
 * of nginx read a file descriptor behind the third pointer of event->data.
 */
typedef struct {
    void                     *data;
    void                     *unused[2];
    ngx_int_t                 ident;      /* -1 */
} ngx_wxapp_event_data_t;

void ngx_wxapp_event_init(ngx_event_t *ev, ngx_wxapp_event_data_t *ident,
    void *data, ngx_event_handler_pt handler);


/* Ends the operation now: runs the handler if there is an owner, frees. */
void ngx_wxapp_op_finish(ngx_wxapp_op_t *op, ngx_wxapp_op_status_e status);

/*
 * Ends the operation in a posted event: for ends that are known while it is
 * being started, or in the middle of the client's own work.
 */
void ngx_wxapp_op_post(ngx_wxapp_op_t *op, ngx_wxapp_op_status_e status);

/* The owner goes away; the handler will not run, the operation may end. */
void ngx_wxapp_op_detach(ngx_wxapp_op_t *op);

/* Frees the operations that were posted but can run no more, at exit. */
void ngx_wxapp_op_exit(void);

/* A delay of "ms" give or take a quarter, so that workers spread out. */
ngx_msec_t ngx_wxapp_jitter(ngx_msec_t ms);


#endif /* _NGX_WXAPP_OP_H_INCLUDED_ */
