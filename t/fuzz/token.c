
/*
 * Any token, with three ways of use by the first byte: the text as it is;
 * header and payload in two lines that we sign; a good token changed at one
 * place.  No token is good but one that we signed over the right claims.
 */


#include "base/ngx_wxapp_token.h"
#include "../fuzz/fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>


#define NOW     1795251600
#define SECRET  "0123456789abcdef0123456789abcdef"


static ngx_wxapp_token_t  token;


static void
configure(void)
{
    ngx_str_t         name;
    ngx_wxapp_jwk_t  *key;

    memset(&token, 0, sizeof(token));
    token.own.keys = ngx_array_create(pool, 1, sizeof(ngx_wxapp_jwk_t));
    name = bytes("HS256", 5);
    key = ngx_array_push(token.own.keys);
    memset(key, 0, sizeof(ngx_wxapp_jwk_t));
    key->kid = bytes("k", 1);
    key->alg = ngx_wxapp_jwa_find(&name);
    key->secret = bytes(SECRET, sizeof(SECRET) - 1);
    token.signer = key;
    token.own.name = bytes("i", 1);
    token.ttl = 60;
}


static ngx_str_t
make(const uint8_t *header, size_t hlen, const uint8_t *claims, size_t clen)
{
    u_char         mac[EVP_MAX_MD_SIZE];
    unsigned int   n;
    ngx_str_t      from, to, out;

    out.data = ngx_pnalloc(pool, ngx_base64_encoded_length(hlen)
                                 + ngx_base64_encoded_length(clen) + 60);
    out.len = 0;

    from.data = (u_char *) header;
    from.len = hlen;
    to.data = out.data;
    ngx_encode_base64url(&to, &from);
    out.len = to.len;
    out.data[out.len++] = '.';

    from.data = (u_char *) claims;
    from.len = clen;
    to.data = out.data + out.len;
    ngx_encode_base64url(&to, &from);
    out.len += to.len;

    HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, out.data, out.len, mac, &n);

    out.data[out.len++] = '.';
    from.data = mac;
    from.len = n;
    to.data = out.data + out.len;
    ngx_encode_base64url(&to, &from);
    out.len += to.len;

    return bytes(out.data, out.len);
}


static void
holds(ngx_wxapp_json_node_t *claims)
{
    int64_t                 n;
    ngx_str_t               exp = ngx_string("exp"), iss = ngx_string("iss");
    ngx_wxapp_json_node_t  *node;

    must(claims && claims->type == NGX_WXAPP_JSON_OBJECT);
    must(ngx_wxapp_json_integer(ngx_wxapp_json_member(claims, &exp), &n)
         == NGX_OK && n > NOW);

    node = ngx_wxapp_json_member(claims, &iss);
    must(node && node->type == NGX_WXAPP_JSON_STRING && node->value.len == 1
         && node->value.data[0] == 'i');
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                    at;
    ngx_int_t                 rc;
    ngx_str_t                 s;
    const char               *reason;
    const uint8_t            *end;
    ngx_wxapp_json_node_t    *claims;
    ngx_wxapp_token_claim_t   given[1];

    if (size < 1) {
        return 0;
    }

    fuzz_pool();
    configure();

    claims = NULL;
    reason = NULL;

    switch (data[0] % 3) {

    case 0:
        s = bytes(data + 1, size - 1);
        rc = ngx_wxapp_token_verify(&token, pool, &s, NOW, &claims, &reason);

        /* nobody guesses a signature */

        must(rc == NGX_DECLINED && reason);
        break;

    case 1:
        end = memchr(data + 1, '\n', size - 1);

        if (end == NULL) {
            return 0;
        }

        s = make(data + 1, end - data - 1, end + 1, data + size - end - 1);
        rc = ngx_wxapp_token_verify(&token, pool, &s, NOW, &claims, &reason);
        must(rc == NGX_OK || (rc == NGX_DECLINED && reason));

        if (rc == NGX_OK) {
            must(s.len <= NGX_WXAPP_TOKEN_LEN);
            holds(claims);
        }

        break;

    default:
        if (size < 4) {
            return 0;
        }

        given[0].name = "sub";
        given[0].value = bytes(data + 4, size - 4);
        given[0].json = 0;

        if (ngx_wxapp_token_sign(&token, pool, given, 1, NOW, &s) != NGX_OK) {
            must(memchr(given[0].value.data, '\0', given[0].value.len));
            return 0;
        }

        s = bytes(s.data, s.len);
        rc = ngx_wxapp_token_verify(&token, pool, &s, NOW, &claims, &reason);

        must(rc == NGX_OK || s.len > NGX_WXAPP_TOKEN_LEN);

        if (rc == NGX_OK) {
            holds(claims);
        }

        at = (data[1] << 8 | data[2]) % s.len;

        if (s.data[at] == data[3]) {
            return 0;
        }

        s.data[at] = data[3];
        rc = ngx_wxapp_token_verify(&token, pool, &s, NOW, &claims, &reason);
        must(rc == NGX_DECLINED && reason);
    }

    return 0;
}
