/*
 * Between keygate_api.c, which compiles an API, and keygate_api_words.c,
 * which reads its directives.
 */

#ifndef KEYGATE_API_PRIVATE_H
#define KEYGATE_API_PRIVATE_H

#include "keygate_api.h"


typedef keygate_rc_t (*keygate_words_pt)(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* A directive whose words refer to others: they are looked at when all have
 * been read, in the order of the "rank", then of the configuration. */

struct keygate_pending_s {
    keygate_words_pt      resolve;
    unsigned              rank;
    unsigned              line;
    unsigned              n;
    keygate_str_t        *args;
    keygate_pending_t    *next;
};


/* The ranks: scopes are implied before routes need them, and so on. */

enum {
    KEYGATE_RANK_IMPLIES = 0,
    KEYGATE_RANK_FEATURES,
    KEYGATE_RANK_ROUTES,
    KEYGATE_RANK_WHEN,
    KEYGATE_RANKS
};


/* Resolvers, called by keygate_api_compile(). */

keygate_rc_t keygate_api_resolve_implies(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_resolve_require(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_resolve_route(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_resolve_when(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* Fills in a fault; returns KEYGATE_INVALID. */
keygate_rc_t keygate_api_fault(keygate_conf_fault_t *fault,
    keygate_str_t value, const char *expected);

/* "name=value": whether "arg" begins with "name=", and its value. */
int keygate_api_option(keygate_str_t arg, const char *name,
    keygate_str_t *value);

/* A whole number from "min" to "max"; 1 if it is one. */
int keygate_api_number(keygate_str_t text, uint32_t min, uint32_t max,
    uint32_t *number);

/* The next piece of "rest" up to "sep", which is taken off; 0 at the end. */
int keygate_api_split(keygate_str_t *rest, unsigned char sep,
    keygate_str_t *piece);


#endif /* KEYGATE_API_PRIVATE_H */
