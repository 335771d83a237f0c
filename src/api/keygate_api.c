/*
 * An API's contract: made empty, compiled when all of its directives have
 * been read (keygate_api_words.c), and bound to the table of its keys.
 */

#include <string.h>

#include "keygate_api_private.h"


keygate_api_t *
keygate_api_create(keygate_str_t name, const keygate_pool_t *pool)
{
    keygate_api_t  *api;

    api = pool->alloc(pool->pool, sizeof(keygate_api_t));
    if (api == NULL) {
        return NULL;
    }

    api->catalogue.scopes = pool->alloc(pool->pool,
                                  KEYGATE_SCOPES_MAX * sizeof(keygate_scope_t));
    if (api->catalogue.scopes == NULL) {
        return NULL;
    }

    api->router = keygate_router_create(pool);
    if (api->router == NULL) {
        return NULL;
    }

    api->name = name;
    api->pool = pool;
    api->account = KEYGATE_STR("account");

    return api;
}


keygate_rc_t
keygate_api_compile(keygate_api_t *api, keygate_conf_fault_t *fault)
{
    unsigned            rank, culprit;
    keygate_rc_t        rc;
    keygate_pending_t  *p;

    fault->line = 0;
    fault->other = 0;

    if (api->zone.len == 0) {
        return keygate_api_fault(fault, api->name, "a \"zone NAME\" in it");
    }

    if (api->n_sources == 0) {
        return keygate_api_fault(fault, api->name,
                                 "at least one \"credential\" in it");
    }

    api->source_lengths = keygate_source_lengths(api->sources,
                                                 api->n_sources);

    for (rank = 0; rank < KEYGATE_RANKS; rank++) {

        for (p = api->pending; p; p = p->next) {
            if (p->rank != rank) {
                continue;
            }

            fault->line = p->line;

            rc = p->resolve(api, p->args, p->n, fault);
            if (rc != KEYGATE_OK) {
                return rc;
            }
        }

        if (rank == KEYGATE_RANK_IMPLIES
            && keygate_scope_close(&api->catalogue, &culprit) != KEYGATE_OK)
        {
            fault->line = 0;

            for (p = api->pending; p; p = p->next) {
                if (p->rank == rank
                    && keygate_str_eq(p->args[0],
                                      api->catalogue.scopes[culprit].name))
                {
                    fault->line = p->line;
                }
            }

            return keygate_api_fault(fault,
                                     api->catalogue.scopes[culprit].name,
                                     "implications without a cycle");
        }
    }

    rc = keygate_api_rates(api, fault);

    return rc == KEYGATE_OK ? keygate_router_compile(api->router) : rc;
}


keygate_rc_t
keygate_api_advice(const keygate_api_t *api, unsigned *i,
    keygate_conf_fault_t *fault)
{
    unsigned  k, n;
    uint64_t  idle;

    fault->other = 0;

    for ( /* void */ ; *i < api->n_plans; (*i)++) {
        idle = api->plans[*i].features & ~api->needed;

        for (k = 0; k < api->n_features; k++) {
            if (idle & (uint64_t) 1 << k) {
                (*i)++;
                fault->line = api->plan_lines[*i - 1];
                fault->value = api->features[k];
                fault->expected = "a feature that \"require\" or a route "
                                  "asks for";
                return KEYGATE_OK;
            }
        }
    }

    for ( /* void */ ; *i < api->n_plans + api->n_formats; (*i)++) {
        n = *i - api->n_plans;

        if (api->formats[n].secret_len < 16) {
            (*i)++;
            fault->line = 0;
            fault->value = api->formats[n].prefix;
            fault->expected = "a secret of 16 characters or more";
            return KEYGATE_OK;
        }
    }

    return KEYGATE_NONE;
}


keygate_rc_t
keygate_api_bind(keygate_api_t *api, keygate_table_t *table,
    const keygate_now_t *now)
{
    int       n;
    unsigned  i, units[2];

    for (i = 0; i < api->catalogue.n; i++) {
        n = keygate_table_intern_scope(table, api->catalogue.scopes[i].name);
        if (n < 0) {
            return n == -1 ? KEYGATE_INVALID : KEYGATE_FULL;
        }

        api->catalogue.scopes[i].bit = (unsigned) n;
    }

    keygate_scope_bind(&api->catalogue);

    for (i = 0; i < api->n_plans; i++) {
        n = keygate_table_intern_plan(table, api->plans[i].name);
        if (n < 0) {
            return n == -1 ? KEYGATE_INVALID : KEYGATE_FULL;
        }

        api->plans[i].number = n;
    }

    memset(units, 0, sizeof(units));

    for (i = 0; i < api->n_rates; i++) {
        if (api->rates[i].group == 0) {
            units[api->rates[i].per_account ? KEYGATE_ACCOUNT : KEYGATE_KEY]
                |= 1u << api->rates[i].unit;
        }
    }

    if (api->n_groups != 0 && keygate_table_groups(table) != KEYGATE_OK) {
        return KEYGATE_FULL;
    }

    return keygate_table_units(table, units[KEYGATE_KEY],
                               units[KEYGATE_ACCOUNT], now);
}
