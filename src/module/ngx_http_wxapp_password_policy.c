
#include "module/ngx_http_wxapp_password.h"


#define NGX_HTTP_WXAPP_DENY_LIST_MAX  (64 * 1024 * 1024)


typedef struct {
    ngx_uint_t                min;
    ngx_str_t                 deny_list;
} ngx_http_wxapp_password_policy_args_t;


static const char *ngx_http_wxapp_password_weak(
    ngx_http_wxapp_password_t *attempt);
static ngx_uint_t ngx_http_wxapp_password_denied(ngx_array_t *denied,
    ngx_str_t *password);
static ngx_int_t ngx_http_wxapp_password_deny_list(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *text);
static ngx_array_t *ngx_http_wxapp_password_lines(ngx_conf_t *cf,
    ngx_str_t *text);
static int ngx_libc_cdecl ngx_http_wxapp_password_order(const void *one,
    const void *two);


static ngx_http_wxapp_param_t  ngx_http_wxapp_password_set_policy_params[] = {

    { ngx_string("min"), NGX_HTTP_WXAPP_PARAM_NUM,
      offsetof(ngx_http_wxapp_password_policy_args_t, min), 1, 72 },

    { ngx_string("deny_list"), NGX_HTTP_WXAPP_PARAM_STR,
      offsetof(ngx_http_wxapp_password_policy_args_t, deny_list), 0, 0 },

      ngx_http_wxapp_null_param
};


ngx_int_t
ngx_http_wxapp_password_policy(ngx_http_wxapp_password_t *attempt)
{
    ngx_int_t            rc;
    ngx_str_t            message, details;
    const char          *rule;
    ngx_wxapp_text_t     text;
    ngx_http_request_t  *r;

    rule = ngx_http_wxapp_password_weak(attempt);

    if (rule == NULL) {
        return NGX_OK;
    }

    r = attempt->request;

    ngx_wxapp_text_init(&text, r->pool, 64);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "rule");
    ngx_wxapp_json_cstr(&text, rule);
    ngx_wxapp_json_name(&text, "min");
    ngx_wxapp_json_int(&text, attempt->conf->min);
    ngx_wxapp_json_close(&text, '}');

    ngx_str_set(&message, "the new password is too easy to guess");

    rc = (ngx_wxapp_text_done(&text, &details) == NGX_OK)
         ? ngx_http_wxapp_problem_details(r, 422, "password_weak", &message,
                                          &details)
         : NGX_HTTP_INTERNAL_SERVER_ERROR;

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


/* the rule that it breaks, or NULL */

static const char *
ngx_http_wxapp_password_weak(ngx_http_wxapp_password_t *attempt)
{
    size_t      chars;
    ngx_str_t  *password;

    password = &attempt->new_password;

    (void) ngx_wxapp_utf8(password->data, password->len, &chars);

    if (chars < attempt->conf->min) {
        return "min";
    }

    if (password->len == attempt->password.len
        && ngx_memcmp(password->data, attempt->password.data, password->len)
           == 0)
    {
        return "same";
    }

    if (password->len == attempt->name.len
        && ngx_strncasecmp(password->data, attempt->name.data, password->len)
           == 0)
    {
        return "username";
    }

    if (attempt->conf->denied
        && ngx_http_wxapp_password_denied(attempt->conf->denied, password))
    {
        return "deny_list";
    }

    return NULL;
}


static ngx_uint_t
ngx_http_wxapp_password_denied(ngx_array_t *denied, ngx_str_t *password)
{
    u_char      lower[NGX_WXAPP_PASSWORD_MAX];
    ngx_str_t   key;
    ngx_uint_t  found;

    key.data = lower;
    key.len = password->len;

    ngx_strlow(lower, password->data, password->len);

    found = bsearch(&key, denied->elts, denied->nelts, sizeof(ngx_str_t),
                    ngx_http_wxapp_password_order)
            != NULL;

    ngx_explicit_memzero(lower, sizeof(lower));

    return found;
}


char *
ngx_http_wxapp_password_set_policy(ngx_conf_t *cf,
    ngx_http_wxapp_directive_t *directive, void *data)
{
    ngx_http_wxapp_password_conf_t *conf = data;

    char                                   *rv;
    ngx_str_t                               text;
    ngx_http_wxapp_password_policy_args_t   args;

    ngx_memzero(&args, sizeof(ngx_http_wxapp_password_policy_args_t));
    args.min = conf->min;

    rv = ngx_http_wxapp_conf_params(cf,
                                    ngx_http_wxapp_password_set_policy_params,
                                    1, &args);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    conf->min = args.min;

    if (args.deny_list.len == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_http_wxapp_password_deny_list(cf, &args.deny_list, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf->denied = ngx_http_wxapp_password_lines(cf, &text);

    return conf->denied ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_wxapp_password_deny_list(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text)
{
    ssize_t          n;
    ngx_file_t       file;
    ngx_file_info_t  fi;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.log = cf->log;
    file.name = *name;

    if (ngx_conf_full_name(cf->cycle, &file.name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    file.fd = ngx_open_file(file.name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file.name);
        return NGX_ERROR;
    }

    n = NGX_ERROR;

    if (ngx_fd_info(file.fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", &file.name);
        goto done;
    }

    if (!ngx_is_file(&fi)
        || ngx_file_size(&fi) > NGX_HTTP_WXAPP_DENY_LIST_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a regular file of at most 64m",
                           &file.name);
        goto done;
    }

    text->data = ngx_pnalloc(cf->pool, ngx_file_size(&fi) + 1);

    if (text->data) {
        n = ngx_read_file(&file, text->data, ngx_file_size(&fi), 0);
        text->len = (n == NGX_ERROR) ? 0 : n;
    }

done:

    (void) ngx_close_file(file.fd);

    return (n == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_array_t *
ngx_http_wxapp_password_lines(ngx_conf_t *cf, ngx_str_t *text)
{
    u_char       *p, *last;
    ngx_str_t    *line;
    ngx_array_t  *lines;

    lines = ngx_array_create(cf->pool, 1024, sizeof(ngx_str_t));
    if (lines == NULL) {
        return NULL;
    }

    ngx_strlow(text->data, text->data, text->len);

    p = text->data;
    last = p + text->len;

    /* the mark that editors put before UTF-8 */

    if (text->len >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    for ( /* void */ ; p < last; p++) {

        line = ngx_array_push(lines);
        if (line == NULL) {
            return NULL;
        }

        line->data = p;

        while (p < last && *p != LF) {
            p++;
        }

        line->len = p - line->data;

        if (line->len && line->data[line->len - 1] == CR) {
            line->len--;
        }
    }

    ngx_qsort(lines->elts, lines->nelts, sizeof(ngx_str_t),
              ngx_http_wxapp_password_order);

    return lines;
}


static int ngx_libc_cdecl
ngx_http_wxapp_password_order(const void *one, const void *two)
{
    const ngx_str_t *first = one;
    const ngx_str_t *second = two;

    return (int) ngx_memn2cmp(first->data, second->data, first->len,
                              second->len);
}
