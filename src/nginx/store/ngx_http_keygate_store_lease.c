/*
 * Exchanges with the ledgers, from one worker: every turn, what was stirred is
 * looked at in a thread, and what is to be asked goes to the engine in one
 * write.  The leases are in shared memory; whoever comes next goes on with
 * them.
 */

#include "ngx_http_keygate_store_lease.h"
#include "ngx_http_keygate_store_clock.h"


#define NGX_HTTP_KEYGATE_LEASE_PAUSE  200    /* ms, after a failure */
#define NGX_HTTP_KEYGATE_LEASE_ROUNDS 8      /* of one task */
#define NGX_HTTP_KEYGATE_LEASE_LONG   60     /* s: no task takes so long */


static void ngx_http_keygate_lease_turn(ngx_event_t *ev);
static ngx_uint_t ngx_http_keygate_lease_claim(keygate_leases_t *leases,
    uint64_t ms);
static void ngx_http_keygate_lease_let_go(keygate_leases_t *leases);
static void ngx_http_keygate_lease_run(void *data);
static ngx_int_t ngx_http_keygate_lease_connect(
    ngx_http_keygate_exchange_t *x);
static ngx_int_t ngx_http_keygate_lease_clock(ngx_http_keygate_exchange_t *x);
static ngx_int_t ngx_http_keygate_lease_round(ngx_http_keygate_exchange_t *x);
static void ngx_http_keygate_lease_done(void *data);


ngx_int_t
ngx_http_keygate_lease_start(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_exchange_t  *x;

    x = calloc(1, sizeof(ngx_http_keygate_exchange_t));
    if (x == NULL) {
        return NGX_ERROR;
    }

    ngx_http_keygate_copy_init(&x->copy, zone, NULL);

    x->task = ngx_http_keygate_thread_create(x, ngx_http_keygate_lease_run,
                                             ngx_http_keygate_lease_done);

    if (x->task == NULL
        || keygate_lua_sha(KEYGATE_LUA_LEASE, x->sha) != KEYGATE_OK)
    {
        free(x);
        return NGX_ERROR;
    }

    x->timer.handler = ngx_http_keygate_lease_turn;
    x->timer.data = x;
    x->timer.log = zone->log;
    x->timer.cancelable = 1;

    zone->leasing = x;
    ngx_add_timer(&x->timer, 1);

    return NGX_OK;
}


void
ngx_http_keygate_lease_stop(ngx_http_keygate_zone_t *zone)
{
    ngx_http_keygate_exchange_t *x = zone->leasing;

    if (x == NULL) {
        return;
    }

    zone->leasing = NULL;

    if (x->timer.timer_set) {
        ngx_del_timer(&x->timer);
    }

    if (x->busy) {
        return;
    }

    ngx_http_keygate_link_close(&x->copy);
    ngx_http_keygate_thread_destroy(x->task);
    free(x);
}


static void
ngx_http_keygate_lease_turn(ngx_event_t *ev)
{
    uint64_t                      ms;
    keygate_leases_t             *leases;
    ngx_http_keygate_zone_t      *zone;
    ngx_http_keygate_exchange_t  *x;

    x = ev->data;
    zone = x->copy.zone;
    leases = zone->leases;

    /* a newer configuration's worker goes on */

    if (ngx_exiting || ngx_quit || ngx_terminate
        || !ngx_http_keygate_journal_owns(zone))
    {
        return;
    }

    ms = ngx_http_keygate_clock_now(zone).ms;

    if (x->resets != keygate_table_resets(zone->table)) {
        x->resets = keygate_table_resets(zone->table);
        keygate_leases_stir_all(leases);
    }

    __atomic_store_n(&leases->nodes, (uint32_t) zone->shared->store_nodes,
                     __ATOMIC_RELAXED);

    if ((__atomic_load_n(&leases->stirring, __ATOMIC_RELAXED)
         || ms - x->copy.set >= NGX_HTTP_KEYGATE_STORE_CLOCK)
        && ngx_http_keygate_lease_claim(leases, ms))
    {
        if (ngx_http_keygate_thread_post(x->copy.store->threads, x->task)
            == NGX_OK)
        {
            x->busy = 1;
            return;
        }

        ngx_http_keygate_lease_let_go(leases);
    }

    ngx_add_timer(&x->timer, KEYGATE_LEASE_TURN);
}


/* A worker that leaves may still be at it when its successor begins: one
 * process writes to leases at a time.  One that has died has let go. */

static ngx_uint_t
ngx_http_keygate_lease_claim(keygate_leases_t *leases, uint64_t ms)
{
    pid_t     pid;
    uint32_t  s;
    uint64_t  held;

    s = (uint32_t) (ms / 1000);
    held = __atomic_load_n(&leases->exchanger, __ATOMIC_ACQUIRE);
    pid = (pid_t) (held >> 32);

    if (pid && pid != ngx_pid
        && s - (uint32_t) held < NGX_HTTP_KEYGATE_LEASE_LONG
        && (kill(pid, 0) == 0 || ngx_errno != ESRCH))
    {
        return 0;
    }

    return __atomic_compare_exchange_n(&leases->exchanger, &held,
                                       (uint64_t) ngx_pid << 32 | s, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}


static void
ngx_http_keygate_lease_let_go(keygate_leases_t *leases)
{
    uint64_t  held;

    held = __atomic_load_n(&leases->exchanger, __ATOMIC_RELAXED);

    if ((pid_t) (held >> 32) == ngx_pid) {
        (void) __atomic_compare_exchange_n(&leases->exchanger, &held, 0, 0,
                                           __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    }
}


static void
ngx_http_keygate_lease_run(void *data)
{
    ngx_http_keygate_exchange_t *x = data;

    ngx_uint_t  rounds;

    x->rc = ngx_http_keygate_lease_connect(x);

    if (x->rc == NGX_OK) {
        x->rc = ngx_http_keygate_lease_clock(x);
    }

    rounds = 0;

    do {
        x->again = 0;

        if (x->rc == NGX_OK) {
            x->rc = ngx_http_keygate_lease_round(x);
        }

    } while (x->rc == NGX_OK && x->again
             && ++rounds < NGX_HTTP_KEYGATE_LEASE_ROUNDS);
}


static ngx_int_t
ngx_http_keygate_lease_connect(ngx_http_keygate_exchange_t *x)
{
    keygate_reply_t  *reply;

    if (ngx_http_keygate_link_made(&x->copy)) {
        return NGX_OK;
    }

    if (ngx_http_keygate_link_connect(&x->copy) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_keygate_copy_answer(&x->copy,
            keygate_link_load(x->copy.link, KEYGATE_LUA_LEASE, &reply), &reply)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    keygate_reply_free(reply);

    return NGX_OK;
}


/* Ledgers go by one clock, the engine's. */

static ngx_int_t
ngx_http_keygate_lease_clock(ngx_http_keygate_exchange_t *x)
{
    uint64_t  set;

    set = x->copy.set;

    if (ngx_http_keygate_clock_look(&x->copy) != NGX_OK) {
        return NGX_ERROR;
    }

    if (x->copy.set != set) {
        x->delay = (uint32_t) ngx_min((x->copy.took + 3 * x->delay) / 4, 1000);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_lease_round(ngx_http_keygate_exchange_t *x)
{
    uint32_t           cursor;
    ngx_int_t          rc;
    keygate_lease_t   *lease;
    keygate_leases_t  *leases;

    leases = x->copy.zone->leases;

    __atomic_store_n(&leases->stirring, 0, __ATOMIC_SEQ_CST);

    x->n = 0;

    for (cursor = 0, rc = NGX_OK; rc == NGX_OK; /* void */ ) {

        lease = keygate_leases_next(leases, &cursor);

        if (lease == NULL) {
            break;
        }

        rc = ngx_http_keygate_store_ask(x, lease);

        if (rc == NGX_OK && x->n == NGX_HTTP_KEYGATE_LEASE_BATCH) {
            rc = ngx_http_keygate_store_answers(x);
        }
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_store_answers(x);
    }

    if (rc != NGX_OK) {
        __atomic_store_n(&leases->stirring, 1, __ATOMIC_SEQ_CST);
    }

    return rc;
}


static void
ngx_http_keygate_lease_done(void *data)
{
    ngx_http_keygate_exchange_t *x = data;

    ngx_http_keygate_zone_t   *zone;
    ngx_http_keygate_store_t  *store;

    x->busy = 0;
    zone = x->copy.zone;
    store = x->copy.store;

    ngx_http_keygate_lease_let_go(zone->leases);

    __atomic_store_n(&zone->leases->down, x->rc != NGX_OK, __ATOMIC_RELAXED);
    __atomic_store_n(&zone->leases->heard,
                     (uint32_t) (ngx_http_keygate_clock_now(zone).ms / 1000),
                     __ATOMIC_RELAXED);

    if (x->rc != NGX_OK) {
        ngx_http_keygate_link_close(&x->copy);

        (void) __atomic_fetch_add(&zone->leases->failures, 1,
                                  __ATOMIC_RELAXED);

        if (!x->failed) {
            ngx_log_error(NGX_LOG_ERR, zone->log, 0,
                          "keygate store \"%V\": limits of zone \"%V\" "
                          "cannot be shared: %s; until it answers, %s",
                          &store->name, &zone->name, x->copy.error,
                          (zone->outage == KEYGATE_OUTAGE_REFUSE)
                          ? "what a limit counts is refused"
                          : (zone->outage == KEYGATE_OUTAGE_NODE)
                            ? "this node admits up to each limit by itself"
                            : "this node keeps to a part of each limit");
        }

    } else if (x->failed) {
        ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                      "keygate store \"%V\": limits of zone \"%V\" are "
                      "shared again", &store->name, &zone->name);
    }

    x->failed = (x->rc != NGX_OK);

    if (!ngx_exiting && !ngx_quit && !ngx_terminate && zone->leasing == x) {
        ngx_add_timer(&x->timer, x->failed ? NGX_HTTP_KEYGATE_LEASE_PAUSE
                                           : x->again ? 1
                                                      : KEYGATE_LEASE_TURN);
    }
}
