/*
 * A journal line, or an object that is already parsed, to a record, through
 * jansson.  This is where it is decided what is valid, and where faults get
 * their pointers; what the members hold is in keygate_record_member.c.
 */

#include <stdio.h>
#include <string.h>

#include "keygate_json.h"
#include "keygate_record_private.h"


static keygate_str_t keygate_json_text(const json_t *json);
static keygate_rc_t keygate_record_list(keygate_record_t *record,
    const keygate_member_t *member, const char *name, const json_t *json,
    keygate_fault_t *fault);
static keygate_rc_t keygate_record_previous(keygate_record_t *record,
    json_t *json, keygate_fault_t *fault);
static keygate_rc_t keygate_record_profile(json_t *json,
    keygate_fault_t *fault);
static keygate_rc_t keygate_record_member(keygate_record_t *record,
    const keygate_member_t *member, const char *name, json_t *json,
    keygate_fault_t *fault);
static keygate_rc_t keygate_record_members(keygate_record_t *record,
    json_t *json, keygate_fault_t *fault);


static keygate_str_t
keygate_json_text(const json_t *json)
{
    keygate_str_t  text;

    text.data = (const unsigned char *) json_string_value(json);
    text.len = json_string_length(json);

    return text;
}


static keygate_rc_t
keygate_record_list(keygate_record_t *record, const keygate_member_t *member,
    const char *name, const json_t *json, keygate_fault_t *fault)
{
    char           number[24];
    size_t         i;
    const char    *reason;
    const json_t  *item;

    if (!json_is_array(json)) {
        return keygate_record_fault(fault, name, NULL, "is not a list");
    }

    for (i = 0; i < json_array_size(json); i++) {
        item = json_array_get(json, i);
        reason = "is not a string";

        if (json_is_string(item)) {
            reason = member->set(record, keygate_json_text(item));
        }

        if (reason != NULL) {
            snprintf(number, sizeof(number), "%zu", i);
            return keygate_record_fault(fault, name, number, reason);
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_record_previous(keygate_record_t *record, json_t *json,
    keygate_fault_t *fault)
{
    void                    *iter;
    json_t                  *value;
    const char              *name, *reason;
    const keygate_member_t  *member;

    if (!json_is_object(json)) {
        return keygate_record_fault(fault, "previous", NULL,
                                    "is not an object");
    }

    for (iter = json_object_iter(json); iter != NULL;
         iter = json_object_iter_next(json, iter))
    {
        name = json_object_iter_key(iter);
        value = json_object_iter_value(iter);
        member = keygate_member_find_previous(keygate_span(name));

        if (member == NULL) {
            continue;
        }

        reason = "is not a string";

        if (json_is_string(value)) {
            reason = member->set(record, keygate_json_text(value));
        }

        if (reason != NULL) {
            return keygate_record_fault(fault, "previous", name, reason);
        }
    }

    if (!record->has_previous) {
        return keygate_record_fault(fault, "previous", "digest", "is missing");
    }

    if (record->previous_until == KEYGATE_NEVER) {
        return keygate_record_fault(fault, "previous", "until", "is missing");
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_record_profile(json_t *json, keygate_fault_t *fault)
{
    void          *iter;
    json_t        *value;
    const char    *name;
    keygate_str_t  text;

    if (!json_is_object(json)) {
        return keygate_record_fault(fault, "profile", NULL, "is not an object");
    }

    for (iter = json_object_iter(json); iter != NULL;
         iter = json_object_iter_next(json, iter))
    {
        name = json_object_iter_key(iter);
        value = json_object_iter_value(iter);

        text = keygate_span(name);

        if (text.len == 0 || !keygate_record_plain(text, KEYGATE_NAME_MAX)) {
            return keygate_record_fault(fault, "profile", NULL,
                                        "has a member whose name is empty, "
                                        "longer than 63 bytes or holds control "
                                        "characters");
        }

        if (json_is_object(value) || json_is_array(value)) {
            return keygate_record_fault(fault, "profile", name,
                                        "is an object or a list");
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_record_member(keygate_record_t *record,
    const keygate_member_t *member, const char *name, json_t *json,
    keygate_fault_t *fault)
{
    const char  *reason;

    switch (member->shape) {

    case KEYGATE_MEMBER_TEXT_OR_NULL:
    case KEYGATE_MEMBER_LIST_OR_NULL:
    case KEYGATE_MEMBER_PREVIOUS:
    case KEYGATE_MEMBER_PROFILE:
    case KEYGATE_MEMBER_META:
    case KEYGATE_MEMBER_RESETS:

        if (json_is_null(json)) {
            return KEYGATE_OK;
        }

        break;

    default:
        break;
    }

    switch (member->shape) {

    case KEYGATE_MEMBER_LIST:
    case KEYGATE_MEMBER_LIST_OR_NULL:
        return keygate_record_list(record, member, name, json, fault);

    case KEYGATE_MEMBER_PREVIOUS:
        return keygate_record_previous(record, json, fault);

    case KEYGATE_MEMBER_META:
        return keygate_record_meta(record, json, fault);

    case KEYGATE_MEMBER_RESETS:
        return keygate_record_resets(record, json, fault);

    case KEYGATE_MEMBER_PROFILE:
        return keygate_record_profile(json, fault);

    case KEYGATE_MEMBER_DELETED:
        return KEYGATE_OK;

    default:
        reason = "is not a string";

        if (json_is_string(json)) {
            reason = member->set(record, keygate_json_text(json));
        }

        return reason == NULL
               ? KEYGATE_OK : keygate_record_fault(fault, name, NULL, reason);
    }
}


static keygate_rc_t
keygate_record_members(keygate_record_t *record, json_t *json,
    keygate_fault_t *fault)
{
    void                    *iter;
    json_t                  *deleted;
    const char              *name;
    keygate_rc_t             rc;
    const keygate_member_t  *member;

    deleted = json_object_get(json, "deleted");

    if (deleted != NULL && !json_is_boolean(deleted)) {
        return keygate_record_fault(fault, "deleted", NULL, "is not a boolean");
    }

    record->deleted = json_is_true(deleted) != 0;

    for (iter = json_object_iter(json); iter != NULL;
         iter = json_object_iter_next(json, iter))
    {
        name = json_object_iter_key(iter);

        if (record->deleted && strcmp(name, "id") != 0) {
            continue;
        }

        member = keygate_member_find(record->kind, keygate_span(name));

        if (member == NULL) {
            continue;
        }

        rc = keygate_record_member(record, member, name,
                                   json_object_iter_value(iter), fault);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return keygate_record_complete(record, fault);
}


keygate_rc_t
keygate_record_from_json(keygate_kind_e kind, json_t *json,
    keygate_record_t *record, keygate_fault_t *fault)
{
    keygate_rc_t  rc;

    keygate_record_init(record, kind);

    if (!json_is_object(json)) {
        return keygate_record_fault(fault, NULL, NULL, "is not an object");
    }

    rc = keygate_record_members(record, json, fault);

    if (rc != KEYGATE_OK) {
        keygate_record_free(record);
        keygate_record_init(record, kind);
        return rc;
    }

    record->json = json_incref(json);

    return KEYGATE_OK;
}


keygate_rc_t
keygate_record_parse(keygate_str_t line, keygate_record_t *record,
    keygate_fault_t *fault)
{
    json_t                *root, *json;
    keygate_rc_t           rc;
    keygate_kind_e         kind;
    keygate_json_error_t   error;

    memset(record, 0, sizeof(keygate_record_t));

    if (line.len > KEYGATE_LINE_MAX) {
        return keygate_record_fault(fault, NULL, NULL,
                                    "is longer than 65536 bytes");
    }

    root = keygate_json_parse(line, 0, &error);

    if (root == NULL) {
        return keygate_record_fault(fault, NULL, NULL,
                                    error.nomem
                                    ? keygate_reason_nomem
                                    : "is not JSON in UTF-8, without duplicate "
                                      "members and U+0000");
    }

    json = json_object_get(root, "key");
    kind = KEYGATE_KEY;

    if (json == NULL) {
        json = json_object_get(root, "account");
        kind = KEYGATE_ACCOUNT;
    }

    if (json == NULL || json_object_size(root) != 1) {
        json_decref(root);
        return keygate_record_fault(fault, NULL, NULL,
                                    "is not an object of one member, \"key\" "
                                    "or \"account\"");
    }

    rc = keygate_record_from_json(kind, json, record, fault);

    json_decref(root);

    return rc;
}
