/*
 * A key's "resets": when which of its windows were emptied.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_record_private.h"


keygate_rc_t
keygate_reset_parse(keygate_str_t name, keygate_reset_t *reset)
{
    size_t          i;
    keygate_str_t   unit;
    keygate_unit_e  u;

    reset->grouped = 0;
    reset->all = 0;
    reset->group = 0;
    reset->units = (1u << KEYGATE_UNITS) - 1;

    if (keygate_str_eq(name, KEYGATE_STR("all"))) {
        reset->all = 1;
        return KEYGATE_OK;
    }

    for (i = name.len; i > 0 && name.data[i - 1] != '-'; i--) { /* void */ }

    unit.data = name.data + i;
    unit.len = name.len - i;
    u = keygate_unit_named(unit);

    if (u == KEYGATE_UNITS || i == 1 || name.len > KEYGATE_NAME_MAX) {
        return KEYGATE_INVALID;
    }

    reset->units = 1u << u;

    if (i > 1) {
        name.len = i - 1;
        reset->grouped = 1;
        reset->group = keygate_rate_group_number(name);
    }

    return KEYGATE_OK;
}


const keygate_reset_t *
keygate_reset_newest(const keygate_reset_t *resets, unsigned n)
{
    unsigned                i;
    const keygate_reset_t  *newest;

    for (newest = NULL, i = 0; i < n; i++) {
        if (newest == NULL || resets[i].at > newest->at) {
            newest = &resets[i];
        }
    }

    return newest;
}


keygate_rc_t
keygate_record_resets(keygate_record_t *record, json_t *json,
    keygate_fault_t *fault)
{
    size_t            n;
    json_t           *value;
    const char       *name;
    keygate_str_t     text;
    keygate_reset_t  *reset;

    n = json_object_size(json);

    if (!json_is_object(json) || n > KEYGATE_RESETS_MAX) {
        return keygate_record_fault(fault, "resets", NULL,
                                    "is not an object of at most 32 members");
    }

    if (n == 0) {
        return KEYGATE_OK;
    }

    record->resets = calloc(n, sizeof(keygate_reset_t));

    if (record->resets == NULL) {
        return keygate_record_fault(fault, "resets", NULL,
                                    keygate_reason_nomem);
    }

    json_object_foreach(json, name, value) {
        reset = &record->resets[record->n_resets++];
        text.len = json_is_string(value) ? json_string_length(value) : 0;
        text.data = (const unsigned char *) json_string_value(value);

        if (keygate_reset_parse(keygate_span(name), reset) != KEYGATE_OK) {
            return keygate_record_fault(fault, "resets", NULL,
                                        "has a member that is neither \"all\" "
                                        "nor ends in a unit, as in \"day\" and "
                                        "\"search-day\"");
        }

        if (text.len == 0
            || keygate_time_parse(text, &reset->at) != KEYGATE_OK)
        {
            return keygate_record_fault(fault, "resets", NULL,
                                        "has a value that is not an RFC 3339 "
                                        "time");
        }
    }

    return KEYGATE_OK;
}
