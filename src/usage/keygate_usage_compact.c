/*
 * A day's file with one line for a node, a key and an hour: a new one takes
 * the old one's place, and its mode.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_file.h"
#include "keygate_usage.h"


#define KEYGATE_COMPACT_MAX  ((off_t) 1 << 30)   /* bytes of a file */
#define KEYGATE_COMPACT_NEW  "new-"


static keygate_rc_t keygate_compact_read(int fd, off_t size, int64_t day,
    keygate_book_t *book, unsigned char **kept, size_t *n);
static int keygate_compact_write(int fd, const keygate_book_t *book,
    const unsigned char *kept, size_t n);
static keygate_rc_t keygate_compact_new(const keygate_file_t *old,
    mode_t mode, const keygate_book_t *book, const unsigned char *kept,
    size_t n);


keygate_rc_t
keygate_usage_compact(int dir, int64_t day)
{
    int              fd;
    char             name[KEYGATE_USAGE_NAME];
    size_t           n;
    struct stat      st;
    keygate_rc_t     rc;
    keygate_book_t   book;
    keygate_file_t   file;
    unsigned char   *kept;

    memset(&book, 0, sizeof(keygate_book_t));
    keygate_usage_name(day, name);
    file.dir = dir;
    file.name = name;
    kept = NULL;
    n = 0;

    fd = keygate_file_open(&file, O_RDONLY);

    if (fd == -1) {
        return KEYGATE_NONE;
    }

    if (fstat(fd, &st) == -1 || st.st_uid != geteuid()
        || st.st_size > KEYGATE_COMPACT_MAX)
    {
        (void) close(fd);
        return KEYGATE_NONE;
    }

    rc = keygate_compact_read(fd, st.st_size, day, &book, &kept, &n);

    if (rc == KEYGATE_OK) {
        rc = keygate_compact_new(&file, st.st_mode & 0777, &book, kept, n);
    }

    (void) close(fd);
    keygate_book_clear(&book);
    free(kept);

    return rc;
}


/* What is no line is kept as it is. */

static keygate_rc_t
keygate_compact_read(int fd, off_t size, int64_t day, keygate_book_t *book,
    unsigned char **kept, size_t *n)
{
    char             room[KEYGATE_USAGE_LINE];
    size_t           have;
    ssize_t          got;
    unsigned char   *p, *end, *last;
    keygate_str_t    line;
    keygate_usage_t  u;

    *kept = malloc((size_t) size + 1);

    if (*kept == NULL) {
        return KEYGATE_NOMEM;
    }

    for (have = 0; have < (size_t) size; have += (size_t) got) {
        got = pread(fd, *kept + have, (size_t) size - have, (off_t) have);

        if (got <= 0) {
            return KEYGATE_IO;
        }
    }

    p = *kept;
    end = p + have;
    *n = 0;

    for ( /* void */ ; p < end; p = last + 1) {
        last = memchr(p, '\n', (size_t) (end - p));

        if (last == NULL) {
            last = end;
            *last = '\n';
        }

        line.data = p;
        line.len = (size_t) (last - p);

        if (line.len == 0) {
            continue;
        }

        if (keygate_usage_parse(line, room, &u) != KEYGATE_OK
            || u.hour / 86400 != day)
        {
            memmove(*kept + *n, p, line.len + 1);
            *n += line.len + 1;

        } else if (!keygate_book_set(book, &u)) {
            return KEYGATE_NOMEM;
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_compact_new(const keygate_file_t *old, mode_t mode,
    const keygate_book_t *book, const unsigned char *kept, size_t n)
{
    int             fd, ok;
    char            name[sizeof(KEYGATE_COMPACT_NEW) + KEYGATE_USAGE_NAME];
    keygate_file_t  file;

    (void) snprintf(name, sizeof(name), KEYGATE_COMPACT_NEW "%s", old->name);
    file.dir = old->dir;
    file.name = name;

    /* one that was left by a process that was killed */

    (void) unlinkat(file.dir, name, 0);
    fd = keygate_file_make(&file, O_WRONLY, 0600);

    if (fd == -1) {
        return KEYGATE_NONE;
    }

    ok = keygate_compact_write(fd, book, kept, n)
         && fchmod(fd, mode) == 0 && fsync(fd) == 0
         && renameat(file.dir, name, old->dir, old->name) == 0;

    (void) close(fd);

    if (!ok) {
        (void) unlinkat(file.dir, name, 0);
        return KEYGATE_NONE;
    }

    (void) keygate_file_sync(old);

    return KEYGATE_OK;
}


static int
keygate_compact_write(int fd, const keygate_book_t *book,
    const unsigned char *kept, size_t n)
{
    int               ok;
    FILE             *out;
    size_t            i, lines;
    unsigned char     room[KEYGATE_USAGE_LINE];
    keygate_buf_t     b;
    keygate_usage_t  *all;

    all = keygate_book_sorted(book, &lines);
    fd = dup(fd);
    out = all == NULL || fd == -1 ? NULL : fdopen(fd, "w");

    if (out == NULL) {
        free(all);
        return 0;
    }

    ok = n == 0 || fwrite(kept, 1, n, out) == n;

    for (i = 0; ok && i < lines; i++) {
        b.data = room;
        b.size = sizeof(room);
        b.len = 0;
        keygate_usage_print(&b, &all[i]);

        ok = b.len <= b.size && fwrite(room, 1, b.len, out) == b.len;
    }

    free(all);

    return fclose(out) == 0 && ok;
}
