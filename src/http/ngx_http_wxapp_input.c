
#include "http/ngx_http_wxapp_input.h"
#include "base/ngx_wxapp_form.h"


#define NGX_HTTP_WXAPP_FAULTS  100

#define ngx_http_wxapp_input_field(input, i)                                  \
    ((ngx_wxapp_field_t *) ((u_char *) (input)->fields + (i) * (input)->stride))


static ngx_int_t ngx_http_wxapp_input_known(ngx_http_wxapp_input_t *input,
    ngx_str_t *name, ngx_uint_t *i);
static ngx_int_t ngx_http_wxapp_input_pair(ngx_http_wxapp_input_t *input,
    ngx_wxapp_pair_t *pair, ngx_wxapp_pair_t *last, ngx_uint_t i,
    ngx_wxapp_value_t *value, u_char *given);
static ngx_int_t ngx_http_wxapp_input_taken(ngx_http_wxapp_input_t *input,
    ngx_int_t rc, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);
static ngx_int_t ngx_http_wxapp_input_rest(ngx_http_wxapp_input_t *input,
    ngx_wxapp_value_t *values, u_char *given);
static ngx_int_t ngx_http_wxapp_input_add(ngx_http_wxapp_input_t *input,
    ngx_str_t *field, const char *rule, ngx_str_t *message);
static ngx_wxapp_value_t *ngx_http_wxapp_input_given(ngx_http_request_t *r,
    ngx_str_t *name, ngx_wxapp_field_t **field);


ngx_http_wxapp_input_t *
ngx_http_wxapp_input_create(ngx_http_request_t *r, void *fields, ngx_uint_t n,
    size_t stride)
{
    ngx_http_wxapp_input_t  *input;

    input = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_input_t));
    if (input == NULL) {
        return NULL;
    }

    input->row = -1;
    input->request = r;
    input->fields = fields;
    input->n = n;
    input->stride = stride;

    return input;
}


ngx_int_t
ngx_http_wxapp_input_take(ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *object, ngx_wxapp_value_t *values, u_char *given)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_wxapp_fault_t       fault;
    ngx_wxapp_json_node_t  *node;

    ngx_memzero(given, input->n);
    ngx_memzero(values, input->n * sizeof(ngx_wxapp_value_t));

    for (node = object->first; node; node = node->next) {

        rc = ngx_http_wxapp_input_known(input, &node->name, &i);

        if (rc == NGX_OK && given[i]) {
            rc = ngx_http_wxapp_input_fault(input, &node->name, "duplicate",
                                            "must be given once");

        } else if (rc == NGX_OK) {
            given[i] = NGX_HTTP_WXAPP_GIVEN;

            rc = ngx_wxapp_field_json(ngx_http_wxapp_input_field(input, i),
                                      input->request->pool, node, &values[i],
                                      &fault);
            rc = ngx_http_wxapp_input_taken(input, rc, &values[i], &fault);
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return ngx_http_wxapp_input_rest(input, values, given);
}


ngx_int_t
ngx_http_wxapp_input_args(ngx_http_wxapp_input_t *input, ngx_str_t *form,
    ngx_wxapp_value_t *values, u_char *given)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_array_t        pairs;
    ngx_wxapp_pair_t  *pair, *last;

    ngx_memzero(given, input->n);
    ngx_memzero(values, input->n * sizeof(ngx_wxapp_value_t));

    rc = ngx_wxapp_form_parse(input->request->pool, form, &pairs);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    pair = pairs.elts;
    last = pair + pairs.nelts;

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_input_fault(input, &last[-1].name, "max_items",
                                          "has too many values behind it");
    }

    for ( /* void */ ; pair < last; pair++) {
        rc = ngx_http_wxapp_input_known(input, &pair->name, &i);

        if (rc == NGX_OK) {
            rc = ngx_http_wxapp_input_pair(input, pair, last, i, &values[i],
                                           &given[i]);
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return ngx_http_wxapp_input_rest(input, values, given);
}


/* the value of a field by one pair, of a list by all pairs of its name */

static ngx_int_t
ngx_http_wxapp_input_pair(ngx_http_wxapp_input_t *input,
    ngx_wxapp_pair_t *pair, ngx_wxapp_pair_t *last, ngx_uint_t i,
    ngx_wxapp_value_t *value, u_char *given)
{
    ngx_int_t           rc;
    ngx_str_t          *items;
    ngx_uint_t          n, seen;
    ngx_pool_t         *pool;
    ngx_wxapp_pair_t   *p;
    ngx_wxapp_field_t  *field;
    ngx_wxapp_fault_t   fault;

    pool = input->request->pool;
    field = ngx_http_wxapp_input_field(input, i);

    seen = *given;
    *given = NGX_HTTP_WXAPP_GIVEN;

    if (pair->malformed) {
        return ngx_http_wxapp_input_fault(input, &pair->name, "encoding",
                                          "must be percent-encoded");
    }

    if (seen) {
        return field->list ? NGX_OK
                           : ngx_http_wxapp_input_fault(input, &pair->name,
                                                        "duplicate",
                                                        "must be given once");
    }

    if (!field->list) {
        rc = ngx_wxapp_field_text(field, pool, &pair->value, value, &fault);

        return ngx_http_wxapp_input_taken(input, rc, value, &fault);
    }

    items = ngx_palloc(pool, (last - pair) * sizeof(ngx_str_t));
    if (items == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (p = pair; p < last; p++) {
        if (ngx_memn2cmp(p->name.data, pair->name.data, p->name.len,
                         pair->name.len)
            == 0)
        {
            items[n++] = p->value;
        }
    }

    rc = ngx_wxapp_field_texts(field, pool, items, n, value, &fault);

    return ngx_http_wxapp_input_taken(input, rc, value, &fault);
}


/* NGX_OK with the index; NGX_DECLINED: not to be taken; or NGX_ERROR */

static ngx_int_t
ngx_http_wxapp_input_known(ngx_http_wxapp_input_t *input, ngx_str_t *name,
    ngx_uint_t *i)
{
    ngx_int_t           rc;
    ngx_uint_t          n;
    ngx_wxapp_field_t  *field;

    /* enough is enough */

    if (input->nfaults == NGX_HTTP_WXAPP_FAULTS) {
        return NGX_DECLINED;
    }

    for (n = 0; n < input->n; n++) {
        field = ngx_http_wxapp_input_field(input, n);

        if (field->name.len != name->len
            || ngx_memcmp(field->name.data, name->data, name->len) != 0)
        {
            continue;
        }

        *i = n;

        if (field->write || input->any) {
            return NGX_OK;
        }

        rc = ngx_http_wxapp_input_fault(input, name, "read_only",
                                        "cannot be written");

        return (rc == NGX_OK) ? NGX_DECLINED : rc;
    }

    if (input->ignore) {
        return NGX_DECLINED;
    }

    rc = ngx_http_wxapp_input_fault(input, name, "unknown",
                                    "is not a field here");

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_http_wxapp_input_taken(ngx_http_wxapp_input_t *input, ngx_int_t rc,
    ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault)
{
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_memzero(value, sizeof(ngx_wxapp_value_t));

    return ngx_http_wxapp_input_add(input, &fault->field, fault->rule,
                                    &fault->message);
}


/* what was not given */

static ngx_int_t
ngx_http_wxapp_input_rest(ngx_http_wxapp_input_t *input,
    ngx_wxapp_value_t *values, u_char *given)
{
    ngx_uint_t          i;
    ngx_wxapp_field_t  *field;

    if (input->partial) {
        return NGX_OK;
    }

    for (i = 0; i < input->n; i++) {
        field = ngx_http_wxapp_input_field(input, i);

        if (given[i]) {
            continue;
        }

        if (field->has_default) {
            given[i] = NGX_HTTP_WXAPP_DEFAULT;
            values[i] = field->value;

        } else if (field->required
                   && ngx_http_wxapp_input_fault(input, &field->name,
                                                 "required", "is required")
                      != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_input_fault(ngx_http_wxapp_input_t *input, ngx_str_t *field,
    const char *rule, const char *message)
{
    ngx_str_t  s;

    s.data = (u_char *) message;
    s.len = ngx_strlen(message);

    return ngx_http_wxapp_input_add(input, field, rule, &s);
}


static ngx_int_t
ngx_http_wxapp_input_add(ngx_http_wxapp_input_t *input, ngx_str_t *field,
    const char *rule, ngx_str_t *message)
{
    ngx_pool_t        *pool;
    ngx_wxapp_text_t  *text;

    if (input->nfaults == NGX_HTTP_WXAPP_FAULTS) {
        return NGX_OK;
    }

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

    if (input->row >= 0) {
        ngx_wxapp_json_name(text, "row");
        ngx_wxapp_json_int(text, input->row);
    }

    ngx_wxapp_json_name(text, "field");
    ngx_wxapp_json_str(text, field);
    ngx_wxapp_json_name(text, "rule");
    ngx_wxapp_json_cstr(text, rule);
    ngx_wxapp_json_name(text, "message");
    ngx_wxapp_json_str(text, message);
    ngx_wxapp_json_close(text, '}');

    return text->failed ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_wxapp_input_end(ngx_http_wxapp_input_t *input)
{
    ngx_str_t  details;

    if (input->nfaults == 0) {
        return NGX_DECLINED;
    }

    ngx_wxapp_json_close(&input->faults, ']');

    if (ngx_wxapp_text_done(&input->faults, &details) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_problem_details(input->request, 422,
                                          "validation_failed",
                                          &input->message, &details);
}


ngx_wxapp_field_t *
ngx_http_wxapp_input_find(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_http_wxapp_loc_conf_t  *wlcf;

    wlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_wxapp_module);

    return wlcf->input ? ngx_http_wxapp_input_declared(&wlcf->input->fields,
                                                       name)
                       : NULL;
}


ngx_wxapp_field_t *
ngx_http_wxapp_input_declared(ngx_array_t *fields, ngx_str_t *name)
{
    ngx_uint_t          i;
    ngx_wxapp_field_t  *field;

    field = fields->elts;

    for (i = 0; i < fields->nelts; i++) {
        if (field[i].name.len == name->len
            && ngx_strncasecmp(field[i].name.data, name->data, name->len) == 0)
        {
            return &field[i];
        }
    }

    return NULL;
}


ngx_wxapp_value_t *
ngx_http_wxapp_input_value(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_wxapp_field_t  *field;

    return ngx_http_wxapp_input_given(r, name, &field);
}


static ngx_wxapp_value_t *
ngx_http_wxapp_input_given(ngx_http_request_t *r, ngx_str_t *name,
    ngx_wxapp_field_t **field)
{
    ngx_uint_t                  i;
    ngx_http_wxapp_ctx_t       *ctx;
    ngx_http_wxapp_given_t     *input;
    ngx_http_wxapp_loc_conf_t  *wlcf;

    ctx = ngx_http_wxapp_ctx(r);

    if (ctx == NULL || ctx->input == NULL) {
        return NULL;
    }

    input = ctx->input;

    /* a subrequest may be in another location, whose rules did not hold */

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_module);

    if (r != r->main && input->conf != wlcf->input) {
        return NULL;
    }

    *field = ngx_http_wxapp_input_declared(&input->conf->fields, name);

    if (*field == NULL) {
        return NULL;
    }

    i = *field - (ngx_wxapp_field_t *) input->conf->fields.elts;

    return input->given[i] ? &input->values[i] : NULL;
}


ngx_int_t
ngx_http_wxapp_input_text(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *text)
{
    u_char             *p, *last;
    ngx_str_t           s;
    ngx_wxapp_text_t    json;
    ngx_wxapp_field_t  *field;
    ngx_wxapp_value_t  *value;

    value = ngx_http_wxapp_input_given(r, name, &field);

    if (value == NULL || value->type == NGX_WXAPP_VALUE_NULL) {
        return NGX_DECLINED;
    }

    if (value->type != NGX_WXAPP_VALUE_TEXT
        || (field->type != NGX_WXAPP_FIELD_STRING
            && field->type != NGX_WXAPP_FIELD_TEXT))
    {
        ngx_wxapp_text_init(&json, r->pool, value->text.len + 32);
        ngx_wxapp_field_value(field, &json, value);

        if (ngx_wxapp_text_done(&json, text) != NGX_OK) {
            return NGX_ERROR;
        }

        if (text->data[0] == '"' && field->type != NGX_WXAPP_FIELD_JSON) {
            text->data++;
            text->len -= 2;
        }

        return NGX_OK;
    }

    s = value->text;

    text->len = s.len;
    text->data = ngx_pnalloc(r->pool, s.len + 1);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;
    last = s.data + s.len;

    while (s.data < last) {
        *p++ = (*s.data < ' ') ? ' ' : *s.data;
        s.data++;
    }

    return NGX_OK;
}
