
#include "http/ngx_http_wxapp_body.h"


/* what client_max_body_size lets through may be larger */

#define NGX_HTTP_WXAPP_BODY_MAX  (1024 * 1024)


static ngx_int_t ngx_http_wxapp_body_parse(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **root, ngx_uint_t object);


ngx_int_t
ngx_http_wxapp_body_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_wxapp_body_json(ngx_http_request_t *r, ngx_wxapp_json_node_t **root)
{
    return ngx_http_wxapp_body_parse(r, root, 0);
}


ngx_int_t
ngx_http_wxapp_body_object(ngx_http_request_t *r,
    ngx_wxapp_json_node_t **object)
{
    return ngx_http_wxapp_body_parse(r, object, 1);
}


static ngx_int_t
ngx_http_wxapp_body_parse(ngx_http_request_t *r, ngx_wxapp_json_node_t **root,
    ngx_uint_t object)
{
    ngx_int_t    rc;
    ngx_str_t    body;
    const char  *code, *message;

    rc = ngx_http_wxapp_body_form(r, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    code = "body_missing";
    message = object ? "a JSON object is expected" : "JSON is expected";

    if (body.len) {
        code = "invalid_json";

        rc = ngx_wxapp_json_parse(r->pool, &body, root, &message);

        if (rc == NGX_OK
            && (!object || (*root)->type == NGX_WXAPP_JSON_OBJECT))
        {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return NGX_DONE;
        }
    }

    ngx_http_finalize_request(r, ngx_http_wxapp_problem(r,
                                     NGX_HTTP_BAD_REQUEST, code, message));
    return NGX_DONE;
}


ngx_int_t
ngx_http_wxapp_body_form(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t  rc;

    rc = ngx_http_wxapp_body_text(r, text);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    rc = (rc == NGX_DECLINED)
         ? ngx_http_wxapp_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                  "body_too_large",
                                  "the body is larger than 1 MB")
         : NGX_HTTP_INTERNAL_SERVER_ERROR;

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


ngx_uint_t
ngx_http_wxapp_body_empty(ngx_http_request_t *r)
{
    ngx_chain_t  *cl;

    cl = r->request_body ? r->request_body->bufs : NULL;

    while (cl && ngx_buf_size(cl->buf) == 0) {
        cl = cl->next;
    }

    return cl == NULL;
}


ngx_http_wxapp_body_type_e
ngx_http_wxapp_body_type(ngx_http_request_t *r)
{
    size_t            len;
    u_char           *p;
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  form = ngx_string("application/x-www-form-urlencoded");

    if (r->headers_in.content_type == NULL) {
        return NGX_HTTP_WXAPP_BODY_UNTYPED;
    }

    h = ngx_http_wxapp_header_find(&r->headers_in.headers, "Content-Type", &n);

    /* of two, who comes next might read the other */

    if (n > 1) {
        return NGX_HTTP_WXAPP_BODY_OTHER;
    }

    p = h->value.data;

    for (len = 0; len < h->value.len; len++) {
        if (p[len] == ';' || p[len] == ' ' || p[len] == '\t') {
            break;
        }
    }

    if (len == form.len && ngx_strncasecmp(p, form.data, len) == 0) {
        return NGX_HTTP_WXAPP_BODY_FORM;
    }

    if ((len == json.len && ngx_strncasecmp(p, json.data, len) == 0)
        || (len > 5 && ngx_strncasecmp(p + len - 5, (u_char *) "+json", 5)
                       == 0))
    {
        return NGX_HTTP_WXAPP_BODY_JSON;
    }

    return len ? NGX_HTTP_WXAPP_BODY_OTHER : NGX_HTTP_WXAPP_BODY_UNTYPED;
}


ngx_int_t
ngx_http_wxapp_body_text(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char       *p;
    size_t        len;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_null(body);

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);

        if (len > NGX_HTTP_WXAPP_BODY_MAX) {
            return NGX_DECLINED;
        }
    }

    cl = r->request_body->bufs;

    if (cl->next == NULL && !cl->buf->in_file) {
        body->data = cl->buf->pos;
        body->len = len;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;

    for ( /* void */ ; cl; cl = cl->next) {
        b = cl->buf;

        /* the end of a chunked body comes as a buffer of nothing */

        if (ngx_buf_size(b) == 0) {
            continue;
        }

        if (!b->in_file) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        /* just written, at most a megabyte: it is in the page cache */

        n = ngx_read_file(b->file, p, b->file_last - b->file_pos, b->file_pos);

        if (n != b->file_last - b->file_pos) {
            return NGX_ERROR;
        }

        p += n;
    }

    body->len = p - body->data;

    return NGX_OK;
}
