
#include "base/ngx_wxapp_token.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_jws.h"


/* read before anything vouches for it; ours have 70 characters */

#define NGX_WXAPP_TOKEN_HEADER  512


typedef struct {
    ngx_str_t                 input;      /* what is signed: the first two */
    ngx_str_t                 header;
    ngx_str_t                 payload;
    ngx_str_t                 signature;
} ngx_wxapp_token_parts_t;


static ngx_int_t ngx_wxapp_token_encode(ngx_wxapp_jwk_t *key,
    ngx_pool_t *pool, ngx_str_t *claims, ngx_str_t *value);
static u_char *ngx_wxapp_token_base64url(u_char *p, u_char *data, size_t len);
static ngx_int_t ngx_wxapp_token_split(ngx_str_t *value,
    ngx_wxapp_token_parts_t *parts);
static ngx_int_t ngx_wxapp_token_part(ngx_pool_t *pool, ngx_str_t *part,
    ngx_wxapp_json_node_t **object);
static ngx_uint_t ngx_wxapp_token_clear(ngx_wxapp_json_node_t *node);
static ngx_uint_t ngx_wxapp_token_nul(ngx_str_t *s);
static ngx_int_t ngx_wxapp_token_header(ngx_wxapp_json_node_t *header,
    const char **reason);
static ngx_wxapp_token_issuer_t *ngx_wxapp_token_issuer(
    ngx_wxapp_token_t *token, ngx_wxapp_json_node_t *claims);
static ngx_wxapp_jwk_t *ngx_wxapp_token_key(ngx_wxapp_token_t *token,
    ngx_wxapp_token_issuer_t *issuer, ngx_wxapp_json_node_t *header,
    const char **reason);
static ngx_int_t ngx_wxapp_token_verify_by(ngx_wxapp_jwk_t *key,
    ngx_wxapp_token_parts_t *parts);
static ngx_int_t ngx_wxapp_token_audience(ngx_wxapp_token_issuer_t *issuer,
    ngx_wxapp_json_node_t *aud);
static ngx_uint_t ngx_wxapp_token_equal(ngx_wxapp_json_node_t *node,
    ngx_str_t *s);


static ngx_str_t  ngx_wxapp_token_alg = ngx_string("alg");
static ngx_str_t  ngx_wxapp_token_kid = ngx_string("kid");
static ngx_str_t  ngx_wxapp_token_typ = ngx_string("typ");
static ngx_str_t  ngx_wxapp_token_crit = ngx_string("crit");
static ngx_str_t  ngx_wxapp_token_b64 = ngx_string("b64");
static ngx_str_t  ngx_wxapp_token_exp = ngx_string("exp");
static ngx_str_t  ngx_wxapp_token_nbf = ngx_string("nbf");
static ngx_str_t  ngx_wxapp_token_iat = ngx_string("iat");
static ngx_str_t  ngx_wxapp_token_iss = ngx_string("iss");
static ngx_str_t  ngx_wxapp_token_aud = ngx_string("aud");


ngx_int_t
ngx_wxapp_token_sign(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_wxapp_token_claim_t *claims, ngx_uint_t n, time_t now,
    ngx_str_t *value)
{
    u_char             random[16], hex[32];
    ngx_str_t          jti, json;
    ngx_uint_t         i;
    ngx_wxapp_text_t   text;

    if (token->signer == NULL) {
        return NGX_ERROR;
    }

    if (ngx_wxapp_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_hex_dump(hex, random, sizeof(random));

    jti.len = sizeof(hex);
    jti.data = hex;

    ngx_wxapp_text_init(&text, pool, 512);

    ngx_wxapp_json_open(&text, '{');

    if (token->own.name.len) {
        ngx_wxapp_json_name(&text, "iss");
        ngx_wxapp_json_str(&text, &token->own.name);
    }

    if (token->own.audience.len) {
        ngx_wxapp_json_name(&text, "aud");
        ngx_wxapp_json_str(&text, &token->own.audience);
    }

    for (i = 0; i < n; i++) {
        if (ngx_wxapp_token_nul(&claims[i].value)) {
            return NGX_ERROR;
        }

        if (claims[i].value.len) {
            ngx_wxapp_json_name(&text, claims[i].name);

            if (claims[i].json) {
                ngx_wxapp_json_raw(&text, claims[i].value.data,
                                   claims[i].value.len);

            } else {
                ngx_wxapp_json_str(&text, &claims[i].value);
            }
        }
    }

    ngx_wxapp_json_name(&text, "iat");
    ngx_wxapp_json_int(&text, now);
    ngx_wxapp_json_name(&text, "nbf");
    ngx_wxapp_json_int(&text, now);
    ngx_wxapp_json_name(&text, "exp");
    ngx_wxapp_json_int(&text, now + token->ttl);
    ngx_wxapp_json_name(&text, "jti");
    ngx_wxapp_json_str(&text, &jti);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &json) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_wxapp_token_encode(token->signer, pool, &json, value);
}


static ngx_int_t
ngx_wxapp_token_encode(ngx_wxapp_jwk_t *key, ngx_pool_t *pool,
    ngx_str_t *claims, ngx_str_t *value)
{
    u_char            *p, signature[NGX_WXAPP_JWS_LEN];
    size_t             len;
    ngx_str_t          header;
    ngx_wxapp_text_t   text;

    ngx_wxapp_text_init(&text, pool, 128);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "alg");
    ngx_wxapp_json_str(&text, &key->alg->name);
    ngx_wxapp_json_name(&text, "typ");
    ngx_wxapp_json_cstr(&text, "at+jwt");
    ngx_wxapp_json_name(&text, "kid");
    ngx_wxapp_json_str(&text, &key->kid);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &header) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(pool, ngx_base64_encoded_length(header.len)
                          + ngx_base64_encoded_length(claims->len)
                          + ngx_base64_encoded_length(NGX_WXAPP_JWS_LEN) + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = ngx_wxapp_token_base64url(p, header.data, header.len);
    *p++ = '.';
    p = ngx_wxapp_token_base64url(p, claims->data, claims->len);

    value->len = p - value->data;

    if (ngx_wxapp_jws_sign(key, value, signature, &len) != NGX_OK) {
        return NGX_ERROR;
    }

    *p++ = '.';
    p = ngx_wxapp_token_base64url(p, signature, len);

    value->len = p - value->data;

    return NGX_OK;
}


static u_char *
ngx_wxapp_token_base64url(u_char *p, u_char *data, size_t len)
{
    ngx_str_t  from, to;

    from.data = data;
    from.len = len;
    to.data = p;

    ngx_encode_base64url(&to, &from);

    return p + to.len;
}


ngx_int_t
ngx_wxapp_token_verify(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_str_t *value, time_t now, ngx_wxapp_json_node_t **claims,
    const char **reason)
{
    ngx_int_t                  rc;
    ngx_wxapp_jwk_t           *key;
    ngx_wxapp_json_node_t     *header;
    ngx_wxapp_token_parts_t    parts;
    ngx_wxapp_token_issuer_t  *issuer;

    if (value->len > NGX_WXAPP_TOKEN_LEN) {
        *reason = "the token is too long";
        return NGX_DECLINED;
    }

    *reason = "the token is malformed";

    if (ngx_wxapp_token_split(value, &parts) != NGX_OK
        || parts.header.len > NGX_WXAPP_TOKEN_HEADER)
    {
        return NGX_DECLINED;
    }

    rc = ngx_wxapp_token_part(pool, &parts.header, &header);
    if (rc != NGX_OK) {
        return rc;
    }

    if (!ngx_wxapp_token_clear(header)) {
        return NGX_DECLINED;
    }

    /* iss says whose key it has to be, which then vouches for it */

    rc = ngx_wxapp_token_part(pool, &parts.payload, claims);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_wxapp_token_header(header, reason);
    if (rc != NGX_OK) {
        return rc;
    }

    issuer = ngx_wxapp_token_issuer(token, *claims);

    key = ngx_wxapp_token_key(token, issuer, header, reason);
    if (key == NULL) {
        return NGX_DECLINED;
    }

    *reason = "the signature is invalid";

    rc = ngx_wxapp_token_verify_by(key, &parts);
    if (rc != NGX_OK) {
        return rc;
    }

    if (!ngx_wxapp_token_clear(*claims)) {
        *reason = "the token is malformed";
        return NGX_DECLINED;
    }

    return ngx_wxapp_token_check(token, *claims, now, reason);
}


/* three parts of base64url */

static ngx_int_t
ngx_wxapp_token_split(ngx_str_t *value, ngx_wxapp_token_parts_t *parts)
{
    u_char      *p, *last;
    ngx_uint_t   n;
    ngx_str_t    part[3];

    n = 0;
    part[0].data = value->data;
    part[0].len = 0;

    last = value->data + value->len;

    for (p = value->data; p < last; p++) {

        if (*p == '.') {
            if (++n == 3) {
                return NGX_ERROR;
            }

            part[n].data = p + 1;
            part[n].len = 0;
            continue;
        }

        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_'))
        {
            return NGX_ERROR;
        }

        part[n].len++;
    }

    if (n != 2 || part[0].len == 0 || part[1].len == 0 || part[2].len == 0) {
        return NGX_ERROR;
    }

    parts->header = part[0];
    parts->payload = part[1];
    parts->signature = part[2];

    parts->input.data = value->data;
    parts->input.len = part[0].len + 1 + part[1].len;

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_token_part(ngx_pool_t *pool, ngx_str_t *part,
    ngx_wxapp_json_node_t **object)
{
    ngx_int_t    rc;
    ngx_str_t    json;
    const char  *error;

    json.data = ngx_pnalloc(pool, ngx_base64_decoded_length(part->len));
    if (json.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64url(&json, part) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_wxapp_json_parse(pool, &json, object, &error);
    if (rc != NGX_OK) {
        return rc;
    }

    return ((*object)->type == NGX_WXAPP_JSON_OBJECT) ? NGX_OK
                                                      : NGX_DECLINED;
}


/*
 * Two readers of a repeated name may see different values, RFC 8725, and so
 * may those of a string with NUL.
 */

static ngx_uint_t
ngx_wxapp_token_clear(ngx_wxapp_json_node_t *parent)
{
    ngx_wxapp_json_node_t  *node, *next;

    for (node = parent->first; node; node = node->next) {

        if (ngx_wxapp_token_nul(&node->name)
            || ngx_wxapp_token_nul(&node->value)
            || !ngx_wxapp_token_clear(node))
        {
            return 0;
        }

        if (parent->type != NGX_WXAPP_JSON_OBJECT) {
            continue;
        }

        for (next = node->next; next; next = next->next) {
            if (node->name.len == next->name.len
                && ngx_memcmp(node->name.data, next->name.data,
                              node->name.len)
                   == 0)
            {
                return 0;
            }
        }
    }

    return 1;
}


static ngx_uint_t
ngx_wxapp_token_nul(ngx_str_t *s)
{
    return s->len && ngx_strlchr(s->data, s->data + s->len, '\0') != NULL;
}


static ngx_int_t
ngx_wxapp_token_header(ngx_wxapp_json_node_t *header, const char **reason)
{
    ngx_str_t               typ;
    ngx_wxapp_json_node_t  *node;

    /* an unencoded payload, RFC 7797, is critical, too */

    if (ngx_wxapp_json_member(header, &ngx_wxapp_token_crit)
        || ngx_wxapp_json_member(header, &ngx_wxapp_token_b64))
    {
        *reason = "the token has critical headers";
        return NGX_DECLINED;
    }

    node = ngx_wxapp_json_member(header, &ngx_wxapp_token_typ);

    if (node == NULL) {
        return NGX_OK;
    }

    *reason = "the token is of another type";

    if (node->type != NGX_WXAPP_JSON_STRING) {
        return NGX_DECLINED;
    }

    /* a media type: RFC 7515 section 4.1.9 */

    typ = node->value;

    if (typ.len > sizeof("application/") - 1
        && ngx_strncasecmp(typ.data, (u_char *) "application/",
                           sizeof("application/") - 1) == 0)
    {
        typ.data += sizeof("application/") - 1;
        typ.len -= sizeof("application/") - 1;
    }

    if ((typ.len == 3
         && ngx_strncasecmp(typ.data, (u_char *) "JWT", 3) == 0)
        || (typ.len == 6
            && ngx_strncasecmp(typ.data, (u_char *) "at+jwt", 6) == 0))
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_wxapp_token_issuer_t *
ngx_wxapp_token_issuer(ngx_wxapp_token_t *token,
    ngx_wxapp_json_node_t *claims)
{
    ngx_uint_t                 i;
    ngx_wxapp_json_node_t     *iss;
    ngx_wxapp_token_issuer_t  *issuer;

    if (token->trust) {
        iss = ngx_wxapp_json_member(claims, &ngx_wxapp_token_iss);
        issuer = token->trust->elts;

        for (i = 0; i < token->trust->nelts; i++) {
            if (ngx_wxapp_token_equal(iss, &issuer[i].name)) {
                return &issuer[i];
            }
        }
    }

    return &token->own;
}


ngx_uint_t
ngx_wxapp_token_own(ngx_wxapp_token_t *token, ngx_wxapp_json_node_t *claims)
{
    return ngx_wxapp_token_issuer(token, claims) == &token->own;
}


/*
 * The algorithm belongs to the key: one that the token asks for decides
 * nothing.  What else a header says of keys, as jku, jwk or x5c, is not read.
 */

static ngx_wxapp_jwk_t *
ngx_wxapp_token_key(ngx_wxapp_token_t *token,
    ngx_wxapp_token_issuer_t *issuer, ngx_wxapp_json_node_t *header,
    const char **reason)
{
    ngx_uint_t              i, any;
    ngx_wxapp_jwk_t        *key, *found;
    ngx_wxapp_json_node_t  *alg, *kid;

    alg = ngx_wxapp_json_member(header, &ngx_wxapp_token_alg);
    kid = ngx_wxapp_json_member(header, &ngx_wxapp_token_kid);

    /* others need not name the only key that it can be */

    any = (kid == NULL && issuer != &token->own);

    key = issuer->keys->elts;
    found = NULL;

    *reason = "the key is unknown";

    for (i = 0; i < issuer->keys->nelts; i++) {

        if (!any && !ngx_wxapp_token_equal(kid, &key[i].kid)) {
            continue;
        }

        if (!ngx_wxapp_token_equal(alg, &key[i].alg->name)) {
            *reason = "the algorithm is not accepted";
            continue;
        }

        if (found) {
            *reason = "the key is unknown";
            return NULL;
        }

        found = &key[i];
    }

    return found;
}


static ngx_int_t
ngx_wxapp_token_verify_by(ngx_wxapp_jwk_t *key,
    ngx_wxapp_token_parts_t *parts)
{
    u_char     buf[ngx_base64_decoded_length(NGX_WXAPP_TOKEN_LEN)];
    u_char     again[NGX_WXAPP_TOKEN_LEN];
    ngx_str_t  signature;

    signature.data = buf;

    if (ngx_decode_base64url(&signature, &parts->signature) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* bits at the end that say nothing must be zero, or there are twins */

    (void) ngx_wxapp_token_base64url(again, buf, signature.len);

    if (ngx_memcmp(again, parts->signature.data, parts->signature.len) != 0) {
        return NGX_DECLINED;
    }

    return ngx_wxapp_jws_verify(key, &parts->input, &signature);
}


ngx_int_t
ngx_wxapp_token_check(ngx_wxapp_token_t *token, ngx_wxapp_json_node_t *claims,
    time_t now, const char **reason)
{
    int64_t                    at;
    ngx_wxapp_json_node_t     *node;
    ngx_wxapp_token_issuer_t  *issuer;

    *reason = "the token has a claim of the wrong type";

    node = ngx_wxapp_json_member(claims, &ngx_wxapp_token_exp);

    if (ngx_wxapp_json_integer(node, &at) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (at <= (int64_t) now - token->leeway) {
        *reason = "the token has expired";
        return NGX_DECLINED;
    }

    node = ngx_wxapp_json_member(claims, &ngx_wxapp_token_nbf);

    if (node) {
        if (ngx_wxapp_json_integer(node, &at) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (at > (int64_t) now + token->leeway) {
            *reason = "the token is not valid yet";
            return NGX_DECLINED;
        }
    }

    node = ngx_wxapp_json_member(claims, &ngx_wxapp_token_iat);

    if (node) {
        if (ngx_wxapp_json_integer(node, &at) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (at > (int64_t) now + token->leeway) {
            *reason = "the token was issued in the future";
            return NGX_DECLINED;
        }
    }

    issuer = ngx_wxapp_token_issuer(token, claims);

    if (issuer->name.len
        && !ngx_wxapp_token_equal(ngx_wxapp_json_member(claims,
                                                       &ngx_wxapp_token_iss),
                                  &issuer->name))
    {
        *reason = "the token has another issuer";
        return NGX_DECLINED;
    }

    /* one for somebody is not for everybody: RFC 7519 section 4.1.3 */

    node = ngx_wxapp_json_member(claims, &ngx_wxapp_token_aud);

    if ((node || issuer->audience.len)
        && ngx_wxapp_token_audience(issuer, node) != NGX_OK)
    {
        *reason = "the token is for another audience";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_token_audience(ngx_wxapp_token_issuer_t *issuer,
    ngx_wxapp_json_node_t *aud)
{
    ngx_wxapp_json_node_t  *node;

    if (issuer->audience.len == 0) {
        return NGX_DECLINED;
    }

    if (aud && aud->type == NGX_WXAPP_JSON_ARRAY) {
        for (node = aud->first; node; node = node->next) {
            if (ngx_wxapp_token_equal(node, &issuer->audience)) {
                return NGX_OK;
            }
        }

        return NGX_DECLINED;
    }

    return ngx_wxapp_token_equal(aud, &issuer->audience) ? NGX_OK
                                                        : NGX_DECLINED;
}


static ngx_uint_t
ngx_wxapp_token_equal(ngx_wxapp_json_node_t *node, ngx_str_t *s)
{
    return node && node->type == NGX_WXAPP_JSON_STRING
           && node->value.len == s->len
           && ngx_memcmp(node->value.data, s->data, s->len) == 0;
}
