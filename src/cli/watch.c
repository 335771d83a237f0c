/*
 * watch: changes as they come, one JSON object a line, without digests.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"


#define CLI_BLOCK     "1000"             /* ms */
#define CLI_PATIENCE  2000


static int cli_watch_entry(cli_t *cli, const keygate_reply_t *entry,
    uint64_t *after);
static int cli_watch_line(cli_t *cli, uint64_t version, keygate_str_t line);


static int
cli_watch_line(cli_t *cli, uint64_t version, keygate_str_t line)
{
    int                ok;
    json_t            *json;
    keygate_fault_t    fault;
    keygate_record_t   record;

    if (keygate_record_parse(line, &record, &fault) != KEYGATE_OK) {
        return cli_error(CLI_CONFLICT, "change %llu is damaged; try \"keygate "
                         "store check\"", (unsigned long long) version);
    }

    cli_json_hide(&record, cli->now);

    json = json_pack("{s:I, s:O}", "version", (json_int_t) version,
                     record.kind == KEYGATE_KEY ? "key" : "account",
                     record.json);
    keygate_record_free(&record);

    ok = json != NULL && cli_print_compact(json);
    json_decref(json);

    if (!ok) {
        return cli_error_nomem();
    }

    putchar('\n');

    return cli_print_flush();
}


static int
cli_watch_entry(cli_t *cli, const keygate_reply_t *entry, uint64_t *after)
{
    uint64_t       version;
    keygate_str_t  id;

    id = keygate_reply_text(keygate_reply_at(entry, 0));
    version = id.len != 0 ? strtoull((const char *) id.data, NULL, 10) : 0;

    if (version != *after + 1) {
        return cli_error(CLI_CONFLICT, "%s: its history is another one now, "
                         "after change %llu", cli->remote->shown,
                         (unsigned long long) *after);
    }

    *after = version;
    entry = keygate_reply_at(entry, 1);

    return cli_watch_line(cli, version,
                          keygate_reply_text(keygate_reply_at(entry, 3)));
}


int
cli_watch(cli_t *cli)
{
    int               rc;
    char              key[CLI_KEY], from[32];
    size_t            i;
    uint64_t          after;
    keygate_str_t     args[8];
    keygate_reply_t  *reply, *list;

    rc = cli_remote_filled(cli);

    if (rc != CLI_OK) {
        return rc;
    }

    after = cli->remote->place.seq;
    keygate_link_patience(cli->remote->link, CLI_PATIENCE);

    args[0] = KEYGATE_STR("XREAD");
    args[1] = KEYGATE_STR("COUNT");
    args[2] = KEYGATE_STR("100");
    args[3] = KEYGATE_STR("BLOCK");
    args[4] = KEYGATE_STR(CLI_BLOCK);
    args[5] = KEYGATE_STR("STREAMS");
    args[6] = cli_remote_key(cli, "log", key);

    while (rc == CLI_OK) {
        snprintf(from, sizeof(from), "%llu-0", (unsigned long long) after);
        args[7] = keygate_span(from);

        rc = cli_remote_ask(cli, 8, args, &reply);

        if (rc == CLI_OK) {
            list = keygate_reply_at(keygate_reply_at(reply, 0), 1);

            for (i = 0; i < keygate_reply_count(list) && rc == CLI_OK; i++) {
                rc = cli_watch_entry(cli, keygate_reply_at(list, i), &after);
            }

            keygate_reply_free(reply);
        }
    }

    return rc;
}
