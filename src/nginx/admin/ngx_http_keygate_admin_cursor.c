/*
 * Cursors of lists.  One comes with a proof that it was made for this list of
 * this table: each node has its records in an order of its own, so that a page
 * of one node does not go on where that of another has ended.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


#define NGX_HTTP_KEYGATE_CURSOR_LEN  32
#define NGX_HTTP_KEYGATE_PROOF_MAX   8192     /* six bytes for one of a query */


static ngx_int_t ngx_http_keygate_admin_proof(ngx_http_keygate_job_t *job,
    uint64_t cursor, u_char proof[8]);


json_t *
ngx_http_keygate_admin_cursor(ngx_http_keygate_job_t *job, uint64_t cursor)
{
    u_char  proof[8];
    u_char  text[NGX_HTTP_KEYGATE_CURSOR_LEN + 1], *p;

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


/* Half of a digest of all that the list was asked for. */

static ngx_int_t
ngx_http_keygate_admin_proof(ngx_http_keygate_job_t *job, uint64_t cursor,
    u_char proof[8])
{
    u_char             digest[KEYGATE_DIGEST_LEN];
    u_char             text[NGX_HTTP_KEYGATE_PROOF_MAX], *p;
    unsigned           i;
    keygate_buf_t      b;
    keygate_str_t      s;
    keygate_filter_t  *f;

    f = &job->filter;

    p = ngx_sprintf(text, "%s:%016xL:%016xL:%ui:%L:%L:%L", job->action->path,
                    cursor, job->admin->api->zone->shared->lists,
                    (ngx_uint_t) f->state, f->expiring_within, f->older_than,
                    f->unused_for);

    b.data = text;
    b.size = sizeof(text);
    b.len = p - text;

    keygate_buf_json(&b, f->account);
    keygate_buf_json(&b, f->name);
    keygate_buf_json(&b, f->scope);

    for (i = 0; i < f->n_metas; i++) {
        keygate_buf_json(&b, f->meta_names[i]);
        keygate_buf_json(&b, f->meta_values[i]);
    }

    s.len = ngx_min(b.len, b.size);
    s.data = text;

    if (keygate_digest_plain(s, digest) != KEYGATE_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(proof, digest, 8);

    return NGX_OK;
}
