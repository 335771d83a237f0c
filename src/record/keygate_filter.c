/*
 * Filters of lists of keys.  Where the keys come from, and how many are
 * looked at, is the caller's affair.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_filter.h"
#include "keygate_json.h"


static int64_t keygate_filter_time(const json_t *record, const char *name);
static const char *keygate_filter_text(keygate_str_t *slot,
    keygate_str_t value, size_t max);
static const char *keygate_filter_state(keygate_filter_t *filter,
    keygate_str_t value);
static const char *keygate_filter_age(int64_t *slot, keygate_str_t value);
static int keygate_filter_scoped(const keygate_listed_t *key,
    keygate_str_t scope);
static int keygate_filter_tagged(const keygate_listed_t *key,
    keygate_str_t name, keygate_str_t value);


static const char *const  keygate_state_names[KEYGATE_STATES] = {
    "live", "suspended", "revoked", "expired"
};

static const char  keygate_filter_twice[] = "is given twice";


void
keygate_filter_init(keygate_filter_t *filter)
{
    memset(filter, 0, sizeof(keygate_filter_t));

    filter->state = KEYGATE_STATES;
    filter->expiring_within = -1;
    filter->older_than = -1;
    filter->unused_for = -1;
}


const char *
keygate_filter_set(keygate_filter_t *filter, keygate_str_t name,
    keygate_str_t value)
{
    static const keygate_str_t  meta = keygate_string("meta.");

    if (keygate_str_eq(name, KEYGATE_STR("account"))) {
        return !keygate_record_id_valid(value)
               ? "is not an id"
               : keygate_filter_text(&filter->account, value, KEYGATE_ID_MAX);
    }

    if (keygate_str_eq(name, KEYGATE_STR("name"))) {
        return keygate_filter_text(&filter->name, value, KEYGATE_TEXT_MAX);
    }

    if (keygate_str_eq(name, KEYGATE_STR("scope"))) {
        return keygate_filter_text(&filter->scope, value, KEYGATE_NAME_MAX);
    }

    if (keygate_str_eq(name, KEYGATE_STR("state"))) {
        return keygate_filter_state(filter, value);
    }

    if (keygate_str_eq(name, KEYGATE_STR("expiring_within"))) {
        return keygate_filter_age(&filter->expiring_within, value);
    }

    if (keygate_str_eq(name, KEYGATE_STR("older_than"))) {
        return keygate_filter_age(&filter->older_than, value);
    }

    if (keygate_str_eq(name, KEYGATE_STR("unused_for"))) {
        return keygate_filter_age(&filter->unused_for, value);
    }

    if (name.len > meta.len && memcmp(name.data, meta.data, meta.len) == 0) {
        name.data += meta.len;
        name.len -= meta.len;

        return keygate_filter_meta(filter, name, value);
    }

    return "is not known here";
}


static const char *
keygate_filter_text(keygate_str_t *slot, keygate_str_t value, size_t max)
{
    if (slot->len != 0) {
        return keygate_filter_twice;
    }

    if (value.len == 0 || !keygate_record_plain(value, max)) {
        return "is empty, too long or holds control characters";
    }

    *slot = value;

    return NULL;
}


static const char *
keygate_filter_state(keygate_filter_t *filter, keygate_str_t value)
{
    unsigned  i;

    if (filter->state != KEYGATE_STATES) {
        return keygate_filter_twice;
    }

    for (i = 0; i < KEYGATE_STATES; i++) {
        if (keygate_str_eq(keygate_span(keygate_state_names[i]), value)) {
            filter->state = (keygate_state_e) i;
            return NULL;
        }
    }

    return "is none of \"live\", \"suspended\", \"revoked\", \"expired\"";
}


static const char *
keygate_filter_age(int64_t *slot, keygate_str_t value)
{
    if (*slot >= 0) {
        return keygate_filter_twice;
    }

    if (keygate_time_duration(value, slot) != KEYGATE_OK) {
        *slot = -1;
        return "is not a duration such as \"14d\"";
    }

    return NULL;
}


const char *
keygate_filter_meta(keygate_filter_t *filter, keygate_str_t name,
    keygate_str_t value)
{
    unsigned  i;

    for (i = 0; i < filter->n_metas; i++) {
        if (keygate_str_eq(filter->meta_names[i], name)) {
            return keygate_filter_twice;
        }
    }

    if (i == KEYGATE_FILTER_METAS) {
        return "is one name too many";
    }

    filter->meta_names[i] = name;
    filter->meta_values[i] = value;
    filter->n_metas++;

    return NULL;
}


void
keygate_filter_of_record(const keygate_record_t *record, keygate_listed_t *key)
{
    int64_t  rotated;

    memset(key, 0, sizeof(keygate_listed_t));

    key->id = record->id;
    key->account = record->account;
    key->name = record->name;
    key->scopes = record->scopes;
    key->n_scopes = record->n_scopes;
    key->created_at = record->created_at;
    key->made_at = record->created_at;
    key->expires_at = record->expires_at;
    key->revoked_at = record->revoked_at;
    key->suspended_at = record->suspended_at;
    key->meta = json_object_get(record->json, "meta");

    rotated = keygate_filter_time(record->json, "rotated_at");

    if (rotated != KEYGATE_NEVER && rotated > key->made_at) {
        key->made_at = rotated;
    }
}


int
keygate_filter_rejects(const keygate_filter_t *filter,
    const keygate_listed_t *key, int64_t now)
{
    if (filter->account.len != 0
        && !keygate_str_eq(filter->account, key->account))
    {
        return 1;
    }

    if (filter->state != KEYGATE_STATES
        && filter->state != keygate_filter_listed_state(key, now))
    {
        return 1;
    }

    if (filter->expiring_within >= 0
        && (key->expires_at <= now
            || key->expires_at == KEYGATE_NEVER
            || key->expires_at - now > filter->expiring_within))
    {
        return 1;
    }

    return filter->unused_for >= 0 && key->used_at > now - filter->unused_for;
}


int
keygate_filter_matches(const keygate_filter_t *filter,
    const keygate_listed_t *key, int64_t now)
{
    unsigned  i;

    if (keygate_filter_rejects(filter, key, now)) {
        return 0;
    }

    if (filter->name.len != 0 && !keygate_filter_part(key->name, filter->name))
    {
        return 0;
    }

    if (filter->scope.len != 0 && !keygate_filter_scoped(key, filter->scope)) {
        return 0;
    }

    /* a key that was never used counts from when it was made */

    if (filter->unused_for >= 0 && key->used_at == 0
        && key->created_at > now - filter->unused_for)
    {
        return 0;
    }

    if (filter->older_than >= 0 && key->made_at > now - filter->older_than) {
        return 0;
    }

    for (i = 0; i < filter->n_metas; i++) {
        if (!keygate_filter_tagged(key, filter->meta_names[i],
                                   filter->meta_values[i]))
        {
            return 0;
        }
    }

    return 1;
}


static int
keygate_filter_scoped(const keygate_listed_t *key, keygate_str_t scope)
{
    unsigned  i;

    for (i = 0; i < key->n_scopes; i++) {
        if (keygate_str_eq(key->scopes[i], scope)) {
            return 1;
        }
    }

    return 0;
}


/* Compared as text: true is "true", 7 is "7". */

static int
keygate_filter_tagged(const keygate_listed_t *key, keygate_str_t name,
    keygate_str_t value)
{
    int            same;
    char          *text;
    json_t        *member;
    size_t         len;
    const char    *at;
    keygate_str_t  found;

    member = NULL;

    json_object_foreach((json_t *) key->meta, at, member) {
        if (keygate_str_eq(keygate_span(at), name)) {
            break;
        }
    }

    if (at == NULL) {
        return 0;
    }

    if (json_is_string(member)) {
        found.data = (const unsigned char *) json_string_value(member);
        found.len = json_string_length(member);

        return keygate_str_eq(found, value);
    }

    text = keygate_json_print(member, JSON_ENCODE_ANY|JSON_COMPACT, &len);

    if (text == NULL) {
        return 0;
    }

    found.data = (const unsigned char *) text;
    found.len = len;
    same = keygate_str_eq(found, value);
    free(text);

    return same;
}


keygate_state_e
keygate_filter_listed_state(const keygate_listed_t *key, int64_t now)
{
    if (key->revoked_at != KEYGATE_NEVER) {
        return KEYGATE_STATE_REVOKED;
    }

    if (key->suspended_at != KEYGATE_NEVER) {
        return KEYGATE_STATE_SUSPENDED;
    }

    return key->expires_at <= now ? KEYGATE_STATE_EXPIRED
                                  : KEYGATE_STATE_LIVE;
}


keygate_state_e
keygate_filter_state_of(const json_t *record, int64_t now)
{
    keygate_listed_t  key;

    memset(&key, 0, sizeof(keygate_listed_t));

    key.revoked_at = keygate_filter_time(record, "revoked_at");
    key.suspended_at = keygate_filter_time(record, "suspended_at");
    key.expires_at = keygate_filter_time(record, "expires_at");

    return keygate_filter_listed_state(&key, now);
}


static int64_t
keygate_filter_time(const json_t *record, const char *name)
{
    json_t         *value;
    int64_t         at;
    keygate_str_t   text;

    value = json_object_get(record, name);

    if (!json_is_string(value)) {
        return KEYGATE_NEVER;
    }

    text.data = (const unsigned char *) json_string_value(value);
    text.len = json_string_length(value);

    return keygate_time_parse(text, &at) == KEYGATE_OK ? at : KEYGATE_NEVER;
}


const char *
keygate_filter_state_name(keygate_state_e state)
{
    return keygate_state_names[state];
}
