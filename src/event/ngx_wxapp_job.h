
/*
 * A job: work that takes long and waits for nobody, done in a thread pool
 * while the event loop goes on.
 */


#ifndef _NGX_WXAPP_JOB_H_INCLUDED_
#define _NGX_WXAPP_JOB_H_INCLUDED_


#include "event/ngx_wxapp_op.h"

#include <ngx_thread_pool.h>


/*
 * Does the work, in a thread: only "work" and what does not change may be
 * touched, no pool and no log of nginx.
 */
typedef void (*ngx_wxapp_job_pt)(void *work);

typedef struct {
    ngx_wxapp_op_t            op;
    void                     *work;           /* wiped when it is freed */

    /* its own */

    size_t                    size;
    ngx_wxapp_job_pt          run;
    ngx_thread_pool_t        *threads;
    ngx_thread_task_t         task;
    ngx_event_t               timer;
    ngx_wxapp_event_data_t    timer_ident;
    volatile ngx_uint_t       left;           /* nobody wants it any more */
} ngx_wxapp_job_t;


/*
 * Makes a job with "size" bytes of work, all zero; NULL without memory.  The
 * caller fills it, sets owner and handler, and sends it.
 */
ngx_wxapp_job_t *ngx_wxapp_job(ngx_thread_pool_t *threads, size_t size,
    ngx_wxapp_job_pt run);

/*
 * Sends the job.  It ends OK when the work is done; OVERLOADED when the queue
 * of the pool is full; EXPIRED when the work was not done within "timeout"
 * milliseconds.  Work that nobody waits for and has not begun is not done,
 * nor is any when the worker is told to exit at once; a worker that ends in
 * good order waits for its jobs.
 *
 * A thread that has done a job keeps a lower priority than the event loop: a
 * pool of its own spares others' work.
 */
void ngx_wxapp_job_send(ngx_wxapp_job_t *job, ngx_msec_t timeout);


#endif /* _NGX_WXAPP_JOB_H_INCLUDED_ */
