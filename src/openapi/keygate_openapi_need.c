/*
 * Needs as sets of scopes, and what two of them come to.
 */

#include <stdlib.h>

#include "keygate_openapi_private.h"


static int keygate_openapi_compare(const void *a, const void *b);
static int keygate_openapi_has(const keygate_openapi_need_t *need,
    unsigned scope);
static unsigned keygate_openapi_common(const keygate_openapi_need_t *a,
    const keygate_openapi_need_t *b);
static keygate_rc_t keygate_openapi_union(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *a, const keygate_openapi_need_t *b, int one,
    keygate_openapi_need_t *need);
static int keygate_openapi_wider(keygate_str_t a, keygate_str_t b);
static int keygate_openapi_listed(const char *const *words,
    keygate_str_t word);
static int keygate_openapi_whose(keygate_str_t a, keygate_str_t b);
static int keygate_openapi_same_end(keygate_str_t a, keygate_str_t b);


keygate_openapi_need_t
keygate_openapi_any(void)
{
    keygate_openapi_need_t  need;

    need.kind = KEYGATE_OPENAPI_NEED_ALL;
    need.n = 0;
    need.scopes = NULL;

    return need;
}


static int
keygate_openapi_compare(const void *a, const void *b)
{
    unsigned  x, y;

    x = *(const unsigned *) a;
    y = *(const unsigned *) b;

    return x < y ? -1 : x > y;
}


keygate_rc_t
keygate_openapi_need_of(keygate_openapi_work_t *w, const unsigned *scopes,
    unsigned n, int one, keygate_openapi_need_t *need)
{
    unsigned  i;

    *need = keygate_openapi_any();

    if (n == 0) {
        return KEYGATE_OK;
    }

    need->scopes = keygate_doc_alloc(w->doc, n * sizeof(unsigned));

    if (need->scopes == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(need->scopes, scopes, n * sizeof(unsigned));
    qsort(need->scopes, n, sizeof(unsigned), keygate_openapi_compare);

    for (i = 0; i < n; i++) {
        if (need->n == 0 || need->scopes[need->n - 1] != need->scopes[i]) {
            need->scopes[need->n++] = need->scopes[i];
        }
    }

    if (one && need->n > 1) {
        need->kind = KEYGATE_OPENAPI_NEED_ONE;
    }

    return keygate_openapi_steps(w, n);
}


static int
keygate_openapi_has(const keygate_openapi_need_t *need, unsigned scope)
{
    return bsearch(&scope, need->scopes, need->n, sizeof(unsigned),
                   keygate_openapi_compare)
           != NULL;
}


/* How many of a's scopes are b's. */

static unsigned
keygate_openapi_common(const keygate_openapi_need_t *a,
    const keygate_openapi_need_t *b)
{
    unsigned  i, n;

    for (n = 0, i = 0; i < a->n && b->n != 0; i++) {
        n += keygate_openapi_has(b, a->scopes[i]);
    }

    return n;
}


static keygate_rc_t
keygate_openapi_union(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *a, const keygate_openapi_need_t *b, int one,
    keygate_openapi_need_t *need)
{
    unsigned  *scopes;

    scopes = keygate_doc_alloc(w->doc, (a->n + b->n) * sizeof(unsigned));

    if (scopes == NULL) {
        return KEYGATE_NOMEM;
    }

    if (a->n != 0) {
        memcpy(scopes, a->scopes, a->n * sizeof(unsigned));
    }

    if (b->n != 0) {
        memcpy(scopes + a->n, b->scopes, b->n * sizeof(unsigned));
    }

    return keygate_openapi_need_of(w, scopes, a->n + b->n, one, need);
}


int
keygate_openapi_need_eq(const keygate_openapi_need_t *a,
    const keygate_openapi_need_t *b)
{
    return a->kind == b->kind && a->n == b->n
           && (a->n == 0 || memcmp(a->scopes, b->scopes,
                                   a->n * sizeof(unsigned)) == 0);
}


keygate_rc_t
keygate_openapi_both(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *a, const keygate_openapi_need_t *b,
    keygate_openapi_need_t *both)
{
    const keygate_openapi_need_t  *other;

    if (a->kind > b->kind) {
        other = a;
        a = b;
        b = other;
    }

    if (a->kind != KEYGATE_OPENAPI_NEED_ALL
        && a->kind != KEYGATE_OPENAPI_NEED_ONE)
    {
        *both = *b;
        return KEYGATE_OK;
    }

    if (b->kind == KEYGATE_OPENAPI_NEED_ALL) {
        return keygate_openapi_union(w, a, b, 0, both);
    }

    /* "one of" beside all of some, or beside another "one of" */

    if (a->kind == KEYGATE_OPENAPI_NEED_ALL) {
        *both = a->n == 0 ? *b : *a;

        return a->n == 0 || keygate_openapi_common(a, b) != 0
               ? KEYGATE_OK : KEYGATE_NONE;
    }

    *both = a->n < b->n ? *a : *b;

    return keygate_openapi_common(a, b) == both->n ? KEYGATE_OK : KEYGATE_NONE;
}


/* Of two that need scopes: one of them that the other holds anyway, or one of
 * all where each is enough. */

keygate_rc_t
keygate_openapi_either(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *a, const keygate_openapi_need_t *b,
    keygate_openapi_need_t *either)
{
    int       one_a, one_b;
    unsigned  common;

    common = keygate_openapi_common(a, b);
    one_a = a->kind == KEYGATE_OPENAPI_NEED_ONE || a->n == 1;
    one_b = b->kind == KEYGATE_OPENAPI_NEED_ONE || b->n == 1;

    if (one_a && one_b) {
        return keygate_openapi_union(w, a, b, 1, either);
    }

    if (one_a || one_b) {
        *either = one_a ? *a : *b;
        return common != 0 ? KEYGATE_OK : KEYGATE_NONE;
    }

    *either = a->n < b->n ? *a : *b;

    return common == either->n ? KEYGATE_OK : KEYGATE_NONE;
}


keygate_str_t
keygate_openapi_need_text(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *need)
{
    size_t          len;
    unsigned        i;
    keygate_buf_t   b;

    switch (need->kind) {

    case KEYGATE_OPENAPI_NEED_PUBLIC:
        return KEYGATE_STR("public");

    case KEYGATE_OPENAPI_NEED_OPTIONAL:
        return KEYGATE_STR("optional");

    default:
        break;
    }

    if (need->n == 0) {
        return KEYGATE_STR("any");
    }

    for (len = 0, i = 0; i < need->n; i++) {
        len += w->scopes[need->scopes[i]].name.len + 1;
    }

    b.size = len;
    b.len = 0;
    b.data = keygate_doc_alloc(w->doc, len);

    for (i = 0; i < need->n && b.data != NULL; i++) {
        if (i != 0) {
            keygate_buf_puts(&b, need->kind == KEYGATE_OPENAPI_NEED_ONE
                                 ? "|" : "&");
        }

        keygate_buf_put(&b, w->scopes[need->scopes[i]].name);
    }

    return (keygate_str_t) { b.data != NULL ? b.len : 0, b.data };
}


/* "x" and "x.read": the first is said to be enough for what the second is. */

static int
keygate_openapi_wider(keygate_str_t a, keygate_str_t b)
{
    return a.len < b.len && memcmp(a.data, b.data, a.len) == 0
           && strchr(".:_-/", b.data[a.len]) != NULL;
}


static int
keygate_openapi_listed(const char *const *words, keygate_str_t word)
{
    unsigned  i;

    for (i = 0; words[i] != NULL; i++) {
        if (keygate_str_eq(word, keygate_span(words[i]))) {
            return 1;
        }
    }

    return 0;
}


/* "x:user" and "x:bot", but not "x:read" and "x:write": who may do it, not
 * what. */

static int
keygate_openapi_whose(keygate_str_t a, keygate_str_t b)
{
    size_t  i;

    static const char *const  whose[] = {
        "user", "bot", "app", "admin", "team", "org", "self", "me", NULL
    };

    for (i = 0; i < a.len && i < b.len && a.data[i] == b.data[i]; i++) {
        /* void */
    }

    return i != 0 && i < b.len && strchr(".:_-/", a.data[i - 1]) != NULL
           && keygate_openapi_listed(whose,
                  (keygate_str_t) { a.len - i, a.data + i });
}


/* "a:read" and "b:read": to do the same on the one, or on the other. */

static int
keygate_openapi_same_end(keygate_str_t a, keygate_str_t b)
{
    size_t  i;

    static const char *const  actions[] = {
        "read", "write", "readonly", "view", "list", "manage", "edit", "all",
        NULL
    };

    for (i = 0; i < a.len && i < b.len; i++) {
        if (a.data[a.len - 1 - i] != b.data[b.len - 1 - i]) {
            return 0;
        }

        if (strchr(".:/", a.data[a.len - 1 - i]) != NULL) {
            return keygate_openapi_listed(actions,
                       (keygate_str_t) { i, a.data + a.len - i });
        }
    }

    return 0;
}


int
keygate_openapi_like_any(const keygate_openapi_work_t *w,
    const keygate_openapi_need_t *need)
{
    unsigned       i, k;
    keygate_str_t  a, b;

    if (need->kind != KEYGATE_OPENAPI_NEED_ALL || need->n < 2 || need->n > 64)
    {
        return 0;
    }

    for (i = 0; i < need->n; i++) {
        a = w->scopes[need->scopes[i]].name;

        if (a.data[a.len - 1] == '*') {
            return 1;
        }

        for (k = 0; k < need->n; k++) {
            b = w->scopes[need->scopes[k]].name;

            if (k != i && (keygate_openapi_wider(a, b)
                           || keygate_openapi_whose(a, b)
                           || keygate_openapi_same_end(a, b)))
            {
                return 1;
            }
        }
    }

    return 0;
}
