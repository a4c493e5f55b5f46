
#include "http/ngx_http_wxapp_app.h"


static ngx_int_t ngx_http_wxapp_app_referer(ngx_http_request_t *r,
    ngx_str_t *appid);


char *
ngx_http_wxapp_app_compile(ngx_conf_t *cf,
    ngx_http_wxapp_app_choice_t *choice, ngx_str_t *value)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = &choice->name;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    choice->given = 1;

    ngx_http_wxapp_conf_place(cf, &choice->place);

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_wxapp_app_resolve(ngx_conf_t *cf,
    ngx_http_wxapp_app_choice_t *choice)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (!choice->given || choice->name.lengths) {
        return NGX_OK;
    }

    wmcf = ngx_http_wxapp_conf_main(cf);

    choice->app = ngx_http_wxapp_app_named(wmcf, &choice->name.value);

    if (choice->app == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "there is no \"wxapp_app\" \"%V\" for \"app=\" "
                      "in %V:%ui",
                      &choice->name.value, &choice->place.file,
                      choice->place.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_app_choose(ngx_http_request_t *r,
    ngx_http_wxapp_app_choice_t *choice, ngx_http_wxapp_app_t **app)
{
    ngx_str_t                    s;
    ngx_http_wxapp_main_conf_t  *wmcf;

    wmcf = ngx_http_wxapp_main(r);

    if (choice->app) {
        *app = choice->app;

    } else if (choice->given) {

        if (ngx_http_complex_value(r, &choice->name, &s) != NGX_OK) {
            return NGX_ERROR;
        }

        *app = ngx_http_wxapp_app_named(wmcf, &s);

    } else if (wmcf->apps->nelts == 1) {
        *app = wmcf->app;

    } else {
        *app = (ngx_http_wxapp_app_referer(r, &s) == NGX_OK)
               ? ngx_http_wxapp_app_appid(wmcf, &s) : NULL;
    }

    return *app ? NGX_OK : NGX_DECLINED;
}


/*
 * https://servicewechat.com/APPID/VERSION/page-frame.html, to the letter: a
 * mini program cannot set it.  Others can, so that it may pick, not prove.
 */

static ngx_int_t
ngx_http_wxapp_app_referer(ngx_http_request_t *r, ngx_str_t *appid)
{
    u_char           *p, *last, *end;
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    static ngx_str_t  head = ngx_string("https://servicewechat.com/");
    static ngx_str_t  tail = ngx_string("/page-frame.html");

    h = ngx_http_wxapp_header_find(&r->headers_in.headers, "Referer", &n);

    if (n != 1 || h->value.len < head.len + tail.len
        || ngx_strncmp(h->value.data, head.data, head.len) != 0)
    {
        return NGX_DECLINED;
    }

    p = h->value.data + head.len;
    last = h->value.data + h->value.len - tail.len;

    if (ngx_strncmp(last, tail.data, tail.len) != 0) {
        return NGX_DECLINED;
    }

    end = ngx_strlchr(p, last, '/');

    if (end == NULL) {
        return NGX_DECLINED;
    }

    appid->data = p;
    appid->len = end - p;

    /* a number, or "devtools" */

    for (p = end + 1; p < last; p++) {
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z'))) {
            return NGX_DECLINED;
        }
    }

    return (end + 1 < last) ? NGX_OK : NGX_DECLINED;
}
