/*
 * The inside of the router: shared by its files, by nobody else.
 *
 * All fixed segments of the tree are in one hash, keyed by the node they lie
 * below and their bytes, so a node with thousands of children costs no more
 * than one with two.
 */

#ifndef KEYGATE_ROUTER_H
#define KEYGATE_ROUTER_H

#include "keygate_fnv.h"
#include "keygate_route.h"


#define KEYGATE_HASH_BYTES  64          /* of a segment; what is longer is told
                                           apart by comparing it */


typedef struct keygate_node_s   keygate_node_t;
typedef struct keygate_mixed_s  keygate_mixed_t;


/* A parameter with fixed text before or after it. */

struct keygate_mixed_s {
    keygate_str_t     before;
    keygate_str_t     after;
    keygate_node_t   *node;
    keygate_mixed_t  *next;         /* with less text or, of as much, with
                                       less of it before */
};


struct keygate_node_s {
    uint32_t          number;
    unsigned          fixed:1;      /* there are fixed segments below */
    keygate_mixed_t  *mixed;
    keygate_node_t   *param;
    keygate_route_t  *star;
    keygate_route_t  *routes;       /* of the template that ends here */
};


typedef struct {
    uint32_t          hash;
    uint32_t          parent;
    keygate_str_t     segment;
    keygate_node_t   *node;         /* NULL: empty */
} keygate_edge_t;


/* A template of nothing but fixed text that is in paths as it is written: where
 * it is the whole path no other one can win. */

typedef struct keygate_whole_s  keygate_whole_t;

struct keygate_whole_s {
    keygate_str_t     path;
    keygate_route_t **routes;
    keygate_whole_t  *next;         /* the one that came before */
};


struct keygate_router_s {
    keygate_pool_t    pool;
    keygate_node_t    root;
    uint32_t          nodes;
    unsigned          depth;        /* of the deepest node */
    unsigned          ready:1;

    keygate_edge_t   *edges;
    uint32_t          n_edges;
    uint32_t          mask;         /* slots less one, slots a power of 2 */

    keygate_whole_t  *wholes;
    uint32_t          n_wholes;
    keygate_whole_t **slots;        /* of them, by hash; NULL: empty */
    uint32_t          whole_mask;
    uint64_t          whole_lengths;    /* a bit each, the last one for all
                                           that are longer */
};


typedef struct {
    keygate_str_t     text;
    uint32_t          hash;
} keygate_segment_t;


/* A segment of a template, in the order in which they are tried. */

typedef enum {
    KEYGATE_PART_FIXED = 0,
    KEYGATE_PART_MIXED,
    KEYGATE_PART_PARAM,
    KEYGATE_PART_REST
} keygate_part_e;


typedef struct {
    keygate_part_e    kind;
    keygate_str_t     before;       /* fixed text as written, "::" for ':' */
    keygate_str_t     name;
    keygate_str_t     after;
} keygate_part_t;


/* Takes a segment of a template apart; NULL, or what was expected. */
const char *keygate_template_part(keygate_str_t segment, int last,
    keygate_part_t *part);

/*
 * keygate_whole.c: remembers a template that is new, if it is one of nothing
 * but fixed text, and where its routes are; makes them ready for finding; and
 * the routes of the one that is the whole path, or NULL.
 */
keygate_rc_t keygate_whole_add(keygate_router_t *router, keygate_str_t path,
    keygate_route_t **routes);
keygate_rc_t keygate_whole_compile(keygate_router_t *router);
keygate_route_t *keygate_whole_find(const keygate_router_t *router,
    keygate_str_t path);

/*
 * The segment after the '/' at *at, 0 at first; moves *at to the '/' after
 * it, or to the end.  Returns 1, or 0 when there is no more.
 */
int keygate_template_next(keygate_str_t path, size_t *at,
    keygate_str_t *segment);


/* Where the search for an edge begins. */

static inline uint32_t
keygate_edge_slot(uint32_t parent, uint32_t hash)
{
    hash ^= parent * 0x9e3779b1u;
    hash ^= hash >> 15;
    hash *= 0x85ebca6bu;

    return hash ^ hash >> 13;
}


/* The edge, or the empty slot where it would be; one slot is always empty. */

static inline keygate_edge_t *
keygate_edge_find(const keygate_router_t *router, uint32_t parent,
    const keygate_segment_t *segment)
{
    uint32_t         i;
    keygate_edge_t  *edge;

    i = keygate_edge_slot(parent, segment->hash);

    for ( ;; ) {
        edge = &router->edges[i++ & router->mask];

        if (edge->node == NULL
            || (edge->hash == segment->hash && edge->parent == parent
                && keygate_str_eq(edge->segment, segment->text)))
        {
            return edge;
        }
    }
}


#endif /* KEYGATE_ROUTER_H */
