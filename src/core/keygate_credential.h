/*
 * The shape of keys: making, recognizing and digesting them.
 */

#ifndef KEYGATE_CREDENTIAL_H
#define KEYGATE_CREDENTIAL_H

#include "keygate_core.h"


/*
 * PREFIX, then id_len base-36 upper-case characters, '_', and secret_len
 * base-62 characters.  With id_len 0 the key is opaque: PREFIX and secret
 * only; its id is generated apart from it.
 */

typedef struct {
    keygate_str_t  prefix;
    unsigned       id_len;
    unsigned       secret_len;
} keygate_format_t;


#define KEYGATE_FORMAT_ID_LEN      6   /* default id= */
#define KEYGATE_FORMAT_SECRET_LEN  24  /* default secret= */
#define KEYGATE_SECRET_MIN         8
#define KEYGATE_SECRET_MAX         128
#define KEYGATE_FORMAT_ID_MAX      32
#define KEYGATE_PREFIX_MAX         24


/*
 * Finds the first of "n" formats that "credential" has the shape of.
 * Returns its index and sets *id to the key's id inside the credential, which
 * is PREFIX and the public identifier (empty for an opaque key), or returns -1
 * and an empty *id.  Any bytes, any length; time depends on the length alone.
 */
int keygate_credential_parse(const keygate_format_t *formats, unsigned n,
    keygate_str_t credential, keygate_str_t *id);

/*
 * Makes a new credential of format "f" from OpenSSL's CSPRNG, unbiased.
 *
 *   id          out and in: at least KEYGATE_ID_MAX + 1 bytes.  Empty: a new
 *               id is made and stored there.  Not empty: the id of a key
 *               that is being rotated; it is kept.  NUL-terminated.  An
 *               opaque key may have any id of KEYGATE_ID_MAX bytes at most.
 *   credential  out: at least KEYGATE_CREDENTIAL_MAX + 1 bytes,
 *               NUL-terminated; the caller cleanses it after use.
 *
 * The id of an opaque key is "key_" and 12 base-36 characters.  Returns
 * KEYGATE_OK, KEYGATE_INVALID when a given id is not of this format or
 * when "f" is beyond the limits above, or KEYGATE_IO when there is no
 * randomness; then "credential" is empty.
 */
keygate_rc_t keygate_credential_make(const keygate_format_t *f, char *id,
    char *credential);


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


#endif /* KEYGATE_CREDENTIAL_H */
