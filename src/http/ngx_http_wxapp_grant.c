
#include "http/ngx_http_wxapp_grant.h"
#include "http/ngx_http_wxapp_reply.h"
#include "http/ngx_http_wxapp_sign_key.h"


/* of our own, and not for a session's claims */

enum {
    NGX_HTTP_WXAPP_GRANT_SUB = 0,
    NGX_HTTP_WXAPP_GRANT_OPENID,
    NGX_HTTP_WXAPP_GRANT_UNIONID,
    NGX_HTTP_WXAPP_GRANT_ROLE,
    NGX_HTTP_WXAPP_GRANT_APP,
    NGX_HTTP_WXAPP_GRANT_SID,
    NGX_HTTP_WXAPP_GRANT_AUTH_TIME,
    NGX_HTTP_WXAPP_GRANT_MFA_TIME,
    NGX_HTTP_WXAPP_GRANT_AMR,
    NGX_HTTP_WXAPP_GRANT_CLAIMS
};

static const char  *ngx_http_wxapp_grant_names[] = {
    "sub", "openid", "unionid", "role", "app", "sid", "auth_time", "mfa_time",
    "amr", "iss", "aud", "iat", "nbf", "exp", "jti", NULL
};


static void ngx_http_wxapp_grant_created(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);
static ngx_int_t ngx_http_wxapp_grant_others(ngx_http_request_t *r,
    ngx_str_t *claims, ngx_array_t *list);
static ngx_uint_t ngx_http_wxapp_grant_reserved(ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_grant_words(ngx_http_request_t *r,
    ngx_str_t *words, ngx_str_t *json);
static ngx_int_t ngx_http_wxapp_grant_time(ngx_http_request_t *r, time_t t,
    ngx_str_t *json);
static ngx_int_t ngx_http_wxapp_grant_sign_key(ngx_http_request_t *r,
    ngx_str_t *id, ngx_str_t *key);


ngx_int_t
ngx_http_wxapp_grant(ngx_http_request_t *r, ngx_http_wxapp_grant_t *grant)
{
    ngx_http_wxapp_session_t    *session;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);
    session = &grant->session;

    if (session->auth_time == 0) {
        session->auth_time = ngx_time();
    }

    ngx_str_null(&session->id);

    if (wmcf->session
        && ngx_http_wxapp_session_id(r, &session->id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* first what may fail here: no session is left without its token */

    if (ngx_http_wxapp_grant_token(r, grant) != NGX_OK) {
        return NGX_ERROR;
    }

    if (wmcf->session == NULL) {
        grant->handler(r, grant, NGX_HTTP_WXAPP_SESSION_OK);
        return NGX_OK;
    }

    return ngx_http_wxapp_session_create(r, session,
                                         ngx_http_wxapp_grant_created, grant);
}


static void
ngx_http_wxapp_grant_created(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data)
{
    ngx_http_wxapp_grant_t *grant = data;

    grant->handler(r, grant, result);
}


ngx_int_t
ngx_http_wxapp_grant_token(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant)
{
    ngx_uint_t                   i;
    ngx_array_t                  list;
    ngx_http_wxapp_session_t    *session;
    ngx_wxapp_token_claim_t     *claims;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);
    session = &grant->session;

    if (ngx_array_init(&list, r->pool, NGX_HTTP_WXAPP_GRANT_CLAIMS + 4,
                       sizeof(ngx_wxapp_token_claim_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    claims = ngx_array_push_n(&list, NGX_HTTP_WXAPP_GRANT_CLAIMS);

    ngx_memzero(claims, NGX_HTTP_WXAPP_GRANT_CLAIMS
                        * sizeof(ngx_wxapp_token_claim_t));

    for (i = 0; i < NGX_HTTP_WXAPP_GRANT_CLAIMS; i++) {
        claims[i].name = ngx_http_wxapp_grant_names[i];
    }

    claims[NGX_HTTP_WXAPP_GRANT_SUB].value = session->uid;
    claims[NGX_HTTP_WXAPP_GRANT_OPENID].value = session->openid;
    claims[NGX_HTTP_WXAPP_GRANT_UNIONID].value = session->unionid;
    claims[NGX_HTTP_WXAPP_GRANT_ROLE].value = session->role;
    claims[NGX_HTTP_WXAPP_GRANT_APP].value = session->app;
    claims[NGX_HTTP_WXAPP_GRANT_SID].value = session->id;

    claims[NGX_HTTP_WXAPP_GRANT_AUTH_TIME].json = 1;
    claims[NGX_HTTP_WXAPP_GRANT_MFA_TIME].json = 1;
    claims[NGX_HTTP_WXAPP_GRANT_AMR].json = 1;

    if (ngx_http_wxapp_grant_time(r, session->auth_time,
                              &claims[NGX_HTTP_WXAPP_GRANT_AUTH_TIME].value)
        != NGX_OK
        || ngx_http_wxapp_grant_time(r, session->mfa_time,
                               &claims[NGX_HTTP_WXAPP_GRANT_MFA_TIME].value)
           != NGX_OK
        || ngx_http_wxapp_grant_words(r, &session->amr,
                                      &claims[NGX_HTTP_WXAPP_GRANT_AMR].value)
           != NGX_OK
        || ngx_http_wxapp_grant_others(r, &session->claims, &list) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_wxapp_token_sign(wmcf->token, r->pool, list.elts, list.nelts,
                                ngx_time(), &grant->token);
}


static ngx_int_t
ngx_http_wxapp_grant_others(ngx_http_request_t *r, ngx_str_t *claims,
    ngx_array_t *list)
{
    u_char                   *name;
    ngx_str_t                 value;
    const char               *error;
    ngx_wxapp_text_t          text;
    ngx_wxapp_json_node_t    *object, *node;
    ngx_wxapp_token_claim_t  *claim;

    if (claims->len == 0) {
        return NGX_OK;
    }

    if (ngx_wxapp_json_parse(r->pool, claims, &object, &error) != NGX_OK
        || object->type != NGX_WXAPP_JSON_OBJECT)
    {
        return NGX_ERROR;
    }

    for (node = object->first; node; node = node->next) {

        if (ngx_http_wxapp_grant_reserved(&node->name)) {
            continue;
        }

        ngx_wxapp_text_init(&text, r->pool, 64);
        ngx_wxapp_json_node(&text, node);

        name = ngx_pnalloc(r->pool, node->name.len + 1);
        claim = ngx_array_push(list);

        if (name == NULL || claim == NULL
            || ngx_wxapp_text_done(&text, &value) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_cpystrn(name, node->name.data, node->name.len + 1);

        claim->name = (char *) name;
        claim->value = value;
        claim->json = 1;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_wxapp_grant_reserved(ngx_str_t *name)
{
    ngx_uint_t   i;
    const char  *s;

    for (i = 0; ngx_http_wxapp_grant_names[i]; i++) {
        s = ngx_http_wxapp_grant_names[i];

        if (name->len == ngx_strlen(s)
            && ngx_memcmp(name->data, s, name->len) == 0)
        {
            return 1;
        }
    }

    return name->len == 0;
}


/* "a b" as ["a","b"]; nothing for nothing */

static ngx_int_t
ngx_http_wxapp_grant_words(ngx_http_request_t *r, ngx_str_t *words,
    ngx_str_t *json)
{
    u_char            *p, *last;
    ngx_str_t          word;
    ngx_wxapp_text_t   text;

    if (words->len == 0) {
        return NGX_OK;
    }

    ngx_wxapp_text_init(&text, r->pool, words->len + 16);
    ngx_wxapp_json_open(&text, '[');

    p = words->data;
    last = p + words->len;

    while (p < last) {
        word.data = p;

        while (p < last && *p != ' ') {
            p++;
        }

        word.len = p++ - word.data;

        if (word.len) {
            ngx_wxapp_json_str(&text, &word);
        }
    }

    ngx_wxapp_json_close(&text, ']');

    return ngx_wxapp_text_done(&text, json);
}


static ngx_int_t
ngx_http_wxapp_grant_time(ngx_http_request_t *r, time_t t, ngx_str_t *json)
{
    if (t == 0) {
        return NGX_OK;
    }

    json->data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (json->data == NULL) {
        return NGX_ERROR;
    }

    json->len = ngx_sprintf(json->data, "%T", t) - json->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_grant_reply(ngx_http_request_t *r,
    ngx_http_wxapp_grant_t *grant)
{
    ngx_str_t                    key, body;
    ngx_wxapp_text_t             text;
    ngx_http_wxapp_ctx_t        *ctx;
    ngx_http_wxapp_session_t    *session;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);
    session = &grant->session;

    ctx = ngx_http_wxapp_ctx(r);
    ctx->oauth = 1;

    if (ngx_http_wxapp_grant_sign_key(r, &session->id, &key) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_wxapp_text_init(&text, r->pool, 2 * grant->token.len + grant->user.len
                                        + session->refresh.len + 256);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "access_token");
    ngx_wxapp_json_str(&text, &grant->token);
    ngx_wxapp_json_name(&text, "token_type");
    ngx_wxapp_json_cstr(&text, "Bearer");
    ngx_wxapp_json_name(&text, "expires_in");
    ngx_wxapp_json_int(&text, wmcf->token->ttl);

    if (session->refresh.len) {
        ngx_wxapp_json_name(&text, "refresh_token");
        ngx_wxapp_json_str(&text, &session->refresh);
        ngx_wxapp_json_name(&text, "refresh_expires_in");
        ngx_wxapp_json_int(&text, ngx_min(wmcf->session->refresh,
                                          session->expires - ngx_time()));
    }

    if (key.len) {
        ngx_wxapp_json_name(&text, "sign_key");
        ngx_wxapp_json_str(&text, &key);
    }

    /* the same token under the name that peers use */

    ngx_wxapp_json_name(&text, "token");
    ngx_wxapp_json_str(&text, &grant->token);

    if (grant->user.len) {
        ngx_wxapp_json_name(&text, "user");
        ngx_wxapp_json_raw(&text, grant->user.data, grant->user.len);
    }

    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_reply(r, NGX_HTTP_OK, &body);
}


/* empty without keys that it could be made of */

static ngx_int_t
ngx_http_wxapp_grant_sign_key(ngx_http_request_t *r, ngx_str_t *id,
    ngx_str_t *key)
{
    u_char     bytes[NGX_HTTP_WXAPP_SIGN_KEY];
    ngx_int_t  rc;
    ngx_str_t  src;

    ngx_str_null(key);

    if (id->len == 0) {
        return NGX_OK;
    }

    rc = ngx_http_wxapp_sign_key(r, id, 0, bytes);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    key->data = ngx_pnalloc(r->pool, ngx_base64_encoded_length(sizeof(bytes)));
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    src.data = bytes;
    src.len = sizeof(bytes);

    ngx_encode_base64url(key, &src);

    ngx_explicit_memzero(bytes, sizeof(bytes));

    return NGX_OK;
}
