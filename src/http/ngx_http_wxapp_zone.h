
/*
 * Shared memory: counters and gauges by worker, and exchanges in flight.
 */


#ifndef _NGX_HTTP_WXAPP_ZONE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_ZONE_H_INCLUDED_


#include "http/ngx_http_wxapp_compat.h"
#include "event/ngx_wxapp_mysql.h"
#include "event/ngx_wxapp_redis.h"


#define NGX_HTTP_WXAPP_WORKERS  128


/* outcomes, in the order of ngx_http_wxapp_counters[] */

typedef enum {
    NGX_HTTP_WXAPP_LOGIN_OK = 0,
    NGX_HTTP_WXAPP_LOGIN_REFUSED,         /* a bad or used code */
    NGX_HTTP_WXAPP_LOGIN_BLOCKED,
    NGX_HTTP_WXAPP_LOGIN_LIMITED,
    NGX_HTTP_WXAPP_LOGIN_TIMEOUT,
    NGX_HTTP_WXAPP_LOGIN_UPSTREAM,        /* WeChat broken or misconfigured */
    NGX_HTTP_WXAPP_LOGIN_FAILED,          /* on our side */
    NGX_HTTP_WXAPP_AUTH_PASSED,
    NGX_HTTP_WXAPP_AUTH_MISSING,
    NGX_HTTP_WXAPP_AUTH_INVALID,
    NGX_HTTP_WXAPP_AUTH_FORBIDDEN,
    NGX_HTTP_WXAPP_AUTH_STEP_UP,          /* a fresher login is needed */
    NGX_HTTP_WXAPP_AUTH_ENDED,            /* the session is over */
    NGX_HTTP_WXAPP_AUTH_BYPASSED,         /* allowed without Redis */
    NGX_HTTP_WXAPP_AUTH_ERROR,            /* denied without Redis */
    NGX_HTTP_WXAPP_AUTH_DRY_RUN,          /* would have been refused */
    NGX_HTTP_WXAPP_PASSWORD_OK,
    NGX_HTTP_WXAPP_PASSWORD_REFUSED,      /* unknown user, wrong password */
    NGX_HTTP_WXAPP_PASSWORD_OTP,          /* a one-time password is wrong */
    NGX_HTTP_WXAPP_PASSWORD_LOCKED,
    NGX_HTTP_WXAPP_PASSWORD_FAILED,       /* on our side */
    NGX_HTTP_WXAPP_PASSWORD_CHANGED,
    NGX_HTTP_WXAPP_PASSWORD_UNLOCKED,
    NGX_HTTP_WXAPP_SESSION_REFRESHED,
    NGX_HTTP_WXAPP_SESSION_REFUSED,       /* not a token of a live session */
    NGX_HTTP_WXAPP_SESSION_REUSED,        /* an old token: the session ended */
    NGX_HTTP_WXAPP_SESSION_FAILED,        /* on our side */
    NGX_HTTP_WXAPP_SESSION_LOGOUT,
    NGX_HTTP_WXAPP_SESSION_LOGOUT_ALL,
    NGX_HTTP_WXAPP_SIGN_PASSED,
    NGX_HTTP_WXAPP_SIGN_REFUSED,
    NGX_HTTP_WXAPP_SIGN_REPLAYED,
    NGX_HTTP_WXAPP_SIGN_ERROR,
    NGX_HTTP_WXAPP_DATA_OK,               /* decrypted, or a good signature */
    NGX_HTTP_WXAPP_DATA_REFUSED,
    NGX_HTTP_WXAPP_DATA_FAILED,
    NGX_HTTP_WXAPP_LIMIT_PASSED,
    NGX_HTTP_WXAPP_LIMIT_REJECTED,
    NGX_HTTP_WXAPP_LIMIT_BYPASSED,        /* allowed without Redis */
    NGX_HTTP_WXAPP_LIMIT_ERROR,           /* denied without Redis */
    NGX_HTTP_WXAPP_LIMIT_DELAYED,
    NGX_HTTP_WXAPP_LIMIT_DRY_RUN,         /* would have been refused */
    NGX_HTTP_WXAPP_LIMIT_LOCAL,           /* refused without asking */
    NGX_HTTP_WXAPP_LIMIT_LEASED,          /* passed without asking */
    NGX_HTTP_WXAPP_LIMIT_FALLBACK,        /* decided as Redis was lost */
    NGX_HTTP_WXAPP_LIMIT_BANNED,          /* bans begun */
    NGX_HTTP_WXAPP_LIMIT_LISTED,          /* refused by wxapp_limit_deny */
    NGX_HTTP_WXAPP_LIMIT_INFLIGHT,        /* refused: too many at a time */
    NGX_HTTP_WXAPP_COUNTERS
} ngx_http_wxapp_counter_e;


typedef struct {
    const char               *group;
    const char               *name;
} ngx_http_wxapp_counter_t;

extern ngx_http_wxapp_counter_t  ngx_http_wxapp_counters[];


/* one worker's part: only that worker writes it */

typedef struct {
    ngx_atomic_t              pid;        /* 0: free */
    ngx_wxapp_mysql_stats_t   mysql;
    ngx_wxapp_mysql_stats_t   replica;
    ngx_wxapp_redis_stats_t   redis;
    ngx_atomic_t              counters[NGX_HTTP_WXAPP_COUNTERS];
} ngx_http_wxapp_worker_t;


/* this worker's part; before it has one, a private spare */

extern ngx_http_wxapp_worker_t  *ngx_http_wxapp_worker;

/* no lock and no atomic add: each part has one writer */

#define ngx_http_wxapp_count(counter)                                         \
    ngx_http_wxapp_worker->counters[counter]++


/*
 * Adds the zone; "tag" is the module's.  NULL on error, which is logged.
 */
ngx_shm_zone_t *ngx_http_wxapp_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/* The least size, in bytes. */
size_t ngx_http_wxapp_zone_min(void);

/* Takes a part of the zone for this worker, gauges at zero. */
void ngx_http_wxapp_zone_enter(ngx_shm_zone_t *zone);

/* Gives it back; the counters stay. */
void ngx_http_wxapp_zone_leave(void);

/*
 * Sums all workers: counters of all that ever ran, gauges of those alive;
 * returns how many are alive.
 */
ngx_uint_t ngx_http_wxapp_zone_sum(ngx_shm_zone_t *zone,
    ngx_http_wxapp_worker_t *sum);


/*
 * Who wrote a short while ago, by a hash: until when, in ngx_current_msec,
 * which all workers share; and whether that is still so.  Two writers may
 * share a place, the later end counts.
 */
void ngx_http_wxapp_zone_write(ngx_shm_zone_t *zone, uint32_t hash,
    ngx_msec_t until);
ngx_uint_t ngx_http_wxapp_zone_wrote(ngx_shm_zone_t *zone, uint32_t hash);


/*
 * Flights: an exchange that must happen once on this machine, whichever
 * workers are asked for it.  The first one in flies; the others wait for its
 * outcome by polling.
 */

typedef enum {
    NGX_HTTP_WXAPP_FLIGHT_FLY = 0,        /* go, and land later */
    NGX_HTTP_WXAPP_FLIGHT_WAIT,           /* somebody else is flying */
    NGX_HTTP_WXAPP_FLIGHT_LANDED,         /* it landed: see the outcome */
    NGX_HTTP_WXAPP_FLIGHT_LATE            /* it landed before we came */
} ngx_http_wxapp_flight_e;

typedef struct {
    u_char                    key[32];
    ngx_uint_t                slot;
    ngx_atomic_uint_t         number;     /* 0 before the first join */
    uint64_t                  outcome;
} ngx_http_wxapp_flight_t;

/*
 * Joins the flight of flight->key, or looks again how it stands.  A flight
 * that has not landed "ttl" milliseconds after it began is lost: the next
 * one who looks is told to FLY, and must land like the first.
 */
ngx_http_wxapp_flight_e ngx_http_wxapp_flight_join(ngx_shm_zone_t *zone,
    ngx_http_wxapp_flight_t *flight, ngx_msec_t ttl);

/*
 * Lands.  Those who waited see the outcome; who comes within "keep"
 * milliseconds after is LATE.  With 0 nobody is: the next one flies anew.
 */
void ngx_http_wxapp_flight_land(ngx_shm_zone_t *zone,
    ngx_http_wxapp_flight_t *flight, uint64_t outcome, ngx_msec_t keep);


#endif /* _NGX_HTTP_WXAPP_ZONE_H_INCLUDED_ */
