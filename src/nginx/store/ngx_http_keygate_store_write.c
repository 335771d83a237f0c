/*
 * A batch of changes of the admin API, in a thread, when the zone has a store.
 * Under the journal's lock the copy is brought up to date, the lines are made
 * from it, and a script in the engine takes all of them or none: none of a
 * record that somebody else has changed since, and then they are made anew
 * (ngx_http_keygate_store_again.c).  They come back in the log, like
 * everybody's, and are in force here before they are answered.
 */

#include "ngx_http_keygate_store.h"

#include <time.h>


static ngx_http_keygate_copy_t *ngx_http_keygate_store_copy(
    ngx_http_keygate_writer_t *w);
static void ngx_http_keygate_store_refuse(ngx_http_keygate_writer_t *w,
    ngx_uint_t status, const char *detail);
static ngx_int_t ngx_http_keygate_store_ready(ngx_http_keygate_copy_t *c);
static ngx_int_t ngx_http_keygate_store_try(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c);
static ngx_int_t ngx_http_keygate_store_change(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c);
static void ngx_http_keygate_store_number(ngx_http_keygate_writer_t *w,
    uint64_t last, ngx_uint_t n);
static void ngx_http_keygate_store_unknown(ngx_http_keygate_writer_t *w);
static ngx_int_t ngx_http_keygate_store_taken(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c, ngx_int_t rc, const keygate_reply_t *reply);
static void ngx_http_keygate_store_written(void *data,
    ngx_http_keygate_lines_t *lines, uint64_t at);


void
ngx_http_keygate_store_batch(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_copy_t  *c;

    w->failed = NULL;
    w->refused[0] = '\0';
    w->full = 0;

    c = ngx_http_keygate_store_copy(w);

    if (c) {
        c->error[0] = '\0';
    }

    if (c == NULL || ngx_http_keygate_link_connect(c) != NGX_OK) {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "The store cannot be reached: nothing "
                                      "has changed.");
        return;
    }

    if (keygate_journal_begin(w->journal) != KEYGATE_OK) {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "The copy of the store cannot be "
                                      "written: nothing has changed.");
        return;
    }

    ngx_http_keygate_again_begin(w);

    while (ngx_http_keygate_store_try(w, c) == NGX_AGAIN) { /* void */ }

    ngx_http_keygate_again_end(w);

    keygate_journal_end(w->journal);

    ngx_http_keygate_receipt_make(w, c);
}


/* NGX_AGAIN: somebody else was faster. */

static ngx_int_t
ngx_http_keygate_store_try(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c)
{
    if (ngx_http_keygate_store_ready(c) != NGX_OK) {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "This node and the store are not in "
                                      "step: nothing has changed.");
        return NGX_ERROR;
    }

    if (ngx_http_keygate_store_acks(c) != NGX_OK) {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "The store cannot make changes as "
                                      "durable as \"ack\" says: nothing has "
                                      "changed.");
        return NGX_ERROR;
    }

    ngx_http_keygate_again_run(w);

    return ngx_http_keygate_store_change(w, c);
}


void
ngx_http_keygate_store_writer_cleanup(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_receipts_cleanup(w);

    if (w->copy) {
        ngx_http_keygate_link_close(w->copy);
        free(w->copy);
        w->copy = NULL;
    }
}


static ngx_http_keygate_copy_t *
ngx_http_keygate_store_copy(ngx_http_keygate_writer_t *w)
{
    if (w->copy == NULL) {
        w->copy = malloc(sizeof(ngx_http_keygate_copy_t));

        if (w->copy) {
            ngx_http_keygate_copy_init(w->copy, w->zone, w->journal);
        }
    }

    return w->copy;
}


void
ngx_http_keygate_store_refused(ngx_http_keygate_writer_t *w)
{
    ngx_log_error(NGX_LOG_ERR, w->zone->log, 0,
                  "keygate zone \"%V\": changes were refused by store "
                  "\"%V\": %s", &w->zone->name, &w->zone->store->name,
                  w->refused);
}


/* What has been refused already stays so. */

static void
ngx_http_keygate_store_refuse(ngx_http_keygate_writer_t *w, ngx_uint_t status,
    const char *detail)
{
    ngx_http_keygate_job_t   *job;
    ngx_http_keygate_copy_t  *c;

    c = w->copy;

    (void) snprintf(w->refused, sizeof(w->refused), "%s",
                    (c && c->error[0]) ? c->error : detail);

    for (job = w->batch; job; job = job->next) {

        if (job->status >= NGX_HTTP_BAD_REQUEST
            || (job->status && job->line == NULL))
        {
            continue;
        }

        ngx_http_keygate_result_fail(job, status, detail);
    }
}


/* A link that was idle may have been cut: it is opened anew, once. */

static ngx_int_t
ngx_http_keygate_store_ready(ngx_http_keygate_copy_t *c)
{
    ngx_int_t  rc;

    if (ngx_http_keygate_copy_look(c) != NGX_OK || !c->marked
        || ngx_http_keygate_copy_catch_up(c, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_keygate_store_beat(c, 0);

    if (rc != NGX_OK && !ngx_http_keygate_link_made(c)) {
        rc = ngx_http_keygate_link_connect(c);
        rc = (rc == NGX_OK) ? ngx_http_keygate_store_beat(c, 0) : rc;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (strcmp(c->word, "OK") != 0 && strcmp(c->word, "BEHIND") != 0) {
        return ngx_http_keygate_copy_fail(c, "what it holds is not what this "
                                          "node has followed");
    }

    return ngx_http_keygate_copy_follow(c, NULL, NULL);
}


static ngx_int_t
ngx_http_keygate_store_change(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c)
{
    ngx_int_t                rc;
    ngx_uint_t               n, whole;
    struct timespec          from;
    keygate_reply_t         *reply;
    ngx_http_keygate_job_t  *job;

    for (n = 0, whole = 0, job = w->batch; job; job = job->next) {
        n += (job->line != NULL);
        whole |= ngx_http_keygate_again_whole(job);
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &from);

    if (n == 0) {
        ngx_http_keygate_store_number(w, c->place.seq, 0);
        return NGX_OK;
    }

    rc = ngx_http_keygate_store_send(c, w->batch, n, whole, &reply);

    rc = ngx_http_keygate_store_taken(w, c, rc, reply);

    if (rc == NGX_OK) {
        ngx_http_keygate_store_number(w,
            keygate_reply_number(keygate_reply_at(reply, 1)), n);
    }

    keygate_reply_free(reply);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_keygate_copy_follow(c, ngx_http_keygate_store_written, w)
        != NGX_OK)
    {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "The change is made, but it is not in "
                                      "force on this node yet: it will be "
                                      "when the store can be followed again.");
        return NGX_ERROR;
    }

    ngx_http_keygate_written_count(w, n, &from);
    ngx_http_keygate_written_verify(w, KEYGATE_OK);

    /* this node has them; what comes of telling is for the follower to see */

    (void) ngx_http_keygate_store_beat(c, 0);

    return NGX_OK;
}


/* The versions of a batch's changes, of which "last" is the last one's; what
 * changes nothing is there with the changes before them. */

static void
ngx_http_keygate_store_number(ngx_http_keygate_writer_t *w, uint64_t last,
    ngx_uint_t n)
{
    uint64_t                 version, before;
    ngx_http_keygate_job_t  *job;

    before = (last > n) ? last - n : 0;
    version = before;

    for (job = w->batch; job; job = job->next) {
        if (job->line) {
            job->version = ++version;
            job->written = 1;

            if (!job->gone) {
                ngx_http_keygate_record_version(job, version);
            }

        } else if (job->status < NGX_HTTP_BAD_REQUEST) {
            job->version = before;
        }
    }
}


/* The answer of the store was lost; what has been refused stays so. */

static void
ngx_http_keygate_store_unknown(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_job_t  *job;

    for (job = w->batch; job; job = job->next) {
        if (job->line && job->status < NGX_HTTP_BAD_REQUEST) {
            job->unsure = 1;
            ngx_http_keygate_result_refuse(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                           "outcome_unknown",
                                           "The store's answer was lost: the "
                                           "change is made on all nodes or on "
                                           "none, and GET tells which.");
        }
    }
}


/* NGX_OK when they are written, NGX_AGAIN when they are to be made anew; else
 * all jobs are told. */

static ngx_int_t
ngx_http_keygate_store_taken(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c, ngx_int_t rc, const keygate_reply_t *reply)
{
    keygate_str_t  word;

    word = keygate_reply_text(keygate_reply_at(reply, 0));

    if (rc == NGX_OK && keygate_str_eq(word, KEYGATE_STR("OK"))
        && keygate_reply_number(keygate_reply_at(reply, 1)) > 0)
    {
        return NGX_OK;
    }

    if (c->link == NULL
        || (rc == NGX_OK && !ngx_http_keygate_store_says(word)))
    {
        ngx_http_keygate_link_close(c);
        ngx_http_keygate_store_unknown(w);

    } else if (rc != NGX_OK && ngx_strncmp(c->error, "OOM", 3) == 0) {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_INSUFFICIENT_STORAGE,
                                      "The store is full: nothing has "
                                      "changed.");

    } else if (rc != NGX_OK) {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "The store takes no changes: nothing "
                                      "has changed.");

    } else if (keygate_str_eq(word, KEYGATE_STR("CONFLICT"))
               || keygate_str_eq(word, KEYGATE_STR("ACCOUNT"))
               || keygate_str_eq(word, KEYGATE_STR("BEHIND")))
    {
        return ngx_http_keygate_again(w, reply);

    } else {
        ngx_http_keygate_store_refuse(w, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "This node and the store are not in "
                                      "step: nothing has changed.");
    }

    return NGX_ERROR;
}


/* Lines come back; whose they are, and where they are in the copy. */

static void
ngx_http_keygate_store_written(void *data, ngx_http_keygate_lines_t *lines,
    uint64_t at)
{
    ngx_http_keygate_writer_t *w = data;

    u_char                  *p, *lf, *end;
    ngx_http_keygate_job_t  *job;

    end = lines->data + lines->len;

    for (p = lines->data; p < end; p = lf + 1) {
        lf = memchr(p, '\n', end - p);

        if (lf == NULL) {
            return;
        }

        for (job = w->batch; job; job = job->next) {
            if (job->line && job->line_len == (size_t) (lf + 1 - p)
                && ngx_memcmp(job->line, p, job->line_len) == 0)
            {
                job->at = at + (p - lines->data);
            }
        }
    }
}
