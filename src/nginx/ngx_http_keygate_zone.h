/*
 * A zone: the table in shared memory, the journal that it is a view of, and
 * how the one follows the other.  ngx_http_keygate.h includes this.
 */

#ifndef _NGX_HTTP_KEYGATE_ZONE_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_ZONE_H_INCLUDED_


/* ngx_http_keygate_zone.c: the table in shared memory */

ngx_int_t ngx_http_keygate_zone_init(ngx_shm_zone_t *shm_zone, void *data);
ngx_int_t ngx_http_keygate_zone_init_process(ngx_http_keygate_zone_t *zone,
    ngx_cycle_t *cycle);
void ngx_http_keygate_zone_exit_process(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_lock.c: the only file that takes the table's lock */

void ngx_http_keygate_lock(ngx_http_keygate_zone_t *zone);
/* NGX_OK, or NGX_AGAIN. */
ngx_int_t ngx_http_keygate_lock_try(ngx_http_keygate_zone_t *zone);
void ngx_http_keygate_lock_release(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_clock.c */

keygate_now_t ngx_http_keygate_clock_now(ngx_http_keygate_zone_t *zone);
/* Unix time as of now; *begun: whether a part of the next second has passed. */
int64_t ngx_http_keygate_clock_wall(ngx_uint_t *begun);
/* When a table that is made now is said to have begun. */
ngx_msec_t ngx_http_keygate_clock_epoch(void);


/* ngx_http_keygate_group.c: the first use of a group of routes */

/* Makes what the verdict lacks, after which it is to be made again: NGX_OK.
 * NGX_DECLINED: there is no room, or the request waits for it. */
ngx_int_t ngx_http_keygate_group_room(ngx_http_keygate_api_t *api,
    keygate_verdict_t *v, const keygate_now_t *now);


/* ngx_http_keygate_become.c: root as the workers' user, for a while */

typedef struct {
    ngx_uint_t  changed;
    gid_t       gid;
    int         n;
    gid_t      *groups;
    int         dumpable;
} ngx_http_keygate_become_t;

/* Nothing changes where the process is not root, or the workers are, too.
 * NGX_OK, or NGX_ERROR and it is said why. */
ngx_int_t ngx_http_keygate_become_worker(ngx_cycle_t *cycle,
    ngx_http_keygate_become_t *was);
/* What it was before; errno stays. */
void ngx_http_keygate_become_master(ngx_cycle_t *cycle,
    ngx_http_keygate_become_t *was);
/* The user of the workers. */
ngx_uid_t ngx_http_keygate_become_user(ngx_cycle_t *cycle);


/* ngx_http_keygate_quota.c: days and months that survive a restart */

/* Of a zone with a journal, whose limits are of this node. */
ngx_int_t ngx_http_keygate_quota_zone(ngx_conf_t *cf,
    ngx_http_keygate_zone_t *zone);
/* What earlier lives have used, into a new table; called as the workers' user,
 * and "was" is how to become root again. */
ngx_int_t ngx_http_keygate_quota_load(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_become_t *was);
ngx_int_t ngx_http_keygate_quota_start(ngx_http_keygate_zone_t *zone);
void ngx_http_keygate_quota_stop(ngx_http_keygate_zone_t *zone);
/* Somebody has asked for units: puts them in, unless somebody is at it. */
void ngx_http_keygate_quota_post(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_journal_file.c: the file */

/*
 * The journal must be there, for the workers to read, or be possible to make;
 * a new one belongs to their user.
 */
ngx_int_t ngx_http_keygate_journal_prepare(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_journal.c: a zone and its journal */

/* Fills a new table; at start-up, so it may take its time.  NGX_OK, NGX_ERROR;
 * or NGX_DECLINED: not all has found room, and it is to be done again with an
 * empty table and "last", so that only the last line of each record counts. */
ngx_int_t ngx_http_keygate_journal_load(ngx_http_keygate_zone_t *zone,
    ngx_uint_t last);
/*
 * Applies what nobody has read yet, before workers begin with a table that was
 * there; nothing, when it was another journal's.  It waits for writers, for a
 * second at most.
 */
void ngx_http_keygate_journal_catch_up(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_journal_handle.c */

/* From now on it is this configuration's journal that is followed, and none
 * of one before, whose workers may go on for long. */
void ngx_http_keygate_journal_own(ngx_http_keygate_zone_t *zone);
/* Whether it is this configuration's journal that is followed. */
ngx_uint_t ngx_http_keygate_journal_owns(ngx_http_keygate_zone_t *zone);
/* A handle of the zone's journal, which reports lines that it skips; NULL: no
 * memory. */
keygate_journal_t *ngx_http_keygate_journal_follower(
    ngx_http_keygate_zone_t *zone);
/* How such a handle is made, and how it reports. */
void ngx_http_keygate_journal_reads(ngx_http_keygate_zone_t *zone,
    keygate_journal_conf_t *conf);
void ngx_http_keygate_journal_reject(void *data, uint64_t line,
    const keygate_fault_t *fault);
/* ngx_http_keygate_journal_audit.c: a change that the command has made. */
void ngx_http_keygate_journal_audit(void *data, const keygate_told_t *told,
    const keygate_record_t *after);


/* Whether the journal has only become longer, and has a store: what comes of
 * that is for the store's threads to see, which know a line of its own. */
ngx_uint_t ngx_http_keygate_journal_grown(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_need.c: how large a zone must be */

/* Of a zone that is too small for its journal; only before an end. */
size_t ngx_http_keygate_need_room(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_follow.c: what comes into the journal while nginx runs */

/* The timer's handler: applies a slice of what has come. */
void ngx_http_keygate_follow(ngx_event_t *ev);
/* Applies such a slice: NGX_OK; NGX_AGAIN: there is more; NGX_DECLINED: it
 * cannot be followed, or is not to be. */
ngx_int_t ngx_http_keygate_follow_look(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_room.c */

/* Gives an alert that a zone is full: one, until there is room again. */
void ngx_http_keygate_room_full(ngx_http_keygate_zone_t *zone);
/* Nothing waits for room any more, and there is some: the next record that
 * finds none is worth an alert again. */
void ngx_http_keygate_room_again(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_phases.c: which handler is called where */

ngx_int_t ngx_http_keygate_phases_init(ngx_conf_t *cf);
/* Where the engine of a worker has the one that "preaccess" tells. */
void ngx_http_keygate_phases_find(ngx_cycle_t *cycle,
    ngx_http_keygate_main_conf_t *kmcf);


#endif /* _NGX_HTTP_KEYGATE_ZONE_H_INCLUDED_ */
