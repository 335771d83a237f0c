/*
 * After a batch was written, to the journal or to a store: it is counted, and
 * its jobs are looked at once more, for an answer must not claim that
 * something is in force which is not.
 */

#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_metrics.h"

#include <time.h>


static void ngx_http_keygate_batch_shown(ngx_http_keygate_job_t *job);
static ngx_uint_t ngx_http_keygate_batch_held(ngx_http_keygate_job_t *job);


void
ngx_http_keygate_written_count(ngx_http_keygate_writer_t *w, ngx_uint_t lines,
    struct timespec *from)
{
    int64_t                     us;
    ngx_uint_t                  i;
    struct timespec             to;
    ngx_http_keygate_shared_t  *shared;

    (void) clock_gettime(CLOCK_MONOTONIC, &to);

    us = (int64_t) (to.tv_sec - from->tv_sec) * 1000000
         + (to.tv_nsec - from->tv_nsec) / 1000;

    shared = w->zone->shared;

    for (i = 0; i < NGX_HTTP_KEYGATE_LATENCIES - 1; i++) {
        if (us <= (int64_t) ngx_http_keygate_latencies[i]) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&shared->writes, 1);
    (void) ngx_atomic_fetch_add(&shared->written, lines);
    (void) ngx_atomic_fetch_add(&shared->write_us, us);
    (void) ngx_atomic_fetch_add(&shared->write_bucket[i], 1);
}


/* An answer must not claim that something is in force which is not: a table
 * that had no room has left a line out, and what could not be read back, for
 * want of memory, is left to whoever follows the journal. */

void
ngx_http_keygate_written_verify(ngx_http_keygate_writer_t *w,
    keygate_rc_t applied)
{
    ngx_http_keygate_job_t  *job;

    for (job = w->batch; job; job = job->next) {

        if (job->line == NULL) {
            continue;
        }

        if (ngx_http_keygate_batch_held(job)) {
            ngx_http_keygate_batch_shown(job);
            continue;
        }

        if (applied != KEYGATE_OK) {
            ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                       "The change is in the journal, but could not be read "
                       "back yet: it will be in force within a second, or "
                       "when there is memory for it.");
            continue;
        }

        w->full = 1;
        ngx_http_keygate_result_fail(job, NGX_HTTP_INSUFFICIENT_STORAGE,
                       "The change is in the journal, but the zone has no "
                       "room for it: it will be in force when there is, and "
                       "until then the record opens nothing.");
    }
}


/* What is left of a new key's limits, which may be its account's, only the
 * table knows, and only now. */

static void
ngx_http_keygate_batch_shown(ngx_http_keygate_job_t *job)
{
    if (job->made && job->text) {
        ngx_http_keygate_result_again(job,
                  ngx_http_keygate_admin_view(job, KEYGATE_KEY, job->made));
    }
}


static ngx_uint_t
ngx_http_keygate_batch_held(ngx_http_keygate_job_t *job)
{
    uint64_t            at;
    keygate_rc_t        rc;
    keygate_str_t       id;
    keygate_key_t       key;
    keygate_table_t    *table;
    keygate_account_t   account;

    table = job->writer->zone->table;
    id = keygate_span(job->id);
    at = UINT64_MAX;

    if (job->kind == KEYGATE_KEY) {
        rc = keygate_table_find_id(table, id, &key);

        if (rc == KEYGATE_OK && !key.stale) {
            at = key.at;
        }

    } else {
        rc = keygate_table_find_account(table, id, &account);

        if (rc == KEYGATE_OK && !account.stale) {
            at = account.at;
        }
    }

    /* another node may have changed the record since */

    if (job->writer->zone->store && rc == KEYGATE_OK && at != UINT64_MAX
        && at > job->at)
    {
        return 1;
    }

    return job->gone ? (rc == KEYGATE_NONE)
                     : (rc == KEYGATE_OK && at == job->at);
}
