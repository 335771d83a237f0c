/*
 * Windows of a key that are emptied: which ones a rate's name means.  What is
 * written, and by what all others see it, is in keygate_change and the table.
 */

#include "ngx_http_keygate_admin.h"


static ngx_int_t ngx_http_keygate_reset_rate(ngx_http_keygate_job_t *job,
    keygate_record_t *record, char name[KEYGATE_NAME_MAX + 1],
    json_t **faults);
static const char *ngx_http_keygate_reset_find(keygate_api_t *api,
    keygate_record_t *record, keygate_str_t rate,
    char name[KEYGATE_NAME_MAX + 1]);


/* {rate?}, a name as the rate headers have it. */

void
ngx_http_keygate_admin_key_reset(ngx_http_keygate_job_t *job)
{
    char               name[KEYGATE_NAME_MAX + 1];
    json_t            *after, *faults;
    ngx_int_t          rc;
    keygate_record_t   record;

    if (ngx_http_keygate_admin_key_current(job, &record) != NGX_OK) {
        return;
    }

    faults = NULL;
    rc = ngx_http_keygate_reset_rate(job, &record, name, &faults);

    if (rc == NGX_ERROR) {
        ngx_http_keygate_result_faults(job, faults);

    } else {
        after = keygate_change_reset_key(record.json,
                                         rc == NGX_OK ? name : NULL,
                                         job->now.wall, &faults);

        ngx_http_keygate_admin_propose(job, KEYGATE_KEY, NGX_HTTP_OK,
                                       record.json, after, faults);
    }

    keygate_record_free(&record);
}


/* NGX_OK and a name; NGX_DECLINED: all; NGX_ERROR and faults. */

static ngx_int_t
ngx_http_keygate_reset_rate(ngx_http_keygate_job_t *job,
    keygate_record_t *record, char name[KEYGATE_NAME_MAX + 1],
    json_t **faults)
{
    json_t         *value;
    const char     *member, *reason;
    keygate_str_t   rate;

    json_object_foreach(job->body, member, value) {

        if (ngx_strcmp(member, "rate") != 0) {
            char  *pointer;

            pointer = keygate_change_pointer("", member);

            if (pointer) {
                (void) keygate_change_fault(faults, pointer,
                                            "is not known here");
                free(pointer);
            }
        }
    }

    value = json_object_get(job->body, "rate");

    if (value && !json_is_null(value)) {
        rate.len = json_is_string(value) ? json_string_length(value) : 0;
        rate.data = (u_char *) json_string_value(value);

        reason = ngx_http_keygate_reset_find(job->admin->api->core, record,
                                             rate, name);
        if (reason) {
            (void) keygate_change_fault(faults, "/rate", reason);
        }

        return *faults ? NGX_ERROR : NGX_OK;
    }

    return *faults ? NGX_ERROR : NGX_DECLINED;
}


/* NULL and the name that a record has for it; else what is wrong. */

static const char *
ngx_http_keygate_reset_find(keygate_api_t *api, keygate_record_t *record,
    keygate_str_t rate, char name[KEYGATE_NAME_MAX + 1])
{
    u_char                *p;
    ngx_str_t              group;
    ngx_uint_t             i;
    keygate_str_t          unit;
    keygate_unit_e         own;
    const keygate_rate_t  *r;

    for (i = 0; i < api->n_rates; i++) {
        r = &api->rates[i];

        if (!keygate_str_eq(r->label.name, rate)) {
            continue;
        }

        if (r->per_account) {
            return "counts what all keys of the account use";
        }

        p = (u_char *) name;

        if (r->group) {
            group.len = api->groups[r->group - 1].name.len;
            group.data = (u_char *) api->groups[r->group - 1].name.data;
            p = ngx_snprintf(p, KEYGATE_NAME_MAX, "%V-", &group);
        }

        (void) ngx_snprintf(p, KEYGATE_NAME_MAX - (p - (u_char *) name),
                            "%s%Z", keygate_unit_name(r->unit));

        return NULL;
    }

    /* one of the key's own, by its unit, or what it is called beside one of
       the account's of that name */

    unit = rate;

    if (rate.len > 4 && ngx_strncmp(rate.data, "key-", 4) == 0) {
        unit.data += 4;
        unit.len -= 4;
    }

    own = keygate_unit_named(unit);

    if (own == KEYGATE_UNITS || record->limits[own] == 0) {
        return "is not the name of a rate of this key";
    }

    (void) ngx_snprintf((u_char *) name, KEYGATE_NAME_MAX, "%s%Z",
                        keygate_unit_name(own));

    return NULL;
}
