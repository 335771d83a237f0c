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
#include "keygate_table_usage.h"

#include "ngx_http_keygate_compat.h"


#define NGX_HTTP_KEYGATE_APIS_MAX   32
#define NGX_HTTP_KEYGATE_LATENCIES  12
#define NGX_HTTP_KEYGATE_ASKED      13    /* of the admin API */
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
    ngx_atomic_t                closed;         /* by keygate_recheck */
} ngx_http_keygate_counters_t;


typedef struct {
    uint64_t                    layout;         /* of this and the table */
    ngx_msec_t                  epoch;          /* of the table's ticks */
    ngx_atomic_t                full;           /* Unix time of the last that
                                                   found no room; 0: none */
    uint64_t                    lists;          /* random: cursors of it */
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
    ngx_atomic_t                store_boot;     /* random: this life's */
    ngx_atomic_t                store_beats;    /* of this life */
    ngx_atomic_t                store_others;   /* that met another node's
                                                   beat under the name */
    ngx_atomic_t                store_up;
    ngx_atomic_t                store_whole;    /* all records were here */
    ngx_atomic_t                store_heard;    /* Unix time */
    ngx_atomic_t                store_nodes;    /* that were there then */
    ngx_atomic_t                store_behind;   /* changes, then */
    ngx_atomic_t                store_links;    /* that were made to follow */
    ngx_atomic_t                store_masters;  /* that followed another */
    ngx_atomic_t                store_forks;    /* it had lost changes */
    ngx_atomic_t                store_merged;   /* brought back from here */
    ngx_atomic_t                store_fulls;    /* copies made anew */
    ngx_atomic_t                usage_errors;   /* writes that have failed */
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
    ngx_shm_zone_t                *quota_zone;  /* NULL: no file keeps them */
    void                          *threads;     /* of quotas and usage */
    size_t                         size;        /* of the zone */
    ngx_uint_t                     written;     /* by an admin API */
    ngx_uint_t                     limits;      /* NGX_CONF_UNSET_UINT, 1: over
                                                   all nodes, 0: each its own */
    ngx_msec_t                     wait;        /* for a lease, at most */
    ngx_uint_t                     outage;      /* keygate_outage_e */
    ngx_msec_t                     max_stale;   /* 0: never is */
    ngx_str_t                      usage;       /* NUL-terminated; or empty */
    ngx_str_t                      node;        /* in its lines */
    ngx_shm_zone_t                *usage_zone;
    ngx_http_keygate_main_conf_t  *main;
    ngx_cycle_t                   *cycle;
    ngx_log_t                     *log;         /* the cycle's */

    ngx_slab_pool_t               *shpool;      /* its mutex is the lock */
    ngx_http_keygate_shared_t     *shared;
    keygate_table_t               *table;
    keygate_leases_t              *leases;      /* NULL: none are needed */
    keygate_quotas_t              *quotas;      /* NULL: no file keeps them */
    keygate_refused_t             *refusals;    /* NULL: usage is off */
    time_t                         loaded;      /* its configuration */

    /* of this process */
    keygate_journal_t             *follower;
    keygate_digester_t            *digester;
    ngx_event_t                    timer;
    void                          *writer;      /* of the admin files */
    void                          *following;   /* of the store's files */
    void                          *leasing;     /* of them, too */
    void                          *keeping;     /* of the quotas' file */
    void                          *walk;        /* of the metrics' files */
    void                          *using;       /* of the usage's file */
    ngx_uint_t                     used;        /* since that was written */
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
    ngx_uint_t                     number;      /* of these */
} ngx_http_keygate_api_t;


struct ngx_http_keygate_main_conf_s {
    ngx_array_t                    zones;       /* of zone_t * */
    ngx_array_t                    apis;        /* of api_t * */
    ngx_int_t                      remote_user; /* the variable's index */
    ngx_array_t                    stores;      /* of store_t * */
    ngx_array_t                    watched;     /* of admin_t *: tokens= */
    ngx_int_t                      preaccess;   /* handler, in all phases' */
    ngx_uint_t                     used;        /* what some location has: */
};

#define NGX_HTTP_KEYGATE_USED_GATE     1
#define NGX_HTTP_KEYGATE_USED_ERRORS   2
#define NGX_HTTP_KEYGATE_USED_BASIC    4        /* or an API, keys as users */
#define NGX_HTTP_KEYGATE_USED_RECHECK  8
#define NGX_HTTP_KEYGATE_USED_SATISFY  16       /* an API, and "satisfy any" */


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
    ngx_msec_t                     recheck;     /* 0: off */
    ngx_flag_t                     identity;    /* _me, _scopes or _auth */
    ngx_http_handler_pt            serves;      /* of keygate's; or NULL */
    ngx_str_t                      serves_name; /* its directive, and where */
    ngx_http_keygate_where_t       serves_where;
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
    const keygate_source_t        *source;      /* of the credential; or NULL */
    keygate_verdict_t             *verdict;     /* and its windows */
    ngx_uint_t                     status;      /* of the refusal; 0: none */
    ngx_msec_t                     recheck;     /* where it was let in */
    unsigned                       dry_run:1;   /* where it was last obeyed */
    unsigned                       reading:1;   /* the body, for a "when" */
    unsigned                       body_done:1;
    unsigned                       led:1;       /* elsewhere, by an upstream */
    unsigned                       auth:1;      /* for another proxy */
    unsigned                       ended:1;     /* its key, while answered */
    unsigned                       odd:1;       /* the hour that it is in */
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

char *ngx_http_keygate_conf_api_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* "NAME|off" into an api_t * slot: NGX_CONF_UNSET_PTR before, OFF for off. */
char *ngx_http_keygate_conf_api_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* The API of that name, made known by its first mention; NULL: no memory. */
ngx_http_keygate_api_t *ngx_http_keygate_conf_api(ngx_conf_t *cf,
    ngx_str_t *name);
/* The file and line of a directive of the block, by what core remembers. */
ngx_http_keygate_where_t ngx_http_keygate_conf_placed(
    ngx_http_keygate_api_t *api, unsigned place);


/* ngx_http_keygate_conf_check.c: what is told apart at the end only */

/* Where an API is used: nginx must let through the header fields that it reads
 * keys from. */
ngx_int_t ngx_http_keygate_conf_underscores(ngx_conf_t *cf,
    ngx_http_keygate_api_t *api);
/* Where a directive of keygate's answers requests (ngx_http_keygate_serve()):
 * no other one may, for it would take its place, and what it is to decide would
 * be open. */
ngx_int_t ngx_http_keygate_conf_alone(ngx_conf_t *cf,
    ngx_http_keygate_loc_conf_t *conf);
/* After the whole http block: every API that is mentioned must exist. */
ngx_int_t ngx_http_keygate_conf_check(ngx_conf_t *cf);


/* ngx_http_keygate_conf_sent.c: where a path goes upstream as it came */

/* Around the reading of a block "http". */
ngx_int_t ngx_http_keygate_sent_watch(ngx_conf_t *cf);
void ngx_http_keygate_sent_unwatch(void *dummy);
void ngx_http_keygate_sent_merge(ngx_conf_t *cf,
    ngx_http_keygate_loc_conf_t *prev, ngx_http_keygate_loc_conf_t *conf);
/* Whether what serves "r" here sends its path as it was received. */
ngx_uint_t ngx_http_keygate_sent_raw(ngx_http_request_t *r);


/* ngx_http_keygate_access.c: one decision a request */

ngx_int_t ngx_http_keygate_access_handler(ngx_http_request_t *r);
/* The last one of the access phase: under "satisfy any" nobody has let the
 * request in, so that a refusal of the gate is the answer. */
ngx_int_t ngx_http_keygate_access_satisfy(ngx_http_request_t *r);
/* Subrequests do not go through the access phase: they obey the decision on
 * the request that makes them or, where none covers them, get their own. */
ngx_int_t ngx_http_keygate_access_preaccess(ngx_http_request_t *r);
/* The decision of that API on this request; made now if it was not yet, so
 * only to be called when the URI is final.  NULL: no memory. */
ngx_http_keygate_ctx_t *ngx_http_keygate_access_decided(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api);
/* The decision that a variable is about, made where it must be; or NULL. */
ngx_http_keygate_ctx_t *ngx_http_keygate_access_ctx(ngx_http_request_t *r);


/* ngx_http_keygate_ctx.c: decisions, kept and found */

/* NULL: no memory.  The verdict is copied. */
ngx_http_keygate_ctx_t *ngx_http_keygate_ctx_create(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_verdict_t *v);
/* The last decision on this request, else on the one that makes it; or
 * NULL. */
ngx_http_keygate_ctx_t *ngx_http_keygate_ctx_get(ngx_http_request_t *r);
/* The same of one API, and whether it covers this request. */
ngx_http_keygate_ctx_t *ngx_http_keygate_ctx_find(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_uint_t *covered);
/* In each location that a request comes to: an upstream which has led it there
 * ends what everybody is let in for. */
void ngx_http_keygate_ctx_led(ngx_http_request_t *r);
/* All decisions on the client request, one after the other, from *cln = NULL
 * on; NULL after the last. */
ngx_http_keygate_ctx_t *ngx_http_keygate_ctx_next(ngx_http_request_t *r,
    ngx_pool_cleanup_t **cln);
/* Whether the client request has been charged by that API. */
ngx_uint_t ngx_http_keygate_ctx_paid(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api);


/* ngx_http_keygate_credential.c: reading credentials */

/* Fills in the credential of what is asked, which has none yet: the first that
 * was sent, how many, and where.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_keygate_credential(ngx_http_request_t *r,
    keygate_api_t *api, keygate_request_t *asked);


/* ngx_http_keygate_strip.c: credentials taken off, and given back */

/* Takes every header line that may carry one off the request, and those that
 * an upstream may take for another method or path. */
ngx_int_t ngx_http_keygate_strip_handler(ngx_http_request_t *r);
/* In the rewrite phases: after an internal redirect they are there again. */
ngx_int_t ngx_http_keygate_strip_give_back(ngx_http_request_t *r);


/* ngx_http_keygate_body.c: row 11, the body of a route with "when" */

/* Reads it; NGX_DECLINED when that has failed and the verdict says so. */
ngx_int_t ngx_http_keygate_body_read(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* Decides on the body that has been read. */
void ngx_http_keygate_body_judge(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* The whole body, in one piece; NGX_DECLINED when there is none. */
ngx_int_t ngx_http_keygate_body_whole(ngx_http_request_t *r,
    keygate_str_t *body);


#include "ngx_http_keygate_refusal.h"


/* ngx_http_keygate_variables.c, ngx_http_keygate_variables_known.c */

ngx_int_t ngx_http_keygate_variables_add(ngx_conf_t *cf);
ngx_int_t ngx_http_keygate_variables_profile(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data);
ngx_int_t ngx_http_keygate_variables_meta(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data);


#include "ngx_http_keygate_headers.h"
#include "ngx_http_keygate_limits.h"
#include "ngx_http_keygate_request.h"
#include "ngx_http_keygate_serve.h"


/* ngx_http_keygate_zone.c, _journal.c and _follow.c */

#include "ngx_http_keygate_zone.h"


#endif /* _NGX_HTTP_KEYGATE_H_INCLUDED_ */
