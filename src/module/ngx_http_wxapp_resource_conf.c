
/*
 * What can be said of a resource only when its directives, or all resources,
 * have been read: names become columns, presets become rights.
 */


#include "module/ngx_http_wxapp_resource.h"
#include "http/ngx_http_wxapp_field.h"
#include "http/ngx_http_wxapp_schema.h"
#include "base/ngx_wxapp_crypto.h"

#include <openssl/evp.h>


#define NGX_HTTP_WXAPP_CURSOR_ROUNDS  100000


typedef struct {
    const char  *what;
    size_t       names;                       /* ngx_array_t * */
    void       (*mark)(ngx_http_wxapp_column_t *column);
} ngx_http_wxapp_resource_names_t;


static void ngx_http_wxapp_resource_mark_order(
    ngx_http_wxapp_column_t *column);
static void ngx_http_wxapp_resource_mark_filter(
    ngx_http_wxapp_column_t *column);
static void ngx_http_wxapp_resource_mark_increment(
    ngx_http_wxapp_column_t *column);
static void ngx_http_wxapp_resource_mark_search(
    ngx_http_wxapp_column_t *column);
static char *ngx_http_wxapp_resource_mark(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static char *ngx_http_wxapp_resource_complete_key(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static char *ngx_http_wxapp_resource_complete_names(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static char *ngx_http_wxapp_resource_complete_preset(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static char *ngx_http_wxapp_resource_complete_allow(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static char *ngx_http_wxapp_resource_undeclared(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, const char *what, ngx_str_t *name);
static ngx_int_t ngx_http_wxapp_resource_resolve_relation(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_http_wxapp_relation_t *relation,
    ngx_array_t *resources);
static ngx_int_t ngx_http_wxapp_resource_cursor_key(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static ngx_int_t ngx_http_wxapp_resource_expect(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf);
static ngx_int_t ngx_http_wxapp_resource_expect_columns(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_uint_t insert,
    ngx_uint_t update);
static ngx_int_t ngx_http_wxapp_resource_expect_index(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_array_t *names,
    ngx_http_wxapp_index_e kind);


ngx_http_wxapp_allow_t  ngx_http_wxapp_resource_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET"), NULL },
    { NGX_HTTP_POST, ngx_string("POST"), NULL },
    { NGX_HTTP_PATCH, ngx_string("PATCH"), NULL },
    { NGX_HTTP_PUT, ngx_string("PUT"), NULL },
    { NGX_HTTP_DELETE, ngx_string("DELETE"), NULL }
};


static ngx_http_wxapp_resource_names_t  ngx_http_wxapp_resource_marks[] = {

    { "order", offsetof(ngx_http_wxapp_resource_conf_t, orders),
      ngx_http_wxapp_resource_mark_order },

    { "filter", offsetof(ngx_http_wxapp_resource_conf_t, filters),
      ngx_http_wxapp_resource_mark_filter },

    { "increment", offsetof(ngx_http_wxapp_resource_conf_t, increments),
      ngx_http_wxapp_resource_mark_increment },

    { "search", offsetof(ngx_http_wxapp_resource_conf_t, search),
      ngx_http_wxapp_resource_mark_search },

    { NULL, 0, NULL }
};


static void
ngx_http_wxapp_resource_mark_order(ngx_http_wxapp_column_t *column)
{
    column->order = 1;
}


static void
ngx_http_wxapp_resource_mark_filter(ngx_http_wxapp_column_t *column)
{
    column->filter = 1;
}


static void
ngx_http_wxapp_resource_mark_increment(ngx_http_wxapp_column_t *column)
{
    column->increment = 1;
}


static void
ngx_http_wxapp_resource_mark_search(ngx_http_wxapp_column_t *column)
{
    column->search = 1;
}


char *
ngx_http_wxapp_resource_complete(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    char  *rv;

    if (ngx_http_wxapp_field_name(cf, &rcf->table) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_wxapp_resource_complete_key(cf, rcf);

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_wxapp_resource_mark(cf, rcf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_wxapp_resource_complete_names(cf, rcf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_wxapp_resource_complete_preset(cf, rcf);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_wxapp_resource_complete_allow(cf, rcf);
    }

    return rv;
}


static char *
ngx_http_wxapp_resource_complete_key(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t                *name;
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    if (rcf->key_names == NULL) {
        rcf->key_names = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
        if (rcf->key_names == NULL) {
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(rcf->key_names);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_str_set(name, "id");
    }

    name = rcf->key_names->elts;

    for (i = 0; i < rcf->key_names->nelts; i++) {
        column = ngx_http_wxapp_resource_find(rcf, &name[i]);

        if (column == NULL) {
            return ngx_http_wxapp_resource_undeclared(cf, rcf, "key",
                                                      &name[i]);
        }

        column->key = 1;
        column->order = 1;
        column->filter = 1;

        rcf->keys[rcf->nkeys++] = column;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_resource_mark(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t                        *name;
    ngx_uint_t                        i;
    ngx_array_t                      *names;
    ngx_wxapp_text_t                  text;
    ngx_http_wxapp_column_t          *column;
    ngx_http_wxapp_resource_names_t  *mark;

    for (mark = ngx_http_wxapp_resource_marks; mark->what; mark++) {

        names = *(ngx_array_t **) ((u_char *) rcf + mark->names);
        name = names ? names->elts : NULL;

        for (i = 0; names && i < names->nelts; i++) {
            column = ngx_http_wxapp_resource_find(rcf, &name[i]);

            if (column == NULL) {
                return ngx_http_wxapp_resource_undeclared(cf, rcf, mark->what,
                                                          &name[i]);
            }

            mark->mark(column);

            if (column->increment
                && (column->field.type > NGX_WXAPP_FIELD_DECIMAL
                    || !column->field.write || column->field.words))
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "column \"%V\" cannot be incremented: it "
                                   "must be a number, \"write\" and not "
                                   "\"enum=\"", &name[i]);
                return NGX_CONF_ERROR;
            }

            if (column->search && column->read) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "column \"%V\" cannot be searched: not "
                                   "everyone may read it", &name[i]);
                return NGX_CONF_ERROR;
            }

            if (column->search && column->field.type != NGX_WXAPP_FIELD_STRING
                && column->field.type != NGX_WXAPP_FIELD_TEXT)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "column \"%V\" cannot be searched: it "
                                   "must be a string or text", &name[i]);
                return NGX_CONF_ERROR;
            }
        }
    }

    if (rcf->search == NULL) {
        return NGX_CONF_OK;
    }

    ngx_wxapp_text_init(&text, cf->pool, 128);

    name = rcf->search->elts;

    for (i = 0; i < rcf->search->nelts; i++) {
        ngx_wxapp_text_cstr(&text, i ? ", `" : "MATCH (`");
        ngx_wxapp_text_str(&text, &name[i]);
        ngx_wxapp_text_cstr(&text, "`");
    }

    ngx_wxapp_text_cstr(&text, ")");

    return ngx_wxapp_text_done(&text, &rcf->match) == NGX_OK ? NGX_CONF_OK
                                                             : NGX_CONF_ERROR;
}


static char *
ngx_http_wxapp_resource_complete_names(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t                *name;
    ngx_uint_t                i, k;
    ngx_http_wxapp_upsert_t  *upsert;

    if (rcf->owner_name.len) {
        rcf->owner = ngx_http_wxapp_resource_find(rcf, &rcf->owner_name);

        if (rcf->owner == NULL) {
            return ngx_http_wxapp_resource_undeclared(cf, rcf, "owner",
                                                      &rcf->owner_name);
        }

        if (rcf->owner->field.write) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the owner column \"%V\" must not be "
                               "\"write\"", &rcf->owner_name);
            return NGX_CONF_ERROR;
        }
    }

    if (rcf->version_name.len) {
        rcf->version = ngx_http_wxapp_resource_find(rcf, &rcf->version_name);

        if (rcf->version == NULL) {
            return ngx_http_wxapp_resource_undeclared(cf, rcf, "version",
                                                      &rcf->version_name);
        }

        if (rcf->version->field.write
            || rcf->version->field.type > NGX_WXAPP_FIELD_BIGINT)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the version column \"%V\" must be an int or "
                               "bigint, and not \"write\"",
                               &rcf->version_name);
            return NGX_CONF_ERROR;
        }
    }

    upsert = rcf->upserts.elts;

    for (i = 0; i < rcf->upserts.nelts; i++) {

        name = upsert[i].names->elts;

        for (k = 0; k < upsert[i].names->nelts; k++) {
            upsert[i].columns[k] = ngx_http_wxapp_resource_find(rcf, &name[k]);

            if (upsert[i].columns[k] == NULL) {
                return ngx_http_wxapp_resource_undeclared(cf, rcf, "upsert",
                                                          &name[k]);
            }

            if (!upsert[i].columns[k]->field.write
                && upsert[i].columns[k] != rcf->owner)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "column \"%V\" in \"upsert\" must be "
                                   "\"write\" or the owner", &name[k]);
                return NGX_CONF_ERROR;
            }

            upsert[i].columns[k]->upsert = 1;
        }

        upsert[i].n = k;
    }

    if (rcf->require_if_match && rcf->version == NULL && !rcf->etag) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"require_if_match\" needs \"version\" or "
                           "\"etag on\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the rights of a preset, but for methods that "allow" names */

static char *
ngx_http_wxapp_resource_complete_preset(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t               *role;
    ngx_uint_t               i, n, own, all;
    ngx_array_t             *admins;
    ngx_http_wxapp_allow_t  *allow, *methods;

    if (rcf->preset == NGX_HTTP_WXAPP_PRESET_NONE) {
        return NGX_CONF_OK;
    }

    own = (rcf->preset == NGX_HTTP_WXAPP_PRESET_READ_ALL_MODIFY_OWN
           || rcf->preset == NGX_HTTP_WXAPP_PRESET_PRIVATE);
    all = (rcf->preset == NGX_HTTP_WXAPP_PRESET_READ_ALL_MODIFY_OWN
           || rcf->preset == NGX_HTTP_WXAPP_PRESET_READ_ALL_MODIFY_ADMIN);

    if (own && rcf->owner == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "this \"preset\" needs \"owner\"");
        return NGX_CONF_ERROR;
    }

    admins = rcf->preset_admins;

    if (own) {
        rcf->owner_admins = admins;
        rcf->owner_reads = !all;

    } else if (admins == NULL) {

        admins = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
        if (admins == NULL) {
            return NGX_CONF_ERROR;
        }

        role = ngx_array_push(admins);
        if (role == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_str_set(role, "admin");
    }

    methods = ngx_http_wxapp_resource_methods;

    for (i = 0; i < NGX_HTTP_WXAPP_METHODS; i++) {

        allow = rcf->allows.elts;

        for (n = 0; n < rcf->allows.nelts; n++) {
            if (allow[n].method == methods[i].method) {
                break;
            }
        }

        if (n < rcf->allows.nelts) {
            continue;
        }

        allow = ngx_array_push(&rcf->allows);
        if (allow == NULL) {
            return NGX_CONF_ERROR;
        }

        *allow = methods[i];

        if (!own && !(all && methods[i].method == NGX_HTTP_GET)) {
            allow->roles = admins;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_wxapp_resource_complete_allow(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_uint_t                i, n;
    ngx_http_wxapp_allow_t   *allow;
    ngx_http_wxapp_column_t  *column;

    if (rcf->allows.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "resource \"%V\" allows nothing, "
                           "it needs \"allow\"", &rcf->name);
        return NGX_CONF_ERROR;
    }

    column = rcf->columns.elts;
    allow = rcf->allows.elts;

    for (n = 0, i = 0; i < rcf->columns.nelts; i++) {
        n += column[i].field.write && !column[i].key;
    }

    for (i = 0; i < rcf->allows.nelts; i++) {
        if ((allow[i].method & (NGX_HTTP_PUT|NGX_HTTP_PATCH)) && n == 0
            && rcf->preset == NGX_HTTP_WXAPP_PRESET_NONE)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "resource \"%V\" allows %V but has no "
                               "column to write", &rcf->name, &allow[i].name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_wxapp_resource_resolve(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_array_t *resources)
{
    ngx_uint_t                  i;
    ngx_http_wxapp_relation_t  *relation;

    relation = rcf->relations.elts;

    for (i = 0; i < rcf->relations.nelts; i++) {
        if (ngx_http_wxapp_resource_resolve_relation(cf, rcf, &relation[i],
                                                     resources)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (rcf->cursor && ngx_http_wxapp_resource_cursor_key(cf, rcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_resource_expect(cf, rcf);
}


/* the rows are those of a resource: only what it tells is told */

static ngx_int_t
ngx_http_wxapp_resource_resolve_relation(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_http_wxapp_relation_t *relation,
    ngx_array_t *resources)
{
    ngx_str_t                        *table, *columns[1];
    ngx_uint_t                        i, same;
    ngx_http_wxapp_resource_conf_t  **child;

    child = resources->elts;

    for (i = 0; i < resources->nelts; i++) {
        table = &child[i]->table;

        if (table->len == relation->table.len
            && ngx_strncmp(table->data, relation->table.data, table->len) == 0)
        {
            relation->child = child[i];
            break;
        }
    }

    if (relation->child == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "relation \"%V\" needs a wxapp_resource of the table "
                      "\"%V\" in %V:%ui", &relation->name, &relation->table,
                      &rcf->place.file, rcf->place.line);
        return NGX_ERROR;
    }

    relation->theirs = ngx_http_wxapp_resource_find(relation->child,
                                                    &relation->theirs_name);
    relation->ours = ngx_http_wxapp_resource_find(rcf, &relation->ours_name);

    if (relation->theirs == NULL || relation->ours == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "relation \"%V\" names the column \"%V\" that "
                      "resource \"%V\" does not declare in %V:%ui",
                      &relation->name,
                      relation->ours ? &relation->theirs_name
                                     : &relation->ours_name,
                      relation->ours ? &relation->child->name : &rcf->name,
                      &rcf->place.file, rcf->place.line);
        return NGX_ERROR;
    }

    /* rows are put together by the text of the value */

    same = (relation->theirs->field.type == relation->ours->field.type
            || (relation->theirs->field.type <= NGX_WXAPP_FIELD_BIGINT
                && relation->ours->field.type <= NGX_WXAPP_FIELD_BIGINT));

    if (!same || relation->ours->field.type == NGX_WXAPP_FIELD_JSON
        || relation->ours->field.type == NGX_WXAPP_FIELD_DECIMAL)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "relation \"%V\" needs columns of one type, and not "
                      "decimal or json, in %V:%ui", &relation->name,
                      &rcf->place.file, rcf->place.line);
        return NGX_ERROR;
    }

    /* by their key there is one row at most */

    relation->one = (relation->child->nkeys == 1 && relation->theirs->key);

    if (relation->one) {
        return NGX_OK;
    }

    columns[0] = &relation->theirs_name;

    return ngx_http_wxapp_schema_index(cf, &rcf->place, &relation->table,
                                       columns, 1,
                                       NGX_HTTP_WXAPP_INDEX_LEADING);
}


/* the same on all nodes, and nobody else's */

static ngx_int_t
ngx_http_wxapp_resource_cursor_key(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t                   *key, *password, name;
    ngx_uint_t                   i;
    ngx_http_wxapp_main_conf_t  *wmcf;

    for (i = 0; i < rcf->nkeys; i++) {
        if (rcf->keys[i]->read) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"cursor\" would tell the key \"%V\", which not "
                          "everyone may read, in %V:%ui",
                          &rcf->keys[i]->field.name, &rcf->place.file,
                          rcf->place.line);
            return NGX_ERROR;
        }
    }

    wmcf = ngx_http_wxapp_conf_main(cf);
    key = &rcf->cursor_key;

    key->len = NGX_WXAPP_SHA256_LEN;

    key->data = ngx_pnalloc(cf->pool, key->len);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&name, "wxapp cursor");

    if (wmcf->token && wmcf->token->signer) {
        return ngx_wxapp_hmac_sha256(&wmcf->token->signer->secret, &name,
                                     key->data);
    }

    /* slowly, as a password may be one that can be guessed */

    password = &wmcf->mysql->password;

    return PKCS5_PBKDF2_HMAC((char *) password->data, password->len,
                             name.data, name.len,
                             NGX_HTTP_WXAPP_CURSOR_ROUNDS, EVP_sha256(),
                             key->len, key->data)
           ? NGX_OK : NGX_ERROR;
}


/* for wxapp_schema_check */

static ngx_int_t
ngx_http_wxapp_resource_expect(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf)
{
    ngx_str_t                name;
    ngx_uint_t               i, insert, update, rights;
    ngx_array_t             *names;
    ngx_http_wxapp_allow_t  *allow;
    ngx_http_wxapp_upsert_t *upsert;

    allow = rcf->allows.elts;
    insert = 0;
    update = 0;
    rights = NGX_HTTP_WXAPP_RIGHT_SELECT;

    for (i = 0; i < rcf->allows.nelts; i++) {

        switch (allow[i].method) {

        case NGX_HTTP_POST:
            insert = NGX_HTTP_WXAPP_RIGHT_INSERT;
            update |= rcf->upserts.nelts ? NGX_HTTP_WXAPP_RIGHT_UPDATE : 0;
            break;

        case NGX_HTTP_PUT:
        case NGX_HTTP_PATCH:
            update = NGX_HTTP_WXAPP_RIGHT_UPDATE;
            break;

        case NGX_HTTP_DELETE:
            rights |= rcf->soft_delete.len ? NGX_HTTP_WXAPP_RIGHT_UPDATE
                                           : NGX_HTTP_WXAPP_RIGHT_DELETE;
        }
    }

    if (ngx_http_wxapp_schema_table(cf, &rcf->place, &rcf->table,
                                    rights|insert|update)
        != NGX_OK
        || ngx_http_wxapp_resource_expect_columns(cf, rcf, insert, update)
           != NGX_OK
        || ngx_http_wxapp_resource_expect_index(cf, rcf, rcf->key_names,
                                                NGX_HTTP_WXAPP_INDEX_UNIQUE)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rcf->search
        && ngx_http_wxapp_resource_expect_index(cf, rcf, rcf->search,
                                             NGX_HTTP_WXAPP_INDEX_FULLTEXT)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    upsert = rcf->upserts.elts;

    for (i = 0; i < rcf->upserts.nelts; i++) {
        names = upsert[i].names;

        if (ngx_http_wxapp_resource_expect_index(cf, rcf, names,
                                                 NGX_HTTP_WXAPP_INDEX_UNIQUE)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (rcf->soft_delete.len == 0) {
        return NGX_OK;
    }

    name = rcf->soft_delete;

    return ngx_http_wxapp_schema_column(cf, &rcf->place, &rcf->table, &name,
                                        NULL,
                                        rights & ~NGX_HTTP_WXAPP_RIGHT_DELETE);
}


static ngx_int_t
ngx_http_wxapp_resource_expect_columns(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_uint_t insert, ngx_uint_t update)
{
    ngx_str_t                *name;
    ngx_uint_t                i, rights;
    ngx_http_wxapp_column_t  *column;

    column = rcf->columns.elts;

    for (i = 0; i < rcf->columns.nelts; i++) {
        name = &column[i].field.name;
        rights = NGX_HTTP_WXAPP_RIGHT_SELECT;

        if (column[i].field.write) {
            rights |= insert|update;

        } else if (&column[i] == rcf->owner) {
            rights |= insert;

        } else if (&column[i] == rcf->version) {
            rights |= update;
        }

        if (ngx_http_wxapp_schema_column(cf, &rcf->place, &rcf->table, name,
                                         &column[i].field, rights)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* the rows of an owner are few enough to be sorted and searched */

        if (!column[i].key
            && (&column[i] == rcf->owner
                || ((column[i].order || column[i].filter) && !rcf->owner))
            && ngx_http_wxapp_schema_index(cf, &rcf->place, &rcf->table, &name,
                                           1, NGX_HTTP_WXAPP_INDEX_LEADING)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_resource_expect_index(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, ngx_array_t *names,
    ngx_http_wxapp_index_e kind)
{
    ngx_str_t   *name, **columns;
    ngx_uint_t   i;

    name = names->elts;

    columns = ngx_palloc(cf->pool, names->nelts * sizeof(ngx_str_t *));
    if (columns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < names->nelts; i++) {
        columns[i] = &name[i];
    }

    return ngx_http_wxapp_schema_index(cf, &rcf->place, &rcf->table, columns,
                                       names->nelts, kind);
}


static char *
ngx_http_wxapp_resource_undeclared(ngx_conf_t *cf,
    ngx_http_wxapp_resource_conf_t *rcf, const char *what, ngx_str_t *name)
{
    ngx_str_t  *near;

    near = ngx_wxapp_nearest(name, rcf->columns.elts, rcf->columns.nelts,
                             sizeof(ngx_http_wxapp_column_t));

    if (near) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown column \"%V\" in \"%s\" of resource "
                           "\"%V\", did you mean \"%V\"?",
                           name, what, &rcf->table, near);
    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown column \"%V\" in \"%s\" of resource "
                           "\"%V\"", name, what, &rcf->table);
    }

    return NGX_CONF_ERROR;
}


ngx_http_wxapp_column_t *
ngx_http_wxapp_resource_find(ngx_http_wxapp_resource_conf_t *conf,
    ngx_str_t *name)
{
    ngx_uint_t                i;
    ngx_http_wxapp_column_t  *column;

    column = conf->columns.elts;

    for (i = 0; i < conf->columns.nelts; i++) {
        if (column[i].field.name.len == name->len
            && ngx_memcmp(column[i].field.name.data, name->data, name->len)
               == 0)
        {
            return &column[i];
        }
    }

    return NULL;
}
