/*
 * Changes to accounts: which members go where.  Whether they may is checked
 * in keygate_change_check.c, before and after.
 */

#include <string.h>

#include "keygate_change_private.h"


static void keygate_check_same_id(keygate_check_t *c, const char *id,
    const json_t *request);
static json_t *keygate_account_rest(const json_t *current);


static const char *const  keygate_no_members[] = { NULL };

static const char *const  keygate_account_put[] = {
    "id", "name", "plan", "status", "trial_ends_at", "profile", NULL
};

static const char *const  keygate_account_needed[] = { "name", NULL };

static const char *const  keygate_account_patch[] = {
    "name", "plan", "status", "trial_ends_at", "profile", NULL
};


static void
keygate_check_same_id(keygate_check_t *c, const char *id,
    const json_t *request)
{
    const char  *own;

    own = json_string_value(json_object_get(request, "id"));

    if (own != NULL && strcmp(own, id) != 0) {
        keygate_check_fault(c, "id", NULL, "is not the id in the path");
    }
}


/* The current record without the members that a request can have. */

static json_t *
keygate_account_rest(const json_t *current)
{
    json_t    *rest;
    unsigned   i;

    rest = (current != NULL) ? json_copy((json_t *) current) : json_object();

    for (i = 0; rest != NULL && keygate_account_put[i] != NULL; i++) {
        (void) json_object_del(rest, keygate_account_put[i]);
    }

    return rest;
}


json_t *
keygate_change_put_account(const char *id, const json_t *current,
    const json_t *request, const keygate_known_t *known, json_t **faults)
{
    json_t           *record, *rest;
    keygate_check_t   c;

    keygate_check_init(&c, KEYGATE_ACCOUNT, known);
    keygate_check_request(&c, request, keygate_account_put,
                          keygate_account_needed);
    keygate_check_same_id(&c, id, request);

    record = NULL;

    if (keygate_check_passed(&c)) {
        record = json_object();
    }

    if (record != NULL) {
        keygate_change_set(&c, record, "id", json_string(id));
        keygate_change_merge(&c, record, request, keygate_account_patch);

        if (json_object_get(record, "status") == NULL) {
            keygate_change_set(&c, record, "status", json_string("active"));
        }

        rest = keygate_account_rest(current);

        keygate_change_memory(&c, rest != NULL
                                  && json_object_update(record, rest) == 0);
        json_decref(rest);
    }

    return keygate_check_result(&c, record, faults);
}


json_t *
keygate_change_patch_account(const json_t *current, const json_t *patch,
    const keygate_known_t *known, json_t **faults)
{
    json_t           *record;
    keygate_check_t   c;

    keygate_check_init(&c, KEYGATE_ACCOUNT, known);
    keygate_check_request(&c, patch, keygate_account_patch,
                          keygate_no_members);

    record = NULL;

    if (keygate_check_passed(&c)) {
        record = json_deep_copy(current);
    }

    if (record != NULL) {
        keygate_change_merge(&c, record, patch, keygate_account_patch);

        if (json_is_object(json_object_get(patch, "profile"))) {
            keygate_change_merge_object(&c, record, current, "profile");
        }
    }

    return keygate_check_result(&c, record, faults);
}
