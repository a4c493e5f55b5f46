
/*
 * wxapp_resource TABLE {}: a table as a REST resource, its configuration.
 */


#include "http/ngx_http_wxapp_schema.h"
#include "module/ngx_http_wxapp_resource.h"
#include "http/ngx_http_wxapp_field.h"


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
static ngx_int_t ngx_http_wxapp_resource_expect(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *conf, ngx_http_wxapp_place_t *place);
static ngx_int_t ngx_http_wxapp_resource_sql(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *conf);
static ngx_int_t ngx_http_wxapp_resource_identifier(ngx_conf_t *cf,
    ngx_str_t *name);
static char *ngx_http_wxapp_resource_undeclared(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *conf, const char *what, ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_resource_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_resource_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_resource_directives[] = {

    { ngx_string("key"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_resource_conf_t, key_name) },

    { ngx_string("column"), 2|NGX_HTTP_WXAPP_MANY, 16,
      ngx_http_wxapp_resource_column, 0 },

    { ngx_string("owner"), 1, 1, ngx_http_wxapp_resource_owner_directive, 0 },

    { ngx_string("order"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_COLUMNS,
      ngx_http_wxapp_resource_orders, 0 },

    { ngx_string("page"), 1, 2, ngx_http_wxapp_resource_page, 0 },

    { ngx_string("allow"), 1|NGX_HTTP_WXAPP_MANY, 8,
      ngx_http_wxapp_resource_allow_directive, 0 },

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


static ngx_http_wxapp_allow_t  ngx_http_wxapp_resource_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET"), NULL },
    { NGX_HTTP_POST, ngx_string("POST"), NULL },
    { NGX_HTTP_PUT, ngx_string("PUT"), NULL },
    { NGX_HTTP_DELETE, ngx_string("DELETE"), NULL }
};

#define NGX_HTTP_WXAPP_METHODS                                                \
    (sizeof(ngx_http_wxapp_resource_methods) / sizeof(ngx_http_wxapp_allow_t))


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

    rv = ngx_http_wxapp_resource_complete(cf, rcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_wxapp_resource_expect(cf, rcf, place) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_resource_column(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    u_char                   *p;
    ngx_int_t                 rc;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    static ngx_str_t  words[] = { ngx_string("write"), ngx_null_string };

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

    column = ngx_array_push(&rcf->columns);
    if (column == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(column, sizeof(ngx_http_wxapp_column_t));

    column->field.name = value[1];

    if (ngx_http_wxapp_field_type(cf, &column->field, &value[2])
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (column->field.list) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "column \"%V\" cannot be an array", &value[1]);
        return NGX_CONF_ERROR;
    }

    for (i = 3; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "write") == 0) {
            column->field.write = 1;
            continue;
        }

        rc = ngx_http_wxapp_field_rule(cf, &column->field, &value[i]);

        if (rc == NGX_DECLINED) {
            return ngx_http_wxapp_field_unknown(cf, &value[i], words);
        }

        if (rc != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_wxapp_field_complete(cf, "column", &column->field)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (column->field.required && !column->field.write) {
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

        if (rcf->owner->field.write) {
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
        n += column[i].field.write && &column[i] != rcf->key;
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


/* for wxapp_schema_check */

static ngx_int_t
ngx_http_wxapp_resource_expect(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_http_wxapp_place_t *place)
{
    ngx_str_t                *name;
    ngx_uint_t                i, insert, update, rights;
    ngx_http_wxapp_allow_t   *allow;
    ngx_http_wxapp_column_t  *column;

    allow = rcf->allows.elts;
    insert = 0;
    update = 0;
    rights = NGX_HTTP_WXAPP_RIGHT_SELECT;

    for (i = 0; i < rcf->allows.nelts; i++) {

        switch (allow[i].method) {

        case NGX_HTTP_POST:
            insert = NGX_HTTP_WXAPP_RIGHT_INSERT;
            break;

        case NGX_HTTP_PUT:
            update = NGX_HTTP_WXAPP_RIGHT_UPDATE;
            break;

        case NGX_HTTP_DELETE:
            rights |= rcf->soft_delete.len ? NGX_HTTP_WXAPP_RIGHT_UPDATE
                                           : NGX_HTTP_WXAPP_RIGHT_DELETE;
        }
    }

    rights |= insert|update;

    if (ngx_http_wxapp_schema_table(cf, place, &rcf->table, rights) != NGX_OK
        || ngx_http_wxapp_schema_index(cf, place, &rcf->table,
                                       (ngx_str_t *[]) { &rcf->key_name }, 1,
                                       NGX_HTTP_WXAPP_INDEX_UNIQUE)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    column = rcf->columns.elts;

    for (i = 0; i < rcf->columns.nelts; i++) {
        name = &column[i].field.name;
        rights = NGX_HTTP_WXAPP_RIGHT_SELECT;

        if (column[i].field.write) {
            rights |= insert|update;

        } else if (&column[i] == rcf->owner) {
            rights |= insert;
        }

        if (ngx_http_wxapp_schema_column(cf, place, &rcf->table, name,
                                         &column[i].field, rights)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* the rows of an owner are few enough to be sorted */

        if ((&column[i] == rcf->owner || (column[i].order && !rcf->owner))
            && ngx_http_wxapp_schema_index(cf, place, &rcf->table, &name, 1,
                                           NGX_HTTP_WXAPP_INDEX_LEADING)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (rcf->soft_delete.len == 0) {
        return NGX_OK;
    }

    rights = NGX_HTTP_WXAPP_RIGHT_SELECT;

    for (i = 0; i < rcf->allows.nelts; i++) {
        if (allow[i].method == NGX_HTTP_DELETE) {
            rights |= NGX_HTTP_WXAPP_RIGHT_UPDATE;
        }
    }

    return ngx_http_wxapp_schema_column(cf, place, &rcf->table,
                                        &rcf->soft_delete, NULL, rights);
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
    ngx_wxapp_text_cstr(&text, " LIMIT 1");

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
    ngx_wxapp_text_cstr(&text, " LIMIT 1");

    return ngx_wxapp_text_done(&text, &rcf->remove);
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
