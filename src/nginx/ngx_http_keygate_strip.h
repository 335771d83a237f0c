/*
 * What the files share that take credentials off a request.
 */

#ifndef _NGX_HTTP_KEYGATE_STRIP_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_STRIP_H_INCLUDED_


#include "ngx_http_keygate.h"


/* ngx_http_keygate_strip_line.c */

/* The lengths of the names that lines may have which are taken off, as bits of
 * keygate_source_length(). */
uint64_t ngx_http_keygate_strip_lengths(keygate_api_t *api);

/*
 * NGX_OK: the line is taken off, and *rest, if it is not NULL, stands for it;
 * NGX_DECLINED: it stays; NGX_ERROR: no memory.  "dry" is the decision of a
 * dry run, where all stays but what is a key, or NULL.
 */
ngx_int_t ngx_http_keygate_strip_line(ngx_http_request_t *r,
    keygate_api_t *api, ngx_http_keygate_ctx_t *dry, ngx_table_elt_t *h,
    ngx_table_elt_t **rest);


#endif /* _NGX_HTTP_KEYGATE_STRIP_H_INCLUDED_ */
