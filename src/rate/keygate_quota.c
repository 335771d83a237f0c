/*
 * What a file covers of a meter's count, and who asks for more.  One word of
 * the meter says both, so that a holder that is gone takes its wishes along.
 */

#include "keygate_meter.h"
#include "keygate_quota_private.h"


#define KEYGATE_QUOTA_PROBES    16
#define KEYGATE_QUOTA_AGAIN     8        /* in 256 ms: a wish that was lost */


static uint64_t keygate_saved_mark(uint64_t ms);
static uint32_t keygate_saved_wanted(uint64_t saved);
static int keygate_quota_put(uint64_t *slots, const keygate_quota_t *quota,
    int once);
static int keygate_quota_push(keygate_quotas_t *quotas,
    const keygate_quota_t *quota, uint64_t ms);
static uint64_t keygate_quota_pack(uint32_t n);
static uint32_t keygate_quota_unpack(uint64_t packed);


uint32_t
keygate_quota_step(uint32_t limit)
{
    return limit < 400 ? 1 : limit / 200;
}


int
keygate_quota_covers(const keygate_quotas_t *quotas,
    const keygate_meter_t *meter, uint32_t count, uint32_t cost, uint64_t ms)
{
    uint32_t  left;
    uint64_t  saved, asked;

    saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);

    if (saved & KEYGATE_SAVED_OPEN) {
        left = ((uint32_t) saved - count) & KEYGATE_COUNTS;

        if (left <= KEYGATE_COUNTS / 2 && left >= cost) {
            return 1;
        }
    }

    asked = __atomic_load_n(&quotas->asked, __ATOMIC_RELAXED);

    return __atomic_load_n(&quotas->down, __ATOMIC_RELAXED)
           || (asked != 0 && asked + KEYGATE_QUOTA_LATE < ms);
}


uint32_t
keygate_quota_ahead(const keygate_meter_t *meter)
{
    uint32_t  left;
    uint64_t  saved;

    saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);
    left = ((uint32_t) saved - keygate_meter_count(meter)) & KEYGATE_COUNTS;

    return (saved & KEYGATE_SAVED_OPEN) && left <= KEYGATE_COUNTS / 2 ? left
                                                                      : 0;
}


/* Fifteen bits of time, beside one that says that it is one. */

static uint64_t
keygate_saved_mark(uint64_t ms)
{
    return KEYGATE_SAVED_ASKED | (ms >> 8 & 0x7fff) << 48;
}


static uint32_t
keygate_saved_wanted(uint64_t saved)
{
    return (uint32_t) (saved >> 33) & KEYGATE_QUOTA_WANTED;
}


void
keygate_quota_want(keygate_quotas_t *quotas, keygate_meter_t *meter,
    const keygate_quota_t *quota, uint32_t cost, uint64_t ms)
{
    int       fresh;
    uint32_t  wanted;
    uint64_t  saved, after, passed;

    do {
        saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);
        passed = ((keygate_saved_mark(ms) >> 48) - (saved >> 48)) & 0x7fff;
        fresh = !(saved & KEYGATE_SAVED_ASKED)
                || passed >= KEYGATE_QUOTA_AGAIN;

        if (!fresh && cost == 0) {
            return;
        }

        wanted = fresh ? 0 : keygate_saved_wanted(saved);
        wanted = cost > KEYGATE_QUOTA_WANTED - wanted ? KEYGATE_QUOTA_WANTED
                                                      : wanted + cost;

        after = (fresh ? keygate_saved_mark(ms)
                       : saved & KEYGATE_SAVED_MARK)
                | (uint64_t) wanted << 33 | (saved & KEYGATE_SAVED_SAID);

    } while (!keygate_saved_cas(meter, saved, after));

    if (fresh && !keygate_quota_push(quotas, quota, ms)) {
        (void) keygate_saved_cas(meter, after, after & KEYGATE_SAVED_SAID);
    }
}


static int
keygate_quota_push(keygate_quotas_t *quotas, const keygate_quota_t *quota,
    uint64_t ms)
{
    uint64_t  none;

    if (!keygate_quota_put(quotas->slots, quota, 0)) {
        return 0;
    }

    none = 0;
    (void) __atomic_compare_exchange_n(&quotas->asked, &none, ms + 1, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);

    return 1;
}


int
keygate_quota_later(keygate_quotas_t *quotas, const keygate_quota_t *quota)
{
    keygate_quota_t  later;

    later = *quota;
    later.room = 0;

    return keygate_quota_put(quotas->later, &later, 1);
}


/* One word, so that nobody sees half of it.  "once": one that is there is
 * enough. */

static int
keygate_quota_put(uint64_t *slots, const keygate_quota_t *quota, int once)
{
    uint32_t  i, at;
    uint64_t  word, there;

    word = (uint64_t) quota->ref << 32
           | keygate_quota_pack(quota->room) << 12
           | keygate_quota_pack(quota->step) << 2
           | (uint64_t) quota->grouped << 1 | (uint64_t) (quota->kind != 0);

    at = quota->ref * 0x9e3779b1u >> 20;

    for (i = 0; i < KEYGATE_QUOTA_PROBES; i++) {
        there = 0;

        if (__atomic_compare_exchange_n(
                &slots[(at + i) % KEYGATE_QUOTA_SLOTS], &there, word, 0,
                __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)
            || (once && there == word))
        {
            return 1;
        }
    }

    return 0;
}


/* Ten bits: up to 31 as it is, else five bits of it and how many follow,
 * rounded down. */

static uint64_t
keygate_quota_pack(uint32_t n)
{
    unsigned  shift;

    for (shift = 0; n >> shift > 31; shift++) { /* void */ }

    return (uint64_t) shift << 5 | n >> shift;
}


static uint32_t
keygate_quota_unpack(uint64_t packed)
{
    return (uint32_t) (packed & 31) << (packed >> 5 & 31);
}


int
keygate_quota_next(uint64_t *slots, uint32_t *cursor, keygate_quota_t *quota)
{
    uint64_t  word;

    while (*cursor < KEYGATE_QUOTA_SLOTS) {
        word = __atomic_load_n(&slots[*cursor], __ATOMIC_RELAXED);

        if (word != 0) {
            word = __atomic_exchange_n(&slots[*cursor], 0, __ATOMIC_ACQ_REL);
        }

        (*cursor)++;

        if (word != 0) {
            quota->ref = (uint32_t) (word >> 32);
            quota->room = keygate_quota_unpack(word >> 12);
            quota->step = keygate_quota_unpack(word >> 2);
            quota->grouped = word >> 1 & 1;
            quota->kind = word & 1;
            return 1;
        }
    }

    return 0;
}


uint32_t
keygate_quota_ceiling(const keygate_meter_t *meter,
    const keygate_quota_t *quota, uint64_t *saved, uint32_t *count)
{
    uint32_t  left, more;

    *saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);
    *count = keygate_meter_count(meter);

    left = keygate_quota_ahead(meter);
    more = quota->step + keygate_saved_wanted(*saved);
    more = more > quota->room ? quota->room : more;
    more = more > left ? more : left;

    return (*count + more) & KEYGATE_COUNTS;
}


/* Those who have asked while a line was written may find enough in it: once
 * more for them would be ahead of nobody. */

int
keygate_quota_saved(keygate_meter_t *meter, uint64_t saved, uint32_t ceiling)
{
    uint32_t  left, done, ahead;
    uint64_t  now, after;

    ahead = (ceiling - keygate_meter_count(meter)) & KEYGATE_COUNTS;
    ahead = ahead <= KEYGATE_COUNTS / 2 ? ahead : 0;

    do {
        now = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);

        if ((now ^ saved) & KEYGATE_SAVED_SAID) {
            return 0;
        }

        left = keygate_saved_wanted(now);
        after = KEYGATE_SAVED_OPEN | ceiling | (now & KEYGATE_SAVED_MARK);

        if (now >> 48 != saved >> 48) {
            after |= (uint64_t) left << 33;
            left = 0;

        } else {
            done = keygate_saved_wanted(saved);
            left -= left < done ? left : done;
            left = ahead >= done && left <= ahead - done ? 0 : left;
            after = left == 0 ? KEYGATE_SAVED_OPEN | ceiling
                              : after | (uint64_t) left << 33;
        }

    } while (!keygate_saved_cas(meter, now, after));

    return left != 0;
}


void
keygate_quota_again(keygate_quotas_t *quotas, keygate_meter_t *meter,
    const keygate_quota_t *quota, uint64_t ms)
{
    if (!keygate_quota_push(quotas, quota, ms)) {
        keygate_quota_failed(meter, __atomic_load_n(&meter->saved,
                                                    __ATOMIC_ACQUIRE));
    }
}


void
keygate_quota_failed(keygate_meter_t *meter, uint64_t saved)
{
    uint64_t  now;

    now = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);

    if (now >> 48 == saved >> 48) {
        (void) keygate_saved_cas(meter, now, now & KEYGATE_SAVED_SAID);
    }
}


int
keygate_quota_open(uint64_t saved)
{
    return (saved & KEYGATE_SAVED_OPEN) != 0;
}


int
keygate_quota_restored(uint64_t saved)
{
    return (saved & KEYGATE_SAVED_RESTORED) != 0;
}


uint32_t
keygate_quota_covered(uint64_t saved)
{
    return (uint32_t) saved & KEYGATE_COUNTS;
}


uint64_t
keygate_quota_known(uint32_t count)
{
    return KEYGATE_SAVED_RESTORED | count;
}
