/*
 * What actions of the admin API do, to be included by
 * ngx_http_keygate_admin.h.
 */

#ifndef NGX_HTTP_KEYGATE_ADMIN_ACTIONS_H
#define NGX_HTTP_KEYGATE_ADMIN_ACTIONS_H


/* ngx_http_keygate_admin_keys.c, _accounts.c, _list.c, _catalogue.c,
 * _check.c, _reset.c, _usage.c: what actions do */

void ngx_http_keygate_admin_key_create(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_patch(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_rotate(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_revoke(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_suspend(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_resume(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_reset(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_delete(ngx_http_keygate_job_t *job);
/* The record of the key that a request is about, whose account is the job's
 * parent: NGX_OK, or NGX_ERROR and the job has failed. */
ngx_int_t ngx_http_keygate_admin_key_current(ngx_http_keygate_job_t *job,
    keygate_record_t *record);
void ngx_http_keygate_admin_account_put(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_account_patch(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_account_delete(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_get(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_list(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_account_get(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_account_list(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_scope_list(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_route_list(ngx_http_keygate_job_t *job);
void ngx_http_keygate_check(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_key_usage(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_account_usage(ngx_http_keygate_job_t *job);
void ngx_http_keygate_admin_own_usage(ngx_http_keygate_job_t *job);


#endif /* NGX_HTTP_KEYGATE_ADMIN_ACTIONS_H */
