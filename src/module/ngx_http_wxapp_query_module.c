
/*
 * wxapp_query and wxapp_transaction: SQL as the content of a location.
 */


#include "module/ngx_http_wxapp_query.h"
#include "http/ngx_http_wxapp_input.h"
#include "http/ngx_http_wxapp_schema.h"


#define NGX_HTTP_WXAPP_QUERY_ARGS  256


/* name=value of a statement */

typedef struct {
    ngx_str_t                 rows;
    ngx_str_t                 otherwise;
    ngx_str_t                 as;
    ngx_uint_t                status;
} ngx_http_wxapp_query_args_t;


typedef struct {
    ngx_str_t                 isolation;
    ngx_uint_t                retry;
} ngx_http_wxapp_transaction_args_t;


typedef struct {
    ngx_str_t                 name;
    const char               *sql;
} ngx_http_wxapp_isolation_t;


/* the last directive that needs the database */

typedef struct {
    ngx_http_wxapp_place_t    place;
    ngx_str_t                 name;           /* NULL: there is none */
} ngx_http_wxapp_query_main_conf_t;


typedef struct {
    ngx_http_wxapp_query_conf_t  *query;      /* declared in this location */
} ngx_http_wxapp_query_loc_conf_t;


static char *ngx_http_wxapp_query(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_transaction(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_transaction_exec(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_transaction_query(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_transaction_status(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);
static char *ngx_http_wxapp_transaction_complete(ngx_conf_t *cf,
    ngx_http_wxapp_query_conf_t *qcf);
static char *ngx_http_wxapp_query_content(ngx_conf_t *cf,
    ngx_http_wxapp_query_loc_conf_t *qlcf);
static void ngx_http_wxapp_query_methods(ngx_http_wxapp_query_conf_t *qcf);
static ngx_http_wxapp_step_t *ngx_http_wxapp_query_step(ngx_conf_t *cf,
    ngx_http_wxapp_query_conf_t *qcf, ngx_uint_t exec,
    ngx_http_wxapp_param_t *params, ngx_http_wxapp_query_args_t *args);
static char *ngx_http_wxapp_query_statement(ngx_conf_t *cf,
    ngx_http_wxapp_step_t *step);
static ngx_uint_t ngx_http_wxapp_query_values(ngx_conf_t *cf,
    ngx_http_wxapp_param_t *params);
static ngx_int_t ngx_http_wxapp_query_shape(ngx_str_t *word);
static char *ngx_http_wxapp_query_compile(ngx_conf_t *cf,
    ngx_http_wxapp_query_conf_t *qcf, ngx_http_wxapp_query_value_t *qv,
    ngx_str_t *value);
static char *ngx_http_wxapp_query_early(ngx_conf_t *cf,
    ngx_http_wxapp_query_conf_t *qcf, ngx_str_t *name, ngx_uint_t row);
static char *ngx_http_wxapp_query_guard(ngx_conf_t *cf,
    ngx_http_wxapp_step_t *step, ngx_http_wxapp_query_args_t *args);
static char *ngx_http_wxapp_query_else(ngx_conf_t *cf,
    ngx_http_wxapp_step_t *step, ngx_str_t *s);
static char *ngx_http_wxapp_query_as(ngx_conf_t *cf,
    ngx_http_wxapp_query_conf_t *qcf, ngx_http_wxapp_step_t *step,
    ngx_str_t *name);
static ngx_uint_t ngx_http_wxapp_query_next(u_char **p, u_char *last,
    ngx_str_t *name);
static ngx_http_wxapp_source_e ngx_http_wxapp_query_source(ngx_str_t *name,
    ngx_str_t *rest);
static ngx_int_t ngx_http_wxapp_query_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_query_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_query_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_wxapp_query_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_query_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_wxapp_query_field(ngx_conf_t *cf,
    ngx_http_wxapp_step_t *step, ngx_str_t *name);


static ngx_http_wxapp_directive_t  ngx_http_wxapp_transaction_directives[] = {

    { ngx_string("exec"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_QUERY_ARGS,
      ngx_http_wxapp_transaction_exec, 0 },

    { ngx_string("query"), 1|NGX_HTTP_WXAPP_MANY, NGX_HTTP_WXAPP_QUERY_ARGS,
      ngx_http_wxapp_transaction_query, 0 },

    { ngx_string("status"), 1, 1, ngx_http_wxapp_transaction_status, 0 },

      ngx_http_wxapp_null_directive
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_query_params[] = {

    { ngx_string("rows"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, rows), 0, 0 },

    { ngx_string("else"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, otherwise), 0, 0 },

    { ngx_string("status"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_query_args_t, status), 200, 299 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_transaction_exec_params[] = {

    { ngx_string("rows"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, rows), 0, 0 },

    { ngx_string("else"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, otherwise), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_transaction_query_params[] = {

    { ngx_string("as"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, as), 0, 0 },

    { ngx_string("rows"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, rows), 0, 0 },

    { ngx_string("else"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_query_args_t, otherwise), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_transaction_params[] = {

    { ngx_string("isolation"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_transaction_args_t, isolation), 0, 0 },

    { ngx_string("retry"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_transaction_args_t, retry), 0, 10 },

      ngx_http_wxapp_null_param
};


/* in the order of ngx_http_wxapp_shape_e */

static ngx_str_t  ngx_http_wxapp_query_shapes[] = {
    ngx_string("list"),
    ngx_string("one"),
    ngx_string("value"),
    ngx_string("none"),
    ngx_string("sets"),
    ngx_null_string
};


static ngx_http_wxapp_isolation_t  ngx_http_wxapp_query_isolations[] = {

    { ngx_string("read-uncommitted"),
      "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED" },

    { ngx_string("read-committed"),
      "SET TRANSACTION ISOLATION LEVEL READ COMMITTED" },

    { ngx_string("repeatable-read"),
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ" },

    { ngx_string("serializable"),
      "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE" }
};

#define NGX_HTTP_WXAPP_ISOLATIONS                                             \
    (sizeof(ngx_http_wxapp_query_isolations)                                  \
     / sizeof(ngx_http_wxapp_isolation_t))


/*
 * No others: they commit behind the transaction's back, or leave a setting
 * in a connection that goes back to the pool.
 */

static const char  *ngx_http_wxapp_query_verbs[] = {
    "SELECT", "WITH", "VALUES", "SHOW", "INSERT", "UPDATE", "DELETE",
    "REPLACE", "CALL", "DO", NULL
};


static ngx_command_t  ngx_http_wxapp_query_commands[] = {

    { ngx_string("wxapp_query"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_wxapp_query,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_transaction"),
      NGX_HTTP_LOC_CONF|NGX_CONF_BLOCK|NGX_CONF_ANY,
      ngx_http_wxapp_transaction,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_query_module_ctx = {
    ngx_http_wxapp_query_preconfiguration, /* preconfiguration */
    ngx_http_wxapp_query_postconfiguration,
                                           /* postconfiguration */

    ngx_http_wxapp_query_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_query_create_loc_conf,  /* create location configuration */
    ngx_http_wxapp_query_merge_loc_conf    /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_query_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_query_module_ctx,      /* module context */
    ngx_http_wxapp_query_commands,         /* module directives */
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


static ngx_http_variable_t  ngx_http_wxapp_query_vars[] = {

    { ngx_string("wxapp_insert_id"), NULL, ngx_http_wxapp_query_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_row_"), NULL, ngx_http_wxapp_query_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


static char *
ngx_http_wxapp_query(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_query_loc_conf_t *qlcf = conf;

    char                         *rv;
    ngx_http_wxapp_step_t        *step;
    ngx_http_wxapp_query_args_t   args;
    ngx_http_wxapp_query_conf_t  *qcf;

    rv = ngx_http_wxapp_query_content(cf, qlcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    qcf = qlcf->query;

    step = ngx_http_wxapp_query_step(cf, qcf, 0, ngx_http_wxapp_query_params,
                                     &args);
    if (step == NULL) {
        return NGX_CONF_ERROR;
    }

    step->told = (step->shape != NGX_HTTP_WXAPP_SHAPE_NONE);

    qcf->status = args.status;
    qcf->read_only = step->statement.reads;

    /* what was done may have to be undone */

    if (args.rows.len && !qcf->read_only) {
        qcf->begin = "START TRANSACTION";
    }

    ngx_http_wxapp_query_methods(qcf);

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_transaction(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_query_loc_conf_t *qlcf = conf;

    char                               *rv;
    ngx_str_t                          *value;
    ngx_uint_t                          i;
    ngx_http_wxapp_isolation_t         *level;
    ngx_http_wxapp_query_conf_t        *qcf;
    ngx_http_wxapp_transaction_args_t   args;

    rv = ngx_http_wxapp_query_content(cf, qlcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    qcf = qlcf->query;
    value = cf->args->elts;

    ngx_memzero(&args, sizeof(ngx_http_wxapp_transaction_args_t));
    args.retry = 3;

    i = 1;

    if (cf->args->nelts > 1 && ngx_strcmp(value[1].data, "read_only") == 0) {
        qcf->read_only = 1;
        i++;
    }

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_transaction_params, i,
                                    &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    qcf->retry = args.retry;
    qcf->begin = qcf->read_only ? "START TRANSACTION READ ONLY"
                                : "START TRANSACTION";

    level = ngx_http_wxapp_query_isolations;

    for (i = 0; args.isolation.len && qcf->isolate == NULL; i++) {

        if (i == NGX_HTTP_WXAPP_ISOLATIONS) {
            return ngx_http_wxapp_conf_unknown(cf, "isolation level",
                                        &args.isolation, level, i,
                                        sizeof(ngx_http_wxapp_isolation_t));
        }

        if (ngx_strcmp(level[i].name.data, args.isolation.data) == 0) {
            qcf->isolate = level[i].sql;
        }
    }

    rv = ngx_http_wxapp_conf_block(cf, ngx_http_wxapp_transaction_directives,
                                   qcf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_wxapp_transaction_complete(cf, qcf);
}


static char *
ngx_http_wxapp_transaction_exec(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_query_conf_t *qcf = data;

    ngx_http_wxapp_query_args_t  args;

    if (qcf->read_only) {
        return "\"exec\" is not allowed in a \"read_only\" transaction";
    }

    return ngx_http_wxapp_query_step(cf, qcf, 1,
                                     ngx_http_wxapp_transaction_exec_params,
                                     &args)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_transaction_query(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_query_conf_t *qcf = data;

    ngx_http_wxapp_step_t        *step;
    ngx_http_wxapp_query_args_t   args;

    step = ngx_http_wxapp_query_step(cf, qcf, 0,
                                     ngx_http_wxapp_transaction_query_params,
                                     &args);
    if (step == NULL) {
        return NGX_CONF_ERROR;
    }

    /* a procedure is watched by the server */

    if (qcf->read_only && !step->statement.reads
        && !ngx_wxapp_statement_is(&step->statement, "CALL"))
    {
        return "\"query\" writes in a \"read_only\" transaction";
    }

    return args.as.len ? ngx_http_wxapp_query_as(cf, qcf, step, &args.as)
                       : NGX_CONF_OK;
}


static char *
ngx_http_wxapp_transaction_status(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_query_conf_t *qcf = data;

    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 200 || n > 299) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"status\" must be between 200 and 299");
        return NGX_CONF_ERROR;
    }

    qcf->status = n;

    return NGX_CONF_OK;
}


/* which results are told: those with a name, else the last one */

static char *
ngx_http_wxapp_transaction_complete(ngx_conf_t *cf,
    ngx_http_wxapp_query_conf_t *qcf)
{
    ngx_uint_t              i;
    ngx_http_wxapp_step_t  *step, *last;

    step = qcf->steps.elts;
    last = NULL;

    for (i = 0; i < qcf->steps.nelts; i++) {
        step[i].told = (step[i].label.len != 0);
        last = step[i].exec ? last : &step[i];
    }

    if (i == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the transaction needs \"exec\" or \"query\"");
        return NGX_CONF_ERROR;
    }

    if (last && !qcf->labelled
        && last->shape != NGX_HTTP_WXAPP_SHAPE_NONE)
    {
        last->told = 1;
    }

    ngx_http_wxapp_query_methods(qcf);

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_query_content(ngx_conf_t *cf,
    ngx_http_wxapp_query_loc_conf_t *qlcf)
{
    ngx_str_t                         *value;
    ngx_http_wxapp_query_conf_t       *qcf;
    ngx_http_wxapp_query_main_conf_t  *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_wxapp_query_module);
    value = cf->args->elts;

    qmcf->name = value[0];
    ngx_http_wxapp_conf_place(cf, &qmcf->place);

    qcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_query_conf_t));

    if (qcf == NULL
        || ngx_array_init(&qcf->steps, cf->pool, 4,
                          sizeof(ngx_http_wxapp_step_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    qcf->retry = 3;
    qlcf->query = qcf;

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_query_handler, qcf);
}


static void
ngx_http_wxapp_query_methods(ngx_http_wxapp_query_conf_t *qcf)
{
    if (qcf->read_only) {
        qcf->methods = NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST;
        qcf->allow = "GET, HEAD, POST, OPTIONS";

    } else {
        qcf->methods = NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH
                       |NGX_HTTP_DELETE;
        qcf->allow = "POST, PUT, PATCH, DELETE, OPTIONS";
    }
}


/* "SQL" value... [shape] [name=value...] */

static ngx_http_wxapp_step_t *
ngx_http_wxapp_query_step(ngx_conf_t *cf, ngx_http_wxapp_query_conf_t *qcf,
    ngx_uint_t exec, ngx_http_wxapp_param_t *params,
    ngx_http_wxapp_query_args_t *args)
{
    ngx_int_t                      shape;
    ngx_str_t                     *value;
    ngx_uint_t                     i, n, end;
    ngx_http_wxapp_step_t         *step;
    ngx_http_wxapp_query_value_t  *qv;

    step = ngx_array_push(&qcf->steps);
    if (step == NULL) {
        return NULL;
    }

    ngx_memzero(step, sizeof(ngx_http_wxapp_step_t));
    ngx_memzero(args, sizeof(ngx_http_wxapp_query_args_t));

    step->exec = exec;
    ngx_http_wxapp_conf_place(cf, &step->place);

    if (ngx_http_wxapp_query_statement(cf, step) != NGX_CONF_OK) {
        return NULL;
    }

    value = cf->args->elts;
    end = ngx_http_wxapp_query_values(cf, params);
    n = step->statement.placeholders.nelts;

    if (end - 2 != n) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the statement has %ui \"?\", but %ui %s behind it",
                           n, end - 2, end == 3 ? "value is" : "values are");
        return NULL;
    }

    if (ngx_array_init(&step->values, cf->pool, n ? n : 1,
                       sizeof(ngx_http_wxapp_query_value_t))
        != NGX_OK)
    {
        return NULL;
    }

    for (i = 2; i < end; i++) {
        qv = ngx_array_push(&step->values);

        if (ngx_http_wxapp_query_compile(cf, qcf, qv, &value[i])
            != NGX_CONF_OK)
        {
            return NULL;
        }
    }

    shape = (i < cf->args->nelts) ? ngx_http_wxapp_query_shape(&value[i])
                                  : NGX_ERROR;

    if (shape != NGX_ERROR) {
        if (exec) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"exec\" has no result to be \"%V\"",
                               &value[i]);
            return NULL;
        }

        i++;

    } else if (exec || (params == ngx_http_wxapp_query_params
                        && !step->statement.reads
                        && !ngx_wxapp_statement_is(&step->statement,
                                                   "SELECT")))
    {
        shape = NGX_HTTP_WXAPP_SHAPE_NONE;
        step->exec = 1;

    } else {
        shape = NGX_HTTP_WXAPP_SHAPE_LIST;
    }

    step->shape = shape;

    if (ngx_http_wxapp_conf_params(cf, params, i, args) != NGX_CONF_OK
        || ngx_http_wxapp_query_guard(cf, step, args) != NGX_CONF_OK
        || ngx_http_wxapp_schema_statement(cf, &step->place,
                                           &step->statement.text, n)
           != NGX_OK)
    {
        return NULL;
    }

    return step;
}


static char *
ngx_http_wxapp_query_statement(ngx_conf_t *cf, ngx_http_wxapp_step_t *step)
{
    ngx_str_t    *value;
    ngx_uint_t    i;
    const char   *error, **verb;

    value = cf->args->elts;
    error = NULL;

    switch (ngx_wxapp_statement_parse(&step->statement, cf->pool, &value[1],
                                      &error))
    {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the SQL \"%V\" %s",
                           &value[1], error);
        return NGX_CONF_ERROR;

    default:
        return NGX_CONF_ERROR;
    }

    verb = ngx_http_wxapp_query_verbs;

    for (i = 0; verb[i]; i++) {
        if (ngx_wxapp_statement_is(&step->statement, verb[i])) {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "the SQL begins with \"%V\", it must be SELECT, WITH, "
                       "VALUES, SHOW, INSERT, UPDATE, DELETE, REPLACE, CALL "
                       "or DO", &step->statement.verb);

    return NGX_CONF_ERROR;
}


/* the argument that ends the values: a shape or one of the parameters */

static ngx_uint_t
ngx_http_wxapp_query_values(ngx_conf_t *cf, ngx_http_wxapp_param_t *params)
{
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_http_wxapp_param_t  *p;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_wxapp_query_shape(&value[i]) != NGX_ERROR) {
            break;
        }

        for (p = params; p->name.len; p++) {
            if (value[i].len > p->name.len
                && value[i].data[p->name.len] == '='
                && ngx_strncmp(value[i].data, p->name.data, p->name.len) == 0)
            {
                return i;
            }
        }
    }

    return i;
}


static ngx_int_t
ngx_http_wxapp_query_shape(ngx_str_t *word)
{
    ngx_uint_t   i;
    ngx_str_t   *shape;

    shape = ngx_http_wxapp_query_shapes;

    for (i = 0; shape[i].len; i++) {
        if (shape[i].len == word->len
            && ngx_strncmp(shape[i].data, word->data, word->len) == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}


static char *
ngx_http_wxapp_query_compile(ngx_conf_t *cf, ngx_http_wxapp_query_conf_t *qcf,
    ngx_http_wxapp_query_value_t *qv, ngx_str_t *value)
{
    char                              *rv;
    u_char                            *p, *last;
    ngx_str_t                          name;
    ngx_uint_t                         n;
    ngx_http_wxapp_source_e            source;
    ngx_http_compile_complex_value_t   ccv;

    ngx_memzero(qv, sizeof(ngx_http_wxapp_query_value_t));
    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = &qv->text;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    p = value->data;
    last = p + value->len;
    source = NGX_HTTP_WXAPP_SOURCE_TEXT;

    for (n = 0; ngx_http_wxapp_query_next(&p, last, &name); n++) {

        source = ngx_http_wxapp_query_source(&name, &qv->name);

        if (source == NGX_HTTP_WXAPP_SOURCE_ROW
            || source == NGX_HTTP_WXAPP_SOURCE_INSERT_ID)
        {
            rv = ngx_http_wxapp_query_early(cf, qcf, &name,
                                      source == NGX_HTTP_WXAPP_SOURCE_ROW);
            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }
    }

    /* one variable and nothing else? */

    if (n != 1 || p != last || value->data[0] != '$') {
        return NGX_CONF_OK;
    }

    qv->source = source;

    if (source == NGX_HTTP_WXAPP_SOURCE_VARIABLE) {
        qv->index = ngx_http_get_variable_index(cf, &name);

        if (qv->index == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* a row or an id must have been made by a step before */

static char *
ngx_http_wxapp_query_early(ngx_conf_t *cf, ngx_http_wxapp_query_conf_t *qcf,
    ngx_str_t *name, ngx_uint_t row)
{
    ngx_uint_t              i;
    ngx_http_wxapp_step_t  *step;

    step = qcf->steps.elts;

    /* the last one is that of the value */

    for (i = 0; i + 1 < qcf->steps.nelts; i++) {
        if (row ? !step[i].exec : !step[i].statement.reads) {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"$%V\" is used before any \"%s\" makes it", name,
                       row ? "query" : "exec");

    return NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_query_guard(ngx_conf_t *cf, ngx_http_wxapp_step_t *step,
    ngx_http_wxapp_query_args_t *args)
{
    size_t      len;
    ngx_int_t   n;
    ngx_uint_t  row;

    row = (step->shape == NGX_HTTP_WXAPP_SHAPE_ONE
           || step->shape == NGX_HTTP_WXAPP_SHAPE_VALUE);

    if (args->rows.len) {
        len = args->rows.len;

        step->more = (len > 1 && args->rows.data[len - 1] == '+');

        n = ngx_atoi(args->rows.data, len - step->more);

        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"rows=%V\", it must be a number, or "
                               "one and a \"+\" for that many and more",
                               &args->rows);
            return NGX_CONF_ERROR;
        }

        if (row && n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"rows=%V\" has no row to be told",
                               &args->rows);
            return NGX_CONF_ERROR;
        }

        step->rows = n;
        step->guarded = 1;
        step->status = NGX_HTTP_CONFLICT;
        step->code = "conflict";

    } else if (row) {
        step->rows = 1;
        step->more = 1;
        step->guarded = 1;
        step->status = NGX_HTTP_NOT_FOUND;
        step->code = "not_found";
    }

    if (args->otherwise.len == 0) {
        return NGX_CONF_OK;
    }

    if (!step->guarded) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"else\" needs \"rows\"");
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_query_else(cf, step, &args->otherwise);
}


/* STATUS[:code]; a status alone has its reason as the code */

static char *
ngx_http_wxapp_query_else(ngx_conf_t *cf, ngx_http_wxapp_step_t *step,
    ngx_str_t *s)
{
    u_char      *code, *p;
    ngx_int_t    n;
    const char  *title;

    n = (s->len < 3) ? NGX_ERROR : ngx_atoi(s->data, 3);

    if (n < 400 || n > 599 || s->len == 4
        || (s->len > 4 && s->data[3] != ':'))
    {
        goto invalid;
    }

    step->status = n;

    if (s->len > 4) {
        title = (char *) s->data + 4;

    } else {
        title = ngx_http_wxapp_title(n);

        if (ngx_strcmp(title, "Unknown") == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"else=%V\" needs a code, like "
                               "\"else=%V:sold_out\"", s, s);
            return NGX_CONF_ERROR;
        }
    }

    code = ngx_pnalloc(cf->pool, ngx_strlen(title) + 1);
    if (code == NULL) {
        return NGX_CONF_ERROR;
    }

    step->code = (char *) code;

    for (p = (u_char *) title; *p; p++) {

        if (s->len == 3) {
            *code++ = (*p == ' ') ? '_' : ngx_tolower(*p);
            continue;
        }

        if (*p != '_' && (*p < 'a' || *p > 'z') && (*p < '0' || *p > '9')) {
            goto invalid;
        }

        *code++ = *p;
    }

    *code = '\0';

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid \"else=%V\", it must be a status from 400 to "
                       "599, and a code of a-z, 0-9 and _, "
                       "like \"409:sold_out\"", s);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_query_as(ngx_conf_t *cf, ngx_http_wxapp_query_conf_t *qcf,
    ngx_http_wxapp_step_t *step, ngx_str_t *name)
{
    ngx_uint_t              i;
    ngx_wxapp_text_t        text;
    ngx_http_wxapp_step_t  *other;

    if (step->shape == NGX_HTTP_WXAPP_SHAPE_NONE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"as=%V\" has no result to name", name);
        return NGX_CONF_ERROR;
    }

    other = qcf->steps.elts;

    for (i = 0; &other[i] < step; i++) {
        if (other[i].as.len == name->len
            && ngx_memcmp(other[i].as.data, name->data, name->len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate \"as=%V\"",
                               name);
            return NGX_CONF_ERROR;
        }
    }

    ngx_wxapp_text_init(&text, cf->pool, name->len + 3);
    ngx_wxapp_json_name_str(&text, name);

    step->as = *name;
    qcf->labelled = 1;

    return ngx_wxapp_text_done(&text, &step->label) == NGX_OK ? NGX_CONF_OK
                                                              : NGX_CONF_ERROR;
}


/* the name of the next variable at "p", which moves behind it */

static ngx_uint_t
ngx_http_wxapp_query_next(u_char **pos, u_char *last, ngx_str_t *name)
{
    u_char  *p;

    p = ngx_strlchr(*pos, last, '$');

    if (p == NULL) {
        return 0;
    }

    p++;

    if (p < last && *p == '{') {
        p++;
    }

    name->data = p;

    while (p < last
           && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
               || (*p >= '0' && *p <= '9') || *p == '_'))
    {
        p++;
    }

    name->len = p - name->data;

    /* the rest was checked when the value was compiled */

    if (name->data[-1] == '{') {
        p++;
    }

    *pos = p;

    return 1;
}


/* what a variable is, and its name behind our prefix */

static ngx_http_wxapp_source_e
ngx_http_wxapp_query_source(ngx_str_t *name, ngx_str_t *rest)
{
    ngx_str_t   *prefix;
    ngx_uint_t   i;

    /* in the order of ngx_http_wxapp_source_e */

    static ngx_str_t  prefixes[] = {
        ngx_string("wxapp_in_"),
        ngx_string("wxapp_row_"),
        ngx_string("wxapp_insert_id"),
        ngx_null_string
    };

    for (i = 0; prefixes[i].len; i++) {
        prefix = &prefixes[i];

        if (name->len < prefix->len
            || ngx_strncasecmp(name->data, prefix->data, prefix->len) != 0)
        {
            continue;
        }

        rest->data = name->data + prefix->len;
        rest->len = name->len - prefix->len;

        if ((rest->len != 0) == (prefix->data[prefix->len - 1] == '_')) {
            return NGX_HTTP_WXAPP_SOURCE_INPUT + i;
        }
    }

    /* $1 is no variable, but a capture */

    return (name->data[0] >= '0' && name->data[0] <= '9')
           ? NGX_HTTP_WXAPP_SOURCE_TEXT : NGX_HTTP_WXAPP_SOURCE_VARIABLE;
}


static ngx_int_t
ngx_http_wxapp_query_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_query_vars);
}


static ngx_int_t
ngx_http_wxapp_query_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_wxapp_main_conf_t        *wmcf;
    ngx_http_wxapp_query_main_conf_t  *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_wxapp_query_module);
    wmcf = ngx_http_wxapp_conf_main(cf);

    if (qmcf->name.len && wmcf->mysql == NULL) {
        (void) ngx_http_wxapp_conf_needs(cf, &qmcf->place,
                                         (char *) qmcf->name.data,
                                         "wxapp_mysql");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_query_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_query_main_conf_t));
}


static void *
ngx_http_wxapp_query_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_query_loc_conf_t));
}


/* the fields of wxapp_input are known by now */

static char *
ngx_http_wxapp_query_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wxapp_query_loc_conf_t *qlcf = child;

    u_char                        *p, *last;
    ngx_str_t                      name, field;
    ngx_uint_t                     i, n;
    ngx_http_wxapp_step_t         *step;
    ngx_http_wxapp_query_value_t  *qv;

    if (qlcf->query == NULL) {
        return NGX_CONF_OK;
    }

    step = qlcf->query->steps.elts;

    for (i = 0; i < qlcf->query->steps.nelts; i++) {

        qv = step[i].values.elts;

        for (n = 0; n < step[i].values.nelts; n++) {

            p = qv[n].text.value.data;
            last = p + qv[n].text.value.len;

            while (ngx_http_wxapp_query_next(&p, last, &name)) {

                if (ngx_http_wxapp_query_source(&name, &field)
                    == NGX_HTTP_WXAPP_SOURCE_INPUT
                    && ngx_http_wxapp_query_field(cf, &step[i], &field)
                       != NGX_CONF_OK)
                {
                    return NGX_CONF_ERROR;
                }
            }
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_query_field(ngx_conf_t *cf, ngx_http_wxapp_step_t *step,
    ngx_str_t *name)
{
    ngx_str_t                  *near;
    ngx_http_wxapp_loc_conf_t  *wlcf;

    if (ngx_http_wxapp_input_find(cf, name)) {
        return NGX_CONF_OK;
    }

    wlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_wxapp_module);

    if (wlcf->input == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"$wxapp_in_%V\" needs \"wxapp_input\" in %V:%ui",
                      name, &step->place.file, step->place.line);
        return NGX_CONF_ERROR;
    }

    near = ngx_wxapp_nearest(name, wlcf->input->fields.elts,
                             wlcf->input->fields.nelts,
                             sizeof(ngx_wxapp_field_t));

    if (near) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown input \"%V\" in \"$wxapp_in_%V\", "
                      "did you mean \"%V\"? in %V:%ui", name, name, near,
                      &step->place.file, step->place.line);
    } else {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown input \"%V\" in \"$wxapp_in_%V\" in %V:%ui",
                      name, name, &step->place.file, step->place.line);
    }

    return NGX_CONF_ERROR;
}
