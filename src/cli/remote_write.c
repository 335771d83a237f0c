/*
 * Records in a store are changed.  There is no lock: a change is
 * made on top of a version, and made anew when that is no longer the last.
 * All records of a command are changed in one script, all of them or none.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"


#define CLI_TRIES   3
#define CLI_WHOLE   KEYGATE_STR("1")
#define CLI_BATCH   256                  /* records a script, of an import */


/* A record on its way: spans into "text", which is one block. */

typedef struct {
    keygate_str_t   line;
    uint64_t        version;             /* that it is made on top of */
    unsigned        account:1;           /* it is one, and goes */
    char            field[KEYGATE_STORE_FIELD_MAX];
    char            needs[KEYGATE_STORE_FIELD_MAX];
    char            key[CLI_KEY];
    char            needs_key[CLI_KEY];
    char            number[24];
} cli_out_t;


static int cli_remote_out(cli_t *cli, const cli_find_t *find, cli_out_t *out);
static int cli_remote_outs(cli_t *cli, const cli_find_t *find,
    const char *lines, size_t len, cli_out_t **outs, unsigned *n);
static int cli_remote_answer(cli_t *cli, const keygate_reply_t *reply);
static int cli_remote_send(cli_t *cli, cli_out_t *outs, unsigned n);
static int cli_remote_versions(cli_t *cli, cli_out_t *outs, unsigned n);


/* What a line changes, and on top of what. */

static int
cli_remote_out(cli_t *cli, const cli_find_t *find, cli_out_t *out)
{
    unsigned           i;
    keygate_str_t      field;
    keygate_fault_t    fault;
    keygate_record_t   record;

    if (keygate_record_parse(out->line, &record, &fault) != KEYGATE_OK) {
        return cli_error_nomem();
    }

    field.len = keygate_store_field(record.kind, record.id, out->field);
    field.data = (unsigned char *) out->field;

    (void) keygate_store_bucket_key(&cli->remote->name,
                                    keygate_store_bucket(field), out->key);
    memcpy(out->needs_key, out->key, CLI_KEY);

    out->account = record.kind == KEYGATE_ACCOUNT && record.deleted;

    for (i = 0; find != NULL && i < find->n; i++) {
        if (find->wants[i].kind == record.kind
            && keygate_str_eq(keygate_span(find->wants[i].id), record.id))
        {
            out->version = find->wants[i].version;

            /* a new key's account must still be there */

            if (record.kind == KEYGATE_KEY && !record.deleted
                && find->wants[i].json == NULL)
            {
                field.len = keygate_store_field(KEYGATE_ACCOUNT,
                                                record.account, out->needs);
                field.data = (unsigned char *) out->needs;

                (void) keygate_store_bucket_key(&cli->remote->name,
                                                keygate_store_bucket(field),
                                                out->needs_key);
            }
        }
    }

    keygate_record_free(&record);

    return CLI_OK;
}


static int
cli_remote_outs(cli_t *cli, const cli_find_t *find, const char *lines,
    size_t len, cli_out_t **outs, unsigned *n)
{
    int          rc;
    cli_out_t   *out;
    const char  *p, *end, *lf;

    *n = 0;
    end = lines + len;

    for (p = lines; p < end; p++) {
        *n += *p == '\n';
    }

    *outs = calloc(*n ? *n : 1, sizeof(cli_out_t));

    if (*outs == NULL) {
        return cli_error_nomem();
    }

    for (rc = CLI_OK, out = *outs, p = lines; p < end && rc == CLI_OK;
         p = lf + 1, out++)
    {
        lf = memchr(p, '\n', (size_t) (end - p));

        if (lf == NULL) {
            break;
        }

        out->line.data = (const unsigned char *) p;
        out->line.len = (size_t) (lf - p);

        rc = cli_remote_out(cli, find, out);
    }

    return rc;
}


/* CLI_OK; KEYGATE's conflicts are CLI_CONFLICT and unsaid. */

static int
cli_remote_answer(cli_t *cli, const keygate_reply_t *reply)
{
    keygate_str_t  word;

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR) {
        return cli_remote_refused(cli, reply);
    }

    word = keygate_reply_text(keygate_reply_at(reply, 0));

    if (keygate_str_eq(word, KEYGATE_STR("OK"))) {
        cli->remote->version =
            (uint64_t) keygate_reply_number(keygate_reply_at(reply, 1));

        return CLI_OK;
    }

    if (keygate_str_eq(word, KEYGATE_STR("ACCOUNT"))) {
        return cli_error(CLI_NOT_FOUND, "the account is not there any more");
    }

    if (keygate_str_eq(word, KEYGATE_STR("EMPTY"))) {
        return cli_error(CLI_IO, "%s: has lost all that it held; \"keygate "
                         "store push\" fills it again", cli->remote->shown);
    }

    return CLI_CONFLICT;
}


static int
cli_remote_send(cli_t *cli, cli_out_t *outs, unsigned n)
{
    int               rc, whole;
    char              seq[24], meta[CLI_KEY], log[CLI_KEY];
    unsigned          i, k, a;
    keygate_str_t    *args;
    keygate_reply_t  *reply;

    args = calloc(7 + 6 * (size_t) n, sizeof(keygate_str_t));

    if (args == NULL) {
        return cli_error_nomem();
    }

    whole = 0;
    k = 0;
    args[k++] = cli_remote_key(cli, "meta", meta);
    args[k++] = cli_remote_key(cli, "log", log);
    a = 2 + 2 * n;

    snprintf(seq, sizeof(seq), "%llu",
             (unsigned long long) cli->remote->place.seq);

    args[a] = keygate_span(cli->remote->place.epoch);
    args[a + 1] = keygate_span(seq);
    args[a + 2] = keygate_span(cli->remote->place.chain);
    args[a + 3] = KEYGATE_STR(CLI_RETAIN);

    for (i = 0; i < n; i++) {
        snprintf(outs[i].number, sizeof(outs[i].number), "%llu",
                 (unsigned long long) outs[i].version);

        args[k++] = keygate_span(outs[i].key);
        args[k++] = keygate_span(outs[i].needs_key);

        args[a + 5 + 4 * i] = keygate_span(outs[i].field);
        args[a + 6 + 4 * i] = keygate_span(outs[i].number);
        args[a + 7 + 4 * i] = outs[i].line;
        args[a + 8 + 4 * i] = keygate_span(outs[i].needs);

        whole |= outs[i].account;
    }

    args[a + 4] = whole ? CLI_WHOLE : KEYGATE_STR("0");

    if (keygate_link_script(cli->remote->link, KEYGATE_LUA_WRITE, k,
                            7 + 6 * n, args, &reply)
        != KEYGATE_OK)
    {
        free(args);
        return cli_error(CLI_IO, "%s: %s: the change may have been made or "
                         "not; \"show\" tells", cli->remote->shown,
                         keygate_link_error(cli->remote->link));
    }

    free(args);

    rc = cli_remote_answer(cli, reply);
    keygate_reply_free(reply);

    return rc;
}


int
cli_remote_change(cli_t *cli, cli_find_t *find, cli_make_pt make, void *data)
{
    int          rc, tries;
    unsigned     n;
    cli_out_t   *outs;
    cli_text_t   lines;

    for (tries = 0; tries < CLI_TRIES; tries++) {
        outs = NULL;
        memset(&lines, 0, sizeof(cli_text_t));

        rc = cli_remote_find(cli, find);
        rc = rc != CLI_OK ? rc : make(cli, find, &lines, data);

        if (rc != CLI_OK || lines.len == 0) {
            cli_text_free(&lines);
            return rc;
        }

        rc = cli_remote_outs(cli, find, lines.data, lines.len, &outs, &n);
        rc = rc != CLI_OK ? rc : cli_remote_send(cli, outs, n);

        free(outs);
        cli_text_free(&lines);

        if (rc != CLI_CONFLICT) {
            return rc;
        }
    }

    return cli_error(CLI_CONFLICT, "%s: somebody else changes it all the "
                     "time; try again", cli->remote->shown);
}


/* Of records that were deleted the version is asked for: what is new is on
 * top of that. */

static int
cli_remote_versions(cli_t *cli, cli_out_t *outs, unsigned n)
{
    int               rc;
    unsigned          i;
    cli_find_t        find;
    cli_want_t        want;
    keygate_str_t     args[3];
    keygate_reply_t  *reply;

    args[0] = KEYGATE_STR("HGET");
    rc = CLI_OK;

    for (i = 0; i < n; i++) {
        args[1] = keygate_span(outs[i].key);
        args[2] = keygate_span(outs[i].field);

        if (keygate_link_send(cli->remote->link, 3, args) != KEYGATE_OK) {
            return cli_remote_failed(cli);
        }
    }

    for (i = 0; i < n && rc == CLI_OK; i++) {
        memset(&want, 0, sizeof(cli_want_t));
        want.id = outs[i].field;

        rc = cli_remote_take(cli, &reply);

        if (rc == CLI_OK) {
            rc = cli_remote_want(&want, &find, keygate_reply_text(reply));
            keygate_reply_free(reply);
        }

        outs[i].version = want.version;

        if (rc == CLI_OK && want.json != NULL) {
            rc = CLI_CONFLICT;
        }

        json_decref(want.json);
    }

    return rc;
}


int
cli_remote_add(cli_t *cli, const char *lines, size_t len)
{
    int         rc;
    unsigned    n, done, some;
    cli_out_t  *outs;

    n = 0;
    outs = NULL;

    rc = cli_remote_place(cli);
    rc = rc != CLI_OK ? rc : cli_remote_outs(cli, NULL, lines, len, &outs, &n);

    for (done = 0; outs != NULL && done < n && rc == CLI_OK; done += some) {
        some = n - done < CLI_BATCH ? n - done : CLI_BATCH;

        rc = cli_remote_versions(cli, outs + done, some);
        rc = rc != CLI_OK ? rc : cli_remote_send(cli, outs + done, some);
        rc = rc != CLI_OK ? rc : cli_remote_place(cli);
    }

    free(outs);

    return rc;
}
