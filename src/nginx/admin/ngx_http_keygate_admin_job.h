/*
 * A job: how it begins, what comes of it, how it is let go.  Part of
 * ngx_http_keygate_admin.h.
 */

#ifndef _NGX_HTTP_KEYGATE_ADMIN_JOB_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_ADMIN_JOB_H_INCLUDED_


/* ngx_http_keygate_admin_job.c */

ngx_http_keygate_job_t *ngx_http_keygate_job_create(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_action_t *action,
    const ngx_http_keygate_caller_t *caller);
/* The job of a request that has one. */
ngx_http_keygate_job_t *ngx_http_keygate_job_get(ngx_http_request_t *r);
/* Once nobody is busy with it, and the request has ended. */
void ngx_http_keygate_job_destroy(ngx_http_keygate_job_t *job);


/* ngx_http_keygate_admin_start.c */

/* Does what is to be done; the request is finalized then, sooner or later. */
void ngx_http_keygate_admin_start(ngx_http_keygate_job_t *job);


/* ngx_http_keygate_admin_result.c */

/* Says why not.  Any thread. */
void ngx_http_keygate_result_fail(ngx_http_keygate_job_t *job,
    ngx_uint_t status, const char *detail);
/* The same with a code of its own. */
void ngx_http_keygate_result_refuse(ngx_http_keygate_job_t *job,
    ngx_uint_t status, const char *code, const char *detail);
/* The same for "faults", taken over; NULL: out of memory. */
void ngx_http_keygate_result_faults(ngx_http_keygate_job_t *job,
    json_t *faults);
/* Takes over "json", which becomes the text to be sent; a credential becomes
 * its member "secret".  Any thread. */
void ngx_http_keygate_result_answer(ngx_http_keygate_job_t *job,
    ngx_uint_t status, json_t *json);

/* The same in place of an answer, which stays when out of memory. */
void ngx_http_keygate_result_again(ngx_http_keygate_job_t *job, json_t *json);


/* ngx_http_keygate_admin_json.c */

/* JSON as it is sent, malloc()ed; NULL when out of memory. */
u_char *ngx_http_keygate_admin_text(const json_t *json, const char *secret,
    size_t *len);


#endif /* _NGX_HTTP_KEYGATE_ADMIN_JOB_H_INCLUDED_ */
