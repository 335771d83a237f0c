/*
 * How far a file was read, and the sum over that: whichever of the two is
 * stored last, a process that is killed in between leaves no wrong pair.
 */

#include "keygate_journal_private.h"


int
keygate_position_sum(const keygate_position_t *position, uint64_t *sum)
{
    unsigned  i;

    for (i = 0; i < 2; i++) {
        if (position->sums[i].at == position->offset) {
            *sum = position->sums[i].sum;
            return 1;
        }
    }

    return 0;
}


/* The slot that is not the position's is written first. */

void
keygate_position_move(keygate_position_t *position, uint64_t offset,
    uint64_t sum)
{
    unsigned  i;

    i = position->sums[0].at == position->offset;

    __atomic_store_n(&position->sums[i].at, UINT64_MAX, __ATOMIC_RELEASE);
    __atomic_store_n(&position->sums[i].sum, sum, __ATOMIC_RELEASE);
    __atomic_store_n(&position->sums[i].at, offset, __ATOMIC_RELEASE);
    __atomic_store_n(&position->offset, offset, __ATOMIC_RELEASE);
}
