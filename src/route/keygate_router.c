/*
 * Building the router: routes become a tree of template segments.  Which of
 * them a path is for is decided in keygate_router_match.c.
 */

#include <string.h>

#include "keygate_router.h"


#define KEYGATE_EDGES_MIN  64


static uint32_t keygate_edge_hash(keygate_str_t s);
static keygate_rc_t keygate_edges_resize(keygate_router_t *router,
    uint32_t slots);
static keygate_node_t *keygate_node_create(keygate_router_t *router);
static keygate_node_t *keygate_router_param(keygate_router_t *router,
    keygate_node_t *node);
static keygate_node_t *keygate_router_fixed(keygate_router_t *router,
    keygate_node_t *node, keygate_str_t text);
static int keygate_router_text(keygate_router_t *router, keygate_str_t *text);
static keygate_node_t *keygate_router_mixed(keygate_router_t *router,
    keygate_node_t *node, keygate_part_t *part);
static keygate_node_t *keygate_router_below(keygate_router_t *router,
    keygate_node_t *node, keygate_part_t *part);
static keygate_route_t **keygate_router_place(keygate_router_t *router,
    keygate_str_t path);


static uint32_t
keygate_edge_hash(keygate_str_t s)
{
    if (s.len > KEYGATE_HASH_BYTES) {
        s.len = KEYGATE_HASH_BYTES;
    }

    return keygate_fnv32(KEYGATE_FNV32_START, s);
}


static keygate_rc_t
keygate_edges_resize(keygate_router_t *router, uint32_t slots)
{
    uint32_t         i, k, old;
    keygate_edge_t  *edges, *edge;

    edges = router->pool.alloc(router->pool.pool,
                               slots * sizeof(keygate_edge_t));
    if (edges == NULL) {
        return KEYGATE_NOMEM;
    }

    old = router->edges != NULL ? router->mask + 1 : 0;

    for (i = 0; i < old; i++) {
        edge = &router->edges[i];

        if (edge->node == NULL) {
            continue;
        }

        k = keygate_edge_slot(edge->parent, edge->hash);

        while (edges[k & (slots - 1)].node != NULL) {
            k++;
        }

        edges[k & (slots - 1)] = *edge;
    }

    router->edges = edges;
    router->mask = slots - 1;

    return KEYGATE_OK;
}


static keygate_node_t *
keygate_node_create(keygate_router_t *router)
{
    keygate_node_t  *node;

    node = router->pool.alloc(router->pool.pool, sizeof(keygate_node_t));

    if (node != NULL) {
        node->number = ++router->nodes;
    }

    return node;
}


keygate_router_t *
keygate_router_create(const keygate_pool_t *pool)
{
    keygate_router_t  *router;

    router = pool->alloc(pool->pool, sizeof(keygate_router_t));
    if (router == NULL) {
        return NULL;
    }

    router->pool = *pool;

    if (keygate_edges_resize(router, KEYGATE_EDGES_MIN) != KEYGATE_OK) {
        return NULL;
    }

    return router;
}


static keygate_node_t *
keygate_router_param(keygate_router_t *router, keygate_node_t *node)
{
    if (node->param == NULL) {
        node->param = keygate_node_create(router);
    }

    return node->param;
}


static keygate_node_t *
keygate_router_fixed(keygate_router_t *router, keygate_node_t *node,
    keygate_str_t text)
{
    keygate_edge_t     *edge;
    keygate_node_t     *child;
    keygate_segment_t   segment;

    segment.text = text;
    segment.hash = keygate_edge_hash(text);

    edge = keygate_edge_find(router, node->number, &segment);

    if (edge->node != NULL) {
        return edge->node;
    }

    if (router->n_edges > router->mask / 2) {
        if (keygate_edges_resize(router, 2 * (router->mask + 1))
            != KEYGATE_OK)
        {
            return NULL;
        }

        edge = keygate_edge_find(router, node->number, &segment);
    }

    child = keygate_node_create(router);
    if (child == NULL) {
        return NULL;
    }

    edge->hash = segment.hash;
    edge->parent = node->number;
    edge->segment = text;
    edge->node = child;

    router->n_edges++;
    node->fixed = 1;

    return child;
}


/* Fixed text as it is in a path.  0 when out of memory. */

static int
keygate_router_text(keygate_router_t *router, keygate_str_t *text)
{
    size_t          i, n;
    unsigned char  *copy;

    if (text->len == 0 || memchr(text->data, ':', text->len) == NULL) {
        return 1;
    }

    copy = router->pool.alloc(router->pool.pool, text->len);
    if (copy == NULL) {
        return 0;
    }

    for (n = 0, i = 0; i < text->len; i++) {
        copy[n++] = text->data[i];

        if (text->data[i] == ':' && i + 1 < text->len
            && text->data[i + 1] == ':')
        {
            i++;
        }
    }

    text->data = copy;
    text->len = n;

    return 1;
}


/*
 * The longer text comes first.  Of as much text the longer one before the
 * parameter does: no segment fits two with the same lengths.
 */

static keygate_node_t *
keygate_router_mixed(keygate_router_t *router, keygate_node_t *node,
    keygate_part_t *part)
{
    size_t             len;
    keygate_mixed_t   *mixed, **next;

    len = part->before.len + part->after.len;

    for (next = &node->mixed; *next != NULL; next = &(*next)->next) {
        mixed = *next;

        if (keygate_str_eq(mixed->before, part->before)
            && keygate_str_eq(mixed->after, part->after))
        {
            return mixed->node;
        }

        if (mixed->before.len + mixed->after.len < len
            || (mixed->before.len + mixed->after.len == len
                && mixed->before.len < part->before.len))
        {
            break;
        }
    }

    mixed = router->pool.alloc(router->pool.pool, sizeof(keygate_mixed_t));
    if (mixed == NULL) {
        return NULL;
    }

    mixed->before = part->before;
    mixed->after = part->after;
    mixed->node = keygate_node_create(router);

    if (mixed->node == NULL) {
        return NULL;
    }

    mixed->next = *next;
    *next = mixed;

    return mixed->node;
}


static keygate_node_t *
keygate_router_below(keygate_router_t *router, keygate_node_t *node,
    keygate_part_t *part)
{
    if (part->kind == KEYGATE_PART_PARAM) {
        return keygate_router_param(router, node);
    }

    if (!keygate_router_text(router, &part->before)
        || !keygate_router_text(router, &part->after))
    {
        return NULL;
    }

    return part->kind == KEYGATE_PART_MIXED
           ? keygate_router_mixed(router, node, part)
           : keygate_router_fixed(router, node, part->before);
}


/* Where the routes of a template are kept; NULL when out of memory. */

static keygate_route_t **
keygate_router_place(keygate_router_t *router, keygate_str_t path)
{
    size_t           at;
    unsigned         depth;
    keygate_str_t    segment;
    keygate_node_t  *node;
    keygate_part_t   part;

    at = 0;
    depth = 0;
    node = &router->root;

    while (keygate_template_next(path, &at, &segment)) {
        (void) keygate_template_part(segment, at == path.len, &part);

        if (part.kind == KEYGATE_PART_REST) {
            return &node->star;
        }

        node = keygate_router_below(router, node, &part);
        if (node == NULL) {
            return NULL;
        }

        if (++depth > router->depth) {
            router->depth = depth;
        }
    }

    return &node->routes;
}


keygate_rc_t
keygate_router_add(keygate_router_t *router, keygate_route_t *route,
    keygate_route_t **other)
{
    keygate_route_t  **next;

    if (keygate_template_error(route->path) != NULL) {
        return KEYGATE_INVALID;
    }

    router->ready = 0;

    next = keygate_router_place(router, route->path);
    if (next == NULL) {
        return KEYGATE_NOMEM;
    }

    if (*next == NULL
        && keygate_whole_add(router, route->path, next) != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    for ( /* void */ ; *next != NULL; next = &(*next)->next) {
        if (keygate_str_eq((*next)->method, route->method)) {
            *other = *next;
            return KEYGATE_CONFLICT;
        }
    }

    route->next = NULL;
    *next = route;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_router_compile(keygate_router_t *router)
{
    /* most lookups are for segments that are no edge: short searches */

    if (router->n_edges > router->mask / 4
        && keygate_edges_resize(router, 2 * (router->mask + 1)) != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    router->ready = keygate_whole_compile(router) == KEYGATE_OK;

    return router->ready ? KEYGATE_OK : KEYGATE_NOMEM;
}
