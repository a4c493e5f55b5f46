
/*
 * What a directive expects of a table, its columns and indexes.
 */


#include "module/ngx_http_wxapp_check.h"

#include <mysqld_error.h>


/* types of MySQL, by what they hold */

#define NGX_HTTP_WXAPP_SQL_INT       0x001
#define NGX_HTTP_WXAPP_SQL_BIGINT    0x002    /* or int unsigned */
#define NGX_HTTP_WXAPP_SQL_DECIMAL   0x004
#define NGX_HTTP_WXAPP_SQL_FLOAT     0x008
#define NGX_HTTP_WXAPP_SQL_BOOL      0x010
#define NGX_HTTP_WXAPP_SQL_TEXT      0x020
#define NGX_HTTP_WXAPP_SQL_TIME      0x040
#define NGX_HTTP_WXAPP_SQL_DATETIME  0x080
#define NGX_HTTP_WXAPP_SQL_DATE      0x100
#define NGX_HTTP_WXAPP_SQL_JSON      0x200
#define NGX_HTTP_WXAPP_SQL_BINARY    0x400

#define NGX_HTTP_WXAPP_SQL_CHARS                                              \
    (NGX_HTTP_WXAPP_SQL_TEXT|NGX_HTTP_WXAPP_SQL_TIME                          \
     |NGX_HTTP_WXAPP_SQL_DATETIME|NGX_HTTP_WXAPP_SQL_DATE                     \
     |NGX_HTTP_WXAPP_SQL_JSON)


typedef struct {
    ngx_str_t                 name;
    const char               *field;          /* that suits it */
    ngx_uint_t                sql;            /* NGX_HTTP_WXAPP_SQL_* */
} ngx_http_wxapp_sql_type_t;

typedef struct {
    ngx_uint_t                good;           /* NGX_HTTP_WXAPP_SQL_*, many */
    ngx_uint_t                poor;           /* these, with a warning */
    const char               *why;
} ngx_http_wxapp_fit_t;


static ngx_int_t ngx_http_wxapp_check_rights(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_table_t *table);
static void ngx_http_wxapp_check_defaults(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_table_t *table);
static void ngx_http_wxapp_check_field(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_column_t *column);
static const char *ngx_http_wxapp_check_type(
    ngx_http_wxapp_live_column_t *column, ngx_uint_t *sql);
static ngx_uint_t ngx_http_wxapp_check_covers(
    ngx_http_wxapp_live_index_t *index, ngx_http_wxapp_expect_t *e);
static ngx_int_t ngx_http_wxapp_check_missing(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_table_t *table,
    ngx_str_t *column);
static ngx_uint_t ngx_http_wxapp_check_expected(ngx_http_wxapp_check_t *check,
    ngx_str_t *table, ngx_uint_t right);


/* the last one is for every other type */

static ngx_http_wxapp_sql_type_t  ngx_http_wxapp_sql_types[] = {

    { ngx_string("tinyint"), "int", NGX_HTTP_WXAPP_SQL_INT },
    { ngx_string("smallint"), "int", NGX_HTTP_WXAPP_SQL_INT },
    { ngx_string("mediumint"), "int", NGX_HTTP_WXAPP_SQL_INT },
    { ngx_string("int"), "int", NGX_HTTP_WXAPP_SQL_INT },
    { ngx_string("year"), "int", NGX_HTTP_WXAPP_SQL_INT },
    { ngx_string("bigint"), "bigint", NGX_HTTP_WXAPP_SQL_BIGINT },
    { ngx_string("decimal"), "decimal", NGX_HTTP_WXAPP_SQL_DECIMAL },
    { ngx_string("float"), "decimal", NGX_HTTP_WXAPP_SQL_FLOAT },
    { ngx_string("double"), "decimal", NGX_HTTP_WXAPP_SQL_FLOAT },

    { ngx_string("char"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("varchar"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("tinytext"), "text", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("text"), "text", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("mediumtext"), "text", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("longtext"), "text", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("enum"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("set"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("uuid"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("inet4"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("inet6"), "string", NGX_HTTP_WXAPP_SQL_TEXT },
    { ngx_string("time"), "string", NGX_HTTP_WXAPP_SQL_TIME },

    { ngx_string("datetime"), "datetime", NGX_HTTP_WXAPP_SQL_DATETIME },
    { ngx_string("timestamp"), "datetime", NGX_HTTP_WXAPP_SQL_DATETIME },
    { ngx_string("date"), "date", NGX_HTTP_WXAPP_SQL_DATE },

    { ngx_string("json"), "json", NGX_HTTP_WXAPP_SQL_JSON },

    { ngx_string("binary"), "binary", NGX_HTTP_WXAPP_SQL_BINARY },
    { ngx_string("varbinary"), "binary", NGX_HTTP_WXAPP_SQL_BINARY },
    { ngx_string("tinyblob"), "binary", NGX_HTTP_WXAPP_SQL_BINARY },
    { ngx_string("blob"), "binary", NGX_HTTP_WXAPP_SQL_BINARY },
    { ngx_string("mediumblob"), "binary", NGX_HTTP_WXAPP_SQL_BINARY },
    { ngx_string("longblob"), "binary", NGX_HTTP_WXAPP_SQL_BINARY },

    { ngx_null_string, NULL, 0 }
};


/* by NGX_WXAPP_FIELD_* */

static ngx_http_wxapp_fit_t  ngx_http_wxapp_fits[] = {

    /* int */
    { NGX_HTTP_WXAPP_SQL_INT, NGX_HTTP_WXAPP_SQL_BIGINT,
      "it holds larger numbers, use \"bigint\"" },

    /* bigint */
    { NGX_HTTP_WXAPP_SQL_INT|NGX_HTTP_WXAPP_SQL_BIGINT, 0, NULL },

    /* decimal */
    { NGX_HTTP_WXAPP_SQL_INT|NGX_HTTP_WXAPP_SQL_BIGINT
      |NGX_HTTP_WXAPP_SQL_DECIMAL, NGX_HTTP_WXAPP_SQL_FLOAT,
      "it is not exact" },

    /* string */
    { NGX_HTTP_WXAPP_SQL_CHARS, 0, NULL },

    /* text */
    { NGX_HTTP_WXAPP_SQL_CHARS, 0, NULL },

    /* bool */
    { NGX_HTTP_WXAPP_SQL_BOOL,
      NGX_HTTP_WXAPP_SQL_INT|NGX_HTTP_WXAPP_SQL_BIGINT,
      "it holds more than true and false" },

    /* datetime */
    { NGX_HTTP_WXAPP_SQL_DATETIME, 0, NULL },

    /* date */
    { NGX_HTTP_WXAPP_SQL_DATE, 0, NULL },

    /* json */
    { NGX_HTTP_WXAPP_SQL_JSON, NGX_HTTP_WXAPP_SQL_TEXT,
      "it is not checked to be JSON" },

    /* binary */
    { NGX_HTTP_WXAPP_SQL_BINARY, 0, NULL }
};


/* by bits, from the lowest */

static const char  *ngx_http_wxapp_rights[] = {
    "SELECT", "INSERT", "UPDATE", "DELETE", NULL
};


ngx_int_t
ngx_http_wxapp_check_table(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e)
{
    ngx_int_t                     rc;
    ngx_http_wxapp_live_table_t  *table;

    rc = ngx_http_wxapp_live_table(&check->live, &e->table, &table);

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_check_missing(check, e, NULL, NULL);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if ((e->rights & NGX_HTTP_WXAPP_RIGHT_INSERT) && !table->view) {
        ngx_http_wxapp_check_defaults(check, e, table);
    }

    return ngx_http_wxapp_check_rights(check, e, table);
}


static ngx_int_t
ngx_http_wxapp_check_rights(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_table_t *table)
{
    ngx_int_t   rc;
    ngx_uint_t  i, missing;

    missing = e->rights & ~table->rights & ~NGX_HTTP_WXAPP_RIGHT_DELETE;

    if (e->rights & NGX_HTTP_WXAPP_RIGHT_DELETE) {
        rc = ngx_http_wxapp_live_delete(&check->live, &e->table);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {

            if (check->live.error == ER_TABLEACCESS_DENIED_ERROR) {
                missing |= NGX_HTTP_WXAPP_RIGHT_DELETE;

            } else {
                ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                          "nothing can be deleted from table "
                                          "\"%V\": %ui %s", &e->table,
                                          check->live.error,
                                          check->live.message);
            }
        }
    }

    for (i = 0; ngx_http_wxapp_rights[i]; i++) {
        if (missing & ((ngx_uint_t) 1 << i)) {
            ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                      "account \"%V\" has no right to %s on "
                                      "table \"%V\"", &check->live.account,
                                      ngx_http_wxapp_rights[i], &e->table);
        }
    }

    return NGX_OK;
}


/* columns that the server does not fill when an INSERT leaves them out */

static void
ngx_http_wxapp_check_defaults(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_table_t *table)
{
    ngx_uint_t                     i, n, set, always;
    ngx_http_wxapp_expect_t       *x;
    ngx_http_wxapp_live_column_t  *column;

    x = check->expects->elts;
    column = table->columns.elts;

    for (i = 0; i < table->columns.nelts; i++) {

        if (column[i].null || column[i].filled) {
            continue;
        }

        set = 0;
        always = 0;

        for (n = 0; n < check->expects->nelts; n++) {

            if (x[n].kind == NGX_HTTP_WXAPP_EXPECT_COLUMN
                && (x[n].rights & NGX_HTTP_WXAPP_RIGHT_INSERT)
                && ngx_http_wxapp_check_same(&x[n].table, &e->table)
                && ngx_http_wxapp_check_same(x[n].columns, &column[i].name))
            {
                /* a column that no client writes gets its value from us */

                set = 1;
                always |= (x[n].field == NULL || x[n].field->required
                           || x[n].field->has_default || !x[n].field->write);
            }
        }

        if (always) {
            continue;
        }

        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, &e->place,
                                  "column \"%V\" of table \"%V\" has no "
                                  "default and is not \"%s\": %s fails",
                                  &column[i].name, &e->table,
                                  set ? "required" : "write",
                                  set ? "a POST without it" : "every POST");
    }
}


ngx_int_t
ngx_http_wxapp_check_column(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i, right;
    ngx_http_wxapp_live_table_t   *table;
    ngx_http_wxapp_live_column_t  *column;

    rc = ngx_http_wxapp_live_table(&check->live, &e->table, &table);

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_check_missing(check, e, NULL, NULL);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    column = ngx_http_wxapp_live_column(table, e->columns);

    if (column == NULL) {
        return ngx_http_wxapp_check_missing(check, e, table, e->columns);
    }

    for (i = 0; ngx_http_wxapp_rights[i]; i++) {
        right = (ngx_uint_t) 1 << i;

        /* what the whole table lacks is told there */

        if ((e->rights & ~column->rights & right)
            && right != NGX_HTTP_WXAPP_RIGHT_DELETE
            && ((table->rights & right)
                || !ngx_http_wxapp_check_expected(check, &e->table, right)))
        {
            ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                      "account \"%V\" has no right to %s "
                                      "column \"%V\" of table \"%V\"",
                                      &check->live.account,
                                      ngx_http_wxapp_rights[i], e->columns,
                                      &e->table);
        }
    }

    if (e->field) {
        ngx_http_wxapp_check_field(check, e, column);
    }

    return NGX_OK;
}


static void
ngx_http_wxapp_check_field(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_column_t *column)
{
    ngx_str_t             *type, full;
    ngx_int_t              max;
    ngx_uint_t             sql;
    const char            *best;
    ngx_wxapp_field_t     *field;
    ngx_http_wxapp_fit_t  *fit;

    field = e->field;
    fit = &ngx_http_wxapp_fits[field->type];
    type = &ngx_wxapp_field_types[field->type];

    best = ngx_http_wxapp_check_type(column, &sql);

    full.data = column->full.data;
    full.len = ngx_min(column->full.len, 64);

    if (!(fit->good & sql)) {

        if (fit->poor & sql) {
            ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, &e->place,
                                      "type \"%V\" hardly fits column \"%V\" "
                                      "of table \"%V\", which is %V: %s",
                                      type, e->columns, &e->table, &full,
                                      fit->why);

        } else {
            ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                      "type \"%V\" does not fit column \"%V\" "
                                      "of table \"%V\", which is %V%s%s%s",
                                      type, e->columns, &e->table, &full,
                                      best ? ", use \"" : "",
                                      best ? best : "", best ? "\"" : "");
        }

        return;
    }

    if (!(sql & (NGX_HTTP_WXAPP_SQL_TEXT|NGX_HTTP_WXAPP_SQL_BINARY))) {
        return;
    }

    max = ngx_atoi(field->max.data, field->max.len);

    if (max > column->length && column->length > 0) {
        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, &e->place,
                                  "max=%i is above what column \"%V\" of "
                                  "table \"%V\" holds, which is %V",
                                  max, e->columns, &e->table, &full);
    }

    if (field->write
        && (ngx_strcmp(column->charset.data, "utf8") == 0
            || ngx_strcmp(column->charset.data, "utf8mb3") == 0))
    {
        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, &e->place,
                                  "column \"%V\" of table \"%V\" is of %V: "
                                  "it refuses characters of 4 bytes, as "
                                  "emoji are", e->columns, &e->table,
                                  &column->charset);
    }
}


/* what the column holds, and the type of field that suits it, or NULL */

static const char *
ngx_http_wxapp_check_type(ngx_http_wxapp_live_column_t *column,
    ngx_uint_t *sql)
{
    const char                 *field;
    ngx_http_wxapp_sql_type_t  *st;

    for (st = ngx_http_wxapp_sql_types; st->name.len; st++) {
        if (ngx_http_wxapp_check_same(&st->name, &column->type)) {
            break;
        }
    }

    *sql = st->sql;
    field = st->field;

    if (ngx_strncmp(column->full.data, "tinyint(1)", 10) == 0
        || ngx_strcmp(column->full.data, "bit(1)") == 0)
    {
        *sql |= NGX_HTTP_WXAPP_SQL_BOOL;
        field = "bool";
    }

    if (ngx_strcmp(column->type.data, "int") == 0
        && ngx_strstr(column->full.data, "unsigned"))
    {
        *sql = NGX_HTTP_WXAPP_SQL_BIGINT;
        field = "bigint";
    }

    if (column->json && (*sql & NGX_HTTP_WXAPP_SQL_TEXT)) {
        *sql |= NGX_HTTP_WXAPP_SQL_JSON;
        field = "json";
    }

    return field;
}


ngx_int_t
ngx_http_wxapp_check_index(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e)
{
    ngx_int_t                      rc;
    ngx_str_t                      names;
    ngx_uint_t                     i, n;
    ngx_wxapp_text_t               text;
    ngx_http_wxapp_live_index_t   *index;
    ngx_http_wxapp_live_table_t   *table;
    ngx_http_wxapp_live_column_t  *column;

    rc = ngx_http_wxapp_live_table(&check->live, &e->table, &table);

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_check_missing(check, e, NULL, NULL);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    /* of the indexes below a view nothing is known */

    if (table->view) {
        return NGX_OK;
    }

    ngx_wxapp_text_init(&text, check->live.pool, 128);

    for (i = 0; i < e->n; i++) {

        if (ngx_http_wxapp_live_column(table, &e->columns[i]) == NULL) {
            return ngx_http_wxapp_check_missing(check, e, table,
                                                &e->columns[i]);
        }

        ngx_wxapp_text_cstr(&text, i ? ", " : "");
        ngx_wxapp_text_str(&text, &e->columns[i]);
    }

    if (ngx_wxapp_text_done(&text, &names) != NGX_OK) {
        return NGX_ERROR;
    }

    index = table->indexes.elts;

    for (n = 0; n < table->indexes.nelts; n++) {
        if (ngx_http_wxapp_check_covers(&index[n], e)) {
            break;
        }
    }

    if (n == table->indexes.nelts) {

        switch (e->index) {

        case NGX_HTTP_WXAPP_INDEX_LEADING:
            ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, &e->place,
                                      "no index of table \"%V\" begins with "
                                      "(%V): a filter or order by it reads "
                                      "all rows", &e->table, &names);
            break;

        default: /* NGX_HTTP_WXAPP_INDEX_UNIQUE, _FULLTEXT */
            ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                      "no %s of table \"%V\" is over exactly "
                                      "(%V)",
                                      e->index == NGX_HTTP_WXAPP_INDEX_UNIQUE
                                      ? "unique key" : "FULLTEXT index",
                                      &e->table, &names);
        }

        return NGX_OK;
    }

    for (i = 0; i < e->n && e->index == NGX_HTTP_WXAPP_INDEX_UNIQUE; i++) {
        column = ngx_http_wxapp_live_column(table, &e->columns[i]);

        if (column->null) {
            ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, &e->place,
                                      "column \"%V\" of table \"%V\" may be "
                                      "NULL, which no unique key counts",
                                      &e->columns[i], &e->table);
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_wxapp_check_covers(ngx_http_wxapp_live_index_t *index,
    ngx_http_wxapp_expect_t *e)
{
    ngx_str_t   *name;
    ngx_uint_t   i, n;

    name = index->columns.elts;

    if (e->index == NGX_HTTP_WXAPP_INDEX_LEADING) {

        for (i = 0; i < e->n; i++) {
            if (i == index->columns.nelts
                || !ngx_http_wxapp_check_same(&name[i], &e->columns[i]))
            {
                return 0;
            }
        }

        return index->plain;
    }

    if (index->columns.nelts != e->n) {
        return 0;
    }

    /* in any order */

    for (i = 0; i < e->n; i++) {

        for (n = 0; n < e->n; n++) {
            if (ngx_http_wxapp_check_same(&name[n], &e->columns[i])) {
                break;
            }
        }

        if (n == e->n) {
            return 0;
        }
    }

    return e->index == NGX_HTTP_WXAPP_INDEX_UNIQUE
           ? index->unique && !index->part : index->fulltext;
}


/* without a column it is the table; where that is told already, it is not */

static ngx_int_t
ngx_http_wxapp_check_missing(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e, ngx_http_wxapp_live_table_t *table,
    ngx_str_t *column)
{
    u_char                 *near;
    ngx_str_t               sql;
    ngx_uint_t              n, hidden;
    ngx_wxapp_text_t        text;
    ngx_http_wxapp_live_t  *live;

    if (table == NULL && e->kind != NGX_HTTP_WXAPP_EXPECT_TABLE
        && ngx_http_wxapp_check_expected(check, &e->table, 0))
    {
        return NGX_OK;
    }

    live = &check->live;

    /* to an account without a right it looks the same */

    ngx_wxapp_text_init(&text, live->pool, 128);
    ngx_wxapp_text_cstr(&text, "SELECT ");

    if (column) {
        ngx_http_wxapp_live_name(&text, column);

    } else {
        ngx_wxapp_text_cstr(&text, "1");
    }

    ngx_wxapp_text_cstr(&text, " FROM ");
    ngx_http_wxapp_live_name(&text, &e->table);

    if (ngx_wxapp_text_done(&text, &sql) != NGX_OK
        || ngx_http_wxapp_live_prepare(live, &sql, &n) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    hidden = (live->error != ER_NO_SUCH_TABLE
              && live->error != ER_BAD_FIELD_ERROR);

    if (column) {
        near = ngx_http_wxapp_check_nearest(check, column, &table->columns);

        ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                  "table \"%V\" has no column \"%V\"%s%s",
                                  &e->table, column,
                                  hidden ? ", or the account no right to it"
                                         : "", near);

    } else {
        near = ngx_http_wxapp_check_nearest(check, &e->table, &live->tables);

        ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                  "table \"%V\" does not exist%s%s",
                                  &e->table,
                                  hidden ? ", or the account has no right to "
                                           "it" : "", near);
    }

    return NGX_OK;
}


/* whether some directive expects the table with that right on it */

static ngx_uint_t
ngx_http_wxapp_check_expected(ngx_http_wxapp_check_t *check, ngx_str_t *table,
    ngx_uint_t right)
{
    ngx_uint_t                i;
    ngx_http_wxapp_expect_t  *e;

    e = check->expects->elts;

    for (i = 0; i < check->expects->nelts; i++) {
        if (e[i].kind == NGX_HTTP_WXAPP_EXPECT_TABLE
            && (e[i].rights & right) == right
            && ngx_http_wxapp_check_same(&e[i].table, table))
        {
            return 1;
        }
    }

    return 0;
}
