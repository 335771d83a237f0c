/*
 * CORS: what a preflight is, its answer, and the headers that let a page of
 * another origin read errors.  Who may is for the API to say
 * (keygate_api_cors.c); what succeeds is for the upstream, whose page it is.
 */

#include "ngx_http_keygate.h"


static ngx_int_t ngx_http_keygate_cors_origin(ngx_http_request_t *r,
    keygate_api_t *api, ngx_str_t *allowed);
static ngx_int_t ngx_http_keygate_cors_allow(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_cors_methods(ngx_http_request_t *r,
    keygate_verdict_t *v);
static ngx_int_t ngx_http_keygate_cors_fields(ngx_http_request_t *r);
static ngx_http_keygate_api_t *ngx_http_keygate_cors_api(
    ngx_http_request_t *r, ngx_http_keygate_ctx_t *gate);


#define ngx_http_keygate_cors_name(name, lowcase)                             \
    ngx_http_keygate_name("Access-Control-" name, "access-control-" lowcase)

static ngx_http_keygate_name_t  ngx_http_keygate_allow_origin =
    ngx_http_keygate_cors_name("Allow-Origin", "allow-origin");
static ngx_http_keygate_name_t  ngx_http_keygate_allow_methods =
    ngx_http_keygate_cors_name("Allow-Methods", "allow-methods");
static ngx_http_keygate_name_t  ngx_http_keygate_allow_headers =
    ngx_http_keygate_cors_name("Allow-Headers", "allow-headers");
static ngx_http_keygate_name_t  ngx_http_keygate_expose_headers =
    ngx_http_keygate_cors_name("Expose-Headers", "expose-headers");
static ngx_http_keygate_name_t  ngx_http_keygate_max_age =
    ngx_http_keygate_cors_name("Max-Age", "max-age");
static ngx_http_keygate_name_t  ngx_http_keygate_vary =
    ngx_http_keygate_name("Vary", "vary");

static const char  ngx_http_keygate_asked_method[] =
    "access-control-request-method";
static const char  ngx_http_keygate_asked_headers[] =
    "access-control-request-headers";

static ngx_str_t  ngx_http_keygate_vary_origin = ngx_string("Origin");
static ngx_str_t  ngx_http_keygate_ten_minutes = ngx_string("600");


ngx_uint_t
ngx_http_keygate_cors_asks(ngx_http_request_t *r)
{
    ngx_str_t  origin, method;

    /* of several lines, none is taken for it */

    return r == r->main
           && ngx_http_keygate_header(r, "origin", &origin) == 1
           && origin.len
           && ngx_http_keygate_header(r, ngx_http_keygate_asked_method,
                                      &method)
              == 1
           && method.len;
}


ngx_int_t
ngx_http_keygate_cors_preflight(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  allowed;

    rc = ngx_http_keygate_cors_origin(r, ctx->api->core, &allowed);

    if (rc == NGX_OK && allowed.len) {
        rc = ngx_http_keygate_cors_allow(r, ctx);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_header_no_store(r);
    }

    return rc == NGX_OK ? NGX_HTTP_NO_CONTENT
                        : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Adds what an origin that is one of the API's is told; "allowed" is empty for
 * any other. */

static ngx_int_t
ngx_http_keygate_cors_origin(ngx_http_request_t *r, keygate_api_t *api,
    ngx_str_t *allowed)
{
    ngx_str_t      sent;
    keygate_str_t  origin, value;

    if (ngx_http_keygate_header(r, "origin", &sent) != 1) {
        ngx_str_null(&sent);
    }

    origin.len = sent.len;
    origin.data = sent.data;

    value = keygate_api_origin(api, origin);

    allowed->len = value.len;
    allowed->data = (u_char *) value.data;

    if (allowed->len == 0) {
        return NGX_OK;
    }

    ngx_http_keygate_header_remove(r, &ngx_http_keygate_allow_origin.key);

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_allow_origin,
                                       allowed);
}


static ngx_int_t
ngx_http_keygate_cors_allow(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx)
{
    if (ngx_http_keygate_header_add(r, &ngx_http_keygate_vary,
                                    &ngx_http_keygate_vary_origin)
        != NGX_OK
        || ngx_http_keygate_cors_methods(r, ctx->verdict) != NGX_OK
        || ngx_http_keygate_cors_fields(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_max_age,
                                       &ngx_http_keygate_ten_minutes);
}


/* A path may serve any method, and one without a route that may be passed on
 * does: then it is the one that is asked for. */

static ngx_int_t
ngx_http_keygate_cors_methods(ngx_http_request_t *r, keygate_verdict_t *v)
{
    ngx_str_t         value;
    keygate_buf_t     out;
    keygate_str_t     asked;
    keygate_route_t  *route;

    if (ngx_http_keygate_header(r, ngx_http_keygate_asked_method, &value)
        != 1)
    {
        return NGX_OK;
    }

    asked.len = value.len;
    asked.data = value.data;

    ngx_memzero(&out, sizeof(keygate_buf_t));
    keygate_route_allow(v->routes, &out);

    out.size = out.len + sizeof(", ") - 1 + asked.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    keygate_route_allow(v->routes, &out);

    route = keygate_route_method(v->routes, asked);

    if (keygate_api_token(asked)
        && (v->routes == NULL
            || (route && keygate_str_eq(route->method, KEYGATE_STR("*")))))
    {
        keygate_buf_puts(&out, out.len ? ", " : "");
        keygate_buf_put(&out, asked);
    }

    value.len = out.len;
    value.data = out.data;

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_allow_methods,
                                       &value);
}


static ngx_int_t
ngx_http_keygate_cors_fields(ngx_http_request_t *r)
{
    ngx_str_t      value;
    keygate_str_t  list;

    if (ngx_http_keygate_header(r, ngx_http_keygate_asked_headers, &value)
        != 1)
    {
        return NGX_OK;
    }

    list.len = value.len;
    list.data = value.data;

    return keygate_api_fields(list)
           ? ngx_http_keygate_header_add(r, &ngx_http_keygate_allow_headers,
                                         &value)
           : NGX_OK;
}


ngx_int_t
ngx_http_keygate_cors_error(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *gate)
{
    ngx_str_t                allowed, exposed;
    keygate_str_t            value;
    ngx_http_keygate_api_t  *api;

    api = ngx_http_keygate_cors_api(r, gate);

    if (api == NULL || api->core->preflight != KEYGATE_PREFLIGHT_ANSWER) {
        return NGX_OK;
    }

    if (ngx_http_keygate_cors_origin(r, api->core, &allowed) != NGX_OK) {
        return NGX_ERROR;
    }

    /* also for those who are told nothing: a cache must not give them, or
     * others, what it has */

    if (api->core->n_origins
        && ngx_http_keygate_header_add(r, &ngx_http_keygate_vary,
                                       &ngx_http_keygate_vary_origin)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (allowed.len == 0) {
        return NGX_OK;
    }

    value = keygate_api_exposed(api->core);
    exposed.len = value.len;
    exposed.data = (u_char *) value.data;

    ngx_http_keygate_header_remove(r, &ngx_http_keygate_expose_headers.key);

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_expose_headers,
                                       &exposed);
}


/* The API whose error it is; NULL where nothing may be changed. */

static ngx_http_keygate_api_t *
ngx_http_keygate_cors_api(ngx_http_request_t *r, ngx_http_keygate_ctx_t *gate)
{
    ngx_http_keygate_loc_conf_t  *klcf;

    if (gate) {
        return gate->dry_run ? NULL : gate->api;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->dry_run) {
        return NULL;
    }

    return klcf->errors ? klcf->errors : klcf->api;
}
