/*
 * Leases of many nodes, in steps of a millisecond: what was admitted is judged
 * by an exact log, and held against one central limiter on the same arrivals.
 */

#include "keygate_meter.h"

#include "ledger.h"
#include "random.h"
#include "tap.h"


#define NODES    32
#define WAITING  64
#define LOG_MAX  400000


typedef struct {
    keygate_lease_t  lease;
    uint32_t         count;
    uint32_t         life;
    unsigned         from;               /* of the log, where it began */
    uint64_t         next;               /* look */

    int              asked;              /* an exchange is under way */
    uint64_t         at;                 /* when it reaches the ledger */
    uint64_t         back;
    uint64_t         sent;
    int              done;
    ledger_ask_t     ask;
    keygate_grant_t  grant;

    unsigned         n_waiting;
    uint64_t         waiting[WAITING];   /* since when */
} node_t;


typedef struct {
    const char      *name;
    unsigned         nodes;
    uint32_t         limit;
    keygate_unit_e   unit;
    char             load;               /* A: even, B: one node, C: another one
                                            every 5 s, E: most on one, G: bursts
                                            of ten, D: all at one, then all */
    double           times;              /* the limit */
    unsigned         least;              /* of what is to be had, in % */
    unsigned         trip;               /* ms, there and back */
    unsigned         lossy;              /* messages are lost and doubled */
    unsigned         deaths;             /* ms between two of a node */
} run_t;


static node_t    nodes[NODES];
static ledger_t  ledger;
static uint64_t  when[LOG_MAX], central[LOG_MAX];
static unsigned  n_when, n_central;
static unsigned  arrived, waited, exchanges;


static double
chance(void)
{
    return random_below(1u << 30) / (double) (1u << 30);
}


static uint32_t
own_units(unsigned node, uint64_t now, uint64_t window, unsigned from)
{
    /* who admitted is in the upper bits of the log */

    unsigned  i;
    uint32_t  n;

    for (n = 0, i = n_when; i-- > from; /* void */ ) {
        if ((when[i] & 0xffffffffffull) + window <= now) {
            break;
        }

        n += when[i] >> 40 == node;
    }

    return n;
}


static int
admit(unsigned k, uint64_t now)
{
    node_t  *n;

    n = &nodes[k];

    if (!keygate_lease_covers(&n->lease, 0, n->count, 1, now)) {
        return 0;
    }

    if (n_when == LOG_MAX) {
        return 0;
    }

    n->count = (n->count + 1) & KEYGATE_COUNTS;
    when[n_when++] = (uint64_t) k << 40 | now;

    return 1;
}


static void
arrive(const run_t *run, unsigned k, uint64_t now, uint64_t window)
{
    node_t    *n;

    n = &nodes[k];
    arrived++;

    if (n_central < LOG_MAX
        && (n_central < run->limit
            || central[n_central - run->limit] + window <= now))
    {
        central[n_central++] = now;
    }

    if (admit(k, now)) {
        return;
    }

    if (keygate_lease_want(&n->lease, 1)
        && !keygate_lease_denied(&n->lease, now) && n->n_waiting < WAITING)
    {
        n->waiting[n->n_waiting++] = now;
        waited++;
    }
}


static void
serve_waiting(unsigned k, uint64_t now)
{
    unsigned  i, kept;
    node_t   *n;

    n = &nodes[k];

    for (kept = 0, i = 0; i < n->n_waiting; i++) {
        if (now - n->waiting[i] > 30
            || ((now - n->waiting[i]) % 5 == 0 && now != n->waiting[i]
                && admit(k, now)))
        {
            continue;
        }

        n->waiting[kept++] = n->waiting[i];
    }

    n->n_waiting = kept;
}


static void
look(const run_t *run, unsigned k, uint64_t now, uint64_t window)
{
    node_t           *n;
    uint32_t          want;
    keygate_lease_e   todo;

    n = &nodes[k];

    if (n->asked && !n->done && now >= n->at) {
        n->ask.own[run->unit] = own_units(k, now, window * 33 / 32,
                                            n->from);
        ledger_exchange(&ledger, now, &n->ask, &n->grant);
        exchanges++;

        /* the same bytes once more, as a network may have it */

        if (run->lossy && chance() < 0.1) {
            ledger_exchange(&ledger, now, &n->ask, &n->grant);
        }

        n->done = 1;
    }

    if (n->asked && now >= n->back) {
        n->asked = 0;

        if (!run->lossy || chance() > 0.1) {
            n->next = keygate_lease_take(&n->lease, &n->grant, n->ask.count,
                                         n->sent, now) ? now : n->next;
        }
    }

    if (n->asked || now < n->next) {
        return;
    }

    n->next = now + KEYGATE_LEASE_TURN;
    todo = keygate_lease_look(&n->lease, n->count, now, run->trip, &want);

    if (todo != KEYGATE_LEASE_ASK && todo != KEYGATE_LEASE_RETURN) {
        return;
    }

    memset(&n->ask, 0, sizeof(ledger_ask_t));
    n->ask.node = k;
    n->ask.life = n->life;
    n->ask.count = n->count;
    n->ask.back = todo == KEYGATE_LEASE_RETURN;
    n->ask.want = n->ask.back ? 0 : want;
    n->ask.nodes = run->nodes;
    n->ask.limits[run->unit] = run->limit;

    n->asked = 1;
    n->done = 0;
    n->sent = now;
    n->at = now + run->trip / 2;
    n->back = now + run->trip;
}


/* Units of the log's fullest window, beyond the limit. */

static unsigned
over(const run_t *run, uint64_t window)
{
    unsigned  i, from, most;
    uint64_t  now;

    for (from = 0, most = 0, i = 0; i < n_when; i++) {
        now = when[i] & 0xffffffffffull;

        while ((when[from] & 0xffffffffffull) + window <= now) {
            from++;
        }

        most = i - from + 1 > most ? i - from + 1 : most;
    }

    return most > run->limit ? most - run->limit : 0;
}


static void
arrivals(const run_t *run, uint64_t now, uint64_t window)
{
    unsigned  i, k, burst;
    double    rate;

    if (run->load == 'D') {
        if (now == 1000) {
            for (i = 0; i < 2 * run->limit; i++) {
                arrive(run, 0, now, window);
            }
        }

        if (now > 1000 && now % 10 == 0 && now < 4000) {
            for (k = 1; k < run->nodes; k++) {
                arrive(run, k, now, window);
            }
        }

        return;
    }

    rate = run->times * run->limit / (double) window;
    burst = run->load == 'G' ? 10 : 1;
    rate /= burst;

    /* several in a millisecond where it must be */

    for ( ; rate > 0; rate -= 0.25) {
        if (chance() >= (rate < 0.25 ? rate : 0.25)) {
            continue;
        }

        switch (run->load) {
        case 'B':
            k = 0;
            break;
        case 'C':
            k = (unsigned) (now / 5000) % run->nodes;
            break;
        case 'E':
            k = chance() < 0.7 ? 0 : (unsigned) (chance() * run->nodes);
            break;
        default:
            k = (unsigned) (chance() * run->nodes);
        }

        for (i = 0; i < burst; i++) {
            arrive(run, k, now, window);
        }
    }
}


static void
simulate(const run_t *run)
{
    uint32_t  life;
    unsigned  k, use, beyond;
    uint64_t  now, window, end;

    memset(nodes, 0, sizeof(nodes));
    memset(&ledger, 0, sizeof(ledger));
    n_when = n_central = arrived = waited = exchanges = 0;

    window = (uint64_t) keygate_unit_seconds(run->unit) * 1000;
    end = run->unit == KEYGATE_SECOND ? 20000 : 3 * window;
    end = end > 400000 ? 400000 : end;

    for (now = 1; now < end; now++) {

        if (run->deaths && now % run->deaths == 0) {
            k = random_below(run->nodes);
            life = nodes[k].life + 1;

            memset(&nodes[k], 0, sizeof(node_t));
            nodes[k].life = life;
            nodes[k].from = n_when;
        }

        for (k = 0; k < run->nodes; k++) {
            look(run, k, now, window);
        }

        arrivals(run, now, window);

        for (k = 0; k < run->nodes; k++) {
            serve_waiting(k, now);
        }
    }

    beyond = over(run, window);
    use = n_central == 0 ? 100 : (unsigned) (n_when * 1000ull / n_central);

    printf("# %s: %u of %u nodes, %u arrived, %u admitted, %u.%u%% of what one "
           "limiter admits, %u waited, %.1f exchanges a second\n", run->name,
           n_when, run->nodes, arrived, n_when, use / 10, use % 10, waited,
           exchanges * 1000.0 / (double) end);

    is_num(beyond, 0, "%s: none is admitted beyond the limit", run->name);
    ok(use >= run->least * 10, "%s: at least %u%% are admitted", run->name,
       run->least);
}


#define SECOND  KEYGATE_SECOND
#define MINUTE  KEYGATE_MINUTE
#define HOUR    KEYGATE_HOUR


static const run_t  runs[] = {
    { "4, 120/min, A half", 4, 120, MINUTE, 'A', 0.5, 99, 2, 0, 0 },
    { "4, 120/min, A twice", 4, 120, MINUTE, 'A', 2, 97, 2, 0, 0 },
    { "4, 120/min, C twice", 4, 120, MINUTE, 'C', 2, 97, 2, 0, 0 },
    { "4, 120/min, E twice", 4, 120, MINUTE, 'E', 2, 97, 2, 0, 0 },
    { "4, 1000/min, A half", 4, 1000, MINUTE, 'A', 0.5, 99, 2, 0, 0 },
    { "4, 1000/min, A twice", 4, 1000, MINUTE, 'A', 2, 99, 2, 0, 0 },
    { "4, 1000/min, E twice", 4, 1000, MINUTE, 'E', 2, 99, 2, 0, 0 },
    { "8, 120/min, A half", 8, 120, MINUTE, 'A', 0.5, 97, 2, 0, 0 },
    { "8, 120/min, A twice", 8, 120, MINUTE, 'A', 2, 95, 2, 0, 0 },
    { "8, 120/min, E twice", 8, 120, MINUTE, 'E', 2, 95, 2, 0, 0 },
    { "8, 120/min, G half", 8, 120, MINUTE, 'G', 0.5, 70, 2, 0, 0 },
    { "8, 1000/min, A half", 8, 1000, MINUTE, 'A', 0.5, 99, 2, 0, 0 },
    { "8, 1000/min, A 50x", 8, 1000, MINUTE, 'A', 50, 99, 2, 0, 0 },
    { "8, 1000/min, B twice", 8, 1000, MINUTE, 'B', 2, 99, 2, 0, 0 },
    { "8, 1000/min, C twice", 8, 1000, MINUTE, 'C', 2, 98, 2, 0, 0 },
    { "8, 1000/min, E twice", 8, 1000, MINUTE, 'E', 2, 98, 2, 0, 0 },
    { "8, 1000/min, G half", 8, 1000, MINUTE, 'G', 0.5, 97, 2, 0, 0 },
    { "8, 1000/hour, A half", 8, 1000, HOUR, 'A', 0.5, 99, 2, 0, 0 },
    { "8, 100/s, A half", 8, 100, SECOND, 'A', 0.5, 90, 2, 0, 0 },
    { "8, 100/s, A twice", 8, 100, SECOND, 'A', 2, 70, 2, 0, 0 },
    { "8, 100/s, E twice", 8, 100, SECOND, 'E', 2, 70, 2, 0, 0 },
    { "32, 1000/min, A half", 32, 1000, MINUTE, 'A', 0.5, 99, 2, 0, 0 },
    { "32, 1000/min, A twice", 32, 1000, MINUTE, 'A', 2, 95, 2, 0, 0 },
    { "32, 1000/min, E twice", 32, 1000, MINUTE, 'E', 2, 95, 2, 0, 0 },
    { "32, 120/min, A twice", 32, 120, MINUTE, 'A', 2, 75, 2, 0, 0 },
    { "8, 1000/min, D", 8, 1000, MINUTE, 'D', 0, 50, 2, 0, 0 },
    { "32, 120/min, D", 32, 120, MINUTE, 'D', 0, 50, 2, 0, 0 },
    { "8, 1000/min, far, A", 8, 1000, MINUTE, 'A', 2, 98, 20, 0, 0 },
    { "8, 1000/min, far, E", 8, 1000, MINUTE, 'E', 2, 98, 20, 0, 0 },
    { "8, 1000/min, lossy, A", 8, 1000, MINUTE, 'A', 2, 90, 2, 1, 0 },
    { "8, 120/min, lossy, E", 8, 120, MINUTE, 'E', 2, 80, 2, 1, 0 },
    { "8, 1000/min, deaths, A", 8, 1000, MINUTE, 'A', 2, 60, 2, 0, 7000 },
    { "4, 120/min, deaths, C", 4, 120, MINUTE, 'C', 1, 60, 2, 1, 9000 }
};


int
main(void)
{
    unsigned  i;

    for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        simulate(&runs[i]);
    }

    return tap_done();
}
