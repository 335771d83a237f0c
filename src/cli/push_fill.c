/*
 * An empty store is filled from a journal.  It counts as empty until all is
 * there; when a push is interrupted, the next one goes on.
 */

#include <stdlib.h>
#include <string.h>

#include "push.h"


#define CLI_AHEAD  256                   /* records on their way */


static keygate_rc_t cli_push_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static int cli_push_wait(cli_push_t *p, unsigned left);
static int cli_push_clear(cli_t *cli);


int
cli_push_field(cli_push_t *p, keygate_str_t line, char *field, char *key)
{
    keygate_str_t      name;
    keygate_fault_t    fault;
    keygate_record_t   record;

    if (keygate_record_scan(line, &record, &fault) != KEYGATE_OK) {
        return cli_error_nomem();
    }

    name.len = keygate_store_field(record.kind, record.id, field);
    name.data = (unsigned char *) field;
    keygate_record_free(&record);

    (void) keygate_store_bucket_key(&p->cli->remote->name,
                                    keygate_store_bucket(name), key);

    return CLI_OK;
}


/* Takes answers until only so many are awaited. */

static int
cli_push_wait(cli_push_t *p, unsigned left)
{
    int               rc;
    keygate_reply_t  *reply;

    for (rc = CLI_OK; p->ahead > left && rc == CLI_OK; p->ahead--) {
        rc = cli_remote_take(p->cli, &reply);
        keygate_reply_free(reply);
    }

    return rc;
}


static keygate_rc_t
cli_push_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    char             *value, head[24], key[CLI_KEY];
    char              field[KEYGATE_STORE_FIELD_MAX];
    size_t            len;
    uint64_t          version;
    cli_push_t       *p;
    keygate_str_t     args[4];

    (void) number;
    (void) torn;

    p = data;
    p->rc = cli_push_field(p, line, field, key);

    if (p->rc != CLI_OK) {
        return KEYGATE_CONFLICT;
    }

    p->n++;
    version = cli_push_version(p, at);

    if (p->mark.epoch[0] == '\0') {
        version = p->n;

    } else if (version == 0 || version > p->mark.seq) {
        version = 1;
    }

    len = (size_t) snprintf(head, sizeof(head), "%llu ",
                            (unsigned long long) version);
    value = malloc(len + line.len);

    if (value == NULL) {
        p->rc = cli_error_nomem();
        return KEYGATE_CONFLICT;
    }

    memcpy(value, head, len);
    memcpy(value + len, line.data, line.len);

    args[0] = KEYGATE_STR("HSET");
    args[1] = keygate_span(key);
    args[2] = keygate_span(field);
    args[3].data = (unsigned char *) value;
    args[3].len = len + line.len;

    p->rc = keygate_link_send(p->cli->remote->link, 4, args) == KEYGATE_OK
            ? CLI_OK : cli_remote_failed(p->cli);
    p->ahead++;

    free(value);

    if (p->rc == CLI_OK && p->ahead == CLI_AHEAD) {
        p->rc = cli_push_wait(p, CLI_AHEAD / 2);
    }

    return p->rc == CLI_OK ? KEYGATE_OK : KEYGATE_CONFLICT;
}


int
cli_push_meta(cli_t *cli, const char *command, const char *member,
    const char *value, keygate_reply_t **reply)
{
    char           key[CLI_KEY];
    keygate_str_t  args[4];

    args[0] = keygate_span(command);
    args[1] = cli_remote_key(cli, "meta", key);
    args[2] = keygate_span(member);

    if (value != NULL) {
        args[3] = keygate_span(value);
    }

    return cli_remote_ask(cli, value != NULL ? 4 : 3, args, reply);
}


/* What another push has left behind, or a store that has lost its meta. */

static int
cli_push_clear(cli_t *cli)
{
    int               rc;
    char              key[CLI_KEY];
    unsigned          i;
    keygate_str_t     args[2];
    keygate_reply_t  *reply;

    args[0] = KEYGATE_STR("DEL");
    rc = CLI_OK;

    for (i = 0; i <= KEYGATE_STORE_BUCKETS && rc == CLI_OK; i++) {

        if (i < KEYGATE_STORE_BUCKETS) {
            args[1].len = keygate_store_bucket_key(&cli->remote->name, i, key);
            args[1].data = (unsigned char *) key;

        } else {
            args[1] = cli_remote_key(cli, "log", key);
        }

        rc = cli_remote_ask(cli, 2, args, &reply);
        keygate_reply_free(reply);
    }

    return rc;
}


int
cli_push_fill(cli_push_t *p)
{
    int               rc;
    char              filling[KEYGATE_EPOCH_MAX + 1];
    cli_t            *cli;
    keygate_rc_t      krc;
    keygate_str_t     text;
    keygate_reply_t  *reply;

    cli = p->cli;
    rc = cli_push_meta(cli, "HGET", "filling", NULL, &reply);

    if (rc != CLI_OK) {
        return rc;
    }

    text = keygate_reply_text(reply);
    snprintf(filling, sizeof(filling), "%.*s", (int) text.len,
             (const char *) text.data);
    keygate_reply_free(reply);

    if (filling[0] == '\0' || (p->mark.epoch[0] != '\0'
                               && strcmp(filling, p->mark.epoch) != 0))
    {
        rc = cli_push_clear(cli);
        rc = rc != CLI_OK ? rc : cli_remote_epoch(filling);

        if (p->mark.epoch[0] != '\0') {
            memcpy(filling, p->mark.epoch, sizeof(filling));
        }

        if (rc == CLI_OK) {
            rc = cli_push_meta(cli, "HSET", "filling", filling, &reply);
            keygate_reply_free(reply);
        }
    }

    if (rc != CLI_OK) {
        return rc;
    }

    krc = keygate_journal_records(cli->journal, cli->now, cli_push_line, p);

    if (krc != KEYGATE_OK) {
        return p->rc != CLI_OK ? p->rc : cli_error_journal(cli, krc);
    }

    rc = cli_push_wait(p, 0);

    if (p->mark.epoch[0] == '\0') {
        memcpy(p->mark.epoch, filling, sizeof(filling));
        memcpy(p->mark.chain, filling, sizeof(filling));
        p->mark.seq = p->n;
    }

    cli->hmac |= p->hmac;

    return rc != CLI_OK ? rc : cli_remote_begin(cli, &p->mark, filling);
}
