/*
 * How many live keys an account may have here.  In a thread, under the
 * journal's lock.
 */

#include "ngx_http_keygate_portal.h"


static ngx_uint_t ngx_http_keygate_portal_count(ngx_http_keygate_job_t *job);


ngx_uint_t
ngx_http_keygate_portal_crowded(ngx_http_keygate_job_t *job,
    const json_t *before, const json_t *after)
{
    ngx_http_keygate_portal_t  *portal;

    portal = job->admin->portal;

    if (portal == NULL || portal->keys == 0
        || keygate_filter_state_of(after, job->now.wall) != KEYGATE_STATE_LIVE
        || (before
            && keygate_filter_state_of(before, job->now.wall)
               == KEYGATE_STATE_LIVE))
    {
        return 0;
    }

    job->enlivens = 1;

    return ngx_http_keygate_portal_count(job) >= portal->keys;
}


/* The live keys that the account has, those included that other jobs of this
 * batch are about to make. */

static ngx_uint_t
ngx_http_keygate_portal_count(ngx_http_keygate_job_t *job)
{
    uint64_t                 cursor;
    ngx_uint_t               n;
    keygate_key_t            key;
    keygate_table_t         *table;
    ngx_http_keygate_job_t  *other;

    n = 0;
    cursor = 0;
    table = job->admin->api->zone->table;

    while (keygate_table_next_key_of(table, keygate_span(job->parent), &cursor,
                                     &key)
           == KEYGATE_OK)
    {
        n += key.revoked_at == KEYGATE_NEVER
             && key.suspended_at == KEYGATE_NEVER
             && key.expires_at > job->now.wall
             && ngx_http_keygate_admin_sees(job, &key);
    }

    for (other = job->writer->batch; other != job; other = other->next) {
        n += other->enlivens && other->line
             && ngx_strcmp(other->parent, job->parent) == 0;
    }

    return n;
}
