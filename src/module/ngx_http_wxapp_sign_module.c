
/*
 * wxapp_sign: a request that is signed with the key of its session, once, and
 * a short while ago.  Before the content runs, and before input is checked.
 */


#include "base/ngx_wxapp_crypto.h"
#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_identity.h"
#include "http/ngx_http_wxapp_sign_key.h"


#define NGX_HTTP_WXAPP_SIGN_WINDOW     300000     /* ms */
#define NGX_HTTP_WXAPP_SIGN_TIME       12         /* digits */
#define NGX_HTTP_WXAPP_SIGN_NONCE_MIN  16
#define NGX_HTTP_WXAPP_SIGN_NONCE_MAX  64


/* ctx->sign, in the order of ngx_http_wxapp_sign_words[] */

typedef enum {
    NGX_HTTP_WXAPP_SIGN_UNSET = 0,
    NGX_HTTP_WXAPP_SIGN_ASKED,
    NGX_HTTP_WXAPP_SIGN_OK,
    NGX_HTTP_WXAPP_SIGN_REJECTED,
    NGX_HTTP_WXAPP_SIGN_DRY_RUN,
    NGX_HTTP_WXAPP_SIGN_FAILED
} ngx_http_wxapp_sign_e;


/* what is wrong, in the order of ngx_http_wxapp_sign_problems[] */

typedef enum {
    NGX_HTTP_WXAPP_SIGN_GOOD = 0,
    NGX_HTTP_WXAPP_SIGN_BROKEN,               /* on our side */
    NGX_HTTP_WXAPP_SIGN_MISSING,
    NGX_HTTP_WXAPP_SIGN_MALFORMED,
    NGX_HTTP_WXAPP_SIGN_NO_TOKEN,
    NGX_HTTP_WXAPP_SIGN_BAD_TOKEN,
    NGX_HTTP_WXAPP_SIGN_NO_SESSION,
    NGX_HTTP_WXAPP_SIGN_EXPIRED,
    NGX_HTTP_WXAPP_SIGN_TOO_LARGE,
    NGX_HTTP_WXAPP_SIGN_INVALID,
    NGX_HTTP_WXAPP_SIGN_REPLAY
} ngx_http_wxapp_sign_wrong_e;

typedef struct {
    ngx_uint_t                status;
    const char               *code;
    const char               *message;
} ngx_http_wxapp_sign_problem_t;


typedef struct {
    ngx_flag_t                enable;
    ngx_msec_t                window;
    ngx_flag_t                dry_run;
} ngx_http_wxapp_sign_conf_t;


/* one request: what it shows */

typedef struct {
    ngx_str_t                 timestamp;
    ngx_str_t                 nonce;
    ngx_str_t                 signature;
    ngx_str_t                 id;             /* of the session */
    ngx_str_t                 uid;
    time_t                    time;
} ngx_http_wxapp_sign_t;


static ngx_int_t ngx_http_wxapp_sign_handler(ngx_http_request_t *r);
static ngx_http_wxapp_sign_wrong_e ngx_http_wxapp_sign_headers(
    ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign);
static ngx_http_wxapp_sign_wrong_e ngx_http_wxapp_sign_session(
    ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign);
static ngx_http_wxapp_sign_wrong_e ngx_http_wxapp_sign_timely(
    ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign);
static void ngx_http_wxapp_sign_body(ngx_http_request_t *r);
static ngx_http_wxapp_sign_wrong_e ngx_http_wxapp_sign_check(
    ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign);
static ngx_int_t ngx_http_wxapp_sign_text(ngx_http_request_t *r,
    ngx_http_wxapp_sign_t *sign, ngx_str_t *text);
static ngx_int_t ngx_http_wxapp_sign_verify(ngx_http_request_t *r,
    ngx_http_wxapp_sign_t *sign, ngx_str_t *text);
static ngx_int_t ngx_http_wxapp_sign_once(ngx_http_request_t *r,
    ngx_http_wxapp_sign_t *sign);
static void ngx_http_wxapp_sign_done(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_sign_go(ngx_http_request_t *r, ngx_int_t rc);
static ngx_int_t ngx_http_wxapp_sign_refuse(ngx_http_request_t *r,
    ngx_http_wxapp_sign_wrong_e wrong);
static void ngx_http_wxapp_sign_end(ngx_http_request_t *r,
    ngx_http_wxapp_sign_e state, ngx_http_wxapp_counter_e counter);
static ngx_int_t ngx_http_wxapp_sign_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static char *ngx_http_wxapp_sign(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_wxapp_sign_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_wxapp_sign_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_sign_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_wxapp_sign_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_sign_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/* NULL: not signed at all, or not known yet */

static const char  *ngx_http_wxapp_sign_words[] = {
    NULL,
    NULL,
    "passed",
    "rejected",
    "rejected_dry_run",
    "error"
};


static ngx_http_wxapp_sign_problem_t  ngx_http_wxapp_sign_problems[] = {

    { 0, NULL, NULL },
    { 0, NULL, NULL },

    { 401, "signature_missing", "the request must be signed" },
    { 400, "signature_malformed",
      "X-WX-Timestamp, X-WX-Nonce or X-WX-Signature is malformed" },
    { 401, "unauthorized", "an access token is required" },
    { 401, "invalid_token", "the token is bad or has expired" },
    { 401, "invalid_token", "the token has no session" },
    { 401, "signature_expired",
      "the signature is too old, or the clock is wrong" },
    { 413, "body_too_large", "the body is larger than 1 MB" },
    { 401, "signature_invalid",
      "the signature is not of this request and session" },
    { 401, "signature_replayed", "the request was made before" }
};


static ngx_http_wxapp_param_t  ngx_http_wxapp_sign_params[] = {

    { ngx_string("window"), NGX_HTTP_WXAPP_PARAM_MSEC,
      offsetof(ngx_http_wxapp_sign_conf_t, window), 1000, 3600000 },

      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_sign_commands[] = {

    { ngx_string("wxapp_sign"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_wxapp_sign,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_sign_conf_t, enable),
      NULL },

    { ngx_string("wxapp_sign_dry_run"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_sign_conf_t, dry_run),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_sign_module_ctx = {
    ngx_http_wxapp_sign_preconfiguration,  /* preconfiguration */
    ngx_http_wxapp_sign_postconfiguration, /* postconfiguration */

    ngx_http_wxapp_sign_create_main_conf,  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_sign_create_loc_conf,   /* create location configuration */
    ngx_http_wxapp_sign_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_sign_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_sign_module_ctx,       /* module context */
    ngx_http_wxapp_sign_commands,          /* module directives */
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


static ngx_http_variable_t  ngx_http_wxapp_sign_vars[] = {

    { ngx_string("wxapp_sign_status"), NULL, ngx_http_wxapp_sign_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_wxapp_sign_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_wxapp_ctx_t         *ctx;
    ngx_http_wxapp_sign_t        *sign;
    ngx_http_wxapp_sign_conf_t   *conf;
    ngx_http_wxapp_sign_wrong_e   wrong;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_sign_module);

    if (!conf->enable || r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->sign) {

    case NGX_HTTP_WXAPP_SIGN_UNSET:
        break;

    case NGX_HTTP_WXAPP_SIGN_ASKED:

        /* without its context: the error page of a body that did not come */

        return ngx_http_get_module_ctx(r, ngx_http_wxapp_sign_module)
               ? NGX_DONE : NGX_DECLINED;

    case NGX_HTTP_WXAPP_SIGN_DRY_RUN:
    case NGX_HTTP_WXAPP_SIGN_FAILED:

        /* what a dry run let in may be redirected to where it is none */

        if (!conf->dry_run) {
            break;
        }

        return NGX_DECLINED;

    default:
        return NGX_DECLINED;
    }

    sign = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_sign_t));
    if (sign == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, sign, ngx_http_wxapp_sign_module);

    wrong = ngx_http_wxapp_sign_headers(r, sign);

    if (wrong == NGX_HTTP_WXAPP_SIGN_GOOD) {
        wrong = ngx_http_wxapp_sign_session(r, sign);
    }

    if (wrong == NGX_HTTP_WXAPP_SIGN_GOOD) {
        wrong = ngx_http_wxapp_sign_timely(r, sign);
    }

    if (wrong == NGX_HTTP_WXAPP_SIGN_GOOD) {
        ctx->sign = NGX_HTTP_WXAPP_SIGN_ASKED;

        rc = ngx_http_read_client_request_body(r, ngx_http_wxapp_sign_body);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        rc = NGX_DONE;

    } else {
        rc = ngx_http_wxapp_sign_refuse(r, wrong);
    }

    if (rc != NGX_DECLINED) {
        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    return NGX_DECLINED;
}


static ngx_http_wxapp_sign_wrong_e
ngx_http_wxapp_sign_headers(ngx_http_request_t *r,
    ngx_http_wxapp_sign_t *sign)
{
    u_char           *p, *last;
    ngx_int_t         n;
    ngx_uint_t        i, found;
    ngx_table_elt_t  *h[3];

    static const char  *names[] = { "X-WX-Timestamp", "X-WX-Nonce",
                                    "X-WX-Signature" };

    for (i = 0; i < 3; i++) {
        h[i] = ngx_http_wxapp_header_find(&r->headers_in.headers, names[i],
                                          &found);
        if (found > 1) {
            return NGX_HTTP_WXAPP_SIGN_MALFORMED;
        }

        if (found == 0) {
            return NGX_HTTP_WXAPP_SIGN_MISSING;
        }
    }

    sign->timestamp = h[0]->value;
    sign->nonce = h[1]->value;
    sign->signature = h[2]->value;

    if (sign->timestamp.len > NGX_HTTP_WXAPP_SIGN_TIME
        || sign->nonce.len < NGX_HTTP_WXAPP_SIGN_NONCE_MIN
        || sign->nonce.len > NGX_HTTP_WXAPP_SIGN_NONCE_MAX
        || sign->signature.len != 2 * NGX_WXAPP_SHA256_LEN)
    {
        return NGX_HTTP_WXAPP_SIGN_MALFORMED;
    }

    n = ngx_atoi(sign->timestamp.data, sign->timestamp.len);

    if (n == NGX_ERROR) {
        return NGX_HTTP_WXAPP_SIGN_MALFORMED;
    }

    sign->time = n;

    last = sign->nonce.data + sign->nonce.len;

    for (p = sign->nonce.data; p < last; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
        {
            return NGX_HTTP_WXAPP_SIGN_MALFORMED;
        }
    }

    return NGX_HTTP_WXAPP_SIGN_GOOD;
}


/* whose key it is: that of the token's session */

static ngx_http_wxapp_sign_wrong_e
ngx_http_wxapp_sign_session(ngx_http_request_t *r,
    ngx_http_wxapp_sign_t *sign)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);

    if (ngx_http_wxapp_identity(r, ctx) != NGX_OK) {
        return NGX_HTTP_WXAPP_SIGN_BROKEN;
    }

    if (ctx->identity == NGX_HTTP_WXAPP_IDENTITY_INVALID) {
        return NGX_HTTP_WXAPP_SIGN_BAD_TOKEN;
    }

    if (ctx->identity != NGX_HTTP_WXAPP_IDENTITY_VALID) {
        return NGX_HTTP_WXAPP_SIGN_NO_TOKEN;
    }

    if (ngx_http_wxapp_sid(r, &sign->uid, &sign->id) == NGX_ERROR) {
        return NGX_HTTP_WXAPP_SIGN_BROKEN;
    }

    return sign->id.len ? NGX_HTTP_WXAPP_SIGN_GOOD
                        : NGX_HTTP_WXAPP_SIGN_NO_SESSION;
}


static ngx_http_wxapp_sign_wrong_e
ngx_http_wxapp_sign_timely(ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign)
{
    time_t                       diff;
    ngx_http_wxapp_sign_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_sign_module);

    diff = ngx_time() - sign->time;

    return (ngx_abs(diff) > (time_t) (conf->window / 1000))
           ? NGX_HTTP_WXAPP_SIGN_EXPIRED : NGX_HTTP_WXAPP_SIGN_GOOD;
}


static void
ngx_http_wxapp_sign_body(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_wxapp_sign_t        *sign;
    ngx_http_wxapp_sign_wrong_e   wrong;

    sign = ngx_http_get_module_ctx(r, ngx_http_wxapp_sign_module);

    /* the content reads it once more */

    r->preserve_body = 1;

    /* a body may take longer than Redis remembers the nonce */

    wrong = ngx_http_wxapp_sign_timely(r, sign);

    if (wrong == NGX_HTTP_WXAPP_SIGN_GOOD) {
        wrong = ngx_http_wxapp_sign_check(r, sign);
    }

    if (wrong != NGX_HTTP_WXAPP_SIGN_GOOD) {
        rc = ngx_http_wxapp_sign_refuse(r, wrong);

    } else if (ngx_http_wxapp_sign_once(r, sign) != NGX_OK) {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        return;
    }

    ngx_http_wxapp_sign_go(r, rc);
}


static ngx_http_wxapp_sign_wrong_e
ngx_http_wxapp_sign_check(ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_http_wxapp_sign_text(r, sign, &text);

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_WXAPP_SIGN_TOO_LARGE;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_sign_verify(r, sign, &text);
    }

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_WXAPP_SIGN_INVALID;
    }

    return (rc == NGX_OK) ? NGX_HTTP_WXAPP_SIGN_GOOD
                          : NGX_HTTP_WXAPP_SIGN_BROKEN;
}


/* method and target as they were sent, whatever redirects made of them */

static ngx_int_t
ngx_http_wxapp_sign_text(ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign,
    ngx_str_t *text)
{
    u_char     *p, digest[NGX_WXAPP_SHA256_LEN];
    ngx_int_t   rc;
    ngx_str_t   method, body;

    rc = ngx_http_wxapp_body_text(r, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_wxapp_sha256(&body, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    method = r->request_line;
    p = ngx_strlchr(method.data, method.data + method.len, ' ');

    if (p) {
        method.len = p - method.data;
    }

    p = ngx_pnalloc(r->pool, method.len + r->unparsed_uri.len
                             + sign->timestamp.len + sign->nonce.len + 4
                             + 2 * sizeof(digest));
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    p = ngx_sprintf(p, "%V\n%V\n%V\n%V\n", &method, &r->unparsed_uri,
                    &sign->timestamp, &sign->nonce);
    p = ngx_hex_dump(p, digest, sizeof(digest));

    text->len = p - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_sign_verify(ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign,
    ngx_str_t *text)
{
    u_char      key[NGX_HTTP_WXAPP_SIGN_KEY], mac[NGX_WXAPP_SHA256_LEN];
    u_char      hex[2 * NGX_WXAPP_SHA256_LEN], shown[sizeof(hex)];
    ngx_int_t   rc;
    ngx_str_t   k;
    ngx_uint_t  n;

    k.data = key;
    k.len = sizeof(key);

    ngx_strlow(shown, sign->signature.data, sizeof(shown));

    for (n = 0; /* void */ ; n++) {

        rc = ngx_http_wxapp_sign_key(r, &sign->id, n, key);
        if (rc != NGX_OK) {
            break;
        }

        rc = ngx_wxapp_hmac_sha256(&k, text, mac);
        if (rc != NGX_OK) {
            break;
        }

        ngx_hex_dump(hex, mac, sizeof(mac));

        if (ngx_wxapp_memcmp_const(hex, shown, sizeof(hex)) == 0) {
            break;
        }
    }

    ngx_explicit_memzero(key, sizeof(key));

    return rc;
}


/* asks Redis whether the nonce is new */

static ngx_int_t
ngx_http_wxapp_sign_once(ngx_http_request_t *r, ngx_http_wxapp_sign_t *sign)
{
    u_char                       buf[NGX_TIME_T_LEN], *p;
    ngx_str_t                    argv[6];
    ngx_wxapp_redis_op_t        *op;
    ngx_http_wxapp_main_conf_t  *wmcf;
    ngx_http_wxapp_sign_conf_t  *conf;

    wmcf = ngx_http_wxapp_main(r);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_sign_module);

    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len + sizeof("sign::") - 1
                             + sign->id.len + sign->nonce.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "SET");

    argv[1].data = p;
    argv[1].len = ngx_sprintf(p, "%Vsign:%V:%V", &wmcf->redis->prefix,
                              &sign->id, &sign->nonce)
                  - p;

    ngx_str_set(&argv[2], "1");
    ngx_str_set(&argv[3], "NX");
    ngx_str_set(&argv[4], "EX");

    /* until no node takes the time any more, though its clock be behind */

    argv[5].data = buf;
    argv[5].len = ngx_sprintf(buf, "%T", sign->time - ngx_time()
                                         + 2 * (time_t) (conf->window / 1000))
                  - buf;

    op = ngx_wxapp_redis_command(wmcf->redis, argv, 6);
    if (op == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_wxapp_wait_redis(r, &op->op, ngx_http_wxapp_sign_done)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_wxapp_redis_send(op);

    return NGX_OK;
}


static void
ngx_http_wxapp_sign_done(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_int_t                    rc;
    ngx_wxapp_redis_op_t        *rop = (ngx_wxapp_redis_op_t *) op;
    ngx_http_wxapp_sign_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_sign_module);

    rc = NGX_DECLINED;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_sign_end(r, NGX_HTTP_WXAPP_SIGN_FAILED,
                                NGX_HTTP_WXAPP_SIGN_ERROR);

        if (!conf->dry_run) {
            rc = ngx_http_wxapp_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                        "signature_unavailable",
                                        "the signature cannot be checked, "
                                        "try again later");
        }

    } else if (rop->reply->type == REDIS_REPLY_NIL) {
        rc = ngx_http_wxapp_sign_refuse(r, NGX_HTTP_WXAPP_SIGN_REPLAY);

    } else {
        ngx_http_wxapp_sign_end(r, NGX_HTTP_WXAPP_SIGN_OK,
                                NGX_HTTP_WXAPP_SIGN_PASSED);
    }

    ngx_http_wxapp_sign_go(r, rc);
}


/* on with the phases, or the end */

static void
ngx_http_wxapp_sign_go(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc != NGX_DECLINED) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


/* what to finalize with, or NGX_DECLINED in a dry run */

static ngx_int_t
ngx_http_wxapp_sign_refuse(ngx_http_request_t *r,
    ngx_http_wxapp_sign_wrong_e wrong)
{
    ngx_http_wxapp_sign_conf_t     *conf;
    ngx_http_wxapp_sign_problem_t  *problem;

    if (wrong == NGX_HTTP_WXAPP_SIGN_BROKEN) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_sign_module);

    problem = &ngx_http_wxapp_sign_problems[wrong];

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "request signature refused%s: %s",
                  conf->dry_run ? ", dry run" : "", problem->code);

    ngx_http_wxapp_sign_end(r, conf->dry_run ? NGX_HTTP_WXAPP_SIGN_DRY_RUN
                                             : NGX_HTTP_WXAPP_SIGN_REJECTED,
                            (wrong == NGX_HTTP_WXAPP_SIGN_REPLAY)
                            ? NGX_HTTP_WXAPP_SIGN_REPLAYED
                            : NGX_HTTP_WXAPP_SIGN_REFUSED);

    if (conf->dry_run) {
        return NGX_DECLINED;
    }

    return ngx_http_wxapp_problem(r, problem->status, problem->code,
                                  problem->message);
}


static void
ngx_http_wxapp_sign_end(ngx_http_request_t *r, ngx_http_wxapp_sign_e state,
    ngx_http_wxapp_counter_e counter)
{
    ngx_http_wxapp_ctx_t   *ctx;
    ngx_http_wxapp_sign_t  *sign;

    ctx = ngx_http_wxapp_ctx(r);
    ctx->sign = state;

    /* what goes well is no event for an audit */

    if (state == NGX_HTTP_WXAPP_SIGN_OK) {
        ngx_http_wxapp_count(counter);
        return;
    }

    sign = ngx_http_get_module_ctx(r, ngx_http_wxapp_sign_module);

    ngx_http_wxapp_audit(r, counter, &sign->uid);
}


static ngx_int_t
ngx_http_wxapp_sign_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              s;
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    s.data = (u_char *) ngx_http_wxapp_sign_words[ctx->sign];

    if (s.data == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.len = ngx_strlen(s.data);

    ngx_http_wxapp_variable(v, &s);

    return NGX_OK;
}


static char *
ngx_http_wxapp_sign(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_sign_conf_t *scf = conf;

    char                        *rv;
    ngx_http_wxapp_place_t      *place;
    ngx_http_wxapp_main_conf_t  *wmcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    scf->window = NGX_HTTP_WXAPP_SIGN_WINDOW;

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_sign_params, 2, scf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (scf->enable) {
        place = ngx_http_conf_get_module_main_conf(cf,
                                                   ngx_http_wxapp_sign_module);
        ngx_http_wxapp_conf_place(cf, place);

        wmcf = ngx_http_wxapp_conf_main(cf);
        wmcf->used = 1;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_wxapp_sign_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_wxapp_variables(cf, ngx_http_wxapp_sign_vars);
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_sign_postconfiguration(ngx_conf_t *cf)
{
    const char                  *missing;
    ngx_http_wxapp_place_t      *place;
    ngx_http_wxapp_main_conf_t  *wmcf;

    place = ngx_http_conf_get_module_main_conf(cf, ngx_http_wxapp_sign_module);

    if (place->line == 0) {
        return NGX_OK;
    }

    wmcf = ngx_http_wxapp_conf_main(cf);

    missing = (wmcf->token == NULL) ? "wxapp_token"
              : (wmcf->redis == NULL) ? "wxapp_redis"
              : (wmcf->session == NULL || wmcf->session->keys == NULL)
                ? "key\" of \"wxapp_session" : NULL;

    if (missing) {
        (void) ngx_http_wxapp_conf_needs(cf, place, "wxapp_sign", missing);
        return NGX_ERROR;
    }

    return ngx_http_wxapp_phase(cf, NGX_HTTP_PRECONTENT_PHASE,
                                ngx_http_wxapp_sign_handler);
}


static void *
ngx_http_wxapp_sign_create_main_conf(ngx_conf_t *cf)
{
    /* the last place that switches it on; set by ngx_pcalloc(): line = 0 */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_place_t));
}


static void *
ngx_http_wxapp_sign_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_sign_conf_t  *conf;

    conf = ngx_palloc(cf->pool, sizeof(ngx_http_wxapp_sign_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->window = NGX_CONF_UNSET_MSEC;
    conf->dry_run = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_wxapp_sign_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_wxapp_sign_conf_t *prev = parent;
    ngx_http_wxapp_sign_conf_t *conf = child;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_msec_value(conf->window, prev->window,
                              NGX_HTTP_WXAPP_SIGN_WINDOW);
    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);

    return NGX_CONF_OK;
}
