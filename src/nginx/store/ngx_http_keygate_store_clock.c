/*
 * The engine's clock, which all that nodes tell one another goes by: when they
 * were seen, and what a ledger has used when.  Nodes' own clocks may differ, by
 * years where one has not yet been set.
 */

#include "ngx_http_keygate_store_clock.h"

#include <time.h>


#define NGX_HTTP_KEYGATE_CLOCK_AWAY  2000    /* ms: more than a slow answer */


static int64_t ngx_http_keygate_clock_own(void);


ngx_int_t
ngx_http_keygate_clock_look(ngx_http_keygate_copy_t *c)
{
    int64_t           seconds, us, own;
    uint64_t          before, after;
    keygate_str_t     args[1];
    keygate_reply_t  *reply;

    before = ngx_http_keygate_clock_now(c->zone).ms;

    if (c->timed && before - c->set < NGX_HTTP_KEYGATE_STORE_CLOCK) {
        return NGX_OK;
    }

    args[0] = KEYGATE_STR("TIME");

    if (ngx_http_keygate_copy_ask(c, 1, args, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    after = ngx_http_keygate_clock_now(c->zone).ms;
    own = ngx_http_keygate_clock_own();

    seconds = keygate_reply_number(keygate_reply_at(reply, 0));
    us = keygate_reply_number(keygate_reply_at(reply, 1));
    keygate_reply_free(reply);

    if (seconds <= 0 || seconds > NGX_HTTP_KEYGATE_STORE_LATEST / 1000
        || us < 0)
    {
        ngx_http_keygate_link_close(c);
        return ngx_http_keygate_copy_fail(c, "it does not tell its time");
    }

    c->took = after - before;
    c->offset = seconds * 1000 + us / 1000 - (int64_t) (before + c->took / 2);
    c->set = after;
    c->timed = 1;
    c->away = c->offset + (int64_t) after - own;

    return NGX_OK;
}


/* A user of the engine that may not ask for it has receipts all the same. */

ngx_int_t
ngx_http_keygate_clock_time(ngx_http_keygate_copy_t *c, int64_t *ms)
{
    if (ngx_http_keygate_clock_look(c) == NGX_OK) {
        *ms = c->offset + (int64_t) ngx_http_keygate_clock_now(c->zone).ms;
        return NGX_OK;
    }

    if (c->link == NULL || c->stale) {
        return NGX_ERROR;
    }

    c->error[0] = '\0';
    *ms = ngx_http_keygate_clock_own();

    return NGX_OK;
}


static int64_t
ngx_http_keygate_clock_own(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


void
ngx_http_keygate_clock_log(ngx_http_keygate_copy_t *c)
{
    int64_t     away;
    ngx_uint_t  ahead;

    away = c->timed ? c->away : 0;
    ahead = (away < 0);
    away = ahead ? -away : away;

    if (away < NGX_HTTP_KEYGATE_CLOCK_AWAY) {
        c->warned = c->warned && !c->timed;
        return;
    }

    if (c->warned) {
        return;
    }

    c->warned = 1;

    ngx_log_error(NGX_LOG_WARN, c->zone->log, 0,
                  "keygate store \"%V\": this node's clock is %L seconds %s "
                  "the engine's: keys of zone \"%V\" expire by this node's",
                  &c->store->name, away / 1000, ahead ? "ahead of" : "behind",
                  &c->zone->name);
}
