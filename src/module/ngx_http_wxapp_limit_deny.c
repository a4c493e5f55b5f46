
/*
 * wxapp_limit_deny: keys that are refused, from a file.
 */


#include "module/ngx_http_wxapp_limit.h"
#include "base/ngx_wxapp_crypto.h"
#include "base/ngx_wxapp_hash.h"


#define NGX_HTTP_WXAPP_LIMIT_FILE  (256 * 1024 * 1024)


static ngx_int_t ngx_http_wxapp_limit_deny_read(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *text);
static ngx_uint_t ngx_http_wxapp_limit_deny_line(ngx_str_t *text,
    ngx_str_t *line);
static ngx_uint_t ngx_http_wxapp_limit_deny_find(
    ngx_http_wxapp_limit_deny_t *deny, uint64_t hash);


ngx_uint_t
ngx_http_wxapp_limit_denied(ngx_http_wxapp_limit_deny_t *deny,
    ngx_str_t *value)
{
    uint64_t  hash;

    if (deny->hashes == NULL || value->len == 0) {
        return 0;
    }

    hash = ngx_wxapp_hash(deny->secret, value->data, value->len);

    return deny->hashes[ngx_http_wxapp_limit_deny_find(deny, hash)] != 0;
}


/* its place, or the free one where it belongs */

static ngx_uint_t
ngx_http_wxapp_limit_deny_find(ngx_http_wxapp_limit_deny_t *deny,
    uint64_t hash)
{
    ngx_uint_t  i;

    for (i = hash & deny->mask;
         deny->hashes[i] && deny->hashes[i] != hash;
         i = (i + 1) & deny->mask)
    {
        /* void */
    }

    return i;
}


/*
 * Of each key 64 bits under a secret are kept: a stranger's text is taken
 * for one of a million keys once in 10^13 times.
 */

ngx_int_t
ngx_http_wxapp_limit_deny_load(ngx_conf_t *cf,
    ngx_http_wxapp_limit_deny_t *deny)
{
    uint64_t     hash;
    ngx_int_t    rc;
    ngx_str_t    text, rest, line;
    ngx_uint_t   n, size;

    if (ngx_wxapp_random((u_char *) deny->secret, sizeof(deny->secret))
        != NGX_OK
        || ngx_http_wxapp_limit_deny_read(cf, &deny->file, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = NGX_OK;
    rest = text;
    n = 0;

    while (ngx_http_wxapp_limit_deny_line(&rest, &line)) {
        n += (line.len != 0);
    }

    if (n == 0) {
        goto done;
    }

    for (size = 16; size < 2 * n; size *= 2) { /* void */ }

    deny->mask = size - 1;
    deny->hashes = ngx_pcalloc(cf->pool, size * sizeof(uint64_t));

    if (deny->hashes == NULL) {
        rc = NGX_ERROR;
        goto done;
    }

    rest = text;

    while (ngx_http_wxapp_limit_deny_line(&rest, &line)) {

        if (line.len) {
            hash = ngx_wxapp_hash(deny->secret, line.data, line.len);
            n = ngx_http_wxapp_limit_deny_find(deny, hash);
            deny->hashes[n] = hash;
        }
    }

done:

    ngx_free(text.data);

    return rc;
}


/* the next line without blanks around it; empty for a comment */

static ngx_uint_t
ngx_http_wxapp_limit_deny_line(ngx_str_t *text, ngx_str_t *line)
{
    u_char  *p, *last;

    if (text->len == 0) {
        return 0;
    }

    p = text->data;
    last = ngx_strlchr(p, p + text->len, LF);

    if (last == NULL) {
        last = p + text->len;
        text->len = 0;

    } else {
        text->len -= last + 1 - p;
        text->data = last + 1;
    }

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (last > p && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == CR))
    {
        last--;
    }

    line->data = p;
    line->len = (p < last && *p == '#') ? 0 : last - p;

    return 1;
}


/* into memory that the caller frees */

static ngx_int_t
ngx_http_wxapp_limit_deny_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_str_t        path;
    ngx_file_info_t  fi;

    path = *name;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &path);
        return NGX_ERROR;
    }

    text->data = NULL;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", &path);
        goto failed;
    }

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > NGX_HTTP_WXAPP_LIMIT_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a file of at most 256m", &path);
        goto failed;
    }

    text->len = ngx_file_size(&fi);

    text->data = ngx_alloc(text->len + 1, cf->log);
    if (text->data == NULL) {
        goto failed;
    }

    n = ngx_read_fd(fd, text->data, text->len);

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", &path);
        goto failed;
    }

    text->len = n;

    (void) ngx_close_file(fd);

    return NGX_OK;

failed:

    if (text->data) {
        ngx_free(text->data);
    }

    (void) ngx_close_file(fd);

    return NGX_ERROR;
}
