/*
 * Any text as the block of an API: it is compiled or refused with a value and
 * what was expected; and what was compiled chooses, for each of its templates
 * taken as a path, whole or without the last segment, the route that a plain
 * twin chooses.
 */

#include "fuzz.h"

#include "../unit/api_text.h"
#include "../unit/readings.h"


#define FUZZ_ROUTES  256


enum { REFUSED, COMPILED, ADVISED, MATCHED };

const char *const  fuzz_shapes[] = {
    "a refusal", "an API", "an advice", "a route", NULL
};


static void
fuzz_route(const keygate_api_t *api, const keygate_str_t *templates,
    keygate_str_t path)
{
    int               want;
    keygate_route_t  *found;

    want = route_choose(templates, api->n_routes, path);
    found = keygate_router_match(api->router, path);

    if (want == -1) {
        must(found == NULL);
        return;
    }

    while (found != api->routes[want]) {
        must(found != NULL);
        found = found->next;
    }

    fuzz_saw(MATCHED);
}


static void
fuzz_routes(const keygate_api_t *api)
{
    unsigned       i, n;
    keygate_str_t  path, templates[FUZZ_ROUTES];

    if (api->n_routes > FUZZ_ROUTES) {
        return;
    }

    for (n = 0; n < api->n_routes; n++) {
        templates[n] = api->routes[n]->path;
    }

    for (i = 0; i < n; i++) {
        path = templates[i];
        fuzz_route(api, templates, path);

        while (path.data[path.len - 1] != '/') {
            path.len--;
        }

        fuzz_route(api, templates, path);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned               i;
    keygate_api_t         *api;
    keygate_conf_fault_t   fault;

    api = api_text((const char *) data, size, &fault);

    if (api == NULL) {
        must(fault.expected != NULL);
        must(fault.value.len == 0 || fault.value.data != NULL);
        fuzz_saw(REFUSED);

    } else {
        fuzz_saw(COMPILED);
        fuzz_routes(api);
        i = 0;

        while (keygate_api_advice(api, &i, &fault) == KEYGATE_OK) {
            must(fault.expected != NULL);
            fuzz_saw(ADVISED);
        }
    }

    api_text_free();

    return 0;
}
