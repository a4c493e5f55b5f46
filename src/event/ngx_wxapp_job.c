
#include "event/ngx_wxapp_job.h"

#include <sys/resource.h>


/*
 * A tenth of the share of who serves.  Measured with hashes on all CPUs: a
 * thread as nice as the event loop holds it up for a scheduler's slice, 1.5 ms
 * in one of a hundred requests, this one does not; and lower ones would keep
 * a worker that exits from its end, as that spins until they are done.
 */

#define NGX_WXAPP_JOB_NICE  10


static void ngx_wxapp_job_thread(void *data, ngx_log_t *log);
static void ngx_wxapp_job_done(ngx_event_t *ev);
static void ngx_wxapp_job_expired(ngx_event_t *ev);
static void ngx_wxapp_job_leave(ngx_wxapp_op_t *op);
static void ngx_wxapp_job_free(ngx_wxapp_op_t *op);


ngx_wxapp_job_t *
ngx_wxapp_job(ngx_thread_pool_t *threads, size_t size, ngx_wxapp_job_pt run)
{
    ngx_wxapp_job_t  *job;

    job = ngx_calloc(sizeof(ngx_wxapp_job_t) + size, ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    job->op.free = ngx_wxapp_job_free;
    job->op.leave = ngx_wxapp_job_leave;

    job->work = &job[1];
    job->size = size;
    job->run = run;
    job->threads = threads;

    job->task.ctx = job;
    job->task.handler = ngx_wxapp_job_thread;
    job->task.event.data = job;
    job->task.event.handler = ngx_wxapp_job_done;

    ngx_wxapp_event_init(&job->timer, &job->timer_ident, job,
                         ngx_wxapp_job_expired);

    return job;
}


void
ngx_wxapp_job_send(ngx_wxapp_job_t *job, ngx_msec_t timeout)
{
    job->op.started = ngx_current_msec;

    if (ngx_thread_task_post(job->threads, &job->task) != NGX_OK) {
        ngx_wxapp_op_post(&job->op, NGX_WXAPP_OP_OVERLOADED);
        return;
    }

    /* it also keeps a worker that shuts down from leaving without us */

    ngx_add_timer(&job->timer, timeout);
}


static void
ngx_wxapp_job_thread(void *data, ngx_log_t *log)
{
    ngx_wxapp_job_t *job = data;

    static __thread ngx_uint_t  nice;

    if (job->left || ngx_terminate) {
        return;
    }

    /* in Linux of the thread alone, which cannot take it back */

    if (!nice) {
        nice = 1;
        (void) setpriority(PRIO_PROCESS, 0, NGX_WXAPP_JOB_NICE);
    }

    job->run(job->work);
}


static void
ngx_wxapp_job_done(ngx_event_t *ev)
{
    ngx_wxapp_job_t  *job = ev->data;

    if (job->left) {
        ngx_wxapp_job_free(&job->op);
        return;
    }

    ngx_del_timer(&job->timer);

    ngx_wxapp_op_finish(&job->op, NGX_WXAPP_OP_OK);
}


static void
ngx_wxapp_job_expired(ngx_event_t *ev)
{
    ngx_wxapp_job_t  *job = ((ngx_wxapp_event_data_t *) ev->data)->data;

    ngx_wxapp_op_finish(&job->op, NGX_WXAPP_OP_EXPIRED);
}


static void
ngx_wxapp_job_leave(ngx_wxapp_op_t *op)
{
    ngx_wxapp_job_t  *job = (ngx_wxapp_job_t *) op;

    job->left = 1;

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }
}


static void
ngx_wxapp_job_free(ngx_wxapp_op_t *op)
{
    ngx_wxapp_job_t  *job = (ngx_wxapp_job_t *) op;

    /* a thread has it, and will give it back */

    if (job->task.event.active) {
        job->left = 1;
        return;
    }

    ngx_explicit_memzero(job->work, job->size);
    ngx_free(job);
}
