/*
 * What is printed, and how it is said what is wrong.  Results go to stdout,
 * all else to stderr.  Text from records is printed as it is only where the
 * core has seen to it that it holds no control characters.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "cli.h"
#include "plain.h"
#include "keygate_file.h"
#include "keygate_filter.h"


#define CLI_TEXT_MIN  4096


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
cli_nomem(void)
{
    return cli_error(CLI_FAILED, "out of memory");
}


int
cli_journal_error(const cli_t *cli, keygate_rc_t rc)
{
    const char  *path;

    path = cli->journal_path;

    switch (rc) {

    case KEYGATE_OK:
        return CLI_OK;

    case KEYGATE_NOMEM:
        return cli_nomem();

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
cli_faults(json_t *faults)
{
    size_t       i;
    json_t      *fault;
    const char  *pointer, *last;

    if (faults == NULL) {
        return cli_nomem();
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
               keygate_state_name(keygate_state_of(view, cli->now)));
    }
}


int
cli_flush(void)
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
cli_output_json(const json_t *json)
{
    return cli_print_json(json) || ferror(stdout) ? cli_flush() : cli_nomem();
}


int
cli_text_add(cli_text_t *t, const void *data, size_t len)
{
    char    *p;
    size_t   size;

    if (len == 0) {
        return 1;
    }

    if (len > t->size - t->len) {
        size = t->size == 0 ? CLI_TEXT_MIN : t->size;

        while (size < t->len + len) {
            size *= 2;
        }

        p = malloc(size);

        if (p == NULL) {
            return 0;
        }

        if (t->len != 0) {
            memcpy(p, t->data, t->len);
            OPENSSL_cleanse(t->data, t->len);
        }

        free(t->data);
        t->data = p;
        t->size = size;
    }

    memcpy(t->data + t->len, data, len);
    t->len += len;

    return 1;
}


int
cli_text_puts(cli_text_t *t, const char *s)
{
    return cli_text_add(t, s, strlen(s));
}


void
cli_text_free(cli_text_t *t)
{
    if (t->data != NULL) {
        OPENSSL_cleanse(t->data, t->len);
    }

    free(t->data);
    memset(t, 0, sizeof(cli_text_t));
}
