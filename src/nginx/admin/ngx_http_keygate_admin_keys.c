/*
 * Changes of keys.  What a record may hold is decided in keygate_change; what
 * only the table knows, here.
 */

#include "ngx_http_keygate_admin.h"

#include <openssl/crypto.h>


#define NGX_HTTP_KEYGATE_ID_TRIES  1000


static ngx_int_t ngx_http_keygate_key_make(ngx_http_keygate_job_t *job,
    keygate_hex_t *digest, char hex[2 * KEYGATE_DIGEST_LEN + 1]);
static ngx_int_t ngx_http_keygate_key_format(ngx_http_keygate_job_t *job);
static ngx_int_t ngx_http_keygate_key_account(ngx_http_keygate_job_t *job,
    json_t **faults);
static void ngx_http_keygate_key_state(ngx_http_keygate_job_t *job,
    json_t *(*change)(const json_t *current, int64_t now, json_t **faults));
static json_t *ngx_http_keygate_key_unknown(const json_t *body);


void
ngx_http_keygate_admin_key_create(ngx_http_keygate_job_t *job)
{
    char              hex[2 * KEYGATE_DIGEST_LEN + 1];
    json_t           *after, *faults;
    keygate_hex_t     digest;
    keygate_known_t   known;

    job->id[0] = '\0';

    if (ngx_http_keygate_key_make(job, &digest, hex) != NGX_OK) {
        return;
    }

    ngx_http_keygate_admin_known(job, &known);

    after = keygate_change_create_key(job->body, job->id, &digest,
                                      job->now.wall, &known, &faults);

    if (after == NULL && faults == NULL) {
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    if (ngx_http_keygate_key_account(job, &faults) != NGX_OK) {
        json_decref(after);
        after = NULL;
    }

    if (after == NULL) {
        OPENSSL_cleanse(job->credential, sizeof(job->credential));
    }

    ngx_http_keygate_admin_propose(job, KEYGATE_KEY, NGX_HTTP_CREATED, NULL,
                                   after, faults);

    job->located = (job->status == NGX_HTTP_CREATED);
}


/* A new credential, and an id that no other key has unless there is one. */

static ngx_int_t
ngx_http_keygate_key_make(ngx_http_keygate_job_t *job, keygate_hex_t *digest,
    char hex[2 * KEYGATE_DIGEST_LEN + 1])
{
    u_char                 bytes[KEYGATE_DIGEST_LEN];
    ngx_int_t              rc;
    ngx_uint_t             i, rotated;
    keygate_key_t          key;
    ngx_http_keygate_api_t *api;

    api = job->admin->api;
    rotated = job->id[0] != '\0';

    for (i = 0; i < NGX_HTTP_KEYGATE_ID_TRIES; i++) {

        rc = ngx_http_keygate_key_format(job);

        if (rc != NGX_OK) {
            return rc;
        }

        if (rotated
            || (!ngx_http_keygate_batch_has(job, job->id)
                && keygate_table_find_id(api->zone->table,
                                  keygate_span(job->id), &key)
                   == KEYGATE_NONE))
        {
            break;
        }

        job->id[0] = '\0';
    }

    if (i == NGX_HTTP_KEYGATE_ID_TRIES) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_INSUFFICIENT_STORAGE,
                  "Hardly any ids are left: raise \"id=\" of \"key_format\".");
        return NGX_ERROR;
    }

    if (keygate_digest(job->writer->digester,
                       keygate_span(job->credential), bytes)
        != KEYGATE_OK)
    {
        ngx_http_keygate_result_faults(job, NULL);
        return NGX_ERROR;
    }

    keygate_digest_hex(bytes, hex);

    digest->hex = hex;
    digest->hmac = (api->zone->pepper.len != 0);

    return NGX_OK;
}


/* New keys are of the first format; one that is rotated keeps its id, hence
 * is of the first format that such an id is possible in. */

static ngx_int_t
ngx_http_keygate_key_format(ngx_http_keygate_job_t *job)
{
    unsigned        i;
    keygate_rc_t    rc;
    keygate_api_t  *api;

    api = job->admin->api->core;
    rc = KEYGATE_INVALID;

    for (i = 0; i < api->n_formats && rc == KEYGATE_INVALID; i++) {
        rc = keygate_credential_make(&api->formats[i], job->id,
                                     job->credential);
    }

    if (rc == KEYGATE_INVALID) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_CONFLICT,
                     "No key_format of this API makes keys with this id.");
        return NGX_ERROR;
    }

    if (rc != KEYGATE_OK) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "There is no randomness for a key.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The account must be there: one more fault if it is not. */

static ngx_int_t
ngx_http_keygate_key_account(ngx_http_keygate_job_t *job, json_t **faults)
{
    json_t             *value;
    keygate_str_t       id;
    keygate_account_t   account;

    value = json_object_get(job->body, "account");

    if (!json_is_string(value)) {
        return NGX_OK;
    }

    id.data = (const u_char *) json_string_value(value);
    id.len = json_string_length(value);

    if (!keygate_record_id_valid(id)) {
        return NGX_OK;
    }

    ngx_memcpy(job->parent, id.data, id.len);
    job->parent[id.len] = '\0';

    if (keygate_table_find_account(job->admin->api->zone->table, id, &account)
        == KEYGATE_OK)
    {
        return NGX_OK;
    }

    if (!keygate_change_fault(faults, "/account",
                              "is not the id of an account"))
    {
        json_decref(*faults);
        *faults = NULL;
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_http_keygate_admin_key_current(ngx_http_keygate_job_t *job,
    keygate_record_t *record)
{
    if (ngx_http_keygate_admin_current(job, KEYGATE_KEY, record) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(job->parent, record->account.data, record->account.len);
    job->parent[record->account.len] = '\0';

    return NGX_OK;
}


void
ngx_http_keygate_admin_key_patch(ngx_http_keygate_job_t *job)
{
    json_t            *after, *faults;
    keygate_known_t    known;
    keygate_record_t   record;

    if (ngx_http_keygate_admin_key_current(job, &record) != NGX_OK) {
        return;
    }

    ngx_http_keygate_admin_known(job, &known);

    job->held = json_object_get(record.json, "scopes");

    after = keygate_change_patch_key(record.json, job->body, &known, &faults);

    job->held = NULL;

    ngx_http_keygate_admin_propose(job, KEYGATE_KEY, NGX_HTTP_OK, record.json,
                                   after, faults);
    keygate_record_free(&record);
}


void
ngx_http_keygate_admin_key_rotate(ngx_http_keygate_job_t *job)
{
    char              hex[2 * KEYGATE_DIGEST_LEN + 1];
    json_t           *after, *faults;
    int64_t           overlap;
    keygate_hex_t     digest;
    keygate_record_t  record;

    overlap = keygate_change_overlap(job->body, &faults);

    if (overlap < 0) {
        ngx_http_keygate_result_faults(job, faults);
        return;
    }

    if (ngx_http_keygate_admin_key_current(job, &record) != NGX_OK) {
        return;
    }

    if (keygate_change_revoked(record.json)) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_CONFLICT,
                                     "The key is revoked: create another one.");

    } else if (ngx_http_keygate_key_make(job, &digest, hex) == NGX_OK) {
        after = keygate_change_rotate_key(record.json, &digest, overlap,
                                          job->now.wall, &faults);

        ngx_http_keygate_admin_propose(job, KEYGATE_KEY, NGX_HTTP_OK,
                                       record.json, after, faults);
    }

    keygate_record_free(&record);
}


void
ngx_http_keygate_admin_key_revoke(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_key_state(job, keygate_change_revoke_key);
}


void
ngx_http_keygate_admin_key_suspend(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_key_state(job, keygate_change_suspend_key);
}


void
ngx_http_keygate_admin_key_resume(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_key_state(job, keygate_change_resume_key);
}


/* What a request says by its path alone.  A revoked key stays one. */

static void
ngx_http_keygate_key_state(ngx_http_keygate_job_t *job,
    json_t *(*change)(const json_t *current, int64_t now, json_t **faults))
{
    json_t            *after, *faults;
    keygate_record_t   record;

    faults = NULL;

    if (json_object_size(job->body)) {
        ngx_http_keygate_result_faults(job,
                                       ngx_http_keygate_key_unknown(job->body));
        return;
    }

    if (ngx_http_keygate_admin_key_current(job, &record) != NGX_OK) {
        return;
    }

    if (change != keygate_change_revoke_key
        && keygate_change_revoked(record.json))
    {
        ngx_http_keygate_result_fail(job, NGX_HTTP_CONFLICT,
                                     "The key is revoked: create another one.");

    } else {
        after = change(record.json, job->now.wall, &faults);

        ngx_http_keygate_admin_propose(job, KEYGATE_KEY, NGX_HTTP_OK,
                                       record.json, after, faults);
    }

    keygate_record_free(&record);
}


/* A fault for each member; NULL when out of memory. */

static json_t *
ngx_http_keygate_key_unknown(const json_t *body)
{
    char        *pointer;
    json_t      *faults, *value;
    const char  *name;

    faults = NULL;

    json_object_foreach((json_t *) body, name, value) {
        pointer = keygate_change_pointer("", name);

        if (pointer) {
            (void) keygate_change_fault(&faults, pointer, "is not known here");
            free(pointer);
        }
    }

    return faults;
}


void
ngx_http_keygate_admin_key_delete(ngx_http_keygate_job_t *job)
{
    keygate_record_t  record;

    if (ngx_http_keygate_admin_key_current(job, &record) != NGX_OK) {
        return;
    }

    ngx_http_keygate_admin_remove(job, KEYGATE_KEY, record.json);
    keygate_record_free(&record);
}
