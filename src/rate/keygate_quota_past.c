/*
 * What a meter has of a day and a month, told to a file, and taken from what a
 * file says that earlier lives have used.
 */

#include "keygate_calendar.h"
#include "keygate_meter.h"
#include "keygate_quota.h"


/* All rings but the day's, and the month if it is another one, begin after
 * what is put in. */

void
keygate_quota_restore(keygate_meter_t *meter,
    const uint32_t day[KEYGATE_BUCKETS], uint32_t month,
    const keygate_now_t *now)
{
    unsigned         u;
    uint32_t         i, n, sum, units, bucket, *slot;
    keygate_look_t   look;
    keygate_ring_t  *ring;

    keygate_meter_look_init(&look, meter, now);
    look.month = (uint32_t) keygate_calendar_month(now->wall);

    for (keygate_meter_look(&look);
         keygate_meter_stale(&look);
         keygate_meter_look(&look))
    {
        keygate_meter_roll(&look);
    }

    for (sum = 0, i = 0; i < KEYGATE_BUCKETS; i++) {
        sum += day[i];
    }

    units = sum > month ? sum : month;

    for (u = 0; u < KEYGATE_RINGS; u++) {
        ring = look.rings[u];

        if (ring == NULL) {
            continue;
        }

        bucket = keygate_bucket(keygate_word_tick(look.word), u);

        for (n = 0, i = 0; i < KEYGATE_BUCKETS; i++) {
            n += u == KEYGATE_DAY ? day[i] : 0;
            slot = &ring->start[(bucket + KEYGATE_BUCKETS - i)
                                % KEYGATE_BUCKETS];
            *slot = (*slot + units - n) & KEYGATE_COUNTS;
        }
    }

    meter->month = (look.since & ~(uint64_t) UINT32_MAX)
                   | (((uint32_t) look.since + units - month)
                      & KEYGATE_COUNTS);
    meter->word = keygate_word(keygate_word_tick(look.word),
                               look.word & KEYGATE_TURN, look.count + units,
                               0);
    meter->saved = keygate_quota_known((look.count + units) & KEYGATE_COUNTS);
}


void
keygate_quota_tell(const keygate_meter_t *meter, uint32_t count,
    uint32_t day[KEYGATE_BUCKETS], uint32_t *month, const keygate_now_t *now)
{
    uint32_t        i, n, before, bucket, passed;
    keygate_look_t  look;
    keygate_ring_t  *ring;

    memset(day, 0, KEYGATE_BUCKETS * sizeof(uint32_t));

    keygate_meter_look_init(&look, (keygate_meter_t *) (uintptr_t) meter, now);
    look.month = (uint32_t) keygate_calendar_month(now->wall);
    keygate_meter_look(&look);

    n = (count - (uint32_t) look.since) & KEYGATE_COUNTS;
    *month = look.anew || n > KEYGATE_COUNTS / 2 ? 0 : n;

    ring = look.rings[KEYGATE_DAY];

    if (ring == NULL) {
        return;
    }

    bucket = keygate_bucket(look.tick, KEYGATE_DAY);
    passed = keygate_buckets(bucket,
                             keygate_bucket(keygate_word_tick(look.word),
                                            KEYGATE_DAY), KEYGATE_DAY);

    for (before = 0, i = passed; i < KEYGATE_BUCKETS; i++) {
        n = __atomic_load_n(&ring->start[(bucket + KEYGATE_BUCKETS - i)
                                         % KEYGATE_BUCKETS],
                            __ATOMIC_ACQUIRE);
        n = (count - n) & KEYGATE_COUNTS;
        n = n > KEYGATE_COUNTS / 2 || n < before ? before : n;

        day[i] = n - before;
        before = n;
    }
}
