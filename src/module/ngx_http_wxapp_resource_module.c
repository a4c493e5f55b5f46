
/*
 * wxapp_resource NAME {}: a table as a REST resource, its directives.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "http/ngx_http_wxapp_field.h"


static char *ngx_http_wxapp_resource(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_resource_column(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static ngx_int_t ngx_http_wxapp_resource_column_word(ngx_conf_t *cf,
    ngx_http_wxapp_column_t *column, ngx_str_t *word);
static char *ngx_http_wxapp_resource_owner_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_names(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_page(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_bulk(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_number(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_flag(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_upsert(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_relation_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static ngx_int_t ngx_http_wxapp_resource_pair(ngx_str_t *s, ngx_str_t *table,
    ngx_str_t *column);
static char *ngx_http_wxapp_resource_soft_delete(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_preset(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_resource_allow_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static ngx_array_t *ngx_http_wxapp_resource_words(ngx_conf_t *cf,
    ngx_str_t *word, size_t skip);
static ngx_int_t ngx_http_wxapp_resource_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_resource_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_resource_directives[] = {

    { ngx_string("table"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_resource_conf_t, table) },

    { ngx_string("key"), 1, NGX_HTTP_WXAPP_KEYS,
      ngx_http_wxapp_resource_names,
      offsetof(ngx_http_wxapp_resource_conf_t, key_names) },

    { ngx_string("column"), 2|NGX_HTTP_WXAPP_MANY, 16,
      ngx_http_wxapp_resource_column, 0 },

    { ngx_string("owner"), 1, 1, ngx_http_wxapp_resource_owner_directive, 0 },

    { ngx_string("order"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_COLUMNS,
      ngx_http_wxapp_resource_names,
      offsetof(ngx_http_wxapp_resource_conf_t, orders) },

    { ngx_string("filter"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_COLUMNS,
      ngx_http_wxapp_resource_names,
      offsetof(ngx_http_wxapp_resource_conf_t, filters) },

    { ngx_string("search"), 1, 16, ngx_http_wxapp_resource_names,
      offsetof(ngx_http_wxapp_resource_conf_t, search) },

    { ngx_string("increment"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_COLUMNS,
      ngx_http_wxapp_resource_names,
      offsetof(ngx_http_wxapp_resource_conf_t, increments) },

    { ngx_string("upsert"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_KEYS,
      ngx_http_wxapp_resource_upsert, 0 },

    { ngx_string("relation"), 2|NGX_HTTP_WXAPP_MANY, 3,
      ngx_http_wxapp_resource_relation_directive, 0 },

    { ngx_string("page"), 1, 3, ngx_http_wxapp_resource_page, 0 },

    { ngx_string("bulk"), 1, 1, ngx_http_wxapp_resource_bulk, 0 },

    { ngx_string("max_affected"), 1, 1, ngx_http_wxapp_resource_number,
      offsetof(ngx_http_wxapp_resource_conf_t, max_affected) },

    { ngx_string("version"), 1, 1, ngx_http_wxapp_conf_str,
      offsetof(ngx_http_wxapp_resource_conf_t, version_name) },

    { ngx_string("etag"), 1, 1, ngx_http_wxapp_resource_flag,
      offsetof(ngx_http_wxapp_resource_conf_t, etag) },

    { ngx_string("require_if_match"), 1, 1, ngx_http_wxapp_resource_flag,
      offsetof(ngx_http_wxapp_resource_conf_t, require_if_match) },

    { ngx_string("cursor"), 1, 1, ngx_http_wxapp_resource_flag,
      offsetof(ngx_http_wxapp_resource_conf_t, cursor) },

    { ngx_string("allow"), 1|NGX_HTTP_WXAPP_MANY, 8,
      ngx_http_wxapp_resource_allow_directive, 0 },

    { ngx_string("preset"), 1, 2, ngx_http_wxapp_resource_preset, 0 },

    { ngx_string("soft_delete"), 1, 2, ngx_http_wxapp_resource_soft_delete,
      0 },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_resource_page_params[] = {

    { ngx_string("default"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_resource_conf_t, page_default), 1, 10000 },

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_resource_conf_t, page_max), 1, 10000 },

    { ngx_string("offset"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_resource_conf_t, offset_max), 0, 2000000000 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_resource_bulk_params[] = {

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_resource_conf_t, bulk_max), 1, 1000 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_resource_relation_params[] = {

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_relation_t, max), 1, 1000 },

      ngx_http_wxapp_null_param
};


/* in the order of ngx_http_wxapp_preset_e */

static ngx_str_t  ngx_http_wxapp_resource_presets[] = {
    ngx_string("read_all_modify_own"),
    ngx_string("read_all_modify_admin"),
    ngx_string("private"),
    ngx_string("admin_only")
};

#define NGX_HTTP_WXAPP_PRESETS  4


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
    ngx_array_t *resources = conf;

    char                             *rv;
    ngx_str_t                        *value;
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_wxapp_resource_conf_t  **p, *rcf;

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

    ngx_http_wxapp_conf_place(cf, &rcf->place);

    rcf->name = value[1];
    rcf->table = value[1];
    rcf->page_default = 20;
    rcf->page_max = 100;
    rcf->offset_max = 10000;
    rcf->bulk_max = 100;
    rcf->max_affected = 100;
    rcf->owner_reads = 1;
    rcf->preset = NGX_HTTP_WXAPP_PRESET_NONE;

    p = ngx_array_push(resources);

    if (p == NULL
        || ngx_array_init(&rcf->columns, cf->pool, 16,
                          sizeof(ngx_http_wxapp_column_t))
           != NGX_OK
        || ngx_array_init(&rcf->upserts, cf->pool, 1,
                          sizeof(ngx_http_wxapp_upsert_t))
           != NGX_OK
        || ngx_array_init(&rcf->relations, cf->pool, 1,
                          sizeof(ngx_http_wxapp_relation_t))
           != NGX_OK
        || ngx_array_init(&rcf->allows, cf->pool, 5,
                          sizeof(ngx_http_wxapp_allow_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *p = rcf;

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

    u_char                   *p;
    ngx_int_t                 rc;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    static ngx_str_t  words[] = {
        ngx_string("write"),
        ngx_string("read"),
        ngx_string("as"),
        ngx_null_string
    };

    value = cf->args->elts;

    if (ngx_http_wxapp_field_name(cf, &value[1]) != NGX_CONF_OK) {
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

        rc = ngx_http_wxapp_resource_column_word(cf, column, &value[i]);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_wxapp_field_rule(cf, &column->field, &value[i]);
        }

        if (rc == NGX_DECLINED) {
            return ngx_http_wxapp_field_unknown(cf, &value[i], words);
        }

        if (rc != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    rcf->roles |= (column->read != NULL);

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

    column->plain.name = column->field.name;
    column->plain.type = (column->field.type == NGX_WXAPP_FIELD_STRING)
                         ? NGX_WXAPP_FIELD_TEXT : column->field.type;
    column->plain.as_string = column->field.as_string;

    p = ngx_pnalloc(cf->pool, value[1].len + 3);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    column->label.data = p;
    column->label.len = ngx_sprintf(p, "\"%V\":", &value[1]) - p;

    return NGX_CONF_OK;
}


/* what is said of columns besides the rules of fields */

static ngx_int_t
ngx_http_wxapp_resource_column_word(ngx_conf_t *cf,
    ngx_http_wxapp_column_t *column, ngx_str_t *word)
{
    ngx_array_t  **roles;

    if (ngx_strcmp(word->data, "as=string") == 0) {

        if (column->field.type > NGX_WXAPP_FIELD_DECIMAL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"as=string\" is for numbers");
            return NGX_ERROR;
        }

        column->field.as_string = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(word->data, "write") == 0) {
        column->field.write = 1;
        return NGX_OK;
    }

    if (ngx_strncmp(word->data, "write=", 6) == 0) {
        column->field.write = 1;
        roles = &column->write;

    } else if (ngx_strncmp(word->data, "read=", 5) == 0) {
        roles = &column->read;

    } else {
        return NGX_DECLINED;
    }

    *roles = ngx_http_wxapp_resource_words(cf, word,
                                           roles == &column->read ? 5 : 6);

    return *roles ? NGX_OK : NGX_ERROR;
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


/* columns may be declared later */

static char *
ngx_http_wxapp_resource_names(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_str_t     *value, *name;
    ngx_uint_t     i, n;
    ngx_array_t  **names;

    value = cf->args->elts;
    names = (ngx_array_t **) ((u_char *) data + directive->offset);

    if (*names == NULL) {
        *names = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (*names == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        name = (*names)->elts;

        for (n = 0; n < (*names)->nelts; n++) {
            if (ngx_strcmp(name[n].data, value[i].data) == 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate column \"%V\" in \"%V\"",
                                   &value[i], &value[0]);
                return NGX_CONF_ERROR;
            }
        }

        name = ngx_array_push(*names);
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
ngx_http_wxapp_resource_bulk(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    return ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_resource_bulk_params,
                                      1, data);
}


static char *
ngx_http_wxapp_resource_number(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > 1000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must be between 1 and 1000", &value[0]);
        return NGX_CONF_ERROR;
    }

    *(ngx_uint_t *) ((u_char *) data + directive->offset) = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_resource_flag(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_str_t   *value;
    ngx_flag_t  *flag;

    value = cf->args->elts;
    flag = (ngx_flag_t *) ((u_char *) data + directive->offset);

    *flag = (ngx_strcmp(value[1].data, "on") == 0);

    if (!*flag && ngx_strcmp(value[1].data, "off") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be "
                           "\"on\" or \"off\"", &value[1], &value[0]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_resource_upsert(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    ngx_http_wxapp_upsert_t     *upsert;
    ngx_http_wxapp_directive_t   names;

    upsert = ngx_array_push(&rcf->upserts);
    if (upsert == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(upsert, sizeof(ngx_http_wxapp_upsert_t));

    names = *directive;
    names.offset = offsetof(ngx_http_wxapp_upsert_t, names);

    return ngx_http_wxapp_resource_names(cf, &names, upsert);
}


/* relation NAME child.column=table.column */

static char *
ngx_http_wxapp_resource_relation_directive(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    u_char                     *p;
    ngx_str_t                  *value, s, table;
    ngx_uint_t                  i;
    ngx_http_wxapp_relation_t  *relation;

    value = cf->args->elts;

    if (ngx_http_wxapp_field_name(cf, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    relation = rcf->relations.elts;

    for (i = 0; i < rcf->relations.nelts; i++) {
        if (ngx_strcmp(relation[i].name.data, value[1].data) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate relation \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (i == NGX_HTTP_WXAPP_RELATIONS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than %d relations",
                           NGX_HTTP_WXAPP_RELATIONS);
        return NGX_CONF_ERROR;
    }

    relation = ngx_array_push(&rcf->relations);
    if (relation == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(relation, sizeof(ngx_http_wxapp_relation_t));
    relation->name = value[1];
    relation->max = 100;

    p = (u_char *) ngx_strchr(value[2].data, '=');

    if (p == NULL) {
        goto invalid;
    }

    s.data = value[2].data;
    s.len = p - s.data;

    if (ngx_http_wxapp_resource_pair(&s, &relation->table,
                                     &relation->theirs_name)
        != NGX_OK)
    {
        goto invalid;
    }

    s.data = p + 1;
    s.len = value[2].data + value[2].len - s.data;

    if (ngx_http_wxapp_resource_pair(&s, &table, &relation->ours_name)
        != NGX_OK
        || table.len != rcf->table.len
        || ngx_strncmp(table.data, rcf->table.data, table.len) != 0)
    {
        goto invalid;
    }

    return ngx_http_wxapp_conf_params(cf,
                                      ngx_http_wxapp_resource_relation_params,
                                      3, relation);

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid relation \"%V\", it must be "
                       "child.column=%V.column", &value[2], &rcf->table);
    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_wxapp_resource_pair(ngx_str_t *s, ngx_str_t *table,
    ngx_str_t *column)
{
    u_char  *p;

    p = ngx_strlchr(s->data, s->data + s->len, '.');

    if (p == NULL || p == s->data || p == s->data + s->len - 1) {
        return NGX_ERROR;
    }

    table->data = s->data;
    table->len = p - s->data;

    column->data = p + 1;
    column->len = s->data + s->len - p - 1;

    return NGX_OK;
}


static char *
ngx_http_wxapp_resource_soft_delete(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_http_wxapp_field_name(cf, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    rcf->soft_delete = value[1];

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "role=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\", it must be \"role=\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    rcf->deleted_roles = ngx_http_wxapp_resource_words(cf, &value[2], 5);

    return rcf->deleted_roles ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_resource_preset(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_resource_conf_t *rcf = data;

    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 0; i < NGX_HTTP_WXAPP_PRESETS; i++) {
        if (ngx_strcmp(ngx_http_wxapp_resource_presets[i].data, value[1].data)
            == 0)
        {
            break;
        }
    }

    if (i == NGX_HTTP_WXAPP_PRESETS) {
        return ngx_http_wxapp_conf_unknown(cf, "preset", &value[1],
                                           ngx_http_wxapp_resource_presets,
                                           NGX_HTTP_WXAPP_PRESETS,
                                           sizeof(ngx_str_t));
    }

    rcf->preset = i;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "admin=", 6) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\", it must be "
                           "\"admin=\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    rcf->preset_admins = ngx_http_wxapp_resource_words(cf, &value[2], 6);

    return rcf->preset_admins ? NGX_CONF_OK : NGX_CONF_ERROR;
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
                               "PATCH, PUT or DELETE", &value[i]);
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


/* name=a|b, the name being "skip" bytes long */

static ngx_array_t *
ngx_http_wxapp_resource_words(ngx_conf_t *cf, ngx_str_t *word, size_t skip)
{
    ngx_str_t  words;

    words.data = word->data + skip;
    words.len = word->len - skip;

    return ngx_http_wxapp_conf_words(cf, &words);
}


static ngx_int_t
ngx_http_wxapp_resource_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                        i;
    ngx_array_t                      *resources;
    ngx_http_wxapp_main_conf_t       *wmcf;
    ngx_http_wxapp_resource_conf_t  **rcf;

    resources = ngx_http_conf_get_module_main_conf(cf,
                                               ngx_http_wxapp_resource_module);
    wmcf = ngx_http_wxapp_conf_main(cf);
    rcf = resources->elts;

    for (i = 0; i < resources->nelts; i++) {

        if (wmcf->mysql == NULL) {
            (void) ngx_http_wxapp_conf_needs(cf, &rcf[i]->place,
                                             "wxapp_resource", "wxapp_mysql");
            return NGX_ERROR;
        }

        if (ngx_http_wxapp_resource_resolve(cf, rcf[i], resources) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_resource_create_main_conf(ngx_conf_t *cf)
{
    /* all resources, by pointer */

    return ngx_array_create(cf->pool, 8, sizeof(void *));
}
