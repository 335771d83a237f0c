/*
 * The life of a job: from the request that asks for it, through a thread
 * (ngx_http_keygate_admin_start.c), to the answer (_answer.c).  It is owned by
 * the request, through a cleanup, unless it is busy when that ends; then
 * whoever is busy with it lets it go.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


static void ngx_http_keygate_job_cleanup(void *data);


ngx_http_keygate_job_t *
ngx_http_keygate_job_create(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_action_t *action,
    const ngx_http_keygate_caller_t *caller)
{
    size_t                   len;
    ngx_http_cleanup_t      *cln;
    keygate_str_t            rid;
    ngx_http_keygate_job_t  *job;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    job = calloc(1, sizeof(ngx_http_keygate_job_t));
    if (job == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_keygate_job_cleanup;
    cln->data = job;

    job->request = r;
    job->admin = admin;
    job->action = action;
    job->caller = *caller;
    job->now = ngx_http_keygate_clock_now(admin->api->zone);

    len = ngx_min(r->connection->addr_text.len, NGX_SOCKADDR_STRLEN);
    ngx_memcpy(job->client, r->connection->addr_text.data, len);

    if (ngx_http_keygate_request_id(r, &rid) == NGX_OK) {
        ngx_memcpy(job->request_id, rid.data,
                   ngx_min(rid.len, NGX_HTTP_KEYGATE_RID));
    }

    keygate_filter_init(&job->filter);

    return job;
}


ngx_http_keygate_job_t *
ngx_http_keygate_job_get(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->main->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_keygate_job_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_http_keygate_job_cleanup(void *data)
{
    ngx_http_keygate_job_t *job = data;

    job->request = NULL;

    if (!job->busy) {
        ngx_http_keygate_job_destroy(job);
    }
}


void
ngx_http_keygate_job_destroy(ngx_http_keygate_job_t *job)
{
    json_decref(job->body);
    json_decref(job->made);
    json_decref(job->faults);
    json_decref(job->own_faults);
    keygate_journal_destroy(job->journal);
    ngx_http_keygate_thread_destroy(job->task);

    if (job->text) {
        OPENSSL_cleanse(job->text, job->len);
    }

    OPENSSL_cleanse(job->credential, sizeof(job->credential));

    free(job->text);
    free(job->line);
    free(job->receipt);
    free(job->changes);
    free(job->query);
    free(job->if_match);
    free(job->if_none_match);
    free(job);
}
