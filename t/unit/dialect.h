
/*
 * Writes a parsed dialect as arguments of one form, for the unit tests and
 * the fuzzer: as it was, but names plain where they can be, values in lists
 * quoted, no word that says the default.
 */


#ifndef _DIALECT_H_INCLUDED_
#define _DIALECT_H_INCLUDED_


#include "base/ngx_wxapp_dialect.h"


static ngx_wxapp_text_t  dialect_text;
static ngx_uint_t        dialect_encode;


static const char  *dialect_ops[] = {
    "and", "or", "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in",
    "is.null", "is.true", "is.false"
};


static inline void
dialect_put(ngx_str_t *s)
{
    size_t  i;
    u_char  c, hex[3];

    for (i = 0; i < s->len; i++) {
        c = s->data[i];

        if (dialect_encode && !isalnum(c)) {
            sprintf((char *) hex, "%02X", c);
            ngx_wxapp_text_put(&dialect_text, "%", 1);
            ngx_wxapp_text_put(&dialect_text, hex, 2);

        } else {
            ngx_wxapp_text_put(&dialect_text, &c, 1);
        }
    }
}


static inline void
dialect_raw(const char *s)
{
    ngx_wxapp_text_cstr(&dialect_text, s);
}


static inline void
dialect_quoted(ngx_str_t *s)
{
    size_t     i;
    ngx_str_t  c;

    dialect_raw("\"");

    for (i = 0; i < s->len; i++) {
        c.data = &s->data[i];
        c.len = 1;

        if (*c.data == '"' || *c.data == '\\') {
            dialect_raw("\\");
        }

        dialect_put(&c);
    }

    dialect_raw("\"");
}


static inline void
dialect_name(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (!isalnum(s->data[i]) && s->data[i] != '_') {
            dialect_quoted(s);
            return;
        }
    }

    dialect_put(s);
}


/* no limit on depth here: the parser has one */

static inline void
dialect_filter(ngx_wxapp_filter_t *f, ngx_uint_t nested)
{
    ngx_uint_t           i;
    ngx_wxapp_filter_t  *child;

    if (f->op <= NGX_WXAPP_FILTER_OR) {
        dialect_raw(f->negate ? "not." : "");
        dialect_raw(dialect_ops[f->op]);
        dialect_raw(nested ? "(" : "=(");

        for (child = f->first; child; child = child->next) {
            dialect_raw(child == f->first ? "" : ",");
            dialect_filter(child, 1);
        }

        dialect_raw(")");
        return;
    }

    /* "limit" quoted is a column */

    if (nested) {
        dialect_name(&f->column);
        dialect_raw(".");

    } else {
        dialect_quoted(&f->column);
        dialect_raw("=");
    }

    dialect_raw(f->negate ? "not." : "");
    dialect_raw(dialect_ops[f->op]);

    if (f->op >= NGX_WXAPP_FILTER_IS_NULL) {
        return;
    }

    dialect_raw(".");

    if (f->op != NGX_WXAPP_FILTER_IN) {
        nested ? dialect_quoted(&f->values[0]) : dialect_put(&f->values[0]);
        return;
    }

    dialect_raw("(");

    for (i = 0; i < f->nvalues; i++) {
        dialect_raw(i ? "," : "");
        dialect_quoted(&f->values[i]);
    }

    dialect_raw(")");
}


static inline void
dialect_select(ngx_wxapp_select_t *s)
{
    ngx_uint_t  n;

    for (n = 0; s; s = s->next) {
        dialect_raw(n++ ? "," : "");

        if (s->alias.len != s->name.len
            || memcmp(s->alias.data, s->name.data, s->name.len) != 0)
        {
            dialect_name(&s->alias);
            dialect_raw(":");
        }

        if (s->name.len == 1 && s->name.data[0] == '*') {
            dialect_raw("*");

        } else {
            dialect_name(&s->name);
        }

        if (s->relation) {
            dialect_raw("(");
            dialect_select(s->first);
            dialect_raw(")");
        }
    }
}


static inline void
dialect_and(const char *name)
{
    if (dialect_text.pos != dialect_text.start) {
        dialect_raw("&");
    }

    dialect_raw(name);
}


static inline void
dialect_number(const char *name, int64_t n)
{
    if (n != -1) {
        dialect_and(name);
        ngx_wxapp_text_int(&dialect_text, n);
    }
}


static inline void
dialect_string(const char *name, ngx_str_t *s)
{
    if (s->len) {
        dialect_and(name);
        dialect_put(s);
    }
}


static inline void
dialect_names(const char *name, ngx_str_t *names, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        i ? dialect_raw(",") : dialect_and(name);
        dialect_name(&names[i]);
    }
}


/* in "pool"; "encode" percent-encodes names and values */

static inline ngx_str_t
dialect_write(ngx_pool_t *pool, ngx_wxapp_dialect_t *d, ngx_uint_t encode)
{
    ngx_str_t            s;
    ngx_uint_t           i;
    ngx_wxapp_filter_t  *f;

    static const char  *nulls[] = { "", ".nullsfirst", ".nullslast" };

    dialect_encode = encode;
    ngx_wxapp_text_init(&dialect_text, pool, 256);

    if (d->select) {
        dialect_and("select=");
        dialect_select(d->select);
    }

    for (f = d->filter ? d->filter->first : NULL; f; f = f->next) {
        dialect_and("");
        dialect_filter(f, 0);
    }

    for (i = 0; i < d->norders; i++) {
        i ? dialect_raw(",") : dialect_and("order=");
        dialect_name(&d->orders[i].column);
        dialect_raw(d->orders[i].desc ? ".desc" : "");
        dialect_raw(nulls[d->orders[i].nulls]);
    }

    dialect_number("limit=", d->limit);
    dialect_number("offset=", d->offset);
    dialect_number("page=", d->page);
    dialect_string("after=", &d->after);
    dialect_string("search=", &d->search);
    dialect_string("deleted=", &d->deleted);
    dialect_names("columns=", d->columns, d->ncolumns);
    dialect_names("on_conflict=", d->conflict, d->nconflict);

    if (ngx_wxapp_text_done(&dialect_text, &s) != NGX_OK) {
        abort();
    }

    return s;
}


#endif /* _DIALECT_H_INCLUDED_ */
