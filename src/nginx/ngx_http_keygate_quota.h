/*
 * Between ngx_http_keygate_quota.c, which puts units into JOURNAL.usage,
 * ngx_http_keygate_quota_back.c, which takes out what nobody wants, and
 * ngx_http_keygate_quota_file.c, which has that file read at a start.
 */

#ifndef _NGX_HTTP_KEYGATE_QUOTA_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_QUOTA_H_INCLUDED_


#include "keygate_saved.h"


#define NGX_HTTP_KEYGATE_QUOTA_BATCH  256


/* What is in a batch. */

typedef struct {
    keygate_quota_t           quota;
    uint64_t                  saved;         /* what the meter said then */
    uint32_t                  ceiling;
    keygate_back_t            back;
    unsigned                  later:1;
} ngx_http_keygate_kept_t;


/* A process's; each task uses what is its own. */

typedef struct {
    ngx_http_keygate_zone_t  *zone;
    keygate_saved_t          *file;          /* of "task" */
    keygate_saved_t          *anew;          /* of "rewriting" */
    void                     *task;
    void                     *rewriting;
    void                     *giving;        /* back */
    ngx_event_t               timer;         /* of it */
    ngx_http_keygate_kept_t   kept[NGX_HTTP_KEYGATE_QUOTA_BATCH];
    keygate_rc_t              rc;
    keygate_rc_t              rc_anew;
    ngx_err_t                 err;
    ngx_err_t                 err_anew;
    uint64_t                  failed_at;     /* ms */
    uint32_t                 *pid;           /* this process's; NULL: none */
    int                       later;         /* some are to be given back */
    int                       untold;        /* the file was not written */
    unsigned                  busy:1;
    unsigned                  busy_anew:1;
    unsigned                  missing:1;     /* the file was gone */
} ngx_http_keygate_keeper_t;


/* A handle of the zone's file; NULL: no memory. */
keygate_saved_t *ngx_http_keygate_quota_file(ngx_http_keygate_zone_t *zone);

/* -- ngx_http_keygate_quota_claim.c ---------------------------------------- */

/* One of "keeper" and "rewriter": 1 when this process has got it. */
ngx_uint_t ngx_http_keygate_quota_claim(uint64_t *word);
void ngx_http_keygate_quota_let_go(uint64_t *word);

/* -- ngx_http_keygate_quota_back.c ----------------------------------------- */

void ngx_http_keygate_quota_back_start(ngx_http_keygate_keeper_t *k);

/* The last process that charged tells exactly what was used. */
void ngx_http_keygate_quota_back_stop(ngx_http_keygate_keeper_t *k);

/* Soon, what is too much is given back. */
void ngx_http_keygate_quota_back(ngx_http_keygate_keeper_t *k);
/* In a thread, the task that does so. */
void ngx_http_keygate_quota_give(void *data);


#endif /* _NGX_HTTP_KEYGATE_QUOTA_H_INCLUDED_ */
