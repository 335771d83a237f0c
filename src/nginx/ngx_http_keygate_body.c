/*
 * Row 11: reading the request body in the access phase, only where a "when"
 * needs it, and handing it on to the upstream as it came.
 *
 * The body may be in memory, in several buffers, or in a temporary file;
 * client_max_body_size bounds it.  It is buffered even when
 * proxy_request_buffering is off: what was judged is what is sent.
 */

#include "ngx_http_keygate.h"


static void ngx_http_keygate_body_handler(ngx_http_request_t *r);
static void ngx_http_keygate_body_media(ngx_http_request_t *r,
    keygate_media_t *media);
static void ngx_http_keygate_body_free(ngx_http_request_t *r,
    keygate_str_t *body);


/*
 * NGX_OK: the body is there; NGX_DECLINED: it could not be read, as the
 * verdict says; NGX_DONE: the phases go on when it is there; other codes
 * refuse.
 */

ngx_int_t
ngx_http_keygate_body_read(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx)
{
    ngx_int_t  rc;

    /* no phase is run while a body is read: error_page has led here, with as
     * much of the body as had come */

    if (ctx->reading) {
        ctx->reading = 0;
        ctx->verdict->need_body = 0;
        ctx->verdict->code =
                          (r->err_status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE)
                          ? KEYGATE_BODY_TOO_LARGE : KEYGATE_BODY_INVALID;
        return NGX_DECLINED;
    }

    if (r->request_body) {
        ctx->body_done = 1;
        return NGX_OK;
    }

    ctx->reading = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_keygate_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_keygate_body_handler(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t  *ctx;

    ctx = ngx_http_keygate_ctx_get(r);

    ctx->reading = 0;
    ctx->body_done = 1;

    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


void
ngx_http_keygate_body_judge(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    keygate_str_t       body;
    keygate_media_t     media;
    keygate_verdict_t  *v;

    v = ctx->verdict;

    switch (ngx_http_keygate_body_whole(r, &body)) {

    case NGX_OK:
        ngx_http_keygate_body_media(r, &media);

        if (keygate_decide_media(&media, body, v) == KEYGATE_OK) {
            keygate_decide_body(ctx->api->core, body, v);
        }

        ngx_http_keygate_body_free(r, &body);
        return;

    case NGX_DECLINED:
        v->code = KEYGATE_BODY_INVALID;
        break;

    default:
        v->code = KEYGATE_UNAVAILABLE;
    }

    v->need_body = 0;
}


static void
ngx_http_keygate_body_media(ngx_http_request_t *r, keygate_media_t *media)
{
    ngx_str_t  type, encoding;

    ngx_str_null(&type);
    ngx_str_null(&encoding);

    media->n_types = ngx_http_keygate_header(r->main, "content-type", &type);
    media->n_encodings = ngx_http_keygate_header(r->main, "content-encoding",
                                                 &encoding);

    media->type.len = type.len;
    media->type.data = type.data;
    media->encoding.len = encoding.len;
    media->encoding.data = encoding.data;
}


/* A copy of a large body is not kept for as long as the upstream takes. */

static void
ngx_http_keygate_body_free(ngx_http_request_t *r, keygate_str_t *body)
{
    ngx_chain_t  *cl;

    cl = r->main->request_body->bufs;

    if (cl->next || !ngx_buf_in_memory(cl->buf)) {
        (void) ngx_pfree(r->pool, (void *) body->data);
    }
}


ngx_int_t
ngx_http_keygate_body_whole(ngx_http_request_t *r, keygate_str_t *body)
{
    u_char                   *p, *last;
    off_t                     size;
    ssize_t                   n;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = r->main->request_body;

    /* "rest": another location has let the upstream have it piece by piece */

    if (rb == NULL || rb->bufs == NULL || rb->rest > 0) {
        return NGX_DECLINED;
    }

    if (rb->bufs->next == NULL && ngx_buf_in_memory(rb->bufs->buf)) {
        body->data = rb->bufs->buf->pos;
        body->len = rb->bufs->buf->last - rb->bufs->buf->pos;
        return NGX_OK;
    }

    for (size = 0, cl = rb->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    p = ngx_palloc(r->pool, size + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = size;
    last = p + size;

    for (cl = rb->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        if (!b->in_file) {
            continue;
        }

        size = b->file_last - b->file_pos;

        n = ngx_read_file(b->file, p, size, b->file_pos);

        if (n != (ssize_t) size) {
            ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                          "keygate could read only %z of %O bytes of a "
                          "request body from \"%V\"", n, size,
                          &b->file->name);
            return NGX_ERROR;
        }

        p += n;
    }

    return (p == last) ? NGX_OK : NGX_ERROR;
}
