/*
 * What is not there, what cannot be there, and where lists go on, to be
 * included by ngx_http_keygate_admin.h.
 */

#ifndef NGX_HTTP_KEYGATE_ADMIN_CURSOR_H
#define NGX_HTTP_KEYGATE_ADMIN_CURSOR_H


/* ngx_http_keygate_admin_none.c: any thread */

/* There is no such record, as far as this node can tell. */
void ngx_http_keygate_admin_none(ngx_http_keygate_job_t *job,
    keygate_kind_e kind);
/* Whether this node has never had all records, or has no journal to read them
 * from: says so, then. */
ngx_uint_t ngx_http_keygate_admin_partial(ngx_http_keygate_job_t *job);


/* ngx_http_keygate_admin_bounds.c */

/* Fails where the body, a text of that length, is JSON that no record can
 * hold. */
void ngx_http_keygate_admin_bounds(ngx_http_keygate_job_t *job, size_t len);


/* ngx_http_keygate_admin_cursor.c */

/* A cursor, which is not 0, of the job's list as clients see it; NULL when out
 * of memory. */
json_t *ngx_http_keygate_admin_cursor(ngx_http_keygate_job_t *job,
    uint64_t cursor);
/* The same into the job; whether it was made for the list
 * that is asked for. */
void ngx_http_keygate_admin_cursor_read(ngx_http_keygate_job_t *job,
    ngx_str_t *text);
ngx_uint_t ngx_http_keygate_admin_cursor_valid(ngx_http_keygate_job_t *job);


#endif /* NGX_HTTP_KEYGATE_ADMIN_CURSOR_H */
