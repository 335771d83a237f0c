/*
 * What an upstream's error body is: one in the API's format, one whose
 * message and lists can be told from it, or anything else.  Nothing of a body
 * that is not understood whole gets further than here.
 */

#include <string.h>
#include <strings.h>

#include "keygate_error_private.h"
#include "keygate_json.h"


static int
keygate_type_ends(keygate_str_t type, const char *end)
{
    size_t  len;

    len = strlen(end);

    return type.len >= len
           && strncasecmp((const char *) type.data + type.len - len, end, len)
              == 0;
}


keygate_type_e
keygate_error_type_of(keygate_str_t type)
{
    size_t          i;
    keygate_str_t   bare;
    unsigned char   c;

    for (i = 0; i < type.len; i++) {
        c = type.data[i];

        if (c == ';' || c == ' ' || c == '\t') {
            break;
        }
    }

    bare.data = type.data;
    bare.len = i;

    if (bare.len == sizeof("application/problem+json") - 1
        && keygate_type_ends(bare, "application/problem+json"))
    {
        return KEYGATE_TYPE_PROBLEM;
    }

    if (bare.len == 0 || keygate_type_ends(bare, "+json")
        || keygate_type_ends(bare, "/json"))
    {
        return KEYGATE_TYPE_JSON;
    }

    return KEYGATE_TYPE_OTHER;
}


static int
keygate_json_text(const json_t *json)
{
    return json_is_string(json) && json_string_length(json) != 0;
}


/* Whether an object is already what the API's users expect. */

static int
keygate_body_in_format(keygate_error_format_e format, json_t *body)
{
    json_t      *value;
    const char  *name;

    switch (format) {

    case KEYGATE_DETAIL:
        if (json_is_string(json_object_get(body, "detail"))) {
            return 1;
        }

        json_object_foreach(body, name, value) {
            if (!json_is_array(value)) {
                return 0;
            }
        }

        return json_object_size(body) != 0;

    case KEYGATE_ENVELOPE:
        value = json_object_get(body, "error");

        return json_is_string(json_object_get(value, "code"))
               && json_is_string(json_object_get(value, "message"));

    default:
        return 0;
    }
}


static json_t *
keygate_body_message(json_t *body)
{
    size_t              i;
    json_t             *value;

    static const char  *names[] = { "detail", "message", "error", "title" };

    for (i = 0; i < sizeof(names) / sizeof(char *); i++) {
        value = json_object_get(body, names[i]);

        if (keygate_json_text(value)) {
            return value;
        }

        if (json_is_object(value) && strcmp(names[i], "error") == 0) {
            value = keygate_body_message(value);

            if (value != NULL) {
                return value;
            }
        }
    }

    return NULL;
}


/* A list is an array, or an object of them by field. */

static json_t *
keygate_body_lists(json_t *body)
{
    size_t              i;
    json_t             *value;

    static const char  *names[] = { "errors", "field_errors", "detail",
                                    "message", "error" };

    for (i = 0; i < sizeof(names) / sizeof(char *); i++) {
        value = json_object_get(body, names[i]);

        if (json_is_object(value) && strcmp(names[i], "error") == 0) {
            value = keygate_body_lists(value);

            if (value != NULL) {
                return value;
            }

            continue;
        }

        if (json_array_size(value) || json_object_size(value)) {
            return value;
        }
    }

    return NULL;
}


static void
keygate_json_put_number(const json_t *json, keygate_buf_t *out)
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


/* Written anew, so that every string is escaped as all others are; jansson
 * has bounded the depth. */

static void
keygate_json_put(json_t *json, keygate_buf_t *out)
{
    size_t         i;
    json_t        *value;
    const char    *name, *comma;
    keygate_str_t  span;

    switch (json_typeof(json)) {

    case JSON_OBJECT:
        comma = "{";

        json_object_foreach(json, name, value) {
            span.data = (const unsigned char *) name;
            span.len = strlen(name);

            keygate_buf_puts(out, comma);
            keygate_buf_json(out, span);
            keygate_buf_puts(out, ":");
            keygate_json_put(value, out);
            comma = ",";
        }

        keygate_buf_puts(out, *comma == '{' ? "{}" : "}");
        break;

    case JSON_ARRAY:
        keygate_buf_puts(out, "[");

        json_array_foreach(json, i, value) {
            keygate_buf_puts(out, i ? "," : "");
            keygate_json_put(value, out);
        }

        keygate_buf_puts(out, "]");
        break;

    case JSON_STRING:
        span.data = (const unsigned char *) json_string_value(json);
        span.len = json_string_length(json);
        keygate_buf_json(out, span);
        break;

    case JSON_INTEGER:
    case JSON_REAL:
        keygate_json_put_number(json, out);
        break;

    default:
        keygate_buf_puts(out, json_is_true(json) ? "true"
                              : json_is_false(json) ? "false" : "null");
    }
}


static keygate_rc_t
keygate_body_keep(json_t *body, const keygate_pool_t *pool,
    keygate_error_t *e)
{
    json_t         *message, *lists;
    keygate_buf_t   out;

    message = keygate_body_message(body);
    lists = keygate_body_lists(body);

    if (message == NULL && lists == NULL) {
        return KEYGATE_NONE;
    }

    if (message != NULL) {
        out.len = json_string_length(message);
        out.data = pool->alloc(pool->pool, out.len);

        if (out.data == NULL) {
            return KEYGATE_NOMEM;
        }

        memcpy(out.data, json_string_value(message), out.len);
        e->detail.data = out.data;
        e->detail.len = out.len;
    }

    if (lists != NULL) {
        memset(&out, 0, sizeof(keygate_buf_t));
        keygate_json_put(lists, &out);

        out.size = out.len;
        out.len = 0;
        out.data = pool->alloc(pool->pool, out.size);

        if (out.data == NULL) {
            return KEYGATE_NOMEM;
        }

        keygate_json_put(lists, &out);
        e->errors.data = out.data;
        e->errors.len = out.len;
    }

    return KEYGATE_AGAIN;
}


keygate_rc_t
keygate_error_inspect(keygate_error_format_e format, unsigned status,
    keygate_str_t type, keygate_str_t body, const keygate_pool_t *pool,
    keygate_error_t *e)
{
    json_t        *json;
    keygate_rc_t   rc;

    if (body.len == 0) {
        return KEYGATE_NONE;
    }

    switch (keygate_error_type_of(type)) {

    case KEYGATE_TYPE_PROBLEM:
        if (format == KEYGATE_PROBLEM) {
            return KEYGATE_OK;
        }

        break;

    case KEYGATE_TYPE_JSON:
        break;

    default:
        return KEYGATE_NONE;
    }

    json = keygate_json_parse(body, 1, NULL);

    if (!json_is_object(json)) {
        json_decref(json);
        return KEYGATE_NONE;
    }

    if (keygate_body_in_format(format, json)) {
        rc = KEYGATE_OK;

    } else if (status >= 500) {
        rc = KEYGATE_NONE;

    } else {
        rc = keygate_body_keep(json, pool, e);
    }

    json_decref(json);

    return rc;
}
