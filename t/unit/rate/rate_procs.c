/*
 * Many processes and one meter, some of them killed on the way.
 */

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keygate_meter.h"

#include "random.h"
#include "tap.h"


#define PROCS    8
#define ENTRIES  20000
#define LIMIT    50


/* An admission: effective not before "before", not after "after". */

typedef struct {
    uint64_t  before;
    uint64_t  after;                 /* 0: perhaps not admitted at all */
} entry_t;


typedef struct {
    uint64_t         ms;
    uint32_t         go;
    uint32_t         stop;
    uint32_t         admitted;
    keygate_meter_t  meters[2];
    keygate_ring_t   rings[2][KEYGATE_RINGS];
    uint32_t         n[PROCS];
    entry_t          log[PROCS][ENTRIES];
} shared_t;


static shared_t  *shared;


static void
start(void)
{
    unsigned       m, u;
    keygate_now_t  now;

    memset(shared, 0, sizeof(shared_t));
    shared->ms = 1000000;
    now = keygate_rate_now(shared->ms, 0);

    for (m = 0; m < 2; m++) {
        keygate_meter_init(&shared->meters[m], &now);

        for (u = 0; u < KEYGATE_RINGS; u++) {
            keygate_ring_init(&shared->rings[m][u], &shared->meters[m],
                              (keygate_unit_e) u, &now);
        }
    }
}


static void
window(keygate_window_t *w, unsigned meter, keygate_unit_e unit,
    uint32_t limit)
{
    memset(w, 0, sizeof(keygate_window_t));
    w->limit = limit;
    w->unit = unit;
    w->meter = &shared->meters[meter];
    w->ring = unit == KEYGATE_MONTH ? NULL : &shared->rings[meter][unit];
}


static void
wait_all(pid_t *pids, unsigned n)
{
    while (n > 0) {
        waitpid(pids[--n], NULL, 0);
    }
}


/* Every process at once, at one time: "n" requests in all. */

static uint32_t
hammer(const keygate_window_t *windows, unsigned n_windows, unsigned n)
{
    pid_t             pids[PROCS];
    unsigned          i, j;
    keygate_now_t     now;
    keygate_window_t  w[4];

    for (i = 0; i < PROCS; i++) {
        pids[i] = fork();

        if (pids[i] != 0) {
            continue;
        }

        memcpy(w, windows, n_windows * sizeof(keygate_window_t));

        while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE)) {
            sched_yield();
        }

        for (j = 0; j < n / PROCS; j++) {
            now = keygate_rate_now(shared->ms, 0);

            if (keygate_rate_charge(w, n_windows, 1, &now)) {
                __atomic_fetch_add(&shared->admitted, 1, __ATOMIC_SEQ_CST);
            }

            if (j % 8 == 0) {
                sched_yield();
            }
        }

        _exit(0);
    }

    __atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
    wait_all(pids, PROCS);

    return shared->admitted;
}


static void
test_parallel(void)
{
    unsigned          i, wrong, kept;
    keygate_now_t     now;
    keygate_window_t  w[3];

    wrong = 0;

    for (i = 0; i < 12; i++) {
        start();
        window(&w[0], 0, KEYGATE_MINUTE, 10);
        wrong += hammer(w, 1, 200) != 10;
    }

    is_num(wrong, 0, "200 parallel requests on a limit of 10: 10 admitted");

    wrong = 0;
    kept = 0;

    for (i = 0; i < 12; i++) {
        start();
        window(&w[0], 0, KEYGATE_SECOND, 1000);
        window(&w[1], 0, KEYGATE_MONTH, 2000);
        window(&w[2], 1, KEYGATE_MINUTE, 10);
        wrong += hammer(w, 3, 400) != 10;

        now = keygate_rate_now(shared->ms, 0);
        (void) keygate_rate_charge(w, 3, 0, &now);
        kept += w[0].remaining != 990 || w[1].remaining != 1990;
    }

    is_num(wrong, 0, "a key's and its account's: 10 admitted");
    is_num(kept, 0, "whoever lost the race got its units back");
}


static void
run(unsigned me)
{
    entry_t          *e;
    uint64_t          ms;
    keygate_now_t     now;
    keygate_window_t  w[2];

    window(&w[0], 0, KEYGATE_SECOND, LIMIT);
    window(&w[1], 0, KEYGATE_MINUTE, LIMIT * 4);

    while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)
           && shared->n[me] < ENTRIES)
    {
        e = &shared->log[me][shared->n[me]];
        ms = __atomic_load_n(&shared->ms, __ATOMIC_SEQ_CST);
        now = keygate_rate_now(ms, 0);
        e->before = ms;

        if (keygate_rate_charge(w, 2, 1, &now)) {
            e->after = __atomic_load_n(&shared->ms, __ATOMIC_SEQ_CST);
            __atomic_store_n(&shared->n[me], shared->n[me] + 1,
                             __ATOMIC_SEQ_CST);
        }
    }

    _exit(0);
}


static int
by_after(const void *a, const void *b)
{
    const entry_t  *x = a, *y = b;

    return x->after < y->after ? -1 : x->after > y->after;
}


/* Admissions that lie wholly within one span. */

static unsigned
most_within(const entry_t *log, unsigned n, uint64_t span)
{
    unsigned  i, j, most, within;

    most = 0;

    for (i = 0; i < n; i++) {
        within = 0;

        for (j = i + 1; j > 0 && log[j - 1].after + span > log[i].after; j--) {
            within += log[j - 1].before + span > log[i].after;
        }

        most = within > most ? within : most;
    }

    return most;
}


static void
test_killed(void)
{
    pid_t             pids[PROCS];
    unsigned          i, j, n, most;
    entry_t          *log;
    keygate_now_t     now;
    keygate_window_t  w[2];

    start();

    for (i = 0; i < PROCS; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            run(i);
        }
    }

    for (i = 0; i < 1500; i++) {
        usleep(200);
        __atomic_fetch_add(&shared->ms,
                           i % 500 == 499 ? 70000 : random_below(30),
                           __ATOMIC_SEQ_CST);

        if (i % 8 == 7) {
            j = random_below(PROCS);
            kill(pids[j], SIGKILL);
            waitpid(pids[j], NULL, 0);
            pids[j] = fork();

            if (pids[j] == 0) {
                run(j);
            }
        }
    }

    shared->stop = 1;
    wait_all(pids, PROCS);
    log = malloc(PROCS * ENTRIES * sizeof(entry_t));
    n = 0;

    for (i = 0; i < PROCS; i++) {
        memcpy(&log[n], shared->log[i], shared->n[i] * sizeof(entry_t));
        n += shared->n[i];
    }

    qsort(log, n, sizeof(entry_t), by_after);
    ok(n > 500, "%u admitted while processes were killed", n);
    most = most_within(log, n, 1000);
    ok(most <= LIMIT && most > LIMIT / 2, "at most %u in a second", most);
    most = most_within(log, n, 60000);
    ok(most <= LIMIT * 4, "at most %u in a minute", most);

    /* nobody holds it up */

    shared->ms += 200000;
    now = keygate_rate_now(shared->ms, 0);
    window(&w[0], 0, KEYGATE_SECOND, LIMIT);
    window(&w[1], 0, KEYGATE_MINUTE, LIMIT * 4);
    ok(keygate_rate_charge(w, 2, LIMIT, &now)
       && !keygate_rate_charge(w, 2, 1, &now), "it is whole afterwards");
    free(log);
}


/* Charges that are given back, for want of room in the other meter, while the
 * first one's windows are emptied. */

static void
test_cleared(void)
{
    pid_t             pids[PROCS];
    unsigned          i, wrong;
    keygate_now_t     now;
    keygate_window_t  w[3];

    start();
    now = keygate_rate_now(shared->ms, 0);
    window(&w[0], 0, KEYGATE_DAY, 1000000);
    window(&w[1], 0, KEYGATE_MONTH, 1000000);
    window(&w[2], 1, KEYGATE_DAY, 1);

    for (i = 0; i < PROCS; i++) {
        pids[i] = fork();

        if (pids[i] != 0) {
            continue;
        }

        /* what the other says is out of date as often as not */

        while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
            (void) keygate_rate_charge(w, 3, 1, &now);

            if (i == 0) {
                keygate_meter_clear(w[2].meter, 1 << KEYGATE_DAY);
            }
        }

        _exit(0);
    }

    for (wrong = 0, i = 0; i < 20000; i++) {
        keygate_meter_clear(w[0].meter, 1 << KEYGATE_DAY | 1 << KEYGATE_MONTH);
        (void) keygate_rate_check(w, 2, 1, &now);
        wrong += w[0].refused + w[1].refused;
    }

    shared->stop = 1;
    wait_all(pids, PROCS);

    is_num(wrong, 0, "emptied beside charges that are given back: admits");

    keygate_meter_clear(w[0].meter, 1 << KEYGATE_DAY | 1 << KEYGATE_MONTH);
    (void) keygate_rate_check(w, 2, 0, &now);
    ok(w[0].remaining == 1000000 && w[1].remaining == 1000000,
       "... and nothing is in use afterwards");
}


int
main(void)
{
    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    test_parallel();
    test_killed();
    test_cleared();

    return tap_done();
}
