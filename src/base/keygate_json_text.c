/*
 * JSON: strings and numbers.
 */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "keygate_json_private.h"


static char *keygate_json_encode(char *out, uint32_t c);
static json_t *keygate_json_large(keygate_json_t *j, const unsigned char *end);


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


int
keygate_json_string(keygate_json_t *j, int nul, size_t *len)
{
    char      *out, *start;
    size_t     n;
    uint32_t   c;

    start = out = j->decoded + j->top;

    for (j->lex.p++; j->lex.p < j->lex.end && *j->lex.p != '"'; /* void */ ) {

        if (*j->lex.p == '\\') {
            j->lex.p++;

            if (!keygate_lex_escape(&j->lex, &c) || (c == 0 && !nul)) {
                return keygate_json_fault(j, "an escape is wrong");
            }

            out = keygate_json_encode(out, c);
            continue;
        }

        if (*j->lex.p < 0x20) {
            return keygate_json_fault(j, "a control character is in a string");
        }

        n = keygate_utf8(j->lex.p, j->lex.end);

        if (n == 0) {
            return keygate_json_fault(j, "it is not UTF-8");
        }

        memcpy(out, j->lex.p, n);
        out += n;
        j->lex.p += n;
    }

    if (j->lex.p == j->lex.end) {
        return keygate_json_fault(j, "a string has no end");
    }

    j->lex.p++;
    *out = '\0';
    *len = (size_t) (out - start);

    return 0;
}


/* A number that is too large, up to "end". */

static json_t *
keygate_json_large(keygate_json_t *j, const unsigned char *end)
{
    char    *text;
    size_t   len;

    if (!j->wide) {
        (void) keygate_json_fault(j, "a number is too large");
        return NULL;
    }

    /* the list around it, or the NUL behind all, is one byte of the text that
       is not decoded */

    len = (size_t) (end - j->lex.p);
    text = j->decoded + j->top;
    text[0] = KEYGATE_JSON_MARK;
    memcpy(text + 1, j->lex.p, len);
    j->lex.p = end;

    return json_stringn_nocheck(text, len + 1);
}


json_t *
keygate_json_number(keygate_json_t *j)
{
    int                   real;
    char                 *text, *point;
    size_t                len;
    double                d;
    long long             n;
    keygate_lex_t         rest;
    const unsigned char  *end;

    rest = j->lex;

    if (!keygate_lex_number(&rest, &real)) {
        (void) keygate_json_fault(j, "a value is expected");
        return NULL;
    }

    end = rest.p;
    len = (size_t) (end - j->lex.p);
    text = j->decoded + j->top;
    memcpy(text, j->lex.p, len);
    text[len] = '\0';

    errno = 0;

    if (!real) {
        n = strtoll(text, NULL, 10);

        if (errno != ERANGE) {
            j->lex.p = end;
            return json_integer(n);
        }

        return keygate_json_large(j, end);
    }

    point = strchr(text, '.');

    if (point != NULL) {
        *point = *localeconv()->decimal_point;
    }

    d = strtod(text, NULL);

    if (errno == ERANGE && (d == HUGE_VAL || d == -HUGE_VAL)) {
        return keygate_json_large(j, end);
    }

    j->lex.p = end;

    return json_real(d);
}


int
keygate_json_fault(keygate_json_t *j, const char *reason)
{
    if (j->reason == NULL) {
        j->reason = reason;
    }

    return -1;
}
