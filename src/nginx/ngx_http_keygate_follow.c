/*
 * A zone follows its journal: one worker at a time looks at the file by a
 * timer, and applies what is new in slices.
 */

#include "ngx_http_keygate_metrics.h"
#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_POLL   200   /* ms between looks at the file */
#define NGX_HTTP_KEYGATE_SLICE  256   /* lines, about a millisecond */
#define NGX_HTTP_KEYGATE_PAUSE  1     /* ms between slices */

#ifndef NGX_ENODATA
#define NGX_ENODATA             ENODATA
#endif


static ngx_uint_t ngx_http_keygate_zone_idle(ngx_http_keygate_zone_t *zone,
    ngx_uint_t grown, keygate_now_t *now);
static void ngx_http_keygate_zone_lost(ngx_http_keygate_zone_t *zone,
    keygate_rc_t rc, ngx_err_t err);


void
ngx_http_keygate_follow(ngx_event_t *ev)
{
    ngx_msec_t                delay;
    ngx_http_keygate_zone_t  *zone;

    zone = ev->data;
    delay = NGX_HTTP_KEYGATE_POLL;

    switch (ngx_http_keygate_follow_look(zone)) {

    case NGX_OK:
        ngx_http_keygate_metrics_watch(zone);
        break;

    case NGX_AGAIN:
        delay = NGX_HTTP_KEYGATE_PAUSE;
        break;
    }

    ngx_add_timer(ev, delay);
}


ngx_int_t
ngx_http_keygate_follow_look(ngx_http_keygate_zone_t *zone)
{
    ngx_err_t      err;
    keygate_rc_t   rc;
    ngx_uint_t     grown;
    keygate_now_t  now;

    if (zone->follower == NULL || !ngx_http_keygate_journal_owns(zone)) {
        return NGX_DECLINED;
    }

    now = ngx_http_keygate_clock_now(zone);
    grown = ngx_http_keygate_journal_grown(zone);

    if (ngx_http_keygate_zone_idle(zone, grown, &now)) {
        return NGX_OK;
    }

    if (ngx_http_keygate_lock_try(zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = grown ? keygate_journal_refresh(zone->follower, zone->table,
                                         NGX_HTTP_KEYGATE_SLICE, &now)
               : keygate_journal_follow(zone->follower, zone->table,
                                        NGX_HTTP_KEYGATE_SLICE, &now);
    err = ngx_errno;

    ngx_http_keygate_lock_release(zone);

    switch (rc) {

    case KEYGATE_FULL:
        ngx_http_keygate_room_full(zone);
        /* fall through */

    case KEYGATE_OK:
    case KEYGATE_AGAIN:
        zone->failed = 0;
        zone->shared->up = 1;

        return rc == KEYGATE_OK ? NGX_OK : NGX_AGAIN;

    default:
        zone->shared->up = 0;

        if (zone->failed != err) {
            zone->failed = err;
            ngx_http_keygate_zone_lost(zone, rc, err);
        }

        return NGX_DECLINED;
    }
}


/* Whether there is nothing to do. */

static ngx_uint_t
ngx_http_keygate_zone_idle(ngx_http_keygate_zone_t *zone, ngx_uint_t grown,
    keygate_now_t *now)
{
    keygate_position_t  *position;

    position = keygate_table_position(zone->table);

    if (keygate_table_again_due(zone->table)
        || keygate_table_missed_due(zone->table))
    {
        return 0;
    }

    if (grown) {
        return 1;
    }

    if (keygate_journal_changed(zone->follower, position)
        || keygate_journal_unsettled(position, now))
    {
        return 0;
    }

    zone->reported = 0;
    zone->failed = 0;
    zone->shared->up = 1;
    ngx_http_keygate_room_again(zone);

    return 1;
}


/* Says why the keys stay as they are. */

static void
ngx_http_keygate_zone_lost(ngx_http_keygate_zone_t *zone, keygate_rc_t rc,
    ngx_err_t err)
{
    if (rc == KEYGATE_NONE && err == NGX_ENODATA) {
        ngx_log_error(NGX_LOG_ERR, zone->log, 0,
                      "keygate zone \"%V\" cannot follow \"%V\": there is no "
                      "record in it any more; the keys stay as they are, and "
                      "changes are refused, until there is",
                      &zone->name, &zone->journal);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, zone->log, (rc == KEYGATE_NOMEM) ? 0 : err,
                  "keygate zone \"%V\" cannot follow \"%V\": the keys stay as "
                  "they are until the user of the workers may read it",
                  &zone->name, &zone->journal);
}
