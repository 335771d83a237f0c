/*
 * Between ngx_http_keygate_store_repair.c, which finds what the engine has
 * lost, and ngx_http_keygate_store_merge.c, which brings it back.
 */

#ifndef _NGX_HTTP_KEYGATE_STORE_REPAIR_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_STORE_REPAIR_H_INCLUDED_


#include "ngx_http_keygate_store.h"


typedef struct {
    ngx_http_keygate_copy_t  *c;
    keygate_history_t         history;
    keygate_place_t           common;    /* epoch "": none is known */
    ngx_int_t                 rc;
} ngx_http_keygate_repair_t;


/* Brings back the line of a record; "lost" is its number in the history, or
 * -1 when it is from before that. */
ngx_int_t ngx_http_keygate_store_merge(ngx_http_keygate_repair_t *r,
    const char *name, keygate_str_t line, ngx_int_t lost);


#endif /* _NGX_HTTP_KEYGATE_STORE_REPAIR_H_INCLUDED_ */
