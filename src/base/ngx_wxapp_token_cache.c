
#include "base/ngx_wxapp_token_cache.h"


#define ngx_wxapp_token_entry(q)                                              \
    ngx_queue_data(q, ngx_wxapp_token_entry_t, queue)


typedef struct {
    ngx_str_node_t            sn;         /* by the token */
    ngx_queue_t               queue;      /* last used first */
    ngx_pool_t               *pool;       /* where it lives */
    ngx_wxapp_json_node_t    *claims;
    ngx_uint_t                used;       /* by requests */
    ngx_uint_t                gone;       /* unsigned  gone:1; */
} ngx_wxapp_token_entry_t;


struct ngx_wxapp_token_cache_s {
    ngx_rbtree_t              tree;
    ngx_rbtree_node_t         sentinel;
    ngx_queue_t               queue;
    ngx_uint_t                n;
};


static ngx_wxapp_token_cache_t *ngx_wxapp_token_cache(
    ngx_wxapp_token_t *token);
static ngx_int_t ngx_wxapp_token_cache_add(ngx_wxapp_token_t *token,
    ngx_str_t *value, uint32_t hash, time_t now,
    ngx_wxapp_token_entry_t **entry, const char **reason);
static void ngx_wxapp_token_cache_remove(ngx_wxapp_token_cache_t *cache,
    ngx_wxapp_token_entry_t *entry);
static void ngx_wxapp_token_cache_release(void *data);


ngx_int_t
ngx_wxapp_token_cached(ngx_wxapp_token_t *token, ngx_pool_t *pool,
    ngx_str_t *value, time_t now, ngx_wxapp_json_node_t **claims,
    const char **reason)
{
    uint32_t                  hash;
    ngx_int_t                 rc;
    ngx_pool_cleanup_t       *cln;
    ngx_wxapp_token_cache_t  *cache;
    ngx_wxapp_token_entry_t  *entry;

    cache = ngx_wxapp_token_cache(token);

    if (cache == NULL) {
        return NGX_ERROR;
    }

    if (value->len > NGX_WXAPP_TOKEN_LEN) {
        *reason = "the token is too long";
        return NGX_DECLINED;
    }

    hash = ngx_murmur_hash2(value->data, value->len);

    entry = (ngx_wxapp_token_entry_t *)
                ngx_str_rbtree_lookup(&cache->tree, value, hash);

    if (entry) {
        rc = ngx_wxapp_token_check(token, entry->claims, now, reason);

        if (rc != NGX_OK) {
            ngx_wxapp_token_cache_remove(cache, entry);
            return rc;
        }

        ngx_queue_remove(&entry->queue);
        ngx_queue_insert_head(&cache->queue, &entry->queue);

    } else {
        rc = ngx_wxapp_token_cache_add(token, value, hash, now, &entry,
                                       reason);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    entry->used++;

    cln->handler = ngx_wxapp_token_cache_release;
    cln->data = entry;

    *claims = entry->claims;

    return NGX_OK;
}


static ngx_wxapp_token_cache_t *
ngx_wxapp_token_cache(ngx_wxapp_token_t *token)
{
    ngx_wxapp_token_cache_t  *cache;

    if (token->cache) {
        return token->cache;
    }

    cache = ngx_calloc(sizeof(ngx_wxapp_token_cache_t), ngx_cycle->log);
    if (cache == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&cache->tree, &cache->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&cache->queue);

    token->cache = cache;

    return cache;
}


static ngx_int_t
ngx_wxapp_token_cache_add(ngx_wxapp_token_t *token, ngx_str_t *value,
    uint32_t hash, time_t now, ngx_wxapp_token_entry_t **added,
    const char **reason)
{
    ngx_int_t                 rc;
    ngx_pool_t               *pool;
    ngx_queue_t              *q;
    ngx_wxapp_token_cache_t  *cache;
    ngx_wxapp_token_entry_t  *entry;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    entry = ngx_pcalloc(pool, sizeof(ngx_wxapp_token_entry_t));
    if (entry == NULL) {
        goto failed;
    }

    entry->pool = pool;
    entry->sn.node.key = hash;
    entry->sn.str.len = value->len;
    entry->sn.str.data = ngx_pstrdup(pool, value);

    if (entry->sn.str.data == NULL) {
        goto failed;
    }

    rc = ngx_wxapp_token_verify(token, pool, value, now, &entry->claims,
                                reason);

    if (rc != NGX_OK) {
        goto failed;
    }

    cache = token->cache;

    if (cache->n == NGX_WXAPP_TOKEN_CACHE) {
        q = ngx_queue_last(&cache->queue);
        ngx_wxapp_token_cache_remove(cache, ngx_wxapp_token_entry(q));
    }

    ngx_rbtree_insert(&cache->tree, &entry->sn.node);
    ngx_queue_insert_head(&cache->queue, &entry->queue);
    cache->n++;

    *added = entry;

    return NGX_OK;

failed:

    ngx_destroy_pool(pool);

    return rc;
}


static void
ngx_wxapp_token_cache_remove(ngx_wxapp_token_cache_t *cache,
    ngx_wxapp_token_entry_t *entry)
{
    ngx_queue_remove(&entry->queue);
    ngx_rbtree_delete(&cache->tree, &entry->sn.node);
    cache->n--;

    entry->gone = 1;

    if (entry->used == 0) {
        ngx_destroy_pool(entry->pool);
    }
}


/* a request is done with the claims */

static void
ngx_wxapp_token_cache_release(void *data)
{
    ngx_wxapp_token_entry_t *entry = data;

    if (--entry->used == 0 && entry->gone) {
        ngx_destroy_pool(entry->pool);
    }
}


void
ngx_wxapp_token_cache_free(ngx_wxapp_token_t *token)
{
    ngx_queue_t              *q;
    ngx_wxapp_token_cache_t  *cache;

    cache = token->cache;

    if (cache == NULL) {
        return;
    }

    while (!ngx_queue_empty(&cache->queue)) {
        q = ngx_queue_head(&cache->queue);
        ngx_wxapp_token_cache_remove(cache, ngx_wxapp_token_entry(q));
    }

    token->cache = NULL;

    ngx_free(cache);
}
