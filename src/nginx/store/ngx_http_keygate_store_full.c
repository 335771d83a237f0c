/*
 * Everything is read from the engine, and the copy is made anew in one
 * rename, with the history that leads there: the table keeps what it has until
 * the new file has been gone through, so no key is away, and none that was
 * revoked is back, meanwhile.
 *
 * What changes while it is read comes after it, from the log: the file leads
 * through nothing that is older than what this node has had.  Whoever else
 * has moved the copy meanwhile (the worker of another configuration) was
 * faster, and this one begins again.
 */

#include "ngx_http_keygate_store.h"


static ngx_int_t ngx_http_keygate_full_holds(ngx_http_keygate_copy_t *c,
    const keygate_place_t *to);
static ngx_int_t ngx_http_keygate_full_bucket(ngx_http_keygate_copy_t *c,
    ngx_uint_t bucket, ngx_http_keygate_past_t *past,
    ngx_http_keygate_lines_t *lines);
static ngx_int_t ngx_http_keygate_full_part(ngx_http_keygate_copy_t *c,
    const keygate_reply_t *list, ngx_http_keygate_past_t *past,
    ngx_http_keygate_lines_t *lines);
static ngx_int_t ngx_http_keygate_full_write(ngx_http_keygate_copy_t *c,
    const keygate_place_t *from, const keygate_place_t *to,
    ngx_http_keygate_lines_t *lines);
static ngx_int_t ngx_http_keygate_full_renew(ngx_http_keygate_copy_t *c,
    const keygate_place_t *to, ngx_http_keygate_lines_t *lines);


ngx_int_t
ngx_http_keygate_store_full(ngx_http_keygate_copy_t *c)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    keygate_place_t            from, to;
    ngx_http_keygate_past_t    past;
    ngx_http_keygate_lines_t   lines;

    ngx_memzero(&lines, sizeof(ngx_http_keygate_lines_t));

    c->full = 1;
    from = c->place;
    to = c->theirs;
    rc = ngx_http_keygate_past_begin(c, &past);

    for (i = 0; i < KEYGATE_STORE_BUCKETS && rc == NGX_OK; i++) {
        rc = ngx_http_keygate_full_bucket(c, i, &past, &lines);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_past_read(c, &past, &lines);
    }

    if (rc == NGX_OK) {
        do {
            rc = ngx_http_keygate_copy_read(c, &to, &lines);
        } while (rc > 0);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_full_holds(c, &to);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_full_write(c, &from, &to, &lines);
    }

    free(lines.data);
    free(past.latest);

    return rc;
}


/* An engine that was emptied while it was read is not what was read. */

static ngx_int_t
ngx_http_keygate_full_holds(ngx_http_keygate_copy_t *c,
    const keygate_place_t *to)
{
    char               key[KEYGATE_STORE_KEY_MAX], text[24];
    uint64_t           seq;
    ngx_uint_t         same;
    keygate_str_t      args[4];
    keygate_reply_t   *reply;

    args[0] = KEYGATE_STR("HMGET");
    args[1] = ngx_http_keygate_link_key(c, "meta", key);
    args[2] = KEYGATE_STR("epoch");
    args[3] = KEYGATE_STR("seq");

    if (ngx_http_keygate_copy_ask(c, 4, args, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    same = keygate_str_eq(keygate_reply_text(keygate_reply_at(reply, 0)),
                          keygate_span(to->epoch));
    ngx_http_keygate_copy_text(text, sizeof(text),
                               keygate_reply_text(keygate_reply_at(reply, 1)));
    seq = strtoull(text, NULL, 10);
    keygate_reply_free(reply);

    return (same && to->epoch[0] && seq >= to->seq) ? NGX_OK
           : ngx_http_keygate_copy_fail(c, "it has lost what it held while "
                                        "that was read");
}


static ngx_int_t
ngx_http_keygate_full_bucket(ngx_http_keygate_copy_t *c, ngx_uint_t bucket,
    ngx_http_keygate_past_t *past, ngx_http_keygate_lines_t *lines)
{
    char               key[KEYGATE_STORE_KEY_MAX], cursor[32];
    ngx_int_t          rc;
    keygate_str_t      args[5], next;
    keygate_reply_t   *reply;

    ngx_memcpy(cursor, "0", 2);

    do {
        args[0] = KEYGATE_STR("HSCAN");
        args[1].len = keygate_store_bucket_key(&c->name, bucket, key);
        args[1].data = (u_char *) key;
        args[2] = keygate_span(cursor);
        args[3] = KEYGATE_STR("COUNT");
        args[4] = KEYGATE_STR("200");

        if (ngx_http_keygate_copy_ask(c, 5, args, &reply) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = ngx_http_keygate_full_part(c, keygate_reply_at(reply, 1), past,
                                        lines);
        next = keygate_reply_text(keygate_reply_at(reply, 0));

        if (next.len == 0 || next.len >= sizeof(cursor)) {
            rc = ngx_http_keygate_copy_fail(c, "HSCAN has no cursor");

        } else {
            ngx_memcpy(cursor, next.data, next.len);
            cursor[next.len] = '\0';
        }

        keygate_reply_free(reply);

    } while (rc == NGX_OK && strcmp(cursor, "0") != 0);

    return rc;
}


/* What is newer than the beginning comes in the log; what is not is followed
 * by its version. */

static ngx_int_t
ngx_http_keygate_full_part(ngx_http_keygate_copy_t *c,
    const keygate_reply_t *list, ngx_http_keygate_past_t *past,
    ngx_http_keygate_lines_t *lines)
{
    char           mark[KEYGATE_MARK_MAX];
    size_t         i;
    uint64_t       version;
    keygate_str_t  line, number;

    for (i = 1; i < keygate_reply_count(list); i += 2) {

        if (keygate_store_value(keygate_reply_text(keygate_reply_at(list, i)),
                                &version, &line)
            != KEYGATE_OK
            || memchr(line.data, '\n', line.len) != NULL)
        {
            return ngx_http_keygate_copy_fail(c, "it has a record that is no "
                                     "line; try \"keygate store check\"");
        }

        if (version > past->from.seq) {

            if (version <= c->theirs.seq) {
                past->latest[version - past->from.seq] = 1;
            }

            continue;
        }

        number.len = keygate_place_number(version, mark);
        number.data = (u_char *) mark;

        if (ngx_http_keygate_copy_add(lines, line, 1) != NGX_OK
            || ngx_http_keygate_copy_add(lines, number, 0) != NGX_OK)
        {
            return ngx_http_keygate_copy_fail(c, "out of memory");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_full_write(ngx_http_keygate_copy_t *c,
    const keygate_place_t *from, const keygate_place_t *to,
    ngx_http_keygate_lines_t *lines)
{
    ngx_int_t  rc;

    if (keygate_journal_begin(c->journal) != KEYGATE_OK) {
        return ngx_http_keygate_copy_fail(c, "the copy cannot be opened");
    }

    rc = ngx_http_keygate_copy_look(c);

    if (rc == NGX_OK && (c->place.seq != from->seq
                         || strcmp(c->place.chain, from->chain) != 0
                         || strcmp(c->place.epoch, from->epoch) != 0))
    {
        rc = ngx_http_keygate_copy_fail(c, "somebody else has moved the copy");
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_full_renew(c, to, lines);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_copy_catch_up(c, 0);
    }

    keygate_journal_end(c->journal);

    return rc;
}


/* An empty file is filled: not everybody may make files beside it. */

static ngx_int_t
ngx_http_keygate_full_renew(ngx_http_keygate_copy_t *c,
    const keygate_place_t *to, ngx_http_keygate_lines_t *lines)
{
    char           mark[KEYGATE_MARK_MAX];
    uint64_t       at, end;
    keygate_rc_t   rc;
    keygate_str_t  text;

    text.len = keygate_place_line(to, ngx_http_keygate_clock_wall(NULL), mark);
    text.data = (u_char *) mark;

    if (ngx_http_keygate_copy_add(lines, text, 0) != NGX_OK) {
        return ngx_http_keygate_copy_fail(c, "out of memory");
    }

    text.data = lines->data;
    text.len = lines->len;

    if (!c->empty && !c->marked
        && ngx_http_keygate_stray_find(c, lines) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = c->empty ? keygate_journal_append(c->journal, text, &at, &end)
                  : keygate_journal_renew(c->journal, text,
                                          c->astray ? &c->kept_as : NULL);

    if (rc != KEYGATE_OK) {
        return ngx_http_keygate_copy_refused(c, rc, "the copy cannot be "
                                             "written anew; workers make a "
                                             "file beside it for that");
    }

    c->place = *to;
    c->marked = 1;
    c->empty = 0;

    return NGX_OK;
}
