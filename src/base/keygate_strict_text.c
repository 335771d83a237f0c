/*
 * The words of strict JSON: strings and names.
 */

#include <string.h>

#include "keygate_fnv.h"
#include "keygate_strict_private.h"


static uint32_t keygate_strict_decode(const unsigned char *p, size_t n);
static uint32_t keygate_strict_fold(uint32_t c);
static int keygate_strict_letter(keygate_strict_t *s, uint32_t *c);


/* A well-formed sequence of "n" bytes. */

static uint32_t
keygate_strict_decode(const unsigned char *p, size_t n)
{
    size_t    i;
    uint32_t  c;

    c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    for (i = 1; i < n; i++) {
        c = c << 6 | (p[i] & 0x3f);
    }

    return c;
}


static uint32_t
keygate_strict_fold(uint32_t c)
{
    switch (c) {

    case 0x17f:
        return 's';

    case 0x212a:
        return 'k';

    default:
        return (c >= 'A' && c <= 'Z') ? c | 0x20 : c;
    }
}


/* One character of a string, '"' not being next. */

static int
keygate_strict_letter(keygate_strict_t *s, uint32_t *c)
{
    size_t  n;

    if (*s->lex.p < 0x20) {
        return 0;
    }

    if (*s->lex.p == '\\') {
        s->lex.p++;
        return keygate_lex_escape(&s->lex, c);
    }

    n = keygate_utf8(s->lex.p, s->lex.end);

    if (n == 0) {
        return 0;
    }

    *c = keygate_strict_decode(s->lex.p, n);
    s->lex.p += n;

    return 1;
}


int
keygate_strict_string(keygate_strict_t *s)
{
    uint32_t  c;

    if (!keygate_lex_char(&s->lex, '"')) {
        return 0;
    }

    while (s->lex.p < s->lex.end && *s->lex.p != '"') {

        /* nearly all letters are one byte, which means itself */

        if (*s->lex.p >= 0x20 && *s->lex.p < 0x80 && *s->lex.p != '\\') {
            s->lex.p++;
            continue;
        }

        if (!keygate_strict_letter(s, &c)) {
            return 0;
        }
    }

    return keygate_lex_char(&s->lex, '"');
}


int
keygate_strict_name(keygate_strict_t *s)
{
    uint32_t  c;

    s->hash = KEYGATE_FNV64_START;
    s->name.n = 0;

    if (!keygate_lex_char(&s->lex, '"')) {
        return 0;
    }

    while (s->lex.p < s->lex.end && *s->lex.p != '"') {

        /* a name with a NUL is a shorter one to whoever works with C strings */

        if (!keygate_strict_letter(s, &c) || c == 0) {
            return 0;
        }

        s->hash = keygate_fnv64_step(s->hash, c);

        if (s->name.n <= KEYGATE_NAME_MAX) {
            s->name.c[s->name.n++] = keygate_strict_fold(c);
        }
    }

    return keygate_lex_char(&s->lex, '"');
}


int
keygate_strict_is(const keygate_strict_name_t *name, keygate_str_t member)
{
    size_t                i, n;
    const unsigned char  *p, *end;

    p = member.data;
    end = p + member.len;

    for (i = 0; p < end; i++, p += n) {
        n = keygate_utf8(p, end);

        if (n == 0 || i == name->n
            || keygate_strict_fold(keygate_strict_decode(p, n)) != name->c[i])
        {
            return 0;
        }
    }

    return i == name->n;
}
