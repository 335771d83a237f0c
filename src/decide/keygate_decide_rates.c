/*
 * Row 6 of the decision: which windows hold for a key, and whether they have
 * room for what its request costs.
 */

#include <string.h>

#include "keygate_decide_private.h"


static int keygate_add_window(keygate_table_t *table, keygate_verdict_t *v,
    keygate_kind_e kind, keygate_unit_e unit, uint32_t limit,
    keygate_str_t name);
static keygate_str_t keygate_own_name(const keygate_api_t *api, unsigned unit);


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

    if (request->leases && !keygate_decide_leases(request, flags, cost, v)) {
        return 0;
    }

    if (flags & KEYGATE_CHECK_ONLY) {
        charged = keygate_rate_check(v->windows, v->n_windows, cost,
                                     &request->now);

    } else {
        charged = keygate_rate_charge(v->windows, v->n_windows, cost,
                                      &request->now);
        v->charged = charged;
    }

    if (request->leases) {
        keygate_decide_wait(request, flags, cost, v);
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


keygate_rc_t
keygate_decide_left(const keygate_api_t *api, keygate_table_t *table,
    keygate_leases_t *leases, keygate_str_t id, const keygate_now_t *now,
    keygate_verdict_t *v)
{
    keygate_rc_t       rc;
    keygate_request_t  request;

    memset(v, 0, offsetof(keygate_verdict_t, key));
    v->windows = v->room;

    rc = keygate_table_find_id(table, id, &v->key);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (!keygate_decide_windows(api, table, v)) {
        v->n_windows = 0;
    }

    if (leases) {
        memset(&request, 0, sizeof(keygate_request_t));
        request.leases = leases;
        request.now = *now;

        (void) keygate_decide_leases(&request, KEYGATE_CHECK_ONLY, 0, v);
    }

    (void) keygate_rate_check(v->windows, v->n_windows, 0, now);

    return KEYGATE_OK;
}


int
keygate_decide_windows(const keygate_api_t *api, keygate_table_t *table,
    keygate_verdict_t *v)
{
    unsigned               i, unit;
    const keygate_rate_t  *rate;

    for (unit = 0; v->key.has_limits && unit < KEYGATE_UNITS; unit++) {
        if (v->key.limits[unit]
            && !keygate_add_window(table, v, KEYGATE_KEY,
                                   (keygate_unit_e) unit, v->key.limits[unit],
                                   keygate_own_name(api, unit)))
        {
            return 0;
        }
    }

    for (i = 0; i < api->n_rates; i++) {
        rate = &api->rates[i];

        if (v->key.limits[rate->unit] == 0
            && !keygate_add_window(table, v,
                                   rate->per_account ? KEYGATE_ACCOUNT
                                                     : KEYGATE_KEY,
                                   rate->unit, rate->limit, rate->name))
        {
            return 0;
        }
    }

    return 1;
}


/* A key's own rate goes by the name of the API's that it replaces. */

static keygate_str_t
keygate_own_name(const keygate_api_t *api, unsigned unit)
{
    unsigned  i;

    for (i = 0; i < api->n_rates; i++) {
        if ((unsigned) api->rates[i].unit == unit) {
            return api->rates[i].name;
        }
    }

    return keygate_span(keygate_unit_name((keygate_unit_e) unit));
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
    w->holder = (uint64_t) ref << 32 | (uint64_t) kind;
    w->name = name;

    if (w->meter == NULL) {
        return 0;
    }

    if (unit != KEYGATE_MONTH) {
        w->ring = keygate_table_ring(table, ref, kind, unit);

        if (w->ring == NULL) {
            return 0;
        }
    }

    v->n_windows++;

    return 1;
}
