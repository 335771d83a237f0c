/*
 * One decision a client request: made in the access phase of the first gated
 * location, or in the preaccess phase of a subrequest into one, and obeyed
 * wherever the request goes after that.  How it is found again is in
 * ngx_http_keygate_ctx.c.
 */

#include "ngx_http_keygate.h"


static ngx_int_t ngx_http_keygate_decision(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_uint_t may_wait,
    ngx_http_keygate_ctx_t **decided);
static void ngx_http_keygate_settle(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static ngx_uint_t ngx_http_keygate_satisfiable(keygate_verdict_t *v);


/* What the last decision came to, before it is kept in its request's pool: a
 * request that waits asks many times. */

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
        ngx_http_keygate_user_hide_key(r, NULL);
        return NGX_DECLINED;
    }

    rc = ngx_http_keygate_decision(r, klcf->api, !klcf->dry_run, &ctx);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->dry_run = klcf->dry_run;
    ngx_http_keygate_user_hide_key(r, ctx);

    if (ctx->verdict->need_body) {

        if (!ctx->body_done) {
            rc = ngx_http_keygate_body_read(r, ctx);

            if (rc != NGX_OK && rc != NGX_DECLINED) {
                return rc;
            }
        }

        if (ctx->body_done) {
            ngx_http_keygate_body_judge(r, ctx);
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
ngx_http_keygate_access_satisfy(ngx_http_request_t *r)
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

    if (ctx->status != NGX_HTTP_UNAUTHORIZED
        && ctx->status != NGX_HTTP_PROXY_AUTH_REQUIRED)
    {
        ngx_http_keygate_header_remove(r,
                                       &ngx_http_keygate_www_authenticate.key);
        ngx_http_keygate_header_remove(r,
                                     &ngx_http_keygate_proxy_authenticate.key);
    }

    r->access_code = ctx->status;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_keygate_access_preaccess(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_keygate_loc_conf_t  *klcf;

    ngx_http_keygate_ctx_led(r);

    if (r == r->main) {
        return NGX_DECLINED;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->api == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_keygate_access_decided(r, klcf->api);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->verdict->need_body) {
        ngx_http_keygate_body_judge(r, ctx);
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
ngx_http_keygate_access_decided(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api)
{
    ngx_http_keygate_ctx_t  *ctx;

    return (ngx_http_keygate_decision(r, api, 0, &ctx) == NGX_OK) ? ctx : NULL;
}


static ngx_int_t
ngx_http_keygate_decision(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    ngx_uint_t may_wait, ngx_http_keygate_ctx_t **decided)
{
    ngx_int_t                     rc;
    ngx_uint_t                    covered;
    keygate_request_t             request;
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    ctx = ngx_http_keygate_ctx_find(r, api, &covered);

    /* a "%2F" that was kept is a '/' where the path is sent otherwise */

    if (covered
        && (!ctx->verdict->slash_kept || ctx->status
            || !r->valid_unparsed_uri || r != r->main
            || ngx_http_keygate_sent_raw(r)))
    {
        if (klcf->recheck) {
            ctx->recheck = klcf->recheck;
        }

        *decided = ctx;
        return NGX_OK;
    }

    if (ngx_http_keygate_request_decide(r, api, ctx, 0, &request,
                                        &ngx_http_keygate_verdict)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (may_wait && ngx_http_keygate_verdict.waits) {
        rc = ngx_http_keygate_wait(r, api, &request,
                                   ngx_http_keygate_verdict.unsaved);

        if (rc == NGX_AGAIN || rc == NGX_ERROR) {
            return rc;
        }
    }

    /* for want of a lease that is on its way, and is not waited for longer */

    if (may_wait && api->zone->leases && ngx_http_keygate_verdict.waits
        && !ngx_http_keygate_verdict.lacks)
    {
        (void) __atomic_fetch_add(&api->zone->leases->early, 1,
                                  __ATOMIC_RELAXED);
    }

    /* a file that does not come in time, or cannot be waited for, stops
       nobody */

    if (ngx_http_keygate_verdict.unsaved
        && ngx_http_keygate_request_decide(r, api, ctx, 1, &request,
                                           &ngx_http_keygate_verdict)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_keygate_wait_done(r, api, ngx_http_keygate_verdict.charged);

    ctx = ngx_http_keygate_ctx_create(r, api, &ngx_http_keygate_verdict);

    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->credential = request.credential;
    ctx->n_credentials = request.n_credentials;
    ctx->source = request.source;
    ctx->dry_run = klcf->dry_run;
    ctx->recheck = klcf->recheck;
    ctx->auth = klcf->auth;
    ctx->odd = request.now.wall / 3600 & 1;

    if (!ctx->verdict->need_body) {
        ngx_http_keygate_settle(r, ctx);
    }

    *decided = ctx;

    return NGX_OK;
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

    ngx_http_keygate_access_counted(ctx);

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

    ctx->status = ngx_http_keygate_refusal_status(ctx->api->core, v);

    if (ctx->status == NGX_HTTP_UNAUTHORIZED && ngx_http_keygate_tunnel(r)) {
        ctx->status = NGX_HTTP_PROXY_AUTH_REQUIRED;
    }

    ngx_http_keygate_log_refusal(r, ctx);
}


/* A request is used once by its key, as it is charged once. */

void
ngx_http_keygate_access_counted(ngx_http_keygate_ctx_t *ctx)
{
    keygate_verdict_t        *v;
    ngx_http_keygate_api_t   *api;
    ngx_http_keygate_zone_t  *zone;

    v = ctx->verdict;
    api = ctx->api;
    zone = api->zone;

    (void) ngx_atomic_fetch_add(&api->counters->decisions[v->code], 1);

    if (zone->refusals == NULL || !v->known || v->paid) {
        return;
    }

    if (v->code == KEYGATE_ALLOWED) {
        keygate_table_count(zone->table, v->key.ref, v->key.sequence, ctx->odd,
                            api->number, v->route ? v->route->cost : 1);

    } else {
        keygate_table_refuse(zone->table, zone->refusals, v->key.ref,
                             v->key.sequence, ctx->odd, api->number,
                             (unsigned) v->code - KEYGATE_KEY_REVOKED);
    }

    zone->used = 1;
}


/*
 * limit_req and limit_conn look at variables before the access phase: the
 * decision is made for them as soon as the URI can no longer change, unless
 * the request has been answered without one.
 */

ngx_http_keygate_ctx_t *
ngx_http_keygate_access_ctx(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t        *ctx;
    ngx_http_keygate_loc_conf_t   *klcf;
    ngx_http_keygate_main_conf_t  *kmcf;

    ctx = ngx_http_keygate_ctx_get(r);

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    kmcf = ngx_http_get_module_main_conf(r, ngx_http_keygate_module);

    if (klcf->api == NULL || (ctx && ctx->api == klcf->api) || r != r->main
        || r->phase_handler < kmcf->preaccess
        || r->err_status || r->headers_out.status)
    {
        return ctx;
    }

    return ngx_http_keygate_access_decided(r, klcf->api);
}
