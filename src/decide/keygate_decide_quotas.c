/*
 * Row 6 where a file says how much of a day and a month is used: which windows
 * it has to cover, who asks for more, and who waits for it.
 */

#include "keygate_decide_private.h"


static unsigned keygate_quota_group(const keygate_verdict_t *v, unsigned first,
    keygate_quota_t *quota);


void
keygate_decide_quotas(const keygate_request_t *request, keygate_verdict_t *v)
{
    unsigned  i, j;

    for (i = 0; i < v->n_windows; i++) {
        if (v->windows[i].unit < KEYGATE_DAY) {
            continue;
        }

        for (j = 0; j < v->n_windows; j++) {
            if (v->windows[j].meter == v->windows[i].meter) {
                v->windows[j].quotas = request->quotas;
            }
        }
    }
}


void
keygate_decide_keep(const keygate_request_t *request, unsigned flags,
    uint32_t cost, keygate_verdict_t *v)
{
    unsigned          i, n;
    keygate_quota_t   quota;
    keygate_meter_t  *meter;

    for (i = 0; i < v->n_windows; i += n) {
        meter = v->windows[i].meter;

        if (v->windows[i].quotas == NULL) {
            n = 1;
            continue;
        }

        n = keygate_quota_group(v, i, &quota);

        if (v->charged) {
            if (quota.room != 0
                && keygate_quota_ahead(meter) <= quota.step / 2)
            {
                keygate_quota_want(request->quotas, meter, &quota, 0,
                                   request->now.ms);
            }

        } else if (v->windows[i].unsaved) {
            keygate_quota_want(request->quotas, meter, &quota,
                               (flags & KEYGATE_WAITED) ? 0 : cost,
                               request->now.ms);
            v->unsaved = 1;
            v->waits = 1;
        }
    }
}


/* The windows of one meter, and what is to be put in for it. */

static unsigned
keygate_quota_group(const keygate_verdict_t *v, unsigned first,
    keygate_quota_t *quota)
{
    unsigned                 i;
    uint32_t                 step;
    const keygate_window_t  *w;

    w = &v->windows[first];

    quota->ref = (uint32_t) (w->holder >> 32);
    quota->kind = w->holder & 1;
    quota->grouped = (w->holder & KEYGATE_HOLDER_GROUP) != 0;
    quota->step = UINT32_MAX;
    quota->room = UINT32_MAX;

    for (i = first; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (w->meter != v->windows[first].meter) {
            break;
        }

        if (w->unit >= KEYGATE_DAY) {
            step = keygate_quota_step(w->limit);
            quota->step = step < quota->step ? step : quota->step;
            quota->room = w->remaining < quota->room ? w->remaining
                                                     : quota->room;
        }
    }

    return i - first;
}
