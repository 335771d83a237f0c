/*
 * Threads: what reads the journal or waits for the disk is done in nginx's
 * pool "default", and what waits for a store in one of the store's own, never
 * in the event loop.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


#if (NGX_THREADS)


#define NGX_HTTP_KEYGATE_TASK_LONG  60000   /* ms */


typedef struct {
    ngx_thread_task_t    task;       /* first */
    void               (*run)(void *data);
    void               (*done)(void *data);
    void                *data;
} ngx_http_keygate_task_t;


extern ngx_module_t  ngx_thread_pool_module;


static void ngx_http_keygate_task_run(void *data, ngx_log_t *log);
static void ngx_http_keygate_task_event(ngx_event_t *ev);


void *
ngx_http_keygate_threads(ngx_conf_t *cf, ngx_str_t *name)
{
    return ngx_thread_pool_add(cf, name);
}


/* nginx takes a pool for one that was forgotten, unless its own directive has
 * made it. */

ngx_int_t
ngx_http_keygate_threads_own(ngx_conf_t *cf, ngx_str_t *name, ngx_uint_t n)
{
    char           *rv;
    ngx_str_t      *word;
    ngx_array_t    *args;
    ngx_command_t  *cmd;

    args = cf->args;
    cmd = ngx_thread_pool_module.commands;
    cf->args = ngx_array_create(cf->pool, 3, sizeof(ngx_str_t));
    word = cf->args ? ngx_array_push_n(cf->args, 3) : NULL;

    if (word) {
        word[0] = cmd->name;
        word[1] = *name;
        word[2].data = ngx_pnalloc(cf->pool, sizeof("threads=")
                                             + NGX_INT_T_LEN);
        word = word[2].data ? &word[2] : NULL;
    }

    if (word == NULL) {
        cf->args = args;
        return NGX_ERROR;
    }

    word->len = ngx_sprintf(word->data, "threads=%ui", n) - word->data;

    rv = cmd->set(cf, cmd, NULL);

    cf->args = args;

    return (rv == NGX_CONF_OK) ? NGX_OK : NGX_ERROR;
}


void *
ngx_http_keygate_thread_create(void *data, void (*run)(void *data),
    void (*done)(void *data))
{
    ngx_http_keygate_task_t  *t;

    t = calloc(1, sizeof(ngx_http_keygate_task_t));
    if (t == NULL) {
        return NULL;
    }

    t->run = run;
    t->done = done;
    t->data = data;

    t->task.ctx = t;
    t->task.handler = ngx_http_keygate_task_run;
    t->task.event.data = t;
    t->task.event.handler = ngx_http_keygate_task_event;
    t->task.event.log = ngx_cycle->log;

    return t;
}


void
ngx_http_keygate_thread_destroy(void *task)
{
    free(task);
}


ngx_int_t
ngx_http_keygate_thread_post(void *threads, void *task)
{
    ngx_http_keygate_task_t *t = task;

    if (ngx_thread_task_post(threads, &t->task) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a worker that is told to quit waits for timers, not for tasks */

    ngx_add_timer(&t->task.event, NGX_HTTP_KEYGATE_TASK_LONG);

    return NGX_OK;
}


static void
ngx_http_keygate_task_run(void *data, ngx_log_t *log)
{
    ngx_http_keygate_task_t *t = data;

    t->run(t->data);

    /* or OpenSSL does so when the thread ends, which nginx lets happen while
       the process is being taken down already */

    OPENSSL_thread_stop();
}


static void
ngx_http_keygate_task_event(ngx_event_t *ev)
{
    ngx_http_keygate_task_t  *t;

    t = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "keygate: a thread has been at the journal for a minute; "
                      "look whether another process keeps it locked");

        ngx_add_timer(ev, NGX_HTTP_KEYGATE_TASK_LONG);
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    t->done(t->data);
}


#else


void *
ngx_http_keygate_threads(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" in an nginx without threads, expected one that "
                       "was configured --with-threads",
                       (ngx_str_t *) cf->args->elts);
    return NULL;
}


ngx_int_t
ngx_http_keygate_threads_own(ngx_conf_t *cf, ngx_str_t *name, ngx_uint_t n)
{
    return NGX_OK;
}


void *
ngx_http_keygate_thread_create(void *data, void (*run)(void *data),
    void (*done)(void *data))
{
    return NULL;
}


void
ngx_http_keygate_thread_destroy(void *task)
{
}


ngx_int_t
ngx_http_keygate_thread_post(void *threads, void *task)
{
    return NGX_ERROR;
}


#endif
