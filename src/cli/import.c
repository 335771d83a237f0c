/*
 * import: rows out of a file into the journal, batch by batch, and a report of
 * what was refused.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"


static void cli_interrupt(int signo);
static keygate_rc_t cli_import_take(cli_import_t *m, json_t *json);
static int cli_import_rows(cli_import_t *m);
static void cli_import_report(cli_import_t *m);
static int cli_import_run(cli_import_t *m);


static volatile sig_atomic_t  cli_interrupted;


static void
cli_interrupt(int signo)
{
    (void) signo;

    cli_interrupted = 1;
}


/* Rows that are refused are in the batch too, to be told in their order. */

static keygate_rc_t
cli_import_take(cli_import_t *m, json_t *json)
{
    cli_row_t    *row;
    keygate_rc_t  rc;

    row = &m->rows[m->n++];
    row->line = m->source.row;

    if (json == NULL) {
        rc = cli_import_refuse(row, m->source.reason);
        return rc == KEYGATE_INVALID ? KEYGATE_OK : rc;
    }

    rc = cli_row_make(m->cli, json, row);

    if (rc == KEYGATE_OK && cli_import_replaced(m, row)) {
        cli_row_free(row);
        m->n--;
        m->replaced++;
        return KEYGATE_OK;
    }

    m->bytes += row->len;

    return rc;
}


static int
cli_import_rows(cli_import_t *m)
{
    int           rc;
    json_t       *json;
    keygate_rc_t  krc;

    for (rc = CLI_OK; rc == CLI_OK && !cli_interrupted; /* void */ ) {
        krc = cli_file_next(&m->source, &json);

        if (krc == KEYGATE_OK) {
            krc = cli_import_take(m, json);

        } else if (krc == KEYGATE_INVALID) {
            krc = cli_import_take(m, NULL);
        }

        if (krc == KEYGATE_NOMEM) {
            return cli_error_nomem();
        }

        if (krc == KEYGATE_IO && cli_interrupted) {
            break;
        }

        if (krc == KEYGATE_IO) {
            return cli_error(CLI_IO, "%s: %s", m->source.name,
                             strerror(errno));
        }

        if (krc == KEYGATE_NONE || m->n == CLI_BATCH
            || m->bytes >= CLI_BATCH_BYTES)
        {
            rc = cli_import_flush(m);
            cli_progress(&m->progress, m->source.bytes,
                         m->keys + m->accounts);
        }

        if (krc == KEYGATE_NONE) {
            break;
        }
    }

    return rc;
}


static void
cli_import_report(cli_import_t *m)
{
    void      *iter;
    uint64_t   at, orphans;

    orphans = 0;

    for (iter = json_object_iter(m->unknown); iter != NULL;
         iter = json_object_iter_next(m->unknown, iter))
    {
        orphans += keygate_index_find(m->index, KEYGATE_ACCOUNT,
                                      keygate_span(json_object_iter_key(iter)),
                                      &at)
                   != KEYGATE_OK;
    }

    if (m->cli->json) {
        printf("%s],\"keys\":%llu,\"accounts\":%llu,"
               "\"unknown_accounts\":%llu,\"replaced\":%llu,\"dry_run\":%s}"
               "\n",
               m->refused ? "\n" : "", (unsigned long long) m->keys,
               (unsigned long long) m->accounts,
               (unsigned long long) orphans,
               (unsigned long long) m->replaced,
               m->cli->dry_run ? "true" : "false");
        return;
    }

    cli_note(m->cli, "%llu keys and %llu accounts %s, %llu rows refused",
             (unsigned long long) m->keys, (unsigned long long) m->accounts,
             m->cli->dry_run ? "would be imported" : "imported",
             (unsigned long long) m->refused);

    if (m->replaced != 0) {
        cli_note(m->cli, "%llu lines were not taken, as later ones of the "
                 "same records count", (unsigned long long) m->replaced);
    }

    if (orphans != 0) {
        cli_note(m->cli, "%llu accounts of these keys are not there: their "
                 "keys are refused until they are; see \"keygate account "
                 "put\"", (unsigned long long) orphans);
    }
}


static int
cli_import_run(cli_import_t *m)
{
    int           rc;
    unsigned      i;
    keygate_rc_t  krc;

    cli_progress_start(&m->progress, m->cli, "reading the file",
                       m->source.size);
    krc = cli_import_ahead(m);
    cli_progress_end(&m->progress);

    if (krc == KEYGATE_NOMEM) {
        return cli_error_nomem();
    }

    if (krc != KEYGATE_OK) {
        return cli_interrupted
               ? cli_error(CLI_FAILED, "interrupted: nothing was imported")
               : cli_error(CLI_IO, "%s: %s", m->source.name, strerror(errno));
    }

    cli_progress_start(&m->progress, m->cli, "reading the journal", 0);
    krc = cli_import_look(m);
    cli_progress_end(&m->progress);

    if (krc != KEYGATE_OK) {
        return cli_error_journal(m->cli, krc);
    }

    if (m->cli->json) {
        fputs("{\"refused\":[", stdout);
    }

    cli_progress_start(&m->progress, m->cli, "importing", m->source.size);
    rc = cli_import_rows(m);
    cli_progress_end(&m->progress);

    for (i = 0; i < m->n; i++) {
        cli_row_free(&m->rows[i]);
    }

    cli_import_report(m);

    if (rc == CLI_OK && cli_interrupted) {
        return cli_error(CLI_FAILED, "interrupted before line %llu",
                         (unsigned long long) m->source.line);
    }

    return rc == CLI_OK && m->refused != 0 ? CLI_FAILED : rc;
}


int
cli_import(cli_t *cli)
{
    int                rc;
    cli_import_t      *m;
    struct sigaction   sa;

    m = calloc(1, sizeof(cli_import_t));

    if (m == NULL) {
        return cli_error_nomem();
    }

    m->cli = cli;
    m->unknown = json_object();
    m->gone = json_object();
    m->latest = keygate_index_create(cli->now);

    /* the first signal lets the batch be finished, the second is obeyed */

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = cli_interrupt;
    sa.sa_flags = (int) SA_RESETHAND;

    (void) sigaction(SIGINT, &sa, NULL);
    (void) sigaction(SIGTERM, &sa, NULL);

    rc = m->unknown == NULL || m->gone == NULL || m->latest == NULL
         ? cli_error_nomem() : CLI_OK;

    rc = rc != CLI_OK ? rc : cli_setup_read_formats(cli);
    rc = rc != CLI_OK ? rc : cli_setup_digester(cli);
    rc = rc != CLI_OK ? rc : cli_file_open(&m->source,
                                           cli->n_args ? cli->args[0] : "-");
    rc = rc != CLI_OK ? rc : cli_setup_records(cli, 1);
    rc = rc != CLI_OK || !cli_copy_is(cli) ? rc : CLI_CONFLICT;
    rc = rc != CLI_OK ? rc : cli_import_run(m);

    cli_source_close(&m->source);
    cli_text_free(&m->lines);
    json_decref(m->unknown);
    json_decref(m->gone);
    keygate_index_destroy(m->latest);
    keygate_index_destroy(m->index);
    free(m);

    return rc;
}
