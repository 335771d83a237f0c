/*
 * The numbers of a zone that shares a store with other nodes.
 */

#include "ngx_http_keygate_metrics.h"


static uint64_t ngx_http_keygate_metric_store_up(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_reconnects(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_behind(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_heard(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_nodes(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_forks(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_merged(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_fulls(ngx_http_keygate_zone_t *zone);


const ngx_http_keygate_metric_t  ngx_http_keygate_store_metrics[] = {

    { "keygate_store_up", "Whether the store is followed.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_store_up },
    { "keygate_store_reconnects", "Connections to follow the store by, after "
      "the first.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_reconnects },
    { "keygate_store_behind", "Changes that the store has and this node has "
      "not, when it was last heard.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_behind },
    { "keygate_store_heard_seconds", "Time since the store was last heard.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_heard },
    { "keygate_store_nodes", "Nodes that were there when the store was last "
      "heard.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_nodes },
    { "keygate_store_forks", "Times that the store had lost changes of this "
      "node.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_forks },
    { "keygate_store_merged", "Changes that this node has brought back.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_merged },
    { "keygate_store_full_syncs", "Times that everything was read anew.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_fulls },

    { NULL, NULL, NGX_HTTP_KEYGATE_GAUGE, NULL }
};


static uint64_t
ngx_http_keygate_metric_store_up(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->store_up;
}


static uint64_t
ngx_http_keygate_metric_reconnects(ngx_http_keygate_zone_t *zone)
{
    ngx_atomic_uint_t  links;

    links = zone->shared->store_links;

    return links ? links - 1 : 0;
}


static uint64_t
ngx_http_keygate_metric_behind(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->store_behind;
}


/* Of one that was never heard, the time since 1970. */

static uint64_t
ngx_http_keygate_metric_heard(ngx_http_keygate_zone_t *zone)
{
    time_t  heard;

    heard = (time_t) zone->shared->store_heard;

    return ngx_time() > heard ? ngx_time() - heard : 0;
}


static uint64_t
ngx_http_keygate_metric_nodes(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->store_nodes;
}


static uint64_t
ngx_http_keygate_metric_forks(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->store_forks;
}


static uint64_t
ngx_http_keygate_metric_merged(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->store_merged;
}


static uint64_t
ngx_http_keygate_metric_fulls(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->store_fulls;
}
