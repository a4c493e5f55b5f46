
/*
 * A hash under a secret key: who does not know it cannot make two texts
 * meet.
 */


#ifndef _NGX_WXAPP_HASH_H_INCLUDED_
#define _NGX_WXAPP_HASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * SipHash-2-4 of "len" bytes, which on a big-endian machine are read in its
 * own order: good for tables, not for others to read.
 */
uint64_t ngx_wxapp_hash(const uint64_t key[2], const u_char *p, size_t len);


#endif /* _NGX_WXAPP_HASH_H_INCLUDED_ */
