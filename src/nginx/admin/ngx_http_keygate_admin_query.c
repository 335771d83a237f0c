/*
 * What an administrator asks for: parameters of the query and conditions in
 * headers.  Parameters that are not known are refused: a misspelt "account"
 * would list the keys of all.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_LIMIT_DEFAULT  25
#define NGX_HTTP_KEYGATE_LIMIT_MAX      100
#define NGX_HTTP_KEYGATE_QUERY_MAX      1024


/* Their numbers in a mask of what was seen. */

enum {
    NGX_HTTP_KEYGATE_LIMIT = 0,
    NGX_HTTP_KEYGATE_CURSOR,
    NGX_HTTP_KEYGATE_OF_ACCOUNT,
    NGX_HTTP_KEYGATE_PARAMETERS
};


static ngx_int_t ngx_http_keygate_admin_condition(ngx_http_request_t *r,
    const char *name, char **list);
static ngx_int_t ngx_http_keygate_admin_query(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
static ngx_int_t ngx_http_keygate_admin_argument(ngx_http_request_t *r,
    u_char **p, u_char *last, ngx_str_t *name, ngx_str_t *value);
static void ngx_http_keygate_admin_parameter(ngx_http_keygate_job_t *job,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t *seen);
static void ngx_http_keygate_admin_set(ngx_http_keygate_job_t *job,
    ngx_uint_t i, ngx_str_t *value);


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

    return job->action->query ? ngx_http_keygate_admin_query(r, job) : NGX_OK;
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


static ngx_int_t
ngx_http_keygate_admin_query(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    u_char      *p, *last;
    ngx_str_t    name, value;
    ngx_uint_t   seen;

    seen = 0;
    job->limit = NGX_HTTP_KEYGATE_LIMIT_DEFAULT;

    if (r->args.len > NGX_HTTP_KEYGATE_QUERY_MAX) {
        ngx_http_keygate_job_fail(job, NGX_HTTP_BAD_REQUEST,
                                  "The query string is too long.");
        return NGX_OK;
    }

    p = r->args.data;
    last = p + r->args.len;

    while (p < last && job->status == 0) {

        if (ngx_http_keygate_admin_argument(r, &p, last, &name, &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (name.len || value.len) {
            ngx_http_keygate_admin_parameter(job, &name, &value, &seen);
        }
    }

    /* a cursor goes with the account, which may come after it */

    if (job->status == 0 && (seen & (1 << NGX_HTTP_KEYGATE_CURSOR))
        && !ngx_http_keygate_admin_cursor_valid(job))
    {
        ngx_http_keygate_job_fail(job, NGX_HTTP_BAD_REQUEST,
                       "cursor must be the next_cursor of an earlier answer");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_admin_argument(ngx_http_request_t *r, u_char **p,
    u_char *last, ngx_str_t *name, ngx_str_t *value)
{
    u_char  *end, *src, *dst;

    end = ngx_strlchr(*p, last, '&');

    if (end == NULL) {
        end = last;
    }

    name->data = *p;
    src = ngx_strlchr(*p, end, '=');
    name->len = (src ? src : end) - *p;
    src = src ? src + 1 : end;

    *p = (end < last) ? end + 1 : last;

    dst = ngx_pnalloc(r->pool, end - src + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    value->data = dst;
    ngx_unescape_uri(&dst, &src, end - src, 0);
    value->len = dst - value->data;

    return NGX_OK;
}


static void
ngx_http_keygate_admin_parameter(ngx_http_keygate_job_t *job, ngx_str_t *name,
    ngx_str_t *value, ngx_uint_t *seen)
{
    ngx_uint_t  i, n;

    static const char  *const names[NGX_HTTP_KEYGATE_PARAMETERS] = {
        "limit", "cursor", "account"
    };

    n = (job->action->run == ngx_http_keygate_key_list)
        ? NGX_HTTP_KEYGATE_PARAMETERS : NGX_HTTP_KEYGATE_OF_ACCOUNT;

    for (i = 0; i < n; i++) {
        if (ngx_strlen(names[i]) == name->len
            && ngx_strncmp(names[i], name->data, name->len) == 0)
        {
            break;
        }
    }

    if (i < n && !(*seen & (1 << i))) {
        *seen |= 1 << i;
        ngx_http_keygate_admin_set(job, i, value);
        return;
    }

    ngx_http_keygate_job_fail(job, NGX_HTTP_BAD_REQUEST,
        (n == NGX_HTTP_KEYGATE_PARAMETERS)
        ? "The parameters are limit, cursor and account, each at most once."
        : "The parameters are limit and cursor, each at most once.");
}


static void
ngx_http_keygate_admin_set(ngx_http_keygate_job_t *job, ngx_uint_t i,
    ngx_str_t *value)
{
    ngx_int_t      n;
    keygate_str_t  id;

    switch (i) {

    case NGX_HTTP_KEYGATE_LIMIT:
        n = ngx_atoi(value->data, value->len);

        if (n < 1 || n > NGX_HTTP_KEYGATE_LIMIT_MAX) {
            ngx_http_keygate_job_fail(job, NGX_HTTP_BAD_REQUEST,
                                      "limit must be an integer 1..100");
            return;
        }

        job->limit = n;
        return;

    case NGX_HTTP_KEYGATE_CURSOR:
        ngx_http_keygate_admin_cursor_read(job, value);
        return;

    default:
        id.len = value->len;
        id.data = value->data;

        if (!keygate_id_valid(id)) {
            ngx_http_keygate_job_fail(job, NGX_HTTP_BAD_REQUEST,
                                      "account must be the id of an account");
            return;
        }

        ngx_memcpy(job->account, id.data, id.len);
        job->account[id.len] = '\0';
    }
}
