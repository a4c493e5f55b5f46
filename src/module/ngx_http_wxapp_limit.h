
/*
 * What the files of wxapp_limit share.
 */


#ifndef _NGX_HTTP_WXAPP_LIMIT_H_INCLUDED_
#define _NGX_HTTP_WXAPP_LIMIT_H_INCLUDED_


#include "http/ngx_http_wxapp_conf.h"
#include "http/ngx_http_wxapp_limit_zone.h"
#include "http/ngx_http_wxapp_reply.h"


#define NGX_HTTP_WXAPP_LIMIT_RULES  8         /* in one place */
#define NGX_HTTP_WXAPP_LIMIT_MAX    1000000   /* tokens */
#define NGX_HTTP_WXAPP_LIMIT_NONE   -1


/* ctx->limit, in the order of ngx_http_wxapp_limit_words[] */

typedef enum {
    NGX_HTTP_WXAPP_LIMIT_UNSET = 0,
    NGX_HTTP_WXAPP_LIMIT_ASKED,
    NGX_HTTP_WXAPP_LIMIT_OK,
    NGX_HTTP_WXAPP_LIMIT_DENIED,
    NGX_HTTP_WXAPP_LIMIT_ALLOWED,
    NGX_HTTP_WXAPP_LIMIT_FAILED,
    NGX_HTTP_WXAPP_LIMIT_LATER,               /* delayed, or to be */
    NGX_HTTP_WXAPP_LIMIT_WOULD_DENY,          /* dry run */
    NGX_HTTP_WXAPP_LIMIT_WOULD_DELAY
} ngx_http_wxapp_limit_e;


typedef enum {
    NGX_HTTP_WXAPP_LIMIT_BUCKET = 0,
    NGX_HTTP_WXAPP_LIMIT_SLIDING,
    NGX_HTTP_WXAPP_LIMIT_FIXED
} ngx_http_wxapp_limit_algorithm_e;


/* what a rule does when Redis does not answer */

typedef enum {
    NGX_HTTP_WXAPP_LIMIT_ALLOW = 0,
    NGX_HTTP_WXAPP_LIMIT_DENY,
    NGX_HTTP_WXAPP_LIMIT_NODE
} ngx_http_wxapp_limit_error_e;


#define NGX_HTTP_WXAPP_LIMIT_DRAFT   0x01
#define NGX_HTTP_WXAPP_LIMIT_LEGACY  0x02


typedef struct {
    ngx_str_t                         name;
    ngx_http_complex_value_t          key;
    ngx_http_complex_value_t         *cost;       /* NULL: 1 */
    ngx_http_wxapp_limit_algorithm_e  algorithm;
    ngx_http_wxapp_limit_error_e      on_error;
    uint64_t                          interval;   /* ns to grow one token */
    uint64_t                          window;     /* us */
    ngx_uint_t                        burst;      /* or requests a window */
    ngx_uint_t                        lease;
    ngx_uint_t                        ban;        /* refusals for one, or 0 */
    uint64_t                          banned;     /* us */
    uint64_t                          seed;       /* the rule, hashed */
    ngx_str_t                         args[3];    /* of the script */
    ngx_str_t                         ban_args[4];
    ngx_uint_t                        delay;      /* unsigned  delay:1; */
} ngx_http_wxapp_limit_rule_t;


typedef struct {
    ngx_str_t                         name;
    ngx_http_complex_value_t          key;
    ngx_uint_t                        max;
    uint64_t                          seed;
} ngx_http_wxapp_limit_inflight_t;


/* keys by their hashes, in a table of a power of two */

typedef struct {
    ngx_str_t                         file;
    ngx_http_complex_value_t          key;
    uint64_t                          secret[2];
    uint64_t                         *hashes;     /* 0: free */
    ngx_uint_t                        mask;
} ngx_http_wxapp_limit_deny_t;


typedef struct {
    ngx_array_t              *rules;          /* ngx_http_wxapp_limit_rule_t */
    ngx_array_t              *inflights;  /* ngx_http_wxapp_limit_inflight_t */
    ngx_array_t              *denies;         /* ngx_http_wxapp_limit_deny_t */
    ngx_flag_t                dry_run;
    ngx_uint_t                status;
    ngx_uint_t                log_level;
    ngx_uint_t                headers;
    ngx_http_wxapp_place_t    place;          /* of the rules */
} ngx_http_wxapp_limit_conf_t;


typedef struct {
    ngx_shm_zone_t           *zone;           /* NULL: no limit anywhere */
} ngx_http_wxapp_limit_main_conf_t;


/* a rule that applies to the request, and what is known of its key */

typedef struct {
    ngx_http_wxapp_limit_rule_t  *rule;
    ngx_str_t                 value;          /* of the key */
    uint64_t                  key;            /* in the zone */
    uint32_t                  cost;
    uint32_t                  held;           /* leased tokens, given back */
    uint32_t                  lease;          /* to take; then, taken */
    uint32_t                  offences;       /* to tell */
    uint32_t                  room;           /* for more until a ban */
    int64_t                   left;
    int64_t                   reset;          /* us to a full bucket */
    unsigned                  known:1;        /* left and reset are */
    unsigned                  leased:1;       /* paid by leased tokens */
    unsigned                  asked:1;        /* for a lease */
    unsigned                  ahead:1;        /* and paid by the last one */
    unsigned                  probe:1;        /* asks for others, too */
} ngx_http_wxapp_limit_item_t;


/* one call: the rules that apply to the request, and their answers */

typedef struct {
    ngx_uint_t                    n;
    ngx_http_wxapp_limit_item_t  *items;
    ngx_int_t                     denied;     /* item, or NONE */
    int64_t                       retry;      /* us */
    ngx_msec_t                    delay;      /* yet to be waited */
    ngx_str_t                    *policy;     /* that denied or delays */
    ngx_uint_t                    nholds;
    ngx_http_wxapp_inflight_t    *holds[NGX_HTTP_WXAPP_LIMIT_RULES];
    unsigned                      banned:1;
    unsigned                      fresh:1;    /* the ban is new */
    unsigned                      would:1;    /* be refused, but for dry run */
} ngx_http_wxapp_limit_ctx_t;


/*
 * The script: all rules that have not been paid for, in one call.
 */

/*
 * Prepares what does not change of a rule's arguments; refusals count for a
 * ban "in" milliseconds; at configuration.
 */
ngx_int_t ngx_http_wxapp_limit_script_rule(ngx_conf_t *cf,
    ngx_http_wxapp_limit_rule_t *rule, ngx_msec_t in);

/* Names the script; at configuration. */
ngx_int_t ngx_http_wxapp_limit_script_init(void);

/* Makes the call; NULL without memory. */
ngx_wxapp_redis_op_t *ngx_http_wxapp_limit_call(ngx_http_request_t *r,
    ngx_http_wxapp_limit_ctx_t *lctx);

/* Reads the reply of the call; NGX_ERROR when it is not one. */
ngx_int_t ngx_http_wxapp_limit_answer(ngx_http_wxapp_limit_ctx_t *lctx,
    redisReply *reply);


/*
 * What this node decides by itself.
 */

/*
 * NGX_OK: all is paid by leased tokens; NGX_BUSY: a key is known to be
 * denied; NGX_AGAIN: Redis is to be asked for those not paid yet.
 */
ngx_int_t ngx_http_wxapp_limit_local(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx);

/* Keeps what Redis told: denials, leases. */
void ngx_http_wxapp_limit_learn(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx);

/*
 * Gives back what local() took for the call, and with "paid" what it took
 * as payment, too: the request does not get through.
 */
void ngx_http_wxapp_limit_undo(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx, ngx_uint_t paid);

/*
 * Without Redis: takes from this node's own buckets of the rules that have
 * on_error=local, all or none.
 */
void ngx_http_wxapp_limit_fallback(ngx_shm_zone_t *zone,
    ngx_http_wxapp_limit_ctx_t *lctx);


/*
 * What clients are told.
 */

ngx_int_t ngx_http_wxapp_limit_headers(ngx_http_request_t *r,
    ngx_http_wxapp_limit_conf_t *conf, ngx_http_wxapp_limit_ctx_t *lctx);

/*
 * Refuses; "policy" is told unless it is NULL.  The result is returned to the
 * phase.
 */
ngx_int_t ngx_http_wxapp_limit_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message,
    ngx_str_t *policy);


/*
 * Directives.
 */

char *ngx_http_wxapp_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_wxapp_limit_inflight(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_wxapp_limit_deny(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Reads the keys of deny->file, one a line; empty lines and those that begin
 * with "#" are none.  NGX_ERROR is logged.
 */
ngx_int_t ngx_http_wxapp_limit_deny_load(ngx_conf_t *cf,
    ngx_http_wxapp_limit_deny_t *deny);

/* Whether the text is one of the keys of the file; an empty one never is. */
ngx_uint_t ngx_http_wxapp_limit_denied(ngx_http_wxapp_limit_deny_t *deny,
    ngx_str_t *value);


extern ngx_module_t  ngx_http_wxapp_limit_module;


#endif /* _NGX_HTTP_WXAPP_LIMIT_H_INCLUDED_ */
