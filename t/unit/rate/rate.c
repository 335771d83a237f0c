/*
 * Rates against an exact log of what was admitted.
 */

#include "keygate_calendar.h"
#include "keygate_meter.h"

#include "random.h"
#include "tap.h"


#define LOG_MAX  20000


typedef struct {
    uint64_t  ms;
    int64_t   wall;
    uint32_t  cost;
} entry_t;


typedef struct {
    keygate_meter_t   meter;
    keygate_ring_t    rings[KEYGATE_RINGS];
    keygate_window_t  windows[KEYGATE_UNITS];
    unsigned          n;
} holder_t;


static entry_t   entries[LOG_MAX];
static unsigned  n_entries;


static void
holder_init(holder_t *h, uint64_t ms, int64_t wall)
{
    unsigned       u;
    keygate_now_t  now;

    memset(h, 0, sizeof(holder_t));
    now = keygate_rate_now(ms, wall);
    keygate_meter_init(&h->meter, &now);

    for (u = 0; u < KEYGATE_RINGS; u++) {
        keygate_ring_init(&h->rings[u], &h->meter, (keygate_unit_e) u, &now);
    }
}


static void
holder_add(holder_t *h, keygate_unit_e unit, uint32_t limit)
{
    keygate_window_t  *w;

    w = &h->windows[h->n++];
    memset(w, 0, sizeof(keygate_window_t));
    w->unit = unit;
    w->limit = limit;
    w->meter = &h->meter;
    w->ring = unit == KEYGATE_MONTH ? NULL : &h->rings[unit];
}


static int
charge(holder_t *h, uint32_t cost, uint64_t ms, int64_t wall)
{
    keygate_now_t  now;

    now = keygate_rate_now(ms, wall);

    return keygate_rate_charge(h->windows, h->n, cost, &now);
}


/* Units admitted in the last "span" ms before "ms", exactly. */

static uint64_t
logged(uint64_t ms, uint64_t span)
{
    unsigned  i;
    uint64_t  sum;

    sum = 0;

    for (i = n_entries; i > 0; i--) {
        if (entries[i - 1].ms + span <= ms) {
            break;
        }

        sum += entries[i - 1].cost;
    }

    return sum;
}


static void
test_units(void)
{
    unsigned           i;
    int64_t            wall;
    uint32_t           limit;
    keygate_rc_t       rc;
    keygate_now_t      now;
    keygate_unit_e     unit;
    static const char *bad[] = { "", "r/m", "0r/m", "120", "120r", "120r/",
                                 "120r/x", "120r/mm", "120r/months", "-1r/m",
                                 "1000000001r/s", "99999999999999999999r/s",
                                 " 1r/m", "1r/m ", "1.5r/m", "1R/m", "1/m" };

    ok(keygate_rate_parse(KEYGATE_STR("120r/m"), &limit, &unit) == KEYGATE_OK
       && limit == 120 && unit == KEYGATE_MINUTE, "120r/m");
    ok(keygate_rate_parse(KEYGATE_STR("1000000000r/month"), &limit, &unit)
       == KEYGATE_OK && limit == KEYGATE_RATE_MAX && unit == KEYGATE_MONTH,
       "1000000000r/month");
    ok(keygate_rate_parse(KEYGATE_STR("1r/s"), &limit, &unit) == KEYGATE_OK
       && unit == KEYGATE_SECOND, "1r/s");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        keygate_str_t  text = { strlen(bad[i]),
                                (const unsigned char *) bad[i] };

        rc = keygate_rate_parse(text, &limit, &unit);
        is_num(rc, KEYGATE_INVALID, "'%s' is no rate", bad[i]);
    }

    for (i = 0; i < 5000; i++) {
        now = keygate_rate_now(i, 0);

        if (now.tick != (uint64_t) i * 32 / 1000
            || now.tick_ms < 1 || now.tick_ms > 32
            || keygate_rate_now(i + now.tick_ms, 0).tick != now.tick + 1
            || keygate_rate_now(i + now.tick_ms - 1, 0).tick != now.tick)
        {
            break;
        }
    }

    is_num(i, 5000, "ticks and what is left of them");
    is_num(keygate_calendar_seconds(0), 31 * 86400, "January 1970");
    is_num(keygate_calendar_seconds(951782400), 29 * 86400, "February 2000");
    is_num(keygate_calendar_seconds(4107542399), 28 * 86400, "February 2100");
    is_num(keygate_calendar_seconds(1798761599), 31 * 86400,
           "31 December 2026");
    is_num(keygate_calendar_seconds(-1), 31 * 86400, "before the epoch");

    for (wall = 0, i = 0; i < 12 * 600; i++) {
        if (wall % 86400 != 0
            || keygate_calendar_seconds(wall) < 28 * 86400
            || (wall > 0 && keygate_calendar_seconds(wall - 1) > 31 * 86400))
        {
            break;
        }

        wall += keygate_calendar_seconds(wall);
    }

    is_num(wall, 18934214400 + (i - 7200), "600 years of months");
}


static void
test_simple(void)
{
    int       sum, i;
    holder_t  h;

    holder_init(&h, 0, 0);
    holder_add(&h, KEYGATE_MINUTE, 120);

    ok(charge(&h, 0, 0, 0) && h.windows[0].remaining == 120
       && h.windows[0].reset == 0, "a peek at a fresh meter");

    ok(charge(&h, 1, 0, 0) && h.windows[0].remaining == 119
       && h.windows[0].reset == 62, "the first unit: 33/32 of a minute");

    for (sum = 1, i = 0; i < 200; i++) {
        sum += charge(&h, 1, 1000 + (uint64_t) i * 10, 0);
    }

    is_num(sum, 120, "no more than 120");
    ok(!charge(&h, 1, 3500, 0) && h.windows[0].refused
       && h.windows[0].remaining == 0, "then it is refused");
    is_num(h.windows[0].retry_after, 59, "until the first bucket leaves");
    is_num(h.windows[0].reset, 59, "and so is reset");
    ok(!charge(&h, 121, 3500, 0) && h.windows[0].retry_after == 60,
       "what exceeds the limit is never admitted");
    ok(charge(&h, 1, 3500 + 59000, 0), "Retry-After is true");
    ok(charge(&h, 120, (uint64_t) 40 * 86400 * 1000, 0),
       "idle for many windows");

    h.windows[0].ring = NULL;
    ok(!charge(&h, 1, (uint64_t) 80 * 86400 * 1000, 0)
       && h.windows[0].retry_after == 60, "no ring, no admission");
}


/* Random requests and jumps; "lag": some processes' clocks are behind. */

static void
run_property(unsigned seed, unsigned mask, const uint32_t *limits, unsigned lag)
{
    int                refused, good, wrong[5];
    holder_t           h, before, retry;
    unsigned           i, j, n, u, jump;
    uint64_t           ms, own, span, wait;
    uint32_t           cost;
    keygate_window_t  *w;

    random_state += seed * 77777 + 1;
    memset(wrong, 0, sizeof(wrong));

    ms = random_below(100000) + (seed % 3 == 0 ? 67092000000ull : 0);
    holder_init(&h, ms, 0);
    n_entries = 0;

    for (u = 0; u < KEYGATE_RINGS; u++) {
        if (mask & (1u << u)) {
            holder_add(&h, (keygate_unit_e) u, limits[u]);
        }
    }

    n = 0;

    for (i = 0; i < 6000 && n_entries < LOG_MAX; i++) {
        jump = random_below(100);
        u = random_below(h.n);
        span = keygate_unit_seconds(h.windows[u].unit) * 1000ull;

        if (jump < 60) {
            ms += random_below(20);

        } else if (jump < 85) {
            ms += random_below((unsigned) (span / 16));

        } else if (jump < 99) {
            ms += random_below((unsigned) (span / 2));

        } else {
            ms += random_below((unsigned) span) + span / 2;
        }

        cost = random_below(4) == 0
               ? 1 : 1 + random_below(h.windows[u].limit / 5 + 2);
        own = lag != 0 && random_below(3) == 0 ? ms - random_below(lag) : ms;

        before = h;
        retry = h;

        /* the copy's rings */

        for (j = 0; j < h.n; j++) {
            retry.windows[j].meter = &retry.meter;
            retry.windows[j].ring = &retry.rings[h.windows[j].unit];
        }

        if (charge(&h, cost, own, 0)) {
            entries[n_entries].ms = ms;
            entries[n_entries++].cost = cost;

            for (j = 0; j < h.n; j++) {
                w = &h.windows[j];
                span = keygate_unit_seconds(w->unit) * 1000ull;

                if (lag == 0) {
                    wrong[0] += logged(ms, span) > w->limit;
                } else {
                    wrong[0] += logged(ms, span - lag) > w->limit;
                }

                wrong[4] += w->refused || w->reset < 1
                            || w->reset > span / 1000 * 33 / 32 + 2
                            || w->retry_after != 0
                            || w->remaining > w->limit - cost;
            }

            continue;
        }

        refused = 0;
        wait = 0;
        good = 0;
        n++;

        for (j = 0; j < h.n; j++) {
            w = &h.windows[j];
            span = keygate_unit_seconds(w->unit) * 1000ull;

            if (w->refused) {
                refused++;
                good += logged(ms, span + span / 32 + lag) + cost > w->limit;
                wait = w->retry_after > wait ? w->retry_after : wait;
                wrong[2] += w->retry_after < 1;
            }

            wrong[4] += w->reset > span / 1000 * 33 / 32 + 2
                        || (w->refused && w->reset != w->retry_after)
                        || (!w->refused && w->retry_after != 0);
        }

        wrong[1] += refused == 0 || good != refused;
        wrong[3] += memcmp(&before.meter, &h.meter, sizeof(h.meter)) != 0
                    || memcmp(before.rings, h.rings, sizeof(h.rings)) != 0;

        good = 1;

        for (j = 0; j < h.n; j++) {
            good &= cost <= h.windows[j].limit;
        }

        wrong[2] += good && !charge(&retry, cost, own + wait * 1000, 0);
    }

    ok(n_entries > 100 && n > 100, "seed %u: %u admitted, %u refused", seed,
       n_entries, n);
    is_num(wrong[0], 0, "  never more than the limit in one unit");
    is_num(wrong[1], 0, "  every refusal is justified");
    is_num(wrong[2], 0, "  Retry-After is true");
    is_num(wrong[3], 0, "  refusals write nothing");
    is_num(wrong[4], 0, "  remaining, reset and flags are sane");
}


/* Two meters: all or nothing, and other rates of the same meter unharmed. */

static void
test_two_meters(void)
{
    holder_t          key, account;
    unsigned          i, sum, wrong;
    keygate_now_t     now;
    keygate_window_t  windows[3];

    holder_init(&key, 0, 0);
    holder_init(&account, 0, 0);
    holder_add(&key, KEYGATE_SECOND, 5);
    holder_add(&key, KEYGATE_MONTH, 1000);
    holder_add(&account, KEYGATE_MINUTE, 50);
    windows[0] = key.windows[0];
    windows[1] = key.windows[1];
    windows[2] = account.windows[0];
    sum = 0;
    wrong = 0;

    for (i = 0; i < 1000; i++) {
        now = keygate_rate_now(i * 50, 0);

        sum += (unsigned) keygate_rate_charge(windows, 3, 1, &now);
        wrong += windows[1].remaining != 1000 - sum;
        wrong += windows[2].remaining != 50 - sum;
    }

    is_num(sum, 50, "the account's rate holds");
    is_num(wrong, 0, "what one refuses is charged to none");
    ok(windows[2].refused && !windows[1].refused, "and who refuses is said");
}


static void
test_month(void)
{
    int64_t   end, wall;
    holder_t  h;

    end = 1798761600;       /* 2027-01-01 */
    wall = end - 100;

    holder_init(&h, 0, wall);
    holder_add(&h, KEYGATE_MONTH, 10);

    ok(charge(&h, 9, 0, wall), "December");
    ok(!charge(&h, 2, 0, wall) && h.windows[0].retry_after == 100
       && h.windows[0].remaining == 1 && h.windows[0].reset == 100,
       "a month's Retry-After");
    ok(!charge(&h, 2, 0, end - 1) && h.windows[0].retry_after == 1,
       "the last second");
    ok(charge(&h, 0, 0, end) && h.windows[0].remaining == 10
       && h.windows[0].reset == 0, "a peek into the new year");
    ok(charge(&h, 2, 0, end) && h.windows[0].remaining == 8,
       "a new year begins anew");
    ok(charge(&h, 2, 0, end - 86400) && h.windows[0].remaining == 6,
       "the clock a day back keeps the count");
    is_num(h.windows[0].reset, 32 * 86400, "which then ends later");
    ok(!charge(&h, 7, 0, end - 86400)
       && h.windows[0].retry_after == 32 * 86400, "Retry-After says the same");
    ok(charge(&h, 8, 0, end - 40 * 86400) && h.windows[0].remaining == 2,
       "more than a month back begins anew");
    ok(charge(&h, 10, 0, end + 400 * 86400), "years ahead too");
    ok(charge(&h, 1, 0, end + 500 * 86400)
       && charge(&h, 1, 0, end + 600 * 86400)
       && charge(&h, 8, 0, end + 600 * 86400)
       && !charge(&h, 2, 0, end + 600 * 86400), "months in one tick");
}


static void
test_join_and_reuse(void)
{
    unsigned       i;
    holder_t       h;
    keygate_now_t  now;

    holder_init(&h, 0, 0);
    holder_add(&h, KEYGATE_MINUTE, 100);

    for (i = 0; i < 50; i++) {
        charge(&h, 1, i * 100, 0);
    }

    now = keygate_rate_now(6000, 0);
    memset(&h.rings[KEYGATE_HOUR], 0xaa, sizeof(keygate_ring_t));
    keygate_ring_init(&h.rings[KEYGATE_HOUR], &h.meter, KEYGATE_HOUR, &now);
    holder_add(&h, KEYGATE_HOUR, 60);

    ok(charge(&h, 50, 7000, 0) && h.windows[1].remaining == 10,
       "a ring joins with nothing in its window");
    ok(!charge(&h, 1, 8000, 0) && !h.windows[1].refused,
       "the others keep theirs");

    /* a rate that only other requests ask for is kept as well */

    h.windows[1].limit = 1000;
    h.n = 1;

    for (i = 0; i < 5; i++) {
        charge(&h, 100, 100000 + i * 600000, 0);
    }

    h.n = 2;
    ok(charge(&h, 0, 3000000, 0) && h.windows[1].remaining == 450,
       "rings roll though nobody asks for them");

    now = keygate_rate_now(3000000, 0);
    keygate_meter_reuse(&h.meter, &now);
    ok(charge(&h, 0, 3000000, 0) && h.windows[1].remaining == 1000
       && h.windows[0].remaining == 100, "a new holder has used nothing");
    ok(charge(&h, 100, 3000000, 0) && !charge(&h, 1, 3000000, 0),
       "and has the same limits");
}


int
main(void)
{
    unsigned               i;
    static const uint32_t  few[] = { 5, 20, 50, 100 };
    static const uint32_t  many[] = { 50, 400, 3000, 9000 };
    static const uint32_t  tight[] = { 1, 1, 1, 1 };

    test_units();
    test_simple();
    test_two_meters();
    test_month();
    test_join_and_reuse();

    for (i = 0; i < 4; i++) {
        run_property(1 + i, 1u << i, few, 0);
        run_property(11 + i, 1u << i, many, 0);
        run_property(21 + i, 15, few, 0);
        run_property(31 + i, 15, many, 0);
        run_property(41 + i, 1u << i, tight, 0);
    }

    run_property(51, 2, few, 900);
    run_property(52, 14, many, 900);

    return tap_done();
}
