/*
 * A job begins: at once, in a thread, or with others in a batch.
 */

#include "ngx_http_keygate_admin.h"


static void ngx_http_keygate_job_run(void *data);
static void ngx_http_keygate_job_ran(void *data);


void
ngx_http_keygate_admin_start(ngx_http_keygate_job_t *job)
{
    ngx_int_t                 rc;
    ngx_http_request_t       *r;
    ngx_http_keygate_zone_t  *zone;

    zone = job->admin->api->zone;

    switch (job->action->way) {

    case NGX_HTTP_KEYGATE_AT_ONCE:
        job->action->run(job);
        break;

    case NGX_HTTP_KEYGATE_READ:
        job->journal = ngx_http_keygate_journal_follower(zone);
        job->task = ngx_http_keygate_thread_create(job,
                                                   ngx_http_keygate_job_run,
                                                   ngx_http_keygate_job_ran);

        if (job->journal && job->task
            && ngx_http_keygate_thread_post(job->admin->threads, job->task)
               == NGX_OK)
        {
            job->busy = 1;
            return;
        }

        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The gateway is too busy: try again.");
        break;

    default:
        job->busy = 1;
        ngx_http_keygate_write(job);
        return;
    }

    r = job->request;
    rc = ngx_http_keygate_admin_answer(r, job);

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_keygate_job_run(void *data)
{
    ngx_http_keygate_job_t *job = data;

    job->action->run(job);
}


static void
ngx_http_keygate_job_ran(void *data)
{
    ngx_http_keygate_answer_done(data);
}
