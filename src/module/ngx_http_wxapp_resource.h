
/*
 * A table as a REST resource: what the configuration says of it, and what a
 * request wants of it.  One nginx module in these files, calls go down only:
 *
 *   resource_module    the directives
 *   resource_conf      what follows from them
 *   resource_handler   a request comes in: path, method, rights
 *   resource_read      lists, items, counts, relations
 *   resource_body      rows made, changed and removed: what a write says,
 *                      then the files that resource_write.h names
 *   resource_request   what the query and the headers ask for
 *   resource_reply     rows as JSON, and the headers about them
 *   resource_sql       statements
 */


#ifndef _NGX_HTTP_WXAPP_RESOURCE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_RESOURCE_H_INCLUDED_


#include "base/ngx_wxapp_dialect.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_input.h"


#define NGX_HTTP_WXAPP_COLUMNS     64     /* a bit for each in a uint64_t */
#define NGX_HTTP_WXAPP_KEYS        4      /* columns of a key */
#define NGX_HTTP_WXAPP_RELATIONS   8
#define NGX_HTTP_WXAPP_RESULT_MAX  (16 * 1024 * 1024)


typedef struct {
    ngx_wxapp_field_t         field;          /* first: its name is ours */
    ngx_wxapp_field_t         plain;          /* its type alone: filters */
    ngx_str_t                 label;          /* "name": */
    ngx_array_t              *read;           /* roles; NULL: anyone */
    ngx_array_t              *write;
    unsigned                  order:1;
    unsigned                  filter:1;
    unsigned                  increment:1;
    unsigned                  search:1;
    unsigned                  upsert:1;
    unsigned                  key:1;
} ngx_http_wxapp_column_t;


typedef struct {
    ngx_uint_t                method;
    ngx_str_t                 name;
    ngx_array_t              *roles;          /* ngx_str_t; NULL: anyone */
} ngx_http_wxapp_allow_t;


typedef struct ngx_http_wxapp_resource_conf_s  ngx_http_wxapp_resource_conf_t;

typedef struct {
    ngx_str_t                        name;    /* first */
    ngx_str_t                        table;
    ngx_str_t                        theirs_name;
    ngx_str_t                        ours_name;
    ngx_uint_t                       max;
    ngx_http_wxapp_resource_conf_t  *child;
    ngx_http_wxapp_column_t         *theirs;
    ngx_http_wxapp_column_t         *ours;
    ngx_uint_t                       one;     /* unsigned  one:1; */
} ngx_http_wxapp_relation_t;


typedef enum {
    NGX_HTTP_WXAPP_PRESET_READ_ALL_MODIFY_OWN = 0,
    NGX_HTTP_WXAPP_PRESET_READ_ALL_MODIFY_ADMIN,
    NGX_HTTP_WXAPP_PRESET_PRIVATE,
    NGX_HTTP_WXAPP_PRESET_ADMIN_ONLY,
    NGX_HTTP_WXAPP_PRESET_NONE
} ngx_http_wxapp_preset_e;


/* a unique key that an upsert may name */

typedef struct {
    ngx_uint_t                n;
    ngx_http_wxapp_column_t  *columns[NGX_HTTP_WXAPP_KEYS];
    ngx_array_t              *names;          /* ngx_str_t */
} ngx_http_wxapp_upsert_t;


struct ngx_http_wxapp_resource_conf_s {
    ngx_http_wxapp_place_t     place;
    ngx_str_t                  name;
    ngx_str_t                  table;
    ngx_array_t                columns;       /* ngx_http_wxapp_column_t */
    ngx_array_t               *key_names;     /* ngx_str_t */
    ngx_http_wxapp_column_t   *keys[NGX_HTTP_WXAPP_KEYS];
    ngx_uint_t                 nkeys;
    ngx_str_t                  owner_name;
    ngx_http_wxapp_column_t   *owner;
    ngx_http_complex_value_t   owner_value;
    ngx_uint_t                 owner_reads;   /* reads see own rows only */
    ngx_array_t               *owner_admins;  /* roles that own all rows */
    ngx_str_t                  soft_delete;
    ngx_array_t               *deleted_roles; /* that see deleted rows */
    ngx_str_t                  version_name;
    ngx_http_wxapp_column_t   *version;
    ngx_array_t               *orders;        /* ngx_str_t, names, or NULL */
    ngx_array_t               *filters;
    ngx_array_t               *increments;
    ngx_array_t               *search;
    ngx_array_t                upserts;       /* ngx_http_wxapp_upsert_t */
    ngx_array_t                relations;     /* ngx_http_wxapp_relation_t */
    ngx_array_t                allows;        /* ngx_http_wxapp_allow_t */
    ngx_uint_t                 preset;
    ngx_array_t               *preset_admins;
    ngx_uint_t                 page_default;
    ngx_uint_t                 page_max;
    ngx_uint_t                 offset_max;
    ngx_uint_t                 bulk_max;
    ngx_uint_t                 max_affected;
    ngx_flag_t                 etag;
    ngx_flag_t                 require_if_match;
    ngx_flag_t                 cursor;
    ngx_str_t                  cursor_key;    /* that signs them */
    ngx_uint_t                 roles;         /* a column has read or write */

    ngx_str_t                  match;         /* MATCH (...) AGAINST (...) */
};


typedef enum {
    NGX_HTTP_WXAPP_COUNT_NONE = 0,
    NGX_HTTP_WXAPP_COUNT_EXACT,
    NGX_HTTP_WXAPP_COUNT_PLANNED,
    NGX_HTTP_WXAPP_COUNT_ESTIMATED
} ngx_http_wxapp_count_e;

typedef enum {
    NGX_HTTP_WXAPP_RETURN_DEFAULT = 0,
    NGX_HTTP_WXAPP_RETURN_MINIMAL,
    NGX_HTTP_WXAPP_RETURN_HEADERS,
    NGX_HTTP_WXAPP_RETURN_ROWS
} ngx_http_wxapp_return_e;

typedef enum {
    NGX_HTTP_WXAPP_RESOLUTION_NONE = 0,
    NGX_HTTP_WXAPP_RESOLUTION_MERGE,
    NGX_HTTP_WXAPP_RESOLUTION_IGNORE
} ngx_http_wxapp_resolution_e;

typedef enum {
    NGX_HTTP_WXAPP_DELETED_HIDDEN = 0,
    NGX_HTTP_WXAPP_DELETED_ONLY,
    NGX_HTTP_WXAPP_DELETED_WITH
} ngx_http_wxapp_deleted_e;


/* a column of the reply, or a relation in it */

typedef struct {
    ngx_http_wxapp_column_t      *column;     /* NULL: a relation */
    ngx_http_wxapp_relation_t    *relation;
    ngx_str_t                     label;      /* "alias": */
    ngx_array_t                  *outputs;    /* of the relation */
    ngx_uint_t                    extra;      /* its column's place in rows */
    ngx_uint_t                    scoped;     /* the relation's own rows */
    ngx_wxapp_value_t             owner;
    ngx_rbtree_t                  tree;       /* of its rows */
    ngx_rbtree_node_t             sentinel;
} ngx_http_wxapp_output_t;


/* a row that relations are put into */

typedef struct {
    size_t                        end;        /* in the text, before "}" */
    ngx_str_t                    *keys;       /* of each relation */
} ngx_http_wxapp_parent_t;


typedef struct {
    ngx_http_wxapp_resource_conf_t  *conf;
    ngx_uint_t                       method;  /* HEAD is GET; override done */
    ngx_wxapp_value_t                keys[NGX_HTTP_WXAPP_KEYS];
    ngx_wxapp_value_t                owner;
    ngx_str_t                        path;    /* of the collection */
    uint64_t                         readable;
    uint64_t                         writable;

    /* what the request asks for */

    ngx_wxapp_dialect_t              query;
    ngx_array_t                     *outputs; /* ngx_http_wxapp_output_t */
    ngx_uint_t                       nrelations;
    ngx_wxapp_order_t                orders[NGX_WXAPP_DIALECT_ORDERS
                                            + NGX_HTTP_WXAPP_KEYS];
    ngx_uint_t                       norders;
    ngx_str_t                       *after;   /* values of the cursor */
    ngx_http_wxapp_upsert_t         *upsert;
    ngx_http_wxapp_deleted_e         deleted;
    ngx_http_wxapp_count_e           count;
    ngx_http_wxapp_return_e          returns;
    ngx_http_wxapp_resolution_e      resolution;
    int64_t                          limit;
    int64_t                          offset;
    ngx_uint_t                       max_asked;   /* max-affected= */
    ngx_uint_t                       max_affected;
    ngx_uint_t                       preferred;   /* bits of preferences */
    ngx_str_t                       *if_match;
    ngx_str_t                        context;     /* of cursors */

    unsigned                         item:1;
    unsigned                         scoped:1;    /* to the owner's rows */
    unsigned                         object:1;    /* one row, not an array */
    unsigned                         strict:1;
    unsigned                         lenient:1;
    unsigned                         missing:1;   /* absent is the default */
    unsigned                         max_given:1;
    unsigned                         cursor:1;    /* can be gone on by one */

    /* the rows */

    ngx_wxapp_text_t                 text;
    ngx_uint_t                       nrows;
    ngx_uint_t                       nextra;
    ngx_http_wxapp_column_t         *extra[NGX_HTTP_WXAPP_COLUMNS];
    ngx_uint_t                       version; /* its extra's place, from 1 */
    ngx_uint_t                       ordered; /* the first extra's, from 1 */
    ngx_uint_t                       keyed;   /* so the key's, to be kept */
    ngx_array_t                     *locked;  /* ngx_str_t, the keys */
    ngx_array_t                     *parents; /* ngx_http_wxapp_parent_t */
    ngx_uint_t                       relation;    /* the next to read */
    ngx_str_t                        etag;    /* the version's */
    ngx_str_t                       *last;    /* values of the cursor to be */
    size_t                           size;    /* of the relations' rows */
    int64_t                          total;   /* -1: not known */
    ngx_uint_t                       more;    /* rows behind the page */
    ngx_uint_t                       status;  /* of the reply */
    unsigned                         single:1;    /* an object is the reply */
    unsigned                         unordered:1; /* no cursor of its values */
    unsigned                         refused:1;   /* by the bounds of a column */
    unsigned                         created:1;
    unsigned                         one:1;       /* row was made, key known */
    unsigned                         too_large:1;

    /* the write's */

    ngx_wxapp_mysql_session_t       *session;
    ngx_uint_t                       tries;
    void                            *write;
} ngx_http_wxapp_resource_ctx_t;


/* resource_conf */

extern ngx_http_wxapp_allow_t  ngx_http_wxapp_resource_methods[];

#define NGX_HTTP_WXAPP_METHODS  5

/* When the block was read; the error is logged. */
char *ngx_http_wxapp_resource_complete(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);

/* When all was read: "resources" are all of them.  NGX_ERROR is logged. */
ngx_int_t ngx_http_wxapp_resource_resolve(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_array_t *resources);


/* resource_handler: the content handler, its data a resource_conf_t */

ngx_int_t ngx_http_wxapp_resource_handler(ngx_http_request_t *r);


/*
 * All below return, where a ngx_int_t is not said to be else: NGX_DECLINED
 * to go on, NGX_AGAIN when a query was sent, or what to finalize with.
 */

/* resource_read */

ngx_int_t ngx_http_wxapp_resource_list(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
ngx_int_t ngx_http_wxapp_resource_get(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* Reads the relations of the rows, then replies. */
ngx_int_t ngx_http_wxapp_resource_relate(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


/* resource_body */

/* POST, PUT and PATCH, when the body has been read; finalizes by itself. */
void ngx_http_wxapp_resource_body(ngx_http_request_t *r);


/* resource_write */

ngx_int_t ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


/* Tells that an increment would pass the bounds of its column. */
ngx_int_t ngx_http_wxapp_resource_out_of_bounds(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);


/* resource_request */

/* Reads the query, and the headers Prefer, Accept, Range and If-Match. */
ngx_int_t ngx_http_wxapp_resource_request(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* Takes the names of on_conflict= or the key: ctx->upsert. */
ngx_int_t ngx_http_wxapp_resource_conflict(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* Whether the ETag is one of If-Match. */
ngx_uint_t ngx_http_wxapp_resource_match(ngx_str_t *if_match,
    ngx_str_t *etag);


/* resource_reply */

/* Starts an empty list of rows, or the text of one. */
void ngx_http_wxapp_resource_rows(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* The row callback of queries whose columns are the outputs and extras. */
ngx_int_t ngx_http_wxapp_resource_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *row, ngx_uint_t n);

/* Writes the columns of a row, as members of the object that is open. */
void ngx_http_wxapp_resource_members(ngx_wxapp_text_t *text,
    ngx_array_t *outputs, ngx_str_t *row);

/* Replies with the rows that were taken. */
ngx_int_t ngx_http_wxapp_resource_tell(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);

/* Replies without rows, "n" of which were written. */
ngx_int_t ngx_http_wxapp_resource_tell_none(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t status, ngx_uint_t n);

/* Tells that the rows are not the one that was asked for. */
ngx_int_t ngx_http_wxapp_resource_not_one(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t n);

/* Tells a query that failed, or rows that are too large. */
ngx_int_t ngx_http_wxapp_resource_failed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_mysql_query_t *query);

/* The ETag of the bytes; NGX_OK, NGX_ERROR without memory. */
ngx_int_t ngx_http_wxapp_resource_etag(ngx_pool_t *pool, ngx_str_t *body,
    ngx_str_t *etag);


/* resource_sql; NGX_OK, NGX_ERROR without memory, unless said else */

/*
 * A statement that is being written: text and parameters go side by side.
 */
typedef struct {
    ngx_http_request_t              *request;
    ngx_http_wxapp_resource_ctx_t   *ctx;
    ngx_wxapp_mysql_query_t         *query;
    ngx_wxapp_text_t                 text;
    ngx_uint_t                       failed;
} ngx_http_wxapp_sql_t;

/* Starts a statement for a new query; NGX_ERROR without memory. */
ngx_int_t ngx_http_wxapp_sql_init(ngx_http_wxapp_sql_t *sql,
    ngx_http_request_t *r, ngx_http_wxapp_resource_ctx_t *ctx);

/* Appends text, a quoted name of the configuration, "?" with its value. */
void ngx_http_wxapp_sql_put(ngx_http_wxapp_sql_t *sql, const char *s);
void ngx_http_wxapp_sql_name(ngx_http_wxapp_sql_t *sql, ngx_str_t *name);
void ngx_http_wxapp_sql_value(ngx_http_wxapp_sql_t *sql,
    ngx_wxapp_value_t *value);

/* Appends "SELECT outputs and extras FROM table WHERE ". */
void ngx_http_wxapp_sql_select(ngx_http_wxapp_sql_t *sql);

/* Appends the condition of the owner and of rows not deleted, or TRUE. */
void ngx_http_wxapp_sql_scope(ngx_http_wxapp_sql_t *sql);

/* Appends " AND key = ?" for the item's key. */
void ngx_http_wxapp_sql_item(ngx_http_wxapp_sql_t *sql);

/*
 * Appends the filters and the search, each after " AND ".  NGX_DECLINED, or
 * what to finalize with for one that cannot be.
 */
ngx_int_t ngx_http_wxapp_sql_filters(ngx_http_wxapp_sql_t *sql);

/* Appends " AND (...)" for rows behind the cursor. */
ngx_int_t ngx_http_wxapp_sql_after(ngx_http_wxapp_sql_t *sql);

/* Appends " ORDER BY ...". */
void ngx_http_wxapp_sql_order(ngx_http_wxapp_sql_t *sql);

/* Appends " ORDER BY ..." by the keys alone. */
void ngx_http_wxapp_sql_order_keys(ngx_http_wxapp_sql_t *sql);

/*
 * Ends the statement and sends it as ngx_http_wxapp_db_send(), in the session
 * of the request if there is one.
 */
ngx_int_t ngx_http_wxapp_sql_send(ngx_http_request_t *r,
    ngx_http_wxapp_sql_t *sql, ngx_http_wxapp_done_pt done);

/* Frees the query of a statement that is not wanted any more. */
void ngx_http_wxapp_sql_free(ngx_http_wxapp_sql_t *sql);


/* The column of that name, or NULL. */
ngx_http_wxapp_column_t *ngx_http_wxapp_resource_find(
    ngx_http_wxapp_resource_conf_t *conf, ngx_str_t *name);

/* The bit of the column in readable and writable. */
#define ngx_http_wxapp_resource_bit(conf, column)                             \
    ((uint64_t) 1                                                             \
     << ((column) - (ngx_http_wxapp_column_t *) (conf)->columns.elts))

/*
 * Whether the caller has one of the roles; NULL: anyone.  NGX_OK,
 * NGX_DECLINED, NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_resource_role(ngx_http_request_t *r,
    ngx_array_t *roles);

/*
 * Takes the columns that the caller may read of a resource, and whose rows:
 * "scoped" with the value of the owner.
 */
ngx_int_t ngx_http_wxapp_resource_scope(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, ngx_uint_t write,
    ngx_uint_t *scoped, ngx_wxapp_value_t *owner);
ngx_int_t ngx_http_wxapp_resource_readable(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, uint64_t *columns);

/* Refuses a caller without the role: 401 or 403. */
ngx_int_t ngx_http_wxapp_resource_forbidden(ngx_http_request_t *r);

/*
 * Whether the caller may use the method; NGX_DECLINED, or the problem.
 * NGX_ABORT when nobody may.
 */
ngx_int_t ngx_http_wxapp_resource_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_conf_t *conf, ngx_uint_t method);


extern ngx_module_t  ngx_http_wxapp_resource_module;


#endif /* _NGX_HTTP_WXAPP_RESOURCE_H_INCLUDED_ */
