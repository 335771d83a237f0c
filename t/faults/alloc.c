/*
 * Allocations that fail.
 *
 *   0  the process in which they are counted; 0: none
 *   1  the number of the first one that fails, from 1
 *   2  how many fail from there on; -1: all
 *   3  how many there were
 *   4  how many have failed
 */

#define _GNU_SOURCE

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "shim.h"


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *memalign(size_t alignment, size_t size);


static int
fails(void)
{
    int64_t  n;

    if (SHIM(0) == 0 || SHIM(0) != getpid()) {
        return 0;
    }

    n = __atomic_add_fetch(&shim_numbers[3], 1, __ATOMIC_SEQ_CST);

    if (n < SHIM(1) || (SHIM(2) != -1 && n >= SHIM(1) + SHIM(2))) {
        return 0;
    }

    __atomic_add_fetch(&shim_numbers[4], 1, __ATOMIC_SEQ_CST);
    errno = ENOMEM;

    return 1;
}


void *
malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}


void *
memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    void  *mem;

    mem = memalign(alignment, size);

    if (mem == NULL) {
        return ENOMEM;
    }

    *p = mem;

    return 0;
}
