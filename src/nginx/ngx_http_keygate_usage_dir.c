/*
 * "usage=DIR": the directory that usage is written into.  It is looked at as
 * the workers' user; what is there keeps its owner and its mode: if they are
 * wrong, it is told which are wanted.
 */

#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_store.h"
#include "ngx_http_keygate_usage.h"

#include "keygate_file.h"


#define NGX_HTTP_KEYGATE_DIR_MODE  0750


static ngx_int_t ngx_http_keygate_usage_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_err_t ngx_http_keygate_usage_look(ngx_http_keygate_zone_t *zone,
    char *path, size_t size);
static ngx_err_t ngx_http_keygate_usage_make(ngx_http_keygate_zone_t *zone,
    ngx_uint_t give);


ngx_int_t
ngx_http_keygate_usage_conf(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone,
    ngx_str_t *dir, size_t size)
{
    u_char     *p;
    ngx_str_t   name;

    zone->usage = *dir;

    if (ngx_conf_full_name(cf->cycle, &zone->usage, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    zone->threads = ngx_http_keygate_threads(cf, NULL);

    if (zone->threads == NULL) {
        return NGX_ERROR;
    }

    name.len = zone->name.len + sizeof(" usage") - 1;
    name.data = ngx_pnalloc(cf->pool, name.len + 1);

    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(name.data, "%V usage", &zone->name);
    *p = '\0';

    size = keygate_table_refusals(size);

    zone->usage_zone = ngx_shared_memory_add(cf, &name,
                           8 * ngx_pagesize
                           + ngx_align(size + size / 64, ngx_pagesize),
                           &ngx_http_keygate_module);
    if (zone->usage_zone == NULL) {
        return NGX_ERROR;
    }

    zone->usage_zone->init = ngx_http_keygate_usage_zone_init;
    zone->usage_zone->data = zone;

    return NGX_OK;
}


/* The memory is zeroed by the system, and not touched until it is used. */

static ngx_int_t
ngx_http_keygate_usage_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t          *shpool;
    ngx_http_keygate_zone_t  *zone;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data) {
        zone->refusals = shpool->data;
        return NGX_OK;
    }

    zone->refusals = ngx_slab_alloc(shpool, keygate_table_refusals(
                                                zone->shm_zone->shm.size));
    if (zone->refusals == NULL) {
        return NGX_ERROR;
    }

    shpool->data = zone->refusals;

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_usage_prepare(ngx_http_keygate_zone_t *zone)
{
    char                        path[NGX_MAX_PATH];
    u_char                      wanted[NGX_HTTP_KEYGATE_WANTED];
    ngx_err_t                   err;
    ngx_http_keygate_become_t   was;

    if (zone->usage.len == 0) {
        return NGX_OK;
    }

    zone->node = zone->store ? zone->store->node : zone->cycle->hostname;

    if (zone->node.len == 0) {
        ngx_str_set(&zone->node, "localhost");
    }

    if (ngx_http_keygate_become_worker(zone->cycle, &was) != NGX_OK) {
        return NGX_ERROR;
    }


    err = ngx_http_keygate_usage_look(zone, path, sizeof(path));

    if (err == NGX_ENOENT) {
        err = ngx_http_keygate_usage_make(zone, 0);
    }

    ngx_http_keygate_become_master(zone->cycle, &was);

    if (err == NGX_EACCES && geteuid() == 0 && access(path, F_OK) == -1) {
        err = ngx_http_keygate_usage_make(zone, 1);
    }

    if (err == 0) {
        return NGX_OK;
    }

    ngx_http_keygate_usage_wanted(zone, path, wanted, sizeof(wanted));

    ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                  "cannot write \"%s\" for \"usage\" of keygate zone \"%V\": "
                  "%s%s in %V:%ui", path, &zone->name,
                  keygate_file_error(err), wanted,
                  &zone->where.file, zone->where.line);

    return NGX_ERROR;
}


/* Whether the directory can be written, and the files of today and yesterday
 * where they are there; of what this is told, "path" is. */

static ngx_err_t
ngx_http_keygate_usage_look(ngx_http_keygate_zone_t *zone, char *path,
    size_t size)
{
    int              dir, fd;
    char             name[KEYGATE_USAGE_NAME];
    int64_t          day, today;
    ngx_err_t        err;
    keygate_file_t   file;

    (void) snprintf(path, size, "%s", (char *) zone->usage.data);

    dir = open((char *) zone->usage.data, O_RDONLY|O_DIRECTORY|O_NONBLOCK);

    if (dir == -1) {
        return ngx_errno;
    }

    err = (faccessat(dir, ".", R_OK|W_OK|X_OK, AT_EACCESS) == -1) ? ngx_errno
                                                                  : 0;
    today = ngx_http_keygate_clock_wall(NULL) / 86400;

    for (day = today - 1; err == 0 && day <= today; day++) {
        keygate_usage_name(day, name);
        file.dir = dir;
        file.name = name;

        fd = keygate_file_open(&file, O_RDWR);
        err = (fd == -1 && ngx_errno != NGX_ENOENT) ? ngx_errno : 0;

        if (fd != -1) {
            (void) ngx_close_file(fd);
        }

        if (err) {
            (void) snprintf(path, size, "%s/%s", (char *) zone->usage.data,
                            name);
        }
    }

    (void) close(dir);

    return err;
}


/* "nginx -t" leaves nothing behind. */

static ngx_err_t
ngx_http_keygate_usage_make(ngx_http_keygate_zone_t *zone, ngx_uint_t give)
{
    int              dir;
    char            *path;
    size_t           len;
    ngx_err_t        err;
    keygate_file_t   file;

    path = strdup((char *) zone->usage.data);
    if (path == NULL) {
        return NGX_ENOMEM;
    }

    for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--) {
        path[len - 1] = '\0';
    }

    err = (keygate_file_find(path, &file) == -1) ? ngx_errno : 0;
    free(path);

    if (err) {
        return err;
    }

    dir = -1;

    if (ngx_test_config) {
        err = (keygate_file_makeable(&file) == -1) ? ngx_errno : 0;

    } else if (mkdirat(file.dir, file.name, NGX_HTTP_KEYGATE_DIR_MODE) == -1) {
        err = (ngx_errno == NGX_EEXIST) ? 0 : ngx_errno;

    } else if (give) {
        dir = openat(file.dir, file.name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW);

        if (dir == -1
            || fchown(dir, ngx_http_keygate_become_user(zone->cycle),
                      (gid_t) -1)
               == -1)
        {
            err = ngx_errno;
            (void) unlinkat(file.dir, file.name, AT_REMOVEDIR);
        }
    }

    if (dir != -1) {
        (void) close(dir);
    }

    keygate_file_close(&file);

    return err;
}


void
ngx_http_keygate_usage_wanted(ngx_http_keygate_zone_t *zone, const char *path,
    u_char *buf, size_t size)
{
    u_char           *p, name[128];
    ngx_uid_t         user;
    ngx_uint_t        dir;
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    user = ngx_http_keygate_become_user(zone->cycle);
    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    p = (user == ccf->user && ccf->username)
        ? ngx_snprintf(name, sizeof(name) - 1, "%s (uid %d)", ccf->username,
                       (int) user)
        : ngx_snprintf(name, sizeof(name) - 1, "uid %d", (int) user);
    *p = '\0';

    if (ngx_file_info(path, &fi) == NGX_FILE_ERROR
        || (!ngx_is_dir(&fi) && !ngx_is_file(&fi)))
    {
        (void) ngx_snprintf(buf, size - 1, ", expected a directory that the "
                            "workers can write, or one to make it in: owner "
                            "%s%Z", name);
        return;
    }

    dir = ngx_is_dir(&fi) || ngx_strcmp(path, zone->usage.data) == 0;

    (void) ngx_snprintf(buf, size - 1, "; it belongs to uid %d with mode 0%ud"
                        "%ud%ud, expected a %s that the workers can write: "
                        "owner %s and mode %s%Z",
                        (int) fi.st_uid, fi.st_mode >> 6 & 7,
                        fi.st_mode >> 3 & 7, fi.st_mode & 7,
                        dir ? "directory" : "file", name,
                        dir ? "0750" : "0640");
}
