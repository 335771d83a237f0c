/*
 * keygate_recheck: while an answer to a key is being sent, or its connection
 * is upgraded, the key is looked at again.  There is one timer a client
 * request, whatever subrequests and redirects are part of it; it begins with
 * the first header that is sent, and ends with the request.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_RECHECK_PAUSE  1    /* ms, while more is to be read */


typedef struct {
    ngx_http_request_t  *request;      /* the client's */
    ngx_event_t          timer;
    ngx_msec_t           time;
    unsigned             ended:1;
} ngx_http_keygate_recheck_t;


static ngx_int_t ngx_http_keygate_recheck_header_filter(
    ngx_http_request_t *r);
static ngx_http_keygate_recheck_t *ngx_http_keygate_recheck_get(
    ngx_http_request_t *r);
static void ngx_http_keygate_recheck_cleanup(void *data);
static void ngx_http_keygate_recheck_handler(ngx_event_t *ev);
static ngx_uint_t ngx_http_keygate_recheck_follow(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_recheck_all(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_recheck_one(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
static void ngx_http_keygate_recheck_close(ngx_http_request_t *r);
static void ngx_http_keygate_recheck_reset(ngx_http_request_t *r);


static ngx_http_output_header_filter_pt  ngx_http_keygate_recheck_next;


char *
ngx_http_keygate_recheck_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_keygate_loc_conf_t *klcf = conf;

    ngx_str_t                     *value;
    ngx_int_t                      time;
    ngx_http_keygate_main_conf_t  *kmcf;

    if (klcf->recheck != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        klcf->recheck = 0;
        return NGX_CONF_OK;
    }

    time = ngx_parse_time(&value[1], 0);

    if (time == NGX_ERROR || time == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"keygate_recheck\", "
                           "expected a time like 5s, or off", &value[1]);
        return NGX_CONF_ERROR;
    }

    klcf->recheck = (ngx_msec_t) time;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    kmcf->used |= NGX_HTTP_KEYGATE_USED_RECHECK;

    return NGX_CONF_OK;
}


void
ngx_http_keygate_recheck_init(void)
{
    ngx_http_keygate_recheck_next = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_keygate_recheck_header_filter;
}


static ngx_int_t
ngx_http_keygate_recheck_header_filter(ngx_http_request_t *r)
{
    ngx_msec_t                    time, one;
    ngx_pool_cleanup_t           *cln;
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_keygate_loc_conf_t  *klcf;
    ngx_http_keygate_recheck_t   *recheck;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    time = 0;

    for (cln = NULL; /* void */ ; ) {
        ctx = ngx_http_keygate_ctx_next(r, &cln);

        if (ctx == NULL) {
            break;
        }

        one = ctx->recheck ? ctx->recheck : klcf->recheck;

        if (ctx->verdict->authenticated && ctx->status == 0 && one
            && (time == 0 || one < time))
        {
            time = one;
        }
    }

    if (time == 0) {
        return ngx_http_keygate_recheck_next(r);
    }

    recheck = ngx_http_keygate_recheck_get(r->main);
    if (recheck == NULL) {
        return NGX_ERROR;
    }

    if (!recheck->ended && (recheck->time == 0 || time < recheck->time)) {
        recheck->time = time;
        ngx_add_timer(&recheck->timer, time);
    }

    return ngx_http_keygate_recheck_next(r);
}


static ngx_http_keygate_recheck_t *
ngx_http_keygate_recheck_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_keygate_recheck_t  *recheck;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_keygate_recheck_cleanup) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_keygate_recheck_t));
    if (cln == NULL) {
        return NULL;
    }

    recheck = cln->data;
    ngx_memzero(recheck, sizeof(ngx_http_keygate_recheck_t));

    recheck->request = r;
    recheck->timer.handler = ngx_http_keygate_recheck_handler;
    recheck->timer.data = recheck;
    recheck->timer.log = r->connection->log;

    /* a worker that is to end lives as long as the stream's own timers say */

    recheck->timer.cancelable = 1;

    cln->handler = ngx_http_keygate_recheck_cleanup;

    return recheck;
}


static void
ngx_http_keygate_recheck_cleanup(void *data)
{
    ngx_http_keygate_recheck_t *recheck = data;

    if (recheck->timer.timer_set) {
        ngx_del_timer(&recheck->timer);
    }
}


static void
ngx_http_keygate_recheck_handler(ngx_event_t *ev)
{
    ngx_uint_t                   behind;
    ngx_http_request_t          *r;
    ngx_http_keygate_recheck_t  *recheck;

    recheck = ev->data;
    r = recheck->request;

    /* all is sent: what is left is a body that is thrown away, or a mirror */

    if (r->request_complete) {
        return;
    }

    behind = ngx_exiting && ngx_http_keygate_recheck_follow(r);

    if (ngx_http_keygate_recheck_all(r)) {
        ngx_add_timer(ev, behind ? NGX_HTTP_KEYGATE_RECHECK_PAUSE
                                 : recheck->time);
        return;
    }

    recheck->ended = 1;
    ngx_http_keygate_recheck_close(r);
}


/* The worker that follows the journal may have ended before this one, which is
 * to end as well, and there may be none after it.  Whether there is more. */

static ngx_uint_t
ngx_http_keygate_recheck_follow(ngx_http_request_t *r)
{
    ngx_uint_t               more;
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    more = 0;

    for (cln = NULL; /* void */ ; ) {
        ctx = ngx_http_keygate_ctx_next(r, &cln);

        if (ctx == NULL) {
            return more;
        }

        more |= ngx_http_keygate_follow_look(ctx->api->zone) == NGX_AGAIN;
        ngx_http_keygate_store_look(ctx->api->zone);
    }
}


/* Whether all keys that have let it in are live, or only tried out. */

static ngx_uint_t
ngx_http_keygate_recheck_all(ngx_http_request_t *r)
{
    ngx_uint_t               live;
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    live = 1;

    for (cln = NULL; /* void */ ; ) {
        ctx = ngx_http_keygate_ctx_next(r, &cln);

        if (ctx == NULL) {
            return live;
        }

        if (ctx->verdict->authenticated && ctx->status == 0 && !ctx->ended
            && !ngx_http_keygate_recheck_one(r, ctx) && !ctx->dry_run)
        {
            (void) ngx_atomic_fetch_add(&ctx->api->counters->closed, 1);
            live = 0;
        }
    }
}


static ngx_uint_t
ngx_http_keygate_recheck_one(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    int                       found;
    keygate_str_t             id;
    keygate_code_e            code;
    keygate_verdict_t        *v;
    ngx_http_keygate_zone_t  *zone;

    v = ctx->verdict;
    zone = ctx->api->zone;

    id.len = v->key.id_len;
    id.data = (u_char *) v->key.id;

    code = keygate_decide_live(zone->table, zone->digester, id,
                               ctx->credential,
                               ngx_http_keygate_clock_wall(NULL), &found);

    if (code == KEYGATE_ALLOWED && ngx_http_keygate_ready_stale(zone)) {
        code = KEYGATE_UNAVAILABLE;
    }

    if (code == KEYGATE_ALLOWED) {
        return 1;
    }

    ctx->ended = 1;
    ngx_http_keygate_log_ended(r, ctx, code, found);

    return 0;
}


/*
 * As nginx closes connections when a worker must end, wherever they are: over
 * HTTP/2 and later it is the stream that ends.  After an error TLS says no
 * farewell, and nobody takes what was sent for the whole.
 */

static void
ngx_http_keygate_recheck_close(ngx_http_request_t *r)
{
    ngx_connection_t  *c;
#if (NGX_HTTP_V2)
    ngx_event_t       *wev;

    wev = r->stream ? r->stream->connection->connection->write : NULL;
#endif

    ngx_http_keygate_recheck_reset(r);

    c = r->connection;
    c->close = 1;
    c->error = 1;
    c->read->handler(c->read);

#if (NGX_HTTP_V2)

    /* that the stream ends is queued, and nothing else may ever be sent */

    if (wev) {
        ngx_post_event(wev, &ngx_posted_events);
    }

#endif
}


/*
 * An answer without a length and not in chunks ends where the connection does:
 * only a reset of the connection tells that it is not whole.  What was sent
 * before stays readable.
 */

static void
ngx_http_keygate_recheck_reset(ngx_http_request_t *r)
{
    struct linger  linger;

    if (r->http_version >= NGX_HTTP_VERSION_20 || r->chunked
        || r->headers_out.content_length_n != -1
        || r->headers_out.status == NGX_HTTP_SWITCHING_PROTOCOLS)
    {
        return;
    }

    linger.l_onoff = 1;
    linger.l_linger = 0;

    if (setsockopt(r->connection->fd, SOL_SOCKET, SO_LINGER,
                   (const void *) &linger, sizeof(struct linger))
        == -1)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_socket_errno,
                      "setsockopt(SO_LINGER) failed");
    }
}
