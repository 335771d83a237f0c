/*
 * Limits that hold over many nodes, as nginx sees them: how they are
 * configured, and requests that wait.  Part of ngx_http_keygate.h.
 */

#ifndef _NGX_HTTP_KEYGATE_LIMITS_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_LIMITS_H_INCLUDED_


/* ngx_http_keygate_conf_limits.c: limits over many nodes */

/* "limits=", "wait=", "outage="; NGX_DECLINED: another parameter, or given
 * twice. */
ngx_int_t ngx_http_keygate_conf_limits(ngx_conf_t *cf,
    ngx_http_keygate_zone_t *zone, ngx_str_t *value);
/* After all parameters of a zone: checks "max_stale", and, of one of that size,
 * those about limits. */
ngx_int_t ngx_http_keygate_conf_stale(ngx_conf_t *cf,
    ngx_http_keygate_zone_t *zone);
ngx_int_t ngx_http_keygate_conf_leases(ngx_conf_t *cf,
    ngx_http_keygate_zone_t *zone, size_t size);


/* ngx_http_keygate_wait.c: requests that wait for a lease */

/* What was asked the first time by a request that waits; NULL: it does not. */
keygate_request_t *ngx_http_keygate_waits(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api);
/* NGX_AGAIN: the phase handler is called again in a moment; NGX_DECLINED: it
 * is not to wait, or has waited; NGX_ERROR.  "unsaved": it is for the disk that
 * it waits, and not for a lease. */
ngx_int_t ngx_http_keygate_wait(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_request_t *asked,
    ngx_uint_t unsaved);
/* It waits no longer. */
void ngx_http_keygate_wait_done(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_uint_t admitted);


/* ngx_http_keygate_ready.c */

char *ngx_http_keygate_ready(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* Whether a zone has not heard from its store for longer than it may. */
ngx_uint_t ngx_http_keygate_ready_stale(ngx_http_keygate_zone_t *zone);
/* Whether a zone has a store and has never had all records of it: what is not
 * here may well be there. */
ngx_uint_t ngx_http_keygate_ready_partial(ngx_http_keygate_zone_t *zone);


#endif /* _NGX_HTTP_KEYGATE_LIMITS_H_INCLUDED_ */
