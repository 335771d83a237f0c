/*
 * Strings of JSON: UTF-8, no lone surrogate, and no NUL, for names and texts go
 * where one would end them.
 */

#include "keygate_doc_private.h"


static int keygate_doc_json_hex(keygate_doc_json_t *j);
static size_t keygate_doc_json_utf8(uint32_t c, unsigned char *out);
static size_t keygate_doc_json_escaped(keygate_doc_json_t *j,
    unsigned char *out);
static size_t keygate_doc_json_escape(keygate_doc_json_t *j,
    unsigned char *out);


/* Four hex digits, or -1. */

static int
keygate_doc_json_hex(keygate_doc_json_t *j)
{
    int  i, n, digit;

    if (j->end - j->p < 4) {
        return -1;
    }

    for (n = 0, i = 0; i < 4; i++) {
        digit = keygate_hex_value(j->p[i]);

        if (digit == -1) {
            return -1;
        }

        n = n << 4 | digit;
    }

    j->p += 4;

    return n;
}


static size_t
keygate_doc_json_utf8(uint32_t c, unsigned char *out)
{
    if (c < 0x80) {
        out[0] = (unsigned char) c;
        return 1;
    }

    if (c < 0x800) {
        out[0] = (unsigned char) (0xc0 | c >> 6);
        out[1] = (unsigned char) (0x80 | (c & 0x3f));
        return 2;
    }

    if (c < 0x10000) {
        out[0] = (unsigned char) (0xe0 | c >> 12);
        out[1] = (unsigned char) (0x80 | (c >> 6 & 0x3f));
        out[2] = (unsigned char) (0x80 | (c & 0x3f));
        return 3;
    }

    out[0] = (unsigned char) (0xf0 | c >> 18);
    out[1] = (unsigned char) (0x80 | (c >> 12 & 0x3f));
    out[2] = (unsigned char) (0x80 | (c >> 6 & 0x3f));
    out[3] = (unsigned char) (0x80 | (c & 0x3f));

    return 4;
}


/* What is after "\u"; 0 when it is no character. */

static size_t
keygate_doc_json_escaped(keygate_doc_json_t *j, unsigned char *out)
{
    int  high, low;

    high = keygate_doc_json_hex(j);

    if (high < 1 || (high >= 0xdc00 && high <= 0xdfff)) {
        return 0;
    }

    if (high < 0xd800 || high > 0xdbff) {
        return keygate_doc_json_utf8((uint32_t) high, out);
    }

    if (j->end - j->p < 2 || j->p[0] != '\\' || j->p[1] != 'u') {
        return 0;
    }

    j->p += 2;
    low = keygate_doc_json_hex(j);

    if (low < 0xdc00 || low > 0xdfff) {
        return 0;
    }

    return keygate_doc_json_utf8(0x10000 + ((uint32_t) (high - 0xd800) << 10)
                                 + (uint32_t) (low - 0xdc00), out);
}


/* What is after '\'; 0 when it is no escape. */

static size_t
keygate_doc_json_escape(keygate_doc_json_t *j, unsigned char *out)
{
    unsigned char  c;

    if (j->p == j->end) {
        return 0;
    }

    c = *j->p++;

    switch (c) {

    case '"':
    case '\\':
    case '/':
        *out = c;
        return 1;

    case 'b':
        *out = '\b';
        return 1;

    case 'f':
        *out = '\f';
        return 1;

    case 'n':
        *out = '\n';
        return 1;

    case 'r':
        *out = '\r';
        return 1;

    case 't':
        *out = '\t';
        return 1;

    case 'u':
        return keygate_doc_json_escaped(j, out);

    default:
        return 0;
    }
}


int
keygate_doc_json_string(keygate_doc_json_t *j, keygate_str_t *s)
{
    size_t                n;
    unsigned char        *out;
    const unsigned char  *p;

    for (p = j->p; p < j->end && *p != '"'; p++) {
        p += *p == '\\' && p + 1 < j->end;
    }

    s->data = j->p;
    s->len = 0;
    out = NULL;

    if (memchr(j->p, '\\', (size_t) (p - j->p)) != NULL) {
        out = keygate_doc_alloc(j->doc, (size_t) (p - j->p));

        if (out == NULL) {
            keygate_doc_fail(j->doc, NULL, 0);
            return 0;
        }

        s->data = out;
    }

    while (j->p < j->end && *j->p != '"') {

        if (*j->p == '\\' && out != NULL) {
            j->p++;
            n = keygate_doc_json_escape(j, out + s->len);

        } else {
            n = *j->p < 0x20 ? 0 : keygate_utf8(j->p, j->end);

            if (out != NULL && n != 0) {
                memcpy(out + s->len, j->p, n);
            }

            j->p += n;
        }

        if (n == 0) {
            keygate_doc_fail(j->doc, "a string with what is no character of "
                             "one", j->line);
            return 0;
        }

        s->len += n;
    }

    if (j->p == j->end) {
        keygate_doc_fail(j->doc, "a string that does not end", j->line);
        return 0;
    }

    j->p++;

    return 1;
}
