/*
 * What keys and accounts have used in groups of routes: meters of their own,
 * made when the first request is charged.
 *
 *   heads by holder and group -> node -> node -> ...    a node: meter, group,
 *                                                       holder; its rings lie
 *                                                       behind it
 *
 * Nodes are added at the head of a chain by one store, and stay.  A place of
 * the arena that another key or account gets takes its nodes along: they tell
 * by the hash of the holder for whom they count, and begin anew for another
 * one.  A writer that is killed here loses at most what it was about to add.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_GROUP_HEADS  64          /* at least */


/*
 * What a key or an account has used in a group of routes: found by both of
 * them, never taken out, and in use again when its holder's place is.
 */

typedef struct {
    keygate_meter_t  meter;
    uint64_t         group;
    uint64_t         owner;              /* the hash of the holder */
    uint32_t         ref;                /* the holder */
    uint32_t         next;
} keygate_group_node_t;


static uint32_t *keygate_group_head(const keygate_table_t *t, uint32_t ref,
    uint64_t group);
static uint32_t keygate_group_find(const keygate_table_t *t, uint32_t ref,
    uint64_t group);
static uint32_t keygate_group_take(keygate_table_t *t, size_t size);


static inline keygate_group_node_t *
keygate_group_node(const keygate_table_t *t, uint32_t at)
{
    return keygate_at(t, at);
}


keygate_rc_t
keygate_table_groups(keygate_table_t *t)
{
    uint32_t  n, at;
    uint64_t  size;

    if (t->groups != 0) {
        return KEYGATE_OK;
    }

    n = t->n_nodes[KEYGATE_KEY] / 8;
    n = n < KEYGATE_GROUP_HEADS ? KEYGATE_GROUP_HEADS : n;
    size = (n + 1) / 2;

    if (size + t->reserve > t->floor - t->top) {
        return KEYGATE_FULL;
    }

    at = keygate_group_take(t, (size_t) size * 8);

    t->n_groups = n;
    keygate_store(&t->groups, at);

    return KEYGATE_OK;
}


uint32_t
keygate_table_group(const keygate_table_t *t, uint32_t ref, uint64_t group)
{
    uint32_t  at;

    at = keygate_group_find(t, ref, group);

    return at != 0 && keygate_load(&keygate_group_node(t, at)->owner)
                      == keygate_peek(&keygate_node(t, ref)->hash)
           ? at : 0;
}


uint32_t
keygate_table_group_of(const keygate_table_t *t, uint32_t ref,
    uint64_t *group)
{
    const keygate_group_node_t  *node;

    node = keygate_group_node(t, ref);
    *group = node->group;

    return keygate_load(&node->owner)
           == keygate_peek(&keygate_node(t, node->ref)->hash) ? node->ref : 0;
}


/* The cursor: the head, from 1 on, and the node that was told last. */

uint32_t
keygate_table_group_next(const keygate_table_t *t, uint64_t *cursor)
{
    uint32_t                     head, at, *heads;
    const keygate_group_node_t  *node;

    if (keygate_load(&t->groups) == 0) {
        return 0;
    }

    heads = keygate_at(t, keygate_load(&t->groups));
    head = (uint32_t) (*cursor >> 32);
    at = (uint32_t) *cursor;
    at = at == 0 ? 0 : keygate_group_node(t, at)->next;

    for ( ;; ) {
        if (at == 0) {
            if (head == t->n_groups) {
                return 0;
            }

            at = keygate_load(&heads[head++]);
            continue;
        }

        node = keygate_group_node(t, at);

        if (keygate_load(&node->owner)
            == keygate_peek(&keygate_node(t, node->ref)->hash))
        {
            *cursor = (uint64_t) head << 32 | at;
            return at;
        }

        at = node->next;
    }
}


keygate_rc_t
keygate_table_group_add(keygate_table_t *t, uint32_t ref, uint64_t group,
    unsigned units, const keygate_now_t *now)
{
    uint32_t               at, *head;
    uint64_t               size, owner;
    unsigned               unit;
    keygate_ring_t        *ring;
    keygate_group_node_t  *node;

    at = keygate_group_find(t, ref, group);
    owner = keygate_node(t, ref)->hash;
    size = at == 0 ? sizeof(keygate_group_node_t) : 0;

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        if ((units & (1u << unit))
            && (at == 0 || keygate_table_ring(t, at, KEYGATE_KEY,
                                              (keygate_unit_e) unit) == NULL))
        {
            size += sizeof(keygate_ring_t);
        }
    }

    if (t->groups == 0 || size / 8 + t->reserve > t->floor - t->top) {
        return KEYGATE_FULL;
    }

    if (at == 0) {
        at = keygate_group_take(t, sizeof(keygate_group_node_t));
        node = keygate_group_node(t, at);
        node->ref = ref;
        node->group = group;
        node->owner = owner;
        keygate_meter_init(&node->meter, now);

        head = keygate_group_head(t, ref, group);
        node->next = *head;
        keygate_store(head, at);

    } else if (keygate_group_node(t, at)->owner != owner) {
        node = keygate_group_node(t, at);
        keygate_meter_reuse(&node->meter, now);
        keygate_store(&node->owner, owner);
    }

    node = keygate_group_node(t, at);

    for (unit = 0; unit < KEYGATE_MONTH; unit++) {
        if ((units & (1u << unit))
            && keygate_meter_ring(&node->meter, (keygate_unit_e) unit) == NULL)
        {
            ring = keygate_at(t, keygate_group_take(t,
                                                    sizeof(keygate_ring_t)));
            keygate_ring_init(ring, &node->meter, (keygate_unit_e) unit, now);
        }
    }

    return KEYGATE_OK;
}


static uint32_t *
keygate_group_head(const keygate_table_t *t, uint32_t ref, uint64_t group)
{
    uint64_t   hash;
    uint32_t  *heads;

    heads = keygate_at(t, keygate_load(&t->groups));

    hash = (group ^ ref) * 0x9e3779b97f4a7c15ull;
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull;

    return &heads[keygate_reduce(hash, t->n_groups)];
}


static uint32_t
keygate_group_find(const keygate_table_t *t, uint32_t ref, uint64_t group)
{
    uint32_t                     at;
    const keygate_group_node_t  *node;

    if (keygate_load(&t->groups) == 0) {
        return 0;
    }

    at = keygate_load(keygate_group_head(t, ref, group));

    while (at != 0) {
        node = keygate_group_node(t, at);

        if (node->ref == ref && node->group == group) {
            break;
        }

        at = node->next;
    }

    return at;
}


/* Zeroed memory, from the arena itself: it never comes back. */

static uint32_t
keygate_group_take(keygate_table_t *t, size_t size)
{
    uint32_t  at;

    at = t->top;
    keygate_store(&t->top, at + (uint32_t) (size / 8));
    keygate_step();

    memset(keygate_at(t, at), 0, size);

    return at;
}
