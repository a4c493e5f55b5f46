
/*
 * Any arguments: what is parsed keeps to the caps and is the same again when
 * written and parsed; what is refused has a reason.
 */


#include "../fuzz/fuzz.h"
#include "../unit/dialect.h"


static ngx_uint_t  nfilters, nselected;


static void
text(ngx_str_t *s)
{
    ngx_str_t  copy;

    copy = bytes(s->data, s->len);
    must(ngx_wxapp_utf8(copy.data, copy.len, NULL) == NGX_OK);
}


static void
name(ngx_str_t *s)
{
    must(s->len > 0);
    text(s);
}


static void
filter(ngx_wxapp_filter_t *f, ngx_uint_t depth)
{
    ngx_uint_t           i;
    ngx_wxapp_filter_t  *child;

    must(f->negate <= 1);

    if (f->op <= NGX_WXAPP_FILTER_OR) {

        /* the root is one more */

        must(depth <= NGX_WXAPP_DIALECT_DEPTH);
        must(f->first && f->column.len == 0 && f->nvalues == 0);

        for (child = f->first; child; child = child->next) {
            filter(child, depth + 1);
        }

        return;
    }

    nfilters++;
    name(&f->column);
    must(f->first == NULL);

    if (f->op >= NGX_WXAPP_FILTER_IS_NULL) {
        must(f->nvalues == 0);

    } else if (f->op == NGX_WXAPP_FILTER_IN) {
        must(f->nvalues <= NGX_WXAPP_DIALECT_VALUES);

    } else {
        must(f->nvalues == 1);
    }

    for (i = 0; i < f->nvalues; i++) {
        text(&f->values[i]);

        if (f->op == NGX_WXAPP_FILTER_LIKE || f->op == NGX_WXAPP_FILTER_ILIKE) {
            must(memchr(f->values[i].data, '*', f->values[i].len) == NULL);
        }
    }
}


static void
selected(ngx_wxapp_select_t *first, ngx_uint_t nested)
{
    ngx_wxapp_select_t  *s, *other;

    for (s = first; s; s = s->next) {
        nselected++;
        name(&s->name);
        name(&s->alias);
        must(s->relation == (s->first != NULL));
        must(!s->relation || !nested);

        if (s->name.data[0] == '*' && s->name.len == 1) {
            must(!s->relation && s->alias.len == 1 && s->alias.data[0] == '*');
        }

        for (other = first; other != s; other = other->next) {
            must(other->alias.len != s->alias.len
                 || memcmp(other->alias.data, s->alias.data, s->alias.len));
        }

        selected(s->first, 1);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t            rc;
    ngx_str_t            s, copy, first, second, *texts[3];
    ngx_uint_t           i;
    ngx_wxapp_dialect_t  d;

    static const char  *codes[] = {
        "duplicate_parameter", "invalid_parameter", "invalid_filter",
        "invalid_select", NULL
    };

    fuzz_pool();

    s = bytes(data, size);

    memset(&d, 0xee, sizeof(d));
    rc = ngx_wxapp_dialect_parse(&d, pool, &s);
    must(rc == NGX_OK || rc == NGX_DECLINED);
    must(size == 0 || memcmp(s.data, data, size) == 0);

    if (rc == NGX_DECLINED) {
        for (i = 0; codes[i] && strcmp(codes[i], d.code) != 0; i++) { /* void */ }

        must(codes[i] && d.message && d.message[0]);
        copy = bytes(d.name.data, d.name.len);
        must(ngx_wxapp_utf8(copy.data, copy.len, NULL) == NGX_OK
             || strstr(d.message, "UTF-8") || strstr(d.message, "NAME=VALUE"));

        return 0;
    }

    must(d.code == NULL && d.message == NULL && d.name.len == 0);

    nfilters = 0;
    nselected = 0;

    if (d.filter) {
        must(d.filter->op == NGX_WXAPP_FILTER_AND && !d.filter->negate
             && !d.filter->next);
        filter(d.filter, 0);
    }

    selected(d.select, 0);

    must(nfilters == d.nfilters && nfilters <= NGX_WXAPP_DIALECT_FILTERS);
    must(nselected <= NGX_WXAPP_DIALECT_COLUMNS);
    must(d.norders <= NGX_WXAPP_DIALECT_ORDERS);
    must(d.ncolumns <= NGX_WXAPP_DIALECT_COLUMNS);
    must(d.nconflict <= NGX_WXAPP_DIALECT_COLUMNS);
    must(d.limit >= -1 && d.limit <= INT32_MAX);
    must(d.offset >= -1 && d.offset <= INT32_MAX);
    must(d.page == -1 || (d.page >= 1 && d.page <= INT32_MAX));
    must(d.page == -1 || d.offset == -1);

    for (i = 0; i < d.norders; i++) {
        name(&d.orders[i].column);
        must(d.orders[i].desc <= 1 && d.orders[i].nulls <= NGX_WXAPP_NULLS_LAST);
    }

    for (i = 0; i < d.ncolumns; i++) {
        name(&d.columns[i]);
    }

    for (i = 0; i < d.nconflict; i++) {
        name(&d.conflict[i]);
    }


    texts[0] = &d.after;
    texts[1] = &d.search;
    texts[2] = &d.deleted;

    for (i = 0; i < 3; i++) {
        if (texts[i]->data) {
            name(texts[i]);
        }
    }

    /* the same again */

    first = dialect_write(pool, &d, 0);
    s = dialect_write(pool, &d, 1);
    s = bytes(s.data, s.len);

    must(ngx_wxapp_dialect_parse(&d, pool, &s) == NGX_OK);

    second = dialect_write(pool, &d, 0);

    must(first.len == second.len
         && memcmp(first.data, second.data, first.len) == 0);

    return 0;
}
