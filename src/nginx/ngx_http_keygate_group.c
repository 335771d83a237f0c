/*
 * The first request that a key or an account is charged for in a group of
 * routes: room for its count is made under the zone's lock, which others hold
 * for a moment only.  It is never waited for: where it is not to be had at
 * once, the request asks again as one that waits for a lease does.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_GROUP_TRIES  64


ngx_int_t
ngx_http_keygate_group_room(ngx_http_keygate_api_t *api, keygate_verdict_t *v,
    const keygate_now_t *now)
{
    keygate_rc_t              rc;
    ngx_uint_t                tries;
    ngx_http_keygate_zone_t  *zone;

    zone = api->zone;

    for (tries = 1; ngx_http_keygate_lock_try(zone) != NGX_OK; tries++) {

        if (tries == NGX_HTTP_KEYGATE_GROUP_TRIES) {
            v->waits = 1;
            return NGX_DECLINED;
        }

        ngx_cpu_pause();
    }

    rc = keygate_decide_group(api->core, zone->table, v, now);

    ngx_http_keygate_lock_release(zone);

    if (rc == KEYGATE_OK) {
        return NGX_OK;
    }

    ngx_http_keygate_room_full(zone);

    return NGX_DECLINED;
}
