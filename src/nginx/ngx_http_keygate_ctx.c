/*
 * Decisions kept and found again: through module contexts or, after internal
 * redirects have wiped these, through cleanups of the client request's pool.
 * How a decision is made is not known here.
 *
 * Each belongs to the request that it was made for, the main one or a
 * subrequest, and never opens what leads to that request.
 */

#include "ngx_http_keygate.h"


static void ngx_http_keygate_cleanup(void *data);
static ngx_http_keygate_ctx_t *ngx_http_keygate_own_ctx(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api);
static ngx_uint_t ngx_http_keygate_covers(ngx_http_keygate_ctx_t *ctx,
    ngx_http_request_t *r);


ngx_http_keygate_ctx_t *
ngx_http_keygate_create_ctx(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    keygate_verdict_t *v)
{
    size_t                   size, windows;
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->main->pool, sizeof(ngx_http_keygate_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_keygate_ctx_t));
    ctx->api = api;
    ctx->owner = r;

    /* what there is of a verdict is a quarter of what there could be */

    size = ngx_align(offsetof(keygate_verdict_t, key.addresses), 8);
    windows = v->n_windows * sizeof(keygate_window_t);

    ctx->verdict = ngx_palloc(r->main->pool, size + windows);
    if (ctx->verdict == NULL) {
        return NULL;
    }

    ngx_memcpy(ctx->verdict, v, size);
    ctx->verdict->windows = (keygate_window_t *)
                            ((u_char *) ctx->verdict + size);
    ngx_memcpy(ctx->verdict->windows, v->windows, windows);

    cln->handler = ngx_http_keygate_cleanup;
    ngx_http_set_ctx(r, ctx, ngx_http_keygate_module);

    return ctx;
}


/* Only marks the context among the cleanups. */

static void
ngx_http_keygate_cleanup(void *data)
{
}


ngx_http_keygate_ctx_t *
ngx_http_keygate_get_ctx(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t  *ctx;

    for ( ;; ) {
        ctx = ngx_http_keygate_own_ctx(r, NULL);

        if (ctx || r == r->main) {
            return ctx;
        }

        r = r->parent;
    }
}


/* The last decision on "r" itself, by that API or, with NULL, by any. */

static ngx_http_keygate_ctx_t *
ngx_http_keygate_own_ctx(ngx_http_request_t *r, ngx_http_keygate_api_t *api)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_keygate_module);

    if (ctx && (api == NULL || ctx->api == api)) {
        return ctx;
    }

    if (!r->internal && !r->filter_finalize) {
        return NULL;
    }

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_keygate_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->owner == r && (api == NULL || ctx->api == api)) {
            ngx_http_set_ctx(r, ctx, ngx_http_keygate_module);
            return ctx;
        }
    }

    return NULL;
}


ngx_http_keygate_ctx_t *
ngx_http_keygate_find_ctx(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    ngx_uint_t *covered)
{
    ngx_http_request_t      *p;
    ngx_http_keygate_ctx_t  *ctx;

    for (p = r; /* void */ ; p = p->parent) {
        ctx = ngx_http_keygate_own_ctx(p, api);

        if (ctx || p == r->main) {
            break;
        }
    }

    *covered = (ctx && (p == r || ngx_http_keygate_covers(ctx, r)));

    return ctx;
}


/*
 * What a key was let in for covers the subrequests of it.  What everybody is
 * let in for does not cover those with a route that asks for more; others
 * have no meaning of their own ("mirror").
 */

static ngx_uint_t
ngx_http_keygate_covers(ngx_http_keygate_ctx_t *ctx, ngx_http_request_t *r)
{
    keygate_api_t    *api;
    keygate_str_t     path, method;
    keygate_route_t  *routes, *route;

    if (ctx->verdict->authenticated || ctx->status) {
        return 1;
    }

    api = ctx->api->core;
    path.len = r->uri.len;
    path.data = r->uri.data;

    if (!keygate_path_rest(path, api->base, &path)) {
        return 1;
    }

    routes = keygate_router_match(api->router, path);

    if (routes == NULL) {
        return 1;
    }

    method.len = r->method_name.len;
    method.data = r->method_name.data;
    route = keygate_route_method(routes, method);

    return route && route->need.kind == KEYGATE_NEED_PUBLIC;
}


ngx_uint_t
ngx_http_keygate_paid(ngx_http_request_t *r, ngx_http_keygate_api_t *api)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_keygate_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->api == api && ctx->verdict->charged) {
            return 1;
        }
    }

    return 0;
}
