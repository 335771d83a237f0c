/*
 * One batch of changes, in a thread: under the journal's lock all lines are
 * made from what the table and the file hold, written and synced in one go,
 * and applied; then the answers may leave.  The zone's lock is taken for no
 * longer than applying takes.
 */

#include "ngx_http_keygate_admin.h"

#include <time.h>


static keygate_rc_t ngx_http_keygate_batch_apply(ngx_http_keygate_writer_t *w,
    uint64_t end);
static keygate_rc_t ngx_http_keygate_batch_append(ngx_http_keygate_writer_t *w,
    uint64_t *end);
static void ngx_http_keygate_batch_elsewhere(ngx_http_keygate_writer_t *w,
    keygate_rc_t applied);
static void ngx_http_keygate_batch_failed(ngx_http_keygate_writer_t *w,
    keygate_rc_t rc, const char *what);


void
ngx_http_keygate_batch(void *data)
{
    ngx_http_keygate_writer_t *w = data;

    uint64_t                 end;
    keygate_rc_t             rc;
    ngx_http_keygate_job_t  *job;

    if (w->zone->store) {
        ngx_http_keygate_store_batch(w);
        return;
    }

    w->fresh = 0;
    w->failed = NULL;
    w->full = 0;
    w->locked = 0;

    rc = ngx_http_keygate_batch_begin(w);

    if (rc != KEYGATE_OK) {
        ngx_http_keygate_batch_failed(w, rc, "open");
        return;
    }

    /* what others have written is to be seen first */

    rc = ngx_http_keygate_batch_apply(w, 0);

    if (rc != KEYGATE_OK) {
        ngx_http_keygate_batch_failed(w, rc, "read");
        keygate_journal_end(w->journal);
        return;
    }

    for (job = w->batch; job; job = job->next) {
        job->journal = w->journal;
        job->action->run(job);
        job->journal = NULL;

        w->fresh += job->fresh && job->line;
    }

    rc = ngx_http_keygate_batch_append(w, &end);

    if (rc == KEYGATE_OK && end) {
        ngx_http_keygate_written_verify(w,
                                     ngx_http_keygate_batch_apply(w, end));
        ngx_http_keygate_batch_elsewhere(w,
                                     ngx_http_keygate_others_apply(w, end));
    }

    if (rc != KEYGATE_OK) {
        ngx_http_keygate_batch_failed(w, rc, "write");

        ngx_http_keygate_lock(w->zone);
        keygate_journal_disown(w->journal, w->zone->table, &w->now);
        ngx_http_keygate_lock_release(w->zone);

        ngx_http_keygate_others_disown(w);
    }

    keygate_journal_end(w->journal);
}


/* The oldest job waits no longer for somebody else's lock than it may, with
 * what it has waited for the batch before. */

keygate_rc_t
ngx_http_keygate_batch_begin(ngx_http_keygate_writer_t *w)
{
    uint64_t      waited;
    ngx_err_t     err;
    keygate_rc_t  rc;

    waited = w->now.ms - w->batch->now.ms;

    keygate_journal_patience(w->journal,
                             (waited < NGX_HTTP_KEYGATE_LOCK_WAIT)
                             ? NGX_HTTP_KEYGATE_LOCK_WAIT - waited : 1);

    rc = keygate_journal_begin(w->journal);
    err = ngx_errno;

    w->holder = (rc == KEYGATE_IO) ? keygate_journal_holder(w->journal) : 0;
    w->locked = (rc == KEYGATE_IO && err == EWOULDBLOCK);

    ngx_set_errno(err);

    return rc;
}


static keygate_rc_t
ngx_http_keygate_batch_apply(ngx_http_keygate_writer_t *w, uint64_t end)
{
    ngx_err_t     err;
    keygate_rc_t  rc;

    ngx_http_keygate_lock(w->zone);
    rc = keygate_journal_catch_up(w->journal, w->zone->table, end, &w->now);
    err = ngx_errno;
    ngx_http_keygate_lock_release(w->zone);

    ngx_set_errno(err);

    if (rc == KEYGATE_FULL) {
        w->full = 1;
        rc = KEYGATE_OK;
    }

    return rc;
}


/* Writes all lines; *end is 0 where there are none. */

static keygate_rc_t
ngx_http_keygate_batch_append(ngx_http_keygate_writer_t *w, uint64_t *end)
{
    size_t                   len;
    u_char                  *data, *p;
    uint64_t                 at;
    ngx_err_t                err;
    ngx_uint_t               n;
    keygate_rc_t             rc;
    keygate_str_t            lines;
    struct timespec          from;
    ngx_http_keygate_job_t  *job;

    *end = 0;

    for (len = 0, n = 0, job = w->batch; job; job = job->next) {
        if (job->line) {
            len += job->line_len;
            n++;
        }
    }

    if (n == 0) {
        return KEYGATE_OK;
    }

    data = malloc(len);
    if (data == NULL) {
        return KEYGATE_NOMEM;
    }

    for (p = data, job = w->batch; job; job = job->next) {
        if (job->line) {
            job->at = p - data;
            p = ngx_cpymem(p, job->line, job->line_len);
        }
    }

    lines.data = data;
    lines.len = len;

    (void) clock_gettime(CLOCK_MONOTONIC, &from);

    rc = keygate_journal_append(w->journal, lines, &at, end);
    err = ngx_errno;

    free(data);

    if (rc != KEYGATE_OK) {
        ngx_set_errno(err);
        return rc;
    }

    for (job = w->batch; job; job = job->next) {
        job->at += at;
        job->written = (job->line != NULL);
    }

    ngx_http_keygate_written_count(w, n, &from);

    return KEYGATE_OK;
}


/* The same for other zones over this journal. */

static void
ngx_http_keygate_batch_elsewhere(ngx_http_keygate_writer_t *w,
    keygate_rc_t applied)
{
    ngx_http_keygate_job_t  *job;

    for (job = w->batch; job && applied != KEYGATE_OK; job = job->next) {
        if (job->line && job->status < NGX_HTTP_BAD_REQUEST) {
            ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                       "The change is in the journal, but another zone could "
                       "not read it yet: it will be in force there within a "
                       "second, or when there is memory for it.");
        }
    }
}


/* Nothing has changed: whoever was promised something is told so. */

static void
ngx_http_keygate_batch_failed(ngx_http_keygate_writer_t *w, keygate_rc_t rc,
    const char *what)
{
    ngx_uint_t               status;
    ngx_http_keygate_job_t  *job;

    w->err = (rc == KEYGATE_IO || rc == KEYGATE_FULL || rc == KEYGATE_NONE)
             ? ngx_errno : 0;
    w->failed = what;

    status = (rc == KEYGATE_FULL) ? NGX_HTTP_INSUFFICIENT_STORAGE
                                  : NGX_HTTP_SERVICE_UNAVAILABLE;

    for (job = w->batch; job; job = job->next) {

        if (job->status >= NGX_HTTP_BAD_REQUEST
            || (job->status && job->line == NULL))
        {
            continue;
        }

        ngx_http_keygate_result_fail(job, status,
                                     (rc == KEYGATE_FULL)
                                     ? "There is no room for the journal on "
                                       "the disk: nothing has changed."
                                     : w->locked
                                     ? "Somebody else holds the journal's "
                                       "lock: nothing has changed; try again."
                                     : "The journal cannot be written: nothing "
                                       "has changed.");
    }
}


ngx_uint_t
ngx_http_keygate_batch_has(ngx_http_keygate_job_t *job, const char *id)
{
    ngx_http_keygate_job_t  *other;

    for (other = job->writer->batch; other != job; other = other->next) {
        if (ngx_strcmp(other->id, id) == 0) {
            return 1;
        }
    }

    return 0;
}
