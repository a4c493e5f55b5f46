
/*
 * The cache of verified tokens: one answer with and without it, claims that
 * stay while they are used, a bound, and time that is looked at each time.
 */


#include "base/ngx_wxapp_token_cache.h"
#include "unit.h"


#define NOW  1795251600


static ngx_wxapp_token_t       token;
static ngx_wxapp_json_node_t  *claims;
static const char             *reason;


static void
configure(void)
{
    ngx_str_t         name;
    ngx_wxapp_jwk_t  *key;

    unit_pool();
    memset(&token, 0, sizeof(token));

    token.own.keys = ngx_array_create(pool, 1, sizeof(ngx_wxapp_jwk_t));

    name = str("HS256");

    key = ngx_array_push(token.own.keys);
    memset(key, 0, sizeof(ngx_wxapp_jwk_t));
    key->kid = str("k");
    key->alg = ngx_wxapp_jwa_find(&name);
    key->secret = str("0123456789abcdef0123456789abcdef");

    token.signer = key;
    token.own.name = str("shop");
    token.ttl = 3600;
    token.leeway = 30;
}


static ngx_str_t
sign(ngx_uint_t n)
{
    char                      sub[32];
    ngx_str_t                 value;
    ngx_wxapp_token_claim_t   claim;

    snprintf(sub, sizeof(sub), "%u", (unsigned) n);

    claim.name = "sub";
    claim.value = str(sub);
    claim.json = 0;

    if (ngx_wxapp_token_sign(&token, pool, &claim, 1, NOW, &value) != NGX_OK) {
        abort();
    }

    return value;
}


static ngx_int_t
look(ngx_pool_t *p, ngx_str_t *value, time_t now)
{
    claims = NULL;

    return ngx_wxapp_token_cached(&token, p, value, now, &claims, &reason);
}


static ngx_str_t *
sub(void)
{
    ngx_str_t  name = ngx_string("sub");

    return &ngx_wxapp_json_member(claims, &name)->value;
}


static void
once_and_again(void)
{
    ngx_str_t               value;
    ngx_pool_t             *request;
    ngx_wxapp_json_node_t  *first;

    configure();
    value = sign(7);

    ok(look(pool, &value, NOW) == NGX_OK, "a good token");
    first = claims;
    ok(sub()->len == 1 && sub()->data[0] == '7', "its claims");

    ok(look(pool, &value, NOW) == NGX_OK && claims == first,
       "the second time the claims are those of the first");

    ok(look(pool, &value, NOW + 3629) == NGX_OK, "until it expires");
    ok(look(pool, &value, NOW + 3630) == NGX_DECLINED
       && strcmp(reason, "the token has expired") == 0, "and not longer");
    ok(sub != NULL && first->type == NGX_WXAPP_JSON_OBJECT,
       "who holds the claims keeps them");
    ok(look(pool, &value, NOW) == NGX_OK && claims != first,
       "it was forgotten, and is verified anew");
    ok(look(pool, &value, NOW - 31) == NGX_DECLINED, "not before its time");

    value.data[value.len - 1] ^= 1;
    value.data[value.len - 2] = value.data[value.len - 2] == 'A' ? 'B' : 'A';
    ok(look(pool, &value, NOW) == NGX_DECLINED && claims == NULL,
       "a token with another signature is another");

    /* a request ends before the token is forgotten, and after */

    value = sign(8);
    request = ngx_create_pool(1024, &unit_log);
    ok(look(request, &value, NOW) == NGX_OK, "a request");
    ngx_destroy_pool(request);
    ok(look(pool, &value, NOW) == NGX_OK, "the next one");
    ok(look(pool, &value, NOW + 9999) == NGX_DECLINED, "a late one");

    ngx_wxapp_token_cache_free(&token);
    ok(token.cache == NULL, "freed");
    ngx_wxapp_token_cache_free(&token);
}


static void
bounded(void)
{
    ngx_uint_t              i, good;
    ngx_str_t               first, value;
    ngx_pool_t             *request;
    ngx_wxapp_json_node_t  *kept;

    configure();

    request = ngx_create_pool(1024, &unit_log);
    first = sign(0);
    look(request, &first, NOW);
    kept = claims;

    good = 0;

    for (i = 1; i <= NGX_WXAPP_TOKEN_CACHE; i++) {
        value = sign(i);
        good += (look(pool, &value, NOW) == NGX_OK);
    }

    ok(good == NGX_WXAPP_TOKEN_CACHE, "more tokens than it keeps");

    claims = kept;
    ok(sub()->data[0] == '0', "the claims of the oldest are there for whom "
       "they are in use");

    ok(look(pool, &first, NOW) == NGX_OK && claims != kept,
       "but it was forgotten");
    ok(look(pool, &value, NOW) == NGX_OK, "the last one was not");

    ngx_destroy_pool(request);
    ngx_wxapp_token_cache_free(&token);
}


static void
no_memory(void)
{
    ngx_int_t   rc, n;
    ngx_str_t   value;

    configure();
    value = sign(9);

    for (n = 0; n < 200; n++) {
        unit_mallocs = n;
        rc = look(pool, &value, NOW);
        unit_mallocs = -1;

        if (rc == NGX_OK) {
            break;
        }

        if (rc == NGX_DECLINED && strcmp(reason, "the signature is invalid")) {
            break;
        }
    }

    ok(rc == NGX_OK, "without memory it fails, with enough of it does not");
    ngx_wxapp_token_cache_free(&token);
}


int
main(void)
{
    once_and_again();
    bounded();
    no_memory();

    return unit_done();
}
