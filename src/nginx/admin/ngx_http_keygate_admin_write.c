/*
 * Changes gathered into batches.  A worker has one writer for a zone; while a
 * batch is at the disk, in a thread, all that comes waits for the next one,
 * so that one sync serves many.  No two changes of one record share a batch:
 * the second has to see what the first has made of it.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_BATCH_MAX    256
#define NGX_HTTP_KEYGATE_WAITING_MAX  4096


static ngx_http_keygate_writer_t *ngx_http_keygate_writer_get(
    ngx_http_keygate_zone_t *zone);
static void ngx_http_keygate_writer_cleanup(void *data);
static void ngx_http_keygate_write_next(ngx_http_keygate_writer_t *w);
static ngx_http_keygate_job_t *ngx_http_keygate_write_take(
    ngx_http_keygate_writer_t *w);
static ngx_uint_t ngx_http_keygate_write_fits(ngx_http_keygate_job_t *batch,
    ngx_uint_t n, ngx_http_keygate_job_t *job);
static void ngx_http_keygate_write_done(void *data);
static void ngx_http_keygate_write_log(ngx_http_keygate_writer_t *w);


void
ngx_http_keygate_write(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_writer_t  *w;

    w = ngx_http_keygate_writer_get(job->admin->api->zone);

    if (w == NULL || w->waiting >= NGX_HTTP_KEYGATE_WAITING_MAX) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                      "Too many changes are waiting for the disk: try again.");
        ngx_http_keygate_answer_done(job);
        return;
    }

    job->writer = w;
    job->next = NULL;

    *w->last = job;
    w->last = &job->next;
    w->waiting++;

    if (w->batch == NULL) {
        ngx_http_keygate_write_next(w);
    }
}


static ngx_http_keygate_writer_t *
ngx_http_keygate_writer_get(ngx_http_keygate_zone_t *zone)
{
    keygate_str_t               pepper;
    ngx_pool_cleanup_t         *cln;
    ngx_http_keygate_writer_t  *w;

    if (zone->writer) {
        return zone->writer;
    }

    cln = ngx_pool_cleanup_add(zone->cycle->pool,
                               sizeof(ngx_http_keygate_writer_t));
    if (cln == NULL) {
        return NULL;
    }

    w = cln->data;
    ngx_memzero(w, sizeof(ngx_http_keygate_writer_t));
    cln->handler = ngx_http_keygate_writer_cleanup;

    pepper.len = zone->pepper.len;
    pepper.data = zone->pepper.data;

    w->zone = zone;
    w->last = &w->queue;
    w->journal = ngx_http_keygate_journal_follower(zone);
    w->digester = keygate_digester_create(pepper);
    w->task = ngx_http_keygate_thread_create(w, ngx_http_keygate_batch,
                                             ngx_http_keygate_write_done);

    if (w->journal == NULL || w->digester == NULL || w->task == NULL) {
        ngx_http_keygate_writer_cleanup(w);
        return NULL;
    }

    zone->writer = w;

    return w;
}


static void
ngx_http_keygate_writer_cleanup(void *data)
{
    ngx_http_keygate_writer_t *w = data;

    ngx_http_keygate_store_writer_cleanup(w);

    keygate_journal_destroy(w->journal);
    w->journal = NULL;

    if (w->digester) {
        keygate_digester_destroy(w->digester);
        w->digester = NULL;
    }

    ngx_http_keygate_thread_destroy(w->task);
    w->task = NULL;
}


static void
ngx_http_keygate_write_next(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_job_t  *job;

    w->batch = ngx_http_keygate_write_take(w);

    if (w->batch == NULL) {
        return;
    }

    w->now = ngx_http_keygate_clock_now(w->zone);

    if (ngx_http_keygate_thread_post(w->zone->store
                                     ? ngx_http_keygate_store_pool(w->zone)
                                     : w->batch->admin->threads, w->task)
        == NGX_OK)
    {
        return;
    }

    for (job = w->batch; job; job = job->next) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The gateway is too busy: try again.");
    }

    w->failed = NULL;
    w->refused[0] = '\0';
    w->full = 0;

    ngx_http_keygate_write_done(w);
}


/* Takes what may go together off the queue, in its order. */

static ngx_http_keygate_job_t *
ngx_http_keygate_write_take(ngx_http_keygate_writer_t *w)
{
    ngx_uint_t                n;
    ngx_http_keygate_job_t   *job, *batch, **slot, **tail;

    batch = NULL;
    tail = &batch;
    n = 0;

    for (slot = &w->queue; *slot; /* void */ ) {
        job = *slot;

        if (!ngx_http_keygate_write_fits(batch, n, job)) {

            /* nobody overtakes a job that must be alone, or never would it */

            if (job->action->alone) {
                break;
            }

            slot = &job->next;
            continue;
        }

        *slot = job->next;
        job->next = NULL;
        *tail = job;
        tail = &job->next;
        n++;
    }

    while (*slot) {
        slot = &(*slot)->next;
    }

    w->last = slot;
    w->waiting -= n;

    return batch;
}


static ngx_uint_t
ngx_http_keygate_write_fits(ngx_http_keygate_job_t *batch, ngx_uint_t n,
    ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_job_t  *other;

    if (batch == NULL) {
        return 1;
    }

    if (n == NGX_HTTP_KEYGATE_BATCH_MAX || job->action->alone
        || batch->action->alone)
    {
        return 0;
    }

    /* keys and accounts of one id are taken for the same: no harm done */

    for (other = batch; job->id[0] && other; other = other->next) {
        if (ngx_strcmp(other->id, job->id) == 0) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_keygate_write_done(void *data)
{
    ngx_http_keygate_writer_t *w = data;

    ngx_http_keygate_job_t  *job, *next;

    ngx_http_keygate_write_log(w);

    job = w->batch;
    w->batch = NULL;

    /* the next batch is at the disk while this one is answered */

    ngx_http_keygate_write_next(w);

    for ( /* void */ ; job; job = next) {
        next = job->next;

        if (job->written || job->unsure) {
            ngx_http_keygate_audit(job);
        }

        if (!ngx_http_keygate_receipts_wait(job)) {
            ngx_http_keygate_answer_done(job);
        }
    }
}


static void
ngx_http_keygate_write_log(ngx_http_keygate_writer_t *w)
{
    if (w->full) {
        ngx_http_keygate_room_full(w->zone);
    }

    if (w->refused[0]) {
        (void) ngx_atomic_fetch_add(&w->zone->shared->write_errors, 1);

        ngx_http_keygate_store_refused(w);
        return;
    }

    if (w->failed == NULL) {
        return;
    }

    (void) ngx_atomic_fetch_add(&w->zone->shared->write_errors, 1);

    if (w->locked) {
        ngx_log_error(NGX_LOG_CRIT, w->zone->log, 0,
                      "keygate zone \"%V\": changes were refused, process %P "
                      "holds the lock of the journal \"%V\" for more than "
                      "five seconds; let it go on, or end it",
                      &w->zone->name, w->holder, &w->zone->journal);
        return;
    }

    ngx_log_error(NGX_LOG_CRIT, w->zone->log, w->err,
                  "keygate zone \"%V\": changes were refused, cannot %s the "
                  "journal \"%V\"; look at the disk and at its permissions",
                  &w->zone->name, w->failed, &w->zone->journal);
}
