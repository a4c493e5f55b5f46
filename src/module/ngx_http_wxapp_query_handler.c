
/*
 * Requests to a query or a transaction: one statement after the other, each
 * sent when the last one is done, and one reply when all is committed.
 */


#include "module/ngx_http_wxapp_query.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_input.h"


#define NGX_HTTP_WXAPP_RESULT_MAX  (16 * 1024 * 1024)


/* a column of a row kept for $wxapp_row_NAME */

typedef struct {
    ngx_str_t                     name;
    ngx_str_t                     text;       /* data NULL: NULL */
    ngx_wxapp_field_type_e        type;
} ngx_http_wxapp_cell_t;


typedef struct {
    ngx_http_wxapp_query_conf_t  *conf;
    ngx_wxapp_mysql_session_t    *session;    /* NULL: none now */
    ngx_http_request_t           *request;
    ngx_int_t                     next;       /* step; below 0 before BEGIN */
    ngx_uint_t                    tries;

    /* the latest query's */

    ngx_http_wxapp_cell_t        *row;        /* its first */
    ngx_uint_t                    ncells;
    ngx_str_t                    *labels;     /* "name": */
    ngx_uint_t                    rows;       /* of the first result set */
    ngx_uint_t                    sets;       /* result sets begun */

    ngx_http_wxapp_cell_t         insert_id;  /* the latest */
    ngx_wxapp_text_t              text;       /* the reply */
    unsigned                      told:1;     /* there is one */
    unsigned                      too_large:1;
} ngx_http_wxapp_query_ctx_t;


static ngx_int_t ngx_http_wxapp_query_start(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_query_next(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_query_step(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_http_wxapp_step_t *step);
static ngx_int_t ngx_http_wxapp_query_value(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_http_wxapp_query_value_t *qv,
    ngx_wxapp_value_t *value);
static void ngx_http_wxapp_query_cell(ngx_http_request_t *r,
    ngx_http_wxapp_cell_t *cell, ngx_wxapp_value_t *value);
static ngx_int_t ngx_http_wxapp_query_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value, ngx_uint_t count);
static ngx_http_wxapp_cell_t *ngx_http_wxapp_query_find(
    ngx_http_wxapp_query_ctx_t *ctx, ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_query_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_wxapp_query_keep(ngx_http_wxapp_query_ctx_t *ctx,
    ngx_wxapp_mysql_query_t *query, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_wxapp_query_labels(ngx_http_wxapp_query_ctx_t *ctx,
    ngx_wxapp_mysql_query_t *query, ngx_uint_t n);
static void ngx_http_wxapp_query_set(ngx_http_wxapp_query_ctx_t *ctx,
    ngx_uint_t n);
static void ngx_http_wxapp_query_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_query_stepped(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_wxapp_mysql_query_t *query,
    ngx_http_wxapp_step_t *step);
static ngx_int_t ngx_http_wxapp_query_failed(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_wxapp_mysql_query_t *query);
static ngx_int_t ngx_http_wxapp_query_reply(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx);
static void ngx_http_wxapp_query_leave(ngx_http_wxapp_query_ctx_t *ctx);


ngx_int_t
ngx_http_wxapp_query_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_str_t                     allow;
    ngx_http_wxapp_query_ctx_t   *ctx;
    ngx_http_wxapp_query_conf_t  *conf;

    conf = ngx_http_wxapp_content_data(r);

    if (r->method == NGX_HTTP_OPTIONS) {
        allow.data = (u_char *) conf->allow;
        allow.len = ngx_strlen(conf->allow);

        return ngx_http_wxapp_header(r, "Allow", &allow)
               ? ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT, NULL)
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & conf->methods)) {
        return ngx_http_wxapp_not_allowed(r, conf->allow);
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_query_ctx_t));

    if (ctx == NULL || ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->conf = conf;
    ctx->request = r;

    ngx_http_set_ctx(r, ctx, ngx_http_wxapp_query_module);

    /* what wxapp_input wants of a body, it has read before */

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_wxapp_text_init(&ctx->text, r->pool, 1024);

    rc = ngx_http_wxapp_query_start(r, ctx);

    if (rc == NGX_AGAIN) {
        r->main->count++;
        return NGX_DONE;
    }

    ngx_http_wxapp_query_leave(ctx);

    return rc;
}


/* the first time and each time again: NGX_AGAIN, or what to finalize with */

static ngx_int_t
ngx_http_wxapp_query_start(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx)
{
    ctx->next = 0;
    ctx->ncells = 0;
    ctx->insert_id.text.data = NULL;
    ctx->text.pos = ctx->text.start;
    ctx->told = 0;

    if (ctx->conf->labelled) {
        ngx_wxapp_json_open(&ctx->text, '{');
    }

    if (ctx->conf->begin) {
        ctx->next = ctx->conf->isolate ? -2 : -1;

        ctx->session = ngx_http_wxapp_db_session(r, ctx->conf->read_only);
        if (ctx->session == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_wxapp_query_next(r, ctx);
}


static ngx_int_t
ngx_http_wxapp_query_next(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx)
{
    ngx_int_t               n, steps;
    const char             *command;
    ngx_http_wxapp_step_t  *step;

    n = ctx->next++;
    step = ctx->conf->steps.elts;
    steps = ctx->conf->steps.nelts;

    if (n >= 0 && n < steps) {
        return ngx_http_wxapp_query_step(r, ctx, &step[n]);
    }

    if (n > steps || ctx->session == NULL) {
        return ngx_http_wxapp_query_reply(r, ctx);
    }

    command = (n == steps) ? "COMMIT"
                           : (n == -1) ? ctx->conf->begin
                                       : ctx->conf->isolate;

    return ngx_http_wxapp_db_command(r, ctx->session, command, ctx,
                                     ngx_http_wxapp_query_done);
}


static ngx_int_t
ngx_http_wxapp_query_step(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_http_wxapp_step_t *step)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i, n, total, *counts;
    ngx_wxapp_value_t             *value;
    ngx_wxapp_placeholder_t       *ph;
    ngx_wxapp_mysql_query_t       *query;
    ngx_http_wxapp_query_value_t  *qv;

    n = step->values.nelts;
    qv = step->values.elts;
    ph = step->statement.placeholders.elts;

    value = ngx_palloc(r->pool, n * (sizeof(ngx_wxapp_value_t)
                                     + sizeof(ngx_uint_t)));
    if (value == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    counts = (ngx_uint_t *) &value[n];

    for (i = 0, total = 0; i < n; i++) {

        if (ngx_http_wxapp_query_value(r, ctx, &qv[i], &value[i]) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        counts[i] = 1;

        if (value[i].type == NGX_WXAPP_VALUE_LIST) {

            if (!ph[i].list) {
                value[i].type = NGX_WXAPP_VALUE_TEXT;
            }

            /* powers of two: as many lengths as that are prepared, no more */

            while (ph[i].list && counts[i] < value[i].nitems) {
                counts[i] *= 2;
            }
        }

        total += counts[i];
    }

    query = ngx_http_wxapp_db_query(r, total, ctx);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->sql = step->statement.text;
    query->session = ctx->session;
    query->row = ngx_http_wxapp_query_row;
    query->read_only = step->statement.reads;

    rc = (total == n) ? NGX_OK
                      : ngx_wxapp_statement_expand(&step->statement,
                                                   query->pool, counts,
                                                   &query->sql);

    for (i = 0; i < n; i++) {
        rc |= ngx_http_wxapp_query_bind(query, &value[i], counts[i]);
    }

    if (rc != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!step->exec) {
        ctx->ncells = 0;
    }

    ctx->labels = NULL;
    ctx->rows = 0;
    ctx->sets = 0;

    if (step->told) {
        ctx->told = 1;

        if (step->label.len) {
            ngx_wxapp_json_raw(&ctx->text, step->label.data, step->label.len);
        }

        if (step->shape == NGX_HTTP_WXAPP_SHAPE_LIST
            || step->shape == NGX_HTTP_WXAPP_SHAPE_SETS)
        {
            ngx_wxapp_json_open(&ctx->text, '[');
        }
    }

    return ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_query_done);
}


/* NGX_ERROR without memory */

static ngx_int_t
ngx_http_wxapp_query_value(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_http_wxapp_query_value_t *qv,
    ngx_wxapp_value_t *value)
{
    ngx_wxapp_value_t          *given;
    ngx_http_wxapp_cell_t      *cell;
    ngx_http_variable_value_t  *vv;

    value->type = NGX_WXAPP_VALUE_NULL;

    switch (qv->source) {

    case NGX_HTTP_WXAPP_SOURCE_INPUT:
        given = ngx_http_wxapp_input_value(r, &qv->name);

        if (given) {
            *value = *given;
        }

        return NGX_OK;

    case NGX_HTTP_WXAPP_SOURCE_ROW:
        cell = ngx_http_wxapp_query_find(ctx, &qv->name);

        if (cell) {
            ngx_http_wxapp_query_cell(r, cell, value);
        }

        return NGX_OK;

    case NGX_HTTP_WXAPP_SOURCE_INSERT_ID:
        ngx_http_wxapp_query_cell(r, &ctx->insert_id, value);
        return NGX_OK;

    case NGX_HTTP_WXAPP_SOURCE_VARIABLE:
        vv = ngx_http_get_flushed_variable(r, qv->index);

        if (vv && !vv->not_found) {
            value->type = NGX_WXAPP_VALUE_TEXT;
            value->text.data = vv->data;
            value->text.len = vv->len;
        }

        return NGX_OK;

    default:
        value->type = NGX_WXAPP_VALUE_TEXT;
        return ngx_http_complex_value(r, &qv->text, &value->text);
    }
}


/* a number stays one: '3' in arithmetic would be a DOUBLE */

static void
ngx_http_wxapp_query_cell(ngx_http_request_t *r, ngx_http_wxapp_cell_t *cell,
    ngx_wxapp_value_t *value)
{
    ngx_wxapp_field_t  field;
    ngx_wxapp_fault_t  fault;

    if (cell->text.data == NULL) {
        value->type = NGX_WXAPP_VALUE_NULL;
        return;
    }

    ngx_memzero(&field, sizeof(ngx_wxapp_field_t));

    switch (cell->type) {

    case NGX_WXAPP_FIELD_INT:
    case NGX_WXAPP_FIELD_BIGINT:
    case NGX_WXAPP_FIELD_BOOL:
        field.type = NGX_WXAPP_FIELD_BIGINT;

        if (ngx_wxapp_field_text(&field, r->pool, &cell->text, value, &fault)
            == NGX_OK)
        {
            return;
        }

        /* BIGINT UNSIGNED above 2^63 */

        /* fall through */

    case NGX_WXAPP_FIELD_DECIMAL:
        field.type = NGX_WXAPP_FIELD_DECIMAL;

        if (ngx_wxapp_field_text(&field, r->pool, &cell->text, value, &fault)
            == NGX_OK)
        {
            return;
        }

        break;

    default:
        break;
    }

    value->type = NGX_WXAPP_VALUE_TEXT;
    value->text = cell->text;
}


/* an empty list is a NULL, and of a short one the last item is repeated */

static ngx_int_t
ngx_http_wxapp_query_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value, ngx_uint_t count)
{
    ngx_int_t          rc;
    ngx_uint_t         i, last;
    ngx_wxapp_value_t  null, *item;

    if (value->type != NGX_WXAPP_VALUE_LIST) {
        return ngx_http_wxapp_db_bind(query, value);
    }

    null.type = NGX_WXAPP_VALUE_NULL;

    item = value->nitems ? value->items : &null;
    last = value->nitems ? value->nitems - 1 : 0;
    rc = NGX_OK;

    for (i = 0; i < count; i++) {
        rc |= ngx_http_wxapp_db_bind(query, &item[ngx_min(i, last)]);
    }

    return rc;
}


static ngx_http_wxapp_cell_t *
ngx_http_wxapp_query_find(ngx_http_wxapp_query_ctx_t *ctx, ngx_str_t *name)
{
    ngx_uint_t              i;
    ngx_http_wxapp_cell_t  *cell;

    for (i = 0; i < ctx->ncells; i++) {
        cell = &ctx->row[i];

        /* nginx folds the names of variables, MySQL those of columns */

        if (cell->name.len == name->len
            && ngx_strncasecmp(cell->name.data, name->data, name->len) == 0)
        {
            return cell;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_wxapp_query_row(ngx_wxapp_mysql_query_t *query, ngx_str_t *columns,
    ngx_uint_t n)
{
    ngx_uint_t                   i;
    ngx_wxapp_text_t            *text;
    ngx_http_wxapp_step_t       *step;
    ngx_http_wxapp_query_ctx_t  *ctx;

    ctx = query->op.data;
    text = &ctx->text;

    step = ctx->conf->steps.elts;
    step += ctx->next - 1;

    if (query->result == 0 && ctx->rows++ == 0 && !step->exec
        && ngx_http_wxapp_query_keep(ctx, query, columns, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!step->told) {
        return NGX_OK;
    }

    if (step->shape == NGX_HTTP_WXAPP_SHAPE_SETS) {
        ngx_http_wxapp_query_set(ctx, query->result + 1);

    } else if (query->result
               || (step->shape != NGX_HTTP_WXAPP_SHAPE_LIST && ctx->rows > 1))
    {
        return NGX_OK;
    }

    if (step->shape == NGX_HTTP_WXAPP_SHAPE_VALUE) {
        ngx_wxapp_field_write(&query->columns[0].field, text, &columns[0]);

    } else {

        if (ctx->labels == NULL
            && ngx_http_wxapp_query_labels(ctx, query, n) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_wxapp_json_open(text, '{');

        for (i = 0; i < n; i++) {
            ngx_wxapp_json_raw(text, ctx->labels[i].data, ctx->labels[i].len);
            ngx_wxapp_field_write(&query->columns[i].field, text, &columns[i]);
        }

        ngx_wxapp_json_close(text, '}');
    }

    if (text->pos - text->start > NGX_HTTP_WXAPP_RESULT_MAX) {
        ctx->too_large = 1;
        return NGX_ERROR;
    }

    return text->failed ? NGX_ERROR : NGX_OK;
}


/* the row is gone when its callback returns: all of it in one piece */

static ngx_int_t
ngx_http_wxapp_query_keep(ngx_http_wxapp_query_ctx_t *ctx,
    ngx_wxapp_mysql_query_t *query, ngx_str_t *columns, ngx_uint_t n)
{
    u_char                 *p;
    size_t                  size;
    ngx_uint_t              i;
    ngx_http_wxapp_cell_t  *cell;

    size = n * sizeof(ngx_http_wxapp_cell_t);

    for (i = 0; i < n; i++) {
        size += query->columns[i].name.len + columns[i].len;
    }

    cell = ngx_palloc(ctx->request->pool, size);
    if (cell == NULL) {
        return NGX_ERROR;
    }

    ctx->row = cell;
    ctx->ncells = n;

    p = (u_char *) &cell[n];

    for (i = 0; i < n; i++) {
        cell[i].type = query->columns[i].field.type;

        cell[i].name.data = p;
        cell[i].name.len = query->columns[i].name.len;
        p = ngx_cpymem(p, query->columns[i].name.data, cell[i].name.len);

        cell[i].text.data = columns[i].data ? p : NULL;
        cell[i].text.len = columns[i].len;

        if (columns[i].data) {
            p = ngx_cpymem(p, columns[i].data, columns[i].len);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_query_labels(ngx_http_wxapp_query_ctx_t *ctx,
    ngx_wxapp_mysql_query_t *query, ngx_uint_t n)
{
    u_char            *p;
    ngx_str_t          all;
    ngx_uint_t         i;
    ngx_wxapp_text_t   text;

    ctx->labels = ngx_palloc(ctx->request->pool, n * sizeof(ngx_str_t));
    if (ctx->labels == NULL) {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&text, ctx->request->pool, 256);

    for (i = 0; i < n; i++) {
        ctx->labels[i].len = text.pos - text.start;

        ngx_wxapp_json_name_str(&text, &query->columns[i].name);

        ctx->labels[i].len = text.pos - text.start - ctx->labels[i].len;
    }

    if (ngx_wxapp_text_done(&text, &all) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0, p = all.data; i < n; i++) {
        ctx->labels[i].data = p;
        p += ctx->labels[i].len;
    }

    return NGX_OK;
}


/* begins result sets up to "n" of them: those without rows are empty lists */

static void
ngx_http_wxapp_query_set(ngx_http_wxapp_query_ctx_t *ctx, ngx_uint_t n)
{
    while (ctx->sets < n) {

        if (ctx->sets++) {
            ngx_wxapp_json_close(&ctx->text, ']');
        }

        ngx_wxapp_json_open(&ctx->text, '[');

        ctx->labels = NULL;
    }
}


static void
ngx_http_wxapp_query_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                    rc, n;
    ngx_http_wxapp_step_t       *step;
    ngx_wxapp_mysql_query_t     *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_query_ctx_t  *ctx;

    ctx = query->op.data;

    step = ctx->conf->steps.elts;
    n = ctx->next - 1;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_query_failed(r, ctx, query);

    } else {
        rc = NGX_DECLINED;

        if (n >= 0 && n < (ngx_int_t) ctx->conf->steps.nelts) {
            rc = ngx_http_wxapp_query_stepped(r, ctx, query, &step[n]);
        }

        if (rc == NGX_DECLINED) {
            rc = ngx_http_wxapp_query_next(r, ctx);
        }
    }

    if (rc != NGX_AGAIN) {
        ngx_http_wxapp_query_leave(ctx);
        ngx_http_finalize_request(r, rc);
    }
}


/* NGX_DECLINED: it did what it should; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_query_stepped(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_wxapp_mysql_query_t *query,
    ngx_http_wxapp_step_t *step)
{
    uint64_t           rows;
    ngx_str_t         *id;
    ngx_uint_t         sets;
    ngx_wxapp_text_t  *text;

    text = &ctx->text;

    /* of the first result set, or without one those found to be written */

    rows = query->ncolumns ? ctx->rows : query->affected;

    if (step->guarded
        && (rows < step->rows || (rows > step->rows && !step->more)))
    {
        ngx_http_wxapp_query_leave(ctx);

        return ngx_http_wxapp_problem(r, step->status, step->code,
                                      step->status == NGX_HTTP_NOT_FOUND
                                      ? "there is no such row"
                                      : "the rows are not as this needs them");
    }

    if (query->insert_id) {
        id = &ctx->insert_id.text;

        id->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
        if (id->data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        id->len = ngx_sprintf(id->data, "%uL", query->insert_id) - id->data;

        ctx->insert_id.type = NGX_WXAPP_FIELD_BIGINT;
    }

    if (step->told) {

        if (step->shape == NGX_HTTP_WXAPP_SHAPE_SETS) {

            /* the last result of a procedure is its status, without rows */

            sets = query->result
                   + !ngx_wxapp_statement_is(&step->statement, "CALL");

            ngx_http_wxapp_query_set(ctx, sets);

            if (sets) {
                ngx_wxapp_json_close(text, ']');
            }
        }

        if (step->shape == NGX_HTTP_WXAPP_SHAPE_LIST
            || step->shape == NGX_HTTP_WXAPP_SHAPE_SETS)
        {
            ngx_wxapp_json_close(text, ']');
        }
    }

    return NGX_DECLINED;
}


/* NGX_AGAIN: the whole is tried again; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_query_failed(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx, ngx_wxapp_mysql_query_t *query)
{
    ngx_uint_t                    committing, again;
    ngx_http_wxapp_query_conf_t  *conf;

    conf = ctx->conf;

    committing = (ctx->next > (ngx_int_t) conf->steps.nelts);
    again = (ctx->session && ngx_http_wxapp_db_again(query));

    ngx_http_wxapp_query_leave(ctx);

    if (ctx->too_large) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the rows of a statement take more than %d bytes",
                      NGX_HTTP_WXAPP_RESULT_MAX);

        return ngx_http_wxapp_problem(r, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                      "result_too_large",
                                      "the rows are too large together, "
                                      "ask for fewer");
    }

    /* an answer to COMMIT that never came says nothing */

    if (committing && !conf->read_only
        && query->op.status != NGX_WXAPP_OP_ERROR)
    {
        return ngx_http_wxapp_db_unknown(r, query);
    }

    if (again && ctx->tries < conf->retry) {
        ctx->tries++;

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "the transaction starts again, for the %ui. time",
                      ctx->tries);

        return ngx_http_wxapp_query_start(r, ctx);
    }

    return ngx_http_wxapp_db_problem(r, query);
}


static ngx_int_t
ngx_http_wxapp_query_reply(ngx_http_request_t *r,
    ngx_http_wxapp_query_ctx_t *ctx)
{
    ngx_str_t   body;
    ngx_uint_t  status;

    ngx_http_wxapp_query_leave(ctx);

    if (ctx->conf->labelled) {
        ngx_wxapp_json_close(&ctx->text, '}');
    }

    if (ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = ctx->conf->status;

    if (status == 0) {
        status = ctx->told ? NGX_HTTP_OK : NGX_HTTP_NO_CONTENT;
    }

    return ngx_http_wxapp_reply(r, status, status == NGX_HTTP_NO_CONTENT
                                           ? NULL : &body);
}


static void
ngx_http_wxapp_query_leave(ngx_http_wxapp_query_ctx_t *ctx)
{
    if (ctx->session) {
        ngx_wxapp_mysql_session_end(ctx->session);
        ctx->session = NULL;
    }
}


ngx_int_t
ngx_http_wxapp_query_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                    name, *whole;
    ngx_http_wxapp_cell_t       *cell;
    ngx_http_wxapp_query_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_query_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    cell = &ctx->insert_id;

    if (data) {
        whole = (ngx_str_t *) data;

        name.data = whole->data + sizeof("wxapp_row_") - 1;
        name.len = whole->len - (sizeof("wxapp_row_") - 1);

        cell = ngx_http_wxapp_query_find(ctx, &name);
    }

    if (cell == NULL || cell->text.data == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_wxapp_variable(v, &cell->text);

    return NGX_OK;
}
