
#include "http/ngx_http_wxapp_zone.h"


#define NGX_HTTP_WXAPP_ZONE_MAGIC    0x77786170
#define NGX_HTTP_WXAPP_ZONE_VERSION  3

#define NGX_HTTP_WXAPP_WRITERS       16384

#define NGX_HTTP_WXAPP_FLIGHTS       1024
#define NGX_HTTP_WXAPP_FLIGHT_WAYS   8
#define NGX_HTTP_WXAPP_FLIGHT_NONE   NGX_MAX_UINT32_VALUE

/* how long waiters may take to see an outcome that nobody else shall */

#define NGX_HTTP_WXAPP_FLIGHT_LINGER  1000


typedef struct {
    u_char                    key[32];
    ngx_atomic_uint_t         number;
    uint64_t                  outcome;
    ngx_msec_t                until;
    unsigned                  landed:1;
    unsigned                  kept:1;
} ngx_http_wxapp_flight_slot_t;


typedef struct {
    uint32_t                      magic;
    uint32_t                      version;
    size_t                        size;       /* of this structure */
    ngx_atomic_t                  flown;
    ngx_http_wxapp_worker_t       workers[NGX_HTTP_WXAPP_WORKERS];
    ngx_http_wxapp_flight_slot_t  flights[NGX_HTTP_WXAPP_FLIGHTS];
    ngx_atomic_t                  writers[NGX_HTTP_WXAPP_WRITERS];
} ngx_http_wxapp_zone_t;


static ngx_int_t ngx_http_wxapp_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_wxapp_zone_gauges(ngx_http_wxapp_worker_t *worker);
static void ngx_http_wxapp_zone_add_up(void *sum, void *part, size_t size,
    ngx_uint_t gauges, ngx_uint_t alive);
static ngx_uint_t ngx_http_wxapp_zone_alive(ngx_pid_t pid);


static ngx_http_wxapp_worker_t   ngx_http_wxapp_spare;
ngx_http_wxapp_worker_t         *ngx_http_wxapp_worker = &ngx_http_wxapp_spare;


ngx_http_wxapp_counter_t  ngx_http_wxapp_counters[] = {
    { "login", "ok" },
    { "login", "refused" },
    { "login", "blocked" },
    { "login", "limited" },
    { "login", "timeout" },
    { "login", "upstream" },
    { "login", "failed" },
    { "auth", "passed" },
    { "auth", "missing" },
    { "auth", "invalid" },
    { "auth", "forbidden" },
    { "auth", "step_up" },
    { "auth", "ended" },
    { "auth", "bypassed" },
    { "auth", "error" },
    { "auth", "dry_run" },
    { "password", "ok" },
    { "password", "refused" },
    { "password", "otp" },
    { "password", "locked" },
    { "password", "failed" },
    { "password", "changed" },
    { "password", "unlocked" },
    { "session", "refreshed" },
    { "session", "refused" },
    { "session", "reused" },
    { "session", "failed" },
    { "session", "logout" },
    { "session", "logout_all" },
    { "sign", "passed" },
    { "sign", "refused" },
    { "sign", "replayed" },
    { "sign", "error" },
    { "data", "ok" },
    { "data", "refused" },
    { "data", "failed" },
    { "limit", "passed" },
    { "limit", "rejected" },
    { "limit", "bypassed" },
    { "limit", "error" },
    { "limit", "delayed" },
    { "limit", "dry_run" },
    { "limit", "local" },
    { "limit", "leased" },
    { "limit", "fallback" },
    { "limit", "banned" },
    { "limit", "denied" },
    { "limit", "inflight" },
    { NULL, NULL }
};


ngx_shm_zone_t *
ngx_http_wxapp_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    void *tag)
{
    ngx_shm_zone_t  *zone;

    zone = ngx_shared_memory_add(cf, name, size, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = ngx_http_wxapp_zone_init;

    return zone;
}


size_t
ngx_http_wxapp_zone_min(void)
{
    /* a table of pages and one block, in whole pages */

    return ngx_align(sizeof(ngx_http_wxapp_zone_t), ngx_pagesize)
           + 8 * ngx_pagesize;
}


/* in the master, while old workers may be at work on the same memory */

static ngx_int_t
ngx_http_wxapp_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t        *shpool;
    ngx_http_wxapp_zone_t  *zone;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {
        zone = data ? data : shpool->data;

        if (zone->magic != NGX_HTTP_WXAPP_ZONE_MAGIC
            || zone->version != NGX_HTTP_WXAPP_ZONE_VERSION
            || zone->size != sizeof(ngx_http_wxapp_zone_t))
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "wxapp_zone \"%V\" was laid out by another version "
                          "of the module, restart nginx",
                          &shm_zone->shm.name);
            return NGX_ERROR;
        }

        shm_zone->data = zone;

        return NGX_OK;
    }

    zone = ngx_slab_calloc(shpool, sizeof(ngx_http_wxapp_zone_t));
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->version = NGX_HTTP_WXAPP_ZONE_VERSION;
    zone->size = sizeof(ngx_http_wxapp_zone_t);
    zone->magic = NGX_HTTP_WXAPP_ZONE_MAGIC;

    shpool->data = zone;
    shm_zone->data = zone;

    return NGX_OK;
}


void
ngx_http_wxapp_zone_enter(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t                i;
    ngx_atomic_uint_t         pid;
    ngx_http_wxapp_zone_t    *zone;
    ngx_http_wxapp_worker_t  *worker;

    zone = shm_zone->data;

    for (i = 0; i < NGX_HTTP_WXAPP_WORKERS; i++) {
        worker = &zone->workers[i];
        pid = worker->pid;

        if (pid && ngx_http_wxapp_zone_alive(pid)) {
            continue;
        }

        if (ngx_atomic_cmp_set(&worker->pid, pid, ngx_pid)) {
            ngx_http_wxapp_zone_gauges(worker);
            ngx_http_wxapp_worker = worker;
            return;
        }
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "wxapp_zone \"%V\" has no place for another worker, "
                  "its counters are not shown", &shm_zone->shm.name);
}


void
ngx_http_wxapp_zone_leave(void)
{
    if (ngx_http_wxapp_worker == &ngx_http_wxapp_spare) {
        return;
    }

    ngx_http_wxapp_zone_gauges(ngx_http_wxapp_worker);
    ngx_http_wxapp_worker->pid = 0;

    ngx_http_wxapp_worker = &ngx_http_wxapp_spare;
}


static void
ngx_http_wxapp_zone_gauges(ngx_http_wxapp_worker_t *worker)
{
    ngx_memzero(&worker->mysql, offsetof(ngx_wxapp_mysql_stats_t, queries));
    ngx_memzero(&worker->replica, offsetof(ngx_wxapp_mysql_stats_t, queries));
    ngx_memzero(&worker->redis, offsetof(ngx_wxapp_redis_stats_t, commands));
}


ngx_uint_t
ngx_http_wxapp_zone_sum(ngx_shm_zone_t *shm_zone, ngx_http_wxapp_worker_t *sum)
{
    ngx_uint_t                i, n, alive;
    ngx_http_wxapp_zone_t    *zone;
    ngx_http_wxapp_worker_t  *worker;

    ngx_memzero(sum, sizeof(ngx_http_wxapp_worker_t));

    zone = shm_zone->data;
    n = 0;

    for (i = 0; i < NGX_HTTP_WXAPP_WORKERS; i++) {
        worker = &zone->workers[i];

        alive = worker->pid && ngx_http_wxapp_zone_alive(worker->pid);
        n += alive;

        ngx_http_wxapp_zone_add_up(&sum->mysql, &worker->mysql,
                              sizeof(ngx_wxapp_mysql_stats_t),
                              offsetof(ngx_wxapp_mysql_stats_t, queries),
                              alive);
        ngx_http_wxapp_zone_add_up(&sum->replica, &worker->replica,
                              sizeof(ngx_wxapp_mysql_stats_t),
                              offsetof(ngx_wxapp_mysql_stats_t, queries),
                              alive);
        ngx_http_wxapp_zone_add_up(&sum->redis, &worker->redis,
                              sizeof(ngx_wxapp_redis_stats_t),
                              offsetof(ngx_wxapp_redis_stats_t, commands),
                              alive);
        ngx_http_wxapp_zone_add_up((void *) sum->counters,
                                   (void *) worker->counters,
                                   sizeof(worker->counters), 0, alive);
    }

    return n;
}


/* all parts are arrays of numbers; gauges stand before counters */

static void
ngx_http_wxapp_zone_add_up(void *sum, void *part, size_t size,
    ngx_uint_t gauges, ngx_uint_t alive)
{
    size_t         i;
    ngx_atomic_t  *to, *from;

    to = sum;
    from = part;

    for (i = alive ? 0 : gauges / sizeof(ngx_atomic_t);
         i < size / sizeof(ngx_atomic_t);
         i++)
    {
        to[i] += from[i];
    }
}


static ngx_uint_t
ngx_http_wxapp_zone_alive(ngx_pid_t pid)
{
    return kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


void
ngx_http_wxapp_zone_write(ngx_shm_zone_t *shm_zone, uint32_t hash,
    ngx_msec_t until)
{
    ngx_atomic_t           *writer;
    ngx_http_wxapp_zone_t  *zone;

    zone = shm_zone->data;
    writer = &zone->writers[hash % NGX_HTTP_WXAPP_WRITERS];

    if ((ngx_msec_int_t) (until - *writer) > 0) {
        *writer = until;
    }
}


ngx_uint_t
ngx_http_wxapp_zone_wrote(ngx_shm_zone_t *shm_zone, uint32_t hash)
{
    ngx_http_wxapp_zone_t  *zone;

    zone = shm_zone->data;

    return (ngx_msec_int_t) (zone->writers[hash % NGX_HTTP_WXAPP_WRITERS]
                             - ngx_current_msec)
           > 0;
}


ngx_http_wxapp_flight_e
ngx_http_wxapp_flight_join(ngx_shm_zone_t *shm_zone,
    ngx_http_wxapp_flight_t *flight, ngx_msec_t ttl)
{
    uint32_t                       hash;
    ngx_uint_t                     i, n, place, landed, live;
    ngx_slab_pool_t               *shpool;
    ngx_atomic_uint_t              number;
    ngx_http_wxapp_zone_t         *zone;
    ngx_http_wxapp_flight_e        rc;
    ngx_http_wxapp_flight_slot_t  *slot;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    /* the key is a digest, any part of it is a hash */

    ngx_memcpy(&hash, flight->key, sizeof(uint32_t));

    number = 0;
    place = NGX_HTTP_WXAPP_FLIGHT_NONE;
    landed = NGX_HTTP_WXAPP_FLIGHT_NONE;
    rc = NGX_HTTP_WXAPP_FLIGHT_FLY;

    ngx_shmtx_lock(&shpool->mutex);

    for (n = 0; n < NGX_HTTP_WXAPP_FLIGHT_WAYS; n++) {
        i = (hash + n) % NGX_HTTP_WXAPP_FLIGHTS;
        slot = &zone->flights[i];

        live = slot->number
               && (ngx_msec_int_t) (slot->until - ngx_current_msec) > 0;

        if (!live) {
            if (place == NGX_HTTP_WXAPP_FLIGHT_NONE) {
                place = i;
            }

            continue;
        }

        if (ngx_memcmp(slot->key, flight->key, sizeof(slot->key)) != 0) {
            continue;
        }

        if (slot->number == flight->number) {

            if (slot->landed) {
                flight->outcome = slot->outcome;
                rc = NGX_HTTP_WXAPP_FLIGHT_LANDED;

            } else {
                rc = NGX_HTTP_WXAPP_FLIGHT_WAIT;
            }

            goto done;
        }

        /* one that landed stays for those who wait, as long as there is room */

        if (!slot->landed) {
            rc = NGX_HTTP_WXAPP_FLIGHT_WAIT;
            number = slot->number;

        } else if (slot->kept) {
            rc = NGX_HTTP_WXAPP_FLIGHT_LATE;

        } else {
            landed = i;
        }
    }

    if (rc == NGX_HTTP_WXAPP_FLIGHT_WAIT) {
        flight->number = number;
        goto done;
    }

    if (rc == NGX_HTTP_WXAPP_FLIGHT_LATE) {
        goto done;
    }

    if (place == NGX_HTTP_WXAPP_FLIGHT_NONE) {
        place = landed;
    }

    /* with no place left it flies unseen: better twice than not at all */

    flight->slot = place;

    if (place != NGX_HTTP_WXAPP_FLIGHT_NONE) {
        slot = &zone->flights[place];

        flight->number = ++zone->flown;

        ngx_memcpy(slot->key, flight->key, sizeof(slot->key));
        slot->number = flight->number;
        slot->landed = 0;
        slot->kept = 0;
        slot->until = ngx_current_msec + ttl;
    }

done:

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


void
ngx_http_wxapp_flight_land(ngx_shm_zone_t *shm_zone,
    ngx_http_wxapp_flight_t *flight, uint64_t outcome, ngx_msec_t keep)
{
    ngx_slab_pool_t               *shpool;
    ngx_http_wxapp_zone_t         *zone;
    ngx_http_wxapp_flight_slot_t  *slot;

    if (flight->slot == NGX_HTTP_WXAPP_FLIGHT_NONE) {
        return;
    }

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    slot = &zone->flights[flight->slot];

    ngx_shmtx_lock(&shpool->mutex);

    if (slot->number == flight->number) {
        slot->outcome = outcome;
        slot->landed = 1;
        slot->kept = (keep != 0);
        slot->until = ngx_current_msec
                      + (keep ? keep : NGX_HTTP_WXAPP_FLIGHT_LINGER);
    }

    ngx_shmtx_unlock(&shpool->mutex);
}
