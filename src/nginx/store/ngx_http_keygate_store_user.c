/*
 * Who a store is asked as: a user, and a password in a file.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_PASSWORD_MAX  4096


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

    store->link.user = (char *) value[1].data;

    return ngx_http_keygate_store_password(cf, store, value[2].data + 9);
}


/* The first line of a file; it is told to nobody. */

char *
ngx_http_keygate_store_password(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, u_char *name)
{
    u_char     *text;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t   path;

    path.data = name;
    path.len = ngx_strlen(name);

    text = ngx_pcalloc(cf->pool, NGX_HTTP_KEYGATE_PASSWORD_MAX + 1);

    if (text == NULL || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    n = (fd == NGX_INVALID_FILE)
        ? -1 : ngx_read_fd(fd, text, NGX_HTTP_KEYGATE_PASSWORD_MAX);

    if (n > 0) {
        text[strcspn((char *) text, "\r\n")] = '\0';
    }

    if (n <= 0 || text[0] == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, (n == -1) ? ngx_errno : 0,
                           "invalid password file \"%V\" in keygate_store, "
                           "expected a readable file with the password in its "
                           "first line", &path);
    }

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    store->link.password = (char *) text;

    return (text[0] != '\0' && n > 0) ? NGX_CONF_OK : NGX_CONF_ERROR;
}
