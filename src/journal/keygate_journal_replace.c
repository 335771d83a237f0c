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


static int keygate_temp_name(const char *name, const char *entry);
static void keygate_temp_clean(const keygate_file_t *file);
static int keygate_temp_find(keygate_journal_t *j);
static int keygate_journal_copy_valid(keygate_journal_t *j, int to);


keygate_rc_t
keygate_journal_sync_dir(keygate_journal_t *j)
{
    if (j->conf.unnamed) {
        return KEYGATE_OK;
    }

    if ((j->file.name == NULL && keygate_file_find(j->path, &j->file) == -1)
        || keygate_file_sync(&j->file) == -1)
    {
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
keygate_temp_clean(const keygate_file_t *file)
{
    int             fd;
    DIR            *d;
    struct dirent  *entry;

    fd = openat(file->dir, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    d = fdopendir(fd);

    if (d == NULL) {
        close(fd);
        return;
    }

    while ((entry = readdir(d)) != NULL) {
        if (keygate_temp_name(file->name, entry->d_name)) {
            (void) unlinkat(file->dir, entry->d_name, 0);
        }
    }

    closedir(d);
}


/* Owner and mode as the journal's: the workers must go on reading it.  A group
 * that is not the process's it cannot give the file to: its own gets no more
 * than anybody has, then. */

int
keygate_replace_attributes(keygate_journal_t *j, int fd)
{
    mode_t       mode;
    struct stat  old, new;

    if (fstat(j->wfd, &old) == -1 || fstat(fd, &new) == -1) {
        return -1;
    }

    mode = old.st_mode & 0777;

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


/* Where the file is now: its path may have become a link to it, which is to
 * stay one. */

static int
keygate_temp_find(keygate_journal_t *j)
{
    struct stat  st, named;

    keygate_file_close(&j->file);

    if (keygate_file_find(j->path, &j->file) == -1
        || fstat(j->wfd, &st) == -1
        || fstatat(j->file.dir, j->file.name, &named, AT_SYMLINK_NOFOLLOW)
           == -1)
    {
        return -1;
    }

    if (st.st_dev != named.st_dev || st.st_ino != named.st_ino) {
        errno = EBUSY;
        return -1;
    }

    return 0;
}


keygate_rc_t
keygate_replace_open(keygate_journal_t *j, keygate_temp_t *temp)
{
    size_t  size;

    temp->fd = -1;
    temp->file.name = NULL;

    if (keygate_temp_find(j) == -1) {
        return keygate_journal_errno();
    }

    keygate_temp_clean(&j->file);

    size = strlen(j->file.name) + sizeof(".4294967295.tmp");

    temp->file.dir = j->file.dir;
    temp->file.name = malloc(size);

    if (temp->file.name == NULL) {
        return KEYGATE_NOMEM;
    }

    snprintf(temp->file.name, size, "%s.%u.tmp", j->file.name,
             (unsigned) getpid());

    temp->fd = keygate_file_make(&temp->file, O_RDWR|O_APPEND, 0600);

    if (temp->fd == -1
        || keygate_replace_attributes(j, temp->fd) == -1
        || keygate_journal_flock(temp->fd, LOCK_EX|LOCK_NB) == -1)
    {
        keygate_replace_drop(temp);
        return keygate_journal_errno();
    }

    return KEYGATE_OK;
}


void
keygate_replace_drop(keygate_temp_t *temp)
{
    int  saved;

    saved = errno;

    if (temp->fd != -1) {
        (void) unlinkat(temp->file.dir, temp->file.name, 0);
        close(temp->fd);
    }

    free(temp->file.name);

    temp->fd = -1;
    temp->file.name = NULL;

    errno = saved;
}


keygate_rc_t
keygate_replace_commit(keygate_journal_t *j, keygate_temp_t *temp)
{
    struct stat   st;
    keygate_rc_t  rc;

    if (fsync(temp->fd) == -1
        || fstat(temp->fd, &st) == -1
        || renameat(temp->file.dir, temp->file.name,
                    j->file.dir, j->file.name) == -1)
    {
        rc = keygate_journal_errno();
        keygate_replace_drop(temp);
        return rc;
    }

    /* from here on the new file is the journal, come what may */

    keygate_journal_put_away(&j->wfd, &j->old_wfd);

    j->wfd = temp->fd;
    j->end = (uint64_t) st.st_size;
    j->bad = 0;
    j->void_to = 0;
    j->dir = 1;

    free(temp->file.name);

    return keygate_journal_sync_dir(j);
}


int
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

    memset(&temp, 0, sizeof(keygate_temp_t));

    rc = keygate_replace_open(j, &temp);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (keygate_journal_copy_valid(j, temp.fd) == -1) {
        rc = keygate_journal_errno();
        keygate_replace_drop(&temp);
        return rc;
    }

    return keygate_replace_commit(j, &temp);
}
