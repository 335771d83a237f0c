/*
 * Meters and rings: how they begin, and how a meter is rolled from one bucket
 * to the next by whichever processes come by.  Who may charge what is decided
 * in keygate_rate.c.
 */

#include "keygate_calendar.h"
#include "keygate_meter.h"


static uint32_t keygate_meter_next(keygate_meter_t *meter);
static int keygate_cas(uint64_t *word, uint64_t from, uint64_t to);
static void keygate_ring_roll(keygate_ring_t *ring, unsigned unit,
    const uint64_t *at, uint64_t word, uint32_t least);


void
keygate_meter_init(keygate_meter_t *meter, const keygate_now_t *now)
{
    unsigned  u;
    uint32_t  tick;

    tick = (uint32_t) (now->tick % KEYGATE_PERIOD);

    for (u = 0; u < KEYGATE_RINGS; u++) {
        __atomic_store_n(&meter->rings[u], 0, __ATOMIC_RELAXED);
    }

    __atomic_store_n(&meter->month,
                     (uint64_t) keygate_calendar_month(now->wall) << 32,
                     __ATOMIC_RELAXED);
    __atomic_store_n(&meter->saved, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&meter->word, keygate_word(tick, 0, 0, 0),
                     __ATOMIC_RELEASE);
}


void
keygate_ring_init(keygate_ring_t *ring, keygate_meter_t *meter,
    keygate_unit_e unit, const keygate_now_t *now)
{
    unsigned        i;
    int64_t         away;
    uint64_t        word, after;
    keygate_look_t  look;

    away = ((int64_t) (intptr_t) ring - (int64_t) (intptr_t) meter) / 8;

    word = __atomic_load_n(&meter->word, __ATOMIC_ACQUIRE);

    do {
        after = word;

        __atomic_store_n(&ring->bucket,
                         keygate_bucket(keygate_word_tick(word), unit),
                         __ATOMIC_RELAXED);

        for (i = 0; i < KEYGATE_BUCKETS; i++) {
            __atomic_store_n(&ring->start[i], keygate_word_count(word),
                             __ATOMIC_RELAXED);
        }

        if (away == (int32_t) away) {
            __atomic_store_n(&meter->rings[unit], (int32_t) away,
                             __ATOMIC_SEQ_CST);
        }

        word = __atomic_load_n(&meter->word, __ATOMIC_SEQ_CST);

    } while (word >> 32 != after >> 32);

    /* fails the charge of whoever has not yet seen the ring and is already
       in a later bucket of it */

    keygate_meter_look_init(&look, meter, now);
    look.rings[unit] = ring;
    keygate_meter_look(&look);

    if (keygate_meter_stale(&look)) {
        keygate_meter_roll(&look);
    }
}


keygate_ring_t *
keygate_meter_ring(const keygate_meter_t *meter, keygate_unit_e unit)
{
    int32_t  away;

    if (unit >= KEYGATE_MONTH) {
        return NULL;
    }

    away = __atomic_load_n(&meter->rings[unit], __ATOMIC_ACQUIRE);

    return away == 0 ? NULL
           : (keygate_ring_t *) ((intptr_t) meter + (intptr_t) away * 8);
}


void
keygate_meter_reuse(keygate_meter_t *meter, const keygate_now_t *now)
{
    unsigned        u;
    uint32_t        tick;
    uint64_t        word;
    keygate_look_t  look;

    keygate_meter_look_init(&look, meter, now);
    look.month = (uint32_t) keygate_calendar_month(now->wall);

    do {
        keygate_meter_look(&look);

        /* never the tick it has: a late charge must not be given back */

        tick = keygate_word_tick(look.word);
        tick = keygate_tick_newer(look.own, tick) ? look.own
                                                  : (tick + 1) % KEYGATE_PERIOD;
        word = keygate_word(tick, look.word & KEYGATE_TURN, look.count,
                            KEYGATE_ROLLING);

    } while (!keygate_cas(&meter->word, look.word, word));

    __atomic_store_n(&meter->month,
                     (uint64_t) look.month << 32 | look.count,
                     __ATOMIC_RELEASE);

    for (u = 0; u < KEYGATE_RINGS; u++) {
        if (look.rings[u] != NULL) {
            keygate_ring_roll(look.rings[u], u, &meter->word, word,
                              KEYGATE_BUCKETS);
        }
    }

    (void) keygate_cas(&meter->word, word, word & ~KEYGATE_ROLLING);

    __atomic_store_n(&meter->saved, (uint64_t) look.count, __ATOMIC_RELEASE);
}


/* Newest first, so that slots are in order at any time.  The count is that of
 * a roll: nothing from before is given back, so it never falls below. */

void
keygate_meter_clear(keygate_meter_t *meter, unsigned units)
{
    unsigned         u;
    uint32_t         i, count, old, bucket, *slot;
    uint64_t         month;
    keygate_ring_t  *ring;

    count = keygate_meter_next(meter);

    for (u = 0; u < KEYGATE_RINGS; u++) {
        ring = units >> u & 1 ? keygate_meter_ring(meter, (keygate_unit_e) u)
                              : NULL;

        if (ring == NULL) {
            continue;
        }

        bucket = __atomic_load_n(&ring->bucket, __ATOMIC_ACQUIRE);

        for (i = 0; i < KEYGATE_BUCKETS; i++) {
            slot = &ring->start[(bucket + KEYGATE_BUCKETS - i)
                                % KEYGATE_BUCKETS];
            old = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

            while (((count - old) & KEYGATE_COUNTS) <= KEYGATE_COUNTS / 2
                   && !__atomic_compare_exchange_n(slot, &old, count, 0,
                                                   __ATOMIC_SEQ_CST,
                                                   __ATOMIC_ACQUIRE))
            {
                /* void */
            }
        }
    }

    do {
        month = __atomic_load_n(&meter->month, __ATOMIC_ACQUIRE);

    } while ((units >> KEYGATE_MONTH & 1)
             && ((count - (uint32_t) month) & KEYGATE_COUNTS)
                <= KEYGATE_COUNTS / 2
             && !keygate_cas(&meter->month, month,
                             (month & ~(uint64_t) UINT32_MAX) | count));

    if (units >> KEYGATE_DAY != 0) {
        __atomic_store_n(&meter->saved, (uint64_t) count, __ATOMIC_RELEASE);
    }
}


/* Rolls to the next tick, wherever the clock is; returns the count then. */

static uint32_t
keygate_meter_next(keygate_meter_t *meter)
{
    unsigned         u;
    uint64_t         word, next;
    keygate_ring_t  *ring;

    do {
        word = __atomic_load_n(&meter->word, __ATOMIC_ACQUIRE);
        next = keygate_word((keygate_word_tick(word) + 1) % KEYGATE_PERIOD,
                            word & KEYGATE_TURN, keygate_word_count(word),
                            KEYGATE_ROLLING);

    } while (!keygate_cas(&meter->word, word, next));

    for (u = 0; u < KEYGATE_RINGS; u++) {
        ring = keygate_meter_ring(meter, (keygate_unit_e) u);

        if (ring != NULL) {
            keygate_ring_roll(ring, u, &meter->word, next, 0);
        }
    }

    (void) keygate_cas(&meter->word, next, next & ~KEYGATE_ROLLING);

    return keygate_word_count(next);
}


void
keygate_meter_look_init(keygate_look_t *look, keygate_meter_t *meter,
    const keygate_now_t *now)
{
    unsigned  u;

    look->meter = meter;
    look->own = (uint32_t) (now->tick % KEYGATE_PERIOD);
    look->wall = now->wall;
    look->month = 0;

    for (u = 0; u < KEYGATE_RINGS; u++) {
        look->rings[u] = keygate_meter_ring(meter, (keygate_unit_e) u);
    }
}


void
keygate_meter_look(keygate_look_t *look)
{
    uint32_t  tick, month;

    look->word = __atomic_load_n(&look->meter->word, __ATOMIC_ACQUIRE);
    look->since = __atomic_load_n(&look->meter->month, __ATOMIC_ACQUIRE);

    tick = keygate_word_tick(look->word);
    look->tick = keygate_tick_newer(look->own, tick) ? look->own : tick;
    look->count = keygate_word_count(look->word);

    month = (uint32_t) (look->since >> 32);
    look->anew = look->month != 0
                 && (look->month > month || look->month + 1 < month);
}


int
keygate_meter_stale(const keygate_look_t *look)
{
    unsigned  u;
    uint32_t  tick;

    if ((look->word & KEYGATE_ROLLING) || look->anew) {
        return 1;
    }

    tick = keygate_word_tick(look->word);

    if (tick == look->tick) {
        return 0;
    }

    for (u = 0; u < KEYGATE_RINGS; u++) {
        if (look->rings[u] != NULL
            && keygate_bucket(tick, u) != keygate_bucket(look->tick, u))
        {
            return 1;
        }
    }

    return 0;
}


void
keygate_meter_roll(const keygate_look_t *look)
{
    unsigned          u;
    uint64_t          word, turn, since;
    keygate_meter_t  *meter;

    meter = look->meter;
    word = look->word;

    if (!(word & KEYGATE_ROLLING)) {
        turn = (word & KEYGATE_TURN) ^ (look->anew ? KEYGATE_TURN : 0);
        word = keygate_word(look->tick, turn, look->count, KEYGATE_ROLLING);

        if (!keygate_cas(&meter->word, look->word, word)) {
            return;
        }
    }

    /* late, it stores a count that is too small, never too large */

    if (look->anew) {
        since = (uint64_t) look->month << 32 | look->count;
        (void) keygate_cas(&meter->month, look->since, since);
    }

    for (u = 0; u < KEYGATE_RINGS; u++) {
        if (look->rings[u] != NULL) {
            keygate_ring_roll(look->rings[u], u, &meter->word, word, 0);
        }
    }

    (void) keygate_cas(&meter->word, word, word & ~KEYGATE_ROLLING);
}


static int
keygate_cas(uint64_t *word, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}


/*
 * Fills in the slots of the buckets that have begun, but of the last "least"
 * in any case, for as long as *at is "word".
 */

static void
keygate_ring_roll(keygate_ring_t *ring, unsigned unit, const uint64_t *at,
    uint64_t word, uint32_t least)
{
    uint32_t  begun, bucket, count, n, old, *slot;

    count = keygate_word_count(word);
    bucket = keygate_bucket(keygate_word_tick(word), unit);
    begun = __atomic_load_n(&ring->bucket, __ATOMIC_ACQUIRE);

    n = keygate_buckets(bucket, begun, unit);
    n = n < least ? least : n;
    n = n > KEYGATE_BUCKETS ? KEYGATE_BUCKETS : n;

    while (n-- > 0) {
        slot = &ring->start[(bucket + KEYGATE_BUCKETS - n) % KEYGATE_BUCKETS];
        old = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

        /* only ever upwards, in the wrap-around order of counts: this may be
           a helper that was stopped long ago */

        do {
            if (((count - old) & KEYGATE_COUNTS) > KEYGATE_COUNTS / 2
                || count == old)
            {
                break;
            }

            if (__atomic_load_n(at, __ATOMIC_SEQ_CST) != word) {
                return;
            }

        } while (!__atomic_compare_exchange_n(slot, &old, count, 0,
                                              __ATOMIC_SEQ_CST,
                                              __ATOMIC_ACQUIRE));
    }

    if (begun != bucket && keygate_buckets(bucket, begun, unit) != 0) {
        (void) __atomic_compare_exchange_n(&ring->bucket, &begun, bucket, 0,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
}


uint32_t
keygate_meter_count(const keygate_meter_t *meter)
{
    return keygate_word_count(__atomic_load_n(&meter->word, __ATOMIC_ACQUIRE));
}
