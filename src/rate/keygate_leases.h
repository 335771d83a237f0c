/*
 * The leases of a node, in memory that its workers share.  No lock: a seat is
 * taken by one compare-and-swap.
 *
 *    keygate_leases_t     seats: 8 in a cache line      leases
 *   +----------------+   +--------+--------+-- ... --+   +---------+-- ... --+
 *   | nodes, down,.. |   | holder | holder |         |   | holder, |         |
 *   | stirred: a bit |   +--------+--------+-- ... --+   | grant.. |         |
 *   | for each lease |     the same place for both      +---------+-- ... --+
 *   +----------------+
 *
 * A holder has its seat among the eight that a hash of it tells.  A lease that
 * rests may be taken over by another holder; who still holds on to it is told
 * by the holder's word beside the grant.
 */

#ifndef KEYGATE_LEASES_H
#define KEYGATE_LEASES_H

#include "keygate_lease.h"


typedef enum {
    KEYGATE_OUTAGE_SHARE = 0,            /* a part of each limit */
    KEYGATE_OUTAGE_NODE,                 /* each limit as if alone */
    KEYGATE_OUTAGE_REFUSE                /* nothing that a limit counts */
} keygate_outage_e;


/* Written by one process and read by all, but for the counters. */

typedef struct {
    uint32_t   seats;
    uint32_t   nodes;                    /* that are there; 0: not known */
    uint32_t   down;                     /* nobody answers */
    uint32_t   heard;                    /* s, when the exchanger was done
                                            last; 0: never */
    uint32_t   outage;                   /* keygate_outage_e, for then */
    uint32_t   stirring;                 /* any bit may be set */
    uint32_t   boot;                     /* random; another one: counts begin
                                            anew */
    uint64_t   exchanger;                /* the process, and since when */

    uint64_t   exchanges;                /* that were answered */
    uint64_t   failures;
    uint64_t   admitted;                 /* after they had waited */
    uint64_t   refused;                  /* though they had */
    uint64_t   early;                    /* refused while units were left */
    uint64_t  *stirred;
    uint64_t  *holders;
    keygate_lease_t  *leases;
} keygate_leases_t;


/* How many bytes leases for a table of "size" bytes take. */
size_t keygate_leases_size(size_t size);

/* Makes leases in zeroed memory for a table of "size" bytes. */
void keygate_leases_init(keygate_leases_t *leases, size_t size,
    uint32_t boot);

/*
 * The lease of a holder, whose rates are part of its number; made when it has
 * none.  NULL: all the seats that it could have are taken.
 */
keygate_lease_t *keygate_leases_get(keygate_leases_t *leases, uint64_t holder,
    const uint32_t limits[KEYGATE_UNITS]);

/* The same, but none is made: NULL. */
keygate_lease_t *keygate_leases_find(const keygate_leases_t *leases,
    uint64_t holder);

/* Whether nobody answers at "ms" since the table's epoch, or nobody asks: the
 * exchanger is stopped, or hangs. */
int keygate_leases_down(const keygate_leases_t *leases, uint64_t ms);

/* There is something to be done about it. */
void keygate_leases_stir(keygate_leases_t *leases, keygate_lease_t *lease);

/* There may be something to be done about any. */
void keygate_leases_stir_all(keygate_leases_t *leases);

/* The next one that was stirred, from *cursor on, which begins as 0; or
 * NULL. */
keygate_lease_t *keygate_leases_next(keygate_leases_t *leases,
    uint32_t *cursor);

/* Nothing is to be done about it until it is stirred again. */
void keygate_leases_rest(keygate_leases_t *leases, keygate_lease_t *lease);


#endif /* KEYGATE_LEASES_H */
