/*
 * Records one by one and by the page.  A cursor is where the walk through the
 * table has got to, so that whoever is there all the time is seen exactly
 * once.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_STEPS_MAX   1000000  /* of a walk, for one page */
#define NGX_HTTP_KEYGATE_READS_MAX   20000    /* of records, likewise */


typedef struct {
    char      id[KEYGATE_ID_MAX + 1];
    uint64_t  at;
    int64_t   used_at;
    unsigned  wanted:1;               /* as far as the table knows */
} ngx_http_keygate_walked_t;


static void ngx_http_keygate_admin_get(ngx_http_keygate_job_t *job,
    keygate_kind_e kind);
static void ngx_http_keygate_admin_list(ngx_http_keygate_job_t *job,
    keygate_kind_e kind);
static keygate_rc_t ngx_http_keygate_admin_step(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, uint64_t *cursor, ngx_http_keygate_walked_t *found);
static ngx_uint_t ngx_http_keygate_admin_asked(ngx_http_keygate_job_t *job,
    const keygate_key_t *key, int64_t used_at);
static keygate_rc_t ngx_http_keygate_admin_page(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, json_t *data, uint64_t *cursor);
static keygate_rc_t ngx_http_keygate_admin_append(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, const ngx_http_keygate_walked_t *found, json_t *data);
static json_t *ngx_http_keygate_admin_next(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, uint64_t cursor);


void
ngx_http_keygate_admin_key_get(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_get(job, KEYGATE_KEY);
}


void
ngx_http_keygate_admin_account_get(ngx_http_keygate_job_t *job)
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

    ngx_http_keygate_result_answer(job, NGX_HTTP_OK,
                      ngx_http_keygate_admin_view(job, kind, record.json));
    keygate_record_free(&record);
}


void
ngx_http_keygate_admin_key_list(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_list(job, KEYGATE_KEY);
}


void
ngx_http_keygate_admin_account_list(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_admin_list(job, KEYGATE_ACCOUNT);
}


static void
ngx_http_keygate_admin_list(ngx_http_keygate_job_t *job, keygate_kind_e kind)
{
    json_t        *data, *answer;
    uint64_t       cursor;
    keygate_rc_t   rc;

    if (ngx_http_keygate_admin_partial(job)) {
        return;
    }

    cursor = job->cursor;
    data = json_array();

    rc = data ? ngx_http_keygate_admin_page(job, kind, data, &cursor)
              : KEYGATE_NOMEM;

    if (rc != KEYGATE_OK) {
        json_decref(data);

        if (rc == KEYGATE_NOMEM) {
            ngx_http_keygate_result_faults(job, NULL);
            return;
        }

        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The journal cannot be read.");
        return;
    }

    answer = json_pack("{s:o, s:o}", "data", data, "next_cursor",
                       ngx_http_keygate_admin_next(job, kind, cursor));

    ngx_http_keygate_result_answer(job, NGX_HTTP_OK, answer);
}


static keygate_rc_t
ngx_http_keygate_admin_step(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    uint64_t *cursor, ngx_http_keygate_walked_t *found)
{
    keygate_rc_t        rc;
    keygate_key_t       key;
    keygate_str_t       account;
    keygate_table_t    *table;
    keygate_account_t   record;

    table = job->admin->api->zone->table;

    if (kind == KEYGATE_ACCOUNT) {
        rc = keygate_table_next_account(table, cursor, &record);

        if (rc == KEYGATE_OK) {
            ngx_memcpy(found->id, record.id, sizeof(found->id));
            found->at = record.at;
            found->wanted = 1;
        }

        return rc;
    }

    account = job->filter.account;

    rc = account.len ? keygate_table_next_key_of(table, account, cursor, &key)
                     : keygate_table_next_key(table, cursor, &key);

    if (rc == KEYGATE_OK) {
        ngx_memcpy(found->id, key.id, sizeof(found->id));
        found->at = key.at;
        found->used_at = keygate_table_used_at(table, key.ref);

        /* of a stale one only the journal can tell */

        found->wanted = ngx_http_keygate_admin_sees(job, &key)
                        && (key.stale
                            || ngx_http_keygate_admin_asked(job, &key,
                                                            found->used_at));
    }

    return rc;
}


/* What a table can tell of the filters. */

static ngx_uint_t
ngx_http_keygate_admin_asked(ngx_http_keygate_job_t *job,
    const keygate_key_t *key, int64_t used_at)
{
    keygate_listed_t  listed;

    ngx_memzero(&listed, sizeof(keygate_listed_t));

    listed.account.data = (const u_char *) key->account;
    listed.account.len = key->account_len;
    listed.used_at = used_at;
    listed.expires_at = key->expires_at;
    listed.revoked_at = key->revoked_at;
    listed.suspended_at = key->suspended_at;

    return !keygate_filter_rejects(&job->filter, &listed, job->now.wall);
}


static keygate_rc_t
ngx_http_keygate_admin_page(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    json_t *data, uint64_t *cursor)
{
    ngx_uint_t                 steps, reads;
    keygate_rc_t               rc;
    ngx_http_keygate_walked_t  found;

    reads = 0;

    for (steps = 0;
         json_array_size(data) < job->limit
         && steps < NGX_HTTP_KEYGATE_STEPS_MAX
         && reads < NGX_HTTP_KEYGATE_READS_MAX;
         steps++)
    {
        rc = ngx_http_keygate_admin_step(job, kind, cursor, &found);

        if (rc == KEYGATE_NONE) {
            return KEYGATE_OK;
        }

        if (rc == KEYGATE_OK && found.wanted) {
            rc = ngx_http_keygate_admin_append(job, kind, &found, data);
            reads++;
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
    ngx_uint_t        wanted;
    keygate_rc_t      rc;
    keygate_listed_t  listed;
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

    wanted = 1;

    if (kind == KEYGATE_KEY) {
        keygate_filter_of_record(&record, &listed);
        listed.used_at = found->used_at;
        wanted = keygate_filter_matches(&job->filter, &listed, job->now.wall);
    }

    if (wanted
        && json_array_append_new(data,
                        ngx_http_keygate_admin_view(job, kind, record.json))
           == -1)
    {
        rc = KEYGATE_NOMEM;
    }

    keygate_record_free(&record);

    return rc;
}


/* The cursor of the next page, or null when this is the last one; where only
 * the records could tell, the next page may turn out to be empty. */

static json_t *
ngx_http_keygate_admin_next(ngx_http_keygate_job_t *job, keygate_kind_e kind,
    uint64_t cursor)
{
    uint64_t                   ahead;
    ngx_uint_t                 steps;
    ngx_http_keygate_walked_t  found;

    ahead = cursor;

    for (steps = 0; steps < NGX_HTTP_KEYGATE_STEPS_MAX; steps++) {

        if (ngx_http_keygate_admin_step(job, kind, &ahead, &found)
            != KEYGATE_OK)
        {
            return json_null();
        }

        if (found.wanted) {
            break;
        }
    }

    return ngx_http_keygate_admin_cursor(job, cursor);
}
