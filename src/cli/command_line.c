/*
 * The command line to a cli_t: the options that the command takes, and its
 * arguments.  What an option means is in options.c.
 */

#include <getopt.h>
#include <string.h>

#include "cli.h"


#define CLI_OPTIONS_MAX  32


static int cli_option_error(int c, const char *word);


static int
cli_option_error(int c, const char *word)
{
    if (strncmp(word, "--", 2) != 0) {
        return cli_error(CLI_USAGE, "\"-%c\": no such option; options begin "
                         "with \"--\"; try --help", optopt);
    }

    return cli_error(CLI_USAGE, c == '?'
                     ? "\"%s\": no such option here, or a value that it does "
                       "not take; try --help"
                     : "\"%s\" needs a value; try --help", word);
}


int
cli_command_options(cli_t *cli, int argc, char **argv)
{
    int                  rc, c;
    unsigned             i;
    const char          *letter;
    struct option        list[CLI_OPTIONS_MAX];
    const cli_option_t  *o;

    memset(list, 0, sizeof(list));

    cli->words = argv;
    cli->n_words = argc;

    for (i = 0, letter = cli->command->options; *letter != '\0'; letter++) {
        o = cli_options_find(*letter);

        list[i].name = o->name;
        list[i].has_arg = o->value == NULL ? no_argument : required_argument;
        list[i].val = (unsigned char) *letter;
        i++;
    }

    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", list, NULL)) != -1) {

        if (c == '?' || c == ':') {
            return cli_option_error(c, argv[optind - 1]);
        }

        o = cli_options_find((char) c);
        rc = o->set(cli, o, optarg);

        if (rc != CLI_OK) {
            return rc;
        }
    }

    cli->args = argv + optind;
    cli->n_args = argc - optind;

    return CLI_OK;
}
