
/*
 * What the core's objects name and src/base does not need.
 */


#include <ngx_config.h>
#include <ngx_core.h>


ngx_pid_t              ngx_pid = 1;

static ngx_log_t       stub_log;
static ngx_cycle_t     stub_cycle = { .log = &stub_log };
volatile ngx_cycle_t  *ngx_cycle = &stub_cycle;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    /* "malloc() failed" is what the tests of no memory are about */
}


void
ngx_conf_log_error(ngx_uint_t level, ngx_conf_t *cf, ngx_err_t err,
    const char *fmt, ...)
{
    abort();
}


char *
ngx_conf_set_flag_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    abort();
}


void
ngx_debug_point(void)
{
    abort();
}
