/*
 * Reading the files of a directory of usage.  What lies there may be anything:
 * nothing is mapped, for a file may become shorter meanwhile, and what is no
 * line, or is not of its file's day, is passed over.
 */

#define _GNU_SOURCE                      /* memmem(), memrchr() */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keygate_time.h"
#include "keygate_usage.h"


#define KEYGATE_SCAN_ROOM  262144
#define KEYGATE_SCAN_WAIT  10            /* ms between tries for the lock */


typedef struct {
    int64_t           day;
    keygate_str_t     has;
    keygate_usage_pt  each;
    void             *data;
} keygate_usage_scan_t;


static int keygate_scan_line(const keygate_usage_scan_t *scan,
    const unsigned char *line, size_t len);
static int keygate_scan_lines(const keygate_usage_scan_t *scan,
    const unsigned char *p, const unsigned char *end);


void
keygate_usage_name(int64_t day, char name[KEYGATE_USAGE_NAME])
{
    char  text[21];

    keygate_time_format(day * 86400, text);
    (void) snprintf(name, KEYGATE_USAGE_NAME, "usage-%.10s.jsonl", text);
}


int64_t
keygate_usage_day(const char *name)
{
    char           text[21], again[KEYGATE_USAGE_NAME];
    int64_t        seconds;
    keygate_str_t  s;

    if (strlen(name) != KEYGATE_USAGE_NAME - 1) {
        return -1;
    }

    (void) snprintf(text, sizeof(text), "%.10sT00:00:00Z", name + 6);
    s = keygate_span(text);

    if (keygate_time_parse(s, &seconds) != KEYGATE_OK || seconds < 0) {
        return -1;
    }

    keygate_usage_name(seconds / 86400, again);

    return strcmp(name, again) == 0 ? seconds / 86400 : -1;
}


int
keygate_usage_open(const char *path, int alone, unsigned ms)
{
    int              dir, saved;
    unsigned         waited;
    struct timespec  turn;

    dir = open(path, O_RDONLY|O_DIRECTORY|O_NONBLOCK|O_CLOEXEC);

    if (dir == -1) {
        return -1;
    }

    turn.tv_sec = 0;
    turn.tv_nsec = KEYGATE_SCAN_WAIT * 1000000;

    for (waited = 0; /* void */ ; waited += KEYGATE_SCAN_WAIT) {

        if (flock(dir, (alone ? LOCK_EX : LOCK_SH)|LOCK_NB) == 0) {
            return dir;
        }

        if (errno != EWOULDBLOCK && errno != EINTR) {
            break;
        }

        if (waited >= ms) {
            errno = ETIMEDOUT;
            break;
        }

        (void) nanosleep(&turn, NULL);
    }

    saved = errno;
    (void) close(dir);
    errno = saved;

    return -1;
}


static int
keygate_scan_line(const keygate_usage_scan_t *scan, const unsigned char *line,
    size_t len)
{
    char             room[KEYGATE_USAGE_LINE];
    keygate_str_t    s;
    keygate_usage_t  u;

    s.data = line;
    s.len = len;

    return keygate_usage_parse(s, room, &u) != KEYGATE_OK
           || u.hour / 86400 != scan->day
           || scan->each(scan->data, &u);
}


/* Whole lines; those that have what is looked for, where that is anything. */

static int
keygate_scan_lines(const keygate_usage_scan_t *scan, const unsigned char *p,
    const unsigned char *end)
{
    const unsigned char  *hit, *start, *last;

    while (p < end) {
        start = p;

        if (scan->has.len) {
            hit = memmem(p, (size_t) (end - p), scan->has.data,
                         scan->has.len);

            if (hit == NULL) {
                break;
            }

            start = memrchr(p, '\n', (size_t) (hit - p));
            start = start == NULL ? p : start + 1;
        }

        last = memchr(start, '\n', (size_t) (end - start));

        if (last == NULL) {
            break;
        }

        if (!keygate_scan_line(scan, start, (size_t) (last - start))) {
            return 0;
        }

        p = last + 1;
    }

    return 1;
}


keygate_rc_t
keygate_usage_scan(int fd, int64_t day, uint64_t *offset, keygate_str_t has,
    keygate_usage_pt each, void *data)
{
    size_t                have;
    ssize_t               n;
    keygate_rc_t          rc;
    unsigned char        *room;
    keygate_usage_scan_t  scan;
    const unsigned char  *last;

    scan.day = day;
    scan.has = has;
    scan.each = each;
    scan.data = data;

    room = malloc(KEYGATE_SCAN_ROOM);

    if (room == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = KEYGATE_OK;
    have = 0;

    for ( ;; ) {
        n = pread(fd, room + have, KEYGATE_SCAN_ROOM - have,
                  (off_t) (*offset + have));

        if (n <= 0) {
            rc = n == 0 || errno == EINTR ? rc : KEYGATE_IO;
            break;
        }

        have += (size_t) n;
        last = memrchr(room, '\n', have);

        if (last == NULL) {

            if (have < KEYGATE_SCAN_ROOM) {
                continue;
            }

            /* what is so long is no line, nor is the rest of it */

            *offset += have;
            have = 0;
            continue;
        }

        last++;

        if (!keygate_scan_lines(&scan, room, last)) {
            rc = KEYGATE_NOMEM;
            break;
        }

        *offset += (size_t) (last - room);
        have -= (size_t) (last - room);
        memmove(room, last, have);
    }

    free(room);

    return rc;
}


keygate_rc_t
keygate_usage_read(int dir, int64_t day, keygate_str_t has,
    keygate_usage_pt each, void *data)
{
    int           fd, saved;
    char          name[KEYGATE_USAGE_NAME];
    uint64_t      offset;
    struct stat   st;
    keygate_rc_t  rc;

    keygate_usage_name(day, name);

    if (fstatat(dir, name, &st, 0) == -1) {
        return errno == ENOENT ? KEYGATE_OK : KEYGATE_IO;
    }

    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return KEYGATE_IO;
    }

    fd = openat(dir, name, O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);

    if (fd == -1) {
        return errno == ENOENT ? KEYGATE_OK : KEYGATE_IO;
    }

    offset = 0;
    rc = keygate_usage_scan(fd, day, &offset, has, each, data);

    saved = errno;
    (void) close(fd);
    errno = saved;

    return rc;
}
