
/*
 * A statement that the configuration writes: where its placeholders are, and
 * whether it only reads.
 */


#ifndef _NGX_WXAPP_STATEMENT_H_INCLUDED_
#define _NGX_WXAPP_STATEMENT_H_INCLUDED_


#include "base/ngx_wxapp_text.h"


typedef struct {
    size_t                    offset;         /* of its "?" in the text */
    ngx_uint_t                list;           /* unsigned: it is "IN (?)" */
} ngx_wxapp_placeholder_t;


typedef struct {
    ngx_str_t                 text;
    ngx_str_t                 verb;           /* the first word, as written */
    ngx_array_t               placeholders;   /* ngx_wxapp_placeholder_t */
    unsigned                  reads:1;
} ngx_wxapp_statement_t;


/*
 * Looks through the text, which must live as long as the statement, with an
 * eye for quotes and comments.  NGX_OK; NGX_DECLINED with what is wrong in
 * "error"; NGX_ERROR without memory.
 *
 * A statement reads when it begins with SELECT, WITH, VALUES or SHOW and
 * neither locks rows nor puts them anywhere nor counts a sequence up.
 */
ngx_int_t ngx_wxapp_statement_parse(ngx_wxapp_statement_t *st,
    ngx_pool_t *pool, ngx_str_t *text, const char **error);

/* Whether the first word is this one, in any case. */
ngx_uint_t ngx_wxapp_statement_is(ngx_wxapp_statement_t *st,
    const char *verb);

/*
 * The text with counts[i] placeholders, at least 1, for the i-th one, in
 * memory of "pool"; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_statement_expand(ngx_wxapp_statement_t *st,
    ngx_pool_t *pool, ngx_uint_t *counts, ngx_str_t *sql);


#endif /* _NGX_WXAPP_STATEMENT_H_INCLUDED_ */
