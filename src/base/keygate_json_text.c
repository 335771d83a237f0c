/*
 * JSON: strings and numbers.
 */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "keygate_json_private.h"


/* The four digits of \uXXXX, behind the "u"; -1: they are none. */

static int32_t
keygate_json_hex(keygate_json_t *j)
{
    int       digit;
    int32_t   c;
    unsigned  i;

    if (j->end - j->p < 4) {
        return -1;
    }

    for (c = 0, i = 0; i < 4; i++) {
        digit = keygate_hex_value(*j->p++);

        if (digit == -1) {
            return -1;
        }

        c = c << 4 | digit;
    }

    return c;
}


/* A character that is written by its number, both halves of it. */

static int32_t
keygate_json_number_of(keygate_json_t *j)
{
    int32_t  c, low;

    c = keygate_json_hex(j);

    if (c < 0xd800 || c > 0xdfff) {
        return c;
    }

    if (c > 0xdbff || j->end - j->p < 6 || j->p[0] != '\\' || j->p[1] != 'u') {
        return -1;
    }

    j->p += 2;
    low = keygate_json_hex(j);

    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }

    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}


static char *
keygate_json_encode(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char) c;
        return out;
    }

    if (c < 0x800) {
        *out++ = (char) (0xc0 | c >> 6);

    } else {
        if (c < 0x10000) {
            *out++ = (char) (0xe0 | c >> 12);

        } else {
            *out++ = (char) (0xf0 | c >> 18);
            *out++ = (char) (0x80 | (c >> 12 & 0x3f));
        }

        *out++ = (char) (0x80 | (c >> 6 & 0x3f));
    }

    *out++ = (char) (0x80 | (c & 0x3f));

    return out;
}


/* What is behind a backslash; NULL: nothing that there is. */

static char *
keygate_json_escaped(keygate_json_t *j, int nul, char *out)
{
    int32_t      c;
    const char  *at;

    static const char  letters[] = "\"\\/bfnrt";
    static const char  meant[] = "\"\\/\b\f\n\r\t";

    if (j->p == j->end) {
        return NULL;
    }

    if (*j->p == 'u') {
        j->p++;
        c = keygate_json_number_of(j);

        return c < 0 || (c == 0 && !nul)
               ? NULL : keygate_json_encode(out, (uint32_t) c);
    }

    at = memchr(letters, *j->p, sizeof(letters) - 1);

    if (at == NULL) {
        return NULL;
    }

    j->p++;
    *out++ = meant[at - letters];

    return out;
}


int
keygate_json_string(keygate_json_t *j, int nul, size_t *len)
{
    char    *out, *start;
    size_t   n;

    start = out = j->decoded + j->top;

    for (j->p++; j->p < j->end && *j->p != '"'; /* void */ ) {

        if (*j->p == '\\') {
            j->p++;
            out = keygate_json_escaped(j, nul, out);

            if (out == NULL) {
                return keygate_json_fault(j, "an escape is wrong");
            }

            continue;
        }

        if (*j->p < 0x20) {
            return keygate_json_fault(j, "a control character is in a string");
        }

        n = keygate_utf8(j->p, j->end);

        if (n == 0) {
            return keygate_json_fault(j, "it is not UTF-8");
        }

        memcpy(out, j->p, n);
        out += n;
        j->p += n;
    }

    if (j->p == j->end) {
        return keygate_json_fault(j, "a string has no end");
    }

    j->p++;
    *out = '\0';
    *len = (size_t) (out - start);

    return 0;
}


static size_t
keygate_json_digits(const unsigned char *p, const unsigned char *end)
{
    size_t  n;

    for (n = 0; p + n < end && p[n] >= '0' && p[n] <= '9'; n++) {
        /* void */
    }

    return n;
}


/* The end of the number at "p", or NULL. */

static const unsigned char *
keygate_json_number_end(const keygate_json_t *j, int *real)
{
    size_t                n;
    const unsigned char  *p;

    *real = 0;
    p = j->p;
    p += p < j->end && *p == '-';

    n = keygate_json_digits(p, j->end);

    if (n == 0 || (n > 1 && *p == '0')) {
        return NULL;
    }

    p += n;

    if (p < j->end && *p == '.') {
        *real = 1;
        n = keygate_json_digits(++p, j->end);
        p += n;
    }

    if (n != 0 && p < j->end && (*p | 0x20) == 'e') {
        *real = 1;
        p++;
        p += p < j->end && (*p == '+' || *p == '-');
        n = keygate_json_digits(p, j->end);
        p += n;
    }

    return n == 0 ? NULL : p;
}


json_t *
keygate_json_number(keygate_json_t *j)
{
    int                   real;
    char                 *text, *point;
    size_t                len;
    double                d;
    long long             n;
    const unsigned char  *end;

    end = keygate_json_number_end(j, &real);

    if (end == NULL) {
        (void) keygate_json_fault(j, "a value is expected");
        return NULL;
    }

    len = (size_t) (end - j->p);
    text = j->decoded + j->top;
    memcpy(text, j->p, len);
    text[len] = '\0';

    errno = 0;

    if (!real) {
        n = strtoll(text, NULL, 10);

        if (errno != ERANGE) {
            j->p = end;
            return json_integer(n);
        }

        (void) keygate_json_fault(j, "a number is too large");
        return NULL;
    }

    point = strchr(text, '.');

    if (point != NULL) {
        *point = *localeconv()->decimal_point;
    }

    d = strtod(text, NULL);

    if (errno == ERANGE && (d == HUGE_VAL || d == -HUGE_VAL)) {
        (void) keygate_json_fault(j, "a number is too large");
        return NULL;
    }

    j->p = end;

    return json_real(d);
}
