
#include "event/ngx_wxapp_mysql_connect.h"

#include <errmsg.h>
#include <mysqld_error.h>


/* 4 to 11 KB were measured in use, TLS and plugins included */

#define NGX_WXAPP_MYSQL_STACK  65536


static void ngx_wxapp_mysql_connect_options(ngx_wxapp_mysql_t *mysql,
    ngx_wxapp_mysql_server_t *server, MYSQL *handle);
static ngx_int_t ngx_wxapp_mysql_connect_session(ngx_wxapp_mysql_t *mysql,
    MYSQL *handle);
static ngx_int_t ngx_wxapp_mysql_connect_writable(MYSQL *handle);
static void ngx_wxapp_mysql_connect_fault(ngx_wxapp_mysql_fault_t *fault,
    ngx_uint_t error, const char *message);


MYSQL *
ngx_wxapp_mysql_connect(ngx_wxapp_mysql_t *mysql,
    ngx_wxapp_mysql_server_t *server, ngx_uint_t writable,
    ngx_wxapp_mysql_fault_t *fault)
{
    char       *socket;
    MYSQL      *handle;
    ngx_int_t   rc;

    handle = mysql_init(NULL);
    if (handle == NULL) {
        ngx_wxapp_mysql_connect_fault(fault, CR_OUT_OF_MEMORY, "no memory");
        return NULL;
    }

    ngx_wxapp_mysql_connect_options(mysql, server, handle);

    socket = server->socket.len ? (char *) server->socket.data : NULL;

    /* affected rows are those found, so that an equal UPDATE is no 404 */

    if (mysql_real_connect(handle, socket ? NULL : (char *) server->host.data,
                           (char *) mysql->user.data,
                           (char *) mysql->password.data,
                           (char *) mysql->database.data, server->port, socket,
                           CLIENT_FOUND_ROWS|CLIENT_MULTI_RESULTS)
        == NULL
        || ngx_wxapp_mysql_connect_session(mysql, handle) != NGX_OK)
    {
        goto failed;
    }

    /* "enforce" is content with a server that has no TLS at all */

    if (mysql->tls != NGX_WXAPP_MYSQL_TLS_OFF
        && mysql_get_ssl_cipher(handle) == NULL)
    {
        ngx_wxapp_mysql_connect_fault(fault, CR_SSL_CONNECTION_ERROR,
                                      "the server has no TLS");
        mysql_close(handle);
        return NULL;
    }

    if (writable) {
        rc = ngx_wxapp_mysql_connect_writable(handle);

        if (rc == NGX_DECLINED) {
            ngx_wxapp_mysql_connect_fault(fault, ER_OPTION_PREVENTS_STATEMENT,
                                          "the server is read-only");
            mysql_close(handle);
            return NULL;
        }

        if (rc != NGX_OK) {
            goto failed;
        }
    }

    return handle;

failed:

    ngx_wxapp_mysql_connect_fault(fault, mysql_errno(handle),
                                  mysql_error(handle));
    mysql_close(handle);

    return NULL;
}


static void
ngx_wxapp_mysql_connect_options(ngx_wxapp_mysql_t *mysql,
    ngx_wxapp_mysql_server_t *server, MYSQL *handle)
{
    size_t        stack;
    my_bool       off, tls, verify;
    unsigned int  timeout, infile, protocol;

    off = 0;
    tls = (mysql->tls != NGX_WXAPP_MYSQL_TLS_OFF);
    verify = (mysql->tls == NGX_WXAPP_MYSQL_TLS_VERIFY);
    infile = 0;
    protocol = MYSQL_PROTOCOL_TCP;
    stack = NGX_WXAPP_MYSQL_STACK;
    timeout = (mysql->connect_timeout + 999) / 1000;

    /* else "localhost" would be a socket of the library's own choice */

    if (server->socket.len == 0) {
        mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
    }

    mysql_options(handle, MYSQL_OPT_NONBLOCK, &stack);
    mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
    mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &timeout);
    mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &timeout);
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(handle, MYSQL_OPT_RECONNECT, &off);
    mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &infile);
    mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &tls);
    mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    mysql_options4(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
                   "nginx wxapp");

    if (mysql->tls_ca.len) {
        mysql_options(handle, MYSQL_OPT_SSL_CA, (char *) mysql->tls_ca.data);
    }
}


static ngx_int_t
ngx_wxapp_mysql_connect_session(ngx_wxapp_mysql_t *mysql, MYSQL *handle)
{
    u_char      *p, sql[512];
    ngx_msec_t   limit;

    /* the server gives up a little after us */

    limit = mysql->query_timeout + mysql->query_timeout / 10;

    p = ngx_sprintf(sql, "SET NAMES utf8mb4, SESSION autocommit = 1, "
                    "SESSION time_zone = '+00:00', "
                    "SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,"
                    "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                    "NO_ENGINE_SUBSTITUTION', ");

    if (mariadb_connection(handle)) {
        p = ngx_sprintf(p, "SESSION max_statement_time = %M.%03M", limit / 1000,
                        limit % 1000);

    } else {
        p = ngx_sprintf(p, "SESSION max_execution_time = %M", limit);
    }

    return mysql_real_query(handle, (char *) sql, p - sql) ? NGX_ERROR
                                                           : NGX_OK;
}


/* NGX_DECLINED: a replica, or a primary that was set aside */

static ngx_int_t
ngx_wxapp_mysql_connect_writable(MYSQL *handle)
{
    MYSQL_ROW    row;
    MYSQL_RES   *res;
    ngx_int_t    rc;

    static const char  sql[] = "SELECT @@global.read_only";

    if (mysql_real_query(handle, sql, sizeof(sql) - 1) != 0) {
        return NGX_ERROR;
    }

    res = mysql_store_result(handle);
    if (res == NULL) {
        return NGX_ERROR;
    }

    row = mysql_fetch_row(res);
    rc = (row && row[0] && row[0][0] == '0') ? NGX_OK : NGX_DECLINED;

    mysql_free_result(res);

    return rc;
}


static void
ngx_wxapp_mysql_connect_fault(ngx_wxapp_mysql_fault_t *fault,
    ngx_uint_t error, const char *message)
{
    fault->error = error;
    ngx_cpystrn(fault->message, (u_char *) message, sizeof(fault->message));
}
