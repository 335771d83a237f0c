/*
 * Lines whose records are not there, since they have found no room: where the
 * first of them is, what the smallest of them needs, and whose keys they may
 * be.  When memory was given back, and there is enough of it, the lines from
 * there on are looked at again by whoever has the journal.
 *
 * Digests, and hashes of ids, are kept as bits, so that many others' are taken
 * for one of them once there are thousands: these keys are told to come again,
 * then, instead of that they are none.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_MISSED_BITS  (KEYGATE_MISSED * 64)


static void keygate_missed_add(keygate_table_t *t,
    const unsigned char *digest);
static int keygate_missed_has(const keygate_table_t *t,
    const unsigned char *digest);
static uint64_t keygate_missed_bit(const unsigned char *digest, unsigned n,
    unsigned *word);


void
keygate_table_miss(keygate_table_t *t, const keygate_record_t *record,
    uint64_t at, uint64_t line)
{
    uint64_t  hash;

    hash = keygate_table_hash(t, record->id) + record->kind;
    keygate_missed_add(t, (const unsigned char *) &hash);

    if (record->has_digest) {
        keygate_missed_add(t, record->digest);
    }

    if (record->has_previous) {
        keygate_missed_add(t, record->previous);
    }

    keygate_block_least(&t->missed.least[record->kind], &t->wanted);

    if (t->missed.from == 0 || at < t->missed.from - 1) {
        t->missed.line = line;
        keygate_store(&t->missed.from, at + 1);
    }
}


static void
keygate_missed_add(keygate_table_t *t, const unsigned char *digest)
{
    unsigned  n, word;
    uint64_t  bit;

    for (n = 0; n < 2; n++) {
        bit = keygate_missed_bit(digest, n, &word);
        keygate_store(&t->missed.digests[word], t->missed.digests[word] | bit);
    }
}


static uint64_t
keygate_missed_bit(const unsigned char *digest, unsigned n, unsigned *word)
{
    uint32_t  bits;

    memcpy(&bits, digest + n * sizeof(bits), sizeof(bits));
    bits %= KEYGATE_MISSED_BITS;
    *word = bits / 64;

    return (uint64_t) 1 << bits % 64;
}


int
keygate_table_missed_may(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN])
{
    return keygate_missed_has(t, digest);
}


int
keygate_table_missed_id(const keygate_table_t *t, keygate_kind_e kind,
    keygate_str_t id)
{
    uint64_t  hash;

    hash = keygate_table_hash(t, id) + kind;

    return keygate_missed_has(t, (const unsigned char *) &hash);
}


static int
keygate_missed_has(const keygate_table_t *t, const unsigned char *digest)
{
    unsigned  n, word;
    uint64_t  bit;

    if (keygate_peek(&t->missed.from) == 0
        && keygate_peek(&t->position.sweep) == 0)
    {
        return 0;
    }

    for (n = 0; n < 2; n++) {
        bit = keygate_missed_bit(digest, n, &word);

        if (!(keygate_peek(&t->missed.digests[word]) & bit)) {
            return 0;
        }
    }

    return 1;
}


int
keygate_table_missed_due(const keygate_table_t *t)
{
    unsigned               kind, known;
    const keygate_want_t  *least;

    if (keygate_peek(&t->missed.from) == 0
        || keygate_peek(&t->position.sweep) != 0
        || keygate_peek(&t->missed.freed) == keygate_peek(&t->freed))
    {
        return 0;
    }

    known = 0;

    for (kind = 0; kind < 2; kind++) {
        least = &t->missed.least[kind];

        if (least->bodies[0] != 0) {
            known = 1;

            if (keygate_block_might(t, least, 1)) {
                return 1;
            }
        }
    }

    return !known;
}


uint64_t
keygate_table_missed_begin(keygate_table_t *t, uint64_t *line, uint64_t *freed)
{
    /* as of those that find no room once more */

    memset(t->missed.least, 0, sizeof(t->missed.least));

    *line = t->missed.line;
    *freed = t->freed;

    return t->missed.from;
}


void
keygate_table_missed_end(keygate_table_t *t, uint64_t from, uint64_t line,
    uint64_t freed)
{
    t->missed.line = line;
    t->missed.freed = freed;
    keygate_store(&t->missed.from, from);

    if (from == 0) {
        memset(t->missed.digests, 0, sizeof(t->missed.digests));
    }
}
