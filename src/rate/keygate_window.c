/*
 * What a window has left as of a look at its meter, and when there will be
 * more.  Nothing is written; the caller proves afterwards that what was read
 * belonged together.
 */

#include "keygate_calendar.h"
#include "keygate_meter.h"


static void keygate_fill_month(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t used);
static void keygate_view(keygate_view_t *v, const keygate_look_t *look,
    const keygate_window_t *w);
static uint32_t keygate_used(const keygate_view_t *v,
    const keygate_look_t *look, int age);
static int keygate_youngest(const keygate_view_t *v,
    const keygate_look_t *look, uint32_t most);
static uint32_t keygate_seconds(const keygate_view_t *v,
    const keygate_look_t *look, int young);
static uint32_t keygate_month_used(const keygate_look_t *look);


/* A rate without a ring cannot be kept, so it refuses. */

int
keygate_window_judge(keygate_look_t *look, keygate_window_t *windows,
    unsigned n, uint32_t cost)
{
    int                pass;
    unsigned           i;
    keygate_view_t    *view;
    keygate_window_t  *w;

    pass = 1;

    for (i = 0; i < n; i++) {
        w = &windows[i];

        if (w->unit == KEYGATE_MONTH) {
            w->remaining = keygate_month_used(look);

        } else if (w->ring == NULL) {
            w->remaining = KEYGATE_COUNTS;

        } else {
            view = &look->views[w->unit];
            keygate_view(view, look, w);
            w->remaining = keygate_used(view, look, KEYGATE_BUCKETS - 1);
        }

        w->refused = cost != 0 && (uint64_t) w->remaining + cost > w->limit;
        pass &= !w->refused;
    }

    return pass;
}


void
keygate_window_fill(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t taken)
{
    uint32_t               used, unit;
    const keygate_view_t  *view;

    used = w->remaining;
    w->remaining = (uint64_t) used + taken < w->limit ? w->limit - used - taken
                                                      : 0;
    w->reset = 0;
    w->retry_after = 0;

    if (w->unit == KEYGATE_MONTH) {
        keygate_fill_month(look, w, cost, used + taken);
        return;
    }

    unit = keygate_unit_seconds(w->unit);

    if (w->ring == NULL) {
        w->reset = unit;
        w->retry_after = w->refused ? unit : 0;
        return;
    }

    view = &look->views[w->unit];

    if (used != 0) {
        w->reset = keygate_seconds(view, look,
                                   keygate_youngest(view, look, used - 1));

    } else if (taken != 0) {
        w->reset = keygate_seconds(view, look, -1);
    }

    if (w->refused) {
        w->retry_after = cost > w->limit
                         ? unit
                         : keygate_seconds(view, look,
                                           keygate_youngest(view, look,
                                                            w->limit - cost));
        w->reset = w->retry_after;
    }
}


static void
keygate_fill_month(const keygate_look_t *look, keygate_window_t *w,
    uint32_t cost, uint32_t used)
{
    int64_t   end;
    uint32_t  unit;

    end = look->anew ? look->month : (int64_t) (look->since >> 32);
    end = keygate_calendar_begin(end + 1) - look->wall;
    unit = keygate_calendar_seconds(look->wall);

    if (used != 0) {
        w->reset = (uint32_t) end;
    }

    if (w->refused) {
        w->retry_after = cost > w->limit ? unit : (uint32_t) end;
        w->reset = w->retry_after;
    }
}


static void
keygate_view(keygate_view_t *v, const keygate_look_t *look,
    const keygate_window_t *w)
{
    uint32_t  begun;

    v->ring = w->ring;
    v->unit = keygate_unit_seconds(w->unit);
    v->bucket = keygate_bucket(look->tick, w->unit);

    begun = (look->word & KEYGATE_ROLLING)
            ? __atomic_load_n(&w->ring->bucket, __ATOMIC_ACQUIRE)
            : keygate_bucket(keygate_word_tick(look->word), w->unit);

    v->passed = begun == v->bucket
                ? 0 : keygate_buckets(v->bucket, begun, w->unit);
}


/* Units admitted since the bucket that is "age" before the present one began;
 * -1 is the next one. */

static uint32_t
keygate_used(const keygate_view_t *v, const keygate_look_t *look, int age)
{
    uint32_t  slot, start;

    if (age < 0 || (uint32_t) age < v->passed) {
        return 0;
    }

    slot = (v->bucket + KEYGATE_BUCKETS - (uint32_t) age) % KEYGATE_BUCKETS;
    start = __atomic_load_n(&v->ring->start[slot], __ATOMIC_ACQUIRE);

    return (look->count - start) & KEYGATE_COUNTS;
}


/* The age of the oldest bucket since whose beginning no more than "most" units
 * were admitted; -1: since the next one's. */

static int
keygate_youngest(const keygate_view_t *v, const keygate_look_t *look,
    uint32_t most)
{
    int  young, old, age;

    young = -1;
    old = KEYGATE_BUCKETS - 1;

    while (old - young > 1) {
        age = young + (old - young) / 2;

        if (keygate_used(v, look, age) <= most) {
            young = age;

        } else {
            old = age;
        }
    }

    return young;
}


/*
 * Whole seconds until all but what was admitted since the bucket of age
 * "young" began has left the window: 1 or more.  One tick is added: the clock
 * that the next request is judged by may lag by a part of it.
 */

static uint32_t
keygate_seconds(const keygate_view_t *v, const keygate_look_t *look, int young)
{
    uint32_t  ticks;

    ticks = 1 + (uint32_t) (KEYGATE_BUCKETS - 1 - young) * v->unit
            - (look->tick - v->bucket * v->unit)
            + keygate_ticks(look->tick, look->own);

    return (ticks + KEYGATE_TICKS - 1) / KEYGATE_TICKS;
}


/* A month that is to begin anew has nothing in it. */

static uint32_t
keygate_month_used(const keygate_look_t *look)
{
    return look->anew ? 0
           : (look->count - (uint32_t) look->since) & KEYGATE_COUNTS;
}
