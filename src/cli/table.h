/*
 * What people are shown: tables, and how far something is.
 */

#ifndef KEYGATE_CLI_TABLE_H
#define KEYGATE_CLI_TABLE_H

#include "cli.h"


/* -- table.c */

#define CLI_COLUMNS_MAX  10

typedef struct {
    FILE         *out;
    const char  **titles;
    unsigned      columns;
    unsigned      widths[CLI_COLUMNS_MAX];
    char         *rows[512];             /* kept until the widths are known */
    unsigned      n_rows;
    unsigned      open:1;                /* they are */
    unsigned      failed:1;              /* out of memory */
} cli_table_t;

/* A row of cells; NULL is shown as "-".  The last column has no width. */
void cli_table_init(cli_table_t *t, const char **titles, unsigned columns);
void cli_table_row(cli_table_t *t, const char **cells);
int cli_table_end(cli_table_t *t);       /* an exit code */


/* -- progress.c */

typedef struct {
    const char  *what;
    uint64_t     total;                  /* 0: not known */
    int64_t      shown;                  /* ms */
    unsigned     on:1;
    unsigned     drawn:1;
} cli_progress_t;

void cli_progress_start(cli_progress_t *p, const cli_t *cli,
    const char *what, uint64_t total);
void cli_progress(cli_progress_t *p, uint64_t done, uint64_t items);
void cli_progress_end(cli_progress_t *p);


#endif /* KEYGATE_CLI_TABLE_H */
