/*
 * Records in the journal are found.  What only changes are for is in change.c.
 */

#define _GNU_SOURCE                      /* memmem() */

#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "remote.h"


#define CLI_FIND_TRIES  3


static int cli_has(keygate_str_t line, const char *s, size_t len);
static int cli_may_hold(keygate_str_t line, const cli_want_t *want);
static int cli_is(const keygate_record_t *record, const cli_want_t *want);
static keygate_rc_t cli_want_line(cli_want_t *want,
    const keygate_record_t *record, keygate_str_t line);
static void cli_see_digest(cli_find_t *find, keygate_str_t line);
static keygate_rc_t cli_find_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static void cli_find_reset(cli_find_t *find);


int
cli_find_want(cli_find_t *find, keygate_kind_e kind, char **ids, int count)
{
    unsigned  i, n;

    n = count < 0 ? 0 : (unsigned) count;

    memset(find, 0, sizeof(cli_find_t));

    for (i = 0; i < n; i++) {
        if (!keygate_record_id_valid(keygate_span(ids[i]))) {
            return cli_error(CLI_NOT_FOUND, "argument %u is not an id",
                             i + 1);
        }
    }

    find->wants = calloc(n, sizeof(cli_want_t));

    if (find->wants == NULL) {
        return cli_error_nomem();
    }

    find->n = n;

    for (i = 0; i < n; i++) {
        find->wants[i].kind = kind;
        find->wants[i].id = ids[i];
    }

    return CLI_OK;
}


int
cli_find_all(const cli_find_t *find)
{
    int       rc;
    unsigned  i;

    rc = CLI_OK;

    for (i = 0; i < find->n; i++) {
        if (find->wants[i].json == NULL) {
            rc = cli_error(CLI_NOT_FOUND, "there is no %s %s",
                           find->wants[i].kind == KEYGATE_KEY ? "key"
                                                              : "account",
                           find->wants[i].id);
        }
    }

    return rc;
}


static int
cli_has(keygate_str_t line, const char *s, size_t len)
{
    return memmem(line.data, line.len, s, len) != NULL;
}


/*
 * Ids are printable ASCII and stand in a line as they are, unless somebody
 * has written them with escapes; those all begin as below.
 */

static int
cli_may_hold(keygate_str_t line, const cli_want_t *want)
{
    return cli_has(line, want->id, strlen(want->id))
           || cli_has(line, "\\u00", 4);
}


static int
cli_is(const keygate_record_t *record, const cli_want_t *want)
{
    return record->kind == want->kind
           && record->id.len == strlen(want->id)
           && memcmp(record->id.data, want->id, record->id.len) == 0;
}


static keygate_rc_t
cli_want_line(cli_want_t *want, const keygate_record_t *record,
    keygate_str_t line)
{
    keygate_rc_t      rc;
    keygate_fault_t   fault;
    keygate_record_t  whole;

    json_decref(want->json);
    want->json = NULL;

    if (record->deleted) {
        return KEYGATE_OK;
    }

    rc = keygate_record_parse(line, &whole, &fault);

    if (rc == KEYGATE_OK) {
        want->json = json_incref(whole.json);
        keygate_record_free(&whole);
    }

    return rc;
}


/* The newest digest tells which kind this journal's are. */

static void
cli_see_digest(cli_find_t *find, keygate_str_t line)
{
    static const char  member[] = "\"digest\":\"";

    if (!cli_has(line, "sha256:", 7)) {
        return;
    }

    find->digests = 1;
    find->hmac = cli_has(line, "\"digest\":\"hmac-sha256:",
                         sizeof(member) - 1 + 12)
                 || cli_has(line, "\"digest\": \"hmac-sha256:",
                            sizeof(member) + 12);
}


static keygate_rc_t
cli_find_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    unsigned           i;
    cli_find_t        *find;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    find = data;

    cli_see_digest(find, line);

    if (find->live != NULL) {
        rc = cli_live_line(find->live, number, at, line, torn);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    for (i = 0; i < find->n; i++) {
        if (cli_may_hold(line, &find->wants[i])) {
            break;
        }
    }

    if (i == find->n) {
        return KEYGATE_OK;
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    for (i = 0; i < find->n && rc == KEYGATE_OK; i++) {
        if (cli_is(&record, &find->wants[i])) {
            rc = cli_want_line(&find->wants[i], &record, line);
        }
    }

    keygate_record_free(&record);

    return rc;
}


static void
cli_find_reset(cli_find_t *find)
{
    unsigned  i;

    for (i = 0; i < find->n; i++) {
        json_decref(find->wants[i].json);

        find->wants[i].json = NULL;
    }

    if (find->live != NULL) {
        cli_live_reset(find->live);
    }

    find->digests = 0;
    find->hmac = 0;
    memset(&find->mark, 0, sizeof(keygate_mark_t));
}


void
cli_find_free(cli_find_t *find)
{
    cli_find_reset(find);
    free(find->wants);
    find->wants = NULL;
    find->n = 0;
}


keygate_rc_t
cli_find_more(cli_t *cli, cli_find_t *find)
{
    unsigned      i;
    keygate_rc_t  rc;

    rc = KEYGATE_CONFLICT;

    for (i = 0; rc == KEYGATE_CONFLICT && i < CLI_FIND_TRIES; i++) {
        rc = keygate_journal_since(cli->journal, &find->mark, cli_find_line,
                                   find);
        if (rc == KEYGATE_CONFLICT) {
            cli_find_reset(find);
        }
    }

    return rc;
}


int
cli_find(cli_t *cli, cli_find_t *find)
{
    keygate_rc_t  rc;

    if (cli->remote != NULL) {
        return cli_remote_find(cli, find);
    }

    rc = cli_find_more(cli, find);

    return rc == KEYGATE_OK ? CLI_OK : cli_error_journal(cli, rc);
}


int
cli_find_kind(cli_t *cli, const cli_find_t *find)
{
    if (!find->digests || find->hmac == (unsigned) cli->hmac) {
        return CLI_OK;
    }

    return cli_error(CLI_CONFLICT, find->hmac
                     ? "%s: its digests are made with a pepper, the gateway "
                       "would not take another kind; give --pepper"
                     : "%s: its digests are made without a pepper, the "
                       "gateway would not take another kind",
                     cli->remote != NULL ? cli->remote->shown
                                         : cli->journal_path);
}
