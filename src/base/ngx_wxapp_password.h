
/*
 * Passwords: bcrypt by crypt_rn() of libxcrypt.  Hashing takes a quarter of a
 * second at cost 12 and is for a thread; settings are made on the event loop.
 */


#ifndef _NGX_WXAPP_PASSWORD_H_INCLUDED_
#define _NGX_WXAPP_PASSWORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WXAPP_PASSWORD_MAX      72        /* bytes that bcrypt looks at */
#define NGX_WXAPP_PASSWORD_SETTING  29        /* "$2b$12$" and the salt */
#define NGX_WXAPP_PASSWORD_HASH     60        /* setting and digest */

/* of 2^cost rounds; more would keep a worker from exiting for long */

#define NGX_WXAPP_PASSWORD_COST_MIN  4
#define NGX_WXAPP_PASSWORD_COST_MAX  16


/*
 * Makes a setting with a random salt and a terminating zero.  NGX_ERROR
 * without randomness.
 */
ngx_int_t ngx_wxapp_password_setting(ngx_uint_t cost,
    u_char setting[NGX_WXAPP_PASSWORD_SETTING + 1]);

/*
 * The cost of a hash with the prefix "$2a$", "$2b$" or "$2y$"; 0 for a text
 * that is none, or one whose cost is out of bounds.
 */
ngx_uint_t ngx_wxapp_password_cost(ngx_str_t *hash);

/*
 * Hashes by a setting, or by a hash, which begins with one.  NGX_DECLINED for
 * a password over 72 bytes or with a NUL, never cut short; NGX_ERROR without
 * memory or for a bad setting.  Touches nothing of nginx: safe in a thread.
 */
ngx_int_t ngx_wxapp_password_hash(ngx_str_t *password, const u_char *setting,
    u_char hash[NGX_WXAPP_PASSWORD_HASH]);

/*
 * Whether the password has this hash, whose cost must not be 0: NGX_OK,
 * NGX_DECLINED, NGX_ERROR without memory.  A wrong one takes the time of a
 * hash of "cost", though the hash is of a lower one.  Safe in a thread.
 */
ngx_int_t ngx_wxapp_password_verify(ngx_str_t *password,
    const u_char hash[NGX_WXAPP_PASSWORD_HASH], ngx_uint_t cost);


#endif /* _NGX_WXAPP_PASSWORD_H_INCLUDED_ */
