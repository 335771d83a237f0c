/*
 * show, account show: one record, from the journal.
 */

#include "cli.h"


static int cli_show_one(cli_t *cli, keygate_kind_e kind);


static int
cli_show_one(cli_t *cli, keygate_kind_e kind)
{
    int          rc;
    json_t      *view;
    cli_find_t   find;

    rc = cli_find_want(&find, kind, cli->args, 1);
    rc = rc != CLI_OK ? rc : cli_setup_journal(cli, 0);
    rc = rc != CLI_OK ? rc : cli_find(cli, &find);
    rc = rc != CLI_OK ? rc : cli_find_all(&find);

    if (rc == CLI_OK) {
        view = keygate_change_view(find.wants[0].json, NULL, cli->now);

        if (view == NULL) {
            rc = cli_error_nomem();

        } else if (cli->json) {
            (void) cli_print_json(view);

        } else {
            cli_print_record(cli, kind, view);
        }

        json_decref(view);
    }

    cli_find_free(&find);

    return rc;
}


int
cli_show(cli_t *cli)
{
    return cli_show_one(cli, KEYGATE_KEY);
}


int
cli_show_account(cli_t *cli)
{
    return cli_show_one(cli, KEYGATE_ACCOUNT);
}
