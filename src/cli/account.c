/*
 * Accounts are put, set and deleted.
 */

#include <string.h>

#include "remote.h"


typedef struct {
    json_t    *record;
    unsigned   existed:1;
} cli_account_t;


typedef struct {
    cli_t          *cli;
    keygate_str_t   account;
    uint64_t        live;
} cli_live_t;


static int
cli_account_make(cli_t *cli, cli_find_t *find, cli_text_t *lines, void *data)
{
    json_t         *current, *faults;
    cli_account_t  *a;

    a = data;
    current = find->wants[0].json;
    a->existed = current != NULL;

    json_decref(a->record);
    a->record = NULL;

    if (strcmp(cli->command->name, "put") == 0) {
        a->record = keygate_change_put_account(find->wants[0].id, current,
                                               cli->request, NULL, &faults);

    } else if (current == NULL) {
        return cli_all_found(find);

    } else {
        a->record = keygate_change_patch_account(current, cli->request, NULL,
                                                 &faults);
    }

    return cli_add_record(lines, KEYGATE_ACCOUNT, json_incref(a->record),
                          faults);
}


static int
cli_account_write(cli_t *cli, int create)
{
    int             rc;
    cli_find_t      find;
    cli_account_t   a;

    memset(&a, 0, sizeof(cli_account_t));

    rc = cli_want_ids(&find, KEYGATE_ACCOUNT, cli->args, 1);
    rc = rc != CLI_OK ? rc : cli_setup_journal(cli, create);
    rc = rc != CLI_OK ? rc : cli_change(cli, &find, cli_account_make, &a);

    cli_find_free(&find);

    if (rc == CLI_OK && cli->json) {
        (void) cli_print_json(a.record);

    } else if (rc == CLI_OK) {
        cli_note(cli, "%s %s", a.existed ? "changed" : "made", cli->args[0]);
    }

    json_decref(a.record);

    return rc;
}


int
cli_account_put(cli_t *cli)
{
    return cli_account_write(cli, 1);
}


int
cli_account_set(cli_t *cli)
{
    if (json_object_size(cli->request) == 0) {
        return cli_error(CLI_USAGE, "what is to be set? try --help");
    }

    return cli_account_write(cli, 0);
}


static keygate_rc_t
cli_account_live(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    cli_live_t        *l;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    (void) number;
    (void) at;
    (void) torn;

    l = data;

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    if (record.kind == KEYGATE_KEY
        && keygate_str_eq(record.account, l->account)
        && record.revoked_at == KEYGATE_NEVER
        && record.expires_at > l->cli->now)
    {
        l->live++;
    }

    keygate_record_free(&record);

    return KEYGATE_OK;
}


static int
cli_account_delete_make(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data)
{
    int           rc;
    cli_live_t    l;
    keygate_rc_t  krc;

    (void) data;

    rc = cli_all_found(find);

    if (rc != CLI_OK) {
        return rc;
    }

    l.cli = cli;
    l.account = keygate_span(find->wants[0].id);
    l.live = 0;

    if (cli->remote != NULL) {
        rc = cli_view_journal(cli);

        if (rc != CLI_OK) {
            return rc;
        }
    }

    krc = keygate_journal_records(cli->journal, cli->now, cli_account_live,
                                  &l);

    if (krc != KEYGATE_OK) {
        return cli_journal_error(cli, krc);
    }

    if (l.live != 0) {
        return cli_error(CLI_CONFLICT, "%s has live keys (%llu); revoke them "
                         "first: \"keygate list --live --account %s\"",
                         find->wants[0].id, (unsigned long long) l.live,
                         find->wants[0].id);
    }

    return cli_add_record(lines, KEYGATE_ACCOUNT,
                          keygate_change_delete(find->wants[0].id), NULL);
}


int
cli_account_delete(cli_t *cli)
{
    int         rc;
    json_t     *record;
    cli_find_t  find;

    rc = cli_want_ids(&find, KEYGATE_ACCOUNT, cli->args, 1);
    rc = rc != CLI_OK ? rc : cli_setup_journal(cli, 0);
    rc = rc != CLI_OK ? rc : cli_change(cli, &find, cli_account_delete_make,
                                        NULL);
    cli_find_free(&find);

    if (rc == CLI_OK && cli->json) {
        record = keygate_change_delete(cli->args[0]);
        (void) cli_print_json(record);
        json_decref(record);

    } else if (rc == CLI_OK) {
        cli_note(cli, "deleted %s", cli->args[0]);
    }

    return rc;
}
