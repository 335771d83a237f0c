/*
 * openapi: a document in, a configuration out.
 */

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "openapi.h"


static int cli_openapi_error(const cli_openapi_t *o);
static void cli_openapi_directory(cli_openapi_t *o);
static int cli_openapi_convert(cli_openapi_t *o);


static int
cli_openapi_error(const cli_openapi_t *o)
{
    const keygate_openapi_t  *r;

    r = &o->result;

    if (r->error == NULL) {
        return cli_error_nomem();
    }

    if (r->line != 0) {
        return cli_error(CLI_OPENAPI_UNUSABLE, "%s:%u: %s%s%s", o->path,
                         r->line, r->pointer, r->pointer[0] ? ": " : "",
                         r->error);
    }

    return cli_error(CLI_OPENAPI_UNUSABLE, "%s: %s%s%s", o->path, r->pointer,
                     r->pointer[0] ? ": " : "", r->error);
}


/* Where files are that the document refers to; without it there are none. */

static void
cli_openapi_directory(cli_openapi_t *o)
{
    char  *copy;

    copy = strcmp(o->path, "-") == 0 ? NULL : strdup(o->path);
    o->dir = copy != NULL ? realpath(dirname(copy), NULL) : NULL;
    free(copy);
}


int
cli_openapi_import(cli_openapi_t *o)
{
    switch (cli_openapi_read(&o->doc, o->path, &o->text)) {

    case KEYGATE_OK:
        break;

    case KEYGATE_NONE:
        return cli_error(CLI_OPENAPI_UNUSABLE, "%s: %s", o->path,
                         strerror(errno));

    default:
        return cli_error_nomem();
    }

    cli_openapi_directory(o);
    o->cli->openapi.load = cli_openapi_load;
    o->cli->openapi.data = o;

    switch (keygate_openapi_import(&o->doc, o->text, &o->cli->openapi,
                                   &o->result))
    {
    case KEYGATE_OK:
        return CLI_OK;

    case KEYGATE_INVALID:
        return cli_openapi_error(o);

    default:
        return cli_error_nomem();
    }
}


static int
cli_openapi_convert(cli_openapi_t *o)
{
    int  rc;

    rc = cli_openapi_import(o);

    if (rc != CLI_OK) {
        return rc;
    }

    if (o->cli->check != NULL || o->cli->admin != NULL) {
        return cli_openapi_check(o);
    }

    if (o->cli->json) {
        rc = cli_openapi_json(o);

    } else {
        rc = cli_openapi_print(o);
        cli_openapi_tell(o);
    }

    rc = rc == CLI_OK ? cli_print_flush() : rc;

    return rc == CLI_OK && o->cli->strict && o->result.n_warnings != 0
           ? CLI_OPENAPI_DIFFERENT : rc;
}


int
cli_openapi(cli_t *cli)
{
    int            rc;
    cli_openapi_t  o;

    if (cli->n_args == 0 && !(cli->export && cli->admin != NULL)) {
        return cli_error(CLI_USAGE, "openapi needs FILE; try --help");
    }

    memset(&o, 0, sizeof(cli_openapi_t));
    o.cli = cli;
    o.path = cli->n_args != 0 ? cli->args[0] : NULL;
    keygate_doc_init(&o.doc);

    rc = cli->export ? cli_openapi_export(&o) : cli_openapi_convert(&o);

    keygate_doc_free(&o.doc);
    free(o.dir);

    return rc;
}
