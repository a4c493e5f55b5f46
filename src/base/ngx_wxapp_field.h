
/*
 * Typed fields: what a column or an input may hold, how a value comes in
 * from JSON or text, and how a column goes out as JSON.
 */


#ifndef _NGX_WXAPP_FIELD_H_INCLUDED_
#define _NGX_WXAPP_FIELD_H_INCLUDED_


#include "base/ngx_wxapp_json.h"


typedef enum {
    NGX_WXAPP_FIELD_INT = 0,
    NGX_WXAPP_FIELD_BIGINT,
    NGX_WXAPP_FIELD_DECIMAL,
    NGX_WXAPP_FIELD_STRING,
    NGX_WXAPP_FIELD_TEXT,
    NGX_WXAPP_FIELD_BOOL,
    NGX_WXAPP_FIELD_DATETIME,
    NGX_WXAPP_FIELD_DATE,
    NGX_WXAPP_FIELD_JSON,
    NGX_WXAPP_FIELD_BINARY,               /* base64 in JSON and texts */
    NGX_WXAPP_FIELD_TYPES
} ngx_wxapp_field_type_e;


typedef enum {
    NGX_WXAPP_VALUE_NULL = 0,
    NGX_WXAPP_VALUE_INTEGER,
    NGX_WXAPP_VALUE_DECIMAL,              /* text, compared as a number */
    NGX_WXAPP_VALUE_TEXT,
    NGX_WXAPP_VALUE_LIST                  /* text: its JSON */
} ngx_wxapp_value_e;


typedef struct ngx_wxapp_value_s  ngx_wxapp_value_t;

struct ngx_wxapp_value_s {
    ngx_wxapp_value_e         type;
    int64_t                   integer;
    ngx_str_t                 text;
    ngx_wxapp_value_t        *items;      /* of a list */
    ngx_uint_t                nitems;
};


/* a regular expression by the name of its rule, and what to tell */

typedef struct {
    ngx_str_t                 rule;
    const char               *regex;      /* NULL: the configuration's */
    const char               *message;
} ngx_wxapp_pattern_t;


typedef struct {
    ngx_str_t                 name;
    ngx_wxapp_field_type_e    type;       /* of a list: of its items */

    unsigned                  write:1;    /* may come from a client */
    unsigned                  required:1;
    unsigned                  list:1;
    unsigned                  as_string:1;    /* a number is a string in JSON
                                                 replies, and may be one in
                                                 JSON input */
    unsigned                  length:1;   /* min and max are one: exactly */
    unsigned                  has_default:1;

    /* of the value of a number, of the characters or bytes of others */
    ngx_str_t                 min;        /* empty: no bound */
    ngx_str_t                 max;

    ngx_array_t              *words;      /* ngx_str_t, one of which it must
                                             be; NULL: any */
    ngx_wxapp_pattern_t      *pattern;    /* NULL: none */
#if (NGX_PCRE)
    ngx_regex_t              *regex;      /* the pattern's */
#endif

    ngx_uint_t                min_items;
    ngx_uint_t                max_items;

    ngx_wxapp_value_t         value;      /* the default */

    ngx_uint_t                rules;      /* bits of those configured */
} ngx_wxapp_field_t;


typedef struct {
    ngx_str_t                 field;
    const char               *rule;       /* machine word */
    ngx_str_t                 message;
} ngx_wxapp_fault_t;


/* The type of that name, or NGX_ERROR. */
ngx_int_t ngx_wxapp_field_type(ngx_str_t *name);

/* The names of all types, for messages; there are NGX_WXAPP_FIELD_TYPES. */
extern ngx_str_t  ngx_wxapp_field_types[];

/*
 * Checks min and max of the field: NGX_ERROR if one cannot be a bound of the
 * type, NGX_DECLINED if min is above max.
 */
ngx_int_t ngx_wxapp_field_bounds(ngx_wxapp_field_t *field);

/*
 * Takes a JSON value, of a list an array.  NGX_OK with the value to bind, its
 * text in "pool"; NGX_DECLINED with the fault, the value being of no use;
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_field_json(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);

/*
 * Takes the text of a path, a query argument or a variable, of a list that of
 * one item; results as above.  The text itself may become the value's.
 */
ngx_int_t ngx_wxapp_field_text(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);

/* Takes the texts of all items of a list; results as above. */
ngx_int_t ngx_wxapp_field_texts(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_str_t *s, ngx_uint_t n, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);

/*
 * Writes the text that the database gave for a column (data is NULL for
 * NULL) as a JSON value.
 */
void ngx_wxapp_field_write(ngx_wxapp_field_t *field, ngx_wxapp_text_t *text,
    ngx_str_t *s);

/* Writes a value that the field took as a JSON value. */
void ngx_wxapp_field_value(ngx_wxapp_field_t *field, ngx_wxapp_text_t *text,
    ngx_wxapp_value_t *value);


#endif /* _NGX_WXAPP_FIELD_H_INCLUDED_ */
