/*
 * Digests: SHA-256, HMAC-SHA-256 under a pepper, and their text.
 */

#ifndef KEYGATE_DIGEST_H
#define KEYGATE_DIGEST_H

#include "keygate_core.h"


/*
 * A digester computes SHA-256 of a whole credential or, under a pepper of at
 * least 32 bytes, HMAC-SHA-256 (RFC 2104).  It holds what OpenSSL has fetched
 * for that, so make one per process, after fork; it is not thread-safe.
 */

typedef struct keygate_digester_s  keygate_digester_t;

/* An empty pepper means plain SHA-256.  The pepper is copied.  NULL: failed,
 * or the pepper has less than 32 bytes. */
keygate_digester_t *keygate_digester_create(keygate_str_t pepper);
void keygate_digester_destroy(keygate_digester_t *d);

/* Returns KEYGATE_OK, or KEYGATE_NOMEM when OpenSSL fails. */
keygate_rc_t keygate_digest(keygate_digester_t *d, keygate_str_t credential,
    unsigned char digest[KEYGATE_DIGEST_LEN]);

/* SHA-256 of anything, without a pepper; no memory is asked for.  Returns as
 * keygate_digest() does. */
keygate_rc_t keygate_digest_plain(keygate_str_t s,
    unsigned char digest[KEYGATE_DIGEST_LEN]);

/* Lower-case hex of a digest, 64 characters and a NUL; and back: KEYGATE_OK or
 * KEYGATE_INVALID unless "hex" is exactly 64 hex digits of any case. */
void keygate_digest_hex(const unsigned char digest[KEYGATE_DIGEST_LEN],
    char hex[2 * KEYGATE_DIGEST_LEN + 1]);
keygate_rc_t keygate_digest_unhex(keygate_str_t hex,
    unsigned char digest[KEYGATE_DIGEST_LEN]);

/* A digest as records have it: "sha256:" or, keyed, "hmac-sha256:" and its hex.
 * KEYGATE_OK or KEYGATE_INVALID. */
keygate_rc_t keygate_digest_parse(keygate_str_t text,
    unsigned char digest[KEYGATE_DIGEST_LEN], unsigned *keyed);


#endif /* KEYGATE_DIGEST_H */
