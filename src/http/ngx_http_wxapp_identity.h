
/*
 * Who the caller is, by the token of the request.
 */


#ifndef _NGX_HTTP_WXAPP_IDENTITY_H_INCLUDED_
#define _NGX_HTTP_WXAPP_IDENTITY_H_INCLUDED_


#include "http/ngx_http_wxapp_request.h"


/*
 * Verifies the token of the Authorization header on first use, CPU only, and
 * remembers the outcome in the context: ctx->claims when VALID, ctx->reason
 * when INVALID.  NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_identity(ngx_http_request_t *r,
    ngx_http_wxapp_ctx_t *ctx);

/*
 * The claim as text: strings without quotes, numbers and booleans as
 * written.  NGX_DECLINED when there is no valid token, no such claim, or it
 * is null, an array or an object; NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_claim(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);

/*
 * Whether the claim is one of the words: NGX_OK, NGX_DECLINED if not or if
 * there is none, NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_claim_in(ngx_http_request_t *r, ngx_str_t *name,
    ngx_array_t *words);


#endif /* _NGX_HTTP_WXAPP_IDENTITY_H_INCLUDED_ */
