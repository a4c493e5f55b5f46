
#include "http/ngx_http_wxapp.h"


static ngx_http_wxapp_app_t *ngx_http_wxapp_app_find(
    ngx_http_wxapp_main_conf_t *wmcf, ngx_str_t *word, size_t offset);


char *
ngx_http_wxapp_content(ngx_conf_t *cf, ngx_http_handler_pt handler,
    void *data)
{
    ngx_str_t                   *value;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_wxapp_loc_conf_t   *wlcf;
    ngx_http_wxapp_main_conf_t  *wmcf;

    value = cf->args->elts;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    wlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_wxapp_module);

    if (wlcf->directive) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the location has its content from \"%V\" already",
                           wlcf->directive);
        return NGX_CONF_ERROR;
    }

    if (clcf->handler) {
        return "conflicts with another content handler of the location";
    }

    /* the arguments of the directive are gone after it */

    wlcf->directive = ngx_palloc(cf->pool, sizeof(ngx_str_t));
    if (wlcf->directive == NULL) {
        return NGX_CONF_ERROR;
    }

    *wlcf->directive = value[0];
    wlcf->handler = handler;
    wlcf->data = data;

    clcf->handler = handler;

    ngx_http_wxapp_conf_place(cf, &wlcf->place);

    wmcf = ngx_http_wxapp_conf_main(cf);
    wmcf->used = 1;

    return NGX_CONF_OK;
}


void *
ngx_http_wxapp_content_data(ngx_http_request_t *r)
{
    ngx_http_wxapp_loc_conf_t  *wlcf;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_wxapp_module);

    return wlcf->data;
}


ngx_http_wxapp_main_conf_t *
ngx_http_wxapp_cycle_main(ngx_cycle_t *cycle)
{
    ngx_http_wxapp_main_conf_t  *wmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NULL;
    }

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_wxapp_module);

    return (wmcf && wmcf->zone) ? wmcf : NULL;
}


char *
ngx_http_wxapp_content_merge(ngx_conf_t *cf, ngx_http_wxapp_loc_conf_t *prev,
    ngx_http_wxapp_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->input == NULL) {
        conf->input = prev->input;
    }

    if (conf->directive) {
        if (clcf->handler != conf->handler) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "another content handler follows \"%V\" in %V:%ui",
                          conf->directive, &conf->place.file,
                          conf->place.line);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    /* "if" and "limit_except" are locations without a name of their own */

    if (clcf->noname && prev->directive && clcf->handler == NULL) {
        conf->directive = prev->directive;
        conf->handler = prev->handler;
        conf->data = prev->data;

        clcf->handler = prev->handler;
    }

    return NGX_CONF_OK;
}


ngx_http_wxapp_app_t *
ngx_http_wxapp_app_named(ngx_http_wxapp_main_conf_t *wmcf, ngx_str_t *name)
{
    return ngx_http_wxapp_app_find(wmcf, name,
                                   offsetof(ngx_http_wxapp_app_t, name));
}


ngx_http_wxapp_app_t *
ngx_http_wxapp_app_appid(ngx_http_wxapp_main_conf_t *wmcf, ngx_str_t *appid)
{
    return ngx_http_wxapp_app_find(wmcf, appid,
                                   offsetof(ngx_http_wxapp_app_t, appid));
}


static ngx_http_wxapp_app_t *
ngx_http_wxapp_app_find(ngx_http_wxapp_main_conf_t *wmcf, ngx_str_t *word,
    size_t offset)
{
    ngx_str_t              *s;
    ngx_uint_t              i;
    ngx_http_wxapp_app_t  **app;

    if (wmcf->apps == NULL) {
        return NULL;
    }

    app = wmcf->apps->elts;

    for (i = 0; i < wmcf->apps->nelts; i++) {
        s = (ngx_str_t *) ((u_char *) app[i] + offset);

        if (s->len == word->len
            && ngx_memcmp(s->data, word->data, word->len) == 0)
        {
            return app[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_wxapp_phase(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


ngx_int_t
ngx_http_wxapp_variables(ngx_conf_t *cf, ngx_http_variable_t *vars)
{
    ngx_http_variable_t  *var, *v;

    for (v = vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


void
ngx_http_wxapp_variable(ngx_http_variable_value_t *v, ngx_str_t *s)
{
    v->data = s->data;
    v->len = s->len;
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
}
