/*
 * Which records' lines are to be applied again.  A walk in the order of hashes
 * that may be cut short, resumed by another process, and begun anew: to apply
 * a line once more is harmless.
 *
 * A record that is stale or late stays so until its line has been applied;
 * that is tried again whenever memory was given back since the last walk.
 */

#include <string.h>

#include "keygate_table_private.h"


static void keygate_again_begin(keygate_table_t *t);
static void keygate_again_end(keygate_table_t *t);
static void keygate_again_count(keygate_table_t *t);
static int keygate_again_is(keygate_table_t *t, keygate_kind_e kind,
    uint32_t node, keygate_again_t *again);


int
keygate_table_again_due(const keygate_table_t *t)
{
    return keygate_peek(&t->position.sweep) == 0
           && (keygate_peek(&t->renamed) != keygate_peek(&t->again.renamed)
               || keygate_peek(&t->again.walk) != 0
               || (keygate_peek(&t->again.lacking) != 0
                   && keygate_peek(&t->freed) != keygate_peek(&t->again.freed)
                   && (t->again.least.bodies[0] == 0
                       || keygate_block_might(t, &t->again.least, 0))));
}


keygate_rc_t
keygate_table_again_next(keygate_table_t *t, unsigned *budget,
    keygate_again_t *again)
{
    uint32_t        node;
    keygate_kind_e  kind;

    if (t->again.walk == 0) {
        keygate_again_begin(t);
    }

    keygate_again_count(t);

    while (t->again.walk <= 2) {
        kind = t->again.walk == 1 ? KEYGATE_KEY : KEYGATE_ACCOUNT;
        node = keygate_table_next(t, kind, t->again.from, t->reused);

        if (node == 0) {
            t->again.from = 0;
            t->again.walk++;
            continue;
        }

        if (*budget == 0) {
            return KEYGATE_AGAIN;
        }

        (*budget)--;
        t->again.from = keygate_node(t, node)->hash;

        if (keygate_again_is(t, kind, node, again)) {
            t->again.last = node;
            return KEYGATE_OK;
        }

        t->again.from++;
    }

    keygate_again_end(t);

    return KEYGATE_NONE;
}


void
keygate_table_again_done(keygate_table_t *t)
{
    t->again.from++;
}


void
keygate_table_again_late(keygate_table_t *t)
{
    uint32_t         body;
    const uint64_t  *words;

    body = t->again.last != 0 ? keygate_node(t, t->again.last)->body : 0;

    words = keygate_at(t, body);

    if (body != 0 && !(keygate_body_flags(words) & KEYGATE_IS_STALE)) {
        keygate_table_mark(t, t->again.last, KEYGATE_IS_LATE,
                           keygate_body_at(words));
    }
}


static void
keygate_again_begin(keygate_table_t *t)
{
    t->again.seen_renamed = t->renamed;
    t->again.seen_freed = t->freed;
    t->again.found = 0;
    t->again.last = 0;
    t->again.from = 0;
    t->again.walk = 1;

    t->again.base = t->again.lacking;
    memset(&t->again.least, 0, sizeof(t->again.least));
}


static void
keygate_again_end(keygate_table_t *t)
{
    /* what has become stale since it began may have been behind it */

    keygate_store(&t->again.lacking, t->again.lacking - t->again.base
                                     + t->again.found);
    keygate_store(&t->again.freed, t->again.seen_freed);
    keygate_store(&t->again.renamed, t->again.seen_renamed);
    t->again.walk = 0;
}


/* Whether what was last asked for is still not what its line says. */

static void
keygate_again_count(keygate_table_t *t)
{
    uint32_t         body;
    const uint64_t  *words;

    body = t->again.last != 0 ? keygate_node(t, t->again.last)->body : 0;
    t->again.last = 0;

    if (body != 0) {
        words = keygate_at(t, body);
        t->again.found += (keygate_body_flags(words)
                           & (KEYGATE_IS_STALE|KEYGATE_IS_LATE)) != 0;
    }
}


static int
keygate_again_is(keygate_table_t *t, keygate_kind_e kind, uint32_t node,
    keygate_again_t *again)
{
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];
    unsigned  flags;

    if (keygate_body_copy(t, keygate_node(t, node)->body, words,
                          KEYGATE_ACCOUNT_WORDS) == 0)
    {
        return 0;
    }

    flags = keygate_body_flags(words);
    again->at = keygate_body_at(words);

    if (again->at == KEYGATE_AT_NONE && (flags & KEYGATE_IS_STALE)) {
        if (keygate_table_remove_account(t, node) != KEYGATE_OK) {
            t->again.found++;
            keygate_block_least(&t->again.least, &t->wanted);
        }

        return 0;
    }

    if (!(flags & (KEYGATE_IS_STALE|KEYGATE_IS_LATE))
        && !((flags & KEYGATE_IS_STRANGE)
             && t->again.seen_renamed != t->again.renamed))
    {
        return 0;
    }

    again->kind = kind;
    again->id_len = keygate_body_id(words, again->id);

    return 1;
}
