/*
 * What the gate answers when it refuses, as responses of a document.
 */

#include "keygate_openapi_export.h"


static const keygate_words_t *keygate_openapi_said(
    const keygate_block_t *block, const char *name);
static int keygate_openapi_is(const keygate_block_t *block, const char *name,
    const char *value);
static json_t *keygate_openapi_answer(const keygate_block_t *block,
    const char *text, const char *const *headers);
static json_t *keygate_openapi_schema(const keygate_block_t *block);


static const keygate_words_t *
keygate_openapi_said(const keygate_block_t *block, const char *name)
{
    const keygate_words_t  *words;

    for (words = block->first; words != NULL; words = words->next) {
        if (keygate_str_eq(words->args[0], keygate_span(name))) {
            break;
        }
    }

    return words;
}


static int
keygate_openapi_is(const keygate_block_t *block, const char *name,
    const char *value)
{
    const keygate_words_t  *words;

    words = keygate_openapi_said(block, name);

    return words != NULL && words->n > 1
           && keygate_str_eq(words->args[1], keygate_span(value));
}


static json_t *
keygate_openapi_answer(const keygate_block_t *block, const char *text,
    const char *const *headers)
{
    int          ok;
    char         ref[64];
    json_t      *answer, *fields;
    const char  *type;

    type = keygate_openapi_is(block, "errors", "detail")
           || keygate_openapi_is(block, "errors", "envelope")
           ? "application/json" : "application/problem+json";

    answer = json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", text,
                       "content", type, "schema", "$ref",
                       "#/components/schemas/KeygateError");

    if (answer == NULL || headers[0] == NULL) {
        return answer;
    }

    fields = json_object();

    ok = fields != NULL;

    for ( /* void */ ; *headers != NULL && ok; headers++) {
        snprintf(ref, sizeof(ref), "#/components/headers/%s", *headers);
        ok = (json_object_set_new(fields, *headers,
                                  json_pack("{s:s}", "$ref", ref))
              == 0);
    }

    if (!ok || json_object_set(answer, "headers", fields) != 0) {
        json_decref(answer);
        answer = NULL;
    }

    json_decref(fields);

    return answer;
}


json_t *
keygate_openapi_answers(const keygate_block_t *block, keygate_str_t need,
    int when)
{
    int          ok, keyed, legacy;
    json_t      *answers;

    static const char *const  none[] = { NULL };
    static const char *const  challenge[] = { "WWW-Authenticate", NULL };
    static const char *const  later[] = { "Retry-After", NULL };
    static const char *const  draft[] = {
        "Retry-After", "RateLimit", "RateLimit-Policy", NULL
    };
    static const char *const  older[] = {
        "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining",
        "X-RateLimit-Reset", NULL
    };

    keyed = !keygate_str_eq(need, KEYGATE_STR("public"));
    legacy = keygate_openapi_is(block, "rate_headers", "legacy");
    answers = json_object();

    ok = json_object_set_new(answers, "400", keygate_openapi_answer(block,
                                 "The path, the credential or the body can "
                                 "be read in more than one way.", none))
         == 0;

    if (keyed) {
        ok = ok
             && json_object_set_new(answers, "401",
                    keygate_openapi_answer(block, "No key, or none that is "
                                           "live.", challenge)) == 0
             && json_object_set_new(answers, "403",
                    keygate_openapi_answer(block, "The key may not do this.",
                                           none)) == 0
             && json_object_set_new(answers, "429",
                    keygate_openapi_answer(block, "Too many requests.",
                        keygate_openapi_is(block, "rate_headers", "off")
                        ? later : legacy ? older : draft)) == 0
             && json_object_set_new(answers, "503",
                    keygate_openapi_answer(block, "The gate cannot tell "
                                           "now.", later)) == 0;
    }

    if (when) {
        ok = ok && json_object_set_new(answers, "413",
                       keygate_openapi_answer(block, "The body is too large "
                                              "to be looked at.", none)) == 0;
    }

    if (!ok) {
        json_decref(answers);
        answers = NULL;
    }

    return answers;
}


static json_t *
keygate_openapi_schema(const keygate_block_t *block)
{
    if (keygate_openapi_is(block, "errors", "detail")) {
        return json_pack("{s:s, s:[s], s:{s:{s:s}}, s:{s:s}}",
                         "type", "object", "required", "detail",
                         "properties", "detail", "type", "string",
                         "example", "detail", "This key has expired.");
    }

    if (keygate_openapi_is(block, "errors", "envelope")) {
        return json_pack("{s:s, s:[s], s:{s:{s:s, s:[s,s], "
                         "s:{s:{s:s}, s:{s:s}}}}, s:{s:{s:s, s:s}}}",
                         "type", "object", "required", "error",
                         "properties", "error", "type", "object",
                         "required", "code", "message", "properties",
                         "code", "type", "string",
                         "message", "type", "string",
                         "example", "error", "code", "key_expired",
                         "message", "This key has expired.");
    }

    return json_pack("{s:s, s:[s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, "
                     "s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}, "
                     "s:{s:s, s:s, s:i, s:s}}",
                     "type", "object", "required", "type", "title", "status",
                     "properties", "type", "type", "string",
                     "title", "type", "string", "status", "type", "integer",
                     "detail", "type", "string", "instance", "type", "string",
                     "code", "type", "string", "request_id", "type", "string",
                     "example", "type", "about:blank",
                     "title", "Unauthorized", "status", 401,
                     "code", "key_expired");
}


int
keygate_openapi_components(const keygate_block_t *block, json_t *components)
{
    int       ok;
    json_t   *headers;
    unsigned  i;

    static const struct {
        const char  *name;
        const char  *type;
        const char  *text;
    } fields[] = {
        { "WWW-Authenticate", "string", "How a key is sent." },
        { "Retry-After", "integer", "Seconds after which one is admitted." },
        { "RateLimit", "string", "What is left of each limit." },
        { "RateLimit-Policy", "string", "The limits." },
        { "X-RateLimit-Limit", "integer", "The limit." },
        { "X-RateLimit-Remaining", "integer", "What is left of it." },
        { "X-RateLimit-Reset", "integer", "When it is whole, in Unix time." }
    };

    headers = json_object();

    for (ok = (headers != NULL), i = 0;
         ok && i < sizeof(fields) / sizeof(fields[0]); i++)
    {
        ok = (json_object_set_new(headers, fields[i].name,
                  json_pack("{s:s, s:{s:s}}", "description", fields[i].text,
                            "schema", "type", fields[i].type))
              == 0);
    }

    ok = ok && json_object_set(components, "headers", headers) == 0
         && json_object_set_new(components, "schemas",
                json_pack("{s:o}", "KeygateError",
                          keygate_openapi_schema(block)))
            == 0;

    json_decref(headers);

    return ok;
}
