/*
 * What an administrator asks for: parameters of the query and conditions in
 * headers.  Parameters that are not known are refused: a misspelt "account"
 * would list the keys of all.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_LIMIT_DEFAULT  25
#define NGX_HTTP_KEYGATE_LIMIT_MAX      100
#define NGX_HTTP_KEYGATE_DAYS_DEFAULT   30
#define NGX_HTTP_KEYGATE_DAYS_MAX       92
#define NGX_HTTP_KEYGATE_QUERY_MAX      1024
#define NGX_HTTP_KEYGATE_PATIENCE_MAX   10000    /* ms */


static ngx_int_t ngx_http_keygate_admin_condition(ngx_http_request_t *r,
    const char *name, char **list);
static const char *ngx_http_keygate_admin_patience(
    ngx_http_keygate_job_t *job, keygate_str_t value);
static ngx_int_t ngx_http_keygate_admin_query(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
static void ngx_http_keygate_admin_argument(u_char **p, u_char *last,
    keygate_str_t *name, keygate_str_t *value);
static void ngx_http_keygate_admin_decode(u_char *start, u_char *end,
    keygate_str_t *s);
static void ngx_http_keygate_admin_parameter(ngx_http_keygate_job_t *job,
    keygate_str_t name, keygate_str_t value);
static const char *ngx_http_keygate_admin_number(ngx_uint_t *n,
    keygate_str_t value, ngx_int_t most, const char *wanted);
static void ngx_http_keygate_admin_wrong(ngx_http_keygate_job_t *job,
    keygate_str_t name, const char *reason);


ngx_int_t
ngx_http_keygate_admin_ask(ngx_http_request_t *r, ngx_http_keygate_job_t *job)
{
    if (job->action->way == NGX_HTTP_KEYGATE_WRITE
        && (ngx_http_keygate_admin_condition(r, "if-match", &job->if_match)
            != NGX_OK
            || ngx_http_keygate_admin_condition(r, "if-none-match",
                                                &job->if_none_match)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_admin_query(r, job);
}


/* For how long an answer to a change may wait until all nodes have it. */

static const char *
ngx_http_keygate_admin_patience(ngx_http_keygate_job_t *job,
    keygate_str_t value)
{
    ngx_int_t  ms;
    ngx_str_t  time;

    if (job->waits) {
        return "is given twice";
    }

    time.len = value.len;
    time.data = (u_char *) value.data;
    ms = ngx_parse_time(&time, 0);

    if (ms == NGX_ERROR || ms > NGX_HTTP_KEYGATE_PATIENCE_MAX) {
        return "must be a time of up to 10s";
    }

    job->wait = ms;
    job->waits = 1;

    return NULL;
}


/* All header lines of that name as one list. */

static ngx_int_t
ngx_http_keygate_admin_condition(ngx_http_request_t *r, const char *name,
    char **list)
{
    char             *p;
    size_t            len, size;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);
    size = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len != len
                || ngx_strncmp(h[i].lowcase_key, name, len) != 0)
            {
                continue;
            }

            p = realloc(*list, size + h[i].value.len + 2);
            if (p == NULL) {
                return NGX_ERROR;
            }

            *list = p;

            if (size) {
                p[size++] = ',';
            }

            ngx_memcpy(p + size, h[i].value.data, h[i].value.len);
            size += h[i].value.len;
            p[size] = '\0';
        }
    }

    return NGX_OK;
}


/* The query is copied whole: what is asked for is needed in a thread. */

static ngx_int_t
ngx_http_keygate_admin_query(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    u_char         *p, *last;
    keygate_str_t   name, value;

    job->limit = 0;
    job->filter.account = keygate_span(job->caller.account);

    if (r->args.len > NGX_HTTP_KEYGATE_QUERY_MAX) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_BAD_REQUEST,
                                     "The query string is too long.");
        return NGX_OK;
    }

    job->query = malloc(r->args.len + 1);
    if (job->query == NULL) {
        return NGX_ERROR;
    }

    if (r->args.len) {
        ngx_memcpy(job->query, r->args.data, r->args.len);
    }

    p = job->query;
    last = p + r->args.len;

    while (p < last && job->status == 0) {
        ngx_http_keygate_admin_argument(&p, last, &name, &value);

        if (name.len || value.len) {
            ngx_http_keygate_admin_parameter(job, name, value);
        }
    }

    /* what the configuration says is shown whole unless pages are wanted */

    if (job->limit == 0) {
        job->limit = (job->action->way == NGX_HTTP_KEYGATE_AT_ONCE)
                     ? NGX_MAX_UINT32_VALUE
                     : NGX_HTTP_KEYGATE_LIMIT_DEFAULT;
    }

    if (job->days == 0) {
        job->days = NGX_HTTP_KEYGATE_DAYS_DEFAULT;
    }

    /* a cursor goes with the filters, which may come after it */

    if (job->status == 0 && job->asked
        && !ngx_http_keygate_admin_cursor_valid(job))
    {
        ngx_http_keygate_result_fail(job, NGX_HTTP_BAD_REQUEST,
                       "cursor must be the next_cursor of an earlier answer");
    }

    return NGX_OK;
}


/* The next name and its value, decoded where they are as forms have it: "+" is
 * a space. */

static void
ngx_http_keygate_admin_argument(u_char **p, u_char *last,
    keygate_str_t *name, keygate_str_t *value)
{
    u_char  *end, *equals;

    end = ngx_strlchr(*p, last, '&');

    if (end == NULL) {
        end = last;
    }

    equals = ngx_strlchr(*p, end, '=');

    ngx_http_keygate_admin_decode(*p, equals ? equals : end, name);
    ngx_http_keygate_admin_decode(equals ? equals + 1 : end, end, value);

    *p = (end < last) ? end + 1 : last;
}


static void
ngx_http_keygate_admin_decode(u_char *start, u_char *end, keygate_str_t *s)
{
    u_char  *src, *dst;

    for (dst = start; dst < end; dst++) {
        if (*dst == '+') {
            *dst = ' ';
        }
    }

    src = start;
    dst = start;
    ngx_unescape_uri(&dst, &src, end - src, 0);

    s->data = start;
    s->len = dst - start;
}


static void
ngx_http_keygate_admin_parameter(ngx_http_keygate_job_t *job,
    keygate_str_t name, keygate_str_t value)
{
    ngx_str_t    cursor;
    const char  *reason;

    if (job->action->way == NGX_HTTP_KEYGATE_WRITE) {
        reason = keygate_str_eq(name, KEYGATE_STR("wait"))
                 ? ngx_http_keygate_admin_patience(job, value)
                 : "is not known here";

    } else if (job->action->can == NGX_HTTP_KEYGATE_CAN_USAGE) {
        reason = keygate_str_eq(name, KEYGATE_STR("days"))
                 ? ngx_http_keygate_admin_number(&job->days, value,
                                                 NGX_HTTP_KEYGATE_DAYS_MAX,
                                                 "must be an integer 1..92")
                 : "is not known here";

    } else if (job->action->query
               && keygate_str_eq(name, KEYGATE_STR("limit")))
    {
        reason = ngx_http_keygate_admin_number(&job->limit, value,
                                               NGX_HTTP_KEYGATE_LIMIT_MAX,
                                               "must be an integer 1..100");

    } else if (job->action->query
               && keygate_str_eq(name, KEYGATE_STR("cursor")))
    {
        reason = job->asked ? "is given twice" : NULL;
        job->asked = 1;

        cursor.len = value.len;
        cursor.data = (u_char *) value.data;
        ngx_http_keygate_admin_cursor_read(job, &cursor);

    } else if (job->action->run == ngx_http_keygate_admin_key_list
               && !(job->caller.account[0]
                    && keygate_str_eq(name, KEYGATE_STR("account"))))
    {
        reason = keygate_filter_set(&job->filter, name, value);

    } else {
        reason = "is not known here";
    }

    if (reason) {
        ngx_http_keygate_admin_wrong(job, name, reason);
    }
}


static const char *
ngx_http_keygate_admin_number(ngx_uint_t *n, keygate_str_t value,
    ngx_int_t most, const char *wanted)
{
    ngx_int_t  given;

    if (*n) {
        return "is given twice";
    }

    given = ngx_atoi((u_char *) value.data, value.len);

    if (given < 1 || given > most) {
        return wanted;
    }

    *n = given;

    return NULL;
}


/* A name that came from outside is shown only when it is plain. */

static void
ngx_http_keygate_admin_wrong(ngx_http_keygate_job_t *job, keygate_str_t name,
    const char *reason)
{
    if (!keygate_record_plain(name, KEYGATE_NAME_MAX)) {
        name = KEYGATE_STR("A parameter");
    }

    ngx_http_keygate_result_fail(job, NGX_HTTP_BAD_REQUEST, NULL);

    (void) ngx_snprintf((u_char *) job->reason, sizeof(job->reason) - 1,
                        "%*s %s%Z", name.len, name.data, reason);

    job->detail = job->reason;
}
