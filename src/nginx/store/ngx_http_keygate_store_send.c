/*
 * A batch of lines to the script that writes them: which record each of them
 * is, where that lies in the engine, and what it needs.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_STORE_WORDS  4      /* of the script, for a record */


typedef struct {
    keygate_str_t              line;
    char                       key[KEYGATE_STORE_KEY_MAX];
    char                       needs_key[KEYGATE_STORE_KEY_MAX];
    char                       field[KEYGATE_STORE_FIELD_MAX];
    char                       needs[KEYGATE_STORE_FIELD_MAX];
} ngx_http_keygate_out_t;


static ngx_uint_t ngx_http_keygate_store_lines(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_job_t *job, ngx_http_keygate_out_t *outs);
static ngx_int_t ngx_http_keygate_store_out(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_job_t *job, ngx_http_keygate_out_t *out);


static ngx_uint_t
ngx_http_keygate_store_lines(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_job_t *job, ngx_http_keygate_out_t *outs)
{
    ngx_uint_t  n;

    for (n = 0; job; job = job->next) {

        if (job->line == NULL) {
            continue;
        }

        if (ngx_http_keygate_store_out(c, job, &outs[n]) != NGX_OK) {
            break;
        }

        n++;
    }

    return n;
}


static ngx_int_t
ngx_http_keygate_store_out(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_job_t *job, ngx_http_keygate_out_t *out)
{
    keygate_str_t      field;
    keygate_fault_t    fault;
    keygate_record_t   record;

    out->line.data = (u_char *) job->line;
    out->line.len = job->line_len - 1;

    if (keygate_record_scan(out->line, &record, &fault) != KEYGATE_OK) {
        return NGX_ERROR;
    }

    field.len = keygate_store_field(record.kind, record.id, out->field);
    field.data = (u_char *) out->field;

    (void) keygate_store_bucket_key(&c->name, keygate_store_bucket(field),
                                    out->key);
    ngx_memcpy(out->needs_key, out->key, sizeof(out->key));

    /* a new key's account must still be there */

    if (job->fresh && record.kind == KEYGATE_KEY) {
        field.len = keygate_store_field(KEYGATE_ACCOUNT, record.account,
                                        out->needs);
        field.data = (u_char *) out->needs;

        (void) keygate_store_bucket_key(&c->name, keygate_store_bucket(field),
                                        out->needs_key);
    }

    keygate_record_free(&record);

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_store_send(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_job_t *batch, ngx_uint_t n, ngx_uint_t whole,
    keygate_reply_t **reply)
{
    char                      seq[24], known[32], retain[24];
    char                      meta[KEYGATE_STORE_KEY_MAX];
    char                      log[KEYGATE_STORE_KEY_MAX];
    ngx_int_t                 rc;
    ngx_uint_t                i, a;
    keygate_str_t            *args;
    ngx_http_keygate_out_t   *outs;

    *reply = NULL;
    args = calloc(7 + 6 * n, sizeof(keygate_str_t));
    outs = calloc(n, sizeof(ngx_http_keygate_out_t));

    if (args == NULL || outs == NULL
        || ngx_http_keygate_store_lines(c, batch, outs) != n)
    {
        free(args);
        free(outs);
        return ngx_http_keygate_copy_fail(c, "out of memory");
    }

    (void) snprintf(seq, sizeof(seq), "%llu",
                    (unsigned long long) c->place.seq);
    (void) snprintf(known, sizeof(known), "-%s", seq);
    (void) snprintf(retain, sizeof(retain), "%ld", (long) c->store->retain);

    a = 2 + 2 * n;

    args[0] = ngx_http_keygate_link_key(c, "meta", meta);
    args[1] = ngx_http_keygate_link_key(c, "log", log);
    args[a] = keygate_span(c->place.epoch);
    args[a + 1] = keygate_span(seq);
    args[a + 2] = keygate_span(c->place.chain);
    args[a + 3] = keygate_span(retain);
    args[a + 4] = whole ? KEYGATE_STR("1") : KEYGATE_STR("0");
    a += 5;

    for (i = 0; i < n; i++, a += NGX_HTTP_KEYGATE_STORE_WORDS) {
        args[2 + 2 * i] = keygate_span(outs[i].key);
        args[3 + 2 * i] = keygate_span(outs[i].needs_key);

        args[a] = keygate_span(outs[i].field);
        args[a + 1] = keygate_span(known);
        args[a + 2] = outs[i].line;
        args[a + 3] = keygate_span(outs[i].needs);
    }

    rc = ngx_http_keygate_copy_answer(c,
             keygate_link_script(c->link, KEYGATE_LUA_WRITE,
                                 (unsigned) (2 + 2 * n),
                                 (unsigned) (7 + 6 * n), args, reply), reply);
    free(args);
    free(outs);

    return rc;
}


ngx_uint_t
ngx_http_keygate_store_says(keygate_str_t word)
{
    ngx_uint_t  i;

    static const char *const  words[] = {
        "CONFLICT", "ACCOUNT", "BEHIND", "FORK", "ANOTHER", "EMPTY", NULL
    };

    for (i = 0; words[i]; i++) {
        if (keygate_str_eq(word, keygate_span(words[i]))) {
            return 1;
        }
    }

    return 0;
}
