/*
 * Filters of lists of keys, for the admin API and the command alike: a key
 * is listed when all that was asked for holds.
 */

#ifndef KEYGATE_FILTER_H
#define KEYGATE_FILTER_H

#include <jansson.h>

#include "keygate_core.h"
#include "keygate_record.h"


#define KEYGATE_FILTER_METAS  16


/* In the order in which a request is refused: a key that is revoked and has
 * expired is "revoked". */

typedef enum {
    KEYGATE_STATE_LIVE = 0,
    KEYGATE_STATE_SUSPENDED,
    KEYGATE_STATE_REVOKED,
    KEYGATE_STATE_EXPIRED,
    KEYGATE_STATES
} keygate_state_e;


/* What is known of a key.  The spans are the caller's. */

typedef struct {
    keygate_str_t         id;
    keygate_str_t         account;
    keygate_str_t         name;
    const keygate_str_t  *scopes;
    unsigned              n_scopes;
    int64_t               created_at;    /* 0: not known */
    int64_t               made_at;       /* its secret; 0: not known */
    int64_t               used_at;       /* 0: not known, or never */
    int64_t               expires_at;    /* KEYGATE_NEVER */
    int64_t               revoked_at;    /* KEYGATE_NEVER */
    int64_t               suspended_at;  /* KEYGATE_NEVER */
    const json_t         *meta;          /* NULL: none */
} keygate_listed_t;


/* What is asked for.  Empty, -1, KEYGATE_STATES: not asked. */

typedef struct {
    keygate_str_t         account;
    keygate_str_t         name;          /* a part of it, in any case */
    keygate_str_t         scope;
    keygate_state_e       state;
    int64_t               expiring_within;
    int64_t               older_than;    /* the secret is */
    int64_t               unused_for;
    unsigned              n_metas;
    keygate_str_t         meta_names[KEYGATE_FILTER_METAS];
    keygate_str_t         meta_values[KEYGATE_FILTER_METAS];
} keygate_filter_t;


void keygate_filter_init(keygate_filter_t *filter);

/*
 * Asks for one more thing: "account", "name", "scope", "state", "meta.NAME",
 * "expiring_within", "older_than", "unused_for".  The spans must stay.
 * Returns NULL; or what is wrong, as a clause: "is not an id", "is not known
 * here", "is given twice".
 */
const char *keygate_filter_set(keygate_filter_t *filter, keygate_str_t name,
    keygate_str_t value);
/* The same for "meta.NAME", of its NAME. */
const char *keygate_filter_meta(keygate_filter_t *filter, keygate_str_t name,
    keygate_str_t value);

/* What a record says, where there is "json" of it with age and meta; used_at
 * is 0. */
void keygate_filter_of_record(const keygate_record_t *record,
    keygate_listed_t *key);

/* Whether what a table knows is enough to tell that a key is not asked for:
 * name, scopes, the ages of key and secret, and meta are not looked at. */
int keygate_filter_rejects(const keygate_filter_t *filter,
    const keygate_listed_t *key, int64_t now);

/* Whether all of it holds. */
int keygate_filter_matches(const keygate_filter_t *filter,
    const keygate_listed_t *key, int64_t now);

/* Whether "part", which is not empty, is in "whole", in any case. */
int keygate_filter_part(keygate_str_t whole, keygate_str_t part);

keygate_state_e keygate_filter_listed_state(const keygate_listed_t *key,
    int64_t now);

/* The same of a key's record as the journal has it; a time that cannot be
 * read is one that has not come. */
keygate_state_e keygate_filter_state_of(const json_t *record, int64_t now);

/* "live", "suspended", "revoked", "expired". */
const char *keygate_filter_state_name(keygate_state_e state);


#endif /* KEYGATE_FILTER_H */
