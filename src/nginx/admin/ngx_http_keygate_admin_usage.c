/*
 * What keys are used for, by day: what the files say, and what is in none of
 * them yet.  In a thread; a few of these at a time, for files are long.
 */

#include "ngx_http_keygate_admin.h"
#include "ngx_http_keygate_usage.h"

#include "keygate_usage.h"


#define NGX_HTTP_KEYGATE_USAGE_LOCK     2000     /* ms: it is being written */
#define NGX_HTTP_KEYGATE_USAGE_READERS  4        /* of a worker */
#define NGX_HTTP_KEYGATE_USAGE_STEPS    1000000  /* of a walk */


typedef struct {
    ngx_http_keygate_job_t   *job;
    ngx_http_keygate_zone_t  *zone;
    const char               *key;       /* "": all that are seen */
    int64_t                   first;     /* day */
    int64_t                   hour;      /* that it is now */
    keygate_book_t            book;      /* of a day */
    keygate_usage_t          *days;
} ngx_http_keygate_sums_t;


static void ngx_http_keygate_usage_answer(ngx_http_keygate_job_t *job,
    const char *key, const char *account);
static ngx_int_t ngx_http_keygate_usage_sum(ngx_http_keygate_sums_t *sums,
    const char *has);
static ngx_int_t ngx_http_keygate_usage_read(ngx_http_keygate_sums_t *sums,
    int dir, int64_t day, const char *has);
static int ngx_http_keygate_usage_line(void *data, const keygate_usage_t *u);
static ngx_uint_t ngx_http_keygate_usage_sees(ngx_http_keygate_sums_t *sums,
    const keygate_usage_t *u);
static void ngx_http_keygate_usage_add(ngx_http_keygate_sums_t *sums,
    const keygate_usage_t *u);
static void ngx_http_keygate_usage_rest(ngx_http_keygate_sums_t *sums);
static json_t *ngx_http_keygate_usage_json(ngx_http_keygate_sums_t *sums,
    ngx_uint_t n);
static json_t *ngx_http_keygate_usage_day(const keygate_usage_t *u,
    int64_t day);


static ngx_atomic_t  ngx_http_keygate_usage_readers;


void
ngx_http_keygate_admin_key_usage(ngx_http_keygate_job_t *job)
{
    keygate_record_t  record;

    if (ngx_http_keygate_admin_current(job, KEYGATE_KEY, &record) != NGX_OK) {
        return;
    }

    keygate_record_free(&record);
    ngx_http_keygate_usage_answer(job, job->id, "");
}


void
ngx_http_keygate_admin_account_usage(ngx_http_keygate_job_t *job)
{
    keygate_record_t  record;

    if (ngx_http_keygate_admin_current(job, KEYGATE_ACCOUNT, &record)
        != NGX_OK)
    {
        return;
    }

    keygate_record_free(&record);
    ngx_http_keygate_usage_answer(job, "", job->id);
}


/* A portal's, of the account of whoever asks. */

void
ngx_http_keygate_admin_own_usage(ngx_http_keygate_job_t *job)
{
    ngx_http_keygate_usage_answer(job, "", job->caller.account);
}


static void
ngx_http_keygate_usage_answer(ngx_http_keygate_job_t *job, const char *key,
    const char *account)
{
    ngx_int_t                rc;
    ngx_http_keygate_sums_t  sums;

    ngx_memzero(&sums, sizeof(ngx_http_keygate_sums_t));

    job->etag[0] = '\0';

    sums.job = job;
    sums.zone = job->admin->api->zone;
    sums.key = key;
    sums.hour = job->now.wall - job->now.wall % 3600;
    sums.first = job->now.wall / 86400 - (int64_t) job->days + 1;

    if (sums.zone->refusals == NULL) {
        ngx_http_keygate_result_refuse(job, NGX_HTTP_CONFLICT, "usage_off",
                       "Usage is not kept: keygate_zone has no \"usage=\".");
        return;
    }

    ngx_memcpy(job->account, account, ngx_strlen(account) + 1);

    sums.days = calloc(job->days, sizeof(keygate_usage_t));

    if (sums.days == NULL) {
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    if (ngx_atomic_fetch_add(&ngx_http_keygate_usage_readers, 1)
        < NGX_HTTP_KEYGATE_USAGE_READERS)
    {
        rc = ngx_http_keygate_usage_sum(&sums, key[0] ? key : account);

    } else {
        rc = NGX_DECLINED;
    }

    (void) ngx_atomic_fetch_add(&ngx_http_keygate_usage_readers, -1);

    switch (rc) {

    case NGX_OK:
        ngx_http_keygate_result_answer(job, NGX_HTTP_OK,
                           ngx_http_keygate_usage_json(&sums, job->days));
        break;

    case NGX_DECLINED:
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The gateway is too busy: try again.");
        break;

    default:
        ngx_http_keygate_result_fail(job, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The usage cannot be read.");
    }

    keygate_book_clear(&sums.book);
    free(sums.days);
}


/*
 * What may still be written is read under the lock of who writes, with what is
 * in no file yet: so nothing is missed, nor seen twice.  Where that cannot be
 * had, files tell what they do.  Older days are read before.
 */

static ngx_int_t
ngx_http_keygate_usage_sum(ngx_http_keygate_sums_t *sums, const char *has)
{
    int          dir, locked;
    char        *path;
    int64_t      day, end;
    ngx_int_t    rc;

    path = (char *) sums->zone->usage.data;
    end = sums->first + (int64_t) sums->job->days;

    dir = open(path, O_RDONLY|O_DIRECTORY|O_NONBLOCK|O_CLOEXEC);
    if (dir == -1) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    for (day = sums->first; rc == NGX_OK && day < end - 2; day++) {
        rc = ngx_http_keygate_usage_read(sums, dir, day, has);
    }

    locked = keygate_usage_open(path, 0, NGX_HTTP_KEYGATE_USAGE_LOCK);

    for ( /* void */ ; rc == NGX_OK && day < end; day++) {
        rc = ngx_http_keygate_usage_read(sums, dir, day, has);
    }

    if (rc == NGX_OK && locked != -1) {
        ngx_http_keygate_usage_rest(sums);
    }

    if (locked != -1) {
        (void) close(locked);
    }

    (void) close(dir);

    return rc;
}


static ngx_int_t
ngx_http_keygate_usage_read(ngx_http_keygate_sums_t *sums, int dir,
    int64_t day, const char *has)
{
    size_t           i;
    keygate_rc_t     rc;
    keygate_usage_t  u;

    rc = keygate_usage_read(dir, day, keygate_span(has),
                            ngx_http_keygate_usage_line, sums);
    i = 0;

    while (keygate_book_next(&sums->book, &i, &u)) {
        ngx_http_keygate_usage_add(sums, &u);
    }

    keygate_book_clear(&sums->book);

    return (rc == KEYGATE_OK) ? NGX_OK : NGX_ERROR;
}


static int
ngx_http_keygate_usage_line(void *data, const keygate_usage_t *u)
{
    ngx_http_keygate_sums_t *sums = data;

    return !ngx_http_keygate_usage_sees(sums, u)
           || keygate_book_set(&sums->book, u);
}


static ngx_uint_t
ngx_http_keygate_usage_sees(ngx_http_keygate_sums_t *sums,
    const keygate_usage_t *u)
{
    keygate_key_t            key;
    ngx_http_keygate_job_t  *job;

    job = sums->job;

    if (sums->key[0]) {
        return keygate_str_eq(u->key, keygate_span(sums->key));
    }

    if (job->account[0]
        && !keygate_str_eq(u->account, keygate_span(job->account)))
    {
        return 0;
    }

    key.id_len = u->key.len;
    ngx_memcpy(key.id, u->key.data, u->key.len);
    key.account_len = u->account.len;
    ngx_memcpy(key.account, u->account.data, u->account.len);
    key.account[u->account.len] = '\0';

    return ngx_http_keygate_admin_sees(job, &key);
}


static void
ngx_http_keygate_usage_add(ngx_http_keygate_sums_t *sums,
    const keygate_usage_t *u)
{
    int64_t  i;

    i = u->hour / 86400 - sums->first;

    if (i >= 0 && i < (int64_t) sums->job->days) {
        keygate_usage_add(&sums->days[i], u);
    }
}


/* What is in no file yet. */

static void
ngx_http_keygate_usage_rest(ngx_http_keygate_sums_t *sums)
{
    uint64_t                 cursor;
    ngx_uint_t               steps;
    keygate_rc_t             rc;
    keygate_key_t            key;
    keygate_str_t            id;
    keygate_table_t         *table;
    keygate_usage_t          u[2];
    ngx_http_keygate_job_t  *job;

    job = sums->job;
    table = sums->zone->table;
    id = keygate_span(sums->key[0] ? sums->key : job->account);
    cursor = 0;

    for (steps = 0; steps < NGX_HTTP_KEYGATE_USAGE_STEPS; steps++) {

        rc = sums->key[0] ? keygate_table_find_id(table, id, &key)
             : id.len ? keygate_table_next_key_of(table, id, &cursor, &key)
             : keygate_table_next_key(table, &cursor, &key);

        if (rc != KEYGATE_OK) {
            return;
        }

        if (sums->key[0] || ngx_http_keygate_admin_sees(job, &key)) {
            ngx_http_keygate_usage_pending(sums->zone, &key, sums->hour, u);
            ngx_http_keygate_usage_add(sums, &u[0]);
            ngx_http_keygate_usage_add(sums, &u[1]);
        }

        if (sums->key[0]) {
            return;
        }
    }
}


static json_t *
ngx_http_keygate_usage_json(ngx_http_keygate_sums_t *sums, ngx_uint_t n)
{
    json_t           *data;
    unsigned          i;
    uint64_t          any;
    ngx_uint_t        day;
    keygate_usage_t  *u;

    data = json_array();

    for (day = 0; data && day < n; day++) {
        u = &sums->days[day];
        any = u->allowed | u->cost;

        for (i = 0; i < KEYGATE_REASONS; i++) {
            any |= u->refused[i];
        }

        if (any
            && json_array_append_new(data,
                        ngx_http_keygate_usage_day(u, sums->first + day))
               == -1)
        {
            json_decref(data);
            data = NULL;
        }
    }

    return json_pack("{s:o}", "data", data);
}


static json_t *
ngx_http_keygate_usage_day(const keygate_usage_t *u, int64_t day)
{
    char            date[21];
    json_t         *refused;
    unsigned        i;
    keygate_str_t   name;

    keygate_time_format(day * 86400, date);
    date[10] = '\0';

    refused = json_object();

    for (i = 0; refused && i < KEYGATE_REASONS; i++) {
        name = keygate_error_name(KEYGATE_REASON_CODE(i));

        if (u->refused[i]
            && json_object_set_new(refused, (char *) name.data,
                                   json_integer(u->refused[i]))
               == -1)
        {
            json_decref(refused);
            refused = NULL;
        }
    }

    return json_pack("{s:s, s:I, s:o, s:I}", "day", date,
                     "allowed", (json_int_t) u->allowed,
                     "refused", refused, "cost", (json_int_t) u->cost);
}
