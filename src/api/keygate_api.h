/*
 * The contract of one API, as a keygate_api block declares it: built word by
 * word, compiled once, then read-only.
 *
 * Every builder takes the words of one directive without its name, as they
 * were written, and returns KEYGATE_OK, KEYGATE_NOMEM, or KEYGATE_INVALID
 * with *fault telling the value found and what was expected.  Directives may
 * come in any order: what refers to other directives is kept and checked by
 * keygate_api_compile().
 */

#ifndef KEYGATE_API_H
#define KEYGATE_API_H

#include "keygate_core.h"
#include "keygate_credential.h"
#include "keygate_digest.h"
#include "keygate_error.h"
#include "keygate_rate.h"
#include "keygate_route.h"
#include "keygate_scope.h"
#include "keygate_source.h"
#include "keygate_table.h"


#define KEYGATE_FORMATS_MAX      8
#define KEYGATE_CREDENTIALS_MAX  8
#define KEYGATE_FIELDS_MAX       32
#define KEYGATE_ORIGINS_MAX      32
#define KEYGATE_PLANS_MAX        64
#define KEYGATE_FEATURES_MAX     64
#define KEYGATE_RATES_MAX        128
#define KEYGATE_GROUPS_MAX       32


typedef struct {
    keygate_str_t  value;      /* as found; may be empty */
    const char    *expected;   /* "a scope of this API", ... */
    unsigned       line;       /* of the directive at fault, when it is not
                                  the one being read; else 0 */
    unsigned       other;      /* of the directive it contradicts; 0: none */
} keygate_conf_fault_t;


typedef struct {
    keygate_str_t  name;
    uint64_t       features;
    int            number;     /* in the table */
} keygate_plan_t;


typedef struct {
    keygate_label_t label;
    uint32_t        limit;
    keygate_unit_e  unit;
    keygate_str_t   plan;       /* those that it is for; empty: all others */
    uint64_t        plans;      /* the same, a bit for each of the API's */
    unsigned        group;      /* from 1; 0: all routes */
    unsigned        line;
    unsigned        per_account:1;
} keygate_rate_t;


/* Routes whose requests have counts of their own, besides. */

typedef struct {
    keygate_str_t   name;
    uint64_t        number;     /* the same in every table and store */
    unsigned        units[2];   /* 1 << unit, by keygate_kind_e */
    unsigned        routed:1;   /* a route is in it */
} keygate_group_t;


/* What holds for the keys of one plan on the routes of one group: the rates
 * of all routes first, and of these as of the others the keys' first. */

typedef struct {
    const keygate_rate_t **rates;
    unsigned               n;
    keygate_str_t          policy[4];   /* RateLimit-Policy of a key that has
                                           no rates of its own, in a month of
                                           28 days and up to 31 */
    unsigned               monthly:1;   /* these differ */
    const keygate_label_t *own[KEYGATE_UNITS];   /* of a key's own rates */
} keygate_rates_t;


typedef enum {
    KEYGATE_HEADERS_DRAFT = 0,
    KEYGATE_HEADERS_LEGACY,
    KEYGATE_HEADERS_OFF
} keygate_headers_e;


typedef enum {
    KEYGATE_PREFLIGHT_OFF = 0,      /* a request like any */
    KEYGATE_PREFLIGHT_PASS,
    KEYGATE_PREFLIGHT_ANSWER
} keygate_preflight_e;


typedef struct keygate_pending_s  keygate_pending_t;

typedef struct {
    keygate_str_t         name;
    const keygate_pool_t *pool;             /* while it is being built */

    keygate_str_t         zone;
    keygate_source_t      sources[KEYGATE_CREDENTIALS_MAX];
    unsigned              n_sources;
    uint64_t              source_lengths;   /* of their fields' names */
    keygate_format_t      formats[KEYGATE_FORMATS_MAX];
    unsigned              n_formats;
    keygate_str_t         base;             /* no last '/' */
    keygate_str_t         account;          /* what one is called */
    keygate_str_t         fields[KEYGATE_FIELDS_MAX];
    unsigned              n_fields;
    keygate_catalogue_t   catalogue;
    keygate_plan_t        plans[KEYGATE_PLANS_MAX];
    unsigned              n_plans;
    keygate_str_t         features[KEYGATE_FEATURES_MAX];
    unsigned              n_features;
    uint64_t              require;          /* features of every request */
    keygate_rate_t        rates[KEYGATE_RATES_MAX];      /* keys' first */
    unsigned              n_rates;
    keygate_group_t       groups[KEYGATE_GROUPS_MAX];
    unsigned              n_groups;
    keygate_rates_t      *sets;             /* by plan, then by group */
    unsigned              n_sets;
    unsigned              planned:1;        /* a rate has plans */
    keygate_headers_e     rate_headers;
    keygate_preflight_e   preflight;
    keygate_str_t         origins[KEYGATE_ORIGINS_MAX];
    unsigned              n_origins;        /* 0: any */
    keygate_router_t     *router;
    keygate_route_t     **routes;           /* as configured */
    unsigned              n_routes;
    keygate_texts_t       texts;            /* errors, error, problem_types */
    unsigned              slash_keep:1;     /* encoded_slash */
    unsigned              unmatched_pass:1;
    unsigned              any_format:1;     /* keys of other shapes as well */
    unsigned              pass_credential:1;

    uint64_t              needed;           /* features that are asked for */
    unsigned              plan_lines[KEYGATE_PLANS_MAX];
    unsigned              seen;             /* directives that come once */
    keygate_pending_t    *pending;          /* to be checked by compile */
    keygate_pending_t    *pending_last;
} keygate_api_t;


/* A new API with all defaults, or NULL.  The name's bytes must stay. */
keygate_api_t *keygate_api_create(keygate_str_t name,
    const keygate_pool_t *pool);

/*
 * Takes one directive: args[0] is its name, "n" counts it.  The bytes of the
 * arguments must stay as long as the API.  "line" is remembered for faults
 * found later.
 */
keygate_rc_t keygate_api_directive(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, unsigned line,
    keygate_conf_fault_t *fault);

/* After the last directive: resolves, checks and compiles everything. */
keygate_rc_t keygate_api_compile(keygate_api_t *api,
    keygate_conf_fault_t *fault);

/*
 * What is allowed but hardly meant, to be called after compile with *i = 0 at
 * first: KEYGATE_OK and the next advice in *fault, or KEYGATE_NONE.
 */
keygate_rc_t keygate_api_advice(const keygate_api_t *api, unsigned *i,
    keygate_conf_fault_t *fault);

/*
 * Binds the API to the table that holds its keys (under the writer's lock, at
 * start-up): interns scopes and plans, and makes sure of the rings that its
 * rates need.  KEYGATE_OK, KEYGATE_FULL, or KEYGATE_INVALID when the table
 * knows too many names.
 */
keygate_rc_t keygate_api_bind(keygate_api_t *api, keygate_table_t *table,
    const keygate_now_t *now);

/*
 * keygate_api_sets.c: the rates that hold for keys of that plan (NULL: one
 * that the API does not know) on routes of that group, 0 for none.
 */
const keygate_rates_t *keygate_api_set(const keygate_api_t *api,
    const keygate_plan_t *plan, unsigned group);

/* The plan of that number in the table, or NULL. */
const keygate_plan_t *keygate_api_plan(const keygate_api_t *api, int number);

/*
 * keygate_api_cors.c: Access-Control-Allow-Origin for a request from that
 * origin; empty where it is not one of "preflight answer".
 */
keygate_str_t keygate_api_origin(const keygate_api_t *api,
    keygate_str_t origin);

/* Access-Control-Expose-Headers of errors. */
keygate_str_t keygate_api_exposed(const keygate_api_t *api);

/* Whether it is a list of field names, as a preflight asks for. */
int keygate_api_fields(keygate_str_t list);

/* A token (RFC 9110, 5.6.2). */
int keygate_api_token(keygate_str_t text);


#endif /* KEYGATE_API_H */
