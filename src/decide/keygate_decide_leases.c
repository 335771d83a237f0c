/*
 * Row 6 over many nodes: whose lease each window needs, and what becomes of a
 * request for which there is none.
 *
 *   holder: +--------+-----------------------+-------+------+
 *           | ref 32 | hash of its limits 30 | group | kind |
 *           +--------+-----------------------+-------+------+
 *
 * APIs of one zone may have different rates for one key: each set of rates has
 * a lease of its own, on the one count.
 */

#include <string.h>

#include "keygate_decide_private.h"
#include "keygate_fnv.h"


static unsigned keygate_lease_group(keygate_window_t *windows, unsigned n,
    uint32_t limits[KEYGATE_UNITS]);
static void keygate_lease_spare(const keygate_leases_t *leases,
    keygate_window_t *windows, unsigned n);
static int keygate_lease_outage(const keygate_request_t *request,
    keygate_window_t *windows, unsigned n, uint32_t cost);


int
keygate_decide_leases(const keygate_request_t *request, unsigned flags,
    uint32_t cost, keygate_verdict_t *v)
{
    unsigned           i, j, n;
    uint32_t           limits[KEYGATE_UNITS];
    keygate_lease_t   *lease;
    keygate_leases_t  *leases;

    leases = request->leases;

    for (i = 0; i < v->n_windows; i += n) {
        n = keygate_lease_group(&v->windows[i], v->n_windows - i, limits);

        lease = cost == 0 || (flags & KEYGATE_CHECK_ONLY)
                ? keygate_leases_find(leases, v->windows[i].holder)
                : keygate_leases_get(leases, v->windows[i].holder, limits);

        if (lease == NULL) {
            if (cost == 0 || (flags & KEYGATE_CHECK_ONLY)) {
                continue;
            }

            v->code = KEYGATE_UNAVAILABLE;
            v->retry_after = 1;
            return 0;
        }

        for (j = i; j < i + n; j++) {
            v->windows[j].lease = lease;
        }

        keygate_lease_spare(leases, &v->windows[i], n);

        if (!keygate_lease_outage(request, &v->windows[i], n, cost)) {
            v->code = KEYGATE_UNAVAILABLE;
            v->retry_after = 1;
            return 0;
        }
    }

    return 1;
}


/* The windows of one meter; their number becomes that of holder and rates. */

static unsigned
keygate_lease_group(keygate_window_t *windows, unsigned n,
    uint32_t limits[KEYGATE_UNITS])
{
    unsigned  i, u;
    uint32_t  hash;

    memset(limits, 0, KEYGATE_UNITS * sizeof(uint32_t));

    for (i = 0; i < n && windows[i].meter == windows[0].meter; i++) {
        limits[windows[i].unit] = windows[i].limit;
    }

    n = i;

    for (hash = KEYGATE_FNV32_START, u = 0; u < KEYGATE_UNITS; u++) {
        hash = keygate_fnv32_step(hash, limits[u]);
        hash ^= hash >> 15;
    }

    for (i = 0; i < n; i++) {
        windows[i].holder |= hash & 0xfffffffcu;
    }

    return n;
}


static void
keygate_lease_spare(const keygate_leases_t *leases, keygate_window_t *windows,
    unsigned n)
{
    unsigned  i;
    uint32_t  nodes;

    if (__atomic_load_n(&windows->lease->met, __ATOMIC_RELAXED)) {
        return;
    }

    nodes = __atomic_load_n(&leases->nodes, __ATOMIC_RELAXED);

    for (i = 0; i < n; i++) {
        windows[i].spare = nodes == 0
                           ? 0 : keygate_lease_float(windows[i].limit, nodes);
    }
}


/* Leases hold to their end; then each node keeps to a part. */

static int
keygate_lease_outage(const keygate_request_t *request,
    keygate_window_t *windows, unsigned n, uint32_t cost)
{
    unsigned           i;
    uint32_t           outage, nodes;
    keygate_lease_t   *lease;
    keygate_leases_t  *leases;

    leases = request->leases;
    lease = windows->lease;

    if (cost == 0 || !keygate_leases_down(leases, request->now.ms)
        || keygate_lease_covers(lease, windows->holder,
                                keygate_meter_count(windows->meter), cost,
                                request->now.ms))
    {
        return 1;
    }

    outage = __atomic_load_n(&leases->outage, __ATOMIC_RELAXED);
    nodes = __atomic_load_n(&leases->nodes, __ATOMIC_RELAXED);

    if (outage == KEYGATE_OUTAGE_REFUSE) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        windows[i].lease = NULL;

        if (outage == KEYGATE_OUTAGE_SHARE) {
            windows[i].limit = keygate_lease_alone(lease, windows[i].limit,
                                                   nodes, request->now.ms);
        }
    }

    return 1;
}


/* A lease that has not been met is asked for, whether it was needed or not. */

void
keygate_decide_wait(const keygate_request_t *request, unsigned flags,
    uint32_t cost, keygate_verdict_t *v)
{
    int                asked, waits;
    unsigned           i;
    keygate_lease_t   *lease;
    keygate_leases_t  *leases;

    if (cost == 0 || (flags & KEYGATE_CHECK_ONLY)) {
        return;
    }

    leases = request->leases;
    waits = !v->charged;

    for (lease = NULL, i = 0; i < v->n_windows; i++) {

        /* a rate that has no room, here or elsewhere, is not waited for */

        if (v->windows[i].refused && !v->windows[i].unleased) {
            waits = 0;
        }

        if (v->windows[i].lease == NULL || v->windows[i].lease == lease) {
            continue;
        }

        lease = v->windows[i].lease;

        if (v->charged
            ? __atomic_load_n(&lease->met, __ATOMIC_RELAXED)
            : !v->windows[i].unleased && !v->windows[i].refused)
        {
            continue;
        }

        asked = (flags & KEYGATE_WAITED) || keygate_lease_want(lease, cost);
        waits &= asked && !keygate_lease_denied(lease, request->now.ms);

        keygate_leases_stir(leases, lease);
    }

    v->waits = waits & 1;

    if (!v->charged && !waits) {
        for (i = 0; i < v->n_windows; i++) {
            if (v->windows[i].unleased) {
                (void) __atomic_fetch_add(&leases->early, 1, __ATOMIC_RELAXED);
                break;
            }
        }
    }
}
