/*
 * What refusals look like, and what is let in only for as long as its key is
 * live.  ngx_http_keygate.h includes this.
 */

#ifndef _NGX_HTTP_KEYGATE_REFUSAL_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_REFUSAL_H_INCLUDED_


/* ngx_http_keygate_refusal.c: a verdict as an error */

/* Describes the gate's refusal for keygate_error_body(); pool memory. */
ngx_int_t ngx_http_keygate_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_error_t *e);
/* Its status: where it is worth while to try again, a failure is 503. */
ngx_uint_t ngx_http_keygate_refusal_status(const keygate_api_t *api,
    const keygate_verdict_t *v);
/* The body of an error, in pool memory: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_keygate_refusal_text(ngx_http_request_t *r,
    const keygate_texts_t *texts, keygate_error_t *e, ngx_str_t *body);
/* Instance (unless it has anything like a key of the API in it) and request
 * id, which every error has. */
ngx_int_t ngx_http_keygate_refusal_describe(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_error_t *e);


/* ngx_http_keygate_refusal_key.c: keys that are not to be repeated */

/* Whether there is anything with the shape of a key: clients do put them into
 * paths, and no body or log line may repeat one. */
ngx_uint_t ngx_http_keygate_refusal_has_key(keygate_api_t *api, u_char *data,
    size_t len);
/* The same, or the key that the request has brought, or, where keys may be of
 * any shape, one that the zone knows; 1 where that cannot be told. */
ngx_uint_t ngx_http_keygate_refusal_tells_key(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, u_char *data, size_t len);


/* ngx_http_keygate_log.c: a verdict as a log line */

/* Logs a refusal (or what dry_run would have refused) without nginx's own
 * suffix, whose request line may hold a credential. */
void ngx_http_keygate_log_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* Logs that the key is not live any more while it is answered; "found" as
 * keygate_decide_live() has it. */
void ngx_http_keygate_log_ended(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_code_e code, ngx_uint_t found);


/* ngx_http_keygate_recheck.c: keys of answers that take long */

char *ngx_http_keygate_recheck_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* Where it is on somewhere: its header filter, to be called first. */
void ngx_http_keygate_recheck_init(void);


#endif /* _NGX_HTTP_KEYGATE_REFUSAL_H_INCLUDED_ */
