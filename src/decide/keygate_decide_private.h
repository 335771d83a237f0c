/*
 * Between keygate_decide.c, which keeps the order of the rows,
 * keygate_decide_path.c, which keeps the paths, and keygate_decide_rates.c,
 * which keeps the rates.
 */

#ifndef KEYGATE_DECIDE_PRIVATE_H
#define KEYGATE_DECIDE_PRIVATE_H

#include <string.h>

#include "keygate_decide.h"


/* keygate_verdict.c: a verdict on nobody, before the first row; and on nobody
 * after all. */
void keygate_verdict_init(keygate_scratch_t *scratch, keygate_verdict_t *v);
void keygate_verdict_nobody(keygate_verdict_t *v);

/* Row 1; 0 when the path is ambiguous. */
int keygate_decide_path(const keygate_api_t *api,
    const keygate_request_t *request, keygate_verdict_t *v);

/* Row 1 for the destination, once v->need is what the route needs: 0 when it
 * is ambiguous.  Where that was nothing, v->need is what the destination
 * needs. */
int keygate_decide_destination(const keygate_api_t *api,
    const keygate_request_t *request, keygate_verdict_t *v);

/* Rows 9 and 10 for the destination, after those for the path; 0 and v->code
 * when it is refused. */
int keygate_decide_onto(const keygate_api_t *api, keygate_verdict_t *v);

/*
 * Sets up the windows that hold for the key in "v": its own rates in place of
 * those per key of the same unit, those of the key before those of its
 * account, and then those of the route's group.  0 when one cannot be counted;
 * v->lacks when one cannot be yet.
 */
int keygate_decide_windows(const keygate_api_t *api, keygate_table_t *table,
    const keygate_request_t *request, unsigned flags, keygate_verdict_t *v);

/* Row 4, of a key that was found: what it is refused by, or KEYGATE_ALLOWED. */

static inline keygate_code_e
keygate_decide_ended(const keygate_key_t *key, int64_t wall)
{
    if (key->revoked_at != KEYGATE_NEVER) {
        return KEYGATE_KEY_REVOKED;
    }

    if (key->suspended_at != KEYGATE_NEVER) {
        return KEYGATE_KEY_SUSPENDED;
    }

    return key->expires_at <= wall ? KEYGATE_KEY_EXPIRED : KEYGATE_ALLOWED;
}

/* Row 7.  A trial that nobody has set an end to is none. */

static inline int
keygate_decide_lapsed(const keygate_key_t *key, int64_t wall)
{
    return !key->account_known
           || (key->status != KEYGATE_ACTIVE
               && (key->status != KEYGATE_TRIALING
                   || key->trial_ends_at == KEYGATE_NEVER
                   || key->trial_ends_at <= wall));
}

/* The next window, which is not added yet, as a rate has it. */

static inline keygate_window_t *
keygate_decide_window(keygate_verdict_t *v, const keygate_rate_t *rate)
{
    keygate_window_t  *w;

    w = &v->windows[v->n_windows];
    memset(w, 0, sizeof(keygate_window_t));

    w->limit = rate->limit;
    w->unit = rate->unit;
    w->label = &rate->label;

    return w;
}

/* keygate_decide_group.c: adds the window of a rate for a group */
void keygate_decide_add_group(const keygate_api_t *api, keygate_table_t *table,
    const keygate_rate_t *rate, const keygate_request_t *request,
    unsigned flags, keygate_verdict_t *v);

/* Charges the windows, or with KEYGATE_CHECK_ONLY looks at them; 0 and v->code
 * when a rate refuses. */
int keygate_decide_rates(const keygate_request_t *request, unsigned flags,
    keygate_verdict_t *v);


/* keygate_decide_leases.c: rates that hold over many nodes */

/* Finds the leases of the windows; 0 and v->code when one cannot be had. */
int keygate_decide_leases(const keygate_request_t *request, unsigned flags,
    uint32_t cost, keygate_verdict_t *v);

/* After the rates have refused: whether it is worth while to wait, and what
 * the node asks for. */
void keygate_decide_wait(const keygate_request_t *request, unsigned flags,
    uint32_t cost, keygate_verdict_t *v);


/* keygate_decide_quotas.c: days and months that survive a restart */

/* Windows that a file has to cover; and, when they have been charged or for
 * want of that have not, what is asked for, and whether the request waits. */
void keygate_decide_quotas(const keygate_request_t *request,
    keygate_verdict_t *v);
void keygate_decide_keep(const keygate_request_t *request, unsigned flags,
    uint32_t cost, keygate_verdict_t *v);


#endif /* KEYGATE_DECIDE_PRIVATE_H */
