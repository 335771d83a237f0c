/*
 * Rows out of CSV (RFC 4180), whose first line has the names of its columns.
 */

#include <string.h>

#include "import.h"


static keygate_rc_t cli_csv_field(cli_source_t *s, int *end);
static json_t *cli_csv_list(const char *p, size_t len);
static keygate_rc_t cli_csv_put(cli_source_t *s, json_t *row, size_t column);


/* A field into s->text; *end is what ended it: ',', '\n' or EOF. */

static keygate_rc_t
cli_csv_field(cli_source_t *s, int *end)
{
    int           c, quoted;
    keygate_rc_t  rc;

    s->text.len = 0;
    quoted = 0;

    for (c = cli_source_getc(s); ; c = cli_source_getc(s)) {

        if (c == '"' && quoted == 1) {

            if (cli_source_peek(s) == '"') {
                c = cli_source_getc(s);

            } else {
                quoted = 2;
                continue;
            }

        } else if (c == '"' && quoted == 0 && s->text.len == 0) {
            quoted = 1;
            continue;

        } else if (c == EOF && quoted == 1) {
            *end = EOF;
            return cli_source_refuse(s, "ends within quotes");

        } else if (quoted != 1) {

            if (c == '\r' && cli_source_peek(s) == '\n') {
                continue;
            }

            if (c == ',' || c == '\n' || c == EOF) {
                *end = c;
                return KEYGATE_OK;
            }

            if (quoted == 2) {
                *end = c;
                return cli_source_refuse(s, "goes on after a closing quote");
            }
        }

        rc = cli_source_take(s, c);

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
        return cli_source_refuse(s, "has more fields than the first line");
    }

    if (s->text.len == 0) {
        return KEYGATE_OK;
    }

    (void) cli_row_member(name, &list);

    value = list ? cli_csv_list(s->text.data, s->text.len)
                 : json_stringn(s->text.data, s->text.len);

    return json_object_set_new(row, name, value) == 0
           ? KEYGATE_OK : cli_source_refuse(s, "is not UTF-8");
}


keygate_rc_t
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
                cli_source_skip(s);
            }

            return rc;
        }

        if (end != ',') {
            break;
        }
    }

    if (column + 1 != json_array_size(s->columns)) {
        return cli_source_refuse(s, "has fewer fields than the first line");
    }

    return KEYGATE_OK;
}


/* The first line of CSV. */

int
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
            return cli_error_nomem();
        }

    } while (end == ',');

    return CLI_OK;
}
