/*
 * Names in the engine.
 */

#include <stdio.h>

#include "keygate_store.h"


size_t
keygate_store_key(const keygate_store_name_t *name, const char *what,
    char key[KEYGATE_STORE_KEY_MAX])
{
    int  n;

    n = snprintf(key, KEYGATE_STORE_KEY_MAX, "%.*s:{%.*s}:%s",
                 (int) name->prefix.len, (const char *) name->prefix.data,
                 (int) name->zone.len, (const char *) name->zone.data, what);

    return n < KEYGATE_STORE_KEY_MAX ? (size_t) n : KEYGATE_STORE_KEY_MAX - 1;
}


size_t
keygate_store_field(keygate_kind_e kind, keygate_str_t id,
    char field[KEYGATE_STORE_FIELD_MAX])
{
    return (size_t) snprintf(field, KEYGATE_STORE_FIELD_MAX, "%s:%.*s",
                             kind == KEYGATE_KEY ? "key" : "account",
                             (int) id.len, (const char *) id.data);
}


size_t
keygate_store_group_field(keygate_kind_e kind, keygate_str_t id,
    uint64_t group, char field[KEYGATE_STORE_FIELD_MAX])
{
    return (size_t) snprintf(field, KEYGATE_STORE_FIELD_MAX,
                             "group:%016llx:%s:%.*s",
                             (unsigned long long) group,
                             kind == KEYGATE_KEY ? "key" : "account",
                             (int) id.len, (const char *) id.data);
}


unsigned
keygate_store_bucket(keygate_str_t field)
{
    size_t    i;
    uint32_t  crc;
    unsigned  bit;

    /* CRC-32 as of zlib and Ethernet */

    for (crc = 0xffffffff, i = 0; i < field.len; i++) {
        crc ^= field.data[i];

        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }

    return ~crc & (KEYGATE_STORE_BUCKETS - 1);
}


size_t
keygate_store_bucket_key(const keygate_store_name_t *name, unsigned bucket,
    char key[KEYGATE_STORE_KEY_MAX])
{
    char  what[sizeof("rec:ff")];

    snprintf(what, sizeof(what), "rec:%02x", bucket & 0xff);

    return keygate_store_key(name, what, key);
}


size_t
keygate_store_ledger_key(const keygate_store_name_t *name,
    keygate_str_t field, char key[KEYGATE_STORE_LEDGER_MAX])
{
    int  n;

    n = snprintf(key, KEYGATE_STORE_LEDGER_MAX, "%.*s:{%.*s.%02x}:h:%.*s",
                 (int) name->prefix.len, (const char *) name->prefix.data,
                 (int) name->zone.len, (const char *) name->zone.data,
                 keygate_store_bucket(field), (int) field.len,
                 (const char *) field.data);

    return n < KEYGATE_STORE_LEDGER_MAX ? (size_t) n
                                        : KEYGATE_STORE_LEDGER_MAX - 1;
}


keygate_rc_t
keygate_store_value(keygate_str_t value, uint64_t *seq, keygate_str_t *line)
{
    size_t  i;

    for (*seq = 0, i = 0; i < value.len && i < 18; i++) {

        if (value.data[i] < '0' || value.data[i] > '9') {
            break;
        }

        *seq = *seq * 10 + (uint64_t) (value.data[i] - '0');
    }

    if (i == 0 || i == value.len || value.data[i] != ' ') {
        return KEYGATE_INVALID;
    }

    line->data = value.data + i + 1;
    line->len = value.len - i - 1;

    return line->len != 0 && line->len < KEYGATE_LINE_MAX ? KEYGATE_OK
                                                          : KEYGATE_INVALID;
}
