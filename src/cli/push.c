/*
 * store push: a journal's records into a store.  An empty one is filled, and
 * counts as empty until all is there, so that nobody takes a part for the
 * whole; into one that is not empty records are merged one by one.
 */

#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "push.h"


#define CLI_BAD_MAX  10                  /* lines told one by one */


static keygate_rc_t cli_push_read(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static keygate_rc_t cli_push_look(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static keygate_rc_t cli_push_merge(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static int cli_push_into(cli_push_t *p);
static int cli_push_known(cli_push_t *p, int *known);
static int cli_push_all(cli_push_t *p);


/* A line that is not valid is told, and does not go into the store.  A last
 * one that is torn is not yet a line. */

static keygate_rc_t
cli_push_read(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    cli_push_t        *p;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    p = data;

    if (torn || cli_line_kind(line) != CLI_LINE_RECORD) {
        return cli_push_mark(data, number, at, line, torn);
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc == KEYGATE_OK) {
        keygate_record_free(&record);

    } else if (rc != KEYGATE_INVALID) {
        return rc;

    } else if (++p->bad <= CLI_BAD_MAX) {
        (void) cli_error(0, "%s:%llu: %s%s%s; it is left out",
                         p->cli->journal_path, (unsigned long long) number,
                         fault.pointer, fault.pointer[0] != '\0' ? " " : "",
                         fault.reason);
    }

    return cli_push_mark(data, number, at, line, torn);
}


static keygate_rc_t
cli_push_look(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    cli_push_t        *p;
    keygate_fault_t    fault;
    keygate_record_t   record;

    (void) number;
    (void) at;
    (void) torn;

    p = data;

    if (keygate_record_scan(line, &record, &fault) == KEYGATE_OK) {
        p->digests |= record.has_digest;
        p->hmac |= record.has_digest && record.hmac;
        keygate_record_free(&record);
    }

    return p->digests ? KEYGATE_CONFLICT : KEYGATE_OK;
}


static keygate_rc_t
cli_push_merge(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    char              keys[3][CLI_KEY], field[KEYGATE_STORE_FIELD_MAX];
    cli_push_t       *p;
    keygate_str_t     args[11], word;
    keygate_reply_t  *reply;

    (void) number;
    (void) at;
    (void) torn;

    p = data;
    p->rc = cli_push_field(p, line, field, keys[2]);

    if (p->rc != CLI_OK) {
        return KEYGATE_CONFLICT;
    }

    args[0] = cli_remote_key(p->cli, "meta", keys[0]);
    args[1] = cli_remote_key(p->cli, "log", keys[1]);
    args[2] = keygate_span(keys[2]);
    args[3] = keygate_span(p->cli->remote->place.epoch);
    args[4] = KEYGATE_STR("0");
    args[5] = KEYGATE_STR("");
    args[6] = keygate_span(field);
    args[7] = line;
    args[8] = KEYGATE_STR("0");
    args[9] = KEYGATE_STR("0");
    args[10] = KEYGATE_STR(CLI_RETAIN);

    if (keygate_link_script(p->cli->remote->link, KEYGATE_LUA_MERGE, 3, 11,
                            args, &reply)
        != KEYGATE_OK)
    {
        p->rc = cli_remote_failed(p->cli);
    }

    if (p->rc == CLI_OK
        && keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR)
    {
        p->rc = cli_remote_refused(p->cli, reply);
    }

    word = keygate_reply_text(keygate_reply_at(reply, 0));

    if (keygate_str_eq(word, KEYGATE_STR("OK"))) {
        p->taken++;

    } else if (keygate_str_eq(word, KEYGATE_STR("KEPT"))) {
        p->kept++;

    } else if (p->rc == CLI_OK && !keygate_str_eq(word, KEYGATE_STR("SAME"))) {
        p->rc = cli_error(CLI_CONFLICT, "%s: it has begun anew meanwhile",
                          p->cli->remote->shown);
    }

    keygate_reply_free(reply);

    return p->rc == CLI_OK ? KEYGATE_OK : KEYGATE_CONFLICT;
}


/* Whether a copy's place is one of the store's history: then the store knows
 * all that it says, and what it lacks was deleted. */

static int
cli_push_known(cli_push_t *p, int *known)
{
    int               rc;
    char              key[CLI_KEY], id[32];
    keygate_str_t     args[4];
    keygate_reply_t  *reply, *entry;

    *known = 0;

    if (strcmp(p->mark.epoch, p->cli->remote->place.epoch) != 0) {
        return CLI_OK;
    }

    if (keygate_place_eq(&p->mark, &p->cli->remote->place)) {
        *known = 1;
        return CLI_OK;
    }

    snprintf(id, sizeof(id), "%llu-0", (unsigned long long) p->mark.seq);

    args[0] = KEYGATE_STR("XRANGE");
    args[1] = cli_remote_key(p->cli, "log", key);
    args[2] = args[3] = keygate_span(id);

    rc = cli_remote_ask(p->cli, 4, args, &reply);

    if (rc == CLI_OK) {
        entry = keygate_reply_at(keygate_reply_at(reply, 0), 1);
        *known = keygate_str_eq(keygate_span(p->mark.chain),
                                keygate_reply_text(keygate_reply_at(entry,
                                                                    1)));
        keygate_reply_free(reply);
    }

    return rc;
}


static int
cli_push_into(cli_push_t *p)
{
    int               rc, known;
    char              before[512];
    cli_t            *cli;
    keygate_rc_t      krc;
    keygate_str_t     old;
    keygate_reply_t  *reply;

    cli = p->cli;

    if (!cli->merge) {
        return cli_error(CLI_CONFLICT, "%s: is not empty; --merge brings in "
                         "what it lacks", cli->remote->shown);
    }

    if (p->digests && cli->remote->digest[0] != '\0'
        && p->hmac != (strcmp(cli->remote->digest, "hmac-sha256") == 0))
    {
        return cli_error(CLI_CONFLICT, "%s: its digests are of another kind "
                         "than the journal's", cli->remote->shown);
    }

    rc = cli_push_known(p, &known);

    if (rc != CLI_OK || known) {
        return rc;
    }

    krc = keygate_journal_records(cli->journal, cli->now, cli_push_merge, p);

    if (krc != KEYGATE_OK) {
        return p->rc != CLI_OK ? p->rc : cli_error_journal(cli, krc);
    }

    if (p->mark.epoch[0] == '\0'
        || strcmp(p->mark.epoch, cli->remote->place.epoch) == 0)
    {
        return CLI_OK;
    }

    /* nodes with that history may take what is here for theirs now */

    rc = cli_push_meta(cli, "HGET", "before", NULL, &reply);

    if (rc == CLI_OK) {
        old = keygate_reply_text(reply);
        snprintf(before, sizeof(before), "%s %.*s", p->mark.epoch,
                 (int) old.len, (const char *) old.data);
        keygate_reply_free(reply);

        rc = cli_push_meta(cli, "HSET", "before", before, &reply);
        keygate_reply_free(reply);
    }

    return rc;
}


int
cli_push(cli_t *cli)
{
    int         rc;
    cli_push_t  p;

    memset(&p, 0, sizeof(cli_push_t));
    p.cli = cli;

    rc = cli_push_all(&p);
    free(p.lines);

    return rc;
}


static int
cli_push_all(cli_push_t *p)
{
    int           rc;
    cli_t        *cli;
    keygate_rc_t  krc;

    cli = p->cli;

    rc = cli_setup_file(cli, 0);
    rc = rc != CLI_OK ? rc : cli_remote_open(cli);
    rc = rc != CLI_OK ? rc : cli_remote_place(cli);

    if (rc != CLI_OK) {
        return rc;
    }

    krc = keygate_journal_each(cli->journal, cli_push_read, p);

    if (krc == KEYGATE_OK) {
        krc = keygate_journal_records(cli->journal, cli->now, cli_push_look,
                                      p);
        krc = krc == KEYGATE_CONFLICT ? KEYGATE_OK : krc;
    }

    if (krc != KEYGATE_OK) {
        return cli_error_journal(cli, krc);
    }

    if (p->bad > CLI_BAD_MAX) {
        (void) cli_error(0, "%s: and %llu more; \"keygate check\" tells all",
                         cli->journal_path,
                         (unsigned long long) p->bad - CLI_BAD_MAX);
    }

    if (!cli->remote->empty) {
        rc = cli_push_into(p);

        if (rc == CLI_OK) {
            cli_note(cli, "%llu records brought in, %llu others kept as they "
                     "are", (unsigned long long) p->taken,
                     (unsigned long long) p->kept);
        }

        return rc;
    }

    rc = cli_push_fill(p);

    if (rc == CLI_OK) {
        cli_note(cli, "%llu records, version %llu", (unsigned long long) p->n,
                 (unsigned long long) cli->remote->place.seq);
    }

    return rc;
}
