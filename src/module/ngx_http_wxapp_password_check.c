
#include "module/ngx_http_wxapp_password.h"
#include "event/ngx_wxapp_job.h"
#include "http/ngx_http_wxapp_input.h"


#define NGX_HTTP_WXAPP_PASSWORD_WAIT  30000      /* ms, for a thread */


typedef struct {
    ngx_uint_t                status;
    const char               *code;
    const char               *message;
    ngx_int_t                 counter;        /* -1: none */
} ngx_http_wxapp_password_problem_t;


/* what a thread does: strings of the request are copied, it may be gone */

typedef struct {
    u_char                    password[NGX_WXAPP_PASSWORD_MAX];
    u_char                    next[NGX_WXAPP_PASSWORD_MAX];
    u_char                    hash[NGX_WXAPP_PASSWORD_HASH];
    u_char                    setting[NGX_WXAPP_PASSWORD_SETTING + 1];
    u_char                    fresh[NGX_WXAPP_PASSWORD_HASH];
    size_t                    password_len;
    size_t                    next_len;
    ngx_uint_t                cost;
    ngx_uint_t                known;          /* there is a hash */
    ngx_uint_t                rehash;         /* "next" is wanted hashed */
    ngx_int_t                 rc;
} ngx_http_wxapp_password_work_t;


static ngx_int_t ngx_http_wxapp_password_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_wxapp_password_column(
    ngx_http_wxapp_password_t *attempt, ngx_str_t *name, ngx_str_t *value);
static ngx_uint_t ngx_http_wxapp_password_secret(ngx_str_t *name);
static void ngx_http_wxapp_password_loaded(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);
static void ngx_http_wxapp_password_counted(
    ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_work(ngx_http_wxapp_password_t *attempt);
static void ngx_http_wxapp_password_thread(void *data);
static void ngx_http_wxapp_password_worked(ngx_http_request_t *r,
    ngx_wxapp_op_t *op);


/* by ngx_http_wxapp_password_problem_e */

static ngx_http_wxapp_password_problem_t  ngx_http_wxapp_password_ends[] = {
    { 401, "invalid_credentials", "the username or the password is wrong",
      NGX_HTTP_WXAPP_PASSWORD_REFUSED },
    { 403, "password_wrong", "the password is wrong",
      NGX_HTTP_WXAPP_PASSWORD_REFUSED },
    { 400, "password_too_long", "a password has 72 bytes at most", -1 },
    { 401, "otp_required", "a one-time password is required", -1 },
    { 401, "otp_invalid", "the one-time password is wrong or was used",
      NGX_HTTP_WXAPP_PASSWORD_OTP },
    { 429, "account_locked", "too many failures, try again later",
      NGX_HTTP_WXAPP_PASSWORD_LOCKED },
    { 403, "captcha_failed", "the ticket is missing or was refused",
      NGX_HTTP_WXAPP_PASSWORD_REFUSED },
    { 503, "captcha_unavailable", "the ticket cannot be checked now, try "
      "again later", NGX_HTTP_WXAPP_PASSWORD_FAILED },
    { 503, "lockout_unavailable", "failures cannot be counted now, try again "
      "later", NGX_HTTP_WXAPP_PASSWORD_FAILED },
    { 503, "session_unavailable", "sessions cannot be kept now, try again "
      "later", NGX_HTTP_WXAPP_PASSWORD_FAILED },
    { 503, "overloaded", "the service is overloaded, try again later",
      NGX_HTTP_WXAPP_PASSWORD_FAILED },
    { 409, "conflict", "the password was changed meanwhile",
      NGX_HTTP_WXAPP_PASSWORD_FAILED },
    { 500, "internal_error", "the server failed",
      NGX_HTTP_WXAPP_PASSWORD_FAILED }
};


static const char  *ngx_http_wxapp_password_secrets[] = {
    "password_hash", "totp_secret", "disabled", NULL
};


ngx_int_t
ngx_http_wxapp_password_input(ngx_http_request_t *r, ngx_wxapp_field_t *fields,
    ngx_uint_t n, ngx_str_t **strings)
{
    u_char                  *given;
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_wxapp_value_t       *values;
    ngx_wxapp_json_node_t   *object;
    ngx_http_wxapp_input_t  *input;

    if (ngx_http_wxapp_body_object(r, &object) != NGX_OK) {
        return NGX_DONE;
    }

    input = ngx_http_wxapp_input_create(r, fields, n,
                                        sizeof(ngx_wxapp_field_t));
    given = ngx_pnalloc(r->pool, n);
    values = ngx_palloc(r->pool, n * sizeof(ngx_wxapp_value_t));

    if (input == NULL || given == NULL || values == NULL) {
        goto failed;
    }

    input->any = 1;
    input->ignore = 1;

    if (ngx_http_wxapp_input_take(input, object, values, given) != NGX_OK) {
        goto failed;
    }

    rc = ngx_http_wxapp_input_end(input);

    if (rc != NGX_DECLINED) {
        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    for (i = 0; i < n; i++) {
        if (values[i].type == NGX_WXAPP_VALUE_TEXT) {
            *strings[i] = values[i].text;
        }
    }

    return NGX_OK;

failed:

    ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);

    return NGX_DONE;
}


void
ngx_http_wxapp_password_check(ngx_http_wxapp_password_t *attempt,
    ngx_str_t *key, ngx_http_wxapp_password_pt handler)
{
    ngx_int_t                 rc;
    ngx_wxapp_value_t         value;
    ngx_http_request_t       *r;
    ngx_wxapp_mysql_query_t  *query;

    r = attempt->request;
    attempt->checked = handler;

    query = ngx_http_wxapp_db_query(r, 1, attempt);
    if (query == NULL) {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
        return;
    }

    query->sql = attempt->conf->user.text;
    query->row = ngx_http_wxapp_password_row;
    query->read_only = 1;

    /* who was disabled a moment ago is */

    query->primary = 1;

    value.type = NGX_WXAPP_VALUE_TEXT;
    value.text = *key;

    rc = ngx_http_wxapp_db_bind(query, &value);

    if (rc != NGX_OK) {
        ngx_wxapp_mysql_free(query);

    } else if (ngx_http_wxapp_db_send(r, query, ngx_http_wxapp_password_loaded)
               == NGX_AGAIN)
    {
        return;
    }

    ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
}


static ngx_int_t
ngx_http_wxapp_password_row(ngx_wxapp_mysql_query_t *query,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_str_t                  *name;
    ngx_uint_t                  i;
    ngx_pool_t                 *pool;
    ngx_wxapp_text_t            user, claims;
    ngx_http_wxapp_password_t  *attempt;

    attempt = query->op.data;
    pool = attempt->request->pool;

    ngx_wxapp_text_init(&user, pool, 256);
    ngx_wxapp_text_init(&claims, pool, 256);

    ngx_wxapp_json_open(&user, '{');
    ngx_wxapp_json_open(&claims, '{');

    for (i = 0; i < n; i++) {
        name = &query->columns[i].name;

        if (columns[i].data
            && ngx_http_wxapp_password_column(attempt, name, &columns[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_http_wxapp_password_secret(name)) {
            continue;
        }

        ngx_wxapp_json_name_str(&user, name);
        ngx_wxapp_field_write(&query->columns[i].field, &user, &columns[i]);

        /* it is "sub"; those that are claims by themselves are left out */

        if (columns[i].data
            && (name->len != 2 || ngx_strncmp(name->data, "id", 2) != 0))
        {
            ngx_wxapp_json_name_str(&claims, name);
            ngx_wxapp_json_str(&claims, &columns[i]);
        }
    }

    ngx_wxapp_json_close(&user, '}');
    ngx_wxapp_json_close(&claims, '}');

    if (ngx_wxapp_text_done(&user, &attempt->user) != NGX_OK
        || ngx_wxapp_text_done(&claims, &attempt->claims) != NGX_OK)
    {
        return NGX_ERROR;
    }

    attempt->found = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_wxapp_password_column(ngx_http_wxapp_password_t *attempt,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t   *field;
    ngx_uint_t   i;

    struct {
        const char  *name;
        ngx_str_t   *field;
    } known[] = {
        { "id", &attempt->uid },
        { "username", &attempt->name },
        { "password_hash", &attempt->hash },
        { "role", &attempt->role },
        { "totp_secret", &attempt->secret },
        { "openid", &attempt->openid },
        { "unionid", &attempt->unionid },
        { NULL, NULL }
    };

    if (name->len == 8 && ngx_strncmp(name->data, "disabled", 8) == 0) {

        /* 0 as a number or a BIT */

        attempt->disabled = !(value->len == 0
                              || (value->len == 1 && (value->data[0] == '0'
                                                 || value->data[0] == '\0')));
        return NGX_OK;
    }

    for (i = 0; known[i].name; i++) {
        field = known[i].field;

        if (ngx_strlen(known[i].name) == name->len
            && ngx_strncmp(known[i].name, name->data, name->len) == 0)
        {
            field->data = ngx_pstrdup(attempt->request->pool, value);
            field->len = value->len;

            return field->data ? NGX_OK : NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* columns that are not for the client */

static ngx_uint_t
ngx_http_wxapp_password_secret(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_wxapp_password_secrets[i]; i++) {
        if (ngx_strlen(ngx_http_wxapp_password_secrets[i]) == name->len
            && ngx_strncmp(ngx_http_wxapp_password_secrets[i], name->data,
                           name->len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_wxapp_password_loaded(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    const char                 *error;
    ngx_wxapp_mysql_query_t    *query = (ngx_wxapp_mysql_query_t *) op;
    ngx_http_wxapp_password_t  *attempt = op->data;

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_password_db(attempt, op);
        return;
    }

    error = (query->rows > 1) ? "gives more than one row"
            : (attempt->found && attempt->uid.len == 0)
              ? "gives no column \"id\"" : NULL;

    if (error) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"user\" in %V:%ui %s", &attempt->conf->place.file,
                      attempt->conf->place.line, error);

        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
        return;
    }

    if (ngx_http_wxapp_password_reserve(attempt,
                                        ngx_http_wxapp_password_counted)
        != NGX_OK)
    {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
    }
}


static void
ngx_http_wxapp_password_counted(ngx_http_wxapp_password_t *attempt)
{
    if (attempt->lost) {
        ngx_http_wxapp_password_fail(attempt,
                                     NGX_HTTP_WXAPP_PASSWORD_NO_REDIS);
        return;
    }

    if (attempt->locked) {
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_LOCKOUT);
        return;
    }

    ngx_http_wxapp_password_work(attempt);
}


static void
ngx_http_wxapp_password_work(ngx_http_wxapp_password_t *attempt)
{
    ngx_str_t                       *next;
    ngx_uint_t                       cost;
    ngx_wxapp_job_t                 *job;
    ngx_http_wxapp_password_conf_t  *conf;
    ngx_http_wxapp_password_work_t  *work;

    conf = attempt->conf;

    job = ngx_wxapp_job(conf->threads, sizeof(ngx_http_wxapp_password_work_t),
                        ngx_http_wxapp_password_thread);
    if (job == NULL) {
        goto failed;
    }

    job->op.data = attempt;
    work = job->work;

    /* the salt of a fresh hash, or of work for nothing */

    if (ngx_wxapp_password_setting(conf->cost, work->setting) != NGX_OK) {
        job->op.free(&job->op);
        goto failed;
    }

    cost = ngx_wxapp_password_cost(&attempt->hash);

    if (cost == 0 && attempt->hash.len) {
        ngx_log_error(NGX_LOG_ERR, attempt->request->connection->log, 0,
                      "the password hash of user \"%V\" is no bcrypt of cost "
                      "%d to %d", &attempt->uid, NGX_WXAPP_PASSWORD_COST_MIN,
                      NGX_WXAPP_PASSWORD_COST_MAX);
    }

    work->cost = conf->cost;

    if (cost && !attempt->disabled) {
        work->known = 1;
        ngx_memcpy(work->hash, attempt->hash.data, NGX_WXAPP_PASSWORD_HASH);
    }

    next = attempt->new_password.len ? &attempt->new_password
                                     : &attempt->password;

    work->rehash = (next == &attempt->new_password
                    || (conf->update.text.len && cost < conf->cost));

    work->password_len = attempt->password.len;
    ngx_memcpy(work->password, attempt->password.data, attempt->password.len);

    work->next_len = next->len;
    ngx_memcpy(work->next, next->data, next->len);

    if (ngx_http_wxapp_wait_job(attempt->request, &job->op,
                                ngx_http_wxapp_password_worked)
        != NGX_OK)
    {
        goto failed;
    }

    ngx_wxapp_job_send(job, NGX_HTTP_WXAPP_PASSWORD_WAIT);

    return;

failed:

    ngx_http_wxapp_password_release(attempt);
    ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
}


static void
ngx_http_wxapp_password_thread(void *data)
{
    ngx_http_wxapp_password_work_t *work = data;

    ngx_str_t  password;

    password.data = work->password;
    password.len = work->password_len;

    if (!work->known) {
        work->rc = ngx_wxapp_password_hash(&password, work->setting,
                                           work->fresh);

        if (work->rc == NGX_OK) {
            work->rc = NGX_DECLINED;
        }

        return;
    }

    work->rc = ngx_wxapp_password_verify(&password, work->hash, work->cost);

    if (work->rc == NGX_OK && work->rehash) {
        password.data = work->next;
        password.len = work->next_len;

        work->rc = ngx_wxapp_password_hash(&password, work->setting,
                                           work->fresh);
    }
}


static void
ngx_http_wxapp_password_worked(ngx_http_request_t *r, ngx_wxapp_op_t *op)
{
    ngx_wxapp_job_t                 *job = (ngx_wxapp_job_t *) op;
    ngx_http_wxapp_password_t       *attempt = op->data;
    ngx_http_wxapp_password_work_t  *work;

    work = job->work;

    /* a try that was not made is no failure */

    if (op->status != NGX_WXAPP_OP_OK) {
        ngx_http_wxapp_password_release(attempt);
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_BUSY);
        return;
    }

    if (work->rc == NGX_ERROR) {
        ngx_http_wxapp_password_release(attempt);
        ngx_http_wxapp_password_fail(attempt, NGX_HTTP_WXAPP_PASSWORD_ERROR);
        return;
    }

    attempt->verified = (work->rc == NGX_OK);
    attempt->hashed = (attempt->verified && work->rehash);

    if (attempt->hashed) {
        ngx_memcpy(attempt->fresh, work->fresh, NGX_WXAPP_PASSWORD_HASH);
    }

    attempt->checked(attempt);
}


ngx_int_t
ngx_http_wxapp_password_update(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_done_pt done)
{
    ngx_str_t                 fresh, *param[3];
    ngx_uint_t                i;
    ngx_wxapp_value_t         value;
    ngx_wxapp_statement_t    *update;
    ngx_wxapp_mysql_query_t  *query;

    update = &attempt->conf->update;

    query = ngx_http_wxapp_db_query(attempt->request, 3, attempt);
    if (query == NULL) {
        return NGX_ERROR;
    }

    query->sql = update->text;

    fresh.data = attempt->fresh;
    fresh.len = NGX_WXAPP_PASSWORD_HASH;

    param[0] = &fresh;
    param[1] = &attempt->uid;
    param[2] = &attempt->hash;

    value.type = NGX_WXAPP_VALUE_TEXT;

    for (i = 0; i < update->placeholders.nelts; i++) {
        value.text = *param[i];

        if (ngx_http_wxapp_db_bind(query, &value) != NGX_OK) {
            ngx_wxapp_mysql_free(query);
            return NGX_ERROR;
        }
    }

    return (ngx_http_wxapp_db_send(attempt->request, query, done) == NGX_AGAIN)
           ? NGX_OK : NGX_ERROR;
}


void
ngx_http_wxapp_password_fail(ngx_http_wxapp_password_t *attempt,
    ngx_http_wxapp_password_problem_e problem)
{
    ngx_int_t                           rc;
    ngx_http_request_t                 *r;
    ngx_http_wxapp_password_problem_t  *p;

    r = attempt->request;
    p = &ngx_http_wxapp_password_ends[problem];

    if (p->counter >= 0) {
        ngx_http_wxapp_audit(r, p->counter, &attempt->uid);
    }

    rc = NGX_OK;

    if (problem == NGX_HTTP_WXAPP_PASSWORD_LOCKOUT) {
        rc = ngx_http_wxapp_retry_after(r, (attempt->locked + 999) / 1000);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_wxapp_problem(r, p->status, p->code, p->message);

    } else {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r, rc);
}


void
ngx_http_wxapp_password_db(ngx_http_wxapp_password_t *attempt,
    ngx_wxapp_op_t *op)
{
    ngx_http_request_t  *r;

    r = attempt->request;

    ngx_http_wxapp_audit(r, NGX_HTTP_WXAPP_PASSWORD_FAILED, &attempt->uid);

    ngx_http_finalize_request(r,
             ngx_http_wxapp_db_problem(r, (ngx_wxapp_mysql_query_t *) op));
}
