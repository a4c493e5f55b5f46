
#include "module/ngx_http_wxapp_require.h"


/* in the order of ngx_http_wxapp_require_ops[] */

typedef enum {
    NGX_HTTP_WXAPP_REQUIRE_IN = 0,
    NGX_HTTP_WXAPP_REQUIRE_NOT_IN,
    NGX_HTTP_WXAPP_REQUIRE_LESS,
    NGX_HTTP_WXAPP_REQUIRE_NOT_MORE,
    NGX_HTTP_WXAPP_REQUIRE_MORE,
    NGX_HTTP_WXAPP_REQUIRE_NOT_LESS
} ngx_http_wxapp_require_op_e;


/* a word of the configuration for the time since what a claim says */

typedef struct {
    ngx_str_t                 name;
    ngx_str_t                 claim;          /* the time, in seconds */
} ngx_http_wxapp_require_age_t;


typedef struct {
    ngx_str_t                      claim;
    ngx_http_wxapp_require_op_e    op;
    ngx_array_t                   *words;     /* of IN and NOT_IN */
    int64_t                        number;    /* of the others */
    ngx_http_wxapp_require_age_t  *age;       /* number is its seconds */
} ngx_http_wxapp_require_expr_t;


static char *ngx_http_wxapp_require_parse(ngx_conf_t *cf, ngx_str_t *s,
    ngx_http_wxapp_require_expr_t *expr);
static char *ngx_http_wxapp_require_bound(ngx_conf_t *cf, ngx_str_t *s,
    ngx_str_t *value, ngx_http_wxapp_require_expr_t *expr);
static ngx_uint_t ngx_http_wxapp_require_name(ngx_str_t *claim);
static ngx_int_t ngx_http_wxapp_require_expr(ngx_http_request_t *r,
    ngx_http_wxapp_require_expr_t *expr);
static ngx_uint_t ngx_http_wxapp_require_fresh(ngx_http_request_t *r,
    ngx_http_wxapp_require_expr_t *expr, ngx_wxapp_json_node_t *node);
static ngx_uint_t ngx_http_wxapp_require_compare(
    ngx_http_wxapp_require_expr_t *expr, ngx_wxapp_json_node_t *node);


static ngx_str_t  ngx_http_wxapp_require_ops[] = {
    ngx_string("="),
    ngx_string("!="),
    ngx_string("<"),
    ngx_string("<="),
    ngx_string(">"),
    ngx_string(">="),
    ngx_null_string
};


static ngx_http_wxapp_require_age_t  ngx_http_wxapp_require_ages[] = {
    { ngx_string("mfa_age"), ngx_string("mfa_time") },
    { ngx_string("login_age"), ngx_string("auth_time") }
};

#define NGX_HTTP_WXAPP_REQUIRE_AGES                                           \
    (sizeof(ngx_http_wxapp_require_ages)                                      \
     / sizeof(ngx_http_wxapp_require_age_t))


char *
ngx_http_wxapp_require_add(ngx_conf_t *cf, ngx_array_t **require)
{
    char                           *rv;
    ngx_str_t                      *value;
    ngx_uint_t                      i;
    ngx_array_t                   **any;
    ngx_http_wxapp_require_expr_t  *expr;

    if (*require == NULL) {
        *require = ngx_array_create(cf->pool, 2, sizeof(ngx_array_t *));
        if (*require == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    any = ngx_array_push(*require);
    if (any == NULL) {
        return NGX_CONF_ERROR;
    }

    *any = ngx_array_create(cf->pool, cf->args->nelts - 1,
                            sizeof(ngx_http_wxapp_require_expr_t));
    if (*any == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        expr = ngx_array_push(*any);

        rv = ngx_http_wxapp_require_parse(cf, &value[i], expr);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_require_parse(ngx_conf_t *cf, ngx_str_t *s,
    ngx_http_wxapp_require_expr_t *expr)
{
    u_char      *p, *last;
    ngx_str_t    op, value;
    ngx_uint_t   i;

    ngx_memzero(expr, sizeof(ngx_http_wxapp_require_expr_t));

    p = s->data;
    last = s->data + s->len;

    while (p < last && !ngx_strchr("=<>", *p)
           && !(*p == '!' && p + 1 < last && ngx_strchr("=<>", p[1])))
    {
        p++;
    }

    expr->claim.data = s->data;
    expr->claim.len = p - s->data;

    op.data = p;

    while (p < last && ngx_strchr("=<>!~", *p)) {
        p++;
    }

    op.len = p - op.data;

    value.data = p;
    value.len = last - p;

    if (op.len == 0 || expr->claim.len == 0 || value.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid requirement \"%V\", it must be "
                           "claim=value|value, claim!=value|value or "
                           "claim<number", s);
        return NGX_CONF_ERROR;
    }

    if (!ngx_http_wxapp_require_name(&expr->claim)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid path \"%V\" of a claim in \"%V\"",
                           &expr->claim, s);
        return NGX_CONF_ERROR;
    }

    for (i = 0; ngx_http_wxapp_require_ops[i].len; i++) {
        if (ngx_http_wxapp_require_ops[i].len == op.len
            && ngx_strncmp(ngx_http_wxapp_require_ops[i].data, op.data,
                           op.len)
               == 0)
        {
            break;
        }
    }

    expr->op = i;

    if (ngx_http_wxapp_require_ops[i].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown operator \"%V\" in \"%V\", it must be "
                           "=, !=, <, <=, > or >=", &op, s);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < NGX_HTTP_WXAPP_REQUIRE_AGES; i++) {
        if (ngx_http_wxapp_require_ages[i].name.len == expr->claim.len
            && ngx_strncmp(ngx_http_wxapp_require_ages[i].name.data,
                           expr->claim.data, expr->claim.len)
               == 0)
        {
            expr->age = &ngx_http_wxapp_require_ages[i];
        }
    }

    if (expr->age || expr->op >= NGX_HTTP_WXAPP_REQUIRE_LESS) {
        return ngx_http_wxapp_require_bound(cf, s, &value, expr);
    }

    expr->words = ngx_http_wxapp_conf_words(cf, &value);

    return expr->words ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_require_bound(ngx_conf_t *cf, ngx_str_t *s, ngx_str_t *value,
    ngx_http_wxapp_require_expr_t *expr)
{
    ngx_int_t   n;
    ngx_uint_t  negative;

    if (expr->age) {

        if (expr->op != NGX_HTTP_WXAPP_REQUIRE_LESS
            && expr->op != NGX_HTTP_WXAPP_REQUIRE_NOT_MORE)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" must be followed by < or <= in \"%V\"",
                               &expr->age->name, s);
            return NGX_CONF_ERROR;
        }

        n = ngx_parse_time(value, 1);

        if (n == NGX_ERROR || n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid time \"%V\" in \"%V\"", value, s);
            return NGX_CONF_ERROR;
        }

        expr->number = n;

        return NGX_CONF_OK;
    }

    negative = (value->data[0] == '-');

    n = ngx_atoi(value->data + negative, value->len - negative);

    if (n == NGX_ERROR) {

        /* a time is meant for an age */

        if (ngx_parse_time(value, 1) != NGX_ERROR) {
            return ngx_http_wxapp_conf_unknown(cf, "age", &expr->claim,
                                         ngx_http_wxapp_require_ages,
                                         NGX_HTTP_WXAPP_REQUIRE_AGES,
                                         sizeof(ngx_http_wxapp_require_age_t));
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number \"%V\" in \"%V\"", value, s);
        return NGX_CONF_ERROR;
    }

    expr->number = negative ? -n : n;

    return NGX_CONF_OK;
}


/* a path has no empty names */

static ngx_uint_t
ngx_http_wxapp_require_name(ngx_str_t *claim)
{
    u_char  *p, *last;

    last = claim->data + claim->len;

    for (p = claim->data; p < last; p++) {
        if (*p == '.' && (p == claim->data || p + 1 == last || p[1] == '.')) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_wxapp_require_check(ngx_http_request_t *r, ngx_array_t *require,
    time_t *max_age)
{
    time_t                           age;
    ngx_int_t                        rc, result;
    ngx_uint_t                       i, n;
    ngx_array_t                    **any;
    ngx_http_wxapp_require_expr_t   *expr;

    if (require == NULL) {
        return NGX_OK;
    }

    result = NGX_OK;
    any = require->elts;

    for (i = 0; i < require->nelts; i++) {

        age = -1;
        rc = NGX_DECLINED;
        expr = any[i]->elts;

        for (n = 0; n < any[i]->nelts; n++) {

            rc = ngx_http_wxapp_require_expr(r, &expr[n]);

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            if (rc == NGX_OK) {
                break;
            }

            if (expr[n].age) {
                age = ngx_max(age, expr[n].number);
            }
        }

        if (rc == NGX_OK) {
            continue;
        }

        *max_age = (result == NGX_OK) ? age : ngx_min(*max_age, age);
        result = NGX_DECLINED;
    }

    return result;
}


static ngx_int_t
ngx_http_wxapp_require_expr(ngx_http_request_t *r,
    ngx_http_wxapp_require_expr_t *expr)
{
    ngx_int_t               rc;
    ngx_uint_t              held;
    ngx_wxapp_json_node_t  *node;

    if (expr->op == NGX_HTTP_WXAPP_REQUIRE_IN) {
        return ngx_http_wxapp_claim_in(r, &expr->claim, expr->words);
    }

    rc = ngx_http_wxapp_claim_node(r, expr->age ? &expr->age->claim
                                                : &expr->claim, &node);
    if (rc != NGX_OK) {
        return rc;
    }

    if (expr->op == NGX_HTTP_WXAPP_REQUIRE_NOT_IN) {

        /* what cannot be compared is not known to be another */

        held = (node->type != NGX_WXAPP_JSON_OBJECT
                && ngx_http_wxapp_claim_in(r, &expr->claim, expr->words)
                   != NGX_OK);

    } else if (expr->age) {
        held = ngx_http_wxapp_require_fresh(r, expr, node);

    } else if (node->type == NGX_WXAPP_JSON_ARRAY) {
        held = 0;

        for (node = node->first; node && !held; node = node->next) {
            held = ngx_http_wxapp_require_compare(expr, node);
        }

    } else {
        held = ngx_http_wxapp_require_compare(expr, node);
    }

    return held ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_wxapp_require_fresh(ngx_http_request_t *r,
    ngx_http_wxapp_require_expr_t *expr, ngx_wxapp_json_node_t *node)
{
    int64_t                      n, age;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    if (ngx_wxapp_json_integer(node, &n) != NGX_OK || n <= 0) {
        return 0;
    }

    age = ngx_time() - n;

    /* a time in the future would never grow old */

    if (age < -(int64_t) wmcf->token->leeway) {
        return 0;
    }

    return (expr->op == NGX_HTTP_WXAPP_REQUIRE_LESS) ? age < expr->number
                                                     : age <= expr->number;
}


static ngx_uint_t
ngx_http_wxapp_require_compare(ngx_http_wxapp_require_expr_t *expr,
    ngx_wxapp_json_node_t *node)
{
    int64_t  n;

    if (ngx_wxapp_json_integer(node, &n) != NGX_OK) {
        return 0;
    }

    switch (expr->op) {

    case NGX_HTTP_WXAPP_REQUIRE_LESS:
        return n < expr->number;

    case NGX_HTTP_WXAPP_REQUIRE_NOT_MORE:
        return n <= expr->number;

    case NGX_HTTP_WXAPP_REQUIRE_MORE:
        return n > expr->number;

    default:
        return n >= expr->number;
    }
}
