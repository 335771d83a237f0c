/*
 * Accounts are put, set and deleted.
 */

#include <string.h>

#include "actor.h"
#include "live.h"
#include "remote.h"


typedef struct {
    json_t    *record;
    unsigned   existed:1;
} cli_account_t;


static int cli_account_make(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data);
static int cli_account_write(cli_t *cli, int create);
static int cli_account_live(cli_t *cli, cli_live_t *live);
static int cli_account_delete_make(cli_t *cli, cli_find_t *find,
    cli_text_t *lines, void *data);


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
        return cli_find_all(find);

    } else {
        a->record = keygate_change_patch_account(current, cli->request, NULL,
                                                 &faults);
    }

    a->record = cli_actor_sign(current, a->record);

    return cli_change_add(lines, KEYGATE_ACCOUNT, json_incref(a->record),
                          faults);
}


static int
cli_account_write(cli_t *cli, int create)
{
    int             rc;
    cli_find_t      find;
    cli_account_t   a;

    memset(&a, 0, sizeof(cli_account_t));

    rc = cli_find_want(&find, KEYGATE_ACCOUNT, cli->args, 1);
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


/* What cannot be one is wrong usage, of which no journal is begun. */

int
cli_account_put(cli_t *cli)
{
    json_t  *record, *faults;

    if (!keygate_record_id_valid(keygate_span(cli->args[0]))) {
        return cli_error(CLI_USAGE, "argument 1 cannot be an id: that is 1 to "
                         "%d printable ASCII characters, none of them a space "
                         "or one of \"\\/?#%%", KEYGATE_ID_MAX);
    }

    record = keygate_change_put_account(cli->args[0], NULL, cli->request,
                                        NULL, &faults);

    if (record == NULL) {
        return cli_error_faults(faults);
    }

    json_decref(record);

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


/* In a store all records are asked for; of a journal they were read while the
 * account was looked for. */

static int
cli_account_live(cli_t *cli, cli_live_t *live)
{
    int           rc;
    keygate_rc_t  krc;

    if (cli->remote == NULL) {
        return CLI_OK;
    }

    cli_live_reset(live);

    rc = cli_view_journal(cli);

    if (rc != CLI_OK) {
        return rc;
    }

    krc = keygate_journal_each(cli->journal, cli_live_line, live);

    return krc == KEYGATE_OK ? CLI_OK : cli_error_journal(cli, krc);
}


static int
cli_account_delete_make(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data)
{
    int          rc;
    cli_live_t  *live;

    live = data;

    rc = cli_find_all(find);
    rc = rc != CLI_OK ? rc : cli_account_live(cli, live);

    if (rc != CLI_OK) {
        return rc;
    }

    if (cli_live_count(live) != 0) {
        return cli_error(CLI_CONFLICT, "%s has live keys (%zu); revoke them "
                         "first: \"keygate list --live --account %s\"",
                         find->wants[0].id, cli_live_count(live),
                         find->wants[0].id);
    }

    return cli_change_add(lines, KEYGATE_ACCOUNT,
                          keygate_change_delete(find->wants[0].id), NULL);
}


int
cli_account_delete(cli_t *cli)
{
    int         rc;
    json_t     *record;
    cli_find_t  find;
    cli_live_t  live;

    memset(&live, 0, sizeof(cli_live_t));
    live.account = cli->args[0];
    live.now = cli->now;

    rc = cli_find_want(&find, KEYGATE_ACCOUNT, cli->args, 1);
    find.live = &live;

    rc = rc != CLI_OK ? rc : cli_setup_journal(cli, 0);
    rc = rc != CLI_OK ? rc : cli_change(cli, &find, cli_account_delete_make,
                                        &live);
    cli_find_free(&find);
    cli_live_reset(&live);

    if (rc == CLI_OK && cli->json) {
        record = keygate_change_delete(cli->args[0]);
        (void) cli_print_json(record);
        json_decref(record);

    } else if (rc == CLI_OK) {
        cli_note(cli, "deleted %s", cli->args[0]);
    }

    return rc;
}
