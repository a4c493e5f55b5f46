
/*
 * The query dialect of PostgREST: the arguments of a request become a tree,
 * without knowing any table.  Names are only words here; who knows the table
 * looks them up, and values become parameters, never SQL text.
 */


#ifndef _NGX_WXAPP_DIALECT_H_INCLUDED_
#define _NGX_WXAPP_DIALECT_H_INCLUDED_


#include "base/ngx_wxapp_text.h"


#define NGX_WXAPP_DIALECT_FILTERS  32     /* comparisons in a request */
#define NGX_WXAPP_DIALECT_DEPTH    8      /* of and() and or() */
#define NGX_WXAPP_DIALECT_VALUES   200    /* of one in.() */
#define NGX_WXAPP_DIALECT_ORDERS   8
#define NGX_WXAPP_DIALECT_COLUMNS  64     /* selected, relations' included */


typedef enum {
    NGX_WXAPP_FILTER_AND = 0,
    NGX_WXAPP_FILTER_OR,
    NGX_WXAPP_FILTER_EQ,
    NGX_WXAPP_FILTER_NEQ,
    NGX_WXAPP_FILTER_GT,
    NGX_WXAPP_FILTER_GTE,
    NGX_WXAPP_FILTER_LT,
    NGX_WXAPP_FILTER_LTE,
    NGX_WXAPP_FILTER_LIKE,
    NGX_WXAPP_FILTER_ILIKE,
    NGX_WXAPP_FILTER_IN,
    NGX_WXAPP_FILTER_IS_NULL,
    NGX_WXAPP_FILTER_IS_TRUE,
    NGX_WXAPP_FILTER_IS_FALSE
} ngx_wxapp_filter_op_e;


typedef struct ngx_wxapp_filter_s  ngx_wxapp_filter_t;

struct ngx_wxapp_filter_s {
    ngx_wxapp_filter_op_e     op;
    ngx_uint_t                negate;     /* unsigned  negate:1; */
    ngx_str_t                 column;     /* of a comparison */
    ngx_str_t                *values;     /* IN: any number, decoded;
                                             others but IS and AND, OR: one */
    ngx_uint_t                nvalues;
    ngx_wxapp_filter_t       *first;      /* children of AND and OR */
    ngx_wxapp_filter_t       *next;       /* sibling */
};


typedef struct ngx_wxapp_select_s  ngx_wxapp_select_t;

struct ngx_wxapp_select_s {
    ngx_str_t                 name;       /* of a column or relation, "*" */
    ngx_str_t                 alias;      /* the name unless renamed */
    ngx_uint_t                relation;   /* unsigned  relation:1; */
    ngx_wxapp_select_t       *first;      /* the columns of a relation */
    ngx_wxapp_select_t       *next;       /* sibling */
};


typedef enum {
    NGX_WXAPP_NULLS_DEFAULT = 0,
    NGX_WXAPP_NULLS_FIRST,
    NGX_WXAPP_NULLS_LAST
} ngx_wxapp_nulls_e;


typedef struct {
    ngx_str_t                 column;
    ngx_uint_t                desc;       /* unsigned  desc:1; */
    ngx_wxapp_nulls_e         nulls;
} ngx_wxapp_order_t;


/* what was not given is NULL, empty or -1; all lives in the pool or args */

typedef struct {
    ngx_wxapp_filter_t       *filter;     /* an AND of all filters */
    ngx_uint_t                nfilters;   /* comparisons in it */
    ngx_wxapp_select_t       *select;
    ngx_wxapp_order_t        *orders;
    ngx_uint_t                norders;
    ngx_str_t                *columns;    /* columns=a,b */
    ngx_uint_t                ncolumns;
    ngx_str_t                *conflict;   /* on_conflict=a,b */
    ngx_uint_t                nconflict;
    int64_t                   limit;
    int64_t                   offset;
    int64_t                   page;       /* from 1 */
    ngx_str_t                 after;      /* after= */
    ngx_str_t                 search;     /* search= */
    ngx_str_t                 deleted;    /* deleted= */

    const char               *code;       /* of a fault: the machine word */
    const char               *message;
    ngx_str_t                 name;       /* of the argument at fault */
} ngx_wxapp_dialect_t;


/*
 * Parses the arguments as they came, still escaped.  Reserved names are
 * select, order, limit, offset, page, after, search, deleted, columns,
 * on_conflict, and, or, not.and, not.or; any other is a filter COLUMN=OP.VALUE.
 *
 * NGX_OK; NGX_DECLINED with code, message and name: "duplicate_parameter" for
 * a reserved one twice, but and= and or= may repeat; "invalid_filter", also
 * for a value without a known operator; "invalid_select";
 * "invalid_parameter", also for an argument without "=" or without a name.
 * Empty arguments between two "&" count for nothing.  NGX_ERROR without
 * memory.
 */
ngx_int_t ngx_wxapp_dialect_parse(ngx_wxapp_dialect_t *dialect,
    ngx_pool_t *pool, ngx_str_t *args);


#endif /* _NGX_WXAPP_DIALECT_H_INCLUDED_ */
