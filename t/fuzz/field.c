
/*
 * type, bounds and a text: the first byte is the type, two lines are min and
 * max, the rest is the value; from text, from JSON, and as a column.
 */


#include "base/ngx_wxapp_field.h"
#include "../fuzz/fuzz.h"


static void
good(ngx_wxapp_field_t *field, ngx_wxapp_value_t *value)
{
    size_t             i;
    ngx_str_t          s;
    ngx_wxapp_text_t   text;
    ngx_wxapp_value_t  again;
    ngx_wxapp_fault_t  fault;

    switch (value->type) {

    case NGX_WXAPP_VALUE_NULL:
        must(!field->required);
        break;

    case NGX_WXAPP_VALUE_INTEGER:
        must(field->type == NGX_WXAPP_FIELD_INT
             || field->type == NGX_WXAPP_FIELD_BIGINT
             || field->type == NGX_WXAPP_FIELD_BOOL);
        must(field->type != NGX_WXAPP_FIELD_INT
             || value->integer == (int32_t) value->integer);
        must(field->type != NGX_WXAPP_FIELD_BOOL
             || value->integer == (value->integer & 1));
        break;

    case NGX_WXAPP_VALUE_DECIMAL:
        must(value->text.len > 0 && value->text.len <= 67);

        for (i = 0; i < value->text.len; i++) {
            must(strchr("-.0123456789", value->text.data[i])
                 && value->text.data[i]);
        }

        break;

    case NGX_WXAPP_VALUE_TEXT:
        s = bytes(value->text.data, value->text.len);
        must(ngx_wxapp_utf8(s.data, s.len, NULL) == NGX_OK);

        if (field->type == NGX_WXAPP_FIELD_DATETIME) {
            must(s.len >= 19 && s.len <= 26 && s.data[10] == ' ');

            /* what the database keeps is a time again */

            must(ngx_wxapp_field_text(field, pool, &s, &again, &fault)
                 == NGX_OK
                 && again.text.len == s.len
                 && memcmp(again.text.data, s.data, s.len) == 0);
        }

        if (field->type == NGX_WXAPP_FIELD_DATE) {
            must(s.len == 10);
        }

        break;

    default:
        must(0);
    }

    if (value->type == NGX_WXAPP_VALUE_TEXT) {
        ngx_wxapp_text_init(&text, pool, 1);
        ngx_wxapp_field_write(field, &text, &value->text);
        must(ngx_wxapp_text_done(&text, &s) == NGX_OK);
    }
}


static void
bad(ngx_wxapp_field_t *field, ngx_wxapp_fault_t *fault)
{
    ngx_str_t  s;

    must(fault->rule && fault->rule[0]);
    must(fault->field.data == field->name.data);

    s = bytes(fault->message.data, fault->message.len);
    must(s.len > 0 && ngx_wxapp_utf8(s.data, s.len, NULL) == NGX_OK);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t               rc;
    ngx_str_t               s, out, part[2];
    ngx_uint_t              i;
    const char             *error;
    const uint8_t          *end;
    ngx_wxapp_text_t        text;
    ngx_wxapp_value_t       value;
    ngx_wxapp_fault_t       fault;
    ngx_wxapp_field_t       field;
    ngx_wxapp_json_node_t  *node;

    if (size < 1) {
        return 0;
    }

    fuzz_pool();

    memset(&field, 0, sizeof(field));
    field.name = bytes("f", 1);
    field.type = (data[0] & 0x7f) % NGX_WXAPP_FIELD_TYPES;
    field.required = data[0] >> 7;

    data++;
    size--;

    for (i = 0; i < 2; i++) {
        end = size ? memchr(data, '\n', size) : NULL;

        if (end == NULL) {
            return 0;
        }

        part[i] = bytes(data, end - data);
        size -= end + 1 - data;
        data = end + 1;
    }

    field.min = part[0];
    field.max = part[1];

    rc = ngx_wxapp_field_bounds(&field);
    must(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ERROR);

    if (rc != NGX_OK) {
        ngx_str_null(&field.min);
        ngx_str_null(&field.max);
    }

    s = bytes(data, size);
    memset(&value, 0xee, sizeof(value));
    rc = ngx_wxapp_field_text(&field, pool, &s, &value, &fault);
    must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        good(&field, &value);

    } else {
        bad(&field, &fault);
    }

    if (ngx_wxapp_json_parse(pool, &s, &node, &error) == NGX_OK) {
        memset(&value, 0xee, sizeof(value));
        rc = ngx_wxapp_field_json(&field, pool, node, &value, &fault);
        must(rc == NGX_OK || rc == NGX_DECLINED);

        if (rc == NGX_OK) {
            good(&field, &value);

        } else {
            bad(&field, &fault);
        }
    }

    /* a column of any content is two JSON values when written twice */

    ngx_wxapp_text_init(&text, pool, size & 7);
    ngx_wxapp_json_open(&text, '[');
    ngx_wxapp_field_write(&field, &text, &s);
    ngx_wxapp_field_write(&field, &text, &s);
    ngx_wxapp_json_close(&text, ']');
    must(ngx_wxapp_text_done(&text, &out) == NGX_OK);

    out = bytes(out.data, out.len);
    rc = ngx_wxapp_json_parse(pool, &out, &node, &error);

    /* a JSON column may be deeper and larger than what the parser takes */

    if (rc == NGX_OK) {
        must(node->first && node->first->next && !node->first->next->next);

    } else {
        must(field.type == NGX_WXAPP_FIELD_JSON
             && (strstr(error, "deep") || strstr(error, "many")
                 || strstr(error, "surrogate")));
    }

    return 0;
}
