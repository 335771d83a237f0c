/*
 * What is printed to stdout.  Text from records is printed as it is only where
 * the core has seen to it that it holds no control characters.
 */

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "plain.h"
#include "keygate_filter.h"


static void cli_print_value(const json_t *value);
static void cli_print_field(const char *name, const json_t *value);


int
cli_print_json(const json_t *json)
{
    return json_dumpf(json, stdout, JSON_ENSURE_ASCII|JSON_INDENT(2)) == 0
           && putchar('\n') != EOF;
}


int
cli_print_compact(const json_t *json)
{
    size_t       len;
    static char  buf[CLI_STDOUT];

    /* much faster than piece by piece */

    len = json_dumpb(json, buf, sizeof(buf), JSON_COMPACT|JSON_ENSURE_ASCII);

    if (len == 0) {
        return 0;
    }

    if (len <= sizeof(buf)) {
        fwrite(buf, 1, len, stdout);
        return 1;
    }

    return json_dumpf(json, stdout, JSON_COMPACT|JSON_ENSURE_ASCII) == 0
           || ferror(stdout);
}


static void
cli_print_value(const json_t *value)
{
    char    *text;
    size_t   i;
    json_t  *item;

    if (json_is_array(value)) {

        if (json_array_size(value) == 0) {
            printf("none");
        }

        json_array_foreach((json_t *) value, i, item) {
            fputs(i ? " " : "", stdout);
            cli_plain_print(stdout, json_is_string(item)
                                    ? json_string_value(item) : "?");
        }

        return;
    }

    text = json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY|JSON_ENSURE_ASCII);

    printf("%s", text != NULL ? text : "?");
    free(text);
}


/* A field of a profile, or a member that nobody knows here: its name may hold
 * anything. */

static void
cli_print_field(const char *name, const json_t *value)
{
    int      n;
    char    *text;
    json_t  *json;

    json = json_string(name);
    text = json_dumps(json, JSON_ENCODE_ANY|JSON_ENSURE_ASCII);

    n = printf("%s", text != NULL ? text : "?");
    printf("%*s", n < 15 ? 15 - n : 2, "");
    cli_print_value(value);
    putchar('\n');

    free(text);
    json_decref(json);
}


void
cli_print_record(const cli_t *cli, keygate_kind_e kind, const json_t *view)
{
    json_t      *value, *field;
    const char  *name, *inner;

    json_object_foreach((json_t *) view, name, value) {

        if (strcmp(name, "profile") == 0 && json_is_object(value)) {

            json_object_foreach(value, inner, field) {
                cli_print_field(inner, field);
            }

        } else if (!cli_plain_member(name)) {
            cli_print_field(name, value);

        } else if (strcmp(name, "previous") == 0) {
            printf("%-13s  works until %s\n", "old secret",
                   cli_json_text(value, "until"));

        } else {
            printf("%-13s  ", name);

            if (json_is_string(value)) {
                cli_plain_print(stdout, json_string_value(value));

            } else {
                cli_print_value(value);
            }

            putchar('\n');
        }
    }

    if (kind == KEYGATE_KEY) {
        printf("%-13s  %s\n", "state",
               keygate_filter_state_name(
                   keygate_filter_state_of(view, cli->now)));
    }
}


int
cli_print_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return CLI_OK;
    }

    /* who has closed the pipe has seen enough */

    if (errno == EPIPE) {
        return CLI_IO;
    }

    return cli_error(CLI_IO, "stdout: %s", strerror(errno));
}


int
cli_print_whole(const json_t *json)
{
    return cli_print_json(json) || ferror(stdout) ? cli_print_flush()
                                                  : cli_error_nomem();
}
