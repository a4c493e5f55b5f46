
/*
 * wxapp_limit: how often a key may come, by rules that all nodes share in
 * Redis; how many of its requests may be in flight; and keys that may not
 * come at all.
 */


#include "module/ngx_http_wxapp_limit.h"


static ngx_int_t ngx_http_wxapp_limit_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_limit_begin(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_limit_guard(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx, ngx_uint_t held);
static ngx_int_t ngx_http_wxapp_limit_inflights(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_int_t ngx_http_wxapp_limit_items(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_int_t ngx_http_wxapp_limit_cost(ngx_http_request_t *r,
    ngx_http_wxapp_limit_rule_t *rule, uint32_t *cost);
static ngx_int_t ngx_http_wxapp_limit_ask(ngx_http_request_t *r,
    ngx_http_wxapp_ctx_t *ctx, ngx_http_wxapp_limit_ctx_t *lctx);
static void ngx_http_wxapp_limit_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_limit_lost(ngx_http_wxapp_ctx_t *ctx,
    ngx_shm_zone_t *zone, ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_int_t ngx_http_wxapp_limit_decide(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx);
static void ngx_http_wxapp_limit_slow(ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_int_t ngx_http_wxapp_limit_act(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx);
static void ngx_http_wxapp_limit_resume(ngx_http_request_t *r);
static ngx_http_wxapp_limit_ctx_t *ngx_http_wxapp_limit_find(
    ngx_http_request_t *r);
static void ngx_http_wxapp_limit_cleanup(void *data);
static void ngx_http_wxapp_limit_log(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, const char *what, ngx_str_t *policy);
static ngx_int_t ngx_http_wxapp_limit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_wxapp_limit_rule_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static void ngx_http_wxapp_limit_word(ngx_http_variable_value_t *v,
    ngx_uint_t limit);
static ngx_int_t ngx_http_wxapp_limit_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_limit_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_limit_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_wxapp_limit_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_limit_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);


/* NULL: not limited at all, or not known yet */

static const char  *ngx_http_wxapp_limit_words[] = {
    NULL,
    NULL,
    "passed",
    "rejected",
    "bypassed",
    "error",
    "delayed",
    "rejected_dry_run",
    "delayed_dry_run"
};


static ngx_conf_enum_t  ngx_http_wxapp_limit_log_levels[] = {
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_wxapp_limit_header_sets[] = {
    { ngx_string("off"), 0 },
    { ngx_string("draft"), NGX_HTTP_WXAPP_LIMIT_DRAFT },
    { ngx_string("legacy"), NGX_HTTP_WXAPP_LIMIT_LEGACY },
    { ngx_string("all"), NGX_HTTP_WXAPP_LIMIT_DRAFT
                         |NGX_HTTP_WXAPP_LIMIT_LEGACY },
    { ngx_null_string, 0 }
};


static ngx_conf_num_bounds_t  ngx_http_wxapp_limit_status_bounds = {
    ngx_conf_check_num_bounds, 400, 599
};


static ngx_command_t  ngx_http_wxapp_limit_commands[] = {

    { ngx_string("wxapp_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_wxapp_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_limit_inflight"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE13,
      ngx_http_wxapp_limit_inflight,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_limit_deny"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_wxapp_limit_deny,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("wxapp_limit_dry_run"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_limit_conf_t, dry_run),
      NULL },

    { ngx_string("wxapp_limit_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_limit_conf_t, status),
      &ngx_http_wxapp_limit_status_bounds },

    { ngx_string("wxapp_limit_log_level"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_limit_conf_t, log_level),
      &ngx_http_wxapp_limit_log_levels },

    { ngx_string("wxapp_limit_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_limit_conf_t, headers),
      &ngx_http_wxapp_limit_header_sets },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_limit_module_ctx = {
    ngx_http_wxapp_limit_preconfiguration, /* preconfiguration */
    ngx_http_wxapp_limit_postconfiguration,/* postconfiguration */

    ngx_http_wxapp_limit_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_limit_create_loc_conf,  /* create location configuration */
    ngx_http_wxapp_limit_merge_loc_conf    /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_limit_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_limit_module_ctx,      /* module context */
    ngx_http_wxapp_limit_commands,         /* module directives */
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


static ngx_http_variable_t  ngx_http_wxapp_limit_vars[] = {

    { ngx_string("wxapp_limit_status"), NULL, ngx_http_wxapp_limit_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("wxapp_limit_"), NULL, ngx_http_wxapp_limit_rule_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_wxapp_limit_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_wxapp_ctx_t         *ctx;
    ngx_http_wxapp_limit_ctx_t   *lctx;
    ngx_http_wxapp_limit_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_limit_module);

    if ((conf->rules == NULL && conf->inflights == NULL
         && conf->denies == NULL)
        || r != r->main)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->limit) {

    case NGX_HTTP_WXAPP_LIMIT_UNSET:
        rc = ngx_http_wxapp_limit_begin(r, conf, ctx);

        return (rc == NGX_ERROR) ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;

    case NGX_HTTP_WXAPP_LIMIT_ASKED:
        return NGX_AGAIN;

    default:
        lctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_limit_module);

        /* without it: an internal redirect of a request already counted */

        return lctx ? ngx_http_wxapp_limit_act(r, conf, ctx, lctx)
                    : NGX_DECLINED;
    }
}


static ngx_int_t
ngx_http_wxapp_limit_begin(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx)
{
    size_t                             size;
    ngx_int_t                          rc;
    ngx_uint_t                         held;
    ngx_pool_cleanup_t                *cln;
    ngx_http_wxapp_limit_ctx_t        *lctx;
    ngx_http_wxapp_limit_main_conf_t  *lmcf;

    /* a request is one in flight, wherever it is redirected to */

    lctx = ngx_http_wxapp_limit_find(r);
    held = lctx ? lctx->nholds : 0;

    size = sizeof(ngx_http_wxapp_limit_ctx_t)
           + (conf->rules ? conf->rules->nelts : 0)
             * sizeof(ngx_http_wxapp_limit_item_t);

    cln = ngx_pool_cleanup_add(r->pool, size);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    lctx = cln->data;
    ngx_memzero(lctx, size);

    lctx->items = (ngx_http_wxapp_limit_item_t *) (lctx + 1);
    lctx->denied = NGX_HTTP_WXAPP_LIMIT_NONE;

    cln->handler = ngx_http_wxapp_limit_cleanup;

    ngx_http_set_ctx(r, lctx, ngx_http_wxapp_limit_module);

    rc = ngx_http_wxapp_limit_guard(r, conf, ctx, lctx, held);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_wxapp_limit_items(r, conf, lctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (lctx->n == 0) {

        if (lctx->would) {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_WOULD_DENY;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_DRY_RUN);
        }

        return NGX_DECLINED;
    }

    lmcf = ngx_http_get_module_main_conf(r, ngx_http_wxapp_limit_module);

    switch (ngx_http_wxapp_limit_local(lmcf->zone, lctx)) {

    case NGX_OK:
        ctx->limit = NGX_HTTP_WXAPP_LIMIT_OK;
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_LEASED);
        break;

    case NGX_BUSY:
        ctx->limit = NGX_HTTP_WXAPP_LIMIT_DENIED;
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_LOCAL);
        break;

    default:
        if (ngx_http_wxapp_limit_ask(r, ctx, lctx) == NGX_OK) {
            return NGX_AGAIN;
        }

        ngx_http_wxapp_limit_undo(lmcf->zone, lctx, 1);

        return NGX_ERROR;
    }

    if (ngx_http_wxapp_limit_decide(r, conf, ctx, lctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_limit_act(r, conf, ctx, lctx);
}


/* what needs no Redis: keys on a list, and requests in flight */

static ngx_int_t
ngx_http_wxapp_limit_guard(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx, ngx_uint_t held)
{
    ngx_str_t                     value;
    ngx_uint_t                    i, n;
    ngx_http_wxapp_limit_deny_t  *deny;

    n = conf->denies ? conf->denies->nelts : 0;

    for (i = 0; i < n; i++) {
        deny = (ngx_http_wxapp_limit_deny_t *) conf->denies->elts + i;

        if (ngx_http_complex_value(r, &deny->key, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!ngx_http_wxapp_limit_denied(deny, &value)) {
            continue;
        }

        ngx_http_wxapp_limit_log(r, conf, "refusing a key of", &deny->file);

        if (conf->dry_run) {
            lctx->would = 1;
            continue;
        }

        ctx->limit = NGX_HTTP_WXAPP_LIMIT_DENIED;
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_LISTED);

        return ngx_http_wxapp_limit_refuse(r, NGX_HTTP_FORBIDDEN, "denied",
                                           "access is denied", NULL);
    }

    if (conf->inflights == NULL || held) {
        return NGX_OK;
    }

    return ngx_http_wxapp_limit_inflights(r, conf, ctx, lctx);
}


static ngx_int_t
ngx_http_wxapp_limit_inflights(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    uint64_t                           key;
    ngx_int_t                          rc;
    ngx_str_t                          value;
    ngx_uint_t                         i;
    ngx_http_wxapp_inflight_t         *hold;
    ngx_http_wxapp_limit_inflight_t   *inflight;
    ngx_http_wxapp_limit_main_conf_t  *lmcf;

    lmcf = ngx_http_get_module_main_conf(r, ngx_http_wxapp_limit_module);
    inflight = conf->inflights->elts;

    for (i = 0; i < conf->inflights->nelts; i++) {

        if (ngx_http_complex_value(r, &inflight[i].key, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len == 0) {
            continue;
        }

        key = ngx_http_wxapp_limit_zone_key(lmcf->zone, inflight[i].seed,
                                            &value);

        rc = ngx_http_wxapp_inflight_enter(lmcf->zone, key, inflight[i].max,
                                           &hold);
        if (hold) {
            lctx->holds[lctx->nholds++] = hold;
        }

        if (rc == NGX_OK) {
            continue;
        }

        ngx_http_wxapp_limit_log(r, conf, "too many in flight of",
                                 &inflight[i].name);

        lctx->policy = &inflight[i].name;

        if (conf->dry_run) {
            lctx->would = 1;
            continue;
        }

        ctx->limit = NGX_HTTP_WXAPP_LIMIT_DENIED;
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_INFLIGHT);

        if (ngx_http_wxapp_retry_after(r, 1) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_wxapp_limit_refuse(r, conf->status,
                                     "too_many_in_flight",
                                     "too many requests at the same time, "
                                     "try again later", lctx->policy);
    }

    return NGX_OK;
}


/* as in limit_req, an empty key is not limited; nor is what costs nothing */

static ngx_int_t
ngx_http_wxapp_limit_items(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_limit_ctx_t *lctx)
{
    ngx_uint_t                         i, n;
    ngx_http_wxapp_limit_rule_t       *rule;
    ngx_http_wxapp_limit_item_t       *item;
    ngx_http_wxapp_limit_main_conf_t  *lmcf;

    lmcf = ngx_http_get_module_main_conf(r, ngx_http_wxapp_limit_module);

    n = conf->rules ? conf->rules->nelts : 0;

    for (i = 0; i < n; i++) {
        rule = (ngx_http_wxapp_limit_rule_t *) conf->rules->elts + i;
        item = &lctx->items[lctx->n];

        if (ngx_http_complex_value(r, &rule->key, &item->value) != NGX_OK
            || ngx_http_wxapp_limit_cost(r, rule, &item->cost) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (item->value.len == 0 || item->cost == 0) {
            continue;
        }

        item->rule = rule;
        item->key = ngx_http_wxapp_limit_zone_key(lmcf->zone, rule->seed,
                                                  &item->value);
        lctx->n++;
    }

    return NGX_OK;
}


/* a cost that is no number is 1 */

static ngx_int_t
ngx_http_wxapp_limit_cost(ngx_http_request_t *r,
    ngx_http_wxapp_limit_rule_t *rule, uint32_t *cost)
{
    ngx_int_t  n;
    ngx_str_t  value;

    *cost = 1;

    if (rule->cost == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, rule->cost, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    n = ngx_atoi(value.data, value.len);

    if (n != NGX_ERROR) {
        *cost = ngx_min(n, NGX_HTTP_WXAPP_LIMIT_MAX);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_limit_ask(ngx_http_request_t *r, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    ngx_wxapp_redis_op_t  *op;

    op = ngx_http_wxapp_limit_call(r, lctx);

    if (op == NULL
        || ngx_http_wxapp_wait_redis(r, &op->op, ngx_http_wxapp_limit_done)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->limit = NGX_HTTP_WXAPP_LIMIT_ASKED;

    ngx_wxapp_redis_send(op);

    return NGX_OK;
}


static void
ngx_http_wxapp_limit_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_uint_t                         ok;
    ngx_http_wxapp_ctx_t              *ctx;
    ngx_wxapp_redis_op_t              *rop = (ngx_wxapp_redis_op_t *) op;
    ngx_http_wxapp_limit_ctx_t        *lctx;
    ngx_http_wxapp_limit_conf_t       *conf;
    ngx_http_wxapp_limit_main_conf_t  *lmcf;

    static ngx_uint_t  enforced = 1;      /* in this worker */

    ctx = ngx_http_wxapp_ctx(r);
    lctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_limit_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_limit_module);
    lmcf = ngx_http_get_module_main_conf(r, ngx_http_wxapp_limit_module);

    ok = (op->status == NGX_WXAPP_OP_OK
          && ngx_http_wxapp_limit_answer(lctx, rop->reply) == NGX_OK);

    /* of each change one line, not one of each request */

    if (ok != enforced) {
        enforced = ok;

        ngx_log_error((ok ? NGX_LOG_NOTICE : NGX_LOG_ERR), r->connection->log,
                      0, "Redis %s, limits are %s",
                      ok ? "answers again" : "does not answer",
                      ok ? "enforced" : "not checked");
    }

    if (ok) {
        ctx->limit = (lctx->denied == NGX_HTTP_WXAPP_LIMIT_NONE)
                     ? NGX_HTTP_WXAPP_LIMIT_OK : NGX_HTTP_WXAPP_LIMIT_DENIED;

        ngx_http_wxapp_limit_learn(lmcf->zone, lctx);

    } else {
        ngx_http_wxapp_limit_lost(ctx, lmcf->zone, lctx);
    }

    if (ngx_http_wxapp_limit_decide(r, conf, ctx, lctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler(r);
}


static void
ngx_http_wxapp_limit_lost(ngx_http_wxapp_ctx_t *ctx, ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    ngx_uint_t                    i, rules[NGX_HTTP_WXAPP_LIMIT_NODE + 1];
    ngx_http_wxapp_limit_item_t  *item;

    ngx_memzero(rules, sizeof(rules));

    /* what is paid by leased tokens needs no Redis */

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if (!item->leased && !item->ahead) {
            rules[item->rule->on_error]++;
        }
    }

    ctx->limit = rules[NGX_HTTP_WXAPP_LIMIT_ALLOW]
                 ? NGX_HTTP_WXAPP_LIMIT_ALLOWED : NGX_HTTP_WXAPP_LIMIT_OK;

    if (rules[NGX_HTTP_WXAPP_LIMIT_DENY]) {
        ctx->limit = NGX_HTTP_WXAPP_LIMIT_FAILED;

    } else if (rules[NGX_HTTP_WXAPP_LIMIT_NODE]) {
        ngx_http_wxapp_limit_fallback(zone, lctx);
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_FALLBACK);

        if (lctx->denied != NGX_HTTP_WXAPP_LIMIT_NONE) {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_DENIED;
        }
    }

    ngx_http_wxapp_limit_undo(zone, lctx,
                              ctx->limit == NGX_HTTP_WXAPP_LIMIT_FAILED
                              || ctx->limit == NGX_HTTP_WXAPP_LIMIT_DENIED);
}


/* what is known is turned into what is done, counted and told */

static ngx_int_t
ngx_http_wxapp_limit_decide(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    switch (ctx->limit) {

    case NGX_HTTP_WXAPP_LIMIT_OK:
        ngx_http_wxapp_limit_slow(lctx);

        if (lctx->delay) {
            ngx_http_wxapp_limit_log(r, conf, "delaying requests by",
                                     lctx->policy);
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_LATER;
        }

        break;

    case NGX_HTTP_WXAPP_LIMIT_DENIED:
        lctx->policy = &lctx->items[lctx->denied].rule->name;

        if (lctx->fresh) {
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_BANNED);
        }

        ngx_http_wxapp_limit_log(r, conf, lctx->fresh ? "banning a key of"
                                                      : "limiting requests by",
                                 lctx->policy);
        break;
    }

    if (conf->dry_run) {

        if (lctx->would || ctx->limit == NGX_HTTP_WXAPP_LIMIT_DENIED
            || ctx->limit == NGX_HTTP_WXAPP_LIMIT_FAILED)
        {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_WOULD_DENY;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_DRY_RUN);
            return NGX_OK;
        }

        if (ctx->limit == NGX_HTTP_WXAPP_LIMIT_LATER) {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_WOULD_DELAY;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_DRY_RUN);
            return NGX_OK;
        }
    }

    switch (ctx->limit) {

    case NGX_HTTP_WXAPP_LIMIT_OK:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_PASSED);
        break;

    case NGX_HTTP_WXAPP_LIMIT_LATER:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_DELAYED);
        break;

    case NGX_HTTP_WXAPP_LIMIT_DENIED:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_REJECTED);
        break;

    case NGX_HTTP_WXAPP_LIMIT_ALLOWED:
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_BYPASSED);
        return NGX_OK;

    default: /* NGX_HTTP_WXAPP_LIMIT_FAILED */
        ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_ERROR);
        return NGX_OK;
    }

    return conf->dry_run ? NGX_OK
                         : ngx_http_wxapp_limit_headers(r, conf, lctx);
}


/* the bucket was that far from full before: at its rate, that is our turn */

static void
ngx_http_wxapp_limit_slow(ngx_http_wxapp_limit_ctx_t *lctx)
{
    int64_t                       us;
    ngx_uint_t                    i;
    ngx_http_wxapp_limit_item_t  *item;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if (!item->rule->delay) {
            continue;
        }

        us = item->reset - (double) item->rule->interval * item->cost / 1000;

        if (us / 1000 > (int64_t) lctx->delay) {
            lctx->delay = us / 1000;
            lctx->policy = &item->rule->name;
        }
    }
}


static ngx_int_t
ngx_http_wxapp_limit_act(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    switch (ctx->limit) {

    case NGX_HTTP_WXAPP_LIMIT_DENIED:

        if (lctx->banned) {
            return ngx_http_wxapp_limit_refuse(r, conf->status, "banned",
                                         "too many requests over the limit, "
                                         "come back later", lctx->policy);
        }

        return ngx_http_wxapp_limit_refuse(r, conf->status, "rate_limited",
                                           "too many requests, "
                                           "try again later", lctx->policy);

    case NGX_HTTP_WXAPP_LIMIT_FAILED:
        return ngx_http_wxapp_limit_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                           "limit_unavailable",
                                           "the rate limit cannot be checked, "
                                           "try again later", NULL);

    case NGX_HTTP_WXAPP_LIMIT_LATER:

        if (lctx->delay == 0) {
            return NGX_DECLINED;
        }

        /* the client may go away meanwhile */

        ngx_http_wxapp_watch(r);

        r->write_event_handler = ngx_http_wxapp_limit_resume;
        r->connection->write->delayed = 1;

        ngx_add_timer(r->connection->write, lctx->delay);
        lctx->delay = 0;

        return NGX_AGAIN;

    default:
        return NGX_DECLINED;
    }
}


static void
ngx_http_wxapp_limit_resume(ngx_http_request_t *r)
{
    ngx_event_t  *wev;

    wev = r->connection->write;

    if (wev->delayed) {

        if (ngx_handle_write_event(wev, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }

        return;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


/* an internal redirect clears r->ctx, but not the pool */

static ngx_http_wxapp_limit_ctx_t *
ngx_http_wxapp_limit_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_wxapp_limit_ctx_t  *lctx;

    lctx = ngx_http_get_module_ctx(r->main, ngx_http_wxapp_limit_module);

    if (lctx || (!r->main->internal && !r->main->filter_finalize)) {
        return lctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_wxapp_limit_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_http_wxapp_limit_cleanup(void *data)
{
    ngx_http_wxapp_limit_ctx_t *lctx = data;

    while (lctx->nholds) {
        ngx_http_wxapp_inflight_leave(lctx->holds[--lctx->nholds]);
    }
}


static void
ngx_http_wxapp_limit_log(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, const char *what, ngx_str_t *policy)
{
    ngx_log_error(conf->log_level, r->connection->log, 0, "%s \"%V\"%s", what,
                  policy, conf->dry_run ? ", dry run" : "");
}


static ngx_int_t
ngx_http_wxapp_limit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_http_wxapp_limit_word(v, ctx->limit);

    return NGX_OK;
}


/* of a refusal only the rule that refused has a word */

static ngx_int_t
ngx_http_wxapp_limit_rule_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                   *name = (ngx_str_t *) data;

    u_char                      *p;
    size_t                       len;
    ngx_str_t                   *rule;
    ngx_uint_t                   i, limit;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_limit_ctx_t  *lctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    v->not_found = 1;

    lctx = ngx_http_wxapp_limit_find(r);
    if (lctx == NULL) {
        return NGX_OK;
    }

    p = name->data + sizeof("wxapp_limit_") - 1;
    len = name->len - (sizeof("wxapp_limit_") - 1);
    limit = ctx->limit;

    rule = lctx->policy;

    if (rule && rule->len == len && ngx_strncasecmp(rule->data, p, len) == 0) {
        ngx_http_wxapp_limit_word(v, limit);
        return NGX_OK;
    }

    switch (limit) {

    case NGX_HTTP_WXAPP_LIMIT_DENIED:
    case NGX_HTTP_WXAPP_LIMIT_WOULD_DENY:
        return NGX_OK;

    case NGX_HTTP_WXAPP_LIMIT_LATER:
    case NGX_HTTP_WXAPP_LIMIT_WOULD_DELAY:
        limit = NGX_HTTP_WXAPP_LIMIT_OK;
    }

    for (i = 0; i < lctx->n; i++) {
        rule = &lctx->items[i].rule->name;

        if (rule->len == len && ngx_strncasecmp(rule->data, p, len) == 0) {
            ngx_http_wxapp_limit_word(v, limit);
            return NGX_OK;
        }
    }

    return NGX_OK;
}


static void
ngx_http_wxapp_limit_word(ngx_http_variable_value_t *v, ngx_uint_t limit)
{
    ngx_str_t  s;

    s.data = (u_char *) ngx_http_wxapp_limit_words[limit];

    if (s.data == NULL) {
        v->not_found = 1;
        return;
    }

    s.len = ngx_strlen(s.data);

    ngx_http_wxapp_variable(v, &s);
}


static ngx_int_t
ngx_http_wxapp_limit_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_limit_vars);
}


static ngx_int_t
ngx_http_wxapp_limit_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_wxapp_limit_main_conf_t  *lmcf;

    lmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_limit_module);

    if (lmcf->zone == NULL) {
        return NGX_OK;
    }

    if (ngx_http_wxapp_limit_script_init() != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                                ngx_http_wxapp_limit_handler);
}


static void *
ngx_http_wxapp_limit_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_limit_main_conf_t));
}


static void *
ngx_http_wxapp_limit_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_limit_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_limit_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->rules = NGX_CONF_UNSET_PTR;
    conf->inflights = NGX_CONF_UNSET_PTR;
    conf->denies = NGX_CONF_UNSET_PTR;
    conf->dry_run = NGX_CONF_UNSET;
    conf->status = NGX_CONF_UNSET_UINT;
    conf->log_level = NGX_CONF_UNSET_UINT;
    conf->headers = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_wxapp_limit_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wxapp_limit_conf_t *prev = parent;
    ngx_http_wxapp_limit_conf_t *conf = child;

    ngx_http_wxapp_main_conf_t  *wmcf;

    if (conf->rules == NGX_CONF_UNSET_PTR) {
        conf->place = prev->place;
    }

    ngx_conf_merge_ptr_value(conf->rules, prev->rules, NULL);
    ngx_conf_merge_ptr_value(conf->inflights, prev->inflights, NULL);
    ngx_conf_merge_ptr_value(conf->denies, prev->denies, NULL);
    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);
    ngx_conf_merge_uint_value(conf->status, prev->status,
                              NGX_HTTP_TOO_MANY_REQUESTS);
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level, NGX_LOG_INFO);
    ngx_conf_merge_uint_value(conf->headers, prev->headers,
                              NGX_HTTP_WXAPP_LIMIT_DRAFT);

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (conf->rules && wmcf->redis == NULL) {
        return ngx_http_wxapp_conf_needs(cf, &conf->place, "wxapp_limit",
                                         "wxapp_redis");
    }

    return NGX_CONF_OK;
}
