/*
 * Readers of all records.  Chains and heads are in the order of hashes, no
 * two of them alike, so a cursor is the hash to go on from.  Within an account
 * keys are in the order of their sequence; the cursor there is the key itself
 * with the low half of its sequence.
 */

#include "keygate_table_private.h"


#define KEYGATE_TRIES  100000


static keygate_rc_t keygate_next_record(const keygate_table_t *t,
    keygate_kind_e kind, uint64_t *cursor, void *record);
static keygate_rc_t keygate_next_of(const keygate_table_t *t,
    uint32_t account, uint64_t *cursor, uint64_t seen, keygate_key_t *key);
static uint32_t keygate_resume(const keygate_table_t *t, uint32_t account,
    uint64_t cursor, uint64_t seen);


keygate_rc_t
keygate_table_next_key(const keygate_table_t *t, uint64_t *cursor,
    keygate_key_t *key)
{
    return keygate_next_record(t, KEYGATE_KEY, cursor, key);
}


keygate_rc_t
keygate_table_next_account(const keygate_table_t *t, uint64_t *cursor,
    keygate_account_t *account)
{
    return keygate_next_record(t, KEYGATE_ACCOUNT, cursor, account);
}


/* "record" is a keygate_key_t or a keygate_account_t, as the kind has it. */

static keygate_rc_t
keygate_next_record(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t *cursor, void *record)
{
    uint32_t      at;
    uint64_t      seen, place, from;
    unsigned      tries;
    keygate_rc_t  rc;

    from = *cursor;

    for (tries = 0; tries < KEYGATE_TRIES; tries++) {
        seen = keygate_table_enter(t);
        rc = KEYGATE_NONE;
        place = 0;
        at = keygate_table_next(t, kind, from, seen);

        if (at != 0) {
            place = keygate_peek(&keygate_node(t, at)->hash);
            rc = (kind == KEYGATE_KEY)
                 ? keygate_table_load_key(t, at, record, NULL)
                 : keygate_table_load_account(t, at, record);
        }

        if (!keygate_table_whole(t, seen)) {
            continue;
        }

        if (at == 0) {
            return KEYGATE_NONE;
        }

        from = place + 1;

        if (rc == KEYGATE_OK) {
            *cursor = from;
            return KEYGATE_OK;
        }

        /* not quite in, or half way out: the next one, then */

        tries = 0;
    }

    return KEYGATE_NONE;
}


uint32_t
keygate_table_next(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t cursor, uint64_t seen)
{
    uint32_t               at, head, *heads;
    unsigned               n;
    const keygate_node_t  *node;

    heads = keygate_at(t, t->nodes[kind]);

    for (head = keygate_reduce(cursor, t->n_nodes[kind]);
         head < t->n_nodes[kind];
         head++)
    {
        at = keygate_load(&heads[head]);

        for (n = 1; at != 0; n++) {
            node = keygate_node(t, at);

            if (keygate_peek(&node->hash) >= cursor) {
                return at;
            }

            if (n % 64 == 0 && keygate_peek(&t->reused) != seen) {
                return 0;
            }

            at = keygate_load(&node->next);
        }
    }

    return 0;
}


keygate_rc_t
keygate_table_next_key_of(const keygate_table_t *t, keygate_str_t account,
    uint64_t *cursor, keygate_key_t *key)
{
    uint32_t      at;
    uint64_t      seen, hash, next;
    unsigned      tries;
    keygate_rc_t  rc;

    if (account.len == 0 || account.len > KEYGATE_ID_MAX) {
        return KEYGATE_NONE;
    }

    hash = keygate_table_hash(t, account);

    for (tries = 0; tries < KEYGATE_TRIES; tries++) {
        seen = keygate_table_enter(t);
        next = *cursor;
        at = keygate_index_id(t, KEYGATE_ACCOUNT, hash, account, seen);
        rc = at == 0 ? KEYGATE_NONE : keygate_next_of(t, at, &next, seen, key);

        if (keygate_table_whole(t, seen)) {
            *cursor = next;
            return rc;
        }
    }

    return KEYGATE_NONE;
}


static keygate_rc_t
keygate_next_of(const keygate_table_t *t, uint32_t account, uint64_t *cursor,
    uint64_t seen, keygate_key_t *key)
{
    uint32_t  at;
    unsigned  n;

    at = *cursor == 0 ? keygate_load(&keygate_account_node(t, account)->keys)
                      : keygate_resume(t, account, *cursor, seen);

    for (n = 1; at != 0; n++) {
        if (keygate_table_load_key(t, at, key, NULL) == KEYGATE_OK
            && key->account_ref == account)
        {
            *cursor = (uint64_t) at << 32 | (uint32_t) key->sequence;
            return KEYGATE_OK;
        }

        if (n % 64 == 0 && keygate_peek(&t->reused) != seen) {
            return KEYGATE_NONE;
        }

        at = keygate_load(&keygate_key_node(t, at)->sibling);
    }

    return KEYGATE_NONE;
}


/*
 * The key after the one that a cursor names.  The cursor may come from a
 * client, so where it points is believed only if the key found there is also
 * found by its id; else its place is searched from the newest on.
 */

static uint32_t
keygate_resume(const keygate_table_t *t, uint32_t account, uint64_t cursor,
    uint64_t seen)
{
    uint32_t       at, low;
    uint64_t       newest, sequence;
    unsigned       n;
    keygate_key_t  key;
    keygate_str_t  id;

    at = (uint32_t) (cursor >> 32);
    low = (uint32_t) cursor;

    if (at >= t->start
        && at <= t->end - sizeof(keygate_key_node_t) / 8
        && keygate_table_load_key(t, at, &key, NULL) == KEYGATE_OK
        && key.account_ref == account && (uint32_t) key.sequence == low)
    {
        id.len = key.id_len;
        id.data = (const unsigned char *) key.id;

        if (keygate_index_id(t, KEYGATE_KEY, keygate_table_hash(t, id), id,
                             seen)
            == at)
        {
            return keygate_load(&keygate_key_node(t, at)->sibling);
        }
    }

    /* the whole of a sequence, from its low half */

    newest = keygate_peek(&t->sequence);
    sequence = newest - (uint32_t) ((uint32_t) newest - low);

    at = keygate_load(&keygate_account_node(t, account)->keys);

    for (n = 1; at != 0; n++) {
        if (keygate_peek(&keygate_key_node(t, at)->sequence) < sequence) {
            return at;
        }

        if (n % 64 == 0 && keygate_peek(&t->reused) != seen) {
            return 0;
        }

        at = keygate_load(&keygate_key_node(t, at)->sibling);
    }

    return 0;
}
