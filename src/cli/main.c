/*
 * The keygate command: which command it is, and with what.  Everything that
 * it knows of keys is in the core; what is decided here is how it is asked
 * and told.
 */

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli.h"
#include "keygate_version.h"


static int cli_journal_argument(cli_t *cli);
static int cli_run(cli_t *cli, int argc, char **argv);
static int cli_asks_help(const char *word);


/* Of what concerns the whole journal it is the argument. */

static int
cli_journal_argument(cli_t *cli)
{
    if (strcmp(cli->command->args, CLI_JOURNAL) != 0 || cli->n_args == 0) {
        return CLI_OK;
    }

    if (cli->journal_path != NULL) {
        return cli_error(CLI_USAGE, "which journal? two are named");
    }

    cli->journal_path = cli->args[0];

    return CLI_OK;
}


static int
cli_run(cli_t *cli, int argc, char **argv)
{
    int  rc;

    rc = cli_command_options(cli, argc, argv);

    if (rc != CLI_OK) {
        return rc;
    }

    if (cli->help) {
        cli_help_command(cli->command, stdout);
        return cli_print_flush();
    }

    if (cli->n_args < cli->command->min_args
        || (cli->command->max_args >= 0
            && cli->n_args > cli->command->max_args))
    {
        return cli_error(CLI_USAGE, cli->n_args < cli->command->min_args
                                    ? "%s%s%s needs %s; try --help"
                                    : "%s%s%s has too many arguments; it "
                                      "takes %s",
                         cli->command->group ? cli->command->group : "",
                         cli->command->group ? " " : "", cli->command->name,
                         cli->command->args[0] ? cli->command->args : "none");
    }

    rc = cli_journal_argument(cli);

    if (rc == CLI_OK) {
        rc = cli->command->run(cli);
    }

    return rc == CLI_OK ? cli_print_flush() : rc;
}


static int
cli_asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}


int
main(int argc, char **argv)
{
    int    rc;
    cli_t  cli;

    memset(&cli, 0, sizeof(cli_t));

    cli.now = (int64_t) time(NULL);
    keygate_filter_init(&cli.filter);
    cli.wait = -1;
    cli.at = KEYGATE_NEVER;

    /* a file that is too long is an error of write(), not a death; and a
     * reader that goes away must not end us between a key's line in the
     * journal and its secret on the terminal unheard */

    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    umask(077);

    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("keygate %s\n", KEYGATE_VERSION);
        return cli_print_flush();
    }

    if (argc < 2 || strcmp(argv[1], "help") == 0
        || cli_asks_help(argv[1])
        || (argc > 2 && cli_asks_help(argv[2])
            && (strcmp(argv[1], "account") == 0
                || strcmp(argv[1], "store") == 0)))
    {
        cli_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : cli_print_flush();
    }

    argc--;
    argv++;

    cli.command = cli_commands_find(&argc, &argv);

    if (cli.command == NULL && strcmp(argv[0], "store") == 0) {
        return cli_error(CLI_USAGE, "store check, push, pull or epoch? try "
                         "\"keygate --help\"");
    }

    if (cli.command == NULL && strcmp(argv[0], "account") == 0) {
        return cli_error(CLI_USAGE, "account list, show, put, set or delete? "
                         "try \"keygate --help\"");
    }

    if (cli.command == NULL) {
        return cli_error(CLI_USAGE, "\"%s\" is not a command; try "
                         "\"keygate --help\"", argv[0]);
    }

    cli.request = json_object();

    if (cli.request == NULL) {
        return cli_error_nomem();
    }

    rc = cli_run(&cli, argc, argv);

    cli_setup_cleanup(&cli);

    return rc;
}
