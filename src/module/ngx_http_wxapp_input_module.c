
/*
 * wxapp_input {}: what a location takes, checked before its content runs,
 * whose content it may be.
 */


#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_field.h"
#include "http/ngx_http_wxapp_input.h"


#define NGX_HTTP_WXAPP_FIELDS  64


typedef struct {
    ngx_str_t                 source;
    ngx_str_t                 extra;
} ngx_http_wxapp_input_args_t;


static ngx_int_t ngx_http_wxapp_input_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_wxapp_input_query(ngx_http_request_t *r,
    ngx_http_wxapp_input_conf_t *conf);
static void ngx_http_wxapp_input_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_input_check(ngx_http_request_t *r,
    ngx_http_wxapp_input_conf_t *conf, ngx_wxapp_json_node_t *object,
    ngx_str_t *form);
static ngx_int_t ngx_http_wxapp_input_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static char *ngx_http_wxapp_input(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_input_words(ngx_conf_t *cf,
    ngx_http_wxapp_input_conf_t *conf);
static char *ngx_http_wxapp_input_field(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static ngx_int_t ngx_http_wxapp_input_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_input_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_input_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_param_t  ngx_http_wxapp_input_params[] = {

    { ngx_string("source"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_input_args_t, source), 0, 0 },

    { ngx_string("extra"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_input_args_t, extra), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_input_commands[] = {

    { ngx_string("wxapp_input"),
      NGX_HTTP_LOC_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_http_wxapp_input,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_input_module_ctx = {
    ngx_http_wxapp_input_preconfiguration, /* preconfiguration */
    ngx_http_wxapp_input_postconfiguration,
                                           /* postconfiguration */

    ngx_http_wxapp_input_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_input_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_input_module_ctx,      /* module context */
    ngx_http_wxapp_input_commands,         /* module directives */
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


/* the field is in the name */

static ngx_http_variable_t  ngx_http_wxapp_input_vars[] = {

    { ngx_string("wxapp_in_"), NULL, ngx_http_wxapp_input_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_wxapp_input_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_wxapp_ctx_t       *ctx;
    ngx_http_wxapp_given_t     *given;
    ngx_http_wxapp_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_module);

    if (wlcf->input == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the body has been read, or an internal redirect led here again */

    given = ctx->input;

    if (given && given->conf == wlcf->input) {
        return NGX_DECLINED;
    }

    if (ngx_http_wxapp_input_query(r, wlcf->input)) {
        rc = ngx_http_wxapp_input_check(r, wlcf->input, NULL, &r->args);

    } else if ((r->headers_in.content_length_n > 0 || r->headers_in.chunked)
               && ngx_http_wxapp_body_type(r) == NGX_HTTP_WXAPP_BODY_OTHER)
    {
        rc = ngx_http_wxapp_problem(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                    "unsupported_media_type",
                                    "the body must be application/json or "
                                    "application/x-www-form-urlencoded");

    } else {
        rc = ngx_http_read_client_request_body(r, ngx_http_wxapp_input_body);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        rc = NGX_DONE;
    }

    if (rc != NGX_DECLINED) {
        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_wxapp_input_query(ngx_http_request_t *r,
    ngx_http_wxapp_input_conf_t *conf)
{
    if (conf->source == NGX_HTTP_WXAPP_INPUT_METHOD) {
        return (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_DELETE
                             |NGX_HTTP_OPTIONS))
               != 0;
    }

    return conf->source == NGX_HTTP_WXAPP_INPUT_QUERY;
}


static void
ngx_http_wxapp_input_body(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   form;
    ngx_wxapp_json_node_t      *object, nothing;
    ngx_http_wxapp_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_module);

    /* the content reads it once more */

    r->preserve_body = 1;

    if (ngx_http_wxapp_body_empty(r)) {
        ngx_memzero(&nothing, sizeof(ngx_wxapp_json_node_t));
        rc = ngx_http_wxapp_input_check(r, wlcf->input, &nothing, NULL);

    } else if (ngx_http_wxapp_body_type(r) == NGX_HTTP_WXAPP_BODY_FORM) {

        if (ngx_http_wxapp_body_form(r, &form) != NGX_OK) {
            return;
        }

        rc = ngx_http_wxapp_input_check(r, wlcf->input, NULL, &form);

    } else {

        if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
            return;
        }

        rc = ngx_http_wxapp_input_check(r, wlcf->input, object, NULL);
    }

    if (rc != NGX_DECLINED) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


/* NGX_DECLINED: all is well; otherwise what to finalize with */

static ngx_int_t
ngx_http_wxapp_input_check(ngx_http_request_t *r,
    ngx_http_wxapp_input_conf_t *conf, ngx_wxapp_json_node_t *object,
    ngx_str_t *form)
{
    ngx_int_t                rc;
    ngx_uint_t               n;
    ngx_http_wxapp_ctx_t    *ctx;
    ngx_http_wxapp_given_t  *given;
    ngx_http_wxapp_input_t  *input;

    n = conf->fields.nelts;

    input = ngx_http_wxapp_input_create(r, conf->fields.elts, n,
                                        sizeof(ngx_wxapp_field_t));
    given = ngx_palloc(r->pool, sizeof(ngx_http_wxapp_given_t));

    if (input == NULL || given == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    input->any = 1;
    input->ignore = conf->ignore;

    given->conf = conf;
    given->values = ngx_palloc(r->pool, n * sizeof(ngx_wxapp_value_t) + 1);
    given->given = ngx_pnalloc(r->pool, n + 1);

    if (given->values == NULL || given->given == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = form ? ngx_http_wxapp_input_args(input, form, given->values,
                                          given->given)
              : ngx_http_wxapp_input_take(input, object, given->values,
                                          given->given);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_wxapp_input_end(input);

    if (rc == NGX_DECLINED) {
        ctx = ngx_http_wxapp_ctx(r);
        ctx->input = given;
    }

    return rc;
}


static ngx_int_t
ngx_http_wxapp_input_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *var = (ngx_str_t *) data;

    ngx_int_t  rc;
    ngx_str_t  name, value;

    name.data = var->data + sizeof("wxapp_in_") - 1;
    name.len = var->len - (sizeof("wxapp_in_") - 1);

    rc = ngx_http_wxapp_input_text(r, &name, &value);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_http_wxapp_variable(v, &value);

    } else {
        v->not_found = 1;
    }

    return NGX_OK;
}


static char *
ngx_http_wxapp_input(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_uint_t *used = conf;

    char                         *rv;
    ngx_conf_t                    save;
    ngx_http_wxapp_loc_conf_t    *wlcf;
    ngx_http_wxapp_main_conf_t   *wmcf;
    ngx_http_wxapp_input_conf_t  *input;

    wlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_wxapp_module);

    if (wlcf->input) {
        return "is duplicate";
    }

    input = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_input_conf_t));

    if (input == NULL
        || ngx_array_init(&input->fields, cf->pool, 4,
                          sizeof(ngx_wxapp_field_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_input_words(cf, input);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    save = *cf;

    cf->handler = ngx_http_wxapp_input_field;
    cf->handler_conf = (char *) &input->fields;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    wlcf->input = input;

    *used = 1;

    wmcf = ngx_http_wxapp_conf_main(cf);
    wmcf->used = 1;

    return rv;
}


static char *
ngx_http_wxapp_input_words(ngx_conf_t *cf, ngx_http_wxapp_input_conf_t *conf)
{
    char                         *rv;
    ngx_http_wxapp_input_args_t   args;

    ngx_memzero(&args, sizeof(ngx_http_wxapp_input_args_t));

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_input_params, 1, &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (args.source.len) {
        if (ngx_strcmp(args.source.data, "body") == 0) {
            conf->source = NGX_HTTP_WXAPP_INPUT_BODY;

        } else if (ngx_strcmp(args.source.data, "query") == 0) {
            conf->source = NGX_HTTP_WXAPP_INPUT_QUERY;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value in \"source=%V\", it must be "
                               "\"body\" or \"query\"", &args.source);
            return NGX_CONF_ERROR;
        }
    }

    if (args.extra.len) {
        if (ngx_strcmp(args.extra.data, "ignore") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value in \"extra=%V\", it must be "
                               "\"ignore\"", &args.extra);
            return NGX_CONF_ERROR;
        }

        conf->ignore = 1;
    }

    return NGX_CONF_OK;
}


/* NAME TYPE [RULE...]; */

static char *
ngx_http_wxapp_input_field(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_array_t *fields = conf;

    ngx_int_t           rc;
    ngx_str_t          *value;
    ngx_uint_t          i;
    ngx_wxapp_field_t  *field;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    if (cf->args->nelts == 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "field \"%V\" has no type",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_wxapp_field_name(cf, &value[0]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_wxapp_input_declared(fields, &value[0])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate field \"%V\"",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (fields->nelts == NGX_HTTP_WXAPP_FIELDS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than %d fields",
                           NGX_HTTP_WXAPP_FIELDS);
        return NGX_CONF_ERROR;
    }

    field = ngx_array_push(fields);
    if (field == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(field, sizeof(ngx_wxapp_field_t));

    field->name = value[0];

    if (ngx_http_wxapp_field_type(cf, field, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rc = ngx_http_wxapp_field_rule(cf, field, &value[i]);

        if (rc == NGX_DECLINED) {
            return ngx_http_wxapp_field_unknown(cf, &value[i], NULL);
        }

        if (rc != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_wxapp_field_complete(cf, "field", field);
}


static ngx_int_t
ngx_http_wxapp_input_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_input_vars);
}


static ngx_int_t
ngx_http_wxapp_input_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                 *used;

    used = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_input_module);

    if (!*used) {
        return NGX_OK;
    }

    return ngx_http_wxapp_phase(cf, NGX_HTTP_PRECONTENT_PHASE,
                                ngx_http_wxapp_input_handler);
}


static void *
ngx_http_wxapp_input_create_main_conf(ngx_conf_t *cf)
{
    /* whether any location has an input */

    return ngx_pcalloc(cf->pool, sizeof(ngx_uint_t));
}
