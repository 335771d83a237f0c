/*
 * A lock checker, put between nginx's objects by the linker's --wrap: in the
 * event loop of a worker nobody takes a zone's lock but the follower of the
 * journal, which only tries to, and nobody waits for a disk or for a file's
 * lock.  Threads may do all that, and so may a worker that starts, before it
 * waits for its first event: nobody is served by it yet.
 *
 * It raises alerts, on which every test fails.  KEYGATE_LOCKCHECK=prove makes
 * each decision do what none may, and is to be told of.
 */

#define _GNU_SOURCE

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>

#include "ngx_http_keygate.h"


void __real_ngx_shmtx_lock(ngx_shmtx_t *mtx);
ngx_uint_t __real_ngx_shmtx_trylock(ngx_shmtx_t *mtx);
void __real_ngx_process_events_and_timers(ngx_cycle_t *cycle);
void __real_ngx_http_keygate_follow(ngx_event_t *ev);
void __real_keygate_decide(const keygate_api_t *api, keygate_table_t *table,
    keygate_digester_t *digester, const keygate_request_t *request,
    unsigned flags, keygate_scratch_t *scratch, keygate_verdict_t *v);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_flock(int fd, int operation);

void __wrap_ngx_shmtx_lock(ngx_shmtx_t *mtx);
ngx_uint_t __wrap_ngx_shmtx_trylock(ngx_shmtx_t *mtx);
void __wrap_ngx_process_events_and_timers(ngx_cycle_t *cycle);
void __wrap_ngx_http_keygate_follow(ngx_event_t *ev);
void __wrap_keygate_decide(const keygate_api_t *api, keygate_table_t *table,
    keygate_digester_t *digester, const keygate_request_t *request,
    unsigned flags, keygate_scratch_t *scratch, keygate_verdict_t *v);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_flock(int fd, int operation);


static int  prove, looping, following;
static long  decisions, slices, longest, taken;


__attribute__((constructor))
static void
check_init(void)
{
    const char  *value;

    value = getenv("KEYGATE_LOCKCHECK");
    prove = value && strcmp(value, "prove") == 0;
}


static int
check_event_loop(void)
{
    return looping && ngx_process == NGX_PROCESS_WORKER
           && syscall(SYS_gettid) == getpid();
}


static ngx_shm_zone_t *
check_zone(ngx_shmtx_t *mtx)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_shm_zone_t   *zone;

    for (part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part; part;
         part = part->next)
    {
        zone = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (zone[i].tag == (void *) &ngx_http_keygate_module
                && mtx == &((ngx_slab_pool_t *) zone[i].shm.addr)->mutex)
            {
                return &zone[i];
            }
        }
    }

    return NULL;
}


static void
check_alert(const char *what)
{
    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "lock check: %s in the event loop", what);
}


void
__wrap_ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    if (check_event_loop() && check_zone(mtx)) {
        check_alert("waiting for a zone");
    }

    if (ngx_process == NGX_PROCESS_WORKER && check_zone(mtx)) {
        __atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
    }

    __real_ngx_shmtx_lock(mtx);
}


ngx_uint_t
__wrap_ngx_shmtx_trylock(ngx_shmtx_t *mtx)
{
    if (!following && check_event_loop() && check_zone(mtx)) {
        check_alert("taking a zone's lock");
    }

    return __real_ngx_shmtx_trylock(mtx);
}


void
__wrap_ngx_process_events_and_timers(ngx_cycle_t *cycle)
{
    looping = 1;
    __real_ngx_process_events_and_timers(cycle);
}


void
__wrap_ngx_http_keygate_follow(ngx_event_t *ev)
{
    long             us;
    struct timespec  from, to;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);

    following = 1;
    __real_ngx_http_keygate_follow(ev);
    following = 0;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);

    us = (to.tv_sec - from.tv_sec) * 1000000
         + (to.tv_nsec - from.tv_nsec) / 1000;

    slices++;
    longest = us > longest ? us : longest;
}


void
__wrap_keygate_decide(const keygate_api_t *api, keygate_table_t *table,
    keygate_digester_t *digester, const keygate_request_t *request,
    unsigned flags, keygate_scratch_t *scratch, keygate_verdict_t *v)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *zone;

    decisions++;

    for (i = 0; prove && i < ngx_cycle->shared_memory.part.nelts; i++) {
        zone = (ngx_shm_zone_t *) ngx_cycle->shared_memory.part.elts + i;

        if (zone->tag == (void *) &ngx_http_keygate_module) {
            ngx_http_keygate_lock(zone->data);
            ngx_http_keygate_lock_release(zone->data);

            if (ngx_http_keygate_lock_try(zone->data) == NGX_OK) {
                ngx_http_keygate_lock_release(zone->data);
            }

            (void) __wrap_fdatasync(-1);
            (void) __wrap_flock(-1, LOCK_EX);
        }
    }

    __real_keygate_decide(api, table, digester, request, flags, scratch, v);
}


int
__wrap_fdatasync(int fd)
{
    if (check_event_loop()) {
        check_alert("waiting for the disk");
    }

    return __real_fdatasync(fd);
}


int
__wrap_fsync(int fd)
{
    if (check_event_loop()) {
        check_alert("waiting for the disk");
    }

    return __real_fsync(fd);
}


int
__wrap_flock(int fd, int operation)
{
    if (check_event_loop() && !(operation & (LOCK_NB|LOCK_UN))) {
        check_alert("waiting for a file's lock");
    }

    return __real_flock(fd, operation);
}


/* What was looked at, for a check that sees nothing finds nothing. */

__attribute__((destructor))
static void
check_report(void)
{
    if (ngx_process == NGX_PROCESS_WORKER && ngx_cycle) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "lock check: %l decisions, %l slices, the longest of "
                      "%l us, %l times a zone in a thread",
                      decisions, slices, longest, taken);
    }
}
