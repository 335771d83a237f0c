/*
 * The decision once more, in the plainest way: row after row, by names.
 */

#ifndef KEYGATE_DECIDE_TWIN_H
#define KEYGATE_DECIDE_TWIN_H

#define TWIN_MAX     512
#define READING_MAX  (3 * TWIN_MAX)

#include "../unit/path_twin.h"
#include "../unit/readings.h"

#include "decide_people.h"


typedef struct {
    keygate_code_e          code;
    const person_t         *who;         /* NULL: nobody, or not looked at */
    const keygate_route_t  *route;
    uint32_t                cost;
} expected_t;


static unsigned
twin_templates(const keygate_api_t *api, keygate_str_t *templates)
{
    unsigned  i;

    for (i = 0; i < api->n_routes; i++) {
        templates[i] = api->routes[i]->path;
    }

    return i;
}


/* What nginx has made of a path goes upstream escaped, or as it is. */

static int
twin_rewritten(keygate_str_t path, twin_t *twin)
{
    size_t  i;

    memset(twin, 0, sizeof(twin_t));
    memcpy(twin->c, path.data, path.len);
    twin->len = path.len;

    for (i = 0; i < path.len; i++) {
        if (path.data[i] < 32 || path.data[i] == 127
            || strchr(";\\", path.data[i]) != NULL)
        {
            return 0;
        }
    }

    return path.data[0] == '/' && twin_segments(twin);
}


/*
 * Whoever gets what is passed on must be led to the same template: -1 or its
 * number.
 */

static void
twin_read(const keygate_api_t *api, const keygate_request_t *request,
    const twin_t *path, int want)
{
    unsigned       n;
    reading_t      sent;
    keygate_str_t  templates[TEMPLATES];

    n = twin_templates(api, templates);

    if (request->rewritten.len == 0) {
        sent = read_target(request->raw.data, request->raw.len);
        must(readings_astray(templates, n, api->base, &sent, want) == NULL);

        must(nginx_uri(&sent));
        must(sent.len == path->len
             && memcmp(sent.c, path->c, sent.len) == 0);
    }

    sent = read_target(path->c, path->len);
    must(readings_astray(templates, n, api->base, &sent, want) == NULL);

    nginx_escape(&sent);
    must(readings_astray(templates, n, api->base, &sent, want) == NULL);
}


static const keygate_route_t *
twin_method(const keygate_api_t *api, int want, keygate_str_t method)
{
    unsigned                i;
    const keygate_route_t  *route, *get, *any;

    get = NULL;
    any = NULL;

    for (i = 0; i < api->n_routes && want != -1; i++) {
        route = api->routes[i];

        if (!keygate_str_eq(route->path, api->routes[want]->path)) {
            continue;
        }

        if (keygate_str_eq(route->method, method)) {
            return route;
        }

        if (keygate_str_eq(route->method, KEYGATE_STR("GET"))
            && keygate_str_eq(method, KEYGATE_STR("HEAD")))
        {
            get = route;
        }

        if (keygate_str_eq(route->method, KEYGATE_STR("*"))) {
            any = route;
        }
    }

    return get != NULL ? get : any;
}


static const person_t *
twin_person(const keygate_api_t *api, keygate_str_t credential)
{
    unsigned         i;
    const person_t  *p;

    for (i = 0; i < PEOPLE; i++) {
        p = &people[i];

        if ((p->credential[0] == 'c') == (api == apis[0])
            && (keygate_str_eq(fuzz_str(p->credential), credential)
                || (p->old != NULL && !p->old_is_over
                    && keygate_str_eq(fuzz_str(p->old), credential))))
        {
            return p;
        }
    }

    return NULL;
}


/* Whether a grant holds a scope, by following what implies what. */

static int
twin_holds(const keygate_api_t *api, const person_t *who, unsigned scope)
{
    char                    name[KEYGATE_NAME_MAX + 3];
    unsigned                i, k;
    const keygate_scope_t  *s;

    s = &api->catalogue.scopes[scope];
    snprintf(name, sizeof(name), "\"%.*s\"", (int) s->name.len, s->name.data);

    if (strstr(who->scopes, name) != NULL) {
        return 1;
    }

    for (i = 0; i < api->catalogue.n; i++) {
        for (k = 0; k < api->catalogue.scopes[i].n_implies; k++) {
            if (api->catalogue.scopes[i].implies[k] == scope
                && twin_holds(api, who, i))
            {
                return 1;
            }
        }
    }

    return 0;
}


static int
twin_meets(const keygate_api_t *api, const person_t *who,
    const keygate_need_t *need)
{
    unsigned  i, held;

    for (i = 0, held = 0; i < need->n; i++) {
        held += (unsigned) twin_holds(api, who, need->scopes[i]);
    }

    return need->kind == KEYGATE_NEED_ANY
           || need->kind == KEYGATE_NEED_OPTIONAL
           || (need->kind == KEYGATE_NEED_ALL_OF && held == need->n)
           || (need->kind == KEYGATE_NEED_ONE_OF && held != 0);
}


/* By names, too: whether a plan has the features asked for. */

static int
twin_has(const keygate_api_t *api, const char *plan, uint64_t features)
{
    unsigned  i;
    uint64_t  has;

    for (i = 0, has = 0; i < api->n_plans; i++) {
        if (keygate_str_eq(api->plans[i].name, fuzz_str(plan))) {
            has = api->plans[i].features;
        }
    }

    return (features & ~has) == 0;
}


/* When "cost" has been paid "times" before. */

static keygate_code_e
twin_rates(const keygate_api_t *api, const person_t *who, uint32_t cost,
    unsigned times)
{
    uint32_t  units;

    units = cost * (times + 1);

    if (who->month && units > who->month) {
        return KEYGATE_QUOTA_EXCEEDED;
    }

    if (api == apis[0]
        && (units > (who->minute ? who->minute : 10) || units > 15))
    {
        return KEYGATE_RATE_LIMITED;
    }

    return KEYGATE_ALLOWED;
}


/* Rows 5 to 10: of a key that is somebody's. */

static keygate_code_e
twin_rights(const keygate_api_t *api, const keygate_request_t *request,
    int want, const expected_t *e, unsigned times)
{
    unsigned          i;
    keygate_code_e    code;
    const account_t  *account;
    const person_t   *who;

    who = e->who;

    if (who->inside
        && (!request->has_address
            || memcmp(request->address,
                      "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a", 13) != 0))
    {
        return KEYGATE_ADDRESS_NOT_ALLOWED;
    }

    code = twin_rates(api, who, e->cost, times);

    if (code != KEYGATE_ALLOWED) {
        return code;
    }

    for (account = NULL, i = 0; i < ACCOUNTS; i++) {
        if (strcmp(accounts[i].id, who->account) == 0) {
            account = &accounts[i];
        }
    }

    if (account == NULL || !account->open) {
        return KEYGATE_SUBSCRIPTION_LAPSED;
    }

    if (!twin_has(api, account->plan,
                  api->require | (e->route ? e->route->features : 0)))
    {
        return KEYGATE_PLAN_REQUIRED;
    }

    if (e->route == NULL) {
        return want != -1 ? KEYGATE_METHOD_NOT_ALLOWED
               : api == apis[0] ? KEYGATE_ROUTE_NOT_FOUND : KEYGATE_ALLOWED;
    }

    return twin_meets(api, who, &e->route->need) ? KEYGATE_ALLOWED
                                                 : KEYGATE_INSUFFICIENT_SCOPE;
}


/*
 * What the gate must say when it is asked for the "times"-th time, from 0.
 * Which paths are not firm is its own affair, within bounds: "got" is its
 * code.
 */

static expected_t
twin_decide(const keygate_api_t *api, const keygate_request_t *request,
    unsigned times, keygate_code_e got)
{
    int            want;
    twin_t         path;
    unsigned       n;
    expected_t     e;
    keygate_str_t  templates[TEMPLATES];

    memset(&e, 0, sizeof(expected_t));
    e.code = KEYGATE_PATH_AMBIGUOUS;

    if (!twin_check(request->raw, &path)
        || (request->rewritten.len
            && !twin_rewritten(request->rewritten, &path)))
    {
        return e;
    }

    n = twin_templates(api, templates);
    want = route_below(templates, n, api->base, fuzz_span(path.c, path.len));

    if (got == KEYGATE_PATH_AMBIGUOUS) {
        must(memchr(path.c, '%', path.len) || memchr(path.c, ';', path.len)
             || memchr(path.c, '?', path.len)
             || memchr(path.c, '#', path.len));
        return e;
    }

    twin_read(api, request, &path, want);

    e.route = twin_method(api, want, request->method);
    e.cost = e.route ? e.route->cost : 1;
    e.code = KEYGATE_ALLOWED;

    if (request->preflight && api->preflight != KEYGATE_PREFLIGHT_OFF) {
        e.code = (want == -1 && !api->unmatched_pass) ? KEYGATE_ROUTE_NOT_FOUND
                 : KEYGATE_ALLOWED;
        return e;
    }

    if (e.route && e.route->need.kind == KEYGATE_NEED_PUBLIC) {
        return e;
    }

    if (e.route && e.route->need.kind == KEYGATE_NEED_OPTIONAL
        && request->n_credentials == 0)
    {
        return e;
    }

    if (request->n_credentials != 1) {
        e.code = request->n_credentials ? KEYGATE_CREDENTIAL_CONFLICT
                                        : KEYGATE_CREDENTIAL_MISSING;
        return e;
    }

    e.who = twin_person(api, request->credential);
    e.code = e.who == NULL ? KEYGATE_CREDENTIAL_INVALID
             : e.who->revoked ? KEYGATE_KEY_REVOKED
             : e.who->suspended ? KEYGATE_KEY_SUSPENDED
             : e.who->expired ? KEYGATE_KEY_EXPIRED
             : twin_rights(api, request, want, &e, times);

    return e;
}


#endif /* KEYGATE_DECIDE_TWIN_H */
