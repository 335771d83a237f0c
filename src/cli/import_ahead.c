/*
 * What a file of JSON Lines says of a record in the end.  In a journal the last
 * line of a record counts: an earlier one has what was revoked, suspended or
 * deleted since, and must not bring it back.  So all of the file is looked
 * through before any of it is taken.
 */

#include <string.h>

#include "import.h"


#define CLI_AHEAD_ID  (KEYGATE_ID_MAX + 2)


static void cli_ahead_id(const keygate_record_t *record,
    char id[CLI_AHEAD_ID]);
static keygate_rc_t cli_ahead_record(cli_import_t *m,
    const keygate_record_t *record, size_t len);
static keygate_rc_t cli_ahead_line(cli_import_t *m);


static void
cli_ahead_id(const keygate_record_t *record, char id[CLI_AHEAD_ID])
{
    id[0] = record->kind == KEYGATE_KEY ? 'k' : 'a';
    memcpy(id + 1, record->id.data, record->id.len);
    id[1 + record->id.len] = '\0';
}


/* A deletion of what the file does not have is no line of a journal's history:
 * it is refused like any that cannot be imported. */

static keygate_rc_t
cli_ahead_record(cli_import_t *m, const keygate_record_t *record, size_t len)
{
    char          id[CLI_AHEAD_ID];
    uint64_t      at;
    keygate_rc_t  rc;

    cli_ahead_id(record, id);

    if (record->deleted
        && keygate_index_find(m->latest, record->kind, record->id, &at)
           == KEYGATE_OK
        && json_object_set_new(m->gone, id, json_true()) != 0)
    {
        return KEYGATE_NOMEM;
    }

    rc = keygate_index_add(m->latest, record, m->source.row, len);

    if (rc == KEYGATE_OK && !record->deleted) {
        (void) json_object_del(m->gone, id);
    }

    return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
}


static keygate_rc_t
cli_ahead_line(cli_import_t *m)
{
    keygate_rc_t       rc;
    keygate_str_t      line;
    keygate_fault_t    fault;
    keygate_record_t   record;

    line.data = (const unsigned char *) m->source.text.data;
    line.len = m->source.text.len;
    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    rc = cli_ahead_record(m, &record, line.len);
    keygate_record_free(&record);

    return rc;
}


keygate_rc_t
cli_import_ahead(cli_import_t *m)
{
    keygate_rc_t  rc;

    if (m->source.csv) {
        return KEYGATE_OK;
    }

    rc = cli_source_twice(&m->source);

    while (rc == KEYGATE_OK) {
        rc = cli_source_line(&m->source);

        if (rc == KEYGATE_OK) {
            rc = cli_ahead_line(m);

        } else if (rc == KEYGATE_INVALID) {
            rc = KEYGATE_OK;
        }

        if ((m->source.line & 0xfff) == 0) {
            cli_progress(&m->progress, m->source.bytes, m->source.line);
        }
    }

    return rc == KEYGATE_NONE ? cli_source_again(&m->source) : rc;
}


int
cli_import_replaced(const cli_import_t *m, const cli_row_t *row)
{
    char      id[CLI_AHEAD_ID];
    uint64_t  at;

    if (m->source.csv || row->record.id.len == 0) {
        return 0;
    }

    if (keygate_index_find(m->latest, row->record.kind, row->record.id, &at)
        == KEYGATE_OK)
    {
        return at != row->line;
    }

    cli_ahead_id(&row->record, id);

    return json_object_get(m->gone, id) != NULL;
}
