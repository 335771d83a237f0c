/*
 * The decision: may this request pass, and if not, why not.
 */

#ifndef KEYGATE_DECIDE_H
#define KEYGATE_DECIDE_H

#include "keygate_api.h"
#include "keygate_core.h"
#include "keygate_leases.h"
#include "keygate_quota.h"


/* One a unit for the key, one a unit for its account; and as many for the
 * group of the route. */

#define KEYGATE_WINDOWS_MAX  (4 * KEYGATE_UNITS)


/* What the glue found in the request. */

typedef struct {
    keygate_str_t         method;
    keygate_str_t         raw;           /* the path as received, no query */
    keygate_str_t         rewritten;     /* the path that goes upstream when
                                            nginx has changed it; else empty */
    unsigned char        *decoded;       /* room for raw.len bytes */
    keygate_str_t         destination;   /* the path of COPY's or MOVE's, as
                                            received; empty: none in it */
    unsigned char        *onto_decoded;  /* room for destination.len bytes */
    keygate_str_t         credential;    /* the one that was sent */
    unsigned              n_credentials; /* 0: none; 2: more than one */
    const keygate_source_t  *source;     /* where it was; NULL: nowhere */
    unsigned char         address[16];   /* of the client; IPv4 mapped */
    unsigned              has_address:1;
    unsigned              as_received:1; /* "raw" itself goes upstream */
    unsigned              has_destination:1;
    unsigned              preflight:1;   /* a browser asks for leave first */
    keygate_now_t         now;
    keygate_leases_t     *leases;        /* NULL: limits are of this node */
    keygate_quotas_t     *quotas;        /* NULL: no file has to cover what is
                                            charged */
} keygate_request_t;


/* What a verdict is made with, and of no use afterwards.  Nothing of it has to
 * be cleared. */

typedef struct {
    keygate_cidr_t        addresses[KEYGATE_ADDRESSES_MAX];   /* of the key */
    keygate_window_t      windows[KEYGATE_WINDOWS_MAX];

    struct {                             /* of those who have used nothing in a
                                            group yet, key and account */
        keygate_meter_t   meter;
        keygate_ring_t    rings[KEYGATE_MONTH];
    } unused[2];
} keygate_scratch_t;


/* What is kept of a decision. */

typedef struct {
    keygate_code_e        code;
    keygate_str_t         path;          /* checked and decoded; empty when
                                            ambiguous; "%2F" where
                                            encoded_slash keeps it */
    keygate_route_t      *route;         /* NULL: none */
    keygate_route_t      *routes;        /* of its template, for Allow */
    keygate_route_t      *onto;          /* of a destination; NULL: none */
    keygate_route_t      *onto_routes;
    unsigned              authenticated:1;   /* "key" is valid and live */
    unsigned              known:1;           /* "key" is valid */
    unsigned              charged:1;
    unsigned              paid:1;            /* it was asked for that */
    unsigned              never:1;           /* over a limit that is less than
                                                it costs: no waiting helps, and
                                                retry_after is 0 */
    unsigned              waits:1;           /* for a lease that is on its way:
                                                ask again in a moment */
    unsigned              unsaved:1;         /* "waits" is for a file to cover
                                                what it costs */
    unsigned              preflight:1;       /* that the API's "preflight" is
                                                for */
    unsigned              slash_kept:1;      /* the path has a "%2F" */
    unsigned              lacks:1;       /* a meter for the route's group: ask
                                            again after
                                            keygate_decide_group() */
    unsigned              need_body:1;       /* allowed so far: go on with
                                                keygate_decide_body() */
    const keygate_source_t  *source;     /* of the credential; or NULL */
    const keygate_plan_t *plan;          /* of the account; NULL: unknown */
    const keygate_rates_t *rates;        /* those that hold; NULL: none do */
    unsigned              group;         /* where there is no route, what its
                                            group would be */
    uint64_t              features;      /* that are missing */
    keygate_need_t        need;          /* that is not met, or the route's */
    uint16_t              when_scope;    /* what a "when" asks for */
    uint32_t              retry_after;
    unsigned              n_windows;
    keygate_window_t     *windows;       /* in "scratch", or kept as well */
    keygate_scratch_t    *scratch;       /* NULL: it is kept */
    keygate_key_t         key;
} keygate_verdict_t;


#define KEYGATE_CHECK_ONLY  1   /* charge nothing, touch nothing */
#define KEYGATE_PAID        2   /* has been charged; no rate refuses it */
#define KEYGATE_WAITED      4   /* it has been asked before, and v->waits */

/*
 * Rows 1 to 10 of the decision, in their order.  "v" is filled in whole; the
 * spans in it point into the request and the API, and what it is made with is
 * in "scratch", which whoever keeps it must not.  Never blocks, never
 * allocates.
 */
void keygate_decide(const keygate_api_t *api, keygate_table_t *table,
    keygate_digester_t *digester, const keygate_request_t *request,
    unsigned flags, keygate_scratch_t *scratch, keygate_verdict_t *v);

/* The same for a key that is given by its id instead of a credential. */
void keygate_decide_id(const keygate_api_t *api, keygate_table_t *table,
    keygate_str_t id, const keygate_request_t *request, unsigned flags,
    keygate_scratch_t *scratch, keygate_verdict_t *v);

/*
 * Under the writer's lock, for a verdict that lacks a meter: makes it, for
 * what "v" tells of the key and the route.  KEYGATE_OK or KEYGATE_FULL.
 */
keygate_rc_t keygate_decide_group(const keygate_api_t *api,
    keygate_table_t *table, const keygate_verdict_t *v,
    const keygate_now_t *now);

/*
 * The key of that id and its windows for all routes or, with "group" from 1
 * on, those for the routes of that group alone; with what is left of each, by
 * "leases" where limits are of many nodes (else NULL); charges nothing.
 * KEYGATE_OK, or what keygate_table_find_id() returns, and then there are no
 * windows.
 */
keygate_rc_t keygate_decide_left(const keygate_api_t *api,
    keygate_table_t *table, keygate_leases_t *leases, keygate_str_t id,
    unsigned group, const keygate_now_t *now, keygate_scratch_t *scratch,
    keygate_verdict_t *v);

/*
 * Whether the key of that id, which was let in by that credential, would be
 * let in by rows 4 and 7 at "wall": KEYGATE_ALLOWED, or what refuses it;
 * *found: whether there is such a key at all.  KEYGATE_UNAVAILABLE: what it
 * may do is not known here.  What could not be read just now is
 * KEYGATE_ALLOWED: it is to be looked at again.
 */
keygate_code_e keygate_decide_live(const keygate_table_t *table,
    keygate_digester_t *digester, keygate_str_t id, keygate_str_t credential,
    int64_t wall, int *found);

/*
 * Row 11: looks at the body of a route with "when" rules.  The body must be
 * one JSON object as keygate_strict_object() has it.  Sets v->code; v->need
 * to the scope that is missing.
 *
 * A member counts under any name that some parser takes for it: letters in
 * any case, and "__proto__".
 */
void keygate_decide_body(const keygate_api_t *api, keygate_str_t body,
    keygate_verdict_t *v);

/* What a request says about its body: empty for no such line. */

typedef struct {
    keygate_str_t  type;             /* Content-Type */
    keygate_str_t  encoding;         /* Content-Encoding */
    unsigned       n_types;
    unsigned       n_encodings;
} keygate_media_t;

/*
 * Before that: whether a handler that goes by what the request says reads the
 * body as the JSON that it is.  KEYGATE_OK for no type, JSON, text/plain, and
 * a form of one field; in UTF-8, without an encoding.  KEYGATE_INVALID
 * otherwise, and v->code is set.
 */
keygate_rc_t keygate_decide_media(const keygate_media_t *media,
    keygate_str_t body, keygate_verdict_t *v);

/*
 * The names of the scopes of v->need, of those of them that are missing, and
 * of all that the key holds, implied ones included, in catalogue order; each
 * array has room for KEYGATE_SCOPES_MAX.  Return how many.
 */
unsigned keygate_verdict_required(const keygate_api_t *api,
    const keygate_verdict_t *v, keygate_str_t *names);
unsigned keygate_verdict_missing(const keygate_api_t *api,
    const keygate_verdict_t *v, keygate_str_t *names);
unsigned keygate_verdict_granted(const keygate_api_t *api,
    const keygate_verdict_t *v, keygate_str_t *names);

/* The window nearest its end (least remaining), or NULL when there is none. */
const keygate_window_t *keygate_verdict_nearest(const keygate_verdict_t *v);

/* The value of RateLimit-Policy, where it was made once; else empty.  The time
 * matters where v->rates->monthly says so. */
keygate_str_t keygate_verdict_policy(const keygate_verdict_t *v, int64_t wall);

/*
 * Rate headers as draft-ietf-httpapi-ratelimit-headers has them: writes the
 * value of RateLimit-Policy into an empty buffer; and that of RateLimit into
 * "text", returning its length.  Neither needs more than the size that the
 * third function tells.
 */
void keygate_verdict_policy_of(const keygate_verdict_t *v, int64_t wall,
    keygate_buf_t *policy);
size_t keygate_verdict_left(const keygate_verdict_t *v, unsigned char *text);
size_t keygate_verdict_left_size(const keygate_verdict_t *v);

/* The value of WWW-Authenticate for one of an API's sources, or nothing at
 * all when this verdict has none. */
void keygate_verdict_challenge(const keygate_api_t *api,
    const keygate_source_t *source, const keygate_verdict_t *v,
    keygate_buf_t *out);


#endif /* KEYGATE_DECIDE_H */
