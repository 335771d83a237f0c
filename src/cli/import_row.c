/*
 * A row of an import to a record.  A row is what the journal holds, or a key
 * on its own, with its digest or with its credential.
 */

#include <stdlib.h>
#include <string.h>

#include "import.h"


#define CLI_REASON_MAX  256


static int cli_row_defaults(cli_t *cli, json_t *key);
static json_t *cli_row_ordered(const json_t *key);
static keygate_rc_t cli_row_key(cli_t *cli, json_t *key, json_t **record,
    cli_row_t *row);
static keygate_rc_t cli_row_flat(cli_t *cli, json_t *json, json_t **record,
    cli_row_t *row);
static keygate_rc_t cli_row_record(keygate_kind_e kind, json_t *json,
    cli_row_t *row);


/* In the order in which they are written. */

static const char *const  cli_row_members[] = {
    "id", "account", "name", "digest", "scopes", "rates", "addresses",
    "created_at", "rotated_at", "expires_at", "revoked_at", "previous",
    "credential", "secret", NULL
};


int
cli_row_member(const char *name, int *list)
{
    const char *const  *m;

    *list = strcmp(name, "scopes") == 0 || strcmp(name, "rates") == 0
            || strcmp(name, "addresses") == 0;

    for (m = cli_row_members; *m != NULL; m++) {
        if (strcmp(*m, name) == 0) {
            return strcmp(name, "previous") != 0;
        }
    }

    return 0;
}


/* What a row does not say: as the options have it, or as usual. */

static int
cli_row_defaults(cli_t *cli, json_t *key)
{
    char         now[21];
    json_t      *value;
    const char  *name;

    json_object_foreach(cli->request, name, value) {
        if (json_object_get(key, name) == NULL
            && json_object_set(key, name, value) != 0)
        {
            return 0;
        }
    }

    if (json_object_get(key, "scopes") == NULL
        && json_object_set_new(key, "scopes", json_array()) != 0)
    {
        return 0;
    }

    if (json_object_get(key, "created_at") != NULL) {
        return 1;
    }

    keygate_time_format(cli->now, now);

    return json_object_set_new(key, "created_at", json_string(now)) == 0;
}


/* The members in their order, then those that are unknown. */

static json_t *
cli_row_ordered(const json_t *key)
{
    int                 ok;
    json_t             *record, *value;
    const char *const  *m;

    record = json_object();

    if (record == NULL) {
        return NULL;
    }

    for (ok = 1, m = cli_row_members; *m != NULL && ok; m++) {
        value = json_object_get(key, *m);
        ok = value == NULL || json_object_set(record, *m, value) == 0;
    }

    if (!ok || json_object_update_missing(record, (json_t *) key) != 0) {
        json_decref(record);
        return NULL;
    }

    return record;
}


/* A key, which is changed, to *record. */

static keygate_rc_t
cli_row_key(cli_t *cli, json_t *key, json_t **record, cli_row_t *row)
{
    keygate_rc_t  rc;

    rc = cli_import_digest(cli, key, row);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (!cli_row_defaults(cli, key)) {
        return KEYGATE_NOMEM;
    }

    *record = cli_row_ordered(key);

    return *record != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
}


/* A key that stands on its own may have known members only: "scope" for
 * "scopes" would make a key that can do nothing, and nobody would know why. */

static keygate_rc_t
cli_row_flat(cli_t *cli, json_t *json, json_t **record, cli_row_t *row)
{
    int          list;
    json_t      *value;
    const char  *name;

    json_object_foreach(json, name, value) {
        if (!cli_row_member(name, &list) && strcmp(name, "previous") != 0) {
            return cli_import_refuse(row, "has a member that is not known; "
                                     "see \"keygate import --help\"");
        }
    }

    return cli_row_key(cli, json, record, row);
}


static keygate_rc_t
cli_row_record(keygate_kind_e kind, json_t *json, cli_row_t *row)
{
    char             reason[CLI_REASON_MAX];
    keygate_rc_t     rc;
    keygate_fault_t  fault;

    rc = keygate_record_from_json(kind, json, &row->record, &fault);

    if (rc == KEYGATE_INVALID) {
        snprintf(reason, CLI_REASON_MAX, "%s %s",
                 fault.pointer[0] == '/' ? fault.pointer + 1 : "it",
                 fault.reason);
        return cli_import_refuse(row, reason);
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (row->record.deleted) {
        return cli_import_refuse(row, "is about something deleted");
    }

    row->text = keygate_record_line(kind, json, &row->len);

    return row->text != NULL
           ? KEYGATE_OK : cli_import_refuse(row, "is longer than 65536 "
                                                    "bytes");
}


keygate_rc_t
cli_row_make(cli_t *cli, json_t *json, cli_row_t *row)
{
    json_t          *account, *key, *record;
    keygate_rc_t     rc;
    keygate_kind_e   kind;

    record = NULL;
    account = json_object_get(json, "account");
    key = json_object_get(json, "key");
    kind = json_is_object(account) ? KEYGATE_ACCOUNT : KEYGATE_KEY;

    if (!json_is_object(account) && !json_is_object(key)) {
        rc = cli_row_flat(cli, json, &record, row);

    } else if (json_object_size(json) != 1) {
        rc = cli_import_refuse(row, "has members beside the record");

    } else if (kind == KEYGATE_ACCOUNT) {
        rc = KEYGATE_OK;
        record = json_incref(account);

    } else {
        rc = cli_row_key(cli, key, &record, row);
    }

    if (rc == KEYGATE_OK) {
        rc = cli_row_record(kind, record, row);
    }

    json_decref(record);
    json_decref(json);

    return rc == KEYGATE_INVALID ? KEYGATE_OK : rc;
}


void
cli_row_free(cli_row_t *row)
{
    keygate_record_free(&row->record);
    free(row->text);
    free(row->reason);
    memset(row, 0, sizeof(cli_row_t));
}
