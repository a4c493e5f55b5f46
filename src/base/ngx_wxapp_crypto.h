
/*
 * The few cryptographic primitives that are needed everywhere, on OpenSSL.
 */


#ifndef _NGX_WXAPP_CRYPTO_H_INCLUDED_
#define _NGX_WXAPP_CRYPTO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_SHA256_LEN  32


/*
 * Fills "p" with "len" random bytes fit for keys.  Drawn from OpenSSL in
 * larger pieces, as one small piece costs a microsecond.  NGX_ERROR when
 * the generator is not seeded.
 */
ngx_int_t ngx_wxapp_random(u_char *p, size_t len);

/* The SHA-256 of "s"; NGX_ERROR without memory. */
ngx_int_t ngx_wxapp_sha256(ngx_str_t *s, u_char digest[NGX_WXAPP_SHA256_LEN]);

/* The HMAC-SHA-256 of "s"; NGX_ERROR without memory. */
ngx_int_t ngx_wxapp_hmac_sha256(ngx_str_t *key, ngx_str_t *s,
    u_char digest[NGX_WXAPP_SHA256_LEN]);

/* As memcmp(), in a time that tells nothing; 0 or not. */
ngx_uint_t ngx_wxapp_memcmp_const(const u_char *a, const u_char *b,
    size_t len);

/* The SHA-1 of "s" as 40 lower case hex digits; NGX_ERROR without memory. */
ngx_int_t ngx_wxapp_sha1_hex(ngx_str_t *s, u_char hex[40]);


#endif /* _NGX_WXAPP_CRYPTO_H_INCLUDED_ */
