/*
 * A new file in place of the journal: beside it, synced, renamed over it, the
 * directory synced.  Whoever does this holds the journal's lock, and takes
 * the new file's before it has the name: so nobody reads or writes it before
 * the writer is done.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "keygate_journal_private.h"


/* The directory of "path", in new memory. */

static char *
keygate_dirname(const char *path)
{
    const char  *slash;

    slash = strrchr(path, '/');

    if (slash == NULL) {
        return strdup(".");
    }

    return strndup(path, slash == path ? 1 : (size_t) (slash - path));
}


keygate_rc_t
keygate_journal_sync_dir(keygate_journal_t *j)
{
    int    fd, rc, saved;
    char  *target, *dir;

    target = realpath(j->path, NULL);

    if (target == NULL) {
        return keygate_journal_errno();
    }

    dir = keygate_dirname(target);
    free(target);

    if (dir == NULL) {
        return KEYGATE_NOMEM;
    }

    fd = open(dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    free(dir);

    if (fd == -1) {
        return keygate_journal_errno();
    }

    rc = fsync(fd);

    saved = errno;
    close(fd);
    errno = saved;

    if (rc == -1) {
        return keygate_journal_errno();
    }

    j->dir = 0;

    return KEYGATE_OK;
}


/* "NAME.<digits>.tmp" */

static int
keygate_temp_name(const char *name, const char *entry)
{
    size_t  len;

    len = strlen(name);

    if (strncmp(entry, name, len) != 0 || entry[len] != '.') {
        return 0;
    }

    entry += len + 1;

    if (!isdigit((unsigned char) *entry)) {
        return 0;
    }

    while (isdigit((unsigned char) *entry)) {
        entry++;
    }

    return strcmp(entry, ".tmp") == 0;
}


/* With the journal locked, a temporary file there is a killed process's. */

static void
keygate_temp_clean(const char *target)
{
    DIR            *d;
    char           *dir;
    const char     *name;
    struct dirent  *entry;

    dir = keygate_dirname(target);

    if (dir == NULL) {
        return;
    }

    d = opendir(dir);
    free(dir);

    if (d == NULL) {
        return;
    }

    name = strrchr(target, '/');
    name = name == NULL ? target : name + 1;

    while ((entry = readdir(d)) != NULL) {
        if (keygate_temp_name(name, entry->d_name)) {
            (void) unlinkat(dirfd(d), entry->d_name, 0);
        }
    }

    closedir(d);
}


/* Owner and mode as the journal's: the workers must go on reading it.  A group
 * that is not the process's it cannot give the file to: its own gets no more
 * than anybody has, then. */

static int
keygate_temp_attributes(keygate_journal_t *j, int fd)
{
    mode_t       mode;
    struct stat  old, new;

    if (fstat(j->wfd, &old) == -1 || fstat(fd, &new) == -1) {
        return -1;
    }

    mode = old.st_mode & 07777;

    if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid)
        && fchown(fd, old.st_uid, old.st_gid) == -1)
    {
        if (errno != EPERM || old.st_uid != new.st_uid) {
            return -1;
        }

        mode = (mode & ~S_IRWXG) | (mode & S_IRWXO) << 3;
    }

    return fchmod(fd, mode);
}


keygate_rc_t
keygate_temp_open(keygate_journal_t *j, keygate_temp_t *temp)
{
    size_t  size;

    temp->fd = -1;
    temp->path = NULL;
    temp->target = realpath(j->path, NULL);

    if (temp->target == NULL) {
        return keygate_journal_errno();
    }

    keygate_temp_clean(temp->target);

    size = strlen(temp->target) + sizeof(".4294967295.tmp");
    temp->path = malloc(size);

    if (temp->path == NULL) {
        free(temp->target);
        return KEYGATE_NOMEM;
    }

    snprintf(temp->path, size, "%s.%u.tmp", temp->target,
             (unsigned) getpid());

    temp->fd = open(temp->path,
                    O_RDWR|O_APPEND|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW,
                    0600);

    if (temp->fd == -1
        || keygate_temp_attributes(j, temp->fd) == -1
        || keygate_journal_flock(temp->fd, LOCK_EX|LOCK_NB) == -1)
    {
        keygate_temp_drop(temp);
        return keygate_journal_errno();
    }

    return KEYGATE_OK;
}


void
keygate_temp_drop(keygate_temp_t *temp)
{
    int  saved;

    saved = errno;

    if (temp->fd != -1) {
        (void) unlink(temp->path);
        close(temp->fd);
    }

    free(temp->path);
    free(temp->target);

    temp->fd = -1;
    temp->path = NULL;
    temp->target = NULL;

    errno = saved;
}


keygate_rc_t
keygate_temp_commit(keygate_journal_t *j, keygate_temp_t *temp)
{
    struct stat   st;
    keygate_rc_t  rc;

    if (fsync(temp->fd) == -1
        || fstat(temp->fd, &st) == -1
        || rename(temp->path, temp->target) == -1)
    {
        rc = keygate_journal_errno();
        keygate_temp_drop(temp);
        return rc;
    }

    /* from here on the new file is the journal, come what may */

    keygate_journal_put_away(&j->wfd, &j->old_wfd);

    j->wfd = temp->fd;
    j->end = (uint64_t) st.st_size;
    j->bad = 0;
    j->void_to = 0;
    j->dir = 1;

    free(temp->path);
    free(temp->target);

    return keygate_journal_sync_dir(j);
}


static int
keygate_journal_copy(keygate_journal_t *j, int to, uint64_t at, uint64_t end)
{
    size_t          size;
    ssize_t         n;
    unsigned char  *buf;

    buf = malloc(KEYGATE_BLOCK);

    if (buf == NULL) {
        return -1;
    }

    for ( /* void */ ; at < end; at += (uint64_t) n) {
        size = KEYGATE_BLOCK;

        if (size > end - at) {
            size = (size_t) (end - at);
        }

        do {
            n = pread(j->wfd, buf, size, (off_t) at);
        } while (n == -1 && errno == EINTR);

        if (n == 0) {
            errno = EIO;
        }

        if (n <= 0 || keygate_journal_write_all(to, buf, (size_t) n) == -1) {
            free(buf);
            return -1;
        }
    }

    free(buf);

    return 0;
}


/* All but what is void; a line that was torn before it ends there. */

static int
keygate_journal_copy_valid(keygate_journal_t *j, int to)
{
    int  whole;

    if (j->void_to == 0 || j->void_to >= j->end) {
        return keygate_journal_copy(j, to, 0, j->void_to == 0 ? j->end
                                                              : j->void_from);
    }

    if (keygate_journal_copy(j, to, 0, j->void_from) == -1
        || keygate_reader_boundary(j->wfd, j->void_from, &whole)
           != KEYGATE_OK
        || (!whole
            && keygate_journal_write_all(to, (const unsigned char *) "\n", 1)
               == -1))
    {
        return -1;
    }

    return keygate_journal_copy(j, to, j->void_to, j->end);
}


keygate_rc_t
keygate_journal_replace(keygate_journal_t *j)
{
    struct stat     st;
    keygate_rc_t    rc;
    keygate_temp_t  temp;

    if (fstat(j->wfd, &st) == -1) {
        return KEYGATE_IO;
    }

    j->bad = 1;
    j->bad_dev = (uint64_t) st.st_dev;
    j->bad_ino = (uint64_t) st.st_ino;

    rc = keygate_temp_open(j, &temp);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (keygate_journal_copy_valid(j, temp.fd) == -1) {
        rc = keygate_journal_errno();
        keygate_temp_drop(&temp);
        return rc;
    }

    return keygate_temp_commit(j, &temp);
}
