/*
 * Which nodes have a change: they tell the store what they have applied.
 */

#include <string.h>
#include <time.h>

#include "remote.h"


#define CLI_POLL_NS  10000000            /* 10 ms */


static int cli_receipt_durable(cli_t *cli);
static int cli_receipt_nodes(cli_t *cli, unsigned *all, json_t *waiting);
static int64_t cli_receipt_now(void);


static int64_t
cli_receipt_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* Whether the engine has it on disk, as far as it tells. */

static int
cli_receipt_durable(cli_t *cli)
{
    keygate_reply_t  *reply;

    cli->remote->durable = "engine";

    if (keygate_link_words(cli->remote->link, "WAITAOF 1 0 1000", &reply)
        != KEYGATE_OK)
    {
        return cli_remote_failed(cli);
    }

    if (keygate_reply_number(keygate_reply_at(reply, 0)) >= 1) {
        cli->remote->durable = "fsync";
    }

    keygate_reply_free(reply);

    return CLI_OK;
}


/* Nodes that do not have the last change, and how many there are. */

static int
cli_receipt_nodes(cli_t *cli, unsigned *all, json_t *waiting)
{
    int               rc;
    char              key[CLI_KEY], name[256];
    size_t            i;
    int64_t           seq;
    json_t           *node;
    keygate_str_t     args[5], text;
    keygate_reply_t  *reply;

    args[0] = KEYGATE_STR("ZRANGE");
    args[1] = cli_remote_key(cli, "acks", key);
    args[2] = KEYGATE_STR("0");
    args[3] = KEYGATE_STR("-1");
    args[4] = KEYGATE_STR("WITHSCORES");

    rc = cli_remote_ask(cli, 5, args, &reply);

    if (rc != CLI_OK) {
        return rc;
    }

    *all = (unsigned) keygate_reply_count(reply) / 2;
    (void) json_array_clear(waiting);

    for (i = 0; i + 1 < keygate_reply_count(reply) && rc == CLI_OK; i += 2) {
        seq = keygate_reply_number(keygate_reply_at(reply, i + 1));

        if (seq < 0 || (uint64_t) seq >= cli->remote->version) {
            if (seq >= 0) {
                continue;
            }

            seq = 0;
        }

        text = keygate_reply_text(keygate_reply_at(reply, i));
        snprintf(name, sizeof(name), "%.*s", (int) text.len,
                 (const char *) text.data);

        node = json_pack("{s:s, s:I}", "node", name, "behind",
                         (json_int_t) (cli->remote->version - (uint64_t) seq));
        rc = json_array_append_new(waiting, node) == 0 ? CLI_OK
                                                       : cli_error_nomem();
    }

    keygate_reply_free(reply);

    return rc;
}


int
cli_receipt(cli_t *cli, json_t *into)
{
    int               rc;
    json_t           *waiting, *receipt;
    int64_t           until;
    unsigned          all, left;
    struct timespec   pause;

    all = 0;
    pause.tv_sec = 0;
    pause.tv_nsec = CLI_POLL_NS;
    until = cli_receipt_now() + cli->wait * 1000;

    waiting = json_array();
    rc = waiting != NULL ? cli_receipt_durable(cli) : cli_error_nomem();

    while (rc == CLI_OK) {
        rc = cli_receipt_nodes(cli, &all, waiting);

        if (rc != CLI_OK || json_array_size(waiting) == 0
            || cli_receipt_now() >= until)
        {
            break;
        }

        (void) nanosleep(&pause, NULL);
    }

    if (rc != CLI_OK) {
        json_decref(waiting);
        return rc;
    }

    left = (unsigned) json_array_size(waiting);
    receipt = json_pack("{s:I, s:s, s:i, s:i, s:o}",
                        "version", (json_int_t) cli->remote->version,
                        "durable", cli->remote->durable, "nodes", (int) all,
                        "applied", (int) (all - left), "waiting_for", waiting);

    if (into != NULL) {
        return json_object_set_new(into, "receipt", receipt) != 0
               ? cli_error_nomem() : left != 0 ? CLI_CONFLICT : CLI_OK;
    }

    cli_note(cli, "version %llu, in force on %u of %u nodes",
             (unsigned long long) cli->remote->version, all - left, all);
    json_decref(receipt);

    return left == 0 ? CLI_OK
           : cli_error(CLI_CONFLICT, "it is made, but not yet everywhere: see "
                       "\"keygate nodes\"");
}
