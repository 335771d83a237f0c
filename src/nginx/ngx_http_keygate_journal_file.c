/*
 * The journal's file when nginx starts or is reloaded: whether the workers can
 * read it and, where they are to, write it; and a new one where there is none.
 * A file that is there keeps its owner and its mode: if they are wrong, it is
 * told which are wanted.
 */

#include "ngx_http_keygate.h"

#include "keygate_file.h"


#define NGX_HTTP_KEYGATE_WANTED  256     /* bytes of what is said of it */


static ngx_uint_t ngx_http_keygate_zone_has_read(
    ngx_http_keygate_zone_t *zone);
static ngx_int_t ngx_http_keygate_file_make(ngx_http_keygate_zone_t *zone,
    ngx_uint_t give);
static ngx_int_t ngx_http_keygate_file_new(ngx_http_keygate_zone_t *zone,
    const keygate_file_t *file, ngx_uint_t give);
static ngx_int_t ngx_http_keygate_file_missing(ngx_http_keygate_zone_t *zone);
static void ngx_http_keygate_file_writable(ngx_http_keygate_zone_t *zone);
static ngx_int_t ngx_http_keygate_file_refused(ngx_http_keygate_zone_t *zone,
    ngx_err_t err);
static void ngx_http_keygate_file_wanted(ngx_http_keygate_zone_t *zone,
    u_char *buf, size_t size);


ngx_int_t
ngx_http_keygate_journal_prepare(ngx_http_keygate_zone_t *zone)
{
    ngx_fd_t                    fd;
    ngx_err_t                   err;
    ngx_http_keygate_become_t   was;

    if (zone->journal.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_keygate_become_worker(zone->cycle, &was) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = keygate_file_read((char *) zone->journal.data);
    err = (fd == NGX_INVALID_FILE) ? ngx_errno : 0;

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
        ngx_http_keygate_file_writable(zone);
    }

    ngx_http_keygate_become_master(zone->cycle, &was);

    if (err == 0) {
        return NGX_OK;
    }

    return (err == NGX_ENOENT) ? ngx_http_keygate_file_missing(zone)
                               : ngx_http_keygate_file_refused(zone, err);
}


/* Whether the table is a view of this journal: another one, made in its place,
 * would be the end of all keys. */

static ngx_uint_t
ngx_http_keygate_zone_has_read(ngx_http_keygate_zone_t *zone)
{
    return zone->table != NULL
           && ngx_http_keygate_journal_owns(zone)
           && keygate_table_position(zone->table)->ino != 0;
}


/* Makes the file, or finds out whether it could be made.  As the workers'
 * user where that is possible; else it is given to that user. */

static ngx_int_t
ngx_http_keygate_file_missing(ngx_http_keygate_zone_t *zone)
{
    ngx_int_t                   rc;
    ngx_err_t                   err;
    ngx_http_keygate_become_t   was;

    if (ngx_http_keygate_zone_has_read(zone)) {
        ngx_log_error(NGX_LOG_ERR, zone->log, 0,
                      "the journal \"%V\" of keygate zone \"%V\" is missing: "
                      "the keys stay as they are until it is back",
                      &zone->journal, &zone->name);
        return NGX_OK;
    }

    if (ngx_http_keygate_become_worker(zone->cycle, &was) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_keygate_file_make(zone, 0);
    err = ngx_errno;
    ngx_http_keygate_become_master(zone->cycle, &was);

    if (rc != NGX_OK && err == NGX_EACCES && geteuid() == 0) {
        rc = ngx_http_keygate_file_make(zone, 1);
        err = ngx_errno;
    }

    return (rc == NGX_OK) ? NGX_OK : ngx_http_keygate_file_refused(zone, err);
}


/* "nginx -t" leaves nothing behind: the nginx that is started then may be
 * another user's. */

static ngx_int_t
ngx_http_keygate_file_make(ngx_http_keygate_zone_t *zone, ngx_uint_t give)
{
    ngx_int_t       rc;
    keygate_file_t  file;

    if (keygate_file_find((char *) zone->journal.data, &file) == -1) {
        return NGX_ERROR;
    }

    if (ngx_test_config) {
        rc = (keygate_file_makeable(&file) == 0) ? NGX_OK : NGX_ERROR;

    } else {
        rc = ngx_http_keygate_file_new(zone, &file, give);
    }

    keygate_file_close(&file);

    return rc;
}


/* One that cannot be given away must not stay: it would be one that was
 * there, the next time. */

static ngx_int_t
ngx_http_keygate_file_new(ngx_http_keygate_zone_t *zone,
    const keygate_file_t *file, ngx_uint_t give)
{
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = keygate_file_make(file, O_WRONLY, 0600);

    if (fd == NGX_INVALID_FILE) {
        return (ngx_errno == NGX_EEXIST) ? NGX_OK : NGX_ERROR;
    }

    err = 0;

    if (give
        && fchown(fd, ngx_http_keygate_become_user(zone->cycle), (gid_t) -1)
           == -1)
    {
        err = ngx_errno;
        (void) unlinkat(file->dir, file->name, 0);
    }

    (void) ngx_close_file(fd);
    ngx_set_errno(err);

    return err ? NGX_ERROR : NGX_OK;
}


/* A journal that nobody is to change through nginx may be read-only. */

static void
ngx_http_keygate_file_writable(ngx_http_keygate_zone_t *zone)
{
    ngx_fd_t        fd;
    ngx_err_t       err;
    u_char          wanted[NGX_HTTP_KEYGATE_WANTED];
    keygate_file_t  file;

    if (!zone->written && zone->store == NULL) {
        return;
    }

    fd = keygate_file_find((char *) zone->journal.data, &file);
    fd = (fd == -1) ? NGX_INVALID_FILE : keygate_file_open(&file, O_RDWR);
    err = (fd == NGX_INVALID_FILE) ? ngx_errno : 0;

    keygate_file_close(&file);

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
        return;
    }

    ngx_http_keygate_file_wanted(zone, wanted, sizeof(wanted));

    ngx_log_error(NGX_LOG_WARN, zone->log, 0,
                  "the workers cannot write the journal \"%V\" of keygate "
                  "zone \"%V\", and changes are refused: %s%s in %V:%ui",
                  &zone->journal, &zone->name, keygate_file_error(err),
                  (err == NGX_EACCES || err == NGX_EPERM)
                  ? (char *) wanted : "",
                  &zone->where.file, zone->where.line);
}


/* Where the keys are in force already, they stay. */

static ngx_int_t
ngx_http_keygate_file_refused(ngx_http_keygate_zone_t *zone, ngx_err_t err)
{
    u_char      wanted[NGX_HTTP_KEYGATE_WANTED];
    ngx_uint_t  stay, level;

    stay = (err == NGX_EACCES && ngx_http_keygate_zone_has_read(zone));
    level = stay ? NGX_LOG_ERR : NGX_LOG_EMERG;

    ngx_http_keygate_file_wanted(zone, wanted, sizeof(wanted));

    ngx_log_error(level, zone->log, 0,
                  "cannot open the journal \"%V\" of keygate zone \"%V\": "
                  "%s%s in %V:%ui",
                  &zone->journal, &zone->name, keygate_file_error(err),
                  wanted, &zone->where.file, zone->where.line);

    return stay ? NGX_OK : NGX_ERROR;
}


/* What the file is and should be, as far as it can be looked at. */

static void
ngx_http_keygate_file_wanted(ngx_http_keygate_zone_t *zone, u_char *buf,
    size_t size)
{
    u_char           *p, name[128];
    ngx_uid_t         user;
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    user = ngx_http_keygate_become_user(zone->cycle);
    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    p = ngx_snprintf(name, sizeof(name) - 1, "uid %d", (int) user);

    if (user == ccf->user && ccf->username) {
        p = ngx_snprintf(name, sizeof(name) - 1, "%s (uid %d)", ccf->username,
                         (int) user);
    }

    *p = '\0';

    if (ngx_file_info(zone->journal.data, &fi) == NGX_FILE_ERROR
        || !ngx_is_file(&fi))
    {
        (void) ngx_snprintf(buf, size - 1, ", expected a file, or a directory "
                            "to make it in, that nginx may write, as the "
                            "workers do: owner %s%Z", name);
        return;
    }

    (void) ngx_snprintf(buf, size - 1, "; it belongs to uid %d with mode 0%ud"
                        "%ud%ud, expected one that the workers can read and "
                        "write: owner %s and mode 0600%Z",
                        (int) fi.st_uid, fi.st_mode >> 6 & 7,
                        fi.st_mode >> 3 & 7, fi.st_mode & 7, name);
}
