
/*
 * The comparison of what the configuration expects with the live schema,
 * and of the rights of the account with what it needs.
 */


#ifndef _NGX_HTTP_WXAPP_CHECK_H_INCLUDED_
#define _NGX_HTTP_WXAPP_CHECK_H_INCLUDED_


#include "module/ngx_http_wxapp_live.h"


typedef struct {
    ngx_http_wxapp_live_t     live;
    ngx_log_t                *log;
    ngx_array_t              *expects;        /* ngx_http_wxapp_expect_t */
    ngx_http_wxapp_place_t   *place;          /* of the directive */
    ngx_array_t               told;           /* ngx_str_t */
    ngx_uint_t                errors;
    ngx_uint_t                warnings;
} ngx_http_wxapp_check_t;


/*
 * Each of these compares, and tells what is wrong; NGX_ERROR only when the
 * server cannot be asked, or without memory.
 */

/* A table, a column or an index. */
ngx_int_t ngx_http_wxapp_check_table(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e);
ngx_int_t ngx_http_wxapp_check_column(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e);
ngx_int_t ngx_http_wxapp_check_index(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e);

/* A statement. */
ngx_int_t ngx_http_wxapp_check_statement(ngx_http_wxapp_check_t *check,
    ngx_http_wxapp_expect_t *e);

/* The rights of the account that nothing needs. */
ngx_int_t ngx_http_wxapp_check_account(ngx_http_wxapp_check_t *check);


/*
 * Logs a fault of the directive at "place", once however many expectations
 * it fails, and counts it: an error at NGX_LOG_EMERG, else a warning.
 */
void ngx_http_wxapp_check_tell(ngx_http_wxapp_check_t *check,
    ngx_uint_t level, ngx_http_wxapp_place_t *place, const char *fmt, ...);

/*
 * ', did you mean "NAME"?' with one of the names, which the elements of the
 * array begin with, or the empty string.
 */
u_char *ngx_http_wxapp_check_nearest(ngx_http_wxapp_check_t *check,
    ngx_str_t *word, ngx_array_t *names);

/* Whether two names are the same to MySQL. */
ngx_uint_t ngx_http_wxapp_check_same(ngx_str_t *a, ngx_str_t *b);

/* Whether the word stands in the statement. */
ngx_uint_t ngx_http_wxapp_check_mentions(ngx_str_t *sql, ngx_str_t *word);


#endif /* _NGX_HTTP_WXAPP_CHECK_H_INCLUDED_ */
