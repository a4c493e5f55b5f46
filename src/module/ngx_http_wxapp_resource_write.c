
/*
 * Writing to a resource.
 *
 * Rows are made by one statement, and one row is changed or removed by one,
 * without a transaction.  Whatever needs to look before it writes, or to
 * take back what it wrote, goes in one: upserts, conditional writes, and
 * writes to all rows that a filter finds.  Those lock the rows first, then
 * change them by their keys, and tell them as they are in the end.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "http/ngx_http_wxapp_body.h"

#include <mysqld_error.h>


#define NGX_HTTP_WXAPP_WRITE_TRIES  3


typedef ngx_int_t (*ngx_http_wxapp_write_pt)(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


typedef struct {
    ngx_http_wxapp_column_t  *column;
    ngx_wxapp_value_t         value;
    ngx_uint_t                minus;
} ngx_http_wxapp_increment_t;


typedef struct {

    /* what the body gave: "n" rows of all columns */

    ngx_uint_t                n;
    ngx_wxapp_value_t        *values;
    u_char                   *given;
    ngx_array_t              *increments;

    /* the transaction */

    ngx_http_wxapp_write_pt   first;      /* its first step */
    ngx_array_t              *outputs;    /* to be told in the end */
    ngx_uint_t                row;        /* of rows made one by one */
    ngx_array_t              *keys;       /* of rows made, locked */
    ngx_uint_t                affected;
} ngx_http_wxapp_write_t;


static ngx_int_t ngx_http_wxapp_write_take(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_json_node_t *root);
static ngx_int_t ngx_http_wxapp_write_row(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node, ngx_uint_t i);
static ngx_int_t ngx_http_wxapp_write_names(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_narrow(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_wxapp_json_node_t *node);
static ngx_int_t ngx_http_wxapp_write_increments(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_input_t *input,
    ngx_wxapp_json_node_t *node);
static ngx_int_t ngx_http_wxapp_write_key(ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_http_wxapp_input_t *input, ngx_uint_t i, ngx_wxapp_value_t *values);
static ngx_uint_t ngx_http_wxapp_write_same(ngx_wxapp_value_t *a,
    ngx_wxapp_value_t *b);

static ngx_int_t ngx_http_wxapp_write_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_values(ngx_http_wxapp_sql_t *sql,
    ngx_uint_t from, ngx_uint_t n);
static void ngx_http_wxapp_write_inserted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i, uint64_t id,
    ngx_wxapp_value_t *keys);
static ngx_int_t ngx_http_wxapp_write_tell_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, uint64_t id);

static ngx_int_t ngx_http_wxapp_write_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_uint_t ngx_http_wxapp_write_sets(
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i);
static ngx_uint_t ngx_http_wxapp_write_nothing(
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_set(ngx_http_wxapp_sql_t *sql);
static ngx_uint_t ngx_http_wxapp_write_bounds(ngx_http_wxapp_sql_t *sql);
static void ngx_http_wxapp_write_bound(ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_increment_t *increment, ngx_str_t *bound, const char *op);
static void ngx_http_wxapp_write_updated(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_write_removed(ngx_http_wxapp_sql_t *sql);
static void ngx_http_wxapp_write_deleted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);

static ngx_int_t ngx_http_wxapp_write_begin(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_write_pt first);
static void ngx_http_wxapp_write_begun(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_send(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_done_pt done);
static void ngx_http_wxapp_write_next(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_int_t rc);
static ngx_int_t ngx_http_wxapp_write_failed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_mysql_query_t *query);
static ngx_int_t ngx_http_wxapp_write_lock(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_locked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_check(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_write_change(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_changed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_merge(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_merge_set(ngx_http_wxapp_sql_t *sql,
    u_char *given);
static void ngx_http_wxapp_write_merged(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_one(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_one_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_look(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_write_seen(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *row, ngx_uint_t n);
static void ngx_http_wxapp_write_looked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_duplicate(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_write_read(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_by_keys(ngx_http_wxapp_sql_t *sql);
static void ngx_http_wxapp_write_by_conflict(ngx_http_wxapp_sql_t *sql);
static void ngx_http_wxapp_write_read_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_write_commit(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_write_committed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_uint_t ngx_http_wxapp_write_tells(
    ngx_http_wxapp_resource_ctx_t *ctx);


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

    for (k = 0; k < n && rc == NGX_OK; k++) {

        if (given[k] == NGX_HTTP_WXAPP_GIVEN
            && column[k].field.write
            && !(ctx->writable & ((uint64_t) 1 << k)))
        {
            rc = ngx_http_wxapp_input_fault(input, &column[k].field.name,
                                            "read_only", "cannot be written");
        }

        if (given[k] && column[k].key && rc == NGX_OK) {
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

    for (i = 0; ctx->upsert && i < ctx->upsert->n && rc == NGX_OK; i++) {
        column = ctx->upsert->columns[i];
        k = column - (ngx_http_wxapp_column_t *) conf->columns.elts;

        if (!given[k] || values[k].type == NGX_WXAPP_VALUE_NULL) {
            rc = ngx_http_wxapp_input_fault(input, &column->field.name,
                                            "required", "is required");
        }
    }

    return rc;
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

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        /* once, and not beside a value */

        for (member = node->first; member; member = member->next) {
            if ((member->name.len == name.len
                 || (member->name.len == name.len + 1
                     && (member->name.data[name.len] == '+'
                         || member->name.data[name.len] == '-')))
                && ngx_strncmp(member->name.data, name.data, name.len) == 0
                && ngx_http_wxapp_input_fault(input, &column->field.name,
                                              "duplicate",
                                              "must be given once")
                   == NGX_ERROR)
            {
                return NGX_ERROR;
            }
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


/* whether rows are told in the end */

static ngx_uint_t
ngx_http_wxapp_write_tells(ngx_http_wxapp_resource_ctx_t *ctx)
{
    if (ctx->returns == NGX_HTTP_WXAPP_RETURN_DEFAULT) {
        return ctx->method == NGX_HTTP_POST
               || (ctx->item && ctx->method != NGX_HTTP_DELETE);
    }

    return ctx->returns == NGX_HTTP_WXAPP_RETURN_ROWS;
}


/* all rows by one statement: all are made, or none */

static ngx_int_t
ngx_http_wxapp_write_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t      sql;
    ngx_http_wxapp_write_t   *write;
    ngx_wxapp_mysql_query_t  *query;

    write = ctx->write;

    ctx->created = 1;

    if (write->n == 0) {
        ngx_http_wxapp_resource_rows(r, ctx);

        return ngx_http_wxapp_write_tells(ctx)
               ? ngx_http_wxapp_resource_tell(r, ctx)
               : ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                   0);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_values(&sql, 0, write->n);

    query = ngx_http_wxapp_sql_done(&sql);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_write_inserted);
}


static void
ngx_http_wxapp_write_values(ngx_http_wxapp_sql_t *sql, ngx_uint_t from,
    ngx_uint_t n)
{
    uint64_t                         used;
    ngx_uint_t                       i, k, m, all;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;
    write = sql->ctx->write;
    column = conf->columns.elts;
    all = conf->columns.nelts;

    used = 0;

    for (i = from; i < from + n; i++) {
        for (k = 0; k < all; k++) {
            used |= (uint64_t) (write->given[i * all + k] != 0) << k;
        }
    }

    ngx_http_wxapp_sql_put(sql, "INSERT INTO ");
    ngx_http_wxapp_sql_name(sql, &conf->table);
    ngx_http_wxapp_sql_put(sql, " (");

    for (k = 0, m = 0; k < all; k++) {
        if (used & ((uint64_t) 1 << k)) {
            ngx_http_wxapp_sql_put(sql, m++ ? ", " : "");
            ngx_http_wxapp_sql_name(sql, &column[k].field.name);
        }
    }

    ngx_http_wxapp_sql_put(sql, ") VALUES ");

    for (i = from; i < from + n; i++) {
        ngx_http_wxapp_sql_put(sql, i > from ? ", (" : "(");

        for (k = 0, m = 0; k < all; k++) {

            if (!(used & ((uint64_t) 1 << k))) {
                continue;
            }

            ngx_http_wxapp_sql_put(sql, m++ ? ", " : "");

            if (write->given[i * all + k]) {
                ngx_http_wxapp_sql_value(sql, &write->values[i * all + k]);

            } else {
                ngx_http_wxapp_sql_put(sql, "DEFAULT");
            }
        }

        ngx_http_wxapp_sql_put(sql, ")");
    }
}


static void
ngx_http_wxapp_write_inserted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (write->n > 1) {
        rc = ngx_http_wxapp_write_tell_made(r, ctx, query->insert_id);

    } else {

        rc = ngx_http_wxapp_write_made(r, ctx, 0, query->insert_id,
                                       ctx->keys);

        if (rc == NGX_DECLINED) {

            /* a key that the table made and nobody told */

            ctx->one = 0;
            rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                   1);

        } else if (rc != NGX_OK) {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

        } else if (ngx_http_wxapp_write_tells(ctx)) {
            rc = ngx_http_wxapp_resource_get(r, ctx);

        } else {
            rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                   1);
        }
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/*
 * The key of row "i": given, or made by AUTO_INCREMENT, which above 2^63 is
 * exact as a decimal.  NGX_DECLINED when it is not known.
 */

static ngx_int_t
ngx_http_wxapp_write_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i, uint64_t id,
    ngx_wxapp_value_t *keys)
{
    ngx_str_t                       *s;
    ngx_uint_t                       k, n;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;

    for (k = 0; k < conf->nkeys; k++) {

        n = conf->keys[k] - (ngx_http_wxapp_column_t *) conf->columns.elts;
        n += i * conf->columns.nelts;

        if (write->given[n]
            && write->values[n].type != NGX_WXAPP_VALUE_NULL)
        {
            keys[k] = write->values[n];
            continue;
        }

        /* of a table that makes its key otherwise it would be another's */

        if (id == 0 || conf->keys[k]->field.type > NGX_WXAPP_FIELD_BIGINT) {
            return NGX_DECLINED;
        }

        ngx_memzero(&keys[k], sizeof(ngx_wxapp_value_t));

        if (id <= INT64_MAX) {
            keys[k].type = NGX_WXAPP_VALUE_INTEGER;
            keys[k].integer = id;

        } else {
            s = &keys[k].text;

            s->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
            if (s->data == NULL) {
                return NGX_ERROR;
            }

            s->len = ngx_sprintf(s->data, "%uL", id) - s->data;
            keys[k].type = NGX_WXAPP_VALUE_DECIMAL;
        }

        /* there is one such column in a table */

        id = 0;
    }

    return NGX_OK;
}


/* several rows: those of AUTO_INCREMENT stand in a row of their own */

static ngx_int_t
ngx_http_wxapp_write_tell_made(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, uint64_t id)
{
    ngx_int_t                rc;
    ngx_uint_t               i, k;
    ngx_wxapp_value_t       *keys;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;
    k = ctx->conf->keys[0]
        - (ngx_http_wxapp_column_t *) ctx->conf->columns.elts;

    if (!ngx_http_wxapp_write_tells(ctx)) {
        return ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                                 write->n);
    }

    write->keys = ngx_array_create(r->pool, write->n * ctx->conf->nkeys,
                                   sizeof(ngx_wxapp_value_t));
    if (write->keys == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < write->n; i++) {
        keys = ngx_array_push_n(write->keys, ctx->conf->nkeys);
        if (keys == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_wxapp_write_made(r, ctx, i,
                                       ctx->conf->nkeys == 1 ? id : 0, keys);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_DECLINED) {
            goto untold;
        }

        /* of keys that were made the first is known */

        write->affected += (ctx->conf->nkeys == 1
                            && write->values[k].type == NGX_WXAPP_VALUE_NULL);
        k += ctx->conf->columns.nelts;
    }

    if (write->affected == 0 || write->affected == write->n) {
        return ngx_http_wxapp_write_read(r, ctx);
    }

untold:

    /* some keys are known, some are not */

    return ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_CREATED,
                                             write->n);
}


/* PUT, where what is not given returns to its default, and PATCH */

static ngx_int_t
ngx_http_wxapp_write_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t      sql;
    ngx_wxapp_mysql_query_t  *query;

    if (!ctx->item || ctx->if_match) {
        return ngx_http_wxapp_write_begin(r, ctx, ngx_http_wxapp_write_lock);
    }

    if (ngx_http_wxapp_write_nothing(ctx)) {
        return ngx_http_wxapp_resource_get(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_put(&sql, "UPDATE ");
    ngx_http_wxapp_sql_name(&sql, &ctx->conf->table);
    ngx_http_wxapp_sql_put(&sql, " SET ");
    ngx_http_wxapp_write_set(&sql);
    ngx_http_wxapp_sql_put(&sql, " WHERE ");
    ngx_http_wxapp_sql_scope(&sql);
    ngx_http_wxapp_sql_item(&sql);
    ctx->refused = ngx_http_wxapp_write_bounds(&sql);
    ngx_http_wxapp_sql_put(&sql, " LIMIT 1");

    query = ngx_http_wxapp_sql_done(&sql);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_write_updated);
}


/* whether the column is set */

static ngx_uint_t
ngx_http_wxapp_write_sets(ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t i)
{
    ngx_http_wxapp_write_t   *write;
    ngx_http_wxapp_column_t  *column;

    write = ctx->write;
    column = ctx->conf->columns.elts;
    column += i;

    return !column->key && column != ctx->conf->version
           && (ctx->writable & ((uint64_t) 1 << i))
           && (ctx->method != NGX_HTTP_PATCH || write->given[i]);
}


static ngx_uint_t
ngx_http_wxapp_write_nothing(ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t               i;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    for (i = 0; i < ctx->conf->columns.nelts; i++) {
        if (ngx_http_wxapp_write_sets(ctx, i)) {
            return 0;
        }
    }

    return write->increments == NULL || write->increments->nelts == 0;
}


static void
ngx_http_wxapp_write_set(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i, n;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_increment_t      *increment;
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_http_wxapp_resource_conf_t  *conf;

    ctx = sql->ctx;
    conf = ctx->conf;
    write = ctx->write;
    column = conf->columns.elts;

    n = 0;

    for (i = 0; i < conf->columns.nelts; i++) {

        if (!ngx_http_wxapp_write_sets(ctx, i)) {
            continue;
        }

        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &column[i].field.name);
        ngx_http_wxapp_sql_put(sql, " = ");

        if (write->given[i]) {
            ngx_http_wxapp_sql_value(sql, &write->values[i]);

        } else {
            ngx_http_wxapp_sql_put(sql, "DEFAULT");
        }
    }

    increment = write->increments ? write->increments->elts : NULL;

    for (i = 0; increment && i < write->increments->nelts; i++) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &increment[i].column->field.name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_name(sql, &increment[i].column->field.name);
        ngx_http_wxapp_sql_put(sql, increment[i].minus ? " - " : " + ");
        ngx_http_wxapp_sql_value(sql, &increment[i].value);
    }

    if (conf->version) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, " + 1");
    }
}


/* an increment keeps to the rules of its column; whether there is one */

static ngx_uint_t
ngx_http_wxapp_write_bounds(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                   i, bounded;
    ngx_wxapp_field_t           *field;
    ngx_http_wxapp_write_t      *write;
    ngx_http_wxapp_increment_t  *increment;

    write = sql->ctx->write;
    bounded = 0;

    if (write->increments == NULL) {
        return 0;
    }

    increment = write->increments->elts;

    for (i = 0; i < write->increments->nelts; i++) {
        field = &increment[i].column->field;

        if (field->min.len) {
            ngx_http_wxapp_write_bound(sql, &increment[i], &field->min,
                                       " >= ");
            bounded = 1;
        }

        if (field->max.len) {
            ngx_http_wxapp_write_bound(sql, &increment[i], &field->max,
                                       " <= ");
            bounded = 1;
        }
    }

    return bounded;
}


static void
ngx_http_wxapp_write_bound(ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_increment_t *increment, ngx_str_t *bound, const char *op)
{
    ngx_wxapp_value_t  value;

    value.type = NGX_WXAPP_VALUE_DECIMAL;
    value.text = *bound;

    /* as decimals: an unsigned column would not go below zero */

    ngx_http_wxapp_sql_put(sql, " AND CAST(");
    ngx_http_wxapp_sql_name(sql, &increment->column->field.name);
    ngx_http_wxapp_sql_put(sql, " AS DECIMAL(65,10))");
    ngx_http_wxapp_sql_put(sql, increment->minus ? " - " : " + ");
    ngx_http_wxapp_sql_value(sql, &increment->value);
    ngx_http_wxapp_sql_put(sql, op);
    ngx_http_wxapp_sql_value(sql, &value);
}


ngx_int_t
ngx_http_wxapp_resource_out_of_bounds(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                   i;
    ngx_wxapp_field_t           *field;
    ngx_http_wxapp_write_t      *write;
    ngx_http_wxapp_input_t      *input;
    ngx_http_wxapp_increment_t  *increment;

    write = ctx->write;
    increment = write->increments->elts;

    input = ngx_http_wxapp_input_create(r, ctx->conf->columns.elts,
                                        ctx->conf->columns.nelts,
                                        sizeof(ngx_http_wxapp_column_t));
    if (input == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* which of several it was is not known */

    for (i = 0; i < write->increments->nelts; i++) {
        field = &increment[i].column->field;

        if ((field->min.len || field->max.len)
            && ngx_http_wxapp_input_fault(input, &field->name,
                                          increment[i].minus ? "min" : "max",
                                          "would pass its bounds")
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_wxapp_input_end(input);
}


/* the row as it is now is the answer */

static void
ngx_http_wxapp_write_updated(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (query->affected) {
        ctx->refused = 0;
    }

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0 && !ctx->refused) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else if (ctx->refused || ngx_http_wxapp_write_tells(ctx)) {

        /* a row that was restored or removed is told, too */

        ctx->deleted = ctx->refused ? ctx->deleted
                                    : NGX_HTTP_WXAPP_DELETED_WITH;

        rc = ngx_http_wxapp_resource_get(r, ctx);

    } else {
        rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_NO_CONTENT, 1);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


ngx_int_t
ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t      sql;
    ngx_wxapp_mysql_query_t  *query;

    ctx->write = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_write_t));
    if (ctx->write == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->item || ctx->if_match || ngx_http_wxapp_write_tells(ctx)) {
        return ngx_http_wxapp_write_begin(r, ctx, ngx_http_wxapp_write_lock);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_removed(&sql);
    ngx_http_wxapp_sql_scope(&sql);
    ngx_http_wxapp_sql_item(&sql);
    ngx_http_wxapp_sql_put(&sql, " LIMIT 1");

    query = ngx_http_wxapp_sql_done(&sql);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_write_deleted);
}


/* up to the conditions */

static void
ngx_http_wxapp_write_removed(ngx_http_wxapp_sql_t *sql)
{
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;

    if (conf->soft_delete.len == 0) {
        ngx_http_wxapp_sql_put(sql, "DELETE FROM ");
        ngx_http_wxapp_sql_name(sql, &conf->table);

    } else {
        ngx_http_wxapp_sql_put(sql, "UPDATE ");
        ngx_http_wxapp_sql_name(sql, &conf->table);
        ngx_http_wxapp_sql_put(sql, " SET ");
        ngx_http_wxapp_sql_name(sql, &conf->soft_delete);
        ngx_http_wxapp_sql_put(sql, " = UTC_TIMESTAMP()");
    }

    ngx_http_wxapp_sql_put(sql, " WHERE ");
}


static void
ngx_http_wxapp_write_deleted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else {
        rc = ngx_http_wxapp_resource_tell_none(r, ctx, NGX_HTTP_NO_CONTENT, 1);
    }

    ngx_http_finalize_request(r, rc);
}


/* Transactions. */

static ngx_int_t
ngx_http_wxapp_write_begin(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_write_pt first)
{
    ngx_int_t                rc;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    /* it may be the second time */

    if (write->first == NULL) {
        write->first = first;
        write->outputs = ctx->outputs;
    }

    ctx->outputs = write->outputs;
    ctx->nextra = 0;
    ctx->version = 0;
    ctx->keyed = 0;
    ctx->locked = NULL;
    write->row = 0;
    write->keys = NULL;
    write->affected = 0;

    ctx->session = ngx_http_wxapp_db_session(r, 0);
    if (ctx->session == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_wxapp_db_command(r, ctx->session, "START TRANSACTION", ctx,
                                   ngx_http_wxapp_write_begun);

    if (rc != NGX_AGAIN) {
        ngx_wxapp_mysql_session_end(ctx->session);
        ctx->session = NULL;
    }

    return rc;
}


static void
ngx_http_wxapp_write_begun(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_write_t         *write;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = op->data;
    write = ctx->write;

    ngx_http_wxapp_write_next(r, ctx, op->status == NGX_WXAPP_OP_OK
                              ? write->first(r, ctx)
                              : ngx_http_wxapp_write_failed(r, ctx,
                                             (ngx_wxapp_mysql_query_t *) op));
}


static ngx_int_t
ngx_http_wxapp_write_send(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_sql_t *sql,
    ngx_http_wxapp_done_pt done)
{
    ngx_wxapp_mysql_query_t  *query;

    query = ngx_http_wxapp_sql_done(sql);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->session = ctx->session;

    return ngx_http_wxapp_db_send(r, query, done);
}


/* a step has ended: NGX_AGAIN when another was sent, else all has */

static void
ngx_http_wxapp_write_next(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_int_t rc)
{
    if (rc == NGX_AGAIN) {
        return;
    }

    if (ctx->session) {
        ngx_wxapp_mysql_session_end(ctx->session);
        ctx->session = NULL;
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_wxapp_write_failed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_mysql_query_t *query)
{
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    if (!ngx_http_wxapp_db_again(query)
        || ctx->tries++ == NGX_HTTP_WXAPP_WRITE_TRIES)
    {
        return ngx_http_wxapp_resource_failed(r, ctx, query);
    }

    ngx_wxapp_mysql_session_end(ctx->session);
    ctx->session = NULL;

    return ngx_http_wxapp_write_begin(r, ctx, write->first);
}


/* the rows to change, by their keys, one more than there may be */

static ngx_int_t
ngx_http_wxapp_write_lock(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    ngx_wxapp_value_t                value;
    ngx_http_wxapp_sql_t             sql;
    ngx_http_wxapp_output_t         *output;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    ctx->locked = ngx_array_create(r->pool, 16, sizeof(ngx_str_t));
    ctx->outputs = ngx_array_create(r->pool, conf->columns.nelts,
                                    sizeof(ngx_http_wxapp_output_t));

    if (ctx->locked == NULL || ctx->outputs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->method == NGX_HTTP_DELETE && ngx_http_wxapp_write_tells(ctx)) {

        /* the last look at them */

        ctx->outputs = ((ngx_http_wxapp_write_t *) ctx->write)->outputs;

    } else if (ctx->if_match && conf->version == NULL) {

        /* the ETag is that of the whole row */

        for (i = 0; i < conf->columns.nelts; i++) {

            if (!(ctx->readable & ((uint64_t) 1 << i))) {
                continue;
            }

            output = ngx_array_push(ctx->outputs);
            if (output == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            ngx_memzero(output, sizeof(ngx_http_wxapp_output_t));
            output->column = (ngx_http_wxapp_column_t *) conf->columns.elts
                             + i;
            output->label = output->column->label;
        }
    }

    if (conf->version) {
        ctx->extra[ctx->nextra++] = conf->version;
        ctx->version = ctx->nextra;
    }

    ctx->keyed = ctx->nextra + 1;

    for (i = 0; i < conf->nkeys; i++) {
        ctx->extra[ctx->nextra++] = conf->keys[i];
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_select(&sql);
    ngx_http_wxapp_sql_scope(&sql);

    if (ctx->item) {
        ngx_http_wxapp_sql_item(&sql);

    } else {
        rc = ngx_http_wxapp_sql_filters(&sql);

        if (rc != NGX_DECLINED) {
            ngx_http_wxapp_sql_free(&sql);
            return rc;
        }
    }

    /* in the order of the keys, so that two such writes meet in one way */

    for (i = 0; i < conf->nkeys; i++) {
        ngx_http_wxapp_sql_put(&sql, i ? ", " : " ORDER BY ");
        ngx_http_wxapp_sql_name(&sql, &conf->keys[i]->field.name);
    }

    value.type = NGX_WXAPP_VALUE_INTEGER;
    value.integer = (ctx->item ? 1 : ctx->max_affected + 1);

    ngx_http_wxapp_sql_put(&sql, " LIMIT ");
    ngx_http_wxapp_sql_value(&sql, &value);
    ngx_http_wxapp_sql_put(&sql, " FOR UPDATE");

    sql.query->row = ngx_http_wxapp_resource_row;

    ngx_http_wxapp_resource_rows(r, ctx);

    return ngx_http_wxapp_write_send(r, ctx, &sql,
                                     ngx_http_wxapp_write_locked);
}


static void
ngx_http_wxapp_write_locked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else {
        rc = ngx_http_wxapp_write_check(r, ctx);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_wxapp_write_change(r, ctx);
        }
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


static ngx_int_t
ngx_http_wxapp_write_check(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_str_t                        body;
    ngx_uint_t                       n;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;

    n = ctx->nrows;
    write->affected = n;

    if (ctx->item && n == 0) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                      "there is no such row");
    }

    if (ctx->item && ctx->if_match) {

        if (conf->version == NULL
            && (ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK
                || ngx_http_wxapp_resource_etag(r->pool, &body, &ctx->etag)
                   != NGX_OK))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (!ngx_http_wxapp_resource_match(ctx->if_match, &ctx->etag)) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_PRECONDITION_FAILED,
                                          "precondition_failed",
                                          "the row is another by now");
        }
    }

    /* of a change it would be the old one */

    ngx_str_null(&ctx->etag);

    if (!ctx->item && n > ctx->max_affected) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                      "too_many_rows",
                                      "the filter finds more rows than may "
                                      "be changed at once");
    }

    if (!ctx->item && ctx->object && n != 1) {
        return ngx_http_wxapp_resource_not_one(r, ctx, n);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_write_change(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_str_t                       *s;
    ngx_uint_t                       i, nkeys;
    ngx_wxapp_value_t               *key;
    ngx_wxapp_fault_t                fault;
    ngx_http_wxapp_sql_t             sql;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    write = ctx->write;
    nkeys = conf->nkeys;

    write->keys = ngx_array_create(r->pool, ctx->locked->nelts + 1,
                                   sizeof(ngx_wxapp_value_t));
    if (write->keys == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s = ctx->locked->elts;

    for (i = 0; i < ctx->locked->nelts; i++) {
        key = ngx_array_push(write->keys);

        if (ngx_wxapp_field_text(&conf->keys[i % nkeys]->plain, r->pool,
                                 &s[i], key, &fault)
            != NGX_OK)
        {
            ngx_memzero(key, sizeof(ngx_wxapp_value_t));
            key->type = NGX_WXAPP_VALUE_TEXT;
            key->text = s[i];
        }
    }

    if (write->affected == 0
        || (ctx->method != NGX_HTTP_DELETE
            && ngx_http_wxapp_write_nothing(ctx)))
    {
        return ngx_http_wxapp_write_read(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->method == NGX_HTTP_DELETE) {
        ngx_http_wxapp_write_removed(&sql);

    } else {
        ngx_http_wxapp_sql_put(&sql, "UPDATE ");
        ngx_http_wxapp_sql_name(&sql, &conf->table);
        ngx_http_wxapp_sql_put(&sql, " SET ");
        ngx_http_wxapp_write_set(&sql);
        ngx_http_wxapp_sql_put(&sql, " WHERE ");
    }

    ngx_http_wxapp_write_by_keys(&sql);

    if (ctx->method != NGX_HTTP_DELETE) {
        ctx->refused = ngx_http_wxapp_write_bounds(&sql);
    }

    return ngx_http_wxapp_write_send(r, ctx, &sql,
                                     ngx_http_wxapp_write_changed);
}


static void
ngx_http_wxapp_write_changed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (ctx->refused && query->affected < write->affected) {
        rc = ngx_http_wxapp_resource_out_of_bounds(r, ctx);

    } else {
        rc = ngx_http_wxapp_write_read(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/*
 * A row that is there already by the key of the upsert gets the new values.
 * Any other unique key might have found it, or it is not the caller's: then
 * it stays as it is, and is missing when the rows are read.
 */

static ngx_int_t
ngx_http_wxapp_write_merge(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t               n, all;
    ngx_http_wxapp_sql_t     sql;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;
    all = ctx->conf->columns.nelts;

    ctx->created = 1;
    ctx->one = 0;

    /* rows of the same columns together: only what is given is merged */

    for (n = 1; write->row + n < write->n; n++) {
        if (ngx_memcmp(&write->given[write->row * all],
                       &write->given[(write->row + n) * all], all)
            != 0)
        {
            break;
        }
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_values(&sql, write->row, n);
    ngx_http_wxapp_write_merge_set(&sql, &write->given[write->row * all]);

    write->row += n;

    return ngx_http_wxapp_write_send(r, ctx, &sql,
                                     ngx_http_wxapp_write_merged);
}


static void
ngx_http_wxapp_write_merge_set(ngx_http_wxapp_sql_t *sql, u_char *given)
{
    ngx_str_t                        guard, *name;
    ngx_uint_t                       i, k, n, used;
    ngx_wxapp_text_t                 text, saved;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_upsert_t         *upsert;
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_http_wxapp_resource_conf_t  *conf;

    ctx = sql->ctx;
    conf = ctx->conf;
    upsert = ctx->upsert;
    column = conf->columns.elts;

    /* the condition, which each column repeats */

    saved = sql->text;
    ngx_wxapp_text_init(&sql->text, sql->query->pool, 256);

    for (i = 0; i < upsert->n; i++) {
        name = &upsert->columns[i]->field.name;

        ngx_http_wxapp_sql_put(sql, i ? " AND " : " = IF(");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, " <=> VALUES(");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (ctx->scoped) {
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->owner_name);
        ngx_http_wxapp_sql_put(sql, " <=> VALUES(");
        ngx_http_wxapp_sql_name(sql, &conf->owner_name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (conf->soft_delete.len) {
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->soft_delete);
        ngx_http_wxapp_sql_put(sql, " IS NULL");
    }

    ngx_http_wxapp_sql_put(sql, ", ");

    text = sql->text;
    sql->text = saved;

    if (ngx_wxapp_text_done(&text, &guard) != NGX_OK) {
        sql->failed = 1;
        return;
    }

    ngx_http_wxapp_sql_put(sql, " ON DUPLICATE KEY UPDATE ");

    n = 0;

    for (k = 0; k < conf->columns.nelts; k++) {

        used = (given[k] == NGX_HTTP_WXAPP_GIVEN);

        for (i = 0; i < upsert->n; i++) {
            if (upsert->columns[i] == &column[k]) {
                used = 0;
            }
        }

        if (!used || column[k].key || &column[k] == conf->owner
            || &column[k] == conf->version)
        {
            continue;
        }

        name = &column[k].field.name;

        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_wxapp_text_str(&sql->text, &guard);
        ngx_http_wxapp_sql_put(sql, "VALUES(");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, "), ");
        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (conf->version) {
        ngx_http_wxapp_sql_put(sql, n++ ? ", " : "");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_wxapp_text_str(&sql->text, &guard);
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, " + 1, ");
        ngx_http_wxapp_sql_name(sql, &conf->version_name);
        ngx_http_wxapp_sql_put(sql, ")");
    }

    if (n == 0) {
        name = &upsert->columns[0]->field.name;

        ngx_http_wxapp_sql_name(sql, name);
        ngx_http_wxapp_sql_put(sql, " = ");
        ngx_http_wxapp_sql_name(sql, name);
    }
}


static void
ngx_http_wxapp_write_merged(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (write->row < write->n) {
        rc = ngx_http_wxapp_write_merge(r, ctx);

    } else {
        write->affected = write->n;
        rc = ngx_http_wxapp_write_read(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/* row by row: a duplicate is known for each of them */

static ngx_int_t
ngx_http_wxapp_write_one(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_http_wxapp_sql_t     sql;
    ngx_http_wxapp_write_t  *write;

    write = ctx->write;

    if (write->keys == NULL) {
        write->keys = ngx_array_create(r->pool, write->n * ctx->conf->nkeys,
                                       sizeof(ngx_wxapp_value_t));
        if (write->keys == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (write->row == write->n) {
        ctx->created = (write->affected != 0);

        return ngx_http_wxapp_write_read(r, ctx);
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_write_values(&sql, write->row, 1);

    return ngx_http_wxapp_write_send(r, ctx, &sql,
                                     ngx_http_wxapp_write_one_done);
}


static void
ngx_http_wxapp_write_one_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_value_t              *keys;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status == NGX_WXAPP_OP_OK) {

        keys = ngx_array_push_n(write->keys, ctx->conf->nkeys);

        rc = keys ? ngx_http_wxapp_write_made(r, ctx, write->row,
                                              query->insert_id, keys)
                  : NGX_ERROR;

        if (rc == NGX_DECLINED) {
            write->keys->nelts -= ctx->conf->nkeys;
            ctx->one = 0;

        } else if (rc == NGX_OK && ctx->one) {
            ngx_memcpy(ctx->keys, keys,
                       ctx->conf->nkeys * sizeof(ngx_wxapp_value_t));
        }

        write->affected++;
        write->row++;

        rc = (rc == NGX_ERROR) ? NGX_HTTP_INTERNAL_SERVER_ERROR
                               : ngx_http_wxapp_write_one(r, ctx);

    } else if (op->status == NGX_WXAPP_OP_ERROR
               && query->error == ER_DUP_ENTRY)
    {
        rc = ngx_http_wxapp_write_look(r, ctx);

    } else {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


/* a duplicate to ignore is one of the key that was named, of no other */

static ngx_int_t
ngx_http_wxapp_write_look(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                i, n;
    ngx_http_wxapp_sql_t      sql;
    ngx_http_wxapp_write_t   *write;
    ngx_http_wxapp_column_t  *column;

    write = ctx->write;

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_put(&sql, "SELECT 1 FROM ");
    ngx_http_wxapp_sql_name(&sql, &ctx->conf->table);

    for (i = 0; i < ctx->upsert->n; i++) {
        column = ctx->upsert->columns[i];
        n = column - (ngx_http_wxapp_column_t *) ctx->conf->columns.elts;
        n += write->row * ctx->conf->columns.nelts;

        ngx_http_wxapp_sql_put(&sql, i ? " AND " : " WHERE ");
        ngx_http_wxapp_sql_name(&sql, &column->field.name);
        ngx_http_wxapp_sql_put(&sql, " = ");
        ngx_http_wxapp_sql_value(&sql, &write->values[n]);
    }

    /* as it is now, not as it was when the transaction began */

    ngx_http_wxapp_sql_put(&sql, " LIMIT 1 LOCK IN SHARE MODE");

    sql.query->row = ngx_http_wxapp_write_seen;

    return ngx_http_wxapp_write_send(r, ctx, &sql,
                                     ngx_http_wxapp_write_looked);
}


static ngx_int_t
ngx_http_wxapp_write_seen(ngx_wxapp_mysql_query_t *query, ngx_str_t *row,
    ngx_uint_t n)
{
    return NGX_OK;
}


static void
ngx_http_wxapp_write_looked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (query->rows == 0) {
        rc = ngx_http_wxapp_write_duplicate(r);

    } else {
        write->row++;
        rc = ngx_http_wxapp_write_one(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


static ngx_int_t
ngx_http_wxapp_write_duplicate(ngx_http_request_t *r)
{
    return ngx_http_wxapp_problem(r, NGX_HTTP_CONFLICT, "duplicate",
                                  "there is a row with the same unique value "
                                  "already");
}


/* the rows as they are now, if they are told, or must be looked at */

static ngx_int_t
ngx_http_wxapp_write_read(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_uint_t                i;
    ngx_http_wxapp_sql_t      sql;
    ngx_http_wxapp_write_t   *write;
    ngx_wxapp_mysql_query_t  *query;

    write = ctx->write;

    if (ctx->upsert == NULL
        && (!ngx_http_wxapp_write_tells(ctx)
            || ctx->method == NGX_HTTP_DELETE))
    {
        return ngx_http_wxapp_write_commit(r, ctx);
    }

    if (write->outputs) {
        ctx->outputs = write->outputs;
    }

    ctx->nextra = 0;
    ctx->keyed = 0;
    ctx->version = 0;

    if (ctx->conf->version && ctx->item) {
        ctx->extra[ctx->nextra++] = ctx->conf->version;
        ctx->version = ctx->nextra;
    }

    ngx_http_wxapp_resource_rows(r, ctx);

    if (ctx->upsert == NULL || ctx->resolution
                               == NGX_HTTP_WXAPP_RESOLUTION_IGNORE)
    {
        if (write->keys->nelts == 0) {
            return ngx_http_wxapp_write_commit(r, ctx);
        }
    }

    if (ngx_http_wxapp_sql_init(&sql, r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_sql_select(&sql);

    if (ctx->upsert
        && ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_MERGE)
    {
        ngx_http_wxapp_sql_scope(&sql);
        ngx_http_wxapp_sql_put(&sql, " AND ");
        ngx_http_wxapp_write_by_conflict(&sql);

    } else {
        ngx_http_wxapp_write_by_keys(&sql);
    }

    for (i = 0; i < ctx->conf->nkeys; i++) {
        ngx_http_wxapp_sql_put(&sql, i ? ", " : " ORDER BY ");
        ngx_http_wxapp_sql_name(&sql, &ctx->conf->keys[i]->field.name);
    }

    query = sql.query;
    query->row = ngx_http_wxapp_resource_row;
    query->read_only = (ctx->session == NULL);

    return ngx_http_wxapp_write_send(r, ctx, &sql,
                                     ngx_http_wxapp_write_read_done);
}


/* those of write->keys, or of AUTO_INCREMENT by the first of them */

static void
ngx_http_wxapp_write_by_keys(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i, k, nkeys;
    ngx_wxapp_value_t               *key, value;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;
    write = sql->ctx->write;
    nkeys = conf->nkeys;
    key = write->keys->elts;

    if (sql->ctx->session == NULL && write->affected == write->n) {

        /* the server's step is 1 but in a cluster */

        value.type = NGX_WXAPP_VALUE_INTEGER;
        value.integer = write->n;

        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " >= ");
        ngx_http_wxapp_sql_value(sql, &key[0]);
        ngx_http_wxapp_sql_put(sql, " AND ");
        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " < ");
        ngx_http_wxapp_sql_value(sql, &key[0]);
        ngx_http_wxapp_sql_put(sql, " + @@auto_increment_increment * ");
        ngx_http_wxapp_sql_value(sql, &value);
        ngx_http_wxapp_sql_put(sql, " AND MOD(");
        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " - ");
        ngx_http_wxapp_sql_value(sql, &key[0]);
        ngx_http_wxapp_sql_put(sql, ", @@auto_increment_increment) = 0");
        return;
    }

    if (nkeys == 1) {
        ngx_http_wxapp_sql_name(sql, &conf->keys[0]->field.name);
        ngx_http_wxapp_sql_put(sql, " IN (");

        for (i = 0; i < write->keys->nelts; i++) {
            ngx_http_wxapp_sql_put(sql, i ? ", " : "");
            ngx_http_wxapp_sql_value(sql, &key[i]);
        }

        ngx_http_wxapp_sql_put(sql, ")");
        return;
    }

    for (i = 0; i < write->keys->nelts; i += nkeys) {
        ngx_http_wxapp_sql_put(sql, i ? " OR (" : "((");

        for (k = 0; k < nkeys; k++) {
            ngx_http_wxapp_sql_put(sql, k ? " AND " : "");
            ngx_http_wxapp_sql_name(sql, &conf->keys[k]->field.name);
            ngx_http_wxapp_sql_put(sql, " = ");
            ngx_http_wxapp_sql_value(sql, &key[i + k]);
        }

        ngx_http_wxapp_sql_put(sql, ")");
    }

    ngx_http_wxapp_sql_put(sql, ")");
}


/*
 * Also by the other unique values that were given: another row that has one
 * of them was found in place of the one to be changed.
 */

static void
ngx_http_wxapp_write_by_conflict(ngx_http_wxapp_sql_t *sql)
{
    ngx_uint_t                       i, k, n, all;
    ngx_wxapp_value_t               *value;
    ngx_http_wxapp_write_t          *write;
    ngx_http_wxapp_column_t         *column;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = sql->ctx->conf;
    write = sql->ctx->write;
    column = conf->columns.elts;
    all = conf->columns.nelts;

    for (i = 0; i < write->n; i++) {
        ngx_http_wxapp_sql_put(sql, i ? " OR (" : "((");

        for (k = 0, n = 0; k < all; k++) {
            value = &write->values[i * all + k];

            if ((!column[k].key && !column[k].upsert)
                || !write->given[i * all + k]
                || value->type == NGX_WXAPP_VALUE_NULL)
            {
                continue;
            }

            ngx_http_wxapp_sql_put(sql, n++ ? " AND " : "");
            ngx_http_wxapp_sql_name(sql, &column[k].field.name);
            ngx_http_wxapp_sql_put(sql, " = ");
            ngx_http_wxapp_sql_value(sql, value);
        }

        ngx_http_wxapp_sql_put(sql, n ? ")" : "FALSE)");
    }

    ngx_http_wxapp_sql_put(sql, ")");
}


static void
ngx_http_wxapp_write_read_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ctx->session ? ngx_http_wxapp_write_failed(r, ctx, query)
                          : ngx_http_wxapp_resource_failed(r, ctx, query);

    } else if (ctx->upsert
               && ctx->resolution == NGX_HTTP_WXAPP_RESOLUTION_MERGE
               && ctx->nrows < write->n)
    {
        rc = ngx_http_wxapp_write_duplicate(r);

    } else {
        rc = ngx_http_wxapp_write_commit(r, ctx);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}


static ngx_int_t
ngx_http_wxapp_write_commit(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    if (ctx->session) {
        return ngx_http_wxapp_db_command(r, ctx->session, "COMMIT", ctx,
                                         ngx_http_wxapp_write_committed);
    }

    return ngx_http_wxapp_resource_tell(r, ctx);
}


static void
ngx_http_wxapp_write_committed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_uint_t                      status;
    ngx_http_wxapp_write_t         *write;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    write = ctx->write;

    if (op->status == NGX_WXAPP_OP_ERROR) {
        rc = ngx_http_wxapp_write_failed(r, ctx, query);

    } else if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_unknown(r, query);

    } else if (ngx_http_wxapp_write_tells(ctx)) {
        rc = ngx_http_wxapp_resource_tell(r, ctx);

    } else {
        status = (ctx->method == NGX_HTTP_POST)
                 ? (ctx->created ? NGX_HTTP_CREATED : NGX_HTTP_OK)
                 : NGX_HTTP_NO_CONTENT;

        rc = ngx_http_wxapp_resource_tell_none(r, ctx, status,
                                               write->affected);
    }

    ngx_http_wxapp_write_next(r, ctx, rc);
}
