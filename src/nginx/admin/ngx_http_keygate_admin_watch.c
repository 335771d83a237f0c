/*
 * Files of tokens are read again by each worker when they have changed.  A
 * file that is not right is kept out, and the tokens from before it go on.
 *
 * A file is looked at in a thread; what came of it is taken over in the event
 * loop, which alone uses "admin->tokens".
 */

#include "ngx_http_keygate_admin_tokens.h"


#define NGX_HTTP_KEYGATE_TOKENS_POLL  1000   /* ms */


/* What tells that a file is not the one that was read. */

typedef struct {
    dev_t                        dev;
    ino_t                        ino;
    off_t                        size;
    struct timespec              changed;
    struct timespec              modified;
} ngx_http_keygate_seen_t;


/* A look at the file, in a thread. */

typedef struct {
    ngx_http_keygate_admin_t    *admin;
    void                        *task;
    ngx_event_t                  timer;
    ngx_http_keygate_seen_t      seen;
    ngx_http_keygate_seen_t      bad;        /* what was told to be so */
    ngx_http_keygate_tokens_t   *fresh;      /* NULL: none */
    ngx_err_t                    err;        /* it could not be read */
    ngx_err_t                    told;       /* the same, in the log */
    u_char                       fault[NGX_HTTP_KEYGATE_FAULT_LEN];
    unsigned                     owned:1;    /* admin->tokens is malloc()ed */
} ngx_http_keygate_watch_t;


static void ngx_http_keygate_tokens_poll(ngx_event_t *ev);
static void ngx_http_keygate_tokens_look(void *data);
static void ngx_http_keygate_tokens_looked(void *data);
static void ngx_http_keygate_tokens_leave(void *data);


ngx_int_t
ngx_http_keygate_watch_tokens(ngx_http_keygate_admin_t *admin,
    ngx_cycle_t *cycle)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_keygate_watch_t  *w;

    cln = ngx_pool_cleanup_add(cycle->pool, sizeof(ngx_http_keygate_watch_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    w = cln->data;
    ngx_memzero(w, sizeof(ngx_http_keygate_watch_t));
    cln->handler = ngx_http_keygate_tokens_leave;

    w->admin = admin;
    w->task = ngx_http_keygate_thread_create(w, ngx_http_keygate_tokens_look,
                                             ngx_http_keygate_tokens_looked);
    if (w->task == NULL) {
        return NGX_ERROR;
    }

    w->timer.handler = ngx_http_keygate_tokens_poll;
    w->timer.data = w;
    w->timer.log = cycle->log;
    w->timer.cancelable = 1;

    ngx_add_timer(&w->timer, 1);

    return NGX_OK;
}


static void
ngx_http_keygate_tokens_poll(ngx_event_t *ev)
{
    ngx_http_keygate_watch_t  *w;

    w = ev->data;

    if (ngx_exiting) {
        return;
    }

    if (ngx_http_keygate_thread_post(w->admin->threads, w->task) != NGX_OK) {
        ngx_add_timer(&w->timer, NGX_HTTP_KEYGATE_TOKENS_POLL);
    }
}


static void
ngx_http_keygate_tokens_look(void *data)
{
    ngx_http_keygate_watch_t *w = data;

    u_char                   *text;
    size_t                    len;
    time_t                    now;
    struct stat               st;
    ngx_http_keygate_seen_t   seen;

    w->err = 0;
    w->fault[0] = '\0';

    ngx_memzero(&seen, sizeof(ngx_http_keygate_seen_t));

    if (stat((char *) w->admin->tokens_path.data, &st) == -1) {
        w->err = ngx_errno;
        w->seen = seen;
        return;
    }

    seen.dev = st.st_dev;
    seen.ino = st.st_ino;
    seen.size = st.st_size;
    seen.changed = st.st_ctim;
    seen.modified = st.st_mtim;

    if (ngx_memcmp(&seen, &w->seen, sizeof(ngx_http_keygate_seen_t)) == 0) {
        return;
    }

    text = ngx_http_keygate_tokens_text(w->admin, &len, &st);
    if (text == NULL) {
        w->err = ngx_errno;
        return;
    }

    w->fresh = ngx_http_keygate_tokens_parse(w->admin, text, len, w->fault);
    free(text);

    if (w->fresh == NULL) {
        if (ngx_memcmp(&seen, &w->bad, sizeof(ngx_http_keygate_seen_t)) == 0) {
            w->fault[0] = '\0';
        }

        w->bad = seen;
    }

    /* who writes twice within the clock's grain is looked at again */

    now = time(NULL);

    if (st.st_ctim.tv_sec < now - 1 || st.st_ctim.tv_sec > now) {
        w->seen = seen;
    }
}


static void
ngx_http_keygate_tokens_looked(void *data)
{
    ngx_http_keygate_watch_t *w = data;

    ngx_http_keygate_admin_t  *admin;

    admin = w->admin;

    /* a file of one token that is root's alone is read on a reload */

    if (w->err && w->err != w->told && !(admin->one && w->err == NGX_EACCES)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, w->err,
                      "keygate: cannot read the token file \"%V\": the tokens "
                      "from before go on", &admin->tokens_path);
    }

    w->told = w->err;

    if (w->fault[0]) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "keygate: %s; the tokens from before go on", w->fault);
    }

    if (w->fresh) {
        ngx_memzero(&w->bad, sizeof(ngx_http_keygate_seen_t));

        if (w->owned) {
            free(admin->tokens);
        }

        admin->tokens = w->fresh;
        w->fresh = NULL;
        w->owned = 1;
    }

    if (!ngx_exiting) {
        ngx_add_timer(&w->timer, NGX_HTTP_KEYGATE_TOKENS_POLL);
    }
}


/* The worker leaves; its threads have ended before. */

static void
ngx_http_keygate_tokens_leave(void *data)
{
    ngx_http_keygate_watch_t *w = data;

    ngx_http_keygate_thread_destroy(w->task);
    free(w->fresh);

    if (w->owned) {
        free(w->admin->tokens);
    }
}
