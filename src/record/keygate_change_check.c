/*
 * Checking requests, member by member, to the last fault: what a member may
 * hold is what a record's may (keygate_record_member.c), and a little more
 * that only people get wrong.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_change_private.h"
#include "keygate_record_private.h"


static keygate_str_t keygate_check_span(const json_t *json);
static const char *keygate_check_extra(keygate_check_t *c, const char *name,
    keygate_str_t text);
static const char *keygate_check_text(keygate_check_t *c,
    const keygate_member_t *member, const char *name, const json_t *value);
static void keygate_check_list(keygate_check_t *c,
    const keygate_member_t *member, const char *name, const json_t *value);
static void keygate_check_profile(keygate_check_t *c, json_t *value);
static void keygate_check_meta(keygate_check_t *c, json_t *value);
static void keygate_check_member(keygate_check_t *c, const char *name,
    json_t *value);
static int keygate_check_among(const char *const *names, const char *name);
static void keygate_check_record(keygate_check_t *c, json_t *json);


void
keygate_check_init(keygate_check_t *c, keygate_kind_e kind,
    const keygate_known_t *known)
{
    memset(c, 0, sizeof(keygate_check_t));

    c->kind = kind;
    c->known = known;

    keygate_record_init(&c->scratch, kind);
}


int
keygate_check_passed(const keygate_check_t *c)
{
    return c->faults == NULL && !c->nomem;
}


void
keygate_check_fault(keygate_check_t *c, const char *a, const char *b,
    const char *reason)
{
    char  *pointer, *whole;

    if (reason == keygate_reason_nomem) {
        c->nomem = 1;
        return;
    }

    if (a == NULL) {
        keygate_change_memory(c, keygate_change_fault(&c->faults, "", reason));
        return;
    }

    pointer = keygate_change_pointer("", a);

    if (pointer != NULL && b != NULL) {
        whole = keygate_change_pointer(pointer, b);
        free(pointer);
        pointer = whole;
    }

    keygate_change_memory(c, pointer != NULL
                             && keygate_change_fault(&c->faults, pointer,
                                                     reason));
    free(pointer);
}


static keygate_str_t
keygate_check_span(const json_t *json)
{
    keygate_str_t  s;

    s.data = (const unsigned char *) json_string_value(json);
    s.len = json_string_length(json);

    return s;
}


/* What a record does not mind, but a request should not say. */

static const char *
keygate_check_extra(keygate_check_t *c, const char *name, keygate_str_t text)
{
    unsigned  i, n;

    if (strcmp(name, "name") == 0 && text.len == 0) {
        return "is empty";
    }

    if (strcmp(name, "plan") == 0 && c->known != NULL
        && c->known->plan != NULL && !c->known->plan(c->known->data, text))
    {
        return "is not a plan of this API";
    }

    if (strcmp(name, "scopes") != 0) {
        return NULL;
    }

    if (c->known != NULL && c->known->scope != NULL
        && !c->known->scope(c->known->data, text))
    {
        return "is not a scope of this API";
    }

    /* the last one of the record's is the one in question */

    n = c->scratch.n_scopes - 1;

    for (i = 0; i < n; i++) {
        if (keygate_str_eq(c->scratch.scopes[i], text)) {
            return "is named twice";
        }
    }

    return NULL;
}


static const char *
keygate_check_text(keygate_check_t *c, const keygate_member_t *member,
    const char *name, const json_t *value)
{
    const char     *reason;
    keygate_str_t   text;

    if (!json_is_string(value)) {
        return "is not a string";
    }

    text = keygate_check_span(value);
    reason = member->set(&c->scratch, text);

    return reason != NULL ? reason : keygate_check_extra(c, name, text);
}


static void
keygate_check_list(keygate_check_t *c, const keygate_member_t *member,
    const char *name, const json_t *value)
{
    char         number[24];
    size_t       i;
    const char  *reason;

    if (!json_is_array(value)) {
        keygate_check_fault(c, name, NULL, "is not a list");
        return;
    }

    for (i = 0; i < json_array_size(value); i++) {
        reason = keygate_check_text(c, member, name,
                                    json_array_get(value, i));
        if (reason != NULL) {
            snprintf(number, sizeof(number), "%zu", i);
            keygate_check_fault(c, name, number, reason);
        }
    }
}


static void
keygate_check_profile(keygate_check_t *c, json_t *value)
{
    json_t         *item;
    const char     *name;
    keygate_str_t   text;

    if (!json_is_object(value)) {
        keygate_check_fault(c, "profile", NULL, "is not an object");
        return;
    }

    json_object_foreach(value, name, item) {
        text.data = (const unsigned char *) name;
        text.len = strlen(name);

        if (text.len == 0 || !keygate_record_plain(text, KEYGATE_NAME_MAX)) {
            keygate_check_fault(c, "profile", name,
                                "has a name that is empty, longer than 63 "
                                "bytes or holds control characters");

        } else if (json_is_object(item) || json_is_array(item)) {
            keygate_check_fault(c, "profile", name,
                                "is an object or a list");
        }
    }
}


static void
keygate_check_meta(keygate_check_t *c, json_t *value)
{
    json_t      *item;
    const char  *name, *reason;

    if (!json_is_object(value)) {
        keygate_check_fault(c, "meta", NULL, "is not an object");
        return;
    }

    json_object_foreach(value, name, item) {

        if (c->patch && json_is_null(item)) {
            continue;
        }

        reason = keygate_record_meta_fault(name, item);

        if (reason != NULL) {
            keygate_check_fault(c, "meta", name, reason);
        }
    }
}


static void
keygate_check_member(keygate_check_t *c, const char *name, json_t *value)
{
    const char              *reason;
    keygate_str_t            text;
    const keygate_member_t  *member;

    text.data = (const unsigned char *) name;
    text.len = strlen(name);

    member = keygate_member_find(c->kind, text);

    if (json_is_null(value) && member->shape != KEYGATE_MEMBER_TEXT
        && member->shape != KEYGATE_MEMBER_LIST)
    {
        return;
    }

    switch (member->shape) {

    case KEYGATE_MEMBER_LIST:
    case KEYGATE_MEMBER_LIST_OR_NULL:
        keygate_check_list(c, member, name, value);
        return;

    case KEYGATE_MEMBER_PROFILE:
        keygate_check_profile(c, value);
        return;

    case KEYGATE_MEMBER_META:
        keygate_check_meta(c, value);
        return;

    default:
        reason = keygate_check_text(c, member, name, value);

        if (reason != NULL) {
            keygate_check_fault(c, name, NULL, reason);
        }
    }
}


static int
keygate_check_among(const char *const *names, const char *name)
{
    for ( /* void */ ; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return 1;
        }
    }

    return 0;
}


void
keygate_check_request(keygate_check_t *c, const json_t *request,
    const char *const *allowed, const char *const *needed)
{
    json_t      *value;
    const char  *name;

    if (!json_is_object(request)) {
        keygate_check_fault(c, NULL, NULL, "is not an object");
        return;
    }

    json_object_foreach((json_t *) request, name, value) {

        if (keygate_check_among(allowed, name)) {
            keygate_check_member(c, name, value);

        } else {
            keygate_check_fault(c, name, NULL, "is not known here");
        }
    }

    for ( /* void */ ; *needed != NULL; needed++) {
        if (json_object_get(request, *needed) == NULL) {
            keygate_check_fault(c, *needed, NULL, "is missing");
        }
    }
}


/* The record as a whole must be one that the journal takes. */

static void
keygate_check_record(keygate_check_t *c, json_t *json)
{
    char              *line;
    size_t             len;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    rc = keygate_record_from_json(c->kind, json, &record, &fault);

    if (rc == KEYGATE_NOMEM) {
        c->nomem = 1;
        return;
    }

    if (rc != KEYGATE_OK) {
        keygate_change_memory(c, keygate_change_fault(&c->faults,
                                                      fault.pointer,
                                                      fault.reason));
        return;
    }

    keygate_record_free(&record);

    line = keygate_record_line(c->kind, json, &len);

    if (line == NULL) {
        keygate_check_fault(c, NULL, NULL, errno == EMSGSIZE
                            ? "makes a record longer than 65536 bytes"
                            : keygate_reason_nomem);
    }

    free(line);
}


json_t *
keygate_check_result(keygate_check_t *c, json_t *record, json_t **faults)
{
    keygate_record_free(&c->scratch);

    if (record == NULL && c->faults == NULL) {
        c->nomem = 1;
    }

    if (keygate_check_passed(c)) {
        keygate_check_record(c, record);
    }

    if (keygate_check_passed(c)) {
        *faults = NULL;
        return record;
    }

    json_decref(record);

    if (c->nomem) {
        json_decref(c->faults);
        c->faults = NULL;
    }

    *faults = c->faults;

    return NULL;
}
