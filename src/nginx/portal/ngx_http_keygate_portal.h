/*
 * The developers page's API: the admin API with the account forced.  Who
 * asks is told by variables of the location; what is done, and how, is the
 * admin files' business.
 *
 *   ngx_http_keygate_portal_conf.c     the directive
 *   ngx_http_keygate_portal_check.c    its variables, once all are known
 *   ngx_http_keygate_portal_capture.c  those that are captures
 *   ngx_http_keygate_portal_basic.c    $remote_user
 *   ngx_http_keygate_portal_certificate.c  $ssl_client_...
 *   ngx_http_keygate_portal.c          whose request it is, and from where
 *   ngx_http_keygate_portal_words.c    what may be done and granted
 *   ngx_http_keygate_portal_actions.c  which requests there are
 *   ngx_http_keygate_portal_keys.c     rules for keys that are made here
 *   ngx_http_keygate_portal_session.c  GET session
 */

#ifndef _NGX_HTTP_KEYGATE_PORTAL_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_PORTAL_H_INCLUDED_


#include "ngx_http_keygate_admin.h"


/* A list of words: as written, or in a variable. */

typedef struct {
    ngx_int_t                          index;    /* of it; NGX_ERROR: none */
    ngx_str_t                          text;     /* as written */
    unsigned                           given:1;
} ngx_http_keygate_words_t;


struct ngx_http_keygate_portal_s {
    ngx_int_t                          account;  /* index of the variable;
                                                    NGX_ERROR: every account */
    ngx_int_t                          user;
    ngx_http_keygate_words_t           can;
    ngx_http_keygate_words_t           scopes;
    ngx_uint_t                         keys;     /* live ones of an account;
                                                    0: any number */
    time_t                             expires;  /* the longest life; 0: any */
};


/* ngx_http_keygate_portal.c */

ngx_int_t ngx_http_keygate_portal_handler(ngx_http_request_t *r);


/* ngx_http_keygate_portal_capture.c, _basic.c, _certificate.c: what a variable
 * is that a client can set, and what is expected before "a variable that the
 * application sets"; the former leaves *what as it is, the others return NULL,
 * when it is none */

ngx_int_t ngx_http_keygate_portal_capture(ngx_conf_t *cf, ngx_str_t *name,
    const char **what);
const char *ngx_http_keygate_portal_basic(ngx_conf_t *cf, ngx_str_t *name);
const char *ngx_http_keygate_portal_certificate(ngx_conf_t *cf,
    ngx_str_t *name);


/* ngx_http_keygate_portal_words.c */

/* Sets what the caller can do, and which scopes it may grant. */
void ngx_http_keygate_portal_rights(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_http_keygate_caller_t *caller);
/* The words of "can", in their order, that a mask stands for; NULL when out
 * of memory. */
json_t *ngx_http_keygate_portal_can(ngx_uint_t mask);
/* Tells of words that are written in the configuration and stand for
 * nothing. */
void ngx_http_keygate_portal_advise(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);


/* ngx_http_keygate_portal_actions.c: the first one is for a location that
 * serves every account */

extern const ngx_http_keygate_action_t  ngx_http_keygate_portal_actions[];


/* ngx_http_keygate_portal_keys.c, _session.c: what actions do */

void ngx_http_keygate_portal_create(ngx_http_keygate_job_t *job);
void ngx_http_keygate_portal_patch(ngx_http_keygate_job_t *job);
void ngx_http_keygate_portal_session(ngx_http_keygate_job_t *job);


#endif /* _NGX_HTTP_KEYGATE_PORTAL_H_INCLUDED_ */
