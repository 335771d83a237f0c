/*
 * The routes of one template: which of them serves a method, and which
 * methods there are.
 */

#include "keygate_route.h"


static keygate_route_t *keygate_method_find(const keygate_route_t *routes,
    keygate_str_t method);


static keygate_route_t *
keygate_method_find(const keygate_route_t *routes, keygate_str_t method)
{
    const keygate_route_t  *route;

    for (route = routes; route != NULL; route = route->next) {
        if (keygate_str_eq(route->method, method)) {
            return (keygate_route_t *) route;
        }
    }

    return NULL;
}


keygate_route_t *
keygate_route_method(keygate_route_t *routes, keygate_str_t method)
{
    keygate_route_t  *route;

    /* a proxy that asks by keygate_auth may send a method of this name */

    route = keygate_str_eq(method, KEYGATE_STR(KEYGATE_METHOD_NONE))
            ? NULL : keygate_method_find(routes, method);

    if (route == NULL && keygate_str_eq(method, KEYGATE_STR("HEAD"))) {
        route = keygate_method_find(routes, KEYGATE_STR("GET"));
    }

    if (route == NULL) {
        route = keygate_method_find(routes, KEYGATE_STR("*"));
    }

    return route;
}


void
keygate_route_allow(const keygate_route_t *routes, keygate_buf_t *out)
{
    int                     get;
    const char             *separator;
    const keygate_route_t  *route;

    separator = "";
    get = keygate_method_find(routes, KEYGATE_STR("GET")) != NULL;

    for (route = routes; route != NULL; route = route->next) {
        if (keygate_str_eq(route->method, KEYGATE_STR("*"))
            || keygate_str_eq(route->method,
                              KEYGATE_STR(KEYGATE_METHOD_NONE))
            || (get && keygate_str_eq(route->method, KEYGATE_STR("HEAD"))))
        {
            continue;
        }

        keygate_buf_puts(out, separator);
        keygate_buf_put(out, route->method);
        separator = ", ";

        if (keygate_str_eq(route->method, KEYGATE_STR("GET"))) {
            keygate_buf_puts(out, ", HEAD");
        }
    }
}
