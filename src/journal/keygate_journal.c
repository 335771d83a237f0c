/*
 * The journal's handle: finding, opening and locking the file.  The path may
 * name another file at any time (compaction renames a new one over it), so
 * whoever has got a lock looks again whether it is still the same.  What may
 * be opened at all is decided in keygate_file.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_OPEN_TRIES  100
#define KEYGATE_DROP        (4 * 1024 * 1024)


static void keygate_journal_close(int *fd);
static void keygate_journal_close_all(keygate_journal_t *j);
static keygate_rc_t keygate_journal_make(keygate_journal_t *j);
static keygate_rc_t keygate_journal_try(keygate_journal_t *j, int wait,
    struct stat *st, int *same);


keygate_journal_t *
keygate_journal_create(const char *path, const keygate_journal_conf_t *conf)
{
    keygate_journal_t  *j;

    j = calloc(1, sizeof(keygate_journal_t));

    if (j == NULL) {
        return NULL;
    }

    j->path = strdup(path);

    if (j->path == NULL) {
        free(j);
        return NULL;
    }

    j->conf = *conf;
    j->pid = getpid();
    j->patience = KEYGATE_WRITE_WAIT;
    j->rfd = -1;
    j->wfd = -1;
    j->old_rfd = -1;
    j->old_wfd = -1;
    j->file.dir = -1;

    return j;
}


static void
keygate_journal_close(int *fd)
{
    if (*fd != -1) {
        close(*fd);
        *fd = -1;
    }
}


static void
keygate_journal_close_all(keygate_journal_t *j)
{
    keygate_journal_close(&j->rfd);
    keygate_journal_close(&j->wfd);
    keygate_journal_close(&j->old_rfd);
    keygate_journal_close(&j->old_wfd);
    keygate_file_close(&j->file);
}


void
keygate_journal_destroy(keygate_journal_t *j)
{
    if (j == NULL) {
        return;
    }

    keygate_journal_close_all(j);
    keygate_reader_free(&j->reader);
    keygate_ahead_free(&j->ahead);
    keygate_ahead_free(&j->missed.ahead);
    free(j->check_buf);
    free(j->path);
    free(j);
}


keygate_rc_t
keygate_journal_errno(void)
{
    switch (errno) {

    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return KEYGATE_FULL;

    case ENOMEM:
        return KEYGATE_NOMEM;

    default:
        return KEYGATE_IO;
    }
}


void
keygate_journal_forked(keygate_journal_t *j)
{
    if (j->pid == getpid()) {
        return;
    }

    keygate_journal_close_all(j);

    j->locked = 0;
    j->pid = getpid();
}


void
keygate_journal_put_away(int *fd, int *old)
{
    if (*fd == -1) {
        return;
    }

    if (*old != -1) {
        close(*fd);

    } else {
        keygate_journal_flock(*fd, LOCK_UN);
        *old = *fd;
    }

    *fd = -1;
}


void
keygate_journal_forget(keygate_journal_t *j)
{
    int          *fd;
    struct stat   st;

    fd = j->old_rfd != -1 ? &j->old_rfd : &j->old_wfd;

    if (*fd == -1) {
        return;
    }

    if (fstat(*fd, &st) == 0
        && (uint64_t) st.st_size > j->dropped + KEYGATE_DROP)
    {
        (void) posix_fadvise(*fd, (off_t) j->dropped, KEYGATE_DROP,
                             POSIX_FADV_DONTNEED);
        j->dropped += KEYGATE_DROP;
        return;
    }

    keygate_journal_close(fd);
    j->dropped = 0;
}


/* A new one: where somebody else was faster, that one is to be opened. */

static keygate_rc_t
keygate_journal_make(keygate_journal_t *j)
{
    int  saved;

    j->wfd = keygate_file_make(&j->file, O_RDWR|O_APPEND, 0600);

    if (j->wfd == -1) {
        return errno == EEXIST ? KEYGATE_AGAIN : KEYGATE_IO;
    }

    if (keygate_file_give(&j->file, j->wfd) == 0) {
        return KEYGATE_OK;
    }

    saved = errno;
    (void) unlinkat(j->file.dir, j->file.name, 0);
    close(j->wfd);
    j->wfd = -1;
    errno = saved;

    return KEYGATE_IO;
}


keygate_rc_t
keygate_journal_open(keygate_journal_t *j)
{
    keygate_file_close(&j->file);

    if (j->conf.unnamed) {
        j->wfd = open(j->path, O_RDWR|O_APPEND|O_CLOEXEC);

    } else if (keygate_file_find(j->path, &j->file) == 0) {
        j->wfd = keygate_file_open(&j->file, O_RDWR|O_APPEND);

        if (j->wfd == -1 && errno == ENOENT && !j->conf.must_exist) {
            return keygate_journal_make(j);
        }

    } else if (errno == ENOENT && !j->conf.must_exist) {
        return KEYGATE_IO;
    }

    if (j->wfd == -1) {
        return errno == ENOENT ? KEYGATE_NONE : KEYGATE_IO;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_same(keygate_journal_t *j, int fd, struct stat *st, int *same)
{
    struct stat  named;

    *same = 0;

    if (fstat(fd, st) == -1) {
        return KEYGATE_IO;
    }

    if (stat(j->path, &named) == -1) {
        return errno == ENOENT ? KEYGATE_NONE : KEYGATE_IO;
    }

    *same = st->st_dev == named.st_dev && st->st_ino == named.st_ino;

    return KEYGATE_OK;
}


/* Opens and locks the reader's descriptor; *same: the path names it.  Who
 * waits goes on without the lock in the end: what is read is not put into
 * force. */

static keygate_rc_t
keygate_journal_try(keygate_journal_t *j, int wait, struct stat *st,
    int *same)
{
    pid_t         holder;
    keygate_rc_t  rc;

    if (j->rfd == -1) {
        j->rfd = keygate_file_read(j->path);

        if (j->rfd == -1) {
            return errno == ENOENT ? KEYGATE_NONE : KEYGATE_IO;
        }
    }

    if (keygate_journal_await(j->rfd, LOCK_SH, wait ? KEYGATE_READ_WAIT : 0,
                              &holder)
        == -1)
    {
        if (errno != EWOULDBLOCK) {
            return KEYGATE_IO;
        }

        if (!wait) {
            return KEYGATE_AGAIN;
        }
    }

    rc = keygate_journal_same(j, j->rfd, st, same);

    if (rc != KEYGATE_OK || !*same) {
        keygate_journal_flock(j->rfd, LOCK_UN);
    }

    return rc;
}


keygate_rc_t
keygate_journal_share(keygate_journal_t *j, int wait, int *fd,
    struct stat *st)
{
    int           i, same;
    keygate_rc_t  rc;

    keygate_journal_forked(j);

    if (j->locked) {
        *fd = j->wfd;
        return fstat(j->wfd, st) == 0 ? KEYGATE_OK : KEYGATE_IO;
    }

    for (i = 0; i < KEYGATE_OPEN_TRIES; i++) {
        rc = keygate_journal_try(j, wait, st, &same);

        if (rc == KEYGATE_OK && same) {
            *fd = j->rfd;
            return KEYGATE_OK;
        }

        if (rc != KEYGATE_OK && rc != KEYGATE_AGAIN) {
            return rc;
        }

        /* the lock that is taken may be of a file that nobody names any more
         * and that its last writer keeps */

        if (rc == KEYGATE_AGAIN) {
            rc = keygate_journal_same(j, j->rfd, st, &same);

            if (rc != KEYGATE_OK) {
                return rc;
            }

            if (same) {
                return KEYGATE_AGAIN;
            }
        }

        keygate_journal_put_away(&j->rfd, &j->old_rfd);
    }

    return KEYGATE_AGAIN;
}


void
keygate_journal_release(keygate_journal_t *j)
{
    if (!j->locked && j->rfd != -1) {
        keygate_journal_flock(j->rfd, LOCK_UN);
    }
}


int
keygate_journal_changed(keygate_journal_t *j,
    const keygate_position_t *position)
{
    keygate_evidence_t  e;

    if (keygate_evidence(j->path, AT_FDCWD, &e) == -1) {
        return errno != ENOENT || position->ino != 0;
    }

    return position->sweep != 0 || j->old_rfd != -1 || j->old_wfd != -1
           || e.dev != position->dev || e.ino != position->ino
           || e.born != position->born || e.size != position->size
           || e.changed != position->changed;
}


int
keygate_journal_write_all(int fd, const unsigned char *data, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = write(fd, data, len);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        /* more than was given: something in between is broken */

        if (n == 0 || (n > 0 && (size_t) n > len)) {
            errno = n == 0 ? ENOSPC : EIO;
            return -1;
        }

        if (n < 0) {
            return -1;
        }

        data += n;
        len -= (size_t) n;
    }

    return 0;
}
