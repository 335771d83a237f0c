/*
 * Row 6 of the decision: which windows hold for a key, and whether they have
 * room for what its request costs.
 */

#include <string.h>

#include "keygate_decide_private.h"


static int keygate_decide_own(keygate_table_t *table, keygate_verdict_t *v);
static int keygate_add_window(keygate_table_t *table, keygate_verdict_t *v,
    const keygate_rate_t *rate);
static keygate_str_t keygate_own_name(const keygate_rates_t *set,
    unsigned unit);


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
    keygate_leases_t *leases, keygate_str_t id, unsigned group,
    const keygate_now_t *now, keygate_verdict_t *v)
{
    unsigned           i, n;
    keygate_rc_t       rc;
    keygate_request_t  request;

    memset(v, 0, offsetof(keygate_verdict_t, key));
    v->windows = v->room;

    rc = keygate_table_find_id(table, id, &v->key);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    memset(&request, 0, sizeof(keygate_request_t));
    request.leases = leases;
    request.now = *now;

    v->plan = keygate_api_plan(api, v->key.plan);
    v->group = group;

    if (!keygate_decide_windows(api, table, &request, KEYGATE_CHECK_ONLY, v)) {
        v->n_windows = 0;
    }

    if (leases) {
        (void) keygate_decide_leases(&request, KEYGATE_CHECK_ONLY, 0, v);
    }

    (void) keygate_rate_check(v->windows, v->n_windows, 0, now);

    for (n = 0, i = 0; i < v->n_windows; i++) {
        if ((group != 0) == v->windows[i].grouped) {
            v->windows[n++] = v->windows[i];
        }
    }

    v->n_windows = n;

    return KEYGATE_OK;
}


int
keygate_decide_windows(const keygate_api_t *api, keygate_table_t *table,
    const keygate_request_t *request, unsigned flags, keygate_verdict_t *v)
{
    unsigned               i, n;
    const keygate_rate_t  *rate, **rates;

    v->rates = api->n_sets == 1
               ? api->sets
               : keygate_api_set(api, v->plan, v->route ? v->route->group
                                                        : v->group);

    if (v->key.has_limits && !keygate_decide_own(table, v)) {
        return 0;
    }

    rates = v->rates->rates;
    n = v->rates->n;

    for (i = 0; i < n; i++) {
        rate = rates[i];

        if (rate->group) {
            keygate_decide_add_group(api, table, rate, request, flags, v);
            continue;
        }

        if ((rate->per_account || v->key.limits[rate->unit] == 0)
            && !keygate_add_window(table, v, rate))
        {
            return 0;
        }
    }

    return !v->lacks;
}


/* The key's own rates. */

static int
keygate_decide_own(keygate_table_t *table, keygate_verdict_t *v)
{
    unsigned        unit;
    keygate_rate_t  own;

    memset(&own, 0, sizeof(keygate_rate_t));

    for (unit = 0; unit < KEYGATE_UNITS; unit++) {
        own.limit = v->key.limits[unit];
        own.unit = (keygate_unit_e) unit;
        own.name = keygate_own_name(v->rates, unit);

        if (own.limit != 0 && !keygate_add_window(table, v, &own)) {
            return 0;
        }
    }

    return 1;
}


/* A key's own rate goes by the name of the one that it replaces, or by that of
 * its unit, if that is not an account's. */

static keygate_str_t
keygate_own_name(const keygate_rates_t *set, unsigned unit)
{
    unsigned               i;
    keygate_str_t          name;
    const keygate_rate_t  *rate;

    static const keygate_str_t  others[KEYGATE_UNITS] = {
        keygate_string("key-second"), keygate_string("key-minute"),
        keygate_string("key-hour"), keygate_string("key-day"),
        keygate_string("key-month")
    };

    name = keygate_span(keygate_unit_name((keygate_unit_e) unit));

    for (i = 0; i < set->n; i++) {
        rate = set->rates[i];

        if (rate->group == 0 && !rate->per_account
            && (unsigned) rate->unit == unit)
        {
            return rate->name;
        }
    }

    for (i = 0; i < set->n; i++) {
        if (keygate_str_eq(set->rates[i]->name, name)) {
            return others[unit];
        }
    }

    return name;
}


/* A window without its ring cannot be counted: 0. */

static int
keygate_add_window(keygate_table_t *table, keygate_verdict_t *v,
    const keygate_rate_t *rate)
{
    uint32_t           ref;
    keygate_kind_e     kind;
    keygate_window_t  *w;

    kind = rate->per_account ? KEYGATE_ACCOUNT : KEYGATE_KEY;
    ref = rate->per_account ? v->key.account_ref : v->key.ref;

    w = keygate_decide_window(v, rate);
    w->meter = keygate_table_meter(table, ref, kind);
    w->holder = (uint64_t) ref << 32 | (uint64_t) kind;

    if (rate->unit != KEYGATE_MONTH) {
        w->ring = keygate_meter_ring(w->meter, rate->unit);

        if (w->ring == NULL) {
            return 0;
        }
    }

    v->n_windows++;

    return 1;
}
