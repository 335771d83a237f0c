/*
 * The words of strict JSON: punctuation, numbers, strings and names.
 */

#include <string.h>

#include "keygate_strict_private.h"


#define KEYGATE_HASH_BASIS  UINT64_C(0xcbf29ce484222325)
#define KEYGATE_HASH_PRIME  UINT64_C(0x100000001b3)


void
keygate_strict_space(keygate_strict_t *s)
{
    while (s->p < s->end
           && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'
               || *s->p == '\n'))
    {
        s->p++;
    }
}


int
keygate_strict_char(keygate_strict_t *s, unsigned char c)
{
    if (s->p == s->end || *s->p != c) {
        return 0;
    }

    s->p++;

    return 1;
}


int
keygate_strict_word(keygate_strict_t *s, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (s->end - s->p) < len || memcmp(s->p, word, len) != 0) {
        return 0;
    }

    s->p += len;

    return 1;
}


static int
keygate_strict_digits(keygate_strict_t *s)
{
    const unsigned char  *first;

    for (first = s->p; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        /* void */
    }

    return s->p != first;
}


int
keygate_strict_number(keygate_strict_t *s)
{
    (void) keygate_strict_char(s, '-');

    if (!keygate_strict_char(s, '0') && !keygate_strict_digits(s)) {
        return 0;
    }

    if (keygate_strict_char(s, '.') && !keygate_strict_digits(s)) {
        return 0;
    }

    if (keygate_strict_char(s, 'e') || keygate_strict_char(s, 'E')) {
        if (!keygate_strict_char(s, '+')) {
            (void) keygate_strict_char(s, '-');
        }

        return keygate_strict_digits(s);
    }

    return 1;
}


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


/* The four digits of "\u". */

static int
keygate_strict_unit(keygate_strict_t *s, uint32_t *unit)
{
    int       digit;
    unsigned  i;

    if (s->end - s->p < 4) {
        return 0;
    }

    *unit = 0;

    for (i = 0; i < 4; i++) {
        digit = keygate_hex_value(*s->p++);

        if (digit == -1) {
            return 0;
        }

        *unit = *unit << 4 | (unsigned) digit;
    }

    return 1;
}


/* What follows a '\'. */

static int
keygate_strict_escape(keygate_strict_t *s, uint32_t *c)
{
    uint32_t     low;
    const char  *found;

    static const char  letters[] = "\"\\/bfnrt";
    static const char  meant[] = "\"\\/\b\f\n\r\t";

    if (s->p == s->end || *s->p == '\0') {
        return 0;
    }

    found = strchr(letters, *s->p);

    if (found) {
        s->p++;
        *c = (unsigned char) meant[found - letters];
        return 1;
    }

    if (!keygate_strict_char(s, 'u') || !keygate_strict_unit(s, c)) {
        return 0;
    }

    if (*c < 0xd800 || *c > 0xdfff) {
        return 1;
    }

    if (*c > 0xdbff
        || !keygate_strict_word(s, "\\u") || !keygate_strict_unit(s, &low)
        || low < 0xdc00 || low > 0xdfff)
    {
        return 0;
    }

    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);

    return 1;
}


/* One character of a string, '"' not being next. */

static int
keygate_strict_letter(keygate_strict_t *s, uint32_t *c)
{
    size_t  n;

    if (*s->p < 0x20) {
        return 0;
    }

    if (*s->p == '\\') {
        s->p++;
        return keygate_strict_escape(s, c);
    }

    n = keygate_utf8(s->p, s->end);

    if (n == 0) {
        return 0;
    }

    *c = keygate_strict_decode(s->p, n);
    s->p += n;

    return 1;
}


int
keygate_strict_string(keygate_strict_t *s)
{
    uint32_t  c;

    if (!keygate_strict_char(s, '"')) {
        return 0;
    }

    while (s->p < s->end && *s->p != '"') {
        if (!keygate_strict_letter(s, &c)) {
            return 0;
        }
    }

    return keygate_strict_char(s, '"');
}


int
keygate_strict_name(keygate_strict_t *s)
{
    uint32_t  c;

    s->hash = KEYGATE_HASH_BASIS;
    s->name.n = 0;

    if (!keygate_strict_char(s, '"')) {
        return 0;
    }

    while (s->p < s->end && *s->p != '"') {

        /* a name with a NUL is a shorter one to whoever works with C strings */

        if (!keygate_strict_letter(s, &c) || c == 0) {
            return 0;
        }

        s->hash = (s->hash ^ c) * KEYGATE_HASH_PRIME;

        if (s->name.n <= KEYGATE_NAME_MAX) {
            s->name.c[s->name.n++] = keygate_strict_fold(c);
        }
    }

    return keygate_strict_char(s, '"');
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
