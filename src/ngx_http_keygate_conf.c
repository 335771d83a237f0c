/*
 * What the directives do: zones, API blocks, references by name.
 *
 * Every fault is told with file, line, the value found and what was expected.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_PEPPER_MIN  32
#define NGX_HTTP_KEYGATE_PEPPER_MAX  4096


static char *ngx_http_keygate_api_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *ngx_http_keygate_fault(ngx_conf_t *cf, ngx_uint_t level,
    ngx_http_keygate_api_t *api, keygate_conf_fault_t *fault);
static ngx_int_t ngx_http_keygate_read_pepper(ngx_conf_t *cf,
    ngx_str_t *path, ngx_str_t *pepper);
static void *ngx_http_keygate_conf_alloc(void *pool, size_t size);


char *
ngx_http_keygate_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_keygate_main_conf_t *kmcf = conf;

    u_char                    *p;
    ssize_t                    size;
    ngx_str_t                 *value, name, s;
    ngx_uint_t                 i;
    ngx_http_keygate_zone_t   *zone, **slot;

    value = cf->args->elts;

    p = (u_char *) ngx_strchr(value[1].data, ':');

    if (p == NULL || p == value[1].data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone \"%V\", expected NAME:SIZE",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data;
    name.len = p - name.data;
    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;
    size = ngx_parse_size(&s);

    if (size == NGX_ERROR || size < (ssize_t) (32 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" of zone \"%V\", expected at "
                           "least %uzk", &s, &name, 32 * ngx_pagesize / 1024);
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->name = name;
    zone->main = kmcf;
    zone->cycle = cf->cycle;
    zone->log = &cf->cycle->new_log;
    zone->where.file = cf->conf_file->file.name;
    zone->where.line = cf->conf_file->line;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "journal=", 8) == 0
            && value[i].len > 8 && zone->journal.len == 0)
        {
            zone->journal.data = value[i].data + 8;
            zone->journal.len = value[i].len - 8;

            if (ngx_conf_full_name(cf->cycle, &zone->journal, 0) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "pepper=", 7) == 0
            && value[i].len > 7 && zone->pepper.len == 0)
        {
            s.data = value[i].data + 7;
            s.len = value[i].len - 7;

            if (ngx_http_keygate_read_pepper(cf, &s, &zone->pepper) != NGX_OK)
            {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", expected "
                           "\"journal=PATH\" and \"pepper=PATH\", each once",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    zone->shm_zone = ngx_shared_memory_add(cf, &name, size,
                                           &ngx_http_keygate_module);
    if (zone->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate zone \"%V\", expected each zone only "
                           "once", &name);
        return NGX_CONF_ERROR;
    }

    zone->shm_zone->init = ngx_http_keygate_zone_init;
    zone->shm_zone->data = zone;

    slot = ngx_array_push(&kmcf->zones);
    if (slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = zone;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_keygate_read_pepper(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *pepper)
{
    ssize_t     n;
    ngx_int_t   rc;
    ngx_fd_t    fd;

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    pepper->data = ngx_pnalloc(cf->pool, NGX_HTTP_KEYGATE_PEPPER_MAX + 1);
    if (pepper->data == NULL) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open the pepper \"%V\", expected a "
                           "readable file of at least 32 bytes", path);
        return NGX_ERROR;
    }

    rc = NGX_OK;
    n = ngx_read_fd(fd, pepper->data, NGX_HTTP_KEYGATE_PEPPER_MAX + 1);

    if (n < NGX_HTTP_KEYGATE_PEPPER_MIN || n > NGX_HTTP_KEYGATE_PEPPER_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, (n == -1) ? ngx_errno : 0,
                           "invalid pepper \"%V\", expected a file of 32 to "
                           "4096 bytes", path);
        rc = NGX_ERROR;
    }

    pepper->len = n;
    (void) ngx_close_file(fd);

    return rc;
}


static void *
ngx_http_keygate_conf_alloc(void *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}


ngx_http_keygate_api_t *
ngx_http_keygate_api_get(ngx_conf_t *cf, ngx_str_t *name)
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
ngx_http_keygate_api_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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

    *slot = ngx_http_keygate_api_get(cf, &value[1]);

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
ngx_http_keygate_api_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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

    api = ngx_http_keygate_api_get(cf, &value[1]);
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

    ngx_str_t             *value;
    ngx_uint_t             i;
    keygate_rc_t           rc;
    keygate_str_t         *args;
    keygate_conf_fault_t   fault;

    value = cf->args->elts;

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

    rc = keygate_api_directive(api->core, args, cf->args->nelts,
                               cf->conf_file->line, &fault);

    if (rc == KEYGATE_OK) {
        return NGX_CONF_OK;
    }

    return (rc == KEYGATE_INVALID)
           ? ngx_http_keygate_fault(cf, NGX_LOG_EMERG, api, &fault)
           : NGX_CONF_ERROR;
}


static char *
ngx_http_keygate_fault(ngx_conf_t *cf, ngx_uint_t level,
    ngx_http_keygate_api_t *api, keygate_conf_fault_t *fault)
{
    ngx_log_error(level, cf->log, 0,
                  "%s \"%*s\" in keygate_api \"%V\", expected %s in %V:%ui",
                  (level == NGX_LOG_EMERG) ? "invalid" : "doubtful",
                  fault->value.len, fault->value.data, &api->name,
                  fault->expected, &cf->conf_file->file.name,
                  fault->line ? (ngx_uint_t) fault->line : api->where.line);

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_keygate_conf_check(ngx_conf_t *cf)
{
    ngx_str_t                        name;
    ngx_uint_t                       i, k;
    ngx_http_keygate_api_t         **apis, *api;
    ngx_http_keygate_zone_t        **zones;
    ngx_http_keygate_main_conf_t    *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    apis = kmcf->apis.elts;
    zones = kmcf->zones.elts;

    for (i = 0; i < kmcf->apis.nelts; i++) {
        api = apis[i];

        if (api->core == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown API \"%V\", expected the name of a "
                          "\"keygate_api\" or \"off\" in %V:%ui",
                          &api->name, &api->where.file, api->where.line);
            return NGX_ERROR;
        }

        name.len = api->core->zone.len;
        name.data = (u_char *) api->core->zone.data;

        for (k = 0; k < kmcf->zones.nelts; k++) {
            if (zones[k]->name.len == name.len
                && ngx_strncmp(zones[k]->name.data, name.data, name.len) == 0)
            {
                api->zone = zones[k];
            }
        }

        if (api->zone == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown zone \"%V\" in keygate_api \"%V\", "
                          "expected the name of a \"keygate_zone\" in %V:%ui",
                          &name, &api->name, &api->zone_where.file,
                          api->zone_where.line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
