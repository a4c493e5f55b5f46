
/*
 * What this node decides without Redis: keys that are denied for a known
 * time, tokens that were leased, and buckets of its own while Redis is gone.
 */


#include "module/ngx_http_wxapp_limit.h"


/* milliseconds until Redis is asked again, whatever it said */

#define NGX_HTTP_WXAPP_LIMIT_RECHECK  10000

/* milliseconds for one to ask for all, if Redis is quick */

#define NGX_HTTP_WXAPP_LIMIT_PROBE    10

/* milliseconds that leased tokens are good */

#define NGX_HTTP_WXAPP_LIMIT_LEASE    1000


#define ngx_http_wxapp_limit_until(t)                                         \
    ((ngx_msec_int_t) ((t) - ngx_current_msec))


static ngx_uint_t ngx_http_wxapp_limit_known(
    ngx_http_wxapp_limit_ctx_t *lctx, ngx_uint_t i,
    ngx_http_wxapp_limit_mark_t *mark);
static int64_t ngx_http_wxapp_limit_reset(ngx_http_wxapp_limit_mark_t *mark);
static ngx_uint_t ngx_http_wxapp_limit_lease(
    ngx_http_wxapp_limit_item_t *item, ngx_http_wxapp_limit_mark_t *mark);
static void ngx_http_wxapp_limit_denial(ngx_http_wxapp_limit_item_t *item,
    ngx_http_wxapp_limit_mark_t *mark, int64_t us);
static double ngx_http_wxapp_limit_now(void);


ngx_int_t
ngx_http_wxapp_limit_local(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_http_wxapp_limit_item_t  *item;
    ngx_http_wxapp_limit_mark_t  *mark;

    rc = NGX_BUSY;

    ngx_http_wxapp_limit_zone_lock(zone);

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        mark = ngx_http_wxapp_limit_zone_find(zone, item->key, 0);

        if (mark && ngx_http_wxapp_limit_known(lctx, i, mark)) {
            goto done;
        }
    }

    rc = NGX_OK;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        mark = ngx_http_wxapp_limit_zone_find(zone, item->key,
                                              item->rule->lease != 0);

        if (item->rule->lease && ngx_http_wxapp_limit_lease(item, mark)) {
            continue;
        }

        rc = NGX_AGAIN;

        if (mark) {
            item->offences = mark->offences;
            mark->offences = 0;
        }
    }

done:

    ngx_http_wxapp_limit_zone_unlock(zone);

    return rc;
}


/*
 * A request that costs less than the one denied may pass, and one for which
 * there are leased tokens.  When a token has grown, who comes first asks for
 * it; the next ones are refused for as long as it cannot be two.
 */

static ngx_uint_t
ngx_http_wxapp_limit_known(ngx_http_wxapp_limit_ctx_t *lctx, ngx_uint_t i,
    ngx_http_wxapp_limit_mark_t *mark)
{
    ngx_msec_int_t                retry, second;
    ngx_http_wxapp_limit_item_t  *item;

    item = &lctx->items[i];

    retry = ngx_http_wxapp_limit_until(mark->retry);
    second = retry;

    if (item->rule->algorithm == NGX_HTTP_WXAPP_LIMIT_BUCKET) {
        second += item->rule->interval / 1000000;
    }

    if (!mark->denied || item->cost < mark->cost || second <= 0
        || (mark->tokens >= item->cost
            && ngx_http_wxapp_limit_until(mark->lease) > 0))
    {
        return 0;
    }

    if (ngx_http_wxapp_limit_until(mark->recheck) <= 0) {
        mark->recheck = ngx_current_msec
                        + ngx_min(second, NGX_HTTP_WXAPP_LIMIT_PROBE);
        item->probe = 1;
        return 0;
    }

    /* the refusal that makes a ban, as far as we know, is for Redis */

    if (item->rule->ban && !mark->banned) {

        if (mark->offences + 1 >= mark->room) {
            return 0;
        }

        mark->offences++;
    }

    lctx->denied = i;
    lctx->retry = (int64_t) (retry > 0 ? retry : second) * 1000;
    lctx->banned = mark->banned;

    item->known = 1;
    item->left = mark->left;
    item->reset = ngx_http_wxapp_limit_reset(mark);

    return 1;
}


/* us until the bucket is full */

static int64_t
ngx_http_wxapp_limit_reset(ngx_http_wxapp_limit_mark_t *mark)
{
    double  us;

    us = mark->full - ngx_http_wxapp_limit_now();

    return ngx_max(us, 0);
}


/*
 * Takes the cost from tokens that were leased, or finds how many to lease.
 * A lease is for a key that was asked for a moment ago: twice as many as the
 * last ones, when those were spent in their time; else what was spent of
 * them, the rest going back.  Only one at a time is asked for, by a request
 * that is paid already when few are left.
 */

static ngx_uint_t
ngx_http_wxapp_limit_lease(ngx_http_wxapp_limit_item_t *item,
    ngx_http_wxapp_limit_mark_t *mark)
{
    ngx_msec_int_t  left;

    left = ngx_http_wxapp_limit_until(mark->lease);

    if (left > 0 && mark->tokens >= item->cost) {
        mark->tokens -= item->cost;

        item->leased = 1;
        item->known = 1;
        item->left = mark->left + mark->tokens;
        item->reset = ngx_http_wxapp_limit_reset(mark);

        if (mark->asking || mark->tokens >= mark->size / 4) {
            return 1;
        }

        /* the call takes nothing but the next lease, and can deny nothing */

        mark->size = ngx_min((ngx_uint_t) mark->size * 2 + 1,
                             item->rule->lease);
        mark->asking = 1;

        item->leased = 0;
        item->ahead = 1;
        item->asked = 1;
        item->held = item->cost;
        item->lease = mark->size - mark->tokens;

        return 0;
    }

    if (left > 0 && mark->asking) {
        return 0;
    }

    item->held = mark->tokens;

    if (left > 0) {
        mark->size = ngx_min((ngx_uint_t) mark->size * 2 + 1,
                             item->rule->lease);

    } else if (left > - NGX_HTTP_WXAPP_LIMIT_LEASE) {
        mark->size = (mark->size > mark->tokens) ? mark->size - mark->tokens
                                                 : 0;
    } else {
        mark->size = 0;
    }

    item->lease = mark->size;
    item->asked = (mark->size != 0);

    mark->tokens = 0;
    mark->asking = (mark->size != 0);
    mark->lease = ngx_current_msec + NGX_HTTP_WXAPP_LIMIT_LEASE;

    return 0;
}


void
ngx_http_wxapp_limit_learn(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    int64_t                       us;
    ngx_uint_t                    i, empty;
    ngx_http_wxapp_limit_item_t  *item;
    ngx_http_wxapp_limit_mark_t  *mark;

    if (lctx->denied != NGX_HTTP_WXAPP_LIMIT_NONE) {
        ngx_http_wxapp_limit_undo(zone, lctx, 1);

        item = &lctx->items[lctx->denied];

        ngx_http_wxapp_limit_zone_lock(zone);

        mark = ngx_http_wxapp_limit_zone_find(zone, item->key, 1);

        mark->cost = lctx->banned ? 0 : item->cost;
        mark->banned = lctx->banned;

        ngx_http_wxapp_limit_denial(item, mark, lctx->retry);

        ngx_http_wxapp_limit_zone_unlock(zone);

        return;
    }

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        empty = (!item->leased && item->left == 0
                 && item->rule->algorithm != NGX_HTTP_WXAPP_LIMIT_SLIDING);

        if (!empty && !item->asked && !item->probe) {
            continue;
        }

        ngx_http_wxapp_limit_zone_lock(zone);

        mark = ngx_http_wxapp_limit_zone_find(zone, item->key, 1);

        mark->denied = 0;

        /* never more than one lease, also when an answer came too late */

        if (item->asked) {
            mark->tokens = ngx_min(mark->tokens + item->lease,
                                   item->rule->lease);
            mark->lease = ngx_current_msec + NGX_HTTP_WXAPP_LIMIT_LEASE;
            mark->left = item->left;
            mark->full = ngx_http_wxapp_limit_now() + item->reset;
            mark->asking = 0;
        }

        /* who takes the last token tells when there is the next */

        if (empty) {
            us = item->reset;

            if (item->rule->algorithm == NGX_HTTP_WXAPP_LIMIT_BUCKET) {
                us += (int64_t) (item->rule->interval / 1000)
                      - (int64_t) item->rule->window;
            }

            mark->cost = 1;
            mark->banned = 0;

            ngx_http_wxapp_limit_denial(item, mark, us);
        }

        item->left += item->asked ? mark->tokens : 0;

        ngx_http_wxapp_limit_zone_unlock(zone);
    }
}


/* never for longer than Redis said */

static void
ngx_http_wxapp_limit_denial(ngx_http_wxapp_limit_item_t *item,
    ngx_http_wxapp_limit_mark_t *mark, int64_t us)
{
    ngx_msec_int_t  retry;

    retry = us / 1000;

    if (retry <= 0) {
        return;
    }

    mark->denied = 1;
    mark->retry = ngx_current_msec + retry;
    mark->recheck = ngx_current_msec
                    + ngx_min(retry, NGX_HTTP_WXAPP_LIMIT_RECHECK);
    mark->full = ngx_http_wxapp_limit_now() + item->reset;
    mark->left = item->left;
    mark->room = item->room;
}


void
ngx_http_wxapp_limit_undo(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx, ngx_uint_t paid)
{
    ngx_uint_t                    i, tokens;
    ngx_http_wxapp_limit_item_t  *item;
    ngx_http_wxapp_limit_mark_t  *mark;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        tokens = item->leased ? item->cost : item->held;

        if ((tokens == 0 && !item->asked)
            || (!paid && (item->leased || item->ahead)))
        {
            continue;
        }

        ngx_http_wxapp_limit_zone_lock(zone);

        mark = ngx_http_wxapp_limit_zone_find(zone, item->key, 1);

        mark->tokens = ngx_min(mark->tokens + tokens, item->rule->lease);

        if (item->asked) {
            mark->asking = 0;
        }

        ngx_http_wxapp_limit_zone_unlock(zone);
    }
}


void
ngx_http_wxapp_limit_fallback(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    double                        now, full, last, step;
    int64_t                       wait;
    ngx_uint_t                    i, take;
    ngx_http_wxapp_limit_item_t  *item;
    ngx_http_wxapp_limit_mark_t  *mark;

    now = ngx_http_wxapp_limit_now();

    lctx->denied = NGX_HTTP_WXAPP_LIMIT_NONE;
    lctx->retry = 0;

    ngx_http_wxapp_limit_zone_lock(zone);

    /* first a look at all of them, then they give */

    for (take = 0; take < 2; take++) {

        for (i = 0; i < lctx->n; i++) {
            item = &lctx->items[i];

            if (item->rule->on_error != NGX_HTTP_WXAPP_LIMIT_NODE
                || item->leased || item->ahead)
            {
                continue;
            }

            mark = ngx_http_wxapp_limit_zone_find(zone, item->key, 1);

            step = (double) item->rule->interval / 1000;
            last = now + step * item->rule->burst;

            full = ngx_max(mark->full, now);
            full = ngx_min(full, last);

            wait = full + step * item->cost - last;

            if (!take && wait > lctx->retry) {
                lctx->denied = i;
                lctx->retry = wait;
            }

            if (take && lctx->denied == NGX_HTTP_WXAPP_LIMIT_NONE) {
                full += step * item->cost;
                mark->full = full;
                mark->local = 1;
            }

            item->known = 1;
            item->left = (last - full) / step;
            item->reset = full - now;
        }
    }

    ngx_http_wxapp_limit_zone_unlock(zone);
}


/* in microseconds, with the time of the zone */

static double
ngx_http_wxapp_limit_now(void)
{
    return (double) ngx_current_msec * 1000;
}
