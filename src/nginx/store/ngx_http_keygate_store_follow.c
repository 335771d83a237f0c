/*
 * Following what lies in the engine: one worker has a task that goes round
 * and round, in a thread; what a round does is in
 * ngx_http_keygate_store_round.c.  One that fails is followed by a pause,
 * longer each time, and changes nothing: the gate goes on with what it has.
 */

#include "ngx_http_keygate_store_clock.h"


#define NGX_HTTP_KEYGATE_STORE_LEAST  50     /* ms of pause */
#define NGX_HTTP_KEYGATE_STORE_MOST   5000
#define NGX_HTTP_KEYGATE_STORE_KEPT   1000   /* nothing is to be had there */
#define NGX_HTTP_KEYGATE_STORE_REPEAT 60     /* s between two lines of a log */
#define NGX_HTTP_KEYGATE_STORE_OTHERS 20     /* beats: more than an old life */


typedef struct {
    ngx_http_keygate_copy_t   copy;
    ngx_event_t               timer;
    void                     *task;
    ngx_msec_t                pause;
    ngx_int_t                 rc;            /* of the round */
    ngx_atomic_uint_t         heard;         /* of the zone, by this one */
    unsigned                  busy:1;
    unsigned                  last:1;        /* the worker is to end */
    unsigned                  up:1;          /* as it was logged */
    unsigned                  told:1;        /* anything was */
    char                      said[16];      /* the word that was logged */
    char                      reason[KEYGATE_LINK_ERROR];    /* likewise */
    time_t                    logged;        /* and when that was */
    char                      untold[KEYGATE_LINK_ERROR];    /* likewise */
    ngx_atomic_uint_t         others;        /* of the zone, when it was said,
                                                or this began */
    time_t                    named;         /* when it was said; 0: not yet */
} ngx_http_keygate_follower_t;


static void ngx_http_keygate_store_next(ngx_event_t *ev);
static void ngx_http_keygate_store_post(ngx_http_keygate_follower_t *f);
static void ngx_http_keygate_store_round(void *data);
static void ngx_http_keygate_store_done(void *data);
static void ngx_http_keygate_store_log(ngx_http_keygate_follower_t *f);
static void ngx_http_keygate_store_log_engine(ngx_http_keygate_follower_t *f);
static void ngx_http_keygate_store_log_name(ngx_http_keygate_follower_t *f);


ngx_int_t
ngx_http_keygate_store_start(ngx_http_keygate_zone_t *zone)
{
    keygate_journal_t            *journal;
    ngx_http_keygate_follower_t  *f;

    f = calloc(1, sizeof(ngx_http_keygate_follower_t));
    journal = ngx_http_keygate_journal_follower(zone);

    if (f == NULL || journal == NULL) {
        free(f);
        keygate_journal_destroy(journal);
        return NGX_ERROR;
    }

    ngx_http_keygate_copy_init(&f->copy, zone, journal);
    f->others = zone->shared->store_others;
    f->copy.yields = 1;

    f->task = ngx_http_keygate_thread_create(f, ngx_http_keygate_store_round,
                                             ngx_http_keygate_store_done);
    if (f->task == NULL) {
        keygate_journal_destroy(journal);
        free(f);
        return NGX_ERROR;
    }

    f->timer.handler = ngx_http_keygate_store_next;
    f->timer.data = f;
    f->timer.log = zone->log;
    f->timer.cancelable = 1;

    zone->following = f;
    ngx_add_timer(&f->timer, 1);

    return NGX_OK;
}


void
ngx_http_keygate_store_loaded(ngx_http_keygate_zone_t *zone)
{
    keygate_journal_t        *journal;
    ngx_http_keygate_copy_t   copy;

    journal = ngx_http_keygate_journal_follower(zone);

    if (journal == NULL || keygate_journal_begin(journal) != KEYGATE_OK) {
        keygate_journal_destroy(journal);
        return;
    }

    ngx_http_keygate_copy_init(&copy, zone, journal);

    if (ngx_http_keygate_copy_look(&copy) == NGX_OK && copy.marked) {
        zone->shared->store_whole = 1;
        zone->shared->store_heard = copy.marked_at;
    }

    keygate_journal_end(journal);
    keygate_journal_destroy(journal);
}


/* The process ends, and nginx has ended its threads before. */

void
ngx_http_keygate_store_stop(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_follower_t *f = zone->following;

    if (f == NULL) {
        return;
    }

    zone->following = NULL;

    if (f->timer.timer_set) {
        ngx_del_timer(&f->timer);
    }

    ngx_http_keygate_link_close(&f->copy);
    free(f->copy.merged.data);
    free(f->copy.strays.data);
    keygate_journal_destroy(f->copy.journal);
    ngx_http_keygate_thread_destroy(f->task);
    free(f);
}


static void
ngx_http_keygate_store_next(ngx_event_t *ev)
{
    ngx_http_keygate_follower_t  *f;

    f = ev->data;

    if (!ngx_exiting && !ngx_quit && !ngx_terminate) {
        ngx_http_keygate_store_post(f);
    }
}


static void
ngx_http_keygate_store_post(ngx_http_keygate_follower_t *f)
{
    if (ngx_http_keygate_thread_post(f->copy.store->threads, f->task)
        == NGX_OK)
    {
        f->busy = 1;
        return;
    }

    ngx_add_timer(&f->timer, NGX_HTTP_KEYGATE_STORE_KEPT);
}


void
ngx_http_keygate_store_look(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_follower_t  *f;

    if (zone->store == NULL || !ngx_http_keygate_journal_owns(zone)
        || (zone->following == NULL
            && ngx_http_keygate_store_start(zone) != NGX_OK))
    {
        return;
    }

    f = zone->following;

    if (f->busy || f->timer.timer_set
        || (zone->shared->store_heard != f->heard
            && ngx_time() - (time_t) zone->shared->store_heard < 2))
    {
        return;
    }

    f->last = 1;
    f->copy.yields = 0;

    ngx_http_keygate_store_post(f);
}


static void
ngx_http_keygate_store_round(void *data)
{
    ngx_http_keygate_follower_t *f = data;

    f->rc = f->last ? ngx_http_keygate_round_glance(&f->copy)
                    : ngx_http_keygate_round_run(&f->copy);
}


static void
ngx_http_keygate_store_done(void *data)
{
    ngx_http_keygate_follower_t *f = data;

    ngx_uint_t  ends;
    ngx_msec_t  delay;

    f->busy = 0;
    ends = (ngx_exiting || ngx_quit || ngx_terminate);

    if (f->last) {
        f->heard = ngx_time();

        if (f->rc == NGX_OK) {
            f->copy.zone->shared->store_heard = f->heard;
        }

    } else if (!ends || f->rc == NGX_OK || f->copy.merged.len) {
        ngx_http_keygate_store_log(f);
    }

    if (f->rc != NGX_OK) {
        ngx_http_keygate_link_close(&f->copy);

        f->pause = f->pause ? ngx_min(2 * f->pause,
                                      NGX_HTTP_KEYGATE_STORE_MOST)
                            : NGX_HTTP_KEYGATE_STORE_LEAST;
        delay = f->pause / 2 + ngx_random() % f->pause;

    } else {
        f->pause = 0;
        delay = (f->last || ngx_http_keygate_copy_is(&f->copy, "OK"))
                ? 0 : NGX_HTTP_KEYGATE_STORE_KEPT;
    }

    if ((!ends || f->last) && f->copy.zone->following == f) {
        ngx_add_timer(&f->timer, delay);
    }
}


static void
ngx_http_keygate_store_log(ngx_http_keygate_follower_t *f)
{
    ngx_uint_t                  up;
    ngx_http_keygate_copy_t    *c;
    ngx_http_keygate_zone_t    *zone;
    ngx_http_keygate_store_t   *store;

    c = &f->copy;
    zone = c->zone;
    store = c->store;
    up = (f->rc == NGX_OK && ngx_http_keygate_copy_is(c, "OK"));

    zone->shared->store_up = up;

    ngx_http_keygate_store_log_engine(f);

    if (f->rc == NGX_OK || c->merged.len) {
        ngx_http_keygate_repair_log(c);
    }

    if (c->word[0]) {
        zone->shared->store_behind = (c->seq > c->place.seq)
                                     ? c->seq - c->place.seq : 0;
    }

    if (f->rc == NGX_OK) {
        zone->shared->store_forks += c->forked;
        zone->shared->store_fulls += c->full;
    }

    if (f->rc == NGX_OK && c->full) {
        ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                      "keygate store \"%V\": %s \"%V\" was made anew from "
                      "all that the engine holds", &store->name,
                      c->strange ? "the copy ends in what is not its own, and"
                                 : "the copy", &zone->journal);
    }

    ngx_http_keygate_stray_log(c);
    ngx_http_keygate_clock_log(c);
    ngx_http_keygate_store_log_name(f);

    if (up) {
        zone->shared->store_whole = 1;
        zone->shared->store_heard = ngx_time();
        zone->shared->store_nodes = c->nodes;

        if (!f->up) {
            ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                          "keygate store \"%V\": zone \"%V\" is up to date, "
                          "at change %uL", &store->name, &zone->name,
                          c->place.seq);
        }

    } else if (f->rc != NGX_OK) {

        if (f->up || !f->told || strcmp(f->reason, c->error) != 0
            || ngx_time() - f->logged >= NGX_HTTP_KEYGATE_STORE_REPEAT)
        {
            ngx_memcpy(f->reason, c->error, sizeof(f->reason));
            f->logged = ngx_time();

            ngx_log_error(NGX_LOG_ERR, zone->log, 0,
                          "keygate store \"%V\": zone \"%V\" cannot follow: "
                          "%s; its keys stay as they are, and changes are "
                          "refused", &store->name, &zone->name, c->error);
        }

    } else if (ngx_strcmp(f->said, c->word) != 0) {
        ngx_log_error(NGX_LOG_CRIT, zone->log, 0,
                      "keygate store \"%V\": what the engine holds of zone "
                      "\"%V\" is not what this node has followed (%s): its "
                      "keys stay as they are, and changes are refused; %s",
                      &store->name, &zone->name, c->word,
                      ngx_http_keygate_copy_is(c, "EMPTY")
                      ? "\"keygate store push\" fills it again"
                      : "it is tried again in a second");
    }

    if (f->rc == NGX_OK) {
        ngx_memcpy(f->said, c->word, sizeof(f->said));
    }

    f->up = up;
    f->told = 1;
}


/* Which engine it is, and whether it takes what this node tells of itself. */

static void
ngx_http_keygate_store_log_engine(ngx_http_keygate_follower_t *f)
{
    ngx_http_keygate_copy_t  *c;

    c = &f->copy;

    if (c->moved) {
        ngx_log_error(NGX_LOG_NOTICE, c->zone->log, 0,
                      "keygate store \"%V\": the master is %s now",
                      &c->store->name, c->master);
    }

    if (f->rc != NGX_OK || ngx_strcmp(f->untold, c->untold) == 0) {
        return;
    }

    ngx_memcpy(f->untold, c->untold, sizeof(f->untold));

    if (c->untold[0]) {
        ngx_log_error(NGX_LOG_ERR, c->zone->log, 0,
                      "keygate store \"%V\": the engine does not take what "
                      "this node tells of itself: %s; receipts and \"keygate "
                      "nodes\" do not know where zone \"%V\" is here",
                      &c->store->name, c->untold, &c->zone->name);

    } else {
        ngx_log_error(NGX_LOG_NOTICE, c->zone->log, 0,
                      "keygate store \"%V\": the engine takes what this "
                      "node tells of zone \"%V\" again", &c->store->name,
                      &c->zone->name);
    }
}


/* Whether another node has this one's name.  Who is about to end, after it was
 * started anew or upgraded, beats a few times more. */

static void
ngx_http_keygate_store_log_name(ngx_http_keygate_follower_t *f)
{
    ngx_http_keygate_zone_t  *zone;

    zone = f->copy.zone;

    if (zone->shared->store_others - f->others < NGX_HTTP_KEYGATE_STORE_OTHERS
        || (f->named
            && ngx_time() - f->named < NGX_HTTP_KEYGATE_STORE_REPEAT))
    {
        return;
    }

    f->others = zone->shared->store_others;
    f->named = ngx_time();

    ngx_log_error(NGX_LOG_CRIT, zone->log, 0,
                  "keygate store \"%V\": another node has the name \"%s\" of "
                  "this one in zone \"%V\": receipts do not tell which of the "
                  "two has a change; give each a \"node\" of its own",
                  &f->copy.store->name, f->copy.store->node.data,
                  &zone->name);
}
