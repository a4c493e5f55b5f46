
/*
 * JSON: yajl reads it into a tree of nodes, a text is written by appending.
 */


#ifndef _NGX_WXAPP_JSON_H_INCLUDED_
#define _NGX_WXAPP_JSON_H_INCLUDED_


#include "base/ngx_wxapp_text.h"


#define NGX_WXAPP_JSON_DEPTH  32
#define NGX_WXAPP_JSON_NODES  65536


typedef enum {
    NGX_WXAPP_JSON_NULL = 0,
    NGX_WXAPP_JSON_BOOL,
    NGX_WXAPP_JSON_NUMBER,
    NGX_WXAPP_JSON_STRING,
    NGX_WXAPP_JSON_ARRAY,
    NGX_WXAPP_JSON_OBJECT
} ngx_wxapp_json_type_e;


typedef struct ngx_wxapp_json_node_s  ngx_wxapp_json_node_t;

struct ngx_wxapp_json_node_s {
    ngx_wxapp_json_type_e     type;
    ngx_str_t                 name;       /* in an object */
    ngx_str_t                 value;      /* string without escapes, number
                                             as written, "true", "false" */
    ngx_wxapp_json_node_t    *first;      /* child of an array or object */
    ngx_wxapp_json_node_t    *next;       /* sibling */
};


/*
 * Parses one JSON text into a tree whose nodes and strings live in "pool".
 * NGX_OK; NGX_DECLINED for a text that is not JSON, or is deeper than
 * NGX_WXAPP_JSON_DEPTH or larger than NGX_WXAPP_JSON_NODES values, with the
 * reason in "error"; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_json_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_wxapp_json_node_t **root, const char **error);

/* Whether the text is JSON, of any size and depth; makes no tree. */
ngx_uint_t ngx_wxapp_json_valid(ngx_str_t *text);

/* The first member of the object with that name; NULL if there is none. */
ngx_wxapp_json_node_t *ngx_wxapp_json_member(ngx_wxapp_json_node_t *object,
    ngx_str_t *name);

/*
 * The member as an integer; NGX_ERROR if it is absent, not a number, has a
 * fraction or an exponent, or does not fit.
 */
ngx_int_t ngx_wxapp_json_integer(ngx_wxapp_json_node_t *node, int64_t *n);


/*
 * Writing.  A comma is put by itself where one belongs, so values, names and
 * brackets are simply written one after the other.
 */
void ngx_wxapp_json_open(ngx_wxapp_text_t *text, u_char bracket);
void ngx_wxapp_json_close(ngx_wxapp_text_t *text, u_char bracket);
void ngx_wxapp_json_name(ngx_wxapp_text_t *text, const char *name);
void ngx_wxapp_json_name_str(ngx_wxapp_text_t *text, ngx_str_t *name);
void ngx_wxapp_json_int(ngx_wxapp_text_t *text, int64_t n);
void ngx_wxapp_json_cstr(ngx_wxapp_text_t *text, const char *s);

/* Bytes that are not UTF-8 are written as U+FFFD. */
void ngx_wxapp_json_str(ngx_wxapp_text_t *text, ngx_str_t *s);

/* A value that is JSON already. */
void ngx_wxapp_json_raw(ngx_wxapp_text_t *text, const void *data, size_t len);

/* A parsed value, written again. */
void ngx_wxapp_json_node(ngx_wxapp_text_t *text, ngx_wxapp_json_node_t *node);


#endif /* _NGX_WXAPP_JSON_H_INCLUDED_ */
