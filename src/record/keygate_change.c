/*
 * What all changes share: faults and their pointers, taking members over;
 * and the changes that keys and accounts have in common.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_change_private.h"


static int keygate_view_previous(json_t *view, const json_t *record,
    int64_t now);


char *
keygate_change_pointer(const char *base, const char *name)
{
    char        *pointer, *p;
    size_t       len;
    const char  *s;

    len = strlen(base) + 1 + 2 * strlen(name) + 1;
    pointer = malloc(len);

    if (pointer == NULL) {
        return NULL;
    }

    p = pointer + sprintf(pointer, "%s/", base);

    for (s = name; *s != '\0'; s++) {

        if (*s == '~' || *s == '/') {
            *p++ = '~';
            *p++ = *s == '~' ? '0' : '1';

        } else {
            *p++ = *s;
        }
    }

    *p = '\0';

    return pointer;
}


int
keygate_change_fault(json_t **faults, const char *pointer,
    const char *reason)
{
    if (*faults == NULL) {
        *faults = json_array();
    }

    if (*faults == NULL) {
        return 0;
    }

    if (json_array_size(*faults) >= KEYGATE_FAULTS_MAX) {
        return 1;
    }

    return json_array_append_new(*faults,
                                 json_pack("{s:s, s:s}", "pointer", pointer,
                                           "detail", reason))
           == 0;
}


void
keygate_change_set(keygate_check_t *c, json_t *record, const char *name,
    json_t *value)
{
    keygate_change_memory(c, json_object_set_new(record, name, value) == 0);
}


void
keygate_change_set_at(keygate_check_t *c, json_t *record, const char *name,
    int64_t at)
{
    char  text[21];

    keygate_time_format(at, text);
    keygate_change_set(c, record, name, json_string(text));
}


void
keygate_change_merge(keygate_check_t *c, json_t *record, const json_t *request,
    const char *const *names)
{
    json_t  *value;

    for ( /* void */ ; *names != NULL; names++) {
        value = json_object_get(request, *names);

        if (value == NULL) {
            continue;
        }

        if (json_is_null(value)) {
            (void) json_object_del(record, *names);
            continue;
        }

        keygate_change_set(c, record, *names, json_deep_copy(value));
    }
}


void
keygate_change_merge_object(keygate_check_t *c, json_t *record,
    const json_t *current, const char *name)
{
    json_t      *merged, *value;
    const char  *member;

    value = json_object_get(current, name);
    merged = json_is_object(value) ? json_deep_copy(value) : json_object();

    json_object_foreach(json_object_get(record, name), member, value) {

        if (json_is_null(value)) {
            (void) json_object_del(merged, member);

        } else {
            keygate_change_set(c, merged, member, json_incref(value));
        }
    }

    keygate_change_set(c, record, name, merged);
}


json_t *
keygate_change_delete(const char *id)
{
    return json_pack("{s:s, s:b}", "id", id, "deleted", 1);
}


/* Shows "previous" while it lasts; 0 when out of memory. */

static int
keygate_view_previous(json_t *view, const json_t *record, int64_t now)
{
    json_t         *until;
    int64_t         at;
    keygate_str_t   text;

    until = json_object_get(json_object_get(record, "previous"), "until");

    if (!json_is_string(until)) {
        return 1;
    }

    text.data = (const unsigned char *) json_string_value(until);
    text.len = json_string_length(until);

    if (keygate_time_parse(text, &at) != KEYGATE_OK || at <= now) {
        return 1;
    }

    return json_object_set_new(view, "previous",
                               json_pack("{s:O}", "until", until))
           == 0;
}


json_t *
keygate_change_view(const json_t *record, const json_t *extras, int64_t now)
{
    json_t  *view;

    view = json_deep_copy(record);

    if (view == NULL) {
        return NULL;
    }

    (void) json_object_del(view, "digest");
    (void) json_object_del(view, "previous");

    if (!keygate_view_previous(view, record, now)
        || (extras != NULL
            && json_object_update(view, (json_t *) extras) == -1))
    {
        json_decref(view);
        return NULL;
    }

    return view;
}


void
keygate_change_memory(keygate_check_t *c, int ok)
{
    if (!ok) {
        c->nomem = 1;
    }
}
