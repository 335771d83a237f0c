/*
 * Records that are not there: a node that has never had all of them, or whose
 * journal is gone, cannot tell that there are none, and what has found no room
 * is not none either.
 */

#include "ngx_http_keygate_admin.h"


void
ngx_http_keygate_admin_none(ngx_http_keygate_job_t *job, keygate_kind_e kind)
{
    keygate_str_t  id;

    if (ngx_http_keygate_admin_partial(job)) {
        return;
    }

    id.len = ngx_strlen(job->id);
    id.data = (const u_char *) job->id;

    /* whose it is is not known: for a portal it is none */

    if (!job->admin->portal
        && keygate_table_missed_id(job->admin->api->zone->table, kind, id))
    {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "A record with this id waits for room in "
                                     "the zone.");
        return;
    }

    ngx_http_keygate_result_fail(job, NGX_HTTP_NOT_FOUND,
                                 (kind == KEYGATE_KEY)
                                 ? "There is no key with this id."
                                 : "There is no account with this id.");
}


ngx_uint_t
ngx_http_keygate_admin_partial(ngx_http_keygate_job_t *job)
{
    const char               *why;
    ngx_http_keygate_zone_t  *zone;

    zone = job->admin->api->zone;

    if (ngx_http_keygate_ready_partial(zone)) {
        why = "This node has not yet had all records.";

    } else if (!zone->shared->up) {
        why = "The journal cannot be read, or has no record any more.";

    } else {
        return 0;
    }

    ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE, why);

    return 1;
}
