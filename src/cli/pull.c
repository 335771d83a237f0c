/*
 * store pull: a store's records into a journal, appended under its lock, so
 * that a gateway that follows it goes on.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"


#define CLI_BYTES  (1 << 20)             /* appended at once */


typedef struct {
    cli_t       *cli;
    int          rc;
    cli_view_t   view;
    json_t      *theirs;                 /* field to its entry's number */
    uint64_t     other;                  /* of which it is another state */
    uint64_t     only;                   /* or which only it has */
    uint64_t     n;
} cli_pull_t;


static int cli_pull_field(keygate_str_t line, char *field, unsigned *away);
static int cli_pull_index(cli_pull_t *p);
static keygate_rc_t cli_pull_mine(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static int cli_pull_write(cli_pull_t *p, cli_text_t *lines);
static int cli_pull_append(cli_pull_t *p);
static int cli_pull_run(cli_pull_t *p);


static int
cli_pull_field(keygate_str_t line, char *field, unsigned *away)
{
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    *away = 0;

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? cli_error_nomem()
               : cli_error(CLI_CONFLICT, "the store has a record that is no "
                           "line of a journal; try \"keygate store check\"");
    }

    (void) keygate_store_field(record.kind, record.id, field);
    *away = record.deleted || record.revoked_at != KEYGATE_NEVER;
    keygate_record_free(&record);

    return CLI_OK;
}


/* The last entry of each record. */

static int
cli_pull_index(cli_pull_t *p)
{
    int            rc;
    char           field[KEYGATE_STORE_FIELD_MAX];
    size_t         i;
    unsigned       away;
    keygate_str_t  line;

    for (rc = CLI_OK, i = 0; i < p->view.n && rc == CLI_OK; i++) {
        line.data = (unsigned char *) p->view.text.data
                    + p->view.entries[i].at;
        line.len = p->view.entries[i].len;

        rc = cli_pull_field(line, field, &away);

        if (rc == CLI_OK
            && json_object_set_new(p->theirs, field,
                                   json_integer((json_int_t) i)) != 0)
        {
            rc = cli_error_nomem();
        }
    }

    return rc;
}


static keygate_rc_t
cli_pull_mine(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    char                field[KEYGATE_STORE_FIELD_MAX];
    json_t             *n;
    unsigned            away, gone;
    cli_pull_t         *p;
    keygate_str_t       theirs;
    const cli_entry_t  *entry;

    (void) number;
    (void) at;
    (void) torn;

    p = data;
    p->rc = cli_pull_field(line, field, &away);

    if (p->rc != CLI_OK) {
        return KEYGATE_CONFLICT;
    }

    n = json_object_get(p->theirs, field);

    if (n == NULL) {
        p->only++;
        return KEYGATE_OK;
    }

    entry = &p->view.entries[json_integer_value(n)];
    theirs.data = (unsigned char *) p->view.text.data + entry->at;
    theirs.len = entry->len;

    if (keygate_str_eq(line, theirs)) {
        (void) json_object_del(p->theirs, field);
        return KEYGATE_OK;
    }

    p->other++;
    p->rc = cli_pull_field(theirs, field, &gone);

    if (away && !gone) {
        (void) json_object_del(p->theirs, field);
    }

    return p->rc == CLI_OK ? KEYGATE_OK : KEYGATE_CONFLICT;
}


static int
cli_pull_write(cli_pull_t *p, cli_text_t *lines)
{
    uint64_t       at, end;
    keygate_rc_t   rc;
    keygate_str_t  span;

    span.data = (unsigned char *) lines->data;
    span.len = lines->len;

    rc = keygate_journal_append(p->cli->journal, span, &at, &end);
    lines->len = 0;

    return cli_error_journal(p->cli, rc);
}


static int
cli_pull_append(cli_pull_t *p)
{
    int                 rc;
    char                field[KEYGATE_STORE_FIELD_MAX];
    size_t              i;
    json_t             *n;
    unsigned            away;
    cli_text_t          lines;
    keygate_str_t       line;
    const cli_entry_t  *entry;

    memset(&lines, 0, sizeof(cli_text_t));

    for (rc = CLI_OK, i = 0; i < p->view.n && rc == CLI_OK; i++) {
        entry = &p->view.entries[i];
        line.data = (unsigned char *) p->view.text.data + entry->at;
        line.len = entry->len;

        rc = cli_pull_field(line, field, &away);
        n = rc == CLI_OK ? json_object_get(p->theirs, field) : NULL;

        if (n == NULL || (size_t) json_integer_value(n) != i) {
            continue;
        }

        p->n++;

        if (!cli_text_add(&lines, line.data, line.len)
            || !cli_text_add(&lines, "\n", 1))
        {
            rc = cli_error_nomem();
        }

        if (rc == CLI_OK && lines.len >= CLI_BYTES) {
            rc = cli_pull_write(p, &lines);
        }
    }

    if (rc == CLI_OK && lines.len != 0) {
        rc = cli_pull_write(p, &lines);
    }

    cli_text_free(&lines);

    return rc;
}


/* Under the journal's lock: nobody else appends meanwhile. */

static int
cli_pull_run(cli_pull_t *p)
{
    int           rc;
    keygate_rc_t  krc;

    krc = keygate_journal_begin(p->cli->journal);

    if (krc != KEYGATE_OK) {
        return cli_error_journal(p->cli, krc);
    }

    krc = keygate_journal_records(p->cli->journal, p->cli->now, cli_pull_mine,
                                  p);

    if (krc != KEYGATE_OK) {
        rc = p->rc != CLI_OK ? p->rc : cli_error_journal(p->cli, krc);

    } else if ((p->other != 0 || p->only != 0) && !p->cli->merge) {
        rc = cli_error(CLI_CONFLICT, "%s: holds %llu records in another state "
                       "than the store, and %llu that the store lacks; "
                       "--merge keeps the latter", p->cli->journal_path,
                       (unsigned long long) p->other,
                       (unsigned long long) p->only);

    } else {
        rc = cli_pull_append(p);
    }

    keygate_journal_end(p->cli->journal);

    return rc;
}


int
cli_pull(cli_t *cli)
{
    int          rc;
    cli_pull_t   p;

    memset(&p, 0, sizeof(cli_pull_t));

    p.cli = cli;
    p.theirs = json_object();

    rc = p.theirs != NULL ? cli_setup_file(cli, 1) : cli_error_nomem();

    if (rc == CLI_OK && cli_copy_is(cli)) {
        rc = CLI_CONFLICT;
    }

    rc = rc != CLI_OK ? rc : cli_view_read(cli, &p.view);
    rc = rc != CLI_OK ? rc : cli_pull_index(&p);
    rc = rc != CLI_OK ? rc : cli_pull_run(&p);

    if (rc == CLI_OK) {
        cli_note(cli, "%llu records", (unsigned long long) p.n);
    }

    cli_view_free(&p.view);
    json_decref(p.theirs);

    return rc;
}
