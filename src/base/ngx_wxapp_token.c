
#include "base/ngx_wxapp_token.h"
#include "base/ngx_wxapp_crypto.h"

#include <jwt.h>


/* read before anything vouches for it; ours have 60 characters */

#define NGX_WXAPP_TOKEN_HEADER  512


static ngx_int_t ngx_wxapp_token_encode(ngx_wxapp_token_key_t *key,
    ngx_pool_t *pool, ngx_str_t *claims, ngx_str_t *value);
static ngx_int_t ngx_wxapp_token_split(ngx_str_t *value, ngx_str_t *header,
    ngx_str_t *payload);
static ngx_int_t ngx_wxapp_token_part(ngx_pool_t *pool, ngx_str_t *part,
    ngx_wxapp_json_node_t **object);
static ngx_wxapp_token_key_t *ngx_wxapp_token_key(ngx_wxapp_token_t *token,
    ngx_wxapp_json_node_t *header, const char **reason);
static ngx_int_t ngx_wxapp_token_audience(ngx_wxapp_token_t *token,
    ngx_wxapp_json_node_t *aud);
static ngx_uint_t ngx_wxapp_token_equal(ngx_wxapp_json_node_t *node,
    ngx_str_t *s);


static ngx_str_t  ngx_wxapp_token_alg = ngx_string("alg");
static ngx_str_t  ngx_wxapp_token_hs256 = ngx_string("HS256");
static ngx_str_t  ngx_wxapp_token_kid = ngx_string("kid");
static ngx_str_t  ngx_wxapp_token_crit = ngx_string("crit");
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

    if (ngx_wxapp_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_hex_dump(hex, random, sizeof(random));

    jti.len = sizeof(hex);
    jti.data = hex;

    ngx_wxapp_text_init(&text, pool, 512);

    ngx_wxapp_json_open(&text, '{');

    if (token->issuer.len) {
        ngx_wxapp_json_name(&text, "iss");
        ngx_wxapp_json_str(&text, &token->issuer);
    }

    if (token->audience.len) {
        ngx_wxapp_json_name(&text, "aud");
        ngx_wxapp_json_str(&text, &token->audience);
    }

    for (i = 0; i < n; i++) {
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

    ngx_wxapp_text_put(&text, "", 1);

    if (ngx_wxapp_text_done(&text, &json) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_wxapp_token_encode(token->keys->elts, pool, &json, value);
}


static ngx_int_t
ngx_wxapp_token_encode(ngx_wxapp_token_key_t *key, ngx_pool_t *pool,
    ngx_str_t *claims, ngx_str_t *value)
{
    char       *s;
    jwt_t      *jwt;
    ngx_int_t   rc;

    if (jwt_new(&jwt) != 0) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (jwt_add_grants_json(jwt, (char *) claims->data) != 0
        || jwt_add_header(jwt, "kid", (char *) key->kid.data) != 0
        || jwt_set_alg(jwt, JWT_ALG_HS256, key->secret.data, key->secret.len)
           != 0)
    {
        goto done;
    }

    s = jwt_encode_str(jwt);
    if (s == NULL) {
        goto done;
    }

    value->len = ngx_strlen(s);
    value->data = ngx_pnalloc(pool, value->len);

    if (value->data) {
        ngx_memcpy(value->data, s, value->len);
        rc = NGX_OK;
    }

    ngx_free(s);

done:

    jwt_free(jwt);

    return rc;
}


ngx_int_t
ngx_wxapp_token_verify(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_str_t *value, time_t now, ngx_wxapp_json_node_t **claims,
    const char **reason)
{
    int                     rc;
    jwt_t                  *jwt;
    u_char                  buf[NGX_WXAPP_TOKEN_LEN + 1];
    ngx_int_t               r;
    ngx_str_t               header, payload;
    ngx_wxapp_token_key_t  *key;
    ngx_wxapp_json_node_t  *object;

    if (value->len > NGX_WXAPP_TOKEN_LEN) {
        *reason = "the token is too long";
        return NGX_DECLINED;
    }

    *reason = "the token is malformed";

    if (ngx_wxapp_token_split(value, &header, &payload) != NGX_OK
        || header.len > NGX_WXAPP_TOKEN_HEADER)
    {
        return NGX_DECLINED;
    }

    r = ngx_wxapp_token_part(pool, &header, &object);
    if (r != NGX_OK) {
        return r;
    }

    /*
     * The algorithm belongs to the key.  libjwt would take any HMAC that the
     * token asks for, so it sees only tokens whose alg is the key's.
     */

    key = ngx_wxapp_token_key(token, object, reason);
    if (key == NULL) {
        return NGX_DECLINED;
    }

    ngx_cpystrn(buf, value->data, value->len + 1);

    rc = jwt_decode(&jwt, (char *) buf, key->secret.data, key->secret.len);

    if (rc == ENOMEM) {
        return NGX_ERROR;
    }

    if (rc != 0) {
        *reason = "the signature is invalid";
        return NGX_DECLINED;
    }

    rc = (jwt_get_alg(jwt) == JWT_ALG_HS256);

    jwt_free(jwt);

    if (!rc) {
        *reason = "the algorithm is not accepted";
        return NGX_DECLINED;
    }

    r = ngx_wxapp_token_part(pool, &payload, claims);
    if (r != NGX_OK) {
        return r;
    }

    return ngx_wxapp_token_check(token, *claims, now, reason);
}


/* three parts of base64url; the signature is libjwt's to read */

static ngx_int_t
ngx_wxapp_token_split(ngx_str_t *value, ngx_str_t *header, ngx_str_t *payload)
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

    *header = part[0];
    *payload = part[1];

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_token_part(ngx_pool_t *pool, ngx_str_t *part,
    ngx_wxapp_json_node_t **object)
{
    ngx_int_t               rc;
    ngx_str_t               json;
    const char             *error;
    ngx_wxapp_json_node_t  *node, *next;

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

    if ((*object)->type != NGX_WXAPP_JSON_OBJECT) {
        return NGX_DECLINED;
    }

    /* two readers of a repeated name may see different values: RFC 8725 */

    for (node = (*object)->first; node; node = node->next) {
        for (next = node->next; next; next = next->next) {
            if (node->name.len == next->name.len
                && ngx_memcmp(node->name.data, next->name.data,
                              node->name.len)
                   == 0)
            {
                return NGX_DECLINED;
            }
        }
    }

    return NGX_OK;
}


static ngx_wxapp_token_key_t *
ngx_wxapp_token_key(ngx_wxapp_token_t *token, ngx_wxapp_json_node_t *header,
    const char **reason)
{
    ngx_uint_t              i;
    ngx_wxapp_token_key_t  *key;
    ngx_wxapp_json_node_t  *kid;

    if (ngx_wxapp_json_member(header, &ngx_wxapp_token_crit)) {
        *reason = "the token has critical headers";
        return NULL;
    }

    if (!ngx_wxapp_token_equal(ngx_wxapp_json_member(header,
                                                     &ngx_wxapp_token_alg),
                               &ngx_wxapp_token_hs256))
    {
        *reason = "the algorithm is not accepted";
        return NULL;
    }

    kid = ngx_wxapp_json_member(header, &ngx_wxapp_token_kid);

    key = token->keys->elts;

    for (i = 0; i < token->keys->nelts; i++) {
        if (ngx_wxapp_token_equal(kid, &key[i].kid)) {
            return &key[i];
        }
    }

    *reason = "the key is unknown";

    return NULL;
}


ngx_int_t
ngx_wxapp_token_check(ngx_wxapp_token_t *token, ngx_wxapp_json_node_t *claims,
    time_t now, const char **reason)
{
    int64_t                 at;
    ngx_wxapp_json_node_t  *node;

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

    if (token->issuer.len
        && !ngx_wxapp_token_equal(ngx_wxapp_json_member(claims,
                                                       &ngx_wxapp_token_iss),
                                  &token->issuer))
    {
        *reason = "the token has another issuer";
        return NGX_DECLINED;
    }

    /* one for somebody is not for everybody: RFC 7519 section 4.1.3 */

    node = ngx_wxapp_json_member(claims, &ngx_wxapp_token_aud);

    if ((node || token->audience.len)
        && ngx_wxapp_token_audience(token, node) != NGX_OK)
    {
        *reason = "the token is for another audience";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_token_audience(ngx_wxapp_token_t *token, ngx_wxapp_json_node_t *aud)
{
    ngx_wxapp_json_node_t  *node;

    if (token->audience.len == 0) {
        return NGX_DECLINED;
    }

    if (aud && aud->type == NGX_WXAPP_JSON_ARRAY) {
        for (node = aud->first; node; node = node->next) {
            if (ngx_wxapp_token_equal(node, &token->audience)) {
                return NGX_OK;
            }
        }

        return NGX_DECLINED;
    }

    return ngx_wxapp_token_equal(aud, &token->audience) ? NGX_OK
                                                        : NGX_DECLINED;
}


static ngx_uint_t
ngx_wxapp_token_equal(ngx_wxapp_json_node_t *node, ngx_str_t *s)
{
    return node && node->type == NGX_WXAPP_JSON_STRING
           && node->value.len == s->len
           && ngx_memcmp(node->value.data, s->data, s->len) == 0;
}
