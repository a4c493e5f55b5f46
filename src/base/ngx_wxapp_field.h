
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
    NGX_WXAPP_FIELD_BINARY,
    NGX_WXAPP_FIELD_TYPES
} ngx_wxapp_field_type_e;


typedef enum {
    NGX_WXAPP_VALUE_NULL = 0,
    NGX_WXAPP_VALUE_INTEGER,
    NGX_WXAPP_VALUE_DECIMAL,              /* text, compared as a number */
    NGX_WXAPP_VALUE_TEXT
} ngx_wxapp_value_e;


typedef struct {
    ngx_wxapp_value_e         type;
    int64_t                   integer;
    ngx_str_t                 text;
} ngx_wxapp_value_t;


typedef struct {
    ngx_str_t                 name;
    ngx_wxapp_field_type_e    type;

    /* of the value of a number, of the length in characters of a string */
    ngx_str_t                 min;        /* empty: no bound */
    ngx_str_t                 max;

    unsigned                  write:1;    /* may come from a client */
    unsigned                  required:1;
} ngx_wxapp_field_t;


typedef struct {
    ngx_str_t                 field;
    const char               *rule;       /* machine word */
    ngx_str_t                 message;
} ngx_wxapp_fault_t;


/* The type of that name, or NGX_ERROR. */
ngx_int_t ngx_wxapp_field_type(ngx_str_t *name);

/* The names of all types, for messages; n is NGX_WXAPP_FIELD_TYPES. */
extern ngx_str_t  ngx_wxapp_field_types[];

/*
 * Checks min and max of the field: NGX_ERROR if one cannot be a bound of the
 * type, NGX_DECLINED if min is above max.
 */
ngx_int_t ngx_wxapp_field_bounds(ngx_wxapp_field_t *field);

/*
 * Takes a JSON value.  NGX_OK with the value to bind, its text in "pool";
 * NGX_DECLINED with the fault; NGX_ERROR without memory.
 */
ngx_int_t ngx_wxapp_field_json(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, ngx_wxapp_value_t *value,
    ngx_wxapp_fault_t *fault);

/*
 * Takes the text of a path, a query argument or a variable; results as
 * above.  The text itself may become the value's.
 */
ngx_int_t ngx_wxapp_field_text(ngx_wxapp_field_t *field, ngx_pool_t *pool,
    ngx_str_t *s, ngx_wxapp_value_t *value, ngx_wxapp_fault_t *fault);

/*
 * Writes the text that the database gave for a column (data is NULL for
 * NULL) as a JSON value.
 */
void ngx_wxapp_field_write(ngx_wxapp_field_t *field, ngx_wxapp_text_t *text,
    ngx_str_t *s);


#endif /* _NGX_WXAPP_FIELD_H_INCLUDED_ */
