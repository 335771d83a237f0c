/*
 * The file of JOURNAL.usage: opened, locked, appended to.  Whoever has opened
 * a file that another one has replaced since opens the new one.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "keygate_saved_private.h"


#define KEYGATE_SAVED_SUFFIX  ".usage"
#define KEYGATE_SAVED_TRIES   16
#define KEYGATE_SAVED_TAIL    8192       /* longer than any line */


static int keygate_saved_named(keygate_saved_t *saved);
static off_t keygate_saved_whole(keygate_saved_t *saved, off_t size);
static keygate_rc_t keygate_saved_open(keygate_saved_t *saved, int make,
    int *anew);


keygate_saved_t *
keygate_saved_create(keygate_str_t journal, keygate_str_t zone, uint32_t life)
{
    keygate_saved_t  *s;

    s = calloc(1, sizeof(keygate_saved_t));

    if (s == NULL) {
        return NULL;
    }

    s->fd = -1;
    s->life = life;
    s->path = malloc(journal.len + sizeof(KEYGATE_SAVED_SUFFIX));
    s->zone = malloc(zone.len + 1);

    if (s->path == NULL || s->zone == NULL) {
        keygate_saved_destroy(s);
        return NULL;
    }

    memcpy(s->path, journal.data, journal.len);
    memcpy(s->path + journal.len, KEYGATE_SAVED_SUFFIX,
           sizeof(KEYGATE_SAVED_SUFFIX));
    memcpy(s->zone, zone.data, zone.len);
    s->zone[zone.len] = '\0';

    return s;
}


void
keygate_saved_destroy(keygate_saved_t *s)
{
    keygate_saved_close(s);
    free(s->batch.data);
    free(s->path);
    free(s->zone);
    free(s);
}


const char *
keygate_saved_path(const keygate_saved_t *s)
{
    return s->path;
}


void
keygate_saved_close(keygate_saved_t *s)
{
    int  saved;

    saved = errno;

    if (s->fd != -1) {
        (void) close(s->fd);
        s->fd = -1;
    }

    keygate_file_close(&s->file);
    errno = saved;
}


keygate_rc_t
keygate_saved_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG
           ? KEYGATE_FULL : KEYGATE_IO;
}


/* Whether the file that is open is the one that has the name. */

static int
keygate_saved_named(keygate_saved_t *s)
{
    struct stat  open, named;

    return s->fd != -1 && fstat(s->fd, &open) == 0
           && fstatat(s->file.dir, s->file.name, &named, AT_SYMLINK_NOFOLLOW)
              == 0
           && open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}


static keygate_rc_t
keygate_saved_open(keygate_saved_t *s, int make, int *anew)
{
    keygate_saved_close(s);

    if (keygate_file_find(s->path, &s->file) == -1) {
        return errno == ENOENT && !make ? KEYGATE_NONE : KEYGATE_IO;
    }

    s->fd = keygate_file_open(&s->file, O_RDWR);

    if (s->fd == -1 && errno == ENOENT && make) {
        s->fd = keygate_file_make(&s->file, O_RDWR, 0600);

        if (s->fd != -1) {
            *anew = 1;
            (void) keygate_file_sync(&s->file);
        }
    }

    return s->fd != -1 ? KEYGATE_OK
           : errno == ENOENT ? KEYGATE_NONE : KEYGATE_IO;
}


keygate_rc_t
keygate_saved_lock(keygate_saved_t *s, int make, int *anew)
{
    unsigned      tries;
    keygate_rc_t  rc;

    for (tries = 0; tries < KEYGATE_SAVED_TRIES; tries++) {

        if (!keygate_saved_named(s)) {
            rc = keygate_saved_open(s, make, anew);

            if (rc == KEYGATE_IO && errno == EEXIST) {
                continue;
            }

            if (rc != KEYGATE_OK) {
                return rc;
            }
        }

        while (flock(s->fd, LOCK_EX) == -1) {
            if (errno != EINTR) {
                return KEYGATE_IO;
            }
        }

        if (keygate_saved_named(s)) {
            return KEYGATE_OK;
        }

        keygate_saved_close(s);
    }

    errno = EBUSY;

    return KEYGATE_IO;
}


void
keygate_saved_unlock(keygate_saved_t *s)
{
    int  saved;

    saved = errno;
    (void) flock(s->fd, LOCK_UN);
    errno = saved;
}


/* What a killed process has left of a line: nobody has relied on it. */

static off_t
keygate_saved_whole(keygate_saved_t *s, off_t size)
{
    char     text[KEYGATE_SAVED_TAIL];
    off_t    from;
    ssize_t  n;

    from = size > KEYGATE_SAVED_TAIL ? size - KEYGATE_SAVED_TAIL : 0;
    n = pread(s->fd, text, sizeof(text), from);

    while (n > 0 && text[n - 1] != '\n') {
        n--;
    }

    return n > 0 ? from + n : from == 0 ? 0 : size;
}


keygate_rc_t
keygate_saved_append(keygate_saved_t *s, keygate_str_t text)
{
    int      saved;
    off_t    size, whole;
    size_t   done;
    ssize_t  n;

    size = lseek(s->fd, 0, SEEK_END);

    if (size == -1) {
        return KEYGATE_IO;
    }

    whole = keygate_saved_whole(s, size);

    if (whole != size
        && (ftruncate(s->fd, whole) == -1
            || lseek(s->fd, whole, SEEK_SET) == -1))
    {
        return KEYGATE_IO;
    }

    for (done = 0; done < text.len; done += (size_t) n) {
        n = write(s->fd, text.data + done, text.len - done);

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            break;
        }
    }

    if (done == text.len && fdatasync(s->fd) == 0) {
        return KEYGATE_OK;
    }

    saved = errno;

    if (ftruncate(s->fd, whole) == -1) {
        /* what is there is no more than half a line, or more than is used */
    }

    errno = saved;

    return keygate_saved_errno();
}


keygate_rc_t
keygate_saved_begin(keygate_saved_t *s, const keygate_now_t *now)
{
    unsigned char         text[512];
    keygate_buf_t         out;
    keygate_str_t         span;
    keygate_saved_line_t  line;

    memset(&line, 0, sizeof(keygate_saved_line_t));
    (void) snprintf(line.zone, sizeof(line.zone), "%s", s->zone);
    line.life = s->life;
    line.at = now->wall;

    out.data = text;
    out.size = sizeof(text);
    out.len = 0;

    keygate_saved_print(&out, &line);

    span.data = text;
    span.len = out.len < out.size ? out.len : out.size;

    return keygate_saved_append(s, span);
}


keygate_rc_t
keygate_saved_write(keygate_saved_t *s, const keygate_now_t *now, int *anew,
    uint64_t *written)
{
    keygate_rc_t   rc;
    keygate_str_t  text;

    *anew = 0;
    *written = 0;

    text.data = s->batch.data;
    text.len = s->batch.len;
    s->batch.len = 0;

    if (text.len == 0) {
        return KEYGATE_OK;
    }

    rc = keygate_saved_lock(s, 1, anew);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NONE ? KEYGATE_IO : rc;
    }

    rc = *anew ? keygate_saved_begin(s, now) : KEYGATE_OK;

    if (rc == KEYGATE_OK) {
        rc = keygate_saved_append(s, text);
    }

    keygate_saved_unlock(s);

    if (rc == KEYGATE_OK) {
        *written = text.len;

    } else {
        keygate_saved_close(s);
    }

    return rc;
}
