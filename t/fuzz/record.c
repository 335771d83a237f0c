/*
 * Any bytes as a journal line.  What is taken for a record is applied to a
 * table, written out again, and must come back as the same record.
 */

#include <stdlib.h>
#include <string.h>

#include "../../src/core/keygate_table.h"


#define FUZZ_TABLE  (256 * 1024)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
must(int condition)
{
    if (!condition) {
        abort();
    }
}


static void
fuzz_round_trip(const keygate_record_t *record)
{
    char              *text;
    size_t             len;
    keygate_str_t      line;
    keygate_fault_t    fault;
    keygate_record_t   again;

    text = keygate_record_line(record->kind, record->json, &len);

    if (text == NULL) {
        return;
    }

    must(len > 0 && text[len - 1] == '\n');
    must(memchr(text, '\n', len - 1) == NULL);

    line.data = (unsigned char *) text;
    line.len = len - 1;

    must(keygate_record_parse(line, &again, &fault) == KEYGATE_OK);
    must(again.kind == record->kind && again.deleted == record->deleted
         && keygate_str_eq(again.id, record->id)
         && again.expires_at == record->expires_at
         && again.revoked_at == record->revoked_at
         && memcmp(again.digest, record->digest, KEYGATE_DIGEST_LEN) == 0
         && json_equal(again.json, record->json));

    keygate_record_free(&again);
    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    keygate_rc_t              rc;
    keygate_key_t             key;
    keygate_now_t             now;
    keygate_str_t             line;
    keygate_table_t          *t;
    keygate_fault_t           fault;
    keygate_record_t          record;

    static uint64_t             mem[FUZZ_TABLE / 8];
    static const unsigned char  seed[16];

    line.data = data;
    line.len = size;

    rc = keygate_record_parse(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        must(rc != KEYGATE_INVALID || fault.reason != NULL);
        return 0;
    }

    fuzz_round_trip(&record);

    now = keygate_now(1000, 1780000000);
    memset(mem, 0, sizeof(mem));
    t = keygate_table_init(mem, sizeof(mem), seed);
    must(t != NULL);

    if (keygate_table_apply(t, &record, 0, &now) == KEYGATE_OK
        && record.kind == KEYGATE_KEY && !record.deleted)
    {
        must(keygate_table_find(t, record.digest, now.wall, &key)
             == KEYGATE_OK);
        must(key.id_len == record.id.len
             && memcmp(key.id, record.id.data, key.id_len) == 0
             && key.expires_at == record.expires_at
             && key.revoked_at == record.revoked_at);
        must(keygate_table_apply(t, &record, 0, &now) == KEYGATE_OK);
    }

    keygate_record_free(&record);

    return 0;
}
