/*
 * A JSON parser that keeps nothing but hashes of names, so that a body of any
 * content takes memory and time in proportion to its length.
 *
 * The hashes of all objects that are still open lie in one array, those of
 * the innermost at its end, each object's behind the place where those of the
 * one around it begin; they are compared when the object closes.  Names
 * whose hashes are equal by chance are refused as if they were equal.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_strict_private.h"


#define KEYGATE_STRICT_PAIRS  16   /* names that are compared one by one */


/* What has been read. */

typedef enum {
    KEYGATE_STRICT_WRONG = 0,
    KEYGATE_STRICT_NEXT,           /* all up to where a value is expected */
    KEYGATE_STRICT_WHOLE           /* a value */
} keygate_strict_e;


static int keygate_strict_note(keygate_strict_t *s, uint64_t hash);
static int keygate_strict_compare(const void *a, const void *b);
static int keygate_strict_distinct(keygate_strict_t *s);
static keygate_strict_e keygate_strict_member(keygate_strict_t *s);
static int keygate_strict_in_object(const keygate_strict_t *s);
static keygate_strict_e keygate_strict_close(keygate_strict_t *s);
static keygate_strict_e keygate_strict_open(keygate_strict_t *s);
static keygate_strict_e keygate_strict_begin(keygate_strict_t *s);
static int keygate_strict_value(keygate_strict_t *s);


static int
keygate_strict_note(keygate_strict_t *s, uint64_t hash)
{
    size_t     size;
    uint64_t  *hashes;

    if (s->n == s->size) {
        size = s->size ? 2 * s->size : 64;
        hashes = realloc(s->hashes, size * sizeof(uint64_t));

        if (hashes == NULL) {
            s->nomem = 1;
            return 0;
        }

        s->hashes = hashes;
        s->size = size;
    }

    s->hashes[s->n++] = hash;

    return 1;
}


static int
keygate_strict_compare(const void *a, const void *b)
{
    uint64_t  x, y;

    x = *(const uint64_t *) a;
    y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


/* Whether all names of the innermost object are different; takes them off. */

static int
keygate_strict_distinct(keygate_strict_t *s)
{
    size_t     i, j, n;
    uint64_t  *h;

    h = s->hashes + s->first;
    n = s->n - s->first;
    s->n = s->first - 1;
    s->first = (size_t) s->hashes[s->n];

    if (n > KEYGATE_STRICT_PAIRS) {
        qsort(h, n, sizeof(uint64_t), keygate_strict_compare);

        for (i = 1; i < n && h[i] != h[i - 1]; i++) {
            /* void */
        }

        return i == n;
    }

    for (i = 1; i < n; i++) {
        for (j = 0; j < i; j++) {
            if (h[i] == h[j]) {
                return 0;
            }
        }
    }

    return 1;
}


/* Up to the value of a member. */

static keygate_strict_e
keygate_strict_member(keygate_strict_t *s)
{
    int  set;

    if (!keygate_strict_name(s) || !keygate_strict_note(s, s->hash)) {
        return KEYGATE_STRICT_WRONG;
    }

    keygate_lex_space(&s->lex);

    if (!keygate_lex_char(&s->lex, ':')) {
        return KEYGATE_STRICT_WRONG;
    }

    keygate_lex_space(&s->lex);

    if (s->depth == 1) {
        set = s->lex.p < s->lex.end && *s->lex.p != 'f' && *s->lex.p != 'n';
        s->member(s->data, &s->name, set);
    }

    return KEYGATE_STRICT_NEXT;
}


/* Whether the innermost that is open is an object, and not an array. */

static int
keygate_strict_in_object(const keygate_strict_t *s)
{
    return s->objects[(s->depth - 1) / 8] >> (s->depth - 1) % 8 & 1;
}


/* Its end, when it has come. */

static keygate_strict_e
keygate_strict_close(keygate_strict_t *s)
{
    if (keygate_strict_in_object(s)) {
        if (!keygate_lex_char(&s->lex, '}') || !keygate_strict_distinct(s)) {
            return KEYGATE_STRICT_WRONG;
        }

    } else if (!keygate_lex_char(&s->lex, ']')) {
        return KEYGATE_STRICT_WRONG;
    }

    s->depth--;

    return KEYGATE_STRICT_WHOLE;
}


static keygate_strict_e
keygate_strict_open(keygate_strict_t *s)
{
    int            object;
    unsigned char  bit, *bits;

    if (s->depth == KEYGATE_STRICT_DEPTH) {
        return KEYGATE_STRICT_WRONG;
    }

    object = *s->lex.p == '{';
    bits = &s->objects[s->depth / 8];
    bit = (unsigned char) (1u << s->depth % 8);
    *bits = (unsigned char) (object ? *bits | bit : *bits & ~bit);

    /* where the names of the object around it begin is among the hashes, too */

    if (object) {
        if (!keygate_strict_note(s, s->first)) {
            return KEYGATE_STRICT_WRONG;
        }

        s->first = s->n;
    }

    s->depth++;
    s->lex.p++;
    keygate_lex_space(&s->lex);

    if (s->lex.p < s->lex.end && *s->lex.p == (object ? '}' : ']')) {
        return keygate_strict_close(s);
    }

    return object ? keygate_strict_member(s) : KEYGATE_STRICT_NEXT;
}


/* A value, or as much of it as is before the first one inside. */

static keygate_strict_e
keygate_strict_begin(keygate_strict_t *s)
{
    int  real, whole;

    if (s->lex.p == s->lex.end) {
        return KEYGATE_STRICT_WRONG;
    }

    switch (*s->lex.p) {

    case '{':
    case '[':
        return keygate_strict_open(s);

    case '"':
        whole = keygate_strict_string(s);
        break;

    case 't':
        whole = keygate_lex_word(&s->lex, "true");
        break;

    case 'f':
        whole = keygate_lex_word(&s->lex, "false");
        break;

    case 'n':
        whole = keygate_lex_word(&s->lex, "null");
        break;

    default:
        whole = keygate_lex_number(&s->lex, &real);
    }

    return whole ? KEYGATE_STRICT_WHOLE : KEYGATE_STRICT_WRONG;
}


/* A value with all that is in it; no recursion, however deep it is. */

static int
keygate_strict_value(keygate_strict_t *s)
{
    keygate_strict_e  e;

    do {
        e = keygate_strict_begin(s);

        while (e == KEYGATE_STRICT_WHOLE && s->depth != 0) {
            keygate_lex_space(&s->lex);

            if (!keygate_lex_char(&s->lex, ',')) {
                e = keygate_strict_close(s);
                continue;
            }

            keygate_lex_space(&s->lex);
            e = keygate_strict_in_object(s) ? keygate_strict_member(s)
                                            : KEYGATE_STRICT_NEXT;
        }

    } while (e == KEYGATE_STRICT_NEXT);

    return e == KEYGATE_STRICT_WHOLE;
}


keygate_rc_t
keygate_strict_object(keygate_str_t text, keygate_strict_pt member, void *data)
{
    int               whole;
    keygate_strict_t  s;

    memset(&s, 0, sizeof(keygate_strict_t));

    s.lex.p = text.data;
    s.lex.end = text.data + text.len;
    s.member = member;
    s.data = data;

    keygate_lex_space(&s.lex);
    whole = s.lex.p < s.lex.end && *s.lex.p == '{' && keygate_strict_value(&s);
    keygate_lex_space(&s.lex);

    free(s.hashes);

    if (s.nomem) {
        return KEYGATE_NOMEM;
    }

    return (whole && s.lex.p == s.lex.end) ? KEYGATE_OK : KEYGATE_INVALID;
}
