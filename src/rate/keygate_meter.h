/*
 * What a meter's word holds, and how it is moved on: shared by the files that
 * keep meters (keygate_meter.c) and that charge them (keygate_rate.c).
 */

#ifndef KEYGATE_METER_H
#define KEYGATE_METER_H

#include "keygate_rate.h"


#define KEYGATE_RINGS    KEYGATE_MONTH       /* units that have a ring */
#define KEYGATE_COUNTS   0x7fffffffu
#define KEYGATE_TURN     ((uint64_t) 1 << 32)
#define KEYGATE_ROLLING  ((uint64_t) 1)

/* Ticks wrap where the buckets of every unit, and their slots, do so too. */
#define KEYGATE_PERIOD   (753u * KEYGATE_BUCKETS * 86400u)
#define KEYGATE_LAG      (86400u * KEYGATE_TICKS)


/* One rate's ring, as of a look at its meter. */

typedef struct {
    const keygate_ring_t  *ring;
    uint32_t               unit;     /* ticks in a bucket */
    uint32_t               bucket;   /* that the look's tick is in */
    uint32_t               passed;   /* buckets that no roll has seen */
} keygate_view_t;


/* A meter as one process sees it at one time. */

typedef struct {
    keygate_meter_t  *meter;
    keygate_ring_t   *rings[KEYGATE_RINGS];
    uint32_t          own;           /* tick of the process */
    uint32_t          month;         /* of the process; 0: does not matter */
    int64_t           wall;

    uint64_t          word;
    uint64_t          since;         /* the meter's month */
    uint32_t          tick;          /* the newer of own and the word's */
    uint32_t          count;
    unsigned          anew:1;        /* a month is to begin */
    keygate_view_t    views[KEYGATE_RINGS];  /* of the units that were judged */
} keygate_look_t;


static inline uint32_t
keygate_word_tick(uint64_t word)
{
    return (uint32_t) (word >> 33);
}


static inline uint32_t
keygate_word_count(uint64_t word)
{
    return (uint32_t) (word >> 1) & KEYGATE_COUNTS;
}


static inline uint64_t
keygate_word(uint32_t tick, uint64_t turn, uint32_t count, uint64_t rolling)
{
    return (uint64_t) tick << 33 | turn
           | (uint64_t) (count & KEYGATE_COUNTS) << 1 | rolling;
}


/* Constant divisors are multiplications, hence the switch. */

static inline uint32_t
keygate_bucket(uint32_t tick, unsigned unit)
{
    switch (unit) {
    case KEYGATE_SECOND:
        return tick;
    case KEYGATE_MINUTE:
        return tick / 60;
    case KEYGATE_HOUR:
        return tick / 3600;
    default:
        return tick / 86400;
    }
}


/* From tick "b" to tick "a"; more than PERIOD - LAG when "a" is the older. */

static inline uint32_t
keygate_ticks(uint32_t a, uint32_t b)
{
    return a >= b ? a - b : a + KEYGATE_PERIOD - b;
}


static inline int
keygate_tick_newer(uint32_t a, uint32_t b)
{
    return a != b && keygate_ticks(a, b) < KEYGATE_PERIOD - KEYGATE_LAG;
}


/* How many buckets have begun after "begun", up to "bucket". */

static inline uint32_t
keygate_buckets(uint32_t bucket, uint32_t begun, unsigned unit)
{
    uint32_t  n, u, all;

    u = keygate_unit_seconds((keygate_unit_e) unit);
    all = KEYGATE_PERIOD / u;
    n = bucket >= begun ? bucket - begun : bucket + all - begun;

    return n < all - KEYGATE_LAG / u ? n : 0;
}


/* Starts to look at a meter: its rings and the time.  The windows' rings, and
 * the month where one matters, are the caller's to add. */
void keygate_meter_look_init(keygate_look_t *look, keygate_meter_t *meter,
    const keygate_now_t *now);

/* Loads what the meter says now. */
void keygate_meter_look(keygate_look_t *look);

/* Whether nothing can be charged until the meter has been rolled. */
int keygate_meter_stale(const keygate_look_t *look);

/* Rolls the meter to look->tick, or helps whoever has begun; the caller looks
 * again afterwards. */
void keygate_meter_roll(const keygate_look_t *look);

/* keygate_window.c */

/* Whether "cost" fits "n" windows of one meter, as of "look"; sets "refused",
 * and leaves the units in use in "remaining", and the rings in look->views. */
int keygate_window_judge(keygate_look_t *look, keygate_window_t *windows,
    unsigned n, uint32_t cost);

/* After that: what one window has left when "taken" units have been charged,
 * in "remaining", "reset" and "retry_after". */
void keygate_window_fill(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t taken);


/* keygate_window_lease.c: all windows are of one meter, and have its lease */

/* Whether the lease admits "cost" as of "look"; with "take" 0, whether what
 * others used leaves so much. */
int keygate_window_leased(const keygate_look_t *look,
    const keygate_window_t *windows, unsigned n, uint32_t cost, int take,
    const keygate_now_t *now);

/* After they have been filled: what others use belongs to it too; "leased":
 * the lease has admitted it. */
void keygate_window_others(keygate_window_t *windows, unsigned n,
    uint32_t cost, int leased, const keygate_now_t *now);


#endif /* KEYGATE_METER_H */
