/*
 * The memory that records are made of.  Whether there is enough of it is told
 * by keygate_table_block.c, before any is taken.
 *
 * Free memory is kept in lists, one for each kind of typed memory and one for
 * each size of bodies.  A free piece holds the offset of the next one and how
 * many there are from it on, in one 64-bit word that no late reader or charge
 * takes for anything that matters: so a list and its length are one store.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_SMALL      128           /* granules: a list for each size */


const uint32_t  keygate_arena_sizes[] = {
    [KEYGATE_IN_KEY] = sizeof(keygate_key_node_t) / 8,
    [KEYGATE_IN_CELL] = sizeof(keygate_cell_t) / 8,
    [KEYGATE_IN_RING] = sizeof(keygate_ring_t) / 8,
    [KEYGATE_IN_ACCOUNT] = sizeof(keygate_account_node_t) / 8
};


static uint64_t *keygate_free_word(const keygate_table_t *t, unsigned list,
    uint32_t at);


void
keygate_arena_begin(keygate_table_t *t)
{
    t->keys_before = t->keys;
    t->accounts_before = t->accounts;
    keygate_store(&t->counted, 0);
}


void
keygate_arena_note(keygate_table_t *t, keygate_in_e what, uint32_t at,
    uint32_t owner, uint32_t was)
{
    keygate_intent_t  *intent;

    intent = &t->intents[t->n_intents];

    intent->what = what;
    intent->at = at;
    intent->owner = owner;
    intent->was = was;

    keygate_store(&t->n_intents, t->n_intents + 1);
    keygate_step();
}


uint32_t
keygate_arena_take(keygate_table_t *t, keygate_in_e what, uint32_t owner,
    unsigned *granules)
{
    uint32_t  at, size;
    unsigned  list;

    if (granules == NULL) {
        list = what;
        size = keygate_arena_sizes[what];

    } else {
        list = keygate_arena_list(t, *granules);
        size = list == 0
               ? keygate_arena_granules(keygate_arena_class(*granules))
               : keygate_arena_granules(list - KEYGATE_IN_KEY_BODY);
        *granules = size;
    }

    at = t->free[list];

    if (list != 0 && at != 0) {
        keygate_arena_note(t, what, at, owner,
                           what < KEYGATE_IN_KEY_BODY ? 0 : size);
        keygate_store(&t->free[list],
                      (uint32_t) *keygate_free_word(t, list, at));
        keygate_step();

        return at;
    }

    at = t->top;

    if (what < KEYGATE_IN_KEY_BODY) {
        memset(keygate_at(t, at), 0, (size_t) size * 8);
    }

    keygate_arena_note(t, what, at, owner,
                       what < KEYGATE_IN_KEY_BODY ? 0 : size);
    keygate_store(&t->top, at + size);
    keygate_step();

    return at;
}


uint32_t
keygate_arena_node(keygate_table_t *t, keygate_in_e what, uint32_t owner,
    const keygate_now_t *now)
{
    int              fresh;
    uint32_t         at;
    keygate_node_t  *node;

    fresh = t->free[what] == 0;
    at = keygate_arena_take(t, what, owner, NULL);
    node = keygate_node(t, at);

    if (fresh) {
        keygate_meter_init(&node->meter, now);

    } else {
        keygate_meter_reuse(&node->meter, now);
    }

    keygate_arena_rings(t, at, t->units[what == KEYGATE_IN_KEY
                                        ? KEYGATE_KEY : KEYGATE_ACCOUNT], now);

    return at;
}


void
keygate_arena_rings(keygate_table_t *t, uint32_t at, unsigned units,
    const keygate_now_t *now)
{
    uint32_t          ring;
    unsigned          unit;
    keygate_meter_t  *meter;

    meter = &keygate_node(t, at)->meter;

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        if ((units & (1u << unit))
            && keygate_meter_ring(meter, (keygate_unit_e) unit) == NULL)
        {
            ring = keygate_arena_take(t, KEYGATE_IN_RING, at, NULL);
            keygate_ring_init(keygate_at(t, ring), meter,
                              (keygate_unit_e) unit, now);
        }
    }
}


unsigned
keygate_arena_lacks(const keygate_table_t *t, uint32_t at, unsigned units)
{
    unsigned                n, unit;
    const keygate_meter_t  *meter;

    n = 0;
    meter = &keygate_node(t, at)->meter;

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        n += (units & (1u << unit))
             && keygate_meter_ring(meter, (keygate_unit_e) unit) == NULL;
    }

    return n;
}


void
keygate_arena_put(keygate_table_t *t, const keygate_intent_t *intent)
{
    uint32_t  head;
    uint64_t  n;
    unsigned  list;

    list = intent->what < KEYGATE_IN_KEY_BODY
           ? intent->what
           : KEYGATE_IN_KEY_BODY + keygate_arena_class(intent->was);

    head = t->free[list];

    /* killed before it took, or after it put: only the last one can be */

    if (head == intent->at || intent->at >= t->top) {
        return;
    }

    n = keygate_arena_count(t, list) + 1;
    keygate_store(keygate_free_word(t, list, intent->at), n << 32 | head);
    keygate_store(&t->free[list], intent->at);
    keygate_store(&t->freed, t->freed + 1);
}


/* Up to 1 KB a size each; then four for each doubling. */

unsigned
keygate_arena_class(unsigned granules)
{
    unsigned  class;

    if (granules <= KEYGATE_SMALL) {
        return granules - 1;
    }

    class = KEYGATE_SMALL;

    while (keygate_arena_granules(class) < granules) {
        class++;
    }

    return class;
}


unsigned
keygate_arena_granules(unsigned class)
{
    if (class < KEYGATE_SMALL) {
        return class + 1;
    }

    class -= KEYGATE_SMALL;

    return (5 + class % 4) << (class / 4 + 5);
}


static uint64_t *
keygate_free_word(const keygate_table_t *t, unsigned list, uint32_t at)
{
    unsigned char  *p;

    p = keygate_at(t, at);

    switch (list) {
    case KEYGATE_IN_KEY:
        p += offsetof(keygate_key_node_t, sequence);
        break;
    case KEYGATE_IN_ACCOUNT:
        p += offsetof(keygate_account_node_t, keys);
        break;
    case KEYGATE_IN_CELL:
        p += offsetof(keygate_cell_t, next);
        break;
    }

    return (uint64_t *) (void *) p;
}


uint32_t
keygate_arena_count(const keygate_table_t *t, unsigned list)
{
    uint32_t  head;

    head = keygate_load(&t->free[list]);

    return head == 0
           ? 0 : (uint32_t) (keygate_peek(keygate_free_word(t, list, head))
                             >> 32);
}


unsigned
keygate_arena_list(const keygate_table_t *t, unsigned granules)
{
    unsigned  class, most;

    class = keygate_arena_class(granules);

    if (t->free[KEYGATE_IN_KEY_BODY + class] != 0) {
        return KEYGATE_IN_KEY_BODY + class;
    }

    if (keygate_arena_granules(class) <= t->end - t->top) {
        return 0;
    }

    most = 2 * keygate_arena_granules(class);

    while (++class < KEYGATE_CLASSES && keygate_arena_granules(class) <= most) {
        if (t->free[KEYGATE_IN_KEY_BODY + class] != 0) {
            return KEYGATE_IN_KEY_BODY + class;
        }
    }

    return 0;
}
