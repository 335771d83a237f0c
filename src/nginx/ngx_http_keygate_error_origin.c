/*
 * Who has made the response whose header is about to leave: the gate, nginx
 * itself, a page that error_page names, or an upstream.
 */

#include "ngx_http_keygate_error.h"

#include "keygate_media.h"


static void ngx_http_keygate_error_early(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re);
static ngx_uint_t ngx_http_keygate_error_looks_special(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_error_own(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re);
static ngx_uint_t ngx_http_keygate_error_of_grpc(ngx_http_request_t *r);


void
ngx_http_keygate_error_origin(ngx_http_request_t *r, ngx_uint_t page,
    ngx_uint_t armed, ngx_http_keygate_response_t *re)
{
    ngx_http_upstream_t          *u;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    u = r->upstream;

    re->status = r->headers_out.status;
    re->bodiless = (r->method == NGX_HTTP_HEAD);

    /* whoever asks for somebody else goes by the status */

    re->grpc = (r == r->main && !klcf->auth
                && ngx_http_keygate_error_of_grpc(r));

    re->upstream = ngx_http_keygate_error_answers(r);

    /* nginx tests or skips Expect before each response of its own */

    re->special = (!re->upstream && r->expect_tested
                   && ngx_http_keygate_error_looks_special(r));

    if (page && (armed ? !r->expect_tested : !re->special)) {
        re->page = 1;
    }

    /* a service that stands in for another is no page, nor is one that
     * fails itself */

    if (re->upstream
        && (r->err_status == 0
            || u->headers_in.status_n >= NGX_HTTP_INTERNAL_SERVER_ERROR))
    {
        re->page = 0;
    }

    if (re->gate == NULL && re->special && !re->page) {
        ngx_http_keygate_error_early(r, re);
    }

    re->own = ngx_http_keygate_error_own(r, re);

    re->api = klcf->errors;

    if (re->own && re->api == NULL) {
        re->api = re->gate->api;
    }
}


/* The gate's word for what nginx has refused before it was asked. */

static void
ngx_http_keygate_error_early(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re)
{
    switch (re->status) {

    case NGX_HTTP_BAD_REQUEST:
        re->gate = ngx_http_keygate_early(r);
        break;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        re->gate = ngx_http_keygate_early_large(r);
        break;

    default:
        return;
    }

    if (re->gate && re->gate->status && !re->gate->dry_run) {
        re->status = re->gate->status;
        r->err_status = re->status;
        r->headers_out.status = re->status;
    }
}


/* What ngx_http_send_special_response() leaves in the headers. */

static ngx_uint_t
ngx_http_keygate_error_looks_special(ngx_http_request_t *r)
{
    if (r->headers_out.last_modified_time != -1
        || r->headers_out.etag
        || r->headers_out.content_length)
    {
        return 0;
    }

    if (r->headers_out.content_type.len == 0) {
        return r->headers_out.content_length_n == 0;
    }

    return r->headers_out.content_length_n > 0
           && r->headers_out.content_type.len == sizeof("text/html") - 1
           && ngx_strncmp(r->headers_out.content_type.data, "text/html",
                          sizeof("text/html") - 1)
              == 0;
}


static ngx_uint_t
ngx_http_keygate_error_own(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re)
{
    ngx_http_keygate_ctx_t  *ctx;

    ctx = re->gate;

    if (ctx == NULL || ctx->dry_run || ctx->verdict == NULL) {
        return 0;
    }

    if (ctx->reading && re->special && ctx->status == 0
        && re->status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE)
    {
        ctx->reading = 0;
        ctx->verdict->need_body = 0;
        ctx->verdict->code = KEYGATE_BODY_TOO_LARGE;
        ngx_http_keygate_access_counted(ctx);
        ctx->status = keygate_error_status(&ctx->api->core->texts,
                                           KEYGATE_BODY_TOO_LARGE);
        re->status = ctx->status;
        r->err_status = re->status;
        r->headers_out.status = re->status;
        ngx_http_keygate_log_refusal(r, ctx);
    }

    if (ctx->status == 0 || ctx->status != re->status) {
        return 0;
    }

    return !re->upstream || re->page;
}


static ngx_uint_t
ngx_http_keygate_error_of_grpc(ngx_http_request_t *r)
{
    keygate_str_t  type;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type.len = r->headers_in.content_type->value.len;
    type.data = r->headers_in.content_type->value.data;

    return keygate_media_is_grpc(type);
}
