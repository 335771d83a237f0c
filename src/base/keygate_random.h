/*
 * Characters by chance.
 */

#ifndef KEYGATE_RANDOM_H
#define KEYGATE_RANDOM_H

#include "keygate_core.h"


/*
 * Puts "n" characters of the first "base" of "alphabet" into "out", without a
 * NUL.  Each is as likely as any other: bytes at or above the largest multiple
 * of "base" are thrown away, since a plain remainder would make the first
 * characters more frequent.  KEYGATE_OK, or KEYGATE_IO and errno.
 *
 * The kernel is asked, not OpenSSL: that would ask for memory, and in a thread
 * of its own OpenSSL 3.6 does not survive that there is none.
 */
keygate_rc_t keygate_random(const char *alphabet, unsigned base, unsigned n,
    char *out);


#endif /* KEYGATE_RANDOM_H */
