/*
 * Between the changes (keygate_change.c, _key.c, _state.c, _account.c) and the
 * checks of what they are made of (keygate_change_check.c).
 */

#ifndef KEYGATE_CHANGE_PRIVATE_H
#define KEYGATE_CHANGE_PRIVATE_H

#include "keygate_change.h"


typedef struct {
    keygate_kind_e          kind;
    const keygate_known_t  *known;
    json_t                 *faults;
    unsigned                nomem:1;
    unsigned                patch:1;     /* null may remove what is there */
    keygate_record_t        scratch;     /* what the members were read into */
} keygate_check_t;


/* Begins a check; to be ended with keygate_check_result(). */
void keygate_check_init(keygate_check_t *c, keygate_kind_e kind,
    const keygate_known_t *known);

/* Adds a fault at /a, /a/b, or at "" for the whole. */
void keygate_check_fault(keygate_check_t *c, const char *a, const char *b,
    const char *reason);

/* Checks every member of "request", which may only have those in "allowed"
 * and must have those in "needed"; both lists end with NULL. */
void keygate_check_request(keygate_check_t *c, const json_t *request,
    const char *const *allowed, const char *const *needed);

/* Notes that an allocation has failed, unless "ok". */
void keygate_change_memory(keygate_check_t *c, int ok);

/* Whether all was well so far. */
int keygate_check_passed(const keygate_check_t *c);

/*
 * Ends a check.  Takes the record that was made (may be NULL), looks at it
 * once more as a whole, and returns it, or gives it back and returns NULL
 * with *faults.
 */
json_t *keygate_check_result(keygate_check_t *c, json_t *record,
    json_t **faults);


/* Sets a member, to a new value (NULL: out of memory) or to a time. */
void keygate_change_set(keygate_check_t *c, json_t *record, const char *name,
    json_t *value);
void keygate_change_set_at(keygate_check_t *c, json_t *record,
    const char *name, int64_t at);

/* Takes over the named members of a request; null means to have none. */
void keygate_change_merge(keygate_check_t *c, json_t *record,
    const json_t *request, const char *const *names);

/* Merges an object of plain values into that member of the record as it was
 * (RFC 7396), after keygate_change_merge() has put it there. */
void keygate_change_merge_object(keygate_check_t *c, json_t *record,
    const json_t *current, const char *name);


#endif /* KEYGATE_CHANGE_PRIVATE_H */
