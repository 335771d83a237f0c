/*
 * Applying a key's record: insertion, replacement, deletion.  Everything is
 * made ready in memory that nobody sees, and then the key's body is stored.
 */

#include <string.h>

#include "keygate_table_private.h"


static keygate_rc_t keygate_apply_key(keygate_table_t *t,
    const keygate_record_t *record, uint64_t at, const keygate_now_t *now);
static keygate_rc_t keygate_change_init(keygate_table_t *t,
    keygate_change_t *c, const keygate_now_t *now);
static void keygate_change(keygate_table_t *t, keygate_change_t *c,
    const keygate_now_t *now);
static void keygate_make_way(keygate_table_t *t,
    const keygate_record_t *record, const unsigned char *digest, int64_t wall);
static int keygate_own_cell(const keygate_table_t *t, uint32_t key,
    const unsigned char *digest, int64_t wall, uint32_t *cell);
static uint32_t keygate_new_key(keygate_table_t *t, const keygate_change_t *c,
    const keygate_now_t *now);
static uint32_t keygate_new_cell(keygate_table_t *t, uint32_t key,
    const unsigned char *digest);
static void keygate_note_old(keygate_table_t *t, uint32_t key,
    uint32_t account);


keygate_rc_t
keygate_table_apply(keygate_table_t *t, const keygate_record_t *record,
    uint64_t at, const keygate_now_t *now)
{
    uint32_t  node;
    uint64_t  hash;

    if (record->id.len == 0 || record->id.len > KEYGATE_ID_MAX) {
        return KEYGATE_INVALID;
    }

    if (!record->deleted) {
        return record->kind == KEYGATE_KEY
               ? keygate_apply_key(t, record, at, now)
               : keygate_table_apply_account(t, record, at, now);
    }

    hash = keygate_table_hash(t, record->id);
    node = keygate_index_id(t, record->kind, hash, record->id, t->reused);

    if (node == 0) {
        return KEYGATE_OK;
    }

    if (record->kind == KEYGATE_ACCOUNT) {
        return keygate_table_remove_account(t, node);
    }

    keygate_table_remove_key(t, node);

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_apply_key(keygate_table_t *t, const keygate_record_t *record,
    uint64_t at, const keygate_now_t *now)
{
    uint64_t          words[KEYGATE_KEY_WORDS];
    keygate_rc_t      rc;
    keygate_want_t    want;
    keygate_change_t  c;

    c.record = record;
    c.at = at;
    rc = keygate_change_init(t, &c, now);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    want.keys = c.key == 0;
    want.cells = (c.current == 0) + (c.overlap && c.previous == 0);
    want.accounts = c.account == 0;
    want.rings = c.key == 0
                 ? (unsigned) __builtin_popcount(c.units
                                                 & ~t->units[KEYGATE_KEY])
                 : keygate_arena_lacks(t, c.key, c.units);
    want.bodies[0] = keygate_change_body(&c, words)
                     + (unsigned) (record->meta_len + 7) / 8;
    want.bodies[1] = c.account == 0
                     ? keygate_account_granules(record->account.len, 0) : 0;

    if (!keygate_block_make(t, &want, 1, c.key == 0)) {
        t->wanted = want;
        return KEYGATE_FULL;
    }

    keygate_change(t, &c, now);

    return KEYGATE_OK;
}


static void
keygate_change(keygate_table_t *t, keygate_change_t *c,
    const keygate_now_t *now)
{
    uint32_t  body;
    uint64_t  words[KEYGATE_KEY_WORDS];
    unsigned  n, granules;

    keygate_arena_begin(t);

    if (c->account == 0) {
        c->account = keygate_table_new_account(t, c->record->account,
                                               c->account_hash, now);
    }

    if (c->key == 0) {
        c->key = keygate_new_key(t, c, now);

    } else {
        keygate_table_empty(t, c->key, c->record);
        keygate_note_old(t, c->key, c->account);
    }

    keygate_arena_rings(t, c->key, c->units, now);

    if (c->current == 0) {
        c->current = keygate_new_cell(t, c->key, c->record->digest);
    }

    if (c->overlap && c->previous == 0) {
        c->previous = keygate_new_cell(t, c->key, c->record->previous);
    }

    n = keygate_change_body(c, words);
    granules = n + (unsigned) (c->record->meta_len + 7) / 8;
    body = keygate_arena_take_body(t, KEYGATE_IN_KEY_BODY, c->key, &granules);
    words[0] |= granules;
    keygate_body_store(t, body, words, n);

    if (c->record->meta_len != 0) {
        memcpy(keygate_at(t, body + n), c->record->meta, c->record->meta_len);
    }

    keygate_key_node(t, c->key)->sweep = t->generation;
    keygate_store(&keygate_node(t, c->key)->body, body);
    keygate_table_settle(t);
}


static keygate_rc_t
keygate_change_init(keygate_table_t *t, keygate_change_t *c,
    const keygate_now_t *now)
{
    int                      bit;
    unsigned                 i;
    const keygate_record_t  *r;

    r = c->record;

    if (r->account.len == 0 || r->account.len > KEYGATE_ID_MAX
        || !r->has_digest || r->n_addresses > KEYGATE_ADDRESSES_MAX
        || c->at >> KEYGATE_AT_BITS != 0)
    {
        return KEYGATE_INVALID;
    }

    memset(&c->scopes, 0, sizeof(keygate_set_t));
    c->strange = 0;

    for (i = 0; i < r->n_scopes; i++) {
        bit = keygate_table_scope(t, r->scopes[i]);

        if (bit == -1) {
            c->strange = 1;

        } else {
            keygate_scope_add(&c->scopes, (unsigned) bit);
        }
    }

    c->units = 0;

    for (i = 0; i < KEYGATE_MONTH; i++) {
        c->units |= r->limits[i] != 0 ? 1u << i : 0;
    }

    c->overlap = r->has_previous
                 && r->previous_until > now->wall
                 && memcmp(r->previous, r->digest, KEYGATE_DIGEST_LEN) != 0;

    if (t->position.sweep != 0) {
        keygate_make_way(t, r, r->digest, now->wall);

        if (c->overlap) {
            keygate_make_way(t, r, r->previous, now->wall);
        }
    }

    c->hash = keygate_table_hash(t, r->id);
    c->account_hash = keygate_table_hash(t, r->account);
    c->key = keygate_index_id(t, KEYGATE_KEY, c->hash, r->id, t->reused);
    c->account = keygate_index_id(t, KEYGATE_ACCOUNT, c->account_hash,
                                  r->account, t->reused);
    c->previous = 0;
    c->reset = keygate_table_reset(t, c->key, r);

    if (!keygate_own_cell(t, c->key, r->digest, now->wall, &c->current)
        || (c->overlap
            && !keygate_own_cell(t, c->key, r->previous, now->wall,
                                 &c->previous)))
    {
        return KEYGATE_CONFLICT;
    }

    return KEYGATE_OK;
}


/*
 * While a journal that was rewritten is read from its start, a key that no
 * line has named yet may be gone, and its digest another's by now: it must not
 * stand in the way.  Where a line names it after all, it comes back, as a new
 * one.
 */

static void
keygate_make_way(keygate_table_t *t, const keygate_record_t *record,
    const unsigned char *digest, int64_t wall)
{
    uint32_t  at, own, owner;
    uint64_t  words[4];

    memcpy(words, digest, sizeof(words));
    own = keygate_index_id(t, KEYGATE_KEY, keygate_table_hash(t, record->id),
                           record->id, t->reused);

    for (at = keygate_index_digest(t, words, 0, t->reused);
         at != 0;
         at = keygate_index_digest(t, words, at, t->reused))
    {
        owner = keygate_cell(t, at)->key;

        if (owner != own
            && keygate_key_node(t, owner)->sweep != t->generation
            && keygate_table_names(t, owner, at, wall))
        {
            keygate_table_remove_key(t, owner);
            at = 0;
        }
    }
}


/* The key's own cell of a digest; 0 when the digest belongs to another. */

static int
keygate_own_cell(const keygate_table_t *t, uint32_t key,
    const unsigned char *digest, int64_t wall, uint32_t *cell)
{
    uint32_t  at, owner;
    uint64_t  words[4];

    memcpy(words, digest, sizeof(words));
    *cell = 0;

    for (at = keygate_index_digest(t, words, 0, t->reused);
         at != 0;
         at = keygate_index_digest(t, words, at, t->reused))
    {
        owner = keygate_cell(t, at)->key;

        if (owner == key && keygate_table_names(t, key, at, INT64_MIN)) {
            *cell = at;

        } else if (keygate_table_names(t, owner, at, wall)) {
            return 0;
        }
    }

    return 1;
}


static uint32_t
keygate_new_key(keygate_table_t *t, const keygate_change_t *c,
    const keygate_now_t *now)
{
    uint32_t             at;
    keygate_key_node_t  *key;

    at = keygate_arena_node(t, KEYGATE_IN_KEY, c->account, now);
    key = keygate_key_node(t, at);

    __atomic_store_n(&key->used, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&key->sequence, ++t->sequence, __ATOMIC_RELAXED);
    key->sibling = 0;
    key->prev = 0;
    __atomic_store_n(&key->node.hash,
                     keygate_index_place(t, KEYGATE_KEY, c->hash),
                     __ATOMIC_RELAXED);

    keygate_index_link(t, KEYGATE_KEY, at);

    return at;
}


static uint32_t
keygate_new_cell(keygate_table_t *t, uint32_t key,
    const unsigned char *digest)
{
    uint32_t         at;
    uint64_t         words[4];
    unsigned         i;
    keygate_cell_t  *cell;

    at = keygate_arena_take(t, KEYGATE_IN_CELL, key);
    cell = keygate_cell(t, at);
    memcpy(words, digest, sizeof(words));

    for (i = 0; i < 4; i++) {
        __atomic_store_n(&cell->digest[i], words[i], __ATOMIC_RELAXED);
    }

    keygate_store(&cell->key, key);
    keygate_index_link_cell(t, at);

    return at;
}


/* Notes all that a key loses when it gets another body: "account" is the one
 * it will belong to, 0 for none. */

static void
keygate_note_old(keygate_table_t *t, uint32_t key, uint32_t account)
{
    unsigned         n;
    uint32_t         body, old;
    uint64_t         words[KEYGATE_KEY_WORDS];
    keygate_parts_t  parts;

    body = keygate_node(t, key)->body;
    n = keygate_body_copy(t, body, words, KEYGATE_KEY_WORDS);

    if (!keygate_body_parts(words, n, &parts)) {
        return;
    }

    old = keygate_body_account(words);

    if (old != account) {
        keygate_arena_note(t, KEYGATE_IN_KEY, key, old, 1);
        keygate_table_note_account(t, old);

        if (account != 0) {
            keygate_arena_note(t, KEYGATE_IN_KEY, key, account, 1);
        }
    }

    keygate_arena_note(t, KEYGATE_IN_CELL, keygate_body_current(words), key,
                       0);

    if (parts.previous != 0) {
        keygate_arena_note(t, KEYGATE_IN_CELL,
                           (uint32_t) words[parts.previous], key, 0);
    }

    keygate_arena_note(t, KEYGATE_IN_KEY_BODY, body, key,
                       (uint32_t) words[0] & 0xffff);
}


void
keygate_table_remove_key(keygate_table_t *t, uint32_t key)
{
    keygate_arena_begin(t);
    keygate_note_old(t, key, 0);
    keygate_store(&keygate_node(t, key)->body, 0);
    keygate_table_settle(t);
}
