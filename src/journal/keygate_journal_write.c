/*
 * Appending: begin, append, end.  What was not synced was never written: an
 * append that fails leaves the file as it was, and after a failed sync the
 * file itself is given up for a new one (keygate_journal_replace.c), since
 * the kernel may have dropped what it could not write and call the next sync
 * a success.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_BEGIN_TRIES  100


static int keygate_journal_truncate(int fd, uint64_t size);
static void keygate_journal_leave(keygate_journal_t *j);
static keygate_rc_t keygate_journal_lock(keygate_journal_t *j,
    struct stat *st);
static keygate_rc_t keygate_journal_begin_locked(keygate_journal_t *j,
    const struct stat *st);
static int keygate_journal_write_lines(keygate_journal_t *j,
    keygate_str_t lines);
static int keygate_journal_write(keygate_journal_t *j, keygate_str_t lines);
static void keygate_journal_undo(keygate_journal_t *j, size_t len, int synced);
static keygate_rc_t keygate_journal_mend(keygate_journal_t *j);


static int
keygate_journal_truncate(int fd, uint64_t size)
{
    int  rc;

    do {
        rc = ftruncate(fd, (off_t) size);
    } while (rc == -1 && errno == EINTR);

    return rc;
}


static void
keygate_journal_leave(keygate_journal_t *j)
{
    int  saved;

    saved = errno;
    keygate_journal_put_away(&j->wfd, &j->old_wfd);
    errno = saved;
}


/* Opens and locks the file that the path names, if it still does. */

static keygate_rc_t
keygate_journal_lock(keygate_journal_t *j, struct stat *st)
{
    int           same;
    keygate_rc_t  rc;

    if (j->wfd == -1) {
        rc = keygate_journal_open(j);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (keygate_journal_await(j->wfd, LOCK_EX, j->patience, &j->holder)
        == -1)
    {
        return KEYGATE_IO;
    }

    rc = keygate_journal_same(j, j->wfd, st, &same);

    if (rc == KEYGATE_OK && same) {
        return KEYGATE_OK;
    }

    keygate_journal_leave(j);

    return rc == KEYGATE_IO ? KEYGATE_IO : KEYGATE_AGAIN;
}


static keygate_rc_t
keygate_journal_begin_locked(keygate_journal_t *j, const struct stat *st)
{
    int           whole;
    keygate_rc_t  rc;

    j->end = (uint64_t) st->st_size;

    if (j->end == 0) {
        j->dir = 1;
    }

    rc = keygate_reader_boundary(j->wfd, j->end, &whole);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    j->torn = !whole;

    if (j->bad_dev != (uint64_t) st->st_dev
        || j->bad_ino != (uint64_t) st->st_ino)
    {
        j->bad = 0;
        j->void_to = 0;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_begin(keygate_journal_t *j)
{
    int           tries;
    struct stat   st;
    keygate_rc_t  rc;

    keygate_journal_forked(j);

    if (j->locked) {
        return KEYGATE_INVALID;
    }

    rc = KEYGATE_AGAIN;

    for (tries = 0; rc == KEYGATE_AGAIN; tries++) {

        if (tries == KEYGATE_BEGIN_TRIES) {
            errno = EBUSY;
            return KEYGATE_IO;
        }

        rc = keygate_journal_lock(j, &st);
    }

    if (rc == KEYGATE_OK) {
        rc = keygate_journal_begin_locked(j, &st);
    }

    if (rc != KEYGATE_OK) {
        keygate_journal_leave(j);
        return rc;
    }

    j->locked = 1;

    return KEYGATE_OK;
}


/* Torn last line and new lines in as few calls as possible: one, mostly. */

static int
keygate_journal_write_lines(keygate_journal_t *j, keygate_str_t lines)
{
    ssize_t       n;
    struct iovec  iov[2];

    if (!j->torn) {
        return keygate_journal_write_all(j->wfd, lines.data, lines.len);
    }

    iov[0].iov_base = (void *) "\n";
    iov[0].iov_len = 1;
    iov[1].iov_base = (void *) lines.data;
    iov[1].iov_len = lines.len;

    do {
        n = writev(j->wfd, iov, 2);
    } while (n == -1 && errno == EINTR);

    if (n <= 0) {
        errno = n == 0 ? ENOSPC : errno;
        return -1;
    }

    return keygate_journal_write_all(j->wfd, lines.data + (n - 1),
                                     lines.len - (size_t) (n - 1));
}


/* And whether they are there: for what a disk or a tool in between has only
 * claimed to write, no sync fails. */

static int
keygate_journal_write(keygate_journal_t *j, keygate_str_t lines)
{
    struct stat  st;

    if (keygate_journal_write_lines(j, lines) == -1
        || fstat(j->wfd, &st) == -1)
    {
        return -1;
    }

    if ((uint64_t) st.st_size < j->end + j->torn + lines.len) {
        errno = EIO;
        return -1;
    }

    return 0;
}


/* Takes back "len" bytes, or what of them was written; errno stays the first
 * failure's. */

static void
keygate_journal_undo(keygate_journal_t *j, size_t len, int synced)
{
    int          saved, rc;
    struct stat  st;

    saved = errno;

    rc = keygate_journal_truncate(j->wfd, j->end);

    if (rc == -1) {
        j->void_from = j->end;
        j->void_to = fstat(j->wfd, &st) == 0 ? (uint64_t) st.st_size
                                             : j->end + len;
    }

    if (rc == -1 || !synced) {
        (void) keygate_journal_replace(j);
    }

    errno = saved;
}


/* A new file in place of one that is bad. */

static keygate_rc_t
keygate_journal_mend(keygate_journal_t *j)
{
    int           whole;
    keygate_rc_t  rc;

    rc = keygate_journal_replace(j);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_reader_boundary(j->wfd, j->end, &whole);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    j->torn = !whole;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_append(keygate_journal_t *j, keygate_str_t lines,
    uint64_t *at, uint64_t *end)
{
    keygate_rc_t  rc;

    if (!j->locked || lines.len == 0 || lines.data[lines.len - 1] != '\n') {
        return KEYGATE_INVALID;
    }

    if (j->bad) {
        rc = keygate_journal_mend(j);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (j->dir) {
        rc = keygate_journal_sync_dir(j);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (keygate_evidence("", j->wfd, &j->before) == -1) {
        j->before.changed = 0;
    }

    if (keygate_journal_write(j, lines) == -1) {
        keygate_journal_undo(j, j->torn + lines.len, 1);
        return keygate_journal_errno();
    }

    if (keygate_evidence("", j->wfd, &j->after) == -1) {
        j->after.changed = 0;
    }

    if (fdatasync(j->wfd) == -1) {
        keygate_journal_undo(j, j->torn + lines.len, 0);
        return keygate_journal_errno();
    }

    *at = j->end + j->torn;
    *end = *at + lines.len;

    j->end = *end;
    j->torn = 0;

    return KEYGATE_OK;
}


void
keygate_journal_disown(keygate_journal_t *j, keygate_table_t *t,
    const keygate_now_t *now)
{
    struct stat          st;
    keygate_position_t  *position;

    if (!j->locked || !j->bad || j->void_to == 0) {
        return;
    }

    if (fstat(j->wfd, &st) == -1
        || keygate_journal_position(j, t, j->wfd, now) != KEYGATE_OK)
    {
        return;
    }

    position = keygate_table_position(t);

    __atomic_store_n(&position->void_from, j->void_from, __ATOMIC_RELEASE);
    __atomic_store_n(&position->void_to, j->void_to, __ATOMIC_RELEASE);
}


void
keygate_journal_end(keygate_journal_t *j)
{
    if (!j->locked) {
        return;
    }

    j->locked = 0;

    if (j->bad) {
        keygate_journal_leave(j);
        return;
    }

    keygate_journal_flock(j->wfd, LOCK_UN);
}
