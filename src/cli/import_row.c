/*
 * A row of an import to a record.  A row is what the journal holds, or a key
 * on its own, with its digest or with its credential, which is digested here
 * and goes no further.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "import.h"


#define CLI_REASON_MAX  256


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


keygate_rc_t
cli_row_refuse(cli_row_t *row, const char *reason)
{
    row->reason = strdup(reason);

    return row->reason != NULL ? KEYGATE_INVALID : KEYGATE_NOMEM;
}


/* Takes the credential out of a key: *value is a new reference, or NULL. */

static keygate_rc_t
cli_row_credential(json_t *key, json_t **value, cli_row_t *row)
{
    json_t  *credential, *secret;

    credential = json_object_get(key, "credential");
    secret = json_object_get(key, "secret");

    *value = json_incref(credential != NULL ? credential : secret);

    if (credential != NULL && secret != NULL) {
        return cli_row_refuse(row, "has both \"credential\" and "
                                      "\"secret\"");
    }

    (void) json_object_del(key, "credential");
    (void) json_object_del(key, "secret");

    if (*value == NULL) {
        return KEYGATE_OK;
    }

    if (json_object_get(key, "digest") != NULL) {
        return cli_row_refuse(row, "has both a credential and a digest");
    }

    return json_is_string(*value)
           ? KEYGATE_OK : cli_row_refuse(row, "has a credential that is "
                                                 "not a string");
}


static void
cli_row_cleanse(json_t *value)
{
    if (json_is_string(value)) {
        OPENSSL_cleanse((char *) json_string_value(value),
                        json_string_length(value));
    }

    json_decref(value);
}


/* An id for an opaque key; the credential that is made with it is unused. */

static keygate_rc_t
cli_row_new_id(const keygate_format_t *f, char id[KEYGATE_ID_MAX + 1])
{
    char          credential[KEYGATE_CREDENTIAL_MAX + 1];
    keygate_rc_t  rc;

    id[0] = '\0';
    rc = keygate_credential_make(f, id, credential);
    OPENSSL_cleanse(credential, sizeof(credential));

    return rc;
}


static keygate_rc_t
cli_row_id(cli_t *cli, json_t *key, keygate_str_t credential, cli_row_t *row)
{
    int             i;
    char            made[KEYGATE_ID_MAX + 1];
    json_t         *given;
    keygate_str_t   id;

    given = json_object_get(key, "id");

    i = keygate_credential_parse(cli->formats, cli->n_formats, credential,
                                 &id);
    if (i == -1) {
        return cli_row_refuse(row, cli->n_formats == 0
                              ? "has a credential, and no --format says what "
                                "keys look like"
                              : "has a credential that is of no --format");
    }

    if (id.len == 0) {
        if (given != NULL) {
            return KEYGATE_OK;
        }

        if (cli_row_new_id(&cli->formats[i], made) != KEYGATE_OK) {
            return cli_row_refuse(row, "got no id: there is no "
                                          "randomness");
        }

        id = keygate_span(made);
    }

    if (given != NULL) {
        return json_is_string(given) && keygate_str_eq(cli_json_span(given),
                                                       id)
               ? KEYGATE_OK
               : cli_row_refuse(row, "has an id that is not the one in "
                                        "its credential");
    }

    return json_object_set_new(key, "id", json_stringn((char *) id.data,
                                                       id.len)) == 0
           ? KEYGATE_OK : KEYGATE_NOMEM;
}


static keygate_rc_t
cli_row_digest(cli_t *cli, json_t *key, json_t *value, cli_row_t *row)
{
    char           hex[2 * KEYGATE_DIGEST_LEN + 1];
    char           text[sizeof("hmac-sha256:") + 2 * KEYGATE_DIGEST_LEN];
    keygate_rc_t   rc;
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    rc = cli_row_id(cli, key, cli_json_span(value), row);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (keygate_digest(cli->digester, cli_json_span(value), digest)
        != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    keygate_digest_hex(digest, hex);
    snprintf(text, sizeof(text), "%s:%s",
             cli->hmac ? "hmac-sha256" : "sha256", hex);

    return json_object_set_new(key, "digest", json_string(text)) == 0
           ? KEYGATE_OK : KEYGATE_NOMEM;
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
    json_t        *value;
    keygate_rc_t   rc;

    value = NULL;

    rc = cli_row_credential(key, &value, row);

    if (rc == KEYGATE_OK && value != NULL) {
        rc = cli_row_digest(cli, key, value, row);
    }

    cli_row_cleanse(value);

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
            return cli_row_refuse(row, "has a member that is not known; "
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
        return cli_row_refuse(row, reason);
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (row->record.deleted) {
        return cli_row_refuse(row, "is about something deleted");
    }

    row->text = keygate_record_line(kind, json, &row->len);

    return row->text != NULL
           ? KEYGATE_OK : cli_row_refuse(row, "is longer than 65536 "
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
        rc = cli_row_refuse(row, "has members beside the record");

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
