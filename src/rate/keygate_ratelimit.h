/*
 * The rate header fields of draft-ietf-httpapi-ratelimit-headers, item by
 * item: nobody else knows what they look like.
 */

#ifndef KEYGATE_RATELIMIT_H
#define KEYGATE_RATELIMIT_H

#include "keygate_core.h"


/* Appends an item of RateLimit-Policy: the units ("q") of a rate, and its
 * window ("w") in seconds. */
void keygate_ratelimit_policy(keygate_buf_t *out, keygate_str_t name,
    uint32_t limit, uint32_t seconds);

/* Appends an item of RateLimit: the units that remain ("r"), and the seconds
 * until there are more ("t"). */
void keygate_ratelimit_left(keygate_buf_t *out, keygate_str_t name,
    uint32_t remaining, uint32_t reset);


#endif /* KEYGATE_RATELIMIT_H */
