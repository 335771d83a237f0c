/*
 * Administrative changes: a request and the current record to a new record,
 * or to what is wrong with the request.  For the admin API and the command
 * line alike; the journal and the table are theirs to see to, and so are
 * questions that only the table can answer (does the account exist, has it
 * live keys).
 *
 * A record here is the inner object of a journal line.  Every function that
 * returns one returns a new reference, and leaves its arguments as they are.
 * Where it returns NULL, *faults says why: a new JSON array, to be given
 * back, of {"pointer": "/scopes/0", "detail": "is not a scope"}, every fault
 * of the request (up to KEYGATE_FAULTS_MAX); or NULL when out of memory.
 * Where it returns a record, *faults is NULL.
 *
 * A request is an object parsed with JSON_REJECT_DUPLICATES.
 */

#ifndef KEYGATE_CHANGE_H
#define KEYGATE_CHANGE_H

#include <jansson.h>

#include "keygate_core.h"
#include "keygate_record.h"


#define KEYGATE_FAULTS_MAX  64


/*
 * Which scopes and plans there are.  A NULL function: any well-formed name
 * will do.  The names are spans into the request.
 */

typedef struct {
    int   (*scope)(void *data, keygate_str_t name);
    int   (*plan)(void *data, keygate_str_t name);
    void   *data;
} keygate_known_t;


/* A digest as it was made: 64 hex digits and their kind. */

typedef struct {
    const char  *hex;
    unsigned     hmac:1;
} keygate_hex_t;


/* Adds a fault to *faults, which may be NULL at first.  Returns 0 when out of
 * memory.  The pointer is taken as it is; see keygate_change_pointer(). */
int keygate_change_fault(json_t **faults, const char *pointer,
    const char *reason);

/* "/" and "name", escaped as RFC 6901 has it, appended to "base" ("" at
 * first), in malloc()ed memory; NULL when out of memory. */
char *keygate_change_pointer(const char *base, const char *name);

/* -- Keys --------------------------------------------------------------- */

/* From {account, name, scopes, rates?, expires_at?, addresses?, meta?}. */
json_t *keygate_change_create_key(const json_t *request, const char *id,
    const keygate_hex_t *digest, int64_t now, const keygate_known_t *known,
    json_t **faults);

/* From {name?, scopes?, rates?, expires_at?, addresses?, meta?}; null removes
 * one of the last four; the members of meta are merged (RFC 7396). */
json_t *keygate_change_patch_key(const json_t *current, const json_t *patch,
    const keygate_known_t *known, json_t **faults);

/* Whether a key is revoked.  It stays so: it can be neither suspended, resumed
 * nor rotated any more. */
int keygate_change_revoked(const json_t *current);

/* Parses {overlap?: "24h"}; "request" may be NULL, for none.  Returns seconds,
 * or -1 and *faults. */
int64_t keygate_change_overlap(const json_t *request, json_t **faults);

/*
 * Gives the key a new digest; the old one becomes "previous", until now +
 * overlap, unless that is 0 or the old one is of another kind.  A previous
 * one from before is gone.  "rotated_at" tells how old the secret is.  A
 * revoked key has nothing to rotate: a fault with pointer "".
 */
json_t *keygate_change_rotate_key(const json_t *current,
    const keygate_hex_t *digest, int64_t overlap, int64_t now,
    json_t **faults);

/* Revokes; a key that is revoked already stays so from when it was. */
json_t *keygate_change_revoke_key(const json_t *current, int64_t now,
    json_t **faults);

/* Suspends and resumes; a key that is suspended already stays so from when it
 * was.  The time is not looked at by the latter. */
json_t *keygate_change_suspend_key(const json_t *current, int64_t now,
    json_t **faults);
json_t *keygate_change_resume_key(const json_t *current, int64_t now,
    json_t **faults);

/*
 * Says in "resets" that windows were emptied now: those of a name as
 * keygate_reset_parse() has it, or all there are when it is NULL.
 */
json_t *keygate_change_reset_key(const json_t *current, const char *name,
    int64_t now, json_t **faults);

/* Sets expires_at. */
json_t *keygate_change_expire_key(const json_t *current, int64_t at,
    json_t **faults);

/* -- Accounts ----------------------------------------------------------- */

/* From {name, plan?, status?, trial_ends_at?, profile?}, and "id" if it is
 * the same; of the current record, which may be NULL, only the members are
 * kept that no request can have. */
json_t *keygate_change_put_account(const char *id, const json_t *current,
    const json_t *request, const keygate_known_t *known, json_t **faults);

/* From the same members, all optional.  null removes plan, trial_ends_at and
 * profile; the members of profile are merged (RFC 7396). */
json_t *keygate_change_patch_account(const json_t *current,
    const json_t *patch, const keygate_known_t *known, json_t **faults);

/* -- Both --------------------------------------------------------------- */

/* Whether a change takes a right away that the record gave; "before" is NULL
 * for a new record, "after" for one that is deleted. */
int keygate_change_takes(const json_t *before, const json_t *after);

/* Whether it ends something that must not go on for want of room, so that it
 * is made in any case; both records are given. */
int keygate_change_ends(const json_t *before, const json_t *after);

/* The record that deletes; NULL when out of memory. */
json_t *keygate_change_delete(const char *id);

/*
 * The record as it may be shown: without "digest", "previous" with nothing
 * but "until" and only before that time; and the members of "extras", which
 * may be NULL.  NULL when out of memory.
 */
json_t *keygate_change_view(const json_t *record, const json_t *extras,
    int64_t now);


#endif /* KEYGATE_CHANGE_H */
