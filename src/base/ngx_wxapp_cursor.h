
/*
 * A cursor: the place in an ordered list where the next page begins, as an
 * opaque word that only we can make.
 */


#ifndef _NGX_WXAPP_CURSOR_H_INCLUDED_
#define _NGX_WXAPP_CURSOR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_CURSOR_VALUES  12
#define NGX_WXAPP_CURSOR_MAX     2048     /* bytes before base64 */


/*
 * Writes the "n" values of a row, data NULL for NULL, that it is ordered by.
 * "context" says of which list and order, and is signed with them.  The
 * cursor is in "pool"; NGX_DECLINED when the values are too long for one,
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_cursor_make(ngx_pool_t *pool, ngx_str_t *key,
    ngx_str_t *context, ngx_str_t *values, ngx_uint_t n, ngx_str_t *cursor);

/*
 * Reads a cursor of the same context and number of values; NGX_DECLINED for
 * any other word, NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_cursor_read(ngx_pool_t *pool, ngx_str_t *key,
    ngx_str_t *context, ngx_str_t *cursor, ngx_str_t *values, ngx_uint_t n);


#endif /* _NGX_WXAPP_CURSOR_H_INCLUDED_ */
