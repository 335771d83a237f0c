/*
 * Between keygate_api.c, which compiles an API, and keygate_api_words.c,
 * which reads its directives.
 */

#ifndef KEYGATE_API_PRIVATE_H
#define KEYGATE_API_PRIVATE_H

#include "keygate_api.h"


typedef keygate_rc_t (*keygate_parse_pt)(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* A directive whose words refer to others: they are looked at when all have
 * been read, in the order of the "rank", then of the configuration. */

struct keygate_pending_s {
    keygate_parse_pt      resolve;
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


/* keygate_api_args.c */

/* Fills in a fault; returns KEYGATE_INVALID. */
keygate_rc_t keygate_api_fault(keygate_conf_fault_t *fault,
    keygate_str_t value, const char *expected);

/* The same, with a name in what was expected. */
keygate_rc_t keygate_api_expected(keygate_api_t *api,
    keygate_conf_fault_t *fault, keygate_str_t value, const char *before,
    keygate_str_t name, const char *after);

/* "name=value": whether "arg" begins with "name=", and its value. */
int keygate_api_option(keygate_str_t arg, const char *name,
    keygate_str_t *value);

/* Whether quotes are part of a value, as in name="x": nginx takes them off
 * whole words only. */
int keygate_api_quoted(keygate_str_t value);

/* A whole number from "min" to "max"; 1 if it is one. */
int keygate_api_number(keygate_str_t text, uint32_t min, uint32_t max,
    uint32_t *number);

/* The next piece of "rest" up to "sep", which is taken off; 0 at the end. */
int keygate_api_split(keygate_str_t *rest, unsigned char sep,
    keygate_str_t *piece);


/* Puts a directive off until all have been read. */
keygate_rc_t keygate_api_defer(keygate_api_t *api, keygate_parse_pt resolve,
    unsigned rank, const keygate_str_t *args, unsigned n, unsigned line);

/* Plans, features, rates, fields: what may stand in a variable, a header's
 * quoted string and a JSON member without escaping. */
int keygate_api_name_valid(keygate_str_t name);

/* One of a few words, the last being NULL: its place among them, or -1. */
int keygate_api_choice(keygate_str_t word, const char *const *choices);


/* keygate_api_caller.c */

keygate_rc_t keygate_api_parse_zone(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_key_format(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_base(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_account(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* keygate_api_credential.c */

keygate_rc_t keygate_api_parse_credential(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* keygate_api_rights.c */

keygate_rc_t keygate_api_parse_scope(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_plan(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_require(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_rate(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_rate_headers(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_route(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_when(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_encoded_slash(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_unmatched(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_pass_credential(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* keygate_api_texts.c */

keygate_rc_t keygate_api_parse_errors(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_error(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
keygate_rc_t keygate_api_parse_problem_types(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* keygate_api_cors.c */

keygate_rc_t keygate_api_parse_preflight(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);


/* keygate_api_policy.c */

/* Makes the labels of all rates; then, for a set, the policy, and the labels of
 * a key's own rates.  KEYGATE_OK or KEYGATE_NOMEM. */
keygate_rc_t keygate_api_labels(keygate_api_t *api);
keygate_rc_t keygate_api_policy(keygate_api_t *api, keygate_rates_t *set);


/* keygate_api_sets.c */

/* Makes api->sets; KEYGATE_OK or KEYGATE_NOMEM. */
keygate_rc_t keygate_api_sets(keygate_api_t *api);


/* keygate_api_rates.c */

/* The group of that name, from 1; 0: no rate is for it. */
unsigned keygate_api_group(const keygate_api_t *api, keygate_str_t name);

/* After all directives have been read: whether plans and groups of rates are
 * there, and every cost is within every rate; then api->sets.  KEYGATE_OK,
 * KEYGATE_INVALID, KEYGATE_NOMEM. */
keygate_rc_t keygate_api_rates(keygate_api_t *api,
    keygate_conf_fault_t *fault);


#endif /* KEYGATE_API_PRIVATE_H */
