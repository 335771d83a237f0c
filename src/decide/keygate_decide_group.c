/*
 * Rates for groups of routes: their counts are in meters that a key or an
 * account has only once it is charged there.
 */

#include <string.h>

#include "keygate_decide_private.h"


static void keygate_group_unused(keygate_window_t *w, keygate_kind_e kind,
    const keygate_now_t *now, keygate_verdict_t *v);


void
keygate_decide_add_group(const keygate_api_t *api, keygate_table_t *table,
    const keygate_rate_t *rate, const keygate_request_t *request,
    unsigned flags, keygate_verdict_t *v)
{
    uint32_t           ref, node;
    keygate_kind_e     kind;
    keygate_window_t  *w;

    kind = rate->per_account ? KEYGATE_ACCOUNT : KEYGATE_KEY;
    ref = rate->per_account ? v->key.account_ref : v->key.ref;

    w = keygate_decide_window(v, rate);
    w->grouped = 1;

    node = keygate_table_group(table, ref,
                               api->groups[rate->group - 1].number);

    if (node != 0) {
        w->meter = keygate_table_meter(table, node, kind);
        w->ring = keygate_table_ring(table, node, kind, rate->unit);
        w->holder = (uint64_t) node << 32 | KEYGATE_HOLDER_GROUP
                    | (uint64_t) kind;
    }

    if (node != 0 && (w->ring != NULL || w->unit == KEYGATE_MONTH)) {
        v->n_windows++;

    } else if (!(flags & (KEYGATE_CHECK_ONLY | KEYGATE_PAID))
               && v->route->cost != 0)
    {
        v->lacks = 1;
        v->rates = keygate_api_set(api, v->plan, 0);

    } else if (node == 0) {
        keygate_group_unused(w, kind, &request->now, v);
    }
}


/* A meter of nobody, for one who has used nothing. */

static void
keygate_group_unused(keygate_window_t *w, keygate_kind_e kind,
    const keygate_now_t *now, keygate_verdict_t *v)
{
    unsigned  unit;

    w->meter = &v->scratch->unused[kind].meter;
    w->holder = UINT64_MAX;

    if (v->n_windows == 0 || v->windows[v->n_windows - 1].meter != w->meter) {
        keygate_meter_init(w->meter, now);

        for (unit = 0; unit < KEYGATE_MONTH; unit++) {
            keygate_ring_init(&v->scratch->unused[kind].rings[unit], w->meter,
                              (keygate_unit_e) unit, now);
        }
    }

    if (w->unit != KEYGATE_MONTH) {
        w->ring = &v->scratch->unused[kind].rings[w->unit];
    }

    v->n_windows++;
}


keygate_rc_t
keygate_decide_group(const keygate_api_t *api, keygate_table_t *table,
    const keygate_verdict_t *v, const keygate_now_t *now)
{
    unsigned                kind;
    uint32_t                ref;
    keygate_rc_t            rc;
    const keygate_group_t  *group;

    group = &api->groups[v->route->group - 1];

    for (kind = 0; kind < 2; kind++) {
        if (group->units[kind] == 0) {
            continue;
        }

        ref = kind == KEYGATE_KEY ? v->key.ref : v->key.account_ref;

        rc = keygate_table_group_add(table, ref, group->number,
                                     group->units[kind], now);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}
