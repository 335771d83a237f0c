/*
 * The response headers that a decision calls for: on the gate's own refusals
 * what tells a client how to go on.  Those of rates are in
 * ngx_http_keygate_ratelimit.c.  What the fields say is decided in
 * keygate_verdict.c.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_FIELD_MAX  1024


static ngx_int_t ngx_http_keygate_add_challenges(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_add_allow(ngx_http_request_t *r,
    keygate_verdict_t *v);


ngx_http_keygate_name_t  ngx_http_keygate_www_authenticate =
    ngx_http_keygate_name("WWW-Authenticate", "www-authenticate");
ngx_http_keygate_name_t  ngx_http_keygate_proxy_authenticate =
    ngx_http_keygate_name("Proxy-Authenticate", "proxy-authenticate");

static ngx_http_keygate_name_t  ngx_http_keygate_retry_after =
    ngx_http_keygate_name("Retry-After", "retry-after");


ngx_int_t
ngx_http_keygate_headers_add(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, ngx_uint_t own)
{
    keygate_verdict_t  *v;

    v = ctx->verdict;

    if (v == NULL) {
        return NGX_OK;
    }

    if (v->authenticated && v->n_windows
        && ngx_http_keygate_ratelimit_add(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!own) {
        return NGX_OK;
    }

    if (ngx_http_keygate_add_challenges(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (v->code == KEYGATE_METHOD_NOT_ALLOWED
        && ngx_http_keygate_add_allow(r, v) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (v->retry_after
        && ngx_http_keygate_header_add_number(r, &ngx_http_keygate_retry_after,
                                              v->retry_after)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_header_no_store(r);
}


static ngx_int_t
ngx_http_keygate_add_challenges(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    u_char         *room;
    unsigned        i;
    ngx_str_t       value;
    keygate_api_t  *api;
    keygate_buf_t   out;

    api = ctx->api->core;

    for (i = 0; i < api->n_sources; i++) {
        ngx_memzero(&out, sizeof(keygate_buf_t));
        keygate_verdict_challenge(api, &api->sources[i], ctx->verdict, &out);

        if (out.len == 0) {
            continue;
        }

        room = ngx_pnalloc(r->pool, out.len);
        if (room == NULL) {
            return NGX_ERROR;
        }

        out.data = room;
        out.size = out.len;
        out.len = 0;

        keygate_verdict_challenge(api, &api->sources[i], ctx->verdict, &out);

        value.data = room;
        value.len = out.size;

        /* one line a scheme: other modules' challenges stay beside them */

        if (ngx_http_keygate_header_add(r,
                                        ngx_http_keygate_tunnel(r)
                                        ? &ngx_http_keygate_proxy_authenticate
                                        : &ngx_http_keygate_www_authenticate,
                                        &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_add_allow(ngx_http_request_t *r, keygate_verdict_t *v)
{
    u_char         room[NGX_HTTP_KEYGATE_FIELD_MAX];
    keygate_buf_t  allow;

    allow.data = room;
    allow.size = sizeof(room);
    allow.len = 0;

    keygate_route_allow(v->routes, &allow);

    return ngx_http_keygate_header_add_field(r, &ngx_http_keygate_allow,
                                             &allow);
}
