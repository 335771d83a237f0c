/*
 * list, account list: what there is, one record after the other, none kept.
 * A million keys go by without a JSON value for each, unless JSON is what is
 * asked for.
 */

#include <stdlib.h>
#include <string.h>

#include "list.h"


#define CLI_LIST_STOP  KEYGATE_CONFLICT  /* nobody reads on */


static int cli_list_json(cli_list_t *l, const json_t *view);
static int cli_list_admin_key(void *data, const json_t *json);
static keygate_rc_t cli_list_whole(cli_list_t *l, keygate_record_t *record,
    keygate_str_t line);
static keygate_rc_t cli_list_record(cli_list_t *l, keygate_record_t *record,
    keygate_str_t line);
static keygate_rc_t cli_list_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static int cli_list_run(cli_list_t *l);


static const char  *keygate_listed_titles[] = {
    "ID", "ACCOUNT", "STATE", "CREATED", "EXPIRES", "SCOPES", "NAME"
};

static const char  *cli_used_titles[] = {
    "ID", "ACCOUNT", "STATE", "CREATED", "EXPIRES", "LAST USED", "SCOPES",
    "NAME"
};

static const char  *cli_account_titles[] = {
    "ID", "STATUS", "PLAN", "TRIAL ENDS", "NAME"
};


static int
cli_list_json(cli_list_t *l, const json_t *view)
{
    fputs(l->n == 1 ? "[\n" : ",\n", stdout);

    return cli_print_compact(view);
}


static int
cli_list_admin_key(void *data, const json_t *json)
{
    int          ok;
    keygate_listed_t    key;
    cli_list_t  *l;

    l = data;

    if (!cli_key_of_json(l, json, &key)) {
        return cli_error_nomem();
    }

    if (!cli_list_wanted(l, &key)) {
        return CLI_OK;
    }

    l->n++;
    ok = l->cli->json ? cli_list_json(l, json) : cli_list_key_row(l, &key);

    if (!ok) {
        return cli_error_nomem();
    }

    l->stopped = ferror(stdout);

    return l->stopped ? CLI_IO : CLI_OK;
}


/* A record that is wanted, in JSON. */

static keygate_rc_t
cli_list_whole(cli_list_t *l, keygate_record_t *record, keygate_str_t line)
{
    keygate_rc_t     rc;
    keygate_fault_t  fault;

    if (record->json == NULL) {
        keygate_record_free(record);

        rc = keygate_record_parse(line, record, &fault);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    cli_json_hide(record, l->cli->now);

    return cli_list_json(l, record->json) ? KEYGATE_OK : KEYGATE_NOMEM;
}


static keygate_rc_t
cli_list_record(cli_list_t *l, keygate_record_t *record, keygate_str_t line)
{
    int           ok;
    keygate_listed_t     key;
    keygate_rc_t  rc;

    if (record->kind != l->kind) {
        return KEYGATE_OK;
    }

    if (l->kind == KEYGATE_KEY) {
        rc = cli_key_of_record(record, line, &key);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        if (!cli_list_wanted(l, &key)) {
            return KEYGATE_OK;
        }
    }

    l->n++;

    if (l->cli->json) {
        return cli_list_whole(l, record, line);
    }

    ok = l->kind == KEYGATE_KEY ? cli_list_key_row(l, &key)
                                : cli_list_account_row(l, record);

    return ok ? KEYGATE_OK : KEYGATE_NOMEM;
}


static keygate_rc_t
cli_list_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    cli_list_t        *l;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    (void) number;
    (void) at;
    (void) torn;

    l = data;

    rc = keygate_record_scan(line, &record, &fault);

    if (rc == KEYGATE_OK) {
        rc = cli_list_record(l, &record, line);
        keygate_record_free(&record);
    }

    l->stopped = ferror(stdout);

    return l->stopped ? CLI_LIST_STOP : rc;
}


static int
cli_list_run(cli_list_t *l)
{
    int           rc;
    keygate_rc_t  krc;

    setvbuf(stdout, NULL, _IOFBF, CLI_STDOUT);

    if (l->cli->admin != NULL) {
        rc = cli_admin_keys(l->cli, cli_list_admin_key, l);

    } else {
        rc = cli_setup_records(l->cli, 0);

        if (rc != CLI_OK) {
            return rc;
        }

        krc = keygate_journal_records(l->cli->journal, l->cli->now,
                                      cli_list_line, l);
        rc = l->stopped ? CLI_IO : cli_error_journal(l->cli, krc);
    }

    cli_text_free(&l->row);
    free(l->scopes);

    if (l->stopped) {
        return cli_print_flush();
    }

    if (l->cli->json && rc == CLI_OK) {
        fputs(l->n == 0 ? "[]\n" : "\n]\n", stdout);
    }

    if (!l->cli->json && cli_table_end(&l->table) != CLI_OK) {
        rc = CLI_FAILED;
    }

    if (rc == CLI_OK && l->n == 0 && !l->cli->json) {
        cli_note(l->cli, "none");
    }

    return rc;
}


int
cli_list(cli_t *cli)
{
    cli_list_t  l;

    if (cli->filter.unused_for >= 0 && cli->admin == NULL) {
        return cli_error(CLI_USAGE, "--unused-for needs --admin: when a key "
                         "was last used is known to the running gateway "
                         "only");
    }

    memset(&l, 0, sizeof(cli_list_t));

    l.cli = cli;
    l.kind = KEYGATE_KEY;

    if (cli->admin != NULL) {
        cli_table_init(&l.table, cli_used_titles, 8);

    } else {
        cli_table_init(&l.table, keygate_listed_titles, 7);
    }

    return cli_list_run(&l);
}


int
cli_list_accounts(cli_t *cli)
{
    cli_list_t  l;

    memset(&l, 0, sizeof(cli_list_t));

    l.cli = cli;
    l.kind = KEYGATE_ACCOUNT;

    cli_table_init(&l.table, cli_account_titles, 5);

    return cli_list_run(&l);
}
