
/*
 * Input: what a client gives, as JSON or a form, checked against typed
 * fields; all faults are told in one reply.
 */


#ifndef _NGX_HTTP_WXAPP_INPUT_H_INCLUDED_
#define _NGX_HTTP_WXAPP_INPUT_H_INCLUDED_


#include "http/ngx_http_wxapp_reply.h"
#include "base/ngx_wxapp_field.h"


typedef struct {

    /* the caller's, may be set before taking */

    ngx_int_t                 row;        /* told with each fault; -1: none */
    unsigned                  partial:1;  /* what is not given stays as it
                                             is: nothing is required, no
                                             default is taken */
    unsigned                  ignore:1;   /* unknown fields are no fault */
    unsigned                  any:1;      /* also fields not marked "write" */

    ngx_uint_t                nfaults;

    /* of its own */

    ngx_http_request_t       *request;
    void                     *fields;
    ngx_uint_t                n;
    size_t                    stride;
    ngx_wxapp_text_t          faults;
    ngx_str_t                 message;    /* of the first */
} ngx_http_wxapp_input_t;


#define NGX_HTTP_WXAPP_GIVEN    1
#define NGX_HTTP_WXAPP_DEFAULT  2


/*
 * Makes a collector for the "n" fields, which stand "stride" bytes apart;
 * NULL without memory.
 */
ngx_http_wxapp_input_t *ngx_http_wxapp_input_create(ngx_http_request_t *r,
    void *fields, ngx_uint_t n, size_t stride);

/*
 * Takes the values of the fields from the members of an object, text in
 * memory of the request: given[i] is 0, GIVEN or DEFAULT, values[i] is NULL
 * unless it is given and without fault.  NGX_OK, faults or not; NGX_ERROR
 * without memory.
 */
ngx_int_t ngx_http_wxapp_input_take(ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *object, ngx_wxapp_value_t *values, u_char *given);

/* The same from a form, the text of a query or a body. */
ngx_int_t ngx_http_wxapp_input_args(ngx_http_wxapp_input_t *input,
    ngx_str_t *form, ngx_wxapp_value_t *values, u_char *given);

/* Adds a fault that the caller found; NGX_ERROR without memory. */
ngx_int_t ngx_http_wxapp_input_fault(ngx_http_wxapp_input_t *input,
    ngx_str_t *field, const char *rule, const char *message);

/*
 * NGX_DECLINED when all is well; otherwise what to finalize with, as one
 * problem with all faults, 100 at most, has been sent.
 */
ngx_int_t ngx_http_wxapp_input_end(ngx_http_wxapp_input_t *input);


/* what a location takes, in its ngx_http_wxapp_loc_conf_t */

struct ngx_http_wxapp_input_conf_s {
    ngx_array_t               fields;     /* ngx_wxapp_field_t */
    ngx_uint_t                source;     /* NGX_HTTP_WXAPP_INPUT_* */
    ngx_uint_t                ignore;     /* unsigned  ignore:1; */
};

#define NGX_HTTP_WXAPP_INPUT_METHOD  0    /* body or query, by the method */
#define NGX_HTTP_WXAPP_INPUT_BODY    1
#define NGX_HTTP_WXAPP_INPUT_QUERY   2


/* what a request gave to its location, in its context */

typedef struct {
    ngx_http_wxapp_input_conf_t  *conf;
    ngx_wxapp_value_t            *values;
    u_char                       *given;
} ngx_http_wxapp_given_t;


/* The field of that name, in whatever case, or NULL. */
ngx_wxapp_field_t *ngx_http_wxapp_input_declared(ngx_array_t *fields,
    ngx_str_t *name);

/*
 * The field that wxapp_input declares for the location being configured, or
 * NULL.  While the location is still being read that is what was declared in
 * it so far; in a merge handler, of a module behind the root module, it is
 * also what locations around it declare.  Names of variables have no case, so
 * the case of this one does not matter, as below.
 */
ngx_wxapp_field_t *ngx_http_wxapp_input_find(ngx_conf_t *cf, ngx_str_t *name);

/*
 * The value that the request gave for a field of its location, or the
 * default; NULL when there is neither, or no such field.
 */
ngx_wxapp_value_t *ngx_http_wxapp_input_value(ngx_http_request_t *r,
    ngx_str_t *name);

/*
 * The same as text, as a reply would write it but without quotes, of a list
 * its JSON; control characters are spaces, as it may come to stand in a
 * header.  NGX_DECLINED when there is none or it is null; NGX_ERROR without
 * memory.
 */
ngx_int_t ngx_http_wxapp_input_text(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *text);


#endif /* _NGX_HTTP_WXAPP_INPUT_H_INCLUDED_ */
