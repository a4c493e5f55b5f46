
/*
 * wxapp_resource TABLE {}: a table as a REST resource.
 */


#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_identity.h"


#define NGX_HTTP_WXAPP_COLUMNS  64
#define NGX_HTTP_WXAPP_ORDERS   4         /* columns to order by, a request */
#define NGX_HTTP_WXAPP_ARGS     32
#define NGX_HTTP_WXAPP_FAULTS   100


typedef struct {
    ngx_wxapp_field_t         field;          /* first: its name is ours */
    ngx_str_t                 label;          /* "name": */
    unsigned                  write:1;
    unsigned                  order:1;
} ngx_http_wxapp_column_t;


typedef struct {
    ngx_uint_t                method;
    ngx_str_t                 name;
    ngx_array_t              *roles;          /* ngx_str_t; NULL: anyone */
} ngx_http_wxapp_allow_t;


typedef struct {
    ngx_str_t                 table;
    ngx_array_t               columns;        /* ngx_http_wxapp_column_t */
    ngx_str_t                 key_name;
    ngx_http_wxapp_column_t  *key;
    ngx_str_t                 owner_name;
    ngx_http_wxapp_column_t  *owner;
    ngx_http_complex_value_t  owner_value;
    ngx_str_t                 soft_delete;
    ngx_array_t               orders;         /* ngx_str_t, names */
    ngx_array_t               allows;         /* ngx_http_wxapp_allow_t */
    ngx_uint_t                page_default;
    ngx_uint_t                page_max;

    /* SQL */

    ngx_str_t                 select;         /* up to the conditions */
    ngx_str_t                 item;           /* a row by its key */
    ngx_str_t                 remove;
    ngx_str_t                 where;          /* the conditions of all */
} ngx_http_wxapp_resource_conf_t;


/* one request */

typedef struct {
    ngx_http_wxapp_resource_conf_t  *conf;
    ngx_wxapp_value_t                key;
    ngx_wxapp_value_t                owner;
    ngx_str_t                        path;    /* of the collection */
    ngx_wxapp_text_t                 text;
    ngx_uint_t                       status;  /* of the row's reply */
    int64_t                          limit;
    int64_t                          offset;
    unsigned                         item:1;
    unsigned                         created:1;
} ngx_http_wxapp_resource_ctx_t;


typedef struct {
    ngx_wxapp_text_t          text;
    ngx_str_t                 message;        /* of the first */
    ngx_uint_t                n;
} ngx_http_wxapp_faults_t;


typedef struct {
    ngx_http_wxapp_column_t  *column;
    ngx_uint_t                desc;
} ngx_http_wxapp_order_t;


static ngx_int_t ngx_http_wxapp_resource_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_resource_path(ngx_http_request_t *r,
    ngx_str_t *path, ngx_str_t *key);
static ngx_int_t ngx_http_wxapp_resource_allow(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_not_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_owner(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_list(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_args(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_order_t *orders,
    ngx_uint_t *norders);
static ngx_int_t ngx_http_wxapp_resource_number(ngx_http_request_t *r,
    ngx_str_t *s, int64_t min, int64_t *n);
static ngx_int_t ngx_http_wxapp_resource_order(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *s,
    ngx_http_wxapp_order_t *orders, ngx_uint_t *norders);
static ngx_int_t ngx_http_wxapp_resource_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_wxapp_resource_listed(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_get(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_resource_got(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_resource_location(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx);
static void ngx_http_wxapp_resource_deleted(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_resource_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_resource_input(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_json_node_t *object,
    ngx_wxapp_value_t *values, u_char *given);
static ngx_int_t ngx_http_wxapp_resource_fault(ngx_http_request_t *r,
    ngx_http_wxapp_faults_t *faults, ngx_str_t *field, const char *rule,
    const char *message);
static ngx_int_t ngx_http_wxapp_resource_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given);
static ngx_int_t ngx_http_wxapp_resource_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given);
static void ngx_http_wxapp_resource_written(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_wxapp_mysql_query_t *ngx_http_wxapp_resource_query(
    ngx_http_request_t *r, ngx_http_wxapp_resource_ctx_t *ctx,
    ngx_uint_t nparams);
static ngx_int_t ngx_http_wxapp_resource_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value);
static ngx_int_t ngx_http_wxapp_resource_bind_where(
    ngx_wxapp_mysql_query_t *query, ngx_http_wxapp_resource_ctx_t *ctx);
static char *ngx_http_wxapp_resource(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_resource_column(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_owner_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_orders(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_page(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_allow_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_complete(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *conf);
static ngx_int_t ngx_http_wxapp_resource_sql(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *conf);
static void ngx_http_wxapp_resource_name(ngx_wxapp_text_t *text,
    ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_resource_identifier(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_http_wxapp_column_t *ngx_http_wxapp_resource_find(
    ngx_http_wxapp_resource_conf_t *conf, ngx_str_t *name);
static char *ngx_http_wxapp_resource_undeclared(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *conf, const char *what, ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_resource_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_resource_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_resource_directives[] = {

    { ngx_string("key"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_resource_conf_t, key_name) },

    { ngx_string("column"), 2, 8, ngx_http_wxapp_resource_column, 0 },

    { ngx_string("owner"), 1, 1, ngx_http_wxapp_resource_owner_directive, 0 },

    { ngx_string("order"), 1, NGX_HTTP_WXAPP_COLUMNS,
      ngx_http_wxapp_resource_orders, 0 },

    { ngx_string("page"), 1, 2, ngx_http_wxapp_resource_page, 0 },

    { ngx_string("allow"), 1, 8, ngx_http_wxapp_resource_allow_directive, 0 },

    { ngx_string("soft_delete"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_resource_conf_t, soft_delete) },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_resource_page_params[] = {

    { ngx_string("default"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_resource_conf_t, page_default), 1, 10000 },

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_resource_conf_t, page_max), 1, 10000 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_resource_column_params[] = {

    { ngx_string("min"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_column_t, field.min), 0, 0 },

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_column_t, field.max), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_allow_t  ngx_http_wxapp_resource_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET"), NULL },
    { NGX_HTTP_POST, ngx_string("POST"), NULL },
    { NGX_HTTP_PUT, ngx_string("PUT"), NULL },
    { NGX_HTTP_DELETE, ngx_string("DELETE"), NULL }
};

#define NGX_HTTP_WXAPP_METHODS                                                \
    (sizeof(ngx_http_wxapp_resource_methods) / sizeof(ngx_http_wxapp_allow_t))


static ngx_str_t  ngx_http_wxapp_resource_role = ngx_string("role");


static ngx_command_t  ngx_http_wxapp_resource_commands[] = {

    { ngx_string("wxapp_resource"),
      NGX_HTTP_LOC_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_wxapp_resource,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_resource_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_resource_postconfiguration,
                                           /* postconfiguration */

    ngx_http_wxapp_resource_create_main_conf,
                                           /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_resource_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_resource_module_ctx,   /* module context */
    ngx_http_wxapp_resource_commands,      /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_wxapp_resource_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       key;
    ngx_wxapp_fault_t               fault;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_resource_ctx_t));

    if (ctx == NULL || ngx_http_wxapp_ctx(r) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->conf = ngx_http_wxapp_content_data(r);
    ctx->status = NGX_HTTP_OK;

    if (ngx_http_wxapp_resource_path(r, &ctx->path, &key) != NGX_OK) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                      "there is nothing here");
    }

    ctx->item = (key.len != 0);

    rc = ngx_http_wxapp_resource_allow(r, ctx);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ctx->item) {
        rc = ngx_wxapp_field_text(&ctx->conf->key->field, r->pool, &key,
                                  &ctx->key, &fault);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_OK) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_key",
                                          "the key in the path is invalid");
        }
    }

    rc = ngx_http_wxapp_resource_owner(r, ctx);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_wxapp_resource_module);

    if (r->method & (NGX_HTTP_POST|NGX_HTTP_PUT)) {
        return ngx_http_wxapp_body_read(r, ngx_http_wxapp_resource_body);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_DELETE) {
        rc = ngx_http_wxapp_resource_delete(r, ctx);

    } else if (ctx->item) {
        rc = ngx_http_wxapp_resource_get(r, ctx);

    } else {
        rc = ngx_http_wxapp_resource_list(r, ctx);
    }

    if (rc == NGX_AGAIN) {
        r->main->count++;
        return NGX_DONE;
    }

    return rc;
}


/* what follows the location's own path: nothing, or one segment */

static ngx_int_t
ngx_http_wxapp_resource_path(ngx_http_request_t *r, ngx_str_t *path,
    ngx_str_t *key)
{
    u_char                    *p, *last;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    *path = clcf->name;

    if (path->len && path->data[path->len - 1] == '/') {
        path->len--;
    }

    if (r->uri.len < path->len) {
        return NGX_ERROR;
    }

    p = r->uri.data + path->len;
    last = r->uri.data + r->uri.len;

    ngx_str_null(key);

    if (p == last) {
        return NGX_OK;
    }

    if (*p != '/') {
        return NGX_ERROR;
    }

    if (++p == last) {
        return NGX_OK;
    }

    key->data = p;
    key->len = last - p;

    return ngx_strlchr(p, last, '/') ? NGX_ERROR : NGX_OK;
}


/* NGX_DECLINED: it is; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_resource_allow(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_str_t                bearer;
    ngx_uint_t               i, method;
    ngx_table_elt_t         *h;
    ngx_http_wxapp_allow_t  *allow;

    method = (r->method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : r->method;

    allow = ctx->conf->allows.elts;

    for (i = 0; i < ctx->conf->allows.nelts; i++) {
        if (allow[i].method == method) {
            break;
        }
    }

    /* rows are made in a collection, and changed one by one */

    if (i == ctx->conf->allows.nelts
        || (ctx->item && method == NGX_HTTP_POST)
        || (!ctx->item && (method & (NGX_HTTP_PUT|NGX_HTTP_DELETE))))
    {
        return ngx_http_wxapp_resource_not_allowed(r, ctx);
    }

    if (allow[i].roles == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_wxapp_claim_in(r, &ngx_http_wxapp_resource_role,
                                 allow[i].roles);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_http_wxapp_ctx(r)->identity == NGX_HTTP_WXAPP_IDENTITY_VALID) {
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_AUTH_FORBIDDEN);

        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN,
                                      "insufficient_scope",
                                      "the role may not do this");
    }

    ngx_str_set(&bearer, "Bearer");

    h = ngx_http_wxapp_header(r, "WWW-Authenticate", &bearer);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.www_authenticate = h;

    return ngx_http_wxapp_problem(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                  "an access token is required");
}


static ngx_int_t
ngx_http_wxapp_resource_not_allowed(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char                  *p;
    ngx_str_t                value;
    ngx_uint_t               i, method;
    ngx_http_wxapp_allow_t  *allow;

    p = ngx_pnalloc(r->pool, sizeof("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.data = p;
    allow = ctx->conf->allows.elts;

    for (i = 0; i < ctx->conf->allows.nelts; i++) {
        method = allow[i].method;

        if (method == NGX_HTTP_GET) {
            p = ngx_sprintf(p, "GET, HEAD, ");

        } else if (ctx->item ? method != NGX_HTTP_POST
                             : method == NGX_HTTP_POST)
        {
            p = ngx_sprintf(p, "%V, ", &allow[i].name);
        }
    }

    p = ngx_sprintf(p, "OPTIONS%Z");

    if (r->method != NGX_HTTP_OPTIONS) {
        return ngx_http_wxapp_not_allowed(r, (char *) value.data);
    }

    value.len = p - value.data - 1;

    return ngx_http_wxapp_header(r, "Allow", &value)
           ? ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT, NULL)
           : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_wxapp_resource_owner(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                        value;
    ngx_wxapp_fault_t                fault;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    if (conf->owner == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_complex_value(r, &conf->owner_value, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nobody owns nothing: never fall back to all rows */

    if (value.len == 0) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_UNAUTHORIZED,
                                      "unauthorized",
                                      "the rows belong to their owner");
    }

    rc = ngx_wxapp_field_text(&conf->owner->field, r->pool, &value,
                              &ctx->owner, &fault);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_FORBIDDEN,
                                      "insufficient_scope",
                                      "the caller cannot own rows here");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_list(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n, keyed;
    ngx_wxapp_text_t                 sql;
    ngx_wxapp_value_t                value;
    ngx_http_wxapp_order_t           orders[NGX_HTTP_WXAPP_ORDERS];
    ngx_wxapp_mysql_query_t         *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;

    ctx->limit = conf->page_default;
    ctx->offset = 0;
    n = 0;

    rc = ngx_http_wxapp_resource_args(r, ctx, orders, &n);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    query = ngx_http_wxapp_resource_query(r, ctx, 3);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&sql, query->pool, conf->select.len + 256);

    ngx_wxapp_text_str(&sql, &conf->select);
    ngx_wxapp_text_str(&sql, &conf->where);
    ngx_wxapp_text_cstr(&sql, " ORDER BY ");

    keyed = 0;

    for (i = 0; i < n; i++) {
        ngx_http_wxapp_resource_name(&sql, &orders[i].column->field.name);
        ngx_wxapp_text_cstr(&sql, orders[i].desc ? " DESC, " : ", ");

        keyed |= (orders[i].column == conf->key);
    }

    /* equal rows must not change places between two pages */

    if (keyed) {
        sql.pos -= 2;

    } else {
        ngx_http_wxapp_resource_name(&sql, &conf->key->field.name);
    }

    ngx_wxapp_text_cstr(&sql, " LIMIT ? OFFSET ?");

    rc = ngx_http_wxapp_resource_bind_where(query, ctx);

    value.type = NGX_WXAPP_VALUE_INTEGER;
    value.integer = ctx->limit;
    rc |= ngx_http_wxapp_resource_bind(query, &value);

    value.integer = ctx->offset;
    rc |= ngx_http_wxapp_resource_bind(query, &value);

    if (rc != NGX_OK || ngx_wxapp_text_done(&sql, &query->sql) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->row = ngx_http_wxapp_resource_row;
    query->read_only = 1;

    ngx_wxapp_text_init(&ctx->text, r->pool, 2048);
    ngx_wxapp_json_open(&ctx->text, '[');

    ngx_http_wxapp_wait_mysql(r, &query->op, ngx_http_wxapp_resource_listed);
    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


/* NGX_DECLINED: all understood; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_resource_args(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_http_wxapp_order_t *orders,
    ngx_uint_t *norders)
{
    u_char      *p, *last, *end, *dst, *src;
    int64_t      page;
    ngx_int_t    rc;
    ngx_str_t    name, value;
    ngx_uint_t   i, seen;

    static ngx_str_t  names[] = {
        ngx_string("limit"),
        ngx_string("offset"),
        ngx_string("page"),
        ngx_string("order")
    };

    page = 0;
    seen = 0;

    p = r->args.data;
    last = p + r->args.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        if (end == p) {
            continue;
        }

        name.data = p;
        value.data = ngx_strlchr(p, end, '=');

        if (value.data == NULL) {
            value.data = end;
            name.len = end - p;
            value.len = 0;

        } else {
            name.len = value.data - p;
            value.data++;
            value.len = end - value.data;
        }

        for (i = 0; i < 4; i++) {
            if (names[i].len == name.len
                && ngx_strncmp(names[i].data, name.data, name.len) == 0)
            {
                break;
            }
        }

        if (i == 4) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "unknown_parameter",
                             "the query has a parameter that is not known");
        }

        if (seen & (1 << i)) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "duplicate_parameter",
                             "the query has a parameter twice");
        }

        seen |= 1 << i;

        dst = ngx_pnalloc(r->pool, value.len + 1);
        if (dst == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        src = value.data;
        value.data = dst;

        ngx_unescape_uri(&dst, &src, value.len, 0);
        value.len = dst - value.data;

        switch (i) {

        case 0:
            rc = ngx_http_wxapp_resource_number(r, &value, 0, &ctx->limit);
            break;

        case 1:
            rc = ngx_http_wxapp_resource_number(r, &value, 0, &ctx->offset);
            break;

        case 2:
            rc = ngx_http_wxapp_resource_number(r, &value, 1, &page);
            break;

        default:
            rc = ngx_http_wxapp_resource_order(r, ctx, &value, orders,
                                               norders);
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    /* more than a page is a page: the reply's Content-Range tells */

    ctx->limit = ngx_min(ctx->limit, (int64_t) ctx->conf->page_max);

    if (page) {
        if (ctx->offset) {
            return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "invalid_parameter",
                                          "\"page\" and \"offset\" exclude "
                                          "each other");
        }

        ctx->offset = (page - 1) * ctx->limit;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_resource_number(ngx_http_request_t *r, ngx_str_t *s,
    int64_t min, int64_t *n)
{
    ngx_wxapp_field_t  field;
    ngx_wxapp_fault_t  fault;
    ngx_wxapp_value_t  value;

    ngx_memzero(&field, sizeof(ngx_wxapp_field_t));
    field.type = NGX_WXAPP_FIELD_INT;

    if (ngx_wxapp_field_text(&field, r->pool, s, &value, &fault) != NGX_OK
        || value.integer < min)
    {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "invalid_parameter",
                             "\"limit\", \"offset\" and \"page\" must be "
                             "whole numbers in range");
    }

    *n = value.integer;

    return NGX_DECLINED;
}


/* price.desc,name */

static ngx_int_t
ngx_http_wxapp_resource_order(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_str_t *s,
    ngx_http_wxapp_order_t *orders, ngx_uint_t *norders)
{
    u_char                   *p, *last, *end, *dot;
    ngx_str_t                 name, dir;
    ngx_uint_t                i, n;
    ngx_http_wxapp_column_t  *column;

    n = 0;
    p = s->data;
    last = p + s->len;

    for ( ;; ) {
        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        dot = ngx_strlchr(p, end, '.');

        name.data = p;
        name.len = (dot ? dot : end) - p;

        dir.data = dot ? dot + 1 : end;
        dir.len = end - dir.data;

        column = ngx_http_wxapp_resource_find(ctx->conf, &name);

        if (column == NULL || !column->order || n == NGX_HTTP_WXAPP_ORDERS) {
            goto invalid;
        }

        for (i = 0; i < n; i++) {
            if (orders[i].column == column) {
                goto invalid;
            }
        }

        orders[n].column = column;
        orders[n].desc = (dir.len == 4
                          && ngx_strncmp(dir.data, "desc", 4) == 0);

        if (dot && !orders[n].desc
            && (dir.len != 3 || ngx_strncmp(dir.data, "asc", 3) != 0))
        {
            goto invalid;
        }

        n++;

        if (end == last) {
            break;
        }

        p = end + 1;
    }

    *norders = n;

    return NGX_DECLINED;

invalid:

    return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                                  "invalid_parameter",
                                  "\"order\" must name columns that can be "
                                  "ordered by, each with .asc or .desc");
}


static ngx_int_t
ngx_http_wxapp_resource_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_uint_t                      i;
    ngx_http_wxapp_column_t        *column;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;
    column = ctx->conf->columns.elts;

    ngx_wxapp_json_open(&ctx->text, '{');

    for (i = 0; i < n; i++) {
        ngx_wxapp_json_raw(&ctx->text, column[i].label.data,
                           column[i].label.len);
        ngx_wxapp_field_write(&column[i].field, &ctx->text, &columns[i]);
    }

    ngx_wxapp_json_close(&ctx->text, '}');

    return ctx->text.failed ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_wxapp_resource_listed(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    u_char                         *p;
    ngx_str_t                       body, range;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_finalize_request(r, ngx_http_wxapp_db_problem(r, query));
        return;
    }

    ctx = query->op.data;

    ngx_wxapp_json_close(&ctx->text, ']');

    p = ngx_pnalloc(r->pool, 2 * NGX_INT64_LEN + sizeof("-/*"));

    if (p == NULL || ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    range.data = p;

    if (query->rows) {
        p = ngx_sprintf(p, "%L-%L/*", ctx->offset,
                        ctx->offset + (int64_t) query->rows - 1);
    } else {
        p = ngx_sprintf(p, "*/*");
    }

    range.len = p - range.data;

    if (ngx_http_wxapp_header(r, "Content-Range", &range) == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body));
}


/* the row of ctx->key: NGX_AGAIN, or what to finalize with */

static ngx_int_t
ngx_http_wxapp_resource_get(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_wxapp_mysql_query_t  *query;

    if (r->args.len && r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return ngx_http_wxapp_problem(r, NGX_HTTP_BAD_REQUEST,
                             "unknown_parameter",
                             "the query has a parameter that is not known");
    }

    query = ngx_http_wxapp_resource_query(r, ctx, 2);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->sql = ctx->conf->item;
    query->row = ngx_http_wxapp_resource_row;
    query->read_only = 1;

    if (ngx_http_wxapp_resource_bind(query, &ctx->key) != NGX_OK
        || ngx_http_wxapp_resource_bind_where(query, ctx) != NGX_OK)
    {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&ctx->text, r->pool, 1024);

    ngx_http_wxapp_wait_mysql(r, &query->op, ngx_http_wxapp_resource_got);
    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


static void
ngx_http_wxapp_resource_got(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_str_t                       body;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_finalize_request(r, ngx_http_wxapp_db_problem(r, query));
        return;
    }

    if (query->rows == 0 && !ctx->created) {
        ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                         NGX_HTTP_NOT_FOUND, "not_found",
                                         "there is no such row"));
        return;
    }

    if (ngx_wxapp_text_done(&ctx->text, &body) != NGX_OK
        || (ctx->created && ngx_http_wxapp_resource_location(r, ctx)
                            != NGX_OK))
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_reply(r, ctx->status, &body));
}


static ngx_int_t
ngx_http_wxapp_resource_location(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   value, *key;

    key = &ctx->key.text;

    p = ngx_pnalloc(r->pool, ctx->path.len + 1 + NGX_INT64_LEN + 3 * key->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    p = ngx_sprintf(p, "%V/", &ctx->path);

    if (ctx->key.type == NGX_WXAPP_VALUE_INTEGER) {
        p = ngx_sprintf(p, "%L", ctx->key.integer);

    } else {
        p = (u_char *) ngx_escape_uri(p, key->data, key->len,
                                      NGX_ESCAPE_URI_COMPONENT);
    }

    value.len = p - value.data;

    return ngx_http_wxapp_header(r, "Location", &value) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_wxapp_resource_delete(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    ngx_wxapp_mysql_query_t  *query;

    query = ngx_http_wxapp_resource_query(r, ctx, 2);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query->sql = ctx->conf->remove;

    if (ngx_http_wxapp_resource_bind(query, &ctx->key) != NGX_OK
        || ngx_http_wxapp_resource_bind_where(query, ctx) != NGX_OK)
    {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_wait_mysql(r, &query->op, ngx_http_wxapp_resource_deleted);
    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


static void
ngx_http_wxapp_resource_deleted(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                 rc;
    ngx_wxapp_mysql_query_t  *query = (ngx_wxapp_mysql_query_t *) op;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else {
        rc = ngx_http_wxapp_reply(r, NGX_HTTP_NO_CONTENT, NULL);
    }

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_wxapp_resource_body(ngx_http_request_t *r)
{
    u_char                          given[NGX_HTTP_WXAPP_COLUMNS];
    ngx_int_t                       rc;
    ngx_wxapp_value_t               values[NGX_HTTP_WXAPP_COLUMNS];
    ngx_wxapp_json_node_t          *object;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_resource_module);

    rc = ngx_http_wxapp_resource_input(r, ctx, object, values, given);

    if (rc == NGX_DECLINED) {
        rc = (r->method == NGX_HTTP_POST)
             ? ngx_http_wxapp_resource_insert(r, ctx, values, given)
             : ngx_http_wxapp_resource_update(r, ctx, values, given);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* all faults at once; NGX_DECLINED: there are none */

static ngx_int_t
ngx_http_wxapp_resource_input(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_json_node_t *object,
    ngx_wxapp_value_t *values, u_char *given)
{
    ngx_int_t                 rc;
    ngx_str_t                 details;
    ngx_uint_t                i;
    ngx_wxapp_fault_t         fault;
    ngx_wxapp_json_node_t    *node;
    ngx_http_wxapp_column_t  *column, *columns;
    ngx_http_wxapp_faults_t   faults;

    columns = ctx->conf->columns.elts;

    ngx_memzero(given, NGX_HTTP_WXAPP_COLUMNS);
    ngx_memzero(&faults, sizeof(ngx_http_wxapp_faults_t));

    rc = NGX_OK;

    for (node = object->first; node && rc == NGX_OK; node = node->next) {

        column = ngx_http_wxapp_resource_find(ctx->conf, &node->name);

        if (column == NULL) {
            rc = ngx_http_wxapp_resource_fault(r, &faults, &node->name,
                                               "unknown",
                                               "is not a field here");
            continue;
        }

        if (!column->write) {
            rc = ngx_http_wxapp_resource_fault(r, &faults, &node->name,
                                               "read_only",
                                               "cannot be written");
            continue;
        }

        i = column - columns;

        if (given[i]) {
            rc = ngx_http_wxapp_resource_fault(r, &faults, &node->name,
                                               "duplicate",
                                               "must be given once");
            continue;
        }

        given[i] = 1;

        rc = ngx_wxapp_field_json(&column->field, r->pool, node, &values[i],
                                  &fault);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_wxapp_resource_fault(r, &faults, &fault.field,
                                               fault.rule,
                                               (char *) fault.message.data);
        }
    }

    for (i = 0; i < ctx->conf->columns.nelts && rc == NGX_OK; i++) {
        if (columns[i].field.required && !given[i]) {
            rc = ngx_http_wxapp_resource_fault(r, &faults,
                                               &columns[i].field.name,
                                               "required", "is required");
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (faults.n == 0) {
        return NGX_DECLINED;
    }

    ngx_wxapp_json_close(&faults.text, ']');

    if (ngx_wxapp_text_done(&faults.text, &details) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_problem_details(r, 422, "validation_failed",
                                          &faults.message, &details);
}


/* NGX_OK; NGX_ABORT when enough is enough; NGX_ERROR without memory */

static ngx_int_t
ngx_http_wxapp_resource_fault(ngx_http_request_t *r,
    ngx_http_wxapp_faults_t *faults, ngx_str_t *field, const char *rule,
    const char *message)
{
    ngx_wxapp_text_t  *text;

    text = &faults->text;

    if (faults->n++ == 0) {
        ngx_wxapp_text_init(text, r->pool, 256);

        ngx_wxapp_text_put(text, "\"", 1);
        ngx_wxapp_text_str(text, field);
        ngx_wxapp_text_put(text, "\" ", 2);
        ngx_wxapp_text_cstr(text, message);

        if (ngx_wxapp_text_done(text, &faults->message) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_wxapp_text_init(text, r->pool, 512);
        ngx_wxapp_json_open(text, '[');
    }

    ngx_wxapp_json_open(text, '{');
    ngx_wxapp_json_name(text, "field");
    ngx_wxapp_json_str(text, field);
    ngx_wxapp_json_name(text, "rule");
    ngx_wxapp_json_cstr(text, rule);
    ngx_wxapp_json_name(text, "message");
    ngx_wxapp_json_cstr(text, message);
    ngx_wxapp_json_close(text, '}');

    return (faults->n == NGX_HTTP_WXAPP_FAULTS) ? NGX_ABORT : NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_resource_insert(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n;
    ngx_wxapp_text_t                 sql;
    ngx_http_wxapp_column_t         *column;
    ngx_wxapp_mysql_query_t         *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    column = conf->columns.elts;

    query = ngx_http_wxapp_resource_query(r, ctx, conf->columns.nelts);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (conf->owner) {
        i = conf->owner - column;
        given[i] = 1;
        values[i] = ctx->owner;
    }

    ngx_wxapp_text_init(&sql, query->pool, 512);
    ngx_wxapp_text_cstr(&sql, "INSERT INTO ");
    ngx_http_wxapp_resource_name(&sql, &conf->table);
    ngx_wxapp_text_cstr(&sql, " (");

    rc = NGX_OK;

    for (i = 0; i < conf->columns.nelts; i++) {
        if (given[i]) {
            if (query->nparams) {
                ngx_wxapp_text_cstr(&sql, ", ");
            }

            ngx_http_wxapp_resource_name(&sql, &column[i].field.name);
            rc |= ngx_http_wxapp_resource_bind(query, &values[i]);
        }
    }

    ngx_wxapp_text_cstr(&sql, ") VALUES (");

    for (n = 0; n < query->nparams; n++) {
        ngx_wxapp_text_cstr(&sql, n ? ", ?" : "?");
    }

    ngx_wxapp_text_cstr(&sql, ")");

    if (rc != NGX_OK || ngx_wxapp_text_done(&sql, &query->sql) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->created = 1;
    ctx->status = NGX_HTTP_CREATED;

    i = conf->key - column;

    if (given[i]) {
        ctx->key = values[i];
    }

    ngx_http_wxapp_wait_mysql(r, &query->op, ngx_http_wxapp_resource_written);
    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


/* PUT: what is not given returns to its default */

static ngx_int_t
ngx_http_wxapp_resource_update(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_wxapp_value_t *values,
    u_char *given)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n;
    ngx_wxapp_text_t                 sql;
    ngx_http_wxapp_column_t         *column;
    ngx_wxapp_mysql_query_t         *query;
    ngx_http_wxapp_resource_conf_t  *conf;

    conf = ctx->conf;
    column = conf->columns.elts;

    query = ngx_http_wxapp_resource_query(r, ctx, conf->columns.nelts + 2);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&sql, query->pool, 512);
    ngx_wxapp_text_cstr(&sql, "UPDATE ");
    ngx_http_wxapp_resource_name(&sql, &conf->table);
    ngx_wxapp_text_cstr(&sql, " SET ");

    rc = NGX_OK;
    n = 0;

    for (i = 0; i < conf->columns.nelts; i++) {

        if (!column[i].write || &column[i] == conf->key) {
            continue;
        }

        if (n++) {
            ngx_wxapp_text_cstr(&sql, ", ");
        }

        ngx_http_wxapp_resource_name(&sql, &column[i].field.name);
        ngx_wxapp_text_cstr(&sql, given[i] ? " = ?" : " = DEFAULT");

        if (given[i]) {
            rc |= ngx_http_wxapp_resource_bind(query, &values[i]);
        }
    }

    ngx_wxapp_text_cstr(&sql, " WHERE ");
    ngx_http_wxapp_resource_name(&sql, &conf->key->field.name);
    ngx_wxapp_text_cstr(&sql, " = ? AND ");
    ngx_wxapp_text_str(&sql, &conf->where);

    rc |= ngx_http_wxapp_resource_bind(query, &ctx->key);
    rc |= ngx_http_wxapp_resource_bind_where(query, ctx);

    if (rc != NGX_OK || ngx_wxapp_text_done(&sql, &query->sql) != NGX_OK) {
        ngx_wxapp_mysql_free(query);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_wxapp_wait_mysql(r, &query->op, ngx_http_wxapp_resource_written);
    ngx_wxapp_mysql_send(query);

    return NGX_AGAIN;
}


/* the row as it is now is the answer */

static void
ngx_http_wxapp_resource_written(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                       rc;
    ngx_wxapp_mysql_query_t        *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_resource_ctx_t  *ctx;

    ctx = query->op.data;

    if (op->status != NGX_WXAPP_OP_OK) {
        rc = ngx_http_wxapp_db_problem(r, query);

    } else if (query->affected == 0) {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                    "there is no such row");

    } else {

        if (ctx->created && ctx->key.type == NGX_WXAPP_VALUE_NULL) {
            ctx->key.type = NGX_WXAPP_VALUE_INTEGER;
            ctx->key.integer = query->insert_id;
        }

        rc = ngx_http_wxapp_resource_get(r, ctx);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* parameters are counted as they are bound */

static ngx_wxapp_mysql_query_t *
ngx_http_wxapp_resource_query(ngx_http_request_t *r,
    ngx_http_wxapp_resource_ctx_t *ctx, ngx_uint_t nparams)
{
    ngx_wxapp_mysql_query_t     *query;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    query = ngx_wxapp_mysql_query(wmcf->mysql, nparams);

    if (query) {
        query->op.data = ctx;
        query->nparams = 0;
    }

    return query;
}


static ngx_int_t
ngx_http_wxapp_resource_bind(ngx_wxapp_mysql_query_t *query,
    ngx_wxapp_value_t *value)
{
    return ngx_wxapp_mysql_param(query, query->nparams++, value);
}


static ngx_int_t
ngx_http_wxapp_resource_bind_where(ngx_wxapp_mysql_query_t *query,
    ngx_http_wxapp_resource_ctx_t *ctx)
{
    return ctx->conf->owner ? ngx_http_wxapp_resource_bind(query, &ctx->owner)
                            : NGX_OK;
}


static char *
ngx_http_wxapp_resource(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_place_t *place = conf;

    char                            *rv;
    ngx_str_t                       *value;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_wxapp_resource_conf_t  *rcf;

    ngx_http_wxapp_conf_place(cf, place);

    value = cf->args->elts;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    if (clcf->regex) {
        return "cannot be in a location given by a regular expression";
    }
#endif

    if (clcf->named || clcf->name.len == 0) {
        return "must be in a location with a path";
    }

    rcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_resource_conf_t));
    if (rcf == NULL) {
        return NGX_CONF_ERROR;
    }

    rcf->table = value[1];
    rcf->page_default = 20;
    rcf->page_max = 100;

    if (ngx_http_wxapp_resource_identifier(cf, &rcf->table) != NGX_OK
        || ngx_array_init(&rcf->columns, cf->pool, 16,
                          sizeof(ngx_http_wxapp_column_t))
           != NGX_OK
        || ngx_array_init(&rcf->orders, cf->pool, 4, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&rcf->allows, cf->pool, 4,
                          sizeof(ngx_http_wxapp_allow_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_content(cf, ngx_http_wxapp_resource_handler, rcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_resource_directives,
                                   rcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_wxapp_resource_complete(cf, rcf);
}


static char *
ngx_http_wxapp_resource_column(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    char                     *rv;
    u_char                   *p;
    ngx_int_t                 type;
    ngx_str_t                *value;
    ngx_uint_t                i, first;
    ngx_http_wxapp_column_t  *column;

    value = cf->args->elts;

    if (ngx_http_wxapp_resource_identifier(cf, &value[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_wxapp_resource_find(rcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate column \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (rcf->columns.nelts == NGX_HTTP_WXAPP_COLUMNS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than %d columns",
                           NGX_HTTP_WXAPP_COLUMNS);
        return NGX_CONF_ERROR;
    }

    type = ngx_wxapp_field_type(&value[2]);

    if (type == NGX_ERROR) {
        return ngx_http_wxapp_conf_unknown(cf, "column type", &value[2],
                                           ngx_wxapp_field_types,
                                           NGX_WXAPP_FIELD_TYPES,
                                           sizeof(ngx_str_t));
    }

    column = ngx_array_push(&rcf->columns);
    if (column == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(column, sizeof(ngx_http_wxapp_column_t));

    column->field.name = value[1];
    column->field.type = type;

    /* words first, then name=value */

    first = cf->args->nelts;

    for (i = 3; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "write") == 0) {
            column->write = 1;

        } else if (ngx_strcmp(value[i].data, "required") == 0) {
            column->field.required = 1;

        } else if (ngx_strchr(value[i].data, '=')) {
            first = i;
            break;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown parameter \"%V\", it must be "
                               "\"write\", \"required\", \"min=\" or "
                               "\"max=\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_resource_column_params,
                                    first, column);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if ((column->field.min.len
         && ngx_wxapp_field_bound(type, &column->field.min) != NGX_OK)
        || (column->field.max.len
            && ngx_wxapp_field_bound(type, &column->field.max) != NGX_OK))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid bound of column \"%V\" for type \"%V\"",
                           &value[1], &value[2]);
        return NGX_CONF_ERROR;
    }

    if (column->field.required && !column->write) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "column \"%V\" is required but not \"write\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    p = ngx_pnalloc(cf->pool, value[1].len + 3);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    column->label.data = p;
    column->label.len = ngx_sprintf(p, "\"%V\":", &value[1]) - p;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_resource_owner_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    u_char                            *p;
    ngx_str_t                         *value, source;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;

    if (rcf->owner_name.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"owner\" directive is duplicate");
        return NGX_CONF_ERROR;
    }

    p = (u_char *) ngx_strchr(value[1].data, '=');

    if (p == NULL || p == value[1].data || p[1] == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid owner \"%V\", it must be "
                           "column=$variable", &value[1]);
        return NGX_CONF_ERROR;
    }

    rcf->owner_name.data = value[1].data;
    rcf->owner_name.len = p - value[1].data;

    source.data = p + 1;
    source.len = value[1].data + value[1].len - source.data;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &source;
    ccv.complex_value = &rcf->owner_value;

    return ngx_http_compile_complex_value(&ccv) == NGX_OK ? NGX_CONF_OK
                                                          : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_resource_orders(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    ngx_str_t   *value, *name;
    ngx_uint_t   i;

    value = cf->args->elts;

    /* columns may be declared later */

    for (i = 1; i < cf->args->nelts; i++) {
        name = ngx_array_push(&rcf->orders);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_resource_page(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    char  *rv;

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_resource_page_params, 1,
                                    data);

    if (rv == NGX_CONF_OK && rcf->page_default > rcf->page_max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"page\" has default=%ui above max=%ui",
                           rcf->page_default, rcf->page_max);
        return NGX_CONF_ERROR;
    }

    return rv;
}


static char *
ngx_http_wxapp_resource_allow_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    ngx_str_t               *value, words;
    ngx_uint_t               i, n, m, count;
    ngx_array_t             *roles;
    ngx_http_wxapp_allow_t  *allow, *methods;

    value = cf->args->elts;
    methods = ngx_http_wxapp_resource_methods;

    roles = NULL;
    count = cf->args->nelts;

    if (ngx_strncmp(value[count - 1].data, "role=", 5) == 0) {

        words.data = value[count - 1].data + 5;
        words.len = value[count - 1].len - 5;
        count--;

        roles = ngx_http_wxapp_conf_words(cf, &words);
        if (roles == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (count == 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"allow\" names no method");
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < count; i++) {

        for (m = 0; m < NGX_HTTP_WXAPP_METHODS; m++) {
            if (methods[m].name.len == value[i].len
                && ngx_strcmp(methods[m].name.data, value[i].data) == 0)
            {
                break;
            }
        }

        if (m == NGX_HTTP_WXAPP_METHODS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown method \"%V\", it must be GET, POST, "
                               "PUT or DELETE", &value[i]);
            return NGX_CONF_ERROR;
        }

        allow = rcf->allows.elts;

        for (n = 0; n < rcf->allows.nelts; n++) {
            if (allow[n].method == methods[m].method) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "method %V is allowed already", &value[i]);
                return NGX_CONF_ERROR;
            }
        }

        allow = ngx_array_push(&rcf->allows);
        if (allow == NULL) {
            return NGX_CONF_ERROR;
        }

        *allow = methods[m];
        allow->roles = roles;
    }

    return NGX_CONF_OK;
}


/* what can be said only when the block has been read */

static char *
ngx_http_wxapp_resource_complete(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t                *name;
    ngx_uint_t                i, n;
    ngx_http_wxapp_allow_t   *allow;
    ngx_http_wxapp_column_t  *column;

    if (rcf->key_name.len == 0) {
        ngx_str_set(&rcf->key_name, "id");
    }

    rcf->key = ngx_http_wxapp_resource_find(rcf, &rcf->key_name);

    if (rcf->key == NULL) {
        return ngx_http_wxapp_resource_undeclared(cf, rcf, "key",
                                                  &rcf->key_name);
    }

    rcf->key->order = 1;

    if (rcf->owner_name.len) {
        rcf->owner = ngx_http_wxapp_resource_find(rcf, &rcf->owner_name);

        if (rcf->owner == NULL) {
            return ngx_http_wxapp_resource_undeclared(cf, rcf, "owner",
                                                      &rcf->owner_name);
        }

        if (rcf->owner->write) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the owner column \"%V\" must not be "
                               "\"write\"", &rcf->owner_name);
            return NGX_CONF_ERROR;
        }
    }

    name = rcf->orders.elts;

    for (i = 0; i < rcf->orders.nelts; i++) {
        column = ngx_http_wxapp_resource_find(rcf, &name[i]);

        if (column == NULL) {
            return ngx_http_wxapp_resource_undeclared(cf, rcf, "order",
                                                      &name[i]);
        }

        column->order = 1;
    }

    if (rcf->soft_delete.len
        && ngx_http_wxapp_resource_identifier(cf, &rcf->soft_delete) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (rcf->allows.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "resource \"%V\" allows nothing, "
                           "it needs \"allow\"", &rcf->table);
        return NGX_CONF_ERROR;
    }

    column = rcf->columns.elts;
    allow = rcf->allows.elts;

    for (n = 0, i = 0; i < rcf->columns.nelts; i++) {
        n += column[i].write && &column[i] != rcf->key;
    }

    for (i = 0; i < rcf->allows.nelts; i++) {
        if (allow[i].method == NGX_HTTP_PUT && n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "resource \"%V\" allows PUT but has no "
                               "column to write", &rcf->table);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_wxapp_resource_sql(cf, rcf) == NGX_OK ? NGX_CONF_OK
                                                          : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_wxapp_resource_sql(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_uint_t                i;
    ngx_wxapp_text_t          text;
    ngx_http_wxapp_column_t  *column;

    /* the conditions that no statement goes without */

    ngx_wxapp_text_init(&text, cf->pool, 128);

    if (rcf->owner) {
        ngx_http_wxapp_resource_name(&text, &rcf->owner_name);
        ngx_wxapp_text_cstr(&text, " = ?");
    }

    if (rcf->soft_delete.len) {
        ngx_wxapp_text_cstr(&text, rcf->owner ? " AND " : "");
        ngx_http_wxapp_resource_name(&text, &rcf->soft_delete);
        ngx_wxapp_text_cstr(&text, " IS NULL");
    }

    if (text.pos == text.start) {
        ngx_wxapp_text_cstr(&text, "TRUE");
    }

    if (ngx_wxapp_text_done(&text, &rcf->where) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&text, cf->pool, 512);
    ngx_wxapp_text_cstr(&text, "SELECT ");

    column = rcf->columns.elts;

    for (i = 0; i < rcf->columns.nelts; i++) {
        ngx_wxapp_text_cstr(&text, i ? ", " : "");
        ngx_http_wxapp_resource_name(&text, &column[i].field.name);
    }

    ngx_wxapp_text_cstr(&text, " FROM ");
    ngx_http_wxapp_resource_name(&text, &rcf->table);
    ngx_wxapp_text_cstr(&text, " WHERE ");

    if (ngx_wxapp_text_done(&text, &rcf->select) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&text, cf->pool, rcf->select.len + 256);
    ngx_wxapp_text_str(&text, &rcf->select);
    ngx_http_wxapp_resource_name(&text, &rcf->key_name);
    ngx_wxapp_text_cstr(&text, " = ? AND ");
    ngx_wxapp_text_str(&text, &rcf->where);

    if (ngx_wxapp_text_done(&text, &rcf->item) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_wxapp_text_init(&text, cf->pool, 256);

    if (rcf->soft_delete.len) {
        ngx_wxapp_text_cstr(&text, "UPDATE ");
        ngx_http_wxapp_resource_name(&text, &rcf->table);
        ngx_wxapp_text_cstr(&text, " SET ");
        ngx_http_wxapp_resource_name(&text, &rcf->soft_delete);
        ngx_wxapp_text_cstr(&text, " = UTC_TIMESTAMP()");

    } else {
        ngx_wxapp_text_cstr(&text, "DELETE FROM ");
        ngx_http_wxapp_resource_name(&text, &rcf->table);
    }

    ngx_wxapp_text_cstr(&text, " WHERE ");
    ngx_http_wxapp_resource_name(&text, &rcf->key_name);
    ngx_wxapp_text_cstr(&text, " = ? AND ");
    ngx_wxapp_text_str(&text, &rcf->where);

    return ngx_wxapp_text_done(&text, &rcf->remove);
}


/* names come from the configuration only, and were checked there */

static void
ngx_http_wxapp_resource_name(ngx_wxapp_text_t *text, ngx_str_t *name)
{
    ngx_wxapp_text_put(text, "`", 1);
    ngx_wxapp_text_str(text, name);
    ngx_wxapp_text_put(text, "`", 1);
}


static ngx_int_t
ngx_http_wxapp_resource_identifier(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char  *p, *last;

    last = name->data + name->len;

    for (p = name->data; p < last; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_'))
        {
            break;
        }
    }

    if (p == last && name->len && name->len <= 64) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid name \"%V\": letters, digits and "
                       "underscores, 64 at most", name);
    return NGX_ERROR;
}


static ngx_http_wxapp_column_t *
ngx_http_wxapp_resource_find(ngx_http_wxapp_resource_conf_t *conf,
    ngx_str_t *name)
{
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    column = conf->columns.elts;

    for (i = 0; i < conf->columns.nelts; i++) {
        if (column[i].field.name.len == name->len
            && ngx_memcmp(column[i].field.name.data, name->data, name->len)
               == 0)
        {
            return &column[i];
        }
    }

    return NULL;
}


static char *
ngx_http_wxapp_resource_undeclared(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, const char *what, ngx_str_t *name)
{
    ngx_str_t  *near;

    near = ngx_wxapp_nearest(name, rcf->columns.elts, rcf->columns.nelts,
                             sizeof(ngx_http_wxapp_column_t));

    if (near) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown column \"%V\" in \"%s\" of resource "
                           "\"%V\", did you mean \"%V\"?",
                           name, what, &rcf->table, near);
    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown column \"%V\" in \"%s\" of resource "
                           "\"%V\"", name, what, &rcf->table);
    }

    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_wxapp_resource_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_wxapp_place_t      *place;
    ngx_http_wxapp_main_conf_t  *wmcf;

    place = ngx_http_conf_get_module_main_conf(cf,
                                               ngx_http_wxapp_resource_module);
    wmcf = ngx_http_wxapp_conf_main(cf);

    if (place->line && wmcf->mysql == NULL) {
        (void) ngx_http_wxapp_conf_needs(cf, place, "wxapp_resource",
                                         "wxapp_mysql");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_resource_create_main_conf(ngx_conf_t *cf)
{
    /* where the last resource stands; line 0: nowhere */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_place_t));
}
