
/*
 * The directives wxapp_limit, wxapp_limit_inflight and wxapp_limit_deny.
 */


#include "module/ngx_http_wxapp_limit.h"
#include "base/ngx_wxapp_hash.h"


/* the parameters of wxapp_limit, as they stand there */

typedef struct {
    ngx_str_t                 rate;
    ngx_str_t                 key;
    ngx_str_t                 algorithm;
    ngx_str_t                 on_error;
    ngx_str_t                 cost;
    ngx_str_t                 ban;
    ngx_uint_t                burst;
    ngx_uint_t                lease;
} ngx_http_wxapp_limit_args_t;


typedef struct {
    ngx_str_t                 key;
    ngx_uint_t                max;
} ngx_http_wxapp_limit_inflight_args_t;


typedef struct {
    ngx_str_t                 key;
} ngx_http_wxapp_limit_deny_args_t;


static char *ngx_http_wxapp_limit_start(ngx_conf_t *cf, ngx_array_t **rules,
    size_t size);
static char *ngx_http_wxapp_limit_name(ngx_conf_t *cf, ngx_str_t *name);
static ngx_uint_t ngx_http_wxapp_limit_delay(ngx_conf_t *cf);
static char *ngx_http_wxapp_limit_rule(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_http_wxapp_limit_args_t *args);
static char *ngx_http_wxapp_limit_algorithm(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_http_wxapp_limit_args_t *args);
static char *ngx_http_wxapp_limit_on_error(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_str_t *word);
static char *ngx_http_wxapp_limit_cost(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_str_t *cost);
static ngx_int_t ngx_http_wxapp_limit_ban(ngx_str_t *s,
    ngx_http_wxapp_limit_rule_t *rule, ngx_msec_t *in);
static ngx_int_t ngx_http_wxapp_limit_rate(ngx_str_t *s, ngx_uint_t *n,
    uint64_t *period);
static uint64_t ngx_http_wxapp_limit_seed(ngx_str_t *name, uint64_t a,
    uint64_t b);
static ngx_int_t ngx_http_wxapp_limit_value(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_complex_value_t *cv);


static ngx_http_wxapp_param_t  ngx_http_wxapp_limit_params[] = {

    { ngx_string("rate"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, rate), 0, 0 },

    { ngx_string("burst"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_limit_args_t, burst), 1, 1000000 },

    { ngx_string("key"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, key), 0, 0 },

    { ngx_string("on_error"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, on_error), 0, 0 },

    { ngx_string("algorithm"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, algorithm), 0, 0 },

    { ngx_string("cost"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, cost), 0, 0 },

    { ngx_string("lease"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_limit_args_t, lease), 1, 10000 },

    { ngx_string("ban"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_args_t, ban), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_limit_inflight_params[] = {

    { ngx_string("max"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_limit_inflight_args_t, max), 1, 65535 },

    { ngx_string("key"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_inflight_args_t, key), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_limit_deny_params[] = {

    { ngx_string("key"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_limit_deny_args_t, key), 0, 0 },

      ngx_http_wxapp_null_param
};


static ngx_str_t  ngx_http_wxapp_limit_algorithms[] = {
    ngx_string("token_bucket"),
    ngx_string("sliding_window"),
    ngx_string("fixed_window"),
};


static ngx_str_t  ngx_http_wxapp_limit_errors[] = {
    ngx_string("allow"),
    ngx_string("deny"),
    ngx_string("local"),
};


char *
ngx_http_wxapp_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_limit_conf_t *lcf = conf;

    char                         *rv;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_wxapp_limit_args_t   args;
    ngx_http_wxapp_limit_rule_t  *rule;

    ngx_http_wxapp_conf_place(cf, &lcf->place);

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        return ngx_http_wxapp_limit_start(cf, &lcf->rules, 0);
    }

    rv = ngx_http_wxapp_limit_name(cf, &value[1]);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_memzero(&args, sizeof(ngx_http_wxapp_limit_args_t));

    i = ngx_http_wxapp_limit_delay(cf);

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

    rv = ngx_http_wxapp_limit_start(cf, &lcf->rules,
                                    sizeof(ngx_http_wxapp_limit_rule_t));
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rule = ngx_array_push(lcf->rules);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(rule, sizeof(ngx_http_wxapp_limit_rule_t));

    rule->name = value[1];
    rule->delay = i;

    return ngx_http_wxapp_limit_rule(cf, rule, &args);
}


/* the list of a place: made by its first entry; with size 0 there is none */

static char *
ngx_http_wxapp_limit_start(ngx_conf_t *cf, ngx_array_t **list, size_t size)
{
    u_char                            *p;
    ngx_str_t                         *value, *name;
    ngx_uint_t                         i;
    ngx_http_wxapp_limit_main_conf_t  *lmcf;

    if (size == 0) {

        if (*list != NGX_CONF_UNSET_PTR) {
            return "is duplicate";
        }

        *list = NULL;
        return NGX_CONF_OK;
    }

    if (*list == NULL) {
        return "is off and on in the same place";
    }

    lmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_limit_module);

    if (lmcf->zone == NULL) {
        lmcf->zone = ngx_http_wxapp_limit_zone_add(cf,
                                                &ngx_http_wxapp_limit_module);
        if (lmcf->zone == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (*list == NGX_CONF_UNSET_PTR) {
        *list = ngx_array_create(cf->pool, 2, size);

        return *list ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    /* each entry begins with its name */

    value = cf->args->elts;
    p = (*list)->elts;

    for (i = 0; i < (*list)->nelts; i++, p += size) {
        name = (ngx_str_t *) p;

        if (name->len == value[1].len
            && ngx_strcmp(name->data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate limit \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if ((*list)->nelts == NGX_HTTP_WXAPP_LIMIT_RULES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d limits in one place",
                           NGX_HTTP_WXAPP_LIMIT_RULES);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* it goes into header fields and keys */

static char *
ngx_http_wxapp_limit_name(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char  *p;

    p = name->data;

    do {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name \"%V\" of a limit", name);
            return NGX_CONF_ERROR;
        }

    } while (*++p);

    return NGX_CONF_OK;
}


/* the one parameter that is a word; taken out */

static ngx_uint_t
ngx_http_wxapp_limit_delay(ngx_conf_t *cf)
{
    ngx_str_t   *value;
    ngx_uint_t   i, delay;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        delay = (ngx_strcmp(value[i].data, "delay") == 0);

        if (delay || ngx_strcmp(value[i].data, "nodelay") == 0) {
            cf->args->nelts--;
            ngx_memmove(&value[i], &value[i + 1],
                        (cf->args->nelts - i) * sizeof(ngx_str_t));
            return delay;
        }
    }

    return 0;
}


static char *
ngx_http_wxapp_limit_rule(ngx_conf_t *cf, ngx_http_wxapp_limit_rule_t *rule,
    ngx_http_wxapp_limit_args_t *args)
{
    char        *rv;
    uint64_t     period;
    ngx_uint_t   n;
    ngx_msec_t   in;

    if (ngx_http_wxapp_limit_rate(&args->rate, &n, &period) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rate \"%V\", it must be a number from 1 "
                           "to 1000000 and \"r/s\", \"r/m\", \"r/h\" or "
                           "\"r/d\"", &args->rate);
        return NGX_CONF_ERROR;
    }

    rule->interval = period / n;
    rule->lease = args->lease;

    rv = ngx_http_wxapp_limit_algorithm(cf, rule, args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (rule->algorithm == NGX_HTTP_WXAPP_LIMIT_BUCKET) {
        rule->burst = args->burst ? args->burst : 1;

        /* the time in which an empty bucket fills, rounded up */

        rule->window = rule->interval / 1000 * rule->burst
                       + (rule->interval % 1000 * rule->burst + 999) / 1000;

    } else {
        rule->burst = n;
        rule->window = period / 1000;
    }

    if (rule->lease && rule->lease >= rule->burst) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"lease\" must be less than \"burst\"");
        return NGX_CONF_ERROR;
    }

    if (rule->lease && rule->delay) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"lease\" and \"delay\" do not go together");
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_limit_on_error(cf, rule, &args->on_error);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_wxapp_limit_cost(cf, rule, &args->cost);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    in = 0;

    if (args->ban.len
        && ngx_http_wxapp_limit_ban(&args->ban, rule, &in) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid ban \"%V\", it must be COUNT/IN/FOR, a "
                           "number from 1 to 1000000 and two times from 1s to "
                           "365d", &args->ban);
        return NGX_CONF_ERROR;
    }

    /* a rule of the same name with other numbers has marks of its own */

    rule->seed = ngx_http_wxapp_limit_seed(&rule->name, rule->interval,
                                           rule->burst * 4 + rule->algorithm);

    if (ngx_http_wxapp_limit_script_rule(cf, rule, in) != NGX_OK
        || ngx_http_wxapp_limit_value(cf, &args->key, &rule->key) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_limit_algorithm(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_http_wxapp_limit_args_t *args)
{
    ngx_str_t   *names;
    ngx_uint_t   i;
    const char  *alien;

    names = ngx_http_wxapp_limit_algorithms;

    if (args->algorithm.len) {

        for (i = 0; ngx_strcmp(args->algorithm.data, names[i].data) != 0; i++)
        {
            if (i == NGX_HTTP_WXAPP_LIMIT_FIXED) {
                return ngx_http_wxapp_conf_unknown(cf, "algorithm",
                                                   &args->algorithm, names,
                                                   i + 1, sizeof(ngx_str_t));
            }
        }

        rule->algorithm = i;
    }

    if (rule->algorithm == NGX_HTTP_WXAPP_LIMIT_BUCKET) {
        return NGX_CONF_OK;
    }

    alien = args->burst ? "burst" : args->lease ? "lease"
                                  : rule->delay ? "delay" : NULL;

    if (alien) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" goes with \"algorithm=token_bucket\" only",
                           alien);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_limit_on_error(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_str_t *word)
{
    ngx_uint_t  i;

    if (word->len == 0) {
        return NGX_CONF_OK;
    }

    for (i = 0; i <= NGX_HTTP_WXAPP_LIMIT_NODE; i++) {

        if (ngx_strcmp(word->data, ngx_http_wxapp_limit_errors[i].data) == 0) {
            rule->on_error = i;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"on_error\", it must be "
                       "\"allow\", \"deny\" or \"local\"", word);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_limit_cost(ngx_conf_t *cf, ngx_http_wxapp_limit_rule_t *rule,
    ngx_str_t *cost)
{
    ngx_int_t  n;

    if (cost->len == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_http_script_variables_count(cost) == 0) {
        n = ngx_atoi(cost->data, cost->len);

        if (n < 1 || n > (ngx_int_t) rule->burst) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cost\" must be between 1 and %ui, what the "
                               "limit \"%V\" has", rule->burst, &rule->name);
            return NGX_CONF_ERROR;
        }
    }

    rule->cost = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));

    if (rule->cost == NULL
        || ngx_http_wxapp_limit_value(cf, cost, rule->cost) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* COUNT/IN/FOR */

static ngx_int_t
ngx_http_wxapp_limit_ban(ngx_str_t *s, ngx_http_wxapp_limit_rule_t *rule,
    ngx_msec_t *in)
{
    u_char      *p, *last;
    ngx_int_t    n[3];
    ngx_str_t    part;
    ngx_uint_t   i;

    p = s->data;

    for (i = 0; i < 3; i++) {
        last = ngx_strlchr(p, s->data + s->len, '/');

        if ((last == NULL) != (i == 2)) {
            return NGX_ERROR;
        }

        part.data = p;
        part.len = (last ? last : s->data + s->len) - p;

        n[i] = i ? ngx_parse_time(&part, 0) : ngx_atoi(part.data, part.len);

        p = last + 1;
    }

    if (n[0] < 1 || n[0] > NGX_HTTP_WXAPP_LIMIT_MAX
        || n[1] < 1000 || n[1] > 365 * (ngx_int_t) 86400000
        || n[2] < 1000 || n[2] > 365 * (ngx_int_t) 86400000)
    {
        return NGX_ERROR;
    }

    rule->ban = n[0];
    rule->banned = (uint64_t) n[2] * 1000;
    *in = n[1];

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_limit_rate(ngx_str_t *s, ngx_uint_t *number, uint64_t *period)
{
    u_char     *p;
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
        *period = 1000000000;
        break;

    case 'm':
        *period = (uint64_t) 60 * 1000000000;
        break;

    case 'h':
        *period = (uint64_t) 3600 * 1000000000;
        break;

    case 'd':
        *period = (uint64_t) 86400 * 1000000000;
        break;

    default:
        return NGX_ERROR;
    }

    n = ngx_atoi(s->data, s->len - 3);

    if (n < 1 || n > NGX_HTTP_WXAPP_LIMIT_MAX) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


/* secrecy is the zone's; here rules are only told apart */

static uint64_t
ngx_http_wxapp_limit_seed(ngx_str_t *name, uint64_t a, uint64_t b)
{
    uint64_t  numbers[2];

    numbers[0] = a;
    numbers[1] = b;

    return ngx_wxapp_hash(numbers, name->data, name->len);
}


static ngx_int_t
ngx_http_wxapp_limit_value(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_complex_value_t *cv)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    return ngx_http_compile_complex_value(&ccv);
}


char *
ngx_http_wxapp_limit_inflight(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_limit_conf_t *lcf = conf;

    char                                  *rv;
    ngx_str_t                             *value;
    ngx_http_wxapp_limit_inflight_t       *inflight;
    ngx_http_wxapp_limit_inflight_args_t   args;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        return ngx_http_wxapp_limit_start(cf, &lcf->inflights, 0);
    }

    rv = ngx_http_wxapp_limit_name(cf, &value[1]);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_memzero(&args, sizeof(ngx_http_wxapp_limit_inflight_args_t));

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_limit_inflight_params,
                                    2, &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (args.max == 0 || args.key.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "limit \"%V\" needs \"max\" and \"key\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_limit_start(cf, &lcf->inflights,
                                    sizeof(ngx_http_wxapp_limit_inflight_t));
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    inflight = ngx_array_push(lcf->inflights);
    if (inflight == NULL) {
        return NGX_CONF_ERROR;
    }

    inflight->name = value[1];
    inflight->max = args.max;
    inflight->seed = ngx_http_wxapp_limit_seed(&inflight->name, 0, 0);

    if (ngx_http_wxapp_limit_value(cf, &args.key, &inflight->key) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_wxapp_limit_deny(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_limit_conf_t *lcf = conf;

    char                              *rv;
    ngx_str_t                         *value;
    ngx_http_wxapp_limit_deny_t       *deny;
    ngx_http_wxapp_limit_deny_args_t   args;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        return ngx_http_wxapp_limit_start(cf, &lcf->denies, 0);
    }

    ngx_memzero(&args, sizeof(ngx_http_wxapp_limit_deny_args_t));

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_limit_deny_params, 2,
                                    &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (args.key.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wxapp_limit_deny\" needs \"key\"");
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_limit_start(cf, &lcf->denies,
                                    sizeof(ngx_http_wxapp_limit_deny_t));
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    deny = ngx_array_push(lcf->denies);
    if (deny == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(deny, sizeof(ngx_http_wxapp_limit_deny_t));

    deny->file = value[1];

    if (ngx_http_wxapp_limit_value(cf, &args.key, &deny->key) != NGX_OK
        || ngx_http_wxapp_limit_deny_load(cf, deny) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
