
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
 * The claim of that name, or, where there is none, at that path: names with
 * "." or "__" between them.  NGX_DECLINED when there is no valid token, no
 * such claim, or it is null; NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_claim_node(ngx_http_request_t *r, ngx_str_t *name,
    ngx_wxapp_json_node_t **node);

/*
 * The claim as text: strings without quotes, numbers and booleans as
 * written.  Results as above; NGX_DECLINED also for an array or an object.
 */
ngx_int_t ngx_http_wxapp_claim(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);

/* The same, with arrays and objects as JSON in the request's pool. */
ngx_int_t ngx_http_wxapp_claim_text(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);

/*
 * The id of the caller's session, and whose it is: only a token of ours has
 * one, as a trusted issuer has sessions of its own under the same names.
 * NGX_DECLINED for any other token, with "uid" empty unless it is of ours;
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_sid(ngx_http_request_t *r, ngx_str_t *uid,
    ngx_str_t *sid);

/*
 * Whether the claim is one of the words; of an array, any element; of the
 * string "scope", any of the words in it.  NGX_OK, NGX_DECLINED if not or if
 * there is none, NGX_ERROR without memory.
 */
ngx_int_t ngx_http_wxapp_claim_in(ngx_http_request_t *r, ngx_str_t *name,
    ngx_array_t *words);


#endif /* _NGX_HTTP_WXAPP_IDENTITY_H_INCLUDED_ */
