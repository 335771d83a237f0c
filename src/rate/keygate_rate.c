/*
 * Charging: whether all windows have room for what a request costs, and what
 * to tell its client.  How meters move through time is up to keygate_meter.c.
 *
 * Everything is computed from values that a last look at the word proves to
 * have belonged together: slots that are in a window are only overwritten
 * while the word is rolling, and each roll leaves another tick or turn in it.
 */

#include "keygate_calendar.h"
#include "keygate_meter.h"


/* One rate's ring, as of look->tick. */

typedef struct {
    const keygate_ring_t  *ring;
    uint32_t               unit;         /* ticks in a bucket */
    uint32_t               bucket;       /* that look->tick is in */
    uint32_t               passed;       /* buckets that no roll has seen */
    uint32_t               count;
} keygate_view_t;


static unsigned keygate_group(const keygate_window_t *windows, unsigned n);
static int keygate_charge(keygate_look_t *look, keygate_window_t *windows,
    unsigned n, uint32_t cost, int take, const keygate_now_t *now);
static int keygate_take(keygate_look_t *look, uint32_t cost);
static int keygate_still(const keygate_look_t *look);
static void keygate_refund(keygate_look_t *look, uint32_t cost);
static int keygate_judge(const keygate_look_t *look, keygate_window_t *windows,
    unsigned n, uint32_t cost);
static void keygate_fill(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t taken);
static void keygate_fill_month(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t used);
static void keygate_view(keygate_view_t *v, const keygate_look_t *look,
    const keygate_window_t *w);
static uint32_t keygate_used(const keygate_view_t *v, int age);
static uint32_t keygate_seconds(const keygate_view_t *v,
    const keygate_look_t *look, uint32_t most);
static uint32_t keygate_month_used(const keygate_look_t *look);


int
keygate_rate_charge(keygate_window_t *windows, unsigned n, uint32_t cost,
    const keygate_now_t *now)
{
    int             pass;
    unsigned        first, i, m;
    keygate_look_t  look, other;

    first = keygate_group(windows, n);

    if (first == n) {
        return n == 0
               || keygate_charge(&look, windows, n, cost, cost != 0, now);
    }

    pass = 1;

    for (i = 0; i < n; i += m) {
        m = keygate_group(windows + i, n - i);
        pass &= keygate_charge(&look, windows + i, m, cost, 0, now);
    }

    if (!pass || cost == 0) {
        return pass;
    }

    if (!keygate_charge(&look, windows, first, cost, 1, now)) {
        return 0;
    }

    if (keygate_rate_charge(windows + first, n - first, cost, now)) {
        return 1;
    }

    keygate_refund(&look, cost);
    (void) keygate_charge(&other, windows, first, 0, 0, now);

    return 0;
}


/* How many windows, from the first on, are of its meter. */

static unsigned
keygate_group(const keygate_window_t *windows, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (windows[i].meter != windows[0].meter) {
            break;
        }
    }

    return i;
}


static int
keygate_charge(keygate_look_t *look, keygate_window_t *windows, unsigned n,
    uint32_t cost, int take, const keygate_now_t *now)
{
    int       pass;
    unsigned  i;

    keygate_look_init(look, windows->meter, now);

    for (i = 0; i < n; i++) {
        if (windows[i].unit == KEYGATE_MONTH) {
            look->month = (uint32_t) keygate_month_of(now->wall);

        } else if (windows[i].ring != NULL) {
            look->rings[windows[i].unit] = windows[i].ring;
        }
    }

    for ( ;; ) {
        keygate_look(look);

        pass = keygate_judge(look, windows, n, cost);

        if (pass && take && keygate_look_stale(look)) {
            keygate_roll(look);
            continue;
        }

        for (i = 0; i < n; i++) {
            keygate_fill(look, &windows[i], cost, pass && take ? cost : 0);
        }

        if (pass && take ? keygate_take(look, cost) : keygate_still(look)) {
            return pass;
        }
    }
}


/* Both succeed only if the word is what it was when it was looked at. */

static int
keygate_take(keygate_look_t *look, uint32_t cost)
{
    uint64_t  word;

    word = keygate_word(keygate_word_tick(look->word),
                        look->word & KEYGATE_TURN, look->count + cost, 0);

    if (!__atomic_compare_exchange_n(&look->meter->word, &look->word, word, 0,
                                     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    {
        return 0;
    }

    look->word = word;

    return 1;
}


static int
keygate_still(const keygate_look_t *look)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return __atomic_load_n(&look->meter->word, __ATOMIC_RELAXED)
           == look->word;
}


/* Once rolled, the count at that time is in rings: then it must stay. */

static void
keygate_refund(keygate_look_t *look, uint32_t cost)
{
    uint64_t  word, seen;

    seen = __atomic_load_n(&look->meter->word, __ATOMIC_ACQUIRE);

    do {
        if (seen >> 32 != look->word >> 32 || (seen & KEYGATE_ROLLING)) {
            return;
        }

        word = keygate_word(keygate_word_tick(seen), seen & KEYGATE_TURN,
                            keygate_word_count(seen) - cost, 0);

    } while (!__atomic_compare_exchange_n(&look->meter->word, &seen, word, 0,
                                          __ATOMIC_SEQ_CST,
                                          __ATOMIC_ACQUIRE));
}


/* Leaves the units in use in "remaining" for keygate_fill().  A rate without a
 * ring cannot be kept, so it refuses. */

static int
keygate_judge(const keygate_look_t *look, keygate_window_t *windows,
    unsigned n, uint32_t cost)
{
    int                pass;
    unsigned           i;
    keygate_view_t     view;
    keygate_window_t  *w;

    pass = 1;

    for (i = 0; i < n; i++) {
        w = &windows[i];

        if (w->unit == KEYGATE_MONTH) {
            w->remaining = keygate_month_used(look);

        } else if (w->ring == NULL) {
            w->remaining = KEYGATE_COUNTS;

        } else {
            keygate_view(&view, look, w);
            w->remaining = keygate_used(&view, KEYGATE_BUCKETS - 1);
        }

        w->refused = cost != 0 && (uint64_t) w->remaining + cost > w->limit;
        pass &= !w->refused;
    }

    return pass;
}


static void
keygate_fill(const keygate_look_t *look, keygate_window_t *w, uint32_t cost,
    uint32_t taken)
{
    uint32_t        used, unit;
    keygate_view_t  view;

    used = w->remaining;
    w->remaining = (uint64_t) used + taken < w->limit ? w->limit - used - taken
                                                      : 0;
    w->reset = 0;
    w->retry_after = 0;

    if (w->unit == KEYGATE_MONTH) {
        keygate_fill_month(look, w, cost, used + taken);
        return;
    }

    unit = keygate_unit_seconds(w->unit);

    if (w->ring == NULL) {
        w->reset = unit;
        w->retry_after = w->refused ? unit : 0;
        return;
    }

    keygate_view(&view, look, w);

    if (used != 0) {
        w->reset = keygate_seconds(&view, look, used - 1);
    }

    if ((used == 0 && taken != 0) || w->reset > unit) {
        w->reset = unit;
    }

    if (w->refused) {
        w->retry_after = cost > w->limit
                         ? unit
                         : keygate_seconds(&view, look, w->limit - cost);
    }
}


static void
keygate_fill_month(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t used)
{
    int64_t   end;
    uint32_t  unit;

    end = look->anew ? look->month : (int64_t) (look->since >> 32);
    end = keygate_month_begin(end + 1) - look->wall;
    unit = keygate_month_seconds(look->wall);

    if (used != 0) {
        w->reset = end < unit ? (uint32_t) end : unit;
    }

    if (w->refused) {
        w->retry_after = cost > w->limit ? unit : (uint32_t) end;
    }
}


static void
keygate_view(keygate_view_t *v, const keygate_look_t *look,
    const keygate_window_t *w)
{
    uint32_t  begun;

    v->ring = w->ring;
    v->unit = keygate_unit_seconds(w->unit);
    v->bucket = keygate_bucket(look->tick, w->unit);
    v->count = look->count;

    begun = (look->word & KEYGATE_ROLLING)
            ? __atomic_load_n(&w->ring->bucket, __ATOMIC_ACQUIRE)
            : keygate_bucket(keygate_word_tick(look->word), w->unit);

    v->passed = begun == v->bucket
                ? 0 : keygate_buckets(v->bucket, begun, w->unit);
}


/* Units admitted since the bucket that is "age" before the present one began;
 * -1 is the next one. */

static uint32_t
keygate_used(const keygate_view_t *v, int age)
{
    uint32_t  slot, start;

    if (age < 0 || (uint32_t) age < v->passed) {
        return 0;
    }

    slot = (v->bucket + KEYGATE_BUCKETS - (uint32_t) age) % KEYGATE_BUCKETS;
    start = __atomic_load_n(&v->ring->start[slot], __ATOMIC_ACQUIRE);

    return (v->count - start) & KEYGATE_COUNTS;
}


/* Whole seconds until no more than "most" of the units that are in use now
 * are left in the window: 1 or more. */

static uint32_t
keygate_seconds(const keygate_view_t *v, const keygate_look_t *look,
    uint32_t most)
{
    int       young, old, age;
    uint32_t  ticks;

    young = -1;
    old = KEYGATE_BUCKETS - 1;

    while (old - young > 1) {
        age = young + (old - young) / 2;

        if (keygate_used(v, age) <= most) {
            young = age;

        } else {
            old = age;
        }
    }

    ticks = (uint32_t) (KEYGATE_BUCKETS - 1 - young) * v->unit
            - (look->tick - v->bucket * v->unit)
            + keygate_ticks(look->tick, look->own);

    return (ticks + KEYGATE_TICKS - 1) / KEYGATE_TICKS;
}


/* A month that is to begin anew has nothing in it. */

static uint32_t
keygate_month_used(const keygate_look_t *look)
{
    return look->anew ? 0
           : (look->count - (uint32_t) look->since) & KEYGATE_COUNTS;
}
