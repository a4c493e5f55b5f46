
/*
 * One-time passwords of RFC 6238: SHA-1, six digits, steps of 30 seconds.
 */


#ifndef _NGX_WXAPP_TOTP_H_INCLUDED_
#define _NGX_WXAPP_TOTP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_TOTP_DIGITS  6
#define NGX_WXAPP_TOTP_STEP    30             /* seconds */
#define NGX_WXAPP_TOTP_SECRET  128            /* bytes at most */


/*
 * Decodes base32 of RFC 4648 in either case, without regard to spaces, "-"
 * and "=" at the end.  NGX_DECLINED for any other text, an empty one, or one
 * of more than NGX_WXAPP_TOTP_SECRET bytes.
 */
ngx_int_t ngx_wxapp_base32(ngx_str_t *text,
    u_char secret[NGX_WXAPP_TOTP_SECRET], size_t *len);

/* The password of a step; NGX_ERROR without memory. */
ngx_int_t ngx_wxapp_totp(ngx_str_t *secret, uint64_t step,
    u_char code[NGX_WXAPP_TOTP_DIGITS]);

/*
 * Whether the code is that of now, or of up to "skew" steps before or after.
 * NGX_OK with its step; NGX_DECLINED; NGX_ERROR for a secret that is not
 * base32, or without memory.
 */
ngx_int_t ngx_wxapp_totp_verify(ngx_str_t *base32, ngx_str_t *code,
    time_t now, ngx_uint_t skew, uint64_t *step);


#endif /* _NGX_WXAPP_TOTP_H_INCLUDED_ */
