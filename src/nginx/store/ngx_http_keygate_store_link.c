/*
 * The link of a copy: made, and let go of when it leads to where the changes
 * are not made any more.
 */

#include "ngx_http_keygate_store.h"

#include <openssl/crypto.h>


#define NGX_HTTP_KEYGATE_LINK_LOOK  5000     /* ms between two questions */


void
ngx_http_keygate_link_close(ngx_http_keygate_copy_t *c)
{
    keygate_link_close(c->link);
    OPENSSL_cleanse(c->secret, sizeof(c->secret));
    c->link = NULL;
    c->stale = 0;
    c->timed = 0;
}


ngx_uint_t
ngx_http_keygate_link_made(ngx_http_keygate_copy_t *c)
{
    return c->link && !c->stale
           && c->masters == c->zone->shared->store_masters;
}


ngx_int_t
ngx_http_keygate_link_connect(ngx_http_keygate_copy_t *c)
{
    char  meta[KEYGATE_STORE_KEY_MAX];

    if (ngx_http_keygate_link_made(c)) {
        return NGX_OK;
    }

    ngx_http_keygate_link_close(c);
    (void) ngx_http_keygate_link_key(c, "meta", meta);

    c->masters = c->zone->shared->store_masters;
    c->link = keygate_link_open(ngx_http_keygate_store_login(c), meta,
                                &c->engine, c->error);

    return c->link ? NGX_OK : NGX_ERROR;
}


/* What an engine says once it is no master any more. */

ngx_uint_t
ngx_http_keygate_link_suspect(ngx_http_keygate_copy_t *c, const char *error)
{
    if (ngx_strncmp(error, "READONLY", 8) == 0
        || ngx_strncmp(error, "MASTERDOWN", 10) == 0
        || ngx_strncmp(error, "UNBLOCKED", 9) == 0)
    {
        c->stale = 1;
    }

    return c->stale;
}


/*
 * The follower's.  A master that was given up may still answer those who have
 * not heard of it, so Sentinels are asked again; and when there is another
 * one, all links of all workers are let go of before they are used again.
 */

ngx_int_t
ngx_http_keygate_link_master(ngx_http_keygate_copy_t *c)
{
    uint64_t     ms;
    ngx_uint_t   fresh;
    const char  *name;

    fresh = (c->link == NULL || c->stale);
    ms = ngx_http_keygate_clock_now(c->zone).ms;

    if (c->store->link.sentinel && !fresh
        && ms - c->looked >= NGX_HTTP_KEYGATE_LINK_LOOK)
    {
        c->looked = ms;
        fresh = keygate_link_left(c->link, c->turn++);
        c->stale = fresh;
    }

    if (ngx_http_keygate_link_connect(c) != NGX_OK) {
        return NGX_ERROR;
    }

    if (fresh) {
        (void) ngx_atomic_fetch_add(&c->zone->shared->store_links, 1);
    }

    name = keygate_link_name(c->link);

    if (strcmp(c->master, name) == 0) {
        return NGX_OK;
    }

    if (c->master[0]) {
        c->moved = 1;
        (void) ngx_atomic_fetch_add(&c->zone->shared->store_masters, 1);
        c->masters = c->zone->shared->store_masters;
    }

    (void) snprintf(c->master, sizeof(c->master), "%s", name);

    return NGX_OK;
}


keygate_str_t
ngx_http_keygate_link_key(ngx_http_keygate_copy_t *c, const char *what,
    char key[KEYGATE_STORE_KEY_MAX])
{
    keygate_str_t  span;

    span.len = keygate_store_key(&c->name, what, key);
    span.data = (u_char *) key;

    return span;
}
