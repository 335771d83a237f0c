/*
 * How many live keys an account has, from the lines of a journal as they are
 * read: what is appended later is added to it, so that nothing is read twice.
 */

#include <string.h>

#include "live.h"


static keygate_rc_t cli_live_record(cli_live_t *live,
    const keygate_record_t *record);


/* A line that a gateway does not take changes nothing.  Plain and keyed
 * digests are kept apart, as the index does. */

static keygate_rc_t
cli_live_record(cli_live_t *live, const keygate_record_t *record)
{
    int           rc;
    char          name[KEYGATE_ID_MAX + 2];
    unsigned      hmac;
    keygate_rc_t  krc;

    krc = keygate_index_add(live->index, record, 0, 0);

    if (krc != KEYGATE_OK || record->kind != KEYGATE_KEY
        || record->id.len > KEYGATE_ID_MAX)
    {
        return krc == KEYGATE_NOMEM ? krc : KEYGATE_OK;
    }

    memcpy(name + 1, record->id.data, record->id.len);
    name[record->id.len + 1] = '\0';

    for (hmac = 0; hmac < 2; hmac++) {
        if (record->deleted || hmac == record->hmac) {
            name[0] = hmac ? 'h' : 'p';
            (void) json_object_del(live->keys, name);
        }
    }

    if (record->deleted
        || !keygate_str_eq(record->account, keygate_span(live->account))
        || record->revoked_at != KEYGATE_NEVER
        || record->expires_at <= live->now)
    {
        return KEYGATE_OK;
    }

    name[0] = record->hmac ? 'h' : 'p';
    rc = json_object_set_new(live->keys, name, json_true());

    return rc == 0 ? KEYGATE_OK : KEYGATE_NOMEM;
}


keygate_rc_t
cli_live_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    cli_live_t        *live;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    (void) number;
    (void) at;

    live = data;

    if (live->index == NULL) {
        live->index = keygate_index_create(live->now);
        live->keys = json_object();
    }

    if (live->index == NULL || live->keys == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = torn ? KEYGATE_INVALID : keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    rc = cli_live_record(live, &record);
    keygate_record_free(&record);

    return rc;
}


size_t
cli_live_count(const cli_live_t *live)
{
    return json_object_size(live->keys);
}


void
cli_live_reset(cli_live_t *live)
{
    keygate_index_destroy(live->index);
    json_decref(live->keys);

    live->index = NULL;
    live->keys = NULL;
}
