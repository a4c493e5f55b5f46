
/*
 * All that differs between the versions of nginx that we build on.
 */


#ifndef _NGX_HTTP_WXAPP_COMPAT_H_INCLUDED_
#define _NGX_HTTP_WXAPP_COMPAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#if (nginx_version < 1022000)
#error wxapp needs nginx 1.22 or newer
#endif


/* since 1.23.0 equal headers are a list */

#if (nginx_version >= 1023000)
#define ngx_http_wxapp_header_end(h)  (h)->next = NULL
#else
#define ngx_http_wxapp_header_end(h)
#endif


#endif /* _NGX_HTTP_WXAPP_COMPAT_H_INCLUDED_ */
