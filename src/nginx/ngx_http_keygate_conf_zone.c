/*
 * What "keygate_zone" does.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_store.h"
#include "ngx_http_keygate_usage.h"

#include "keygate_file.h"


#define NGX_HTTP_KEYGATE_PEPPER_MIN  32
#define NGX_HTTP_KEYGATE_PEPPER_MAX  4096


static ngx_int_t ngx_http_keygate_read_pepper(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *pepper);
static ngx_int_t ngx_http_keygate_zone_apart(ngx_conf_t *cf,
    ngx_http_keygate_zone_t *zone);
static ngx_uint_t ngx_http_keygate_journal_same(ngx_str_t *one,
    ngx_str_t *two);


char *
ngx_http_keygate_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_keygate_main_conf_t *kmcf = conf;

    u_char                    *p;
    ssize_t                    size;
    ngx_str_t                 *value, name, s;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_http_keygate_zone_t   *zone, **slot;

    value = cf->args->elts;

    name.data = value[1].data;

    if (ngx_strncmp(name.data, "zone=", 5) == 0) {
        name.data += 5;
    }

    p = (u_char *) ngx_strchr(name.data, ':');

    if (p == NULL || p == name.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone \"%V\", expected NAME:SIZE",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

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
    zone->limits = NGX_CONF_UNSET_UINT;
    zone->wait = NGX_CONF_UNSET_MSEC;
    zone->max_stale = NGX_CONF_UNSET_MSEC;
    zone->outage = NGX_CONF_UNSET_UINT;
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

        if (ngx_strncmp(value[i].data, "store=", 6) == 0
            && value[i].len > 6 && zone->store == NULL)
        {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;

            zone->store = ngx_http_keygate_store_get(cf, &s);

            if (zone->store == NULL) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "unknown store \"%V\" of zone \"%V\", "
                                   "expected the name of a \"keygate_store\" "
                                   "above", &s, &name);
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "usage=", 6) == 0
            && value[i].len > 6 && zone->usage.len == 0)
        {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;

            if (ngx_http_keygate_usage_conf(cf, zone, &s, size) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        rc = ngx_http_keygate_conf_limits(cf, zone, &value[i]);

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", expected "
                               "\"journal=PATH\", \"pepper=PATH\", "
                               "\"store=NAME\", \"limits=cluster|node\", "
                               "\"wait=TIME\", "
                               "\"outage=share|node|refuse\", "
                               "\"max_stale=TIME\" and \"usage=DIR\", "
                               "each once",
                               &value[i]);
        }

        return NGX_CONF_ERROR;
    }

    if (ngx_http_keygate_conf_stale(cf, zone) != NGX_OK
        || ngx_http_keygate_conf_leases(cf, zone, size) != NGX_OK
        || ngx_http_keygate_quota_zone(cf, zone) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (zone->store && zone->journal.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" has a store and no journal, expected "
                           "\"journal=PATH\", this node's copy of what lies "
                           "in the store", &name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_keygate_zone_apart(cf, zone) != NGX_OK) {
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

    /* a FIFO is not waited for: there is nothing in it */

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN
                                   | NGX_FILE_NONBLOCK, 0);

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


/* A copy has the marks of one store and of one zone in it: another zone that
 * writes there takes them for lines by hand, or is never up to date. */

static ngx_int_t
ngx_http_keygate_zone_apart(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone)
{
    ngx_uint_t                       i;
    ngx_http_keygate_zone_t        **zones;

    zones = zone->main->zones.elts;

    for (i = 0; i < zone->main->zones.nelts; i++) {

        if ((zone->store == NULL && zones[i]->store == NULL)
            || !ngx_http_keygate_journal_same(&zone->journal,
                                              &zones[i]->journal))
        {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the journal \"%V\" of zone \"%V\" is also that of "
                           "zone \"%V\" in %V:%ui, and one of them has a "
                           "store, expected a \"journal=PATH\" of its own for "
                           "each: a store's copy is of one zone",
                           &zone->journal, &zone->name, &zones[i]->name,
                           &zones[i]->where.file, zones[i]->where.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The same path, the same file, or the same name in the same directory. */

static ngx_uint_t
ngx_http_keygate_journal_same(ngx_str_t *one, ngx_str_t *two)
{
    struct stat      a, b;
    ngx_uint_t       same;
    keygate_file_t   first, second;

    if (one->len == 0 || two->len == 0) {
        return 0;
    }

    if (one->len == two->len && ngx_strncmp(one->data, two->data, one->len)
                                == 0)
    {
        return 1;
    }

    if (stat((char *) one->data, &a) == 0
        && stat((char *) two->data, &b) == 0)
    {
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    }

    if (keygate_file_find((char *) one->data, &first) == -1) {
        return 0;
    }

    if (keygate_file_find((char *) two->data, &second) == -1) {
        keygate_file_close(&first);
        return 0;
    }

    same = fstat(first.dir, &a) == 0 && fstat(second.dir, &b) == 0
           && a.st_dev == b.st_dev && a.st_ino == b.st_ino
           && strcmp(first.name, second.name) == 0;

    keygate_file_close(&first);
    keygate_file_close(&second);

    return same;
}
