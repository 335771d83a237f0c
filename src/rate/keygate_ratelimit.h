/*
 * The rate header fields of draft-ietf-httpapi-ratelimit-headers, item by
 * item: nobody else knows what they look like.
 */

#ifndef KEYGATE_RATELIMIT_H
#define KEYGATE_RATELIMIT_H

#include "keygate_rate.h"


/* Bytes of an item at most: of RateLimit-Policy without its name, of RateLimit
 * without what it begins with. */
#define KEYGATE_RATELIMIT_POLICY  (sizeof(", \"\";q=1000000000;w=2678400") - 1)
#define KEYGATE_RATELIMIT_LEFT    (sizeof(", 1000000000;t=2678400") - 1)

/* The label of a rate whose name is known when this is compiled. */
#define keygate_ratelimit_label(name)                                         \
    { keygate_string(name), keygate_string("\"" name "\";r=") }


/* Appends an item of RateLimit-Policy: the units ("q") of a rate, and its
 * window ("w") in seconds. */
void keygate_ratelimit_policy(keygate_buf_t *out, keygate_str_t name,
    uint32_t limit, uint32_t seconds);

/* Appends what an item of RateLimit begins with, for a label. */
void keygate_ratelimit_begin(keygate_buf_t *out, keygate_str_t name);

/* Writes an item of RateLimit at "p", the first one or another: the units that
 * remain ("r"), and the seconds until there are more ("t").  Returns where it
 * ends. */
unsigned char *keygate_ratelimit_left(unsigned char *p, int first,
    const keygate_label_t *label, uint32_t remaining, uint32_t reset);


#endif /* KEYGATE_RATELIMIT_H */
