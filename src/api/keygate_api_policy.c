/*
 * The RateLimit-Policy that is the same for all keys to which a set of rates
 * applies, made once.
 */

#include "keygate_api_private.h"
#include "keygate_ratelimit.h"


keygate_rc_t
keygate_api_policy(keygate_api_t *api, keygate_rates_t *set)
{
    size_t                 size;
    unsigned               i;
    keygate_buf_t          out;
    const keygate_rate_t  *rate;

    size = 0;

    for (i = 0; i < set->n; i++) {
        if (set->rates[i]->unit == KEYGATE_MONTH) {
            return KEYGATE_OK;
        }

        size += set->rates[i]->name.len
                + sizeof(", \"\";q=1000000000;w=86400");
    }

    if (size == 0) {
        return KEYGATE_OK;
    }

    out.size = size;
    out.len = 0;
    out.data = api->pool->alloc(api->pool->pool, size);

    if (out.data == NULL) {
        return KEYGATE_NOMEM;
    }

    for (i = 0; i < set->n; i++) {
        rate = set->rates[i];
        keygate_ratelimit_policy(&out, rate->name, rate->limit,
                                 keygate_unit_seconds(rate->unit));
    }

    set->policy.data = out.data;
    set->policy.len = out.len;

    return KEYGATE_OK;
}
