
/*
 * Sessions: who is logged in, in Redis, one hash a user with a field for each
 * session.  All nodes see the same; what ends, ends everywhere at once.
 */


#ifndef _NGX_HTTP_WXAPP_SESSION_H_INCLUDED_
#define _NGX_HTTP_WXAPP_SESSION_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


#define NGX_HTTP_WXAPP_SESSION_ID  22         /* characters of base64url */


/* of the configuration, in the main configuration; NULL: no sessions */

struct ngx_http_wxapp_session_conf_s {
    time_t                    ttl;            /* seconds */
    time_t                    refresh;        /* 0: no refresh tokens */
    time_t                    grace;
    ngx_uint_t                max;            /* of one user */
    ngx_array_t              *keys;           /* ngx_wxapp_seal_key_t, or
                                                 NULL */
    unsigned                  fixed:1;        /* not moved on by use */
};


/* one of them; strings live as long as the request */

typedef struct {
    ngx_str_t                 id;             /* empty: none */
    ngx_str_t                 uid;
    ngx_str_t                 openid;
    ngx_str_t                 unionid;
    ngx_str_t                 app;
    ngx_str_t                 role;
    ngx_str_t                 amr;            /* words: "wx", "pwd otp" */
    ngx_str_t                 claims;         /* JSON object of others, or
                                                 empty */
    time_t                    auth_time;      /* of the login */
    time_t                    mfa_time;       /* 0: none */

    ngx_str_t                 device;         /* User-Agent, 128 bytes */
    ngx_str_t                 address;
    time_t                    created;
    time_t                    seen;
    time_t                    expires;

    ngx_str_t                 refresh;        /* the token, or empty */
} ngx_http_wxapp_session_t;


/* how a call ended */

typedef enum {
    NGX_HTTP_WXAPP_SESSION_OK = 0,
    NGX_HTTP_WXAPP_SESSION_NONE,              /* no such session: ended */
    NGX_HTTP_WXAPP_SESSION_OLD,               /* a token was used again: the
                                                 session has been ended */
    NGX_HTTP_WXAPP_SESSION_LOST,              /* Redis did not answer */
    NGX_HTTP_WXAPP_SESSION_PENDING
} ngx_http_wxapp_session_e;

typedef void (*ngx_http_wxapp_session_pt)(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_http_wxapp_session_t *session,
    void *data);


typedef void (*ngx_http_wxapp_sessions_pt)(ngx_http_request_t *r,
    ngx_http_wxapp_session_e result, ngx_array_t *sessions, void *data);


/* Prepares the scripts; at configuration.  NGX_ERROR without memory. */
ngx_int_t ngx_http_wxapp_session_scripts(void);

/* Makes the id of a new session; NGX_ERROR without memory or randomness. */
ngx_int_t ngx_http_wxapp_session_id(ngx_http_request_t *r, ngx_str_t *id);

/*
 * Keeps a new session of what id to mfa_time say; device, address and times
 * are set here, and the refresh token if there are such.  The user's sessions
 * that were not seen longest end when there are too many.  The handler runs
 * once, later, with OK or LOST, unless the client goes away.  NGX_AGAIN, or
 * NGX_ERROR without memory or randomness, or for a user id that is empty or
 * longer than 255 bytes.
 */
ngx_int_t ngx_http_wxapp_session_create(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data);

/*
 * The session that a refresh token belongs to: OK, and session->refresh is
 * that token, be it the newest or not; NONE; LOST.  Otherwise as above;
 * NGX_DECLINED for what is no token at all.
 */
ngx_int_t ngx_http_wxapp_session_find(ngx_http_request_t *r,
    ngx_str_t *token, ngx_http_wxapp_session_pt handler, void *data);

/*
 * Exchanges session->refresh of a session that was found: OK with the next
 * token, the same one for all who show this one within the grace, and what
 * openid to mfa_time say is kept; NONE; OLD; LOST.  Otherwise as above.
 */
ngx_int_t ngx_http_wxapp_session_rotate(ngx_http_request_t *r,
    ngx_http_wxapp_session_t *session, ngx_http_wxapp_session_pt handler,
    void *data);

/*
 * All living sessions of the user, newest first: OK with an array of
 * ngx_http_wxapp_session_t, or LOST.  Otherwise as above.
 */
ngx_int_t ngx_http_wxapp_session_list(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_http_wxapp_sessions_pt handler, void *data);

/*
 * Ends sessions of the user: that with the id, or all, or all but it.  OK, or
 * NONE when there was none; LOST.  They end even if the client goes away
 * meanwhile.  NGX_AGAIN, or NGX_ERROR without memory.
 */
typedef enum {
    NGX_HTTP_WXAPP_SESSION_THIS = 0,
    NGX_HTTP_WXAPP_SESSION_OTHERS,
    NGX_HTTP_WXAPP_SESSION_ALL
} ngx_http_wxapp_session_scope_e;

ngx_int_t ngx_http_wxapp_session_end(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *id, ngx_http_wxapp_session_scope_e scope,
    ngx_http_wxapp_session_pt handler, void *data);

/*
 * Whether the session of the caller's token is alive.  The first call asks
 * Redis, and may be made ahead of time, in the preaccess phase; until the
 * answer is there the result is PENDING.  With "wait" the phases of the
 * request run on then, and the caller returns NGX_AGAIN meanwhile.  NONE also
 * for a token without a session.  Requires a valid identity; LOST also
 * without memory.
 */
ngx_http_wxapp_session_e ngx_http_wxapp_session_alive(ngx_http_request_t *r,
    ngx_uint_t wait);


#endif /* _NGX_HTTP_WXAPP_SESSION_H_INCLUDED_ */
