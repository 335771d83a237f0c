/*
 * The block of a table: its layout, and whether there is room for more.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_KEY_BYTES   320          /* of a block, for sizing its heads */
#define KEYGATE_MAKE_TRIES  4


static void keygate_block_lay(keygate_table_t *t, uint64_t size);
static uint64_t keygate_need_all(const keygate_table_t *t,
    const keygate_want_t *want, uint64_t n, int spare);
static uint64_t keygate_need_nodes(const keygate_table_t *t,
    keygate_kind_e kind, uint64_t n, uint64_t *rings);
static uint64_t keygate_need(const keygate_table_t *t, unsigned list,
    uint64_t n);


keygate_table_t *
keygate_table_init(void *mem, size_t size, const unsigned char seed[16])
{
    keygate_table_t  *t;

    if (size < 65536 || (uintptr_t) mem % 8 != 0) {
        return NULL;
    }

    t = mem;
    memset(t, 0, sizeof(keygate_table_t));

    memcpy(t->seed, seed, sizeof(t->seed));
    keygate_block_lay(t, size);
    memset(keygate_at(t, t->digests), 0,
           (size_t) (t->start - t->digests) * 8);
    t->top = t->start;
    t->floor = t->end;

    keygate_store(&t->layout, KEYGATE_LAYOUT ^ sizeof(keygate_table_t) << 8);

    return t;
}


void
keygate_table_restart(keygate_table_t *t)
{
    unsigned char  seed[sizeof(t->seed)];

    memcpy(seed, t->seed, sizeof(seed));
    (void) keygate_table_init(t, (size_t) t->size, seed);
}


/* Where the parts of a block of that size are. */

static void
keygate_block_lay(keygate_table_t *t, uint64_t size)
{
    uint64_t  n;

    t->size = size;

    /* a ring is at most 2^31 granules away from its meter */

    n = size / 8 < (uint64_t) INT32_MAX ? size / 8 : (uint64_t) INT32_MAX;
    t->end = (uint32_t) n;

    n = n * 8 / KEYGATE_KEY_BYTES;
    t->n_digests = (uint32_t) n;
    t->n_nodes[KEYGATE_KEY] = (uint32_t) n;
    t->n_nodes[KEYGATE_ACCOUNT] = (uint32_t) (n / 4);

    t->digests = (sizeof(keygate_table_t) + 63) / 64 * 8;
    t->nodes[KEYGATE_KEY] = t->digests + (t->n_digests + 1) / 2;
    t->nodes[KEYGATE_ACCOUNT] = t->nodes[KEYGATE_KEY]
                                + (t->n_nodes[KEYGATE_KEY] + 1) / 2;
    t->start = t->nodes[KEYGATE_ACCOUNT]
               + (t->n_nodes[KEYGATE_ACCOUNT] + 1) / 2;

    t->reserve = (t->end - t->start) / 64;
    t->reserve = t->reserve < 131072 ? t->reserve : 131072;
}


uint64_t
keygate_table_needs(const keygate_table_t *t)
{
    uint64_t         used, size;
    keygate_table_t  block;

    used = t->top - t->start + (t->end - t->floor);
    size = 65536;

    for ( ;; ) {
        keygate_block_lay(&block, size);

        if (used + block.reserve <= block.end - block.start
            || block.end == INT32_MAX)
        {
            return size;
        }

        size += size / 256;
    }
}


int
keygate_table_valid(const void *mem, size_t size)
{
    const keygate_table_t  *t;

    t = mem;

    return size >= 65536
           && (uintptr_t) mem % 8 == 0
           && keygate_load(&t->layout)
              == (KEYGATE_LAYOUT ^ sizeof(keygate_table_t) << 8)
           && t->size == size
           && t->start <= t->top && t->top <= t->floor
           && t->floor <= t->end
           && (uint64_t) t->end * 8 <= size;
}


void
keygate_table_stats(const keygate_table_t *t, keygate_table_stats_t *stats)
{
    uint64_t  have;
    unsigned  i, size;

    have = keygate_peek(&t->floor) - keygate_peek(&t->top);

    for (i = 1; i < KEYGATE_IN_KEY_BODY + KEYGATE_CLASSES; i++) {
        size = i < KEYGATE_IN_KEY_BODY
               ? keygate_arena_sizes[i]
               : keygate_arena_granules(i - KEYGATE_IN_KEY_BODY);
        have += (uint64_t) keygate_arena_count(t, i) * size;
    }

    stats->size = t->size;
    stats->used = have * 8 < t->size ? t->size - have * 8 : 0;
    stats->keys = keygate_peek(&t->keys);
    stats->accounts = keygate_peek(&t->accounts);
}


int
keygate_block_fits(const keygate_table_t *t, const keygate_want_t *want,
    uint64_t n, int spare)
{
    return keygate_need_all(t, want, n, spare) <= t->floor - t->top;
}


int
keygate_block_make(keygate_table_t *t, const keygate_want_t *want, uint64_t n,
    int spare)
{
    unsigned  i;
    uint64_t  need;

    /* what is moved may take what was counted on */

    for (i = 0; i < KEYGATE_MAKE_TRIES; i++) {
        need = keygate_need_all(t, want, n, spare);

        if (need <= t->floor - t->top) {
            return 1;
        }

        if (!keygate_arena_gather(t, need)) {
            return 0;
        }
    }

    return 0;
}


int
keygate_block_might(const keygate_table_t *t, const keygate_want_t *want,
    int spare)
{
    uint64_t  need;

    need = keygate_need_all(t, want, 1, spare);

    return need <= keygate_peek(&t->floor) - keygate_peek(&t->top)
           || keygate_arena_may(t, need);
}


void
keygate_block_least(keygate_want_t *least, const keygate_want_t *want)
{
    unsigned  i, *most;

    if (least->bodies[0] == 0) {
        *least = *want;
        return;
    }

    most = (unsigned *) least;

    for (i = 0; i < sizeof(keygate_want_t) / sizeof(unsigned); i++) {
        if (((const unsigned *) want)[i] < most[i]) {
            most[i] = ((const unsigned *) want)[i];
        }
    }
}


/* Granules from the arena for all of it. */

static uint64_t
keygate_need_all(const keygate_table_t *t, const keygate_want_t *want,
    uint64_t n, int spare)
{
    unsigned  class[2];
    uint64_t  need, rings, accounts;

    rings = want->rings * n;
    accounts = want->keys ? want->accounts : want->accounts * n;

    need = keygate_need_nodes(t, KEYGATE_KEY, want->keys * n, &rings);
    need += keygate_need_nodes(t, KEYGATE_ACCOUNT, accounts, &rings);
    need += keygate_need(t, KEYGATE_IN_RING, rings);
    need += keygate_need(t, KEYGATE_IN_CELL, want->cells * n);

    class[0] = keygate_arena_class(want->bodies[0]);

    if (want->bodies[1] != 0) {
        class[1] = keygate_arena_class(want->bodies[1]);

        /* neither may count on what the other one takes */

        if (class[0] == class[1]
            || keygate_arena_count(t, KEYGATE_IN_KEY_BODY + class[0]) < n
            || t->free[KEYGATE_IN_KEY_BODY + class[1]] == 0)
        {
            need += keygate_arena_granules(class[0]) * n
                    + keygate_arena_granules(class[1]);
        }

    } else if (n > 1 || keygate_arena_list(t, want->bodies[0], 1) == 0) {
        need += keygate_need(t, KEYGATE_IN_KEY_BODY + class[0], n);
    }

    return need == 0 ? 0 : need + (spare ? t->reserve : 0);
}


/* Granules from the arena for "n" nodes; adds the rings that they will need. */

static uint64_t
keygate_need_nodes(const keygate_table_t *t, keygate_kind_e kind, uint64_t n,
    uint64_t *rings)
{
    uint64_t      have;
    keygate_in_e  what;

    what = kind == KEYGATE_KEY ? KEYGATE_IN_KEY : KEYGATE_IN_ACCOUNT;
    have = keygate_arena_count(t, what);
    have = have < n ? have : n;

    if (have != 0) {
        *rings += have * keygate_arena_lacks(t, t->free[what], t->units[kind]);
    }

    *rings += (n - have) * (unsigned) __builtin_popcount(t->units[kind]);

    return keygate_need(t, what, n);
}


/* Granules from the arena for "n" of what a list has. */

static uint64_t
keygate_need(const keygate_table_t *t, unsigned list, uint64_t n)
{
    uint64_t  have, size;

    have = keygate_arena_count(t, list);
    size = list < KEYGATE_IN_KEY_BODY
           ? keygate_arena_sizes[list]
           : keygate_arena_granules(list - KEYGATE_IN_KEY_BODY);

    return have < n ? (n - have) * size : 0;
}
