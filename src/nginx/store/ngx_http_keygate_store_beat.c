/*
 * What a node tells the engine once a round, and what it learns: which place
 * in the history its copy is at, and whether that is one that is here.
 */

#include "ngx_http_keygate_store_clock.h"


static ngx_uint_t ngx_http_keygate_beat_known(const char *word);
static void ngx_http_keygate_beat_name(ngx_http_keygate_copy_t *c,
    keygate_str_t boot, keygate_str_t before);


ngx_int_t
ngx_http_keygate_store_beat(ngx_http_keygate_copy_t *c, ngx_uint_t begin)
{
    char               keys[4][KEYGATE_STORE_KEY_MAX];
    char               seq[24], now[24], fresh[24], known[24], boot[24];
    int64_t            ms;
    ngx_uint_t         i;
    keygate_str_t      args[17];
    keygate_reply_t   *reply;

    if (ngx_http_keygate_clock_time(c, &ms) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) snprintf(now, sizeof(now), "%lld", (long long) ms);
    (void) snprintf(seq, sizeof(seq), "%llu",
                    (unsigned long long) c->place.seq);
    (void) snprintf(fresh, sizeof(fresh), "%d", NGX_HTTP_KEYGATE_STORE_FRESH);
    (void) snprintf(known, sizeof(known), "%d", NGX_HTTP_KEYGATE_STORE_KNOWN);

    (void) snprintf(boot, sizeof(boot), "%08lx",
                    (unsigned long) c->zone->shared->store_boot);

    for (i = 0; i < 17; i++) {
        args[i] = KEYGATE_STR("");
    }

    args[0] = ngx_http_keygate_link_key(c, "acks", keys[0]);
    args[1] = ngx_http_keygate_link_key(c, "nodes", keys[1]);
    args[2] = ngx_http_keygate_link_key(c, "meta", keys[2]);
    args[3] = ngx_http_keygate_link_key(c, "log", keys[3]);
    args[4] = keygate_span((char *) c->store->node.data);
    args[5] = keygate_span(boot);
    args[6] = keygate_span(c->place.epoch);
    args[7] = keygate_span(seq);
    args[8] = keygate_span(c->place.chain);
    args[9] = keygate_span(now);
    args[10] = KEYGATE_STR("-");
    args[11] = keygate_span(fresh);
    args[12] = keygate_span(known);
    args[13] = begin ? KEYGATE_STR("1") : KEYGATE_STR("0");
    args[14] = c->zone->pepper.len ? KEYGATE_STR("hmac-sha256")
                                   : KEYGATE_STR("sha256");

    if (ngx_http_keygate_copy_answer(c,
            keygate_link_script(c->link, KEYGATE_LUA_BEAT, 2, 17, args,
                                &reply), &reply)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_keygate_copy_text(c->word, sizeof(c->word),
                               keygate_reply_text(keygate_reply_at(reply, 0)));
    /* what comes is not always what was asked for */

    if (!ngx_http_keygate_beat_known(c->word)) {
        keygate_reply_free(reply);
        c->word[0] = '\0';
        ngx_http_keygate_link_close(c);
        return ngx_http_keygate_copy_fail(c, "it answers what is no answer to "
                                          "a heartbeat");
    }

    ngx_http_keygate_copy_text(c->theirs.chain, sizeof(c->theirs.chain),
                               keygate_reply_text(keygate_reply_at(reply, 2)));
    ngx_http_keygate_copy_text(c->theirs.epoch, sizeof(c->theirs.epoch),
                               keygate_reply_text(keygate_reply_at(reply, 3)));

    c->theirs.seq = ngx_max(keygate_reply_number(keygate_reply_at(reply, 1)),
                            0);
    c->seq = c->theirs.seq;
    c->nodes = ngx_max(keygate_reply_number(keygate_reply_at(reply, 4)), 0);

    ngx_http_keygate_copy_text(c->untold, sizeof(c->untold),
                               keygate_reply_text(keygate_reply_at(reply, 8)));

    ngx_http_keygate_beat_name(c, args[5],
        keygate_reply_text(keygate_reply_at(reply, 9)));

    keygate_reply_free(reply);

    return ngx_http_keygate_link_suspect(c, c->untold)
           ? ngx_http_keygate_copy_fail(c, c->untold) : NGX_OK;
}


static ngx_uint_t
ngx_http_keygate_beat_known(const char *word)
{
    ngx_uint_t  i;

    static const char *const  words[] = {
        "OK", "BEHIND", "TRIMMED", "ROLLBACK", "FORK", "ANOTHER", "EMPTY", NULL
    };

    for (i = 0; words[i] && strcmp(words[i], word) != 0; i++) { /* void */ }

    return words[i] != NULL;
}


/* What is there under this node's name at its first beat is from its earlier
 * life; later it is somebody else's, who has the same name. */

static void
ngx_http_keygate_beat_name(ngx_http_keygate_copy_t *c, keygate_str_t boot,
    keygate_str_t before)
{
    ngx_http_keygate_shared_t  *shared;

    shared = c->zone->shared;

    if (before.len && !keygate_str_eq(boot, before) && shared->store_beats) {
        (void) ngx_atomic_fetch_add(&shared->store_others, 1);
    }

    if (c->untold[0] == '\0' && c->word[0]) {
        (void) ngx_atomic_fetch_add(&shared->store_beats, 1);
    }
}
