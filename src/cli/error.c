/*
 * What is said on stderr: what is wrong, with the exit code that it has, and
 * notes.
 */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli.h"
#include "keygate_file.h"


static const char *cli_fault_option(const char *pointer);


int
cli_error(int code, const char *fmt, ...)
{
    va_list  args;

    fputs("keygate: ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);

    return code;
}


void
cli_note(const cli_t *cli, const char *fmt, ...)
{
    va_list  args;

    if (cli->quiet) {
        return;
    }

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);
}


int
cli_error_nomem(void)
{
    return cli_error(CLI_FAILED, "out of memory");
}


int
cli_error_journal(const cli_t *cli, keygate_rc_t rc)
{
    const char  *path;

    path = cli->journal_path;

    switch (rc) {

    case KEYGATE_OK:
        return CLI_OK;

    case KEYGATE_NOMEM:
        return cli_error_nomem();

    case KEYGATE_NONE:
        return cli_error(CLI_IO, "%s: there is no such file any more", path);

    case KEYGATE_FULL:
        return cli_error(CLI_IO, "%s: no room to write: %s; nothing was "
                         "changed", path, strerror(errno));

    case KEYGATE_AGAIN:
    case KEYGATE_CONFLICT:
        return cli_error(CLI_CONFLICT, "%s: is replaced all the time; try "
                         "again", path);

    default:
        break;
    }

    if (errno == EWOULDBLOCK) {
        return cli_error(CLI_IO, "%s: process %d holds its lock; nothing was "
                         "changed, try again when it has ended", path,
                         (int) keygate_journal_holder(cli->journal));
    }

    return cli_error(CLI_IO, "%s: %s; nothing was changed", path,
                     keygate_file_error(errno));
}


/* "/rates/0" is about --rate: people think in options. */

static const char *
cli_fault_option(const char *pointer)
{
    unsigned  i;

    static const struct {
        const char  *member;
        const char  *option;
    } options[] = {
        { "/account", "--account" },
        { "/name", "--name" },
        { "/scopes", "--scope" },
        { "/rates", "--rate" },
        { "/addresses", "--address" },
        { "/expires_at", "--expires-at" },
        { "/overlap", "--overlap" },
        { "/plan", "--plan" },
        { "/status", "--status" },
        { "/trial_ends_at", "--trial-ends-at" },
        { "/profile", "--profile" },
        { "/meta", "--meta" },
        { "/id", "ID" }
    };

    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strncmp(pointer, options[i].member, strlen(options[i].member))
            == 0)
        {
            return options[i].option;
        }
    }

    return pointer[0] == '\0' ? "the record" : pointer;
}


int
cli_error_faults(json_t *faults)
{
    size_t       i;
    json_t      *fault;
    const char  *pointer, *last;

    if (faults == NULL) {
        return cli_error_nomem();
    }

    json_array_foreach(faults, i, fault) {
        pointer = cli_json_text(fault, "pointer");
        last = strrchr(pointer, '/');

        if (last == NULL || last == pointer) {
            cli_error(0, "%s %s", cli_fault_option(pointer),
                      cli_json_text(fault, "detail"));

        } else if (strncmp(pointer, "/profile", 8) == 0
                   || strncmp(pointer, "/meta", 5) == 0)
        {
            cli_error(0, "%s %s %s", cli_fault_option(pointer), last + 1,
                      cli_json_text(fault, "detail"));

        } else {
            cli_error(0, "%s number %ld %s", cli_fault_option(pointer),
                      strtol(last + 1, NULL, 10) + 1,
                      cli_json_text(fault, "detail"));
        }
    }

    json_decref(faults);

    return CLI_USAGE;
}
