/*
 * compact: the journal with one line a record.  Lines that are no records are
 * printed before they go, and go only with --drop.
 */

#include <string.h>
#include <unistd.h>

#include "cli.h"


#define CLI_BAD_MAX  10                  /* lines told one by one */


typedef struct {
    cli_t              *cli;
    keygate_compact_t   compact;
    uint64_t            told;
    cli_text_t          text;            /* of lines that go, for --json */
    unsigned            tty:1;
    unsigned            stopped:1;
} cli_compact_t;


static void cli_compact_bad(void *data, uint64_t line,
    const keygate_fault_t *fault);
static void cli_compact_show(keygate_str_t text);
static keygate_rc_t cli_compact_lost(void *data, keygate_str_t text);
static json_t *cli_compact_json(const char *line, size_t len);
static int cli_compact_print_json(const cli_compact_t *c);
static int cli_compact_refused(const cli_compact_t *c);
static int cli_compact_print(const cli_compact_t *c);


static void
cli_compact_bad(void *data, uint64_t line, const keygate_fault_t *fault)
{
    cli_compact_t  *c;

    c = data;

    if (c->cli->drop || ++c->told > CLI_BAD_MAX) {
        return;
    }

    (void) cli_error(0, "%s:%llu: %s%s%s", c->cli->journal_path,
                     (unsigned long long) line, fault->pointer,
                     fault->pointer[0] != '\0' ? " " : "", fault->reason);
}


/* For a terminal, without what it would obey. */

static void
cli_compact_show(keygate_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if ((text.data[i] >= 0x20 && text.data[i] < 0x7f)
            || text.data[i] == '\n')
        {
            putchar(text.data[i]);

        } else {
            printf("\\x%02x", text.data[i]);
        }
    }
}


static keygate_rc_t
cli_compact_lost(void *data, keygate_str_t text)
{
    cli_compact_t  *c;

    c = data;

    if (c->cli->json) {
        return cli_text_add(&c->text, text.data, text.len) ? KEYGATE_OK
                                                           : KEYGATE_NOMEM;
    }

    if (c->tty) {
        cli_compact_show(text);

    } else {
        fwrite(text.data, 1, text.len, stdout);
    }

    /* they are gone after this: they must have got out */

    if (text.len == 0 && cli_print_flush() != CLI_OK) {
        c->stopped = 1;
        return KEYGATE_INVALID;
    }

    return KEYGATE_OK;
}


/* A line as JSON: a string, or what it holds in hex, where it is no UTF-8. */

static json_t *
cli_compact_json(const char *line, size_t len)
{
    size_t       i;
    char         hex[3];
    json_t      *json;
    cli_text_t   text;

    json = json_stringn(line, len);

    if (json != NULL) {
        return json_pack("{s:o}", "line", json);
    }

    memset(&text, 0, sizeof(cli_text_t));

    for (i = 0; i < len; i++) {
        snprintf(hex, sizeof(hex), "%02x", (unsigned char) line[i]);
        (void) cli_text_add(&text, hex, 2);
    }

    json = json_pack("{s:s%}", "hex", text.data != NULL ? text.data : "",
                     text.len);
    cli_text_free(&text);

    return json;
}


static int
cli_compact_print_json(const cli_compact_t *c)
{
    size_t       at, len;
    json_t      *json, *lost;
    const char  *line, *lf;

    json = json_pack("{s:I, s:I}", "kept", (json_int_t) c->compact.kept,
                     "dropped", (json_int_t) c->compact.dropped);
    lost = json_array();

    for (at = 0; at < c->text.len; at += len + 1) {
        line = c->text.data + at;
        lf = memchr(line, '\n', c->text.len - at);
        len = lf != NULL ? (size_t) (lf - line) : c->text.len - at;

        (void) json_array_append_new(lost, cli_compact_json(line, len));
    }

    if (c->cli->drop) {
        (void) json_object_set(json, "lost", lost);
    }

    (void) cli_print_compact(json);
    putchar('\n');

    json_decref(json);
    json_decref(lost);

    return cli_print_flush();
}


static int
cli_compact_refused(const cli_compact_t *c)
{
    const char  *path;

    path = c->cli->journal_path;

    if (c->told > CLI_BAD_MAX) {
        (void) cli_error(0, "%s: and %llu more; \"keygate check\" tells all",
                         path, (unsigned long long) c->told - CLI_BAD_MAX);
    }

    if (c->compact.unread != 0 && !c->cli->drop) {
        return cli_error(CLI_CONFLICT, "%s: %llu of its lines are no records; "
                         "nothing was changed: correct them, or let them go "
                         "with --drop, which prints them", path,
                         (unsigned long long) c->compact.unread);
    }

    return cli_error(CLI_CONFLICT, "%s: none of its lines is a record; "
                     "nothing was changed", path);
}


static int
cli_compact_print(const cli_compact_t *c)
{
    if (c->cli->json) {
        return cli_compact_print_json(c);
    }

    if (c->cli->drop) {
        cli_note(c->cli, "%llu lines kept, %llu dropped, %llu of them no "
                 "records", (unsigned long long) c->compact.kept,
                 (unsigned long long) c->compact.dropped,
                 (unsigned long long) c->compact.unread);
        return CLI_OK;
    }

    if (!c->cli->quiet) {
        printf("%llu lines kept, %llu dropped\n",
               (unsigned long long) c->compact.kept,
               (unsigned long long) c->compact.dropped);
    }

    return CLI_OK;
}


int
cli_compact(cli_t *cli)
{
    int             rc;
    cli_compact_t   c;
    keygate_rc_t    krc;

    rc = cli_setup_file(cli, 0);

    if (rc != CLI_OK) {
        return rc;
    }

    memset(&c, 0, sizeof(cli_compact_t));

    c.cli = cli;
    c.tty = isatty(STDOUT_FILENO);
    c.compact.wall = cli->now;
    c.compact.bad = cli_compact_bad;
    c.compact.lost = cli_compact_lost;
    c.compact.data = &c;
    c.compact.drop = cli->drop;

    krc = keygate_journal_compact(cli->journal, &c.compact);

    if (c.stopped) {
        rc = CLI_IO;

    } else if (krc == KEYGATE_CONFLICT) {
        rc = cli_compact_refused(&c);

    } else {
        rc = krc == KEYGATE_OK ? cli_compact_print(&c)
                               : cli_error_journal(cli, krc);
    }

    cli_text_free(&c.text);

    return rc;
}
