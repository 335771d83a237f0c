/*
 * Options of "openapi" that are more than a text.
 */

#include <getopt.h>
#include <string.h>

#include "openapi.h"


int
cli_options_scopes(cli_t *cli, const cli_option_t *o, const char *value)
{
    if (strcmp(value, "all") != 0 && strcmp(value, "any") != 0) {
        return cli_error(CLI_USAGE, "--%s: \"%s\" is neither \"all\" nor "
                         "\"any\"", o->name, value);
    }

    cli->openapi.scopes_any = strcmp(value, "any") == 0;

    return CLI_OK;
}


int
cli_options_open(cli_t *cli, const cli_option_t *o, const char *value)
{
    (void) value;

    if (cli->openapi.open != KEYGATE_OPENAPI_ASK
        && cli->openapi.open != (keygate_openapi_open_e) o->offset)
    {
        return cli_error(CLI_USAGE, "--public or --any, not both");
    }

    cli->openapi.open = (keygate_openapi_open_e) o->offset;

    return CLI_OK;
}


/* The configuration; or, for that of --admin, none: what follows is the next
 * option. */

int
cli_options_check(cli_t *cli, const cli_option_t *o, const char *value)
{
    (void) o;

    cli->check = value;

    if (strncmp(value, "--", 2) == 0) {
        cli->check = "";
        optind--;
    }

    return CLI_OK;
}


int
cli_options_rename(cli_t *cli, const cli_option_t *o, const char *value)
{
    const char  *equals;

    equals = strrchr(value, '=');

    if (equals == NULL || equals == value
        || !keygate_scope_name_valid(keygate_span(equals + 1)))
    {
        return cli_error(CLI_USAGE, "--%s: \"%s\" is not OLD=NEW, with a name "
                         "that a scope can have", o->name, value);
    }

    if (cli->openapi.n_renames == KEYGATE_OPENAPI_RENAMES) {
        return cli_error(CLI_USAGE, "--%s: at most %d times", o->name,
                         KEYGATE_OPENAPI_RENAMES);
    }

    cli->openapi.renames[cli->openapi.n_renames++] = value;

    return CLI_OK;
}
