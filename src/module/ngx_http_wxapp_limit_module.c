
/*
 * wxapp_limit: token buckets in Redis, all rules of a location in one call.
 */


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_reply.h"
#include "base/ngx_wxapp_crypto.h"


#define NGX_HTTP_WXAPP_LIMIT_RULES  8
#define NGX_HTTP_WXAPP_LIMIT_KEY    128     /* longer keys are hashed */
#define NGX_HTTP_WXAPP_LIMIT_NONE   -1


/* ctx->limit, in the order of ngx_http_wxapp_limit_words[] */

typedef enum {
    NGX_HTTP_WXAPP_LIMIT_UNSET = 0,
    NGX_HTTP_WXAPP_LIMIT_ASKED,
    NGX_HTTP_WXAPP_LIMIT_OK,
    NGX_HTTP_WXAPP_LIMIT_DENIED,
    NGX_HTTP_WXAPP_LIMIT_ALLOWED,
    NGX_HTTP_WXAPP_LIMIT_FAILED
} ngx_http_wxapp_limit_e;


typedef struct {
    ngx_str_t                 name;
    ngx_http_complex_value_t  key;
    uint64_t                  interval;       /* ns to grow one token */
    ngx_uint_t                burst;
    ngx_uint_t                deny;           /* unsigned  deny:1; */
} ngx_http_wxapp_limit_rule_t;


typedef struct {
    ngx_array_t              *rules;          /* ngx_http_wxapp_limit_rule_t */
    ngx_http_wxapp_place_t    place;
} ngx_http_wxapp_limit_conf_t;


/* the parameters of a directive, as they stand there */

typedef struct {
    ngx_str_t                 rate;
    ngx_uint_t                burst;
    ngx_str_t                 key;
    ngx_str_t                 on_error;
} ngx_http_wxapp_limit_args_t;


/* one call: the rules that apply to the request, and their answers */

typedef struct {
    ngx_uint_t                    n;
    ngx_http_wxapp_limit_rule_t  *rules[NGX_HTTP_WXAPP_LIMIT_RULES];
    ngx_str_t                     keys[NGX_HTTP_WXAPP_LIMIT_RULES];
    ngx_int_t                     denied;     /* rule, or NONE */
    int64_t                       retry;      /* us */
    int64_t                       left[NGX_HTTP_WXAPP_LIMIT_RULES];
    int64_t                       reset[NGX_HTTP_WXAPP_LIMIT_RULES];  /* us */
} ngx_http_wxapp_limit_ctx_t;


static ngx_int_t ngx_http_wxapp_limit_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_limit_ask(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx);
static ngx_int_t ngx_http_wxapp_limit_key(ngx_http_request_t *r,
    ngx_http_wxapp_limit_rule_t *rule, ngx_str_t *key);
static void ngx_http_wxapp_limit_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static ngx_int_t ngx_http_wxapp_limit_answer(ngx_http_wxapp_limit_ctx_t *lctx,
    redisReply *reply);
static ngx_int_t ngx_http_wxapp_limit_headers(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_int_t ngx_http_wxapp_limit_refuse(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx);
static int64_t ngx_http_wxapp_limit_within(int64_t n, int64_t max);
static int64_t ngx_http_wxapp_limit_window(ngx_http_wxapp_limit_rule_t *rule);
static ngx_uint_t ngx_http_wxapp_limit_seconds(int64_t us);
static ngx_int_t ngx_http_wxapp_limit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static char *ngx_http_wxapp_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_limit_rule(ngx_conf_t *cf,
    ngx_http_wxapp_limit_conf_t *lcf, ngx_http_wxapp_limit_args_t *args);
static ngx_int_t ngx_http_wxapp_limit_rate(ngx_str_t *s, uint64_t *interval);
static ngx_int_t ngx_http_wxapp_limit_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_limit_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_limit_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_limit_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);


/*
 * A bucket is one number: the time, in microseconds of Redis' clock, at which
 * it will be full again; a double has room for quarters of one.  A token moves
 * it on by the time one takes to grow; more than a full bucket's time ahead of
 * now it may not go.  Either every rule gives its token or none does.
 *
 * Arguments by rule: the interval, the burst.  Reply: the rule that denies or
 * 0, its wait, then by rule the tokens left and the time to a full bucket.
 */

static ngx_wxapp_redis_script_t  ngx_http_wxapp_limit_script = {
    ngx_string(
        "local t = redis.call('TIME')\n"
        "local now = t[1] * 1000000 + t[2]\n"
        "local full = redis.call('MGET', unpack(KEYS))\n"
        "local denied, wait = 0, 0\n"
        "for i = 1, #KEYS do\n"
        "    local step, burst = ARGV[2 * i - 1], ARGV[2 * i]\n"
        "    full[i] = math.max(tonumber(full[i] or now) or now, now)\n"
        "    full[i] = math.min(full[i], now + burst * step)\n"
        "    local w = full[i] + step - burst * step - now\n"
        "    if w > wait then denied, wait = i, w end\n"
        "end\n"
        "local reply = { denied, wait }\n"
        "for i = 1, #KEYS do\n"
        "    local step, burst = ARGV[2 * i - 1], ARGV[2 * i]\n"
        "    if denied == 0 then\n"
        "        full[i] = full[i] + step\n"
        "        local f = full[i] % 1 == 0 and '%.0f' or '%.2f'\n"
        "        redis.call('SET', KEYS[i], f:format(full[i]),\n"
        "                   'PX', math.ceil((full[i] - now) / 1000) + 1)\n"
        "    end\n"
        "    reply[2 * i + 1] = math.floor((now + burst * step - full[i])\n"
        "                                  / step)\n"
        "    reply[2 * i + 2] = full[i] - now\n"
        "end\n"
        "return reply\n"),
    { 0 }
};


/* NULL: not limited at all, or not known yet */

static const char  *ngx_http_wxapp_limit_words[] = {
    NULL,
    NULL,
    "passed",
    "rejected",
    "bypassed",
    "error"
};


static ngx_command_t  ngx_http_wxapp_limit_commands[] = {

    { ngx_string("wxapp_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_wxapp_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_limit_module_ctx = {
    ngx_http_wxapp_limit_preconfiguration, /* preconfiguration */
    ngx_http_wxapp_limit_postconfiguration,/* postconfiguration */

    NULL,                                  /* create main configuration */
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


static ngx_http_wxapp_param_t  ngx_http_wxapp_limit_params[] = {

    { ngx_string("rate"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, rate), 0, 0 },

    { ngx_string("burst"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_limit_args_t, burst), 1, 1000000 },

    { ngx_string("key"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, key), 0, 0 },

    { ngx_string("on_error"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, on_error), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_variable_t  ngx_http_wxapp_limit_vars[] = {

    { ngx_string("wxapp_limit_status"), NULL, ngx_http_wxapp_limit_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

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

    if (conf->rules == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    lctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_limit_module);

    switch (ctx->limit) {

    case NGX_HTTP_WXAPP_LIMIT_UNSET:
        rc = ngx_http_wxapp_limit_ask(r, conf, ctx);

        return (rc == NGX_ERROR) ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;

    case NGX_HTTP_WXAPP_LIMIT_ASKED:
        return NGX_AGAIN;

    case NGX_HTTP_WXAPP_LIMIT_DENIED:
        if (lctx) {
            return ngx_http_wxapp_limit_refuse(r, lctx);
        }

        break;

    case NGX_HTTP_WXAPP_LIMIT_FAILED:
        if (lctx) {
            return ngx_http_wxapp_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "limit_unavailable",
                                         "the rate limit cannot be checked, "
                                         "try again later");
        }

        break;

    default:
        break;
    }

    /* without lctx: an internal redirect of a request already counted */

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_limit_ask(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_ctx_t *ctx)
{
    u_char                       *p;
    ngx_int_t                     rc;
    ngx_str_t                     argv[3 * NGX_HTTP_WXAPP_LIMIT_RULES];
    ngx_str_t                     key;
    ngx_uint_t                    i, n;
    ngx_wxapp_redis_op_t         *op;
    ngx_http_wxapp_main_conf_t   *wmcf;
    ngx_http_wxapp_limit_ctx_t   *lctx;
    ngx_http_wxapp_limit_rule_t  *rule;

    wmcf = ngx_http_wxapp_main(r);
    rule = conf->rules->elts;

    lctx = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_limit_ctx_t));
    if (lctx == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < conf->rules->nelts; i++) {

        rc = ngx_http_wxapp_limit_key(r, &rule[i], &key);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        /* as in limit_req, an empty key is not limited */

        if (rc == NGX_DECLINED) {
            continue;
        }

        lctx->rules[n] = &rule[i];
        lctx->keys[n] = key;
        argv[n++] = key;
    }

    if (n == 0) {
        return NGX_DECLINED;
    }

    lctx->n = n;

    for (i = 0; i < n; i++) {
        p = ngx_pnalloc(r->pool, 2 * NGX_INT64_LEN + 4);
        if (p == NULL) {
            return NGX_ERROR;
        }

        argv[n + 2 * i].data = p;
        p = ngx_sprintf(p, "%uL", lctx->rules[i]->interval / 1000);

        if (lctx->rules[i]->interval % 1000) {
            p = ngx_sprintf(p, ".%03uL", lctx->rules[i]->interval % 1000);
        }

        argv[n + 2 * i].len = p - argv[n + 2 * i].data;

        argv[n + 2 * i + 1].data = p;
        p = ngx_sprintf(p, "%ui", lctx->rules[i]->burst);
        argv[n + 2 * i + 1].len = p - argv[n + 2 * i + 1].data;
    }

    op = ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_limit_script, n,
                              argv, 3 * n);
    if (op == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_wxapp_wait_redis(r, &op->op, ngx_http_wxapp_limit_done)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->limit = NGX_HTTP_WXAPP_LIMIT_ASKED;
    ngx_http_set_ctx(r, lctx, ngx_http_wxapp_limit_module);

    ngx_wxapp_redis_send(op);

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_wxapp_limit_key(ngx_http_request_t *r,
    ngx_http_wxapp_limit_rule_t *rule, ngx_str_t *key)
{
    u_char                      *p, digest[NGX_WXAPP_SHA256_LEN];
    ngx_str_t                    value;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (ngx_http_complex_value(r, &rule->key, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_DECLINED;
    }

    if (value.len > NGX_HTTP_WXAPP_LIMIT_KEY) {
        if (ngx_wxapp_sha256(&value, digest) != NGX_OK) {
            return NGX_ERROR;
        }

        value.data = digest;
        value.len = sizeof(digest);
    }

    wmcf = ngx_http_wxapp_main(r);

    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len + sizeof("limit::") - 1
                             + rule->name.len + value.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_sprintf(p, "%Vlimit:%V:", &wmcf->redis->prefix, &rule->name);
    p = ngx_cpymem(p, value.data, value.len);

    key->len = p - key->data;

    return NGX_OK;
}


static void
ngx_http_wxapp_limit_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_uint_t                   i, ok, deny;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_wxapp_redis_op_t        *rop = (ngx_wxapp_redis_op_t *) op;
    ngx_http_wxapp_limit_ctx_t  *lctx;

    static ngx_uint_t  enforced = 1;      /* in this worker */

    ctx = ngx_http_wxapp_ctx(r);
    lctx = ngx_http_get_module_ctx(r, ngx_http_wxapp_limit_module);

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

        if (lctx->denied == NGX_HTTP_WXAPP_LIMIT_NONE) {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_OK;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_PASSED);

        } else {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_DENIED;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_REJECTED);
        }

        if (ngx_http_wxapp_limit_headers(r, lctx) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

    } else {
        deny = 0;

        for (i = 0; i < lctx->n; i++) {
            deny |= lctx->rules[i]->deny;
        }

        if (deny) {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_FAILED;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_ERROR);

        } else {
            ctx->limit = NGX_HTTP_WXAPP_LIMIT_ALLOWED;
            ngx_http_wxapp_count(NGX_HTTP_WXAPP_LIMIT_BYPASSED);
        }
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler(r);
}


static ngx_int_t
ngx_http_wxapp_limit_answer(ngx_http_wxapp_limit_ctx_t *lctx,
    redisReply *reply)
{
    int64_t                        window;
    ngx_uint_t                     i;
    redisReply                   **item;
    ngx_http_wxapp_limit_rule_t   *rule;

    if (reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2 + 2 * lctx->n)
    {
        return NGX_ERROR;
    }

    item = reply->element;

    for (i = 0; i < reply->elements; i++) {
        if (item[i]->type != REDIS_REPLY_INTEGER) {
            return NGX_ERROR;
        }
    }

    if (item[0]->integer < 0 || item[0]->integer > (int64_t) lctx->n) {
        return NGX_ERROR;
    }

    lctx->denied = item[0]->integer ? item[0]->integer - 1
                                    : NGX_HTTP_WXAPP_LIMIT_NONE;
    lctx->retry = 0;

    /* headers stay readable, whatever a server that is not ours may say */

    for (i = 0; i < lctx->n; i++) {
        rule = lctx->rules[i];
        window = ngx_http_wxapp_limit_window(rule);

        lctx->left[i] = ngx_http_wxapp_limit_within(item[2 * i + 2]->integer,
                                                    rule->burst);
        lctx->reset[i] = ngx_http_wxapp_limit_within(item[2 * i + 3]->integer,
                                                     window);

        if (lctx->denied == (ngx_int_t) i) {
            lctx->retry = ngx_http_wxapp_limit_within(item[1]->integer,
                                                      window);
        }
    }

    return NGX_OK;
}


static int64_t
ngx_http_wxapp_limit_within(int64_t n, int64_t max)
{
    return (n < 0) ? 0 : ngx_min(n, max);
}


/* the time in which an empty bucket fills, in us, rounded up */

static int64_t
ngx_http_wxapp_limit_window(ngx_http_wxapp_limit_rule_t *rule)
{
    return rule->interval / 1000 * rule->burst
           + (rule->interval % 1000 * rule->burst + 999) / 1000;
}


/* draft-ietf-httpapi-ratelimit-headers-10 */

static ngx_int_t
ngx_http_wxapp_limit_headers(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    u_char                       *p, *s;
    size_t                        len;
    ngx_str_t                     policy, state;
    ngx_uint_t                    i;
    ngx_http_wxapp_limit_rule_t  *rule;

    len = 0;

    for (i = 0; i < lctx->n; i++) {
        len += lctx->rules[i]->name.len + sizeof(", \"\";q=;w=") - 1
               + 2 * NGX_INT64_LEN;
    }

    p = ngx_pnalloc(r->pool, len);
    s = ngx_pnalloc(r->pool, len);

    if (p == NULL || s == NULL) {
        return NGX_ERROR;
    }

    policy.data = p;
    state.data = s;

    for (i = 0; i < lctx->n; i++) {
        rule = lctx->rules[i];

        p = ngx_sprintf(p, "%s\"%V\";q=%ui;w=%ui", i ? ", " : "",
                        &rule->name, rule->burst,
                        ngx_http_wxapp_limit_seconds(
                                         ngx_http_wxapp_limit_window(rule)));
        s = ngx_sprintf(s, "%s\"%V\";r=%L;t=%ui", i ? ", " : "",
                        &rule->name, lctx->left[i],
                        ngx_http_wxapp_limit_seconds(lctx->reset[i]));
    }

    policy.len = p - policy.data;
    state.len = s - state.data;

    if (ngx_http_wxapp_header(r, "RateLimit-Policy", &policy) == NULL
        || ngx_http_wxapp_header(r, "RateLimit", &state) == NULL)
    {
        return NGX_ERROR;
    }

    if (lctx->denied == NGX_HTTP_WXAPP_LIMIT_NONE) {
        return NGX_OK;
    }

    return ngx_http_wxapp_retry_after(r,
                                  ngx_http_wxapp_limit_seconds(lctx->retry));
}


static ngx_int_t
ngx_http_wxapp_limit_refuse(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    ngx_int_t          rc;
    ngx_str_t          message, details;
    ngx_wxapp_text_t   text;

    ngx_wxapp_text_init(&text, r->pool, 64);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "policy");
    ngx_wxapp_json_str(&text, &lctx->rules[lctx->denied]->name);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &details) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&message, "too many requests, try again later");

    rc = ngx_http_wxapp_problem_details(r, NGX_HTTP_TOO_MANY_REQUESTS,
                                        "rate_limited", &message, &details);

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


/* never earlier than the truth */

static ngx_uint_t
ngx_http_wxapp_limit_seconds(int64_t us)
{
    return (us + 999999) / 1000000;
}


static ngx_int_t
ngx_http_wxapp_limit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    const char            *word;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    word = ngx_http_wxapp_limit_words[ctx->limit];

    if (word == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.data = (u_char *) word;
    s.len = ngx_strlen(word);

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


static char *
ngx_http_wxapp_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_limit_conf_t *lcf = conf;

    char                         *rv;
    u_char                       *p;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_wxapp_limit_args_t   args;
    ngx_http_wxapp_limit_rule_t  *rule;

    ngx_http_wxapp_conf_place(cf, &lcf->place);

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {

        if (lcf->rules != NGX_CONF_UNSET_PTR) {
            return "is duplicate";
        }

        lcf->rules = NULL;
        return NGX_CONF_OK;
    }

    /* it goes into header fields and keys */

    p = value[1].data;

    do {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name \"%V\" of a limit", &value[1]);
            return NGX_CONF_ERROR;
        }

    } while (*++p);

    ngx_memzero(&args, sizeof(ngx_http_wxapp_limit_args_t));
    args.burst = 1;

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_limit_params, 2, &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (args.rate.len == 0 || args.key.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "limit \"%V\" needs \"rate\" and \"key\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (lcf->rules == NULL) {
        return "is off and on in the same place";
    }

    if (lcf->rules == NGX_CONF_UNSET_PTR) {
        lcf->rules = ngx_array_create(cf->pool, 2,
                                      sizeof(ngx_http_wxapp_limit_rule_t));
        if (lcf->rules == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rule = lcf->rules->elts;

    for (i = 0; i < lcf->rules->nelts; i++) {
        if (rule[i].name.len == value[1].len
            && ngx_strcmp(rule[i].name.data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate limit \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (lcf->rules->nelts == NGX_HTTP_WXAPP_LIMIT_RULES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d limits in one place",
                           NGX_HTTP_WXAPP_LIMIT_RULES);
        return NGX_CONF_ERROR;
    }

    return ngx_http_wxapp_limit_rule(cf, lcf, &args);
}


static char *
ngx_http_wxapp_limit_rule(ngx_conf_t *cf, ngx_http_wxapp_limit_conf_t *lcf,
    ngx_http_wxapp_limit_args_t *args)
{
    ngx_str_t                         *value;
    ngx_http_wxapp_limit_rule_t       *rule;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;

    rule = ngx_array_push(lcf->rules);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(rule, sizeof(ngx_http_wxapp_limit_rule_t));

    rule->name = value[1];
    rule->burst = args->burst;

    if (ngx_http_wxapp_limit_rate(&args->rate, &rule->interval) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rate \"%V\", it must be a number from 1 "
                           "to 1000000 and \"r/s\", \"r/m\", \"r/h\" or "
                           "\"r/d\"", &args->rate);
        return NGX_CONF_ERROR;
    }

    if (args->on_error.len) {
        if (ngx_strcmp(args->on_error.data, "deny") == 0) {
            rule->deny = 1;

        } else if (ngx_strcmp(args->on_error.data, "allow") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of \"on_error\", it "
                               "must be \"allow\" or \"deny\"",
                               &args->on_error);
            return NGX_CONF_ERROR;
        }
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &args->key;
    ccv.complex_value = &rule->key;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_wxapp_limit_rate(ngx_str_t *s, uint64_t *interval)
{
    u_char     *p;
    uint64_t    period;
    ngx_int_t   n;

    if (s->len < 4) {
        return NGX_ERROR;
    }

    p = s->data + s->len - 3;

    if (p[0] != 'r' || p[1] != '/') {
        return NGX_ERROR;
    }

    switch (p[2]) {

    case 's':
        period = 1000000000;
        break;

    case 'm':
        period = (uint64_t) 60 * 1000000000;
        break;

    case 'h':
        period = (uint64_t) 3600 * 1000000000;
        break;

    case 'd':
        period = (uint64_t) 86400 * 1000000000;
        break;

    default:
        return NGX_ERROR;
    }

    n = ngx_atoi(s->data, s->len - 3);

    if (n < 1 || n > 1000000) {
        return NGX_ERROR;
    }

    *interval = period / n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_limit_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_limit_vars);
}


static ngx_int_t
ngx_http_wxapp_limit_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt         *h;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (wmcf->redis == NULL) {
        return NGX_OK;
    }

    if (ngx_wxapp_redis_script(&ngx_http_wxapp_limit_script) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_wxapp_limit_handler;

    return NGX_OK;
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

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (conf->rules && wmcf->redis == NULL) {
        return ngx_http_wxapp_conf_needs(cf, &conf->place, "wxapp_limit",
                                         "wxapp_redis");
    }

    return NGX_CONF_OK;
}
