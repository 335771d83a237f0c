/*
 * Walks a path part by part.  Between two looks at a directory that others
 * can write, anything in it may be swapped: each part is therefore opened
 * without following it, and what was opened is looked at.
 */

#define _GNU_SOURCE                      /* O_PATH */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_file.h"


/* A directory that may be searched, though perhaps not be read. */

#ifdef O_PATH
#define KEYGATE_SEARCH  (O_PATH|O_DIRECTORY|O_CLOEXEC)
#else
#define KEYGATE_SEARCH  (O_RDONLY|O_DIRECTORY|O_CLOEXEC)
#endif

#define KEYGATE_LINKS_MAX  40


typedef struct {
    int       dir;
    unsigned  links;                     /* that were followed */
    char      rest[PATH_MAX];            /* of the path, from "dir" on */
} keygate_trail_t;


static int keygate_file_fail(int error);
static int keygate_file_own(int dir);
static int keygate_file_regular(const keygate_file_t *file,
    const struct stat *st);
static int keygate_walk_to(keygate_trail_t *w, int dir);
static int keygate_walk_follow(keygate_trail_t *w, const char *name,
    const char *after);
static int keygate_walk_step(keygate_trail_t *w, char *name, int *last);


static int
keygate_file_fail(int error)
{
    errno = error;

    return -1;
}


/* Whether nobody but root and this process's user can change a directory. */

static int
keygate_file_own(int dir)
{
    struct stat  st;

    return fstat(dir, &st) == 0
           && (st.st_uid == 0 || st.st_uid == geteuid())
           && (st.st_mode & (S_IWGRP|S_IWOTH)) == 0;
}


static int
keygate_walk_to(keygate_trail_t *w, int dir)
{
    if (dir == -1) {
        return -1;
    }

    if (w->dir != -1) {
        (void) close(w->dir);
    }

    w->dir = dir;

    return 0;
}


/* The link's text takes the place of its name in front of the rest. */

static int
keygate_walk_follow(keygate_trail_t *w, const char *name, const char *after)
{
    char     text[PATH_MAX];
    size_t   len;
    ssize_t  n;

    if (!keygate_file_own(w->dir) || ++w->links > KEYGATE_LINKS_MAX) {
        return keygate_file_fail(ELOOP);
    }

    n = readlinkat(w->dir, name, text, sizeof(text));

    if (n == -1) {
        return -1;
    }

    len = strlen(after);

    if ((size_t) n + len + 1 > sizeof(text)) {
        return keygate_file_fail(ENAMETOOLONG);
    }

    memcpy(text + n, after, len + 1);
    memcpy(w->rest, text, (size_t) n + len + 1);

    return text[0] == '/' ? keygate_walk_to(w, open("/", KEYGATE_SEARCH)) : 0;
}


/* The first part of the rest into "name"; a directory or a link is gone to,
 * unless it is the last one and no link. */

static int
keygate_walk_step(keygate_trail_t *w, char *name, int *last)
{
    char         *p;
    size_t        len;
    struct stat   st;

    p = w->rest + strspn(w->rest, "/");
    len = strcspn(p, "/");

    if (len == 0) {
        return keygate_file_fail(EISDIR);
    }

    if (len > NAME_MAX) {
        return keygate_file_fail(ENAMETOOLONG);
    }

    memcpy(name, p, len);
    name[len] = '\0';
    p += len;
    *last = *p == '\0';

    if (fstatat(w->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return *last && errno == ENOENT ? 0 : -1;
    }

    if (S_ISLNK(st.st_mode)) {
        *last = 0;
        return keygate_walk_follow(w, name, p);
    }

    if (*last) {
        return 0;
    }

    memmove(w->rest, p, strlen(p) + 1);

    return keygate_walk_to(w, openat(w->dir, name,
                                     KEYGATE_SEARCH|O_NOFOLLOW));
}


int
keygate_file_find(const char *path, keygate_file_t *file)
{
    int              rc, last, saved;
    char             name[NAME_MAX + 1];
    keygate_trail_t  w;

    file->dir = -1;
    file->name = NULL;

    if (strlen(path) >= sizeof(w.rest)) {
        return keygate_file_fail(ENAMETOOLONG);
    }

    memcpy(w.rest, path, strlen(path) + 1);
    w.links = 0;
    w.dir = open(path[0] == '/' ? "/" : ".", KEYGATE_SEARCH);

    rc = w.dir == -1 ? -1 : 0;
    last = 0;

    while (rc == 0 && !last) {
        rc = keygate_walk_step(&w, name, &last);
    }

    if (rc == 0) {
        file->name = strdup(name);
        rc = file->name == NULL ? -1 : 0;
    }

    if (rc == 0) {
        file->dir = w.dir;
        return 0;
    }

    if (w.dir != -1) {
        saved = errno;
        (void) close(w.dir);
        errno = saved;
    }

    return -1;
}


void
keygate_file_close(keygate_file_t *file)
{
    int  saved;

    if (file->name == NULL) {
        return;
    }

    saved = errno;
    (void) close(file->dir);
    errno = saved;

    free(file->name);
    file->name = NULL;
    file->dir = -1;
}


static int
keygate_file_regular(const keygate_file_t *file, const struct stat *st)
{
    if (S_ISLNK(st->st_mode)) {
        return keygate_file_fail(ELOOP);
    }

    if (!S_ISREG(st->st_mode)) {
        return keygate_file_fail(S_ISDIR(st->st_mode) ? EISDIR : EINVAL);
    }

    if (st->st_nlink > 1 && !keygate_file_own(file->dir)) {
        return keygate_file_fail(EMLINK);
    }

    return 0;
}


/* It is looked at before, too: to open a device does something already. */

int
keygate_file_open(const keygate_file_t *file, int flags)
{
    int          fd, saved;
    struct stat  st;

    if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == -1
        || keygate_file_regular(file, &st) == -1)
    {
        return -1;
    }

    fd = openat(file->dir, file->name,
                flags|O_NOFOLLOW|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);

    if (fd == -1
        || (fstat(fd, &st) == 0 && keygate_file_regular(file, &st) == 0))
    {
        return fd;
    }

    saved = errno;
    (void) close(fd);
    errno = saved;

    return -1;
}


int
keygate_file_make(const keygate_file_t *file, int flags, mode_t mode)
{
    return openat(file->dir, file->name,
                  flags|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, mode);
}


int
keygate_file_give(const keygate_file_t *file, int fd)
{
    struct stat  st;

    if (geteuid() != 0) {
        return 0;
    }

    return fstat(file->dir, &st) == -1 ? -1
                                       : fchown(fd, st.st_uid, st.st_gid);
}


int
keygate_file_makeable(const keygate_file_t *file)
{
    return faccessat(file->dir, ".", W_OK|X_OK, AT_EACCESS);
}


int
keygate_file_read(const char *path)
{
    int          fd;
    struct stat  st;

    if (stat(path, &st) == -1) {
        return -1;
    }

    if (S_ISREG(st.st_mode)) {
        fd = open(path, O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);

        if (fd == -1 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))) {
            return fd;
        }

        (void) close(fd);
    }

    return keygate_file_fail(S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
}


ssize_t
keygate_file_pread(int fd, void *buf, size_t len, uint64_t at)
{
    ssize_t  n;

    do {
        n = pread(fd, buf, len, (off_t) at);
    } while (n == -1 && errno == EINTR);

    return n;
}


int
keygate_file_sync(const keygate_file_t *file)
{
    int  fd, rc, saved;

    fd = openat(file->dir, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);

    saved = errno;
    (void) close(fd);
    errno = saved;

    return rc;
}


const char *
keygate_file_error(int error)
{
    switch (error) {

    case ELOOP:
        return "it is a link that is not followed, since it has no end, or "
               "since others could have made it: name the file itself";

    case EMLINK:
        return "the file has another name (a hard link), and others could "
               "have made this one";

    case EINVAL:
        return "it is not a regular file";

    default:
        return strerror(error);
    }
}
