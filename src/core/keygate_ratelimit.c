/*
 * The rate header fields of draft-ietf-httpapi-ratelimit-headers: nobody else
 * knows what they look like.
 */

#include "keygate_api_private.h"
#include "keygate_decide.h"


static void keygate_policy_item(keygate_buf_t *out, keygate_str_t name,
    uint32_t limit, uint32_t seconds);
static void keygate_ratelimit_name(keygate_buf_t *out, keygate_str_t name);


keygate_rc_t
keygate_api_policy(keygate_api_t *api)
{
    size_t                 size;
    unsigned               i;
    keygate_buf_t          out;
    const keygate_rate_t  *rate;

    size = 0;

    for (i = 0; i < api->n_rates; i++) {
        if (api->rates[i].unit == KEYGATE_MONTH) {
            return KEYGATE_OK;
        }

        size += api->rates[i].name.len
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

    for (i = 0; i < api->n_rates; i++) {
        rate = &api->rates[i];
        keygate_policy_item(&out, rate->name, rate->limit,
                            keygate_unit_seconds(rate->unit));
    }

    api->policy.data = out.data;
    api->policy.len = out.len;

    return KEYGATE_OK;
}


void
keygate_verdict_ratelimit(const keygate_api_t *api,
    const keygate_verdict_t *v, int64_t wall, keygate_buf_t *policy,
    keygate_buf_t *limit)
{
    int                      usual;
    unsigned                 i;
    const keygate_window_t  *w;

    usual = !v->key.has_limits && api->policy.len != 0;

    if (usual) {
        keygate_buf_put(policy, api->policy);
    }

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (!usual) {
            keygate_policy_item(policy, w->name, w->limit,
                                w->unit == KEYGATE_MONTH
                                ? keygate_month_seconds(wall)
                                : keygate_unit_seconds(w->unit));
        }

        keygate_ratelimit_name(limit, w->name);
        keygate_buf_puts(limit, ";r=");
        keygate_buf_num(limit, w->remaining);
        keygate_buf_puts(limit, ";t=");
        keygate_buf_num(limit, w->reset);
    }
}


static void
keygate_policy_item(keygate_buf_t *out, keygate_str_t name, uint32_t limit,
    uint32_t seconds)
{
    keygate_ratelimit_name(out, name);
    keygate_buf_puts(out, ";q=");
    keygate_buf_num(out, limit);
    keygate_buf_puts(out, ";w=");
    keygate_buf_num(out, seconds);
}


/* Begins an item.  Names are checked when they are configured: nothing in
 * them needs escaping in a quoted string. */

static void
keygate_ratelimit_name(keygate_buf_t *out, keygate_str_t name)
{
    keygate_buf_puts(out, out->len ? ", \"" : "\"");
    keygate_buf_put(out, name);
    keygate_buf_puts(out, "\"");
}
