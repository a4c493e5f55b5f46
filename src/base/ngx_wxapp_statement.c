
#include "base/ngx_wxapp_statement.h"


/* how much of "IN (?)" has been seen */

typedef enum {
    NGX_WXAPP_LIST_NONE = 0,
    NGX_WXAPP_LIST_IN,
    NGX_WXAPP_LIST_OPEN,
    NGX_WXAPP_LIST_ITEM
} ngx_wxapp_list_e;


typedef struct {
    ngx_wxapp_statement_t    *st;
    u_char                   *p;
    u_char                   *last;
    ngx_str_t                 word;           /* the last token, if it is */
    ngx_wxapp_list_e          list;
    const char               *error;
    unsigned                  ended:1;
    unsigned                  writes:1;
} ngx_wxapp_scan_t;


static u_char *ngx_wxapp_statement_space(ngx_wxapp_scan_t *scan);
static ngx_int_t ngx_wxapp_statement_token(ngx_wxapp_scan_t *scan);
static u_char *ngx_wxapp_statement_quoted(ngx_wxapp_scan_t *scan);
static void ngx_wxapp_statement_word(ngx_wxapp_scan_t *scan);
static ngx_uint_t ngx_wxapp_word_is(ngx_str_t *word, const char *s);


ngx_int_t
ngx_wxapp_statement_parse(ngx_wxapp_statement_t *st, ngx_pool_t *pool,
    ngx_str_t *text, const char **error)
{
    ngx_int_t         rc;
    ngx_wxapp_scan_t  scan;

    ngx_memzero(st, sizeof(ngx_wxapp_statement_t));
    ngx_memzero(&scan, sizeof(ngx_wxapp_scan_t));

    st->text = *text;

    if (ngx_array_init(&st->placeholders, pool, 4,
                       sizeof(ngx_wxapp_placeholder_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    scan.st = st;
    scan.p = text->data;
    scan.last = text->data + text->len;

    rc = NGX_OK;

    while (rc == NGX_OK && ngx_wxapp_statement_space(&scan) < scan.last) {
        rc = ngx_wxapp_statement_token(&scan);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (scan.error == NULL && st->verb.len == 0) {
        scan.error = "has no statement";
    }

    if (scan.error) {
        *error = scan.error;
        return NGX_DECLINED;
    }

    st->reads = ngx_wxapp_statement_is(st, "SHOW")
                || (!scan.writes
                    && (ngx_wxapp_statement_is(st, "SELECT")
                        || ngx_wxapp_statement_is(st, "WITH")
                        || ngx_wxapp_statement_is(st, "VALUES")));

    return NGX_OK;
}


ngx_uint_t
ngx_wxapp_statement_is(ngx_wxapp_statement_t *st, const char *verb)
{
    return ngx_wxapp_word_is(&st->verb, verb);
}


ngx_int_t
ngx_wxapp_statement_expand(ngx_wxapp_statement_t *st, ngx_pool_t *pool,
    ngx_uint_t *counts, ngx_str_t *sql)
{
    size_t                    len, from;
    ngx_uint_t                i, n;
    ngx_wxapp_text_t          text;
    ngx_wxapp_placeholder_t  *ph;

    ph = st->placeholders.elts;
    len = st->text.len;

    for (i = 0; i < st->placeholders.nelts; i++) {
        len += 2 * (counts[i] - 1);
    }

    ngx_wxapp_text_init(&text, pool, len);

    for (i = 0, from = 0; i < st->placeholders.nelts; i++) {
        ngx_wxapp_text_put(&text, st->text.data + from, ph[i].offset - from);
        ngx_wxapp_text_put(&text, "?", 1);

        for (n = 1; n < counts[i]; n++) {
            ngx_wxapp_text_put(&text, ",?", 2);
        }

        from = ph[i].offset + 1;
    }

    ngx_wxapp_text_put(&text, st->text.data + from, st->text.len - from);

    return ngx_wxapp_text_done(&text, sql);
}


/* skips white space and comments */

static u_char *
ngx_wxapp_statement_space(ngx_wxapp_scan_t *scan)
{
    u_char  *p, *last;

    p = scan->p;
    last = scan->last;

    while (p < last) {

        if (*p <= ' ') {
            p++;
            continue;
        }

        if (*p == '#'
            || (*p == '-' && last - p > 1 && p[1] == '-'
                && (last - p == 2 || p[2] <= ' ')))
        {
            while (p < last && *p != LF) {
                p++;
            }

            continue;
        }

        if (*p != '/' || last - p < 2 || p[1] != '*') {
            break;
        }

        /* what stands in a comment with a version is run by some servers */

        if (last - p > 2 && p[2] == '!') {
            p += 3;

        } else if (last - p > 3 && p[2] == 'M' && p[3] == '!') {
            p += 4;

        } else {
            for (p += 2; last - p > 1 && (p[0] != '*' || p[1] != '/'); p++) {
                /* void */
            }

            if (last - p < 2) {
                scan->error = "has an open comment";
                p = last;
                break;
            }

            p += 2;
            continue;
        }

        while (p < last && *p >= '0' && *p <= '9') {
            p++;
        }
    }

    scan->p = p;

    return p;
}


/* NGX_OK; NGX_DECLINED with scan->error; NGX_ERROR without memory */

static ngx_int_t
ngx_wxapp_statement_token(ngx_wxapp_scan_t *scan)
{
    u_char                   *p, c;
    ngx_wxapp_list_e          list;
    ngx_wxapp_placeholder_t  *ph;

    if (scan->ended) {
        scan->error = "has more than one statement";
        return NGX_DECLINED;
    }

    p = scan->p;
    c = *p;

    if (c == '_' || c >= 0x80 || (c >= '0' && c <= '9')
        || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
    {
        ngx_wxapp_statement_word(scan);
        return NGX_OK;
    }

    list = NGX_WXAPP_LIST_NONE;
    scan->p++;

    switch (c) {

    case '\'':
    case '"':
    case '`':
        p = ngx_wxapp_statement_quoted(scan);

        if (p == NULL) {
            scan->error = "has an open quote";
            return NGX_DECLINED;
        }

        scan->p = p;
        break;

    case '?':
        ph = ngx_array_push(&scan->st->placeholders);
        if (ph == NULL) {
            return NGX_ERROR;
        }

        ph->offset = p - scan->st->text.data;
        ph->list = 0;

        if (scan->list == NGX_WXAPP_LIST_OPEN) {
            list = NGX_WXAPP_LIST_ITEM;
        }

        break;

    case '(':
        if (scan->list == NGX_WXAPP_LIST_IN) {
            list = NGX_WXAPP_LIST_OPEN;
        }

        break;

    case ')':
        if (scan->list == NGX_WXAPP_LIST_ITEM) {
            ph = scan->st->placeholders.elts;
            ph[scan->st->placeholders.nelts - 1].list = 1;
        }

        break;

    case ';':
        scan->ended = 1;
        break;

    case '$':

        /* a name may hold one, but begin with none that is meant so */

        scan->error = "has a variable in it: "
                      "write \"?\" and give the variable as a value";
        return NGX_DECLINED;
    }

    scan->list = list;
    scan->word.len = 0;

    return NGX_OK;
}


/* what follows the quote before scan->p and its end; NULL if it has none */

static u_char *
ngx_wxapp_statement_quoted(ngx_wxapp_scan_t *scan)
{
    u_char  *p, quote;

    quote = scan->p[-1];

    for (p = scan->p; p < scan->last; p++) {

        if (*p == '\\' && quote != '`') {
            p++;
            continue;
        }

        /* a doubled quote reads as two strings that end in the same place */

        if (*p == quote) {
            return p + 1;
        }
    }

    return NULL;
}


static void
ngx_wxapp_statement_word(ngx_wxapp_scan_t *scan)
{
    u_char     *p, *start, before;
    ngx_str_t   word, *prev;

    start = scan->p;

    for (p = start; p < scan->last; p++) {
        if (!(*p == '_' || *p == '$' || *p >= 0x80
              || (*p >= '0' && *p <= '9')
              || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')))
        {
            break;
        }
    }

    scan->p = p;

    word.data = start;
    word.len = p - start;

    prev = &scan->word;

    /* a part of a name, or a variable of the session: no keyword */

    before = (start == scan->st->text.data) ? '\0' : start[-1];

    if (before == '.' || before == '@') {
        scan->list = NGX_WXAPP_LIST_NONE;
        prev->len = 0;
        return;
    }

    if (scan->st->verb.len == 0) {
        scan->st->verb = word;
    }

    if (ngx_wxapp_word_is(&word, "INTO")
        || ngx_wxapp_word_is(&word, "UPDATE")
        || ngx_wxapp_word_is(&word, "DELETE")
        || ngx_wxapp_word_is(&word, "LOCK")
        || ngx_wxapp_word_is(&word, "NEXTVAL")
        || ngx_wxapp_word_is(&word, "SETVAL")
        || (ngx_wxapp_word_is(&word, "SHARE")
            && ngx_wxapp_word_is(prev, "FOR"))
        || (ngx_wxapp_word_is(&word, "VALUE")
            && ngx_wxapp_word_is(prev, "NEXT")))
    {
        scan->writes = 1;
    }

    scan->list = ngx_wxapp_word_is(&word, "IN") ? NGX_WXAPP_LIST_IN
                                                : NGX_WXAPP_LIST_NONE;
    *prev = word;
}


static ngx_uint_t
ngx_wxapp_word_is(ngx_str_t *word, const char *s)
{
    return word->len == ngx_strlen(s)
           && ngx_strncasecmp(word->data, (u_char *) s, word->len) == 0;
}
