/*
 * One decision a client request: made in the access phase of the first gated
 * location, or in the preaccess phase of a subrequest into one, and obeyed
 * wherever the request goes after that.  How it is found again is in
 * ngx_http_keygate_ctx.c.
 */

#include "ngx_http_keygate.h"


static ngx_int_t ngx_http_keygate_decide(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_http_keygate_ctx_t *above,
    keygate_request_t *request);
static void ngx_http_keygate_address(ngx_http_request_t *r,
    keygate_request_t *request);
static void ngx_http_keygate_settle(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static ngx_uint_t ngx_http_keygate_satisfiable(keygate_verdict_t *v);


/*
 * What the last decision came to, before it is copied to its request's pool:
 * a verdict is large, and a worker decides on one request at a time.
 */

static keygate_verdict_t  ngx_http_keygate_verdict;


ngx_int_t
ngx_http_keygate_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->api == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_keygate_decided(r, klcf->api);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->dry_run = klcf->dry_run;

    if (ctx->verdict->need_body) {

        if (!ctx->body_done) {
            rc = ngx_http_keygate_read_body(r, ctx);

            if (rc != NGX_OK && rc != NGX_DECLINED) {
                return rc;
            }
        }

        if (ctx->body_done) {
            ngx_http_keygate_judge_body(r, ctx);
        }

        ngx_http_keygate_settle(r, ctx);
    }

    if (klcf->dry_run) {
        return NGX_DECLINED;
    }

    if (ctx->status == 0) {
        return (ctx->verdict->preflight
                && klcf->api->core->preflight == KEYGATE_PREFLIGHT_ANSWER)
               ? ngx_http_keygate_cors_preflight(r, ctx) : NGX_OK;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* nginx asks the other modules after a 403 only, or a 401 */

    return (clcf->satisfy == NGX_HTTP_SATISFY_ANY
            && ngx_http_keygate_satisfiable(ctx->verdict))
           ? NGX_HTTP_FORBIDDEN : (ngx_int_t) ctx->status;
}


/* Whether another module may still let the request in: not where the request
 * itself is at fault, nor the gate. */

static ngx_uint_t
ngx_http_keygate_satisfiable(keygate_verdict_t *v)
{
    switch (v->code) {

    case KEYGATE_PATH_AMBIGUOUS:
    case KEYGATE_CREDENTIAL_CONFLICT:
    case KEYGATE_UNAVAILABLE:
        return 0;

    default:
        return 1;
    }
}


ngx_int_t
ngx_http_keygate_satisfy_handler(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (klcf->api == NULL || klcf->dry_run
        || clcf->satisfy != NGX_HTTP_SATISFY_ANY || r->access_code == 0)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_keygate_module);

    if (ctx == NULL || ctx->api != klcf->api || ctx->status == 0) {
        return NGX_DECLINED;
    }

    /* a challenge of another module belongs to no other status */

    if (ctx->status != NGX_HTTP_UNAUTHORIZED) {
        ngx_http_keygate_remove_header(r,
                                       &ngx_http_keygate_www_authenticate.key);
    }

    r->access_code = ctx->status;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_keygate_preaccess_handler(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_keygate_loc_conf_t  *klcf;

    ngx_http_keygate_led(r);

    if (r == r->main) {
        return NGX_DECLINED;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->api == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_keygate_decided(r, klcf->api);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->verdict->need_body) {
        ngx_http_keygate_judge_body(r, ctx);
        ngx_http_keygate_settle(r, ctx);
    }

    return (ctx->status && !klcf->dry_run) ? (ngx_int_t) ctx->status
                                          : NGX_DECLINED;
}


/*
 * Only here is a decision made.  Another API is another gate: what one of
 * them has decided opens nothing of the other's.
 */

ngx_http_keygate_ctx_t *
ngx_http_keygate_decided(ngx_http_request_t *r, ngx_http_keygate_api_t *api)
{
    ngx_uint_t                    covered;
    keygate_request_t             request;
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    ctx = ngx_http_keygate_find_ctx(r, api, &covered);

    /* a "%2F" that was kept is a '/' where the path is sent otherwise */

    if (covered
        && (!ctx->verdict->slash_kept || ctx->status
            || !r->valid_unparsed_uri || r != r->main
            || ngx_http_keygate_sent_raw(r)))
    {
        return ctx;
    }

    if (ngx_http_keygate_decide(r, api, ctx, &request) != NGX_OK) {
        return NULL;
    }

    ctx = ngx_http_keygate_create_ctx(r, api, &ngx_http_keygate_verdict);

    if (ctx == NULL) {
        return NULL;
    }

    ctx->credential = request.credential;
    ctx->n_credentials = request.n_credentials;
    ctx->dry_run = klcf->dry_run;
    ctx->auth = klcf->auth;

    if (!ctx->verdict->need_body) {
        ngx_http_keygate_settle(r, ctx);
    }

    return ctx;
}


ngx_str_t
ngx_http_keygate_raw_path(ngx_http_request_t *r)
{
    u_char     *p;
    ngx_str_t   path;

    path = r->unparsed_uri;

    p = path.len ? memchr(path.data, '?', path.len) : NULL;

    if (p) {
        path.len = p - path.data;
    }

    /* "GET http://host?query" */

    if (path.len == 0 && r->uri.len) {
        ngx_str_set(&path, "/");
    }

    return path;
}


static ngx_int_t
ngx_http_keygate_decide(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    ngx_http_keygate_ctx_t *above, keygate_request_t *request)
{
    unsigned    flags;
    ngx_str_t   method, raw;
    ngx_uint_t  n, auth;

    auth = ngx_http_keygate_asked(r, &method, &raw);

    ngx_memzero(request, sizeof(keygate_request_t));

    request->method.len = method.len;
    request->method.data = method.data;
    request->raw.len = raw.len;
    request->raw.data = raw.data;
    request->now = ngx_http_keygate_now(api->zone);

    /* what proxy_pass would send: the line as received, or what nginx made
       of it */

    if (!auth && (r != r->main || !r->valid_unparsed_uri)) {
        request->rewritten.len = r->uri.len;
        request->rewritten.data = r->uri.data;
    }

    if (request->rewritten.len == 0) {
        request->as_received = auth || ngx_http_keygate_sent_raw(r);
    }

    if (raw.len && memchr(raw.data, '%', raw.len)) {
        request->decoded = ngx_pnalloc(r->main->pool, raw.len);
        if (request->decoded == NULL) {
            return NGX_ERROR;
        }
    }

    if (above) {
        request->credential = above->credential;
        request->n_credentials = above->n_credentials;

    } else {
        if (ngx_http_keygate_credential(r, api->core, &request->credential, &n)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        request->n_credentials = n;
    }

    if (ngx_http_keygate_destination(r, request) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_keygate_address(r, request);

    request->preflight = api->core->preflight != KEYGATE_PREFLIGHT_OFF
                         && keygate_str_eq(request->method,
                                           KEYGATE_STR("OPTIONS"))
                         && ngx_http_keygate_is_preflight(r);

    flags = ngx_http_keygate_paid(r, api) ? KEYGATE_PAID : 0;

    keygate_decide(api->core, api->zone->table, api->zone->digester, request,
                   flags, &ngx_http_keygate_verdict);

    /* a node that has never had all records cannot tell that a key is none */

    if (ngx_http_keygate_verdict.code == KEYGATE_CREDENTIAL_INVALID
        && api->zone->store && !api->zone->shared->store_whole)
    {
        ngx_http_keygate_verdict.code = KEYGATE_UNAVAILABLE;
        ngx_http_keygate_verdict.retry_after = 1;
    }

    return NGX_OK;
}


static void
ngx_http_keygate_address(ngx_http_request_t *r, keygate_request_t *request)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (r->connection->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) r->connection->sockaddr;
        request->address[10] = 0xff;
        request->address[11] = 0xff;
        ngx_memcpy(&request->address[12], &sin->sin_addr, 4);
        request->has_address = 1;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) r->connection->sockaddr;
        ngx_memcpy(request->address, &sin6->sin6_addr, 16);
        request->has_address = 1;
        break;
#endif
    }
}


/* The verdict is final: count it, log a refusal. */

static void
ngx_http_keygate_settle(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx)
{
    ngx_uint_t                    i;
    keygate_verdict_t            *v;
    ngx_http_keygate_counters_t  *counters;

    v = ctx->verdict;
    counters = ctx->api->counters;

    (void) ngx_atomic_fetch_add(&counters->decisions[v->code], 1);

    if (v->code == KEYGATE_ALLOWED) {
        ctx->status = 0;
        return;
    }

    for (i = 0; i < v->n_windows; i++) {
        if (v->windows[i].refused) {
            (void) ngx_atomic_fetch_add(
                               &counters->refusals[v->windows[i].unit], 1);
        }
    }

    ctx->status = keygate_error_status(&ctx->api->core->texts, v->code);

    if (v->code == KEYGATE_UNAVAILABLE && v->retry_after
        && ctx->status == NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        ctx->status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_http_keygate_log_refusal(r, ctx);
}
