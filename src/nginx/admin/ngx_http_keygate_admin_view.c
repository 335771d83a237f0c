/*
 * How records are shown: without digests, and keys with what only the table
 * knows of them.  In threads: no request, no pool.
 */

#include "ngx_http_keygate_admin.h"


static json_t *ngx_http_keygate_admin_extras(ngx_http_keygate_job_t *job,
    const json_t *record);
static json_t *ngx_http_keygate_admin_limits(ngx_http_keygate_job_t *job,
    keygate_str_t id);
static json_t *ngx_http_keygate_admin_used(int64_t used);


json_t *
ngx_http_keygate_admin_view(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    const json_t *record)
{
    json_t  *view, *extras;

    extras = NULL;

    if (kind == KEYGATE_KEY) {
        extras = ngx_http_keygate_admin_extras(job, record);
        if (extras == NULL) {
            return NULL;
        }
    }

    view = keygate_change_view(record, extras, job->now.wall);

    json_decref(extras);

    return view;
}


static json_t *
ngx_http_keygate_admin_extras(ngx_http_keygate_job_t *job,
    const json_t *record)
{
    int64_t           used;
    json_t           *extras, *limits;
    keygate_rc_t      rc;
    keygate_key_t     key;
    keygate_str_t     id;
    keygate_state_e   state;
    keygate_table_t  *table;

    table = job->admin->api->zone->table;
    id = keygate_span(json_string_value(json_object_get(record, "id")));

    rc = keygate_table_find_id(table, id, &key);

    used = (rc == KEYGATE_OK) ? keygate_table_used_at(table, key.ref) : 0;
    extras = json_pack("{s:o}", "last_used_at",
                       ngx_http_keygate_admin_used(used));

    if (extras == NULL || job->admin->portal == NULL) {
        return extras;
    }

    state = keygate_filter_state_of(record, job->now.wall);

    /* a key that is about to be made is shown again when it is there, and
       none that is not live has anything left */

    limits = (rc == KEYGATE_OK && state == KEYGATE_STATE_LIVE)
             ? ngx_http_keygate_admin_limits(job, id) : json_array();

    if (json_object_set_new(extras, "state",
                            json_string(keygate_filter_state_name(state)))
        == -1
        || json_object_set_new(extras, "limits", limits) == -1)
    {
        json_decref(extras);
        return NULL;
    }

    return extras;
}


/* What is left of each rate, on all routes and in each group of them. */

static json_t *
ngx_http_keygate_admin_limits(ngx_http_keygate_job_t *job, keygate_str_t id)
{
    json_t                   *limits, *rates;
    unsigned                  group;
    keygate_scratch_t         scratch;
    keygate_verdict_t         v;
    ngx_http_keygate_api_t   *api;

    api = job->admin->api;
    limits = json_array();

    for (group = 0; limits && group <= api->core->n_groups; group++) {

        if (keygate_decide_left(api->core, api->zone->table, api->zone->leases,
                                id, group, &job->now, &scratch, &v)
            != KEYGATE_OK)
        {
            break;
        }

        rates = ngx_http_keygate_admin_rates(job, &v);

        if (rates == NULL || json_array_extend(limits, rates) == -1) {
            json_decref(limits);
            limits = NULL;
        }

        json_decref(rates);
    }

    return limits;
}


static json_t *
ngx_http_keygate_admin_used(int64_t used)
{
    char  text[21];

    if (used == 0) {
        return json_null();
    }

    keygate_time_format(used, text);

    return json_string(text);
}
