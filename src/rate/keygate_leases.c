/*
 * Seats: found, taken, taken over; and who is to be looked at.
 */

#include "keygate_leases.h"


#define KEYGATE_SEATS        8           /* that a holder may have */
#define KEYGATE_SEATS_MAX    65536
#define KEYGATE_SEATS_LEAST  256
#define KEYGATE_SEAT_BYTES   2048        /* of the table, for each */
#define KEYGATE_LEASES_QUIET 5           /* s: exchangers look every second */


static uint32_t keygate_seats(size_t size);
static uint32_t keygate_seat(const keygate_leases_t *ls, uint64_t holder);
static keygate_lease_t *keygate_seat_take(keygate_leases_t *ls, uint32_t i,
    uint64_t holder, const uint32_t limits[KEYGATE_UNITS]);
static int keygate_seat_twice(const keygate_leases_t *ls, uint32_t i,
    uint64_t holder);
static int keygate_seat_stir(keygate_lease_t *lease);
static void keygate_seat_show(keygate_leases_t *ls, uint32_t i);


size_t
keygate_leases_size(size_t size)
{
    uint32_t  n;

    n = keygate_seats(size);

    return 64 + sizeof(keygate_leases_t) + n / 8
           + n * (sizeof(uint64_t) + sizeof(keygate_lease_t));
}


void
keygate_leases_init(keygate_leases_t *ls, size_t size, uint32_t boot)
{
    uintptr_t  p;

    ls->seats = keygate_seats(size);
    ls->boot = boot;

    p = (uintptr_t) (ls + 1);

    ls->stirred = (uint64_t *) p;
    p += ls->seats / 8;
    ls->holders = (uint64_t *) p;
    p += ls->seats * sizeof(uint64_t);
    ls->leases = (keygate_lease_t *) ((p + 63) & ~(uintptr_t) 63);
}


static uint32_t
keygate_seats(size_t size)
{
    size_t  n;

    n = size / KEYGATE_SEAT_BYTES & ~(size_t) 63;

    return n < KEYGATE_SEATS_LEAST ? KEYGATE_SEATS_LEAST
           : n > KEYGATE_SEATS_MAX ? KEYGATE_SEATS_MAX : (uint32_t) n;
}


/* The first of those that a holder may have. */

static uint32_t
keygate_seat(const keygate_leases_t *ls, uint64_t holder)
{
    holder *= 0x9e3779b97f4a7c15ull;

    return (uint32_t) ((holder >> 32) * (ls->seats / KEYGATE_SEATS) >> 32)
           * KEYGATE_SEATS;
}


keygate_lease_t *
keygate_leases_find(const keygate_leases_t *ls, uint64_t holder)
{
    uint32_t  i, first;

    first = keygate_seat(ls, holder);

    for (i = first; i < first + KEYGATE_SEATS; i++) {
        if (__atomic_load_n(&ls->holders[i], __ATOMIC_ACQUIRE) == holder) {
            return &ls->leases[i];
        }
    }

    return NULL;
}


keygate_lease_t *
keygate_leases_get(keygate_leases_t *ls, uint64_t holder,
    const uint32_t limits[KEYGATE_UNITS])
{
    int               resting;
    uint32_t          i, first;
    keygate_lease_t  *lease;

    first = keygate_seat(ls, holder);

    for (resting = 0; resting < 2; resting++) {
        for (i = first; i < first + KEYGATE_SEATS; i++) {
            lease = keygate_leases_find(ls, holder);

            if (lease != NULL) {
                return lease;
            }

            if (!resting
                && __atomic_load_n(&ls->holders[i], __ATOMIC_RELAXED) != 0)
            {
                continue;
            }

            lease = keygate_seat_take(ls, i, holder, limits);

            if (lease != NULL) {
                return lease;
            }
        }
    }

    return NULL;
}


/* Whoever has stirred a lease that rested may write to it, until its bit says
 * that it is for the exchanger. */

static keygate_lease_t *
keygate_seat_take(keygate_leases_t *ls, uint32_t i, uint64_t holder,
    const uint32_t limits[KEYGATE_UNITS])
{
    unsigned          u;
    keygate_lease_t  *lease;

    lease = &ls->leases[i];

    if (!keygate_seat_stir(lease)) {
        return NULL;
    }

    __atomic_store_n(&ls->holders[i], holder, __ATOMIC_SEQ_CST);

    /* two that come at the same time give it up, and the next seat shows which
       of them was later */

    if (keygate_seat_twice(ls, i, holder)) {
        __atomic_store_n(&ls->holders[i], 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&lease->stirred, 0, __ATOMIC_SEQ_CST);
        return NULL;
    }

    keygate_lease_drop(lease, 0);

    for (u = 0; u < KEYGATE_UNITS; u++) {
        lease->limits[u] = limits[u];
    }

    lease->wanted = 0;
    lease->identity = 0;

    __atomic_store_n(&lease->holder, holder, __ATOMIC_RELEASE);
    keygate_seat_show(ls, i);

    return lease;
}


static int
keygate_seat_twice(const keygate_leases_t *ls, uint32_t i, uint64_t holder)
{
    uint32_t  j, first;

    first = keygate_seat(ls, holder);

    for (j = first; j < first + KEYGATE_SEATS; j++) {
        if (j != i
            && __atomic_load_n(&ls->holders[j], __ATOMIC_SEQ_CST) == holder)
        {
            return 1;
        }
    }

    return 0;
}


static int
keygate_seat_stir(keygate_lease_t *lease)
{
    uint32_t  rests;

    rests = 0;

    return __atomic_load_n(&lease->stirred, __ATOMIC_RELAXED) == 0
           && __atomic_compare_exchange_n(&lease->stirred, &rests, 1, 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}


static void
keygate_seat_show(keygate_leases_t *ls, uint32_t i)
{
    (void) __atomic_fetch_or(&ls->stirred[i / 64], (uint64_t) 1 << i % 64,
                             __ATOMIC_SEQ_CST);
    __atomic_store_n(&ls->stirring, 1, __ATOMIC_SEQ_CST);
}


int
keygate_leases_down(const keygate_leases_t *ls, uint64_t ms)
{
    int32_t   quiet;
    uint32_t  heard;

    heard = __atomic_load_n(&ls->heard, __ATOMIC_RELAXED);
    quiet = (int32_t) ((uint32_t) (ms / 1000) - heard);

    return __atomic_load_n(&ls->down, __ATOMIC_RELAXED)
           || (heard != 0 && quiet > KEYGATE_LEASES_QUIET);
}


void
keygate_leases_stir(keygate_leases_t *ls, keygate_lease_t *lease)
{
    if (keygate_seat_stir(lease)) {
        keygate_seat_show(ls, (uint32_t) (lease - ls->leases));
    }
}


void
keygate_leases_stir_all(keygate_leases_t *ls)
{
    uint32_t  i;

    for (i = 0; i < ls->seats; i++) {
        if (__atomic_load_n(&ls->holders[i], __ATOMIC_RELAXED) != 0) {
            keygate_leases_stir(ls, &ls->leases[i]);
        }
    }
}


keygate_lease_t *
keygate_leases_next(keygate_leases_t *ls, uint32_t *cursor)
{
    uint32_t  i;
    uint64_t  word;

    for (i = *cursor; i < ls->seats; i = (i / 64 + 1) * 64) {
        word = __atomic_load_n(&ls->stirred[i / 64], __ATOMIC_ACQUIRE)
               >> i % 64;

        if (word != 0) {
            i += (uint32_t) __builtin_ctzll(word);
            *cursor = i + 1;

            return &ls->leases[i];
        }
    }

    return NULL;
}


/* Somebody may want it just now. */

void
keygate_leases_rest(keygate_leases_t *ls, keygate_lease_t *lease)
{
    uint32_t  i;

    i = (uint32_t) (lease - ls->leases);

    (void) __atomic_fetch_and(&ls->stirred[i / 64], ~((uint64_t) 1 << i % 64),
                              __ATOMIC_SEQ_CST);
    __atomic_store_n(&lease->stirred, 0, __ATOMIC_SEQ_CST);

    if (__atomic_load_n(&lease->wanted, __ATOMIC_SEQ_CST) != 0) {
        keygate_leases_stir(ls, lease);
    }
}
