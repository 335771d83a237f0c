/*
 * An engine that has lost changes, in a failover or by an old backup, gets
 * them back from the nodes.  What this node has beyond the last change that
 * both have is merged into what the engine holds, record by record; then the
 * copy is made anew from that.  Any number of nodes may do so at once.
 * t/unit/store/repair.c models it.
 */

#include "ngx_http_keygate_store_repair.h"


static ngx_int_t ngx_http_keygate_repair_locked(ngx_http_keygate_copy_t *c);
static keygate_rc_t ngx_http_keygate_repair_line(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
static keygate_rc_t ngx_http_keygate_repair_take(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
static keygate_rc_t ngx_http_keygate_repair_chain(void *data, uint64_t seq,
    char chain[KEYGATE_CHAIN_MAX + 1]);
static ngx_int_t ngx_http_keygate_repair_lost(ngx_http_keygate_repair_t *r);
static keygate_rc_t ngx_http_keygate_repair_away(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
static ngx_uint_t ngx_http_keygate_repair_last(ngx_http_keygate_copy_t *c,
    const keygate_record_t *record, uint64_t at);


ngx_int_t
ngx_http_keygate_store_repair(ngx_http_keygate_copy_t *c)
{
    ngx_int_t  rc;

    c->forked = !ngx_http_keygate_copy_is(c, "TRIMMED");

    if (keygate_journal_begin(c->journal) != KEYGATE_OK) {
        return ngx_http_keygate_copy_fail(c, "the copy cannot be opened");
    }

    rc = ngx_http_keygate_copy_look(c);

    if (rc == NGX_OK && c->marked) {
        rc = ngx_http_keygate_copy_catch_up(c, 0);
    }

    if (rc == NGX_OK && c->marked) {
        rc = ngx_http_keygate_repair_locked(c);
    }

    keygate_journal_end(c->journal);

    if (rc != NGX_OK || ngx_http_keygate_store_beat(c, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    /* what is there now holds, unless it was emptied meanwhile */

    if (ngx_http_keygate_copy_is(c, "EMPTY")) {
        return ngx_http_keygate_copy_fail(c, "it was emptied while lost "
                                          "changes were brought back");
    }

    return ngx_http_keygate_store_full(c);
}


static ngx_int_t
ngx_http_keygate_repair_locked(ngx_http_keygate_copy_t *c)
{
    keygate_rc_t               rc;
    ngx_http_keygate_repair_t  r;

    ngx_memzero(&r, sizeof(ngx_http_keygate_repair_t));
    keygate_history_init(&r.history);

    r.c = c;
    r.rc = NGX_OK;

    rc = keygate_journal_each(c->journal, ngx_http_keygate_repair_line, &r);

    if (rc == KEYGATE_OK) {
        rc = !keygate_history_whole(&r.history)
             || !keygate_place_eq(&r.history.here, &c->place)
             ? KEYGATE_NONE
             : keygate_history_common(&r.history, &c->theirs,
                                      ngx_http_keygate_repair_chain, &r,
                                      &r.common);
    }

    if (rc == KEYGATE_OK) {
        rc = keygate_journal_each(c->journal, ngx_http_keygate_repair_take,
                                  &r);

        if (rc == KEYGATE_OK) {
            r.rc = ngx_http_keygate_repair_lost(&r);
        }

    } else if (rc == KEYGATE_NONE) {
        rc = keygate_journal_each(c->journal, ngx_http_keygate_repair_away,
                                  &r);
    }

    keygate_history_free(&r.history);

    if (rc != KEYGATE_OK && r.rc == NGX_OK) {
        return ngx_http_keygate_copy_fail(c, "the copy cannot be read");
    }

    return r.rc;
}


static keygate_rc_t
ngx_http_keygate_repair_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    ngx_http_keygate_repair_t *r = data;

    return torn ? KEYGATE_OK
                : keygate_history_line(&r->history, number, line);
}


static keygate_rc_t
ngx_http_keygate_repair_take(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    ngx_http_keygate_repair_t *r = data;

    return torn ? KEYGATE_OK
                : keygate_history_take(&r->history, &r->common, number, line);
}


static keygate_rc_t
ngx_http_keygate_repair_chain(void *data, uint64_t seq,
    char chain[KEYGATE_CHAIN_MAX + 1])
{
    ngx_http_keygate_repair_t *r = data;

    char              key[KEYGATE_STORE_KEY_MAX], id[32];
    keygate_str_t     args[4], text;
    keygate_reply_t  *reply, *entry;

    (void) snprintf(id, sizeof(id), "%llu-0", (unsigned long long) seq);

    args[0] = KEYGATE_STR("XRANGE");
    args[1] = ngx_http_keygate_link_key(r->c, "log", key);
    args[2] = keygate_span(id);
    args[3] = keygate_span(id);

    if (ngx_http_keygate_copy_ask(r->c, 4, args, &reply) != NGX_OK) {
        r->rc = NGX_ERROR;
        return KEYGATE_IO;
    }

    entry = keygate_reply_at(keygate_reply_at(reply, 0), 1);
    text = keygate_reply_text(keygate_reply_at(entry, 1));
    ngx_http_keygate_copy_text(chain, KEYGATE_CHAIN_MAX + 1, text);
    keygate_reply_free(reply);

    return text.len ? KEYGATE_OK : KEYGATE_NONE;
}


static ngx_int_t
ngx_http_keygate_repair_lost(ngx_http_keygate_repair_t *r)
{
    size_t           i;
    ngx_int_t        rc;
    keygate_str_t    line;
    keygate_lost_t  *lost;

    for (rc = NGX_OK, i = 0; i < r->history.n_lost && rc == NGX_OK; i++) {
        lost = &r->history.lost[i];

        if (lost->last) {
            line.data = (u_char *) lost->line;
            line.len = lost->len;

            rc = ngx_http_keygate_store_merge(r, lost->field, line, i);
        }
    }

    return rc;
}


/* Where no common change is known, only what takes a right away. */

static keygate_rc_t
ngx_http_keygate_repair_away(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    ngx_http_keygate_repair_t *r = data;

    char               field[KEYGATE_STORE_FIELD_MAX];
    ngx_uint_t         last;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    if (torn) {
        return KEYGATE_OK;
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return (rc == KEYGATE_NOMEM) ? rc : KEYGATE_OK;
    }

    last = ngx_http_keygate_repair_last(r->c, &record, at);
    (void) keygate_store_field(record.kind, record.id, field);
    keygate_record_free(&record);

    if (last) {
        r->rc = ngx_http_keygate_store_merge(r, field, line, -1);
    }

    return (r->rc == NGX_OK) ? KEYGATE_OK : KEYGATE_IO;
}


/* Whether a line says that its record is revoked or deleted, and is the last
 * one about it: so far the table has all that the copy has. */

static ngx_uint_t
ngx_http_keygate_repair_last(ngx_http_keygate_copy_t *c,
    const keygate_record_t *record, uint64_t at)
{
    keygate_key_t      key;
    keygate_account_t  account;

    if (record->deleted) {
        return (record->kind == KEYGATE_KEY)
               ? keygate_table_find_id(c->zone->table, record->id, &key)
                 == KEYGATE_NONE
               : keygate_table_find_account(c->zone->table, record->id,
                                            &account)
                 == KEYGATE_NONE;
    }

    return record->kind == KEYGATE_KEY && record->revoked_at != KEYGATE_NEVER
           && keygate_table_find_id(c->zone->table, record->id, &key)
              == KEYGATE_OK
           && key.at == at;
}


/* In the event loop: what was brought back, each an event for the audit. */

void
ngx_http_keygate_repair_log(ngx_http_keygate_copy_t *c)
{
    char        *p, *lf, *end;
    size_t       kind;
    ngx_uint_t   n;

    p = (char *) c->merged.data;
    end = p + c->merged.len;

    for (n = 0; p < end; p = lf + 1, n++) {
        lf = memchr(p, '\n', end - p);

        if (lf == NULL) {
            break;
        }

        kind = strcspn(p, ":");

        ngx_log_error(NGX_LOG_NOTICE, c->zone->log, 0,
                      "keygate audit: %*s.merge; zone: \"%V\", %*s: \"%*s\", "
                      "actor: \"store:%V\"", kind, p, &c->zone->name, kind, p,
                      (size_t) (lf - p) - kind - 1, p + kind + 1,
                      &c->store->name);
    }

    c->merged.len = 0;
    c->zone->shared->store_merged += n;

    if (c->forked) {
        ngx_log_error(NGX_LOG_CRIT, c->zone->log, 0,
                      "keygate store \"%V\": the engine had lost changes of "
                      "zone \"%V\": %ui were brought back by this node, and of "
                      "%uL records the engine's state stays",
                      &c->store->name, &c->zone->name, n, c->kept);
    }
}
