/*
 * Files in a directory that others may write to.  Root often works in one of
 * the workers' user, who could put a link there that leads to a file of
 * root's: so links are followed for reading only, and for writing where none
 * but root and the process's own user could have made them.  Whatever is not
 * a regular file is refused, and what is there never changes hands.
 */

#ifndef KEYGATE_FILE_H
#define KEYGATE_FILE_H

#include <stdint.h>
#include <sys/types.h>


/* A name in an open directory: wherever that is moved to, the name means what
 * is in it. */

typedef struct {
    int    dir;                          /* only to name what is in it */
    char  *name;                         /* NULL: nothing was found yet */
} keygate_file_t;


/*
 * The directory that a path leads to, and the file's name in it; whether there
 * is one it does not tell.  A link, be it the last part of the path or one
 * before, is followed only in a directory that nobody can change but root and
 * the process's user; else it is ELOOP.  0, or -1 and errno; to be closed.
 */
int keygate_file_find(const char *path, keygate_file_t *file);
void keygate_file_close(keygate_file_t *file);

/*
 * Opens what is there, for writing too, and never waits.  -1 and errno: ELOOP
 * for a link, EMLINK for a file with another name where others can write the
 * directory, EISDIR, EINVAL for whatever else is no regular file.
 */
int keygate_file_open(const keygate_file_t *file, int flags);

/* Makes it, where there is nothing of that name: -1 and errno. */
int keygate_file_make(const keygate_file_t *file, int flags, mode_t mode);

/* Gives what was just made to the user whose directory it is in, as far as
 * root does this: 0, or -1 and errno. */
int keygate_file_give(const keygate_file_t *file, int fd);

/* Whether the process's user could make it: 0, or -1 and errno. */
int keygate_file_makeable(const keygate_file_t *file);

/* Opens a regular file for reading, through links, and never waits. */
int keygate_file_read(const char *path);

/* As pread(), and goes on when a signal came. */
ssize_t keygate_file_pread(int fd, void *buf, size_t len, uint64_t at);

/* Makes what was renamed in the directory, or made in it, durable. */
int keygate_file_sync(const keygate_file_t *file);

/* errno in words: those of this file, or the system's. */
const char *keygate_file_error(int error);


#endif /* KEYGATE_FILE_H */
