/*
 * This is the only file that takes the zone's lock, the slab pool's mutex:
 * it is the one lock that the master forces open when a worker dies with it.
 * The table that such a worker has left is mended first.
 */

#include "ngx_http_keygate.h"


void
ngx_http_keygate_lock(ngx_http_keygate_zone_t *zone)
{
    ngx_shmtx_lock(&zone->shpool->mutex);
    keygate_table_recover(zone->table);
}


ngx_int_t
ngx_http_keygate_lock_try(ngx_http_keygate_zone_t *zone)
{
    if (!ngx_shmtx_trylock(&zone->shpool->mutex)) {
        return NGX_AGAIN;
    }

    keygate_table_recover(zone->table);

    return NGX_OK;
}


void
ngx_http_keygate_lock_release(ngx_http_keygate_zone_t *zone)
{
    ngx_shmtx_unlock(&zone->shpool->mutex);
}
