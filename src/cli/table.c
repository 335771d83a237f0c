/*
 * Tables for people: columns as wide as the first rows need, so that a million
 * of them can follow without being kept.
 */

#include <stdlib.h>
#include <string.h>

#include "table.h"


#define CLI_WIDTH_MAX  64
#define CLI_ROWS  (sizeof(((cli_table_t *) 0)->rows) / sizeof(char *))


static unsigned cli_width(const char *s);
static void cli_table_print(const cli_table_t *t, const char **cells);
static void cli_table_measure(cli_table_t *t, const char **cells);
static char *cli_table_keep(const cli_table_t *t, const char **cells);
static void cli_table_open(cli_table_t *t);


/* Characters, as far as a terminal cares: UTF-8 sequences. */

static unsigned
cli_width(const char *s)
{
    unsigned  n;

    for (n = 0; *s != '\0'; s++) {
        n += ((unsigned char) *s & 0xc0) != 0x80;
    }

    return n;
}


static void
cli_table_print(const cli_table_t *t, const char **cells)
{
    unsigned  i, n;

    for (i = 0; i < t->columns; i++) {
        fputs(cells[i], t->out);

        if (i + 1 == t->columns) {
            break;
        }

        for (n = cli_width(cells[i]); n < t->widths[i] + 2; n++) {
            fputc(' ', t->out);
        }

        if (cli_width(cells[i]) >= t->widths[i] + 2) {
            fputs("  ", t->out);
        }
    }

    fputc('\n', t->out);
}


static void
cli_table_measure(cli_table_t *t, const char **cells)
{
    unsigned  i, n;

    for (i = 0; i < t->columns; i++) {
        n = cli_width(cells[i]);

        if (n > CLI_WIDTH_MAX) {
            n = CLI_WIDTH_MAX;
        }

        if (n > t->widths[i]) {
            t->widths[i] = n;
        }
    }
}


void
cli_table_init(cli_table_t *t, const char **titles, unsigned columns)
{
    memset(t, 0, sizeof(cli_table_t));

    t->out = stdout;
    t->titles = titles;
    t->columns = columns;

    cli_table_measure(t, titles);
}


/* Cells one after the other, each with its NUL. */

static char *
cli_table_keep(const cli_table_t *t, const char **cells)
{
    char      *row, *p;
    size_t     len;
    unsigned   i;

    for (len = 0, i = 0; i < t->columns; i++) {
        len += strlen(cells[i]) + 1;
    }

    row = malloc(len);

    if (row == NULL) {
        return NULL;
    }

    for (p = row, i = 0; i < t->columns; i++) {
        p = stpcpy(p, cells[i]) + 1;
    }

    return row;
}


static void
cli_table_open(cli_table_t *t)
{
    char        *p;
    unsigned     i, n;
    const char  *cells[CLI_COLUMNS_MAX];

    t->open = 1;

    if (t->n_rows != 0) {
        cli_table_print(t, t->titles);
    }

    for (n = 0; n < t->n_rows; n++) {

        for (p = t->rows[n], i = 0; i < t->columns; i++) {
            cells[i] = p;
            p += strlen(p) + 1;
        }

        cli_table_print(t, cells);
        free(t->rows[n]);
    }
}


void
cli_table_row(cli_table_t *t, const char **cells)
{
    char        *row;
    unsigned     i;
    const char  *shown[CLI_COLUMNS_MAX];

    for (i = 0; i < CLI_COLUMNS_MAX; i++) {
        shown[i] = i >= t->columns || cells[i] == NULL || cells[i][0] == '\0'
                   ? "-" : cells[i];
    }

    if (!t->open && t->n_rows == CLI_ROWS) {
        cli_table_open(t);
    }

    if (t->open) {
        cli_table_print(t, shown);
        return;
    }

    cli_table_measure(t, shown);

    row = cli_table_keep(t, shown);

    if (row == NULL) {
        t->failed = 1;
        return;
    }

    t->rows[t->n_rows++] = row;
}


int
cli_table_end(cli_table_t *t)
{
    if (!t->open) {
        cli_table_open(t);
    }

    return t->failed ? cli_error_nomem() : CLI_OK;
}
