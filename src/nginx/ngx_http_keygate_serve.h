/*
 * Locations that answer requests themselves.  ngx_http_keygate.h includes
 * this.
 */

#ifndef _NGX_HTTP_KEYGATE_SERVE_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_SERVE_H_INCLUDED_


/* ngx_http_keygate_identity.c: keygate_me, keygate_scopes */

char *ngx_http_keygate_identity_me(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_keygate_identity_scopes(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* Makes "handler" the location's, which has no other that tells who calls. */
char *ngx_http_keygate_identity(ngx_conf_t *cf, void *conf,
    ngx_http_handler_pt handler);


/* ngx_http_keygate_serve.c */

/* Makes "handler" the location's, which has no other. */
char *ngx_http_keygate_serve(ngx_conf_t *cf, ngx_http_handler_pt handler);
/* Sends a whole body with that status and Cache-Control: no-store. */
ngx_int_t ngx_http_keygate_serve_body(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body);


/* ngx_http_keygate_auth.c: keygate_auth */

char *ngx_http_keygate_auth_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_KEYGATE_SERVE_H_INCLUDED_ */
