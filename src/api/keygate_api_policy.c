/*
 * What header fields say of rates whoever asks, made once: the RateLimit-Policy
 * of all keys to which a set of rates applies, and what an item of RateLimit
 * begins with.
 */

#include "keygate_api_private.h"
#include "keygate_ratelimit.h"


static void keygate_policy_write(const keygate_rates_t *set, uint32_t month,
    keygate_buf_t *out);
static const keygate_label_t *keygate_label_own(const keygate_rates_t *set,
    unsigned unit);


keygate_rc_t
keygate_api_labels(keygate_api_t *api)
{
    unsigned          i;
    keygate_buf_t     out;
    keygate_label_t  *label;

    for (i = 0; i < api->n_rates; i++) {
        label = &api->rates[i].label;

        out.size = label->name.len + sizeof("\"\";r=") - 1;
        out.len = 0;
        out.data = api->pool->alloc(api->pool->pool, out.size);

        if (out.data == NULL) {
            return KEYGATE_NOMEM;
        }

        keygate_ratelimit_begin(&out, label->name);

        label->left.data = out.data;
        label->left.len = out.len;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_policy(keygate_api_t *api, keygate_rates_t *set)
{
    size_t         size;
    unsigned       i;
    keygate_buf_t  out;

    size = 0;

    for (i = 0; i < KEYGATE_UNITS; i++) {
        set->own[i] = keygate_label_own(set, i);
    }

    for (i = 0; i < set->n; i++) {
        set->monthly |= set->rates[i]->unit == KEYGATE_MONTH;
        size += set->rates[i]->label.name.len + KEYGATE_RATELIMIT_POLICY;
    }

    if (size == 0) {
        return KEYGATE_OK;
    }

    for (i = 0; i < 4; i++) {
        if (i != 0 && !set->monthly) {
            set->policy[i] = set->policy[0];
            continue;
        }

        out.size = size;
        out.len = 0;
        out.data = api->pool->alloc(api->pool->pool, size);

        if (out.data == NULL) {
            return KEYGATE_NOMEM;
        }

        keygate_policy_write(set, (28 + i) * 86400, &out);

        set->policy[i].data = out.data;
        set->policy[i].len = out.len;
    }

    return KEYGATE_OK;
}


static void
keygate_policy_write(const keygate_rates_t *set, uint32_t month,
    keygate_buf_t *out)
{
    unsigned               i;
    const keygate_rate_t  *rate;

    for (i = 0; i < set->n; i++) {
        rate = set->rates[i];
        keygate_ratelimit_policy(out, rate->label.name, rate->limit,
                                 rate->unit == KEYGATE_MONTH
                                 ? month : keygate_unit_seconds(rate->unit));
    }
}


/* A key's own rate goes by the name of the one that it replaces, or by that of
 * its unit, if that is not an account's. */

static const keygate_label_t *
keygate_label_own(const keygate_rates_t *set, unsigned unit)
{
    unsigned               i;
    const keygate_rate_t  *rate;

    static const keygate_label_t  usual[KEYGATE_UNITS] = {
        keygate_ratelimit_label("second"), keygate_ratelimit_label("minute"),
        keygate_ratelimit_label("hour"), keygate_ratelimit_label("day"),
        keygate_ratelimit_label("month")
    };

    static const keygate_label_t  others[KEYGATE_UNITS] = {
        keygate_ratelimit_label("key-second"),
        keygate_ratelimit_label("key-minute"),
        keygate_ratelimit_label("key-hour"),
        keygate_ratelimit_label("key-day"),
        keygate_ratelimit_label("key-month")
    };

    for (i = 0; i < set->n; i++) {
        rate = set->rates[i];

        if (rate->group == 0 && !rate->per_account
            && (unsigned) rate->unit == unit)
        {
            return &rate->label;
        }
    }

    for (i = 0; i < set->n; i++) {
        if (keygate_str_eq(set->rates[i]->label.name, usual[unit].name)) {
            return &others[unit];
        }
    }

    return &usual[unit];
}
