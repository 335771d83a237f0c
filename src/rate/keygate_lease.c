/*
 * When a node asks for how much, and what it does with the answer.  The word
 * that says what may be admitted is written whole, so those who charge see a
 * ceiling with its deadline:
 *
 *   +----------------+------+------------+
 *   | deadline ms 32 | open | ceiling 31 |
 *   +----------------+------+------------+
 *
 * The deadline wraps; one that is further away than any can be is over.
 */

#include "keygate_lease.h"
#include "keygate_meter.h"


#define KEYGATE_LEASE_OPEN   ((uint64_t) 1 << 31)
#define KEYGATE_LEASE_EARLY  20          /* ms that a node stops earlier */
#define KEYGATE_LEASE_MONTH  2592000     /* s, as the ledgers have it */
#define KEYGATE_LEASE_MEAN   200         /* ms over which demand is averaged */


static uint32_t keygate_lease_left(uint32_t until, uint64_t ms);
static void keygate_lease_pace(keygate_lease_t *l, uint32_t demand,
    uint64_t ms);
static uint32_t keygate_lease_balance(const keygate_lease_t *l,
    uint32_t count, uint64_t ms);
static void keygate_lease_close(keygate_lease_t *l);


int
keygate_lease_covers(const keygate_lease_t *lease, uint64_t holder,
    uint32_t count, uint32_t cost, uint64_t ms)
{
    uint32_t  left;
    uint64_t  grant;

    grant = __atomic_load_n(&lease->grant, __ATOMIC_ACQUIRE);

    if (!(grant & KEYGATE_LEASE_OPEN)
        || keygate_lease_left((uint32_t) (grant >> 32), ms) == 0)
    {
        return 0;
    }

    left = ((uint32_t) grant - count) & KEYGATE_COUNTS;

    return left <= KEYGATE_COUNTS / 2 && left >= cost
           && __atomic_load_n(&lease->holder, __ATOMIC_ACQUIRE) == holder;
}


uint32_t
keygate_lease_room(const keygate_lease_t *lease, uint64_t holder,
    uint32_t count, uint64_t ms)
{
    return lease != NULL && keygate_lease_covers(lease, holder, count, 1, ms)
           ? ((uint32_t) __atomic_load_n(&lease->grant, __ATOMIC_RELAXED)
              - count) & KEYGATE_COUNTS
           : 0;
}


int
keygate_lease_denied(const keygate_lease_t *lease, uint64_t ms)
{
    uint32_t  denied;

    denied = __atomic_load_n(&lease->denied, __ATOMIC_RELAXED);

    return denied != 0 && keygate_lease_left(denied, ms) != 0;
}


uint32_t
keygate_lease_free_in(const keygate_lease_t *lease, keygate_unit_e unit,
    uint64_t ms)
{
    uint32_t  at, now;

    at = __atomic_load_n(&lease->free_at[unit], __ATOMIC_RELAXED);
    now = (uint32_t) (ms / 1000);

    return at > now ? at - now : 0;
}


int
keygate_lease_want(keygate_lease_t *lease, uint32_t cost)
{
    if (__atomic_load_n(&lease->wanted, __ATOMIC_RELAXED)
        >= KEYGATE_LEASE_QUEUE)
    {
        return 0;
    }

    (void) __atomic_fetch_add(&lease->wanted, cost, __ATOMIC_RELAXED);

    return 1;
}


uint32_t
keygate_lease_float(uint32_t limit, uint32_t nodes)
{
    return nodes < 2 ? limit / 100 : limit / (100 * (nodes - 1));
}


uint32_t
keygate_lease_alone(const keygate_lease_t *lease, uint32_t limit,
    uint32_t nodes, uint64_t ms)
{
    unsigned  u;
    uint32_t  even, own, longest;

    for (longest = 0, u = 0; u < KEYGATE_UNITS; u++) {
        if (lease->limits[u] != 0) {
            longest = u == KEYGATE_MONTH
                      ? KEYGATE_LEASE_MONTH
                      : keygate_unit_seconds((keygate_unit_e) u);
        }
    }

    even = limit / (nodes == 0 ? 1 : nodes);
    own = (uint32_t) (ms / 1000) - lease->taken < longest
          ? (uint32_t) ((uint64_t) limit * lease->share / 1000) : 0;
    even = even > own ? even : own;

    return even == 0 ? 1 : even;
}


keygate_lease_e
keygate_lease_look(keygate_lease_t *l, uint32_t count, uint64_t ms,
    uint32_t delay, uint32_t *want)
{
    uint32_t  wanted, demand, balance, left;
    uint64_t  need;

    wanted = __atomic_exchange_n(&l->wanted, 0, __ATOMIC_RELAXED);
    demand = ((count - l->seen) & KEYGATE_COUNTS) + wanted;

    keygate_lease_pace(l, demand, ms);

    l->wants = wanted > KEYGATE_RATE_MAX - l->wants ? KEYGATE_RATE_MAX
                                                    : l->wants + wanted;
    l->seen = count;
    l->looked = ms;

    if (demand != 0) {
        l->used_at = ms;
    }

    if (l->closing && l->wants == 0) {
        *want = 0;
        return KEYGATE_LEASE_RETURN;
    }

    balance = keygate_lease_balance(l, count, ms);
    left = l->until > ms ? (uint32_t) (l->until - ms) : 0;

    need = (uint64_t) l->pace * (KEYGATE_LEASE_TURN + delay) / 400000;
    need = need < l->wants ? l->wants : need;
    need = need == 0 && (demand != 0 || l->until != 0) ? 1 : need;
    *want = need > balance ? (uint32_t) (need - balance) : 0;

    if (l->wants != 0) {
        if (ms >= l->denied_until) {
            return KEYGATE_LEASE_ASK;
        }

        l->wants = 0;
    }

    if (l->until == 0) {
        return count != l->told || !l->met ? KEYGATE_LEASE_ASK
               : ms - l->used_at > KEYGATE_LEASE_GRACE ? KEYGATE_LEASE_REST
               : KEYGATE_LEASE_KEEP;
    }

    if (ms - l->used_at >= l->validity / 2
        || left <= KEYGATE_LEASE_EARLY + KEYGATE_LEASE_TURN)
    {
        keygate_lease_close(l);
        return KEYGATE_LEASE_KEEP;
    }

    if (count != l->told && ms >= l->denied_until
        && (balance < l->granted / 2
            || left < l->validity / 4 + 2 * (KEYGATE_LEASE_TURN + delay)))
    {
        return KEYGATE_LEASE_ASK;
    }

    return KEYGATE_LEASE_KEEP;
}


int
keygate_lease_take(keygate_lease_t *l, const keygate_grant_t *grant,
    uint32_t count, uint64_t sent, uint64_t ms)
{
    unsigned  u;

    l->told = count;
    l->share = grant->share;
    l->taken = (uint32_t) (ms / 1000);
    l->validity = grant->validity;
    l->denied_until = grant->denied ? ms + grant->denied : 0;

    for (u = 0; u < KEYGATE_UNITS; u++) {
        __atomic_store_n(&l->others[u], grant->others[u], __ATOMIC_RELAXED);
        __atomic_store_n(&l->free_at[u],
                         grant->free_in[u] == 0
                         ? 0 : (uint32_t) ((ms + grant->free_in[u]) / 1000 + 1),
                         __ATOMIC_RELAXED);
    }

    __atomic_store_n(&l->denied,
                     grant->denied ? (uint32_t) l->denied_until | 1 : 0,
                     __ATOMIC_RELAXED);
    __atomic_store_n(&l->met, 1, __ATOMIC_RELAXED);

    l->granted = (grant->ceiling - count) & KEYGATE_COUNTS;
    l->closing = 0;

    if (l->granted == 0 || l->granted > KEYGATE_COUNTS / 2
        || grant->validity <= KEYGATE_LEASE_EARLY)
    {
        l->granted = 0;
        l->until = 0;
        l->wants = 0;
        __atomic_store_n(&l->grant, 0, __ATOMIC_RELEASE);
        return 0;
    }

    l->wants -= l->wants < l->granted ? l->wants : l->granted;
    l->until = sent + grant->validity;

    __atomic_store_n(&l->grant,
                     (l->until - KEYGATE_LEASE_EARLY) << 32
                     | KEYGATE_LEASE_OPEN
                     | (grant->ceiling & KEYGATE_COUNTS),
                     __ATOMIC_RELEASE);

    return l->wants != 0 && grant->denied == 0;
}


void
keygate_lease_drop(keygate_lease_t *l, uint32_t count)
{
    __atomic_store_n(&l->grant, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&l->met, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&l->denied, 0, __ATOMIC_RELAXED);

    memset(l->others, 0, sizeof(l->others));
    memset(l->free_at, 0, sizeof(l->free_at));

    l->until = 0;
    l->denied_until = 0;
    l->seen = count;
    l->told = count;
    l->wants = 0;
    l->granted = 0;
    l->validity = 0;
    l->pace = 0;
    l->share = 0;
    l->closing = 0;
}


int
keygate_lease_empty(keygate_lease_t *l, uint32_t count)
{
    int  had;

    had = l->until != 0 || l->closing;

    keygate_lease_drop(l, count);
    l->closing = had;

    return had;
}


static uint32_t
keygate_lease_left(uint32_t until, uint64_t ms)
{
    uint32_t  left;

    left = until - (uint32_t) ms;

    return left <= KEYGATE_LEASE_MOST ? left : 0;
}


/* What was before fades within some looks. */

static void
keygate_lease_pace(keygate_lease_t *l, uint32_t demand, uint64_t ms)
{
    int64_t   pace;
    uint64_t  passed;

    passed = ms - l->looked;

    if (l->looked == 0 || passed > 60000) {
        l->pace = 0;
        passed = KEYGATE_LEASE_TURN;
    }

    if (passed == 0) {
        passed = 1;
    }

    demand = demand > 1000000 ? 1000000 : demand;

    pace = (int64_t) ((uint64_t) demand * 1000000 / passed);
    pace = (int64_t) l->pace
           + (pace - (int64_t) l->pace) * (int64_t) passed
             / (int64_t) (passed + KEYGATE_LEASE_MEAN);

    l->pace = pace > UINT32_MAX ? UINT32_MAX : (uint32_t) pace;
}


static uint32_t
keygate_lease_balance(const keygate_lease_t *l, uint32_t count, uint64_t ms)
{
    uint32_t  left;

    if (l->until <= ms + KEYGATE_LEASE_EARLY) {
        return 0;
    }

    left = ((uint32_t) l->grant - count) & KEYGATE_COUNTS;

    return left > KEYGATE_COUNTS / 2 ? 0 : left;
}


/* Who has just seen it open may still charge: the next look tells how much. */

static void
keygate_lease_close(keygate_lease_t *l)
{
    __atomic_store_n(&l->grant, 0, __ATOMIC_RELEASE);
    l->until = 0;
    l->closing = 1;
}
