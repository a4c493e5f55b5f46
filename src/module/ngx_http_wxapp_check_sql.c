
/*
 * Statements, as the server reads them.
 */


#include "module/ngx_http_wxapp_check.h"

#include <mysqld_error.h>


static ngx_int_t ngx_http_wxapp_check_refusal(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e);
static ngx_int_t ngx_http_wxapp_check_call(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e);


ngx_int_t
ngx_http_wxapp_check_statement(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    rc = ngx_http_wxapp_live_prepare(&check->live, &e->sql, &n);

    if (rc == NGX_DECLINED) {
        return ngx_http_wxapp_check_refusal(check, e);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (n != e->n) {
        ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                                  "the statement gets %ui values and has %ui "
                                  "parameters", e->n, n);
    }

    return ngx_http_wxapp_check_call(check, e);
}


/* the server's own words, and the nearest name to the one that it lacks */

static ngx_int_t
ngx_http_wxapp_check_refusal(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e)
{
    u_char                        *p, *near, message[512];
    ngx_str_t                      word, *name;
    ngx_uint_t                     error, i, n;
    ngx_array_t                    names;
    ngx_http_wxapp_live_t         *live;
    ngx_http_wxapp_live_table_t   *table, *tables;
    ngx_http_wxapp_live_column_t  *column;

    live = &check->live;
    near = (u_char *) "";

    error = live->error;
    ngx_cpystrn(message, live->message, sizeof(message));

    /* Unknown column 'p.nam' in ..., Table 'shop.prodcts' doesn't exist */

    word.data = (u_char *) ngx_strchr(message, '\'');
    p = word.data ? (u_char *) ngx_strchr(word.data + 1, '\'') : NULL;

    if (p == NULL
        || (error != ER_BAD_FIELD_ERROR && error != ER_NO_SUCH_TABLE))
    {
        goto done;
    }

    word.len = 0;

    for (word.data = p; word.data[-1] != '\'' && word.data[-1] != '.';
         word.data--)
    {
        word.len++;
    }

    if (error == ER_NO_SUCH_TABLE) {
        near = ngx_http_wxapp_check_nearest(check, &word, &live->tables);
        goto done;
    }

    if (ngx_array_init(&names, live->pool, 16, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    tables = live->tables.elts;

    for (i = 0; i < live->tables.nelts; i++) {

        if (!ngx_http_wxapp_check_mentions(&e->sql, &tables[i].name)) {
            continue;
        }

        if (ngx_http_wxapp_live_table(live, &tables[i].name, &table)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        column = table->columns.elts;

        for (n = 0; n < table->columns.nelts; n++) {
            name = ngx_array_push(&names);
            if (name == NULL) {
                return NGX_ERROR;
            }

            *name = column[n].name;
        }
    }

    near = ngx_http_wxapp_check_nearest(check, &word, &names);

done:

    ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                              "the server refuses the statement: %ui %s%s",
                              error, message, near);

    return NGX_OK;
}


/* a CALL is prepared whether the procedure is there or not */

static ngx_int_t
ngx_http_wxapp_check_call(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e)
{
    u_char       *p, *last;
    ngx_str_t     word, *name;
    ngx_uint_t    i;
    ngx_array_t  *procedures;

    p = e->sql.data;
    last = p + e->sql.len;

    while (p < last && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    if (last - p < 6 || ngx_strncasecmp(p, (u_char *) "CALL", 4) != 0
        || (p[4] > ' ' && p[4] != '`'))
    {
        return NGX_OK;
    }

    for (p += 4; p < last && (*p <= ' ' || *p == '`'); p++) { /* void */ }

    word.data = p;

    while (p < last && *p > ' ' && !ngx_strchr("`(;.", *p)) {
        p++;
    }

    word.len = p - word.data;

    while (p < last && (*p <= ' ' || *p == '`')) {
        p++;
    }

    /* one of another database is that one's matter */

    if (p < last && *p == '.') {
        return NGX_OK;
    }

    procedures = ngx_http_wxapp_live_list(&check->live,
                            "SELECT ROUTINE_NAME FROM"
                            " information_schema.ROUTINES"
                            " WHERE ROUTINE_SCHEMA = DATABASE()"
                            " AND ROUTINE_TYPE = 'PROCEDURE'");
    if (procedures == NULL) {
        return NGX_ERROR;
    }

    name = procedures->elts;

    for (i = 0; i < procedures->nelts; i++) {
        if (ngx_http_wxapp_check_same(&name[i], &word)) {
            return NGX_OK;
        }
    }

    ngx_http_wxapp_check_tell(check, NGX_LOG_EMERG, &e->place,
                              "procedure \"%V\" does not exist, or account "
                              "\"%V\" has no right to it%s", &word,
                              &check->live.account,
                              ngx_http_wxapp_check_nearest(check, &word,
                                                           procedures));
    return NGX_OK;
}
