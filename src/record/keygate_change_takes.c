/*
 * Whether a change takes a right away, so that whoever makes it wants to know
 * that it is in force everywhere.  In doubt it does: waiting costs little.
 */

#include "keygate_change.h"
#include "keygate_time.h"


static json_t *keygate_change_member(const json_t *record, const char *name);
static int keygate_change_sooner(const json_t *before, const json_t *after,
    const char *name);
static int keygate_change_fewer(const json_t *before, const json_t *after);
static int keygate_change_other(const json_t *before, const json_t *after,
    const char *name);


int
keygate_change_takes(const json_t *before, const json_t *after)
{
    if (before == NULL || after == NULL) {
        return after == NULL;
    }

    return keygate_change_ends(before, after)
           || (keygate_change_other(before, after, "addresses")
               && json_array_size(keygate_change_member(after, "addresses")))
           || keygate_change_other(before, after, "rates")
           || keygate_change_other(before, after, "plan")
           || (keygate_change_other(before, after, "digest")
               && (keygate_change_member(after, "previous") == NULL
                   || keygate_change_member(before, "previous") != NULL));
}


int
keygate_change_ends(const json_t *before, const json_t *after)
{
    json_t  *status;

    status = keygate_change_member(after, "status");

    return keygate_change_sooner(before, after, "revoked_at")
           || keygate_change_sooner(before, after, "suspended_at")
           || keygate_change_sooner(before, after, "expires_at")
           || keygate_change_sooner(before, after, "trial_ends_at")
           || keygate_change_fewer(keygate_change_member(before, "scopes"),
                                   keygate_change_member(after, "scopes"))
           || (keygate_change_other(before, after, "status")
               && (status == NULL
                   || strcmp(json_string_value(status), "active") != 0));
}


/* A member that is null is not there. */

static json_t *
keygate_change_member(const json_t *record, const char *name)
{
    json_t  *value;

    value = json_object_get(record, name);

    return json_is_null(value) ? NULL : value;
}


/* Whether something ends earlier than it did, or ends at all now. */

static int
keygate_change_sooner(const json_t *before, const json_t *after,
    const char *name)
{
    int64_t        old, new;
    json_t        *value;
    keygate_str_t  text;

    value = keygate_change_member(after, name);

    if (value == NULL) {
        return 0;
    }

    text = keygate_span(json_string_value(value));

    if (keygate_time_parse(text, &new) != KEYGATE_OK) {
        return 1;
    }

    value = keygate_change_member(before, name);

    if (value == NULL) {
        return 1;
    }

    text = keygate_span(json_string_value(value));

    return keygate_time_parse(text, &old) != KEYGATE_OK || new < old;
}


static int
keygate_change_fewer(const json_t *before, const json_t *after)
{
    size_t   i, k;
    json_t  *scope;

    for (i = 0; i < json_array_size(before); i++) {
        scope = json_array_get(before, i);

        for (k = 0; k < json_array_size(after); k++) {
            if (json_equal(scope, json_array_get(after, k))) {
                break;
            }
        }

        if (k == json_array_size(after)) {
            return 1;
        }
    }

    return 0;
}


static int
keygate_change_other(const json_t *before, const json_t *after,
    const char *name)
{
    json_t  *old, *new;

    old = keygate_change_member(before, name);
    new = keygate_change_member(after, name);

    return old == NULL || new == NULL ? old != new : !json_equal(old, new);
}
