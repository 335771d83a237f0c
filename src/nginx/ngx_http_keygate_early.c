/*
 * Requests that nginx refuses before the gate has its turn.  Where the gate
 * refuses such a request as well the decision is made after all, and the error
 * filter has it to tell: of what nginx refuses while it still reads it, before
 * there is a location, for the same reason, which never leads as far as a
 * charge; and of a body that is said to be too large for a "when", in the
 * order of all rows.
 */

#include "ngx_http_keygate.h"


static ngx_uint_t ngx_http_keygate_early_path(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_early_target(ngx_http_request_t *r,
    ngx_str_t *target);
static ngx_uint_t ngx_http_keygate_early_credential(ngx_http_request_t *r,
    keygate_api_t *api);
static ngx_uint_t ngx_http_keygate_early_routed(ngx_http_request_t *r,
    keygate_api_t *api);
static ngx_uint_t ngx_http_keygate_early_when(ngx_http_request_t *r,
    keygate_api_t *api);


ngx_http_keygate_ctx_t *
ngx_http_keygate_early(ngx_http_request_t *r)
{
    ngx_http_keygate_api_t       *api;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    /* often only the locations of a server are gated, but its errors are of
       one API: then that one has the word on its own routes */

    api = klcf->api ? klcf->api : klcf->errors;

    if (api == NULL) {
        return NULL;
    }

    if (!ngx_http_keygate_early_path(r)
        && (!ngx_http_keygate_early_credential(r, api->core)
            || (klcf->api == NULL
                && !ngx_http_keygate_early_routed(r, api->core))))
    {
        return NULL;
    }

    return ngx_http_keygate_access_decided(r, api);
}


/* Whether nginx has made nothing of the path, and the gate would not. */

static ngx_uint_t
ngx_http_keygate_early_path(ngx_http_request_t *r)
{
    u_char         *decoded;
    ngx_str_t       raw, target;
    keygate_str_t   path;

    if (r->uri.len || r->unparsed_uri.len
        || !ngx_http_keygate_early_target(r, &target))
    {
        return 0;
    }

    r->unparsed_uri = target;
    raw = ngx_http_keygate_path_raw(r);

    decoded = ngx_pnalloc(r->pool, raw.len + 1);

    if (decoded) {
        path.len = raw.len;
        path.data = raw.data;

        if (keygate_path_check(path, decoded, &path) != KEYGATE_OK) {
            return 1;
        }
    }

    ngx_str_null(&r->unparsed_uri);

    return 0;
}


/*
 * The target of the request, as far as it has been parsed.  nginx's pointers
 * to it are not to be trusted before HTTP/2: when it moves a long line to
 * another buffer, those that are not set yet become ones to anywhere.
 */

static ngx_uint_t
ngx_http_keygate_early_target(ngx_http_request_t *r, ngx_str_t *target)
{
    u_char     *p, *last;
    ngx_buf_t  *b;

    p = r->uri_start;
    last = r->uri_end;

    if (r->http_version < NGX_HTTP_VERSION_20) {
        b = r->header_in;

        if (b == NULL || p < b->start || p >= b->last) {
            return 0;
        }

        /* the parser stops at a control byte, and does not tell where */

        if (last <= p || last > b->last) {

            for (last = p; last < b->last; last++) {
                if (*last <= ' ' || *last == 0x7f) {
                    break;
                }
            }

            if (last == b->last || *last == ' ' || *last == CR || *last == LF)
            {
                return 0;
            }

            last++;
        }

    } else if (p == NULL || last <= p) {
        return 0;
    }

    target->len = last - p;
    target->data = p;

    return 1;
}


/* Whether the line at which nginx has stopped is a second Authorization. */

static ngx_uint_t
ngx_http_keygate_early_credential(ngx_http_request_t *r, keygate_api_t *api)
{
    unsigned          i;
    ngx_list_part_t  *last;
    ngx_table_elt_t  *h;

    last = r->headers_in.headers.last;

    if (last == NULL || last->nelts == 0
        || r->headers_in.authorization == NULL)
    {
        return 0;
    }

    h = last->elts;
    h = &h[last->nelts - 1];

    if (h == r->headers_in.authorization
        || h->key.len != sizeof("Authorization") - 1
        || ngx_strncasecmp(h->key.data, (u_char *) "Authorization",
                           h->key.len)
           != 0)
    {
        return 0;
    }

    for (i = 0; i < api->n_sources; i++) {
        if (keygate_source_authorization(&api->sources[i])) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_keygate_early_routed(ngx_http_request_t *r, keygate_api_t *api)
{
    keygate_str_t  path;

    path.len = r->uri.len;
    path.data = r->uri.data;

    return keygate_path_rest(path, api->base, &path)
           && keygate_router_match(api->router, path) != NULL;
}


/* Where another module may let a request in that the gate refuses, or where the
 * gate refuses nothing, nginx's word stands. */

ngx_http_keygate_ctx_t *
ngx_http_keygate_early_large(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (klcf->api == NULL || klcf->dry_run
        || clcf->satisfy == NGX_HTTP_SATISFY_ANY
        || !ngx_http_keygate_early_when(r, klcf->api->core))
    {
        return NULL;
    }

    ctx = ngx_http_keygate_access_decided(r, klcf->api);

    /* as if it had been found while the body was read */

    if (ctx && ctx->verdict->need_body) {
        ctx->reading = 1;
    }

    return ctx;
}


/* Whether the gate would have looked at the body of this request. */

static ngx_uint_t
ngx_http_keygate_early_when(ngx_http_request_t *r, keygate_api_t *api)
{
    ngx_str_t         raw;
    keygate_str_t     path, method;
    unsigned char    *decoded;
    keygate_route_t  *route;

    raw = ngx_http_keygate_path_raw(r);

    decoded = ngx_pnalloc(r->pool, raw.len + 1);
    if (decoded == NULL) {
        return 0;
    }

    path.len = raw.len;
    path.data = raw.data;
    method.len = r->method_name.len;
    method.data = r->method_name.data;

    if (keygate_path_check(path, decoded, &path) != KEYGATE_OK
        || !keygate_path_rest(path, api->base, &path))
    {
        return 0;
    }

    route = keygate_route_method(keygate_router_match(api->router, path),
                                 method);

    return route != NULL && route->when != NULL;
}
