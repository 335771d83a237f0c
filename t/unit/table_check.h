/*
 * Whether a table at rest is whole: every granule of its arena belongs to
 * exactly one thing that is in use or free, and all chains say the same.
 */

#ifndef KEYGATE_TABLE_CHECK_H
#define KEYGATE_TABLE_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "keygate_table_private.h"


typedef struct {
    const keygate_table_t  *t;
    unsigned char          *seen;
    const char             *wrong;
    uint64_t                keys;
    uint64_t                accounts;
    uint64_t                joined;
    uint64_t                cells;
    uint64_t                named;
} check_t;


static void
check_mark(check_t *c, uint32_t at, uint32_t size, const char *what)
{
    uint32_t  i;

    if (at < c->t->start || at + size > c->t->end
        || (at + size > c->t->top && at < c->t->floor))
    {
        c->wrong = "outside of the arena";
        return;
    }

    for (i = at; i < at + size; i++) {
        if (c->seen[i]) {
            c->wrong = what;
        }

        c->seen[i] = 1;
    }
}


static void
check_rings(check_t *c, uint32_t at)
{
    unsigned         u;
    keygate_ring_t  *ring;

    for (u = 0; u < KEYGATE_MONTH; u++) {
        ring = keygate_meter_ring(&keygate_node(c->t, at)->meter,
                                  (keygate_unit_e) u);

        if (ring != NULL) {
            check_mark(c, (uint32_t) (((unsigned char *) ring
                                       - (unsigned char *) c->t) / 8),
                       sizeof(keygate_ring_t) / 8, "ring twice");
        }
    }
}


static void
check_nodes(check_t *c, keygate_kind_e kind)
{
    uint32_t   i, at, *heads, body, key, sequence_ok;
    uint64_t   last, words[KEYGATE_KEY_WORDS], sequence;
    unsigned   n;
    keygate_parts_t  parts;

    heads = keygate_at(c->t, c->t->nodes[kind]);

    for (i = 0; i < c->t->n_nodes[kind]; i++) {
        last = 0;

        for (at = heads[i]; at != 0; at = keygate_node(c->t, at)->next) {
            check_mark(c, at, kind == KEYGATE_KEY
                              ? sizeof(keygate_key_node_t) / 8
                              : sizeof(keygate_account_node_t) / 8,
                       "node twice");
            check_rings(c, at);

            if (c->wrong != NULL) {
                return;
            }

            if (keygate_node(c->t, at)->hash <= last
                || keygate_reduce(keygate_node(c->t, at)->hash,
                                  c->t->n_nodes[kind]) != i)
            {
                c->wrong = "order of hashes";
            }

            last = keygate_node(c->t, at)->hash;
            body = keygate_node(c->t, at)->body;

            if (body == 0) {
                c->wrong = "linked without a body";
                return;
            }

            n = keygate_body_copy(c->t, body, words, KEYGATE_KEY_WORDS);
            check_mark(c, body, (uint32_t) words[0] & 0xffff, "body twice");

            if (kind == KEYGATE_KEY) {
                c->keys++;

                if (!keygate_body_parts(words, n, &parts)) {
                    c->wrong = "a key's body";
                    return;
                }

                c->named += 1 + (parts.previous != 0);
                continue;
            }

            c->accounts += (uint64_t) keygate_table_known(c->t, at);
            sequence = UINT64_MAX;

            for (key = keygate_account_node(c->t, at)->keys;
                 key != 0;
                 key = keygate_key_node(c->t, key)->sibling)
            {
                sequence_ok = keygate_key_node(c->t, key)->sequence < sequence;
                sequence = keygate_key_node(c->t, key)->sequence;
                body = keygate_node(c->t, key)->body;

                if (!sequence_ok || body == 0
                    || keygate_body_copy(c->t, body, words, KEYGATE_KEY_WORDS)
                       == 0
                    || keygate_body_account(words) != at)
                {
                    c->wrong = "an account's chain";
                    return;
                }

                c->joined++;
            }

            if (!keygate_table_known(c->t, at)
                && keygate_account_node(c->t, at)->keys == 0)
            {
                c->wrong = "an account that nobody needs";
            }
        }
    }
}


static void
check_cells(check_t *c)
{
    uint32_t  i, at, *heads;

    heads = keygate_at(c->t, c->t->digests);

    for (i = 0; i < c->t->n_digests; i++) {
        for (at = heads[i]; at != 0; at = keygate_cell(c->t, at)->next) {
            check_mark(c, at, sizeof(keygate_cell_t) / 8, "cell twice");

            if (c->wrong != NULL) {
                return;
            }

            if (!keygate_table_names(c->t, keygate_cell(c->t, at)->key, at,
                                     INT64_MIN)
                || keygate_reduce(keygate_cell(c->t, at)->digest[0],
                                  c->t->n_digests) != i)
            {
                c->wrong = "a cell that nobody names";
            }

            c->cells++;
        }
    }
}


static void
check_free(check_t *c)
{
    uint32_t   at, size, n;
    uint64_t   word;
    unsigned   list, class;
    static const uint32_t  sizes[] = { 0, 12, 5, 17, 8 };
    static const uint32_t  words[] = { 0, 9, 4, 0, 7 };

    for (list = 1; list < KEYGATE_IN_KEY_BODY + KEYGATE_CLASSES; list++) {
        class = list - KEYGATE_IN_KEY_BODY;
        size = list < KEYGATE_IN_KEY_BODY ? sizes[list]
               : class < 128 ? class + 1
               : (5 + (class - 128) % 4) << ((class - 128) / 4 + 5);
        n = 0;

        for (at = c->t->free[list]; at != 0; at = (uint32_t) word) {
            check_mark(c, at, size, "free twice");

            if (c->wrong != NULL) {
                return;
            }

            word = ((uint64_t *) keygate_at(c->t, at))
                   [list < KEYGATE_IN_KEY_BODY ? words[list] : 0];

            if (n != 0 && word >> 32 != n - 1) {
                c->wrong = "the length of a free list";
            }

            n = (uint32_t) (word >> 32);

            if (list == KEYGATE_IN_KEY || list == KEYGATE_IN_ACCOUNT) {
                check_rings(c, at);

                if (keygate_node(c->t, at)->body != 0) {
                    c->wrong = "free with a body";
                }
            }
        }
    }
}


/* NULL when all is well, else what is not. */

static const char *
table_check(const keygate_table_t *t)
{
    check_t   c;
    uint32_t  i, name;

    memset(&c, 0, sizeof(check_t));
    c.t = t;
    c.seen = calloc(1, t->end + 1);

    if (c.seen == NULL) {
        return "out of memory";
    }

    check_nodes(&c, KEYGATE_KEY);
    check_nodes(&c, KEYGATE_ACCOUNT);
    check_cells(&c);
    check_free(&c);

    for (i = 0; i < 2 * KEYGATE_NUMBERS; i++) {
        name = t->names[i / KEYGATE_NUMBERS][i % KEYGATE_NUMBERS];

        if (name != 0) {
            check_mark(&c, name, *(uint32_t *) keygate_at(t, name),
                       "name twice");
        }
    }

    for (i = t->start; i < t->end && c.wrong == NULL; i++) {
        if (!c.seen[i] && (i < t->top || i >= t->floor)
            && (i < t->floor || i >= t->gather))
        {
            c.wrong = "memory that is lost";
        }
    }

    free(c.seen);

    if (c.wrong != NULL) {
        return c.wrong;
    }

    return t->n_intents != 0 ? "intents"
           : c.keys != t->keys ? "the number of keys"
           : c.accounts != t->accounts ? "the number of accounts"
           : c.joined != t->keys ? "keys in accounts' chains"
           : c.cells != c.named ? "cells"
           : NULL;
}


#endif /* KEYGATE_TABLE_CHECK_H */
