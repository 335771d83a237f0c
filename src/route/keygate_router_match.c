/*
 * The choice of the template for a path that was checked.  Which method of
 * it, and what that needs, is left to others.
 */

#include <string.h>

#include "keygate_router.h"


/* A path, cut up as far as the tree is deep. */

typedef struct {
    unsigned           n;
    keygate_segment_t  segments[KEYGATE_SEGMENTS_MAX + 1];
} keygate_walk_t;


static void keygate_walk_init(keygate_walk_t *walk, keygate_str_t path,
    unsigned depth);
static int keygate_mixed_fits(const keygate_mixed_t *mixed,
    keygate_str_t text);
static keygate_route_t *keygate_router_walk(const keygate_router_t *router,
    const keygate_node_t *node, const keygate_walk_t *walk, unsigned i);


/*
 * Cuts and hashes the first "depth" segments of "path"; that there are more
 * is all that matters of the rest.
 */

static void
keygate_walk_init(keygate_walk_t *walk, keygate_str_t path, unsigned depth)
{
    uint32_t              hash;
    keygate_segment_t    *segment;
    const unsigned char  *p, *end, *stop;

    p = path.data;
    end = path.data + path.len;

    for (walk->n = 0; p < end && walk->n < depth; walk->n++) {
        segment = &walk->segments[walk->n];
        segment->text.data = ++p;
        hash = KEYGATE_FNV32_START;

        stop = end - p > KEYGATE_HASH_BYTES ? p + KEYGATE_HASH_BYTES : end;

        while (p < stop && *p != '/') {
            hash = keygate_fnv32_step(hash, *p++);
        }

        if (p == stop && p < end) {
            p = memchr(p, '/', (size_t) (end - p));
            p = p != NULL ? p : end;
        }

        segment->text.len = (size_t) (p - segment->text.data);
        segment->hash = hash;
    }

    /* one more, empty: the tree ends here, only a "*" can take it */

    if (p < end) {
        segment = &walk->segments[walk->n++];
        segment->text.data = p;
        segment->text.len = 0;
        segment->hash = 0;
    }
}


static int
keygate_mixed_fits(const keygate_mixed_t *mixed, keygate_str_t text)
{
    keygate_str_t  end;

    if (text.len <= mixed->before.len + mixed->after.len) {
        return 0;
    }

    end.data = text.data + text.len - mixed->after.len;
    end.len = mixed->after.len;
    text.len = mixed->before.len;

    return keygate_str_eq(text, mixed->before)
           && keygate_str_eq(end, mixed->after);
}


/* As deep as the deepest template at most, hence recursion. */

static keygate_route_t *
keygate_router_walk(const keygate_router_t *router,
    const keygate_node_t *node, const keygate_walk_t *walk, unsigned i)
{
    keygate_edge_t           *edge;
    keygate_mixed_t          *mixed;
    keygate_route_t          *routes;
    const keygate_segment_t  *segment;

    if (i == walk->n) {
        return node->routes;
    }

    segment = &walk->segments[i];

    if (node->fixed) {
        edge = keygate_edge_find(router, node->number, segment);

        if (edge->node != NULL) {
            routes = keygate_router_walk(router, edge->node, walk, i + 1);

            if (routes != NULL) {
                return routes;
            }
        }
    }

    for (mixed = node->mixed; mixed != NULL; mixed = mixed->next) {
        if (keygate_mixed_fits(mixed, segment->text)) {
            routes = keygate_router_walk(router, mixed->node, walk, i + 1);

            if (routes != NULL) {
                return routes;
            }
        }
    }

    if (node->param != NULL && segment->text.len != 0) {
        routes = keygate_router_walk(router, node->param, walk, i + 1);

        if (routes != NULL) {
            return routes;
        }
    }

    return node->star;
}


keygate_route_t *
keygate_router_match(const keygate_router_t *router, keygate_str_t path)
{
    keygate_walk_t    walk;
    keygate_route_t  *routes;

    if (!router->ready || path.len == 0 || path.len > KEYGATE_PATH_MAX
        || path.data[0] != '/')
    {
        return NULL;
    }

    routes = keygate_whole_find(router, path);

    if (routes != NULL) {
        return routes;
    }

    keygate_walk_init(&walk, path, router->depth);

    return keygate_router_walk(router, &router->root, &walk, 0);
}
