/*
 * Locations of the admin API and of portals: their routes, their API, and
 * what must hold around them.  Every fault is told with file, line, the value
 * found and what was expected.
 */

#include "ngx_http_keygate_admin.h"


static ngx_int_t ngx_http_keygate_admin_location(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
static ngx_int_t ngx_http_keygate_admin_routes(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_action_t *actions);
static void *ngx_http_keygate_admin_alloc(void *pool, size_t size);
static ngx_int_t ngx_http_keygate_admin_zone(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
static ngx_int_t ngx_http_keygate_admin_foreign(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);


char *
ngx_http_keygate_admin_place(ngx_conf_t *cf, ngx_command_t *cmd, void *conf,
    const ngx_http_keygate_action_t *actions, ngx_http_handler_pt handler,
    ngx_http_keygate_admin_t **placed)
{
    ngx_http_keygate_loc_conf_t *klcf = conf;

    char                      *rv;
    ngx_str_t                 *value;
    ngx_http_keygate_admin_t  *admin;

    value = cf->args->elts;
    rv = ngx_http_keygate_serve(cf, handler);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    admin = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_admin_t));
    if (admin == NULL) {
        return NGX_CONF_ERROR;
    }

    admin->directive = (const char *) cmd->name.data;
    admin->where.file = cf->conf_file->file.name;
    admin->where.line = cf->conf_file->line;
    admin->api = ngx_http_keygate_conf_api(cf, &value[1]);
    admin->threads = ngx_http_keygate_threads(cf, NULL);

    if (admin->api == NULL || admin->threads == NULL
        || ngx_http_keygate_admin_location(cf, admin) != NGX_OK
        || ngx_http_keygate_admin_routes(cf, admin, actions) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    klcf->admin = admin;
    *placed = admin;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_keygate_admin_location(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin)
{
    ngx_str_t                 *name;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    name = &clcf->name;

    if (clcf->named || clcf->noname || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
        || name->len == 0 || name->data[0] != '/')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" in location \"%V\", expected a prefix "
                           "such as \"location /admin/\"",
                           admin->directive, name);
        return NGX_ERROR;
    }

    admin->location = *name;
    admin->base.data = name->data;
    admin->base.len = name->len;

    if (name->data[name->len - 1] == '/') {
        admin->base.len--;
    }

    return NGX_OK;
}


static void *
ngx_http_keygate_admin_alloc(void *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}


static ngx_int_t
ngx_http_keygate_admin_routes(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin,
    const ngx_http_keygate_action_t *actions)
{
    ngx_uint_t                        i, n;
    keygate_pool_t                   *pool;
    keygate_route_t                  *other;
    ngx_http_keygate_admin_route_t   *routes;
    const ngx_http_keygate_action_t  *action;

    for (n = 0; actions[n].method; n++) {
        /* void */
    }

    pool = ngx_palloc(cf->pool, sizeof(keygate_pool_t));
    routes = ngx_pcalloc(cf->pool, n * sizeof(ngx_http_keygate_admin_route_t));

    if (pool == NULL || routes == NULL) {
        return NGX_ERROR;
    }

    pool->alloc = ngx_http_keygate_admin_alloc;
    pool->pool = cf->pool;

    admin->router = keygate_router_create(pool);
    if (admin->router == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        action = &actions[i];

        routes[i].action = action;
        routes[i].route.method = keygate_span(action->method);
        routes[i].route.path = keygate_span(action->path);

        if (keygate_router_add(admin->router, &routes[i].route, &other)
            != KEYGATE_OK)
        {
            return NGX_ERROR;
        }
    }

    return (keygate_router_compile(admin->router) == KEYGATE_OK) ? NGX_OK
                                                                 : NGX_ERROR;
}


/*
 * Once everything has been read: the location must not be gated, and what
 * nginx itself refuses there is a problem too, whatever keygate_errors says.
 */

char *
ngx_http_keygate_admin_merge(ngx_conf_t *cf, void *conf)
{
    ngx_http_keygate_loc_conf_t *klcf = conf;

    keygate_api_t             *core;
    ngx_http_keygate_api_t    *errors;
    ngx_http_keygate_admin_t  *admin;

    admin = klcf->admin;

    if (klcf->api) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%s\" where \"keygate %V\" holds, expected "
                      "\"keygate off\" in its location in %V:%ui",
                      admin->directive, &klcf->api->name, &admin->where.file,
                      admin->where.line);
        return NGX_CONF_ERROR;
    }

    /* an unknown API is told by ngx_http_keygate_conf_check() */

    if (admin->api->core == NULL) {
        return NGX_CONF_OK;
    }

    if (admin->api->core->n_formats == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "keygate_api \"%V\" makes no keys, expected a "
                      "\"key_format\" in it for \"%s\" in %V:%ui",
                      &admin->api->name, admin->directive,
                      &admin->where.file, admin->where.line);
        return NGX_CONF_ERROR;
    }

    if (admin->portal
        && ngx_http_keygate_portal_check(cf, admin) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_keygate_admin_zone(cf, admin) != NGX_OK
        || ngx_http_keygate_admin_foreign(cf, admin) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    errors = ngx_palloc(cf->pool, sizeof(ngx_http_keygate_api_t));
    core = ngx_palloc(cf->pool, sizeof(keygate_api_t));

    if (errors == NULL || core == NULL) {
        return NGX_CONF_ERROR;
    }

    *errors = *admin->api;
    *core = *admin->api->core;
    ngx_memzero(&core->texts, sizeof(keygate_texts_t));
    errors->core = core;
    admin->errors = errors;
    klcf->errors = errors;

    return NGX_CONF_OK;
}


/* Changes have to be written somewhere.  An unknown zone is told by
 * ngx_http_keygate_conf_check(). */

static ngx_int_t
ngx_http_keygate_admin_zone(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin)
{
    ngx_uint_t                      i;
    keygate_str_t                   name;
    ngx_http_keygate_zone_t       **zones;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    zones = kmcf->zones.elts;

    for (i = 0; i < kmcf->zones.nelts; i++) {
        name.len = zones[i]->name.len;
        name.data = zones[i]->name.data;

        if (!keygate_str_eq(name, admin->api->core->zone)) {
            continue;
        }

        zones[i]->written = 1;

        if (zones[i]->journal.len == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "keygate zone \"%V\" has no journal to write changes "
                          "to, expected \"journal=PATH\" for "
                          "\"%s\" in %V:%ui",
                          &zones[i]->name, admin->directive,
                          &admin->where.file, admin->where.line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* What keys of the other APIs in the zone look like. */

static ngx_int_t
ngx_http_keygate_admin_foreign(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin)
{
    ngx_uint_t                      i, j;
    keygate_api_t                  *core, *own;
    ngx_array_t                     formats;
    keygate_format_t               *format;
    ngx_http_keygate_api_t        **apis;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    apis = kmcf->apis.elts;
    own = admin->api->core;

    if (ngx_array_init(&formats, cf->pool, 4, sizeof(keygate_format_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < kmcf->apis.nelts; i++) {
        core = apis[i]->core;

        if (core == NULL || core == own
            || !keygate_str_eq(core->zone, own->zone))
        {
            continue;
        }

        for (j = 0; j < core->n_formats; j++) {
            format = ngx_array_push(&formats);
            if (format == NULL) {
                return NGX_ERROR;
            }

            *format = core->formats[j];
        }
    }

    admin->foreign = formats.elts;
    admin->n_foreign = formats.nelts;

    return NGX_OK;
}
