/*
 * Row 11: the body of a route with "when" rules.
 *
 * A body that two parsers could read differently is refused: duplicate
 * members at any level, a BOM, bytes that are not UTF-8, anything after the
 * object.  Whatever is let through means the same to every JSON parser.
 */

#include <string.h>

#include <jansson.h>

#include "keygate_decide.h"


#define KEYGATE_BODY_DEPTH  64


static int keygate_body_depth(keygate_str_t body);


void
keygate_decide_body(const keygate_api_t *api, keygate_str_t body,
    keygate_verdict_t *v)
{
    json_t                *json, *value;
    json_error_t           error;
    const keygate_when_t  *when;

    v->need_body = 0;
    v->code = KEYGATE_BODY_INVALID;

    if (body.len == 0 || !keygate_body_depth(body)) {
        return;
    }

    json = json_loadb((const char *) body.data, body.len,
                      JSON_REJECT_DUPLICATES|JSON_DECODE_INT_AS_REAL
                      |JSON_ALLOW_NUL, &error);

    if (!json_is_object(json)) {
        if (json == NULL && json_error_code(&error) == json_error_out_of_memory)
        {
            v->code = KEYGATE_UNAVAILABLE;
        }

        json_decref(json);
        return;
    }

    v->code = KEYGATE_ALLOWED;

    for (when = v->route->when; when; when = when->next) {
        value = json_object_getn(json, (const char *) when->member.data,
                                 when->member.len);

        if (value == NULL || json_is_false(value) || json_is_null(value)
            || keygate_scope_held(&api->catalogue, when->scope,
                                  &v->key.scopes))
        {
            continue;
        }

        v->code = KEYGATE_INSUFFICIENT_SCOPE;
        v->when_scope = when->scope;
        v->need.kind = KEYGATE_NEED_ALL_OF;
        v->need.n = 1;
        v->need.scopes = &v->when_scope;
        break;
    }

    json_decref(json);
}


/*
 * Whether brackets outside of strings never nest deeper than is allowed:
 * jansson's own bound is 2048 levels of recursion.
 */

static int
keygate_body_depth(keygate_str_t body)
{
    size_t    i;
    unsigned  depth, quoted;

    depth = 0;
    quoted = 0;

    for (i = 0; i < body.len; i++) {
        switch (body.data[i]) {

        case '"':
            quoted = !quoted;
            break;

        case '\\':
            i += quoted;
            break;

        case '{':
        case '[':
            if (!quoted && ++depth > KEYGATE_BODY_DEPTH) {
                return 0;
            }
            break;

        case '}':
        case ']':
            if (!quoted && depth) {
                depth--;
            }
            break;
        }
    }

    return 1;
}
