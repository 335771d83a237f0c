/*
 * check: is the journal in order?  Every line that the gateway would not take
 * is told, and what it makes of the rest.
 */

#include <string.h>

#include "cli.h"
#include "keygate_index.h"
#include "line.h"


typedef struct {
    cli_t            *cli;
    keygate_index_t  *index;
    uint64_t          lines;
    uint64_t          blank;
    uint64_t          marks;
    uint64_t          bad;
    uint64_t          torn;              /* its number, or 0 */
    uint64_t          plain;             /* lines with a digest of this kind */
    uint64_t          hmac;
    uint64_t          records;
    uint64_t          keys;
    uint64_t          live;
    uint64_t          accounts;
    uint64_t          orphans;           /* keys without an account */
} cli_check_t;


static void cli_check_bad(cli_check_t *c, uint64_t number, const char *pointer,
    const char *reason);
static keygate_rc_t cli_check_record(cli_check_t *c,
    const keygate_record_t *record, uint64_t number, uint64_t at, size_t len);
static keygate_rc_t cli_check_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static keygate_rc_t cli_check_last(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
static int cli_check_print(const cli_check_t *c);


static void
cli_check_bad(cli_check_t *c, uint64_t number, const char *pointer,
    const char *reason)
{
    json_t  *json;

    c->bad++;

    if (!c->cli->json) {
        printf("%s:%llu: %s%s%s\n", c->cli->journal_path,
               (unsigned long long) number, pointer,
               pointer[0] != '\0' ? " " : "", reason);
        return;
    }

    json = json_pack("{s:I, s:s, s:s}", "line", (json_int_t) number,
                     "pointer", pointer, "reason", reason);

    fputs(c->bad == 1 ? "\n" : ",\n", stdout);
    (void) cli_print_compact(json);
    json_decref(json);
}


static keygate_rc_t
cli_check_record(cli_check_t *c, const keygate_record_t *record,
    uint64_t number, uint64_t at, size_t len)
{
    keygate_rc_t  rc;

    if (record->has_digest) {
        if (record->hmac) {
            c->hmac++;

        } else {
            c->plain++;
        }
    }

    if (record->has_digest && c->cli->hmac && !record->hmac) {
        cli_check_bad(c, number, "/digest", "is made without the pepper");
        return KEYGATE_OK;
    }

    rc = keygate_index_add(c->index, record, at, len);

    if (rc == KEYGATE_CONFLICT) {
        cli_check_bad(c, number, "", "a digest in it belongs to another key");
        rc = KEYGATE_OK;
    }

    return rc;
}


static keygate_rc_t
cli_check_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    cli_check_t       *c;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    c = data;
    c->lines++;

    if (torn) {
        c->torn = number;
        return KEYGATE_OK;
    }

    switch (cli_line_kind(line)) {

    case CLI_LINE_BLANK:
        c->blank++;
        return KEYGATE_OK;

    case CLI_LINE_MARK:
        c->marks++;
        return KEYGATE_OK;

    default:
        break;
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc == KEYGATE_INVALID) {
        cli_check_bad(c, number, fault.pointer, fault.reason);
        return KEYGATE_OK;
    }

    if (rc == KEYGATE_OK) {
        rc = cli_check_record(c, &record, number, at, line.len);
        keygate_record_free(&record);
    }

    return rc;
}


static keygate_rc_t
cli_check_last(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    uint64_t           account;
    cli_check_t       *c;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    (void) number;
    (void) at;
    (void) torn;

    c = data;

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    c->records++;

    if (record.kind == KEYGATE_ACCOUNT) {
        c->accounts++;

    } else {
        c->keys++;
        c->live += record.revoked_at == KEYGATE_NEVER
                   && record.expires_at > c->cli->now;
        c->orphans += keygate_index_find(c->index, KEYGATE_ACCOUNT,
                                         record.account, &account)
                      != KEYGATE_OK;
    }

    keygate_record_free(&record);

    return KEYGATE_OK;
}


static int
cli_check_print(const cli_check_t *c)
{
    int       healthy;
    uint64_t  older;

    healthy = c->bad == 0 && c->torn == 0 && (c->plain == 0 || c->hmac == 0);
    older = c->lines - c->blank - c->marks - c->bad - (c->torn != 0)
            - c->records;

    if (c->cli->json) {
        printf("%s],\"healthy\":%s,\"lines\":%llu,\"superseded\":%llu,"
               "\"blank\":%llu,\"marks\":%llu,\"torn\":%s,"
               "\"keys\":%llu,\"live\":%llu,"
               "\"accounts\":%llu,\"orphans\":%llu,\"sha256\":%llu,"
               "\"hmac_sha256\":%llu}\n",
               c->bad ? "\n" : "", healthy ? "true" : "false",
               (unsigned long long) c->lines, (unsigned long long) older,
               (unsigned long long) c->blank,
               (unsigned long long) c->marks, c->torn ? "true" : "false",
               (unsigned long long) c->keys, (unsigned long long) c->live,
               (unsigned long long) c->accounts,
               (unsigned long long) c->orphans,
               (unsigned long long) c->plain, (unsigned long long) c->hmac);

        return healthy ? CLI_OK : CLI_CONFLICT;
    }

    if (c->torn) {
        printf("%s:%llu: the last line has no end: it counts for nothing\n",
               c->cli->journal_path, (unsigned long long) c->torn);
    }

    if (c->plain != 0 && c->hmac != 0) {
        printf("%llu lines have plain digests, %llu have digests under a "
               "pepper: a gateway takes one kind\n",
               (unsigned long long) c->plain, (unsigned long long) c->hmac);
    }

    if (c->cli->quiet) {
        return healthy ? CLI_OK : CLI_CONFLICT;
    }

    printf("%llu lines: %llu records, %llu superseded or deleted, %llu bad\n"
           "%llu keys, %llu of them live; %llu accounts\n",
           (unsigned long long) c->lines, (unsigned long long) c->records,
           (unsigned long long) older, (unsigned long long) c->bad,
           (unsigned long long) c->keys, (unsigned long long) c->live,
           (unsigned long long) c->accounts);

    if (c->marks != 0) {
        printf("a node's copy of a store: %llu of the lines are marks\n",
               (unsigned long long) c->marks);
    }

    if (c->orphans != 0) {
        printf("%llu keys have an account that is not there: they are "
               "refused\n", (unsigned long long) c->orphans);
    }

    puts(healthy ? "healthy" : "not healthy");

    return healthy ? CLI_OK : CLI_CONFLICT;
}


int
cli_check(cli_t *cli)
{
    int           rc;
    cli_check_t   c;
    keygate_rc_t  krc;

    rc = cli_setup_records(cli, 0);
    rc = rc != CLI_OK ? rc : cli_setup_digester(cli);

    if (rc != CLI_OK) {
        return rc;
    }

    memset(&c, 0, sizeof(cli_check_t));

    c.cli = cli;
    c.index = keygate_index_create(cli->now);

    if (c.index == NULL) {
        return cli_error_nomem();
    }

    if (cli->json) {
        fputs("{\"bad\":[", stdout);
    }

    krc = keygate_journal_each(cli->journal, cli_check_line, &c);

    if (krc == KEYGATE_OK) {
        krc = keygate_journal_records(cli->journal, cli->now, cli_check_last,
                                      &c);
    }

    rc = krc == KEYGATE_OK ? cli_check_print(&c)
                           : cli_error_journal(cli, krc);

    keygate_index_destroy(c.index);

    if (cli_print_flush() != CLI_OK) {
        return CLI_IO;
    }

    return rc;
}
