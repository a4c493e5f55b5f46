
/*
 * What clients are told of limits.
 */


#include "module/ngx_http_wxapp_limit.h"


static ngx_int_t ngx_http_wxapp_limit_draft(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_int_t ngx_http_wxapp_limit_legacy(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx);
static ngx_uint_t ngx_http_wxapp_limit_seconds(int64_t us);


ngx_int_t
ngx_http_wxapp_limit_headers(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_limit_ctx_t *lctx)
{
    if ((conf->headers & NGX_HTTP_WXAPP_LIMIT_DRAFT)
        && ngx_http_wxapp_limit_draft(r, lctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if ((conf->headers & NGX_HTTP_WXAPP_LIMIT_LEGACY)
        && ngx_http_wxapp_limit_legacy(r, lctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (lctx->denied == NGX_HTTP_WXAPP_LIMIT_NONE) {
        return NGX_OK;
    }

    return ngx_http_wxapp_retry_after(r,
                                  ngx_http_wxapp_limit_seconds(lctx->retry));
}


/*
 * draft-ietf-httpapi-ratelimit-headers-10; what was decided here tells the
 * state of the rules that it looked at.
 */

static ngx_int_t
ngx_http_wxapp_limit_draft(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    u_char                       *p, *s;
    size_t                        len;
    ngx_str_t                     policy, state;
    ngx_uint_t                    i;
    ngx_http_wxapp_limit_rule_t  *rule;
    ngx_http_wxapp_limit_item_t  *item;

    len = 0;

    for (i = 0; i < lctx->n; i++) {
        len += lctx->items[i].rule->name.len + sizeof(", \"\";q=;w=") - 1
               + 2 * NGX_INT64_LEN;
    }

    p = ngx_pnalloc(r->pool, 2 * len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    s = p + len;

    policy.data = p;
    state.data = s;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];
        rule = item->rule;

        p = ngx_sprintf(p, "%s\"%V\";q=%ui;w=%ui", i ? ", " : "",
                        &rule->name, rule->burst,
                        ngx_http_wxapp_limit_seconds(rule->window));

        if (item->known) {
            s = ngx_sprintf(s, "%s\"%V\";r=%L;t=%ui",
                            (s == state.data) ? "" : ", ", &rule->name,
                            item->left,
                            ngx_http_wxapp_limit_seconds(item->reset));
        }
    }

    policy.len = p - policy.data;
    state.len = s - state.data;

    if (ngx_http_wxapp_header(r, "RateLimit-Policy", &policy) == NULL) {
        return NGX_ERROR;
    }

    if (state.len && ngx_http_wxapp_header(r, "RateLimit", &state) == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* of the rule that denies, or of the one with the fewest tokens left */

static ngx_int_t
ngx_http_wxapp_limit_legacy(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    u_char                       *p;
    ngx_str_t                     value;
    ngx_uint_t                    i, n;
    ngx_http_wxapp_limit_item_t  *item, *least;

    static const char  *names[] = {
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"
    };

    least = NULL;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if ((ngx_int_t) i == lctx->denied) {
            least = item;
            break;
        }

        if (item->known && (least == NULL || item->left < least->left)) {
            least = item;
        }
    }

    if (least == NULL) {
        return NGX_OK;
    }

    for (i = 0; i < 3; i++) {

        switch (i) {

        case 0:
            n = least->rule->burst;
            break;

        case 1:
            n = least->left;
            break;

        default:
            n = ngx_http_wxapp_limit_seconds(least->reset);
        }

        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "%ui", n) - p;

        if (ngx_http_wxapp_header(r, names[i], &value) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_limit_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message, ngx_str_t *policy)
{
    ngx_int_t          rc;
    ngx_str_t          text, details;
    ngx_wxapp_text_t   json;

    ngx_str_null(&details);

    if (policy) {
        ngx_wxapp_text_init(&json, r->pool, 64);

        ngx_wxapp_json_open(&json, '{');
        ngx_wxapp_json_name(&json, "policy");
        ngx_wxapp_json_str(&json, policy);
        ngx_wxapp_json_close(&json, '}');

        if (ngx_wxapp_text_done(&json, &details) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    text.data = (u_char *) message;
    text.len = ngx_strlen(message);

    rc = ngx_http_wxapp_problem_details(r, status, code, &text, &details);

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


/* never earlier than the truth */

static ngx_uint_t
ngx_http_wxapp_limit_seconds(int64_t us)
{
    return (us + 999999) / 1000000;
}
