/*
 * Names whose addresses change: what ends in ".test" is 127.0.0.N, where N is
 * numbers[0], and no name when that is 0.  While numbers[1] is not 0, a look-up
 * does not come back.  numbers[2] counts those that have begun, numbers[3]
 * those that have ended.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"


int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    int     rc;
    char    address[16];
    size_t  len;
    int   (*next)(const char *restrict, const char *restrict,
                  const struct addrinfo *restrict,
                  struct addrinfo **restrict);

    *(void **) &next = dlsym(RTLD_NEXT, "getaddrinfo");
    len = node != NULL ? strlen(node) : 0;

    if (len < 5 || strcmp(node + len - 5, ".test") != 0) {
        return next(node, service, hints, list);
    }

    __atomic_fetch_add(&shim_numbers[2], 1, __ATOMIC_SEQ_CST);

    while (SHIM(1) != 0) {
        usleep(1000);
    }

    snprintf(address, sizeof(address), "127.0.0.%d", (int) (SHIM(0) & 0xff));

    rc = SHIM(0) == 0 ? EAI_NONAME : next(address, service, hints, list);

    __atomic_fetch_add(&shim_numbers[3], 1, __ATOMIC_SEQ_CST);

    return rc;
}
