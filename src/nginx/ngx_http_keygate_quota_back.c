/*
 * Units that JOURNAL.usage has ahead, and that nobody wants any more: soon
 * after a burst all but a step are given back, and at a clean end all of them.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_quota.h"


#if (NGX_THREADS)


#define NGX_HTTP_KEYGATE_QUOTA_SOON   150    /* ms after units were put in */
#define NGX_HTTP_KEYGATE_QUOTA_RETRY  40     /* ms, longer than a tick */
#define NGX_HTTP_KEYGATE_QUOTA_TURNS  16     /* of 5 ms each */


static ngx_uint_t ngx_http_keygate_quota_last(ngx_http_keygate_keeper_t *k);
static void ngx_http_keygate_quota_soon(ngx_event_t *ev);
static keygate_rc_t ngx_http_keygate_quota_give_batch(
    ngx_http_keygate_keeper_t *k, uint32_t *cursor);
static ngx_uint_t ngx_http_keygate_quota_past(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_kept_t *kept);


/* Whoever is the last to go knows it by the others' processes. */

void
ngx_http_keygate_quota_back_start(ngx_http_keygate_keeper_t *k)
{
    uint32_t           pid;
    ngx_uint_t         i;
    keygate_quotas_t  *quotas;

    k->timer.handler = ngx_http_keygate_quota_soon;
    k->timer.data = k;
    k->timer.log = k->zone->log;

    quotas = k->zone->quotas;

    for (i = 0; i < KEYGATE_QUOTA_PIDS; i++) {
        pid = __atomic_load_n(&quotas->pids[i], __ATOMIC_RELAXED);

        if (pid && (kill((pid_t) pid, 0) == 0 || ngx_errno != ESRCH)) {
            continue;
        }

        if (__atomic_compare_exchange_n(&quotas->pids[i], &pid,
                                        (uint32_t) ngx_pid, 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        {
            k->pid = &quotas->pids[i];
            break;
        }
    }

    if (k->pid == NULL) {
        __atomic_store_n(&quotas->crowded, 1, __ATOMIC_SEQ_CST);
    }

    /* what a worker that was killed has left */

    k->later = 1;
    ngx_http_keygate_quota_back(k);
}


void
ngx_http_keygate_quota_back_stop(ngx_http_keygate_keeper_t *k)
{
    keygate_now_t     now;
    keygate_saved_t  *file;

    if (k->timer.timer_set) {
        ngx_del_timer(&k->timer);
    }

    if (!ngx_http_keygate_quota_last(k)) {
        return;
    }

    /* the handles may be a thread's that never came back */

    file = ngx_http_keygate_quota_file(k->zone);
    if (file == NULL) {
        return;
    }

    now = ngx_http_keygate_clock_now(k->zone);

    if (keygate_saved_exact(file, k->zone->table, &now) != KEYGATE_OK) {
        ngx_log_error(NGX_LOG_WARN, k->zone->log, ngx_errno,
                      "keygate zone \"%V\" cannot write \"%s\" at its end: "
                      "up to a hundredth of each day and month counts as used",
                      &k->zone->name, keygate_saved_path(file));
    }

    keygate_saved_destroy(file);
}


static ngx_uint_t
ngx_http_keygate_quota_last(ngx_http_keygate_keeper_t *k)
{
    uint32_t           pid;
    ngx_uint_t         i;
    keygate_quotas_t  *quotas;

    quotas = k->zone->quotas;

    if (k->pid == NULL) {
        return 0;
    }

    __atomic_store_n(k->pid, 0, __ATOMIC_SEQ_CST);
    k->pid = NULL;

    for (i = 0; i < KEYGATE_QUOTA_PIDS; i++) {
        pid = __atomic_load_n(&quotas->pids[i], __ATOMIC_SEQ_CST);

        if (pid && (kill((pid_t) pid, 0) == 0 || ngx_errno != ESRCH)) {
            return 0;
        }
    }

    return !__atomic_load_n(&quotas->crowded, __ATOMIC_SEQ_CST)
           && !__atomic_load_n(&quotas->down, __ATOMIC_RELAXED);
}


void
ngx_http_keygate_quota_back(ngx_http_keygate_keeper_t *k)
{
    if (k->later && !k->timer.timer_set) {
        k->later = 0;
        ngx_add_timer(&k->timer, NGX_HTTP_KEYGATE_QUOTA_SOON);
    }
}


static void
ngx_http_keygate_quota_soon(ngx_event_t *ev)
{
    uint64_t                   *keeper;
    ngx_http_keygate_keeper_t  *k;

    k = ev->data;
    keeper = &k->zone->quotas->keeper;

    if (!k->busy && ngx_http_keygate_quota_claim(keeper)) {

        if (ngx_http_keygate_thread_post(k->zone->threads, k->giving)
            == NGX_OK)
        {
            k->busy = 1;
            return;
        }

        ngx_http_keygate_quota_let_go(keeper);
    }

    if (!ngx_exiting) {
        ngx_add_timer(ev, NGX_HTTP_KEYGATE_QUOTA_RETRY);
    }
}


/* Nobody writes the file anew meanwhile: it would say too soon what memory
 * says. */

void
ngx_http_keygate_quota_give(void *data)
{
    ngx_http_keygate_keeper_t *k = data;

    uint32_t   cursor;
    uint64_t  *rewriter;

    rewriter = &k->zone->quotas->rewriter;
    k->untold = 1;

    if (__atomic_load_n(&k->zone->quotas->down, __ATOMIC_RELAXED)
        || !ngx_http_keygate_quota_claim(rewriter))
    {
        k->later = 1;
        return;
    }

    cursor = 0;

    do {
        k->rc = ngx_http_keygate_quota_give_batch(k, &cursor);

    } while (k->rc == KEYGATE_OK && cursor < KEYGATE_QUOTA_SLOTS);

    k->err = ngx_errno;

    ngx_http_keygate_quota_let_go(rewriter);
}


static keygate_rc_t
ngx_http_keygate_quota_give_batch(ngx_http_keygate_keeper_t *k,
    uint32_t *cursor)
{
    int                       anew;
    uint32_t                  count;
    uint64_t                  written;
    ngx_uint_t                i, n;
    keygate_rc_t              rc;
    keygate_now_t             now;
    keygate_back_e            lowered;
    keygate_meter_t          *meter;
    keygate_quotas_t         *quotas;
    ngx_http_keygate_kept_t  *kept;
    ngx_http_keygate_zone_t  *zone;

    zone = k->zone;
    quotas = zone->quotas;
    now = ngx_http_keygate_clock_now(zone);
    n = 0;

    while (n < NGX_HTTP_KEYGATE_QUOTA_BATCH) {
        kept = &k->kept[n];

        if (!keygate_quota_next(quotas->later, cursor, &kept->quota)) {
            break;
        }

        meter = keygate_table_meter(zone->table, kept->quota.ref, 0);
        lowered = keygate_quota_lower(meter, kept->quota.step, &kept->back,
                                      &now);

        kept->later = (lowered == KEYGATE_BACK_LATER);
        n += (lowered != KEYGATE_BACK_NONE);
    }

    for (i = 0; i < n; i++) {
        kept = &k->kept[i];
        meter = keygate_table_meter(zone->table, kept->quota.ref, 0);

        if (!kept->later && !ngx_http_keygate_quota_past(zone, kept)) {
            keygate_quota_raise(meter, &kept->back);
            kept->later = 1;
        }

        if (kept->later) {
            k->later |= keygate_quota_later(quotas, &kept->quota);
            continue;
        }

        now = ngx_http_keygate_clock_now(zone);

        if (keygate_quota_lowered(meter, &kept->back, &count, &kept->ceiling))
        {
            (void) keygate_saved_add(k->file, zone->table, &kept->quota,
                                     kept->back.to, count, kept->ceiling,
                                     &now);
        }
    }

    rc = keygate_saved_write(k->file, &now, &anew, &written);

    if (rc != KEYGATE_OK || written != 0) {
        k->untold = 0;
    }

    if (anew) {
        k->missing = 1;
    }

    (void) __atomic_fetch_add(&quotas->written, written, __ATOMIC_RELAXED);

    return rc;
}


static ngx_uint_t
ngx_http_keygate_quota_past(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_kept_t *kept)
{
    ngx_uint_t        i;
    keygate_now_t     now;
    keygate_meter_t  *meter;

    meter = keygate_table_meter(zone->table, kept->quota.ref, 0);

    for (i = 0; i < NGX_HTTP_KEYGATE_QUOTA_TURNS; i++) {
        now = ngx_http_keygate_clock_now(zone);

        if (keygate_quota_past(meter, &kept->back, &now)) {
            return 1;
        }

        ngx_msleep(5);
    }

    return 0;
}


#endif
