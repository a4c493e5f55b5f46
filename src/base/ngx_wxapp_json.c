
#include "base/ngx_wxapp_json.h"

#include <yajl/yajl_parse.h>


typedef struct {
    ngx_pool_t               *pool;
    ngx_str_t                 name;
    ngx_uint_t                depth;
    ngx_uint_t                nodes;
    ngx_uint_t                nomem;      /* unsigned  nomem:1; */
    const char               *error;
    ngx_wxapp_json_node_t    *root;
    ngx_wxapp_json_node_t    *parents[NGX_WXAPP_JSON_DEPTH];
    ngx_wxapp_json_node_t    *last[NGX_WXAPP_JSON_DEPTH];
} ngx_wxapp_json_parser_t;


static yajl_status ngx_wxapp_json_run(yajl_handle yajl, ngx_str_t *text);
static ngx_int_t ngx_wxapp_json_surrogates(ngx_str_t *text);
static int ngx_wxapp_json_parse_null(void *data);
static int ngx_wxapp_json_parse_bool(void *data, int value);
static int ngx_wxapp_json_parse_number(void *data, const char *s, size_t len);
static int ngx_wxapp_json_parse_string(void *data, const unsigned char *s,
    size_t len);
static int ngx_wxapp_json_parse_name(void *data, const unsigned char *s,
    size_t len);
static int ngx_wxapp_json_parse_object(void *data);
static int ngx_wxapp_json_parse_array(void *data);
static int ngx_wxapp_json_parse_end(void *data);
static ngx_wxapp_json_node_t *ngx_wxapp_json_add(ngx_wxapp_json_parser_t *p,
    ngx_wxapp_json_type_e type, const void *s, size_t len);
static int ngx_wxapp_json_nest(ngx_wxapp_json_parser_t *p,
    ngx_wxapp_json_type_e type);
static ngx_int_t ngx_wxapp_json_copy(ngx_wxapp_json_parser_t *p,
    ngx_str_t *dst, const void *s, size_t len);
static void ngx_wxapp_json_comma(ngx_wxapp_text_t *text);
static size_t ngx_wxapp_json_char(const u_char *p, const u_char *last);


static yajl_callbacks  ngx_wxapp_json_callbacks = {
    ngx_wxapp_json_parse_null,
    ngx_wxapp_json_parse_bool,
    NULL,                                  /* integer */
    NULL,                                  /* double */
    ngx_wxapp_json_parse_number,
    ngx_wxapp_json_parse_string,
    ngx_wxapp_json_parse_object,
    ngx_wxapp_json_parse_name,
    ngx_wxapp_json_parse_end,
    ngx_wxapp_json_parse_array,
    ngx_wxapp_json_parse_end
};


ngx_int_t
ngx_wxapp_json_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_wxapp_json_node_t **root, const char **error)
{
    yajl_handle              yajl;
    yajl_status              status;
    ngx_wxapp_json_parser_t  p;

    p.pool = pool;
    ngx_str_null(&p.name);
    p.depth = 0;
    p.nodes = 0;
    p.nomem = 0;
    p.error = NULL;
    p.root = NULL;

    /* yajl looks at the shape of UTF-8 only */

    if (ngx_wxapp_utf8(text->data, text->len, NULL) != NGX_OK) {
        *error = "the body is not UTF-8";
        return NGX_DECLINED;
    }

    /* and would make a question mark of half a character */

    if (ngx_wxapp_json_surrogates(text) != NGX_OK) {
        *error = "the JSON has half of a surrogate pair";
        return NGX_DECLINED;
    }

    yajl = yajl_alloc(&ngx_wxapp_json_callbacks, NULL, &p);
    if (yajl == NULL) {
        return NGX_ERROR;
    }

    status = ngx_wxapp_json_run(yajl, text);

    yajl_free(yajl);

    if (p.nomem) {
        return NGX_ERROR;
    }

    if (status != yajl_status_ok || p.root == NULL) {
        *error = p.error ? p.error : "the body is not JSON";
        return NGX_DECLINED;
    }

    *root = p.root;

    return NGX_OK;
}


/* where yajl is more liberal than RFC 8259 */

static yajl_status
ngx_wxapp_json_run(yajl_handle yajl, ngx_str_t *text)
{
    size_t       i;
    yajl_status  status;

    static const u_char  bracket[] = "]";

    /* vertical tabs and form feeds are no white space */

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < ' ' && text->data[i] != '\t'
            && text->data[i] != CR && text->data[i] != LF)
        {
            return yajl_status_error;
        }
    }

    status = yajl_parse(yajl, text->data, text->len);

    if (status == yajl_status_ok) {
        status = yajl_complete_parse(yajl);
    }

    /* a string that begins behind the end swallows the bracket silently */

    if (status == yajl_status_ok
        && yajl_parse(yajl, bracket, 1) == yajl_status_ok)
    {
        return yajl_status_error;
    }

    return status;
}


/* outside of strings JSON has no backslash, so all of them are looked at */

static ngx_int_t
ngx_wxapp_json_surrogates(ngx_str_t *text)
{
    u_char     *p, *last;
    ngx_int_t   n;
    ngx_uint_t  high;

    high = 0;
    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p != '\\') {
            if (high) {
                return NGX_ERROR;
            }

            p = ngx_strlchr(p, last, '\\');

            if (p == NULL) {
                return NGX_OK;
            }
        }

        if (last - p < 6 || p[1] != 'u') {
            if (high) {
                return NGX_ERROR;
            }

            p += 2;
            continue;
        }

        n = ngx_hextoi(p + 2, 4);
        p += 6;

        if ((n >= 0xdc00 && n <= 0xdfff) != (ngx_int_t) high) {
            return NGX_ERROR;
        }

        high = (n >= 0xd800 && n <= 0xdbff);
    }

    return high ? NGX_ERROR : NGX_OK;
}


static int
ngx_wxapp_json_parse_null(void *data)
{
    return ngx_wxapp_json_add(data, NGX_WXAPP_JSON_NULL, "null", 4) != NULL;
}


static int
ngx_wxapp_json_parse_bool(void *data, int value)
{
    return ngx_wxapp_json_add(data, NGX_WXAPP_JSON_BOOL,
                              value ? "true" : "false", value ? 4 : 5)
           != NULL;
}


static int
ngx_wxapp_json_parse_number(void *data, const char *s, size_t len)
{
    return ngx_wxapp_json_add(data, NGX_WXAPP_JSON_NUMBER, s, len) != NULL;
}


static int
ngx_wxapp_json_parse_string(void *data, const unsigned char *s, size_t len)
{
    return ngx_wxapp_json_add(data, NGX_WXAPP_JSON_STRING, s, len) != NULL;
}


static int
ngx_wxapp_json_parse_name(void *data, const unsigned char *s, size_t len)
{
    ngx_wxapp_json_parser_t  *p = data;

    return ngx_wxapp_json_copy(p, &p->name, s, len) == NGX_OK;
}


static int
ngx_wxapp_json_parse_object(void *data)
{
    return ngx_wxapp_json_nest(data, NGX_WXAPP_JSON_OBJECT);
}


static int
ngx_wxapp_json_parse_array(void *data)
{
    return ngx_wxapp_json_nest(data, NGX_WXAPP_JSON_ARRAY);
}


static int
ngx_wxapp_json_parse_end(void *data)
{
    ngx_wxapp_json_parser_t  *p = data;

    p->depth--;

    return 1;
}


static ngx_wxapp_json_node_t *
ngx_wxapp_json_add(ngx_wxapp_json_parser_t *p, ngx_wxapp_json_type_e type,
    const void *s, size_t len)
{
    ngx_wxapp_json_node_t  *node, *parent;

    if (p->nodes++ == NGX_WXAPP_JSON_NODES) {
        p->error = "the JSON has too many values";
        return NULL;
    }

    node = ngx_pcalloc(p->pool, sizeof(ngx_wxapp_json_node_t));
    if (node == NULL) {
        p->nomem = 1;
        return NULL;
    }

    node->type = type;

    if (ngx_wxapp_json_copy(p, &node->value, s, len) != NGX_OK) {
        return NULL;
    }

    if (p->depth == 0) {
        p->root = node;
        return node;
    }

    parent = p->parents[p->depth - 1];

    if (parent->type == NGX_WXAPP_JSON_OBJECT) {
        node->name = p->name;
    }

    if (parent->first == NULL) {
        parent->first = node;

    } else {
        p->last[p->depth - 1]->next = node;
    }

    p->last[p->depth - 1] = node;

    return node;
}


static int
ngx_wxapp_json_nest(ngx_wxapp_json_parser_t *p, ngx_wxapp_json_type_e type)
{
    ngx_wxapp_json_node_t  *node;

    if (p->depth == NGX_WXAPP_JSON_DEPTH) {
        p->error = "the JSON is nested too deeply";
        return 0;
    }

    node = ngx_wxapp_json_add(p, type, NULL, 0);
    if (node == NULL) {
        return 0;
    }

    p->parents[p->depth++] = node;

    return 1;
}


static ngx_int_t
ngx_wxapp_json_copy(ngx_wxapp_json_parser_t *p, ngx_str_t *dst, const void *s,
    size_t len)
{
    dst->len = len;
    dst->data = (u_char *) "";

    if (len == 0) {
        return NGX_OK;
    }

    dst->data = ngx_pnalloc(p->pool, len);
    if (dst->data == NULL) {
        p->nomem = 1;
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, s, len);

    return NGX_OK;
}


ngx_uint_t
ngx_wxapp_json_valid(ngx_str_t *text)
{
    yajl_handle  yajl;
    yajl_status  status;

    if (ngx_wxapp_utf8(text->data, text->len, NULL) != NGX_OK) {
        return 0;
    }

    yajl = yajl_alloc(NULL, NULL, NULL);
    if (yajl == NULL) {
        return 0;
    }

    status = ngx_wxapp_json_run(yajl, text);

    yajl_free(yajl);

    return status == yajl_status_ok;
}


ngx_wxapp_json_node_t *
ngx_wxapp_json_member(ngx_wxapp_json_node_t *object, ngx_str_t *name)
{
    ngx_wxapp_json_node_t  *node;

    if (object->type != NGX_WXAPP_JSON_OBJECT) {
        return NULL;
    }

    for (node = object->first; node; node = node->next) {
        if (node->name.len == name->len
            && ngx_memcmp(node->name.data, name->data, name->len) == 0)
        {
            return node;
        }
    }

    return NULL;
}


ngx_int_t
ngx_wxapp_json_integer(ngx_wxapp_json_node_t *node, int64_t *n)
{
    u_char      *p;
    size_t       len;
    uint64_t     value, limit;
    ngx_uint_t   negative;

    if (node == NULL || node->type != NGX_WXAPP_JSON_NUMBER) {
        return NGX_ERROR;
    }

    p = node->value.data;
    len = node->value.len;

    negative = (*p == '-');

    if (negative) {
        p++;
        len--;
    }

    limit = (uint64_t) INT64_MAX + negative;

    for (value = 0; len--; p++) {
        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        if (value > (limit - (*p - '0')) / 10) {
            return NGX_ERROR;
        }

        value = value * 10 + (*p - '0');
    }

    *n = negative ? (int64_t) (0 - value) : (int64_t) value;

    return NGX_OK;
}


void
ngx_wxapp_json_open(ngx_wxapp_text_t *text, u_char bracket)
{
    ngx_wxapp_json_comma(text);
    ngx_wxapp_text_put(text, &bracket, 1);
}


void
ngx_wxapp_json_close(ngx_wxapp_text_t *text, u_char bracket)
{
    ngx_wxapp_text_put(text, &bracket, 1);
}


void
ngx_wxapp_json_name(ngx_wxapp_text_t *text, const char *name)
{
    ngx_wxapp_json_cstr(text, name);
    ngx_wxapp_text_put(text, ":", 1);
}


void
ngx_wxapp_json_name_str(ngx_wxapp_text_t *text, ngx_str_t *name)
{
    ngx_wxapp_json_str(text, name);
    ngx_wxapp_text_put(text, ":", 1);
}


void
ngx_wxapp_json_int(ngx_wxapp_text_t *text, int64_t n)
{
    ngx_wxapp_json_comma(text);
    ngx_wxapp_text_int(text, n);
}


void
ngx_wxapp_json_cstr(ngx_wxapp_text_t *text, const char *s)
{
    ngx_str_t  str;

    str.data = (u_char *) s;
    str.len = ngx_strlen(s);

    ngx_wxapp_json_str(text, &str);
}


void
ngx_wxapp_json_str(ngx_wxapp_text_t *text, ngx_str_t *s)
{
    u_char  *p, *last, *dst, c;
    size_t   n;

    static u_char  hex[] = "0123456789abcdef";

    ngx_wxapp_json_comma(text);

    /* no byte needs more than the six of \u00XX */

    if (ngx_wxapp_text_reserve(text, s->len * 6 + 2) != NGX_OK) {
        return;
    }

    dst = text->pos;
    *dst++ = '"';

    p = s->data;
    last = p + s->len;

    while (p < last) {
        c = *p;

        if (c >= 0x80) {
            n = ngx_wxapp_json_char(p, last);

            if (n) {
                dst = ngx_cpymem(dst, p, n);
                p += n;

            } else {
                dst = ngx_cpymem(dst, "\xef\xbf\xbd", 3);
                p++;
            }

            continue;
        }

        p++;

        if (c >= 0x20 && c != '"' && c != '\\') {
            *dst++ = c;
            continue;
        }

        *dst++ = '\\';

        switch (c) {

        case '"':
        case '\\':
            *dst++ = c;
            break;

        case '\n':
            *dst++ = 'n';
            break;

        case '\r':
            *dst++ = 'r';
            break;

        case '\t':
            *dst++ = 't';
            break;

        default:
            dst = ngx_cpymem(dst, "u00", 3);
            *dst++ = hex[c >> 4];
            *dst++ = hex[c & 0xf];
        }
    }

    *dst++ = '"';
    text->pos = dst;
}


void
ngx_wxapp_json_raw(ngx_wxapp_text_t *text, const void *data, size_t len)
{
    ngx_wxapp_json_comma(text);
    ngx_wxapp_text_put(text, data, len);
}


void
ngx_wxapp_json_node(ngx_wxapp_text_t *text, ngx_wxapp_json_node_t *node)
{
    ngx_uint_t              object;
    ngx_wxapp_json_node_t  *child;

    /* recursion ends: the parser bounds the depth */

    switch (node->type) {

    case NGX_WXAPP_JSON_ARRAY:
    case NGX_WXAPP_JSON_OBJECT:
        object = (node->type == NGX_WXAPP_JSON_OBJECT);

        ngx_wxapp_json_open(text, object ? '{' : '[');

        for (child = node->first; child; child = child->next) {
            if (object) {
                ngx_wxapp_json_name_str(text, &child->name);
            }

            ngx_wxapp_json_node(text, child);
        }

        ngx_wxapp_json_close(text, object ? '}' : ']');
        break;

    case NGX_WXAPP_JSON_STRING:
        ngx_wxapp_json_str(text, &node->value);
        break;

    default:
        ngx_wxapp_json_raw(text, node->value.data, node->value.len);
    }
}


static void
ngx_wxapp_json_comma(ngx_wxapp_text_t *text)
{
    u_char  c;

    if (text->pos == text->start) {
        return;
    }

    c = text->pos[-1];

    if (c != '{' && c != '[' && c != ':') {
        ngx_wxapp_text_put(text, ",", 1);
    }
}


/* the length of the UTF-8 sequence at "p", 0 if it is none */

static size_t
ngx_wxapp_json_char(const u_char *p, const u_char *last)
{
    size_t  n;

    n = (*p < 0xe0) ? 2 : (*p < 0xf0) ? 3 : 4;

    if ((size_t) (last - p) < n || ngx_wxapp_utf8(p, n, NULL) != NGX_OK) {
        return 0;
    }

    return n;
}
