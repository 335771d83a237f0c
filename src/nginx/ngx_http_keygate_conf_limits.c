/*
 * What "keygate_zone" says of limits that hold over many nodes, and the memory
 * for their leases: a zone of its own, so that the table needs none of it where
 * each node counts for itself.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_WAIT      30
#define NGX_HTTP_KEYGATE_WAIT_MAX  1000


static ngx_conf_enum_t  ngx_http_keygate_limits[] = {
    { ngx_string("limits=cluster"), 1 },
    { ngx_string("limits=node"), 0 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_keygate_outages[] = {
    { ngx_string("outage=share"), KEYGATE_OUTAGE_SHARE },
    { ngx_string("outage=node"), KEYGATE_OUTAGE_NODE },
    { ngx_string("outage=refuse"), KEYGATE_OUTAGE_REFUSE },
    { ngx_null_string, 0 }
};


static ngx_int_t ngx_http_keygate_one_of(ngx_conf_enum_t *e,
    ngx_str_t *value, ngx_uint_t *slot);
static ngx_int_t ngx_http_keygate_leases_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);


ngx_int_t
ngx_http_keygate_conf_limits(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone,
    ngx_str_t *value)
{
    ngx_str_t  s;

    if (ngx_http_keygate_one_of(ngx_http_keygate_limits, value, &zone->limits)
        == NGX_OK
        || ngx_http_keygate_one_of(ngx_http_keygate_outages, value,
                                   &zone->outage) == NGX_OK)
    {
        return NGX_OK;
    }

    if (ngx_strncmp(value->data, "max_stale=", 10) == 0
        && zone->max_stale == NGX_CONF_UNSET_MSEC)
    {
        s.data = value->data + 10;
        s.len = value->len - 10;

        zone->max_stale = ngx_parse_time(&s, 0);

        if (zone->max_stale == (ngx_msec_t) NGX_ERROR
            || (zone->max_stale && zone->max_stale < 1000))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid time \"%V\" of \"max_stale\" of zone "
                               "\"%V\", expected 0 or at least 1s", &s,
                               &zone->name);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_strncmp(value->data, "wait=", 5) != 0
        || zone->wait != NGX_CONF_UNSET_MSEC)
    {
        return NGX_DECLINED;
    }

    s.data = value->data + 5;
    s.len = value->len - 5;

    zone->wait = ngx_parse_time(&s, 0);

    if (zone->wait == (ngx_msec_t) NGX_ERROR
        || zone->wait > NGX_HTTP_KEYGATE_WAIT_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" of \"wait\" of zone \"%V\", "
                           "expected 0 to 1s", &s, &zone->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_conf_stale(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone)
{
    if (zone->max_stale == NGX_CONF_UNSET_MSEC) {
        zone->max_stale = 0;
        return NGX_OK;
    }

    if (zone->store) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "zone \"%V\" has \"max_stale\" and no store, expected "
                       "\"store=NAME\", which is heard or not", &zone->name);

    return NGX_ERROR;
}


/* A value that is given twice is none of them. */

static ngx_int_t
ngx_http_keygate_one_of(ngx_conf_enum_t *e, ngx_str_t *value, ngx_uint_t *slot)
{
    for ( /* void */ ; e->name.len; e++) {

        if (e->name.len == value->len
            && ngx_strncmp(e->name.data, value->data, value->len) == 0
            && *slot == NGX_CONF_UNSET_UINT)
        {
            *slot = e->value;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_keygate_conf_leases(ngx_conf_t *cf, ngx_http_keygate_zone_t *zone,
    size_t size)
{
    u_char     *p;
    ngx_str_t   name;

    if (zone->store == NULL
        && (zone->limits == 1 || zone->wait != NGX_CONF_UNSET_MSEC
            || zone->outage != NGX_CONF_UNSET_UINT))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" has limits over many nodes and no "
                           "store, expected \"store=NAME\", in which nodes "
                           "share what they have used", &zone->name);
        return NGX_ERROR;
    }

    ngx_conf_init_uint_value(zone->limits, zone->store != NULL);
    ngx_conf_init_msec_value(zone->wait, NGX_HTTP_KEYGATE_WAIT);
    ngx_conf_init_uint_value(zone->outage, KEYGATE_OUTAGE_SHARE);

    zone->size = size;

    if (!zone->limits) {
        return NGX_OK;
    }

    name.len = zone->name.len + sizeof(" leases") - 1;
    name.data = ngx_pnalloc(cf->pool, name.len + 1);

    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(name.data, "%V leases", &zone->name);
    *p = '\0';

    zone->lease_zone = ngx_shared_memory_add(cf, &name,
                           8 * ngx_pagesize
                           + ngx_align(keygate_leases_size(size)
                                       + keygate_leases_size(size) / 64,
                                       ngx_pagesize),
                           &ngx_http_keygate_module);
    if (zone->lease_zone == NULL) {
        return NGX_ERROR;
    }

    zone->lease_zone->init = ngx_http_keygate_leases_zone_init;
    zone->lease_zone->data = zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_leases_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    uint32_t                  boot;
    ngx_slab_pool_t          *shpool;
    ngx_http_keygate_zone_t  *zone;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data) {
        zone->leases = shpool->data;

    } else {
        zone->leases = ngx_slab_calloc(shpool, keygate_leases_size(zone->size));

        if (zone->leases == NULL || RAND_bytes((u_char *) &boot, sizeof(boot))
                                    != 1)
        {
            return NGX_ERROR;
        }

        keygate_leases_init(zone->leases, zone->size, boot);
        shpool->data = zone->leases;
    }

    zone->leases->outage = zone->outage;

    return NGX_OK;
}
