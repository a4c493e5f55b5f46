
#include "base/ngx_wxapp_jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>


#define ngx_wxapp_jwa_hs(name, md, size)                                      \
    { ngx_string(name), EVP_PKEY_HMAC, md, size, NULL, NULL, 0 }

#define ngx_wxapp_jwa_rs(name, md)                                            \
    { ngx_string(name), EVP_PKEY_RSA, md, 0, NULL, NULL, RSA_PKCS1_PADDING }

#define ngx_wxapp_jwa_ps(name, md)                                            \
    { ngx_string(name), EVP_PKEY_RSA, md, 0, NULL, NULL,                      \
      RSA_PKCS1_PSS_PADDING }

#define ngx_wxapp_jwa_es(name, md, size, curve, group)                        \
    { ngx_string(name), EVP_PKEY_EC, md, size, curve, group, 0 }


static ngx_int_t ngx_wxapp_jwk_pem(ngx_wxapp_jwk_t *key, ngx_str_t *text,
    const char **error);
static int ngx_wxapp_jwk_password(char *buf, int size, int rw, void *data);
static const char *ngx_wxapp_jwk_check(ngx_wxapp_jwk_t *key);
static ngx_int_t ngx_wxapp_jwk_own(ngx_wxapp_jwk_t *key, ngx_pool_t *pool);
static void ngx_wxapp_jwk_cleanup(void *data);
static ngx_int_t ngx_wxapp_jwk_read(ngx_array_t *keys, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, const char **error);
static ngx_uint_t ngx_wxapp_jwk_usable(ngx_wxapp_json_node_t *node);
static ngx_wxapp_jwa_t *ngx_wxapp_jwk_alg(ngx_wxapp_json_node_t *node);
static ngx_int_t ngx_wxapp_jwk_members(ngx_wxapp_jwk_t *key, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node);
static EVP_PKEY *ngx_wxapp_jwk_rsa(ngx_str_t *n, ngx_str_t *e);
static EVP_PKEY *ngx_wxapp_jwk_ec(const char *group, ngx_str_t *point);
static EVP_PKEY *ngx_wxapp_jwk_build(const char *type, OSSL_PARAM_BLD *bld);
static ngx_wxapp_json_node_t *ngx_wxapp_jwk_member(
    ngx_wxapp_json_node_t *object, const char *name);
static ngx_uint_t ngx_wxapp_jwk_is(ngx_wxapp_json_node_t *node,
    const char *s);
static ngx_int_t ngx_wxapp_jwk_bytes(ngx_wxapp_json_node_t *object,
    const char *name, ngx_pool_t *pool, ngx_str_t *bytes);
static void ngx_wxapp_jwk_write(ngx_wxapp_text_t *text, ngx_wxapp_jwk_t *key);
static void ngx_wxapp_jwk_write_number(ngx_wxapp_text_t *text,
    const char *name, EVP_PKEY *pkey, const char *param, size_t size);
static void ngx_wxapp_jwk_write_bytes(ngx_wxapp_text_t *text,
    const char *name, u_char *data, size_t len);


ngx_wxapp_jwa_t  ngx_wxapp_jwa[NGX_WXAPP_JWA] = {
    ngx_wxapp_jwa_hs("HS256", EVP_sha256, 32),
    ngx_wxapp_jwa_hs("HS384", EVP_sha384, 48),
    ngx_wxapp_jwa_hs("HS512", EVP_sha512, 64),
    ngx_wxapp_jwa_rs("RS256", EVP_sha256),
    ngx_wxapp_jwa_rs("RS384", EVP_sha384),
    ngx_wxapp_jwa_rs("RS512", EVP_sha512),
    ngx_wxapp_jwa_ps("PS256", EVP_sha256),
    ngx_wxapp_jwa_ps("PS384", EVP_sha384),
    ngx_wxapp_jwa_ps("PS512", EVP_sha512),
    ngx_wxapp_jwa_es("ES256", EVP_sha256, 32, "P-256", "prime256v1"),
    ngx_wxapp_jwa_es("ES384", EVP_sha384, 48, "P-384", "secp384r1"),
    ngx_wxapp_jwa_es("ES512", EVP_sha512, 66, "P-521", "secp521r1"),
    { ngx_string("EdDSA"), EVP_PKEY_ED25519, NULL, 0, "Ed25519", NULL, 0 }
};


ngx_wxapp_jwa_t *
ngx_wxapp_jwa_find(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_WXAPP_JWA; i++) {
        if (ngx_wxapp_jwa[i].name.len == name->len
            && ngx_memcmp(ngx_wxapp_jwa[i].name.data, name->data, name->len)
               == 0)
        {
            return &ngx_wxapp_jwa[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_wxapp_jwk_parse(ngx_wxapp_jwk_t *key, ngx_pool_t *pool, ngx_str_t *text,
    const char **error)
{
    ngx_int_t   rc;
    ngx_uint_t  pem;

    key->secret = *text;
    key->pkey = NULL;

    pem = (ngx_strstr(text->data, "-----BEGIN ") != NULL);

    if (key->alg->type != EVP_PKEY_HMAC) {

        if (!pem) {
            *error = "is not in PEM";
            return NGX_DECLINED;
        }

        rc = ngx_wxapp_jwk_pem(key, text, error);

        ERR_clear_error();

        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_wxapp_jwk_own(key, pool);
    }

    /* a public key as the secret of an HMAC: RFC 8725 section 2.1 */

    if (pem) {
        *error = "is in PEM, which is no secret for HMAC";
        return NGX_DECLINED;
    }

    if (text->len < key->alg->size) {
        *error = "is shorter than the hash";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_jwk_pem(ngx_wxapp_jwk_t *key, ngx_str_t *text, const char **error)
{
    BIO         *bio;
    ngx_uint_t   asked;

    bio = BIO_new_mem_buf(text->data, text->len);
    if (bio == NULL) {
        return NGX_ERROR;
    }

    asked = 0;

    key->pkey = PEM_read_bio_PrivateKey(bio, NULL, ngx_wxapp_jwk_password,
                                        &asked);

    if (key->pkey == NULL && !asked) {
        ngx_str_null(&key->secret);

        (void) BIO_reset(bio);

        key->pkey = PEM_read_bio_PUBKEY(bio, NULL, ngx_wxapp_jwk_password,
                                        &asked);
    }

    BIO_free(bio);

    if (key->pkey == NULL) {
        *error = asked ? "is encrypted"
                       : "is neither a private nor a public one";
        return NGX_DECLINED;
    }

    *error = ngx_wxapp_jwk_check(key);

    if (*error) {
        EVP_PKEY_free(key->pkey);
        key->pkey = NULL;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* there is nobody to ask */

static int
ngx_wxapp_jwk_password(char *buf, int size, int rw, void *data)
{
    ngx_uint_t *asked = data;

    *asked = 1;

    return -1;
}


/* whether it is one of its algorithm; what is wrong, or NULL */

static const char *
ngx_wxapp_jwk_check(ngx_wxapp_jwk_t *key)
{
    int            good;
    char           group[64];
    EVP_PKEY_CTX  *ctx;

    if (EVP_PKEY_get_base_id(key->pkey) != key->alg->type) {
        return "is of another type";
    }

    if (key->alg->type == EVP_PKEY_RSA
        && (EVP_PKEY_get_bits(key->pkey) < NGX_WXAPP_JWK_RSA
            || EVP_PKEY_get_bits(key->pkey) > NGX_WXAPP_JWK_BITS))
    {
        return "must have 2048 to 8192 bits";
    }

    if (key->alg->group
        && (EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL)
            != 1
            || ngx_strcmp(group, key->alg->group) != 0))
    {
        return "is on another curve";
    }

    ctx = EVP_PKEY_CTX_new(key->pkey, NULL);

    good = (ctx && EVP_PKEY_public_check(ctx) == 1
            && (key->secret.len == 0 || EVP_PKEY_pairwise_check(ctx) == 1));

    EVP_PKEY_CTX_free(ctx);

    return good ? NULL : "is damaged";
}


static ngx_int_t
ngx_wxapp_jwk_own(ngx_wxapp_jwk_t *key, ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);

    if (cln == NULL) {
        EVP_PKEY_free(key->pkey);
        return NGX_ERROR;
    }

    cln->handler = ngx_wxapp_jwk_cleanup;
    cln->data = key->pkey;

    return NGX_OK;
}


static void
ngx_wxapp_jwk_cleanup(void *data)
{
    EVP_PKEY_free(data);
}


ngx_int_t
ngx_wxapp_jwks_read(ngx_array_t *keys, ngx_pool_t *pool, ngx_str_t *text,
    ngx_uint_t *n, const char **error)
{
    ngx_int_t               rc;
    ngx_uint_t              had;
    ngx_wxapp_json_node_t  *root, *set, *node;

    *n = 0;
    had = keys->nelts;

    rc = ngx_wxapp_json_parse(pool, text, &root, error);
    if (rc != NGX_OK) {
        return rc;
    }

    set = (root->type == NGX_WXAPP_JSON_OBJECT)
          ? ngx_wxapp_jwk_member(root, "keys") : NULL;

    if (set == NULL || set->type != NGX_WXAPP_JSON_ARRAY) {
        *error = "no array \"keys\"";
        return NGX_DECLINED;
    }

    for (node = set->first; node; node = node->next) {
        (*n)++;

        rc = ngx_wxapp_jwk_read(keys, pool, node, error);

        ERR_clear_error();

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (keys->nelts == had) {
        *n = 0;
        *error = "no key that verifies signatures";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_wxapp_jwk_read(ngx_array_t *keys, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node, const char **error)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_wxapp_jwk_t         key, *other;
    ngx_wxapp_json_node_t  *kid;

    if (node->type != NGX_WXAPP_JSON_OBJECT) {
        *error = "is no object";
        return NGX_DECLINED;
    }

    if (ngx_wxapp_jwk_is(ngx_wxapp_jwk_member(node, "kty"), "oct")
        || ngx_wxapp_jwk_member(node, "d"))
    {
        *error = "is a secret one";
        return NGX_DECLINED;
    }

    ngx_memzero(&key, sizeof(ngx_wxapp_jwk_t));

    kid = ngx_wxapp_jwk_member(node, "kid");

    if (kid) {
        if (kid->type != NGX_WXAPP_JSON_STRING) {
            *error = "has a \"kid\" that is no string";
            return NGX_DECLINED;
        }

        key.kid = kid->value;
    }

    key.alg = ngx_wxapp_jwk_alg(node);

    if (key.alg == NULL || !ngx_wxapp_jwk_usable(node)) {
        return NGX_OK;
    }

    other = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        if (other[i].alg == key.alg && other[i].kid.len == key.kid.len
            && (key.kid.len == 0
                || ngx_memcmp(other[i].kid.data, key.kid.data, key.kid.len)
                   == 0))
        {
            *error = "has the \"kid\" of another";
            return NGX_DECLINED;
        }
    }

    rc = ngx_wxapp_jwk_members(&key, pool, node);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        *error = "is damaged";
        return NGX_DECLINED;
    }

    if (ngx_wxapp_jwk_own(&key, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    *error = ngx_wxapp_jwk_check(&key);

    if (*error) {
        return NGX_DECLINED;
    }

    other = ngx_array_push(keys);
    if (other == NULL) {
        return NGX_ERROR;
    }

    *other = key;

    return NGX_OK;
}


static ngx_uint_t
ngx_wxapp_jwk_usable(ngx_wxapp_json_node_t *node)
{
    ngx_wxapp_json_node_t  *use, *ops;

    use = ngx_wxapp_jwk_member(node, "use");

    if (use && !ngx_wxapp_jwk_is(use, "sig")) {
        return 0;
    }

    ops = ngx_wxapp_jwk_member(node, "key_ops");

    if (ops == NULL) {
        return 1;
    }

    for (ops = ops->first; ops; ops = ops->next) {
        if (ngx_wxapp_jwk_is(ops, "verify")) {
            return 1;
        }
    }

    return 0;
}


/* by its type, its curve, and what it says that it is for */

static ngx_wxapp_jwa_t *
ngx_wxapp_jwk_alg(ngx_wxapp_json_node_t *node)
{
    int                     type;
    ngx_uint_t              i;
    ngx_wxapp_jwa_t        *jwa;
    ngx_wxapp_json_node_t  *kty, *crv, *alg;

    kty = ngx_wxapp_jwk_member(node, "kty");
    crv = ngx_wxapp_jwk_member(node, "crv");
    alg = ngx_wxapp_jwk_member(node, "alg");

    type = ngx_wxapp_jwk_is(kty, "RSA") ? EVP_PKEY_RSA
           : ngx_wxapp_jwk_is(kty, "EC") ? EVP_PKEY_EC
           : ngx_wxapp_jwk_is(kty, "OKP") ? EVP_PKEY_ED25519 : EVP_PKEY_NONE;

    for (i = 0; i < NGX_WXAPP_JWA; i++) {
        jwa = &ngx_wxapp_jwa[i];

        if (jwa->type == type
            && (jwa->curve == NULL || ngx_wxapp_jwk_is(crv, jwa->curve))
            && (alg == NULL
                || ngx_wxapp_jwk_is(alg, (char *) jwa->name.data)))
        {
            return jwa;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_wxapp_jwk_members(ngx_wxapp_jwk_t *key, ngx_pool_t *pool,
    ngx_wxapp_json_node_t *node)
{
    size_t     size;
    ngx_str_t  a, b, point;

    if (key->alg->type == EVP_PKEY_RSA) {

        if (ngx_wxapp_jwk_bytes(node, "n", pool, &a) != NGX_OK
            || ngx_wxapp_jwk_bytes(node, "e", pool, &b) != NGX_OK)
        {
            return NGX_DECLINED;
        }

        key->pkey = ngx_wxapp_jwk_rsa(&a, &b);

    } else if (key->alg->type == EVP_PKEY_EC) {

        size = key->alg->size;

        if (ngx_wxapp_jwk_bytes(node, "x", pool, &a) != NGX_OK
            || ngx_wxapp_jwk_bytes(node, "y", pool, &b) != NGX_OK
            || a.len != size || b.len != size)
        {
            return NGX_DECLINED;
        }

        point.len = 1 + 2 * size;
        point.data = ngx_pnalloc(pool, point.len);
        if (point.data == NULL) {
            return NGX_ERROR;
        }

        point.data[0] = POINT_CONVERSION_UNCOMPRESSED;
        ngx_memcpy(point.data + 1, a.data, size);
        ngx_memcpy(point.data + 1 + size, b.data, size);

        key->pkey = ngx_wxapp_jwk_ec(key->alg->group, &point);

    } else {

        if (ngx_wxapp_jwk_bytes(node, "x", pool, &a) != NGX_OK) {
            return NGX_DECLINED;
        }

        key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                a.data, a.len);
    }

    return key->pkey ? NGX_OK : NGX_DECLINED;
}


static EVP_PKEY *
ngx_wxapp_jwk_rsa(ngx_str_t *n, ngx_str_t *e)
{
    BIGNUM          *bn, *be;
    EVP_PKEY        *pkey;
    OSSL_PARAM_BLD  *bld;

    bn = BN_bin2bn(n->data, n->len, NULL);
    be = BN_bin2bn(e->data, e->len, NULL);
    bld = OSSL_PARAM_BLD_new();

    pkey = NULL;

    if (bn && be && bld
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
    {
        pkey = ngx_wxapp_jwk_build("RSA", bld);
    }

    OSSL_PARAM_BLD_free(bld);
    BN_free(be);
    BN_free(bn);

    return pkey;
}


static EVP_PKEY *
ngx_wxapp_jwk_ec(const char *group, ngx_str_t *point)
{
    EVP_PKEY        *pkey;
    OSSL_PARAM_BLD  *bld;

    bld = OSSL_PARAM_BLD_new();
    pkey = NULL;

    if (bld
        && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
                                           group, 0) == 1
        && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
                                            point->data, point->len) == 1)
    {
        pkey = ngx_wxapp_jwk_build("EC", bld);
    }

    OSSL_PARAM_BLD_free(bld);

    return pkey;
}


static EVP_PKEY *
ngx_wxapp_jwk_build(const char *type, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY      *pkey;
    OSSL_PARAM    *params;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;
    params = OSSL_PARAM_BLD_to_param(bld);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1) {
        (void) EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
    }

    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);

    return pkey;
}


static ngx_wxapp_json_node_t *
ngx_wxapp_jwk_member(ngx_wxapp_json_node_t *object, const char *name)
{
    ngx_str_t  s;

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    return ngx_wxapp_json_member(object, &s);
}


static ngx_uint_t
ngx_wxapp_jwk_is(ngx_wxapp_json_node_t *node, const char *s)
{
    return node && node->type == NGX_WXAPP_JSON_STRING
           && node->value.len == ngx_strlen(s)
           && ngx_memcmp(node->value.data, s, node->value.len) == 0;
}


static ngx_int_t
ngx_wxapp_jwk_bytes(ngx_wxapp_json_node_t *object, const char *name,
    ngx_pool_t *pool, ngx_str_t *bytes)
{
    ngx_wxapp_json_node_t  *node;

    node = ngx_wxapp_jwk_member(object, name);

    if (node == NULL || node->type != NGX_WXAPP_JSON_STRING
        || node->value.len == 0)
    {
        return NGX_ERROR;
    }

    bytes->data = ngx_pnalloc(pool,
                              ngx_base64_decoded_length(node->value.len));
    if (bytes->data == NULL) {
        return NGX_ERROR;
    }

    return ngx_decode_base64url(bytes, &node->value);
}


void
ngx_wxapp_jwks_write(ngx_wxapp_text_t *text, ngx_array_t *keys)
{
    ngx_uint_t        i;
    ngx_wxapp_jwk_t  *key;

    key = keys->elts;

    ngx_wxapp_json_open(text, '{');
    ngx_wxapp_json_name(text, "keys");
    ngx_wxapp_json_open(text, '[');

    for (i = 0; i < keys->nelts; i++) {
        if (key[i].pkey) {
            ngx_wxapp_jwk_write(text, &key[i]);
        }
    }

    ngx_wxapp_json_close(text, ']');
    ngx_wxapp_json_close(text, '}');
}


static void
ngx_wxapp_jwk_write(ngx_wxapp_text_t *text, ngx_wxapp_jwk_t *key)
{
    size_t  len;
    u_char  raw[32];

    ngx_wxapp_json_open(text, '{');
    ngx_wxapp_json_name(text, "kty");
    ngx_wxapp_json_cstr(text, key->alg->type == EVP_PKEY_RSA ? "RSA"
                              : key->alg->type == EVP_PKEY_EC ? "EC" : "OKP");
    ngx_wxapp_json_name(text, "use");
    ngx_wxapp_json_cstr(text, "sig");
    ngx_wxapp_json_name(text, "alg");
    ngx_wxapp_json_str(text, &key->alg->name);

    if (key->kid.len) {
        ngx_wxapp_json_name(text, "kid");
        ngx_wxapp_json_str(text, &key->kid);
    }

    if (key->alg->curve) {
        ngx_wxapp_json_name(text, "crv");
        ngx_wxapp_json_cstr(text, key->alg->curve);
    }

    switch (key->alg->type) {

    case EVP_PKEY_RSA:
        ngx_wxapp_jwk_write_number(text, "n", key->pkey,
                                   OSSL_PKEY_PARAM_RSA_N, 0);
        ngx_wxapp_jwk_write_number(text, "e", key->pkey,
                                   OSSL_PKEY_PARAM_RSA_E, 0);
        break;

    case EVP_PKEY_EC:
        ngx_wxapp_jwk_write_number(text, "x", key->pkey,
                                   OSSL_PKEY_PARAM_EC_PUB_X, key->alg->size);
        ngx_wxapp_jwk_write_number(text, "y", key->pkey,
                                   OSSL_PKEY_PARAM_EC_PUB_Y, key->alg->size);
        break;

    default:
        len = sizeof(raw);

        if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &len) != 1) {
            text->failed = 1;
            break;
        }

        ngx_wxapp_jwk_write_bytes(text, "x", raw, len);
    }

    ngx_wxapp_json_close(text, '}');
}


/* big-endian, of "size" bytes, 0: as many as it needs */

static void
ngx_wxapp_jwk_write_number(ngx_wxapp_text_t *text, const char *name,
    EVP_PKEY *pkey, const char *param, size_t size)
{
    u_char   buf[NGX_WXAPP_JWK_BITS / 8];
    BIGNUM  *bn;

    bn = NULL;

    if (EVP_PKEY_get_bn_param(pkey, param, &bn) != 1) {
        text->failed = 1;
        return;
    }

    if (size == 0) {
        size = BN_num_bytes(bn);
    }

    if (size > sizeof(buf) || BN_bn2binpad(bn, buf, size) < 0) {
        text->failed = 1;

    } else {
        ngx_wxapp_jwk_write_bytes(text, name, buf, size);
    }

    BN_free(bn);
}


static void
ngx_wxapp_jwk_write_bytes(ngx_wxapp_text_t *text, const char *name,
    u_char *data, size_t len)
{
    ngx_str_t  from, to;
    u_char     buf[ngx_base64_encoded_length(NGX_WXAPP_JWK_BITS / 8)];

    from.data = data;
    from.len = len;
    to.data = buf;

    ngx_encode_base64url(&to, &from);

    ngx_wxapp_json_name(text, name);
    ngx_wxapp_json_str(text, &to);
}
