/*
 * What was let in, looked at again: whether its key is live still.
 */

#include "keygate_decide_private.h"


keygate_code_e
keygate_decide_live(const keygate_table_t *table,
    keygate_digester_t *digester, keygate_str_t id, keygate_str_t credential,
    int64_t wall, int *found)
{
    keygate_rc_t    rc;
    keygate_key_t   key, owner;
    keygate_code_e  code;
    unsigned char   digest[KEYGATE_DIGEST_LEN];

    *found = 1;

    rc = keygate_table_find_id(table, id, &key);

    if (rc != KEYGATE_OK) {
        *found = rc != KEYGATE_NONE;
        return *found ? KEYGATE_ALLOWED : KEYGATE_CREDENTIAL_INVALID;
    }

    if (key.stale) {
        return KEYGATE_UNAVAILABLE;
    }

    code = keygate_decide_ended(&key, wall);

    if (code != KEYGATE_ALLOWED) {
        return code;
    }

    /* a rotation leaves the key and takes the secret */

    if (keygate_digest(digester, credential, digest) != KEYGATE_OK) {
        return KEYGATE_UNAVAILABLE;
    }

    rc = keygate_table_find(table, digest, wall, &owner);

    if (rc == KEYGATE_NONE
        || (rc == KEYGATE_OK
            && (owner.id_len != id.len
                || memcmp(owner.id, id.data, id.len) != 0)))
    {
        return KEYGATE_CREDENTIAL_INVALID;
    }

    if (key.account_stale) {
        return KEYGATE_UNAVAILABLE;
    }

    return keygate_decide_lapsed(&key, wall) ? KEYGATE_SUBSCRIPTION_LAPSED
                                             : KEYGATE_ALLOWED;
}
