
/*
 * Input: the members of a JSON object checked against typed fields.
 */


#ifndef _NGX_HTTP_WXAPP_INPUT_H_INCLUDED_
#define _NGX_HTTP_WXAPP_INPUT_H_INCLUDED_


#include "http/ngx_http_wxapp_reply.h"
#include "base/ngx_wxapp_field.h"


/*
 * Takes the values of the "n" fields, which stand "stride" bytes apart: what
 * was given is marked in "given", its value is in "values", text in memory of
 * the request.  A client gives only fields marked "write".  NGX_DECLINED when
 * all is well; otherwise what to finalize with, as one problem with all
 * faults has been sent.
 */
ngx_int_t ngx_http_wxapp_input(ngx_http_request_t *r,
    ngx_wxapp_json_node_t *object, void *fields, ngx_uint_t n, size_t stride,
    ngx_wxapp_value_t *values, u_char *given);

/* Sends the problem of one field that is at fault for another reason. */
ngx_int_t ngx_http_wxapp_input_fault(ngx_http_request_t *r, ngx_str_t *field,
    const char *rule, const char *message);


#endif /* _NGX_HTTP_WXAPP_INPUT_H_INCLUDED_ */
