/*
 * Other zones over the journal that a batch of changes was written to: they
 * have the changes in force before the answers leave, too, and what could not
 * be written is void for them as well.  In a thread, under the journal's lock;
 * of the zones' locks one is held at a time.
 */

#include "ngx_http_keygate_admin.h"


static ngx_uint_t ngx_http_keygate_other_is(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_zone_t *zone);
static keygate_rc_t ngx_http_keygate_other_apply(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_zone_t *zone, uint64_t end);
static void ngx_http_keygate_other_serve(keygate_journal_t *j,
    ngx_http_keygate_zone_t *zone);


keygate_rc_t
ngx_http_keygate_others_apply(ngx_http_keygate_writer_t *w, uint64_t end)
{
    ngx_uint_t                 i;
    keygate_rc_t               rc, failed;
    ngx_http_keygate_zone_t  **zones;

    failed = KEYGATE_OK;
    zones = w->zone->main->zones.elts;

    for (i = 0; i < w->zone->main->zones.nelts; i++) {

        if (!ngx_http_keygate_other_is(w, zones[i])) {
            continue;
        }

        rc = ngx_http_keygate_other_apply(w, zones[i], end);

        if (rc == KEYGATE_FULL) {
            ngx_http_keygate_room_full(zones[i]);

        } else if (rc != KEYGATE_OK) {
            failed = rc;
        }
    }

    return failed;
}


ngx_uint_t
ngx_http_keygate_others_room(ngx_http_keygate_writer_t *w,
    const keygate_record_t *record, ngx_uint_t n)
{
    ngx_uint_t                 i, room;
    ngx_http_keygate_zone_t  **zones;

    room = 1;
    zones = w->zone->main->zones.elts;

    for (i = 0; room && i < w->zone->main->zones.nelts; i++) {

        if (ngx_http_keygate_other_is(w, zones[i])) {
            ngx_http_keygate_lock(zones[i]);
            room = (keygate_table_room(zones[i]->table, record, n) != 0);
            ngx_http_keygate_lock_release(zones[i]);

            if (!room) {
                ngx_http_keygate_room_full(zones[i]);
            }
        }
    }

    return room;
}


void
ngx_http_keygate_others_disown(ngx_http_keygate_writer_t *w)
{
    ngx_uint_t                 i;
    keygate_now_t              now;
    ngx_http_keygate_zone_t  **zones;

    zones = w->zone->main->zones.elts;

    for (i = 0; i < w->zone->main->zones.nelts; i++) {

        if (ngx_http_keygate_other_is(w, zones[i])) {
            now = ngx_http_keygate_clock_now(zones[i]);

            ngx_http_keygate_lock(zones[i]);
            keygate_journal_disown(w->journal, zones[i]->table, &now);
            ngx_http_keygate_lock_release(zones[i]);
        }
    }
}


/* By its path, or by the file that it was read from and that its path still
 * names: a number of a file that is gone is given to another one. */

static ngx_uint_t
ngx_http_keygate_other_is(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_zone_t *zone)
{
    ngx_file_info_t      fi;
    keygate_position_t  *own, *other;

    if (zone == w->zone || zone->journal.len == 0 || zone->store
        || !ngx_http_keygate_journal_owns(zone))
    {
        return 0;
    }

    own = keygate_table_position(w->zone->table);
    other = keygate_table_position(zone->table);

    return (zone->journal.len == w->zone->journal.len
            && ngx_strncmp(zone->journal.data, w->zone->journal.data,
                           zone->journal.len) == 0)
           || (other->ino == own->ino && other->dev == own->dev
               && other->born == own->born
               && ngx_file_info(zone->journal.data, &fi) != NGX_FILE_ERROR
               && fi.st_ino == own->ino && fi.st_dev == own->dev);
}


static keygate_rc_t
ngx_http_keygate_other_apply(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_zone_t *zone, uint64_t end)
{
    keygate_rc_t   rc;
    keygate_now_t  now;

    now = ngx_http_keygate_clock_now(zone);
    ngx_http_keygate_other_serve(w->journal, zone);

    ngx_http_keygate_lock(zone);
    rc = keygate_journal_catch_up(w->journal, zone->table, end, &now);
    ngx_http_keygate_lock_release(zone);

    ngx_http_keygate_other_serve(w->journal, w->zone);

    return rc;
}


/* The handle reads as that zone has it. */

static void
ngx_http_keygate_other_serve(keygate_journal_t *j,
    ngx_http_keygate_zone_t *zone)
{
    keygate_journal_conf_t  conf;

    ngx_http_keygate_journal_reads(zone, &conf);
    keygate_journal_serve(j, &conf);
}
