/*
 * What is known of a zone only by looking on: when its journal was applied,
 * and how many of its keys expire soon.  One worker looks, after it has looked
 * at the journal.  Keys are counted in slices, so that no request waits for
 * it; a count is made anew when records have changed, and once a minute.
 */

#include "ngx_http_keygate_metrics.h"


#define NGX_HTTP_KEYGATE_WALK_SLICE  512        /* keys */
#define NGX_HTTP_KEYGATE_WALK_AGAIN  60         /* seconds */
#define NGX_HTTP_KEYGATE_DAY         86400


typedef struct {
    uint64_t    cursor;
    uint64_t    applied;        /* lines, when it began */
    time_t      begun;          /* 0: never */
    ngx_uint_t  n[2];
    unsigned    on:1;
} ngx_http_keygate_walk_t;


static const ngx_int_t   ngx_http_keygate_days[2] = { 7, 30 };


static void ngx_http_keygate_walk(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_walk_t *walk);


void
ngx_http_keygate_metrics_watch(ngx_http_keygate_zone_t *zone)
{
    uint64_t                  applied;
    ngx_http_keygate_walk_t  *walk;

    applied = keygate_table_position(zone->table)->applied;

    if (zone->shared->applied != applied) {
        zone->shared->applied = applied;
        zone->shared->applied_at = ngx_time();
    }

    walk = zone->walk;

    if (walk == NULL) {
        walk = ngx_pcalloc(zone->cycle->pool, sizeof(ngx_http_keygate_walk_t));
        if (walk == NULL) {
            return;
        }

        zone->walk = walk;
    }

    if (!walk->on) {
        if (walk->begun && walk->applied == applied
            && ngx_time() - walk->begun < NGX_HTTP_KEYGATE_WALK_AGAIN)
        {
            return;
        }

        ngx_memzero(walk, sizeof(ngx_http_keygate_walk_t));

        walk->applied = applied;
        walk->begun = ngx_time();
        walk->on = 1;
    }

    ngx_http_keygate_walk(zone, walk);
}


/* What has been revoked or has expired needs nobody's attention. */

static void
ngx_http_keygate_walk(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_walk_t *walk)
{
    int64_t        now, left;
    ngx_uint_t     i, n;
    keygate_key_t  key;

    now = ngx_time();

    for (n = 0; n < NGX_HTTP_KEYGATE_WALK_SLICE; n++) {

        if (keygate_table_next_key(zone->table, &walk->cursor, &key)
            != KEYGATE_OK)
        {
            zone->shared->expiring[0] = walk->n[0];
            zone->shared->expiring[1] = walk->n[1];
            walk->on = 0;

            return;
        }

        if (key.revoked_at != KEYGATE_NEVER || key.expires_at == KEYGATE_NEVER
            || key.expires_at <= now)
        {
            continue;
        }

        left = key.expires_at - now;

        for (i = 0; i < 2; i++) {
            walk->n[i] += (left <= ngx_http_keygate_days[i]
                                   * NGX_HTTP_KEYGATE_DAY);
        }
    }
}


void
ngx_http_keygate_metrics_expiring(ngx_http_keygate_metrics_t *m)
{
    ngx_uint_t                 i, k;
    ngx_http_keygate_zone_t  **zones;

    ngx_http_keygate_metrics_family(m, "keygate_keys_expiring",
                                    "Keys, not revoked, that expire within "
                                    "that time.", NGX_HTTP_KEYGATE_GAUGE);
    zones = m->kmcf->zones.elts;

    for (i = 0; i < m->kmcf->zones.nelts; i++) {
        for (k = 0; k < 2; k++) {
            keygate_buf_puts(&m->b, "keygate_keys_expiring{");
            ngx_http_keygate_metrics_label(m, "zone", &zones[i]->name);
            keygate_buf_puts(&m->b, ",within=\"");
            keygate_buf_num(&m->b, ngx_http_keygate_days[k]);
            keygate_buf_puts(&m->b, "d\"} ");
            keygate_buf_num(&m->b, zones[i]->shared->expiring[k]);
            keygate_buf_puts(&m->b, "\n");
        }
    }
}
