/*
 * What tells one content of a file from another: its times and its size, and
 * a sum over its bytes.
 */

#define _GNU_SOURCE                      /* statx() */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "keygate_journal_private.h"


#define KEYGATE_SUM_BASE    UINT64_C(0x9e3779b97f4a7c15)
#define KEYGATE_SECOND      UINT64_C(1000000000)

#define KEYGATE_GRAIN_LONG  68           /* where times are whole seconds */


uint64_t
keygate_evidence_sum(uint64_t sum, const unsigned char *data, size_t len)
{
    static const uint64_t  b = KEYGATE_SUM_BASE;

    const uint64_t  b2 = b * b, b3 = b2 * b, b4 = b3 * b;

    for ( /* void */ ; len >= 4; data += 4, len -= 4) {
        sum = sum * b4 + (data[0] + UINT64_C(1)) * b3
              + (data[1] + UINT64_C(1)) * b2 + (data[2] + UINT64_C(1)) * b
              + data[3] + 1;
    }

    for ( /* void */ ; len > 0; data++, len--) {
        sum = sum * b + data[0] + 1;
    }

    return sum;
}


int
keygate_evidence(const char *path, int fd, keygate_evidence_t *e)
{
    struct statx  sx;

    if (statx(fd, path, path[0] == '\0' ? AT_EMPTY_PATH : 0,
              STATX_BASIC_STATS|STATX_BTIME, &sx) == -1)
    {
        return -1;
    }

    e->dev = (uint64_t) makedev(sx.stx_dev_major, sx.stx_dev_minor);
    e->ino = sx.stx_ino;
    e->size = sx.stx_size;
    e->changed = (uint64_t) sx.stx_ctime.tv_sec * KEYGATE_SECOND
                 + sx.stx_ctime.tv_nsec;
    e->born = (sx.stx_mask & STATX_BTIME)
              ? (uint64_t) sx.stx_btime.tv_sec * KEYGATE_SECOND
                + sx.stx_btime.tv_nsec
              : 0;

    return 0;
}


unsigned
keygate_evidence_grain(const keygate_evidence_t *e)
{
    return (e->changed % KEYGATE_SECOND) ? KEYGATE_GRAIN
                                         : KEYGATE_GRAIN_LONG;
}
