/*
 * What lies in the engine that nodes share, by name.  ZONE is the hash tag:
 * all records of a zone are in one slot, so that scripts may touch them.
 *
 *   PREFIX:{ZONE}:meta            hash: format, epoch, seq, chain, digest,
 *                                 pepper
 *   PREFIX:{ZONE}:rec:00 to ff    hashes: "key:ID" or "account:ID" (a field)
 *                                 -> "SEQ LINE"; which of the 256 it is, the
 *                                 CRC-32 of the field tells
 *   PREFIX:{ZONE}:log             stream: SEQ-0 -> c (chain), l (LINE)
 *   PREFIX:{ZONE}:acks            sorted set: node -> the change that it has
 *   PREFIX:{ZONE}:nodes           hash: node -> "MS BOOT SEQ WORD STATUS"
 *   PREFIX:{ZONE.00}:h:FIELD to   hashes: the ledger of a holder of rates, as
 *          {ZONE.ff}              lease.lua has it; its tag is FIELD's bucket;
 *                                 "group:G:key:ID" for a group of routes
 */

#ifndef KEYGATE_STORE_H
#define KEYGATE_STORE_H

#include "keygate_record.h"


#define KEYGATE_STORE_BUCKETS     256
#define KEYGATE_STORE_PREFIX_MAX  64
#define KEYGATE_STORE_ZONE_MAX    63
#define KEYGATE_STORE_KEY_MAX     160   /* of such a name, NUL included */
#define KEYGATE_STORE_LEDGER_MAX  256   /* of a ledger's name, NUL included */
#define KEYGATE_STORE_FIELD_MAX   (KEYGATE_ID_MAX \
                                   + sizeof("group:0123456789abcdef:account:"))


typedef struct {
    keygate_str_t  prefix;
    keygate_str_t  zone;
} keygate_store_name_t;


/* The name of a key in the engine ("meta"), NUL-terminated; its length. */
size_t keygate_store_key(const keygate_store_name_t *name, const char *what,
    char key[KEYGATE_STORE_KEY_MAX]);

/* The field of a record, NUL-terminated; its length. */
size_t keygate_store_field(keygate_kind_e kind, keygate_str_t id,
    char field[KEYGATE_STORE_FIELD_MAX]);

/* For a ledger of what the record has used in a group of routes. */
size_t keygate_store_group_field(keygate_kind_e kind, keygate_str_t id,
    uint64_t group, char field[KEYGATE_STORE_FIELD_MAX]);

/* Which bucket a field is in, and the name of that one. */
unsigned keygate_store_bucket(keygate_str_t field);
size_t keygate_store_bucket_key(const keygate_store_name_t *name,
    unsigned bucket, char key[KEYGATE_STORE_KEY_MAX]);

/* The name of the ledger of a record that is a holder of rates. */
size_t keygate_store_ledger_key(const keygate_store_name_t *name,
    keygate_str_t field, char key[KEYGATE_STORE_LEDGER_MAX]);

/* The value of a field, "SEQ LINE": KEYGATE_OK or KEYGATE_INVALID. */
keygate_rc_t keygate_store_value(keygate_str_t value, uint64_t *seq,
    keygate_str_t *line);


#endif /* KEYGATE_STORE_H */
