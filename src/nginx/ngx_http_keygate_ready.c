/*
 * keygate_ready: whether this node can tell who is let in.  One that has never
 * had all records of a store cannot, and one that has not heard from it for
 * "max_stale" may not.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_headers.h"


static ngx_int_t ngx_http_keygate_ready_handler(ngx_http_request_t *r);


char *
ngx_http_keygate_ready(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_keygate_serve(cf, ngx_http_keygate_ready_handler);
}


static ngx_int_t
ngx_http_keygate_ready_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_str_t                      type, body;
    ngx_uint_t                     i, status;
    ngx_http_keygate_zone_t      **zones;
    ngx_http_keygate_main_conf_t  *kmcf;

    rc = ngx_http_keygate_header_read_only(r);
    if (rc != NGX_OK) {
        return rc;
    }

    kmcf = ngx_http_get_module_main_conf(r, ngx_http_keygate_module);
    zones = kmcf->zones.elts;
    status = NGX_HTTP_OK;

    for (i = 0; i < kmcf->zones.nelts; i++) {
        if (ngx_http_keygate_ready_partial(zones[i])
            || ngx_http_keygate_ready_stale(zones[i]))
        {
            status = NGX_HTTP_SERVICE_UNAVAILABLE;
        }
    }

    ngx_str_set(&type, "text/plain");

    if (status == NGX_HTTP_OK) {
        ngx_str_set(&body, "ready\n");

    } else {
        ngx_str_set(&body, "not ready\n");
    }

    return ngx_http_keygate_serve_body(r, status, &type, &body);
}


ngx_uint_t
ngx_http_keygate_ready_stale(ngx_http_keygate_zone_t *zone)
{
    return zone->max_stale
           && ngx_time() - (time_t) zone->shared->store_heard
              > (time_t) (zone->max_stale / 1000);
}


ngx_uint_t
ngx_http_keygate_ready_partial(ngx_http_keygate_zone_t *zone)
{
    return zone->store && !zone->shared->store_whole;
}
