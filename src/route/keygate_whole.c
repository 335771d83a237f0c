/*
 * Templates without parameters, found by the whole path before it is cut into
 * segments: as fixed text wins over all else, the answer is the same.
 */

#include <string.h>

#include "keygate_router.h"


static uint32_t keygate_whole_hash(keygate_str_t path);
static uint64_t keygate_whole_length(keygate_str_t path);


/* Eight bytes at a time, the last ones twice. */

static uint32_t
keygate_whole_hash(keygate_str_t path)
{
    size_t    i;
    uint64_t  hash, word;

    hash = path.len;
    word = 0;

    for (i = 0; i + 8 < path.len; i += 8) {
        memcpy(&word, path.data + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 32;
    }

    if (path.len >= 8) {
        memcpy(&word, path.data + path.len - 8, 8);

    } else {
        for (i = 0; i < path.len; i++) {
            word = word << 8 | path.data[i];
        }
    }

    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;

    return (uint32_t) (hash >> 32);
}


static uint64_t
keygate_whole_length(keygate_str_t path)
{
    return (uint64_t) 1 << (path.len < 63 ? path.len : 63);
}


keygate_rc_t
keygate_whole_add(keygate_router_t *router, keygate_str_t path,
    keygate_route_t **routes)
{
    keygate_whole_t  *whole;

    if (memchr(path.data, ':', path.len) != NULL
        || memchr(path.data, '*', path.len) != NULL)
    {
        return KEYGATE_OK;
    }

    whole = router->pool.alloc(router->pool.pool, sizeof(keygate_whole_t));
    if (whole == NULL) {
        return KEYGATE_NOMEM;
    }

    whole->path = path;
    whole->routes = routes;
    whole->next = router->wholes;

    router->wholes = whole;
    router->n_wholes++;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_whole_compile(keygate_router_t *router)
{
    uint32_t          i, slots;
    keygate_whole_t  *whole;

    for (slots = 2; slots < 2 * router->n_wholes; slots *= 2) { /* void */ }

    router->whole_mask = slots - 1;
    router->whole_lengths = 0;
    router->slots = router->pool.alloc(router->pool.pool,
                                       slots * sizeof(keygate_whole_t *));
    if (router->slots == NULL) {
        return KEYGATE_NOMEM;
    }

    for (whole = router->wholes; whole != NULL; whole = whole->next) {
        router->whole_lengths |= keygate_whole_length(whole->path);

        i = keygate_whole_hash(whole->path);

        while (router->slots[i & router->whole_mask] != NULL) {
            i++;
        }

        router->slots[i & router->whole_mask] = whole;
    }

    return KEYGATE_OK;
}


keygate_route_t *
keygate_whole_find(const keygate_router_t *router, keygate_str_t path)
{
    uint32_t                i;
    const keygate_whole_t  *whole;

    if (!(router->whole_lengths & keygate_whole_length(path))) {
        return NULL;
    }

    for (i = keygate_whole_hash(path); /* void */ ; i++) {
        whole = router->slots[i & router->whole_mask];

        if (whole == NULL) {
            return NULL;
        }

        if (keygate_str_eq(whole->path, path)) {
            return *whole->routes;
        }
    }
}
