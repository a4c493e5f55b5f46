
/*
 * Any text: parsed, written, parsed again it is the same; any bytes as a
 * string are JSON.
 */


#include "base/ngx_wxapp_json.h"
#include "../fuzz/fuzz.h"


static ngx_str_t
written(ngx_wxapp_json_node_t *node)
{
    ngx_str_t         s;
    ngx_wxapp_text_t  text;

    ngx_wxapp_text_init(&text, pool, 1);
    ngx_wxapp_json_node(&text, node);
    must(ngx_wxapp_text_done(&text, &s) == NGX_OK);

    return bytes(s.data, s.len);
}


static void
walk(ngx_wxapp_json_node_t *node, ngx_uint_t depth)
{
    int64_t                 n;
    ngx_wxapp_json_node_t  *child, *found;

    must(depth <= NGX_WXAPP_JSON_DEPTH);

    (void) ngx_wxapp_json_integer(node, &n);

    for (child = node->first; child; child = child->next) {
        found = ngx_wxapp_json_member(node, &child->name);
        must((found != NULL) == (node->type == NGX_WXAPP_JSON_OBJECT));
        walk(child, depth + 1);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t               rc;
    ngx_str_t               s, first, second;
    const char             *error;
    ngx_wxapp_text_t        text;
    ngx_wxapp_json_node_t  *root, *again;

    fuzz_pool();

    s = bytes(data, size);
    error = NULL;
    rc = ngx_wxapp_json_parse(pool, &s, &root, &error);

    must(rc == NGX_OK || (rc == NGX_DECLINED && error && error[0]));

    if (rc == NGX_OK) {
        walk(root, 0);

        first = written(root);
        must(ngx_wxapp_json_parse(pool, &first, &again, &error) == NGX_OK);
        second = written(again);
        must(first.len == second.len
             && memcmp(first.data, second.data, first.len) == 0);

        /* what is JSON ends with a value, whatever stands behind it */

        while (s.len && strchr(" \t\r\n", s.data[s.len - 1])) {
            s.len--;
        }

        must(s.len && strchr("}]\"el0123456789", s.data[s.len - 1]));
    }

    s = bytes(data, size);
    ngx_wxapp_text_init(&text, pool, size & 15);
    ngx_wxapp_json_open(&text, '[');
    ngx_wxapp_json_str(&text, &s);
    ngx_wxapp_json_int(&text, size);
    ngx_wxapp_json_close(&text, ']');
    must(ngx_wxapp_text_done(&text, &first) == NGX_OK);

    first = bytes(first.data, first.len);
    must(ngx_wxapp_utf8(first.data, first.len, NULL) == NGX_OK);
    must(ngx_wxapp_json_parse(pool, &first, &root, &error) == NGX_OK);
    must(root->first && root->first->next && !root->first->next->next);

    if (ngx_wxapp_utf8(s.data, s.len, NULL) == NGX_OK) {
        must(root->first->value.len == s.len
             && memcmp(root->first->value.data, s.data, s.len) == 0);
    }

    return 0;
}
