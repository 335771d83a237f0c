/*
 * An API's contract: made empty, compiled when all of its directives have
 * been read (keygate_api_words.c), and bound to the table of its keys.
 */

#include <string.h>

#include "keygate_api_private.h"


static keygate_rc_t keygate_api_expected(keygate_api_t *api,
    keygate_conf_fault_t *fault, keygate_str_t value, const char *before,
    keygate_str_t name, const char *after, unsigned line);
static keygate_rc_t keygate_api_feature(keygate_api_t *api,
    keygate_str_t name, uint64_t *features, keygate_conf_fault_t *fault);


keygate_api_t *
keygate_api_create(keygate_str_t name, const keygate_pool_t *pool)
{
    keygate_api_t  *api;

    api = pool->alloc(pool->pool, sizeof(keygate_api_t));
    if (api == NULL) {
        return NULL;
    }

    api->catalogue.scopes = pool->alloc(pool->pool,
                                  KEYGATE_SCOPES_MAX * sizeof(keygate_scope_t));
    if (api->catalogue.scopes == NULL) {
        return NULL;
    }

    api->router = keygate_router_create(pool);
    if (api->router == NULL) {
        return NULL;
    }

    api->name = name;
    api->pool = pool;
    api->account = KEYGATE_STR("account");

    return api;
}


keygate_rc_t
keygate_api_compile(keygate_api_t *api, keygate_conf_fault_t *fault)
{
    unsigned            rank, culprit;
    keygate_rc_t        rc;
    keygate_pending_t  *p;

    fault->line = 0;

    if (api->zone.len == 0) {
        return keygate_api_fault(fault, api->name, "a \"zone NAME\" in it");
    }

    if (api->n_sources == 0) {
        return keygate_api_fault(fault, api->name,
                                 "at least one \"credential\" in it");
    }

    for (rank = 0; rank < KEYGATE_RANKS; rank++) {

        for (p = api->pending; p; p = p->next) {
            if (p->rank != rank) {
                continue;
            }

            fault->line = p->line;

            rc = p->resolve(api, p->args, p->n, fault);
            if (rc != KEYGATE_OK) {
                return rc;
            }
        }

        if (rank == KEYGATE_RANK_IMPLIES
            && keygate_scope_close(&api->catalogue, &culprit) != KEYGATE_OK)
        {
            fault->line = 0;

            for (p = api->pending; p; p = p->next) {
                if (p->rank == rank
                    && keygate_str_eq(p->args[0],
                                      api->catalogue.scopes[culprit].name))
                {
                    fault->line = p->line;
                }
            }

            return keygate_api_fault(fault,
                                     api->catalogue.scopes[culprit].name,
                                     "implications without a cycle");
        }
    }

    return keygate_router_compile(api->router);
}


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


/* Like keygate_api_fault(), with a name and a line in what was expected. */

static keygate_rc_t
keygate_api_expected(keygate_api_t *api, keygate_conf_fault_t *fault,
    keygate_str_t value, const char *before, keygate_str_t name,
    const char *after, unsigned line)
{
    keygate_buf_t  b;

    b.size = strlen(before) + name.len + strlen(after) + 16;
    b.len = 0;
    b.data = api->pool->alloc(api->pool->pool, b.size);

    if (b.data == NULL) {
        return KEYGATE_NOMEM;
    }

    keygate_buf_puts(&b, before);
    keygate_buf_put(&b, name);
    keygate_buf_puts(&b, after);

    if (line) {
        keygate_buf_num(&b, line);
    }

    keygate_buf_put(&b, (keygate_str_t) { 1, (const unsigned char *) "" });

    return keygate_api_fault(fault, value, (const char *) b.data);
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

        return keygate_api_fault(fault, args[i],
                                 "\"cost=N\" (0 to 1000000000) and "
                                 "\"feature=F\", each once");
    }

    if (route->need.kind == KEYGATE_NEED_PUBLIC && n > 4) {
        return keygate_api_fault(fault, args[4],
                                 "no cost and no feature on a public route");
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
        return keygate_api_expected(api, fault, route->path,
                                    "a route that can be told apart from \"",
                                    other->path, "\" on line ", other->line);
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

    if (keygate_str_eq(method, KEYGATE_STR("*"))) {
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

    rc = keygate_need_compile(&api->catalogue, args[3], api->pool,
                              &route.need, &culprit);

    switch (rc) {
    case KEYGATE_OK:
        break;

    case KEYGATE_NONE:
        return keygate_api_fault(fault, culprit,
                                 "\"public\", \"any\" or a scope of this API");

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
                                     "\"|\", or \"*\"");
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

    if (route == NULL || route->need.kind == KEYGATE_NEED_PUBLIC) {
        return keygate_api_fault(fault, args[2],
                                 "the method and template of a route of this "
                                 "API that is not public");
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


keygate_rc_t
keygate_api_advice(const keygate_api_t *api, unsigned *i,
    keygate_conf_fault_t *fault)
{
    unsigned         k, n;
    uint64_t         idle;
    keygate_route_t *route;

    for ( /* void */ ; *i < api->n_plans; (*i)++) {
        idle = api->plans[*i].features & ~api->needed;

        for (k = 0; k < api->n_features; k++) {
            if (idle & (uint64_t) 1 << k) {
                (*i)++;
                fault->line = api->plan_lines[*i - 1];
                fault->value = api->features[k];
                fault->expected = "a feature that \"require\" or a route "
                                  "asks for";
                return KEYGATE_OK;
            }
        }
    }

    for ( /* void */ ; *i < api->n_plans + api->n_formats; (*i)++) {
        n = *i - api->n_plans;

        if (api->formats[n].secret_len < 16) {
            (*i)++;
            fault->line = 0;
            fault->value = api->formats[n].prefix;
            fault->expected = "a secret of 16 characters or more";
            return KEYGATE_OK;
        }
    }

    for ( /* void */ ; *i < api->n_plans + api->n_formats + api->n_routes;
         (*i)++)
    {
        route = api->routes[*i - api->n_plans - api->n_formats];

        for (k = 0; k < api->n_rates; k++) {
            if (route->cost > api->rates[k].limit) {
                (*i)++;
                fault->line = route->line;
                fault->value = route->path;
                fault->expected = "a cost within every rate, or it is "
                                  "refused always";
                return KEYGATE_OK;
            }
        }
    }

    return KEYGATE_NONE;
}


keygate_rc_t
keygate_api_bind(keygate_api_t *api, keygate_table_t *table,
    const keygate_now_t *now)
{
    int       n;
    unsigned  i, key_units, account_units;

    for (i = 0; i < api->catalogue.n; i++) {
        n = keygate_table_intern_scope(table, api->catalogue.scopes[i].name);
        if (n == -1) {
            return KEYGATE_INVALID;
        }

        api->catalogue.scopes[i].bit = (unsigned) n;
    }

    keygate_scope_bind(&api->catalogue);

    for (i = 0; i < api->n_plans; i++) {
        n = keygate_table_intern_plan(table, api->plans[i].name);
        if (n == -1) {
            return KEYGATE_INVALID;
        }

        api->plans[i].number = n;
    }

    key_units = 0;
    account_units = 0;

    for (i = 0; i < api->n_rates; i++) {
        if (api->rates[i].per_account) {
            account_units |= 1u << api->rates[i].unit;

        } else {
            key_units |= 1u << api->rates[i].unit;
        }
    }

    return keygate_table_units(table, key_units, account_units, now);
}
