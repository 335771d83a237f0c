/*
 * Units that were put in ahead and that nobody wants any more are given back.
 *
 * A charge looks at the meter's word, then at what the file covers, and takes
 * only if the word is still the same.  So one that has seen the higher count
 * may still take after it was lowered; but not any more once the word has
 * another tick, which every charge that looks from then on sees together with
 * the lower count.  Only then may the file say less.
 */

#include "keygate_meter.h"
#include "keygate_quota_private.h"


keygate_back_e
keygate_quota_lower(keygate_meter_t *meter, uint32_t keep,
    keygate_back_t *back, const keygate_now_t *now)
{
    uint32_t        left;
    uint64_t        saved;
    keygate_look_t  look;

    saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);
    left = keygate_quota_ahead(meter);

    if (!(saved & KEYGATE_SAVED_OPEN) || left <= keep) {
        return KEYGATE_BACK_NONE;
    }

    keygate_meter_look_init(&look, meter, now);
    keygate_meter_look(&look);

    if ((saved & KEYGATE_SAVED_ASKED)
        || look.tick == keygate_word_tick(look.word))
    {
        return KEYGATE_BACK_LATER;
    }

    back->from = saved;
    back->to = KEYGATE_SAVED_OPEN | ((look.count + keep) & KEYGATE_COUNTS);

    left = ((uint32_t) saved - (uint32_t) back->to) & KEYGATE_COUNTS;

    if (left == 0 || left > KEYGATE_COUNTS / 2) {
        return KEYGATE_BACK_NONE;
    }

    if (!keygate_saved_cas(meter, saved, back->to)) {
        return KEYGATE_BACK_LATER;
    }

    back->word = __atomic_load_n(&meter->word, __ATOMIC_SEQ_CST);

    return KEYGATE_BACK_LOWERED;
}


int
keygate_quota_past(keygate_meter_t *meter, const keygate_back_t *back,
    const keygate_now_t *now)
{
    keygate_look_t  look;

    keygate_meter_look_init(&look, meter, now);
    keygate_meter_look(&look);

    if (keygate_word_tick(look.word) == keygate_word_tick(back->word)
        && ((look.word & KEYGATE_ROLLING)
            || look.tick != keygate_word_tick(look.word)))
    {
        keygate_meter_roll(&look);
        keygate_meter_look(&look);
    }

    return keygate_word_tick(look.word) != keygate_word_tick(back->word);
}


void
keygate_quota_raise(keygate_meter_t *meter, const keygate_back_t *back)
{
    uint64_t  saved;

    do {
        saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);

        if ((saved ^ back->to) & KEYGATE_SAVED_SAID) {
            return;
        }

    } while (!keygate_saved_cas(meter, saved,
                                (saved & ~KEYGATE_SAVED_SAID)
                                | (back->from & KEYGATE_SAVED_SAID)));
}


int
keygate_quota_lowered(const keygate_meter_t *meter, const keygate_back_t *back,
    uint32_t *count, uint32_t *ceiling)
{
    uint32_t  left;
    uint64_t  saved;

    saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);

    if ((saved ^ back->to) & KEYGATE_SAVED_SAID) {
        return 0;
    }

    *count = keygate_meter_count(meter);
    *ceiling = keygate_quota_covered(saved);
    left = (*ceiling - *count) & KEYGATE_COUNTS;
    *ceiling = left > KEYGATE_COUNTS / 2 ? *count : *ceiling;

    return 1;
}


int
keygate_quota_exact(keygate_meter_t *meter, uint64_t *saved, uint32_t *count)
{
    uint64_t  was;

    if (keygate_quota_ahead(meter) == 0) {
        return 0;
    }

    was = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);
    *count = keygate_meter_count(meter);
    *saved = KEYGATE_SAVED_OPEN | *count;

    return keygate_saved_cas(meter, was, *saved);
}
