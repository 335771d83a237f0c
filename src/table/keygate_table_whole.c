/*
 * What concerns a table as a whole: which rings all have, what a journal that
 * was rewritten no longer names, how much more there is room for, and where
 * the journal has been read to.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_RING_UNITS  ((1u << KEYGATE_MONTH) - 1)


static uint32_t *keygate_heads(const keygate_table_t *t, keygate_kind_e kind);
static uint64_t keygate_each_ring(keygate_table_t *t, keygate_kind_e kind,
    unsigned units, const keygate_now_t *now);
static unsigned keygate_key_granules(const keygate_table_t *t,
    const keygate_record_t *r);
static int keygate_room_cell(const keygate_table_t *t,
    const unsigned char *digest);
static void keygate_sweep_chain(keygate_table_t *t, keygate_kind_e kind,
    uint32_t at, unsigned *budget);


keygate_rc_t
keygate_table_units(keygate_table_t *t, unsigned key_units,
    unsigned account_units, const keygate_now_t *now)
{
    uint64_t  need, have, size;
    unsigned  kind, units[2];

    units[KEYGATE_KEY] = t->units[KEYGATE_KEY]
                         | (key_units & KEYGATE_RING_UNITS);
    units[KEYGATE_ACCOUNT] = t->units[KEYGATE_ACCOUNT]
                             | (account_units & KEYGATE_RING_UNITS);
    need = 0;

    for (kind = 0; kind < 2; kind++) {
        if (t->ringed[kind] != units[kind]) {
            need += keygate_each_ring(t, (keygate_kind_e) kind, units[kind],
                                      NULL);
        }
    }

    size = sizeof(keygate_ring_t) / 8;

    /* those that were freed are not counted on: hardly ever is there one */

    have = t->floor - t->top;

    if (need != 0 && need * size + t->reserve > have
        && !keygate_arena_gather(t, need * size + t->reserve))
    {
        return KEYGATE_FULL;
    }

    for (kind = 0; kind < 2; kind++) {
        if (t->ringed[kind] != units[kind]) {
            t->units[kind] = units[kind];
            (void) keygate_each_ring(t, (keygate_kind_e) kind, units[kind],
                                     now);
            keygate_store(&t->ringed[kind], units[kind]);
        }
    }

    return KEYGATE_OK;
}


static uint32_t *
keygate_heads(const keygate_table_t *t, keygate_kind_e kind)
{
    return keygate_at(t, t->nodes[kind]);
}


/* Counts the rings that are missing and, with "now", adds them. */

static uint64_t
keygate_each_ring(keygate_table_t *t, keygate_kind_e kind, unsigned units,
    const keygate_now_t *now)
{
    uint32_t  at, i, *heads;
    uint64_t  n;
    unsigned  lacks;

    n = 0;
    heads = keygate_heads(t, kind);

    for (i = 0; i < t->n_nodes[kind]; i++) {
        for (at = heads[i]; at != 0; at = keygate_node(t, at)->next) {
            lacks = keygate_arena_lacks(t, at, units);
            n += lacks;

            if (lacks != 0 && now != NULL) {
                keygate_arena_begin(t);
                keygate_arena_rings(t, at, units, now);
                keygate_table_settle(t);
            }
        }
    }

    return n;
}


/* Of a key's body, if its scopes are spread over all that have a name. */

static unsigned
keygate_key_granules(const keygate_table_t *t, const keygate_record_t *r)
{
    unsigned  i, n, names;

    for (names = 0; names < KEYGATE_NAMES && t->names[0][names]; names++) {
        /* void */
    }

    n = r->n_scopes == 0 ? 0 : (names + 63) / 64;
    n = n < KEYGATE_SCOPES_MAX / 64 ? n : KEYGATE_SCOPES_MAX / 64;

    n += (unsigned) (KEYGATE_ID_AT + r->id.len + 7) / 8;
    n += r->expires_at != KEYGATE_NEVER;
    n += r->revoked_at != KEYGATE_NEVER;
    n += r->suspended_at != KEYGATE_NEVER;
    n += r->n_resets != 0;
    n += r->meta_len != 0 ? 1 + (unsigned) (r->meta_len + 7) / 8 : 0;
    n += r->has_previous ? 2 : 0;
    n += (r->n_addresses * KEYGATE_CIDR_LEN + 7) / 8;

    for (i = 0; i < KEYGATE_UNITS; i++) {
        if (r->limits[i] != 0) {
            return n + (KEYGATE_UNITS + 1) / 2;
        }
    }

    return n;
}


int
keygate_table_room(keygate_table_t *t, const keygate_record_t *r,
    unsigned n)
{
    int             known;
    unsigned        i;
    keygate_want_t  want;

    memset(&want, 0, sizeof(keygate_want_t));
    known = keygate_index_id(t, r->kind, keygate_table_hash(t, r->id), r->id,
                             keygate_peek(&t->reused)) != 0;

    if (r->kind == KEYGATE_KEY) {
        want.keys = !known;
        want.cells = (unsigned) (!known || keygate_room_cell(t, r->digest))
                     + (unsigned) (r->has_previous
                                   && (!known
                                       || keygate_room_cell(t, r->previous)));

        want.bodies[0] = keygate_key_granules(t, r);

        for (i = 0; i < KEYGATE_MONTH; i++) {
            want.rings += r->limits[i] != 0
                          && !(t->units[KEYGATE_KEY] & 1u << i);
        }

        if (keygate_index_id(t, KEYGATE_ACCOUNT,
                             keygate_table_hash(t, r->account), r->account,
                             keygate_peek(&t->reused)) == 0)
        {
            want.accounts = 1;
            want.bodies[1] = keygate_account_granules(r->account.len, 0);
        }

    } else {
        want.accounts = !known;
        want.bodies[0] = keygate_account_needs(r);

        if (want.bodies[0] > KEYGATE_BODY_MAX) {
            return 0;
        }
    }

    return keygate_block_make(t, &want, n, !known);
}


/* Whether a key that is there needs a cell more for a digest. */

static int
keygate_room_cell(const keygate_table_t *t, const unsigned char *digest)
{
    uint64_t  words[4];

    memcpy(words, digest, sizeof(words));

    return keygate_index_digest(t, words, 0, keygate_peek(&t->reused)) == 0;
}


void
keygate_table_sweep_begin(keygate_table_t *t)
{
    t->generation++;
    t->swept = 0;
    t->again.walk = 0;
    keygate_store(&t->position.sweep, t->generation);
    keygate_store(&t->missed.from, 0);
}


keygate_rc_t
keygate_table_sweep_end(keygate_table_t *t, unsigned budget)
{
    uint32_t        i, n, *heads;
    keygate_kind_e  kind;

    if (t->position.sweep == 0) {
        return KEYGATE_OK;
    }

    n = t->n_nodes[KEYGATE_KEY];

    for ( /* void */ ; t->swept < n + t->n_nodes[KEYGATE_ACCOUNT]; t->swept++) {
        kind = t->swept < n ? KEYGATE_KEY : KEYGATE_ACCOUNT;
        i = t->swept < n ? t->swept : t->swept - n;
        heads = keygate_heads(t, kind);

        if (budget == 0) {
            return KEYGATE_AGAIN;
        }

        budget--;
        keygate_sweep_chain(t, kind, heads[i], &budget);
    }

    keygate_store(&t->position.sweep, 0);

    return KEYGATE_OK;
}


/* An account that has keys needs a body to be deleted: where there is no room
 * for it, it opens nothing from now on, and goes when there is. */

static void
keygate_sweep_chain(keygate_table_t *t, keygate_kind_e kind, uint32_t at,
    unsigned *budget)
{
    uint32_t      next;
    keygate_rc_t  rc;

    for ( /* void */ ; at != 0; at = next) {
        next = keygate_node(t, at)->next;

        if (kind == KEYGATE_KEY) {
            if (keygate_key_node(t, at)->sweep == t->generation) {
                continue;
            }

            keygate_table_remove_key(t, at);

        } else {
            if (keygate_account_node(t, at)->sweep == t->generation) {
                continue;
            }

            rc = keygate_table_remove_account(t, at);

            if (rc == KEYGATE_FULL) {
                keygate_account_node(t, at)->sweep = t->generation;
                keygate_table_mark(t, at, KEYGATE_IS_STALE, KEYGATE_AT_NONE);
            }
        }

        *budget -= *budget != 0;
    }
}


keygate_position_t *
keygate_table_position(keygate_table_t *t)
{
    return &t->position;
}
