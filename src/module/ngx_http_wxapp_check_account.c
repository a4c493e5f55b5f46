
/*
 * The rights of the account: those that nothing needs.
 */


#include "module/ngx_http_wxapp_check.h"


static void ngx_http_wxapp_check_grant(ngx_http_wxapp_check_t *check,
    ngx_str_t *grant);
static ngx_int_t ngx_http_wxapp_check_deletes(ngx_http_wxapp_check_t *check);
static u_char *ngx_http_wxapp_check_find(u_char *p, u_char *last,
    const char *word);


/* rights that may be of use; the first five not on all databases at once */

static const char  *ngx_http_wxapp_useful[] = {
    "SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE",
    "USAGE", "SHOW VIEW", "CREATE TEMPORARY TABLES",
    "REPLICATION CLIENT", "SLAVE MONITOR", "BINLOG MONITOR", NULL
};

#define NGX_HTTP_WXAPP_LOCAL_RIGHTS  5


/* rights that nothing needs are more than an intruder should have */

ngx_int_t
ngx_http_wxapp_check_account(ngx_http_wxapp_check_t *check)
{
    ngx_str_t    *grant;
    ngx_uint_t    i;
    ngx_array_t  *grants;

    grants = ngx_http_wxapp_live_list(&check->live, "SHOW GRANTS");
    if (grants == NULL) {
        return NGX_ERROR;
    }

    grant = grants->elts;

    for (i = 0; i < grants->nelts; i++) {
        ngx_http_wxapp_check_grant(check, &grant[i]);
    }

    return ngx_http_wxapp_check_deletes(check);
}


/*
 * GRANT SELECT (`a`, `b`), INSERT ON `shop`.`orders` TO ...; what follows TO
 * may be the hash of a password, and is looked at for one word only.
 */

static void
ngx_http_wxapp_check_grant(ngx_http_wxapp_check_t *check, ngx_str_t *grant)
{
    u_char            *p, *next, *end, *on, *last;
    ngx_str_t          level, right, rights;
    ngx_uint_t         i;
    ngx_wxapp_text_t   text;

    last = grant->data + grant->len;
    on = ngx_http_wxapp_check_find(grant->data, last, " ON ");

    /* the grant of a role: its own ones follow, or it is not active */

    if (on == last || ngx_strncmp(grant->data, "GRANT ", 6) != 0) {
        return;
    }

    level.data = on + 4;
    level.len = ngx_http_wxapp_check_find(level.data, last, " TO ")
                - level.data;

    ngx_wxapp_text_init(&text, check->live.pool, 256);

    for (p = grant->data + 6; p < on; p = next + 1) {

        if (*p == ' ') {
            p++;
        }

        next = ngx_http_wxapp_check_find(p, on, ",");

        /* the columns of a right are behind it */

        end = ngx_strlchr(p, next, '(');

        right.data = p;
        right.len = (end ? end - 1 : next) - p;

        for (i = 0; ngx_http_wxapp_useful[i]; i++) {
            if (right.len == ngx_strlen(ngx_http_wxapp_useful[i])
                && ngx_strncmp(right.data, ngx_http_wxapp_useful[i], right.len)
                   == 0)
            {
                break;
            }
        }

        if (ngx_http_wxapp_useful[i]
            && (i >= NGX_HTTP_WXAPP_LOCAL_RIGHTS || level.data[0] != '*'))
        {
            continue;
        }

        ngx_wxapp_text_cstr(&text, text.pos == text.start ? "" : ", ");
        ngx_wxapp_text_str(&text, &right);
    }

    if (ngx_strlcasestrn(level.data + level.len, last,
                         (u_char *) "GRANT OPTION", 11))
    {
        ngx_wxapp_text_cstr(&text, text.pos == text.start ? "" : ", ");
        ngx_wxapp_text_cstr(&text, "GRANT OPTION");
    }

    if (ngx_wxapp_text_done(&text, &rights) == NGX_OK && rights.len) {
        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, check->place,
                                  "account \"%V\" has rights on %V that "
                                  "nothing here needs: %V",
                                  &check->live.account, &level, &rights);
    }
}


static ngx_int_t
ngx_http_wxapp_check_deletes(ngx_http_wxapp_check_t *check)
{
    ngx_int_t                     rc;
    ngx_str_t                     s, word;
    ngx_uint_t                    i, n, used, deletes;
    ngx_wxapp_text_t              text;
    ngx_http_wxapp_expect_t      *e;
    ngx_http_wxapp_live_table_t  *table;

    e = check->expects->elts;
    table = check->live.tables.elts;

    ngx_wxapp_text_init(&text, check->live.pool, 128);

    for (i = 0; i < check->live.tables.nelts; i++) {

        used = 0;
        deletes = 0;

        for (n = 0; n < check->expects->nelts; n++) {

            if (e[n].kind == NGX_HTTP_WXAPP_EXPECT_TABLE
                && ngx_http_wxapp_check_same(&e[n].table, &table[i].name))
            {
                used = 1;
                deletes |= e[n].rights & NGX_HTTP_WXAPP_RIGHT_DELETE;
            }

            if (e[n].kind == NGX_HTTP_WXAPP_EXPECT_STATEMENT
                && ngx_http_wxapp_check_mentions(&e[n].sql, &table[i].name))
            {
                used = 1;

                ngx_str_set(&word, "DELETE");
                deletes |= ngx_http_wxapp_check_mentions(&e[n].sql, &word);

                ngx_str_set(&word, "REPLACE");
                deletes |= ngx_http_wxapp_check_mentions(&e[n].sql, &word);
            }
        }

        if (!used || deletes || table[i].view) {
            continue;
        }

        rc = ngx_http_wxapp_live_delete(&check->live, &table[i].name);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            ngx_wxapp_text_cstr(&text, text.pos == text.start ? "" : ", ");
            ngx_wxapp_text_str(&text, &table[i].name);
        }
    }

    if (ngx_wxapp_text_done(&text, &s) == NGX_OK && s.len) {
        ngx_http_wxapp_check_tell(check, NGX_LOG_WARN, check->place,
                                  "account \"%V\" has the right to DELETE "
                                  "where nothing here does: %V",
                                  &check->live.account, &s);
    }

    return NGX_OK;
}


/* outside of quoted names and parentheses; "last" when it is not there */

static u_char *
ngx_http_wxapp_check_find(u_char *p, u_char *last, const char *word)
{
    size_t      len;
    ngx_uint_t  quoted, depth;

    quoted = 0;
    depth = 0;
    len = ngx_strlen(word);

    for ( /* void */ ; p + len <= last; p++) {

        if (*p == '`') {
            quoted = !quoted;

        } else if (quoted) {
            continue;

        } else if (*p == '(') {
            depth++;

        } else if (*p == ')') {
            depth--;

        } else if (depth == 0 && ngx_strncmp(p, word, len) == 0) {
            return p;
        }
    }

    return last;
}
