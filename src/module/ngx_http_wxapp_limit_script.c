
/*
 * The call of Redis: all rules of a request in one script.
 */


#include "module/ngx_http_wxapp_limit.h"
#include "base/ngx_wxapp_crypto.h"


#define NGX_HTTP_WXAPP_LIMIT_KEY   128        /* longer keys are hashed */

/* a rule and its ban are two keys; a key has five arguments */

#define NGX_HTTP_WXAPP_LIMIT_KEYS  (2 * NGX_HTTP_WXAPP_LIMIT_RULES)
#define NGX_HTTP_WXAPP_LIMIT_ARGS  5


static ngx_int_t ngx_http_wxapp_limit_key(ngx_http_request_t *r,
    const char *kind, ngx_http_wxapp_limit_item_t *item, ngx_str_t *key);
static void ngx_http_wxapp_limit_number(u_char **p, ngx_str_t *arg,
    int64_t n);
static int64_t ngx_http_wxapp_limit_within(int64_t n, int64_t max);


/*
 * By key a kind, its two constants, and two numbers of the request.
 *
 * "bucket": the time, in microseconds of Redis' clock, at which the bucket
 * will be full again; a double has room for quarters of one.  A token moves
 * it on by the time that one takes to grow; further ahead of now than a full
 * bucket's time it may not go.  Arguments: that time, the size, the cost
 * (less than 0 gives back), and how many tokens more to take if they are
 * there.
 *
 * "fixed", "sliding": the number of the window, and what was spent in it and
 * in the one before, of which a sliding window counts the part that it still
 * covers.  Arguments: the window, the size, the cost, nothing.
 *
 * "ban", after the rule that it belongs to: refusals, and until when they
 * count or the ban holds.  Arguments: the time in which they count, how many
 * they may be, the time of the ban, and how many are new.
 *
 * Either every rule gives its tokens or none does.  Reply: the key that
 * denies, a ban before others, or 0; the longest wait; by key the tokens left
 * and the time to a full one, for a ban the refusals left and whether it
 * begins; then the tokens that were taken more.
 */

static ngx_wxapp_redis_script_t  ngx_http_wxapp_limit_script = {
    ngx_string(
        "local t = redis.call('TIME')\n"
        "local now = t[1] * 1000000 + t[2]\n"
        "local value = redis.call('MGET', unpack(KEYS))\n"
        "local denied, banned, wait, w = 0, 0, 0, 0\n"
        "local old, new, text, life, left, reset = {}, {}, {}, {}, {}, {}\n"
        "local function arg(i, n)\n"
        "    return tonumber(ARGV[5 * i + n - 5])\n"
        "end\n"
        "for i = 1, #KEYS do\n"
        "    local kind, v = ARGV[5 * i - 4], value[i] or ''\n"
        "    local a, b, c = arg(i, 2), arg(i, 3), arg(i, 4)\n"
        "    if kind == 'bucket' then\n"
        "        old[i] = math.max(tonumber(v) or now, now)\n"
        "        old[i] = math.min(old[i], now + b * a)\n"
        "        new[i] = math.max(old[i] + c * a, now)\n"
        "        w = new[i] - b * a - now\n"
        "    elseif kind == 'ban' then\n"
        "        local n, till = v:match('^(%d+) (%d+)$')\n"
        "        n, till = tonumber(n), tonumber(till)\n"
        "        if not n or till <= now then n, till = 0, now + a end\n"
        "        local more = arg(i, 5) + (w > 0 and 1 or 0)\n"
        "        reset[i], w = 0, 0\n"
        "        if n < b and more > 0 then\n"
        "            n = n + more\n"
        "            if n >= b then till, reset[i] = now + c, 1 end\n"
        "            text[i] = ('%d %.0f'):format(n, till)\n"
        "            life[i] = till - now\n"
        "        end\n"
        "        if n >= b then banned, w = i, till - now end\n"
        "        left[i] = math.max(b - n, 0)\n"
        "    else\n"
        "        local n, cur, prev = v:match('^(%d+) (%d+) (%d+)$')\n"
        "        local at, into = math.floor(now / a), now % a\n"
        "        n, cur, prev = tonumber(n), tonumber(cur), tonumber(prev)\n"
        "        if n ~= at then\n"
        "            cur, prev = 0, n == at - 1 and cur or 0\n"
        "        end\n"
        "        if kind == 'fixed' then prev = 0 end\n"
        "        local spent = cur + prev * (1 - into / a)\n"
        "        local free = b - c - cur\n"
        "        if spent + c <= b then w = 0\n"
        "        elseif kind == 'fixed' then w = a - into\n"
        "        elseif free >= 0 then\n"
        "            w = math.max(a - into - a * free / prev, 1)\n"
        "        else\n"
        "            local part = math.max(b - c, 0) / math.max(cur, 1)\n"
        "            w = 2 * a - into - a * part\n"
        "        end\n"
        "        text[i] = ('%d %d %d'):format(at, cur + c, prev)\n"
        "        life[i] = (kind == 'fixed' and 1 or 2) * a - into\n"
        "        left[i], reset[i] = b - spent, a - into\n"
        "    end\n"
        "    if w > wait then denied, wait = i, w end\n"
        "end\n"
        "if banned > 0 then denied = banned end\n"
        "local reply, more = { denied, math.ceil(wait) }, {}\n"
        "for i = 1, #KEYS do\n"
        "    local kind, go = ARGV[5 * i - 4], denied == 0\n"
        "    if kind == 'bucket' then\n"
        "        local a, n = arg(i, 2), arg(i, 5)\n"
        "        local last = now + arg(i, 3) * a\n"
        "        local full = go and new[i] or old[i]\n"
        "        if go then\n"
        "            if n > 0 then\n"
        "                n = math.min(n, math.floor((last - full) / a))\n"
        "                more[#more + 1] = n\n"
        "                full = full + n * a\n"
        "            end\n"
        "            local f = full % 1 == 0 and '%.0f' or '%.2f'\n"
        "            text[i] = f:format(full)\n"
        "            life[i] = full - now\n"
        "        end\n"
        "        left[i] = math.floor((last - full) / a)\n"
        "        reset[i] = full - now\n"
        "    elseif kind == 'ban' then go = text[i]\n"
        "    elseif go then left[i] = left[i] - arg(i, 4)\n"
        "    end\n"
        "    if go then\n"
        "        redis.call('SET', KEYS[i], text[i],\n"
        "                   'PX', math.ceil(life[i] / 1000) + 1)\n"
        "    end\n"
        "    reply[2 * i + 1] = math.floor(left[i])\n"
        "    reply[2 * i + 2] = reset[i]\n"
        "end\n"
        "for i = 1, #more do reply[#reply + 1] = more[i] end\n"
        "return reply\n"),
    { 0 }
};


ngx_int_t
ngx_http_wxapp_limit_script_rule(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_msec_t in)
{
    u_char     *p;
    ngx_uint_t  i;

    static ngx_str_t  kinds[] = {
        ngx_string("bucket"), ngx_string("sliding"), ngx_string("fixed")
    };

    p = ngx_pnalloc(cf->pool, 6 * NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    rule->args[0] = kinds[rule->algorithm];

    rule->args[1].data = p;

    if (rule->algorithm != NGX_HTTP_WXAPP_LIMIT_BUCKET) {
        p = ngx_sprintf(p, "%uL", rule->window);

    } else {
        p = ngx_sprintf(p, "%uL", rule->interval / 1000);

        if (rule->interval % 1000) {
            p = ngx_sprintf(p, ".%03uL", rule->interval % 1000);
        }
    }

    rule->args[1].len = p - rule->args[1].data;

    rule->args[2].data = p;
    p = ngx_sprintf(p, "%ui", rule->burst);
    rule->args[2].len = p - rule->args[2].data;

    ngx_str_set(&rule->ban_args[0], "ban");

    for (i = 1; i < 4; i++) {
        rule->ban_args[i].data = p;

        switch (i) {

        case 1:
            p = ngx_sprintf(p, "%M000", in);
            break;

        case 2:
            p = ngx_sprintf(p, "%ui", rule->ban);
            break;

        default:
            p = ngx_sprintf(p, "%uL", rule->banned);
        }

        rule->ban_args[i].len = p - rule->ban_args[i].data;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_limit_script_init(void)
{
    return ngx_wxapp_redis_script(&ngx_http_wxapp_limit_script);
}


ngx_wxapp_redis_op_t *
ngx_http_wxapp_limit_call(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx)
{
    u_char                       *p, numbers[3 * NGX_HTTP_WXAPP_LIMIT_RULES
                                             * NGX_INT64_LEN];
    ngx_str_t                    *arg;
    ngx_str_t                     argv[NGX_HTTP_WXAPP_LIMIT_KEYS
                                       * (1 + NGX_HTTP_WXAPP_LIMIT_ARGS)];
    ngx_uint_t                    i, n;
    ngx_http_wxapp_main_conf_t   *wmcf;
    ngx_http_wxapp_limit_item_t  *item;

    wmcf = ngx_http_wxapp_main(r);

    n = 0;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if (item->leased) {
            continue;
        }

        if (ngx_http_wxapp_limit_key(r, "limit", item, &argv[n++]) != NGX_OK
            || (item->rule->ban
                && ngx_http_wxapp_limit_key(r, "ban", item, &argv[n++])
                   != NGX_OK))
        {
            return NULL;
        }
    }

    p = numbers;
    arg = &argv[n];

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if (item->leased) {
            continue;
        }

        ngx_memcpy(arg, item->rule->args, sizeof(item->rule->args));
        arg += 3;

        ngx_http_wxapp_limit_number(&p, arg++,
                                    (int64_t) item->cost - item->held);
        ngx_http_wxapp_limit_number(&p, arg++, item->lease);

        if (item->rule->ban) {
            ngx_memcpy(arg, item->rule->ban_args,
                       sizeof(item->rule->ban_args));
            arg += 4;

            ngx_http_wxapp_limit_number(&p, arg++, item->offences);
        }
    }

    return ngx_wxapp_redis_eval(wmcf->redis, &ngx_http_wxapp_limit_script, n,
                                argv, arg - argv);
}


static ngx_int_t
ngx_http_wxapp_limit_key(ngx_http_request_t *r, const char *kind,
    ngx_http_wxapp_limit_item_t *item, ngx_str_t *key)
{
    u_char                      *p, digest[NGX_WXAPP_SHA256_LEN];
    ngx_str_t                    value;
    ngx_http_wxapp_main_conf_t  *wmcf;

    value = item->value;

    if (value.len > NGX_HTTP_WXAPP_LIMIT_KEY) {
        if (ngx_wxapp_sha256(&value, digest) != NGX_OK) {
            return NGX_ERROR;
        }

        value.data = digest;
        value.len = sizeof(digest);
    }

    wmcf = ngx_http_wxapp_main(r);

    p = ngx_pnalloc(r->pool, wmcf->redis->prefix.len + sizeof("limit::") - 1
                             + item->rule->name.len + value.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_sprintf(p, "%V%s:%V:", &wmcf->redis->prefix, kind,
                    &item->rule->name);
    p = ngx_cpymem(p, value.data, value.len);

    key->len = p - key->data;

    return NGX_OK;
}


static void
ngx_http_wxapp_limit_number(u_char **p, ngx_str_t *arg, int64_t n)
{
    arg->data = *p;
    *p = ngx_sprintf(*p, "%L", n);
    arg->len = *p - arg->data;
}


ngx_int_t
ngx_http_wxapp_limit_answer(ngx_http_wxapp_limit_ctx_t *lctx,
    redisReply *reply)
{
    uint64_t                      max;
    ngx_uint_t                    i, n, key, more;
    redisReply                  **answer;
    ngx_http_wxapp_limit_item_t  *item;

    n = 0;
    more = 0;

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if (!item->leased) {
            n += item->rule->ban ? 2 : 1;
            more += (item->lease != 0);
        }
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 + 2 * n) {
        return NGX_ERROR;
    }

    answer = reply->element;

    for (i = 0; i < reply->elements; i++) {
        if (answer[i]->type != REDIS_REPLY_INTEGER) {
            return NGX_ERROR;
        }
    }

    if (answer[0]->integer < 0 || answer[0]->integer > (int64_t) n
        || reply->elements != 2 + 2 * n + (answer[0]->integer ? 0 : more))
    {
        return NGX_ERROR;
    }

    key = answer[0]->integer;
    more = reply->elements - more;
    max = 0;
    n = 0;

    lctx->denied = NGX_HTTP_WXAPP_LIMIT_NONE;

    /* headers stay readable, whatever a server that is not ours may say */

    for (i = 0; i < lctx->n; i++) {
        item = &lctx->items[i];

        if (item->leased) {
            continue;
        }

        n++;

        item->known = 1;
        item->left = ngx_http_wxapp_limit_within(answer[2 * n]->integer,
                                                 item->rule->burst);
        item->reset = ngx_http_wxapp_limit_within(answer[2 * n + 1]->integer,
                                                  item->rule->window);

        if (key == n) {
            lctx->denied = i;
        }

        if (item->rule->ban) {
            n++;

            item->room = ngx_http_wxapp_limit_within(answer[2 * n]->integer,
                                                     item->rule->ban);
            if (key == n) {
                lctx->denied = i;
                lctx->banned = 1;
                lctx->fresh = (answer[2 * n + 1]->integer == 1);
            }
        }

        max = ngx_max(max, 2 * item->rule->window + item->rule->banned);

        if (item->lease) {
            item->lease = key ? 0 : ngx_http_wxapp_limit_within(
                                                    answer[more++]->integer,
                                                    item->lease);
        }
    }

    lctx->retry = ngx_http_wxapp_limit_within(answer[1]->integer, max);

    return NGX_OK;
}


static int64_t
ngx_http_wxapp_limit_within(int64_t n, int64_t max)
{
    return (n < 0) ? 0 : ngx_min(n, max);
}
