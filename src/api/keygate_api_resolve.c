/*
 * Directives that refer to others, looked at when all have been read: what
 * scopes imply, which features are asked for, what routes need.
 */

#include <string.h>

#include "keygate_api_private.h"


static keygate_rc_t keygate_api_feature(keygate_api_t *api, keygate_str_t name,
    uint64_t *features, keygate_conf_fault_t *fault);
static keygate_rc_t keygate_api_route_options(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_route_t *route,
    keygate_conf_fault_t *fault);
static keygate_rc_t keygate_api_add_route(keygate_api_t *api,
    const keygate_route_t *model, keygate_conf_fault_t *fault);
static int keygate_api_method_valid(keygate_str_t method);


/* "scope admin implies=write,read": args are the name and the option. */

keygate_rc_t
keygate_api_resolve_implies(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int               i;
    keygate_str_t     rest, name;
    keygate_scope_t  *s;

    (void) n;

    i = keygate_scope_find(&api->catalogue, args[0]);
    s = &api->catalogue.scopes[i];

    s->implies = api->pool->alloc(api->pool->pool,
                                  args[1].len * sizeof(uint16_t));
    if (s->implies == NULL) {
        return KEYGATE_NOMEM;
    }

    keygate_api_option(args[1], "implies", &rest);

    while (keygate_api_split(&rest, ',', &name)) {
        i = keygate_scope_find(&api->catalogue, name);

        if (i == -1) {
            return keygate_api_fault(fault, name, "a scope of this API");
        }

        s->implies[s->n_implies++] = (uint16_t) i;
    }

    return KEYGATE_OK;
}


/* The bit of a feature that some plan has, added to *features. */

static keygate_rc_t
keygate_api_feature(keygate_api_t *api, keygate_str_t name,
    uint64_t *features, keygate_conf_fault_t *fault)
{
    unsigned  i;

    for (i = 0; i < api->n_features; i++) {
        if (keygate_str_eq(api->features[i], name)) {
            break;
        }
    }

    if (i == api->n_features) {
        return keygate_api_fault(fault, name, "a feature that a plan has");
    }

    if (*features & (uint64_t) 1 << i) {
        return keygate_api_fault(fault, name, "each feature only once");
    }

    *features |= (uint64_t) 1 << i;
    api->needed |= (uint64_t) 1 << i;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_resolve_require(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned      i;
    keygate_rc_t  rc;

    for (i = 1; i < n; i++) {
        rc = keygate_api_feature(api, args[i], &api->require, fault);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_api_route_options(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_route_t *route, keygate_conf_fault_t *fault)
{
    unsigned       i, seen;
    uint32_t       cost;
    keygate_rc_t   rc;
    keygate_str_t  value;

    route->cost = 1;

    for (seen = 0, i = 4; i < n; i++) {

        if (!(seen & 1) && keygate_api_option(args[i], "cost", &value)
            && keygate_api_number(value, 0, KEYGATE_RATE_MAX, &cost))
        {
            route->cost = cost;
            seen |= 1;
            continue;
        }

        if (!(seen & 2) && keygate_api_option(args[i], "feature", &value)) {
            rc = keygate_api_feature(api, value, &route->features, fault);
            if (rc != KEYGATE_OK) {
                return rc;
            }

            seen |= 2;
            continue;
        }

        if (!(seen & 4) && keygate_api_option(args[i], "group", &value)) {
            route->group = keygate_api_group(api, value);

            if (route->group == 0) {
                return keygate_api_fault(fault, value,
                                         "a group that a \"rate\" is for");
            }

            api->groups[route->group - 1].routed = 1;
            seen |= 4;
            continue;
        }

        return keygate_api_fault(fault, args[i],
                                 "\"cost=N\" (0 to 1000000000), "
                                 "\"feature=F\" and \"group=G\", each once");
    }

    if (route->need.kind == KEYGATE_NEED_PUBLIC && n > 4) {
        return keygate_api_fault(fault, args[4],
                                 "no cost, no feature and no group on a "
                                 "public route");
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_api_add_route(keygate_api_t *api, const keygate_route_t *model,
    keygate_conf_fault_t *fault)
{
    size_t             size;
    keygate_rc_t       rc;
    keygate_route_t   *route, *other, **routes;

    route = api->pool->alloc(api->pool->pool, sizeof(keygate_route_t));
    if (route == NULL) {
        return KEYGATE_NOMEM;
    }

    *route = *model;

    rc = keygate_router_add(api->router, route, &other);

    if (rc == KEYGATE_CONFLICT) {
        fault->other = other->line;

        return keygate_api_expected(api, fault, route->path,
                                    "a route that can be told apart from \"",
                                    other->path, "\"");
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if ((api->n_routes & (api->n_routes - 1)) == 0) {
        size = api->n_routes ? 2 * api->n_routes : 1;

        routes = api->pool->alloc(api->pool->pool,
                                  size * sizeof(keygate_route_t *));
        if (routes == NULL) {
            return KEYGATE_NOMEM;
        }

        if (api->n_routes) {
            memcpy(routes, api->routes,
                   api->n_routes * sizeof(keygate_route_t *));
        }

        api->routes = routes;
    }

    api->routes[api->n_routes++] = route;

    return KEYGATE_OK;
}


static int
keygate_api_method_valid(keygate_str_t method)
{
    size_t  i;

    if (keygate_str_eq(method, KEYGATE_STR("*"))
        || keygate_str_eq(method, KEYGATE_STR(KEYGATE_METHOD_NONE)))
    {
        return 1;
    }

    for (i = 0; i < method.len; i++) {
        if ((method.data[i] < 'A' || method.data[i] > 'Z')
            && method.data[i] != '_' && method.data[i] != '-')
        {
            return 0;
        }
    }

    return method.len != 0 && method.len <= KEYGATE_NAME_MAX;
}


keygate_rc_t
keygate_api_resolve_route(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    keygate_rc_t      rc;
    keygate_str_t     methods, culprit;
    keygate_route_t   route;

    memset(&route, 0, sizeof(keygate_route_t));

    rc = keygate_scope_need_compile(&api->catalogue, args[3], api->pool,
                                    &route.need, &culprit);

    switch (rc) {
    case KEYGATE_OK:
        break;

    case KEYGATE_NONE:
        return keygate_api_fault(fault, culprit,
                                 "\"public\", \"optional\", \"any\" or a "
                                 "scope of this API");

    case KEYGATE_CONFLICT:
        return keygate_api_fault(fault, culprit,
                                 "each scope of a route only once");

    case KEYGATE_NOMEM:
        return rc;

    default:
        return keygate_api_fault(fault, args[3],
                                 "scopes joined by \"&\" (all) or by \"|\" "
                                 "(one of), not both");
    }

    rc = keygate_api_route_options(api, args, n, &route, fault);
    if (rc != KEYGATE_OK) {
        return rc;
    }

    route.path = args[2];
    route.line = fault->line;
    methods = args[1];

    while (keygate_api_split(&methods, '|', &route.method)) {

        if (!keygate_api_method_valid(route.method)) {
            return keygate_api_fault(fault, args[1],
                                     "methods in upper case, joined by "
                                     "\"|\", or \"*\", or \"none\"");
        }

        rc = keygate_api_add_route(api, &route, fault);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_resolve_when(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int               scope;
    unsigned          i;
    keygate_str_t     member;
    keygate_when_t   *when, **last;
    keygate_route_t  *route;

    (void) n;

    scope = keygate_scope_find(&api->catalogue, args[4]);

    if (scope == -1) {
        return keygate_api_fault(fault, args[4], "a scope of this API");
    }

    for (route = NULL, i = 0; i < api->n_routes; i++) {
        if (keygate_str_eq(api->routes[i]->path, args[2])
            && keygate_str_eq(api->routes[i]->method, args[1]))
        {
            route = api->routes[i];
        }
    }

    if (route == NULL || route->need.kind == KEYGATE_NEED_PUBLIC
        || route->need.kind == KEYGATE_NEED_OPTIONAL)
    {
        return keygate_api_fault(fault, args[2],
                                 "the method and template of a route of this "
                                 "API that is neither public nor optional");
    }

    member.len = args[3].len - 5;
    member.data = args[3].data + 5;

    for (last = &route->when; *last; last = &(*last)->next) {
        if (keygate_str_eq((*last)->member, member)
            && (*last)->scope == scope)
        {
            return keygate_api_fault(fault, args[3],
                                     "each \"when\" only once");
        }
    }

    when = api->pool->alloc(api->pool->pool, sizeof(keygate_when_t));
    if (when == NULL) {
        return KEYGATE_NOMEM;
    }

    when->member = member;
    when->scope = (uint16_t) scope;
    *last = when;

    return KEYGATE_OK;
}
