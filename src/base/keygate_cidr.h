/*
 * CIDR blocks: parsed once, asked whether they hold an address.
 */

#ifndef KEYGATE_CIDR_H
#define KEYGATE_CIDR_H

#include "keygate_core.h"


/* A CIDR block; IPv4 as ::ffff:a.b.c.d with bits + 96. */

typedef struct {
    unsigned char  address[16];
    unsigned char  bits;
} keygate_cidr_t;


/*
 * Parses "203.0.113.0/24", "2001:db8::/32" or a bare address.  Host bits
 * that are set make it invalid.
 */
keygate_rc_t keygate_cidr_parse(keygate_str_t text, keygate_cidr_t *cidr);
int keygate_cidr_has(const keygate_cidr_t *cidrs, unsigned n,
    const unsigned char address[16]);


#endif /* KEYGATE_CIDR_H */
