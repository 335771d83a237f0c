/*
 * The words of an API's directives about rates, and whether routes and rates
 * go together.
 */

#include <string.h>

#include "keygate_api_private.h"


#define KEYGATE_GROUP_NAME_MAX  48


static keygate_rc_t keygate_rate_options(keygate_api_t *api,
    const keygate_str_t *args, unsigned n, keygate_rate_t *rate,
    keygate_conf_fault_t *fault);
static int keygate_rate_option(keygate_str_t arg, unsigned *seen,
    keygate_rate_t *rate, keygate_str_t *group);
static int keygate_rate_plans(keygate_str_t plans);
static int keygate_rate_shares(keygate_str_t plans, keygate_str_t others);
static keygate_rc_t keygate_rate_name(keygate_api_t *api, keygate_rate_t *rate,
    keygate_str_t group);
static keygate_rc_t keygate_rate_group(keygate_api_t *api,
    keygate_rate_t *rate, keygate_str_t name, keygate_conf_fault_t *fault);
static keygate_rc_t keygate_rate_apart(const keygate_api_t *api,
    const keygate_rate_t *rate, keygate_str_t value,
    keygate_conf_fault_t *fault);
static keygate_rc_t keygate_rate_resolve(keygate_api_t *api,
    keygate_rate_t *rate, keygate_conf_fault_t *fault);


keygate_rc_t
keygate_api_parse_rate(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned        i;
    keygate_rc_t    rc;
    keygate_rate_t  r;

    memset(&r, 0, sizeof(keygate_rate_t));

    if (keygate_rate_parse(args[1], &r.limit, &r.unit) != KEYGATE_OK) {
        return keygate_api_fault(fault, args[1],
                                 "NUMr/UNIT: 1 to 1000000000 requests in an "
                                 "\"s\", \"m\", \"h\", \"d\" or \"month\"");
    }

    r.line = fault->line;

    rc = keygate_rate_options(api, args, n, &r, fault);

    if (rc == KEYGATE_OK) {
        rc = keygate_rate_apart(api, &r, args[1], fault);
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (api->n_rates == KEYGATE_RATES_MAX) {
        return keygate_api_fault(fault, args[1],
                                 "at most 128 rates in an API");
    }

    for (i = api->n_rates++; i > 0; i--) {
        if (r.per_account || !api->rates[i - 1].per_account) {
            break;
        }

        api->rates[i] = api->rates[i - 1];
    }

    api->rates[i] = r;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_rate_options(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_rate_t *rate, keygate_conf_fault_t *fault)
{
    unsigned       i, seen;
    keygate_rc_t   rc;
    keygate_str_t  group;

    group = KEYGATE_STR("");

    for (seen = 0, i = 2; i < n; i++) {
        if (!keygate_rate_option(args[i], &seen, rate, &group)) {
            return keygate_api_fault(fault, args[i],
                                     "\"name=NAME\", \"per=key\" or "
                                     "\"per=account\", \"plan=PLAN,...\" "
                                     "without a plan twice, and "
                                     "\"group=GROUP\" of up to 48 "
                                     "characters, each once");
        }
    }

    rc = keygate_rate_name(api, rate, group);

    return rc == KEYGATE_OK && group.len
           ? keygate_rate_group(api, rate, group, fault) : rc;
}


static int
keygate_rate_option(keygate_str_t arg, unsigned *seen, keygate_rate_t *rate,
    keygate_str_t *group)
{
    int            i, valid;
    keygate_str_t  value;

    static const char *const  names[] = { "name", "per", "plan", "group" };

    value = KEYGATE_STR("");

    for (i = 0; i < 4 && !keygate_api_option(arg, names[i], &value); i++) {
        /* void */
    }

    if (i == 4 || (*seen & 1u << i) || keygate_api_quoted(value)) {
        return 0;
    }

    *seen |= 1u << i;

    switch (i) {

    case 0:
        rate->label.name = value;
        return keygate_api_name_valid(value);

    case 1:
        valid = keygate_str_eq(value, KEYGATE_STR("account"));
        rate->per_account = valid & 1;
        return valid || keygate_str_eq(value, KEYGATE_STR("key"));

    case 2:
        rate->plan = value;
        return keygate_rate_plans(value);

    default:
        *group = value;
        return keygate_api_name_valid(value)
               && value.len <= KEYGATE_GROUP_NAME_MAX;
    }
}


/* Whether it is a list of names, each once. */

static int
keygate_rate_plans(keygate_str_t plans)
{
    keygate_str_t  name, rest;

    if (plans.len == 0) {
        return 0;
    }

    while (keygate_api_split(&plans, ',', &name)) {
        rest = plans;

        if (!keygate_api_name_valid(name)
            || (rest.data != NULL && keygate_rate_shares(name, rest)))
        {
            return 0;
        }
    }

    return 1;
}


/* Whether two lists have a name in common. */

static int
keygate_rate_shares(keygate_str_t plans, keygate_str_t others)
{
    keygate_str_t  name, other, rest;

    while (keygate_api_split(&plans, ',', &name)) {
        rest = others;

        while (keygate_api_split(&rest, ',', &other)) {
            if (keygate_str_eq(name, other)) {
                return 1;
            }
        }
    }

    return 0;
}


/* The name of a rate that was given none. */

static keygate_rc_t
keygate_rate_name(keygate_api_t *api, keygate_rate_t *rate,
    keygate_str_t group)
{
    keygate_str_t  unit;
    keygate_buf_t  b;

    unit = keygate_span(keygate_unit_name(rate->unit));

    if (rate->label.name.len || group.len == 0) {
        rate->label.name = rate->label.name.len ? rate->label.name : unit;
        return KEYGATE_OK;
    }

    b.size = group.len + 1 + unit.len;
    b.len = 0;
    b.data = api->pool->alloc(api->pool->pool, b.size);

    if (b.data == NULL) {
        return KEYGATE_NOMEM;
    }

    keygate_buf_put(&b, group);
    keygate_buf_puts(&b, "-");
    keygate_buf_put(&b, unit);

    rate->label.name.data = b.data;
    rate->label.name.len = b.len;

    return KEYGATE_OK;
}


unsigned
keygate_api_group(const keygate_api_t *api, keygate_str_t name)
{
    unsigned  i;

    for (i = 0; i < api->n_groups; i++) {
        if (keygate_str_eq(api->groups[i].name, name)) {
            return i + 1;
        }
    }

    return 0;
}


static keygate_rc_t
keygate_rate_group(keygate_api_t *api, keygate_rate_t *rate,
    keygate_str_t name, keygate_conf_fault_t *fault)
{
    keygate_group_t  *group;

    rate->group = keygate_api_group(api, name);

    if (rate->group == 0) {
        if (api->n_groups == KEYGATE_GROUPS_MAX) {
            return keygate_api_fault(fault, name,
                                     "at most 32 groups in an API");
        }

        group = &api->groups[api->n_groups++];
        group->name = name;
        group->number = keygate_rate_group_number(name);

        rate->group = api->n_groups;
    }

    group = &api->groups[rate->group - 1];
    group->units[rate->per_account ? KEYGATE_ACCOUNT : KEYGATE_KEY]
        |= 1u << rate->unit;

    return KEYGATE_OK;
}


/* Of a unit, for keys or accounts, in a group or in none, one holds; names
 * belong to these. */

static keygate_rc_t
keygate_rate_apart(const keygate_api_t *api, const keygate_rate_t *rate,
    keygate_str_t value, keygate_conf_fault_t *fault)
{
    int                    same;
    unsigned               i;
    const keygate_rate_t  *other;

    for (i = 0; i < api->n_rates; i++) {
        other = &api->rates[i];
        same = other->unit == rate->unit && other->group == rate->group
               && other->per_account == rate->per_account;

        if (same
            && (rate->plan.len == 0 ? other->plan.len == 0
                : other->plan.len && keygate_rate_shares(rate->plan,
                                                         other->plan)))
        {
            return keygate_api_fault(fault, value,
                                     "at most one rate of a unit for keys, "
                                     "and one for accounts; so for each "
                                     "plan, and in each group");
        }

        if (!same && keygate_str_eq(other->label.name, rate->label.name)) {
            return keygate_api_fault(fault, rate->label.name,
                                     "each name of a rate only once; give "
                                     "this one a name=");
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_rates(keygate_api_t *api, keygate_conf_fault_t *fault)
{
    unsigned                i, k;
    keygate_rc_t            rc;
    const keygate_route_t  *route;

    for (k = 0; k < api->n_rates; k++) {
        rc = keygate_rate_resolve(api, &api->rates[k], fault);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    for (i = 0; i < api->n_routes; i++) {
        route = api->routes[i];

        for (k = 0; k < api->n_rates; k++) {
            if (route->cost <= api->rates[k].limit
                || (api->rates[k].group
                    && api->rates[k].group != route->group))
            {
                continue;
            }

            fault->line = route->line;

            return keygate_api_expected(api, fault, route->path,
                                        "a cost that the rate \"",
                                        api->rates[k].label.name,
                                        "\" has room for");
        }
    }

    return keygate_api_sets(api);
}


/* What it says of others. */

static keygate_rc_t
keygate_rate_resolve(keygate_api_t *api, keygate_rate_t *rate,
    keygate_conf_fault_t *fault)
{
    unsigned       i;
    keygate_str_t  rest, name;

    fault->line = rate->line;

    if (rate->group && !api->groups[rate->group - 1].routed) {
        return keygate_api_fault(fault, api->groups[rate->group - 1].name,
                                 "a group that a \"route\" is in");
    }

    rest = rate->plan;

    if (rest.len == 0) {
        return KEYGATE_OK;
    }

    while (keygate_api_split(&rest, ',', &name)) {

        for (i = 0; i < api->n_plans; i++) {
            if (keygate_str_eq(api->plans[i].name, name)) {
                break;
            }
        }

        if (i == api->n_plans) {
            return keygate_api_fault(fault, name, "a plan of this API");
        }

        rate->plans |= (uint64_t) 1 << i;
    }

    return KEYGATE_OK;
}
