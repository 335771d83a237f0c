/*
 * Changes to keys: which members go where, and a new digest.  Whether they may
 * is checked in keygate_change_check.c, before and after; what ends, rests or
 * begins anew is in keygate_change_state.c.
 */

#include <stdio.h>
#include <string.h>

#include "keygate_change_private.h"


#define KEYGATE_LAST_SECOND  INT64_C(253402300799)  /* of the year 9999 */


static json_t *keygate_digest_string(const keygate_hex_t *digest);
static int64_t keygate_overlap_value(keygate_check_t *c, const json_t *value);
static void keygate_rotate_previous(keygate_check_t *c, json_t *record,
    const keygate_hex_t *digest, int64_t until);


static const char *const  keygate_no_members[] = { NULL };

static const char *const  keygate_key_create[] = {
    "account", "name", "scopes", "rates", "expires_at", "addresses", "meta",
    NULL
};

static const char *const  keygate_key_needed[] = {
    "account", "name", "scopes", NULL
};

static const char *const  keygate_key_patch[] = {
    "name", "scopes", "rates", "expires_at", "addresses", "meta", NULL
};


static json_t *
keygate_digest_string(const keygate_hex_t *digest)
{
    char  text[sizeof("hmac-sha256:") + 2 * KEYGATE_DIGEST_LEN];

    snprintf(text, sizeof(text), "%s:%s",
             digest->hmac ? "hmac-sha256" : "sha256", digest->hex);

    return json_string(text);
}


json_t *
keygate_change_create_key(const json_t *request, const char *id,
    const keygate_hex_t *digest, int64_t now, const keygate_known_t *known,
    json_t **faults)
{
    json_t                   *record;
    keygate_check_t           c;
    static const char *const  first[] = { "account", "name", NULL };
    static const char *const  rest[] = {
        "scopes", "rates", "expires_at", "addresses", "meta", NULL
    };

    keygate_check_init(&c, KEYGATE_KEY, known);
    keygate_check_request(&c, request, keygate_key_create,
                          keygate_key_needed);

    record = NULL;

    if (keygate_check_passed(&c)) {
        record = json_object();
    }

    if (record != NULL) {
        keygate_change_set(&c, record, "id", json_string(id));
        keygate_change_merge(&c, record, request, first);
        keygate_change_set(&c, record, "digest", keygate_digest_string(digest));
        keygate_change_merge(&c, record, request, rest);
        keygate_change_set_at(&c, record, "created_at", now);
    }

    return keygate_check_result(&c, record, faults);
}


json_t *
keygate_change_patch_key(const json_t *current, const json_t *patch,
    const keygate_known_t *known, json_t **faults)
{
    json_t           *record;
    keygate_check_t   c;

    keygate_check_init(&c, KEYGATE_KEY, known);
    c.patch = 1;
    keygate_check_request(&c, patch, keygate_key_patch, keygate_no_members);

    record = NULL;

    if (keygate_check_passed(&c)) {
        record = json_deep_copy(current);
    }

    if (record != NULL) {
        keygate_change_merge(&c, record, patch, keygate_key_patch);

        if (json_is_object(json_object_get(patch, "meta"))) {
            keygate_change_merge_object(&c, record, current, "meta");

            if (json_object_size(json_object_get(record, "meta")) == 0) {
                (void) json_object_del(record, "meta");
            }
        }
    }

    return keygate_check_result(&c, record, faults);
}


static int64_t
keygate_overlap_value(keygate_check_t *c, const json_t *value)
{
    int64_t        seconds;
    keygate_str_t  text;

    if (!json_is_string(value)) {
        keygate_check_fault(c, "overlap", NULL, "is not a string");
        return 0;
    }

    text.data = (const unsigned char *) json_string_value(value);
    text.len = json_string_length(value);

    if (keygate_time_duration(text, &seconds) != KEYGATE_OK) {
        keygate_check_fault(c, "overlap", NULL,
                            "is not a duration such as \"24h\"");
        return 0;
    }

    return seconds;
}


int64_t
keygate_change_overlap(const json_t *request, json_t **faults)
{
    json_t           *value;
    int64_t           seconds;
    const char       *name;
    keygate_check_t   c;

    *faults = NULL;

    if (request == NULL) {
        return 0;
    }

    seconds = 0;

    keygate_check_init(&c, KEYGATE_KEY, NULL);

    if (!json_is_object(request)) {
        keygate_check_fault(&c, NULL, NULL, "is not an object");
    }

    json_object_foreach((json_t *) request, name, value) {

        if (strcmp(name, "overlap") == 0) {
            seconds = keygate_overlap_value(&c, value);

        } else {
            keygate_check_fault(&c, name, NULL, "is not known here");
        }
    }

    if (keygate_check_passed(&c)) {
        keygate_record_free(&c.scratch);
        return seconds;
    }

    (void) keygate_check_result(&c, NULL, faults);

    return -1;
}


/* The digest before this rotation goes on until "until". */

static void
keygate_rotate_previous(keygate_check_t *c, json_t *record,
    const keygate_hex_t *digest, int64_t until)
{
    json_t      *previous, *old;
    const char  *text;

    (void) json_object_del(record, "previous");

    old = json_object_get(record, "digest");
    text = json_string_value(old);

    if (until == 0 || text == NULL
        || (strncmp(text, "hmac-", 5) == 0) != digest->hmac)
    {
        return;
    }

    previous = json_object();

    if (previous == NULL) {
        keygate_change_memory(c, 0);
        return;
    }

    keygate_change_set(c, previous, "digest", json_string(text));
    keygate_change_set_at(c, previous, "until", until);
    keygate_change_set(c, record, "previous", previous);
}


json_t *
keygate_change_rotate_key(const json_t *current, const keygate_hex_t *digest,
    int64_t overlap, int64_t now, json_t **faults)
{
    json_t           *record;
    keygate_check_t   c;

    keygate_check_init(&c, KEYGATE_KEY, NULL);

    if (keygate_change_revoked(current)) {
        keygate_check_fault(&c, NULL, NULL, "is revoked");
    }

    /* a part of this second has passed: the end is rounded up, not down */

    if (overlap < 0 || overlap > KEYGATE_LAST_SECOND - 1 - now) {
        keygate_check_fault(&c, "overlap", NULL,
                            "ends after the year 9999");
    }

    record = NULL;

    if (keygate_check_passed(&c)) {
        record = json_deep_copy(current);
    }

    if (record != NULL) {
        keygate_rotate_previous(&c, record, digest,
                                overlap == 0 ? 0 : now + 1 + overlap);
        keygate_change_set(&c, record, "digest", keygate_digest_string(digest));
        keygate_change_set_at(&c, record, "rotated_at", now);
    }

    return keygate_check_result(&c, record, faults);
}
