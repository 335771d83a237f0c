/*
 * What the rest of the module asks of the admin API.
 */

#ifndef NGX_HTTP_KEYGATE_ADMIN_MODULE_H
#define NGX_HTTP_KEYGATE_ADMIN_MODULE_H

#include "ngx_http_keygate.h"


/* The directives, in ngx_http_keygate_admin_conf.c. */
char *ngx_http_keygate_admin_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* In ngx_http_keygate_portal_conf.c. */
char *ngx_http_keygate_portal_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* After a location with one of them has been merged. */
char *ngx_http_keygate_admin_merge(ngx_conf_t *cf, void *conf);

/* $keygate_audit_*, in ngx_http_keygate_admin_audit.c. */
ngx_int_t ngx_http_keygate_audit_add_variables(ngx_conf_t *cf);

/* In a worker: begins to watch the files of tokens. */
ngx_int_t ngx_http_keygate_admin_init_process(ngx_cycle_t *cycle,
    ngx_http_keygate_main_conf_t *kmcf);


#endif /* NGX_HTTP_KEYGATE_ADMIN_MODULE_H */
