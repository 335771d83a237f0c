/*
 * Keys that exist are changed or ended: set, revoke, suspend, resume, reset,
 * expire, delete.  Several at a time are changed all or none.
 */

#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "remote.h"


typedef json_t *(*cli_edit_pt)(cli_t *cli, const json_t *current,
    json_t **faults);

typedef struct {
    const char   *done;                  /* "revoked" */
    cli_edit_pt   edit;
    json_t       *views;                 /* of what was written */
} cli_edit_t;


static int cli_edit_make(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data);
static void cli_edit_print(cli_t *cli, const cli_edit_t *e);
static int cli_edit_wait(cli_t *cli, const cli_edit_t *e);
static int cli_edit_setup(cli_t *cli);
static int cli_edit_run(cli_t *cli, const char *done, cli_edit_pt edit);
static json_t *cli_edit_set(cli_t *cli, const json_t *current,
    json_t **faults);
static json_t *cli_edit_revoke(cli_t *cli, const json_t *current,
    json_t **faults);
static json_t *cli_edit_suspend(cli_t *cli, const json_t *current,
    json_t **faults);
static json_t *cli_edit_resume(cli_t *cli, const json_t *current,
    json_t **faults);
static json_t *cli_edit_reset(cli_t *cli, const json_t *current,
    json_t **faults);
static json_t *cli_edit_expire(cli_t *cli, const json_t *current,
    json_t **faults);
static json_t *cli_edit_delete(cli_t *cli, const json_t *current,
    json_t **faults);


static int
cli_edit_make(cli_t *cli, cli_find_t *find, cli_text_t *lines, void *data)
{
    int          rc;
    json_t      *record, *faults;
    unsigned     i;
    cli_edit_t  *e;

    e = data;

    (void) json_array_clear(e->views);

    rc = cli_find_all(find);

    for (i = 0; i < find->n && rc == CLI_OK; i++) {
        if ((e->edit == cli_edit_suspend || e->edit == cli_edit_resume)
            && keygate_change_revoked(find->wants[i].json))
        {
            return cli_error(CLI_FAILED, "%s is revoked and stays so: nothing "
                             "was changed; create another key",
                             find->wants[i].id);
        }

        record = e->edit(cli, find->wants[i].json, &faults);
        record = cli_actor_sign(find->wants[i].json, record);

        if (record != NULL
            && json_array_append_new(e->views,
                                     keygate_change_view(record, NULL,
                                                         cli->now))
               != 0)
        {
            json_decref(record);
            return cli_error_nomem();
        }

        rc = cli_change_add(lines, KEYGATE_KEY, record, faults);
    }

    return rc;
}


static void
cli_edit_print(cli_t *cli, const cli_edit_t *e)
{
    size_t   i;
    json_t  *view;

    if (cli->json) {
        (void) cli_print_json(e->views);
        return;
    }

    json_array_foreach(e->views, i, view) {
        cli_note(cli, "%s %s", e->done, cli_json_text(view, "id"));
    }
}


/* What was written, and which nodes have it. */

static int
cli_edit_wait(cli_t *cli, const cli_edit_t *e)
{
    int     rc;
    size_t  i;
    json_t  *view;

    rc = cli_receipt(cli, cli->json ? json_array_get(e->views, 0) : NULL);

    for (i = 1; cli->json && i < json_array_size(e->views); i++) {
        view = json_array_get(e->views, i);
        (void) json_object_set(view, "receipt",
                               json_object_get(json_array_get(e->views, 0),
                                               "receipt"));
    }

    cli_edit_print(cli, e);

    return rc;
}


/* Before anything is changed. */

static int
cli_edit_setup(cli_t *cli)
{
    int  rc;

    rc = cli_setup_journal(cli, 0);

    if (rc == CLI_OK && cli->wait >= 0 && cli->remote == NULL) {
        return cli_error(CLI_USAGE, "--wait is for a store: a journal has no "
                         "nodes; nothing was changed");
    }

    return rc;
}


static int
cli_edit_run(cli_t *cli, const char *done, cli_edit_pt edit)
{
    int         rc;
    cli_edit_t  e;
    cli_find_t  find;

    e.done = done;
    e.edit = edit;
    e.views = json_array();

    if (e.views == NULL) {
        return cli_error_nomem();
    }

    rc = cli_find_want(&find, KEYGATE_KEY, cli->args, cli->n_args);
    rc = rc != CLI_OK ? rc : cli_edit_setup(cli);
    rc = rc != CLI_OK ? rc : cli_change(cli, &find, cli_edit_make, &e);

    if (rc == CLI_OK && cli->wait >= 0) {
        rc = cli_edit_wait(cli, &e);

    } else if (rc == CLI_OK) {
        cli_edit_print(cli, &e);
    }

    cli_find_free(&find);
    json_decref(e.views);

    return rc;
}


static json_t *
cli_edit_set(cli_t *cli, const json_t *current, json_t **faults)
{
    return keygate_change_patch_key(current, cli->request, NULL, faults);
}


static json_t *
cli_edit_revoke(cli_t *cli, const json_t *current, json_t **faults)
{
    return keygate_change_revoke_key(current, cli->now, faults);
}


static json_t *
cli_edit_suspend(cli_t *cli, const json_t *current, json_t **faults)
{
    return keygate_change_suspend_key(current, cli->now, faults);
}


static json_t *
cli_edit_resume(cli_t *cli, const json_t *current, json_t **faults)
{
    return keygate_change_resume_key(current, cli->now, faults);
}


static json_t *
cli_edit_reset(cli_t *cli, const json_t *current, json_t **faults)
{
    return keygate_change_reset_key(current, cli->rate, cli->now, faults);
}


static json_t *
cli_edit_expire(cli_t *cli, const json_t *current, json_t **faults)
{
    if (cli->never) {
        return keygate_change_patch_key(current, cli->request, NULL, faults);
    }

    return keygate_change_expire_key(current,
                                     cli->at != KEYGATE_NEVER ? cli->at
                                                              : cli->now,
                                     faults);
}


static json_t *
cli_edit_delete(cli_t *cli, const json_t *current, json_t **faults)
{
    (void) cli;

    *faults = NULL;

    return keygate_change_delete(cli_json_text(current, "id"));
}


int
cli_key_set(cli_t *cli)
{
    if (json_object_size(cli->request) == 0) {
        return cli_error(CLI_USAGE, "what is to be set? try --help");
    }

    return cli_edit_run(cli, "changed", cli_edit_set);
}


int
cli_key_revoke(cli_t *cli)
{
    return cli_edit_run(cli, "revoked", cli_edit_revoke);
}


int
cli_key_suspend(cli_t *cli)
{
    return cli_edit_run(cli, "suspended", cli_edit_suspend);
}


int
cli_key_resume(cli_t *cli)
{
    return cli_edit_run(cli, "resumed", cli_edit_resume);
}


int
cli_key_reset(cli_t *cli)
{
    keygate_reset_t  reset;

    if (cli->rate != NULL
        && (keygate_reset_parse(keygate_span(cli->rate), &reset) != KEYGATE_OK
            || reset.all))
    {
        return cli_error(CLI_USAGE, "--rate: \"%s\" does not end in a unit, "
                         "as \"day\" and \"search-day\" do", cli->rate);
    }

    return cli_edit_run(cli, "reset", cli_edit_reset);
}


int
cli_key_expire(cli_t *cli)
{
    if (cli->never) {
        if (cli->at != KEYGATE_NEVER) {
            return cli_error(CLI_USAGE, "--never, or a time: not both");
        }

        if (json_object_set_new(cli->request, "expires_at", json_null())
            != 0)
        {
            return cli_error_nomem();
        }
    }

    return cli_edit_run(cli, cli->never ? "no longer expires:" : "expires:",
                        cli_edit_expire);
}


int
cli_key_delete(cli_t *cli)
{
    return cli_edit_run(cli, "deleted", cli_edit_delete);
}
