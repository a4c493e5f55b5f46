
#include "http/ngx_http_wxapp_input.h"


#define NGX_HTTP_WXAPP_FAULTS  100

#define ngx_http_wxapp_input_field(input, i)                                  \
    ((ngx_wxapp_field_t *) ((u_char *) (input)->fields + (i) * (input)->stride))


typedef struct {
    ngx_http_request_t       *request;
    void                     *fields;
    ngx_uint_t                n;
    size_t                    stride;
    ngx_wxapp_value_t        *values;
    u_char                   *given;

    ngx_uint_t                nfaults;
    ngx_wxapp_text_t          faults;
    ngx_str_t                 message;        /* of the first */
} ngx_http_wxapp_input_t;


static ngx_int_t ngx_http_wxapp_input_member(ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node);
static ngx_int_t ngx_http_wxapp_input_tell(ngx_http_wxapp_input_t *input);
static ngx_int_t ngx_http_wxapp_input_add(ngx_http_wxapp_input_t *input,
    ngx_str_t *field, const char *rule, ngx_str_t *message);
static ngx_int_t ngx_http_wxapp_input_say(ngx_http_wxapp_input_t *input,
    ngx_str_t *field, const char *rule, const char *message);


ngx_int_t
ngx_http_wxapp_input(ngx_http_request_t *r, ngx_wxapp_json_node_t *object,
    void *fields, ngx_uint_t n, size_t stride, ngx_wxapp_value_t *values,
    u_char *given)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_wxapp_field_t       *field;
    ngx_wxapp_json_node_t   *node;
    ngx_http_wxapp_input_t   input;

    ngx_memzero(given, n);
    ngx_memzero(values, n * sizeof(ngx_wxapp_value_t));
    ngx_memzero(&input, sizeof(ngx_http_wxapp_input_t));

    input.request = r;
    input.fields = fields;
    input.n = n;
    input.stride = stride;
    input.values = values;
    input.given = given;

    rc = NGX_OK;

    for (node = object->first; node && rc == NGX_OK; node = node->next) {
        rc = ngx_http_wxapp_input_member(&input, node);
    }

    for (i = 0; i < n && rc == NGX_OK; i++) {
        field = ngx_http_wxapp_input_field(&input, i);

        if (field->required && !given[i]) {
            rc = ngx_http_wxapp_input_say(&input, &field->name, "required",
                                          "is required");
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (input.nfaults == 0) {
        return NGX_DECLINED;
    }

    return ngx_http_wxapp_input_tell(&input);
}


ngx_int_t
ngx_http_wxapp_input_fault(ngx_http_request_t *r, ngx_str_t *field,
    const char *rule, const char *message)
{
    ngx_http_wxapp_input_t  input;

    ngx_memzero(&input, sizeof(ngx_http_wxapp_input_t));

    input.request = r;

    if (ngx_http_wxapp_input_say(&input, field, rule, message) == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_input_tell(&input);
}


static ngx_int_t
ngx_http_wxapp_input_tell(ngx_http_wxapp_input_t *input)
{
    ngx_str_t  details;

    ngx_wxapp_json_close(&input->faults, ']');

    if (ngx_wxapp_text_done(&input->faults, &details) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_problem_details(input->request, 422,
                                          "validation_failed",
                                          &input->message, &details);
}


/* NGX_OK; NGX_ABORT when enough is enough; NGX_ERROR without memory */

static ngx_int_t
ngx_http_wxapp_input_member(ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_wxapp_field_t  *field;
    ngx_wxapp_fault_t   fault;

    for (i = 0; i < input->n; i++) {
        field = ngx_http_wxapp_input_field(input, i);

        if (field->name.len == node->name.len
            && ngx_memcmp(field->name.data, node->name.data, node->name.len)
               == 0)
        {
            break;
        }
    }

    if (i == input->n) {
        return ngx_http_wxapp_input_say(input, &node->name, "unknown",
                                        "is not a field here");
    }

    if (!field->write) {
        return ngx_http_wxapp_input_say(input, &node->name, "read_only",
                                        "cannot be written");
    }

    if (input->given[i]) {
        return ngx_http_wxapp_input_say(input, &node->name, "duplicate",
                                        "must be given once");
    }

    input->given[i] = 1;

    rc = ngx_wxapp_field_json(field, input->request->pool, node,
                              &input->values[i], &fault);

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_input_add(input, &fault.field, fault.rule,
                                        &fault.message);
    }

    return rc;
}


static ngx_int_t
ngx_http_wxapp_input_add(ngx_http_wxapp_input_t *input, ngx_str_t *field,
    const char *rule, ngx_str_t *message)
{
    ngx_pool_t        *pool;
    ngx_wxapp_text_t  *text;

    pool = input->request->pool;
    text = &input->faults;

    if (input->nfaults++ == 0) {
        ngx_wxapp_text_init(text, pool, 128);

        ngx_wxapp_text_put(text, "\"", 1);
        ngx_wxapp_text_str(text, field);
        ngx_wxapp_text_put(text, "\" ", 2);
        ngx_wxapp_text_str(text, message);

        if (ngx_wxapp_text_done(text, &input->message) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_wxapp_text_init(text, pool, 512);
        ngx_wxapp_json_open(text, '[');
    }

    ngx_wxapp_json_open(text, '{');
    ngx_wxapp_json_name(text, "field");
    ngx_wxapp_json_str(text, field);
    ngx_wxapp_json_name(text, "rule");
    ngx_wxapp_json_cstr(text, rule);
    ngx_wxapp_json_name(text, "message");
    ngx_wxapp_json_str(text, message);
    ngx_wxapp_json_close(text, '}');

    return (input->nfaults == NGX_HTTP_WXAPP_FAULTS) ? NGX_ABORT : NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_input_say(ngx_http_wxapp_input_t *input, ngx_str_t *field,
    const char *rule, const char *message)
{
    ngx_str_t  s;

    s.data = (u_char *) message;
    s.len = ngx_strlen(message);

    return ngx_http_wxapp_input_add(input, field, rule, &s);
}
