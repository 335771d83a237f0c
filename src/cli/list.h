/*
 * Between list.c, which goes through all records, list_key.c, which looks at
 * keys, and list_row.c, which makes rows of them.
 */

#ifndef KEYGATE_CLI_LIST_H
#define KEYGATE_CLI_LIST_H

#include "table.h"


/* What is asked of a key, from a record or from the admin API. */

typedef struct {
    keygate_str_t         id;
    keygate_str_t         account;
    keygate_str_t         name;
    const keygate_str_t  *scopes;
    unsigned              n_scopes;
    int64_t               made_at;       /* its secret; 0: not known */
    int64_t               created_at;    /* 0: not known */
    int64_t               expires_at;    /* KEYGATE_NEVER */
    int64_t               revoked_at;    /* KEYGATE_NEVER */
    int64_t               suspended_at;  /* KEYGATE_NEVER */
    int64_t               used_at;       /* 0: not known, or never */
} cli_key_t;


typedef struct {
    cli_t          *cli;
    keygate_kind_e  kind;
    const char     *account;
    uint64_t        n;
    cli_table_t     table;
    cli_text_t      row;                 /* its cells, each with a NUL */
    keygate_str_t   scopes[KEYGATE_SCOPES_MAX];
    int             stopped;
} cli_list_t;


/* -- list_key.c: the spans are into what the key is read from */

void cli_key_of_json(cli_list_t *l, const json_t *json, cli_key_t *key);

/* May read the record anew, from its line. */
keygate_rc_t cli_key_of_record(keygate_record_t *record, keygate_str_t line,
    cli_key_t *key);

int cli_list_wanted(const cli_list_t *l, const cli_key_t *key);

/* -- list_row.c: 0 when out of memory */

int cli_list_key_row(cli_list_t *l, const cli_key_t *key);
int cli_list_account_row(cli_list_t *l, const keygate_record_t *account);


#endif /* KEYGATE_CLI_LIST_H */
