/*
 * What a reader may ask of a record that it has found, by its reference.
 */

#include "keygate_table_private.h"


keygate_meter_t *
keygate_table_meter(const keygate_table_t *t, uint32_t ref,
    keygate_kind_e kind)
{
    (void) kind;

    return &keygate_node(t, ref)->meter;
}


keygate_ring_t *
keygate_table_ring(const keygate_table_t *t, uint32_t ref,
    keygate_kind_e kind, keygate_unit_e unit)
{
    (void) kind;

    return keygate_meter_ring(&keygate_node(t, ref)->meter, unit);
}


unsigned
keygate_table_ref_id(const keygate_table_t *t, uint32_t ref,
    char id[KEYGATE_ID_MAX + 1])
{
    unsigned  len, tries;
    uint32_t  body;
    uint64_t  seen, words[KEYGATE_ACCOUNT_WORDS];

    for (tries = 0; tries < KEYGATE_READER_TRIES; tries++) {
        seen = keygate_table_enter(t);
        body = keygate_load(&keygate_node(t, ref)->body);

        len = body != 0 && keygate_body_copy(t, body, words,
                                             KEYGATE_ACCOUNT_WORDS) != 0
              ? keygate_body_id(words, id) : 0;

        if (keygate_table_whole(t, seen)) {
            return len;
        }
    }

    return 0;
}


int64_t
keygate_table_used_at(const keygate_table_t *t, uint32_t ref)
{
    return (int64_t) keygate_peek(&keygate_key_node(t, ref)->used);
}


void
keygate_table_touch(keygate_table_t *t, uint32_t ref, int64_t wall)
{
    uint32_t             second;
    keygate_key_node_t  *key;

    key = keygate_key_node(t, ref);
    second = (uint32_t) wall;

    if (keygate_peek(&key->used) != second) {
        __atomic_store_n(&key->used, second, __ATOMIC_RELAXED);
    }
}
