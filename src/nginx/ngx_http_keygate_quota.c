/*
 * Days and months that survive a restart: whatever worker finds that units
 * have been asked for puts them into the zone's JOURNAL.usage, in a thread, as
 * one batch for all; one process at a time is at it.  Who waits looks again by
 * itself.
 *
 * Where the file cannot be written, or the disk does not answer, requests go
 * on: they are counted as ever, and in the file as soon as that is possible.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_quota.h"


#if (NGX_THREADS)


#define NGX_HTTP_KEYGATE_QUOTA_PAUSE  200    /* ms, after a failure */
#define NGX_HTTP_KEYGATE_QUOTA_GROWN  1048576


static void ngx_http_keygate_quota_run(void *data);
static keygate_rc_t ngx_http_keygate_quota_batch(ngx_http_keygate_keeper_t *k,
    uint32_t *cursor);
static void ngx_http_keygate_quota_done(void *data);
static void ngx_http_keygate_quota_told(ngx_http_keygate_keeper_t *k);
static void ngx_http_keygate_quota_grown(ngx_http_keygate_keeper_t *k);
static void ngx_http_keygate_quota_rewrite(void *data);
static void ngx_http_keygate_quota_rewritten(void *data);


ngx_int_t
ngx_http_keygate_quota_start(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_keeper_t  *k;

    k = calloc(1, sizeof(ngx_http_keygate_keeper_t));
    if (k == NULL) {
        return NGX_ERROR;
    }

    k->zone = zone;
    k->file = ngx_http_keygate_quota_file(zone);
    k->anew = ngx_http_keygate_quota_file(zone);
    k->task = ngx_http_keygate_thread_create(k, ngx_http_keygate_quota_run,
                                             ngx_http_keygate_quota_done);
    k->rewriting = ngx_http_keygate_thread_create(k,
                                             ngx_http_keygate_quota_rewrite,
                                             ngx_http_keygate_quota_rewritten);

    k->giving = ngx_http_keygate_thread_create(k, ngx_http_keygate_quota_give,
                                               ngx_http_keygate_quota_done);
    zone->keeping = k;

    if (k->file == NULL || k->anew == NULL || k->task == NULL
        || k->rewriting == NULL || k->giving == NULL)
    {
        return NGX_ERROR;
    }

    ngx_http_keygate_quota_back_start(k);

    return NGX_OK;
}


/* What a thread is at is left to it. */

void
ngx_http_keygate_quota_stop(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_keeper_t *k = zone->keeping;

    if (k == NULL) {
        return;
    }

    zone->keeping = NULL;

    ngx_http_keygate_quota_back_stop(k);

    if (k->busy || k->busy_anew) {
        return;
    }

    if (k->file) {
        keygate_saved_destroy(k->file);
    }

    if (k->anew) {
        keygate_saved_destroy(k->anew);
    }

    ngx_http_keygate_thread_destroy(k->task);
    ngx_http_keygate_thread_destroy(k->rewriting);

    if (k->giving) {
        ngx_http_keygate_thread_destroy(k->giving);
    }

    free(k);
}


void
ngx_http_keygate_quota_post(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_keeper_t *k = zone->keeping;

    if (k == NULL || k->busy
        || (k->rc != KEYGATE_OK
            && ngx_http_keygate_clock_now(zone).ms - k->failed_at
               < NGX_HTTP_KEYGATE_QUOTA_PAUSE)
        || !ngx_http_keygate_quota_claim(&zone->quotas->keeper))
    {
        return;
    }

    if (ngx_http_keygate_thread_post(zone->threads, k->task) != NGX_OK) {
        ngx_http_keygate_quota_let_go(&zone->quotas->keeper);
        return;
    }

    k->busy = 1;
}


static void
ngx_http_keygate_quota_run(void *data)
{
    ngx_http_keygate_keeper_t *k = data;

    uint32_t           cursor;
    keygate_quotas_t  *quotas;

    quotas = k->zone->quotas;
    cursor = 0;

    k->untold = 0;

    __atomic_store_n(&quotas->asked, 0, __ATOMIC_SEQ_CST);

    do {
        k->rc = ngx_http_keygate_quota_batch(k, &cursor);

    } while (k->rc == KEYGATE_OK && cursor < KEYGATE_QUOTA_SLOTS);

    k->err = ngx_errno;
}


static keygate_rc_t
ngx_http_keygate_quota_batch(ngx_http_keygate_keeper_t *k, uint32_t *cursor)
{
    int                         anew;
    uint32_t                    count;
    uint64_t                    written;
    ngx_uint_t                  i, n;
    keygate_rc_t                rc;
    keygate_now_t               now;
    keygate_meter_t            *meter;
    keygate_quotas_t           *quotas;
    ngx_http_keygate_kept_t    *kept;
    ngx_http_keygate_zone_t    *zone;

    zone = k->zone;
    quotas = zone->quotas;
    now = ngx_http_keygate_clock_now(zone);
    n = 0;

    while (n < NGX_HTTP_KEYGATE_QUOTA_BATCH) {
        kept = &k->kept[n];

        if (!keygate_quota_next(quotas->slots, cursor, &kept->quota)) {
            break;
        }

        meter = keygate_table_meter(zone->table, kept->quota.ref, 0);
        kept->ceiling = keygate_quota_ceiling(meter, &kept->quota,
                                              &kept->saved, &count);

        if (keygate_saved_add(k->file, zone->table, &kept->quota, kept->saved,
                              count, kept->ceiling, &now)
            == KEYGATE_OK)
        {
            n++;

        } else {
            keygate_quota_failed(meter, kept->saved);
        }
    }

    rc = keygate_saved_write(k->file, &now, &anew, &written);

    if (anew) {
        k->missing = 1;
    }

    for (i = 0; i < n; i++) {
        kept = &k->kept[i];
        meter = keygate_table_meter(zone->table, kept->quota.ref, 0);

        if (rc != KEYGATE_OK) {
            keygate_quota_failed(meter, kept->saved);

            continue;
        }

        if (keygate_quota_saved(meter, kept->saved, kept->ceiling)) {
            keygate_quota_again(quotas, meter, &kept->quota,
                                ngx_http_keygate_clock_now(zone).ms);
        }

        if (keygate_quota_ahead(meter) > kept->quota.step) {
            k->later |= keygate_quota_later(quotas, &kept->quota);
        }
    }

    (void) __atomic_fetch_add(&quotas->written, written, __ATOMIC_RELAXED);
    (void) __atomic_fetch_add(&quotas->lines, rc == KEYGATE_OK ? n : 0,
                              __ATOMIC_RELAXED);

    return rc;
}


static void
ngx_http_keygate_quota_done(void *data)
{
    ngx_http_keygate_keeper_t *k = data;

    ngx_http_keygate_zone_t  *zone;

    zone = k->zone;
    k->busy = 0;

    ngx_http_keygate_quota_let_go(&zone->quotas->keeper);

    if (!k->untold) {
        ngx_http_keygate_quota_told(k);
    }

    if (zone->keeping != k) {
        return;
    }

    ngx_http_keygate_quota_grown(k);
    ngx_http_keygate_quota_back(k);

    if (__atomic_load_n(&zone->quotas->asked, __ATOMIC_RELAXED)) {
        ngx_http_keygate_quota_post(zone);
    }
}


/* Once for all workers. */

static void
ngx_http_keygate_quota_told(ngx_http_keygate_keeper_t *k)
{
    uint32_t                  was;
    ngx_http_keygate_zone_t  *zone;

    zone = k->zone;
    was = __atomic_exchange_n(&zone->quotas->down, k->rc != KEYGATE_OK,
                              __ATOMIC_RELAXED);

    if (k->rc == KEYGATE_OK) {
        if (was) {
            ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                          "keygate zone \"%V\": \"%s\" is written again",
                          &zone->name, keygate_saved_path(k->file));
        }

        return;
    }

    k->failed_at = ngx_http_keygate_clock_now(zone).ms;
    (void) __atomic_fetch_add(&zone->quotas->failures, 1, __ATOMIC_RELAXED);

    if (!was) {
        ngx_log_error(NGX_LOG_ERR, zone->log, k->err,
                      "keygate zone \"%V\" cannot write \"%s\": requests go "
                      "on and are counted, but what they use of a day or a "
                      "month is forgotten if nginx ends before the workers "
                      "can write it, and make files beside it",
                      &zone->name, keygate_saved_path(k->file));
    }
}


/* A file that has grown to twice its size is written anew, and so is what an
 * earlier life has left. */

static void
ngx_http_keygate_quota_grown(ngx_http_keygate_keeper_t *k)
{
    uint64_t           written, rewritten;
    keygate_quotas_t  *quotas;

    quotas = k->zone->quotas;
    written = __atomic_load_n(&quotas->written, __ATOMIC_RELAXED);
    rewritten = __atomic_load_n(&quotas->rewritten, __ATOMIC_RELAXED);

    if (k->rc != KEYGATE_OK || k->busy_anew
        || (!k->missing && rewritten != 0
            && written < rewritten + NGX_HTTP_KEYGATE_QUOTA_GROWN)
        || !ngx_http_keygate_quota_claim(&quotas->rewriter))
    {
        return;
    }

    if (ngx_http_keygate_thread_post(k->zone->threads, k->rewriting)
        != NGX_OK)
    {
        ngx_http_keygate_quota_let_go(&quotas->rewriter);
        return;
    }

    k->missing = 0;
    k->busy_anew = 1;
}


static void
ngx_http_keygate_quota_rewrite(void *data)
{
    ngx_http_keygate_keeper_t *k = data;

    uint64_t           size;
    keygate_now_t      now;
    keygate_quotas_t  *quotas;

    quotas = k->zone->quotas;
    now = ngx_http_keygate_clock_now(k->zone);
    size = 0;

    __atomic_store_n(&quotas->written, 0, __ATOMIC_RELAXED);

    k->rc_anew = keygate_saved_rewrite(k->anew, k->zone->table, &now, &size);
    k->err_anew = ngx_errno;

    __atomic_store_n(&quotas->rewritten,
                     size > NGX_HTTP_KEYGATE_QUOTA_GROWN
                     ? size : NGX_HTTP_KEYGATE_QUOTA_GROWN, __ATOMIC_RELAXED);
}


static void
ngx_http_keygate_quota_rewritten(void *data)
{
    ngx_http_keygate_keeper_t *k = data;

    k->busy_anew = 0;

    ngx_http_keygate_quota_let_go(&k->zone->quotas->rewriter);

    if (k->rc_anew == KEYGATE_FULL || k->rc_anew == KEYGATE_IO
        || k->rc_anew == KEYGATE_NOMEM)
    {
        ngx_log_error(NGX_LOG_WARN, k->zone->log, k->err_anew,
                      "keygate zone \"%V\" cannot write a new file in place "
                      "of \"%s\", which grows until the workers, who must be "
                      "its owner, can make files beside it",
                      &k->zone->name, keygate_saved_path(k->anew));
    }
}


#endif
