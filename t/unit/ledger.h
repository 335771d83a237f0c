/*
 * The ledger as C has it: what src/store/lua/lease.lua does for one holder,
 * said once more and as plainly as can be.
 */

#ifndef LEDGER_H
#define LEDGER_H

#include "keygate_lease.h"


#define LEDGER_NODES  32
#define LEDGER_SETS   2                  /* of rates, on one count */
#define LEDGER_GRACE  500


typedef struct {
    int       open;
    uint32_t  ceiling;
    uint64_t  expiry;
} ledger_lease_t;


typedef struct {
    int             known;
    uint32_t        life;                /* another one: counts begin anew */
    uint32_t        count;
    uint64_t        seen;
    uint32_t        share;               /* that it was told */
    ledger_lease_t  sets[LEDGER_SETS];
} ledger_node_t;


typedef struct {
    uint64_t       last[KEYGATE_MONTH];              /* bucket */
    uint32_t       used[KEYGATE_MONTH][KEYGATE_BUCKETS];  /* by its number */
    uint64_t       month;
    uint32_t       month_used;
    uint64_t       clock;
    int64_t        ahead;                /* of the engine's */
    int64_t        before;               /* what it was before that */
    ledger_node_t  nodes[LEDGER_NODES];
} ledger_t;


typedef struct {
    unsigned  node;
    uint32_t  life;
    uint32_t  count;
    unsigned  set;
    int       back;                      /* what is left goes back */
    uint32_t  want;
    unsigned  nodes;                     /* that are there */
    uint32_t  limits[KEYGATE_UNITS];
    uint32_t  own[KEYGATE_UNITS];        /* in the node's windows */
    uint64_t  month;
    uint64_t  month_ms;                  /* until it ends */
} ledger_ask_t;


static void
ledger_book(ledger_t *l, uint32_t units)
{
    unsigned  u;

    for (u = 0; u < KEYGATE_MONTH; u++) {
        l->used[u][l->last[u] % KEYGATE_BUCKETS] += units;
    }

    l->month_used += units;
}


static void
ledger_clock(ledger_t *l, int64_t now)
{
    int64_t  clock, off;

    clock = (int64_t) l->clock;
    off = now + l->before - clock;

    if (off >= -5000 && off <= 5000) {
        now += l->before;

    } else if (now + l->ahead + 15000 < clock) {
        l->before = l->ahead;
        l->ahead = clock - now;
        now = clock;

    } else {
        now += l->ahead;
    }

    l->clock = (uint64_t) (now > clock ? now : clock);
}


static void
ledger_roll(ledger_t *l, uint64_t now, uint64_t month)
{
    unsigned  u;
    uint64_t  b, to;

    ledger_clock(l, (int64_t) now);

    for (u = 0; u < KEYGATE_MONTH; u++) {
        to = l->clock * 32 / (1000 * keygate_unit_seconds((keygate_unit_e) u));

        for (b = l->last[u] + 1; b <= to && b <= l->last[u] + KEYGATE_BUCKETS;
             b++)
        {
            l->used[u][b % KEYGATE_BUCKETS] = 0;
        }

        l->last[u] = to;
    }

    if (month > l->month) {
        l->month = month;
        l->month_used = 0;
    }
}


static uint32_t
ledger_used(const ledger_t *l, unsigned unit)
{
    unsigned  i;
    uint32_t  n;

    if (unit == KEYGATE_MONTH) {
        return l->month_used;
    }

    for (n = 0, i = 0; i < KEYGATE_BUCKETS; i++) {
        n += l->used[unit][i];
    }

    return n;
}


/* Milliseconds until no more than "most" units are in use. */

static uint64_t
ledger_frees(const ledger_t *l, unsigned unit, uint32_t most,
    uint64_t month_ms)
{
    uint32_t  n;
    uint64_t  b, at;

    n = ledger_used(l, unit);

    if (n <= most) {
        return 0;
    }

    if (unit == KEYGATE_MONTH) {
        return month_ms;
    }

    for (b = l->last[unit] < 32 ? 0 : l->last[unit] - 32; b <= l->last[unit];
         b++)
    {
        n -= l->used[unit][b % KEYGATE_BUCKETS];

        if (n <= most) {
            break;
        }
    }

    at = ((b + KEYGATE_BUCKETS) * 1000
          * keygate_unit_seconds((keygate_unit_e) unit) + 31) / 32;

    return at - l->clock;
}


/* Of leases on one count the largest is what is not used; "lapsed": of those
 * whose time is over alone. */

static uint32_t
ledger_unspent(const ledger_t *l, const ledger_node_t *e, int lapsed)
{
    unsigned  i;
    uint32_t  n, most;

    for (most = 0, i = 0; i < LEDGER_SETS; i++) {
        if (!e->sets[i].open
            || (lapsed && e->sets[i].expiry + LEDGER_GRACE >= l->clock))
        {
            continue;
        }

        n = (e->sets[i].ceiling - e->count) & 0x7fffffff;
        n = n > 0x3fffffff ? 0 : n;
        most = n > most ? n : most;
    }

    return most;
}


static uint32_t
ledger_out(const ledger_t *l, unsigned but)
{
    unsigned  i;
    uint32_t  n;

    for (n = 0, i = 0; i < LEDGER_NODES; i++) {
        if (l->nodes[i].known && i != but) {
            n += ledger_unspent(l, &l->nodes[i], 0);
        }
    }

    return n;
}


static void
ledger_node(ledger_t *l, const ledger_ask_t *ask)
{
    unsigned        u, i;
    uint32_t        n;
    ledger_node_t  *e;

    e = &l->nodes[ask->node];

    if (e->known && e->life == ask->life) {
        n = (ask->count - e->count) & 0x7fffffff;
        ledger_book(l, n > 0x3fffffff ? 0 : n);

    } else if (e->known) {
        ledger_book(l, ledger_unspent(l, e, 0));
        memset(e->sets, 0, sizeof(e->sets));

    } else {
        for (u = 0; u < KEYGATE_MONTH; u++) {
            l->used[u][l->last[u] % KEYGATE_BUCKETS] += ask->own[u];
        }

        l->month_used += ask->own[KEYGATE_MONTH];
    }

    e->known = 1;
    e->life = ask->life;
    e->count = ask->count;
    e->seen = l->clock;

    for (i = 0; i < LEDGER_SETS; i++) {
        if (e->sets[i].expiry + LEDGER_GRACE < l->clock
            || (i == ask->set && ask->back))
        {
            e->sets[i].open = 0;
        }
    }
}


static void
ledger_silent(ledger_t *l, unsigned but)
{
    unsigned        i, s;
    uint32_t        n;
    ledger_node_t  *e;

    for (i = 0; i < LEDGER_NODES; i++) {
        e = &l->nodes[i];

        if (!e->known || i == but) {
            continue;
        }

        n = ledger_unspent(l, e, 1);
        ledger_book(l, n);
        e->count = (e->count + n) & 0x7fffffff;

        for (s = 0; s < LEDGER_SETS; s++) {
            if (e->sets[s].expiry + LEDGER_GRACE < l->clock) {
                e->sets[s].open = 0;
            }
        }
    }
}


/* Milliseconds until another node's lease is over. */

static uint64_t
ledger_returns(const ledger_t *l, unsigned but)
{
    unsigned              i, s;
    uint64_t              ms, least;
    const ledger_node_t  *e;

    for (least = UINT64_MAX, i = 0; i < LEDGER_NODES; i++) {
        e = &l->nodes[i];

        if (!e->known || i == but || ledger_unspent(l, e, 0) == 0) {
            continue;
        }

        for (s = 0; s < LEDGER_SETS; s++) {
            ms = e->sets[s].expiry + LEDGER_GRACE - l->clock;
            least = e->sets[s].open && ms < least ? ms : least;
        }
    }

    return least == UINT64_MAX ? 0 : least;
}


/* Nodes hear of their shares at different times: what all of them were told,
 * as long as it holds, is no more than the whole. */

static void
ledger_share(ledger_t *l, const ledger_ask_t *ask, keygate_grant_t *g)
{
    unsigned  i, u;
    uint64_t  longest;
    int64_t   rest;

    for (longest = 0, u = 0; u < KEYGATE_UNITS; u++) {
        if (ask->limits[u] != 0) {
            longest = (u == KEYGATE_MONTH
                       ? 2592000 : keygate_unit_seconds((keygate_unit_e) u))
                      * (uint64_t) 1000;
        }
    }

    for (rest = 1000, i = 0; i < LEDGER_NODES; i++) {
        if (i != ask->node && l->nodes[i].known
            && l->nodes[i].seen + longest >= l->clock)
        {
            rest -= l->nodes[i].share;
        }
    }

    rest = rest < 0 ? 0 : rest;
    g->share = g->share > (uint32_t) rest ? (uint32_t) rest : g->share;
    l->nodes[ask->node].share = g->share;
}


/* One exchange at the ledger's time "now" (ms). */

static void
ledger_exchange(ledger_t *l, uint64_t now, const ledger_ask_t *ask,
    keygate_grant_t *g)
{
    unsigned        u, i, near;
    int64_t         left, rest;
    uint64_t        w, least, valid, validity, denied, frees, free, shortest;
    uint32_t        used, out, mine, units;
    ledger_node_t  *e;
    ledger_lease_t  *lease;

    memset(g, 0, sizeof(keygate_grant_t));

    ledger_roll(l, now, ask->month);
    ledger_node(l, ask);
    ledger_silent(l, ask->node);

    e = &l->nodes[ask->node];
    out = ledger_out(l, ask->node);
    mine = ledger_unspent(l, e, 0);

    rest = INT64_MAX;
    shortest = UINT64_MAX;

    for (u = 0; u < KEYGATE_UNITS; u++) {
        if (ask->limits[u] == 0) {
            continue;
        }

        w = u == KEYGATE_MONTH ? 2592000
                               : keygate_unit_seconds((keygate_unit_e) u);
        shortest = w < shortest ? w : shortest;

        left = (int64_t) ask->limits[u] - ledger_used(l, u) - out - mine;
        rest = left < rest ? left : rest;
    }

    rest = rest < 0 ? 0 : rest;

    for (near = 0, i = 0; i < LEDGER_NODES; i++) {
        near += l->nodes[i].known
                && (i == ask->node
                    || l->nodes[i].seen + shortest * 1000 >= l->clock);
    }

    units = 0;

    if (ask->want != 0 && !ask->back && rest != 0) {
        units = (uint32_t) (rest / (ask->nodes == 0 ? 2 : 2 * ask->nodes));
        units = units < ask->want ? ask->want : units;
        used = (uint32_t) (rest / (2 * near));
        used = used == 0 ? 1 : used;
        units = units > used ? used : units;
        units = units > rest ? (uint32_t) rest : units;
    }

    lease = &e->sets[ask->set];

    if (!lease->open || ((lease->ceiling - e->count) & 0x7fffffff) > 0x3fffffff)
    {
        lease->ceiling = e->count;
    }

    if (units != 0) {
        lease->ceiling = (e->count + mine + units) & 0x7fffffff;
    }

    lease->open = !ask->back;

    validity = 600000;
    denied = 0;

    for (u = 0; u < KEYGATE_UNITS; u++) {
        if (ask->limits[u] == 0) {
            continue;
        }

        w = (u == KEYGATE_MONTH ? 2592000
             : keygate_unit_seconds((keygate_unit_e) u)) * (uint64_t) 1000;
        used = ledger_used(l, u);
        least = w / 16 < 100 ? 100 : w / 16 > 2000 ? 2000 : w / 16;
        valid = used >= ask->limits[u]
                ? 0 : w * (ask->limits[u] - used) / ask->limits[u];
        valid = valid < least ? least : valid;
        validity = valid < validity ? valid : validity;

        g->others[u] = used > ask->own[u] ? used - ask->own[u] : 0;

        frees = ledger_frees(l, u, ask->limits[u] - 1, ask->month_ms);
        free = frees;

        if (free == 0 && used + out >= ask->limits[u]) {
            free = ledger_returns(l, ask->node);
        }

        g->free_in[u] = free > UINT32_MAX ? UINT32_MAX : (uint32_t) free;

        if (units == 0 && ask->want != 0
            && (int64_t) ask->limits[u] <= (int64_t) used + out + mine)
        {
            frees = frees > w / 32 ? w / 32 : frees;
            frees = out != 0 && (frees == 0 || frees > 200) ? 200 : frees;
            denied = frees > denied ? frees : denied;
        }
    }

    lease->expiry = l->clock + validity;

    g->ceiling = lease->ceiling;
    g->validity = (uint32_t) validity;
    g->denied = denied > 600000 ? 600000 : (uint32_t) denied;

    for (u = 0; u < KEYGATE_UNITS; u++) {
        used = ledger_used(l, u);

        if (ask->limits[u] == 0 || used == 0) {
            continue;
        }

        g->share = ask->own[u] >= used
                   ? 1000 : (uint32_t) ((uint64_t) ask->own[u] * 1000 / used);
    }

    ledger_share(l, ask, g);
}


#endif /* LEDGER_H */
