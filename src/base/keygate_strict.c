/*
 * A JSON parser that keeps nothing but hashes of names, so that a body of any
 * content takes memory and time in proportion to its length.
 *
 * The hashes of all objects that are still open lie in one array, those of
 * the innermost at its end; they are compared when the object closes.  Names
 * whose hashes are equal by chance are refused as if they were equal.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_strict_private.h"


#define KEYGATE_STRICT_PAIRS  16   /* names that are compared one by one */


static int keygate_strict_value(keygate_strict_t *s);


static int
keygate_strict_note(keygate_strict_t *s)
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

    s->hashes[s->n++] = s->hash;

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


/* Whether all hashes from "first" on are different; takes them off. */

static int
keygate_strict_distinct(keygate_strict_t *s, size_t first)
{
    size_t     i, j, n;
    uint64_t  *h;

    h = s->hashes + first;
    n = s->n - first;
    s->n = first;

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


static int
keygate_strict_members(keygate_strict_t *s)
{
    int  set;

    do {
        keygate_strict_space(s);

        if (!keygate_strict_name(s) || !keygate_strict_note(s)) {
            return 0;
        }

        keygate_strict_space(s);

        if (!keygate_strict_char(s, ':')) {
            return 0;
        }

        keygate_strict_space(s);

        if (s->depth == 1) {
            set = s->p < s->end && *s->p != 'f' && *s->p != 'n';
            s->member(s->data, &s->name, set);
        }

        if (!keygate_strict_value(s)) {
            return 0;
        }

        keygate_strict_space(s);

    } while (keygate_strict_char(s, ','));

    return 1;
}


static int
keygate_strict_enter(keygate_strict_t *s, unsigned char c)
{
    if (!keygate_strict_char(s, c) || s->depth == KEYGATE_STRICT_DEPTH) {
        return 0;
    }

    s->depth++;
    keygate_strict_space(s);

    return 1;
}


static int
keygate_strict_braces(keygate_strict_t *s)
{
    size_t  first;

    if (!keygate_strict_enter(s, '{')) {
        return 0;
    }

    first = s->n;

    if (!keygate_strict_char(s, '}')
        && (!keygate_strict_members(s)
            || !keygate_strict_char(s, '}')
            || !keygate_strict_distinct(s, first)))
    {
        return 0;
    }

    s->depth--;

    return 1;
}


static int
keygate_strict_array(keygate_strict_t *s)
{
    if (!keygate_strict_enter(s, '[')) {
        return 0;
    }

    if (keygate_strict_char(s, ']')) {
        s->depth--;
        return 1;
    }

    do {
        keygate_strict_space(s);

        if (!keygate_strict_value(s)) {
            return 0;
        }

        keygate_strict_space(s);

    } while (keygate_strict_char(s, ','));

    s->depth--;

    return keygate_strict_char(s, ']');
}


static int
keygate_strict_value(keygate_strict_t *s)
{
    if (s->p == s->end) {
        return 0;
    }

    switch (*s->p) {

    case '{':
        return keygate_strict_braces(s);

    case '[':
        return keygate_strict_array(s);

    case '"':
        return keygate_strict_string(s);

    case 't':
        return keygate_strict_word(s, "true");

    case 'f':
        return keygate_strict_word(s, "false");

    case 'n':
        return keygate_strict_word(s, "null");

    default:
        return keygate_strict_number(s);
    }
}


keygate_rc_t
keygate_strict_object(keygate_str_t text, keygate_strict_pt member, void *data)
{
    int               whole;
    keygate_strict_t  s;

    memset(&s, 0, sizeof(keygate_strict_t));

    s.p = text.data;
    s.end = text.data + text.len;
    s.member = member;
    s.data = data;

    keygate_strict_space(&s);
    whole = keygate_strict_braces(&s);
    keygate_strict_space(&s);

    free(s.hashes);

    if (s.nomem) {
        return KEYGATE_NOMEM;
    }

    return (whole && s.p == s.end) ? KEYGATE_OK : KEYGATE_INVALID;
}
