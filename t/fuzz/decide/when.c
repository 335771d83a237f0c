/*
 * Any bytes as the body of a route with a "when".  What is let through must
 * be JSON without duplicates to another parser, too, and to it the member is
 * absent, false or null, by whatever name.
 */

#include "fuzz.h"

#include "../unit/api_text.h"
#include "body_twin.h"
#include "keygate_decide.h"


enum { INVALID, NEEDED, ALLOWED };

const char *const  fuzz_shapes[] = {
    "an invalid body", "a body that needs the scope",
    "a body that does not", NULL
};


static const char  fuzz_conf[] =
    "zone keys; credential bearer;\n"
    "scope documents:write; scope documents:send;\n"
    "route POST /v1/estimates documents:write;\n"
    "when POST /v1/estimates body.send documents:send;\n";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t                *json;
    keygate_str_t          body;
    keygate_conf_fault_t   fault;

    static keygate_api_t      *api;
    static keygate_verdict_t   v;

    if (api == NULL) {
        api = api_text(fuzz_conf, sizeof(fuzz_conf) - 1, &fault);

        must(api != NULL);

        api->catalogue.scopes[1].bit = 1;
        keygate_scope_bind(&api->catalogue);
    }

    memset(&v, 0, sizeof(v));
    v.route = api->routes[0];
    v.need_body = 1;
    body.data = data;
    body.len = size;

    keygate_decide_body(api, body, &v);

    must(!v.need_body);

    if (v.code != KEYGATE_ALLOWED) {
        must(v.code == KEYGATE_BODY_INVALID
             || v.code == KEYGATE_INSUFFICIENT_SCOPE);
        fuzz_saw(v.code == KEYGATE_BODY_INVALID ? INVALID : NEEDED);
        return 0;
    }

    fuzz_saw(ALLOWED);

    json = body_parse(body);
    must(!body_sets(json, KEYGATE_STR("send")));
    json_decref(json);

    return 0;
}
