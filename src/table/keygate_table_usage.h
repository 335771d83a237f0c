/*
 * How often keys are used: counted where the key is, by whoever decides on a
 * request, and taken from there by whoever writes it down.  Nothing here is
 * locked, and nothing is counted twice: what is taken is gone.
 *
 * Requests that were let in are counted beside the meter that they charge.
 * Those that were refused are counted in a block of the caller's (shared)
 * memory, in which each key has a place of its own: it is only ever touched
 * for keys that are refused.
 *
 *   allowed, one for even hours (UTC) and one for odd ones:
 *   +------+---+-----------+
 *   | by 5 |R 1|  count 26 |     by: which API the last one came through
 *   +------+---+-----------+     R: there are some that were refused
 */

#ifndef KEYGATE_TABLE_USAGE_H
#define KEYGATE_TABLE_USAGE_H

#include "keygate_table.h"


#define KEYGATE_REASONS  14          /* of refusals that can be told apart */
#define KEYGATE_USERS    32          /* APIs, likewise */


/* 64 bytes, so that a refusal touches one line more. */

typedef struct {
    uint32_t  owner;                 /* the low half of the key's sequence */
    uint32_t  by;
    uint32_t  n[KEYGATE_REASONS];
} keygate_refused_t;


/* What was taken of a key, and for which hours: by parity. */

typedef struct {
    unsigned  by;
    uint32_t  allowed[2];
    uint64_t  cost[2];                   /* of all of these */
    uint32_t  refused[2][KEYGATE_REASONS];
} keygate_used_t;


/* Bytes of the block of refusals, zeroed at first, for a table of "size". */
size_t keygate_table_refusals(size_t size);

/*
 * A request of that key that was let in by API "by" (below KEYGATE_USERS), in
 * an odd hour or in an even one.  It is of no key any more where "sequence" is
 * not the key's; where 2^26 were not taken yet, it is not counted.
 */
void keygate_table_count(keygate_table_t *t, uint32_t ref, uint64_t sequence,
    unsigned odd, unsigned by, uint32_t cost);

/* One that was refused. */
void keygate_table_refuse(keygate_table_t *t, keygate_refused_t *refusals,
    uint32_t ref, uint64_t sequence, unsigned odd, unsigned by,
    unsigned reason);

/*
 * Takes what the next key that was used since has counted; *cursor as for
 * keygate_table_next_key().  KEYGATE_OK, or KEYGATE_NONE after the last.  What
 * was refused in both hours counts for the one that "odd" tells, and what was
 * paid beyond 1 a request for the one that has more of them.
 */
keygate_rc_t keygate_table_take(keygate_table_t *t,
    keygate_refused_t *refusals, unsigned odd, uint64_t *cursor,
    keygate_key_t *key, keygate_used_t *used);

/* Gives back to a key what could not be written, for hours of that parity. */
void keygate_table_give(keygate_table_t *t, keygate_refused_t *refusals,
    const keygate_key_t *key, const keygate_used_t *used, unsigned odd);

/* What take() would take of one key; 0 when that is nothing. */
int keygate_table_pending(const keygate_table_t *t,
    const keygate_refused_t *refusals, uint32_t ref, unsigned odd,
    keygate_used_t *used);


#endif /* KEYGATE_TABLE_USAGE_H */
