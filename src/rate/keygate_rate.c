/*
 * Charging: whether all windows have room for what a request costs.  What a
 * window has left, and from when on, is up to keygate_window.c, how meters move
 * through time to keygate_meter.c, and what a lease says of all that to
 * keygate_window_lease.c.
 *
 * Everything is computed from values that a last look at the word proves to
 * have belonged together: slots that are in a window are only overwritten
 * while the word is rolling, and each roll leaves another tick or turn in it.
 */

#include "keygate_calendar.h"
#include "keygate_meter.h"
#include "keygate_quota.h"


static unsigned keygate_group(const keygate_window_t *windows, unsigned n);
static int keygate_charge(keygate_look_t *look, keygate_window_t *windows,
    unsigned n, uint32_t cost, int take, const keygate_now_t *now);
static int keygate_take(keygate_look_t *look, uint32_t cost);
static int keygate_still(const keygate_look_t *look);
static void keygate_refund(keygate_look_t *look, uint32_t cost);


int
keygate_rate_charge(keygate_window_t *windows, unsigned n, uint32_t cost,
    const keygate_now_t *now)
{
    unsigned        first;
    keygate_look_t  look, other;

    first = keygate_group(windows, n);

    if (first == n) {
        return n == 0
               || keygate_charge(&look, windows, n, cost, cost != 0, now);
    }

    if (!keygate_rate_check(windows, n, cost, now)) {
        return 0;
    }

    if (cost == 0) {
        return 1;
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


int
keygate_rate_check(keygate_window_t *windows, unsigned n, uint32_t cost,
    const keygate_now_t *now)
{
    int             pass;
    unsigned        i, m;
    keygate_look_t  look;

    pass = 1;

    for (i = 0; i < n; i += m) {
        m = keygate_group(windows + i, n - i);
        pass &= keygate_charge(&look, windows + i, m, cost, 0, now);
    }

    return pass;
}


uint32_t
keygate_rate_used(keygate_window_t *windows, unsigned n,
    const keygate_now_t *now)
{
    unsigned        i;
    keygate_look_t  look;

    keygate_meter_look_init(&look, windows->meter, now);

    for (i = 0; i < n; i++) {
        if (windows[i].unit == KEYGATE_MONTH) {
            look.month = (uint32_t) keygate_calendar_month(now->wall);
        }
    }

    do {
        keygate_meter_look(&look);
        (void) keygate_window_judge(&look, windows, n, 0);

    } while (!keygate_still(&look));

    return look.count;
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
    int       pass, leased;
    unsigned  i;

    keygate_meter_look_init(look, windows->meter, now);

    for (i = 0; i < n; i++) {
        if (windows[i].unit == KEYGATE_MONTH) {
            look->month = (uint32_t) keygate_calendar_month(now->wall);

        } else if (windows[i].ring != NULL) {
            look->rings[windows[i].unit] = windows[i].ring;
        }
    }

    for ( ;; ) {
        keygate_meter_look(look);

        pass = keygate_window_judge(look, windows, n, cost);
        windows->unsaved = 0;
        leased = 1;

        if (pass && cost != 0 && windows->lease != NULL) {
            leased = keygate_window_leased(look, windows, n, cost, take, now);
            pass = leased;
        }

        if (pass && take && windows->quotas != NULL
            && !keygate_quota_covers(windows->quotas, look->meter,
                                     look->count, cost, now->ms))
        {
            windows->unsaved = 1;
            pass = 0;
        }

        if (pass && take && keygate_meter_stale(look)) {
            keygate_meter_roll(look);
            continue;
        }

        for (i = 0; i < n; i++) {
            keygate_window_fill(look, &windows[i], cost,
                                pass && take ? cost : 0);
        }

        if (pass && take ? keygate_take(look, cost) : keygate_still(look)) {

            if (windows->lease != NULL) {
                keygate_window_others(windows, n, cost, leased, now);
            }

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
