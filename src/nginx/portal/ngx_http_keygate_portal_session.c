/*
 * GET session: all that a page needs to draw itself.
 */

#include "ngx_http_keygate_portal.h"
#include "keygate_calendar.h"


static int ngx_http_keygate_session_add(json_t *session, const char *name,
    json_t *value);
static json_t *ngx_http_keygate_session_account(ngx_http_keygate_job_t *job);
static json_t *ngx_http_keygate_session_name(keygate_table_t *table,
    keygate_str_t id);
static json_t *ngx_http_keygate_session_plan(keygate_table_t *table, int plan);
static json_t *ngx_http_keygate_session_formats(const keygate_api_t *api);
static json_t *ngx_http_keygate_session_credentials(const keygate_api_t *api);
static json_t *ngx_http_keygate_session_source(
    const keygate_source_t *source);
static json_t *ngx_http_keygate_session_example(const keygate_api_t *api);
static json_t *ngx_http_keygate_session_scopes(ngx_http_keygate_job_t *job);
static json_t *ngx_http_keygate_session_rates(ngx_http_keygate_job_t *job);
static json_t *ngx_http_keygate_session_rate(const keygate_rate_t *rate,
    keygate_str_t group, int64_t wall);


void
ngx_http_keygate_portal_session(ngx_http_keygate_job_t *job)
{
    int                         ok;
    json_t                     *s;
    keygate_api_t              *api;
    ngx_http_keygate_portal_t  *portal;

    api = job->admin->api->core;
    portal = job->admin->portal;

    s = json_object();

    ok = s
         && ngx_http_keygate_session_add(s, "api",
                              ngx_http_keygate_admin_string(api->name))
         && ngx_http_keygate_session_add(s, "account",
                              ngx_http_keygate_session_account(job))
         && ngx_http_keygate_session_add(s, "account_word",
                              ngx_http_keygate_admin_string(api->account))
         && ngx_http_keygate_session_add(s, "user",
                              json_string(job->caller.actor))
         && ngx_http_keygate_session_add(s, "can",
                              ngx_http_keygate_portal_can(job->caller.can))
         && ngx_http_keygate_session_add(s, "formats",
                              ngx_http_keygate_session_formats(api))
         && ngx_http_keygate_session_add(s, "credentials",
                              ngx_http_keygate_session_credentials(api))
         && ngx_http_keygate_session_add(s, "base",
                              ngx_http_keygate_admin_string(api->base))
         && ngx_http_keygate_session_add(s, "example",
                              ngx_http_keygate_session_example(api))
         && ngx_http_keygate_session_add(s, "scopes",
                              ngx_http_keygate_session_scopes(job))
         && ngx_http_keygate_session_add(s, "rates",
                              ngx_http_keygate_session_rates(job))
         && ngx_http_keygate_session_add(s, "keys",
                              portal->keys ? json_integer(portal->keys)
                                           : json_null())
         && ngx_http_keygate_session_add(s, "expires",
                              portal->expires ? json_integer(portal->expires)
                                              : json_null())
         && ngx_http_keygate_session_add(s, "usage",
                              json_boolean(job->admin->api->zone->refusals
                                           != NULL));

    if (!ok) {
        json_decref(s);
        s = NULL;
    }

    ngx_http_keygate_result_answer(job, NGX_HTTP_OK, s);
}


static int
ngx_http_keygate_session_add(json_t *session, const char *name, json_t *value)
{
    return json_object_set_new(session, name, value) == 0;
}


/* null where every account is served; an account without a record has nothing
 * but its id. */

static json_t *
ngx_http_keygate_session_account(ngx_http_keygate_job_t *job)
{
    keygate_str_t       id;
    keygate_table_t    *table;
    keygate_account_t   account;

    static const char  *const status[] = {
        "active", "trialing", "past_due", "canceled"
    };

    if (job->caller.account[0] == '\0') {
        return json_null();
    }

    table = job->admin->api->zone->table;
    id = keygate_span(job->caller.account);

    if (keygate_table_find_account(table, id, &account) != KEYGATE_OK) {
        return json_pack("{s:s, s:n, s:n, s:n}", "id", job->caller.account,
                         "name", "plan", "status");
    }

    return json_pack("{s:s, s:o, s:o, s:s}", "id", job->caller.account,
                     "name", ngx_http_keygate_session_name(table, id),
                     "plan", ngx_http_keygate_session_plan(table,
                                                           account.plan),
                     "status", status[account.status]);
}


static json_t *
ngx_http_keygate_session_name(keygate_table_t *table, keygate_str_t id)
{
    u_char         room[KEYGATE_TEXT_MAX];
    keygate_buf_t  name, profile;

    ngx_memzero(&name, sizeof(keygate_buf_t));
    ngx_memzero(&profile, sizeof(keygate_buf_t));

    name.data = room;
    name.size = sizeof(room);

    if (keygate_table_profile(table, id, &name, &profile) != KEYGATE_OK
        || name.len > name.size)
    {
        return json_null();
    }

    return json_stringn((char *) room, name.len);
}


static json_t *
ngx_http_keygate_session_plan(keygate_table_t *table, int plan)
{
    keygate_str_t  name;

    return (plan >= 0
            && keygate_table_plan_name(table, plan, &name) == KEYGATE_OK)
           ? ngx_http_keygate_admin_string(name) : json_null();
}


static json_t *
ngx_http_keygate_session_formats(const keygate_api_t *api)
{
    json_t                  *array;
    unsigned                 i;
    const keygate_format_t  *f;

    array = json_array();

    for (i = 0; array && i < api->n_formats; i++) {
        f = &api->formats[i];

        if (json_array_append_new(array,
                json_pack("{s:o, s:i, s:i}",
                          "prefix", ngx_http_keygate_admin_string(f->prefix),
                          "id", (int) f->id_len,
                          "secret", (int) f->secret_len))
            == -1)
        {
            json_decref(array);
            array = NULL;
        }
    }

    return array;
}


static json_t *
ngx_http_keygate_session_credentials(const keygate_api_t *api)
{
    json_t    *array;
    unsigned   i;

    array = json_array();

    for (i = 0; array && i < api->n_sources; i++) {
        if (json_array_append_new(array,
                            ngx_http_keygate_session_source(&api->sources[i]))
            == -1)
        {
            json_decref(array);
            array = NULL;
        }
    }

    return array;
}


static json_t *
ngx_http_keygate_session_source(const keygate_source_t *source)
{
    switch (source->kind) {

    case KEYGATE_SOURCE_BEARER:
        return json_pack("{s:s}", "kind", "bearer");

    case KEYGATE_SOURCE_SCHEME:
        return json_pack("{s:s, s:o, s:o}", "kind", "scheme", "scheme",
                         ngx_http_keygate_admin_string(source->scheme),
                         "param",
                         source->param.len
                         ? ngx_http_keygate_admin_string(source->param)
                         : json_null());

    case KEYGATE_SOURCE_BASIC:
        return json_pack("{s:s, s:s}", "kind", "basic", "part",
                         source->password ? "password" : "user");

    case KEYGATE_SOURCE_WEBSOCKET:
        return json_pack("{s:s, s:o}", "kind", "websocket", "prefix",
                         ngx_http_keygate_admin_string(source->prefix));

    default:
        return json_pack("{s:s, s:o}", "kind", "header", "header",
                         ngx_http_keygate_admin_string(source->field));
    }
}


/* A path that any live key can GET. */

static json_t *
ngx_http_keygate_session_example(const keygate_api_t *api)
{
    unsigned                i;
    const keygate_route_t  *route;

    for (i = 0; i < api->n_routes; i++) {
        route = api->routes[i];

        if (route->need.kind == KEYGATE_NEED_ANY
            && route->features == 0
            && keygate_str_eq(route->method, KEYGATE_STR("GET"))
            && memchr(route->path.data, ':', route->path.len) == NULL
            && memchr(route->path.data, '*', route->path.len) == NULL)
        {
            return json_pack("s%+%",
                             api->base.len ? (char *) api->base.data : "",
                             api->base.len, (char *) route->path.data,
                             route->path.len);
        }
    }

    return json_null();
}


static json_t *
ngx_http_keygate_session_scopes(ngx_http_keygate_job_t *job)
{
    json_t               *array, *scope;
    unsigned              i;
    keygate_catalogue_t  *c;

    c = &job->admin->api->core->catalogue;
    array = json_array();

    for (i = 0; array && i < c->n; i++) {
        scope = ngx_http_keygate_admin_scope(c, &c->scopes[i]);

        if (scope
            && json_object_set_new(scope, "offered",
                     json_boolean(keygate_scope_has(&job->caller.offered, i)))
               == -1)
        {
            json_decref(scope);
            scope = NULL;
        }

        if (json_array_append_new(array, scope) == -1) {
            json_decref(array);
            array = NULL;
        }
    }

    return array;
}


/* Those of the account's plan, on all routes and in each group of them. */

static json_t *
ngx_http_keygate_session_rates(ngx_http_keygate_job_t *job)
{
    json_t                 *array;
    unsigned                i, group;
    keygate_str_t           name;
    keygate_account_t       account;
    const keygate_api_t    *api;
    const keygate_plan_t   *plan;
    const keygate_rates_t  *set;

    api = job->admin->api->core;

    plan = keygate_table_find_account(job->admin->api->zone->table,
                                      keygate_span(job->caller.account),
                                      &account) == KEYGATE_OK
           ? keygate_api_plan(api, account.plan) : NULL;

    array = json_array();

    for (group = 0; group <= api->n_groups; group++) {
        set = keygate_api_set(api, plan, group);
        name = group ? api->groups[group - 1].name : KEYGATE_STR("");

        for (i = 0; array && i < set->n; i++) {
            if (set->rates[i]->group == group
                && json_array_append_new(array,
                       ngx_http_keygate_session_rate(set->rates[i], name,
                                                     job->now.wall))
                   == -1)
            {
                json_decref(array);
                array = NULL;
            }
        }
    }

    return array;
}


static json_t *
ngx_http_keygate_session_rate(const keygate_rate_t *rate, keygate_str_t group,
    int64_t wall)
{
    return json_pack("{s:o, s:I, s:s, s:I, s:s, s:o}",
                     "name", ngx_http_keygate_admin_string(rate->label.name),
                     "limit", (json_int_t) rate->limit,
                     "unit", keygate_unit_name(rate->unit),
                     "seconds",
                     (json_int_t) ((rate->unit == KEYGATE_MONTH)
                                   ? keygate_calendar_seconds(wall)
                                   : keygate_unit_seconds(rate->unit)),
                     "per", rate->per_account ? "account" : "key",
                     "group",
                     group.len ? ngx_http_keygate_admin_string(group)
                               : json_null());
}
