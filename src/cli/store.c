/*
 * Records in the journal: finding some of them, and changing them under its
 * lock.  A whole pass over the file takes a while, and the gateway's own
 * writers wait for the lock: so what is wanted is found first, and under the
 * lock only what was appended since is looked at.
 */

#define _GNU_SOURCE                      /* memmem() */

#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "remote.h"


#define CLI_FIND_TRIES  3


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
    free(want->line);
    want->line = NULL;
    want->len = 0;

    json_decref(want->json);
    want->json = NULL;

    if (record->deleted) {
        return KEYGATE_OK;
    }

    want->line = malloc(line.len);

    if (want->line == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(want->line, line.data, line.len);
    want->len = line.len;

    return KEYGATE_OK;
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
        free(find->wants[i].line);
        json_decref(find->wants[i].json);

        find->wants[i].line = NULL;
        find->wants[i].json = NULL;
        find->wants[i].len = 0;
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


/* What was appended since the last time. */

static keygate_rc_t
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


static int
cli_find_parse(cli_find_t *find)
{
    unsigned           i;
    cli_want_t        *want;
    keygate_str_t      line;
    keygate_fault_t    fault;
    keygate_record_t   record;

    for (i = 0; i < find->n; i++) {
        want = &find->wants[i];

        if (want->line == NULL || want->json != NULL) {
            continue;
        }

        line.data = (unsigned char *) want->line;
        line.len = want->len;

        if (keygate_record_parse(line, &record, &fault) != KEYGATE_OK) {
            return cli_nomem();
        }

        want->json = json_incref(record.json);
        keygate_record_free(&record);
    }

    return CLI_OK;
}


int
cli_find(cli_t *cli, cli_find_t *find)
{
    keygate_rc_t  rc;

    if (cli->remote != NULL) {
        return cli_remote_find(cli, find);
    }

    rc = cli_find_more(cli, find);

    return rc == KEYGATE_OK ? cli_find_parse(find)
                            : cli_journal_error(cli, rc);
}


static int
cli_change_write(cli_t *cli, cli_text_t *lines)
{
    uint64_t       at, end;
    keygate_str_t  span;

    if (lines->len == 0) {
        return CLI_OK;
    }

    span.data = (unsigned char *) lines->data;
    span.len = lines->len;

    return cli_journal_error(cli, keygate_journal_append(cli->journal, span,
                                                         &at, &end));
}


int
cli_change(cli_t *cli, cli_find_t *find, cli_make_pt make, void *data)
{
    int           rc;
    cli_text_t    lines;
    keygate_rc_t  krc;

    if (cli->remote != NULL) {
        return cli_remote_change(cli, find, make, data);
    }

    if (cli_copied(cli)) {
        return CLI_CONFLICT;
    }

    krc = cli_find_more(cli, find);

    if (krc != KEYGATE_OK && krc != KEYGATE_NONE) {
        return cli_journal_error(cli, krc);
    }

    krc = keygate_journal_begin(cli->journal);

    if (krc != KEYGATE_OK) {
        return cli_journal_error(cli, krc);
    }

    memset(&lines, 0, sizeof(cli_text_t));

    rc = cli_find(cli, find);

    if (rc == CLI_OK) {
        rc = make(cli, find, &lines, data);
    }

    if (rc == CLI_OK) {
        rc = cli_change_write(cli, &lines);
    }

    keygate_journal_end(cli->journal);
    cli_text_free(&lines);

    return rc;
}


int
cli_add_record(cli_text_t *lines, keygate_kind_e kind, json_t *record,
    json_t *faults)
{
    int      rc;
    char    *line;
    size_t   len;

    if (record == NULL) {
        return cli_faults(faults);
    }

    line = keygate_record_line(kind, record, &len);
    json_decref(record);

    if (line == NULL) {
        return cli_nomem();
    }

    rc = cli_text_add(lines, line, len) ? CLI_OK : cli_nomem();
    free(line);

    return rc;
}


int
cli_digest_kind(cli_t *cli, const cli_find_t *find)
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
