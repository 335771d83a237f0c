/*
 * Windows that are emptied, since a key's record says so: each reset has a
 * time of its own, so a line that is applied again empties nothing.
 *
 *   +----------------+---+---------+-----+-------+----------------+
 *   | group, hash 16 | - | grouped | all | units | at, seconds 36 |
 *   +----------------+---+---------+-----+-------+----------------+
 */

#include "keygate_table_private.h"


#define KEYGATE_RESET_AT       36
#define KEYGATE_RESET_UNITS    ((1u << KEYGATE_UNITS) - 1)
#define KEYGATE_RESET_ALL      ((uint64_t) 1 << 41)
#define KEYGATE_RESET_GROUPED  ((uint64_t) 1 << 42)


static uint64_t keygate_reset_before(const keygate_table_t *t, uint32_t key);
static uint64_t keygate_reset_group(uint64_t group);
static void keygate_empty(keygate_table_t *t, uint32_t key,
    const keygate_reset_t *reset);


uint64_t
keygate_table_reset(const keygate_table_t *t, uint32_t key,
    const keygate_record_t *record)
{
    uint64_t                before;
    const keygate_reset_t  *r;

    before = keygate_reset_before(t, key);
    r = keygate_reset_newest(record->resets, record->n_resets);

    if (r == NULL || r->at <= keygate_table_reset_at(before)) {
        return before;
    }

    return ((uint64_t) r->at & (((uint64_t) 1 << KEYGATE_RESET_AT) - 1))
           | (uint64_t) r->units << KEYGATE_RESET_AT
           | (r->all ? KEYGATE_RESET_ALL : 0)
           | (r->grouped ? KEYGATE_RESET_GROUPED
                           | keygate_reset_group(r->group) : 0);
}


static uint64_t
keygate_reset_before(const keygate_table_t *t, uint32_t key)
{
    uint32_t         body;
    uint64_t         words[KEYGATE_KEY_WORDS];
    keygate_parts_t  parts;

    body = key == 0 ? 0 : keygate_node(t, key)->body;

    return body != 0
           && keygate_body_parts(words, keygate_body_copy(t, body, words,
                                                          KEYGATE_KEY_WORDS),
                                 &parts)
           && parts.reset != 0 ? words[parts.reset] : 0;
}


static uint64_t
keygate_reset_group(uint64_t group)
{
    return (group ^ group >> 16 ^ group >> 32 ^ group >> 48) << 48;
}


int64_t
keygate_table_reset_at(uint64_t reset)
{
    return (int64_t) (reset & (((uint64_t) 1 << KEYGATE_RESET_AT) - 1));
}


unsigned
keygate_table_reset_units(uint64_t reset, int grouped, uint64_t group)
{
    if (!(reset & KEYGATE_RESET_ALL)
        && (grouped ? !(reset & KEYGATE_RESET_GROUPED)
                      || reset >> 48 << 48 != keygate_reset_group(group)
                    : (reset & KEYGATE_RESET_GROUPED) != 0))
    {
        return 0;
    }

    return (unsigned) (reset >> KEYGATE_RESET_AT) & KEYGATE_RESET_UNITS;
}


uint32_t
keygate_table_resets(const keygate_table_t *t)
{
    return keygate_peek(&t->resets);
}


void
keygate_table_empty(keygate_table_t *t, uint32_t key,
    const keygate_record_t *record)
{
    int64_t   before;
    unsigned  i;

    if (record->n_resets == 0) {
        return;
    }

    before = keygate_table_reset_at(keygate_reset_before(t, key));

    for (i = 0; i < record->n_resets; i++) {
        if (record->resets[i].at > before) {
            keygate_empty(t, key, &record->resets[i]);
        }
    }
}


static void
keygate_empty(keygate_table_t *t, uint32_t key, const keygate_reset_t *reset)
{
    uint32_t  at;
    uint64_t  cursor, group;

    cursor = 0;

    if (reset->grouped) {
        at = keygate_table_group(t, key, reset->group);

        if (at != 0) {
            keygate_meter_clear(&keygate_node(t, at)->meter, reset->units);
        }

    } else {
        keygate_meter_clear(&keygate_node(t, key)->meter, reset->units);
    }

    if (reset->all) {
        while ((at = keygate_table_group_next(t, &cursor)) != 0) {
            if (keygate_table_group_of(t, at, &group) == key) {
                keygate_meter_clear(&keygate_node(t, at)->meter,
                                    reset->units);
            }
        }
    }

    __atomic_store_n(&t->resets, t->resets + 1, __ATOMIC_RELEASE);
}
