/*
 * What the files that keep a table share.
 *
 *   keygate_table_block.c    the block, and whether there is room for more
 *   keygate_arena.c          taking memory and giving it back
 *   keygate_arena_node.c     keys and accounts with their meters and rings
 *   keygate_arena_gather.c   moving bodies, so that it is in one piece
 *   keygate_table_index.c    heads and chains
 *   keygate_table_settle.c   the end of every operation, cut short or not
 *   keygate_table.c          applying a key's record
 *   keygate_table_change.c   a key's body from its record
 *   keygate_table_account.c  applying an account's record
 *   keygate_table_whole.c    what concerns all records: rings, sweeps, room
 *   keygate_table_name.c     numbers for names
 *   keygate_table_again.c    which lines are to be applied again
 *   keygate_table_missed.c   which lines have no record for want of room
 *   keygate_table_group.c    what is used in groups of routes
 *   keygate_table_usage.c    how often keys are used, until it is written
 *   keygate_table_reset.c    windows that are emptied
 *   keygate_table_body.c     copies of bodies, and what they say
 *   keygate_table_find.c     readers: one record
 *   keygate_table_text.c     readers: its name, profile and meta
 *   keygate_table_walk.c     readers: all of them
 */

#ifndef KEYGATE_TABLE_PRIVATE_H
#define KEYGATE_TABLE_PRIVATE_H

#include "keygate_table_layout.h"


/* A writer takes many times longer for a change than a reader for a look. */
#define KEYGATE_READER_TRIES  500


/* In words: where the parts of a key's body are; 0: it has none. */

typedef struct {
    unsigned  scopes;
    unsigned  expires;
    unsigned  revoked;
    unsigned  suspended;
    unsigned  limits;
    unsigned  previous;                  /* the cell, then until */
    unsigned  cidrs;
    unsigned  reset;                     /* the newest; keygate_key_t's */
    unsigned  meta;                      /* its length, then the bytes */
    unsigned  end;                       /* of all that is copied at once */
} keygate_parts_t;


/* A key's record on its way into the table. */

typedef struct {
    const keygate_record_t  *record;
    uint64_t                 at;
    uint64_t                 hash;
    uint64_t                 account_hash;
    uint32_t                 key;        /* 0: new */
    uint32_t                 account;    /* 0: new */
    uint32_t                 current;    /* cells; 0: new */
    uint32_t                 previous;
    unsigned                 units;      /* of its own rates that have rings */
    uint64_t                 reset;      /* the newest, of it or of the record
                                            before */
    unsigned                 overlap:1;  /* there is a previous one */
    unsigned                 strange:1;  /* a scope has no number */
    keygate_set_t            scopes;
} keygate_change_t;


/* -- keygate_table_block.c ---------------------------------------------- */

/* Whether "n" times "want" is to be had; "spare": with the reserve left.
 * make() moves bodies for it, and might() tells whether that may help. */
int keygate_block_fits(const keygate_table_t *t, const keygate_want_t *want,
    uint64_t n, int spare);
int keygate_block_make(keygate_table_t *t, const keygate_want_t *want,
    uint64_t n, int spare);
int keygate_block_might(const keygate_table_t *t, const keygate_want_t *want,
    int spare);

/* The least of each part of two; one whose bodies[0] is 0 is none yet. */
void keygate_block_least(keygate_want_t *least, const keygate_want_t *want);


/* -- keygate_arena.c ---------------------------------------------------- */

/* Whether memory of the arena has been taken from it. */

static inline int
keygate_arena_has(const keygate_table_t *t, uint32_t at)
{
    return at < t->top || at >= t->floor;
}


/* Granules of typed memory. */
extern const uint32_t  keygate_arena_sizes[];

/* Bodies come in classes of sizes: which one, and how large it is. */
unsigned keygate_arena_class(unsigned granules);
unsigned keygate_arena_granules(unsigned class);

/* How many there are in a free list. */
uint32_t keygate_arena_count(const keygate_table_t *t, unsigned list);

/* The list to take a body from: its own or, when the arena has no more beside
 * the reserve (or "arena" is 0), one of larger pieces; 0: the arena, or
 * none. */
unsigned keygate_arena_list(const keygate_table_t *t, unsigned granules,
    int arena);

/* What is given back of a piece of which only so many granules are needed: a
 * piece, too, or 0. */
uint32_t keygate_arena_rest(uint32_t size, uint32_t granules);

/* The next free body in a list, and to make it another one. */
uint32_t keygate_arena_next(const keygate_table_t *t, uint32_t at);
void keygate_arena_link(keygate_table_t *t, uint32_t at, uint32_t next,
    uint32_t n);

/* Begins an operation: there are no intents. */
void keygate_arena_begin(keygate_table_t *t);

/* Notes what the operation may give back. */
void keygate_arena_note(keygate_table_t *t, keygate_in_e what, uint32_t at,
    uint32_t owner, uint32_t was);

/*
 * Takes memory that is known to fit, and notes it.  *granules is what is
 * needed, then what was given; "loose" is out of that list.  A key or an
 * account comes with its meter and all its rings, ready for a new holder.
 */
uint32_t keygate_arena_take(keygate_table_t *t, keygate_in_e what,
    uint32_t owner);
uint32_t keygate_arena_take_body(keygate_table_t *t, keygate_in_e what,
    uint32_t owner, unsigned *granules);
uint32_t keygate_arena_take_loose(keygate_table_t *t, keygate_in_e what,
    uint32_t owner, unsigned *granules, unsigned list);
uint32_t keygate_arena_take_name(keygate_table_t *t, uint32_t owner,
    unsigned *granules);
uint32_t keygate_arena_node(keygate_table_t *t, keygate_in_e what,
    uint32_t owner, const keygate_now_t *now);

/* Gives a node the rings that it lacks. */
void keygate_arena_rings(keygate_table_t *t, uint32_t at, unsigned units,
    const keygate_now_t *now);

/* How many of the rings of these units a node lacks. */
unsigned keygate_arena_lacks(const keygate_table_t *t, uint32_t at,
    unsigned units);

/* Puts into its free list what nobody can find any more; "size" is that of a
 * body or a name. */
void keygate_arena_put(keygate_table_t *t, keygate_in_e what, uint32_t at,
    uint32_t size);


/* -- keygate_arena_gather.c --------------------------------------------- */

/* How many granules there are in free bodies. */
uint64_t keygate_arena_loose(const keygate_table_t *t);

/* Whether the arena may be made as large as that by moving bodies; and to do
 * so, as long as all records take to be looked at: 1, or 0 if it cannot. */
int keygate_arena_may(const keygate_table_t *t, uint64_t need);
int keygate_arena_gather(keygate_table_t *t, uint64_t need);


/* -- keygate_table_index.c ---------------------------------------------- */

/* The hash of an id, 17 to 2^64 - 18. */
uint64_t keygate_table_hash(const keygate_table_t *t, keygate_str_t id);

/* Where the chain of a digest's cells begins. */
uint32_t *keygate_index_head(const keygate_table_t *t,
    const uint64_t digest[4]);

/*
 * Walk a chain; 0 when there is none, or when the header's count is no longer
 * "seen" (a writer passes keygate_peek(&t->reused)).
 */
uint32_t keygate_index_id(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t hash, keygate_str_t id, uint64_t seen);
uint32_t keygate_index_digest(const keygate_table_t *t,
    const uint64_t digest[4], uint32_t after, uint64_t seen);

/* A hash for a new id that nobody has, in the same chain. */
uint64_t keygate_index_place(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t hash);

void keygate_index_link(keygate_table_t *t, keygate_kind_e kind, uint32_t at);
void keygate_index_unlink(keygate_table_t *t, keygate_kind_e kind,
    uint32_t at);
void keygate_index_link_cell(keygate_table_t *t, uint32_t at);
void keygate_index_unlink_cell(keygate_table_t *t, uint32_t at);

/* The chain of an account's keys, newest first; both may find it done. */
void keygate_index_join(keygate_table_t *t, uint32_t account, uint32_t key);
void keygate_index_leave(keygate_table_t *t, uint32_t account, uint32_t key);


/* -- keygate_table_settle.c --------------------------------------------- */

/* Ends an operation. */
void keygate_table_settle(keygate_table_t *t);

/* Whether a key's body names a cell, as the secret before a rotation only if
 * that lasts after "wall"; whether an account has a record. */
int keygate_table_names(const keygate_table_t *t, uint32_t key, uint32_t cell,
    int64_t wall);
int keygate_table_known(const keygate_table_t *t, uint32_t account);


/* -- keygate_table_change.c --------------------------------------------- */

/* Writes a key's body as far as it is known, without its size; returns its
 * length in words. */
unsigned keygate_change_body(const keygate_change_t *c, uint64_t *words);


/* -- keygate_table.c, keygate_table_account.c --------------------------- */

keygate_rc_t keygate_table_apply_account(keygate_table_t *t,
    const keygate_record_t *record, uint64_t at, const keygate_now_t *now);

/* Takes out a key; an account, which stays as an unknown one if it has keys:
 * KEYGATE_OK or KEYGATE_FULL. */
void keygate_table_remove_key(keygate_table_t *t, uint32_t key);
keygate_rc_t keygate_table_remove_account(keygate_table_t *t,
    uint32_t account);

/* Notes an account and its body, for it may go. */
void keygate_table_note_account(keygate_table_t *t, uint32_t account);

/* Begins an account of which nothing but the id is known. */
uint32_t keygate_table_new_account(keygate_table_t *t, keygate_str_t id,
    uint64_t hash, const keygate_now_t *now);

/* Granules of an account's body: from its record, more than KEYGATE_BODY_MAX
 * when it is too long; with so many bytes after the id. */
unsigned keygate_account_needs(const keygate_record_t *record);
unsigned keygate_account_granules(size_t id_len, size_t rest);


/* -- keygate_table_name.c ----------------------------------------------- */

/* The number of a name that a record has, or -1.  A scope has one if it is
 * one of an API; a plan gets one, as long as there are any for such. */
int keygate_table_scope(keygate_table_t *t, keygate_str_t name);
int keygate_table_plan(keygate_table_t *t, keygate_str_t name);


/* -- keygate_table_stale.c ---------------------------------------------- */

/* Sets a flag, KEYGATE_IS_STALE or KEYGATE_IS_LATE, of the body of a key or an
 * account, whose line is said to be at "at". */
void keygate_table_mark(keygate_table_t *t, uint32_t node, unsigned flag,
    uint64_t at);

/* Takes both off: no line is to be applied again. */
void keygate_table_unmark(keygate_table_t *t, uint32_t node);


/* -- keygate_table_reset.c ---------------------------------------------- */

/* The newest reset of a record as a word, or of its key as it is now (0: it is
 * new); lines that are applied again must not make it older. */
uint64_t keygate_table_reset(const keygate_table_t *t, uint32_t key,
    const keygate_record_t *record);

/* Empties the windows of a key by those resets that are newer than what its
 * body says, which is about to be replaced. */
void keygate_table_empty(keygate_table_t *t, uint32_t key,
    const keygate_record_t *record);


/* -- keygate_table_body.c ----------------------------------------------- */

/* Room for KEYGATE_ID_MAX + 1; returns the length. */

static inline unsigned char
keygate_body_id(const uint64_t *body, char *id)
{
    unsigned char  len;

    len = (unsigned char) keygate_id_len(body[0]);
    memcpy(id, (const unsigned char *) body + KEYGATE_ID_AT, len);
    id[len] = '\0';

    return len;
}


/* Copies up to "most" words of a body; returns how many, 0 when it cannot be
 * a body (it was used again). */
unsigned keygate_body_copy(const keygate_table_t *t, uint32_t at,
    uint64_t *words, unsigned most);

/* Stores words as others may be reading them. */
void keygate_body_store(keygate_table_t *t, uint32_t at,
    const uint64_t *words, unsigned n);

/* The last of the fixed part of a body, and its id. */
void keygate_body_end(uint64_t *words, keygate_str_t id, uint64_t at,
    unsigned flags);

/* Where the parts are of the first "n" words of a key's body; 0 when it would
 * be longer. */
int keygate_body_parts(const uint64_t *body, unsigned n,
    keygate_parts_t *parts);

/* Copy out what is at "at"; KEYGATE_NONE when nothing whole is there. */
void keygate_table_copy_key(const keygate_table_t *t, uint32_t at,
    const uint64_t *body, const keygate_parts_t *parts, keygate_key_t *key,
    keygate_cidr_t *addresses);
keygate_rc_t keygate_table_load_key(const keygate_table_t *t, uint32_t at,
    keygate_key_t *key, keygate_cidr_t *addresses);
keygate_rc_t keygate_table_load_account(const keygate_table_t *t, uint32_t at,
    keygate_account_t *account);


/* -- keygate_table_walk.c ----------------------------------------------- */

/* The first node whose hash is "cursor" or more; 0 when there is none, or as
 * keygate_index_id(). */
uint32_t keygate_table_next(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t cursor, uint64_t seen);


/* -- keygate_table_find.c ----------------------------------------------- */

/* A reader begins; 1 when what it has read meanwhile is whole. */
uint64_t keygate_table_enter(const keygate_table_t *t);
int keygate_table_whole(const keygate_table_t *t, uint64_t seen);


#endif /* KEYGATE_TABLE_PRIVATE_H */
