
#include "event/ngx_wxapp_mysql_stmt.h"


#define NGX_WXAPP_MYSQL_COLUMN  4096     /* longer ones are fetched apart */
#define NGX_WXAPP_MYSQL_BINARY  63       /* the character set of bytes */

#define ngx_wxapp_mysql_stmt_of(q)                                            \
    ngx_queue_data(q, ngx_wxapp_mysql_stmt_t, queue)


static ngx_uint_t ngx_wxapp_mysql_stmt_same(ngx_wxapp_mysql_stmt_t *stmt,
    MYSQL_FIELD *fields, ngx_uint_t n);
static ngx_int_t ngx_wxapp_mysql_stmt_learn(ngx_wxapp_mysql_stmt_t *stmt,
    MYSQL_FIELD *fields, ngx_uint_t n);
static ngx_wxapp_field_type_e ngx_wxapp_mysql_stmt_type(MYSQL_FIELD *field);
static ngx_int_t ngx_wxapp_mysql_stmt_long(ngx_wxapp_mysql_stmt_t *stmt,
    ngx_pool_t *pool, ngx_uint_t i);


void
ngx_wxapp_mysql_stmts_init(ngx_wxapp_mysql_stmts_t *stmts, ngx_uint_t max)
{
    stmts->max = max;
    stmts->n = 0;

    ngx_queue_init(&stmts->queue);
    ngx_rbtree_init(&stmts->tree, &stmts->sentinel,
                    ngx_str_rbtree_insert_value);
}


ngx_wxapp_mysql_stmt_t *
ngx_wxapp_mysql_stmt_get(ngx_wxapp_mysql_stmts_t *stmts, MYSQL *handle,
    ngx_str_t *sql)
{
    uint32_t                 hash;
    ngx_pool_t              *pool;
    ngx_wxapp_mysql_stmt_t  *stmt;

    hash = ngx_murmur_hash2(sql->data, sql->len);

    stmt = (ngx_wxapp_mysql_stmt_t *) ngx_str_rbtree_lookup(&stmts->tree, sql,
                                                            hash);
    if (stmt) {
        ngx_queue_remove(&stmt->queue);
        ngx_queue_insert_head(&stmts->queue, &stmt->queue);
        return stmt;
    }

    if (stmts->n >= stmts->max) {
        ngx_wxapp_mysql_stmt_free(stmts,
                      ngx_wxapp_mysql_stmt_of(ngx_queue_last(&stmts->queue)));
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    stmt = ngx_pcalloc(pool, sizeof(ngx_wxapp_mysql_stmt_t));
    if (stmt == NULL) {
        goto failed;
    }

    stmt->pool = pool;
    stmt->fresh = 1;

    stmt->sn.node.key = hash;
    stmt->sn.str.len = sql->len;
    stmt->sn.str.data = ngx_pstrdup(pool, sql);

    if (stmt->sn.str.data == NULL) {
        goto failed;
    }

    stmt->stmt = mysql_stmt_init(handle);
    if (stmt->stmt == NULL) {
        goto failed;
    }

    ngx_rbtree_insert(&stmts->tree, &stmt->sn.node);
    ngx_queue_insert_head(&stmts->queue, &stmt->queue);
    stmts->n++;

    return stmt;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


void
ngx_wxapp_mysql_stmt_free(ngx_wxapp_mysql_stmts_t *stmts,
    ngx_wxapp_mysql_stmt_t *stmt)
{
    ngx_queue_remove(&stmt->queue);
    ngx_rbtree_delete(&stmts->tree, &stmt->sn.node);
    stmts->n--;

    mysql_stmt_close(stmt->stmt);

    if (stmt->result) {
        ngx_destroy_pool(stmt->result);
    }

    ngx_destroy_pool(stmt->pool);
}


ngx_int_t
ngx_wxapp_mysql_stmts_evict(ngx_wxapp_mysql_stmts_t *stmts)
{
    if (stmts->n < 2) {
        return NGX_DECLINED;
    }

    ngx_wxapp_mysql_stmt_free(stmts,
                      ngx_wxapp_mysql_stmt_of(ngx_queue_last(&stmts->queue)));
    return NGX_OK;
}


void
ngx_wxapp_mysql_stmts_free(ngx_wxapp_mysql_stmts_t *stmts)
{
    while (!ngx_queue_empty(&stmts->queue)) {
        ngx_wxapp_mysql_stmt_free(stmts,
                      ngx_wxapp_mysql_stmt_of(ngx_queue_head(&stmts->queue)));
    }
}


ngx_int_t
ngx_wxapp_mysql_stmt_bind(ngx_wxapp_mysql_stmt_t *stmt, ngx_pool_t *pool,
    ngx_wxapp_value_t *params, ngx_uint_t n)
{
    MYSQL_BIND         *bind;
    ngx_uint_t          i;
    ngx_wxapp_value_t  *value;

    if (mysql_stmt_param_count(stmt->stmt) != n) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "mysql statement with %ui parameters got %ui",
                      (ngx_uint_t) mysql_stmt_param_count(stmt->stmt), n);
        return NGX_ERROR;
    }

    if (n == 0) {
        return NGX_OK;
    }

    bind = ngx_pcalloc(pool, n * sizeof(MYSQL_BIND));
    if (bind == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        value = &params[i];

        switch (value->type) {

        case NGX_WXAPP_VALUE_INTEGER:
            bind[i].buffer_type = MYSQL_TYPE_LONGLONG;
            bind[i].buffer = &value->integer;
            break;

        case NGX_WXAPP_VALUE_DECIMAL:
            bind[i].buffer_type = MYSQL_TYPE_NEWDECIMAL;
            bind[i].buffer = value->text.data;
            bind[i].buffer_length = value->text.len;
            break;

        case NGX_WXAPP_VALUE_NULL:
            bind[i].buffer_type = MYSQL_TYPE_NULL;
            break;

        default:
            bind[i].buffer_type = MYSQL_TYPE_STRING;
            bind[i].buffer = value->text.data;
            bind[i].buffer_length = value->text.len;
        }
    }

    return mysql_stmt_bind_param(stmt->stmt, bind) ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_wxapp_mysql_stmt_columns(ngx_wxapp_mysql_stmt_t *stmt)
{
    ngx_int_t     rc;
    MYSQL_RES    *meta;
    ngx_uint_t    n;
    MYSQL_FIELD  *fields;

    /* a table that changed tells other columns, maybe as many */

    meta = mysql_stmt_result_metadata(stmt->stmt);
    if (meta == NULL) {
        return NGX_ERROR;
    }

    n = mysql_num_fields(meta);
    fields = mysql_fetch_fields(meta);

    rc = ngx_wxapp_mysql_stmt_same(stmt, fields, n)
         ? NGX_OK : ngx_wxapp_mysql_stmt_learn(stmt, fields, n);

    mysql_free_result(meta);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    /* the library forgets its binds at each result set of a procedure */

    return mysql_stmt_bind_result(stmt->stmt, stmt->binds) ? NGX_ERROR
                                                           : NGX_OK;
}


static ngx_uint_t
ngx_wxapp_mysql_stmt_same(ngx_wxapp_mysql_stmt_t *stmt, MYSQL_FIELD *fields,
    ngx_uint_t n)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    if (stmt->result == NULL || stmt->ncolumns != n) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        name = &stmt->columns[i].name;

        if (stmt->columns[i].field.type
            != ngx_wxapp_mysql_stmt_type(&fields[i])
            || name->len != fields[i].name_length
            || ngx_memcmp(name->data, fields[i].name, name->len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_wxapp_mysql_stmt_learn(ngx_wxapp_mysql_stmt_t *stmt, MYSQL_FIELD *fields,
    ngx_uint_t n)
{
    size_t                     size;
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    ngx_pool_t                *pool;
    ngx_wxapp_mysql_column_t  *column;

    if (stmt->result) {
        ngx_destroy_pool(stmt->result);
    }

    stmt->result = ngx_create_pool(1024, ngx_cycle->log);
    if (stmt->result == NULL) {
        return NGX_ERROR;
    }

    pool = stmt->result;

    stmt->columns = ngx_pcalloc(pool, n * sizeof(ngx_wxapp_mysql_column_t));
    stmt->binds = ngx_pcalloc(pool, n * sizeof(MYSQL_BIND));
    stmt->lengths = ngx_pcalloc(pool, n * sizeof(unsigned long));
    stmt->nulls = ngx_pcalloc(pool, n * sizeof(my_bool));
    stmt->cut = ngx_pcalloc(pool, n * sizeof(my_bool));
    stmt->row = ngx_pcalloc(pool, n * sizeof(ngx_str_t));

    if (stmt->columns == NULL || stmt->binds == NULL || stmt->lengths == NULL
        || stmt->nulls == NULL || stmt->cut == NULL || stmt->row == NULL)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        column = &stmt->columns[i];
        name = &column->name;

        name->len = fields[i].name_length;
        name->data = ngx_pnalloc(pool, name->len + 1);

        /* the length of text is in bytes; 32 hold any number or time */

        size = ngx_min(fields[i].length + 1, NGX_WXAPP_MYSQL_COLUMN);
        size = ngx_max(size, 32);

        stmt->binds[i].buffer = ngx_pnalloc(pool, size);

        if (name->data == NULL || stmt->binds[i].buffer == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(name->data, fields[i].name, name->len);

        column->field.name = *name;
        column->field.type = ngx_wxapp_mysql_stmt_type(&fields[i]);

        column->unordered = (fields[i].type == MYSQL_TYPE_FLOAT
                             || fields[i].type == MYSQL_TYPE_DOUBLE
                             || (fields[i].flags & (ENUM_FLAG|SET_FLAG)));

        stmt->binds[i].buffer_type = MYSQL_TYPE_STRING;
        stmt->binds[i].buffer_length = size;
        stmt->binds[i].length = &stmt->lengths[i];
        stmt->binds[i].is_null = &stmt->nulls[i];
        stmt->binds[i].error = &stmt->cut[i];
    }

    stmt->ncolumns = n;

    return NGX_OK;
}


static ngx_wxapp_field_type_e
ngx_wxapp_mysql_stmt_type(MYSQL_FIELD *field)
{
    MARIADB_CONST_STRING  format;

    switch (field->type) {

    case MYSQL_TYPE_TINY:
        return (field->length == 1) ? NGX_WXAPP_FIELD_BOOL
                                    : NGX_WXAPP_FIELD_INT;

    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_YEAR:
        return NGX_WXAPP_FIELD_INT;

    case MYSQL_TYPE_LONGLONG:
        return NGX_WXAPP_FIELD_BIGINT;

    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return NGX_WXAPP_FIELD_DECIMAL;

    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return NGX_WXAPP_FIELD_DATETIME;

    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
        return NGX_WXAPP_FIELD_DATE;

    case MYSQL_TYPE_BIT:
        return (field->length == 1) ? NGX_WXAPP_FIELD_BOOL
                                    : NGX_WXAPP_FIELD_BINARY;

    case MYSQL_TYPE_JSON:
        return NGX_WXAPP_FIELD_JSON;

    case MYSQL_TYPE_TIME:
    case MYSQL_TYPE_NULL:
        return NGX_WXAPP_FIELD_TEXT;

    default:
        break;
    }

    if (field->charsetnr == NGX_WXAPP_MYSQL_BINARY) {
        return NGX_WXAPP_FIELD_BINARY;
    }

    /* JSON of MariaDB is text with a format */

    if (mariadb_field_attr(&format, field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0
        && format.length == 4 && ngx_strncmp(format.str, "json", 4) == 0)
    {
        return NGX_WXAPP_FIELD_JSON;
    }

    return NGX_WXAPP_FIELD_TEXT;
}


ngx_int_t
ngx_wxapp_mysql_stmt_fetch(ngx_wxapp_mysql_stmt_t *stmt, ngx_pool_t *pool)
{
    int         rc;
    ngx_uint_t  i;

    rc = mysql_stmt_fetch(stmt->stmt);

    if (rc == MYSQL_NO_DATA) {
        return NGX_DONE;
    }

    if (rc != 0 && rc != MYSQL_DATA_TRUNCATED) {
        return NGX_ERROR;
    }

    for (i = 0; i < stmt->ncolumns; i++) {

        if (stmt->nulls[i]) {
            ngx_str_null(&stmt->row[i]);
            continue;
        }

        stmt->row[i].data = stmt->binds[i].buffer;
        stmt->row[i].len = stmt->lengths[i];

        if (stmt->lengths[i] > stmt->binds[i].buffer_length
            && ngx_wxapp_mysql_stmt_long(stmt, pool, i) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_mysql_stmt_long(ngx_wxapp_mysql_stmt_t *stmt, ngx_pool_t *pool,
    ngx_uint_t i)
{
    my_bool        null;
    MYSQL_BIND     bind;
    unsigned long  len;

    ngx_memzero(&bind, sizeof(MYSQL_BIND));

    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer_length = stmt->lengths[i];
    bind.length = &len;
    bind.is_null = &null;
    bind.buffer = ngx_pnalloc(pool, stmt->lengths[i]);

    if (bind.buffer == NULL
        || mysql_stmt_fetch_column(stmt->stmt, &bind, i, 0) != 0)
    {
        return NGX_ERROR;
    }

    stmt->row[i].data = bind.buffer;

    return NGX_OK;
}
