/*
 * A change that the engine has lost is brought back by its script "merge",
 * which decides where both sides have changed the record.  A node that may not
 * write lets go of nothing that takes a right away before somebody else has
 * brought it back.
 */

#include "ngx_http_keygate_store_repair.h"


static ngx_int_t ngx_http_keygate_repair_send(ngx_http_keygate_repair_t *r,
    const char *name, keygate_str_t line, const char *seen,
    keygate_reply_t **reply);
static ngx_int_t ngx_http_keygate_repair_denied(ngx_http_keygate_copy_t *c,
    keygate_str_t field, keygate_str_t mine);
static ngx_uint_t ngx_http_keygate_repair_gone(keygate_str_t line);


/* What another node has brought back of this record meanwhile may be an older
 * state of it. */

ngx_int_t
ngx_http_keygate_store_merge(ngx_http_keygate_repair_t *r, const char *name,
    keygate_str_t line, ngx_int_t lost)
{
    char              seen[24];
    ngx_int_t         rc;
    ngx_uint_t        tries;
    keygate_str_t     word, theirs;
    keygate_reply_t  *reply;

    ngx_memcpy(seen, "0", 2);

    for (tries = 0; tries < 3; tries++) {
        rc = ngx_http_keygate_repair_send(r, name, line, seen, &reply);

        if (rc != NGX_OK) {
            return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
        }

        word = keygate_reply_text(keygate_reply_at(reply, 0));
        ngx_http_keygate_copy_text(seen, sizeof(seen),
                             keygate_reply_text(keygate_reply_at(reply, 1)));
        theirs = keygate_reply_text(keygate_reply_at(reply, 2));

        rc = keygate_str_eq(word, KEYGATE_STR("KEPT")) ? NGX_AGAIN
             : keygate_str_eq(word, KEYGATE_STR("OK"))
               || keygate_str_eq(word, KEYGATE_STR("SAME")) ? NGX_OK
             : NGX_ERROR;

        if (rc == NGX_AGAIN
            && (lost < 0 || !keygate_history_had(&r->history, lost, theirs)))
        {
            r->c->kept++;
            rc = NGX_OK;

        } else if (keygate_str_eq(word, KEYGATE_STR("OK"))
                   && ngx_http_keygate_copy_add(&r->c->merged,
                                                keygate_span(name), 1)
                      != NGX_OK)
        {
            rc = ngx_http_keygate_copy_fail(r->c, "out of memory");
        }

        keygate_reply_free(reply);

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            break;
        }
    }

    return ngx_http_keygate_copy_fail(r->c, "it has changed again while lost "
                                      "changes were brought back");
}


/* NGX_DECLINED: this node may not write, and need not. */

static ngx_int_t
ngx_http_keygate_repair_send(ngx_http_keygate_repair_t *r, const char *name,
    keygate_str_t line, const char *seen, keygate_reply_t **reply)
{
    char                      seq[24], retain[24], until[24];
    char                      keys[3][KEYGATE_STORE_KEY_MAX];
    ngx_int_t                 rc;
    keygate_str_t             args[12];
    ngx_http_keygate_copy_t  *c;

    c = r->c;

    (void) snprintf(seq, sizeof(seq), "%llu",
                    (unsigned long long) r->common.seq);
    (void) snprintf(until, sizeof(until), "%llu",
                    (unsigned long long) c->place.seq);
    (void) snprintf(retain, sizeof(retain), "%ld", (long) c->store->retain);

    args[0] = ngx_http_keygate_link_key(c, "meta", keys[0]);
    args[1] = ngx_http_keygate_link_key(c, "log", keys[1]);
    args[2].len = keygate_store_bucket_key(&c->name,
                      keygate_store_bucket(keygate_span(name)), keys[2]);
    args[2].data = (u_char *) keys[2];
    args[3] = keygate_span(c->place.epoch);
    args[4] = keygate_span(seq);
    args[5] = keygate_span(r->common.chain);
    args[6] = keygate_span(name);
    args[7] = line;
    args[8] = keygate_span(seen);
    args[9] = r->common.epoch[0] ? KEYGATE_STR("0") : KEYGATE_STR("1");
    args[10] = keygate_span(retain);
    args[11] = keygate_span(until);

    rc = ngx_http_keygate_copy_answer(c,
             keygate_link_script(c->link, KEYGATE_LUA_MERGE, 3, 12, args,
                                 reply), reply);

    if (rc == NGX_OK || c->link == NULL
        || (ngx_strncmp(c->error, "NOPERM", 6) != 0
            && strstr(c->error, "NOPERM") == NULL))
    {
        return rc;
    }

    args[0] = KEYGATE_STR("HGET");
    args[1] = args[2];
    args[2] = args[6];

    rc = ngx_http_keygate_copy_ask(c, 3, args, reply);

    if (rc == NGX_OK) {
        rc = ngx_http_keygate_repair_denied(c, keygate_reply_text(*reply),
                                            line);
        keygate_reply_free(*reply);
    }

    return rc;
}


static ngx_int_t
ngx_http_keygate_repair_denied(ngx_http_keygate_copy_t *c,
    keygate_str_t value, keygate_str_t mine)
{
    uint64_t       version;
    keygate_str_t  theirs;

    if (!ngx_http_keygate_repair_gone(mine) || value.len == 0
        || (keygate_store_value(value, &version, &theirs) == KEYGATE_OK
            && ngx_http_keygate_repair_gone(theirs)))
    {
        return NGX_DECLINED;
    }

    return ngx_http_keygate_copy_fail(c, "this node's user may not write, and "
                                      "it waits until another node brings a "
                                      "revocation back that was lost");
}


static ngx_uint_t
ngx_http_keygate_repair_gone(keygate_str_t line)
{
    ngx_uint_t        gone;
    keygate_fault_t   fault;
    keygate_record_t  record;

    if (keygate_record_scan(line, &record, &fault) != KEYGATE_OK) {
        return 0;
    }

    gone = record.deleted
           || (record.kind == KEYGATE_KEY
               && record.revoked_at != KEYGATE_NEVER);
    keygate_record_free(&record);

    return gone;
}
