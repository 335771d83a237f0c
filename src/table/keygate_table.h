/*
 * The key table: one flat block of the caller's (shared) memory.
 *
 * Inside the block everything is referred to by offset from its start, in
 * units of 8 bytes (0: none), so that it may be mapped anywhere.
 *
 *   +--------+-----------+-------------------+--------------------- ... --+
 *   | header | heads by  | heads by id, of   | arena: keys, cells, rings,  |
 *   |        | digest    | keys, of accounts | accounts, names ... bodies  |
 *   +--------+-----------+-------------------+--------------------- ... --+
 *
 *   heads by digest -> cell -> cell -> ...      a cell: digest, until, key
 *                       |
 *                       v
 *   heads by id    ->  key -> key -> ...        a key: meter, rings, last use,
 *                       |  |                     next in account, and
 *                       |  +-> body              an immutable body: id, scopes,
 *                       |                        times, limits, addresses,
 *                       v                        where its line is
 *                    account -> body             an account, likewise
 *
 * One writer at a time, under a lock that is the caller's affair; any number
 * of readers, who take no lock.  A writer prepares everything in fresh memory
 * and publishes it with one store; nothing that can be reached is ever
 * changed otherwise.  Memory that was taken out is used again only after the
 * header's "reused" count was raised: a reader remembers the count, copies
 * what it found, and starts over if the count has changed meanwhile.  So a
 * writer may be killed at any instruction: readers see the old or the new,
 * and at most what it had just allocated is lost until it is found again by
 * the next writer.  Keys, cells, rings and accounts are only ever used again
 * as what they were, so that a late charge hits a meter, never a pointer;
 * bodies, to which nobody is late, are cut and moved.
 */

#ifndef KEYGATE_TABLE_H
#define KEYGATE_TABLE_H

#include "keygate_core.h"
#include "keygate_rate.h"
#include "keygate_record.h"
#include "keygate_scope.h"


typedef struct keygate_table_s  keygate_table_t;


/* Where the journal has been read to.  Guarded by the writer's lock; read by
 * others for reports only. */

typedef struct {
    uint64_t  dev;
    uint64_t  ino;
    uint64_t  offset;        /* all lines before it are applied */
    uint64_t  line;          /* number of the last line applied, from 1 */
    uint64_t  rejected;      /* lines, since the table was made */
    uint64_t  applied;       /* lines, since the table was made */
    uint64_t  sweep;         /* see keygate_table_sweep_begin() */
    uint64_t  void_from;     /* lines of which a byte is between these were */
    uint64_t  void_to;       /* never acknowledged; 0: there are none */

    /* What the file was when all before "offset" was known to be what had
     * been applied.  A sum over that is in the slot whose "at" is the offset:
     * there are two, so that a writer may be killed between two stores. */
    uint64_t  anew;          /* how often a file was read from its start */
    uint64_t  born;          /* ns */
    uint64_t  changed;       /* its change time, ns; 0: not known */
    uint64_t  size;
    uint64_t  unsettled;     /* tick + 1: a change in that instant would not
                                be seen; 0: that is over */
    struct {
        uint64_t  at;
        uint64_t  sum;
    } sums[2];
} keygate_position_t;


/* What a lookup copies out: everything a decision needs. */

typedef struct {
    char              id[KEYGATE_ID_MAX + 1];
    char              account[KEYGATE_ID_MAX + 1];
    unsigned char     id_len;
    unsigned char     account_len;
    unsigned          previous:1;        /* found by the secret before a
                                            rotation, still within overlap */
    unsigned          account_known:1;   /* there is a record of the account */
    unsigned          has_limits:1;      /* rates of its own */
    unsigned          stale:1;           /* see keygate_table_stale() */
    unsigned          account_stale:1;
    keygate_set_t     scopes;            /* table bits */
    int64_t           expires_at;
    int64_t           revoked_at;
    int64_t           suspended_at;
    uint64_t          reset;             /* the newest; see
                                            keygate_table_reset.c; 0: none */
    uint32_t          limits[KEYGATE_UNITS];

    keygate_status_e  status;            /* of the account */
    int64_t           trial_ends_at;
    int               plan;              /* interned; -1: none */

    uint64_t          at;                /* of its line in the journal */
    uint64_t          sequence;          /* grows with each new key */
    uint32_t          ref;               /* of the key, for the calls below */
    uint32_t          account_ref;

    unsigned          n_addresses;       /* where it may be used; 0: anywhere */
} keygate_key_t;


typedef struct {
    char              id[KEYGATE_ID_MAX + 1];
    unsigned char     id_len;
    keygate_status_e  status;
    int64_t           trial_ends_at;
    int               plan;
    unsigned          stale:1;
    uint64_t          at;
    uint32_t          ref;
} keygate_account_t;


typedef struct {
    uint64_t  size;          /* of the block, bytes */
    uint64_t  used;          /* of these, not to be had for new records */
    uint64_t  keys;
    uint64_t  accounts;      /* with a record of their own */
} keygate_table_stats_t;


/*
 * Makes an empty table in "size" bytes at "mem" (8-byte aligned).  "seed"
 * keys the hash of ids; digests need none.  Returns NULL when "size" is less
 * than 64 KiB.
 */
keygate_table_t *keygate_table_init(void *mem, size_t size,
    const unsigned char seed[16]);
/* Makes it anew, as init() has; nobody may be reading. */
void keygate_table_restart(keygate_table_t *t);

/* Whether "mem" holds a whole table of this layout and size. */
int keygate_table_valid(const void *mem, size_t size);

/* -- Writers: under the lock ------------------------------------------- */

/*
 * To be called first after taking the lock: finds again what a killed writer
 * had allocated and not yet published.
 */
void keygate_table_recover(keygate_table_t *t);

/*
 * The number that stands for a scope's or a plan's name of an API in this
 * table; it never changes.  A scope's is less than KEYGATE_SCOPES_MAX.
 * Returns -1 when there are 256 such names already or the name is longer than
 * KEYGATE_NAME_MAX, -2 when there is no room for it.  What records name
 * besides counts for nothing here, and opens nothing; if they were there
 * first, their lines are to be applied again (keygate_table_again_due()).
 */
int keygate_table_intern_scope(keygate_table_t *t, keygate_str_t name);
int keygate_table_intern_plan(keygate_table_t *t, keygate_str_t name);

/*
 * Makes sure that every key and every account, present and to come, has a
 * ring for each unit in the masks (1 << unit).  Masks add up.  A key has
 * rings for the units of its own rates without that.  Returns
 * KEYGATE_OK or KEYGATE_FULL (what there was stays; try again is harmless).
 */
keygate_rc_t keygate_table_units(keygate_table_t *t, unsigned key_units,
    unsigned account_units, const keygate_now_t *now);

/*
 * Meters for groups of routes, which a key or an account has only once it is
 * charged in one: groups() makes room for their heads, once; group_add() makes
 * the meter that is missing, or its rings, or makes it ready where its holder
 * was another one.  "group" is a number that stands for its name, and "units"
 * are masks (1 << unit).  KEYGATE_OK or KEYGATE_FULL.
 */
keygate_rc_t keygate_table_groups(keygate_table_t *t);
keygate_rc_t keygate_table_group_add(keygate_table_t *t, uint32_t ref,
    uint64_t group, unsigned units, const keygate_now_t *now);

/*
 * Applies one record: inserts, replaces or deletes.  "at" is the offset of
 * its line.  A key's meter, last use and sequence outlive every change but
 * its deletion.  A key may come before its account, whose record is then
 * unknown.  Names that no API has stop nothing.  Returns KEYGATE_OK;
 * KEYGATE_FULL, and nothing has changed; KEYGATE_CONFLICT when a digest
 * belongs to another key already, and nothing has changed; KEYGATE_INVALID
 * when the line is farther than 256 GB from the start.  Applying the same line
 * again is harmless.
 */
keygate_rc_t keygate_table_apply(keygate_table_t *t,
    const keygate_record_t *record, uint64_t at, const keygate_now_t *now);

/*
 * After an apply() that returned KEYGATE_FULL: the record that is there, if
 * any, is another one than that of the journal now, and its "stale" says so:
 * it opens nothing, until this line is applied, or a later one.  It needs no
 * room.  Returns 0 when there is no such record.
 */
int keygate_table_stale(keygate_table_t *t, const keygate_record_t *record,
    uint64_t at);

/* Whether there is room for "n" more records like this one, with a reserve for
 * changes to those that exist; or in place of what it was, if it is there. */
int keygate_table_room(keygate_table_t *t, const keygate_record_t *record,
    unsigned n);

/*
 * A journal that was rewritten is read from its start: begin a sweep, apply
 * every record, end the sweep, and what no line has named in between is
 * deleted.  end() does at most "budget" steps a call and returns
 * KEYGATE_AGAIN until all is done.  The position's "sweep" is not 0 from the
 * begin until the end has returned KEYGATE_OK; begin() during a sweep starts
 * it over; end() without one is KEYGATE_OK and does nothing.  The walk of an
 * end may be resumed by another process, and lines that are applied between
 * two of its calls are kept.
 */
void keygate_table_sweep_begin(keygate_table_t *t);
keygate_rc_t keygate_table_sweep_end(keygate_table_t *t, unsigned budget);

/*
 * Records whose lines are to be applied again, by whoever has the journal and
 * has applied all of it: those that have a name of which an API has heard only
 * later, and those that are stale, once memory was given back.  next() looks
 * at up to *budget records, which it counts down, for the next one:
 * KEYGATE_OK; KEYGATE_AGAIN when the budget is used up; KEYGATE_NONE when it
 * has seen all of them.  late() is to be told when a line found no room: it
 * is asked for once more, then.  done() goes on behind the record; without it,
 * as when a process is killed, the next one is the same again.  The walk may
 * be resumed by another process; "due" tells others whether there is anything
 * to do.
 */
typedef struct {
    keygate_kind_e  kind;
    char            id[KEYGATE_ID_MAX + 1];
    unsigned char   id_len;
    uint64_t        at;
} keygate_again_t;

int keygate_table_again_due(const keygate_table_t *t);
keygate_rc_t keygate_table_again_next(keygate_table_t *t, unsigned *budget,
    keygate_again_t *again);
void keygate_table_again_done(keygate_table_t *t);
void keygate_table_again_late(keygate_table_t *t);

/*
 * Lines that found no room and whose records are not there at all.  miss()
 * notes one after an apply() that returned KEYGATE_FULL, where stale() was 0;
 * "line" is its number.  missed_due() tells that memory was given back, and
 * how much: then all lines from begin() on (offset + 1) are looked at, those
 * that are the last ones of records that has() does not have are applied, and
 * end() is told which of these was the first one to find no room (0: none).
 * Until end() it is as if nobody had begun.
 */
void keygate_table_miss(keygate_table_t *t, const keygate_record_t *record,
    uint64_t at, uint64_t line);
int keygate_table_missed_due(const keygate_table_t *t);
uint64_t keygate_table_missed_begin(keygate_table_t *t, uint64_t *line,
    uint64_t *freed);
void keygate_table_missed_end(keygate_table_t *t, uint64_t from,
    uint64_t line, uint64_t freed);

/* Whether there is a record, were it that of an account that is stale. */
int keygate_table_has(const keygate_table_t *t, keygate_kind_e kind,
    keygate_str_t id);

keygate_position_t *keygate_table_position(keygate_table_t *t);
/* -- Readers: no lock --------------------------------------------------- */

/*
 * Finds the key whose digest this is: its current one, or its previous one
 * while "wall" is before the end of the overlap (which is forgotten when a
 * record is applied after that end).  Returns KEYGATE_OK or KEYGATE_NONE.  The
 * digest is compared in constant time.  "addresses", unless it is NULL, has
 * room for KEYGATE_ADDRESSES_MAX.
 */
keygate_rc_t keygate_table_find_with(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN], int64_t wall,
    keygate_key_t *key, keygate_cidr_t *addresses);

/* Whether what is not found may have found no room: a key, any record. */
int keygate_table_missed_may(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN]);
int keygate_table_missed_id(const keygate_table_t *t, keygate_kind_e kind,
    keygate_str_t id);

/*
 * Hints that find() will ask for this digest soon: a million keys lie in main
 * memory, two dependent accesses away.  First with "near" 0, then, when that
 * has had the time of a few hundred instructions, with 1.
 */
void keygate_table_expect(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN], int near);

keygate_rc_t keygate_table_find_id_with(const keygate_table_t *t,
    keygate_str_t id, keygate_key_t *key, keygate_cidr_t *addresses);

/* The same for whoever has no use for addresses. */
static inline keygate_rc_t
keygate_table_find(const keygate_table_t *t,
    const unsigned char digest[KEYGATE_DIGEST_LEN], int64_t wall,
    keygate_key_t *key)
{
    return keygate_table_find_with(t, digest, wall, key, NULL);
}


static inline keygate_rc_t
keygate_table_find_id(const keygate_table_t *t, keygate_str_t id,
    keygate_key_t *key)
{
    return keygate_table_find_id_with(t, id, key, NULL);
}


keygate_rc_t keygate_table_find_account(const keygate_table_t *t,
    keygate_str_t id, keygate_account_t *account);

/* The meter and the ring of a unit (NULL: none) of a key or an account that
 * was just found. */
keygate_meter_t *keygate_table_meter(const keygate_table_t *t, uint32_t ref,
    keygate_kind_e kind);
/* The id of the record that has that number now: its length, or 0. */
unsigned keygate_table_ref_id(const keygate_table_t *t, uint32_t ref,
    char id[KEYGATE_ID_MAX + 1]);
keygate_ring_t *keygate_table_ring(const keygate_table_t *t, uint32_t ref,
    keygate_kind_e kind, keygate_unit_e unit);

/*
 * The number, as of a key or an account, of the one that holds what that one
 * has used in a group; 0: there is none yet.  And whose it is, and in which
 * group.
 */
uint32_t keygate_table_group(const keygate_table_t *t, uint32_t ref,
    uint64_t group);
uint32_t keygate_table_group_of(const keygate_table_t *t, uint32_t ref,
    uint64_t *group);
/* All of them, one after the other, from *cursor on, which begins as 0; 0
 * after the last. */
uint32_t keygate_table_group_next(const keygate_table_t *t, uint64_t *cursor);

/* What "reset" of a key says: when, and which units (1 << unit) of its own, or
 * of its count in that group, it has emptied then. */
int64_t keygate_table_reset_at(uint64_t reset);
unsigned keygate_table_reset_units(uint64_t reset, int grouped,
    uint64_t group);
/* How many have been made since the table was. */
uint32_t keygate_table_resets(const keygate_table_t *t);

/* When a key was last used: Unix time, 0 for never.  touch() writes only when
 * the second has changed. */
int64_t keygate_table_used_at(const keygate_table_t *t, uint32_t ref);
void keygate_table_touch(keygate_table_t *t, uint32_t ref, int64_t wall);

/*
 * Copies an account's name and profile (compact JSON object, or empty) into
 * "out".  KEYGATE_OK or KEYGATE_NONE.
 */
keygate_rc_t keygate_table_profile(const keygate_table_t *t,
    keygate_str_t account, keygate_buf_t *name, keygate_buf_t *profile);

/*
 * Appends the value of one member of a key's "meta" (see keygate_meta_find()).
 * KEYGATE_OK; KEYGATE_NONE when there is no such key or member;
 * KEYGATE_AGAIN.
 */
keygate_rc_t keygate_table_meta(const keygate_table_t *t, keygate_str_t id,
    keygate_str_t name, keygate_buf_t *value);

/*
 * Walks.  *cursor is 0 at first; each call fetches the next one and moves the
 * cursor; KEYGATE_NONE at the end.  Whoever is there from the first call to
 * the last is visited exactly once, whatever is added or removed meanwhile.
 * A cursor may be kept as long as the table lives.  Keys of one account come
 * newest first; all keys, and accounts, in no particular order.
 */
keygate_rc_t keygate_table_next_key(const keygate_table_t *t,
    uint64_t *cursor, keygate_key_t *key);
keygate_rc_t keygate_table_next_key_of(const keygate_table_t *t,
    keygate_str_t account, uint64_t *cursor, keygate_key_t *key);
keygate_rc_t keygate_table_next_account(const keygate_table_t *t,
    uint64_t *cursor, keygate_account_t *account);

/* The names interned so far: KEYGATE_OK and the name, or KEYGATE_NONE. */
keygate_rc_t keygate_table_scope_name(const keygate_table_t *t, unsigned bit,
    keygate_str_t *name);
keygate_rc_t keygate_table_plan_name(const keygate_table_t *t, unsigned n,
    keygate_str_t *name);

/* The size of a block in which all records would have found room that were ever
 * applied here, in the same order, where all of them did find room. */
uint64_t keygate_table_needs(const keygate_table_t *t);

void keygate_table_stats(const keygate_table_t *t,
    keygate_table_stats_t *stats);


#endif /* KEYGATE_TABLE_H */
