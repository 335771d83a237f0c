/*
 * Windows of rates that hold over many nodes: whether a lease admits, and what
 * a client is told that others have used.
 */

#include "keygate_lease.h"
#include "keygate_meter.h"


static uint32_t keygate_window_room(const keygate_window_t *w);


int
keygate_window_leased(const keygate_look_t *look,
    const keygate_window_t *windows, unsigned n, uint32_t cost, int take,
    const keygate_now_t *now)
{
    unsigned                i;
    uint64_t                used;
    const keygate_lease_t  *lease;

    lease = windows->lease;

    if (take
        && keygate_lease_covers(lease, windows->holder, look->count, cost,
                                now->ms))
    {
        return 1;
    }

    if (take && __atomic_load_n(&lease->met, __ATOMIC_RELAXED)) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        used = (uint64_t) windows[i].remaining + cost;

        if (take ? used > windows[i].spare
                 : used + __atomic_load_n(&lease->others[windows[i].unit],
                                          __ATOMIC_RELAXED)
                   > windows[i].limit)
        {
            return 0;
        }
    }

    return 1;
}


/* Where only a lease is missing, a rate refuses that has no room left; or, if
 * all have, the first one. */

void
keygate_window_others(keygate_window_t *windows, unsigned n, uint32_t cost,
    int leased, const keygate_now_t *now)
{
    int                refused;
    unsigned           i;
    uint32_t           room, free_in;
    keygate_window_t  *w;

    for (refused = 0, i = 0; i < n; i++) {
        w = &windows[i];

        room = keygate_window_room(w);
        free_in = keygate_lease_free_in(w->lease, w->unit, now->ms);

        if (w->refused) {
            w->retry_after = free_in > w->retry_after ? free_in
                                                      : w->retry_after;
            w->reset = w->retry_after;

        } else if (!leased && room < cost) {
            w->refused = 1;
            w->retry_after = free_in == 0 ? 1 : free_in;
            w->reset = w->retry_after;

        } else if (w->reset == 0 && room < w->limit) {
            w->reset = free_in == 0 ? 1 : free_in;
        }

        w->remaining = room;
        refused |= (int) w->refused;
    }

    if (leased || refused) {
        return;
    }

    for (i = 0; i < n; i++) {
        windows[i].unleased = 1;
    }

    /* what is left, others hold: for this client, now, that is nothing */

    windows->refused = 1;
    windows->remaining = 0;
    windows->retry_after = 1;
    windows->reset = 1;
}


static uint32_t
keygate_window_room(const keygate_window_t *w)
{
    uint32_t  others;

    others = __atomic_load_n(&w->lease->others[w->unit], __ATOMIC_RELAXED);

    return w->remaining > others ? w->remaining - others : 0;
}
