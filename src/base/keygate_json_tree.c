/*
 * jansson's values into a buffer, with every string escaped as all others
 * are.
 */

#include <stdlib.h>

#include "keygate_json_private.h"


static int keygate_json_is_large(const json_t *json);
static keygate_str_t keygate_json_span(const json_t *json);
static void keygate_json_put_number(keygate_buf_t *out, const json_t *json);


static int
keygate_json_is_large(const json_t *json)
{
    return json_is_string(json)
           && *json_string_value(json) == KEYGATE_JSON_MARK;
}


int
keygate_json_is_string(const json_t *json)
{
    return json_is_string(json) && !keygate_json_is_large(json);
}


int
keygate_json_is_number(const json_t *json)
{
    return json_is_number(json) || keygate_json_is_large(json);
}


static keygate_str_t
keygate_json_span(const json_t *json)
{
    keygate_str_t  span;

    span.data = (const unsigned char *) json_string_value(json);
    span.len = json_string_length(json);

    return span;
}


static void
keygate_json_put_number(keygate_buf_t *out, const json_t *json)
{
    char    *text;
    size_t   len;

    if (json_is_integer(json)) {
        keygate_buf_num(out, json_integer_value(json));
        return;
    }

    /* jansson alone knows how to print a double so that it stays one */

    text = keygate_json_print(json, JSON_ENCODE_ANY, &len);

    keygate_buf_puts(out, text == NULL ? "null" : text);
    free(text);
}


void
keygate_json_put(keygate_buf_t *out, const json_t *json)
{
    size_t       i;
    json_t      *value;
    const char  *name, *comma;

    switch (json_typeof(json)) {

    case JSON_OBJECT:
        comma = "{";

        json_object_foreach((json_t *) json, name, value) {
            keygate_buf_puts(out, comma);
            keygate_buf_json(out, keygate_span(name));
            keygate_buf_puts(out, ":");
            keygate_json_put(out, value);
            comma = ",";
        }

        keygate_buf_puts(out, *comma == '{' ? "{}" : "}");
        break;

    case JSON_ARRAY:
        keygate_buf_puts(out, "[");

        json_array_foreach(json, i, value) {
            keygate_buf_puts(out, i ? "," : "");
            keygate_json_put(out, value);
        }

        keygate_buf_puts(out, "]");
        break;

    case JSON_STRING:
        if (keygate_json_is_large(json)) {
            keygate_buf_puts(out, json_string_value(json) + 1);
            break;
        }

        keygate_buf_json(out, keygate_json_span(json));
        break;

    case JSON_INTEGER:
    case JSON_REAL:
        keygate_json_put_number(out, json);
        break;

    default:
        keygate_buf_puts(out, json_is_true(json) ? "true"
                              : json_is_false(json) ? "false" : "null");
    }
}
