/*
 * Error bodies that have to be seen before anybody knows what to do with
 * them: which these are, keeping them while they come, at most
 * keygate_errors_inspect bytes of each, and the verdict at their end.
 */

#include "ngx_http_keygate_error.h"


#define NGX_HTTP_KEYGATE_ERROR_FIRST  4096    /* bytes; does for nearly all */


static ngx_http_keygate_error_e ngx_http_keygate_error_plan_body(
    ngx_http_request_t *r, ngx_http_keygate_error_ctx_t *ctx);
static size_t ngx_http_keygate_error_most(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_error_room(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, size_t size);
static ngx_uint_t ngx_http_keygate_error_hopeless(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_error_judge(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_error_release(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, ngx_chain_t *rest);
static void *ngx_http_keygate_error_alloc(void *pool, size_t size);


ngx_http_keygate_error_e
ngx_http_keygate_error_plan(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    keygate_str_t                 type;
    ngx_http_keygate_response_t  *re;
    ngx_http_keygate_loc_conf_t  *klcf;

    re = &ctx->response;

    if (re->api == NULL || re->page) {
        return NGX_HTTP_KEYGATE_PASS;
    }

    if (re->own || re->special) {
        return NGX_HTTP_KEYGATE_MAKE;
    }

    type.len = r->headers_out.content_type.len;
    type.data = r->headers_out.content_type.data;

    ctx->type = keygate_error_type_of(type);

    /* the admin API's errors are problems, whatever there is around it */

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->admin && ctx->type == KEYGATE_TYPE_PROBLEM && !re->upstream) {
        return NGX_HTTP_KEYGATE_PASS;
    }

    return ngx_http_keygate_error_plan_body(r, ctx);
}


static ngx_http_keygate_error_e
ngx_http_keygate_error_plan_body(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    keygate_error_format_e        format;
    ngx_http_keygate_response_t  *re;
    ngx_http_keygate_loc_conf_t  *klcf;

    re = &ctx->response;
    format = ngx_http_keygate_error_format(re);

    ctx->opaque = (format == KEYGATE_PROBLEM
                   && ctx->type == KEYGATE_TYPE_PROBLEM);

    /* text and pages of nginx's own ("return 404 text") say nothing */

    if (r->headers_out.content_length_n == 0
        || (ctx->type > KEYGATE_TYPE_JSON && !re->upstream)
        || (re->status >= 500 && !ctx->opaque
            && (ctx->type > KEYGATE_TYPE_JSON || format == KEYGATE_PROBLEM
                || format == KEYGATE_GRPC))
        || (!ctx->opaque && ngx_http_keygate_error_coded(r)
            && !ngx_http_keygate_error_gzipped(r)))
    {
        return NGX_HTTP_KEYGATE_MAKE;
    }

    if (re->bodiless) {
        re->unsure = (ctx->type != KEYGATE_TYPE_OTHER);
        return ctx->opaque ? NGX_HTTP_KEYGATE_PASS : NGX_HTTP_KEYGATE_MAKE;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (r->headers_out.content_length_n > (off_t) klcf->inspect) {
        return ctx->opaque ? NGX_HTTP_KEYGATE_PASS : NGX_HTTP_KEYGATE_MAKE;
    }

    return r->header_only ? NGX_HTTP_KEYGATE_MAKE : NGX_HTTP_KEYGATE_HOLD;
}


ngx_int_t
ngx_http_keygate_error_hold(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    size_t  size;

    size = ngx_min(ngx_http_keygate_error_most(r),
                   NGX_HTTP_KEYGATE_ERROR_FIRST);

    ctx->body = ngx_create_temp_buf(r->pool, size + 1);
    if (ctx->body == NULL) {
        return NGX_ERROR;
    }

    ctx->body->end = ctx->body->start + size;
    r->filter_need_in_memory = 1;

    ngx_http_keygate_error_watch(r, ctx);

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_error_keep(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, ngx_chain_t *in)
{
    off_t             size;
    ngx_int_t         rc;
    ngx_buf_t        *b, *body;
    ngx_uint_t        end;
    ngx_chain_t      *cl;
    keygate_error_t   e;

    body = ctx->body;
    end = 0;

    for (cl = in; cl && !end; cl = cl->next) {
        b = cl->buf;
        size = ngx_buf_size(b);

        rc = (size && !ngx_buf_in_memory(b))
             ? NGX_DECLINED
             : ngx_http_keygate_error_room(r, ctx, (size_t) size);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {

            if (ctx->opaque) {
                return ngx_http_keygate_error_release(r, ctx, cl);
            }

            body->last = body->pos;
            end = 1;
            break;
        }

        if (size) {
            body->last = ngx_cpymem(body->last, b->pos, (size_t) size);
            b->pos = b->last;
            b->file_pos = b->file_last;
        }

        if (b->last_buf) {
            return ngx_http_keygate_error_judge(r, ctx);
        }

        if (size && ngx_http_keygate_error_hopeless(r, ctx)) {
            end = 1;
        }

        /* an upstream that is finalized and flushes has broken off */

        if (b->flush && size == 0 && ctx->response.upstream
            && r->upstream->cleanup == NULL)
        {
            end = 1;
        }
    }

    if (!end) {
        return NGX_OK;
    }

    for ( /* void */ ; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    ngx_memzero(&e, sizeof(keygate_error_t));

    return ngx_http_keygate_error_replace(r, ctx, &e);
}


/* How long the body may be that is held back: as long as it says, which is no
 * more than keygate_errors_inspect, or that. */

static size_t
ngx_http_keygate_error_most(ngx_http_request_t *r)
{
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    return r->headers_out.content_length_n != -1
           ? (size_t) r->headers_out.content_length_n : klcf->inspect;
}


/* Room for so many bytes more; NGX_DECLINED: there may be none. */

static ngx_int_t
ngx_http_keygate_error_room(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, size_t size)
{
    size_t      used, most;
    u_char     *room;
    ngx_buf_t  *b;

    b = ctx->body;

    if (size <= (size_t) (b->end - b->last)) {
        return NGX_OK;
    }

    used = b->last - b->pos;
    most = ngx_http_keygate_error_most(r);

    if (used > most || size > most - used) {
        return NGX_DECLINED;
    }

    most = ngx_min(most, 2 * (used + size));

    room = ngx_pnalloc(r->pool, most + 1);
    if (room == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(room, b->pos, used);
    (void) ngx_pfree(r->pool, b->start);
    b->start = room;
    b->pos = room;
    b->end = room + most;

    return NGX_OK;
}


/* Whether what has come of a body that is no JSON by its header, and mostly
 * is none, tells that nothing of it will be kept. */

static ngx_uint_t
ngx_http_keygate_error_hopeless(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    keygate_str_t  body;

    if (ctx->type <= KEYGATE_TYPE_JSON || ngx_http_keygate_error_coded(r)) {
        return 0;
    }

    body.data = ctx->body->pos;
    body.len = ctx->body->last - ctx->body->pos;

    return !keygate_error_hope(ctx->type, body);
}


/* The body is here whole. */

static ngx_int_t
ngx_http_keygate_error_judge(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx)
{
    size_t                        len;
    keygate_rc_t                  rc;
    keygate_str_t                 type, body;
    keygate_pool_t                pool;
    keygate_error_t               e;
    ngx_http_keygate_response_t  *re;
    ngx_http_keygate_loc_conf_t  *klcf;

    re = &ctx->response;
    len = ctx->body->last - ctx->body->pos;

    ngx_memzero(&e, sizeof(keygate_error_t));

    if (r->headers_out.content_length_n != -1
        && r->headers_out.content_length_n != (off_t) len)
    {
        return ngx_http_keygate_error_replace(r, ctx, &e);
    }

    type.len = r->headers_out.content_type.len;
    type.data = r->headers_out.content_type.data;
    body.len = len;
    body.data = ctx->body->pos;
    pool.alloc = ngx_http_keygate_error_alloc;
    pool.pool = r->pool;

    if (!ctx->opaque && ngx_http_keygate_error_coded(r)) {
        klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

        switch (ngx_http_keygate_error_inflate(r, ctx->body, klcf->inspect,
                                               &body))
        {
        case NGX_OK:
            break;

        case NGX_DECLINED:
            return ngx_http_keygate_error_replace(r, ctx, &e);

        default:
            return NGX_ERROR;
        }
    }

    rc = keygate_error_inspect(ngx_http_keygate_error_format(re), re->status,
                               type, body, &pool, &e);

    if (rc == KEYGATE_NOMEM) {
        return NGX_ERROR;
    }

    if (rc != KEYGATE_OK) {
        return ngx_http_keygate_error_replace(r, ctx, &e);
    }

    if (e.problem) {
        ngx_http_keygate_error_type(r, KEYGATE_PROBLEM);

        if (!ngx_http_keygate_error_coded(r)) {
            ctx->body->pos += e.skip;
        }
    }

    ctx->body->last_buf = 1;
    ctx->body->last_in_chain = 1;

    return ngx_http_keygate_error_release(r, ctx, NULL);
}


/* Sends the header and what was held back, and lets the rest pass. */

static ngx_int_t
ngx_http_keygate_error_release(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, ngx_chain_t *rest)
{
    ngx_int_t     rc;
    ngx_chain_t  *out;

    ctx->state = NGX_HTTP_KEYGATE_PASS;

    if (rest == NULL) {
        ngx_http_clear_content_length(r);
        r->headers_out.content_length_n = ctx->body->last - ctx->body->pos;

        /* over HTTP/1.1 these go behind chunks only */

        if (r->headers_out.trailers.part.nelts) {
            r->expect_trailers = 1;
        }
    }

    rc = ngx_http_keygate_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return NGX_ERROR;
    }

    if (ctx->body->last == ctx->body->pos) {
        return ngx_http_keygate_next_body_filter(r, rest);
    }

    out = ngx_alloc_chain_link(r->pool);
    if (out == NULL) {
        return NGX_ERROR;
    }

    out->buf = ctx->body;
    out->next = rest;

    return ngx_http_keygate_next_body_filter(r, out);
}


static void *
ngx_http_keygate_error_alloc(void *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}
