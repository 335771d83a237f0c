/*
 * Rows of the tables of keys and accounts.
 */

#include <string.h>

#include "list.h"
#include "plain.h"


static int cli_cell(cli_list_t *l, keygate_str_t text);
static int cli_cell_date(cli_list_t *l, int64_t at, int64_t none);
static int cli_cell_scopes(cli_list_t *l, const keygate_listed_t *key);
static void cli_list_row(cli_list_t *l);


/* Cells of a row, one after the other; 0 when out of memory. */

static int
cli_cell(cli_list_t *l, keygate_str_t text)
{
    return cli_text_add(&l->row, text.data, text.len)
           && cli_text_add(&l->row, "", 1);
}


/* A date is enough in a table. */

static int
cli_cell_date(cli_list_t *l, int64_t at, int64_t none)
{
    char           text[21];
    keygate_str_t  date;

    if (at == none) {
        return cli_text_add(&l->row, "", 1);
    }

    keygate_time_format(at, text);

    date.data = (unsigned char *) text;
    date.len = sizeof("2026-12-31") - 1;

    return cli_cell(l, date);
}


static int
cli_cell_scopes(cli_list_t *l, const keygate_listed_t *key)
{
    unsigned  i;

    for (i = 0; i < key->n_scopes; i++) {
        if (!cli_text_add(&l->row, ",", i != 0)
            || !cli_text_add(&l->row, key->scopes[i].data,
                             key->scopes[i].len))
        {
            return 0;
        }
    }

    return cli_text_add(&l->row, "", 1);
}


static void
cli_list_row(cli_list_t *l)
{
    char        *p, *next;
    unsigned     i;
    const char  *cells[CLI_COLUMNS_MAX];

    for (p = l->row.data, i = 0; i < l->table.columns; i++, p = next) {
        next = p + strlen(p) + 1;
        cli_plain(p);
        cells[i] = p;
    }

    cli_table_row(&l->table, cells);
}


int
cli_list_key_row(cli_list_t *l, const keygate_listed_t *key)
{
    const char  *state;

    l->row.len = 0;

    state = keygate_filter_state_name(
                keygate_filter_listed_state(key, l->cli->now));

    if (!cli_cell(l, key->id) || !cli_cell(l, key->account)
        || !cli_cell(l, keygate_span(state))
        || !cli_cell_date(l, key->created_at, 0)
        || !cli_cell_date(l, key->expires_at, KEYGATE_NEVER)
        || (l->cli->admin != NULL && !cli_cell_date(l, key->used_at, 0))
        || !cli_cell_scopes(l, key) || !cli_cell(l, key->name))
    {
        return 0;
    }

    cli_list_row(l);

    return 1;
}


int
cli_list_account_row(cli_list_t *l, const keygate_record_t *account)
{
    l->row.len = 0;

    if (!cli_cell(l, account->id)
        || !cli_cell(l, keygate_span(keygate_record_status(account->status)))
        || !cli_cell(l, account->plan)
        || !cli_cell_date(l, account->trial_ends_at, KEYGATE_NEVER)
        || !cli_cell(l, account->name))
    {
        return 0;
    }

    cli_list_row(l);

    return 1;
}
