/*
 * keygate_admin: what stands in the configuration, and which requests there
 * are.  Every fault is told with file, line, the value found and what was
 * expected.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_TOKEN_FILE_MAX  1024


static ngx_int_t ngx_http_keygate_admin_location(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
static ngx_int_t ngx_http_keygate_admin_read_token(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin, ngx_str_t *path);
static ngx_int_t ngx_http_keygate_admin_challenge(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
static ngx_int_t ngx_http_keygate_admin_routes(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
static ngx_int_t ngx_http_keygate_admin_zone(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
static void *ngx_http_keygate_admin_alloc(void *pool, size_t size);


static const ngx_http_keygate_action_t  ngx_http_keygate_actions[] = {

    { "POST", "/keys", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_key_create, "key created", 0, 0 },
    { "GET", "/keys", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_key_list, NULL, 1, 0 },
    { "GET", "/keys/:id", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_key_get, NULL, 0, 0 },
    { "PATCH", "/keys/:id", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_key_patch, "key changed", 0, 0 },
    { "DELETE", "/keys/:id", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_key_delete, "key deleted", 0, 0 },
    { "POST", "/keys/:id/rotate", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_MAY_BODY, ngx_http_keygate_key_rotate, "key rotated",
      0, 0 },
    { "POST", "/keys/:id/revoke", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_MAY_BODY, ngx_http_keygate_key_revoke, "key revoked",
      0, 0 },

    { "GET", "/accounts", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_account_list, NULL, 1, 0 },
    { "GET", "/accounts/:id", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_account_get, NULL, 0, 0 },
    { "PUT", "/accounts/:id", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_account_put, "account put", 0, 0 },
    { "PATCH", "/accounts/:id", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_account_patch, "account changed", 0, 0 },

    /* alone: a key that others of its batch bring to life must not be missed */
    { "DELETE", "/accounts/:id", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_NO_BODY, ngx_http_keygate_account_delete,
      "account deleted", 0, 1 },

    { "GET", "/scopes", NGX_HTTP_KEYGATE_AT_ONCE, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_scope_list, NULL, 0, 0 },
    { "GET", "/routes", NGX_HTTP_KEYGATE_AT_ONCE, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_route_list, NULL, 0, 0 },
    { "POST", "/check", NGX_HTTP_KEYGATE_AT_ONCE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_check, NULL, 0, 0 },
};


char *
ngx_http_keygate_admin_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_keygate_loc_conf_t *klcf = conf;

    ngx_str_t                 *value, path;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_keygate_admin_t  *admin;

    if (klcf->admin) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strncmp(value[2].data, "token=", 6) != 0 || value[2].len == 6) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", expected \"token=PATH\", "
                           "a file with the token's SHA-256 in hex",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    path.data = value[2].data + 6;
    path.len = value[2].len - 6;

    admin = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_admin_t));
    if (admin == NULL) {
        return NGX_CONF_ERROR;
    }

    admin->where.file = cf->conf_file->file.name;
    admin->where.line = cf->conf_file->line;
    admin->api = ngx_http_keygate_api_get(cf, &value[1]);

    admin->threads = ngx_http_keygate_threads(cf);

    if (admin->api == NULL || admin->threads == NULL
        || ngx_http_keygate_admin_location(cf, admin) != NGX_OK
        || ngx_http_keygate_admin_read_token(cf, admin, &path) != NGX_OK
        || ngx_http_keygate_admin_challenge(cf, admin) != NGX_OK
        || ngx_http_keygate_admin_routes(cf, admin) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "stands beside another directive that answers requests, "
               "expected a location of its own";
    }

    clcf->handler = ngx_http_keygate_admin_handler;
    klcf->admin = admin;

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
                           "\"keygate_admin\" in location \"%V\", expected a "
                           "prefix such as \"location /admin/\"", name);
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


static ngx_int_t
ngx_http_keygate_admin_read_token(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin, ngx_str_t *path)
{
    size_t                len;
    u_char                text[NGX_HTTP_KEYGATE_TOKEN_FILE_MAX + 1];
    u_char                empty[KEYGATE_DIGEST_LEN];
    ssize_t               n;
    ngx_fd_t              fd;
    ngx_err_t             err;
    keygate_str_t         hex;

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    n = -1;
    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd != NGX_INVALID_FILE) {
        n = ngx_read_fd(fd, text, NGX_HTTP_KEYGATE_TOKEN_FILE_MAX);
    }

    err = (n == -1) ? ngx_errno : 0;

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    /* what sha256sum has printed will do: only the first word counts */

    for (len = 0; n > 0 && len < (size_t) n && text[len] > ' '; len++) {
        /* void */
    }

    hex.data = text;
    hex.len = len;

    if (n <= 0 || keygate_digest_unhex(hex, admin->token) != KEYGATE_OK
        || keygate_digest_plain(KEYGATE_STR(""), empty) != KEYGATE_OK
        || ngx_memcmp(empty, admin->token, KEYGATE_DIGEST_LEN) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           "invalid token file \"%V\", expected a readable "
                           "file with the SHA-256 of a token, which is not "
                           "empty, in 64 hex digits", path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_admin_challenge(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin)
{
    ngx_str_t  *s;

    s = &admin->challenge;

    s->len = sizeof("Bearer realm=\"-admin\"") - 1 + admin->api->name.len;
    s->data = ngx_pnalloc(cf->pool, s->len);

    if (s->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(s->data, "Bearer realm=\"%V-admin\"",
                       &admin->api->name);

    return NGX_OK;
}


static void *
ngx_http_keygate_admin_alloc(void *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}


static ngx_int_t
ngx_http_keygate_admin_routes(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin)
{
    ngx_uint_t                        i, n;
    keygate_pool_t                   *pool;
    keygate_route_t                  *other;
    ngx_http_keygate_admin_route_t   *routes;
    const ngx_http_keygate_action_t  *action;

    n = sizeof(ngx_http_keygate_actions) / sizeof(ngx_http_keygate_actions[0]);

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
        action = &ngx_http_keygate_actions[i];

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
                      "\"keygate_admin\" where \"keygate %V\" holds, expected "
                      "\"keygate off\" in its location in %V:%ui",
                      &klcf->api->name, &admin->where.file, admin->where.line);
        return NGX_CONF_ERROR;
    }

    /* an unknown API is told by ngx_http_keygate_conf_check() */

    if (admin->api->core == NULL) {
        return NGX_CONF_OK;
    }

    if (admin->api->core->n_formats == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "keygate_api \"%V\" makes no keys, expected a "
                      "\"key_format\" in it for \"keygate_admin\" in %V:%ui",
                      &admin->api->name, &admin->where.file,
                      admin->where.line);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_keygate_admin_zone(cf, admin) != NGX_OK) {
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

        if (zones[i]->journal.len == 0
            && keygate_str_eq(name, admin->api->core->zone))
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "keygate zone \"%V\" has no journal to write changes "
                          "to, expected \"journal=PATH\" for "
                          "\"keygate_admin\" in %V:%ui",
                          &zones[i]->name, &admin->where.file,
                          admin->where.line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
