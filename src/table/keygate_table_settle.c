/*
 * The end of every operation, whether it came there by itself or the writer
 * was killed on the way: what is in use stays, and is linked where it belongs;
 * what is not is unlinked and freed.
 *
 * May itself be cut short anywhere and done again.
 */

#include "keygate_table_private.h"


static void keygate_settle_count(keygate_table_t *t);
static int keygate_settle_one(keygate_table_t *t,
    const keygate_intent_t *intent);
static int keygate_settle_key(keygate_table_t *t, uint32_t key,
    uint32_t account);
static int keygate_settle_account(keygate_table_t *t, uint32_t account);
static int keygate_linked(const keygate_table_t *t, uint32_t at,
    uint32_t ring);


void
keygate_table_recover(keygate_table_t *t)
{
    if (t->n_intents != 0) {
        keygate_table_settle(t);
    }
}


void
keygate_table_settle(keygate_table_t *t)
{
    unsigned           i, what, doomed;
    keygate_intent_t  *intent;

    keygate_step();

    if (!t->counted) {
        keygate_settle_count(t);
        keygate_store(&t->counted, 1);
    }

    doomed = 0;

    /* keys before cells before accounts before what is theirs */

    for (what = KEYGATE_IN_KEY; what <= KEYGATE_IN_NAME; what++) {
        for (i = 0; i < t->n_intents; i++) {
            intent = &t->intents[i];

            if (intent->what == what && keygate_arena_has(t, intent->at)
                && keygate_settle_one(t, intent))
            {
                doomed |= 1u << i;
            }
        }
    }

    /* from here on a reader who has found one of them starts over */

    if (doomed != 0) {
        __atomic_store_n(&t->reused, t->reused + 1, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }

    /* backwards: see keygate_arena_put() */

    for (i = t->n_intents; i > 0; i--) {
        intent = &t->intents[i - 1];

        if (doomed & (1u << (i - 1))) {
            keygate_arena_put(t, (keygate_in_e) intent->what, intent->at,
                              intent->was & 0xffff);

        } else if (intent->what >= KEYGATE_IN_KEY_BODY
                   && intent->was >> 16 != 0)
        {
            keygate_arena_put(t, (keygate_in_e) intent->what,
                              intent->at + (intent->was >> 16),
                              (intent->was & 0xffff) - (intent->was >> 16));
        }

        keygate_store(&t->n_intents, i - 1);
    }

    keygate_step();
}


static void
keygate_settle_count(keygate_table_t *t)
{
    unsigned           i;
    uint64_t           keys, accounts;
    keygate_intent_t  *intent;

    keys = t->keys_before;
    accounts = t->accounts_before;

    for (i = 0; i < t->n_intents; i++) {
        intent = &t->intents[i];

        if (!keygate_arena_has(t, intent->at)) {
            continue;
        }

        if (intent->what == KEYGATE_IN_KEY) {
            keys += keygate_node(t, intent->at)->body != 0;
            keys -= intent->was;
        }

        if (intent->what == KEYGATE_IN_ACCOUNT) {
            accounts += (uint64_t) keygate_table_known(t, intent->at);
            accounts -= intent->was;
        }
    }

    t->keys = keys;
    t->accounts = accounts;
}


/* Returns 1 when it is not in use and nothing leads to it any more. */

static int
keygate_settle_one(keygate_table_t *t, const keygate_intent_t *intent)
{
    uint32_t  at, owner;

    at = intent->at;
    owner = intent->owner;

    switch (intent->what) {

    case KEYGATE_IN_KEY:
        return keygate_settle_key(t, at, owner);

    case KEYGATE_IN_CELL:
        if (keygate_table_names(t, owner, at, INT64_MIN)) {
            return 0;
        }

        keygate_index_unlink_cell(t, at);
        return 1;

    case KEYGATE_IN_RING:
        return !keygate_linked(t, owner, at);

    case KEYGATE_IN_ACCOUNT:
        return keygate_settle_account(t, at);

    case KEYGATE_IN_NAME:
        return t->names[owner / KEYGATE_NUMBERS][owner % KEYGATE_NUMBERS] != at;

    default:
        return keygate_node(t, owner)->body != at;
    }
}


static int
keygate_settle_key(keygate_table_t *t, uint32_t key, uint32_t account)
{
    uint32_t  body;
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    body = keygate_node(t, key)->body;

    if (body != 0
        && keygate_body_copy(t, body, words, KEYGATE_ACCOUNT_WORDS) != 0
        && keygate_body_account(words) == account)
    {
        keygate_index_join(t, account, key);
        return 0;
    }

    keygate_index_leave(t, account, key);

    if (body != 0) {

        /* it is about to join another chain: no reader may follow it there */

        __atomic_store_n(&t->reused, t->reused + 1, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return 0;
    }

    keygate_index_unlink(t, KEYGATE_KEY, key);

    return 1;
}


static int
keygate_settle_account(keygate_table_t *t, uint32_t account)
{
    keygate_account_node_t  *a;

    a = keygate_account_node(t, account);

    if (a->node.body != 0) {
        if (a->keys != 0 || keygate_table_known(t, account)) {
            return 0;
        }

        keygate_store(&a->node.body, 0);
    }

    keygate_index_unlink(t, KEYGATE_ACCOUNT, account);

    return 1;
}


int
keygate_table_names(const keygate_table_t *t, uint32_t key, uint32_t cell,
    int64_t wall)
{
    unsigned         n;
    uint32_t         body;
    uint64_t         words[KEYGATE_KEY_WORDS];
    keygate_parts_t  parts;

    body = keygate_node(t, key)->body;

    if (body == 0) {
        return 0;
    }

    n = keygate_body_copy(t, body, words, KEYGATE_KEY_WORDS);

    return keygate_body_parts(words, n, &parts)
           && (keygate_body_current(words) == cell
               || (parts.previous != 0
                   && (uint32_t) words[parts.previous] == cell
                   && (int64_t) words[parts.previous + 1] > wall));
}


int
keygate_table_known(const keygate_table_t *t, uint32_t account)
{
    uint32_t  body;
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    body = keygate_node(t, account)->body;

    return body != 0
           && keygate_body_copy(t, body, words, KEYGATE_ACCOUNT_WORDS) != 0
           && (keygate_account_flags(words) & KEYGATE_IS_KNOWN);
}


static int
keygate_linked(const keygate_table_t *t, uint32_t at, uint32_t ring)
{
    unsigned  unit;

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        if (keygate_meter_ring(&keygate_node(t, at)->meter,
                               (keygate_unit_e) unit)
            == keygate_at(t, ring))
        {
            return 1;
        }
    }

    return 0;
}
