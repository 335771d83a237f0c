/*
 * How often keys are used, until it is written down.
 *
 * The word that counts is changed by one atomic addition where it already
 * tells the API; the place of a refusal is found by where the key lies.
 */

#include <string.h>

#include "keygate_table_private.h"
#include "keygate_table_usage.h"


#define KEYGATE_USED_COUNT    0x03ffffffu
#define KEYGATE_USED_REFUSED  0x04000000u
#define KEYGATE_USED_BY       27             /* bits below */

/* Where the next ones stop; many may look at the same time. */
#define KEYGATE_USED_MOST     (KEYGATE_USED_COUNT - 65536)

#define KEYGATE_KEY_GRANULES  (sizeof(keygate_key_node_t) / 8)


static void keygate_used_by(uint32_t *word, unsigned by, uint32_t add,
    uint32_t flag);
static void keygate_used_word(uint32_t word, unsigned parity,
    keygate_used_t *used);
static void keygate_used_extra(uint64_t extra, unsigned odd,
    keygate_used_t *used);
static void keygate_used_refused(uint32_t *n, uint32_t words[2], unsigned odd,
    keygate_used_t *used, int take);
static int keygate_used_any(const keygate_key_node_t *key);


size_t
keygate_table_refusals(size_t size)
{
    return (size / sizeof(keygate_key_node_t) + 1) * sizeof(keygate_refused_t);
}


/* No two keys begin within the length of one. */

static inline keygate_refused_t *
keygate_used_place(const keygate_refused_t *refusals, uint32_t ref)
{
    return (keygate_refused_t *) (uintptr_t) refusals
           + ref / KEYGATE_KEY_GRANULES;
}


void
keygate_table_count(keygate_table_t *t, uint32_t ref, uint64_t sequence,
    unsigned odd, unsigned by, uint32_t cost)
{
    uint32_t             word;
    keygate_key_node_t  *key;

    key = keygate_key_node(t, ref);

    if (keygate_peek(&key->sequence) != sequence) {
        return;
    }

    word = keygate_peek(&key->allowed[odd]);

    if (word >> KEYGATE_USED_BY == by
        && (word & KEYGATE_USED_COUNT) < KEYGATE_USED_MOST)
    {
        (void) __atomic_fetch_add(&key->allowed[odd], 1, __ATOMIC_SEQ_CST);

    } else {
        keygate_used_by(&key->allowed[odd], by, 1, 0);
    }

    if (cost != 1) {
        (void) __atomic_fetch_add(&key->extra, (uint64_t) cost - 1,
                                  __ATOMIC_SEQ_CST);
    }
}


static void
keygate_used_by(uint32_t *word, unsigned by, uint32_t add, uint32_t flag)
{
    uint32_t  seen, next;

    seen = keygate_peek(word);

    do {
        if (add > KEYGATE_USED_MOST
            || (seen & KEYGATE_USED_COUNT) >= KEYGATE_USED_MOST - add)
        {
            add = 0;
        }

        next = (seen & (KEYGATE_USED_COUNT|KEYGATE_USED_REFUSED)) + add;
        next |= flag | by << KEYGATE_USED_BY;

    } while (!__atomic_compare_exchange_n(word, &seen, next, 0,
                                          __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
}


/* The count first: who takes it clears the flag first. */

void
keygate_table_refuse(keygate_table_t *t, keygate_refused_t *refusals,
    uint32_t ref, uint64_t sequence, unsigned odd, unsigned by,
    unsigned reason)
{
    unsigned             i;
    uint32_t             owner;
    keygate_refused_t   *place;
    keygate_key_node_t  *key;

    key = keygate_key_node(t, ref);

    if (reason >= KEYGATE_REASONS
        || keygate_peek(&key->sequence) != sequence)
    {
        return;
    }

    place = keygate_used_place(refusals, ref);
    owner = keygate_load(&place->owner);

    /* what the key before was refused is nobody's */

    if (owner != (uint32_t) sequence
        && __atomic_compare_exchange_n(&place->owner, &owner,
                                       (uint32_t) sequence, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    {
        for (i = 0; i < KEYGATE_REASONS; i++) {
            keygate_store(&place->n[i], 0);
        }
    }

    (void) __atomic_fetch_add(&place->n[reason], 1, __ATOMIC_SEQ_CST);

    if ((__atomic_load_n(&key->allowed[odd], __ATOMIC_SEQ_CST)
         & KEYGATE_USED_REFUSED) == 0)
    {
        keygate_used_by(&key->allowed[odd], by, 0, KEYGATE_USED_REFUSED);
    }
}


/*
 * Whose they are is looked at before and after: where the key has gone in
 * between, what was taken is nobody's any more.
 */

keygate_rc_t
keygate_table_take(keygate_table_t *t, keygate_refused_t *refusals,
    unsigned odd, uint64_t *cursor, keygate_key_t *key, keygate_used_t *used)
{
    unsigned             parity;
    uint32_t             at, words[2];
    uint64_t             seen, from, sequence;
    keygate_key_node_t  *node;

    for (from = *cursor; /* void */ ; from = *cursor) {
        seen = keygate_table_enter(t);
        at = keygate_table_next(t, KEYGATE_KEY, from, seen);

        if (at == 0) {
            if (keygate_table_whole(t, seen)) {
                return KEYGATE_NONE;
            }

            continue;
        }

        node = keygate_key_node(t, at);
        from = keygate_peek(&node->node.hash) + 1;
        sequence = keygate_peek(&node->sequence);

        if (!keygate_used_any(node)) {
            *cursor = keygate_table_whole(t, seen) ? from : *cursor;
            continue;
        }

        if (keygate_table_load_key(t, at, key, NULL) != KEYGATE_OK
            || !keygate_table_whole(t, seen) || key->sequence != sequence)
        {
            *cursor = keygate_table_whole(t, seen) ? from : *cursor;
            continue;
        }

        *cursor = from;
        memset(used, 0, sizeof(keygate_used_t));

        for (parity = 0; parity < 2; parity++) {
            words[parity] = __atomic_fetch_and(&node->allowed[parity],
                                               ~(KEYGATE_USED_COUNT
                                                 |KEYGATE_USED_REFUSED),
                                               __ATOMIC_SEQ_CST);
            keygate_used_word(words[parity], parity, used);
        }

        keygate_used_extra(__atomic_exchange_n(&node->extra, 0,
                                               __ATOMIC_SEQ_CST), odd, used);
        keygate_used_refused(keygate_used_place(refusals, at)->n, words, odd,
                             used, 1);

        if (keygate_peek(&node->sequence) == sequence) {
            return KEYGATE_OK;
        }
    }
}


void
keygate_table_give(keygate_table_t *t, keygate_refused_t *refusals,
    const keygate_key_t *key, const keygate_used_t *used, unsigned odd)
{
    int                  any;
    unsigned             i;
    keygate_key_node_t  *node;

    any = 0;
    node = keygate_key_node(t, key->ref);

    for (i = 0; i < KEYGATE_REASONS; i++) {
        if (used->refused[odd][i]) {
            (void) __atomic_fetch_add(
                             &keygate_used_place(refusals, key->ref)->n[i],
                             used->refused[odd][i], __ATOMIC_SEQ_CST);
            any = 1;
        }
    }

    keygate_used_by(&node->allowed[odd], used->by, used->allowed[odd],
                    any ? KEYGATE_USED_REFUSED : 0);

    (void) __atomic_fetch_add(&node->extra,
                              used->cost[odd] - used->allowed[odd],
                              __ATOMIC_SEQ_CST);
}


int
keygate_table_pending(const keygate_table_t *t,
    const keygate_refused_t *refusals, uint32_t ref, unsigned odd,
    keygate_used_t *used)
{
    unsigned                   parity;
    uint32_t                   words[2];
    const keygate_key_node_t  *node;

    node = keygate_key_node(t, ref);
    memset(used, 0, sizeof(keygate_used_t));

    if (!keygate_used_any(node)) {
        return 0;
    }

    for (parity = 0; parity < 2; parity++) {
        words[parity] = keygate_load(&node->allowed[parity]);
        keygate_used_word(words[parity], parity, used);
    }

    keygate_used_extra(keygate_load(&node->extra), odd, used);
    keygate_used_refused(keygate_used_place(refusals, ref)->n, words, odd,
                         used, 0);

    return 1;
}


static int
keygate_used_any(const keygate_key_node_t *key)
{
    return ((keygate_peek(&key->allowed[0]) | keygate_peek(&key->allowed[1]))
            & (KEYGATE_USED_COUNT|KEYGATE_USED_REFUSED)) != 0
           || keygate_peek(&key->extra) != 0;
}


static void
keygate_used_word(uint32_t word, unsigned parity, keygate_used_t *used)
{
    used->allowed[parity] = word & KEYGATE_USED_COUNT;
    used->cost[parity] = used->allowed[parity];

    if (word & (KEYGATE_USED_COUNT|KEYGATE_USED_REFUSED)) {
        used->by = word >> KEYGATE_USED_BY;
    }
}


/* Who takes it while an hour begins cannot tell for which of them it is. */

static void
keygate_used_extra(uint64_t extra, unsigned odd, keygate_used_t *used)
{
    if (used->allowed[!odd] > used->allowed[odd]) {
        odd = !odd;
    }

    used->cost[odd] += extra;
}


static void
keygate_used_refused(uint32_t *n, uint32_t words[2], unsigned odd,
    keygate_used_t *used, int take)
{
    unsigned  i;

    if (((words[0] | words[1]) & KEYGATE_USED_REFUSED) == 0) {
        return;
    }

    if ((words[odd] & KEYGATE_USED_REFUSED) == 0) {
        odd = !odd;
    }

    for (i = 0; i < KEYGATE_REASONS; i++) {
        used->refused[odd][i] = take ? __atomic_exchange_n(&n[i], 0,
                                                           __ATOMIC_SEQ_CST)
                                     : keygate_load(&n[i]);
    }
}
