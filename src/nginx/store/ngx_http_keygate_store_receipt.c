/*
 * Receipts: how durable a change is, and which nodes have it.  Every node tells
 * the engine what it has applied.  Who waits for that:
 * ngx_http_keygate_store_receipts.c.
 */

#include "ngx_http_keygate_store_clock.h"


#define NGX_HTTP_KEYGATE_RECEIPT_WAIT  1000  /* for what takes a right away */


static json_t *ngx_http_keygate_receipt_missing(
    const ngx_http_keygate_known_t *known, uint64_t version, json_int_t *all);
static uint64_t ngx_http_keygate_receipt_ack(
    const ngx_http_keygate_known_t *known, keygate_str_t name);


void
ngx_http_keygate_receipt_make(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c)
{
    char                       durable[KEYGATE_ENGINE_DURABLE];
    ngx_int_t                  rc;
    ngx_http_keygate_job_t    *job;
    ngx_http_keygate_known_t   known;

    for (job = w->batch; job && job->version == 0; job = job->next) {
        /* void */
    }

    if (job == NULL) {
        return;
    }

    ngx_memcpy(durable, "engine", sizeof("engine"));

    if (c->link
        && keygate_link_durable(c->link, &c->engine, &c->store->ack, durable)
           != KEYGATE_OK)
    {
        (void) ngx_http_keygate_copy_fail(c, keygate_link_error(c->link));
        ngx_http_keygate_link_close(c);
    }

    rc = ngx_http_keygate_receipt_ask(c, &known);

    for ( /* void */ ; job; job = job->next) {

        if (job->version == 0 || job->status >= NGX_HTTP_BAD_REQUEST) {
            continue;
        }

        if (job->gone) {
            ngx_http_keygate_result_answer(job, NGX_HTTP_OK,
                                           json_pack("{s:s, s:b}",
                                                     "id", job->id,
                                                     "deleted", 1));
        }

        ngx_memcpy(job->durable, durable, sizeof(durable));

        if (!job->waits) {
            job->wait = job->takes ? NGX_HTTP_KEYGATE_RECEIPT_WAIT : 0;
        }

        ngx_http_keygate_receipt_write(job, (rc == NGX_OK) ? &known : NULL);
    }

    if (rc == NGX_OK) {
        keygate_reply_free(known.nodes);
        keygate_reply_free(known.acks);
    }
}


ngx_int_t
ngx_http_keygate_receipt_ask(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_known_t *known)
{
    char            nodes[KEYGATE_STORE_KEY_MAX], acks[KEYGATE_STORE_KEY_MAX];
    keygate_str_t   args[5];

    if (ngx_http_keygate_link_connect(c) != NGX_OK
        || ngx_http_keygate_clock_time(c, &known->now) != NGX_OK)
    {
        return NGX_ERROR;
    }

    args[0] = KEYGATE_STR("HGETALL");
    args[1] = ngx_http_keygate_link_key(c, "nodes", nodes);

    if (ngx_http_keygate_copy_ask(c, 2, args, &known->nodes) != NGX_OK) {
        return NGX_ERROR;
    }

    args[0] = KEYGATE_STR("ZRANGE");
    args[1] = ngx_http_keygate_link_key(c, "acks", acks);
    args[2] = KEYGATE_STR("0");
    args[3] = KEYGATE_STR("-1");
    args[4] = KEYGATE_STR("WITHSCORES");

    if (ngx_http_keygate_copy_ask(c, 5, args, &known->acks) != NGX_OK) {
        keygate_reply_free(known->nodes);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_keygate_receipt_write(ngx_http_keygate_job_t *job,
    const ngx_http_keygate_known_t *known)
{
    json_t      *receipt, *missing;
    u_char      *text;
    size_t       len;
    json_int_t   all;

    receipt = json_pack("{s:I, s:s}", "version", (json_int_t) job->version,
                        "durable", job->durable);

    if (known && receipt) {
        missing = ngx_http_keygate_receipt_missing(known, job->version, &all);

        if (missing == NULL
            || json_object_set_new(receipt, "nodes", json_integer(all)) == -1
            || json_object_set_new(receipt, "applied",
                   json_integer(all - (json_int_t) json_array_size(missing)))
               == -1
            || json_object_set(receipt, "waiting_for", missing) == -1)
        {
            json_decref(receipt);
            receipt = NULL;

        } else if (json_array_size(missing) == 0) {
            job->wait = 0;
        }

        json_decref(missing);
    }

    text = ngx_http_keygate_admin_text(receipt, "", &len);
    json_decref(receipt);

    if (text) {
        free(job->receipt);
        job->receipt = text;
        job->receipt_len = len;
    }
}


static json_t *
ngx_http_keygate_receipt_missing(const ngx_http_keygate_known_t *known,
    uint64_t version, json_int_t *all)
{
    char            seen[21];
    size_t          i;
    json_t         *missing;
    int64_t         ms;
    uint64_t        ack;
    keygate_str_t   name, value;

    *all = 0;
    missing = json_array();

    for (i = 0; i + 1 < keygate_reply_count(known->nodes) && missing; i += 2) {
        name = keygate_reply_text(keygate_reply_at(known->nodes, i));
        value = keygate_reply_text(keygate_reply_at(known->nodes, i + 1));
        ms = value.len ? strtoll((const char *) value.data, NULL, 10) : 0;

        if (ms < 0 || ms > NGX_HTTP_KEYGATE_STORE_LATEST
            || ms + NGX_HTTP_KEYGATE_STORE_KNOWN < known->now)
        {
            continue;
        }

        (*all)++;
        ack = ngx_http_keygate_receipt_ack(known, name);

        if (ack >= version) {
            continue;
        }

        keygate_time_format(ms / 1000, seen);

        if (json_array_append_new(missing,
                json_pack("{s:o, s:s, s:I}", "node",
                          ngx_http_keygate_admin_string(name), "last_seen",
                          seen, "behind", (json_int_t) (version - ack)))
            == -1)
        {
            json_decref(missing);
            missing = NULL;
        }
    }

    return missing;
}


static uint64_t
ngx_http_keygate_receipt_ack(const ngx_http_keygate_known_t *known,
    keygate_str_t name)
{
    size_t         i;
    int64_t        ack;
    keygate_str_t  text;

    for (i = 0; i + 1 < keygate_reply_count(known->acks); i += 2) {
        text = keygate_reply_text(keygate_reply_at(known->acks, i));

        if (keygate_str_eq(text, name)) {
            ack = keygate_reply_number(keygate_reply_at(known->acks, i + 1));

            return ack > 0 ? ack : 0;
        }
    }

    return 0;
}
