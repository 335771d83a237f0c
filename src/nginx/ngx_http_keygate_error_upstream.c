/*
 * Upstreams whose error is replaced: one that goes on sending what nobody will
 * see is ended, for the client's next request waits for it.
 *
 *     header replaced  ---->  all has come      nothing is to be done, the
 *     at once, or late  |                       connection stays usable
 *                       |
 *                       +-->  after 10 ms:      the upstream is finalized as
 *                             still open        nginx does when a client leaves
 */

#include "ngx_http_keygate_error.h"


/* Header and body of one answer often come in two packets. */

#define NGX_HTTP_KEYGATE_ERROR_WAIT  10


static void ngx_http_keygate_error_end_handler(ngx_event_t *ev);
static void ngx_http_keygate_error_end_cleanup(void *data);


/*
 * An upstream that has failed, or whose error nginx has intercepted, has been
 * finalized before nginx makes its own response; a response from the cache has
 * never been set up as anything to be finalized.
 */

ngx_uint_t
ngx_http_keygate_error_answers(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

#if (NGX_HTTP_CACHE)
    return u && (u->cleanup || r->cached);
#else
    return u && u->cleanup;
#endif
}


ngx_int_t
ngx_http_keygate_error_end(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    ngx_event_t          *ev;
    ngx_pool_cleanup_t   *cln;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (!ctx->response.upstream || u == NULL || u->cleanup == NULL) {
        return NGX_OK;
    }

    /* what is being stored is read to its end */

    if (u->store
#if (NGX_HTTP_CACHE)
        || u->cacheable
#endif
       )
    {
        if (u->headers_in.content_length_n == -1
            || u->buffer.last - u->buffer.pos < u->headers_in.content_length_n)
        {
            r->keepalive = 0;
        }

        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ev = &ctx->end;

    cln->handler = ngx_http_keygate_error_end_cleanup;
    cln->data = ev;

    ev->handler = ngx_http_keygate_error_end_handler;
    ev->data = r;
    ev->log = r->connection->log;

    ngx_add_timer(ev, NGX_HTTP_KEYGATE_ERROR_WAIT);

    return NGX_OK;
}


static void
ngx_http_keygate_error_end_handler(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ev->data;
    c = r->connection;
    u = r->upstream;

    if (u == NULL || u->cleanup == NULL) {
        return;
    }

    ngx_http_set_log_request(c->log, r);

    /* a thread has its buffers */

    if (r->main->blocked) {
        ngx_add_timer(ev, NGX_HTTP_KEYGATE_ERROR_WAIT);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "keygate: the upstream is not waited for, its error has "
                  "been replaced");

    /* the handler, which nginx calls when a client leaves, gives back the one
     * reference that the upstream has */

    r->main->count++;

    (*u->cleanup)(r);

    ngx_http_finalize_request(r, NGX_OK);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_keygate_error_end_cleanup(void *data)
{
    ngx_event_t  *ev = data;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }
}
