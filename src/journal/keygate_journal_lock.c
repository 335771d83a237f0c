/*
 * The lock of a journal, flock(2): waited for, but not for ever, and who holds
 * it.  A process that was stopped, or a backup, may keep it for hours.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_LOCK_LEAST  1        /* ms between two tries */
#define KEYGATE_LOCK_MOST   20
#define KEYGATE_LOCK_LOOK   500      /* ms between two looks at the holder */


static pid_t keygate_lock_line(char *line, const struct stat *st);
static int64_t keygate_lock_ms(void);
static void keygate_lock_pause(int64_t ms);


int
keygate_journal_flock(int fd, int operation)
{
    int  rc;

    do {
        rc = flock(fd, operation);
    } while (rc == -1 && errno == EINTR);

    return rc;
}


void
keygate_journal_patience(keygate_journal_t *j, unsigned ms)
{
    j->patience = ms;
}


pid_t
keygate_journal_holder(const keygate_journal_t *j)
{
    return j->holder;
}


/* flock() has no time-out, and a signal would be for all of a process: so it
 * is tried again and again, less often each time. */

int
keygate_journal_await(int fd, int operation, unsigned ms, pid_t *holder)
{
    pid_t    now;
    int64_t  pause, until, most, look, left;

    *holder = 0;
    pause = KEYGATE_LOCK_LEAST;
    until = keygate_lock_ms() + ms;
    most = until + ms;
    look = keygate_lock_ms() + KEYGATE_LOCK_LOOK;

    while (keygate_journal_flock(fd, operation|LOCK_NB) == -1) {

        if (errno != EWOULDBLOCK) {
            return -1;
        }

        left = until - keygate_lock_ms();

        if (left <= 0) {
            *holder = ms ? keygate_journal_locker(fd) : 0;
            errno = EWOULDBLOCK;
            return -1;
        }

        /* many that have it one after the other are in nobody's way */

        if (keygate_lock_ms() >= look) {
            now = keygate_journal_locker(fd);

            if (now != *holder) {
                *holder = now;
                until = keygate_lock_ms() + ms;
                until = until < most ? until : most;
            }

            look = keygate_lock_ms() + KEYGATE_LOCK_LOOK;
        }

        keygate_lock_pause(pause < left ? pause : left);
        pause = 2 * pause < KEYGATE_LOCK_MOST ? 2 * pause : KEYGATE_LOCK_MOST;
    }

    *holder = 0;

    return 0;
}


pid_t
keygate_journal_locker(int fd)
{
    int          saved;
    FILE        *locks;
    char         line[256];
    pid_t        holder;
    struct stat  st;

    saved = errno;
    holder = 0;
    locks = fopen("/proc/locks", "re");

    if (locks && fstat(fd, &st) == 0) {
        while (holder == 0 && fgets(line, sizeof(line), locks)) {
            holder = keygate_lock_line(line, &st);
        }
    }

    if (locks) {
        fclose(locks);
    }

    errno = saved;

    return holder;
}


/* "1: FLOCK  ADVISORY  WRITE 812 08:01:1311 0 EOF", in hex but for the number
 * of the file; "1: -> FLOCK" waits. */

static pid_t
keygate_lock_line(char *line, const struct stat *st)
{
    char           *p, *end;
    long            pid;
    unsigned long   major, minor;

    if (strstr(line, ": FLOCK ") == NULL) {
        return 0;
    }

    p = strstr(line, " WRITE ");
    p = p ? p + sizeof(" WRITE ") - 1 : strstr(line, " READ ");

    if (p == NULL) {
        return 0;
    }

    p += strncmp(p, " READ ", 6) == 0 ? sizeof(" READ ") - 1 : 0;
    pid = strtol(p, &end, 10);
    major = strtoul(end, &end, 16);
    minor = *end == ':' ? strtoul(end + 1, &end, 16) : 0;

    return *end == ':' && pid > 0
           && strtoull(end + 1, NULL, 10) == st->st_ino
           && makedev(major, minor) == st->st_dev ? (pid_t) pid : 0;
}


static int64_t
keygate_lock_ms(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


static void
keygate_lock_pause(int64_t ms)
{
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = (long) ms * 1000000;

    (void) nanosleep(&pause, NULL);
}
