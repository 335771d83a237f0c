/*
 * Usage: decisions about keys are counted in shared memory; twice a minute
 * a thread of worker 0 takes that from there and writes it, and each worker
 * does so once more at its end.  Nobody waits for the disk but they.
 *
 * What could not be written is given back to shared memory: nothing is lost as
 * long as that is there.
 */

#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_usage.h"

#include "keygate_file.h"


#define NGX_HTTP_KEYGATE_USAGE_EVERY  30000  /* ms */
#define NGX_HTTP_KEYGATE_USAGE_LOCK   15000  /* ms: others write, too */
#define NGX_HTTP_KEYGATE_USAGE_END    3000   /* ms: and a process ends */


typedef struct {
    ngx_http_keygate_zone_t   *zone;
    keygate_usage_writer_t     writer;
    ngx_event_t                timer;
    void                      *task;
    ngx_err_t                  err;          /* of the last time; 0: none */
    ngx_err_t                  told;
} ngx_http_keygate_using_t;


static ngx_http_keygate_using_t *ngx_http_keygate_using_create(
    ngx_http_keygate_zone_t *zone);
static void ngx_http_keygate_usage_turn(ngx_event_t *ev);
static void ngx_http_keygate_usage_wait(ngx_http_keygate_using_t *using);
static void ngx_http_keygate_usage_run(void *data);
static ngx_err_t ngx_http_keygate_usage_once(
    ngx_http_keygate_using_t *using);
static void ngx_http_keygate_usage_done(void *data);
static ngx_int_t ngx_http_keygate_usage_take(ngx_http_keygate_using_t *using,
    int64_t hour);
static void ngx_http_keygate_usage_give(ngx_http_keygate_using_t *using);
static ngx_uint_t ngx_http_keygate_usage_of(const keygate_used_t *used,
    ngx_uint_t parity, keygate_usage_t *u);


static ngx_http_keygate_using_t *
ngx_http_keygate_using_create(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_using_t  *using;

    using = calloc(1, sizeof(ngx_http_keygate_using_t));
    if (using == NULL) {
        return NULL;
    }

    using->zone = zone;
    using->writer.path = (char *) zone->usage.data;
    using->writer.node.len = zone->node.len;
    using->writer.node.data = zone->node.data;

    return using;
}


ngx_int_t
ngx_http_keygate_usage_start(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_using_t  *using;

    using = ngx_http_keygate_using_create(zone);
    if (using == NULL) {
        return NGX_ERROR;
    }

    using->task = ngx_http_keygate_thread_create(using,
                                                 ngx_http_keygate_usage_run,
                                                 ngx_http_keygate_usage_done);
    if (using->task == NULL) {
        free(using);
        return NGX_ERROR;
    }

    using->timer.handler = ngx_http_keygate_usage_turn;
    using->timer.data = using;
    using->timer.log = zone->log;
    using->timer.cancelable = 1;

    zone->using = using;
    ngx_http_keygate_usage_wait(using);

    return NGX_OK;
}


/* The process ends, and nginx has ended its threads before. */

void
ngx_http_keygate_usage_stop(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_using_t *using = zone->using;

    if (zone->refusals == NULL) {
        return;
    }

    zone->using = NULL;

    if (using && using->timer.timer_set) {
        ngx_del_timer(&using->timer);
    }

    if (using == NULL && zone->used) {
        using = ngx_http_keygate_using_create(zone);
    }

    if (using == NULL) {
        return;
    }

    if (zone->used || using->task) {
        ngx_http_keygate_usage_run(using);
    }

    if (using->err) {
        ngx_log_error(NGX_LOG_ERR, zone->log, using->err,
                      "keygate zone \"%V\" cannot write its usage into "
                      "\"%V\": where nginx ends now, what was counted since "
                      "the last time is lost", &zone->name, &zone->usage);
    }

    ngx_http_keygate_thread_destroy(using->task);
    keygate_book_clear(&using->writer.known);
    keygate_book_clear(&using->writer.owed);
    free(using);
}


static void
ngx_http_keygate_usage_turn(ngx_event_t *ev)
{
    ngx_http_keygate_using_t  *using;

    using = ev->data;

    if (ngx_http_keygate_thread_post(using->zone->threads, using->task)
        != NGX_OK)
    {
        ngx_http_keygate_usage_wait(using);
    }
}


/* Until half a minute is full, so that hours are. */

static void
ngx_http_keygate_usage_wait(ngx_http_keygate_using_t *using)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    ngx_add_timer(&using->timer, NGX_HTTP_KEYGATE_USAGE_EVERY
                                 - (tp->sec * 1000 + tp->msec)
                                   % NGX_HTTP_KEYGATE_USAGE_EVERY);
}


/* In a thread; at the end of the process, in it. */

static void
ngx_http_keygate_usage_run(void *data)
{
    ngx_http_keygate_using_t *using = data;

    using->err = ngx_http_keygate_usage_once(using);

    if (using->err) {
        (void) ngx_atomic_fetch_add(&using->zone->shared->usage_errors, 1);
    }
}


static ngx_err_t
ngx_http_keygate_usage_once(ngx_http_keygate_using_t *using)
{
    int           dir;
    int64_t       hour;
    ngx_err_t     err;
    keygate_rc_t  rc;

    dir = keygate_usage_open(using->writer.path, 1,
                             ngx_exiting || ngx_quit || ngx_terminate
                             ? NGX_HTTP_KEYGATE_USAGE_END
                             : NGX_HTTP_KEYGATE_USAGE_LOCK);
    if (dir == -1) {
        return ngx_errno;
    }

    hour = ngx_http_keygate_clock_wall(NULL);
    hour -= hour % 3600;
    err = 0;

    rc = (ngx_http_keygate_usage_take(using, hour) == NGX_OK)
         ? keygate_usage_write(&using->writer, dir, hour) : KEYGATE_NOMEM;

    if (rc != KEYGATE_OK) {
        err = (rc == KEYGATE_IO) ? ngx_errno : NGX_ENOMEM;
        ngx_http_keygate_usage_give(using);
    }

    (void) close(dir);

    return err;
}


/* Back in the event loop. */

static void
ngx_http_keygate_usage_done(void *data)
{
    ngx_http_keygate_using_t *using = data;

    u_char                    wanted[NGX_HTTP_KEYGATE_WANTED];
    ngx_http_keygate_zone_t  *zone;

    zone = using->zone;

    if (using->err && using->err != using->told) {
        wanted[0] = '\0';

        if (using->err == NGX_EACCES || using->err == NGX_EPERM) {
            ngx_http_keygate_usage_wanted(zone, (char *) zone->usage.data,
                                          wanted, sizeof(wanted));
        }

        ngx_log_error(NGX_LOG_ERR, zone->log, 0,
                      "keygate zone \"%V\" cannot write its usage into "
                      "\"%V\": %s%s; what is counted is kept in memory, and "
                      "written when that is possible",
                      &zone->name, &zone->usage,
                      keygate_file_error(using->err), wanted);
    }

    if (using->err == 0 && using->told) {
        ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                      "keygate zone \"%V\" writes its usage into \"%V\" again",
                      &zone->name, &zone->usage);
    }

    using->told = using->err;

    if (zone->using == using) {
        ngx_http_keygate_usage_wait(using);
    }
}


static ngx_int_t
ngx_http_keygate_usage_take(ngx_http_keygate_using_t *using, int64_t hour)
{
    uint64_t                  cursor;
    ngx_uint_t                parity, odd;
    keygate_key_t             key;
    keygate_used_t            used;
    keygate_usage_t           u;
    ngx_http_keygate_zone_t  *zone;

    zone = using->zone;
    odd = hour / 3600 & 1;
    cursor = 0;

    while (keygate_table_take(zone->table, zone->refusals, odd, &cursor, &key,
                              &used)
           == KEYGATE_OK)
    {
        u.node = using->writer.node;
        u.key = keygate_span(key.id);
        u.account = keygate_span(key.account);
        u.api = keygate_span((char *) zone->shared->api[used.by].name);

        for (parity = 0; parity < 2; parity++) {
            u.hour = (parity == odd) ? hour : hour - 3600;

            if (ngx_http_keygate_usage_of(&used, parity, &u)
                && !keygate_book_add(&using->writer.owed, &u))
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static void
ngx_http_keygate_usage_give(ngx_http_keygate_using_t *using)
{
    size_t                      i;
    ngx_uint_t                  n, odd;
    keygate_key_t               key;
    keygate_used_t              used;
    keygate_usage_t             u;
    ngx_http_keygate_zone_t    *zone;
    ngx_http_keygate_shared_t  *shared;

    zone = using->zone;
    shared = zone->shared;
    i = 0;

    while (keygate_book_next(&using->writer.owed, &i, &u)) {

        if (keygate_table_find_id(zone->table, u.key, &key) != KEYGATE_OK) {
            continue;
        }

        odd = u.hour / 3600 & 1;
        used.by = 0;

        for (n = 0; n < shared->n_apis; n++) {
            if (keygate_str_eq(u.api,
                               keygate_span((char *) shared->api[n].name)))
            {
                used.by = n;
            }
        }

        used.allowed[odd] = u.allowed;
        used.cost[odd] = u.cost;

        for (n = 0; n < KEYGATE_REASONS; n++) {
            used.refused[odd][n] = u.refused[n];
        }

        keygate_table_give(zone->table, zone->refusals, &key, &used, odd);
    }

    keygate_book_clear(&using->writer.owed);
}


/* Whether there is anything. */

static ngx_uint_t
ngx_http_keygate_usage_of(const keygate_used_t *used, ngx_uint_t parity,
    keygate_usage_t *u)
{
    unsigned    i;
    ngx_uint_t  any;

    u->allowed = used->allowed[parity];
    u->cost = used->cost[parity];
    any = u->allowed || u->cost;

    for (i = 0; i < KEYGATE_REASONS; i++) {
        u->refused[i] = used->refused[parity][i];
        any |= u->refused[i] != 0;
    }

    return any;
}


void
ngx_http_keygate_usage_pending(ngx_http_keygate_zone_t *zone,
    const keygate_key_t *key, int64_t hour, keygate_usage_t u[2])
{
    ngx_uint_t      odd;
    keygate_used_t  used;

    odd = hour / 3600 & 1;

    (void) keygate_table_pending(zone->table, zone->refusals, key->ref, odd,
                                 &used);
    (void) ngx_http_keygate_usage_of(&used, odd, &u[0]);
    (void) ngx_http_keygate_usage_of(&used, !odd, &u[1]);

    u[0].hour = hour;
    u[1].hour = hour - 3600;
}
