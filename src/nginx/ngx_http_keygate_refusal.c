/*
 * A verdict in words: what an error body is told about a refusal.  The
 * wording of bodies is in keygate_error.c.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_ERROR_ROOM  1024     /* does for nearly all bodies */


static keygate_str_t ngx_http_keygate_span(ngx_str_t *s);
static ngx_int_t ngx_http_keygate_refused_scopes(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_error_t *e);
static ngx_int_t ngx_http_keygate_refused_rates(ngx_http_request_t *r,
    keygate_verdict_t *v, keygate_error_t *e);
static void ngx_http_keygate_limits(keygate_verdict_t *v, keygate_buf_t *out);
static void ngx_http_keygate_sources(ngx_http_request_t *r, keygate_api_t *api,
    keygate_buf_t *out);
static ngx_int_t ngx_http_keygate_where_to_send(ngx_http_request_t *r,
    keygate_api_t *api, keygate_error_t *e);


ngx_int_t
ngx_http_keygate_refusal_text(ngx_http_request_t *r,
    const keygate_texts_t *texts, keygate_error_t *e, ngx_str_t *body)
{
    keygate_buf_t  out;

    out.size = NGX_HTTP_KEYGATE_ERROR_ROOM;

    for ( ;; ) {
        out.len = 0;
        out.data = ngx_pnalloc(r->pool, out.size);

        if (out.data == NULL) {
            return NGX_ERROR;
        }

        keygate_error_body(texts, e, &out);

        if (out.len <= out.size) {
            break;
        }

        out.size = out.len;
    }

    body->data = out.data;
    body->len = out.len;

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_refusal_describe(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_error_t *e)
{
    ngx_str_t  method, path;

    (void) ngx_http_keygate_auth_read(r, &method, &path);

    if (!ngx_http_keygate_refusal_tells_key(r, api, path.data, path.len)) {
        e->instance = ngx_http_keygate_span(&path);
    }

    return ngx_http_keygate_request_id(r, &e->request_id);
}


static keygate_str_t
ngx_http_keygate_span(ngx_str_t *s)
{
    keygate_str_t  span;

    span.len = s->len;
    span.data = s->data;

    return span;
}


ngx_uint_t
ngx_http_keygate_refusal_status(const keygate_api_t *api,
    const keygate_verdict_t *v)
{
    ngx_uint_t  status;

    status = keygate_error_status(&api->texts, v->code);

    return (v->code == KEYGATE_UNAVAILABLE && v->retry_after
            && status == NGX_HTTP_INTERNAL_SERVER_ERROR)
           ? NGX_HTTP_SERVICE_UNAVAILABLE : status;
}


ngx_int_t
ngx_http_keygate_refusal(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    keygate_error_t *e)
{
    ngx_str_t           method, path;
    keygate_api_t      *api;
    keygate_verdict_t  *v;

    api = ctx->api->core;
    v = ctx->verdict;

    if (ngx_http_keygate_refusal_describe(r, ctx->api, e) != NGX_OK) {
        return NGX_ERROR;
    }

    e->code = v->code;
    e->status = ctx->status;
    e->method = ngx_http_keygate_span(
                    ngx_http_keygate_auth_read(r, &method, &path)
                    ? &method : &r->main->method_name);

    if (!ngx_http_keygate_refusal_tells_key(r, ctx->api,
                                            (u_char *) v->path.data,
                                            v->path.len))
    {
        e->path = v->path;
    }

    if (v->key.plan != -1) {
        (void) keygate_table_plan_name(ctx->api->zone->table, v->key.plan,
                                       &e->plan);
    }

    switch (v->code) {

    case KEYGATE_CREDENTIAL_MISSING:
        return ngx_http_keygate_where_to_send(r, api, e);

    case KEYGATE_RATE_LIMITED:
    case KEYGATE_QUOTA_EXCEEDED:
        return ngx_http_keygate_refused_rates(r, v, e);

    case KEYGATE_INSUFFICIENT_SCOPE:
        return ngx_http_keygate_refused_scopes(r, ctx, e);

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_keygate_refused_scopes(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_error_t *e)
{
    unsigned        n;
    keygate_str_t  *names;

    n = ctx->verdict->need.n;

    names = ngx_palloc(r->pool, (2 * n + ctx->api->core->catalogue.n)
                                * sizeof(keygate_str_t));
    if (names == NULL) {
        return NGX_ERROR;
    }

    e->scoped = 1;
    e->one_of = (ctx->verdict->need.kind == KEYGATE_NEED_ONE_OF);

    e->required = names;
    e->n_required = keygate_verdict_required(ctx->api->core, ctx->verdict,
                                             names);

    names += n;

    e->missing = names;
    e->n_missing = keygate_verdict_missing(ctx->api->core, ctx->verdict,
                                           names);

    names += n;

    e->granted = names;
    e->n_granted = keygate_verdict_granted(ctx->api->core, ctx->verdict,
                                           names);

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_refused_rates(ngx_http_request_t *r, keygate_verdict_t *v,
    keygate_error_t *e)
{
    unsigned                 i;
    keygate_buf_t            out;
    keygate_str_t           *names;
    const keygate_window_t  *w;

    ngx_memzero(&out, sizeof(keygate_buf_t));
    ngx_http_keygate_limits(v, &out);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    names = ngx_palloc(r->pool, v->n_windows * sizeof(keygate_str_t));

    if (out.data == NULL || names == NULL) {
        return NGX_ERROR;
    }

    ngx_http_keygate_limits(v, &out);

    e->detail.data = out.data;
    e->detail.len = out.size;
    e->retry_after = v->retry_after;
    e->violated = names;

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (!w->refused) {
            continue;
        }

        /* the one that is waited for */

        if (e->limit == 0
            || (v->never ? w->limit < v->route->cost
                         : w->retry_after == v->retry_after))
        {
            e->limit = w->limit;
        }

        names[e->n_violated++] = w->label->name;
    }

    return NGX_OK;
}


static void
ngx_http_keygate_limits(keygate_verdict_t *v, keygate_buf_t *out)
{
    unsigned                 i, n;
    const keygate_window_t  *w;

    if (v->never) {
        keygate_buf_puts(out, "This request counts as ");
        keygate_buf_num(out, v->route->cost);
        keygate_buf_puts(out, ", which is always over the limit of ");

    } else {
        keygate_buf_puts(out, v->code == KEYGATE_QUOTA_EXCEEDED
                              ? "Over the quota of " : "Over the limit of ");
    }

    for (n = 0, i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (!w->refused || (v->never && w->limit >= v->route->cost)) {
            continue;
        }

        keygate_buf_puts(out, n++ ? " and " : "");
        keygate_buf_num(out, w->limit);
        keygate_buf_puts(out, w->limit == 1 ? " request per "
                                            : " requests per ");
        keygate_buf_puts(out, keygate_unit_name(w->unit));
    }

    if (v->never) {
        keygate_buf_puts(out, ": no waiting helps.");
        return;
    }

    keygate_buf_puts(out, "; try again in ");
    keygate_buf_num(out, v->retry_after);
    keygate_buf_puts(out, v->retry_after == 1 ? " second." : " seconds.");
}


/* An integrator who sent no key wants to know where it goes. */

static void
ngx_http_keygate_sources(ngx_http_request_t *r, keygate_api_t *api,
    keygate_buf_t *out)
{
    unsigned  i;

    keygate_buf_puts(out, "No API key was sent: send it as ");

    for (i = 0; i < api->n_sources; i++) {
        keygate_buf_puts(out, i ? " or " : "");
        keygate_buf_puts(out,
                         (ngx_http_keygate_tunnel(r)
                          && keygate_source_authorization(&api->sources[i]))
                         ? "Proxy-" : "");
        keygate_source_describe(&api->sources[i], out);
    }

    keygate_buf_puts(out, ".");
}


static ngx_int_t
ngx_http_keygate_where_to_send(ngx_http_request_t *r, keygate_api_t *api,
    keygate_error_t *e)
{
    keygate_buf_t  out;

    ngx_memzero(&out, sizeof(keygate_buf_t));
    ngx_http_keygate_sources(r, api, &out);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_keygate_sources(r, api, &out);

    e->detail.data = out.data;
    e->detail.len = out.size;

    return NGX_OK;
}
