/*
 * The memory of keys and accounts: each comes with a meter, and with the rings
 * that all have.
 */

#include "keygate_table_private.h"


static void keygate_arena_unused(keygate_table_t *t, uint32_t at);


uint32_t
keygate_arena_node(keygate_table_t *t, keygate_in_e what, uint32_t owner,
    const keygate_now_t *now)
{
    int              fresh;
    uint32_t         at;
    keygate_node_t  *node;

    fresh = t->free[what] == 0;
    at = keygate_arena_take(t, what, owner);
    node = keygate_node(t, at);

    if (fresh) {
        keygate_meter_init(&node->meter, now);

    } else {
        keygate_meter_reuse(&node->meter, now);

        if (what == KEYGATE_IN_KEY) {
            keygate_arena_unused(t, at);
        }
    }

    keygate_arena_rings(t, at, t->units[what == KEYGATE_IN_KEY
                                        ? KEYGATE_KEY : KEYGATE_ACCOUNT], now);

    return at;
}


/* What the key before was used for, and nobody has written down. */

static void
keygate_arena_unused(keygate_table_t *t, uint32_t at)
{
    keygate_key_node_t  *key;

    key = keygate_key_node(t, at);

    keygate_store(&key->allowed[0], 0);
    keygate_store(&key->allowed[1], 0);
    keygate_store(&key->extra, 0);
}


void
keygate_arena_rings(keygate_table_t *t, uint32_t at, unsigned units,
    const keygate_now_t *now)
{
    uint32_t          ring;
    unsigned          unit;
    keygate_meter_t  *meter;

    meter = &keygate_node(t, at)->meter;

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        if ((units & (1u << unit))
            && keygate_meter_ring(meter, (keygate_unit_e) unit) == NULL)
        {
            ring = keygate_arena_take(t, KEYGATE_IN_RING, at);
            keygate_ring_init(keygate_at(t, ring), meter,
                              (keygate_unit_e) unit, now);
        }
    }
}


unsigned
keygate_arena_lacks(const keygate_table_t *t, uint32_t at, unsigned units)
{
    unsigned                n, unit;
    const keygate_meter_t  *meter;

    n = 0;
    meter = &keygate_node(t, at)->meter;

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        n += (units & (1u << unit))
             && keygate_meter_ring(meter, (keygate_unit_e) unit) == NULL;
    }

    return n;
}
