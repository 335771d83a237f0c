/*
 * Reads keys out of header lines, one function for each kind of source.  What
 * is read is only found here, and judged elsewhere.
 */

#include <string.h>

#include "keygate_source.h"


static int keygate_source_scheme(keygate_str_t scheme, keygate_str_t value,
    keygate_str_t *rest);
static int keygate_source_item(keygate_str_t *list, keygate_str_t *item);
static unsigned keygate_source_params(const keygate_source_t *source,
    keygate_str_t rest, keygate_str_t *key);
static int keygate_source_base64(unsigned char c);
static unsigned keygate_source_basic(const keygate_source_t *source,
    keygate_str_t rest, unsigned char *room, keygate_str_t *key);
static int keygate_source_holds(const keygate_source_t *source,
    keygate_str_t item);
static unsigned keygate_source_protocols(const keygate_source_t *source,
    keygate_str_t value, keygate_str_t *key);


/* A NUL is in no header line, and so in no key that was ever given away. */

static const keygate_str_t  keygate_source_unreadable =
    { 1, (unsigned char *) "" };


int
keygate_source_authorization(const keygate_source_t *source)
{
    return source->kind == KEYGATE_SOURCE_BEARER
           || source->kind == KEYGATE_SOURCE_SCHEME
           || source->kind == KEYGATE_SOURCE_BASIC;
}


uint64_t
keygate_source_lengths(const keygate_source_t *sources, unsigned n)
{
    uint64_t  lengths;
    unsigned  i;

    lengths = keygate_source_length(sizeof("proxy-authorization") - 1);

    for (i = 0; i < n; i++) {
        lengths |= keygate_source_length(sources[i].lowcase.len);
    }

    return lengths;
}


unsigned
keygate_source_read(const keygate_source_t *source, keygate_str_t value,
    unsigned char *room, keygate_str_t *key)
{
    keygate_str_t  rest;

    if (source->kind == KEYGATE_SOURCE_HEADER) {
        *key = value;
        return 1;
    }

    if (source->kind == KEYGATE_SOURCE_WEBSOCKET) {
        return keygate_source_protocols(source, value, key);
    }

    if (!keygate_source_scheme(source->scheme, value, &rest)) {
        return 0;
    }

    if (source->kind == KEYGATE_SOURCE_BASIC) {
        return keygate_source_basic(source, rest, room, key);
    }

    if (source->param.len != 0) {
        return keygate_source_params(source, rest, key);
    }

    *key = rest;

    return 1;
}


/* RFC 9110, 11.4: the scheme in any case, then one or more spaces. */

static int
keygate_source_scheme(keygate_str_t scheme, keygate_str_t value,
    keygate_str_t *rest)
{
    size_t         i;
    unsigned char  a, b;

    if (value.len < scheme.len) {
        return 0;
    }

    for (i = 0; i < scheme.len; i++) {
        a = value.data[i];
        b = scheme.data[i];

        if (a != b
            && ((a | 0x20) != (b | 0x20) || (a | 0x20) < 'a'
                || (a | 0x20) > 'z'))
        {
            return 0;
        }
    }

    if (i < value.len && value.data[i] != ' ') {
        return 0;
    }

    while (i < value.len && value.data[i] == ' ') {
        i++;
    }

    rest->data = value.data + i;
    rest->len = value.len - i;

    return 1;
}


/* The next item of a list with commas, without the space around it; empty
 * items are passed over.  0 at the end.  A comma in quotes ends no item. */

static int
keygate_source_item(keygate_str_t *list, keygate_str_t *item)
{
    size_t                i;
    unsigned              quoted;
    const unsigned char  *p;

    do {
        if (list->len == 0) {
            return 0;
        }

        p = list->data;

        for (quoted = 0, i = 0; i < list->len; i++) {
            if (p[i] == '"') {
                quoted = !quoted;

            } else if (quoted && p[i] == '\\') {
                i += i + 1 < list->len;

            } else if (!quoted && (p[i] == ',' || p[i] == ';')) {
                break;
            }
        }

        item->data = p;
        item->len = i;

        i += i < list->len;
        list->data += i;
        list->len -= i;

        while (item->len != 0
               && (item->data[0] == ' ' || item->data[0] == '\t'))
        {
            item->data++;
            item->len--;
        }

        while (item->len != 0 && (item->data[item->len - 1] == ' '
                                  || item->data[item->len - 1] == '\t'))
        {
            item->len--;
        }

    } while (item->len == 0);

    return 1;
}


/* PARAM=KEY or PARAM="KEY" among other parameters. */

static unsigned
keygate_source_params(const keygate_source_t *source, keygate_str_t rest,
    keygate_str_t *key)
{
    unsigned       n;
    keygate_str_t  item, value;

    n = 0;

    while (keygate_source_item(&rest, &item)) {

        if (item.len <= source->param.len
            || !keygate_source_scheme(source->param,
                     (keygate_str_t) { source->param.len, item.data }, &value))
        {
            continue;
        }

        value.data = item.data + source->param.len;
        value.len = item.len - source->param.len;

        while (value.len != 0 && value.data[0] == ' ') {
            value.data++;
            value.len--;
        }

        if (value.len == 0 || value.data[0] != '=') {
            continue;
        }

        do {
            value.data++;
            value.len--;
        } while (value.len != 0 && value.data[0] == ' ');

        if (value.len != 0 && value.data[0] == '"') {
            if (value.len == 1 || value.data[value.len - 1] != '"'
                || memchr(value.data, '\\', value.len) != NULL)
            {
                value = keygate_source_unreadable;

            } else {
                value.data++;
                value.len -= 2;
            }
        }

        if (n++ == 0) {
            *key = value;
        }
    }

    return n > 1 ? 2 : n;
}


static int
keygate_source_base64(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' ? 62 : c == '/' ? 63 : -1;
}


/* RFC 7617: base64 of user, colon, password; the user has no colon. */

static unsigned
keygate_source_basic(const keygate_source_t *source, keygate_str_t rest,
    unsigned char *room, keygate_str_t *key)
{
    int                   digit;
    size_t                i, n;
    uint32_t              bits;
    const unsigned char  *colon;

    *key = keygate_source_unreadable;

    while (rest.len != 0 && rest.data[rest.len - 1] == '=') {
        rest.len--;
    }

    for (bits = 0, n = 0, i = 0; i < rest.len; i++) {
        digit = keygate_source_base64(rest.data[i]);

        if (digit == -1) {
            return 1;
        }

        bits = bits << 6 | (uint32_t) digit;

        if (i % 4 != 0) {
            room[n++] = (unsigned char) (bits >> (6 - 2 * (i % 4)));
        }
    }

    colon = n != 0 ? memchr(room, ':', n) : NULL;

    if (i % 4 == 1 || (n != 0 && colon == NULL)) {
        return 1;
    }

    if (n == 0) {
        *key = (keygate_str_t) { 0, room };

    } else if (source->password) {
        key->data = colon + 1;
        key->len = n - (size_t) (colon + 1 - room);

    } else {
        key->data = room;
        key->len = (size_t) (colon - room);
    }

    return 1;
}


static int
keygate_source_holds(const keygate_source_t *source, keygate_str_t item)
{
    return item.len >= source->prefix.len
           && memcmp(item.data, source->prefix.data, source->prefix.len) == 0;
}


static unsigned
keygate_source_protocols(const keygate_source_t *source, keygate_str_t value,
    keygate_str_t *key)
{
    unsigned       n;
    keygate_str_t  item;

    n = 0;

    while (keygate_source_item(&value, &item)) {

        if (keygate_source_holds(source, item) && n++ == 0) {
            key->data = item.data + source->prefix.len;
            key->len = item.len - source->prefix.len;
        }
    }

    return n > 1 ? 2 : n;
}


size_t
keygate_source_rest(const keygate_source_t *source, keygate_str_t value,
    unsigned char *out)
{
    size_t         len;
    keygate_str_t  item;

    len = 0;

    while (keygate_source_item(&value, &item)) {

        if (keygate_source_holds(source, item)) {
            continue;
        }

        if (len != 0) {
            out[len++] = ',';
        }

        memcpy(out + len, item.data, item.len);
        len += item.len;
    }

    return len;
}


void
keygate_source_describe(const keygate_source_t *source, keygate_buf_t *out)
{
    switch (source->kind) {

    case KEYGATE_SOURCE_BASIC:
        keygate_buf_puts(out, source->password
                              ? "the password of HTTP Basic"
                              : "the user name of HTTP Basic");
        return;

    case KEYGATE_SOURCE_WEBSOCKET:
        keygate_buf_puts(out, "the WebSocket subprotocol ");
        keygate_buf_put(out, source->prefix);
        keygate_buf_puts(out, "KEY");
        return;

    default:
        break;
    }

    keygate_buf_put(out, source->field);
    keygate_buf_puts(out, ": ");

    if (source->kind != KEYGATE_SOURCE_HEADER) {
        keygate_buf_put(out, source->scheme);
        keygate_buf_puts(out, " ");

        if (source->param.len != 0) {
            keygate_buf_put(out, source->param);
            keygate_buf_puts(out, "=");
        }
    }

    keygate_buf_puts(out, "KEY");
}
