/*
 * Between list.c, which goes through all records, list_key.c, which looks at
 * keys, and list_row.c, which makes rows of them.
 */

#ifndef KEYGATE_CLI_LIST_H
#define KEYGATE_CLI_LIST_H

#include "table.h"


typedef struct {
    cli_t          *cli;
    keygate_kind_e  kind;
    uint64_t        n;
    cli_table_t     table;
    cli_text_t      row;                 /* its cells, each with a NUL */
    keygate_str_t  *scopes;
    size_t          max_scopes;
    int             stopped;
} cli_list_t;


/* -- list_key.c: the spans are into what the key is read from */

/* 0 when out of memory. */
int cli_key_of_json(cli_list_t *l, const json_t *json, keygate_listed_t *key);

/* May read the record anew, from its line. */
keygate_rc_t cli_key_of_record(keygate_record_t *record, keygate_str_t line,
    keygate_listed_t *key);

int cli_list_wanted(const cli_list_t *l, const keygate_listed_t *key);

/* -- list_row.c: 0 when out of memory */

int cli_list_key_row(cli_list_t *l, const keygate_listed_t *key);
int cli_list_account_row(cli_list_t *l, const keygate_record_t *account);


#endif /* KEYGATE_CLI_LIST_H */
