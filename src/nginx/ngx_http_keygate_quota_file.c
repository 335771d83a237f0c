/*
 * JOURNAL.usage at a start: made where there is none, for the workers to
 * write, and read into the new table.  What quotas need in shared memory.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_quota.h"

#include "keygate_file.h"


#if (NGX_THREADS)


static ngx_int_t ngx_http_keygate_quota_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_keygate_quota_make(ngx_http_keygate_zone_t *zone,
    const char *path, ngx_http_keygate_become_t *was);
static ngx_int_t ngx_http_keygate_quota_made(ngx_http_keygate_zone_t *zone,
    const char *path, ngx_uint_t give);
static ngx_int_t ngx_http_keygate_quota_read(ngx_http_keygate_zone_t *zone,
    keygate_saved_t *file);


/* A zone of another size is another table, whose counts begin anew. */

ngx_int_t
ngx_http_keygate_quota_zone(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone)
{
    ngx_str_t  name;

    if (zone->journal.len == 0 || zone->limits) {
        return NGX_OK;
    }

    zone->threads = ngx_http_keygate_threads(cf, NULL);

    name.data = ngx_pnalloc(cf->pool, zone->name.len + sizeof(" usage ")
                                      + NGX_SIZE_T_LEN);

    if (name.data == NULL || zone->threads == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_sprintf(name.data, "%V usage %uz%Z", &zone->name,
                           zone->size)
               - name.data - 1;

    zone->quota_zone = ngx_shared_memory_add(cf, &name,
                           8 * ngx_pagesize
                           + ngx_align(sizeof(keygate_quotas_t),
                                       ngx_pagesize),
                           &ngx_http_keygate_module);
    if (zone->quota_zone == NULL) {
        return NGX_ERROR;
    }

    zone->quota_zone->init = ngx_http_keygate_quota_zone_init;
    zone->quota_zone->data = zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_quota_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    uint32_t                  boot;
    ngx_slab_pool_t          *shpool;
    ngx_http_keygate_zone_t  *zone;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data) {
        zone->quotas = shpool->data;
        return NGX_OK;
    }

    zone->quotas = ngx_slab_calloc(shpool, sizeof(keygate_quotas_t));

    if (zone->quotas == NULL
        || RAND_bytes((u_char *) &boot, sizeof(boot)) != 1)
    {
        return NGX_ERROR;
    }

    zone->quotas->boot = boot;
    shpool->data = zone->quotas;

    return NGX_OK;
}


keygate_saved_t *
ngx_http_keygate_quota_file(ngx_http_keygate_zone_t *zone)
{
    keygate_str_t  journal, name;

    journal.len = zone->journal.len;
    journal.data = zone->journal.data;
    name.len = zone->name.len;
    name.data = zone->name.data;

    return keygate_saved_create(journal, name, (uint32_t) zone->quotas->boot);
}


ngx_int_t
ngx_http_keygate_quota_load(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_become_t *was)
{
    ngx_int_t         rc;
    keygate_saved_t  *file;

    file = ngx_http_keygate_quota_file(zone);
    if (file == NULL) {
        return NGX_ERROR;
    }

    if (!ngx_test_config
        && ngx_http_keygate_quota_make(zone, keygate_saved_path(file), was)
           != NGX_OK)
    {
        keygate_saved_destroy(file);
        return NGX_ERROR;
    }

    rc = ngx_http_keygate_quota_read(zone, file);

    keygate_saved_destroy(file);

    return rc;
}


static ngx_int_t
ngx_http_keygate_quota_read(ngx_http_keygate_zone_t *zone,
    keygate_saved_t *file)
{
    int                     begun;
    ngx_err_t               err;
    keygate_rc_t            rc;
    keygate_now_t           now;
    keygate_saved_stats_t   stats;

    now = ngx_http_keygate_clock_now(zone);

    ngx_http_keygate_lock(zone);
    rc = keygate_saved_load(file, zone->table, !ngx_test_config, &now, &stats,
                            &begun);
    err = ngx_errno;
    ngx_http_keygate_lock_release(zone);

    zone->quotas->begun = begun;

    if (rc == KEYGATE_INVALID) {
        ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                      "no line of \"%s\" says what keys of keygate zone "
                      "\"%V\" have used: expected the file that nginx has "
                      "written beside the journal; take it away, and all "
                      "days and months begin anew, in %V:%ui",
                      keygate_saved_path(file), &zone->name,
                      &zone->where.file, zone->where.line);
        return NGX_ERROR;
    }

    if (rc != KEYGATE_OK && rc != KEYGATE_NONE) {
        ngx_log_error(NGX_LOG_EMERG, zone->log,
                      (rc == KEYGATE_IO) ? err : 0,
                      "cannot read \"%s\", which says what keys of keygate "
                      "zone \"%V\" have used, expected a file that the "
                      "workers can read and write, with mode 0600, in %V:%ui",
                      keygate_saved_path(file), &zone->name,
                      &zone->where.file, zone->where.line);
        return NGX_ERROR;
    }

    if (stats.damaged) {
        ngx_log_error(NGX_LOG_ERR, zone->log, 0,
                      "keygate zone \"%V\": %uL lines of \"%s\", the first of "
                      "them line %uL, are damaged: days and months count as "
                      "used what those lines could have let in; the file is "
                      "written anew without them",
                      &zone->name, stats.damaged, keygate_saved_path(file),
                      stats.first);
    }

    if (!begun && !ngx_test_config) {
        ngx_log_error(NGX_LOG_WARN, zone->log, err,
                      "the workers cannot write \"%s\": what keys of keygate "
                      "zone \"%V\" use of a day or a month is forgotten when "
                      "nginx ends; expected a file, or a directory to make it "
                      "in, that the workers can write, in %V:%ui",
                      keygate_saved_path(file), &zone->name,
                      &zone->where.file, zone->where.line);
    }

    return NGX_OK;
}


/* As the workers' user where that is possible, as which this is called; else
 * it is given to that user.  What is there stays as it is. */

static ngx_int_t
ngx_http_keygate_quota_make(ngx_http_keygate_zone_t *zone, const char *path,
    ngx_http_keygate_become_t *was)
{
    if (ngx_http_keygate_quota_made(zone, path, 0) == NGX_OK
        || ngx_errno != NGX_EACCES)
    {
        return NGX_OK;
    }

    ngx_http_keygate_become_master(zone->cycle, was);

    if (geteuid() == 0) {
        (void) ngx_http_keygate_quota_made(zone, path, 1);
    }

    return ngx_http_keygate_become_worker(zone->cycle, was);
}


static ngx_int_t
ngx_http_keygate_quota_made(ngx_http_keygate_zone_t *zone, const char *path,
    ngx_uint_t give)
{
    ngx_fd_t        fd;
    ngx_err_t       err;
    keygate_file_t  file;

    if (keygate_file_find(path, &file) == -1) {
        return NGX_ERROR;
    }

    fd = keygate_file_make(&file, O_WRONLY, 0600);
    err = (fd == NGX_INVALID_FILE && ngx_errno != NGX_EEXIST) ? ngx_errno : 0;

    if (fd != NGX_INVALID_FILE) {
        if (give
            && fchown(fd, ngx_http_keygate_become_user(zone->cycle),
                      (gid_t) -1) == -1)
        {
            err = ngx_errno;
            (void) unlinkat(file.dir, file.name, 0);
        }

        (void) ngx_close_file(fd);
        (void) keygate_file_sync(&file);
    }

    keygate_file_close(&file);
    ngx_set_errno(err);

    return err ? NGX_ERROR : NGX_OK;
}


#else


ngx_int_t
ngx_http_keygate_quota_zone(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone)
{
    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_quota_load(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_become_t *was)
{
    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_quota_start(ngx_http_keygate_zone_t *zone)
{
    return NGX_OK;
}


void
ngx_http_keygate_quota_stop(ngx_http_keygate_zone_t *zone)
{
}


void
ngx_http_keygate_quota_post(ngx_http_keygate_zone_t *zone)
{
}


#endif
