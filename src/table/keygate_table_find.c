/*
 * Readers of one record.  They take no lock: they copy what they find, and
 * start over when memory was given back meanwhile (see the picture in
 * keygate_table.h).  Whatever is read before that check may be anything, so
 * no length or offset in a body is trusted.
 */

#include <string.h>

#include "keygate_table_private.h"


static keygate_rc_t keygate_find(const keygate_table_t *t,
    const uint64_t digest[4], int64_t wall, uint64_t seen, keygate_key_t *key,
    keygate_cidr_t *addresses);
static int keygate_find_by(const keygate_table_t *t, uint32_t cell, uint32_t at,
    int64_t wall, keygate_key_t *key, keygate_cidr_t *addresses);
static void keygate_prefetch(const keygate_table_t *t, uint32_t key);


uint64_t
keygate_table_enter(const keygate_table_t *t)
{
    return keygate_load(&t->reused);
}


int
keygate_table_whole(const keygate_table_t *t, uint64_t seen)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return keygate_peek(&t->reused) == seen;
}


keygate_rc_t
keygate_table_find_with(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN], int64_t wall,
    keygate_key_t *key, keygate_cidr_t *addresses)
{
    unsigned      tries;
    uint64_t      seen, words[4];
    keygate_rc_t  rc;

    memcpy(words, digest, sizeof(words));

    for (tries = 0; tries < KEYGATE_READER_TRIES; tries++) {
        seen = keygate_table_enter(t);
        rc = keygate_find(t, words, wall, seen, key, addresses);

        if (keygate_table_whole(t, seen)) {
            return rc == KEYGATE_OK ? KEYGATE_OK : KEYGATE_NONE;
        }
    }

    return KEYGATE_AGAIN;
}


void
keygate_table_expect(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN], int near)
{
    int          line;
    uint32_t     cell, *head;
    uint64_t     words[4];
    const char  *p;

    memcpy(words, digest, sizeof(words));
    head = keygate_index_head(t, words);

    if (!near) {
        __builtin_prefetch(head);
        return;
    }

    cell = keygate_load(head);

    if (cell == 0) {
        return;
    }

    /* a key and what belongs to it are mostly allocated side by side */

    p = (const char *) keygate_cell(t, cell);

    for (line = -4; line <= 2; line++) {
        __builtin_prefetch(p + line * 64);
    }
}


static keygate_rc_t
keygate_find(const keygate_table_t *t, const uint64_t digest[4], int64_t wall,
    uint64_t seen, keygate_key_t *key, keygate_cidr_t *addresses)
{
    int       found;
    uint32_t  cell, at;

    cell = 0;

    /* bounded: a circle of cells ends when the count has changed */

    do {
        cell = keygate_index_digest(t, digest, cell, seen);

        if (cell == 0 || keygate_peek(&t->reused) != seen) {
            return KEYGATE_NONE;
        }

        at = keygate_load(&keygate_cell(t, cell)->key);

        if (at < t->start || at > t->end - sizeof(keygate_key_node_t) / 8) {
            return KEYGATE_NONE;
        }

        found = keygate_find_by(t, cell, at, wall, key, addresses);

    } while (found == 0);

    return found > 0 ? KEYGATE_OK : KEYGATE_NONE;
}


/* 1: the cell lets the key in; 0: it does not; -1: it is no longer whole. */

static int
keygate_find_by(const keygate_table_t *t, uint32_t cell, uint32_t at,
    int64_t wall, keygate_key_t *key, keygate_cidr_t *addresses)
{
    unsigned         n;
    uint32_t         body;
    uint64_t         words[KEYGATE_KEY_WORDS];
    keygate_parts_t  parts;

    body = keygate_load(&keygate_node(t, at)->body);

    if (body == 0) {
        return 0;
    }

    keygate_prefetch(t, at);
    n = keygate_body_copy(t, body, words, KEYGATE_KEY_WORDS);

    if (!keygate_body_parts(words, n, &parts)) {
        return -1;
    }

    if (keygate_body_current(words) != cell
        && (parts.previous == 0 || (uint32_t) words[parts.previous] != cell
            || wall >= (int64_t) words[parts.previous + 1]))
    {
        return 0;
    }

    keygate_table_copy_key(t, at, words, &parts, key, addresses);
    key->previous = keygate_body_current(words) != cell;

    return 1;
}


/* What a charge will touch. */

static void
keygate_prefetch(const keygate_table_t *t, uint32_t key)
{
    unsigned               unit;
    const unsigned char   *ring;
    const keygate_node_t  *node;

    node = keygate_node(t, key);

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        ring = (const unsigned char *)
               keygate_meter_ring(&node->meter, (keygate_unit_e) unit);

        if (ring != NULL) {
            __builtin_prefetch(ring);
            __builtin_prefetch(ring + 64);
            __builtin_prefetch(ring + 128);
        }
    }
}


keygate_rc_t
keygate_table_find_id_with(const keygate_table_t *t, keygate_str_t id,
    keygate_key_t *key, keygate_cidr_t *addresses)
{
    uint32_t      at;
    uint64_t      seen, hash;
    unsigned      tries;
    keygate_rc_t  rc;

    if (id.len == 0 || id.len > KEYGATE_ID_MAX) {
        return KEYGATE_NONE;
    }

    hash = keygate_table_hash(t, id);

    for (tries = 0; tries < KEYGATE_READER_TRIES; tries++) {
        seen = keygate_table_enter(t);
        at = keygate_index_id(t, KEYGATE_KEY, hash, id, seen);
        rc = at == 0 ? KEYGATE_NONE : keygate_table_load_key(t, at, key,
                                                            addresses);

        if (keygate_table_whole(t, seen)) {
            return rc;
        }
    }

    return KEYGATE_AGAIN;
}


keygate_rc_t
keygate_table_find_account(const keygate_table_t *t, keygate_str_t id,
    keygate_account_t *account)
{
    uint32_t      at;
    uint64_t      seen, hash;
    unsigned      tries;
    keygate_rc_t  rc;

    if (id.len == 0 || id.len > KEYGATE_ID_MAX) {
        return KEYGATE_NONE;
    }

    hash = keygate_table_hash(t, id);

    for (tries = 0; tries < KEYGATE_READER_TRIES; tries++) {
        seen = keygate_table_enter(t);
        at = keygate_index_id(t, KEYGATE_ACCOUNT, hash, id, seen);
        rc = at == 0 ? KEYGATE_NONE
                     : keygate_table_load_account(t, at, account);

        if (keygate_table_whole(t, seen)) {
            return rc;
        }
    }

    return KEYGATE_AGAIN;
}
