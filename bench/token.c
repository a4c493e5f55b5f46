/*
 * How long a token takes to be verified and to be signed, by algorithm: without the cache of verified tokens,
 * and with it; and what libjwt takes to verify the same token, where it can.  bench/token builds and runs it.
 *
 *     token ROUNDS MILLISECONDS
 *
 * CPU time of the process, the median of the rounds, each of so many milliseconds for each figure.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <jwt.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/ngx_wxapp_token_cache.h"


/* what the objects of nginx that are linked want */

static ngx_log_t       bench_log;
static ngx_cycle_t     bench_cycle = { .log = &bench_log };
volatile ngx_cycle_t  *ngx_cycle = &bench_cycle;
ngx_pid_t              ngx_pid = 1;

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    abort();
}


#define NOW  1795251600

static ngx_wxapp_token_t  token;
static ngx_str_t          value, public;
static char               typ_jwt[4096];


static double
cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}


static void
verify(ngx_pool_t *pool)
{
    const char             *reason;
    ngx_wxapp_json_node_t  *claims;

    if (ngx_wxapp_token_verify(&token, pool, &value, NOW, &claims, &reason)
        != NGX_OK)
    {
        abort();
    }
}


static void
cached(ngx_pool_t *pool)
{
    const char             *reason;
    ngx_wxapp_json_node_t  *claims;

    if (ngx_wxapp_token_cached(&token, pool, &value, NOW, &claims, &reason)
        != NGX_OK)
    {
        abort();
    }
}


static void
sign(ngx_pool_t *pool)
{
    static ngx_wxapp_token_claim_t  claims[] = {
        { "sub", ngx_string("1234567"), 0 },
        { "openid", ngx_string("oABCDEFGHIJKLMNOPQRSTUVWXYZ0"), 0 },
        { "role", ngx_string("user"), 0 },
        { "sid", ngx_string("0123456789abcdefghijkl"), 0 }
    };

    if (ngx_wxapp_token_sign(&token, pool, claims, 4, NOW, &value) != NGX_OK) {
        abort();
    }
}


static void
by_libjwt(ngx_pool_t *pool)
{
    jwt_t  *jwt;

    if (jwt_decode(&jwt, typ_jwt, public.data, public.len) != 0) {
        abort();
    }

    jwt_free(jwt);
}


static int
ascending(const void *a, const void *b)
{
    double  d = *(double *) a - *(double *) b;

    return (d > 0) - (d < 0);
}


static double
measure(void (*what)(ngx_pool_t *pool), int rounds, double us)
{
    int          i, n;
    double       t, took[101];
    ngx_pool_t  *pool;

    for (i = 0; i < rounds; i++) {
        n = 0;
        t = cpu();

        do {
            pool = ngx_create_pool(4096, &bench_log);
            what(pool);
            ngx_destroy_pool(pool);
            n++;
        } while (cpu() - t < us);

        took[i] = (cpu() - t) / n;
    }

    qsort(took, rounds, sizeof(double), ascending);

    return took[rounds / 2];
}


static ngx_str_t
pem(EVP_PKEY *pkey, int private)
{
    BIO        *bio = BIO_new(BIO_s_mem());
    char       *p;
    ngx_str_t   s;

    if (private) {
        PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
    } else {
        PEM_write_bio_PUBKEY(bio, pkey);
    }

    BIO_write(bio, "", 1);
    s.len = BIO_get_mem_data(bio, &p) - 1;
    s.data = (u_char *) p;

    return s;
}


int
main(int argc, char **argv)
{
    int               rounds = atoi(argv[1]);
    double            us = atof(argv[2]) * 1000;
    char             *s, lib[32];
    jwt_t            *jwt;
    EVP_PKEY         *pkey;
    ngx_str_t         secret, file;
    ngx_uint_t        a;
    ngx_pool_t       *pool;
    const char       *name, *error;
    ngx_wxapp_jwk_t  *key;

    ngx_pagesize = 4096;
    pool = ngx_create_pool(4096, &bench_log);
    ngx_str_set(&secret, "a secret of sixty-four bytes, which is as many as the longest needs");
    ngx_str_set(&token.own.name, "shop.example.com");
    token.ttl = 3600;

    for (a = 0; a < NGX_WXAPP_JWA; a++) {
        name = (char *) ngx_wxapp_jwa[a].name.data;
        pkey = name[0] == 'H' ? NULL : name[1] == 'S' && name[0] != 'E' ? EVP_RSA_gen(2048)
               : name[1] == 'd' ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen(ngx_wxapp_jwa[a].curve);

        file = pkey ? pem(pkey, 1) : secret;
        public = pkey ? pem(pkey, 0) : secret;

        token.own.keys = ngx_array_create(pool, 1, sizeof(ngx_wxapp_jwk_t));
        key = ngx_array_push(token.own.keys);
        ngx_str_set(&key->kid, "2026-11");
        key->alg = &ngx_wxapp_jwa[a];

        if (ngx_wxapp_jwk_parse(key, pool, &file, &error) != NGX_OK) {
            abort();
        }

        token.signer = key;
        sign(pool);

        strcpy(lib, "-");

        if (name[0] != 'P' && name[1] != 'd') {
            jwt_new(&jwt);
            jwt_add_grants_json(jwt, "{\"iss\":\"shop.example.com\",\"sub\":\"1234567\","
                "\"openid\":\"oABCDEFGHIJKLMNOPQRSTUVWXYZ0\",\"role\":\"user\",\"sid\":\"0123456789abcdefghijkl\","
                "\"iat\":1795251600,\"nbf\":1795251600,\"exp\":1795255200,\"jti\":\"0123456789abcdef0123456789abcdef\"}");
            jwt_set_alg(jwt, jwt_str_alg(name), file.data, file.len);
            s = jwt_encode_str(jwt);
            snprintf(typ_jwt, sizeof(typ_jwt), "%s", s);
            free(s);
            jwt_free(jwt);
            snprintf(lib, sizeof(lib), "%.1f", measure(by_libjwt, rounds, us));
        }

        printf("alg=%s verify_us=%.1f ", name, measure(verify, rounds, us));
        printf("cached_us=%.2f ", measure(cached, rounds, us));
        ngx_wxapp_token_cache_free(&token);
        printf("sign_us=%.1f libjwt_verify_us=%s\n", measure(sign, rounds, us), lib);
        fflush(stdout);
    }

    return 0;
}
