/*
 * Tokens of administrators, and the files that they are in.
 */

#ifndef NGX_HTTP_KEYGATE_ADMIN_TOKENS_H
#define NGX_HTTP_KEYGATE_ADMIN_TOKENS_H

#include "ngx_http_keygate_admin.h"

#include "keygate_token.h"


#define NGX_HTTP_KEYGATE_FAULT_LEN  512


/* Tokens that are taken; never changed, only exchanged for others. */

struct ngx_http_keygate_tokens_s {
    unsigned                           n;
    keygate_token_t                    token[];
};


/* ngx_http_keygate_admin_tokens.c */

/* Reads a file with one token, or with many: NGX_OK, or NGX_ERROR and a line
 * in the log.  A relative path is made a whole one. */
ngx_int_t ngx_http_keygate_tokens_read(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin, ngx_str_t *path, ngx_uint_t many);
/* The token with that digest, if it still holds, or NULL; takes the same time
 * whichever it is. */
const keygate_token_t *ngx_http_keygate_tokens_find(
    ngx_http_keygate_admin_t *admin, u_char digest[KEYGATE_DIGEST_LEN]);
/* The whole file, malloc()ed; or NULL and errno. */
u_char *ngx_http_keygate_tokens_text(const ngx_http_keygate_admin_t *admin,
    size_t *len, struct stat *st);
/* What is in it, malloc()ed; or NULL, and why, without what might be a
 * secret. */
ngx_http_keygate_tokens_t *ngx_http_keygate_tokens_parse(
    const ngx_http_keygate_admin_t *admin, u_char *text, size_t len,
    u_char fault[NGX_HTTP_KEYGATE_FAULT_LEN]);


/* ngx_http_keygate_admin_watch.c */

/* In a worker: reads the file again whenever it changes. */
ngx_int_t ngx_http_keygate_watch_tokens(ngx_http_keygate_admin_t *admin,
    ngx_cycle_t *cycle);


#endif /* NGX_HTTP_KEYGATE_ADMIN_TOKENS_H */
