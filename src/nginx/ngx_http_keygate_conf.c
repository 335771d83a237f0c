/*
 * What the directives about APIs do: their blocks, and references by name.
 *
 * Every fault is told with file, line, the value found and what was expected.
 */

#include "ngx_http_keygate.h"


static void *ngx_http_keygate_conf_alloc(void *pool, size_t size);
static ngx_int_t ngx_http_keygate_api_name(ngx_conf_t *cf, ngx_str_t *name);
static char *ngx_http_keygate_api_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static ngx_int_t ngx_http_keygate_place(ngx_conf_t *cf,
    ngx_http_keygate_api_t *api);
static char *ngx_http_keygate_fault(ngx_conf_t *cf, ngx_uint_t level,
    ngx_http_keygate_api_t *api, keygate_conf_fault_t *fault);


static void *
ngx_http_keygate_conf_alloc(void *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}


ngx_http_keygate_api_t *
ngx_http_keygate_conf_api(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                      i;
    ngx_http_keygate_api_t         *api, **apis;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    apis = kmcf->apis.elts;

    for (i = 0; i < kmcf->apis.nelts; i++) {
        if (apis[i]->name.len == name->len
            && ngx_strncmp(apis[i]->name.data, name->data, name->len) == 0)
        {
            return apis[i];
        }
    }

    api = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_api_t));
    if (api == NULL) {
        return NULL;
    }

    api->name = *name;
    api->where.file = cf->conf_file->file.name;
    api->where.line = cf->conf_file->line;

    apis = ngx_array_push(&kmcf->apis);
    if (apis == NULL) {
        return NULL;
    }

    *apis = api;

    return api;
}


char *
ngx_http_keygate_conf_api_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                *value;
    ngx_http_keygate_api_t  **slot;

    slot = (ngx_http_keygate_api_t **) (p + cmd->offset);

    if (*slot != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        *slot = NGX_HTTP_KEYGATE_OFF;
        return NGX_CONF_OK;
    }

    *slot = ngx_http_keygate_conf_api(cf, &value[1]);

    return (*slot == NULL) ? NGX_CONF_ERROR : NGX_CONF_OK;
}


/* What a realm, a log line and a metric's label can hold as it is. */

static ngx_int_t
ngx_http_keygate_api_name(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
        {
            break;
        }
    }

    if (i != name->len || i == 0 || i > 63
        || (i == 3 && ngx_strncmp(name->data, "off", 3) == 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" of a keygate_api, expected 1 "
                           "to 63 letters, digits, \"_\", \"-\", \".\", and "
                           "not \"off\"", name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_http_keygate_conf_api_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                    *rv;
    unsigned                 i;
    ngx_str_t               *value;
    ngx_conf_t               save;
    keygate_rc_t             rc;
    keygate_str_t            name;
    keygate_pool_t          *pool;
    keygate_conf_fault_t     fault;
    ngx_http_keygate_api_t  *api;

    value = cf->args->elts;

    if (ngx_http_keygate_api_name(cf, &value[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    api = ngx_http_keygate_conf_api(cf, &value[1]);
    if (api == NULL) {
        return NGX_CONF_ERROR;
    }

    if (api->core) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate keygate_api \"%V\", the first is in "
                           "%V:%ui", &api->name, &api->where.file,
                           api->where.line);
        return NGX_CONF_ERROR;
    }

    api->where.file = cf->conf_file->file.name;
    api->where.line = cf->conf_file->line;

    pool = ngx_palloc(cf->pool, sizeof(keygate_pool_t));
    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    pool->alloc = ngx_http_keygate_conf_alloc;
    pool->pool = cf->pool;

    api->files = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (api->files == NULL) {
        return NGX_CONF_ERROR;
    }

    name.len = api->name.len;
    name.data = api->name.data;

    api->core = keygate_api_create(name, pool);
    if (api->core == NULL) {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_http_keygate_api_line;
    cf->handler_conf = (char *) api;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rc = keygate_api_compile(api->core, &fault);

    if (rc != KEYGATE_OK) {
        return (rc == KEYGATE_INVALID)
               ? ngx_http_keygate_fault(cf, NGX_LOG_EMERG, api, &fault)
               : NGX_CONF_ERROR;
    }

    i = 0;

    while (keygate_api_advice(api->core, &i, &fault) == KEYGATE_OK) {
        (void) ngx_http_keygate_fault(cf, NGX_LOG_WARN, api, &fault);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_keygate_api_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_keygate_api_t *api = conf;

    ngx_int_t              place;
    ngx_str_t             *value;
    ngx_uint_t             i;
    keygate_rc_t           rc;
    keygate_str_t         *args;
    keygate_conf_fault_t   fault;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {
        if (cf->args->nelts != 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"include\" in keygate_api \"%V\", "
                               "expected one file or mask", &api->name);
            return NGX_CONF_ERROR;
        }

        return ngx_conf_include(cf, dummy, conf);
    }

    place = ngx_http_keygate_place(cf, api);
    if (place == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    args = ngx_palloc(cf->temp_pool, cf->args->nelts * sizeof(keygate_str_t));
    if (args == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < cf->args->nelts; i++) {
        args[i].len = value[i].len;
        args[i].data = value[i].data;
    }

    if (ngx_strcmp(value[0].data, "zone") == 0) {
        api->zone_where.file = cf->conf_file->file.name;
        api->zone_where.line = cf->conf_file->line;
    }

    rc = keygate_api_directive(api->core, args, cf->args->nelts, place,
                               &fault);

    if (rc == KEYGATE_OK) {
        return NGX_CONF_OK;
    }

    return (rc == KEYGATE_INVALID)
           ? ngx_http_keygate_fault(cf, NGX_LOG_EMERG, api, &fault)
           : NGX_CONF_ERROR;
}


/*
 * A block may include other files, but the core remembers one number for
 * where a directive stands: the file's and the line's are put together.
 */

#define NGX_HTTP_KEYGATE_LINE_BITS  20
#define NGX_HTTP_KEYGATE_LINES      ((1 << NGX_HTTP_KEYGATE_LINE_BITS) - 1)


static ngx_int_t
ngx_http_keygate_place(ngx_conf_t *cf, ngx_http_keygate_api_t *api)
{
    ngx_str_t   *file;
    ngx_uint_t   i;

    file = api->files->elts;

    for (i = api->files->nelts; i > 0; i--) {
        if (file[i - 1].data == cf->conf_file->file.name.data) {
            break;
        }
    }

    if (i == 0) {
        file = ngx_array_push(api->files);
        if (file == NULL) {
            return NGX_ERROR;
        }

        *file = cf->conf_file->file.name;
        i = api->files->nelts;
    }

    return (i - 1) << NGX_HTTP_KEYGATE_LINE_BITS
           | ngx_min(cf->conf_file->line, NGX_HTTP_KEYGATE_LINES);
}


ngx_http_keygate_where_t
ngx_http_keygate_conf_placed(ngx_http_keygate_api_t *api, unsigned place)
{
    ngx_str_t                 *file;
    ngx_http_keygate_where_t   where;

    if (place == 0) {
        return api->where;
    }

    file = api->files->elts;

    where.file = file[place >> NGX_HTTP_KEYGATE_LINE_BITS];
    where.line = place & NGX_HTTP_KEYGATE_LINES;

    return where;
}


static char *
ngx_http_keygate_fault(ngx_conf_t *cf, ngx_uint_t level,
    ngx_http_keygate_api_t *api, keygate_conf_fault_t *fault)
{
    u_char                     other[NGX_MAX_CONF_ERRSTR];
    ngx_http_keygate_where_t   where, contradicted;

    where = ngx_http_keygate_conf_placed(api, fault->line);
    other[0] = '\0';

    if (fault->other) {
        contradicted = ngx_http_keygate_conf_placed(api, fault->other);
        *ngx_snprintf(other, sizeof(other) - 1, " (%V:%ui)",
                      &contradicted.file, contradicted.line) = '\0';
    }

    ngx_log_error(level, cf->log, 0,
                  "%s \"%*s\" in keygate_api \"%V\", expected %s%s in "
                  "%V:%ui",
                  (level == NGX_LOG_EMERG) ? "invalid" : "doubtful",
                  fault->value.len, fault->value.data, &api->name,
                  fault->expected, other, &where.file, where.line);

    return NGX_CONF_ERROR;
}
