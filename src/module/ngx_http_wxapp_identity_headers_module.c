
/*
 * wxapp_identity_headers: upstreams are told who the caller is by the
 * headers of WeChat's cloud hosting.  What a client sends under these names
 * is taken from every request before anything can read it.
 */


#include "module/ngx_http_wxapp_auth.h"


typedef struct {
    ngx_flag_t                enable;
    ngx_http_wxapp_place_t    place;
} ngx_http_wxapp_identity_headers_conf_t;


static ngx_int_t ngx_http_wxapp_identity_headers_redirect_handler(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_identity_headers_strip_handler(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_identity_headers_strip(ngx_http_request_t *r);
static ngx_uint_t ngx_http_wxapp_identity_headers_reserved(ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_identity_headers_handler(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_identity_headers_appid(ngx_http_request_t *r,
    ngx_str_t **appid);
static ngx_int_t ngx_http_wxapp_identity_headers_add(ngx_http_request_t *r,
    const char *name, const char *lowcase, ngx_str_t *value);
static char *ngx_http_wxapp_identity_headers(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_wxapp_identity_headers_postconfiguration(
    ngx_conf_t *cf);
static void *ngx_http_wxapp_identity_headers_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_wxapp_identity_headers_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);


static ngx_command_t  ngx_http_wxapp_identity_headers_commands[] = {

    { ngx_string("wxapp_identity_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_wxapp_identity_headers,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_wxapp_identity_headers_conf_t, enable),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_identity_headers_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_identity_headers_postconfiguration,
                                           /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_wxapp_identity_headers_create_loc_conf,
                                           /* create location configuration */
    ngx_http_wxapp_identity_headers_merge_loc_conf
                                           /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_identity_headers_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_identity_headers_module_ctx, /* module context */
    ngx_http_wxapp_identity_headers_commands, /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* of a client that signs its requests, see wxapp_sign */

static ngx_str_t  ngx_http_wxapp_identity_headers_kept[] = {
    ngx_string("X-WX-Signature"),
    ngx_string("X-WX-Timestamp"),
    ngx_string("X-WX-Nonce"),
    ngx_null_string
};


static ngx_str_t  ngx_http_wxapp_identity_headers_openid =
    ngx_string("openid");
static ngx_str_t  ngx_http_wxapp_identity_headers_unionid =
    ngx_string("unionid");
static ngx_str_t  ngx_http_wxapp_identity_headers_app = ngx_string("app");
static ngx_str_t  ngx_http_wxapp_identity_headers_source =
    ngx_string("wx_client");


/* a redirect has what was added for the location before; named ones skip
   the rewrites of the server */

static ngx_int_t
ngx_http_wxapp_identity_headers_redirect_handler(ngx_http_request_t *r)
{
    return r->internal ? ngx_http_wxapp_identity_headers_strip_handler(r)
                       : NGX_DECLINED;
}


static ngx_int_t
ngx_http_wxapp_identity_headers_strip_handler(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    /* a subrequest has what its main request has by then */

    if (r != r->main) {
        return NGX_DECLINED;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_wxapp_identity_headers_reserved(&h[i].key)) {
                return ngx_http_wxapp_identity_headers_strip(r);
            }
        }
    }

    return NGX_DECLINED;
}


/*
 * Upstream modules copy whatever is in the list, and others point at its
 * elements: what stays stays where it is, in parts of what lies side by side.
 * A part after the first must not be empty, nor may a last one that does not
 * begin where its memory does seem to have room.
 */

static ngx_int_t
ngx_http_wxapp_identity_headers_strip(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_t       *list;
    ngx_list_part_t   old, *part, *run, *last;
    ngx_table_elt_t  *h;

    list = &r->headers_in.headers;

    old = list->part;
    last = NULL;

    for (part = &old; part; part = part->next) {

        h = part->elts;
        run = NULL;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_wxapp_identity_headers_reserved(&h[i].key)) {
                run = NULL;
                continue;
            }

            if (run == NULL) {
                run = &list->part;

                if (last) {
                    run = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
                    if (run == NULL) {
                        return NGX_HTTP_INTERNAL_SERVER_ERROR;
                    }

                    last->next = run;
                }

                run->elts = &h[i];
                run->nelts = 0;
                run->next = NULL;

                last = run;
            }

            run->nelts++;
        }
    }

    if (last == NULL) {
        list->part.nelts = 0;
        list->part.next = NULL;
        list->last = &list->part;

        return NGX_DECLINED;
    }

    list->last = last;
    list->nalloc = last->nelts;

    return NGX_DECLINED;
}


/* upstreams of the CGI kind see one name for all that is no letter or digit */

static ngx_uint_t
ngx_http_wxapp_identity_headers_reserved(ngx_str_t *name)
{
    u_char     *p;
    ngx_str_t  *kept;

    p = name->data;

    if (name->len < sizeof("X-WX-") - 1
        || (p[0] | 0x20) != 'x' || isalnum(p[1])
        || (p[2] | 0x20) != 'w' || (p[3] | 0x20) != 'x' || isalnum(p[4]))
    {
        return 0;
    }

    for (kept = ngx_http_wxapp_identity_headers_kept; kept->len; kept++) {
        if (kept->len == name->len
            && ngx_strncasecmp(kept->data, p, name->len) == 0)
        {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_wxapp_identity_headers_handler(ngx_http_request_t *r)
{
    ngx_int_t                                rc;
    ngx_str_t                                openid, unionid, *appid;
    ngx_http_wxapp_identity_headers_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r,
                                       ngx_http_wxapp_identity_headers_module);

    if (!conf->enable || r != r->main) {
        return NGX_DECLINED;
    }

    rc = ngx_http_wxapp_auth_vouched(r);

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_claim(r, &ngx_http_wxapp_identity_headers_openid,
                                  &openid);
    }

    /* who did not come by WeChat is not told as who did */

    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_identity_headers_appid(r, &appid);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_claim(r, &ngx_http_wxapp_identity_headers_unionid,
                                  &unionid);
    }

    if (rc == NGX_DECLINED) {
        ngx_str_null(&unionid);
        rc = NGX_OK;
    }

    if (rc != NGX_OK
        || ngx_http_wxapp_identity_headers_add(r, "X-WX-OPENID",
                                               "x-wx-openid", &openid)
           != NGX_OK
        || ngx_http_wxapp_identity_headers_add(r, "X-WX-APPID",
                                               "x-wx-appid", appid)
           != NGX_OK
        || ngx_http_wxapp_identity_headers_add(r, "X-WX-UNIONID",
                                               "x-wx-unionid", &unionid)
           != NGX_OK
        || ngx_http_wxapp_identity_headers_add(r, "X-WX-SOURCE",
                                               "x-wx-source",
                                      &ngx_http_wxapp_identity_headers_source)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/* NULL: the app of the token is not one of ours now */

static ngx_int_t
ngx_http_wxapp_identity_headers_appid(ngx_http_request_t *r, ngx_str_t **appid)
{
    ngx_int_t                    rc;
    ngx_str_t                    name;
    ngx_http_wxapp_app_t        *app;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    rc = ngx_http_wxapp_claim(r, &ngx_http_wxapp_identity_headers_app, &name);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    app = (rc == NGX_OK) ? ngx_http_wxapp_app_named(wmcf, &name) : wmcf->app;

    *appid = app ? &app->appid : NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_identity_headers_add(ngx_http_request_t *r, const char *name,
    const char *lowcase, ngx_str_t *value)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    if (value == NULL || value->len == 0) {
        return NGX_OK;
    }

    /* other issuers may put anything into a token, but not into a request */

    for (p = value->data; p < value->data + value->len; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            return NGX_OK;
        }
    }

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    ngx_http_wxapp_header_end(h);

    return NGX_OK;
}


static char *
ngx_http_wxapp_identity_headers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_wxapp_identity_headers_conf_t *ihcf = conf;

    ngx_http_wxapp_main_conf_t  *wmcf;

    ngx_http_wxapp_conf_place(cf, &ihcf->place);

    wmcf = ngx_http_wxapp_conf_main(cf);
    wmcf->used = 1;

    return ngx_conf_set_flag_slot(cf, cmd, conf);
}


static ngx_int_t
ngx_http_wxapp_identity_headers_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (!wmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_wxapp_phase(cf, NGX_HTTP_SERVER_REWRITE_PHASE,
                             ngx_http_wxapp_identity_headers_strip_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_wxapp_phase(cf, NGX_HTTP_REWRITE_PHASE,
                             ngx_http_wxapp_identity_headers_redirect_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (wmcf->token == NULL) {
        return NGX_OK;
    }

    return ngx_http_wxapp_phase(cf, NGX_HTTP_PRECONTENT_PHASE,
                                ngx_http_wxapp_identity_headers_handler);
}


static void *
ngx_http_wxapp_identity_headers_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wxapp_identity_headers_conf_t  *conf;

    conf = ngx_palloc(cf->pool,
                      sizeof(ngx_http_wxapp_identity_headers_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_wxapp_identity_headers_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_wxapp_identity_headers_conf_t *prev = parent;
    ngx_http_wxapp_identity_headers_conf_t *conf = child;

    ngx_http_wxapp_main_conf_t  *wmcf;

    if (conf->enable == NGX_CONF_UNSET) {
        conf->place = prev->place;
    }

    ngx_conf_merge_value(conf->enable, prev->enable, 0);

    wmcf = ngx_http_wxapp_conf_main(cf);

    if (conf->enable && wmcf->token == NULL) {
        return ngx_http_wxapp_conf_needs(cf, &conf->place,
                                         "wxapp_identity_headers",
                                         "wxapp_token");
    }

    return NGX_CONF_OK;
}
