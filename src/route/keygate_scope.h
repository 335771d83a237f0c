/*
 * Scopes: sets of them, an API's catalogue with its implications, and the
 * NEED of a route.
 *
 * A set is 256 bits.  Which bit stands for which name is decided by the
 * table that holds the keys (keygate_table_name.c), so that a grant stays
 * what it is when a catalogue is reordered.
 */

#ifndef KEYGATE_SCOPE_H
#define KEYGATE_SCOPE_H

#include "keygate_core.h"


#define KEYGATE_SCOPES_MAX  256


typedef struct {
    uint64_t  w[KEYGATE_SCOPES_MAX / 64];
} keygate_set_t;


typedef struct {
    keygate_str_t  name;
    keygate_str_t  text;        /* empty: none */
    uint16_t      *implies;     /* catalogue indices, direct only */
    uint16_t       n_implies;
    keygate_set_t  closure;     /* by catalogue index: itself and all that it
                                   implies, transitively */
    keygate_set_t  holders;     /* by table bit: a grant with any of these
                                   holds this scope */
    unsigned       bit;         /* its bit in the table */
} keygate_scope_t;


typedef struct {
    keygate_scope_t  *scopes;
    unsigned          n;
} keygate_catalogue_t;


typedef enum {
    KEYGATE_NEED_PUBLIC = 0,    /* no key at all */
    KEYGATE_NEED_ANY,           /* any live key */
    KEYGATE_NEED_ALL_OF,        /* a&b */
    KEYGATE_NEED_ONE_OF,        /* a|b */
    KEYGATE_NEED_OPTIONAL       /* no key at all, or any live one */
} keygate_need_kind_e;


typedef struct {
    keygate_need_kind_e  kind;
    unsigned             n;
    uint16_t            *scopes;    /* catalogue indices, as written */
} keygate_need_t;


/* A bit that is KEYGATE_SCOPES_MAX or more is never added and never there. */
void keygate_scope_add(keygate_set_t *s, unsigned bit);
int keygate_scope_has(const keygate_set_t *s, unsigned bit);
int keygate_scope_meets(const keygate_set_t *a, const keygate_set_t *b);

/* A scope name is an RFC 6749 scope-token of 1 to KEYGATE_NAME_MAX bytes that
 * is none of "public", "optional", "any", and holds no '&', '|' or ','. */
int keygate_scope_name_valid(keygate_str_t name);

/* The index of "name" in the catalogue, or -1. */
int keygate_scope_find(const keygate_catalogue_t *c, keygate_str_t name);

/*
 * Computes every scope's closure from its direct implications.  Returns
 * KEYGATE_OK, or KEYGATE_CONFLICT with *culprit the index of a scope that
 * implies itself.  At most KEYGATE_SCOPES_MAX scopes.
 */
keygate_rc_t keygate_scope_close(keygate_catalogue_t *c, unsigned *culprit);

/* Computes every scope's holders; closures and bits must be set. */
void keygate_scope_bind(keygate_catalogue_t *c);

/*
 * Compiles NEED.  Returns KEYGATE_OK; KEYGATE_NONE with *culprit the unknown
 * scope; KEYGATE_CONFLICT with *culprit a scope named twice; KEYGATE_INVALID
 * for '&' and '|' together or an empty name; KEYGATE_NOMEM.  Where it is not
 * KEYGATE_OK the need is one that no grant meets.
 */
keygate_rc_t keygate_scope_need_compile(const keygate_catalogue_t *c,
    keygate_str_t text, const keygate_pool_t *pool, keygate_need_t *need,
    keygate_str_t *culprit);

/* Whether a grant (table bits) holds scope "i" of the catalogue. */
int keygate_scope_held(const keygate_catalogue_t *c, unsigned i,
    const keygate_set_t *grant);

/* Whether a grant meets a need; PUBLIC, ANY and OPTIONAL are always met. */
int keygate_scope_need_met(const keygate_catalogue_t *c,
    const keygate_need_t *need, const keygate_set_t *grant);


#endif /* KEYGATE_SCOPE_H */
