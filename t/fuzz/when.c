/*
 * Any bytes as the body of a route with a "when".  What is let through must
 * be JSON without duplicates to another parser, too, and to it the member is
 * absent, false or null.
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../unit/api_text.h"
#include "keygate_decide.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char  fuzz_conf[] =
    "zone keys; credential bearer;\n"
    "scope documents:write; scope documents:send;\n"
    "route POST /v1/estimates documents:write;\n"
    "when POST /v1/estimates body.send documents:send;\n";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t                *json, *send;
    json_error_t           error;
    keygate_str_t          body;
    keygate_conf_fault_t   fault;

    static keygate_api_t      *api;
    static keygate_verdict_t   v;

    if (api == NULL) {
        api = api_text(fuzz_conf, sizeof(fuzz_conf) - 1, &fault);

        if (api == NULL) {
            abort();
        }

        api->catalogue.scopes[1].bit = 1;
        keygate_scope_bind(&api->catalogue);
    }

    memset(&v, 0, sizeof(v));
    v.route = api->routes[0];
    v.need_body = 1;
    body.data = data;
    body.len = size;

    keygate_decide_body(api, body, &v);

    if (v.need_body) {
        abort();
    }

    if (v.code != KEYGATE_ALLOWED) {
        return 0;
    }

    json = json_loadb((const char *) data, size,
                      JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL
                      |JSON_DECODE_INT_AS_REAL, &error);
    send = json_object_get(json, "send");

    /* to keygate a number is nothing but its digits */

    if (json == NULL
        && json_error_code(&error) == json_error_numeric_overflow)
    {
        return 0;
    }

    if (!json_is_object(json)
        || (send != NULL && !json_is_false(send) && !json_is_null(send)))
    {
        abort();
    }

    json_decref(json);

    return 0;
}
