/*
 * usage: rows for people, for spreadsheets and for programs.
 */

#include <string.h>

#include "usage.h"


#define CLI_ROW_MAX  2048                /* 20 numbers, ids of 64 bytes */


static void cli_usage_table_row(cli_usage_out_t *out, const keygate_usage_t *u,
    const char *when);
static void cli_usage_csv_text(keygate_buf_t *b, keygate_str_t s);
static void cli_usage_csv_row(cli_usage_out_t *out, const keygate_usage_t *u,
    keygate_buf_t *b);
static void cli_usage_json_row(cli_usage_out_t *out, const keygate_usage_t *u,
    keygate_buf_t *b);


static const char  *const cli_usage_units[] = { "hour", "day", "month" };

static const char  *cli_usage_key_titles[] = {
    NULL, "ACCOUNT", "KEY", "ALLOWED", "REFUSED", "COST"
};

static const char  *cli_usage_account_titles[] = {
    NULL, "ACCOUNT", "ALLOWED", "REFUSED", "COST"
};


void
cli_usage_begin(cli_usage_out_t *out)
{
    unsigned      i;
    const char  **titles;

    static const char  *const units[] = { "HOUR", "DAY", "MONTH" };

    titles = out->account ? cli_usage_account_titles : cli_usage_key_titles;
    titles[0] = units[out->by];

    switch (out->as) {

    case CLI_AS_TABLE:
        cli_table_init(&out->table, titles, out->account ? 5 : 6);
        return;

    case CLI_AS_JSON:
        fputs("{\"data\":[", stdout);
        return;

    case CLI_AS_CSV:
        break;
    }

    printf("%s,account,%sallowed,cost", cli_usage_units[out->by],
           out->account ? "" : "key,");

    for (i = 0; i < KEYGATE_REASONS; i++) {
        printf(",%s", keygate_error_name(KEYGATE_REASON_CODE(i)).data);
    }

    fputs("\n", stdout);
}


static void
cli_usage_table_row(cli_usage_out_t *out, const keygate_usage_t *u,
    const char *when)
{
    char         account[KEYGATE_ID_MAX + 1], key[KEYGATE_ID_MAX + 1];
    char         n[3][24];
    uint64_t     refused;
    unsigned     i, c;
    const char  *cells[6];

    for (i = 0, refused = 0; i < KEYGATE_REASONS; i++) {
        refused += u->refused[i];
    }

    (void) snprintf(account, sizeof(account), "%.*s", (int) u->account.len,
                    (const char *) u->account.data);
    (void) snprintf(key, sizeof(key), "%.*s", (int) u->key.len,
                    (const char *) u->key.data);
    (void) snprintf(n[0], sizeof(n[0]), "%llu",
                    (unsigned long long) u->allowed);
    (void) snprintf(n[1], sizeof(n[1]), "%llu", (unsigned long long) refused);
    (void) snprintf(n[2], sizeof(n[2]), "%llu", (unsigned long long) u->cost);

    c = 0;
    cells[c++] = when;
    cells[c++] = account[0] ? account : NULL;

    if (!out->account) {
        cells[c++] = key;
    }

    for (i = 0; i < 3; i++) {
        cells[c++] = n[i];
    }

    cli_table_row(&out->table, cells);
}


/* Ids have neither commas nor quotes that would have to be quoted: whatever
 * has one is. */

static void
cli_usage_csv_text(keygate_buf_t *b, keygate_str_t s)
{
    size_t  i;

    if (memchr(s.data, ',', s.len) == NULL
        && memchr(s.data, '"', s.len) == NULL)
    {
        keygate_buf_put(b, s);
        return;
    }

    keygate_buf_puts(b, "\"");

    for (i = 0; i < s.len; i++) {
        keygate_buf_puts(b, s.data[i] == '"' ? "\"" : "");
        keygate_buf_put(b, (keygate_str_t) { 1, s.data + i });
    }

    keygate_buf_puts(b, "\"");
}


static void
cli_usage_csv_row(cli_usage_out_t *out, const keygate_usage_t *u,
    keygate_buf_t *b)
{
    unsigned  i;

    keygate_buf_puts(b, ",");
    cli_usage_csv_text(b, u->account);
    keygate_buf_puts(b, ",");

    if (!out->account) {
        cli_usage_csv_text(b, u->key);
        keygate_buf_puts(b, ",");
    }

    keygate_buf_num(b, (int64_t) u->allowed);
    keygate_buf_puts(b, ",");
    keygate_buf_num(b, (int64_t) u->cost);

    for (i = 0; i < KEYGATE_REASONS; i++) {
        keygate_buf_puts(b, ",");
        keygate_buf_num(b, (int64_t) u->refused[i]);
    }

    keygate_buf_puts(b, "\n");
}


static void
cli_usage_json_row(cli_usage_out_t *out, const keygate_usage_t *u,
    keygate_buf_t *b)
{
    keygate_buf_puts(b, "\",\"account\":");
    keygate_buf_json(b, u->account);

    if (!out->account) {
        keygate_buf_puts(b, ",\"key\":");
        keygate_buf_json(b, u->key);
    }

    keygate_buf_puts(b, ",\"allowed\":");
    keygate_buf_num(b, (int64_t) u->allowed);
    keygate_buf_puts(b, ",\"refused\":");
    keygate_usage_refused(b, u);
    keygate_buf_puts(b, ",\"cost\":");
    keygate_buf_num(b, (int64_t) u->cost);
    keygate_buf_puts(b, "}");
}


void
cli_usage_row(cli_usage_out_t *out, const keygate_usage_t *u)
{
    char           when[21];
    unsigned char  room[CLI_ROW_MAX];
    keygate_buf_t  b;

    keygate_time_format(u->hour, when);
    when[out->by == CLI_BY_DAY ? 10 : out->by == CLI_BY_MONTH ? 7 : 20] = '\0';

    out->rows++;

    if (out->as == CLI_AS_TABLE) {
        cli_usage_table_row(out, u, when);
        return;
    }

    b.data = room;
    b.size = sizeof(room);
    b.len = 0;

    if (out->as == CLI_AS_CSV) {
        keygate_buf_puts(&b, when);
        cli_usage_csv_row(out, u, &b);

    } else {
        keygate_buf_puts(&b, out->rows == 1 ? "\n{\"" : ",\n{\"");
        keygate_buf_puts(&b, cli_usage_units[out->by]);
        keygate_buf_puts(&b, "\":\"");
        keygate_buf_puts(&b, when);
        cli_usage_json_row(out, u, &b);
    }

    (void) fwrite(room, 1, b.len < b.size ? b.len : b.size, stdout);
}


int
cli_usage_end(cli_usage_out_t *out)
{
    if (out->as == CLI_AS_TABLE) {
        return cli_table_end(&out->table);
    }

    if (out->as == CLI_AS_JSON) {
        fputs(out->rows ? "\n]}\n" : "]}\n", stdout);
    }

    return CLI_OK;
}
