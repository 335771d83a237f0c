/*
 * The words of an API's directives about rates, and whether routes and rates
 * go together.
 */

#include <string.h>

#include "keygate_api_private.h"


keygate_rc_t
keygate_words_rate(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    unsigned        i, seen;
    keygate_str_t   value;
    keygate_rate_t  r;

    memset(&r, 0, sizeof(keygate_rate_t));

    if (keygate_rate_parse(args[1], &r.limit, &r.unit) != KEYGATE_OK) {
        return keygate_api_fault(fault, args[1],
                                 "NUMr/UNIT: 1 to 1000000000 requests in an "
                                 "\"s\", \"m\", \"h\", \"d\" or \"month\"");
    }

    r.name = keygate_span(keygate_unit_name(r.unit));

    for (seen = 0, i = 2; i < n; i++) {
        if (!(seen & 1) && keygate_api_option(args[i], "name", &value)
            && keygate_api_name_valid(value))
        {
            r.name = value;
            seen |= 1;
            continue;
        }

        if (!(seen & 2) && keygate_api_option(args[i], "per", &value)
            && (keygate_str_eq(value, KEYGATE_STR("key"))
                || keygate_str_eq(value, KEYGATE_STR("account"))))
        {
            r.per_account = keygate_str_eq(value, KEYGATE_STR("account"));
            seen |= 2;
            continue;
        }

        return keygate_api_fault(fault, args[i],
                                 "\"name=NAME\" and \"per=key\" or "
                                 "\"per=account\", each once");
    }

    for (i = 0; i < api->n_rates; i++) {
        if (api->rates[i].unit == r.unit
            && api->rates[i].per_account == r.per_account)
        {
            return keygate_api_fault(fault, args[1],
                                     "at most one rate of a unit for keys, "
                                     "and one for accounts");
        }

        if (keygate_str_eq(api->rates[i].name, r.name)) {
            return keygate_api_fault(fault, r.name,
                                     "each name of a rate only once; give "
                                     "this one a name=");
        }
    }

    for (i = api->n_rates++; i > 0; i--) {
        if (r.per_account || !api->rates[i - 1].per_account) {
            break;
        }

        api->rates[i] = api->rates[i - 1];
    }

    api->rates[i] = r;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_words_rate_headers(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "draft", "legacy", "off", NULL };

    (void) n;

    i = keygate_api_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1],
                                 "\"draft\", \"legacy\" or \"off\"");
    }

    api->rate_headers = (keygate_headers_e) i;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_rates(keygate_api_t *api, keygate_conf_fault_t *fault)
{
    unsigned                i, k;
    const keygate_route_t  *route;

    for (i = 0; i < api->n_routes; i++) {
        route = api->routes[i];

        for (k = 0; k < api->n_rates; k++) {
            if (route->cost <= api->rates[k].limit) {
                continue;
            }

            fault->line = route->line;

            return keygate_api_expected(api, fault, route->path,
                                        "a cost that the rate \"",
                                        api->rates[k].name, "\" has room for");
        }
    }

    return keygate_api_policy(api);
}
