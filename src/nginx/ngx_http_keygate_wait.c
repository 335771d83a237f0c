/*
 * Requests that wait for a lease: refused for want of one alone, which is on
 * its way.  Each asks again every few milliseconds, and not for longer than
 * the zone's "wait".  So do those whose units have to be in a file first.
 * These are the only times that a request waits for anything but its own
 * body.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_WAIT_TURN  5        /* ms */
#define NGX_HTTP_KEYGATE_WAIT_DISK  2000     /* ms, at most */


typedef struct {
    ngx_http_request_t      *request;
    ngx_http_keygate_api_t  *api;
    keygate_request_t        asked;
    ngx_event_t              timer;
    uint64_t                 until;          /* ms */
    unsigned                 done:1;
} ngx_http_keygate_wait_t;


static ngx_http_keygate_wait_t *ngx_http_keygate_wait_find(
    ngx_http_request_t *r, ngx_http_keygate_api_t *api);
static ngx_http_keygate_wait_t *ngx_http_keygate_wait_create(
    ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    keygate_request_t *asked, ngx_msec_t most);
static void ngx_http_keygate_wait_cleanup(void *data);
static void ngx_http_keygate_wait_over(ngx_event_t *ev);


keygate_request_t *
ngx_http_keygate_waits(ngx_http_request_t *r, ngx_http_keygate_api_t *api)
{
    ngx_http_keygate_wait_t  *wait;

    wait = ngx_http_keygate_wait_find(r, api);

    return (wait && !wait->done) ? &wait->asked : NULL;
}


ngx_int_t
ngx_http_keygate_wait(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    keygate_request_t *asked, ngx_uint_t unsaved)
{
    ngx_msec_t                most;
    ngx_http_keygate_wait_t  *wait;

    most = unsaved ? NGX_HTTP_KEYGATE_WAIT_DISK : api->zone->wait;

    if (most == 0) {
        return NGX_DECLINED;
    }

    wait = ngx_http_keygate_wait_find(r, api);

    if (wait == NULL) {
        wait = ngx_http_keygate_wait_create(r, api, asked, most);
    }

    if (wait == NULL) {
        return NGX_ERROR;
    }

    if (wait->done || ngx_http_keygate_clock_now(api->zone).ms >= wait->until) {
        return NGX_DECLINED;
    }

    /* a client that goes away ends it */

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_add_timer(&wait->timer, NGX_HTTP_KEYGATE_WAIT_TURN);

    return NGX_AGAIN;
}


void
ngx_http_keygate_wait_done(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    ngx_uint_t admitted)
{
    keygate_leases_t         *leases;
    ngx_http_keygate_wait_t  *wait;

    leases = api->zone->leases;
    wait = (leases || api->zone->quotas) ? ngx_http_keygate_wait_find(r, api)
                                         : NULL;

    if (wait == NULL || wait->done) {
        return;
    }

    wait->done = 1;

    if (leases == NULL) {
        return;
    }

    (void) __atomic_fetch_add(admitted ? &leases->admitted : &leases->refused,
                              1, __ATOMIC_RELAXED);
}


static ngx_http_keygate_wait_t *
ngx_http_keygate_wait_find(ngx_http_request_t *r, ngx_http_keygate_api_t *api)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_keygate_wait_t  *wait;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_keygate_wait_cleanup) {
            wait = cln->data;

            if (wait->request == r && wait->api == api) {
                return wait;
            }
        }
    }

    return NULL;
}


static ngx_http_keygate_wait_t *
ngx_http_keygate_wait_create(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_request_t *asked, ngx_msec_t most)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_keygate_wait_t  *wait;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_keygate_wait_t));
    if (cln == NULL) {
        return NULL;
    }

    wait = cln->data;
    ngx_memzero(wait, sizeof(ngx_http_keygate_wait_t));

    wait->request = r;
    wait->api = api;
    wait->asked = *asked;
    wait->until = ngx_http_keygate_clock_now(api->zone).ms + most;
    wait->timer.handler = ngx_http_keygate_wait_over;
    wait->timer.data = wait;
    wait->timer.log = r->connection->log;

    cln->handler = ngx_http_keygate_wait_cleanup;

    return wait;
}


static void
ngx_http_keygate_wait_cleanup(void *data)
{
    ngx_http_keygate_wait_t *wait = data;

    if (wait->timer.timer_set) {
        ngx_del_timer(&wait->timer);
    }
}


static void
ngx_http_keygate_wait_over(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_keygate_wait_t  *wait;

    wait = ev->data;
    r = wait->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}
