/*
 * export: the journal's records, one line each.
 */

#include "cli.h"


typedef struct {
    cli_t  *cli;
    int     stopped;
} cli_export_t;


static keygate_rc_t cli_export_without(const cli_t *cli, keygate_str_t line);
static keygate_rc_t cli_export_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);


static keygate_rc_t
cli_export_without(const cli_t *cli, keygate_str_t line)
{
    int                ok;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    rc = keygate_record_parse(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    cli_json_hide(&record, cli->now);

    fputs(record.kind == KEYGATE_KEY ? "{\"key\":" : "{\"account\":", stdout);

    ok = cli_print_compact(record.json);

    fputs("}\n", stdout);

    keygate_record_free(&record);

    return ok ? KEYGATE_OK : KEYGATE_NOMEM;
}


static keygate_rc_t
cli_export_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    keygate_rc_t   rc;
    cli_export_t  *e;

    (void) number;
    (void) at;
    (void) torn;

    e = data;
    rc = KEYGATE_OK;

    if (e->cli->digests) {
        fwrite(line.data, 1, line.len, stdout);
        putchar('\n');

    } else {
        rc = cli_export_without(e->cli, line);
    }

    e->stopped = ferror(stdout);

    return e->stopped ? KEYGATE_CONFLICT : rc;
}


int
cli_export(cli_t *cli)
{
    int           rc;
    cli_export_t  e;
    keygate_rc_t  krc;

    rc = cli_setup_records(cli, 0);

    if (rc != CLI_OK) {
        return rc;
    }

    e.cli = cli;
    e.stopped = 0;

    setvbuf(stdout, NULL, _IOFBF, CLI_STDOUT);

    krc = keygate_journal_records(cli->journal, cli->now, cli_export_line, &e);

    return e.stopped ? cli_print_flush() : cli_error_journal(cli, krc);
}
