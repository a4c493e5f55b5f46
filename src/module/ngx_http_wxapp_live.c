
#include "module/ngx_http_wxapp_live.h"
#include "event/ngx_wxapp_mysql_connect.h"

#include <errmsg.h>
#include <mysqld_error.h>


static ngx_int_t ngx_http_wxapp_live_connect(ngx_http_wxapp_live_t *live,
    ngx_wxapp_mysql_t *mysql);
static ngx_int_t ngx_http_wxapp_live_server(ngx_http_wxapp_live_t *live);
static ngx_int_t ngx_http_wxapp_live_tables(ngx_http_wxapp_live_t *live);
static ngx_int_t ngx_http_wxapp_live_columns(ngx_http_wxapp_live_t *live,
    ngx_http_wxapp_live_table_t *table);
static ngx_int_t ngx_http_wxapp_live_checks(ngx_http_wxapp_live_t *live,
    ngx_http_wxapp_live_table_t *table);
static ngx_int_t ngx_http_wxapp_live_indexes(ngx_http_wxapp_live_t *live,
    ngx_http_wxapp_live_table_t *table);
static MYSQL_RES *ngx_http_wxapp_live_query(ngx_http_wxapp_live_t *live,
    ngx_str_t *table, const char *sql);
static ngx_uint_t ngx_http_wxapp_live_row(MYSQL_RES *res, ngx_str_t *row);
static ngx_int_t ngx_http_wxapp_live_error(ngx_http_wxapp_live_t *live,
    ngx_uint_t error, const char *message);
static ngx_int_t ngx_http_wxapp_live_memory(ngx_http_wxapp_live_t *live);
static void ngx_http_wxapp_live_close(void *data);
static void ngx_http_wxapp_live_free(void *data);


/* the most columns of a query here */

#define NGX_HTTP_WXAPP_LIVE_ROW  9


ngx_int_t
ngx_http_wxapp_live_open(ngx_http_wxapp_live_t *live, ngx_wxapp_mysql_t *mysql,
    ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    ngx_memzero(live, sizeof(ngx_http_wxapp_live_t));

    live->pool = pool;

    cln = ngx_pool_cleanup_add(pool, 0);

    if (cln == NULL
        || ngx_array_init(&live->tables, pool, 32,
                          sizeof(ngx_http_wxapp_live_table_t))
           != NGX_OK)
    {
        return ngx_http_wxapp_live_memory(live);
    }

    /*
     * The library starts by itself and is left as it is: workers begin with
     * a copy of it, and without a master they are this very process.
     */

    cln->handler = ngx_http_wxapp_live_close;
    cln->data = live;

    if (ngx_http_wxapp_live_connect(live, mysql) != NGX_OK
        || ngx_http_wxapp_live_server(live) != NGX_OK
        || ngx_http_wxapp_live_tables(live) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* to the first primary that answers */

static ngx_int_t
ngx_http_wxapp_live_connect(ngx_http_wxapp_live_t *live,
    ngx_wxapp_mysql_t *mysql)
{
    u_char                    *p, sql[128];
    ngx_uint_t                 i;
    ngx_wxapp_mysql_fault_t    fault;
    ngx_wxapp_mysql_server_t  *server;

    server = mysql->primaries.elts;

    for (i = 0; i < mysql->primaries.nelts && live->handle == NULL; i++) {
        live->server = server[i].name;
        live->handle = ngx_wxapp_mysql_connect(mysql, &server[i], 0, &fault);
    }

    if (live->handle == NULL) {
        return ngx_http_wxapp_live_error(live, fault.error,
                                         (char *) fault.message);
    }

    /* no ALTER TABLE makes us leave a session that waits for its end */

    p = ngx_sprintf(sql, "SET SESSION lock_wait_timeout = %ui",
                    (ngx_uint_t) (mysql->connect_timeout + 999) / 1000);

    if (mysql_real_query(live->handle, (char *) sql, p - sql)) {
        return ngx_http_wxapp_live_error(live, mysql_errno(live->handle),
                                         mysql_error(live->handle));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_live_server(ngx_http_wxapp_live_t *live)
{
    MYSQL_RES  *res;
    ngx_str_t   row[NGX_HTTP_WXAPP_LIVE_ROW];

    res = ngx_http_wxapp_live_query(live, NULL,
                       "SELECT CURRENT_USER(), @@max_connections,"
                       " @@max_prepared_stmt_count, @@lower_case_table_names");

    if (res == NULL || !ngx_http_wxapp_live_row(res, row)) {
        return NGX_ERROR;
    }

    live->account = row[0];
    live->connections = ngx_atoi(row[1].data, row[1].len);
    live->statements = ngx_atoi(row[2].data, row[2].len);
    live->nocase = (row[3].data[0] != '0');

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_live_tables(ngx_http_wxapp_live_t *live)
{
    MYSQL_RES                    *res;
    ngx_str_t                     row[NGX_HTTP_WXAPP_LIVE_ROW];
    ngx_http_wxapp_live_table_t  *table;

    res = ngx_http_wxapp_live_query(live, NULL,
                       "SELECT TABLE_NAME, TABLE_TYPE = 'VIEW'"
                       " FROM information_schema.TABLES"
                       " WHERE TABLE_SCHEMA = DATABASE()"
                       " ORDER BY TABLE_NAME");
    if (res == NULL) {
        return NGX_ERROR;
    }

    while (ngx_http_wxapp_live_row(res, row)) {
        table = ngx_array_push(&live->tables);
        if (table == NULL) {
            return ngx_http_wxapp_live_memory(live);
        }

        ngx_memzero(table, sizeof(ngx_http_wxapp_live_table_t));

        table->name = row[0];
        table->view = (row[1].data[0] == '1');
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_live_table(ngx_http_wxapp_live_t *live, ngx_str_t *name,
    ngx_http_wxapp_live_table_t **table)
{
    ngx_uint_t                    i;
    ngx_http_wxapp_live_table_t  *t;

    t = live->tables.elts;

    for (i = 0; i < live->tables.nelts; i++, t++) {
        if (t->name.len != name->len) {
            continue;
        }

        if (live->nocase
            ? ngx_strncasecmp(t->name.data, name->data, name->len) == 0
            : ngx_strncmp(t->name.data, name->data, name->len) == 0)
        {
            break;
        }
    }

    if (i == live->tables.nelts) {
        return NGX_DECLINED;
    }

    *table = t;

    if (t->loaded) {
        return NGX_OK;
    }

    t->loaded = 1;

    if (ngx_array_init(&t->columns, live->pool, 16,
                       sizeof(ngx_http_wxapp_live_column_t))
        != NGX_OK
        || ngx_array_init(&t->indexes, live->pool, 4,
                          sizeof(ngx_http_wxapp_live_index_t))
           != NGX_OK)
    {
        return ngx_http_wxapp_live_memory(live);
    }

    if (ngx_http_wxapp_live_columns(live, t) != NGX_OK
        || ngx_http_wxapp_live_indexes(live, t) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* MariaDB has no type for JSON, but texts that are checked */

    return mariadb_connection(live->handle)
           ? ngx_http_wxapp_live_checks(live, t) : NGX_OK;
}


/* the rights that come with a column are those that count in the end, be they
   from a role, a wildcard or a grant of the column */

static ngx_int_t
ngx_http_wxapp_live_columns(ngx_http_wxapp_live_t *live,
    ngx_http_wxapp_live_table_t *table)
{
    MYSQL_RES                     *res;
    ngx_str_t                      row[NGX_HTTP_WXAPP_LIVE_ROW];
    ngx_http_wxapp_live_column_t  *column;

    res = ngx_http_wxapp_live_query(live, &table->name,
        "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME,"
        " CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE = 'YES',"
        " COLUMN_DEFAULT IS NOT NULL OR EXTRA LIKE '%auto_increment%'"
        " OR EXTRA LIKE '%GENERATED%',"
        " PRIVILEGES"
        " FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?"
        " ORDER BY ORDINAL_POSITION");

    if (res == NULL) {
        return NGX_ERROR;
    }

    while (ngx_http_wxapp_live_row(res, row)) {
        column = ngx_array_push(&table->columns);
        if (column == NULL) {
            return ngx_http_wxapp_live_memory(live);
        }

        ngx_memzero(column, sizeof(ngx_http_wxapp_live_column_t));

        column->name = row[0];
        column->type = row[1];
        column->full = row[2];
        column->charset = row[3];
        column->length = ngx_atoi(row[4].data, row[4].len);
        column->null = (row[5].data[0] == '1');
        column->filled = (row[6].data[0] == '1');

        if (ngx_strstr(row[7].data, "select")) {
            column->rights |= NGX_HTTP_WXAPP_RIGHT_SELECT;
        }

        if (ngx_strstr(row[7].data, "insert")) {
            column->rights |= NGX_HTTP_WXAPP_RIGHT_INSERT;
        }

        if (ngx_strstr(row[7].data, "update")) {
            column->rights |= NGX_HTTP_WXAPP_RIGHT_UPDATE;
        }

        table->rights |= column->rights;
    }

    return NGX_OK;
}


/*
 * information_schema shows the checks to few; the text of the table is there
 * for all who have a right on the whole of it.  Of views and for others
 * nothing is known, and the best is supposed.
 */

static ngx_int_t
ngx_http_wxapp_live_checks(ngx_http_wxapp_live_t *live,
    ngx_http_wxapp_live_table_t *table)
{
    u_char                        *text, valid[256];
    MYSQL_RES                     *res;
    ngx_str_t                      row[NGX_HTTP_WXAPP_LIVE_ROW];
    ngx_uint_t                     i;
    ngx_wxapp_text_t               sql;
    ngx_http_wxapp_live_column_t  *column;

    text = NULL;

    if (!table->view) {
        ngx_wxapp_text_init(&sql, live->pool, 128);
        ngx_wxapp_text_cstr(&sql, "SHOW CREATE TABLE ");
        ngx_http_wxapp_live_name(&sql, &table->name);
        ngx_wxapp_text_put(&sql, "", 1);

        if (sql.failed) {
            return ngx_http_wxapp_live_memory(live);
        }

        res = ngx_http_wxapp_live_query(live, NULL, (char *) sql.start);

        if (res && ngx_http_wxapp_live_row(res, row)) {
            text = row[1].data;

        } else if (live->error != ER_TABLEACCESS_DENIED_ERROR) {
            return NGX_ERROR;
        }
    }

    column = table->columns.elts;

    for (i = 0; i < table->columns.nelts; i++) {
        (void) ngx_snprintf(valid, sizeof(valid), "json_valid(`%V`)%Z",
                            &column[i].name);

        column[i].json = (text == NULL
                          || ngx_strstr(text, (char *) valid) != NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_live_indexes(ngx_http_wxapp_live_t *live,
    ngx_http_wxapp_live_table_t *table)
{
    MYSQL_RES                    *res;
    ngx_str_t                     row[NGX_HTTP_WXAPP_LIVE_ROW], *name;
    ngx_http_wxapp_live_index_t  *index;

    res = ngx_http_wxapp_live_query(live, &table->name,
        "SELECT INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE = 0,"
        " INDEX_TYPE = 'FULLTEXT', INDEX_TYPE IN ('BTREE', 'HASH'),"
        " SUB_PART IS NOT NULL"
        " FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?"
        " ORDER BY INDEX_NAME, SEQ_IN_INDEX");

    if (res == NULL) {
        return NGX_ERROR;
    }

    index = NULL;

    while (ngx_http_wxapp_live_row(res, row)) {

        if (ngx_strcmp(row[1].data, "1") == 0) {
            index = ngx_array_push(&table->indexes);
            if (index == NULL) {
                return ngx_http_wxapp_live_memory(live);
            }

            ngx_memzero(index, sizeof(ngx_http_wxapp_live_index_t));

            index->name = row[0];
            index->unique = (row[3].data[0] == '1');
            index->fulltext = (row[4].data[0] == '1');
            index->plain = (row[5].data[0] == '1');

            if (ngx_array_init(&index->columns, live->pool, 2,
                               sizeof(ngx_str_t))
                != NGX_OK)
            {
                return ngx_http_wxapp_live_memory(live);
            }
        }

        if (index == NULL) {
            continue;
        }

        name = ngx_array_push(&index->columns);
        if (name == NULL) {
            return ngx_http_wxapp_live_memory(live);
        }

        /* empty: an expression, as MySQL has them */

        *name = row[2];
        index->part |= (row[6].data[0] == '1');
    }

    return NGX_OK;
}


ngx_http_wxapp_live_column_t *
ngx_http_wxapp_live_column(ngx_http_wxapp_live_table_t *table, ngx_str_t *name)
{
    ngx_uint_t                     i;
    ngx_http_wxapp_live_column_t  *column;

    column = table->columns.elts;

    for (i = 0; i < table->columns.nelts; i++) {
        if (column[i].name.len == name->len
            && ngx_strncasecmp(column[i].name.data, name->data, name->len)
               == 0)
        {
            return &column[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_wxapp_live_prepare(ngx_http_wxapp_live_t *live, ngx_str_t *sql,
    ngx_uint_t *nparams)
{
    ngx_int_t    rc;
    MYSQL_STMT  *stmt;

    stmt = mysql_stmt_init(live->handle);
    if (stmt == NULL) {
        return ngx_http_wxapp_live_memory(live);
    }

    rc = NGX_OK;
    live->error = 0;

    if (mysql_stmt_prepare(stmt, (char *) sql->data, sql->len) == 0) {
        *nparams = mysql_stmt_param_count(stmt);

    } else {
        rc = ngx_http_wxapp_live_error(live, mysql_stmt_errno(stmt),
                                       mysql_stmt_error(stmt));

        /* the library's own errors: the connection is lost */

        if (live->error && !IS_MYSQL_ERROR(live->error)
            && !IS_MARIADB_ERROR(live->error))
        {
            rc = NGX_DECLINED;
        }
    }

    (void) mysql_stmt_close(stmt);

    return rc;
}


ngx_int_t
ngx_http_wxapp_live_delete(ngx_http_wxapp_live_t *live, ngx_str_t *table)
{
    ngx_str_t         sql;
    ngx_uint_t        n;
    ngx_wxapp_text_t  text;

    ngx_wxapp_text_init(&text, live->pool, 128);
    ngx_wxapp_text_cstr(&text, "DELETE FROM ");
    ngx_http_wxapp_live_name(&text, table);
    ngx_wxapp_text_cstr(&text, " WHERE FALSE");

    if (ngx_wxapp_text_done(&text, &sql) != NGX_OK) {
        return ngx_http_wxapp_live_memory(live);
    }

    return ngx_http_wxapp_live_prepare(live, &sql, &n);
}


ngx_array_t *
ngx_http_wxapp_live_list(ngx_http_wxapp_live_t *live, const char *sql)
{
    MYSQL_RES    *res;
    ngx_str_t     row[NGX_HTTP_WXAPP_LIVE_ROW], *s;
    ngx_array_t  *list;

    res = ngx_http_wxapp_live_query(live, NULL, sql);
    if (res == NULL) {
        return NULL;
    }

    list = ngx_array_create(live->pool, 8, sizeof(ngx_str_t));

    while (list && ngx_http_wxapp_live_row(res, row)) {
        s = ngx_array_push(list);
        if (s == NULL) {
            list = NULL;
            break;
        }

        *s = row[0];
    }

    if (list == NULL) {
        (void) ngx_http_wxapp_live_memory(live);
    }

    return list;
}


void
ngx_http_wxapp_live_name(ngx_wxapp_text_t *text, ngx_str_t *name)
{
    size_t  i;

    ngx_wxapp_text_put(text, "`", 1);

    for (i = 0; i < name->len; i++) {
        ngx_wxapp_text_put(text, "``", name->data[i] == '`');
        ngx_wxapp_text_put(text, &name->data[i], 1);
    }

    ngx_wxapp_text_put(text, "`", 1);
}


/* a "?" is for the name of the table, if there is one */

static MYSQL_RES *
ngx_http_wxapp_live_query(ngx_http_wxapp_live_t *live, ngx_str_t *table,
    const char *sql)
{
    MYSQL_RES           *res;
    ngx_str_t            s;
    const char          *p;
    ngx_wxapp_text_t     text;
    ngx_pool_cleanup_t  *cln;

    ngx_wxapp_text_init(&text, live->pool, 512);

    p = table ? ngx_strchr(sql, '?') : NULL;

    if (p) {
        ngx_wxapp_text_put(&text, sql, p - sql);
        ngx_wxapp_text_put(&text, "'", 1);

        if (ngx_wxapp_text_reserve(&text, 2 * table->len + 1) == NGX_OK) {
            text.pos += mysql_real_escape_string(live->handle,
                                                 (char *) text.pos,
                                                 (char *) table->data,
                                                 table->len);
        }

        ngx_wxapp_text_put(&text, "'", 1);

        sql = p + 1;
    }

    ngx_wxapp_text_cstr(&text, sql);

    cln = ngx_pool_cleanup_add(live->pool, 0);

    if (cln == NULL || ngx_wxapp_text_done(&text, &s) != NGX_OK) {
        (void) ngx_http_wxapp_live_memory(live);
        return NULL;
    }

    res = NULL;

    if (mysql_real_query(live->handle, (char *) s.data, s.len) == 0) {
        res = mysql_store_result(live->handle);
    }

    if (res == NULL) {
        (void) ngx_http_wxapp_live_error(live, mysql_errno(live->handle),
                                         mysql_error(live->handle));
        return NULL;
    }

    cln->handler = ngx_http_wxapp_live_free;
    cln->data = res;

    return res;
}


/* NULL is the empty string here */

static ngx_uint_t
ngx_http_wxapp_live_row(MYSQL_RES *res, ngx_str_t *row)
{
    MYSQL_ROW       columns;
    ngx_uint_t      i, n;
    unsigned long  *lengths;

    columns = mysql_fetch_row(res);
    if (columns == NULL) {
        return 0;
    }

    lengths = mysql_fetch_lengths(res);
    n = ngx_min(mysql_num_fields(res), NGX_HTTP_WXAPP_LIVE_ROW);

    for (i = 0; i < n; i++) {
        ngx_str_set(&row[i], "");

        if (columns[i]) {
            row[i].data = (u_char *) columns[i];
            row[i].len = lengths[i];
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_wxapp_live_error(ngx_http_wxapp_live_t *live, ngx_uint_t error,
    const char *message)
{
    live->error = error;
    ngx_cpystrn(live->message, (u_char *) message, sizeof(live->message));

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_wxapp_live_memory(ngx_http_wxapp_live_t *live)
{
    return ngx_http_wxapp_live_error(live, CR_OUT_OF_MEMORY, "no memory");
}


static void
ngx_http_wxapp_live_close(void *data)
{
    ngx_http_wxapp_live_t *live = data;

    if (live->handle) {
        mysql_close(live->handle);
    }
}


static void
ngx_http_wxapp_live_free(void *data)
{
    mysql_free_result(data);
}
