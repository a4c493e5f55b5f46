
/*
 * The body of a write to a resource: one row or several, checked as a whole
 * before anything is done.
 */


#include "module/ngx_http_wxapp_resource_write.h"
#include "http/ngx_http_wxapp_body.h"


static ngx_int_t ngx_http_wxapp_write_take(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_json_node_t *root);
static ngx_int_t ngx_http_wxapp_write_row(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node, ngx_uint_t i);
static ngx_int_t ngx_http_wxapp_write_names(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_narrow(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_wxapp_json_node_t *node);
static ngx_int_t ngx_http_wxapp_write_twice(ngx_http_wxapp_input_t *input,
    ngx_http_wxapp_column_t *column);
static ngx_int_t ngx_http_wxapp_write_increments(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node);
static ngx_int_t ngx_http_wxapp_write_key(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_http_wxapp_input_t *input, ngx_uint_t i, ngx_wxapp_value_t *values);
static ngx_uint_t ngx_http_wxapp_write_same(ngx_wxapp_value_t *a,
    ngx_wxapp_value_t *b);


void
ngx_http_wxapp_resource_body(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_wxapp_json_node_t          *root;
    ngx_http_wxapp_write_t         *write;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_resource_module);

    rc = (ctx->method == NGX_HTTP_POST)
         ? ngx_http_wxapp_body_json(r, &root)
         : ngx_http_wxapp_body_object(r, &root);

    if (rc != NGX_OK) {
        return;
    }

    write = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_write_t));
    if (write == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->write = write;

    rc = ngx_http_wxapp_write_take(r, ctx, root);

    if (rc == NGX_DECLINED) {

        if (ctx->method != NGX_HTTP_POST) {
            rc = ngx_http_wxapp_write_update(r, ctx);

        } else if (ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_NONE
                   || write->n == 0)
        {
            rc = ngx_http_wxapp_write_insert(r, ctx);

        } else {
            rc = ngx_http_wxapp_write_begin(r, ctx,
                      ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_MERGE
                      ? ngx_http_wxapp_write_merge : ngx_http_wxapp_write_one);
        }
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* the rows of the body, all faults of all rows told at once */

static ngx_int_t
ngx_http_wxapp_write_take(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_json_node_t *root)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n, list;
    ngx_wxapp_json_node_t           *node;
    ngx_http_wxapp_input_t          *input;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;

    list = (root->type == NGX_WXAPP_JSON_ARRAY);

    if (!list && root->type != NGX_WXAPP_JSON_OBJECT) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST, "invalid_json",
                                      "a JSON object or array is expected");
    }

    for (node = list ? root->first : root; node; node = node->next) {

        if (node->type != NGX_WXAPP_JSON_OBJECT) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_json",
                                          "rows must be JSON objects");
        }

        write->n++;
    }

    if (write->n > conf->bulk_max) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                      "too_many_rows",
                                      "the body has more rows than may be "
                                      "made at once");
    }

    if (!list && ctx->method == NGX_HTTP_POST) {
        ctx->one = 1;
        ctx->single = (ctx->returns == NGX_HTTP_WXAPP_RETURN_DEFAULT);

    } else if (list && ctx->object && write->n != 1) {
        return ngx_http_wxapp_resource_not_one(r, ctx, write->n);
    }

    rc = ngx_http_wxapp_write_names(r, ctx);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    n = conf->columns.nelts;

    write->values = ngx_pcalloc(r->pool,
                               (write->n * n + 1) * sizeof(ngx_wxapp_value_t));
    write->given = ngx_pcalloc(r->pool, write->n * n + 1);

    input = ngx_http_wxapp_input_create(r, conf->columns.elts, n,
                                        sizeof(ngx_http_wxapp_column_t));

    if (write->values == NULL || write->given == NULL || input == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    input->partial = (ctx->method == NGX_HTTP_PATCH);

    for (node = list ? root->first : root, i = 0; node; node = node->next) {

        input->row = list ? (ngx_int_t) i : -1;

        if (ngx_http_wxapp_write_row(r, ctx, input, node, i++) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_wxapp_input_end(input);
}


static ngx_int_t
ngx_http_wxapp_write_row(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node, ngx_uint_t i)
{
    u_char                          *given;
    ngx_int_t                        rc;
    ngx_uint_t                       k, n;
    ngx_wxapp_value_t               *values;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;
    column = conf->columns.elts;
    n = conf->columns.nelts;

    values = &write->values[i * n];
    given = &write->given[i * n];

    ngx_http_wxapp_write_narrow(ctx, node);

    if (ngx_http_wxapp_write_increments(r, ctx, input, node) != NGX_OK
        || ngx_http_wxapp_input_take(input, node, values, given) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    for (k = 0; k < n && rc != NGX_ERROR; k++) {

        if (given[k] == NGX_HTTP_WXAPP_GIVEN
            && column[k].field.write
            && !(ctx->writable & ((uint64_t) 1 << k)))
        {
            rc = ngx_http_wxapp_input_fault(input, &column[k].field.name,
                                            "read_only", "cannot be written");
        }

        if (given[k] && (write->incremented & ((uint64_t) 1 << k))
            && rc != NGX_ERROR)
        {
            rc = ngx_http_wxapp_write_twice(input, &column[k]);
        }

        if (given[k] && column[k].key && rc != NGX_ERROR) {
            rc = ngx_http_wxapp_write_key(ctx, input, k, values);
        }
    }

    /* a column that was named and not given is NULL, unless said else */

    for (k = 0; k < ctx->query.ncolumns && !ctx->missing; k++) {
        column = ngx_http_wxapp_resource_find(conf, &ctx->query.columns[k]);
        given[column - (ngx_http_wxapp_column_t *) conf->columns.elts] = 1;
    }

    if (conf->owner && ctx->method == NGX_HTTP_POST) {
        k = conf->owner - (ngx_http_wxapp_column_t *) conf->columns.elts;
        given[k] = 1;
        values[k] = ctx->owner;
    }

    /* NULL is never the same as another */

    for (i = 0; ctx->upsert && i < ctx->upsert->n && rc != NGX_ERROR; i++) {
        column = ctx->upsert->columns[i];
        k = column - (ngx_http_wxapp_column_t *) conf->columns.elts;

        if (!given[k] || values[k].type == NGX_WXAPP_VALUE_NULL) {
            rc = ngx_http_wxapp_input_fault(input, &column->field.name,
                                            "required", "is required");
        }
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* columns= and on_conflict= */

static ngx_int_t
ngx_http_wxapp_write_names(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    for (i = 0; i < ctx->query.ncolumns; i++) {
        column = ngx_http_wxapp_resource_find(ctx->conf,
                                              &ctx->query.columns[i]);

        if (column == NULL
            || !(ctx->writable & ngx_http_wxapp_resource_bit(ctx->conf,
                                                             column)))
        {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_parameter",
                                          "\"columns\" names a column that "
                                          "is not known or not written");
        }
    }

    if (ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_NONE
        || ctx->method != NGX_HTTP_POST)
    {
        return NGX_DECLINED;
    }

    return ngx_http_wxapp_resource_conflict(r, ctx);
}


/* with columns= other members do not count */

static void
ngx_http_wxapp_write_narrow(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_wxapp_json_node_t *node)
{
    ngx_str_t               *name;
    ngx_uint_t               i;
    ngx_wxapp_json_node_t  **next;

    if (ctx->query.ncolumns == 0) {
        return;
    }

    name = ctx->query.columns;

    for (next = &node->first; *next; /* void */ ) {

        for (i = 0; i < ctx->query.ncolumns; i++) {
            if (name[i].len == (*next)->name.len
                && ngx_strncmp(name[i].data, (*next)->name.data, name[i].len)
                   == 0)
            {
                break;
            }
        }

        if (i == ctx->query.ncolumns) {
            *next = (*next)->next;

        } else {
            next = &(*next)->next;
        }
    }
}


/* a value beside an increment, or two of them */

static ngx_int_t
ngx_http_wxapp_write_twice(ngx_http_wxapp_input_t *input,
    ngx_http_wxapp_column_t *column)
{
    return ngx_http_wxapp_input_fault(input, &column->field.name, "duplicate",
                                      "must be given once")
           == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/* "views+": 1 and "stock-": 2 are taken out of the object */

static ngx_int_t
ngx_http_wxapp_write_increments(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node)
{
    u_char                       sign;
    ngx_int_t                    rc;
    ngx_str_t                    name;
    ngx_wxapp_fault_t            fault;
    ngx_wxapp_json_node_t      **next, *member;
    ngx_http_wxapp_write_t      *write;
    ngx_http_wxapp_column_t     *column;
    ngx_http_wxapp_increment_t  *increment;

    if (ctx->conf->increments == NULL || ctx->method != NGX_HTTP_PATCH) {
        return NGX_OK;
    }

    write = ctx->write;

    write->increments = ngx_array_create(r->pool, 4,
                                         sizeof(ngx_http_wxapp_increment_t));
    if (write->increments == NULL) {
        return NGX_ERROR;
    }

    for (next = &node->first; *next; /* void */ ) {

        member = *next;
        name = member->name;
        sign = name.len ? name.data[name.len - 1] : '\0';
        name.len--;

        column = (sign == '+' || sign == '-')
                 ? ngx_http_wxapp_resource_find(ctx->conf, &name) : NULL;

        if (column == NULL || !column->increment
            || !(ctx->writable & ngx_http_wxapp_resource_bit(ctx->conf,
                                                             column)))
        {
            next = &(*next)->next;
            continue;
        }

        *next = member->next;

        if (write->incremented & ngx_http_wxapp_resource_bit(ctx->conf, column))
        {
            if (ngx_http_wxapp_write_twice(input, column) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        write->incremented |= ngx_http_wxapp_resource_bit(ctx->conf, column);

        increment = ngx_array_push(write->increments);
        if (increment == NULL) {
            return NGX_ERROR;
        }

        increment->column = column;
        increment->minus = (sign == '-');

        rc = ngx_wxapp_field_json(&column->plain, r->pool, member,
                                  &increment->value, &fault);

        if (rc == NGX_OK && increment->value.type == NGX_WXAPP_VALUE_NULL) {
            rc = NGX_DECLINED;
        }

        if (rc == NGX_DECLINED) {
            rc = ngx_http_wxapp_input_fault(input, &member->name, "type",
                                            "must be a number to add");
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a key from the body: in POST one that a path can name, in PUT the path's */

static ngx_int_t
ngx_http_wxapp_write_key(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_http_wxapp_input_t *input, ngx_uint_t i, ngx_wxapp_value_t *values)
{
    ngx_str_t                       *s;
    ngx_uint_t                       k;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    column = conf->columns.elts;
    column += i;

    if (ctx->method != NGX_HTTP_POST) {

        for (k = 0; k < conf->nkeys && ctx->item; k++) {
            if (conf->keys[k] == column
                && ngx_http_wxapp_write_same(&ctx->keys[k], &values[i]))
            {
                return NGX_OK;
            }
        }

        return ngx_http_wxapp_input_fault(input, &column->field.name, "key",
                                          ctx->item
                                          ? "must be the key in the path"
                                          : "cannot be changed");
    }

    s = &values[i].text;

    if (values[i].type != NGX_WXAPP_VALUE_TEXT
        || (s->len && ngx_strlchr(s->data, s->data + s->len, '/') == NULL
            && (s->data[0] != '.'
                || (s->len > 1 && (s->len > 2 || s->data[1] != '.')))))
    {
        return NGX_OK;
    }

    return ngx_http_wxapp_input_fault(input, &column->field.name, "key",
                                      "must be what a path can name");
}


static ngx_uint_t
ngx_http_wxapp_write_same(ngx_wxapp_value_t *a, ngx_wxapp_value_t *b)
{
    if (a->type != b->type) {
        return 0;
    }

    if (a->type == NGX_WXAPP_VALUE_INTEGER) {
        return a->integer == b->integer;
    }

    return a->text.len == b->text.len
           && ngx_strncmp(a->text.data, b->text.data, a->text.len) == 0;
}
