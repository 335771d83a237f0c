/*
 * Whether a zone is full: what is logged of it, once until there is room
 * again.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_FULL   10    /* s between two alerts, at least */


void
ngx_http_keygate_room_full(ngx_http_keygate_zone_t *zone)
{
    if (!ngx_atomic_cmp_set(&zone->shared->full, 0,
                            (ngx_atomic_uint_t) ngx_time()))
    {
        zone->shared->full = (ngx_atomic_uint_t) ngx_time();
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, zone->log, 0,
                  "keygate zone \"%V\" is full: new keys are not accepted; "
                  "raise its size in %V:%ui and reload",
                  &zone->name, &zone->where.file, zone->where.line);
}


void
ngx_http_keygate_room_again(ngx_http_keygate_zone_t *zone)
{
    ngx_atomic_uint_t      full;
    keygate_table_stats_t  stats;

    full = zone->shared->full;

    if (full == 0
        || ngx_time() < (time_t) full + NGX_HTTP_KEYGATE_FULL)
    {
        return;
    }

    keygate_table_stats(zone->table, &stats);

    if (stats.used > stats.size / 10 * 9
        || !ngx_atomic_cmp_set(&zone->shared->full, full, 0))
    {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                  "keygate zone \"%V\" has room again: %uL of %uL bytes are "
                  "used", &zone->name, stats.used, stats.size);
}
