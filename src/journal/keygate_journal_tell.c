/*
 * Changes by those who cannot tell of them where the table is, as the command:
 * whoever applies their lines says what each record was, and what it is now.
 */

#include <string.h>

#include "keygate_journal_private.h"


static int keygate_tell_due(const keygate_journal_t *j, keygate_table_t *t,
    const keygate_record_t *record);
static uint64_t keygate_tell_place(const keygate_table_t *t,
    const keygate_record_t *record);


void
keygate_journal_before(keygate_journal_t *j, keygate_table_t *t,
    const keygate_record_t *record, keygate_told_t *told)
{
    uint64_t          at;
    keygate_reader_t  r;

    told->due = keygate_tell_due(j, t, record);
    told->known = 0;
    told->read = 0;

    if (!told->due) {
        return;
    }

    memset(&told->before, 0, sizeof(keygate_record_t));

    told->known = keygate_table_has(t, record->kind, record->id);

    if (!told->known) {
        return;
    }

    at = keygate_tell_place(t, record);
    memset(&r, 0, sizeof(keygate_reader_t));

    if (keygate_reader_init(&r) == KEYGATE_OK) {
        keygate_reader_start(&r, j->reader.fd, at, j->reader.limit);

        told->read = keygate_journal_read_at(j, &r, at, record->kind,
                                             record->id, &told->before)
                     == KEYGATE_OK;
    }

    keygate_reader_free(&r);
}


void
keygate_journal_told(keygate_journal_t *j, keygate_str_t line,
    keygate_told_t *told, int applied)
{
    keygate_fault_t   fault;
    keygate_record_t  after;

    if (told->due && applied
        && keygate_record_parse(line, &after, &fault) == KEYGATE_OK)
    {
        j->conf.told(j->conf.data, told, &after);
        keygate_record_free(&after);
    }

    if (told->read) {
        keygate_record_free(&told->before);
    }
}


/* What is read for the first time, or anew, is no change. */

static int
keygate_tell_due(const keygate_journal_t *j, keygate_table_t *t,
    const keygate_record_t *record)
{
    size_t               len;
    keygate_position_t  *position;

    if (j->conf.told == NULL) {
        return 0;
    }

    len = strlen(j->conf.by);
    position = keygate_table_position(t);

    return position->offset != 0 && position->sweep == 0 && !j->ahead.plain
           && record->changed_by.len > len
           && memcmp(record->changed_by.data, j->conf.by, len) == 0;
}


static uint64_t
keygate_tell_place(const keygate_table_t *t, const keygate_record_t *record)
{
    keygate_key_t      key;
    keygate_account_t  account;

    if (record->kind == KEYGATE_KEY) {
        return keygate_table_find_id(t, record->id, &key) == KEYGATE_OK
               ? key.at : 0;
    }

    return keygate_table_find_account(t, record->id, &account) == KEYGATE_OK
           ? account.at : 0;
}
