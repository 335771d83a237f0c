/*
 * Any text as the block of an API: it is compiled or refused with a value and
 * what was expected, and what was compiled can be asked for any path.
 */

#include <stdlib.h>
#include <string.h>

#include "../unit/api_text.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned               i;
    keygate_api_t         *api;
    keygate_conf_fault_t   fault;

    api = api_text((const char *) data, size, &fault);

    if (api == NULL) {
        if (fault.expected == NULL
            || (fault.value.len && fault.value.data == NULL))
        {
            abort();
        }

    } else {
        for (i = 0; i < api->n_routes; i++) {
            (void) keygate_router_match(api->router, api->routes[i]->path);
        }

        i = 0;

        while (keygate_api_advice(api, &i, &fault) == KEYGATE_OK) {
            if (fault.expected == NULL) {
                abort();
            }
        }
    }

    api_text_free();

    return 0;
}
