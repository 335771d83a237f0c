/*
 * What replaces an error is sent: the header, and the body in one piece.
 */

#include "ngx_http_keygate_error.h"


/* Everything leaves at once, whatever the old body still does: a client must
 * not wait for a slow upstream to end what nobody will see. */

ngx_int_t
ngx_http_keygate_error_replace(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, keygate_error_t *e)
{
    off_t                         len;
    ngx_int_t                     rc;
    ngx_buf_t                    *b;
    ngx_chain_t                   out;
    ngx_http_keygate_response_t  *re;

    re = &ctx->response;
    ctx->state = NGX_HTTP_KEYGATE_MAKE;

    b = ngx_http_keygate_error_make(r, re, e);

    if (b == NULL || ngx_http_keygate_error_end(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (re->grpc) {
        ngx_http_keygate_error_clear(r, re);

        return ngx_http_keygate_error_grpc(r, re, b) == NGX_OK
               ? ngx_http_keygate_next_header_filter(r) : NGX_ERROR;
    }

    len = re->unsure ? -1 : b->last - b->pos;
    ngx_http_keygate_error_headers(r, re, len);

    if (!re->bodiless) {
        r->header_only = 0;
    }

    rc = ngx_http_keygate_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    if (ngx_http_keygate_next_body_filter(r, &out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return NGX_OK;
}
