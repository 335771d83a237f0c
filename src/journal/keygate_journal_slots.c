/*
 * Slots in open addressing, and bytes in chunks: nothing of them is given
 * back before the whole is.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_journal_slots.h"


#define KEYGATE_SLOTS_MIN  1024
#define KEYGATE_CHUNK      65536


struct keygate_chunk_s {
    keygate_chunk_t  *next;
    size_t            used;
    char              data[KEYGATE_CHUNK];
};


void
keygate_slots_put(keygate_slots_t *s, uint64_t hash, uint32_t number)
{
    size_t  i;

    i = hash & (s->size - 1);

    while (s->slots[i] != 0) {
        i = (i + 1) & (s->size - 1);
    }

    s->slots[i] = number;
    s->used++;
}


uint64_t
keygate_slots_hash(const void *data, size_t len, uint64_t hash)
{
    size_t                i;
    const unsigned char  *p;

    for (i = 0, p = data; i < len; i++) {
        hash = (hash ^ p[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }

    return hash;
}


int
keygate_slots_alloc(keygate_slots_t *s, size_t entries)
{
    uint32_t  *slots;
    size_t     size;

    for (size = KEYGATE_SLOTS_MIN; size < entries * 4; size *= 2) {
        /* void */
    }

    slots = calloc(size, sizeof(uint32_t));

    if (slots == NULL) {
        return 0;
    }

    free(s->slots);

    s->slots = slots;
    s->size = size;
    s->used = 0;

    return 1;
}


const char *
keygate_slots_keep(keygate_chunk_t **chunks, keygate_str_t id)
{
    char             *p;
    keygate_chunk_t  *chunk;

    chunk = *chunks;

    if (chunk == NULL || KEYGATE_CHUNK - chunk->used < id.len) {
        chunk = malloc(sizeof(keygate_chunk_t));

        if (chunk == NULL) {
            return NULL;
        }

        chunk->used = 0;
        chunk->next = *chunks;
        *chunks = chunk;
    }

    p = chunk->data + chunk->used;
    memcpy(p, id.data, id.len);
    chunk->used += id.len;

    return p;
}


void
keygate_slots_drop(keygate_chunk_t **chunks)
{
    keygate_chunk_t  *chunk;

    while (*chunks != NULL) {
        chunk = *chunks;
        *chunks = chunk->next;
        free(chunk);
    }
}
