/*
 * A pool for tests: what it gave is freed at once at the end, and it can be
 * told to fail at the n-th call.
 */

#ifndef KEYGATE_ARENA_H
#define KEYGATE_ARENA_H

#include <stdlib.h>

#include "keygate_core.h"


typedef struct arena_block_s  arena_block_t;

struct arena_block_s {
    arena_block_t  *next;
    uint64_t        align;
};

typedef struct {
    arena_block_t  *blocks;
    long            calls;
    long            fail_at;        /* 0: never; 1: at the next call; ... */
} arena_t;


__attribute__((unused))
static void *
arena_alloc(void *pool, size_t size)
{
    arena_t        *arena = pool;
    arena_block_t  *block;

    if (++arena->calls == arena->fail_at) {
        return NULL;
    }

    block = calloc(1, sizeof(arena_block_t) + size);
    if (block == NULL) {
        abort();
    }

    block->next = arena->blocks;
    arena->blocks = block;

    return block + 1;
}


__attribute__((unused))
static keygate_pool_t
arena_pool(arena_t *arena)
{
    keygate_pool_t  pool;

    pool.alloc = arena_alloc;
    pool.pool = arena;

    return pool;
}


__attribute__((unused))
static void
arena_free(arena_t *arena)
{
    arena_block_t  *block;

    while (arena->blocks != NULL) {
        block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }

    arena->calls = 0;
    arena->fail_at = 0;
}


#endif /* KEYGATE_ARENA_H */
