/*
 * Records one by one and by the page.  A cursor is where the walk through the
 * table has got to, so that whoever is there all the time is seen exactly
 * once; it comes with a proof that it was made for this list of this table.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


#define NGX_HTTP_KEYGATE_CURSOR_LEN  32


typedef struct {
    char      id[KEYGATE_ID_MAX + 1];
    uint64_t  at;
} ngx_http_keygate_walked_t;


static void ngx_http_keygate_admin_get(ngx_http_keygate_job_t *job,
    keygate_kind_e kind);
static void ngx_http_keygate_admin_list(ngx_http_keygate_job_t *job,
    keygate_kind_e kind);
static keygate_rc_t ngx_http_keygate_admin_step(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, uint64_t *cursor, ngx_http_keygate_walked_t *found);
static keygate_rc_t ngx_http_keygate_admin_page(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, json_t *data, uint64_t *cursor);
static keygate_rc_t ngx_http_keygate_admin_append(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, const ngx_http_keygate_walked_t *found, json_t *data);
static json_t *ngx_http_keygate_admin_next(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, uint64_t cursor);
static ngx_int_t ngx_http_keygate_admin_proof(ngx_http_keygate_job_t *job,
    uint64_t cursor, u_char proof[8]);


void
ngx_http_keygate_key_get(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_get(job, KEYGATE_KEY);
}


void
ngx_http_keygate_account_get(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_get(job, KEYGATE_ACCOUNT);
}


static void
ngx_http_keygate_admin_get(ngx_http_keygate_job_t *job, keygate_kind_e kind)
{
    keygate_record_t  record;

    if (ngx_http_keygate_admin_current(job, kind, &record) != NGX_OK) {
        return;
    }

    ngx_http_keygate_job_answer(job, NGX_HTTP_OK,
                      ngx_http_keygate_admin_view(job, kind, record.json));
    keygate_record_free(&record);
}


void
ngx_http_keygate_key_list(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_list(job, KEYGATE_KEY);
}


void
ngx_http_keygate_account_list(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_list(job, KEYGATE_ACCOUNT);
}


static void
ngx_http_keygate_admin_list(ngx_http_keygate_job_t *job, keygate_kind_e kind)
{
    json_t        *data, *answer;
    uint64_t       cursor;
    keygate_rc_t   rc;

    cursor = job->cursor;
    data = json_array();

    rc = data ? ngx_http_keygate_admin_page(job, kind, data, &cursor)
              : KEYGATE_NOMEM;

    if (rc != KEYGATE_OK) {
        json_decref(data);

        if (rc == KEYGATE_NOMEM) {
            ngx_http_keygate_job_faults(job, NULL);
            return;
        }

        ngx_http_keygate_job_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                  "The journal cannot be read.");
        return;
    }

    answer = json_pack("{s:o, s:o}", "data", data, "next_cursor",
                       ngx_http_keygate_admin_next(job, kind, cursor));

    ngx_http_keygate_job_answer(job, NGX_HTTP_OK, answer);
}


static keygate_rc_t
ngx_http_keygate_admin_step(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    uint64_t *cursor, ngx_http_keygate_walked_t *found)
{
    keygate_rc_t        rc;
    keygate_key_t       key;
    keygate_table_t    *table;
    keygate_account_t   account;

    table = job->admin->api->zone->table;

    if (kind == KEYGATE_ACCOUNT) {
        rc = keygate_table_next_account(table, cursor, &account);

        if (rc == KEYGATE_OK) {
            ngx_memcpy(found->id, account.id, sizeof(found->id));
            found->at = account.at;
        }

        return rc;
    }

    rc = job->account[0]
         ? keygate_table_next_key_of(table,
                                   keygate_span(job->account),
                                   cursor, &key)
         : keygate_table_next_key(table, cursor, &key);

    if (rc == KEYGATE_OK) {
        ngx_memcpy(found->id, key.id, sizeof(found->id));
        found->at = key.at;
    }

    return rc;
}


static keygate_rc_t
ngx_http_keygate_admin_page(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    json_t *data, uint64_t *cursor)
{
    keygate_rc_t               rc;
    ngx_http_keygate_walked_t  found;

    while (json_array_size(data) < job->limit) {
        rc = ngx_http_keygate_admin_step(job, kind, cursor, &found);

        if (rc == KEYGATE_NONE) {
            return KEYGATE_OK;
        }

        if (rc == KEYGATE_OK) {
            rc = ngx_http_keygate_admin_append(job, kind, &found, data);
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
ngx_http_keygate_admin_append(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, const ngx_http_keygate_walked_t *found, json_t *data)
{
    keygate_rc_t      rc;
    keygate_record_t  record;

    rc = keygate_journal_read(job->journal, kind,
                              keygate_span(found->id),
                              found->at, &record);

    /* deleted since the table was looked at */

    if (rc == KEYGATE_NONE) {
        return KEYGATE_OK;
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (json_array_append_new(data,
                        ngx_http_keygate_admin_view(job, kind, record.json))
        == -1)
    {
        rc = KEYGATE_NOMEM;
    }

    keygate_record_free(&record);

    return rc;
}


/* The cursor of the next page, or null when this is the last one. */

static json_t *
ngx_http_keygate_admin_next(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    uint64_t cursor)
{
    u_char                     proof[8];
    u_char                     text[NGX_HTTP_KEYGATE_CURSOR_LEN + 1], *p;
    uint64_t                   ahead;
    ngx_http_keygate_walked_t  found;

    ahead = cursor;

    if (ngx_http_keygate_admin_step(job, kind, &ahead, &found) != KEYGATE_OK) {
        return json_null();
    }

    if (ngx_http_keygate_admin_proof(job, cursor, proof) != NGX_OK) {
        return NULL;
    }

    p = ngx_sprintf(text, "%016xL", cursor);
    p = ngx_hex_dump(p, proof, sizeof(proof));
    *p = '\0';

    return json_string((char *) text);
}


void
ngx_http_keygate_admin_cursor_read(ngx_http_keygate_job_t *job,
    ngx_str_t *text)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    /* a cursor of 0 is none that anybody was given: it stays invalid */

    if (text->len != NGX_HTTP_KEYGATE_CURSOR_LEN) {
        return;
    }

    for (i = 0; i < 8; i++) {
        n = ngx_hextoi(text->data + 2 * i, 2);

        if (n == NGX_ERROR) {
            job->cursor = 0;
            return;
        }

        job->cursor = job->cursor << 8 | n;

        n = ngx_hextoi(text->data + 16 + 2 * i, 2);

        if (n == NGX_ERROR) {
            job->cursor = 0;
            return;
        }

        job->proof[i] = n;
    }
}


ngx_uint_t
ngx_http_keygate_admin_cursor_valid(ngx_http_keygate_job_t *job)
{
    u_char  proof[8];

    return job->cursor
           && ngx_http_keygate_admin_proof(job, job->cursor, proof) == NGX_OK
           && CRYPTO_memcmp(proof, job->proof, sizeof(proof)) == 0;
}


static ngx_int_t
ngx_http_keygate_admin_proof(ngx_http_keygate_job_t *job, uint64_t cursor,
    u_char proof[8])
{
    u_char                    digest[KEYGATE_DIGEST_LEN];
    u_char                    text[KEYGATE_ID_MAX + 128], *p;
    keygate_str_t             s;
    ngx_http_keygate_zone_t  *zone;

    zone = job->admin->api->zone;

    p = ngx_sprintf(text, "%s:%s:%016xL:%M",
                    (job->action->run == ngx_http_keygate_key_list) ? "k"
                                                                    : "a",
                    job->account, cursor, zone->shared->epoch);

    s.len = p - text;
    s.data = text;

    if (keygate_digest_plain(s, digest) != KEYGATE_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(proof, digest, 8);

    return NGX_OK;
}
