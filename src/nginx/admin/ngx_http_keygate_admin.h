/*
 * What the files of the admin API share: the location, one action, and the
 * job that carries a request through a thread and back.
 *
 *   ngx_http_keygate_admin_conf.c       the directive
 *   ngx_http_keygate_admin_place.c      its location
 *   ngx_http_keygate_admin_actions.c    which requests there are
 *   ngx_http_keygate_admin_tokens.c     tokens and their files
 *   ngx_http_keygate_admin_watch.c      which are read again
 *   ngx_http_keygate_admin.c            token, dispatch
 *   ngx_http_keygate_admin_request.c    path and body
 *   ngx_http_keygate_admin_bounds.c     what no record can hold
 *   ngx_http_keygate_admin_query.c      parameters and conditions
 *   ngx_http_keygate_admin_job.c        the life of a job
 *   ngx_http_keygate_admin_thread.c     the only file that posts to threads
 *   ngx_http_keygate_admin_answer.c     what is sent
 *   ngx_http_keygate_admin_record.c     records found and proposed
 *   ngx_http_keygate_admin_view.c       records shown
 *   ngx_http_keygate_admin_keys.c       changes of keys
 *   ngx_http_keygate_admin_accounts.c   changes of accounts
 *   ngx_http_keygate_admin_none.c       records that are not there
 *   ngx_http_keygate_admin_list.c       records one by one and by the page
 *   ngx_http_keygate_admin_cursor.c     where the next page begins
 *   ngx_http_keygate_admin_catalogue.c  scopes, routes
 *   ngx_http_keygate_admin_check.c      what the gate would decide
 *   ngx_http_keygate_admin_usage.c      what keys were used for
 *   ngx_http_keygate_admin_write.c      changes gathered into batches
 *   ngx_http_keygate_admin_batch.c      one batch, in a thread
 *   ngx_http_keygate_admin_audit.c      who changed what
 */

#ifndef _NGX_HTTP_KEYGATE_ADMIN_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_ADMIN_H_INCLUDED_


#include "ngx_http_keygate_admin_module.h"

#include "keygate_change.h"
#include "keygate_credential.h"
#include "keygate_engine.h"
#include "keygate_filter.h"
#include "keygate_json.h"


#define NGX_HTTP_KEYGATE_BODY_MAX       65536
#define NGX_HTTP_KEYGATE_ETAG_MAX       sizeof("\"01234567890123456789\"")
#define NGX_HTTP_KEYGATE_UNPROCESSABLE  422
#define NGX_HTTP_KEYGATE_RID            32      /* bytes of $request_id */


typedef struct ngx_http_keygate_job_s     ngx_http_keygate_job_t;
typedef struct ngx_http_keygate_writer_s  ngx_http_keygate_writer_t;
typedef struct ngx_http_keygate_tokens_s  ngx_http_keygate_tokens_t;
typedef struct ngx_http_keygate_portal_s  ngx_http_keygate_portal_t;


typedef struct {
    const char                        *directive;
    ngx_http_keygate_api_t            *api;
    ngx_http_keygate_api_t            *errors;   /* the API with problems */
    ngx_http_keygate_where_t           where;
    ngx_str_t                          location;
    keygate_str_t                      base;     /* of it, no last '/' */
    keygate_format_t                  *foreign;  /* of other APIs whose keys
                                                    are in the same zone */
    ngx_uint_t                         n_foreign;
    keygate_router_t                  *router;
    void                              *threads;  /* ngx_thread_pool_t */

    /* keygate_portal's; NULL: this is keygate_admin */
    ngx_http_keygate_portal_t         *portal;

    /* keygate_admin's */
    ngx_str_t                          challenge;
    ngx_http_keygate_tokens_t         *tokens;
    ngx_str_t                          tokens_path;
    ngx_uint_t                         one;      /* token=, not tokens= */
} ngx_http_keygate_admin_t;


/* What somebody can do; each action asks for one of them. */

#define NGX_HTTP_KEYGATE_CAN_READ      0x0001
#define NGX_HTTP_KEYGATE_CAN_CREATE    0x0002
#define NGX_HTTP_KEYGATE_CAN_CHANGE    0x0004
#define NGX_HTTP_KEYGATE_CAN_ROTATE    0x0008
#define NGX_HTTP_KEYGATE_CAN_REVOKE    0x0010
#define NGX_HTTP_KEYGATE_CAN_CHECK     0x0020
#define NGX_HTTP_KEYGATE_CAN_USAGE     0x0040
#define NGX_HTTP_KEYGATE_CAN_DELETE    0x0080
#define NGX_HTTP_KEYGATE_CAN_ACCOUNTS  0x0100


/* Who asks. */

typedef struct {
    char                               actor[KEYGATE_TEXT_MAX + 1];
    ngx_uint_t                         can;

    /* of a portal */
    char                               account[KEYGATE_ID_MAX + 1];
                                                 /* empty: every one */
    keygate_set_t                      offered;  /* scopes, by catalogue
                                                    index */
} ngx_http_keygate_caller_t;


typedef enum {
    NGX_HTTP_KEYGATE_NO_BODY = 0,
    NGX_HTTP_KEYGATE_BODY_OPTIONAL,
    NGX_HTTP_KEYGATE_BODY
} ngx_http_keygate_body_e;


/* Where an action is done. */

typedef enum {
    NGX_HTTP_KEYGATE_AT_ONCE = 0,       /* neither file nor lock */
    NGX_HTTP_KEYGATE_READ,              /* in a thread, any number at once */
    NGX_HTTP_KEYGATE_WRITE              /* in a thread, as part of a batch */
} ngx_http_keygate_way_e;


typedef struct {
    const char                        *method;
    const char                        *path;
    ngx_http_keygate_way_e             way;
    ngx_http_keygate_body_e            body;
    void                             (*run)(ngx_http_keygate_job_t *job);
    const char                        *event;    /* of a change, in the audit */
    ngx_uint_t                         can;      /* what it takes; 0: nothing */
    unsigned                           query:1;  /* those of lists are taken */
    unsigned                           alone:1;  /* in a batch of its own */
} ngx_http_keygate_action_t;


/* A route of the admin API in the core's matcher. */

typedef struct {
    keygate_route_t                    route;    /* first */
    const ngx_http_keygate_action_t   *action;
} ngx_http_keygate_admin_route_t;


/*
 * Everything in a job is malloc()ed: it outlives the request when the client
 * goes away, and a thread must not touch the request's pool.  While "busy" it
 * belongs to a thread or to the writer, but for "request", which is the event
 * loop's.
 */

struct ngx_http_keygate_job_s {
    ngx_http_request_t                *request;  /* NULL: gone */
    ngx_http_keygate_admin_t          *admin;
    const ngx_http_keygate_action_t   *action;
    ngx_http_keygate_job_t            *next;     /* in the writer's queue */
    void                              *task;     /* ngx_thread_task_t */
    unsigned                           busy:1;
    unsigned                           asked:1;  /* a cursor is given */

    /* who asks */
    ngx_http_keygate_caller_t          caller;
    char                               client[NGX_SOCKADDR_STRLEN + 1];
    char                               request_id[NGX_HTTP_KEYGATE_RID + 1];

    /* what is asked for */
    char                               id[KEYGATE_ID_MAX + 1];
    u_char                            *query;    /* what the filter points to */
    keygate_filter_t                   filter;
    ngx_uint_t                         limit;
    ngx_uint_t                         days;     /* of usage */
    char                               account[KEYGATE_ID_MAX + 1];
                                                 /* whose that is */
    uint64_t                           cursor;
    u_char                             proof[8];     /* of the cursor */
    json_t                            *body;
    json_t                            *made;     /* a key of a portal, to be
                                                    shown when it is there */
    const json_t                      *held;     /* scopes that a key has */
    char                              *if_match;
    char                              *if_none_match;
    keygate_now_t                      now;

    /* what it is done with */
    keygate_journal_t                 *journal;
    ngx_http_keygate_writer_t         *writer;

    /* what comes of it: a status, and then a text or what is wrong */
    ngx_uint_t                         status;
    u_char                            *text;
    size_t                             len;
    const char                        *code;     /* NULL: goes by the status */
    const char                        *detail;
    char                               reason[256];  /* a detail of its own */
    json_t                            *faults;
    json_t                            *own_faults;   /* of a portal */
    char                               etag[NGX_HTTP_KEYGATE_ETAG_MAX];
    char                               credential[KEYGATE_CREDENTIAL_MAX + 1];
    unsigned                           located:1;    /* Location: is sent */

    /* a change: its line, none when there is nothing to change */
    keygate_kind_e                     kind;
    char                              *line;
    size_t                             line_len;
    uint64_t                           at;
    u_char                            *changes;      /* JSON */
    size_t                             changes_len;
    char                               parent[KEYGATE_ID_MAX + 1];
    unsigned                           fresh:1;      /* needs room */
    unsigned                           gone:1;       /* a deleted one */
    unsigned                           enlivens:1;   /* a key that was not
                                                        live before */
    unsigned                           takes:1;      /* a right away */
    unsigned                           written:1;    /* whatever the answer */
    unsigned                           unsure:1;     /* whether it is written */
    unsigned                           nomem:1;

    /* of a zone with a store */
    json_t                            *given;        /* the body, meanwhile */
    unsigned                           open:1;       /* still to be made */
    unsigned                           tries:2;
    ngx_msec_t                         wait;         /* for the other nodes */
    ngx_msec_t                         until;
    unsigned                           waits:1;      /* "wait" was given */
    uint64_t                           version;      /* 0: not there */
    u_char                            *receipt;      /* JSON */
    size_t                             receipt_len;
    char                               durable[KEYGATE_ENGINE_DURABLE];
};


/* ngx_http_keygate_admin.c */

ngx_int_t ngx_http_keygate_admin_handler(ngx_http_request_t *r);
/* Does what the request asks for, if that caller can. */
ngx_int_t ngx_http_keygate_admin_dispatch(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_caller_t *caller);


/* ngx_http_keygate_admin_actions.c */

extern const ngx_http_keygate_action_t  ngx_http_keygate_admin_actions[];


/* ngx_http_keygate_admin_place.c */

/* What "keygate_admin NAME ..." and its like have in common: makes the
 * location's own, with those actions (the last one has no method). */
char *ngx_http_keygate_admin_place(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf, const ngx_http_keygate_action_t *actions,
    ngx_http_handler_pt handler, ngx_http_keygate_admin_t **placed);


/* ngx_http_keygate_admin_request.c, _query.c */

/* NGX_OK, the route and the id in the path; or the status that refuses. */
ngx_int_t ngx_http_keygate_admin_find(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, keygate_route_t **route,
    keygate_route_t **routes, char id[KEYGATE_ID_MAX + 1]);
/* Parameters and conditions; sets the job's status unless all is well. */
ngx_int_t ngx_http_keygate_admin_ask(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
/* Whether the headers let the body in; sets the job's status otherwise. */
void ngx_http_keygate_admin_body_type(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
/* The body that was read, parsed into job->body. */
ngx_int_t ngx_http_keygate_admin_body(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);


/* ngx_http_keygate_admin_thread.c */

/* By name, or "default"; NULL, and an error in the log: there are none. */
void *ngx_http_keygate_threads(ngx_conf_t *cf, ngx_str_t *name);
void *ngx_http_keygate_thread_create(void *data, void (*run)(void *data),
    void (*done)(void *data));
ngx_int_t ngx_http_keygate_thread_post(void *threads, void *task);
void ngx_http_keygate_thread_destroy(void *task);


/* ngx_http_keygate_admin_answer.c */

ngx_int_t ngx_http_keygate_admin_answer(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
/* It is done: answers, in the event loop. */
void ngx_http_keygate_answer_done(ngx_http_keygate_job_t *job);
/* A problem document; "code" (by the status, then) and "faults" may be
 * NULL. */
ngx_int_t ngx_http_keygate_admin_problem(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_uint_t status, const char *code,
    const char *detail, json_t *faults);


/* ngx_http_keygate_admin_record.c: all in a thread, with job->journal */

/* The record that the job is about, which is to be freed, and its etag; or
 * NGX_ERROR and a status.  If-Match is honoured in changes. */
ngx_int_t ngx_http_keygate_admin_current(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, keygate_record_t *record);
/* Makes "after", taken over, the job's change and answer; "faults" are given
 * where it is NULL. */
void ngx_http_keygate_admin_propose(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, ngx_uint_t status, const json_t *before,
    json_t *after, json_t *faults);
/* The same for a record that is to be deleted. */
void ngx_http_keygate_admin_remove(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, const json_t *before);
/* The record's entity tag is its version in the store. */
void ngx_http_keygate_record_version(ngx_http_keygate_job_t *job,
    uint64_t version);
/* Whether an entity tag is in the list of a condition. */
ngx_uint_t ngx_http_keygate_admin_tagged(const char *list, const char *etag);


/* ngx_http_keygate_admin_sees.c */

/* Whether a key is any business of whoever asks. */
ngx_uint_t ngx_http_keygate_admin_sees(ngx_http_keygate_job_t *job,
    const keygate_key_t *key);


/* ngx_http_keygate_admin_view.c: in a thread, too */

/* How a record is shown, NULL when out of memory. */
json_t *ngx_http_keygate_admin_view(ngx_http_keygate_job_t *job,
    keygate_kind_e kind, const json_t *record);


/* ngx_http_keygate_admin_keys.c, _list.c, _catalogue.c, _check.c */

/* What keygate_change.h asks about the catalogue.  In a portal, scopes that are
 * not offered are none, but for those in job->held. */
void ngx_http_keygate_admin_known(ngx_http_keygate_job_t *job,
    keygate_known_t *known);
/* ngx_http_keygate_admin_rates.c: what is left of each rate, as /check has it;
 * NULL when out of memory. */
json_t *ngx_http_keygate_admin_rates(ngx_http_keygate_job_t *job,
    const keygate_verdict_t *v);
/* A scope of the catalogue, likewise. */
json_t *ngx_http_keygate_admin_scope(const keygate_catalogue_t *c,
    const keygate_scope_t *scope);
/* An array of strings, NULL when out of memory. */
json_t *ngx_http_keygate_admin_names(const keygate_str_t *names, unsigned n);
json_t *ngx_http_keygate_admin_string(keygate_str_t s);
/* The names of the API's features that are in the mask. */
json_t *ngx_http_keygate_admin_features(const keygate_api_t *api,
    uint64_t mask);
/* The rules of a route; those about scopes that a grant, if given, lacks
 * count as missing. */
json_t *ngx_http_keygate_admin_when(const keygate_api_t *api,
    const keygate_route_t *route, const keygate_set_t *grant);


/* ngx_http_keygate_portal_check.c, _crowd.c */

/* Once all has been read: NGX_ERROR, and told in the log, where a client would
 * choose who it is. */
ngx_int_t ngx_http_keygate_portal_check(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);
/* Whether a change would give the account more live keys than it may have. */
ngx_uint_t ngx_http_keygate_portal_crowded(ngx_http_keygate_job_t *job,
    const json_t *before, const json_t *after);


/* ngx_http_keygate_admin_audit.c */

/* What differs, as JSON without secrets; malloc()ed, NULL when out of
 * memory. */
u_char *ngx_http_keygate_audit_changes(const json_t *before,
    const json_t *after, size_t *len);
/* Tells that a job's change is in force. */
void ngx_http_keygate_audit(ngx_http_keygate_job_t *job);


#include "ngx_http_keygate_admin_actions.h"
#include "ngx_http_keygate_admin_cursor.h"
#include "ngx_http_keygate_admin_job.h"
#include "ngx_http_keygate_admin_write.h"


#endif /* _NGX_HTTP_KEYGATE_ADMIN_H_INCLUDED_ */
