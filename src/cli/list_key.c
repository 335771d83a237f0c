/*
 * What is asked of a key when keys are listed, and whether it is wanted.
 */

#define _GNU_SOURCE                      /* memmem() */

#include <stdlib.h>
#include <string.h>

#include "list.h"


int
cli_key_of_json(cli_list_t *l, const json_t *json, keygate_listed_t *key)
{
    size_t          i;
    json_t         *scopes, *scope;
    int64_t         rotated;
    keygate_str_t  *room;

    memset(key, 0, sizeof(keygate_listed_t));

    key->id = cli_json_span(json_object_get(json, "id"));
    key->account = cli_json_span(json_object_get(json, "account"));
    key->name = cli_json_span(json_object_get(json, "name"));
    key->created_at = cli_json_time(json, "created_at", 0);
    key->expires_at = cli_json_time(json, "expires_at", KEYGATE_NEVER);
    key->revoked_at = cli_json_time(json, "revoked_at", KEYGATE_NEVER);
    key->suspended_at = cli_json_time(json, "suspended_at", KEYGATE_NEVER);
    key->used_at = cli_json_time(json, "last_used_at", 0);
    key->meta = json_object_get(json, "meta");

    rotated = cli_json_time(json, "rotated_at", 0);
    key->made_at = rotated > key->created_at ? rotated : key->created_at;

    scopes = json_object_get(json, "scopes");

    if (json_array_size(scopes) > l->max_scopes) {
        room = realloc(l->scopes,
                       json_array_size(scopes) * sizeof(keygate_str_t));

        if (room == NULL) {
            return 0;
        }

        l->scopes = room;
        l->max_scopes = json_array_size(scopes);
    }

    json_array_foreach(scopes, i, scope) {
        l->scopes[key->n_scopes++] = cli_json_span(scope);
    }

    key->scopes = l->scopes;

    return 1;
}


/* How old a secret is, and what is in "meta", is no concern of scan(), which
 * has no JSON: where either may be asked for, the line must be. */

keygate_rc_t
cli_key_of_record(keygate_record_t *record, keygate_str_t line,
    keygate_listed_t *key)
{
    keygate_rc_t      rc;
    keygate_fault_t   fault;
    static const char name[] = "rotated_at";

    if (record->json == NULL
        && (record->meta_len != 0
            || memmem(line.data, line.len, name, sizeof(name) - 1) != NULL))
    {
        keygate_record_free(record);

        rc = keygate_record_parse(line, record, &fault);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    keygate_filter_of_record(record, key);

    return KEYGATE_OK;
}


int
cli_list_wanted(const cli_list_t *l, const keygate_listed_t *key)
{
    const cli_t             *cli;
    const keygate_filter_t  *filter;

    cli = l->cli;
    filter = &cli->filter;

    if ((cli->live
         || (filter->state == KEYGATE_STATES
             && (filter->older_than >= 0 || filter->unused_for >= 0)))
        && (key->revoked_at != KEYGATE_NEVER || key->expires_at <= cli->now))
    {
        return 0;
    }

    return keygate_filter_matches(filter, key, cli->now);
}
