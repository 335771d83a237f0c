/*
 * What every part of the core uses: comparing spans, writing into a bounded
 * buffer, JSON strings, UTF-8.
 */

#include <string.h>

#include "keygate_core.h"


static int keygate_json_escaped(const unsigned char *p,
    const unsigned char *end, size_t *n);
static void keygate_json_escape(keygate_buf_t *b, int code);


int
keygate_str_eq(keygate_str_t a, keygate_str_t b)
{
    return a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


void
keygate_buf_put(keygate_buf_t *b, keygate_str_t s)
{
    size_t  n;

    n = b->len < b->size ? b->size - b->len : 0;

    if (n > s.len) {
        n = s.len;
    }

    if (n != 0) {
        memcpy(b->data + b->len, s.data, n);
    }

    b->len += s.len;
}


void
keygate_buf_num(keygate_buf_t *b, int64_t n)
{
    uint64_t        u;
    keygate_str_t   span;
    unsigned char  *p, text[20];

    /* INT64_MIN has no positive twin, hence unsigned */

    u = n < 0 ? 0 - (uint64_t) n : (uint64_t) n;
    p = text + sizeof(text);

    do {
        *--p = (unsigned char) ('0' + u % 10);
        u /= 10;
    } while (u != 0);

    if (n < 0) {
        *--p = '-';
    }

    span.data = p;
    span.len = (size_t) (text + sizeof(text) - p);

    keygate_buf_put(b, span);
}


/*
 * The code point to be escaped at "p", with *n the bytes that it takes there;
 * or -1, with *n the bytes that may stay as they are.
 */

static int
keygate_json_escaped(const unsigned char *p, const unsigned char *end,
    size_t *n)
{
    *n = keygate_utf8(p, end);

    switch (*n) {

    case 0:
        *n = 1;
        return 0xfffd;

    case 1:
        if (*p < 0x20 || *p == 0x7f || *p == '"' || *p == '\\' || *p == '<'
            || *p == '>')
        {
            return *p;
        }

        return -1;

    case 2:
        return p[0] == 0xc2 && p[1] < 0xa0 ? p[1] : -1;

    case 3:
        if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) {
            return 0x2000 | (p[2] & 0x3f);
        }

        return -1;

    default:
        return -1;
    }
}


static void
keygate_json_escape(keygate_buf_t *b, int code)
{
    char           text[7];
    unsigned char  bytes[2];

    text[0] = '\\';
    text[2] = '\0';

    switch (code) {

    case '"':
    case '\\':
        text[1] = (char) code;
        break;

    case '\n':
        text[1] = 'n';
        break;

    case '\r':
        text[1] = 'r';
        break;

    case '\t':
        text[1] = 't';
        break;

    default:
        text[1] = 'u';
        bytes[0] = (unsigned char) (code >> 8);
        bytes[1] = (unsigned char) code;
        keygate_hex_text(bytes, sizeof(bytes), text + 2);
        break;
    }

    keygate_buf_puts(b, text);
}


/* What nearly every byte is, and what needs no second look. */

static const unsigned char  keygate_json_plain[256] = {
    [' '] = 1, ['!'] = 1, ['#' ... ';'] = 1, ['='] = 1,
    ['?' ... '['] = 1, [']' ... '~'] = 1
};


void
keygate_buf_json_part(keygate_buf_t *b, keygate_str_t s)
{
    int                   code;
    size_t                n;
    keygate_str_t         run;
    const unsigned char  *p, *end;

    if (s.len == 0) {
        return;
    }

    p = s.data;
    end = s.data + s.len;
    run.data = p;

    for ( ;; ) {
        while (p < end && keygate_json_plain[*p]) {
            p++;
        }

        if (p == end) {
            break;
        }

        code = keygate_json_escaped(p, end, &n);

        if (code != -1) {
            run.len = (size_t) (p - run.data);
            keygate_buf_put(b, run);
            keygate_json_escape(b, code);
            run.data = p + n;
        }

        p += n;
    }

    run.len = (size_t) (end - run.data);
    keygate_buf_put(b, run);
}


void
keygate_buf_json(keygate_buf_t *b, keygate_str_t s)
{
    keygate_buf_puts(b, "\"");
    keygate_buf_json_part(b, s);
    keygate_buf_puts(b, "\"");
}


void
keygate_hex_pair(unsigned char c, char pair[2])
{
    static const char  digits[] = "0123456789ABCDEF";

    pair[0] = digits[c >> 4];
    pair[1] = digits[c & 0xf];
}


/* A digit is the same with that bit, which makes a letter a small one. */

void
keygate_hex_text(const unsigned char *bytes, size_t n, char *text)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        keygate_hex_pair(bytes[i], text + 2 * i);
        text[2 * i] |= 0x20;
        text[2 * i + 1] |= 0x20;
    }

    text[2 * n] = '\0';
}


int
keygate_hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


size_t
keygate_utf8(const unsigned char *p, const unsigned char *end)
{
    size_t         i, n;
    unsigned char  low, high;

    if (p[0] < 0x80) {
        return 1;
    }

    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }

    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if ((size_t) (end - p) < n) {
        return 0;
    }

    low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;

    if (p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}
