/*
 * A disk that fails, for every file whose path has ".jsonl" in it.
 *
 *   For the calls below, each with four numbers from its place on:
 *
 *   +0  what happens: 0 nothing, 1 an error, 2 half of it is written, 3 all
 *       but one byte is written
 *   +1  the error
 *   +2  how many calls pass before
 *   +3  how many were met with
 */

#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"


#define WRITE      0
#define FDATASYNC  4
#define FSYNC      8
#define TRUNCATE   12
#define RENAME     16


static int
journal(int fd)
{
    char     link[64], path[PATH_MAX];
    ssize_t  n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);

    if (n <= 0) {
        return 0;
    }

    path[n] = '\0';

    return strstr(path, ".jsonl") != NULL;
}


/* What is to happen to this call. */

static int64_t
fault(int at)
{
    if (SHIM(at) == 0) {
        return 0;
    }

    if (SHIM(at + 2) > 0
        && __atomic_fetch_sub(&shim_numbers[at + 2], 1, __ATOMIC_SEQ_CST) > 0)
    {
        return 0;
    }

    __atomic_add_fetch(&shim_numbers[at + 3], 1, __ATOMIC_SEQ_CST);
    errno = (int) SHIM(at + 1);

    return SHIM(at);
}


ssize_t
write(int fd, const void *data, size_t len)
{
    int64_t  what;

    what = SHIM(WRITE) && journal(fd) ? fault(WRITE) : 0;

    switch (what) {
    case 1:
        return -1;
    case 2:
        len = (len + 1) / 2;
        break;
    case 3:
        len = len > 1 ? len - 1 : len;
        break;
    }

    return syscall(SYS_write, fd, data, len);
}


ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    int64_t  what;

    what = SHIM(WRITE) && journal(fd) ? fault(WRITE) : 0;

    switch (what) {
    case 1:
        return -1;
    case 2:
    case 3:
        return syscall(SYS_write, fd, iov[0].iov_base, iov[0].iov_len);
    }

    return syscall(SYS_writev, fd, iov, n);
}


int
fdatasync(int fd)
{
    return SHIM(FDATASYNC) && journal(fd) && fault(FDATASYNC)
           ? -1 : (int) syscall(SYS_fdatasync, fd);
}


int
fsync(int fd)
{
    return SHIM(FSYNC) && journal(fd) && fault(FSYNC)
           ? -1 : (int) syscall(SYS_fsync, fd);
}


int
ftruncate(int fd, off_t size)
{
    return SHIM(TRUNCATE) && journal(fd) && fault(TRUNCATE)
           ? -1 : (int) syscall(SYS_ftruncate, fd, size);
}


int
ftruncate64(int fd, off64_t size)
{
    return SHIM(TRUNCATE) && journal(fd) && fault(TRUNCATE)
           ? -1 : (int) syscall(SYS_ftruncate, fd, size);
}


int
rename(const char *from, const char *to)
{
    return SHIM(RENAME) && strstr(to, ".jsonl") && fault(RENAME)
           ? -1 : (int) syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}


int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return SHIM(RENAME) && strstr(to, ".jsonl") && fault(RENAME)
           ? -1 : (int) syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}
