/*
 * The memory that records are made of.  Whether there is enough of it is told
 * by keygate_table_block.c, before any is taken.
 *
 * Free memory is kept in lists, one for each kind of typed memory and one for
 * each size of bodies.  A free piece holds the offset of the next one and how
 * many there are from it on, in one 64-bit word that no late reader or charge
 * takes for anything that matters: so a list and its length are one store.
 *
 * What no list has is taken from the arena, which lies between what is of one
 * kind for ever and the bodies: see keygate_arena_gather.c.
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


static uint32_t keygate_arena_far(keygate_table_t *t, keygate_in_e what,
    uint32_t owner, unsigned granules);
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
keygate_arena_take(keygate_table_t *t, keygate_in_e what, uint32_t owner)
{
    uint32_t  at, size;

    at = t->free[what];

    if (at != 0) {
        keygate_arena_note(t, what, at, owner, 0);
        keygate_store(&t->free[what],
                      (uint32_t) *keygate_free_word(t, what, at));
        keygate_step();

        return at;
    }

    at = t->top;
    size = keygate_arena_sizes[what];
    memset(keygate_at(t, at), 0, (size_t) size * 8);

    keygate_arena_note(t, what, at, owner, 0);
    keygate_store(&t->top, at + size);
    keygate_step();

    return at;
}


uint32_t
keygate_arena_take_body(keygate_table_t *t, keygate_in_e what,
    uint32_t owner, unsigned *granules)
{
    unsigned  list;

    list = keygate_arena_list(t, *granules, 1);

    if (list != 0) {
        return keygate_arena_take_loose(t, what, owner, granules, list);
    }

    *granules = keygate_arena_granules(keygate_arena_class(*granules));

    return keygate_arena_far(t, what, owner, *granules);
}


uint32_t
keygate_arena_take_name(keygate_table_t *t, uint32_t owner,
    unsigned *granules)
{
    *granules = keygate_arena_granules(keygate_arena_class(*granules));

    return keygate_arena_far(t, KEYGATE_IN_NAME, owner, *granules);
}


/* The first piece of a list: what is more than enough of it, and of use, is
 * given back when the operation ends. */

uint32_t
keygate_arena_take_loose(keygate_table_t *t, keygate_in_e what, uint32_t owner,
    unsigned *granules, unsigned list)
{
    uint32_t  at, size, keep;

    at = t->free[list];
    size = keygate_arena_granules(list - KEYGATE_IN_KEY_BODY);
    keep = size - keygate_arena_rest(size, *granules);
    *granules = keep;

    keygate_arena_note(t, what, at, owner,
                       size | (keep < size ? keep << 16 : 0));
    keygate_store(&t->free[list], keygate_arena_next(t, at));
    keygate_step();

    return at;
}


/* New ones: at the far end, but for large ones, and names, which never move. */

static uint32_t
keygate_arena_far(keygate_table_t *t, keygate_in_e what, uint32_t owner,
    unsigned granules)
{
    uint32_t  at;

    if (granules > KEYGATE_BODY_NEAR || what == KEYGATE_IN_NAME) {
        at = t->top;
        keygate_arena_note(t, what, at, owner, granules);
        keygate_store(&t->top, at + granules);

    } else {
        at = t->floor - granules;
        keygate_arena_note(t, what, at, owner, granules);
        keygate_store(&t->floor, at);
    }

    keygate_step();

    return at;
}


void
keygate_arena_put(keygate_table_t *t, keygate_in_e what, uint32_t at,
    uint32_t size)
{
    uint32_t  head;
    uint64_t  n;
    unsigned  list;

    list = what < KEYGATE_IN_KEY_BODY
           ? what : KEYGATE_IN_KEY_BODY + keygate_arena_class(size);

    head = t->free[list];

    /* killed before it took, or after it put: only the last one can be */

    if (head == at || !keygate_arena_has(t, at)) {
        return;
    }

    if (at < t->floor || at >= t->gather) {
        n = keygate_arena_count(t, list) + 1;
        keygate_store(keygate_free_word(t, list, at), n << 32 | head);
        keygate_store(&t->free[list], at);
    }

    keygate_store(&t->freed, t->freed + 1);
}


/* Up to 1 KB a size each; then four for each doubling. */

unsigned
keygate_arena_class(unsigned granules)
{
    unsigned  class;

    if (granules <= KEYGATE_SMALL) {
        return granules - (granules != 0);
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
keygate_arena_list(const keygate_table_t *t, unsigned granules, int arena)
{
    unsigned  class, larger;
    uint32_t  size;

    class = keygate_arena_class(granules);

    if (t->free[KEYGATE_IN_KEY_BODY + class] != 0) {
        return KEYGATE_IN_KEY_BODY + class;
    }

    size = keygate_arena_granules(class);

    if (arena && size + t->reserve <= t->floor - t->top) {
        return 0;
    }

    for (larger = class + 1; larger < KEYGATE_CLASSES; larger++) {
        if (t->free[KEYGATE_IN_KEY_BODY + larger] != 0) {
            return KEYGATE_IN_KEY_BODY + larger;
        }
    }

    return 0;
}


/* Both parts have the size of a class. */

uint32_t
keygate_arena_rest(uint32_t size, uint32_t granules)
{
    uint32_t  keep, rest;
    unsigned  class;

    for (class = keygate_arena_class(granules); ; class++) {
        keep = keygate_arena_granules(class);

        if (keep + KEYGATE_BODY_MIN > size) {
            return 0;
        }

        rest = size - keep;

        if (keygate_arena_granules(keygate_arena_class(rest)) == rest) {
            return rest;
        }
    }
}


uint32_t
keygate_arena_next(const keygate_table_t *t, uint32_t at)
{
    return (uint32_t) *(uint64_t *) keygate_at(t, at);
}


void
keygate_arena_link(keygate_table_t *t, uint32_t at, uint32_t next, uint32_t n)
{
    keygate_store((uint64_t *) keygate_at(t, at), (uint64_t) n << 32 | next);
}
