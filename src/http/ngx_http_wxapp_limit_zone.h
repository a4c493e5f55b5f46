
/*
 * Shared memory of the limits: what this node knows of a key without asking
 * Redis, and how many requests of a key are in flight.
 */


#ifndef _NGX_HTTP_WXAPP_LIMIT_ZONE_H_INCLUDED_
#define _NGX_HTTP_WXAPP_LIMIT_ZONE_H_INCLUDED_


#include "http/ngx_http_wxapp_compat.h"


/* times are of ngx_current_msec, which all workers share */

typedef struct {
    uint64_t                  key;            /* a hash; 0: free */
    double                    full;           /* us, when the bucket is full */
    ngx_msec_t                retry;          /* it is denied until then */
    ngx_msec_t                recheck;        /* and Redis not asked */
    ngx_msec_t                lease;          /* its tokens are good so long */
    uint32_t                  cost;           /* that was denied */
    uint32_t                  left;           /* in Redis, when last told */
    uint32_t                  offences;       /* Redis does not know of */
    uint32_t                  room;           /* for offences until a ban */
    uint16_t                  tokens;         /* leased and not used */
    uint16_t                  size;           /* of the lease */
    unsigned                  denied:1;
    unsigned                  banned:1;
    unsigned                  asking:1;       /* for a lease, till its end */
    unsigned                  local:1;        /* "full" is the node's own */
} ngx_http_wxapp_limit_mark_t;


/* requests of a key in one worker; only that worker counts it */

typedef struct {
    uint64_t                  key;
    uint32_t                  pid;
    uint32_t                  count;          /* 0: free */
} ngx_http_wxapp_inflight_t;


/* Adds the zone; "tag" is the module's.  NULL on error, which is logged. */
ngx_shm_zone_t *ngx_http_wxapp_limit_zone_add(ngx_conf_t *cf, void *tag);

/* What finds the key of the rule with that seed; never 0. */
uint64_t ngx_http_wxapp_limit_zone_key(ngx_shm_zone_t *zone, uint64_t seed,
    ngx_str_t *value);

/*
 * Marks are looked for and changed under the lock, which the master releases
 * for a worker that died with it.
 */
void ngx_http_wxapp_limit_zone_lock(ngx_shm_zone_t *zone);
void ngx_http_wxapp_limit_zone_unlock(ngx_shm_zone_t *zone);

/*
 * The mark of a key, or NULL.  With "make" a fresh one takes the place of
 * the one among its neighbours that is of use for the shortest time.
 */
ngx_http_wxapp_limit_mark_t *ngx_http_wxapp_limit_zone_find(
    ngx_shm_zone_t *zone, uint64_t key, ngx_uint_t make);

/*
 * One more request of the key: NGX_BUSY when "max" are in flight on this
 * node, those of dead workers not counted.  "hold" is to be left once; NULL
 * when the table has no place and the request goes uncounted.
 */
ngx_int_t ngx_http_wxapp_inflight_enter(ngx_shm_zone_t *zone, uint64_t key,
    ngx_uint_t max, ngx_http_wxapp_inflight_t **hold);

#define ngx_http_wxapp_inflight_leave(hold)  (hold)->count--


#endif /* _NGX_HTTP_WXAPP_LIMIT_ZONE_H_INCLUDED_ */
