/*
 * The shape of keys: making and recognizing them.
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
 * Whether there is anything with the shape of a key in "text": clients do put
 * keys into paths, and no body or log line may repeat one.  It is found as it
 * is and where some of its bytes are percent-encoded, any number of times;
 * time is in proportion to the length.
 */
int keygate_credential_inside(const keygate_format_t *formats, unsigned n,
    keygate_str_t text);

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
 * Whether one of "n" formats puts such an id into its keys.  Opaque ones, which
 * have none in them, are not asked; "opaque" tells whether there are any.
 */
int keygate_credential_id_of(const keygate_format_t *formats, unsigned n,
    keygate_str_t id, int *opaque);


#endif /* KEYGATE_CREDENTIAL_H */
