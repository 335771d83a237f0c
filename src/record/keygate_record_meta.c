/*
 * A key's "meta": what its members may be, how they lie in memory, and how one
 * of them is found.  Who reads them is not known here.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_json.h"
#include "keygate_record_private.h"


#define KEYGATE_META_VALUE  255


static int keygate_meta_name_valid(keygate_str_t name);
static const char *keygate_meta_text(const json_t *value,
    keygate_buf_t *text);
static const char *keygate_meta_add(keygate_record_t *record,
    keygate_str_t name, const json_t *value);


keygate_rc_t
keygate_record_meta(keygate_record_t *record, json_t *json,
    keygate_fault_t *fault)
{
    void        *iter;
    const char  *name, *reason;

    if (!json_is_object(json)) {
        return keygate_record_fault(fault, "meta", NULL, "is not an object");
    }

    if (json_object_size(json) > KEYGATE_META_MAX) {
        return keygate_record_fault(fault, "meta", NULL,
                                    "has more than 16 members");
    }

    if (json_object_size(json) == 0) {
        return KEYGATE_OK;
    }

    record->meta = malloc(json_object_size(json)
                          * (2 + KEYGATE_NAME_MAX + KEYGATE_META_VALUE));
    if (record->meta == NULL) {
        return keygate_record_fault(fault, "meta", NULL, keygate_reason_nomem);
    }

    for (iter = json_object_iter(json); iter != NULL;
         iter = json_object_iter_next(json, iter))
    {
        name = json_object_iter_key(iter);

        if (!keygate_meta_name_valid(keygate_span(name))) {
            return keygate_record_fault(fault, "meta", NULL,
                                        "has a member whose name is not 1 to "
                                        "63 of a-z, 0-9 and _");
        }

        reason = keygate_meta_add(record, keygate_span(name),
                                  json_object_iter_value(iter));
        if (reason != NULL) {
            return keygate_record_fault(fault, "meta", name, reason);
        }
    }

    return KEYGATE_OK;
}


static int
keygate_meta_name_valid(keygate_str_t name)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            return 0;
        }
    }

    return name.len != 0 && name.len <= KEYGATE_NAME_MAX;
}


const char *
keygate_record_meta_fault(const char *name, const json_t *value)
{
    keygate_buf_t  text;
    unsigned char  room[KEYGATE_META_VALUE];

    if (!keygate_meta_name_valid(keygate_span(name))) {
        return "has a name that is not 1 to 63 of a-z, 0-9 and _";
    }

    text.data = room;

    return keygate_meta_text(value, &text);
}


/* The value into the buffer's KEYGATE_META_VALUE bytes, or what is wrong. */

static const char *
keygate_meta_text(const json_t *value, keygate_buf_t *text)
{
    keygate_rc_t  rc;

    text->size = KEYGATE_META_VALUE;
    text->len = 0;

    rc = keygate_record_value(value, text);

    if (rc == KEYGATE_NOMEM) {
        return keygate_reason_nomem;
    }

    if (rc != KEYGATE_OK) {
        return "is not a string, number or boolean";
    }

    if (text->len > KEYGATE_META_VALUE
        || !keygate_record_plain((keygate_str_t) { text->len, text->data },
                               KEYGATE_META_VALUE))
    {
        return "is longer than 255 bytes or holds control characters";
    }

    return NULL;
}


static const char *
keygate_meta_add(keygate_record_t *record, keygate_str_t name,
    const json_t *value)
{
    const char     *reason;
    keygate_buf_t   text;
    unsigned char  *p;

    p = record->meta + record->meta_len;
    text.data = p + 2 + name.len;

    reason = keygate_meta_text(value, &text);

    if (reason != NULL) {
        return reason;
    }

    p[0] = (unsigned char) name.len;
    p[1] = (unsigned char) text.len;
    memcpy(p + 2, name.data, name.len);
    record->meta_len += 2 + name.len + text.len;

    return NULL;
}


keygate_rc_t
keygate_record_value(const json_t *json, keygate_buf_t *out)
{
    char    *text;
    size_t   len;

    if (json == NULL) {
        return KEYGATE_NONE;
    }

    switch (json_typeof(json)) {

    case JSON_STRING:
        keygate_buf_put(out, (keygate_str_t) {
            json_string_length(json),
            (const unsigned char *) json_string_value(json) });
        return KEYGATE_OK;

    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
        break;

    default:
        return KEYGATE_NONE;
    }

    text = keygate_json_print(json, JSON_COMPACT|JSON_ENCODE_ANY, &len);
    if (text == NULL) {
        return KEYGATE_NOMEM;
    }

    keygate_buf_put(out, (keygate_str_t) { len, (unsigned char *) text });
    free(text);

    return KEYGATE_OK;
}


keygate_rc_t
keygate_meta_find(const unsigned char *meta, size_t len, keygate_str_t name,
    keygate_str_t *value)
{
    const unsigned char  *p, *end;

    end = meta + len;

    for (p = meta; end - p >= 2; p += 2 + p[0] + p[1]) {

        if (end - p < 2 + p[0] + p[1]) {
            break;
        }

        if (p[0] == name.len && memcmp(p + 2, name.data, name.len) == 0) {
            value->data = p + 2 + p[0];
            value->len = p[1];
            return KEYGATE_OK;
        }
    }

    return KEYGATE_NONE;
}
