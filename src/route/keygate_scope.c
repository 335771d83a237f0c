/*
 * Scopes: sets, the closure of implications, NEED expressions.  Decides
 * whether a grant meets a need; which need applies is the router's affair.
 */

#include <string.h>

#include "keygate_scope.h"


#define KEYGATE_SET_WORDS  (KEYGATE_SCOPES_MAX / 64)


static keygate_str_t keygate_need_name(keygate_str_t *text);
static keygate_rc_t keygate_need_shape(keygate_str_t text,
    keygate_need_kind_e *kind, unsigned *n);
static keygate_rc_t keygate_need_scopes(const keygate_catalogue_t *c,
    keygate_str_t text, uint16_t *scopes, unsigned n, keygate_str_t *culprit);


void
keygate_scope_add(keygate_set_t *s, unsigned bit)
{
    if (bit < KEYGATE_SCOPES_MAX) {
        s->w[bit / 64] |= (uint64_t) 1 << bit % 64;
    }
}


int
keygate_scope_has(const keygate_set_t *s, unsigned bit)
{
    return bit < KEYGATE_SCOPES_MAX && (s->w[bit / 64] >> bit % 64 & 1) != 0;
}


int
keygate_scope_meets(const keygate_set_t *a, const keygate_set_t *b)
{
    unsigned  i;
    uint64_t  common;

    common = 0;

    for (i = 0; i < KEYGATE_SET_WORDS; i++) {
        common |= a->w[i] & b->w[i];
    }

    return common != 0;
}


int
keygate_scope_name_valid(keygate_str_t name)
{
    size_t         i;
    unsigned char  c;

    if (name.len == 0 || name.len > KEYGATE_NAME_MAX
        || keygate_str_eq(name, KEYGATE_STR("public"))
        || keygate_str_eq(name, KEYGATE_STR("optional"))
        || keygate_str_eq(name, KEYGATE_STR("any")))
    {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '&'
            || c == '|' || c == ',')
        {
            return 0;
        }
    }

    return 1;
}


int
keygate_scope_find(const keygate_catalogue_t *c, keygate_str_t name)
{
    unsigned  i;

    for (i = 0; i < c->n; i++) {
        if (keygate_str_eq(c->scopes[i].name, name)) {
            return (int) i;
        }
    }

    return -1;
}


keygate_rc_t
keygate_scope_close(keygate_catalogue_t *c, unsigned *culprit)
{
    unsigned          i, k, w;
    keygate_scope_t  *scope;

    for (i = 0; i < c->n; i++) {
        scope = &c->scopes[i];
        memset(&scope->closure, 0, sizeof(keygate_set_t));

        for (k = 0; k < scope->n_implies; k++) {
            keygate_scope_add(&scope->closure, scope->implies[k]);
        }
    }

    for (k = 0; k < c->n; k++) {
        for (i = 0; i < c->n; i++) {
            scope = &c->scopes[i];

            if (keygate_scope_has(&scope->closure, k)) {
                for (w = 0; w < KEYGATE_SET_WORDS; w++) {
                    scope->closure.w[w] |= c->scopes[k].closure.w[w];
                }
            }
        }
    }

    for (i = 0; i < c->n; i++) {
        if (keygate_scope_has(&c->scopes[i].closure, i)) {
            *culprit = i;
            return KEYGATE_CONFLICT;
        }
    }

    for (i = 0; i < c->n; i++) {
        keygate_scope_add(&c->scopes[i].closure, i);
    }

    return KEYGATE_OK;
}


void
keygate_scope_bind(keygate_catalogue_t *c)
{
    unsigned          i, k;
    keygate_scope_t  *scope;

    for (i = 0; i < c->n; i++) {
        scope = &c->scopes[i];
        memset(&scope->holders, 0, sizeof(keygate_set_t));

        for (k = 0; k < c->n; k++) {
            if (keygate_scope_has(&c->scopes[k].closure, i)) {
                keygate_scope_add(&scope->holders, c->scopes[k].bit);
            }
        }
    }
}


/* Takes one name off the front of "text", and its separator. */

static keygate_str_t
keygate_need_name(keygate_str_t *text)
{
    keygate_str_t  name;

    name.data = text->data;
    name.len = 0;

    while (name.len < text->len && name.data[name.len] != '&'
           && name.data[name.len] != '|')
    {
        name.len++;
    }

    text->data += name.len;
    text->len -= name.len;

    if (text->len != 0) {
        text->data++;
        text->len--;
    }

    return name;
}


/* Whether all is '&', or all '|'; and how many names these divide. */

static keygate_rc_t
keygate_need_shape(keygate_str_t text, keygate_need_kind_e *kind, unsigned *n)
{
    size_t    i;
    unsigned  all, one;

    all = 0;
    one = 0;

    for (i = 0; i < text.len; i++) {
        all += text.data[i] == '&';
        one += text.data[i] == '|';
    }

    *kind = one != 0 ? KEYGATE_NEED_ONE_OF : KEYGATE_NEED_ALL_OF;
    *n = all + one + 1;

    return text.len == 0 || (all != 0 && one != 0) ? KEYGATE_INVALID
                                                   : KEYGATE_OK;
}


static keygate_rc_t
keygate_need_scopes(const keygate_catalogue_t *c, keygate_str_t text,
    uint16_t *scopes, unsigned n, keygate_str_t *culprit)
{
    int            index;
    unsigned       i;
    keygate_set_t  seen;

    memset(&seen, 0, sizeof(keygate_set_t));

    for (i = 0; i < n; i++) {
        *culprit = keygate_need_name(&text);

        if (culprit->len == 0) {
            return KEYGATE_INVALID;
        }

        index = keygate_scope_find(c, *culprit);

        if (index == -1) {
            return KEYGATE_NONE;
        }

        if (keygate_scope_has(&seen, (unsigned) index)) {
            return KEYGATE_CONFLICT;
        }

        keygate_scope_add(&seen, (unsigned) index);
        scopes[i] = (uint16_t) index;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_scope_need_compile(const keygate_catalogue_t *c, keygate_str_t text,
    const keygate_pool_t *pool, keygate_need_t *need, keygate_str_t *culprit)
{
    unsigned             n;
    uint16_t            *scopes;
    keygate_rc_t         rc;
    keygate_need_kind_e  kind;

    /* until all is well: all of nothing, which no grant meets */

    need->kind = KEYGATE_NEED_ALL_OF;
    need->n = 0;
    need->scopes = NULL;

    *culprit = text;

    if (keygate_str_eq(text, KEYGATE_STR("public"))) {
        need->kind = KEYGATE_NEED_PUBLIC;
        return KEYGATE_OK;
    }

    if (keygate_str_eq(text, KEYGATE_STR("any"))) {
        need->kind = KEYGATE_NEED_ANY;
        return KEYGATE_OK;
    }

    if (keygate_str_eq(text, KEYGATE_STR("optional"))) {
        need->kind = KEYGATE_NEED_OPTIONAL;
        return KEYGATE_OK;
    }

    rc = keygate_need_shape(text, &kind, &n);
    if (rc != KEYGATE_OK) {
        return rc;
    }

    scopes = pool->alloc(pool->pool, n * sizeof(uint16_t));
    if (scopes == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = keygate_need_scopes(c, text, scopes, n, culprit);
    if (rc != KEYGATE_OK) {
        return rc;
    }

    need->kind = kind;
    need->n = n;
    need->scopes = scopes;

    return KEYGATE_OK;
}


int
keygate_scope_held(const keygate_catalogue_t *c, unsigned i,
    const keygate_set_t *grant)
{
    return i < c->n && keygate_scope_meets(&c->scopes[i].holders, grant);
}


int
keygate_scope_need_met(const keygate_catalogue_t *c, const keygate_need_t *need,
    const keygate_set_t *grant)
{
    unsigned  i, held;

    switch (need->kind) {

    case KEYGATE_NEED_PUBLIC:
    case KEYGATE_NEED_ANY:
    case KEYGATE_NEED_OPTIONAL:
        return 1;

    case KEYGATE_NEED_ALL_OF:
    case KEYGATE_NEED_ONE_OF:
        break;

    default:
        return 0;
    }

    held = 0;

    for (i = 0; i < need->n; i++) {
        held += keygate_scope_held(c, need->scopes[i], grant) != 0;
    }

    return need->kind == KEYGATE_NEED_ALL_OF ? held == need->n && held != 0
                                             : held != 0;
}
