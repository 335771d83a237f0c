/*
 * What lies in a table.
 *
 *   key (96 bytes)                             account (64 bytes)
 *   +-------+------+------+------+-- ... --+   +-------+------+------+--+
 *   | meter | hash | body | next | sibling |   | meter | hash | body |..|
 *   +-------+------+--|---+------+-- ... --+   +-------+------+--|---+--+
 *        rings'       v    in order             "keys": the newest one
 *        places      body  of hash
 *
 *   body of a key (18 bytes, the id, what it has of the rest)
 *   +----------+--------+-------+-------+---------+---------+----+--------+
 *   | granules | id_len | words | cidrs | current | account | at | flags  |
 *   |    16    |    7   |   3   |   6   |   32    |   32    | 38 |   10   |
 *   +----------+--------+-------+-------+---------+---------+----+--------+
 *   | id, padded to 8 bytes | scope words | expires | revoked | suspended  |
 *   | limits ... | previous cell, until | CIDRs, 17 bytes each | reset    |
 *   | ... length of meta | meta                                            |
 *   +---------------------------------------------------------------------+
 *
 *   body of an account
 *   +----------+--------+--------+-------+------+------+---------+--------+
 *   | granules | id_len | status | flags | name | plan | profile |   at   |
 *   |    16    |    7   |    2   |   7   |  18  |  14  |   32    | 38(+10)|
 *   +----------+--------+--------+-------+------+------+---------+--------+
 *   | id, padded to 8 bytes | trial ends | name | profile                 |
 *   +---------------------------------------------------------------------+
 *
 * A body never changes, but for two words: where its line is, and the flags
 * that tell whether that is to be applied again (keygate_table_mark()).
 *
 * A key is there if its body is not 0: that one store inserts, replaces or
 * deletes it.  A cell counts only if the body of its key names it.  So what
 * is linked too early or unlinked too late is never seen.
 *
 * "intents" lists all memory that an operation takes or may give back, and
 * is emptied at its end: settling asks of each piece whether it is in use
 * now, and takes it out of all chains and frees it if not.  That is how every
 * operation ends, so recovering from one that was cut short is nothing else.
 */

#ifndef KEYGATE_TABLE_LAYOUT_H
#define KEYGATE_TABLE_LAYOUT_H

#include <string.h>

#include "keygate_table.h"


#define KEYGATE_LAYOUT        0x6b65796761746505ull
#define KEYGATE_INTENTS       32
#define KEYGATE_CLASSES       168        /* of sizes of bodies */
#define KEYGATE_BODY_MIN      3          /* granules */
#define KEYGATE_BODY_NEAR     24         /* more: it is not at the far end */
#define KEYGATE_BODY_MAX      32767
#define KEYGATE_NAMES         256        /* of APIs, and of records */
#define KEYGATE_NUMBERS       (2 * KEYGATE_NAMES)
#define KEYGATE_NAME_SLOTS    1024
#define KEYGATE_STRANGE       64         /* words */
#define KEYGATE_MISSED        256

#define KEYGATE_SCOPES        0          /* kinds of names */
#define KEYGATE_PLANS         1

#define KEYGATE_ID_AT         18         /* in both bodies */
#define KEYGATE_KEY_WORDS     96         /* a key's longest body */
#define KEYGATE_ACCOUNT_WORDS 12         /* an account's, up to its name */
#define KEYGATE_CIDR_LEN      17
#define KEYGATE_AT_BITS       38         /* of where a line is: 256 GB */

/* flags of a key's body */
#define KEYGATE_HAS_EXPIRES   1
#define KEYGATE_HAS_REVOKED   2
#define KEYGATE_HAS_LIMITS    4
#define KEYGATE_HAS_PREVIOUS  8
#define KEYGATE_HAS_SUSPENDED 16
#define KEYGATE_HAS_META      32
#define KEYGATE_HAS_RESET     512

/* of both: a scope or a plan has no number; a later line, at which "at" is
 * already, found no room; this line is to be applied again when there is */
#define KEYGATE_IS_STRANGE    64
#define KEYGATE_IS_STALE      128
#define KEYGATE_IS_LATE       256

#define KEYGATE_AT_NONE       (((uint64_t) 1 << KEYGATE_AT_BITS) - 1)

/* flags of an account's body */
#define KEYGATE_IS_KNOWN      1
#define KEYGATE_HAS_PLAN      2
#define KEYGATE_HAS_TRIAL     4


/* Kinds of memory; the first ones are only ever used again as the same. */

typedef enum {
    KEYGATE_IN_NOTHING = 0,
    KEYGATE_IN_KEY,
    KEYGATE_IN_CELL,
    KEYGATE_IN_RING,
    KEYGATE_IN_ACCOUNT,
    KEYGATE_IN_KEY_BODY,
    KEYGATE_IN_ACCOUNT_BODY,
    KEYGATE_IN_NAME
} keygate_in_e;


/* What keys and accounts have in common.  Guarded by the writer's lock but
 * for the meter. */

typedef struct {
    keygate_meter_t  meter;
    uint64_t         hash;               /* orders a chain; no two alike */
    uint32_t         body;               /* 0: not there */
    uint32_t         next;
} keygate_node_t;


typedef struct {
    keygate_node_t   node;
    uint32_t         used;               /* second of last use; anybody's */
    uint32_t         sweep;              /* when last named */
    uint32_t         allowed[2];         /* beside what else is charged */
    uint64_t         sequence;           /* in a free one: see arena */
    uint64_t         extra;              /* what these cost beyond 1 each */
    uint32_t         sibling;            /* the next older of the account */
    uint32_t         prev;               /* a hint: whose sibling this is */
} keygate_key_node_t;


typedef struct {
    keygate_node_t   node;
    uint32_t         keys;               /* the newest; in a free one: see
                                            arena */
    uint32_t         sweep;
} keygate_account_node_t;


typedef struct {
    uint64_t  digest[KEYGATE_DIGEST_LEN / 8];
    uint32_t  next;                      /* in a free one: see arena */
    uint32_t  key;
} keygate_cell_t;


typedef struct {
    uint32_t  what;                      /* keygate_in_e */
    uint32_t  at;
    uint32_t  owner;                     /* cell, ring, body: whose; key: the
                                            account whose chain it is, or is to
                                            be, in; name: its number */
    uint32_t  was;                       /* key, account: it counted before;
                                            body: granules, and << 16 how
                                            many are kept, 0: all */
} keygate_intent_t;


/* What an operation will take.  Many keys have one account between them. */

typedef struct {
    unsigned  keys;
    unsigned  cells;
    unsigned  accounts;
    unsigned  rings;                     /* beyond those that all have */
    unsigned  bodies[2];                 /* granules, 0: none; the second one
                                            is of the keys' account */
} keygate_want_t;


struct keygate_table_s {
    /* set once */
    uint64_t            layout;
    uint64_t            size;
    uint64_t            seed[2];
    uint32_t            n_digests;       /* heads */
    uint32_t            n_nodes[2];      /* heads, by keygate_kind_e */
    uint32_t            digests;         /* where they are */
    uint32_t            nodes[2];
    uint32_t            start;           /* of the arena */
    uint32_t            end;
    uint32_t            groups;          /* heads; 0: none yet */
    uint32_t            n_groups;
    uint32_t            reserve;         /* granules kept for changes */

    /* written by the writer, read by all */
    uint64_t            reused;
    uint64_t            pad[8];

    /* the writer's */
    uint64_t            sequence;
    uint64_t            keys;
    uint64_t            accounts;
    keygate_position_t  position;
    uint32_t            top;             /* of the arena: free from here */
    uint32_t            floor;           /* to here: bodies are behind it */
    uint32_t            gather;          /* where a window that is emptied
                                            ends; 0: there is none */
    uint32_t            units[2];        /* rings that each must have */
    uint32_t            ringed[2];       /* rings that each has */
    uint32_t            generation;      /* of sweeps */
    uint32_t            swept;           /* heads */
    uint32_t            n_intents;
    uint32_t            counted;         /* keys and accounts are right */
    uint64_t            keys_before, accounts_before;
    keygate_intent_t    intents[KEYGATE_INTENTS];
    uint32_t            free[KEYGATE_IN_KEY_BODY + KEYGATE_CLASSES];
    uint32_t            names[2][KEYGATE_NUMBERS];   /* by kind: those of
                                                        APIs, of records */
    uint16_t            name_slots[2][KEYGATE_NAME_SLOTS];   /* number + 1 */
    uint64_t            strange[KEYGATE_STRANGE];    /* hashes, a bit each, of
                                            names without a number */
    uint32_t            renamed;         /* how often one may have got one */
    uint64_t            freed;           /* pieces of memory given back */
    uint64_t            gather_tried;    /* granules that were loose when
                                            gathering them was in vain */
    uint32_t            resets;          /* of windows, that were made */
    uint32_t            unused;
    struct {
        uint32_t        walk;            /* 0: none; 1: keys; 2: accounts */
        uint32_t        renamed;         /* what is done with */
        uint64_t        freed;
        uint32_t        seen_renamed;    /* what it was when this one began */
        uint64_t        seen_freed;
        uint64_t        from;            /* the hash to go on from */
        uint32_t        last;            /* the record that was asked for */
        uint32_t        found;           /* that are stale or late still */
        uint32_t        base;            /* "lacking" when it began */
        uint32_t        lacking;         /* the same, of the walk before, and
                                            what has become so since */
        keygate_want_t  least;           /* of what these need */
    } again;
    keygate_want_t      wanted;          /* by what last found no room */
    struct {
        uint64_t        from;            /* of the first line, + 1; 0: none */
        uint64_t        line;            /* its number */
        uint64_t        freed;           /* what is done with */
        keygate_want_t  least[2];        /* by kind; bodies[0] 0: none */
        uint64_t        digests[KEYGATE_MISSED];     /* two bits each */
    } missed;
};


/* Stores stay in this order as far as a later writer can see. */
#define keygate_step()  __atomic_signal_fence(__ATOMIC_SEQ_CST)

#define keygate_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define keygate_peek(p)      __atomic_load_n(p, __ATOMIC_RELAXED)
#define keygate_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)


static inline void *
keygate_at(const keygate_table_t *t, uint32_t at)
{
    return (unsigned char *) (uintptr_t) t + (uint64_t) at * 8;
}


static inline keygate_node_t *
keygate_node(const keygate_table_t *t, uint32_t at)
{
    return keygate_at(t, at);
}


static inline keygate_key_node_t *
keygate_key_node(const keygate_table_t *t, uint32_t at)
{
    return keygate_at(t, at);
}


static inline keygate_account_node_t *
keygate_account_node(const keygate_table_t *t, uint32_t at)
{
    return keygate_at(t, at);
}


static inline keygate_cell_t *
keygate_cell(const keygate_table_t *t, uint32_t at)
{
    return keygate_at(t, at);
}


/* Monotone, so that heads are in the order of hashes. */

static inline uint32_t
keygate_reduce(uint64_t hash, uint32_t n)
{
    return (uint32_t) ((unsigned __int128) hash * n >> 64);
}


static inline unsigned
keygate_id_len(uint64_t word)
{
    return (unsigned) (word >> 16) & 0x7f;
}


/* A copy of a body's fixed part and id. */

static inline uint32_t
keygate_body_current(const uint64_t *body)
{
    return (uint32_t) (body[0] >> 32);
}


static inline uint32_t
keygate_body_account(const uint64_t *body)
{
    return (uint32_t) body[1];
}


static inline unsigned
keygate_body_tail(const uint64_t *body)
{
    uint16_t  tail;

    memcpy(&tail, (const unsigned char *) body + KEYGATE_ID_AT - sizeof(tail),
           sizeof(tail));

    return tail;
}


static inline uint64_t
keygate_body_at(const uint64_t *body)
{
    return body[1] >> 32 | (uint64_t) (keygate_body_tail(body) & 0x3f) << 32;
}


/* Flags of both kinds of bodies, those of a key among them. */

static inline unsigned
keygate_body_flags(const uint64_t *body)
{
    return keygate_body_tail(body) >> (KEYGATE_AT_BITS - 32);
}


static inline unsigned
keygate_account_flags(const uint64_t *body)
{
    return (unsigned) (body[0] >> 25) & 0x7f;
}


static inline keygate_status_e
keygate_account_status(const uint64_t *body)
{
    return (keygate_status_e) (body[0] >> 23 & 3);
}


static inline int
keygate_account_plan(const uint64_t *body)
{
    return keygate_account_flags(body) & KEYGATE_HAS_PLAN
           ? (int) (body[0] >> 50) : -1;
}


/* In words: where what follows the id begins. */

static inline unsigned
keygate_body_rest(const uint64_t *body)
{
    return (KEYGATE_ID_AT + keygate_id_len(body[0]) + 7) / 8;
}


static inline int64_t
keygate_account_trial(const uint64_t *body)
{
    return keygate_account_flags(body) & KEYGATE_HAS_TRIAL
           ? (int64_t) body[keygate_body_rest(body)] : KEYGATE_NEVER;
}


#endif /* KEYGATE_TABLE_LAYOUT_H */
