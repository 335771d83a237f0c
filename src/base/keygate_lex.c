/*
 * The words of JSON: what is longer than a character.
 */

#include <string.h>

#include "keygate_lex.h"


static size_t keygate_lex_digits(keygate_lex_t *lex);
static int keygate_lex_unit(keygate_lex_t *lex, uint32_t *unit);


int
keygate_lex_word(keygate_lex_t *lex, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (lex->end - lex->p) < len || memcmp(lex->p, word, len) != 0) {
        return 0;
    }

    lex->p += len;

    return 1;
}


/* Takes digits; how many. */

static size_t
keygate_lex_digits(keygate_lex_t *lex)
{
    const unsigned char  *first;

    first = lex->p;

    while (lex->p < lex->end && *lex->p >= '0' && *lex->p <= '9') {
        lex->p++;
    }

    return (size_t) (lex->p - first);
}


int
keygate_lex_number(keygate_lex_t *lex, int *real)
{
    size_t         n;
    keygate_lex_t  at;

    at = *lex;
    *real = 0;

    (void) keygate_lex_char(&at, '-');

    n = keygate_lex_char(&at, '0') ? keygate_lex_digits(&at) == 0
                                   : keygate_lex_digits(&at);

    if (n != 0 && keygate_lex_char(&at, '.')) {
        *real = 1;
        n = keygate_lex_digits(&at);
    }

    if (n != 0 && (keygate_lex_char(&at, 'e') || keygate_lex_char(&at, 'E'))) {
        *real = 1;

        if (!keygate_lex_char(&at, '+')) {
            (void) keygate_lex_char(&at, '-');
        }

        n = keygate_lex_digits(&at);
    }

    if (n == 0) {
        return 0;
    }

    *lex = at;

    return 1;
}


/* The four digits of "\u". */

static int
keygate_lex_unit(keygate_lex_t *lex, uint32_t *unit)
{
    int       digit;
    unsigned  i;

    if (lex->end - lex->p < 4) {
        return 0;
    }

    *unit = 0;

    for (i = 0; i < 4; i++) {
        digit = keygate_hex_value(*lex->p++);

        if (digit == -1) {
            return 0;
        }

        *unit = *unit << 4 | (unsigned) digit;
    }

    return 1;
}


int
keygate_lex_escape(keygate_lex_t *lex, uint32_t *c)
{
    uint32_t     low;
    const char  *found;

    static const char  letters[] = "\"\\/bfnrt";
    static const char  meant[] = "\"\\/\b\f\n\r\t";

    if (lex->p == lex->end) {
        return 0;
    }

    found = memchr(letters, *lex->p, sizeof(letters) - 1);

    if (found) {
        lex->p++;
        *c = (unsigned char) meant[found - letters];
        return 1;
    }

    if (!keygate_lex_char(lex, 'u') || !keygate_lex_unit(lex, c)) {
        return 0;
    }

    if (*c < 0xd800 || *c > 0xdfff) {
        return 1;
    }

    if (*c > 0xdbff
        || !keygate_lex_word(lex, "\\u") || !keygate_lex_unit(lex, &low)
        || low < 0xdc00 || low > 0xdfff)
    {
        return 0;
    }

    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);

    return 1;
}
