/*
 * What an upstream's error body is: one in the API's format, one of a known
 * shape, or anything else.  Nothing of a body that is not understood whole
 * gets further than here.
 */

#include <string.h>

#include "keygate_error_private.h"
#include "keygate_json.h"
#include "keygate_media.h"


#define KEYGATE_LINE_MAX  200      /* characters of a text/plain line */


static keygate_str_t keygate_body_without_mark(keygate_str_t body);
static int keygate_body_in_format(keygate_error_format_e format, json_t *body);
static keygate_rc_t keygate_body_line(keygate_str_t body,
    const keygate_pool_t *pool, keygate_error_t *e);
static keygate_rc_t keygate_body_object(keygate_error_format_e format,
    unsigned status, keygate_type_e type, json_t *body,
    const keygate_pool_t *pool, keygate_error_t *e);


keygate_type_e
keygate_error_type_of(keygate_str_t type)
{
    if (keygate_media_is(type, "application/problem+json")) {
        return KEYGATE_TYPE_PROBLEM;
    }

    if (keygate_media_bare(type).len == 0 || keygate_media_is_json(type)) {
        return KEYGATE_TYPE_JSON;
    }

    if (keygate_media_is(type, "text/plain")) {
        return KEYGATE_TYPE_TEXT;
    }

    return KEYGATE_TYPE_OTHER;
}


static keygate_str_t
keygate_body_without_mark(keygate_str_t body)
{
    if (body.len >= 3 && memcmp(body.data, "\xef\xbb\xbf", 3) == 0) {
        body.data += 3;
        body.len -= 3;
    }

    return body;
}


int
keygate_error_hope(keygate_type_e type, keygate_str_t body)
{
    size_t  i;

    if (body.len == 0) {
        return 1;
    }

    /* a mark that is cut off is no mark yet */

    if (body.len < 3 && body.data[0] == 0xef) {
        return 1;
    }

    body = keygate_body_without_mark(body);

    for (i = 0; i < body.len; i++) {
        if (body.data[i] > ' ') {
            break;
        }
    }

    if (i == body.len || body.data[i] == '{') {
        return 1;
    }

    return type == KEYGATE_TYPE_TEXT
           && body.len <= 4 * KEYGATE_LINE_MAX + sizeof("\r\n") - 1;
}


/* Whether an object is already what the API's users expect. */

static int
keygate_body_in_format(keygate_error_format_e format, json_t *body)
{
    json_t      *value, *code;
    const char  *name;

    switch (format) {

    case KEYGATE_DETAIL:
        if (keygate_json_is_string(json_object_get(body, "detail"))) {
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

        code = json_object_get(value, "code");

        return (json_is_string(code) || json_is_number(code))
               && keygate_json_is_string(json_object_get(value, "message"));

    default:
        return 0;
    }
}


/* One line of printable characters, and what ends it. */

static keygate_rc_t
keygate_body_line(keygate_str_t body, const keygate_pool_t *pool,
    keygate_error_t *e)
{
    size_t                len;
    unsigned              n;
    unsigned char        *copy;
    const unsigned char  *p, *end;

    while (body.len && body.data[body.len - 1] <= ' ') {
        body.len--;
    }

    while (body.len && (body.data[0] == ' ' || body.data[0] == '\t')) {
        body.data++;
        body.len--;
    }

    end = body.data + body.len;

    for (p = body.data, n = 0; p < end; p += len, n++) {
        len = keygate_utf8(p, end);

        if (len == 0 || n == KEYGATE_LINE_MAX
            || *p < 0x20 || *p == 0x7f
            || (len == 2 && p[0] == 0xc2 && p[1] < 0xa0)
            || (len == 3 && p[0] == 0xe2 && p[1] == 0x80
                && (p[2] == 0xa8 || p[2] == 0xa9)))
        {
            return KEYGATE_NONE;
        }
    }

    if (n == 0) {
        return KEYGATE_NONE;
    }

    copy = pool->alloc(pool->pool, body.len);

    if (copy == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(copy, body.data, body.len);
    e->detail.data = copy;
    e->detail.len = body.len;

    return KEYGATE_AGAIN;
}


static keygate_rc_t
keygate_body_object(keygate_error_format_e format, unsigned status,
    keygate_type_e type, json_t *body, const keygate_pool_t *pool,
    keygate_error_t *e)
{
    if (type <= KEYGATE_TYPE_JSON && keygate_body_in_format(format, body)) {
        return KEYGATE_OK;
    }

    if (status >= 500) {
        return KEYGATE_NONE;
    }

    if (keygate_error_is_problem(body, status)) {

        if (format == KEYGATE_PROBLEM) {
            e->problem = 1;
            return KEYGATE_OK;
        }

    } else if (type == KEYGATE_TYPE_OTHER) {
        return KEYGATE_NONE;
    }

    return keygate_error_take(format, body, pool, e);
}


keygate_rc_t
keygate_error_inspect(keygate_error_format_e format, unsigned status,
    keygate_str_t type, keygate_str_t body, const keygate_pool_t *pool,
    keygate_error_t *e)
{
    json_t          *json;
    keygate_rc_t     rc;
    keygate_str_t    text;
    keygate_type_e   kind;

    kind = keygate_error_type_of(type);

    if (body.len == 0 || (kind > KEYGATE_TYPE_JSON && status >= 500)) {
        return KEYGATE_NONE;
    }

    if (kind == KEYGATE_TYPE_PROBLEM && format == KEYGATE_PROBLEM) {
        return KEYGATE_OK;
    }

    text = keygate_body_without_mark(body);
    json = keygate_json_parse(text, KEYGATE_JSON_NUL|KEYGATE_JSON_WIDE, NULL);

    if (json_is_object(json)) {
        rc = keygate_body_object(format, status, kind, json, pool, e);

    } else if (kind == KEYGATE_TYPE_TEXT) {
        rc = keygate_body_line(text, pool, e);

    } else {
        rc = KEYGATE_NONE;
    }

    if (e->problem) {
        e->skip = body.len - text.len;
    }

    json_decref(json);

    return rc;
}
