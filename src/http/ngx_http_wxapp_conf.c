
#include "http/ngx_http_wxapp_conf.h"


#define NGX_HTTP_WXAPP_SECRET_LEN  65536


typedef struct {
    ngx_str_t                    name;
    ngx_http_wxapp_directive_t  *directives;
    void                        *data;
    ngx_uint_t                   seen;        /* bits, by directive */
} ngx_http_wxapp_block_t;


static char *ngx_http_wxapp_conf_handler(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);


char *
ngx_http_wxapp_conf_block(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directives, void *data)
{
    char                    *rv;
    ngx_str_t               *value;
    ngx_conf_t               save;
    ngx_http_wxapp_block_t   block;

    value = cf->args->elts;

    block.name = value[0];
    block.directives = directives;
    block.data = data;
    block.seen = 0;

    save = *cf;

    cf->handler = ngx_http_wxapp_conf_handler;
    cf->handler_conf = (char *) &block;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return rv;
}


static char *
ngx_http_wxapp_conf_handler(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_wxapp_block_t *block = conf;

    ngx_str_t                   *value;
    ngx_uint_t                   n, min;
    ngx_http_wxapp_directive_t  *d;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {

        if (cf->args->nelts != 2) {
            goto arguments;
        }

        return ngx_conf_include(cf, dummy, conf);
    }

    for (d = block->directives, n = 0; d->name.len; d++, n++) {

        if (d->name.len != value[0].len
            || ngx_strcmp(d->name.data, value[0].data) != 0)
        {
            continue;
        }

        min = d->min & ~NGX_HTTP_WXAPP_MANY;

        if (cf->args->nelts - 1 < min || cf->args->nelts - 1 > d->max) {
            goto arguments;
        }

        if ((block->seen & ((ngx_uint_t) 1 << n))
            && !(d->min & NGX_HTTP_WXAPP_MANY))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" directive is duplicate", &value[0]);
            return NGX_CONF_ERROR;
        }

        block->seen |= (ngx_uint_t) 1 << n;

        return d->set(cf, d, block->data);
    }

    return ngx_http_wxapp_conf_unknown(cf, "directive", &value[0],
                                       block->directives, n,
                                       sizeof(ngx_http_wxapp_directive_t));

arguments:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid number of arguments in \"%V\" directive",
                       &value[0]);

    return NGX_CONF_ERROR;
}


char *
ngx_http_wxapp_conf_unknown(ngx_conf_t *cf, const char *kind, ngx_str_t *word,
    void *names, ngx_uint_t n, size_t stride)
{
    ngx_str_t  *near;

    near = ngx_wxapp_nearest(word, names, n, stride);

    if (near) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown %s \"%V\", did you mean \"%V\"?",
                           kind, word, near);

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unknown %s \"%V\"",
                           kind, word);
    }

    return NGX_CONF_ERROR;
}


char *
ngx_http_wxapp_conf_str(ngx_conf_t *cf, ngx_http_wxapp_directive_t *directive,
    void *data)
{
    ngx_str_t  *value, *field;

    value = cf->args->elts;
    field = (ngx_str_t *) ((u_char *) data + directive->offset);

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must not be empty", &value[0]);
        return NGX_CONF_ERROR;
    }

    *field = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_wxapp_conf_secret(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    char       *rv;
    ngx_str_t  *value, *field;

    rv = ngx_http_wxapp_conf_str(cf, directive, data);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;
    field = (ngx_str_t *) ((u_char *) data + directive->offset);

    if (ngx_http_wxapp_conf_file(cf, &value[1], field) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_wxapp_conf_params(ngx_conf_t *cf, ngx_http_wxapp_param_t *params,
    ngx_uint_t from, void *data)
{
    void                    *field;
    ngx_int_t                n;
    ngx_str_t               *value, name, s;
    ngx_uint_t               i, seen;
    ngx_http_wxapp_param_t  *p;

    seen = 0;
    value = cf->args->elts;

    for (i = from; i < cf->args->nelts; i++) {

        s.data = (u_char *) ngx_strchr(value[i].data, '=');

        if (s.data == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", "
                               "it must be name=value", &value[i]);
            return NGX_CONF_ERROR;
        }

        name.data = value[i].data;
        name.len = s.data - name.data;

        s.data++;
        s.len = value[i].len - name.len - 1;

        for (p = params; p->name.len; p++) {
            if (p->name.len == name.len
                && ngx_strncmp(p->name.data, name.data, name.len) == 0)
            {
                break;
            }
        }

        if (p->name.len == 0) {
            return ngx_http_wxapp_conf_unknown(cf, "parameter", &name, params,
                                               p - params,
                                               sizeof(ngx_http_wxapp_param_t));
        }

        n = p - params;

        if (seen & ((ngx_uint_t) 1 << n)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", &name);
            return NGX_CONF_ERROR;
        }

        seen |= (ngx_uint_t) 1 << n;

        field = (u_char *) data + p->offset;

        switch (p->type) {

        case NGX_HTTP_WXAPP_PARAM_STR:
            if (s.len == 0) {
                goto invalid;
            }

            *(ngx_str_t *) field = s;
            continue;

        case NGX_HTTP_WXAPP_PARAM_MSEC:
            n = ngx_parse_time(&s, 0);
            break;

        default:
            n = ngx_atoi(s.data, s.len);
        }

        if (n == NGX_ERROR) {
            goto invalid;
        }

        if ((ngx_uint_t) n < p->min || (ngx_uint_t) n > p->max) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" must be between %ui%s and %ui%s",
                               &name, p->min,
                               p->type == NGX_HTTP_WXAPP_PARAM_MSEC ? "ms" : "",
                               p->max,
                               p->type == NGX_HTTP_WXAPP_PARAM_MSEC ? "ms"
                                                                    : "");
            return NGX_CONF_ERROR;
        }

        *(ngx_uint_t *) field = n;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value in \"%V\"",
                       &value[i]);
    return NGX_CONF_ERROR;
}


ngx_array_t *
ngx_http_wxapp_conf_words(ngx_conf_t *cf, ngx_str_t *s)
{
    u_char       *p, *last;
    ngx_str_t    *word;
    ngx_array_t  *words;

    words = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (words == NULL) {
        return NULL;
    }

    p = s->data;
    last = p + s->len;

    for ( ;; ) {
        word = ngx_array_push(words);
        if (word == NULL) {
            return NULL;
        }

        word->data = p;

        while (p < last && *p != '|') {
            p++;
        }

        word->len = p - word->data;

        if (word->len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "empty value in \"%V\"",
                               s);
            return NULL;
        }

        if (p++ == last) {
            return words;
        }
    }
}


ngx_int_t
ngx_http_wxapp_conf_file(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *secret)
{
    ngx_str_t   path;
    ngx_uint_t  exposed;

    path = *name;

    if (ngx_http_wxapp_conf_text(cf, &path, secret, &exposed) != NGX_OK) {
        return NGX_ERROR;
    }

    if (exposed) {
        ngx_http_wxapp_conf_exposed(cf, &path);
    }

    return NGX_OK;
}


void
ngx_http_wxapp_conf_exposed(ngx_conf_t *cf, ngx_str_t *path)
{
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "secret file \"%V\" can be read by everyone, "
                       "use chmod o-r", path);
}


ngx_int_t
ngx_http_wxapp_conf_text(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text,
    ngx_uint_t *exposed)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", path);
        goto failed;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "secret file \"%V\" is not a regular file", path);
        goto failed;
    }

    if (ngx_file_size(&fi) > NGX_HTTP_WXAPP_SECRET_LEN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "secret file \"%V\" is larger than 64k", path);
        goto failed;
    }

    *exposed = (fi.st_mode & S_IROTH) ? 1 : 0;

    text->data = ngx_pnalloc(cf->pool, ngx_file_size(&fi) + 1);
    if (text->data == NULL) {
        goto failed;
    }

    n = ngx_read_fd(fd, text->data, ngx_file_size(&fi));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", path);
        goto failed;
    }

    while (n && (text->data[n - 1] == LF || text->data[n - 1] == CR)) {
        n--;
    }

    if (n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "secret file \"%V\" is empty", path);
        goto failed;
    }

    text->len = n;
    text->data[n] = '\0';

    (void) ngx_close_file(fd);

    return NGX_OK;

failed:

    (void) ngx_close_file(fd);

    return NGX_ERROR;
}


void
ngx_http_wxapp_conf_place(ngx_conf_t *cf, ngx_http_wxapp_place_t *place)
{
    place->file = cf->conf_file->file.name;
    place->line = cf->conf_file->line;
}


char *
ngx_http_wxapp_conf_needs(ngx_conf_t *cf, ngx_http_wxapp_place_t *place,
    const char *directive, const char *other)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%s\" needs \"%s\" in %V:%ui",
                  directive, other, &place->file, place->line);

    return NGX_CONF_ERROR;
}
