/*
 * A round of following, in a thread: the engine is told where the copy is,
 * the copy is brought up to date, and the next change is waited for, a moment
 * only: whoever is told nothing asks again, for silence proves nothing.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_ROUND_BLOCK  250    /* ms until a round is over */


static ngx_int_t ngx_http_keygate_round_catch_up(ngx_http_keygate_copy_t *c);
static ngx_int_t ngx_http_keygate_round_fresh(ngx_http_keygate_copy_t *c);
static ngx_uint_t ngx_http_keygate_round_trimmed(ngx_http_keygate_copy_t *c);
static ngx_int_t ngx_http_keygate_round_begin(ngx_http_keygate_copy_t *c);
static ngx_int_t ngx_http_keygate_round_wait(ngx_http_keygate_copy_t *c);
static ngx_int_t ngx_http_keygate_round_locked(ngx_http_keygate_copy_t *c,
    ngx_uint_t follow);


ngx_int_t
ngx_http_keygate_round_run(ngx_http_keygate_copy_t *c)
{
    c->word[0] = '\0';
    c->full = 0;
    c->strange = 0;
    c->forked = 0;
    c->moved = 0;
    c->kept = 0;
    c->merged.len = 0;
    ngx_http_keygate_stray_reset(c);

    if (ngx_http_keygate_link_master(c) != NGX_OK
        || ngx_http_keygate_round_catch_up(c) != NGX_OK
        || ngx_http_keygate_round_fresh(c) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* who has never had all records tells at once that now it has */

    return (ngx_http_keygate_copy_is(c, "OK") && c->zone->shared->store_whole)
           ? ngx_http_keygate_round_wait(c) : NGX_OK;
}


ngx_int_t
ngx_http_keygate_round_glance(ngx_http_keygate_copy_t *c)
{
    return (ngx_http_keygate_link_connect(c) == NGX_OK)
           ? ngx_http_keygate_round_locked(c, 1) : NGX_ERROR;
}


/* Where a node may not be too old, its mark tells that it was heard lately. */

static ngx_int_t
ngx_http_keygate_round_fresh(ngx_http_keygate_copy_t *c)
{
    ngx_int_t                  rc;
    uint64_t                   at;
    ngx_http_keygate_lines_t   lines;

    if (c->zone->max_stale == 0 || !ngx_http_keygate_copy_is(c, "OK")
        || ngx_http_keygate_clock_wall(NULL) - c->marked_at
           <= (int64_t) (c->zone->max_stale / 2000))
    {
        return NGX_OK;
    }

    if (keygate_journal_begin(c->journal) != KEYGATE_OK) {
        return ngx_http_keygate_copy_fail(c, "the copy cannot be opened");
    }

    ngx_memzero(&lines, sizeof(ngx_http_keygate_lines_t));

    rc = ngx_http_keygate_copy_look(c);

    if (rc == NGX_OK && c->marked) {
        rc = ngx_http_keygate_copy_append(c, &lines, &c->place, &at);
    }

    free(lines.data);
    keygate_journal_end(c->journal);

    return rc;
}


/* Until the copy is where the engine is, or cannot be. */

static ngx_int_t
ngx_http_keygate_round_catch_up(ngx_http_keygate_copy_t *c)
{
    if (ngx_http_keygate_round_locked(c, 0) != NGX_OK
        || ngx_http_keygate_store_beat(c, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_keygate_copy_is(c, "EMPTY") && c->empty
        && ngx_http_keygate_round_begin(c) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_keygate_copy_is(c, "BEHIND")) {

        if (ngx_http_keygate_round_locked(c, 1) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ngx_http_keygate_copy_is(c, "ROLLBACK")
               || ngx_http_keygate_copy_is(c, "FORK")
               || ngx_http_keygate_round_trimmed(c))
    {
        if (ngx_http_keygate_store_repair(c) != NGX_OK
            || ngx_http_keygate_round_locked(c, 1) != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (ngx_http_keygate_copy_is(c, "TRIMMED")
               || ngx_http_keygate_copy_is(c, "ANOTHER"))
    {
        c->strange = !c->marked && !c->empty;

        if (ngx_http_keygate_store_full(c) != NGX_OK
            || ngx_http_keygate_round_locked(c, 1) != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {
        return NGX_OK;
    }

    return ngx_http_keygate_store_beat(c, 0);
}


/* Whether this history may have lost changes since the log was longer: what
 * the node knows to be revoked is told it before everything is read. */

static ngx_uint_t
ngx_http_keygate_round_trimmed(ngx_http_keygate_copy_t *c)
{
    return ngx_http_keygate_copy_is(c, "TRIMMED") && c->marked
           && strcmp(c->place.epoch, c->theirs.epoch) == 0;
}


/* Both have nothing: they begin together, or with who was faster. */

static ngx_int_t
ngx_http_keygate_round_begin(ngx_http_keygate_copy_t *c)
{
    u_char     seed[16];
    ngx_int_t  rc;

    if (RAND_bytes(seed, sizeof(seed)) != 1) {
        return ngx_http_keygate_copy_fail(c, "there is no randomness");
    }

    (void) ngx_hex_dump((u_char *) c->place.epoch, seed, sizeof(seed));
    ngx_memcpy(c->place.chain, c->place.epoch, sizeof(c->place.chain));

    rc = ngx_http_keygate_store_beat(c, 1);

    ngx_memzero(&c->place, sizeof(keygate_place_t));

    return (rc == NGX_OK) ? ngx_http_keygate_store_beat(c, 0) : rc;
}


static ngx_int_t
ngx_http_keygate_round_locked(ngx_http_keygate_copy_t *c, ngx_uint_t follow)
{
    ngx_int_t  rc;

    if (keygate_journal_begin(c->journal) != KEYGATE_OK) {
        return ngx_http_keygate_copy_fail(c, "the copy cannot be opened");
    }

    rc = ngx_http_keygate_copy_look(c);

    if (rc == NGX_OK && c->marked) {
        rc = ngx_http_keygate_copy_catch_up(c, 0);
    }

    if (rc == NGX_OK && follow && c->marked) {
        rc = ngx_http_keygate_copy_follow(c, NULL, NULL);
    }

    keygate_journal_end(c->journal);

    return rc;
}


/* What comes is read again, under the lock: it is there then. */

static ngx_int_t
ngx_http_keygate_round_wait(ngx_http_keygate_copy_t *c)
{
    char              key[KEYGATE_STORE_KEY_MAX], from[32], block[16];
    size_t            n;
    ngx_int_t         rc;
    keygate_str_t     args[8];
    keygate_reply_t  *reply;

    (void) snprintf(from, sizeof(from), "%llu-0",
                    (unsigned long long) c->place.seq);
    (void) snprintf(block, sizeof(block), "%d", NGX_HTTP_KEYGATE_ROUND_BLOCK);

    args[0] = KEYGATE_STR("XREAD");
    args[1] = KEYGATE_STR("COUNT");
    args[2] = KEYGATE_STR("1");
    args[3] = KEYGATE_STR("BLOCK");
    args[4] = keygate_span(block);
    args[5] = KEYGATE_STR("STREAMS");
    args[6] = ngx_http_keygate_link_key(c, "log", key);
    args[7] = keygate_span(from);

    keygate_link_patience(c->link, NGX_HTTP_KEYGATE_ROUND_BLOCK);
    rc = ngx_http_keygate_copy_ask(c, 8, args, &reply);

    if (rc != NGX_OK) {
        return rc;
    }

    keygate_link_patience(c->link, 0);
    n = keygate_reply_count(reply);
    keygate_reply_free(reply);

    if (n == 0) {
        return NGX_OK;
    }

    if (ngx_http_keygate_round_locked(c, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_keygate_store_beat(c, 0);
}
