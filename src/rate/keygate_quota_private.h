/*
 * Between keygate_quota.c, which raises what a file covers of a meter, and
 * keygate_quota_back.c, which lowers it: what the word "saved" holds.
 */

#ifndef KEYGATE_QUOTA_PRIVATE_H
#define KEYGATE_QUOTA_PRIVATE_H

#include "keygate_quota.h"


#define KEYGATE_SAVED_OPEN      ((uint64_t) 1 << 31)
#define KEYGATE_SAVED_RESTORED  ((uint64_t) 1 << 32)
#define KEYGATE_SAVED_ASKED     ((uint64_t) 1 << 63)
#define KEYGATE_SAVED_SAID      ((uint64_t) 0x1ffffffff)
#define KEYGATE_SAVED_MARK      ((uint64_t) 0xffff << 48)


static inline int
keygate_saved_cas(keygate_meter_t *meter, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(&meter->saved, &from, to, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}


#endif /* KEYGATE_QUOTA_PRIVATE_H */
