/*
 * A batch of an import: written under one lock and synced once, whole or not
 * at all.  What is already there is known from an index, which is brought up
 * to date under that lock.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "remote.h"


#define CLI_REBUILDS  3


static void cli_import_tell(cli_import_t *m, const cli_row_t *row);
static keygate_rc_t cli_import_see(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static void cli_import_account(cli_import_t *m,
    const keygate_record_t *record);
static const char *cli_import_reason(cli_import_t *m,
    const keygate_record_t *record);
static keygate_rc_t cli_import_row(cli_import_t *m, cli_row_t *row);
static keygate_rc_t cli_import_append(cli_import_t *m);


/* Never under the lock: who reads it may take long. */

static void
cli_import_tell(cli_import_t *m, const cli_row_t *row)
{
    json_t      *json;
    const char  *id;

    id = cli_json_text(row->record.json, "id");
    m->refused++;

    if (!m->cli->json) {
        cli_progress_end(&m->progress);
        fprintf(stderr, "%s:%llu: %s%s%s\n", m->source.name,
                (unsigned long long) row->line, id ? id : "", id ? " " : "",
                row->reason);
        return;
    }

    json = json_pack("{s:I, s:s*, s:s}", "line", (json_int_t) row->line,
                     "id", id, "reason", row->reason);

    fputs(m->refused == 1 ? "\n" : ",\n", stdout);
    (void) cli_print_compact(json);
    json_decref(json);
}


static keygate_rc_t
cli_import_see(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    keygate_rc_t       rc;
    cli_import_t      *m;
    keygate_fault_t    fault;
    keygate_record_t   record;

    (void) torn;

    m = data;

    if ((number & 0xfff) == 0) {
        cli_progress(&m->progress, 0, number);
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    if (record.has_digest && !record.deleted) {
        m->kind = 1;
        m->hmac = record.hmac;
    }

    rc = keygate_index_add(m->index, &record, at, line.len);
    keygate_record_free(&record);

    return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
}


/* What the journal holds by now; a file that is not there holds nothing. */

keygate_rc_t
cli_import_look(cli_import_t *m)
{
    unsigned      i;
    keygate_rc_t  rc;

    for (i = 0; i < CLI_REBUILDS; i++) {

        if (m->index == NULL) {
            m->index = keygate_index_create(m->cli->now);
            memset(&m->mark, 0, sizeof(keygate_mark_t));
        }

        if (m->index == NULL) {
            return KEYGATE_NOMEM;
        }

        rc = keygate_journal_since(m->cli->journal, &m->mark, cli_import_see,
                                   m);
        if (rc != KEYGATE_CONFLICT) {
            return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
        }

        keygate_index_destroy(m->index);
        m->index = NULL;
    }

    return KEYGATE_CONFLICT;
}


static void
cli_import_account(cli_import_t *m, const keygate_record_t *record)
{
    char      id[KEYGATE_ID_MAX + 1];
    uint64_t  at;

    if (record->kind != KEYGATE_KEY
        || keygate_index_find(m->index, KEYGATE_ACCOUNT, record->account, &at)
           == KEYGATE_OK)
    {
        return;
    }

    memcpy(id, record->account.data, record->account.len);
    id[record->account.len] = '\0';

    (void) json_object_set_new(m->unknown, id, json_true());
}


static const char *
cli_import_reason(cli_import_t *m, const keygate_record_t *record)
{
    uint64_t  at;

    if (record->has_digest && m->kind && m->hmac != record->hmac) {
        return "is of another kind of digest than the journal's (--pepper?)";
    }

    if (keygate_index_find(m->index, record->kind, record->id, &at)
        == KEYGATE_OK)
    {
        return "is there already";
    }

    return NULL;
}


/* Takes a row into the batch's lines, or refuses it. */

static keygate_rc_t
cli_import_row(cli_import_t *m, cli_row_t *row)
{
    const char        *reason;
    keygate_rc_t       rc;
    keygate_record_t  *record;

    if (row->reason != NULL) {
        return KEYGATE_OK;
    }

    record = &row->record;
    reason = cli_import_reason(m, record);

    if (reason == NULL) {
        rc = keygate_index_add(m->index, record, 0, row->len);

        if (rc == KEYGATE_CONFLICT) {
            reason = "has the credential of another key";

        } else if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (reason != NULL) {
        rc = cli_import_refuse(row, reason);
        return rc == KEYGATE_INVALID ? KEYGATE_OK : rc;
    }

    if (!cli_text_add(&m->lines, row->text, row->len)) {
        return KEYGATE_NOMEM;
    }

    if (record->has_digest) {
        m->kind = 1;
        m->hmac = record->hmac;
    }

    cli_import_account(m, record);

    if (record->kind == KEYGATE_KEY) {
        m->keys++;

    } else {
        m->accounts++;
    }

    return KEYGATE_OK;
}


static keygate_rc_t
cli_import_append(cli_import_t *m)
{
    uint64_t       at, end;
    keygate_rc_t   rc;
    keygate_str_t  span;

    if (m->lines.len == 0 || m->cli->dry_run) {
        return KEYGATE_OK;
    }

    span.data = (unsigned char *) m->lines.data;
    span.len = m->lines.len;

    if (m->cli->remote != NULL) {
        switch (cli_remote_add(m->cli, m->lines.data, m->lines.len)) {

        case CLI_OK:
            break;

        case CLI_CONFLICT:
            return KEYGATE_CONFLICT;

        default:
            return KEYGATE_INVALID;      /* it is said */
        }
    }

    rc = keygate_journal_append(m->cli->journal, span, &at, &end);

    if (rc == KEYGATE_OK) {
        m->mark.offset = end;
    }

    return rc;
}


int
cli_import_flush(cli_import_t *m)
{
    int           saved, good;
    unsigned      i;
    uint64_t      keys, accounts;
    keygate_rc_t  rc;

    if (m->n == 0) {
        return CLI_OK;
    }

    keys = m->keys;
    accounts = m->accounts;
    m->lines.len = 0;

    /* where nothing is to be written, no journal is made */

    for (good = 0, i = 0; i < m->n && !good; i++) {
        good = m->rows[i].reason == NULL;
    }

    rc = KEYGATE_OK;

    if (good && !m->cli->dry_run) {
        rc = keygate_journal_begin(m->cli->journal);
    }

    if (good && rc == KEYGATE_OK) {
        rc = cli_import_look(m);

        for (i = 0; i < m->n && rc == KEYGATE_OK; i++) {
            rc = cli_import_row(m, &m->rows[i]);
        }

        rc = rc != KEYGATE_OK ? rc : cli_import_append(m);
    }

    if (rc != KEYGATE_OK) {
        saved = errno;
        m->keys = keys;
        m->accounts = accounts;
        cli_progress_end(&m->progress);
        errno = saved;

        if (rc != KEYGATE_INVALID) {
            (void) cli_error_journal(m->cli, rc);
        }
    }

    keygate_journal_end(m->cli->journal);

    for (i = 0; i < m->n; i++) {
        if (m->rows[i].reason != NULL) {
            cli_import_tell(m, &m->rows[i]);
        }

        cli_row_free(&m->rows[i]);
    }

    m->n = 0;
    m->bytes = 0;

    return rc == KEYGATE_OK ? CLI_OK : rc == KEYGATE_NOMEM ? CLI_FAILED
                                                           : CLI_IO;
}
