
/*
 * Configuration of typed fields: a type and rules, the same for columns of a
 * resource and for input.
 */


#ifndef _NGX_HTTP_WXAPP_FIELD_H_INCLUDED_
#define _NGX_HTTP_WXAPP_FIELD_H_INCLUDED_


#include "http/ngx_http_wxapp_conf.h"
#include "base/ngx_wxapp_field.h"


#define NGX_HTTP_WXAPP_ITEMS  100         /* of a list, unless told */


/* Checks a name: letters, digits and underscores; an error is logged. */
char *ngx_http_wxapp_field_name(ngx_conf_t *cf, ngx_str_t *name);

/* Sets the type from "int", "string[]"; an error is logged. */
char *ngx_http_wxapp_field_type(ngx_conf_t *cf, ngx_wxapp_field_t *field,
    ngx_str_t *word);

/*
 * Takes one word of a field's configuration, as "required" or "max=5".
 * NGX_DECLINED if it is no rule of fields; NGX_ERROR if it is a wrong one,
 * which is logged.
 */
ngx_int_t ngx_http_wxapp_field_rule(ngx_conf_t *cf, ngx_wxapp_field_t *field,
    ngx_str_t *word);

/*
 * Logs a word that is no rule with the nearest that is; "own" are the words
 * that the caller takes besides, up to an empty one, or NULL.
 */
char *ngx_http_wxapp_field_unknown(ngx_conf_t *cf, ngx_str_t *word,
    ngx_str_t *own);

/*
 * Checks the rules against the type and each other, and takes the default;
 * "kind" is what the field is called in messages.  After the type and all
 * words, before the field is used.
 */
char *ngx_http_wxapp_field_complete(ngx_conf_t *cf, const char *kind,
    ngx_wxapp_field_t *field);


#endif /* _NGX_HTTP_WXAPP_FIELD_H_INCLUDED_ */
