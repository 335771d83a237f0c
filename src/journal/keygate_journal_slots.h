/*
 * The memory of an index (keygate_journal_index.c): slots in open addressing,
 * and the bytes of ids.
 */

#ifndef KEYGATE_JOURNAL_SLOTS_H
#define KEYGATE_JOURNAL_SLOTS_H

#include "keygate_core.h"


/* Entries by number from 1 (0: an empty slot); at most half full. */

typedef struct {
    uint32_t  *slots;
    size_t     size;             /* a power of two */
    size_t     used;
} keygate_slots_t;

typedef struct keygate_chunk_s  keygate_chunk_t;


/* Spreads bytes well enough for slots of this process; on from "hash". */
uint64_t keygate_slots_hash(const void *data, size_t len, uint64_t hash);

/* New, empty slots for so many entries and as many again; 0 when out of
 * memory, and the old ones stay. */
int keygate_slots_alloc(keygate_slots_t *s, size_t entries);
void keygate_slots_put(keygate_slots_t *s, uint64_t hash, uint32_t number);

/* Keeps a copy of "id" (not NUL-terminated); NULL when out of memory. */
const char *keygate_slots_keep(keygate_chunk_t **chunks, keygate_str_t id);
void keygate_slots_drop(keygate_chunk_t **chunks);


#endif /* KEYGATE_JOURNAL_SLOTS_H */
