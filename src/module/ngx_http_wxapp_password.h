
/*
 * Login by password: the configuration, and one attempt to show a password,
 * for a login or for a change of it.
 */


#ifndef _NGX_HTTP_WXAPP_PASSWORD_H_INCLUDED_
#define _NGX_HTTP_WXAPP_PASSWORD_H_INCLUDED_


#include "base/ngx_wxapp_password.h"
#include "base/ngx_wxapp_statement.h"
#include "http/ngx_http_wxapp_body.h"
#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_grant.h"


#define NGX_HTTP_WXAPP_TOTP_OFF       0
#define NGX_HTTP_WXAPP_TOTP_OPTIONAL  1       /* for who has a secret */
#define NGX_HTTP_WXAPP_TOTP_REQUIRED  2


/* so many failures, and no more tries for that many seconds */

typedef struct {
    ngx_uint_t                max;
    ngx_uint_t                window;
} ngx_http_wxapp_lockout_t;


typedef struct {
    ngx_http_wxapp_place_t    place;

    ngx_wxapp_statement_t     user;
    ngx_wxapp_statement_t     update;         /* no text: none, as below */
    ngx_wxapp_statement_t     recovery;
    ngx_str_t                 captcha;        /* URI */
    ngx_uint_t                totp;           /* NGX_HTTP_WXAPP_TOTP_* */
    ngx_uint_t                skew;           /* steps */
    ngx_http_wxapp_lockout_t  account;
    ngx_http_wxapp_lockout_t  address;
    ngx_uint_t                cost;
    ngx_thread_pool_t        *threads;

    ngx_uint_t                min;            /* characters */
    ngx_array_t              *denied;         /* ngx_str_t in order, lower
                                                 case; or NULL */
} ngx_http_wxapp_password_conf_t;


typedef struct ngx_http_wxapp_password_s  ngx_http_wxapp_password_t;


/* of failures that a try counts for */

#define NGX_HTTP_WXAPP_PASSWORD_ACCOUNT  0
#define NGX_HTTP_WXAPP_PASSWORD_ADDRESS  1
#define NGX_HTTP_WXAPP_PASSWORD_WRITING  2    /* of the name; if it is not
                                                 that of the row */
#define NGX_HTTP_WXAPP_PASSWORD_COUNTS   3

typedef struct {
    ngx_http_wxapp_password_t       *attempt;
    ngx_str_t                        key;           /* empty: not counted */
    ngx_uint_t                       counted;       /* unsigned  counted:1; */
} ngx_http_wxapp_password_count_t;

typedef void (*ngx_http_wxapp_password_pt)(ngx_http_wxapp_password_t *attempt);

struct ngx_http_wxapp_password_s {
    ngx_http_request_t              *request;
    ngx_http_wxapp_password_conf_t  *conf;

    /* given */

    ngx_str_t                        username;
    ngx_str_t                        password;
    ngx_str_t                        new_password;  /* empty: a login */
    ngx_str_t                        otp;
    ngx_str_t                        recovery_code;
    ngx_str_t                        ticket;

    /* of the user's row */

    ngx_str_t                        uid;
    ngx_str_t                        name;          /* column "username" */
    ngx_str_t                        hash;
    ngx_str_t                        role;
    ngx_str_t                        secret;        /* of TOTP */
    ngx_str_t                        openid;
    ngx_str_t                        unionid;
    ngx_str_t                        claims;        /* JSON: other columns */
    ngx_str_t                        user;          /* JSON */
    unsigned                         found:1;
    unsigned                         disabled:1;

    /* of the check */

    unsigned                         verified:1;
    unsigned                         mfa:1;
    u_char                           fresh[NGX_WXAPP_PASSWORD_HASH];
    unsigned                         hashed:1;      /* there is a fresh one */

    ngx_http_wxapp_password_pt       checked;
    ngx_http_wxapp_password_pt       handler;       /* of a part of it */

    /* of the lockout */

    ngx_http_wxapp_password_count_t  counts[NGX_HTTP_WXAPP_PASSWORD_COUNTS];
    ngx_uint_t                       asked;         /* answers to come */
    unsigned                         lost:1;
    int64_t                          locked;        /* ms, 0: not locked */

    ngx_http_wxapp_grant_t           grant;
};


typedef enum {
    NGX_HTTP_WXAPP_PASSWORD_CREDENTIALS = 0,
    NGX_HTTP_WXAPP_PASSWORD_WRONG,
    NGX_HTTP_WXAPP_PASSWORD_TOO_LONG,
    NGX_HTTP_WXAPP_PASSWORD_OTP_MISSING,
    NGX_HTTP_WXAPP_PASSWORD_OTP_INVALID,
    NGX_HTTP_WXAPP_PASSWORD_LOCKOUT,
    NGX_HTTP_WXAPP_PASSWORD_CAPTCHA,
    NGX_HTTP_WXAPP_PASSWORD_NO_CAPTCHA,
    NGX_HTTP_WXAPP_PASSWORD_NO_REDIS,
    NGX_HTTP_WXAPP_PASSWORD_NO_SESSION,
    NGX_HTTP_WXAPP_PASSWORD_BUSY,
    NGX_HTTP_WXAPP_PASSWORD_CONFLICT,
    NGX_HTTP_WXAPP_PASSWORD_ERROR             /* 500 */
} ngx_http_wxapp_password_problem_e;


/* content handlers */

ngx_int_t ngx_http_wxapp_password_login_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_wxapp_password_set_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_wxapp_password_unlock_handler(ngx_http_request_t *r);


/*
 * Reads what the client gives: the strings of the fields, by their order, go
 * to "values", ngx_str_t's, empty if not given.  NGX_OK, or NGX_DONE when the
 * request was finalized with a problem.
 */
ngx_int_t ngx_http_wxapp_password_input(ngx_http_request_t *r,
    ngx_wxapp_field_t *fields, ngx_uint_t n, ngx_str_t **values);

/*
 * Loads the user by "key", counts the try, and checks attempt->password in a
 * thread, the same work whether there is such a user or not.  The handler
 * runs with "verified"; if it is, "hashed" says that there is a fresh hash: of
 * new_password, or of the password if its hash is of a lower cost.  On a
 * lockout or a failure of ours the request is finalized instead.
 */
void ngx_http_wxapp_password_check(ngx_http_wxapp_password_t *attempt,
    ngx_str_t *key, ngx_http_wxapp_password_pt handler);

/*
 * Writes the fresh hash; "done" runs with the query, op->data the attempt,
 * unless the client goes away.  NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_password_update(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_done_pt done);

/* Ends the request with the problem, counts and notes it. */
void ngx_http_wxapp_password_fail(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_problem_e problem);

/* The same for a query that did not end OK. */
void ngx_http_wxapp_password_db(ngx_http_wxapp_password_t *attempt,
    ngx_wxapp_op_t *op);


/*
 * Counts a try of the account and of the client's address before it is made,
 * so that any number at once get no more than those left.  The handler runs
 * with "locked" and "lost".  An account that is locked, but not by the writing
 * that was given of its name, is "disabled" instead: whether two writings are
 * one name only tells where there is such a user.  NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_password_reserve(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_pt handler);

/* Takes the try back: it was no failure.  Nobody waits for it. */
void ngx_http_wxapp_password_release(ngx_http_wxapp_password_t *attempt);

/* The same after a success, which forgets the account's failures. */
void ngx_http_wxapp_password_clear(ngx_http_wxapp_password_t *attempt);

/* Names the script of it; at configuration. */
ngx_int_t ngx_http_wxapp_password_lockouts(void);

/*
 * The key of the failures of an account "of" that name or id, "account" or
 * "id"; NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_password_key(ngx_http_request_t *r, const char *of,
    ngx_str_t *name, ngx_str_t *key);


/*
 * Asks the location of "captcha" about attempt->ticket.  The handler runs if
 * it passes; otherwise the request is finalized.
 */
void ngx_http_wxapp_password_captcha(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_pt handler);

/*
 * Checks the one-time password or recovery code where one is due.  The
 * handler runs if all is well, with "mfa" if there was one; otherwise the
 * request is finalized.
 */
void ngx_http_wxapp_password_otp(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_pt handler);


/*
 * Looks whether attempt->new_password may be one, by the policy, the old one
 * and the username if it is known.  NGX_OK, or NGX_DONE when the request was
 * finalized with a problem.
 */
ngx_int_t ngx_http_wxapp_password_policy(ngx_http_wxapp_password_t *attempt);

/* Sets the policy: "policy" in a block. */
char *ngx_http_wxapp_password_set_policy(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data);


extern ngx_module_t  ngx_http_wxapp_password_module;


#endif /* _NGX_HTTP_WXAPP_PASSWORD_H_INCLUDED_ */
