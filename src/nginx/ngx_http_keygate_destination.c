/*
 * Where COPY and MOVE write to: the header line "Destination" (RFC 4918,
 * 10.3), a URL or a path.  What the path means is left to the decision.
 */

#include "ngx_http_keygate.h"


ngx_int_t
ngx_http_keygate_destination(ngx_http_request_t *r,
    keygate_request_t *request)
{
    ngx_str_t   value, path;
    ngx_uint_t  n;

    if (!keygate_str_eq(request->method, KEYGATE_STR("COPY"))
        && !keygate_str_eq(request->method, KEYGATE_STR("MOVE")))
    {
        return NGX_OK;
    }

    n = ngx_http_keygate_header(r, "destination", &value);

    if (n == 0) {
        return NGX_OK;
    }

    request->has_destination = 1;

    /* of two, anybody may take either: no path at all is none that passes */

    if (n > 1 || ngx_http_keygate_path_of_url(value, &path) != NGX_OK) {
        return NGX_OK;
    }

    request->destination.len = path.len;
    request->destination.data = path.data;
    request->onto_decoded = ngx_pnalloc(r->main->pool, path.len + 1);

    return request->onto_decoded ? NGX_OK : NGX_ERROR;
}
