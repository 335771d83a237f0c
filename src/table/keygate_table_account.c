/*
 * Applying an account's record.  An account that keys name is there even
 * without a record: then its body holds nothing but the id, and it goes with
 * the last of its keys.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_JSON  JSON_COMPACT


static size_t keygate_account_profile(const keygate_record_t *record,
    const json_t **profile);
static unsigned keygate_account_need(const keygate_record_t *record,
    size_t profile);
static unsigned keygate_account_body(uint64_t *words,
    const keygate_record_t *record, uint64_t at, unsigned flags, int plan,
    size_t profile);
static void keygate_account_store(keygate_table_t *t, uint32_t account,
    uint64_t *words, unsigned n, const keygate_record_t *record,
    const json_t *profile, size_t len);
static uint32_t keygate_node_begin(keygate_table_t *t, uint64_t hash,
    const keygate_now_t *now);


keygate_rc_t
keygate_table_apply_account(keygate_table_t *t, const keygate_record_t *r,
    uint64_t at, const keygate_now_t *now)
{
    int              plan;
    size_t           len;
    uint32_t         account;
    uint64_t         hash, words[KEYGATE_ACCOUNT_WORDS];
    unsigned         n, flags, strange;
    const json_t    *profile;
    keygate_want_t   want;

    plan = r->plan.len != 0 ? keygate_table_plan(t, r->plan) : -1;
    strange = r->plan.len != 0 && plan == -1 ? KEYGATE_IS_STRANGE : 0;

    flags = KEYGATE_IS_KNOWN;
    flags |= plan != -1 ? KEYGATE_HAS_PLAN : 0;
    flags |= r->trial_ends_at != KEYGATE_NEVER ? KEYGATE_HAS_TRIAL : 0;

    len = keygate_account_profile(r, &profile);
    hash = keygate_table_hash(t, r->id);
    account = keygate_index_id(t, KEYGATE_ACCOUNT, hash, r->id, t->reused);

    memset(&want, 0, sizeof(keygate_want_t));
    want.accounts = account == 0;
    want.bodies[0] = keygate_account_need(r, len);

    if (want.bodies[0] > KEYGATE_BODY_MAX || at >> KEYGATE_AT_BITS != 0) {
        return KEYGATE_INVALID;
    }

    if (!keygate_block_make(t, &want, 1, account == 0)) {
        t->wanted = want;
        return KEYGATE_FULL;
    }

    keygate_arena_begin(t);

    if (account == 0) {
        account = keygate_node_begin(t, hash, now);

    } else {
        keygate_table_note_account(t, account);
    }

    n = keygate_account_body(words, r, at, flags, plan != -1 ? plan : 0, len);
    keygate_body_end(words, r->id, at, strange);
    keygate_account_store(t, account, words, n, r, profile, len);
    keygate_table_settle(t);

    return KEYGATE_OK;
}


/* The length of a record's profile as text, 0: none. */

static size_t
keygate_account_profile(const keygate_record_t *r, const json_t **profile)
{
    *profile = json_object_get(r->json, "profile");

    return json_is_object(*profile)
           ? json_dumpb(*profile, NULL, 0, KEYGATE_JSON) : 0;
}


/* Granules; more than KEYGATE_BODY_MAX when it is too long. */

static unsigned
keygate_account_need(const keygate_record_t *r, size_t profile)
{
    if (r->name.len > KEYGATE_BODY_MAX * 8 || profile > KEYGATE_BODY_MAX * 8) {
        return KEYGATE_BODY_MAX + 1;
    }

    return keygate_account_granules(r->id.len, r->name.len + profile
                                    + (r->trial_ends_at != KEYGATE_NEVER
                                       ? 8 : 0));
}


unsigned
keygate_account_needs(const keygate_record_t *r)
{
    const json_t  *profile;

    return keygate_account_need(r, keygate_account_profile(r, &profile));
}


unsigned
keygate_account_granules(size_t id_len, size_t rest)
{
    return (unsigned) ((KEYGATE_ID_AT + id_len + 7) / 8 + (rest + 7) / 8);
}


/* Writes a body up to, not including, the name; returns how many words. */

static unsigned
keygate_account_body(uint64_t *words, const keygate_record_t *r, uint64_t at,
    unsigned flags, int plan, size_t profile)
{
    unsigned  n;

    memset(words, 0, KEYGATE_ACCOUNT_WORDS * sizeof(uint64_t));

    words[0] = (uint64_t) r->id.len << 16 | (uint64_t) r->status << 23
               | (uint64_t) flags << 25 | (uint64_t) r->name.len << 32
               | (uint64_t) (unsigned) plan << 50;
    words[1] = profile | at << 32;
    keygate_body_end(words, r->id, at, 0);

    n = keygate_body_rest(words);

    if (flags & KEYGATE_HAS_TRIAL) {
        words[n++] = (uint64_t) r->trial_ends_at;
    }

    return n;
}


/* Takes a body, writes it and makes it the account's. */

static void
keygate_account_store(keygate_table_t *t, uint32_t account, uint64_t *words,
    unsigned n, const keygate_record_t *r, const json_t *profile, size_t len)
{
    uint32_t        body;
    unsigned        granules;
    unsigned char  *p;

    granules = n + (unsigned) (r->name.len + len + 7) / 8;
    body = keygate_arena_take_body(t, KEYGATE_IN_ACCOUNT_BODY, account,
                                   &granules);

    words[0] = (words[0] & ~(uint64_t) 0xffff) | granules;
    keygate_body_store(t, body, words, n);

    p = keygate_at(t, body + n);

    if (r->name.len != 0) {
        memcpy(p, r->name.data, r->name.len);
    }

    if (len != 0) {
        (void) json_dumpb(profile, (char *) p + r->name.len, len,
                          KEYGATE_JSON);
    }

    keygate_account_node(t, account)->sweep = t->generation;
    keygate_store(&keygate_node(t, account)->body, body);
}


static uint32_t
keygate_node_begin(keygate_table_t *t, uint64_t hash, const keygate_now_t *now)
{
    uint32_t                 at;
    keygate_account_node_t  *account;

    at = keygate_arena_node(t, KEYGATE_IN_ACCOUNT, 0, now);
    account = keygate_account_node(t, at);

    account->keys = 0;
    __atomic_store_n(&account->node.hash,
                     keygate_index_place(t, KEYGATE_ACCOUNT, hash),
                     __ATOMIC_RELAXED);
    keygate_index_link(t, KEYGATE_ACCOUNT, at);

    return at;
}


uint32_t
keygate_table_new_account(keygate_table_t *t, keygate_str_t id, uint64_t hash,
    const keygate_now_t *now)
{
    uint32_t          at;
    uint64_t          words[KEYGATE_ACCOUNT_WORDS];
    unsigned          n;
    keygate_record_t  record;

    memset(&record, 0, sizeof(keygate_record_t));
    record.id = id;
    record.status = KEYGATE_CANCELED;

    at = keygate_node_begin(t, hash, now);
    n = keygate_account_body(words, &record, 0, 0, 0, 0);
    keygate_account_store(t, at, words, n, &record, NULL, 0);

    return at;
}


void
keygate_table_note_account(keygate_table_t *t, uint32_t account)
{
    uint32_t         body;
    const uint64_t  *words;

    body = keygate_node(t, account)->body;
    words = keygate_at(t, body);

    keygate_arena_note(t, KEYGATE_IN_ACCOUNT, account, 0,
                       (uint32_t) keygate_table_known(t, account));
    keygate_arena_note(t, KEYGATE_IN_ACCOUNT_BODY, body, account,
                       (uint32_t) words[0] & 0xffff);
}


keygate_rc_t
keygate_table_remove_account(keygate_table_t *t, uint32_t account)
{
    char              id[KEYGATE_ID_MAX + 1];
    uint64_t          words[KEYGATE_ACCOUNT_WORDS];
    unsigned          n;
    keygate_want_t    want;
    keygate_record_t  record;

    /* nothing of an account that had found no room comes back after this */

    if (!keygate_table_known(t, account)) {
        keygate_table_unmark(t, account);
        return KEYGATE_OK;
    }

    if (keygate_account_node(t, account)->keys == 0) {
        keygate_arena_begin(t);
        keygate_table_note_account(t, account);
        keygate_store(&keygate_node(t, account)->body, 0);
        keygate_table_settle(t);

        return KEYGATE_OK;
    }

    (void) keygate_body_copy(t, keygate_node(t, account)->body, words,
                             KEYGATE_ACCOUNT_WORDS);

    memset(&record, 0, sizeof(keygate_record_t));
    record.id.len = keygate_body_id(words, id);
    record.id.data = (unsigned char *) id;
    record.status = KEYGATE_CANCELED;

    memset(&want, 0, sizeof(keygate_want_t));
    want.bodies[0] = keygate_account_granules(record.id.len, 0);

    if (!keygate_block_make(t, &want, 1, 0)) {
        t->wanted = want;
        return KEYGATE_FULL;
    }

    keygate_arena_begin(t);
    keygate_table_note_account(t, account);
    n = keygate_account_body(words, &record, 0, 0, 0, 0);
    keygate_account_store(t, account, words, n, &record, NULL, 0);
    keygate_table_settle(t);

    return KEYGATE_OK;
}
