/*
 * Where COPY and MOVE write to: the header line "Destination" (RFC 4918,
 * 10.3), a URI or a path.  What the path means is left to the decision.
 */

#include "ngx_http_keygate.h"


static ngx_table_elt_t *ngx_http_keygate_destination_line(
    ngx_http_request_t *r, ngx_uint_t *n);
static ngx_str_t ngx_http_keygate_destination_path(ngx_str_t *value);


ngx_int_t
ngx_http_keygate_destination(ngx_http_request_t *r,
    keygate_request_t *request)
{
    ngx_str_t         path;
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    if (r->method != NGX_HTTP_COPY && r->method != NGX_HTTP_MOVE) {
        return NGX_OK;
    }

    h = ngx_http_keygate_destination_line(r, &n);

    if (h == NULL) {
        return NGX_OK;
    }

    request->has_destination = 1;

    /* of two, anybody may take either: no path at all is none that passes */

    if (n > 1) {
        return NGX_OK;
    }

    path = ngx_http_keygate_destination_path(&h->value);

    request->destination.len = path.len;
    request->destination.data = path.data;
    request->onto_decoded = ngx_pnalloc(r->main->pool, path.len + 1);

    return request->onto_decoded ? NGX_OK : NGX_ERROR;
}


/* The last of "n" lines. */

static ngx_table_elt_t *
ngx_http_keygate_destination_line(ngx_http_request_t *r, ngx_uint_t *n)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *found;

    found = NULL;
    *n = 0;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if (h[i].key.len == sizeof("destination") - 1
            && ngx_strncmp(h[i].lowcase_key, "destination",
                           sizeof("destination") - 1)
               == 0)
        {
            found = &h[i];
            (*n)++;
        }
    }

    return found;
}


static ngx_str_t
ngx_http_keygate_destination_path(ngx_str_t *value)
{
    u_char     *p, *last;
    ngx_str_t   path;

    p = value->data;
    last = p + value->len;

    if (value->len && *p != '/') {
        p = ngx_strlcasestrn(p, last, (u_char *) "://", 3 - 1);
        p = p ? ngx_strlchr(p + 3, last, '/') : NULL;
    }

    path.data = p;
    path.len = p ? last - p : 0;

    p = path.len ? ngx_strlchr(path.data, last, '?') : NULL;

    if (p) {
        path.len = p - path.data;
    }

    return path;
}
