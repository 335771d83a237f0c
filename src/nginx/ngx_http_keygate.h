/*
 * What the files of the nginx glue share: the configuration, the context of
 * a request, and each file's functions, grouped by the file that defines
 * them.
 */

#ifndef _NGX_HTTP_KEYGATE_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/rand.h>

#include "keygate_api.h"
#include "keygate_decide.h"
#include "keygate_error.h"
#include "keygate_json.h"
#include "keygate_journal.h"
#include "keygate_table.h"

#include "ngx_http_keygate_compat.h"


#define NGX_HTTP_KEYGATE_APIS_MAX   32
#define NGX_HTTP_KEYGATE_LATENCIES  12
#define NGX_HTTP_KEYGATE_ASKED      12    /* of the admin API */
#define NGX_HTTP_KEYGATE_CLASSES    4     /* 2xx to 5xx */


/* Where in the configuration something was written. */

typedef struct {
    ngx_str_t                   file;
    ngx_uint_t                  line;
} ngx_http_keygate_where_t;


/*
 * In shared memory, one a zone.  Everything is changed by atomic operations,
 * but for the names, which the zone's lock guards.
 */

typedef struct {
    u_char                      name[64];       /* of an API */
    ngx_atomic_t                decisions[KEYGATE_CODES];
    ngx_atomic_t                refusals[KEYGATE_UNITS];   /* by rate's unit */
    ngx_atomic_t                asked[NGX_HTTP_KEYGATE_ASKED]
                                     [NGX_HTTP_KEYGATE_CLASSES];
} ngx_http_keygate_counters_t;


typedef struct {
    uint64_t                    layout;         /* of this and the table */
    ngx_msec_t                  epoch;          /* of the table's ticks */
    ngx_atomic_t                full;           /* an alert has been given */
    ngx_atomic_t                loads;          /* 1 + reloads that kept it */
    ngx_atomic_t                loaded;         /* Unix time of the last one */
    ngx_atomic_t                applied;        /* lines, as seen last */
    ngx_atomic_t                applied_at;     /* Unix time of that */
    ngx_atomic_t                expiring[2];    /* keys, in 7 and 30 days */
    ngx_atomic_t                writes;         /* batches synced */
    ngx_atomic_t                written;        /* lines in them */
    ngx_atomic_t                write_errors;
    ngx_atomic_t                write_us;       /* spent writing and syncing */
    ngx_atomic_t                write_bucket[NGX_HTTP_KEYGATE_LATENCIES];
    ngx_atomic_t                journal;        /* which path is followed */
    ngx_atomic_t                up;             /* it can be, and has records */
    ngx_atomic_t                store_up;
    ngx_atomic_t                store_whole;    /* all records were here */
    ngx_atomic_t                store_heard;    /* Unix time */
    ngx_atomic_t                store_nodes;    /* that were there then */
    ngx_atomic_t                store_behind;   /* changes, then */
    ngx_atomic_t                store_links;    /* that were made to follow */
    ngx_atomic_t                store_forks;    /* it had lost changes */
    ngx_atomic_t                store_merged;   /* brought back from here */
    ngx_atomic_t                store_fulls;    /* copies made anew */
    ngx_uint_t                  n_apis;
    ngx_http_keygate_counters_t api[NGX_HTTP_KEYGATE_APIS_MAX];
} ngx_http_keygate_shared_t;


typedef struct ngx_http_keygate_main_conf_s  ngx_http_keygate_main_conf_t;
typedef struct ngx_http_keygate_store_s      ngx_http_keygate_store_t;


typedef struct {
    ngx_str_t                      name;
    ngx_http_keygate_where_t       where;
    ngx_str_t                      journal;     /* NUL-terminated; or empty */
    ngx_str_t                      pepper;      /* the file's content */
    ngx_http_keygate_store_t      *store;       /* NULL: none */
    ngx_shm_zone_t                *shm_zone;
    ngx_shm_zone_t                *lease_zone;  /* NULL: limits=node */
    size_t                         size;        /* of the zone */
    ngx_uint_t                     written;     /* by an admin API */
    ngx_uint_t                     limits;      /* NGX_CONF_UNSET_UINT, 1: over
                                                   all nodes, 0: each its own */
    ngx_msec_t                     wait;        /* for a lease, at most */
    ngx_uint_t                     outage;      /* keygate_outage_e */
    ngx_msec_t                     max_stale;   /* 0: never is */
    ngx_http_keygate_main_conf_t  *main;
    ngx_cycle_t                   *cycle;
    ngx_log_t                     *log;         /* the cycle's */

    ngx_slab_pool_t               *shpool;      /* its mutex is the lock */
    ngx_http_keygate_shared_t     *shared;
    keygate_table_t               *table;
    keygate_leases_t              *leases;      /* NULL: none are needed */
    time_t                         loaded;      /* its configuration */

    /* of this process */
    keygate_journal_t             *follower;
    keygate_digester_t            *digester;
    ngx_event_t                    timer;
    void                          *writer;      /* of the admin files */
    void                          *following;   /* of the store's files */
    void                          *leasing;     /* of them, too */
    void                          *walk;        /* of the metrics' files */
    uint64_t                       reported;    /* rejected lines, logged */
    ngx_err_t                      failed;      /* to follow, as logged */
} ngx_http_keygate_zone_t;


typedef struct {
    ngx_str_t                      name;
    ngx_http_keygate_where_t       where;       /* of its block, or first use */
    ngx_http_keygate_where_t       zone_where;  /* of its "zone" */
    ngx_array_t                   *files;       /* of its block: ngx_str_t */
    ngx_http_keygate_zone_t       *zone;
    keygate_api_t                 *core;        /* NULL: not defined (yet) */
    ngx_http_keygate_counters_t   *counters;    /* in the zone */
} ngx_http_keygate_api_t;


struct ngx_http_keygate_main_conf_s {
    ngx_array_t                    zones;       /* of zone_t * */
    ngx_array_t                    apis;        /* of api_t * */
    ngx_int_t                      remote_user; /* the variable's index */
    ngx_array_t                    stores;      /* of store_t * */
    ngx_array_t                    watched;     /* of admin_t *: tokens= */
    ngx_int_t                      preaccess;   /* handler, in all phases' */
};


#define NGX_HTTP_KEYGATE_OFF         ((ngx_http_keygate_api_t *) -2)
#define NGX_HTTP_KEYGATE_SENT_UNSET  ((ngx_http_handler_pt) -1)


typedef struct {
    ngx_http_keygate_api_t        *api;         /* NULL: off */
    ngx_http_keygate_api_t        *errors;      /* NULL: off */
    ngx_http_keygate_api_t        *errors_set;  /* as written, or unset */
    size_t                         inspect;     /* bytes of an upstream's error
                                                   that are looked at */
    ngx_flag_t                     dry_run;
    ngx_uint_t                     log_level;   /* of refusals */
    ngx_flag_t                     identity;    /* _me, _scopes or _auth */
    ngx_http_keygate_where_t       identity_where;
    ngx_flag_t                     auth;        /* keygate_auth */

    void                          *admin;       /* of the admin file */
    ngx_http_handler_pt            sent_by;     /* sends paths as received;
                                                   NULL: nothing does */
} ngx_http_keygate_loc_conf_t;


/*
 * The decision on one client request; made once, found again after internal
 * redirects, which wipe module contexts, through a pool cleanup.  Another API
 * makes one of its own, and so does a subrequest that no decision covers.
 */

typedef struct ngx_http_keygate_ctx_s  ngx_http_keygate_ctx_t;

struct ngx_http_keygate_ctx_s {
    ngx_http_keygate_api_t        *api;
    ngx_http_request_t            *owner;       /* what it was made for */
    ngx_http_upstream_t           *upstream;    /* that had led there */
    keygate_str_t                  credential;  /* before it was stripped */
    ngx_uint_t                     n_credentials;
    keygate_verdict_t             *verdict;     /* up to key.addresses, and its
                                                   windows */
    ngx_uint_t                     status;      /* of the refusal; 0: none */
    unsigned                       dry_run:1;   /* where it was last obeyed */
    unsigned                       reading:1;   /* the body, for a "when" */
    unsigned                       body_done:1;
    unsigned                       led:1;       /* elsewhere, by an upstream */
    unsigned                       auth:1;      /* for another proxy */
    unsigned                       stripped:1;  /* what was taken off is in: */
    ngx_list_t                     headers;     /* of the request, all */
    ngx_table_elt_t               *authorization;
};


/* ngx_http_keygate_module.c: directives */

extern ngx_module_t  ngx_http_keygate_module;
extern ngx_module_t  ngx_http_keygate_error_filter_module;


/* ngx_http_keygate_conf_zone.c: what keygate_zone does */

char *ngx_http_keygate_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_keygate_conf.c: what the directives about APIs do */

char *ngx_http_keygate_api_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* "NAME|off" into an api_t * slot: NGX_CONF_UNSET_PTR before, OFF for off. */
char *ngx_http_keygate_api_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* The API of that name, made known by its first mention; NULL: no memory. */
ngx_http_keygate_api_t *ngx_http_keygate_api_get(ngx_conf_t *cf,
    ngx_str_t *name);
/* The file and line of a directive of the block, by what core remembers. */
ngx_http_keygate_where_t ngx_http_keygate_conf_placed(
    ngx_http_keygate_api_t *api, unsigned place);


/* ngx_http_keygate_conf_check.c: what is told apart at the end only */

/* Where an API is used: nginx must let through the header fields that it reads
 * keys from. */
ngx_int_t ngx_http_keygate_conf_underscores(ngx_conf_t *cf,
    ngx_http_keygate_api_t *api);
/* After the whole http block: every API that is mentioned must exist. */
ngx_int_t ngx_http_keygate_conf_check(ngx_conf_t *cf);


/* ngx_http_keygate_conf_sent.c: where a path goes upstream as it came */

/* Around the reading of a block "http". */
ngx_int_t ngx_http_keygate_watch(ngx_conf_t *cf);
void ngx_http_keygate_unwatch(void *dummy);
void ngx_http_keygate_merge_sent(ngx_conf_t *cf,
    ngx_http_keygate_loc_conf_t *prev, ngx_http_keygate_loc_conf_t *conf);
/* Whether what serves "r" here sends its path as it was received. */
ngx_uint_t ngx_http_keygate_sent_raw(ngx_http_request_t *r);


/* ngx_http_keygate_access.c: one decision a request */

ngx_int_t ngx_http_keygate_access_handler(ngx_http_request_t *r);
/* The last one of the access phase: under "satisfy any" nobody has let the
 * request in, so that a refusal of the gate is the answer. */
ngx_int_t ngx_http_keygate_satisfy_handler(ngx_http_request_t *r);
/* Subrequests do not go through the access phase: they obey the decision on
 * the request that makes them or, where none covers them, get their own. */
ngx_int_t ngx_http_keygate_preaccess_handler(ngx_http_request_t *r);
/* The decision of that API on this request; made now if it was not yet, so
 * only to be called when the URI is final.  NULL: no memory. */
ngx_http_keygate_ctx_t *ngx_http_keygate_decided(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api);


/* ngx_http_keygate_early.c: what nginx refuses before there is a location */

/* The decision on a request that nginx has refused with 400, if the gate, or
 * the one whose errors hold, refuses it as well; else, or without memory,
 * NULL. */
ngx_http_keygate_ctx_t *ngx_http_keygate_early(ngx_http_request_t *r);


/* ngx_http_keygate_ctx.c: decisions, kept and found */

/* NULL: no memory.  The verdict is copied. */
ngx_http_keygate_ctx_t *ngx_http_keygate_create_ctx(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_verdict_t *v);
/* The last decision on this request, else on the one that makes it; or
 * NULL. */
ngx_http_keygate_ctx_t *ngx_http_keygate_get_ctx(ngx_http_request_t *r);
/* The same of one API, and whether it covers this request. */
ngx_http_keygate_ctx_t *ngx_http_keygate_find_ctx(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_uint_t *covered);
/* In each location that a request comes to: an upstream which has led it there
 * ends what everybody is let in for. */
void ngx_http_keygate_led(ngx_http_request_t *r);
/* All decisions on the client request, one after the other, from *cln = NULL
 * on; NULL after the last. */
ngx_http_keygate_ctx_t *ngx_http_keygate_next_ctx(ngx_http_request_t *r,
    ngx_pool_cleanup_t **cln);
/* Whether the client request has been charged by that API. */
ngx_uint_t ngx_http_keygate_paid(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api);


/* ngx_http_keygate_credential.c: reading credentials */

/* How many were sent (0, 1, or 2 for more); *credential is the first.
 * NGX_ERROR: no memory. */
ngx_int_t ngx_http_keygate_credential(ngx_http_request_t *r,
    keygate_api_t *api, keygate_str_t *credential, ngx_uint_t *n);


/* ngx_http_keygate_strip.c: credentials taken off, and given back */

/* Takes every header line that may carry one off the request, and those that
 * an upstream may take for another method or path. */
ngx_int_t ngx_http_keygate_precontent_handler(ngx_http_request_t *r);
/* In the rewrite phases: after an internal redirect they are there again. */
ngx_int_t ngx_http_keygate_give_back_handler(ngx_http_request_t *r);


/* ngx_http_keygate_body.c: row 11, the body of a route with "when" */

/* Reads it; NGX_DECLINED when that has failed and the verdict says so. */
ngx_int_t ngx_http_keygate_read_body(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* Decides on the body that has been read. */
void ngx_http_keygate_judge_body(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* The whole body, in one piece; NGX_DECLINED when there is none. */
ngx_int_t ngx_http_keygate_body_whole(ngx_http_request_t *r,
    keygate_str_t *body);


/* ngx_http_keygate_refusal.c: a verdict as an error */

/* Describes the gate's refusal for keygate_error_body(); pool memory. */
ngx_int_t ngx_http_keygate_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_error_t *e);
/* Its status: where it is worth while to try again, a failure is 503. */
ngx_uint_t ngx_http_keygate_refusal_status(const keygate_api_t *api,
    const keygate_verdict_t *v);
/* The body of an error, in pool memory: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_keygate_error_text(ngx_http_request_t *r,
    const keygate_texts_t *texts, keygate_error_t *e, ngx_str_t *body);
/* Instance (unless it has anything like a key of the API in it) and request
 * id, which every error has. */
ngx_int_t ngx_http_keygate_describe(ngx_http_request_t *r, keygate_api_t *api,
    keygate_error_t *e);
ngx_int_t ngx_http_keygate_request_id(ngx_http_request_t *r, keygate_str_t *id);
ngx_int_t ngx_http_keygate_refusal_init(ngx_conf_t *cf);
/* Whether there is anything with the shape of a key: clients do put them into
 * paths, and no body or log line may repeat one. */
ngx_uint_t ngx_http_keygate_has_key(keygate_api_t *api, u_char *data,
    size_t len);


/* ngx_http_keygate_log.c: a verdict as a log line */

/* Logs a refusal (or what dry_run would have refused) without nginx's own
 * suffix, whose request line may hold a credential. */
void ngx_http_keygate_log_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);


/* ngx_http_keygate_variables.c, ngx_http_keygate_variables_known.c */

ngx_int_t ngx_http_keygate_add_variables(ngx_conf_t *cf);
/* The decision that a variable is about, made where it must be; or NULL. */
ngx_http_keygate_ctx_t *ngx_http_keygate_variable_ctx(ngx_http_request_t *r);
ngx_int_t ngx_http_keygate_variable_profile(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data);
ngx_int_t ngx_http_keygate_variable_meta(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data);


/* ngx_http_keygate_identity.c: keygate_me, keygate_scopes */

char *ngx_http_keygate_me_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_keygate_scopes_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* Makes "handler" the location's, which has no other. */
char *ngx_http_keygate_serve(ngx_conf_t *cf, ngx_http_handler_pt handler);
/* Makes "handler" the location's, which has no other that tells who calls. */
char *ngx_http_keygate_identity(ngx_conf_t *cf, void *conf,
    ngx_http_handler_pt handler);
/* Sends a whole body with that status and Cache-Control: no-store. */
ngx_int_t ngx_http_keygate_send_json(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body);


/* ngx_http_keygate_auth.c: keygate_auth */

char *ngx_http_keygate_auth_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#include "ngx_http_keygate_headers.h"
#include "ngx_http_keygate_limits.h"
#include "ngx_http_keygate_request.h"


/* ngx_http_keygate_zone.c, _journal.c and _follow.c */

#include "ngx_http_keygate_zone.h"


#endif /* _NGX_HTTP_KEYGATE_H_INCLUDED_ */
