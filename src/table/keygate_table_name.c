/*
 * Numbers for the names of scopes and plans.  A name is never forgotten, so
 * whoever has once got its address may keep it.
 *
 *   name: +----------+--------+-------------- ... --+
 *         | granules | length | the name            |
 *         |    32    |   32   |                     |
 *         +----------+--------+-------------- ... --+
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_SCOPES  0
#define KEYGATE_PLANS   1


static int keygate_name_add(keygate_table_t *t, unsigned plans, unsigned i,
    keygate_str_t name);
static int keygate_name_is(const keygate_table_t *t, uint32_t at,
    keygate_str_t name);
static keygate_rc_t keygate_name(const keygate_table_t *t, unsigned plans,
    unsigned n, keygate_str_t *name);


int
keygate_table_intern_scope(keygate_table_t *t, keygate_str_t name)
{
    int  n;

    n = keygate_table_name(t, KEYGATE_SCOPES, name);

    return n < 0 ? -1 : n;
}


int
keygate_table_intern_plan(keygate_table_t *t, keygate_str_t name)
{
    int  n;

    n = keygate_table_name(t, KEYGATE_PLANS, name);

    return n < 0 ? -1 : n;
}


int
keygate_table_name(keygate_table_t *t, unsigned plans, keygate_str_t name)
{
    int        rc;
    uint32_t  *names;
    uint16_t  *slots;
    unsigned   i, slot;

    if (name.len == 0 || name.len > KEYGATE_NAME_MAX) {
        return -1;
    }

    names = t->names[plans];
    slots = t->name_slots[plans];
    slot = (unsigned) keygate_hash(t, name) % KEYGATE_NAME_SLOTS;

    while (slots[slot] != 0) {
        i = slots[slot] - 1u;

        if (keygate_name_is(t, names[i], name)) {
            return (int) i;
        }

        slot = (slot + 1) % KEYGATE_NAME_SLOTS;
    }

    /* a killed writer may have left one without a slot */

    for (i = 0; i < KEYGATE_NAMES && names[i] != 0; i++) {
        if (keygate_name_is(t, names[i], name)) {
            break;
        }
    }

    if (i == KEYGATE_NAMES) {
        return -1;
    }

    rc = names[i] != 0 ? (int) i : keygate_name_add(t, plans, i, name);

    if (rc >= 0) {
        slots[slot] = (uint16_t) (i + 1);
    }

    return rc;
}


static int
keygate_name_add(keygate_table_t *t, unsigned plans, unsigned i,
    keygate_str_t name)
{
    uint32_t        at;
    uint64_t        words[2 + KEYGATE_NAME_MAX / 8];
    unsigned        granules;
    keygate_want_t  want;

    memset(&want, 0, sizeof(keygate_want_t));
    memset(words, 0, sizeof(words));
    granules = (unsigned) (8 + name.len + 7) / 8;
    want.bodies[0] = granules;

    if (!keygate_arena_fits(t, &want, 1, 0)) {
        return -2;
    }

    keygate_arena_begin(t);
    at = keygate_arena_take(t, KEYGATE_IN_NAME, plans * KEYGATE_NAMES + i,
                            &granules);
    words[0] = granules | (uint64_t) name.len << 32;
    memcpy(words + 1, name.data, name.len);
    keygate_body_store(t, at, words, (unsigned) (8 + name.len + 7) / 8);

    keygate_store(&t->names[plans][i], at);
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
keygate_name(const keygate_table_t *t, unsigned plans, unsigned n,
    keygate_str_t *name)
{
    uint32_t         at;
    const uint64_t  *words;

    if (n >= KEYGATE_NAMES) {
        return KEYGATE_NONE;
    }

    at = keygate_load(&t->names[plans][n]);

    if (at == 0) {
        return KEYGATE_NONE;
    }

    words = keygate_at(t, at);
    name->len = (size_t) (words[0] >> 32);
    name->data = (const unsigned char *) (words + 1);

    return KEYGATE_OK;
}
