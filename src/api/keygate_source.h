/*
 * Where a key is sent: the sources of an API, and how a header line of one is
 * read.  Which lines a request has is for the caller to find out.
 */

#ifndef KEYGATE_SOURCE_H
#define KEYGATE_SOURCE_H

#include "keygate_core.h"


typedef enum {
    KEYGATE_SOURCE_HEADER = 0,   /* a field of its own */
    KEYGATE_SOURCE_BEARER,       /* Authorization: Bearer KEY */
    KEYGATE_SOURCE_SCHEME,       /* Authorization: SCHEME KEY or PARAM=KEY */
    KEYGATE_SOURCE_BASIC,        /* Authorization: Basic, user or password */
    KEYGATE_SOURCE_WEBSOCKET     /* Sec-WebSocket-Protocol: PREFIXKEY, ... */
} keygate_source_e;


typedef struct {
    keygate_source_e  kind;
    keygate_str_t     field;       /* as written, or the field of the kind */
    keygate_str_t     lowcase;     /* the same in lower case */
    keygate_str_t     scheme;      /* of those in Authorization */
    keygate_str_t     param;       /* of SCHEME; empty: the key alone */
    keygate_str_t     prefix;      /* of WEBSOCKET */
    unsigned          line;        /* of the directive */
    unsigned          password:1;  /* BASIC: the key is the password */
} keygate_source_t;


/* Whether it is one of those that share Authorization. */
int keygate_source_authorization(const keygate_source_t *source);

/*
 * The length of a field's name as a bit.  Most lines of a request have another
 * one than all that are looked for, and need no second look.
 */
static inline uint64_t
keygate_source_length(size_t len)
{
    return (uint64_t) 1 << (len < 63 ? len : 63);
}

/* The bits of all fields that a key may come in, Proxy-Authorization among
 * them. */
uint64_t keygate_source_lengths(const keygate_source_t *sources, unsigned n);

/*
 * Reads the value of one line of the source's field.  Returns how many keys
 * are sent in it, 2 for more than one; *key is the first of them, and may be
 * empty.  0: the line is none of this source.  A line of the source that
 * cannot be read gives a key that is no key of anybody.
 *
 * "room" is for what has to be decoded: value.len bytes, used by BASIC only;
 * *key may point into it, or into the value.
 */
unsigned keygate_source_read(const keygate_source_t *source,
    keygate_str_t value, unsigned char *room, keygate_str_t *key);

/*
 * WEBSOCKET: copies the subprotocols that hold no key to "out", which has room
 * for value.len bytes, and returns their length: "value" without the keys.
 */
size_t keygate_source_rest(const keygate_source_t *source,
    keygate_str_t value, unsigned char *out);

/* How a key is sent, in words for a developer: "X-Api-Key: KEY". */
void keygate_source_describe(const keygate_source_t *source,
    keygate_buf_t *out);


#endif /* KEYGATE_SOURCE_H */
