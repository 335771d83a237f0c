/*
 * Rates in header fields, on every answer to a key, by the draft or as they
 * were before it.  What the draft's fields say is in keygate_verdict.c.
 */

#include "ngx_http_keygate.h"


static ngx_int_t ngx_http_keygate_ratelimit_draft(ngx_http_request_t *r,
    keygate_verdict_t *v);
static ngx_int_t ngx_http_keygate_ratelimit_legacy(ngx_http_request_t *r,
    keygate_verdict_t *v);


static ngx_http_keygate_name_t  ngx_http_keygate_left =
    ngx_http_keygate_name("RateLimit", "ratelimit");
static ngx_http_keygate_name_t  ngx_http_keygate_policy =
    ngx_http_keygate_name("RateLimit-Policy", "ratelimit-policy");
static ngx_http_keygate_name_t  ngx_http_keygate_limit =
    ngx_http_keygate_name("X-RateLimit-Limit", "x-ratelimit-limit");
static ngx_http_keygate_name_t  ngx_http_keygate_remaining =
    ngx_http_keygate_name("X-RateLimit-Remaining", "x-ratelimit-remaining");
static ngx_http_keygate_name_t  ngx_http_keygate_reset =
    ngx_http_keygate_name("X-RateLimit-Reset", "x-ratelimit-reset");

static ngx_str_t  ngx_http_keygate_fields[] = {
    ngx_string("RateLimit"),
    ngx_string("RateLimit-Policy"),
    ngx_null_string
};


ngx_int_t
ngx_http_keygate_ratelimit_add(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    switch (ctx->api->core->rate_headers) {

    case KEYGATE_HEADERS_OFF:
        return NGX_OK;

    case KEYGATE_HEADERS_LEGACY:
        return ngx_http_keygate_ratelimit_legacy(r, ctx->verdict);

    default:
        return ngx_http_keygate_ratelimit_draft(r, ctx->verdict);
    }
}


static ngx_int_t
ngx_http_keygate_ratelimit_draft(ngx_http_request_t *r, keygate_verdict_t *v)
{
    size_t         size;
    int64_t        wall;
    ngx_str_t      policy, left;
    keygate_buf_t  out;
    keygate_str_t  made;

    wall = v->key.has_limits || v->rates->monthly
           ? ngx_http_keygate_clock_wall(NULL) : 0;
    made = keygate_verdict_policy(v, wall);
    size = keygate_verdict_left_size(v);

    left.data = ngx_pnalloc(r->pool, made.len ? size : 2 * size);
    if (left.data == NULL) {
        return NGX_ERROR;
    }

    left.len = keygate_verdict_left(v, left.data);

    policy.data = (u_char *) made.data;
    policy.len = made.len;

    if (made.len == 0) {
        out.data = left.data + size;
        out.size = size;
        out.len = 0;

        keygate_verdict_policy_of(v, wall, &out);

        policy.data = out.data;
        policy.len = out.len;
    }

    /* an answer that fails half way is answered anew, and passes here twice */

    ngx_http_keygate_header_remove_all(r, ngx_http_keygate_fields);

    if (ngx_http_keygate_header_add(r, &ngx_http_keygate_policy, &policy)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_left, &left);
}


static ngx_int_t
ngx_http_keygate_ratelimit_legacy(ngx_http_request_t *r, keygate_verdict_t *v)
{
    int64_t                  now;
    ngx_uint_t               begun;
    const keygate_window_t  *w;

    w = keygate_verdict_nearest(v);

    if (w == NULL) {
        return NGX_OK;
    }

    if (ngx_http_keygate_header_add_number(r, &ngx_http_keygate_limit, w->limit)
        != NGX_OK
        || ngx_http_keygate_header_add_number(r, &ngx_http_keygate_remaining,
                                              w->remaining)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* not a part of a second too early */

    now = ngx_http_keygate_clock_wall(&begun);

    return ngx_http_keygate_header_add_number(r, &ngx_http_keygate_reset,
                                              now + begun + w->reset);
}
