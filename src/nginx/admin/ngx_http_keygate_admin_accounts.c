/*
 * Changes of accounts.
 */

#include "ngx_http_keygate_admin.h"


static ngx_uint_t ngx_http_keygate_account_live(ngx_http_keygate_job_t *job);


void
ngx_http_keygate_admin_account_put(ngx_http_keygate_job_t *job)
{
    json_t            *after, *before, *faults;
    keygate_str_t      id;
    keygate_known_t    known;
    keygate_record_t   record;
    keygate_account_t  account;

    before = NULL;
    id = keygate_span(job->id);

    if (keygate_table_find_account(job->admin->api->zone->table, id, &account)
        == KEYGATE_OK)
    {
        if (ngx_http_keygate_admin_current(job, KEYGATE_ACCOUNT, &record)
            != NGX_OK)
        {
            return;
        }

        before = record.json;
    }

    if ((job->if_match && before == NULL)
        || (job->if_none_match
            && ngx_http_keygate_admin_tagged(job->if_none_match, job->etag)))
    {
        ngx_http_keygate_result_fail(job, NGX_HTTP_PRECONDITION_FAILED,
                                     before
                                     ? "There is an account with this id."
                                     : "There is no account with this id.");
        goto done;
    }

    ngx_http_keygate_admin_known(job, &known);

    after = keygate_change_put_account(job->id, before, job->body, &known,
                                       &faults);

    ngx_http_keygate_admin_propose(job, KEYGATE_ACCOUNT,
                                   before ? NGX_HTTP_OK : NGX_HTTP_CREATED,
                                   before, after, faults);

    job->located = (job->status == NGX_HTTP_CREATED);

done:

    if (before) {
        keygate_record_free(&record);
    }
}


void
ngx_http_keygate_admin_account_patch(ngx_http_keygate_job_t *job)
{
    json_t            *after, *faults;
    keygate_known_t    known;
    keygate_record_t   record;

    if (ngx_http_keygate_admin_current(job, KEYGATE_ACCOUNT, &record)
        != NGX_OK)
    {
        return;
    }

    ngx_http_keygate_admin_known(job, &known);

    after = keygate_change_patch_account(record.json, job->body, &known,
                                         &faults);

    ngx_http_keygate_admin_propose(job, KEYGATE_ACCOUNT, NGX_HTTP_OK,
                                   record.json, after, faults);
    keygate_record_free(&record);
}


void
ngx_http_keygate_admin_account_delete(ngx_http_keygate_job_t *job)
{
    keygate_record_t  record;

    if (ngx_http_keygate_admin_current(job, KEYGATE_ACCOUNT, &record)
        != NGX_OK)
    {
        return;
    }

    if (ngx_http_keygate_account_live(job)) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_CONFLICT,
                                     "The account has live keys: revoke or "
                                     "delete them first.");

    } else {
        ngx_http_keygate_admin_remove(job, KEYGATE_ACCOUNT, record.json);
    }

    keygate_record_free(&record);
}


static ngx_uint_t
ngx_http_keygate_account_live(ngx_http_keygate_job_t *job)
{
    uint64_t          cursor;
    keygate_str_t     id;
    keygate_key_t     key;
    keygate_table_t  *table;

    table = job->admin->api->zone->table;
    id = keygate_span(job->id);
    cursor = 0;

    while (keygate_table_next_key_of(table, id, &cursor, &key) == KEYGATE_OK) {
        if (key.revoked_at == KEYGATE_NEVER
            && key.expires_at > job->now.wall)
        {
            return 1;
        }
    }

    return 0;
}
