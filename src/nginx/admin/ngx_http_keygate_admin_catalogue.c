/*
 * What the configuration of an API says: its scopes and its routes, and which
 * names a change may use.
 */

#include "ngx_http_keygate_admin.h"


static json_t *ngx_http_keygate_admin_route(const keygate_api_t *api,
    const keygate_route_t *route);
static void ngx_http_keygate_admin_catalogued(ngx_http_keygate_job_t *job,
    json_t *data, unsigned end, unsigned n);
static unsigned ngx_http_keygate_admin_page_end(ngx_http_keygate_job_t *job,
    unsigned n);
static int ngx_http_keygate_known_scope(void *data, keygate_str_t name);
static int ngx_http_keygate_known_plan(void *data, keygate_str_t name);


json_t *
ngx_http_keygate_admin_string(keygate_str_t s)
{
    return json_stringn(s.len ? (const char *) s.data : "", s.len);
}


json_t *
ngx_http_keygate_admin_names(const keygate_str_t *names, unsigned n)
{
    json_t    *array;
    unsigned   i;

    array = json_array();

    for (i = 0; array && i < n; i++) {
        if (json_array_append_new(array,
                                  ngx_http_keygate_admin_string(names[i]))
            == -1)
        {
            json_decref(array);
            array = NULL;
        }
    }

    return array;
}


json_t *
ngx_http_keygate_admin_features(const keygate_api_t *api, uint64_t mask)
{
    unsigned       i, n;
    keygate_str_t  names[KEYGATE_FEATURES_MAX];

    for (i = 0, n = 0; i < api->n_features; i++) {
        if (mask & ((uint64_t) 1 << i)) {
            names[n++] = api->features[i];
        }
    }

    return ngx_http_keygate_admin_names(names, n);
}


json_t *
ngx_http_keygate_admin_when(const keygate_api_t *api,
    const keygate_route_t *route, const keygate_set_t *grant)
{
    json_t                *array, *rule;
    const keygate_when_t  *when;

    array = json_array();

    for (when = route ? route->when : NULL; array && when; when = when->next) {

        rule = json_pack("{s:o, s:o}",
                         "member", ngx_http_keygate_admin_string(when->member),
                         "scope", ngx_http_keygate_admin_string(
                                  api->catalogue.scopes[when->scope].name));

        if (rule && grant
            && json_object_set_new(rule, "held",
                                   json_boolean(keygate_scope_held(
                                       &api->catalogue, when->scope, grant)))
               == -1)
        {
            json_decref(rule);
            rule = NULL;
        }

        if (json_array_append_new(array, rule) == -1) {
            json_decref(array);
            array = NULL;
        }
    }

    return array;
}


void
ngx_http_keygate_admin_scope_list(ngx_http_keygate_job_t *job)
{
    json_t               *data;
    unsigned              i, end;
    keygate_catalogue_t  *c;

    c = &job->admin->api->core->catalogue;
    data = json_array();

    end = ngx_http_keygate_admin_page_end(job, c->n);

    for (i = job->cursor; data && i < end; i++) {
        if (json_array_append_new(data,
                           ngx_http_keygate_admin_scope(c, &c->scopes[i]))
            == -1)
        {
            json_decref(data);
            data = NULL;
        }
    }

    ngx_http_keygate_admin_catalogued(job, data, end, c->n);
}


json_t *
ngx_http_keygate_admin_scope(const keygate_catalogue_t *c,
    const keygate_scope_t *scope)
{
    unsigned       i;
    keygate_str_t  names[KEYGATE_SCOPES_MAX];

    for (i = 0; i < scope->n_implies; i++) {
        names[i] = c->scopes[scope->implies[i]].name;
    }

    return json_pack("{s:o, s:o, s:o}",
                     "name", ngx_http_keygate_admin_string(scope->name),
                     "description",
                     scope->text.len
                     ? ngx_http_keygate_admin_string(scope->text)
                     : json_null(),
                     "implies",
                     ngx_http_keygate_admin_names(names, scope->n_implies));
}


void
ngx_http_keygate_admin_route_list(ngx_http_keygate_job_t *job)
{
    json_t         *data;
    unsigned        i, end;
    keygate_api_t  *api;

    api = job->admin->api->core;
    data = json_array();

    end = ngx_http_keygate_admin_page_end(job, api->n_routes);

    for (i = job->cursor; data && i < end; i++) {
        if (json_array_append_new(data,
                       ngx_http_keygate_admin_route(api, api->routes[i]))
            == -1)
        {
            json_decref(data);
            data = NULL;
        }
    }

    ngx_http_keygate_admin_catalogued(job, data, end, api->n_routes);
}


static json_t *
ngx_http_keygate_admin_route(const keygate_api_t *api,
    const keygate_route_t *route)
{
    unsigned       i;
    keygate_str_t  names[KEYGATE_SCOPES_MAX];

    static const char  *const needs[] = {
        "public", "any", "all_of", "one_of", "optional"
    };

    for (i = 0; i < route->need.n && i < KEYGATE_SCOPES_MAX; i++) {
        names[i] = api->catalogue.scopes[route->need.scopes[i]].name;
    }

    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:o}",
                     "method", ngx_http_keygate_admin_string(route->method),
                     "base", ngx_http_keygate_admin_string(api->base),
                     "template", ngx_http_keygate_admin_string(route->path),
                     "need", needs[route->need.kind],
                     "scopes", ngx_http_keygate_admin_names(names, i),
                     "cost", (json_int_t) route->cost,
                     "features",
                     ngx_http_keygate_admin_features(api, route->features),
                     "group",
                     route->group
                     ? ngx_http_keygate_admin_string(
                                       api->groups[route->group - 1].name)
                     : json_null(),
                     "when",
                     ngx_http_keygate_admin_when(api, route, NULL));
}


/* The page that is asked for of "n", which ends before "end"; a cursor is how
 * many came before. */

static void
ngx_http_keygate_admin_catalogued(ngx_http_keygate_job_t *job, json_t *data,
    unsigned end, unsigned n)
{
    ngx_http_keygate_result_answer(job, NGX_HTTP_OK,
                     json_pack("{s:o, s:o}", "data", data, "next_cursor",
                               (end < n)
                               ? ngx_http_keygate_admin_cursor(job, end)
                               : json_null()));
}


/* Where that page ends. */

static unsigned
ngx_http_keygate_admin_page_end(ngx_http_keygate_job_t *job, unsigned n)
{
    return (job->cursor < n && job->limit < n - job->cursor)
           ? job->cursor + job->limit : n;
}


static int
ngx_http_keygate_known_scope(void *data, keygate_str_t name)
{
    ngx_http_keygate_job_t *job = data;

    int      scope;
    size_t   i;
    json_t  *held;

    scope = keygate_scope_find(&job->admin->api->core->catalogue, name);

    if (scope < 0 || job->admin->portal == NULL
        || keygate_scope_has(&job->caller.offered, scope))
    {
        return scope >= 0;
    }

    json_array_foreach(job->held, i, held) {
        if (keygate_str_eq(name, keygate_span(json_string_value(held)))) {
            return 1;
        }
    }

    return 0;
}


static int
ngx_http_keygate_known_plan(void *data, keygate_str_t name)
{
    ngx_http_keygate_job_t *job = data;

    unsigned                 i;
    ngx_http_keygate_api_t  *api;

    api = job->admin->api;

    for (i = 0; i < api->core->n_plans; i++) {
        if (keygate_str_eq(api->core->plans[i].name, name)) {
            return 1;
        }
    }

    return 0;
}


/* An API without plans does not look at them: those of accounts are of others
 * in its zone. */

void
ngx_http_keygate_admin_known(ngx_http_keygate_job_t *job,
    keygate_known_t *known)
{
    ngx_http_keygate_api_t  *api;

    api = job->admin->api;

    known->scope = ngx_http_keygate_known_scope;
    known->plan = api->core->n_plans ? ngx_http_keygate_known_plan : NULL;
    known->data = job;
}
