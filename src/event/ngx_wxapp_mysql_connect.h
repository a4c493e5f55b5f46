
/*
 * Connecting to MySQL with the blocking API: in a thread of a worker, or in
 * the master while it reads the configuration.
 */


#ifndef _NGX_WXAPP_MYSQL_CONNECT_H_INCLUDED_
#define _NGX_WXAPP_MYSQL_CONNECT_H_INCLUDED_


#include "event/ngx_wxapp_mysql.h"

#include <mysql.h>


typedef struct {
    ngx_uint_t                error;          /* number */
    u_char                    message[256];   /* for the log */
} ngx_wxapp_mysql_fault_t;


/*
 * Connects, encrypted as configured, and sets the session up; with
 * "writable" a server that is read-only is refused.  NULL with the fault.
 * Touches nothing of nginx: safe in a thread.
 */
MYSQL *ngx_wxapp_mysql_connect(ngx_wxapp_mysql_t *mysql,
    ngx_wxapp_mysql_server_t *server, ngx_uint_t writable,
    ngx_wxapp_mysql_fault_t *fault);


#endif /* _NGX_WXAPP_MYSQL_CONNECT_H_INCLUDED_ */
