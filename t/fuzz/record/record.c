/*
 * Any bytes as a journal line.  What is taken for a record is applied to a
 * table, written out again, and must come back as the same record; and read
 * the short way it is the same, or refused alike.
 */

#include "fuzz.h"

#include "keygate_table.h"


#define FUZZ_TABLE  (256 * 1024)


enum { REFUSED, KEY, ACCOUNT, DELETED, SCANNED, APPLIED };

const char *const  fuzz_shapes[] = {
    "no record", "a key", "an account", "a deletion",
    "a line that is read the short way", "a key in the table", NULL
};


static int
fuzz_same(const keygate_record_t *a, const keygate_record_t *b)
{
    unsigned  i;

    for (i = 0; i < a->n_scopes && i < b->n_scopes; i++) {
        if (!keygate_str_eq(a->scopes[i], b->scopes[i])) {
            return 0;
        }
    }

    for (i = 0; i < a->n_addresses && i < b->n_addresses; i++) {
        if (memcmp(a->addresses[i].address, b->addresses[i].address, 16) != 0
            || a->addresses[i].bits != b->addresses[i].bits)
        {
            return 0;
        }
    }

    return a->kind == b->kind && a->deleted == b->deleted
           && a->hmac == b->hmac && a->has_digest == b->has_digest
           && a->has_previous == b->has_previous
           && keygate_str_eq(a->id, b->id)
           && keygate_str_eq(a->account, b->account)
           && memcmp(a->digest, b->digest, KEYGATE_DIGEST_LEN) == 0
           && memcmp(a->previous, b->previous, KEYGATE_DIGEST_LEN) == 0
           && a->previous_until == b->previous_until
           && a->n_scopes == b->n_scopes
           && memcmp(a->limits, b->limits, sizeof(a->limits)) == 0
           && a->created_at == b->created_at
           && a->expires_at == b->expires_at
           && a->revoked_at == b->revoked_at
           && a->n_addresses == b->n_addresses
           && keygate_str_eq(a->name, b->name)
           && keygate_str_eq(a->plan, b->plan)
           && a->status == b->status
           && a->trial_ends_at == b->trial_ends_at;
}


/* The short way decides nothing by itself. */

static void
fuzz_scan(keygate_str_t line, keygate_rc_t rc, const keygate_record_t *record)
{
    keygate_fault_t   fault;
    keygate_record_t  scanned;

    must(keygate_record_scan(line, &scanned, &fault) == rc);

    if (rc != KEYGATE_OK) {
        return;
    }

    must(fuzz_same(record, &scanned));

    if (scanned.json == NULL) {
        fuzz_saw(SCANNED);
    }

    keygate_record_free(&scanned);
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
    must(fuzz_same(record, &again) && json_equal(again.json, record->json));
    fuzz_scan(line, KEYGATE_OK, record);

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
    fuzz_scan(line, rc, &record);

    if (rc != KEYGATE_OK) {
        must(rc == KEYGATE_INVALID && fault.reason != NULL);
        fuzz_saw(REFUSED);
        return 0;
    }

    fuzz_saw(record.deleted ? DELETED
             : record.kind == KEYGATE_KEY ? KEY : ACCOUNT);
    fuzz_round_trip(&record);

    now = keygate_rate_now(1000, 1780000000);
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
        fuzz_saw(APPLIED);
    }

    keygate_record_free(&record);

    return 0;
}
