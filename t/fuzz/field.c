
/*
 * type, rules and a text: the first byte is the type, the second has other
 * rules, two lines are min and max, or the words of an enum, the rest is the
 * value; from text, of a list from texts, from JSON, and as a column.
 */


#include "base/ngx_wxapp_field.h"
#include "../fuzz/fuzz.h"


static void
good(ngx_wxapp_field_t *field, ngx_wxapp_value_t *value)
{
    size_t             i;
    ngx_str_t          s, item;
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
        must(field->type == NGX_WXAPP_FIELD_BINARY
             || ngx_wxapp_utf8(s.data, s.len, NULL) == NGX_OK);

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

    case NGX_WXAPP_VALUE_LIST:
        must(field->list && value->nitems >= field->min_items
             && value->nitems <= field->max_items);

        for (i = 0; i < value->nitems; i++) {
            item = bytes(field, sizeof(ngx_wxapp_field_t));
            ((ngx_wxapp_field_t *) item.data)->list = 0;
            must(value->items[i].type != NGX_WXAPP_VALUE_LIST
                 && value->items[i].type != NGX_WXAPP_VALUE_NULL);
            good((ngx_wxapp_field_t *) item.data, &value->items[i]);
        }

        break;

    default:
        must(0);
    }
}


static ngx_uint_t
same(ngx_wxapp_value_t *a, ngx_wxapp_value_t *b)
{
    ngx_uint_t  i;

    if (a->type != b->type) {
        return 0;
    }

    if (a->type == NGX_WXAPP_VALUE_INTEGER) {
        return a->integer == b->integer;
    }

    if (a->type == NGX_WXAPP_VALUE_LIST) {
        must(a->nitems == b->nitems);

        for (i = 0; i < a->nitems; i++) {
            must(same(&a->items[i], &b->items[i]));
        }
    }

    return a->type == NGX_WXAPP_VALUE_NULL
           || (a->text.len == b->text.len
               && memcmp(a->text.data, b->text.data, a->text.len) == 0);
}


/* what is written of a value is taken as the same value */

static void
again(ngx_wxapp_field_t *field, ngx_wxapp_value_t *value)
{
    ngx_int_t               rc;
    ngx_str_t               s;
    const char             *error;
    ngx_wxapp_text_t        text;
    ngx_wxapp_value_t       other;
    ngx_wxapp_fault_t       fault;
    ngx_wxapp_json_node_t  *node;

    ngx_wxapp_text_init(&text, pool, 1);
    ngx_wxapp_field_value(field, &text, value);
    must(ngx_wxapp_text_done(&text, &s) == NGX_OK);

    s = bytes(s.data, s.len);
    rc = ngx_wxapp_json_parse(pool, &s, &node, &error);
    must(rc == NGX_OK);

    if (node->type == NGX_WXAPP_JSON_NULL) {
        return;
    }

    memset(&other, 0xee, sizeof(other));
    must(ngx_wxapp_field_json(field, pool, node, &other, &fault) == NGX_OK);
    must(same(value, &other));
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


/* the parts between separators, the first "max" of them */

static ngx_uint_t
split(ngx_str_t *s, u_char separator, ngx_str_t *parts, ngx_uint_t max)
{
    u_char      *p, *end, *last;
    ngx_uint_t   n;

    last = s->data + s->len;

    for (n = 0, p = s->data; n < max; p = end + 1) {
        end = ngx_strlchr(p, last, separator);

        if (end == NULL) {
            end = last;
        }

        parts[n++] = bytes(p, end - p);

        if (end == last) {
            break;
        }
    }

    return n;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t               rc;
    ngx_str_t               s, out, part[2], *parts;
    ngx_uint_t              i, n, flags;
    const char             *error;
    const uint8_t          *end;
    ngx_wxapp_text_t        text;
    ngx_wxapp_value_t       value;
    ngx_wxapp_fault_t       fault;
    ngx_wxapp_field_t       field;
    ngx_wxapp_json_node_t  *node;

    if (size < 2) {
        return 0;
    }

    fuzz_pool();

    memset(&field, 0, sizeof(field));
    field.name = bytes("f", 1);
    field.type = (data[0] & 0x7f) % NGX_WXAPP_FIELD_TYPES;
    field.required = data[0] >> 7;

    flags = data[1];
    field.list = flags & 1 && field.type != NGX_WXAPP_FIELD_JSON;
    field.as_string = flags >> 1 & 1 && field.type <= NGX_WXAPP_FIELD_DECIMAL;
    field.min_items = flags >> 2 & 1;
    field.max_items = 5;

    data += 2;
    size -= 2;

    for (i = 0; i < 2; i++) {
        end = size ? memchr(data, '\n', size) : NULL;

        if (end == NULL) {
            return 0;
        }

        part[i] = bytes(data, end - data);
        size -= end + 1 - data;
        data = end + 1;
    }

    parts = ngx_palloc(pool, 8 * sizeof(ngx_str_t));

    if (flags >> 3 & 1 && field.type <= NGX_WXAPP_FIELD_TEXT) {
        field.words = ngx_array_create(pool, 8, sizeof(ngx_str_t));
        n = split(&part[0], '|', field.words->elts, 8);
        field.words->nelts = n;

        /* the configuration takes only words that are values */

        for (i = 0; i < n; i++) {
            s = ((ngx_str_t *) field.words->elts)[i];

            if (ngx_wxapp_field_text(&field, pool, &s, &value, &fault)
                != NGX_OK)
            {
                return 0;
            }
        }

    } else {
        field.length = flags >> 4 & 1
                       && (field.type == NGX_WXAPP_FIELD_STRING
                           || field.type == NGX_WXAPP_FIELD_TEXT
                           || field.type == NGX_WXAPP_FIELD_BINARY);
        field.min = part[0];
        field.max = field.length ? part[0] : part[1];

        rc = ngx_wxapp_field_bounds(&field);
        must(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ERROR);

        if (rc != NGX_OK) {
            ngx_str_null(&field.min);
            ngx_str_null(&field.max);
        }
    }

    s = bytes(data, size);
    memset(&value, 0xee, sizeof(value));

    if (field.list) {
        n = split(&s, ',', parts, 8);
        rc = ngx_wxapp_field_texts(&field, pool, parts, n, &value, &fault);

    } else {
        rc = ngx_wxapp_field_text(&field, pool, &s, &value, &fault);
    }

    must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        good(&field, &value);

        again(&field, &value);

    } else {
        bad(&field, &fault);
    }

    if (ngx_wxapp_json_parse(pool, &s, &node, &error) == NGX_OK) {
        memset(&value, 0xee, sizeof(value));
        rc = ngx_wxapp_field_json(&field, pool, node, &value, &fault);
        must(rc == NGX_OK || rc == NGX_DECLINED);

        if (rc == NGX_OK) {
            good(&field, &value);
            again(&field, &value);

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
        must((field.type == NGX_WXAPP_FIELD_JSON || field.list)
             && (strstr(error, "deep") || strstr(error, "many")
                 || strstr(error, "surrogate")));
    }

    return 0;
}
