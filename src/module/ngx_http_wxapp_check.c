
#include "module/ngx_http_wxapp_check.h"


/* each fault once, however many expectations it fails */

void
ngx_http_wxapp_check_tell(ngx_http_wxapp_check_t *check, ngx_uint_t level,
    ngx_http_wxapp_place_t *place, const char *fmt, ...)
{
    u_char      *p, *last, buf[NGX_MAX_ERROR_STR];
    va_list      args;
    ngx_str_t    s, *told;
    ngx_uint_t   i;

    last = buf + sizeof(buf);

    va_start(args, fmt);
    p = ngx_vslprintf(buf, last - 512, fmt, args);
    va_end(args);

    p = ngx_slprintf(p, last, " in %V:%ui", &place->file, place->line);

    s.data = buf;
    s.len = p - buf;

    told = check->told.elts;

    for (i = 0; i < check->told.nelts; i++) {
        if (told[i].len == s.len
            && ngx_memcmp(told[i].data, s.data, s.len) == 0)
        {
            return;
        }
    }

    ngx_log_error(level, check->log, 0, "%V", &s);

    if (level == NGX_LOG_EMERG) {
        check->errors++;

    } else {
        check->warnings++;
    }

    told = ngx_array_push(&check->told);

    if (told) {
        told->len = s.len;
        told->data = ngx_pstrdup(check->live.pool, &s);

        if (told->data == NULL) {
            told->len = 0;
        }
    }
}


u_char *
ngx_http_wxapp_check_nearest(ngx_http_wxapp_check_t *check, ngx_str_t *word,
    ngx_array_t *names)
{
    u_char     *hint;
    ngx_str_t  *near;

    near = ngx_wxapp_nearest(word, names->elts, names->nelts, names->size);

    if (near) {
        hint = ngx_pnalloc(check->live.pool, near->len + 32);

        if (hint) {
            (void) ngx_sprintf(hint, ", did you mean \"%V\"?%Z", near);
            return hint;
        }
    }

    return (u_char *) "";
}


ngx_uint_t
ngx_http_wxapp_check_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && ngx_strncasecmp(a->data, b->data, a->len) == 0;
}


ngx_uint_t
ngx_http_wxapp_check_mentions(ngx_str_t *sql, ngx_str_t *word)
{
    u_char  *p, *end, *last;

#define ngx_http_wxapp_check_in_name(c)                                       \
    (((c) >= '0' && (c) <= '9') || ((c) >= 'a' && (c) <= 'z')                 \
     || ((c) >= 'A' && (c) <= 'Z') || (c) == '_' || (c) == '$' || (c) >= 0x80)

    last = sql->data + sql->len;

    for (p = sql->data; p + word->len <= last; p++) {
        end = p + word->len;

        if (ngx_strncasecmp(p, word->data, word->len) == 0
            && (p == sql->data || !ngx_http_wxapp_check_in_name(p[-1]))
            && (end == last || !ngx_http_wxapp_check_in_name(*end)))
        {
            return 1;
        }
    }

    return 0;
}
