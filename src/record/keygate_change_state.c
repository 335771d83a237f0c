/*
 * Changes to keys that take nothing from a request but that it was made: a key
 * is revoked, suspended or resumed, its windows are emptied, its end is set.
 */

#include <string.h>

#include "keygate_change_private.h"
#include "keygate_record_private.h"


static json_t *keygate_change_since(const json_t *current, const char *name,
    int64_t now, json_t **faults);
static json_t *keygate_change_resets(keygate_check_t *c, const json_t *current,
    const char *name, int64_t now);


int
keygate_change_revoked(const json_t *current)
{
    return json_is_string(json_object_get(current, "revoked_at"));
}


json_t *
keygate_change_revoke_key(const json_t *current, int64_t now,
    json_t **faults)
{
    return keygate_change_since(current, "revoked_at", now, faults);
}


json_t *
keygate_change_suspend_key(const json_t *current, int64_t now,
    json_t **faults)
{
    return keygate_change_since(current, "suspended_at", now, faults);
}


/* Sets a time, unless there is one. */

static json_t *
keygate_change_since(const json_t *current, const char *name, int64_t now,
    json_t **faults)
{
    json_t           *record;
    keygate_check_t   c;

    keygate_check_init(&c, KEYGATE_KEY, NULL);

    record = json_deep_copy(current);

    if (record != NULL && !json_is_string(json_object_get(record, name))) {
        keygate_change_set_at(&c, record, name, now);
    }

    return keygate_check_result(&c, record, faults);
}


json_t *
keygate_change_resume_key(const json_t *current, int64_t now,
    json_t **faults)
{
    json_t           *record;
    keygate_check_t   c;

    (void) now;

    keygate_check_init(&c, KEYGATE_KEY, NULL);

    record = json_deep_copy(current);

    if (record != NULL) {
        (void) json_object_del(record, "suspended_at");
    }

    return keygate_check_result(&c, record, faults);
}


/* Each reset has a time of its own, by which others see that it is a new
 * one. */

static json_t *
keygate_change_resets(keygate_check_t *c, const json_t *current,
    const char *name, int64_t now)
{
    json_t                 *resets, *old;
    keygate_fault_t         fault;
    keygate_record_t        record;
    const keygate_reset_t  *newest;

    memset(&record, 0, sizeof(keygate_record_t));
    old = json_object_get(current, "resets");

    if (json_is_object(old)
        && keygate_record_resets(&record, old, &fault) != KEYGATE_OK)
    {
        old = NULL;
    }

    newest = keygate_reset_newest(record.resets, record.n_resets);

    if (newest != NULL && newest->at >= now) {
        now = newest->at + 1;
    }

    resets = name != NULL && json_is_object(old) ? json_deep_copy(old)
                                                 : json_object();
    keygate_change_memory(c, resets != NULL);

    if (resets != NULL) {
        keygate_change_set_at(c, resets, name == NULL ? "all" : name, now);
    }

    keygate_record_free(&record);

    return resets;
}


json_t *
keygate_change_reset_key(const json_t *current, const char *name, int64_t now,
    json_t **faults)
{
    json_t           *record, *resets;
    keygate_check_t   c;
    keygate_reset_t   reset;

    keygate_check_init(&c, KEYGATE_KEY, NULL);

    if (name != NULL
        && keygate_reset_parse(keygate_span(name), &reset) != KEYGATE_OK)
    {
        keygate_check_fault(&c, "rate", NULL, "is not the name of a rate");
    }

    record = NULL;

    if (keygate_check_passed(&c)) {
        record = json_deep_copy(current);
    }

    if (record != NULL) {
        resets = keygate_change_resets(&c, current, name, now);
        keygate_change_set(&c, record, "resets", resets);
    }

    return keygate_check_result(&c, record, faults);
}


json_t *
keygate_change_expire_key(const json_t *current, int64_t at, json_t **faults)
{
    json_t           *record;
    keygate_check_t   c;

    keygate_check_init(&c, KEYGATE_KEY, NULL);

    record = json_deep_copy(current);

    if (record != NULL) {
        keygate_change_set_at(&c, record, "expires_at", at);
    }

    return keygate_check_result(&c, record, faults);
}
