/*
 * nodes, nodes forget: who shares a store, and what they have of it.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"
#include "table.h"


typedef struct {
    char       name[128];
    char       word[32];
    int64_t    seen;                     /* ms */
    uint64_t   seq;
    uint64_t   behind;
    unsigned   lost:1;
} cli_node_t;


/* Of a reply: a node's name, and what it has told. */

typedef struct {
    const keygate_reply_t  *name;
    const keygate_reply_t  *value;
} cli_node_pair_t;


static const char  *cli_node_titles[] = {
    "NODE", "VERSION", "BEHIND", "LAST SEEN", "STATE"
};


static int cli_node_of(cli_t *cli, const keygate_reply_t *name,
    const keygate_reply_t *value, int64_t now, cli_node_t *node);
static int cli_node_acked(cli_t *cli, cli_node_t *node);
static int cli_node_tell(cli_t *cli, cli_node_t *node, cli_table_t *table,
    json_t *list);
static int cli_nodes_now(cli_t *cli, int64_t *now);
static cli_node_pair_t *cli_nodes_sort(keygate_reply_t *reply);
static int cli_nodes_order(const void *a, const void *b);


/* What it has told last is its acknowledgement, not its heartbeat. */

static int
cli_node_acked(cli_t *cli, cli_node_t *node)
{
    int               rc;
    char              key[CLI_KEY];
    int64_t           seq;
    keygate_str_t     args[3];
    keygate_reply_t  *reply;

    args[0] = KEYGATE_STR("ZSCORE");
    args[1] = cli_remote_key(cli, "acks", key);
    args[2] = keygate_span(node->name);

    rc = cli_remote_ask(cli, 3, args, &reply);

    if (rc == CLI_OK) {
        seq = keygate_reply_number(reply);
        node->seq = seq > 0 ? (uint64_t) seq : 0;
        keygate_reply_free(reply);
    }

    return rc;
}


static int
cli_node_of(cli_t *cli, const keygate_reply_t *name,
    const keygate_reply_t *value, int64_t now, cli_node_t *node)
{
    int             rc;
    char            text[512], *p;
    uint64_t        seen;
    unsigned        i;
    keygate_str_t   span;

    memset(node, 0, sizeof(cli_node_t));

    span = keygate_reply_text(name);
    snprintf(node->name, sizeof(node->name), "%.*s", (int) span.len,
             (const char *) span.data);

    span = keygate_reply_text(value);
    snprintf(text, sizeof(text), "%.*s", (int) span.len,
             (const char *) span.data);

    /* "MS BOOT SEQ WORD STATUS" */

    seen = strtoull(text, &p, 10);

    for (i = 0; i < 3 && p != NULL; i++) {
        p = strchr(p + (i > 0), ' ');
    }

    snprintf(node->word, sizeof(node->word), "%.*s",
             p != NULL ? (int) strcspn(p + 1, " ") : 1,
             p != NULL ? p + 1 : "?");

    rc = cli_node_acked(cli, node);

    node->seen = (int64_t) seen;
    node->lost = node->seen + CLI_FRESH_MS < now;
    node->behind = node->seq < cli->remote->place.seq
                   ? cli->remote->place.seq - node->seq : 0;

    return rc;
}


static int
cli_node_tell(cli_t *cli, cli_node_t *node, cli_table_t *table, json_t *list)
{
    char         seen[21], version[24], behind[24];
    json_t      *json;
    const char  *cells[5], *state;

    keygate_time_format(node->seen / 1000, seen);
    snprintf(version, sizeof(version), "%llu",
             (unsigned long long) node->seq);
    snprintf(behind, sizeof(behind), "%llu",
             (unsigned long long) node->behind);

    state = node->lost ? "lost" : node->behind != 0 ? "behind" : "ok";

    if (cli->json) {
        json = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "node", node->name,
                         "version", (json_int_t) node->seq,
                         "behind", (json_int_t) node->behind,
                         "last_seen", seen, "state", state, "beat",
                         node->word);

        return json_array_append_new(list, json) == 0 ? CLI_OK
                                                      : cli_error_nomem();
    }

    cells[0] = node->name;
    cells[1] = version;
    cells[2] = behind;
    cells[3] = seen;
    cells[4] = state;

    cli_table_row(table, cells);

    return CLI_OK;
}


static int
cli_nodes_now(cli_t *cli, int64_t *now)
{
    int               rc;
    keygate_str_t     args[1];
    keygate_reply_t  *reply;

    args[0] = KEYGATE_STR("TIME");
    rc = cli_remote_ask(cli, 1, args, &reply);

    if (rc == CLI_OK) {
        *now = keygate_reply_number(keygate_reply_at(reply, 0)) * 1000;
        keygate_reply_free(reply);
    }

    return rc;
}


/* By name, whatever order the engine has; NULL: no memory. */

static cli_node_pair_t *
cli_nodes_sort(keygate_reply_t *reply)
{
    size_t            i, n;
    cli_node_pair_t  *pairs;

    n = keygate_reply_count(reply) / 2;
    pairs = calloc(n + 1, sizeof(cli_node_pair_t));

    if (pairs == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        pairs[i].name = keygate_reply_at(reply, 2 * i);
        pairs[i].value = keygate_reply_at(reply, 2 * i + 1);
    }

    qsort(pairs, n, sizeof(cli_node_pair_t), cli_nodes_order);

    return pairs;
}


static int
cli_nodes_order(const void *a, const void *b)
{
    const cli_node_pair_t *one = a, *two = b;

    int            order;
    keygate_str_t  x, y;

    x = keygate_reply_text(one->name);
    y = keygate_reply_text(two->name);
    order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);

    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}


int
cli_nodes(cli_t *cli)
{
    int               rc, late;
    char              key[CLI_KEY];
    size_t            i, n;
    json_t           *list;
    int64_t           now;
    cli_node_t        node;
    cli_table_t       table;
    keygate_str_t     args[2];
    cli_node_pair_t  *pairs;
    keygate_reply_t  *reply;

    n = 0;
    now = 0;
    late = 0;
    pairs = NULL;
    reply = NULL;
    list = json_array();

    rc = list != NULL ? cli_remote_filled(cli) : cli_error_nomem();
    rc = rc != CLI_OK ? rc : cli_nodes_now(cli, &now);

    if (rc == CLI_OK) {
        args[0] = KEYGATE_STR("HGETALL");
        args[1] = cli_remote_key(cli, "nodes", key);
        rc = cli_remote_ask(cli, 2, args, &reply);
    }

    if (rc == CLI_OK) {
        pairs = cli_nodes_sort(reply);

        if (pairs != NULL) {
            n = keygate_reply_count(reply) / 2;

        } else {
            rc = cli_error_nomem();
        }
    }

    cli_table_init(&table, cli_node_titles, 5);

    for (i = 0; rc == CLI_OK && i < n; i++) {
        rc = cli_node_of(cli, pairs[i].name, pairs[i].value, now, &node);

        rc = rc != CLI_OK ? rc : cli_node_tell(cli, &node, &table, list);
        late |= node.behind != 0;
    }

    if (rc == CLI_OK && cli->json) {
        (void) cli_print_json(list);

    } else if (rc == CLI_OK) {
        rc = cli_table_end(&table);

        if (keygate_reply_count(reply) == 0) {
            cli_note(cli, "none");
        }
    }

    free(pairs);
    keygate_reply_free(reply);
    json_decref(list);

    return rc == CLI_OK && late ? CLI_CONFLICT : rc;
}


int
cli_nodes_forget(cli_t *cli)
{
    int               rc;
    char              key[CLI_KEY];
    int64_t           gone;
    unsigned          i;
    keygate_str_t     args[3];
    keygate_reply_t  *reply;

    static const struct {
        const char  *command;
        const char  *key;
    } steps[] = {
        { "HDEL", "nodes" },
        { "ZREM", "acks" }
    };

    rc = cli_remote_filled(cli);
    gone = 0;

    for (i = 0; i < 2 && rc == CLI_OK; i++) {
        args[0] = keygate_span(steps[i].command);
        args[1] = cli_remote_key(cli, steps[i].key, key);
        args[2] = keygate_span(cli->args[0]);

        rc = cli_remote_ask(cli, 3, args, &reply);

        if (rc == CLI_OK) {
            gone += keygate_reply_number(reply);
            keygate_reply_free(reply);
        }
    }

    if (rc == CLI_OK && gone == 0) {
        return cli_error(CLI_NOT_FOUND, "there is no node %s", cli->args[0]);
    }

    if (rc == CLI_OK) {
        cli_note(cli, "forgot %s", cli->args[0]);
    }

    return rc;
}
