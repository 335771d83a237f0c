/*
 * Copies of bodies, and what they say.  A reader may be looking at memory
 * that is being used again, so no length or offset in a body is trusted; what
 * was copied counts only if the reader finds its count unchanged afterwards.
 */

#include <string.h>

#include "keygate_table_private.h"


static void keygate_copy_part(keygate_key_t *key, const uint64_t *body,
    const keygate_parts_t *parts);
static void keygate_copy_addresses(keygate_cidr_t *addresses, unsigned n,
    const uint64_t *from);
static void keygate_copy_account(const keygate_table_t *t,
    keygate_key_t *key);
static int keygate_account_copy(const keygate_table_t *t, uint32_t at,
    uint64_t *words);


unsigned
keygate_body_copy(const keygate_table_t *t, uint32_t at, uint64_t *words,
    unsigned most)
{
    unsigned         i, n;
    const uint64_t  *body;

    if (at < t->start || at >= t->end) {
        return 0;
    }

    body = keygate_at(t, at);
    words[0] = keygate_peek(&body[0]);
    n = (unsigned) words[0] & 0xffff;

    if (n < 3 || n > t->end - at
        || keygate_id_len(words[0]) == 0
        || keygate_id_len(words[0]) > KEYGATE_ID_MAX)
    {
        return 0;
    }

    n = n < most ? n : most;

    for (i = 1; i < n; i++) {
        words[i] = keygate_peek(&body[i]);
    }

    return keygate_body_rest(words) <= n ? n : 0;
}


void
keygate_body_store(keygate_table_t *t, uint32_t at, const uint64_t *words,
    unsigned n)
{
    unsigned   i;
    uint64_t  *body;

    body = keygate_at(t, at);

    for (i = 0; i < n; i++) {
        __atomic_store_n(&body[i], words[i], __ATOMIC_RELAXED);
    }
}


void
keygate_body_end(uint64_t *words, keygate_str_t id, uint64_t at,
    unsigned flags)
{
    uint16_t        tail;
    unsigned char  *p;

    p = (unsigned char *) words;
    tail = (uint16_t) ((at >> 32 & 0x3f) | flags << (KEYGATE_AT_BITS - 32));

    memcpy(p + KEYGATE_ID_AT - sizeof(tail), &tail, sizeof(tail));
    memcpy(p + KEYGATE_ID_AT, id.data, id.len);
}


int
keygate_body_parts(const uint64_t *body, unsigned n, keygate_parts_t *parts)
{
    unsigned  at, flags, cidrs;

    if (n == 0) {
        return 0;
    }

    flags = keygate_body_flags(body);
    cidrs = (unsigned) (body[0] >> 26) & 0x3f;

    at = keygate_body_rest(body);
    parts->scopes = at;
    at += (unsigned) (body[0] >> 23) & 7;

    parts->expires = flags & KEYGATE_HAS_EXPIRES ? at++ : 0;
    parts->revoked = flags & KEYGATE_HAS_REVOKED ? at++ : 0;

    parts->suspended = flags & KEYGATE_HAS_SUSPENDED ? at++ : 0;

    parts->limits = flags & KEYGATE_HAS_LIMITS ? at : 0;
    at += parts->limits ? (KEYGATE_UNITS + 1) / 2 : 0;

    parts->previous = flags & KEYGATE_HAS_PREVIOUS ? at : 0;
    at += parts->previous ? 2 : 0;

    parts->cidrs = at;
    at += (cidrs * KEYGATE_CIDR_LEN + 7) / 8;

    parts->reset = flags & KEYGATE_HAS_RESET ? at++ : 0;
    parts->meta = flags & KEYGATE_HAS_META ? at++ : 0;
    parts->end = at;

    return parts->end <= n && cidrs <= KEYGATE_ADDRESSES_MAX
           && ((unsigned) (body[0] >> 23) & 7) <= KEYGATE_SCOPES_MAX / 64;
}


keygate_rc_t
keygate_table_load_key(const keygate_table_t *t, uint32_t at,
    keygate_key_t *key, keygate_cidr_t *addresses)
{
    unsigned         n;
    uint32_t         body;
    uint64_t         words[KEYGATE_KEY_WORDS];
    keygate_parts_t  parts;

    body = keygate_load(&keygate_node(t, at)->body);

    if (body == 0) {
        return KEYGATE_NONE;
    }

    n = keygate_body_copy(t, body, words, KEYGATE_KEY_WORDS);

    if (!keygate_body_parts(words, n, &parts)) {
        return KEYGATE_NONE;
    }

    keygate_table_copy_key(t, at, words, &parts, key, addresses);

    return KEYGATE_OK;
}


void
keygate_table_copy_key(const keygate_table_t *t, uint32_t at,
    const uint64_t *body, const keygate_parts_t *parts, keygate_key_t *key,
    keygate_cidr_t *addresses)
{
    key->ref = at;
    key->previous = 0;
    key->stale = (keygate_body_flags(body) & KEYGATE_IS_STALE) != 0;
    keygate_copy_part(key, body, parts);

    if (key->n_addresses != 0 && addresses != NULL) {
        keygate_copy_addresses(addresses, key->n_addresses,
                               &body[parts->cidrs]);
    }

    key->sequence = keygate_peek(&keygate_key_node(t, at)->sequence);
    keygate_copy_account(t, key);
}


static void
keygate_copy_part(keygate_key_t *key, const uint64_t *body,
    const keygate_parts_t *parts)
{
    unsigned  i, n;

    key->id_len = keygate_body_id(body, key->id);

    n = (unsigned) (body[0] >> 23) & 7;

    for (i = 0; i < KEYGATE_SCOPES_MAX / 64; i++) {
        key->scopes.w[i] = i < n ? body[parts->scopes + i] : 0;
    }

    key->expires_at = parts->expires ? (int64_t) body[parts->expires]
                                     : KEYGATE_NEVER;
    key->revoked_at = parts->revoked ? (int64_t) body[parts->revoked]
                                     : KEYGATE_NEVER;

    key->suspended_at = parts->suspended ? (int64_t) body[parts->suspended]
                                         : KEYGATE_NEVER;

    key->reset = parts->reset ? body[parts->reset] : 0;
    key->has_limits = parts->limits != 0;

    if (parts->limits) {
        memcpy(key->limits, &body[parts->limits], sizeof(key->limits));

    } else {
        memset(key->limits, 0, sizeof(key->limits));
    }

    key->n_addresses = (unsigned) (body[0] >> 26) & 0x3f;
    key->at = keygate_body_at(body);
    key->account_ref = keygate_body_account(body);
}


static void
keygate_copy_addresses(keygate_cidr_t *addresses, unsigned n,
    const uint64_t *from)
{
    unsigned              i;
    const unsigned char  *p;

    p = (const unsigned char *) from;

    for (i = 0; i < n; i++) {
        memcpy(addresses[i].address, p, 16);
        addresses[i].bits = p[16];
        p += KEYGATE_CIDR_LEN;
    }
}


/* An account without a record lets nobody through. */

static void
keygate_copy_account(const keygate_table_t *t, keygate_key_t *key)
{
    uint32_t  at;
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    at = key->account_ref;

    key->account_known = 0;
    key->account_stale = 0;
    key->account_len = 0;
    key->account[0] = '\0';
    key->status = KEYGATE_CANCELED;
    key->trial_ends_at = 0;
    key->plan = -1;

    if (at < t->start || at > t->end - sizeof(keygate_account_node_t) / 8
        || !keygate_account_copy(t, at, words))
    {
        return;
    }

    key->account_len = keygate_body_id(words, key->account);
    key->account_stale = (keygate_body_flags(words) & KEYGATE_IS_STALE) != 0;

    if (keygate_account_flags(words) & KEYGATE_IS_KNOWN) {
        key->account_known = 1;
        key->status = keygate_account_status(words);
        key->trial_ends_at = keygate_account_trial(words);
        key->plan = keygate_account_plan(words);
    }
}


/* An account's body up to its name; 0 when nothing whole is there. */

static int
keygate_account_copy(const keygate_table_t *t, uint32_t at, uint64_t *words)
{
    uint32_t  body;

    body = keygate_load(&keygate_node(t, at)->body);

    return body != 0
           && keygate_body_copy(t, body, words, KEYGATE_ACCOUNT_WORDS) != 0
           && keygate_body_rest(words) < KEYGATE_ACCOUNT_WORDS;
}


keygate_rc_t
keygate_table_load_account(const keygate_table_t *t, uint32_t at,
    keygate_account_t *account)
{
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    if (!keygate_account_copy(t, at, words)
        || !(keygate_account_flags(words) & KEYGATE_IS_KNOWN))
    {
        return KEYGATE_NONE;
    }

    account->id_len = keygate_body_id(words, account->id);
    account->status = keygate_account_status(words);
    account->plan = keygate_account_plan(words);
    account->trial_ends_at = keygate_account_trial(words);
    account->stale = (keygate_body_flags(words) & KEYGATE_IS_STALE) != 0;
    account->at = keygate_body_at(words);
    account->ref = at;

    return KEYGATE_OK;
}
