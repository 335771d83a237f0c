/*
 * Records: the one that a job is about, and the change that an action
 * proposes.  In threads: no request, no pool.
 */

#include "ngx_http_keygate_admin.h"


static keygate_rc_t ngx_http_keygate_admin_read_record(
    ngx_http_keygate_job_t *job, keygate_kind_e kind,
    keygate_record_t *record, uint64_t *version);
static ngx_int_t ngx_http_keygate_admin_tag(const json_t *record,
    char etag[NGX_HTTP_KEYGATE_ETAG_MAX]);
static json_t *ngx_http_keygate_admin_faults(ngx_http_keygate_job_t *job,
    json_t *faults);
static ngx_int_t ngx_http_keygate_admin_room(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, json_t *json, ngx_uint_t fresh);


ngx_int_t
ngx_http_keygate_admin_current(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, keygate_record_t *record)
{
    uint64_t      version;
    keygate_rc_t  rc;

    version = 0;
    rc = ngx_http_keygate_admin_read_record(job, kind, record, &version);

    if (rc == KEYGATE_NONE) {
        ngx_http_keygate_admin_none(job, kind);
        return NGX_ERROR;
    }

    if (rc != KEYGATE_OK) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The journal cannot be read.");
        return NGX_ERROR;
    }

    if (version) {
        ngx_http_keygate_record_version(job, version);

    } else if (ngx_http_keygate_admin_tag(record->json, job->etag) != NGX_OK) {
        keygate_record_free(record);
        ngx_http_keygate_result_faults(job, NULL);
        return NGX_ERROR;
    }

    if (job->if_match
        && !ngx_http_keygate_admin_tagged(job->if_match, job->etag))
    {
        keygate_record_free(record);
        ngx_http_keygate_result_fail(job, NGX_HTTP_PRECONDITION_FAILED,
                          "The record has changed since its ETag was read.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static keygate_rc_t
ngx_http_keygate_admin_read_record(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, keygate_record_t *record, uint64_t *version)
{
    uint64_t             at;
    keygate_rc_t         rc;
    keygate_str_t        id;
    keygate_key_t        key;
    keygate_table_t     *table;
    keygate_account_t    account;

    table = job->admin->api->zone->table;
    id = keygate_span(job->id);

    if (kind == KEYGATE_KEY) {
        rc = keygate_table_find_id(table, id, &key);
        at = (rc == KEYGATE_OK) ? key.at : 0;

        if (rc == KEYGATE_OK && !ngx_http_keygate_admin_sees(job, &key)) {
            rc = KEYGATE_NONE;
        }

    } else {
        rc = keygate_table_find_account(table, id, &account);
        at = (rc == KEYGATE_OK) ? account.at : 0;
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    return job->admin->api->zone->store
           ? keygate_journal_read_version(job->journal, kind, id, at, record,
                                          version)
           : keygate_journal_read(job->journal, kind, id, at, record);
}


/* Of a store's record, on every node. */

void
ngx_http_keygate_record_version(ngx_http_keygate_job_t *job, uint64_t version)
{
    *ngx_snprintf((u_char *) job->etag, NGX_HTTP_KEYGATE_ETAG_MAX - 1,
                  "\"%uL\"", version) = '\0';
}


/*
 * A strong tag of the whole record, so that a rotation changes it too: half
 * of a digest of the line, which tells nothing about the digest in it.
 */

static ngx_int_t
ngx_http_keygate_admin_tag(const json_t *record,
    char etag[NGX_HTTP_KEYGATE_ETAG_MAX])
{
    char          *text;
    size_t         len;
    u_char         digest[KEYGATE_DIGEST_LEN];
    u_char        *p;
    keygate_rc_t   rc;
    keygate_str_t  line;

    text = keygate_json_print(record, JSON_COMPACT|JSON_SORT_KEYS, &len);
    if (text == NULL) {
        return NGX_ERROR;
    }

    line.len = len;
    line.data = (u_char *) text;

    rc = keygate_digest_plain(line, digest);

    free(text);

    if (rc != KEYGATE_OK) {
        return NGX_ERROR;
    }

    p = (u_char *) etag;
    *p++ = '"';
    p = ngx_hex_dump(p, digest, 8);
    *p++ = '"';
    *p = '\0';

    return NGX_OK;
}


ngx_uint_t
ngx_http_keygate_admin_tagged(const char *list, const char *etag)
{
    const char  *p;

    for (p = list; *p == ' ' || *p == '\t'; p++) {
        /* void */
    }

    if (*p == '*' && p[1 + strspn(p + 1, " \t")] == '\0') {
        return etag[0] != '\0';
    }

    if (etag[0] == '\0') {
        return 0;
    }

    /* a weak tag never matches (RFC 9110, 13.1.1) */

    for (p = strstr(list, etag); p; p = strstr(p + 1, etag)) {
        if (p - list < 2 || p[-1] != '/' || p[-2] != 'W') {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_keygate_admin_propose(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, ngx_uint_t status, const json_t *before,
    json_t *after, json_t *faults)
{
    ngx_uint_t  changed;

    if (after && (job->own_faults || job->nomem)) {
        json_decref(after);
        after = NULL;
    }

    if (after == NULL) {
        ngx_http_keygate_result_faults(job,
                               ngx_http_keygate_admin_faults(job, faults));
        return;
    }

    job->kind = kind;
    job->line = NULL;
    json_decref(job->made);
    job->made = NULL;

    changed = (before == NULL || !json_equal(before, after));
    job->takes = (keygate_change_takes(before, after) != 0);

    if (changed
        && json_object_set_new(after, "changed_by",
                               json_string(job->caller.actor)) == -1)
    {
        json_decref(after);
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    if (changed && kind == KEYGATE_KEY
        && ngx_http_keygate_portal_crowded(job, before, after))
    {
        json_decref(after);
        ngx_http_keygate_result_refuse(job, NGX_HTTP_CONFLICT, "too_many_keys",
                                       "The account has as many live keys as "
                                       "it may have.");
        return;
    }

    /* what ends something is written in any case */

    if (changed && !(before && keygate_change_ends(before, after))
        && ngx_http_keygate_admin_room(job, kind, after, before == NULL)
           != NGX_OK)
    {
        json_decref(after);
        return;
    }

    /* that of a change in a store is its number, which comes with it */

    if (job->admin->api->zone->store && changed) {
        job->etag[0] = '\0';

    } else if (!job->admin->api->zone->store
               && ngx_http_keygate_admin_tag(after, job->etag) != NGX_OK)
    {
        json_decref(after);
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    ngx_http_keygate_result_answer(job, status,
                            ngx_http_keygate_admin_view(job, kind, after));

    if (job->status == status && changed) {
        job->changes = ngx_http_keygate_audit_changes(before, after,
                                                      &job->changes_len);
        job->line = keygate_record_line(kind, after, &job->line_len);

        if (job->changes == NULL) {
            ngx_http_keygate_result_faults(job, NULL);

        } else if (job->line == NULL) {
            ngx_http_keygate_result_fail(job, NGX_HTTP_KEYGATE_UNPROCESSABLE,
                        "The record would be longer than a line may be.");

        } else if (before == NULL && kind == KEYGATE_KEY
                   && job->admin->portal)
        {
            job->made = json_incref(after);
        }
    }

    json_decref(after);
}


/* All that is wrong with a request, those first that a portal has found;
 * NULL when out of memory. */

static json_t *
ngx_http_keygate_admin_faults(ngx_http_keygate_job_t *job, json_t *faults)
{
    json_t  *all;

    all = job->own_faults;
    job->own_faults = NULL;

    if (all == NULL || job->nomem
        || (faults && json_array_extend(all, faults) == -1))
    {
        json_decref(all);
        return job->nomem ? NULL : faults;
    }

    json_decref(faults);

    return all;
}


static ngx_int_t
ngx_http_keygate_admin_room(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    json_t *json, ngx_uint_t fresh)
{
    int               room;
    keygate_rc_t      rc;
    keygate_fault_t   fault;
    keygate_record_t  record;

    rc = keygate_record_from_json(kind, json, &record, &fault);

    if (rc != KEYGATE_OK) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The gateway could not make the record.");
        return NGX_ERROR;
    }

    ngx_http_keygate_lock(job->writer->zone);
    room = keygate_table_room(job->writer->zone->table, &record,
                              job->writer->fresh + 1);
    ngx_http_keygate_lock_release(job->writer->zone);

    job->writer->full |= !room;

    room = room && ngx_http_keygate_others_room(job->writer, &record,
                                                job->writer->fresh + 1);

    keygate_record_free(&record);

    if (!room) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_INSUFFICIENT_STORAGE,
                                     fresh
                                     ? "The zone has no room for more records."
                                     : "The zone has no room for this change: "
                                       "nothing has changed.");
        return NGX_ERROR;
    }

    job->fresh = 1;

    return NGX_OK;
}


void
ngx_http_keygate_admin_remove(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, const json_t *before)
{
    json_t  *after;

    job->kind = kind;
    job->gone = 1;
    job->takes = 1;
    job->etag[0] = '\0';
    job->status = NGX_HTTP_NO_CONTENT;

    after = keygate_change_delete(job->id);

    if (after) {
        job->changes = ngx_http_keygate_audit_changes(before, NULL,
                                                      &job->changes_len);
        job->line = keygate_record_line(kind, after, &job->line_len);
        json_decref(after);
    }

    if (job->changes == NULL || job->line == NULL) {
        ngx_http_keygate_result_faults(job, NULL);
    }
}
