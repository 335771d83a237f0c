/*
 * Leases: what a node may admit for a holder of rates that hold over many
 * nodes.
 *
 * A ledger, which all nodes share, counts what each holder has used and what
 * it has granted, and never grants more than is left.  A node admits by what
 * it has been granted alone: while its meter's count stays within a ceiling,
 * and until a deadline.  Counts that it tells are absolute, so an exchange
 * that is lost, doubled or late changes nothing, and what it has not told yet
 * is covered by what was granted: in no window are more units admitted than
 * its limit.
 *
 * Here is only when a node asks for how much, and when it gives back.  No
 * clock, no socket, no engine: time is passed in, and so are answers.
 *
 *            admits              half spent, or soon over
 *   +------+ by own rates  +-------+   ask    +------+
 *   | rest |-------------->| wants |--------->| open |---+ ask, granted
 *   +------+  no lease     +-------+  granted +------+<--+
 *      ^                                         | not used for half of its
 *      |        +---------+  a moment later      | time, or over
 *      +--------| closing |<---------------------+
 *       given   +---------+
 *       back
 *
 * A lease is in shared memory.  Those who charge read it, add to "wanted" and
 * set "stirred"; the rest is for the one exchanger of a node.
 */

#ifndef KEYGATE_LEASE_H
#define KEYGATE_LEASE_H

#include "keygate_rate.h"


#define KEYGATE_HOLDER_GROUP 2           /* a holder's bit: what it has used in
                                            a group of routes */

#define KEYGATE_LEASE_MOST   600000      /* ms that one may last */
#define KEYGATE_LEASE_TURN   20          /* ms between two looks at a lease */
#define KEYGATE_LEASE_QUEUE  64          /* requests that wait for one lease */
#define KEYGATE_LEASE_GRACE  500         /* ms after which a ledger takes what
                                            a silent node was granted as used;
                                            nodes keep to less */


typedef struct keygate_lease_s {
    uint64_t  holder;                    /* whose, and its rates; 0: free */
    uint64_t  grant;                     /* deadline and ceiling, or 0 */
    uint32_t  wanted;                    /* units that found no lease, since
                                            the last look */
    uint32_t  stirred;                   /* there is something to look at */
    uint32_t  denied;                    /* ms until which nothing is to be
                                            had; 0: now */
    uint32_t  met;                       /* the ledger has answered */
    uint32_t  limits[KEYGATE_UNITS];     /* 0: no rate of that unit */
    uint32_t  others[KEYGATE_UNITS];     /* used elsewhere, by the last
                                            answer */
    uint32_t  free_at[KEYGATE_UNITS];    /* second from which on a unit more
                                            is to be had there; 0: now */

    /* the exchanger's */
    uint64_t  looked;                    /* ms */
    uint64_t  until;                     /* ms; 0: closed */
    uint64_t  used_at;                   /* ms of the last demand */
    uint64_t  denied_until;              /* ms */
    uint32_t  seen;                      /* count at the last look */
    uint32_t  told;                      /* count at the last exchange */
    uint32_t  wants;                     /* units that wait for an answer */
    uint32_t  granted;                   /* balance after the last answer */
    uint32_t  validity;                  /* ms */
    uint32_t  pace;                      /* demand, units in 1000 s */
    uint32_t  share;                     /* of all use, in thousandths */
    uint32_t  closing;
    uint32_t  identity;                  /* of whom it was asked for */
    uint32_t  taken;                     /* s of the last answer */
} __attribute__((aligned(64))) keygate_lease_t;


/* What is to be done about a lease. */

typedef enum {
    KEYGATE_LEASE_KEEP = 0,              /* nothing, but look again */
    KEYGATE_LEASE_REST,                  /* nothing, until it is stirred */
    KEYGATE_LEASE_ASK,                   /* for "want" units beyond its own */
    KEYGATE_LEASE_RETURN                 /* what is left goes back */
} keygate_lease_e;


/* A ledger's answer to an exchange. */

typedef struct {
    uint32_t  ceiling;                   /* the count that may be reached */
    uint32_t  validity;                  /* ms since it was asked */
    uint32_t  denied;                    /* ms in which it is of no use to ask
                                            for more */
    uint32_t  others[KEYGATE_UNITS];     /* units in use, but not here */
    uint32_t  free_in[KEYGATE_UNITS];    /* ms until there is one more */
    uint32_t  share;                     /* of all use, in thousandths */
} keygate_grant_t;


/* -- For those who charge -------------------------------------------------- */

/* Times are in ms since the table's epoch.  Whether "cost" more than "count"
 * may be admitted; not, if it has become the lease of another holder. */
int keygate_lease_covers(const keygate_lease_t *lease, uint64_t holder,
    uint32_t count, uint32_t cost, uint64_t ms);

/* How many units more than "count" may be admitted by it; NULL: none. */
uint32_t keygate_lease_room(const keygate_lease_t *lease, uint64_t holder,
    uint32_t count, uint64_t ms);

/* Whether asking is of no use now: by the last answer nothing is left. */
int keygate_lease_denied(const keygate_lease_t *lease, uint64_t ms);

/* Seconds until others leave a unit more; 0: by the last answer they do. */
uint32_t keygate_lease_free_in(const keygate_lease_t *lease,
    keygate_unit_e unit, uint64_t ms);

/* A request has found no lease for "cost" units.  0: so many wait for it that
 * this one cannot. */
int keygate_lease_want(keygate_lease_t *lease, uint32_t cost);

/* How many units of a rate are admitted unasked for a holder that this node
 * has not met, of "nodes" nodes: together with others' at most one in a
 * hundred. */
uint32_t keygate_lease_float(uint32_t limit, uint32_t nodes);

/* What a node may admit of a limit while nobody answers: its part, or what it
 * had of it, which is true for as long as the longest rate. */
uint32_t keygate_lease_alone(const keygate_lease_t *lease, uint32_t limit,
    uint32_t nodes, uint64_t ms);

/* -- For the exchanger ----------------------------------------------------- */

/*
 * Looks at a lease whose meter's count is "count", at "ms" since the table's
 * epoch; "delay" is how long an exchange takes, in ms.  For KEYGATE_LEASE_ASK
 * sets *want, which may be 0: then only the time is to be longer.
 */
keygate_lease_e keygate_lease_look(keygate_lease_t *lease, uint32_t count,
    uint64_t ms, uint32_t delay, uint32_t *want);

/* An exchange that told "count" and was sent at "sent" has been answered at
 * "ms".  Returns 1 when it is worth while to look again at once. */
int keygate_lease_take(keygate_lease_t *lease, const keygate_grant_t *grant,
    uint32_t count, uint64_t sent, uint64_t ms);

/* Closes a lease at once, of which nothing is known any more. */
void keygate_lease_drop(keygate_lease_t *lease, uint32_t count);

/* The same when its windows were emptied: what is left of it goes back with
 * the next look but one.  Returns 1 if it had something. */
int keygate_lease_empty(keygate_lease_t *lease, uint32_t count);


#endif /* KEYGATE_LEASE_H */
