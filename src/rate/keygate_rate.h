/*
 * Sliding windows in the caller's (shared) memory, without locks.
 *
 * A meter counts the units ever admitted for its holder, a key or an
 * account, in one 64-bit word that is changed by compare-and-swap only.  A
 * ring holds, for each of the last 33 buckets of a window's thirty-second
 * part, what that count was when the bucket began.  Units within the window
 * are then the count now less the count when the oldest bucket began: all
 * rates of one holder share the one count, so a single compare-and-swap
 * charges all of them or none.
 *
 *          word                    ring of one rate (u = its unit in seconds)
 *   +---------+-+----------+-+    +--------+----------+----------+--   --+
 *   | tick 31 |T| count 31 |R|    | bucket | start[0] | start[1] |  ...  |
 *   +---------+-+----------+-+    +--------+----------+----------+--   --+
 *    of the    |            |      tick/u   count when bucket b began
 *    last roll |            |               is in start[b % 33]
 *              |            +-- rolling: tick and count are frozen until every
 *              |                ring's slots of the buckets up to "tick" hold
 *              |                "count"; whoever sees it set helps to finish,
 *              |                so a process killed here holds up nobody
 *              +-- turn: flips when a month begins
 *
 * All rings of a holder are rolled together, whatever rates a request asks
 * for, so the meter knows where they lie.
 *
 * Slots only ever grow (in the wrap-around order of counts), and the helpers'
 * stores are compare-and-swaps that keep the larger: a process that was
 * stopped in the middle and wakes up much later cannot undo anything.
 *
 * A tick is 1/32 second since the epoch that the table keeps (monotonic
 * clock), modulo 777 days.  One that lies up to a day behind the meter's is
 * taken for a clock that lags, anything else for progress.  A calendar month
 * is one 64-bit word: the month, and the count when it began.
 */

#ifndef KEYGATE_RATE_H
#define KEYGATE_RATE_H

#include "keygate_core.h"


#define KEYGATE_BUCKETS     33
#define KEYGATE_RATE_MAX    1000000000u
#define KEYGATE_TICKS       32           /* in a second */


typedef enum {
    KEYGATE_SECOND = 0,
    KEYGATE_MINUTE,
    KEYGATE_HOUR,
    KEYGATE_DAY,
    KEYGATE_MONTH,
    KEYGATE_UNITS
} keygate_unit_e;


/* Shared.  All members are accessed with atomic operations only. */

typedef struct {
    uint32_t  bucket;                    /* last one begun */
    uint32_t  start[KEYGATE_BUCKETS];
} __attribute__((aligned(8))) keygate_ring_t;


typedef struct {
    uint64_t  word;
    uint64_t  month;                     /* month << 32 | count at its start */
    uint64_t  saved;                     /* see keygate_quota.h */
    int32_t   rings[KEYGATE_MONTH];      /* of each unit: how far from here, in
                                            8 bytes; 0: none */
} keygate_meter_t;


/* What a rate is called, and what its item of RateLimit begins with: made by
 * keygate_ratelimit_begin(). */

typedef struct {
    keygate_str_t    name;
    keygate_str_t    left;
} keygate_label_t;


/* When it is: passed in, once per request. */

typedef struct {
    uint64_t  tick;                      /* monotonic, 1/32 s since the epoch */
    uint32_t  tick_ms;                   /* ms to the next tick, 1-32 */
    uint64_t  ms;                        /* since the epoch */
    int64_t   wall;                      /* Unix time, seconds */
} keygate_now_t;


/*
 * One rate as it applies to one holder, and what became of it.  The caller
 * fills in what is above "remaining"; keygate_rate_charge() the rest.  Its
 * name is for the caller alone.
 *
 * With a lease (keygate_lease.h) the rate holds over many nodes, and what
 * others use is in "remaining", "reset" and "retry_after".  All windows of one
 * meter have the same.
 */

typedef struct {
    uint32_t         limit;              /* 1 to KEYGATE_RATE_MAX */
    keygate_unit_e   unit;
    keygate_meter_t *meter;
    keygate_ring_t  *ring;               /* of that unit; NULL for a month; if
                                            NULL otherwise, all is refused */
    struct keygate_lease_s  *lease;      /* NULL: this node alone counts */
    uint64_t         holder;             /* whose lease it must be */
    uint32_t         spare;              /* units that need none, before the
                                            ledger has answered */
    const struct keygate_quotas_s  *quotas;  /* NULL: no file has to cover it;
                                            the same for all of a meter */

    uint32_t         remaining;          /* units still to be had, after this */
    uint32_t         reset;              /* "t": whole seconds until more
                                            become available, by up to a 32nd
                                            longer than the unit; where this
                                            one refuses, retry_after; 0 when
                                            none are in use */
    uint32_t         retry_after;        /* whole seconds, 1 or more, after
                                            which "cost" would be admitted (the
                                            unit, when it exceeds the limit);
                                            0 unless refused */
    unsigned         refused:1;
    unsigned         unleased:1;         /* for want of a lease alone, which is
                                            on its way */
    unsigned         unsaved:1;          /* for want of units in a file alone */
    unsigned         grouped:1;          /* the caller's: of a group of
                                            routes */
    const keygate_label_t  *label;       /* the caller's */
} keygate_window_t;


/* From milliseconds of the monotonic clock since the table's epoch, and Unix
 * time. */
keygate_now_t keygate_rate_now(uint64_t ms, int64_t wall);

/* Seconds in a unit; 0 for a month.  Its default name: "second", ... */
uint32_t keygate_unit_seconds(keygate_unit_e unit);
const char *keygate_unit_name(keygate_unit_e unit);

/* The number that stands for the name of a group of routes, in every table and
 * store. */
uint64_t keygate_rate_group_number(keygate_str_t name);

/* The unit of that name, or KEYGATE_UNITS. */
keygate_unit_e keygate_unit_named(keygate_str_t name);

/* Parses NUM "r/" UNIT ("120r/m").  KEYGATE_OK or KEYGATE_INVALID. */
keygate_rc_t keygate_rate_parse(keygate_str_t text, uint32_t *limit,
    keygate_unit_e *unit);

/* Makes a fresh meter that has no rings and has admitted nothing. */
void keygate_meter_init(keygate_meter_t *meter, const keygate_now_t *now);

/*
 * A ring joins a meter that may already count: it begins empty-handed, with
 * nothing in the window.  The meter remembers where it is; a ring that is
 * more than 16 GB away cannot be remembered, and must then be among the
 * windows of every charge.
 */
void keygate_ring_init(keygate_ring_t *ring, keygate_meter_t *meter,
    keygate_unit_e unit, const keygate_now_t *now);

/*
 * Empties the windows of these units (1 << unit): what has been admitted up to
 * now counts in none of them.  Charges may be made meanwhile.
 */
void keygate_meter_clear(keygate_meter_t *meter, unsigned units);

/* The ring of a unit that has joined the meter, or NULL. */
keygate_ring_t *keygate_meter_ring(const keygate_meter_t *meter,
    keygate_unit_e unit);

/*
 * Makes a meter and its rings ready for another holder: nothing is in any
 * window.  A late charge that was meant for the holder before does no worse
 * than to charge the new one.
 */
void keygate_meter_reuse(keygate_meter_t *meter, const keygate_now_t *now);

/*
 * Charges "cost" to all "n" windows or, when one refuses, to none; returns 1
 * when charged, 0 when refused.  With cost 0 nothing is written and nothing
 * refused, but remaining and reset are filled in ("peek").
 *
 * Windows of one meter must be adjacent.  Where two meters are involved (a
 * key's and its account's), both are looked at first; then the first is
 * charged, then the second; if the second refuses after all, because another
 * process was faster, the first gets its units back (or, if it rolled in
 * between, keeps them charged until they leave its window: never fewer).
 *
 * In no span of one unit are more than "limit" units admitted.  A refusal
 * happens only where the units admitted in the last 33/32 of the unit, and
 * "cost", exceed "limit".  Ticks of different processes may differ; an older
 * one counts as the newest that the meter has seen.
 *
 * A month starts anew when "wall" is in a later month than the meter's, or
 * more than one month before it (a clock that had been wrong); a clock that
 * goes back by less keeps the count.
 */
int keygate_rate_charge(keygate_window_t *windows, unsigned n, uint32_t cost,
    const keygate_now_t *now);

/* What keygate_rate_charge() would say, with "remaining" as it is; writes
 * nothing.  Instead of by a lease it goes by what others used. */
int keygate_rate_check(keygate_window_t *windows, unsigned n, uint32_t cost,
    const keygate_now_t *now);

/* Of windows of one meter: the units that are in each, in "remaining"; and how
 * many the meter has ever admitted, modulo 2^31. */
uint32_t keygate_rate_used(keygate_window_t *windows, unsigned n,
    const keygate_now_t *now);

/* The latter alone. */
uint32_t keygate_meter_count(const keygate_meter_t *meter);


#endif /* KEYGATE_RATE_H */
