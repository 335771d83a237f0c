/*
 * What is asked of a key when keys are listed, and whether it is wanted.
 */

#define _GNU_SOURCE                      /* memmem() */

#include <string.h>

#include "list.h"


void
cli_key_of_json(cli_list_t *l, const json_t *json, cli_key_t *key)
{
    size_t   i;
    json_t  *scope;
    int64_t  rotated;

    memset(key, 0, sizeof(cli_key_t));

    key->id = cli_json_span(json_object_get(json, "id"));
    key->account = cli_json_span(json_object_get(json, "account"));
    key->name = cli_json_span(json_object_get(json, "name"));
    key->created_at = cli_json_time(json, "created_at", 0);
    key->expires_at = cli_json_time(json, "expires_at", KEYGATE_NEVER);
    key->revoked_at = cli_json_time(json, "revoked_at", KEYGATE_NEVER);
    key->suspended_at = cli_json_time(json, "suspended_at", KEYGATE_NEVER);
    key->used_at = cli_json_time(json, "last_used_at", 0);

    rotated = cli_json_time(json, "rotated_at", 0);
    key->made_at = rotated > key->created_at ? rotated : key->created_at;

    json_array_foreach(json_object_get(json, "scopes"), i, scope) {

        if (i == KEYGATE_SCOPES_MAX) {
            break;
        }

        l->scopes[key->n_scopes++] = cli_json_span(scope);
    }

    key->scopes = l->scopes;
}


/* When a secret was made is no concern of the core's: of what scan() has read
 * without JSON, the line must be asked. */

keygate_rc_t
cli_key_of_record(keygate_record_t *record, keygate_str_t line,
    cli_key_t *key)
{
    int64_t           rotated;
    keygate_rc_t      rc;
    keygate_fault_t   fault;
    static const char name[] = "rotated_at";

    if (record->json == NULL
        && memmem(line.data, line.len, name, sizeof(name) - 1) != NULL)
    {
        keygate_record_free(record);

        rc = keygate_record_parse(line, record, &fault);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    rotated = cli_json_time(record->json, name, 0);

    memset(key, 0, sizeof(cli_key_t));

    key->id = record->id;
    key->account = record->account;
    key->name = record->name;
    key->scopes = record->scopes;
    key->n_scopes = record->n_scopes;
    key->created_at = record->created_at;
    key->made_at = rotated > record->created_at ? rotated
                                                : record->created_at;
    key->expires_at = record->expires_at;
    key->revoked_at = record->revoked_at;
    key->suspended_at = record->suspended_at;

    return KEYGATE_OK;
}


int
cli_list_wanted(const cli_list_t *l, const cli_key_t *key)
{
    int64_t       used;
    const cli_t  *cli;

    cli = l->cli;

    if (l->account != NULL
        && !keygate_str_eq(key->account, keygate_span(l->account)))
    {
        return 0;
    }

    if ((cli->live || cli->older_than >= 0 || cli->unused_for >= 0)
        && (key->revoked_at != KEYGATE_NEVER || key->expires_at <= cli->now))
    {
        return 0;
    }

    if (cli->older_than >= 0 && key->made_at > cli->now - cli->older_than) {
        return 0;
    }

    used = key->used_at != 0 ? key->used_at : key->created_at;

    return cli->unused_for < 0 || used <= cli->now - cli->unused_for;
}
