/*
 * FNV-1a, in 32 and in 64 bits: a step for each byte, or for whatever number
 * is hashed.  It is quick and known to everybody: who can choose what is
 * hashed can make two of them meet.
 */

#ifndef KEYGATE_FNV_H
#define KEYGATE_FNV_H

#include "keygate_core.h"


#define KEYGATE_FNV32_START  UINT32_C(2166136261)
#define KEYGATE_FNV64_START  UINT64_C(0xcbf29ce484222325)


static inline uint32_t
keygate_fnv32_step(uint32_t hash, uint32_t c)
{
    return (hash ^ c) * UINT32_C(16777619);
}


static inline uint64_t
keygate_fnv64_step(uint64_t hash, uint64_t c)
{
    return (hash ^ c) * UINT64_C(0x100000001b3);
}


/* Goes on from "hash", KEYGATE_FNV32_START at first, through a whole text. */

static inline uint32_t
keygate_fnv32(uint32_t hash, keygate_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        hash = keygate_fnv32_step(hash, s.data[i]);
    }

    return hash;
}


static inline uint64_t
keygate_fnv64(uint64_t hash, keygate_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        hash = keygate_fnv64_step(hash, s.data[i]);
    }

    return hash;
}


#endif /* KEYGATE_FNV_H */
