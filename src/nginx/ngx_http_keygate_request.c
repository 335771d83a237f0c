/*
 * What the decision is told of a request: its path, its credential, where it
 * comes from, and when.
 */

#include "ngx_http_keygate.h"


static ngx_int_t ngx_http_keygate_ask(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_http_keygate_ctx_t *above,
    keygate_request_t *request);
static void ngx_http_keygate_address(ngx_http_request_t *r,
    keygate_request_t *request);


/* A worker decides on one request at a time. */

static keygate_scratch_t  ngx_http_keygate_scratch;


ngx_int_t
ngx_http_keygate_request_decide(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_http_keygate_ctx_t *above,
    ngx_uint_t unsaved,
    keygate_request_t *request, keygate_verdict_t *v)
{
    unsigned            flags;
    keygate_request_t  *asked;

    flags = ngx_http_keygate_ctx_paid(r, api) ? KEYGATE_PAID : 0;
    asked = (api->zone->leases || api->zone->quotas)
            ? ngx_http_keygate_waits(r, api) : NULL;

    if (asked) {
        *request = *asked;
        flags |= KEYGATE_WAITED;

    } else if (ngx_http_keygate_ask(r, api, above, request) != NGX_OK) {
        return NGX_ERROR;
    }

    request->now = ngx_http_keygate_clock_now(api->zone);
    request->quotas = unsaved ? NULL : api->zone->quotas;

    keygate_decide(api->core, api->zone->table, api->zone->digester, request,
                   flags, &ngx_http_keygate_scratch, v);

    if (v->lacks && ngx_http_keygate_group_room(api, v, &request->now)
                    == NGX_OK)
    {
        keygate_decide(api->core, api->zone->table, api->zone->digester,
                       request, flags, &ngx_http_keygate_scratch, v);
    }

    if (api->zone->quotas
        && __atomic_load_n(&api->zone->quotas->asked, __ATOMIC_RELAXED))
    {
        ngx_http_keygate_quota_post(api->zone);
    }

    ngx_http_keygate_request_heard(api->zone, v);

    return NGX_OK;
}


void
ngx_http_keygate_request_heard(ngx_http_keygate_zone_t *zone,
    keygate_verdict_t *v)
{
    /* what a node knows that hears nothing may be over */

    if ((v->known || v->code == KEYGATE_CREDENTIAL_INVALID)
        && ngx_http_keygate_ready_stale(zone))
    {
        v->code = KEYGATE_UNAVAILABLE;
        v->retry_after = 1;
        v->need_body = 0;
        v->authenticated = 0;
    }

    /* a node that has never had all records cannot tell that a key is none */

    if (v->code == KEYGATE_CREDENTIAL_INVALID
        && ngx_http_keygate_ready_partial(zone))
    {
        v->code = KEYGATE_UNAVAILABLE;
        v->retry_after = 1;
    }
}


/* All but the time, which is that of the decision. */

static ngx_int_t
ngx_http_keygate_ask(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    ngx_http_keygate_ctx_t *above, keygate_request_t *request)
{
    ngx_str_t   method, raw;
    ngx_uint_t  auth;

    auth = ngx_http_keygate_auth_read(r, &method, &raw);

    ngx_memzero(request, sizeof(keygate_request_t));

    request->method.len = method.len;
    request->method.data = method.data;
    request->raw.len = raw.len;
    request->raw.data = raw.data;
    request->leases = api->zone->leases;

    /* what proxy_pass would send: the line as received, or what nginx made
       of it */

    if (!auth && (r != r->main || !r->valid_unparsed_uri)) {
        request->rewritten.len = r->uri.len;
        request->rewritten.data = r->uri.data;
    }

    if (request->rewritten.len == 0) {
        request->as_received = ngx_http_keygate_sent_raw(r);
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
        request->source = above->source;

    } else if (ngx_http_keygate_credential(r, api->core, request) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_keygate_destination(r, request) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_keygate_address(r, request);

    /* what is answered to another proxy says that the request may pass */

    request->preflight = api->core->preflight != KEYGATE_PREFLIGHT_OFF
                         && (!auth || api->core->preflight
                                      == KEYGATE_PREFLIGHT_PASS)
                         && keygate_str_eq(request->method,
                                           KEYGATE_STR("OPTIONS"))
                         && ngx_http_keygate_cors_asks(r);

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
