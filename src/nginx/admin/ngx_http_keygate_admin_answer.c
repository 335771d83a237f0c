/*
 * What is sent: a job's text, or a problem document in its place.
 */

#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_metrics.h"

#include <openssl/crypto.h>


static ngx_int_t ngx_http_keygate_admin_etag(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
static ngx_int_t ngx_http_keygate_admin_located(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
static ngx_int_t ngx_http_keygate_admin_document(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_error_t *e, ngx_str_t *body);
static void ngx_http_keygate_job_receipt(ngx_http_keygate_job_t *job);


static ngx_http_keygate_name_t  ngx_http_keygate_etag =
    ngx_http_keygate_name("ETag", "etag");
static ngx_http_keygate_name_t  ngx_http_keygate_location =
    ngx_http_keygate_name("Location", "location");


ngx_int_t
ngx_http_keygate_admin_answer(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    ngx_str_t  type, body;

    if (job->status >= NGX_HTTP_BAD_REQUEST) {
        return ngx_http_keygate_admin_problem(r, job->admin, job->status,
                                              job->code, job->detail,
                                              job->faults);
    }

    if (job->etag[0] && ngx_http_keygate_admin_etag(r, job) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (job->located && ngx_http_keygate_admin_located(r, job) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_keygate_metrics_count(job->admin->api, job->action->event,
                                   job->status);

    ngx_str_set(&type, "application/json");
    body.data = job->text;
    body.len = job->text ? job->len : 0;

    return ngx_http_keygate_serve_body(r, job->status, &type, &body);
}


static ngx_int_t
ngx_http_keygate_admin_etag(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    ngx_str_t  value;

    value.len = ngx_strlen(job->etag);
    value.data = ngx_pnalloc(r->pool, value.len);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(value.data, job->etag, value.len);

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_etag, &value);
}


static ngx_int_t
ngx_http_keygate_admin_located(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    ngx_str_t       value;
    const char     *kind;
    keygate_str_t  *base;

    base = &job->admin->base;
    kind = (job->kind == KEYGATE_KEY) ? "/keys/" : "/accounts/";

    value.data = ngx_pnalloc(r->pool, base->len + ngx_strlen(kind)
                                      + ngx_strlen(job->id));
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%*s%s%s", base->len, base->data, kind,
                            job->id)
                - value.data;

    return ngx_http_keygate_header_add(r, &ngx_http_keygate_location, &value);
}


ngx_int_t
ngx_http_keygate_admin_problem(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_uint_t status, const char *code,
    const char *detail, json_t *faults)
{
    u_char                  *errors;
    ngx_int_t                rc;
    ngx_str_t                type, body;
    keygate_error_t          e;
    ngx_http_keygate_job_t  *job;

    job = ngx_http_keygate_job_get(r);

    ngx_http_keygate_metrics_count(admin->api, job ? job->action->event : "",
                                   status);

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&e, sizeof(keygate_error_t));

    e.status = status;
    errors = NULL;

    if (code) {
        e.own_code = keygate_span(code);
    }

    if (detail) {
        e.detail = keygate_span(detail);
    }

    if (faults) {
        errors = ngx_http_keygate_admin_text(faults, "", &e.errors.len);
        if (errors == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        e.errors.data = errors;
    }

    rc = ngx_http_keygate_admin_document(r, admin->errors, &e, &body);

    free(errors);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nginx has no phrase for it */

    if (status == NGX_HTTP_KEYGATE_UNPROCESSABLE) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
    }

    ngx_str_set(&type, "application/problem+json");

    return ngx_http_keygate_serve_body(r, status, &type, &body);
}


static ngx_int_t
ngx_http_keygate_admin_document(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_error_t *e, ngx_str_t *body)
{
    if (ngx_http_keygate_refusal_describe(r, api, e) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_keygate_refusal_text(r, &api->core->texts, e, body);
}


void
ngx_http_keygate_answer_done(ngx_http_keygate_job_t *job)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    job->busy = 0;
    r = job->request;

    if (r == NULL) {
        ngx_http_keygate_job_destroy(job);
        return;
    }

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (job->receipt && job->status < NGX_HTTP_BAD_REQUEST) {
        ngx_http_keygate_job_receipt(job);
    }

    rc = ngx_http_keygate_admin_answer(r, job);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


/* The receipt is the last member of the object that is sent. */

static void
ngx_http_keygate_job_receipt(ngx_http_keygate_job_t *job)
{
    size_t   len;
    u_char  *text, *p;

    len = job->len + sizeof(",\"receipt\":") - 1 + job->receipt_len;
    text = job->text ? malloc(len) : NULL;

    if (text) {
        p = ngx_cpymem(text, job->text, job->len - 1);
        p = ngx_cpymem(p, ",\"receipt\":", sizeof(",\"receipt\":") - 1);
        p = ngx_cpymem(p, job->receipt, job->receipt_len);
        *p = '}';

        OPENSSL_cleanse(job->text, job->len);
        free(job->text);

        job->text = text;
        job->len = len;
    }
}
