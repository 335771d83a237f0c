/*
 * Paths as they were sent: of the request line, of a URL that a header has.
 */

#include "ngx_http_keygate.h"


ngx_str_t
ngx_http_keygate_path_raw(ngx_http_request_t *r)
{
    u_char     *p;
    ngx_str_t   path;

    path = r->unparsed_uri;

    p = path.len ? memchr(path.data, '?', path.len) : NULL;

    if (p) {
        path.len = p - path.data;
    }

    /* "GET http://host?query" */

    if (path.len == 0 && r->uri.len) {
        ngx_str_set(&path, "/");
    }

    return path;
}


ngx_int_t
ngx_http_keygate_path_of_url(ngx_str_t target, ngx_str_t *path)
{
    size_t   skip;
    u_char  *p, *last;

    p = target.data;
    last = p + target.len;
    skip = 0;

    if (target.len > 7 && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0) {
        skip = 7;

    } else if (target.len > 8
               && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0)
    {
        skip = 8;
    }

    if (skip) {
        p += skip;

        while (p < last && *p != '/' && *p != '?') {
            if (*p <= ' ' || *p >= 0x7f || *p == '#' || *p == '\\') {
                return NGX_DECLINED;
            }

            p++;
        }

        if (p == target.data + skip) {
            return NGX_DECLINED;
        }
    }

    path->data = p;

    while (p < last && *p != '?') {
        p++;
    }

    path->len = p - path->data;

    if (path->len == 0 && skip) {
        ngx_str_set(path, "/");
    }

    return path->len ? NGX_OK : NGX_DECLINED;
}
