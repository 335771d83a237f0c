/*
 * The jobs of a batch, when another node was faster: what it has changed is
 * followed, and each change that is still to be made is made anew on top of
 * it.  One that has met somebody else's three times is refused, and the others
 * go on without it.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_TRIES   3           /* of a change */
#define NGX_HTTP_KEYGATE_ROUNDS  32          /* of a batch */


static void ngx_http_keygate_again_reset(ngx_http_keygate_job_t *job);
static ngx_http_keygate_job_t *ngx_http_keygate_again_met(
    ngx_http_keygate_writer_t *w, const keygate_reply_t *reply);
static void ngx_http_keygate_again_refuse(ngx_http_keygate_job_t *job);


/* A body is kept as it came: what is made of it may alter it. */

void
ngx_http_keygate_again_begin(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_job_t  *job;

    w->rounds = 0;

    for (job = w->batch; job; job = job->next) {
        job->open = 1;
        job->tries = 0;
        job->given = json_deep_copy(job->body);
    }
}


void
ngx_http_keygate_again_end(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_job_t  *job;

    for (job = w->batch; job; job = job->next) {
        json_decref(job->given);
        job->given = NULL;
    }
}


void
ngx_http_keygate_again_run(ngx_http_keygate_writer_t *w)
{
    ngx_http_keygate_job_t  *job;

    w->fresh = 0;

    if (w->rounds++) {
        for (job = w->batch; job; job = job->next) {
            if (job->open) {
                ngx_http_keygate_again_reset(job);
            }
        }
    }

    for (job = w->batch; job; job = job->next) {

        if (!job->open) {
            continue;
        }

        job->journal = w->journal;
        job->action->run(job);
        job->journal = NULL;

        job->open = (job->line != NULL);
        w->fresh += job->fresh && job->line;
    }
}


static void
ngx_http_keygate_again_reset(ngx_http_keygate_job_t *job)
{
    if (job->body) {
        json_decref(job->body);
        job->body = json_deep_copy(job->given);
    }

    ngx_http_keygate_result_refuse(job, 0, NULL, NULL);
    OPENSSL_cleanse(job->credential, sizeof(job->credential));

    free(job->changes);
    json_decref(job->faults);
    json_decref(job->own_faults);

    job->changes = NULL;
    job->changes_len = 0;
    job->faults = NULL;
    job->own_faults = NULL;
    job->parent[0] = '\0';
    job->located = 0;
    job->fresh = 0;
    job->gone = 0;
    job->enlivens = 0;
    job->takes = 0;
    job->nomem = 0;
}


ngx_uint_t
ngx_http_keygate_again_whole(const ngx_http_keygate_job_t *job)
{
    return job->line && ((job->kind == KEYGATE_ACCOUNT && job->gone)
                         || job->enlivens);
}


/* One that must have seen them all meets those of any record: that does not
 * count as often as one of its own. */

ngx_int_t
ngx_http_keygate_again(ngx_http_keygate_writer_t *w,
    const keygate_reply_t *reply)
{
    ngx_uint_t               left, behind;
    ngx_http_keygate_job_t  *job, *met;

    met = ngx_http_keygate_again_met(w, reply);
    behind = met && met->enlivens
             && keygate_str_eq(keygate_reply_text(keygate_reply_at(reply, 0)),
                               KEYGATE_STR("BEHIND"));

    for (job = w->batch, left = 0; job; job = job->next) {

        if (!job->open) {
            continue;
        }

        if ((job == met && !behind && ++job->tries == NGX_HTTP_KEYGATE_TRIES)
            || met == NULL || w->rounds == NGX_HTTP_KEYGATE_ROUNDS
            || (job->body && job->given == NULL))
        {
            ngx_http_keygate_again_refuse(job);
            continue;
        }

        left++;
    }

    return left ? NGX_AGAIN : NGX_ERROR;
}


static void
ngx_http_keygate_again_refuse(ngx_http_keygate_job_t *job)
{
    job->open = 0;

    ngx_http_keygate_result_fail(job, NGX_HTTP_CONFLICT,
                                 "Other nodes have changed the same meanwhile: "
                                 "nothing has changed; try again.");
}


/* Whose change has met another one: "CONFLICT n", "ACCOUNT n", or "BEHIND" for
 * one that must have seen them all. */

static ngx_http_keygate_job_t *
ngx_http_keygate_again_met(ngx_http_keygate_writer_t *w,
    const keygate_reply_t *reply)
{
    int64_t                  n;
    ngx_http_keygate_job_t  *job;

    n = keygate_str_eq(keygate_reply_text(keygate_reply_at(reply, 0)),
                       KEYGATE_STR("BEHIND"))
        ? 0 : keygate_reply_number(keygate_reply_at(reply, 1));

    for (job = w->batch; job; job = job->next) {

        if (job->line == NULL) {
            continue;
        }

        if ((n == 0 && ngx_http_keygate_again_whole(job))
            || (n > 0 && --n == 0))
        {
            return job;
        }
    }

    return NULL;
}
