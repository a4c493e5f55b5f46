
/*
 * Keys and signatures: the examples of RFC 7515, 7520 and 8037, libjwt as the
 * other side, keys that are refused, and sets read and written.
 */


#include "base/ngx_wxapp_jws.h"
#include "unit.h"

#include <jwt.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>


#define A_CLAIMS                                                              \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"        \
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

#define A2_N                                                                  \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"        \
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"        \
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"        \
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"        \
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"        \
    "PAcDTW9gb54h4FRWyuXpoQ"

#define A3_KEY                                                                \
    "\"kty\":\"EC\",\"crv\":\"P-256\","                                       \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                  \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""

#define A3_SIGNATURE                                                          \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"        \
    "pmWQxfKTUJqPP3-Kg6NU1Q"

#define ED_KEY                                                                \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\","                                    \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

#define PS_N                                                                  \
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRoj"        \
    "dNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2l"        \
    "bzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6c"        \
    "S6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3"        \
    "-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwU"        \
    "kRz5iaiQkqgc5gHdrNP5zw"

#define PS_INPUT                                                              \
    "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhh"        \
    "bXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcg"       \
    "b3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlv"        \
    "dSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hl"        \
    "cmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"

#define PS_SIGNATURE                                                          \
    "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN"        \
    "6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvW"        \
    "Xzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ij"        \
    "Q7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6ui"        \
    "P1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmW"        \
    "jwZ6oD4ifKo8DYM-X72Eaw"


static const char  *error;
static ngx_uint_t   number;

/* made once: RSA takes its time */

static EVP_PKEY    *rsa, *rsa1024, *ec[3], *ed;


static void
generate(void)
{
    rsa = EVP_RSA_gen(2048);
    rsa1024 = EVP_RSA_gen(1024);
    ec[0] = EVP_EC_gen("P-256");
    ec[1] = EVP_EC_gen("P-384");
    ec[2] = EVP_EC_gen("P-521");
    ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}


static void
drop(void)
{
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(rsa1024);
    EVP_PKEY_free(ec[0]);
    EVP_PKEY_free(ec[1]);
    EVP_PKEY_free(ec[2]);
    EVP_PKEY_free(ed);
}


static EVP_PKEY *
of(const char *alg)
{
    switch (alg[0]) {
    case 'R':
    case 'P':
        return rsa;
    case 'E':
        return alg[1] == 'd' ? ed : alg[2] == '2' ? ec[0]
               : alg[2] == '3' ? ec[1] : ec[2];
    }

    return NULL;
}


static ngx_str_t
pem(EVP_PKEY *pkey, ngx_uint_t private, const char *password)
{
    BIO        *bio;
    char       *p;
    long        n;
    ngx_str_t   s;

    bio = BIO_new(BIO_s_mem());

    if (private) {
        PEM_write_bio_PrivateKey(bio, pkey, password ? EVP_aes_128_cbc() : NULL,
                                 (u_char *) password,
                                 password ? strlen(password) : 0, NULL, NULL);
    } else {
        PEM_write_bio_PUBKEY(bio, pkey);
    }

    n = BIO_get_mem_data(bio, &p);
    s = bytes(p, n + 1);
    s.len = n;
    s.data[n] = '\0';

    BIO_free(bio);

    return s;
}


static ngx_int_t
parse(ngx_wxapp_jwk_t *key, const char *alg, ngx_str_t text)
{
    ngx_str_t  name = str(alg), zero;

    zero.len = text.len;
    zero.data = ngx_pnalloc(pool, text.len + 1);
    memcpy(zero.data, text.data, text.len);
    zero.data[zero.len] = '\0';

    memset(key, 0, sizeof(ngx_wxapp_jwk_t));
    key->alg = ngx_wxapp_jwa_find(&name);
    key->kid = str("k");
    error = "";

    return ngx_wxapp_jwk_parse(key, pool, &zero, &error);
}


static ngx_array_t *
set(const char *text, ngx_int_t *rc)
{
    ngx_str_t     s = str(text);
    ngx_array_t  *keys;

    keys = ngx_array_create(pool, 1, sizeof(ngx_wxapp_jwk_t));
    error = "";

    *rc = ngx_wxapp_jwks_read(keys, pool, &s, &number, &error);

    return keys;
}


static ngx_str_t
decode(const char *text)
{
    ngx_str_t  from = str(text), to;

    to.data = ngx_pnalloc(pool, from.len + 4);

    if (ngx_decode_base64url(&to, &from) != NGX_OK) {
        abort();
    }

    return bytes(to.data, to.len);
}


static ngx_str_t
encode(ngx_str_t from)
{
    ngx_str_t  to;

    to.data = ngx_pnalloc(pool, ngx_base64_encoded_length(from.len) + 1);
    ngx_encode_base64url(&to, &from);
    to.data[to.len] = '\0';

    return to;
}


/* by a set of the one key: it is good, and with one bit other it is not */

static void
example(const char *name, const char *jwk, const char *input,
    const char *signature)
{
    char              text[2048];
    ngx_int_t         rc;
    ngx_str_t         s, in = str(input);
    ngx_uint_t        i, wrong;
    ngx_array_t      *keys;
    ngx_wxapp_jwk_t  *key;

    snprintf(text, sizeof(text), "{\"keys\":[{%s}]}", jwk);

    keys = set(text, &rc);
    ok(rc == NGX_OK && keys->nelts == 1, "%s: the key", name);
    key = keys->elts;
    s = decode(signature);

    ok(ngx_wxapp_jws_verify(key, &in, &s) == NGX_OK, "%s: the signature", name);

    for (wrong = 0, i = 0; i < s.len; i += 1 + s.len / 16) {
        s.data[i] ^= 0x10;
        wrong += (ngx_wxapp_jws_verify(key, &in, &s) != NGX_DECLINED);
        s.data[i] ^= 0x10;
    }

    for (i = 0; i < in.len; i += 1 + in.len / 16) {
        in.data[i] ^= 1;
        wrong += (ngx_wxapp_jws_verify(key, &in, &s) != NGX_DECLINED);
        in.data[i] ^= 1;
    }

    ok(wrong == 0, "%s: another bit", name);
}


static void
examples(void)
{
    u_char            signature[NGX_WXAPP_JWS_LEN];
    size_t            len;
    ngx_str_t         in, s, d;
    EVP_PKEY         *pkey;
    ngx_wxapp_jwk_t   key;

    unit_pool();

    ok(parse(&key, "HS256",
             decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"
                    "aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")) == NGX_OK,
       "RFC 7515 A.1: the key");
    in = str("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." A_CLAIMS);
    s = decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    ok(ngx_wxapp_jws_verify(&key, &in, &s) == NGX_OK,
       "RFC 7515 A.1: the signature");
    ok(ngx_wxapp_jws_sign(&key, &in, signature, &len) == NGX_OK
       && len == s.len && memcmp(signature, s.data, len) == 0,
       "RFC 7515 A.1: made");

    example("RFC 7515 A.2",
            "\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQAB\"",
            "eyJhbGciOiJSUzI1NiJ9." A_CLAIMS,
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
            "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
            "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
            "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
            "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
            "p0igcN_IoypGlUPQGe77Rw");

    example("RFC 7515 A.3", A3_KEY, "eyJhbGciOiJFUzI1NiJ9." A_CLAIMS,
            A3_SIGNATURE);

    example("RFC 7515 A.4", "\"kty\":\"EC\",\"crv\":\"P-521\","
            "\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_"
            "NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\","
            "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDl"
            "y79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"",
            "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
            "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZq"
            "wqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8Kp"
            "EHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn");

    example("RFC 7520 4.2",
            "\"kty\":\"RSA\",\"alg\":\"PS384\",\"n\":\"" PS_N "\","
            "\"e\":\"AQAB\"", PS_INPUT, PS_SIGNATURE);

    example("RFC 8037 A.5", ED_KEY,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B"
            "hVsPt9g7sVvpAr_MuM0KAg");

    d = decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d.data, d.len);
    ok(parse(&key, "EdDSA", pem(pkey, 1, NULL)) == NGX_OK,
       "RFC 8037 A.4: the key");
    in = str("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    s = decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg"
               "5BhVsPt9g7sVvpAr_MuM0KAg");
    ok(ngx_wxapp_jws_sign(&key, &in, signature, &len) == NGX_OK
       && len == s.len && memcmp(signature, s.data, len) == 0,
       "RFC 8037 A.4: made");
    EVP_PKEY_free(pkey);
}


static void
algorithms(void)
{
    u_char            signature[NGX_WXAPP_JWS_LEN];
    size_t            len, i, n;
    ngx_str_t         in, s, text, wrong;
    ngx_uint_t        a, b, bad;
    const char       *name;
    ngx_wxapp_jwk_t   key, public, other;

    unit_pool();
    in = str("header.payload");

    for (a = 0; a < NGX_WXAPP_JWA; a++) {
        name = (char *) ngx_wxapp_jwa[a].name.data;

        if (of(name)) {
            text = pem(of(name), 1, NULL);
            ok(parse(&public, name, pem(of(name), 0, NULL)) == NGX_OK
               && public.secret.len == 0, "%s: a public key", name);

        } else {
            text = str("a secret of sixty-four bytes, which is as many as the "
                       "longest needs");
            ok(parse(&public, name, text) == NGX_OK, "%s", name);
        }

        ok(parse(&key, name, text) == NGX_OK && key.secret.len == text.len,
           "%s: a key that signs", name);

        ok(ngx_wxapp_jws_sign(&key, &in, signature, &len) == NGX_OK
           && len <= NGX_WXAPP_JWS_LEN, "%s: signed", name);

        s = bytes(signature, len);
        ok(ngx_wxapp_jws_verify(&key, &in, &s) == NGX_OK
           && ngx_wxapp_jws_verify(&public, &in, &s) == NGX_OK,
           "%s: verified by both", name);

        wrong = str("header.Payload");
        ok(ngx_wxapp_jws_verify(&public, &wrong, &s) == NGX_DECLINED,
           "%s: another input", name);

        /* signatures of any length, of zeros, ones, and the good one's bytes */

        for (bad = 0, i = 0; i <= 600; i++) {
            wrong = bytes(signature, 0);
            wrong.data = ngx_pnalloc(pool, i + 1);
            wrong.len = i;

            memset(wrong.data, 0, i);
            bad += (ngx_wxapp_jws_verify(&public, &in, &wrong)
                    != NGX_DECLINED);
            memset(wrong.data, 0xff, i);
            bad += (ngx_wxapp_jws_verify(&public, &in, &wrong)
                    != NGX_DECLINED);

            for (n = 0; n < i; n++) {
                wrong.data[n] = signature[n % len];
            }

            bad += ((ngx_wxapp_jws_verify(&public, &in, &wrong) == NGX_OK)
                    != (i == len));
        }

        ok(bad == 0, "%s: signatures of any length", name);

        /* the same key, another algorithm */

        for (bad = 0, b = 0; b < NGX_WXAPP_JWA; b++) {
            other = public;
            other.alg = &ngx_wxapp_jwa[b];

            if (b != a && other.alg->type == public.alg->type
                && other.alg->size <= key.secret.len
                && public.alg->type != EVP_PKEY_EC)
            {
                bad += (ngx_wxapp_jws_verify(&other, &in, &s)
                        != NGX_DECLINED);
            }
        }

        ok(bad == 0, "%s: no signature of another", name);
    }
}


/* libjwt makes what we verify, and verifies what we make */

static void
oracle(void)
{
    char             *token, *dot, header[64];
    jwt_t            *jwt;
    u_char            signature[NGX_WXAPP_JWS_LEN];
    size_t            len;
    ngx_str_t         text, public, in, s;
    ngx_uint_t        a;
    const char       *name;
    ngx_wxapp_jwk_t   key;

    unit_pool();

    for (a = 0; a < NGX_WXAPP_JWA; a++) {
        name = (char *) ngx_wxapp_jwa[a].name.data;

        if (name[0] == 'P' || name[1] == 'd') {
            continue;
        }

        text = of(name) ? pem(of(name), 1, NULL)
                        : str("a secret of sixty-four bytes, which is as many "
                              "as the longest needs");
        public = of(name) ? pem(of(name), 0, NULL) : text;

        parse(&key, name, text);

        jwt_new(&jwt);
        jwt_add_grant(jwt, "sub", "7");
        jwt_set_alg(jwt, jwt_str_alg(name), text.data, text.len);
        token = jwt_encode_str(jwt);
        jwt_free(jwt);

        dot = strrchr(token, '.');
        in = bytes(token, dot - token);
        s = decode(dot + 1);
        ok(ngx_wxapp_jws_verify(&key, &in, &s) == NGX_OK, "%s made by libjwt",
           name);
        free(token);

        snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", name);
        in = encode(str(header));
        s = encode(str("{\"sub\":\"7\"}"));
        token = malloc(4096);
        snprintf(token, 4096, "%s.%s", in.data, s.data);
        in = str(token);
        ngx_wxapp_jws_sign(&key, &in, signature, &len);
        s = encode(bytes(signature, len));
        snprintf(token, 4096, "%.*s.%s", (int) in.len, in.data, s.data);

        ok(jwt_decode(&jwt, token, public.data, public.len) == 0,
           "%s read by libjwt", name);
        jwt_free(jwt);
        free(token);
    }
}


static void
refused(const char *what, const char *alg, ngx_str_t text, const char *why)
{
    ngx_wxapp_jwk_t  key;

    ok(parse(&key, alg, text) == NGX_DECLINED && strcmp(error, why) == 0,
       "%s for %s: %s", what, alg, error);
}


static void
keys(void)
{
    ngx_str_t  text, cut;

    unit_pool();

    refused("31 bytes", "HS256", str("0123456789abcdef0123456789abcde"),
            "is shorter than the hash");
    refused("47 bytes", "HS384",
            str("0123456789abcdef0123456789abcdef0123456789abcde"),
            "is shorter than the hash");
    refused("63 bytes", "HS512",
            str("0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
                "abcde"),
            "is shorter than the hash");
    refused("a public key", "HS256", pem(rsa, 0, NULL),
            "is in PEM, which is no secret for HMAC");
    refused("a private key", "HS512", pem(ec[0], 1, NULL),
            "is in PEM, which is no secret for HMAC");
    refused("a secret", "RS256", str("0123456789abcdef0123456789abcdef"),
            "is not in PEM");
    refused("nothing", "ES256", str(""), "is not in PEM");
    refused("broken PEM", "ES256", str("-----BEGIN PUBLIC KEY-----\nAAAA\n"),
            "is neither a private nor a public one");
    refused("a certificate", "RS256",
            str("-----BEGIN CERTIFICATE-----\nAAAA\n"
                "-----END CERTIFICATE-----\n"),
            "is neither a private nor a public one");
    refused("one with a password", "RS256", pem(rsa, 1, "password"),
            "is encrypted");
    refused("RSA", "ES256", pem(rsa, 1, NULL), "is of another type");
    refused("EC", "RS256", pem(ec[0], 1, NULL), "is of another type");
    refused("Ed25519", "ES256", pem(ed, 0, NULL), "is of another type");
    refused("EC", "EdDSA", pem(ec[0], 0, NULL), "is of another type");
    refused("RSA of 1024", "RS256", pem(rsa1024, 1, NULL),
            "must have 2048 to 8192 bits");
    refused("RSA of 1024", "PS512", pem(rsa1024, 0, NULL),
            "must have 2048 to 8192 bits");
    refused("P-384", "ES256", pem(ec[1], 1, NULL), "is on another curve");
    refused("P-256", "ES384", pem(ec[0], 0, NULL), "is on another curve");
    refused("P-256", "ES512", pem(ec[0], 0, NULL), "is on another curve");

    text = pem(ec[0], 1, NULL);
    cut = bytes(text.data, text.len / 2);
    refused("half a key", "ES256", cut,
            "is neither a private nor a public one");
}


static void
bad_set(const char *text, ngx_uint_t n, const char *why)
{
    ngx_int_t  rc;

    set(text, &rc);
    ok(rc == NGX_DECLINED && number == n && strstr(error, why) != NULL,
       "%.60s: %d %s", text, (int) number, error);
}


static void
sets(void)
{
    ngx_int_t         rc;
    ngx_str_t         text, kid;
    ngx_uint_t        a, n;
    ngx_array_t      *keys, *again;
    ngx_wxapp_jwk_t  *key, *copy;
    ngx_wxapp_text_t  out;

    unit_pool();

    bad_set("", 0, "");
    bad_set("{", 0, "");
    bad_set("[]", 0, "no array");
    bad_set("{}", 0, "no array");
    bad_set("{\"keys\":{}}", 0, "no array");
    bad_set("{\"keys\":[]}", 0, "no key that verifies");
    bad_set("{\"keys\":[7]}", 1, "is no object");
    bad_set("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", 1,
            "is a secret one");
    bad_set("{\"keys\":[{" A3_KEY ",\"d\":\"AAAA\"}]}", 1, "is a secret one");
    bad_set("{\"keys\":[{" A3_KEY ",\"kid\":7}]}", 1, "no string");
    bad_set("{\"keys\":[{" A3_KEY "},{" A3_KEY "}]}", 2, "of another");
    bad_set("{\"keys\":[{" A3_KEY ",\"kid\":\"a\"},{" ED_KEY "},{" A3_KEY
            ",\"kid\":\"a\"}]}", 3, "of another");
    bad_set("{\"keys\":[{" A3_KEY ",\"use\":\"enc\"}]}", 0, "no key that");
    bad_set("{\"keys\":[{" A3_KEY ",\"use\":7}]}", 0, "no key that");
    bad_set("{\"keys\":[{" A3_KEY ",\"key_ops\":[\"sign\"]}]}", 0,
            "no key that");
    bad_set("{\"keys\":[{" A3_KEY ",\"alg\":\"ES384\"}]}", 0, "no key that");
    bad_set("{\"keys\":[{" A3_KEY ",\"alg\":\"HS256\"}]}", 0, "no key that");
    bad_set("{\"keys\":[{" A3_KEY ",\"alg\":7}]}", 0, "no key that");
    bad_set("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"secp256k1\"}]}", 0,
            "no key that");
    bad_set("{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RSA-OAEP\"}]}", 0,
            "no key that");
    bad_set("{\"keys\":[{\"kty\":\"RSA\"}]}", 1, "is damaged");
    bad_set("{\"keys\":[{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}]}", 1,
            "is damaged");
    bad_set("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0t\","
            "\"e\":\"AQAB\"}]}", 1, "must have 2048");
    bad_set("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AA\"}]}",
            1, "is damaged");
    bad_set("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQ\"}]}",
            1, "is damaged");
    bad_set("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\","
            "\"y\":\"AA\"}]}", 1, "is damaged");
    /* not on the curve */
    bad_set("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
            "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
            "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5b0\"}]}", 1,
            "is damaged");
    bad_set("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}",
            1, "is damaged");
    bad_set("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"!\"}]}",
            1, "is damaged");

    keys = set("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"secp256k1\"},"
               "{" A3_KEY ",\"kid\":\"a\",\"use\":\"sig\","
               "\"key_ops\":[\"verify\"],\"x5c\":[\"AAAA\"]},"
               "{" ED_KEY ",\"kid\":\"a\"},"
               "{\"kty\":\"RSA\",\"use\":\"enc\"},"
               "{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQAB\"},"
               "{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQAB\","
               "\"alg\":\"PS256\"}],\"more\":1}", &rc);
    key = keys->elts;
    ok(rc == NGX_OK && keys->nelts == 4, "a set with keys of others");
    ok(equals(&key[0].kid, "a") && equals(&key[0].alg->name, "ES256"),
       "by its curve");
    ok(equals(&key[1].kid, "a") && equals(&key[1].alg->name, "EdDSA"),
       "the same kid, another algorithm");
    ok(key[2].kid.len == 0 && equals(&key[2].alg->name, "RS256"),
       "RSA is RS256");
    ok(equals(&key[3].alg->name, "PS256"), "unless it says");

    /* what we publish */

    keys = ngx_array_create(pool, 4, sizeof(ngx_wxapp_jwk_t));

    for (n = 0, a = 0; a < NGX_WXAPP_JWA; a++) {
        const char  *name = (char *) ngx_wxapp_jwa[a].name.data;

        key = ngx_array_push(keys);
        n += (of(name) != NULL);
        parse(key, name, of(name) ? pem(of(name), a & 1, NULL)
              : str("THESECRET of sixty-four bytes, which is as many as the "
                    "longest needs"));
        kid = str("\"kid\" of ");
        key->kid.data = ngx_pnalloc(pool, 32);
        key->kid.len = ngx_sprintf(key->kid.data, "%V%s", &kid, name)
                       - key->kid.data;
    }

    ngx_wxapp_text_init(&out, pool, 16);
    ngx_wxapp_jwks_write(&out, keys);
    ok(ngx_wxapp_text_done(&out, &text) == NGX_OK, "written");
    ok(memmem(text.data, text.len, "THESECRET", 9) == NULL
       && memmem(text.data, text.len, "oct", 3) == NULL
       && memmem(text.data, text.len, "\"d\"", 3) == NULL
       && memmem(text.data, text.len, "PRIVATE", 7) == NULL, "no secret");

    again = ngx_array_create(pool, 4, sizeof(ngx_wxapp_jwk_t));
    ok(ngx_wxapp_jwks_read(again, pool, &text, &number, &error) == NGX_OK
       && again->nelts == n, "read again: %s", error);

    key = keys->elts;
    copy = again->elts;

    for (a = 0, n = 0; a < keys->nelts; a++) {
        if (key[a].pkey == NULL) {
            continue;
        }

        ok(copy[n].alg == key[a].alg && copy[n].kid.len == key[a].kid.len
           && memcmp(copy[n].kid.data, key[a].kid.data, key[a].kid.len) == 0
           && EVP_PKEY_eq(copy[n].pkey, key[a].pkey) == 1, "the same %s",
           (char *) key[a].alg->name.data);
        n++;
    }

    keys->nelts = 0;
    ngx_wxapp_text_init(&out, pool, 16);
    ngx_wxapp_jwks_write(&out, keys);
    ok(ngx_wxapp_text_done(&out, &text) == NGX_OK
       && equals(&text, "{\"keys\":[]}"), "an empty set");
}


static void
no_memory(void)
{
    ngx_int_t     n, rc;
    ngx_str_t     s;
    ngx_array_t  *keys;

    for (n = 0; n < 500; n++) {
        unit_pool();
        s = str("{\"keys\":[{" A3_KEY ",\"kid\":\"a\"},{" ED_KEY "}]}");
        keys = ngx_array_create(pool, 1, sizeof(ngx_wxapp_jwk_t));

        unit_mallocs = n;
        rc = ngx_wxapp_jwks_read(keys, pool, &s, &number, &error);
        unit_mallocs = -1;

        if (rc == NGX_OK) {
            break;
        }
    }

    ok(n > 3 && n < 500 && keys->nelts == 2, "without memory no key leaks");
}


int
main(void)
{
    generate();
    examples();
    algorithms();
    oracle();
    keys();
    sets();
    no_memory();

    unit_pool();
    drop();

    return unit_done();
}
