/*
 * openapi --check and --export: a configuration's block beside a document, or
 * as one.
 */

#include <string.h>

#include "keygate_openapi_export.h"
#include "openapi.h"


static int cli_openapi_other(cli_openapi_t *o, const char *path,
    keygate_block_t *block);
static int cli_openapi_print_diff(const cli_openapi_t *o,
    const keygate_openapi_diff_t *diff);
static int cli_openapi_compare(cli_openapi_t *o, const char *path,
    keygate_openapi_diff_t *diff);


static int
cli_openapi_other(cli_openapi_t *o, const char *path, keygate_block_t *block)
{
    memset(block, 0, sizeof(keygate_block_t));
    block->doc = &o->doc;

    return o->cli->admin != NULL ? cli_openapi_admin(o, block)
                                 : cli_openapi_block(o, path, block);
}


static int
cli_openapi_print_diff(const cli_openapi_t *o,
    const keygate_openapi_diff_t *diff)
{
    int        ok, rc;
    json_t    *list;
    unsigned   i;

    if (!o->cli->json) {
        for (i = 0; i < diff->n; i++) {
            puts(diff->lines[i]);
        }

        return cli_print_flush();
    }

    list = json_array();

    for (ok = (list != NULL), i = 0; i < diff->n && ok; i++) {
        ok = (json_array_append_new(list, json_string(diff->lines[i])) == 0);
    }

    rc = ok ? cli_print_whole(list) : cli_error_nomem();
    json_decref(list);

    return rc;
}


/* With a configuration, or the gateway that --admin names. */

static int
cli_openapi_compare(cli_openapi_t *o, const char *path,
    keygate_openapi_diff_t *diff)
{
    int              rc, what;
    keygate_block_t  other;

    rc = cli_openapi_other(o, path, &other);

    if (rc != CLI_OK) {
        return rc;
    }

    what = o->cli->admin != NULL ? 0
           : o->result.vague ? KEYGATE_OPENAPI_DIFF_RULES
           : KEYGATE_OPENAPI_DIFF_RULES | KEYGATE_OPENAPI_DIFF_CREDENTIALS;

    return keygate_openapi_diff(&o->result.block, &other, what, diff)
           == KEYGATE_OK ? CLI_OK : cli_error_nomem();
}


int
cli_openapi_differs(cli_openapi_t *o, const char *path, unsigned *n)
{
    int                      rc;
    keygate_openapi_diff_t   diff;

    rc = cli_openapi_compare(o, path, &diff);
    *n = rc == CLI_OK ? (unsigned) diff.n : 0;

    return rc;
}


int
cli_openapi_check(cli_openapi_t *o)
{
    int                      rc;
    keygate_openapi_diff_t   diff;

    if (o->cli->admin != NULL && o->cli->check != NULL
        && o->cli->check[0] != '\0')
    {
        return cli_error(CLI_USAGE, "--check CONF or --admin, not both");
    }

    if (o->cli->admin == NULL && o->cli->check[0] == '\0') {
        return cli_error(CLI_USAGE, "--check needs CONF, or --admin");
    }

    rc = cli_openapi_compare(o, o->cli->check, &diff);
    rc = rc != CLI_OK ? rc : cli_openapi_print_diff(o, &diff);

    if (rc != CLI_OK) {
        return rc;
    }

    cli_openapi_tell(o);

    cli_note(o->cli, diff.n == 0 ? "they say the same"
                                 : "they say different things: %u", diff.n);

    return diff.n != 0 || (o->cli->strict && o->result.n_warnings != 0)
           ? CLI_OPENAPI_DIFFERENT : CLI_OK;
}


int
cli_openapi_export(cli_openapi_t *o)
{
    int              rc;
    json_t          *json;
    keygate_block_t  block;

    if (o->cli->admin != NULL && o->path != NULL) {
        return cli_error(CLI_USAGE, "--export FILE or --admin, not both");
    }

    rc = cli_openapi_other(o, o->path, &block);

    if (rc != CLI_OK) {
        return rc;
    }

    json = keygate_openapi_export(&block, o->cli->fragment);

    if (json == NULL) {
        return cli_error_nomem();
    }

    rc = cli_print_whole(json);
    json_decref(json);

    return rc;
}
