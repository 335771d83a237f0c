/*
 * usage: what keys were used for, from the files that gateways write.
 *
 *   usage.c        what is asked for; a day after the other
 *   usage_print.c  rows, in three formats
 */

#ifndef KEYGATE_CLI_USAGE_H
#define KEYGATE_CLI_USAGE_H

#include "keygate_usage.h"

#include "table.h"


typedef enum { CLI_BY_HOUR, CLI_BY_DAY, CLI_BY_MONTH } cli_by_e;
typedef enum { CLI_AS_TABLE, CLI_AS_CSV, CLI_AS_JSON } cli_as_e;


/* What is printed. */

typedef struct {
    cli_by_e     by;
    cli_as_e     as;
    int          account;            /* rows are of accounts, not of keys */
    uint64_t     rows;
    cli_table_t  table;
} cli_usage_out_t;


/* The columns' names; then a row, whose "hour" is when its period begins; an
 * exit code at the end. */
void cli_usage_begin(cli_usage_out_t *out);
void cli_usage_row(cli_usage_out_t *out, const keygate_usage_t *u);
int cli_usage_end(cli_usage_out_t *out);


#endif /* KEYGATE_CLI_USAGE_H */
