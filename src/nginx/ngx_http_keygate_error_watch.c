/*
 * Upstreams that break off while their error is held back: nginx finalizes the
 * upstream with an error, and would close the client's connection without a
 * byte.
 *
 *     header held back  --->  NGX_ERROR         answered while nginx finalizes
 *                                               the upstream; then it closes
 *                                               the client's connection
 */

#include "ngx_http_keygate_error.h"


static void ngx_http_keygate_error_finalize(ngx_http_request_t *r,
    ngx_int_t rc);


void
ngx_http_keygate_error_watch(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u && u->cleanup && ctx->finalize == NULL) {
        ctx->finalize = u->finalize_request;
        u->finalize_request = ngx_http_keygate_error_finalize;
    }
}


static void
ngx_http_keygate_error_finalize(ngx_http_request_t *r, ngx_int_t rc)
{
    keygate_error_t                e;
    ngx_http_keygate_error_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_keygate_error_filter_module);

    if (ctx == NULL || ctx->finalize == NULL) {
        return;
    }

    ctx->finalize(r, rc);

    /* nginx sends nothing more after an error, and closes the connection */

    if (rc != NGX_ERROR || ctx->state != NGX_HTTP_KEYGATE_HOLD
        || r->connection->error)
    {
        return;
    }

    r->keepalive = 0;

    ngx_memzero(&e, sizeof(keygate_error_t));
    (void) ngx_http_keygate_error_replace(r, ctx, &e);
}
