/*
 * The history of a copy that is made anew.  Should the engine lose changes
 * later, this node must know which they were: so the changes that the log
 * still has follow the other records as marks, each with its line where that
 * is the record's last one.  Lines of states that are over are left out:
 * nothing older than what this node has had is read from the copy.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_PAST_MAX    10000   /* changes */
#define NGX_HTTP_KEYGATE_PAST_BATCH  "500"


static ngx_int_t ngx_http_keygate_past_find(ngx_http_keygate_copy_t *c,
    const char *from, keygate_place_t *place);
static ngx_int_t ngx_http_keygate_past_take(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_past_t *past, const keygate_reply_t *entries,
    keygate_place_t *place, ngx_http_keygate_lines_t *lines);
static ngx_int_t ngx_http_keygate_past_mark(ngx_http_keygate_copy_t *c,
    const keygate_place_t *place, ngx_http_keygate_lines_t *lines);


ngx_int_t
ngx_http_keygate_past_begin(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_past_t *past)
{
    char       from[32];
    uint64_t   seq;
    ngx_int_t  rc;

    past->latest = NULL;
    past->from = c->theirs;

    seq = (c->theirs.seq > NGX_HTTP_KEYGATE_PAST_MAX)
          ? c->theirs.seq - NGX_HTTP_KEYGATE_PAST_MAX : 0;

    (void) snprintf(from, sizeof(from), "%llu-0", (unsigned long long) seq);

    rc = ngx_http_keygate_past_find(c, from, &past->from);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED || past->from.seq > c->theirs.seq) {
        past->from = c->theirs;
    }

    past->latest = calloc(c->theirs.seq - past->from.seq + 1, 1);

    return past->latest ? NGX_OK
                        : ngx_http_keygate_copy_fail(c, "out of memory");
}


/* The first change of the log from there on; NGX_DECLINED: there is none. */

static ngx_int_t
ngx_http_keygate_past_find(ngx_http_keygate_copy_t *c, const char *from,
    keygate_place_t *place)
{
    char              key[KEYGATE_STORE_KEY_MAX];
    ngx_int_t         rc;
    keygate_str_t     args[6], id, chain;
    keygate_reply_t  *reply, *entry;

    args[0] = KEYGATE_STR("XRANGE");
    args[1] = ngx_http_keygate_link_key(c, "log", key);
    args[2] = keygate_span(from);
    args[3] = KEYGATE_STR("+");
    args[4] = KEYGATE_STR("COUNT");
    args[5] = KEYGATE_STR("1");

    if (ngx_http_keygate_copy_ask(c, 6, args, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    entry = keygate_reply_at(reply, 0);
    id = keygate_reply_text(keygate_reply_at(entry, 0));
    chain = keygate_reply_text(keygate_reply_at(keygate_reply_at(entry, 1),
                                                1));
    rc = NGX_DECLINED;

    if (id.len && chain.len == KEYGATE_CHAIN_MAX
        && keygate_place_hex(chain))
    {
        place->seq = strtoull((const char *) id.data, NULL, 10);
        ngx_http_keygate_copy_text(place->chain, sizeof(place->chain), chain);
        rc = NGX_OK;
    }

    keygate_reply_free(reply);

    return rc;
}


ngx_int_t
ngx_http_keygate_past_read(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_past_t *past, ngx_http_keygate_lines_t *lines)
{
    char              key[KEYGATE_STORE_KEY_MAX], from[32], to[32];
    ngx_int_t         rc;
    keygate_str_t     args[6];
    keygate_place_t   place;
    keygate_reply_t  *reply;

    place = past->from;
    rc = ngx_http_keygate_past_mark(c, &place, lines);

    (void) snprintf(to, sizeof(to), "%llu-0",
                    (unsigned long long) c->theirs.seq);

    args[0] = KEYGATE_STR("XRANGE");
    args[1] = ngx_http_keygate_link_key(c, "log", key);
    args[3] = keygate_span(to);
    args[4] = KEYGATE_STR("COUNT");
    args[5] = KEYGATE_STR(NGX_HTTP_KEYGATE_PAST_BATCH);

    while (rc == NGX_OK && place.seq < c->theirs.seq) {
        args[2].len = snprintf(from, sizeof(from), "%llu-0",
                               (unsigned long long) place.seq + 1);
        args[2].data = (u_char *) from;

        if (ngx_http_keygate_copy_ask(c, 6, args, &reply) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = ngx_http_keygate_past_take(c, past, reply, &place, lines);
        keygate_reply_free(reply);
    }

    if (rc == NGX_OK && strcmp(place.chain, c->theirs.chain) != 0) {
        rc = ngx_http_keygate_copy_fail(c, "its log does not lead to its "
                                        "place; try \"keygate store check\"");
    }

    return rc;
}


static ngx_int_t
ngx_http_keygate_past_take(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_past_t *past, const keygate_reply_t *entries,
    keygate_place_t *place, ngx_http_keygate_lines_t *lines)
{
    size_t            i;
    uint64_t          seq;
    keygate_str_t     id, line;
    keygate_reply_t  *entry;

    for (i = 0; i < keygate_reply_count(entries); i++) {
        entry = keygate_reply_at(entries, i);
        id = keygate_reply_text(keygate_reply_at(entry, 0));
        entry = keygate_reply_at(entry, 1);
        line = keygate_reply_text(keygate_reply_at(entry, 3));
        seq = id.len ? strtoull((const char *) id.data, NULL, 10) : 0;

        if (seq != place->seq + 1 || seq > c->theirs.seq || line.len == 0
            || memchr(line.data, '\n', line.len) != NULL
            || keygate_place_next(place, line) != KEYGATE_OK)
        {
            break;
        }

        if (past->latest[seq - past->from.seq]
            && ngx_http_keygate_copy_add(lines, line, 1) != NGX_OK)
        {
            return ngx_http_keygate_copy_fail(c, "out of memory");
        }

        if (ngx_http_keygate_past_mark(c, place, lines) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (i && i == keygate_reply_count(entries)) ? NGX_OK
           : ngx_http_keygate_copy_fail(c, "its log has changed while it was "
                                        "read");
}


static ngx_int_t
ngx_http_keygate_past_mark(ngx_http_keygate_copy_t *c,
    const keygate_place_t *place, ngx_http_keygate_lines_t *lines)
{
    char           mark[KEYGATE_MARK_MAX];
    keygate_str_t  text;

    text.len = keygate_place_line(place, ngx_http_keygate_clock_wall(NULL),
                                  mark);
    text.data = (u_char *) mark;

    return (ngx_http_keygate_copy_add(lines, text, 0) == NGX_OK) ? NGX_OK
           : ngx_http_keygate_copy_fail(c, "out of memory");
}
