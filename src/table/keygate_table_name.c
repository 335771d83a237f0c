/*
 * Numbers for the names of scopes and plans.  A name is never forgotten, so
 * whoever has once got its address may keep it.
 *
 * Names that only records have must not use up what APIs need.  A scope of
 * that kind gets no number.  A plan gets one of others, while there are any,
 * for its name is shown; without one the account is as without a plan.  That
 * there was such a name is remembered by a bit of its hash: when it becomes
 * one of an API, the lines that have it are applied again.
 *
 *   name: +----------+--------+-------------- ... --+
 *         | granules | length | the name            |
 *         |    32    |   32   |                     |
 *         +----------+--------+-------------- ... --+
 */

#include <string.h>

#include "keygate_table_private.h"


static int keygate_name_intern(keygate_table_t *t, unsigned kind,
    keygate_str_t name);
static uint64_t *keygate_name_strange(keygate_table_t *t, keygate_str_t name,
    uint64_t *bit);
static uint16_t *keygate_name_slot(keygate_table_t *t, unsigned kind,
    keygate_str_t name);
static int keygate_name_add(keygate_table_t *t, unsigned kind, unsigned from,
    keygate_str_t name);
static int keygate_name_is(const keygate_table_t *t, uint32_t at,
    keygate_str_t name);
static keygate_rc_t keygate_name(const keygate_table_t *t, unsigned kind,
    unsigned n, keygate_str_t *name);


int
keygate_table_intern_scope(keygate_table_t *t, keygate_str_t name)
{
    return keygate_name_intern(t, KEYGATE_SCOPES, name);
}


int
keygate_table_intern_plan(keygate_table_t *t, keygate_str_t name)
{
    return keygate_name_intern(t, KEYGATE_PLANS, name);
}


static int
keygate_name_intern(keygate_table_t *t, unsigned kind, keygate_str_t name)
{
    uint64_t   bit, *strange;
    uint16_t  *slot;

    if (name.len == 0 || name.len > KEYGATE_NAME_MAX) {
        return -1;
    }

    slot = keygate_name_slot(t, kind, name);

    if (slot != NULL) {
        return *slot - 1;
    }

    /* killed after it, the lines are applied again for nothing */

    strange = keygate_name_strange(t, name, &bit);

    if (*strange & bit) {
        keygate_store(&t->renamed, t->renamed + 1);
    }

    return keygate_name_add(t, kind, 0, name);
}


int
keygate_table_scope(keygate_table_t *t, keygate_str_t name)
{
    uint64_t   bit, *strange;
    uint16_t  *slot;

    slot = keygate_name_slot(t, KEYGATE_SCOPES, name);

    if (slot != NULL) {
        return *slot - 1;
    }

    strange = keygate_name_strange(t, name, &bit);
    *strange |= bit;

    return -1;
}


int
keygate_table_plan(keygate_table_t *t, keygate_str_t name)
{
    int        n;
    uint64_t   bit, *strange;
    uint16_t  *slot;

    slot = keygate_name_slot(t, KEYGATE_PLANS, name);

    if (slot != NULL) {
        return *slot - 1;
    }

    n = name.len <= KEYGATE_NAME_MAX
        ? keygate_name_add(t, KEYGATE_PLANS, KEYGATE_NAMES, name) : -1;

    if (n < 0) {
        strange = keygate_name_strange(t, name, &bit);
        *strange |= bit;
    }

    return n < 0 ? -1 : n;
}


/* Where a bit of "strange" is. */

static uint64_t *
keygate_name_strange(keygate_table_t *t, keygate_str_t name, uint64_t *bit)
{
    uint64_t  hash;

    hash = keygate_table_hash(t, name);
    *bit = (uint64_t) 1 << hash % 64;

    return &t->strange[hash / 64 % KEYGATE_STRANGE];
}


/* The slot of a name that has a number, or NULL.  One that a killed writer has
 * filled in too early leads to no name, or to that of a later writer. */

static uint16_t *
keygate_name_slot(keygate_table_t *t, unsigned kind, keygate_str_t name)
{
    uint32_t   at;
    uint16_t  *slots;
    unsigned   slot;

    slots = t->name_slots[kind];
    slot = (unsigned) keygate_table_hash(t, name) % KEYGATE_NAME_SLOTS;

    while (slots[slot] != 0) {
        at = t->names[kind][slots[slot] - 1];

        if (at != 0 && keygate_name_is(t, at, name)) {
            return &slots[slot];
        }

        slot = (slot + 1) % KEYGATE_NAME_SLOTS;
    }

    return NULL;
}


/* The first number that is free of KEYGATE_NAMES from "from" on: -1 when there
 * is none, -2 when the table is full. */

static int
keygate_name_add(keygate_table_t *t, unsigned kind, unsigned from,
    keygate_str_t name)
{
    uint32_t        at;
    uint64_t        words[2 + KEYGATE_NAME_MAX / 8];
    unsigned        i, slot, granules;

    for (i = from; t->names[kind][i] != 0; /* void */ ) {
        if (++i == from + KEYGATE_NAMES) {
            return -1;
        }
    }

    memset(words, 0, sizeof(words));
    granules = (unsigned) (8 + name.len + 7) / 8;

    /* a name never moves: it is not taken from among the bodies */

    if (keygate_arena_granules(keygate_arena_class(granules))
        > t->floor - t->top)
    {
        return -2;
    }

    slot = (unsigned) keygate_table_hash(t, name) % KEYGATE_NAME_SLOTS;

    while (t->name_slots[kind][slot] != 0
           && t->names[kind][t->name_slots[kind][slot] - 1] != 0)
    {
        slot = (slot + 1) % KEYGATE_NAME_SLOTS;
    }

    t->name_slots[kind][slot] = (uint16_t) (i + 1);

    keygate_arena_begin(t);
    at = keygate_arena_take_name(t, kind * KEYGATE_NUMBERS + i, &granules);
    words[0] = granules | (uint64_t) name.len << 32;
    memcpy(words + 1, name.data, name.len);
    keygate_body_store(t, at, words, (unsigned) (8 + name.len + 7) / 8);

    keygate_store(&t->names[kind][i], at);
    keygate_table_settle(t);

    return (int) i;
}


static int
keygate_name_is(const keygate_table_t *t, uint32_t at, keygate_str_t name)
{
    const uint64_t  *words;

    words = keygate_at(t, at);

    return words[0] >> 32 == name.len
           && memcmp(words + 1, name.data, name.len) == 0;
}


keygate_rc_t
keygate_table_scope_name(const keygate_table_t *t, unsigned bit,
    keygate_str_t *name)
{
    return keygate_name(t, KEYGATE_SCOPES, bit, name);
}


keygate_rc_t
keygate_table_plan_name(const keygate_table_t *t, unsigned n,
    keygate_str_t *name)
{
    return keygate_name(t, KEYGATE_PLANS, n, name);
}


static keygate_rc_t
keygate_name(const keygate_table_t *t, unsigned kind, unsigned n,
    keygate_str_t *name)
{
    uint32_t         at;
    const uint64_t  *words;

    if (n >= KEYGATE_NUMBERS) {
        return KEYGATE_NONE;
    }

    at = keygate_load(&t->names[kind][n]);

    if (at == 0) {
        return KEYGATE_NONE;
    }

    words = keygate_at(t, at);
    name->len = (size_t) (words[0] >> 32);
    name->data = (const unsigned char *) (words + 1);

    return KEYGATE_OK;
}
