
#include "http/ngx_http_wxapp_limit_zone.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_hash.h"


#define NGX_HTTP_WXAPP_LIMIT_VERSION  1

/* a key lies in one set of neighbours, so none is looked for far */

#define NGX_HTTP_WXAPP_LIMIT_MARKS    16384
#define NGX_HTTP_WXAPP_LIMIT_WAYS     8

#define NGX_HTTP_WXAPP_INFLIGHTS      8192
#define NGX_HTTP_WXAPP_INFLIGHT_WAYS  32


typedef struct {
    uint32_t                     version;
    size_t                       size;        /* of this structure */
    uint64_t                     secret[2];
    ngx_http_wxapp_limit_mark_t  marks[NGX_HTTP_WXAPP_LIMIT_MARKS];
    ngx_http_wxapp_inflight_t    inflights[NGX_HTTP_WXAPP_INFLIGHTS];
} ngx_http_wxapp_limit_zone_t;


static ngx_int_t ngx_http_wxapp_limit_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_msec_int_t ngx_http_wxapp_limit_zone_use(
    ngx_http_wxapp_limit_mark_t *mark);


ngx_shm_zone_t *
ngx_http_wxapp_limit_zone_add(ngx_conf_t *cf, void *tag)
{
    ngx_str_t        name;
    ngx_shm_zone_t  *zone;

    ngx_str_set(&name, "wxapp_limit");

    /* a table of pages and one block, in whole pages */

    zone = ngx_shared_memory_add(cf, &name,
                           ngx_align(sizeof(ngx_http_wxapp_limit_zone_t),
                                     ngx_pagesize)
                           + 8 * ngx_pagesize, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = ngx_http_wxapp_limit_zone_init;

    return zone;
}


static ngx_int_t
ngx_http_wxapp_limit_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t              *shpool;
    ngx_http_wxapp_limit_zone_t  *zone;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {
        zone = data ? data : shpool->data;

        if (zone->version != NGX_HTTP_WXAPP_LIMIT_VERSION
            || zone->size != sizeof(ngx_http_wxapp_limit_zone_t))
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "zone \"%V\" was laid out by another version of "
                          "the module, restart nginx", &shm_zone->shm.name);
            return NGX_ERROR;
        }

        shm_zone->data = zone;

        return NGX_OK;
    }

    zone = ngx_slab_calloc(shpool, sizeof(ngx_http_wxapp_limit_zone_t));
    if (zone == NULL) {
        return NGX_ERROR;
    }

    if (ngx_wxapp_random((u_char *) zone->secret, sizeof(zone->secret))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone->version = NGX_HTTP_WXAPP_LIMIT_VERSION;
    zone->size = sizeof(ngx_http_wxapp_limit_zone_t);

    shpool->data = zone;
    shm_zone->data = zone;

    return NGX_OK;
}


uint64_t
ngx_http_wxapp_limit_zone_key(ngx_shm_zone_t *shm_zone, uint64_t seed,
    ngx_str_t *value)
{
    uint64_t                      secret[2], key;
    ngx_http_wxapp_limit_zone_t  *zone;

    zone = shm_zone->data;

    secret[0] = zone->secret[0] ^ seed;
    secret[1] = zone->secret[1];

    key = ngx_wxapp_hash(secret, value->data, value->len);

    return key ? key : 1;
}


void
ngx_http_wxapp_limit_zone_lock(ngx_shm_zone_t *shm_zone)
{
    ngx_shmtx_lock(&((ngx_slab_pool_t *) shm_zone->shm.addr)->mutex);
}


void
ngx_http_wxapp_limit_zone_unlock(ngx_shm_zone_t *shm_zone)
{
    ngx_shmtx_unlock(&((ngx_slab_pool_t *) shm_zone->shm.addr)->mutex);
}


ngx_http_wxapp_limit_mark_t *
ngx_http_wxapp_limit_zone_find(ngx_shm_zone_t *shm_zone, uint64_t key,
    ngx_uint_t make)
{
    ngx_uint_t                    n;
    ngx_http_wxapp_limit_mark_t  *mark, *last, *least;
    ngx_http_wxapp_limit_zone_t  *zone;

    zone = shm_zone->data;

    n = key % (NGX_HTTP_WXAPP_LIMIT_MARKS / NGX_HTTP_WXAPP_LIMIT_WAYS);

    least = &zone->marks[n * NGX_HTTP_WXAPP_LIMIT_WAYS];
    last = least + NGX_HTTP_WXAPP_LIMIT_WAYS;

    for (mark = least; mark < last; mark++) {
        if (mark->key == key) {
            return mark;
        }
    }

    if (!make) {
        return NULL;
    }

    for (mark = least + 1; mark < last; mark++) {
        if (ngx_http_wxapp_limit_zone_use(mark)
            < ngx_http_wxapp_limit_zone_use(least))
        {
            least = mark;
        }
    }

    ngx_memzero(least, sizeof(ngx_http_wxapp_limit_mark_t));
    least->key = key;

    return least;
}


/* for how long it is of use yet, in milliseconds */

static ngx_msec_int_t
ngx_http_wxapp_limit_zone_use(ngx_http_wxapp_limit_mark_t *mark)
{
    ngx_msec_int_t  use, n;

    if (mark->key == 0) {
        return NGX_MAX_INT_T_VALUE * -1;
    }

    use = (ngx_msec_int_t) (mark->recheck - ngx_current_msec);

    n = (ngx_msec_int_t) (mark->lease - ngx_current_msec);
    use = ngx_max(use, n);

    if (mark->local) {
        n = (ngx_msec_int_t) (mark->full / 1000) - ngx_current_msec;
        use = ngx_max(use, n);
    }

    return use;
}


ngx_int_t
ngx_http_wxapp_inflight_enter(ngx_shm_zone_t *shm_zone, uint64_t key,
    ngx_uint_t max, ngx_http_wxapp_inflight_t **hold)
{
    ngx_int_t                     rc;
    ngx_uint_t                    n, sum, swept;
    ngx_http_wxapp_inflight_t    *in, *first, *last, *place;
    ngx_http_wxapp_limit_zone_t  *zone;

    zone = shm_zone->data;

    n = key % (NGX_HTTP_WXAPP_INFLIGHTS / NGX_HTTP_WXAPP_INFLIGHT_WAYS);

    first = &zone->inflights[n * NGX_HTTP_WXAPP_INFLIGHT_WAYS];
    last = first + NGX_HTTP_WXAPP_INFLIGHT_WAYS;

    ngx_http_wxapp_limit_zone_lock(shm_zone);

    /* only a look that ends badly is worth asking who is still alive */

    for (swept = 0; /* void */ ; swept = 1) {

        sum = 0;
        place = NULL;

        for (in = first; in < last; in++) {

            if (swept && in->count
                && kill((ngx_pid_t) in->pid, 0) == -1
                && ngx_errno == NGX_ESRCH)
            {
                in->count = 0;
            }

            if (in->count && in->key == key) {
                sum += in->count;

                if (in->pid == (uint32_t) ngx_pid) {
                    place = in;
                }

            } else if (in->count == 0 && place == NULL) {
                place = in;
            }
        }

        if ((sum < max && place) || swept) {
            break;
        }
    }

    rc = NGX_OK;
    *hold = NULL;

    if (sum >= max) {
        rc = NGX_BUSY;

    } else if (place) {
        place->key = key;
        place->pid = ngx_pid;
        place->count++;
        *hold = place;
    }

    ngx_http_wxapp_limit_zone_unlock(shm_zone);

    return rc;
}
