/*
 * A node's copy of what lies in the engine: the zone's journal, with a mark
 * after each batch that tells to which place in the history the lines lead.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_COPY_BATCH  "500"    /* changes at once */


static ngx_int_t ngx_http_keygate_copy_take(ngx_http_keygate_copy_t *c,
    const keygate_reply_t *entries, keygate_place_t *place,
    ngx_http_keygate_lines_t *lines);


void
ngx_http_keygate_copy_init(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_zone_t *zone, keygate_journal_t *journal)
{
    ngx_memzero(c, sizeof(ngx_http_keygate_copy_t));

    c->zone = zone;
    c->store = zone->store;
    c->journal = journal;
    c->name.prefix.data = c->store->prefix.data;
    c->name.prefix.len = c->store->prefix.len;
    c->name.zone.data = zone->name.data;
    c->name.zone.len = zone->name.len;
}


ngx_int_t
ngx_http_keygate_copy_fail(ngx_http_keygate_copy_t *c, const char *why)
{
    (void) snprintf(c->error, sizeof(c->error), "%s", why);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_keygate_copy_refused(ngx_http_keygate_copy_t *c, keygate_rc_t rc,
    const char *why)
{
    u_char     buf[128], *last;
    ngx_err_t  err;

    err = ngx_errno;

    if (rc == KEYGATE_INVALID || err == 0) {
        return ngx_http_keygate_copy_fail(c, why);
    }

    last = ngx_strerror(err, buf, sizeof(buf) - 1);
    *last = '\0';

    (void) snprintf(c->error, sizeof(c->error), "%s (%d: %s)", why, err, buf);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_keygate_copy_answer(ngx_http_keygate_copy_t *c, keygate_rc_t rc,
    keygate_reply_t **reply)
{
    if (rc == KEYGATE_OK && c->yields
        && (ngx_exiting || ngx_quit || ngx_terminate))
    {
        keygate_reply_free(*reply);
        *reply = NULL;

        ngx_http_keygate_link_close(c);
        return ngx_http_keygate_copy_fail(c, "the worker is to end");
    }

    if (rc != KEYGATE_OK) {
        (void) ngx_http_keygate_copy_fail(c, keygate_link_error(c->link));
        ngx_http_keygate_link_close(c);
        return NGX_ERROR;
    }

    if (keygate_reply_kind(*reply) != KEYGATE_REPLY_ERROR) {
        return NGX_OK;
    }

    keygate_reply_say(*reply, c->error, sizeof(c->error));
    ngx_http_keygate_link_suspect(c, c->error);

    keygate_reply_free(*reply);
    *reply = NULL;

    return NGX_ERROR;
}


ngx_int_t
ngx_http_keygate_copy_ask(ngx_http_keygate_copy_t *c, unsigned n,
    const keygate_str_t *args, keygate_reply_t **reply)
{
    return ngx_http_keygate_copy_answer(c, keygate_link_ask(c->link, n, args,
                                                            reply), reply);
}


void
ngx_http_keygate_copy_text(char *to, size_t size, keygate_str_t text)
{
    size_t  n;

    n = ngx_min(text.len, size - 1);

    if (n) {
        ngx_memcpy(to, text.data, n);
    }

    to[n] = '\0';
}


ngx_uint_t
ngx_http_keygate_copy_is(ngx_http_keygate_copy_t *c, const char *word)
{
    return strcmp(c->word, word) == 0;
}


ngx_int_t
ngx_http_keygate_copy_look(ngx_http_keygate_copy_t *c)
{
    u_char         buf[KEYGATE_MARK_MAX];
    uint64_t       end;
    keygate_str_t  line;

    if (keygate_journal_last(c->journal, buf, sizeof(buf), &line, &end)
        != KEYGATE_OK)
    {
        return ngx_http_keygate_copy_fail(c, "the copy cannot be read");
    }

    c->empty = (end == 0);
    c->marked = (keygate_place_parse(line, &c->place, &c->marked_at)
                 == KEYGATE_OK);

    if (!c->marked) {
        ngx_memzero(&c->place, sizeof(keygate_place_t));
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_copy_add(ngx_http_keygate_lines_t *lines,
    keygate_str_t text, ngx_uint_t lf)
{
    u_char  *data;
    size_t   size;

    if (lines->data == NULL || lines->size - lines->len < text.len + lf) {
        size = 2 * lines->size + text.len + 4096;
        data = (size > text.len) ? realloc(lines->data, size) : NULL;

        if (data == NULL) {
            return NGX_ERROR;
        }

        lines->data = data;
        lines->size = size;
    }

    if (text.len) {
        ngx_memcpy(lines->data + lines->len, text.data, text.len);
        lines->len += text.len;
    }

    if (lf) {
        lines->data[lines->len++] = '\n';
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_copy_take(ngx_http_keygate_copy_t *c,
    const keygate_reply_t *entries, keygate_place_t *place,
    ngx_http_keygate_lines_t *lines)
{
    size_t            i;
    uint64_t          seq;
    keygate_str_t     id, chain, line;
    keygate_reply_t  *entry;

    for (i = 0; i < keygate_reply_count(entries); i++) {
        entry = keygate_reply_at(entries, i);
        id = keygate_reply_text(keygate_reply_at(entry, 0));
        entry = keygate_reply_at(entry, 1);
        chain = keygate_reply_text(keygate_reply_at(entry, 1));
        line = keygate_reply_text(keygate_reply_at(entry, 3));
        seq = id.len ? strtoull((const char *) id.data, NULL, 10) : 0;

        if (seq != place->seq + 1 || line.len == 0
            || memchr(line.data, '\n', line.len) != NULL
            || keygate_place_next(place, line) != KEYGATE_OK
            || !keygate_str_eq(keygate_span(place->chain), chain))
        {
            return ngx_http_keygate_copy_fail(c, "its log is not the one that "
                                              "this node has followed");
        }

        if (ngx_http_keygate_copy_add(lines, line, 1) != NGX_OK) {
            return ngx_http_keygate_copy_fail(c, "out of memory");
        }
    }

    return (ngx_int_t) i;
}


ngx_int_t
ngx_http_keygate_copy_append(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_lines_t *lines, const keygate_place_t *place,
    uint64_t *at)
{
    char           mark[KEYGATE_MARK_MAX];
    uint64_t       end;
    keygate_rc_t   rc;
    keygate_str_t  text;

    text.len = keygate_place_line(place, ngx_http_keygate_clock_wall(NULL),
                                  mark);
    text.data = (u_char *) mark;

    if (ngx_http_keygate_copy_add(lines, text, 0) != NGX_OK) {
        return ngx_http_keygate_copy_fail(c, "out of memory");
    }

    text.data = lines->data;
    text.len = lines->len;

    rc = keygate_journal_append(c->journal, text, at, &end);

    if (rc != KEYGATE_OK) {
        return ngx_http_keygate_copy_refused(c, rc, "the copy cannot be "
                                             "written");
    }

    c->place = *place;
    c->marked = 1;
    c->marked_at = ngx_http_keygate_clock_wall(NULL);
    c->empty = 0;

    return ngx_http_keygate_copy_catch_up(c, end);
}


ngx_int_t
ngx_http_keygate_copy_catch_up(ngx_http_keygate_copy_t *c, uint64_t end)
{
    keygate_rc_t   rc;
    keygate_now_t  now;

    now = ngx_http_keygate_clock_now(c->zone);

    ngx_http_keygate_lock(c->zone);
    rc = keygate_journal_catch_up(c->journal, c->zone->table, end, &now);
    ngx_http_keygate_lock_release(c->zone);

    if (rc == KEYGATE_FULL) {
        ngx_http_keygate_room_full(c->zone);
        rc = KEYGATE_OK;
    }

    return (rc == KEYGATE_OK) ? NGX_OK
           : ngx_http_keygate_copy_fail(c, "the copy cannot be read back");
}


ngx_int_t
ngx_http_keygate_copy_read(ngx_http_keygate_copy_t *c, keygate_place_t *place,
    ngx_http_keygate_lines_t *lines)
{
    char              key[KEYGATE_STORE_KEY_MAX], from[32];
    ngx_int_t         n;
    keygate_str_t     args[6];
    keygate_reply_t  *reply;

    (void) snprintf(from, sizeof(from), "%llu-0",
                    (unsigned long long) place->seq + 1);

    args[0] = KEYGATE_STR("XRANGE");
    args[1] = ngx_http_keygate_link_key(c, "log", key);
    args[2] = keygate_span(from);
    args[3] = KEYGATE_STR("+");
    args[4] = KEYGATE_STR("COUNT");
    args[5] = KEYGATE_STR(NGX_HTTP_KEYGATE_COPY_BATCH);

    if (ngx_http_keygate_copy_ask(c, 6, args, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    n = ngx_http_keygate_copy_take(c, reply, place, lines);
    keygate_reply_free(reply);

    return n;
}


ngx_int_t
ngx_http_keygate_copy_follow(ngx_http_keygate_copy_t *c,
    void (*written)(void *data, ngx_http_keygate_lines_t *lines, uint64_t at),
    void *data)
{
    uint64_t                   at;
    ngx_int_t                  n;
    keygate_place_t            place;
    ngx_http_keygate_lines_t   lines;

    do {
        ngx_memzero(&lines, sizeof(ngx_http_keygate_lines_t));
        place = c->place;

        n = ngx_http_keygate_copy_read(c, &place, &lines);

        if (n > 0) {
            if (ngx_http_keygate_copy_append(c, &lines, &place, &at)
                != NGX_OK)
            {
                n = NGX_ERROR;

            } else if (written) {
                written(data, &lines, at);
            }
        }

        free(lines.data);

    } while (n > 0);

    return n;
}


ngx_uint_t
ngx_http_keygate_store_grown(ngx_http_keygate_zone_t *zone)
{
    ngx_file_info_t      fi;
    keygate_position_t  *position;

    position = keygate_table_position(zone->table);

    return zone->store && position->ino
           && ngx_file_info(zone->journal.data, &fi) != NGX_FILE_ERROR
           && position->dev == fi.st_dev && position->ino == fi.st_ino
           && position->offset <= (uint64_t) ngx_file_size(&fi);
}
