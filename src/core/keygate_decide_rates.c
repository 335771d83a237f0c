/*
 * Row 6 of the decision: which windows hold for a key, and whether they have
 * room for what its request costs.
 */

#include <string.h>

#include "keygate_decide_private.h"


static int keygate_add_window(keygate_table_t *table, keygate_verdict_t *v,
    keygate_kind_e kind, keygate_unit_e unit, uint32_t limit, keygate_str_t
    name);


int
keygate_decide_rates(const keygate_request_t *request, unsigned flags,
    keygate_verdict_t *v)
{
    int                charged;
    unsigned           i;
    uint32_t           cost;
    keygate_window_t  *w;

    cost = v->route ? v->route->cost : 1;

    if (flags & KEYGATE_PAID) {
        cost = 0;
    }

    if (flags & KEYGATE_CHECK_ONLY) {
        (void) keygate_rate_charge(v->windows, v->n_windows, 0, &request->now);

        for (charged = 1, i = 0; i < v->n_windows; i++) {
            w = &v->windows[i];

            if (w->remaining < cost) {
                w->refused = 1;
                w->retry_after = w->reset ? w->reset : 1;
                charged = 0;
            }
        }

    } else {
        charged = keygate_rate_charge(v->windows, v->n_windows, cost,
                                      &request->now);
        v->charged = charged;
    }

    if (charged) {
        return 1;
    }

    v->code = KEYGATE_RATE_LIMITED;

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (!w->refused) {
            continue;
        }

        if (w->unit == KEYGATE_MONTH) {
            v->code = KEYGATE_QUOTA_EXCEEDED;
        }

        if (w->retry_after > v->retry_after) {
            v->retry_after = w->retry_after;
        }
    }

    return 0;
}


int
keygate_decide_windows(const keygate_api_t *api, keygate_table_t *table,
    keygate_verdict_t *v)
{
    unsigned               i, unit;
    keygate_str_t          name;
    const keygate_rate_t  *rate;

    for (unit = 0; unit < KEYGATE_UNITS; unit++) {
        if (v->key.limits[unit] == 0) {
            continue;
        }

        name.data = (const unsigned char *)
                    keygate_unit_name((keygate_unit_e) unit);
        name.len = strlen((const char *) name.data);

        for (i = api->n_rates; i-- > 0; /* void */ ) {
            if ((unsigned) api->rates[i].unit == unit) {
                name = api->rates[i].name;
            }
        }

        if (!keygate_add_window(table, v, KEYGATE_KEY, (keygate_unit_e) unit,
                                v->key.limits[unit], name))
        {
            return 0;
        }
    }

    for (i = 0; i < 2 * api->n_rates; i++) {
        rate = &api->rates[i % api->n_rates];

        if (v->key.limits[rate->unit]
            || rate->per_account != (i >= api->n_rates))
        {
            continue;
        }

        if (!keygate_add_window(table, v,
                                rate->per_account ? KEYGATE_ACCOUNT
                                                  : KEYGATE_KEY,
                                rate->unit, rate->limit, rate->name))
        {
            return 0;
        }
    }

    return 1;
}


/* A window without its ring cannot be counted: 0. */

static int
keygate_add_window(keygate_table_t *table, keygate_verdict_t *v,
    keygate_kind_e kind, keygate_unit_e unit, uint32_t limit,
    keygate_str_t name)
{
    uint32_t           ref;
    keygate_window_t  *w;

    ref = (kind == KEYGATE_KEY) ? v->key.ref : v->key.account_ref;

    w = &v->windows[v->n_windows];
    memset(w, 0, sizeof(keygate_window_t));

    w->limit = limit;
    w->unit = unit;
    w->meter = keygate_table_meter(table, ref, kind);
    w->ring = NULL;

    if (w->meter == NULL) {
        return 0;
    }

    if (unit != KEYGATE_MONTH) {
        w->ring = keygate_table_ring(table, ref, kind, unit);

        if (w->ring == NULL) {
            return 0;
        }
    }

    v->names[v->n_windows++] = name;

    return 1;
}
