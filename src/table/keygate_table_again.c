/*
 * Which records' lines are to be applied again.  A walk in the order of hashes
 * that may be cut short, resumed by another process, and begun anew: to apply
 * a line once more is harmless.
 */

#include "keygate_table_private.h"


static void keygate_again_begin(keygate_table_t *t);
static int keygate_again_is(const keygate_table_t *t, keygate_kind_e kind,
    uint32_t node, keygate_again_t *again);


int
keygate_table_again_due(const keygate_table_t *t)
{
    return keygate_peek(&t->position.sweep) == 0
           && keygate_peek(&t->renamed) != keygate_peek(&t->again.renamed);
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
        t->again.from = keygate_node(t, node)->hash + 1;

        if (keygate_again_is(t, kind, node, again)) {
            return KEYGATE_OK;
        }
    }

    keygate_store(&t->again.renamed, t->again.seen);
    t->again.walk = 0;

    return KEYGATE_NONE;
}


static void
keygate_again_begin(keygate_table_t *t)
{
    t->again.seen = t->renamed;
    t->again.from = 0;
    t->again.walk = 1;
}


static int
keygate_again_is(const keygate_table_t *t, keygate_kind_e kind, uint32_t node,
    keygate_again_t *again)
{
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    if (keygate_body_copy(t, keygate_node(t, node)->body, words,
                          KEYGATE_ACCOUNT_WORDS) == 0
        || !(keygate_body_flags(words) & KEYGATE_IS_STRANGE))
    {
        return 0;
    }

    again->kind = kind;
    again->id_len = keygate_body_id(words, again->id);
    again->at = keygate_body_at(words);

    return 1;
}
