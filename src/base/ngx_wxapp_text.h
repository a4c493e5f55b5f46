
/*
 * A growing text in a pool: replies, JSON and SQL are written with it.
 *
 * Writers never fail one by one: when memory runs out the text is marked
 * failed, later writes do nothing, and the owner asks once at the end.
 */


#ifndef _NGX_WXAPP_TEXT_H_INCLUDED_
#define _NGX_WXAPP_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_pool_t               *pool;
    u_char                   *start;
    u_char                   *pos;
    u_char                   *end;
    ngx_uint_t                failed;     /* unsigned  failed:1; */
} ngx_wxapp_text_t;


/*
 * Starts an empty text with room for "size" bytes in the pool, which owns
 * the memory.  Failure shows in text->failed.
 */
void ngx_wxapp_text_init(ngx_wxapp_text_t *text, ngx_pool_t *pool,
    size_t size);

/*
 * Makes room for "size" bytes more at text->pos, moving the text if needed;
 * NGX_ERROR when the text has failed.  The caller advances text->pos.
 */
ngx_int_t ngx_wxapp_text_grow(ngx_wxapp_text_t *text, size_t size);


static ngx_inline ngx_int_t
ngx_wxapp_text_reserve(ngx_wxapp_text_t *text, size_t size)
{
    if ((size_t) (text->end - text->pos) >= size && !text->failed) {
        return NGX_OK;
    }

    return ngx_wxapp_text_grow(text, size);
}

/* Appends bytes, a nginx string, a C string, a number. */

static ngx_inline void
ngx_wxapp_text_put(ngx_wxapp_text_t *text, const void *data, size_t len)
{
    if (len && ngx_wxapp_text_reserve(text, len) == NGX_OK) {
        text->pos = ngx_cpymem(text->pos, data, len);
    }
}

void ngx_wxapp_text_str(ngx_wxapp_text_t *text, ngx_str_t *s);
void ngx_wxapp_text_cstr(ngx_wxapp_text_t *text, const char *s);
void ngx_wxapp_text_int(ngx_wxapp_text_t *text, int64_t n);

/* Sets "s" to what was written; NGX_ERROR when the text has failed. */
ngx_int_t ngx_wxapp_text_done(ngx_wxapp_text_t *text, ngx_str_t *s);

/*
 * NGX_OK when the bytes are UTF-8 without NUL: no overlong forms, no
 * surrogates, nothing above U+10FFFF.  "chars" gets the number of code
 * points and may be NULL.
 */
ngx_int_t ngx_wxapp_utf8(const u_char *p, size_t len, size_t *chars);

/*
 * The nearest of the "n" names to "s" by edit distance, or NULL when none is
 * near enough to be what was meant.  The names stand "stride" bytes apart.
 */
ngx_str_t *ngx_wxapp_nearest(ngx_str_t *s, void *names, ngx_uint_t n,
    size_t stride);


#endif /* _NGX_WXAPP_TEXT_H_INCLUDED_ */
