/*
 * Rows out of a file: CSV (RFC 4180, with a first line of names) or JSON
 * Lines, whichever its first character tells.  What a row means is not
 * decided here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import.h"


static int
cli_getc(cli_source_t *s)
{
    int  c;

    c = getc_unlocked(s->f);

    if (c != EOF) {
        s->bytes++;
    }

    if (c == '\n') {
        s->line++;
    }

    return c;
}


static int
cli_peek(cli_source_t *s)
{
    int  c;

    c = getc_unlocked(s->f);
    ungetc(c, s->f);

    return c;
}


static void
cli_skip_line(cli_source_t *s)
{
    int  c;

    do {
        c = cli_getc(s);
    } while (c != EOF && c != '\n');
}


static keygate_rc_t
cli_refuse(cli_source_t *s, const char *reason)
{
    s->reason = reason;

    return KEYGATE_INVALID;
}


static keygate_rc_t
cli_take(cli_source_t *s, int c)
{
    char  byte;

    byte = (char) c;

    if (s->text.len == KEYGATE_LINE_MAX) {
        return cli_refuse(s, "is longer than 65536 bytes");
    }

    return cli_text_add(&s->text, &byte, 1) ? KEYGATE_OK : KEYGATE_NOMEM;
}


/* A field into s->text; *end is what ended it: ',', '\n' or EOF. */

static keygate_rc_t
cli_csv_field(cli_source_t *s, int *end)
{
    int           c, quoted;
    keygate_rc_t  rc;

    s->text.len = 0;
    quoted = 0;

    for (c = cli_getc(s); ; c = cli_getc(s)) {

        if (c == '"' && quoted == 1) {

            if (cli_peek(s) == '"') {
                c = cli_getc(s);

            } else {
                quoted = 2;
                continue;
            }

        } else if (c == '"' && quoted == 0 && s->text.len == 0) {
            quoted = 1;
            continue;

        } else if (c == EOF && quoted == 1) {
            *end = EOF;
            return cli_refuse(s, "ends within quotes");

        } else if (quoted != 1) {

            if (c == '\r' && cli_peek(s) == '\n') {
                continue;
            }

            if (c == ',' || c == '\n' || c == EOF) {
                *end = c;
                return KEYGATE_OK;
            }

            if (quoted == 2) {
                *end = c;
                return cli_refuse(s, "goes on after a closing quote");
            }
        }

        rc = cli_take(s, c);

        if (rc != KEYGATE_OK) {
            *end = c;
            return rc;
        }
    }
}


/* A list in a cell: what is between spaces, commas or '|'. */

static json_t *
cli_csv_list(const char *p, size_t len)
{
    size_t   n;
    json_t  *list;

    static const char  between[] = { ' ', ',', '|', '\t', '\n' };

    list = json_array();

    while (list != NULL && len != 0) {

        for (n = 0; n < len; n++) {
            if (memchr(between, p[n], sizeof(between)) != NULL) {
                break;
            }
        }

        if (n != 0 && json_array_append_new(list, json_stringn(p, n)) != 0) {
            json_decref(list);
            return NULL;
        }

        n += n < len;
        p += n;
        len -= n;
    }

    return list;
}


static keygate_rc_t
cli_csv_put(cli_source_t *s, json_t *row, size_t column)
{
    int          list;
    json_t      *value;
    const char  *name;

    name = json_string_value(json_array_get(s->columns, column));

    if (name == NULL) {
        return cli_refuse(s, "has more fields than the first line");
    }

    if (s->text.len == 0) {
        return KEYGATE_OK;
    }

    (void) cli_row_member(name, &list);

    value = list ? cli_csv_list(s->text.data, s->text.len)
                 : json_stringn(s->text.data, s->text.len);

    return json_object_set_new(row, name, value) == 0
           ? KEYGATE_OK : cli_refuse(s, "is not UTF-8");
}


static keygate_rc_t
cli_csv_row(cli_source_t *s, json_t *row)
{
    int           end;
    size_t        column;
    keygate_rc_t  rc;

    for (column = 0; ; column++) {
        rc = cli_csv_field(s, &end);

        if (rc == KEYGATE_OK) {
            rc = cli_csv_put(s, row, column);
        }

        if (rc != KEYGATE_OK) {
            if (end != '\n' && end != EOF) {
                cli_skip_line(s);
            }

            return rc;
        }

        if (end != ',') {
            break;
        }
    }

    if (column + 1 != json_array_size(s->columns)) {
        return cli_refuse(s, "has fewer fields than the first line");
    }

    return KEYGATE_OK;
}


static keygate_rc_t
cli_json_row(cli_source_t *s, json_t **row)
{
    int                    c;
    keygate_rc_t           rc;
    keygate_str_t          span;
    keygate_json_error_t   error;

    s->text.len = 0;

    for (c = cli_getc(s); c != EOF && c != '\n'; c = cli_getc(s)) {
        rc = cli_take(s, c);

        if (rc != KEYGATE_OK) {
            cli_skip_line(s);
            return rc;
        }
    }

    span.data = (const unsigned char *) s->text.data;
    span.len = s->text.len;
    *row = keygate_json_parse(span, 0, &error);

    if (*row == NULL && error.nomem) {
        return KEYGATE_NOMEM;
    }

    if (!json_is_object(*row)) {
        json_decref(*row);
        return cli_refuse(s, "is not a JSON object without duplicate "
                             "members");
    }

    return KEYGATE_OK;
}


keygate_rc_t
cli_source_next(cli_source_t *s, json_t **row)
{
    int           c;
    keygate_rc_t  rc;

    for (c = cli_peek(s); c == '\n' || c == '\r'; c = cli_peek(s)) {
        (void) cli_getc(s);
    }

    if (c == EOF) {
        return ferror(s->f) ? KEYGATE_IO : KEYGATE_NONE;
    }

    s->row = s->line;

    if (!s->csv) {
        return cli_json_row(s, row);
    }

    *row = json_object();

    if (*row == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = cli_csv_row(s, *row);

    if (rc != KEYGATE_OK) {
        json_decref(*row);
    }

    return rc;
}


/* The first line of CSV. */

static int
cli_csv_names(cli_source_t *s)
{
    int      end, list;
    size_t   i;
    json_t  *name, *other;

    do {
        if (cli_csv_field(s, &end) != KEYGATE_OK) {
            return cli_error(CLI_USAGE, "%s: its first line %s", s->name,
                             s->reason);
        }

        name = json_stringn(s->text.data, s->text.len);

        if (name == NULL || !cli_row_member(json_string_value(name), &list)) {
            json_decref(name);
            return cli_error(CLI_USAGE, "%s: column %zu is none that is "
                             "known; see \"keygate import --help\"", s->name,
                             json_array_size(s->columns) + 1);
        }

        json_array_foreach(s->columns, i, other) {
            if (json_equal(name, other)) {
                json_decref(name);
                return cli_error(CLI_USAGE, "%s: column %zu is there twice",
                                 s->name, i + 1);
            }
        }

        if (json_array_append_new(s->columns, name) != 0) {
            return cli_nomem();
        }

    } while (end == ',');

    return CLI_OK;
}


int
cli_source_open(cli_source_t *s, const char *path)
{
    struct stat  st;

    memset(s, 0, sizeof(cli_source_t));

    s->name = strcmp(path, "-") == 0 ? "stdin" : path;
    s->f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    s->line = 1;

    if (s->f == NULL || fstat(fileno(s->f), &st) == -1) {
        return cli_error(CLI_IO, "%s: %s", path, strerror(errno));
    }

    if (S_ISDIR(st.st_mode)) {
        return cli_error(CLI_IO, "%s: %s", path, strerror(EISDIR));
    }

    s->size = S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0;

    if (cli_peek(s) == 0xef) {
        (void) cli_getc(s);

        if (cli_getc(s) != 0xbb || cli_getc(s) != 0xbf) {
            return cli_error(CLI_USAGE, "%s: is not UTF-8", s->name);
        }
    }

    s->csv = cli_peek(s) != '{' && cli_peek(s) != EOF;

    if (!s->csv) {
        return CLI_OK;
    }

    s->columns = json_array();

    return s->columns != NULL ? cli_csv_names(s) : cli_nomem();
}


void
cli_source_close(cli_source_t *s)
{
    if (s->f != NULL && s->f != stdin) {
        fclose(s->f);
    }

    json_decref(s->columns);
    cli_text_free(&s->text);
}
