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
ngx_http_keygate_ctx_create(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    keygate_verdict_t *v)
{
    size_t                   windows;
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    windows = v->n_windows * sizeof(keygate_window_t);

    cln = ngx_pool_cleanup_add(r->main->pool, sizeof(ngx_http_keygate_ctx_t)
                                              + sizeof(keygate_verdict_t)
                                              + windows);
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_keygate_ctx_t));
    ctx->api = api;
    ctx->owner = r;
    ctx->upstream = r->upstream;

    ctx->verdict = (keygate_verdict_t *) (ctx + 1);
    *ctx->verdict = *v;

    ctx->verdict->scratch = NULL;
    ctx->verdict->windows = (keygate_window_t *) (ctx->verdict + 1);
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
ngx_http_keygate_ctx_get(ngx_http_request_t *r)
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
ngx_http_keygate_ctx_find(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
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

    *covered = (ctx && (p == r ? !ctx->led
                               : ngx_http_keygate_covers(ctx, r)));

    return ctx;
}


/*
 * What a key was let in for covers the subrequests of it, and a refusal
 * refuses them.  What everybody is let in for covers none: the body of a
 * public answer may name any path in an include.  The one exception is a copy
 * that "mirror" makes: the operator has named its location, and no body can.
 */

static ngx_uint_t
ngx_http_keygate_covers(ngx_http_keygate_ctx_t *ctx, ngx_http_request_t *r)
{
    keygate_api_t             *api;
    keygate_str_t              path;
    ngx_http_core_loc_conf_t  *clcf;

    if (ctx->verdict->authenticated || ctx->status) {
        return 1;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!r->background || clcf->name.len != r->uri.len
        || ngx_strncmp(clcf->name.data, r->uri.data, r->uri.len) != 0)
    {
        return 0;
    }

    api = ctx->api->core;
    path.len = r->uri.len;
    path.data = r->uri.data;

    return !keygate_path_rest(path, api->base, &path)
           || keygate_router_match(api->router, path) == NULL;
}


/*
 * X-Accel-Redirect: who answered what everybody is let in for may lead to any
 * path.  "r->upstream" is still the one that has led here until the next
 * upstream is asked, so every location on the way has to look.
 */

void
ngx_http_keygate_ctx_led(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    if (!r->internal || r->upstream == NULL
        || r->upstream->headers_in.x_accel_redirect == NULL)
    {
        return;
    }

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_keygate_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->owner == r && ctx->upstream != r->upstream) {
            ctx->led |= !ctx->verdict->authenticated && !ctx->status;
        }
    }
}


ngx_http_keygate_ctx_t *
ngx_http_keygate_ctx_next(ngx_http_request_t *r, ngx_pool_cleanup_t **cln)
{
    do {
        *cln = *cln ? (*cln)->next : r->main->pool->cleanup;
    } while (*cln && (*cln)->handler != ngx_http_keygate_cleanup);

    return *cln ? (*cln)->data : NULL;
}


ngx_uint_t
ngx_http_keygate_ctx_paid(ngx_http_request_t *r, ngx_http_keygate_api_t *api)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    for (cln = NULL; /* void */ ; ) {
        ctx = ngx_http_keygate_ctx_next(r, &cln);

        if (ctx == NULL) {
            return 0;
        }

        if (ctx->api == api && ctx->verdict->charged) {
            return 1;
        }
    }
}
