/*
 * Who a store is asked as: a user, and a password in a file.
 */

#include "ngx_http_keygate_store.h"


static char *ngx_http_keygate_store_secret(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, u_char *name);
static ssize_t ngx_http_keygate_store_line_of(u_char *path,
    u_char text[NGX_HTTP_KEYGATE_PASSWORD_MAX + 1]);


char *
ngx_http_keygate_store_user(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
    ngx_str_t *value)
{
    if (ngx_strncmp(value[2].data, "password=", 9) != 0
        || value[2].len == 9)
    {
        return ngx_http_keygate_store_bad(cf, value,
                                          "\"user NAME password=PATH;\"");
    }

    store->user = 1;
    store->link.wire.user = (char *) value[1].data;

    return ngx_http_keygate_store_secret(cf, store, value[2].data + 9);
}


char *
ngx_http_keygate_store_password(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    store->password = 1;

    return ngx_http_keygate_store_secret(cf, store, value[1].data);
}


/* The first line of a file; it is told to nobody. */

static char *
ngx_http_keygate_store_secret(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, u_char *name)
{
    ssize_t     n;
    ngx_str_t   path;

    path.data = name;
    path.len = ngx_strlen(name);

    store->secret = ngx_pcalloc(cf->pool, NGX_HTTP_KEYGATE_PASSWORD_MAX + 1);

    if (store->secret == NULL
        || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    n = ngx_http_keygate_store_line_of(path.data, store->secret);

    if (n <= 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, (n == -1) ? ngx_errno : 0,
                           "invalid password file \"%V\" in keygate_store, "
                           "expected a readable file with the password in its "
                           "first line", &path);
        return NGX_CONF_ERROR;
    }

    store->secret_path = path.data;
    store->link.wire.password = (char *) store->secret;

    return NGX_CONF_OK;
}


/* How long it is; 0: there is none; -1: the system says why. */

static ssize_t
ngx_http_keygate_store_line_of(u_char *path,
    u_char text[NGX_HTTP_KEYGATE_PASSWORD_MAX + 1])
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN
                             | NGX_FILE_NONBLOCK, 0);
    if (fd == NGX_INVALID_FILE) {
        return -1;
    }

    n = ngx_read_fd(fd, text, NGX_HTTP_KEYGATE_PASSWORD_MAX);
    err = ngx_errno;

    (void) ngx_close_file(fd);

    if (n >= 0) {
        text[n] = '\0';
        n = strcspn((char *) text, "\r\n");
        text[n] = '\0';
    }

    ngx_set_errno(err);

    return n;
}


/* Passwords are changed while nginx runs.  A worker that may not read the file,
 * or finds nothing in it, goes on with what was in it at the last reload. */

const keygate_link_conf_t *
ngx_http_keygate_store_login(ngx_http_keygate_copy_t *c)
{
    c->conf = c->store->link;

    if (c->store->secret_path
        && ngx_http_keygate_store_line_of(c->store->secret_path, c->secret)
           > 0)
    {
        c->conf.wire.password = (char *) c->secret;
    }

    return &c->conf;
}
