
/*
 * wxapp_phone: the code of the phone button becomes a phone number.
 */


#include "base/ngx_wxapp_statement.h"
#include "base/ngx_wxapp_wxdata.h"
#include "http/ngx_http_wxapp_access_token.h"
#include "http/ngx_http_wxapp_db.h"
#include "http/ngx_http_wxapp_schema.h"
#include "http/ngx_http_wxapp_user.h"


#define NGX_HTTP_WXAPP_PHONE_CODE    512
#define NGX_HTTP_WXAPP_PHONE_DIGITS  20
#define NGX_HTTP_WXAPP_PHONE_TRIES   3        /* after a deadlock */

/* errcodes: here a code may be of another user, or of another app */

#define NGX_HTTP_WXAPP_PHONE_OTHER_USER  40003
#define NGX_HTTP_WXAPP_PHONE_OTHER_APP   40013
#define NGX_HTTP_WXAPP_PHONE_INVALID     40029


typedef struct {
    ngx_http_wxapp_place_t    place;
    ngx_wxapp_statement_t     store;          /* empty: none */
} ngx_http_wxapp_phone_conf_t;


typedef struct {
    ngx_wxapp_statement_t    *store;
    ngx_http_wxapp_user_t     user;
    ngx_http_wxapp_wechat_t   call;

    ngx_str_t                 number;         /* of E.164 */
    ngx_str_t                 pure;
    ngx_str_t                 country;
    ngx_uint_t                tries;
} ngx_http_wxapp_phone_t;


static ngx_int_t ngx_http_wxapp_phone_handler(ngx_http_request_t *r);
static void ngx_http_wxapp_phone_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_wxapp_phone_ask(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone, ngx_str_t *code);
static void ngx_http_wxapp_phone_told(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call);
static ngx_int_t ngx_http_wxapp_phone_parse(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone);
static ngx_int_t ngx_http_wxapp_phone_digits(ngx_wxapp_json_node_t *info,
    const char *name, ngx_str_t *digits);
static ngx_int_t ngx_http_wxapp_phone_store(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone);
static void ngx_http_wxapp_phone_stored(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_phone_reply(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone);
static char *ngx_http_wxapp_phone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_wxapp_phone_statement(ngx_conf_t *cf,
    ngx_http_wxapp_phone_conf_t *pcf, ngx_str_t *sql);
static ngx_int_t ngx_http_wxapp_phone_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_wxapp_phone_create_main_conf(ngx_conf_t *cf);


static ngx_http_wxapp_param_t  ngx_http_wxapp_phone_params[] = {
    { ngx_string("store"), NGX_HTTP_WXAPP_PARAM_STR, 0, 0, 0 },
      ngx_http_wxapp_null_param
};


static ngx_command_t  ngx_http_wxapp_phone_commands[] = {

    { ngx_string("wxapp_phone"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_wxapp_phone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_wxapp_phone_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_wxapp_phone_postconfiguration,/* postconfiguration */

    ngx_http_wxapp_phone_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_wxapp_phone_module = {
    NGX_MODULE_V1,
    &ngx_http_wxapp_phone_module_ctx,      /* module context */
    ngx_http_wxapp_phone_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_wxapp_phone_handler(ngx_http_request_t *r)
{
    return ngx_http_wxapp_user_post(r, ngx_http_wxapp_phone_body);
}


static void
ngx_http_wxapp_phone_body(ngx_http_request_t *r)
{
    ngx_str_t                     code;
    ngx_http_wxapp_phone_t       *phone;
    ngx_wxapp_json_node_t        *object;
    ngx_http_wxapp_main_conf_t   *wmcf;
    ngx_http_wxapp_phone_conf_t  *pcf;

    if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
        return;
    }

    phone = ngx_pcalloc(r->pool, sizeof(ngx_http_wxapp_phone_t));
    if (phone == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (ngx_http_wxapp_user(r, &phone->user, 1) != NGX_OK) {
        return;
    }

    if (ngx_http_wxapp_user_member(object, "code", NGX_HTTP_WXAPP_PHONE_CODE,
                                   &code)
        != NGX_OK)
    {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_BAD_REQUEST, "code_malformed",
                                 "\"code\" must be the string that the "
                                 "phone button gave");
        return;
    }

    pcf = ngx_http_wxapp_content_data(r);
    wmcf = ngx_http_wxapp_main(r);

    phone->store = &pcf->store;

    /* a code is not spent on a number that cannot be stored */

    if (phone->store->text.len && !ngx_wxapp_mysql_ready(wmcf->mysql)) {
        ngx_http_wxapp_user_fail(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                 "database_unavailable",
                                 "the database is unavailable, try again "
                                 "later");
        return;
    }

    if (ngx_http_wxapp_phone_ask(r, phone, &code) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static ngx_int_t
ngx_http_wxapp_phone_ask(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone, ngx_str_t *code)
{
    ngx_wxapp_text_t  text;

    phone->call.app = phone->user.app;
    ngx_str_set(&phone->call.path, "wxa/business/getuserphonenumber");
    phone->call.handler = ngx_http_wxapp_phone_told;
    phone->call.data = phone;

    /* WeChat looks whose code it is */

    ngx_wxapp_text_init(&text, r->pool,
                        64 + 6 * (code->len + phone->user.openid.len));

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "code");
    ngx_wxapp_json_str(&text, code);
    ngx_wxapp_json_name(&text, "openid");
    ngx_wxapp_json_str(&text, &phone->user.openid);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &phone->call.body) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_wxapp_access_token_call(r, &phone->call);
}


static void
ngx_http_wxapp_phone_told(ngx_http_request_t *r,
    ngx_http_wxapp_wechat_t *call)
{
    ngx_http_wxapp_phone_t *phone = call->data;

    int32_t    number;
    ngx_int_t  rc;

    if (call->result != NGX_HTTP_WXAPP_WECHAT_OK) {
        number = ngx_http_wxapp_wechat_number(call);

        /* when the token is fetched it would be our own appid that is wrong */

        if (call->reply && (number == NGX_HTTP_WXAPP_PHONE_OTHER_APP
                            || number == NGX_HTTP_WXAPP_PHONE_OTHER_USER))
        {
            number = NGX_HTTP_WXAPP_PHONE_INVALID;
        }

        ngx_http_wxapp_user_refuse(r, "phone", call, number);
        return;
    }

    rc = ngx_http_wxapp_phone_parse(r, phone);

    if (rc == NGX_DECLINED) {
        ngx_http_wxapp_user_refuse(r, "phone", call,
                                   NGX_HTTP_WXAPP_WECHAT_NO_REPLY);
        return;
    }

    if (rc == NGX_OK && phone->store->text.len == 0) {
        ngx_http_wxapp_phone_reply(r, phone);
        return;
    }

    if (rc != NGX_OK || ngx_http_wxapp_phone_store(r, phone) != NGX_AGAIN) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static ngx_int_t
ngx_http_wxapp_phone_parse(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone)
{
    time_t                  made;
    ngx_str_t               appid, *own;
    ngx_wxapp_json_node_t  *info;

    static ngx_str_t  name = ngx_string("phone_info");

    info = ngx_wxapp_json_member(phone->call.reply, &name);

    if (info == NULL || info->type != NGX_WXAPP_JSON_OBJECT
        || ngx_http_wxapp_phone_digits(info, "purePhoneNumber", &phone->pure)
           != NGX_OK
        || ngx_http_wxapp_phone_digits(info, "countryCode", &phone->country)
           != NGX_OK
        || ngx_wxapp_wxdata_watermark(info, &appid, &made) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    own = &phone->user.app->appid;

    if (appid.len != own->len
        || ngx_memcmp(appid.data, own->data, own->len) != 0)
    {
        return NGX_DECLINED;
    }

    /* WeChat puts the country before some of its numbers only */

    phone->number.len = 1 + phone->country.len + phone->pure.len;
    phone->number.data = ngx_pnalloc(r->pool, phone->number.len);

    if (phone->number.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(phone->number.data, "+%V%V", &phone->country, &phone->pure);

    return NGX_OK;
}


/* a string, and in older replies a number */

static ngx_int_t
ngx_http_wxapp_phone_digits(ngx_wxapp_json_node_t *info, const char *name,
    ngx_str_t *digits)
{
    size_t                  i;
    ngx_str_t               s;
    ngx_wxapp_json_node_t  *node;

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    node = ngx_wxapp_json_member(info, &s);

    if (node == NULL || (node->type != NGX_WXAPP_JSON_STRING
                         && node->type != NGX_WXAPP_JSON_NUMBER)
        || node->value.len == 0
        || node->value.len > NGX_HTTP_WXAPP_PHONE_DIGITS)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < node->value.len; i++) {
        if (node->value.data[i] < '0' || node->value.data[i] > '9') {
            return NGX_DECLINED;
        }
    }

    *digits = node->value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_phone_store(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone)
{
    ngx_uint_t                i;
    ngx_wxapp_value_t         value;
    ngx_wxapp_mysql_query_t  *query;

    query = ngx_http_wxapp_db_query(r, 2, phone);
    if (query == NULL) {
        return NGX_ERROR;
    }

    query->sql = phone->store->text;

    ngx_memzero(&value, sizeof(ngx_wxapp_value_t));
    value.type = NGX_WXAPP_VALUE_TEXT;

    for (i = 0; i < 2; i++) {
        value.text = i ? phone->user.uid : phone->number;

        if (ngx_http_wxapp_db_bind(query, &value) != NGX_OK) {
            ngx_wxapp_mysql_free(query);
            return NGX_ERROR;
        }
    }

    phone->tries++;

    return ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_phone_stored);
}


static void
ngx_http_wxapp_phone_stored(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_http_wxapp_phone_t *phone = op->data;

    ngx_wxapp_mysql_query_t *query = (ngx_wxapp_mysql_query_t *) op;

    if (op->status == NGX_WXAPP_OP_OK) {

        if (query->affected) {
            ngx_http_wxapp_phone_reply(r, phone);

        } else {
            ngx_http_wxapp_user_fail(r, NGX_HTTP_NOT_FOUND, "not_found",
                                     "there is no row of the user");
        }

        return;
    }

    if (ngx_http_wxapp_db_again(query)
        && phone->tries < NGX_HTTP_WXAPP_PHONE_TRIES)
    {
        if (ngx_http_wxapp_phone_store(r, phone) != NGX_AGAIN) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }

        return;
    }

    ngx_http_wxapp_count(NGX_HTTP_WXAPP_DATA_FAILED);

    ngx_http_finalize_request(r, ngx_http_wxapp_db_problem(r, query));
}


static void
ngx_http_wxapp_phone_reply(ngx_http_request_t *r,
    ngx_http_wxapp_phone_t *phone)
{
    ngx_str_t         body;
    ngx_wxapp_text_t  text;

    ngx_wxapp_text_init(&text, r->pool, 192);

    ngx_wxapp_json_open(&text, '{');
    ngx_wxapp_json_name(&text, "phone_number");
    ngx_wxapp_json_str(&text, &phone->number);
    ngx_wxapp_json_name(&text, "pure_phone_number");
    ngx_wxapp_json_str(&text, &phone->pure);
    ngx_wxapp_json_name(&text, "country_code");
    ngx_wxapp_json_str(&text, &phone->country);
    ngx_wxapp_json_close(&text, '}');

    if (ngx_wxapp_text_done(&text, &body) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_wxapp_user_reply(r, NGX_HTTP_OK, &body);
}


static char *
ngx_http_wxapp_phone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_array_t *confs = conf;

    char                          *rv;
    ngx_str_t                      store;
    ngx_http_wxapp_phone_conf_t   *pcf, **slot;

    pcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_wxapp_phone_conf_t));
    slot = ngx_array_push(confs);

    if (pcf == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = pcf;

    ngx_http_wxapp_conf_place(cf, &pcf->place);

    ngx_str_null(&store);

    rv = ngx_http_wxapp_conf_params(cf, ngx_http_wxapp_phone_params, 1,
                                    &store);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (store.len) {
        rv = ngx_http_wxapp_phone_statement(cf, pcf, &store);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_wxapp_content(cf, ngx_http_wxapp_phone_handler, pcf);
}


static char *
ngx_http_wxapp_phone_statement(ngx_conf_t *cf,
    ngx_http_wxapp_phone_conf_t *pcf, ngx_str_t *sql)
{
    const char             *error;
    ngx_wxapp_statement_t  *st;

    st = &pcf->store;
    error = "is no statement";

    switch (ngx_wxapp_statement_parse(st, cf->pool, sql, &error)) {

    case NGX_OK:

        if (!ngx_wxapp_statement_is(st, "UPDATE")
            && !ngx_wxapp_statement_is(st, "INSERT"))
        {
            error = "must be UPDATE or INSERT";
            break;
        }

        if (st->placeholders.nelts != 2) {
            error = "must have two \"?\", the phone number and the user's id";
            break;
        }

        return ngx_http_wxapp_schema_statement(cf, &pcf->place, &st->text, 2)
               == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;

    case NGX_DECLINED:
        break;

    default:
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the SQL \"%V\" %s", sql, error);

    return NGX_CONF_ERROR;
}


/* the blocks may come after the locations that need them */

static ngx_int_t
ngx_http_wxapp_phone_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    ngx_array_t                   *confs;
    ngx_http_wxapp_main_conf_t    *wmcf;
    ngx_http_wxapp_phone_conf_t  **pcf;

    wmcf = ngx_http_wxapp_conf_main(cf);

    confs = ngx_http_conf_get_module_main_conf(cf,
                                               ngx_http_wxapp_phone_module);
    pcf = confs->elts;

    for (i = 0; i < confs->nelts; i++) {

        if (ngx_http_wxapp_user_needs(cf, &pcf[i]->place, "wxapp_phone", 0)
            != NGX_OK
            || ngx_http_wxapp_access_token_init(cf) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (pcf[i]->store.text.len && wmcf->mysql == NULL) {
            (void) ngx_http_wxapp_conf_needs(cf, &pcf[i]->place,
                                             "wxapp_phone", "wxapp_mysql");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_http_wxapp_phone_create_main_conf(ngx_conf_t *cf)
{
    return ngx_array_create(cf->pool, 4,
                            sizeof(ngx_http_wxapp_phone_conf_t *));
}
