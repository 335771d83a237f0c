/*
 * Journal lines <-> records.  What a change is; not where it comes from, not
 * what it does.
 */

#ifndef KEYGATE_RECORD_H
#define KEYGATE_RECORD_H

#include <jansson.h>

#include "keygate_cidr.h"
#include "keygate_core.h"
#include "keygate_rate.h"
#include "keygate_time.h"


#define KEYGATE_LINE_MAX       65536    /* bytes of a journal line */
#define KEYGATE_ADDRESSES_MAX  32
#define KEYGATE_META_MAX       16       /* members of a key's "meta" */
#define KEYGATE_TEXT_MAX       255      /* bytes of the name of either */


typedef enum { KEYGATE_KEY, KEYGATE_ACCOUNT } keygate_kind_e;

typedef enum {
    KEYGATE_ACTIVE = 0,
    KEYGATE_TRIALING,
    KEYGATE_PAST_DUE,
    KEYGATE_CANCELED
} keygate_status_e;


/* That windows were emptied. */

#define KEYGATE_RESETS_MAX     32

typedef struct {
    int64_t           at;              /* Unix time; that of each is another */
    uint64_t          group;           /* of routes */
    unsigned          grouped:1;
    unsigned          all:1;           /* all there are, those of groups too */
    unsigned          units;           /* 1 << unit */
} keygate_reset_t;


typedef struct {
    keygate_kind_e    kind;
    unsigned          deleted:1;
    unsigned          hmac:1;          /* the digests are HMACs */
    unsigned          has_digest:1;
    unsigned          has_previous:1;
    keygate_str_t     id;

    /* of a key */
    keygate_str_t     account;
    unsigned char     digest[KEYGATE_DIGEST_LEN];
    unsigned char     previous[KEYGATE_DIGEST_LEN];
    int64_t           previous_until;  /* Unix time, seconds; rounded down */
    keygate_str_t    *scopes;
    unsigned          n_scopes;
    uint32_t          limits[KEYGATE_UNITS];   /* own rates; 0: none */
    int64_t           created_at;      /* 0: absent */
    int64_t           expires_at;      /* KEYGATE_NEVER: absent or null */
    int64_t           revoked_at;      /* KEYGATE_NEVER: absent or null */
    int64_t           suspended_at;    /* KEYGATE_NEVER: absent or null */
    unsigned char    *meta;            /* see keygate_meta_find(); owned */
    size_t            meta_len;        /* 0: none */
    keygate_cidr_t   *addresses;
    unsigned          n_addresses;
    keygate_reset_t  *resets;          /* owned */
    unsigned          n_resets;

    /* of both */
    keygate_str_t     name;
    keygate_str_t     changed_by;

    /* of an account */
    keygate_str_t     plan;
    keygate_status_e  status;
    int64_t           trial_ends_at;   /* KEYGATE_NEVER: absent or null */

    json_t           *json;            /* the inner object, unknown members
                                          included; owned; the spans above
                                          point into it.  NULL only from
                                          keygate_record_scan() */
} keygate_record_t;


/* What is wrong with a record: a member (JSON pointer below the record, ""
 * for the whole) and the reason, as a clause: "is not an RFC 3339 time". */

typedef struct {
    char         pointer[KEYGATE_NAME_MAX + 1];
    const char  *reason;
    unsigned     late:1;         /* set by who follows a journal: the line is
                                    to be applied again by itself */
} keygate_fault_t;


/*
 * Parses one line, without its LF.  Returns KEYGATE_OK, and the record is to
 * be freed with keygate_record_free(); KEYGATE_INVALID with *fault;
 * KEYGATE_NOMEM.  Strict: exactly one of "key" and "account"; duplicate
 * members, wrong types, bad times, bad rates, bad CIDRs, ids or names that
 * are too long or hold controls, U+0000 are invalid.  Members that are
 * unknown are kept in "json".  A key needs id, account, digest; a deleted
 * record only its id.  An account needs id; its status defaults to active.
 */
keygate_rc_t keygate_record_parse(keygate_str_t line,
    keygate_record_t *record, keygate_fault_t *fault);

/*
 * The same for who has a million lines to read: a key's line that is plain
 * (no escapes, no nested values but the known ones) is read without building
 * "json", which then is NULL, and the spans point into the line.  All else
 * goes to keygate_record_parse().  Accounts always have their "json".
 */
keygate_rc_t keygate_record_scan(keygate_str_t line,
    keygate_record_t *record, keygate_fault_t *fault);

/* The same as parse, from an object that is already parsed; borrows "json" and
 * takes its own reference.  On an error the record is an empty one: nothing in
 * it points into "json". */
keygate_rc_t keygate_record_from_json(keygate_kind_e kind, json_t *json,
    keygate_record_t *record, keygate_fault_t *fault);

void keygate_record_free(keygate_record_t *record);

/*
 * What of a key was emptied: "all", a unit ("day"), or that of a group of
 * routes ("search-day"), as rates are called that have no name of their own.
 * KEYGATE_OK or KEYGATE_INVALID; the time is left alone.
 */
keygate_rc_t keygate_reset_parse(keygate_str_t name, keygate_reset_t *reset);

/* The newest one, or NULL. */
const keygate_reset_t *keygate_reset_newest(const keygate_reset_t *resets,
    unsigned n);

/*
 * The members of a key's "meta" as one piece of bytes: for each of them the
 * lengths of its name and of its value, a byte each, then both.  The value is
 * text: a string as it is, a number and a boolean as JSON writes it.  Finds the
 * value of one: KEYGATE_OK or KEYGATE_NONE.
 */
keygate_rc_t keygate_meta_find(const unsigned char *meta, size_t len,
    keygate_str_t name, keygate_str_t *value);

/* Appends a string, number or boolean as such a text.  KEYGATE_OK;
 * KEYGATE_NONE when it is anything else; KEYGATE_NOMEM. */
keygate_rc_t keygate_record_value(const json_t *json, keygate_buf_t *out);

/*
 * The line of a record, LF included, compact and in ASCII-safe UTF-8, in
 * malloc()ed memory that the caller frees; NULL and errno: ENOMEM, or
 * EMSGSIZE when the line would be longer than KEYGATE_LINE_MAX.
 */
char *keygate_record_line(keygate_kind_e kind, const json_t *json, size_t *len);

/* An id, of a key or an account: 1 to KEYGATE_ID_MAX printable ASCII
 * characters without space, '"', '\', '/', '?', '#', '%'. */
int keygate_record_id_valid(keygate_str_t id);

/* No longer than "max", and no controls (C0, DEL, C1). */
int keygate_record_plain(keygate_str_t text, size_t max);

const char *keygate_record_status(keygate_status_e status);


#endif /* KEYGATE_RECORD_H */
