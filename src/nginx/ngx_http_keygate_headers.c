/*
 * A header line of the request, and the response headers that a decision calls
 * for: rates on every answer to a key, and on the gate's own refusals what
 * tells a client how to go on.  What the fields say is decided in
 * keygate_verdict.c.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_FIELD_MAX  1024


static ngx_int_t ngx_http_keygate_add_field(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, keygate_buf_t *value);
static ngx_int_t ngx_http_keygate_add_number(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, int64_t n);
static ngx_int_t ngx_http_keygate_add_rates(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_add_legacy(ngx_http_request_t *r,
    keygate_verdict_t *v);
static ngx_int_t ngx_http_keygate_add_challenges(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_add_allow(ngx_http_request_t *r,
    keygate_verdict_t *v);


ngx_http_keygate_name_t  ngx_http_keygate_allow =
    ngx_http_keygate_name("Allow", "allow");
ngx_http_keygate_name_t  ngx_http_keygate_cache_control =
    ngx_http_keygate_name("Cache-Control", "cache-control");
ngx_http_keygate_name_t  ngx_http_keygate_www_authenticate =
    ngx_http_keygate_name("WWW-Authenticate", "www-authenticate");
ngx_http_keygate_name_t  ngx_http_keygate_proxy_authenticate =
    ngx_http_keygate_name("Proxy-Authenticate", "proxy-authenticate");

static ngx_http_keygate_name_t  ngx_http_keygate_retry_after =
    ngx_http_keygate_name("Retry-After", "retry-after");
static ngx_http_keygate_name_t  ngx_http_keygate_ratelimit =
    ngx_http_keygate_name("RateLimit", "ratelimit");
static ngx_http_keygate_name_t  ngx_http_keygate_ratelimit_policy =
    ngx_http_keygate_name("RateLimit-Policy", "ratelimit-policy");
static ngx_http_keygate_name_t  ngx_http_keygate_limit =
    ngx_http_keygate_name("X-RateLimit-Limit", "x-ratelimit-limit");
static ngx_http_keygate_name_t  ngx_http_keygate_remaining =
    ngx_http_keygate_name("X-RateLimit-Remaining", "x-ratelimit-remaining");
static ngx_http_keygate_name_t  ngx_http_keygate_reset =
    ngx_http_keygate_name("X-RateLimit-Reset", "x-ratelimit-reset");

static ngx_str_t  ngx_http_keygate_never = ngx_string("no-store");
static ngx_str_t  ngx_http_keygate_get_head = ngx_string("GET, HEAD");


ngx_uint_t
ngx_http_keygate_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if (h[i].key.len == len
            && ngx_strncmp(h[i].lowcase_key, name, len) == 0
            && n++ == 0)
        {
            *value = h[i].value;
        }
    }

    return n;
}


ngx_int_t
ngx_http_keygate_add_headers(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, ngx_uint_t own)
{
    keygate_verdict_t  *v;

    v = ctx->verdict;

    if (v == NULL) {
        return NGX_OK;
    }

    if (v->authenticated && v->n_windows
        && ngx_http_keygate_add_rates(r, ctx) != NGX_OK)
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
        && ngx_http_keygate_add_number(r, &ngx_http_keygate_retry_after,
                                       v->retry_after)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_no_store(r);
}


ngx_int_t
ngx_http_keygate_no_store(ngx_http_request_t *r)
{
    return ngx_http_keygate_add_header(r, &ngx_http_keygate_cache_control,
                                       &ngx_http_keygate_never);
}


ngx_int_t
ngx_http_keygate_add_header(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_http_keygate_header_end(h);
    h->key = name->key;
    h->value = *value;
    h->lowcase_key = name->lowcase;

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_read_only(ngx_http_request_t *r)
{
    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return ngx_http_discard_request_body(r);
    }

    if (ngx_http_keygate_add_header(r, &ngx_http_keygate_allow,
                                    &ngx_http_keygate_get_head)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_NOT_ALLOWED;
}


void
ngx_http_keygate_remove_header(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if (h[i].key.len == name->len && h[i].hash != 0
            && ngx_strncasecmp(h[i].key.data, name->data, name->len) == 0)
        {
            h[i].hash = 0;
        }
    }
}


/* Sets a header: an answer that fails half way is answered anew, and passes
 * here twice. */

static ngx_int_t
ngx_http_keygate_add_field(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, keygate_buf_t *value)
{
    ngx_str_t  copy;

    if (value->len > value->size) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "keygate: the value of \"%V\" would be %uz bytes long, "
                      "the header is left out", &name->key, value->len);
        return NGX_OK;
    }

    ngx_http_keygate_remove_header(r, &name->key);

    copy.len = value->len;
    copy.data = ngx_pnalloc(r->pool, copy.len);

    if (copy.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy.data, value->data, copy.len);

    return ngx_http_keygate_add_header(r, name, &copy);
}


static ngx_int_t
ngx_http_keygate_add_number(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, int64_t n)
{
    u_char         text[NGX_INT64_LEN];
    keygate_buf_t  value;

    value.data = text;
    value.size = sizeof(text);
    value.len = 0;

    keygate_buf_num(&value, n);

    return ngx_http_keygate_add_field(r, name, &value);
}


static ngx_int_t
ngx_http_keygate_add_rates(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx)
{
    u_char         room[2][NGX_HTTP_KEYGATE_FIELD_MAX];
    keygate_buf_t  policy, limit;

    switch (ctx->api->core->rate_headers) {

    case KEYGATE_HEADERS_OFF:
        return NGX_OK;

    case KEYGATE_HEADERS_LEGACY:
        return ngx_http_keygate_add_legacy(r, ctx->verdict);

    default:
        break;
    }

    policy.data = room[0];
    limit.data = room[1];
    policy.size = limit.size = NGX_HTTP_KEYGATE_FIELD_MAX;
    policy.len = limit.len = 0;

    keygate_verdict_ratelimit(ctx->api->core, ctx->verdict,
                              ngx_http_keygate_wall(NULL), &policy, &limit);

    if (ngx_http_keygate_add_field(r, &ngx_http_keygate_ratelimit_policy,
                                   &policy)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_add_field(r, &ngx_http_keygate_ratelimit, &limit);
}


static ngx_int_t
ngx_http_keygate_add_legacy(ngx_http_request_t *r, keygate_verdict_t *v)
{
    int64_t                  now;
    ngx_uint_t               begun;
    const keygate_window_t  *w;

    w = keygate_verdict_nearest(v);

    if (w == NULL) {
        return NGX_OK;
    }

    if (ngx_http_keygate_add_number(r, &ngx_http_keygate_limit, w->limit)
        != NGX_OK
        || ngx_http_keygate_add_number(r, &ngx_http_keygate_remaining,
                                       w->remaining)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* not a part of a second too early */

    now = ngx_http_keygate_wall(&begun);

    return ngx_http_keygate_add_number(r, &ngx_http_keygate_reset,
                                       now + begun + w->reset);
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

        if (ngx_http_keygate_add_header(r,
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

    return ngx_http_keygate_add_field(r, &ngx_http_keygate_allow, &allow);
}
