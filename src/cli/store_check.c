/*
 * store check, store epoch: whether a store is in order, and where its history
 * begins.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"


#define CLI_CHAIN  "1000"                /* changes whose chain is proved */


typedef struct {
    cli_t     *cli;
    json_t    *faults;
    uint64_t   keys;
    uint64_t   accounts;
    uint64_t   deleted;
    char       policy[32];
    char       version[32];
    unsigned   appends:1;
} cli_state_t;


static void cli_state_fault(cli_state_t *s, const char *reason);
static void cli_state_member(keygate_str_t info, const char *name, char *value,
    size_t size);
static int cli_state_engine(cli_state_t *s);
static int cli_state_log(cli_state_t *s);
static void cli_state_chain(cli_state_t *s, const keygate_reply_t *log);
static int cli_state_records(cli_state_t *s);
static int cli_state_print(cli_state_t *s);


static void
cli_state_fault(cli_state_t *s, const char *reason)
{
    (void) json_array_append_new(s->faults, json_string(reason));
}


/* "name:value" of INFO. */

static void
cli_state_member(keygate_str_t info, const char *name, char *value,
    size_t size)
{
    size_t       i, n, len;
    const char  *p;

    len = strlen(name);
    value[0] = '\0';

    for (p = (const char *) info.data, i = 0; i + len < info.len; i++) {

        if ((i == 0 || p[i - 1] == '\n') && memcmp(p + i, name, len) == 0
            && p[i + len] == ':')
        {
            for (i += len + 1, n = 0; i < info.len && p[i] != '\r'
                 && n + 1 < size; i++)
            {
                value[n++] = p[i];
            }

            value[n] = '\0';
            return;
        }
    }
}


static int
cli_state_engine(cli_state_t *s)
{
    int               rc;
    char              value[32];
    keygate_str_t     args[1], info;
    keygate_reply_t  *reply;

    args[0] = KEYGATE_STR("INFO");
    rc = cli_remote_ask(s->cli, 1, args, &reply);

    if (rc != CLI_OK) {
        return rc;
    }

    info = keygate_reply_text(reply);

    cli_state_member(info, "redis_version", s->version, sizeof(s->version));
    cli_state_member(info, "maxmemory_policy", s->policy, sizeof(s->policy));
    cli_state_member(info, "aof_enabled", value, sizeof(value));
    s->appends = strcmp(value, "1") == 0;
    cli_state_member(info, "role", value, sizeof(value));

    if (strncmp(s->policy, "allkeys-", 8) == 0) {
        cli_state_fault(s, "maxmemory-policy forgets keys when memory is "
                        "full: set it to noeviction");
    }

    if (strcmp(value, "slave") == 0) {
        cli_state_fault(s, "is a replica: changes are made on its master");
    }

    keygate_reply_free(reply);

    return CLI_OK;
}


/* Every change of it must follow from the one before. */

static void
cli_state_chain(cli_state_t *s, const keygate_reply_t *log)
{
    size_t            i;
    keygate_str_t     id, chain, line;
    keygate_place_t   place;
    keygate_reply_t  *entry;

    memset(&place, 0, sizeof(place));

    for (i = keygate_reply_count(log); i > 0; i--) {
        entry = keygate_reply_at(log, i - 1);
        id = keygate_reply_text(keygate_reply_at(entry, 0));
        entry = keygate_reply_at(entry, 1);
        chain = keygate_reply_text(keygate_reply_at(entry, 1));
        line = keygate_reply_text(keygate_reply_at(entry, 3));

        if (id.len == 0 || chain.len > KEYGATE_CHAIN_MAX) {
            cli_state_fault(s, "the log has an entry that is no change");
            return;
        }

        if (place.chain[0] != '\0'
            && (strtoull((const char *) id.data, NULL, 10) != place.seq + 1
                || keygate_place_next(&place, line) != KEYGATE_OK
                || !keygate_str_eq(keygate_span(place.chain), chain)))
        {
            cli_state_fault(s, "the log's chain is broken");
            return;
        }

        place.seq = strtoull((const char *) id.data, NULL, 10);
        memcpy(place.chain, chain.data, chain.len);
        place.chain[chain.len] = '\0';
    }

    if (keygate_reply_count(log) != 0
        && (place.seq != s->cli->remote->place.seq
            || strcmp(place.chain, s->cli->remote->place.chain) != 0))
    {
        cli_state_fault(s, "the log does not end where the history does");
    }
}


static int
cli_state_log(cli_state_t *s)
{
    int               rc;
    char              key[CLI_KEY], end[32];
    keygate_str_t     args[6];
    keygate_reply_t  *reply;

    snprintf(end, sizeof(end), "%llu-0",
             (unsigned long long) s->cli->remote->place.seq);

    args[0] = KEYGATE_STR("XREVRANGE");
    args[1] = cli_remote_key(s->cli, "log", key);
    args[2] = keygate_span(end);
    args[3] = KEYGATE_STR("-");
    args[4] = KEYGATE_STR("COUNT");
    args[5] = KEYGATE_STR(CLI_CHAIN);

    rc = cli_remote_ask(s->cli, 6, args, &reply);

    if (rc == CLI_OK) {
        cli_state_chain(s, reply);
        keygate_reply_free(reply);
    }

    return rc;
}


static int
cli_state_records(cli_state_t *s)
{
    int                rc;
    size_t             i;
    uint64_t           last;
    cli_view_t         view;
    keygate_str_t      line;
    keygate_fault_t    fault;
    keygate_record_t   record;

    rc = cli_view_read(s->cli, &view);
    last = s->cli->remote->place.seq;

    for (i = 0; i < view.n && rc == CLI_OK; i++) {
        line.data = (unsigned char *) view.text.data + view.entries[i].at;
        line.len = view.entries[i].len;

        if (view.entries[i].version > last) {
            cli_state_fault(s, "a record is newer than the history");
            break;
        }

        if (keygate_record_scan(line, &record, &fault) != KEYGATE_OK) {
            cli_state_fault(s, "a record is no line of a journal");
            continue;
        }

        s->deleted += record.deleted;
        s->keys += record.kind == KEYGATE_KEY && !record.deleted;
        s->accounts += record.kind == KEYGATE_ACCOUNT && !record.deleted;

        keygate_record_free(&record);
    }

    cli_view_free(&view);

    return rc;
}


static int
cli_state_print(cli_state_t *s)
{
    size_t               i;
    json_t              *fault, *json;
    unsigned             healthy;
    const cli_remote_t  *remote;

    remote = s->cli->remote;
    healthy = json_array_size(s->faults) == 0;

    if (s->cli->json) {
        json = json_pack("{s:b, s:O, s:s, s:s, s:b, s:s, s:I, s:s, s:I, s:I,"
                         " s:I}", "healthy", (int) healthy, "faults",
                         s->faults, "engine", s->version, "policy", s->policy,
                         "append_only", (int) s->appends,
                         "epoch", remote->place.epoch,
                         "version", (json_int_t) remote->place.seq,
                         "digest", remote->digest,
                         "keys", (json_int_t) s->keys,
                         "accounts", (json_int_t) s->accounts,
                         "deleted", (json_int_t) s->deleted);

        (void) cli_print_json(json);
        json_decref(json);

        return healthy ? CLI_OK : CLI_CONFLICT;
    }

    json_array_foreach(s->faults, i, fault) {
        printf("%s: %s\n", remote->shown, json_string_value(fault));
    }

    if (!s->cli->quiet) {
        printf("engine %s, %s, %s\nepoch %s, version %llu\n"
               "%llu keys, %llu accounts, %llu deleted\n%s\n", s->version,
               s->policy, s->appends ? "append-only file" : "no append-only "
               "file: what it holds is lost with it", remote->place.epoch,
               (unsigned long long) remote->place.seq,
               (unsigned long long) s->keys, (unsigned long long) s->accounts,
               (unsigned long long) s->deleted,
               healthy ? "healthy" : "not healthy");
    }

    return healthy ? CLI_OK : CLI_CONFLICT;
}


int
cli_store_check(cli_t *cli)
{
    int          rc;
    cli_state_t  s;

    memset(&s, 0, sizeof(cli_state_t));

    s.cli = cli;
    s.faults = json_array();

    rc = s.faults != NULL ? cli_remote_filled(cli) : cli_error_nomem();
    rc = rc != CLI_OK ? rc : cli_state_engine(&s);
    rc = rc != CLI_OK ? rc : cli_state_log(&s);
    rc = rc != CLI_OK ? rc : cli_state_records(&s);
    rc = rc != CLI_OK ? rc : cli_state_print(&s);

    json_decref(s.faults);

    return rc;
}


/* The epochs before are kept: nodes of these take what is here for theirs. */

int
cli_store_epoch(cli_t *cli)
{
    int               rc;
    char              key[CLI_KEY], epoch[KEYGATE_EPOCH_MAX + 1], before[512];
    keygate_str_t     args[6], old;
    keygate_reply_t  *reply;

    rc = cli_remote_filled(cli);

    if (rc != CLI_OK) {
        return rc;
    }

    if (!cli->fresh) {
        puts(cli->remote->place.epoch);
        return CLI_OK;
    }

    args[0] = KEYGATE_STR("HGET");
    args[1] = cli_remote_key(cli, "meta", key);
    args[2] = KEYGATE_STR("before");

    rc = cli_remote_epoch(epoch);
    rc = rc != CLI_OK ? rc : cli_remote_ask(cli, 3, args, &reply);

    if (rc != CLI_OK) {
        return rc;
    }

    old = keygate_reply_text(reply);
    snprintf(before, sizeof(before), "%s %.*s", cli->remote->place.epoch,
             (int) old.len, (const char *) old.data);
    before[strcspn(before, "\n")] = '\0';
    keygate_reply_free(reply);

    args[0] = KEYGATE_STR("HSET");
    args[2] = KEYGATE_STR("epoch");
    args[3] = keygate_span(epoch);
    args[4] = KEYGATE_STR("before");
    args[5] = keygate_span(before);

    rc = cli_remote_ask(cli, 6, args, &reply);

    if (rc == CLI_OK) {
        keygate_reply_free(reply);
        puts(epoch);
    }

    return rc;
}
