/*
 * Changes gathered into batches (ngx_http_keygate_admin_write.c, _batch.c), to
 * be included by ngx_http_keygate_admin.h.
 */

#ifndef NGX_HTTP_KEYGATE_ADMIN_WRITE_H
#define NGX_HTTP_KEYGATE_ADMIN_WRITE_H


#define NGX_HTTP_KEYGATE_REFUSED    256
#define NGX_HTTP_KEYGATE_LOCK_WAIT  5000     /* ms for the journal's lock */


struct ngx_http_keygate_writer_s {
    ngx_http_keygate_zone_t           *zone;
    keygate_journal_t                 *journal;
    keygate_digester_t                *digester;
    void                              *task;
    void                              *copy;     /* of the store's files */
    void                              *receipts; /* of them, too */
    ngx_http_keygate_job_t            *queue;
    ngx_http_keygate_job_t           **last;
    ngx_uint_t                         waiting;
    ngx_http_keygate_job_t            *batch;    /* NULL: idle */

    /* of the batch */
    keygate_now_t                      now;
    unsigned                           fresh;    /* need room in the zone */
    ngx_uint_t                         rounds;   /* it was made, for a store */
    ngx_err_t                          err;
    const char                        *failed;   /* which step */
    pid_t                              holder;   /* of the journal's lock */
    unsigned                           locked:1; /* which was waited for */
    unsigned                           full:1;   /* the zone is */
    char                               refused[NGX_HTTP_KEYGATE_REFUSED];
                                                 /* by the store, and why */
};

/* Hands a job to the writer of its zone. */
void ngx_http_keygate_write(ngx_http_keygate_job_t *job);
/* Does a batch, in a thread. */
void ngx_http_keygate_batch(void *data);
/* Begins to write it, as keygate_journal_begin(); else says who is in the
 * way. */
keygate_rc_t ngx_http_keygate_batch_begin(ngx_http_keygate_writer_t *w);
/* Whether an earlier job of the batch is about to make that key. */
ngx_uint_t ngx_http_keygate_batch_has(ngx_http_keygate_job_t *job,
    const char *id);


/* ngx_http_keygate_admin_thread.c: a pool has so many threads in each worker */

ngx_int_t ngx_http_keygate_threads_own(ngx_conf_t *cf, ngx_str_t *name,
    ngx_uint_t n);


/* ngx_http_keygate_admin_written.c */

/* Counts a batch that was written, and how long that took. */
void ngx_http_keygate_written_count(ngx_http_keygate_writer_t *w,
    ngx_uint_t lines, struct timespec *from);
/* Whether what was written is in force: says so where it is not. */
void ngx_http_keygate_written_verify(ngx_http_keygate_writer_t *w,
    keygate_rc_t applied);


/* ngx_http_keygate_store_write.c: the same where the zone has a store, and
 * what that has needed */

void ngx_http_keygate_store_batch(ngx_http_keygate_writer_t *w);
/* The threads that wait for it. */
void *ngx_http_keygate_store_pool(ngx_http_keygate_zone_t *zone);
/* In the event loop: logs why the store has refused a batch. */
void ngx_http_keygate_store_refused(ngx_http_keygate_writer_t *w);
void ngx_http_keygate_store_writer_cleanup(ngx_http_keygate_writer_t *w);
/* In the event loop: whether a job that is done waits for the other nodes; it
 * is answered then when they have it, or its time is up. */
ngx_uint_t ngx_http_keygate_receipts_wait(ngx_http_keygate_job_t *job);


/* ngx_http_keygate_admin_others.c: other zones over the same journal */

/* Before one: whether all have room for "n" more records like that. */
ngx_uint_t ngx_http_keygate_others_room(ngx_http_keygate_writer_t *w,
    const keygate_record_t *record, ngx_uint_t n);
/* After an append: they read up to "end".  KEYGATE_OK, or why one could not. */
keygate_rc_t ngx_http_keygate_others_apply(ngx_http_keygate_writer_t *w,
    uint64_t end);
/* After one that has failed: as keygate_journal_disown(). */
void ngx_http_keygate_others_disown(ngx_http_keygate_writer_t *w);


#endif /* NGX_HTTP_KEYGATE_ADMIN_WRITE_H */
