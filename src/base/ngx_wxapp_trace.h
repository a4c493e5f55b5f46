
/*
 * W3C Trace Context, version 00.
 */


#ifndef _NGX_WXAPP_TRACE_H_INCLUDED_
#define _NGX_WXAPP_TRACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_TRACE_ID_LEN     32
#define NGX_WXAPP_TRACEPARENT_LEN  55


typedef struct {
    u_char    parent[NGX_WXAPP_TRACEPARENT_LEN];   /* the header we send */
    unsigned  inherited:1;                         /* id came from outside */
} ngx_wxapp_trace_t;


/*
 * Makes the trace of one request: the trace id and flags of "traceparent"
 * (NULL if the request has none), or new ones when it is absent or
 * malformed; always with a span id of our own.  NGX_ERROR without randomness.
 */
ngx_int_t ngx_wxapp_trace_init(ngx_wxapp_trace_t *trace,
    ngx_str_t *traceparent);

/* Sets "id" to the 32 hex digits inside the trace. */
void ngx_wxapp_trace_id(ngx_wxapp_trace_t *trace, ngx_str_t *id);


#endif /* _NGX_WXAPP_TRACE_H_INCLUDED_ */
