/*
 * Answers that wait until all nodes have their change: what nodes have is asked
 * for again and again, in a thread and over a link of its own.  Neither the
 * event loop nor the next batch of changes waits.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_RECEIPT_POLL  10    /* ms */


/* Of one worker and zone.  The event loop's, but for "taken", which is the
 * thread's while "busy". */

typedef struct {
    ngx_http_keygate_copy_t    copy;         /* only its link */
    ngx_event_t                timer;
    void                      *task;
    ngx_http_keygate_job_t    *waiting;
    ngx_http_keygate_job_t    *taken;
    unsigned                   busy:1;
} ngx_http_keygate_receipts_t;


static ngx_http_keygate_receipts_t *ngx_http_keygate_receipts_get(
    ngx_http_keygate_writer_t *w);
static void ngx_http_keygate_receipt_next(ngx_event_t *ev);
static void ngx_http_keygate_receipt_poll(void *data);
static void ngx_http_keygate_receipt_done(void *data);


ngx_uint_t
ngx_http_keygate_receipts_wait(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_receipts_t  *receipts;

    if (job->receipt == NULL || job->status >= NGX_HTTP_BAD_REQUEST) {
        return 0;
    }

    receipts = job->wait && job->request
               ? ngx_http_keygate_receipts_get(job->writer) : NULL;

    if (receipts == NULL) {
        return 0;
    }

    job->until = ngx_current_msec + job->wait;
    job->next = receipts->waiting;
    receipts->waiting = job;

    if (!receipts->busy && !receipts->timer.timer_set) {
        ngx_add_timer(&receipts->timer, 1);
    }

    return 1;
}


static ngx_http_keygate_receipts_t *
ngx_http_keygate_receipts_get(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_receipts_t *receipts = w->receipts;

    if (receipts) {
        return receipts;
    }

    receipts = calloc(1, sizeof(ngx_http_keygate_receipts_t));
    if (receipts == NULL) {
        return NULL;
    }

    receipts->task = ngx_http_keygate_thread_create(receipts,
                                              ngx_http_keygate_receipt_poll,
                                              ngx_http_keygate_receipt_done);
    if (receipts->task == NULL) {
        free(receipts);
        return NULL;
    }

    ngx_http_keygate_copy_init(&receipts->copy, w->zone, NULL);

    receipts->timer.handler = ngx_http_keygate_receipt_next;
    receipts->timer.data = receipts;
    receipts->timer.log = w->zone->log;

    w->receipts = receipts;

    return receipts;
}


static void
ngx_http_keygate_receipt_next(ngx_event_t *ev)
{
    ngx_http_keygate_receipts_t  *receipts;

    receipts = ev->data;

    receipts->taken = receipts->waiting;
    receipts->waiting = NULL;

    if (ngx_http_keygate_thread_post(receipts->copy.store->threads,
                                     receipts->task)
        == NGX_OK)
    {
        receipts->busy = 1;
        return;
    }

    ngx_http_keygate_receipt_done(receipts);
}


static void
ngx_http_keygate_receipt_poll(void *data)
{
    ngx_http_keygate_receipts_t *receipts = data;

    ngx_http_keygate_job_t    *job;
    ngx_http_keygate_known_t   known;

    if (ngx_http_keygate_receipt_ask(&receipts->copy, &known) != NGX_OK) {
        ngx_http_keygate_link_close(&receipts->copy);
        return;
    }

    for (job = receipts->taken; job; job = job->next) {
        ngx_http_keygate_receipt_write(job, &known);
    }

    keygate_reply_free(known.nodes);
    keygate_reply_free(known.acks);
}


static void
ngx_http_keygate_receipt_done(void *data)
{
    ngx_http_keygate_receipts_t *receipts = data;

    ngx_http_keygate_job_t  *job, *next;

    receipts->busy = 0;

    job = receipts->taken;
    receipts->taken = NULL;

    for ( /* void */ ; job; job = next) {
        next = job->next;

        if (job->wait && job->request
            && (ngx_msec_int_t) (job->until - ngx_current_msec) > 0)
        {
            job->next = receipts->waiting;
            receipts->waiting = job;
            continue;
        }

        ngx_http_keygate_answer_done(job);
    }

    if (receipts->waiting && !receipts->timer.timer_set) {
        ngx_add_timer(&receipts->timer, NGX_HTTP_KEYGATE_RECEIPT_POLL);
    }
}


/* The process ends, and nginx has ended its threads before. */

void
ngx_http_keygate_receipts_cleanup(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_receipts_t *receipts = w->receipts;

    if (receipts == NULL) {
        return;
    }

    w->receipts = NULL;

    ngx_http_keygate_link_close(&receipts->copy);
    ngx_http_keygate_thread_destroy(receipts->task);
    free(receipts);
}
