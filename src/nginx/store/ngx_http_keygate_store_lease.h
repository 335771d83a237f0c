/*
 * Between ngx_http_keygate_store_lease.c, which goes round, and
 * ngx_http_keygate_store_ask.c, which says what is asked and what an answer
 * means.
 */

#ifndef _NGX_HTTP_KEYGATE_STORE_LEASE_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_STORE_LEASE_H_INCLUDED_


#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_LEASE_BATCH  64


typedef struct {
    keygate_lease_t          *lease;
    uint64_t                  holder;        /* whose it was then */
    uint32_t                  count;
    uint64_t                  sent;
} ngx_http_keygate_asked_t;


/* Used by one thread at a time. */

typedef struct {
    ngx_http_keygate_copy_t   copy;          /* only its link */
    ngx_event_t               timer;
    void                     *task;
    char                      sha[KEYGATE_LUA_SHA + 1];
    uint32_t                  delay;         /* ms, of an exchange */
    ngx_http_keygate_asked_t  asked[NGX_HTTP_KEYGATE_LEASE_BATCH];
    ngx_uint_t                n;
    uint32_t                  resets;        /* of windows, looked at */
    ngx_int_t                 rc;
    unsigned                  busy:1;
    unsigned                  failed:1;      /* as it was logged */
    unsigned                  again:1;       /* at once */
} ngx_http_keygate_exchange_t;


/* Looks at a lease, and sends what it asks for: it is in "asked" then.
 * NGX_ERROR: the link has failed. */
ngx_int_t ngx_http_keygate_store_ask(ngx_http_keygate_exchange_t *x,
    keygate_lease_t *lease);
/* Takes the answers to all that was asked. */
ngx_int_t ngx_http_keygate_store_answers(ngx_http_keygate_exchange_t *x);


#endif /* _NGX_HTTP_KEYGATE_STORE_LEASE_H_INCLUDED_ */
