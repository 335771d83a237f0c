/*
 * Between ngx_http_keygate_store_clock.c and those who tell the engine the
 * time, or go by it.
 */

#ifndef _NGX_HTTP_KEYGATE_STORE_CLOCK_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_STORE_CLOCK_H_INCLUDED_


#include "ngx_http_keygate_store.h"


/* In a thread, connected: the engine's clock is looked at, once in a while. */
ngx_int_t ngx_http_keygate_clock_look(ngx_http_keygate_copy_t *c);
/* The same: what it says now, or our own where it is not told. */
ngx_int_t ngx_http_keygate_clock_time(ngx_http_keygate_copy_t *c, int64_t *ms);
/* In a worker: whether the wall's clock is another one. */
void ngx_http_keygate_clock_log(ngx_http_keygate_copy_t *c);


#endif /* _NGX_HTTP_KEYGATE_STORE_CLOCK_H_INCLUDED_ */
