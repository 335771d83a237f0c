/*
 * What comes of a job: a text that is to be sent, or why not.  In any thread.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


void
ngx_http_keygate_result_fail(ngx_http_keygate_job_t *job, ngx_uint_t status,
    const char *detail)
{
    ngx_http_keygate_result_refuse(job, status, NULL, detail);
}


void
ngx_http_keygate_result_refuse(ngx_http_keygate_job_t *job, ngx_uint_t status,
    const char *code, const char *detail)
{
    if (job->text) {
        OPENSSL_cleanse(job->text, job->len);
        free(job->text);
        job->text = NULL;
    }

    free(job->line);
    job->line = NULL;
    job->etag[0] = '\0';
    job->status = status;
    job->code = code;
    job->detail = detail;
}


void
ngx_http_keygate_result_faults(ngx_http_keygate_job_t *job, json_t *faults)
{
    if (faults == NULL) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The gateway is out of memory: try "
                                     "again.");
        return;
    }

    job->faults = faults;

    ngx_http_keygate_result_fail(job, NGX_HTTP_KEYGATE_UNPROCESSABLE,
                                 "The body cannot be taken as it is: errors "
                                 "lists what is wrong with it.");
}


void
ngx_http_keygate_result_answer(ngx_http_keygate_job_t *job, ngx_uint_t status,
    json_t *json)
{
    job->text = ngx_http_keygate_admin_text(json, job->credential, &job->len);

    json_decref(json);

    if (job->text == NULL) {
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    job->status = status;
}


void
ngx_http_keygate_result_again(ngx_http_keygate_job_t *job, json_t *json)
{
    size_t   len;
    u_char  *text;

    text = ngx_http_keygate_admin_text(json, job->credential, &len);

    json_decref(json);

    if (text == NULL) {
        return;
    }

    OPENSSL_cleanse(job->text, job->len);
    free(job->text);

    job->text = text;
    job->len = len;
}
