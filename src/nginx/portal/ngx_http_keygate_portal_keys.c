/*
 * Rules for keys that are made and changed here, on top of those that hold
 * for everybody: whose they are, how long they live, how many there may be.
 * Which scopes are offered is asked about by keygate_change, through
 * ngx_http_keygate_admin_known().  In a thread, under the journal's lock.
 */

#include "ngx_http_keygate_portal.h"


static void ngx_http_keygate_portal_fault(ngx_http_keygate_job_t *job,
    const char *pointer, const char *reason);
static ngx_int_t ngx_http_keygate_portal_account(ngx_http_keygate_job_t *job);
static void ngx_http_keygate_portal_life(ngx_http_keygate_job_t *job,
    ngx_uint_t fresh);


void
ngx_http_keygate_portal_create(ngx_http_keygate_job_t *job)
{
    if (ngx_http_keygate_portal_account(job) != NGX_OK) {
        return;
    }

    ngx_http_keygate_portal_life(job, 1);
    ngx_http_keygate_admin_key_create(job);
}


void
ngx_http_keygate_portal_patch(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_portal_life(job, 0);
    ngx_http_keygate_admin_key_patch(job);
}


static void
ngx_http_keygate_portal_fault(ngx_http_keygate_job_t *job,
    const char *pointer, const char *reason)
{
    if (!keygate_change_fault(&job->own_faults, pointer, reason)) {
        job->nomem = 1;
    }
}


/* The account is the caller's, and nobody says so. */

static ngx_int_t
ngx_http_keygate_portal_account(ngx_http_keygate_job_t *job)
{
    keygate_account_t  account;

    if (job->caller.account[0] == '\0') {
        return NGX_OK;
    }

    if (json_object_get(job->body, "account")) {
        ngx_http_keygate_portal_fault(job, "/account", "is not known here");
    }

    if (keygate_table_find_account(job->admin->api->zone->table,
                                   keygate_span(job->caller.account), &account)
        != KEYGATE_OK)
    {
        ngx_http_keygate_result_fail(job, NGX_HTTP_CONFLICT,
                                     "The gateway does not know your account.");
        return NGX_DECLINED;
    }

    if (json_object_set_new(job->body, "account",
                            json_string(job->caller.account))
        == -1)
    {
        job->nomem = 1;
    }

    return NGX_OK;
}


/* Rates are not to be had here, nor is a life beyond the longest; a new key
 * that does not say gets that. */

static void
ngx_http_keygate_portal_life(ngx_http_keygate_job_t *job, ngx_uint_t fresh)
{
    char            text[21];
    json_t         *value;
    time_t          most;
    int64_t         at;
    keygate_str_t   s;

    if (json_object_get(job->body, "rates")) {
        ngx_http_keygate_portal_fault(job, "/rates", "is not known here");
        (void) json_object_del(job->body, "rates");
    }

    most = job->admin->portal->expires;
    value = json_object_get(job->body, "expires_at");

    if (most == 0 || (value == NULL && !fresh)) {
        return;
    }

    if (json_is_string(value)) {
        s.data = (const u_char *) json_string_value(value);
        s.len = json_string_length(value);

        if (keygate_time_parse(s, &at) == KEYGATE_OK
            && at > job->now.wall + most)
        {
            ngx_http_keygate_portal_fault(job, "/expires_at",
                                          "is later than a key may live here");
        }

        return;
    }

    if (!fresh) {
        if (json_is_null(value)) {
            ngx_http_keygate_portal_fault(job, "/expires_at",
                                          "must be a time: no key lives for "
                                          "ever here");
        }

        return;
    }

    if (value == NULL || json_is_null(value)) {
        keygate_time_format(job->now.wall + most, text);

        if (json_object_set_new(job->body, "expires_at", json_string(text))
            == -1)
        {
            job->nomem = 1;
        }
    }
}
