/*
 * What is left of each rate, as "/check" and the developers page have it.
 */

#include "ngx_http_keygate_admin.h"
#include "keygate_calendar.h"


static ngx_int_t ngx_http_keygate_admin_here(ngx_http_keygate_job_t *job,
    const keygate_window_t *w, json_t *rate);


json_t *
ngx_http_keygate_admin_rates(ngx_http_keygate_job_t *job,
    const keygate_verdict_t *v)
{
    json_t                  *array, *rate;
    int64_t                  wall;
    unsigned                 i;
    const keygate_window_t  *w;

    wall = job->now.wall;
    array = json_array();

    for (i = 0; array && i < v->n_windows; i++) {
        w = &v->windows[i];

        rate = json_pack("{s:o, s:I, s:s, s:I, s:I, s:I, s:b}",
                         "name", ngx_http_keygate_admin_string(w->label->name),
                         "limit", (json_int_t) w->limit,
                         "unit", keygate_unit_name(w->unit),
                         "seconds",
                         (json_int_t) ((w->unit == KEYGATE_MONTH)
                                       ? keygate_calendar_seconds(wall)
                                       : keygate_unit_seconds(w->unit)),
                         "remaining", (json_int_t) w->remaining,
                         "reset", (json_int_t) w->reset,
                         "refused", (int) w->refused);

        if (rate == NULL
            || ngx_http_keygate_admin_here(job, w, rate) != NGX_OK
            || json_array_append(array, rate) == -1)
        {
            json_decref(array);
            array = NULL;
        }

        json_decref(rate);
    }

    return array;
}


/* Of what is left over all nodes, what is leased to this one. */

static ngx_int_t
ngx_http_keygate_admin_here(ngx_http_keygate_job_t *job,
    const keygate_window_t *w, json_t *rate)
{
    uint32_t  here;

    if (job->admin->api->zone->leases == NULL) {
        return NGX_OK;
    }

    here = keygate_lease_room(w->lease, w->holder,
                              keygate_meter_count(w->meter), job->now.ms);
    here = ngx_min(here, w->remaining);

    return (json_object_set_new(rate, "here", json_integer(here)) == 0)
           ? NGX_OK : NGX_ERROR;
}
