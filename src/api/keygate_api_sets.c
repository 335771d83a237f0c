/*
 * Which rates hold together: a set for each plan and each group of routes,
 * made once, so that a request finds its own by one index.
 */

#include <string.h>

#include "keygate_api_private.h"


static unsigned keygate_set_fill(keygate_api_t *api, unsigned plan,
    unsigned group, const keygate_rate_t **rates);
static int keygate_rate_holds(const keygate_api_t *api,
    const keygate_rate_t *rate, unsigned plan);


keygate_rc_t
keygate_api_sets(keygate_api_t *api)
{
    size_t                  size;
    unsigned                plan, group, plans;
    keygate_rc_t            rc;
    keygate_rates_t        *set;
    const keygate_rate_t  **rates;

    for (plan = 0; plan < api->n_rates; plan++) {
        if (api->rates[plan].plans != 0) {
            api->planned = 1;
        }
    }

    if (keygate_api_labels(api) != KEYGATE_OK) {
        return KEYGATE_NOMEM;
    }

    plans = api->planned ? api->n_plans : 0;
    api->n_sets = (plans + 1) * (api->n_groups + 1);

    /* a set has at most two rates a unit, and two for a group */

    size = api->n_sets * (sizeof(keygate_rates_t)
                          + 4 * KEYGATE_UNITS * sizeof(keygate_rate_t *));

    set = api->pool->alloc(api->pool->pool, size);
    if (set == NULL) {
        return KEYGATE_NOMEM;
    }

    api->sets = set;
    rates = (const keygate_rate_t **) (set + api->n_sets);

    for (plan = 0; plan <= plans; plan++) {
        for (group = 0; group <= api->n_groups; group++, set++) {
            set->rates = rates;
            set->n = keygate_set_fill(api, plan, 0, rates);

            if (group != 0) {
                set->n += keygate_set_fill(api, plan, group, rates + set->n);
            }

            rates += set->n;

            rc = keygate_api_policy(api, set);
            if (rc != KEYGATE_OK) {
                return rc;
            }
        }
    }

    return KEYGATE_OK;
}


/* "plan" is from 1; 0: any other.  Returns how many there are. */

static unsigned
keygate_set_fill(keygate_api_t *api, unsigned plan, unsigned group,
    const keygate_rate_t **rates)
{
    unsigned  i, n;

    for (n = 0, i = 0; i < api->n_rates; i++) {
        if (api->rates[i].group == group
            && keygate_rate_holds(api, &api->rates[i], plan))
        {
            rates[n++] = &api->rates[i];
        }
    }

    return n;
}


/* One that is for a plan takes the place of the one that is for all. */

static int
keygate_rate_holds(const keygate_api_t *api, const keygate_rate_t *rate,
    unsigned plan)
{
    unsigned               i;
    uint64_t               bit;
    const keygate_rate_t  *other;

    bit = plan == 0 ? 0 : (uint64_t) 1 << (plan - 1);

    if (rate->plans != 0) {
        return (rate->plans & bit) != 0;
    }

    for (i = 0; i < api->n_rates; i++) {
        other = &api->rates[i];

        if ((other->plans & bit) && other->unit == rate->unit
            && other->per_account == rate->per_account
            && other->group == rate->group)
        {
            return 0;
        }
    }

    return 1;
}


const keygate_rates_t *
keygate_api_set(const keygate_api_t *api, const keygate_plan_t *plan,
    unsigned group)
{
    unsigned  row;

    row = api->planned && plan != NULL ? (unsigned) (plan - api->plans) + 1
                                       : 0;

    return &api->sets[row * (api->n_groups + 1) + group];
}


const keygate_plan_t *
keygate_api_plan(const keygate_api_t *api, int number)
{
    unsigned  i;

    for (i = 0; i < api->n_plans; i++) {
        if (api->plans[i].number == number) {
            return &api->plans[i];
        }
    }

    return NULL;
}
