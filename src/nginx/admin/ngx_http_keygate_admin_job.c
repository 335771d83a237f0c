/*
 * The life of a job: from the request that asks for it, through a thread,
 * to the answer.  It is owned by the request, through a cleanup, unless it is
 * busy when that ends; then whoever is busy with it lets it go.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


static void ngx_http_keygate_job_cleanup(void *data);
static void ngx_http_keygate_job_destroy(ngx_http_keygate_job_t *job);
static void ngx_http_keygate_job_run(void *data);
static void ngx_http_keygate_job_ran(void *data);
static void ngx_http_keygate_job_receipt(ngx_http_keygate_job_t *job);
static void ngx_http_keygate_job_text(const char *json, keygate_buf_t *b,
    const char *secret);


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
    job->now = ngx_http_keygate_now(admin->api->zone);

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


static void
ngx_http_keygate_job_destroy(ngx_http_keygate_job_t *job)
{
    json_decref(job->body);
    json_decref(job->faults);
    json_decref(job->own_faults);
    keygate_journal_destroy(job->journal);
    ngx_http_keygate_task_destroy(job->task);

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


void
ngx_http_keygate_job_start(ngx_http_keygate_job_t *job)
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
        job->journal = ngx_http_keygate_zone_follower(zone);
        job->task = ngx_http_keygate_task_create(job,
                                                 ngx_http_keygate_job_run,
                                                 ngx_http_keygate_job_ran);

        if (job->journal && job->task
            && ngx_http_keygate_task_post(job->admin->threads, job->task)
               == NGX_OK)
        {
            job->busy = 1;
            return;
        }

        ngx_http_keygate_job_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
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
    ngx_http_keygate_job_done(data);
}


void
ngx_http_keygate_job_done(ngx_http_keygate_job_t *job)
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


void
ngx_http_keygate_job_fail(ngx_http_keygate_job_t *job, ngx_uint_t status,
    const char *detail)
{
    ngx_http_keygate_job_refuse(job, status, NULL, detail);
}


void
ngx_http_keygate_job_refuse(ngx_http_keygate_job_t *job, ngx_uint_t status,
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
ngx_http_keygate_job_faults(ngx_http_keygate_job_t *job, json_t *faults)
{
    if (faults == NULL) {
        ngx_http_keygate_job_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                  "The gateway is out of memory: try again.");
        return;
    }

    job->faults = faults;

    ngx_http_keygate_job_fail(job, NGX_HTTP_KEYGATE_UNPROCESSABLE,
                              "The body cannot be taken as it is: errors "
                              "lists what is wrong with it.");
}


void
ngx_http_keygate_job_answer(ngx_http_keygate_job_t *job, ngx_uint_t status,
    json_t *json)
{
    job->text = ngx_http_keygate_admin_text(json, job->credential, &job->len);

    json_decref(json);

    if (job->text == NULL) {
        ngx_http_keygate_job_faults(job, NULL);
        return;
    }

    job->status = status;
}


u_char *
ngx_http_keygate_admin_text(const json_t *json, const char *secret,
    size_t *len)
{
    char           *text;
    keygate_buf_t   b;

    text = json ? keygate_json_print(json, JSON_COMPACT|JSON_ENSURE_ASCII, len)
                : NULL;

    if (text == NULL) {
        return NULL;
    }

    ngx_memzero(&b, sizeof(keygate_buf_t));

    ngx_http_keygate_job_text(text, &b, secret);

    *len = b.len;

    b.size = b.len;
    b.len = 0;
    b.data = malloc(b.size);

    if (b.data) {
        ngx_http_keygate_job_text(text, &b, secret);
    }

    free(text);

    return b.data;
}


/*
 * Jansson leaves alone what a page that shows the text might take for markup;
 * and a secret has no business in memory that is not cleansed, so it joins
 * the object, which is not empty, only here.
 */

static void
ngx_http_keygate_job_text(const char *json, keygate_buf_t *b,
    const char *secret)
{
    size_t          n;
    const char     *p, *last;
    keygate_str_t   s;

    last = json + ngx_strlen(json);

    if (secret[0]) {
        last--;
    }

    for (p = json; p < last; p += n) {
        n = 1;

        switch (*p) {

        case '<':
            keygate_buf_puts(b, "\\u003c");
            continue;

        case '>':
            keygate_buf_puts(b, "\\u003e");
            continue;

        case 0x7f:
            keygate_buf_puts(b, "\\u007f");
            continue;
        }

        while (p + n < last && p[n] != '<' && p[n] != '>' && p[n] != 0x7f) {
            n++;
        }

        s.data = (const u_char *) p;
        s.len = n;
        keygate_buf_put(b, s);
    }

    if (secret[0]) {
        keygate_buf_puts(b, ",\"secret\":");
        keygate_buf_json(b, keygate_span(secret));
        keygate_buf_puts(b, "}");
    }
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
