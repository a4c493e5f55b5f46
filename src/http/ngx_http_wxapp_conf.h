
/*
 * Configuration: blocks of our own directives, name=value parameters and
 * secret files, each wrong word refused with file, line and the nearest
 * right one.
 */


#ifndef _NGX_HTTP_WXAPP_CONF_H_INCLUDED_
#define _NGX_HTTP_WXAPP_CONF_H_INCLUDED_


#include "http/ngx_http_wxapp_compat.h"
#include "base/ngx_wxapp_text.h"


typedef struct ngx_http_wxapp_directive_s  ngx_http_wxapp_directive_t;

/* The arguments are in cf->args; "data" is the block's. */
typedef char *(*ngx_http_wxapp_set_pt)(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);

struct ngx_http_wxapp_directive_s {
    ngx_str_t                 name;
    ngx_uint_t                min;            /* arguments, and MANY */
    ngx_uint_t                max;
    ngx_http_wxapp_set_pt     set;
    size_t                    offset;         /* of the field in the data */
};

/* may stand more than once in its block */
#define NGX_HTTP_WXAPP_MANY  0x100

#define ngx_http_wxapp_null_directive  { ngx_null_string, 0, 0, NULL, 0 }


typedef enum {
    NGX_HTTP_WXAPP_PARAM_NUM = 0,             /* ngx_uint_t */
    NGX_HTTP_WXAPP_PARAM_MSEC,                /* ngx_msec_t */
    NGX_HTTP_WXAPP_PARAM_STR                  /* ngx_str_t */
} ngx_http_wxapp_param_e;

typedef struct {
    ngx_str_t                 name;
    ngx_http_wxapp_param_e    type;
    size_t                    offset;
    ngx_uint_t                min;
    ngx_uint_t                max;
} ngx_http_wxapp_param_t;

#define ngx_http_wxapp_null_param  { ngx_null_string, 0, 0, 0, 0 }


/*
 * Parses the block that the current directive opens; its directives set
 * fields of "data".  "include" works inside.
 */
char *ngx_http_wxapp_conf_block(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directives, void *data);

/* Sets a string, which must not be empty. */
char *ngx_http_wxapp_conf_str(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);

/* Sets a string to the contents of a secret file. */
char *ngx_http_wxapp_conf_secret(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);

/*
 * Sets name=value parameters, from the argument "from" on, by the table.
 */
char *ngx_http_wxapp_conf_params(ngx_conf_t *cf,
    ngx_http_wxapp_param_t *params, ngx_uint_t from, void *data);

/*
 * Splits "a|b|c" into an array of ngx_str_t; NULL, and an error, if one of
 * them is empty.
 */
ngx_array_t *ngx_http_wxapp_conf_words(ngx_conf_t *cf, ngx_str_t *s);

/*
 * Reads a file by a name relative to the configuration, without the line
 * ends at its end, into a string with a terminating zero.  Called by the
 * master before it gives up its rights; a file that others may read is
 * warned about.  NGX_ERROR is logged.
 */
ngx_int_t ngx_http_wxapp_conf_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret);

/*
 * The same for a file that need not be secret: "exposed" tells whether
 * others may read it, "path" becomes the full name; and the warning for one
 * that is secret.
 */
ngx_int_t ngx_http_wxapp_conf_text(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *text, ngx_uint_t *exposed);
void ngx_http_wxapp_conf_exposed(ngx_conf_t *cf, ngx_str_t *path);

/*
 * Where a directive stands, for errors that show only when all is read.
 */
typedef struct {
    ngx_str_t                 file;
    ngx_uint_t                line;
} ngx_http_wxapp_place_t;

void ngx_http_wxapp_conf_place(ngx_conf_t *cf, ngx_http_wxapp_place_t *place);

/* Logs '"DIRECTIVE" needs "OTHER" in FILE:LINE'. */
char *ngx_http_wxapp_conf_needs(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    const char *directive, const char *other);

/* Logs 'unknown KIND "WORD"' and the nearest of the names. */
char *ngx_http_wxapp_conf_unknown(ngx_conf_t *cf, const char *kind,
    ngx_str_t *word, void *names, ngx_uint_t n, size_t stride);


#endif /* _NGX_HTTP_WXAPP_CONF_H_INCLUDED_ */
