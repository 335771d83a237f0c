/*
 * Row 6 of the decision: which windows hold for a key, and whether they have
 * room for what its request costs.
 */

#include <string.h>

#include "keygate_decide_private.h"


static int keygate_decide_own(keygate_table_t *table, keygate_verdict_t *v);
static int keygate_add_window(keygate_table_t *table, keygate_verdict_t *v,
    const keygate_rate_t *rate);


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
        if (request->quotas && cost != 0) {
            keygate_decide_quotas(request, v);
        }

        charged = keygate_rate_charge(v->windows, v->n_windows, cost,
                                      &request->now);
        v->charged = charged;

        if (request->quotas && cost != 0) {
            keygate_decide_keep(request, flags, cost, v);
        }
    }

    if (request->leases) {
        keygate_decide_wait(request, flags, cost, v);
    }

    if (charged) {
        return 1;
    }

    if (v->unsaved) {
        v->code = KEYGATE_UNAVAILABLE;
        v->retry_after = 1;
        return 0;
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

        v->never |= cost > w->limit;
    }

    /* a rate of the API has room for every route; a key's own may not */

    if (v->never) {
        v->retry_after = 0;
    }

    return 0;
}


keygate_rc_t
keygate_decide_left(const keygate_api_t *api, keygate_table_t *table,
    keygate_leases_t *leases, keygate_str_t id, unsigned group,
    const keygate_now_t *now, keygate_scratch_t *scratch,
    keygate_verdict_t *v)
{
    unsigned           i, n;
    keygate_rc_t       rc;
    keygate_request_t  request;

    keygate_verdict_init(scratch, v);

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
        if (own.limit == 0) {
            continue;
        }

        if (!keygate_add_window(table, v, &own)) {
            return 0;
        }

        v->windows[v->n_windows - 1].label = v->rates->own[unit];
    }

    return 1;
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
