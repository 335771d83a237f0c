/*
 * Random numbers that are the same on every machine: xorshift64*, whose seed
 * a test prints.
 */

#ifndef KEYGATE_RANDOM_H
#define KEYGATE_RANDOM_H

#include <stdint.h>


static uint64_t  random_state = 0x6b65796761746531ull;


__attribute__((unused))
static unsigned
random_below(unsigned n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;

    return (unsigned) ((random_state * 0x2545f4914f6cdd1dull >> 33) % n);
}


#endif /* KEYGATE_RANDOM_H */
