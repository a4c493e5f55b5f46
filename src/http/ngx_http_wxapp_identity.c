
#include "http/ngx_http_wxapp_identity.h"
#include "base/ngx_wxapp_token_cache.h"


static ngx_uint_t ngx_http_wxapp_bearer(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_wxapp_json_node_t *ngx_http_wxapp_claim_find(
    ngx_wxapp_json_node_t *object, ngx_str_t *name);
static ngx_uint_t ngx_http_wxapp_claim_has(ngx_wxapp_json_node_t *node,
    ngx_uint_t split, ngx_array_t *words);


ngx_int_t
ngx_http_wxapp_identity(ngx_http_request_t *r, ngx_http_wxapp_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_str_t                    token;
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (ctx->identity != NGX_HTTP_WXAPP_IDENTITY_UNKNOWN) {
        return NGX_OK;
    }

    r = r->main;
    wmcf = ngx_http_wxapp_main(r);

    if (wmcf->token == NULL) {
        ctx->identity = NGX_HTTP_WXAPP_IDENTITY_NONE;
        return NGX_OK;
    }

    switch (ngx_http_wxapp_bearer(r, &token)) {

    case 0:
        ctx->identity = NGX_HTTP_WXAPP_IDENTITY_NONE;
        return NGX_OK;

    case 1:
        break;

    default:
        ctx->identity = NGX_HTTP_WXAPP_IDENTITY_MALFORMED;
        return NGX_OK;
    }

    rc = ngx_wxapp_token_cached(wmcf->token, r->pool, &token, ngx_time(),
                                &ctx->claims, &ctx->reason);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ctx->identity = NGX_HTTP_WXAPP_IDENTITY_VALID;
        return NGX_OK;
    }

    ctx->identity = NGX_HTTP_WXAPP_IDENTITY_INVALID;
    ctx->claims = NULL;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "access token refused: %s", ctx->reason);

    return NGX_OK;
}


/*
 * How many Authorization headers there are, the token of the only one.  With
 * two, an upstream might read the other: the first in 1.22 is the last in
 * some servers.  Other schemes than Bearer are not ours and count as none.
 */

static ngx_uint_t
ngx_http_wxapp_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    u_char           *p, *last;
    ngx_uint_t        n;
    ngx_table_elt_t  *found;

    if (r->headers_in.authorization == NULL) {
        return 0;
    }

    found = ngx_http_wxapp_header_find(&r->headers_in.headers,
                                       "Authorization", &n);

    if (n != 1) {
        return n;
    }

    p = found->value.data;
    last = p + found->value.len;

    if (found->value.len < sizeof("Bearer ") - 1
        || ngx_strncasecmp(p, (u_char *) "Bearer ", sizeof("Bearer ") - 1)
           != 0)
    {
        return 0;
    }

    p += sizeof("Bearer ") - 1;

    while (p < last && *p == ' ') {
        p++;
    }

    token->data = p;
    token->len = last - p;

    return 1;
}


ngx_int_t
ngx_http_wxapp_claim(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_int_t               rc;
    ngx_wxapp_json_node_t  *node;

    rc = ngx_http_wxapp_claim_node(r, name, &node);

    if (rc != NGX_OK) {
        return rc;
    }

    if (node->type >= NGX_WXAPP_JSON_ARRAY) {
        return NGX_DECLINED;
    }

    *value = node->value;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_claim_text(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_int_t               rc;
    ngx_wxapp_text_t        text;
    ngx_wxapp_json_node_t  *node;

    rc = ngx_http_wxapp_claim_node(r, name, &node);

    if (rc != NGX_OK) {
        return rc;
    }

    if (node->type < NGX_WXAPP_JSON_ARRAY) {
        *value = node->value;
        return NGX_OK;
    }

    ngx_wxapp_text_init(&text, r->pool, 128);
    ngx_wxapp_json_node(&text, node);

    return ngx_wxapp_text_done(&text, value);
}


ngx_int_t
ngx_http_wxapp_claim_node(ngx_http_request_t *r, ngx_str_t *name,
    ngx_wxapp_json_node_t **node)
{
    ngx_http_wxapp_ctx_t  *ctx;

    ctx = ngx_http_wxapp_ctx(r);

    if (ctx == NULL || ngx_http_wxapp_identity(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->identity != NGX_HTTP_WXAPP_IDENTITY_VALID) {
        return NGX_DECLINED;
    }

    *node = ngx_http_wxapp_claim_find(ctx->claims, name);

    return (*node && (*node)->type != NGX_WXAPP_JSON_NULL) ? NGX_OK
                                                           : NGX_DECLINED;
}


/* names may hold separators themselves: the whole name goes first */

static ngx_wxapp_json_node_t *
ngx_http_wxapp_claim_find(ngx_wxapp_json_node_t *object, ngx_str_t *name)
{
    u_char                 *p, *last;
    ngx_str_t               first, rest;
    ngx_wxapp_json_node_t  *node;

    node = ngx_wxapp_json_member(object, name);

    if (node) {
        return node;
    }

    last = name->data + name->len;

    for (p = name->data; p < last; p++) {

        if (*p == '.') {
            rest.data = p + 1;

        } else if (*p == '_' && p + 1 < last && p[1] == '_') {
            rest.data = p + 2;

        } else {
            continue;
        }

        first.data = name->data;
        first.len = p - name->data;
        rest.len = last - rest.data;

        node = ngx_wxapp_json_member(object, &first);

        if (node == NULL) {
            continue;
        }

        node = ngx_http_wxapp_claim_find(node, &rest);

        if (node) {
            return node;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_wxapp_sid(ngx_http_request_t *r, ngx_str_t *uid, ngx_str_t *sid)
{
    ngx_int_t                    rc;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_main_conf_t  *wmcf;

    static ngx_str_t  sub = ngx_string("sub");
    static ngx_str_t  id = ngx_string("sid");

    ngx_str_null(uid);
    ngx_str_null(sid);

    rc = ngx_http_wxapp_claim(r, &sub, uid);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_wxapp_ctx(r);
    wmcf = ngx_http_wxapp_main(r);

    if (!ngx_wxapp_token_own(wmcf->token, ctx->claims)) {
        ngx_str_null(uid);
        return NGX_DECLINED;
    }

    return ngx_http_wxapp_claim(r, &id, sid);
}


ngx_int_t
ngx_http_wxapp_claim_in(ngx_http_request_t *r, ngx_str_t *name,
    ngx_array_t *words)
{
    ngx_int_t               rc;
    ngx_uint_t              scope;
    ngx_wxapp_json_node_t  *node;

    rc = ngx_http_wxapp_claim_node(r, name, &node);

    if (rc != NGX_OK) {
        return rc;
    }

    /* RFC 8693 section 4.2 */

    scope = (name->len == sizeof("scope") - 1
             && ngx_strncmp(name->data, "scope", name->len) == 0);

    if (node->type != NGX_WXAPP_JSON_ARRAY) {
        return ngx_http_wxapp_claim_has(node, scope, words) ? NGX_OK
                                                            : NGX_DECLINED;
    }

    for (node = node->first; node; node = node->next) {
        if (ngx_http_wxapp_claim_has(node, 0, words)) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* whether the value, or one of its words, is one of the words */

static ngx_uint_t
ngx_http_wxapp_claim_has(ngx_wxapp_json_node_t *node, ngx_uint_t split,
    ngx_array_t *words)
{
    u_char      *p, *last;
    ngx_str_t    value, *word;
    ngx_uint_t   i;

    if (node->type == NGX_WXAPP_JSON_NULL
        || node->type >= NGX_WXAPP_JSON_ARRAY)
    {
        return 0;
    }

    word = words->elts;
    value.data = node->value.data;
    last = value.data + node->value.len;

    for ( ;; ) {
        p = split ? ngx_strlchr(value.data, last, ' ') : NULL;

        value.len = (p ? p : last) - value.data;

        for (i = 0; i < words->nelts; i++) {
            if (word[i].len == value.len
                && ngx_memcmp(word[i].data, value.data, value.len) == 0)
            {
                return 1;
            }
        }

        if (p == NULL) {
            return 0;
        }

        value.data = p + 1;
    }
}
