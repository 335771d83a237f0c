/*
 * Records in the journal are changed under its lock.  A whole pass over the
 * file takes a while, and the gateway's own writers wait for the lock: so what
 * is wanted is found first, and under the lock only what was appended since is
 * looked at.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"


static int cli_change_write(cli_t *cli, cli_text_t *lines);


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

    return cli_error_journal(cli, keygate_journal_append(cli->journal, span,
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

    if (cli_copy_is(cli)) {
        return CLI_CONFLICT;
    }

    krc = cli_find_more(cli, find);

    if (krc != KEYGATE_OK && krc != KEYGATE_NONE) {
        return cli_error_journal(cli, krc);
    }

    krc = keygate_journal_begin(cli->journal);

    if (krc != KEYGATE_OK) {
        return cli_error_journal(cli, krc);
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
cli_change_add(cli_text_t *lines, keygate_kind_e kind, json_t *record,
    json_t *faults)
{
    int      rc;
    char    *line;
    size_t   len;

    if (record == NULL) {
        return cli_error_faults(faults);
    }

    line = keygate_record_line(kind, record, &len);
    json_decref(record);

    if (line == NULL) {
        return cli_error_nomem();
    }

    rc = cli_text_add(lines, line, len) ? CLI_OK : cli_error_nomem();
    free(line);

    return rc;
}
