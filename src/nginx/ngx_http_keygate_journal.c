/*
 * A zone and its journal: loaded when there is no table to take over, or
 * caught up with at a reload.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_TRIES         1000  /* at a reload, 1 ms each */


static void ngx_http_keygate_journal_reject_first(void *data, uint64_t line,
    const keygate_fault_t *fault);
static void ngx_http_keygate_journal_reject_last(void *data, uint64_t line,
    const keygate_fault_t *fault);
static ngx_uint_t ngx_http_keygate_zone_strange(ngx_http_keygate_zone_t *zone);
static keygate_rc_t ngx_http_keygate_zone_read(ngx_http_keygate_zone_t *zone,
    keygate_journal_t *j, ngx_uint_t tries, uint64_t *full);


/* Lines that find no room at first are told of when they have found none in
 * the end. */

static void
ngx_http_keygate_journal_reject_first(void *data, uint64_t line,
    const keygate_fault_t *fault)
{
    if (!fault->late) {
        ngx_http_keygate_journal_reject(data, line, fault);
    }
}


static void
ngx_http_keygate_journal_reject_last(void *data, uint64_t line,
    const keygate_fault_t *fault)
{
    if (fault->late) {
        ngx_http_keygate_journal_reject(data, line, fault);
    }
}


ngx_int_t
ngx_http_keygate_journal_load(ngx_http_keygate_zone_t *zone, ngx_uint_t last)
{
    uint64_t                 full;
    ngx_msec_t               start;
    keygate_rc_t             rc;
    keygate_journal_t       *j;
    keygate_position_t      *position;
    keygate_table_stats_t    stats;
    keygate_journal_conf_t   conf;

    if (zone->journal.len == 0) {
        return NGX_OK;
    }

    ngx_http_keygate_journal_reads(zone, &conf);

    conf.told = NULL;
    conf.last = (last != 0);
    conf.reject = last ? ngx_http_keygate_journal_reject_last
                       : ngx_http_keygate_journal_reject_first;

    j = keygate_journal_create((char *) zone->journal.data, &conf);
    if (j == NULL) {
        return NGX_ERROR;
    }

    ngx_time_update();
    start = ngx_current_msec;

    rc = ngx_http_keygate_zone_read(zone, j, 0, &full);

    if (rc != KEYGATE_OK && rc != KEYGATE_NONE) {
        ngx_log_error(NGX_LOG_EMERG, zone->log,
                      (rc == KEYGATE_IO) ? ngx_errno : 0,
                      "cannot read the journal \"%V\" of keygate zone \"%V\" "
                      "in %V:%ui", &zone->journal, &zone->name,
                      &zone->where.file, zone->where.line);
        keygate_journal_destroy(j);
        return NGX_ERROR;
    }

    keygate_journal_destroy(j);

    position = keygate_table_position(zone->table);
    keygate_table_stats(zone->table, &stats);
    ngx_time_update();

    if (full && !last) {
        return NGX_DECLINED;
    }

    if (full) {
        ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                      "keygate zone \"%V\" of %uz bytes is too small for its "
                      "journal \"%V\": %uL keys fit; expected at least %uzk "
                      "in %V:%ui",
                      &zone->name, zone->shm_zone->shm.size, &zone->journal,
                      stats.keys,
                      ngx_http_keygate_need_room(zone) / 1024 + 1,
                      &zone->where.file, zone->where.line);
        return NGX_ERROR;
    }

    if (position->applied == 0 && ngx_http_keygate_zone_strange(zone)) {
        ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                      "no line of \"%V\" is a record: it is not the journal "
                      "of keygate zone \"%V\", expected a journal or an empty "
                      "file in %V:%ui", &zone->journal, &zone->name,
                      &zone->where.file, zone->where.line);
        return NGX_ERROR;
    }

    zone->shared->up = 1;

    ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                  "keygate zone \"%V\": %uL keys and %uL accounts loaded from "
                  "\"%V\" in %M ms, %uL lines rejected, %uL of %uL bytes used",
                  &zone->name, stats.keys, stats.accounts, &zone->journal,
                  ngx_current_msec - start, position->rejected, stats.used,
                  stats.size);

    return NGX_OK;
}


/* Whether a file of which nothing was applied holds something nevertheless. */

static ngx_uint_t
ngx_http_keygate_zone_strange(ngx_http_keygate_zone_t *zone)
{
    ngx_file_info_t      fi;
    keygate_position_t  *position;

    position = keygate_table_position(zone->table);

    return position->rejected != 0
           || (ngx_file_info(zone->journal.data, &fi) != NGX_FILE_ERROR
               && (uint64_t) ngx_file_size(&fi) > position->offset);
}


void
ngx_http_keygate_journal_catch_up(ngx_http_keygate_zone_t *zone)
{
    uint64_t            full;
    ngx_uint_t          grown;
    keygate_now_t       now;
    keygate_journal_t  *j;

    if (zone->journal.len == 0 || !ngx_http_keygate_journal_owns(zone)) {
        return;
    }

    grown = ngx_http_keygate_journal_grown(zone);

    if (grown && !keygate_table_again_due(zone->table)
        && !keygate_table_missed_due(zone->table))
    {
        return;
    }

    j = ngx_http_keygate_journal_follower(zone);
    if (j == NULL) {
        return;
    }

    /* what cannot be read now is left to the workers, who tell of it */

    if (grown) {
        now = ngx_http_keygate_clock_now(zone);

        ngx_http_keygate_lock(zone);
        (void) keygate_journal_refresh(j, zone->table, 0, &now);
        ngx_http_keygate_lock_release(zone);

        keygate_journal_destroy(j);
        return;
    }

    (void) ngx_http_keygate_zone_read(zone, j, NGX_HTTP_KEYGATE_TRIES, &full);

    keygate_journal_destroy(j);

    if (full) {
        ngx_http_keygate_room_full(zone);
    }
}


/* Reads up to the end; where somebody is writing it waits, for there is no
 * event loop here: "tries" times, or as long as it takes when that is 0. */

static keygate_rc_t
ngx_http_keygate_zone_read(ngx_http_keygate_zone_t *zone,
    keygate_journal_t *j, ngx_uint_t tries, uint64_t *full)
{
    keygate_rc_t   rc;
    keygate_now_t  now;

    now = ngx_http_keygate_clock_now(zone);
    *full = 0;

    for ( ;; ) {
        ngx_http_keygate_lock(zone);
        rc = keygate_journal_follow(j, zone->table, 0, &now);
        ngx_http_keygate_lock_release(zone);

        if (rc == KEYGATE_FULL) {
            (*full)++;
            continue;
        }

        if (rc != KEYGATE_AGAIN || --tries == 0) {
            return rc;
        }

        ngx_msleep(1);
    }
}
