/*
 * Small readings of JSON: spans, members, times, the state of a key; and its
 * digests taken out.
 */

#include "cli.h"


keygate_str_t
cli_json_span(const json_t *json)
{
    keygate_str_t  span;

    span.data = (const unsigned char *) json_string_value(json);
    span.len = json_string_length(json);

    return span;
}


const char *
cli_json_text(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}


int64_t
cli_json_time(const json_t *record, const char *name, int64_t none)
{
    json_t   *value;
    int64_t   time;

    value = json_object_get(record, name);

    if (!json_is_string(value)
        || keygate_time_parse(cli_json_span(value), &time) != KEYGATE_OK)
    {
        return none;
    }

    return time;
}


void
cli_json_hide(keygate_record_t *record, int64_t now)
{
    if (record->kind != KEYGATE_KEY) {
        return;
    }

    (void) json_object_del(record->json, "digest");

    if (record->has_previous && record->previous_until > now) {
        (void) json_object_del(json_object_get(record->json, "previous"),
                               "digest");

    } else {
        (void) json_object_del(record->json, "previous");
    }
}
